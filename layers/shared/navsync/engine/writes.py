"""How are decided values written, so that each is recorded first and none keeps another back?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from dataclasses import dataclass, field
from datetime import timedelta

from navsync import merge, titles
from navsync.engine import half_written, journal, watch
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Run
from navsync.engine.workbench import Workbench
from navsync.errors import Raced, Refused, SyncError
from navsync.fields import SPECS, Kind, field_of
from navsync.model import (
    EVERYTHING,
    Bases,
    Change,
    EntityRef,
    FieldWrite,
    Mapping,
    Operation,
    Outcome,
    Present,
    Side,
    SyncLog,
    Trouble,
    Value,
    Values,
    WriteIntent,
    Written,
)

type Seen = dict[Side, Present]
"""What both sides show."""

HOLD = timedelta(seconds=60)
"""Longer than a read and a write take; a worker that died holds a record no longer."""


@dataclass
class _Delivery:
    """What became of the writes so far."""

    writes: tuple[merge.Write, ...]
    awaited: frozenset[str] = frozenset()
    """Fields of which an edit in Notion was seen before an event told of it."""
    shown: Seen = field(default_factory=dict)
    sent: set[tuple[str, Side]] = field(default_factory=set)
    """Field and side, where the side took it."""
    refused: dict[tuple[str, Side], Trouble] = field(default_factory=dict)
    """Field and side → why that side did not take it."""

    @property
    def taken(self) -> tuple[merge.Write, ...]:
        """What both sides agree on now. A text merged into both that one refused is agreed on by neither."""
        return tuple(w for w in self.writes if w.field not in self.held and (w.field, w.to) in self.sent)

    @property
    def held(self) -> set[str]:
        """Fields that a side did not take."""
        return {name for name, _ in self.refused}

    @property
    def unsent(self) -> set[str]:
        """Fields that a side has yet to take: a batch that it refused is sent in parts, and may stop between two."""
        return {w.field for w in self.writes if (w.field, w.to) not in self.sent}

    def answered(self, side: Side, batch: Sequence[merge.Write], answer: Present) -> None:
        """Keep what *answer* shows of *batch*, and of earlier ones what their own answers showed.

        Absorbing a later answer would swallow an edit that somebody made in between.
        """
        written = {w.field for w in self.writes if w.to is side} - {w.field for w in batch}
        earlier = {name: value for name, value in _values(self.shown.get(side)).items() if name in written}
        self.shown[side] = replace(answer, values={**answer.values, **earlier})
        self.sent |= {(w.field, side) for w in batch}

    def agreed(self, bases: Bases) -> Bases:
        """*bases* with what was taken, as the answers show it."""
        whole = [w for w in self.writes if w.field not in self.held | self.unsent]
        return merge.remember(bases, whole, self.shown)


def _values(seen: Present | None) -> Values:
    return seen.values if seen else {}


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
    by = run
    if (undo := _begun_undo(bench, before)) is not None and rest_of_undo(bench, before, writes) == writes:
        operation, reverts = Operation.REVERT, undo.reverts
        by = replace(run, actor=undo.actor, decides=EVERYTHING)
    changes = tuple(_change(bench, w, seen, by, operation) for w in writes)
    by = replace(by, actor=journal.only_actor(changes))
    interrupted = journal.closed(bench, before, mapping.bases, seen)  # first: the history goes by when a row was begun
    row = bench.row(mapping, operation, by, side=journal.only_side(writes), changes=changes, reverts=reverts)
    intent = WriteIntent(tuple(FieldWrite(w.field, w.to, w.value, w.overwrites) for w in writes), row.id)
    ended = [*interrupted, *conflict_rows(bench, before, mapping, seen, run, writes)]
    named = titles.announced(mapping, seen[Side.NOTION], _page_after(seen[Side.NOTION], writes))
    mapping = bench.ledger.save(mapping.but(intent=intent, named=named), row, *ended)
    delivery = _Delivery(writes, _untold(mapping, seen[Side.NOTION], run))
    for side in _order(bench, mapping, changes):
        try:
            _deliver(bench, mapping, side, delivery, seen[side])
        except SyncError:
            _save_half(bench, mapping, delivery, row)
            raise
    return _save(bench, mapping, delivery, seen, row)


def _order(bench: Workbench, mapping: Mapping, changes: Iterable[Change]) -> tuple[Side, Side]:
    """Notion first: its read is the freshest, and it cannot refuse a stale one.

    But a merged text that takes Notion several requests is in NavImpact before the page shows a half of it: what was
    typed on the page would be nowhere else, should somebody edit that half.
    """
    written = {(change.field, change.side): change for change in changes}
    in_both = (each for (name, to), each in written.items() if to is Side.NOTION and (name, to.other) in written)
    in_parts = any(half_written.takes_several(bench, mapping.entity_type, each) for each in in_both)
    return (Side.NAVIMPACT, Side.NOTION) if in_parts else (Side.NOTION, Side.NAVIMPACT)


def rest_of_undo(bench: Workbench, before: Mapping, writes: Sequence[merge.Write]) -> tuple[merge.Write, ...]:
    """Those of *writes* that an interrupted undo has left; none of a field that gets anything else, too."""
    if _begun_undo(bench, before) is None or not isinstance(before.intent, WriteIntent):
        return ()
    meant = [(w.field, w.to, w.value) for w in before.intent.writes]
    others = {w.field for w in writes if (w.field, w.to, w.value) not in meant}
    return tuple(w for w in writes if w.field not in others)


def _begun_undo(bench: Workbench, before: Mapping) -> SyncLog | None:
    """The row of the undo that was interrupted; None: it was another write, or none was."""
    row = bench.ledger.log(before.intent.log_id) if isinstance(before.intent, WriteIntent) else None
    return row if row is not None and row.operation is Operation.REVERT else None


def noted_late(bench: Workbench, mapping: Mapping, intent: WriteIntent, seen: Seen) -> tuple[Written, ...]:
    """Our latest writes, with those of *intent* that have landed: who made them was interrupted before noting them.

    Of edits that they went over knowingly events tell once more, as that look did not end well.
    """
    row = bench.ledger.log(intent.log_id)
    if row is None:  # the rest of a new page: it went over nothing
        return mapping.written
    noted = {(w.field, w.side) for w in mapping.written if w.since == row.at}
    missed = [w for w in intent.writes if (w.field, w.to) not in noted]
    landed = [w for w in missed if merge.has_landed(SPECS[mapping.entity_type], w, seen[w.to])]
    over_edits = {w.field for w in landed if _is_news(mapping, w.field, w.overwrites)}
    return watch.note(mapping.written, landed, over_edits, row.at, bench.clock())


def _untold(mapping: Mapping, page: Present, run: Run) -> frozenset[str]:
    """Fields that somebody has edited on *page*, of which the events that led here do not tell."""
    told = {name for edit in run.edits for name in edit.fields}
    return frozenset(name for name, value in page.values.items() if name not in told and _is_news(mapping, name, value))


def _is_news(mapping: Mapping, name: str, shown: Value) -> bool:
    """Whether Notion has *shown* in a field what was not agreed on."""
    return name not in mapping.bases or mapping.bases[name].notion != shown


def _page_after(page: Present, writes: Iterable[merge.Write]) -> Values:
    """What *page* says once *writes* are made."""
    return {**page.values, **{write.field: write.value for write in writes if write.to is Side.NOTION}}


def _change(bench: Workbench, write: merge.Write, seen: Seen, run: Run, operation: Operation) -> Change:
    """What *write* replaces, and whose that is."""
    of = EVERYTHING if operation is Operation.REVERT else write.field
    actor = bench.author(run, write.to.other, seen[write.to.other], of=of)
    return replace(journal.change(write, seen), actor=actor)


def conflict_rows(
    bench: Workbench, before: Mapping, after: Mapping, seen: Seen, run: Run, writes: Iterable[merge.Write] = ()
) -> list[SyncLog]:
    """A row for the conflicts that are new in *after*, and one for each that has ended: edits are theirs who made them.

    *writes*: what follows where one has ended though the sides do not say the same.
    """
    ended = journal.ended(before, after, seen, writes)
    rows = [_row_of_edits(bench, after, Operation.RESOLVE, edits, seen, run, how) for edits, how in ended]
    if halves := journal.clashes(before, after):
        rows.append(_row_of_edits(bench, after, Operation.CONFLICT, halves, seen, run))
    return rows


def _row_of_edits(
    bench: Workbench,
    mapping: Mapping,
    operation: Operation,
    edits: Sequence[Change],
    seen: Seen,
    run: Run,
    message: str | None = None,
) -> SyncLog:
    """A row for *edits* of people."""
    told = tuple(replace(edit, actor=bench.author(run, edit.side, seen[edit.side])) for edit in edits)
    by = replace(run, actor=journal.only_actor(told))
    return bench.row(mapping, operation, by, outcome=Outcome.SUCCESS, changes=told, message=message)


def _deliver(bench: Workbench, mapping: Mapping, side: Side, delivery: _Delivery, seen: Present) -> None:
    """Send what goes to *side*: all in one call, or without the fields that it refuses.

    Of a text merged into both sides, the second gets nothing where the first has refused it.
    """
    waiting: list[list[merge.Write]] = [[w for w in delivery.writes if w.to is side and w.field not in delivery.held]]
    while waiting:
        batch = waiting.pop(0)
        if not batch:
            continue
        try:
            seen = _send(bench, side, mapping, batch, seen)
            delivery.answered(side, batch, seen)
        except Refused as error:
            guilty = [w for w in batch if w.field == error.field] or batch
            if len(guilty) == 1:
                delivery.refused[guilty[0].field, side] = replace(journal.refusal(error, side), field=guilty[0].field)
                waiting.append([w for w in batch if w is not guilty[0]])
            else:  # it does not say which: each by itself
                waiting.extend([w] for w in batch)


def _send(bench: Workbench, side: Side, mapping: Mapping, writes: Sequence[merge.Write], seen: Present) -> Present:
    changes = {w.field: w.value for w in writes}
    if side is Side.NOTION or seen.revision is not None:
        return bench.on(side).update(mapping.entity_type, seen.id, changes, seen=seen)
    with alone_with(bench, mapping):
        seen = _unchanged(bench, mapping, writes, seen)
        return bench.navimpact.update(mapping.entity_type, seen.id, changes, seen=seen)


@contextmanager
def alone_with(bench: Workbench, mapping: Mapping) -> Iterator[None]:
    """Where the platform gives no ETag, no other workspace that holds the record may write between read and write."""
    writing = Raced("another workspace is writing the record in NavImpact; it is read again when that is done")
    if mapping.entity is None:
        raise writing
    with holding(bench, mapping.entity, otherwise=writing):
        yield


@contextmanager
def holding(bench: Workbench, entity: EntityRef, *, otherwise: SyncError) -> Iterator[None]:
    """With the lease of a record that several workspaces share. Raises *otherwise* while another has it."""
    now = bench.clock()
    if not bench.ledger.hold(entity, now=now, until=now + HOLD):
        raise otherwise
    try:
        yield
    finally:
        bench.ledger.let_go(entity)


def _unchanged(bench: Workbench, mapping: Mapping, writes: Iterable[merge.Write], seen: Present) -> Present:
    """Read once more where the platform gives no ETag: Notion was asked since, and the answer may be stale."""
    now = bench.read(Side.NAVIMPACT, mapping)
    if not isinstance(now, Present) or any(now.values[w.field] != seen.values[w.field] for w in writes):
        raise Raced("the record was edited on NavImpact while we were deciding")
    return now


def _save_half(bench: Workbench, mapping: Mapping, delivery: _Delivery, row: SyncLog) -> None:
    """Keep what one side has taken though the other failed: whoever edits it next has seen it."""
    bases = delivery.agreed(mapping.bases)
    if bases != mapping.bases:
        written = watch.note(mapping.written, delivery.taken, delivery.awaited, row.at, bench.clock())
        bench.ledger.save(mapping.but(bases=bases, written=written))


def _save(bench: Workbench, mapping: Mapping, delivery: _Delivery, seen: Seen, row: SyncLog) -> Mapping:
    now = bench.clock()
    row = replace(row, duration_ms=journal.since(row.at, now))
    shown = {name: journal.pair(seen, name) for name in delivery.held}
    page = delivery.shown.get(Side.NOTION)
    after = mapping.but(
        bases=delivery.agreed(mapping.bases),
        named=titles.ours(mapping, page) if page else mapping.named,
        intent=None,
        troubles=(*mapping.troubles, *delivery.refused.values()),
        refused={**mapping.refused, **watch.refusals(shown, now)},
        written=watch.note(mapping.written, delivery.taken, delivery.awaited, row.at, now),
        last_sync_at=now,
        last_change_at=now,
        agreed_at=now,
        **HEALTHY,
    )
    return bench.ledger.save(after, *_ended(bench, mapping, row, delivery))


def _ended(bench: Workbench, mapping: Mapping, row: SyncLog, delivery: _Delivery) -> list[SyncLog]:
    """*row* told to its end; what was refused has a row of its own, so that the rest can be undone."""
    kept = tuple(_spelled(c, mapping, delivery) for c in row.changes if (c.field, c.side) in delivery.sent)
    plainer = journal.plainer(kept, bench.spec(mapping.entity_type))
    done = replace(row, outcome=Outcome.SUCCESS, changes=kept, message=plainer)
    if not delivery.refused:
        return [done]
    message = "; ".join(trouble.cause for trouble in delivery.refused.values())
    failed = replace(row, outcome=Outcome.FAILED, message=message)
    if not kept:
        return [failed]
    lost = tuple(c for c in row.changes if (c.field, c.side) not in delivery.sent)
    return [
        done,
        replace(failed, id=bench.new_id(), changes=lost),
    ]


def _spelled(change: Change, mapping: Mapping, delivery: _Delivery) -> Change:
    """*change* with the text of a body as NavImpact spells it now: what travelled is Notion's spelling."""
    shown = delivery.shown.get(Side.NAVIMPACT)
    is_body = field_of(mapping.entity_type, change.field).kind is Kind.BODY
    if change.side is not Side.NAVIMPACT or not is_body or shown is None:
        return change
    return replace(change, new=shown.values.get(change.field, change.new))
