"""How do our databases come into a workspace, once and only once?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from navsync.errors import NotReachable, Refused, SyncError, Unavailable, Unclear
from navsync.fields import GENERATED_TITLE, KEY, SPECS, Names
from navsync.model import DataSource, EntityType, Property
from navsync.notion.failures import Committed
from navsync.notion.gateway import Gateway
from navsync.notion.schema import TITLE_ID, new_properties, plain_text, source_of

type Json = dict[str, Any]
type Known = Mapping[EntityType, DataSource]


@dataclass(frozen=True, slots=True)
class SetUp:
    """Makes data sources, or adopts those that an earlier set-up made."""

    gateway: Gateway
    bot_id: str
    parent_page_id: str | None = None
    """Where databases are made; None: the first shared page at the top of the workspace."""
    names: Names = field(default_factory=dict)

    def find_parent(self) -> str:
        """The page under which databases are made.

        Raises:
            Refused: no page is shared with the connection.
        """
        if self.parent_page_id is not None:
            return self.parent_page_id
        pages = [page for page in self._search("page", "") if not _is_row(page)]
        pages.sort(key=lambda page: page["parent"].get("type") != "workspace")
        if not pages:
            raise Refused("no page is shared with the connection; share one with it in Notion, then set up again")
        return str(pages[0]["id"])

    def find_source(self, entity_type: EntityType, sources: Known) -> DataSource | None:
        """The oldest data source of that title that our bot made and that has our key, its columns completed.

        The parent page is looked through and the workspace searched: search finds what was moved away, but may miss
        what was just made.
        """
        title = SPECS[entity_type].database_title
        found = {str(source["id"]): source for source in self._candidates(title)}
        ours = [source for source in found.values() if self._is_ours(source, title)]
        if not ours:
            return None
        return self._completed(entity_type, min(ours, key=lambda source: str(source["created_time"])), sources)

    def _candidates(self, title: str) -> Iterator[Json]:
        yield from self._search("data_source", title)
        for database_id in self._databases_on_parent(title):
            database = self.gateway.read("GET", f"databases/{database_id}")
            for source in database["data_sources"]:
                yield self.gateway.read("GET", f"data_sources/{source['id']}")

    def _databases_on_parent(self, title: str) -> list[str]:
        try:
            blocks = self._pages("GET", f"blocks/{self.find_parent()}/children", {})
            return [str(block["id"]) for block in blocks if block.get("child_database", {}).get("title") == title]
        except (Refused, NotReachable):  # nothing is shared at the top: there search is all we have
            return []

    def create_source(self, entity_type: EntityType, parent_page_id: str, sources: Known) -> DataSource:
        """Make the database. A lost answer raises `Unclear`: it may exist, so look with `find_source` first."""
        properties = new_properties(entity_type, _related(entity_type, sources), self.names)
        body = {
            "parent": {"type": "page_id", "page_id": parent_page_id},
            "title": plain_text(SPECS[entity_type].database_title),
            "initial_data_source": {"properties": properties},
        }
        try:
            database = self.gateway.write("POST", "databases", body=body)
        except Committed as committed:
            database = self._made(f"databases/{committed.resource_id}")
        made = self._made(f"data_sources/{database['data_sources'][0]['id']}")
        return source_of(entity_type, made, None, self.names)

    def _made(self, path: str) -> Json:
        try:
            return self.gateway.read("GET", path)
        except SyncError as error:
            raise Unclear("the database was made, but could not be read yet; it is looked up again") from error

    def _is_ours(self, found: Json, title: str) -> bool:
        name = "".join(run["plain_text"] for run in found.get("title", ()))
        key = found["properties"].get(KEY.property)
        made_by_us = (found.get("created_by") or {}).get("id") == self.bot_id
        return made_by_us and name == title and bool(key) and key["type"] == KEY.kind and not found.get("in_trash")

    def _completed(self, entity_type: EntityType, found: Json, sources: Known) -> DataSource:
        source = source_of(entity_type, found, None, self.names)
        present = {GENERATED_TITLE.name: Property(TITLE_ID, GENERATED_TITLE.kind), **source.properties}
        missing = new_properties(entity_type, _related(entity_type, sources), self.names, present=present)
        if not missing:
            return source
        _check_free(missing, found["properties"])
        path = f"data_sources/{source.data_source_id}"
        completed = self.gateway.write("PATCH", path, body={"properties": missing})
        return source_of(entity_type, completed, None, self.names)

    def _search(self, kind: str, query: str) -> Iterator[Json]:
        return self._pages("POST", "search", {"query": query, "filter": {"property": "object", "value": kind}})

    def _pages(self, method: str, path: str, asked: Json) -> Iterator[Json]:
        """All results of a call that answers page by page."""
        cursor = None
        while True:
            sent = asked | {"page_size": 100} | ({"start_cursor": cursor} if cursor else {})
            given = {"query": sent} if method == "GET" else {"body": sent}
            answer = self.gateway.read(method, path, **given)
            yield from answer["results"]
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return


def _check_free(missing: Json, there: Json) -> None:
    """To add a column under a name that is taken would change the type of a person's column, and its values."""
    for name in missing.keys() & there.keys():
        (wanted,) = missing[name]
        reason = f"the column {name} is of the type {there[name]['type']} and would have to be {wanted}"
        raise Refused(f"{reason}; change its type in Notion, or give the field another name in the settings")


def _is_row(page: Json) -> bool:
    return page["parent"].get("type") in ("data_source_id", "database_id") or bool(page.get("in_trash"))


def _related(entity_type: EntityType, sources: Known) -> str | None:
    if entity_type is EntityType.MEDIA_PROJECT:
        return None
    try:
        return sources[EntityType.MEDIA_PROJECT].data_source_id
    except KeyError:
        raise Unavailable("the database of the projects has to be made before those of their children") from None
