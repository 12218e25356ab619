"""Columns, synced blocks and tables of contents, as blocks and as markdown."""

from typing import Any

import pytest

from tests.twins.notion.rig import Api

TWO_COLUMNS = "<columns>\n\t<column>\n\t\tleft\n\t</column>\n\t<column>\n\t\tright\n\t</column>\n</columns>"


def paragraph(text: str) -> dict[str, Any]:
    return {"paragraph": {"rich_text": [{"text": {"content": text}}]}}


def column(*children: Any) -> dict[str, Any]:
    return {"column": {"children": list(children)}}


@pytest.fixture
def page(api: Api) -> str:
    return str(api.row(api.table())["id"])


def append(api: Api, container: str, *blocks: Any) -> list[Any]:
    return list(api.ok("PATCH", f"/v1/blocks/{container}/children", {"children": list(blocks)})["results"])


def children(api: Api, container: str) -> list[Any]:
    return list(api.ok("GET", f"/v1/blocks/{container}/children")["results"])


def markdown(api: Api, page: str) -> str:
    return str(api.ok("GET", f"/v1/pages/{page}/markdown")["markdown"])


def test_columns_are_made_with_their_content_and_read_level_by_level(api: Api, page: str) -> None:
    made = append(api, page, {"column_list": {"children": [column(paragraph("left")), column(paragraph("right"))]}})

    columns = children(api, made[0]["id"])
    texts = [children(api, one["id"])[0]["paragraph"]["rich_text"][0]["plain_text"] for one in columns]
    assert ([one["type"] for one in columns], texts) == (["column", "column"], ["left", "right"])


@pytest.mark.parametrize(
    "block",
    [
        {"column_list": {"children": [column(paragraph("alone"))]}},
        {"column_list": {"children": [column(), column()]}},
        {"column_list": {"children": [paragraph("no column"), paragraph("no column")]}},
        column(paragraph("without a list")),
    ],
    ids=["one column", "empty columns", "no columns", "no list"],
)
def test_what_is_no_columns_is_refused(api: Api, page: str, block: Any) -> None:
    refusal = api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": [block]})

    assert refusal["code"] == "validation_error"


def test_columns_are_shown_as_markdown_and_can_be_written_back(api: Api, page: str) -> None:
    append(api, page, {"column_list": {"children": [column(paragraph("left")), column(paragraph("right"))]}})

    seen = markdown(api, page)
    write = {"type": "replace_content", "replace_content": {"new_str": seen}}
    api.ok("PATCH", f"/v1/pages/{page}/markdown", write)

    assert (seen, markdown(api, page)) == (TWO_COLUMNS, TWO_COLUMNS)


def test_a_synced_block_shows_what_its_original_holds(api: Api, page: str) -> None:
    original = append(api, page, {"synced_block": {"synced_from": None, "children": [paragraph("once")]}})[0]
    copy = append(api, page, {"synced_block": {"synced_from": {"block_id": original["id"]}}})[0]

    shown = children(api, copy["id"])

    assert copy["has_children"] is True
    assert [one["id"] for one in shown] == [one["id"] for one in children(api, original["id"])]


def test_the_copy_of_a_synced_block_survives_an_edit_as_markdown(api: Api, page: str) -> None:
    original = append(api, page, {"synced_block": {"synced_from": None, "children": [paragraph("once")]}})[0]
    copy = append(api, page, {"synced_block": {"synced_from": {"block_id": original["id"]}}})[0]

    write = {"type": "replace_content", "replace_content": {"new_str": markdown(api, page) + "\nmore"}}
    api.ok("PATCH", f"/v1/pages/{page}/markdown", write)

    assert copy["id"] in [one["id"] for one in children(api, page)]


def test_a_table_of_contents_is_one_line_of_markdown(api: Api, page: str) -> None:
    append(api, page, {"table_of_contents": {"color": "gray"}})

    assert markdown(api, page) == '<table_of_contents color="gray"/>'
