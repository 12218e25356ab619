"""When may the next request to Notion leave?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from navsync.errors import Blocked
from navsync.model import BudgetWindow

PATIENCE = timedelta(seconds=2)
"""The longest wait that is sat out in place; beyond it the work is left for later."""

STEADY_SHARE = 0.9
BACKGROUND_BURST = 0.05
PEOPLE_BURST = 0.1


class Budget:
    """Spaces the requests of one connection so that no 60 seconds, however cut, hold more than the plan allows.

    Notion counts in fixed windows whose edges we do not know, so counting windows of our own could send two full ones
    into one of theirs. This is a bucket instead: it leaks 90 % of the plan evenly, a pause lets a twentieth of a
    minute's requests out at once, and people's actions may overfill it by another twentieth. 90 + 5 + 5 is the plan.

    `BudgetWindow` is read thus: *used* requests since *started_at*, the last moment at which nothing was owed.
    Shared by the threads of a worker; *clock* gives aware times.
    """

    def __init__(
        self, requests_per_minute: int, *, clock: Callable[[], datetime], window: BudgetWindow | None = None
    ) -> None:
        self._per_minute = requests_per_minute
        self._clock = clock
        self._window = window or BudgetWindow(started_at=clock())
        self._lock = Lock()

    @property
    def window(self) -> BudgetWindow:
        """What to keep for the next invocation."""
        return self._window

    def take(self, *, for_people: bool = False) -> float:
        """Count one request and return the seconds to wait before it is sent.

        Raises:
            Blocked: the wait is longer than `PATIENCE`; nothing was counted.
        """
        with self._lock:
            now = self._clock()
            window = self._settled(now)
            wait = self._wait(window, now, PEOPLE_BURST if for_people else BACKGROUND_BURST)
            if wait > PATIENCE:
                raise Blocked(
                    "Notion's request budget is spent for now; the work goes on when it has refilled", until=now + wait
                )
            self._window = BudgetWindow(window.started_at, window.used + 1, window.blocked_until)
            return wait.total_seconds()

    def block(self, until: datetime) -> None:
        """Let nothing out before *until*: Notion said so."""
        with self._lock:
            latest = max(until, self._window.blocked_until or until)
            self._window = BudgetWindow(self._window.started_at, self._window.used, latest)

    def _settled(self, now: datetime) -> BudgetWindow:
        blocked = self._window.blocked_until
        blocked = blocked if blocked and blocked > now else None
        if self._level(self._window, now) <= 0:
            return BudgetWindow(started_at=now, blocked_until=blocked)
        return BudgetWindow(self._window.started_at, self._window.used, blocked)

    def _level(self, window: BudgetWindow, now: datetime) -> float:
        elapsed = max(0.0, (now - window.started_at).total_seconds())  # another machine's clock may be ahead
        return window.used - elapsed * self._per_second

    def _wait(self, window: BudgetWindow, now: datetime, burst: float) -> timedelta:
        overfull = self._level(window, now) + 1 - self._per_minute * burst
        paced = timedelta(seconds=max(0.0, overfull / self._per_second))
        return max(paced, window.blocked_until - now) if window.blocked_until else paced

    @property
    def _per_second(self) -> float:
        return self._per_minute * STEADY_SHARE / 60
