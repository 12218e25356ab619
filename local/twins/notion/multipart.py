"""A file as it is sent: one part of a multipart form."""

from collections.abc import AsyncGenerator
from typing import Final

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from local.twins.notion.errors import validation
from local.twins.notion.wire import JsonObject

LARGEST_FORM: Final = 21 * 1024 * 1024
"""A part of a file has at most 20 MiB; the rest is the form around it."""


async def read(headers: Headers, raw: bytes) -> JsonObject:
    """The fields of a form, with the file as its name, type and bytes.

    Raises:
        ApiError: it is no multipart form.
    """
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise validation("Content-Type should be `multipart/form-data`.")
    try:
        form = await MultiPartParser(headers, _whole(raw)).parse()
    except (MultiPartException, KeyError) as error:
        raise validation("The multipart form could not be parsed.") from error
    try:
        return {name: await _field(value) for name, value in form.items()}
    finally:
        await form.close()


async def _field(value: UploadFile | str) -> str | JsonObject:
    if isinstance(value, str):
        return value
    kind = (value.content_type or "").partition(";")[0] or None
    return {"filename": value.filename, "content_type": kind, "data": await value.read()}


async def _whole(raw: bytes) -> AsyncGenerator[bytes]:
    yield raw
