"""What does each failure of Notion's API, its SDK or the network ask us to do next?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, assert_never

from notion_client.client import httpx  # type: ignore[attr-defined]  # the SDK lets its transport's errors through
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from navsync.errors import (
    Blocked,
    ConfigError,
    Down,
    Forbidden,
    NeedsReauth,
    NotReachable,
    OutOfBlocks,
    Raced,
    Refused,
    Suspended,
    SyncError,
    Unclear,
)

VENDOR_ERRORS = (
    HTTPResponseError,
    RequestTimeoutError,
    InvalidPathParameterError,
    httpx.RequestError,
    httpx.InvalidURL,
    ValueError,  # an answer cut short, a page of HTML with status 200, bytes that are no text, a number without end
    RecursionError,  # an answer nested without end
)
"""Everything the SDK raises for one request."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

WINDOW = timedelta(seconds=60)
"""How long a connection limit lasts at most; the pause where Notion names none."""

SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(days=365)
"""Whatever is beyond is no time that calendars hold."""


class Recovery(Enum):
    """What a failure asks for."""

    RECONNECT = auto()
    PERMIT = auto()
    SHARE = auto()
    WAIT = auto()
    READ_ANEW = auto()
    CHANGE_VALUE = auto()
    SHORTEN = auto()
    MAKE_ROOM = auto()
    CONFIGURE = auto()
    FIX_NAVSYNC = auto()
    COME_BACK = auto()


RECOVERIES: Mapping[str, Recovery] = {
    "unauthorized": Recovery.RECONNECT,
    "invalid_grant": Recovery.RECONNECT,
    "invalid_client": Recovery.CONFIGURE,
    "restricted_resource": Recovery.PERMIT,
    "object_not_found": Recovery.SHARE,
    "rate_limited": Recovery.WAIT,
    "service_overload": Recovery.WAIT,
    "conflict_error": Recovery.READ_ANEW,
    "row_limit_exceeded": Recovery.MAKE_ROOM,
    "validation_error": Recovery.CHANGE_VALUE,
    "invalid_json": Recovery.FIX_NAVSYNC,
    "invalid_request_url": Recovery.FIX_NAVSYNC,
    "invalid_request": Recovery.FIX_NAVSYNC,
    "unsupported_grant_type": Recovery.FIX_NAVSYNC,
    "missing_version": Recovery.FIX_NAVSYNC,
    "invalid_beta": Recovery.FIX_NAVSYNC,
    "internal_server_error": Recovery.COME_BACK,
    "bad_gateway": Recovery.COME_BACK,
    "service_unavailable": Recovery.COME_BACK,
    "database_connection_unavailable": Recovery.COME_BACK,
    "gateway_timeout": Recovery.COME_BACK,
}
"""Notion's stable codes, OAuth's included. Message texts may change at any time and decide nothing."""

_BY_STATUS: Mapping[int, Recovery] = {
    401: Recovery.RECONNECT,
    403: Recovery.PERMIT,
    404: Recovery.SHARE,
    408: Recovery.COME_BACK,
    409: Recovery.READ_ANEW,
    413: Recovery.SHORTEN,
    429: Recovery.WAIT,
    529: Recovery.WAIT,
}
"""Of codes that nobody has seen."""

_AT_THE_EDGE: Mapping[int, Recovery] = {
    413: Recovery.SHORTEN,
    429: Recovery.WAIT,
    529: Recovery.WAIT,
    **dict.fromkeys((400, 405, 411, 414, 415, 417, 422, 431), Recovery.FIX_NAVSYNC),
}
"""Of answers without a code, which are not Notion's own: a page of HTML, say. Those on the way refuse only how the
request is made; a 401, 403 or 404 of theirs is about that way, and not about the token, the permission or the page.
"""


class InvalidRequest(Refused):
    """A `validation_error`. *text* is Notion's, for finding out which property it means; it is never shown."""

    def __init__(self, message: str, *, text: str) -> None:
        super().__init__(message)
        self.text = text


class Committed(Unclear):
    """The change was saved, only the answer got lost: read *resource_id* instead of repeating the write."""

    def __init__(self, resource_id: str) -> None:
        super().__init__("Notion saved the change but could not build its answer in time")
        self.resource_id = resource_id


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    code: str | None = None
    text: str = ""
    additional: Mapping[str, Any] = field(default_factory=dict)
    retry_after: timedelta | None = None

    @property
    def is_limit(self) -> bool:
        """Whether it is about how fast we ask, and not about how Notion fares."""
        return self.status == 429 or self.code == "rate_limited"

    @property
    def recovery(self) -> Recovery:
        if self.code is None:
            return _AT_THE_EDGE.get(self.status, Recovery.COME_BACK)
        by_status = _BY_STATUS.get(self.status, Recovery.COME_BACK if self.status >= 500 else Recovery.FIX_NAVSYNC)
        return RECOVERIES.get(self.code, by_status)


def failure_of(error: Exception, *, now: datetime, writing: bool) -> SyncError:
    """Our error for one of `VENDOR_ERRORS`. *writing*: the request may have changed something before it failed."""
    match error:
        case HTTPResponseError():
            return _answered(_reply(error, now), now, writing=writing)
        case InvalidPathParameterError() | httpx.InvalidURL():
            return Refused("what should be a Notion id cannot be part of an address; correct the stored id")
        case UnicodeEncodeError():
            return Refused("it holds half a character, which no request can carry; remove it")
        case _ if isinstance(error, _NEVER_SENT) or isinstance(error.__context__, _NEVER_SENT):
            return Down("Notion cannot be reached; the request was not sent and is tried again later")
        case _:
            return lost(writing=writing)


def pause_asked(error: Exception, *, now: datetime) -> datetime | None:
    """Until when whoever answered wants to be left alone; a 503 may say so, too, and whatever became of a write."""
    match error:
        case HTTPResponseError() if (pause := _reply(error, now).retry_after) is not None:
            return now + pause
        case _:
            return None


def lost(*, writing: bool) -> SyncError:
    """Our error where there is no answer, or none that can be understood."""
    if writing:
        return Unclear("Notion's answer to a write got lost; the page is read again to see what happened")
    return Down("Notion did not give a whole answer; it is asked again later")


def _answered(reply: _Reply, now: datetime, *, writing: bool) -> SyncError:
    match reply.recovery:
        case Recovery.RECONNECT:
            return NeedsReauth("Notion no longer accepts the connection's token; connect the workspace again")
        case Recovery.PERMIT:
            return _forbidden(reply)
        case Recovery.SHARE:
            return NotReachable("Notion does not show it: share it with the connection again, or it is gone for good")
        case Recovery.WAIT:
            return _slowed(reply, now)
        case Recovery.READ_ANEW:
            return Raced("Notion was saving another change of it at the same time; it is read again")
        case Recovery.CHANGE_VALUE:
            return InvalidRequest(_refusal(reply.text), text=reply.text)
        case Recovery.SHORTEN:
            return Refused("it is larger than Notion takes in one request; shorten it")
        case Recovery.MAKE_ROOM:
            return Refused("the Notion database is full; move or delete rows there")
        case Recovery.CONFIGURE:
            return ConfigError("Notion does not know the client; correct NOTION_CLIENT_ID and its secret")
        case Recovery.FIX_NAVSYNC:
            told = reply.code or reply.status
            return Refused(f"Notion does not understand the request ({told}); check NOTION_BASE_URL or report it")
        case Recovery.COME_BACK:
            return _broken(reply, writing=writing)
        case _ as never:
            assert_never(never)


def _forbidden(reply: _Reply) -> SyncError:
    if "block_limit" in reply.additional:
        return OutOfBlocks("the workspace has used its free blocks; upgrade its Notion plan to create pages")
    return Forbidden("the connection lacks a permission; allow it to read, insert and update content")


def _slowed(reply: _Reply, now: datetime) -> SyncError:
    reason = reply.additional.get("rate_limit_reason")
    if reason == "public_api_request_blocked":
        return Suspended("Notion has blocked the connection and says not to retry; contact Notion's support")
    pause = max(WINDOW if reply.retry_after is None else reply.retry_after, SHORTEST_PAUSE)
    of_workspace = reason == "public_api_space_request_rate_limit"  # others use it up, too: our pace is not to blame
    return Blocked(
        "Notion asks for a pause; the work goes on when it ends",
        until=now + pause,
        whole_workspace=of_workspace,
        too_fast=reply.is_limit and not of_workspace,
    )


def _broken(reply: _Reply, *, writing: bool) -> SyncError:
    committed = reply.additional.get("committed_resource_id")
    if writing and isinstance(committed, str):
        return Committed(committed)
    refused_at_the_edge = 300 <= reply.status < 500 and reply.status != 408
    return lost(writing=writing and not refused_at_the_edge)


def _refusal(text: str) -> str:
    if "should be ≤" in text:
        return "it is longer than Notion allows; shorten it"
    if "commas not allowed" in text:
        return "Notion does not allow a comma in an option; rename it"
    return "Notion does not accept the value; change it"


def _reply(error: HTTPResponseError, now: datetime) -> _Reply:
    body = _json(error.body)
    additional = body.get("additional_data")
    additional = additional if isinstance(additional, dict) else {}
    code = body.get("code") or body.get("error")  # OAuth answers {"error": ...}
    return _Reply(
        status=error.status,
        code=code if isinstance(code, str) else None,
        text=str(body.get("message", "")),
        additional=additional,
        retry_after=_longest(error.headers.get("retry-after"), additional.get("retry_after"), now),
    )


def _json(body: str) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _longest(header: str | None, said: object, now: datetime) -> timedelta | None:
    pauses = [p for p in (_pause(header, now), _pause(said, now)) if p is not None]
    return max(pauses, default=None)


def _pause(said: object, now: datetime) -> timedelta | None:
    if said is None:
        return None
    try:
        return timedelta(seconds=min(float(str(said)), LONGEST_PAUSE.total_seconds()))
    except (ValueError, OverflowError):
        return _until(str(said), now)


def _until(date: str, now: datetime) -> timedelta | None:
    try:
        return max(parsedate_to_datetime(date) - now, timedelta())
    except (ValueError, TypeError):
        return None
