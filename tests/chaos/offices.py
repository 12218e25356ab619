"""Which workspaces of Notion are there, and what is where in each of them now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.navsync.both_sides import Kind
from local.navsync.http import checked, client
from local.navsync.machine import Machine
from tests.chaos.columns import Columns
from tests.chaos.seen import BY_DATABASE

type Json = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """One workspace: the connection's bot there, and which data source shows which kind."""

    workspace: str
    bot: str
    sources: Mapping[Kind, str]


@dataclass(frozen=True)
class Gone:
    """A column that somebody deleted."""

    source: str
    name: str
    type: str


@dataclass
class Offices:
    """All of them, as people know them, and what is missing there just now."""

    machine: Machine
    columns: Columns = field(default_factory=Columns)
    all: list[Office] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    unshared: list[tuple[Office, str]] = field(default_factory=list)
    lost: list[Office] = field(default_factory=list)
    """Whose token is dead."""

    def move_in(self) -> None:
        """Learn which data source shows which kind, and what each column is called."""
        with client(self.machine.notion.url, person=True) as notion:
            bots = {one["id"]: one["bots"][0]["id"] for one in _told(notion, "workspaces")}
            found = _told(notion, "state")["data_sources"]
        sources: dict[str, dict[Kind, str]] = {}
        for source in found:
            if (kind := BY_DATABASE.get("".join(run["plain_text"] for run in source["title"]))) is not None:
                sources.setdefault(source["workspace_id"], {})[kind] = source["id"]
                for column in source["schema"]:
                    self.columns.note(source["id"], column["id"], column["name"])
        self.all = [Office(workspace, bots[workspace], kinds) for workspace, kinds in sources.items()]

    def has(self, source: str, name: str) -> bool:
        """Say whether a column is there now."""
        return all((gone.source, gone.name) != (source, name) for gone in self.gone)

    def rows(self, notion: httpx.Client, source: str) -> list[Json]:
        """Return the rows that a person sees, their columns under their first names."""
        answer = notion.post(f"/v1/data_sources/{source}/query", json={"page_size": 100})
        answer.raise_for_status()
        return [self.columns.as_first_named(row) for row in answer.json()["results"]]


def _told(notion: httpx.Client, what: str) -> Any:
    return checked(notion.get(f"/_twin/{what}")).json()
