"""Workspaces: which there are, and what an admin sets."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from dashboard import pages
from dashboard.front import routes, runtime, workspace_of_path, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import Connection, Workspace


@routes.reads("/workspaces", role="viewer", query=asks.WorkspaceQuery, answers=answers.Page[answers.WorkspaceAnswer])
def workspaces(call: Call[asks.WorkspaceQuery, Nothing]) -> Response[str]:
    """The caller's workspaces, oldest first."""
    asked = call.query
    found = [w for w in workspaces_of(call) if _takes(asked, w)]
    shown = [views.workspace(w) for w in found[asked.skip : asked.skip + asked.limit]]
    return api.json_response(pages.page(shown, len(found), asked))


def _takes(asked: asks.WorkspaceQuery, shown: Workspace) -> bool:
    named = asked.workspace_name is None or asked.workspace_name.casefold() in shown.name.casefold()
    return named and (asked.is_active is None or asked.is_active is views.is_active(shown))


@routes.reads("/workspaces/{id}", role="viewer", query=Nothing, answers=answers.WorkspaceAnswer)
def workspace(call: Call[Nothing, Nothing]) -> Response[str]:
    """One workspace."""
    shown = call.may_see(workspace_of_path(call))
    return api.json_response(views.workspace(shown, runtime.store.desk(shown.id).capabilities()))


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
    changed = asked.settings.model_dump(exclude_none=True) if asked.settings else {}
    after = replace(
        before,
        settings=replace(before.settings, **changed),
        name=asked.workspace_name or before.name,
        is_active=before.is_active if asked.is_active is None else asked.is_active,
        updated_at=runtime.clock(),
    )
    return api.json_response(views.workspace(runtime.store.desk(before.id).save_workspace(after)))
