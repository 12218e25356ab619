"""When is a side that keeps failing left alone, and for how long?"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from navsync.model import NO_OUTAGES, Look, Outages

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

    def __init__(self, outages: Outages = NO_OUTAGES) -> None:
        self._trips, self._successes, self._failures = outages.trips, outages.successes, outages.failures
        self._latest = deque(outages.latest)

    @property
    def is_open(self) -> bool:
        """Whether it has opened and not closed since: the next failure opens it again."""
        return self._trips > 0

    @property
    def outages(self) -> Outages:
        """What to keep for the next invocation; the same again after a good look while all is well."""
        latest = tuple(self._latest)[-ENOUGH:]
        failed_lately = any(look.down for look in latest)
        return Outages(self._trips, self._successes, self._failures, latest if failed_lately else ())

    def count(self, *, down: bool, chance: float, now: datetime) -> timedelta | None:
        """Count one look. Returns how long to call nobody when it opens: twice as long each time, with full jitter."""
        self._latest.append(Look(now, down))
        while self._latest[0].at <= now - WINDOW:
            self._latest.popleft()
        if not down:
            self._failures = 0
            self._successes += 1 if self._trips else 0
            if self._successes >= CLOSES_AT:
                self._trips = self._successes = 0
            return None
        self._failures, self._successes = self._failures + 1, 0
        if self._failures < (1 if self._trips else OPENS_AT) and not self._fails_mostly():
            return None
        self._trips, self._failures = self._trips + 1, 0
        self._latest.clear()
        longest = min(SHORTEST * (1 << min(self._trips - 1, 10)), LONGEST)
        return longest / 2 + longest / 2 * chance

    def _fails_mostly(self) -> bool:
        failed = sum(look.down for look in self._latest)
        return len(self._latest) >= ENOUGH and 2 * failed >= len(self._latest)
