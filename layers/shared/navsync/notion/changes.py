"""Which query asks for rows that changed, and where does the next one go on?"""

from __future__ import annotations

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from navsync.model import Present

type Json = dict[str, Any]

MINUTE = timedelta(minutes=1)

ARCHIVED: Json = {"is_archived": True}
"""Asks for the rows that people have archived, which no other query shows."""

BEHIND = "archived/"
"""Begins the text form of a place among them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a query begins."""

    created_since: str = ""
    after: str = ""
    """Notion's own cursor."""
    is_archived: bool = False

    def __str__(self) -> str:
        return f"{BEHIND if self.is_archived else ''}{self.created_since}|{self.after}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back; "" is the beginning."""
        created_since, _, after = text.removeprefix(BEHIND).partition("|")
        return cls(created_since, after, text.startswith(BEHIND))


def minute(since: datetime | None) -> str:
    """As fine as Notion's times are; "" for none."""
    return "" if since is None else since.replace(second=0, microsecond=0).isoformat()


def changes(edited_since: str, place: Place) -> Json:
    """The query for rows edited since then, in the order of their creation, from *place* on."""
    bounds = {"last_edited_time": edited_since, "created_time": place.created_since}
    filters = [{"timestamp": kind, kind: {"on_or_after": time}} for kind, time in bounds.items() if time]
    query: Json = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
    return query | ({"filter": {"and": filters}} if filters else {}) | (ARCHIVED if place.is_archived else {})


def next_places(here: Place, answer: Json, records: Sequence[Present]) -> tuple[Place | None, Place | None]:
    """Where the next page begins, and the place that keeps: the minute in which the last of *records* was made.

    Notion's own cursors are not for keeping, and a query ends silently at 10,000 rows; then another one goes on from
    that minute. Where more than that were made within one, the rest of them is out of reach: on with the minute behind.
    """
    start = here.created_since
    last = minute(records[-1].created_at) if records else start
    keeps = replace(here, created_since=last, after="") if last != start else None
    if answer.get("has_more"):
        return replace(here, after=answer["next_cursor"]), keeps
    if (answer.get("request_status") or {}).get("type") != "incomplete":
        return None, None
    on = keeps or replace(here, created_since=minute(datetime.fromisoformat(start) + MINUTE), after="")
    return on, on
