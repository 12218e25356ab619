"""What happens in one history: people, webhooks, queues, workers and faults on one fake clock, from one seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any
from zlib import crc32

from navsync import merge
from navsync.fields import SPECS, Kind
from navsync.model import (
    Connection,
    DataSource,
    EntityRef,
    EntityType,
    Lane,
    Policy,
    Present,
    Settings,
    Side,
    SyncLog,
    Value,
    Values,
    Work,
    WorkKind,
    Workspace,
    WriteIntent,
)
from tests.contract.memory import BOT, MemoryNavImpact, MemoryNotion
from tests.contract.memory_store import MemoryLedger, MemoryStore
from tests.simulation.employee import Employee
from tests.simulation.people import BY_NAME, People, pieces
from tests.simulation.swarm import Fault, Op, Swarm
from tests.simulation.world import PROJECT, START

VISIBILITY = 180.0
DEDUPLICATED = 300.0
MOST_RECEIVES = 5
TICK = 300.0


class SimulatedClock:
    """Seconds since the beginning, and the time that they make."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._shown = 0.0, START

    def __call__(self) -> datetime:
        if self._shown[0] != self.seconds:
            self._shown = self.seconds, START + timedelta(seconds=self.seconds)
        return self._shown[1]


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
    """No call to Notion before: some worker was told so and had the time to keep it."""
    token_dead: bool = False
    highest_fence: int = 0
    removals: dict[float, set[str]] = field(default_factory=dict)
    """Pages that we trashed, by hour, duplicates not counted."""


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
    by_people: bool
    """Whether a person wrote it there, rather than a sync."""


class History:
    """One run. `run` plays it to the end; `tests.simulation.verdict` judges what is left."""

    def __init__(self, swarm: Swarm, *, tell: Callable[[str], None] | None = None) -> None:
        self.swarm, self.tell = swarm, tell
        self.clock = SimulatedClock()
        self.chance = Random(swarm.seed + 1)  # noqa: S311  # it must be the same again
        self.ids = count(1)
        self._rates = {fault: rate for fault, rate in swarm.rates.items() if rate}
        self.fired: Counter[Fault] = Counter()
        self.problems: list[str] = []
        self.faulty = True
        self.dark = False
        self.deaf = False
        """Whether webhooks are only collected."""
        self.busy = False
        """Whether a worker is at work that has no thread of its own."""
        self.trace = 0
        self.calls: Counter[str] = Counter()
        self.writes = 0
        self.recorded: set[tuple[str, Value]] = set()
        """Values that can be found in the history."""
        self.blind: list[Destroyed] = []
        self.arrived: dict[tuple[str, str, Value], float] = {}
        """Side, field and value → when we first wrote it there."""
        self.hooks: list[tuple[int, WorkKind, str]] = []
        self.cursors: dict[tuple[int, str], str] = {}
        self.made: dict[str, str] = {}
        """Idempotency key → the record it first made."""
        self.kill_at: frozenset[tuple[int, str]] = frozenset()
        """Numbers of calls at which a worker dies, before or after."""
        self.steps = self.last_step = 0
        self.called: list[str] | None = None
        """What each step was, for those who ask."""
        self._events: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._order = count()
        self._last_hook = 0.0
        self.store = MemoryStore()
        self.platform = MemoryNavImpact(self.clock, conditional=swarm.conditional, idempotent=swarm.idempotent)
        self.offices = [self._office(n, policy) for n, policy in enumerate(swarm.policies, start=1)]
        self.people = People(self)

    def _office(self, id: int, policy: Policy) -> Office:
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
        return self.clock.seconds

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
        self.clock.seconds = max(self.clock.seconds, due)

    def give_way(self, seconds: float) -> None:
        """Let everything happen that is due in *seconds*, with other workers' turns in between."""
        over: list[bool] = []
        self.at(self.now + seconds, lambda: over.append(True), worker=True)
        while not over:
            due, _, _, act = heappop(self._events)
            self._set_clock(due)
            act()

    def spend(self, seconds: float, employee: Employee, *, switching: bool) -> None:
        """Time passes inside a call: what is due meanwhile happens now, and another worker may go on first."""
        clock, events = self.clock, self._events
        clock.seconds += seconds
        while events and events[0][0] <= clock.seconds:
            if events[0][2]:
                if switching:
                    employee.rest(0.0)
                return
            heappop(events)[3]()

    def note(self, what: str, details: object = "") -> None:
        """One more line of the trace, of which only a sum is kept."""
        self.trace = crc32(f"{self.clock.seconds} {what}".encode(), self.trace)
        if self.tell is not None:
            self.tell(f"{self.clock.seconds:9.2f}  {what} {details}")

    def strikes(self, fault: Fault) -> bool:
        """Whether *fault* happens on this occasion."""
        rate = self._rates.get(fault)
        if rate is None or not self.faulty or self.chance.random() >= rate:
            return False
        self.fired[fault] += 1
        self.note(f"    !!! {fault}")
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
        self.play(self.now + 1000)
        for _ in range(2):
            self.reconcile()

    def _doing(self, op: Op) -> Callable[[], None]:
        return lambda: self.people.do(op)

    def recover(self) -> None:
        """The last fault ends; what is under way comes to its end."""
        self.faulty = self.dark = False
        for office in self.offices:
            self.reconnect(office)

    def reconcile(self, seconds: float = 4000) -> None:
        """A tick, and all that follows from it within *seconds*."""
        until = self.now + seconds
        self._tick()
        self.play(until)
        self._set_clock(until)

    # --- webhooks, queues, ticks --------------------------------------------------------------------------------------

    def hook(self, office: Office, kind: WorkKind, external_id: str) -> None:
        """Something was changed: a webhook says so, if all goes well."""
        self.hooks.append((office.id, kind, external_id))
        if self.deaf or self.strikes(Fault.HOOK_DROPPED):
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
        self.after(0.05, lambda: self._deliver(office))

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
        self.after(VISIBILITY, lambda: self._deliver(office))
        self.at(self.now, Employee(self, office, message).begin, worker=True)

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

    # --- the connection ---------------------------------------------------------------------------------------------

    def reconnect(self, office: Office) -> None:
        """A person connects the workspace again, which starts set-up."""
        office.token_dead = False
        desk = self.store.desk(office.id)
        workspace = desk.workspace()
        if workspace is not None and workspace.connection is Connection.NEEDS_REAUTH:
            desk.save_workspace(replace(workspace, connection=Connection.CONNECTED))
            self.put(office, WorkKind.SETUP, "")

    def poisoned(self, office: Office, page_id: str) -> bool:
        """Whether this is the page that always fails: the first one of a workspace."""
        if not self.swarm.rates.get(Fault.POISONED) or page_id != next(iter(office.notion.pages)):
            return False
        self.fired[Fault.POISONED] += 1
        return True

    # --- what is watched ----------------------------------------------------------------------------------------------

    def seconds(self, time: datetime) -> float:
        """*time* since the beginning."""
        return (time - START).total_seconds()

    def problem(self, what: str) -> None:
        """An invariant that was broken on the way."""
        self.note(f"    ### {what}")
        self.problems.append(f"{what} (at {self.now:.1f} s)")

    def watch_ledger(self, office: Office, name: str, method: Any, args: tuple[Any, ...]) -> None:
        """After each successful call of the ledger."""
        if name not in ("save", "record") or not args:
            return
        ledger: MemoryLedger = method.__self__
        if ledger.lease.fence < office.highest_fence:
            self.problem("I7: a worker wrote after its successor had")
        office.highest_fence = ledger.lease.fence
        if name == "save":
            mapping = args[0]
            self.note(f"    W{office.id} mapping {mapping.id}: {mapping.entity_id} {mapping.state}", mapping)
        for log in args[1:] if name == "save" else args:
            self._recorded_in(ledger.kept.logs[log.id])

    def _recorded_in(self, log: SyncLog) -> None:
        for change in log.changes:
            self.recorded.update((change.field, piece) for piece in pieces(change.field, change.old))
            if change.rule.startswith("conflict"):
                self.recorded.update((change.field, piece) for piece in pieces(change.field, change.new))

    def watch_cursor(self, office: Office, name: str, value: str, *, moved: bool) -> None:
        """After each move of a cursor."""
        before = self.cursors.get((office.id, name), "")
        if moved and value < before:
            self.problem(f"I8: {name} went back")
        self.cursors[office.id, name] = max(before, value)

    def watch_update(
        self,
        office: Office,
        to: str,
        args: tuple[Any, ...],
        before: Values,
        looked: tuple[Values, float] | None,
        seen: Present,
    ) -> None:
        """Just after an update was applied to what was there *before*, given how the worker last saw it."""
        _, id, changes = args
        for name, value in changes.items():
            if name in seen.values and seen.values[name] == value:
                self.problem(f"{to}: {name} was written although it had not changed")
            if looked is not None and looked[0].get(name) == before.get(name):
                self._undone(office, to, id, name, before.get(name), value)
            lost = set(pieces(name, before.get(name))) - set(pieces(name, value))
            for piece in sorted(lost, key=str):
                if (name, piece) not in self.recorded:
                    self._destroyed(office, to, name, piece, looked)

    def _undone(self, office: Office, to: str, id: str, name: str, old: Value, new: Value) -> None:
        """What a person wrote knowingly over *new* must not be replaced by it as if that were the newer of the two."""
        unlike_any_other = BY_NAME[name].kind is not Kind.TEXT and old not in (None, ()) and new not in (None, ())
        if not unlike_any_other or (name, new, old) not in self.people.replacements:
            return
        if self.fired[Fault.OUTLIVED]:
            return  # what a late worker wrote looks like a person's edit, and is carried
        if self._rule(office, to, id, name).startswith("changed on"):
            self.problem(f"I1: {name}={old} was undone on {to}: somebody had written it over {new}")

    def _rule(self, office: Office, to: str, id: str, name: str) -> str:
        kept = self.store.of(office.id)
        pair = kept.pairs.get(id if to == "notion" else EntityRef(PROJECT, id))
        intent = None if pair is None else kept.mappings[pair].intent
        changes = kept.logs[intent.log_id].changes if isinstance(intent, WriteIntent) else ()
        return next((change.rule for change in changes if change.field == name), "")

    def _destroyed(self, office: Office, to: str, name: str, piece: Value, looked: tuple[Values, float] | None) -> None:
        if looked is None or piece in pieces(name, looked[0].get(name)):
            self.problem(f"I6: {name}={piece} was overwritten on {to} before it was recorded")
            return
        if to == "navimpact" and self.swarm.conditional:
            self.problem(f"I1: {name}={piece} was overwritten on NavImpact in spite of If-Match")
        place = to if to == "navimpact" else f"notion {office.id}"
        by_people = any(e.side == place and (e.field, e.value) == (name, piece) for e in self.people.edits)
        self.blind.append(Destroyed(to, name, piece, self.now - looked[1], by_people))

    def values_of(self, office: Office, to: str, id: str) -> Values:
        """What a record shows at this moment."""
        if to == "notion":
            page = office.notion.pages.get(id)
            return dict(page.values) if page else {}
        record = self.platform.records.get((PROJECT, id))
        return record.seen(with_revision=False).values if record else {}

    def delays(self, *, but: frozenset[str] = frozenset()) -> list[float]:
        """Seconds from each person's edit until it was on the other side, *but* of these records and pages."""
        return [
            self.arrived[other, edit.field, edit.value] - edit.at
            for edit in self.people.edits
            for other in [Side.NAVIMPACT if edit.side.startswith("notion") else Side.NOTION]
            if (other, edit.field, edit.value) in self.arrived and edit.id not in but
        ]

    def watch_removal(self, office: Office, to: str, id: str) -> None:
        """Just before a record is removed by us."""
        if to == "navimpact":
            self.problem("I12: a record was deleted in NavImpact without approval")
            return
        page = office.notion.pages[id]
        if page.in_trash or not page.shared:
            return
        if (office.id, id) in self.people.copies:
            self.problem("I4: a copy that a person made was trashed")
        kept = self.store.of(office.id)
        if id not in kept.pairs:
            return
        mapping = kept.mappings[kept.pairs[id]]
        if mapping.entity_id is None and page.created_by == BOT and page.key is not None:
            first = kept.pairs.get(EntityRef.parse(page.key))
            if first is None or kept.mappings[first].page_id == id:
                self.problem("I4: a page was taken for a second one, but it is the only one")
            return
        if mapping.entity_id not in self.people.deleted:
            self.problem(f"I12: the page of {mapping.entity_id} was trashed, which nobody deleted")
        hour = int(self.now // 3600)
        removed = office.removals.setdefault(hour, set())
        removed.add(id)  # one that was restored before we could note its removal may go again
        if len(removed) > 5:
            self.problem("I12: more pages were trashed within an hour than may be without approval")

    def written(self, office: Office, to: str, name: str, args: tuple[Any, ...], key: str, answer: Any) -> None:
        """Just after a write of ours was applied."""
        self.writes += 1
        if to == "navimpact" and isinstance(answer, Present):
            if name == "create":
                self._created(key, answer.id, args[1])
            self.people.touched_record(answer.id)
        values = args[2] if name == "update" else args[1] if name == "create" else {}
        for field_name, value in values.items():
            for piece in pieces(field_name, value):
                self.arrived.setdefault((to, field_name, piece), self.now)

    def _created(self, key: str, id: str, sent: Values) -> None:
        """Nothing helps, where NavImpact knows no idempotency key, against a request that a late worker sends after all
        nor where people have rewritten what the first request made."""
        first = self.platform.records.get((PROJECT, self.made.setdefault(key, id)))
        if first is None or first.id == id or self.fired[Fault.OUTLIVED]:
            return
        if merge.resembles(SPECS[PROJECT], sent, first.seen(with_revision=False)):
            self.problem(f"I5: {id} was made of the same row as {first.id}")
