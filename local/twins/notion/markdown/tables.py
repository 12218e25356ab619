"""Tables in markdown: as tags, or drawn with pipes."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from local.twins.notion.markdown import inline, tags
from local.twins.notion.nodes import Node
from local.twins.notion.wire import JsonArray

_ROW: Final = re.compile(r"<(tr)(?:\s[^>]*)?>")
_CELL: Final = re.compile(r"<(td|th)(?:\s[^>]*)?>")
_RULE: Final = re.compile(r"\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?$")
_PIPE: Final = re.compile(rf"\\.|{tags.FORMULA}|(`+)|(\|)", re.DOTALL)


def tagged(given: dict[str, str], inside: str) -> Node | None:
    """The table between its tags; None when it has no rows."""
    rows = [[inline.parse(cell.strip()) for cell in _between(row, _CELL)] for row in _between(inside, _ROW)]
    return _table(
        rows, header_row=given.get("header-row") == "true", header_column=given.get("header-column") == "true"
    )


def is_drawn(lines: Sequence[str]) -> bool:
    """Whether these lines begin a table that is drawn with pipes."""
    return len(lines) > 1 and lines[1].startswith("|") and _RULE.match(lines[1]) is not None


def drawn(lines: Sequence[str]) -> Node | None:
    """The table that these lines draw; the second one is the rule below its header."""
    rows = [[inline.parse(cell.strip()) for cell in _split(line)] for line in (lines[0], *lines[2:])]
    return _table(rows, header_row=True, header_column=False)


def write(table: Node) -> Iterator[str]:
    """The lines of a table."""
    flags = {"header-row": "has_column_header", "header-column": "has_row_header"}
    given: dict[str, str | None] = {key: "true" if table.content.get(flag) else None for key, flag in flags.items()}
    yield tags.opening("table", given)
    for row in table.children:
        yield "<tr>"
        yield from (f"<td>{inline.render(cell).strip()}</td>" for cell in row.content["cells"])
        yield "</tr>"
    yield "</table>"


def _table(rows: list[list[JsonArray]], *, header_row: bool, header_column: bool) -> Node | None:
    width = max(map(len, rows), default=0)
    if not width:
        return None
    cells = [[*row, *([] for _ in range(width - len(row)))] for row in rows]
    content = {"table_width": width, "has_column_header": header_row, "has_row_header": header_column}
    return Node("table", content, tuple(Node("table_row", {"cells": row}) for row in cells))


def _between(text: str, opening: re.Pattern[str]) -> Iterator[str]:
    position = 0
    while found := opening.search(text, position):
        end = tags.end_of(text, found.end(), found[1])
        position = len(text) if end < 0 else end
        yield text[found.end() : position]


def _split(line: str) -> list[str]:
    cells, start, position = [], 1, 1
    while found := _PIPE.search(line, position):
        position = tags.end_of_code(line, found.end(), found[1]) if found[1] else found.end()
        if found[2]:
            cells.append(line[start : found.start()])
            start = found.end()
    return cells
