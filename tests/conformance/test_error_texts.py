"""The exact words of Notion's refusals, one row each: status, code and message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from local.twins.notion.outages import NAMES, SAVED
from local.twins.notion.seed import BOT_ID, WORKSPACE_ID
from tests.conformance.place import PROBED, Place
from tests.conformance.witness import Witness
from tests.twins.notion.rig import Api, Rig

NOBODY = "00000000-0000-4000-8000-000000000000"
TRASHED = "Can't edit block that is archived. You must unarchive the block before editing."
UNAVAILABLE = "Notion is unavailable, please try again later."
LIMITED = "You have been rate limited. Please try again later."


@dataclass
class Desk:
    """Somebody with a connection and a table, who asks for trouble."""

    api: Api
    nobody: httpx.Client
    """Calls without the headers of a connection."""
    place: Place
    source: str
    page: str
    connection: str
    """What people call it."""

    def bare(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self.nobody.request(method, path, **kwargs)

    def create(self, **body: Any) -> httpx.Response:
        return self.api.call("POST", "/v1/pages", {"parent": {"page_id": self.place.page}, "properties": {}} | body)

    def edit(self, **properties: Any) -> httpx.Response:
        return self.api.call("PATCH", f"/v1/pages/{self.page}", {"properties": properties})

    def query(self, **body: Any) -> httpx.Response:
        return self.api.call("POST", f"/v1/data_sources/{self.source}/query", body)

    def trash(self) -> "Desk":
        self.api.ok("PATCH", f"/v1/pages/{self.page}", {"in_trash": True})
        return self


@dataclass
class TwinDesk(Desk):
    """The same at a twin, which can be told to be in trouble itself."""

    rig: Rig

    def without(self, capability: str) -> Desk:
        bot = next(bot for bot in self.rig.look("state")["bots"] if bot["id"] == BOT_ID)
        left = [one for one in bot["capabilities"] if one != capability]
        self.rig.order("capabilities", {"bot_id": BOT_ID, "capabilities": left})
        return self

    def with_switches(self, **switches: Any) -> Desk:
        self.rig.order("switches", switches)
        return self

    def in_a_bad_moment(self, name: str, **more: Any) -> Desk:
        self.rig.order("outages", {"outages": [{"name": name} | more]})
        return self

    def on_a_full_free_plan(self) -> Desk:
        self.rig.order("people", {"workspace_id": WORKSPACE_ID, "name": "Second member"})
        return self.with_switches(free_block_limit=1)


@pytest.fixture(scope="module")
def table(place: Place, witness: Witness) -> Iterator[Desk]:
    """A desk that many use: nobody spoils more than one page."""
    with place.http(witness) as http, place.http(witness, headers={}) as nobody:
        api = Api(http)
        source, us = api.table(below=place.page), api.ok("GET", "/v1/users/me")
        yield Desk(api, nobody, place, source, "", us["name"])


@pytest.fixture
def desk(table: Desk) -> Desk:
    return replace(table, page=table.api.row(table.source)["id"])


@pytest.fixture
def at_a_twin(rig: Rig) -> Iterator[TwinDesk]:
    rig.order("reset", {})
    rig.order("switches", {"requests_per_window": 100_000})
    token = rig.connect()["access_token"]
    with rig.api(token) as api:
        source = api.table()
        yield TwinDesk(api, rig.http, Place(rig.url, token), source, api.row(source)["id"], "NavSync", rig)


@pytest.fixture(scope="module", autouse=True)
def _evidence(witness: Witness) -> Iterator[None]:
    yield
    if PROBED is None:
        witness.testify("error_texts", "error_text", [call for call in witness.calls if call.status >= 400])


def paragraphs(text: str, count: int = 1) -> list[Any]:
    return [{"paragraph": {"rich_text": [{"text": {"content": text}}]}}] * count


type Row = tuple[str, Callable[[Desk], httpx.Response], int, str, str]
"""What is asked for; its status, code and message, `{connection}` standing for what people call it."""
type TwinRow = tuple[str, Callable[[TwinDesk], httpx.Response], int, str, str]
ROUTES: list[Row] = [
    ("no JSON", lambda d: d.bare("POST", "/v1/pages", content=b"{"), 400, "invalid_json", "Error parsing JSON body."),
    ("no route", lambda d: d.bare("GET", "/v1/nothing"), 400, "invalid_request_url", "Invalid request URL."),
    (
        "no version",
        lambda d: d.bare("GET", "/v1/users/me", headers={"authorization": d.api.http.headers["authorization"]}),
        400, "missing_version",
        "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`.",
    ),
    (
        "no token", lambda d: d.bare("GET", "/v1/users/me"), 401, "unauthorized",
        'Authorization header must use the format "Bearer <token>".',
    ),
    (
        "a bad token", lambda d: d.bare("GET", "/v1/users/me", headers={"authorization": "Bearer x"}), 401,
        "unauthorized",
        "API token is invalid.",
    ),
    (
        "not shared", lambda d: d.api.call("GET", f"/v1/pages/{NOBODY}"), 404, "object_not_found",
        f"Could not find page with ID: {NOBODY}. Make sure the relevant pages and databases are shared with your "
        'integration "{connection}".',
    ),
    ("the trash", lambda d: d.trash().edit(Budget={"number": 1}), 400, "validation_error", TRASHED),
]  # fmt: skip
SHAPES: list[Row] = [
    (
        "a long text", lambda d: d.create(children=paragraphs("x" * 2001)), 400, "validation_error",
        "body failed validation: body.children[0].paragraph.rich_text[0].text.content.length should be ≤ `2000`, "
        "instead was `2001`.",
    ),
    (
        "many children", lambda d: d.create(children=paragraphs("x", 101)), 400, "validation_error",
        "body failed validation: body.children.length should be ≤ `100`, instead was `101`.",
    ),
    (
        "no children", lambda d: d.api.call("PATCH", f"/v1/blocks/{d.page}/children", {}), 400, "validation_error",
        "body failed validation: body.children should be defined, instead was `undefined`.",
    ),
    (
        "children that are no array", lambda d: d.create(children="x"), 400, "validation_error",
        'body failed validation: body.children should be an array, instead was `"x"`.',
    ),
    (
        "a strange key", lambda d: d.create(colour="red"), 400, "validation_error",
        'body failed validation: body.colour should be not present, instead was `"red"`.',
    ),
    (
        "two mistakes", lambda d: d.create(colour="red", children="x"), 400, "validation_error",
        'body failed validation. Fix one:\nbody.colour should be not present, instead was `"red"`.\n'
        'body.children should be an array, instead was `"x"`.',
    ),
    (
        "no uuid", lambda d: d.api.call("GET", "/v1/pages/not-an-id"), 400, "validation_error",
        'path failed validation: path.page_id should be a valid uuid, instead was `"not-an-id"`.',
    ),
    (
        "a strange cursor", lambda d: d.api.call("GET", "/v1/users?start_cursor=bogus"), 400, "validation_error",
        "The start_cursor provided is invalid: bogus",
    ),
    (
        "a large page", lambda d: d.api.call("GET", "/v1/users?page_size=101"), 400, "validation_error",
        "query failed validation: query.page_size should be ≤ `100` or `undefined`, instead was `101`.",
    ),
]  # fmt: skip
VALUES: list[Row] = [
    (
        "an unknown property", lambda d: d.edit(Nope={"number": 1}), 400, "validation_error",
        "Nope is not a property that exists.",
    ),
    (
        "another type", lambda d: d.edit(Budget={"rich_text": []}), 400, "validation_error",
        "Budget is expected to be number.",
    ),
    (
        "an unknown status", lambda d: d.edit(Status={"status": {"name": "X"}}), 400, "validation_error",
        'Invalid status option. Status option "X" does not exist".',
    ),
    (
        "a comma in a select", lambda d: d.edit(Type={"select": {"name": "A, b"}}), 400, "validation_error",
        "Invalid select option, commas not allowed: A, b",
    ),
    (
        "a comma in a multi-select", lambda d: d.edit(Team={"multi_select": [{"name": "A, b"}]}), 400,
        "validation_error",
        "Invalid multi_select option, commas not allowed: A, b",
    ),
    (
        "no date", lambda d: d.edit(Start={"date": {"start": "2022/01/02"}}), 400, "validation_error",
        "body failed validation: body.properties.Start.date.start should be a valid ISO 8601 date string, "
        'instead was `"2022/01/02"`.',
    ),
    (
        "a filter on nothing", lambda d: d.query(filter={"property": "X", "number": {"equals": 1}}), 400,
        "validation_error", "Could not find property with name or id: X",
    ),
    (
        "a sort by nothing", lambda d: d.query(sorts=[{"property": "X"}]), 400, "validation_error",
        "Could not find sort property with name or id: X",
    ),
    (
        "a filter of another type", lambda d: d.query(filter={"property": "Budget", "rich_text": {"equals": "1"}}), 400,
        "validation_error",
        "The property type in the database does not match the property type of the filter provided: "
        "database property number does not match filter rich_text",
    ),
]  # fmt: skip
AT_A_TWIN: list[TwinRow] = [
    (
        "a missing capability", lambda d: d.without("insert_content").create(), 403, "restricted_resource",
        "Insufficient permissions for this endpoint.",
    ),
    (
        "not shared, in the words of October 2026",
        lambda d: d.with_switches(not_found_wording="connection").api.call("GET", f"/v1/pages/{NOBODY}"),
        404, "object_not_found",
        f"Could not find page with ID: {NOBODY}. Make sure the relevant pages and databases are shared with your "
        'connection "NavSync".',
    ),
    (
        "a full free plan", lambda d: d.on_a_full_free_plan().create(), 403, "restricted_resource",
        "This workspace has used all of its free blocks. Upgrade its plan in Notion to create more content. "
        "Learn more: https://www.notion.com/help/understanding-block-usage",
    ),
    (
        "a strange cursor, in the older words",
        lambda d: d.with_switches(cursor_wording="older").api.call("GET", "/v1/users?start_cursor=bogus"),
        400, "validation_error",
        'query failed validation: query.start_cursor should be a valid uuid or `undefined`, instead was `"bogus"`.',
    ),
]  # fmt: skip
BAD_MOMENTS: list[tuple[str, int, str, str, dict[str, Any]]] = [
    ("conflict_error", 409, "conflict_error", "Conflict occurred while saving. Please try again.", {}),
    ("connection_limited", 429, "rate_limited", LIMITED, {"retry_after": 49}),
    ("workspace_limited", 429, "rate_limited", LIMITED, {"retry_after": 900}),
    ("endpoint_limited", 429, "rate_limited", LIMITED, {"retry_after": 5}),
    ("request_blocked", 429, "rate_limited", LIMITED, {}),
    ("internal_server_error", 500, "internal_server_error", "Unexpected error occurred.", {}),
    ("bad_gateway", 502, "bad_gateway", "Bad Gateway", {}),
    ("service_unavailable", 503, "service_unavailable", UNAVAILABLE, {}),
    ("database_connection_unavailable", 503, "database_connection_unavailable", UNAVAILABLE, {}),
    ("saved", 503, "service_unavailable", SAVED, {}),
    ("gateway_timeout", 504, "gateway_timeout", "Gateway Timeout", {}),
    (
        "service_overload", 529, "service_overload", "Notion is temporarily overloaded. Please try again later.",
        {"retry_after": 7},
    ),
]  # fmt: skip
WITHOUT_KNOWN_TEXT = {"row_limit_exceeded", "edge"}


@pytest.mark.parametrize("row", [*ROUTES, *SHAPES, *VALUES], ids=lambda row: row[0])
def test_a_refusal_says_what_notion_says(desk: Desk, row: Row) -> None:
    _, ask, status, code, message = row

    refusal = ask(desk).json()

    words = message.replace("{connection}", desk.connection)
    assert (refusal["status"], refusal["code"], refusal["message"]) == (status, code, words)


@pytest.mark.parametrize("row", AT_A_TWIN, ids=lambda row: row[0])
def test_a_refusal_of_who_lacks_something_says_what_notion_says(at_a_twin: TwinDesk, row: TwinRow) -> None:
    _, ask, status, code, message = row

    refusal = ask(at_a_twin).json()

    assert (refusal["status"], refusal["code"], refusal["message"]) == (status, code, message)


@pytest.mark.parametrize(
    ("name", "status", "code", "message", "more"), BAD_MOMENTS, ids=[row[0] for row in BAD_MOMENTS]
)
def test_a_bad_moment_says_what_notion_says(
    at_a_twin: TwinDesk, name: str, status: int, code: str, message: str, more: dict[str, Any]
) -> None:
    answer = at_a_twin.in_a_bad_moment(name, **more).create()
    refusal = answer.json()

    assert (answer.status_code, refusal["code"], refusal["message"]) == (status, code, message)
    assert answer.headers.get("retry-after") == refusal.get("additional_data", {}).get("retry_after")


def test_every_bad_moment_whose_text_is_known_is_in_the_table() -> None:
    assert {row[0] for row in BAD_MOMENTS} == set(NAMES) - WITHOUT_KNOWN_TEXT


def test_a_refusal_before_the_token_is_in_the_standard_envelope(desk: Desk) -> None:
    refusal = desk.bare("GET", "/v1/nothing").json()

    assert list(refusal) == ["object", "status", "code", "message", "request_id"]


def test_the_edge_answers_html_without_notions_request_id(at_a_twin: TwinDesk) -> None:
    answer = at_a_twin.in_a_bad_moment("edge").create()

    assert answer.headers["content-type"].startswith("text/html")
    assert "cf-ray" in answer.headers
    assert "x-notion-request-id" not in answer.headers


def test_what_was_saved_before_the_answer_failed_is_named_and_there(at_a_twin: TwinDesk) -> None:
    refusal = at_a_twin.in_a_bad_moment("saved").create().json()

    made = refusal["additional_data"]["committed_resource_id"]
    assert at_a_twin.api.ok("GET", f"/v1/pages/{made}")["id"] == made


def test_blocks_that_were_saved_are_named_with_what_they_were_appended_to(at_a_twin: TwinDesk) -> None:
    at_a_twin.in_a_bad_moment("saved")
    refusal = at_a_twin.api.call("PATCH", f"/v1/blocks/{at_a_twin.page}/children", {"children": paragraphs("x")}).json()

    children = at_a_twin.api.ok("GET", f"/v1/blocks/{at_a_twin.page}/children")["results"]
    assert refusal["additional_data"]["committed_resource_id"] == at_a_twin.page
    assert refusal["additional_data"]["committed_child_ids"] == [child["id"] for child in children]


@pytest.mark.parametrize("body", [{"grant_type": "authorization_code", "code": "used"}])
def test_a_dead_code_is_refused_in_oauths_own_envelope(at_a_twin: TwinDesk, body: dict[str, str]) -> None:
    answer = at_a_twin.rig.exchange(**body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_secret_is_refused_in_oauths_own_envelope(at_a_twin: TwinDesk) -> None:
    answer = at_a_twin.bare(
        "POST", "/v1/oauth/token", json={"grant_type": "authorization_code"}, auth=("nobody", "wrong")
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_every_refusal_is_as_notion_describes_it(witness: Witness) -> None:
    assert not witness.findings, "\n".join(witness.findings)
