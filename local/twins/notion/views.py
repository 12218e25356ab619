"""Views: how people look at a data source."""

from dataclasses import replace
from typing import Any, Final

from local.twins.notion import dashboards, errors, ids, properties
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.query import Filters, ordered
from local.twins.notion.records import Database, DataSource, ParentRef, View, ViewQuery
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller

TYPES: Final = (
    "table", "board", "list", "calendar", "timeline", "gallery", "form", "chart", "map", "dashboard",
)  # fmt: skip
SETTINGS: Final = ("filter", "sorts", "quick_filters", "configuration")
NEEDED: Final = {
    "board": ("group_by",), "calendar": ("date_property_id",), "timeline": ("date_property_id",),
    "chart": ("chart_type",),
}  # fmt: skip
"""What the configuration of a view cannot do without, by type."""
_PLACES: Final = ("database_id", "view_id", "create_database")
_CREATE_KEYS: Final = ("data_source_id", "name", "type", *_PLACES, *SETTINGS, "position", "placement")
_UPDATE_KEYS: Final = ("name", *SETTINGS)


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/views: a view in a database, on a dashboard, or in a linked database made for it."""
    findings = caller.findings()
    findings.only(ask.body, _CREATE_KEYS, "body")
    source_id = findings.uuid(ask.get("data_source_id"), "body.data_source_id")
    name = findings.string(ask.get("name"), "body.name")
    kind = findings.one_of(ask.get("type"), TYPES, "body.type")
    findings.check()
    source = caller.data_source(source_id)
    settings = _settings(caller, ask.body, kind, source, findings)
    database, dashboard = _place(caller, ask, source, findings)
    view = new(caller, database.id, source.id, name, kind, settings=settings, marked=True)
    view = replace(view, dashboard_id=dashboard.id if dashboard else None)
    caller.world.store.put(view)
    if dashboard is None:
        _put_at(caller, view, ask, findings)
    else:
        dashboards.place(caller, dashboard, view, ask.body.get("placement", {"type": "new_row"}), findings)
    caller.tell("view.created", view)
    return shown(view)


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/views/{view_id}."""
    return shown(found(caller, ask.path["view_id"]))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/views/{view_id}: what is named is replaced, null clears it; quick filters one by one."""
    findings = caller.findings()
    findings.only(ask.body, _UPDATE_KEYS, "body")
    name = findings.string(ask.body["name"], "body.name") if "name" in ask.body else None
    findings.check()
    view = found(caller, ask.path["view_id"])
    settings = _settings(caller, ask.body, view.type, caller.data_source(view.data_source_id), findings)
    if settings.get("quick_filters"):
        together = (view.settings.get("quick_filters") or {}) | settings["quick_filters"]
        settings["quick_filters"] = {key: value for key, value in together.items() if value is not None} or None
    named = view.name if name is None else name
    changes: Any = {"name": named, "settings": view.settings | settings, "edited_at": caller.now}
    after = replace(view, **changes, edited_by=caller.author)
    caller.world.store.put(after)
    caller.tell("view.updated", after, properties=tuple(key for key in _UPDATE_KEYS if key in ask.body))
    return shown(after)


def delete(caller: Caller, ask: Ask) -> JsonObject:
    """DELETE /v1/views/{view_id}: for good, with what it last showed; on a dashboard its widgets too."""
    view = found(caller, ask.path["view_id"])
    store = caller.world.store
    caller.tell("view.deleted", view)
    dashboards.remove(caller, view)
    gone = [view, *(other for other in store.all(View) if other.dashboard_id == view.id)]
    for each in gone:
        store.drop(each)
    for query in [query for query in store.all(ViewQuery) if query.view_id in {each.id for each in gone}]:
        store.drop(query)
    whole = shown(view)
    return {key: whole[key] for key in ("object", "id", "parent", "type")}


def list_all(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/views of a database or a data source: only their ids, in the order of the tabs."""
    findings = caller.findings("query")
    keys = [key for key in ("database_id", "data_source_id") if ask.parameter(key) is not None]
    if not keys:
        raise validation("query failed validation: query.database_id or query.data_source_id should be defined.")
    wanted = [(key, findings.uuid(ask.parameter(key), f"query.{key}")) for key in keys]
    findings.check()
    views = in_order(caller)
    for key, identifier in wanted:
        home = caller.database(identifier) if key == "database_id" else caller.data_source(identifier)
        views = [view for view in views if getattr(view, key) == home.id]
    list_id = f"views:{wanted}"
    window = window_of_query(caller, ask, list_id)
    return window.of(views, "view", lambda view: {"object": "view", "id": view.id}, list_id=list_id)


def found(caller: Caller, identifier: str) -> View:
    """The view, or Notion's 404."""
    view = caller.world.store.get(View, identifier)
    database = caller.world.store.get(Database, view.database_id) if view else None
    if view is None or database is None or not caller.sees(database):
        raise caller.not_found("view", identifier)
    return view


def in_order(caller: Caller) -> list[View]:
    """Every view outside dashboards, in the order of its database's tabs."""
    views = (view for view in caller.world.store.all(View) if view.dashboard_id is None)
    return sorted(views, key=lambda view: view.position)


def new(
    caller: Caller,
    database_id: str,
    source_id: str,
    name: str = "Default view",
    kind: str = "table",
    *,
    settings: JsonObject | None = None,
    marked: bool = False,
) -> View:
    """Make a view; one that Notion makes by itself with a data source has a plain id, not a *marked* one."""
    minter, number = caller.world.minter, caller.world.store.next_number()
    view = View(
        id=minter.marked(caller.workspace.prefix, ids.VIEW_MARK) if marked else minter.plain(),
        workspace_id=caller.workspace.id,
        database_id=database_id,
        data_source_id=source_id,
        name=name,
        type=kind,
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        edited_by=caller.author,
        settings=settings or {},
        position=float(number),
    )
    caller.world.store.put(view)
    return view


def shown(view: View) -> JsonObject:
    """A view as answers show it."""
    address = f"https://app.notion.com/p/{ids.compact(view.database_id)}?v={ids.compact(view.id)}"
    return {
        "object": "view",
        "id": view.id,
        "parent": {"type": "database_id", "database_id": view.database_id},
        "data_source_id": view.data_source_id,
        "name": view.name,
        "type": view.type,
        "created_time": ids.millisecond(view.created_at),
        "created_by": properties.partial_user(view.created_by),
        "last_edited_time": ids.millisecond(view.edited_at),
        "last_edited_by": properties.partial_user(view.edited_by),
        "url": address,
        **{key: view.settings.get(key) for key in SETTINGS[:-1]},
        "configuration": _configured(view),
    } | ({"dashboard_view_id": view.dashboard_id} if view.dashboard_id else {})


def _configured(view: View) -> JsonObject | None:
    """How a view is set up; null where nobody said what its type cannot do without."""
    if view.type == "dashboard":
        return view.settings.get("configuration") or dashboards.EMPTY
    return view.settings.get("configuration") or (None if view.type in NEEDED else {"type": view.type})


def _settings(caller: Caller, body: JsonObject, kind: str, source: DataSource, findings: Findings) -> JsonObject:
    """What a request says about filter, sorts, quick filters and configuration, checked against the columns."""
    said: JsonObject = {key: body[key] for key in SETTINGS if key in body}
    reader = Filters(source, findings, caller.now)
    if said.get("filter") is not None:
        reader.read(said["filter"])
    if said.get("sorts") is not None:
        ordered([], said["sorts"], source, findings)
    for name, condition in findings.mapping(said.get("quick_filters") or {}, "body.quick_filters").items():
        if condition is not None:
            where = f"body.quick_filters.{name}"
            reader.read({"property": name} | findings.mapping(condition, where), where)
    if "configuration" in said and kind == "dashboard":
        findings.add("body.configuration", "not present", said["configuration"])
    elif "configuration" in said:
        said["configuration"] = _configuration(said["configuration"], kind, source, findings)
    findings.check()
    return said


def _configuration(raw: object, kind: str, source: DataSource, findings: Findings) -> JsonObject:
    given = findings.mapping(raw, "body.configuration")
    findings.one_of(given.get("type", UNDEFINED), (kind,), "body.configuration.type")
    for key in NEEDED.get(kind, ()):
        if key not in given:
            findings.add(f"body.configuration.{key}", "defined", UNDEFINED)
    if "group_by" in given and given["group_by"] is not None:
        _grouping(findings.mapping(given["group_by"], "body.configuration.group_by"), findings)
    findings.check()
    for name in _named_columns(given):
        if source.property(name) is None:
            raise validation(f"Could not find property with name or id: {name}")
    return {key: value for key, value in given.items() if value is not None}


def _grouping(given: JsonObject, findings: Findings) -> None:
    path = "body.configuration.group_by"
    findings.string(given.get("property_id", UNDEFINED), f"{path}.property_id")
    if given.get("type") == "status":
        findings.one_of(given.get("group_by", UNDEFINED), ("group", "option"), f"{path}.group_by")


def _named_columns(value: Any) -> JsonArray:
    """Every property id anywhere in a configuration."""
    match value:
        case dict():
            here = [item for key, item in value.items() if key.endswith("property_id") and isinstance(item, str)]
            return here + [name for item in value.values() for name in _named_columns(item)]
        case list():
            return [name for item in value for name in _named_columns(item)]
        case _:
            return []


def _place(caller: Caller, ask: Ask, source: DataSource, findings: Findings) -> tuple[Database, View | None]:
    """The database that the view goes to, and the dashboard if it is a widget."""
    named = [key for key in _PLACES if key in ask.body]
    if len(named) != 1:
        raise validation("Exactly one of database_id, view_id or create_database must be provided.")
    if named == ["create_database"]:
        return _linked(caller, ask.body["create_database"], source, findings), None
    identifier = findings.uuid(ask.body[named[0]], f"body.{named[0]}")
    findings.check()
    elsewhere = "position" if named == ["view_id"] else "placement"
    if elsewhere in ask.body:
        findings.add(f"body.{elsewhere}", "not present", ask.body[elsewhere])
        findings.check()
    if named == ["view_id"]:
        dashboard = found(caller, identifier)
        if dashboard.type != "dashboard":
            raise validation("The view_id must reference a dashboard view.")
        return caller.database(dashboard.database_id), dashboard
    database = caller.database(identifier)
    if caller.world.trashed(database):
        raise errors.in_trash()
    return database, None


def _linked(caller: Caller, raw: object, source: DataSource, findings: Findings) -> Database:
    """A database of its own on a page that shows a data source which lives elsewhere."""
    given = findings.mapping(raw, "body.create_database")
    parent = findings.mapping(given.get("parent", UNDEFINED), "body.create_database.parent")
    page_id = findings.uuid(parent.get("page_id", UNDEFINED), "body.create_database.parent.page_id")
    findings.check()
    home = caller.database(source.database_id)
    database = Database(
        id=caller.world.minter.plain(),
        workspace_id=caller.workspace.id,
        parent=ParentRef("page", caller.page(page_id).id),
        created_at=caller.now,
        edited_at=caller.now,
        created_by=caller.author,
        edited_by=caller.author,
        title=home.title,
        data_source_ids=(source.id,),
    )
    caller.world.store.put(database)
    caller.tell("database.created", database)
    return database


def _put_at(caller: Caller, view: View, ask: Ask, findings: Findings) -> None:
    """Move a new view among the tabs, at whose end it already is."""
    given = findings.mapping(ask.body.get("position", {"type": "end"}), "body.position")
    kind = findings.one_of(given.get("type", UNDEFINED), ("start", "end", "after_view"), "body.position.type")
    findings.check()
    tabs = [tab for tab in in_order(caller) if tab.database_id == view.database_id and tab.id != view.id]
    if kind == "start" and tabs:
        caller.world.store.put(replace(view, position=tabs[0].position - 1))
    elif kind == "after_view":
        caller.world.store.put(replace(view, position=_after(tabs, given, findings)))


def _after(tabs: list[View], given: JsonObject, findings: Findings) -> float:
    wanted = findings.uuid(given.get("view_id", UNDEFINED), "body.position.view_id")
    findings.check()
    places = [tab.position for tab in tabs if tab.id == wanted]
    if not places:
        raise validation(f"Could not place the view after view {wanted}: it is not in the same database.")
    following = [tab.position for tab in tabs if tab.position > places[0]]
    return (places[0] + min(following)) / 2 if following else places[0] + 0.5
