"""Workspaces: which there are, and what an admin sets."""

from __future__ import annotations

from copy import replace
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from dashboard import asking, pages
from dashboard.front import routes, runtime, workspace_of_path, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import SCHEDULE, Connection, Lane, WorkKind, Workspace


@routes.reads(
    "/workspaces", role="viewer", query=asks.WorkspaceQuery, answers=answers.CursorPage[answers.WorkspaceAnswer]
)
def workspaces(call: Call[asks.WorkspaceQuery, Nothing]) -> Response[str]:
    """The caller's workspaces, oldest first."""
    asked = call.query
    found = [w for w in workspaces_of(call) if _takes(asked, w)]
    behind = [w for w in found if asked.cursor is None or w.id > int(asked.cursor)]
    last, most = asked.skip + asked.limit, len(behind)
    cursor = _place_of(behind[last - 1]) if last < most else None
    part = pages.Part(behind[asked.skip : last], len(found), cursor, _place_of)
    return api.json_response(pages.cursor_page(part, asked, shown))


def _place_of(shown: Workspace) -> str:
    return str(shown.id)


def shown(workspace: Workspace) -> views.Json:
    """A workspace with what its connection may do, as every answer about it shows it."""
    return views.workspace(workspace, runtime.store.desk(workspace.id).capabilities())


def _takes(asked: asks.WorkspaceQuery, shown: Workspace) -> bool:
    named = asked.workspace_name is None or asked.workspace_name.casefold() in shown.name.casefold()
    return named and (asked.is_active is None or asked.is_active is views.is_active(shown))


@routes.reads("/workspaces/{id}", role="viewer", query=Nothing, answers=answers.WorkspaceAnswer)
def workspace(call: Call[Nothing, Nothing]) -> Response[str]:
    """One workspace."""
    return api.json_response(shown(call.may_see(workspace_of_path(call))))


@routes.changes(
    "PUT",
    "/workspaces/{id}",
    role="admin",
    query=Nothing,
    body=asks.ChangeWorkspace,
    answers=answers.WorkspaceAnswer,
    problems={"not_connected": (409, "It cannot be resumed before it is connected again.")},
)
def change_workspace(call: Call[Nothing, asks.ChangeWorkspace]) -> Response[str]:
    """Rename or pause a workspace, or change its settings."""
    before = call.enter(workspace_of_path(call))
    asked = call.body
    if asked.is_active and before.connection is not Connection.CONNECTED:
        raise api.Problem(HTTPStatus.CONFLICT, "not_connected", "Connect the workspace again first.")
    if asked.settings is not None:
        asked.settings.must_find_templates(runtime.store.templates(before.id).get)
    after = replace(
        before,
        settings=before.settings if asked.settings is None else asked.settings.applied_to(before.settings),
        name=asked.workspace_name or before.name,
        is_active=before.is_active if asked.is_active is None else asked.is_active,
        updated_at=runtime.clock(),
    )
    saved = runtime.store.desk(before.id).save_workspace(after)
    if asked.settings is not None and asked.settings.changes_rules:  # or are the same, as an earlier call died here
        runtime.inbox.put(saved.id, asking.work(call, WorkKind.RULES, "", lane=Lane.BACKFILL))
    if asked.is_active:  # what webhooks told during a pause is forgotten; who resumes has not made the edits of then
        runtime.inbox.put(saved.id, replace(asking.work(call, WorkKind.SWEEP, "", lane=Lane.SWEEP), actor=SCHEDULE))
    return api.json_response(shown(saved))
