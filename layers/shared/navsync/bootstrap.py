"""Settings → what a function works with: the only place that builds clients."""

from __future__ import annotations

import random
import secrets as entropy
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from navsync import navimpact, notion, tokens
from navsync.conductor import Tools
from navsync.config import (
    AuthorizerSettings,
    DashboardSettings,
    OAuthSettings,
    ReconcileSettings,
    TriggerSettings,
    WorkerSettings,
)
from navsync.credentials import Credentials, Tokens
from navsync.errors import ConfigError
from navsync.inbox import Inbox
from navsync.model import Direction, EntityRef, EntityType, Lane, Work, WorkKind, Workspace
from navsync.navimpact import NavImpactSide
from navsync.notion import Budget, Gateway, NotionSide, OAuth, SetUp
from navsync.ports import Ledger
from navsync.secrets import DeploymentSecrets, NotionWebhookToken, SigningSecrets, WorkspaceSecrets
from navsync.store import DynamoDesk, Store, Tables
from navsync.tokens import Claims

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

QUICK = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
"""AWS answers in milliseconds; an API request must not hang for botocore's minute."""


def clock() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


EPOCH_MS = 1_577_836_800_000
"""2020-01-01: milliseconds since then take 41 bits until 2089."""

_sequence = count(entropy.randbelow(1 << 12))


def new_id() -> int:
    """A time-ordered id below 2^53: milliseconds, then 12 bits of a counter that starts anywhere."""
    return (time.time_ns() // 1_000_000 - EPOCH_MS) << 12 | next(_sequence) % (1 << 12)


def work(
    lane: Lane,
    kind: WorkKind,
    external_id: str,
    *,
    actor: str | None,
    direction: Direction = Direction.BOTH,
    thorough: bool = False,
) -> Work:
    """A fresh work row, due now; its id is the run's, too."""
    nonce = str(new_id())
    return Work(lane, kind, external_id, nonce, clock(), nonce, actor, direction, thorough)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What puts work."""

    store: Store
    inbox: Inbox
    signing: Callable[[], SigningSecrets]
    webhook_token: NotionWebhookToken
    clock: Callable[[], datetime] = clock


@dataclass(frozen=True, slots=True)
class Connecting:
    """What connects and disconnects workspaces."""

    store: Store
    inbox: Inbox
    tokens: WorkspaceSecrets
    oauth: Callable[[], OAuth]
    """Built at each use: the client's secret may have been put anew."""
    clock: Callable[[], datetime] = clock
    new_id: Callable[[], int] = new_id


@dataclass(frozen=True, slots=True)
class Worker:
    """What works on one workspace at a time."""

    tools: Callable[[int], Tools]
    inbox: Inbox
    clock: Callable[[], datetime] = clock


@dataclass(frozen=True, slots=True)
class Ticker:
    """What the schedule starts."""

    store: Store
    inbox: Inbox


@dataclass(frozen=True, slots=True)
class Viewer:
    """What people see."""

    store: Store
    clock: Callable[[], datetime] = clock


def authorizer(settings: AuthorizerSettings) -> Callable[[str], Claims]:
    """Bearer token → claims. The signing secret is read at the first call and again every few minutes."""
    kept = DeploymentSecrets(_vault())
    return lambda token: tokens.verify(token, kept.jwt_secret(settings.signing_secret_arn))


def oauth(settings: OAuthSettings) -> Connecting:
    """For the function that connects workspaces."""
    client = notion.connect(settings.notion_base_url, timeout=settings.notion_timeout)
    store, vault = _store(settings.workspaces_table, settings.mappings_table), _vault()
    kept = DeploymentSecrets(vault)
    return Connecting(
        store=store,
        inbox=_inbox(store, settings.wake_queue_url, None),
        tokens=WorkspaceSecrets(vault, prefix=settings.workspace_secret_prefix, kms_key_arn=settings.kms_key_arn),
        oauth=lambda: OAuth(
            client=client,
            client_id=settings.notion_client_id,
            client_secret=kept.oauth_client_secret(settings.notion_client_secret_arn),
            redirect_uri=settings.notion_redirect_uri,
            clock=clock,
        ),
    )


def trigger(settings: TriggerSettings) -> Trigger:
    """For the function that puts work."""
    store = _store(settings.workspaces_table, settings.mappings_table)
    vault = _vault()
    return Trigger(
        store=store,
        inbox=_inbox(store, settings.wake_queue_url, settings.later_queue_url),
        signing=partial(DeploymentSecrets(vault).signing, settings.signing_secret_arn),
        webhook_token=NotionWebhookToken(vault, settings.notion_webhook_secret_arn),
    )


def reconcile(settings: ReconcileSettings) -> Ticker:
    """For the function that the schedule starts."""
    store = _store(settings.workspaces_table, settings.mappings_table)
    return Ticker(store, _inbox(store, settings.wake_queue_url, None))


def dashboard(settings: DashboardSettings) -> Viewer:
    """For the function that people ask."""
    return Viewer(_store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table))


def worker(settings: WorkerSettings) -> Worker:
    """For the function that does the work; clients are made once and kept while the function stays warm."""
    if settings.navimpact_api != "contract":
        raise ConfigError("the setting NAVIMPACT_API must be contract: the platform as it runs today is not spoken yet")
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    workshop = _Workshop(settings, store)
    return Worker(workshop.tools, _inbox(store, settings.wake_queue_url, settings.later_queue_url))


class _Workshop:
    """Everything that the workspaces of one worker share."""

    def __init__(self, settings: WorkerSettings, store: Store) -> None:
        self.settings, self.store = settings, store
        vault = _vault()
        self.kept = DeploymentSecrets(vault)
        self.tokens = WorkspaceSecrets(vault, prefix=settings.workspace_secret_prefix, kms_key_arn=settings.kms_key_arn)
        self.notion = notion.connect(settings.notion_base_url, timeout=settings.notion_timeout)
        self.navimpact = NavImpactSide(
            client=navimpact.connect(settings.navimpact_base_url, timeout=settings.notion_timeout),
            token=lambda: self.kept.signing(settings.signing_secret_arn).navimpact_token,
            max_retries=settings.notion_max_retries,
            clock=clock,
            sleep=time.sleep,
            chance=random.random,
        )

    def tools(self, workspace_id: int) -> Tools:
        desk = self.store.desk(workspace_id)
        return Tools(
            desk=desk,
            ledger_of=self.store.ledger,
            notion_of=partial(self._notion_of, desk),
            navimpact=self.navimpact,
            clock=clock,
            new_id=new_id,
            jitter=random.random,
            entity_types=(EntityType.MEDIA_PROJECT,),
        )

    def _notion_of(
        self, desk: DynamoDesk, workspace: Workspace, ledger: Ledger, check_time: Callable[[], None]
    ) -> NotionSide:
        gateway = Gateway(
            client=self.notion,
            credentials=self._credentials(workspace.id),
            budget=Budget(workspace.settings.requests_per_minute, clock=clock, window=desk.budget()),
            max_retries=self.settings.notion_max_retries,
            clock=clock,
            sleep=time.sleep,
            chance=random.random,
            before_each=check_time,
        )
        return NotionSide(
            gateway=gateway,
            set_up=SetUp(gateway, workspace.bot_id, workspace.settings.parent_page_id),
            page_of=partial(_page_of, ledger),
            entity_of=partial(_entity_of, ledger),
            link_of=self._link_of,
            remember=desk.save_source,
        )

    def _credentials(self, workspace_id: int) -> Credentials:
        return Credentials(
            load=partial(self.tokens.get, workspace_id),
            store=partial(self.tokens.put, workspace_id),
            exchange=self._exchange,
        )

    def _exchange(self, refresh_token: str) -> Tokens:
        settings = self.settings
        oauth = OAuth(
            client=self.notion,
            client_id=settings.notion_client_id,
            client_secret=self.kept.oauth_client_secret(settings.notion_client_secret_arn),
            redirect_uri="",  # a refresh names none
            clock=clock,
        )
        grant = oauth.refresh(refresh_token)
        return Tokens(grant.access_token, grant.refresh_token)

    def _link_of(self, entity: EntityRef) -> str:
        return f"{self.settings.navimpact_base_url.rstrip('/')}/projects/{entity.id}"


def _page_of(ledger: Ledger, entity: EntityRef) -> str | None:
    mapping = ledger.of_entity(entity)
    return None if mapping is None else mapping.page_id


def _entity_of(ledger: Ledger, page_id: str) -> EntityRef | None:
    mapping = ledger.of_page(page_id)
    return None if mapping is None else mapping.entity


def _store(workspaces: str, mappings: str, sync_logs: str = "") -> Store:
    client = boto3.client("dynamodb", config=QUICK)
    return Store(client, Tables(workspaces, mappings, sync_logs))


def _inbox(store: Store, wake_queue_url: str, later_queue_url: str | None) -> Inbox:
    return Inbox(store.desk, _sqs(), wake_queue_url=wake_queue_url, later_queue_url=later_queue_url)


def _sqs() -> SQSClient:
    return boto3.client("sqs", config=QUICK)


def _vault() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=QUICK)
