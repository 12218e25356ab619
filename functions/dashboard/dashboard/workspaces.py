"""Workspaces: which there are, and what an admin sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from dashboard import asking, pages
from dashboard.front import routes, runtime, workspace_of_path, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import Connection, EntityType, Lane, WorkKind, Workspace


@routes.reads("/workspaces", role="viewer", query=asks.WorkspaceQuery, answers=answers.Page[answers.WorkspaceAnswer])
def workspaces(call: Call[asks.WorkspaceQuery, Nothing]) -> Response[str]:
    """The caller's workspaces, oldest first."""
    asked = call.query
    found = [w for w in workspaces_of(call) if _takes(asked, w)]
    shown = [_shown(w) for w in found[asked.skip : asked.skip + asked.limit]]
    return api.json_response(pages.page(shown, len(found), asked))


def _shown(workspace: Workspace) -> views.Json:
    return views.workspace(workspace, runtime.store.desk(workspace.id).capabilities())


def _takes(asked: asks.WorkspaceQuery, shown: Workspace) -> bool:
    named = asked.workspace_name is None or asked.workspace_name.casefold() in shown.name.casefold()
    return named and (asked.is_active is None or asked.is_active is views.is_active(shown))


@routes.reads("/workspaces/{id}", role="viewer", query=Nothing, answers=answers.WorkspaceAnswer)
def workspace(call: Call[Nothing, Nothing]) -> Response[str]:
    """One workspace."""
    return api.json_response(_shown(call.may_see(workspace_of_path(call))))


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
        _must_have_templates(before, asked.settings.page_templates or {})
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
    if asked.is_active:  # what webhooks told during a pause is forgotten
        runtime.inbox.put(saved.id, asking.work(call, WorkKind.SWEEP, "", lane=Lane.SWEEP))
    return api.json_response(views.workspace(saved))


def _must_have_templates(workspace: Workspace, chosen: Mapping[EntityType, str]) -> None:
    for kind, name in chosen.items():
        template = runtime.store.templates(workspace.id).get(name)
        if template is None or template.entity_type is not kind:
            reason = f"there is no template {name} for a {kind.replace('_', ' ')}"
            wrong = [{"loc": ["settings", "page_templates", kind], "msg": reason}]
            raise api.Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", f"{reason.capitalize()}.", errors=wrong)
