"""How rich text comes in, and how Notion shows it back."""

from typing import Final

from local.twins.notion.errors import UNDEFINED
from local.twins.notion.validation import MAX_EQUATION, MAX_TEXT, MAX_URL, Findings
from local.twins.notion.wire import JsonArray, JsonObject

STYLES: Final = ("bold", "italic", "strikethrough", "underline", "code")
_COLORS: Final = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
TEXT_COLORS: Final = (*_COLORS, *(f"{color}_background" for color in ("default", *_COLORS[1:])))
_KINDS: Final = ("text", "mention", "equation")


def parse(value: object, path: str, findings: Findings) -> JsonArray:
    """Items as answers show them; empty texts disappear."""
    items = [
        _item(findings.mapping(raw, f"{path}[{index}]"), f"{path}[{index}]", findings)
        for index, raw in enumerate(findings.array(value, path))
    ]
    return [item for item in items if item["plain_text"] or item["type"] != "text"]


def plain(items: JsonArray) -> str:
    """The text without its formatting."""
    return "".join(item["plain_text"] for item in items)


def text(content: str) -> JsonArray:
    """Unformatted text as answers show it."""
    return [_shown("text", {"content": content, "link": None}, _annotations({}), content, None)] if content else []


def styled(content: str, annotations: JsonObject, href: str | None) -> JsonObject:
    """One text as answers show it; annotations that are not named are off."""
    link = {"url": href} if href else None
    return _shown("text", {"content": content, "link": link}, _annotations(annotations), content, href)


def formula(expression: str, annotations: JsonObject) -> JsonObject:
    """One inline equation as answers show it."""
    return _shown("equation", {"expression": expression}, _annotations(annotations), expression, None)


def mention(what: JsonObject, annotations: JsonObject, label: str, href: str | None) -> JsonObject:
    """One mention as answers show it."""
    return _shown("mention", what, _annotations(annotations), label, href)


def _item(raw: JsonObject, path: str, findings: Findings) -> JsonObject:
    kind = raw.get("type") or next((kind for kind in _KINDS if kind in raw), "text")
    annotations = _styled(raw.get("annotations"), f"{path}.annotations", findings)
    match findings.one_of(kind, _KINDS, f"{path}.type"):
        case "mention":
            return _mention(raw, annotations, path, findings)
        case "equation":
            return _equation(raw, annotations, path, findings)
        case _:
            return _text(raw, annotations, path, findings)


def _text(raw: JsonObject, annotations: JsonObject, path: str, findings: Findings) -> JsonObject:
    given = findings.mapping(raw.get("text", UNDEFINED), f"{path}.text")
    if not given:
        return _shown("text", {"content": "", "link": None}, annotations, "", None)
    content = findings.string(given.get("content", UNDEFINED), f"{path}.text.content", most=MAX_TEXT)
    link = _link(given.get("link"), f"{path}.text.link", findings)
    return _shown("text", {"content": content, "link": link}, annotations, content, link["url"] if link else None)


def _link(raw: object, path: str, findings: Findings) -> JsonObject | None:
    if raw is None:
        return None
    url = findings.mapping(raw, path).get("url", UNDEFINED)
    return {"url": findings.string(url, f"{path}.url", most=MAX_URL, least=1)}


def _equation(raw: JsonObject, annotations: JsonObject, path: str, findings: Findings) -> JsonObject:
    given = findings.mapping(raw.get("equation", UNDEFINED), f"{path}.equation")
    source = given.get("expression", UNDEFINED)
    expression = findings.string(source, f"{path}.equation.expression", most=MAX_EQUATION)
    return _shown("equation", {"expression": expression}, annotations, expression, None)


def _mention(raw: JsonObject, annotations: JsonObject, path: str, findings: Findings) -> JsonObject:
    given = findings.mapping(raw.get("mention", UNDEFINED), f"{path}.mention")
    spelled = raw.get("plain_text")
    label = spelled if isinstance(spelled, str) and spelled else _mention_label(given)
    return _shown("mention", _whole_date(given), annotations, label, None)


def _whole_date(mention: JsonObject) -> JsonObject:
    """A mention with every key of its date, as answers have it."""
    date = mention.get("date")
    if mention.get("type", "date") != "date" or not isinstance(date, dict):
        return mention
    return mention | {"date": {"start": None, "end": None, "time_zone": None} | date}


def _mention_label(given: JsonObject) -> str:
    match given:
        case {"date": {"start": str(start)}}:
            return start
        case {"user": {"name": str(name)}}:
            return f"@{name}"
        case _:
            return "Untitled"


def _styled(raw: object, path: str, findings: Findings) -> JsonObject:
    if raw is None:
        return _annotations({})
    given = findings.mapping(raw, path)
    for style in STYLES:
        if style in given:
            findings.boolean(given[style], f"{path}.{style}")
    if "color" in given:
        findings.one_of(given["color"], TEXT_COLORS, f"{path}.color")
    return _annotations(given)


def _annotations(given: JsonObject) -> JsonObject:
    styles: JsonObject = {style: bool(given.get(style, False)) for style in STYLES}
    return styles | {"color": given.get("color", "default")}


def _shown(kind: str, content: JsonObject, annotations: JsonObject, plain_text: str, href: str | None) -> JsonObject:
    return {"type": kind, kind: content, "annotations": annotations, "plain_text": plain_text, "href": href}
