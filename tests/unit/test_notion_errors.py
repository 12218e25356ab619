"""Every failure of Notion, its SDK or the network has a recovery, and what is repeated is safe to repeat."""

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from notion_client import APIErrorCode

from navsync.errors import (
    Blocked,
    ConfigError,
    MissingCapability,
    NeedsReauth,
    NotReachable,
    OutOfTime,
    Raced,
    Refused,
    Suspended,
    SyncError,
    Unavailable,
    Unclear,
)
from navsync.notion import Budget, Gateway, connect
from navsync.notion.failures import RECOVERIES, Committed

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LINE = connect("https://notion.example", timeout=1)
"""Made once, for it takes a while to be ready for TLS; what is at its other end is each test's own."""

type Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds:
            self.slept.append(seconds)
            self.now += timedelta(seconds=seconds)


@dataclass
class Tokens:
    current: str = "first"
    dead: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.current

    def refresh(self, dead: str) -> str:
        self.dead.append(dead)
        self.current = "second"
        return self.current


@dataclass
class Wire:
    """A gateway whose other end plays back answers; the last one is repeated."""

    answers: list[httpx.Response | Exception]
    sent: list[httpx.Request] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    tokens: Tokens = field(default_factory=Tokens)
    max_retries: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def gateway(self) -> Gateway:
        client = copy(LINE)
        client.client = httpx.Client(transport=httpx.MockTransport(self.answer))
        return Gateway(
            client,
            self.tokens,
            Budget(600, clock=self.clock),
            max_retries=self.max_retries,
            clock=self.clock,
            sleep=self.clock.sleep,
            chance=lambda: 0.0,
        )

    def read(self) -> dict[str, Any]:
        return self.gateway.read("GET", "pages/1")

    def write(self) -> dict[str, Any]:
        return self.gateway.write("PATCH", "pages/1", body={"properties": {}})


def error(status: int, code: str, *, headers: dict[str, str] | None = None, **additional: Any) -> httpx.Response:
    body = {
        "object": "error",
        "status": status,
        "code": code,
        "message": "quotes what Ana wrote",
        "additional_data": additional,
    }
    return httpx.Response(status, json=body, headers=headers)


def html(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, html="<html><title>Attention Required! | Cloudflare</title></html>", headers=headers)


OK = httpx.Response(200, json={"object": "page"})

TABLE: list[tuple[int, str, type[SyncError], type[SyncError]]] = [
    # status, code, after a read, after a write
    (400, "invalid_json", Refused, Refused),
    (400, "invalid_request_url", Refused, Refused),
    (400, "invalid_request", Refused, Refused),
    (400, "validation_error", Refused, Refused),
    (400, "missing_version", Refused, Refused),
    (400, "invalid_beta", Refused, Refused),
    (400, "unsupported_grant_type", Refused, Refused),
    (400, "invalid_grant", NeedsReauth, NeedsReauth),
    (401, "invalid_client", ConfigError, ConfigError),
    (401, "unauthorized", NeedsReauth, NeedsReauth),
    (403, "restricted_resource", MissingCapability, MissingCapability),
    (404, "object_not_found", NotReachable, NotReachable),
    (409, "conflict_error", Raced, Raced),
    (409, "row_limit_exceeded", Refused, Refused),
    (429, "rate_limited", Blocked, Blocked),
    (500, "internal_server_error", Unavailable, Unclear),
    (502, "bad_gateway", Unavailable, Unclear),
    (503, "service_unavailable", Unavailable, Unclear),
    (503, "database_connection_unavailable", Unavailable, Unclear),
    (504, "gateway_timeout", Unavailable, Unclear),
    (529, "service_overload", Blocked, Blocked),
]


@pytest.mark.parametrize(("status", "code", "after_read", "_"), TABLE)
def test_every_code_has_a_recovery_after_a_read(
    status: int, code: str, after_read: type[SyncError], _: type[SyncError]
) -> None:
    with pytest.raises(SyncError) as failure:
        Wire([error(status, code)]).read()
    assert isinstance(failure.value, after_read)


@pytest.mark.parametrize(("status", "code", "_", "after_write"), TABLE)
def test_every_code_has_a_recovery_after_a_write(
    status: int, code: str, _: type[SyncError], after_write: type[SyncError]
) -> None:
    with pytest.raises(SyncError) as failure:
        Wire([error(status, code)]).write()
    assert isinstance(failure.value, after_write)


def test_the_table_above_is_the_table_of_recoveries() -> None:
    assert {code for _, code, _, _ in TABLE} == set(RECOVERIES)


def test_every_code_that_the_sdk_knows_is_mapped() -> None:
    assert {code.value for code in APIErrorCode} <= set(RECOVERIES)


@pytest.mark.parametrize(
    ("status", "recovery"),
    [(400, Refused), (401, NeedsReauth), (403, MissingCapability), (404, NotReachable), (418, Refused)],
)
def test_a_code_nobody_has_seen_is_judged_by_its_status(status: int, recovery: type[SyncError]) -> None:
    with pytest.raises(recovery):
        Wire([error(status, "brand_new_code")]).write()


@pytest.mark.parametrize(
    ("answer", "after_read", "after_write"),
    [
        (html(502), Unavailable, Unclear),
        (html(524), Unavailable, Unclear),
        (html(408), Unavailable, Unclear),
        (html(403), Unavailable, Unavailable),
        (html(404), Unavailable, Unavailable),
        (httpx.Response(307, headers={"location": "https://elsewhere.example"}), Unavailable, Unavailable),
        (html(429), Blocked, Blocked),
        (html(200), Unavailable, Unclear),
        (httpx.Response(200, text='{"object": "pa'), Unavailable, Unclear),
        (httpx.Response(200, content=b"\xff\xfe"), Unavailable, Unclear),
        (httpx.Response(500, json=["not", "an", "object"]), Unavailable, Unclear),
        (httpx.ReadTimeout("slow"), Unavailable, Unclear),
        (httpx.WriteTimeout("slow"), Unavailable, Unclear),
        (httpx.ReadError("reset"), Unavailable, Unclear),
        (httpx.RemoteProtocolError("server disconnected"), Unavailable, Unclear),
        (httpx.ConnectError("refused"), Unavailable, Unavailable),
        (httpx.ConnectTimeout("no route"), Unavailable, Unavailable),
        (httpx.PoolTimeout("busy"), Unavailable, Unavailable),
    ],
    ids=str,
)
def test_what_is_no_answer_of_notions_has_a_recovery(
    answer: httpx.Response | Exception, after_read: type[SyncError], after_write: type[SyncError]
) -> None:
    with pytest.raises(after_read):
        Wire([answer]).read()
    with pytest.raises(after_write):
        Wire([answer]).write()


def test_an_id_that_climbs_out_of_its_path_is_refused() -> None:
    with pytest.raises(Refused):
        Wire([OK]).gateway.read("GET", "pages/../users")


def test_a_vendors_text_never_reaches_a_message() -> None:
    for status, code, _, _ in TABLE:
        with pytest.raises(SyncError) as failure:
            Wire([error(status, code)]).write()
        assert "Ana" not in str(failure.value)


def test_a_saved_change_whose_answer_was_lost_is_known_to_be_saved() -> None:
    with pytest.raises(Committed) as failure:
        Wire([error(503, "service_unavailable", committed_resource_id="page-7")]).write()
    assert failure.value.resource_id == "page-7"


def test_a_free_workspace_without_blocks_is_told_to_upgrade() -> None:
    with pytest.raises(MissingCapability, match="upgrade"):
        Wire([error(403, "restricted_resource", block_limit="block_creation")]).write()


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (error(429, "rate_limited", headers={"retry-after": "49"}), 49),
        (error(429, "rate_limited", retry_after="600"), 600),
        (error(429, "rate_limited", headers={"retry-after": "5"}, retry_after="900"), 900),
        (error(529, "service_overload", headers={"retry-after": "0"}), 1),
        (error(429, "rate_limited", headers={"retry-after": "Sun, 22 Nov 2026 10:10:00 GMT"}), 600),
        (error(429, "rate_limited"), 60),
        (html(429, **{"retry-after": "120"}), 120),
    ],
)
def test_a_pause_is_kept_in_full(answer: httpx.Response, seconds: int) -> None:
    with pytest.raises(Blocked) as failure:
        Wire([answer]).read()
    assert failure.value.until == NOW + timedelta(seconds=seconds)


def test_nothing_is_sent_before_a_pause_ends() -> None:
    wire = Wire([error(429, "rate_limited", headers={"retry-after": "600"})])
    gateway = wire.gateway
    for _ in range(3):
        with pytest.raises(Blocked):
            gateway.read("GET", "pages/1")
    assert len(wire.sent) == 1


def test_a_pause_of_a_second_is_sat_out_in_place() -> None:
    wire = Wire([error(429, "rate_limited", headers={"retry-after": "1"}), OK], max_retries=1)
    wire.write()
    assert (len(wire.sent), sum(wire.clock.slept)) == (2, 1.0)


def test_a_limit_of_the_workspace_concerns_all_its_connections() -> None:
    limit = error(429, "rate_limited", rate_limit_reason="public_api_space_request_rate_limit", retry_after="90")
    with pytest.raises(Blocked) as failure:
        Wire([limit]).read()
    assert failure.value.whole_workspace


def test_a_connection_that_notion_blocked_is_not_tried_again() -> None:
    wire = Wire([error(429, "rate_limited", rate_limit_reason="public_api_request_blocked")], max_retries=3)
    with pytest.raises(Suspended):
        wire.read()
    assert len(wire.sent) == 1


# --- repetition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [error(503, "service_unavailable"), error(409, "conflict_error"), html(502)])
def test_a_read_is_repeated_as_often_as_configured(answer: httpx.Response) -> None:
    wire = Wire([answer], max_retries=3)
    with pytest.raises((Unavailable, Raced)):
        wire.read()
    assert len(wire.sent) == 4


def test_a_read_that_recovers_is_no_failure() -> None:
    assert Wire([html(502), httpx.ReadTimeout("slow"), OK], max_retries=2).read() == {"object": "page"}


def test_repetitions_wait_longer_each_time_and_never_long() -> None:
    wire = Wire([html(502)], max_retries=6)
    with pytest.raises(Unavailable):
        wire.read()
    assert wire.clock.slept == sorted(wire.clock.slept)
    assert wire.clock.slept[-1] <= 2


@pytest.mark.parametrize(
    "answer", [error(500, "internal_server_error"), error(409, "conflict_error"), httpx.ReadTimeout("slow")]
)
def test_a_write_that_may_have_happened_is_not_repeated(answer: httpx.Response | Exception) -> None:
    wire = Wire([answer], max_retries=3)
    with pytest.raises((Unclear, Raced)):
        wire.write()
    assert len(wire.sent) == 1


def test_a_write_that_never_left_is_repeated() -> None:
    wire = Wire([httpx.ConnectError("refused"), OK], max_retries=1)
    assert wire.write() == {"object": "page"}


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_is_not_repeated(status: int) -> None:
    code = {400: "validation_error", 403: "restricted_resource", 404: "object_not_found"}[status]
    wire = Wire([error(status, code)], max_retries=3)
    with pytest.raises(SyncError):
        wire.read()
    assert len(wire.sent) == 1


def test_nothing_is_sent_once_the_caller_says_stop() -> None:
    wire = Wire([OK])
    gateway = wire.gateway

    def stop() -> None:
        raise OutOfTime("the slice has ended")

    gateway.before_each = stop
    with pytest.raises(OutOfTime):
        gateway.write("PATCH", "pages/1", body={})
    assert wire.sent == []


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_dead_token_is_refreshed_once_and_the_call_goes_on() -> None:
    wire = Wire([error(401, "unauthorized"), OK])
    wire.write()
    assert [request.headers["authorization"] for request in wire.sent] == ["Bearer first", "Bearer second"]


def test_a_fresh_token_that_is_refused_too_needs_a_person() -> None:
    wire = Wire([error(401, "unauthorized")], max_retries=3)
    with pytest.raises(NeedsReauth):
        wire.read()
    assert wire.tokens.dead == ["first"]


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_the_version_is_pinned_on_every_request() -> None:
    wire = Wire([OK])
    wire.read()
    assert wire.sent[0].headers["notion-version"] == "2026-03-11"


def test_a_body_is_sent_as_given() -> None:
    wire = Wire([OK])
    wire.gateway.write("PATCH", "pages/1", body={"in_trash": True})
    assert json.loads(wire.sent[0].content) == {"in_trash": True}
