"""What a connection may see and do, and how that changes under it."""

from typing import Any

import pytest

from local.twins.notion.seed import BOT_ID, ROOT_PAGE_ID, WORKSPACE_ID
from tests.twins.notion.rig import BASIC, Api, Rig

EVERYTHING = (
    "read_content", "insert_content", "update_content", "read_comment", "insert_comment", "read_user_with_email",
    "read_user_without_email",
)  # fmt: skip
DAY_S = 86_400


def grant(rig: Rig, *capabilities: str) -> None:
    rig.order("capabilities", {"bot_id": BOT_ID, "capabilities": capabilities})


def without(rig: Rig, *missing: str) -> None:
    grant(rig, *(one for one in EVERYTHING if one not in missing))


def child_of(parent: str, title: str = "Below") -> dict[str, Any]:
    return {"parent": {"page_id": parent}, "properties": {"title": [{"text": {"content": title}}]}}


def unshare(rig: Rig, identifier: str, *, shared: bool = False) -> None:
    rig.order("share", {"bot_id": BOT_ID, "page_id": identifier, "shared": shared})


NEEDS: list[tuple[str, str, str, Any]] = [
    ("read_content", "GET", "/v1/pages/{page}", None),
    ("read_content", "POST", "/v1/data_sources/{source}/query", {}),
    ("read_content", "POST", "/v1/search", {}),
    ("read_content", "GET", "/v1/pages/{page}/markdown", None),
    ("insert_content", "POST", "/v1/pages", child_of(ROOT_PAGE_ID)),
    ("insert_content", "PATCH", "/v1/blocks/{page}/children", {"children": [{"divider": {}}]}),
    (
        "insert_content",
        "PATCH",
        "/v1/pages/{page}/markdown",
        {"type": "insert_content", "insert_content": {"content": "x"}},
    ),
    ("update_content", "PATCH", "/v1/pages/{page}", {"in_trash": True}),
    (
        "update_content",
        "PATCH",
        "/v1/pages/{page}/markdown",
        {"type": "replace_content", "replace_content": {"new_str": "x"}},
    ),
    ("update_content", "PATCH", "/v1/data_sources/{source}", {"properties": {}}),
    ("read_comment", "GET", "/v1/comments?block_id={page}", None),
    ("insert_comment", "POST", "/v1/comments", {"parent": {"page_id": ROOT_PAGE_ID}, "rich_text": []}),
    ("read_user_without_email", "GET", "/v1/users", None),
]


@pytest.mark.parametrize(("capability", "method", "path", "body"), NEEDS, ids=lambda value: str(value)[:40])
def test_an_endpoint_refuses_whoever_lacks_its_capability(
    rig: Rig, api: Api, capability: str, method: str, path: str, body: Any
) -> None:
    source = api.table()
    page = api.row(source)["id"]
    without(rig, capability, *(["read_user_with_email"] if "user" in capability else []))

    refusal = api.refused(method, path.format(page=page, source=source), body)

    assert (refusal["status"], refusal["code"]) == (403, "restricted_resource")
    assert refusal["message"] == "Insufficient permissions for this endpoint."


def test_a_writer_that_may_not_read_learns_only_the_id_of_what_it_made(rig: Rig, api: Api) -> None:
    grant(rig, "insert_content")

    made = api.ok("POST", "/v1/pages", child_of(ROOT_PAGE_ID))

    assert set(made) == {"object", "id", "request_id"}


def test_addresses_are_left_out_for_whoever_may_not_see_them(rig: Rig, api: Api) -> None:
    without(rig, "read_user_with_email")

    person = next(user for user in api.ok("GET", "/v1/users")["results"] if user["type"] == "person")

    assert person["person"] == {}


def test_people_are_only_ids_to_whoever_may_not_know_users(rig: Rig, api: Api) -> None:
    person = next(user for user in api.ok("GET", "/v1/users")["results"] if user["type"] == "person")
    page = api.row(api.table(), Owner={"people": [{"id": person["id"]}]})["id"]
    without(rig, "read_user_with_email", "read_user_without_email")

    owners = api.ok("GET", f"/v1/pages/{page}")["properties"]["Owner"]["people"]

    assert owners == [{"object": "user", "id": person["id"]}]


def test_introspection_names_the_capabilities(rig: Rig) -> None:
    token = rig.connect()["access_token"]
    grant(rig, "read_content", "insert_content")

    told = rig.http.post("/v1/oauth/introspect", json={"token": token}, auth=BASIC).json()

    assert told["scope"] == "read_content insert_content"


def test_a_subtree_that_is_no_longer_shared_is_gone_and_its_neighbours_stay(rig: Rig, api: Api) -> None:
    hidden = api.ok("POST", "/v1/pages", child_of(ROOT_PAGE_ID))["id"]
    below = api.ok("POST", "/v1/pages", child_of(hidden))["id"]
    beside = api.ok("POST", "/v1/pages", child_of(ROOT_PAGE_ID))["id"]

    unshare(rig, hidden)

    assert [api.call("GET", f"/v1/pages/{page}").status_code for page in (hidden, below, beside)] == [404, 404, 200]


def test_what_is_shared_again_is_back(rig: Rig, api: Api) -> None:
    page = api.ok("POST", "/v1/pages", child_of(ROOT_PAGE_ID))["id"]
    unshare(rig, page)

    unshare(rig, page, shared=True)

    assert api.ok("GET", f"/v1/pages/{page}")["id"] == page


def test_a_database_that_is_no_longer_shared_hides_its_rows(rig: Rig, api: Api) -> None:
    source = api.table()
    row = api.row(source)["id"]
    database = api.ok("GET", f"/v1/data_sources/{source}")["parent"]["database_id"]

    unshare(rig, database)

    row_itself = api.call("GET", f"/v1/pages/{row}")
    rows = api.call("POST", f"/v1/data_sources/{source}/query", {})
    assert (row_itself.status_code, rows.status_code) == (404, 404)


def test_a_row_that_is_no_longer_shared_is_missing_in_queries(rig: Rig, api: Api) -> None:
    source = api.table()
    api.row(source, "stays")
    hidden = api.row(source, "goes")["id"]

    unshare(rig, hidden)

    assert api.titles(source) == ["stays"]


def test_relations_to_what_is_not_shared_are_silently_empty(rig: Rig, api: Api) -> None:
    films = api.table()
    film = api.row(films)["id"]
    related = {"relation": {"data_source_id": films, "type": "single_property", "single_property": {}}}
    logs = api.table({"Name": {"title": {}}, "Film": related}, "Logs")
    log = api.row(logs, Film={"relation": [{"id": film}]})["id"]

    unshare(rig, film)

    assert api.ok("GET", f"/v1/pages/{log}")["properties"]["Film"]["relation"] == []


def test_a_page_leaves_the_trash_for_good_after_thirty_days(rig: Rig, api: Api) -> None:
    page = api.row(api.table())["id"]
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    statuses = []
    for days in (29, 31):
        rig.order("clock", {"offset_s": days * DAY_S})
        statuses.append(api.call("GET", f"/v1/pages/{page}").status_code)

    assert statuses == [200, 404]


def test_a_free_workspace_of_several_makes_no_more_than_its_blocks(rig: Rig, api: Api) -> None:
    rig.order("people", {"workspace_id": WORKSPACE_ID, "name": "Second"})
    rig.order("switches", {"free_block_limit": 3})
    page = api.row(api.table())["id"]

    appended = [api.call("PATCH", f"/v1/blocks/{page}/children", {"children": [{"divider": {}}]}) for _ in range(2)]
    edited = api.call("PATCH", f"/v1/pages/{page}", {"properties": {"Budget": {"number": 1}}})

    assert [answer.status_code for answer in appended] == [200, 403]
    assert appended[1].json()["additional_data"] == {"block_limit": "block_creation"}
    assert edited.status_code == 200


def test_a_refused_block_leaves_no_trace(rig: Rig, api: Api) -> None:
    rig.order("people", {"workspace_id": WORKSPACE_ID, "name": "Second"})
    rig.order("switches", {"free_block_limit": 0})

    api.refused("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [{"divider": {}}]})

    assert api.ok("GET", f"/v1/blocks/{ROOT_PAGE_ID}/children")["results"] == []


def test_a_single_person_or_a_paid_plan_has_no_limit(rig: Rig, api: Api) -> None:
    rig.order("switches", {"free_block_limit": 0})
    alone = api.call("POST", "/v1/pages", child_of(ROOT_PAGE_ID))
    rig.order("people", {"workspace_id": WORKSPACE_ID, "name": "Second"})
    rig.order("plan", {"workspace_id": WORKSPACE_ID, "plan": "plus"})
    paying = api.call("POST", "/v1/pages", child_of(ROOT_PAGE_ID))

    assert (alone.status_code, paying.status_code) == (200, 200)
