"""What do people see in lists of mappings and of the sync log?"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from navsync.figures import Figures
from navsync.model import EntityRef, EntityType, Mapping, Operation, Outcome, SyncLog
from navsync.standing import ATTENTION, LISTED, Standing
from navsync.store import counts, keys, records
from navsync.store.counts import Counts
from navsync.store.dynamo import Dynamo, Expression, Item, Key, when
from navsync.store.keys import Tables
from navsync.store.ledger import log_owner, mapping_owner
from navsync.store.records import Shelf


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A part of a list, newest first. *cursor*: where the next part starts; None at the end."""

    items: Sequence[T]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MappingFilter:
    """Which mappings to list; None is any."""

    standings: Collection[Standing] = LISTED
    entity_type: EntityType | None = None
    media_project_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows of the sync log to list; None is any.

    Of *run_id* and *record* one at most; neither goes with *outcomes*, since each has an index of its own.
    """

    run_id: str | None = None
    record: str | None = None
    """What `keys.record_of` says of a row."""
    outcomes: Collection[Outcome] | None = None
    operations: Collection[Operation] | None = None
    entity_type: EntityType | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Slice:
    """One partition of an index, as a query takes it."""

    index: str
    condition: Expression
    where: Expression | None


class Lists:
    """Read through indexes, which lag by a moment: for people, never for decisions."""

    def __init__(self, dynamo: Dynamo, tables: Tables) -> None:
        self.dynamo = dynamo
        self.tables = tables

    # --- mappings -----------------------------------------------------------------------------------------------

    def mappings(
        self,
        workspace_id: int,
        chosen: MappingFilter = MappingFilter(),
        *,
        skip: int = 0,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Mapping]:
        """Mappings, newest first."""
        slices = _mapping_slices(workspace_id, chosen, None if cursor is None else int(cursor) - 1)
        rows = self._rows(self.tables.mappings, slices, "id", skip, limit)
        items = self._whole(self.tables.mappings, rows)
        return Page(
            [self._mapping(workspace_id, item) for item in items],
            self._mapping_total(workspace_id, chosen),
            str(rows[-1]["id"]) if len(rows) == limit else None,
        )

    def mapping_ids(self, workspace_id: int, chosen: MappingFilter, most: int) -> Sequence[int]:
        """Ids of mappings, newest first, *most* at most; none of them is read."""
        slices = _mapping_slices(workspace_id, chosen, None)
        return [row["id"] for row in self._rows(self.tables.mappings, slices, "id", 0, most)]

    def attention(self, workspace_id: int, *, limit: int = 100) -> Sequence[Mapping]:
        """Mappings that wait for a person, newest first."""
        return self.mappings(workspace_id, MappingFilter(ATTENTION), limit=limit).items

    def mapping(self, workspace_id: int, mapping_id: int) -> Mapping | None:
        """One mapping, read consistently."""
        item = self.dynamo.get(self.tables.mappings, keys.within(workspace_id, keys.mapping(mapping_id)))
        return None if item is None else self._mapping(workspace_id, item)

    def mapping_of_entity(self, workspace_id: int, entity: EntityRef) -> Mapping | None:
        """The mapping that pairs *entity*."""
        return self._pointed_at(workspace_id, keys.entity(entity))

    def mapping_of_page(self, workspace_id: int, page_id: str) -> Mapping | None:
        """The mapping that pairs the page."""
        return self._pointed_at(workspace_id, keys.page(page_id))

    def counts(self, workspace_id: int) -> Counts:
        """How many mappings there are of each kind."""
        return counts.mapping_counts(self.dynamo, self.tables.workspaces, workspace_id)

    def _mapping_total(self, workspace_id: int, chosen: MappingFilter) -> int:
        if chosen.media_project_id is None:
            return self.counts(workspace_id).of(chosen.standings, chosen.entity_type)
        return self._count(self.tables.mappings, _mapping_slices(workspace_id, chosen, None))

    def _pointed_at(self, workspace_id: int, sort_key: str) -> Mapping | None:
        pointer = self.dynamo.get(self.tables.mappings, keys.within(workspace_id, sort_key))
        return None if pointer is None else self.mapping(workspace_id, pointer["mapping_id"])

    def _mapping(self, workspace_id: int, item: Item) -> Mapping:
        shelf = Shelf.of(self.dynamo, self.tables.mappings, workspace_id, mapping_owner(item["id"]))
        return records.read(Mapping, item["body"], shelf)

    # --- the sync log -------------------------------------------------------------------------------------------

    def sync_logs(
        self,
        workspace_id: int,
        chosen: LogFilter = LogFilter(),
        *,
        now: datetime,
        skip: int = 0,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[SyncLog]:
        """Rows of the sync log that are kept at *now*, newest first."""
        slices = _log_slices(workspace_id, chosen, now, cursor)
        rows = self._rows(self.tables.sync_logs, slices, "at_id", skip, limit)
        items = self._whole(self.tables.sync_logs, rows)
        return Page(
            [self._log(workspace_id, item) for item in items],
            self._log_total(workspace_id, chosen, now),
            rows[-1]["at_id"] if len(rows) == limit else None,
        )

    def log(self, workspace_id: int, log_id: int, *, now: datetime) -> SyncLog | None:
        """One row, read consistently, while it is kept: the table forgets it hours after that."""
        item = self.dynamo.get(self.tables.sync_logs, keys.within(workspace_id, keys.log(log_id)))
        return None if item is None or item["expires_at"] <= now.timestamp() else self._log(workspace_id, item)

    def log_count(self, workspace_id: int, outcomes: Collection[Outcome], *, now: datetime) -> int:
        """How many rows of the sync log ended so, of those that are kept at *now*."""
        return counts.log_count(self.dynamo, self.tables.workspaces, workspace_id, outcomes, now)

    def figures(self, workspace_id: int, first: str, last: str) -> Sequence[Figures]:
        """What the days from *first* to *last* came to, oldest first."""
        return list(counts.figures_of_days(self.dynamo, self.tables.workspaces, workspace_id, first, last))

    def _log_total(self, workspace_id: int, chosen: LogFilter, now: datetime) -> int:
        if chosen == LogFilter(outcomes=chosen.outcomes):
            return self.log_count(workspace_id, chosen.outcomes or tuple(Outcome), now=now)
        return self._count(self.tables.sync_logs, _log_slices(workspace_id, chosen, now, None))

    def _log(self, workspace_id: int, item: Item) -> SyncLog:
        shelf = Shelf.of(self.dynamo, self.tables.sync_logs, workspace_id, log_owner(item["id"]))
        return records.read(SyncLog, item["body"], shelf)

    # --- both ---------------------------------------------------------------------------------------------------

    def _rows(self, table: str, slices: Sequence[_Slice], order: str, skip: int, limit: int) -> Sequence[Item]:
        """The index's rows of one page, newest first over all *slices*."""
        newest_first = [self._query(table, each, skip + limit) for each in slices]
        by_order: Callable[[Item], int | str] = lambda row: row[order]  # noqa: E731 - a key, used once
        return list(islice(heapq.merge(*newest_first, key=by_order, reverse=True), skip, skip + limit))

    def _query(self, table: str, each: _Slice, most: int) -> Iterator[Item]:
        return self.dynamo.query(
            table,
            each.condition,
            index=each.index,
            where=each.where,
            ConsistentRead=False,
            ScanIndexForward=False,
            Limit=min(most, 1000),
        )

    def _count(self, table: str, slices: Iterable[_Slice]) -> int:
        return sum(self.dynamo.count(table, each.condition, index=each.index, where=each.where) for each in slices)

    def _whole(self, table: str, rows: Sequence[Item]) -> Sequence[Item]:
        """The items of the index's *rows*, in their order; one that was removed meanwhile is left out."""
        wanted: list[Key] = [{"pk": row["pk"], "sk": row["sk"]} for row in rows]
        found = {item["sk"]: item for item in self.dynamo.get_many(table, wanted)}
        return [found[row["sk"]] for row in rows if row["sk"] in found]


def _mapping_slices(workspace_id: int, chosen: MappingFilter, newest: int | None) -> Sequence[_Slice]:
    where = _where(
        {
            "entity_type": [chosen.entity_type.value] if chosen.entity_type else [],
            "project_id": [chosen.media_project_id] if chosen.media_project_id else [],
        }
    )
    last = 2**53 if newest is None else newest
    if last < 0:
        return []  # DynamoDB refuses a range that ends before it begins
    partition = keys.partition(workspace_id)
    if set(chosen.standings) == set(LISTED):
        everything = when("#list_all = :of AND #id BETWEEN :first AND :last", of=partition, first=0, last=last)
        return [_Slice("by_time", everything, where)]
    text = "#list_standing = :of AND #id BETWEEN :first AND :last"
    return [
        _Slice("by_standing", when(text, of=f"{partition}#{standing}", first=0, last=last), where)
        for standing in sorted(set(chosen.standings))
    ]


def _log_slices(workspace_id: int, chosen: LogFilter, now: datetime, cursor: str | None) -> Sequence[_Slice]:
    where = _where(
        {
            "entity_type": [chosen.entity_type.value] if chosen.entity_type else [],
            "operation": [operation.value for operation in chosen.operations or ()],
        },
        when("#expires_at > :now", now=int(now.timestamp())),
    )
    first = "" if chosen.since is None else keys.moment(chosen.since)
    # In an id's place "~" sorts after and "!" before every digit: at or before *until*, before *cursor*.
    last = "~" if chosen.until is None else f"{keys.moment(chosen.until)}#~"
    last = last if cursor is None else min(last, _just_before(cursor))
    partition = keys.partition(workspace_id)
    bounds = {"first": first or "0", "last": last}
    if bounds["first"] > last:
        return []  # DynamoDB refuses a range that ends before it begins
    for index, attribute, named in (("by_run", "list_run", chosen.run_id), ("by_record", "list_record", chosen.record)):
        if named is not None:
            text = f"#{attribute} = :of AND #at_id BETWEEN :first AND :last"
            return [_Slice(index, when(text, of=f"{partition}#{named}", **bounds), where)]
    if chosen.outcomes is None:
        return [
            _Slice(
                "by_time", when("#list_all = :of AND #at_id BETWEEN :first AND :last", of=partition, **bounds), where
            )
        ]
    text = "#list_outcome = :of AND #at_id BETWEEN :first AND :last"
    return [
        _Slice("by_outcome", when(text, of=f"{partition}#{outcome}", **bounds), where)
        for outcome in sorted(set(chosen.outcomes))
    ]


def _just_before(at_id: str) -> str:
    moment, _, log_id = at_id.partition("#")
    return f"{moment}#{int(log_id) - 1:016d}"


def _where(allowed: dict[str, Sequence[str]], also: Expression | None = None) -> Expression | None:
    """A filter by attributes' allowed values; None where everything is allowed."""
    texts, names, values = ([also.text], dict(also.names), dict(also.values)) if also else ([], {}, {})
    for name, options in allowed.items():
        if not options:
            continue
        marks = {f"{name}{n}": option for n, option in enumerate(options)}
        texts.append(f"#{name} IN ({', '.join(f':{mark}' for mark in marks)})")
        names[name] = name
        values |= marks
    return Expression(" AND ".join(texts), names, values) if texts else None
