"""Which query asks for rows that changed, and where does the next one go on?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from navsync.model import Present

type Json = dict[str, Any]

MINUTE = timedelta(minutes=1)


def minute(since: datetime | None) -> str:
    """As fine as Notion's times are; "" for none."""
    return "" if since is None else since.replace(second=0, microsecond=0).isoformat()


def changes(edited_since: str, created_since: str) -> Json:
    """The query for rows edited and created since then, in the order of their creation."""
    bounds = {"last_edited_time": edited_since, "created_time": created_since}
    filters = [{"timestamp": kind, kind: {"on_or_after": time}} for kind, time in bounds.items() if time]
    sorts = [{"timestamp": "created_time", "direction": "ascending"}]
    return {"sorts": sorts} | ({"filter": {"and": filters}} if filters else {})


def next_places(start: str, answer: Json, records: Sequence[Present]) -> tuple[str | None, str | None]:
    """The cursor of the next page, and the place that keeps: the minute in which the last of *records* was made.

    Notion's own cursors are not for keeping, and a query ends silently at 10,000 rows; then another one goes on from
    that minute. Where more than that were made within one, the rest of them is out of reach: on with the minute behind.
    """
    last = minute(records[-1].created_at) if records else start
    place = f"{last}|" if last != start else None
    if answer.get("has_more"):
        return f"{start}|{answer['next_cursor']}", place
    if (answer.get("request_status") or {}).get("type") != "incomplete":
        return None, None
    on = place or f"{minute(datetime.fromisoformat(start) + MINUTE)}|"
    return on, on
