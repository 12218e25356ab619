"""The page at the root: what is in the workspaces, to look at and to edit by hand."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.twins.notion import contents, ids, properties, richtext, templating
from local.twins.notion.options import WITH_OPTIONS
from local.twins.notion.records import Database, DataSource, Page, Person, Property, Workspace
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import World, reading

ROWS_AT_ONCE: Final = 50
MOST_CHOICES: Final = 500


@dataclass
class Web:
    """Server-rendered tables; edits are ordinary API calls that the page's script makes as a person."""

    world: World

    def routes(self) -> list[Route]:
        """The page's addresses; /p/... takes the links that the API hands out."""
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/p/{slug}", self._link, methods=["GET"]),
            Route("/page/{page_id}", self._page, methods=["GET"]),
        ]

    async def _home(self, request: Request) -> Response:
        sources = self._sources()
        chosen = self._chosen(request.query_params.get("source"), sources)
        first = self._first(request.query_params.get("from"))
        context = {"shelves": self._shelves(sources), "source": chosen, "generation": self.world.store.generation}
        if chosen is not None:
            context |= self._table(chosen, first)
        return templating.page(request, "home.html", context)

    async def _link(self, request: Request) -> Response:
        """A page's link leads to the table that it is in, a database's to its own."""
        found = self.world.find(ids.parse(request.path_params["slug"][-32:]) or "")
        source_id = None
        if isinstance(found, Page) and found.parent.kind == "data_source":
            source_id = found.parent.id
        elif isinstance(found, Database) and found.data_source_ids:
            source_id = found.data_source_ids[0]
        if source_id is None or found is None:
            return RedirectResponse("/", 302)
        return RedirectResponse(f"/?{urlencode({'source': source_id})}#row-{found.id}", 302)

    async def _page(self, request: Request) -> Response:
        """A page's values, whole, and its content, to read and to edit as markdown."""
        page = self.world.store.get(Page, ids.parse(request.path_params["page_id"]) or "")
        if page is None:
            return RedirectResponse("/", 302)
        context = {
            "id": page.id,
            "name": self._title(page),
            "in_trash": self.world.trashed(page),
            "person": self._person(page.workspace_id).name,
            "cells": self._values(page),
            "markdown": contents.markdown_of(self.world, page),
            "back": f"/?{urlencode({'source': page.parent.id})}#row-{page.id}",
        }
        return templating.page(request, "page.html", context)

    def _person(self, workspace_id: str) -> Person:
        return next(one for one in self.world.store.all(Person) if one.workspace_id == workspace_id)

    def _sources(self) -> list[DataSource]:
        return [source for source in self.world.store.all(DataSource) if not self.world.trashed(source)]

    def _chosen(self, identifier: str | None, sources: list[DataSource]) -> DataSource | None:
        wanted = ids.parse(identifier)
        return next((source for source in sources if source.id == wanted), next(iter(sources), None))

    def _first(self, given: str | None) -> int:
        return int(given) if given and given.isdecimal() and len(given) < 9 else 0

    def _shelves(self, sources: list[DataSource]) -> list[JsonObject]:
        return [self._shelf(workspace, sources) for workspace in self.world.store.all(Workspace)]

    def _shelf(self, workspace: Workspace, sources: list[DataSource]) -> JsonObject:
        pages = [page for page in self.world.store.pages_in(workspace.id) if not page.in_trash]
        here = [source for source in sources if source.workspace_id == workspace.id]
        return {
            "name": workspace.name,
            "plan": workspace.plan,
            "person": self._person(workspace.id).name,
            "pages": [self._title(page) for page in pages],
            "sources": [(source.id, self._name(source), self._icon(source)) for source in here],
        }

    def _name(self, source: DataSource) -> str:
        return richtext.plain(source.title) or "Untitled"

    def _icon(self, source: DataSource) -> str:
        home = self.world.store.get(Database, source.database_id)
        icon = source.icon or (home.icon if home else None) or {}
        return str(icon.get("emoji", "▤"))

    def _table(self, source: DataSource, first: int) -> JsonObject:
        pages = self.world.store.pages_in(source.id)[::-1]
        rows = [page for page in pages if not page.in_trash and not page.is_template]
        live = [row for row in rows if not row.is_archived]
        trashed = [page for page in pages if page.in_trash]
        templates = [page for page in pages if page.is_template and not page.in_trash]
        columns = _title_first(source.schema)
        return {
            "name": self._name(source),
            "icon": self._icon(source),
            "columns": columns,
            "choices": {column.encoded_id: self._choices(column) for column in columns},
            "rows": [self._row(row, columns) for row in live[first : first + ROWS_AT_ONCE]],
            "aside": [
                self._aside("templates", "Templates", templates),
                self._aside("archive", "Archive", [row for row in rows if row.is_archived]),
                self._aside("trash", "Trash", trashed),
            ],
            "total": len(live),
            "first": first,
            "at_once": ROWS_AT_ONCE,
        }

    def _aside(self, key: str, name: str, pages: list[Page]) -> JsonObject:
        """Pages of a table that are no rows of it now."""
        shown = [(page.id, self._title(page)) for page in pages[:ROWS_AT_ONCE]]
        return {"key": key, "name": name, "count": len(pages), "pages": shown}

    def _choices(self, column: Property) -> list[JsonObject]:
        if column.type in WITH_OPTIONS:
            return [{"id": option["id"], "name": option["name"]} for option in column.config["options"]]
        if column.type == "relation":
            pages = self.world.store.pages_in(column.config["data_source_id"])[-MOST_CHOICES:]
            there = [page for page in pages if not page.in_trash and not page.is_template]
            return [{"id": page.id, "name": self._title(page)} for page in there]
        if column.type == "people":
            return [{"id": person.id, "name": person.name} for person in self.world.store.all(Person)]
        return []

    def _row(self, row: Page, columns: list[Property]) -> JsonObject:
        return {"id": row.id, "cells": [self._cell(row, column) for column in columns]}

    def _values(self, page: Page) -> list[tuple[str, JsonObject]]:
        """What the columns of the page's table say of it, but for its title; nothing for a page in no table."""
        source = self.world.store.get(DataSource, page.parent.id)
        columns = [] if source is None else [one for one in source.schema if one.type != "title"]
        return [(column.name, self._cell(page, column)) for column in columns]

    def _cell(self, row: Page, column: Property) -> JsonObject:
        value = properties.full(column, row, reading(self.world))
        return {"id": column.encoded_id, "type": column.type, "value": _editable(column, value)} | self._look(
            column, value
        )

    def _look(self, column: Property, value: Any) -> JsonObject:
        match column.type:
            case "select" | "status":
                return {"pills": [value] if value else []}
            case "multi_select":
                return {"pills": value}
            case "relation":
                return {"pills": [{"name": self._title_of(item["id"]), "color": "page"} for item in value]}
            case "people" | "created_by" | "last_edited_by":
                people = value if isinstance(value, list) else [value]
                return {"pills": [{"name": person.get("name", "Someone"), "color": "page"} for person in people]}
            case "url":
                return {"text": value or "", "href": value if _is_web(value) else None}
            case "files":
                return {"text": ", ".join(file["name"] for file in value)}
            case "title" | "rich_text":
                return {"runs": value}
            case _:
                return {"text": _text(value)}

    def _title(self, page: Page) -> str:
        return richtext.plain(page.values.get(self.world.title_column(page).id) or []) or "Untitled"

    def _title_of(self, page_id: str) -> str:
        page = self.world.store.get(Page, page_id)
        return self._title(page) if page else "Untitled"


def _title_first(schema: tuple[Property, ...]) -> list[Property]:
    return sorted(schema, key=lambda column: column.type != "title")


def _editable(column: Property, value: Any) -> Any:
    """The value as the page's script edits it: text, number, flag, date, or lists of ids."""
    match column.type:
        case "title" | "rich_text":
            return richtext.plain(value)
        case "select" | "status":
            return [value["id"]] if value else []
        case "multi_select" | "relation" | "people":
            return [item["id"] for item in value]
        case _:
            return value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case {"start": str(start), "end": end}:
            return f"{start} → {end}" if end else start
        case float() if value.is_integer():
            return f"{int(value):,}"
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case _:
            return str(value)


def _is_web(value: object) -> bool:
    """Whether a link may be followed from the page: no javascript: or data: URLs."""
    return isinstance(value, str) and urlsplit(value).scheme in ("http", "https")
