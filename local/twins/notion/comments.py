"""Comments: discussions on pages and blocks, by people and by connections."""

from dataclasses import replace
from typing import Final

from local.twins.notion import errors, hosting, ids, properties, richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.markdown import inline
from local.twins.notion.records import Comment, Database, Page, ParentRef
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller

MOST_ATTACHMENTS: Final = 3
_CREATE_KEYS: Final = ("parent", "discussion_id", "rich_text", "markdown", "attachments", "display_name")
_UPDATE_KEYS: Final = ("rich_text", "markdown")
_NAMES: Final = ("integration", "user", "custom")


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/comments: begins a discussion on a page or block, or answers in one."""
    findings = caller.findings()
    findings.only(ask.body, _CREATE_KEYS, "body")
    text = _text(ask, findings)
    name = _display_name(caller, ask.body.get("display_name"), findings)
    uploads = _attachments(ask, findings)
    parent, discussion_id = _place(caller, ask, findings)
    comment = Comment(
        id=caller.world.minter.marked(caller.workspace.prefix, ids.COMMENT_MARK),
        workspace_id=caller.workspace.id,
        parent=parent,
        discussion_id=discussion_id,
        number=caller.world.store.next_number(),
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        rich_text=text,
        display_name=name,
        attachments=tuple(caller.attach(upload_id).id for upload_id in uploads),
    )
    caller.world.store.put(comment)
    caller.tell("comment.created", comment)
    return shown(caller, comment)


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/comments/{comment_id}."""
    return shown(caller, _found(caller, ask))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/comments/{comment_id}: a new text; only for who wrote it."""
    findings = caller.findings()
    findings.only(ask.body, _UPDATE_KEYS, "body")
    text = _text(ask, findings)
    findings.check()
    after = replace(_own(caller, ask), rich_text=text, edited_at=caller.now)
    caller.world.store.put(after)
    caller.tell("comment.updated", after)
    return shown(caller, after)


def delete(caller: Caller, ask: Ask) -> JsonObject:
    """DELETE /v1/comments/{comment_id}: for good; only for who wrote it."""
    comment = _own(caller, ask)
    caller.tell("comment.deleted", comment)
    caller.world.store.drop(comment)
    return shown(caller, comment)


def list_open(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/comments: what is not resolved, directly on one page or block, oldest first."""
    findings = caller.findings("query")
    block_id = findings.uuid(_given(ask.parameter("block_id")), "query.block_id")
    findings.check()
    place = caller.block(block_id)
    everything = (comment for comment in caller.world.store.all(Comment) if comment.parent.id == place.id)
    here = sorted((comment for comment in everything if not comment.resolved), key=lambda comment: comment.number)
    list_id = f"comments:{place.id}"
    window = window_of_query(caller, ask, list_id)
    return window.of(here, "comment", lambda comment: shown(caller, comment), list_id=list_id)


def shown(caller: Caller, comment: Comment) -> JsonObject:
    """A comment as answers show it; attachments only where there are any."""
    attached = [hosting.attachment(caller.world, upload_id) for upload_id in comment.attachments]
    kind = f"{comment.parent.kind}_id"
    return {
        "object": "comment",
        "id": comment.id,
        "parent": {"type": kind, kind: comment.parent.id},
        "discussion_id": comment.discussion_id,
        "created_time": ids.minute(comment.created_at),
        "last_edited_time": ids.minute(comment.edited_at),
        "created_by": properties.partial_user(comment.created_by),
        "rich_text": comment.rich_text,
        "display_name": comment.display_name,
    } | ({"attachments": attached} if attached else {})


def _given(value: str | None) -> object:
    return UNDEFINED if value is None else value


def _found(caller: Caller, ask: Ask) -> Comment:
    identifier = ask.path["comment_id"]
    found = caller.world.store.get(Comment, identifier)
    place = caller.world.child(found.parent.id) if found else None
    if found is None or place is None or not caller.sees(place):
        raise caller.not_found("comment", identifier)
    return found


def _own(caller: Caller, ask: Ask) -> Comment:
    found = _found(caller, ask)
    if found.created_by.id != caller.author.id:
        raise errors.insufficient()
    return found


def _text(ask: Ask, findings: Findings) -> JsonArray:
    if "markdown" in ask.body and "rich_text" in ask.body:
        findings.add("body.markdown", "not present", ask.body["markdown"])
    if "markdown" in ask.body:
        return inline.parse(findings.string(ask.body["markdown"], "body.markdown"))
    return richtext.parse(ask.get("rich_text"), "body.rich_text", findings)


def _attachments(ask: Ask, findings: Findings) -> list[str]:
    given = findings.array(ask.body.get("attachments", []), "body.attachments", most=MOST_ATTACHMENTS)
    return [_attachment(item, f"body.attachments[{index}]", findings) for index, item in enumerate(given)]


def _attachment(raw: object, path: str, findings: Findings) -> str:
    upload_id = findings.mapping(raw, path).get("file_upload_id", UNDEFINED)
    return findings.uuid(upload_id, f"{path}.file_upload_id")


def _display_name(caller: Caller, raw: object, findings: Findings) -> JsonObject:
    """Under which name a comment appears; without a wish the connection's own, or the person's."""
    own = caller.bot is None
    given = findings.mapping(raw, "body.display_name") if raw is not None else {}
    kind = findings.one_of(given.get("type", _NAMES[own]), _NAMES, "body.display_name.type")
    if kind == "custom":
        custom = findings.mapping(given.get("custom", UNDEFINED), "body.display_name.custom")
        name = findings.string(custom.get("name", UNDEFINED), "body.display_name.custom.name", least=1)
        return {"type": kind, "resolved_name": name}
    return {"type": kind, "resolved_name": _name_of(caller, kind)}


def _name_of(caller: Caller, kind: str) -> str | None:
    bot = caller.bot
    if kind == "user" and bot is not None:
        return caller.user(bot.owner_id).name if bot.owner_id else None
    return caller.user(caller.author.id).name


def _place(caller: Caller, ask: Ask, findings: Findings) -> tuple[ParentRef, str]:
    """Where a comment goes: into a discussion, or onto a page or block in a new one."""
    if "discussion_id" in ask.body:
        if "parent" in ask.body:
            findings.add("body.parent", "not present", ask.body["parent"])
        wanted = findings.uuid(ask.body["discussion_id"], "body.discussion_id")
        findings.check()
        return _discussion(caller, wanted), wanted
    given = findings.mapping(ask.get("parent"), "body.parent")
    findings.check()
    kind = "block_id" if "block_id" in given else "page_id"
    identifier = findings.uuid(given.get(kind, UNDEFINED), f"body.parent.{kind}")
    findings.check()
    fresh = caller.world.minter.marked(caller.workspace.prefix, ids.DISCUSSION_MARK)
    return _on(caller, kind, identifier), fresh


def _on(caller: Caller, kind: str, identifier: str) -> ParentRef:
    found = caller.page(identifier) if kind == "page_id" else caller.block(identifier)
    if isinstance(found, Database):
        raise validation("Comments are not supported on databases; comment on a page or block.")
    if caller.world.trashed(found):
        raise errors.in_trash()
    return ParentRef("page" if isinstance(found, Page) else "block", found.id)


def _discussion(caller: Caller, wanted: str) -> ParentRef:
    comments = caller.world.store.all(Comment)
    parent = next((comment.parent for comment in comments if comment.discussion_id == wanted), None)
    place = caller.world.child(parent.id) if parent else None
    if parent is None or place is None or not caller.sees(place):
        raise caller.not_found("discussion", wanted)
    return parent
