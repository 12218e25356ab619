"""What do people do, and what did each of them see when they did it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from navsync.fields import SPECS, Field, Kind
from navsync.model import Mapping, Present, Side, Value, Values, WorkKind
from tests.contract.memory import PERSON, MemoryNotion, Page, Record
from tests.simulation.swarm import Act, Fault, Op
from tests.simulation.world import PROJECT

if TYPE_CHECKING:
    from tests.simulation.history import History, Office

FIELDS = SPECS[PROJECT].fields
BY_NAME = {f.name: f for f in FIELDS}
DARKNESS = 400.0


def pieces(name: str, value: Value) -> Iterable[Value]:
    """What of *value* must not get lost: of a long text each word, of anything else the whole; nothing of nothing."""
    if value is None or value == ():
        return ()
    if BY_NAME[name].kind is Kind.TEXT and isinstance(value, str):
        return value.split()
    return (value,)


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
        self.replacements: set[tuple[str, Value, Value]] = set()
        """Field, what somebody saw, and what they wrote over it."""
        self.copies: set[tuple[int, str]] = set()
        """Pages that people copied from ours, our key with them."""
        self.deleted: set[str] = set()
        self._number = 0
        self._fields = FIELDS[: history.swarm.fields]

    def begin(self) -> None:
        """A few projects from before."""
        for _ in range(2):
            self._create(0)

    def do(self, op: Op) -> None:
        """Carry out *op*, if there is anything to do it to."""
        self.history.note(f"  * {op.act}", op)
        office = self.history.offices[op.workspace % len(self.history.offices)]
        match op.act:
            case Act.EDIT_NAVIMPACT:
                self._edit_record(op)
            case Act.EDIT_NOTION:
                self._edit_page(office, op)
            case Act.AGREE:
                self._agree(office, op)
            case Act.CREATE:
                self._create(op.how)
            case Act.ADD_ROW:
                self._add_row(office, op)
            case Act.DELETE:
                self._delete(op)
            case Act.TRASH:
                self._trash(office, op)
            case Act.RESTORE:
                self._restore(office, op)
            case Act.COPY:
                self._copy(office, op)
            case Act.UNSHARE:
                self._share(office, op, shared=False)
            case Act.SHARE:
                self._share(office, op, shared=True)
            case Act.GO_DARK:
                self._go_dark()

    # --- editing ----------------------------------------------------------------------------------------------------

    def _edit_record(self, op: Op) -> None:
        record = _pick(self._records(), op.target)
        if record is None:
            return
        seen = record.seen(with_revision=True)
        name, value = self._new_value(op, seen, Side.NAVIMPACT)
        if name == "title" and value is None:
            return
        self.history.platform.update(PROJECT, record.id, {name: value}, seen=seen)
        self._edited("navimpact", record.id, name, seen.values[name], value)
        self.touched_record(record.id)

    def _edit_page(self, office: Office, op: Op) -> None:
        page = _pick(self._pages(office), op.target)
        if page is None:
            return
        seen = page.seen()
        name, value = self._new_value(op, seen, Side.NOTION)
        _person(office).update(PROJECT, page.id, {name: value}, seen=seen)
        self._edited(f"notion {office.id}", page.id, name, seen.values[name], value)
        self.touched_page(office, page.id)

    def _new_value(self, op: Op, seen: Present, side: Side) -> tuple[str, Value]:
        field = self._fields[op.field % len(self._fields)]
        if op.how % 20 == 0:
            return field.name, () if field.kind is Kind.MULTI_SELECT else None
        return field.name, self._value(field, seen.values[field.name], op.how, side)

    def _value(self, field: Field, seen: Value, how: int, side: Side) -> Value:
        self._number += 1
        n = self._number
        match field.kind:
            case Kind.TEXT:
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
            case _:
                return f"v{n}"

    def wrote(self, where: str, seen: Values, values: Values) -> None:
        """Remember that somebody who had *seen* this wrote *values* over it."""
        for name, value in values.items():
            self._edited(where, "", name, seen.get(name), value)

    def _edited(self, where: str, id: str, name: str, old: Value, new: Value) -> None:
        self.replacements.add((name, old, new))
        before, after = set(pieces(name, old)), set(pieces(name, new))
        self.knowingly_replaced |= {(name, piece) for piece in before - after}
        fresh = sorted(after - before, key=str)
        self.edits += [Edit(where, id, name, piece, self.history.now) for piece in fresh]
        self.history.note(f"    {where}: {name} = {new}")

    def _agree(self, office: Office, op: Op) -> None:
        """Somebody looks at both sides and makes one say what the other does."""
        mappings = [m for m in self._mappings(office) if m.conflicts]
        mapping = _pick(mappings, op.target)
        if mapping is None or mapping.entity_id is None or mapping.page_id is None:
            return
        record = self.history.platform.records.get((PROJECT, mapping.entity_id))
        page = office.notion.pages[mapping.page_id]
        if record is None or page.in_trash or not page.shared:
            return
        name = mapping.conflicts[op.field % len(mapping.conflicts)].field
        mine, theirs = record.seen(with_revision=True), page.seen()
        old, new = theirs.values[name], mine.values[name]
        _person(office).update(PROJECT, page.id, {name: new}, seen=theirs)
        self.replacements.add((name, old, new))
        self.knowingly_replaced |= {(name, piece) for piece in set(pieces(name, old)) - set(pieces(name, new))}
        self.touched_page(office, page.id)

    # --- coming and going ---------------------------------------------------------------------------------------------

    def _filled(self, where: str, side: Side, how: int) -> dict[str, Value]:
        values = {f.name: self._value(f, None, how, side) for f in self._fields if (how >> 3) % 3 or f.required}
        self.wrote(where, {}, values)
        return values

    def _create(self, how: int) -> None:
        values = self._filled("navimpact", Side.NAVIMPACT, how)
        made = self.history.platform.create(PROJECT, values, key=f"person {self._number}")
        self.touched_record(made.id)

    def _add_row(self, office: Office, op: Op) -> None:
        values = self._filled(f"notion {office.id}", Side.NOTION, op.how)
        if op.how % 4 == 0:
            self.knowingly_replaced.add(("title", values.pop("title")))
        self.touched_page(office, _person(office).add_row(PROJECT, values).id)

    def _delete(self, op: Op) -> None:
        record = _pick(self._records(), op.target)
        if record is not None:
            self.delete(record)

    def delete(self, record: Record) -> None:
        """Delete *record*, having seen what it said."""
        self._gave_up(record.seen(with_revision=False))
        self.deleted.add(record.id)
        self.history.platform.remove(PROJECT, record.id)
        self.touched_record(record.id)

    def _trash(self, office: Office, op: Op) -> None:
        page = _pick(self._pages(office), op.target)
        if page is not None:
            self.trash(office, page)

    def trash(self, office: Office, page: Page) -> None:
        """Trash *page*, having seen what it said."""
        self._gave_up(page.seen())
        _person(office).remove(PROJECT, page.id)
        self.touched_page(office, page.id)

    def _gave_up(self, seen: Present) -> None:
        for name, value in seen.values.items():
            self.knowingly_replaced |= {(name, piece) for piece in pieces(name, value)}

    def _restore(self, office: Office, op: Op) -> None:
        page = _pick(
            [p for p in _all(office) if p.in_trash and p.shared and (office.id, p.id) not in self.copies], op.target
        )
        if page is not None:
            _person(office).restore(PROJECT, page.id)
            self.touched_page(office, page.id)

    def _copy(self, office: Office, op: Op) -> None:
        page = _pick([p for p in self._pages(office) if p.key], op.target)
        if page is not None:
            copy = _person(office).add_row(PROJECT, dict(page.values), key=page.key)
            self.copies.add((office.id, copy.id))
            self.touched_page(office, copy.id)

    def _share(self, office: Office, op: Op, *, shared: bool) -> None:
        page = _pick([p for p in _all(office) if p.shared is not shared], op.target)
        if page is None:
            return
        page.shared = shared
        self.history.fired[Fault.UNSHARED] += not shared
        if shared:
            self.touched_page(office, page.id)

    def _go_dark(self) -> None:
        self.history.dark = self.history.faulty
        self.history.fired[Fault.DARK] += 1
        self.history.after(DARKNESS, self._light)

    def _light(self) -> None:
        self.history.dark = False

    # --- who hears of it ----------------------------------------------------------------------------------------------

    def touched_record(self, id: str) -> None:
        """A record was changed, by whomever: every workspace is told."""
        for office in self.history.offices:
            self.history.hook(office, WorkKind.ENTITY, f"{PROJECT}/{id}")

    def touched_page(self, office: Office, id: str) -> None:
        """A page was changed by a person."""
        self.history.hook(office, WorkKind.PAGE, f"{PROJECT}/{id}")

    # --- what there is ------------------------------------------------------------------------------------------------

    def _records(self) -> list[Record]:
        return list(self.history.platform.records.values())

    def _pages(self, office: Office) -> list[Page]:
        return [p for p in _all(office) if not p.in_trash and p.shared and (office.id, p.id) not in self.copies]

    def _mappings(self, office: Office) -> list[Mapping]:
        return list(self.history.store.of(office.id).mappings.values())


def _person(office: Office) -> MemoryNotion:
    return office.notion.by(PERSON)


def _all(office: Office) -> list[Page]:
    return list(office.notion.pages.values())


def _pick[Thing](things: Sequence[Thing], number: int) -> Thing | None:
    return things[number % len(things)] if things else None


def _reworded(text: str, word: str, how: int) -> str:
    """*text* with one word more or another: in the middle or in a paragraph of its own."""
    words = text.split(" ")
    if not text or how % 3 == 0:
        return f"{text} \n\n {word}".strip() if text else word
    places: Iterator[int] = (i for i in range(how % len(words), len(words)) if words[i].strip())
    place = next(places, 0)
    words[place : place + (how % 3 == 1)] = [word] if words[place].strip() else [word, words[place]]
    return " ".join(words)
