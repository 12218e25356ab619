"""Notion's own bad days: refusals that no request deserves, in Notion's words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from starlette.requests import Request

from local.twins.control import Match, actor
from local.twins.notion.errors import ApiError, Edge, rate_limited
from local.twins.notion.wire import JsonObject

type Name = Literal[
    "conflict_error", "row_limit_exceeded", "connection_limited", "workspace_limited", "endpoint_limited",
    "request_blocked", "internal_server_error", "bad_gateway", "service_unavailable",
    "database_connection_unavailable", "saved", "gateway_timeout", "service_overload", "edge",
]  # fmt: skip
NAMES: Final[tuple[Name, ...]] = get_args(Name.__value__)

SAVED: Final = (
    "The change was saved, but the response could not be built in time. "
    "Read the object again instead of repeating the write."
)
_DEADLINE_MS: Final = 55_000


class Outage(BaseModel):
    """Which calls meet it, *times* times (None: until it is removed), and whether the write happened all the same.

    *retry_after* is in seconds, for the kinds that Notion sends with one. `saved` always happens after the write.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    match: Match = Match()
    times: int | None = Field(default=1, ge=1)
    retry_after: int | None = Field(default=None, ge=0)
    applied: bool = False
    _met: int = PrivateAttr(0)
    _fired: int = PrivateAttr(0)

    @property
    def fired(self) -> int:
        """How many calls met it."""
        return self._fired

    @property
    def after_the_write(self) -> bool:
        """Whether the call is carried out before it is refused."""
        return self.applied or self.name == "saved"

    def meets(self, chance: Random) -> bool:
        """Count one more matching call and say whether it meets the outage."""
        self._met += 1
        due = self.match.nth in (None, self._met) and (self.times is None or self._fired < self.times)
        met = due and chance.random() < self.match.probability
        self._fired += met
        return met

    def error(self, block_id: str | None, answer: JsonObject) -> ApiError | Edge:
        """What the caller is told; *answer* is what it would have been told, *block_id* what it appended to."""
        if self.name == "edge":
            return Edge(502)
        if self.name == "saved":
            return ApiError(503, "service_unavailable", SAVED, _saved(block_id, answer))
        return _KINDS[self.name](self.retry_after)


@dataclass
class Outages:
    """The outages in force."""

    chance: Random
    planned: list[Outage] = field(default_factory=list)

    def pick(self, request: Request) -> Outage | None:
        """The first outage that this call meets; all that match count it."""
        who, method, path = actor(request), request.method, request.scope["path"]
        concerned = [one for one in self.planned if one.match.concerns(actor=who, method=method, path=path)]
        met = [outage for outage in concerned if outage.meets(self.chance)]
        return met[0] if met else None


def _saved(block_id: str | None, answer: JsonObject) -> JsonObject:
    children = [item["id"] for item in answer.get("results", [])]
    return {
        "from": "public_api",
        "elapsed_ms": str(_DEADLINE_MS + 12),
        "deadline_ms": str(_DEADLINE_MS),
        "retry_guidance": ["Read the object again.", "Do not repeat the write."],
        "committed_resource_id": block_id if children else answer.get("id"),
        "committed_child_ids": children,
    }


def _plain(status: int, code: str, text: str) -> Callable[[int | None], ApiError]:
    return lambda retry_after: ApiError(status, code, text, *_pause(retry_after))


def _pause(retry_after: int | None) -> tuple[JsonObject | None, dict[str, str] | None]:
    if retry_after is None:
        return None, None
    return {"retry_after": str(retry_after)}, {"retry-after": str(retry_after)}


def _limited(reason: str) -> Callable[[int | None], ApiError]:
    return lambda retry_after: rate_limited(reason, retry_after)


_UNAVAILABLE: Final = "Notion is unavailable, please try again later."
_KINDS: Final[dict[str, Callable[[int | None], ApiError]]] = {
    "conflict_error": _plain(409, "conflict_error", "Conflict occurred while saving. Please try again."),
    "row_limit_exceeded": _plain(409, "row_limit_exceeded", "The row limit of this data source is exceeded."),
    "connection_limited": _limited("public_api_request_rate_limit"),
    "workspace_limited": _limited("public_api_space_request_rate_limit"),
    "endpoint_limited": _limited("public_api_endpoint_rate_limit"),
    "request_blocked": _limited("public_api_request_blocked"),
    "internal_server_error": _plain(500, "internal_server_error", "Unexpected error occurred."),
    "bad_gateway": _plain(502, "bad_gateway", "Bad Gateway"),
    "service_unavailable": _plain(503, "service_unavailable", _UNAVAILABLE),
    "database_connection_unavailable": _plain(503, "database_connection_unavailable", _UNAVAILABLE),
    "gateway_timeout": _plain(504, "gateway_timeout", "Gateway Timeout"),
    "service_overload": _plain(529, "service_overload", "Notion is temporarily overloaded. Please try again later."),
}
"""By name; the text of `row_limit_exceeded` is not documented."""
