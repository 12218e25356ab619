"""Until when is nobody to be called, and whose calls must wait with ours?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from navsync.errors import Blocked
from navsync.model import NO_OUTAGES, Outages, Pause, Workspace
from navsync.ports import Desk

type Sisters = Callable[[Workspace, Blocked], None]
"""Pauses the other connections that share the limit: those of the same Notion workspace, or all."""


def until(desk: Desk, now: datetime) -> datetime | None:
    """When both sides may be called again; None where they may be now."""
    pause = present(desk, now)
    return None if pause is None else pause.until


def present(desk: Desk, now: datetime) -> Pause | None:
    """The pause that has not ended yet."""
    pause = desk.pause()
    return pause if pause is not None and pause.until > now else None


def keep(
    blocked: Blocked, desk: Desk, workspace: Workspace, sisters: Sisters, *, outages: Outages = NO_OUTAGES
) -> None:
    """Remember it: whoever calls next, for whatever reason, must not call before either."""
    desk.keep_pause(Pause(blocked.until, outages, blocked.by))
    if blocked.whole_workspace or blocked.everybody:
        sisters(workspace, blocked)
