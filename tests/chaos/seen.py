"""What do both sides hold? Read from the twins' whole state, and never from NavSync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.navsync.both_sides import KEY, KINDS, PROJECTS, Kind, in_navimpact, in_notion, words
from local.navsync.http import checked, client
from local.navsync.machine import Machine
from tests.chaos.columns import Columns

type Json = dict[str, Any]
type Pieces = set[tuple[str, str]]
"""(field, piece): the smallest things that a person writes."""

BY_NAME = {kind.name: kind for kind in KINDS}
BY_DATABASE = {kind.database: kind for kind in KINDS}


@dataclass(frozen=True)
class Record:
    """One record of NavImpact."""

    kind: Kind
    id: int
    raw: Json

    @property
    def key(self) -> str:
        """What its page carries."""
        return f"{self.kind.name}/{self.id}"

    @property
    def values(self) -> Mapping[str, object]:
        """As a person reads it; the body as its words, the project as the key of its page."""
        shown = dict(in_navimpact(self.kind, self.raw))
        return _with_project(self.kind, shown, [f"{PROJECTS.name}/{self.raw.get('media_project_id')}"]) | (
            {self.kind.body: words(self.raw[self.kind.body])} if self.kind.body else {}
        )


@dataclass(frozen=True)
class Page:
    """One row of Notion, shown as its API shows it."""

    kind: Kind
    id: str
    workspace: str
    source: str
    in_trash: bool
    by_us: bool
    trashed_by_us: bool
    key: str
    raw: Json
    body: str
    keys: Mapping[str, str]

    @property
    def values(self) -> Mapping[str, object]:
        """As a person reads it; the body as its words, the project as the key of its page."""
        shown = dict(in_notion(self.kind, self.raw))
        related = [self.keys.get(page, page) for page in shown.get("media_project_id") or ()]  # type: ignore[attr-defined]
        return _with_project(self.kind, shown, related) | ({self.kind.body: words(self.body)} if self.kind.body else {})


def _with_project(kind: Kind, shown: dict[str, object], keys: list[str]) -> dict[str, object]:
    return shown | ({"media_project_id": keys} if kind is not PROJECTS else {})


@dataclass(frozen=True)
class Seen:
    """Both sides at one moment."""

    records: Mapping[str, Record]
    pages: Mapping[str, Page]

    def pieces(self) -> Pieces:
        """Everything that stands anywhere outside the trash."""
        shown: list[Record | Page] = [
            *self.records.values(),
            *(page for page in self.pages.values() if not page.in_trash),
        ]
        return {found for one in shown for found in pieces(one.values)}


def look(machine: Machine, columns: Columns) -> Seen:
    """Read everything that both twins hold; *columns* tells what each was called first."""
    with client(machine.navimpact.url) as navimpact, client(machine.notion.url) as notion:
        platform = checked(navimpact.get("/_twin/state")).json()
        world = checked(notion.get("/_twin/state")).json()
    records = [Record(kind, one["id"], one) for kind in KINDS for one in platform[kind.name]]
    return Seen({one.key: one for one in records}, {one.id: one for one in _pages(world, columns)})


def pieces(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Cut values into what a person wrote: texts into words, lists into members, anything else stays whole."""
    for field, value in values.items():
        for piece in _cut(field, value):
            yield field, piece


TEXTS = frozenset({"description", "notes", "quantifiable_outcome"})


def _cut(field: str, value: object) -> list[str]:
    match value:
        case None:
            return []
        case str() if field in TEXTS:
            return words(value)
        case str():
            return [value]
        case list() | set() | tuple():
            return [str(one) for one in value]
        case Decimal():
            return [f"{value.normalize():f}"]
        case _:
            return [str(value)]


def _pages(world: Json, columns: Columns) -> Iterator[Page]:
    sources = {one["id"]: one for one in world["data_sources"]}
    keyed = [
        (page, _as_shown(page, sources[page["parent"]["id"]], columns))
        for page in world["pages"]
        if _is_row(page, sources)
    ]
    keys = {page["id"]: key_of(shown) for page, shown in keyed}
    for page, shown in keyed:
        source = sources[page["parent"]["id"]]
        yield Page(
            kind=BY_DATABASE["".join(run["plain_text"] for run in source["title"])],
            id=page["id"],
            workspace=page["workspace_id"],
            source=source["id"],
            in_trash=page["in_trash"],
            by_us=page["created_by"]["kind"] == "bot",
            trashed_by_us=page["in_trash"] and page["edited_by"]["kind"] == "bot",
            key=keys[page["id"]],
            raw=shown,
            body=world["bodies"].get(page["id"], ""),
            keys=keys,
        )


def _is_row(page: Json, sources: Mapping[str, Json]) -> bool:
    source = sources.get(page["parent"]["id"])
    return source is not None and "".join(run["plain_text"] for run in source["title"]) in BY_DATABASE


def key_of(shown: Json) -> str:
    """Return the key that a row carries, under the first names of its columns."""
    return "".join(run["plain_text"] for run in shown["properties"][KEY]["rich_text"])


def _as_shown(page: Json, source: Json, columns: Columns) -> Json:
    """The page's properties in the shape of Notion's API; the state remembers options by their ids."""
    named = {columns.name(source["id"], column["id"], column["name"]): column for column in source["schema"]}
    return {
        "properties": {
            name: {column["type"]: _shown(column, page["values"].get(column["id"]))} for name, column in named.items()
        }
    }


def _shown(column: Json, value: Any) -> Any:
    names = {option["id"]: option["name"] for option in column["config"].get("options", ())}
    match column["type"]:
        case "title" | "rich_text":
            return value or []
        case "select" | "status":
            return None if value is None else {"name": names[value]}
        case "multi_select":
            return [{"name": names[option]} for option in value or ()]
        case "relation":
            return [{"id": related} for related in value or ()]
        case _:
            return value
