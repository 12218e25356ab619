"""Three versions of a long text → one, where nobody has to choose."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, permutations
from typing import NamedTuple
from unicodedata import category

from navsync.alignment import Stretch, matched
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

_MOST_LOOKED_THROUGH = 10_000_000
"""Pairs of old words times new letters. What has more was written anew: no sign in it is where it was."""


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
    mine, other = deque(_matches(base, ours)), deque(_matches(base, theirs))
    while mine and other:
        (start, stop, to_ours), (begin, end, to_theirs) = mine[0], other[0]
        low, high = max(start, begin), min(stop, end)
        if low < high:
            yield _Chunk(
                slice(low, high), slice(low + to_ours, high + to_ours), slice(low + to_theirs, high + to_theirs)
            )
        (mine if stop <= end else other).popleft()


def _matches(base: Tokens, other: Tokens) -> list[tuple[int, int, int]]:
    """Stretches of *base* that *other* still has: start, stop, and how far they have moved.

    Where *other* has joined two words, or moved one, a space or sign beside it is not taken for one that it has
    elsewhere: a word that it still says would seem to be removed.
    """
    found = list(matched(base, other))
    doubtful = _doubtful(found, base, other)
    kept = (stretch for at, stretch in enumerate(found) if stretch.same and at not in doubtful)
    return [(old.start, old.stop, new.start - old.start) for _, old, new in kept]


def _doubtful(found: Sequence[Stretch], base: Tokens, other: Tokens) -> set[int]:
    """Places in *found* of spaces and signs that tell nothing, as words beside them were joined or moved."""
    runs = groupby(range(len(found)), lambda at: not (found[at].same and any(map(_letters, base[found[at].old]))))
    return {at for changed, run in runs if changed for at in _doubtful_in([*run], found, base, other)}


def _doubtful_in(run: Sequence[int], found: Sequence[Stretch], base: Tokens, other: Tokens) -> Iterator[int]:
    """As `_doubtful`, of a *run* of changes with nothing but spaces and signs between them."""
    if len(run) == 1:
        return
    words = [(at, word) for at in run for word in map(_letters, base[found[at].old]) if word]
    made = [(at, "\n".join(["", *map(_letters, other[found[at].new]), ""])) for at in run if not found[at].same]
    if len(words) ** 2 * sum(len(letters) for _, letters in made) > _MOST_LOOKED_THROUGH:
        yield from run
        return
    for at, letters in made:
        moved = ((first, first) for first, word in words if f"\n{word}\n" in letters)
        joined = ((one, two) for (one, word), (two, after) in permutations(words, 2) if word + after in letters)
        for places in chain(moved, joined):
            yield from range(min(*places, at), max(*places, at) + 1)


def _letters(part: str) -> str:
    """What a reader would miss in *part*: neither spaces nor signs, nor whether a letter is a capital."""
    return "".join(char for char in part.casefold() if category(char)[0] not in "PZC")
