"""One side is gone: is it true, and what follows?"""

from __future__ import annotations

from collections.abc import Iterator
from copy import replace
from datetime import timedelta

from navsync import merge, reconcile, scope
from navsync.engine import gate, journal
from navsync.engine.steps import Again, Done, First, Later, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import MissingCapability, Refused, SyncError, Unavailable
from navsync.fields import SPECS, Kind
from navsync.model import (
    EntityRef,
    EntityType,
    Gone,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Trashed,
    Trouble,
)

CONFIRM = timedelta(seconds=10)
"""NavImpact's 404 is believed when it is repeated after this."""

UNREACHABLE_PAUSE = timedelta(hours=1)
"""Between looks at a page that Notion does not show us."""

GONE_TOO = "gone on both sides"

SETTLED = (State.DELETED, State.UNREACHABLE, State.EXCLUDED)
"""A project that is gone from NavImpact and as far along as it gets: its children may follow."""

# --- the entity -----------------------------------------------------------------------------------------------------


def entity_gone(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step:
    """NavImpact answered 404, and that is believed."""
    if mapping.state is State.DELETED or bench.was_edited(mapping, Side.NOTION, page):
        return recreate_entity(bench, mapping)
    if mapping.state is State.AWAITING_APPROVAL:
        return Done()
    if not bench.may_write(Side.NOTION):
        return gate.set_aside(bench, mapping, scope.GONE, run)
    parent = _parent_gone_too(bench, mapping)
    if parent is not None and parent.state not in SETTLED:
        return First(parent, mapping)
    if _hides_words(bench, mapping, page):
        return _wait_for_approval(bench, mapping, journal.UNREAD, run)
    counted = parent is not None and parent.state is State.DELETED
    if not counted and not bench.ledger.count_removal(bench.clock()):
        return _wait_for_approval(bench, mapping, journal.MASS_DELETION, run)
    return trash_page(bench, mapping, page, run)


def _hides_words(bench: Workbench, mapping: Mapping, page: Present) -> bool:
    """Whether *page* says what NavImpact never had, or may say it where it cannot be read.

    What cannot be read may say something where it was agreed on once, or the row is a person's.
    """
    unsent = (name for name, value in page.values.items() if value not in (None, ()) and name not in mapping.bases)
    if mapping.bases and any(unsent):
        return True
    ours = page.created_by == bench.workspace.bot_id
    return any(name in page.unreadable for name in (mapping.bases if ours else SPECS[mapping.entity_type].names))


def unconfirmed(bench: Workbench, mapping: Mapping) -> Later | None:
    """When to ask again for a record that was not there; None once that is believed. Notion is not asked before.

    Once is not enough: NavImpact may have got its permissions back between the record and the collection.
    """
    bench.check_collection(mapping.entity_type)
    now = bench.clock()
    if mapping.gone_since is None:
        mapping = bench.ledger.save(mapping.but(gone_since=now))
    confirmed_at = (mapping.gone_since or now) + CONFIRM
    return Later(mapping, confirmed_at) if now < confirmed_at else None


def check_gone(bench: Workbench, mapping: Mapping) -> None:
    """Raise `Unavailable` until NavImpact's 404 is believed: what a person decided is not lost by waiting for it."""
    if unconfirmed(bench, mapping) is not None:
        raise Unavailable(
            "NavImpact did not show the record; what was decided is done once it is certain that it is gone"
        )


def _parent_gone_too(bench: Workbench, mapping: Mapping) -> Mapping | None:
    """The mapping of its project where that is gone as well.

    NavImpact deletes all that belongs to a project with it; that is one deletion to count, not many.
    """
    belongs_to = mapping.bases.get("project")
    ids = belongs_to.navimpact if belongs_to and isinstance(belongs_to.navimpact, tuple) else ()
    for id in ids:
        parent = bench.ledger.of_entity(EntityRef(EntityType.MEDIA_PROJECT, id))
        if parent is not None and isinstance(bench.navimpact.read(EntityType.MEDIA_PROJECT, id), Gone):
            return parent
    return None


def recreate_entity(bench: Workbench, mapping: Mapping) -> Step:
    """An edit outlives a deletion, and a page taken out of the trash wants its entity back."""
    fresh = mapping.but(
        entity_id=None, conflicts=(), troubles=(), refused={}, stamped=False, gone_since=None,
        intent=None, state=State.DRAFT,
    )  # fmt: skip
    return Again(bench.ledger.save(fresh, *journal.abandoned(bench.ledger, mapping)))


# --- the page -------------------------------------------------------------------------------------------------------


def page_trashed(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Step:
    """Positive proof of a deletion; but NavImpact deletes for good, so a person must agree."""
    edited = bench.wants_page(mapping, entity, page.last)
    if edited and bench.may_write(Side.NOTION):
        return restore_page(bench, mapping, page, run)
    if edited or not bench.may_write(Side.NAVIMPACT):
        return gate.set_aside(bench, mapping, scope.TRASHED, run)
    trouble = journal.trashed(_edited_columns(mapping, entity))
    if mapping.state is State.AWAITING_APPROVAL:
        said = tuple(trouble if each.code == trouble.code else each for each in mapping.troubles)
        if said != mapping.troubles:
            bench.ledger.save(mapping.but(troubles=said))
        return Done()
    return _wait_for_approval(bench, mapping, trouble, run)


def _edited_columns(mapping: Mapping, entity: Present) -> list[str]:
    """Which columns do not show what *entity* says; those that could would have brought the page back."""
    spec, bases = SPECS[mapping.entity_type], mapping.bases
    edited = {name for name, base in bases.items() if merge.edited(spec, {name: base}, Side.NAVIMPACT, entity)}
    return [field.property for field in spec.fields if field.name in edited]


def restore_page(bench: Workbench, mapping: Mapping, page: Trashed, run: Run, *, reverts: int | None = None) -> Step:
    """Take it out of the trash and look at both sides again."""
    bench.notion.restore(mapping.entity_type, page.last.id)
    row = bench.row(mapping, Operation.RESTORE, run, side=Side.NOTION, outcome=Outcome.SUCCESS, reverts=reverts)
    bench.ledger.record(row)
    return Again(mapping)


def _wait_for_approval(bench: Workbench, mapping: Mapping, trouble: Trouble, run: Run) -> Step:
    waiting = mapping.but(state=State.AWAITING_APPROVAL, troubles=(trouble,), intent=None)
    row = bench.row(waiting, Operation.UNLINK, run, outcome=Outcome.SUCCESS, message=trouble.cause)
    bench.ledger.save(waiting, row, *journal.abandoned(bench.ledger, mapping))
    return Done()


def page_unreachable(bench: Workbench, mapping: Mapping, run: Run) -> Step:
    """Notion's 404: not reachable, which proves nothing."""
    if mapping.state is not State.UNREACHABLE:
        cause = journal.UNREACHABLE.cause
        row = bench.row(mapping, Operation.FAIL, run, outcome=Outcome.FAILED, message=cause)
        mapping = bench.ledger.save(mapping.but(state=State.UNREACHABLE, troubles=(journal.UNREACHABLE,)), row)
    return Later(mapping, bench.clock() + UNREACHABLE_PAUSE)


def both_gone(bench: Workbench, mapping: Mapping, run: Run, page: Observation | None = None) -> Step:
    """Nothing is left to keep in step. Notion empties its trash: what *page* said there last is recorded."""
    if mapping.version and mapping.state is not State.DELETED:
        said = journal.last_words(mapping, page.last, GONE_TOO) if isinstance(page, Trashed) else ()
        row = bench.row(mapping, Operation.UNLINK, run, outcome=Outcome.SUCCESS, changes=said, message=GONE_TOO)
        gone = mapping.but(state=State.DELETED, troubles=(), refused={}, intent=None)
        bench.ledger.save(gone, row, *journal.abandoned(bench.ledger, mapping))
    return Done()


# --- carrying a deletion out ----------------------------------------------------------------------------------------


def trash_page(bench: Workbench, mapping: Mapping, page: Present, run: Run, *, message: str | None = None) -> Step:
    """Move the page to the trash, its values recorded first."""
    changes = journal.removal(Side.NOTION, page, message or "deleted on navimpact")
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NOTION, changes=changes, message=message)
    return _remove(bench, mapping, RemoveIntent(Side.NOTION, row.id), [row])


def take_page(bench: Workbench, mapping: Mapping, page: Present, run: Run, *, reverts: int) -> Step:
    """Undo the making of a page: it goes to the trash, and what becomes of its record is for a person to say."""
    changes = journal.removal(Side.NOTION, page, "undone")
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NOTION, changes=changes, reverts=reverts)
    return _remove(bench, mapping, RemoveIntent(Side.NOTION, row.id, State.AWAITING_APPROVAL), [row])


def delete_entity(bench: Workbench, mapping: Mapping, entity: Present, run: Run, *, reverts: int | None = None) -> Step:
    """Delete it in NavImpact for good, with all that belongs to it, once every value is recorded.

    NavImpact deletes a project's children with it, without a word about them. Where this undoes a creation the row in
    Notion, which is a person's, stays.
    """
    rule, leaves = ("deletion approved", State.DELETED) if reverts is None else ("undone", State.AWAITING_APPROVAL)
    changes = journal.removal(Side.NAVIMPACT, entity, rule)
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NAVIMPACT, changes=changes, reverts=reverts)
    return _remove(bench, mapping, RemoveIntent(Side.NAVIMPACT, row.id, leaves), [row])


def has_children(bench: Workbench, mapping: Mapping) -> bool:
    """Whether records belong to it that NavImpact would delete along with it."""
    return next(_children(bench, mapping), None) is not None


def _children(bench: Workbench, mapping: Mapping) -> Iterator[tuple[EntityType, Present]]:
    if mapping.entity_type is not EntityType.MEDIA_PROJECT:
        return
    for kind in (t for t in SPECS if t is not EntityType.MEDIA_PROJECT):
        for child in reconcile.records(bench.navimpact, kind, None):
            if child.values.get("project") == (mapping.entity_id,):
                yield kind, child


def _rows_of_children(bench: Workbench, mapping: Mapping, run: Run) -> Iterator[SyncLog]:
    for kind, child in _children(bench, mapping):
        pair = bench.ledger.of_entity(EntityRef(kind, child.id))
        about = pair or bench.new_mapping(kind, entity_id=child.id)
        changes = journal.removal(Side.NAVIMPACT, child, "deleted with its project")
        row = bench.row(about, Operation.DELETE, run, side=Side.NAVIMPACT, changes=changes)
        yield replace(row, title=SPECS[kind].title_of(child.values), mapping_id=pair.id if pair else None)


def _remove(bench: Workbench, mapping: Mapping, intent: RemoveIntent, rows: list[SyncLog]) -> Step:
    ended = journal.abandoned(bench.ledger, mapping)
    return _carry_out(bench, bench.ledger.save(mapping.but(intent=intent), *rows, *ended), intent)


def finish_remove(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    """Go on with a removal that was interrupted, unless somebody has touched the record since."""
    seen = bench.read(intent.on, mapping)
    row = bench.ledger.log(intent.log_id)
    if intent.on is Side.NOTION and isinstance(seen, Gone):
        return page_unreachable(bench, mapping, _run_of(row))  # it goes on when the page is shared again
    if not isinstance(seen, Present) or row is None:
        return _carry_out(bench, mapping, intent)
    if intent.on is Side.NOTION and (_in_hands(bench, seen, row) or bench.was_edited(mapping, Side.NOTION, seen)):
        return _kept(bench, mapping, intent)
    if intent.on is Side.NAVIMPACT and _is_wanted_again(bench, mapping, intent, seen):
        return _kept(bench, mapping, intent)
    if mapping.entity is not None and not bench.may_write(intent.on):
        return Again(call_off(bench, mapping))
    bench.ledger.record(_with_words(row, intent.on, seen))
    return _carry_out(bench, mapping, intent)


def _is_wanted_again(bench: Workbench, mapping: Mapping, intent: RemoveIntent, entity: Present) -> bool:
    """Whether it was edited since, or its page taken out of the trash that a person had agreed about."""
    if bench.was_edited(mapping, Side.NAVIMPACT, entity) or gate.pair_left_out(bench, mapping, entity) is not None:
        return True
    return intent.leaves is State.DELETED and isinstance(bench.read(Side.NOTION, mapping), Present)


def _run_of(row: SyncLog | None) -> Run:
    return Run(row.run_id, row.actor) if row else Run("")


def call_off(bench: Workbench, mapping: Mapping) -> Mapping:
    """*mapping* without the removal that was begun: a person does not want it any more."""
    if isinstance(mapping.intent, RemoveIntent):
        bench.ledger.record(*_told(bench, mapping.intent))
    return bench.ledger.save(mapping.but(intent=None), *journal.abandoned(bench.ledger, mapping))


def _kept(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    """The record stays: its page wants its entity back, where that is gone."""
    if intent.on is Side.NOTION and intent.leaves is State.DELETED:
        return recreate_entity(bench, mapping)
    return Again(call_off(bench, mapping))


def _in_hands(bench: Workbench, page: Present, row: SyncLog) -> bool:
    """Whether a person had the page in hands after *row*: to edit it, perhaps, or take it out of the trash again."""
    ours = page.edited_by in (None, bench.workspace.bot_id)
    return not ours and page.edited_at is not None and page.edited_at >= row.at.replace(second=0, microsecond=0)


def _with_words(row: SyncLog, side: Side, seen: Present) -> SyncLog:
    """*row* with what *seen* says; of what cannot be read now, what was recorded before."""
    rule = row.changes[0].rule if row.changes else ""
    unread = (change for change in row.changes if change.field in seen.unreadable)
    return replace(row, changes=(*journal.removal(side, seen, rule), *unread))


def _carry_out(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    id = mapping.page_id if intent.on is Side.NOTION else mapping.entity_id
    if id is None:
        raise AssertionError(f"mapping {mapping.id} has nothing to remove on {intent.on}")
    row = bench.ledger.log(intent.log_id)
    mapping, intent, goes_too = _record_what_goes_too(bench, mapping, intent, row)
    try:
        bench.on(intent.on).remove(mapping.entity_type, id)
    except (Refused, MissingCapability) as error:
        return _not_removed(bench, mapping, intent, error, row)
    bench.ledger.record(*(replace(child, outcome=Outcome.SUCCESS) for child in goes_too))
    if intent.on is Side.NOTION and row is not None:
        match _last_look(bench, mapping, row):
            case Gone():
                return Again(mapping)
            case Present():
                return _given_back(bench, mapping, intent, row)
            case Trashed() as last:
                row = _with_words(bench.ledger.log(row.id) or row, Side.NOTION, last.last)
                if bench.was_edited(mapping, Side.NOTION, last.last):
                    bench.notion.restore(mapping.entity_type, last.last.id)
                    return _given_back(bench, mapping, intent, row)
    done = [replace(row, outcome=Outcome.SUCCESS)] if row else []
    waits = {Side.NOTION: journal.TRASHED, Side.NAVIMPACT: journal.UNDONE}
    troubles = () if intent.leaves is State.DELETED else (waits[intent.on],)
    after = mapping.but(intent=None, state=intent.leaves, troubles=troubles, refused={}, last_change_at=bench.clock())
    bench.ledger.save(after, *done)
    return Done()


def _last_look(bench: Workbench, mapping: Mapping, row: SyncLog) -> Observation:
    """The page in the trash: there nobody edits it, so what it says now is its last word.

    Where Notion does not show its body there, it is taken out once more and read whole; edited, it stays there.
    """
    last = bench.read(Side.NOTION, mapping)
    if not isinstance(last, Trashed) or not _hides_body(mapping, last.last):
        return last
    whole = bench.notion.restore(mapping.entity_type, last.last.id)
    if bench.was_edited(mapping, Side.NOTION, whole):
        return whole
    bench.ledger.record(_with_words(row, Side.NOTION, whole))
    bench.notion.remove(mapping.entity_type, last.last.id)
    return bench.read(Side.NOTION, mapping)


def _hides_body(mapping: Mapping, page: Present) -> bool:
    return any(f.kind is Kind.BODY and f.name in page.unreadable for f in SPECS[mapping.entity_type].fields)


def _record_what_goes_too(
    bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog | None
) -> tuple[Mapping, RemoveIntent, list[SyncLog]]:
    """Record what NavImpact deletes along with the record, anew before each try: it may have been edited since."""
    if intent.on is Side.NOTION:
        return mapping, intent, []
    rows = list(_rows_of_children(bench, mapping, _run_of(row)))
    ended = _told(bench, intent)
    intent = replace(intent, also=(*intent.also, *(each.id for each in rows)))
    mapping = bench.ledger.save(mapping.but(intent=intent))  # the ids first: a row that nobody knows is never ended
    bench.ledger.record(*ended, *rows)
    return mapping, intent, rows


def _told(bench: Workbench, intent: RemoveIntent) -> list[SyncLog]:
    """The rows of what was to go along, told to the end: gone, or still there."""
    known = (bench.ledger.log(id) for id in intent.also)
    return [_ended(bench, row) for row in known if row is not None and row.outcome is Outcome.STARTED]


def _ended(bench: Workbench, row: SyncLog) -> SyncLog:
    if row.entity_type is None or row.entity_id is None:
        raise AssertionError(f"row {row.id} tells of no record")
    if isinstance(bench.navimpact.read(row.entity_type, row.entity_id), Gone):
        return replace(row, outcome=Outcome.SUCCESS)
    return replace(row, outcome=Outcome.FAILED, message="it did not go after all")


def _not_removed(
    bench: Workbench, mapping: Mapping, intent: RemoveIntent, error: SyncError, row: SyncLog | None
) -> Step:
    """The side keeps it: a person must see why, and nothing is tried again without them."""
    refusal = Trouble("refused", f"{intent.on} does not remove it: {error}", f"Remove it on {intent.on} by hand.")
    waiting = journal.TRASHED if intent.on is Side.NAVIMPACT else journal.MASS_DELETION
    kept = mapping.but(intent=None, state=State.AWAITING_APPROVAL, troubles=(waiting, refusal))
    bench.ledger.save(kept, *([replace(row, outcome=Outcome.FAILED, message=str(error))] if row else []))
    bench.ledger.record(*_told(bench, intent))
    return Done()


def _given_back(bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog) -> Step:
    bench.ledger.record(replace(row, outcome=Outcome.FAILED, message="edited meanwhile, so it was kept"))
    return _kept(bench, mapping.but(intent=None), intent)
