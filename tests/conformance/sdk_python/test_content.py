"""Databases, data sources, pages, blocks, markdown and search through the official Python SDK."""

from typing import Any

from notion_client import helpers

from tests.conformance.sdk_python.settled import Sdk, database, names, page, plain, row, table, text
from tests.twins.notion.rig import Rig


def test_a_database_is_made_and_read_back(notion: Any) -> None:
    made = database(notion)

    read = notion.databases.retrieve(made["id"])

    assert helpers.is_full_database(read)
    assert [source["name"] for source in read["data_sources"]] == ["Films"]


def test_a_database_is_renamed_and_trashed(notion: Any) -> None:
    made = database(notion)

    renamed = notion.databases.update(made["id"], title=text("Series"))
    trashed = notion.databases.update(made["id"], in_trash=True)

    assert (plain(renamed["title"]), trashed["in_trash"]) == ("Series", True)


def test_a_column_is_added_and_renamed_by_its_id(notion: Any) -> None:
    source = table(notion)

    grown = notion.data_sources.update(source, properties={"Link": {"url": {}}})
    link = grown["properties"]["Link"]["id"]
    notion.data_sources.update(source, properties={link: {"name": "Website"}})

    read = notion.data_sources.retrieve(source)
    assert helpers.is_full_data_source(read)
    assert set(read["properties"]) == {"Budget", "Name", "Website"}


def test_a_second_data_source_joins_a_database(notion: Any) -> None:
    made = database(notion)
    parent = {"type": "database_id", "database_id": made["id"]}

    notion.data_sources.create(parent=parent, title=text("Crew"), properties={"Name": {"title": {}}})

    sources = notion.databases.retrieve(made["id"])["data_sources"]
    assert [source["name"] for source in sources] == ["Films", "Crew"]


def test_the_templates_of_a_data_source_are_collected(sdk: Sdk, notion: Any) -> None:
    assert sdk.templates(notion.data_sources.list_templates, table(notion)) == []


def test_a_query_keeps_what_its_filter_says_in_the_order_of_its_sorts(notion: Any) -> None:
    source = table(notion)
    for number in (3, 1, 2):
        row(notion, source, f"film {number}", Budget={"number": number})

    found = notion.data_sources.query(
        source,
        filter={"property": "Budget", "number": {"greater_than": 1}},
        sorts=[{"property": "Budget", "direction": "ascending"}],
    )

    assert names(found["results"]) == ["film 2", "film 3"]


def test_the_pagination_helpers_follow_every_cursor(sdk: Sdk, notion: Any) -> None:
    source = table(notion)
    for number in range(3):
        row(notion, source, f"film {number}")

    collected = sdk.collect(notion.data_sources.query, data_source_id=source, page_size=1)
    iterated = sdk.iterate(notion.data_sources.query, data_source_id=source, page_size=1)

    assert sorted(names(collected)) == ["film 0", "film 1", "film 2"]
    assert names(iterated) == names(collected)


def test_a_page_is_changed_in_what_is_named_and_keeps_the_rest(notion: Any) -> None:
    made = row(notion, table(notion), Budget={"number": 5})

    notion.pages.update(made["id"], properties={"Name": {"title": text("Renamed")}})

    read = notion.pages.retrieve(made["id"])
    assert helpers.is_full_page(read)
    assert (names([read]), read["properties"]["Budget"]["number"]) == (["Renamed"], 5)


def test_a_page_goes_to_the_trash_and_comes_back(notion: Any) -> None:
    made = page(notion)

    trashed = notion.pages.update(made, in_trash=True)
    restored = notion.pages.update(made, in_trash=False)

    assert (trashed["in_trash"], restored["in_trash"]) == (True, False)


def test_a_page_moves_below_another_one(notion: Any) -> None:
    child, home = page(notion, "child"), page(notion, "home")

    moved = notion.pages.move(child, parent={"type": "page_id", "page_id": home})

    assert moved["parent"] == {"type": "page_id", "page_id": home}


def test_a_property_is_retrieved_alone_by_its_id_as_it_is(notion: Any) -> None:
    made = row(notion, table(notion), Budget={"number": 7})
    budget = made["properties"]["Budget"]["id"]

    item = notion.pages.properties.retrieve(page_id=made["id"], property_id=budget)
    title = notion.pages.properties.retrieve(page_id=made["id"], property_id="title")

    assert (item["number"], title["results"][0]["title"]["plain_text"]) == (7, "A film")


def test_property_ids_are_used_verbatim(notion: Any) -> None:
    """Some ids differ once they are encoded: each of many is written and read under the spelling that was told."""
    source = table(notion, **{f"C{number}": {"number": {}} for number in range(30)})
    ids = [column["id"] for column in notion.data_sources.retrieve(source)["properties"].values()]
    numbers = [identifier for identifier in ids if identifier != "title"]
    made = row(notion, source)["id"]

    notion.pages.update(made, properties={identifier: {"number": 1} for identifier in numbers})

    read = [notion.pages.properties.retrieve(made, identifier)["number"] for identifier in numbers]
    assert any("%" in identifier for identifier in numbers)
    assert read == [1] * len(numbers)


def test_blocks_are_appended_at_a_place_listed_changed_and_trashed(sdk: Sdk, notion: Any) -> None:
    home = page(notion)
    blocks = [{"paragraph": {"rich_text": text(word)}} for word in ("first", "last", "between")]
    first, last = notion.blocks.children.append(home, children=blocks[:2])["results"]
    position = {"type": "after_block", "after_block": {"id": first["id"]}}
    notion.blocks.children.append(home, children=blocks[2:], position=position)
    notion.blocks.update(first["id"], paragraph={"rich_text": text("changed")})
    notion.blocks.delete(last["id"])

    found = sdk.collect(notion.blocks.children.list, block_id=home, page_size=1)

    assert all(helpers.is_full_block(block) for block in found)
    assert [plain(block["paragraph"]["rich_text"]) for block in found] == ["changed", "between"]


def test_a_block_tells_where_it_is(notion: Any) -> None:
    home = page(notion)
    block = notion.blocks.children.append(home, children=[{"divider": {}}])["results"][0]

    assert notion.blocks.retrieve(block["id"])["parent"] == {"type": "page_id", "page_id": home}


def test_a_page_is_made_from_markdown_and_one_passage_replaced(notion: Any) -> None:
    home = page(notion, markdown="one\n\ntwo")

    notion.pages.update_markdown(
        home, type="update_content", update_content={"content_updates": [{"old_str": "two", "new_str": "three"}]}
    )

    assert notion.pages.retrieve_markdown(home)["markdown"] == "one\nthree"


def test_a_long_write_of_markdown_becomes_a_task_that_succeeds(twin: Rig, notion: Any) -> None:
    """This SDK has no methods for it yet; its `request` reaches everything."""
    write = {"type": "replace_content", "replace_content": {"new_str": "later"}, "allow_async": True}

    task = notion.request(path=f"pages/{page(notion)}/markdown", method="PATCH", body=write)
    done = notion.request(path=f"async_tasks/{task['id']}", method="GET")

    assert (done["status"], done["result"]["markdown"]) == ("succeeded", "later")


def test_search_finds_pages_by_title_piece_by_piece(twin: Rig, sdk: Sdk, notion: Any) -> None:
    for number in range(3):
        page(notion, f"Needle {number}")

    hits = sdk.collect(notion.search, query="needle", filter={"property": "object", "value": "page"}, page_size=2)

    assert all(helpers.is_full_page_or_data_source(hit) for hit in hits)
    assert sorted(plain(hit["properties"]["title"]["title"]) for hit in hits) == ["Needle 0", "Needle 1", "Needle 2"]


def test_every_answer_so_far_is_of_the_type_that_the_javascript_sdk_declares(sdk: Sdk) -> None:
    assert sdk.transcript.findings() == []
