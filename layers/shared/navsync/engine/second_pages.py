"""A record has two pages: how does one of them make way?"""

from __future__ import annotations

from dataclasses import dataclass

from navsync import merge, titles
from navsync.engine import deletes, gate, journal, removals, updates
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Unavailable
from navsync.fields import Kind
from navsync.model import EntityRef, EntityType, Mapping, Present, Side, State, SyncLog

MADE_AFTER_ALL = "A second page of a record that has one: a call that was thought lost had made it after all."
AGREED = "A second page of a record that has one: a person agreed that it goes."
MADE_AGAIN = "The page of a record that was made again: the page that its record had before is there once more."
IS_BACK = "A second page of a record: another page that it had before, which was not shown any more, is there again."


def heal(bench: Workbench, entity: EntityRef, pair: Mapping, page: Present, run: Run) -> Step:
    """Trash a second page of *entity* that a call made which was thought lost; what it said stays in the log.

    It gets a mapping of its own, which keeps the intent; taken out of the trash by a person it becomes a record. A name
    that the page of *pair*, which stays, has of us is ours here, too.
    """
    second = bench.new_mapping(
        entity.type, page_id=page.id, state=State.CREATING, made_way_for=entity.id, named=titles.ours(pair, page)
    )
    return trash(bench, second, page, run, message=MADE_AFTER_ALL)


def trash(bench: Workbench, second: Mapping, page: Present, run: Run, *, message: str) -> Step:
    """Move *page*, which is that of *second*, to the trash, though not in a run to NavImpact alone.

    Raises `Unavailable` where the workspace changes nothing in Notion.
    """
    if not run.direction.allows(Side.NOTION):
        return Done()
    removals.check_second_may_go(bench)
    _have_it_named(bench, second)
    return removals.trash_page(bench, second, page, run, message=message)


@dataclass(frozen=True, slots=True)
class Second:
    """What is to make way for the row of a record."""

    entity: EntityRef
    pair: Mapping
    """What pairs the record until then."""
    page: Present | None
    """The page that goes to the trash; None: it is not there any more, or was never made."""


def of_record(bench: Workbench, row: Mapping, entity_id: str, run: Run) -> Second | None:
    """What is to make way, as a record came of *row*, yet got a page of ours before that was known; None: nothing is.

    Raises `Unavailable` while that page says what the record does not yet: the words travel before it goes. Also where
    the workspace changes nothing in Notion.
    """
    entity = EntityRef(row.entity_type, entity_id)
    other = bench.ledger.of_entity(entity)
    if other is None or other.id == row.id:
        return None
    page = None if other.page_id is None else bench.read(Side.NOTION, other)
    if not isinstance(page, Present):
        return Second(entity, other, None)
    if page.created_by != bench.workspace.bot_id:
        return None
    removals.check_second_may_go(bench)
    other, page = _with_words_sent(bench, other, page, run)
    _check_all_is_read(bench, other, page)
    return Second(entity, other, page)


def make_way(bench: Workbench, second: Second | None, row: Mapping, *logs: SyncLog, run: Run, message: str) -> Mapping:
    """Save *row*, which has its record now, with *logs*, and let *second* go, which had it until then.

    One transaction takes the record from the one and gives it to the other: whatever fails then, or dies, the record
    never lacks a page, so nobody makes it a third.
    """
    if second is None:
        return bench.ledger.save(row, *logs)
    freed = second.pair.but(
        entity_id=None, made_way_for=second.entity.id, bases={}, conflicts=(), stamped=False, **HEALTHY
    )
    _have_it_named(bench, freed)
    if second.page is not None:
        return removals.trash_as_handed_over(bench, freed, second.page, row, *logs, run=run, message=message)
    ended = journal.abandoned(bench.ledger, second.pair)
    freed = freed.but(state=State.DELETED, troubles=(), intent=None, removed_by=None)
    _, row = bench.ledger.hand_over(freed, row, *ended, *logs)
    return row


def _have_it_named(bench: Workbench, second: Mapping) -> None:
    """Have those looked at that name the page of *second*, which goes: people do not see it then.

    Before it goes: should we die here, they are looked at once too often. Who is looked at too early is found by the
    next round through the pairs.
    """
    if second.entity_type is EntityType.MEDIA_PROJECT and second.made_way_for is not None:
        bench.changed_page(second.made_way_for)


def _check_all_is_read(bench: Workbench, mapping: Mapping, page: Present) -> None:
    if unread := deletes.unread_columns(bench, mapping, page, besides=(Kind.RELATION,)):  # that names, and says nothing
        raise Unavailable(
            f"a second page of this record is to go, but what it says in {', '.join(unread)} cannot be read; restore "
            "the column in Notion"
        )


def _with_words_sent(bench: Workbench, other: Mapping, page: Present, run: Run) -> tuple[Mapping, Present]:
    """*other* and *page* once NavImpact has what people have typed there; raises `Unavailable` where it cannot yet."""
    if not _unsent_columns(bench, other, page):
        return other, page
    entity = bench.read(Side.NAVIMPACT, other)
    is_held = other.state is State.LINKED and gate.pair_left_out(bench, other, entity) is None
    if is_held and isinstance(entity, Present) and bench.busy.enter(other.id):
        try:
            updates.merge_both(bench, other, {Side.NAVIMPACT: entity, Side.NOTION: page}, Run(run.id))
        finally:
            bench.busy.leave(other.id)
    other, now = bench.ledger.load(other.id) or other, bench.read(Side.NOTION, other)
    if not isinstance(now, Present) or (unsent := _unsent_columns(bench, other, now)):
        told = ", ".join(unsent) if isinstance(now, Present) else "it"
        raise Unavailable(
            f"a second page of this record is to go, but somebody has edited {told} there, which is not in NavImpact "
            "yet; see what that record waits for"
        )
    return other, now


def _unsent_columns(bench: Workbench, mapping: Mapping, page: Present) -> list[str]:
    """In which columns *page* says what NavImpact does not, though it is to."""
    spec, settings = bench.spec(mapping.entity_type), bench.workspace.settings
    disputed = {conflict.field for conflict in mapping.conflicts}
    edited = {name for name, base in mapping.bases.items() if merge.edited(spec, {name: base}, Side.NOTION, page)}
    to_travel = (field for field in spec.fields if merge.may_travel(spec.type, field, settings, Side.NAVIMPACT))
    says = (field for field in to_travel if field.kind is not Kind.RELATION)
    return [field.property for field in says if field.name in edited | disputed]
