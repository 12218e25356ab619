"""The answer to a create was lost: what has it made, if anything?"""

from __future__ import annotations

from collections.abc import Iterator
from copy import replace
from datetime import datetime, timedelta

from navsync import merge, reconcile, scope
from navsync.engine import creates, deletes, gate, journal, proof
from navsync.engine.steps import Again, Done, Later, Run, Step
from navsync.engine.workbench import CLOCKS_APART, Workbench
from navsync.fields import SPECS
from navsync.model import (
    CreateIntent,
    Decision,
    EntityRef,
    EntityType,
    Mapping,
    Observation,
    Operation,
    Present,
    Side,
    State,
)

SETTLE = timedelta(seconds=120)
"""How long a page created by a lost call may be missing from Notion's index before it may be created again."""


def finish_create(bench: Workbench, mapping: Mapping, intent: CreateIntent, run: Run) -> Step:
    """Go on with a create that was interrupted: adopt what it made, or send the same payload again.

    Where nobody can tell which of the two it has to be, a person is asked.
    """
    with creates.alone(bench, mapping):
        return _finished(bench, mapping, intent, run)


def _finished(bench: Workbench, mapping: Mapping, intent: CreateIntent, run: Run) -> Step:
    now = bench.clock()  # before the lookup: a worker paused behind it must not think the index had time enough
    run = creates.as_begun(bench, intent, run)
    wanted = _wanted(bench, mapping, intent)
    is_wanted = isinstance(wanted, Present)
    if intent.attempted_at is not None and not (is_wanted and bench.on(intent.on).knows_keys):
        surely, perhaps = _made_by(bench, mapping, intent, intent.attempted_at)
        if surely is not None:
            return creates.adopt(bench, mapping, intent, surely, run)
        if perhaps is not None and is_wanted:
            return _ask(bench, mapping, intent, perhaps)
        if intent.on is Side.NOTION and now < intent.attempted_at + SETTLE:
            return Later(mapping, intent.attempted_at + SETTLE)
    if not isinstance(wanted, Present):  # not made, and no longer wanted
        waits = proof.unconfirmed(bench, mapping) if intent.on is Side.NOTION else None
        return waits or deletes.both_gone(bench, mapping, run)
    mapping, intent = creates.without_question(mapping), _settled(intent)
    if (called_off := _called_off(bench, mapping, intent, wanted, run)) is not None:
        return called_off
    if intent.on is Side.NOTION:
        mapping, intent = _planned_anew(bench, mapping, intent, wanted)
    earlier, intent = intent.attempted_at, replace(intent, attempted_at=now)
    return creates.post(bench, bench.ledger.save(mapping.but(intent=intent)), intent, run, earlier=earlier)


def _settled(intent: CreateIntent) -> CreateIntent:
    """*intent* without its question, as nothing is left to ask about; where a person said so, nothing was made."""
    attempted_at = None if intent.perhaps_made in intent.ruled_out else intent.attempted_at
    return replace(intent, attempted_at=attempted_at, perhaps_made=None)


def _wanted(bench: Workbench, mapping: Mapping, intent: CreateIntent) -> Observation:
    """What the record is made of, as it is now."""
    if intent.on is Side.NAVIMPACT and mapping.page_id is None:
        return Present(creates.NO_PAGE, intent.values)
    return bench.read(intent.on.other, mapping)


def _called_off(bench: Workbench, mapping: Mapping, intent: CreateIntent, wanted: Present, run: Run) -> Step | None:
    """What to do where nothing was made, and by now another workspace or the rules spare it; None: make it."""
    if intent.on is Side.NOTION:
        return gate.for_record(bench, mapping, wanted, run)
    if intent.attempted_at is None and creates.is_made_again(bench, mapping):
        state = State.DELETED if mapping.page_id is None else State.DRAFT
        spared = mapping.but(intent=None, state=state)
        return Again(bench.ledger.save(spared, *journal.abandoned(bench.ledger, mapping)))
    barred = gate.for_row(bench, mapping, wanted) if intent.attempted_at is None else None
    if barred is None:
        return None
    waiting = mapping.but(intent=None, state=State.DRAFT, troubles=(barred,))
    bench.ledger.save(waiting, *journal.abandoned(bench.ledger, mapping))
    return Done()


def _planned_anew(
    bench: Workbench, mapping: Mapping, intent: CreateIntent, wanted: Present
) -> tuple[Mapping, CreateIntent]:
    """Both with what the record says, and may send, by now: nothing was made of what it said then.

    Should the index be later than any was seen, that page is found after all, and fields that it shows otherwise have
    no base. What was refused of it stays told: such a page lacks it. A row's payload stays: NavImpact's key belongs to
    it, and a column of the row may have been lost since.
    """
    values, troubles = creates.payload(bench, SPECS[mapping.entity_type], intent.on, wanted)
    others = tuple(trouble for trouble in mapping.troubles if trouble.code != scope.ONE_WAY)
    held = tuple(trouble for trouble in troubles if trouble.code == scope.ONE_WAY)
    return mapping.but(troubles=held + others), replace(intent, values=values)


def _made_by(
    bench: Workbench, mapping: Mapping, intent: CreateIntent, attempted_at: datetime
) -> tuple[Present | None, Present | None]:
    """What an interrupted create has surely made, or else may have made, as far as it can be seen.

    A database in the trash lists none of its pages. A copy that a person made of our page carries its key too, and is
    not ours. NavImpact's records carry no key: there it is an unpaired newcomer, known by what it says. Of several that
    say all of it, nobody knows which is ours. Once a person is asked nothing is sure: what they say of one record does
    not make another one ours.
    """
    if intent.on is Side.NOTION:
        pages = bench.notion.find(mapping.entity_type, intent.key)
        ours = next((page for page in pages if page.created_by == bench.workspace.bot_id), None)
        if ours is None:
            bench.check_database(mapping.entity_type)
        return ours, None
    is_asked = intent.perhaps_made is not None
    alike: dict[merge.Likeness, list[Present]] = {likeness: [] for likeness in merge.Likeness}
    for record in _newcomers(bench, mapping.entity_type, intent, attempted_at):
        alike[merge.likeness(SPECS[mapping.entity_type], intent.values, record)].append(record)
    sure, possible = alike[merge.Likeness.SURE], alike[merge.Likeness.POSSIBLE]
    if len(sure) == 1 and not is_asked:
        return sure[0], None
    candidates = sure + possible
    shown = (record for record in candidates if record.id == intent.perhaps_made)  # a question is not exchanged
    return None, next(shown, next(iter(candidates), None))


def may_have_made(intent: CreateIntent, entity_type: EntityType, record: Present) -> bool:
    """Whether NavImpact's *record* may be what *intent* made, whose answer was lost."""
    if intent.attempted_at is None or record.id in intent.ruled_out:
        return False
    is_new = record.created_at is None or record.created_at >= intent.attempted_at - CLOCKS_APART
    return is_new and merge.likeness(SPECS[entity_type], intent.values, record) is not merge.Likeness.NONE


def _newcomers(
    bench: Workbench, entity_type: EntityType, intent: CreateIntent, attempted_at: datetime
) -> Iterator[Present]:
    """Records that may be what *intent* made, and that nothing pairs with a page of a person's."""
    bench.check_collection(entity_type)  # before the list and behind it: it may come into view in between
    for record in reconcile.records(bench.navimpact, entity_type, attempted_at - CLOCKS_APART):
        if not may_have_made(intent, entity_type, record):
            continue
        other = bench.ledger.of_entity(EntityRef(entity_type, record.id))
        if other is None or (intent.perhaps_made and _came_meanwhile(bench, other, record, attempted_at)):
            yield record
    bench.check_collection(entity_type)


def _came_meanwhile(bench: Workbench, other: Mapping, record: Present, attempted_at: datetime) -> bool:
    """Whether *record* was made about when we asked for one, and got a page while a person was asked about another."""
    made_at = record.created_at or other.created_at
    if other.created_at < attempted_at or made_at > attempted_at + CLOCKS_APART:
        return False
    return _has_page_of_ours(bench, other)


def _has_page_of_ours(bench: Workbench, other: Mapping) -> bool:
    """Whether the page of *other* is one that we made of its record, and so can make way for a row."""
    if other.state is not State.LINKED or other.page_id is None:
        return False
    page = bench.read(Side.NOTION, other)
    return isinstance(page, Present) and page.created_by == bench.workspace.bot_id


def _ask(bench: Workbench, mapping: Mapping, intent: CreateIntent, perhaps: Present) -> Step:
    """Leave it to a person whether *perhaps* is what was made: a second record would be there for good."""
    if mapping.state is State.AWAITING_APPROVAL and intent.perhaps_made == perhaps.id:
        return Done()
    entity, mapping = EntityRef(mapping.entity_type, perhaps.id), creates.without_question(mapping)
    trouble = journal.uncertain(entity, SPECS[mapping.entity_type].title_of(perhaps.values))
    bench.ledger.save(
        mapping.but(
            state=State.AWAITING_APPROVAL,
            troubles=(replace(trouble, since=bench.clock()), *mapping.troubles),
            intent=replace(intent, perhaps_made=perhaps.id),
        )
    )
    return Done()


def confirm(bench: Workbench, mapping: Mapping, intent: CreateIntent, decision: Decision, run: Run) -> Step:
    """Carry out what a person said: rule out the record that they were asked about, or pair it with the row.

    Another record is made once none is left that may be the row's.
    """
    entity = EntityRef(mapping.entity_type, intent.perhaps_made or "")
    if decision is Decision.APPROVE:
        said = replace(intent, ruled_out=(*intent.ruled_out, entity.id))
        return Again(bench.ledger.save(creates.without_question(mapping).but(intent=said)))
    with creates.alone(bench, mapping):
        found, other = bench.navimpact.read(entity.type, entity.id), bench.ledger.of_entity(entity)
        if isinstance(found, Present) and (other is None or _has_page_of_ours(bench, other)):
            return creates.adopt(bench, mapping, intent, found, creates.as_begun(bench, intent, run))
        journal.tell_overtaken(bench, mapping, Operation.UNLINK, run)
        return Again(mapping)
