"""Blocks through the API: added, read, changed, trashed and restored, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from local.twins.notion.kinds import KINDS
from local.twins.notion.seed import PERSON_ID, ROOT_PAGE_ID
from tests.conformance.transcript import TYPES
from tests.twins.notion.rig import CONFIG, NEWEST, RECORDED, Api, Rig, running


def text(content: str) -> list[dict[str, Any]]:
    return [{"text": {"content": content}}]


def paragraph(content: str, *children: Any) -> dict[str, Any]:
    nested = {"children": list(children)} if children else {}
    return {"paragraph": {"rich_text": text(content), **nested}}


def plain(block: Any) -> str:
    return "".join(item["plain_text"] for item in block[block["type"]]["rich_text"])


@pytest.fixture
def page(api: Api) -> str:
    return str(api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})["id"])


def append(api: Api, container: str, *children: Any, **where: Any) -> list[Any]:
    body = {"children": list(children)} | where
    return list(api.ok("PATCH", f"/v1/blocks/{container}/children", body)["results"])


def below(api: Api, container: str, **params: Any) -> list[Any]:
    return list(api.ok("GET", f"/v1/blocks/{container}/children", params=params)["results"])


def words(api: Api, container: str) -> list[str]:
    return [plain(block) for block in below(api, container)]


def test_appended_blocks_come_at_the_end_in_their_order(api: Api, page: str) -> None:
    append(api, page, paragraph("one"))

    append(api, page, paragraph("two"), paragraph("three"))

    assert words(api, page) == ["one", "two", "three"]


def test_a_position_puts_blocks_first_or_after_a_block(api: Api, page: str) -> None:
    first = append(api, page, paragraph("one"), paragraph("four"))[0]["id"]

    append(api, page, paragraph("zero"), position={"type": "start"})
    append(api, page, paragraph("two"), position={"type": "after_block", "after_block": {"id": first}})

    assert words(api, page) == ["zero", "one", "two", "four"]


def test_the_older_version_says_after(rig: Rig, api: Api, page: str) -> None:
    first = append(api, page, paragraph("one"), paragraph("three"))[0]["id"]
    token = rig.connect()["access_token"]

    with rig.api(token, RECORDED) as older:
        append(older, page, paragraph("two"), after=first)

    assert words(api, page) == ["one", "two", "three"]
    assert (
        "should be not present"
        in api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": [], "after": first})["message"]
    )


def test_two_levels_can_be_sent_and_only_the_first_is_answered(api: Api, page: str) -> None:
    answered = append(api, page, paragraph("outer", paragraph("inner")))

    assert [plain(block) for block in answered] == ["outer"]
    assert answered[0]["has_children"] is True
    assert words(api, answered[0]["id"]) == ["inner"]
    assert below(api, answered[0]["id"])[0]["parent"] == {"type": "block_id", "block_id": answered[0]["id"]}


REFUSED: list[tuple[Any, str]] = [
    (
        [paragraph("1", paragraph("2", paragraph("3")))],
        "body.children[0].paragraph.children[0].paragraph.children should be not present, instead was",
    ),
    ([paragraph("x")] * 101, "body failed validation: body.children.length should be ≤ `100`, instead was `101`."),
    (
        [paragraph("x" * 2001)],
        "body failed validation: body.children[0].paragraph.rich_text[0].text.content.length should be ≤ `2000`, "
        "instead was `2001`.",
    ),
    (
        [{"paragraph": {"rich_text": [], "colour": "red"}}],
        'body.children[0].paragraph.colour should be not present, instead was `"red"`',
    ),
    ([{"paragraph": {}}], "body.children[0].paragraph.rich_text should be defined, instead was `undefined`"),
    ([{"divider": {}, "paragraph": {"rich_text": []}}], "should be not present"),
    ([{"code": {"rich_text": [], "language": "klingon"}}], "body.children[0].code.language should be"),
    ([{"table_row": {"cells": []}}], "table_row"),
    ([{"divider": {"children": [paragraph("x")]}}], "blocks that a divider can hold"),
    (
        [{"table": {"table_width": 2, "children": [{"table_row": {"cells": [[]]}}]}}],
        "body.children[0].table.children[0].table_row.cells.length should be `2`, instead was `1`",
    ),
    ("x", 'body failed validation: body.children should be an array, instead was `"x"`.'),
]


@pytest.mark.parametrize(("children", "told"), REFUSED)
def test_blocks_of_a_wrong_shape_are_refused_and_nothing_is_added(
    api: Api, page: str, children: Any, told: str
) -> None:
    refusal = api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": children})

    assert told in refusal["message"]
    assert (refusal["status"], refusal["code"], below(api, page)) == (400, "validation_error", [])


def test_the_type_of_a_file_is_a_name(api: Api, page: str) -> None:
    children = [{"image": {"type": ["a"], "external": {"url": "https://x.example"}}}]

    assert "type" in api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": children})["message"]


def test_missing_children_are_named(api: Api, page: str) -> None:
    refusal = api.refused("PATCH", f"/v1/blocks/{page}/children", {})

    assert refusal["message"] == "body failed validation: body.children should be defined, instead was `undefined`."


SHOWN: list[tuple[str, Any, Any]] = [
    ("to_do", {"rich_text": [], "checked": True}, {"rich_text": [], "checked": True, "color": "default"}),
    ("heading_2", {"rich_text": []}, {"rich_text": [], "is_toggleable": False, "color": "default"}),
    ("divider", {}, {}),
    ("bookmark", {"url": "https://example.org"}, {"caption": [], "url": "https://example.org"}),
    ("equation", {"expression": "e=mc^2"}, {"expression": "e=mc^2"}),
    ("link_to_page", {"page_id": ROOT_PAGE_ID}, {"type": "page_id", "page_id": ROOT_PAGE_ID}),
    ("link_to_page", {"comment_id": ROOT_PAGE_ID}, {"type": "comment_id", "comment_id": ROOT_PAGE_ID}),
    ("tab", {"children": [{"paragraph": {"rich_text": []}}]}, {}),
    (
        "callout",
        {"rich_text": [], "icon": {"emoji": "🔥"}},
        {"rich_text": [], "icon": {"type": "emoji", "emoji": "🔥"}, "color": "gray_background"},
    ),
]


@pytest.mark.parametrize(("kind", "given", "shown"), SHOWN)
def test_a_block_shows_what_it_was_given_and_the_defaults(
    api: Api, page: str, kind: str, given: Any, shown: Any
) -> None:
    made = append(api, page, {kind: given})[0]

    assert (made["type"], made[kind]) == (kind, shown)


def test_an_update_replaces_named_parts_only(api: Api, page: str) -> None:
    block = append(api, page, {"to_do": {"rich_text": text("call Ana")}})[0]["id"]

    after = api.ok("PATCH", f"/v1/blocks/{block}", {"to_do": {"checked": True}})

    assert (plain(after), after["to_do"]["checked"]) == ("call Ana", True)


def test_a_block_keeps_its_type(api: Api, page: str) -> None:
    block = append(api, page, paragraph("x"))[0]["id"]

    refusal = api.refused("PATCH", f"/v1/blocks/{block}", {"quote": {"rich_text": []}})

    assert refusal["code"] == "validation_error"


def test_a_trashed_block_leaves_the_page_and_comes_back_to_its_place(api: Api, page: str) -> None:
    one = append(api, page, paragraph("one"), paragraph("two"))[0]["id"]

    trashed = api.ok("DELETE", f"/v1/blocks/{one}")
    without = words(api, page)
    api.ok("PATCH", f"/v1/blocks/{one}", {"in_trash": False})

    assert (trashed["in_trash"], without, words(api, page)) == (True, ["two"], ["one", "two"])


def test_a_trashed_block_cannot_be_edited(api: Api, page: str) -> None:
    one = append(api, page, paragraph("one"))[0]["id"]
    api.ok("DELETE", f"/v1/blocks/{one}")

    refusal = api.refused("PATCH", f"/v1/blocks/{one}", paragraph("two"))

    assert refusal["message"] == "Can't edit block that is archived. You must unarchive the block before editing."


def test_a_page_is_restored_under_its_name_as_a_block(api: Api, page: str) -> None:
    api.ok("DELETE", f"/v1/blocks/{page}")

    api.ok("PATCH", f"/v1/blocks/{page}", {"in_trash": False})

    assert api.ok("GET", f"/v1/pages/{page}")["in_trash"] is False


def test_a_database_is_trashed_and_restored_as_a_block(api: Api) -> None:
    source = api.table()
    database = api.ok("GET", f"/v1/data_sources/{source}")["parent"]["database_id"]
    trashed = api.ok("DELETE", f"/v1/blocks/{database}")

    restored = api.ok("PATCH", f"/v1/blocks/{database}", {"in_trash": False})

    assert (trashed["type"], trashed["in_trash"], restored["in_trash"]) == ("child_database", True, False)


def test_children_of_a_page_are_its_blocks_pages_and_databases(api: Api, page: str) -> None:
    append(api, page, paragraph("text"))
    api.ok("POST", "/v1/pages", {"parent": {"page_id": page}, "properties": {}})

    assert [block["type"] for block in below(api, page)] == ["paragraph", "child_page"]


def test_a_new_page_takes_the_position_it_asks_for(api: Api, page: str) -> None:
    append(api, page, paragraph("text"))

    api.ok("POST", "/v1/pages", {"parent": {"page_id": page}, "properties": {}, "position": {"type": "page_start"}})

    assert [block["type"] for block in below(api, page)] == ["child_page", "paragraph"]


def test_a_page_is_made_with_its_children(api: Api) -> None:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}, "children": [paragraph("outer", paragraph("inner"))]}

    made = api.ok("POST", "/v1/pages", body)["id"]

    assert words(api, made) == ["outer"]


def test_the_lists_cursor_is_the_next_blocks_id(api: Api, page: str) -> None:
    made = append(api, page, *(paragraph(str(number)) for number in range(3)))

    first = api.ok("GET", f"/v1/blocks/{page}/children", params={"page_size": 2})

    assert (first["has_more"], first["next_cursor"]) == (True, made[2]["id"])
    assert [plain(block) for block in below(api, page, start_cursor=first["next_cursor"])] == ["2"]


def test_a_cursor_that_names_no_block_is_refused(api: Api, page: str) -> None:
    refusal = api.refused("GET", f"/v1/blocks/{page}/children", params={"start_cursor": "bogus"})

    assert refusal["message"] == "The start_cursor provided is invalid: bogus"


def test_a_block_of_a_page_that_is_not_shared_is_not_found(rig: Rig, api: Api, page: str, person: Api) -> None:
    private = person.ok("POST", "/v1/pages", {"parent": {"workspace": True}, "children": [paragraph("secret")]})["id"]
    block = below(person, private)[0]["id"]

    refusal = api.refused("GET", f"/v1/blocks/{block}")

    assert (refusal["status"], refusal["code"]) == (404, "object_not_found")


@pytest.mark.parametrize("moves", [True, False])
def test_whether_a_connections_block_edit_moves_the_pages_time_is_a_switch(
    rig: Rig, api: Api, page: str, moves: bool
) -> None:
    before = api.ok("GET", f"/v1/pages/{page}")["last_edited_time"]
    rig.order("switches", {"block_edits_touch_page": moves})
    rig.order("clock", {"offset_s": 3600})

    append(api, page, paragraph("later"))

    assert (api.ok("GET", f"/v1/pages/{page}")["last_edited_time"] > before) is moves


def test_a_persons_block_edit_moves_the_pages_time_and_author(rig: Rig, api: Api, person: Api, page: str) -> None:
    rig.order("switches", {"block_edits_touch_page": False})

    append(person, page, paragraph("by hand"))

    assert api.ok("GET", f"/v1/pages/{page}")["last_edited_by"]["id"] == PERSON_ID


def test_blocks_survive_a_restart(tmp_path: Path) -> None:
    config = replace(CONFIG, state=tmp_path / "notion.db")
    content = {"children": [paragraph("kept", paragraph("inner"))]}
    with running(config) as rig, rig.person() as person:
        made = person.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}} | content)["id"]

    with running(config) as rig, rig.person() as person:
        markdown = person.ok("GET", f"/v1/pages/{made}/markdown")["markdown"]

    assert markdown == "kept\n\tinner"


def test_the_sdk_appends_lists_changes_and_deletes_blocks(rig: Rig, page: str) -> None:
    token = rig.connect()["access_token"]
    with Client(auth=token, base_url=rig.url, notion_version=NEWEST, retry=False) as client:
        sdk: Any = client
        for number in range(5):
            sdk.blocks.children.append(page, children=[paragraph(str(number))])
        listed = collect_paginated_api(sdk.blocks.children.list, block_id=page, page_size=2)
        sdk.blocks.update(listed[0]["id"], **paragraph("first"))
        sdk.blocks.delete(listed[1]["id"])
        after = collect_paginated_api(sdk.blocks.children.list, block_id=page, page_size=2)

    assert [plain(block) for block in after] == ["first", "2", "3", "4"]


def test_there_is_every_kind_that_notions_sdk_declares_and_no_other() -> None:
    blocks = [kind for name, kind in TYPES["definitions"].items() if name.endswith("BlockObjectResponse")]
    declared = {kind["properties"]["type"]["const"] for kind in blocks if "type" in kind.get("properties", {})}

    assert declared == {*KINDS, "child_page", "child_database", "transcription"}


# --- kinds that only the application makes ----------------------------------------------------------------------------

BY_HAND: list[tuple[str, Any]] = [
    ("unsupported", {"block_type": "form"}),
    ("link_preview", {"url": "https://example.org/issue/1"}),
    ("meeting_notes", {"title": text("Weekly")}),
    ("template", {"rich_text": text("New scene")}),
]


@pytest.mark.parametrize(("kind", "content"), BY_HAND, ids=[kind for kind, _ in BY_HAND])
def test_what_only_a_person_makes_is_shown_to_a_connection_and_refused_from_it(
    api: Api, person: Api, page: str, kind: str, content: Any
) -> None:
    (made,) = append(person, page, {kind: content})

    refusal = api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": [{kind: content}]})

    (shown,) = below(api, page)
    assert (shown["id"], shown["type"]) == (made["id"], kind)
    assert (refusal["code"], "body.children[0].type should be" in refusal["message"]) == ("validation_error", True)


@pytest.mark.parametrize("kind", ["unsupported", "link_preview", "meeting_notes"])
def test_what_only_a_person_makes_is_not_changed_through_the_api(api: Api, person: Api, page: str, kind: str) -> None:
    content = dict(BY_HAND)[kind]
    (made,) = append(person, page, {kind: content})

    refusal = api.refused("PATCH", f"/v1/blocks/{made['id']}", {kind: content})

    assert f"body.{kind} should be not present" in refusal["message"]


def test_meeting_notes_are_called_transcription_in_the_older_version(rig: Rig, person: Api, page: str) -> None:
    append(person, page, {"meeting_notes": {"title": text("Weekly"), "children": [paragraph("Notes")]}})

    with rig.api(rig.connect()["access_token"], RECORDED) as older:
        (block,) = below(older, page)

    assert (block["type"], plain({"type": "t", "t": {"rich_text": block["transcription"]["title"]}})) == (
        "transcription",
        "Weekly",
    )
    assert block["has_children"] is True


def test_a_tab_holds_named_tabs_with_what_is_on_them(api: Api, page: str) -> None:
    (made,) = append(api, page, {"tab": {"children": [paragraph("First tab", paragraph("on it"))]}})

    (named,) = below(api, made["id"])
    assert (plain(named), words(api, named["id"])) == ("First tab", ["on it"])


def test_a_tab_without_tabs_is_refused(api: Api, page: str) -> None:
    refusal = api.refused("PATCH", f"/v1/blocks/{page}/children", {"children": [{"tab": {"children": []}}]})

    assert "body.children[0].tab.children.length should be ≥ `1`" in refusal["message"]
