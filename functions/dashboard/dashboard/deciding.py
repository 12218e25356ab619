"""Conflicts, deletions and second records that wait for a person, and what the person decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import asking, pages
from dashboard.attention import goes_along
from dashboard.front import entered, must_be_active, routes, runtime, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.attention import question_of
from navsync.model import Mapping, State, WorkKind, Workspace
from navsync.standing import Standing
from navsync.store import MappingFilter


@routes.reads(
    "/conflicts", role="viewer", query=asks.ConflictQuery, answers=answers.CursorPage[answers.ConflictsAnswer]
)
def conflicts(call: Call[asks.ConflictQuery, Nothing]) -> Response[str]:
    """Records whose fields were edited on both sides, with all three values, newest first."""
    return api.json_response(_waiting(call, Standing.CONFLICT, _conflicts))


_conflicts = pages.cut_to_fit(views.conflicts, partial(views.conflicts, whole=False))


@routes.changes(
    "POST",
    "/conflicts/{mapping_id}/resolve",
    role="analyst",
    query=Nothing,
    body=asks.Resolve,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.ANSWER_PROBLEMS
    | {
        "no_conflict": (409, "The field is not in conflict, or not any more."),
        "edited_anew": (409, "The field was edited since it was looked at; `conflict` tells what both sides say now."),
    },
)
def resolve(call: Call[Nothing, asks.Resolve]) -> Response[str]:
    """Let one side's value win the conflict of one field. The other value stays in the history."""
    mapping, workspace = _mapping_of_path(call)
    asked = call.body
    must_be_active(workspace)
    conflict = next((each for each in mapping.conflicts if each.field == asked.field), None)
    if conflict is None:
        raise api.Problem(HTTPStatus.CONFLICT, "no_conflict", f"{asked.field} is not in that conflict: look again.")
    if asked.version not in (None, conflict.version):
        detail = f"{asked.field} was edited since you looked, so nobody won: look at both values and choose again."
        raise api.Problem(HTTPStatus.CONFLICT, "edited_anew", detail, conflict=views.conflict(conflict))
    work = asking.work(call, WorkKind.RESOLVE, f"{mapping.id}/{asked.field}/{conflict.version}", choice=asked.winner)
    return asking.decided(call, f"{asked.field}: {asked.winner} wins", work, workspace.id)


@routes.reads("/approvals", role="viewer", query=asks.ApprovalQuery, answers=answers.CursorPage[answers.ApprovalAnswer])
def approvals(call: Call[asks.ApprovalQuery, Nothing]) -> Response[str]:
    """Deletions, and second records of rows, that wait for a person, newest first."""
    return api.json_response(_waiting(call, Standing.APPROVAL, _approval))


def _approval(shown: Mapping) -> views.Json:
    return views.approval(shown, goes_along(shown))


@routes.changes(
    "POST",
    "/approvals/{mapping_id}",
    role="analyst",
    query=Nothing,
    body=asks.Decide,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.ANSWER_PROBLEMS
    | {
        "nothing_waits": (409, "Nothing of this record waits to be approved, or not any more."),
        "asked_anew": (409, "What is asked has changed since it was looked at."),
    },
)
def decide(call: Call[Nothing, asks.Decide]) -> Response[str]:
    """Approve or reject a deletion, or a second record of a row; each says what either leads to.

    All values are in the history before anything is deleted.
    """
    mapping, workspace = _mapping_of_path(call)
    asked = call.body
    must_be_active(workspace)
    if mapping.state is not State.AWAITING_APPROVAL:
        raise api.Problem(
            HTTPStatus.CONFLICT, "nothing_waits", "Nothing of this record waits to be approved: look again."
        )
    question = question_of(mapping)
    if asked.version not in (None, question.version):
        raise api.Problem(HTTPStatus.CONFLICT, "asked_anew", "What is asked has changed since you looked: look again.")
    work = asking.work(call, WorkKind.DECIDE, f"{mapping.id}/{question.version}", choice=asked.decision)
    return asking.decided(call, f"Decision: {asked.decision}", work, workspace.id)


def _waiting[Asked: asks.ConflictQuery](
    call: Call[Asked, Nothing], standing: Standing, shown: Callable[[Mapping], views.Json]
) -> views.Json:
    asked = call.query
    mine = workspaces_of(call, asked.workspace_id)
    return pages.cursor_page(pages.mappings(mine, MappingFilter([standing], asked.entity_type), asked), asked, shown)


def _mapping_of_path(call: Call[Any, Any]) -> tuple[Mapping, Workspace]:
    """The mapping that the path names and its workspace, entered to change something."""
    return entered(call, call.id("mapping_id"), runtime.store.lists.mapping, "record")
