"""Icons and covers: which ones Notion takes."""

from local.twins.notion.errors import UNDEFINED
from local.twins.notion.validation import MAX_URL, Findings
from local.twins.notion.wire import JsonObject

_LONGEST_EMOJI = 16


def icon(raw: object, path: str, findings: Findings) -> JsonObject | None:
    """An icon as answers show it."""
    if raw is None:
        return None
    given = findings.mapping(raw, path)
    kind = given.get("type") or next((key for key in ("emoji", "external") if key in given), None)
    if findings.one_of(kind or UNDEFINED, ("emoji", "external"), f"{path}.type") == "external":
        return _external(given, path, findings)
    emoji = findings.string(given.get("emoji", UNDEFINED), f"{path}.emoji", most=_LONGEST_EMOJI, least=1)
    if emoji.isascii() and emoji:
        findings.add(f"{path}.emoji", "a valid emoji", emoji)
    return {"type": "emoji", "emoji": emoji}


def cover(raw: object, path: str, findings: Findings) -> JsonObject | None:
    """A cover as answers show it."""
    return None if raw is None else _external(findings.mapping(raw, path), path, findings)


def _external(given: JsonObject, path: str, findings: Findings) -> JsonObject:
    external = findings.mapping(given.get("external", UNDEFINED), f"{path}.external")
    url = findings.string(external.get("url", UNDEFINED), f"{path}.external.url", most=MAX_URL, least=1)
    return {"type": "external", "external": {"url": url}}
