"""Which parts of a sequence stay when it becomes another one?"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, groupby, takewhile
from typing import NamedTuple

_MOST_PAIRS = 100_000
"""Of equal parts in both sequences: comparing goes through all of them, several times."""
_MANY = 500
"""So many parts that stand once in either sequence are compared without the others, of which each costs a look."""


class Stretch(NamedTuple):
    """The part `old` of one sequence that stays, or becomes the part `new` of the other."""

    same: bool
    old: slice
    new: slice

    def moved(self, old: int, new: int) -> Stretch:
        """The stretch as seen from *old* and *new* parts further up."""
        there, here = (slice(s.start + by, s.stop + by) for s, by in ((self.old, old), (self.new, new)))
        return Stretch(self.same, there, here)


def stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """All of both sequences, in order. What both begin and end with is found first: most texts differ in one place."""
    head = _shared(old, new)
    tail = _shared(reversed(old[head:]), reversed(new[head:]))
    if head:
        yield Stretch(True, slice(0, head), slice(0, head))
    for stretch in matched(old[head : len(old) - tail], new[head : len(new) - tail]):
        yield stretch.moved(head, head)
    if tail:
        yield Stretch(True, slice(len(old) - tail, len(old)), slice(len(new) - tail, len(new)))


def changes(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """Only the parts that differ."""
    return (stretch for stretch in stretches(old, new) if not stretch.same)


def matched(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """All of both sequences, in order. What is longest is found first, so that a sentence that is added stays whole."""
    last: Stretch | None = None
    for stretch in _matched(old, new):
        if last and last.same and stretch.same:
            last = Stretch(True, slice(last.old.start, stretch.old.stop), slice(last.new.start, stretch.new.stop))
            continue
        if last:
            yield last
        last = stretch
    if last:
        yield last


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """Parts with something in them are found first, the rarest of them, and all others between those."""
    if old == new:
        yield from [Stretch(True, slice(0, len(old)), slice(0, len(new)))] if old else []
        return
    found = _anchors(old, new)
    low = start = 0
    for one, other in [*found, (len(old), len(new))]:
        if found:
            yield from (stretch.moved(low, start) for stretch in _matched(old[low:one], new[start:other]))
        else:
            yield Stretch(False, slice(low, one), slice(start, other))
        if one < len(old):
            yield Stretch(True, slice(one, one + 1), slice(other, other + 1))
        low, start = one + 1, other + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Where parts that stay stand in both, in order; the stretches between them are still to be looked through."""
    rare = _rare(old, new)
    here, there = _places(old), _places(new)
    single = [part for part in here if part in there and part in rare and part.strip()]
    if len(single) >= _MANY:
        return [(here[part], there[part]) for part in _in_order(single, sorted(single, key=there.__getitem__))]
    return _found(old, new, {part for part in rare if part.strip()}) or _found(old, new, rare)


def _places(parts: Sequence[str]) -> dict[str, int]:
    """Where those stand that are there once."""
    counts = Counter(parts)
    return {part: at for at, part in enumerate(parts) if counts[part] == 1}


def _in_order(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Of the same parts in two orders, those that keep theirs: the longest unbroken run first, as `difflib` does it."""
    ranks = {part: rank for rank, part in enumerate(new)}
    places = [(at, ranks[part]) for at, part in enumerate(old)]
    runs = [[*run] for _, run in groupby(places, lambda place: place[1] - place[0])]
    kept: list[list[tuple[int, int]]] = []
    for run in sorted(runs, key=len, reverse=True):
        at = bisect(kept, run)
        if (at == 0 or kept[at - 1][-1][1] < run[0][1]) and (at == len(kept) or run[-1][1] < kept[at][0][1]):
            kept.insert(at, run)
    return (old[at] for run in kept for at, _ in run)


def _rare(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """As many parts, rarest first, as can be compared."""
    counts, others = Counter(old), Counter(new)
    pairs = {part: counts[part] * others[part] for part in counts | others}
    rarest_first = sorted(pairs, key=pairs.__getitem__)
    sums = accumulate(pairs[part] for part in rarest_first)
    return {part for part, total in zip(rarest_first, sums, strict=True) if total <= _MOST_PAIRS}


def _found(old: Sequence[str], new: Sequence[str], wanted: Container[str]) -> list[tuple[int, int]]:
    """Where those of the *wanted* parts that stay stand in both."""
    here = [at for at, part in enumerate(old) if part in wanted]
    there = [at for at, part in enumerate(new) if part in wanted]
    matcher = SequenceMatcher(None, [old[at] for at in here], [new[at] for at in there], autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [(here[block.a + by], there[block.b + by]) for block in blocks for by in range(block.size)]


def _shared(old: Iterable[str], new: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
