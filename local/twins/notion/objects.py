"""Pages, databases and data sources as answers show them, key by key in Notion's order."""

from collections.abc import Collection

from local.twins.notion import hosting, ids, properties, richtext
from local.twins.notion.records import Block, Database, DataSource, Page, ParentRef, Property
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, Child, Entity, World


def title(world: World, page: Page) -> str:
    """A page's title as plain text."""
    return richtext.plain(page.values.get(world.title_column(page).id) or [])


def shown(caller: Caller, entity: Entity, only: Collection[str] = ()) -> JsonObject:
    """Any of the three; *only* limits a page's properties to these ids or names."""
    match entity:
        case Page():
            return page(caller, entity, only)
        case Database():
            return database(caller, entity)
        case DataSource():
            return data_source(caller, entity)


def page(caller: Caller, page: Page, only: Collection[str] = ()) -> JsonObject:
    """A page or row."""
    world = caller.world
    look = hosting.reading(caller)
    columns = [column for column in world.columns(page) if not only or _asked(column, only)]
    in_trash = world.trashed(page)
    return {
        "object": "page",
        "id": page.id,
        "created_time": ids.minute(page.created_at),
        "last_edited_time": ids.minute(page.edited_at),
        "created_by": properties.partial_user(page.created_by),
        "last_edited_by": properties.partial_user(page.edited_by),
        "cover": hosting.decoration(caller.world, page.cover),
        "icon": hosting.decoration(caller.world, page.icon),
        "parent": parent(caller, page.parent),
        "in_trash": in_trash,
        "is_archived": page.is_archived,
        "is_locked": page.is_locked,
        "properties": {column.name: properties.shown(column, page, look) for column in columns},
        "url": ids.link(page.id, title(world, page)),
        "public_url": None,
    } | archived(caller, in_trash)


def database(caller: Caller, database: Database) -> JsonObject:
    """A database, with its data sources by name."""
    in_trash = caller.world.trashed(database)
    sources = [caller.world.store.get(DataSource, source_id) for source_id in database.data_source_ids]
    return {
        "object": "database",
        "id": database.id,
        "title": database.title,
        "description": database.description,
        "parent": parent(caller, database.parent),
        "is_inline": database.is_inline,
        "in_trash": in_trash,
        "is_locked": database.is_locked,
        "created_time": ids.millisecond(database.created_at),
        "last_edited_time": ids.millisecond(database.edited_at),
        "data_sources": [
            {"id": source.id, "name": richtext.plain(source.title)}
            for source in sources
            if source is not None and not source.in_trash
        ],
        "icon": hosting.decoration(caller.world, database.icon),
        "cover": hosting.decoration(caller.world, database.cover),
        "url": ids.link(database.id),
        "public_url": None,
    } | archived(caller, in_trash)


def data_source(caller: Caller, source: DataSource) -> JsonObject:
    """A data source with its columns."""
    home = caller.world.store.get(Database, source.database_id)
    assert home is not None  # noqa: S101  # a data source is always made inside a database
    in_trash = caller.world.trashed(source)
    return {
        "object": "data_source",
        "id": source.id,
        "cover": hosting.decoration(caller.world, source.cover),
        "icon": hosting.decoration(caller.world, source.icon),
        "created_time": ids.minute(source.created_at),
        "created_by": properties.partial_user(source.created_by),
        "last_edited_by": properties.partial_user(source.edited_by),
        "last_edited_time": ids.minute(source.edited_at),
        "title": source.title,
        "description": source.description,
        "is_inline": home.is_inline,
        "properties": {column.name: _column(column) for column in source.schema},
        "parent": {"type": "database_id", "database_id": home.id},
        "database_parent": parent(caller, home.parent),
        "url": ids.link(home.id),
        "public_url": None,
        "in_trash": in_trash,
    } | archived(caller, in_trash)


def block(caller: Caller, entity: Child) -> JsonObject:
    """A block; a page or database as the block that stands for it in its parent."""
    kind, content = _as_block(caller, entity)
    in_trash = caller.world.trashed(entity)
    return {
        "object": "block",
        "id": entity.id,
        "parent": parent(caller, entity.parent),
        "created_time": ids.minute(entity.created_at),
        "last_edited_time": ids.minute(entity.edited_at),
        "created_by": properties.partial_user(entity.created_by),
        "last_edited_by": properties.partial_user(entity.edited_by),
        "has_children": _has_children(caller, entity),
        "in_trash": in_trash,
        "type": kind,
        kind: content,
    } | archived(caller, in_trash)


def parent(caller: Caller, where: ParentRef) -> JsonObject:
    """Where something lives."""
    match where.kind:
        case "workspace":
            return {"type": "workspace", "workspace": True}
        case "page":
            return {"type": "page_id", "page_id": where.id}
        case "data_source":
            source = caller.world.store.get(DataSource, where.id)
            database_id = source.database_id if source else None
            return {"type": "data_source_id", "data_source_id": where.id, "database_id": database_id}
        case "block":
            return {"type": "block_id", "block_id": where.id}


def _column(column: Property) -> JsonObject:
    head = {"id": column.encoded_id, "name": column.name, "description": None, "type": column.type}
    return head | {column.type: column.config}


def _as_block(caller: Caller, entity: Child) -> tuple[str, JsonObject]:
    match entity:
        case Block(type="meeting_notes"):
            name = "transcription" if caller.version == "2025-09-03" else entity.type
            return name, entity.content
        case Block():
            return entity.type, hosting.shown(caller.world, entity.content)
        case Page():
            return "child_page", {"title": title(caller.world, entity)}
        case Database():
            return "child_database", {"title": richtext.plain(entity.title)}


def _has_children(caller: Caller, entity: Child) -> bool:
    if isinstance(entity, Database):
        return False
    if isinstance(entity, Block) and entity.content.get("synced_from"):
        return True
    return any(not child.in_trash for child in caller.world.inside(entity))


def archived(caller: Caller, in_trash: bool) -> JsonObject:
    """The old name of `in_trash`, where this version still carries it."""
    keep = caller.version == "2025-09-03" or caller.world.switches.archived_key_in_2026
    return {"archived": in_trash} if keep else {}


def _asked(column: Property, only: Collection[str]) -> bool:
    return any(key in only for key in (column.id, column.encoded_id, column.name))
