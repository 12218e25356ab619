"""Writes that are answered before they are done."""

from collections.abc import Callable
from typing import Final

from local.twins.notion import ids
from local.twins.notion.errors import ApiError
from local.twins.notion.records import AsyncTask
from local.twins.notion.requests import Ask
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

POLL_AFTER_S: Final = 2
_RESULT_ORDER: Final = ("markdown", "truncated", "unknown_block_ids", "id", "object")


def start(caller: Caller, operation: str, work: Callable[[], JsonObject]) -> JsonObject:
    """Do the work and answer a task that says for a while that it is running; a refusal becomes the task's error."""
    task = AsyncTask(
        id=f"task_{ids.compact(caller.world.minter.plain())}",
        workspace_id=caller.workspace.id,
        created_at=caller.now,
        ready_at=caller.now + caller.world.switches.async_task_s,
        operation=operation,
        outcome=_outcome(caller, work),
    )
    caller.world.store.put(task)
    return _head(task, "queued") | {"poll_after_seconds": POLL_AFTER_S} | _operation(task)


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/async_tasks/{task_id}."""
    task = caller.world.store.get(AsyncTask, ask.path["task_id"])
    if task is None or task.workspace_id != caller.workspace.id:
        raise caller.not_found("async task", ask.path["task_id"])
    if caller.now < task.ready_at:
        return _head(task, "running") | {"poll_after_seconds": POLL_AFTER_S} | _operation(task)
    status = "succeeded" if "result" in task.outcome else "failed"
    return _head(task, status) | _operation(task) | task.outcome


def _outcome(caller: Caller, work: Callable[[], JsonObject]) -> JsonObject:
    try:
        with caller.world.store.transaction():
            result = work()
    except ApiError as error:
        caller.world.changes.clear()
        return {"error": {key: value for key, value in error.envelope("").items() if key != "request_id"}}
    order = {key: place for place, key in enumerate(_RESULT_ORDER)}
    return {"result": dict(sorted(result.items(), key=lambda item: order.get(item[0], -1)))}


def _head(task: AsyncTask, status: str) -> JsonObject:
    return {
        "object": "async_task",
        "id": task.id,
        "status": status,
        "status_url": f"https://api.notion.com/v1/async_tasks/{task.id}",
        "created_time": ids.event_time(task.created_at),
    }


def _operation(task: AsyncTask) -> JsonObject:
    return {"operation": {"surface": "rest", "name": task.operation}}
