"""What is kept and put, as a function's settings name it."""

from __future__ import annotations

from navsync.bootstrap import aws
from navsync.config import DashboardSettings, OAuthSettings, ReconcileSettings, TriggerSettings, WorkerSettings
from navsync.inbox import Inbox
from navsync.store import Store, Tables

type Settings = DashboardSettings | OAuthSettings | ReconcileSettings | TriggerSettings | WorkerSettings


def store_of(settings: Settings) -> Store:
    """The three tables."""
    tables = Tables(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    return Store(aws.dynamodb(), tables)


def inbox_of(settings: Settings, store: Store) -> Inbox:
    """The queues; a function without the second cannot delay."""
    later = settings.later_queue_url if isinstance(settings, TriggerSettings | WorkerSettings) else None
    return Inbox(store.desk, aws.sqs(), wake_queue_url=settings.wake_queue_url, later_queue_url=later)
