"""What Notion allows one connection, and what it and NavImpact allow several together."""

from __future__ import annotations

from copy import replace

from navsync.bootstrap.fresh import clock
from navsync.errors import Blocked
from navsync.model import Pause, Workspace
from navsync.notion import Budget
from navsync.store import DynamoDesk, Store


def budget_of(workspace: Workspace, desk: DynamoDesk, *, hurried: bool = False) -> Budget:
    """What is left of its minute."""
    return Budget(workspace.settings.requests_per_minute, clock=clock, window=desk.budget(), hurried=hurried)


def pause_sisters(store: Store, workspace: Workspace, blocked: Blocked) -> None:
    """Notion counts some limits for all connections of a workspace together; NavImpact knows us by one token."""
    ids = (
        store.directory.active_workspaces()
        if blocked.everybody
        else store.directory.workspaces_of_notion(workspace.notion_workspace_id)
    )
    for id in ids:
        if id != workspace.id:
            _prolong(store.desk(id), blocked)


def _prolong(desk: DynamoDesk, blocked: Blocked) -> None:
    """Pause a workspace as well, which keeps what its own circuit breaker has counted."""
    pause = desk.pause() or Pause(blocked.until)
    desk.keep_pause(replace(pause, until=blocked.until, by=blocked.by))
