"""Does a request have the shape Notion demands, and which sentences say where it does not?"""

from collections.abc import Iterable
from typing import Any, Final, Literal

from local.twins.notion import ids
from local.twins.notion.errors import UNDEFINED, failed, shown
from local.twins.notion.wire import JsonArray, JsonObject

MAX_TEXT: Final = 2000
MAX_URL: Final = 2000
MAX_EQUATION: Final = 1000
MAX_CONTACT: Final = 200
MAX_ARRAY: Final = 100
MAX_OPTION_NAME: Final = 100
MAX_PAGE_SIZE: Final = 100

type LengthUnit = Literal["utf16", "code_points"]


class Findings:
    """Collects what is wrong with one part of a request (body, path or query), one sentence each."""

    def __init__(self, where: str = "body", unit: LengthUnit = "utf16") -> None:
        self.where = where
        self._unit = unit
        self._sentences: list[str] = []

    def add(self, path: str, should: str, value: object) -> None:
        """Note that *path* should be something and what it is instead."""
        self._sentences.append(f"{path} should be {should}, instead was {shown(value)}.")

    def check(self) -> None:
        """Raise the refusal that names everything found, if anything was."""
        if self._sentences:
            raise failed(self.where, self._sentences)

    def only(self, given: JsonObject, allowed: Iterable[str], path: str) -> None:
        """Refuse keys that Notion does not know here."""
        for key in given.keys() - set(allowed):
            self.add(f"{path}.{key}", "not present", given[key])

    def mapping(self, value: object, path: str) -> JsonObject:
        """*value* as an object; an empty one, and a finding, when it is none."""
        if isinstance(value, dict):
            return value
        self.add(path, *_missing_or("an object", value))
        return {}

    def array(self, value: object, path: str, *, most: int = MAX_ARRAY) -> JsonArray:
        """*value* as an array of at most *most* elements; empty, and a finding, when it is none."""
        if not isinstance(value, list):
            self.add(path, *_missing_or("an array", value))
            return []
        if len(value) > most:
            self.add(f"{path}.length", f"≤ `{most}`", len(value))
        return value

    def string(self, value: object, path: str, *, most: int | None = None, least: int = 0) -> str:
        """*value* as a string within limits; empty, and a finding, when it is none."""
        if not isinstance(value, str):
            self.add(path, *_missing_or("a string", value))
            return ""
        size = self.length(value)
        if most is not None and size > most:
            self.add(f"{path}.length", f"≤ `{most}`", size)
        if size < least:
            self.add(f"{path}.length", f"≥ `{least}`", size)
        return value

    def length(self, text: str) -> int:
        """How long Notion finds *text*."""
        return len(text) if self._unit == "code_points" else len(text.encode("utf-16-le", "surrogatepass")) // 2

    def boolean(self, value: object, path: str) -> bool:
        """*value* as a boolean; False, and a finding, when it is none."""
        if isinstance(value, bool):
            return value
        self.add(path, *_missing_or("a boolean", value))
        return False

    def uuid(self, value: object, path: str) -> str:
        """*value* as a dashed id; empty, and a finding, when it is none."""
        if (found := ids.parse(value)) is not None:
            return found
        self.add(path, *_missing_or("a valid uuid", value))
        return ""

    def one_of(self, value: object, choices: Iterable[str], path: str) -> str:
        """*value* if it is among *choices*, else the first of them and a finding."""
        known = list(choices)
        if isinstance(value, str) and value in known:
            return value
        self.add(path, " or ".join(f'`"{choice}"`' for choice in known), value)
        return known[0]

    def page_size(self, value: Any, path: str) -> int:
        """The page size asked for; absent and 0 mean the default."""
        if value is UNDEFINED or value is None or value == 0:
            return MAX_PAGE_SIZE
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(path, "a number or `undefined`", value)
        elif value > MAX_PAGE_SIZE:
            self.add(path, f"≤ `{MAX_PAGE_SIZE}` or `undefined`", value)
        elif value < 0:
            self.add(path, "≥ `0` or `undefined`", value)
        else:
            return value
        return MAX_PAGE_SIZE


def _missing_or(kind: str, value: object) -> tuple[str, object]:
    return ("defined" if value is UNDEFINED else kind), value


def number_in_query(text: str | None) -> Any:
    """A query parameter as the number it spells, or as it is."""
    if text is None:
        return UNDEFINED
    try:
        return int(text)
    except ValueError:
        return text
