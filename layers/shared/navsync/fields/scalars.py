"""How single texts, numbers and dates are spelled by either side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LARGEST_EXPONENT = 400
"""Beyond what a JSON number of either side can hold, so that spelling one out stays cheap."""
_EXACT = Context(prec=2 * _LARGEST_EXPONENT)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_MOMENT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"
_DATE = re.compile(rf"(?P<start>{_MOMENT})(/(?P<end>{_MOMENT}))?(\[(?P<time_zone>[^\]]+)\])?", re.ASCII)


class Unreadable(ValueError):
    """A value that exists but means nothing here. It is quarantined: never taken for "cleared"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Lost(Unreadable):
    """Its column was deleted or retyped, which is what a person can mend."""


UNPAIRED = (
    "it points to a page that has no record in NavImpact yet; give that project what it lacks or take it out of the "
    "trash, or choose another"
)
NO_PROJECT = "it points to a page that is no project's; choose a project's page instead"
ASTRAY = frozenset({UNPAIRED, NO_PROJECT})
"""Why a relation means nothing here, though its column is as it should be."""

MOVED = "the page was moved out of its database"


# --- texts ----------------------------------------------------------------------------------------------------------


def text(spelled: object) -> str | None:
    """The text, its lines ended by a newline alone; nothing for an empty one."""
    if spelled is None or spelled == "":
        return None
    if not isinstance(spelled, str):
        raise Unreadable(f"it holds {_shortly(spelled)} where a text is expected")
    if has_half_characters(spelled):
        raise Unreadable("its text holds half of a character, which no program can show; type it again")
    return newlines(spelled)


def newlines(spelled: str) -> str:
    """*spelled* with each line ended by a newline alone, whatever ended it."""
    return spelled.replace("\r\n", "\n").replace("\r", "\n")


def has_half_characters(spelled: str) -> bool:
    """Whether it holds a lone surrogate, which cannot be sent or stored as UTF-8."""
    return _HALF_CHARACTER.search(spelled) is not None


# --- numbers --------------------------------------------------------------------------------------------------------


def number(spelled: object) -> Decimal | None:
    """The number, equal ones spelled equally."""
    if spelled is None or spelled == "":
        return None
    exact = str(spelled)
    if isinstance(spelled, bool | list | dict) or not _NUMBER.fullmatch(exact):
        raise Unreadable(f"it holds {_shortly(spelled)} where a number is expected")
    if len(exact) > _LARGEST_EXPONENT:
        raise Unreadable("its number has more digits than a number can hold")
    return tidy(Decimal(exact))


def tidy(value: Decimal) -> Decimal:
    """*value* without trailing zeros, exponent or a negative zero."""
    if value and abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise Unreadable("its number is larger or smaller than a number can be")
    whole = value == value.to_integral_value()
    return Decimal(int(value)) if whole else value.normalize(_EXACT)


def places(value: Decimal) -> int:
    """How many decimals *value* has."""
    exponent = value.normalize(_EXACT).as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def is_double(value: Decimal) -> bool:
    """Whether a JSON number of double precision gives *value* back."""
    return Decimal(repr(float(value))) == value


def json_number(value: Decimal) -> int | float:
    """*value* as JSON, without a fraction where it has none."""
    return int(value) if value == value.to_integral_value() else float(value)


# --- dates ----------------------------------------------------------------------------------------------------------


def is_date(spelled: str) -> bool:
    """Whether it is a calendar date and nothing more, as `2026-11-22`."""
    try:
        return date.fromisoformat(spelled).isoformat() == spelled
    except ValueError:
        return False


def calendar_date(spelled: object) -> str | None:
    """NavImpact's date."""
    if spelled is None or spelled == "":
        return None
    if not (isinstance(spelled, str) and is_date(spelled)):
        raise Unreadable(f"it holds {_shortly(spelled)} where a date like 2026-11-22 is expected")
    return spelled


def date_text(notion: Mapping[str, Any] | None) -> str | None:
    """Notion's date as one text: a day, a time with its offset, or `start/end`; after local times `[Europe/Berlin]`."""
    if notion is None:
        return None
    zone = f"[{notion['time_zone']}]" if notion.get("time_zone") else ""
    return "/".join(at for at in (notion["start"], notion.get("end")) if at) + zone


def notion_date(spelled: str) -> dict[str, Any] | None:
    """The reverse of `date_text`; None when it is no such text."""
    parts = _DATE.fullmatch(spelled)
    sent = {key: value for key, value in parts.groupdict().items() if value} if parts else {}
    moments = [sent[key] for key in ("start", "end") if key in sent]
    return sent if moments and all(map(_is_moment, moments)) else None


def _is_moment(spelled: str) -> bool:
    try:
        datetime.fromisoformat(spelled)
    except ValueError:
        return False
    return True


def _shortly(spelled: object) -> str:
    return f"{type(spelled).__name__} {str(spelled)[:40]!a}"
