"""What time is it for a twin?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock


class Clock:
    """Twin time: real time, moved by an offset and sped up by a rate.

    Two readings that agree on speed: `now` may be moved back by `set`, `monotonic` never goes back (a jump
    forward moves both, so that budgets refill and delays fall due).
    """

    def __init__(self, real: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._steady = steady
        self._lock = Lock()
        self._listeners: list[Callable[[], None]] = []
        self._rate = 1.0
        self._steady_anchor = steady()
        self._wall_anchor = real()
        self._monotonic_anchor = 0.0

    @property
    def rate(self) -> float:
        """Seconds of twin time in one real second."""
        return self._rate

    @property
    def offset_s(self) -> float:
        """How far twin time is ahead of real time at this moment, in seconds."""
        return self._wall() - self._real()

    def now(self) -> datetime:
        """The date and time, aware, in UTC."""
        return datetime.fromtimestamp(self._wall(), UTC)

    def monotonic(self) -> float:
        """Seconds of twin time since the start; for budgets and delays."""
        return self._monotonic_anchor + self._elapsed()

    def real_seconds(self, twin_seconds: float) -> float:
        """How long *twin_seconds* take on a real watch."""
        return twin_seconds / self._rate

    def set(self, offset_s: float, rate: float = 1.0) -> None:
        """Make it *offset_s* after real time now, and run at *rate* from here.

        Raises:
            ValueError: the rate is not positive, so time would stand still.
        """
        if rate <= 0:
            raise ValueError(f"the clock's rate must be above 0, not {rate}")
        with self._lock:
            wall, monotonic = self._wall(), self.monotonic()
            target = self._real() + offset_s
            self._monotonic_anchor = monotonic + max(0.0, target - wall)
            self._wall_anchor = target
            self._steady_anchor = self._steady()
            self._rate = rate
        for tell in tuple(self._listeners):
            tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call *listener* whenever `set` moved time; it may be called from any thread."""
        self._listeners.append(listener)

    def _elapsed(self) -> float:
        return (self._steady() - self._steady_anchor) * self._rate

    def _wall(self) -> float:
        return self._wall_anchor + self._elapsed()
