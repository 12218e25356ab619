"""Connecting and disconnecting a Notion workspace, by OAuth."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets as random
from collections.abc import Iterator
from contextlib import contextmanager
from copy import replace
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync import api, connection, pauses, views
from navsync.api import Call, Nothing, answers, asks
from navsync.bootstrap import fresh
from navsync.bootstrap.oauth_callback import start
from navsync.config import OAuthSettings
from navsync.credentials import Tokens, put_in_place
from navsync.errors import Blocked, Forbidden, NotReachable, Refused, Retryable, Suspended, SyncError
from navsync.explain import STOPPED
from navsync.model import Capabilities, Connection, DataSource, Lane, Settings, WorkKind, Workspace
from navsync.notion import Gateway, capabilities_of
from navsync.notion.oauth import Grant
from navsync.store import DynamoDesk
from navsync.templates import BUILT_IN

logger = Logger()
runtime = start(OAuthSettings.from_env(os.environ))
routes = api.Routes(logger, runtime.guard)

STATE_LASTS = timedelta(minutes=10)
"""RFC 9700 asks for short; a person reads Notion's consent page meanwhile."""

CALLBACK_PAGE = Path(__file__).with_name("callback.html").read_text(encoding="utf-8")


def _hash_of(element: str) -> str:
    """How a Content-Security-Policy names the page's own inline *element*, so that no other runs."""
    _, _, begun = CALLBACK_PAGE.partition(f"<{element}>")
    inline, _, _ = begun.partition(f"</{element}>")
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


CALLBACK_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_hash_of('script')}; style-src {_hash_of('style')}; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page holds a code that opens a Notion workspace, and is given a token."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP request."""
    return routes.app.resolve(event, context)


@routes.changes("GET", "/connect", role="admin", query=Nothing, body=Nothing, answers=answers.AuthorizeUrl)
def connect(call: Call[Nothing, Nothing]) -> Response[str]:
    """Where to send the person's browser. The state is single-use and bound to this caller."""
    who = call.who
    call.begin()
    state = random.token_urlsafe(32)
    expires = runtime.clock() + STATE_LASTS
    runtime.store.directory.put_oauth_state(_digest(state), subject=who.subject, org=who.org, expires=expires)
    return api.json_response({"authorize_url": runtime.oauth().authorize_url(state)})


@routes.opens("GET", "/callback", answers="text/html")
def callback() -> Response[str]:
    """Notion sends the browser here. The page reads code and state from its own address; this function does not."""
    return Response(HTTPStatus.OK.value, "text/html; charset=utf-8", CALLBACK_PAGE, headers=dict(CALLBACK_HEADERS))


@routes.changes(
    "POST",
    "/connect-workspace",
    role="admin",
    query=Nothing,
    body=asks.ConnectWorkspace,
    answers=answers.WorkspaceAnswer,
    problems={
        "bad_state": (400, "The connection was not begun by this caller, or over 10 minutes ago."),
        "bad_code": (400, "Notion does not accept the code any more."),
        "connected_elsewhere": (409, "Another organisation has connected this Notion workspace."),
        "reaches_fewer": (409, "The new grant does not reach all databases that are synced; they are named."),
        "notion_unavailable": (502, "Notion did not answer, or nobody is to be called for now."),
        "notion_blocked": (502, "Notion has blocked NavSync."),
    },
)
def connect_workspace(call: Call[Nothing, asks.ConnectWorkspace]) -> Response[str]:
    """Exchange the code, keep the tokens, and start set-up and the first sync.

    `settings` are of a workspace that is connected for the first time, which has no templates of its own yet; one that
    is connected again keeps what it has.
    """
    who, offered = call.who, call.body
    if offered.settings is not None:
        offered.settings.must_find_templates(BUILT_IN.get)  # it has none of its own yet
    call.begin()
    _check_state(offered.state, who)
    workspace = _connected(_exchange(offered.code), who, offered)
    work = fresh.work(Lane.LIVE, WorkKind.SETUP, "", actor=who.subject)
    call.run_id = work.run_id
    runtime.inbox.put(workspace.id, work)
    logger.info("connected", extra={"workspace_id": workspace.id})
    return api.json_response(views.workspace(workspace, _looked_at(workspace)))


def _check_state(state: str | None, who: api.Caller) -> None:
    """Without this, somebody else's Notion workspace could be slipped under the caller's organisation."""
    begun = runtime.store.directory.take_oauth_state(_digest(state), now=runtime.clock()) if state else None
    if begun is None or (begun.subject, begun.org) != (who.subject, who.org):
        raise api.Problem(
            HTTPStatus.BAD_REQUEST,
            "bad_state",
            "The connection was not begun by you, or over 10 minutes ago: begin again.",
        )


def _exchange(code: str) -> Grant:
    try:
        return runtime.oauth().exchange(code)
    except Refused as error:
        raise api.Problem(
            HTTPStatus.BAD_REQUEST, "bad_code", "Notion does not accept the code any more: begin again."
        ) from error
    except (Retryable, Forbidden, Suspended) as error:
        raise _unavailable(error) from error


def _unavailable(error: SyncError) -> api.Problem:
    if isinstance(error, Suspended):
        why = "Notion has blocked NavSync and says not to try again: ask Notion's support, then connect."
        return api.Problem(HTTPStatus.BAD_GATEWAY, "notion_blocked", why)
    why = "Notion did not answer: begin again."
    if isinstance(error, Blocked):
        why = f"{STOPPED[error.by]}: both sides are left alone until {error.until:%H:%M:%S} UTC. Begin again then."
    return api.Problem(HTTPStatus.BAD_GATEWAY, "notion_unavailable", why)


@contextmanager
def _asking(workspace: Workspace, tokens: Tokens) -> Iterator[Gateway]:
    """A way to Notion that is part of the workspace's: the worker may be the next to call, or be calling now.

    Raises:
        Blocked: there is a pause, or Notion asks for one now; then it is kept.
    """
    desk = runtime.store.desk(workspace.id)
    if (pause := pauses.present(desk, runtime.clock())) is not None:
        raise Blocked("both sides are left alone for now", until=pause.until, by=pause.by)
    gateway = runtime.gateway(workspace, tokens)
    try:
        yield gateway
    except Blocked as blocked:
        pauses.keep(blocked, desk, workspace, runtime.pause_sisters)
        raise
    finally:
        _count(gateway.budget.window.calls, desk)


def _count(requests: int, desk: DynamoDesk) -> None:
    if requests:
        desk.spend_beside(requests, runtime.clock())
        desk.count_calls(requests, runtime.clock())


def _connected(grant: Grant, who: api.Caller, offered: asks.ConnectWorkspace) -> Workspace:
    """The workspace of *grant*: tokens are kept before anything says that it is connected."""
    known = runtime.store.directory.workspace_of_bot(grant.bot_id)
    settings = Settings() if offered.settings is None else offered.settings.applied_to(Settings())
    fresh = _new_workspace(grant, who, settings)
    stored = None if known is None else runtime.store.desk(known).workspace()
    tokens = Tokens(grant.access_token, grant.refresh_token)
    if stored is not None:
        if stored.org != who.org or who.role_in(stored) is None:
            raise api.Problem(HTTPStatus.CONFLICT, "connected_elsewhere", "Another organisation has connected it.")
        who.must_be_in("admin", stored)
        if not offered.accept_fewer:
            _check_reach(stored, tokens)
    _keep(fresh.id if known is None else known, tokens)
    return runtime.store.directory.create_workspace(fresh)


def _check_reach(workspace: Workspace, tokens: Tokens) -> None:
    """Before the old grant is replaced. The new one is not revoked: Notion might take that for both."""
    sources = runtime.store.desk(workspace.id).sources().values()
    try:
        with _asking(workspace, tokens) as gateway:
            lost = [source.entity_type for source in sources if not _reaches(gateway, source)]
    except SyncError as error:
        raise _unavailable(error) from error
    if lost:
        raise api.Problem(
            HTTPStatus.CONFLICT,
            "reaches_fewer",
            "The new connection does not reach every database that is synced. Connect again and choose the page that "
            "holds them too, or send accept_fewer to go on without them; what they hold stays as it is.",
            out_of_reach=sorted(lost),
        )


def _reaches(gateway: Gateway, source: DataSource) -> bool:
    try:
        gateway.read("GET", f"data_sources/{source.data_source_id}")
    except (NotReachable, Forbidden):
        return False
    return True


def _keep(workspace_id: int, tokens: Tokens) -> None:
    turn = runtime.store.turn(workspace_id, runtime.clock)
    put_in_place(tokens, partial(runtime.tokens.put, workspace_id), turn, runtime.sleep)


def _looked_at(workspace: Workspace) -> Capabilities | None:
    """What the connection may do; None where Notion does not say, which is no reason not to connect."""
    desk, tokens = runtime.store.desk(workspace.id), runtime.tokens.get(workspace.id)
    if tokens is None:
        return None
    try:
        with _asking(workspace, tokens) as gateway:
            found = capabilities_of(gateway, now=runtime.clock())
    except SyncError as error:
        logger.warning("capabilities unknown", extra={"workspace_id": workspace.id, "reason": error.code})
        return None
    desk.keep_capabilities(found)
    desk.move_cursor(connection.CURSOR, found.checked_at.isoformat(timespec="microseconds"))
    return found


def _new_workspace(grant: Grant, who: api.Caller, settings: Settings) -> Workspace:
    now = runtime.clock()
    return Workspace(
        id=runtime.new_id(),
        notion_workspace_id=grant.workspace_id,
        name=grant.workspace_name,
        bot_id=grant.bot_id,
        org=who.org,
        created_at=now,
        updated_at=now,
        settings=settings,
        members={who.subject: "admin"},
    )


KEPT = timedelta(days=30)
"""How long a workspace that was disconnected can be connected again as if nothing had been."""


@routes.changes(
    "DELETE",
    "/workspaces/{id}",
    role="admin",
    query=asks.Disconnect,
    body=Nothing,
    answers=answers.Disconnected,
    statuses=(200, 202),
)
def disconnect(call: Call[asks.Disconnect, Nothing]) -> Response[str]:
    """Stop, revoke the grant at Notion and forget the tokens. Mappings and history stay for 30 days, or are erased."""
    id, erase = call.id(), call.query.erase
    workspace = call.enter(None if id is None else runtime.store.desk(id).workspace())
    stopped = runtime.store.desk(workspace.id).save_workspace(_stopped(workspace, erase=erase))
    _revoke(workspace)
    runtime.tokens.delete(workspace.id)
    erased = erase and _erase(call, stopped)
    logger.info("disconnected", extra={"workspace_id": workspace.id, "erase": erase, "erased": erased})
    message = "Disconnected and erased" if erased else "Disconnected"
    content = {"message": message, "erase_at": views.moment(stopped.erase_at), "erased": erased}
    return api.json_response(content, HTTPStatus.ACCEPTED if erase and not erased else HTTPStatus.OK)


def _stopped(workspace: Workspace, *, erase: bool) -> Workspace:
    """To be erased now, the tick finishes what we begin, whenever we die; disconnecting twice keeps the first day."""
    now = runtime.clock()
    erase_at = now if erase else workspace.erase_at or now + KEPT
    return replace(workspace, is_active=False, connection=Connection.DISCONNECTED, updated_at=now, erase_at=erase_at)


ERASE_FOR = timedelta(seconds=10)
"""A person waits; the ticks do what is left."""


def _erase(call: Call[Any, Any], workspace: Workspace) -> bool:
    """The workspace's audit rows go with it, so who erased it is also told where it is not about a workspace."""
    call.begin()
    now = runtime.clock()
    runtime.store.erasures.begin(workspace, now=now)
    return runtime.store.erasures.go_on(workspace.id, now=now, has_time=lambda: runtime.clock() < now + ERASE_FOR)


def _revoke(workspace: Workspace) -> None:
    tokens = runtime.tokens.get(workspace.id)
    if tokens is None:
        return
    try:
        runtime.oauth().revoke(tokens.access_token)
    except SyncError as error:  # the tokens are deleted all the same: nobody can use what nobody has
        logger.warning("not revoked", extra={"workspace_id": workspace.id, "reason": error.code})


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
