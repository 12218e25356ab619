"""What is wrong with what was sent, in plain English?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

REASONS: Mapping[str, str] = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "json_invalid": "it is not JSON",
    "json_type": "it is not JSON",
    "model_type": "it must be an object",
    "model_attributes_type": "it must be an object",
    "dict_type": "it must be an object",
    "list_type": "it must be a list",
    "string_type": "it must be text",
    "string_too_short": "it is too short: its length must be {min_length} or more",
    "string_too_long": "it is too long: its length must be {max_length} or less",
    "too_short": "it is too short: its length must be {min_length} or more",
    "too_long": "it is too long: its length must be {max_length} or less",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_parsing_size": "it must be a whole number, and not so long a one",
    "int_from_float": "it must be a whole number",
    "greater_than_equal": "it must be {ge} or more",
    "less_than_equal": "it must be {le} or less",
    "less_than": "it must be less than {lt}",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "enum": "it must be {expected}",
    "literal_error": "it must be {expected}",
    "value_error": "{error}",
}
"""By the kind of pydantic's error."""

NO_DAY = "there is no such day or time; write it like 2026-11-22 or 2026-11-22T10:00:00Z"
_OF_DAYS = ("date_", "datetime_", "timezone_")


def unknown_parameter(shape: type[BaseModel]) -> str:
    """Why a query with a name that *shape* has not is refused."""
    return f"there is no such parameter here; there are {', '.join(shape.model_fields)}"


def reason(wrong: Mapping[str, Any], shape: type[BaseModel]) -> str:
    """Why *wrong*, as pydantic tells it, is refused, with what the field's description in *shape* says to do."""
    to_do = _described(wrong["loc"], shape)
    return _why(wrong) if to_do is None else f"{_why(wrong)}; {to_do}"


def _why(wrong: Mapping[str, Any]) -> str:
    kind = wrong["type"]
    if kind.startswith(_OF_DAYS):
        return NO_DAY
    return REASONS[kind].format_map(wrong.get("ctx", {})) if kind in REASONS else str(wrong["msg"])


def _described(place: Sequence[int | str], shape: type[BaseModel]) -> str | None:
    field = shape.model_fields.get(str(place[0])) if len(place) == 1 else None
    return None if field is None else field.description
