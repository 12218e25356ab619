"""One holder's time with the lease of a workspace: what is looked at next, and what happens when a look fails?"""

from __future__ import annotations

import logging
from collections.abc import Mapping as MappingOf
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol, assert_never

from navsync import pauses
from navsync.conductor import choices, chosen, commissions, looks, previews, rounds, schema
from navsync.conductor.breaker import Breaker
from navsync.conductor.station import FIRST_PAUSE, Station, threads_for
from navsync.conductor.tools import Tools
from navsync.engine import Done, Engine, Later, Result, Run
from navsync.errors import (
    Blocked,
    Down,
    Fatal,
    Forbidden,
    LostLease,
    NeedsReauth,
    OtherShape,
    OutOfTime,
    Retryable,
    StaleMapping,
    Suspended,
    SyncError,
    Unclear,
)
from navsync.model import (
    SCHEDULE,
    Connection,
    Deaths,
    EntityRef,
    Lane,
    Lease,
    Mapping,
    Operation,
    Outcome,
    Pause,
    PausedBy,
    SyncLog,
    Work,
    WorkKind,
    Workspace,
)

logger = logging.getLogger(__name__)

SLICE = timedelta(seconds=40)
"""How long one invocation works before it leaves the rest and wakes again."""

LEASE = timedelta(seconds=170)
"""Longer than the function may run (150 s), shorter than the message stays invisible (180 s)."""

LANES = tuple(Lane)

LOWER_LANE_EVERY = 5
"""One look in so many is kept for lower lanes, so that a flood of edits cannot starve a backfill."""

DEADLY = 2
"""What so many holders of the lease died at, one after the other, is parked."""

PARKED = timedelta(hours=1)
"""From the last death on; after each further one twice as long."""

LONGEST_PARKED = timedelta(days=1)

ASK_AGAIN = timedelta(seconds=1)
"""How long it is believed that nobody has paused the workspace or set it otherwise."""


@dataclass(frozen=True, slots=True)
class Slice:
    """How one slice ended. *again_at*: when there is more to do (now or later), None when there is nothing."""

    looked_at: int = 0
    failed: int = 0
    again_at: datetime | None = None
    note: str = ""


def conduct(tools: Tools, owner: str, *, until: datetime) -> Slice:
    """Work on the workspace until its work is done, the slice ends at *until*, or it must wait."""
    now = tools.clock()
    # Before anything else, and so before any work is read: a wake that was sent is used up now, however this ends, and
    # whoever puts work from here on must be able to send another that SQS does not take for a repeat.
    tools.desk.raise_epoch()
    lease = tools.desk.acquire(owner, now=now, until=now + LEASE)
    if lease is None:
        return Slice(again_at=now + FIRST_PAUSE, note="another worker holds the workspace")
    try:
        return _under(lease, tools, until)
    finally:
        tools.desk.release(lease)


def _under(lease: Lease, tools: Tools, until: datetime) -> Slice:
    """What is read under the lease is not out of date: a worker that had to wait for it would not know of a block."""
    workspace = tools.desk.workspace()
    if workspace is None or not workspace.is_active or workspace.connection is not Connection.CONNECTED:
        return Slice(note="not active")
    pause = tools.desk.pause()
    if pause is not None and pause.until > tools.clock():
        return Slice(again_at=pause.until, note="paused")
    shift = _Shift(tools, workspace, lease, until, Breaker(pause.outages) if pause else Breaker())
    try:
        return shift.drain()
    finally:
        window = shift.notion.window()
        tools.desk.save_budget(window, lease)
        if window.calls:
            tools.desk.count_calls(window.calls, tools.clock())


class Waker(Protocol):
    """Sends the messages that wake a worker."""

    def wake(self, workspace_id: int) -> None:
        """Now."""
        ...

    def later(self, workspace_id: int, at: datetime, now: datetime) -> None:
        """At *at*."""
        ...


def pass_on(ended: Slice, workspace_id: int, waker: Waker, *, now: datetime) -> None:
    """See that somebody goes on: at once only after progress, so that a slice that gets nowhere cannot spin."""
    if ended.again_at is None:
        return
    if ended.again_at <= now and ended.looked_at:
        waker.wake(workspace_id)
    else:
        waker.later(workspace_id, max(ended.again_at, now + FIRST_PAUSE), now)


@dataclass(frozen=True, slots=True)
class _Deadly:
    """What workers died at, under one key or several."""

    deaths: MappingOf[str, Deaths]

    @property
    def times(self) -> int:
        """How many."""
        return sum(each.times for each in self.deaths.values())

    @property
    def last(self) -> datetime:
        """When the last was found dead."""
        return max(each.last for each in self.deaths.values())

    @property
    def begun(self) -> datetime:
        """When the last had begun with it."""
        return max(each.begun for each in self.deaths.values())

    @property
    def parked_until(self) -> datetime | None:
        """Until when nobody else shall die at it; None while it may have been chance."""
        further = self.times - DEADLY
        return None if further < 0 else self.last + min(PARKED * (1 << min(further, 10)), LONGEST_PARKED)


def _key(work: Work) -> str:
    return f"{work.kind}/{work.external_id}"


def _work_of(key: str, now: datetime) -> Work:
    """Work that has *key*, for nobody in particular."""
    kind, _, external_id = key.partition("/")
    return Work(Lane.SWEEP, WorkKind(kind), external_id, "", now, run_id=key, actor=SCHEDULE)


def _not_before(at: datetime, error: SyncError) -> datetime:
    """*at*, or when a side that failed wants to be asked again: it may mean the record alone, so others go on."""
    asked = error.until if isinstance(error, Down) else None
    return at if asked is None else max(at, asked)


def _orders(workspace: Workspace | None) -> object:
    """What a person says of how, and whether, to go on."""
    return workspace and (workspace.is_active, workspace.connection, workspace.settings)


class _Shift:
    """One holder's time with the lease."""

    def __init__(self, tools: Tools, workspace: Workspace, lease: Lease, until: datetime, breaker: Breaker) -> None:
        self.tools, self.workspace, self.lease, self.until = tools, workspace, lease, until
        self.breaker = breaker
        self.desk = tools.desk
        self.ledger = tools.ledger_of(lease)
        self.notion = tools.notion_of(workspace, self.ledger, self._check_time)
        self.engine = Engine(
            workspace,
            self.ledger,
            tools.navimpact,
            self.notion,
            tools.clock,
            tools.new_id,
            crossed=self._crossed,
            given=self._given,
            changed_page=self._changed_page,
        )
        self.station = Station(
            tools,
            self.desk,
            self.ledger,
            self.notion,
            self.engine,
            check_time=self._check_time,
            take=self._take,
            turn_to=self._turn_to,
            note=self._note,
            since=tools.clock(),
            threads=1 if lease.inherited else threads_for(workspace.settings.requests_per_minute, tools.most_threads),
        )
        self.believed_until = tools.clock() + ASK_AGAIN
        self.looked_at = self.failed = 0
        self.kept = set[Blocked]()
        self.counting = Lock()
        self.deaths = self._deaths()

    def drain(self) -> Slice:
        """Look at one piece of work after another."""
        for source in self.desk.sources().values():
            self.notion.use(source)
        try:
            self._tell_of_death()
            while isinstance(following := self._following(), Work):
                self._check_time()
                self._take(following)
        except Blocked as error:
            return self._ended(error.until, "blocked by a limit")
        except OutOfTime:
            return self._ended(self.tools.clock(), "slice ended")
        except NeedsReauth:
            return self._disconnected(Connection.NEEDS_REAUTH)
        except Suspended:
            return self._disconnected(Connection.SUSPENDED)
        except (LostLease, StaleMapping):  # stale outside a look: another worker is at it, so the lease is lost too
            return self._ended(self.tools.clock() + FIRST_PAUSE, "lost the lease")
        return self._ended(following, "done")

    def _disconnected(self, connection: Connection) -> Slice:
        try:
            self.desk.save_workspace(replace(self.workspace, connection=connection))
        except StaleMapping:  # a person has just changed the workspace, perhaps connected it again: look anew
            return self._ended(self.tools.clock() + FIRST_PAUSE, "changed meanwhile")
        return self._ended(None, connection)

    def _ended(self, again_at: datetime | None, note: str) -> Slice:
        return Slice(self.looked_at, self.failed, again_at, note)

    def _crossed(self) -> None:
        """A project enters or leaves the scope: what belongs to it is looked at too."""
        self._look_through("")

    def _given(self) -> None:
        """A project that lacked something gets its record: the rows that wait for one are looked at too."""
        self._look_through(rounds.DRAFTS)

    def _changed_page(self, project_id: str) -> None:
        """A project gets another page: the pages that name it are looked at too."""
        self._look_through(f"{rounds.BELOW}{project_id}")

    def _look_through(self, part: str) -> None:
        nonce = str(self.tools.new_id())
        self.desk.put(Work(Lane.BACKFILL, WorkKind.RULES, part, nonce, self.tools.clock(), run_id=nonce))

    def _check_time(self) -> None:
        now = self.tools.clock()
        if now >= self.until:
            raise OutOfTime("the slice has ended")
        if now >= self.believed_until:
            self.believed_until = now + ASK_AGAIN
            if _orders(self.desk.workspace()) != _orders(self.workspace):
                raise OutOfTime("a person has changed the workspace; the next slice goes by that")
            if pauses.until(self.desk, now) is not None:
                raise OutOfTime("a limit was met meanwhile; the next slice waits it out")

    def _following(self) -> Work | datetime | None:
        """The work that is due, or when there will be some."""
        now, dues = self.tools.clock(), list[datetime]()
        lower_first = self.looked_at % LOWER_LANE_EVERY == LOWER_LANE_EVERY - 1
        for lane in reversed(LANES) if lower_first else LANES:
            for work in self.desk.pending(lane, limit=1):
                if work.due <= now:
                    return work
                dues.append(work.due)
        return min(dues, default=None)

    def _take(self, work: Work) -> None:
        about = self._about(work) if self.deaths else ""
        until = self._parked_until(about)
        if until is not None and not self._is_asked_for(work, about):
            self._park(work, until)
        else:
            self._turn_to(work)
            try:
                self._attempt(work)
            finally:  # however it ended, we are alive
                self._survive(about)
        with self.counting:
            self.looked_at += not rounds.is_part_of_sweep(work)

    def _attempt(self, work: Work) -> None:
        try:
            result = self._look(work)
        except Blocked as error:
            self._pause(error)
            raise
        except (LostLease, OutOfTime, NeedsReauth, Suspended):
            raise
        except (Retryable, Fatal) as error:
            failures = self._put_off(work, error)
            # Again and again tells of a record or a list, and no more of its side: a 503 may be a refusal. Of a side
            # that is left alone a list is the probe. What is fatal was answered. Anything else tells nothing of a side:
            # perhaps none was asked.
            is_probe = self.breaker.is_open and rounds.is_of_a_list(work)
            if (failures == 1 or is_probe) and isinstance(error, Down | Unclear | Fatal):
                self._count(down=not isinstance(error, Fatal))
        except Exception as error:
            logger.exception("unexpected, at %s", work.kind)
            self._put_off(work, Fatal(f"an unexpected {type(error).__name__}; the log of the worker says where"))
        else:
            self._finished(work, result)
            if result.asked and not rounds.is_part_of_sweep(work):  # of one side; the sweep as a whole counts
                self._count(down=isinstance(result, Later) and result.unclear)

    def _turn_to(self, work: Work) -> None:
        """Say what is done from now on."""
        self.tools.serving(work)
        self._note(work.kind, work.external_id)

    def _note(self, kind: WorkKind, external_id: str) -> None:
        self.desk.begin(self.lease, f"{kind}/{external_id}", now=self.tools.clock())

    def _count(self, *, down: bool) -> None:
        """Leave a side alone that fails again and again. Raises `Blocked` when the circuit breaker opens."""
        with self.counting:
            before = self.breaker.outages
            pause = self.breaker.count(down=down, chance=self.tools.jitter(), now=self.tools.clock())
        if pause is not None:
            until = self.tools.clock() + pause
            said = "a side failed several times in a row and is left alone"
            blocked = Blocked(said, until=until, by=PausedBy.BREAKER)
            self._pause(blocked)
            raise blocked
        if self.breaker.outages != before:
            self.desk.keep_pause(Pause(self.tools.clock(), self.breaker.outages))

    def _pause(self, blocked: Blocked) -> None:
        """Remember it where it is met: of what several threads meet at once, `drain` hears only the most urgent.

        One that was met within a backfill comes by again when that is given up.
        """
        with self.counting:
            is_kept = blocked in self.kept
            self.kept.add(blocked)
        if not is_kept:
            pauses.keep(blocked, self.desk, self.workspace, self.tools.pause_sisters, outages=self.breaker.outages)

    def _finished(self, work: Work, result: Result) -> None:
        match result:
            case Later(mapping=mapping, at=at):
                self._put_again(work, mapping, at)
            case Done():
                pass
            case _:
                assert_never(result)
        self.desk.done(work)

    def _put_again(self, work: Work, mapping: Mapping, at: datetime) -> None:
        self.desk.put(self.station.work(work, WorkKind.MAPPING, str(mapping.id), due=at, edits=work.edits))

    def _put_off(self, work: Work, error: Retryable | Fatal) -> int:
        """Leave this one for later; its neighbours go on. Where even that fails the machinery is broken: it escapes.

        How often it has failed in a row.
        """
        with self.counting:
            self.failed += 1
        if isinstance(error, Forbidden):
            self.tools.was_forbidden(error)
        mapping = self._mapping_of(work)
        if mapping is None:
            if not work.attempts and work.kind is not WorkKind.PREVIEW:  # told once; a preview tells of itself
                self.ledger.record(self._failure(work, error))
            self.station.put_off(work, _not_before(rounds.tried_again_at(self.station, work), error))
            return work.attempts + 1
        at = _not_before(self.tools.clock() + self.station.pause(mapping.attempts), error)
        failed = self.engine.note_failure(mapping, error, at)
        self._put_again(work, failed, at)  # before the row goes: we may die here
        self.desk.done(work)
        return failed.attempts

    # --- what workers died at ---------------------------------------------------------------------------------------

    def _deaths(self) -> dict[str, _Deadly]:
        """What workers died at, by what it is about: a record is looked at by its id, its page's and its mapping's."""
        found = dict[str, dict[str, Deaths]]()
        for key, died in self.lease.deaths.items():
            found.setdefault(self._about(_work_of(key, self.tools.clock())), {})[key] = died
        return {about: _Deadly(deaths) for about, deaths in found.items()}

    def _about(self, work: Work) -> str:
        mapping = self._mapping_of(work)
        return _key(work) if mapping is None else f"{WorkKind.MAPPING}/{mapping.id}"

    def _tell_of_death(self) -> None:
        """Say so where the holder before us died at what others had died at: it is parked, whoever finds it next."""
        if self.lease.inherited is None:
            return
        work = _work_of(self.lease.inherited, self.tools.clock())
        about = self._about(work)
        until = self._parked_until(about)
        if until is None:
            return
        times = self.deaths[about].times
        error = Fatal(f"{times} workers died at it, one after the other; it is left alone until {until:%H:%M} UTC")
        mapping = self._mapping_of(work)
        row = self._failure(work, error)
        if mapping is not None:
            mapping = self.engine.note_failure(mapping, error, until)
            run = Run(work.run_id, work.actor)
            row = self.engine.row(mapping, row.operation, run, outcome=row.outcome, message=row.message)
        self.ledger.record(row)

    def _parked_until(self, about: str) -> datetime | None:
        """Until when it is left alone; None where it may be looked at."""
        deadly = self.deaths.get(about)
        until = deadly.parked_until if deadly is not None else None
        return until if until is not None and until > self.tools.clock() else None

    def _park(self, work: Work, until: datetime) -> None:
        """Leave *work* alone until *until*; for an hour at a time, where somebody may ask for the same by then."""
        due = until if work.thorough else min(until, self.tools.clock() + PARKED)
        self.desk.put_again(replace(work, due=due, nonce=str(self.tools.new_id())), seen=work)

    def _is_asked_for(self, work: Work, about: str) -> bool:
        """Whether a person has asked for it since the last to die had begun: that is worth a worker, but not two."""
        return work.thorough and work.due > self.deaths[about].begun

    def _survive(self, about: str) -> None:
        with self.counting:
            survived = self.deaths.pop(about, None)
        if survived is not None:
            self.desk.survive(self.lease, list(survived.deaths))

    def _failure(self, work: Work, error: Exception) -> SyncLog:
        return SyncLog(
            id=self.tools.new_id(),
            workspace_id=self.workspace.id,
            at=self.tools.clock(),
            run_id=work.run_id,
            operation=Operation.SETUP if work.kind is WorkKind.SETUP else Operation.FAIL,
            outcome=Outcome.FAILED,
            title=rounds.title_of(work),
            actor=work.actor,
            message=str(error),
        )

    # --- kinds of work ----------------------------------------------------------------------------------------------

    def _look(self, work: Work) -> Result:
        run = Run(work.run_id, work.actor, work.direction, work.edits, work.origin, hurried=work.thorough)
        match work.kind:
            case WorkKind.ENTITY:
                return looks.entity(self.station, EntityRef.parse(work.external_id), run, thorough=work.thorough)
            case WorkKind.PAGE:
                return looks.page(self.station, work.external_id, run)
            case WorkKind.MAPPING:
                return looks.pair(self.station, int(work.external_id), run)
            case WorkKind.SETUP:
                return rounds.set_up(self.station, work)
            case WorkKind.SWEEP:
                return rounds.sweep(self.station, work)
            case WorkKind.BACKFILL:
                return rounds.backfill(self.station, work)
            case WorkKind.RESOLVE:
                return choices.resolve(self.station, work, run)
            case WorkKind.DECIDE:
                return choices.decide(self.station, work, run)
            case WorkKind.REVERT:
                return choices.revert(self.station, work, run)
            case WorkKind.TEMPLATE:
                return commissions.carry_out(self.station, work)
            case WorkKind.PREVIEW:
                return previews.preview(self.station, work)
            case WorkKind.SCHEMA:
                return schema.look(self.station, work)
            case WorkKind.RULES:
                return rounds.apply_rules(self.station, work)
            case WorkKind.CHOSEN:
                return chosen.look(self.station, work)
            case _:
                assert_never(work.kind)

    def _mapping_of(self, work: Work) -> Mapping | None:
        """The mapping that *work* is about; None where there is none yet, or this release cannot read it."""
        try:
            match work.kind:
                case WorkKind.ENTITY:
                    return self.ledger.of_entity(EntityRef.parse(work.external_id))
                case WorkKind.PAGE:
                    return self.ledger.of_page(work.external_id.partition("/")[2])
                case WorkKind.MAPPING:
                    return self.ledger.load(int(work.external_id))
                case _:
                    return None
        except (OtherShape, ValueError):  # written by a later one, which was taken back
            return None
