"""Which parts of a sequence stay when it becomes another one?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

_MOST_PAIRS = 2_000_000
"""Of equal parts in both sequences: beyond it, the middle counts as replaced. Comparing goes through all of them."""


class Stretch(NamedTuple):
    """The part `old` of one sequence that stays, or becomes the part `new` of the other."""

    same: bool
    old: slice
    new: slice


def stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """All of both sequences, in order. What both begin and end with is found first: most texts differ in one place."""
    head = _shared(old, new)
    tail = _shared(reversed(old[head:]), reversed(new[head:]))
    if head:
        yield Stretch(True, slice(0, head), slice(0, head))
    for same, before, after in _middle(old[head : len(old) - tail], new[head : len(new) - tail]):
        yield Stretch(same, _moved(before, head), _moved(after, head))
    if tail:
        yield Stretch(True, slice(len(old) - tail, len(old)), slice(len(new) - tail, len(new)))


def changes(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """Only the parts that differ."""
    return (stretch for stretch in stretches(old, new) if not stretch.same)


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    if not old and not new:
        return
    if _pairs(old, new) > _MOST_PAIRS:
        yield Stretch(False, slice(0, len(old)), slice(0, len(new)))
        return
    for tag, low, high, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield Stretch(tag == "equal", slice(low, high), slice(start, stop))


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    counts = Counter(new)
    return sum(times * counts[part] for part, times in Counter(old).items())


def _shared(old: Iterable[str], new: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
