"""Looking now: at a project, at a workspace, at chosen records."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import asking
from dashboard.front import must_be_active, routes, runtime, workspace_of_path, workspaces_of
from dashboard.status import NO_WORKSPACE
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import EntityRef, EntityType, Lane, WorkKind, Workspace
from navsync.standing import LISTED
from navsync.store import MappingFilter


@routes.changes(
    "POST",
    "/sync-project/{project_id}",
    role="analyst",
    query=Nothing,
    body=asks.SyncProject,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems={"no_workspace": (400, NO_WORKSPACE["no_workspace"][1])},
)
def sync_project(call: Call[Nothing, asks.SyncProject]) -> Response[str]:
    """Look at one project now, in every workspace of the caller."""
    wanted, project = call.body, call.id("project_id")
    if project is None:
        raise api.Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "A project's id is a number.")
    if wanted.project_id not in (None, project):
        raise api.Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "The body names another project than the path.")
    entity = EntityRef(EntityType.MEDIA_PROJECT, str(project))
    work = asking.work(call, WorkKind.ENTITY, str(entity), direction=wanted.sync_direction, thorough=True)
    mine = [call.enter(w).id for w in _syncable(call)]
    return asking.accepted(call, "Sync requested", work, mine, project_id=project)


def _syncable(call: Call[Any, Any]) -> list[Workspace]:
    active = [w for w in workspaces_of(call) if views.is_active(w)]
    if not active:
        raise api.Problem(HTTPStatus.BAD_REQUEST, "no_workspace", "No active Notion workspace found")
    mine = [w for w in active if call.who.may("analyst", w)]
    if not mine:
        raise api.forbidden("analyst")
    return mine


@routes.changes(
    "POST",
    "/workspaces/{id}/sync",
    role="analyst",
    query=Nothing,
    body=asks.SyncWorkspace,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.DECISION_PROBLEMS | {"nothing_chosen": (409, "The filter chooses no record.")},
)
def sync_workspace(call: Call[Nothing, asks.SyncWorkspace]) -> Response[str]:
    """Reconcile one workspace now: all of it, or chosen records. GET /sync-status?run_id= tells how far it has come."""
    workspace = call.enter(workspace_of_path(call))
    asked = call.body
    must_be_active(workspace)
    if asked.ids is None and asked.filter is None:
        work = asking.work(call, WorkKind.SWEEP, "", lane=Lane.SWEEP)
        return asking.accepted(call, "Reconcile requested", work, [workspace.id])
    chosen = _chosen(workspace, asked)
    if not chosen:
        raise api.Problem(HTTPStatus.CONFLICT, "nothing_chosen", "The filter chooses no record: widen it.")
    first = asking.work(call, *chosen[0], lane=Lane.SWEEP, thorough=True)
    works = [replace(first, kind=kind, external_id=id) for kind, id in chosen]
    runtime.store.desk(workspace.id).put_run(works, now=runtime.clock())
    runtime.inbox.wake(workspace.id)
    content = {"message": f"Sync of {len(works)} requested", "run_id": first.run_id, "workspaces": 1, "done": False}
    return api.json_response(content, HTTPStatus.ACCEPTED)


@routes.changes(
    "POST",
    "/workspaces/{id}/setup",
    role="admin",
    query=Nothing,
    body=Nothing,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.DECISION_PROBLEMS,
)
def set_up_workspace(call: Call[Nothing, Nothing]) -> Response[str]:
    """Find or make the databases that are not known yet, then sync everything. What is known is left as it is."""
    workspace = call.enter(workspace_of_path(call))
    must_be_active(workspace)
    return asking.accepted(call, "Set-up requested", asking.work(call, WorkKind.SETUP, ""), [workspace.id])


MOST_AT_ONCE = 1_000


def _chosen(workspace: Workspace, asked: asks.SyncWorkspace) -> list[tuple[WorkKind, str]]:
    """What to look at, each once."""
    if asked.ids is not None:
        projects = (EntityRef(EntityType.MEDIA_PROJECT, str(id)) for id in dict.fromkeys(asked.ids))
        return [(WorkKind.ENTITY, str(project)) for project in projects]
    chosen = asked.filter or asks.SyncFilter()
    standings = LISTED if chosen.sync_status is None else views.STANDINGS[chosen.sync_status]
    wanted = MappingFilter(standings, chosen.entity_type)
    return [(WorkKind.MAPPING, str(id)) for id in runtime.store.lists.mapping_ids(workspace.id, wanted, MOST_AT_ONCE)]
