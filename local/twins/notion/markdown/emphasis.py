"""Asterisks and tildes: which of them switch a style on or off, and which are only characters?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MARKS: Final = {"bold": "**", "italic": "*", "strikethrough": "~~"}
_SWITCHES: Final = {"*": ("italic",), "**": ("bold",), "***": ("bold", "italic"), "~~": ("strikethrough",)}


@dataclass(frozen=True)
class Mark:
    """A run of asterisks or tildes; it can close a style after a character, open one before a character."""

    text: str
    can_open: bool
    can_close: bool

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that it may switch."""
        return _SWITCHES.get(self.text, ())


def changed(before: frozenset[str], after: frozenset[str]) -> str:
    """The marks between two texts of different styles."""
    return "".join(mark for style, mark in MARKS.items() if style in before ^ after)


def resolved[P](parts: Sequence[P | Mark]) -> Iterator[tuple[P | str, frozenset[str]]]:
    """Parts with the styles that they are in; marks that switch nothing come back as text.

    A style goes on only where a later mark can end it, so nothing is left open.
    """
    last = _last_to_close(parts)
    active: frozenset[str] = frozenset()
    for index, part in enumerate(parts):
        if not isinstance(part, Mark):
            yield part, active
            continue
        switched = frozenset(style for style in part.styles if _switches(part, style, active, index, last))
        if unused := "".join(MARKS[style] for style in part.styles if style not in switched):
            yield unused, active
        active ^= switched


def _last_to_close(parts: Sequence[object]) -> dict[str, int]:
    marks = [(index, part) for index, part in enumerate(parts) if isinstance(part, Mark) and part.can_close]
    return {style: index for index, mark in marks for style in mark.styles}


def _switches(mark: Mark, style: str, active: frozenset[str], index: int, last: dict[str, int]) -> bool:
    if style in active:
        return mark.can_close
    return mark.can_open and last.get(style, -1) > index
