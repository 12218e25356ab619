"""For the function that the schedule starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from navsync.bootstrap import aws, fresh
from navsync.bootstrap.kept import inbox_of, store_of
from navsync.config import ReconcileSettings
from navsync.inbox import Inbox
from navsync.secrets import WorkspaceSecrets
from navsync.store import Store


@dataclass(frozen=True, slots=True)
class Ticker:
    """What the schedule starts."""

    store: Store
    inbox: Inbox
    tokens: WorkspaceSecrets
    clock: Callable[[], datetime] = fresh.clock


def start(settings: ReconcileSettings) -> Ticker:
    """Tables, the queue, and the tokens of workspaces that are to be erased."""
    store = store_of(settings)
    tokens = WorkspaceSecrets(aws.vault(), prefix=settings.workspace_secret_prefix, kms_key_arn=settings.kms_key_arn)
    return Ticker(store, inbox_of(settings, store), tokens)
