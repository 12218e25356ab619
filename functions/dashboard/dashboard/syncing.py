"""Looking now: at a project, at a workspace, at chosen records."""

from __future__ import annotations

from collections.abc import Sequence
from copy import replace
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import asking
from dashboard.front import must_be_active, routes, runtime, workspace_of_path, workspaces_of
from dashboard.status import NO_WORKSPACE
from navsync import api, views, walks
from navsync.api import Call, Nothing, answers, asks
from navsync.model import EntityRef, EntityType, Lane, Work, WorkKind, Workspace
from navsync.standing import LISTED


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
        raise api.invalid(["project_id"], "the id of a project is a number")
    if wanted.project_id not in (None, project):
        raise api.invalid(["project_id"], "the body names another project than the path")
    entity = EntityRef(EntityType.MEDIA_PROJECT, str(project))
    direction = wanted.sync_direction
    work = asking.work(call, WorkKind.ENTITY, str(entity), direction=direction, thorough=True, requested=True)
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
    problems=asking.DECISION_PROBLEMS
    | {
        "nothing_chosen": (409, "The filter chooses no record."),
        "sync_runs": (
            409,
            "The same ids, or what the filter chooses, are being synced already; the detail names the run.",
        ),
    },
)
def sync_workspace(call: Call[Nothing, asks.SyncWorkspace]) -> Response[str]:
    """Reconcile one workspace now: all of it, or chosen records. GET /sync-status?run_id= tells how far it has come."""
    workspace = call.enter(workspace_of_path(call))
    asked = call.body
    must_be_active(workspace)
    if asked.ids is not None:
        work, total = _of_ids(call, workspace, asked.ids)
    elif asked.filter is not None:
        work, total = _of_filter(call, workspace, asked.filter)
    else:
        work = asking.work(call, WorkKind.SWEEP, "", lane=Lane.SWEEP, requested=True)
        return asking.accepted(call, "Reconcile requested", work, [workspace.id])
    runtime.inbox.wake(workspace.id)
    done = asking.settled_within(call.wait, [workspace.id], work)
    return asking.answered(call, f"Sync of {total} requested", [workspace.id], done)


def _of_ids(call: Call[Any, Any], workspace: Workspace, ids: Sequence[int]) -> tuple[Work, int]:
    """Put a row for each project; one of them, and how many they are."""
    projects = [str(EntityRef(EntityType.MEDIA_PROJECT, str(id))) for id in dict.fromkeys(ids)]
    first = asking.work(call, WorkKind.ENTITY, "", lane=Lane.SWEEP, thorough=True, requested=True)
    works = [replace(first, external_id=project) for project in projects]
    running = runtime.store.desk(workspace.id).put_run(works, now=runtime.clock())
    if running is not None:
        raise _runs_already(f"Run {running}")
    return first, len(works)


def _of_filter(call: Call[Any, Any], workspace: Workspace, asked: asks.SyncFilter) -> tuple[Work, int]:
    """Put the row that goes through the records of the filter, however many; and how many they are now."""
    standings = LISTED if asked.sync_status is None else views.STANDINGS[asked.sync_status]
    total = runtime.store.lists.counts(workspace.id).of(standings, asked.entity_type)
    if not total:
        raise api.Problem(HTTPStatus.CONFLICT, "nothing_chosen", "The filter chooses no record: widen it.")
    choice = walks.Choice(frozenset(standings), asked.entity_type)
    work = asking.work(call, WorkKind.CHOSEN, str(choice), lane=walks.LANE, thorough=True)
    desk, name = runtime.store.desk(workspace.id), walks.cursor_of(work.run_id)
    if not desk.begin_walk(work, name, str(walks.Walk()), total=total, now=runtime.clock()):
        running = desk.waiting(work)
        raise _runs_already("Another run" if running is None else f"Run {running.run_id}")
    return work, total


def _runs_already(run: str) -> api.Problem:
    detail = f"{run} is about the same and is not done: wait until it is."
    return api.Problem(HTTPStatus.CONFLICT, "sync_runs", detail)


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
