"""What a person decided: who wins a conflict, and whether a deletion goes through."""

from __future__ import annotations

from navsync import merge, scope
from navsync.attention import still_asks
from navsync.engine import deletes, gate, journal, last_words, proof, removals, second_pages
from navsync.engine.steps import Again, Run, Step
from navsync.engine.workbench import Workbench
from navsync.fields import Kind, field_of
from navsync.model import (
    NEVER_SHOWN,
    Base,
    Conflict,
    Decision,
    Gone,
    Mapping,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    Trashed,
)
from navsync.standing import asks_of_trash


def resolve(bench: Workbench, mapping: Mapping, field: str, version: str, winner: Side, run: Run) -> Step:
    """Let *winner*'s value win the conflict of *field* that a person saw as *version*.

    Only the bases are set, so that the ordinary plan writes the winner and records the loser. A value that somebody
    edits after the choice was made is a conflict again: the person chose between the two values they saw. Such an edit
    of a long text is merged into the winner, where it is in other words than those that were chosen between.
    """
    conflict = next((c for c in mapping.conflicts if (c.field, c.version) == (field, version)), None)
    if conflict is None:
        journal.tell_overtaken(bench, mapping, Operation.RESOLVE, run)
        return Again(mapping)
    bases = {**mapping.bases, field: _lost_by(winner.other, conflict, field_of(mapping.entity_type, field).kind)}
    others = tuple(c for c in mapping.conflicts if c is not conflict)
    message = f"{field}: {winner} wins"
    row = bench.row(mapping, Operation.RESOLVE, run, side=winner.other, outcome=Outcome.SUCCESS, message=message)
    return Again(bench.ledger.save(mapping.but(bases=bases, conflicts=others), row))


def _lost_by(loser: Side, conflict: Conflict, kind: Kind) -> Base:
    """A base that *loser* still shows and the winner does not: so it was the winner who changed."""
    lost = conflict.on(loser)
    for_winner = lost if kind in merge.MERGED else NEVER_SHOWN
    return Base(for_winner, lost) if loser is Side.NOTION else Base(lost, for_winner)


def decide(bench: Workbench, mapping: Mapping, version: str | None, decision: Decision, run: Run) -> Step:
    """Carry out what a person said of the deletion that *mapping* waits with; nothing, when it asks otherwise."""
    if not still_asks(mapping, version):
        return overtaken(bench, mapping, run)
    if mapping.entity is None:
        return _decide_of_second_page(bench, mapping, decision, run)
    entity, page = bench.read(Side.NAVIMPACT, mapping), bench.read(Side.NOTION, mapping)
    if isinstance(entity, Gone) and isinstance(page, Present):
        proof.check_gone(bench, mapping)
    if isinstance(page, Trashed) and decision is Decision.APPROVE and removals.hides_body(mapping, page.last):
        mapping, page = last_words.read_now(bench, mapping, page)
    match entity, page, decision:
        case Present(), Trashed(), Decision.APPROVE if not bench.wants_page(mapping, entity, page.last):
            return _let_record_go(bench, mapping, entity, page, run)
        case Present(), Trashed(), Decision.REJECT if asks_of_trash(mapping):
            return deletes.restore_page(bench, mapping, page, run)
        case Gone(), Present(), Decision.APPROVE if _page_may_go(bench, mapping, page):
            return _let_page_go(bench, mapping, page, run)
        case Gone(), Present(), Decision.REJECT:
            return removals.recreate_entity(bench, mapping)
        case Present(), Present(), Decision.REJECT:  # it has come so by itself, or Notion did not put the page back
            return Again(mapping.but(last_words=None))
        case Gone(), Trashed(), Decision.APPROVE:
            return Again(mapping)  # it has come so by itself
        case _:
            return overtaken(bench, mapping, run)  # an edit outlives a deletion, approved or not


def overtaken(bench: Workbench, mapping: Mapping, run: Run) -> Step:
    """Look at *mapping* as it is by now, which is not what a person has answered about; they are told so."""
    journal.tell_overtaken(bench, mapping, Operation.UNLINK, run)
    return Again(mapping)


def _decide_of_second_page(bench: Workbench, mapping: Mapping, decision: Decision, run: Run) -> Step:
    """Of a page that was to make way, and could not: it goes now, or becomes a row of its own."""
    page = bench.read(Side.NOTION, mapping)
    if isinstance(page, Present) and decision is Decision.APPROVE:
        return second_pages.trash(bench, mapping, page, run, message=second_pages.AGREED)
    return Again(bench.ledger.save(mapping.but(state=State.DRAFT, troubles=())))


def _let_record_go(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Step:
    """Delete the record whose page is in the trash; where the workspace deletes none in NavImpact, a look says so."""
    if not bench.may_write(Side.NAVIMPACT):
        return Again(mapping)
    removals.keep_words(bench, mapping, entity, page, run)
    asked = deletes.ask_anew(bench, mapping, entity, page, run)
    return asked or removals.delete_entity(bench, mapping, entity, run)


def _page_may_go(bench: Workbench, mapping: Mapping, page: Present) -> bool:
    """Whether nobody has edited the page since, or taken it out of the trash."""
    return not (asks_of_trash(mapping) or bench.was_edited(mapping, Side.NOTION, page))


def _let_page_go(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step:
    """Move the page of a record that is gone to the trash; where the workspace changes nothing in Notion it stays."""
    if not bench.may_write(Side.NOTION):
        return gate.set_aside(bench, mapping, scope.GONE, run)
    return deletes.ask_about_unread(bench, mapping, page, run) or removals.trash_page(bench, mapping, page, run)
