"""What does a person see and do on each side? Over HTTP only, as they would."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import httpx

from local.navsync.http import checked, client
from local.navsync.machine import Machine

PROJECTS = "/api/v1/sge-media/media-projects/"

type Json = dict[str, Any]
type Shown = Mapping[str, object]

# NavImpact's field, the Notion property that shows it, and the property's type.
FIELDS = {
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
}
# Notion's options hold no comma; NavSync writes a lookalike. A status cannot be empty; NavSync has one for that.
COMMA_IN_NOTION, NO_STATUS = "\ufe50", "No status"


class NavImpact:
    """NavImpact as a person uses it."""

    def __init__(self, machine: Machine) -> None:
        self._http = client(machine.navimpact.url, person=True)

    def projects(self) -> list[Json]:
        """Return every media project."""
        found: list[Json] = checked(self._http.get(PROJECTS, params={"limit": 1000})).json()
        return found

    def project(self, id: int) -> Json | None:
        """Return one media project, or None when it is gone."""
        answer = self._http.get(f"{PROJECTS}{id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: Json = checked(answer).json()
        return found

    def edit(self, id: int, **fields: object) -> None:
        """Change some fields."""
        checked(self._http.put(f"{PROJECTS}{id}", json=fields))

    def delete(self, id: int) -> None:
        """Delete a media project and its children."""
        checked(self._http.delete(f"{PROJECTS}{id}"))


class Notion:
    """Notion as a person uses it."""

    def __init__(self, machine: Machine) -> None:
        self._http = client(machine.notion.url, person=True)
        self._http.headers["Notion-Version"] = "2026-03-11"

    def hold_events(self, share: float) -> None:
        """Let Notion wait only *share* of its time before it tells of edits; no person can, only the twin's switch."""
        checked(self._http.post("/_twin/switches", json={"merge_scale": share}))

    def page(self, id: str) -> Json:
        """Return one page, in the trash or not."""
        found: Json = checked(self._http.get(f"/v1/pages/{id}")).json()
        return found

    def edit(self, id: str, **fields: object) -> None:
        """Change some properties, by the names that NavImpact gives them."""
        checked(self._http.patch(f"/v1/pages/{id}", json={"properties": properties(fields)}))

    def add_row(self, like: str, **fields: object) -> str:
        """Add a row to the database that page *like* is in; return its id."""
        row = {"parent": self.page(like)["parent"], "properties": properties(fields)}
        row["parent"] = {"type": "data_source_id", "data_source_id": row["parent"]["data_source_id"]}
        made: Json = checked(self._http.post("/v1/pages", json=row)).json()
        return str(made["id"])

    def trash(self, id: str) -> None:
        """Put a page into the trash."""
        checked(self._http.patch(f"/v1/pages/{id}", json={"in_trash": True}))


def properties(fields: Mapping[str, object]) -> Json:
    """Return the property values that show *fields* in Notion."""
    return {FIELDS[name][0]: _property(FIELDS[name][1], value) for name, value in fields.items()}


def _property(kind: str, value: object) -> Json:
    match kind:
        case "title" | "rich_text":
            return {kind: [{"type": "text", "text": {"content": value}}]}
        case "select" | "status":
            return {kind: {"name": value}}
        case "date":
            return {kind: {"start": value}}
        case "multi_select":
            return {kind: [{"name": name} for name in value]}  # type: ignore[attr-defined]
        case _:
            return {kind: value}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that the sides show differently."""

    field: str
    navimpact: object
    notion: object

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.field}: NavImpact shows {self.navimpact!r}, Notion {self.notion!r}"


def differences(project: Json, page: Json) -> list[Difference]:
    """Compare every field as a person reads it, by rules of this command's own and not by NavSync's code."""
    left, right = in_navimpact(project), in_notion(page)
    return [Difference(name, left[name], right[name]) for name in FIELDS if left[name] != right[name]]


def in_navimpact(project: Json) -> Shown:
    """Return what a person reads in a project."""
    return {name: _read_navimpact(kind, project[name]) for name, (_, kind) in FIELDS.items()}


def in_notion(page: Json) -> Shown:
    """Return what a person reads in a page."""
    held = page["properties"]
    return {name: _read_notion(kind, held[shown][kind]) for name, (shown, kind) in FIELDS.items()}


def _read_navimpact(kind: str, value: Any) -> object:
    match kind:
        case "number":
            return None if value is None else Decimal(str(value))
        case "multi_select":
            return {_option(name) for name in value or ()}
        case "select" | "status":
            return None if value is None else _option(value)
        case _:
            return value or None


def _read_notion(kind: str, value: Any) -> object:
    match kind:
        case "title" | "rich_text":
            return "".join(run["plain_text"] for run in value) or None
        case "number":
            return None if value is None else Decimal(str(value))
        case "multi_select":
            return {_option(option["name"]) for option in value}
        case "select" | "status":
            empty = value is None or value["name"] == NO_STATUS
            return None if empty else _option(value["name"])
        case _:
            return None if value is None else value["start"]


def _option(name: str) -> str:
    """Return equal texts for names that Notion takes for one option: it ignores case and composition."""
    return normalize("NFC", normalize("NFD", name.replace(COMMA_IN_NOTION, ",").strip()).casefold())
