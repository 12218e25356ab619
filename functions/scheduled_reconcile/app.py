"""The tick: every active workspace looks for what its webhooks missed."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync import bootstrap
from navsync.config import ReconcileSettings
from navsync.errors import SyncError
from navsync.model import Lane, WorkKind

logger = Logger()
runtime = bootstrap.reconcile(ReconcileSettings.from_env(os.environ))


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Put one sweep per workspace and wake it; a tick that comes twice finds the sweep already there."""
    workspaces = runtime.store.directory.active_workspaces()
    failures: list[Exception] = []
    for workspace_id in workspaces:
        try:
            runtime.inbox.put(workspace_id, bootstrap.work(Lane.SWEEP, WorkKind.SWEEP, "", actor="schedule"))
        except SyncError as failure:  # the workspaces behind it are not to wait for this one
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some workspaces were not woken; the next tick tries again", failures)
    logger.info("tick", extra={"workspaces": len(workspaces)})
    return {"workspaces": len(workspaces)}
