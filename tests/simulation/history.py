"""What happens in one history: people, webhooks, queues, workers and faults on one fake clock, from one seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, cast
from zlib import crc32

from navsync import conductor
from navsync.conductor import NotionWorkspace, Tools, pass_on
from navsync.errors import Blocked, NeedsReauth, Raced, Unavailable, Unclear
from navsync.model import (
    BudgetWindow,
    Connection,
    DataSource,
    EntityType,
    Gone,
    Lane,
    Lease,
    Observation,
    Present,
    Settings,
    SyncLog,
    Trashed,
    Value,
    Values,
    Work,
    WorkKind,
    Workspace,
)
from navsync.ports import Desk, Ledger, SidePort
from tests.contract.memory import BOT, PERSON, MemoryNavImpact, MemoryNotion
from tests.contract.memory_store import MemoryStore
from tests.simulation.baton import Strand
from tests.simulation.people import Edit, People, pieces
from tests.simulation.swarm import AT_PORTS, AT_STORE, Fault, Op, Swarm
from tests.simulation.world import PROJECT, START, Clock

VISIBILITY = 180.0
DEDUPLICATED = 300.0
MOST_RECEIVES = 5
TICK = 300.0
WRITES = frozenset({"create", "update", "stamp", "remove", "restore"})


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no `finally` either."""


@dataclass
class Office:
    """One workspace: its Notion, what is kept of it, and its queue."""

    id: int
    notion: MemoryNotion
    queue: list[int] = field(default_factory=list)
    """Messages that wait, by number; the first may be in flight."""
    receives: Counter[int] = field(default_factory=Counter)
    in_flight: tuple[int, float] | None = None
    """The message being worked on and when it comes back."""
    sent: dict[int, float] = field(default_factory=dict)
    """Epoch → when a wake with it was last taken."""
    blocked_until: float = 0.0


class SimulatedNotion(MemoryNotion):
    """With what set-up asks for: the data source is simply there."""

    def find_parent(self) -> str:
        return "parent"

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        return DataSource(entity_type, "database", f"source of {entity_type}", {})

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        raise AssertionError("it is found")

    def use(self, source: DataSource) -> None:
        pass


@dataclass
class Destroyed:
    """A value that a write of ours replaced without any record of it."""

    side: str
    field: str
    value: Value
    age: float
    """Seconds between our last look at it and the write."""


class History:
    """One run. `run` plays it to the end; `tests.simulation.verdict` judges what is left."""

    def __init__(self, swarm: Swarm) -> None:
        self.swarm = swarm
        self.clock = Clock()
        self.chance = Random(swarm.seed + 1)  # noqa: S311  # it must be the same again
        self.ids = count(1)
        self.fired: Counter[Fault] = Counter()
        self.problems: list[str] = []
        self.faulty = True
        self.dark = False
        self.trace = 0
        self.calls: Counter[str] = Counter()
        self.writes = 0
        self.recorded: set[tuple[str, Value]] = set()
        """Values that can be found in the history."""
        self.blind: list[Destroyed] = []
        self.arrived: dict[tuple[str, str, Value], float] = {}
        self.hooks: list[tuple[int, WorkKind, str]] = []
        self.kill_at: frozenset[tuple[int, str]] = frozenset()
        """Numbers of calls at which a worker dies, before or after."""
        self.steps = 0
        self._events: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._order = count()
        self._working: Employee | None = None
        self._last_hook = 0.0
        self.store = MemoryStore()
        self.platform = MemoryNavImpact(self.clock, conditional=swarm.conditional, idempotent=swarm.idempotent)
        self.offices = [self._office(n, policy) for n, policy in enumerate(swarm.policies, start=1)]
        self.people = People(self)

    def _office(self, id: int, policy: Any) -> Office:
        workspace = Workspace(id, f"n{id}", f"W{id}", BOT, "org", START, START, settings=Settings(policy=policy))
        self.store.add(workspace)
        return Office(id, SimulatedNotion(self.clock, index_delay=self._index_delay))

    def _index_delay(self) -> timedelta:
        if not self.faulty or not self.swarm.index_delay or self.chance.random() < 0.5:
            return timedelta()
        self.fired[Fault.INDEX_LATE] += 1
        return timedelta(seconds=self.chance.random() * self.swarm.index_delay)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return (self.clock.now - START).total_seconds()

    def at(self, due: float, act: Callable[[], None], *, worker: bool = False) -> None:
        """Do *act* at *due*. Acts of a *worker* need the baton; all others can be done in the middle of a call."""
        heappush(self._events, (due, next(self._order), worker, act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do *act* in *seconds*."""
        self.at(self.now + seconds, act)

    def play(self, until: float) -> None:
        """Let everything happen that is due by *until*."""
        while self._events and self._events[0][0] <= until:
            due, _, _, act = heappop(self._events)
            self._set_clock(due)
            act()

    def _set_clock(self, due: float) -> None:
        self.clock.now = max(self.clock.now, START + timedelta(seconds=due))

    def spend(self, seconds: float, employee: Employee) -> None:
        """Time passes inside a call: what is due meanwhile happens now."""
        self.clock.now += timedelta(seconds=seconds)
        while self._events and self._events[0][0] <= self.now:
            if self._events[0][2]:
                employee.rest(0.0)
                return
            heappop(self._events)[3]()

    def note(self, what: str) -> None:
        """One more line of the trace, of which only a sum is kept."""
        self.trace = crc32(f"{self.now} {what}".encode(), self.trace)

    def strikes(self, fault: Fault) -> bool:
        """Whether *fault* happens on this occasion."""
        if not self.faulty or self.chance.random() >= self.swarm.rates.get(fault, 0.0):
            return False
        self.fired[fault] += 1
        return True

    # --- the whole run ----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """From connecting to rest."""
        for office in self.offices:
            self.put(office, WorkKind.SETUP, "")
        self.people.begin()
        due = 5.0
        for op in self.swarm.ops:
            due += op.gap
            self.at(due, self._doing(op))
        for tick in range(1, int(due // TICK) + 1):
            self.at(tick * TICK, self._tick)
        self.play(due)
        self.recover()
        for _ in range(2):
            self.reconcile()

    def _doing(self, op: Op) -> Callable[[], None]:
        return lambda: self.people.do(op)

    def recover(self) -> None:
        """The last fault ends; what is under way comes to its end."""
        self.faulty = self.dark = False
        for office in self.offices:
            self.reconnect(office)

    def reconcile(self) -> None:
        """A tick, and all that follows from it within the hour."""
        start = self.now
        self._tick()
        self.play(start + 4000)
        self._set_clock(start + 4000)

    # --- webhooks, queues, ticks --------------------------------------------------------------------------------------

    def hook(self, office: Office, kind: WorkKind, external_id: str) -> None:
        """Something was changed: a webhook says so, if all goes well."""
        self.hooks.append((office.id, kind, external_id))
        if self.strikes(Fault.HOOK_DROPPED):
            return
        for _ in range(1 + self.strikes(Fault.HOOK_DOUBLED)):
            late = 600 * self.chance.random() if self.strikes(Fault.HOOK_LATE) else 0.0
            due = self.now + late + self.chance.random() * (3 if self.faulty else 1)
            if due < self._last_hook:
                self.fired[Fault.HOOK_OVERTAKEN] += 1
            self._last_hook = due
            self.at(due, lambda: self.put(office, kind, external_id))

    def put(self, office: Office, kind: WorkKind, external_id: str, lane: Lane = Lane.LIVE) -> None:
        """Work, as sync_trigger and the schedule put it: the row first, then the wake."""
        nonce = str(next(self.ids))
        desk = self.store.desk(office.id)
        desk.put(Work(lane, kind, external_id, nonce, self.clock(), run_id=nonce))
        self.wake(office)

    def wake(self, office: Office) -> None:
        """A message of a FIFO queue: one with the epoch of another of the last minutes is dropped."""
        epoch = self.store.desk(office.id).epoch()
        if office.sent.get(epoch, -DEDUPLICATED) > self.now - DEDUPLICATED:
            return
        office.sent[epoch] = self.now
        office.queue.append(next(self.ids))
        self._deliver_soon(office)

    def _deliver_soon(self, office: Office) -> None:
        self.at(self.now + 0.05, lambda: self._deliver(office), worker=True)

    def _deliver(self, office: Office) -> None:
        if not office.queue or (office.in_flight is not None and office.in_flight[1] > self.now):
            return
        message = office.queue[0]
        office.receives[message] += 1
        if office.receives[message] > 1:
            self.fired[Fault.REDELIVERED] += 1
        if office.receives[message] > MOST_RECEIVES:
            office.queue.pop(0)
            self._deliver_soon(office)
            return
        office.in_flight = message, self.now + VISIBILITY
        self.at(self.now + VISIBILITY, lambda: self._deliver(office), worker=True)
        Employee(self, office, message).begin()

    def finished(self, office: Office, message: int) -> None:
        """The worker is done with *message*: it is deleted, unless it was given to another meanwhile."""
        if office.in_flight is not None and office.in_flight[0] == message:
            office.in_flight = None
            office.queue.pop(0)
            self._deliver_soon(office)

    def later(self, office: Office, due: float) -> None:
        """A delayed wake."""
        if not self.strikes(Fault.DELAYED_WAKE_LOST):
            self.at(due, lambda: self.wake(office))

    def _tick(self) -> None:
        for office in self.offices:
            if not self.strikes(Fault.TICK_MISSED):
                for _ in range(1 + self.strikes(Fault.TICK_DOUBLED)):
                    self.put(office, WorkKind.SWEEP, "", Lane.SWEEP)

    # --- the connection -----------------------------------------------------------------------------------------------

    def reconnect(self, office: Office) -> None:
        """A person connects the workspace again, which starts set-up."""
        desk = self.store.desk(office.id)
        workspace = desk.workspace()
        if workspace is not None and workspace.connection is Connection.NEEDS_REAUTH:
            desk.save_workspace(cast(Workspace, _but(workspace, connection=Connection.CONNECTED)))
            self.put(office, WorkKind.SETUP, "")


def _but(workspace: Workspace, **changes: Any) -> Workspace:
    from dataclasses import replace

    return replace(workspace, **changes)
