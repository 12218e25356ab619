"""Were the promises kept? Judged from what the twins hold and logged, people's diary, and NavSync's own lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.navsync.http import checked, client
from local.navsync.machine import Machine, Port
from tests.chaos.people import Diary, Edit
from tests.chaos.seen import Page, Record, Seen, pieces
from tests.chaos.told import Told

type Json = dict[str, Any]

MOST_DELETIONS = 5
"""Deletions per workspace and hour without a person's approval."""


@dataclass(frozen=True)
class Call:
    """One call that NavSync made."""

    at: datetime
    method: str
    path: str
    status: int | None
    fault: str | None


@dataclass
class Case:
    """Everything there is to judge."""

    diary: Diary
    seen: Seen
    told: Told
    notion_calls: list[Call]
    navimpact_calls: list[Call]
    excused: Counter[str] = field(default_factory=Counter)
    """Edits that nobody could have saved, by why."""

    def judge(self) -> list[str]:
        """Return what is wrong."""
        return [*self._lost(), *self._apart(), *self._pages(), *self._records(), *self._deletions()]

    # --- I1 ---------------------------------------------------------------------------------------------------------

    def _lost(self) -> Iterator[str]:
        there = self.seen.pieces() | self.diary.given_up | self.told.recorded()
        for edit in self.diary.edits:
            if (edit.field, edit.piece) in there or self._excuse(edit):
                continue
            yield f"I1: {edit} is lost"

    def _excuse(self, edit: Edit) -> bool:
        """Say whether it fell into the one round trip that Notion leaves open, to us or to a person."""
        if edit.path.startswith("/v1/") and _overwritten_unseen(edit, self._calls_to(edit.path)):
            self.excused["made between our read and our write of the page"] += 1
            return True
        for glance in self.diary.glances:
            came = [c for c in self._calls_to(glance.path) if _writes(c) and glance.looked <= c.at <= glance.wrote]
            if glance.field == edit.field and edit.ended <= glance.wrote and came:
                self.excused["carried to a page between a person's look and their write"] += 1
                return True
        return False

    def _calls_to(self, path: str) -> list[Call]:
        return [call for call in self.notion_calls if call.path.removesuffix("/markdown") == path]

    # --- I2 ---------------------------------------------------------------------------------------------------------

    def _apart(self) -> Iterator[str]:
        mappings = self.told.by_page()
        for page in self.seen.pages.values():
            mapping, record = mappings.get(page.id), self.seen.records.get(page.key)
            if page.in_trash or mapping is None or record is None:
                continue
            listed = {"media_project_id" if c["field"] == "project" else c["field"] for c in mapping["conflicts"]}
            held = listed | self.told.held(mapping["id"])
            for name, value in record.values.items():
                if name not in held and page.values[name] != value:
                    shown = f"{value!r} and {page.values[name]!r}"
                    yield f"I2: {page.key} ({mapping['state']}) and its page {page.id} differ in {name}: {shown}"

    # --- I4, I5 -----------------------------------------------------------------------------------------------------

    def _pages(self) -> Iterator[str]:
        live: dict[tuple[str, str], list[Page]] = defaultdict(list)
        for page in self.seen.pages.values():
            if not page.in_trash:
                live[page.workspace, page.key].append(page)
        workspaces = {page.workspace for page in self.seen.pages.values()}
        for record in self.seen.records.values():
            for workspace in sorted(workspaces):
                count = len(live[workspace, record.key])
                if count != 1 and not (count == 0 and self._was_trashed(workspace, record)):
                    yield f"I4: {record.key} has {count} pages in {workspace}"
        mappings = self.told.by_page()
        for (workspace, key), pages in live.items():
            if key not in self.seen.records and not any(_waits(mappings.get(page.id)) for page in pages):
                yield f"I4: {workspace} shows {key or 'a row without key'} ({pages[0].id}), but there is no record"

    def _was_trashed(self, workspace: str, record: Record) -> bool:
        """Say whether a person put its page into the trash, where it waits for an approval."""
        return any(
            page.key == record.key and page.workspace == workspace and page.id in self.diary.trashed
            for page in self.seen.pages.values()
        )

    def _records(self) -> Iterator[str]:
        """A row that somebody made is one record, however often its making was interrupted."""
        for page_id in self.diary.rows:
            page = self.seen.pages[page_id]
            own = {(e.field, e.piece) for e in self.diary.edits if e.path == f"/v1/pages/{page_id}"}
            alike = [
                record.key
                for record in self.seen.records.values()
                if record.kind is page.kind and len(own & set(pieces(record.values))) > 1
            ]
            if len(alike) > 1:
                yield f"I5: the row {page_id} became {len(alike)} records: {', '.join(sorted(alike))}"

    # --- I12 --------------------------------------------------------------------------------------------------------

    def _deletions(self) -> Iterator[str]:
        deletes = [call for call in self.navimpact_calls if call.method == "DELETE"]
        if deletes:
            yield f"I12: {len(deletes)} deletions in NavImpact, such as {deletes[0].path}, and nobody approved one"
        healed: Counter[str] = Counter()
        for page in self.seen.pages.values():
            if not page.trashed_by_us or page.key in self.diary.deleted:
                continue
            if page.key in self.seen.records and self._has_another(page):
                healed[page.workspace] += 1
            elif page.key in self.seen.records:
                yield f"I12: the page {page.id} of {page.key} is in the trash by us, though its record is there"
            else:
                yield f"I12: the page {page.id} ({page.key}) is in the trash by us, though nobody deleted its record"
        self.excused["pages made twice, and one of them trashed again"] += sum(healed.values())

    def _has_another(self, gone: Page) -> bool:
        return any(
            page.key == gone.key and page.workspace == gone.workspace and not page.in_trash
            for page in self.seen.pages.values()
        )


def calls_of(port: Port, since: int = 0) -> list[Call]:
    """Return what NavSync asked of one side."""
    with client(port.url) as twin:
        listed = checked(twin.get("/_twin/requests", params={"since": since})).json()["requests"]
    return [
        Call(datetime.fromisoformat(one["time"]), one["method"], one["path"], one["status"], one["fault"])
        for one in listed
        if one["actor"] == "api"
    ]


def end_of(machine: Machine) -> tuple[int, int]:
    """Return the numbers that the next calls to Notion and NavImpact will have."""
    ends = []
    for port in (machine.notion, machine.navimpact):
        with client(port.url) as twin:
            ends.append(int(checked(twin.get("/_twin/requests", params={"since": 10**9})).json()["next"]))
    return ends[0], ends[1]


def writes(calls: list[Call]) -> list[Call]:
    """Return those calls that change something."""
    return [call for call in calls if _writes(call)]


def _writes(call: Call) -> bool:
    asks = call.path.endswith("/query") or call.path == "/v1/search" or "/oauth/" in call.path
    return call.method not in ("GET", "HEAD") and not asks


def _overwritten_unseen(edit: Edit, calls: list[Call]) -> bool:
    """Say whether we wrote the page after the edit without having read it since."""
    last_read = datetime.min.replace(tzinfo=edit.began.tzinfo)
    for call in sorted(calls, key=lambda one: one.at):
        if not _writes(call):
            last_read = call.at
        elif call.at >= edit.began:
            return last_read <= edit.ended
    return False


def _waits(mapping: Mapping[str, Any] | None) -> bool:
    return mapping is not None and mapping["state"] in ("draft", "awaiting_approval")
