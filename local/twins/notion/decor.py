"""Icons and covers: which ones Notion takes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.records import CustomEmoji
from local.twins.notion.validation import MAX_URL, Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

NATIVE_COLORS: Final = ("gray", "lightgray", "brown", "yellow", "orange", "green", "blue", "purple", "pink", "red")
_LONGEST_EMOJI: Final = 16


def icon(raw: object, path: str, findings: Findings) -> JsonObject | None:
    """An icon as it is kept: emoji, image from elsewhere or uploaded, custom emoji, or one of Notion's own."""
    return None if raw is None else _chosen(findings.mapping(raw, path), _ICONS, path, findings)


def cover(raw: object, path: str, findings: Findings) -> JsonObject | None:
    """A cover as it is kept: an image from elsewhere or an uploaded one."""
    return None if raw is None else _chosen(findings.mapping(raw, path), _COVERS, path, findings)


def admit(caller: Caller, looks: Mapping[str, Any]) -> None:
    """Refer to what an icon or cover among *looks* is made of.

    Raises:
        ApiError: it is not there.
    """
    for given in (looks.get("icon"), looks.get("cover")):
        match given:
            case {"file_upload": {"id": str(upload_id)}}:
                caller.attach(upload_id)
            case {"custom_emoji": {"id": str(emoji_id)}}:
                _require_emoji(caller, emoji_id)


def _require_emoji(caller: Caller, identifier: str) -> None:
    found = caller.world.store.get(CustomEmoji, identifier)
    if found is None or found.workspace_id != caller.workspace.id:
        raise validation(f"Custom emoji with ID {identifier} does not exist in this workspace.")


def _chosen(
    given: JsonObject, readers: Mapping[str, Callable[[object, str, Findings], Any]], path: str, findings: Findings
) -> JsonObject:
    kind = given.get("type") or next((key for key in readers if key in given), UNDEFINED)
    kind = findings.one_of(kind, readers, f"{path}.type")
    return {"type": kind, kind: readers[kind](given.get(kind, UNDEFINED), f"{path}.{kind}", findings)}


def _emoji(raw: object, path: str, findings: Findings) -> str:
    emoji = findings.string(raw, path, most=_LONGEST_EMOJI, least=1)
    if emoji.isascii() and emoji:
        findings.add(path, "a valid emoji", emoji)
    return emoji


def _external(raw: object, path: str, findings: Findings) -> JsonObject:
    url = findings.mapping(raw, path).get("url", UNDEFINED)
    return {"url": findings.string(url, f"{path}.url", most=MAX_URL, least=1)}


def _reference(raw: object, path: str, findings: Findings) -> JsonObject:
    return {"id": findings.uuid(findings.mapping(raw, path).get("id", UNDEFINED), f"{path}.id")}


def _native(raw: object, path: str, findings: Findings) -> JsonObject:
    given = findings.mapping(raw, path)
    name = findings.string(given.get("name", UNDEFINED), f"{path}.name", least=1)
    return {"name": name, "color": findings.one_of(given.get("color", "gray"), NATIVE_COLORS, f"{path}.color")}


_COVERS: Final = {"external": _external, "file_upload": _reference}
_ICONS: Final = {"emoji": _emoji} | _COVERS | {"custom_emoji": _reference, "icon": _native}
