"""For the function that connects workspaces."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from navsync import notion
from navsync.api import Guard
from navsync.bootstrap import aws
from navsync.bootstrap.fresh import clock, new_id
from navsync.bootstrap.kept import inbox_of, store_of
from navsync.bootstrap.limits import budget_of, pause_sisters
from navsync.config import OAuthSettings
from navsync.credentials import Tokens
from navsync.errors import NeedsReauth
from navsync.inbox import Inbox
from navsync.model import Workspace
from navsync.notion import Gateway, OAuth
from navsync.pauses import Sisters
from navsync.secrets import DeploymentSecrets, WorkspaceSecrets
from navsync.store import Store

HASTY_S = 4
"""How long a question about a new grant may take: a person waits, and API Gateway waits half a minute at most."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """What connects and disconnects workspaces."""

    store: Store
    inbox: Inbox
    tokens: WorkspaceSecrets
    oauth: Callable[[], OAuth]
    """Built at each use: the client's secret may have been put anew."""
    gateway: Callable[[Workspace, Tokens], Gateway]
    """To Notion with the tokens of a grant, which need not be kept yet, and what is left of the budget."""
    pause_sisters: Sisters
    guard: Guard
    clock: Callable[[], datetime] = clock
    new_id: Callable[[], int] = new_id
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Granted:
    """Tokens that a person has just been given."""

    tokens: Tokens

    def token(self) -> str:
        return self.tokens.access_token

    def refresh(self, dead: str) -> str:  # noqa: ARG002  # as all credentials have it
        raise NeedsReauth("Notion refuses the token that it has just given; connect the workspace again")


def start(settings: OAuthSettings) -> Connecting:
    """Clients, tables, secrets and limits of connecting."""
    client = notion.connect(settings.notion_base_url, timeout=settings.notion_timeout)
    hasty = notion.connect(settings.notion_base_url, timeout=min(HASTY_S, settings.notion_timeout))
    store = store_of(settings)
    vault = aws.vault()
    kept = DeploymentSecrets(vault)
    return Connecting(
        store=store,
        inbox=inbox_of(settings, store),
        tokens=WorkspaceSecrets(vault, prefix=settings.workspace_secret_prefix, kms_key_arn=settings.kms_key_arn),
        oauth=lambda: OAuth(
            client=client,
            client_id=settings.notion_client_id,
            client_secret=kept.oauth_client_secret(settings.notion_client_secret_arn),
            redirect_uri=settings.notion_redirect_uri,
            clock=clock,
        ),
        gateway=lambda workspace, tokens: Gateway(
            client=hasty,
            credentials=_Granted(tokens),
            budget=budget_of(workspace, store.desk(workspace.id), hurried=True),
            max_retries=1,
            clock=clock,
            sleep=time.sleep,
            chance=random.random,
            for_people=lambda: True,
        ),
        pause_sisters=partial(pause_sisters, store),
        guard=Guard(store.trail, store.windows, settings.calls_per_minute, clock, new_id),
    )
