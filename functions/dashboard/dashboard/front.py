"""What every topic starts from: what the function works with, its routes, and whose workspaces a call is about."""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger

from navsync import api, views
from navsync.api import Call
from navsync.bootstrap.dashboard import start
from navsync.config import DashboardSettings
from navsync.model import Workspace

logger = Logger()
runtime = start(DashboardSettings.from_env(os.environ))
routes = api.Routes(logger, runtime.guard)


def workspaces_of(call: Call[Any, Any], workspace_id: int | None = None) -> list[Workspace]:
    """The caller's workspaces, oldest first, or the one that is asked for; 404 when the caller is not in it."""
    if workspace_id is not None:
        return [call.may_see(runtime.store.desk(workspace_id).workspace())]
    known = runtime.store.directory.workspaces(call.who.org, call.who.subject)
    return [w for w in known if call.who.role_in(w) is not None]


SEVERAL_WORKSPACES = {
    "no_workspace": (400, "The caller has no workspace."),
    "several_workspaces": (400, "The caller has several: `workspaces` lists them, `workspace_id` names one."),
}


def workspace_meant(call: Call[Any, Any], workspace_id: int | None) -> Workspace:
    """The workspace that is named, or the only one of the caller's that is synced."""
    all_of_them = workspaces_of(call, workspace_id)
    mine = [each for each in all_of_them if views.is_active(each)] or all_of_them
    if not mine:
        raise api.Problem(HTTPStatus.BAD_REQUEST, "no_workspace", "No active Notion workspace found")
    if len(mine) > 1:
        choices = [{"id": each.id, "workspace_name": each.name} for each in mine]
        detail = "You have several workspaces: name one with workspace_id."
        raise api.Problem(HTTPStatus.BAD_REQUEST, "several_workspaces", detail, workspaces=choices)
    return mine[0]


def workspace_of_path(call: Call[Any, Any]) -> Workspace | None:
    """The workspace that the path names, whoever's it is."""
    id = call.id()
    return None if id is None else runtime.store.desk(id).workspace()


def entered[Found](
    call: Call[Any, Any], id: int | None, read: Callable[[int, int], Found | None], what: str
) -> tuple[Found, Workspace]:
    """What *id* names in one of the caller's workspaces, and that workspace, entered to change something in it."""
    for each in workspaces_of(call):
        found = None if id is None else read(each.id, id)
        if found is not None:
            return found, call.enter(each)
    raise api.not_found(what)


def must_be_active(workspace: Workspace) -> None:
    """Work for a workspace that is not synced would lie there until it is."""
    if not views.is_active(workspace):
        raise api.Problem(HTTPStatus.CONFLICT, "not_active", "It is paused or not connected: nothing would be done.")
