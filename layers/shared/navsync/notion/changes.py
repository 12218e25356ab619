"""Which query asks for rows that changed, and where does the next one go on?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from navsync.model import Present

type Json = dict[str, Any]


def minute(since: datetime | None) -> str:
    """As fine as Notion's times are; "" for none."""
    return "" if since is None else since.replace(second=0, microsecond=0).isoformat()


def changes(edited_since: str, created_since: str) -> Json:
    """The query for rows edited and created since then, in the order of their creation."""
    bounds = {"last_edited_time": edited_since, "created_time": created_since}
    filters = [{"timestamp": kind, kind: {"on_or_after": time}} for kind, time in bounds.items() if time]
    sorts = [{"timestamp": "created_time", "direction": "ascending"}]
    return {"sorts": sorts} | ({"filter": {"and": filters}} if filters else {})


def next_place(start: str, answer: Json, records: Sequence[Present]) -> tuple[str | None, bool]:
    """The cursor of the next page, and whether all rows can be reached.

    A query ends silently at 10,000 rows; another one goes on from the minute in which the last of them was made. Only
    where more rows than that were made within one minute is there no way on.
    """
    if answer.get("has_more"):
        return f"{start}|{answer['next_cursor']}", True
    if (answer.get("request_status") or {}).get("type") != "incomplete":
        return None, True
    last = minute(records[-1].created_at) if records else start
    return (f"{last}|", True) if last != start else (None, False)
