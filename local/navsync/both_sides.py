"""What does a person see and do on each side? Over HTTP only, as they would."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import httpx

from local.navsync.http import checked, client
from local.navsync.machine import Machine

ROOT = "/api/v1/sge-media"

type Json = dict[str, Any]
type Shown = Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of record: where NavImpact keeps it, which database shows it, and how each field shows there.

    *fields*: NavImpact's name → the Notion property and its type. The body of a page is no property.
    """

    name: str
    collection: str
    database: str
    fields: Mapping[str, tuple[str, str]]
    body: str | None = None

    @property
    def path(self) -> str:
        """The collection's path; without the slash at its end NavImpact redirects."""
        return f"{ROOT}/{self.collection}/"


_PROJECT = ("Project", "relation")
PROJECTS = Kind(
    "media_project",
    "media-projects",
    "Media projects",
    {
        "title": ("Title", "title"),
        "description": ("Description", "rich_text"),
        "project_type": ("Project type", "select"),
        "status": ("Status", "status"),
        "start_date": ("Start date", "date"),
        "end_date": ("End date", "date"),
        "budget": ("Budget", "number"),
        "target_audience": ("Target audience", "number"),
        "team_members": ("Team members", "multi_select"),
        "distribution_channels": ("Distribution channels", "multi_select"),
    },
)
LOGS = Kind(
    "distribution_log",
    "distribution-logs",
    "Distribution logs",
    {
        "activity_type": ("Activity type", "select"),
        "channel": ("Channel", "select"),
        "date": ("Date", "date"),
        "reach": ("Reach", "number"),
        "engagement": ("Engagement", "number"),
        "conversions": ("Conversions", "number"),
        "content_url": ("Content URL", "url"),
        "notes": ("Notes", "rich_text"),
        "media_project_id": _PROJECT,
    },
)
METRICS = Kind(
    "performance_metrics",
    "performance-metrics",
    "Performance metrics",
    {
        "metric_date": ("Metric date", "date"),
        "views": ("Views", "number"),
        "unique_viewers": ("Unique viewers", "number"),
        "watch_time_minutes": ("Watch time (minutes)", "number"),
        "engagement_rate": ("Engagement rate", "number"),
        "shares": ("Shares", "number"),
        "comments": ("Comments", "number"),
        "media_project_id": _PROJECT,
    },
)
STORIES = Kind(
    "impact_story",
    "impact-stories",
    "Impact stories",
    {
        "title": ("Title", "title"),
        "story_type": ("Story type", "select"),
        "stakeholder_name": ("Stakeholder name", "rich_text"),
        "stakeholder_organisation": ("Stakeholder organisation", "rich_text"),
        "impact_date": ("Impact date", "date"),
        "quantifiable_outcome": ("Quantifiable outcome", "rich_text"),
        "media_project_id": _PROJECT,
    },
    body="description",
)
CHILDREN = (LOGS, METRICS, STORIES)
KINDS = (PROJECTS, *CHILDREN)
KEY = "NavImpact ID"

# Notion's options hold no comma; NavSync writes a lookalike. A status cannot be empty; NavSync has one for that.
COMMA_IN_NOTION, NO_STATUS = "\ufe50", "No status"


class NavImpact:
    """NavImpact as a person uses it."""

    def __init__(self, machine: Machine) -> None:
        self._http = client(machine.navimpact.url, person=True)

    def records(self, kind: Kind) -> list[Json]:
        """Return every record of a kind, by id."""
        found: list[Json] = checked(self._http.get(kind.path, params={"limit": 1000})).json()
        return sorted(found, key=lambda record: int(record["id"]))

    def record(self, kind: Kind, id: int) -> Json | None:
        """Return one record, or None when it is gone."""
        answer = self._http.get(f"{kind.path}{id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: Json = checked(answer).json()
        return found

    def edit(self, kind: Kind, id: int, **fields: object) -> None:
        """Change some fields."""
        checked(self._http.put(f"{kind.path}{id}", json=fields))

    def delete(self, kind: Kind, id: int) -> None:
        """Delete a record; a media project's children go with it."""
        checked(self._http.delete(f"{kind.path}{id}"))


class Notion:
    """Notion as a person uses it, in the first of its workspaces or the one named."""

    def __init__(self, machine: Machine, workspace_id: str | None = None) -> None:
        self._http = client(machine.notion.url, person=True)
        self._http.headers["Notion-Version"] = "2026-03-11"
        if workspace_id is not None:
            self._http.headers["Twin-Workspace"] = workspace_id
        self._sources: dict[str, str] = {}

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def hold_events(self, share: float) -> None:
        """Let Notion wait only *share* of its time before it tells of edits; no person can, only the twin's switch."""
        checked(self._http.post("/_twin/switches", json={"merge_scale": share}))

    def page(self, id: str) -> Json:
        """Return one page, in the trash or not."""
        found: Json = checked(self._http.get(f"/v1/pages/{id}")).json()
        return found

    def rows(self, kind: Kind) -> list[Json]:
        """Return every row of a kind's database."""
        return list(self._query(kind, {}))

    def row(self, kind: Kind, id: int) -> Json | None:
        """Return the row that shows a record, if there is one outside the trash."""
        about = {"property": KEY, "rich_text": {"equals": f"{kind.name}/{id}"}}
        return next(self._query(kind, {"filter": about}), None)

    def edit(self, kind: Kind, id: str, **fields: object) -> None:
        """Change some properties, by the names that NavImpact gives them."""
        checked(self._http.patch(f"/v1/pages/{id}", json={"properties": properties(kind, fields)}))

    def add_row(self, kind: Kind, **fields: object) -> str:
        """Add a row to a kind's database; return its id."""
        parent = {"type": "data_source_id", "data_source_id": self._source(kind)}
        made: Json = checked(
            self._http.post("/v1/pages", json={"parent": parent, "properties": properties(kind, fields)})
        ).json()
        return str(made["id"])

    def trash(self, id: str) -> None:
        """Put a page into the trash."""
        checked(self._http.patch(f"/v1/pages/{id}", json={"in_trash": True}))

    def body(self, id: str) -> str:
        """Return a page's content as markdown."""
        found: Json = checked(self._http.get(f"/v1/pages/{id}/markdown")).json()
        return str(found["markdown"])

    def append_to_last_paragraph(self, id: str, words: str) -> None:
        """Write on at the end of a page, in its last paragraph."""
        blocks = checked(self._http.get(f"/v1/blocks/{id}/children", params={"page_size": 100})).json()["results"]
        last = next(block for block in reversed(blocks) if block["type"] == "paragraph")
        text = "".join(run["plain_text"] for run in last["paragraph"]["rich_text"]) + words
        runs = [{"type": "text", "text": {"content": text[at : at + 2_000]}} for at in range(0, len(text), 2_000)]
        checked(self._http.patch(f"/v1/blocks/{last['id']}", json={"paragraph": {"rich_text": runs}}))

    def _query(self, kind: Kind, body: Json) -> Iterator[Json]:
        asked = body | {"page_size": 100}
        while source := self._source(kind):
            answer = checked(self._http.post(f"/v1/data_sources/{source}/query", json=asked)).json()
            yield from answer["results"]
            if not answer["has_more"]:
                return
            asked["start_cursor"] = answer["next_cursor"]

    def _source(self, kind: Kind) -> str | None:
        """The data source of a kind, once there is one."""
        if kind.database not in self._sources:
            asked = {"filter": {"property": "object", "value": "data_source"}, "page_size": 100}
            found = checked(self._http.post("/v1/search", json=asked)).json()["results"]
            self._sources = {"".join(run["plain_text"] for run in one["title"]): one["id"] for one in found}
        return self._sources.get(kind.database)


def properties(kind: Kind, fields: Mapping[str, object]) -> Json:
    """Return the property values that show *fields* in Notion; a relation is given as the id of a page."""
    return {kind.fields[name][0]: _property(kind.fields[name][1], value) for name, value in fields.items()}


def _property(column: str, value: object) -> Json:
    match column:
        case "title" | "rich_text":
            return {column: [{"type": "text", "text": {"content": value}}]}
        case "select" | "status":
            return {column: {"name": value}}
        case "date":
            return {column: {"start": value}}
        case "multi_select":
            return {column: [{"name": name} for name in value]}  # type: ignore[attr-defined]
        case "relation":
            return {column: [{"id": value}]}
        case _:
            return {column: value}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that the sides show differently."""

    field: str
    navimpact: object
    notion: object

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.field}: NavImpact shows {self.navimpact!r}, Notion {self.notion!r}"


def differences(kind: Kind, record: Json, page: Json, *, shown_by: Mapping[str, int] | None = None) -> list[Difference]:
    """Compare every property as a person reads it, by rules of this command's own and not by NavSync's code.

    *shown_by*: which project a page shows, by the page's id; a relation leads to the page, NavImpact names the project.
    """
    left, right = in_navimpact(kind, record), in_notion(kind, page)
    if shown_by is not None and "media_project_id" in kind.fields:
        pages = right["media_project_id"]
        right = {**right, "media_project_id": [shown_by.get(id) for id in pages]}  # type: ignore[attr-defined]
        left = {**left, "media_project_id": [left["media_project_id"]]}
    return [Difference(name, left[name], right[name]) for name in kind.fields if left[name] != right[name]]


def in_navimpact(kind: Kind, record: Json) -> Shown:
    """Return what a person reads in a record."""
    return {name: _read_navimpact(column, record[name]) for name, (_, column) in kind.fields.items()}


def in_notion(kind: Kind, page: Json) -> Shown:
    """Return what a person reads in a page's properties; a column that is gone shows nothing."""
    held = page["properties"]
    there = {name: column for name, column in kind.fields.items() if column[0] in held}
    return {name: _read_notion(column, held[shown][column]) for name, (shown, column) in there.items()}


def shown_record(page: Json) -> int | None:
    """Return the id of the record that a page shows, as its key says."""
    key = "".join(run["plain_text"] for run in page["properties"][KEY]["rich_text"])
    _, _, id = key.partition("/")
    return int(id) if id else None


def words(text: str | None) -> list[str]:
    """Return the words of a text, without the marks around them that are written otherwise in markdown."""
    bare = re.sub(r"</?\w[^>]*>", " ", unquote(unescape(text or "")))
    return re.findall(r"[^\W_]+", normalize("NFC", bare))


def _read_navimpact(column: str, value: Any) -> object:
    match column:
        case "number":
            return None if value is None else Decimal(str(value))
        case "multi_select":
            return {_option(name) for name in value or ()}
        case "select" | "status":
            return None if value is None else _option(value)
        case _:
            return value or None


def _read_notion(column: str, value: Any) -> object:
    match column:
        case "title" | "rich_text":
            return "".join(run["plain_text"] for run in value) or None
        case "number":
            return None if value is None else Decimal(str(value))
        case "multi_select":
            return {_option(option["name"]) for option in value}
        case "select" | "status":
            empty = value is None or value["name"] == NO_STATUS
            return None if empty else _option(value["name"])
        case "date":
            return None if value is None else value["start"]
        case "relation":
            return [related["id"] for related in value]
        case _:
            return value


def _option(name: str) -> str:
    """Return equal texts for names that Notion takes for one option: it ignores case and composition."""
    return normalize("NFC", normalize("NFD", name.replace(COMMA_IN_NOTION, ",").strip()).casefold())
