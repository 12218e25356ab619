"""How workspaces stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import chain
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import attention, pages, workspaces
from dashboard.front import routes, runtime, workspaces_of
from navsync import api, pauses, views, walks
from navsync import attention as waits
from navsync.api import Call, Nothing, answers, asks
from navsync.attention import Kind
from navsync.figures import is_sync
from navsync.model import Connection, Outcome, PausedBy, SyncLog, Workspace
from navsync.standing import LISTED, Standing
from navsync.store import Counts, LogFilter, keys
from navsync.store.counts import KEEP_OVERWRITTEN_DAYS

NO_WORKSPACE = {"no_workspace": (404, "The caller has no workspace that is connected and active.")}

RECENT = 10


@routes.reads(
    "/sync-status",
    role="viewer",
    query=asks.StatusQuery,
    answers=answers.StatusAnswer,
    problems=NO_WORKSPACE | {"not_found": (404, "There is no such workspace, or no run of that id.")},
)
def sync_status(call: Call[asks.StatusQuery, Nothing]) -> Response[str]:
    """How the caller's workspace stands; of several, the first one and the sums of all. With a run, how far it came."""
    mine, run_id = _connected_or_404(call, call.query), call.query.run_id
    if run_id is not None and not any(_knows(w, run_id) for w in mine):
        raise api.not_found("run")
    return api.json_response(_status(mine, run_id))


def _knows(shown: Workspace, run_id: str) -> bool:
    """Whether there was such a run: a person asked for it of late, its work waits, or the sync log tells of it."""
    desk = runtime.store.desk(shown.id)
    was_asked = desk.asked_at(run_id) is not None
    return was_asked or desk.queued(run_id) > 0 or bool(_logs(shown, LogFilter(run_id=run_id), 1)[0])


@routes.reads("/dashboard", role="viewer", query=asks.Scope, answers=answers.DashboardAnswer, problems=NO_WORKSPACE)
def dashboard(call: Call[asks.Scope, Nothing]) -> Response[str]:
    """Everything that the platform's dashboard shows, in one answer."""
    mine = _connected_or_404(call, call.query)
    recent = sorted(chain.from_iterable(_logs(w, LogFilter(), RECENT)[0] for w in mine), key=keys.at_id, reverse=True)
    return api.json_response(
        {
            "workspaces": pages.fitting(map(workspaces.shown, mine), pages.LARGEST_ANSWER // 2),
            "sync_status": _status(mine),
            "recent_logs": [views.log(row) for row in recent[:RECENT]],
            "sync_analytics": _sums(mine),
            "attention": _waiting(mine),
        }
    )


def _waiting(mine: Sequence[Workspace]) -> list[views.Json]:
    records = attention.of_records(mine, RECENT)[:RECENT]
    return [*attention.of_connections(mine), *attention.shown_one_by_one(records)][:RECENT]


def _connected_or_404(call: Call[Any, Any], asked: asks.Scope) -> list[Workspace]:
    mine = [w for w in workspaces_of(call, asked.workspace_id) if w.connection is not Connection.DISCONNECTED]
    if not mine:
        raise api.Problem(HTTPStatus.NOT_FOUND, "no_workspace", "No active Notion workspace found")
    return mine


def _status(mine: Sequence[Workspace], run_id: str | None = None) -> views.Json:
    counted = [runtime.store.lists.counts(w.id) for w in mine]
    state = views.state_of_all(mine)
    changed = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.SUCCESS]), 1)[0] for w in mine)
    return {
        "workspace_id": mine[0].id,
        "workspace_name": mine[0].name,
        "is_connected": all(w.connection is Connection.CONNECTED for w in mine),
        "state": state,
        "last_sync_at": views.moment(max((row.at for row in changed), default=None)),
        "sync_status": views.overall(state, being_written=_total(counted, [Standing.PENDING])),
        "total_mappings": _total(counted, LISTED),
        "pending_mappings": _total(counted, views.STANDINGS[views.SyncStatus.PENDING]),
        "failed_mappings": _total(counted, views.STANDINGS[views.SyncStatus.FAILED]),
        "conflicts": _total(counted, [Standing.CONFLICT]),
        "progress": _progress(mine, counted, run_id),
        "recent_errors": _errors(mine),
    }


def _total(counted: Iterable[Counts], standings: Iterable[Standing]) -> int:
    return sum(counts.of(tuple(standings)) for counts in counted)


def _progress(mine: Sequence[Workspace], counted: Sequence[Counts], run_id: str | None) -> views.Json | None:
    """How far *run_id* has come, or everything that waits; None: nothing waits to be done."""
    parts = [_part(w, counts, run_id) for w, counts in zip(mine, counted, strict=True)] if run_id is not None else []
    begun = [part for part in parts if part is not None]
    return _progress_of_run(begun) if begun else _progress_of_all(mine, counted, run_id)


def _progress_of_all(mine: Sequence[Workspace], counted: Sequence[Counts], run_id: str | None) -> views.Json | None:
    """How far all records are, of which some wait; what waits for a person is done as far as we can."""
    left = sum(runtime.store.desk(w.id).queued(run_id) for w in mine)
    if not left:
        return None
    settled = _total(counted, LISTED) - _total(counted, [Standing.PENDING])
    return views.progress(
        done=settled, total=settled + left, per_minute=sum(map(_pace, mine)), goes_on=all(map(_goes_on, mine))
    )


def _progress_of_run(parts: Sequence[_Part]) -> views.Json:
    """How far a run of chosen records has come."""
    left = sum(part.left for part in parts)
    total = max(sum(part.total for part in parts), left)
    minutes = (runtime.clock() - min(part.began for part in parts)) / timedelta(minutes=1)
    pace = round((total - left) / max(minutes, A_SECOND))
    return views.progress(
        done=total - left, total=total, per_minute=pace, goes_on=all(_goes_on(part.of) for part in parts)
    )


A_SECOND = 1 / 60


@dataclass(frozen=True, slots=True)
class _Part:
    """What a run is in one workspace. *left* were not looked at yet, or failed and are tried again."""

    of: Workspace
    total: int
    left: int
    began: datetime


def _part(shown: Workspace, counts: Counts, run_id: str) -> _Part | None:
    desk = runtime.store.desk(shown.id)
    run = desk.run(run_id)
    if run is None:
        return None
    total, began = run
    left, walk = desk.queued(run_id, since=began), desk.cursor(walks.cursor_of(run_id))
    if walk is not None:
        left = walks.Walk.parse(walk).left(total, counts.of(Standing)) + max(0, left - 1)  # one row is the walk's own
    return _Part(shown, total, left, began)


def _goes_on(shown: Workspace) -> bool:
    """Whether anything is done there now; a budget that is used up for the rest of a minute is part of the pace."""
    pause = pauses.present(runtime.store.desk(shown.id), runtime.clock())
    return views.is_active(shown) and (pause is None or pause.by is PausedBy.BUDGET)


def _pace(shown: Workspace) -> int:
    """Rows of the sync log that ended well within the last minute."""
    now = runtime.clock()
    since = LogFilter(outcomes=[Outcome.SUCCESS], since=now - timedelta(minutes=1))
    return runtime.store.lists.sync_logs({shown.id: since}, now=now, limit=1).total


def _errors(mine: Sequence[Workspace]) -> list[str]:
    """Why records fail now, then what failed before, newest first."""
    waiting = chain.from_iterable(map(waits.waiting, attention.of_records(mine, RECENT)))
    now = [each.trouble.cause for each in waiting if each.cause.kind is Kind.ERROR]
    rows = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.FAILED]), RECENT)[0] for w in mine)
    before = [row.message for row in sorted(rows, key=keys.at_id, reverse=True) if row.message and is_sync(row)]
    return list(dict.fromkeys([*now, *before]))[:RECENT]


def _sums(mine: Sequence[Workspace]) -> views.Json:
    now = runtime.clock()
    first, last = (now - timedelta(days=KEEP_OVERWRITTEN_DAYS)).date(), now.date()
    days = [day for w in mine for day in runtime.store.lists.figures(w.id, str(first), str(last))]
    succeeded, failed = sum(day.succeeded for day in days), sum(day.failed for day in days)
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


def _logs(shown: Workspace, chosen: LogFilter, limit: int) -> tuple[Sequence[SyncLog], int]:
    page = runtime.store.lists.sync_logs({shown.id: chosen}, now=runtime.clock(), limit=limit)
    return page.items, page.total
