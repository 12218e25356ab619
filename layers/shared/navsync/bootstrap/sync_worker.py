"""For the function that does the work; clients are made once and kept while the function stays warm."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial

from navsync import connection, navimpact, notion, pairing
from navsync.bootstrap import aws
from navsync.bootstrap.fresh import clock, new_id
from navsync.bootstrap.kept import inbox_of, store_of
from navsync.bootstrap.limits import budget_of, pause_sisters
from navsync.conductor import NotionWorkspace, Tools
from navsync.config import WorkerSettings
from navsync.credentials import Credentials, Tokens
from navsync.errors import ConfigError, Forbidden, OutOfBlocks
from navsync.inbox import Inbox
from navsync.model import Capabilities, EntityRef, Lane, Work, WorkKind, Workspace
from navsync.navimpact import NavImpactSide
from navsync.notion import Gateway, NotionSide, OAuth, SetUp
from navsync.ports import Ledger
from navsync.secrets import DeploymentSecrets, WorkspaceSecrets
from navsync.standing import project_of
from navsync.store import DynamoDesk, Store
from navsync.templates import PageStart

LOOKED_LATELY = timedelta(hours=1)
"""What the connection may do is not asked for again because of every refusal."""

MOST_THREADS = 6
"""What 600 requests a minute ask for; httpx and botocore keep connections for more."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What works on one workspace at a time."""

    tools: Callable[[int], Tools]
    inbox: Inbox
    clock: Callable[[], datetime] = clock


def start(settings: WorkerSettings) -> Worker:
    """Tools for any workspace, and the queues. Raises `ConfigError` for an API of NavImpact that is not spoken."""
    if settings.navimpact_api != "contract":
        raise ConfigError("the setting NAVIMPACT_API must be contract: the platform as it runs today is not spoken yet")
    store = store_of(settings)
    workshop = _Workshop(settings, store)
    return Worker(workshop.tools, inbox_of(settings, store))


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
        vault = aws.vault()
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
            pause_sisters=partial(pause_sisters, self.store),
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
            budget=budget_of(workspace, desk),
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
            entity_of=partial(pairing.entity_of, ledger),
            link_of=partial(self._link_of, ledger),
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

    def _link_of(self, ledger: Ledger, entity: EntityRef) -> str:
        """NavImpact shows a record on the page of its project."""
        mapping = ledger.of_entity(entity)
        project = None if mapping is None else project_of(mapping)
        home = self.settings.navimpact_base_url.rstrip("/")
        return home if project is None else f"{home}/projects/{project}"


def _look_at_connection(desk: DynamoDesk, side: NotionWorkspace) -> None:
    if isinstance(side, NotionSide):
        desk.keep_capabilities(notion.capabilities_of(side.gateway, now=clock()))


def _was_forbidden(desk: DynamoDesk, error: Forbidden) -> None:
    """Show at once that the blocks are used up; whatever else was forbidden is asked for at the next sweep."""
    known = desk.capabilities() or Capabilities(clock())
    if isinstance(error, OutOfBlocks):
        desk.keep_capabilities(replace(known, out_of_blocks_since=known.out_of_blocks_since or clock()))
    elif clock() - known.checked_at > LOOKED_LATELY:
        desk.clear_cursor(connection.CURSOR)


def _page_of(ledger: Ledger, entity: EntityRef) -> str | None:
    mapping = ledger.of_entity(entity)
    return None if mapping is None else mapping.page_id


def _title_of(ledger: Ledger, entity: EntityRef) -> str | None:
    mapping = ledger.of_entity(entity)
    return None if mapping is None else mapping.title
