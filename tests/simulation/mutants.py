"""Would the simulator notice? Bad designs, each of which it must reject."""

# ruff: noqa: SLF001  # a mutant replaces what is nobody else's business

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from navsync import conductor, merge, reconcile, scope, titles
from navsync.conductor import rounds
from navsync.engine import (
    below,
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
    second_pages,
    undo,
    watch,
    writes,
)
from navsync.engine.steps import Done, Result, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Unclear
from navsync.fields import Kind, same
from navsync.model import (
    NEVER_SHOWN,
    Base,
    Bases,
    Change,
    Conflict,
    CreateIntent,
    EntityRef,
    EntityType,
    Outcome,
    Present,
    RemoveIntent,
    Settings,
    Side,
    SyncLog,
    Workspace,
)
from navsync.model import Mapping as Pair
from tests.contract.memory import MemoryNavImpact, MemoryNotion, Page
from tests.contract.memory_store import MemoryDesk, MemoryLedger, place_of
from tests.simulation.campaign import OPERATIONS, played
from tests.simulation.swarm import drawn

type Mutation = Callable[[], AbstractContextManager[object]]

MUTANTS: dict[str, Mutation] = {}
"""Name → what to change while a history is played."""


def mutant(mutation: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
    """Register a bad design under the words of its name."""
    MUTANTS[mutation.__name__.replace("_", " ")] = contextmanager(mutation)
    return mutation


def killed_after(name: str, histories: int, first: int = 1) -> tuple[int, str] | None:
    """How many histories it took to notice, and what was noticed first; None when it got away."""
    for tried, seed in enumerate(range(first, first + histories), start=1):
        swarm = drawn(seed, OPERATIONS)
        with MUTANTS[name]():
            wrong = played(swarm)[1]
        if wrong and not played(swarm)[1]:  # it must be the mutant's fault
            return tried, wrong[0]
    return None


# --- merge -----------------------------------------------------------------------------------------------------------


@mutant
def the_last_writer_wins() -> Iterator[None]:
    """No base is consulted: whoever was edited later is right, and nobody records what was there."""

    def decide(field: Any, _base: Any, navimpact: Present, notion: Present, _policy: Any) -> tuple[merge.Action, ...]:
        mine, theirs = navimpact.values[field.name], notion.values[field.name]
        if same(field, mine, theirs):
            return ()
        if str(navimpact.edited_at) > str(notion.edited_at):
            return (merge.Write(field.name, Side.NOTION, mine, theirs, "newest"),)
        return (merge.Write(field.name, Side.NAVIMPACT, theirs, mine, "newest"),)

    def change(write: Any, _seen: object) -> Change:
        return Change(write.field, write.to, None, write.value)

    with patch.object(merge, "_decide", decide), patch.object(journal, "change", change):
        yield


@mutant
def the_base_is_the_whole_answer() -> Iterator[None]:
    """After a write all of its answer counts as agreed, an edit that somebody made meanwhile too."""

    def remember(bases: Bases, sent: Sequence[Any], shown: Mapping[Side, Present]) -> Bases:
        whole = dict(_remember(bases, sent, shown))
        for side, seen in shown.items():
            for name, base in list(whole.items()):
                value = seen.values[name]
                whole[name] = Base(value, base.notion) if side is Side.NAVIMPACT else Base(base.navimpact, value)
        return whole

    with patch.object(merge, "remember", remember):
        yield


_remember = merge.remember


@mutant
def an_adopted_record_is_taken_as_sent() -> Iterator[None]:
    """What an interrupted create made counts as agreed, whatever people have made of it since."""

    def adopted(spec: Any, on: Side, intended: dict[str, Any], shown: Present) -> Bases:
        return {
            f: Base(v, shown.values[f]) if on is Side.NOTION else Base(shown.values[f], v) for f, v in intended.items()
        }

    with patch.object(merge, "adopted", adopted):
        yield


@mutant
def a_policy_decides_what_was_never_agreed_on() -> Iterator[None]:
    """Nobody knows whether either value is an edit, yet one replaces the other."""
    never = Base(NEVER_SHOWN, NEVER_SHOWN)

    def ruled(field: Any, base: Base | None, shown: Base, rule: Any) -> merge.Action:
        return _ruled(field, never if base is None else base, shown, rule)

    with patch.object(merge, "_ruled", ruled):
        yield


_ruled = merge._ruled


# --- engine ----------------------------------------------------------------------------------------------------------


@mutant
def a_create_is_simply_repeated() -> Iterator[None]:
    """No lookup before a second try."""

    def finish(bench: Workbench, mapping: Pair, intent: CreateIntent, run: Run) -> Step:
        return creates.post(bench, mapping, intent, run)

    with patch.object(lost_answers, "finish_create", finish), patch.object(second_pages, "heal", _leave):
        yield


def _leave(*_: object) -> Step:
    return Done()


@mutant
def the_index_is_trusted_at_once() -> Iterator[None]:
    """A page that a query does not show is made again without waiting; duplicates are left."""
    with patch.object(lost_answers, "SETTLE", timedelta()), patch.object(second_pages, "heal", _leave):
        yield


@mutant
def second_pages_are_left() -> Iterator[None]:
    """No healing of what late workers make."""
    with patch.object(second_pages, "heal", _leave):
        yield


@mutant
def values_are_recorded_after_the_write() -> Iterator[None]:
    """The history is written when all is done, and the losing side of a conflict with it."""

    def save(self: MemoryLedger, mapping: Pair, *logs: SyncLog) -> Pair:
        started = [replace(log, changes=()) if log.outcome is Outcome.STARTED else log for log in logs]
        return _save(self, mapping, *started)

    with patch.object(MemoryLedger, "save", save):
        yield


_save = MemoryLedger.save


@mutant
def the_second_read_is_ignored() -> Iterator[None]:
    """NavImpact is read again before the write, but a difference changes nothing."""

    def unchanged(bench: Workbench, mapping: Pair, wanted: object, seen: Present) -> Present:
        now = bench.read(Side.NAVIMPACT, mapping)
        return now if isinstance(now, Present) else seen

    with patch.object(writes, "_unchanged", unchanged):
        yield


@mutant
def the_etag_is_not_sent() -> Iterator[None]:
    """Writes to NavImpact carry no If-Match."""

    def update(self: MemoryNavImpact, entity_type: Any, id: str, changes: Any, *, seen: Present) -> Present:
        return _update(self, entity_type, id, changes, seen=replace(seen, revision=None))

    with patch.object(MemoryNavImpact, "update", update):
        yield


_update = MemoryNavImpact.update


@mutant
def whole_records_are_written() -> Iterator[None]:
    """Every field is sent, changed or not."""

    def send(bench: Workbench, side: Side, mapping: Pair, wanted: Sequence[Any], seen: Present) -> Present:
        changes = {**seen.values, **{w.field: w.value for w in wanted}}
        return bench.on(side).update(mapping.entity_type, seen.id, changes, seen=seen)

    with patch.object(writes, "_send", send):
        yield


@mutant
def one_404_is_a_deletion() -> Iterator[None]:
    """NavImpact's 404 is believed at once, whether or not anything else of it can be seen."""
    with (
        patch.object(proof, "CONFIRM", timedelta()),
        patch.object(Workbench, "check_collection", lambda *_: None),
        patch.object(proof, "_is_another_shown", lambda *_: True),
        patch.object(proof, "is_another_there", lambda *_: True),
    ):
        yield


@mutant
def a_page_that_is_not_shown_is_gone_for_good() -> Iterator[None]:
    """Once it was in the trash, that is, also where nothing of its database is shown."""
    with patch.object(Workbench, "check_database", lambda *_: None):
        yield


@mutant
def an_empty_navimpact_is_believed() -> Iterator[None]:
    """All has been deleted, then, one record after the other, and nobody is asked where nothing is left to ask for."""
    with (
        patch.object(proof, "_is_another_shown", lambda *_: True),
        patch.object(proof, "is_another_there", lambda *_: True),
    ):
        yield


@mutant
def a_deletion_outlives_an_edit() -> Iterator[None]:
    """Pages of deleted records go, whatever was written on them since."""

    def carry_out(bench: Workbench, mapping: Pair, intent: RemoveIntent) -> Step:
        if mapping.page_id is not None:
            bench.notion.remove(mapping.entity_type, mapping.page_id)
        row = bench.ledger.log(intent.log_id)
        done = [replace(row, outcome=Outcome.SUCCESS)] if row else []
        bench.ledger.save(mapping.but(intent=None, state=intent.leaves), *done)
        return Done()

    with patch.object(removals, "carry_out", carry_out):
        yield


@mutant
def the_row_of_a_deletion_forgets_what_it_recorded() -> Iterator[None]:
    """It tells in the end what the page showed in the trash, where a body does not show."""

    def with_words(row: SyncLog, side: Side, seen: Present) -> SyncLog:
        return replace(row, changes=journal.removal(side, seen, ""))

    with patch.object(removals, "with_words", with_words):
        yield


@mutant
def what_goes_with_a_project_is_not_looked_for() -> Iterator[None]:
    """NavImpact deletes it along, and nobody has recorded it."""
    with patch.object(below, "those_below", lambda *_: iter(())):
        yield


@mutant
def copies_are_taken_for_ours() -> Iterator[None]:
    """A page with our key that nothing pairs is removed, whoever made it."""

    def keyed(bench: Workbench, entity_type: EntityType, key: str, page: Present, run: Run) -> Step:
        entity = EntityRef(entity_type, key.partition("/")[2])
        pair = bench.ledger.of_entity(entity) or bench.new_mapping(entity_type)
        return second_pages.heal(bench, entity, pair, page, run)

    with patch.object(newcomers, "_keyed_page", keyed):
        yield


@mutant
def a_column_that_came_back_empty_is_believed() -> Iterator[None]:
    """A record is made again of what its page shows, though a column has lost what it said."""

    def recalled(mapping: Pair, page: Present) -> Present:
        return _recalled(mapping.but(doubted=()), page)

    with patch.object(creates, "_recalled", recalled):
        yield


_recalled = creates._recalled


@mutant
def an_unclear_write_is_taken_as_done() -> Iterator[None]:
    """A timeout counts as success."""

    def send(bench: Workbench, side: Side, mapping: Pair, wanted: Any, seen: Present) -> Present:
        try:
            return _send(bench, side, mapping, wanted, seen)
        except Unclear:
            return replace(seen, values={**seen.values, **{w.field: w.value for w in wanted}})

    with patch.object(writes, "_send", send):
        yield


_send = writes._send


@mutant
def what_is_trashed_is_deleted() -> Iterator[None]:
    """A page in the trash deletes its record in NavImpact, and nobody is asked."""

    def trashed(bench: Workbench, mapping: Pair, entity: Present, _page: object, run: Run) -> Step:
        return removals.delete_entity(bench, mapping, entity, run)

    with patch.object(deletes, "page_trashed", trashed):
        yield


@mutant
def who_lost_a_conflict_wins() -> Iterator[None]:
    """A choice is carried out the wrong way round."""

    def lost_by(loser: Side, conflict: Conflict, kind: Kind) -> Base:
        return _lost_by(loser.other, conflict, kind)

    with patch.object(decisions, "_lost_by", lost_by):
        yield


_lost_by = decisions._lost_by


@mutant
def choices_are_dropped() -> Iterator[None]:
    """Who says which side wins is asked still."""
    with patch.object(decisions, "resolve", _leave):
        yield


@mutant
def an_undo_goes_over_later_edits() -> Iterator[None]:
    """What a row has replaced comes back, whatever somebody has written since."""

    def inverse(_bench: object, _mapping: Pair, change: Change, seen: Mapping[Side, Present]) -> Iterator[merge.Write]:
        for side, shown in seen.items():
            value = shown.values.get(change.field)
            if value != change.old:
                yield merge.Write(change.field, side, change.old, value, "undone")

    with patch.object(undo, "_inverse", inverse):
        yield


@mutant
def what_was_refused_is_never_tried_again() -> Iterator[None]:
    """Not with another value either."""
    with patch.object(watch, "is_refused", lambda refusal, *_: refusal is not None):
        yield


@mutant
def a_merge_counts_when_one_side_has_it() -> Iterator[None]:
    """A merged text is agreed on although only one side took it before the worker died."""

    def landed(spec: Any, bases: Bases, sent: Sequence[Any], seen: Mapping[Side, Present]) -> Bases:
        return _remember(bases, [write for write in sent if merge.has_landed(spec, write, seen[write.to])], seen)

    with patch.object(merge, "landed", landed):
        yield


@mutant
def what_cannot_be_read_is_empty() -> Iterator[None]:
    """A property that was deleted or retyped reads as cleared."""

    def shown(self: MemoryNotion, page: Page, *, whole: bool = True) -> Present:
        seen = _shown(self, page, whole=whole)
        missing = dict.fromkeys(self.broken.get(page.entity_type, {}))
        unreadable = {name: why for name, why in seen.unreadable.items() if name not in missing}
        return replace(seen, values={**seen.values, **missing}, unreadable=unreadable)

    with patch.object(MemoryNotion, "shown", shown):
        yield


_shown = MemoryNotion.shown


@mutant
def lists_are_believed_to_show_bodies() -> Iterator[None]:
    """A row of a list is in step when its properties are, whatever its body says."""

    def in_step(record: Present, side: Side, mapping: Pair | None) -> bool:
        as_of = record.edited_at if side is Side.NOTION else None
        return _in_step(record, side, mapping and mapping.but(body_as_of=as_of))

    with patch.object(reconcile, "in_step", in_step):
        yield


_in_step = reconcile.in_step


@mutant
def deletions_are_not_counted() -> Iterator[None]:
    """However many records vanish, their pages go."""

    def save_removal(self: MemoryLedger, mapping: Pair, *logs: SyncLog, **_: object) -> Pair:
        return self.save(mapping, *logs)

    with patch.object(MemoryLedger, "save_removal", save_removal):
        yield


# --- conductor, reconcile, store -------------------------------------------------------------------------------------


@mutant
def there_is_no_lease() -> Iterator[None]:
    """Anybody may work on a workspace; only the version of a mapping guards it."""
    with (
        patch.object(MemoryLedger, "_check_lease", lambda _: None),
        patch.object(conductor.shift, "LEASE", timedelta()),
    ):
        yield


@mutant
def the_fence_is_not_checked() -> Iterator[None]:
    """The lease is taken, but a late worker's saves are accepted."""
    with patch.object(MemoryLedger, "_check_lease", lambda _: None):
        yield


@mutant
def the_cursor_has_no_overlap() -> Iterator[None]:
    """A sweep goes on exactly where the last one ended, and nothing walks through the rest."""
    with (
        patch.object(reconcile, "OVERLAP", timedelta()),
        patch.object(reconcile.Round, "check_pairs", lambda *_, **__: None),
        patch.object(reconcile.Round, "walk_rows", lambda *_, **__: None),
    ):
        yield


@mutant
def vanished_records_are_not_looked_for() -> Iterator[None]:
    """Only queries for changes: what a webhook did not tell of a deletion is never known."""
    with patch.object(reconcile.Round, "check_pairs", lambda *_, **__: None):
        yield


@mutant
def done_ignores_the_nonce() -> Iterator[None]:
    """Work that was put again meanwhile is removed with the old."""

    def done(self: MemoryDesk, work: Any) -> bool:
        return self.kept.work.pop(place_of(work), None) is not None

    with patch.object(MemoryDesk, "done", done), _no_walk():
        yield


@mutant
def who_answers_last_is_heard() -> Iterator[None]:
    """A decision replaces whatever waits about the same, whoever has decided that."""

    def put(self: MemoryDesk, work: Any, *, now: datetime) -> None:
        self.kept.work[place_of(work)] = work

    with patch.object(MemoryDesk, "put_decision", put):
        yield


@mutant
def what_failed_is_put_over_what_came_meanwhile() -> Iterator[None]:
    """Work is put off though it was put anew while it was tried."""

    def put(self: MemoryDesk, work: Any, *, seen: object) -> bool:
        self.kept.work[place_of(work)] = work
        return True

    with patch.object(MemoryDesk, "put_again", put):
        yield


@contextmanager
def _no_walk() -> Iterator[None]:
    with (
        patch.object(reconcile.Round, "sweep", lambda *_, **__: 0),
        patch.object(reconcile.Round, "check_pairs", lambda *_, **__: None),
        patch.object(reconcile.Round, "walk_rows", lambda *_, **__: None),
    ):
        yield


@mutant
def a_block_is_forgotten() -> Iterator[None]:
    """A Retry-After is not kept for the next invocation."""
    with patch.object(MemoryDesk, "save_budget", lambda *_: None), _no_pauses():
        yield


@contextmanager
def _no_pauses() -> Iterator[None]:
    with patch.object(MemoryDesk, "keep_pause", lambda *_: None):
        yield


@mutant
def a_late_worker_may_keep_its_budget() -> Iterator[None]:
    """Who ends last says when Notion may be asked again."""

    def save(self: MemoryDesk, window: Any, _lease: object) -> None:
        self.kept.budget = window

    with patch.object(MemoryDesk, "save_budget", save), _no_pauses():
        yield


@mutant
def a_pause_is_ignored() -> Iterator[None]:
    """Workers go on for a workspace that a person has paused."""

    def workspace(self: MemoryDesk) -> Workspace | None:
        profile = self.kept.profile
        return profile and replace(profile, is_active=True)

    with patch.object(MemoryDesk, "workspace", workspace):
        yield


@mutant
def fields_have_no_policy_of_their_own() -> Iterator[None]:
    """The workspace's policy decides every field."""
    with patch.object(Settings, "policy_of", lambda self, *_: self.policy):
        yield


# --- rules -----------------------------------------------------------------------------------------------------------


@mutant
def an_edit_against_the_direction_counts_as_agreed() -> Iterator[None]:
    """What may not travel is taken for seen: the next edit of the source replaces it as if nobody had made it."""

    def write(field: Any, base: Base | None, shown: Base, rule: Any, to: Side, why: str) -> merge.Action:
        return merge.Settle(field.name, shown) if to not in rule.towards else _write(field, base, shown, rule, to, why)

    with patch.object(merge, "_write", write):
        yield


_write = merge._write


@mutant
def directions_are_ignored() -> Iterator[None]:
    """Everything travels both ways, whatever people say."""
    with patch.object(merge, "may_travel", lambda _kind, field, _settings, to: field.direction.allows(to)):
        yield


@mutant
def records_come_and_go_against_the_direction() -> Iterator[None]:
    """A workspace's direction is for fields alone."""
    with (
        patch.object(Workbench, "may_write", lambda *_: True),
        patch.object(scope, "without_page", scope.excluded),
    ):
        yield


@mutant
def who_throws_a_page_away_takes_anothers_words_along() -> Iterator[None]:
    """What NavImpact never had of them is not recorded before it deletes the record."""
    with patch.object(journal, "unsent", lambda _mapping, _entity, page: replace(page, values={})):
        yield


@mutant
def what_the_trash_hides_is_read_when_somebody_approves() -> Iterator[None]:
    """Until then Notion may have emptied its trash."""
    with patch.object(last_words, "read", lambda _bench, mapping, page, _run: (mapping, page)):
        yield


@mutant
def what_leaves_the_scope_is_trashed() -> Iterator[None]:
    """A page of what the workspace holds no more goes to the trash."""

    def set_aside(bench: Workbench, mapping: Pair, why: Any, run: Run) -> Step:
        page = bench.read(Side.NOTION, mapping) if mapping.page_id is not None else None
        if isinstance(page, Present) and why.code == scope.OUT_OF_SCOPE:
            return removals.trash_page(bench, mapping, page, run)
        return _set_aside(bench, mapping, why, run)

    with patch.object(gate, "set_aside", set_aside):
        yield


_set_aside = gate.set_aside


@mutant
def rules_are_applied_to_projects_alone() -> Iterator[None]:
    """When rules change, what belongs to projects waits for a sweep."""

    def apply_rules(station: Any, work: Any) -> Result:
        is_of_children = work.external_id not in ("", EntityType.MEDIA_PROJECT, rounds.WAITING)
        return Done() if is_of_children else _apply_rules(station, work)

    with patch.object(rounds, "apply_rules", apply_rules):
        yield


_apply_rules = rounds.apply_rules


@mutant
def rows_that_waited_are_not_looked_at_when_rules_change() -> Iterator[None]:
    """Only NavImpact's lists are gone through."""
    with patch.object(rounds, "_look_at_waiting", lambda *_: None):
        yield


@mutant
def a_slice_goes_by_the_rules_it_began_with() -> Iterator[None]:
    """However long it lasts."""
    with (
        patch.object(conductor.shift, "_orders", lambda workspace: workspace and workspace.is_active),
        patch.object(rounds, "_check_settings", lambda _: None),
    ):
        yield


@mutant
def a_persons_name_for_a_page_is_replaced() -> Iterator[None]:
    """Where titles are generated, a stamp writes one whoever named the page."""
    with patch.object(titles, "wanted", lambda mapping, page: titles.generated(mapping.entity_type, page.values)):
        yield


@mutant
def templates_are_taken_for_rows() -> Iterator[None]:
    """Nobody asks Notion which pages new rows begin with."""
    with patch.object(MemoryNotion, "is_template", lambda *_: False):
        yield


@mutant
def wakes_carry_the_workspace_alone() -> Iterator[None]:
    """Without the epoch SQS takes a wake for a repeat for five minutes: slow, and never wrong."""
    with patch.object(MemoryDesk, "epoch", lambda _: 0):
        yield
