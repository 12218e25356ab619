// OAuth, errors, limits, timeouts and webhook signatures through the official SDK.
"use strict"

const assert = require("node:assert/strict")
const http = require("node:http")
const { test } = require("node:test")
const sdk = require("@notionhq/client")
const { TWIN_REDIRECT_URI, NOTION_ROOM, app, client, code, connected, grant, order, page, steered } = require("./notion")

const NOWHERE = "00000000-0000-4000-8000-000000000000"

async function caught(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail("nothing was refused")
}

/** Disturb the next call to a path, and nothing after the test. */
async function disturbed(path, what, work) {
  await order("faults", [{ match: { path, nth: 1 }, do: what }])
  try {
    return await work()
  } finally {
    await order("faults", undefined, "DELETE")
  }
}

steered("a code is exchanged for a token that works", async () => {
  const pair = await grant()

  const me = await client(pair.access_token).users.me({})

  assert.deepEqual([pair.token_type, me.id], ["bearer", pair.bot_id])
})

steered("a refresh gives a new pair and ends the old one", async () => {
  const pair = await grant()
  const asked = { ...app, grant_type: "refresh_token", refresh_token: pair.refresh_token }

  const fresh = await client().oauth.token(asked)

  assert.notEqual(fresh.refresh_token, pair.refresh_token)
  assert.equal((await client(fresh.access_token).users.me({})).id, pair.bot_id)
  assert.equal((await caught(client(pair.access_token).users.me({}))).code, sdk.APIErrorCode.Unauthorized)
})

steered("a code is good for one exchange", async () => {
  const exchange = { ...app, grant_type: "authorization_code", code: await code(), redirect_uri: TWIN_REDIRECT_URI }
  await client().oauth.token(exchange)

  const error = await caught(client().oauth.token(exchange))

  assert.ok(sdk.UnknownHTTPResponseError.isUnknownHTTPResponseError(error))
  assert.deepEqual([error.status, JSON.parse(error.body).error], [400, "invalid_grant"])
})

steered("a revoked token is known to be dead", async () => {
  const { access_token: token } = await grant()
  const before = await client().oauth.introspect({ ...app, token })
  await client().oauth.revoke({ ...app, token })

  const after = await client().oauth.introspect({ ...app, token })

  assert.deepEqual([before.active, after.active], [true, false])
  assert.equal((await caught(client(token).users.me({}))).code, sdk.APIErrorCode.Unauthorized)
})

test("what is not there is refused with its own code", async () => {
  const notion = await connected()

  const error = await caught(notion.pages.retrieve({ page_id: NOWHERE }))

  assert.ok(sdk.isNotionClientError(error) && sdk.isHTTPResponseError(error))
  assert.ok(sdk.APIResponseError.isAPIResponseError(error))
  assert.deepEqual([error.code, error.status], [sdk.APIErrorCode.ObjectNotFound, 404])
  assert.equal(error.request_id, error.headers.get("x-notion-request-id"))
})

test("a wrong shape is refused with its own code", async () => {
  const notion = await connected()

  const error = await caught(notion.pages.create({ parent: { page_id: NOTION_ROOM }, properties: { Nope: {} } }))

  assert.deepEqual([error.code, error.status], [sdk.APIErrorCode.ValidationError, 400])
})

steered("a missing capability is refused with its own code", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const { id: bot_id } = await notion.users.me({})
  const { bots } = await order("state", undefined, "GET")
  const all = bots.find(bot => bot.id === bot_id).capabilities
  await order("capabilities", { bot_id, capabilities: all.filter(name => name !== "read_comment") })

  try {
    const error = await caught(notion.comments.list({ block_id: id }))

    assert.deepEqual([error.code, error.status], [sdk.APIErrorCode.RestrictedResource, 403])
  } finally {
    await order("capabilities", { bot_id, capabilities: all })
  }
})

test("a path that climbs is refused before it is sent", async () => {
  const notion = await connected()

  const error = await caught(notion.request({ path: "pages/../users", method: "get" }))

  assert.ok(sdk.InvalidPathParameterError.isInvalidPathParameterError(error))
})

steered("an unknown page of HTML from the edge is an error of its own kind", async () => {
  const notion = await connected()
  const what = { status: 502, body: "<html>Bad gateway</html>", headers: { "content-type": "text/html" } }

  const error = await disturbed("/v1/users/me", what, () => caught(notion.users.me({})))

  assert.ok(sdk.UnknownHTTPResponseError.isUnknownHTTPResponseError(error))
  assert.deepEqual([error.code, error.status], [sdk.ClientErrorCode.ResponseError, 502])
})

steered("a call that takes too long is given up", async () => {
  const hasty = client((await grant()).access_token, { timeoutMs: 100 })

  const error = await disturbed("/v1/users/me", { delay_ms: 400 }, () => caught(hasty.users.me({})))

  assert.ok(sdk.RequestTimeoutError.isRequestTimeoutError(error))
})

steered("a spent budget is told with its pause", async () => {
  const notion = await connected()
  await order("switches", { requests_per_window: 1 })

  try {
    await notion.users.me({}).catch(() => {})
    const error = await caught(notion.users.me({}))

    assert.deepEqual([error.code, error.status], [sdk.APIErrorCode.RateLimited, 429])
    assert.equal(error.additional_data.retry_after, error.headers.get("retry-after"))
  } finally {
    await order("switches", { requests_per_window: 100_000 })
  }
})

async function survives(status, code) {
  const patient = client((await grant()).access_token, { retry: { maxRetries: 1, initialRetryDelayMs: 1 } })
  const what = { status, body: { object: "error", status, code, message: "Later." }, headers: { "retry-after": "0" } }

  const me = await disturbed("/v1/users/me", what, () => patient.users.me({}))

  assert.equal(me.type, "bot")
}

steered("the SDK's own retry gets over a spent budget", () => survives(429, "rate_limited"))

steered("the SDK's own retry gets over an overload", () => survives(529, "service_overload"))

steered("a delivered webhook bears the signature that the SDK verifies", async () => {
  const got = []
  let arrived
  const delivered = new Promise(resolve => (arrived = resolve))
  const server = http.createServer(async (request, response) => {
    const chunks = await request.toArray()
    got.push({ body: Buffer.concat(chunks), signature: request.headers["x-notion-signature"] })
    response.end()
    if (got.length === 2) arrived()
  })
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve))

  try {
    await order("webhooks", { enabled: true })
    await order("subscription", { url: `http://127.0.0.1:${server.address().port}/` })
    const { verification_token: verificationToken } = JSON.parse(got[0].body)
    await order("subscription/verify", { token: verificationToken })
    await page(await connected())
    await delivered
    const [, { body, signature }] = got

    assert.equal(await sdk.verifyWebhookSignature({ body, signature, verificationToken }), true)
    assert.equal(await sdk.verifyWebhookSignature({ body: `${body} `, signature, verificationToken }), false)
    assert.equal(await sdk.signWebhookPayload({ body, verificationToken }), signature)
  } finally {
    server.close()
    await order("webhooks", { enabled: false })
  }
})
