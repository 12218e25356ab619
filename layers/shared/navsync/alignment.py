"""Which parts of a sequence stay when it becomes another one?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, takewhile
from typing import NamedTuple

_MOST_PAIRS = 100_000
"""Of equal parts in both sequences: comparing goes through all of them, several times."""


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
    rare = _rare(old, new)
    found = _found(old, new, {part for part in rare if part.strip()}) or _found(old, new, rare)
    low = start = 0
    for one, other in [*found, (len(old), len(new))]:
        if found:
            yield from (stretch.moved(low, start) for stretch in _matched(old[low:one], new[start:other]))
        else:
            yield Stretch(False, slice(low, one), slice(start, other))
        if one < len(old):
            yield Stretch(True, slice(one, one + 1), slice(other, other + 1))
        low, start = one + 1, other + 1


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
