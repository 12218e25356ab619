"""A ledger and a desk in memory: what `navsync.store` promises, without DynamoDB. Carries the simulator too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from itertools import islice

from navsync.errors import LostLease, StaleMapping
from navsync.foresight import Foreseen, Preview
from navsync.model import (
    BudgetWindow,
    CreateIntent,
    DataSource,
    Deaths,
    EntityRef,
    EntityType,
    Lane,
    Lease,
    Mapping,
    Pause,
    State,
    SyncLog,
    Work,
    Workspace,
)
from navsync.standing import Outline, project_of
from navsync.templates import Commission

type Place = tuple[str, str, str, bool, str]
"""Where a row of work is: two of them cannot be at one."""

MOST_ROWS = 80
"""So many rows of the log one save takes here: DynamoDB takes 100 items at once, and some are the mapping's."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class _HeldLease:
    owner: str | None = None
    fence: int = 0
    until: datetime = _LONG_AGO
    working_on: str | None = None
    begun_at: datetime = _LONG_AGO
    deaths: dict[str, Deaths] = field(default_factory=dict)


@dataclass
class MemoryWorkspace:
    """Everything kept of one workspace."""

    id: int
    profile: Workspace | None = None
    lease: _HeldLease = field(default_factory=_HeldLease)
    epoch: int = 0
    mappings: dict[int, Mapping] = field(default_factory=dict)
    pairs: dict[EntityRef | str, int] = field(default_factory=dict)
    logs: dict[int, SyncLog] = field(default_factory=dict)
    work: dict[Place, Work] = field(default_factory=dict)
    sources: dict[EntityType, DataSource] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    pause: Pause | None = None
    later: datetime | None = None
    budget: BudgetWindow | None = None
    budget_fence: int = 0
    beside: int = 0
    beside_at: datetime | None = None
    removals: Counter[datetime] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    previews: dict[int, Preview] = field(default_factory=dict)
    foreseen: dict[int, list[Foreseen]] = field(default_factory=dict)
    commissions: dict[int, Commission] = field(default_factory=dict)


class MemoryStore:
    """Workspaces by id; a ledger and a desk for each."""

    def __init__(self) -> None:
        self.kept: dict[int, MemoryWorkspace] = {}
        self.held: dict[EntityRef, tuple[str, datetime]] = {}
        self.made_again: dict[EntityRef, str] = {}

    def add(self, workspace: Workspace) -> Workspace:
        """Keep a workspace that is not known yet."""
        self.of(workspace.id).profile = stored = replace(workspace, version=1)
        return stored

    def of(self, workspace_id: int) -> MemoryWorkspace:
        """What is kept of it."""
        if workspace_id not in self.kept:
            self.kept[workspace_id] = MemoryWorkspace(workspace_id)
        return self.kept[workspace_id]

    def ledger(self, lease: Lease) -> MemoryLedger:
        """Mappings and history of the leased workspace."""
        return MemoryLedger(self.of(lease.workspace_id), lease, self.held, self.made_again)

    def desk(self, workspace_id: int) -> MemoryDesk:
        """Work, lease and small state of one workspace."""
        return MemoryDesk(self.of(workspace_id))


class MemoryLedger:
    def __init__(
        self,
        kept: MemoryWorkspace,
        lease: Lease,
        held: dict[EntityRef, tuple[str, datetime]],
        made_again: dict[EntityRef, str],
    ) -> None:
        self.kept = kept
        self.lease = lease
        self.held = held
        self.made_again = made_again
        """Records that a workspace is writing in NavImpact."""

    def load(self, mapping_id: int) -> Mapping | None:
        return self.kept.mappings.get(mapping_id)

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        return self._pairing(entity)

    def of_page(self, page_id: str) -> Mapping | None:
        return self._pairing(page_id)

    def mappings_after(self, mapping_id: int, limit: int) -> Sequence[Mapping]:
        return self._after(mapping_id)[:limit]

    def outlines_after(self, mapping_id: int, limit: int) -> Sequence[Outline]:
        return [Outline.of(mapping) for mapping in self._after(mapping_id)[:limit]]

    def outlines_of(self, project_id: str, mapping_id: int, limit: int) -> Sequence[Outline]:
        found = (mapping for mapping in self._after(mapping_id) if project_of(mapping) == project_id)
        return [Outline.of(mapping) for mapping in islice(found, limit)]

    def open_creates(self) -> Sequence[Mapping]:
        mappings = (self.kept.mappings[id] for id in sorted(self.kept.mappings))
        return [mapping for mapping in mappings if isinstance(mapping.intent, CreateIntent)]

    def save(self, mapping: Mapping, *logs: SyncLog) -> Mapping:
        (after,) = self._save([mapping], logs)
        return after

    def hand_over(self, giver: Mapping, taker: Mapping, *logs: SyncLog) -> tuple[Mapping, Mapping]:
        giver, taker = self._save([giver, taker], logs)
        return giver, taker

    def _save(self, mappings: Sequence[Mapping], logs: Sequence[SyncLog]) -> Sequence[Mapping]:
        if len(logs) > MOST_ROWS:
            raise ValueError("DynamoDB takes 100 items in one transaction")
        stored = {mapping.id: self.kept.mappings.get(mapping.id) for mapping in mappings}
        versions = {id: before.version if before else 0 for id, before in stored.items()}
        if any(versions[mapping.id] != mapping.version for mapping in mappings):
            raise StaleMapping("saved by somebody else since")
        self._check_lease()
        named = [(name, mapping.id) for mapping in mappings for name in _names(mapping)]
        names = dict(named)
        if len(names) < len(named) or any(self.kept.pairs.get(name, id) not in stored for name, id in named):
            raise StaleMapping("another mapping pairs it already")
        for before in stored.values():
            for name in _names(before) if before else ():
                del self.kept.pairs[name]
        self.kept.pairs |= names
        after = [mapping.but(version=mapping.version + 1) for mapping in mappings]
        self.kept.mappings |= {mapping.id: mapping for mapping in after}
        self._keep(logs)
        return after

    def log(self, log_id: int) -> SyncLog | None:
        return self.kept.logs.get(log_id)

    def logs_of_run(self, run_id: str, *, before: SyncLog | None = None) -> Sequence[SyncLog]:
        rows = (log for log in self.kept.logs.values() if log.run_id == run_id)
        older = (log for log in rows if before is None or (log.at, log.id) < (before.at, before.id))
        return sorted(older, key=lambda log: (log.at, log.id), reverse=True)

    def record(self, *logs: SyncLog) -> None:
        if logs:
            self._check_lease()
            self._keep(logs)

    def hold(self, entity: EntityRef, *, now: datetime, until: datetime, by: int | None = None) -> bool:
        holder, ends = self.held.get(entity, ("", now))
        if holder not in ("", self._holder(by)) and ends > now:
            return False
        self.held[entity] = (self._holder(by), until)
        return True

    def let_go(self, entity: EntityRef, *, by: int | None = None) -> None:
        if self.held.get(entity, ("", None))[0] == self._holder(by):
            del self.held[entity]

    def remade(self, entity: EntityRef) -> str | None:
        return self.made_again.get(entity)

    def note_remade(self, entity: EntityRef, id: str, *, now: datetime) -> None:
        self.made_again[entity] = id

    def _holder(self, mapping_id: int | None) -> str:
        return f"{self.kept.id}:{self.lease.fence}" if mapping_id is None else f"{self.kept.id}/{mapping_id}"

    def removals_left(self, now: datetime) -> int:
        linked = sum(mapping.state is State.LINKED for mapping in self.kept.mappings.values())
        lately = sum(many for at, many in self.kept.removals.items() if at > now - timedelta(hours=1))
        return max(0, max(5, linked // 10) - lately)

    def save_removal(self, mapping: Mapping, *logs: SyncLog, now: datetime, many: int) -> Mapping | None:
        if self.removals_left(now) < many:
            return None
        saved = self.save(mapping, *logs)
        self.kept.removals[now] += many
        return saved

    def _keep(self, logs: Sequence[SyncLog]) -> None:
        self.kept.logs |= {log.id: log for log in logs}

    def _check_lease(self) -> None:
        _check(self.kept.lease, self.lease)

    def _after(self, mapping_id: int) -> Sequence[Mapping]:
        return [self.kept.mappings[id] for id in sorted(self.kept.mappings) if id > mapping_id]

    def _pairing(self, name: EntityRef | str) -> Mapping | None:
        found = self.kept.pairs.get(name)
        return None if found is None else self.kept.mappings[found]


class MemoryDesk:
    def __init__(self, kept: MemoryWorkspace) -> None:
        self.kept = kept

    def workspace(self) -> Workspace | None:
        return self.kept.profile

    def save_workspace(self, workspace: Workspace) -> Workspace:
        if self.kept.profile is None or self.kept.profile.version != workspace.version:
            raise StaleMapping("changed by somebody else since")
        self.kept.profile = after = replace(workspace, version=workspace.version + 1)
        return after

    def acquire(self, owner: str, *, now: datetime, until: datetime) -> Lease | None:
        held = self.kept.lease
        dead = held.owner is not None and held.until <= now
        if held.owner not in (None, owner) and not dead:
            return None
        died_at = held.working_on if dead else None
        if died_at is not None:
            times = held.deaths[died_at].times if died_at in held.deaths else 0
            held.deaths[died_at] = Deaths(times + 1, now, held.begun_at)
        held.owner, held.until, held.working_on = owner, until, None
        held.fence += 1
        return Lease(self.kept.id, owner, held.fence, until, died_at, dict(held.deaths))

    def release(self, lease: Lease) -> None:
        held = self.kept.lease
        if (held.owner, held.fence) == (lease.owner, lease.fence):
            held.owner = held.working_on = None

    def begin(self, lease: Lease, key: str, *, now: datetime) -> None:
        _check(self.kept.lease, lease)
        self.kept.lease.working_on, self.kept.lease.begun_at = key, now

    def survive(self, lease: Lease, keys: Sequence[str]) -> None:
        _check(self.kept.lease, lease)
        for key in keys:
            self.kept.lease.deaths.pop(key, None)

    def raise_epoch(self) -> int:
        self.kept.epoch += 1
        return self.kept.epoch

    def epoch(self) -> int:
        return self.kept.epoch

    def put(self, work: Work) -> None:
        waiting = self.kept.work.get(place_of(work))
        self.kept.work[place_of(work)] = work if waiting is None else work.in_place_of(waiting)

    def put_again(self, work: Work, *, seen: Work) -> bool:
        if self.kept.work.get(place_of(seen), seen).nonce != seen.nonce:
            return False
        self.kept.work[place_of(work)] = work
        return True

    def put_decision(self, work: Work, *, now: datetime) -> Work | None:
        waiting = self.kept.work.get(place_of(work))
        if waiting is not None and waiting.actor != work.actor:
            return waiting
        self.kept.work[place_of(work)] = work
        return None

    def pending(self, lane: Lane, *, limit: int) -> Sequence[Work]:
        rows = [work for work in self.kept.work.values() if work.lane is lane]
        return nsmallest(limit, rows, key=lambda work: (work.due, *place_of(work)))

    def which_wait(self, works: Sequence[Work]) -> Sequence[Work]:
        return [self.kept.work[place] for place in map(place_of, works) if place in self.kept.work]

    def done(self, work: Work) -> bool:
        row = self.kept.work.get(place_of(work), work)
        if row.nonce != work.nonce:
            return False
        self.kept.work.pop(place_of(work), None)
        return True

    def sources(self) -> MappingOf[EntityType, DataSource]:
        return dict(self.kept.sources)

    def save_source(self, source: DataSource) -> DataSource:
        stored = self.kept.sources.get(source.entity_type)
        if source.version != (stored.version if stored else 0):
            raise StaleMapping("the schema was read by somebody else since; it is looked at anew")
        after = replace(source, version=source.version + 1)
        self.kept.sources[source.entity_type] = after
        return after

    def cursor(self, name: str) -> str | None:
        return self.kept.cursors.get(name)

    def move_cursor(self, name: str, value: str) -> bool:
        if self.kept.cursors.get(name, "") > value:
            return False
        self.kept.cursors[name] = value
        return True

    def clear_cursor(self, name: str) -> None:
        self.kept.cursors.pop(name, None)

    def pause(self) -> Pause | None:
        return self.kept.pause

    def claim_later(self, at: datetime, now: datetime) -> bool:
        claimed = self.kept.later is None or self.kept.later < now or self.kept.later > at
        self.kept.later = at if claimed else self.kept.later
        return claimed

    def disclaim_later(self) -> None:
        self.kept.later = None

    def keep_pause(self, pause: Pause) -> None:
        if self.kept.pause is None or self.kept.pause.until <= pause.until:
            self.kept.pause = pause

    def commissions(self) -> MemoryCommissions:
        return MemoryCommissions(self.kept)

    def previews(self) -> MemoryPreviews:
        return MemoryPreviews(self.kept)

    def budget(self) -> BudgetWindow | None:
        beside, at = self.kept.beside, self.kept.beside_at
        if not beside or at is None:
            return self.kept.budget
        return replace(self.kept.budget or BudgetWindow(at), beside=beside, beside_at=at)

    def save_budget(self, window: BudgetWindow, lease: Lease) -> None:
        if lease.fence >= self.kept.budget_fence:
            self.kept.budget, self.kept.budget_fence = replace(window, beside=0, beside_at=None), lease.fence
            self.kept.beside -= window.beside

    def spend_beside(self, requests: int, now: datetime) -> None:
        self.kept.beside += requests
        self.kept.beside_at = now

    def count_calls(self, calls: int, now: datetime) -> None:
        self.kept.calls[str(now.astimezone(UTC).date())] += calls


class MemoryCommissions:
    def __init__(self, kept: MemoryWorkspace) -> None:
        self.kept = kept

    def get(self, commission_id: int) -> Commission | None:
        return self.kept.commissions.get(commission_id)

    def save(self, commission: Commission) -> Commission:
        self.kept.commissions[commission.id] = commission
        return commission


class MemoryPreviews:
    def __init__(self, kept: MemoryWorkspace) -> None:
        self.kept = kept

    def get(self, preview_id: int) -> Preview | None:
        return self.kept.previews.get(preview_id)

    def save(self, preview: Preview, *fresh: Foreseen) -> Preview:
        stored = self.kept.previews.get(preview.id)
        if (stored.version if stored else 0) != preview.version:
            raise StaleMapping("saved by somebody else since")
        known = self.kept.foreseen.get(preview.id, [])
        self.kept.foreseen[preview.id] = [*known[: preview.foreseen], *fresh]
        after = replace(preview.with_more(fresh), version=preview.version + 1)
        self.kept.previews[preview.id] = after
        return after

    def foreseen(self, preview: Preview, *, skip: int, limit: int) -> Sequence[Foreseen]:
        return self.kept.foreseen[preview.id][: preview.foreseen][skip : skip + limit]


def place_of(work: Work) -> Place:
    """Where *work* is, or would be."""
    return work.lane, work.kind, work.external_id, work.requested, work.apart


def _names(mapping: Mapping) -> set[EntityRef | str]:
    return {name for name in (mapping.entity, mapping.page_id) if name is not None}


def _check(held: _HeldLease, lease: Lease) -> None:
    if (held.owner, held.fence) != (lease.owner, lease.fence):
        raise LostLease("another worker has taken the workspace")
