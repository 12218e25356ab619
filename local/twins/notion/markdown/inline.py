"""Text inside a block: Notion's inline markdown ⇄ rich text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from local.twins.notion import ids, richtext
from local.twins.notion.markdown import tags
from local.twins.notion.markdown.emphasis import MARKS, Mark, changed, resolved
from local.twins.notion.wire import JsonArray, JsonObject

_SPECIAL: Final = re.compile(r"[\\`*~$<\[]")
_ESCAPABLE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_TO_ESCAPE: Final = re.compile(r"[\\*~`$\[\]<>{}|^]")
_BREAK: Final = re.compile(r"<br\s*/?>")
_RUN: Final = re.compile(r"`+|\*+|~+")
# A price is no formula: what closes one follows no space and no digit follows it.
_MATH: Final = re.compile(r"\$`(.{1,1000}?)`\$|\$(?![\s`])([^$]*?[^$\s\\])\$(?!\d)")
_TAG: Final = re.compile(r"<(span|mention-(?:user|page|database|date))(\s[^<>]*?)?(/?)>")
_ADDRESS: Final = re.compile(r"\(((?:[^()\s]|\([^()\s]*\))*)(?:\s+\"[^\"]*\")?\)")
_URL_SAFE: Final = "!#$%&'*+,/:;=?@[]~-._{}|^"
DEEPEST: Final = 30
_USER: Final = "user://"

type _Part = str | JsonArray
type _Styles = frozenset[str]


def parse(text: str) -> JsonArray:
    """Rich text as answers show it."""
    return _merged(_Reading(text).items())


def render(items: JsonArray) -> str:
    """Markdown on one line; *parse* makes the same of it again, up to spaces that lose their emphasis."""
    lines = [line for item in items for line in _on_lines(item)]
    runs = _merged([part for line in lines for part in _without_styled_edges(line)])
    return "".join(_span(*look, list(group)) for look, group in groupby(runs, _look))


def escaped(text: str) -> str:
    """Text that means only itself."""
    return _TO_ESCAPE.sub(r"\\\g<0>", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\n", "<br>")


def address(url: str) -> str:
    """A URL as it stands between the parentheses of a link."""
    return quote(url, safe=_URL_SAFE)


# --- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reading:
    """A text read with the looks and the link around it; below `DEEPEST`, tags and brackets are only characters."""

    text: str
    base: JsonObject = field(default_factory=dict)
    href: str | None = None
    depth: int = 0

    @cached_property
    def ends(self) -> dict[int, int]:
        """Where the tags and brackets that begin somewhere are closed."""
        return tags.pairs(self.text) if self.depth < DEEPEST else {}

    def items(self) -> JsonArray:
        found: JsonArray = []
        parts: list[_Part | Mark] = list(self._parts())
        for part, styles in resolved(parts):
            if isinstance(part, list):
                found += (_also(item, styles) for item in part)
            else:
                found += self._text(str(part), **dict.fromkeys(styles, True))
        return found

    def _text(self, content: str, **annotations: bool) -> JsonArray:
        return [richtext.styled(content, self.base | annotations, self.href)]

    def _inside(self, start: int, end: int, base: JsonObject, href: str | None) -> JsonArray:
        return _Reading(self.text[start:end], base, href, self.depth + 1).items()

    def _parts(self) -> Iterator[_Part | Mark]:
        position = 0
        while found := _SPECIAL.search(self.text, position):
            if found.start() > position:
                yield self.text[position : found.start()]
            part, position = self._special(found.start())
            yield part
        if position < len(self.text):
            yield self.text[position:]

    def _special(self, at: int) -> tuple[_Part | Mark, int]:
        """What begins with the special character at *at*, and where it ends."""
        match self.text[at]:
            case "\\":
                found = _ESCAPABLE.match(self.text, at)
                return (found[1], found.end()) if found else ("\\", at + 1)
            case "`":
                return self._code(at)
            case "$":
                return self._math(at)
            case "<":
                return self._tag(at)
            case "[":
                return self._link(at)
            case _:
                return self._mark(at)

    def _mark(self, at: int) -> tuple[_Part | Mark, int]:
        run = _run(self.text, at)
        end = at + len(run)
        before, after = self.text[at - 1 : at] if at else "", self.text[end : end + 1]
        mark = Mark(run, can_open=not _is_space(after), can_close=not _is_space(before))
        return (mark if mark.styles else run), end

    def _code(self, at: int) -> tuple[_Part, int]:
        fence = _run(self.text, at)
        start = at + len(fence)
        end = tags.end_of_code(self.text, start, fence)
        if end == start:
            return fence, start
        inside = self.text[start : end - len(fence)]
        if inside.strip(" ") and inside[0] == inside[-1] == " ":
            inside = inside[1:-1]
        return self._text(inside, code=True), end

    def _math(self, at: int) -> tuple[_Part, int]:
        found = _MATH.match(self.text, at)
        expression = (found[1] or found[2]).strip() if found else ""
        if found is None or not expression:
            return "$", at + 1
        return [richtext.formula(expression, self.base)], found.end()

    def _tag(self, at: int) -> tuple[_Part, int]:
        if line_end := _BREAK.match(self.text, at):
            return "\n", line_end.end()
        found = _TAG.match(self.text, at)
        if found is None or not (found[3] or at in self.ends):
            return "<", at + 1
        start = found.end()
        end = start if found[3] else self.ends[at]
        after = start if found[3] else end + len(f"</{found[1]}>")
        given = tags.attributes(found[2] or "")
        if found[1] == "span":
            underline = {"underline": True} if given.get("underline") == "true" else {}
            return self._inside(start, end, self.base | underline | tags.color(given), self.href), after
        label = richtext.plain(self._inside(start, end, {}, None))
        return _mention(found[1].removeprefix("mention-"), given, label, self.base), after

    def _link(self, at: int) -> tuple[_Part, int]:
        end = self.ends.get(at, -1)
        address = _ADDRESS.match(self.text, end + 1) if end > 0 else None
        if address is None:
            return "[", at + 1
        url = address[1] or None
        inside = self._inside(at + 1, end, self.base, url)
        return inside or ([richtext.styled(url, self.base, url)] if url else ""), address.end()


def _run(text: str, at: int) -> str:
    found = _RUN.match(text, at)
    return found[0] if found else ""


def _is_space(character: str) -> bool:
    return not character or character.isspace()


def _also(item: JsonObject, styles: _Styles) -> JsonObject:
    return item | {"annotations": item["annotations"] | dict.fromkeys(styles, True)}


def _mention(kind: str, given: dict[str, str], label: str, base: JsonObject) -> _Part:
    if kind == "date":
        start = given.get("start", "")
        date = {"start": start, "end": given.get("end"), "time_zone": given.get("timeZone")}
        return [richtext.mention({"type": "date", "date": date}, base, start, None)] if start else label
    url = given.get("url", "")
    identifier = ids.parse(url.removeprefix(_USER)) if kind == "user" else ids.parse(url[-32:])
    if identifier is None:
        return label
    what = {"type": kind, kind: {"object": "user", "id": identifier} if kind == "user" else {"id": identifier}}
    return [richtext.mention(what, base, label or "Untitled", None if kind == "user" else url)]


# --- writing --------------------------------------------------------------------------------------------------------


def _span(underline: bool, color: str, runs: JsonArray) -> str:
    inside = "".join(_linked(href, list(group)) for href, group in groupby(runs, _href))
    if not underline and color == "default":
        return inside
    look = {"underline": "true" if underline else None, "color": tags.shown_color(color)}
    return f"{tags.opening('span', look)}{inside}</span>"


def _linked(href: str | None, runs: JsonArray) -> str:
    inside = _emphasized(runs)
    return f"[{inside}]({address(href)})" if href else inside


def _emphasized(runs: JsonArray) -> str:
    written, before = "", frozenset[str]()
    for run in runs:
        after = _styles(run)
        written += changed(before, after) + _bare(run)
        before = after
    return written + changed(before, frozenset())


def _bare(run: JsonObject) -> str:
    match run["type"]:
        case "equation":
            return f"$`{_formula(run)}`$"
        case "mention":
            return _mentioned(run)
        case _ if run["annotations"]["code"]:
            return _in_code(run["text"]["content"])
        case _:
            return escaped(run["text"]["content"])


def _formula(run: JsonObject) -> str:
    expression = " ".join(run["equation"]["expression"].split())
    while "`$" in expression:
        expression = expression.replace("`$", "` $")
    return expression


def _in_code(text: str) -> str:
    inside = set(re.findall("`+", text))
    fence = "`"
    while fence in inside:
        fence += "`"
    padded = text.strip(" ") and (text[0] == text[-1] == " " or "`" in (text[0], text[-1]))
    return f"{fence} {text} {fence}" if padded else f"{fence}{text}{fence}"


def _mentioned(run: JsonObject) -> str:
    match run["mention"]:
        case {"date": date}:
            given = {"start": date["start"], "end": date.get("end"), "timeZone": date.get("time_zone")}
            return tags.alone("mention-date", given)
        case {"user": user}:
            return _mention_tag("user", f"{_USER}{user['id']}", run["plain_text"])
        case {"page": target}:
            return _mention_tag("page", ids.link(target["id"]), run["plain_text"])
        case {"database": target}:
            return _mention_tag("database", ids.link(target["id"]), run["plain_text"])
        case _:
            return escaped(run["plain_text"])


def _mention_tag(kind: str, url: str, label: str) -> str:
    return f"{tags.opening(f'mention-{kind}', {'url': url})}{escaped(label)}</mention-{kind}>"


# --- runs -----------------------------------------------------------------------------------------------------------


def _merged(items: JsonArray) -> JsonArray:
    """Neighbours of one look as one item."""
    found: JsonArray = []
    for item in items:
        if found and _is_same(found[-1], item):
            text = found[-1]["text"]["content"] + item["text"]["content"]
            found[-1] = richtext.styled(text, item["annotations"], item["href"])
        elif item["plain_text"] or item["type"] != "text":
            found.append(item)
    return found


def _is_same(one: JsonObject, other: JsonObject) -> bool:
    return one["type"] == other["type"] == "text" and (one["annotations"], one["href"]) == (
        other["annotations"],
        other["href"],
    )


def _on_lines(item: JsonObject) -> JsonArray:
    """Code does not go over a line's end, so the ends between its lines are no code."""
    if item["type"] != "text" or not item["annotations"]["code"]:
        return [item]
    lines = re.split("(\r\n|\r|\n)", item["text"]["content"])
    looks = item["annotations"], item["annotations"] | {"code": False}
    return [richtext.styled(line, looks[index % 2], item["href"]) for index, line in enumerate(lines) if line]


def _without_styled_edges(item: JsonObject) -> JsonArray:
    """Markdown cannot begin or end emphasis at a space, so spaces at the edges lose it."""
    if item["type"] != "text" or item["annotations"]["code"] or not _styles(item):
        return [item]
    text = item["text"]["content"]
    inside = text.strip()
    start = text.find(inside) if inside else len(text)
    plain = item["annotations"] | dict.fromkeys(MARKS, False)
    edges = (text[:start], plain), (inside, item["annotations"]), (text[start + len(inside) :], plain)
    return [richtext.styled(part, look, item["href"]) for part, look in edges]


def _styles(item: JsonObject) -> _Styles:
    return frozenset(style for style in MARKS if item["annotations"][style])


def _look(item: JsonObject) -> tuple[bool, str]:
    return item["annotations"]["underline"], item["annotations"]["color"]


def _href(item: JsonObject) -> Any:
    return item["href"] if item["type"] == "text" else None
