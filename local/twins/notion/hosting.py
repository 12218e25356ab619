"""Files that Notion keeps: where they are, until when, and who refers to them."""

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.twins.control import Clock
from local.twins.notion import ids
from local.twins.notion.properties import Reading
from local.twins.notion.records import UPLOAD_GOOD_FOR_S, CustomEmoji, FilePart, FileUpload
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, World
from local.twins.notion.world import reading as plain_reading

_CATEGORIES: Final = {"audio": "audio", "image": "image", "video": "video", "application/pdf": "pdf"}


def hosted(world: World, upload_id: str) -> JsonObject:
    """Where a file is and until when; the signed part of the address differs from second to second."""
    upload = world.store.get(FileUpload, upload_id)
    name = quote((upload.filename if upload else None) or "file")
    until = int(world.now) + UPLOAD_GOOD_FOR_S
    signed = urlencode({"X-Amz-Expires": until, "X-Amz-Signature": _signature(upload_id, until)})
    return {
        "url": f"{world.origin}/_files/{upload_id}/{name}?{signed}",
        "expiry_time": ids.event_time(until),
    }


def decoration(world: World, given: JsonObject | None) -> JsonObject | None:
    """An icon or cover as answers show it."""
    if given is None or given["type"] != "custom_emoji":
        return given and shown(world, given)
    emoji = world.store.get(CustomEmoji, given["custom_emoji"]["id"])
    known = {"name": emoji.name, "url": emoji.url} if emoji else {}
    return given | {"custom_emoji": given["custom_emoji"] | known}


def shown(world: World, given: JsonObject) -> JsonObject:
    """A file or a block's content with its upload shown as the hosted file that it has become."""
    if given.get("icon") and given.get("type") is None:
        return given | {"icon": decoration(world, given["icon"])}
    if given.get("type") != "file_upload":
        return given
    swapped = {"type": ("type", "file"), "file_upload": ("file", hosted(world, given["file_upload"]["id"]))}
    return dict(swapped.get(key, (key, value)) for key, value in given.items())


def linked(world: World, content: JsonObject) -> JsonObject:
    """A block's content as markdown has it: a hosted file is only its link."""
    upload = content.get("file_upload")
    if upload is None:
        return content
    rest = {key: value for key, value in content.items() if key != "file_upload"}
    return rest | {"type": "external", "external": {"url": hosted(world, upload["id"])["url"]}}


def attachment(world: World, upload_id: str) -> JsonObject:
    """A file on a comment."""
    upload = world.store.get(FileUpload, upload_id)
    kind = (upload.content_type if upload else None) or ""
    category = _CATEGORIES.get(kind) or _CATEGORIES.get(kind.partition("/")[0], "productivity")
    return {"category": category, "file": hosted(world, upload_id)}


def reading(caller: Caller) -> Reading:
    """What showing page values to this caller needs."""
    return replace(plain_reading(caller.world, caller.bot), file=lambda given: shown(caller.world, given))


def routes(world: World, clock: Clock) -> list[Route]:
    """Where hosted files are fetched from, without a token but only while the link is good."""

    async def serve(request: Request) -> Response:
        upload_id, until = request.path_params["upload_id"], request.query_params.get("X-Amz-Expires", "")
        signed = request.query_params.get("X-Amz-Signature", "")
        in_time = until.isdecimal() and clock.now().timestamp() < int(until)
        if not in_time or not hmac.compare_digest(signed.encode(), _signature(upload_id, int(until)).encode()):
            return PlainTextResponse("Request has expired", 403)
        return Response(content(world, upload_id), media_type=_media_type(world, upload_id))

    return [Route("/_files/{upload_id}/{name}", serve, methods=["GET"])]


def content(world: World, upload_id: str) -> bytes:
    """The bytes that were sent, all parts in order."""
    parts = sorted((part for part in world.store.all(FilePart) if part.upload_id == upload_id), key=_number)
    return b"".join(base64.b64decode(part.data) for part in parts)


def _number(part: FilePart) -> int:
    return part.number


def _media_type(world: World, upload_id: str) -> str:
    upload = world.store.get(FileUpload, upload_id)
    return (upload.content_type if upload else None) or "application/octet-stream"


def _signature(upload_id: str, until: int) -> str:
    return hmac.new(b"twin", f"{upload_id}:{until}".encode(), hashlib.sha256).hexdigest()
