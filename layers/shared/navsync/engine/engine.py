"""One mapping: what does a look at it lead to, until both sides are in step?"""

from __future__ import annotations

from copy import replace
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from navsync.attention import still_asks
from navsync.engine import (
    creates,
    decisions,
    deletes,
    gate,
    journal,
    last_words,
    lost_answers,
    newcomers,
    proof,
    removals,
    undo,
    updates,
    watch,
)
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Again, Done, First, Later, Result, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Fatal, Raced, StaleMapping, SyncError, Unavailable, Unclear
from navsync.fields import SPECS
from navsync.model import (
    CreateIntent,
    Decision,
    EntityType,
    Gone,
    Mapping,
    Observation,
    Present,
    ReadIntent,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Trashed,
    Trouble,
    WriteIntent,
)
from navsync.undoing import Choice

LOOKS = 6
"""How often one sync looks, whatever each look leads to, before it is left for later."""

UNCLEAR = 2
"""How often one sync writes without being told what became of it. The first answer may have been lost on the way; who
does not answer twice is not asked a third time."""


@dataclass(frozen=True, slots=True)
class Engine(Workbench):
    """Keeps the mappings of one workspace in step."""

    def sync(self, mapping: Mapping, run: Run, *, edited: Side | None = None) -> Result:
        """Bring both sides of *mapping* in step.

        *edited* is the side an event came from: when that side shows what was agreed, the other is not asked.
        """
        if not self.busy.enter(mapping.id):  # another thread is at it
            return Later(mapping, self.clock(), asked=False)
        try:
            return self._follow(Again(mapping, edited), run)
        finally:
            self.busy.leave(mapping.id)

    def welcome_record(self, entity_type: EntityType, seen: Present, run: Run) -> Result:
        """Give the entity just read as *seen* a page."""
        return self._follow(newcomers.welcome_record(self, entity_type, seen, run), run)

    def welcome_page(self, entity_type: EntityType, page: Observation, run: Run) -> Result:
        """Look at a page that no mapping pairs: adopt it by its key, or make an entity of a row a person added."""
        return self._follow(newcomers.welcome_page(self, entity_type, page, run), run)

    # --- what people decide -----------------------------------------------------------------------------------------

    def resolve(self, mapping: Mapping, field: str, version: str, winner: Side, run: Run) -> Result:
        """Let *winner*'s value win the conflict of *field* that a person saw as *version*."""
        mapping = self._without_intent(mapping, run)
        return self._follow(decisions.resolve(self, mapping, field, version, winner, run), run)

    def decide(self, mapping: Mapping, version: str | None, decision: Decision, run: Run) -> Result:
        """Carry out what a person said of the deletion that *mapping* waits with, or of what may be its record.

        It is an answer to the question that they saw as *version*, and to no other; None: to whatever is asked.
        """
        if not still_asks(mapping, version):
            return self._follow(decisions.overtaken(self, mapping, run), run)
        if decision is Decision.REJECT and isinstance(mapping.intent, RemoveIntent):
            mapping = removals.call_off(self, mapping)
        if isinstance(mapping.intent, CreateIntent):
            return self._follow(lost_answers.confirm(self, mapping, mapping.intent, decision, run), run)
        mapping = self._without_intent(mapping, run)
        return self._follow(decisions.decide(self, mapping, version, decision, run), run)

    def revert(self, mapping: Mapping, row: SyncLog, choice: Choice, run: Run) -> Result:
        """Undo what *row* tells of *mapping*. Raises `Refused` where somebody has edited since."""
        mapping = self._without_intent(mapping, run)
        if mapping.state is State.EXCLUDED:  # its page may be there again, or the rules others
            mapping = self._looked_at(mapping, run)
        return self._follow(undo.revert(self, mapping, row, choice, run), run)

    def _without_intent(self, mapping: Mapping, run: Run) -> Mapping:
        """*mapping* with what was begun brought to its end."""
        if mapping.intent is not None:
            mapping = self._looked_at(mapping, run)
        if mapping.intent is not None:
            raise Unavailable("what was begun with this record before is settled first")
        return mapping

    def _looked_at(self, mapping: Mapping, run: Run) -> Mapping:
        """*mapping* as a look at it leaves it."""
        self.sync(mapping, run)
        return self.ledger.load(mapping.id) or mapping

    # --- looking ----------------------------------------------------------------------------------------------------

    def _follow(self, step: Step, run: Run) -> Result:
        """Go on until nothing is left to do now."""
        looks = unclear = 0
        while True:
            match step:
                case Done():
                    return step
                case Later():
                    return replace(step, unclear=unclear > 0)
                case First(parent=parent, mapping=mapping):
                    step = self._after(parent, mapping, run)
                case Again() if looks == LOOKS:
                    raise Raced(f"it was looked at {LOOKS} times, and each look asked for another")
                case Again(mapping=mapping, edited=edited):
                    looks += 1
                    try:
                        step = self._recovered(mapping, self._look(mapping, run, edited))
                    except (Raced, Unclear, StaleMapping) as error:
                        unclear += isinstance(error, Unclear)
                        stored = self.ledger.load(mapping.id)
                        if stored is None or looks == LOOKS or unclear == UNCLEAR:
                            raise
                        step = Again(stored)
                case _:
                    assert_never(step)

    def _after(self, parent: Mapping, mapping: Mapping, run: Run) -> Step:
        if parent.next_retry_at is not None and parent.is_put_off(self.clock()):
            return Later(mapping, parent.next_retry_at)
        ended = self.sync(parent, replace(run, edits=()))  # which are of *mapping*'s page
        stored = self.ledger.load(parent.id)
        if stored is None or stored.state in deletes.SETTLED:
            return Again(mapping)
        waits = stored.state is State.AWAITING_APPROVAL
        soonest = self.clock() + (deletes.UNREACHABLE_PAUSE if waits else proof.CONFIRM)
        return Later(mapping, max(soonest, ended.at) if isinstance(ended, Later) else soonest)

    def _look(self, mapping: Mapping, run: Run, edited: Side | None) -> Step:
        match mapping.intent:
            case CreateIntent() as intent:
                return lost_answers.finish_create(self, mapping, intent, run)
            case RemoveIntent() as intent:
                return deletes.finish_remove(self, mapping, intent)
            case ReadIntent():
                return last_words.finish(self, mapping)
            case WriteIntent() | None:
                return self._observe(mapping, run, edited)
            case _:
                assert_never(mapping.intent)

    def _observe(self, mapping: Mapping, run: Run, edited: Side | None) -> Step:
        if mapping.entity is None and mapping.page_id is None:
            return Done(asked=False)  # it turned out to be what a row had made: the row's mapping has it now
        if mapping.entity is None:
            return creates.draft(self, mapping, self.read(Side.NOTION, mapping), run)
        if mapping.page_id is None:
            return creates.page_for(self, mapping, self.read(Side.NAVIMPACT, mapping), run)
        entity = self.read(Side.NAVIMPACT, mapping)
        left_out = gate.pair_left_out(self, mapping, entity)
        if left_out is not None and not gate.takes_leave(mapping, entity):
            mapping = gate.without_write(self, mapping, entity)
            if any(watch.overwritten(mapping.written, edit, edit.fields) for edit in run.edits):
                mapping = self._told_of_overwritten(mapping, self.read(Side.NOTION, mapping), run)
            return gate.set_aside(self, mapping, left_out, run)
        if left_out is None and edited is Side.NAVIMPACT and self._is_unmoved(mapping, entity):
            return Done()
        if isinstance(entity, Gone) and (doubted := deletes.doubted(self, mapping, run)) is not None:
            return doubted
        page = self.read(Side.NOTION, mapping)  # last: it is the side people edit, and it has no conditional write
        if left_out is not None and not isinstance(page, Present):
            return gate.set_aside(self, mapping, left_out, run)
        return self._act(mapping, entity, page, run)

    def _act(self, mapping: Mapping, entity: Observation, page: Observation, run: Run) -> Step:
        gate.readmit(self, mapping)
        mapping = gate.with_landed(self, mapping, entity, page)
        if isinstance(entity, Present) and mapping.gone_since is not None:
            mapping = self.ledger.save(mapping.but(gone_since=None))
        if isinstance(page, Present) and last_words.is_left_out(self, mapping, entity, page):
            return last_words.put_back_again(self, mapping, page)
        if isinstance(page, Present) and mapping.last_words is not None:
            mapping = self.ledger.save(mapping.but(last_words=None))
        if not (isinstance(entity, Present) and isinstance(page, Present)):  # else it is told of once nobody is typing
            mapping = self._told_of_overwritten(mapping, page, run)
        match entity, page:
            case _, Trashed() if deletes.was_typed_in_as_it_went(self, mapping, page, run):
                return removals.read_again(self, mapping, page, run)
            case Present(), Present():
                seen = {Side.NAVIMPACT: entity, Side.NOTION: page}
                return updates.merge_both(self, mapping.but(trashed_at=None), seen, run)
            case Present(), Trashed():
                return deletes.page_trashed(self, mapping, entity, page, run)
            case Present() | Gone(), Gone():
                return deletes.page_unreachable(self, mapping, run, is_alone=isinstance(entity, Gone))
            case Gone(), Present():
                return deletes.entity_gone(self, mapping, page, run)
            case Gone(), Trashed():
                return deletes.both_gone(self, mapping, run, page, is_proved=True)
            case _:
                raise AssertionError(f"NavImpact has no trash, yet showed {entity}")

    def _told_of_overwritten(self, mapping: Mapping, page: Observation, run: Run) -> Mapping:
        last = page.last if isinstance(page, Trashed) else page
        return updates.tell_overwritten(self, mapping, last, run) if isinstance(last, Present) else mapping

    def _is_unmoved(self, mapping: Mapping, entity: Observation) -> bool:
        settled = mapping.intent is None and mapping.state is State.LINKED and mapping.stamped
        quiet = not mapping.conflicts and not mapping.troubles and mapping.gone_since is None
        known = mapping.bases.keys() >= SPECS[mapping.entity_type].names
        same = isinstance(entity, Present) and not self.was_edited(mapping, Side.NAVIMPACT, entity)
        return settled and quiet and known and same

    # --- failures ---------------------------------------------------------------------------------------------------

    def _recovered(self, before: Mapping, step: Step) -> Step:
        """*step*; a look that ended well ends the count of failures, whatever it led to."""
        ended = isinstance(step, Done | Later)
        stored = self.ledger.load(before.id) if before.attempts and ended else None
        if stored is not None:
            healthy = stored.but(troubles=tuple(t for t in stored.troubles if t.code != "failing"), **HEALTHY)
            if healthy != stored:
                self.ledger.save(healthy)
        return step

    def note_failure(self, mapping: Mapping, error: SyncError, retry_at: datetime) -> Mapping:
        """Remember that a look at *mapping* failed and when the next one is, for the people who wonder."""
        stored = self.ledger.load(mapping.id) or mapping
        fix = "See the cause; it is looked at again later." if isinstance(error, Fatal) else journal.BY_ITSELF
        trouble = Trouble("failing", f"The last look failed: {error}", fix)
        others = tuple(t for t in stored.troubles if t.code != "failing")
        return self.ledger.save(
            stored.but(attempts=stored.attempts + 1, next_retry_at=retry_at, troubles=(*others, trouble))
        )
