"""Tables in markdown: drawn with pipes, as people type them, or as the tags that Notion shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from navsync.fields.inline import said, tokens

_RULE = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
_PIPED = re.compile(r"\|.*\|")
# None looks beyond the next opening tag: a text of nothing but opening tags must not take for ever.
_ROW = re.compile(r"<tr(?:\s[^<>]*)?>((?:(?!<tr[\s>]).)*?)</tr>", re.DOTALL)
_CELL = re.compile(r"(<t[dh](?:\s[^<>]*)?>)((?:(?!<t[dh][\s>]).)*?)(</t[dh]>)", re.DOTALL)
_OPENING = re.compile(r"<table(\s[^>]*)?>")
_COLUMNS = re.compile(r"<colgroup>(?:(?!<colgroup>).)*?</colgroup>", re.DOTALL)
_PIPE = re.compile(r"(?<!\\)\|")
_LITERAL = ("\\", "`", "$`")
"""What begins with these is taken as it is, pipes and all: an escaped character, code, a formula."""
_BARS = str.maketrans({"\\": r"\\", "|": r"\|"})
"""What one cell says is told from what two do."""


@dataclass(frozen=True, slots=True)
class Table:
    """Its cells, row by row, each as spelled; *end* is the line after it."""

    rows: tuple[tuple[str, ...], ...]
    end: int
    opening: str = '<table header-row="true">'

    @property
    def says(self) -> str:
        """Equal for tables that say the same."""
        width = max(map(len, self.rows), default=0)
        rows = ([*map(said, row), *[""] * (width - len(row))] for row in self.rows)
        return "table\n" + "\n".join("|".join(cell.translate(_BARS) for cell in row) for row in rows)

    def drawn(self, indent: str, of_cell: Callable[[str], str]) -> str:
        """The table with pipes."""
        head, *rest = [indent + _drawn_row(map(of_cell, row)) for row in self.rows]
        return "\n".join((head, indent + "|" + " --- |" * len(self.rows[0]), *rest))

    def refilled(self, spelled: str, other: Table) -> str | None:
        """*spelled*, which is this table, with the cells of *other*; None where they are not as many."""
        if [*map(len, self.rows)] != [*map(len, other.rows)]:
            return None
        cells = iter([cell for row in other.rows for cell in row])
        if spelled.lstrip().startswith("<"):
            return _CELL.sub(lambda found: f"{found[1]}{next(cells)}{found[3]}", spelled)
        lines = spelled.split("\n")
        rows = map(_drawn_row, other.rows)
        changed = zip((lines[0], *lines[2:]), rows, self.rows, other.rows, strict=True)
        head, *rest = (line if was == now else row for line, row, was, now in changed)
        return "\n".join((head, lines[1], *rest))

    def tagged(self, indent: str, of_cell: Callable[[str], str]) -> str:
        """The table as Notion shows it."""
        lines = (self.opening, *(line for row in self.rows for line in _tagged_row(map(of_cell, row))), "</table>")
        return "\n".join(indent + line for line in lines)


def read(lines: Sequence[str], at: int) -> Table | None:
    """The table that begins at line *at*, if one does."""
    first = lines[at].strip()
    if _OPENING.fullmatch(first):
        return _tagged(lines, at)
    return _drawn(lines, at) if _PIPED.fullmatch(first) and _is_rule("".join(lines[at + 1 : at + 2]).strip()) else None


def _is_rule(line: str) -> bool:
    return "|" in line and _RULE.fullmatch(line) is not None


def _tagged(lines: Sequence[str], at: int) -> Table | None:
    tags = (end for end in range(at + 1, len(lines)) if lines[end].lstrip().startswith(("<table", "</table>")))
    last = next(tags, None)
    if last is None or lines[last].strip() != "</table>":
        return None
    end = last + 1
    inside = _COLUMNS.sub("", "\n".join(lines[at + 1 : end]))
    rows = tuple(tuple(cell[1].strip() for cell in _CELL.findall(row)) for row in _ROW.findall(inside))
    beside = _CELL.sub("", _ROW.sub(lambda row: row[1], inside)).replace("</table>", "")
    return Table(rows, end, lines[at].strip()) if rows and all(rows) and not beside.strip() else None


def _drawn(lines: Sequence[str], at: int) -> Table:
    end = at + 2
    while end < len(lines) and _PIPED.fullmatch(lines[end].strip()):
        end += 1
    return Table(tuple(_cells(line) for line in (lines[at], *lines[at + 2 : end])), end)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in _apart(line.strip())[1:-1])


def _apart(line: str) -> list[str]:
    """*line* cut at each pipe that ends a cell."""
    if not any(mark in line for mark in _LITERAL):
        return line.split("|")
    parts: list[list[str]] = [[]]
    for token in tokens(line):
        first, *others = [token.spelled] if token.spelled.startswith(_LITERAL) else _PIPE.split(token.spelled)
        parts[-1].append(first)
        parts += [[other] for other in others]
    return ["".join(part) for part in parts]


def _drawn_row(cells: Iterable[str]) -> str:
    """A row drawn with pipes; one that would end a cell is escaped."""
    return "| " + " | ".join("\\|".join(_apart(cell)) for cell in cells) + " |"


def _tagged_row(cells: Iterable[str]) -> Iterable[str]:
    return "<tr>", *(f"<td>{cell}</td>" for cell in cells), "</tr>"
