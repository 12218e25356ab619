"""Which stretches of a text stay when it becomes another text."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, takewhile

from navsync.alignment import stretches
from navsync.fields.graphemes import is_boundary
from navsync.words import words

_PART = re.compile(r"\w+|\W")

type Splitter = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """`old[old_from:old_to]` becomes `new[new_from:new_to]`; they are equal where *same*."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int
    same: bool


def spans(old: str, new: str, whole: Collection[slice] = ()) -> Iterator[Span]:
    """The stretches that turn *old* into *new*, in order, cut only where no visible character falls apart.

    Whole words stay before parts of words do. *whole* are places in *old*, such as those of mentions, that stay whole
    or go; what *new* says like them is not cut either.
    """
    labels = {old[place] for place in whole}
    both = Span(0, len(old), 0, len(new), same=False)
    yield from _spans(_Text.of(old, labels, whole), _Text.of(new, labels), both, (words, _PART.findall))


def _spans(was: _Text, now: _Text, changed: Span, splitters: Sequence[Splitter]) -> Iterator[Span]:
    if not splitters or changed.old_from == changed.old_to or changed.new_from == changed.new_to:
        yield from _by_character(was, now, changed)
        return
    split, *finer = splitters
    old, new = was.cut(split, changed.old_from, changed.old_to), now.cut(split, changed.new_from, changed.new_to)
    for same, before, after in stretches(was.between(old), now.between(new)):
        span = Span(old[before.start], old[before.stop], new[after.start], new[after.stop], same)
        yield from (span,) if same else _spans(was, now, span, finer)


def _by_character(was: _Text, now: _Text, changed: Span) -> Iterator[Span]:
    """What other words begin and end with alike stays too."""
    old, new = was.text[changed.old_from : changed.old_to], now.text[changed.new_from : changed.new_to]
    heads = range(_shared(old, new), -1, -1)
    head = next(n for n in heads if was.is_cut(changed.old_from + n) and now.is_cut(changed.new_from + n))
    tails = range(_shared(reversed(old[head:]), reversed(new[head:])), -1, -1)
    tail = next(n for n in tails if was.is_cut(changed.old_to - n) and now.is_cut(changed.new_to - n))
    olds = changed.old_from, changed.old_from + head, changed.old_to - tail, changed.old_to
    news = changed.new_from, changed.new_from + head, changed.new_to - tail, changed.new_to
    for (low, high), (start, stop), same in zip(pairwise(olds), pairwise(news), (True, False, True), strict=True):
        if high > low or stop > start:
            yield Span(low, high, start, stop, same)


def _shared(old: Iterable[str], new: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that is not cut at the places *held*, nor inside a visible character."""

    text: str
    held: Collection[int]

    @classmethod
    def of(cls, text: str, labels: Collection[str], whole: Iterable[slice] = ()) -> _Text:
        """*text*, which shows *labels* whole wherever it says them."""
        longest_first = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
        said = (slice(*match.span()) for match in re.finditer(longest_first, text)) if labels else ()
        return cls(text, {at for place in (*whole, *said) for at in range(place.start + 1, place.stop)})

    def is_cut(self, at: int) -> bool:
        """Whether it may be cut there."""
        return at not in self.held and is_boundary(self.text, at)

    def cut(self, split: Splitter, start: int, stop: int) -> list[int]:
        """Where *split* cuts it from *start*, which is the first of them, to *stop*."""
        return [at for at in accumulate(map(len, split(self.text[start:stop])), initial=start) if self.is_cut(at)]

    def between(self, cuts: Sequence[int]) -> list[str]:
        """What stands between *cuts*."""
        return [self.text[start:end] for start, end in pairwise(cuts)]
