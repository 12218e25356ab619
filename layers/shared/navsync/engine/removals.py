"""A record is taken away: how do its words outlive it?"""

from __future__ import annotations

from collections.abc import Sequence
from copy import replace

from navsync.engine import below, half_written, journal, unshown, writes
from navsync.engine.steps import Again, Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import MissingCapability, Raced, Refused, SyncError, Unavailable
from navsync.fields import SPECS
from navsync.model import (
    Change,
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
    Values,
    WriteIntent,
)

NOT_ALONE = "other records belong to it by now, so it was kept; remove those first, then undo again"

LOOKED_AT_AGAIN = "somebody typed as it went, so it was looked at again"

THROWN_AWAY = "moved to the trash"
"""What is said of a page that a person moved there, and of its last words."""


def trash_page(
    bench: Workbench,
    mapping: Mapping,
    page: Present,
    run: Run,
    *,
    message: str | None = None,
    deleted_with: int | None = None,
) -> Step:
    """Move the page to the trash, its values recorded first."""
    row = replace(_row_of_trashing(bench, mapping, page, run, message), deleted_with=deleted_with)
    return _remove(bench, mapping, RemoveIntent(Side.NOTION, row.id), row)


def trash_among(bench: Workbench, mapping: Mapping, page: Present, run: Run, *, many: int) -> Step | None:
    """As `trash_page`, where that is one of *many* deletions; None where the last hour had too many with them.

    They are counted as it is begun, so that it is neither counted again, should the worker die, nor begun uncounted.
    """
    row = _row_of_trashing(bench, mapping, page, run)
    intent = RemoveIntent(Side.NOTION, row.id)
    going, rows = _about_to(bench, mapping, intent, row)
    begun = bench.ledger.save_removal(going, *rows, now=bench.clock(), many=many)
    return None if begun is None else _go_through(bench, begun, intent)


def trash_as_handed_over(
    bench: Workbench, mapping: Mapping, page: Present, taker: Mapping, *logs: SyncLog, run: Run, message: str
) -> Mapping:
    """As `trash_page`, begun as *taker* takes over what *mapping* pairs no more; *taker*, saved with *logs*."""
    row = _row_of_trashing(bench, mapping, page, run, message)
    intent = RemoveIntent(Side.NOTION, row.id)
    going, rows = _about_to(bench, mapping, intent, row)
    begun, taker = bench.ledger.hand_over(going, taker, *rows, *logs)
    _go_through(bench, begun, intent)
    return taker


def check_second_may_go(bench: Workbench) -> None:
    """Raise `Unavailable` where the workspace changes nothing in Notion: no second page of a record goes there then."""
    if not bench.may_write(Side.NOTION):
        raise Unavailable(
            "a second page of this record is to go, but the workspace changes nothing in Notion: it syncs only to "
            "NavImpact; move that page to the trash by hand, or let the workspace sync both ways"
        )


def _row_of_trashing(
    bench: Workbench, mapping: Mapping, page: Present, run: Run, message: str | None = None
) -> SyncLog:
    changes = journal.removal(Side.NOTION, page, message or "deleted on navimpact")
    return bench.row(mapping, Operation.DELETE, run, side=Side.NOTION, changes=changes, message=message)


def take_page(bench: Workbench, mapping: Mapping, page: Present, run: Run, *, reverts: int) -> Step:
    """Undo the making of a page: it goes to the trash, and what becomes of its record is for a person to say."""
    changes = journal.removal(Side.NOTION, page, "undone")
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NOTION, changes=changes, reverts=reverts)
    return _remove(bench, mapping, RemoveIntent(Side.NOTION, row.id, State.AWAITING_APPROVAL), row)


def keep_words(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> None:
    """Record what only *page* says: its record may go now, or the trash be emptied before somebody answers."""
    if words := unsent_words(mapping, entity, page):
        bench.ledger.record(row_of_words(bench, mapping, words, run))


def unsent_words(mapping: Mapping, entity: Present, page: Trashed) -> tuple[Change, ...]:
    """What *page*, which somebody threw away, says that NavImpact never had."""
    return journal.removal(Side.NOTION, journal.unsent(mapping, entity, page.last), THROWN_AWAY)


def row_of_words(bench: Workbench, mapping: Mapping, words: tuple[Change, ...], run: Run) -> SyncLog:
    """The row that keeps the last *words* of a page that somebody threw away."""
    return bench.row(mapping, Operation.UNLINK, run, outcome=Outcome.SUCCESS, changes=words, message=THROWN_AWAY)


def delete_entity(bench: Workbench, mapping: Mapping, entity: Present, run: Run, *, reverts: int | None = None) -> Step:
    """Delete it in NavImpact for good, with all that belongs to it, once every value is recorded.

    NavImpact deletes a project's children with it, without a word about them. Where this undoes a creation the row in
    Notion, which is a person's, stays.
    """
    rule, leaves = ("deletion approved", State.DELETED) if reverts is None else ("undone", State.AWAITING_APPROVAL)
    changes = journal.removal(Side.NAVIMPACT, entity, rule)
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NAVIMPACT, changes=changes, reverts=reverts)
    return _remove(bench, mapping, RemoveIntent(Side.NAVIMPACT, row.id, leaves), row)


def read_again(bench: Workbench, mapping: Mapping, page: Trashed, run: Run) -> Step:
    """Have the last look at *page* once more, as if it was only now trashed: what was typed is kept on both sides."""
    changes = journal.last_words(mapping, page.last, LOOKED_AT_AGAIN)
    row = bench.row(mapping, Operation.DELETE, run, side=Side.NOTION, changes=changes, message=LOOKED_AT_AGAIN)
    intent, ended = RemoveIntent(Side.NOTION, row.id, mapping.state), journal.abandoned(bench.ledger, mapping)
    return _in_the_trash(bench, bench.ledger.save(mapping.but(intent=intent), row, *ended), intent, row)


def _remove(bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog) -> Step:
    going, rows = _about_to(bench, mapping, intent, row)
    return _go_through(bench, bench.ledger.save(going, *rows), intent)


def _about_to(
    bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog
) -> tuple[Mapping, Sequence[SyncLog]]:
    """*mapping* as it is saved before it is removed, and the rows that go with it."""
    going = mapping.but(intent=intent, unshown=unshown.left_over(bench, mapping))
    return going, [row, *journal.abandoned(bench.ledger, mapping)]


def _go_through(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    try:
        return carry_out(bench, mapping, intent)
    except Raced:
        return Again(bench.ledger.load(mapping.id) or mapping)


def carry_out(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    """Take it away on that side. On NavImpact only as it was recorded, with all that goes along."""
    id = mapping.page_id if intent.on is Side.NOTION else mapping.entity_id
    if id is None:
        raise AssertionError(f"mapping {mapping.id} has nothing to remove on {intent.on}")
    row = bench.ledger.log(intent.log_id)
    seen = bench.read(Side.NAVIMPACT, mapping) if intent.on is Side.NAVIMPACT else None
    if row is not None and isinstance(seen, Present) and _says_more(seen, row):
        return Again(mapping)  # the next look decides whether it still goes
    mapping, intent, goes_too = below.record(bench, mapping, intent, run_of(row))  # last: no header holds these
    if goes_too and isinstance(seen, Present) and intent.leaves is State.AWAITING_APPROVAL:
        return _not_alone(bench, mapping, row)
    try:
        if isinstance(seen, Present):
            mapping = bench.ledger.save(mapping)  # under the lease: who has lost that does not delete for good
            _delete_as_seen(bench, mapping, seen)
        else:
            bench.on(intent.on).remove(mapping.entity_type, id)
    except (Refused, MissingCapability) as error:
        return _not_removed(bench, mapping, intent, error, row)
    bench.ledger.record(*(replace(child, outcome=Outcome.SUCCESS) for child in goes_too))
    if intent.on is Side.NOTION and row is not None:
        return _in_the_trash(bench, mapping, intent, row)
    return removed(bench, mapping, intent, row)


def _says_more(seen: Present, row: SyncLog) -> bool:
    """Whether the record says by now what *row* does not tell."""
    return _words(with_words(row, Side.NAVIMPACT, seen)) != _words(row)


def _delete_as_seen(bench: Workbench, mapping: Mapping, seen: Present) -> None:
    """Delete the record unless it was edited since it was *seen*. Raises `Raced` where it was."""
    if seen.revision is not None:
        bench.navimpact.remove(mapping.entity_type, seen.id, seen=seen)
        return
    with writes.alone_with(bench, mapping):
        now = bench.read(Side.NAVIMPACT, mapping)
        if isinstance(now, Present) and now.values != seen.values:
            raise Raced("the record was edited on NavImpact while we were deciding")
        bench.navimpact.remove(mapping.entity_type, seen.id)


def _not_alone(bench: Workbench, mapping: Mapping, row: SyncLog | None) -> Step:
    """Who undid the making of a project agreed to no deletion of what others have added to it since."""
    kept = call_off(bench, mapping)
    if row is not None:
        bench.ledger.record(replace(row, outcome=Outcome.FAILED, message=NOT_ALONE))
    return Again(kept)


def _words(row: SyncLog) -> Values:
    return {change.field: change.old for change in row.changes}


def removed(bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog | None) -> Step:
    """It is not there any more: the history says so, and the mapping what follows."""
    done = [replace(unshown.with_whole_texts(mapping, row), outcome=Outcome.SUCCESS)] if row else []
    waits = journal.in_the_trash(mapping.entity_type) if intent.on is Side.NOTION else journal.UNDONE
    asked = tuple(trouble for trouble in mapping.troubles if trouble.code == waits.code)  # it names what goes
    troubles = () if intent.leaves is State.DELETED else asked or (replace(waits, since=bench.clock()),)
    after = mapping.but(
        intent=None, state=intent.leaves, troubles=troubles, refused={}, last_change_at=bench.clock(),
        removed_by=intent.log_id, trashed_at=bench.clock() if intent.on is Side.NOTION else mapping.trashed_at,
    )  # fmt: skip
    gone = bench.ledger.save(after, *done)
    is_asked = intent.on is Side.NOTION and intent.leaves is State.AWAITING_APPROVAL
    return Again(gone) if is_asked and not bench.may_write(Side.NAVIMPACT) else Done()  # nothing there may be deleted


def _not_removed(
    bench: Workbench, mapping: Mapping, intent: RemoveIntent, error: SyncError, row: SyncLog | None
) -> Step:
    """The side keeps it: a person must see why, and nothing is tried again without them."""
    refusal = Trouble("refused", f"{intent.on} does not remove it: {error}", f"Remove it on {intent.on} by hand.")
    waiting = journal.in_the_trash(mapping.entity_type) if intent.on is Side.NAVIMPACT else journal.MASS_DELETION
    kept = mapping.but(
        intent=None, state=State.AWAITING_APPROVAL, troubles=(replace(waiting, since=bench.clock()), refusal)
    )
    bench.ledger.save(kept, *([replace(row, outcome=Outcome.FAILED, message=str(error))] if row else []))
    bench.ledger.record(*below.told(bench, intent))
    return Done()


# --- the last look ----------------------------------------------------------------------------------------------------


def _in_the_trash(bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog) -> Step:
    match _last_look(bench, mapping, row):
        case Gone():
            return Again(mapping)
        case Present():
            return _given_back(bench, mapping, intent, row)
        case Trashed() as last:
            row = with_words(bench.ledger.log(row.id) or row, Side.NOTION, last.last)
            if bench.was_edited(mapping, Side.NOTION, last.last):
                bench.notion.restore(mapping.entity_type, last.last.id)
                return _given_back(bench, mapping, intent, row)
            return removed(bench, mapping, intent, row)


def _last_look(bench: Workbench, mapping: Mapping, row: SyncLog) -> Observation:
    """The page in the trash: there nobody edits it, so what it says now is its last word.

    Where Notion does not show its body there, it is taken out once more and read whole; edited, it stays there.
    """
    last = bench.read(Side.NOTION, mapping)
    if not isinstance(last, Trashed) or not hides_body(mapping, last.last):
        return last
    whole = bench.notion.restore(mapping.entity_type, last.last.id)
    if bench.was_edited(mapping, Side.NOTION, whole):
        return whole
    bench.ledger.record(with_words(row, Side.NOTION, whole))
    bench.notion.remove(mapping.entity_type, last.last.id)
    return bench.read(Side.NOTION, mapping)


def hides_body(mapping: Mapping, page: Present) -> bool:
    """Whether Notion does not show the text of *page*, as of one in the trash."""
    return not SPECS[mapping.entity_type].bodies.isdisjoint(page.unreadable)


def with_words(row: SyncLog, side: Side, seen: Present) -> SyncLog:
    """*row* with what *seen* says; of what cannot be read now, what was recorded before."""
    rule = row.changes[0].rule if row.changes else ""
    unread = (change for change in row.changes if change.field in seen.unreadable)
    return replace(row, changes=(*journal.removal(side, seen, rule), *unread))


def run_of(row: SyncLog | None) -> Run:
    """The run that began what *row* tells of."""
    return Run(row.run_id, row.actor) if row else Run("")


# --- calling it off ---------------------------------------------------------------------------------------------------


def call_off(bench: Workbench, mapping: Mapping) -> Mapping:
    """*mapping* without the removal that was begun: a person does not want it any more."""
    if isinstance(mapping.intent, RemoveIntent):
        bench.ledger.record(*below.told(bench, mapping.intent))
    return bench.ledger.save(mapping.but(intent=None), *journal.abandoned(bench.ledger, mapping))


def kept(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    """The record stays: its page wants its entity back, where that is gone."""
    if intent.on is Side.NOTION and intent.leaves is State.DELETED:
        return recreate_entity(bench, mapping)
    return Again(call_off(bench, mapping))


def _given_back(bench: Workbench, mapping: Mapping, intent: RemoveIntent, row: SyncLog) -> Step:
    bench.ledger.record(replace(row, outcome=Outcome.FAILED, message="edited meanwhile, so it was kept"))
    return kept(bench, mapping.but(intent=None), intent)


def recreate_entity(bench: Workbench, mapping: Mapping, page: Present | None = None) -> Step:
    """An edit outlives a deletion, and a page taken out of the trash wants its entity back.

    Where *page* shows the half of a text, that half is agreed on now: merged with what was typed there, too, it did
    not count as such while it had to be seen that somebody has typed.
    """
    if page is not None and isinstance(mapping.intent, WriteIntent):
        mapping = mapping.but(bases={**mapping.bases, **half_written.begun(bench, mapping, mapping.intent, page)})
    fresh = mapping.but(
        entity_id=None, remakes=mapping.entity_id or mapping.remakes, conflicts=(), troubles=(), refused={},
        stamped=False, gone_since=None, intent=None, unshown=unshown.left_over(bench, mapping), state=State.DRAFT,
        last_words=None,
    )  # fmt: skip
    return Again(bench.ledger.save(fresh, *journal.abandoned(bench.ledger, mapping)))
