"""Text inside a block: Notion's inline markdown ⇄ rich text."""

import re
from collections.abc import Iterator
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
_MATH: Final = re.compile(r"\$`(.+?)`\$|\$(?![\s`])([^$]*?[^$\s\\])\$(?!\d)")
_TAG: Final = re.compile(r"<(span|mention-(?:user|page|database|date))(\s[^<>]*?)?(/?)>")
_ADDRESS: Final = re.compile(r"\(((?:[^()\s]|\([^()\s]*\))*)(?:\s+\"[^\"]*\")?\)")
_BRACKET: Final = re.compile(rf"\\.|{tags.FORMULA}|(`+)|(\[)|(\])", re.DOTALL)
_URL_SAFE: Final = "!#$%&'*+,/:;=?@[]~-._{}|^"
_USER: Final = "user://"

type _Part = str | JsonArray
type _Styles = frozenset[str]


def parse(text: str) -> JsonArray:
    """Rich text as answers show it."""
    return _merged(_items(text, {}, None))


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


def _items(text: str, base: JsonObject, href: str | None) -> JsonArray:
    found: JsonArray = []
    parts: list[_Part | Mark] = list(_parts(text, base, href))
    for part, styles in resolved(parts):
        annotations = base | dict.fromkeys(styles, True)
        if isinstance(part, list):
            found += (_also(item, styles) for item in part)
        else:
            found += [richtext.styled(str(part), annotations, href)]
    return found


def _also(item: JsonObject, styles: _Styles) -> JsonObject:
    return item | {"annotations": item["annotations"] | dict.fromkeys(styles, True)}


def _parts(text: str, base: JsonObject, href: str | None) -> Iterator[_Part | Mark]:
    position = 0
    while found := _SPECIAL.search(text, position):
        if found.start() > position:
            yield text[position : found.start()]
        part, position = _special(text, found.start(), base, href)
        yield part
    if position < len(text):
        yield text[position:]


def _special(text: str, at: int, base: JsonObject, href: str | None) -> tuple[_Part | Mark, int]:
    """What begins with the special character at *at*, and where it ends."""
    match text[at]:
        case "\\":
            found = _ESCAPABLE.match(text, at)
            return (found[1], found.end()) if found else ("\\", at + 1)
        case "`":
            return _code(text, at, base, href)
        case "$":
            return _math(text, at, base)
        case "<":
            return _tag(text, at, base, href)
        case "[":
            return _link(text, at, base)
        case _:
            return _mark(text, at)


def _mark(text: str, at: int) -> tuple[_Part | Mark, int]:
    run = _RUN.match(text, at)
    assert run is not None  # noqa: S101  # an asterisk or tilde is there
    before, after = text[at - 1 : at] if at else "", text[run.end() : run.end() + 1]
    mark = Mark(run[0], can_open=not _is_space(after), can_close=not _is_space(before))
    return (mark if mark.styles else run[0]), run.end()


def _is_space(character: str) -> bool:
    return not character or character.isspace()


def _code(text: str, at: int, base: JsonObject, href: str | None) -> tuple[_Part, int]:
    run = _RUN.match(text, at)
    assert run is not None  # noqa: S101  # a backtick is there
    end = tags.end_of_code(text, run.end(), run[0])
    if end == run.end():
        return run[0], run.end()
    inside = text[run.end() : end - len(run[0])]
    if inside.strip(" ") and inside[0] == inside[-1] == " ":
        inside = inside[1:-1]
    return [richtext.styled(inside, base | {"code": True}, href)], end


def _math(text: str, at: int, base: JsonObject) -> tuple[_Part, int]:
    found = _MATH.match(text, at)
    expression = (found[1] or found[2]).strip() if found else ""
    if found is None or not expression:
        return "$", at + 1
    return [richtext.formula(expression, base)], found.end()


def _tag(text: str, at: int, base: JsonObject, href: str | None) -> tuple[_Part, int]:
    if found := _BREAK.match(text, at):
        return "\n", found.end()
    found = _TAG.match(text, at)
    end = tags.end_of(text, found.end(), found[1]) if found and not found[3] else 0
    if found is None or end < 0:
        return "<", at + 1
    given = tags.attributes(found[2] or "")
    inside = "" if found[3] else text[found.end() : end]
    after = found.end() if found[3] else end + len(f"</{found[1]}>")
    if found[1] == "span":
        underline = {"underline": True} if given.get("underline") == "true" else {}
        return _items(inside, base | underline | tags.color(given), href), after
    return _mention(found[1].removeprefix("mention-"), given, richtext.plain(parse(inside)), base), after


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


def _link(text: str, at: int, base: JsonObject) -> tuple[_Part, int]:
    end = _closing_bracket(text, at + 1)
    address = _ADDRESS.match(text, end + 1) if end > 0 else None
    if address is None:
        return "[", at + 1
    inside = text[at + 1 : end]
    if not address[1]:
        return _items(inside, base, None), address.end()
    return _items(inside, base, address[1]) or [richtext.styled(address[1], base, address[1])], address.end()


def _closing_bracket(text: str, start: int) -> int:
    depth, position = 1, start
    while found := _BRACKET.search(text, position):
        position = tags.end_of_code(text, found.end(), found[1]) if found[1] else found.end()
        depth += bool(found[2]) - bool(found[3])
        if depth == 0:
            return found.start()
    return -1


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
