"""What people see, set and decide: workspaces, status, mappings, the sync log, and what waits for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync import api, bootstrap, figures, views
from navsync import explain as explaining
from navsync.api import Call, Nothing, answers, asks
from navsync.audit import AuditRow, trail_of, trail_of_workspace
from navsync.config import DashboardSettings
from navsync.model import (
    Connection,
    Direction,
    EntityRef,
    EntityType,
    Lane,
    Mapping,
    Outcome,
    State,
    SyncLog,
    Work,
    WorkKind,
    Workspace,
)
from navsync.standing import LISTED, Standing
from navsync.store import LogFilter, MappingFilter, keys

logger = Logger()
runtime = bootstrap.dashboard(DashboardSettings.from_env(os.environ))
routes = api.Routes(logger, runtime.guard)

OPENAPI = Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
DOCS = Path(__file__).with_name("docs.html").read_text(encoding="utf-8")
"""Made from the routes of all functions, and kept the same by a test."""

RECENT = 10


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP request."""
    return routes.app.resolve(event, context)


@routes.opens("GET", "/health", answers=answers.Health)
def health() -> Response[str]:
    """Whether this deployment answers. Open to everybody, so it says nothing else."""
    return api.json_response({"status": "ok"})


PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src {api.hash_of_style(DOCS)}; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}


@routes.opens("GET", "/openapi.json", answers="application/json")
def openapi() -> Response[str]:
    """This document."""
    return Response(HTTPStatus.OK.value, "application/json", OPENAPI)


@routes.opens("GET", "/docs", answers="text/html")
def docs() -> Response[str]:
    """This document as a page."""
    return Response(HTTPStatus.OK.value, "text/html; charset=utf-8", DOCS, headers=dict(PAGE_HEADERS))


# --- workspaces -------------------------------------------------------------------------------------------------------


@routes.reads("/workspaces", role="viewer", query=asks.WorkspaceQuery, answers=answers.Page[answers.WorkspaceAnswer])
def workspaces(call: Call[asks.WorkspaceQuery, Nothing]) -> Response[str]:
    """The caller's workspaces, oldest first."""
    asked = call.query
    found = [w for w in _mine(call) if _takes(asked, w)]
    shown = [views.workspace(w) for w in found[asked.skip : asked.skip + asked.limit]]
    return api.json_response(_page(shown, len(found), asked))


def _takes(asked: asks.WorkspaceQuery, shown: Workspace) -> bool:
    named = asked.workspace_name is None or asked.workspace_name.casefold() in shown.name.casefold()
    return named and (asked.is_active is None or asked.is_active is views.is_active(shown))


@routes.reads("/workspaces/{id}", role="viewer", query=Nothing, answers=answers.WorkspaceAnswer)
def workspace(call: Call[Nothing, Nothing]) -> Response[str]:
    """One workspace."""
    shown = call.may_see(_workspace_of_path(call))
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
    before = call.enter(_workspace_of_path(call))
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


# --- status -----------------------------------------------------------------------------------------------------------

NO_WORKSPACE = {"no_workspace": (404, "The caller has no workspace that is connected and active.")}


@routes.reads(
    "/sync-status", role="viewer", query=asks.StatusQuery, answers=answers.StatusAnswer, problems=NO_WORKSPACE
)
def sync_status(call: Call[asks.StatusQuery, Nothing]) -> Response[str]:
    """How the caller's workspace stands; of several, the first one and the sums of all. With a run, how far it came."""
    return api.json_response(_status(_connected_or_404(call, call.query), call.query.run_id))


@routes.reads("/dashboard", role="viewer", query=asks.Scope, answers=answers.DashboardAnswer, problems=NO_WORKSPACE)
def dashboard(call: Call[asks.Scope, Nothing]) -> Response[str]:
    """Everything that the platform's dashboard shows, in one answer."""
    mine = _connected_or_404(call, call.query)
    recent = sorted(chain.from_iterable(_logs(w, LogFilter(), RECENT)[0] for w in mine), key=_newest_first)
    return api.json_response(
        {
            "workspaces": [views.workspace(w) for w in mine],
            "sync_status": _status(mine),
            "recent_logs": [views.log(row) for row in recent[:RECENT]],
            "sync_analytics": _sums(mine),
            "attention": _attention(mine, RECENT),
        }
    )


@routes.reads("/attention", role="viewer", query=asks.ScopedRange, answers=answers.Page[answers.AttentionAnswer])
def attention(call: Call[asks.ScopedRange, Nothing]) -> Response[str]:
    """Everything that waits for a person, with its cause and its fix."""
    asked = call.query
    mine = _mine(call, asked.workspace_id)
    items = _attention(mine, asked.skip + asked.limit)
    total = sum(_count(w, views.ATTENTION) for w in mine) + sum(len(_connection(w)) for w in mine)
    return api.json_response(_page(items[asked.skip :], total, asked))


def _status(mine: Sequence[Workspace], run_id: str | None = None) -> views.Json:
    pending = sum(_count(w, views.STANDINGS[views.SyncStatus.PENDING]) for w in mine)
    failed = sum(_count(w, views.STANDINGS[views.SyncStatus.FAILED]) for w in mine)
    is_connected = all(w.connection is Connection.CONNECTED for w in mine)
    changed = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.SUCCESS]), 1)[0] for w in mine)
    return {
        "workspace_id": mine[0].id,
        "workspace_name": mine[0].name,
        "is_connected": is_connected,
        "last_sync_at": views.moment(max((row.at for row in changed), default=None)),
        "sync_status": views.overall(
            is_connected=is_connected, being_written=sum(_count(w, [Standing.PENDING]) for w in mine)
        ),
        "total_mappings": sum(_count(w, LISTED) for w in mine),
        "pending_mappings": pending,
        "failed_mappings": failed,
        "conflicts": sum(_count(w, [Standing.CONFLICT]) for w in mine),
        "progress": _progress(mine, run_id),
        "recent_errors": _errors(mine),
    }


def _progress(mine: Sequence[Workspace], run_id: str | None) -> views.Json | None:
    """How far *run_id* has come, or everything that waits; what waits for a person is done as far as we can."""
    runs = [runtime.store.desk(w.id).run(run_id) for w in mine] if run_id else []
    left = sum(runtime.store.desk(w.id).queued(run_id) for w in mine)
    begun = [run[0] for run in runs if run is not None]
    if not left and not begun:
        return None
    settled = sum(_count(w, LISTED) - _count(w, [Standing.PENDING]) for w in mine)
    total = max(sum(begun), left) if begun else settled + left
    return views.progress(done=total - left, total=total, per_minute=sum(map(_pace, mine)))


def _pace(shown: Workspace) -> int:
    """Rows of the sync log that ended well within the last minute."""
    now = runtime.clock()
    since = LogFilter(outcomes=[Outcome.SUCCESS], since=now - timedelta(minutes=1))
    return runtime.store.lists.sync_logs(shown.id, since, now=now, limit=1).total


def _errors(mine: Sequence[Workspace]) -> list[str]:
    """Why records fail now, then what failed before, newest first."""
    now = [item["cause"] for item in _attention(mine, RECENT) if item["kind"] == "error"]
    rows = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.FAILED]), RECENT)[0] for w in mine)
    before = [row.message for row in sorted(rows, key=_newest_first) if row.message]
    return list(dict.fromkeys([*now, *before]))[:RECENT]


def _sums(mine: Sequence[Workspace]) -> views.Json:
    now = runtime.clock()
    succeeded = sum(runtime.store.lists.log_count(w.id, [Outcome.SUCCESS], now=now) for w in mine)
    failed = sum(runtime.store.lists.log_count(w.id, [Outcome.FAILED], now=now) for w in mine)
    recent = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.SUCCESS]), 100)[0] for w in mine)
    durations = [row.duration_ms for row in recent if row.duration_ms is not None]
    total = succeeded + failed
    return {
        "total_syncs": total,
        "successful_syncs": succeeded,
        "failed_syncs": failed,
        "success_rate": round(100 * succeeded / total, 1) if total else 0.0,
        "average_sync_duration_ms": round(sum(durations) / len(durations)) if durations else 0,
    }


def _attention(mine: Sequence[Workspace], limit: int) -> list[views.Json]:
    waiting = chain.from_iterable(runtime.store.lists.attention(w.id, limit=limit) for w in mine)
    ordered = sorted(waiting, key=lambda mapping: -mapping.id)
    of_records = chain.from_iterable(map(views.attention, ordered))
    return [*chain.from_iterable(map(_connection, mine)), *of_records][:limit]


def _connection(shown: Workspace) -> list[views.Json]:
    """What stops a whole workspace comes before what waits in it."""
    return views.connection(shown, runtime.store.desk(shown.id).capabilities())


def _count(shown: Workspace, standings: Iterable[Standing], entity_type: EntityType | None = None) -> int:
    return runtime.store.lists.counts(shown.id).of(tuple(standings), entity_type)


# --- lists ------------------------------------------------------------------------------------------------------------


@routes.reads(
    "/sync-mappings", role="viewer", query=asks.MappingQuery, answers=answers.CursorPage[answers.MappingAnswer]
)
def sync_mappings(call: Call[asks.MappingQuery, Nothing]) -> Response[str]:
    """Mappings, newest first."""
    asked = call.query
    mine = _mine(call, asked.workspace_id)
    if asked.sync_direction is not Direction.BOTH:
        return api.json_response(_page([], 0, asked) | {"cursor": None})  # each mapping syncs both ways
    standings = LISTED if asked.sync_status is None else views.STANDINGS[asked.sync_status]
    project = None if asked.media_project_id is None else str(asked.media_project_id)
    found, total = _mappings(mine, MappingFilter(standings, asked.entity_type, project), asked)
    sources = {id: runtime.store.desk(id).sources() for id in {mapping.workspace_id for mapping in found}}
    items = (_mapping(mapping, sources[mapping.workspace_id]) for mapping in found)
    return api.json_response(_cursor_page(items, total, asked, lambda item: f"{item['id']}", len(found)))


def _mappings(
    mine: Iterable[Workspace], chosen: MappingFilter, asked: asks.MappingQuery | asks.ConflictQuery
) -> tuple[list[Mapping], int]:
    most = asked.skip + asked.limit
    pages = [runtime.store.lists.mappings(w.id, chosen, limit=most, cursor=asked.cursor) for w in mine]
    found = sorted(chain.from_iterable(page.items for page in pages), key=lambda mapping: -mapping.id)
    return found[asked.skip : most], sum(page.total for page in pages)


def _mapping(shown: Mapping, sources: Any) -> views.Json:
    source = sources.get(shown.entity_type)
    return views.mapping(shown, database_id=source.database_id if source else None)


_OUTCOMES = {
    asks.LogStatus.SUCCESS: Outcome.SUCCESS,
    asks.LogStatus.FAILED: Outcome.FAILED,
    asks.LogStatus.PARTIAL: Outcome.STARTED,
}


@routes.reads("/sync-logs", role="viewer", query=asks.LogQuery, answers=answers.CursorPage[answers.LogAnswer])
def sync_logs(call: Call[asks.LogQuery, Nothing]) -> Response[str]:
    """The sync log, newest first."""
    asked = call.query
    chosen = LogFilter(
        outcomes=[_OUTCOMES[asked.status]] if asked.status else None,
        operations=views.OPERATIONS[asked.operation_type] if asked.operation_type else None,
        entity_type=asked.entity_type or views.ENTITY_OF.get(asked.operation_type),
        since=asked.start_date,
        until=asked.end_date,
    )
    rows, total = _history([(w, chosen) for w in _mine(call, asked.workspace_id)], asked)
    places = {row.id: keys.at_id(row) for row in rows}
    items = (views.log(row) for row in rows)
    return api.json_response(_cursor_page(items, total, asked, lambda item: places[item["id"]], len(rows)))


def _logs(shown: Workspace, chosen: LogFilter, limit: int) -> tuple[Sequence[SyncLog], int]:
    page = runtime.store.lists.sync_logs(shown.id, chosen, now=runtime.clock(), limit=limit)
    return page.items, page.total


def _newest_first(row: SyncLog) -> int:
    return -row.id


# --- conflicts --------------------------------------------------------------------------------------------------------

DECISION_PROBLEMS = {"not_active": (409, "The workspace is paused or not connected: nothing would be carried out.")}


@routes.reads(
    "/conflicts", role="viewer", query=asks.ConflictQuery, answers=answers.CursorPage[answers.ConflictsAnswer]
)
def conflicts(call: Call[asks.ConflictQuery, Nothing]) -> Response[str]:
    """Records whose fields were edited on both sides, with all three values, newest first."""
    return api.json_response(_waiting(call, Standing.CONFLICT, views.conflicts))


@routes.changes(
    "POST",
    "/conflicts/{mapping_id}/resolve",
    role="analyst",
    query=Nothing,
    body=asks.Resolve,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=DECISION_PROBLEMS | {"no_conflict": (409, "The field is not in conflict, or not any more.")},
)
def resolve(call: Call[Nothing, asks.Resolve]) -> Response[str]:
    """Let one side's value win the conflict of one field. The other value stays in the history."""
    mapping, workspace = _mapping_of_path(call)
    asked = call.body
    _must_be_active(workspace)
    conflict = next((each for each in mapping.conflicts if each.field == asked.field), None)
    if conflict is None or asked.version not in (None, conflict.version):
        raise api.Problem(HTTPStatus.CONFLICT, "no_conflict", f"{asked.field} is not in that conflict: look again.")
    work = _work(call, WorkKind.RESOLVE, f"{mapping.id}/{asked.field}/{conflict.version}", choice=asked.winner)
    return _accepted(call, f"{asked.field}: {asked.winner} wins", work, [workspace.id])


# --- approvals --------------------------------------------------------------------------------------------------------


@routes.reads("/approvals", role="viewer", query=asks.ConflictQuery, answers=answers.CursorPage[answers.ApprovalAnswer])
def approvals(call: Call[asks.ConflictQuery, Nothing]) -> Response[str]:
    """Deletions that wait for a person, newest first."""
    return api.json_response(_waiting(call, Standing.APPROVAL, views.approval))


@routes.changes(
    "POST",
    "/approvals/{mapping_id}",
    role="analyst",
    query=Nothing,
    body=asks.Decide,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=DECISION_PROBLEMS | {"nothing_waits": (409, "No deletion of this record waits, or not any more.")},
)
def decide(call: Call[Nothing, asks.Decide]) -> Response[str]:
    """Approve or reject a deletion. All values are in the history before anything is deleted."""
    mapping, workspace = _mapping_of_path(call)
    asked = call.body
    _must_be_active(workspace)
    if mapping.state is not State.AWAITING_APPROVAL:
        raise api.Problem(HTTPStatus.CONFLICT, "nothing_waits", "No deletion of this record waits: look again.")
    work = _work(call, WorkKind.DECIDE, str(mapping.id), choice=asked.decision)
    return _accepted(call, f"Deletion: {asked.decision}", work, [workspace.id])


def _waiting(
    call: Call[asks.ConflictQuery, Nothing], standing: Standing, shown: Callable[[Mapping], views.Json]
) -> views.Json:
    asked = call.query
    mine = _mine(call, asked.workspace_id)
    found, total = _mappings(mine, MappingFilter([standing], asked.entity_type), asked)
    return _cursor_page(map(shown, found), total, asked, lambda item: str(item["mapping_id"]), len(found))


def _mapping_of_path(call: Call[Any, Any]) -> tuple[Mapping, Workspace]:
    """The mapping that the path names and its workspace, entered to change something."""
    return _entered(call, call.id("mapping_id"), runtime.store.lists.mapping, "record")


def _entered[Found](
    call: Call[Any, Any], id: int | None, read: Callable[[int, int], Found | None], what: str
) -> tuple[Found, Workspace]:
    """What *id* names in one of the caller's workspaces, and that workspace, entered to change something in it."""
    for each in _mine(call):
        found = None if id is None else read(each.id, id)
        if found is not None:
            return found, call.enter(each)
    raise api.not_found(what)


# --- history ----------------------------------------------------------------------------------------------------------


@routes.reads("/history", role="viewer", query=asks.HistoryQuery, answers=answers.CursorPage[answers.HistoryAnswer])
def history(call: Call[asks.HistoryQuery, Nothing]) -> Response[str]:
    """What happened, with whole values, newest first: to one record, in one run, or at all."""
    asked = call.query
    mine = _mine(call, asked.workspace_id)
    chosen = [(w, _of_history(w, asked)) for w in mine]
    rows, total = _history(chosen, asked)
    places = {row.id: keys.at_id(row) for row in rows}
    items = (views.history(row) for row in rows)
    return api.json_response(_cursor_page(items, total, asked, lambda item: places[item["id"]], len(rows)))


def _of_history(shown: Workspace, asked: asks.HistoryQuery) -> LogFilter:
    """What is asked for, as *shown*'s log has it."""
    if asked.mapping_id is not None:
        return LogFilter(record=keys.mapping(asked.mapping_id), entity_type=asked.entity_type)
    if asked.entity_type is None or asked.entity_id is None:
        return LogFilter(run_id=asked.run_id, entity_type=asked.entity_type)
    entity = EntityRef(asked.entity_type, str(asked.entity_id))
    mapping = runtime.store.lists.mapping_of_entity(shown.id, entity)
    return LogFilter(record=keys.entity(entity) if mapping is None else keys.mapping(mapping.id))


def _history(
    chosen: Iterable[tuple[Workspace, LogFilter]], asked: asks.HistoryQuery | asks.LogQuery
) -> tuple[list[SyncLog], int]:
    now, most = runtime.clock(), asked.skip + asked.limit
    read = partial(runtime.store.lists.sync_logs, now=now, limit=most, cursor=asked.cursor)
    pages = [read(workspace.id, rows) for workspace, rows in chosen]
    rows = sorted(chain.from_iterable(page.items for page in pages), key=keys.at_id, reverse=True)
    return rows[asked.skip : most], sum(page.total for page in pages)


@routes.changes(
    "POST",
    "/history/{log_id}/revert",
    role="analyst",
    query=Nothing,
    body=asks.Revert,
    answers=answers.Accepted,
    statuses=(202, 200),
    problems=DECISION_PROBLEMS
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
    _must_be_active(workspace)
    if asked.scope is not asks.RevertScope.RUN:
        _must_be_revertible(row, asked)
    work = _work(call, WorkKind.REVERT, _undone(row, asked), choice=asked.side)
    return _accepted(call, f"Undo requested: {asked.scope}", work, [workspace.id])


def _undone(row: SyncLog, asked: asks.Revert) -> str:
    match asked.scope:
        case asks.RevertScope.RUN:
            return f"run/{row.run_id}"
        case asks.RevertScope.RECORD:
            return f"log/{row.id}"
        case asks.RevertScope.FIELD:
            return f"log/{row.id}/{asked.field}"


def _must_be_revertible(row: SyncLog, asked: asks.Revert) -> None:
    if not views.can_revert(row):
        raise api.Problem(
            HTTPStatus.CONFLICT, "not_revertible", "This row wrote nothing that could be written back: choose another."
        )
    meant = [each for each in row.changes if asked.field in (None, each.field) and asked.side in (None, each.side)]
    if asked.field is not None and not meant:
        raise api.Problem(HTTPStatus.CONFLICT, "no_such_field", f"This row did not change {asked.field}.")
    if len({each.field for each in meant}) < len(meant):
        raise api.Problem(
            HTTPStatus.CONFLICT, "side_needed", "Two edits were merged: say with side whose text is to come back."
        )


def _log_of_path(call: Call[Any, Any]) -> tuple[SyncLog, Workspace]:
    """The row that the path names and its workspace, entered to change something."""
    return _entered(call, call.id("log_id"), partial(runtime.store.lists.log, now=runtime.clock()), "row")


# --- sync now ---------------------------------------------------------------------------------------------------------


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
    work = _work(call, WorkKind.ENTITY, str(entity), direction=wanted.sync_direction, thorough=True)
    mine = [call.enter(w).id for w in _syncable(call)]
    return _accepted(call, "Sync requested", work, mine, project_id=project)


def _syncable(call: Call[Any, Any]) -> list[Workspace]:
    active = [w for w in _mine(call) if views.is_active(w)]
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
    problems=DECISION_PROBLEMS | {"nothing_chosen": (409, "The filter chooses no record.")},
)
def sync_workspace(call: Call[Nothing, asks.SyncWorkspace]) -> Response[str]:
    """Reconcile one workspace now: all of it, or chosen records. GET /sync-status?run_id= tells how far it has come."""
    workspace = call.enter(_workspace_of_path(call))
    asked = call.body
    _must_be_active(workspace)
    if asked.ids is None and asked.filter is None:
        work = _work(call, WorkKind.SWEEP, "", lane=Lane.SWEEP)
        return _accepted(call, "Reconcile requested", work, [workspace.id])
    chosen = _chosen(workspace, asked)
    if not chosen:
        raise api.Problem(HTTPStatus.CONFLICT, "nothing_chosen", "The filter chooses no record: widen it.")
    first = _work(call, *chosen[0], lane=Lane.SWEEP, thorough=True)
    works = [replace(first, kind=kind, external_id=id) for kind, id in chosen]
    runtime.store.desk(workspace.id).put_run(works, now=runtime.clock())
    runtime.inbox.wake(workspace.id)
    content = {"message": f"Sync of {len(works)} requested", "run_id": first.run_id, "workspaces": 1, "done": False}
    return api.json_response(content, HTTPStatus.ACCEPTED)


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


def _must_be_active(workspace: Workspace) -> None:
    if not views.is_active(workspace):
        raise api.Problem(HTTPStatus.CONFLICT, "not_active", "It is paused or not connected: nothing would be done.")


def _work(call: Call[Any, Any], kind: WorkKind, external_id: str, *, lane: Lane = Lane.LIVE, **more: Any) -> Work:
    work = bootstrap.work(lane, kind, external_id, actor=call.who.subject, **more)
    call.run_id = work.run_id
    return work


def _accepted(
    call: Call[Any, Any], message: str, work: Work, workspace_ids: Sequence[int], **more: Any
) -> Response[str]:
    """Put *work*, wait for it where the caller would rather, and say how far it came."""
    for workspace_id in workspace_ids:
        runtime.inbox.put(workspace_id, work)
    done = _waited(call.wait, workspace_ids, work) if call.wait else None
    content = {"message": message, "run_id": work.run_id, "workspaces": len(workspace_ids), "done": bool(done)} | more
    answer = api.json_response(content, HTTPStatus.OK if done else HTTPStatus.ACCEPTED)
    if done is not None:
        answer.headers["Preference-Applied"] = f"wait={call.wait}"
    return answer


LOOK_AGAIN_S = 0.25


def _waited(seconds: int, workspace_ids: Sequence[int], work: Work) -> bool | None:
    """Whether *work* was done within *seconds*; None: too many wait already, so this call does not."""
    now = runtime.clock()
    until = now + timedelta(seconds=seconds)
    room = runtime.store.waiting_room(workspace_ids[0])
    place = room.sit(now=now, until=until)
    if place is None:
        return None
    try:
        while (left := [id for id in workspace_ids if runtime.store.desk(id).waits(work)]) and runtime.clock() < until:
            runtime.sleep(LOOK_AGAIN_S)
        return not left
    finally:
        room.leave(place)


# --- explaining and counting ------------------------------------------------------------------------------------------


@routes.reads(
    "/explain/{entity_type}/{entity_id}",
    role="viewer",
    query=asks.Scope,
    answers=answers.Explanations,
    problems={"not_found": (404, "There is no such kind of record.")},
)
def explain(call: Call[asks.Scope, Nothing]) -> Response[str]:
    """Why a record stands as it does, in plain words. A page of Notion is asked for as `page/<its id>`."""
    read = _reader(call.path["entity_type"], call.path["entity_id"])
    items = [_explanation(w, *read(w.id)) for w in _mine(call, call.query.workspace_id)]
    return api.json_response({"items": items})


def _reader(kind: str, id: str) -> Callable[[int], tuple[Mapping | None, Work | None]]:
    """How to find in a workspace what the path names, and what would be queued for it."""
    lists = runtime.store.lists
    if kind == "page" and len(id) <= LONGEST_PAGE_ID and id.isascii():
        return lambda workspace_id: (lists.mapping_of_page(workspace_id, id), None)
    number = api.public_id(id)
    if kind not in {each.value for each in EntityType} or number is None:
        raise api.not_found("record")
    entity = EntityRef(EntityType(kind), str(number))
    queued = bootstrap.work(Lane.LIVE, WorkKind.ENTITY, str(entity), actor=None)
    return lambda workspace_id: (lists.mapping_of_entity(workspace_id, entity), queued)


LONGEST_PAGE_ID = 100


def _explanation(shown: Workspace, mapping: Mapping | None, work: Work | None) -> views.Json:
    desk = runtime.store.desk(shown.id)
    pause = desk.pause()
    told = explaining.explain(
        shown,
        mapping,
        queued=work is not None and desk.waits(work),
        blocked_until=pause.until if pause is not None and pause.until > runtime.clock() else None,
    )
    return views.explanation(shown.id, mapping, told)


DAYS_SHOWN = timedelta(days=29)


@routes.reads("/analytics", role="viewer", query=asks.FiguresQuery, answers=answers.AnalyticsAnswer)
def analytics(call: Call[asks.FiguresQuery, Nothing]) -> Response[str]:
    """What each day came to, by workspace and kind of record; `format=csv` for spreadsheets. Days are those of UTC."""
    asked = call.query
    last = asked.end_date or runtime.clock().date()
    first = asked.start_date or max(last, date.min + DAYS_SHOWN) - DAYS_SHOWN
    read = runtime.store.lists.figures
    found = chain.from_iterable(read(w.id, str(first), str(last)) for w in _mine(call, asked.workspace_id))
    rows = sorted(found, key=lambda row: (row.day, row.workspace_id, row.entity_type or ""))
    if asked.format is asks.FiguresFormat.CSV:
        return Response(HTTPStatus.OK.value, "text/csv; charset=utf-8", figures.as_csv(rows))
    return api.json_response({"items": [figures.as_row(row) for row in rows]})


# --- the audit trail --------------------------------------------------------------------------------------------------


@routes.reads("/audit", role="admin", query=asks.AuditQuery, answers=answers.CursorPage[answers.AuditAnswer])
def audit(call: Call[asks.AuditQuery, Nothing]) -> Response[str]:
    """Who did what, and who was refused, newest first: in workspaces that the caller is an admin of."""
    asked = call.query
    cursor = None if asked.cursor is None else int(asked.cursor)
    page = runtime.store.trail.rows(
        _trails(call), now=runtime.clock(), skip=asked.skip, limit=asked.limit, cursor=cursor
    )
    rows: Sequence[AuditRow] = page.items
    items = map(views.audit, rows)
    return api.json_response(_cursor_page(items, page.total, asked, lambda item: str(item["id"]), len(rows)))


def _trails(call: Call[asks.AuditQuery, Nothing]) -> list[str]:
    who, asked = call.who, call.query
    if asked.workspace_id is not None:
        chosen = who.must_be_in("admin", runtime.store.desk(asked.workspace_id).workspace())
        return [trail_of_workspace(chosen.id)]
    about_none = [trail_of(who.org, who.subject)] if who.workspaces is None else []
    return [*about_none, *(trail_of_workspace(w.id) for w in _mine(call) if who.may("admin", w))]


# --- whose ------------------------------------------------------------------------------------------------------------


def _mine(call: Call[Any, Any], workspace_id: int | None = None) -> list[Workspace]:
    if workspace_id is not None:
        return [call.may_see(runtime.store.desk(workspace_id).workspace())]
    return [w for w in runtime.store.directory.workspaces() if call.who.role_in(w) is not None]


def _connected_or_404(call: Call[Any, Any], asked: asks.Scope) -> list[Workspace]:
    mine = [w for w in _mine(call, asked.workspace_id) if w.connection is not Connection.DISCONNECTED]
    if not mine:
        raise api.Problem(HTTPStatus.NOT_FOUND, "no_workspace", "No active Notion workspace found")
    return mine


def _workspace_of_path(call: Call[Any, Any]) -> Workspace | None:
    id = call.id()
    return None if id is None else runtime.store.desk(id).workspace()


# --- parts of lists ---------------------------------------------------------------------------------------------------

LARGEST_ANSWER = 4_500_000
"""Characters: Lambda hands over 6 MB, and not every character is one byte."""


def _page(items: Sequence[views.Json], total: int, asked: asks.Range | asks.HistoryQuery) -> views.Json:
    page, pages = asked.skip // asked.limit + 1, -(-total // asked.limit)
    return {"items": items, "total": total, "page": page, "size": asked.limit, "pages": pages}


def _cursor_page(
    items: Iterable[views.Json],
    total: int,
    asked: asks.Range | asks.HistoryQuery,
    place: Callable[[views.Json], str],
    found: int,
) -> views.Json:
    """As many of *items* as fit into one answer, and where the list goes on."""
    shown = list(_fitting(items))
    goes_on = shown and (len(shown) < found or found == asked.limit)
    return _page(shown, total, asked) | {"cursor": asks.opaque(place(shown[-1])) if goes_on else None}


def _fitting(items: Iterable[views.Json]) -> Iterator[views.Json]:
    size = 0
    for item in items:
        size += api.size_of(item)
        if size > LARGEST_ANSWER and size > api.size_of(item):
            return
        yield item
