"""When is a side that keeps failing left alone, and for how long?"""

from __future__ import annotations

from datetime import timedelta

OPENS_AT = 5
"""Failures in a row; after it has opened, the first failure of the probe opens it again."""

CLOSES_AT = 2
"""Successes in a row."""

SHORTEST = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)


class Breaker:
    """Counts outages (no answer, 5xx) of looks in a row. Limits and dead tokens are not its business."""

    def __init__(self, trips: int = 0, successes: int = 0) -> None:
        self.trips, self.successes = trips, successes
        """How often in a row it has opened, and good looks since; kept between invocations."""
        self._failures = 0

    def count(self, *, down: bool, chance: float) -> timedelta | None:
        """Count one look. Returns how long to call nobody when it opens: twice as long each time, with full jitter."""
        if not down:
            self._failures, self.successes = 0, self.successes + 1
            if self.successes >= CLOSES_AT:
                self.trips = 0
            return None
        self._failures, self.successes = self._failures + 1, 0
        if self._failures < (1 if self.trips else OPENS_AT):
            return None
        self.trips, self._failures = self.trips + 1, 0
        longest = min(SHORTEST * (1 << min(self.trips - 1, 10)), LONGEST)
        return longest / 2 + longest / 2 * chance
