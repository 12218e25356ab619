"""Both sides, people, webhooks and workers in memory, under one fake clock: the production core runs unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, cast

from navsync import pairing
from navsync.attention import question_of
from navsync.conductor import SLICE, Slice, Tools, conduct
from navsync.fields import SPECS, Kind
from navsync.model import (
    BudgetWindow,
    DataSource,
    EntityRef,
    EntityType,
    Lane,
    Lease,
    MadeWay,
    Mapping,
    Observation,
    Operation,
    Present,
    Settings,
    Side,
    SyncLog,
    Value,
    Values,
    Work,
    WorkKind,
    Workspace,
)
from navsync.ports import ChangedPage, Ledger, SidePort
from navsync.templates import Filled, MadePage
from tests.contract.memory import BOT, PERSON, MemoryNavImpact, MemoryNotion
from tests.contract.memory_pages import MemoryPages
from tests.contract.memory_store import MemoryStore

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PROJECT = EntityType.MEDIA_PROJECT

type Fault = Callable[[str, bool], None]
"""Called before and after each call of a port with its name, and whether it was applied; raises to break it."""


def translators(
    store: MemoryStore, workspace_id: int
) -> tuple[Callable[[EntityRef], str | None], Callable[[str], EntityRef | MadeWay | None]]:
    """What the mappings of a workspace say: the page of an entity, and the entity of a page."""
    ledger = store.ledger(Lease(workspace_id, "reader", 0, START))

    def page_of(entity: EntityRef) -> str | None:
        pair = ledger.of_entity(entity)
        return None if pair is None else pair.page_id

    return page_of, partial(pairing.entity_of, ledger)


class AnsweredAlready(Exception):
    """What a person hears while somebody else's answer to the same waits to be carried out."""


@dataclass
class Clock:
    """Time that moves only when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, span: timedelta) -> None:
        self.now += span


@dataclass
class Watched:
    """A side's port that counts its calls and lets a fault strike before or after each."""

    port: SidePort
    calls: list[str] = field(default_factory=list)
    fault: Fault | None = None
    loose: MemoryPages = field(default_factory=MemoryPages)

    @property
    def side(self) -> Side:
        return self.port.side

    @property
    def knows_keys(self) -> bool:
        return self.port.knows_keys

    def call[Answer](self, name: str, act: Callable[[], Answer]) -> Answer:
        called = f"{self.side} {name}"
        if self.fault:
            self.fault(called, False)
        self.calls.append(called)
        answer = act()
        if self.fault:
            self.fault(called, True)
        return answer

    def read(self, entity_type: EntityType, id: str) -> Observation:
        return self.call("read", lambda: self.port.read(entity_type, id))

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        return self.call("create", lambda: self.port.create(entity_type, values, key=key))

    def find(self, entity_type: EntityType, key: str) -> Any:
        return self.call("find", lambda: self.port.find(entity_type, key))

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        return self.call("update", lambda: self.port.update(entity_type, id, changes, seen=seen))

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Iterable[Value]:
        return self.port.half_written(entity_type, name, value, before)

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        self.call("stamp", lambda: self.port.stamp(entity_type, id, key, title))

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:
        self.call("remove", lambda: self.port.remove(entity_type, id, seen=seen))

    def restore(self, entity_type: EntityType, id: str) -> Present:
        return self.call("restore", lambda: self.port.restore(entity_type, id))

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        return self.call("changed_since", lambda: self.port.changed_since(entity_type, since, cursor))

    def answers(self, entity_type: EntityType) -> bool:
        return self.call("answers", lambda: self.port.answers(entity_type))

    # what set-up asks of Notion: the data source is simply there

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        rows: Sequence[Present] = self.call("rows", lambda: cast(MemoryNotion, self.port).rows(entity_type, keys))
        return rows

    def is_template(self, entity_type: EntityType, page: Present) -> bool:
        return self.call("is_template", lambda: cast(MemoryNotion, self.port).is_template(entity_type, page))

    def find_parent(self) -> str:
        return "parent"

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        return cast(MemoryNotion, self.port).find_source(entity_type)

    def refresh(self, entity_type: EntityType) -> DataSource:
        return self.call("refresh", lambda: cast(MemoryNotion, self.port).refresh(entity_type))

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        return self.call("readopt", lambda: cast(MemoryNotion, self.port).readopt(entity_type, field))

    def to_read(
        self, page_of: Callable[[EntityRef], str | None], entity_of: Callable[[str], EntityRef | MadeWay | None]
    ) -> Watched:
        return replace(self, port=cast(MemoryNotion, self.port).to_read(page_of, entity_of))

    def check(self, entity_type: EntityType, values: Values) -> Values:
        return cast(MemoryNotion, self.port).check(entity_type, values)

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        raise AssertionError("it is found")

    def use(self, source: DataSource) -> None:
        cast(MemoryNotion, self.port).use(source)

    def loose_pages(self) -> WatchedPages:
        return WatchedPages(self, self.loose)

    def window(self) -> BudgetWindow:
        return BudgetWindow(START)


@dataclass
class WatchedPages:
    """Pages that are no rows, through the same line."""

    line: Watched
    pages: MemoryPages

    def under(self, parent_page_id: str) -> Sequence[str]:
        return self.line.call("under", lambda: self.pages.under(parent_page_id))

    def make(self, parent_page_id: str, page: Filled) -> MadePage:
        return self.line.call("make", lambda: self.pages.make(parent_page_id, page))

    def look(self, page_id: str) -> MadePage:
        return self.line.call("look", lambda: self.pages.look(page_id))


@dataclass
class World:
    """One workspace and all around it. People act through `person` and `platform`; `settle` lets the sync catch up."""

    settings: Settings = field(default_factory=Settings)
    entity_types: tuple[EntityType, ...] = (PROJECT,)
    clock: Clock = field(default_factory=Clock)
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.ids = count(10_000)  # all as long as each other, as real ones are: work is sorted by their text
        page_of, entity_of = translators(self.store, 1)
        self.notion_side = MemoryNotion(self.clock, author=BOT, page_of=page_of, entity_of=entity_of)
        self.person = self.notion_side.by(PERSON)
        self.platform = MemoryNavImpact(self.clock)
        self.notion, self.navimpact = Watched(self.notion_side), Watched(self.platform)
        self.workspace = self.store.add(Workspace(1, "n1", "Films", BOT, "org", START, START, settings=self.settings))
        self.desk = self.store.desk(1)
        self.notion_side.remember = self.desk.save_source

    # --- the machinery --------------------------------------------------------------------------------------------

    def tools(self) -> Tools:
        return Tools(
            desk=self.desk,
            ledger_of=self.store.ledger,
            notion_of=lambda _workspace, _ledger, _check: self.notion,
            navimpact=self.navimpact,
            clock=self.clock,
            new_id=lambda: next(self.ids),
            jitter=lambda: 0.5,
            entity_types=self.entity_types,
        )

    def put(self, kind: WorkKind, external_id: str = "", lane: Lane = Lane.LIVE) -> None:
        """Work, as a webhook or the schedule puts it."""
        nonce = str(next(self.ids))
        self.desk.put(Work(lane, kind, external_id, nonce, self.clock(), run_id=nonce))

    def ask(self, kind: WorkKind, external_id: str, choice: str | None = None, *, by: str = "ann") -> str:
        """A person's decision, as the API puts it; the id of its run. Raises `AnsweredAlready`."""
        nonce, now = str(next(self.ids)), self.clock()
        work = Work(Lane.LIVE, kind, external_id, nonce, now, nonce, actor=by, choice=choice)
        if self.desk.put_decision(work, now=now) is not None:
            raise AnsweredAlready
        return nonce

    def decide(self, kind: WorkKind, external_id: str, choice: str | None = None) -> str:
        """The same, carried out."""
        run_id = self.ask(kind, external_id, choice)
        self.settle()
        return run_id

    def answer(self, mapping: Mapping, decision: str, *, by: str = "ann") -> str:
        """What a person says of the question that they see of *mapping*, as the API puts it; not carried out yet."""
        return self.ask(WorkKind.DECIDE, f"{mapping.id}/{question_of(mapping).version}", decision, by=by)

    def slice(self) -> Slice:
        """One invocation of the worker."""
        return conduct(self.tools(), f"worker {next(self.ids)}", until=self.clock() + SLICE)

    def settle(self, *, most: int = 50) -> None:
        """Work until nothing is left, waiting as long as it takes."""
        for _ in range(most):
            ended = self.slice()
            if ended.again_at is None:
                return
            self.clock.now = max(self.clock.now, ended.again_at)
        raise AssertionError(f"not settled after {most} slices: {self.store.of(1).work}")

    def connect(self) -> None:
        """Set-up and first sync."""
        self.put(WorkKind.SETUP)
        self.settle()

    def reconcile(self) -> None:
        """One tick of the schedule."""
        self.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        self.settle()

    # --- people -----------------------------------------------------------------------------------------------------

    def new_project(self, **values: Value) -> str:
        """A record that somebody makes in NavImpact, with its webhook."""
        made = self.platform.create(PROJECT, {"title": "Reef", **values}, key=f"person {next(self.ids)}")
        self.touched(Side.NAVIMPACT, made.id)
        return made.id

    def another_project(self) -> None:
        """One that stays: a NavImpact that shows nothing at all proves no deletion."""
        self.new_project(title="Another")
        self.settle()

    def new_row(self, **values: Value) -> str:
        """A row that somebody adds in Notion, with its webhook."""
        made = self.person.add_row(PROJECT, values)
        self.touched(Side.NOTION, made.id)
        return made.id

    def new_child(self, kind: EntityType, project: str, **values: Value) -> str:
        """A record of a project that somebody makes in NavImpact, with its webhook."""
        required = {f.name: "2026-01-01" if f.kind is Kind.DATE else "x" for f in SPECS[kind].fields if f.required}
        child = {**required, "project": (project,), **values}
        made = self.platform.create(kind, child, key=f"person {next(self.ids)}")
        self.touched(Side.NAVIMPACT, made.id, kind)
        return made.id

    def edit(self, side: Side, id: str, kind: EntityType = PROJECT, **values: Value) -> None:
        """An edit, with its webhook."""
        port: SidePort = self.platform if side is Side.NAVIMPACT else self.person
        seen = port.read(kind, id)
        assert isinstance(seen, Present)
        port.update(kind, id, values, seen=seen)
        self.touched(side, id, kind)

    def touched(self, side: Side, id: str, kind: EntityType = PROJECT) -> None:
        """A webhook of *side*."""
        self.put(WorkKind.ENTITY if side is Side.NAVIMPACT else WorkKind.PAGE, f"{kind}/{id}")

    # --- what a user would see ---------------------------------------------------------------------------------------

    def mapping_of(self, entity_id: str, kind: EntityType = PROJECT) -> Mapping:
        found = self._ledger().of_entity(EntityRef(kind, entity_id))
        assert found is not None, f"nothing pairs {entity_id}"
        return found

    def page_of(self, entity_id: str, kind: EntityType = PROJECT) -> str:
        page_id = self.mapping_of(entity_id, kind).page_id
        assert page_id is not None
        return page_id

    def shown(self, side: Side, id: str, kind: EntityType = PROJECT) -> Observation:
        port: SidePort = self.platform if side is Side.NAVIMPACT else self.person
        return port.read(kind, id)

    def value(self, side: Side, id: str, name: str, kind: EntityType = PROJECT) -> Value:
        seen = self.shown(side, id, kind)
        assert isinstance(seen, Present), seen
        return seen.values[name]

    def live_pages(self) -> list[str]:
        return [p.id for p in self.notion_side.pages.values() if not p.in_trash]

    def logs(self, operation: Operation) -> list[SyncLog]:
        return [log for log in self.store.of(1).logs.values() if log.operation is operation]

    def writes(self) -> list[str]:
        """Every call that changed something, so far."""
        changing = ("create", "update", "stamp", "remove", "restore")
        return [call for call in self.notion.calls + self.navimpact.calls if call.endswith(changing)]

    def _ledger(self) -> Ledger:
        return self.store.ledger(Lease(1, "reader", 0, START))


def connected() -> World:
    """A connected workspace with all four kinds of record, and nothing in it yet."""
    world = World(entity_types=tuple(SPECS))
    world.connect()
    return world


@dataclass
class Sister(World):
    """A second workspace of the same deployment and the same NavImpact."""

    first: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.ids, self.platform = self.first.ids, self.first.platform
        page_of, entity_of = translators(self.store, 2)
        self.notion_side = MemoryNotion(self.clock, author=BOT, page_of=page_of, entity_of=entity_of)
        self.person = self.notion_side.by(PERSON)
        self.notion, self.navimpact = Watched(self.notion_side), Watched(self.platform)
        self.workspace = self.store.add(Workspace(2, "n2", "Films 2", BOT, "org", START, START, settings=self.settings))
        self.desk = self.store.desk(2)
        self.notion_side.remember = self.desk.save_source

    def _ledger(self) -> Ledger:
        return self.store.ledger(Lease(2, "reader", 0, START))


type Both = tuple[World, World]


def two_workspaces() -> Both:
    """Two workspaces with two projects that nobody touches."""
    one = World(entity_types=tuple(SPECS))
    two = Sister(entity_types=one.entity_types, clock=one.clock, store=one.store, first=one)
    for world in (one, two):
        world.connect()
    for number in range(2):
        one.new_project(title=f"Other {number}")
    return one, two
