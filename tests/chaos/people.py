"""What do people do while machines fail? They edit both sides, over HTTP, each time with words of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx

from local.navsync.both_sides import CHILDREN, KINDS, LOGS, METRICS, PROJECTS, Kind, in_notion, properties
from local.navsync.http import checked, client
from local.navsync.machine import Machine
from tests.chaos.diary import Diary, Glance
from tests.chaos.offices import Office, Offices
from tests.chaos.owners import Act
from tests.chaos.seen import TEXTS, key_of

type Json = dict[str, Any]

MOST_DELETIONS = 3
"""Of records in a run: more than five within an hour would rightly wait for a person."""
MOST_TRASHED = 8
"""Of each page that is put into the trash a person is asked."""

SHAPES = {"title": "text", "rich_text": "text", "url": "url", "number": "number", "date": "date", "select": "name"}
SMALL = frozenset({"engagement_rate"})
"""Fields that hold no large number."""


class People:
    """Everybody who works with either side; one at a time, so that each sees what the last one left."""

    def __init__(self, machine: Machine, offices: Offices, diary: Diary, chance: Random) -> None:
        self.diary, self._offices, self._chance = diary, offices, chance
        self._navimpact = client(machine.navimpact.url, person=True)
        self._notion = client(machine.notion.url, person=True)
        self._notion.headers["Notion-Version"] = "2026-03-11"
        self._number = 0
        self.acts: list[tuple[float, Act]] = [
            (30, self.edit_record), (34, self.edit_page), (7, self.edit_both), (6, self.edit_body),
            (5, self.create_record), (6, self.add_row), (2, self.delete), (4, self.trash), (1, self.restore),
            (3, self.move),
        ]  # fmt: skip

    def found(self, projects: int) -> None:
        """Fill an empty platform with projects that have two children each, before anybody syncs."""
        for _ in range(projects):
            project = self._create(PROJECTS, {})
            for kind in self._chance.sample(CHILDREN, 2):
                self._create(kind, {"media_project_id": project["id"]})

    # --- NavImpact --------------------------------------------------------------------------------------------------

    def edit_record(self) -> bool:
        """Change one field of a record."""
        kind = self._kind()
        if (record := self._a_record(kind)) is None:
            return False
        self._rewrite_record(kind, record, self._chance.choice(self._writable(kind)))
        return True

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

    def create_record(self) -> bool:
        """Make a record with every field filled."""
        kind = self._kind()
        parent = self._a_record(PROJECTS)
        if kind is not PROJECTS and parent is None:
            return False
        self._create(kind, {"media_project_id": parent["id"]} if kind is not PROJECTS and parent else {})
        return True

    def _create(self, kind: Kind, fixed: Json) -> Json:
        values = {name: self._another(kind, name, None) for name in self._writable(kind)}
        began = _now()
        answer = self._navimpact.post(kind.path, json=values | fixed)
        answer.raise_for_status()
        made: Json = answer.json()
        self.diary.wrote(f"{kind.path}{made['id']}", {}, _read(kind, values), began)
        return made

    def delete(self) -> bool:
        """Delete a record with all that belongs to it."""
        kind = self._kind()
        record = self._a_record(kind)
        if record is None or len(self.diary.deleted) >= MOST_DELETIONS:
            return False
        gone = [(kind, record)]
        if kind is PROJECTS:
            gone += [(c, one) for c in CHILDREN for one in self._records(c) if one["media_project_id"] == record["id"]]
        for each, one in gone:
            self.diary.gave_up(_read(each, {name: one[name] for name in self._writable(each)}))
            self.diary.deleted.add(f"{each.name}/{one['id']}")
        self._navimpact.delete(f"{kind.path}{record['id']}").raise_for_status()
        return True

    def _records(self, kind: Kind) -> list[Json]:
        found: list[Json] = checked(self._navimpact.get(kind.path, params={"limit": 1000})).json()
        return found

    def _a_record(self, kind: Kind) -> Json | None:
        records = self._records(kind)
        return self._chance.choice(records) if records else None

    # --- Notion -----------------------------------------------------------------------------------------------------

    def edit_page(self) -> bool:
        """Change one cell."""
        kind = self._kind()
        if (page := self._a_page(kind)) is None:
            return False
        self._rewrite_page(kind, page, self._chance.choice(self._shown(kind, page["parent"]["data_source_id"])))
        return True

    def _rewrite_page(self, kind: Kind, page: Json, name: str) -> None:
        path = f"/v1/pages/{page['id']}"
        looked, before = _now(), self._page(kind, page["id"])[name]
        after, began = self._another(kind, name, before), _now()
        self._patch(path, {"properties": self._written(page["parent"]["data_source_id"], kind, {name: after})})
        self.diary.wrote(path, {name: before}, _read(kind, {name: after}), began)
        self.diary.glances.append(Glance(name, path, looked, _now()))

    def edit_both(self) -> bool:
        """Two people edit one field of one record within milliseconds, one on each side."""
        kind = self._kind()
        page = self._a_page(kind)
        key = key_of(page) if page else ""
        if page is None or not key:
            return False
        name = self._chance.choice(self._shown(kind, page["parent"]["data_source_id"]))
        self._rewrite_page(kind, page, name)
        self._rewrite_record(kind, {"id": key.partition("/")[2]}, name)
        return True

    def edit_body(self) -> bool:
        """Add a word to a line of a story."""
        kind = next(one for one in KINDS if one.body)
        if (page := self._a_page(kind)) is None:
            return False
        path, began = f"/v1/pages/{page['id']}", _now()
        text = self._get(f"{path}/markdown")["markdown"]
        lines = [line for line in text.split("\n") if line.strip() and text.count(line) == 1]
        if not lines:
            return False
        line, word = self._chance.choice(lines), self._word()
        edits = [{"old_str": line, "new_str": self._chance.choice((f"{line} {word}", f"{word} {line}"))}]
        self._patch(f"{path}/markdown", {"type": "update_content", "update_content": {"content_updates": edits}})
        self.diary.wrote(path, {}, {kind.body or "": word}, began)
        return True

    def add_row(self) -> bool:
        """Add a row with every column filled that is there."""
        office, kind = self._chance.choice(self._offices.all), self._kind()
        source = office.sources[kind]
        filled = {name: self._another(kind, name, None) for name in self._shown(kind, source)}
        fields: Json = dict(filled)
        if kind is not PROJECTS:
            if (project := self._a_page(PROJECTS, office)) is None:
                return False
            fields["media_project_id"] = project["id"]
        began, parent = _now(), {"type": "data_source_id", "data_source_id": source}
        shown = self._written(source, kind, fields)
        answer = self._notion.post("/v1/pages", json={"parent": parent, "properties": shown})
        answer.raise_for_status()
        made = answer.json()["id"]
        self.diary.rows[made] = kind.name
        self.diary.unfilled |= {(made, name) for name in _columns(kind) if name not in filled}
        self.diary.wrote(f"/v1/pages/{made}", {}, _read(kind, filled), began)
        return True

    def trash(self) -> bool:
        """Put a page into the trash."""
        kind = self._kind()
        if len(self.diary.trashed) >= MOST_TRASHED or (page := self._a_page(kind)) is None:
            return False
        self.diary.gave_up(self._page(kind, page["id"]))
        self.diary.trashed.add(page["id"])
        self._patch(f"/v1/pages/{page['id']}", {"in_trash": True})
        return True

    def restore(self) -> bool:
        """Take a page out of the trash, if it is still there."""
        if not self.diary.trashed:
            return False
        self._patch(f"/v1/pages/{self._chance.choice(sorted(self.diary.trashed))}", {"in_trash": False})
        return True

    def move(self) -> bool:
        """Give a child to another project."""
        office = self._chance.choice(self._offices.all)
        kind = self._chance.choice((LOGS, METRICS))
        page, project = self._a_page(kind, office), self._a_page(PROJECTS, office)
        if page is None or project is None:
            return False
        shown = self._written(office.sources[kind], kind, {"media_project_id": project["id"]})
        self._patch(f"/v1/pages/{page['id']}", {"properties": shown})
        return True

    def _a_page(self, kind: Kind, office: Office | None = None) -> Json | None:
        rows = self._offices.rows(self._notion, (office or self._chance.choice(self._offices.all)).sources[kind])
        return self._chance.choice(rows) if rows else None

    def _page(self, kind: Kind, page_id: str) -> Mapping[str, object]:
        return in_notion(kind, self._offices.columns.as_first_named(self._get(f"/v1/pages/{page_id}")))

    def _shown(self, kind: Kind, source: str) -> Sequence[str]:
        """The fields whose columns are there."""
        return [name for name in _columns(kind) if self._offices.has(source, kind.fields[name][0])]

    def _written(self, source: str, kind: Kind, fields: Mapping[str, object]) -> Json:
        return self._offices.columns.as_now_named(source, properties(kind, fields))

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
