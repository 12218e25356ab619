"""Which workspaces of ours is a Notion event for, and which of their databases is it about?

Both are asked for each webhook, and both hardly ever change. So a running function remembers them: of a bot only where
to look, which the workspace itself confirms; of databases what was read within the last minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from cachetools import LRUCache, TTLCache

from navsync.model import DataSource, Workspace
from navsync.store.desk import DynamoDesk
from navsync.store.directory import Directory

MOST = 1_000
"""Bots, and workspaces, that are remembered at once."""

SOURCES_S = 60
"""For how long databases are remembered. One that is not among them is looked for at once."""


class Hearers:
    """Finds workspaces for events. Single-threaded, as functions are."""

    def __init__(
        self, directory: Directory, desk: Callable[[int], DynamoDesk], clock: Callable[[], float] = time.time
    ) -> None:
        self.directory = directory
        self.desk = desk
        self._ids = LRUCache[str, int](MOST)
        self._sources = TTLCache[int, Mapping[str, DataSource]](MOST, SOURCES_S, clock)

    def of(self, notion_workspace_id: str, bots: Sequence[str]) -> Sequence[Workspace]:
        """Active workspaces that an event is for: those of its *bots*, or all of its Notion workspace without any."""
        found = map(self._of_bot, bots) if bots else self._of_notion(notion_workspace_id)
        hearing = {w.id: w for w in found if w is not None and w.notion_workspace_id == notion_workspace_id}
        return [hearing[id] for id in sorted(hearing) if hearing[id].is_active]

    def source(self, workspace: Workspace, data_source_id: str) -> DataSource | None:
        """The database of *workspace* with that id; None: a stranger's."""
        known = self._sources.get(workspace.id, {})
        if data_source_id not in known:
            sources = self.desk(workspace.id).sources().values()
            known = self._sources[workspace.id] = {source.data_source_id: source for source in sources}
        return known.get(data_source_id)

    def _of_bot(self, bot: str) -> Workspace | None:
        """The workspace of *bot*; where it was is only a hint, for it may have been erased and connected anew since."""
        hint = self._ids.get(bot)
        workspace = None if hint is None else self.desk(hint).workspace()
        if workspace is not None:
            return workspace
        id = self.directory.workspace_of_bot(bot)
        if id is None:
            return None
        self._ids[bot] = id
        return self.desk(id).workspace()

    def _of_notion(self, notion_workspace_id: str) -> Iterable[Workspace | None]:
        return (self.desk(id).workspace() for id in self.directory.workspaces_of_notion(notion_workspace_id))
