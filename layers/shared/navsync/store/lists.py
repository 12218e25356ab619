"""What do people see in lists of mappings and of the sync log?"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as MappingOf
from copy import replace
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, product

from navsync import pairing
from navsync.attention import Cause
from navsync.figures import Figures
from navsync.model import EntityRef, EntityType, Mapping, Operation, Outcome, SyncLog
from navsync.standing import ATTENTION, LISTED, Outline, Standing
from navsync.store import counts, keys, records
from navsync.store.counts import Counts, LogKind
from navsync.store.dynamo import MOST_READ, Dynamo, Expression, Item, Key, when
from navsync.store.keys import Tables
from navsync.store.ledger import log_owner, mapping_owner
from navsync.store.records import Shelf
from navsync.undoing import parts_of

MOST_BELOW = 1_000
"""So many pairs that belong to one project are counted."""

MOST_TURNS = 20
"""So often an undo, and the undo of that, is followed: nobody changes their mind oftener."""


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A part of a list, newest first. It may be short of what was asked for though the list goes on."""

    items: Sequence[T]
    total: int
    cursor: str | None
    """Where the next part starts; None at the end."""
    total_is_exact: bool = True
    """False: there are at least so many. Counting all would read a whole index."""


def merged[T](
    parts: Iterable[tuple[Sequence[T], str | None]], place: Callable[[T], str], *, skip: int, limit: int
) -> tuple[list[T], str | None]:
    """One part of what several lists hold together, newest first, and where the next one starts.

    Of each list come its newest items and, where there may be more, the place up to which it was read: nothing older
    than the newest of these places is told yet, for another list might hold something newer.
    """
    every = list(parts)
    read_to = max((end for _, end in every if end is not None), default="")
    newest_first = heapq.merge(*(items for items, _ in every), key=place, reverse=True)
    known = [item for item in newest_first if place(item) >= read_to]
    most = skip + limit
    return known[skip:most], place(known[most - 1]) if len(known) > most else read_to or None


@dataclass(frozen=True, slots=True)
class MappingFilter:
    """Which mappings to list; None is any."""

    standings: Collection[Standing] = LISTED
    entity_type: EntityType | None = None
    media_project_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows of the sync log to list; None is any.

    Of *run_id* and *records* one at most; neither goes with *outcomes*, since each has an index of its own.
    """

    run_id: str | None = None
    records: Collection[str] | None = None
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
        workspace_ids: Collection[int],
        chosen: MappingFilter = MappingFilter(),
        *,
        skip: int = 0,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Mapping]:
        """Mappings of these workspaces, newest first. Only those that are shown are read whole."""
        kinds = {id: self.counts(id) for id in workspace_ids}
        last = 2**53 if cursor is None else int(cursor) - 1
        slices = [each for id, known in kinds.items() for each in _mapping_slices(id, chosen, known, last)]
        rows, ends_at = self._rows(self.tables.mappings, slices, _place_of_id, skip, limit)
        items = self._whole(self.tables.mappings, rows)
        total, is_exact = self._mapping_total(chosen, kinds)
        return Page([self._mapping(keys.workspace_of(item), item) for item in items], total, ends_at, is_exact)

    def attention(self, workspace_id: int, *, limit: int = 100) -> Sequence[Mapping]:
        """Mappings that wait for a person, newest first."""
        return self.mappings([workspace_id], MappingFilter(ATTENTION), limit=limit).items

    def mapping(self, workspace_id: int, mapping_id: int) -> Mapping | None:
        """One mapping, read consistently."""
        item = self.dynamo.get(self.tables.mappings, keys.within(workspace_id, keys.mapping(mapping_id)))
        return None if item is None else self._mapping(workspace_id, item)

    def mapping_of_entity(self, workspace_id: int, entity: EntityRef) -> Mapping | None:
        """The mapping that pairs *entity*, or the record that was made again of it."""
        paired = self._pointed_at(workspace_id, keys.entity(entity))
        if paired is not None or (latest := pairing.latest_id(self, entity)) == entity.id:
            return paired
        return self._pointed_at(workspace_id, keys.entity(EntityRef(entity.type, latest)))

    def remade(self, entity: EntityRef) -> str | None:
        """Id of the record that a workspace, of the caller or not, has made again of *entity*, which was deleted."""
        item = self.dynamo.get(self.tables.workspaces, keys.remade(entity))
        return None if item is None else str(item["id"])

    def mapping_of_page(self, workspace_id: int, page_id: str) -> Mapping | None:
        """The mapping that pairs the page."""
        return self._pointed_at(workspace_id, keys.page(page_id))

    def counts(self, workspace_id: int) -> Counts:
        """How many mappings there are of each kind."""
        return counts.mapping_counts(self.dynamo, self.tables.workspaces, workspace_id)

    def waiting(
        self, workspace_id: int, cause: Cause, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[int], str | None]:
        """Ids of the mappings that wait because of *cause*, newest first, and where the rest starts."""
        last = 10**16 - 1 if cursor is None else int(cursor) - 1
        if last < 0:
            return [], None  # DynamoDB refuses a range that ends before it begins
        counter = keys.waits(cause)
        bounds = {"first": keys.marker(counter, 0), "last": keys.marker(counter, last)}
        marked = when("#pk = :pk AND #sk BETWEEN :first AND :last", pk=keys.partition(workspace_id), **bounds)
        found, end = self.dynamo.part(self.tables.mappings, marked, most=limit, room=MOST_READ, ScanIndexForward=False)
        return [marker["mapping_id"] for marker in found], None if end is None else f"{found[-1]['mapping_id']:016d}"

    def mappings_of(self, workspace_id: int, mapping_ids: Iterable[int]) -> Sequence[Mapping]:
        """The mappings of these ids, those that there are, in no order; read consistently."""
        wanted = [keys.within(workspace_id, keys.mapping(id)) for id in mapping_ids]
        return [self._mapping(workspace_id, item) for item in self.dynamo.get_many(self.tables.mappings, wanted)]

    def below(self, project: Mapping, *, most: int) -> Page[Outline]:
        """The pairs that belong to *project*, those that were made first: *most* of them, and how many there are."""
        listed = [keys.listed(project.workspace_id, each, kind) for each, kind in product(LISTED, EntityType)]
        of_project = when("#list_project = :of", of=keys.of_project(project.workspace_id, project.entity_id or ""))
        found, end = self.dynamo.part(
            self.tables.mappings,
            of_project,
            most=MOST_BELOW,
            room=MOST_READ,
            index="by_project",
            where=_where({"list_standing": listed}),
            ConsistentRead=False,
        )
        rows = [row for row in found if row["id"] != project.id]
        shown = [self._outline(item) for item in self._whole(self.tables.mappings, rows[:most])]
        return Page(shown, len(rows), None, total_is_exact=end is None)

    def _mapping_total(self, chosen: MappingFilter, kinds: dict[int, Counts]) -> tuple[int, bool]:
        if chosen.media_project_id is None:
            return sum(known.of(chosen.standings, chosen.entity_type) for known in kinds.values()), True
        slices = [each for id, known in kinds.items() for each in _mapping_slices(id, chosen, known, 2**53)]
        return self._count(self.tables.mappings, slices)

    def _pointed_at(self, workspace_id: int, sort_key: str) -> Mapping | None:
        pointer = self.dynamo.get(self.tables.mappings, keys.within(workspace_id, sort_key))
        return None if pointer is None else self.mapping(workspace_id, pointer["mapping_id"])

    def _mapping(self, workspace_id: int, item: Item) -> Mapping:
        shelf = Shelf.of(self.dynamo, self.tables.mappings, workspace_id, mapping_owner(item["id"]))
        return records.read(Mapping, item["body"], shelf)

    def _outline(self, item: Item) -> Outline:
        shelf = Shelf.of(self.dynamo, self.tables.mappings, keys.workspace_of(item), mapping_owner(item["id"]))
        return records.read_part(Outline, item["body"], shelf)

    # --- the sync log -------------------------------------------------------------------------------------------

    def sync_logs(
        self,
        chosen: dict[int, LogFilter],
        *,
        now: datetime,
        skip: int = 0,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[SyncLog]:
        """Rows of the sync logs that are kept at *now*, of each workspace those chosen, newest first."""
        slices = [each for id, rows in chosen.items() for each in _log_slices(id, rows, now, cursor)]
        rows, ends_at = self._rows(self.tables.sync_logs, slices, _place_of_moment, skip, limit)
        items = self._whole(self.tables.sync_logs, rows)
        total, is_exact = self._log_total(chosen, now)
        return Page([self._log(keys.workspace_of(item), item) for item in items], total, ends_at, is_exact)

    def log(self, workspace_id: int, log_id: int, *, now: datetime) -> SyncLog | None:
        """One row, read consistently, while it is kept: the table forgets it hours after that."""
        item = self.dynamo.get(self.tables.sync_logs, keys.within(workspace_id, keys.log(log_id)))
        return None if item is None or item["expires_at"] <= now.timestamp() else self._log(workspace_id, item)

    def undone(self, rows: Iterable[SyncLog]) -> MappingOf[int, int]:
        """Ids of those of *rows* of which nothing is left to undo, and of the row by which each was undone last.

        What undid a row may be undone, too: then the row holds again.
        """
        parts = {row.id: [_Part(row.workspace_id, row.id, name) for name in parts_of(row)] for row in rows}
        known = self._undone(chain.from_iterable(parts.values()))
        whole = (id for id, each in parts.items() if each and all(_is_undone(part, known) for part in each))
        return {id: max(known[part].log_id for part in parts[id]) for id in whole}

    def _undone(self, parts: Iterable[_Part]) -> MappingOf[_Part, _Part]:
        """What undid *parts*, and what undid that, and so on."""
        known: dict[_Part, _Part] = {}
        asked = {_place_of_key(part.key): part for part in parts}
        for _ in range(MOST_TURNS):
            marks = self.dynamo.get_many(self.tables.sync_logs, [part.key for part in asked.values()])
            found = {(part := asked[_place_of_key(mark)]): replace(part, log_id=mark["by"]) for mark in marks}
            known |= found
            asked = {_place_of_key(part.key): part for part in found.values() if part not in known}
        return known

    def log_count(self, workspace_id: int, chosen: LogFilter, *, now: datetime) -> int:
        """How many rows of the sync log are kept at *now* that ended so, did that or are about such a record."""
        return counts.log_count(self.dynamo, self.tables.workspaces, workspace_id, partial(_takes, chosen), now)

    def figures(self, workspace_id: int, first: str, last: str) -> Sequence[Figures]:
        """What the days from *first* to *last* came to, oldest first."""
        return list(counts.figures_of_days(self.dynamo, self.tables.workspaces, workspace_id, first, last))

    def _log_total(self, chosen: dict[int, LogFilter], now: datetime) -> tuple[int, bool]:
        kept = sum(self.log_count(id, rows, now=now) for id, rows in chosen.items() if _is_counted(rows))
        others = [(id, rows) for id, rows in chosen.items() if not _is_counted(rows)]
        slices = [each for id, rows in others for each in _log_slices(id, rows, now, None)]
        found, is_exact = self._count(self.tables.sync_logs, slices)
        return kept + found, is_exact

    def _log(self, workspace_id: int, item: Item) -> SyncLog:
        shelf = Shelf.of(self.dynamo, self.tables.sync_logs, workspace_id, log_owner(item["id"]))
        return records.read(SyncLog, item["body"], shelf)

    # --- both ---------------------------------------------------------------------------------------------------

    def _rows(
        self, table: str, slices: Sequence[_Slice], place: Callable[[Item], str], skip: int, limit: int
    ) -> tuple[Sequence[Item], str | None]:
        """The index's rows of one part, newest first over all *slices*, and where the next one starts."""
        parts = [self._part(table, each, skip + limit, _room(slices)) for each in slices]
        ended = [(rows, None if end is None else place(end)) for rows, end in parts]
        return merged(ended, place, skip=skip, limit=limit)

    def _part(self, table: str, each: _Slice, most: int, room: int) -> tuple[list[Item], Item | None]:
        return self.dynamo.part(
            table,
            each.condition,
            most=most,
            room=room,
            index=each.index,
            where=each.where,
            ConsistentRead=False,
            ScanIndexForward=False,
        )

    def _count(self, table: str, slices: Sequence[_Slice]) -> tuple[int, bool]:
        room, count = _room(slices), self.dynamo.count
        counted = [count(table, each.condition, index=each.index, room=room, where=each.where) for each in slices]
        return sum(number for number, _ in counted), all(is_whole for _, is_whole in counted)

    def _whole(self, table: str, rows: Sequence[Item]) -> Sequence[Item]:
        """The items of the index's *rows*, in their order; one that was removed meanwhile is left out."""
        wanted: list[Key] = [{"pk": row["pk"], "sk": row["sk"]} for row in rows]
        found = {_place_of_key(item): item for item in self.dynamo.get_many(table, wanted)}
        return [found[place] for row in rows if (place := _place_of_key(row)) in found]


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a row of the sync log is undone by itself."""

    workspace_id: int
    log_id: int
    name: str

    @property
    def key(self) -> Key:
        """Where it is kept which row undid it."""
        return keys.within(self.workspace_id, keys.undone(self.log_id, self.name))


def _is_undone(part: _Part, known: MappingOf[_Part, _Part]) -> bool:
    return part in known and not _is_undone(known[part], known)


def _room(slices: Sequence[_Slice]) -> int:
    """How many rows of each may be looked at: what is looked for in several places is not looked for longer."""
    return max(1, MOST_READ // max(1, len(slices)))


def _place_of_key(row: Item) -> tuple[str, str]:
    return row["pk"], row["sk"]


def _place_of_id(row: Item) -> str:
    return f"{row['id']:016d}"


def _place_of_moment(row: Item) -> str:
    place: str = row["at_id"]
    return place


def _is_counted(chosen: LogFilter) -> bool:
    """Whether counters know how many there are."""
    return chosen == LogFilter(outcomes=chosen.outcomes, operations=chosen.operations, entity_type=chosen.entity_type)


def _takes(chosen: LogFilter, kind: LogKind) -> bool:
    """Whether *chosen* is about rows of *kind*, whenever they were written."""
    return (
        (chosen.outcomes is None or kind.outcome in chosen.outcomes)
        and (chosen.operations is None or kind.operation in chosen.operations)
        and chosen.entity_type in (None, kind.entity_type)
    )


def _mapping_slices(workspace_id: int, chosen: MappingFilter, kinds: Counts, last: int) -> Sequence[_Slice]:
    """Where mappings of ids up to *last* are listed. What the counters know to be empty is not asked for."""
    if last < 0:
        return []  # DynamoDB refuses a range that ends before it begins
    partition, entity_types = keys.partition(workspace_id), [chosen.entity_type] if chosen.entity_type else EntityType
    listed = [
        keys.listed(workspace_id, standing, entity_type)
        for standing, entity_type in product(sorted(set(chosen.standings)), entity_types)
        if kinds.of([standing], entity_type)
    ]
    if chosen.media_project_id is not None:
        of_project = when("#list_project = :of AND #id BETWEEN :first AND :last",
                          of=keys.of_project(workspace_id, chosen.media_project_id), first=0, last=last)  # fmt: skip
        return [_Slice("by_project", of_project, _where({"list_standing": listed}))] if listed else []
    if set(chosen.standings) == set(LISTED) and chosen.entity_type is None:
        everything = when("#list_all = :of AND #id BETWEEN :first AND :last", of=partition, first=0, last=last)
        return [_Slice("by_time", everything, None)]
    text = "#list_standing = :of AND #id BETWEEN :first AND :last"
    return [_Slice("by_standing", when(text, of=of, first=0, last=last), None) for of in listed]


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
    runs = None if chosen.run_id is None else [chosen.run_id]
    for index, attribute, names in (("by_run", "list_run", runs), ("by_record", "list_record", chosen.records)):
        if names is not None:
            text = f"#{attribute} = :of AND #at_id BETWEEN :first AND :last"
            return [_Slice(index, when(text, of=f"{partition}#{name}", **bounds), where) for name in names]
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
