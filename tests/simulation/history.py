"""What happens in one history: people, webhooks, queues, workers and faults on one fake clock, from one seed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random
from weakref import ref
from zlib import crc32

from navsync.model import (
    Connection,
    DataSource,
    Direction,
    Edit,
    EntityType,
    Lane,
    Policy,
    Settings,
    Side,
    Values,
    Work,
    WorkKind,
    Workspace,
    is_empty,
)
from navsync.reconcile import PAIRS, PAIRS_EVERY
from tests.contract.memory import BOT, MemoryNavImpact, MemoryNotion
from tests.contract.memory_store import MemoryStore
from tests.simulation import crew  # noqa: F401  # puts strands in the place of threads
from tests.simulation.employee import Employee, between_requests
from tests.simulation.people import People
from tests.simulation.swarm import Fault, Op, Swarm
from tests.simulation.thaw import thaw
from tests.simulation.witness import Witness
from tests.simulation.world import START, translators

VISIBILITY = 180.0
DEDUPLICATED = 300.0
MOST_RECEIVES = 5
TICK = 300.0
PAGE_SIZE = 4
"""So small that the lists of many histories have pages."""
AT_REST = 100
"""Rounds that take a page at a time are to come round by the end."""
RECORDS = (WorkKind.ENTITY, WorkKind.PAGE, WorkKind.MAPPING)
DECISIONS = (WorkKind.RESOLVE, WorkKind.DECIDE, WorkKind.REVERT)
_BEGINNING = START.timestamp()
thaw()


class Unforeseen(logging.Handler):
    """Hears of exceptions that the conductor puts off as it puts off any failure: here each is a fault of ours."""

    played: ref[History] | None = None
    """In one process it is one at a time. It must not live on for this: batches collect no old garbage."""

    def emit(self, record: logging.LogRecord) -> None:
        history = self.played and self.played()
        if record.exc_info and history:
            at = record.getMessage().removeprefix("unexpected, ")
            history.problem(f"I15: nobody foresaw {record.exc_info[1]!r}, {at}")


UNFORESEEN = Unforeseen()
logging.getLogger("navsync.conductor.shift").addHandler(UNFORESEEN)


class SimulatedClock:
    """Seconds since the beginning, and the time that they make."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._shown = 0.0, START

    def __call__(self) -> datetime:
        if self._shown[0] != self.seconds:
            self._shown = self.seconds, datetime.fromtimestamp(_BEGINNING + self.seconds, UTC)
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
    blocked_until: dict[str, float] = field(default_factory=dict)
    told_by_others: list[tuple[float, float]] = field(default_factory=list)
    """When another office was asked for a pause that holds for all, and when it ends."""
    """Side → no call to it before: some worker was told so and had the time to keep it."""
    token_dead: bool = False
    pauses: int = 0
    """How often people have paused it."""
    highest_fence: int = 0
    removals: dict[str, float] = field(default_factory=dict)
    """What people deleted, so that we trashed pages → when; duplicates not counted."""
    ruled: list[tuple[float, Settings]] = field(default_factory=list)
    """What an admin has set, and until when it held; the last holds still."""

    @property
    def rules(self) -> Settings:
        """What holds."""
        return self.ruled[-1][1]

    @property
    def is_limited(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.rules.scope or self.rules.field_directions or self.rules.direction is not Direction.BOTH)


class SimulatedNotion(MemoryNotion):
    """With what set-up asks for: the data source is simply there."""

    def find_parent(self) -> str:
        return "parent"

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        raise AssertionError("it is found")


class History:
    """One run. `run` plays it to the end; `tests.simulation.verdict` judges what is left."""

    def __init__(self, swarm: Swarm, *, tell: Callable[[str], None] | None = None) -> None:
        self.swarm, self.tell = swarm, tell
        self.clock = SimulatedClock()
        self.chance = Random(swarm.seed + 1)  # noqa: S311  # it must be the same again
        self.ids = count(1)
        self.rates = {fault: rate for fault, rate in swarm.rates.items() if rate}
        self.fired: Counter[Fault] = Counter()
        self.problems: list[str] = []
        UNFORESEEN.played = ref(self)
        self.faulty = True
        self.dark: Fault | None = None
        """Whether NavImpact shows nothing, and how."""
        self.deaf = False
        """Whether webhooks are only collected."""
        self.trace = 0
        self.calls: Counter[str] = Counter()
        self.hooks: list[tuple[int, WorkKind, str]] = []
        self.unheard: set[tuple[int, WorkKind, str]] = set()
        """Those of `hooks` that were lost, where none has told of the same since."""
        self.told: set[tuple[int, str, str, float]] = set()
        """Workspace, page and field of which an event told that somebody has edited it, and when they did."""
        self.decisions: list[tuple[int, Work]] = []
        """What people decided, in which workspace, and were told that it would be carried out."""
        self.kill_at: frozenset[tuple[int, str]] = frozenset()
        """Numbers of calls at which a worker dies, before or after."""
        self.steps = self.last_step = 0
        self.called: list[str] | None = None
        """What each step was, for those who ask."""
        self._events: list[tuple[float, int, bool, Callable[[], object]]] = []
        self._order = count()
        self._last_hook = 0.0
        self._called_at: list[float] = []
        """When NavImpact was called within the last minute, where it counts that."""
        self.store = MemoryStore()
        self.platform = MemoryNavImpact(
            self.clock, conditional=swarm.conditional, idempotent=swarm.idempotent, page_size=PAGE_SIZE
        )
        self.offices = [self._office(n, policy) for n, policy in enumerate(swarm.policies, start=1)]
        self.people = People(self)
        self.witness = Witness(self)

    def _office(self, id: int, policy: Policy) -> Office:
        settings = replace(
            self.swarm.rules[id - 1] if self.swarm.rules else Settings(),
            policy=policy,
            field_policies=self.swarm.field_policies,
            quiet_seconds=dict.fromkeys(self.swarm.types, self.swarm.quiet),
            requests_per_minute=600,
        )
        self.store.add(Workspace(id, f"n{id}", f"W{id}", BOT, "org", START, START, settings=settings))
        page_of, entity_of = translators(self.store, id)
        notion = SimulatedNotion(
            self.clock,
            index_delay=self._index_delay,
            page_of=page_of,
            entity_of=entity_of,
            remember=self.store.desk(id).save_source,
            trash_hides_bodies=self.swarm.trash_hides_bodies,
            page_size=PAGE_SIZE,
            largest_write=self.swarm.largest_write,
            between_requests=between_requests,
        )
        return Office(id, notion, ruled=[(inf, settings)])

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

    def at(self, due: float, act: Callable[[], object], *, worker: bool = False) -> None:
        """Do *act* at *due*. Acts of a *worker* need the baton; all others can be done in the middle of a call."""
        heappush(self._events, (due, next(self._order), worker, act))

    def after(self, seconds: float, act: Callable[[], object]) -> None:
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
        self.trace = crc32(what.encode(), self.trace + int(self.clock.seconds * 1000))
        if self.tell is not None:
            self.tell(f"{self.clock.seconds:9.2f}  {what} {details}")

    def strikes(self, fault: Fault) -> bool:
        """Whether *fault* happens on this occasion."""
        rate = self.rates.get(fault)
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
        self.reconcile()  # its time is longer than the hour for which a field, or a deletion too many, is left alone
        self.settle(most=2)

    def _doing(self, op: Op) -> Callable[[], object]:
        return lambda: self.people.do(op)

    def recover(self) -> None:
        """The last fault ends; what is under way comes to its end."""
        self.faulty, self.dark = False, None
        self.rates.clear()
        self.platform.page_size = AT_REST
        for office in self.offices:
            office.notion.page_size = AT_REST
            office.notion.unshared.clear()
            self.reconnect(office)
            self.let_work(office, active=True)
            self.people.mend_properties(office)
            for kind in list(office.notion.binned):
                self.people.move_database(office, kind, in_trash=False)
            self.store.desk(office.id).disclaim_later()  # of a wake that was lost: ticks are rarer from here on
            self.ask_for_parked(office)

    def ask_for_parked(self, office: Office) -> bool:
        """People ask for what so many workers died at that it would be left alone for hours; whether there is such."""
        deadly = [name.partition("/") for name in self.store.of(office.id).lease.deaths]
        asked = [(WorkKind(name), id) for name, _, id in deadly if name not in DECISIONS]  # those see what came of it
        for kind, id in asked:
            lane = Lane.LIVE if kind in RECORDS else Lane.SWEEP if kind is WorkKind.SWEEP else Lane.BACKFILL
            self.put(office, kind, id, lane, thorough=True)
        return bool(asked)

    def settle(self, *, most: int) -> None:
        """Reconcile until one that looked at everything finds nothing: nor would the next. At *most* so many times."""
        for _ in range(most):
            before, looks_at_all = self.rest(), self._begins_anew()
            self.reconcile()
            if looks_at_all and before is not None and before == self.rest():
                return

    def rest(self) -> object | None:
        """What is the same as long as nothing is found; None while there is work."""
        kept = [self.store.of(office.id) for office in self.offices]
        at_rest = self.witness.writes, [dict(each.mappings) for each in kept]
        return None if any(each.work for each in kept) else at_rest

    def _begins_anew(self) -> bool:
        """Whether the next sweep begins every list, and the rounds through all pairs and rows, rather than go on."""
        cursors = (cursor for office in self.offices for cursor in self.store.of(office.id).cursors.items())
        return all(_is_to_begin(name, place, self.clock()) for name, place in cursors)

    def reconcile(self, seconds: float = 4000) -> None:
        """A tick, and all that follows from it within *seconds*."""
        self._tick()
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass, whether or not anything happens in it: rounds are due by the clock."""
        until = self.now + seconds
        self.play(until)
        self._set_clock(until)

    # --- webhooks, queues, ticks --------------------------------------------------------------------------------------

    def hook(self, office: Office, kind: WorkKind, external_id: str, fields: Iterable[str] = ()) -> None:
        """Something was changed: a webhook says so, if all goes well. *fields* are those that a person edited."""
        edits, page = (Edit(self.clock(), tuple(fields)),) if fields else (), external_id.partition("/")[2]
        told = {(office.id, page, name, self.now) for edit in edits for name in edit.fields}
        what = office.id, kind, external_id
        self.hooks.append(what)
        if self.deaf or self.is_paused(office) or self.strikes(Fault.HOOK_DROPPED):
            self.unheard.add(what)
            return
        self.unheard.discard(what)
        for _ in range(1 + self.strikes(Fault.HOOK_DOUBLED)):
            late = 600 * self.chance.random() if self.strikes(Fault.HOOK_LATE) else 0.0
            due = self.now + late + self.chance.random() * (3 if self.faulty else 1)
            if due < self._last_hook:
                self.fired[Fault.HOOK_OVERTAKEN] += 1
            self._last_hook = due
            self.told |= told
            self.at(due, lambda: self.put(office, kind, external_id, edits=edits))

    def put(
        self,
        office: Office,
        kind: WorkKind,
        external_id: str,
        lane: Lane = Lane.LIVE,
        *,
        edits: tuple[Edit, ...] = (),
        thorough: bool = False,
        requested: bool = False,
        direction: Direction = Direction.BOTH,
    ) -> None:
        """Work, as sync_trigger, the API and the schedule put it: the row first, then the wake."""
        nonce = str(next(self.ids))
        work = Work(
            lane, kind, external_id, nonce, self.clock(), nonce,
            edits=edits, thorough=thorough, requested=thorough or requested, direction=direction,
        )  # fmt: skip
        self.store.desk(office.id).put(work)
        self.wake(office)

    def decide(self, office: Office, kind: WorkKind, external_id: str, choice: str | None, *, by: str) -> bool:
        """What somebody decides, as the API puts it; False, and nothing, while another's about the same waits."""
        nonce, now = str(next(self.ids)), self.clock()
        work = Work(Lane.LIVE, kind, external_id, nonce, now, nonce, actor=by, choice=choice)
        is_taken = self.store.desk(office.id).put_decision(work, now=now) is None
        if is_taken:
            self.decisions.append((office.id, work))
            self.wake(office)
        self.fired[Fault.ANSWERED_TWICE] += not is_taken
        return is_taken

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
            self.people.answer_questions(office)
            if not (self.is_paused(office) or self.strikes(Fault.TICK_MISSED)):
                for _ in range(1 + self.strikes(Fault.TICK_DOUBLED)):
                    self.put(office, WorkKind.SWEEP, "", Lane.SWEEP)

    # --- the connection ---------------------------------------------------------------------------------------------

    def reconnect(self, office: Office) -> None:
        """A person connects the workspace again, which starts set-up."""
        was_dead, office.token_dead = office.token_dead, False
        desk = self.store.desk(office.id)
        workspace = desk.workspace()
        # Saved though nobody has noticed yet: a late worker that found the old token dead has no say then.
        if workspace is not None and (was_dead or workspace.connection is Connection.NEEDS_REAUTH):
            desk.save_workspace(replace(workspace, connection=Connection.CONNECTED))
            self.put(office, WorkKind.SETUP, "")

    def let_work(self, office: Office, *, active: bool) -> None:
        """A person pauses the workspace, or lets it go on; the next tick finds what happened meanwhile."""
        desk = self.store.desk(office.id)
        workspace = desk.workspace()
        if workspace is not None and workspace.is_active is not active:
            desk.save_workspace(replace(workspace, is_active=active))
            self.fired[Fault.PAUSED] += not active
            office.pauses += not active

    def set_rules(self, office: Office, rules: Settings) -> None:
        """An admin sets what the workspace holds and which way it syncs, of *rules*, as PUT /workspaces/{id} does."""
        desk = self.store.desk(office.id)
        workspace = desk.workspace()
        if workspace is None:
            return
        settings = replace(
            workspace.settings,
            direction=rules.direction,
            field_directions=rules.field_directions,
            scope=rules.scope,
        )
        if settings == workspace.settings:
            return
        desk.save_workspace(replace(workspace, settings=settings))
        self.note(f"    W{office.id} holds {settings.scope}, syncs {settings.direction}", settings.field_directions)
        self.fired[Fault.RULES_CHANGED] += 1
        office.ruled[-1] = self.now, workspace.settings
        office.ruled.append((inf, settings))
        self.put(office, WorkKind.RULES, "", Lane.BACKFILL)

    def lift_rules(self) -> None:
        """Every workspace holds all and syncs both ways again."""
        for office in self.offices:
            self.set_rules(office, Settings())

    def is_paused(self, office: Office) -> bool:
        """Whether nobody is to call for it: its webhooks are dropped, and the schedule leaves it out."""
        workspace = self.store.of(office.id).profile
        return workspace is not None and not workspace.is_active

    def poisoned(self, office: Office, page_id: str) -> bool:
        """Whether this is the page that always fails: the first one of a workspace."""
        if not self.swarm.rates.get(Fault.POISONED) or page_id != next(iter(office.notion.pages)):
            return False
        self.fired[Fault.POISONED] += 1
        return True

    def unreadable(self, id: str) -> bool:
        """Whether this is the record that NavImpact lists and does not show: the first one."""
        is_it = self.swarm.unreadable and self.faulty and id == "1"
        self.fired[Fault.UNREADABLE] += is_it
        return is_it

    def takes_call(self) -> bool:
        """Whether NavImpact takes one call more in this minute."""
        most = self.swarm.calls_a_minute if self.faulty else None
        self._called_at = [at for at in self._called_at if at > self.now - 60]
        is_taken = most is None or len(self._called_at) < most
        self.fired[Fault.LIMITED] += not is_taken
        self._called_at += [self.now] if is_taken and most else []
        return is_taken

    def refused(self, side: str, values: Values) -> str | None:
        """The first field of *values* that *side* does not take: always the same ones, whoever sends them."""
        if self.swarm.refuses is None:
            return None
        sent = ((name, value) for name, value in values.items() if name != "project" and not is_empty(value))
        return next((n for n, v in sent if crc32(f"{side} {n}={v}".encode()) % self.swarm.refuses == 0), None)

    # --- what is watched ----------------------------------------------------------------------------------------------

    def seconds(self, time: datetime) -> float:
        """*time* since the beginning."""
        return (time - START).total_seconds()

    def problem(self, what: str) -> None:
        """An invariant that was broken on the way."""
        self.note(f"    ### {what}")
        self.problems.append(f"{what} (at {self.now:.1f} s)")

    def delays(self, *, but: frozenset[str] = frozenset()) -> list[float]:
        """Seconds from each person's edit until it was on the other side, *but* of these records and pages."""
        arrived = self.witness.arrived
        return [
            arrived[other, edit.field, edit.value] - edit.at
            for edit in self.people.edits
            for other in [Side.NAVIMPACT if edit.side.startswith("notion") else Side.NOTION]
            if (other, edit.field, edit.value) in arrived and edit.id not in but
        ]


def _is_to_begin(name: str, cursor: str, now: datetime) -> bool:
    """Whether nothing is left of what was gone through under *name*, and if that is a round, whether it is time."""
    if name != PAIRS and not name.startswith("walk:"):
        return not name.startswith("part of ")
    last, _, place = cursor.partition(" ")
    return not place and datetime.fromisoformat(last) + PAIRS_EVERY <= now
