"""What does a text in markdown say, however it is spelled?

NavImpact keeps markdown as it was typed. Notion spells it its own way: no blank lines outside code, special characters
escaped, tabs for nesting, tags for tables, looks and what only Notion has. Two spellings of one text have the same
meanings, piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from navsync.fields import fences, tables
from navsync.fields.inline import said

_TAB = 4
_EMPTY = re.compile(r"\s*(<empty-block\s*/>\s*)?")
_OF_NOTION = re.compile(
    r"<(page|database|file|video|audio|pdf)\s[^>]*?(/>|>.*</\1>)"
    r"|<(unknown|table_of_contents|breadcrumb|tab)(\s[^>]*?)?/>"
    r"|</?(callout|columns?|synced_block(_reference)?|meeting-notes)(\s[^>]*)?>"
)
"""Lines that only Notion understands: links to what is on the page, and blocks around text."""
_OPENS = re.compile(r"<(?!/)(callout|columns?|synced_block(?:_reference)?|meeting-notes)(?:\s[^>]*)?>")
_WHOLE = re.compile(r"<(synced_block(?:_reference)?|meeting-notes)(\s[^>]*)?>")
"""What stands between these is Notion's as well: it is written in another place, or not by people."""
_SHOWING = re.compile(r"<(page|database|file|video|audio|pdf)\s")
"""These show something in a line of their own."""
_MARKER = re.compile(
    r"(?P<to_do>[-*+] \[(?P<done>[ xX])\](?=\s|$))|(?P<list>[-*+](?=\s|$))|(?P<number>\d{1,9}[.)](?=\s|$))"
    r"|(?P<heading>#{1,6}(?=\s|$))|(?P<quote>>)"
)
_RULE = re.compile(r"-{3,}|\*{3,}|_{3,}")
_DEEPEST_HEADING = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A line, or a whole table, formula or piece of code."""

    spelled: str
    says: str
    """Equal for pieces that say the same. Of no consequence where the piece is Notion's own."""
    depth: int = 0
    before: tuple[str, ...] = ()
    """The empty lines above it."""
    of_notion: bool = False
    """Only Notion understands it, or shows it: never carried, never removed."""
    apart: str = ""
    """The tag that makes it Notion's own, where people would miss what it says."""
    prefix: str = ""
    """How it is indented and marked, as spelled."""
    marks: str = ""
    """What the prefix says."""
    table: tables.Table | None = None
    code: fences.Fenced | None = None

    @property
    def opens(self) -> bool:
        """Whether it begins a block around text."""
        return self.of_notion and _OPENS.fullmatch(self.spelled.strip()) is not None

    @property
    def closes(self) -> bool:
        """Whether it ends a block around text."""
        return self.of_notion and self.spelled.lstrip().startswith("</")

    @property
    def listed(self) -> bool:
        """Whether it is an item of a list, or a quote."""
        return self.marks.endswith(("-", "]", "1.", ">"))

    @property
    def spoken(self) -> str:
        """What it says without how it is marked."""
        if self.code:
            return "\n".join(self.code.spoken)
        return self.says.removeprefix("table") if self.table else said(self.rest)

    @property
    def rest(self) -> str:
        """The line without its prefix."""
        return self.spelled[len(self.prefix) :]


@dataclass(frozen=True, slots=True)
class Text:
    """A text cut into its pieces; *after* are the empty lines at its end."""

    pieces: tuple[Piece, ...]
    after: tuple[str, ...] = ()

    @property
    def says(self) -> tuple[str, ...]:
        """Equal for texts that say the same."""
        return tuple(piece.says for piece in self.pieces if not piece.of_notion)


def read(markdown: str) -> Text:
    """Cut *markdown*, of either side."""
    lines = markdown.split("\n") if markdown else []
    reading = _Reading(lines)
    pieces = tuple(reading.pieces())
    return Text(pieces, tuple(reading.empty))


@dataclass(slots=True)
class _Around:
    """A block that lines may be nested in."""

    columns: int
    least: int
    counts: bool


@dataclass(slots=True)
class _Reading:
    """Lines read one after the other; *empty* are the empty ones since the last piece."""

    lines: Sequence[str]
    at: int = 0
    empty: list[str] = field(default_factory=list)
    closing: str = ""
    above: list[_Around] = field(default_factory=list)

    def pieces(self) -> Iterator[Piece]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not self.closing and _EMPTY.fullmatch(line):
                self.empty.append(line)
                self.at += 1
                continue
            before, self.empty = tuple(self.empty), []
            yield self._piece(line, before)

    def _piece(self, line: str, before: tuple[str, ...]) -> Piece:
        text = line.strip()
        columns = _columns(line)
        if self.closing:
            return self._notions_own(line, before, columns)
        if (code := fences.read(self.lines, self.at)) is not None:
            spelled = self._to(code.end)
            return Piece(spelled, code.says, self._depth(columns), before, prefix=_indent(line), code=code)
        if (table := tables.read(self.lines, self.at)) is not None:
            spelled = self._to(table.end)
            return Piece(spelled, table.says, self._depth(columns), before, prefix=_indent(line), table=table)
        if _OF_NOTION.fullmatch(text):
            return self._notions_own(line, before, columns)
        self.at += 1
        return self._line(line, text, before, columns)

    def _to(self, end: int) -> str:
        """The lines up to *end*."""
        start, self.at = self.at, end
        return "\n".join(self.lines[start:end])

    def _notions_own(self, line: str, before: tuple[str, ...], columns: int) -> Piece:
        self.at += 1
        text = line.strip()
        apart = ""
        if text == self.closing:
            self.closing = ""
        elif self.closing:
            apart = self.closing.replace("/", "") if text else ""
        elif opened := _WHOLE.fullmatch(text):
            self.closing = f"</{opened[1]}>"
        elif shows := _SHOWING.match(text):
            apart = f"<{shows[1]}>"
        elif _OPENS.fullmatch(text):
            self._depth(columns)
            self.above.append(_Around(columns, 1, counts=False))
        return Piece(line, "", before=before, of_notion=True, apart=apart)

    def _line(self, line: str, text: str, before: tuple[str, ...], columns: int) -> Piece:
        depth = self._depth(columns)
        indent = _indent(line)
        marker = _MARKER.match(text)
        if marker is None or _RULE.fullmatch(text):
            if _RULE.fullmatch(text):
                return Piece(line, f"{depth} ---", depth, before, prefix=indent, marks=str(depth))
            self.above.append(_Around(columns, _TAB, counts=True))
            return Piece(line, f"{depth} {said(text)}", depth, before, prefix=indent, marks=str(depth))
        if marker["heading"] is None:
            self.above.append(_Around(columns, 2, counts=True))
        after = text[marker.end() :]
        prefix = indent + marker[0] + after[: len(after) - len(after.lstrip())]
        marks = f"{depth} {_marked(marker)}"
        return Piece(line, f"{marks} {said(after.strip())}".rstrip(), depth, before, prefix=prefix, marks=marks)

    def _depth(self, columns: int) -> int:
        while self.above and columns < self.above[-1].columns + self.above[-1].least:
            self.above.pop()
        return sum(around.counts for around in self.above)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _columns(line: str) -> int:
    return len(fences.indent_of(line).expandtabs(_TAB))


def _marked(marker: re.Match[str]) -> str:
    if marker["to_do"]:
        return f"- [{marker['done'].lower()}]"
    if marker["heading"]:
        return "#" * min(len(marker[0]), _DEEPEST_HEADING)
    return "-" if marker["list"] else "1." if marker["number"] else ">"
