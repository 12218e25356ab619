"""Three versions of a long text → one, where nobody has to choose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from navsync.alignment import matched
from navsync.words import END, FIGURE, LETTER, WORD

type Tokens = Sequence[str]

_GAP = r"[^\S\n]*+"
_BESIDE = rf"(?:{LETTER}|{WORD})"
_QUANTITY = rf"(?:{_BESIDE}{_GAP})?{FIGURE}(?:,?{_GAP}{FIGURE}|{_GAP}{_BESIDE}{_GAP}{FIGURE})*(?:{_GAP}{_BESIDE})?"
"""Figures with the words beside them: of "12 km" and "10 miles" nobody means 12 miles, and a date is one thing."""

_LEVELS = (
    re.compile(r"[^\n]*\n+|[^\n]+"),  # paragraphs, each with the line breaks behind it
    re.compile(rf"\s+|{_QUANTITY}|{LETTER}|{WORD}|{END}"),  # what people read as one, and what is between
)
"""Ways to cut a text, coarse to fine. The pieces joined are the text again."""


def merge(base: str, ours: str, theirs: str) -> str | None:
    """The text with both sides' changes, or None where they overlap and a person must choose.

    Changes to different words do not overlap, nor does the same change made twice. What people read as one, such as a
    price or a date, is never put together of two edits. Merging the result again with either side changes nothing, so
    that a replay after a crash is harmless; where repeated words leave room for a different reading the second time,
    the answer is None.
    """
    merged = _merge(base, ours, theirs)
    if merged is None or _merge(base, merged, theirs) != merged or _merge(base, ours, merged) != merged:
        return None
    return merged


def _merge(base: str, ours: str, theirs: str, level: int = 0) -> str | None:
    old, mine, other = (_LEVELS[level].findall(version) for version in (base, ours, theirs))
    parts: list[str] = []
    for chunk in _chunks(old, mine, other):
        chosen = _choose(old[chunk.base], mine[chunk.ours], other[chunk.theirs], level)
        if chosen is None:
            return None
        parts.append(chosen)
    return "".join(parts)


def _choose(base: Tokens, ours: Tokens, theirs: Tokens, level: int) -> str | None:
    if ours == theirs or theirs == base:
        return "".join(ours)
    if ours == base:
        return "".join(theirs)
    return None if level + 1 == len(_LEVELS) else _merge("".join(base), "".join(ours), "".join(theirs), level + 1)


class _Chunk(NamedTuple):
    """The same stretch of the three versions."""

    base: slice
    ours: slice
    theirs: slice


def _chunks(base: Tokens, ours: Tokens, theirs: Tokens) -> Iterator[_Chunk]:
    """Stretches between the places where all three agree, and those places (Khanna, Kunal and Pierce: diff3)."""
    at = _Chunk(slice(0, 0), slice(0, 0), slice(0, 0))
    for agreed in _agreements(base, ours, theirs):
        yield _Chunk(*(slice(before.stop, here.start) for before, here in zip(at, agreed, strict=True)))
        yield agreed
        at = agreed
    ends = (len(base), len(ours), len(theirs))
    yield _Chunk(*(slice(before.stop, end) for before, end in zip(at, ends, strict=True)))


def _agreements(base: Tokens, ours: Tokens, theirs: Tokens) -> Iterator[_Chunk]:
    mine, other = _matches(base, ours), _matches(base, theirs)
    for start, stop, to_ours in mine:
        for begin, end, to_theirs in other:
            low, high = max(start, begin), min(stop, end)
            if low < high:
                yield _Chunk(
                    slice(low, high),
                    slice(low + to_ours, high + to_ours),
                    slice(low + to_theirs, high + to_theirs),
                )


def _matches(base: Tokens, other: Tokens) -> list[tuple[int, int, int]]:
    """Stretches of *base* that *other* still has: start, stop, and how far they have moved."""
    return [(old.start, old.stop, new.start - old.start) for same, old, new in matched(base, other) if same]
