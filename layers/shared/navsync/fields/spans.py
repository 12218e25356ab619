"""Which stretches of a text stay when it becomes another text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, takewhile

from navsync.fields.graphemes import is_boundary

_MOST_TOKENS = 5_000
"""Beyond, a stretch counts as replaced: matching takes time that grows with the square."""
_SENTENCE = re.compile(r".*?(?:[.!?。！？]+\s+|\n+|\Z)", re.DOTALL)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]\s*|\w+\s*|\W\s*")

type Splitter = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """`old[old_from:old_to]` becomes `new[new_from:new_to]`; they are equal where *same*."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int
    same: bool

    def moved(self, old: int, new: int) -> Span:
        """The span as seen from *old* and *new* characters further up."""
        return Span(self.old_from + old, self.old_to + old, self.new_from + new, self.new_to + new, self.same)


def spans(old: str, new: str) -> Iterator[Span]:
    """The stretches that turn *old* into *new*, in order, cut only where no visible character falls apart."""
    yield from _spans(old, new, (_sentences, _words))


def _spans(old: str, new: str, splitters: Sequence[Splitter]) -> Iterator[Span]:
    head = _same_start(old, new)
    tail = _same_end(old[head:], new[head:])
    old_to, new_to = len(old) - tail, len(new) - tail
    if head:
        yield Span(0, head, 0, head, same=True)
    for span in _middle(old[head:old_to], new[head:new_to], splitters):
        yield span.moved(head, head)
    if tail:
        yield Span(old_to, len(old), new_to, len(new), same=True)


def _middle(old: str, new: str, splitters: Sequence[Splitter]) -> Iterator[Span]:
    if not (old or new):
        return
    if not (old and new and splitters):
        yield Span(0, len(old), 0, len(new), same=False)
        return
    split, *finer = splitters
    yield from _matched(split(old), split(new), finer)


def _matched(old: list[str], new: list[str], finer: Sequence[Splitter]) -> Iterator[Span]:
    old_at, new_at = [0, *accumulate(map(len, old))], [0, *accumulate(map(len, new))]
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            yield Span(old_at[i1], old_at[i2], new_at[j1], new_at[j2], same=True)
            continue
        for span in _spans("".join(old[i1:i2]), "".join(new[j1:j2]), finer):
            yield span.moved(old_at[i1], new_at[j1])


def _opcodes(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if max(len(old), len(new)) > _MOST_TOKENS:
        return [("replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new).get_opcodes()


def _same_start(old: str, new: str) -> int:
    length = _shared(old, new)
    while not (is_boundary(old, length) and is_boundary(new, length)):
        length -= 1
    return length


def _same_end(old: str, new: str) -> int:
    length = _shared(reversed(old), reversed(new))
    while not (is_boundary(old, len(old) - length) and is_boundary(new, len(new) - length)):
        length -= 1
    return length


def _shared(old: Iterable[str], new: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _sentences(text: str) -> list[str]:
    return _whole(_SENTENCE.findall(text))


def _words(text: str) -> list[str]:
    return _whole(_WORD.findall(text))


def _whole(tokens: list[str]) -> list[str]:
    """*tokens* with those put together that one visible character spans."""
    text = "".join(tokens)
    ends = [end for end in accumulate(map(len, tokens)) if is_boundary(text, end)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]
