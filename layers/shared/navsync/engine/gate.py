"""Does the workspace hold the record? Asked before anything else is decided about it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from copy import replace

from navsync import merge, scope
from navsync.engine import half_written, journal, unshown
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import (
    Bases,
    Change,
    EntityType,
    FieldWrite,
    Gone,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    Trashed,
    Trouble,
    Values,
    WriteIntent,
)


def excluded(bench: Workbench, mapping: Mapping, values: Values) -> Trouble | None:
    """Why the scope leaves the record of *mapping* out, given what it says in NavImpact; None: it is held."""
    return scope.excluded(bench.workspace.settings, bench.ledger, mapping.entity_type, mapping.entity_id, values)


def pair_left_out(bench: Workbench, mapping: Mapping, entity: Observation) -> Trouble | None:
    """Why the scope leaves a pair out; None: it is held."""
    if mapping.state in (State.DELETED, State.AWAITING_APPROVAL) and not isinstance(entity, Present):
        return None  # a deletion that waits for a person goes on waiting
    return excluded(bench, mapping, entity.values if isinstance(entity, Present) else scope.agreed(mapping))


def takes_leave(mapping: Mapping, entity: Observation) -> bool:
    """Whether a record that is left out was in step until now: a project whose own values make it go.

    What made it go is still carried over, so that people see it there too. What belongs to it is left as it is.
    """
    was_held = mapping.state is State.LINKED and mapping.last_sync_at is not None
    return was_held and mapping.entity_type is EntityType.MEDIA_PROJECT and isinstance(entity, Present)


def for_record(bench: Workbench, mapping: Mapping, entity: Present, run: Run) -> Step | None:
    """What to do with a record that is to have no page; None: make one."""
    settings = bench.workspace.settings
    if scope.is_unknown(settings, bench.ledger, mapping.entity_type, entity.values):
        raise Unavailable("its project was not looked at yet, and says whether the workspace holds it")
    why = scope.without_page(settings, bench.ledger, mapping.entity_type, entity.id, entity.values)
    if why is None:
        readmit(bench, mapping)
        return None
    is_known = mapping.version or scope.is_remembered(mapping.entity_type)
    return set_aside(bench, mapping, why, run) if is_known else Done()


def for_row(bench: Workbench, mapping: Mapping, page: Present) -> Trouble | None:
    """Why no record is made of a row that a person added in Notion; None: one is."""
    settings = bench.workspace.settings
    if not settings.direction.allows(Side.NAVIMPACT):
        return scope.NO_RECORD
    for field in bench.spec(mapping.entity_type).fields:
        if field.required and not merge.may_travel(mapping.entity_type, field, settings, Side.NAVIMPACT):
            cause = f"NavImpact keeps no record without {field.property}, which does not sync from Notion."
            return Trouble(
                "draft", cause, "Let that field sync both ways, or make the record in NavImpact.", field.name
            )
    why = excluded(bench, mapping, page.values)
    return None if why is None else replace(why, code="draft")


def readmit(bench: Workbench, mapping: Mapping) -> None:
    """The record of *mapping* is held: if it is a project that was not, what belongs to it comes back with it."""
    if mapping.entity_type is EntityType.MEDIA_PROJECT and scope.is_out(mapping):
        bench.crossed()


def without_write(bench: Workbench, mapping: Mapping, entity: Observation) -> Mapping:
    """*mapping* without a write that was interrupted: what of it landed is agreed on, or it would look like an edit."""
    if not isinstance(mapping.intent, WriteIntent):
        return mapping
    seen = _seen(entity, bench.read(Side.NOTION, mapping))
    return _ended(bench, mapping, _bases_with_landed(bench, mapping, mapping.intent, seen), seen)


def with_landed(bench: Workbench, mapping: Mapping, entity: Observation, page: Observation) -> Mapping:
    """*mapping*, one side of which is gone, with what landed of a write that was interrupted agreed on.

    Else our own write would look like an edit, and an edit outlives a deletion. What did not land still counts as one.
    A page that shows the half of a text gets no rest: it may be about to go. What is missing is kept as `unshown`.
    """
    is_there = isinstance(entity, Present) and isinstance(page, Present)
    if not isinstance(mapping.intent, WriteIntent) or is_there or isinstance(page, Gone):
        return mapping  # with both there it is brought to its end; of a page that is not shown nothing is decided
    seen = _seen(entity, page)
    bases = _bases_with_landed(bench, mapping, mapping.intent, seen)
    has_landed = merge.all_landed(bases, mapping.intent.writes)
    return _ended(bench, mapping, bases, seen) if has_landed else mapping.but(bases=bases)


def _ended(bench: Workbench, mapping: Mapping, bases: Bases, seen: MappingOf[Side, Present]) -> Mapping:
    """*mapping* without its write: what of that landed is agreed on as *bases*, the rest is kept as `unshown`."""
    agreed = mapping.but(bases=bases)
    ended = agreed.but(intent=None, unshown=unshown.left_over(bench, agreed))
    return bench.ledger.save(ended, *journal.closed(bench, mapping, bases, seen))


def _seen(entity: Observation, page: Observation) -> dict[Side, Present]:
    """Which sides tell what they say, a page in the trash among them."""
    last = page.last if isinstance(page, Trashed) else page
    return {s: o for s, o in ((Side.NAVIMPACT, entity), (Side.NOTION, last)) if isinstance(o, Present)}


def _bases_with_landed(
    bench: Workbench, mapping: Mapping, intent: WriteIntent, seen: MappingOf[Side, Present]
) -> Bases:
    """The bases of *mapping* with those writes of *intent* that took effect, and with the halves of bodies."""
    shown = replace(intent, writes=tuple(_shown(mapping, intent, seen)))
    halves = half_written.begun(bench, mapping, shown, seen[Side.NOTION]) if Side.NOTION in seen else {}
    return {**merge.landed(SPECS[mapping.entity_type], mapping.bases, shown.writes, seen), **halves}


def _shown(mapping: Mapping, intent: WriteIntent, seen: MappingOf[Side, Present]) -> Iterator[FieldWrite]:
    """The writes of *intent* of which the sides that are *seen* tell whether they landed.

    Not those of a text merged into a side that does not tell: it holds what people typed on the side that does.
    """
    hidden = {w.field for w in intent.writes if w.to not in seen or w.field not in seen[w.to].values}
    for write in intent.writes:
        base = mapping.bases.get(write.field)
        is_merged = write.field in hidden and (base is None or write.overwrites != base.on(write.to))
        if write.to in seen and write.field in seen[write.to].values and not is_merged:
            yield write


def set_aside(bench: Workbench, mapping: Mapping, why: Trouble, run: Run, words: tuple[Change, ...] = ()) -> Step:
    """Leave both sides as they are, and say why. What is edited from now on waits there, for the bases are kept.

    *words*: what a page in the trash says that is nowhere else.
    """
    if mapping.state is State.EXCLUDED and mapping.troubles == (why,):
        return Done()
    leaves = mapping.version and why.code == scope.OUT_OF_SCOPE and not scope.is_out(mapping)
    if leaves and mapping.entity_type is EntityType.MEDIA_PROJECT:
        bench.crossed()  # first: should we die here, what belongs to it is looked at once too often
    aside = mapping.but(
        state=State.EXCLUDED, troubles=(why,), conflicts=(), intent=None, unshown=unshown.left_over(bench, mapping),
        gone_since=None, waiting_since=None, **HEALTHY,
    )  # fmt: skip
    rows = journal.abandoned(bench.ledger, mapping)
    if mapping.page_id is not None and mapping.state is not State.EXCLUDED:
        row = bench.row(aside, Operation.UNLINK, run, outcome=Outcome.SUCCESS, changes=words, message=why.cause)
        rows.append(row)
    bench.ledger.save(aside, *rows)
    return Done()
