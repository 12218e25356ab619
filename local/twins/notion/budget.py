"""How many requests are left in this window?"""

import math
from collections.abc import Callable
from typing import Final

from local.twins.notion import errors
from local.twins.notion.records import Bot, Workspace
from local.twins.notion.switches import Switches

WINDOW_S: Final = 60.0
PER_WINDOW: Final = {"free": 180, "plus": 180, "business": 600, "enterprise": 600}


class _Bucket:
    """A fixed window: the whole budget at any pace, then nothing until the window ends."""

    def __init__(self) -> None:
        self._window = -1
        self._used = 0

    def take(self, now: float, *, length: float, size: int, phase: float) -> tuple[int, int]:
        """(left after this request, or -1 when there was nothing left; whole seconds until the window ends)."""
        window = math.floor((now + phase) / length)
        if window != self._window:
            self._window, self._used = window, 0
        seconds = max(1, math.ceil((window + 1) * length - (now + phase)))
        if self._used >= size:
            return -1, seconds
        self._used += 1
        return size - self._used, seconds


class Budgets:
    """The budgets of all connections and workspaces, in twin time; a restart begins new windows."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def spend(self, bot: Bot, workspace: Workspace, switches: Switches) -> int:
        """Count one request and say how many are left for the connection.

        Raises:
            ApiError: 429, by the connection's budget or the one its workspace shares.
        """
        size = switches.requests_per_window or PER_WINDOW[workspace.plan]
        left = self._take(bot.id, WINDOW_S, size, "public_api_request_rate_limit")
        if (shared := switches.workspace_requests_per_window) is not None:
            reason = "public_api_space_request_rate_limit"
            self._take(workspace.id, switches.workspace_window_s, shared, reason)
        return left

    def clear(self) -> None:
        """Begin new windows."""
        self._buckets.clear()

    def _take(self, key: str, length: float, size: int, reason: str) -> int:
        # Each window starts at a moment of its own, so that no client can rely on the full minute.
        phase = int(key[:4], 16) % length
        bucket = self._buckets.setdefault(key, _Bucket())
        left, seconds = bucket.take(self._monotonic(), length=length, size=size, phase=phase)
        if left < 0:
            raise errors.rate_limited(reason, seconds)
        return left
