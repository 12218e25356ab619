"""One side is gone: is it true, and what follows?"""

from __future__ import annotations

from collections.abc import Collection, Container
from copy import replace
from datetime import timedelta
from functools import partial

from navsync import merge, scope
from navsync.engine import below, gate, journal, last_words, proof, removals, unshown, watch
from navsync.engine.steps import Again, Done, First, Later, Run, Step
from navsync.engine.workbench import Workbench
from navsync.errors import Blocked, Unavailable
from navsync.fields import SPECS, Kind, same
from navsync.model import (
    Change,
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
    Values,
    digest,
    is_empty,
)
from navsync.standing import asks_of_trash

UNREACHABLE_PAUSE = timedelta(hours=1)
LONGEST_UNREACHABLE_PAUSE = timedelta(days=1)
"""Between looks at a page that Notion does not show us: ever longer, for a walk through the rows finds it sooner."""

APPROVAL_PAUSE = timedelta(hours=1)
"""Between looks at what belongs to a project whose deletion waits for a person."""

GONE_TOO = "gone on both sides"

REMOVED = (State.DELETED, State.AWAITING_APPROVAL)
"""What a mapping is in after its page was trashed."""

SETTLED = (State.DELETED, State.UNREACHABLE, State.EXCLUDED)
"""A project that is gone from NavImpact and as far along as it gets: its children may follow."""

# --- the entity -----------------------------------------------------------------------------------------------------


def entity_gone(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step:
    """NavImpact answered 404, and that is believed."""
    run = replace(run, actor=bench.author(run, Side.NAVIMPACT, None))
    if mapping.state is State.DELETED or asks_of_trash(mapping) or bench.was_edited(mapping, Side.NOTION, page):
        return _recreate_entity(bench, mapping, page, run)
    if mapping.state is State.AWAITING_APPROVAL:
        return Done()
    if bench.names_project_made_again(mapping, page):  # it went with its project, and so comes back with it
        return _recreate_entity(bench, mapping, page, run)
    if not run.direction.allows(Side.NOTION):
        return Done()
    if not bench.may_write(Side.NOTION):
        return gate.set_aside(bench, mapping, scope.GONE, run)
    parent = proof.project_gone_too(bench, mapping)
    if parent is not None and parent.state is State.AWAITING_APPROVAL and parent.gone_since is not None:
        return _wait_with_its_project(bench, _reachable_again(bench, mapping))
    if parent is not None and parent.state not in SETTLED:
        return First(parent, _reachable_again(bench, mapping))
    unread, unsent = unread_columns(bench, mapping, page), _unsent_columns(bench, mapping, page)
    if unread or unsent:
        return _wait_for_approval(bench, mapping, journal.unread(unread, unsent), run)
    if parent is not None and (with_it := _row_of_removal(bench, parent)) is not None:  # proved and counted with it
        return removals.trash_page(bench, mapping, page, removals.run_of(with_it), deleted_with=parent.id)
    if not proof.is_another_there(bench, mapping, parent):
        return _wait_for_approval(bench, mapping, journal.NONE_LEFT, run)
    trashed = removals.trash_among(bench, mapping, page, run, many=1 + _pairs_below(bench, mapping))
    return trashed or _wait_for_approval(bench, mapping, journal.MASS_DELETION, run)


def _recreate_entity(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step:
    return removals.recreate_entity(bench, mapping, page) if run.direction.allows(Side.NAVIMPACT) else Done()


def _row_of_removal(bench: Workbench, project: Mapping) -> SyncLog | None:
    """The row that tells how *project* was taken away: what goes with it is of the same run, so one undo has all."""
    if project.state is not State.DELETED or project.removed_by is None:
        return None
    return bench.ledger.log(project.removed_by)


def _reachable_again(bench: Workbench, mapping: Mapping) -> Mapping:
    """*mapping*, whose page is there: a person is not to be asked to share it while its project waits for another."""
    if mapping.state is not State.UNREACHABLE:
        return mapping
    return bench.ledger.save(mapping.but(state=State.LINKED, troubles=()))


def _wait_with_its_project(bench: Workbench, mapping: Mapping) -> Later:
    """Leave *mapping* alone for a while: a person is asked about its project, and what they say is for it too."""
    now = bench.clock()
    if mapping.next_retry_at is None or not mapping.is_put_off(now):  # else every reconcile would look at it
        mapping = bench.ledger.save(mapping.but(next_retry_at=now + APPROVAL_PAUSE))
    return Later(mapping, mapping.next_retry_at or now)


def _unsent_columns(bench: Workbench, mapping: Mapping, page: Present) -> list[str]:
    """What *page* says that NavImpact never had: of one of which nothing was ever agreed on, nobody can tell."""
    filled = {name for name, value in page.values.items() if not is_empty(value) and name not in mapping.bases}
    return _columns(bench, mapping, filled if mapping.bases else ())


def ask_about_unread(bench: Workbench, mapping: Mapping, page: Present, run: Run) -> Step | None:
    """Ask who agreed to the deletion before a column was lost; None: they knew, or there is nothing to know."""
    columns = unread_columns(bench, mapping, page)
    question = journal.unread(columns, _unsent_columns(bench, mapping, page))
    if not columns or any(trouble == question for trouble in mapping.troubles):
        return None
    return _wait_for_approval(bench, mapping, question, run, outcome=Outcome.FAILED)  # who answered is to hear of it


def unread_columns(bench: Workbench, mapping: Mapping, page: Present, *, besides: Collection[Kind] = ()) -> list[str]:
    """What of *page* cannot be read: a person may have typed there, whether or not anything was ever agreed on.

    Fields of the kinds *besides* do not count.
    """
    fields = (field for field in bench.spec(mapping.entity_type).fields if field.kind not in besides)
    return [field.property for field in fields if field.name in page.unreadable]


def doubted(bench: Workbench, mapping: Mapping, run: Run) -> Step | None:
    """What follows while it is not certain that its record is gone; None once it is.

    Where a person has thrown the page away too, or we have deleted the record, nothing more has to be proved.
    """
    removal = _row_of_removal(bench, mapping)
    if removal is not None and removal.side is Side.NAVIMPACT:
        return None
    try:
        return proof.unconfirmed(bench, mapping)
    except proof.NoneShown:
        page = bench.read(Side.NOTION, mapping)
        if isinstance(page, Trashed):
            return both_gone(bench, mapping, run, page)
        raise


def _pairs_below(bench: Workbench, project: Mapping) -> int:
    """How many pairs go with *project*. All are counted when it goes, so that all go, or one question is about all.

    The ledger may miss what was paired in the last moment: NavImpact has not shown the project for `CONFIRM` at least.
    """
    id = project.entity_id
    if project.entity_type is not EntityType.MEDIA_PROJECT or id is None:
        return 0
    pairs = proof.linked(partial(bench.ledger.outlines_of, id))
    return sum(pair.project == id and pair.id != project.id for pair in pairs)


# --- the page -------------------------------------------------------------------------------------------------------


def page_trashed(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Step:
    """Positive proof of a deletion; but NavImpact deletes for good, so a person must agree.

    Where a side fails before they are asked, what was read is recorded: the trash may be emptied by the next look.
    """
    try:
        return _restored_or_asked(bench, mapping, entity, page, run)
    except (Blocked, Unavailable):
        _keep_what_was_read(bench, mapping, entity, page, run)
        raise


def _restored_or_asked(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Step:
    before, mapping = mapping, mapping.but(trashed_at=page.last.edited_at)
    if not (_is_wanted(bench, mapping, entity, page) and bench.may_write(Side.NOTION)):
        mapping, page = last_words.read(bench, mapping, page, run)
    mapping = _as_thrown_away(mapping, page)
    is_wanted = _is_wanted(bench, mapping, entity, page)
    if is_wanted and bench.may_write(Side.NOTION):
        return restore_page(bench, mapping, page, replace(run, actor=bench.author(run, Side.NAVIMPACT, entity)))
    words = removals.unsent_words(mapping, entity, page)
    if is_wanted or not bench.may_write(Side.NAVIMPACT):
        return gate.set_aside(bench, mapping, scope.TRASHED, run, words)
    trouble = _question(bench, mapping, entity, page)
    by = replace(run, actor=bench.author(run, Side.NOTION, page.last))
    if not asks_of_trash(mapping) or (words and trouble not in mapping.troubles):
        return _wait_for_approval(bench, mapping, trouble, by, words)
    said = tuple(replace(trouble, since=t.since) if t.code == trouble.code else t for t in mapping.troubles)
    news = _thrown_away_anew(bench, before, mapping, by, words)
    if said != before.troubles or news:
        bench.ledger.save(mapping.but(troubles=said), *news)
    return Done()


def _keep_what_was_read(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> None:
    """Record what *page* says that NavImpact never had: once, however often *run* tries what fails."""
    words = removals.unsent_words(mapping, entity, page)
    if words and all(row.changes != words for row in bench.ledger.logs_of_run(run.id)):
        by = replace(run, actor=bench.author(run, Side.NOTION, page.last))
        bench.ledger.record(removals.row_of_words(bench, mapping, words, by))


def _is_wanted(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed) -> bool:
    return bench.wants_page(mapping, entity, page.last) or _went_with_its_record(bench, mapping, page)


def _thrown_away_anew(
    bench: Workbench, before: Mapping, mapping: Mapping, run: Run, words: tuple[Change, ...]
) -> list[SyncLog]:
    """The row of the *words* of a page that went a second time, though what is asked is the same."""
    was, now = ((each.trashed_at, each.last_words and each.last_words.said) for each in (before, mapping))
    return [] if was == now or not words else [removals.row_of_words(bench, mapping, words, run)]


def _went_with_its_record(bench: Workbench, mapping: Mapping, page: Trashed) -> bool:
    """Whether *page* went because its record was gone, which NavImpact shows again: we trashed it, or it is purged."""
    return mapping.state is State.DELETED and (page.is_purged or page.last.edited_by == bench.workspace.bot_id)


def ask_anew(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Step | None:
    """Ask who agreed to the deletion before somebody edited what would go; None: they knew, or there is nothing."""
    question = _question(bench, mapping, entity, page)
    if question in mapping.troubles:
        return None
    return _wait_for_approval(bench, mapping, question, run, outcome=Outcome.FAILED)  # who answered is to hear of it


def _question(bench: Workbench, mapping: Mapping, entity: Present, page: Trashed) -> Trouble:
    """What a person is asked whose page is in the trash, with the edits that they may not know of."""
    changed = below.changed_since(bench, mapping, page.last.edited_at)
    unsent = journal.unsent(mapping, entity, page.last).values
    unshown = _unshown(mapping, entity, page.last)
    # A relation names, and says nothing; a text is read before it goes, but perhaps cannot be read outside either.
    was_read = mapping.last_words is not None and mapping.last_words.read_at is not None
    is_known = was_read or not last_words.may_take_out(bench, mapping)
    besides = (Kind.RELATION,) if is_known else (Kind.BODY, Kind.RELATION)
    unread = unread_columns(bench, mapping, page.last, besides=besides)
    asked = journal.trashed(
        mapping.entity_type,
        unread=unread,
        unsent=_columns(bench, mapping, unsent),
        unshown=_columns(bench, mapping, unshown),
        changed_below=sorted(SPECS[child.type].title_of(values) for child, values in changed.items()),
    )
    below_it = sorted((child, sorted(values.items())) for child, values in changed.items())
    about = [*unsent.items(), *unshown.items(), *below_it]
    return replace(asked, about=digest(about)) if about else asked


def _columns(bench: Workbench, mapping: Mapping, fields: Container[str]) -> list[str]:
    """What people call the columns of *fields*."""
    return [field.property for field in bench.spec(mapping.entity_type).fields if field.name in fields]


def _unshown(mapping: Mapping, entity: Present, page: Present) -> Values:
    """What *entity* says and *page* does not show; what that could would have brought the page back."""
    spec, bases = SPECS[mapping.entity_type], mapping.bases
    edited = {name for name, base in bases.items() if merge.edited(spec, {name: base}, Side.NAVIMPACT, entity)}
    never = {name for name, value in entity.values.items() if not is_empty(value) and name not in bases}
    said = (field for field in spec.fields if field.name in edited | never)
    unshown = (f.name for f in said if not same(f, entity.values[f.name], page.values.get(f.name)))
    return {name: entity.values[name] for name in unshown}


def was_typed_in_as_it_went(bench: Workbench, mapping: Mapping, page: Trashed, run: Run) -> bool:
    """Whether an event tells that a body was edited in the moment in which we trashed *page*, which hides it."""
    ours = mapping.state in REMOVED and page.last.edited_by == bench.workspace.bot_id
    went_at = mapping.last_change_at
    if not ours or went_at is None or not removals.hides_body(mapping, page.last):
        return False
    return watch.is_told_near(run.edits, went_at, SPECS[mapping.entity_type].bodies)


def restore_page(bench: Workbench, mapping: Mapping, page: Trashed, run: Run, *, reverts: int | None = None) -> Step:
    """Take it out of the trash and look at both sides again; of one that is purged the record gets another page.

    Not in a run to NavImpact alone.
    """
    if not run.direction.allows(Side.NOTION):
        return Done()
    if page.is_purged:
        return Again(let_go_of_page(bench, mapping, State.CREATING))
    bench.notion.restore(mapping.entity_type, page.last.id)
    row = bench.row(mapping, Operation.RESTORE, run, side=Side.NOTION, outcome=Outcome.SUCCESS, reverts=reverts)
    bench.ledger.record(row)
    return Again(mapping)


def _wait_for_approval(
    bench: Workbench,
    mapping: Mapping,
    trouble: Trouble,
    run: Run,
    words: tuple[Change, ...] = (),
    *,
    outcome: Outcome = Outcome.SUCCESS,
) -> Step:
    """Have a person asked. *words*: what a page in the trash says that is nowhere else."""
    since = replace(trouble, since=bench.clock())
    left_over = unshown.left_over(bench, mapping)
    waiting = mapping.but(state=State.AWAITING_APPROVAL, troubles=(since,), intent=None, unshown=left_over)
    row = bench.row(waiting, Operation.UNLINK, run, outcome=outcome, changes=words, message=trouble.cause)
    bench.ledger.save(waiting, row, *journal.abandoned(bench.ledger, mapping))
    return Done()


def let_go_of_page(bench: Workbench, mapping: Mapping, state: State) -> Mapping:
    """*mapping* without its page, which is purged, as far as anybody can tell: whose it was is kept.

    What belongs to a project has named that one, and names the next.
    """
    fresh = without_page(mapping).but(state=state)
    if mapping.entity_id is None:
        return bench.ledger.save(fresh)
    if mapping.entity_type is EntityType.MEDIA_PROJECT:
        bench.changed_page(mapping.entity_id)
    gone = bench.new_mapping(
        mapping.entity_type, page_id=mapping.page_id, state=State.DELETED, made_way_for=mapping.entity_id,
        title=mapping.title, named=mapping.named,
    )  # fmt: skip
    fresh, _ = bench.ledger.hand_over(fresh, gone)
    return fresh


def without_page(mapping: Mapping) -> Mapping:
    """*mapping* as it is to begin with another page: with nothing agreed on yet."""
    return mapping.but(
        page_id=None, stamped=False, bases={}, conflicts=(), troubles=(), refused={}, doubted=(), named=(), written=(),
        unshown=(), body_as_of=None, trashed_at=None, said_in_trash=None, last_words=None,
    )  # fmt: skip


def page_unreachable(bench: Workbench, mapping: Mapping, run: Run, *, is_alone: bool) -> Step:
    """Notion's 404: not reachable, which proves nothing. *is_alone*: its record is gone from NavImpact as well."""
    now, trouble = bench.clock(), journal.UNREACHABLE_ALONE if is_alone else journal.UNREACHABLE
    known = next((each for each in mapping.troubles if each.code == trouble.code), None)
    since = (known and known.since) or now
    told = (replace(trouble, since=since),)
    if mapping.state is not State.UNREACHABLE:
        row = bench.row(mapping, Operation.FAIL, run, outcome=Outcome.FAILED, message=trouble.cause)
        mapping = bench.ledger.save(mapping.but(state=State.UNREACHABLE, troubles=told), row)
    elif known != trouble or known.since is None:  # an older release did not say
        mapping = bench.ledger.save(mapping.but(troubles=told))
    return Later(mapping, now + watch.patience(since, now, least=UNREACHABLE_PAUSE, most=LONGEST_UNREACHABLE_PAUSE))


def both_gone(
    bench: Workbench, mapping: Mapping, run: Run, page: Observation | None = None, *, is_proved: bool = False
) -> Step:
    """Nothing is left to keep in step. Notion empties its trash: what *page* said there last is recorded.

    *is_proved*: NavImpact's 404 is believed. What belongs to a project that is gone so goes with it.
    """
    if not mapping.version:
        return Done()
    if mapping.state is State.DELETED:
        return _gone_before(bench, mapping, run, page)
    if isinstance(page, Trashed):
        mapping, page = last_words.read(bench, mapping, page, run)
        mapping = _as_thrown_away(mapping, page)
    said = journal.last_words(mapping, page.last, GONE_TOO) if isinstance(page, Trashed) else ()
    row = bench.row(mapping, Operation.UNLINK, run, outcome=Outcome.SUCCESS, changes=said, message=GONE_TOO)
    left_over = unshown.left_over(bench, mapping)
    removed_by = row.id if is_proved and proof.is_another_there(bench, mapping, None) else None
    gone = mapping.but(
        state=State.DELETED, troubles=(), refused={}, intent=None, unshown=left_over, removed_by=removed_by
    )
    bench.ledger.save(gone, row, *journal.abandoned(bench.ledger, mapping))
    return Done()


def _gone_before(bench: Workbench, mapping: Mapping, run: Run, page: Observation | None) -> Step:
    """What is gone stays gone; but a person may have had its page in hands since, and thrown it away once more."""
    if not isinstance(page, Trashed):
        return Done()
    was_out = not page.is_purged and not bench.is_ours(page.last) and _says_what_is_not_told(mapping, page)
    if was_out or last_words.was_typed_in(mapping, page, run):
        mapping, page = last_words.read(bench, mapping, page, run)
    if was_out:
        said = journal.last_words(mapping, page.last, removals.THROWN_AWAY)
        row = removals.row_of_words(bench, mapping, said, run)
        bench.ledger.save(_as_thrown_away(mapping, page), row)
    return Done()


def _as_thrown_away(mapping: Mapping, page: Trashed) -> Mapping:
    """*mapping* once the history is told of what *page* says in the trash."""
    return mapping.but(trashed_at=page.last.edited_at, said_in_trash=_words_of(mapping, page))


def _says_what_is_not_told(mapping: Mapping, page: Trashed) -> bool:
    """Whether *page* was thrown away anew, or says more since a column is there again.

    Its time of edit tells nothing within a minute, and nothing of columns.
    """
    is_anew = page.last.edited_at != mapping.trashed_at
    return is_anew or mapping.said_in_trash not in (None, _words_of(mapping, page))


def _words_of(mapping: Mapping, page: Trashed) -> str:
    """To know again what *page* says. Not what it names: Notion does not show that any more once it goes, too."""
    fields = (field.name for field in SPECS[mapping.entity_type].fields if field.kind is not Kind.RELATION)
    said = ((name, page.last.values.get(name)) for name in fields)
    return digest([each for each in said if each[1] not in (None, ())])


# --- a removal that was interrupted -----------------------------------------------------------------------------------


def finish_remove(bench: Workbench, mapping: Mapping, intent: RemoveIntent) -> Step:
    """Go on with a removal that was interrupted, unless somebody has touched the record since."""
    seen = bench.read(intent.on, mapping)
    row = bench.ledger.log(intent.log_id)
    if intent.on is Side.NOTION and isinstance(seen, Gone):  # it goes on when the page is shared again
        is_alone = mapping.entity is not None and intent.leaves is State.DELETED
        return page_unreachable(bench, mapping, removals.run_of(row), is_alone=is_alone)
    if isinstance(seen, Trashed) and seen.is_purged:
        return removals.removed(bench, mapping, intent, row)
    if not isinstance(seen, Present) or row is None:
        return removals.carry_out(bench, mapping, intent)
    if mapping.made_way_for is not None:
        removals.check_second_may_go(bench)
    if intent.on is Side.NOTION and _page_is_wanted(bench, mapping, seen, row):
        return removals.kept(bench, mapping, intent)
    if row.deleted_with is not None and bench.names_project_made_again(mapping, seen):
        return removals.kept(bench, mapping, intent)
    if intent.on is Side.NAVIMPACT and _is_wanted_again(bench, mapping, intent, seen):
        return removals.kept(bench, mapping, intent)
    if mapping.entity is not None and not bench.may_write(intent.on):
        return Again(removals.call_off(bench, mapping))
    bench.ledger.record(removals.with_words(row, intent.on, seen))
    return removals.carry_out(bench, mapping, intent)


def _is_wanted_again(bench: Workbench, mapping: Mapping, intent: RemoveIntent, entity: Present) -> bool:
    """Whether it was edited since, its page taken out of the trash, or something added to what was to go."""
    if bench.was_edited(mapping, Side.NAVIMPACT, entity) or gate.pair_left_out(bench, mapping, entity) is not None:
        return True
    if intent.leaves is State.AWAITING_APPROVAL:
        return bool(below.children(bench, mapping))
    match bench.read(Side.NOTION, mapping):
        case Present():
            return True
        case Trashed() as page:
            return _question(bench, mapping, entity, page) not in mapping.troubles
        case Gone():
            return False


def _page_is_wanted(bench: Workbench, mapping: Mapping, page: Present, row: SyncLog) -> bool:
    """Whether a person has touched *page* since; a second page of a record goes for all that, with what they typed."""
    is_second = mapping.made_way_for is not None
    return not is_second and (_in_hands(bench, page, row) or bench.was_edited(mapping, Side.NOTION, page))


def _in_hands(bench: Workbench, page: Present, row: SyncLog) -> bool:
    """Whether a person had the page in hands after *row*: to edit it, perhaps, or take it out of the trash again."""
    since = row.at.replace(second=0, microsecond=0)
    return not bench.is_ours(page) and page.edited_at is not None and page.edited_at >= since
