"""What belongs to a project, and goes with it when NavImpact deletes it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import replace
from datetime import datetime

from navsync import reconcile
from navsync.engine import journal
from navsync.engine.steps import Run
from navsync.engine.workbench import CLOCKS_APART, Workbench
from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import (
    EntityRef,
    EntityType,
    Gone,
    Mapping,
    Operation,
    Outcome,
    Present,
    RemoveIntent,
    Side,
    SyncLog,
    Values,
)

MOST_LISTINGS = 5
"""So often what goes with a project is listed before its deletion is put off: people are at work on it."""


def children(bench: Workbench, mapping: Mapping) -> frozenset[EntityRef]:
    """The records that belong to it, which NavImpact would delete along with it."""
    return frozenset(EntityRef(kind, child.id) for kind, child in those_below(bench, mapping))


def those_below(
    bench: Workbench, mapping: Mapping, since: datetime | None = None
) -> Iterator[tuple[EntityType, Present]]:
    """The records that belong to it, as NavImpact lists them: all, or those that were changed since *since*."""
    if mapping.entity_type is not EntityType.MEDIA_PROJECT:
        return
    for kind in (t for t in SPECS if t is not EntityType.MEDIA_PROJECT):
        for child in reconcile.records(bench.navimpact, kind, since):
            if child.values.get("project") == (mapping.entity_id,):
                yield kind, child


def changed_since(bench: Workbench, mapping: Mapping, since: datetime | None) -> dict[EntityRef, Values]:
    """What those say that were edited or added since *since*, and shortly before: NavImpact's clock may be behind."""
    if since is None:
        return {}
    edited = those_below(bench, mapping, since - CLOCKS_APART)
    return {EntityRef(kind, child.id): child.values for kind, child in edited}


def record(
    bench: Workbench, mapping: Mapping, intent: RemoveIntent, run: Run
) -> tuple[Mapping, RemoveIntent, list[SyncLog]]:
    """Record in the history what NavImpact deletes along with it, anew before each try: it may have been edited since.

    It is listed until nothing is new, for what people add while rows are saved goes too. Raises `Unavailable` where
    they go on and on.
    """
    if intent.on is Side.NOTION:
        return mapping, intent, []
    bench.ledger.record(*told(bench, intent))
    recorded: dict[EntityRef, SyncLog] = {}
    for _ in range(MOST_LISTINGS):
        listed = _rows_of_children(bench, mapping, run, recorded)
        moved = [_ended(bench, each) for child, each in recorded.items() if child not in listed]
        news = [each for child, each in listed.items() if each != recorded.get(child)]
        if not news and not moved:
            return mapping, intent, list(recorded.values())
        intent = replace(intent, also=tuple(dict.fromkeys((*intent.also, *(each.id for each in news)))))
        mapping = bench.ledger.save(mapping.but(intent=intent))  # the ids first: a row that nobody knows is never ended
        bench.ledger.record(*moved, *news)
        recorded = listed
    raise Unavailable("people are at work on what belongs to it; it is deleted when they pause")


def _rows_of_children(
    bench: Workbench, mapping: Mapping, run: Run, recorded: dict[EntityRef, SyncLog]
) -> dict[EntityRef, SyncLog]:
    """A row for each of them as it is now: the one of *recorded*, where it has one."""
    rows: dict[EntityRef, SyncLog] = {}
    for kind, child in those_below(bench, mapping):
        entity = EntityRef(kind, child.id)
        changes = journal.removal(Side.NAVIMPACT, child, "deleted with its project")
        row = recorded.get(entity) or _row_of_child(bench, mapping, entity, run)
        rows[entity] = replace(row, title=SPECS[kind].title_of(child.values), changes=changes)
    return rows


def _row_of_child(bench: Workbench, project: Mapping, child: EntityRef, run: Run) -> SyncLog:
    pair = bench.ledger.of_entity(child)
    about = pair or bench.new_mapping(child.type, entity_id=child.id)
    row = bench.row(about, Operation.DELETE, run, side=Side.NAVIMPACT)
    return replace(row, mapping_id=pair.id if pair else None, deleted_with=project.id)


def told(bench: Workbench, intent: RemoveIntent) -> list[SyncLog]:
    """The rows of what was to go along, told to the end: gone, or still there."""
    known = (bench.ledger.log(id) for id in intent.also)
    return [_ended(bench, row) for row in known if row is not None and row.outcome is Outcome.STARTED]


def _ended(bench: Workbench, row: SyncLog) -> SyncLog:
    if row.entity_type is None or row.entity_id is None:
        raise AssertionError(f"row {row.id} tells of no record")
    if isinstance(bench.navimpact.read(row.entity_type, row.entity_id), Gone):
        return replace(row, outcome=Outcome.SUCCESS)
    return replace(row, outcome=Outcome.FAILED, message="it did not go after all")
