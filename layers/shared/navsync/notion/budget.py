"""When may the next request to Notion leave?"""

from collections.abc import Callable
from copy import replace
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from navsync.errors import Blocked
from navsync.model import BudgetWindow, PausedBy

PATIENCE = timedelta(seconds=2)
"""The longest wait that is sat out in place where a turn comes sooner; beyond it the work is left for later."""

STEADY_SHARE = 0.9
BACKGROUND_BURST = 0.05
PEOPLE_BURST = 0.1

ROUNDING = timedelta(milliseconds=1)
"""By how much figures may miss the end of a pause, or a turn: nobody sleeps too short."""

SLOWER = 80
"""Percent of the pace that is kept when Notion finds it too fast; again each time it does."""
SLOWEST = 5
FASTER = timedelta(seconds=30)
"""After each the pace rises by one percent of what is configured: 80 % is made good in ten minutes."""


class Budget:
    """Spaces the requests of one connection so that no 60 seconds, however cut, hold more than the plan allows.

    Notion counts in fixed windows whose edges we do not know, so counting windows of our own could send two full ones
    into one of theirs. This is a bucket instead: it leaks 90 % of the plan evenly, a pause lets a twentieth of a
    minute's requests out at once, and people's actions may overfill it by another twentieth. 90 + 5 + 5 is the plan.

    What is configured may be more than Notion grants. When Notion finds us too fast the pace falls by a fifth and rises
    again by two percent a minute: it comes to rest just below the true limit and tries it now and then.

    *hurried*: for the few requests of a person who cannot come back later. That others were found too fast does not
    slow them; what is owed and a pause that Notion asked for hold for them, too.

    `BudgetWindow` is read thus: *used* requests since *started_at*, the last moment at which nothing was owed.
    Shared by the threads of a worker; *clock* gives aware times.
    """

    def __init__(
        self,
        requests_per_minute: int,
        *,
        clock: Callable[[], datetime],
        window: BudgetWindow | None = None,
        hurried: bool = False,
    ) -> None:
        self._per_minute = requests_per_minute
        self._clock = clock
        kept = self._reckoned(replace(window or BudgetWindow(started_at=clock()), calls=0))
        self._window = self._at(100, kept, clock(), slowed_at=None) if hurried else kept
        self._lock = Lock()

    @property
    def window(self) -> BudgetWindow:
        """What to keep for the next invocation."""
        return self._window

    def take(self, *, for_people: bool = False) -> float:
        """Count one request and return the seconds to wait before it is sent.

        Raises:
            Blocked: there is no turn to wait for in place; nothing was counted.
        """
        with self._lock:
            now = self._clock()
            window = self._settled(self._window, now)
            wait = self._wait(window, now, PEOPLE_BURST if for_people else BACKGROUND_BURST)
            if wait > self._patience(window):
                raise Blocked(
                    "Notion's request budget is spent for now; the work goes on when it has refilled",
                    until=now + wait,
                    by=PausedBy.NOTION if window.blocked_until else PausedBy.BUDGET,
                )
            self._window = replace(window, used=window.used + 1, calls=window.calls + 1)
            return wait.total_seconds()

    def check(self) -> None:
        """Raise `Blocked` where Notion has asked for a pause since the request was counted, in another thread."""
        with self._lock:
            until = self._window.blocked_until
            if until is not None and until - self._clock() > ROUNDING:
                raise Blocked("Notion asks for a pause; the work goes on when it ends", until=until)

    def block(self, until: datetime, *, too_fast: bool = False) -> None:
        """Let nothing out before *until*: Notion said so. *too_fast*: and that we ask too often."""
        with self._lock:
            now = self._clock()
            window = self._settled(self._window, now)
            # Requests that were under way together are refused together: that is one refusal.
            if too_fast and window.blocked_until is None:
                window = self._slowed(window, now)
            self._window = replace(window, blocked_until=max(until, window.blocked_until or until))

    def _reckoned(self, window: BudgetWindow) -> BudgetWindow:
        """*window*, owing what others have asked for beside it, too."""
        if window.beside_at is None:
            return window
        then = self._settled(window, window.beside_at)
        return replace(then, used=then.used + window.beside)

    def _slowed(self, window: BudgetWindow, now: datetime) -> BudgetWindow:
        return self._at(max(SLOWEST, window.percent * SLOWER // 100), window, now, slowed_at=now)

    def _at(self, percent: int, window: BudgetWindow, now: datetime, *, slowed_at: datetime | None) -> BudgetWindow:
        """*window* at another pace, with what is owed at *now* left as it is."""
        owed = max(0.0, self._level(window, now))
        after = replace(window, percent=percent, slowed_at=slowed_at, used=ceil(owed))
        return replace(after, started_at=now - timedelta(seconds=(after.used - owed) / self._per_second(after)))

    def _settled(self, window: BudgetWindow, now: datetime) -> BudgetWindow:
        """*window* as of *now*: what is over is forgotten, and the count stays right when the pace changes."""
        if window.blocked_until is not None and window.blocked_until <= now:
            window = replace(window, blocked_until=None)
        if self._level(window, now) <= 0:
            window = replace(window, started_at=now, used=0)
        return self._recovered(window, now)

    def _recovered(self, window: BudgetWindow, now: datetime) -> BudgetWindow:
        if window.slowed_at is None or now - window.slowed_at < FASTER:
            return window
        steps = (now - window.slowed_at) // FASTER
        if window.percent + steps >= 100:
            return self._at(100, window, now, slowed_at=None)
        return self._at(window.percent + steps, window, now, slowed_at=window.slowed_at + steps * FASTER)

    def _level(self, window: BudgetWindow, now: datetime) -> float:
        elapsed = max(0.0, (now - window.started_at).total_seconds())  # another machine's clock may be ahead
        return window.used - elapsed * self._per_second(window)

    def _wait(self, window: BudgetWindow, now: datetime, burst: float) -> timedelta:
        full = max(1.0, self._per_minute * window.percent / 100 * burst)
        overfull = self._level(window, now) + 1 - full
        paced = timedelta(seconds=max(0.0, overfull / self._per_second(window)))
        return max(paced, window.blocked_until - now) if window.blocked_until else paced

    def _patience(self, window: BudgetWindow) -> timedelta:
        """At a slow pace the next turn is waited for: what needs several requests would begin anew at each of them."""
        turn = timedelta(seconds=1 / self._per_second(window)) + ROUNDING
        return PATIENCE if window.blocked_until else max(PATIENCE, turn)

    def _per_second(self, window: BudgetWindow) -> float:
        return self._per_minute * window.percent / 100 * STEADY_SHARE / 60
