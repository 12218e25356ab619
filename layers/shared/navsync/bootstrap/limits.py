"""What Notion allows one connection, and what it and NavImpact allow several together."""

from __future__ import annotations

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
            store.desk(id).keep_pause(Pause(blocked.until))
