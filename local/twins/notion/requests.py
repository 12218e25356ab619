"""One parsed call to the API: path, query and body, and the lists that are answered in pieces."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.twins.notion import errors
from local.twins.notion.errors import UNDEFINED
from local.twins.notion.validation import Findings, number_in_query
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller


@dataclass(frozen=True)
class Ask:
    """What was asked; ids in *path* are checked and dashed already."""

    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: JsonObject

    def get(self, key: str) -> Any:
        """A value of the body, or UNDEFINED."""
        return self.body.get(key, UNDEFINED)

    def parameter(self, name: str) -> str | None:
        """A query parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    def parameters(self, name: str) -> list[str]:
        """A repeated query parameter, in any of its spellings: a=, a[]=, a[0]=."""
        spelled = [key for key in self.query if key == name or key.startswith(f"{name}[")]
        return [value for key in spelled for value in self.query[key]]


type Operation = Callable[[Caller, Ask], JsonObject]


@dataclass(frozen=True)
class Window:
    """Which part of a list is wanted."""

    start: int
    size: int

    def of(self, found: JsonArray, kind: str, show: Callable[[Any], JsonObject], *, list_id: str) -> JsonObject:
        """The list answer for this part of *found*."""
        until = self.start + self.size
        more = until < len(found)
        return {
            "object": "list",
            "results": [show(item) for item in found[self.start : until]],
            "next_cursor": cursor(list_id, until) if more else None,
            "has_more": more,
            "type": kind,
            kind: {},
        }


def window_of_query(caller: Caller, ask: Ask, list_id: str) -> Window:
    """The part named by query parameters."""
    findings = caller.findings("query")
    size = page_size_of_query(ask, findings)
    findings.check()
    return Window(_position(caller, "query", ask.parameter("start_cursor"), list_id), size)


def page_size_of_query(ask: Ask, findings: Findings) -> int:
    """How many results the query asks for."""
    return findings.page_size(number_in_query(ask.parameter("page_size")), "query.page_size")


def window_of_body(caller: Caller, ask: Ask, list_id: str) -> Window:
    """The part named in the body."""
    findings = caller.findings()
    size = findings.page_size(ask.get("page_size"), "body.page_size")
    findings.check()
    return Window(_position(caller, "body", ask.body.get("start_cursor"), list_id), size)


def cursor(list_id: str, position: int) -> str:
    """An opaque cursor, good for this list only."""
    return base64.urlsafe_b64encode(json.dumps([list_id, position]).encode()).decode().rstrip("=")


def _position(caller: Caller, where: str, given: object, list_id: str) -> int:
    if given is None:
        return 0
    if not isinstance(given, str) or (position := _decoded(given, list_id)) is None:
        raise errors.bad_cursor(where, given, caller.world.switches.cursor_wording)
    return position


def _decoded(given: str, list_id: str) -> int | None:
    try:
        found_list, position = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (ValueError, TypeError, binascii.Error):
        return None
    return position if found_list == list_id and isinstance(position, int) and position >= 0 else None
