"""Both sides are there: how do their edits travel?"""

from __future__ import annotations

from copy import replace
from datetime import datetime, timedelta

from navsync import merge, pairing, scope, titles
from navsync.engine import gate, half_written, journal, watch, writes
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Again, Done, Later, Run, Step
from navsync.engine.workbench import Workbench
from navsync.engine.writes import Seen, conflict_rows
from navsync.fields import SPECS, EntitySpec
from navsync.model import (
    Bases,
    Change,
    Edit,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    SyncLog,
    Trouble,
    Values,
    WriteIntent,
)
from navsync.standing import Standing, standing_of, was_in_trash

BODY_SETTLES = timedelta(minutes=5)
"""Notion floors times to the minute, and clocks differ: an edit as old as this cannot hide a later one."""


def merge_both(bench: Workbench, mapping: Mapping, seen: Seen, run: Run) -> Step:
    """Carry what changed on one side to the other; settle, merge or list what changed on both."""
    if (later := _not_quiet(bench, mapping, seen, run)) is not None:
        return later
    spec = bench.spec(mapping.entity_type)
    bases, written = _believed(mapping, seen[Side.NOTION]), mapping.written
    if isinstance(mapping.intent, WriteIntent):
        page = seen[Side.NOTION]
        whole, halves = half_written.ended(bench, mapping, mapping.intent, page, direction=run.direction)
        seen = {**seen, Side.NOTION: whole}
        bases = {**merge.landed(spec, bases, mapping.intent.writes, seen), **halves}
        written = writes.noted_late(bench, mapping, mapping.intent, seen)
    before, mapping = mapping, mapping.but(written=watch.put_back(written, bases, seen))
    entity, page = seen[Side.NAVIMPACT], seen[Side.NOTION]
    plan = merge.plan(spec, bases, entity, page, bench.workspace.settings, direction=run.direction)
    plan = _held_back(bench, mapping, _nameable(bench, plan), seen, run)
    mapping = tell_overwritten(bench, mapping, page, run)
    after = _as_planned(mapping, plan, bases, seen, bench.clock())
    if plan.writes:
        undone = writes.rest_of_undo(bench, mapping, plan.writes)
        after = writes.write(bench, mapping, after, undone or plan.writes, seen, run)
        if undone and undone != plan.writes:
            return Again(after)  # what somebody edited meanwhile goes by itself: the history is to tell the two apart
    elif (settled := after.but(intent=None, **HEALTHY)) != before:
        after = _save_agreed(bench, before, settled, seen, run)
    after = stamp(bench, after, None if any(write.to is Side.NOTION for write in plan.writes) else page)
    if (why := gate.excluded(bench, after, _as_written(plan, entity, after))) is not None:
        return gate.set_aside(bench, after, why, run)
    swings = any(trouble.code == "oscillating" for trouble in plan.troubles)
    return Later(after, bench.clock() + watch.FROZEN) if swings else Done()


def _as_planned(mapping: Mapping, plan: merge.Plan, bases: Bases, seen: Seen, now: datetime) -> Mapping:
    """*mapping* once *plan* is carried out."""
    entity, page = seen[Side.NAVIMPACT], seen[Side.NOTION]
    spec = SPECS[mapping.entity_type]
    rewritten = not pairing.carries_id(page, mapping.entity)  # by a person, or by a late call of ours
    return mapping.but(
        bases=plan.agreed(bases),
        stamped=mapping.stamped and not rewritten and not titles.is_stale(mapping, page),
        named=titles.ours(mapping, page),
        conflicts=plan.conflicts,
        troubles=plan.troubles,
        state=State.LINKED,
        gone_since=None,
        waiting_since=None,
        title=_title(spec, plan, entity),
        doubted=tuple(name for name in mapping.doubted if name not in page.values),
        refused={name: refusal for name, refusal in mapping.refused.items() if name in _fields_held(plan)},
        recalls=None,
        unshown=(),
        body_as_of=_body_as_of(spec, page, now),
    )


def _believed(mapping: Mapping, page: Present) -> Bases:
    """What was agreed on, without doubted fields that the page shows otherwise: nobody knows who has changed those."""
    lost = {f for f in mapping.doubted if f in mapping.bases and page.values.get(f) != mapping.bases[f].notion}
    return {name: base for name, base in mapping.bases.items() if name not in lost}


def _not_quiet(bench: Workbench, mapping: Mapping, seen: Seen, run: Run) -> Later | None:
    if isinstance(mapping.intent, WriteIntent):
        return None
    if was_in_trash(mapping):  # and is not any more: should the next look not find it, it is not gone for good
        mapping = mapping.but(state=State.LINKED, troubles=(), waiting_since=None)
    return bench.not_quiet(mapping, (s for side, s in seen.items() if bench.was_edited(mapping, side, s)), run)


def _nameable(bench: Workbench, plan: merge.Plan) -> merge.Plan:
    """*plan* without a relation to a project that a rule keeps from having a page: nothing on the page can name it."""

    def named(action: merge.Action) -> merge.Action:
        match action:
            case merge.Write(field="project", to=Side.NOTION, value=tuple() as projects) if any(
                scope.is_without_page(bench.ledger, id) for id in projects
            ):
                return merge.Hold("project", scope.NO_PROJECT)
            case _:
                return action

    return merge.Plan(tuple(named(action) for action in plan.actions))


def _held_back(bench: Workbench, mapping: Mapping, plan: merge.Plan, seen: Seen, run: Run) -> merge.Plan:
    """*plan* without what was refused already, and without turns of fields that something else keeps putting back.

    A person's edit always travels, and a person who asks for a sync has everything tried again. A column that came back
    empty was not put back by anything.
    """
    if run.hurried:
        return plan
    now = bench.clock()
    said = {t.field: t for t in mapping.troubles if t.code == "refused"}
    held: dict[str, Trouble] = {}
    for write in plan.writes:
        name = write.field
        if name in said and watch.is_refused(mapping.refused.get(name), journal.pair(seen, name), now):
            held[name] = said[name]
        elif not run.edits and name not in mapping.doubted and watch.swings(mapping.written, write, now):
            called = bench.spec(mapping.entity_type).field(name).property
            held[name] = replace(watch.swinging(called), field=name)
    return plan.holding(held)


def tell_overwritten(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Mapping:
    """Tell of edits that an event names and the page does not show, for we wrote the field in that moment.

    Not of one that we had seen when we wrote: *mapping* waits for its event no more. What landed of a write that was
    interrupted shows nobody's edit.
    """
    shown = page.values
    unmoved = {name for name, base in mapping.bases.items() if name in shown and shown[name] == base.notion}
    if isinstance(mapping.intent, WriteIntent):
        sent = (write for write in mapping.intent.writes if write.to is Side.NOTION)
        unmoved |= {write.field for write in sent if merge.has_landed(SPECS[mapping.entity_type], write, page)}
    for edit in run.edits:
        hits = watch.overwritten(mapping.written, edit, unmoved)
        rows = [_overwrite_row(bench, mapping, hit.field, shown, edit, run) for hit in hits if not hit.awaits]
        mapping = mapping.but(written=watch.told_of(mapping.written, hits, edit))
        if rows:  # one edit at a time, for a save takes so many rows; each in one, so that nobody hears of it twice
            mapping = bench.ledger.save(mapping, *rows)
    return mapping


def _overwrite_row(bench: Workbench, mapping: Mapping, name: str, shown: Values, edit: Edit, run: Run) -> SyncLog:
    message = (
        f"An edit of {name} in Notion at {edit.at:%H:%M:%S} may have been overwritten; see the history of the page."
    )
    change = Change(name, Side.NOTION, None, shown[name], rule="possible overwrite")
    by = replace(run, actor=edit.by)
    return bench.row(
        mapping, Operation.OVERWRITE, by, side=Side.NOTION, outcome=Outcome.SUCCESS, changes=(change,), message=message
    )


def _as_written(plan: merge.Plan, entity: Present, after: Mapping) -> Values:
    """What the record says in NavImpact, now that *plan* was carried out, but for what a side has refused."""
    carried = {write.field for write in plan.writes if write.field in after.bases} - after.refused.keys()
    return {**entity.values, **{name: after.bases[name].navimpact for name in carried}}


def _title(spec: EntitySpec, plan: merge.Plan, entity: Present) -> str:
    return spec.title_of({**entity.values, **{w.field: w.value for w in plan.writes if w.to is Side.NAVIMPACT}})


def _fields_held(plan: merge.Plan) -> set[str | None]:
    return {trouble.field for trouble in plan.troubles}


def _body_as_of(spec: EntitySpec, page: Present, now: datetime) -> datetime | None:
    settled = page.edited_at is not None and page.edited_at + BODY_SETTLES <= now
    return page.edited_at if spec.has_body and settled else None


def _save_agreed(bench: Workbench, before: Mapping, after: Mapping, seen: Seen, run: Run) -> Mapping:
    rows = [*journal.closed(bench, before, after.bases, seen), *conflict_rows(bench, before, after, seen, run)]
    if before.state is not after.state and before.state is not State.CREATING:
        rows.append(bench.row(after, Operation.LINK, run, outcome=Outcome.SUCCESS))
    now = bench.clock()
    return bench.ledger.save(after.but(last_sync_at=now, agreed_at=_agreed_at(before, after) or now), *rows)


def _agreed_at(before: Mapping, after: Mapping) -> datetime | None:
    """Since when both sides say what they said before; None: what they say together is new."""
    was_agreed = standing_of(before) is Standing.COMPLETED
    return before.agreed_at if was_agreed and before.bases == after.bases else None


def stamp(bench: Workbench, mapping: Mapping, page: Observation | None = None) -> Mapping:
    """Write the entity's id on its page, and its generated title, where they are not there.

    *page* is what it shows; where nobody looked since something else was written, it is read to see what it is called.
    """
    entity, page_id = mapping.entity, mapping.page_id
    if mapping.stamped or entity is None or page_id is None:
        return mapping
    if page is None and SPECS[mapping.entity_type].title_is_generated:
        page = bench.read(Side.NOTION, mapping)
    title = titles.wanted(mapping, page) if isinstance(page, Present) else None
    if isinstance(page, Present) and title is not None and title not in mapping.named:
        mapping = bench.ledger.save(mapping.but(named=titles.announced(mapping, page, page.values)))
    bench.notion.stamp(mapping.entity_type, page_id, str(entity), title)
    return bench.ledger.save(mapping.but(stamped=True, named=mapping.named if title is None else (title,)))
