"""Whose turn is it to replace a workspace's tokens?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from navsync.store import keys
from navsync.store.dynamo import ConditionFailedError, Dynamo
from navsync.store.keys import Tables, within

LASTS = timedelta(seconds=90)
"""Longer than one request to Notion may take; then the turn of one who died is free again."""


class TokenTurn:
    """A `navsync.credentials.Turn`: one item, written conditionally."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int, clock: Callable[[], datetime]) -> None:
        self.dynamo = dynamo
        self.table = tables.workspaces
        self.key = within(workspace_id, keys.TOKENS)
        self.clock = clock
        self.owner = uuid4().hex

    def take(self) -> bool:
        """Whether it is ours now, or still (an answer may have got lost); it ends by itself if we die."""
        now = self.clock()
        values = {"owner": self.owner, "now": keys.moment(now), "until": keys.moment(now + LASTS)}
        free = "attribute_not_exists(#owner) OR #until <= :now OR #owner = :owner"
        return self._set("SET #owner = :owner, #until = :until", values, free)

    def leave(self) -> None:
        """Done with it; nothing happens when it is somebody else's by now."""
        self._set("REMOVE #owner, #until", {"owner": self.owner}, "#owner = :owner")

    def is_dead(self, mark: str) -> bool:
        """Whether Notion has refused to renew the pair of this mark."""
        item = self.dynamo.get(self.table, self.key)
        return item is not None and item.get("dead") == mark

    def bury(self, mark: str) -> None:
        """Remember that it has, so that nobody asks again."""
        self.dynamo.update(self.table, self.key, "SET #dead = :dead", {"dead": mark})

    def _set(self, text: str, values: dict[str, str], condition: str) -> bool:
        with suppress(ConditionFailedError):
            self.dynamo.update(self.table, self.key, text, values, condition=condition)
            return True
        return False
