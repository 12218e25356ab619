"""Both sides are there: how do their edits travel?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from navsync import merge
from navsync.engine import journal
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Raced, Refused, SyncError
from navsync.fields import SPECS, EntitySpec
from navsync.model import (
    Bases,
    FieldWrite,
    Mapping,
    Operation,
    Outcome,
    Policy,
    Present,
    Side,
    State,
    SyncLog,
    Trouble,
    WriteIntent,
)

BODY_SETTLES = timedelta(minutes=5)
"""Notion floors times to the minute, and clocks differ: an edit as old as this cannot hide a later one."""

type Seen = dict[Side, Present]


def merge_both(bench: Workbench, mapping: Mapping, seen: Seen, run: Run) -> Step:
    """Carry what changed on one side to the other; settle, merge or list what changed on both."""
    spec = SPECS[mapping.entity_type]
    bases = mapping.bases
    if isinstance(mapping.intent, WriteIntent):
        bases = merge.landed(spec, bases, mapping.intent.writes, seen)
    entity, page = seen[Side.NAVIMPACT], seen[Side.NOTION]
    plan = merge.plan(spec, bases, entity, page, policy_of(bench, mapping), direction=run.direction)
    after = mapping.but(
        bases=plan.agreed(bases),
        conflicts=plan.conflicts,
        troubles=plan.troubles,
        state=State.LINKED,
        gone_since=None,
        title=spec.title_of(entity.values),
        body_as_of=_body_as_of(spec, page, bench.clock()),
    )
    if plan.writes:
        after = write(bench, mapping, after, plan.writes, seen, run)
    elif (settled := after.but(intent=None, **HEALTHY)) != mapping:
        after = _save_agreed(bench, mapping, settled, run)
    rewritten = page.key not in (None, str(mapping.entity))  # by a person, or by a late call of ours
    stamp(bench, after.but(stamped=after.stamped and not rewritten))
    return Done()


def policy_of(bench: Workbench, mapping: Mapping) -> Callable[[str], Policy]:
    """Field → who wins its conflicts."""
    return lambda field: bench.workspace.settings.policy_of(mapping.entity_type, field)


def _body_as_of(spec: EntitySpec, page: Present, now: datetime) -> datetime | None:
    settled = page.edited_at is not None and page.edited_at + BODY_SETTLES <= now
    return page.edited_at if spec.has_body and settled else None


def write(
    bench: Workbench,
    before: Mapping,
    mapping: Mapping,
    writes: tuple[merge.Write, ...],
    seen: Seen,
    run: Run,
    *,
    operation: Operation = Operation.UPDATE,
    reverts: int | None = None,
) -> Mapping:
    """Record *writes* and what they overwrite, make them, and agree on what the answers show."""
    started = bench.clock()
    row = bench.row(
        mapping,
        operation,
        run,
        side=journal.only_side(writes),
        changes=tuple(journal.change(w, seen) for w in writes),
        reverts=reverts,
    )
    intent = WriteIntent(tuple(FieldWrite(w.field, w.to, w.value, w.overwrites) for w in writes), row.id)
    ended = journal.closed(bench.ledger, before, mapping.bases)
    mapping = bench.ledger.save(mapping.but(intent=intent), row, *ended, *_conflict_rows(bench, before, mapping, run))
    shown: Seen = {}
    refusals = list(mapping.troubles)
    for side in (
        Side.NOTION,
        Side.NAVIMPACT,
    ):  # Notion first: its read is the freshest, and it cannot refuse a stale one
        mine = [w for w in writes if w.to is side]
        if mine:
            try:
                shown[side] = _send(bench, side, mapping, mine, seen[side])
            except Refused as error:
                refusals.append(journal.refusal(error, side))
            except SyncError:
                _save_half(bench, mapping, merge.remember(mapping.bases, writes, shown))
                raise
    return _save_written(bench, mapping, merge.remember(mapping.bases, writes, shown), refusals, row, started)


def _save_half(bench: Workbench, mapping: Mapping, bases: Bases) -> None:
    """Keep what one side has taken though the other failed: whoever edits it next has seen it."""
    if bases != mapping.bases:
        bench.ledger.save(mapping.but(bases=bases))


def _send(bench: Workbench, side: Side, mapping: Mapping, writes: list[merge.Write], seen: Present) -> Present:
    if side is Side.NAVIMPACT and seen.revision is None:
        seen = _unchanged(bench, mapping, writes, seen)
    changes = {w.field: w.value for w in writes}
    return bench.on(side).update(mapping.entity_type, seen.id, changes, seen=seen)


def _unchanged(bench: Workbench, mapping: Mapping, writes: list[merge.Write], seen: Present) -> Present:
    """Read once more where the platform gives no ETag: Notion was asked since, and the answer may be stale."""
    now = bench.read(Side.NAVIMPACT, mapping)
    if not isinstance(now, Present) or any(now.values[w.field] != seen.values[w.field] for w in writes):
        raise Raced("the record was edited on NavImpact while we were deciding")
    return now


def _save_written(
    bench: Workbench, mapping: Mapping, bases: Bases, refusals: list[Trouble], row: SyncLog, started: datetime
) -> Mapping:
    now = bench.clock()
    failed = len(refusals) > len(mapping.troubles)
    done = replace(
        row,
        outcome=Outcome.FAILED if failed else Outcome.SUCCESS,
        message=refusals[-1].cause if failed else None,
        duration_ms=journal.since(started, now),
    )
    after = mapping.but(bases=bases, intent=None, troubles=tuple(refusals), last_sync_at=now, last_change_at=now)
    return bench.ledger.save(after.but(**HEALTHY), done)


def _save_agreed(bench: Workbench, before: Mapping, after: Mapping, run: Run) -> Mapping:
    rows = [*journal.closed(bench.ledger, before, after.bases), *_conflict_rows(bench, before, after, run)]
    if before.state is not after.state and before.state is not State.CREATING:
        rows.append(bench.row(after, Operation.LINK, run, outcome=Outcome.SUCCESS))
    return bench.ledger.save(after.but(last_sync_at=bench.clock()), *rows)


def _conflict_rows(bench: Workbench, before: Mapping, after: Mapping, run: Run) -> list[SyncLog]:
    new = journal.clashes(before, after)
    return [bench.row(after, Operation.CONFLICT, run, outcome=Outcome.SUCCESS, changes=new)] if new else []


def stamp(bench: Workbench, mapping: Mapping) -> None:
    """Write the entity's id on its page, where it is not there."""
    if mapping.stamped or mapping.entity is None or mapping.page_id is None:
        return
    bench.notion.stamp(mapping.entity_type, mapping.page_id, str(mapping.entity))
    bench.ledger.save(mapping.but(stamped=True))
