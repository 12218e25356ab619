from typing import Any

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import Api


def patch(api: Api, source: str, **properties: Any) -> Any:
    return api.ok("PATCH", f"/v1/data_sources/{source}", {"properties": properties})["properties"]


def options(api: Api, source: str, name: str = "Type") -> list[Any]:
    entry = api.schema(source)[name]
    listed: list[Any] = entry[entry["type"]]["options"]
    return listed


def test_a_database_without_columns_gets_a_title_called_name(api: Api) -> None:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "title": [{"text": {"content": "Bare"}}]}
    database = api.ok("POST", "/v1/databases", body)

    assert list(api.schema(database["data_sources"][0]["id"])) == ["Name"]
    assert database["data_sources"][0]["name"] == "Bare"


def test_a_column_can_be_added_renamed_retyped_and_removed(api: Api) -> None:
    source = api.table()
    before = api.schema(source)

    after = patch(
        api, source,
        Phone={"phone_number": {}}, Budget={"name": "Cost"}, Link={"rich_text": {}}, Mail=None,
    )  # fmt: skip

    assert after["Phone"]["type"] == "phone_number"
    assert after["Cost"]["id"] == before["Budget"]["id"]
    assert (after["Link"]["type"], after["Link"]["id"]) == ("rich_text", before["Link"]["id"])
    assert "Mail" not in after


def test_a_renamed_column_keeps_its_values(api: Api) -> None:
    source = api.table()
    page = api.row(source, Budget={"number": 4})["id"]

    patch(api, source, Budget={"name": "Cost"})

    assert api.ok("GET", f"/v1/pages/{page}")["properties"]["Cost"]["number"] == 4


def test_a_retyped_column_keeps_what_its_text_can_still_mean(api: Api) -> None:
    source = api.table()
    page = api.row(source, Description={"rich_text": [{"text": {"content": "42"}}]})["id"]

    patch(api, source, Description={"number": {}})

    assert api.ok("GET", f"/v1/pages/{page}")["properties"]["Description"]["number"] == 42


def test_options_left_out_of_the_list_vanish_from_the_rows(api: Api) -> None:
    source = api.table()
    film, _series = options(api, source)
    page = api.row(source, Type={"select": {"name": "Series"}})["id"]

    patch(api, source, Type={"select": {"options": [{"id": film["id"]}, {"name": "Podcast", "color": "green"}]}})

    assert [option["name"] for option in options(api, source)] == ["Film", "Podcast"]
    assert api.ok("GET", f"/v1/pages/{page}")["properties"]["Type"]["select"] is None


def test_a_column_write_without_options_leaves_them(api: Api) -> None:
    source = api.table()

    patch(api, source, Type={"name": "Kind", "select": {}})

    assert [option["name"] for option in options(api, source, "Kind")] == ["Film", "Series"]


def test_an_existing_option_cannot_be_painted_anew(api: Api) -> None:
    source = api.table()
    body = {"properties": {"Type": {"select": {"options": [{"name": "Film", "color": "pink"}]}}}}

    assert api.refused("PATCH", f"/v1/data_sources/{source}", body)["code"] == "validation_error"


def test_a_status_option_joins_the_group_it_names(api: Api) -> None:
    source = api.table()
    kept = [{"id": option["id"]} for option in options(api, source, "Status")]

    patch(api, source, Status={"status": {"options": [*kept, {"name": "Shooting", "group": "In progress"}]}})

    status = api.schema(source)["Status"]["status"]
    groups = {group["name"]: group["option_ids"] for group in status["groups"]}
    assert list(groups) == ["To-do", "In progress", "Complete"]
    assert groups["In progress"][-1] == status["options"][-1]["id"]


def test_an_unknown_column_without_a_type_is_refused(api: Api) -> None:
    refusal = api.refused("PATCH", f"/v1/data_sources/{api.table()}", {"properties": {"X": {"name": "Y"}}})

    assert refusal["message"] == "Could not find property with name or id: X"


def test_the_title_column_cannot_be_removed(api: Api) -> None:
    body = {"properties": {"Name": None}}

    assert api.refused("PATCH", f"/v1/data_sources/{api.table()}", body)["code"] == "validation_error"


def test_two_columns_cannot_share_a_name(api: Api) -> None:
    body = {"properties": {"Budget": {"name": "Link"}}}

    assert api.refused("PATCH", f"/v1/data_sources/{api.table()}", body)["code"] == "validation_error"


def test_a_refused_change_changes_nothing(api: Api) -> None:
    source = api.table()
    body = {"properties": {"Fresh": {"number": {}}, "X": {"name": "Y"}}}

    api.refused("PATCH", f"/v1/data_sources/{source}", body)

    assert "Fresh" not in api.schema(source)


def test_a_database_can_hold_a_second_data_source(api: Api) -> None:
    source = api.table()
    database = api.ok("GET", f"/v1/data_sources/{source}")["parent"]["database_id"]
    body = {"parent": {"database_id": database}, "properties": {"Title": {"title": {}}}, "title": []}

    second = api.ok("POST", "/v1/data_sources", body)["id"]

    listed = [entry["id"] for entry in api.ok("GET", f"/v1/databases/{database}")["data_sources"]]
    assert listed == [source, second]


def test_a_row_in_a_database_with_two_data_sources_must_say_which(api: Api) -> None:
    source = api.table()
    database = api.ok("GET", f"/v1/data_sources/{source}")["parent"]["database_id"]
    row = {"parent": {"database_id": database}, "properties": {}}
    assert api.ok("POST", "/v1/pages", row)["parent"]["data_source_id"] == source

    api.ok("POST", "/v1/data_sources", {"parent": {"database_id": database}, "properties": {}})

    assert api.refused("POST", "/v1/pages", row)["code"] == "validation_error"


def test_property_ids_are_shown_url_encoded(api: Api) -> None:
    names: dict[str, Any] = {f"Column {number}": {"number": {}} for number in range(40)}

    ids = [entry["id"] for entry in api.schema(api.table({"Name": {"title": {}}} | names)).values()]

    assert any("%" in one for one in ids)
    assert not any(character in one for one in ids for character in "[]{}\\^|<>?@= ")


def test_database_times_have_milliseconds_where_pages_have_minutes(api: Api) -> None:
    source = api.table()
    shown = api.ok("GET", f"/v1/data_sources/{source}")
    database = api.ok("GET", f"/v1/databases/{shown['parent']['database_id']}")

    assert shown["created_time"].endswith(":00.000Z")
    assert database["created_time"].endswith("+00:00")
    assert len(database["created_time"]) == len("2026-07-04T09:09:45.607+00:00")
