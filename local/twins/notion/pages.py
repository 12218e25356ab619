"""Pages and rows: created, read, changed, trashed and restored."""

from dataclasses import replace
from typing import Any

from local.twins.notion import (
    async_tasks,
    bodies,
    contents,
    decor,
    errors,
    hosting,
    ids,
    kinds,
    objects,
    page_templates,
    places,
    properties,
    rewriting,
    richtext,
)
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.nodes import Node
from local.twins.notion.properties import PAGINATED, parse_all
from local.twins.notion.records import Block, Bot, DataSource, Page, ParentRef, Property
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import TITLE_ONLY, Caller

_CREATE_KEYS = ("parent", "properties", "icon", "cover", "children", "markdown", "position", "template", "allow_async")
_MOVE_PARENTS = ("type", "page_id", "data_source_id")
_UPDATE_KEYS = ("properties", "icon", "cover", "in_trash", "is_archived", "is_locked", "erase_content", "template")


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/pages."""
    findings = caller.findings()
    findings.only(ask.body, _CREATE_KEYS, "body")
    wants_task = findings.boolean(ask.body.get("allow_async", False), "body.allow_async") and "markdown" in ask.body
    if wants_task:
        return async_tasks.start(caller, "POST /v1/pages", lambda: _create(caller, ask, findings))
    return _create(caller, ask, findings)


def _create(caller: Caller, ask: Ask, findings: Findings) -> JsonObject:
    raw = findings.mapping(ask.body.get("properties", {}), "body.properties")
    look = {"icon": decor.icon(ask.body.get("icon"), "body.icon", findings)}
    look["cover"] = decor.cover(ask.body.get("cover"), "body.cover", findings)
    page_templates.checked(ask, findings)
    nodes = bodies.parse(ask, findings, kinds.made_by(caller))
    parent = _parent(caller, ask.get("parent"), findings)
    values = _values(caller, parent, raw, findings)
    decor.admit(caller, look)
    page = _new(caller, parent, values, look)
    if "markdown" in ask.body:
        page, nodes = _titled(caller, page, nodes)
    caller.world.store.put(page)
    _place(caller, page, ask)
    page = contents.plant(caller, page, rewriting.known(nodes, before=()))  # what markdown names is elsewhere
    _share_with_maker(caller, page)
    _mirror(caller, page, {})
    _tell_created(caller, page)
    page_templates.start(caller, ask, page)
    return objects.page(caller, page, ask.parameters("filter_properties"))


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/pages/{page_id}."""
    return objects.page(caller, caller.page(ask.path["page_id"]), ask.parameters("filter_properties"))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/pages/{page_id}: properties not named stay, named ones are replaced whole."""
    findings = caller.findings()
    wanted_trash = trash_flag(caller, ask, findings, _UPDATE_KEYS)
    raw = findings.mapping(ask.body.get("properties", {}), "body.properties")
    changes = _looks(ask, findings)
    erase = findings.boolean(ask.body.get("erase_content", False), "body.erase_content")
    page_templates.checked(ask, findings)
    findings.check()
    page = caller.page(ask.path["page_id"])
    _refuse_trashed(caller, page, wanted_trash)
    if caller.bot and page.is_locked and caller.world.switches.locked_pages_refuse_edits and raw:
        raise errors.locked()
    values = _values(caller, page.parent, raw, findings)
    decor.admit(caller, changes)
    changed = [key for key, value in values.items() if page.values.get(key) != value]
    after = replace(
        page, **changes, values=page.values | values, edited_at=caller.now, edited_by=caller.author,
        in_trash=page.in_trash if wanted_trash is None else wanted_trash,
    )  # fmt: skip
    caller.world.store.put(after)
    _mirror(caller, after, page.values)
    _tell_updated(caller, page, after, changed)
    if erase:
        after = contents.rewrite(caller, after, ())
    page_templates.start(caller, ask, after)
    return objects.page(caller, after, ask.parameters("filter_properties"))


def move(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/pages/{page_id}/move: to another page or data source, without a new time of editing."""
    findings = caller.findings()
    findings.only(ask.body, ("parent",), "body")
    findings.only(findings.mapping(ask.get("parent"), "body.parent"), _MOVE_PARENTS, "body.parent")
    findings.check()
    page = caller.page(ask.path["page_id"])
    _refuse_trashed(caller, page, None)
    parent = _parent(caller, ask.get("parent"), findings)
    _refuse_loop(caller, page, parent)
    title = page.values.get(caller.world.title_column(page).id, [])
    after = replace(page, parent=parent, values=page.values if parent == page.parent else {"title": title})
    caller.world.store.put(after)
    caller.tell("page.moved", after)
    return objects.page(caller, after)


def trash(caller: Caller, page: Page) -> Page:
    """Put a page into the trash; what is below it goes with it."""
    if caller.world.trashed(page) and caller.world.switches.trash_twice == "refused":
        raise errors.in_trash()
    return _binned(caller, page, in_trash=True)


def restore(caller: Caller, page: Page) -> Page:
    """Take a page out of the trash, with everything on it."""
    _refuse_trashed(caller, page, wanted_trash=False)
    return _binned(caller, page, in_trash=False)


def _binned(caller: Caller, page: Page, *, in_trash: bool) -> Page:
    after = replace(page, in_trash=in_trash, edited_at=caller.now, edited_by=caller.author)
    caller.world.store.put(after)
    _tell_updated(caller, page, after, [])
    return after


def retrieve_property(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/pages/{page_id}/properties/{property_id}: complete, in pieces where it can be long."""
    page = caller.page(ask.path["page_id"])
    key = ask.path["property_id"]
    column = _column(caller, page, key)
    value = properties.full(column, page, hosting.reading(caller))
    if column.type not in PAGINATED:
        return _item(column, value)
    list_id = f"{page.id}/{column.id}"
    window = window_of_query(caller, ask, list_id)
    answer = window.of(value, "property_item", lambda one: _item(column, one), list_id=list_id)
    answer["property_item"] = {
        "id": column.encoded_id,
        "next_url": _next_url(page, column, answer["next_cursor"]),
        "type": column.type,
        column.type: {},
    }
    return answer


def trash_flag(caller: Caller, ask: Ask, findings: Findings, keys: tuple[str, ...]) -> bool | None:
    """What the request says about the trash, by the key of its version; refuses keys beside *keys*."""
    alias = ("archived",) if caller.version == "2025-09-03" else ()
    findings.only(ask.body, (*keys, *alias), "body")
    given = [(key, ask.body[key]) for key in ("in_trash", *alias) if key in ask.body]
    return findings.boolean(given[0][1], f"body.{given[0][0]}") if given else None


def _parent(caller: Caller, raw: object, findings: Findings) -> ParentRef:
    if raw is UNDEFINED:
        findings.check()
        return ParentRef("workspace", caller.workspace.id)
    given = findings.mapping(raw, "body.parent")
    homes = ("data_source_id", "page_id", "database_id", "workspace")
    kind = next((key for key in homes if key in given), None)
    if kind is None:
        findings.add("body.parent", " or ".join(f"`{key}`" for key in homes) + " defined", given)
    elif kind != "workspace":
        findings.uuid(given[kind], f"body.parent.{kind}")
    findings.check()
    return _existing_parent(caller, str(kind), ids.parse(given[str(kind)]) or "")


def _existing_parent(caller: Caller, kind: str, identifier: str) -> ParentRef:
    match kind:
        case "workspace":
            return ParentRef("workspace", caller.workspace.id)
        case "page_id":
            _refuse_trashed(caller, caller.page(identifier), None)
            return ParentRef("page", identifier)
        case "database_id":
            return _existing_parent(caller, "data_source_id", _only_source(caller, identifier))
        case _:
            if caller.world.trashed(caller.data_source(identifier)):
                raise errors.in_trash()
            return ParentRef("data_source", identifier)


def _only_source(caller: Caller, database_id: str) -> str:
    sources = caller.database(database_id).data_source_ids
    if len(sources) != 1:
        raise validation("Databases with multiple data sources are not supported here; use parent.data_source_id.")
    return sources[0]


def _values(caller: Caller, parent: ParentRef, raw: JsonObject, findings: Findings) -> dict[str, Any]:
    """The values of a request; options that it names first join the schema."""
    store = caller.world.store
    source = store.get(DataSource, parent.id) if parent.kind == "data_source" else None
    writing = caller.writing(source.schema if source else (TITLE_ONLY,), findings)
    values = parse_all(raw, writing)
    if source and (schema := tuple(writing.columns.values())) != source.schema:
        store.put(replace(source, schema=schema))
    return values


def _titled(caller: Caller, page: Page, nodes: tuple[Node, ...]) -> tuple[Page, tuple[Node, ...]]:
    """A page that was given no title takes its first heading as one."""
    column = caller.world.title_column(page)
    heading = next((node for node in nodes if node.type == "heading_1"), None)
    if column.id in page.values or heading is None:
        return page, nodes
    title = richtext.text(richtext.plain(heading.content["rich_text"]))
    rest = tuple(node for node in nodes if node is not heading)
    return replace(page, values=page.values | {column.id: title}), rest


def _place(caller: Caller, page: Page, ask: Ask) -> None:
    container = caller.world.container(page)
    if "position" in ask.body and isinstance(container, Page):
        at = places.index(caller, container, ask.body["position"], "body.position")
        if at is not None:
            contents.place(caller, container, page.id, at)


def _new(caller: Caller, parent: ParentRef, values: dict[str, Any], look: JsonObject) -> Page:
    world = caller.world
    return Page(
        id=world.minter.page(caller.workspace.prefix),
        workspace_id=caller.workspace.id,
        parent=parent,
        number=world.store.next_number(),
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        edited_by=caller.author,
        values=values,
        icon=look["icon"],
        cover=look["cover"],
    )


def _share_with_maker(caller: Caller, page: Page) -> None:
    """A connection keeps seeing the private pages that it made."""
    if caller.bot and page.parent.kind == "workspace":
        bot = caller.world.store.get(Bot, caller.bot.id)
        assert bot is not None  # noqa: S101  # it is the one that asks
        caller.world.store.put(replace(bot, shared=(*bot.shared, page.id)))


def _looks(ask: Ask, findings: Findings) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "icon" in ask.body:
        changes["icon"] = decor.icon(ask.body["icon"], "body.icon", findings)
    if "cover" in ask.body:
        changes["cover"] = decor.cover(ask.body["cover"], "body.cover", findings)
    for flag in ("is_archived", "is_locked"):
        if flag in ask.body:
            changes[flag] = findings.boolean(ask.body[flag], f"body.{flag}")
    return changes


def _refuse_trashed(caller: Caller, page: Page, wanted_trash: bool | None) -> None:
    """Only restoring is possible in the trash, and trashing again where the switch says so.

    What is there with something above it is restored with that, or in vain.
    """
    world, switches = caller.world, caller.world.switches
    is_below = any(part.in_trash for part in world.lineage(page) if part.id != page.id)
    can_restore = not is_below or switches.restoring_below_trash == "without_effect"
    allowed = can_restore if wanted_trash is False else wanted_trash and switches.trash_twice == "ok"
    if world.trashed(page) and not allowed:
        raise errors.below_trash() if is_below else errors.in_trash()


def _refuse_loop(caller: Caller, page: Page, parent: ParentRef) -> None:
    home = caller.world.find(parent.id)
    if home is not None and any(part.id == page.id for part in caller.world.lineage(home)):
        raise validation("A page cannot be moved into itself or a page below it.")


def _mirror(caller: Caller, page: Page, before: dict[str, Any]) -> None:
    """Two-way relations show on both sides: write the other side of what changed here."""
    for column in caller.world.columns(page):
        other = column.config.get("dual_property", {}).get("synced_property_id")
        if column.type == "relation" and other is not None:
            old, new = before.get(column.id) or [], page.values.get(column.id) or []
            for target_id in [*(set(old) ^ set(new))]:
                _toggle(caller, target_id, other, page.id, present=target_id in new)


def _toggle(caller: Caller, target_id: str, encoded_id: str, page_id: str, *, present: bool) -> None:
    target = caller.world.store.get(Page, target_id)
    column = _mirror_column(caller, target, encoded_id) if target else None
    if target is None or column is None:
        return
    others = [other for other in target.values.get(column.id) or [] if other != page_id]
    values = target.values | {column.id: [*others, page_id] if present else others}
    after = replace(target, values=values, edited_at=caller.now, edited_by=caller.author)
    caller.world.store.put(after)
    caller.tell("page.properties_updated", after, properties=(column.encoded_id,))


def _mirror_column(caller: Caller, target: Page, encoded_id: str) -> Property | None:
    columns = caller.world.columns(target)
    return next((column for column in columns if column.encoded_id == encoded_id), None)


def _tell_created(caller: Caller, page: Page) -> None:
    caller.tell("page.created", page)
    _tell_container(caller, page)


def _tell_container(caller: Caller, page: Page) -> None:
    match caller.world.container(page):
        case DataSource() as source:
            caller.tell("data_source.content_updated", source, blocks=(page.id,))
        case Page() | Block() if (home := caller.world.home(page)) is not None:
            caller.tell("page.content_updated", home, blocks=(page.id,))


def _tell_updated(caller: Caller, before: Page, after: Page, changed: list[str]) -> None:
    if changed:
        encoded = tuple(column.encoded_id for column in caller.world.columns(after) if column.id in changed)
        caller.tell("page.properties_updated", after, properties=encoded)
    if before.in_trash != after.in_trash:
        caller.tell("page.deleted" if after.in_trash else "page.undeleted", after)
        _tell_container(caller, after)
    if before.is_locked != after.is_locked:
        caller.tell("page.locked" if after.is_locked else "page.unlocked", after)


def _column(caller: Caller, page: Page, key: str) -> Property:
    columns = caller.world.columns(page)
    found = next((column for column in columns if key in (column.id, column.encoded_id, column.name)), None)
    if found is None:
        raise caller.not_found("property", key)
    return found


def _item(column: Property, value: Any) -> JsonObject:
    return {"object": "property_item", "type": column.type, "id": column.encoded_id, column.type: value}


def _next_url(page: Page, column: Property, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return f"https://api.notion.com/v1/pages/{page.id}/properties/{column.encoded_id}?start_cursor={cursor}"
