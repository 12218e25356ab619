"""One invocation of the worker: the production conductor, every call of which can be disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from navsync import conductor
from navsync.conductor import NotionWorkspace, Tools
from navsync.errors import Blocked, Down, NeedsReauth, Raced, Refused, Unavailable, Unclear
from navsync.model import BudgetWindow, Gone, Lease, Pause, Present, Trashed, Values, Workspace
from navsync.ports import ChangedPage, Desk, Ledger, SidePort
from tests.contract.memory_store import MemoryDesk, MemoryLedger
from tests.simulation.baton import Strand, current
from tests.simulation.swarm import Fault
from tests.simulation.witness import Listed, Looked, SeenBy
from tests.simulation.world import START

if TYPE_CHECKING:
    from tests.simulation.history import History, Office

WRITES = frozenset({"create", "update", "stamp", "remove", "restore"})
SIDES = ("notion", "navimpact")
LATENCY = {"notion": 0.15, "navimpact": 0.05}
"""Seconds before the other end acts, and again until its answer is here."""
QUICK = 0.004
"""Seconds that a call to the store takes."""
LOOKUPS = frozenset(
    {"load", "of_entity", "of_page", "mappings_after", "open_creates", "log", "workspace", "pending"}
    | {"outlines_after", "outlines_of"}
    | {"sources", "cursor", "budget", "pause", "logs_of_run"}
)
"""Calls to the store that change nothing: dying at one is no different from dying at the next call."""
PAUSES = (1.0, 59.0, 600.0)


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no `finally` either."""


class Line:
    """Everything that one worker says to one thing."""

    def __init_subclass__(cls, *, to: str, port: type) -> None:
        for name in dir(port):
            if not name.startswith("_") and name not in vars(cls) and callable(getattr(port, name)):
                setattr(cls, name, _look_up(name) if name in LOOKUPS and to not in SIDES else _disturbed(to, name))

    def __init__(self, employee: Employee, thing: object) -> None:
        self.employee, self.thing = employee, thing
        self.side = getattr(thing, "side", None)
        self.knows_keys = getattr(thing, "knows_keys", False)


def _look_up(name: str) -> Callable[..., Any]:
    """Asks the store for something. By far the most frequent of all calls."""

    def look_up(line: Line, *args: Any, **kwargs: Any) -> Any:
        employee = line.employee
        if employee.dead:
            raise Killed
        employee.history.clock.seconds += QUICK
        return getattr(line.thing, name)(*args, **kwargs)

    return look_up


def _disturbed(to: str, name: str) -> Callable[..., Any]:
    def ask(line: Line, *args: Any, **kwargs: Any) -> Any:
        return line.employee.ask(to, name, getattr(line.thing, name), args, kwargs)

    def keep(line: Line, *args: Any, **kwargs: Any) -> Any:
        return line.employee.keep(to, name, getattr(line.thing, name), args, kwargs)

    return ask if to in SIDES else keep


class DeskLine(Line, to="desk", port=MemoryDesk):
    """The line to the workspace's work and small state."""


class LedgerLine(Line, to="ledger", port=MemoryLedger):
    """The line to its mappings and history."""


class QueueLine(Line, to="queue", port=conductor.Waker):
    """The line to what wakes workers."""


class NavImpactLine(Line, to="navimpact", port=SidePort):
    """The line to NavImpact."""


class NotionLine(Line, to="notion", port=NotionWorkspace):
    """The line to Notion, which remembers when it may be used again."""

    def use(self, source: object) -> None:
        """Said without a call."""
        self.thing.use(source)  # type: ignore[attr-defined]  # a line knows its thing as any object

    def half_written(self, *asked: Any) -> Any:
        """Known without a call."""
        return self.thing.half_written(*asked)  # type: ignore[attr-defined]

    def window(self) -> BudgetWindow:
        """What is kept for the next invocation."""
        return self.employee.window


@dataclass(frozen=True, slots=True)
class _Writing:
    """An update and what it found."""

    to: str
    args: tuple[Any, ...]
    seen: Present
    before: Values


def between_requests() -> None:
    """Whoever writes a body that takes several requests has come to the next."""
    strand = current()
    if strand is not None:
        cast(Employee, strand.worker).between_requests()


class Employee:
    """A worker that took *message*."""

    def __init__(self, history: History, office: Office, message: int) -> None:
        self.history, self.office, self.message = history, office, message
        self.name = f"worker {next(history.ids)}"
        self.dead = self.late = False
        self.paused: int | None = None
        """Which pause of the workspace it begins in."""
        self.fence = 0
        self.began = 0.0
        self.check_time: Callable[[], None] = lambda: None
        self.window = BudgetWindow(START)
        self._told: dict[str, float] = {}
        """Side → until when it asked for a pause."""
        self._seen: SeenBy = {}
        self._writing: dict[Strand | None, _Writing] = {}
        """Thread → the update that it is about to make, or in the middle of."""
        self._listed: dict[tuple[Strand | None, object], Listed] = {}
        """Thread and entity type → what the last list of all its records in NavImpact showed."""
        self._desk: Any = DeskLine(self, history.store.desk(office.id))
        self._strand = Strand(self._work, self)

    def begin(self) -> None:
        """Start to work."""
        self.began = self.history.now
        self.paused = self.office.pauses if self.history.is_paused(self.office) else None
        self._strand.go()

    def rest(self, seconds: float) -> None:
        """Stop in the middle of a call; go on in *seconds*, when others have had their turn."""
        strand = current() or self._strand
        self.history.at(self.history.now + seconds, strand.go, worker=True)
        strand.stop()
        if self.dead:  # by the hand of another thread
            raise Killed

    def soon(self, strand: Strand) -> None:
        """Let a thread of this worker go on when it is its turn."""
        self.history.at(self.history.now, strand.go, worker=True)

    def _work(self) -> None:
        history = self.history
        history.note(f"{self.name} begins")
        try:
            ended = conductor.conduct(self._tools(), self.name, until=history.clock() + conductor.SLICE)
            conductor.pass_on(ended, self.office.id, cast(conductor.Waker, QueueLine(self, self)), now=history.clock())
        except Killed:
            history.note(f"{self.name} died")
            return
        except Exception as error:
            import traceback

            where = traceback.extract_tb(error.__traceback__)[-1]
            history.problem(f"I15: {error!r} escaped to the queue from {where.name}:{where.lineno}")
            return
        history.note(f"{self.name} ends after {ended.looked_at} looks", ended)
        # a late worker's news is not taken any more, and whoever came after it will hear for itself
        if not self._is_late():
            self.office.blocked_until |= self._told
        history.finished(self.office, self.message)

    # --- what it wakes ----------------------------------------------------------------------------------------------

    def wake(self, workspace_id: int) -> None:
        """At once."""
        self.history.wake(self.office)

    def later(self, workspace_id: int, at: datetime, now: datetime) -> None:
        """At *at*, unless a wake that comes sooner is under way."""
        if self._desk.claim_later(at, now):
            self.history.later(self.office, self.history.seconds(at))

    # --- what it works with -----------------------------------------------------------------------------------------

    def _tools(self) -> Tools:
        history, store = self.history, self.history.store
        return Tools(
            desk=cast(Desk, self._desk),
            ledger_of=lambda lease: cast(Ledger, LedgerLine(self, store.ledger(lease))),
            notion_of=self._notion_of,
            navimpact=cast(SidePort, NavImpactLine(self, history.platform)),
            clock=history.clock,
            new_id=lambda: next(history.ids),
            jitter=history.chance.random,
            pause_sisters=self._pause_sisters,
            entity_types=history.swarm.types,
            most_threads=history.swarm.threads,
        )

    def _pause_sisters(self, _workspace: Workspace, blocked: Blocked) -> None:
        """All offices call NavImpact with one token; each was told from now on."""
        history = self.history
        for office in history.offices:
            if office is not self.office and not self.dead:
                history.store.desk(office.id).keep_pause(Pause(blocked.until))
                office.told_by_others.append((history.now, history.seconds(blocked.until)))

    def _notion_of(self, _workspace: Workspace, _ledger: Ledger, check_time: Callable[[], None]) -> NotionWorkspace:
        self.check_time = check_time
        self.window = self.history.store.desk(self.office.id).budget() or self.window
        return cast(NotionWorkspace, NotionLine(self, self.office.notion))

    def keep(self, to: str, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
        """One call that changes what is kept, with all that can happen to it."""
        history, step = self.history, self._step(to, name)
        history.spend(QUICK, self, switching=history.swarm.threads > 1)
        self._may_stop(step)
        answer = method(*args, **kwargs)
        if isinstance(answer, Lease):
            self.fence = answer.fence
        if to == "ledger":
            history.witness.kept(self.office, name, method, args, answer, self._seen)
        elif name == "move_cursor":
            history.witness.moved(self.office, *args, moved=answer)
        elif name == "clear_cursor":
            history.witness.cleared(self.office, *args)
        elif name == "done" and answer:
            history.witness.carried_out.add(args[0].run_id)
        self._may_die(step, "after", Fault.KILLED_AFTER)
        return answer

    def ask(self, to: str, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
        """One call to a side, with all that can happen to it."""
        history, step, latency = self.history, self._step(to, name), LATENCY[to]
        self._decide_to_ask(to)
        history.spend(latency, self, switching=True)
        self._may_stop(step)
        self._may_fail(to, name, args)
        answer = self._answered(to, name, method, args, kwargs)
        history.spend(latency, self, switching=True)
        self._may_die(step, "after", Fault.KILLED_AFTER)
        if name in WRITES and history.strikes(Fault.REPLY_LOST):
            raise Unclear("the answer was lost")
        return answer

    def _step(self, to: str, name: str) -> int:
        if self.dead:
            raise Killed
        history = self.history
        history.steps += 1
        if history.called is not None:
            history.called.append(f"{to} {name}")
        return history.steps

    def _decide_to_ask(self, to: str) -> None:
        """As the real line does. What happens on the way to the network, like a long pause, no worker can know of."""
        history = self.history
        if to == "notion":
            self.check_time()
            until = self.window.blocked_until
            if until is not None and until > history.clock():
                raise Blocked("known to be blocked", until=until)
        if history.clock.seconds < self.office.blocked_until.get(to, 0.0) and not self._is_late():
            history.problem(f"I11: {to} was asked before its Retry-After had ended")
        if to == "navimpact" and any(at < self.began and history.now < ends for at, ends in self.office.told_by_others):
            history.problem("I11: navimpact was asked before the Retry-After had ended that another workspace met")
        if self.paused == self.office.pauses and history.is_paused(self.office):
            history.problem(f"{to} was asked for a workspace that is paused")

    def _is_late(self) -> bool:
        """Whether somebody else has the lease by now: nobody can tell it anything any more."""
        return self.fence != self.history.store.of(self.office.id).lease.fence

    def _may_stop(self, step: int) -> None:
        """Before anything happens it may die, or sleep so long that it outlives its lease."""
        self._may_die(step, "before", Fault.KILLED_BEFORE)
        self.late = Fault.OUTLIVED in self.history.rates and self.history.strikes(Fault.OUTLIVED)
        if self.late:
            self.rest(100 + 400 * self.history.chance.random())

    def _may_die(self, step: int, when: str, fault: Fault) -> None:
        history = self.history
        if (fault in history.rates and history.strikes(fault)) or (history.kill_at and (step, when) in history.kill_at):
            self.dead = True
            raise Killed

    def _may_fail(self, to: str, name: str, args: tuple[Any, ...]) -> None:
        history = self.history
        if to == "notion":
            self._notion_may_fail(name, args)
        elif history.strikes(Fault.NAVIMPACT_BLOCKED) or not history.takes_call():
            raise self._blocked(to)
        elif name == "read" and history.unreadable(args[1]):
            raise Down("503")
        if history.strikes(Fault.UNAVAILABLE):
            raise Down("503")
        if name in ("create", "update") and (field := history.refused(to, args[-1])) is not None:
            history.fired[Fault.REFUSED] += 1
            history.note(f"    !!! {Fault.REFUSED}: {field}")
            is_named = len(field) % 2 == 1  # sides do not always say which field it was
            raise Refused("it does not take that", field=field if is_named else None)
        if name in WRITES and history.strikes(Fault.REQUEST_LOST):
            raise Unclear("it never arrived")
        if name == "update" and history.strikes(Fault.RACED):
            raise Raced("409")

    def _notion_may_fail(self, name: str, args: tuple[Any, ...]) -> None:
        history, office = self.history, self.office
        if history.strikes(Fault.TOKEN_LOST):
            office.token_dead = True
            history.after(600 * history.chance.random(), lambda: history.reconnect(office))
        if office.token_dead:
            raise NeedsReauth("the token is dead")
        if name == "update" and history.faulty and history.poisoned(office, args[1]):
            raise Down("it always fails")
        if history.strikes(Fault.BLOCKED):
            blocked = self._blocked("notion")
            self.window = BudgetWindow(START, blocked_until=blocked.until)
            raise blocked

    def _blocked(self, side: str) -> Blocked:
        until = self.history.clock() + timedelta(seconds=self.history.chance.choice(PAUSES))
        self._told[side] = self.history.seconds(until)
        return Blocked("a limit", until=until, everybody=side == "navimpact")

    # --- the sides --------------------------------------------------------------------------------------------------

    def _answered(self, to: str, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
        history = self.history
        if to == "navimpact" and history.dark:
            return _in_the_dark(history.dark, name, args)
        witness = history.witness
        if name == "remove" and self.late and self._is_late():
            witness.removing_late(self.office, to, args[1], self._seen)
        elif name == "remove":
            witness.removing(self.office, to, args[0], args[1], self._seen, self._lists())
        with self._watched(to, args, kwargs["seen"]) if name == "update" else nullcontext():
            answer = method(*args, **kwargs)
        history.calls[f"{to} {name}"] += 1
        history.note(f"{self.name} W{self.office.id} {to} {name}", args[1:])
        if to == "notion" and name in ("update", "stamp"):
            witness.named(self.office, args[1], self._seen.get((to, args[1])))
        if name in WRITES:
            witness.written(self.office, to, name, args, kwargs.get("key", ""), answer)
        self._remember(to, answer, taken_out=name == "restore")
        if (to, name) == ("navimpact", "changed_since"):
            self._list(args, answer)
        return answer

    @contextmanager
    def _watched(self, to: str, args: tuple[Any, ...], seen: Present) -> Iterator[None]:
        """The witness sees an update; also one that raced with who edits the text, for the rest of it is written."""
        self._writing[current()] = _Writing(to, args, seen, self._values_now(to, args))
        try:
            yield
            self._has_updated()
        except Raced:
            if self._values_now(to, args) != self._writing[current()].before:
                self._has_updated()
                self.history.note(f"{self.name} W{self.office.id} {to} update, but for a part of the text", args[1:])
            raise
        finally:
            del self._writing[current()]

    def _values_now(self, to: str, args: tuple[Any, ...]) -> Values:
        return self.history.witness.values_of(self.office, to, *args[:2])

    def _has_updated(self) -> None:
        """An update was made, or a part of it."""
        doing = self._writing[current()]
        looked = self._seen.get((doing.to, doing.args[1]))
        self.history.witness.updated(self.office, doing.to, doing.args, doing.before, looked, doing.seen)

    def between_requests(self) -> None:
        """A body takes one more request: until it is made, all can happen that can happen to a call."""
        history, doing = self.history, self._writing.get(current())
        if doing is not None:
            self._has_updated()
        step = self._step("notion", "body")
        history.spend(2 * LATENCY["notion"], self, switching=True)
        self._may_stop(step)
        if history.strikes(Fault.CUT_SHORT):
            raise Unclear("a part of the text was written")
        if doing is not None:
            self._writing[current()] = replace(doing, before=self._values_now(doing.to, doing.args))

    def _list(self, args: tuple[Any, ...], listed: ChangedPage) -> None:
        """Remember a list of all; of one that shows only changes, nobody can tell what it leaves out."""
        kind, since, cursor = args
        if since is None:
            before = self._listed.get((current(), kind)) if cursor is not None else None  # another may have begun it
            shown = {record.id: record.values for record in listed.records}
            self._listed[current(), kind] = Listed({**(before.values if before else {}), **shown}, self.history.now)

    def _lists(self) -> dict[object, Listed]:
        """What the thread that asks was shown last: another one's news are not its own."""
        return {kind: listed for (strand, kind), listed in self._listed.items() if strand is current()}

    def _remember(self, to: str, answer: Any, *, taken_out: bool = False) -> None:
        match answer:
            case Present():
                self._look_at(to, answer, taken_out=taken_out)
            case Trashed():
                self._look_at(to, answer.last)
            case [Present(), *_] as shown:
                self._look_at_each(to, shown)
            case ChangedPage(records=shown) if to == "navimpact":  # Notion's lists do not show all of a page
                self._look_at_each(to, shown)

    def _look_at_each(self, to: str, shown: Iterable[Present]) -> None:
        for seen in shown:
            self._look_at(to, seen)

    def _look_at(self, to: str, seen: Present, *, taken_out: bool = False) -> None:
        values, known = seen.values, self._seen.get((to, seen.id)) if seen.unreadable else None
        shown = {**known.values, **values} if known else values
        self._seen[to, seen.id] = Looked(shown, self.history.clock.seconds, taken_out)


def _in_the_dark(how: Fault, name: str, args: tuple[Any, ...]) -> Any:
    """NavImpact without its permissions, or its records: nothing is there, and nothing can be written."""
    match name:
        case "read":
            return Gone(args[1])
        case "find":
            return ()
        case "changed_since":
            return ChangedPage([], None)
        case "answers":
            return how is Fault.EMPTIED
        case _:
            raise Unavailable("NavImpact is dark")
