"""Work that a person asks for: put, waited for where they would rather, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard.front import runtime
from navsync import api
from navsync.api import Call
from navsync.bootstrap import fresh
from navsync.model import Lane, Outcome, Work, WorkKind
from navsync.store import LogFilter

DECISION_PROBLEMS = {"not_active": (409, "The workspace is paused or not connected: nothing would be carried out.")}
ANSWER_PROBLEMS = DECISION_PROBLEMS | {
    "answered_already": (409, "Somebody else's answer to the same waits to be carried out; the detail says whose.")
}


def work(call: Call[Any, Any], kind: WorkKind, external_id: str, *, lane: Lane = Lane.LIVE, **more: Any) -> Work:
    """Work of the caller's, not put yet; the audit row of the call will name its run."""
    wanted = fresh.work(lane, kind, external_id, actor=call.who.subject, **more)
    call.run_id = wanted.run_id
    return wanted


def accepted(
    call: Call[Any, Any], message: str, work: Work, workspace_ids: Sequence[int], **more: Any
) -> Response[str]:
    """Put *work*, wait for it where the caller would rather, and say how far it came."""
    return answered(call, message, workspace_ids, done_within(call.wait, workspace_ids, work), **more)


def decided(call: Call[Any, Any], message: str, work: Work, workspace_id: int) -> Response[str]:
    """Put *work*, a person's decision, and answer as for any other; refuse it while another person's waits."""
    desk = runtime.store.desk(workspace_id)
    first = desk.put_decision(work, now=runtime.clock())
    if first is not None:
        raise _answered_already(first, desk.asked_at(first.run_id) or first.due)
    runtime.inbox.wake(workspace_id)
    return answered(call, message, [workspace_id], settled_within(call.wait, [workspace_id], work))


def _answered_already(first: Work, at: datetime) -> api.Problem:
    said = f"said “{first.choice}”" if first.choice else "asked for it"
    detail = f"{first.actor} {said} at {at:%H:%M:%S} UTC, which waits to be carried out: look again in a moment."
    return api.Problem(HTTPStatus.CONFLICT, "answered_already", detail)


def answered(
    call: Call[Any, Any], message: str, workspace_ids: Sequence[int], done: bool | None, **more: Any
) -> Response[str]:
    """What a caller is told of work that was put: whether it is *done* by now, and what of it was not."""
    told = {"message": message, "run_id": call.run_id, "workspaces": len(workspace_ids), "done": bool(done)}
    failures = _failures(call.run_id, workspace_ids) if done and call.run_id else []
    answer = api.json_response(told | {"failures": failures} | more, HTTPStatus.OK if done else HTTPStatus.ACCEPTED)
    if done is not None:
        answer.headers["Preference-Applied"] = f"wait={call.wait}"
    return answer


def _failures(run_id: str, workspace_ids: Sequence[int]) -> list[str]:
    """Why some of what a run did failed or was refused, newest first."""
    rows = runtime.store.lists.sync_logs(
        {id: LogFilter(run_id=run_id) for id in workspace_ids}, now=runtime.clock(), limit=MOST_ROWS
    ).items
    said = (row.message for row in rows if row.outcome is Outcome.FAILED and row.message)
    return list(dict.fromkeys(said))[:MOST_FAILURES]


MOST_ROWS, MOST_FAILURES = 100, 5
"""Rows of a run that are looked through for failures, and how many of these are told: GET /history has all."""

LOOK_AGAIN_S = 0.25


def done_within(seconds: int, workspace_ids: Sequence[int], work: Work) -> bool | None:
    """Put *work*; whether it is done within *seconds* from now. None: nobody waits, or too many do already."""
    for workspace_id in workspace_ids:
        runtime.store.desk(workspace_id).note_run(work, now=runtime.clock())
        runtime.inbox.put(workspace_id, work)
    return settled_within(seconds, workspace_ids, work)


def settled_within(seconds: int, workspace_ids: Sequence[int], work: Work) -> bool | None:
    """Whether nothing is left of the run of *work*, its first row, within *seconds*. None: as in `done_within`.

    What it led to counts too: a record that is made again after an undo, all that a sweep found.
    """
    until = runtime.clock() + timedelta(seconds=seconds)
    room = runtime.store.waiting_room(workspace_ids[0])
    place = room.sit(now=runtime.clock(), until=until) if seconds else None
    if place is None:
        return None
    try:
        left = workspace_ids
        while (left := [id for id in left if _waits(id, work)]) and runtime.clock() < until:
            runtime.sleep(LOOK_AGAIN_S)
        return not left
    finally:
        room.leave(place)


def _waits(workspace_id: int, work: Work) -> bool:
    return runtime.store.desk(workspace_id).queued(work.run_id, since=work.due) > 0
