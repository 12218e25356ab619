"""The smallest edits that turn one page body into another, so that untouched blocks keep their ids and comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


def squeezed(markdown: str) -> str:
    """*markdown* without the blank lines that Notion drops: all but those in code."""
    kept: list[str] = []
    in_code = False
    for line in markdown.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        if line.strip() or in_code:
            kept.append(line)
    return "\n".join(kept)


class Edit(NamedTuple):
    """One replacement; *old* stands exactly once in the body that it is applied to."""

    old: str
    new: str


_MOST_LINES = 3_000
"""Beyond it the comparison, which is quadratic, costs more than it spares."""


def edits(current: str, wanted: str) -> tuple[Edit, ...] | None:
    """Replacements of whole lines that, applied in order, make *current* say *wanted*.

    None where there are none that are sure: the body is empty, or what changes stands in it several times and no line
    around it tells the places apart. Then the whole body has to be replaced.
    """
    old, new = current.split("\n"), wanted.split("\n")
    if not current or max(len(old), len(new)) > _MOST_LINES:
        return None
    found: list[Edit] = []
    text = current
    for edit in _edits(old, new):
        if not edit.old or text.count(edit.old) != 1:
            return None
        text = text.replace(edit.old, edit.new)
        found.append(edit)
    return tuple(found) if text == wanted else None


def _edits(old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
    for (low, high), (start, stop) in _changes(old, new):
        # A line goes with its line break only where a neighbour is named as well.
        before, after = _context(old, low, high, more=start == stop)
        start, stop = start - (low - before), stop + (after - high)
        yield Edit("\n".join(old[before:after]), "\n".join(new[start:stop]))


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for tag, low, high, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield (low, high), (start, stop)


def _context(old: Sequence[str], low: int, high: int, *, more: bool) -> tuple[int, int]:
    """The lines to name: those that change, and as many around them as make them stand out."""
    whole = "\n".join(old)
    before, after = low, high
    while (more and (before, after) == (low, high)) or not _stands_out(whole, old[before:after]):
        if before > 0:
            before -= 1
        elif after < len(old):
            after += 1
        else:
            break
    return before, after


def _stands_out(whole: str, lines: Sequence[str]) -> bool:
    text = "\n".join(lines)
    return bool(text) and whole.count(text) == 1
