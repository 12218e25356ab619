"""What of two answers to the same request is compared, and how do they differ?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

_ID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_TIMES: Final = {
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z"): "<a time to the minute>",
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|\+00:00)"): "<a time to the millisecond>",
}
OF_THE_ACCOUNT: Final = {
    "request_id": "random",
    "name": "people and connections are called otherwise",
    "resolved_name": "the same, beside a comment",
    "workspace_name": "another workspace",
    "avatar_url": "a person's picture",
    "email": "a person's address",
    "max_file_upload_size_in_bytes": "by the plan",
    "next_cursor": "opaque",
    "expiry_time": "an hour from now",
}
"""Names whose values belong to the account and the moment; that they are there, and of which kind, is compared."""
_NAMED_BY_US: Final = frozenset({"select", "multi_select", "status", "options", "groups", "properties", "data_sources"})
"""Below these a name is one that the probe, or Notion, gave, and the same everywhere."""


def face_of_time(text: str) -> str | None:
    """How a time is written; None for what is none."""
    return next((face for pattern, face in _TIMES.items() if pattern.fullmatch(text)), None)


@dataclass(frozen=True)
class Difference:
    """One place in one answer."""

    step: str
    place: str
    there: str
    twin: str

    def __str__(self) -> str:
        return f"{self.step}: {self.place or 'the answer'}: Notion {self.there}, the twin {self.twin}"


@dataclass
class Faces:
    """What an answer looks like without what is random in it: ids are numbered as they are met."""

    origin: str
    met: dict[str, int] = field(default_factory=dict)

    def of(self, answer: Any, name: str = "", *, ours: bool = False) -> Any:
        """The face of a value under *name*; *ours*: below something that the probe named."""
        match answer:
            case dict():
                return {self._text(key): self._below(key, value, ours) for key, value in answer.items()}
            case list():
                return [self.of(item, name, ours=ours) for item in answer]
            case str() if ours and name == "color":
                return "<a colour>"  # of a new option it is drawn by lot
            case str() if name in OF_THE_ACCOUNT and not (name == "name" and ours):
                return "<text>"
            case int() if name in OF_THE_ACCOUNT and not isinstance(answer, bool):
                return "<number>"
            case str():
                return self._named(name, answer)
            case _:
                return answer

    def _below(self, key: str, value: Any, ours: bool) -> Any:
        return self.of(value, key, ours=ours or key in _NAMED_BY_US)

    def _named(self, name: str, text: str) -> str:
        short_id = name == "id" and not _ID.fullmatch(text) and text != "title"
        return "<a short id>" if short_id else self._text(text)

    def _text(self, text: str) -> str:
        return face_of_time(text) or _ID.sub(self._number, text.replace(self.origin, "<Notion>"))

    def _number(self, found: re.Match[str]) -> str:
        plain = found[0].replace("-", "")
        return f"<id {self.met.setdefault(plain, len(self.met) + 1)}>"


def differences(step: str, there: Any, twin: Any, place: str = "") -> Iterator[Difference]:
    """Where two faces differ: keys and their order, lengths, kinds, values."""
    match there, twin:
        case dict(), dict():
            if list(there) != list(twin):
                yield Difference(step, place, f"has {_keys(there, twin)}", f"has {_keys(twin, there)}")
            for key in there.keys() & twin.keys():
                yield from differences(step, there[key], twin[key], f"{place}.{key}".lstrip("."))
        case list(), list():
            if len(there) != len(twin):
                yield Difference(step, place, f"has {len(there)} items", f"has {len(twin)}")
            for number, (one, other) in enumerate(zip(there, twin, strict=False)):
                yield from differences(step, one, other, f"{place}[{number}]")
        case _:
            if type(there) is not type(twin) or there != twin:
                yield Difference(step, place, _shown(there), _shown(twin))


def _keys(mine: dict[str, Any], others: dict[str, Any]) -> str:
    more = [key for key in mine if key not in others]
    if more:
        return f"{', '.join(more)} more"
    return f"keys in the order {', '.join(mine)}" if mine.keys() == others.keys() else "nothing more"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:300]
