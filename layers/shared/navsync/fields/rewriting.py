"""The smallest edits that turn one page body into another, so that untouched blocks keep their ids and comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, takewhile
from typing import NamedTuple

from navsync.alignment import changes
from navsync.fields.markdown import read

MOST_EDITS = 100
"""Notion takes no more replacements in one request (`content_updates` in its OpenAPI description)."""


class Edit(NamedTuple):
    """One replacement; *old* stands exactly once in the body that it is applied to."""

    old: str
    new: str


def edits(current: str, wanted: str) -> tuple[Edit, ...] | None:
    """Replacements of whole lines that, applied in order, make *current* say *wanted*.

    None where there is nothing that could be replaced: the body is empty, or consists of lines without text.
    """
    windows = _windows(current.split("\n"), wanted.split("\n"))
    for chosen in (windows, [_around(windows)] if windows else []):
        made = tuple(window.edit() for window in chosen)
        if _leads(current, wanted, made):
            return made
    return None


def _leads(current: str, wanted: str, made: Sequence[Edit]) -> bool:
    for edit in made:
        if not _stands_once(edit.old, current):
            return False
        current = current.replace(edit.old, edit.new)
    return current == wanted


def _stands_once(text: str, whole: str) -> bool:
    """Not even overlapping itself: Notion would change the first place."""
    return bool(text) and -1 != whole.find(text) == whole.rfind(text)


@dataclass(slots=True)
class _Window:
    """Lines `low` to `high` of *old*, which become lines `start` to `stop` of *new*."""

    old: Sequence[str]
    new: Sequence[str]
    low: int
    high: int
    start: int
    stop: int
    downwards: bool = False

    def edit(self) -> Edit:
        """The replacement of all lines in it."""
        return Edit("\n".join(self.old[self.low : self.high]), "\n".join(self.new[self.start : self.stop]))

    def widened(self) -> bool:
        """Take in one more line that stays, above and below by turns; False where there is none.

        A stretch that stands there twice, as while one is being moved, ends on either side.
        """
        can_grow_down = self.high < len(self.old)
        if self.low > 0 and not (self.downwards and can_grow_down):
            self.low, self.start, self.downwards = self.low - 1, self.start - 1, True
        elif can_grow_down:
            self.downwards = False
            self.high, self.stop = self.high + 1, self.stop + 1
        else:
            return False
        return True

    def stands_out(self, whole: str) -> bool:
        """Whether Notion finds it. A line goes with its line break only where a neighbour is named as well."""
        text = "\n".join(self.old[self.low : self.high])
        return self.start < self.stop and _stands_once(text, whole)


def _windows(old: Sequence[str], new: Sequence[str]) -> list[_Window]:
    """The places that change, each with as many lines around it as make it stand out; none overlaps another."""
    whole = "\n".join(old)
    left = [_Window(old, new, b.start, b.stop, a.start, a.stop) for _, b, a in changes(old, new)]
    found: list[_Window] = []
    while left:
        window = left.pop(0)
        while not window.stands_out(whole):
            if found and found[-1].high >= window.low:
                window = _around([found.pop(), window])
            elif left and left[0].low <= window.high:
                window = _around([window, left.pop(0)])
            elif not window.widened():
                break
        found.append(window)
    return found


def _around(windows: Sequence[_Window]) -> _Window:
    first, last = windows[0], windows[-1]
    return _Window(first.old, first.new, first.low, last.high, first.start, last.stop)


def applied(current: str, made: Sequence[Edit]) -> str:
    """*current* after edits; one that replaces nothing replaces all."""
    for edit in made:
        current = current.replace(edit.old, edit.new) if edit.old else edit.new
    return current


def first_part(markdown: str, most: int) -> str:
    """The first pieces of *markdown*, as many as fit into *most* bytes."""
    lines = markdown.split("\n")
    fitting = _fitting(lines, most)
    return markdown if fitting == len(lines) else "\n".join(lines[: _divided(markdown, 0, fitting)])


def batch(made: Sequence[Edit], current: str, most: int) -> Iterator[Edit]:
    """The first of *made*, as many as fit into one request of *most* bytes; of one that does not, its first lines."""
    left = most
    for at, edit in enumerate(made[:MOST_EDITS]):
        left -= size(edit.old) + size(edit.new)
        if left < 0:
            if at == 0 and (part := _portion(edit, current, most)):
                yield part
            return
        yield edit


def _portion(edit: Edit, current: str, most: int) -> Edit | None:
    """The first lines of *edit*; None where those that fit do not stand out."""
    old, new, wanted = edit.old.split("\n"), edit.new.split("\n"), applied(current, [edit])
    start = current[: current.find(edit.old)].count("\n")
    is_short = size(edit.old) < most // 2
    for room, inside in ((most // 2, True), (most // 2, False), (most, False)):
        gone = len(old) if is_short else _divided(current, start, _fitting(old, room), inside=inside)
        replaced = "\n".join(old[:gone])
        kept = _divided(wanted, start, _fitting(new, most - size(replaced)), inside=inside)
        if kept if is_short else gone and _stands_once(replaced, current):
            return Edit(replaced, "\n".join(new[:kept]))
    return None


def _divided(text: str, start: int, most: int, *, inside: bool = False) -> int:
    """How many lines of *text* from line *start* on can be taken for themselves, *most* at the most.

    Whole pieces are: what stands below the half of a block of code would belong to it. *inside*: where *start* is in
    the midst of such a block, its own lines.
    """
    ends = [*accumulate(len(piece.before) + piece.spelled.count("\n") + 1 for piece in read(text).pieces)]
    within = (range(start + 1, last) for first, last in pairwise((0, *ends)) if first < start < last)
    places = next(within, range(0)) if inside else ends
    return max((place - start for place in places if start < place <= start + most), default=0)


def _fitting(lines: Sequence[str], most: int) -> int:
    """How many of *lines* fit."""
    return sum(1 for _ in takewhile(lambda end: end <= most, accumulate(map(size, lines))))


def size(text: str) -> int:
    """Bytes that *text* takes in a request, with its line break."""
    return len(text.encode("utf-8", "surrogatepass")) + text.count("\n") + text.count('"') + text.count("\\") + 2
