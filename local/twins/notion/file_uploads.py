"""File uploads: announced, sent in one piece or several, or imported from elsewhere."""

import base64
import mimetypes
from dataclasses import replace
from typing import Any, Final, cast

from local.twins.notion import hosting, ids, objects
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.records import UPLOAD_GOOD_FOR_S, FilePart, FileUpload, UploadMode
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

MODES: Final = ("single_part", "multi_part", "external_url")
STATES: Final = ("pending", "uploaded", "expired", "failed")
MOST_PARTS: Final = 10_000
LONGEST_NAME: Final = 900
LARGEST_PART: Final = 20 * 1024 * 1024
_KEYS: Final = ("mode", "filename", "content_type", "number_of_parts", "external_url")
_IMPORTED_LENGTH: Final = 13_264  # the twin fetches nothing: every import has the length of the recorded one


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/file_uploads: announces a file; what is not sent or referred to within an hour expires."""
    findings = caller.findings()
    findings.only(ask.body, _KEYS, "body")
    mode = findings.one_of(ask.body.get("mode", MODES[0]), MODES, "body.mode")
    filename = _filename(ask, mode, findings)
    external = _external(ask, mode, findings)
    parts = _parts(ask, mode, findings)
    content_type = _optional(ask, "content_type", findings) or mimetypes.guess_type(filename or "")[0]
    findings.check()
    upload = FileUpload(
        id=caller.world.minter.marked(caller.workspace.prefix, ids.UPLOAD_MARK),
        workspace_id=caller.workspace.id,
        number=caller.world.store.next_number(),
        mode=cast(UploadMode, mode),
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        filename=filename,
        content_type=content_type,
        parts=parts,
        external_url=external,
        ready_at=_imported_at(caller) if external else None,
    )
    caller.world.store.put(upload)
    return shown(caller, upload)


def send(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/file_uploads/{file_upload_id}/send: the bytes, or one part of them; a part may be sent again."""
    upload = _pending(caller, ask)
    findings = caller.findings()
    file = findings.mapping(ask.get("file"), "body.file")
    number = _part_number(ask, upload, findings)
    findings.check()
    data: bytes = file["data"]
    _refuse_size(caller, upload, len(data))
    part_id = f"{upload.id}:{number}"
    caller.world.store.put(FilePart(part_id, upload.id, number, base64.b64encode(data).decode()))
    known = replace(
        upload,
        filename=upload.filename or file["filename"],
        content_type=upload.content_type or file["content_type"],
        length=len(data) if upload.mode == "single_part" else None,
    )
    caller.world.store.put(known)
    return shown(caller, known)


def complete(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/file_uploads/{file_upload_id}/complete: all parts of a multi-part upload are there."""
    upload = _pending(caller, ask)
    if upload.mode != "multi_part":
        raise validation("Only file uploads with a mode of `multi_part` can be completed.")
    if (sent := _sent(caller, upload)) != upload.parts:
        raise validation(f"File upload cannot be completed: {sent} of {upload.parts} parts were sent.")
    whole = replace(upload, length=len(hosting.content(caller.world, upload.id)))
    caller.world.store.put(whole)
    return shown(caller, whole)


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/file_uploads/{file_upload_id}."""
    return shown(caller, caller.upload(ask.path["file_upload_id"]))


def list_own(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/file_uploads: the caller's own, newest first."""
    findings = caller.findings("query")
    wanted = ask.parameter("status")
    if wanted is not None:
        findings.one_of(wanted, STATES, "query.status")
    findings.check()
    mine = [upload for upload in caller.world.store.all(FileUpload) if upload.created_by.id == caller.author.id]
    found = [upload for upload in mine if wanted in (None, upload.status(caller.now))]
    found.sort(key=lambda upload: upload.number, reverse=True)
    list_id = f"file_uploads:{wanted}"
    window = window_of_query(caller, ask, list_id)
    return window.of(found, "file_upload", lambda upload: shown(caller, upload), list_id=list_id)


def shown(caller: Caller, upload: FileUpload) -> JsonObject:
    """An upload as answers show it; where to send it only while that is awaited."""
    stage, arrival = upload.status(caller.now), upload.arrival(caller.now)
    edited_at = upload.swept_at if stage == "expired" else upload.edited_at
    for_good = upload.attached or stage == "expired"
    return {
        "object": "file_upload",
        "id": upload.id,
        "created_time": ids.minute(upload.created_at),
        "created_by": {"id": upload.created_by.id, "type": upload.created_by.kind},
        "last_edited_time": ids.minute(edited_at),
        "expiry_time": None if for_good else ids.minute(upload.created_at + UPLOAD_GOOD_FOR_S),
        **(_addresses(caller, upload) if stage == "pending" else {}),
        "in_trash": False,
        "status": stage,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "content_length": _length(upload, arrival),
        **_progress(caller, upload),
        **_import(upload, arrival),
    } | objects.archived(caller, False)


def _addresses(caller: Caller, upload: FileUpload) -> JsonObject:
    base = f"{caller.world.origin}/v1/file_uploads/{upload.id}"
    completing = {"complete_url": f"{base}/complete"} if upload.mode == "multi_part" else {}
    return {"upload_url": f"{base}/send"} | completing


def _length(upload: FileUpload, stage: str) -> int | None:
    if upload.mode == "external_url":
        return _IMPORTED_LENGTH if stage == "uploaded" else None
    return upload.length


def _progress(caller: Caller, upload: FileUpload) -> JsonObject:
    if upload.mode != "multi_part":
        return {}
    return {"number_of_parts": {"total": upload.parts, "sent": _sent(caller, upload)}}


def _import(upload: FileUpload, stage: str) -> JsonObject:
    if upload.ready_at is None or stage not in ("uploaded", "failed"):
        return {}
    at = {"imported_time": ids.millisecond(upload.ready_at)}
    if stage == "uploaded":
        return {"file_import_result": {"type": "success", "success": {}} | at}
    error = {
        "type": "download_error",
        "code": "file_upload_invalid_url",
        "message": "The file could not be downloaded from the external URL.",
        "parameter": "external_url",
        "status_code": None,
    }
    return {"file_import_result": {"type": "error", "error": error} | at}


def _imported_at(caller: Caller) -> int:
    """When an import that begins now ends: in whole seconds, the only ones that recorded answers show."""
    return int(caller.now + caller.world.switches.import_s)


def _sent(caller: Caller, upload: FileUpload) -> int:
    return sum(part.upload_id == upload.id for part in caller.world.store.all(FilePart))


def _pending(caller: Caller, ask: Ask) -> FileUpload:
    upload = caller.upload(ask.path["file_upload_id"])
    stage = upload.status(caller.now)
    if stage != "pending" or upload.mode == "external_url":
        raise validation(
            f"File upload {upload.id} does not await a file: its mode is {upload.mode}, its status {stage}."
        )
    return upload


def _refuse_size(caller: Caller, upload: FileUpload, size: int) -> None:
    earlier = len(hosting.content(caller.world, upload.id)) if upload.mode == "multi_part" else 0
    limit = caller.workspace.largest_file
    if size > LARGEST_PART:
        raise validation(f"A part of a file should be ≤ `{LARGEST_PART}` bytes, instead was `{size}`.")
    if earlier + size > limit:
        raise validation(f"File size exceeds the limit of this workspace, `{limit}` bytes.")


def _part_number(ask: Ask, upload: FileUpload, findings: Findings) -> int:
    raw = ask.body.get("part_number")
    if upload.mode == "single_part":
        return 1
    if isinstance(raw, str) and raw.isdecimal() and 1 <= int(raw) <= upload.parts:
        return int(raw)
    findings.add("body.part_number", f"a number between `1` and `{upload.parts}`", UNDEFINED if raw is None else raw)
    return 1


def _filename(ask: Ask, mode: str, findings: Findings) -> str | None:
    if mode == "single_part" and "filename" not in ask.body:
        return None
    return findings.string(ask.get("filename"), "body.filename", most=LONGEST_NAME, least=1)


def _external(ask: Ask, mode: str, findings: Findings) -> str | None:
    if mode != "external_url":
        _refuse(ask, "external_url", findings)
        return None
    url = findings.string(ask.get("external_url"), "body.external_url")
    if url and not url.startswith("https://"):
        findings.add("body.external_url", "an HTTPS URL", url)
    return url


def _parts(ask: Ask, mode: str, findings: Findings) -> int:
    if mode != "multi_part":
        _refuse(ask, "number_of_parts", findings)
        return 1
    count: Any = ask.get("number_of_parts")
    if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= MOST_PARTS:
        return count
    findings.add("body.number_of_parts", f"a number between `1` and `{MOST_PARTS}`", count)
    return 1


def _refuse(ask: Ask, key: str, findings: Findings) -> None:
    if key in ask.body:
        findings.add(f"body.{key}", "not present", ask.body[key])


def _optional(ask: Ask, key: str, findings: Findings) -> str | None:
    return findings.string(ask.body[key], f"body.{key}", least=1) if key in ask.body else None
