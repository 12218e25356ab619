"""A page's markdown after an edit command."""

from typing import Any, Final, Literal

from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject

COMMANDS: Final = ("replace_content", "update_content", "insert_content", "replace_content_range")
_ELLIPSIS: Final = "..."
_KEYS: Final = {
    "replace_content": ("new_str", "allow_deleting_content"),
    "update_content": ("content_updates", "allow_deleting_content"),
    "insert_content": ("content", "after", "position"),
    "replace_content_range": ("content", "content_range", "allow_deleting_content"),
}


def command(body: JsonObject, findings: Findings) -> JsonObject:
    """The command that a request holds, its shape checked."""
    kind = findings.one_of(body.get("type", UNDEFINED), COMMANDS, "body.type")
    findings.only(body, ("type", "allow_async", kind), "body")
    given = findings.mapping(body.get(kind, UNDEFINED), f"body.{kind}")
    findings.only(given, _KEYS[kind], f"body.{kind}")
    _SHAPES[kind](given, f"body.{kind}", findings)
    if "allow_deleting_content" in given:
        findings.boolean(given["allow_deleting_content"], f"body.{kind}.allow_deleting_content")
    findings.check()
    return given


def edited(text: str, kind: str, given: JsonObject, unmatched: Literal["refused", "skipped"]) -> str:
    """The text after the command.

    Raises:
        ApiError: 400, what the command looks for is not there, or there more than once.
    """
    match kind:
        case "update_content":
            return _updated(text, given["content_updates"], unmatched)
        case "insert_content":
            return _inserted(text, given)
        case "replace_content_range":
            start, end = _selected(text, given["content_range"])
            return f"{text[:start]}{given['content']}{text[end:]}"
        case _:
            return str(given["new_str"])


def _updated(text: str, updates: list[JsonObject], unmatched: Literal["refused", "skipped"]) -> str:
    missing: list[str] = []
    for update in updates:
        old, found = update["old_str"], text.count(update["old_str"])
        if not found:
            missing.append(old)
        elif found > 1 and not update.get("replace_all_matches"):
            raise validation(
                f"Multiple matches found: <pattern>{old}</pattern>. Set replace_all_matches to replace all."
            )
        text = text.replace(old, update["new_str"])
    if missing and (unmatched == "refused" or len(missing) == len(updates)):
        raise validation(f"String not found: <pattern>{missing[0]}</pattern>")
    return text


def _inserted(text: str, given: JsonObject) -> str:
    if "after" in given:
        end = _selected(text, given["after"])[1]
        line_end = text.find("\n", end)
        at = len(text) if line_end < 0 else line_end
    else:
        at = 0 if given.get("position", {}).get("type") == "start" else len(text)
    return "\n".join((text[:at], given["content"], text[at:].removeprefix("\n")))


def _selected(text: str, selection: str) -> tuple[int, int]:
    """The range from the first place of the start text to the end text after it."""
    first, _, last = selection.partition(_ELLIPSIS)
    start = text.find(first)
    end = text.find(last, start + len(first)) if start >= 0 else -1
    if start < 0 or end < 0:
        raise validation(f"String not found: <pattern>{selection}</pattern>")
    return start, end + len(last)


def _replace_shape(given: JsonObject, path: str, findings: Findings) -> None:
    findings.string(given.get("new_str", UNDEFINED), f"{path}.new_str")


def _update_shape(given: JsonObject, path: str, findings: Findings) -> None:
    updates = findings.array(given.get("content_updates", UNDEFINED), f"{path}.content_updates")
    for index, raw in enumerate(updates):
        here = f"{path}.content_updates[{index}]"
        update = findings.mapping(raw, here)
        findings.only(update, ("old_str", "new_str", "replace_all_matches"), here)
        findings.string(update.get("old_str", UNDEFINED), f"{here}.old_str", least=1)
        findings.string(update.get("new_str", UNDEFINED), f"{here}.new_str")
        if "replace_all_matches" in update:
            findings.boolean(update["replace_all_matches"], f"{here}.replace_all_matches")


def _insert_shape(given: JsonObject, path: str, findings: Findings) -> None:
    findings.string(given.get("content", UNDEFINED), f"{path}.content")
    if "after" in given and "position" in given:
        raise validation("Only one of after and position can be given.")
    if "after" in given:
        findings.string(given["after"], f"{path}.after", least=1)
    if "position" in given:
        position: Any = findings.mapping(given["position"], f"{path}.position")
        findings.one_of(position.get("type", UNDEFINED), ("start", "end"), f"{path}.position.type")


def _range_shape(given: JsonObject, path: str, findings: Findings) -> None:
    findings.string(given.get("content", UNDEFINED), f"{path}.content")
    findings.string(given.get("content_range", UNDEFINED), f"{path}.content_range", least=1)


_SHAPES: Final = {
    "replace_content": _replace_shape,
    "update_content": _update_shape,
    "insert_content": _insert_shape,
    "replace_content_range": _range_shape,
}
