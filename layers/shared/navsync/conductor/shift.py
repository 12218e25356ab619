"""One workspace: its lease, its lanes, its budget, and what to look at next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, assert_never

from navsync import merge, reconcile
from navsync.breaker import Breaker
from navsync.engine import SETTLE, Choice, Done, Engine, Later, Result, Run
from navsync.errors import (
    Blocked,
    Down,
    Fatal,
    LostLease,
    NeedsReauth,
    OutOfTime,
    Refused,
    Retryable,
    StaleMapping,
    Suspended,
    SyncError,
    Unavailable,
)
from navsync.fields import SPECS
from navsync.model import (
    BudgetWindow,
    Connection,
    CreateIntent,
    DataSource,
    Decision,
    EntityRef,
    EntityType,
    Lane,
    Lease,
    Mapping,
    Operation,
    Outcome,
    Pause,
    Present,
    Side,
    SyncLog,
    Work,
    WorkKind,
    Workspace,
)
from navsync.ports import Desk, Ledger, SidePort

logger = logging.getLogger(__name__)

SLICE = timedelta(seconds=40)
"""How long one invocation works before it leaves the rest and wakes again."""

LEASE = timedelta(seconds=170)
"""Longer than the function may run (150 s), shorter than the message stays invisible (180 s)."""

LOWER_LANE_EVERY = 5
"""One look in so many is kept for lower lanes, so that a flood of edits cannot starve a backfill."""

DEADLY = 2
"""A piece of work on which so many holders of the lease died is parked."""

PARKED = timedelta(hours=1)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)


class NotionWorkspace(SidePort, Protocol):
    """Notion as a side, and the databases that set-up makes in it."""

    def find_parent(self) -> str:
        """The page under which databases are made. Raises `Refused` when none is shared with us."""
        ...

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        """A data source that an earlier set-up made."""
        ...

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        """Make the database for *entity_type*."""
        ...

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Rows that carry one of *keys* (100 at most), as the index has them; one that is missing may be there."""
        ...

    def use(self, source: DataSource) -> None:
        """Work with *source* from now on."""
        ...

    def refresh(self, entity_type: EntityType) -> DataSource:
        """Read the schema anew and remember it."""
        ...

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        """Take up the column of a field that came back, and remember that."""
        ...

    def window(self) -> BudgetWindow:
        """Requests counted so far, to be kept for the next invocation."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What one workspace's work is done with; the composition root fills it in."""

    desk: Desk
    ledger_of: Callable[[Lease], Ledger]
    notion_of: Callable[[Workspace, Ledger, Callable[[], None]], NotionWorkspace]
    """From the workspace, its mappings, and a check that raises when the time is up, made before each request."""
    navimpact: SidePort
    clock: Callable[[], datetime]
    new_id: Callable[[], int]
    jitter: Callable[[], float]
    """Uniform in [0, 1)."""
    pause_sisters: Callable[[Workspace, Pause], None] = lambda _workspace, _pause: None
    """Pauses the other connections of the same Notion workspace, which share its limit."""
    entity_types: tuple[EntityType, ...] = tuple(SPECS)
    """What is synced, parents before children."""


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
    budget = tools.desk.budget()
    if budget is not None and budget.blocked_until is not None and budget.blocked_until > tools.clock():
        return Slice(again_at=budget.blocked_until, note="blocked by a limit")
    pause = tools.desk.pause()
    if pause is not None and pause.until > tools.clock():
        return Slice(again_at=pause.until, note="paused")
    shift = _Shift(tools, workspace, lease, until, Breaker(pause.trips if pause else 0))
    try:
        return shift.drain()
    finally:
        tools.desk.save_budget(shift.notion.window(), lease)


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


class _Shift:
    """One holder's time with the lease."""

    def __init__(self, tools: Tools, workspace: Workspace, lease: Lease, until: datetime, breaker: Breaker) -> None:
        self.tools, self.workspace, self.lease, self.until = tools, workspace, lease, until
        self.breaker = breaker
        self.desk = tools.desk
        self.ledger = tools.ledger_of(lease)
        self.notion = tools.notion_of(workspace, self.ledger, self._check_time)
        self.engine = Engine(workspace, self.ledger, tools.navimpact, self.notion, tools.clock, tools.new_id)
        self.looked_at = self.failed = 0

    def drain(self) -> Slice:
        """Look at one piece of work after another."""
        for source in self.desk.sources().values():
            self.notion.use(source)
        try:
            while (work := self._next()) is not None:
                self._check_time()
                self._take(work)
        except Blocked as error:
            self._pause_all(error)
            return self._ended(error.until, "blocked by a limit")
        except OutOfTime:
            return self._ended(self.tools.clock(), "slice ended")
        except NeedsReauth:
            return self._disconnected(Connection.NEEDS_REAUTH)
        except Suspended:
            return self._disconnected(Connection.SUSPENDED)
        except (LostLease, StaleMapping):  # stale outside a look: another worker is at it, so the lease is lost too
            return self._ended(self.tools.clock() + FIRST_PAUSE, "lost the lease")
        return self._ended(self.desk.next_due(after=self.tools.clock()), "done")

    def _pause_all(self, blocked: Blocked) -> None:
        """Remember it: whoever wakes next, for whatever reason, must not call before either."""
        pause = Pause(blocked.until, self.breaker.trips)
        self.desk.keep_pause(pause)
        if blocked.whole_workspace:
            self.tools.pause_sisters(self.workspace, pause)

    def _disconnected(self, connection: Connection) -> Slice:
        try:
            self.desk.save_workspace(replace(self.workspace, connection=connection))
        except StaleMapping:  # a person has just changed the workspace, perhaps connected it again: look anew
            return self._ended(self.tools.clock() + FIRST_PAUSE, "changed meanwhile")
        return self._ended(None, connection)

    def _ended(self, again_at: datetime | None, note: str) -> Slice:
        return Slice(self.looked_at, self.failed, again_at, note)

    def _check_time(self) -> None:
        if self.tools.clock() >= self.until:
            raise OutOfTime("the slice has ended")

    def _next(self) -> Work | None:
        lanes = list(Lane)
        if self.looked_at % LOWER_LANE_EVERY == LOWER_LANE_EVERY - 1:
            lanes.reverse()
        for lane in lanes:
            for work in self.desk.pending(lane, now=self.tools.clock(), limit=1):
                return work
        return None

    def _take(self, work: Work) -> None:
        if self.desk.begin(self.lease, f"{work.kind}/{work.external_id}") >= DEADLY:
            self._park(work)
            return
        try:
            result = self._look(work)
        except (Blocked, LostLease, OutOfTime, NeedsReauth, Suspended):
            raise
        except (Retryable, Fatal) as error:
            self._put_off(work, error)
            self._count(error)
        except Exception as error:
            logger.exception("unexpected, at %s", work.kind)
            self._put_off(work, Fatal(f"an unexpected {type(error).__name__}; the log of the worker says where"))
        else:
            self._finished(work, result)
            self._count(None)
        self.looked_at += 1

    def _count(self, error: SyncError | None) -> None:
        """Leave a side alone that fails again and again. Raises `Blocked` when the circuit breaker opens."""
        had_tripped = self.breaker.trips
        pause = self.breaker.count(down=isinstance(error, Down), chance=self.tools.jitter())
        if pause is not None:
            raise Blocked("a side failed several times in a row and is left alone", until=self.tools.clock() + pause)
        if had_tripped and not self.breaker.trips:
            self.desk.keep_pause(Pause(self.tools.clock()))

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
        self.desk.put(self._work(work, WorkKind.MAPPING, str(mapping.id), due=at))

    def _work(self, cause: Work, kind: WorkKind, external_id: str, **changes: object) -> Work:
        """Work that *cause* leads to; what an event told is told once."""
        fresh = {"nonce": str(self.tools.new_id()), "edit": None, "attempts": 0, **changes}
        return replace(cause, kind=kind, external_id=external_id, **fresh)  # type: ignore[arg-type]

    def _put_off(self, work: Work, error: Retryable | Fatal) -> None:
        """Leave this one for later; its neighbours go on. Where even that fails the machinery is broken: it escapes."""
        self.failed += 1
        mapping = self._mapping_of(work)
        at = self.tools.clock() + self._pause(mapping.attempts if mapping else work.attempts)
        if mapping is None:
            self.ledger.record(self._failure(work, error))
            self.desk.put(replace(work, due=at, nonce=str(self.tools.new_id()), attempts=work.attempts + 1))
            return
        self._put_again(work, self.engine.note_failure(mapping, error, at), at)  # before the row goes: we may die here
        self.desk.done(work)

    def _pause(self, attempts: int) -> timedelta:
        longest = min(FIRST_PAUSE * (1 << min(attempts, 10)), LONGEST_PAUSE)
        return longest / 2 + longest / 2 * self.tools.jitter()

    def _park(self, work: Work) -> None:
        """Workers died on this one: keep it from stopping the workspace, and say so."""
        self.looked_at += 1
        self.ledger.record(self._failure(work, Refused("workers died on it twice; it is looked at again in an hour")))
        self.desk.put(replace(work, due=self.tools.clock() + PARKED, nonce=str(self.tools.new_id())))

    def _failure(self, work: Work, error: Exception) -> SyncLog:
        return SyncLog(
            id=self.tools.new_id(),
            workspace_id=self.workspace.id,
            at=self.tools.clock(),
            run_id=work.run_id,
            operation=Operation.SETUP if work.kind is WorkKind.SETUP else Operation.FAIL,
            outcome=Outcome.FAILED,
            title=f"{work.kind} {work.external_id}".strip(),
            actor=work.actor,
            message=str(error),
        )

    # --- kinds of work ----------------------------------------------------------------------------------------------

    def _look(self, work: Work) -> Result:
        run = Run(work.run_id, work.actor, work.direction, work.edit, hurried=work.thorough)
        match work.kind:
            case WorkKind.ENTITY:
                return self._entity(EntityRef.parse(work.external_id), run, thorough=work.thorough)
            case WorkKind.PAGE:
                return self._page(work.external_id, run)
            case WorkKind.MAPPING:
                return self._mapping(int(work.external_id), run)
            case WorkKind.SETUP:
                return self._set_up(work)
            case WorkKind.SWEEP:
                return self._sweep(work)
            case WorkKind.BACKFILL:
                return self._backfill(work)
            case WorkKind.RESOLVE:
                return self._resolve(work, run)
            case WorkKind.DECIDE:
                return self._decide(work, run)
            case WorkKind.REVERT:
                return self._revert(work, run)
            case WorkKind.SCHEMA:
                return self._schema(work)
            case _:
                assert_never(work.kind)

    def _mapping_of(self, work: Work) -> Mapping | None:
        match work.kind:
            case WorkKind.ENTITY:
                return self.ledger.of_entity(EntityRef.parse(work.external_id))
            case WorkKind.PAGE:
                return self.ledger.of_page(work.external_id.partition("/")[2])
            case WorkKind.MAPPING:
                return self.ledger.load(int(work.external_id))
            case _:
                return None

    def _entity(self, entity: EntityRef, run: Run, *, thorough: bool) -> Result:
        mapping = self.ledger.of_entity(entity)
        if mapping is not None:
            return self.engine.sync(mapping, run, edited=None if thorough else Side.NAVIMPACT)
        self._finish_creates(entity.type, run)
        if (mapping := self.ledger.of_entity(entity)) is not None:
            return self.engine.sync(mapping, run)
        return self._welcome(entity, run)

    def _page(self, external_id: str, run: Run) -> Result:
        kind, _, page_id = external_id.partition("/")
        mapping = self.ledger.of_page(page_id)
        if mapping is not None:
            return self.engine.sync(mapping, run)
        if not kind:
            return Done()  # not a row of ours
        entity_type = EntityType(kind)
        return self.engine.welcome_page(entity_type, self.notion.read(entity_type, page_id), run)

    def _finish_creates(self, entity_type: EntityType, run: Run) -> None:
        """An unknown record may be the one that an interrupted create of ours made: finish those first."""
        now = self.tools.clock()
        for mapping, _ in self._open_creates(entity_type):
            if mapping.next_retry_at is not None and mapping.next_retry_at > now:
                continue
            try:
                self.engine.sync(mapping, run)
            except (Blocked, LostLease, OutOfTime, NeedsReauth, Suspended):
                raise
            except (Retryable, Fatal) as error:  # it waits for its own time and holds up nobody that is not like it
                self.engine.note_failure(mapping, error, now + self._pause(mapping.attempts))

    def _open_creates(self, entity_type: EntityType) -> Iterator[tuple[Mapping, CreateIntent]]:
        """Records of *entity_type* about to be made in NavImpact."""
        for mapping in self.ledger.open_creates():
            match mapping.intent:
                case CreateIntent(on=Side.NAVIMPACT) as intent if mapping.entity_type is entity_type:
                    yield mapping, intent

    def _welcome(self, entity: EntityRef, run: Run) -> Result:
        """Give an unknown entity a page, unless it may be what a create of ours made whose answer was lost."""
        seen = self.tools.navimpact.read(entity.type, entity.id)
        if not isinstance(seen, Present):
            if not self.tools.navimpact.answers(entity.type):
                raise Unavailable("NavImpact does not show the collection, so a missing record proves nothing")
            return Done()
        spec = SPECS[entity.type]
        unclear = [intent for _, intent in self._open_creates(entity.type) if intent.attempted_at is not None]
        if any(merge.resembles(spec, intent.values, seen) for intent in unclear):
            raise Unavailable("it may be the record that an interrupted create made; that one is settled first")
        return self.engine.welcome_record(entity.type, seen, run)

    def _mapping(self, mapping_id: int, run: Run) -> Result:
        mapping = self.ledger.load(mapping_id)
        return Done() if mapping is None else self.engine.sync(mapping, run)

    # --- decisions of people ----------------------------------------------------------------------------------------

    def _resolve(self, work: Work, run: Run) -> Result:
        mapping_id, field, version = work.external_id.split("/")
        mapping = self.ledger.load(int(mapping_id))
        return Done() if mapping is None else self.engine.resolve(mapping, field, version, Side(work.choice or ""), run)

    def _decide(self, work: Work, run: Run) -> Result:
        mapping = self.ledger.load(int(work.external_id))
        return Done() if mapping is None else self.engine.decide(mapping, Decision(work.choice or ""), run)

    def _revert(self, work: Work, run: Run) -> Result:
        """Undo one row, or put work for each row of a run. What cannot be undone is said in a row of its own."""
        scope, _, rest = work.external_id.partition("/")
        if scope == "run":
            for place, each in enumerate(_undone_in_order(self.ledger.logs_of_run(rest))):
                due = work.due + timedelta(milliseconds=place)
                self.desk.put(self._work(work, WorkKind.REVERT, f"log/{each.id}", due=due))
            return Done()
        log_id, _, field = rest.partition("/")
        row = self.ledger.log(int(log_id))
        mapping = self.ledger.load(row.mapping_id) if row and row.mapping_id else None
        if row is None or mapping is None:
            return Done()
        choice = Choice(field or None, Side(work.choice) if work.choice else None)
        try:
            return self.engine.revert(mapping, row, choice, run)
        except Refused as error:
            outcome = Outcome.FAILED
            self.ledger.record(
                self.engine.row(mapping, Operation.REVERT, run, outcome=outcome, message=str(error), reverts=row.id)
            )
            return Done()

    # --- many at once -----------------------------------------------------------------------------------------------

    def _set_up(self, work: Work) -> Result:
        known = self.desk.sources()
        for entity_type in self.tools.entity_types:
            source = known.get(entity_type) or self._source(entity_type)
            self.desk.save_source(source)
            self.notion.use(source)
        self.desk.put(self._work(work, WorkKind.BACKFILL, "", lane=Lane.BACKFILL))
        return Done()

    def _source(self, entity_type: EntityType) -> DataSource:
        """Adopt the database that an interrupted set-up made, or make it; Notion's search shows it late."""
        now, name = self.tools.clock(), f"setup:{entity_type}"
        tried = self.desk.cursor(name)
        found = self.notion.find_source(entity_type)
        if found is None and tried and now < datetime.fromisoformat(tried) + SETTLE:
            raise Unavailable("the database may have been made already; it is looked for again in a moment")
        if found is None:
            parent = self.notion.find_parent()
            self.desk.move_cursor(name, now.isoformat(timespec="microseconds"))
            found = self.notion.create_source(entity_type, parent)
        return found

    def _sweep(self, work: Work) -> Result:
        if not self.desk.sources():  # the connection was cut short between its tokens and its set-up
            self.desk.put(self._work(work, WorkKind.SETUP, "", lane=Lane.LIVE))
        for source in self.desk.sources().values():
            if _is_broken(source):
                self.desk.put(self._work(work, WorkKind.SCHEMA, source.entity_type))
        for entity_type in self._connected_types():
            for port in (self.notion, self.tools.navimpact):
                reconcile.sweep(
                    port,
                    entity_type,
                    desk=self.desk,
                    ledger=self.ledger,
                    work_for=partial(self._work, work, _KIND[port.side], lane=Lane.SWEEP),
                    clock=self.tools.clock,
                    check_time=self._check_time,
                )
                reconcile.walk_rows(
                    port,
                    entity_type,
                    desk=self.desk,
                    ledger=self.ledger,
                    work_for=partial(self._work, work, _KIND[port.side], lane=Lane.SWEEP),
                    now=self.tools.clock(),
                )
        reconcile.check_pairs(
            self.notion,
            self.tools.navimpact,
            self._connected_types(),
            desk=self.desk,
            ledger=self.ledger,
            work_for=partial(self._work, work, WorkKind.MAPPING, lane=Lane.SWEEP),
            clock=self.tools.clock,
            check_time=self._check_time,
        )
        return Done()

    # --- the schema -------------------------------------------------------------------------------------------------

    def _schema(self, work: Work) -> Result:
        """Read the schema anew. A column that came back is taken up in two steps, each through all records.

        First every record forgets what was agreed on about the field, for the column may be empty now, or hold what is
        left after two changes of its type; only then is it read again, and each record looked at.
        """
        kind, _, rest = work.external_id.partition("/")
        entity_type = EntityType(kind)
        if entity_type not in self.desk.sources():
            return Done()
        field, _, step = rest.partition("/")
        match step:
            case "forget":
                self._each_mapping(work, entity_type, partial(self._forget, field=field))
                self.notion.readopt(entity_type, field)
                self.desk.put(self._work(work, WorkKind.SCHEMA, f"{entity_type}/{field}/look"))
            case "look":
                look = partial(self._work, work, WorkKind.MAPPING, lane=Lane.SWEEP)
                self._each_mapping(work, entity_type, lambda mapping: self.desk.put(look(str(mapping.id))))
            case _:
                for returned in self.notion.refresh(entity_type).returned:
                    self.desk.put(self._work(work, WorkKind.SCHEMA, f"{entity_type}/{returned}/forget"))
        return Done()

    def _each_mapping(self, work: Work, entity_type: EntityType, act: Callable[[Mapping], object]) -> None:
        """*act* on every mapping of *entity_type*, going on behind the last that an earlier slice got to."""
        name = f"mappings:{work.external_id}"
        place = int(self.desk.cursor(name) or 0)
        while mappings := self.ledger.mappings_after(place, reconcile.PAIRS_AT_ONCE):
            for mapping in mappings:
                if mapping.entity_type is entity_type:
                    act(mapping)
            place = mappings[-1].id
            self.desk.move_cursor(name, f"{place:016d}")
            self._check_time()
        self.desk.clear_cursor(name)

    def _forget(self, mapping: Mapping, *, field: str) -> None:
        intent = mapping.intent
        if isinstance(intent, CreateIntent) and field in intent.values:
            intent = replace(intent, forgotten=(*intent.forgotten, field))
        bases = {name: base for name, base in mapping.bases.items() if name != field}
        conflicts = tuple(c for c in mapping.conflicts if c.field != field)
        forgetful = mapping.but(intent=intent, bases=bases, conflicts=conflicts)
        if forgetful != mapping:
            self.ledger.save(forgetful)

    def _connected_types(self) -> list[EntityType]:
        sources = self.desk.sources()
        return [t for t in self.tools.entity_types if t in sources]

    def _backfill(self, work: Work) -> Result:
        """Everything both sides have: rows first, so that pages made by an earlier connection are adopted.

        One row of work for each list. What has a mapping already is skipped.
        """
        if not work.external_id:
            lists = [(side, kind) for kind in self._connected_types() for side in (Side.NOTION, Side.NAVIMPACT)]
            for place, (side, kind) in enumerate(lists):  # in this order: parents before children
                due = work.due + timedelta(milliseconds=place)
                self.desk.put(self._work(work, WorkKind.BACKFILL, f"{side}/{kind}", due=due))
            return Done()
        side_name, _, kind_name = work.external_id.partition("/")
        side, entity_type = Side(side_name), EntityType(kind_name)
        port = self.engine.on(side)
        for page in reconcile.resumed(port, entity_type, None, desk=self.desk, name=f"backfill:{work.external_id}"):
            for record in page:
                known = reconcile.mapping_of(self.ledger, entity_type, side, record)
                if known is None or known.intent is not None:  # begun when the slice ended: nobody else would go on
                    self._let_edits_pass()
                    self._take(self._work(work, _KIND[side], f"{entity_type}/{record.id}"))
            self._check_time()
        return Done()

    def _let_edits_pass(self) -> None:
        """A person's edit overtakes a backfill."""
        self._check_time()
        for edit in self.desk.pending(Lane.LIVE, now=self.tools.clock(), limit=1):
            self._take(edit)


_KIND = {Side.NAVIMPACT: WorkKind.ENTITY, Side.NOTION: WorkKind.PAGE}


def _is_broken(source: DataSource) -> bool:
    """Whether a column was deleted or is of another type than ours."""
    known = source.properties
    return any(known[f.name].type != f.kind for f in SPECS[source.entity_type].fields if f.name in known)


def _undone_in_order(rows: Sequence[SyncLog]) -> list[SyncLog]:
    """The latest first; but what was deleted comes back parents first."""
    order = list(SPECS)
    latest_first = sorted(rows, key=lambda row: -row.id)
    undoable = [row for row in latest_first if row.outcome is Outcome.SUCCESS and row.operation in _UNDOABLE]
    return sorted(undoable, key=lambda row: _depth(row, order) if row.operation is Operation.DELETE else -1)


def _depth(row: SyncLog, order: list[EntityType]) -> int:
    return order.index(row.entity_type) if row.entity_type else 0


_UNDOABLE = {Operation.UPDATE, Operation.CREATE, Operation.DELETE, Operation.REVERT}
