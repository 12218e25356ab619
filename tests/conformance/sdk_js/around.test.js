// Comments, users, views, files and custom emojis through the official SDK.
"use strict"

const assert = require("node:assert/strict")
const { test } = require("node:test")
const sdk = require("@notionhq/client")
const { connected, database, order, page, plain, row, steered, text } = require("./notion")

/** An upload that is there already. */
async function uploaded(notion, content, filename = "note.txt", content_type = "text/plain") {
  const { id } = await notion.fileUploads.create({ mode: "single_part", filename, content_type })
  const data = new Blob([content], { type: content_type })
  return notion.fileUploads.send({ file_upload_id: id, file: { filename, data } })
}

test("a comment begins a discussion that others join", async () => {
  const notion = await connected()
  const { id } = await page(notion)

  const first = await notion.comments.create({ parent: { page_id: id }, rich_text: text("A question") })
  await notion.comments.create({ discussion_id: first.discussion_id, markdown: "An **answer**" })

  const comments = await sdk.collectPaginatedAPI(notion.comments.list, { block_id: id, page_size: 1 })
  assert.equal(comments.every(sdk.isFullComment), true)
  assert.deepEqual(comments.map(comment => plain(comment.rich_text)), ["A question", "An answer"])
  assert.equal(new Set(comments.map(comment => comment.discussion_id)).size, 1)
})

test("a comment is corrected and taken back", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const { id: comment_id } = await notion.comments.create({ parent: { page_id: id }, rich_text: text("Wrng") })

  await notion.comments.update({ comment_id, rich_text: text("Wrong") })
  const corrected = await notion.comments.retrieve({ comment_id })
  await notion.comments.delete({ comment_id })

  assert.equal(plain(corrected.rich_text), "Wrong")
  await assert.rejects(notion.comments.retrieve({ comment_id }), { code: sdk.APIErrorCode.ObjectNotFound })
})

test("a comment carries a file and a name of its own", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const file = await uploaded(notion, "GIF89a", "dot.gif", "image/gif")

  const comment = await notion.comments.create({
    parent: { page_id: id },
    rich_text: text("Look"),
    attachments: [{ type: "file_upload", file_upload_id: file.id }],
    display_name: { type: "custom", custom: { name: "Review bot" } },
  })

  assert.equal(comment.attachments[0].category, "image")
  assert.deepEqual(comment.display_name, { type: "custom", resolved_name: "Review bot" })
})

test("the connection knows itself and the members of the workspace", async () => {
  const notion = await connected()

  const me = await notion.users.me({})
  const everybody = await sdk.collectPaginatedAPI(notion.users.list, { page_size: 1 })
  const person = await notion.users.retrieve({ user_id: everybody.find(user => user.type === "person").id })

  assert.equal(sdk.isFullUser(me), true)
  assert.equal(me.type, "bot")
  assert.ok(everybody.some(user => user.id === me.id))
  assert.match(person.person.email, /@/)
})

test("a database has a view from the start, and gets more", async () => {
  const notion = await connected()
  const { id, source } = await database(notion)
  const made = await notion.views.create({ data_source_id: source, database_id: id, name: "Cards", type: "gallery" })

  const listed = await sdk.collectPaginatedAPI(notion.views.list, { database_id: id, page_size: 1 })

  assert.equal(sdk.isFullView(made), true)
  assert.deepEqual([listed.length, listed[1].id], [2, made.id])
})

test("a view is renamed, sorted and deleted", async () => {
  const notion = await connected()
  const { id, source } = await database(notion)
  const { id: view_id } = await notion.views.create({ data_source_id: source, database_id: id, name: "A", type: "table" })

  await notion.views.update({ view_id, name: "B", sorts: [{ property: "Budget", direction: "descending" }] })
  const read = await notion.views.retrieve({ view_id })
  await notion.views.delete({ view_id })

  assert.deepEqual([read.name, read.sorts], ["B", [{ property: "Budget", direction: "descending" }]])
  await assert.rejects(notion.views.retrieve({ view_id }), { code: sdk.APIErrorCode.ObjectNotFound })
})

test("a board and a dashboard with a chart are set up", async () => {
  const notion = await connected()
  const { id, source } = await database(notion, { Stage: { status: {} } })
  const group_by = { type: "status", property_id: "Stage", group_by: "option", sort: { type: "manual" } }
  const views = { data_source_id: source, name: "A view" }
  const board = await notion.views.create({
    ...views, database_id: id, type: "board", configuration: { type: "board", group_by },
  })
  const dashboard = await notion.views.create({ ...views, database_id: id, type: "dashboard" })
  const chart = { type: "chart", chart_type: "column", y_axis: { aggregator: "sum", property_id: "Budget" } }

  const widget = await notion.views.create({ ...views, view_id: dashboard.id, type: "chart", configuration: chart })

  const { configuration } = await notion.views.retrieve({ view_id: dashboard.id })
  assert.deepEqual(board.configuration.group_by, group_by)
  assert.equal(widget.dashboard_view_id, dashboard.id)
  assert.deepEqual(configuration.rows.map(line => line.widgets.map(one => one.view_id)), [[widget.id]])
})

test("a view's rows are those of its filter, and are read piece by piece", async () => {
  const notion = await connected()
  const { id, source } = await database(notion)
  for (const number of [1, 2, 3]) await row(notion, source, `film ${number}`, { Budget: { number } })
  const filter = { property: "Budget", number: { greater_than: 1 } }
  const view = await notion.views.create({ data_source_id: source, database_id: id, name: "Dear", type: "table", filter })

  const query = await notion.views.queries.create({ view_id: view.id, page_size: 1 })
  const asked = { view_id: view.id, query_id: query.id }
  const rest = await notion.views.queries.results({ ...asked, start_cursor: query.next_cursor })
  const gone = await notion.views.queries.delete(asked)

  assert.deepEqual([query.total_count, query.results.length, rest.results.length], [2, 1, 1])
  assert.equal(gone.deleted, true)
})

test("a file is sent, attached to a row and fetched from where the row says", async () => {
  const notion = await connected()
  const { source } = await database(notion, { Poster: { files: {} } })
  const file = await uploaded(notion, "the poster")
  const Poster = { files: [{ type: "file_upload", name: "poster.txt", file_upload: { id: file.id } }] }

  const { properties } = await row(notion, source, "film", { Poster })

  const [shown] = properties.Poster.files
  assert.deepEqual([shown.type, shown.name], ["file", "poster.txt"])
  assert.equal(await (await fetch(shown.file.url)).text(), "the poster")
})

test("a file is shown by a block", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const file = await uploaded(notion, "GIF89a", "dot.gif", "image/gif")
  const image = { type: "file_upload", file_upload: { id: file.id } }

  const { results } = await notion.blocks.children.append({ block_id: id, children: [{ image }] })

  assert.equal(results[0].image.type, "file")
  assert.equal(await (await fetch(results[0].image.file.url)).text(), "GIF89a")
})

test("a large file is sent in parts and completed", async () => {
  const notion = await connected()
  const multi = { mode: "multi_part", filename: "two.txt", content_type: "text/plain", number_of_parts: 2 }
  const { id: file_upload_id } = await notion.fileUploads.create(multi)
  for (const part_number of ["2", "1"]) {
    await notion.fileUploads.send({ file_upload_id, part_number, file: { data: new Blob([`part ${part_number}`]) } })
  }

  const whole = await notion.fileUploads.complete({ file_upload_id })

  assert.deepEqual([whole.status, whole.content_length], ["uploaded", 12])
})

steered("a file is imported from elsewhere", async () => {
  const notion = await connected()
  await order("switches", { import_s: 0 })
  const elsewhere = { mode: "external_url", filename: "a.pdf", external_url: "https://files.example/a.pdf" }
  const { id: file_upload_id } = await notion.fileUploads.create(elsewhere)

  const read = await notion.fileUploads.retrieve({ file_upload_id })

  assert.deepEqual([read.status, read.file_import_result.type], ["uploaded", "success"])
})

test("uploads are listed by status, the newest first", async () => {
  const notion = await connected()
  const before = await notion.fileUploads.create({ mode: "single_part", filename: "waiting.txt" })
  const after = await notion.fileUploads.create({ mode: "single_part", filename: "waiting.txt" })

  const pending = await sdk.collectPaginatedAPI(notion.fileUploads.list, { status: "pending", page_size: 1 })

  assert.deepEqual(pending.slice(0, 2).map(upload => upload.id), [after.id, before.id])
  assert.ok(pending.every(upload => upload.status === "pending"))
})

steered("custom emojis are found by name", async () => {
  const notion = await connected()
  const { bot } = await notion.users.me({})
  const url = "https://files.example/reel.png"
  for (const name of ["reel", "clapper"]) await order("emojis", { workspace_id: bot.workspace_id, name, url })

  const all = await notion.customEmojis.list({})
  const named = await notion.customEmojis.list({ name: "reel" })

  assert.deepEqual(all.results.map(emoji => emoji.name), ["clapper", "reel"])
  assert.deepEqual(named.results.map(emoji => emoji.url), [url])
})
