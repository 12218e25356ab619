"""Custom emojis: listed, as the people of the workspace made them."""

from local.twins.notion.records import CustomEmoji
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

_ORDER = ("object", "type", "results", "has_more", "next_cursor")


def list_all(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/custom_emojis, all or the one with a name; the answer's keys stand in an order of their own."""
    name = ask.parameter("name")
    emojis = [emoji for emoji in caller.world.store.all(CustomEmoji) if emoji.workspace_id == caller.workspace.id]
    found = sorted((emoji for emoji in emojis if name in (None, emoji.name)), key=lambda emoji: emoji.name)
    list_id = f"custom_emojis:{name}"
    answer = window_of_query(caller, ask, list_id).of(found, "custom_emoji", shown, list_id=list_id)
    return {key: answer[key] for key in _ORDER}


def shown(emoji: CustomEmoji) -> JsonObject:
    """An emoji as answers show it."""
    return {"id": emoji.id, "name": emoji.name, "url": emoji.url}
