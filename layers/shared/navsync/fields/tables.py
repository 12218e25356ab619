"""Tables in markdown: drawn with pipes, as people type them, or as the tags that Notion shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_RULE = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
_PIPED = re.compile(r"\|.*\|")
_SPLIT = re.compile(r"(?<!\\)\|")
_ROW = re.compile(r"<tr(?:\s[^>]*)?>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh](?:\s[^>]*)?>(.*?)</t[dh]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Table:
    """Its cells, row by row, each as spelled; *end* is the line after it."""

    rows: tuple[tuple[str, ...], ...]
    end: int
    opening: str = '<table header-row="true">'

    def said(self, of_cell: Callable[[str], str]) -> str:
        """Equal for tables that say the same."""
        width = max(map(len, self.rows), default=0)
        rows = ([*map(of_cell, row), *[""] * (width - len(row))] for row in self.rows)
        return "table\n" + "\n".join("|".join(row) for row in rows)

    def drawn(self, indent: str, of_cell: Callable[[str], str]) -> str:
        """The table with pipes."""
        head, *rest = [indent + "| " + " | ".join(map(of_cell, row)) + " |" for row in self.rows]
        return "\n".join((head, indent + "|" + " --- |" * len(self.rows[0]), *rest))

    def tagged(self, indent: str, opening: str) -> str:
        """The table as Notion shows it."""
        lines = [opening, *(line for row in self.rows for line in _row(row)), "</table>"]
        return "\n".join((indent + lines[0], *(indent + line for line in lines[1:])))


def read(lines: Sequence[str], at: int) -> Table | None:
    """The table that begins at line *at*, if one does."""
    first = lines[at].strip()
    if first.startswith("<table") and first.endswith(">"):
        return _tagged(lines, at)
    return _drawn(lines, at) if _PIPED.fullmatch(first) and _is_rule("".join(lines[at + 1 : at + 2]).strip()) else None


def _is_rule(line: str) -> bool:
    return "|" in line and _RULE.fullmatch(line) is not None


def _tagged(lines: Sequence[str], at: int) -> Table | None:
    ends = (end + 1 for end in range(at, len(lines)) if lines[end].strip().endswith("</table>"))
    if (end := next(ends, None)) is None:
        return None
    inside = "\n".join(lines[at:end])
    rows = tuple(tuple(cell.strip() for cell in _CELL.findall(row)) for row in _ROW.findall(inside))
    return Table(rows, end, lines[at].strip()) if rows and all(rows) else None


def _drawn(lines: Sequence[str], at: int) -> Table:
    end = at + 2
    while end < len(lines) and _PIPED.fullmatch(lines[end].strip()):
        end += 1
    return Table(tuple(_cells(line) for line in (lines[at], *lines[at + 2 : end])), end)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in _SPLIT.split(line.strip())[1:-1])


def _row(cells: Iterable[str]) -> Iterable[str]:
    return "<tr>", *(f"<td>{cell}</td>" for cell in cells), "</tr>"
