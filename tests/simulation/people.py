"""What do people do, and what did each of them see when they did it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, assert_never

from navsync.attention import question_of
from navsync.engine import proof
from navsync.fields import SPECS, Field, Kind, field_of
from navsync.model import (
    Conflict,
    CreateIntent,
    Decision,
    Direction,
    EntityRef,
    EntityType,
    Lane,
    Mapping,
    Operation,
    Outcome,
    Present,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Value,
    Values,
    WorkKind,
    is_empty,
)
from navsync.standing import asks_of_trash, was_in_trash
from tests.contract.memory import PERSON, RELATIONS, MemoryNotion, Page, Record, ids_in
from tests.simulation.swarm import Act, Fault, Op, rules_of
from tests.simulation.world import PROJECT

if TYPE_CHECKING:
    from tests.simulation.history import History, Office

KINDS = {field.name: field.kind for spec in SPECS.values() for field in spec.fields}
"""Field → how its values look. The same name means the same everywhere, but that a story's description is its body."""
WORDY = frozenset({Kind.TEXT, Kind.BODY})
UNDOABLE = frozenset({Operation.UPDATE, Operation.REVERT, Operation.CREATE, Operation.DELETE})
DARKNESS = 400.0
EMPTIED = 300.0
"""Seconds that some pages lie in the trash: in Notion, thirty days."""
MISLAID = 900.0
"""Seconds that some are where we see nothing."""
FEW = 2
"""Projects, of which all may be deleted or thrown away while NavImpact shows nothing."""
PATIENT = 3
"""So often people see that a look failed before they do something about it."""
MANY = 10
ANN, BO = "ann", "bo"
"""Who decide."""
_NOTHING: frozenset[Value] = frozenset()


def pieces(name: str, value: Value) -> Iterable[Value]:
    """What of *value* must not get lost: of a long text each word, of anything else the whole; nothing of nothing.

    Nothing of a relation either: it names a project that others name as well, so that it cannot be told from theirs.
    """
    if value is None or value == ():
        return _NOTHING
    kind = KINDS[name]
    if kind in WORDY and isinstance(value, str):
        return value.split()
    return _NOTHING if kind is Kind.RELATION else (value,)


def said(values: Values) -> set[tuple[str, Value]]:
    """What of a record that says *values* must not get lost, by field."""
    return {(name, piece) for name, value in values.items() for piece in pieces(name, value)}


@dataclass(frozen=True, slots=True)
class Edit:
    """One value that a person wrote, unlike any other in the whole history."""

    side: str
    id: str
    """Of the record or page; "" where it was made with it."""
    field: str
    value: Value
    at: float


class People:
    """Everybody who works on either side. Their edits are remembered, with what they saw and replaced."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.edits: list[Edit] = []
        self.knowingly_replaced: set[tuple[str, Value]] = set()
        """Values that somebody saw and replaced, cleared or deleted."""
        self.thrown_away: set[tuple[str, Value]] = set()
        """What pages said as people threw them away: it may go, but not out of the history."""
        self.replacements: dict[tuple[str, Value], set[Value]] = {}
        """Field and what somebody saw → what was written over it, by those who saw it."""
        self.copies: set[tuple[int, str]] = set()
        """Pages that people copied from ours, our key with them."""
        self.thrown: dict[tuple[int, str], float] = {}
        """Workspace and page → when somebody threw it away last."""
        self.taken_out: set[tuple[int, str]] = set()
        """Pages that people took out of the trash, where we had them make way for another page of their record."""
        self.withheld: set[tuple[int, str]] = set()
        """Pages that were not shared for a while, though their database was: like those that are gone for good."""
        self.purged: set[tuple[int, str]] = set()
        """Pages that went for good after a worker had seen them in the trash."""
        self.deleted: dict[EntityRef, EntityRef] = {}
        """Record → the record, itself or its project, that somebody deleted."""
        self.names: dict[tuple[int, str], tuple[str | None, float]] = {}
        """Workspace and page → what somebody called it, and when; no field holds it. None: they cleared it."""
        self.cleared: set[tuple[str, str, str]] = set()
        """Side, record or page, and field that somebody left empty."""
        self.last_edited: dict[tuple[str, str, str], float] = {}
        """Side, record or page, and field → when somebody wrote there last, or left it empty."""
        self.approved: set[tuple[int, int]] = set()
        """Workspace and mapping whose deletion somebody agreed to, or asked for by undoing what made them."""
        self.agreed: set[tuple[int, int, str]] = set()
        """Workspace, mapping and version of the question that somebody agreed to."""
        self.chosen: dict[tuple[int, EntityRef | None, str, Value, Value], set[Side]] = {}
        """Workspace, record, field and both halves of a conflict → who was to win it."""
        self.lost_columns: set[tuple[int, EntityType, str]] = set()
        """Workspace, kind and field of columns that somebody has deleted or retyped, which are doubted ever after."""
        self.confirmed: set[str] = set()
        """Keys of creations of which somebody said that the record they were shown is another one."""
        self.recognised: set[tuple[int, int]] = set()
        """Workspace and mapping of rows of which somebody said that the record they were shown is theirs."""
        self.undone: set[tuple[int, str]] = set()
        """Workspace and run that somebody undid: with all that it has led to when that is carried out."""
        self._number = 0
        self._fields = {kind: _in_use(kind, history.swarm.fields) for kind in history.swarm.types}

    def begin(self) -> None:
        """A few records from before."""
        for _ in range(self.history.swarm.records):
            self._create(PROJECT, 0, 0)
        for kind in self.history.swarm.types[1:]:
            self._create(kind, 0, 0)

    def do(self, op: Op) -> None:
        """Carry out *op*, if there is anything to do it to."""
        self.history.note(f"  * {op.act}", op)
        office = self.history.offices[op.workspace % len(self.history.offices)]
        types = self.history.swarm.types
        kind = types[op.kind % len(types)]
        match op.act:
            case Act.EDIT_NAVIMPACT:
                self._edit_record(kind, op)
            case Act.EDIT_NOTION:
                self._edit_page(office, kind, op)
            case Act.EDIT_BOTH:
                self._edit_both(office, op)
            case Act.AGREE:
                self._agree(office, op)
            case Act.CREATE:
                self._create(kind, op.target, op.how)
            case Act.ADD_ROW:
                self._add_row(office, kind, op)
            case Act.DELETE:
                self._delete(kind, op)
            case Act.DELETE_MANY:
                self._delete_many(kind)
            case Act.TRASH:
                self._trash(office, kind, op)
            case Act.RESTORE:
                self._restore(office, op)
            case Act.PURGE:
                self._purge(office, op)
            case Act.COPY:
                self._copy(office, op)
            case Act.OWN_COPY:
                self._own_copy(office, op)
            case Act.UNSHARE:
                self._share(office, op, shared=False)
            case Act.SHARE:
                self._share(office, op, shared=True)
            case Act.WITHDRAW:
                self._withdraw(office)
            case Act.GO_DARK:
                self._go_dark(op)
            case Act.MOVE:
                self._move_record(op)
            case Act.MOVE_ROW:
                self._move_page(office, op)
            case Act.BREAK_PROPERTY:
                self._break_property(office, kind, op)
            case Act.MEND_PROPERTY:
                self.mend_properties(office)
            case Act.RESOLVE:
                self._resolve(office, op)
            case Act.DECIDE:
                self._decide(office, op)
            case Act.REVERT:
                self._revert(office, op)
            case Act.PAUSE:
                self.history.let_work(office, active=False)
            case Act.RESUME:
                self.history.let_work(office, active=True)
            case Act.SET_RULES:
                self.history.set_rules(office, rules_of(Random(op.how), types))  # noqa: S311  # the same again
            case Act.ARCHIVE:
                self._archive(office, kind, op)
            case Act.WRITE_TEMPLATE:
                self._write_template(office, kind, op)
            case Act.TRASH_DATABASE:
                self.move_database(office, kind, in_trash=kind not in office.notion.binned)
            case Act.ASK_FOR_SYNC:
                self._ask_for_sync(office, kind, op)
            case Act.WRITE_KEY:
                self._write_key(office, kind, op)
            case Act.NAME_OTHERS:
                self._name_others(office, op)
            case _:
                assert_never(op.act)

    # --- editing ----------------------------------------------------------------------------------------------------

    def _edit_record(self, kind: EntityType, op: Op) -> None:
        record = _pick(self._records(kind), op.target)
        if record is None:
            return
        seen = record.seen(with_revision=True)
        name, value = self._new_value(kind, op, seen.values, Side.NAVIMPACT)
        if value is None and field_of(kind, name).required:
            return
        self.write_record(record, {name: value}, seen)

    def write_record(self, record: Record, values: Values, seen: Present) -> None:
        """Somebody who has *seen* the record so writes *values*."""
        self.history.platform.update(record.entity_type, record.id, values, seen=seen)
        self._wrote("navimpact", record.id, seen.values, values)
        self.touched_record(record.entity_type, record.id)

    def _edit_page(self, office: Office, kind: EntityType, op: Op) -> None:
        page = _pick(self._pages(office, kind), op.target)
        if page is None:
            return
        if SPECS[kind].title_is_generated and op.how % 7 == 1:
            self._rename(office, page, op)
            return
        self._type(office, page, op)

    def _type(self, office: Office, page: Page, op: Op) -> None:
        name, value = self._new_value(page.entity_type, op, page.values, Side.NOTION)
        if name not in office.notion.broken.get(page.entity_type, ()):
            self.write_page(office, page, {name: value})

    def _rename(self, office: Office, page: Page, op: Op) -> None:
        """Somebody gives *page* a name of their own, or has it called by what it says again."""
        name = None if op.how % 5 == 0 else self._new_name()
        _person(office).rename(page.id, name)
        self._named(office, page, name)
        self.touched_page(office, page)

    def _new_name(self) -> str:
        self._number += 1
        return f"n{self._number}"

    def _named(self, office: Office, page: Page, name: str | None) -> None:
        self.names[office.id, page.id] = name, self.history.now
        self.history.note(f"    notion {office.id}: {page.id[-4:]} is called {name}")

    def write_page(self, office: Office, page: Page, values: Values) -> None:
        """Somebody who looks at *page* writes *values*."""
        seen = dict(page.values)
        _person(office).edit(page.id, values)
        self._wrote(f"notion {office.id}", page.id, seen, values)
        self.touched_page(office, page, values)

    def _new_value(self, kind: EntityType, op: Op, seen: Values, side: Side) -> tuple[str, Value]:
        fields = self._fields[kind]
        field = fields[op.field % len(fields)]
        if op.how % 20 == 0:
            return field.name, () if field.kind is Kind.MULTI_SELECT else None
        return field.name, self._value(field, seen.get(field.name), op.how, side)

    def _value(self, field: Field, seen: Value, how: int, side: Side) -> Value:
        self._number += 1
        n = self._number
        match field.kind:
            case Kind.BODY if self.history.swarm.largest_write:
                return _at_length(seen if isinstance(seen, str) else "", n, how)
            case Kind.TEXT | Kind.BODY:
                return _reworded(seen if isinstance(seen, str) else "", f"w{n}", how)
            case Kind.NUMBER if field.places and side is Side.NOTION and how % 23 == 0:
                return Decimal(n) + Decimal("0.123")  # NavImpact keeps two decimals
            case Kind.NUMBER:
                return Decimal(n) + Decimal("0.5") * bool(field.places)
            case Kind.DATE:
                return (date(2000, 1, 1) + timedelta(days=n)).isoformat()
            case Kind.MULTI_SELECT:
                kept = seen if isinstance(seen, tuple) else ()
                return (*kept[how % 2 :][:3], f"m{n}")
            case Kind.URL:
                return f"https://example.org/{n}"
            case _:
                return f"v{n}"

    def wrote(self, where: str, seen: Values, values: Values) -> None:
        """Remember that somebody who had *seen* this wrote *values* over it."""
        self._wrote(where, "", seen, values)

    def _wrote(self, where: str, id: str, seen: Values, values: Values) -> None:
        for name, value in values.items():
            self._edited(where, id, name, seen.get(name), value)

    def _edited(self, where: str, id: str, name: str, old: Value, new: Value) -> None:
        self._wrote_over(where, id, name, old, new)
        fresh = sorted(set(pieces(name, new)) - set(pieces(name, old)), key=str)
        self.edits += [Edit(where, id, name, piece, self.history.now) for piece in fresh]
        self.history.note(f"    {where}: {name} = {new}")

    def _wrote_over(self, where: str, id: str, name: str, old: Value, new: Value) -> None:
        """Somebody who saw *old* there has it say *new*."""
        if KINDS[name] is Kind.RELATION:  # who moves it once more, perhaps to where it had been, decides anew
            self.chosen = {key: winners for key, winners in self.chosen.items() if key[2] != name}
        self._replaced(name, old, new)
        self.last_edited[where, id, name] = self.history.now
        if is_empty(new):
            self.cleared.add((where, id, name))
        self.knowingly_replaced |= {(name, piece) for piece in set(pieces(name, old)) - set(pieces(name, new))}

    def _edit_both(self, office: Office, op: Op) -> None:
        """Two people write in the same long text, one at its beginning and one at its end, before either sees it."""
        pairs = [m for m in self._mappings(office) if m.state is State.LINKED and m.page_id in office.notion.pages]
        mapping = _pick(pairs, op.target)
        if mapping is None or mapping.page_id is None:
            return
        record = self.history.platform.records.get((mapping.entity_type, mapping.entity_id or ""))
        page = office.notion.pages[mapping.page_id]
        wordy = [f for f in self._fields[mapping.entity_type] if f.kind in WORDY]
        if record is None or page.in_trash or page.hidden or not wordy:
            return
        name = wordy[op.field % len(wordy)].name
        if name in office.notion.broken.get(mapping.entity_type, ()):
            return
        self._number += 2
        mine, theirs = record.values()[name] or "", page.values[name] or ""
        seen = record.seen(with_revision=True)
        self.write_record(record, {name: f"{mine} \n\n w{self._number}".strip()}, seen)
        self.write_page(office, page, {name: f"w{self._number - 1} {theirs}".strip()})

    def _agree(self, office: Office, op: Op) -> None:
        """Somebody looks at both sides and makes one say what the other does."""
        mapping = _pick([m for m in self._mappings(office) if m.conflicts], op.target)
        if mapping is None or mapping.entity is None or mapping.page_id is None:
            return
        record = self.history.platform.records.get((mapping.entity_type, mapping.entity.id))
        page = office.notion.pages[mapping.page_id]
        name = mapping.conflicts[op.field % len(mapping.conflicts)].field
        if record is None or page.in_trash or page.hidden or name in office.notion.broken.get(page.entity_type, ()):
            return
        if name == RELATIONS.get(page.entity_type):
            return  # the project may have no page yet
        old, new = page.values[name], record.seen(with_revision=True).values[name]
        _person(office).edit(page.id, {name: new})
        self._wrote_over(f"notion {office.id}", page.id, name, old, new)
        self.touched_page(office, page)

    def _replaced(self, name: str, old: Value, new: Value) -> None:
        self.replacements.setdefault((name, old), set()).add(new)

    def wanted_again(self, name: str, value: Value) -> None:
        """A rule, or somebody who undid an edit or chose a winner, put *value* over whatever had replaced it."""
        self.replacements.pop((name, value), None)
        self.chosen = {key: winners for key, winners in self.chosen.items() if key[2] != name or value not in key[3:]}

    def _ask_for_sync(self, office: Office, kind: EntityType, op: Op) -> None:
        """Somebody presses the button: for one record, perhaps in one direction alone, or for the workspace."""
        record = _pick(self._records(kind), op.target)
        if record is None or op.how % 4 == 0:
            self.history.put(office, WorkKind.SWEEP, "", Lane.SWEEP, requested=True)
            return
        direction = (Direction.BOTH, *Direction)[op.field % 4]
        self.history.note(f"    sync {kind} {record.id} in W{office.id}, {direction}")
        self.history.put(
            office, WorkKind.ENTITY, f"{kind}/{record.id}", direction=direction, thorough=True, requested=True
        )

    def _write_key(self, office: Office, kind: EntityType, op: Op) -> None:
        """Somebody empties “NavImpact ID” on one of our pages, or writes there what they like."""
        known = self.history.store.of(office.id).pairs
        page = _pick([p for p in self._pages(office, kind) if p.key and p.id in known], op.target)
        if page is not None:
            _person(office).write_key(page.id, "mine" if op.how % 2 else None)
            self.touched_page(office, page)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def _resolve(self, office: Office, op: Op) -> None:
        mapping = _pick([m for m in self._mappings(office) if m.conflicts], op.target)
        if mapping is None:
            return
        conflict = mapping.conflicts[op.field % len(mapping.conflicts)]
        about = f"{mapping.id}/{conflict.field}/{conflict.version}"
        winner = tuple(Side)[op.how % 2]
        choice = office.id, mapping.entity, conflict.field, conflict.navimpact, conflict.notion

        def choose(by: str, winner: Side) -> None:
            self.history.note(f"    {by}: {winner} wins {conflict.field} of mapping {mapping.id}")
            if self.history.decide(office, WorkKind.RESOLVE, about, winner, by=by):
                before = self.chosen.get(choice, set())
                self.give_up_half(conflict, winner)
                self.chosen[choice] = before | {winner}
                if is_empty(conflict.on(winner)):
                    self.cleared.add((f"notion {office.id}", mapping.page_id or "", conflict.field))

        choose(ANN, winner)
        self._answered_again(op, lambda by: choose(by, winner.other))

    def give_up_half(self, conflict: Conflict, winner: Side) -> None:
        """Somebody who sees both halves of *conflict* lets one of them win."""
        values = {Side.NAVIMPACT: conflict.navimpact, Side.NOTION: conflict.notion}
        self.wanted_again(conflict.field, values[winner])

    def _decide(self, office: Office, op: Op) -> None:
        waiting = [m for m in self._mappings(office) if m.state is State.AWAITING_APPROVAL]
        mapping = _pick([m for m in waiting if not isinstance(m.intent, CreateIntent)], op.target)
        if mapping is None:
            return
        decision, other = tuple(Decision)[:: 1 if op.how % 2 == 0 else -1]

        def say(by: str, decision: Decision) -> None:
            self.history.note(f"    {by}: {decision} the deletion of {mapping.entity}")
            if self.answer(office, mapping, decision, by=by) and decision is Decision.APPROVE:
                self.approved.add((office.id, mapping.id))
                self._give_up_unread(office, mapping)

        say(ANN, decision)
        self._answered_again(op, lambda by: say(by, other))

    def _answered_again(self, op: Op, answer: Callable[[str], None]) -> None:
        """Often whoever has just answered thinks better of it, or somebody else who has the same list open answers."""
        by = (None, ANN, BO)[op.how // 2 % 3]
        if by is not None:
            self.history.after((0.0, 0.2, 0.5, 3.0)[op.how // 8 % 4], lambda: answer(by))

    def answer(self, office: Office, mapping: Mapping, decision: Decision, *, by: str) -> bool:
        """Somebody who sees what is asked of *mapping* says so; whether that is taken."""
        version = question_of(mapping).version
        is_taken = self.history.decide(office, WorkKind.DECIDE, f"{mapping.id}/{version}", decision, by=by)
        if is_taken and decision is Decision.APPROVE:
            self.agreed.add((office.id, mapping.id, version))
        return is_taken

    def answer_questions(self, office: Office) -> None:
        """Somebody who looks at what waits says of each row whether the record that is shown is the one it made.

        Where NavImpact shows nothing any more they throw away the pages of what was deleted.
        """
        for mapping in self._mappings(office):
            self._trash_what_was_deleted(office, mapping)
            match mapping.intent:
                case CreateIntent(perhaps_made=str(id), key=key) if mapping.state is State.AWAITING_APPROVAL:
                    is_it = id in self.history.witness.made.get(key, ())
                    self.confirmed |= set() if is_it else {key}
                    self.recognised |= {(office.id, mapping.id)} if is_it else set()
                    choice = Decision.REJECT if is_it else Decision.APPROVE
                    self.history.note(f"    {choice} another record instead of {id}")
                    self.answer(office, mapping, choice, by=ANN)

    def _trash_what_was_deleted(self, office: Office, mapping: Mapping) -> None:
        page = office.notion.pages.get(mapping.page_id or "")
        is_asked = any(proof.NONE_SHOWN in trouble.cause for trouble in mapping.troubles)
        if not is_asked or mapping.attempts < PATIENT or mapping.entity not in self.deleted:
            return
        if page is not None and not (page.in_trash or page.hidden):
            self.trash(office, page)

    def _give_up_unread(self, office: Office, mapping: Mapping) -> None:
        """Somebody was told that a page may say what cannot be read, and agrees that it goes all the same."""
        page = office.notion.pages.get(mapping.page_id or "")
        told = " ".join(trouble.cause for trouble in mapping.troubles if "cannot be read" in trouble.cause)
        if page is not None:
            lost = page.values.keys() & office.notion.shown(page).unreadable.keys()
            named = (name for name in sorted(lost) if field_of(page.entity_type, name).property in told)
            self._gave_up({name: page.values[name] for name in named})

    def _revert(self, office: Office, op: Op) -> None:
        """Undo a row of the history, one field of it, or all that one trigger led to. One of the newest, mostly."""
        kept = self.history.store.of(office.id)
        written = [row for row in kept.logs.values() if row.operation in UNDOABLE and row.outcome is Outcome.SUCCESS]
        row = _pick(written[-12:], op.target)
        if row is None:
            return
        scope = ("log", "record", "field", "run")[op.how % 4]
        external_id = f"run/{row.run_id}" if scope == "run" else f"{'record' if scope == 'record' else 'log'}/{row.id}"
        if scope == "field" and row.changes:
            external_id += f"/{row.changes[op.field % len(row.changes)].field}"
        self.history.note(f"    undo {external_id}: {row.operation}")
        if not self.history.decide(office, WorkKind.REVERT, external_id, None, by=(ANN, BO)[op.how // 4 % 2]):
            return
        of_run = [each for each in written if each.run_id == row.run_id]
        with_it = [each for each in of_run if each is row or (row.mapping_id and each.deleted_with == row.mapping_id)]
        meant = {"run": of_run, "record": with_it}.get(scope, [row])
        self.approved |= {(office.id, each.mapping_id) for each in meant if each.mapping_id is not None}
        for each in meant:
            self.empties(office, each)
        if scope == "run":
            self.undone.add((office.id, row.run_id))

    def empties(self, office: Office, row: SyncLog) -> None:
        """Undoing *row* leaves empty again what was empty before, also for the other workspaces."""
        places = ((f"notion {office.id}", row.page_id or ""), ("navimpact", row.entity_id or ""))
        emptied = [change.field for change in row.changes if is_empty(change.old)]
        self.cleared |= {(side, id, field) for side, id in places for field in emptied}

    # --- belonging --------------------------------------------------------------------------------------------------

    def _move_record(self, op: Op) -> None:
        record = _pick([r for kind in self.history.swarm.types[1:] for r in self._records(kind)], op.target)
        project = _pick(self._records(PROJECT), op.how)
        if record is not None and project is not None:
            seen = record.seen(with_revision=True)
            self.write_record(record, {RELATIONS[record.entity_type]: (project.id,)}, seen)

    def _move_page(self, office: Office, op: Op) -> None:
        if picked := self._row_and_project(office, op):
            row, related, project = picked
            self.write_page(office, row, {related: (project.id,)})

    def _name_others(self, office: Office, op: Op) -> None:
        """Somebody clears the project of a row, or adds another to it: NavImpact knows of one for each record."""
        if picked := self._row_and_project(office, op):
            row, related, project = picked
            two = tuple(dict.fromkeys((*ids_in(row.values[related]), project.id)))
            self.write_page(office, row, {related: two if op.field % 2 else ()})

    def _row_and_project(self, office: Office, op: Op) -> tuple[Page, str, Page] | None:
        """A row, the column in which it names projects, and a project; None where there is none that can be written."""
        row = _pick([p for kind in self.history.swarm.types[1:] for p in self._pages(office, kind)], op.target)
        project = _pick(self._pages(office, PROJECT), op.how)
        if row is None or project is None:
            return None
        related = RELATIONS[row.entity_type]
        is_broken = related in office.notion.broken.get(row.entity_type, ())
        return None if is_broken else (row, related, project)

    # --- coming and going ---------------------------------------------------------------------------------------------

    def _filled(self, kind: EntityType, where: str, side: Side, how: int) -> dict[str, Value]:
        values = {f.name: self._value(f, None, how, side) for f in self._fields[kind] if (how >> 3) % 3 or f.required}
        self.wrote(where, {}, values)
        return values

    def _create(self, kind: EntityType, target: int, how: int) -> None:
        project = None if kind is PROJECT else _pick(self._records(PROJECT), target)
        if kind is not PROJECT and project is None:
            return
        values = self._filled(kind, "navimpact", Side.NAVIMPACT, how)
        if project is not None:
            values[RELATIONS[kind]] = (project.id,)
        made = self.history.platform.create(kind, values, key=f"person {self._number}")
        self.touched_record(kind, made.id)

    def _add_row(self, office: Office, kind: EntityType, op: Op) -> None:
        if kind in office.notion.binned:
            return
        values = self._filled(kind, f"notion {office.id}", Side.NOTION, op.how)
        for name in office.notion.broken.get(kind, ()):
            self.knowingly_replaced |= {(name, piece) for piece in pieces(name, values.pop(name, None))}
        first = next(f.name for f in SPECS[kind].fields if f.required)
        if op.how % 4 == 0 and first in values:
            self.knowingly_replaced.add((first, values.pop(first)))
        project = None if kind is PROJECT or op.how % 3 == 0 else _pick(self._pages(office, PROJECT), op.target)
        if project is not None and RELATIONS[kind] not in office.notion.broken.get(kind, ()):
            values[RELATIONS[kind]] = (project.id,)
        called = self._new_name() if SPECS[kind].title_is_generated and op.how % 5 == 1 else None
        page = office.notion.pages[_person(office).add_row(kind, values, name=called).id]
        if called is not None:
            self._named(office, page, called)
        self.touched_page(office, page)

    def _delete(self, kind: EntityType, op: Op) -> None:
        record = _pick(self._records(kind), op.target)
        if record is not None:
            self.delete(record)

    def _delete_many(self, kind: EntityType) -> None:
        """So many that it could be a fault rather than intent, but not the oldest."""
        records = self._records(kind)[1:][-MANY:]
        self.history.fired[Fault.MASS_DELETED] += len(records) > 5
        for record in records:
            self.delete(record)

    def delete(self, record: Record) -> None:
        """Delete *record* and all that belongs to it, having seen what they said."""
        gone = self.all_that_goes(record)
        self.history.fired[Fault.CASCADED] += len(gone) > 1
        for each in gone:
            self._gave_up(each.values())
        self.history.platform.remove(record.entity_type, record.id)
        self.touched_records(gone)

    def all_that_goes(self, record: Record) -> list[Record]:
        """*record* and what belongs to it, from now on taken for deleted."""
        children = self.history.platform.children(record.id) if record.entity_type is PROJECT else []
        root = EntityRef(record.entity_type, record.id)
        self.deleted |= {EntityRef(each.entity_type, each.id): root for each in (record, *children)}
        return [record, *children]

    def _trash(self, office: Office, kind: EntityType, op: Op) -> None:
        """Somebody throws a page away: one time in four right after another has typed there, and it goes for good."""
        page = _pick(self._pages(office, kind), op.target)
        if page is None:
            return
        if op.how % 4 == 0:
            self._type(office, page, op._replace(field=self._place_of_text(kind)))
            self.history.after(EMPTIED, lambda: self.purge(office, page))
        self.trash(office, page)

    def _place_of_text(self, kind: EntityType) -> int:
        return next((place for place, field in enumerate(self._fields[kind]) if field.kind in WORDY), 0)

    def trash(self, office: Office, page: Page) -> None:
        """Trash *page*, on which somebody else may have typed what NavImpact never had."""
        self.thrown[office.id, page.id] = self.history.now
        self._throws_away(office, page)
        _person(office).remove(page.entity_type, page.id)
        self.touched_page(office, page)

    def _throws_away(self, office: Office, page: Page) -> None:
        self.history.witness.asked.pop((office.id, page.id), None)
        self.thrown_away |= said(page.values)

    def _gave_up(self, values: Values) -> None:
        self.knowingly_replaced |= said(values)

    def _restore(self, office: Office, op: Op) -> None:
        page = _pick(
            [p for p in self._thrown_away(office) if not p.with_database and (office.id, p.id) not in self.copies],
            op.target,
        )
        if page is not None:
            if any(_was_thrown_away(mapping) for mapping in self._mappings(office) if mapping.page_id == page.id):
                self.taken_out.add((office.id, page.id))
            _person(office).restore(page.entity_type, page.id)
            self.touched_page(office, page)

    def move_database(self, office: Office, kind: EntityType, *, in_trash: bool) -> None:
        """Somebody throws a database away, or takes it out of the trash, and all pages with it."""
        self.history.fired[Fault.DATABASE_TRASHED] += in_trash
        pages = self._pages(office, kind)
        for page in pages:
            self._throws_away(office, page)
        (_person(office).trash_database if in_trash else _person(office).restore_database)(kind)
        for page in pages or self._pages(office, kind):
            self.touched_page(office, page)

    def _thrown_away(self, office: Office) -> list[Page]:
        return [p for p in _all(office) if p.trashed and not p.hidden]

    def _purge(self, office: Office, op: Op) -> None:
        """Notion empties its trash: half of the time of a page that a person is asked about."""
        asked = {m.page_id for m in self._mappings(office) if op.how % 2 and asks_of_trash(m)}
        there = self._thrown_away(office)
        page = _pick([p for p in there if p.id in asked] or there, op.target)
        if page is not None:
            self.purge(office, page)

    def purge(self, office: Office, page: Page) -> None:
        """Notion empties its trash of *page*, where it is there."""
        if page.hidden or not page.trashed:
            return
        if any(m.page_id == page.id and was_in_trash(m) for m in self._mappings(office)):
            self.purged.add((office.id, page.id))
        _person(office).purge(page.id)
        self.history.fired[Fault.PURGED] += 1
        self.touched_page(office, page)

    def _copy(self, office: Office, op: Op) -> None:
        page = _pick([p for kind in self.history.swarm.types for p in self._pages(office, kind) if p.key], op.target)
        if page is not None:
            copy = _person(office).add_row(page.entity_type, dict(page.values), key=page.key)
            self.copies.add((office.id, copy.id))
            self.touched_page(office, office.notion.pages[copy.id])

    def _own_copy(self, office: Office, op: Op) -> None:
        """Somebody clears the id of a copy; half of the time they take for it what it was copied from."""
        copies = (p for p in _all(office) if (office.id, p.id) in self.copies)
        page = _pick([p for p in copies if not (p.in_trash or p.hidden)], op.target)
        original = next((p for p in _all(office) if page is not None and self._is_original(office, p, page)), None)
        if page is not None and original is not None and op.how % 2:
            page = original
        if page is not None:
            _person(office).clear_key(page.id)
            self.copies.discard((office.id, page.id))
            self.touched_page(office, page)

    def _is_original(self, office: Office, page: Page, copy: Page) -> bool:
        is_ours = page.id in self.history.store.of(office.id).pairs and (office.id, page.id) not in self.copies
        return is_ours and page.key == copy.key and not page.in_trash and not page.hidden

    def _archive(self, office: Office, kind: EntityType, op: Op) -> None:
        page = _pick(self._pages(office, kind), op.target)
        if page is not None:
            _person(office).archive(page.id, archived=not page.archived)
            self.touched_page(office, page)

    def _write_template(self, office: Office, kind: EntityType, op: Op) -> None:
        """What it says is to be nowhere else, so it counts for no edit."""
        if kind in office.notion.binned:
            return
        template = next((p for p in office.notion.pages.values() if p.is_template and p.entity_type is kind), None)
        if template is None:
            values = {f.name: self._value(f, None, op.how, Side.NOTION) for f in self._fields[kind]}
            template = office.notion.pages[_person(office).add_template(kind, values).id]
        else:
            name, value = self._new_value(kind, op, template.values, Side.NOTION)
            _person(office).edit(template.id, {name: value})
        self.touched_page(office, template)

    def _share(self, office: Office, op: Op, *, shared: bool) -> None:
        if not shared and op.how % 2 and self._mislay(office, op):
            return
        page = _pick([p for p in _all(office) if p.shared is not shared], op.target)
        if page is not None:
            self._show(office, page, shared=shared)
            if shared:
                self.touched_page(office, page)

    def _mislay(self, office: Office, op: Op) -> bool:
        """A page that a person is asked about is moved, out of the trash, to where we see nothing, and later back.

        Half of those who are asked keep the record meanwhile.
        """
        pages = {
            p.id: p for p in self._thrown_away(office) if not p.with_database and (office.id, p.id) not in self.copies
        }
        asked = _pick([m for m in self._mappings(office) if asks_of_trash(m) and m.page_id in pages], op.target)
        if asked is None:
            return False
        page = pages[asked.page_id or ""]
        _person(office).restore(page.entity_type, page.id)
        self._show(office, page, shared=False)
        self.touched_page(office, page)
        if op.how // 2 % 2:
            self.history.after(EMPTIED, lambda: self.answer(office, asked, Decision.REJECT, by=ANN))
        self.history.after(MISLAID, lambda: self._show(office, page, shared=True))
        return True

    def _show(self, office: Office, page: Page, *, shared: bool) -> None:
        page.shared = shared
        self.withheld.add((office.id, page.id))
        self.history.fired[Fault.UNSHARED] += not shared

    def _withdraw(self, office: Office) -> None:
        office.notion.unshared.update(self.history.swarm.types)
        self.history.fired[Fault.WITHDRAWN] += 1
        self.history.after(DARKNESS, office.notion.unshared.clear)

    def _go_dark(self, op: Op) -> None:
        """Lists that are merely empty are seen through by those who know of more than one project."""
        seen_through = all(self._linked_projects(office) > FEW for office in self.history.offices)
        how = Fault.EMPTIED if op.how % 2 and seen_through else Fault.DARK
        self.history.dark = how if self.history.faulty else None
        self.history.fired[how] += 1
        self.history.after(DARKNESS, self._light)

    def _light(self) -> None:
        self.history.dark = None

    def _linked_projects(self, office: Office) -> int:
        return sum(pair.state is State.LINKED and pair.entity_type is PROJECT for pair in self._mappings(office))

    # --- the schema ---------------------------------------------------------------------------------------------------

    def _break_property(self, office: Office, kind: EntityType, op: Op) -> None:
        """Renaming one, which people do more often, changes nothing at all: properties are known by their ids."""
        breakable = [f.name for f in SPECS[kind].fields if f.kind not in (Kind.TITLE, Kind.BODY)]
        edited = [f.name for f in self._fields[kind] if f.name in breakable]
        breakable = edited if edited and op.target % 4 else breakable
        name = breakable[op.field % len(breakable)]
        fault = Fault.PROPERTY_RETYPED if op.how % 2 else Fault.PROPERTY_DELETED
        self.history.fired[fault] += 1
        self.history.note(f"    {fault}: {name} of {kind} in notion {office.id}")
        office.notion.break_property(kind, name, fault)
        self.lost_columns.add((office.id, kind, name))
        self._tell_of_column(office, kind, name)

    def mend_properties(self, office: Office) -> None:
        """Everything that was done to properties is undone, but a change of type there and back loses values.

        In the place of a deleted column may stand a new one, which is empty.
        """
        for kind, names in office.notion.broken.items():
            for name, fault in list(names.items()):
                office.notion.mend_property(kind, name)
                is_new = fault == Fault.PROPERTY_DELETED and len(self.edits) % 2
                if (is_new or fault == Fault.PROPERTY_RETYPED) and name in office.notion.known.get(kind, ()):
                    self._lose_values(office, kind, name)
                self._tell_of_column(office, kind, name)

    def _tell_of_column(self, office: Office, kind: EntityType, name: str) -> None:
        for told in (kind, f"{kind}/{name}/told"):
            self.history.hook(office, WorkKind.SCHEMA, told)

    def _lose_values(self, office: Office, kind: EntityType, name: str) -> None:
        """Every other row has lost what it said in this column."""
        for page in [p for p in _all(office) if p.entity_type is kind][::2]:
            self.knowingly_replaced |= {(name, piece) for piece in pieces(name, page.values[name])}
            page.values[name] = () if isinstance(page.values[name], tuple) else None

    # --- who hears of it ----------------------------------------------------------------------------------------------

    def touched_record(self, kind: EntityType, id: str) -> None:
        """A record was changed, by whomever: every workspace is told."""
        for office in self.history.offices:
            self.history.hook(office, WorkKind.ENTITY, f"{kind}/{id}")

    def touched_records(self, records: Iterable[Record]) -> None:
        """Several, at once."""
        for record in records:
            self.touched_record(record.entity_type, record.id)

    def touched_page(self, office: Office, page: Page, fields: Iterable[str] = ()) -> None:
        """A page was changed by a person, in these *fields*."""
        self.history.hook(office, WorkKind.PAGE, f"{page.entity_type}/{page.id}", fields)

    # --- what there is ------------------------------------------------------------------------------------------------

    def _records(self, kind: EntityType) -> list[Record]:
        return [r for r in self.history.platform.records.values() if r.entity_type is kind]

    def _pages(self, office: Office, kind: EntityType) -> list[Page]:
        pages = [p for p in _all(office) if p.entity_type is kind and not (p.in_trash or p.hidden)]
        return [p for p in pages if (office.id, p.id) not in self.copies] if self.copies else pages

    def _mappings(self, office: Office) -> list[Mapping]:
        return list(self.history.store.of(office.id).mappings.values())


def _in_use(kind: EntityType, most: int) -> tuple[Field, ...]:
    """The first fields of *kind*, and those that a record must have; relations are set by other means."""
    fields = [f for f in SPECS[kind].fields if f.kind is not Kind.RELATION]
    return tuple(f for place, f in enumerate(fields) if place < most or f.required or f.kind is Kind.BODY)


def _person(office: Office) -> MemoryNotion:
    return office.notion.by(PERSON)


def _all(office: Office) -> list[Page]:
    return [page for page in office.notion.pages.values() if not page.is_template]


def _was_thrown_away(mapping: Mapping) -> bool:
    """Whether we threw its page away as a second one: one that is let go of is nobody's to make a record of."""
    is_going = isinstance(mapping.intent, RemoveIntent)
    return mapping.made_way_for is not None and (is_going or mapping.removed_by is not None)


def _pick[Thing](things: Sequence[Thing], number: int) -> Thing | None:
    return things[number % len(things)] if things else None


def _at_length(text: str, number: int, how: int) -> str:
    """*text* with some paragraphs more, or other paragraphs altogether."""
    told = " \n\n ".join(f"w{number}.{place}" for place in range(1 + (how >> 4) % 8))
    return told if how % 4 == 2 else _reworded(text, told, how)


def _reworded(text: str, word: str, how: int) -> str:
    """*text* with one word more or another: in the middle or in a paragraph of its own."""
    words = text.split(" ")
    if not text or how % 3 == 0:
        return f"{text} \n\n {word}".strip() if text else word
    places: Iterator[int] = (i for i in range(how % len(words), len(words)) if words[i].strip())
    place = next(places, 0)
    words[place : place + (how % 3 == 1)] = [word] if words[place].strip() else [word, words[place]]
    return " ".join(words)
