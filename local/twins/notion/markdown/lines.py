"""Which kind of block does a line of markdown begin?"""

import re
from dataclasses import dataclass
from typing import Final

TAB: Final = 4
FENCE: Final = re.compile(r"(`{3,}|~{3,})([^`]*)$")
_PATTERNS: Final = {
    "fence": FENCE,
    "equation": re.compile(r"\$\$(.*)$"),
    "toggle": re.compile(r"<details(\s[^>]*)?>(.*)$"),
    "callout": re.compile(r"<callout(\s[^>]*)?>(.*)$"),
    "wrapper": re.compile(r"<(columns|column|synced_block)>(.*)$"),
    "meeting_notes": re.compile(r"<meeting-notes>(.*)$"),
    "table_of_contents": re.compile(r"<table_of_contents(\s[^>]*?)?/>$"),
    "table": re.compile(r"<table(\s[^>]*)?>(.*)$"),
    "child_page": re.compile(r"<page(\s[^>]*?)(?:/>|>(.*)</page>)$"),
    "child_database": re.compile(r"<database(\s[^>]*?)(?:/>|>(.*)</database>)$"),
    "unknown": re.compile(r"<unknown(\s[^>]*?)/>$"),
    "medium": re.compile(r"<(audio|file|pdf|video)(\s[^>]*)>(.*)</\1>$"),
    "empty": re.compile(r"<empty-block\s*/>$"),
    "heading": re.compile(r"(#{1,6})(?:\s+(.*))?$"),
    "divider": re.compile(r"(?:-{3,}|\*{3,}|_{3,})$"),
    "to_do": re.compile(r"[-*+] \[([ xX])\](?:\s+(.*))?$"),
    "bulleted_list_item": re.compile(r"[-*+](?:\s+(.*))?$"),
    "numbered_list_item": re.compile(r"\d{1,9}[.)](?:\s+(.*))?$"),
    "quote": re.compile(r">\s?(.*)$"),
    "pipes": re.compile(r"\|.*\|$"),
    "image": re.compile(r"!\[(.*)\]\(([^()\s]+)\)(\s*\{[^{}]*\})?$"),
}
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Line:
    """A line without the spaces around it; *indent* as it was written, *columns* as wide as it is."""

    indent: str
    text: str
    raw: str

    @property
    def columns(self) -> int:
        """How far the text is indented."""
        return len(self.indent.expandtabs(TAB))

    def without(self, indent: str) -> str:
        """The line as written inside a block that begins with *indent*."""
        return self.raw.removeprefix(indent) if self.raw.startswith(indent) else self.raw.lstrip(" \t")


def split(text: str) -> list[Line]:
    """The lines of a text."""
    return [_line(raw) for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def kind(text: str) -> tuple[str, re.Match[str] | None]:
    """The kind of block, and what its pattern found; a paragraph has no pattern."""
    for name, pattern in _PATTERNS.items():
        if found := pattern.match(text):
            return name, found
    return "paragraph", None


def guarded(text: str) -> str:
    """A paragraph's text that begins as another block would, escaped so that it stays a paragraph."""
    if kind(text)[0] == "paragraph":
        return text
    number = _NUMBER.match(text)
    return f"{number[0]}\\{text[number.end() :]}" if number else f"\\{text}"


def _line(raw: str) -> Line:
    body = raw.lstrip(" \t")
    return Line(raw[: len(raw) - len(body)], body.strip(), raw)
