// Databases, data sources, pages, blocks and markdown through the official SDK.
"use strict"

const assert = require("node:assert/strict")
const { test } = require("node:test")
const sdk = require("@notionhq/client")
const { connected, database, order, page, paragraph, plain, row, steered, text, titled, NOTION_ROOM } = require("./notion")

const names = rows => rows.map(found => plain(found.properties.Name.title))

test("a database is made and read back", async () => {
  const notion = await connected()
  const { id, source } = await database(notion)

  const read = await notion.databases.retrieve({ database_id: id })

  assert.equal(sdk.isFullDatabase(read), true)
  assert.deepEqual(read.data_sources, [{ id: source, name: "Films" }])
})

test("a database is renamed and trashed", async () => {
  const notion = await connected()
  const { id } = await database(notion)

  const renamed = await notion.databases.update({ database_id: id, title: text("Series") })
  const trashed = await notion.databases.update({ database_id: id, in_trash: true })

  assert.deepEqual([plain(renamed.title), trashed.in_trash], ["Series", true])
})

test("a column is added to a data source and renamed by its id", async () => {
  const notion = await connected()
  const { source } = await database(notion)

  const grown = await notion.dataSources.update({ data_source_id: source, properties: { Link: { url: {} } } })
  const { id } = grown.properties.Link
  await notion.dataSources.update({ data_source_id: source, properties: { [id]: { name: "Website" } } })
  const read = await notion.dataSources.retrieve({ data_source_id: source })

  assert.equal(sdk.isFullDataSource(read), true)
  assert.deepEqual(Object.keys(read.properties).sort(), ["Budget", "Name", "Website"])
})

test("a second data source joins a database", async () => {
  const notion = await connected()
  const { id } = await database(notion)
  const parent = { type: "database_id", database_id: id }

  await notion.dataSources.create({ parent, title: text("Crew"), properties: { Name: { title: {} } } })

  const read = await notion.databases.retrieve({ database_id: id })
  assert.deepEqual(read.data_sources.map(source => source.name), ["Films", "Crew"])
})

test("the templates of a data source are collected", async () => {
  const notion = await connected()
  const { source } = await database(notion)

  const templates = await sdk.collectDataSourceTemplates(notion, { data_source_id: source })

  assert.deepEqual(templates, [])
})

test("a query keeps what its filter says, in the order of its sorts", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  for (const number of [3, 1, 2]) await row(notion, source, `film ${number}`, { Budget: { number } })

  const found = await notion.dataSources.query({
    data_source_id: source,
    filter: { property: "Budget", number: { greater_than: 1 } },
    sorts: [{ property: "Budget", direction: "ascending" }],
  })

  assert.deepEqual(names(found.results), ["film 2", "film 3"])
})

test("a query shows only the properties asked for", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  await row(notion, source, "film")

  const found = await notion.dataSources.query({ data_source_id: source, filter_properties: ["title"] })

  assert.deepEqual(Object.keys(found.results[0].properties), ["Name"])
})

test("the pagination helpers follow every cursor", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  for (const number of [1, 2, 3]) await row(notion, source, `film ${number}`)
  const asked = { data_source_id: source, page_size: 1 }

  const collected = await sdk.collectPaginatedAPI(notion.dataSources.query, asked)
  const iterated = []
  for await (const found of sdk.iteratePaginatedAPI(notion.dataSources.query, asked)) iterated.push(found)

  assert.deepEqual(names(collected).sort(), ["film 1", "film 2", "film 3"])
  assert.deepEqual(names(iterated), names(collected))
})

steered("the full-query helper gets past the limit of one query", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  await order("clock", { offset_s: 0 })
  for (const number of [1, 2, 3, 4, 5]) {
    await row(notion, source, `film ${number}`)
    await order("clock", { offset_s: number * 60 })
  }
  await order("switches", { query_cap: 3 })

  try {
    const rows = await sdk.collectAllDataSourceRows(notion, { data_source_id: source })

    assert.deepEqual(names(rows).sort(), [1, 2, 3, 4, 5].map(number => `film ${number}`))
  } finally {
    await order("switches", { query_cap: 10_000 })
    await order("clock", { offset_s: 0 })
  }
})

test("a page is changed in what is named and keeps the rest", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  const { id } = await row(notion, source, "film", { Budget: { number: 5 } })

  await notion.pages.update({ page_id: id, properties: titled("Renamed") })

  const read = await notion.pages.retrieve({ page_id: id })
  assert.equal(sdk.isFullPage(read), true)
  assert.deepEqual([names([read]), read.properties.Budget.number], [["Renamed"], 5])
})

test("a page goes to the trash and comes back", async () => {
  const notion = await connected()
  const { id } = await page(notion)

  const trashed = await notion.pages.update({ page_id: id, in_trash: true })
  const restored = await notion.pages.update({ page_id: id, in_trash: false })

  assert.deepEqual([trashed.in_trash, restored.in_trash], [true, false])
})

test("a page moves below another one", async () => {
  const notion = await connected()
  const [child, home] = [await page(notion, "child"), await page(notion, "home")]

  const moved = await notion.pages.move({ page_id: child.id, parent: { type: "page_id", page_id: home.id } })

  assert.deepEqual(moved.parent, { type: "page_id", page_id: home.id })
})

test("a property is retrieved alone by its id as it is", async () => {
  const notion = await connected()
  const { source } = await database(notion)
  const { id, properties } = await row(notion, source, "film", { Budget: { number: 7 } })

  const item = await notion.pages.properties.retrieve({ page_id: id, property_id: properties.Budget.id })
  const title = await notion.pages.properties.retrieve({ page_id: id, property_id: "title" })

  assert.deepEqual([item.number, title.results[0].title.plain_text], [7, "film"])
})

test("an id is taken from a page's address", async () => {
  const notion = await connected()
  const { id, url } = await page(notion, "A page with a name")

  assert.equal(sdk.extractPageId(url), id)
})

test("blocks are appended at a place, listed, changed and trashed", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const [first, last] = (
    await notion.blocks.children.append({ block_id: id, children: [paragraph("first"), paragraph("last")] })
  ).results
  const position = { type: "after_block", after_block: { id: first.id } }
  await notion.blocks.children.append({ block_id: id, position, children: [paragraph("between")] })
  await notion.blocks.update({ block_id: first.id, paragraph: { rich_text: text("changed") } })
  await notion.blocks.delete({ block_id: last.id })

  const blocks = await sdk.collectPaginatedAPI(notion.blocks.children.list, { block_id: id, page_size: 1 })

  assert.equal(blocks.every(sdk.isFullBlock), true)
  assert.deepEqual(blocks.map(block => plain(block.paragraph.rich_text)), ["changed", "between"])
})

test("a block tells where it is", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  const { results } = await notion.blocks.children.append({ block_id: id, children: [paragraph("here")] })

  const block = await notion.blocks.retrieve({ block_id: results[0].id })

  assert.deepEqual(block.parent, { type: "page_id", page_id: id })
})

test("a page is made from markdown, and one passage of it replaced", async () => {
  const notion = await connected()
  const properties = { title: { title: text("From markdown") } }
  const { id } = await notion.pages.create({ parent: { page_id: NOTION_ROOM }, properties, markdown: "one\n\ntwo" })
  const update_content = { content_updates: [{ old_str: "two", new_str: "three" }] }

  await notion.pages.updateMarkdown({ page_id: id, type: "update_content", update_content })

  const read = await notion.pages.retrieveMarkdown({ page_id: id })
  assert.equal(read.markdown, "one\nthree")
})

steered("a long write of markdown becomes a task that succeeds", async () => {
  const notion = await connected()
  const { id } = await page(notion)
  await order("switches", { async_task_s: 0 })
  const write = { type: "replace_content", replace_content: { new_str: "later" }, allow_async: true }

  const task = await notion.pages.updateMarkdown({ page_id: id, ...write })
  const done = await notion.asyncTasks.retrieve({ task_id: task.id })

  assert.deepEqual([task.object, done.status, done.result.markdown], ["async_task", "succeeded", "later"])
})

steered("search finds pages by title, piece by piece", async () => {
  const notion = await connected()
  for (const number of [1, 2, 3]) await page(notion, `Needle ${number}`)
  const filter = { property: "object", value: "page" }

  const hits = await sdk.collectPaginatedAPI(notion.search, { query: "needle", filter, page_size: 2 })

  assert.equal(hits.every(sdk.isFullPageOrDataSource), true)
  assert.deepEqual(hits.map(hit => plain(hit.properties.title.title)).sort(), ["Needle 1", "Needle 2", "Needle 3"])
})
