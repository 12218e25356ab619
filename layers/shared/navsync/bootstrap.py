"""Settings → what a function works with: the only place that builds clients."""

from __future__ import annotations

import random
import secrets as entropy
import time
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from navsync import navimpact, notion, tokens
from navsync.api import Guard, Trail, Windows
from navsync.conductor import CONNECTION, NotionWorkspace, Tools
from navsync.conductor.pauses import Sisters
from navsync.config import (
    AuthorizerSettings,
    DashboardSettings,
    OAuthSettings,
    ReconcileSettings,
    TriggerSettings,
    WorkerSettings,
)
from navsync.credentials import Credentials, Tokens
from navsync.errors import ConfigError, Forbidden, NeedsReauth, OutOfBlocks
from navsync.inbox import Inbox
from navsync.model import Capabilities, Direction, Edit, EntityRef, Lane, Origin, Pause, Work, WorkKind, Workspace
from navsync.navimpact import NavImpactSide
from navsync.notion import Budget, Gateway, NotionSide, OAuth, SetUp
from navsync.ports import Ledger
from navsync.secrets import DeploymentSecrets, NotionWebhookToken, SigningSecrets, WorkspaceSecrets
from navsync.store import DynamoDesk, Store, Tables
from navsync.templates import PageStart
from navsync.tokens import Claims, Expected, PublicKeys

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

QUICK = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
"""AWS answers in milliseconds; an API request must not hang for botocore's minute."""


HASTY_S = 4
"""How long a question about a new grant may take: a person waits, and API Gateway waits half a minute at most."""

LOOKED_LATELY = timedelta(hours=1)
"""What the connection may do is not asked for again because of every refusal."""


def clock() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


MOST_THREADS = 6
"""What 600 requests a minute ask for; httpx and botocore keep connections for more."""

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
    edit: Edit | None = None,
    origin: Origin | None = None,
    choice: str | None = None,
) -> Work:
    """A fresh work row, due now; its id is the run's, too."""
    nonce = str(new_id())
    return Work(lane, kind, external_id, nonce, clock(), nonce, actor, direction, thorough, choice, edit, origin)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What puts work."""

    store: Store
    inbox: Inbox
    signing: Callable[[], SigningSecrets]
    webhook_token: NotionWebhookToken
    trail: Trail
    windows: Windows
    clock: Callable[[], datetime] = clock


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
    tokens: WorkspaceSecrets
    clock: Callable[[], datetime] = clock


@dataclass(frozen=True, slots=True)
class Viewer:
    """What people see, set and decide."""

    store: Store
    inbox: Inbox
    guard: Guard
    clock: Callable[[], datetime] = clock
    sleep: Callable[[float], None] = time.sleep


def authorizer(settings: AuthorizerSettings) -> Callable[[str], Claims]:
    """Bearer token → claims. Secret or public keys are read at the first call and again every few minutes."""
    expected = Expected(settings.jwt_audience, settings.jwt_issuer)
    if settings.jwks_url is not None:
        return PublicKeys(settings.jwks_url, expected).verify
    kept = DeploymentSecrets(_vault())
    return lambda token: tokens.verify(token, kept.jwt_secret(settings.signing_secret_arn), expected)


def oauth(settings: OAuthSettings) -> Connecting:
    """For the function that connects workspaces."""
    client = notion.connect(settings.notion_base_url, timeout=settings.notion_timeout)
    hasty = notion.connect(settings.notion_base_url, timeout=min(HASTY_S, settings.notion_timeout))
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    vault = _vault()
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
        gateway=lambda workspace, tokens: Gateway(
            client=hasty,
            credentials=_Granted(tokens),
            budget=_budget(workspace, store.desk(workspace.id), hurried=True),
            max_retries=1,
            clock=clock,
            sleep=time.sleep,
            chance=random.random,
            for_people=lambda: True,
        ),
        pause_sisters=partial(_pause_sisters, store),
        guard=_guard(store, settings.calls_per_minute),
    )


def trigger(settings: TriggerSettings) -> Trigger:
    """For the function that puts work."""
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    vault = _vault()
    return Trigger(
        store=store,
        inbox=_inbox(store, settings.wake_queue_url, settings.later_queue_url),
        signing=partial(DeploymentSecrets(vault).signing, settings.signing_secret_arn),
        webhook_token=NotionWebhookToken(vault, settings.notion_webhook_secret_arn),
        trail=store.trail,
        windows=store.windows,
    )


def reconcile(settings: ReconcileSettings) -> Ticker:
    """For the function that the schedule starts."""
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    tokens = WorkspaceSecrets(_vault(), prefix=settings.workspace_secret_prefix, kms_key_arn=settings.kms_key_arn)
    return Ticker(store, _inbox(store, settings.wake_queue_url, None), tokens)


def dashboard(settings: DashboardSettings) -> Viewer:
    """For the function that people ask."""
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    inbox = _inbox(store, settings.wake_queue_url, None)
    return Viewer(store, inbox, _guard(store, settings.calls_per_minute))


def worker(settings: WorkerSettings) -> Worker:
    """For the function that does the work; clients are made once and kept while the function stays warm."""
    if settings.navimpact_api != "contract":
        raise ConfigError("the setting NAVIMPACT_API must be contract: the platform as it runs today is not spoken yet")
    store = _store(settings.workspaces_table, settings.mappings_table, settings.sync_logs_table)
    workshop = _Workshop(settings, store)
    return Worker(workshop.tools, _inbox(store, settings.wake_queue_url, settings.later_queue_url))


class _Serving:
    """Whose work is being done: a person's edit may use the part of the budget that is kept for people."""

    def __init__(self) -> None:
        self._is_edit = False

    def now(self, work: Work) -> None:
        """*work* comes next. Set-up comes at once too, but in numbers that would leave nothing for the first sync."""
        self._is_edit = work.lane is Lane.LIVE and work.kind not in (WorkKind.SETUP, WorkKind.SCHEMA, WorkKind.SWEEP)

    def people(self) -> bool:
        """Whether somebody waits for it."""
        return self._is_edit


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
        desk, serving = self.store.desk(workspace_id), _Serving()
        return Tools(
            desk=desk,
            ledger_of=self.store.ledger,
            notion_of=partial(self._notion_of, desk, serving),
            navimpact=self.navimpact,
            clock=clock,
            new_id=new_id,
            jitter=random.random,
            pause_sisters=partial(_pause_sisters, self.store),
            serving=serving.now,
            most_threads=MOST_THREADS,
            look_at_connection=partial(_look_at_connection, desk),
            was_forbidden=partial(_was_forbidden, desk),
        )

    def _notion_of(
        self, desk: DynamoDesk, serving: _Serving, workspace: Workspace, ledger: Ledger, check_time: Callable[[], None]
    ) -> NotionSide:
        gateway = Gateway(
            client=self.notion,
            credentials=self._credentials(workspace.id),
            budget=_budget(workspace, desk),
            max_retries=self.settings.notion_max_retries,
            clock=clock,
            sleep=time.sleep,
            chance=random.random,
            for_people=serving.people,
            before_each=check_time,
        )
        return NotionSide(
            gateway=gateway,
            set_up=SetUp(gateway, workspace.bot_id, workspace.settings.parent_page_id, workspace.settings.properties),
            page_of=partial(_page_of, ledger),
            entity_of=partial(_entity_of, ledger),
            link_of=self._link_of,
            remember=desk.save_source,
            starts_with=PageStart(
                chosen=workspace.settings.page_templates,
                template=cache(self.store.templates(workspace.id).get),
                title_of=partial(_title_of, ledger),
            ),
        )

    def _credentials(self, workspace_id: int) -> Credentials:
        return Credentials(
            load=partial(self.tokens.get, workspace_id),
            store=partial(self.tokens.put, workspace_id),
            exchange=self._exchange,
            turn=self.store.turn(workspace_id, clock),
            sleep=time.sleep,
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


def _budget(workspace: Workspace, desk: DynamoDesk, *, hurried: bool = False) -> Budget:
    return Budget(workspace.settings.requests_per_minute, clock=clock, window=desk.budget(), hurried=hurried)


def _pause_sisters(store: Store, workspace: Workspace, pause: Pause) -> None:
    """Notion counts some limits for all connections of a workspace together."""
    for id in store.directory.workspaces_of_notion(workspace.notion_workspace_id):
        if id != workspace.id:
            store.desk(id).keep_pause(pause)


def _look_at_connection(desk: DynamoDesk, side: NotionWorkspace) -> None:
    if isinstance(side, NotionSide):
        desk.keep_capabilities(notion.capabilities_of(side.gateway, now=clock()))


def _was_forbidden(desk: DynamoDesk, error: Forbidden) -> None:
    """Show at once that the blocks are used up; whatever else was forbidden is asked for at the next sweep."""
    known = desk.capabilities() or Capabilities(clock())
    if isinstance(error, OutOfBlocks):
        desk.keep_capabilities(replace(known, out_of_blocks_since=known.out_of_blocks_since or clock()))
    elif clock() - known.checked_at > LOOKED_LATELY:
        desk.clear_cursor(CONNECTION)


def _page_of(ledger: Ledger, entity: EntityRef) -> str | None:
    mapping = ledger.of_entity(entity)
    return None if mapping is None else mapping.page_id


def _title_of(ledger: Ledger, entity: EntityRef) -> str | None:
    mapping = ledger.of_entity(entity)
    return None if mapping is None else mapping.title


def _entity_of(ledger: Ledger, page_id: str) -> EntityRef | None:
    mapping = ledger.of_page(page_id)
    return None if mapping is None else mapping.entity


def _store(workspaces: str, mappings: str, sync_logs: str = "") -> Store:
    client = boto3.client("dynamodb", config=QUICK)
    return Store(client, Tables(workspaces, mappings, sync_logs))


def _guard(store: Store, per_minute: int) -> Guard:
    return Guard(store.trail, store.windows, per_minute, clock, new_id)


def _inbox(store: Store, wake_queue_url: str, later_queue_url: str | None) -> Inbox:
    return Inbox(store.desk, _sqs(), wake_queue_url=wake_queue_url, later_queue_url=later_queue_url)


def _sqs() -> SQSClient:
    return boto3.client("sqs", config=QUICK)


def _vault() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=QUICK)
