"""NavImpact as a side: the platform's records over its REST API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from navsync.errors import (
    Blocked,
    ConfigError,
    Down,
    Fatal,
    MissingCapability,
    NotReachable,
    Raced,
    Refused,
    SyncError,
    Unavailable,
    Unclear,
)
from navsync.fields import SPECS, EntitySpec, Field, Unreadable, parse_navimpact, render_navimpact
from navsync.model import EntityType, Gone, Observation, PausedBy, Present, Side, Value, Values, is_empty
from navsync.ports import ChangedPage

ROOT = "/api/v1/sge-media"
PAGE_SIZE = 100
WHOLE = 1000
"""The most records one answer holds. A server that neither orders nor filters is read in as few answers as possible."""

DEFAULT_PAUSE = timedelta(seconds=60)
LEAST_ASKED = timedelta(seconds=1)
MOST_ASKED = timedelta(days=1)
"""So long a pause is granted before NavImpact is asked again: who says more may mean a date, and stops everybody."""
PATIENCE = timedelta(seconds=2)
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0
LONGEST_TRYING = timedelta(seconds=20)
"""After so long a call is not begun again: a platform that hangs must not outlast the function that waits for it."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

type Json = dict[str, Any]


def connect(base_url: str, *, timeout: float) -> httpx.Client:
    """The HTTP client. It follows no redirect: a token must not travel to an address nobody configured."""
    return httpx.Client(base_url=base_url.rstrip("/"), timeout=timeout, follow_redirects=False)


@dataclass(slots=True)
class NavImpactSide:
    """`SidePort` for NavImpact. Uses `updated_since`, `Idempotency-Key` and `If-Match`, and is right without them.

    *token* gives the service token. *max_retries* are repetitions after the first try, of calls that change nothing or
    surely did not arrive.
    """

    client: httpx.Client
    token: Callable[[], str]
    max_retries: int
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    """A number in [0, 1), to spread repetitions."""
    side: Side = field(default=Side.NAVIMPACT, init=False)
    knows_keys: bool = field(default=False, init=False)
    """Whether the platform has answered a creation with the key that it was sent, and so is known to keep keys."""

    # --- reading ----------------------------------------------------------------------------------------------------

    def read(self, entity_type: EntityType, id: str) -> Observation:
        """The record as it is now, with its ETag where the platform gives one; a 404 is `Gone`."""
        try:
            return self._present(entity_type, self._ask(_path(entity_type, id)))
        except NotReachable:
            return Gone(id)

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:  # noqa: ARG002  # the port's signature
        """Nothing: records carry no key. `create` repeated with one key and the same values is one record instead."""
        return ()

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        """Records changed at or after *since*. A record at the edge of two pages may come twice.

        Pages go on from the last record's time, not from a number of records: a record edited meanwhile moves to the
        end, and counting would skip its neighbour. A server that ignores `updated_since` is read whole by counting.
        """
        place = _Place.parse(cursor) if cursor else _Place(since)
        records = self._list(entity_type, place)
        if not place.counting and not place.fits(records):
            place = _Place(None, counting=True)
            records = self._list(entity_type, place)
        wanted = _once_each(record for record in records if not _older(record, since))
        after = place.after(records)
        on = str(after) if after else None
        return ChangedPage([self._record(entity_type, record) for record in wanted], on, on)

    def answers(self, entity_type: EntityType) -> bool:
        """Whether the collection can be read now."""
        try:
            self._ask(_path(entity_type), {"limit": 1})
        except Fatal:
            return False
        return True

    # --- writing ----------------------------------------------------------------------------------------------------

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        """Make a record. Repeated with the same *key* and *values* the platform answers with the first one's."""
        body = _rendered(entity_type, {k: v for k, v in values.items() if not is_empty(v)}, {})
        answer = self._tell("POST", _path(entity_type), body, {"Idempotency-Key": key})
        self.knows_keys = answer.headers.get("idempotency-key") == key
        return self._written(entity_type, answer)

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        """Write only *changes*. Raises `Raced` when the record was changed or removed since it was *seen*."""
        body = _rendered(entity_type, changes, seen.raw)
        holds = {"If-Match": seen.revision} if seen.revision else {}
        try:
            return self._written(entity_type, self._tell("PUT", _path(entity_type, id), body, holds))
        except NotReachable as error:
            raise Raced("the record was deleted on NavImpact between our read and our write") from error

    def half_written(self, *_: object) -> Sequence[Value]:
        """Nothing: a record is written by one request."""
        return ()

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        """Nothing to do: a record is known by its own id."""

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:
        """Delete the record for good, and with a project its children. Raises `Raced` where it was edited since *seen*.

        An edit of a child does not count: the platform's condition is about the record alone.
        """
        holds = {"If-Match": seen.revision} if seen and seen.revision else {}
        try:
            self._tell("DELETE", _path(entity_type, id), None, holds)
        except NotReachable:
            return

    def restore(self, entity_type: EntityType, id: str) -> Present:
        """Always raises `Refused`."""
        raise Refused(f"NavImpact has no trash, so {entity_type}/{id} cannot be restored; create it again")

    # --- records ----------------------------------------------------------------------------------------------------

    def _list(self, entity_type: EntityType, place: _Place) -> list[Json]:
        records = _whole(self._ask(_path(entity_type), place.query))
        if not isinstance(records, list):
            raise Unavailable("NavImpact did not answer with a list of records; it is asked again later")
        return records

    def _written(self, entity_type: EntityType, answer: httpx.Response) -> Present:
        try:
            return self._present(entity_type, answer)
        except Unavailable as error:
            raise Unclear("NavImpact's answer to a write was cut short; the record is read again") from error

    def _present(self, entity_type: EntityType, answer: httpx.Response) -> Present:
        record = _whole(answer)
        if not isinstance(record, dict) or "id" not in record:
            raise Unavailable("NavImpact did not answer with a record; it is asked again later")
        return self._record(entity_type, record, answer.headers.get("etag"))

    def _record(self, entity_type: EntityType, record: Json, revision: str | None = None) -> Present:
        values: dict[str, Value] = {}
        unreadable: dict[str, str] = {}
        for spec_field in SPECS[entity_type].fields:
            try:
                values[spec_field.name] = _value(spec_field, record)
            except Unreadable as error:
                unreadable[spec_field.name] = error.reason
        raw = {f.name: record[f.navimpact_name()] for f in SPECS[entity_type].fields if f.name in values}
        edited_at, created_at = _time(record.get("updated_at")), _time(record.get("created_at"))
        return Present(str(record["id"]), values, unreadable, raw, revision, edited_at=edited_at, created_at=created_at)

    # --- calls ------------------------------------------------------------------------------------------------------

    def _ask(self, path: str, query: Mapping[str, Any] | None = None) -> httpx.Response:
        return self._patiently(_Call("GET", path, query=query or {}))

    def _tell(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> httpx.Response:
        return self._patiently(_Call(method, path, body=body, headers=headers, writing=True))

    def _patiently(self, call: _Call) -> httpx.Response:
        began = self.clock()
        for attempt in range(self.max_retries):
            try:
                return self._send(call)
            except Blocked as error:
                self._wait_out(error, error.until)
            except Unavailable as error:
                if self.clock() - began > LONGEST_TRYING:
                    raise
                if isinstance(error, Down) and error.until is not None:
                    self._wait_out(error, error.until)
                else:
                    self._pause(attempt)
        return self._send(call)

    def _wait_out(self, error: SyncError, until: datetime) -> None:
        left = until - self.clock()
        if left > PATIENCE:
            raise error
        self.sleep(max(0.0, left.total_seconds()))

    def _pause(self, attempt: int) -> None:
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        self.sleep(ceiling * (1 + self.chance()) / 2)

    def _send(self, call: _Call) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}", **call.headers}
        try:
            answer = self.client.request(
                call.method, ROOT + call.path, params=dict(call.query), json=call.body, headers=headers
            )
        except httpx.RequestError as error:
            raise _cut(error, writing=call.writing) from error
        if answer.is_success:
            return answer
        raise failure_of(answer, now=self.clock(), writing=call.writing)


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    writing: bool = False


# --- failures ---------------------------------------------------------------------------------------------------------


def failure_of(answer: httpx.Response, *, now: datetime, writing: bool) -> SyncError:
    """Our error for an answer that is no success. *writing*: the request may have changed something all the same."""
    match answer.status_code:
        case 401:
            return ConfigError("NavImpact does not accept the service token; store a valid one")
        case 403 | 405:
            return MissingCapability("NavImpact does not let the service token do this; widen its rights")
        case 404 | 410:
            return NotReachable("NavImpact has no such record")
        case 409 | 412:
            return Raced("the record was changed on NavImpact between our read and our write; it is read again")
        case 429:
            return Blocked(
                "NavImpact asks for a pause; the work goes on when it ends",
                until=_pause_ends(answer, now),
                everybody=True,
                by=PausedBy.NAVIMPACT,
            )
        case status if status in (408, 425) or status >= 500:
            return _lost(writing=writing, until=_pause_ends(answer, now) if "retry-after" in answer.headers else None)
        case status if status < 400:
            return ConfigError("NavImpact redirects to another address; set NAVIMPACT_BASE_URL to that one")
        case _:
            return _refused(answer)


def _refused(answer: httpx.Response) -> Refused:
    details = _whole(answer)
    details = details.get("details") or details.get("detail") if isinstance(details, dict) else None
    first = details[0] if isinstance(details, list) and details else None
    detail = first if isinstance(first, dict) else {}
    place, why = _blamed(detail), _why(detail)
    name = place[0] if place else None
    reason = "" if why is None else f": {'each entry of it' if len(place) > 1 else 'it'} {why}"
    return Refused(f"NavImpact does not accept {name or 'the values'}{reason}; correct it in Notion", field=name)


def _blamed(detail: Json) -> list[str]:
    """What a 422 names, the field first: `body -> budget` in the platform's own words, a list in the framework's."""
    loc = detail.get("loc")
    parts = loc.split(" -> ") if isinstance(loc, str) else loc
    place = [str(part) for part in parts or () if part != "body"] if isinstance(parts, list | None) else []
    return ["project" if part == "media_project_id" else part for part in place]


_WHY = {
    "missing": "must not be empty",
    "string_type": "must be text",
    "string_too_long": "may have {} characters at most",
    "string_too_short": "must have {} characters at least",
    "string_pattern_mismatch": "is not written as NavImpact wants it",
    "too_long": "may have {} entries at most",
    "too_short": "must have {} entries at least",
    "list_type": "must be a list",
    "greater_than": "must be more than {}",
    "greater_than_equal": "must be {} or more",
    "less_than": "must be less than {}",
    "less_than_equal": "must be {} or less",
    "finite_number": "must be a number",
    "decimal_max_digits": "may have {} digits at most",
    "decimal_max_places": "may have {} decimal places at most",
    "decimal_whole_digits": "may have {} digits before the point at most",
    "enum": "is none of the values that NavImpact knows",
    "literal_error": "is none of the values that NavImpact knows",
}
_WHY_ALIKE = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "decimal_": "must be a number",
    "bool_": "must be yes or no",
    "date_": "must be a day that there is",
    "datetime_": "must be a time that there is",
    "url_": "must be a web address",
}
"""By the kind of pydantic's error, and by what several kinds begin with. Its own text may quote, so it goes nowhere."""

_UNLIMITED = {
    "string_too_long": "is too long",
    "string_too_short": "is too short",
    "too_long": "has too many entries",
    "too_short": "has too few entries",
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than": "is too large",
    "less_than_equal": "is too large",
    "decimal_max_digits": "has too many digits",
    "decimal_max_places": "has too many decimal places",
    "decimal_whole_digits": "has too many digits before the point",
}
"""Of kinds with a limit, where that is not told."""


def _why(detail: Json) -> str | None:
    """What is wrong with a value, in words of ours; None for a kind that we do not know."""
    kind = detail.get("type")
    if not isinstance(kind, str):
        return None
    if kind in _UNLIMITED:
        limit = _limit(detail)
        return _UNLIMITED[kind] if limit is None else _WHY[kind].format(limit)
    alike = (words for start, words in _WHY_ALIKE.items() if kind.startswith(start))
    return _WHY.get(kind) or next(alike, None)


_LIMITS = ("max_length", "min_length", "gt", "ge", "lt", "le", "max_digits", "decimal_places", "whole_digits")


def _limit(detail: Json) -> str | None:
    """The number that a value must keep to: the platform's own answers tell it in their text alone."""
    context = detail.get("ctx")
    told = [context[name] for name in _LIMITS if name in context] if isinstance(context, dict) else []
    numbers = re.findall(r"-?\d+(?:\.\d+)?", str(told[0] if told else detail.get("msg")))
    return f"{Decimal(numbers[0]):,f}" if len(numbers) == 1 else None


def _cut(error: httpx.RequestError, *, writing: bool) -> SyncError:
    if isinstance(error, _NEVER_SENT):
        return Down("NavImpact cannot be reached; the request was not sent and is tried again later")
    return _lost(writing=writing)


def _lost(*, writing: bool, until: datetime | None = None) -> SyncError:
    if writing:
        return Unclear("NavImpact's answer to a write got lost; the record is read again to see what happened")
    return Down("NavImpact did not give a whole answer; it is asked again later", until=until)


def _pause_ends(answer: httpx.Response, now: datetime) -> datetime:
    return now + max(LEAST_ASKED, min(_retry_after(answer, now), MOST_ASKED))


def _retry_after(answer: httpx.Response, now: datetime) -> timedelta:
    said = answer.headers.get("retry-after", "")
    try:
        return timedelta(seconds=float(said))
    except (ValueError, OverflowError):
        return _until(said, now)


def _until(date: str, now: datetime) -> timedelta:
    try:
        return parsedate_to_datetime(date) - now
    except (ValueError, TypeError):
        return DEFAULT_PAUSE


# --- JSON -------------------------------------------------------------------------------------------------------------


def _whole(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _value(spec_field: Field, record: Json) -> Value:
    if spec_field.navimpact_name() not in record:
        raise Unreadable("NavImpact does not show this field")
    return parse_navimpact(spec_field, record[spec_field.navimpact_name()])


def _rendered(entity_type: EntityType, values: Values, raw: Mapping[str, Any]) -> Json:
    return {
        f.navimpact_name(): render_navimpact(f, values[f.name], raw.get(f.name))
        for f in SPECS[entity_type].fields
        if f.name in values
    }


def _path(entity_type: EntityType, id: str | None = None) -> str:
    """A collection ends in a slash: without it the platform redirects, and loses the token on the way."""
    spec: EntitySpec = SPECS[entity_type]
    return f"/{spec.collection}/" if id is None else f"/{spec.collection}/{quote(id, safe='')}"


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


# --- listing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a listing stands: *skip* records on, of those changed at or after *since*, or of all when *counting*."""

    since: datetime | None
    skip: int = 0
    counting: bool = False

    @classmethod
    def parse(cls, cursor: str) -> _Place:
        since, skip, counting = cursor.split("|")
        return cls(_time(since), int(skip), counting=bool(counting))

    def __str__(self) -> str:
        since = self.since.isoformat() if self.since else ""
        return f"{since}|{self.skip}|{'counting' if self.counting else ''}"

    @property
    def query(self) -> Json:
        limits = {"skip": self.skip, "limit": WHOLE if self.counting else PAGE_SIZE}
        return limits | ({"updated_since": self.since.isoformat()} if self.since else {})

    def fits(self, records: Sequence[Json]) -> bool:
        """Whether the server filtered and ordered as asked, which going on from the last one's time needs."""
        times = [_time(record.get("updated_at")) for record in records]
        known = [time for time in times if time is not None]
        return len(known) == len(times) and known == sorted(known) and not any(map(self._before, known))

    def after(self, records: Sequence[Json]) -> _Place | None:
        """Where the next page begins; None when this one was the last."""
        if len(records) < self.query["limit"]:
            return None
        last = _time(records[-1].get("updated_at"))
        if self.counting or last is None or last == self.since:
            return replace(self, skip=self.skip + len(records))
        return _Place(last)

    def _before(self, time: datetime) -> bool:
        return self.since is not None and time < self.since


def _older(record: Json, since: datetime | None) -> bool:
    time = _time(record.get("updated_at"))
    return since is not None and time is not None and time < since


def _once_each(records: Iterable[Json]) -> Iterable[Json]:
    return {record["id"]: record for record in records}.values()
