"""When is a side that keeps failing left alone, and for how long?"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

OPENS_AT = 5
"""Failures in a row; after it has opened, the first failure of the probe opens it again."""

WINDOW = timedelta(seconds=60)
ENOUGH = 20
"""So many looks in a window tell of a side that now and then answers: it is left alone where half of them failed."""

CLOSES_AT = 2
"""Successes in a row."""

SHORTEST = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)


class Breaker:
    """Counts looks that met an outage (no answer, 5xx). Limits and dead tokens are not its business."""

    def __init__(self, trips: int = 0, successes: int = 0) -> None:
        self.trips, self.successes = trips, successes
        """How often in a row it has opened, and good looks since; kept between invocations."""
        self._failures = 0
        self._latest = deque[tuple[datetime, bool]]()

    def count(self, *, down: bool, chance: float, now: datetime) -> timedelta | None:
        """Count one look. Returns how long to call nobody when it opens: twice as long each time, with full jitter."""
        self._latest.append((now, down))
        while self._latest[0][0] <= now - WINDOW:
            self._latest.popleft()
        if not down:
            self._failures, self.successes = 0, self.successes + 1
            if self.successes >= CLOSES_AT:
                self.trips = 0
            return None
        self._failures, self.successes = self._failures + 1, 0
        if self._failures < (1 if self.trips else OPENS_AT) and not self._fails_mostly():
            return None
        self.trips, self._failures = self.trips + 1, 0
        self._latest.clear()
        longest = min(SHORTEST * (1 << min(self.trips - 1, 10)), LONGEST)
        return longest / 2 + longest / 2 * chance

    def _fails_mostly(self) -> bool:
        failed = sum(down for _, down in self._latest)
        return len(self._latest) >= ENOUGH and 2 * failed >= len(self._latest)
