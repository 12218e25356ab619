"""For the function that puts work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from navsync.api import Trail, Windows
from navsync.bootstrap import aws, fresh
from navsync.bootstrap.kept import inbox_of, store_of
from navsync.config import TriggerSettings
from navsync.inbox import Inbox
from navsync.secrets import DeploymentSecrets, NotionWebhookToken, SigningSecrets
from navsync.store import Store


@dataclass(frozen=True, slots=True)
class Trigger:
    """What puts work."""

    store: Store
    inbox: Inbox
    signing: Callable[[], SigningSecrets]
    webhook_token: NotionWebhookToken
    trail: Trail
    windows: Windows
    clock: Callable[[], datetime] = fresh.clock


def start(settings: TriggerSettings) -> Trigger:
    """Tables, queues and the secrets that webhooks are checked with."""
    store = store_of(settings)
    vault = aws.vault()
    return Trigger(
        store=store,
        inbox=inbox_of(settings, store),
        signing=partial(DeploymentSecrets(vault).signing, settings.signing_secret_arn),
        webhook_token=NotionWebhookToken(vault, settings.notion_webhook_secret_arn),
        trail=store.trail,
        windows=store.windows,
    )
