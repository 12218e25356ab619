"""How often somebody called in this minute, counted where every instance of every function sees it."""

from __future__ import annotations

from datetime import datetime

from navsync.store import keys
from navsync.store.dynamo import ConditionFailedError, Dynamo
from navsync.store.keys import Tables, within

WINDOW_S = 60

MOST_WAITING = 3
"""Calls that may wait for one workspace's work at once: each keeps an instance of a function busy."""


class CallWindows:
    """A `navsync.api.Windows`. One small write for each call."""

    def __init__(self, dynamo: Dynamo, tables: Tables) -> None:
        self.dynamo = dynamo
        self.table = tables.workspaces

    def count(self, whose: str, of: str, *, now: datetime) -> int:
        """Count one more call of *whose* in *now*'s minute; how many there were with it."""
        window = int(now.timestamp()) // WINDOW_S
        item = self.dynamo.update(
            self.table,
            keys.calls(whose, of, window),
            "SET #expires_at = :expires_at ADD #n :one",
            {"one": 1, "expires_at": (window + 2) * WINDOW_S},
        )
        number: int = item["n"]
        return number


class WaitingRoom:
    """A few places for calls that wait for a workspace's work to be done."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int) -> None:
        self.dynamo = dynamo
        self.table = tables.workspaces
        self.workspace_id = workspace_id

    def sit(self, *, now: datetime, until: datetime) -> int | None:
        """Take a place until *until*; None when all are taken. One whose holder died is free when its time is over."""
        return next((place for place in range(MOST_WAITING) if self._take(place, now, until)), None)

    def leave(self, place: int) -> None:
        """Give the place back."""
        self.dynamo.delete(self.table, within(self.workspace_id, keys.waiting(place)))

    def _take(self, place: int, now: datetime, until: datetime) -> bool:
        try:
            self.dynamo.update(
                self.table,
                within(self.workspace_id, keys.waiting(place)),
                "SET #until = :until, #expires_at = :expires_at",
                {"until": keys.moment(until), "now": keys.moment(now), "expires_at": int(until.timestamp()) + WINDOW_S},
                condition="attribute_not_exists(#pk) OR #until <= :now",
            )
        except ConditionFailedError:
            return False
        return True
