"""Work that a person decided: who wins, what is deleted, what is undone?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import replace
from datetime import timedelta
from itertools import islice
from typing import Final

from navsync.conductor.station import Station
from navsync.engine import Done, Result, Run, undo
from navsync.errors import MissingCapability, NotReachable, Refused
from navsync.fields import SPECS
from navsync.model import (
    EVERYTHING,
    UNDOABLE,
    CreateIntent,
    Decision,
    EntityRef,
    EntityType,
    Lane,
    Mapping,
    Operation,
    Outcome,
    Side,
    SyncLog,
    Work,
    WorkKind,
)
from navsync.standing import Outline
from navsync.undoing import Choice, parts_of

AT_ONCE: Final = 100
"""Rows of a run between two looks at the time."""

MOST_WAITING: Final = 10_000
"""So many rows of work are looked through for what an undo has yet to come to."""


def resolve(station: Station, work: Work, run: Run) -> Result:
    """Let one side win a conflict."""
    mapping_id, field, version = work.external_id.split("/")
    mapping = station.ledger.load(int(mapping_id))
    if mapping is None:
        return Done(asked=False)
    run = replace(run, decides=field)
    return station.engine.resolve(mapping, field, version, Side(work.choice or ""), run)


def decide(station: Station, work: Work, run: Run) -> Result:
    """Carry out or call off a deletion that waits, or what waits to be told which record is a row's."""
    mapping_id, _, version = work.external_id.partition("/")
    mapping = station.ledger.load(int(mapping_id))
    if mapping is None:
        return Done(asked=False)
    run = replace(run, decides=EVERYTHING)
    result = station.engine.decide(mapping, version or None, Decision(work.choice or ""), run)
    match mapping.intent:
        case CreateIntent(perhaps_made=str(id)):  # until now it had no page, for it might have been the row's
            station.desk.put(station.work(work, WorkKind.ENTITY, f"{mapping.entity_type}/{id}", choice=None))
    if mapping.entity_type is EntityType.MEDIA_PROJECT:
        _wake_below(station, work, mapping)
    return result


def _wake_below(station: Station, work: Work, project: Mapping) -> None:
    """What belongs to *project* has waited for the decision about it; what an index has late comes within the hour."""

    def wake(pair: Outline) -> None:
        if pair.next_retry_at is not None:
            station.desk.put(station.work(work, WorkKind.MAPPING, str(pair.id), lane=Lane.SWEEP, choice=None))

    if project.entity_id is not None:
        station.each_of_project(project.entity_id, f"decided:{work.run_id}", wake)


def revert(station: Station, work: Work, run: Run) -> Result:
    """Undo one row, or put work for each row of a run. What cannot be undone is said in a row of its own.

    With the deletion of a project, undone as a record, goes the undoing of what went with it.
    """
    scope, _, rest = work.external_id.partition("/")
    if scope == "run":
        _put_each(station, work, rest)
        return Done(asked=False)
    log_id, _, field = rest.partition("/")
    row = station.ledger.log(int(log_id))
    mapping = undo.of_row(station.engine, row) if row else None
    if row is None or mapping is None:
        return Done(asked=False)
    choice = Choice(field or None, Side(work.choice) if work.choice else None)
    result: Result = Done()
    try:
        result = station.engine.revert(mapping, row, choice, replace(run, decides=EVERYTHING))
    except (Refused, NotReachable, MissingCapability) as error:
        if isinstance(error, undo.OutOfTurn) and (error.is_coming or _is_to_undo(station, work, error.those)):
            station.put_off(work, station.tools.clock() + station.pause(work.attempts))
            return result
        if not _was_undone(station, row, run):
            _tell_refused(station, mapping, row, error, run)
            if not isinstance(error, undo.UndoneAlready):  # else what went with it may still be gone
                return result
    if scope == "record" and row.operation is Operation.DELETE and row.entity_type is EntityType.MEDIA_PROJECT:
        _put_each(station, work, row.run_id, with_project=mapping.id)
    return result


def _tell_refused(station: Station, mapping: Mapping, row: SyncLog, error: Exception, run: Run) -> None:
    refused = station.engine.row(
        mapping, Operation.REVERT, run, outcome=Outcome.FAILED, message=str(error), reverts=row.id
    )
    station.ledger.record(refused)


def _is_to_undo(station: Station, work: Work, those: Collection[EntityRef]) -> bool:
    """Whether the same undo has yet to come to one of *those*, such as after a call that failed."""
    waiting = station.desk.pending(work.lane, limit=MOST_WAITING)
    others = [each for each in waiting if (each.kind, each.run_id) == (work.kind, work.run_id) and each != work]
    rows = (station.ledger.log(int(each.external_id.split("/")[1])) for each in others)
    return any(row and row.entity_type and EntityRef(row.entity_type, row.entity_id or "") in those for row in rows)


def _was_undone(station: Station, row: SyncLog, run: Run) -> bool:
    """Whether *run* did undo *row*, and died before it could say so: then that was the last thing it did.

    Of an undo that was cut short, what only one side took travels on as an edit; a field that neither took does not.
    """
    latest = list(islice(station.ledger.logs_of_run(run.id), AT_ONCE))
    its = [log for log in latest if log.reverts == row.id]
    undone = [log for log in its if log.outcome is Outcome.SUCCESS]
    cut = [log for log in its if log.outcome is Outcome.FAILED and log.operation is Operation.REVERT]
    return (bool(undone) and _fields(cut) <= _fields(undone)) or _with_other_half(station, row, latest)


def _with_other_half(station: Station, row: SyncLog, latest: Iterable[SyncLog]) -> bool:
    """Whether *row* is half of an undo that was cut between its sides, and *latest* put back both with its other half.

    Both halves are of the same run, which undid the same row.
    """
    if row.operation is not Operation.REVERT:
        return False
    done = (log for log in latest if log.mapping_id == row.mapping_id and log.outcome is Outcome.SUCCESS)
    others = (station.ledger.log(log.reverts) for log in done if log.reverts and _fields([row]) <= _fields([log]))
    return any(other and (other.run_id, other.reverts) == (row.run_id, row.reverts) for other in others)


def _fields(rows: Iterable[SyncLog]) -> set[str]:
    return {change.field for row in rows for change in row.changes}


def _put_each(station: Station, work: Work, run_id: str, *, with_project: int | None = None) -> None:
    """Work for each row, behind people's edits, going on behind the last that an earlier slice got to.

    *with_project*: only for those of what was deleted with the project of this mapping.
    """
    name = f"undo:{work.external_id}:{work.run_id}"
    start, _, last = (station.desk.cursor(name) or "0/").partition("/")
    before = station.ledger.log(int(last)) if last else None
    for place, row in enumerate(station.ledger.logs_of_run(run_id, before=before), int(start) + 1):
        is_meant = with_project in (None, row.deleted_with) and not _is_told_by_its_record(station, row)
        if is_meant and row.outcome is Outcome.SUCCESS and row.operation in UNDOABLE and parts_of(row):
            due = work.due + _turn(row, place)
            station.desk.put(station.work(work, WorkKind.REVERT, f"log/{row.id}", lane=Lane.SWEEP, due=due))
        if place % AT_ONCE == 0:
            station.desk.move_cursor(name, f"{place:09d}/{row.id}")
            station.check_time()
    station.desk.clear_cursor(name)


def _is_told_by_its_record(station: Station, row: SyncLog) -> bool:
    """Whether *row* is of a page that went as its record had, with a project: that record's row brings both back."""
    if row.side is not Side.NOTION or row.deleted_with is None:
        return False
    project = station.ledger.load(row.deleted_with)
    removal = project and project.removed_by and station.ledger.log(project.removed_by)
    return bool(removal and removal.side is Side.NAVIMPACT and removal.run_id == row.run_id)


def _turn(row: SyncLog, place: int) -> timedelta:
    """How long after the request the row's turn comes: the latest first; but what was deleted, parents first."""
    depth = 0
    if row.operation is Operation.DELETE and row.entity_type is not None:
        depth = 1 + list(SPECS).index(row.entity_type)
    return depth * timedelta(milliseconds=10) + place * timedelta(microseconds=1)
