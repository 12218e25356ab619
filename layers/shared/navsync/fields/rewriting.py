"""The smallest edits that turn one page body into another, so that untouched blocks keep their ids and comments."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from copy import replace
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, takewhile, zip_longest
from typing import NamedTuple

from navsync.alignment import changes
from navsync.fields.inline import SIGNATURE
from navsync.fields.markdown import read
from navsync.fields.places import Whole

MOST_EDITS = 100
"""Notion takes no more replacements in one request (`content_updates` in its OpenAPI description)."""
_INDENT = re.compile(r"^\t+", re.MULTILINE)


class Edit(NamedTuple):
    """One replacement; *old* stands exactly once in the body that it is applied to. An empty *old* is the end of it."""

    old: str
    new: str


def edits(current: str, wanted: str) -> tuple[Edit, ...]:
    """Replacements of whole lines that, applied in order, make *current* say *wanted*.

    A link that Notion signs is named only where nothing else is there to name: the next time it is another. Of a line
    that ends with one, what stands before the signature is enough.
    """
    old, new = Whole(current), Whole(wanted)
    windows = _windows(old, new)
    if not _lead(windows, new):
        windows = [_around(windows)]
    return tuple(window.edit() for window in windows)


def _lead(windows: Sequence[_Window], new: Whole) -> bool:
    """Whether each finds its lines: what stands above them is new by then, and may say the same."""
    starts = [0, *accumulate(len(line) + 1 for line in new.text.split("\n"))]
    return not any(_is_above(window.edit().old, new, starts[window.start]) for window in windows)


def _is_above(text: str, new: Whole, at: int) -> bool:
    """Whether *text*, which follows the first *at* characters of *new*, is found before."""
    met = new.text[max(0, at - len(text)) : at] + text
    is_met = met.find(text) + len(text) < len(met)
    return is_met or (bool(text) and any(place + len(text) <= at for place in new.places(text)))


@dataclass(frozen=True, slots=True)
class _Window:
    """Lines `low` to `high` of *old*, which become lines `start` to `stop` of *new*."""

    old: Sequence[str]
    new: Sequence[str]
    low: int
    high: int
    start: int
    stop: int

    def edit(self) -> Edit:
        """The replacement of all lines in it."""
        old, new = "\n".join(self.old[self.low : self.high]), "\n".join(self.new[self.start : self.stop])
        signed = SIGNATURE.search(old, old.rfind("\n") + 1)
        end = old[signed.start() :] if signed else ""
        return (
            Edit(old.removesuffix(end), new.removesuffix(end)) if end != old and new.endswith(end) else Edit(old, new)
        )

    def widened(self, up: int, down: int) -> _Window:
        """With so many more of the lines that stay."""
        return replace(self, low=self.low - up, high=self.high + down, start=self.start - up, stop=self.stop + down)

    @property
    def is_signed(self) -> bool:
        """Whether it names a link that is another one the next time."""
        return SIGNATURE.search(self.edit().old) is not None

    def ends(self, whole: Whole) -> bool:
        """Whether it is the end of the body and needs no line above: what is added there is put behind them all."""
        is_found = self.low == self.high or whole.has_once(self.edit().old)
        return self.high == len(self.old) and is_found and not self.is_signed

    def stands_out(self, whole: Whole) -> bool:
        """Whether Notion finds it. A line goes with its line break only where a neighbour is named as well."""
        return self.start < self.stop and whole.has_once(self.edit().old)


@dataclass(frozen=True, slots=True)
class _Room:
    """The lines from *top* to *bottom*, which *window* can take in, and whether another window is next to those."""

    window: _Window
    top: int
    bottom: int
    is_below_another: bool
    is_above_another: bool

    @property
    def most(self) -> int:
        """How many lines it can take in until it meets another window."""
        up, down = self.window.low - self.top, self.bottom - self.window.high
        until = up + min(max(up - 1, 0), down) if self.is_below_another else up + down
        return min(until, down + min(down, up)) if self.is_above_another else until

    @property
    def widest(self) -> _Window:
        """The window with all that it can take in."""
        return self.taken(self.most)

    def taken(self, lines: int) -> _Window:
        """The window with so many more lines, from above and below by turns.

        A stretch that stands there twice, as while one is being moved, ends on either side.
        """
        down = min(lines // 2, self.bottom - self.window.high)
        up = min(lines - down, self.window.low - self.top)
        return self.window.widened(up, lines - up)

    def standing_out(self, whole: Whole) -> _Window | None:
        """The window with as few more lines as make it stand out: what is around such a one does so, too."""
        enough = 0
        while not self.taken(enough).stands_out(whole):
            if enough == self.most:
                return None
            enough = min(2 * enough + 1, self.most)
        return self.taken(bisect_left(range(enough), True, key=lambda lines: self.taken(lines).stands_out(whole)))


def _windows(old: Whole, new: Whole) -> list[_Window]:
    """The places that change, each with as many lines around it as make it stand out; none overlaps another."""
    before, after = old.text.split("\n"), new.text.split("\n")
    signed = [at for at, line in enumerate(before) if SIGNATURE.search(line)]
    left = deque(_Window(before, after, b.start, b.stop, a.start, a.stop) for _, b, a in changes(before, after))
    found: list[_Window] = []
    while left:
        window, walls, placed = left.popleft(), signed, None
        while placed is None:
            room = _room(window, found, left, () if window.is_signed else walls)
            if placed := room.standing_out(old):
                break
            if room.is_below_another and room.widest.low == room.top:
                window = _around([found.pop(), room.widest])
            elif room.is_above_another and room.widest.high == room.bottom:
                window = _around([room.widest, left.popleft()])
            elif walls and not window.ends(old):
                walls = []
            else:
                placed = window if walls else room.widest
        found.append(placed)
    return found


def _room(window: _Window, found: Sequence[_Window], left: Sequence[_Window], signed: Sequence[int]) -> _Room:
    """Where *window* can grow between those *found* and those *left*, and past no line that is *signed*.

    It takes in such a line below itself, of which it then names the beginning.
    """
    above, below = bisect_left(signed, window.low), bisect_left(signed, max(window.low, window.high - 1))
    first = signed[above - 1] + 1 if above else 0
    last = signed[below] + 1 if below < len(signed) else len(window.old) + 1
    top, bottom = found[-1].high if found else 0, left[0].low if left else len(window.old)
    return _Room(window, max(first, top), min(last, bottom), bool(found) and first < top, bool(left) and bottom < last)


def _around(windows: Sequence[_Window]) -> _Window:
    first, last = windows[0], windows[-1]
    return _Window(first.old, first.new, first.low, last.high, first.start, last.stop)


def applied(current: str, made: Sequence[Edit]) -> str:
    """*current* after edits, which are in its order."""
    return "".join(chain.from_iterable(zip_longest(_kept(current, made), (edit.new for edit in made), fillvalue="")))


def spares(current: str, made: Sequence[Edit], after: str) -> bool:
    """Whether *after* shows the lines of *current* that edits do not name as they were, in order, and none among them.

    How deep they are nested is Notion's: it goes by what stands above.
    """
    shown, at = f"\n{_bare(after)}\n", 0
    for nth, part in enumerate(_kept(current, made)):
        # An edit begins and ends with a line; of one that is signed the end belongs to it, though it is not named.
        lines = part.split("\n")[1 if nth > 0 else 0 : -1 if nth < len(made) else None]
        if not lines:
            continue
        run = f"\n{_bare('\n'.join(lines))}\n"
        place = 0 if nth == 0 else len(shown) - len(run) if nth == len(made) else shown.find(run, at)
        if place < at or not shown.startswith(run, place):
            return False
        at = place + len(run) - 1
    return True


def _bare(markdown: str) -> str:
    return _INDENT.sub("", SIGNATURE.sub("", markdown))


def finds(current: str, made: Sequence[Edit]) -> bool:
    """Whether those of *made* that the next request takes are found in *current*, each once."""
    whole = Whole(current)
    return all(not edit.old or whole.has_once(edit.old) for edit in made[:MOST_EDITS])


def _kept(current: str, made: Sequence[Edit]) -> Iterator[str]:
    """What edits leave as it is: before the first, between two, and behind the last."""
    at = 0
    for edit in made:
        end = current.find(edit.old, at) if edit.old else len(current)
        yield current[at:end] + ("" if edit.old or not current else "\n")
        at = end + len(edit.old)
    yield current[at:]


def first_part(markdown: str, most: int) -> str:
    """The first pieces of *markdown*, as many as fit into *most* bytes."""
    lines = markdown.split("\n")
    fitting = _fitting(lines, most)
    return markdown if fitting == len(lines) else "\n".join(lines[: _divided(markdown, 0, fitting)])


def batch(made: Sequence[Edit], current: str, most: int) -> Iterator[Edit]:
    """The first of *made*, as many as fit into one request of *most* bytes; of one that does not, its first lines.

    What is added at the end is a request of its own.
    """
    left = most
    for at, edit in enumerate(made[:MOST_EDITS]):
        left -= size(edit.old) + size(edit.new)
        if at and not edit.old:
            return
        if left < 0:
            if at == 0 and (part := _portion(edit, current, most)):
                yield part
            return
        yield edit


def _portion(edit: Edit, current: str, most: int) -> Edit | None:
    """The first lines of *edit*; None where those that fit do not stand out."""
    old, new, wanted = edit.old.split("\n"), edit.new.split("\n"), applied(current, [edit])
    above, below = _kept(current, [edit])
    if not f"{below}\n".startswith("\n"):
        return None  # the beginning of a line that is signed: with a part of the text its end would not be below it
    start, is_short = above.count("\n"), size(edit.old) < most // 2
    for room, inside in ((most // 2, True), (most // 2, False), (most, False)):
        gone = len(old) if is_short else _divided(current, start, _fitting(old, room), inside=inside)
        replaced = "\n".join(old[:gone])
        kept = _divided(wanted, start, _fitting(new, most - size(replaced)), inside=inside)
        if kept if is_short else gone and Whole(current).has_once(replaced):
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
