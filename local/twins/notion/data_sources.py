"""Data sources: their columns, and the rows that a query finds."""

import json
from dataclasses import replace
from random import Random
from typing import Any, Final

from local.twins.notion import dates, decor, errors, objects, options, richtext, schema, views
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.properties import text_of
from local.twins.notion.query import Filters, ordered
from local.twins.notion.records import Database, DataSource, Page, Property
from local.twins.notion.requests import Ask, Window, window_of_body
from local.twins.notion.schema import ColumnChange, Designing
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller, reading

_CREATE_KEYS: Final = ("parent", "properties", "title", "description", "icon")
_UPDATE_KEYS: Final = ("properties", "title", "description", "icon", "in_trash", "parent")
_QUERY_KEYS: Final = ("filter", "sorts", "start_cursor", "page_size", "result_type", "is_archived")
_REMEMBERED_QUERIES: Final = 64


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/data_sources: one more data source in an existing database."""
    findings = caller.findings()
    findings.only(ask.body, _CREATE_KEYS, "body")
    raw = findings.mapping(ask.get("properties"), "body.properties")
    looks = _looks(ask, findings)
    parent = findings.mapping(ask.get("parent"), "body.parent")
    database_id = findings.uuid(parent.get("database_id", UNDEFINED), "body.parent.database_id")
    findings.check()
    database = caller.database(database_id)
    if caller.world.trashed(database):
        raise errors.in_trash()
    columns = declared(caller, raw, "body.properties", findings)
    identifier = caller.world.minter.data_source(caller.workspace.prefix)
    decor.admit(caller, looks)
    source = new(caller, database, looks.pop("title", []), columns, identifier, **looks)
    caller.world.store.put(replace(database, data_source_ids=(*database.data_source_ids, source.id)))
    pair_up(caller, source.id)
    return objects.data_source(caller, caller.data_source(source.id))


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/data_sources/{data_source_id}."""
    return objects.data_source(caller, caller.data_source(ask.path["data_source_id"]))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/data_sources/{data_source_id}: columns by name or id, title, icon and trash."""
    findings = caller.findings()
    wanted_trash = _trash_flag(caller, ask, findings)
    raw = findings.mapping(ask.body.get("properties", {}), "body.properties")
    looks = _looks(ask, findings)
    findings.check()
    source = caller.data_source(ask.path["data_source_id"])
    if caller.world.trashed(source) and wanted_trash is not False:
        raise errors.in_trash()
    made = schema.changes(source, raw, _designing(caller, findings, source))
    columns = schema.applied(source.schema, made)
    in_trash = source.in_trash if wanted_trash is None else wanted_trash
    decor.admit(caller, looks)
    after = replace(source, **looks, schema=columns, in_trash=in_trash, edited_at=caller.now, edited_by=caller.author)
    caller.world.store.put(after)
    _convert_rows(caller, after, made)
    pair_up(caller, after.id)
    _tell_updated(caller, source, after, made)
    return objects.data_source(caller, caller.data_source(source.id))


def declared(caller: Caller, raw: JsonObject, path: str, findings: Findings) -> tuple[Property, ...]:
    """The columns of a new data source."""
    return schema.declared(raw, path, _designing(caller, findings, None))


def new(
    caller: Caller, database: Database, title: JsonArray, columns: tuple[Property, ...], identifier: str, **looks: Any
) -> DataSource:
    """Make a data source inside *database*."""
    source = DataSource(
        id=identifier,
        workspace_id=caller.workspace.id,
        database_id=database.id,
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        edited_by=caller.author,
        title=title,
        schema=columns,
        **looks,
    )
    caller.world.store.put(source)
    views.new(caller, database.id, source.id)
    caller.tell("data_source.created", source)
    return source


def pair_up(caller: Caller, source_id: str) -> None:
    """Give every new two-way relation its column on the other side."""
    source = caller.data_source(source_id)
    for column in source.schema:
        if column.config.get("type") == "dual_property" and "synced_property_id" not in column.config["dual_property"]:
            _pair(caller, source_id, column)


def query(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/data_sources/{data_source_id}/query."""
    findings = caller.findings()
    refused = caller.world.switches.query_in_trash == "refused"
    findings.only(ask.body, _QUERY_KEYS if refused else (*_QUERY_KEYS, "in_trash"), "body")
    findings.check()
    source = caller.data_source(ask.path["data_source_id"])
    _refuse_unknown_columns(source, ask.parameters("filter_properties"))
    list_id = _list_id(source, ask)
    window = window_of_body(caller, ask, list_id)
    if caller.world.switches.short_pages:
        window = Window(window.start, max(1, window.size // 2))
    rows = found(caller, source, ask, list_id)
    return _answer(caller, ask, window, rows, list_id)


def _answer(caller: Caller, ask: Ask, window: Window, found: list[Page], list_id: str) -> JsonObject:
    only = ask.parameters("filter_properties")
    cap = caller.world.switches.query_cap
    answer = window.of(found[:cap], "page_or_data_source", lambda row: objects.page(caller, row, only), list_id=list_id)
    if len(found) > cap and not answer["has_more"]:
        answer["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return answer


def found(caller: Caller, source: DataSource, ask: Ask, list_id: str) -> list[Page]:
    """The rows that a query asks for and the caller may see, in order."""
    rows = _found(caller, source, ask, list_id)
    return [row for row in rows if caller.sees(row)] if caller.bot and caller.bot.withheld else rows


def _found(caller: Caller, source: DataSource, ask: Ask, list_id: str) -> list[Page]:
    """They are computed once as long as nothing is written in between."""
    world = caller.world
    lag = world.switches.index_lag_s
    key = (list_id, world.store.generation, world.switches.default_order)
    if not lag and (known := world.query_cache.get(key)) is not None:
        return known
    rows = _search(caller, source, ask, world.rows_as_of(source.id, caller.now - lag if lag else None))
    if not lag:
        while len(world.query_cache) >= _REMEMBERED_QUERIES:
            world.query_cache.pop(next(iter(world.query_cache)))
        world.query_cache[key] = rows
    return rows


def _search(caller: Caller, source: DataSource, ask: Ask, rows: list[Page]) -> list[Page]:
    findings = caller.findings()
    keeps = Filters(source, findings, caller.now).read(ask.body["filter"]) if ask.body.get("filter") else None
    findings.check()
    archived = findings.boolean(ask.body.get("is_archived", False), "body.is_archived")
    findings.check()
    in_trash = caller.world.switches.query_in_trash == "honoured" and ask.body.get("in_trash") is True
    if caller.world.trashed(source):
        rows = []
    visible = [row for row in rows if row.in_trash == in_trash and row.is_archived == archived]
    kept = [row for row in visible if keeps(row)] if keeps else visible
    return ordered(_unsorted(caller, kept), ask.body.get("sorts", []), source, findings)


def _unsorted(caller: Caller, rows: list[Page]) -> list[Page]:
    match caller.world.switches.default_order:
        case "newest_first":
            return rows[::-1]
        case "oldest_first":
            return rows
        case "shuffled":
            return Random(caller.now).sample(rows, len(rows))


def _list_id(source: DataSource, ask: Ask) -> str:
    asked = {key: ask.body.get(key) for key in ("filter", "sorts", "is_archived", "in_trash")}
    return f"{source.id}:{json.dumps(asked, sort_keys=True)}"


def _refuse_unknown_columns(source: DataSource, keys: list[str]) -> None:
    for key in keys:
        if source.property(key) is None:
            raise validation(f"Could not find property with name or id: {key}")


def _trash_flag(caller: Caller, ask: Ask, findings: Findings) -> bool | None:
    alias = ("archived",) if caller.version == "2025-09-03" else ()
    findings.only(ask.body, (*_UPDATE_KEYS, *alias), "body")
    key = next((key for key in ("in_trash", *alias) if key in ask.body), None)
    return None if key is None else findings.boolean(ask.body[key], f"body.{key}")


def _looks(ask: Ask, findings: Findings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("title", "description"):
        if key in ask.body:
            found[key] = richtext.parse(ask.body[key], f"body.{key}", findings)
    if "icon" in ask.body:
        found["icon"] = decor.icon(ask.body["icon"], "body.icon", findings)
    return found


def _designing(caller: Caller, findings: Findings, source: DataSource | None) -> Designing:
    taken = {column.id for column in source.schema} if source else set()
    edits_status = caller.world.switches.status_options_can_be_edited
    return Designing(findings, caller.world.minter, caller.data_source, taken, edits_status)


def _pair(caller: Caller, source_id: str, column: Property) -> None:
    store, target_id = caller.world.store, column.config["data_source_id"]
    source, target = caller.data_source(source_id), caller.data_source(target_id)
    wanted = column.config["dual_property"].get("synced_property_name")
    name = wanted or f"Related to {richtext.plain(source.title) or 'Untitled'} ({column.name})"
    mirror_id = caller.world.minter.property({known.id for known in target.schema})
    mirror = Property(mirror_id, name, "relation", _two_way(source, column.name, column.encoded_id))
    store.put(replace(target, schema=(*target.schema, mirror)))
    config = column.config | {"dual_property": {"synced_property_name": name, "synced_property_id": mirror.encoded_id}}
    source = caller.data_source(source_id)
    changed = [replace(known, config=config) if known.id == column.id else known for known in source.schema]
    store.put(replace(source, schema=tuple(changed)))


def _two_way(source: DataSource, name: str, encoded_id: str) -> JsonObject:
    return {
        "database_id": source.database_id,
        "data_source_id": source.id,
        "type": "dual_property",
        "dual_property": {"synced_property_name": name, "synced_property_id": encoded_id},
    }


def _convert_rows(caller: Caller, source: DataSource, made: list[ColumnChange]) -> None:
    for change in made:
        if change.before and change.after and change.before.type != change.after.type:
            for row in caller.world.store.pages_in(source.id):
                value = _converted(caller, row, change.before, change.after)
                caller.world.store.put(replace(row, values=row.values | {change.after.id: value}))


def _converted(caller: Caller, row: Page, before: Property, after: Property) -> Any:
    """What is left of a value under a new type: what its text can still be read as."""
    text = text_of(before, row, reading(caller.world))
    match after.type:
        case "rich_text":
            return richtext.text(text)
        case "url" | "email" | "phone_number":
            return text or None
        case "number":
            return _as_number(text)
        case "date":
            start = dates.normal(text)
            return {"start": start, "end": None, "time_zone": None} if start else None
        case "select" | "status":
            found = options.find(after, {"name": text})
            return found["id"] if found else None
        case "multi_select":
            named = (options.find(after, {"name": part.strip()}) for part in text.split(","))
            return [found["id"] for found in named if found]
        case "checkbox":
            return text == "Yes"
        case _:
            return None


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _tell_updated(caller: Caller, before: DataSource, after: DataSource, made: list[ColumnChange]) -> None:
    if made:
        caller.tell("data_source.schema_updated", after, columns=tuple(change.as_event() for change in made))
    if before.in_trash != after.in_trash:
        caller.tell("data_source.deleted" if after.in_trash else "data_source.undeleted", after)
    if before.title != after.title:
        caller.tell("data_source.content_updated", after)
