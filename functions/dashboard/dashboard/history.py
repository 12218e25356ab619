"""What happened, with whole values, and undoing it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import asking, pages
from dashboard.front import entered, must_be_active, routes, runtime, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import EntityRef, SyncLog, WorkKind, Workspace
from navsync.store import LogFilter, keys
from navsync.undoing import Choice, SideNeeded


@routes.reads("/history", role="viewer", query=asks.HistoryQuery, answers=answers.CursorPage[answers.HistoryAnswer])
def history(call: Call[asks.HistoryQuery, Nothing]) -> Response[str]:
    """What happened, with whole values, newest first: to one record, in one run, or at all.

    The id of a record that was deleted and made again leads to all that happened to either.
    """
    asked = call.query
    mine = workspaces_of(call, asked.workspace_id)
    chosen = [(w, _of_history(w, asked)) for w in mine]
    part = pages.rows(chosen, asked)
    undone = runtime.store.lists.undone([row for row in part.items if views.can_revert(row)])

    def shown(row: SyncLog, *, whole: bool = True) -> views.Json:
        return views.history(row, undone_by=undone.get(row.id), whole=whole)

    return api.json_response(pages.cursor_page(part, asked, pages.cut_to_fit(shown, partial(shown, whole=False))))


@routes.reads(
    "/history/{log_id}/value",
    role="viewer",
    query=asks.ValueQuery,
    answers=answers.ValueAnswer,
    problems={"not_found": (404, "There is no such row, it did not change that field there, or has fewer parts.")},
)
def whole_value(call: Call[asks.ValueQuery, Nothing]) -> Response[str]:
    """One value that a row replaced, or that it wrote, in parts: whole, however long it is."""
    asked, id, now = call.query, call.id("log_id"), runtime.clock()
    read = partial(runtime.store.lists.log, now=now)
    rows = (row for w in workspaces_of(call) if id is not None and (row := read(w.id, id)) is not None)
    changes = next((row.changes for row in rows), ())
    change = next((each for each in changes if (each.field, each.side) == (asked.field, asked.side)), None)
    if change is None:
        raise api.not_found("value")
    parts = views.parts(change.old if asked.which is asks.Which.OLD else change.new)
    if asked.part > len(parts):
        raise api.not_found("part")
    return api.json_response({"part": asked.part, "parts": len(parts), "text": parts[asked.part - 1]})


def _of_history(shown: Workspace, asked: asks.HistoryQuery) -> LogFilter:
    """What is asked for, as *shown*'s log has it."""
    if asked.mapping_id is not None:
        return LogFilter(records=[keys.mapping(asked.mapping_id)], entity_type=asked.entity_type)
    if asked.entity_type is None or asked.entity_id is None:
        return LogFilter(run_id=asked.run_id, entity_type=asked.entity_type)
    entity = EntityRef(asked.entity_type, str(asked.entity_id))
    mapping = runtime.store.lists.mapping_of_entity(shown.id, entity)
    paired = [] if mapping is None else [keys.mapping(mapping.id)]
    return LogFilter(records=[keys.entity(entity), *paired])


@routes.changes(
    "POST",
    "/history/{log_id}/revert",
    role="analyst",
    query=Nothing,
    body=asks.Revert,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=asking.ANSWER_PROBLEMS
    | {
        "not_revertible": (409, "The row wrote nothing that could be written back."),
        "no_such_field": (409, "The row did not change that field."),
        "side_needed": (409, "Two edits of a field were merged: say which side's text is to come back."),
    },
)
def revert(call: Call[Nothing, asks.Revert]) -> Response[str]:
    """Undo what one row wrote: one field, the record, or the whole run it belongs to. Later edits are not undone."""
    row, workspace = _log_of_path(call)
    asked = call.body
    must_be_active(workspace)
    if asked.scope is not asks.RevertScope.RUN:
        _must_be_revertible(row, asked)
    work = asking.work(call, WorkKind.REVERT, _undone(row, asked), choice=asked.side)
    return asking.decided(call, f"Undo requested: {asked.scope}", work, workspace.id)


def _undone(row: SyncLog, asked: asks.Revert) -> str:
    match asked.scope:
        case asks.RevertScope.RUN:
            return f"run/{row.run_id}"
        case asks.RevertScope.RECORD:
            return f"record/{row.id}"
        case asks.RevertScope.FIELD:
            return f"log/{row.id}/{asked.field}"


def _must_be_revertible(row: SyncLog, asked: asks.Revert) -> None:
    if not views.can_revert(row):
        raise api.Problem(
            HTTPStatus.CONFLICT, "not_revertible", "This row wrote nothing that could be written back: choose another."
        )
    try:
        meant = Choice(asked.field, asked.side).of(row)
    except SideNeeded as error:
        detail = "Two edits were merged: say with side whose text is to come back."
        raise api.Problem(HTTPStatus.CONFLICT, "side_needed", detail) from error
    if asked.field is not None and not meant:
        raise api.Problem(HTTPStatus.CONFLICT, "no_such_field", f"This row did not change {asked.field}.")


def _log_of_path(call: Call[Any, Any]) -> tuple[SyncLog, Workspace]:
    """The row that the path names and its workspace, entered to change something."""
    return entered(call, call.id("log_id"), partial(runtime.store.lists.log, now=runtime.clock()), "row")
