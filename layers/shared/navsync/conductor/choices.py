"""Work that a person decided: who wins, what is deleted, what is undone?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from navsync.conductor.station import Station
from navsync.engine import Choice, Done, Result, Run
from navsync.errors import MissingCapability, NotReachable, Refused
from navsync.fields import SPECS
from navsync.model import (
    UNDOABLE,
    Decision,
    EntityType,
    Lane,
    Operation,
    Outcome,
    Side,
    SyncLog,
    Work,
    WorkKind,
)


def resolve(station: Station, work: Work, run: Run) -> Result:
    """Let one side win a conflict."""
    mapping_id, field, version = work.external_id.split("/")
    mapping = station.ledger.load(int(mapping_id))
    return Done() if mapping is None else station.engine.resolve(mapping, field, version, Side(work.choice or ""), run)


def decide(station: Station, work: Work, run: Run) -> Result:
    """Carry out or call off a deletion that waits."""
    mapping = station.ledger.load(int(work.external_id))
    return Done() if mapping is None else station.engine.decide(mapping, Decision(work.choice or ""), run)


def revert(station: Station, work: Work, run: Run) -> Result:
    """Undo one row, or put work for each row of a run. What cannot be undone is said in a row of its own."""
    scope, _, rest = work.external_id.partition("/")
    if scope == "run":
        _put_each(station, work, _undone_in_order(station.ledger.logs_of_run(rest)))
        return Done()
    log_id, _, field = rest.partition("/")
    row = station.ledger.log(int(log_id))
    mapping = station.ledger.load(row.mapping_id) if row and row.mapping_id else None
    if row is None or mapping is None:
        return Done()
    choice = Choice(field or None, Side(work.choice) if work.choice else None)
    try:
        return station.engine.revert(mapping, row, choice, run)
    except (Refused, NotReachable, MissingCapability) as error:
        if not any(done.reverts == row.id for done in _undone_by(station, run)):  # or it was, and the answer was lost
            outcome = Outcome.FAILED
            station.ledger.record(
                station.engine.row(mapping, Operation.REVERT, run, outcome=outcome, message=str(error), reverts=row.id)
            )
        return Done()


def _undone_by(station: Station, run: Run) -> list[SyncLog]:
    return [row for row in station.ledger.logs_of_run(run.id) if row.reverts and row.outcome is Outcome.SUCCESS]


def _put_each(station: Station, work: Work, rows: Sequence[SyncLog]) -> None:
    """Work for each row, behind people's edits, going on behind the last that an earlier slice got to."""
    name = f"undo:{work.external_id}:{work.run_id}"
    start = int(station.desk.cursor(name) or 0)
    for place, row in enumerate(rows[start:], start):
        if place % 100 == 0:
            station.desk.move_cursor(name, f"{place:09d}")
            station.check_time()
        due = work.due + timedelta(milliseconds=place)
        station.desk.put(station.work(work, WorkKind.REVERT, f"log/{row.id}", lane=Lane.SWEEP, due=due))
    station.desk.clear_cursor(name)


def _undone_in_order(rows: Sequence[SyncLog]) -> list[SyncLog]:
    """The latest first; but what was deleted comes back parents first."""
    order = list(SPECS)
    latest_first = sorted(rows, key=lambda row: -row.id)
    undoable = [row for row in latest_first if row.outcome is Outcome.SUCCESS and row.operation in UNDOABLE]
    return sorted(undoable, key=lambda row: _depth(row, order) if row.operation is Operation.DELETE else -1)


def _depth(row: SyncLog, order: list[EntityType]) -> int:
    return order.index(row.entity_type) if row.entity_type else 0
