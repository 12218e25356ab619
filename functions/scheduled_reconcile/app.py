"""The tick: every active workspace looks for what its webhooks missed, and those that were left are erased."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync.bootstrap import fresh
from navsync.bootstrap.scheduled_reconcile import start
from navsync.config import ReconcileSettings
from navsync.errors import SyncError
from navsync.model import SCHEDULE, Lane, WorkKind

LASTS = timedelta(seconds=30)
"""How long a tick erases; its function may run for 50 seconds."""

logger = Logger()
runtime = start(ReconcileSettings.from_env(os.environ))


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Sweep, then erase; a tick that comes twice finds the sweep already there, and the erasure further on."""
    until = runtime.clock() + LASTS
    workspaces = runtime.store.directory.active_workspaces()
    failures = [*_each(_sweep, workspaces), *_each(_begin_to_erase, runtime.store.erasures.due(runtime.clock()))]
    begun = runtime.store.erasures.begun()
    failures += _each(partial(_erase, until=until), begun)
    if failures:
        raise ExceptionGroup("some workspaces were not woken or not erased; the next tick tries again", failures)
    logger.info("tick", extra={"workspaces": len(workspaces), "erasing": len(begun)})
    return {"workspaces": len(workspaces)}


def _each(do: Callable[[int], None], workspaces: Iterable[int]) -> list[Exception]:
    """*do* it to each; the workspaces behind one that fails are not to wait for it."""
    failures: list[Exception] = []
    for workspace_id in workspaces:
        try:
            do(workspace_id)
        except SyncError as failure:
            failures.append(failure)
    return failures


def _sweep(workspace_id: int) -> None:
    runtime.inbox.put(workspace_id, fresh.work(Lane.SWEEP, WorkKind.SWEEP, "", actor=SCHEDULE))


def _begin_to_erase(workspace_id: int) -> None:
    """Unless somebody connects it again at this moment: then it is saved after we read it, and `begin` refuses."""
    workspace = runtime.store.desk(workspace_id).workspace()
    if workspace is not None and workspace.erase_at is not None and workspace.erase_at <= runtime.clock():
        runtime.store.erasures.begin(workspace, now=runtime.clock())


def _erase(workspace_id: int, *, until: datetime) -> None:
    """What was begun, here or by a person's request that died. Tokens that are gone already are gone."""
    now = runtime.clock()
    runtime.tokens.delete(workspace_id)
    runtime.store.erasures.go_on(workspace_id, now=now, has_time=lambda: runtime.clock() < until)
