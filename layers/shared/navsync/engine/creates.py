"""One side lacks the record: make it there exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from datetime import datetime, timedelta

from navsync import merge, scope, titles
from navsync.engine import (
    deletes,
    gate,
    half_written,
    journal,
    proof,
    second_pages,
    unshown,
    updates,
    watch,
)
from navsync.engine.journal import HEALTHY
from navsync.engine.steps import Again, Done, Later, Run, Step
from navsync.engine.workbench import Workbench
from navsync.engine.writes import HOLD
from navsync.errors import Blocked, MissingCapability, NotReachable, OutOfTime, Raced, Refused, Unavailable
from navsync.fields import SPECS, EntitySpec, Field, Kind, cannot_carry
from navsync.model import (
    EVERYTHING,
    KEY_FIELD,
    Bases,
    CreateIntent,
    EntityRef,
    EntityType,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
    Values,
    WriteIntent,
    is_empty,
)

DRAFT_QUIET = timedelta(seconds=30)
"""How long a new row may stay without its required fields before a person is told."""

DRAFT_PAUSE = timedelta(minutes=2)
LONGEST_DRAFT_PAUSE = timedelta(hours=1)
"""Between looks at a row with a required field that cannot be read yet: ever longer, until it is edited."""

LONGEST_MAKING = timedelta(days=1)
"""A workspace that was not told whether it has made a record again keeps others from it so long after it asked."""

NO_PAGE = ""
"""In the place of a page's id, where a record is made of what the log says."""


def page_for(bench: Workbench, mapping: Mapping, seen: Observation, run: Run) -> Step:
    """An entity without a page."""
    if not isinstance(seen, Present):
        return proof.unconfirmed(bench, mapping) or deletes.both_gone(bench, mapping, run)
    mapping = mapping.but(title=SPECS[mapping.entity_type].title_of(seen.values))
    if (barred := gate.for_record(bench, mapping, seen, run)) is not None:
        return barred
    return bench.not_quiet(mapping, [seen], run) or _create(bench, mapping, Side.NOTION, seen, run)


def make_again(bench: Workbench, mapping: Mapping, related: Values, run: Run) -> Step:
    """Make a record that has no page as the row tells that *mapping* recalls, *related* to what is there now."""
    fresh = mapping.but(entity_id=None, remakes=mapping.entity_id or mapping.remakes, refused={})
    return _create(bench, fresh, Side.NAVIMPACT, Present(NO_PAGE, related), run)


def is_made_again(bench: Workbench, mapping: Mapping) -> bool:
    """Whether the record that *mapping* had is there under another id, which whoever looks at that one pairs."""
    old = mapping.entity or mapping.former
    return old is not None and isinstance(bench.navimpact.read(old.type, bench.latest(old)), Present)


def draft(bench: Workbench, mapping: Mapping, page: Observation, run: Run) -> Step:
    """A row without an entity: wait for what it takes to make one, then make it."""
    if not isinstance(page, Present):
        return deletes.both_gone(bench, mapping, run, page)
    if mapping.state is State.AWAITING_APPROVAL:
        return Done()  # it is to make way, and cannot: a person is asked
    if mapping.former is None and KEY_FIELD in page.unreadable:
        raise Unavailable(page.unreadable[KEY_FIELD])  # it may be a copy
    if (back := _back(bench, mapping, page, run)) is not None:
        return back
    if page.key is not None and _is_copy(bench, mapping, page):
        return _tell_of_copy(bench, mapping, page, page.key)
    mapping = mapping.but(made_way_for=None)  # out of the trash again: it is a row of its own
    mapping = unshown.without_what_was_typed_since(bench, mapping, page)
    missing = [f for f in bench.spec(mapping.entity_type).fields if f.required and not page.values.get(f.name)]
    barred = gate.for_row(bench, mapping, page)
    trouble = barred or _lacks(missing, page)
    if trouble is None:
        if (later := bench.not_quiet(mapping, [page], run)) is not None:
            return later
        return _create(bench, mapping, Side.NAVIMPACT, page, run)
    if mapping.version == 0:
        mapping = bench.ledger.save(mapping.but(state=State.DRAFT))
        return Later(mapping, bench.clock() + DRAFT_QUIET)
    if not barred and any(f.name in page.unreadable for f in missing):  # such as a project that has no record yet
        return _wait_until_readable(bench, mapping, trouble, page)
    if mapping.troubles != (trouble,):
        bench.ledger.save(mapping.but(state=State.DRAFT, troubles=(trouble,), next_retry_at=None))
    return Done()


def named_by(key: str) -> EntityRef | None:
    """The record that a page carries the id of; None: a person wrote something of their own there."""
    try:
        return EntityRef.parse(key)
    except ValueError:
        return None


def _back(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step | None:
    """What follows as a page is there that made way for another without our trashing it; None: it is a row of its own.

    Nobody meant it as a row of its own: it was not shown for a while, such as one that was taken for purged. So it is
    the page of its record once more. Nothing is agreed on, so what it says otherwise is a conflict.
    """
    let_go = mapping.state is State.DELETED and mapping.removed_by is None
    if not let_go or mapping.made_way_for is None or page.key is None:
        return None
    if not run.direction.allows(Side.NOTION):
        return Done()
    entity = EntityRef(mapping.entity_type, bench.latest(EntityRef(mapping.entity_type, mapping.made_way_for)))
    other = bench.ledger.of_entity(entity)
    if not isinstance(bench.navimpact.read(entity.type, entity.id), Present):
        if other is None or other.state is State.DELETED:
            return None
        raise Unavailable("the record that it was the page of is not shown, which proves nothing yet")
    second = second_pages.of_record(bench, mapping, entity.id, run)
    if second is not None:
        paired = mapping.but(entity_id=entity.id, made_way_for=None, state=State.LINKED)
        return Again(second_pages.make_way(bench, second, paired, run=run, message=second_pages.IS_BACK))
    if page.created_by == bench.workspace.bot_id:
        return second_pages.trash(bench, mapping, page, run, message=second_pages.IS_BACK)
    return _tell_of_copy(bench, mapping.but(made_way_for=None), page, page.key)


def _is_copy(bench: Workbench, mapping: Mapping, page: Present) -> bool:
    """Whether *page*, which carries an id, is a row of a person that never had a record: Notion copies the id along."""
    had_record = mapping.former is not None or mapping.made_way_for is not None
    return not had_record and page.created_by != bench.workspace.bot_id


def _tell_of_copy(bench: Workbench, mapping: Mapping, page: Present, key: str) -> Step:
    entity = named_by(key)
    trouble = journal.copied(key, entity, None if entity is None else bench.ledger.of_entity(entity))
    if mapping.troubles != (trouble,):
        title = SPECS[mapping.entity_type].title_of(page.values)
        bench.ledger.save(mapping.but(state=State.DRAFT, title=title, troubles=(trouble,), next_retry_at=None))
    return Done()


def _lacks(missing: Sequence[Field], page: Present) -> Trouble | None:
    """What a person is told of a row without these fields: some may be filled in, and yet cannot be read."""
    if not missing:
        return None
    unread = [f for f in missing if f.name in page.unreadable]
    empty = ", ".join(f.property for f in missing if f not in unread)
    causes = [f"The row lacks {empty}."] if empty else []
    fixes = [f"Fill in {empty} in Notion."] if empty else []
    if unread:
        causes += [f"{f.property} cannot be read: {page.unreadable[f.name]}." for f in unread]
        fixes.append("Do in Notion what the cause says; the row is looked at again by itself.")
    return Trouble("draft", " ".join(causes), " ".join(fixes), missing[0].name)


def _wait_until_readable(bench: Workbench, mapping: Mapping, trouble: Trouble, page: Present) -> Step:
    """Leave a row alone ever longer, for Notion's lists show when it can be read. An edit of it begins that anew."""
    now = bench.clock()
    told = next((t for t in mapping.troubles if t == trouble and t.since is not None), replace(trouble, since=now))
    since = max(time for time in (told.since, page.edited_at) if time is not None)
    at = now + watch.patience(since, now, least=DRAFT_PAUSE, most=LONGEST_DRAFT_PAUSE)
    if told in mapping.troubles and mapping.next_retry_at is not None and now < mapping.next_retry_at <= at:
        return Done()  # whoever put it off looks again
    return Later(bench.ledger.save(mapping.but(state=State.DRAFT, troubles=(told,), next_retry_at=at)), at)


def _create(bench: Workbench, mapping: Mapping, on: Side, seen: Present, run: Run) -> Step:
    if not run.direction.allows(on):
        return Done()
    if on is Side.NAVIMPACT and (former := mapping.former) is not None:
        # A worker that died as it was told what became of its request could not do so itself.
        bench.ledger.let_go(former, by=mapping.id)
        mapping = mapping.but(remakes=bench.latest(former))
        if (joined := _made_elsewhere(bench, mapping, run)) is not None:
            return joined
    spec = bench.spec(mapping.entity_type)
    seen = _recalled(mapping, seen) if on is Side.NAVIMPACT else seen
    values, troubles = payload(bench, spec, on, seen)
    if on is Side.NAVIMPACT and (told := {**unshown.said(mapping), **_told(bench, mapping)}):
        values, troubles = {**values, **told}, tuple(trouble for trouble in troubles if trouble.field not in told)
    refused = mapping.refused.get(EVERYTHING) if _tells_of_refusal(mapping) else None
    if not run.hurried and watch.is_refused(refused, sorted(values.items()), bench.clock()):
        return Done()
    if spec.type is EntityType.MEDIA_PROJECT and mapping.state is State.DRAFT and mapping.troubles and not refused:
        bench.given()
    title = spec.title_of({**seen.values, **values})
    mapping = mapping.but(waiting_since=None, next_retry_at=None, state=State.CREATING, title=title, troubles=troubles)
    run = replace(run, actor=bench.author(run, on.other, seen, of=EVERYTHING))
    changes = journal.creation(on, values)
    row = bench.row(mapping, Operation.CREATE, run, side=on, changes=changes, reverts=mapping.recalls)
    # On NavImpact a key of its own for each creation: an entity deleted there is not to be answered from memory.
    key = str(mapping.entity) if on is Side.NOTION else f"navsync-{row.id}"
    intent = CreateIntent(on=on, values=values, key=key, log_id=row.id, attempted_at=bench.clock())
    named = titles.names(spec.type, values) if on is Side.NOTION else mapping.named
    return _begin(bench, mapping.but(named=named), intent, row, run)


def _tells_of_refusal(mapping: Mapping) -> bool:
    """Whether people see that it was refused: not where a rule has left it out since. Then it is tried anew."""
    return any(trouble.code == "refused" for trouble in mapping.troubles)


def _begin(bench: Workbench, mapping: Mapping, intent: CreateIntent, row: SyncLog, run: Run) -> Step:
    """Save what is about to be sent, and send it; a record is made again by one workspace alone."""
    old = mapping.former
    if old is None:
        return post(bench, bench.ledger.save(mapping.but(intent=intent), row), intent, run)
    # Begun before others have to wait: should we die, whoever looks at it next lets them go on.
    mapping = bench.ledger.save(mapping.but(intent=replace(intent, attempted_at=None)), row)
    with alone(bench, mapping):
        if bench.latest(old) != old.id:
            raise Raced("another workspace has just made the record again")
        return post(bench, bench.ledger.save(mapping.but(intent=intent)), intent, run)


@contextmanager
def alone(bench: Workbench, mapping: Mapping) -> Iterator[None]:
    """No other workspace that held a record makes it again before it is known what came of this, or there would be two.

    Where NavImpact's answer was lost, whoever looks at *mapping* next finds out, and nobody else can. Looking does not
    keep the others any longer.
    """
    old, now = mapping.former, bench.clock()
    if old is None:
        yield
        return
    asked_at = mapping.intent.attempted_at if isinstance(mapping.intent, CreateIntent) else None
    until = max((asked_at or now) + LONGEST_MAKING, now + HOLD)
    if not bench.ledger.hold(old, by=mapping.id, now=now, until=until):
        raise Unavailable("another workspace is making the record again; it is looked at when that is done")
    try:
        yield
    finally:
        match bench.ledger.load(mapping.id):
            case Mapping(intent=CreateIntent(attempted_at=datetime() as asked_at)):
                bench.ledger.hold(old, by=mapping.id, now=bench.clock(), until=asked_at + LONGEST_MAKING)
            case _:
                bench.ledger.let_go(old, by=mapping.id)


def _made_elsewhere(bench: Workbench, mapping: Mapping, run: Run) -> Step | None:
    """Pair the row of a deleted record with what another workspace that held it has made again; None: nobody has.

    Nothing was agreed on with that one, so what it says otherwise is a conflict.
    """
    entity = EntityRef(mapping.entity_type, mapping.remakes or "")
    if mapping.page_id is None or not isinstance(bench.navimpact.read(entity.type, entity.id), Present):
        return None
    second = second_pages.of_record(bench, mapping, entity.id, run)
    if second is None and bench.ledger.of_entity(entity) is not None:
        return None
    paired = mapping.but(entity_id=entity.id, bases={}, remakes=None, recalls=None, state=State.LINKED)
    undone = []
    if mapping.recalls is not None:
        undone.append(bench.row(paired, Operation.LINK, run, outcome=Outcome.SUCCESS, reverts=mapping.recalls))
    return Again(second_pages.make_way(bench, second, paired, *undone, run=run, message=second_pages.MADE_AGAIN))


def _recalled(mapping: Mapping, page: Present) -> Present:
    """*page* with what was agreed on of fields that it cannot show now: a record made again is not to lack them.

    A column that was lost and is there again may be empty, though nobody has emptied it.
    """
    emptied = {name for name in mapping.doubted if is_empty(page.values.get(name))}
    agreed = scope.agreed(mapping)
    recalled = {name: value for name, value in agreed.items() if name in page.unreadable or name in emptied}
    return replace(page, values={**page.values, **recalled})


def _told(bench: Workbench, mapping: Mapping) -> Values:
    """What the record said whose deletion is being undone: it is made again so, whatever of it the page never showed.

    Its project has another id by now, which the page tells. Of one that was deleted by people only the page tells.
    """
    row = None if mapping.recalls is None else bench.ledger.log(mapping.recalls)
    if row is None or row.side is not Side.NAVIMPACT:
        return {}
    fields = SPECS[mapping.entity_type].fields
    return journal.removed(row, [f.name for f in fields if f.kind is not Kind.RELATION])


def _not_of_its_page(bench: Workbench, mapping: Mapping, intent: CreateIntent) -> frozenset[str]:
    """Fields of the record that *intent* made again in which its page may say otherwise: as it did, and since when."""
    carried = {write.field for write in mapping.unshown if intent.values.get(write.field) == write.value}
    return frozenset(carried | (_told(bench, mapping).keys() & intent.values.keys()))


def payload(
    bench: Workbench, spec: EntitySpec, on: Side, seen: Present
) -> tuple[dict[str, Value], tuple[Trouble, ...]]:
    """What of *seen* can be carried to a new record on *on*, and why the rest cannot."""
    values: dict[str, Value] = {}
    troubles: list[Trouble] = []
    for field in (f for f in spec.fields if f.name in seen.values):
        value = seen.values[field.name]
        if not merge.may_travel(spec.type, field, bench.workspace.settings, on):
            troubles += [merge.one_way(field, on.other)] if not is_empty(value) else []
        elif reason := cannot_carry(field, value, on):
            troubles.append(merge.uncarried(field, on.other, reason))
        else:
            values[field.name] = value
    return values, tuple(troubles)


# --- making it ------------------------------------------------------------------------------------------------------


def post(
    bench: Workbench, mapping: Mapping, intent: CreateIntent, run: Run, *, earlier: datetime | None = None
) -> Step:
    """Send what *intent* says. *earlier* is when it was last sent with an unknown outcome, if it was."""
    try:
        made = bench.on(intent.on).create(mapping.entity_type, intent.values, key=intent.key)
    except (Blocked, OutOfTime, Unavailable, MissingCapability, NotReachable):  # surely not done: no lookup is owed
        bench.ledger.save(mapping.but(intent=replace(intent, attempted_at=earlier)))
        raise
    except Refused as error:
        return _without(bench, mapping, intent, error, run) or _refused(bench, mapping, intent, error, run)
    if earlier is not None:  # the answer may be what an earlier request made, and somebody has edited since
        return adopt(bench, mapping, intent, made, run)
    kept = merge.kept(SPECS[mapping.entity_type], intent.values, made)
    writes = [merge.Write(f, intent.on, intent.values[f], None, "created") for f in kept]
    _created(bench, mapping, intent, made, merge.remember({}, writes, {intent.on: made}), run)
    is_agreed = mapping.recalls is None and not mapping.unshown and len(kept) == len(intent.values)
    return Done() if is_agreed else Again(bench.ledger.load(mapping.id) or mapping)


def adopt(bench: Workbench, mapping: Mapping, intent: CreateIntent, found: Present, run: Run) -> Step:
    """Take *found* for what the create made; people may have edited it meanwhile. *run* is `as_begun`."""
    found, rest = half_written.as_made(bench, mapping, intent, found)
    begun = {write.field for write in rest.writes} if rest else set()  # who empties a half has not seen the rest
    sent = {name: value for name, value in intent.values.items() if name not in begun}
    bases = merge.adopted(SPECS[mapping.entity_type], intent.on, sent, found)
    _created(bench, without_question(mapping), intent, found, bases, run, rest=rest)
    linked = bench.ledger.load(mapping.id)
    return Again(linked) if linked else Done()


def as_begun(bench: Workbench, intent: CreateIntent, run: Run) -> Run:
    """*run* as that which began what it goes on with: it is theirs, and undone with the rest of what they did."""
    row = bench.ledger.log(intent.log_id)
    return run if row is None else replace(run, id=row.run_id, actor=row.actor)


def without_question(mapping: Mapping) -> Mapping:
    """*mapping* without the question whether a record was made of it."""
    others = tuple(trouble for trouble in mapping.troubles if trouble.code != journal.UNCERTAIN)
    return mapping.but(state=State.CREATING, troubles=others)


def _created(
    bench: Workbench,
    mapping: Mapping,
    intent: CreateIntent,
    made: Present,
    bases: Bases,
    run: Run,
    *,
    rest: WriteIntent | None = None,
) -> None:
    now = bench.clock()
    second = second_pages.of_record(bench, mapping, made.id, run) if intent.on is Side.NAVIMPACT else None
    if mapping.former is not None:
        bench.ledger.note_remade(mapping.former, made.id, now=now)
    ids: dict[str, object] = {"entity_id": made.id}
    if intent.on is Side.NOTION:
        ids = {"page_id": made.id, "stamped": True, "named": titles.names(mapping.entity_type, intent.values)}
    as_before = _not_of_its_page(bench, mapping, intent)
    agreed = {name: base for name, base in bases.items() if name not in as_before}
    linked = mapping.but(
        bases=agreed | {name: base for name, base in mapping.bases.items() if name in as_before},
        remakes=None,
        recalls=None,
        unshown=(),
        intent=rest,
        state=State.LINKED,
        last_sync_at=now,
        last_change_at=now,
        agreed_at=now,
        gone_since=None,
        refused={},
        **ids,
    )
    again = None if mapping.former is None else f"{mapping.former.name} is made again"
    row = bench.row(
        linked, Operation.CREATE, run, side=intent.on, changes=journal.creation(intent.on, intent.values),
        outcome=Outcome.SUCCESS, message=again, reverts=mapping.recalls,
    )  # fmt: skip
    row = replace(row, id=intent.log_id, duration_ms=journal.since(intent.attempted_at or now, now))
    healthy, message = linked.but(**HEALTHY), second_pages.MADE_AFTER_ALL
    updates.stamp(bench, second_pages.make_way(bench, second, healthy, row, run=run, message=message))


def _without(bench: Workbench, mapping: Mapping, intent: CreateIntent, error: Refused, run: Run) -> Step | None:
    """Make the record without the field that *error* names, such as one whose column is gone; None: it needs it.

    The refusal is sure, so nothing was made of the old payload; and NavImpact's key names one payload.
    """
    field = next((f for f in SPECS[mapping.entity_type].fields if f.name == error.field), None)
    if field is None or field.required or field.name not in intent.values:
        return None
    values = {name: value for name, value in intent.values.items() if name != field.name}
    key = intent.key if intent.on is Side.NOTION else f"{intent.key}-{field.name}"
    left_out = {**intent.left_out, field.name: intent.values[field.name]}
    less = replace(intent, values=values, key=key, attempted_at=bench.clock(), left_out=left_out)
    others = tuple(trouble for trouble in mapping.troubles if trouble.field != field.name)  # an earlier try was told so
    troubles = (*others, journal.refusal(error, intent.on))
    return post(bench, bench.ledger.save(mapping.but(intent=less, troubles=troubles)), less, run)


def _refused(bench: Workbench, mapping: Mapping, intent: CreateIntent, error: Refused, run: Run) -> Step:
    """Leave the record where it is and say why; the next edit of it tries again with the new values."""
    state = State.DRAFT if intent.on is Side.NAVIMPACT else State.CREATING
    troubles = (*mapping.troubles, journal.refusal(error, intent.on))
    if intent.on is Side.NAVIMPACT and mapping.page_id is None:
        state, troubles = State.DELETED, ()  # there is no row to edit: it may be undone once more
    row = bench.row(
        mapping, Operation.CREATE, run, side=intent.on, outcome=Outcome.FAILED, message=str(error),
        reverts=mapping.recalls,
    )  # fmt: skip
    refused = mapping.but(
        intent=None,
        state=state,
        troubles=troubles,
        refused=watch.refusals({EVERYTHING: sorted({**intent.values, **intent.left_out}.items())}, bench.clock()),
    )
    bench.ledger.save(refused, replace(row, id=intent.log_id))
    return Done()
