"""How Notion reads dates, and how it shows them back."""

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?\Z")


def normal(text: str, zone: str | None = None) -> str | None:
    """*text* as answers show it: a day stays a day, a moment gets milliseconds and offset; else None."""
    if _DAY.match(text):
        return text if _day(text) is not None else None
    moment = _moment(text, zone)
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def is_zone(name: object) -> bool:
    """Whether *name* is an IANA time zone."""
    return isinstance(name, str) and name in available_timezones()


def seconds(text: str) -> float | None:
    """The point in time meant in a comparison: days and moments without offset are read as UTC."""
    moment = _moment(f"{text}T00:00" if _DAY.match(text) else text, None)
    return None if moment is None else moment.timestamp()


def is_day(text: str) -> bool:
    """Whether *text* is a date without a time."""
    return _DAY.match(text) is not None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str, zone: str | None) -> datetime | None:
    if not _MOMENT.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
