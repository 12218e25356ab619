"""Work that a person asks for: put, waited for where they would rather, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard.front import runtime
from navsync import api, bootstrap
from navsync.api import Call
from navsync.model import Lane, Work, WorkKind

DECISION_PROBLEMS = {"not_active": (409, "The workspace is paused or not connected: nothing would be carried out.")}


def work(call: Call[Any, Any], kind: WorkKind, external_id: str, *, lane: Lane = Lane.LIVE, **more: Any) -> Work:
    """Work of the caller's, not put yet; the audit row of the call will name its run."""
    wanted = bootstrap.work(lane, kind, external_id, actor=call.who.subject, **more)
    call.run_id = wanted.run_id
    return wanted


def accepted(
    call: Call[Any, Any], message: str, work: Work, workspace_ids: Sequence[int], **more: Any
) -> Response[str]:
    """Put *work*, wait for it where the caller would rather, and say how far it came."""
    done = done_within(call.wait, workspace_ids, work)
    content = {"message": message, "run_id": work.run_id, "workspaces": len(workspace_ids), "done": bool(done)} | more
    answer = api.json_response(content, HTTPStatus.OK if done else HTTPStatus.ACCEPTED)
    if done is not None:
        answer.headers["Preference-Applied"] = f"wait={call.wait}"
    return answer


LOOK_AGAIN_S = 0.25


def done_within(seconds: int, workspace_ids: Sequence[int], work: Work) -> bool | None:
    """Put *work*; whether it is done within *seconds* from now. None: nobody waits, or too many do already."""
    until = runtime.clock() + timedelta(seconds=seconds)
    for workspace_id in workspace_ids:
        runtime.inbox.put(workspace_id, work)
    return _waited(until, workspace_ids, work) if seconds else None


def _waited(until: datetime, left: Sequence[int], work: Work) -> bool | None:
    room = runtime.store.waiting_room(left[0])
    place = room.sit(now=runtime.clock(), until=until)
    if place is None:
        return None
    try:
        while (left := [id for id in left if runtime.store.desk(id).waits(work)]) and runtime.clock() < until:
            runtime.sleep(LOOK_AGAIN_S)
        return not left
    finally:
        room.leave(place)
