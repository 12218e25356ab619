"""What stands in for the sides and the ledger in a rehearsal? They show what is there, and what would be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from navsync import foresight, pairing
from navsync.errors import Refused, StaleMapping
from navsync.fields import SPECS, Kind, render_navimpact
from navsync.foresight import Foreseen
from navsync.model import (
    CreateIntent,
    EntityRef,
    EntityType,
    Gone,
    MadeWay,
    Mapping,
    Observation,
    Operation,
    Present,
    Side,
    State,
    SyncLog,
    Trashed,
    Trouble,
    Value,
    Values,
)
from navsync.ports import ChangedPage, ReadableLedger, ReadableSide
from navsync.standing import Outline

# --- a side -----------------------------------------------------------------------------------------------------------


def _all_of_it(_entity_type: EntityType, values: Values) -> Values:
    return values


@dataclass(slots=True)
class RehearsedSide:
    """A `SidePort` that shows what *real* shows, and what would be written to it."""

    real: ReadableSide
    name_of: Callable[[str], str]
    """Of a record that is not made: by the key that it would be made with."""
    check: Callable[[EntityType, Values], Values] = _all_of_it
    """What a record made of values would hold of them; raises where they would be refused."""
    shown: dict[str, Observation] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        """Which one."""
        return self.real.side

    @property
    def knows_keys(self) -> bool:
        """Nothing is sent, so nobody answers with what was made: it has to be looked for."""
        return False

    def read(self, entity_type: EntityType, id: str) -> Observation:
        """The record as it would be by now."""
        return self.shown[id] if id in self.shown else self.real.read(entity_type, id)

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        """Records that carry *key*."""
        return self.real.find(entity_type, key)

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        """Records changed at or after *since*."""
        return self.real.changed_since(entity_type, since, cursor)

    def answers(self, entity_type: EntityType) -> bool:
        """Whether the collection itself can be read now."""
        return self.real.answers(entity_type)

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        """The record as it would be."""
        held = self.check(entity_type, values)
        empty = {
            f.name: () if f.kind in (Kind.MULTI_SELECT, Kind.RELATION) else None for f in SPECS[entity_type].fields
        }
        lost = values.keys() - held.keys()
        told = {name: value for name, value in {**empty, **held}.items() if name not in lost}
        return self._show(Present(self.name_of(key), told, key=key if self.side is Side.NOTION else None))

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        """The record as it would be; *id* is that of *seen*."""
        self.check(entity_type, changes)
        return self._show(replace(seen, id=id, values={**seen.values, **self._as_kept(entity_type, changes, seen)}))

    def _as_kept(self, entity_type: EntityType, changes: Values, seen: Present) -> Values:
        """*changes* as the side would spell them: NavImpact keeps its own spelling of a story's text."""
        if self.side is Side.NOTION:
            return changes
        texts = (f for f in SPECS[entity_type].fields if f.kind is Kind.BODY and f.name in changes)
        kept = {f.name: render_navimpact(f, changes[f.name], seen.values.get(f.name)) for f in texts}
        return {**changes, **{name: text if isinstance(text, str) else None for name, text in kept.items()}}

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Iterable[Value]:
        """As the real one, of which a rehearsal may find the traces."""
        return self.real.half_written(entity_type, name, value, before)

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        """Nothing that anybody would see."""

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:  # noqa: ARG002  # the port's signature
        """It would be gone."""
        match self.read(entity_type, id):
            case Present() as last if self.side is Side.NOTION:
                self.shown[id] = Trashed(last)
            case Present():
                self.shown[id] = Gone(id)

    def restore(self, entity_type: EntityType, id: str) -> Present:
        """The page as it was in the trash. One that is there with its database stays, as Notion would have it."""
        match self.read(entity_type, id):
            case Trashed() if not self.answers(entity_type):
                raise Refused("its database is in the trash in Notion; take that out first")
            case Trashed(last=last) | (Present() as last):
                return self._show(last)
            case _:
                raise Refused("it is not in the trash")

    def _show(self, record: Present) -> Present:
        self.shown[record.id] = record
        return record


# --- the memory -------------------------------------------------------------------------------------------------------


class RehearsedLedger:
    """A `Ledger` over *real*, which it only reads. What is saved here is known until the rehearsal ends."""

    def __init__(self, real: ReadableLedger, removals_left: int, removals: int) -> None:
        self.real = real
        self.removals = removals
        """Deletions rehearsed so far."""
        self._most = removals_left
        self._mappings: dict[int, Mapping] = {}
        self._pairs: dict[EntityRef | str, int] = {}
        self._logs: dict[int, SyncLog] = {}
        self._told: set[int] = set()
        """Rows that were written in earnest: told to their end they are no news."""
        self._before: dict[int, Mapping | None] = {}
        """What the look saved, as it stood before."""
        self._rows: dict[int, SyncLog] = {}
        self._names: dict[str, str] = {}
        self._recalled: dict[int, Foreseen] = {}
        """What earlier slices foresaw of mappings that are stored: read only when somebody asks for them."""

    # --- one look -----------------------------------------------------------------------------------------------

    def begin_look(self) -> None:
        """What is saved from now on came of the next look."""
        self._before, self._rows = {}, {}

    def came_of(self, about: Mapping) -> Iterator[Foreseen]:
        """What came of a look at *about*."""
        known = self.load(about.id)
        saved = dict.fromkeys(row.mapping_id for row in self._rows.values()) | self._before
        if known is not None and about.id not in saved:
            saved |= {about.id: known}
        rows = list(self._rows.values())
        for id in [id for id in saved if id is not None]:
            after = self.load(id)
            if after is not None:
                before = self._before.get(id, after)
                yield from foresight.foreseen(before, after, [row for row in rows if row.mapping_id == id])

    def has(self, mapping_id: int) -> bool:
        """Whether something was foreseen of it."""
        return mapping_id in self._mappings or mapping_id in self._recalled

    def recall(self, earlier: Foreseen, blank: Mapping) -> None:
        """Know what an earlier slice foresaw; *blank* is a mapping for a record that has none."""
        if earlier.mapping_id is None:
            self._keep(_as_foreseen(blank, earlier))
        else:
            self._recalled[earlier.mapping_id] = replace(earlier, changes=())

    def _as_recalled(self, real: Mapping | None) -> Mapping | None:
        earlier = self._recalled.pop(real.id, None) if real else None
        return real if real is None or earlier is None else self._keep(_as_foreseen(real, earlier))

    # --- records that are not made ------------------------------------------------------------------------------

    def name_of(self, key: str) -> str:
        """What a record goes by that a create with *key* would make: by its other half."""
        return self._names[key]

    def page_of(self, entity: EntityRef) -> str | None:
        """The page that mirrors *entity*, or would."""
        mapping = self.of_entity(entity)
        return None if mapping is None else mapping.page_id

    def entity_of(self, page_id: str) -> EntityRef | MadeWay | None:
        """The entity that the page mirrors, or would."""
        return pairing.entity_of(self, page_id)

    # --- reading ------------------------------------------------------------------------------------------------

    def load(self, mapping_id: int) -> Mapping | None:
        """The mapping as it would stand."""
        return self._mappings.get(mapping_id) or self._as_recalled(self.real.load(mapping_id))

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        """The mapping that would pair *entity*."""
        return self._pairing(entity, self.real.of_entity)

    def of_page(self, page_id: str) -> Mapping | None:
        """The mapping that would pair the page."""
        return self._pairing(page_id, self.real.of_page)

    def _pairing[Name: EntityRef | str](self, name: Name, real: Callable[[Name], Mapping | None]) -> Mapping | None:
        if name in self._pairs:
            return self._mappings[self._pairs[name]]
        found = real(name)
        return None if found is None or found.id in self._mappings else self._as_recalled(found)

    def mappings_after(self, mapping_id: int, limit: int) -> Sequence[Mapping]:
        """Those that are there in earnest."""
        return self.real.mappings_after(mapping_id, limit)

    def outlines_after(self, mapping_id: int, limit: int) -> Sequence[Outline]:
        """Those that are there in earnest."""
        return self.real.outlines_after(mapping_id, limit)

    def outlines_of(self, project_id: str, mapping_id: int, limit: int) -> Sequence[Outline]:
        """Those that are there in earnest."""
        return self.real.outlines_of(project_id, mapping_id, limit)

    def open_creates(self) -> Sequence[Mapping]:
        """Mappings that would still have an open create intent."""
        open_ones = {mapping.id: mapping for mapping in self.real.open_creates()} | self._mappings
        return [mapping for _, mapping in sorted(open_ones.items()) if isinstance(mapping.intent, CreateIntent)]

    def log(self, log_id: int) -> SyncLog | None:
        """The row, rehearsed or real."""
        if log_id in self._logs:
            return self._logs[log_id]
        self._told.add(log_id)
        return self.real.log(log_id)

    def logs_of_run(self, run_id: str, *, before: SyncLog | None = None) -> Iterable[SyncLog]:
        """Those that are there in earnest."""
        return self.real.logs_of_run(run_id, before=before)

    def removals_left(self, now: datetime) -> int:  # noqa: ARG002  # a rehearsal takes no hour
        """How many more deletions would go through."""
        return max(0, self._most - self.removals)

    # --- writing ------------------------------------------------------------------------------------------------

    def save(self, mapping: Mapping, *logs: SyncLog) -> Mapping:
        """Know it from now on, if nobody has saved it since it was read."""
        stored = self.load(mapping.id)
        if (stored.version if stored else 0) != mapping.version:
            raise StaleMapping("saved by somebody else since")
        if any(other.id != mapping.id for other in self._paired_by(mapping)):
            raise StaleMapping("another mapping pairs it already")
        self._before.setdefault(mapping.id, stored)
        if isinstance(mapping.intent, CreateIntent):
            self._names[mapping.intent.key] = mapping.page_id or str(mapping.entity)
        self.record(*logs)
        return self._keep(mapping.but(version=mapping.version + 1))

    def hand_over(self, giver: Mapping, taker: Mapping, *logs: SyncLog) -> tuple[Mapping, Mapping]:
        """Know both."""
        return self.save(giver), self.save(taker, *logs)

    def record(self, *logs: SyncLog) -> None:
        """Know *logs*."""
        for log in logs:
            self._logs[log.id] = log
            if log.id not in self._told or log.operation is not Operation.UPDATE:
                self._rows[log.id] = log

    def hold(self, *_: object, **__: object) -> bool:
        """Nothing is written, so nobody has to wait."""
        return True

    def let_go(self, entity: EntityRef, *, by: int | None = None) -> None:
        """Nothing was held."""

    def remade(self, entity: EntityRef) -> str | None:
        """What was made again of *entity*."""
        return self.real.remade(entity)

    def note_remade(self, entity: EntityRef, id: str, *, now: datetime) -> None:
        """Nothing was made."""

    def save_removal(self, mapping: Mapping, *logs: SyncLog, now: datetime, many: int) -> Mapping | None:
        """Know it, and count *many* deletions; None when more would have gone through than may."""
        if self.removals_left(now) < many:
            return None
        saved = self.save(mapping, *logs)
        self.removals += many
        return saved

    def _paired_by(self, mapping: Mapping) -> Iterator[Mapping]:
        found = (
            self.of_entity(mapping.entity) if mapping.entity else None,
            self.of_page(mapping.page_id) if mapping.page_id else None,
        )
        return (each for each in found if each is not None)

    def _keep(self, mapping: Mapping) -> Mapping:
        self._drop(mapping.id)
        names: tuple[EntityRef | str | None, ...] = (mapping.entity, mapping.page_id)
        self._pairs |= {name: mapping.id for name in names if name is not None}
        self._mappings[mapping.id] = mapping
        return mapping

    def _drop(self, mapping_id: int) -> None:
        dropped = self._mappings.pop(mapping_id, None)
        for name in (dropped.entity, dropped.page_id) if dropped else ():
            if name is not None and self._pairs.get(name) == mapping_id:
                del self._pairs[name]


def _as_foreseen(mapping: Mapping, earlier: Foreseen) -> Mapping:
    """*mapping* as it would stand by now; of a record that is not made each half goes by the name of the other."""
    trouble = Trouble(earlier.code, earlier.reason or "", earlier.fix or "", earlier.field) if earlier.code else None
    page_id, entity_id = earlier.page_id, earlier.entity_id
    if earlier.leaves is State.LINKED:
        page_id = page_id or f"{earlier.entity_type}/{entity_id}"
        entity_id = entity_id or page_id
    troubles = (trouble,) if trouble else ()
    return mapping.but(page_id=page_id, entity_id=entity_id, state=earlier.leaves, intent=None, troubles=troubles)
