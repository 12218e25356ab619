"""Databases: the containers of data sources."""

from dataclasses import replace
from typing import Any

from local.twins.notion import data_sources, decor, errors, objects, pages, richtext
from local.twins.notion.errors import UNDEFINED
from local.twins.notion.records import Bot, Database, Page, ParentRef
from local.twins.notion.requests import Ask
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

_CREATE_KEYS = ("parent", "title", "description", "is_inline", "icon", "cover", "initial_data_source")
_UPDATE_KEYS = ("title", "description", "is_inline", "icon", "cover", "in_trash", "is_locked", "parent")


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/databases: the database with its first data source."""
    findings = caller.findings()
    findings.only(ask.body, _CREATE_KEYS, "body")
    looks = _looks(ask, findings)
    initial = findings.mapping(ask.body.get("initial_data_source", {}), "body.initial_data_source")
    raw = findings.mapping(initial.get("properties", {}), "body.initial_data_source.properties")
    parent = _parent(caller, ask.get("parent"), findings)
    columns = data_sources.declared(caller, raw, "body.initial_data_source.properties", findings)
    decor.admit(caller, looks)
    database = _new(caller, parent, looks)
    caller.world.store.put(database)
    source = data_sources.new(caller, database, database.title, columns, caller.world.minter.plain())
    caller.world.store.put(replace(database, data_source_ids=(source.id,)))
    _share_with_maker(caller, database)
    data_sources.pair_up(caller, source.id)
    _tell_created(caller, database)
    return objects.database(caller, caller.database(database.id))


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/databases/{database_id}."""
    return objects.database(caller, caller.database(ask.path["database_id"]))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/databases/{database_id}: title, looks, place and trash; columns belong to the data source."""
    findings = caller.findings()
    wanted_trash = pages.trash_flag(caller, ask, findings, _UPDATE_KEYS)
    looks = _looks(ask, findings)
    findings.check()
    database = caller.database(ask.path["database_id"])
    if caller.world.trashed(database) and wanted_trash is not False:
        raise errors.in_trash()
    if "parent" in ask.body:
        looks["parent"] = _parent(caller, ask.body["parent"], findings)
    decor.admit(caller, looks)
    after = _changed(caller, database, looks, database.in_trash if wanted_trash is None else wanted_trash)
    return objects.database(caller, after)


def trash(caller: Caller, database: Database) -> Database:
    """Put a database with all its rows into the trash."""
    if caller.world.trashed(database) and caller.world.switches.trash_twice == "refused":
        raise errors.in_trash()
    return _changed(caller, database, {}, in_trash=True)


def restore(caller: Caller, database: Database) -> Database:
    """Take a database out of the trash, with all its rows."""
    return _changed(caller, database, {}, in_trash=False)


def _changed(caller: Caller, before: Database, looks: dict[str, Any], in_trash: bool) -> Database:
    after = replace(before, **looks, in_trash=in_trash, edited_at=caller.now, edited_by=caller.author)
    caller.world.store.put(after)
    if before.in_trash != in_trash:
        caller.tell("database.deleted" if in_trash else "database.undeleted", after)
    if before.parent != after.parent:
        caller.tell("database.moved", after)
    return after


def _looks(ask: Ask, findings: Findings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("title", "description"):
        if key in ask.body:
            found[key] = richtext.parse(ask.body[key], f"body.{key}", findings)
    for flag in ("is_inline", "is_locked"):
        if flag in ask.body:
            found[flag] = findings.boolean(ask.body[flag], f"body.{flag}")
    if "icon" in ask.body:
        found["icon"] = decor.icon(ask.body["icon"], "body.icon", findings)
    if "cover" in ask.body:
        found["cover"] = decor.cover(ask.body["cover"], "body.cover", findings)
    return found


def _parent(caller: Caller, raw: object, findings: Findings) -> ParentRef:
    given = findings.mapping(raw, "body.parent")
    if given.get("type") == "workspace" or given.get("workspace") is True:
        findings.check()
        return ParentRef("workspace", caller.workspace.id)
    page_id = findings.uuid(given.get("page_id", UNDEFINED), "body.parent.page_id")
    findings.check()
    if caller.world.trashed(caller.page(page_id)):
        raise errors.in_trash()
    return ParentRef("page", page_id)


def _new(caller: Caller, parent: ParentRef, looks: dict[str, Any]) -> Database:
    return Database(
        id=caller.world.minter.plain(),
        workspace_id=caller.workspace.id,
        parent=parent,
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        edited_by=caller.author,
        data_source_ids=(),
        **({"title": []} | looks),
    )


def _share_with_maker(caller: Caller, database: Database) -> None:
    bot = caller.world.store.get(Bot, caller.bot.id) if caller.bot else None
    if bot and database.parent.kind == "workspace":
        caller.world.store.put(replace(bot, shared=(*bot.shared, database.id)))


def _tell_created(caller: Caller, database: Database) -> None:
    caller.tell("database.created", database)
    if isinstance(parent := caller.world.container(database), Page):
        caller.tell("page.content_updated", parent, blocks=(database.id,))
