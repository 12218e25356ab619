"""Every failure of NavImpact or the network has a recovery, and servers that lack a capability still work."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from navsync.errors import (
    Blocked,
    ConfigError,
    Down,
    MissingCapability,
    Raced,
    Refused,
    SyncError,
    Unavailable,
    Unclear,
)
from navsync.model import EntityType, Gone, PausedBy, Present
from navsync.navimpact import NavImpactSide

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
PROJECT = EntityType.MEDIA_PROJECT
STORY = EntityType.IMPACT_STORY


def record(number: int = 42, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": "Reef",
        "description": None,
        "project_type": None,
        "status": None,
        "start_date": None,
        "end_date": None,
        "budget": "10.00",
        "target_audience": None,
        "team_members": [],
        "distribution_channels": [],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": f"2026-01-01T00:00:00.{number:06}Z",
        **fields,
    }


@dataclass
class Wire:
    """A side whose other end plays back answers; the last one is repeated."""

    answers: list[httpx.Response | Exception]
    sent: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    max_retries: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def side(self) -> NavImpactSide:
        return NavImpactSide(
            httpx.Client(base_url="https://navimpact.example", transport=httpx.MockTransport(self.answer)),
            token=lambda: "service",
            max_retries=self.max_retries,
            clock=lambda: NOW,
            sleep=self.slept.append,
            chance=lambda: 0.0,
        )

    def read(self) -> object:
        return self.side.read(PROJECT, "42")

    def write(self) -> object:
        return self.side.update(PROJECT, "42", {"title": "Coast"}, seen=Present("42", {}, revision='"7"'))


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": "secret detail", "status_code": status}, headers=headers)


TABLE: list[tuple[httpx.Response | Exception, type[SyncError] | None, type[SyncError]]] = [
    # answer, after a read (None: Gone), after a write
    (refusal(400), Refused, Refused),
    (refusal(401), ConfigError, ConfigError),
    (refusal(403), MissingCapability, MissingCapability),
    (refusal(404), None, Raced),
    (refusal(405), MissingCapability, MissingCapability),
    (refusal(409), Raced, Raced),
    (refusal(410), None, Raced),
    (refusal(412), Raced, Raced),
    (refusal(413), Refused, Refused),
    (refusal(422), Refused, Refused),
    (refusal(429), Blocked, Blocked),
    (refusal(500), Unavailable, Unclear),
    (refusal(502), Unavailable, Unclear),
    (refusal(503), Unavailable, Unclear),
    (refusal(504), Unavailable, Unclear),
    (httpx.Response(307, headers={"location": "http://other.example"}), ConfigError, ConfigError),
    (httpx.Response(502, html="<html>secret</html>"), Unavailable, Unclear),
    (httpx.Response(200, text='{"id": 4'), Unavailable, Unclear),
    (httpx.Response(200, json=[]), Unavailable, Unclear),
    (httpx.ReadTimeout("secret"), Unavailable, Unclear),
    (httpx.ReadError("secret"), Unavailable, Unclear),
    (httpx.RemoteProtocolError("secret"), Unavailable, Unclear),
    (httpx.ConnectError("secret"), Unavailable, Unavailable),
    (httpx.ConnectTimeout("secret"), Unavailable, Unavailable),
]


@pytest.mark.parametrize(("answer", "after_read", "after_write"), TABLE, ids=str)
def test_every_failure_has_a_recovery(
    answer: httpx.Response | Exception, after_read: type[SyncError] | None, after_write: type[SyncError]
) -> None:
    if after_read is None:
        assert Wire([answer]).read() == Gone("42")
    else:
        with pytest.raises(after_read):
            Wire([answer]).read()
    with pytest.raises(after_write):
        Wire([answer]).write()


def test_the_platforms_text_never_reaches_a_message() -> None:
    for answer, _, _ in TABLE:
        with pytest.raises(SyncError) as failure:
            Wire([answer]).write()
        assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"details": [{"loc": "body -> budget", "msg": "too big", "type": "x"}]}, "budget"),
        ({"details": [{"loc": ["body", "team_members", 3], "msg": "too long", "type": "x"}]}, "team_members"),
        ({"detail": [{"loc": ["body", "media_project_id"], "msg": "unknown", "type": "x"}]}, "project"),
        ({"detail": "no"}, None),
    ],
)
def test_a_refusal_names_its_field_where_the_platform_does(body: dict[str, Any], name: str | None) -> None:
    with pytest.raises(Refused) as failure:
        Wire([httpx.Response(422, json=body)]).write()
    assert failure.value.field == name


TOO_LONG = "String should have at most 100000 characters"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"type": "string_too_long", "msg": TOO_LONG}, "description: it may have 100,000 characters at most"),
        ({"type": "string_too_long", "ctx": {"max_length": 20}}, "description: it may have 20 characters at most"),
        ({"type": "string_too_long", "msg": "12 of 20"}, "description: it is too long"),
        ({"type": "string_too_short", "ctx": {"min_length": 1}}, "description: it must have 1 characters at least"),
        ({"type": "missing", "msg": "Field required"}, "description: it must not be empty"),
        ({"type": "greater_than_equal", "ctx": {"ge": 0}}, "description: it must be 0 or more"),
        ({"type": "less_than_equal", "ctx": {"le": 99.5}}, "description: it must be 99.5 or less"),
        ({"type": "enum", "ctx": {"expected": "secret"}}, "description: it is none of the values that NavImpact knows"),
        ({"type": "date_from_datetime_parsing", "msg": "secret"}, "description: it must be a day that there is"),
        ({"type": "value_error", "msg": "secret"}, "description"),
        ({"type": ["secret"]}, "description"),
    ],
    ids=str,
)
def test_a_refusal_says_why_in_words_of_ours(detail: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as failure:
        Wire([httpx.Response(422, json={"details": [{"loc": ["body", "description"], **detail}]})]).write()
    assert str(failure.value) == f"NavImpact does not accept {said}; correct it in Notion"


def test_a_refusal_of_one_entry_of_a_list_says_so() -> None:
    detail = {"loc": "body -> team_members -> 3", "type": "string_too_long", "msg": "at most 80"}
    with pytest.raises(Refused) as failure:
        Wire([httpx.Response(422, json={"details": [detail]})]).write()
    assert "team_members: each entry of it may have 80 characters at most" in str(failure.value)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("600", 600),
        ("0", 1),
        ("-5", 1),
        ("Sun, 22 Nov 2026 10:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 10:01:30 GMT", 1),
        ("?", 60),
    ],
)
def test_a_pause_is_kept_in_full(said: str, seconds: int) -> None:
    with pytest.raises(Blocked) as failure:
        Wire([refusal(429, **{"retry-after": said})], max_retries=3).write()
    assert failure.value.until == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("said", ["1795000000", "1795000000000", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_is_a_day_at_most_though_navimpact_says_a_date_for_seconds(said: str) -> None:
    with pytest.raises(Blocked) as failure:
        Wire([refusal(429, **{"retry-after": said})]).read()
    assert failure.value.until == NOW + timedelta(days=1)


def test_a_short_pause_is_sat_out_in_place() -> None:
    wire = Wire([refusal(429, **{"retry-after": "2"}), httpx.Response(200, json=record())], max_retries=1)
    wire.write()
    assert wire.slept == [2.0]


def test_a_pause_that_navimpact_asks_for_is_one_for_every_workspace() -> None:
    with pytest.raises(Blocked) as failure:
        Wire([refusal(429, **{"retry-after": "90"})]).read()

    assert (failure.value.everybody, failure.value.by) == (True, PausedBy.NAVIMPACT)


def test_a_read_is_repeated_as_often_as_configured() -> None:
    wire = Wire([refusal(503)], max_retries=3)
    with pytest.raises(Unavailable):
        wire.read()
    assert len(wire.sent) == 4


@pytest.mark.parametrize("status", [500, 503])
def test_a_side_that_fails_and_names_a_pause_is_not_asked_again_before_that(status: int) -> None:
    wire = Wire([refusal(status, **{"retry-after": "300"})], max_retries=3)

    with pytest.raises(Down) as failure:
        wire.read()

    assert (failure.value.until, len(wire.sent)) == (NOW + timedelta(seconds=300), 1)


def test_a_short_pause_of_a_side_that_fails_is_sat_out_in_place() -> None:
    wire = Wire([refusal(503, **{"retry-after": "2"}), httpx.Response(200, json=record())], max_retries=1)
    wire.read()
    assert wire.slept == [2.0]


def test_a_write_that_may_have_happened_is_not_repeated() -> None:
    wire = Wire([httpx.ReadTimeout("slow")], max_retries=3)
    with pytest.raises(Unclear):
        wire.write()
    assert len(wire.sent) == 1


def test_a_write_that_never_left_is_repeated() -> None:
    wire = Wire([httpx.ConnectError("refused"), httpx.Response(200, json=record())], max_retries=1)
    assert isinstance(wire.write(), Present)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_collection_is_asked_for_with_its_slash() -> None:
    wire = Wire([httpx.Response(200, json=[])])
    wire.side.answers(PROJECT)
    assert wire.sent[0].url.path == "/api/v1/sge-media/media-projects/"


def test_an_id_cannot_climb_out_of_its_path() -> None:
    wire = Wire([refusal(404)])
    wire.side.read(PROJECT, "../../users/1")
    assert wire.sent[0].url.raw_path == b"/api/v1/sge-media/media-projects/..%2F..%2Fusers%2F1"


def test_the_service_token_goes_along() -> None:
    wire = Wire([httpx.Response(200, json=record())])
    wire.read()
    assert wire.sent[0].headers["authorization"] == "Bearer service"


def test_an_update_names_only_what_changes_and_what_it_is_based_on() -> None:
    wire = Wire([httpx.Response(200, json=record())])
    wire.write()
    assert (json.loads(wire.sent[0].content), wire.sent[0].headers["if-match"]) == ({"title": "Coast"}, '"7"')


def test_an_update_without_a_revision_makes_no_condition() -> None:
    wire = Wire([httpx.Response(200, json=record())])
    wire.side.update(PROJECT, "42", {"title": "Coast"}, seen=Present("42", {}))
    assert "if-match" not in wire.sent[0].headers


def test_a_repeated_create_is_the_same_request() -> None:
    wire = Wire([httpx.Response(201, json=record())])
    for _ in range(2):
        wire.side.create(PROJECT, {"title": "Reef", "team_members": ("Ana", "Bo")}, key="navsync-1")
    first, second = wire.sent
    assert (first.content, first.headers["idempotency-key"]) == (second.content, second.headers["idempotency-key"])
    assert not wire.side.knows_keys  # it did not answer with the key, so it may have made two


def test_a_childs_project_travels_under_the_platforms_name() -> None:
    story = {"id": 1, "title": "T", "media_project_id": 42, "updated_at": "2026-01-01T00:00:00Z"}
    wire = Wire([httpx.Response(201, json=story)])
    made = wire.side.create(STORY, {"title": "T", "project": ("42",)}, key="navsync-1")
    assert json.loads(wire.sent[0].content)["media_project_id"] == 42
    assert made.values["project"] == ("42",)


def test_a_field_that_the_platform_does_not_show_is_unreadable_not_empty() -> None:
    shown = record()
    del shown["end_date"]
    seen = Wire([httpx.Response(200, json=shown)]).read()
    assert isinstance(seen, Present)
    assert (set(seen.unreadable), "end_date" in seen.values) == ({"end_date"}, False)


def test_removing_what_is_gone_is_fine() -> None:
    Wire([refusal(404)]).side.remove(PROJECT, "42")


def test_a_collection_that_is_not_shown_does_not_answer() -> None:
    assert not Wire([refusal(404)]).side.answers(PROJECT)


# --- servers that can do less ----------------------------------------------------------------------------------------


@dataclass
class Platform:
    """Lists its records as it is told to; what it *ignores* it does not even look at."""

    records: list[dict[str, Any]]
    ignores: frozenset[str] = frozenset()
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append(query)
        rows = self.records
        if "updated_since" in query and "updated_since" not in self.ignores:
            since = datetime.fromisoformat(query["updated_since"])
            rows = [row for row in rows if datetime.fromisoformat(row["updated_at"]) >= since]
        if "order" not in self.ignores:
            rows = sorted(rows, key=lambda row: (row["updated_at"], row["id"]))
        start = int(query["skip"])
        return httpx.Response(200, json=rows[start : start + int(query["limit"])])

    def listed(self, since: datetime | None = None) -> list[str]:
        side = Wire([]).side
        side.client = httpx.Client(base_url="https://n.example", transport=httpx.MockTransport(self.answer))
        page = side.changed_since(PROJECT, since, None)
        records = list(page.records)
        while page.cursor is not None:
            page = side.changed_since(PROJECT, since, page.cursor)
            records += page.records
        return list(dict.fromkeys(record.id for record in records))


EVERYTHING = [record(number) for number in range(1, 2_251)]
ALL_IDS = {str(number) for number in range(1, 2_251)}


@pytest.mark.parametrize("ignores", [frozenset(), frozenset({"updated_since"}), frozenset({"updated_since", "order"})])
def test_all_records_are_listed_whatever_the_server_can(ignores: frozenset[str]) -> None:
    mixed = EVERYTHING[1_000:] + EVERYTHING[:1_000]
    assert set(Platform(mixed, ignores).listed()) == ALL_IDS


@pytest.mark.parametrize("ignores", [frozenset(), frozenset({"updated_since"}), frozenset({"updated_since", "order"})])
def test_changes_are_the_same_whatever_the_server_can(ignores: frozenset[str]) -> None:
    since = datetime.fromisoformat(EVERYTHING[2_000]["updated_at"])
    mixed = EVERYTHING[1_000:] + EVERYTHING[:1_000]
    assert set(Platform(mixed, ignores).listed(since)) == {str(number) for number in range(2_001, 2_251)}


def test_records_of_one_moment_are_all_listed() -> None:
    together = [record(number, updated_at="2026-01-01T00:00:00Z") for number in range(1, 351)]
    assert len(Platform(together).listed()) == 350


def test_records_without_a_time_are_all_listed() -> None:
    timeless = [record(number, updated_at=None) for number in range(1, 351)]
    assert len(Platform(timeless, frozenset({"order"})).listed()) == 350


def test_an_idle_list_costs_one_request() -> None:
    platform = Platform(EVERYTHING)
    platform.listed(NOW)
    assert len(platform.asked) == 1
