// The Notion that these tests drive, a twin or the real one, and what they all start from.
"use strict"

const { test } = require("node:test")
const { Client } = require("@notionhq/client")

const { NOTION_URL, NOTION_TOKEN, NOTION_ROOM, TWIN_CLIENT_ID, TWIN_CLIENT_SECRET, TWIN_REDIRECT_URI } = process.env
const isTwin = NOTION_TOKEN === undefined
const VERSION = "2026-03-11"
const app = { client_id: TWIN_CLIENT_ID, client_secret: TWIN_CLIENT_SECRET }

function client(auth, options = {}) {
  const retry = isTwin ? false : { maxRetries: 5 }
  return new Client({ auth, baseUrl: NOTION_URL, notionVersion: VERSION, retry, logger: () => {}, ...options })
}

/** A test of what only a twin does: at once, or when told to. */
const steered = isTwin ? test : test.skip

/** Tell the twin to do what has no API at Notion. */
async function order(what, body, method = "POST") {
  const answer = await fetch(`${NOTION_URL}/_twin/${what}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`the twin refused ${what}: ${await answer.text()}`)
  return answer.json()
}

/** What a person's consent brings back: an authorization code. */
async function code() {
  const form = { client_id: app.client_id, redirect_uri: TWIN_REDIRECT_URI, state: "s", decision: "allow" }
  const answer = await fetch(`${NOTION_URL}/v1/oauth/authorize`, {
    method: "POST",
    body: new URLSearchParams(form),
    redirect: "manual",
  })
  return new URL(answer.headers.get("location")).searchParams.get("code")
}

async function grant() {
  const given = { grant_type: "authorization_code", code: await code(), redirect_uri: TWIN_REDIRECT_URI }
  return client().oauth.token({ ...app, ...given })
}

let connection

/** One connection for all tests, with budget enough for them. */
function connected() {
  connection ??= isTwin
    ? order("switches", { requests_per_window: 100_000 })
        .then(grant)
        .then(pair => client(pair.access_token))
    : Promise.resolve(client(NOTION_TOKEN))
  return connection
}

const text = content => [{ text: { content } }]
const titled = content => ({ Name: { title: text(content) } })

/** A database with a few columns; its data source has the id `source`. */
async function database(notion, properties = {}) {
  const made = await notion.databases.create({
    parent: { type: "page_id", page_id: NOTION_ROOM },
    title: text("Films"),
    initial_data_source: { properties: { Name: { title: {} }, Budget: { number: {} }, ...properties } },
  })
  return { id: made.id, source: made.data_sources[0].id, made }
}

const row = (notion, source, name, more = {}) =>
  notion.pages.create({ parent: { data_source_id: source }, properties: { ...titled(name), ...more } })

const page = (notion, name = "A page") =>
  notion.pages.create({ parent: { page_id: NOTION_ROOM }, properties: { title: { title: text(name) } } })

const paragraph = content => ({ paragraph: { rich_text: text(content) } })
const plain = items => items.map(item => item.plain_text).join("")

module.exports = {
  TWIN_REDIRECT_URI, NOTION_ROOM, app, client, code, connected, database, grant, order, page, paragraph, plain, row,
  steered, text, titled,
}
