"""Were the promises kept? Judged from what the twins hold and logged, people's diary, and NavSync's own lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.navsync.both_sides import KINDS
from navsync.model import CreateIntent
from tests.chaos import pace
from tests.chaos.backstage import Kept
from tests.chaos.calls import Call
from tests.chaos.diary import Diary, Edit
from tests.chaos.seen import Page, Record, Seen, pieces
from tests.chaos.told import Told

type Json = dict[str, Any]

MOST_REFUSED = 20
"""Calls with a dead token until it is known to be dead: those under way, and one for each worker that died before it
could say so."""
DIE_OF_A_WAKE = 5
"""So many receive a message before the queue gives it up."""


@dataclass
class Case:
    """Everything there is to judge."""

    diary: Diary
    seen: Seen
    told: Told
    notion_calls: list[Call]
    navimpact_calls: list[Call]
    paces: Mapping[str, int]
    """Requests per minute that each connection's plan allows."""
    deaths: list[datetime] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)
    given_up: int = 0
    """Wakes that were given up while workers died."""
    is_calm: bool = True
    """Whether all came to rest in time."""
    excused: Counter[str] = field(default_factory=Counter)
    """Edits that nobody could have saved, by why."""

    def judge(self) -> list[str]:
        """Return what is wrong."""
        return [
            *self._lost(), *self._apart(), *self._pages(), *self._records(), *self._deletions(), *self._cleared(),
            *self._deaf(), *self._unfinished(), *pace.overspent(self.notion_calls, self.paces),
            *pace.impatient(self.notion_calls, self.deaths),
        ]  # fmt: skip

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
            came = [c for c in self._calls_to(glance.path) if c.writes and glance.looked <= c.at <= glance.wrote]
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
                excused = count == 0 and (
                    self._was_trashed(workspace, record) or self._is_perhaps_a_rows(workspace, record)
                )
                if count != 1 and not excused:
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

    def _is_perhaps_a_rows(self, workspace: str, record: Record) -> bool:
        """Say whether a person is asked if it was made of a row, for the answer to its making was lost."""
        asked = {item["mapping_id"] for item in self.told.attention}
        rows = {page.id for page in self.seen.pages.values() if page.workspace == workspace}
        return any(
            isinstance(pair.intent, CreateIntent)
            and f"{pair.entity_type}/{pair.intent.perhaps_made}" == record.key
            and (pair.id in asked and pair.page_id in rows)
            for pair in self.kept.pairs
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
        for call in self.navimpact_calls:
            if call.method == "DELETE" and not any(
                consent.key == _key_in(call.path) and consent.at <= call.at for consent in self.diary.consents
            ):
                yield f"I12: {call.path} was deleted in NavImpact at {call.at:%H:%M:%S}, and nobody had approved it"
        healed: Counter[str] = Counter()
        for page in self.seen.pages.values():
            if not page.trashed_by_us or page.id in self.diary.trashed or self._was_to_go(page):
                continue
            if page.key in self.seen.records and self._has_another(page):
                healed[page.workspace] += 1
            elif page.key in self.seen.records:
                yield f"I12: the page {page.id} of {page.key} is in the trash by us, though its record is there"
            else:
                yield f"I12: the page {page.id} ({page.key}) is in the trash by us, though nobody deleted its record"
        self.excused["pages made twice, and one of them trashed again"] += sum(healed.values())

    def _was_to_go(self, page: Page) -> bool:
        """Say whether somebody deleted its record, or agreed that this or its project may go, and it has gone."""
        agreed = {consent.key for consent in self.diary.consents}
        with_its_project = {page.key, *_projects_of(page)}
        has_gone = page.key not in self.seen.records
        return page.key in self.diary.deleted or (has_gone and not agreed.isdisjoint(with_its_project))

    # --- I16, I17 ---------------------------------------------------------------------------------------------------

    def _deaf(self) -> Iterator[str]:
        """Whoever is told that a token is dead says so, and does not go on asking."""
        yield from (f"I16: {complaint}" for complaint in self.diary.complaints)
        for loss in self.diary.losses:
            refused = sum(call.status == 401 and loss.since <= call.at <= loss.until for call in self.notion_calls)
            if refused > MOST_REFUSED:
                yield f"I16: Notion was asked {refused} times with the dead token of {loss.workspace}"

    def _unfinished(self) -> Iterator[str]:
        """Whatever workers died at is brought to an end once nothing fails, or a person is told why not."""
        if not self.is_calm:
            yield "I16: NavSync is still at work, though nobody edits and nothing fails"
        if self.kept.dead_letters:
            yield f"I15: {self.kept.dead_letters} wakes were given up, though no worker died any more"
        if self.given_up * DIE_OF_A_WAKE > len(self.deaths):
            yield f"I15: {self.given_up} wakes were given up, which is more than {len(self.deaths)} deaths explain"
        for item in self.told.attention:
            if item["code"] == "failing":
                yield f"I16: mapping {item['mapping_id']} fails, though nothing else does: {item['cause']}"
        seen, asked = {item["mapping_id"] for item in self.told.attention}, set[int]()
        for pair in self.kept.pairs:
            if pair.attempts and pair.id not in seen:
                yield f"I16: mapping {pair.id} has failed {pair.attempts} times, and nobody is told"
            if isinstance(pair.intent, CreateIntent) and pair.id in seen:
                asked.add(pair.intent.log_id)
            elif pair.intent is not None:
                yield f"I16: mapping {pair.id} ({pair.state}) is still about to make its {type(pair.intent).__name__}"
        for row in self.kept.started:
            if row.id not in asked:
                yield f"I16: the row {row.id} ({row.operation} of {row.entity_type} {row.entity_id}) was never ended"

    def _cleared(self) -> Iterator[str]:
        """Nobody here types nothing into a field, so whoever did took a column that was gone for an edit."""
        pages = {page.id: page.key for page in self.seen.pages.values()}
        unfilled = {(pages[page_id], name) for page_id, name in self.diary.unfilled if page_id in pages}
        unfilled |= self.diary.emptied
        for record in self.seen.records.values():
            for name, (_, shape) in record.kind.fields.items():
                empty = not record.values[name] and record.values[name] != 0
                if empty and shape != "status" and (record.key, name) not in unfilled:
                    yield f"I17: {name} of {record.key} is empty, and nobody emptied it"

    def _has_another(self, gone: Page) -> bool:
        return any(
            page.key == gone.key and page.workspace == gone.workspace and not page.in_trash
            for page in self.seen.pages.values()
        )


def _overwritten_unseen(edit: Edit, calls: list[Call]) -> bool:
    """Say whether we wrote the page after the edit without having read it since."""
    last_read = datetime.min.replace(tzinfo=edit.began.tzinfo)
    for call in calls:
        if not call.writes:
            last_read = call.at
        elif call.at >= edit.began:
            return last_read <= edit.ended
    return False


def _key_in(path: str) -> str:
    """The key of the record that a path of NavImpact names."""
    collection, _, id = path.rpartition("/")
    return "".join(f"{kind.name}/{id}" for kind in KINDS if kind.path == f"{collection}/")


def _projects_of(page: Page) -> list[str]:
    found = page.values.get("media_project_id", [])
    return found if isinstance(found, list) else []


def _waits(mapping: Mapping[str, Any] | None) -> bool:
    return mapping is not None and mapping["state"] in ("draft", "awaiting_approval")
