"""Where does a part of a long text stand? Asked for thousands of parts, so the text is not gone through for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

_SIZES = (16, 8, 4)
_LONGEST = 512
"""Characters of a part that are looked at to find where it could stand."""
_MOST_TRIED = 1_000
"""In a text that says the same over and over so many blocks are alike that going through it is quicker."""

type Blocks = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A long text, known by its blocks of one size: wherever a part twice as long stands, it holds a whole one."""

    text: str
    _known: dict[int, Blocks] = field(default_factory=dict, repr=False, compare=False)

    def has_once(self, part: str) -> bool:
        """Whether *part* stands there, and nowhere else, not even overlapping itself."""
        return bool(part) and len([*islice(self.places(part), 2)]) == 1

    def places(self, part: str) -> Iterator[int]:
        """Where *part* begins, in no order."""
        size = next((size for size in _SIZES if len(part) >= 2 * size), 0)
        likely = [self._likely(part, first, size) for first in range(size)]
        if not likely or sum(map(len, likely)) > _MOST_TRIED:
            return gone_through(self.text, part)
        return (at for at in chain.from_iterable(likely) if at >= 0 and self.text.startswith(part, at))

    def _likely(self, part: str, first: int, size: int) -> Sequence[int]:
        """Where *part* would begin if the first whole block in it began at *first*: where the rarest of them stands."""
        blocks = self._known.get(size) or self._known.setdefault(size, _blocks(self.text, size))
        offsets = range(first, min(len(part), _LONGEST) - size + 1, size)
        rarest = min(offsets, key=lambda at: len(blocks.get(part[at : at + size], ())))
        return [place - rarest for place in blocks.get(part[rarest : rarest + size], ())]


def _blocks(text: str, size: int) -> Blocks:
    blocks = dict[str, list[int]]()
    for at in range(0, len(text), size):
        blocks.setdefault(text[at : at + size], []).append(at)
    return blocks


def gone_through(text: str, part: str) -> Iterator[int]:
    """Where *part* begins in *text*."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
