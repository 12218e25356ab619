"""Each failure that Notion documents, that its twin can have, or that a network can cause has a named recovery."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from notion_client import APIErrorCode

from local.twins.notion.outages import NAMES
from navsync.errors import Blocked, Down, MissingCapability, Raced, Refused, Suspended, SyncError, Unclear
from navsync.notion import Gateway, connect
from navsync.notion.failures import RECOVERIES, Committed
from tests.contract import stages
from tests.unit.test_notion_errors import Wire, error

DOCUMENTED = json.loads((Path(__file__).parent / "documented.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
A_YEAR = 365 * 24 * 3600


# --- what is documented ----------------------------------------------------------------------------------------------


def test_every_documented_code_has_a_recovery_and_no_other_has() -> None:
    assert {code for _, code in DOCUMENTED["codes"]} == set(RECOVERIES)


def test_the_document_knows_what_the_sdk_knows() -> None:
    assert {code.value for code in APIErrorCode} <= {code for _, code in DOCUMENTED["codes"]}


@pytest.mark.parametrize(("status", "code"), DOCUMENTED["codes"])
def test_a_documented_code_means_the_same_under_another_status(status: int, code: str) -> None:
    usual, unusual = Wire([error(status, code)]), Wire([error(418, code)])

    assert _how_it_fails(usual.read) == _how_it_fails(unusual.read)


REASONS: dict[str, tuple[type[SyncError], dict[str, bool]]] = {
    "public_api_request_rate_limit": (Blocked, {"whole_workspace": False, "too_fast": True}),
    "public_api_endpoint_rate_limit": (Blocked, {"whole_workspace": False, "too_fast": True}),
    "public_api_space_request_rate_limit": (Blocked, {"whole_workspace": True, "too_fast": False}),
    "public_api_request_blocked": (Suspended, {}),
    "a_reason_that_nobody_has_seen": (Blocked, {"whole_workspace": False, "too_fast": True}),
}


@pytest.mark.parametrize("reason", [*DOCUMENTED["rate_limit_reasons"], "a_reason_that_nobody_has_seen"])
def test_every_reason_of_a_limit_has_its_own_recovery(reason: str) -> None:
    with pytest.raises(SyncError) as failure:
        Wire([error(429, "rate_limited", rate_limit_reason=reason, retry_after="7")]).read()

    recovery, facts = REASONS[reason]
    assert type(failure.value) is recovery
    assert {name: getattr(failure.value, name) for name in facts} == facts


def test_an_overload_says_nothing_of_our_pace() -> None:
    with pytest.raises(Blocked) as failure:
        Wire([error(529, "service_overload", retry_after="7")]).read()

    assert (failure.value.too_fast, failure.value.whole_workspace) == (False, False)


# --- how long a pause is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("61", 61),
        ("3600", 3600),
        ("0.2", 1),
        ("-5", 1),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 7200),
        ("Sunday, 22-Nov-26 12:00:00 GMT", 7200),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 1),
        ("Sun, 22 Nov 2026 12:00:00 -0000", 60),
        ("soon", 60),
        ("nan", 60),
        ("1e30", A_YEAR),
    ],
)
@pytest.mark.parametrize("where", ["header", "body"])
def test_a_pause_is_read_wherever_and_however_it_is_said(where: str, said: str, seconds: int) -> None:
    headers, additional = ({"retry-after": said}, {}) if where == "header" else ({}, {"retry_after": said})

    with pytest.raises(Blocked) as failure:
        Wire([error(429, "rate_limited", headers=headers, **additional)]).read()

    assert failure.value.until == NOW + timedelta(seconds=seconds)


def test_a_pause_that_an_unavailable_notion_asks_for_is_kept_too() -> None:
    wire = Wire([error(503, "service_unavailable", headers={"retry-after": "120"}), httpx.Response(200, json={})])
    gateway = wire.gateway

    assert _how_it_fails(lambda: gateway.write("PATCH", "pages/1", body={})) is Unclear
    with pytest.raises(Blocked) as failure:
        gateway.read("GET", "pages/1")
    assert (failure.value.until, len(wire.sent)) == (NOW + timedelta(seconds=120), 1)


# --- what is no answer of Notion's -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json=["a", "list"]),
        httpx.Response(200, json=None),
        httpx.Response(200, text=""),
        httpx.Response(200, text="[" * 200_000),
        httpx.Response(200, text=f'{{"number": {"9" * 5_000}}}'),
        httpx.Response(200, content=b"\x1f\x8b broken", headers={"content-type": "application/json"}),
        httpx.Response(503, text='{"object": "error", "code"'),
        httpx.Response(503, text="[" * 200_000),
        httpx.DecodingError("bad gzip"),
        httpx.CloseError("reset"),
    ],
    ids=["list", "null", "nothing", "deep", "long number", "bytes", "cut", "deep error", "bad gzip", "reset"],
)
def test_an_answer_that_cannot_be_understood_leaves_open_what_happened(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Down):
        Wire([answer]).read()
    with pytest.raises(Unclear):
        Wire([answer]).write()


REFUSED, LIMITED, TRIED_LATER = (Refused, Refused), (Blocked, Blocked), (Down, Down)
WHO_KNOWS = (Down, Unclear)
BY_THE_EDGE: dict[tuple[type[SyncError], type[SyncError]], tuple[int, ...]] = {
    REFUSED: (400, 405, 411, 413, 414, 415, 417, 422, 431),
    LIMITED: (429, 529),
    TRIED_LATER: (*range(300, 309), 401, 402, 403, 404, 406, 407, 409, 410, 412, 416, 418, 421, 423, 424, 425, 426, 428,
                  451, 499),
    WHO_KNOWS: (408, *range(500, 529), 530, 599),
}  # fmt: skip
"""How a read and a write fail → the statuses that mean it where HTML comes with them."""


@pytest.mark.parametrize(
    ("status", "recovery"), [(status, recovery) for recovery, all_of in BY_THE_EDGE.items() for status in all_of]
)
def test_every_status_has_a_recovery_where_the_answer_is_html(
    status: int, recovery: tuple[type[SyncError], ...]
) -> None:
    page = httpx.Response(status, html="<html><title>Cloudflare</title></html>", headers={"cf-ray": "1"})

    assert (_how_it_fails(Wire([page]).read), _how_it_fails(Wire([page]).write)) == recovery


def test_every_status_that_there_is_has_been_thought_of() -> None:
    thought_of = {status for all_of in BY_THE_EDGE.values() for status in all_of}

    assert {status.value for status in HTTPStatus if status >= HTTPStatus.MULTIPLE_CHOICES} <= thought_of


@pytest.mark.parametrize("answer", [httpx.Response(413, html="<html>"), error(413, "a_code_that_nobody_has_seen")])
def test_what_is_too_large_to_send_is_to_be_shortened(answer: httpx.Response) -> None:
    with pytest.raises(Refused, match="shorten"):
        Wire([answer]).write()


def test_an_id_that_is_no_part_of_an_address_is_refused() -> None:
    with pytest.raises(Refused, match="id"):
        Wire([httpx.Response(200, json={})]).gateway.read("GET", "pages/a\x00b")


def test_half_a_character_is_refused_before_it_is_sent() -> None:
    wire = Wire([httpx.Response(200, json={})])

    with pytest.raises(Refused, match="half a character"):
        wire.gateway.write("PATCH", "pages/1", body={"title": "\ud83d"})

    assert wire.sent == []


# --- the twin's bad moments, over HTTP -------------------------------------------------------------------------------


@dataclass
class Line:
    """A gateway that does not repeat, and the twin at its other end."""

    stage: stages.NotionStage
    gateway: Gateway
    page: str

    def meets(self, name: str, **more: Any) -> None:
        self.stage.steer("outages", {"outages": [{"name": name} | more]})

    def fails(self, **effect: Any) -> None:
        self.stage.steer("faults", [{"match": {"path": "/v1/**"}, "do": effect}])

    def read(self) -> dict[str, Any]:
        return self.gateway.read("GET", f"pages/{self.page}")

    def write(self) -> dict[str, Any]:
        return self.gateway.write("PATCH", f"pages/{self.page}", body={"properties": {}})


@pytest.fixture
def line(notion: stages.NotionStage) -> Iterator[Line]:
    gateway = stages.gateway(notion.url, stages.Tokens(notion.token), max_retries=0)
    with closing(gateway.client):
        yield Line(notion, gateway, notion.adapter.find_parent())


OUTAGES: dict[str, tuple[type[SyncError], type[SyncError]]] = {
    # name: after a read, after a write
    "conflict_error": (Raced, Raced),
    "row_limit_exceeded": (Refused, Refused),
    "connection_limited": (Blocked, Blocked),
    "workspace_limited": (Blocked, Blocked),
    "endpoint_limited": (Blocked, Blocked),
    "request_blocked": (Suspended, Suspended),
    "internal_server_error": (Down, Unclear),
    "bad_gateway": (Down, Unclear),
    "service_unavailable": (Down, Unclear),
    "database_connection_unavailable": (Down, Unclear),
    "saved": (Down, Committed),
    "gateway_timeout": (Down, Unclear),
    "service_overload": (Blocked, Blocked),
    "edge": (Down, Unclear),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_bad_moment_of_notion_has_its_recovery(line: Line, name: str) -> None:
    after_read, after_write = OUTAGES[name]

    line.meets(name)
    assert _how_it_fails(line.read) is after_read
    line.gateway.budget = stages.gateway(line.stage.url, line.gateway.credentials).budget
    line.meets(name)
    assert _how_it_fails(line.write) is after_write


def test_what_was_saved_can_be_read_by_the_id_that_the_failure_tells(line: Line) -> None:
    line.meets("saved")
    body = {"parent": {"page_id": line.page}, "properties": {}}

    with pytest.raises(Committed) as failure:
        line.gateway.write("POST", "pages", body=body)

    assert line.gateway.read("GET", f"pages/{failure.value.resource_id}")["parent"]["page_id"] == line.page


@pytest.mark.parametrize(
    "effect",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 200, "body": '{"object": "page", "id'},
        {"status": 200, "body": "<html>maintenance</html>"},
        {"status": 520, "body": "<html>unknown error</html>", "headers": {"cf-ray": "1"}},
    ],
    ids=str,
)
def test_a_broken_line_leaves_open_what_happened(line: Line, effect: dict[str, Any]) -> None:
    line.fails(**effect)

    assert (_how_it_fails(line.read), _how_it_fails(line.write)) == (Down, Unclear)


def test_an_answer_that_takes_too_long_leaves_open_what_happened(line: Line) -> None:
    with closing(connect(line.stage.url, timeout=0.05)) as hasty:
        line.gateway.client = hasty
        line.fails(delay_ms=300)

        assert (_how_it_fails(line.read), _how_it_fails(line.write)) == (Down, Unclear)


def test_a_notion_that_is_not_there_was_not_asked(line: Line) -> None:
    with closing(connect("http://127.0.0.1:9", timeout=1)) as nobody:
        line.gateway.client = nobody

        assert (_how_it_fails(line.read), _how_it_fails(line.write)) == (Down, Down)


def test_a_free_workspace_without_blocks_says_what_to_do(line: Line) -> None:
    workspace = "231674b6-2cc1-46bc-b742-c5c9fe4b9c73"
    line.stage.steer("plan", {"workspace_id": workspace, "plan": "free"})
    line.stage.steer("people", {"workspace_id": workspace, "name": "Second member"})
    line.stage.steer("switches", {"free_block_limit": 1})

    with pytest.raises(MissingCapability, match="upgrade"):
        line.gateway.write("POST", "pages", body={"parent": {"page_id": line.page}, "properties": {}})

    line.stage.steer("switches", {"free_block_limit": 1_000})


def _how_it_fails(ask: Callable[[], object]) -> type[SyncError]:
    with pytest.raises(SyncError) as failure:
        ask()
    return type(failure.value)
