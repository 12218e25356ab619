from typing import Any

import pytest

from local.twins.notion.seed import BOT_ID, PERSON_ID, ROOT_PAGE_ID
from tests.twins.notion.rig import RECORDED, Api, Rig

EMPTY: dict[str, Any] = {
    "Name": [],
    "Description": [],
    "Type": None,
    "Start": None,
    "Budget": None,
    "Team": [],
    "Link": None,
    "Public": False,
    "Mail": None,
    "Owner": [],
}


def value(page: Any, name: str) -> Any:
    entry = page["properties"][name]
    return entry[entry["type"]]


def run(text: str) -> dict[str, Any]:
    return {"text": {"content": text}}


WRITES: list[tuple[str, Any, Any]] = [
    ("Budget", {"number": 12.5}, 12.5),
    ("Budget", {"number": None}, None),
    ("Budget", {"number": 2**53 + 1}, 2**53),
    ("Budget", {"number": 5.0}, 5),
    ("Budget", {"number": 1e300}, 1e300),
    ("Link", {"url": "https://example.org"}, "https://example.org"),
    ("Public", {"checkbox": True}, True),
    ("Mail", {"email": "a@b.example"}, "a@b.example"),
    ("Start", {"date": {"start": "2026-01-31"}}, {"start": "2026-01-31", "end": None, "time_zone": None}),
    (
        "Start",
        {"date": {"start": "2026-01-31T10:00:00Z", "end": "2026-02-01T10:00:00+01:00"}},
        {"start": "2026-01-31T10:00:00.000+00:00", "end": "2026-02-01T10:00:00.000+01:00", "time_zone": None},
    ),
    (
        "Start",
        {"date": {"start": "2026-07-31T10:00:00", "time_zone": "Europe/Berlin"}},
        {"start": "2026-07-31T10:00:00.000+02:00", "end": None, "time_zone": None},
    ),
    ("Start", {"date": None}, None),
    ("Type", {"select": None}, None),
    ("Team", {"multi_select": []}, []),
    ("Description", {"rich_text": []}, []),
    ("Description", {"rich_text": [run("")]}, []),
]


@pytest.mark.parametrize(("name", "given", "shown"), WRITES)
def test_a_written_value_is_shown_as_notion_shows_it(api: Api, name: str, given: Any, shown: Any) -> None:
    page = api.row(api.table(), **{name: given})

    assert value(api.ok("GET", f"/v1/pages/{page['id']}"), name) == shown


def test_a_row_without_values_shows_every_property_empty(api: Api) -> None:
    page = api.ok("POST", "/v1/pages", {"parent": {"data_source_id": api.table()}, "properties": {}})

    assert {name: value(page, name) for name in EMPTY} == EMPTY


def test_rich_text_comes_back_with_its_formatting_and_link(api: Api) -> None:
    styled = run("bold") | {"annotations": {"bold": True, "color": "red"}}
    linked = {"text": {"content": "link", "link": {"url": "https://example.org"}}}

    page = api.row(api.table(), Description={"rich_text": [styled, linked]})

    first, second = value(page, "Description")
    assert list(first) == ["type", "text", "annotations", "plain_text", "href"]
    assert (first["annotations"]["bold"], first["annotations"]["color"], first["href"]) == (True, "red", None)
    assert (second["href"], second["text"]["link"]) == ("https://example.org", {"url": "https://example.org"})


def test_an_update_replaces_named_properties_and_leaves_the_others(api: Api) -> None:
    page = api.row(api.table(), Budget={"number": 5}, Team={"multi_select": [{"name": "Ana"}, {"name": "Bo"}]})

    after = api.write(page["id"], Team={"multi_select": [{"name": "Bo"}]})

    assert value(after, "Budget") == 5
    assert [option["name"] for option in value(after, "Team")] == ["Bo"]


def test_properties_are_found_by_name_and_by_id_encoded_or_not(api: Api) -> None:
    source = api.table()
    page = api.row(source)["id"]
    known = api.schema(source)

    by_id = api.write(page, **{known["Budget"]["id"]: {"number": 1}})
    plain_id = api.http.get(f"/v1/pages/{page}/properties/{known['Budget']['id']}")

    assert value(by_id, "Budget") == 1
    assert plain_id.json()["number"] == 1


def test_the_title_has_the_id_title(api: Api) -> None:
    page = api.row(api.table())["id"]

    assert value(api.write(page, title={"title": [run("New")]}), "Name")[0]["plain_text"] == "New"


def test_an_unknown_select_name_becomes_an_option_of_the_schema(api: Api) -> None:
    source = api.table()

    page = api.row(source, Type={"select": {"name": "Podcast"}})

    options = api.schema(source)["Type"]["select"]["options"]
    assert [option["name"] for option in options] == ["Film", "Series", "Podcast"]
    assert value(page, "Type")["id"] == options[-1]["id"]


def test_option_names_are_equal_whatever_their_case(api: Api) -> None:
    page = api.row(api.table(), Type={"select": {"name": "fILM"}})

    assert value(page, "Type")["name"] == "Film"


def test_status_null_is_the_default_option(api: Api) -> None:
    page = api.row(api.table(), Status={"status": {"name": "Done"}})["id"]

    assert value(api.write(page, Status={"status": None}), "Status")["name"] == "Not started"


def test_people_are_shown_in_full_and_partially_as_authors(api: Api) -> None:
    page = api.row(api.table(), Owner={"people": [{"id": PERSON_ID}]})

    assert value(page, "Owner")[0]["name"] == "Maya Okafor"
    assert page["created_by"] == {"object": "user", "id": BOT_ID}


def test_a_persons_edit_has_the_person_as_its_author(api: Api, person: Api) -> None:
    page = api.row(api.table())["id"]

    after = person.write(page, Budget={"number": 3})

    assert after["last_edited_by"]["id"] == PERSON_ID


def test_page_times_are_floored_to_the_minute(rig: Rig, api: Api) -> None:
    page = api.row(api.table())

    assert page["created_time"].endswith(":00.000Z")


def test_an_edit_in_a_later_minute_moves_the_last_edited_time(rig: Rig, api: Api) -> None:
    page = api.row(api.table())
    rig.order("clock", {"offset_s": 120})

    after = api.write(page["id"], Budget={"number": 1})

    assert after["last_edited_time"] > page["last_edited_time"]
    assert after["created_time"] == page["created_time"]


def test_a_trashed_page_answers_and_can_be_restored_with_its_values(api: Api) -> None:
    page = api.row(api.table(), Budget={"number": 7})["id"]

    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})
    trashed = api.ok("GET", f"/v1/pages/{page}")
    restored = api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": False})

    assert (trashed["in_trash"], restored["in_trash"], value(restored, "Budget")) == (True, False, 7)


def test_deleting_the_block_of_a_page_trashes_the_page(api: Api) -> None:
    page = api.row(api.table(), title="Gone")["id"]

    block = api.ok("DELETE", f"/v1/blocks/{page}")

    assert (block["type"], block["child_page"], block["in_trash"]) == ("child_page", {"title": "Gone"}, True)
    assert api.ok("GET", f"/v1/pages/{page}")["in_trash"] is True


def test_what_lies_below_a_trashed_page_is_in_the_trash_too(api: Api) -> None:
    outer = api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})["id"]
    inner = api.ok("POST", "/v1/pages", {"parent": {"page_id": outer}, "properties": {}})["id"]

    api.ok("DELETE", f"/v1/blocks/{outer}")

    assert api.ok("GET", f"/v1/pages/{inner}")["in_trash"] is True


@pytest.mark.parametrize("wanted", [{"in_trash": False}, {"icon": None}])
def test_what_lies_below_a_trashed_page_is_restored_with_that_alone(api: Api, wanted: dict[str, object]) -> None:
    outer = api.row(api.table())["id"]
    inner = api.ok("POST", "/v1/pages", {"parent": {"page_id": outer}, "properties": {}})["id"]
    api.ok("DELETE", f"/v1/blocks/{outer}")

    assert "archived ancestor" in api.refused("PATCH", f"/v1/pages/{inner}", wanted)["message"]

    api.ok("PATCH", f"/v1/pages/{outer}", {"in_trash": False})
    assert api.ok("GET", f"/v1/pages/{inner}")["in_trash"] is False


def test_restoring_below_the_trash_can_be_made_to_have_no_effect(rig: Rig, api: Api) -> None:
    outer = api.row(api.table())["id"]
    inner = api.ok("POST", "/v1/pages", {"parent": {"page_id": outer}, "properties": {}})["id"]
    api.ok("DELETE", f"/v1/blocks/{outer}")

    rig.order("switches", {"restoring_below_trash": "without_effect"})

    assert api.ok("PATCH", f"/v1/pages/{inner}", {"in_trash": False})["in_trash"] is True


def test_trashing_twice_can_be_made_a_refusal(rig: Rig, api: Api) -> None:
    page = api.row(api.table())["id"]
    api.ok("DELETE", f"/v1/blocks/{page}")
    assert api.call("DELETE", f"/v1/blocks/{page}").status_code == 200

    rig.order("switches", {"trash_twice": "refused"})

    assert api.refused("DELETE", f"/v1/blocks/{page}")["code"] == "validation_error"


def test_the_archived_key_of_the_newest_version_is_a_switch(rig: Rig, api: Api) -> None:
    page = api.row(api.table())["id"]
    assert "archived" in api.ok("GET", f"/v1/pages/{page}")

    rig.order("switches", {"archived_key_in_2026": False})

    assert "archived" not in api.ok("GET", f"/v1/pages/{page}")
    with rig.api(rig.connect()["access_token"], RECORDED) as older:
        assert "archived" in older.ok("GET", f"/v1/pages/{page}")


def test_a_child_of_a_page_has_only_a_title(api: Api) -> None:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {"Budget": {"number": 1}}}

    assert api.refused("POST", "/v1/pages", body)["message"] == "Budget is not a property that exists."


def test_ids_are_accepted_without_dashes_and_answered_with_them(api: Api) -> None:
    page = api.ok("GET", f"/v1/pages/{ROOT_PAGE_ID.replace('-', '')}")

    assert page["id"] == ROOT_PAGE_ID


def test_a_pages_address_ends_with_its_id(api: Api) -> None:
    page = api.row(api.table(), title="Über: the film!")

    assert page["url"] == f"https://app.notion.com/p/ber-the-film-{page['id'].replace('-', '')}"


def test_filter_properties_shortens_the_answer(api: Api) -> None:
    source = api.table()
    page = api.row(source)["id"]
    wanted = api.schema(source)["Budget"]["id"]

    shown = api.ok("GET", f"/v1/pages/{page}", params={"filter_properties": [wanted, "title"]})

    assert set(shown["properties"]) == {"Name", "Budget"}


def linked_tables(api: Api, kind: str) -> tuple[str, str]:
    targets = api.table({"Name": {"title": {}}}, "Targets")
    relation = {"relation": {"data_source_id": targets, "type": kind, kind: {}}}
    return targets, api.table({"Name": {"title": {}}, "Links": relation}, "Sources")


def test_a_relation_over_25_is_cut_and_complete_on_the_property_endpoint(api: Api) -> None:
    targets, sources = linked_tables(api, "single_property")
    ids = [api.row(targets, title=str(number))["id"] for number in range(27)]
    page = api.row(sources, Links={"relation": [{"id": one} for one in ids]})
    entry = page["properties"]["Links"]

    first = api.ok("GET", f"/v1/pages/{page['id']}/properties/{entry['id']}", params={"page_size": 20})
    cursor = {"page_size": 20, "start_cursor": first["next_cursor"]}
    second = api.ok("GET", f"/v1/pages/{page['id']}/properties/{entry['id']}", params=cursor)

    assert (len(entry["relation"]), entry["has_more"]) == (25, True)
    assert [item["relation"]["id"] for item in first["results"] + second["results"]] == ids
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert first["property_item"]["next_url"].endswith(first["next_cursor"])


def test_a_short_relation_says_that_it_is_complete(api: Api) -> None:
    targets, sources = linked_tables(api, "single_property")
    page = api.row(sources, Links={"relation": [{"id": api.row(targets)["id"]}]})

    assert page["properties"]["Links"]["has_more"] is False


def test_a_relation_to_a_page_that_is_not_there_is_refused(api: Api) -> None:
    _, sources = linked_tables(api, "single_property")
    body = {"Name": {"title": []}, "Links": {"relation": [{"id": "00000000-0000-4000-8000-000000000000"}]}}

    refusal = api.refused("POST", "/v1/pages", {"parent": {"data_source_id": sources}, "properties": body})

    assert refusal["code"] == "object_not_found"


def test_a_two_way_relation_shows_on_both_sides(api: Api) -> None:
    targets, sources = linked_tables(api, "dual_property")
    target = api.row(targets)["id"]
    mirror = next(name for name in api.schema(targets) if name != "Name")

    page = api.row(sources, Links={"relation": [{"id": target}]})["id"]
    linked = value(api.ok("GET", f"/v1/pages/{target}"), mirror)
    api.write(page, Links={"relation": []})
    unlinked = value(api.ok("GET", f"/v1/pages/{target}"), mirror)

    assert (linked, unlinked) == ([{"id": page}], [])


def test_search_finds_pages_and_data_sources_by_title(api: Api) -> None:
    source = api.table(title="Impact stories")
    page = api.row(source, title="Impact of rivers")["id"]
    api.row(source, title="Something else")

    hits = api.ok("POST", "/v1/search", {"query": "IMPACT"})
    only = api.ok("POST", "/v1/search", {"query": "impact", "filter": {"property": "object", "value": "data_source"}})

    assert {hit["id"] for hit in hits["results"]} == {source, page}
    assert [hit["id"] for hit in only["results"]] == [source]
    assert hits["type"] == "page_or_data_source"


def test_users_are_the_person_and_the_bot(api: Api) -> None:
    listed = api.ok("GET", "/v1/users")

    assert [user["type"] for user in listed["results"]] == ["person", "bot"]
    assert api.ok("GET", f"/v1/users/{PERSON_ID}")["person"]["email"] == "maya@impactfilms.example"


def test_locking_a_page_shows_and_leaves_it_writable(api: Api) -> None:
    page = api.row(api.table())["id"]

    assert api.ok("PATCH", f"/v1/pages/{page}", {"is_locked": True})["is_locked"] is True
    api.write(page, Budget={"number": 1})


def test_a_row_moved_into_another_data_source_keeps_its_title_only(api: Api) -> None:
    here, there = api.table(), api.table(title="Elsewhere")
    page = api.row(here, "Mover", Budget={"number": 3})

    moved = api.ok("POST", f"/v1/pages/{page['id']}/move", {"parent": {"data_source_id": there}})

    assert (api.titles(here), api.titles(there)) == ([], ["Mover"])
    assert value(moved, "Budget") is None
    assert moved["last_edited_time"] == page["last_edited_time"]


def test_a_page_cannot_be_moved_below_itself(api: Api) -> None:
    outer = api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})["id"]
    inner = api.ok("POST", "/v1/pages", {"parent": {"page_id": outer}, "properties": {}})["id"]

    refusal = api.refused("POST", f"/v1/pages/{outer}/move", {"parent": {"page_id": inner}})

    assert refusal["code"] == "validation_error"
