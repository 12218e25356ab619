"""What Notion allows one connection, and all connections of one of its workspaces together."""

from __future__ import annotations

from navsync.bootstrap.fresh import clock
from navsync.model import Pause, Workspace
from navsync.notion import Budget
from navsync.store import DynamoDesk, Store


def budget_of(workspace: Workspace, desk: DynamoDesk, *, hurried: bool = False) -> Budget:
    """What is left of its minute."""
    return Budget(workspace.settings.requests_per_minute, clock=clock, window=desk.budget(), hurried=hurried)


def pause_sisters(store: Store, workspace: Workspace, pause: Pause) -> None:
    """Notion counts some limits for all connections of a workspace together."""
    for id in store.directory.workspaces_of_notion(workspace.notion_workspace_id):
        if id != workspace.id:
            store.desk(id).keep_pause(pause)
