"""Three versions of a long text → one, where nobody has to choose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

type Tokens = Sequence[str]

_LEVELS = (
    re.compile(r"[^\n]*\n+|[^\n]+"),  # paragraphs, each with the line breaks behind it
    re.compile(r"\s+|\w+|[^\w\s]"),  # white space, words, and every other character for itself
)
"""Ways to cut a text, coarse to fine. The pieces joined are the text again."""

_MOST_PAIRS = 4_000_000
"""Of equal pieces in a stretch that both sides changed: comparing goes through them all, and a person is quicker."""


def merge(base: str, ours: str, theirs: str) -> str | None:
    """The text with both sides' changes, or None where they overlap and a person must choose.

    Changes to different words do not overlap, nor does the same change made twice. Merging the result again with
    either side changes nothing, so that a replay after a crash is harmless; where repeated words leave room for a
    different reading the second time, the answer is None.
    """
    merged = _merge(base, ours, theirs)
    if merged is None or _merge(base, merged, theirs) != merged or _merge(base, ours, merged) != merged:
        return None
    return merged


def _merge(base: str, ours: str, theirs: str, level: int = 0) -> str | None:
    old, mine, other = (_LEVELS[level].findall(version) for version in (base, ours, theirs))
    if max(_pairs(old, mine), _pairs(old, other)) > _MOST_PAIRS:
        return None
    parts: list[str] = []
    for chunk in _chunks(old, mine, other):
        chosen = _choose(old[chunk.base], mine[chunk.ours], other[chunk.theirs], level)
        if chosen is None:
            return None
        parts.append(chosen)
    return "".join(parts)


def _pairs(base: Tokens, other: Tokens) -> int:
    counts = Counter(other)
    return sum(times * counts[piece] for piece, times in Counter(base).items())


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
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return [(b.a, b.a + b.size, b.b - b.a) for b in blocks if b.size]
