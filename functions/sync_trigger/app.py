"""Whatever says "look at this" from outside: webhooks of both sides, and wakes that were delayed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from copy import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync import api, webhooks
from navsync.api import answers
from navsync.audit import NOBODY, AuditRow
from navsync.bootstrap import fresh
from navsync.bootstrap.sync_trigger import start
from navsync.config import TriggerSettings
from navsync.model import NAVIMPACT, DataSource, Lane, Origin, Side, Work, WorkKind, Workspace
from navsync.webhooks import Handshake, NotionEvent

logger = Logger()
runtime = start(TriggerSettings.from_env(os.environ))
routes = api.Routes(logger)
app = routes.app


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """An HTTP request, or delayed wakes from the queue."""
    if "Records" in event:
        for record in event["Records"]:
            _pass_on(json.loads(record["body"]))
        return None
    return app.resolve(event, context)


def _pass_on(delayed: dict[str, Any]) -> None:
    """Wake, or delay again: SQS delays by 15 minutes at most."""
    workspace_id, at, now = int(delayed["workspace_id"]), datetime.fromisoformat(delayed["at"]), runtime.clock()
    if at > now:
        runtime.inbox.delay(workspace_id, at, now)
    else:
        runtime.inbox.wake(workspace_id)


@app.exception_handler(webhooks.Rejected)  # type: ignore[untyped-decorator]  # Powertools does not type it
def rejected(refusal: webhooks.Rejected) -> Response[str]:
    """A webhook that is not taken: nothing was changed."""
    problem = api.Problem(HTTPStatus(refusal.status), refusal.code, f"Not taken: {refusal}.")
    return api.problem_response(problem, app.current_event.request_context.request_id)


REFUSED = {
    "malformed": (400, "The body is not what this side sends."),
    "bad_signature": (401, "The signature is missing, wrong or too old."),
    "too_large": (413, "The body is larger than any real one."),
}


@routes.opens("POST", "/webhooks/navimpact", answers=answers.Taken, status=202, problems=REFUSED)
def navimpact_webhook() -> Response[str]:
    """A NavImpact record may have changed: every workspace looks at it."""
    body = api.raw_body(app.current_event)
    secrets = runtime.signing().navimpact_webhook_secret.split()  # two, while one takes over from the other
    event = webhooks.navimpact_event(body, app.current_event.headers, secrets)
    if event is None:
        return _accepted(ignored="type")
    _check_ids(event.entity.id)
    origin = None if event.at is None else Origin(Side.NAVIMPACT, event.at)
    work = fresh.work(Lane.LIVE, WorkKind.ENTITY, str(event.entity), actor=NAVIMPACT, origin=origin)
    return _accepted(workspaces=_put(runtime.store.directory.active_workspaces(), work))


@routes.opens("POST", "/webhooks/notion", answers=answers.Taken, status=202, problems=REFUSED)
def notion_webhook() -> Response[str]:
    """A page may have changed: the workspaces whose bots can see it look at it."""
    body = api.raw_body(app.current_event)
    signature = app.current_event.headers.get("x-notion-signature", "")
    event = webhooks.notion_event(body, signature, runtime.webhook_token.live(), now=runtime.clock())
    if isinstance(event, Handshake):
        return _shake_hands(event)
    _check_ids(event.notion_workspace_id, event.page_id, *event.bots, *event.authors)
    hearing = runtime.store.hearers.of(event.notion_workspace_id, event.bots)
    taken = [work for workspace in hearing if (work := _work_for(event, workspace)) is not None]
    return _accepted(workspaces=len(taken))


def _check_ids(*ids: str | None) -> None:
    """Ids become parts of keys, which end at 1 kB: one that no sender makes is refused before the database does."""
    if not all(id is None or 0 < len(id) <= LONGEST_ID for id in ids):
        raise webhooks.Rejected("an id in it is empty or too long")


LONGEST_ID = 100
"""Characters; Notion's are 36, NavImpact's are numbers."""


def _shake_hands(offered: Handshake) -> Response[str]:
    """Anybody can sign a handshake, since it carries its own key: it is believed once, while the operator waits."""
    row = _row()
    if not runtime.webhook_token.is_awaited(now=row.at):
        _note_refused(row)
        raise webhooks.Unsigned("no handshake is awaited: run `navsync webhook arm` first")
    runtime.trail.begin(row)
    taken = runtime.webhook_token.capture(offered.token, now=row.at)
    runtime.trail.end(replace(row, status=HTTPStatus.ACCEPTED) if taken else _refused(row))
    logger.info("handshake", extra={"from": row.subject, "taken": taken})
    if not taken:
        raise webhooks.Unsigned("another handshake was quicker: run `navsync webhook arm` again")
    return _accepted(handshake="captured")


def _refused(row: AuditRow) -> AuditRow:
    return replace(row, status=webhooks.Unsigned.status, code=webhooks.Unsigned.code)


def _note_refused(row: AuditRow) -> None:
    """Only the first of a minute has a row: anybody can send them, and a flood must not fill the trail."""
    logger.warning("handshake refused: none is awaited", extra={"from": row.subject})
    if runtime.windows.count(HANDSHAKES, "refused", now=row.at) == 1:
        runtime.trail.begin(_refused(row))


HANDSHAKES = "handshakes"


def _row() -> AuditRow:
    """Of a handshake all that is known is where it comes from."""
    request = app.current_event.request_context
    return AuditRow(
        id=fresh.new_id(),
        at=runtime.clock(),
        subject=request.http.source_ip,
        role=NOBODY,
        org=None,
        route=NOTION_WEBHOOK,
        target=app.current_event.path.removeprefix(api.PREFIX),
        request_id=str(request.request_id),
    )


NOTION_WEBHOOK = "POST /webhooks/notion"


def _work_for(event: NotionEvent, workspace: Workspace) -> Work | None:
    """Put the work that *event* is to *workspace*: none for our own echo or for a page that is no row of ours."""
    is_schema = event.type == "data_source.schema_updated"
    if not (is_schema or webhooks.is_page_event(event)) or event.is_echo_of(workspace.bot_id):
        return None
    source = runtime.store.hearers.source(workspace, event.data_source_id) if event.data_source_id else None
    if is_schema:
        return _schema_work(event, workspace, source)
    if source is None and event.type not in _COULD_LEAVE:
        return None
    others = {author for author in event.authors if author != workspace.bot_id}
    actor = others.pop() if len(others) == 1 else None  # of several nobody knows which; the page names the last
    kind = source.entity_type if source else ""
    edit = webhooks.edit_of(event, source, by=actor) if source else None
    edits, origin = () if edit is None else (edit,), None if edit is None else Origin(Side.NOTION, edit.at)
    work = fresh.work(Lane.LIVE, WorkKind.PAGE, f"{kind}/{event.page_id}", actor=actor, edits=edits, origin=origin)
    runtime.inbox.put(workspace.id, work)
    return work


def _schema_work(event: NotionEvent, workspace: Workspace, source: DataSource | None) -> Work | None:
    if source is None:
        return None
    work = fresh.work(Lane.LIVE, WorkKind.SCHEMA, source.entity_type, actor=None)
    known = runtime.store.desk(workspace.id).sources()[source.entity_type]  # a column made anew has another id
    told = [f"{source.entity_type}/{name}/told" for name in webhooks.columns_of(event, known)]
    runtime.inbox.put(workspace.id, work, *(replace(work, external_id=each) for each in told))
    return work


_COULD_LEAVE = {"page.moved", "page.deleted", "page.undeleted"}
"""Events of a row of ours that may name another parent."""


def _put(workspaces: Iterable[int], work: Work) -> int:
    count = 0
    for workspace_id in workspaces:
        runtime.inbox.put(workspace_id, work)
        count += 1
    return count


def _accepted(**content: Any) -> Response[str]:
    return api.json_response(content, HTTPStatus.ACCEPTED)
