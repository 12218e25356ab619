"""What is at hand while the lease of one workspace is held?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from navsync import reconcile
from navsync.conductor.tools import NotionWorkspace, Tools
from navsync.engine import Engine
from navsync.errors import Blocked, LostLease, NeedsReauth, OutOfTime, Suspended
from navsync.model import DataSource, Mapping, Work, WorkKind
from navsync.ports import Desk, Ledger
from navsync.standing import Outline

LOOK_TAKES_S = 0.6
"""Seconds from the first read of a record to its last save, most of them waiting for answers."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Station:
    """The tools, bound to one workspace and one lease."""

    tools: Tools
    desk: Desk
    ledger: Ledger
    notion: NotionWorkspace
    engine: Engine
    check_time: Callable[[], None]
    """Raises when the slice has ended."""
    take: Callable[[Work], None]
    """Does one piece of work, whether it is stored or not."""
    turn_to: Callable[[Work], object]
    """Says what is done from now on, to go on with it after something else."""
    note: Callable[[WorkKind, str], object]
    """Notes what is looked at within a piece of work, and what after that: that is blamed should the worker die."""
    since: datetime
    """When the slice began."""
    threads: int = 1
    """How many may overlap: so many that a look's waiting does not leave the budget unused."""

    def work(self, cause: Work, kind: WorkKind, external_id: str, **changes: object) -> Work:
        """Work that *cause* leads to; what an event told is *cause*'s alone, and so is that a person waits for it."""
        fresh = {"nonce": str(self.tools.new_id()), "edits": (), "attempts": 0, "requested": False, **changes}
        fresh |= {"kind": kind, "external_id": external_id, "apart": cause.direction.alone}
        return replace(cause, **fresh)  # type: ignore[arg-type]

    def pause(self, attempts: int) -> timedelta:
        """How long to leave alone what has failed *attempts* times before."""
        longest = min(FIRST_PAUSE * (1 << min(attempts, 10)), LONGEST_PAUSE)
        return longest / 2 + longest / 2 * self.tools.jitter()

    def put_off(self, work: Work, at: datetime) -> None:
        """Have *work*, which failed, done again at *at*, unless it was put anew meanwhile."""
        again = replace(work, due=at, nonce=str(self.tools.new_id()), attempts=work.attempts + 1)
        self.desk.put_again(again, seen=work)

    def take_each(self, works: Sequence[Work]) -> None:
        """Do *works*, each about another record, a few at a time. Raises what stops the shift, once all are quiet."""
        if self.threads == 1:
            for work in works:
                self.take(work)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            takes = [pool.submit(self.take, work) for work in works]
        errors = [error for take in takes if (error := take.exception()) is not None]
        if errors:
            raise _most_urgent(errors)

    def each_mapping(self, name: str, act: Callable[[Mapping], None]) -> None:
        """*act* on every mapping, going on behind the last that an earlier slice got to under the same *name*."""
        self._each(name, act, self.ledger.mappings_after)

    def each_outline(self, name: str, act: Callable[[Outline], None]) -> None:
        """*act* on every mapping, in the same way, without what its sides say."""
        self._each(name, act, self.ledger.outlines_after)

    def each_of_project(self, project_id: str, name: str, act: Callable[[Outline], None]) -> None:
        """*act* on every mapping of a project, in the same way."""
        self._each(name, act, partial(self.ledger.outlines_of, project_id))

    def _each[T: (Mapping, Outline)](
        self, name: str, act: Callable[[T], None], after: Callable[[int, int], Sequence[T]]
    ) -> None:
        place = int(self.desk.cursor(name) or 0)
        while pairs := after(place, reconcile.PAIRS_AT_ONCE):
            for pair in pairs:
                act(pair)
            place = pairs[-1].id
            self.desk.move_cursor(name, f"{place:016d}")
            self.check_time()
        self.desk.clear_cursor(name)

    def connected(self) -> list[DataSource]:
        """The databases of what is synced, parents before children."""
        sources = self.desk.sources()
        return [sources[t] for t in self.tools.entity_types if t in sources]


def threads_for(requests_per_minute: int, most: int) -> int:
    """As many as it takes to use the budget though each has to wait for answers."""
    return max(1, min(most, ceil(requests_per_minute / 60 * LOOK_TAKES_S)))


def _most_urgent(errors: Sequence[BaseException]) -> BaseException:
    """Of several pauses the longest: each was remembered where it was met."""
    return max(errors, key=lambda error: (_urgency(error), _ends(error)))


def _urgency(error: BaseException) -> int:
    """Of several errors the one that says most about what to do next; what nobody foresaw comes first."""
    foreseen = (OutOfTime, Blocked, Suspended, NeedsReauth, LostLease)
    return next((rank for rank, kind in enumerate(foreseen) if isinstance(error, kind)), len(foreseen))


def _ends(error: BaseException) -> float:
    """Of several pauses the longest is kept."""
    return error.until.timestamp() if isinstance(error, Blocked) else 0.0
