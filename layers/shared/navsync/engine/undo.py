"""What undoes a row of the sync log?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import replace

from navsync import merge, scope
from navsync.engine import below, creates, deletes, proof, removals, writes
from navsync.engine.steps import Again, Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.engine.writes import Seen
from navsync.errors import MissingCapability, NotReachable, Refused
from navsync.fields import SPECS, Kind, cannot_carry, field_of, same
from navsync.model import (
    Change,
    EntityRef,
    EntityType,
    FieldWrite,
    Gone,
    Mapping,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    SyncLog,
    Trashed,
    Values,
)
from navsync.undoing import Choice


class OutOfTurn(Refused):
    """It has to wait for *those*, where they are to be undone too, or are being made again already."""

    def __init__(self, message: str, *, those: frozenset[EntityRef], is_coming: bool = False) -> None:
        super().__init__(message)
        self.those = those
        self.is_coming = is_coming


class UndoneAlready(Refused):
    """What was deleted is there again."""


def revert(bench: Workbench, mapping: Mapping, row: SyncLog, choice: Choice, run: Run) -> Step:
    """Write what *row* replaced, as an edit like any other. Raises `Refused` where somebody has edited since."""
    if row.outcome is not Outcome.SUCCESS:
        raise Refused("nothing was written then, so there is nothing to undo")
    if choice.field is not None and row.operation in (Operation.CREATE, Operation.DELETE):
        raise Refused("a record is made or deleted as a whole; undo the row, not a field of it")
    if scope.is_out(mapping):
        raise Refused("the workspace does not hold the record; widen its scope first")
    if row.operation in (Operation.CREATE, Operation.DELETE) and row.side and not bench.may_write(row.side):
        raise Refused(f"the workspace does not sync to {row.side}; do it there by hand")
    match row.operation, row.side:
        case ((Operation.UPDATE | Operation.REVERT), _):
            return _write_back(bench, mapping, row, choice, run)
        case Operation.CREATE, Side.NAVIMPACT:
            entity = _as_made(bench, mapping, Side.NAVIMPACT, row)
            return removals.delete_entity(bench, mapping, entity, run, reverts=row.id)
        case Operation.CREATE, Side.NOTION:
            page = _as_made(bench, mapping, Side.NOTION, row)
            return removals.take_page(bench, mapping, page, run, reverts=row.id)
        case Operation.DELETE, _:
            return _bring_back(bench, mapping, row, run)
        case _:
            raise Refused(f"a row about {row.operation} wrote no value, so there is nothing to undo")


# --- values ---------------------------------------------------------------------------------------------------------


def _write_back(bench: Workbench, mapping: Mapping, row: SyncLog, choice: Choice, run: Run) -> Step:
    seen = _both(bench, mapping)
    changes = [_by_latest_ids(bench, mapping, change) for change in choice.of(row)]
    inverse = tuple(write for change in changes for write in _inverse(bench, mapping, change, seen))
    if not inverse:
        raise Refused("what it says now it said before, too, so there is nothing to undo")
    writes.write(bench, mapping, mapping, inverse, seen, run, operation=Operation.REVERT, reverts=row.id)
    return Done()


def _both(bench: Workbench, mapping: Mapping) -> Seen:
    seen: Seen = {}
    for side in Side:
        shown = bench.read(side, mapping) if mapping.entity_id and mapping.page_id else None
        if not isinstance(shown, Present):
            raise Refused(f"the record is not there on {side} any more; bring it back first")
        seen[side] = shown
    return seen


def _by_latest_ids(bench: Workbench, mapping: Mapping, change: Change) -> Change:
    """*change* with the ids that projects have now which were made again since."""
    if field_of(mapping.entity_type, change.field).kind is not Kind.RELATION:
        return change
    return replace(change, old=bench.by_latest_ids(change.old), new=bench.by_latest_ids(change.new))


def _inverse(bench: Workbench, mapping: Mapping, change: Change, seen: Seen) -> Iterator[merge.Write]:
    field = bench.spec(mapping.entity_type).field(change.field)
    base = mapping.bases.get(change.field)
    if any(change.field not in s.values for s in seen.values()):
        raise Refused(f"{field.property} cannot be read on both sides now; see what it waits for, then undo again")
    agreed = base is not None and all(s.values.get(change.field) == base.on(side) for side, s in seen.items())
    ours = FieldWrite(change.field, change.side, change.new, change.old)
    if not agreed or not merge.has_landed(SPECS[mapping.entity_type], ours, seen[change.side]):
        raise Refused(f"{field.property} was edited since, or undone already; see the history of the record")
    for side in Side:
        shown = seen[side].values[change.field]
        pair = (change.old, shown) if side is Side.NOTION else (shown, change.old)
        if shown == change.old if side is change.side else same(field, *pair):
            continue
        if reason := _hindrance(bench, mapping, change, side):
            raise Refused(f"{field.property} cannot be put back: {reason}")
        yield merge.Write(change.field, side, change.old, shown, "undone")


def _hindrance(bench: Workbench, mapping: Mapping, change: Change, to: Side) -> str | None:
    field = field_of(mapping.entity_type, change.field)
    if field.kind is Kind.RELATION and isinstance(change.old, tuple):
        pairs = [bench.ledger.of_entity(EntityRef(EntityType.MEDIA_PROJECT, id)) for id in change.old]
        if any(pair is None or pair.page_id is None or pair.state is State.DELETED for pair in pairs):
            return "the project is not there any more"
        if any(pair and pair.state is not State.LINKED for pair in pairs):
            return "the project is not in step itself; see what it waits for"
    if not merge.may_travel(mapping.entity_type, field, bench.workspace.settings, to):
        return f"it does not sync to {to}; put it back on {to.other} by hand"
    base = mapping.bases.get(change.field)
    return cannot_carry(field, change.old, to, base.navimpact if base else None)


# --- records --------------------------------------------------------------------------------------------------------


def _as_made(bench: Workbench, mapping: Mapping, side: Side, row: SyncLog) -> Present:
    """The record on *side*, which says still what *row* made it say."""
    spec = SPECS[mapping.entity_type]
    seen = bench.read(side, mapping) if mapping.entity_id and mapping.page_id else None
    if not isinstance(seen, Present):
        raise Refused(f"the record is not there on {side} any more")
    if (row.entity_id, row.page_id) != (mapping.entity_id, mapping.page_id):
        raise Refused("it was deleted since and made anew; what is there now is another one")
    if side is Side.NAVIMPACT and (children := below.children(bench, mapping)):
        raise OutOfTurn("other records belong to it by now; remove those first", those=children)
    if side is Side.NOTION and (unread := deletes.unread_columns(bench, mapping, seen)):
        columns = ", ".join(unread)
        raise Refused(
            f"{columns} cannot be read on its page and may say what is nowhere else; restore the column in Notion and "
            "undo again, or move the page to the trash by hand"
        )
    changes = [_by_latest_ids(bench, mapping, change) for change in row.changes]
    made = {change.field: change.new for change in changes}
    then = (FieldWrite(f.name, side, made.get(f.name), None) for f in spec.fields if f.name in mapping.bases)
    untouched = all(merge.has_landed(spec, write, seen) for write in then)
    # What the other side cannot hold was never agreed on as it was made.
    as_made = {name for name, value in made.items() if seen.values.get(name) == value}
    others = {name: base for name, base in mapping.bases.items() if name not in as_made}
    if not untouched or merge.edited(spec, others, side, seen):
        raise Refused("it was edited since it was made; delete it by hand, where you see what goes with it")
    return seen


def of_row(bench: Workbench, row: SyncLog) -> Mapping | None:
    """The mapping of the record that *row* tells of; None: it tells of none.

    What a project took along before anybody had paired it has none: it gets one that is named like the row, so that
    however often it is asked for, and whenever a worker dies, one record is made again.
    """
    if row.mapping_id is not None:
        return bench.ledger.load(row.mapping_id)
    if row.deleted_with is None or row.entity_type is None:
        return None
    blank = bench.new_mapping(row.entity_type, state=State.DELETED, title=row.title, remakes=row.entity_id)
    return bench.ledger.load(row.id) or blank.but(id=row.id)


def _bring_back(bench: Workbench, mapping: Mapping, row: SyncLog, run: Run) -> Step:
    """Take the page out of the trash; it wants its record back, as *row* tells of it."""
    page = bench.read(Side.NOTION, mapping) if mapping.page_id else None
    is_purged = isinstance(page, Trashed) and page.is_purged
    has_none = page is None or is_purged
    if isinstance(page, Gone) or (has_none and row.side is Side.NOTION and row.deleted_with is None):
        raise Refused("its page is gone from Notion's trash; its values are in the history of the record")
    if is_purged:
        mapping, page = deletes.let_go_of_page(bench, mapping, mapping.state), None
    lacks_entity = (row.side is Side.NAVIMPACT or isinstance(page, Present)) and _lacks_entity(bench, mapping, row)
    if not lacks_entity and isinstance(page, Trashed):
        if _shows_entity(bench, mapping):
            return deletes.restore_page(bench, mapping, page, run, reverts=row.id)
        return Again(_taken_out(bench, mapping, page, row, run))
    if not lacks_entity:
        if mapping.state is State.LINKED:  # its record may be gone once more, which is another deletion
            raise UndoneAlready("it was undone already, or came back by itself")
        if _shows_entity(bench, mapping):
            raise UndoneAlready("it was undone already, or came back by itself: the record is there again")
        if page is None:
            raise Refused("its page and its record are both gone; its values are in the history of the record")
        return Again(mapping)
    if row.side is Side.NAVIMPACT:
        mapping = mapping.but(recalls=row.id)
    if page is None:
        if creates.is_made_again(bench, mapping):
            raise UndoneAlready("another workspace has undone it already: the record is there again")
        return creates.make_again(bench, mapping, _related(bench, row), run)
    if isinstance(page, Trashed):
        mapping = _taken_out(bench, mapping, page, row, run)
    return removals.recreate_entity(bench, mapping)


def _taken_out(bench: Workbench, mapping: Mapping, page: Trashed, row: SyncLog, run: Run) -> Mapping:
    """*mapping*, its page out of the trash: *row* is undone once the record is made again of both.

    Where Notion keeps the page there nothing is undone, and who takes it out later does so on their own.
    """
    mapping = bench.ledger.save(mapping.but(recalls=row.id))  # first: whoever finds the page restored makes the record
    try:
        deletes.restore_page(bench, mapping, page, run)
    except (Refused, NotReachable, MissingCapability):
        bench.ledger.save(mapping.but(recalls=None))
        raise
    return mapping


def _shows_entity(bench: Workbench, mapping: Mapping) -> bool:
    """Whether NavImpact shows the record that *mapping* pairs."""
    return mapping.entity_id is not None and isinstance(bench.read(Side.NAVIMPACT, mapping), Present)


def _lacks_entity(bench: Workbench, mapping: Mapping, row: SyncLog) -> bool:
    if mapping.entity_id is not None and not isinstance(bench.read(Side.NAVIMPACT, mapping), Gone):
        return False
    if row.side is Side.NAVIMPACT and mapping.entity_id is not None:
        if mapping.entity_id != row.entity_id:
            raise Refused("it was made anew since, and that one is gone too; undo its latest deletion")
        return True  # we have deleted it ourselves
    if mapping.entity_id is not None and mapping.state is State.AWAITING_APPROVAL:
        proof.check_gone(bench, mapping)
    return mapping.state in (State.AWAITING_APPROVAL, State.DELETED)


def _related(bench: Workbench, row: SyncLog) -> Values:
    """The project that *row* tells of, by the id that it has now; nothing for a project, which names none."""
    if row.entity_type is EntityType.MEDIA_PROJECT:
        return {}
    told = (change.old for change in row.changes if change.field == "project")
    those = [EntityRef(EntityType.MEDIA_PROJECT, id) for ids in told if isinstance(ids, tuple) for id in ids]
    project = _project_of(bench, row, those)
    if project and project.entity_id and _shows_entity(bench, project):
        return {"project": (project.entity_id,)}
    raise OutOfTurn(
        "its project is not there any more; undo the deletion of that first",
        those=frozenset(those),
        is_coming=project is not None and project.state in (State.CREATING, State.DRAFT) and not project.troubles,
    )


def _project_of(bench: Workbench, row: SyncLog, named: Sequence[EntityRef]) -> Mapping | None:
    """The mapping of the project with which went what *row* tells of, else of that which is *named* there."""
    if row.deleted_with is not None:
        return bench.ledger.load(row.deleted_with)
    latest = (EntityRef(each.type, bench.latest(each)) for each in named)
    return next((pair for each in latest if (pair := bench.ledger.of_entity(each)) is not None), None)
