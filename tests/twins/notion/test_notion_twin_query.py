from dataclasses import replace
from typing import Any

import pytest

from local.twins.notion.records import Page
from tests.twins.notion.rig import Api, Rig


@pytest.fixture
def source(api: Api) -> str:
    """Three films, made in the order A, B, C."""
    source = api.table()
    api.row(
        source, "A", Budget={"number": 1}, Type={"select": {"name": "Film"}}, Start={"date": {"start": "2026-01-01"}},
        Team={"multi_select": [{"name": "Ana"}]}, Public={"checkbox": True}, Status={"status": {"name": "Done"}},
    )  # fmt: skip
    api.row(
        source, "B", Budget={"number": 2}, Type={"select": {"name": "Series"}},
        Start={"date": {"start": "2026-02-01T12:00:00Z"}}, Team={"multi_select": [{"name": "Ana"}, {"name": "Bo"}]},
        Description={"rich_text": [{"text": {"content": "About Water"}}]},
    )  # fmt: skip
    api.row(source, "C")
    return source


FILTERS: list[tuple[Any, str]] = [
    ({"property": "Name", "title": {"equals": "a"}}, "A"),
    ({"property": "Name", "title": {"does_not_equal": "A"}}, "BC"),
    ({"property": "Description", "rich_text": {"contains": "water"}}, "B"),
    ({"property": "Description", "rich_text": {"starts_with": "About"}}, "B"),
    ({"property": "Description", "rich_text": {"is_empty": True}}, "AC"),
    ({"property": "Budget", "number": {"equals": 2}}, "B"),
    ({"property": "Budget", "number": {"greater_than_or_equal_to": 1}}, "AB"),
    ({"property": "Budget", "number": {"is_empty": True}}, "C"),
    ({"property": "Type", "select": {"equals": "film"}}, "A"),
    ({"property": "Type", "select": {"equals": ["Film", "Series"]}}, "AB"),
    ({"property": "Type", "select": {"does_not_equal": "Film"}}, "BC"),
    ({"property": "Status", "status": {"equals": "Not started"}}, "BC"),
    ({"property": "Team", "multi_select": {"contains": "Bo"}}, "B"),
    ({"property": "Team", "multi_select": {"does_not_contain": "Ana"}}, "C"),
    ({"property": "Public", "checkbox": {"equals": True}}, "A"),
    ({"property": "Public", "checkbox": {"does_not_equal": True}}, "BC"),
    ({"property": "Start", "date": {"equals": "2026-02-01"}}, "B"),
    ({"property": "Start", "date": {"after": "2026-01-01"}}, "B"),
    ({"property": "Start", "date": {"on_or_after": "2026-01-01"}}, "AB"),
    ({"property": "Start", "date": {"before": "2026-02-01T12:00:00Z"}}, "A"),
    ({"property": "Start", "date": {"on_or_before": "2026-02-01"}}, "AB"),
    ({"property": "Start", "date": {"is_not_empty": True}}, "AB"),
    ({"timestamp": "created_time", "created_time": {"past_week": {}}}, "ABC"),
    ({"timestamp": "last_edited_time", "last_edited_time": {"before": "2001-01-01"}}, ""),
    (
        {
            "or": [
                {"property": "Name", "title": {"equals": "C"}},
                {
                    "and": [
                        {"property": "Budget", "number": {"greater_than": 0}},
                        {"property": "Public", "checkbox": {"equals": True}},
                    ]
                },
            ]
        },
        "AC",
    ),
]


@pytest.mark.parametrize(("condition", "found"), FILTERS)
def test_a_filter_keeps_the_rows_it_describes(api: Api, source: str, condition: Any, found: str) -> None:
    assert "".join(sorted(api.titles(source, filter=condition))) == found


def test_a_relation_filter_finds_who_points_at_a_page(api: Api, source: str) -> None:
    target = api.query(source)["results"][0]["id"]
    relation = {"relation": {"data_source_id": source, "type": "single_property", "single_property": {}}}
    pointers = api.table({"Name": {"title": {}}, "To": relation})
    api.row(pointers, "points", To={"relation": [{"id": target}]})
    api.row(pointers, "does not")

    assert api.titles(pointers, filter={"property": "To", "relation": {"contains": target}}) == ["points"]


def test_a_third_level_of_nesting_is_refused(api: Api, source: str) -> None:
    leaf = {"property": "Budget", "number": {"equals": 1}}
    body = {"filter": {"and": [{"or": [{"and": [leaf]}]}]}}

    assert api.refused("POST", f"/v1/data_sources/{source}/query", body)["code"] == "validation_error"


@pytest.mark.parametrize("wanted", ["x", ["a"], True])
def test_a_number_is_compared_with_nothing_else(api: Api, source: str, wanted: object) -> None:
    body = {"filter": {"property": "Budget", "number": {"greater_than": wanted}}}

    assert api.refused("POST", f"/v1/data_sources/{source}/query", body)["code"] == "validation_error"


def test_a_timestamp_filter_takes_no_property(api: Api, source: str) -> None:
    body = {"filter": {"timestamp": "created_time", "property": "Name", "created_time": {"past_week": {}}}}

    assert api.refused("POST", f"/v1/data_sources/{source}/query", body)["code"] == "validation_error"


SORTS: list[tuple[Any, str]] = [
    ([{"property": "Name", "direction": "descending"}], "CBA"),
    ([{"property": "Budget", "direction": "descending"}], "BAC"),
    ([{"property": "Type"}, {"property": "Name", "direction": "descending"}], "ABC"),
    ([{"property": "Public", "direction": "ascending"}, {"property": "Name"}], "BCA"),
    ([{"timestamp": "created_time", "direction": "ascending"}, {"property": "Name"}], "ABC"),
]


@pytest.mark.parametrize(("sorts", "order"), SORTS)
def test_sorts_order_the_rows(api: Api, source: str, sorts: Any, order: str) -> None:
    assert "".join(api.titles(source, sorts=sorts)) == order


def test_pages_of_a_result_follow_each_other(api: Api, source: str) -> None:
    sorts = [{"property": "Name", "direction": "ascending"}]
    first = api.query(source, sorts=sorts, page_size=2)

    rest = api.query(source, sorts=sorts, page_size=2, start_cursor=first["next_cursor"])

    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    assert [len(first["results"]), len(rest["results"])] == [2, 1]
    assert list(rest) == ["object", "results", "next_cursor", "has_more", "type", "page_or_data_source", "request_id"]


def test_a_cursor_of_another_query_is_refused(api: Api, source: str) -> None:
    cursor = api.query(source, page_size=1)["next_cursor"]
    body = {"start_cursor": cursor, "sorts": [{"property": "Name"}]}

    refusal = api.refused("POST", f"/v1/data_sources/{source}/query", body)

    assert refusal["message"] == f"The start_cursor provided is invalid: {cursor}"


def test_page_size_zero_means_the_default(api: Api, source: str) -> None:
    assert len(api.query(source, page_size=0)["results"]) == 3


def test_trashed_and_archived_rows_are_not_found(api: Api, source: str) -> None:
    trashed, archived, _ = [row["id"] for row in api.query(source)["results"]]
    api.ok("PATCH", f"/v1/pages/{trashed}", {"in_trash": True})
    api.ok("PATCH", f"/v1/pages/{archived}", {"is_archived": True})

    assert api.titles(source) == ["A"]
    assert api.titles(source, is_archived=True) == ["B"]


def test_the_rows_beyond_the_cap_are_missing_and_the_last_page_says_so(rig: Rig, api: Api, source: str) -> None:
    rig.order("switches", {"query_cap": 2})

    first = api.query(source, page_size=1)
    last = api.query(source, page_size=1, start_cursor=first["next_cursor"])

    assert "request_status" not in first
    assert (last["has_more"], last["next_cursor"]) == (False, None)
    assert last["request_status"] == {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


def test_a_lagging_index_shows_rows_as_they_were(rig: Rig, api: Api, source: str) -> None:
    rig.order("clock", {"offset_s": 100})
    rig.order("switches", {"index_lag_s": 30})
    a = api.query(source, filter={"property": "Name", "title": {"equals": "A"}})["results"][0]["id"]
    api.write(a, Budget={"number": 99})
    api.row(source, "D")

    before = api.query(source, sorts=[{"property": "Name", "direction": "ascending"}])["results"]
    rig.order("clock", {"offset_s": 140})
    after = api.titles(source, filter={"property": "Budget", "number": {"equals": 99}})

    assert [row["properties"]["Budget"]["number"] for row in before] == [1, 2, None]
    assert after == ["A"]
    assert api.ok("GET", f"/v1/pages/{a}")["properties"]["Budget"]["number"] == 99


def test_filter_properties_shortens_every_row(api: Api, source: str) -> None:
    body = api.ok("POST", f"/v1/data_sources/{source}/query", {}, params={"filter_properties[]": ["title"]})

    assert {name for row in body["results"] for name in row["properties"]} == {"Name"}


def test_without_sorts_any_order_is_possible(rig: Rig, api: Api, source: str) -> None:
    assert api.titles(source) == ["C", "B", "A"]

    rig.order("switches", {"default_order": "oldest_first"})

    assert api.titles(source) == ["A", "B", "C"]


def test_25_000_rows_can_be_read_to_the_end(rig: Rig, api: Api) -> None:
    source = api.table({"Name": {"title": {}}, "Budget": {"number": {}}})
    model = rig.twin.world.store.get(Page, api.row(source)["id"])
    assert model is not None
    budget = next(column.id for column in rig.twin.world.columns(model) if column.type == "number")
    clone_rows(rig, model, budget, 25_000)
    rig.order("switches", {"query_cap": 30_000})
    sorts = [{"property": "Budget", "direction": "ascending"}]

    first = api.query(source, sorts=sorts)
    last = api.query(source, sorts=sorts, filter={"property": "Budget", "number": {"greater_than": 24_990}})

    assert (len(first["results"]), first["has_more"]) == (100, True)
    assert len(last["results"]) == 9


def clone_rows(rig: Rig, model: Page, budget: str, count: int) -> None:
    world = rig.twin.world
    with world.store.transaction():
        for amount in range(count):
            page_id = world.minter.page("393abc1e-edcd")
            world.store.put(replace(model, id=page_id, number=world.store.next_number(), values={budget: amount}))


def test_an_answer_may_be_shorter_than_asked_for_and_still_not_the_last(rig: Rig, api: Api, source: str) -> None:
    rig.order("switches", {"short_pages": True})

    first = api.query(source, page_size=2)

    assert (len(first["results"]), first["has_more"]) == (1, True)


@pytest.mark.parametrize(("setting", "titles"), [("ignored", ["B", "A"]), ("honoured", ["C"])])
def test_what_in_trash_does_in_a_query_is_a_switch(
    rig: Rig, api: Api, source: str, setting: str, titles: list[str]
) -> None:
    trashed = api.query(source)["results"][0]["id"]
    api.ok("PATCH", f"/v1/pages/{trashed}", {"in_trash": True})
    assert api.refused("POST", f"/v1/data_sources/{source}/query", {"in_trash": True})["code"] == "validation_error"

    rig.order("switches", {"query_in_trash": setting})

    assert api.titles(source, in_trash=True) == titles
