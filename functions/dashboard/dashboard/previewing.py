"""What a sync would do, asked before it does."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from dashboard import asking, pages
from dashboard.front import must_be_active, routes, runtime, workspace_of_path
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.bootstrap import fresh
from navsync.foresight import Preview, Progress
from navsync.model import Lane, WorkKind
from navsync.standing import LISTED

STOPPED = "It was stopped before its end: ask for another one."


@routes.changes(
    "POST",
    "/workspaces/{id}/preview",
    role="analyst",
    query=Nothing,
    body=asks.PreviewWorkspace,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.DECISION_PROBLEMS | {"preview_runs": (409, "Another preview of the workspace is being made.")},
)
def preview_workspace(call: Call[Nothing, asks.PreviewWorkspace]) -> Response[str]:
    """Rehearse a sync of everything, as things are or with other settings: no record, setting or log is written.

    `preview_id` is where GET shows how far it has come, and what it foresees.
    """
    workspace = call.enter(workspace_of_path(call))
    asked = call.body
    must_be_active(workspace)
    if asked.settings is not None:
        asked.settings.must_find_templates(runtime.store.templates(workspace.id).get)
    desk = runtime.store.desk(workspace.id)
    work = asking.work(call, WorkKind.PREVIEW, "", lane=Lane.BACKFILL)
    if (running := desk.waiting(work)) is not None:
        raise api.Problem(
            HTTPStatus.CONFLICT, "preview_runs", f"Preview {running.run_id} is being made: wait until it is done."
        )
    preview = Preview(
        id=int(work.run_id),
        workspace_id=workspace.id,
        asked_at=runtime.clock(),
        settings=workspace.settings if asked.settings is None else asked.settings.applied_to(workspace.settings),
        actor=call.who.subject,
        total=runtime.store.lists.counts(workspace.id).of(LISTED),
    )
    desk.previews().save(preview)
    return asking.accepted(call, "Preview requested", work, [workspace.id], preview_id=preview.id)


@routes.reads(
    "/workspaces/{id}/previews/{preview_id}", role="viewer", query=asks.PreviewQuery, answers=answers.PreviewAnswer
)
def preview(call: Call[asks.PreviewQuery, Nothing]) -> Response[str]:
    """What a sync would do, in its order, and how far the preview has come. It is kept for a day."""
    workspace, asked, id = call.may_see(workspace_of_path(call)), call.query, call.id("preview_id")
    previews = runtime.store.desk(workspace.id).previews()
    kept = None if id is None else previews.get(id)
    if kept is None:
        raise api.not_found("preview")
    first = asked.skip if asked.cursor is None else int(asked.cursor) + 1 + asked.skip
    found = previews.foreseen(kept, skip=first, limit=asked.limit)
    goes_on = str(first + len(found) - 1) if len(found) == asked.limit else None
    part = pages.Part([*enumerate(found, first)], kept.foreseen, goes_on, lambda each: str(each[0]))
    state, reason = (Progress.FAILED, STOPPED) if _was_stopped(kept) else (kept.state, kept.reason)
    shown = pages.cursor_page(part, asked, lambda each: views.foreseen(*each))
    return api.json_response(views.preview(kept, state=state, reason=reason) | shown)


def _was_stopped(kept: Preview) -> bool:
    """Whether nobody goes on with it: the workspace was disconnected meanwhile, or another one took its place."""
    if kept.state is not Progress.RUNNING:
        return False
    queued = fresh.work(Lane.BACKFILL, WorkKind.PREVIEW, "", actor=None)
    waiting = runtime.store.desk(kept.workspace_id).waiting(queued)
    return waiting is None or waiting.run_id != str(kept.id)
