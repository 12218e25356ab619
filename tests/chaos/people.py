"""What do people do while machines fail? They edit both sides, over HTTP, each time with words of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx

from local.navsync.both_sides import CHILDREN, KINDS, LOGS, METRICS, PROJECTS, Kind, in_notion, properties
from local.navsync.http import checked, client
from local.navsync.machine import Machine
from tests.chaos.seen import TEXTS, Pieces, pieces

type Json = dict[str, Any]

MOST_DELETIONS = 3
"""Of each sort in a run: more than five within an hour would rightly wait for a person."""

SHAPES = {"title": "text", "rich_text": "text", "url": "url", "number": "number", "date": "date", "select": "name"}
SMALL = frozenset({"engagement_rate"})
"""Fields that hold no large number."""


@dataclass(frozen=True)
class Edit:
    """Something that a person wrote somewhere: *path* is what it was written to, *began* and *ended* when."""

    field: str
    piece: str
    path: str
    began: datetime
    ended: datetime

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.field} {self.piece!r}, written to {self.path} at {self.began:%H:%M:%S.%f}"


@dataclass(frozen=True)
class Glance:
    """Somebody looked at a page and then wrote one field of it; what came in between they never saw."""

    field: str
    path: str
    looked: datetime
    wrote: datetime


@dataclass
class Diary:
    """Everything that people did, for the judge."""

    edits: list[Edit] = field(default_factory=list)
    glances: list[Glance] = field(default_factory=list)
    given_up: Pieces = field(default_factory=set)
    """Pieces that somebody saw and replaced or deleted."""
    rows: dict[str, str] = field(default_factory=dict)
    """Rows that people made in Notion, and which kind each is of."""
    deleted: set[str] = field(default_factory=set)
    """Keys of the records that somebody deleted."""
    trashed: set[str] = field(default_factory=set)
    """Ids of pages that somebody put into the trash, restored or not."""
    acts: int = 0

    def wrote(self, path: str, before: Mapping[str, object], after: Mapping[str, object], began: datetime) -> None:
        """Note that somebody who saw *before* wrote *after* over it."""
        old, new, ended = set(pieces(before)), set(pieces(after)), _now()
        self.given_up |= old - new
        self.edits += [Edit(name, piece, path, began, ended) for name, piece in sorted(new - old)]


class People:
    """Everybody who works with either side; one at a time, so that each sees what the last one left."""

    def __init__(self, machine: Machine, chance: Random) -> None:
        self.diary = Diary()
        self._chance = chance
        self._navimpact = client(machine.navimpact.url, person=True)
        self._notion = client(machine.notion.url, person=True)
        self._notion.headers["Notion-Version"] = "2026-03-11"
        self._number = 0
        self._offices: dict[str, dict[Kind, str]] = {}

    def move_in(self, offices: Mapping[str, Mapping[Kind, str]]) -> None:
        """Learn which data source shows which kind, for each workspace of Notion."""
        self._offices = {workspace: dict(sources) for workspace, sources in offices.items()}

    def found(self, projects: int) -> None:
        """Fill an empty platform with projects that have two children each, before anybody syncs."""
        for _ in range(projects):
            project = self._create(PROJECTS, {})
            for kind in self._chance.sample(CHILDREN, 2):
                self._create(kind, {"media_project_id": project["id"]})

    def act(self) -> str:
        """Do one thing; return what it was."""
        self.diary.acts += 1
        acts = [
            (30, self._edit_record), (34, self._edit_page), (7, self._edit_both), (6, self._edit_body),
            (5, self._create_any), (6, self._add_row), (2, self._delete), (2, self._trash), (2, self._restore),
            (3, self._move),
        ]  # fmt: skip
        [act] = self._chance.choices([one for _, one in acts], [weight for weight, _ in acts])
        try:
            act()
        except httpx.HTTPStatusError as error:  # somebody was quicker: the record or page is not there any more
            return f"{act.__name__.strip('_')}: {error.response.status_code}"
        return act.__name__.strip("_").replace("_", " ")

    # --- NavImpact --------------------------------------------------------------------------------------------------

    def _edit_record(self) -> None:
        kind = self._kind()
        if (record := self._a_record(kind)) is not None:
            self._rewrite_record(kind, record, self._chance.choice(self._writable(kind)))

    def _rewrite_record(self, kind: Kind, record: Json, name: str) -> None:
        """Change one field of what is seen; where it changed meanwhile, look again, as a form that says so lets one."""
        path = f"{kind.path}{record['id']}"
        for _ in range(5):
            seen = self._navimpact.get(path)
            seen.raise_for_status()
            before = seen.json()[name]
            after, began = self._another(kind, name, before), _now()
            answer = self._navimpact.put(path, json={name: after}, headers={"If-Match": seen.headers["etag"]})
            if answer.status_code != httpx.codes.PRECONDITION_FAILED:
                answer.raise_for_status()
                self.diary.wrote(path, _read(kind, {name: before}), _read(kind, {name: after}), began)
                return

    def _create_any(self) -> None:
        kind = self._kind()
        parent = self._a_record(PROJECTS)
        if kind is PROJECTS or parent is not None:
            self._create(kind, {"media_project_id": parent["id"]} if kind is not PROJECTS and parent else {})

    def _create(self, kind: Kind, fixed: Json) -> Json:
        values = {name: self._another(kind, name, None) for name in self._writable(kind)}
        began = _now()
        answer = self._navimpact.post(kind.path, json=values | fixed)
        answer.raise_for_status()
        made: Json = answer.json()
        self.diary.wrote(f"{kind.path}{made['id']}", {}, _read(kind, values), began)
        return made

    def _delete(self) -> None:
        kind = self._kind()
        record = self._a_record(kind)
        if record is None or len(self.diary.deleted) >= MOST_DELETIONS:
            return
        gone = [(kind, record)]
        if kind is PROJECTS:
            gone += [(c, one) for c in CHILDREN for one in self._records(c) if one["media_project_id"] == record["id"]]
        for each, one in gone:
            self._gave_up(_read(each, {name: one[name] for name in self._writable(each)}))
            self.diary.deleted.add(f"{each.name}/{one['id']}")
        self._navimpact.delete(f"{kind.path}{record['id']}").raise_for_status()

    def _records(self, kind: Kind) -> list[Json]:
        found: list[Json] = checked(self._navimpact.get(kind.path, params={"limit": 1000})).json()
        return found

    def _a_record(self, kind: Kind) -> Json | None:
        records = self._records(kind)
        return self._chance.choice(records) if records else None

    # --- Notion -----------------------------------------------------------------------------------------------------

    def _edit_page(self) -> None:
        kind = self._kind()
        if (page := self._a_page(kind)) is not None:
            self._rewrite_page(kind, page["id"], self._chance.choice(list(_columns(kind))))

    def _rewrite_page(self, kind: Kind, page_id: str, name: str) -> None:
        path = f"/v1/pages/{page_id}"
        looked, before = _now(), self._page(kind, page_id)[name]
        after, began = self._another(kind, name, before), _now()
        self._patch(path, {"properties": properties(kind, {name: after})})
        self.diary.wrote(path, {name: before}, _read(kind, {name: after}), began)
        self.diary.glances.append(Glance(name, path, looked, _now()))

    def _edit_both(self) -> None:
        """Two people edit one field of one record within milliseconds, one on each side."""
        kind = self._kind()
        page = self._a_page(kind)
        key = "".join(run["plain_text"] for run in page["properties"]["NavImpact ID"]["rich_text"]) if page else ""
        if page is not None and key:
            name = self._chance.choice(list(_columns(kind)))
            self._rewrite_page(kind, page["id"], name)
            self._rewrite_record(kind, {"id": key.partition("/")[2]}, name)

    def _edit_body(self) -> None:
        kind = next(one for one in KINDS if one.body)
        if (page := self._a_page(kind)) is None:
            return
        path, began = f"/v1/pages/{page['id']}", _now()
        text = self._get(f"{path}/markdown")["markdown"]
        lines = [line for line in text.split("\n") if line.strip() and text.count(line) == 1]
        if lines:
            line, word = self._chance.choice(lines), self._word()
            edits = [{"old_str": line, "new_str": self._chance.choice((f"{line} {word}", f"{word} {line}"))}]
            self._patch(f"{path}/markdown", {"type": "update_content", "update_content": {"content_updates": edits}})
            self.diary.wrote(path, {}, {kind.body or "": word}, began)

    def _add_row(self) -> None:
        workspace, kind = self._chance.choice(list(self._offices)), self._kind()
        fields: Json = {name: self._another(kind, name, None) for name in _columns(kind)}
        if kind is not PROJECTS:
            if (project := self._a_page(PROJECTS, workspace)) is None:
                return
            fields["media_project_id"] = project["id"]
        began, shown = _now(), properties(kind, fields)
        parent = {"type": "data_source_id", "data_source_id": self._offices[workspace][kind]}
        answer = self._notion.post("/v1/pages", json={"parent": parent, "properties": shown})
        answer.raise_for_status()
        made = answer.json()["id"]
        self.diary.rows[made] = kind.name
        self.diary.wrote(f"/v1/pages/{made}", {}, _read(kind, {name: fields[name] for name in _columns(kind)}), began)

    def _trash(self) -> None:
        kind = self._kind()
        if len(self.diary.trashed) >= MOST_DELETIONS or (page := self._a_page(kind)) is None:
            return
        self._gave_up(self._page(kind, page["id"]))
        self.diary.trashed.add(page["id"])
        self._patch(f"/v1/pages/{page['id']}", {"in_trash": True})

    def _restore(self) -> None:
        if self.diary.trashed:
            self._patch(f"/v1/pages/{self._chance.choice(sorted(self.diary.trashed))}", {"in_trash": False})

    def _move(self) -> None:
        """Somebody gives a child to another project."""
        workspace = self._chance.choice(list(self._offices))
        kind = self._chance.choice((LOGS, METRICS))
        page, project = self._a_page(kind, workspace), self._a_page(PROJECTS, workspace)
        if page is not None and project is not None:
            shown = properties(kind, {"media_project_id": project["id"]})
            self._patch(f"/v1/pages/{page['id']}", {"properties": shown})

    def _a_page(self, kind: Kind, workspace: str | None = None) -> Json | None:
        office = self._offices[workspace or self._chance.choice(list(self._offices))]
        answer = self._notion.post(f"/v1/data_sources/{office[kind]}/query", json={"page_size": 100})
        answer.raise_for_status()
        rows = answer.json()["results"]
        return self._chance.choice(rows) if rows else None

    def _page(self, kind: Kind, page_id: str) -> Mapping[str, object]:
        return in_notion(kind, self._get(f"/v1/pages/{page_id}"))

    def _get(self, path: str) -> Json:
        answer = self._notion.get(path)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def _patch(self, path: str, body: Json) -> None:
        self._notion.patch(path, json=body).raise_for_status()

    # --- values -----------------------------------------------------------------------------------------------------

    def _kind(self) -> Kind:
        return self._chance.choice((PROJECTS, PROJECTS, *CHILDREN))

    def _writable(self, kind: Kind) -> Sequence[str]:
        return [*_columns(kind), *([kind.body] if kind.body else [])]

    def _gave_up(self, values: Mapping[str, object]) -> None:
        self.diary.given_up |= set(pieces(values))

    def _word(self) -> str:
        self._number += 1
        return f"w{self._number}"

    def _another(self, kind: Kind, name: str, before: Any) -> Any:
        """Return a value that nobody wrote before; long texts and lists keep what others wrote, but for a word."""
        shape = "text" if name == kind.body else SHAPES.get(kind.fields[name][1], "list")
        self._number += 1
        number = self._number
        match shape:
            case "text" if name in TEXTS:
                return self._reworded(before or "")
            case "text":
                return f"{name} {number}"
            case "number":
                return number / 100 if name in SMALL else number
            case "date":
                return (date(2030, 1, 1) + timedelta(days=number)).isoformat()
            case "url":
                return f"https://example.org/{number}"
            case "name":
                return f"option {number}"
            case _:
                kept = sorted(before or ())
                return [*(kept if self._chance.random() < 0.7 else kept[1:]), f"member {number}"]

    def _reworded(self, text: str) -> str:
        if not text:
            return "\n\n".join(" ".join(self._word() for _ in range(4)) for _ in range(3))
        paragraphs = text.split("\n\n")
        at = self._chance.randrange(len(paragraphs))
        found = paragraphs[at].split(" ")
        place = self._chance.randrange(len(found))
        replaced = self._chance.random() < 0.25 and len(found) > 2
        found[place : place + replaced] = [self._word()]
        return "\n\n".join([*paragraphs[:at], " ".join(found), *paragraphs[at + 1 :]])


def _columns(kind: Kind) -> Iterator[str]:
    """The fields that hold words of one's own: a status is one of five, and to which project one belongs is no word."""
    return (name for name, (_, shape) in kind.fields.items() if shape not in ("status", "relation"))


def _read(kind: Kind, values: Mapping[str, Any]) -> Mapping[str, object]:
    """What a person reads in fields of a record."""
    numbers = {name for name, (_, shape) in kind.fields.items() if shape == "number"}
    return {
        name: Decimal(str(value)) if name in numbers and value is not None else value for name, value in values.items()
    }


def _now() -> datetime:
    return datetime.now(UTC)


def paced(people: People, seconds: float) -> str:
    """Let somebody do something, then wait out the rest of *seconds*."""
    began = time.monotonic()
    done = people.act()
    time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    return done
