"""Markdown → blocks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from re import Match
from typing import Final

from local.twins.notion import ids, kinds, richtext
from local.twins.notion.markdown import inline, lines, tables, tags
from local.twins.notion.markdown.lines import FENCE, TAB, Line
from local.twins.notion.nodes import CHILDREN_OF_THEIR_OWN, UNKNOWN, Node
from local.twins.notion.wire import JsonObject

_FORMULA: Final = "$$"
_NOTES: Final = re.compile(r"<notes>(.*?)</notes>", re.DOTALL)
DEEPEST: Final = 40
"""Blocks that are nested deeper than this come up to it."""
_ALIASES: Final = {
    "js": "javascript", "ts": "typescript", "py": "python", "rb": "ruby", "sh": "shell", "yml": "yaml",
    "md": "markdown", "cpp": "c++", "cs": "c#", "text": "plain text", "txt": "plain text", "dockerfile": "docker",
}  # fmt: skip


def read(text: str) -> tuple[Node, ...]:
    """The blocks of a page: each line is one, blank lines are none, indented lines are below the one before them.

    Blocks that are there already (child pages, unknown ones) carry the id that their link ends with.
    """
    return _read(text, 0)


def _read(text: str, depth: int) -> tuple[Node, ...]:
    return tuple(_shallow(_nested(_Source(lines.split(text), depth).blocks()), DEEPEST))


def _shallow(nodes: Iterable[Node], levels: int) -> Iterator[Node]:
    for node in nodes:
        if levels or node.type == "table":
            yield replace(node, children=tuple(_shallow(node.children, max(0, levels - 1))))
        else:
            yield replace(node, children=())
            yield from _shallow(node.children, 0)


@dataclass
class _Block:
    """A block whose children are still being found."""

    columns: int
    type: str
    content: JsonObject
    children: list["_Block"] = field(default_factory=list)
    inside: tuple[Node, ...] = ()
    id: str | None = None

    @property
    def holds(self) -> bool:
        """Whether lines indented below it are its children."""
        return self.type in kinds.NESTING or bool(self.content.get("is_toggleable"))

    def takes(self, columns: int) -> bool:
        """Whether a line so far in is below this one: a paragraph needs a whole tab, others two spaces."""
        return self.holds and columns >= self.columns + (TAB if self.type == "paragraph" else 2)

    def node(self) -> Node:
        return Node(self.type, self.content, (*self.inside, *(child.node() for child in self.children)), self.id)


def _nested(blocks: Iterator[_Block]) -> tuple[Node, ...]:
    top: list[_Block] = []
    above: list[_Block] = []
    for block in blocks:
        while above and not above[-1].takes(block.columns):
            above.pop()
        del above[DEEPEST:]
        (above[-1].children if above else top).append(block)
        above.append(block)
    return tuple(block.node() for block in top)


@dataclass
class _Source:
    """Lines that are read one after the other."""

    lines: Sequence[Line]
    depth: int
    position: int = 0

    def blocks(self) -> Iterator[_Block]:
        while self.position < len(self.lines):
            line = self.lines[self.position]
            self.position += 1
            if line.text and (block := self._block(line)):
                yield block

    def _block(self, line: Line) -> _Block | None:
        name, found = lines.kind(line.text)
        if self.depth == DEEPEST and name in ("toggle", "callout", "wrapper", "meeting_notes"):
            return _simple(line, "paragraph", None)
        match name, found:
            case "fence", Match():
                return self._code(line, found)
            case "equation", Match():
                return self._equation(line, found[1])
            case "toggle", Match():
                return self._toggle(line, found)
            case "callout", Match():
                return self._callout(line, found)
            case "wrapper", Match():
                return self._wrapper(line, found)
            case "meeting_notes", Match():
                return self._meeting(line, found)
            case "table", Match():
                return _placed(line, tables.tagged(tags.attributes(found[1] or ""), self._inside("table", found[2])))
            case "pipes", _:
                return self._pipes(line)
            case _:
                return _simple(line, name, found)

    def _code(self, line: Line, found: Match[str]) -> _Block:
        code: list[str] = []
        while self.position < len(self.lines):
            current = self.lines[self.position]
            self.position += 1
            if _closes(current.text, found[1]):
                break
            code.append(current.without(line.indent))
        language = found[2].strip().lower()
        language = _ALIASES.get(language, language)
        known = language if language in kinds.LANGUAGES else kinds.PLAIN_TEXT
        return _Block(line.columns, "code", {"rich_text": richtext.text("\n".join(code)), "language": known})

    def _equation(self, line: Line, rest: str) -> _Block:
        if rest.endswith(_FORMULA):
            return _Block(line.columns, "equation", {"expression": rest.removesuffix(_FORMULA).strip()})
        expression = [rest] if rest else []
        while self.position < len(self.lines):
            current = self.lines[self.position].text
            self.position += 1
            if current == _FORMULA:
                break
            expression.append(current)
        return _Block(line.columns, "equation", {"expression": "\n".join(expression).strip()})

    def _toggle(self, line: Line, found: Match[str]) -> _Block:
        summary, text = _summary(self._inside("details", found[2]))
        content = {"rich_text": inline.parse(summary.strip())} | tags.color(tags.attributes(found[1] or ""))
        return _Block(line.columns, "toggle", content, inside=_read(text, self.depth + 1))

    def _callout(self, line: Line, found: Match[str]) -> _Block:
        given = tags.attributes(found[1] or "")
        inside = _read(self._inside("callout", found[2]), self.depth + 1)
        text: JsonObject = {"rich_text": []}
        if inside and inside[0].type == "paragraph":
            text = {"rich_text": inside[0].content["rich_text"]}
            inside = (*inside[0].children, *inside[1:])
        emoji = given.get("icon", "")
        icon: JsonObject = {"icon": {"type": "emoji", "emoji": emoji} if emoji and not emoji.isascii() else None}
        return _Block(line.columns, "callout", text | icon | {"color": "default"} | tags.color(given), inside=inside)

    def _wrapper(self, line: Line, found: Match[str]) -> _Block:
        """Columns and synced blocks; what is in a list of columns without being one is a column by itself."""
        inside = _read(self._inside(found[1], found[2]), self.depth + 1)
        if found[1] == "synced_block":
            return _Block(line.columns, "synced_block", {"synced_from": None}, inside=inside)
        if found[1] == "column":
            return _Block(line.columns, "column_list", {}, inside=(_column(inside),))
        columns = (column for node in inside for column in (node.children if node.type == "column_list" else (node,)))
        return _Block(line.columns, "column_list", {}, inside=tuple(_column_of(node) for node in columns))

    def _meeting(self, line: Line, found: Match[str]) -> _Block:
        """A title, and the notes that people wrote; what the application wrote itself cannot be written here."""
        inside = self._inside("meeting-notes", found[1])
        title, _, _ = inside.strip().partition("\n")
        notes = _NOTES.search(inside)
        content = {"title": [] if title.startswith("<") else inline.parse(title.strip())}
        return _Block(line.columns, "meeting_notes", content, inside=_read(notes[1], self.depth + 1) if notes else ())

    def _pipes(self, line: Line) -> _Block | None:
        rows = [line.text]
        for following in self.lines[self.position :]:
            if not following.text.startswith("|"):
                break
            rows.append(following.text)
        if not tables.is_drawn(rows):
            return _simple(line, "paragraph", None)
        self.position += len(rows) - 1
        return _placed(line, tables.drawn(rows))

    def _inside(self, name: str, rest: str) -> str:
        """What stands between the tags of *name*, the first of which was just read; *rest* follows it on its line."""
        if (end := tags.end_of(rest, 0, name)) >= 0:
            return rest[:end]
        taken, depth, fence = [rest], 1 + max(0, _opened(rest, name)), _fence_after("", rest)
        while self.position < len(self.lines):
            line = self.lines[self.position]
            self.position += 1
            fence = _fence_after(fence, line.text)
            depth += 0 if fence else _opened(line.text, name)
            if depth == 0:
                break
            taken.append(line.raw)
        return "\n".join(taken)


def _opened(line: str, name: str) -> int:
    """By how many tags of *name* a line goes deeper."""
    if line == f"</{name}>":
        return -1
    opens = line.startswith((f"<{name}>", f"<{name} "))
    return 1 if opens and tags.end_of(line, len(name) + 1, name) < 0 else 0


def _fence_after(fence: str, line: str) -> str:
    """The fence of the code that goes on after *line*; empty outside of code."""
    if fence:
        return "" if _closes(line, fence) else fence
    if line.startswith(_FORMULA):
        return "" if len(line) > len(_FORMULA) and line.endswith(_FORMULA) else _FORMULA
    found = FENCE.match(line)
    return found[1] if found else ""


def _closes(line: str, fence: str) -> bool:
    if fence == _FORMULA:
        return line == fence
    return len(line) >= len(fence) and not line.strip(fence[0])


def _summary(inside: str) -> tuple[str, str]:
    """A toggle's own text and what is below it."""
    head = inside.lstrip()
    end = tags.end_of(head, len("<summary>"), "summary") if head.startswith("<summary>") else -1
    if end < 0:
        return "", inside
    return head[len("<summary>") : end], head[end + len("</summary>") :]


def _column(inside: tuple[Node, ...]) -> Node:
    return Node("column", {}, inside)


def _column_of(node: Node) -> Node:
    return node if node.type == "column" else _column((node,))


def _placed(line: Line, node: Node | None) -> _Block | None:
    return None if node is None else _Block(line.columns, node.type, node.content, inside=node.children)


def _simple(line: Line, name: str, found: Match[str] | None) -> _Block | None:
    match name, found:
        case ("empty", _):
            return _Block(line.columns, "paragraph", {"rich_text": []})
        case "table_of_contents", Match():
            return _Block(
                line.columns, "table_of_contents", {"color": "default"} | tags.color(tags.attributes(found[1] or ""))
            )
        case "divider", _:
            return _Block(line.columns, "divider", {})
        case (("child_page" | "child_database" | "unknown"), Match()):
            return _reference(line, name, found)
        case "image", Match():
            external = {"type": "external", "external": {"url": found[2]}}
            return _Block(line.columns, "image", {"caption": inline.parse(found[1])} | external)
        case "medium", Match():
            return _medium(line, found)
        case "heading", Match():
            return _heading(line, found)
        case "to_do", Match():
            return _text(line, "to_do", found[2], {"checked": found[1] != " "})
        case _, Match():
            return _text(line, name, found[1], {})
        case _:
            return _text(line, "paragraph", line.text, {})


def _medium(line: Line, found: Match[str]) -> _Block:
    url = tags.attributes(found[2]).get("src", "")
    external = {"type": "external", "external": {"url": url}}
    return _Block(line.columns, found[1], {"caption": inline.parse(found[3])} | external)


def _heading(line: Line, found: Match[str]) -> _Block:
    level = min(len(found[1]), len(kinds.HEADINGS))
    given = tags.split_list(found[2] or "")[1]
    return _text(line, kinds.HEADINGS[level - 1], found[2], {"is_toggleable": given.get("toggle") == "true"})


def _text(line: Line, kind: str, text: str | None, more: JsonObject) -> _Block:
    words, given = tags.split_list((text or "").strip())
    content = {"rich_text": inline.parse(words), "color": "default"} | tags.color(given) | more
    return _Block(line.columns, kind, content)


def _reference(line: Line, name: str, found: Match[str]) -> _Block | None:
    given = tags.attributes(found[1])
    title = found[2] if name in CHILDREN_OF_THEIR_OWN else ""
    url = given.get("url", "")
    identifier = ids.parse(url[-32:])
    if identifier is None and name == UNKNOWN:
        return None
    plain = "".join(item["plain_text"] for item in inline.parse(title or ""))
    return _Block(line.columns, name, {"title": plain, "url": url}, id=identifier)
