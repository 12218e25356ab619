"""Does the workspace hold the record? Asked before anything else is decided about it."""

from __future__ import annotations

from copy import replace

from navsync import merge, scope
from navsync.engine import half_written, journal
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import (
    EntityType,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    Side,
    State,
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
    for field in SPECS[mapping.entity_type].fields:
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
    page = bench.read(Side.NOTION, mapping)
    bases = mapping.bases
    if isinstance(entity, Present) and isinstance(page, Present):
        seen = {Side.NAVIMPACT: entity, Side.NOTION: page}
        halves = half_written.begun(bench, mapping, mapping.intent, page)
        bases = {**merge.landed(SPECS[mapping.entity_type], bases, mapping.intent.writes, seen), **halves}
    ended = journal.closed(bench.ledger, mapping, bases)
    return bench.ledger.save(mapping.but(bases=bases, intent=None), *ended)


def set_aside(bench: Workbench, mapping: Mapping, why: Trouble, run: Run) -> Step:
    """Leave both sides as they are, and say why. What is edited from now on waits there, for the bases are kept."""
    if mapping.state is State.EXCLUDED and mapping.troubles == (why,):
        return Done()
    leaves = mapping.version and why.code == scope.OUT_OF_SCOPE and not scope.is_out(mapping)
    if leaves and mapping.entity_type is EntityType.MEDIA_PROJECT:
        bench.crossed()  # first: should we die here, what belongs to it is looked at once too often
    aside = mapping.but(
        state=State.EXCLUDED, troubles=(why,), conflicts=(), intent=None, gone_since=None, waiting_since=None, **HEALTHY
    )
    rows = journal.abandoned(bench.ledger, mapping)
    if mapping.page_id is not None and mapping.state is not State.EXCLUDED:
        rows.append(bench.row(aside, Operation.UNLINK, run, outcome=Outcome.SUCCESS, message=why.cause))
    bench.ledger.save(aside, *rows)
    return Done()
