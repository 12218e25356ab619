"""The exact words of refusals, and the order in which requests are checked."""

import json
from typing import Any

import httpx
import pytest

from local.twins.notion.seed import BOT_ID, ROOT_PAGE_ID
from tests.twins.notion.rig import RECORDED, Api, Rig

NOBODY = "00000000-0000-4000-8000-000000000000"
LONG = "x" * 2001


def paragraph(text: str) -> dict[str, Any]:
    return {"paragraph": {"rich_text": [{"text": {"content": text}}]}}


def child_page(**body: Any) -> dict[str, Any]:
    return {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}} | body


SHAPES: list[tuple[str, str, Any, str]] = [
    (
        "POST", "/v1/pages", child_page(children=[paragraph(LONG)]),
        "body failed validation: body.children[0].paragraph.rich_text[0].text.content.length should be ≤ `2000`, "
        "instead was `2001`.",
    ),
    (
        "POST", "/v1/pages", child_page(children=[paragraph("x")] * 101),
        "body failed validation: body.children.length should be ≤ `100`, instead was `101`.",
    ),
    (
        "POST", "/v1/pages", child_page(children="x"),
        'body failed validation: body.children should be an array, instead was `"x"`.',
    ),
    (
        "POST", "/v1/pages", child_page(colour="red"),
        'body failed validation: body.colour should be not present, instead was `"red"`.',
    ),
    (
        "POST", "/v1/pages", child_page(children="x", colour="red"),
        'body failed validation. Fix one:\nbody.colour should be not present, instead was `"red"`.\n'
        'body.children should be an array, instead was `"x"`.',
    ),
    (
        "POST", "/v1/databases", {},
        "body failed validation. Fix one:\nbody.parent should be defined, instead was `undefined`.\n"
        "body.parent.page_id should be defined, instead was `undefined`.",
    ),
    (
        "GET", "/v1/pages/not-an-id", None,
        'path failed validation: path.page_id should be a valid uuid, instead was `"not-an-id"`.',
    ),
    (
        "GET", "/v1/users?page_size=101", None,
        "query failed validation: query.page_size should be ≤ `100` or `undefined`, instead was `101`.",
    ),
    ("GET", "/v1/users?start_cursor=bogus", None, "The start_cursor provided is invalid: bogus"),
    (
        "PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"archived": True},
        "body failed validation: body.archived should be not present, instead was `true`.",
    ),
    ("POST", "/v1/search", [1], "body failed validation: body should be an object, instead was `[1]`."),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "message"), SHAPES)
def test_a_wrong_shape_is_named_in_notions_words(api: Api, method: str, path: str, body: Any, message: str) -> None:
    refusal = api.refused(method, path, body)

    assert (refusal["status"], refusal["code"], refusal["message"]) == (400, "validation_error", message)


VALUES: list[tuple[dict[str, Any], str]] = [
    ({"Nope": {"number": 1}}, "Nope is not a property that exists."),
    ({"Budget": {"rich_text": []}}, "Budget is expected to be number."),
    ({"Status": {"status": {"name": "Lost"}}}, 'Invalid status option. Status option "Lost" does not exist".'),
    ({"Type": {"select": {"name": "A, b"}}}, "Invalid select option, commas not allowed: A, b"),
    ({"Team": {"multi_select": [{"name": "A, b"}]}}, "Invalid multi_select option, commas not allowed: A, b"),
    (
        {"Start": {"date": {"start": "2022/01/02"}}},
        "body failed validation: body.properties.Start.date.start should be a valid ISO 8601 date string, "
        'instead was `"2022/01/02"`.',
    ),
    (
        {"Description": {"rich_text": [{"text": {"content": LONG}}]}},
        "body failed validation: body.properties.Description.rich_text[0].text.content.length should be ≤ `2000`, "
        "instead was `2001`.",
    ),
    (
        {"Description": {"rich_text": [{"text": {"content": "x"}}] * 101}},
        "body failed validation: body.properties.Description.rich_text.length should be ≤ `100`, instead was `101`.",
    ),
    (
        {"Mail": {"email": "x" * 201}},
        "body failed validation: body.properties.Mail.email.length should be ≤ `200`, instead was `201`.",
    ),
    (
        {"Link": {"url": "x" * 2001}},
        "body failed validation: body.properties.Link.url.length should be ≤ `2000`, instead was `2001`.",
    ),
    (
        {"Link": {"url": ""}},
        "body failed validation: body.properties.Link.url.length should be ≥ `1`, instead was `0`.",
    ),
    (
        {"Team": {"multi_select": [{"name": "x"}] * 101}},
        "body failed validation: body.properties.Team.multi_select.length should be ≤ `100`, instead was `101`.",
    ),
    (
        {"Budget": {"number": "12"}},
        'body failed validation: body.properties.Budget.number should be a number or `null`, instead was `"12"`.',
    ),
]


@pytest.mark.parametrize(("properties", "message"), VALUES)
def test_a_wrong_value_is_named_in_notions_words(api: Api, properties: dict[str, Any], message: str) -> None:
    page = api.row(api.table())["id"]

    refusal = api.refused("PATCH", f"/v1/pages/{page}", {"properties": properties})

    assert (refusal["code"], refusal["message"]) == ("validation_error", message)


QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"filter": {"property": "X", "number": {"equals": 1}}}, "Could not find property with name or id: X"),
    ({"sorts": [{"property": "X"}]}, "Could not find sort property with name or id: X"),
    (
        {"filter": {"property": "Budget", "rich_text": {"equals": "1"}}},
        "The property type in the database does not match the property type of the filter provided: "
        "database property number does not match filter rich_text",
    ),
    (
        {"page_size": 101},
        "body failed validation: body.page_size should be ≤ `100` or `undefined`, instead was `101`.",
    ),
    ({"start_cursor": "bogus"}, "The start_cursor provided is invalid: bogus"),
]


@pytest.mark.parametrize(("body", "message"), QUERIES)
def test_a_wrong_query_is_named_in_notions_words(api: Api, body: dict[str, Any], message: str) -> None:
    assert api.refused("POST", f"/v1/data_sources/{api.table()}/query", body)["message"] == message


@pytest.mark.parametrize(
    "path",
    ["/v1/commentaries", "/v1/databases/x/query", f"/v1/pages/{ROOT_PAGE_ID}/nothing"],
)
def test_an_unknown_route_is_said_before_the_token_is_looked_at(rig: Rig, path: str) -> None:
    refusal = rig.http.post(path, json={}).json()

    assert (refusal["code"], refusal["message"]) == ("invalid_request_url", "Invalid request URL.")


@pytest.mark.parametrize("body", [b"{", b'{"a":NaN}', b"\xff", b"[" * 100_000])
def test_bad_json_is_said_before_the_token_is_looked_at(rig: Rig, body: bytes) -> None:
    answer = rig.http.post("/v1/pages", content=body)

    assert (answer.status_code, answer.json()["message"]) == (400, "Error parsing JSON body.")


@pytest.mark.parametrize("header", [{}, {"authorization": "Basic abc"}, {"authorization": "Bearer"}])
def test_a_missing_token_is_told_apart_from_a_bad_one(rig: Rig, header: dict[str, str]) -> None:
    answer = rig.http.get("/v1/users/me", headers=header)

    assert answer.status_code == 401
    assert answer.json()["message"] == 'Authorization header must use the format "Bearer <token>".'


def test_a_bad_token_is_said_before_the_version_is_looked_at(rig: Rig) -> None:
    refusal = rig.http.get("/v1/users/me", headers={"authorization": "Bearer nobody"}).json()

    assert (refusal["code"], refusal["message"]) == ("unauthorized", "API token is invalid.")


def test_a_missing_version_is_said_before_the_shape_is_looked_at(rig: Rig) -> None:
    headers = {"authorization": f"Bearer {rig.connect()['access_token']}"}

    refusal = rig.http.get("/v1/pages/not-an-id", headers=headers).json()

    assert refusal["code"] == "missing_version"
    assert refusal["message"] == (
        "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`."
    )


def test_the_old_version_is_refused(rig: Rig) -> None:
    with rig.api(rig.connect()["access_token"], "2022-06-28") as api:
        assert api.refused("GET", "/v1/users/me")["code"] == "validation_error"


def test_what_is_not_there_is_said_with_the_bots_id(api: Api) -> None:
    refusal = api.refused("GET", f"/v1/pages/{NOBODY}")

    assert refusal["message"] == (
        f"Could not find page with ID: {NOBODY}. Make sure the relevant pages and databases are shared with your "
        'integration "NavSync".'
    )
    assert refusal["additional_data"] == {"integration_id": BOT_ID}


def test_the_noun_of_a_404_can_be_switched(rig: Rig, api: Api) -> None:
    rig.order("switches", {"not_found_wording": "connection"})

    assert 'your connection "NavSync"' in api.refused("GET", f"/v1/pages/{NOBODY}")["message"]


def test_a_page_in_the_trash_cannot_be_edited(api: Api) -> None:
    page = api.row(api.table())["id"]
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    refusal = api.refused("PATCH", f"/v1/pages/{page}", {"properties": {"Budget": {"number": 1}}})

    assert refusal["message"] == "Can't edit block that is archived. You must unarchive the block before editing."


def test_the_envelope_keeps_notions_order_and_repeats_the_request_id_as_a_header(api: Api) -> None:
    answer = api.call("GET", f"/v1/pages/{NOBODY}")

    assert list(answer.json()) == ["object", "status", "code", "message", "additional_data", "request_id"]
    assert answer.headers["x-notion-request-id"] == answer.json()["request_id"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_payload_over_500_kb_is_refused(api: Api) -> None:
    body = json.dumps(child_page(padding="x" * 500_000))

    answer = api.http.post("/v1/pages", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


def test_a_third_level_of_children_is_refused(api: Api) -> None:
    third = {"toggle": {"rich_text": [], "children": [paragraph("3")]}}
    second = {"toggle": {"rich_text": [], "children": [third]}}

    assert api.refused("POST", "/v1/pages", child_page(children=[second]))["code"] == "validation_error"


def test_the_older_version_takes_archived(rig: Rig) -> None:
    with rig.api(rig.connect()["access_token"], RECORDED) as api:
        page = api.ok("POST", "/v1/pages", child_page())["id"]

        assert api.ok("PATCH", f"/v1/pages/{page}", {"archived": True})["archived"] is True


def test_a_read_only_property_cannot_be_written(api: Api) -> None:
    page = api.row(api.table())["id"]

    body = {"properties": {"Edited": {"last_edited_time": "2026-01-01T00:00:00.000Z"}}}

    assert api.refused("PATCH", f"/v1/pages/{page}", body)["code"] == "validation_error"


def test_an_astral_character_counts_twice_unless_the_switch_says_otherwise(rig: Rig, api: Api) -> None:
    page = api.row(api.table())["id"]
    body = {"properties": {"Description": {"rich_text": [{"text": {"content": "😀" * 1500}}]}}}

    refused = api.call("PATCH", f"/v1/pages/{page}", body)
    rig.order("switches", {"length_unit": "code_points"})
    taken = api.call("PATCH", f"/v1/pages/{page}", body)

    assert (refused.status_code, taken.status_code) == (400, 200)


def test_half_a_surrogate_pair_does_no_harm(api: Api) -> None:
    source = api.table()
    body = b'{"parent":{"data_source_id":"%s"},"properties":{"Name":{"title":[{"text":{"content":"a\\ud800b"}}]}}}'

    answer = api.http.post("/v1/pages", content=body % source.encode())

    assert answer.status_code == 200
    assert api.query(source)["results"][0]["properties"]["Name"]["title"][0]["plain_text"] == "a\ufffdb"


def test_the_twin_answers_only_to_names_of_this_machine(rig: Rig) -> None:
    with httpx.Client(base_url=rig.url, headers={"host": "evil.example"}) as http:
        assert http.get("/v1/users/me").status_code == 403
