"""How is everything that NavSync keeps of a workspace removed, though whoever removes it may die at any moment?

First the workspace becomes unknown to everybody, in one transaction that also notes that its items are still there.
Then these are removed, by whoever has time; the lease goes first, so that a worker in the middle of a slice stops. The
note goes last, when every worker and every delayed wake that knew the workspace is over: what they still write is
removed, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import batched, chain

from navsync.audit import trail_of_workspace
from navsync.errors import StaleMapping
from navsync.model import Workspace
from navsync.store import keys
from navsync.store.dynamo import Dynamo, Item, Key, Step, delete, put, when
from navsync.store.keys import Tables

LATE = timedelta(minutes=20)
"""Longer than a worker may run after a wake that was delayed as long as SQS delays."""

AT_ONCE = 8
"""Deletions side by side. Batches would be faster, but who may send them may also write."""

ROUND = 200


class Erasures:
    """Removes workspaces."""

    def __init__(self, dynamo: Dynamo, tables: Tables) -> None:
        self.dynamo = dynamo
        self.tables = tables

    def begin(self, workspace: Workspace, *, now: datetime) -> None:
        """Make *workspace* unknown; `go_on` removes what there is of it. Raises `StaleMapping` when it was changed."""
        table, partition = self.tables.workspaces, keys.partition(workspace.id)
        changed = StaleMapping("the workspace has been changed by somebody else since; read it again")
        same = when("#version = :version", version=workspace.version)
        note = {"pk": keys.DIRECTORY, "sk": partition, "workspace_id": workspace.id, "synced": False}
        self.dynamo.transact(
            [
                Step(delete(table, keys.within(workspace.id, keys.PROFILE), same), changed),
                Step(delete(table, keys.bot_route(workspace.bot_id))),
                Step(delete(table, {"pk": keys.notion_partition(workspace.notion_workspace_id), "sk": partition})),
                *(
                    Step(delete(table, {"pk": of, "sk": partition}))
                    for of in keys.callers(workspace.org, workspace.members)
                ),
                Step(put(table, note | {"erasing_since": keys.moment(now)})),
            ]
        )

    def due(self, now: datetime) -> Sequence[int]:
        """Workspaces that were disconnected so long ago that they are to be erased."""
        text = keys.moment(now)
        return [row["workspace_id"] for row in self._directory() if "erase_at" in row and row["erase_at"] <= text]

    def begun(self) -> Sequence[int]:
        """Workspaces whose erasure has begun and is not over."""
        return [row["workspace_id"] for row in self._directory() if "erasing_since" in row]

    def go_on(self, workspace_id: int, *, now: datetime, has_time: Callable[[], bool]) -> bool:
        """Remove what there is of it while there is time; whether nothing was left."""
        for some in batched(self._left(workspace_id), ROUND, strict=False):
            if not has_time():
                return False
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda found: self.dynamo.delete(*found), some))
        self._forget(workspace_id, now)
        return True

    def _left(self, workspace_id: int) -> Iterator[tuple[str, Key]]:
        own = keys.partition(workspace_id)
        places = [
            (self.tables.workspaces, own),
            (self.tables.mappings, own),
            (self.tables.sync_logs, own),
            (self.tables.sync_logs, trail_of_workspace(workspace_id)),
        ]
        return chain.from_iterable(self._keys(table, partition) for table, partition in places)

    def _keys(self, table: str, partition: str) -> Iterator[tuple[str, Key]]:
        found = self.dynamo.query(table, when("#pk = :pk", pk=partition), ProjectionExpression="pk, sk")
        return ((table, {"pk": item["pk"], "sk": item["sk"]}) for item in found)

    def _forget(self, workspace_id: int, now: datetime) -> None:
        key = {"pk": keys.DIRECTORY, "sk": keys.partition(workspace_id)}
        row = self.dynamo.get(self.tables.workspaces, key)
        if row is not None and row["erasing_since"] <= keys.moment(now - LATE):
            self.dynamo.delete(self.tables.workspaces, key)

    def _directory(self) -> Iterator[Item]:
        return self.dynamo.query(self.tables.workspaces, when("#pk = :pk", pk=keys.DIRECTORY))
