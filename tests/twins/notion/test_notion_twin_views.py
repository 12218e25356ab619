"""Views of the Notion twin: what they are made of, what they show, and how long."""

from typing import Any

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import Api, Rig


@pytest.fixture
def source(api: Api) -> str:
    return api.table()


@pytest.fixture
def database(api: Api, source: str) -> str:
    return str(api.ok("GET", f"/v1/data_sources/{source}")["parent"]["database_id"])


def make(api: Api, source: str, database: str, kind: str = "table", **more: Any) -> Any:
    body = {"data_source_id": source, "database_id": database, "name": "A view", "type": kind}
    return api.ok("POST", "/v1/views", body | more)


def tabs(api: Api, database: str) -> list[str]:
    return [view["id"] for view in api.ok("GET", "/v1/views", params={"database_id": database})["results"]]


def test_a_new_database_has_a_table_as_its_default_view(api: Api, database: str) -> None:
    (only,) = tabs(api, database)

    view = api.ok("GET", f"/v1/views/{only}")

    assert (view["name"], view["type"], view["filter"], view["sorts"]) == ("Default view", "table", None, None)


def test_the_views_of_one_data_source_are_listed_by_themselves(api: Api, database: str) -> None:
    parent = {"type": "database_id", "database_id": database}
    other = api.ok("POST", "/v1/data_sources", {"parent": parent, "properties": {"Name": {"title": {}}}})["id"]

    found = api.ok("GET", "/v1/views", params={"data_source_id": other})["results"]

    assert (len(found), len(tabs(api, database))) == (1, 2)


@pytest.mark.parametrize(("position", "places"), [({"type": "start"}, [2, 0, 1]), ({"type": "end"}, [0, 1, 2])])
def test_a_view_takes_its_place_among_the_tabs(
    api: Api, source: str, database: str, position: Any, places: list[int]
) -> None:
    before = [*tabs(api, database), make(api, source, database)["id"]]

    new = make(api, source, database, position=position)["id"]

    order = [*before, new]
    assert tabs(api, database) == [order[place] for place in places]


def test_a_view_may_follow_another_one(api: Api, source: str, database: str) -> None:
    first, last = tabs(api, database)[0], make(api, source, database)["id"]

    new = make(api, source, database, position={"type": "after_view", "view_id": first})["id"]

    assert tabs(api, database) == [first, new, last]


def test_a_board_is_grouped_by_status(api: Api, source: str, database: str) -> None:
    status = api.schema(source)["Status"]["id"]
    grouping = {"type": "status", "property_id": status, "group_by": "option", "sort": {"type": "manual"}}

    board = make(api, source, database, "board", configuration={"type": "board", "group_by": grouping})

    assert board["configuration"] == {"type": "board", "group_by": grouping}


@pytest.mark.parametrize(
    ("kind", "configuration", "sentence"),
    [
        ("board", {"type": "board"}, "body.configuration.group_by should be defined, instead was `undefined`."),
        ("calendar", {"type": "calendar"}, "body.configuration.date_property_id should be defined, instead was"),
        ("table", {"type": "board"}, 'body.configuration.type should be `"table"`, instead was `"board"`.'),
        (
            "board",
            {"type": "board", "group_by": {"type": "status", "property_id": "Status", "group_by": "day"}},
            'body.configuration.group_by.group_by should be `"group"` or `"option"`, instead was `"day"`.',
        ),
        (
            "timeline",
            {"type": "timeline", "date_property_id": "nope"},
            "Could not find property with name or id: nope",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    api: Api, source: str, database: str, kind: str, configuration: Any, sentence: str
) -> None:
    body = {"data_source_id": source, "database_id": database, "name": "A view", "type": kind}

    refusal = api.refused("POST", "/v1/views", body | {"configuration": configuration})

    assert sentence in refusal["message"]


def test_a_filter_is_checked_against_the_columns(api: Api, source: str, database: str) -> None:
    body = {"data_source_id": source, "database_id": database, "name": "A view", "type": "table"}

    refusal = api.refused("POST", "/v1/views", body | {"filter": {"property": "Nope", "number": {"equals": 1}}})

    assert refusal["message"] == "Could not find property with name or id: Nope"


@pytest.mark.parametrize("places", [{}, {"database_id": ROOT_PAGE_ID, "view_id": ROOT_PAGE_ID}])
def test_a_view_goes_to_exactly_one_place(api: Api, source: str, places: Any) -> None:
    refusal = api.refused("POST", "/v1/views", {"data_source_id": source, "name": "A", "type": "table"} | places)

    assert refusal["message"] == "Exactly one of database_id, view_id or create_database must be provided."


def test_a_view_elsewhere_makes_a_linked_database(api: Api, source: str) -> None:
    body = {"data_source_id": source, "name": "Elsewhere", "type": "table"}
    parent = {"type": "page_id", "page_id": ROOT_PAGE_ID}

    view = api.ok("POST", "/v1/views", body | {"create_database": {"parent": parent}})

    linked = api.ok("GET", f"/v1/databases/{view['parent']['database_id']}")
    assert [found["id"] for found in linked["data_sources"]] == [source]
    assert linked["parent"] == parent


def test_a_widget_belongs_to_its_dashboard_and_goes_with_it(api: Api, source: str, database: str) -> None:
    dashboard = make(api, source, database, "dashboard")["id"]
    body = {"data_source_id": source, "name": "Widget", "type": "chart", "view_id": dashboard}
    widget = api.ok("POST", "/v1/views", body | {"configuration": {"type": "chart", "chart_type": "bar"}})

    api.ok("DELETE", f"/v1/views/{dashboard}")

    assert widget["dashboard_view_id"] == dashboard
    assert api.refused("GET", f"/v1/views/{widget['id']}")["code"] == "object_not_found"


def widget(api: Api, source: str, dashboard: str, **more: Any) -> str:
    body = {"data_source_id": source, "name": "Widget", "type": "table", "view_id": dashboard}
    return str(api.ok("POST", "/v1/views", body | more)["id"])


def rows(api: Api, dashboard: str) -> list[list[str]]:
    found = api.ok("GET", f"/v1/views/{dashboard}")["configuration"]["rows"]
    return [[one["view_id"] for one in row["widgets"]] for row in found]


def test_widgets_stand_in_rows_below_and_beside_each_other(api: Api, source: str, database: str) -> None:
    dashboard = make(api, source, database, "dashboard")["id"]

    below = [widget(api, source, dashboard), widget(api, source, dashboard)]
    above = widget(api, source, dashboard, placement={"type": "new_row", "row_index": 0})
    beside = widget(api, source, dashboard, placement={"type": "existing_row", "row_index": 2})

    assert rows(api, dashboard) == [[above], [below[0]], [below[1], beside]]


def test_a_deleted_widget_takes_its_empty_row_along(api: Api, source: str, database: str) -> None:
    dashboard = make(api, source, database, "dashboard")["id"]
    gone, kept = widget(api, source, dashboard), widget(api, source, dashboard)

    api.ok("DELETE", f"/v1/views/{gone}")

    assert rows(api, dashboard) == [[kept]]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"placement": {"type": "existing_row", "row_index": 0}}, "body.placement.row_index should be a number"),
        ({"position": {"type": "start"}}, "body.position should be not present"),
    ],
)
def test_a_widget_needs_a_place_on_its_dashboard(
    api: Api, source: str, database: str, more: Any, sentence: str
) -> None:
    dashboard = make(api, source, database, "dashboard")["id"]
    body = {"data_source_id": source, "name": "Widget", "type": "table", "view_id": dashboard}

    assert sentence in api.refused("POST", "/v1/views", body | more)["message"]


def test_a_board_that_nobody_set_up_has_no_configuration(api: Api, source: str, database: str) -> None:
    assert make(api, source, database, "board")["configuration"] is None


def test_null_clears_and_what_is_not_named_stays(api: Api, source: str, database: str) -> None:
    dear = {"property": "Budget", "number": {"greater_than": 1}}
    view = make(api, source, database, filter=dear, sorts=[{"property": "Name", "direction": "ascending"}])["id"]

    after = api.ok("PATCH", f"/v1/views/{view}", {"filter": None})

    assert (after["filter"], after["sorts"]) == (None, [{"property": "Name", "direction": "ascending"}])


def test_quick_filters_change_one_by_one(api: Api, source: str, database: str) -> None:
    films, cheap = {"select": {"equals": "Film"}}, {"number": {"less_than": 5}}
    view = make(api, source, database, quick_filters={"Type": films})["id"]

    both = api.ok("PATCH", f"/v1/views/{view}", {"quick_filters": {"Budget": cheap}})["quick_filters"]
    one = api.ok("PATCH", f"/v1/views/{view}", {"quick_filters": {"Type": None}})["quick_filters"]

    assert (both, one) == ({"Type": films, "Budget": cheap}, {"Budget": cheap})


def query(api: Api, view: str, **body: Any) -> Any:
    return api.ok("POST", f"/v1/views/{view}/queries", body)


def test_a_query_shows_what_the_view_showed_then(api: Api, source: str, database: str) -> None:
    first = api.row(source, "one")["id"]
    view = make(api, source, database)["id"]
    asked = query(api, view)
    api.row(source, "two")

    later = api.ok("GET", f"/v1/views/{view}/queries/{asked['id']}")

    assert [found["id"] for found in later["results"]] == [first]


def test_a_query_is_forgotten_after_a_quarter_of_an_hour(rig: Rig, api: Api, source: str, database: str) -> None:
    view = make(api, source, database)["id"]
    asked = query(api, view)["id"]

    rig.order("clock", {"offset_s": 15 * 60 + 1})

    assert api.refused("GET", f"/v1/views/{view}/queries/{asked}")["code"] == "object_not_found"


def test_a_query_stops_at_the_cap_and_says_so(rig: Rig, api: Api, source: str, database: str) -> None:
    rig.order("switches", {"query_cap": 2})
    for number in range(3):
        api.row(source, str(number))

    asked = query(api, make(api, source, database)["id"])

    assert asked["total_count"] == 2
    assert asked["request_status"] == {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


def test_views_are_hidden_with_their_database(rig: Rig, api: Api, source: str, database: str) -> None:
    view = make(api, source, database)["id"]
    bot = rig.look("state")["bots"][0]["id"]

    rig.order("share", {"bot_id": bot, "page_id": ROOT_PAGE_ID, "shared": False})

    assert api.refused("GET", f"/v1/views/{view}")["code"] == "object_not_found"
