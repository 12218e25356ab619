"""Mappings and their history in DynamoDB, written under one lease."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched, islice
from typing import Any, Self

from navsync.errors import LostLease, StaleMapping
from navsync.model import CreateIntent, EntityRef, Lease, Mapping, Outcome, SyncLog
from navsync.standing import LISTED, Outline, project_of
from navsync.store import counts, keys, records
from navsync.store.blobs import Blob, Folded
from navsync.store.counts import KEEP_OVERWRITTEN_DAYS, LogKind, MappingKind
from navsync.store.dynamo import (
    ConditionFailedError,
    Dynamo,
    Item,
    Step,
    add,
    check,
    delete,
    put,
    unchanged,
    when,
)
from navsync.store.keys import Tables, within
from navsync.store.records import Shelf
from navsync.undoing import parts_of

ROWS_AT_ONCE = 20
"""A transaction takes 100 items and 4 MB; a row brings its counters along."""

LAST_ID = 10**16 - 1
"""No id has more digits, as keys write them."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is known of a mapping's item: enough to move its pointers, counters and blobs with it, and nothing long."""

    version: int
    pointers: frozenset[str]
    has_open_create: bool
    blobs: frozenset[Blob]
    counted: frozenset[str]
    """The counters that it was counted in, by whichever release: another one may count by something else."""

    @classmethod
    def of(cls, mapping: Mapping, blobs: Iterable[Blob], counted: frozenset[str]) -> Self:
        """What is to be known of *mapping*."""
        has_open_create = isinstance(mapping.intent, CreateIntent)
        return cls(mapping.version, _pointer_keys(mapping), has_open_create, frozenset(blobs), counted)


_UNSTORED = _Stored(0, frozenset(), has_open_create=False, blobs=frozenset(), counted=frozenset())


@dataclass(frozen=True, slots=True)
class _Change:
    """A mapping that is about to be saved."""

    after: Mapping
    was: _Stored
    will_be: _Stored
    folded: Folded
    shelf: Shelf


class DynamoLedger:
    """A `navsync.ports.Ledger`. For one worker: it remembers what it has read, so that a save need not read again."""

    def __init__(self, dynamo: Dynamo, tables: Tables, lease: Lease) -> None:
        self.dynamo = dynamo
        self.tables = tables
        self.lease = lease
        self.workspace_id = lease.workspace_id
        self._stored: dict[int, _Stored] = {}
        self._logs: dict[int, LogKind | None] = {}

    # --- reading ----------------------------------------------------------------------------------------------

    def load(self, mapping_id: int) -> Mapping | None:
        """The mapping, read consistently."""
        item = self.dynamo.get(self.tables.mappings, within(self.workspace_id, keys.mapping(mapping_id)))
        return None if item is None else self._read(item)

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        """The mapping that pairs *entity*."""
        return self._pointed_at(keys.entity(entity))

    def of_page(self, page_id: str) -> Mapping | None:
        """The mapping that pairs the page."""
        return self._pointed_at(keys.page(page_id))

    def mappings_after(self, mapping_id: int, limit: int) -> Sequence[Mapping]:
        """The next *limit* mappings in order of their ids."""
        return [self._read(item) for item in self._items_after(mapping_id, limit)]

    def outlines_after(self, mapping_id: int, limit: int) -> Sequence[Outline]:
        """The next *limit* mappings in order of their ids, each without what its sides say."""
        return [self._outline(item) for item in self._items_after(mapping_id, limit)]

    def outlines_of(self, project_id: str, mapping_id: int, limit: int) -> Sequence[Outline]:
        """The next *limit* of a project, as an index lists them, each read consistently."""
        of_project = when(
            "#list_project = :of AND #id BETWEEN :first AND :last",
            of=keys.of_project(self.workspace_id, project_id), first=mapping_id + 1, last=LAST_ID,
        )  # fmt: skip
        found = self.dynamo.query(
            self.tables.mappings, of_project, index="by_project", ConsistentRead=False, Limit=limit
        )
        wanted = [within(self.workspace_id, keys.mapping(row["id"])) for row in islice(found, limit)]
        items = self.dynamo.get_many(self.tables.mappings, wanted)
        return [self._outline(item) for item in sorted(items, key=lambda item: item["id"])]

    def open_creates(self) -> Sequence[Mapping]:
        """Mappings with an open create intent, oldest first."""
        found = self.dynamo.query(
            self.tables.mappings,
            when(
                "#pk = :pk AND begins_with(#sk, :marks)", pk=keys.partition(self.workspace_id), marks=keys.OPEN_CREATES
            ),
        )
        mappings = [self.load(marker["mapping_id"]) for marker in found]
        return [mapping for mapping in mappings if mapping is not None and isinstance(mapping.intent, CreateIntent)]

    def log(self, log_id: int) -> SyncLog | None:
        """The log row, read consistently."""
        item = self.dynamo.get(self.tables.sync_logs, within(self.workspace_id, keys.log(log_id)))
        if item is not None:
            return self._read_log(item)
        self._logs[log_id] = None
        return None

    def logs_of_run(self, run_id: str, *, before: SyncLog | None = None) -> Iterator[SyncLog]:
        """The rows of one run, latest first, some at a time, each read consistently; the very latest may be missing."""
        partition = f"{keys.partition(self.workspace_id)}#{run_id}"
        of_run = when("#list_run = :of", of=partition)
        if before is not None:
            of_run = when("#list_run = :of AND #at_id < :before", of=partition, before=keys.at_id(before))
        found = self.dynamo.query(
            self.tables.sync_logs, of_run, index="by_run", ConsistentRead=False, ScanIndexForward=False
        )
        for some in batched((item["id"] for item in found), ROWS_AT_ONCE, strict=False):
            wanted = [within(self.workspace_id, keys.log(id)) for id in some]
            rows = {item["id"]: self._read_log(item) for item in self.dynamo.get_many(self.tables.sync_logs, wanted)}
            yield from (rows[id] for id in some if id in rows)

    # --- writing ----------------------------------------------------------------------------------------------

    def save(self, mapping: Mapping, *logs: SyncLog) -> Mapping:
        """Write *mapping* and *logs* in one transaction if nobody has saved it since we read it."""
        (after,) = self._save([mapping], logs)
        return after

    def hand_over(self, giver: Mapping, taker: Mapping, *logs: SyncLog) -> tuple[Mapping, Mapping]:
        """As `save`, both in one transaction: what *giver* pairs no more, *taker* may pair from the same moment on."""
        giver, taker = self._save([giver, taker], logs)
        return giver, taker

    def save_removal(self, mapping: Mapping, *logs: SyncLog, now: datetime, many: int) -> Mapping | None:
        """As `save`, and count *many* deletions in the same transaction; None where the last hour had too many."""
        earlier = self._removals(now)
        earlier.pop(keys.removals(now), None)  # of these ten minutes another thread may count too
        room = self._most_removals() - sum(earlier.values()) - many
        if room < 0:
            return None
        has_room = when("attribute_not_exists(#n) OR #n <= :room", room=room)
        key, expires_at = within(self.workspace_id, keys.removals(now)), int((now + timedelta(days=2)).timestamp())
        counted = add(self.tables.workspaces, key, {"n": many}, condition=has_room, expires_at=expires_at)
        try:
            (after,) = self._save([mapping], logs, Step(counted))
        except ConditionFailedError:
            return None
        return after

    def _save(self, mappings: Sequence[Mapping], logs: Sequence[SyncLog], *also: Step) -> list[Mapping]:
        changes = [self._change(mapping) for mapping in mappings]
        for change in changes:
            change.shelf.store(change.folded, known=change.was.blobs)
        steps = [step for change in changes for step in self._steps(change)]
        self._transact([*steps, *self._pointers(changes), *self._counters(changes), *also], logs)
        for change in changes:
            self._stored[change.after.id] = change.will_be
            change.shelf.drop(change.was.blobs - change.will_be.blobs)
        return [change.after for change in changes]

    def record(self, *logs: SyncLog) -> None:
        """Write *logs* that belong to no mapping's change, under the lease."""
        for some in batched(logs, ROWS_AT_ONCE, strict=False):
            self._transact([], some)

    def hold(self, entity: EntityRef, *, now: datetime, until: datetime, by: int | None = None) -> bool:
        """Be the only workspace that writes *entity* in NavImpact; False while another one does."""
        values: dict[str, Any] = {"owner": self._holder(by), "now": keys.moment(now), "until": keys.moment(until)}
        free = "attribute_not_exists(#owner) OR #until <= :now OR #owner = :owner"
        text = "SET #owner = :owner, #until = :until, #expires_at = :expires_at"
        values |= {"expires_at": int(until.timestamp())}
        try:
            self.dynamo.update(self.tables.workspaces, keys.record_lease(entity), text, values, condition=free)
        except ConditionFailedError:
            return False
        return True

    def let_go(self, entity: EntityRef, *, by: int | None = None) -> None:
        """Done with it; nothing happens when it is no longer ours."""
        with suppress(ConditionFailedError):
            ours = when("attribute_not_exists(#pk) OR #owner = :owner", owner=self._holder(by))
            self.dynamo.delete(self.tables.workspaces, keys.record_lease(entity), ours)

    def remade(self, entity: EntityRef) -> str | None:
        """Id of the record that a workspace, this or another, has made again of *entity*, which was deleted."""
        item = self.dynamo.get(self.tables.workspaces, keys.remade(entity))
        return None if item is None else str(item["id"])

    def note_remade(self, entity: EntityRef, id: str, *, now: datetime) -> None:
        """Tell every workspace that holds *entity*, which was deleted, that it was made again as *id*."""
        expires_at = int((now + timedelta(days=KEEP_OVERWRITTEN_DAYS)).timestamp())
        self.dynamo.put(self.tables.workspaces, keys.remade(entity) | {"id": id, "expires_at": expires_at})

    def _holder(self, mapping_id: int | None) -> str:
        return f"{self.workspace_id}:{self.lease.fence}" if mapping_id is None else f"{self.workspace_id}/{mapping_id}"

    def removals_left(self, now: datetime) -> int:
        """How many more deletions may be counted in the hour until *now*."""
        return max(0, self._most_removals() - sum(self._removals(now).values()))

    def _removals(self, now: datetime) -> dict[str, int]:
        """Deletions of the last hour, by the ten minutes that they were counted in."""
        between = when(
            "#pk = :pk AND #sk BETWEEN :first AND :last",
            pk=keys.partition(self.workspace_id),
            first=keys.removals(now - timedelta(hours=1)), last=keys.removals(now),
        )  # fmt: skip
        return {item["sk"]: item["n"] for item in self.dynamo.query(self.tables.workspaces, between)}

    def _most_removals(self) -> int:
        linked = counts.mapping_counts(self.dynamo, self.tables.workspaces, self.workspace_id).linked
        return max(5, linked // 10)

    # --- parts of a save ----------------------------------------------------------------------------------------

    def _transact(self, steps: Sequence[Step], logs: Sequence[SyncLog]) -> None:
        before = [kind for log in logs if (kind := self._log_before(log)) is not None]
        after = {log.id: LogKind.of(log) for log in logs}
        rows = [Step(put(self.tables.sync_logs, self._log_item(log, after[log.id]))) for log in logs]
        counted = (
            counts.move_logs(
                self.tables.workspaces, self.workspace_id, before, after.values(), max(log.at for log in logs)
            )
            if logs
            else []
        )
        undone = [Step(put(self.tables.sync_logs, mark)) for log in logs for mark in self._marks_of_undo(log)]
        self.dynamo.transact([self._still_ours(), *steps, *rows, *undone, *counted])
        self._logs |= after

    def _marks_of_undo(self, log: SyncLog) -> Iterator[Item]:
        """That *log* undid parts of another row, where it did."""
        if log.reverts is None or log.outcome is not Outcome.SUCCESS:
            return
        expires_at = int((log.at + timedelta(days=KEEP_OVERWRITTEN_DAYS)).timestamp())
        for part in parts_of(log):
            key = within(self.workspace_id, keys.undone(log.reverts, part))
            yield key | {"by": log.id, "expires_at": expires_at}

    def _still_ours(self) -> Step:
        holds = when("#owner = :owner AND #fence = :fence", owner=self.lease.owner, fence=self.lease.fence)
        lost = LostLease("another worker has taken the workspace; it goes on with what is left")
        return Step(check(self.tables.workspaces, within(self.workspace_id, keys.LEASE), holds), lost)

    def _change(self, mapping: Mapping) -> _Change:
        after = mapping.but(version=mapping.version + 1)
        folded = records.write(after)
        will_be = _Stored.of(after, folded.blobs, counts.counters_of_mapping(after))
        return _Change(after, self._before(mapping), will_be, folded, self._shelf(mapping.id))

    def _steps(self, change: _Change) -> Iterable[Step]:
        item = self._item(change.after, change.folded, change.will_be.counted)
        yield Step(put(self.tables.mappings, item, unchanged(change.was.version)), _moved_on(change.after))
        yield from self._marker(change)
        yield from self._waits(change)

    def _pointers(self, changes: Sequence[_Change]) -> Iterable[Step]:
        """One operation for each: DynamoDB takes no two on one item, so what is handed over is put where it was."""
        had = {sort_key: change.after.id for change in changes for sort_key in change.was.pointers}
        has = {sort_key: change.after.id for change in changes for sort_key in change.will_be.pointers}
        taken = StaleMapping("another mapping pairs the entity or the page already; read it instead")
        if len(has) < sum(len(change.will_be.pointers) for change in changes):
            raise taken
        for sort_key, id in sorted(has.items() - had.items()):
            handed_over = when("#mapping_id = :giver", giver=had[sort_key]) if sort_key in had else None
            free = when("attribute_not_exists(#pk) OR #mapping_id = :id", id=id)
            item = within(self.workspace_id, sort_key) | {"mapping_id": id}
            yield Step(put(self.tables.mappings, item, handed_over or free), taken)
        for sort_key in sorted(had.keys() - has.keys()):
            yield Step(delete(self.tables.mappings, within(self.workspace_id, sort_key)))

    def _marker(self, change: _Change) -> Iterable[Step]:
        key = within(self.workspace_id, keys.open_create(change.after.id))
        if change.will_be.has_open_create and not change.was.has_open_create:
            yield Step(put(self.tables.mappings, key | {"mapping_id": change.after.id}))
        if change.was.has_open_create and not change.will_be.has_open_create:
            yield Step(delete(self.tables.mappings, key))

    def _waits(self, change: _Change) -> Iterable[Step]:
        for counter in filter(_is_of_waiting, change.was.counted ^ change.will_be.counted):
            key = within(self.workspace_id, keys.marker(counter, change.after.id))
            marker = put(self.tables.mappings, key | {"mapping_id": change.after.id})
            yield Step(marker if counter in change.will_be.counted else delete(self.tables.mappings, key))

    def _counters(self, changes: Sequence[_Change]) -> Sequence[Step]:
        """All in one operation, for they are of one item."""
        before = [counter for change in changes for counter in change.was.counted]
        after = [counter for change in changes for counter in change.will_be.counted]
        return counts.move_mappings(self.tables.workspaces, self.workspace_id, before, after)

    def _item(self, mapping: Mapping, folded: Folded, counted: Iterable[str]) -> Item:
        kind, project = MappingKind.of(mapping), project_of(mapping)
        partition = keys.partition(self.workspace_id)
        return {
            **within(self.workspace_id, keys.mapping(mapping.id)),
            "id": mapping.id,
            "version": mapping.version,
            "body": folded.text,
            "counted": " ".join(sorted(counted)),
            "list_standing": keys.listed(self.workspace_id, kind.standing, mapping.entity_type),
            **({"list_all": partition} if kind.standing in LISTED else {}),
            **({} if project is None else {"list_project": keys.of_project(self.workspace_id, project)}),
        }

    def _log_item(self, log: SyncLog, kind: LogKind) -> Item:
        expires_at = kind.expires_at(log.at)
        folded = records.write(log)
        self._log_shelf(log.id).store(folded, expires_at=expires_at)
        partition = keys.partition(self.workspace_id)
        item: Item = {
            **within(self.workspace_id, keys.log(log.id)),
            "id": log.id,
            "body": folded.text,
            "list_all": partition,
            "list_outcome": f"{partition}#{log.outcome}",
            "list_run": f"{partition}#{log.run_id}",
            "at_id": keys.at_id(log),
            "operation": log.operation.value,
            "expires_at": expires_at,
        }
        record = keys.record_of(log)
        return (
            item
            | ({} if log.entity_type is None else {"entity_type": log.entity_type.value})
            | ({} if record is None else {"list_record": f"{partition}#{record}"})
        )

    # --- what is known ------------------------------------------------------------------------------------------

    def _before(self, mapping: Mapping) -> _Stored:
        """What is stored now, without a read where this worker knows it. Raises `StaleMapping`."""
        if mapping.version == 0:
            return _UNSTORED
        stored = self._stored.get(mapping.id)
        if stored is None or stored.version != mapping.version:
            self.load(mapping.id)
            stored = self._stored.get(mapping.id)
        if stored is None or stored.version != mapping.version:
            raise _moved_on(mapping)
        return stored

    def _log_before(self, log: SyncLog) -> LogKind | None:
        if log.id not in self._logs:
            self.log(log.id)
        return self._logs[log.id]

    def _pointed_at(self, sort_key: str) -> Mapping | None:
        pointer = self.dynamo.get(self.tables.mappings, within(self.workspace_id, sort_key))
        return None if pointer is None else self.load(pointer["mapping_id"])

    def _items_after(self, mapping_id: int, limit: int) -> Iterator[Item]:
        first, last = keys.mapping(mapping_id + 1), keys.mapping(LAST_ID)
        found = self.dynamo.query(
            self.tables.mappings,
            when(
                "#pk = :pk AND #sk BETWEEN :first AND :last",
                pk=keys.partition(self.workspace_id), first=first, last=last,
            ),
            Limit=limit,
        )  # fmt: skip
        return islice(found, limit)

    def _outline(self, item: Item) -> Outline:
        outline = records.read_part(Outline, item["body"], self._shelf(item["id"]))
        project = item.get("list_project")
        every = keys.of_project(self.workspace_id, "")
        return outline if project is None else replace(outline, project=project.removeprefix(every))

    def _read(self, item: Item) -> Mapping:
        shelf = self._shelf(item["id"])
        mapping = records.read(Mapping, item["body"], shelf)
        self._stored[mapping.id] = _Stored.of(mapping, shelf.taken, frozenset(item["counted"].split()))
        return mapping

    def _read_log(self, item: Item) -> SyncLog:
        log = records.read(SyncLog, item["body"], self._log_shelf(item["id"]))
        self._logs[log.id] = LogKind.of(log)
        return log

    def _shelf(self, mapping_id: int) -> Shelf:
        return Shelf.of(self.dynamo, self.tables.mappings, self.workspace_id, mapping_owner(mapping_id))

    def _log_shelf(self, log_id: int) -> Shelf:
        return Shelf.of(self.dynamo, self.tables.sync_logs, self.workspace_id, log_owner(log_id))


def mapping_owner(mapping_id: int) -> str:
    """Whose a mapping's long values are."""
    return f"m{mapping_id}"


def log_owner(log_id: int) -> str:
    """Whose a row's long values are."""
    return f"l{log_id}"


def _pointer_keys(mapping: Mapping) -> frozenset[str]:
    entity = [] if mapping.entity is None else [keys.entity(mapping.entity)]
    page = [] if mapping.page_id is None else [keys.page(mapping.page_id)]
    return frozenset({*entity, *page})


def _is_of_waiting(counter: str) -> bool:
    return counter.startswith(keys.WAITS)


def _moved_on(mapping: Mapping) -> StaleMapping:
    return StaleMapping(f"mapping {mapping.id} has been saved by somebody else since; read it again")
