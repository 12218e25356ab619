"""What people and the platform's frontend are shown of the nouns: JSON-ready, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingOf
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import batched
from typing import Any

from navsync.attention import Cause, Kind, Step, Waiting, question_of
from navsync.attention import waiting as attention_of
from navsync.audit import AuditRow
from navsync.connection import stops, troubles_of
from navsync.explain import Asked, Explanation, made_again
from navsync.foresight import Foreseen, Preview, Progress, cut
from navsync.model import (
    UNDOABLE,
    Capabilities,
    Change,
    Conflict,
    Connection,
    DataSource,
    Direction,
    EntityRef,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Settings,
    State,
    SyncLog,
    Value,
    Work,
    Workspace,
)
from navsync.standing import Outline, Standing, project_of, standing_of
from navsync.templates import BUILT_IN, Template, offered
from navsync.undoing import parts_of

type Json = dict[str, Any]


class SyncStatus(StrEnum):
    """The platform's frontend knows these and no others; finer states go into `state` and `reason`."""

    PENDING = "pending"
    SYNCING = "syncing"
    COMPLETED = "completed"
    FAILED = "failed"


STANDINGS: MappingOf[SyncStatus, tuple[Standing, ...]] = {
    SyncStatus.PENDING: (Standing.PENDING, Standing.DRAFT, Standing.CONFLICT, Standing.APPROVAL),
    SyncStatus.SYNCING: (),
    SyncStatus.COMPLETED: (Standing.COMPLETED, Standing.DELETED, Standing.EXCLUDED),
    SyncStatus.FAILED: (Standing.FAILED, Standing.UNREACHABLE),
}
"""How a mapping stands → the frontend's word for it. "syncing" is said of a workspace only."""


def sync_status(shown: Mapping) -> SyncStatus:
    """How *shown* stands, in the frontend's words."""
    standing = standing_of(shown)
    return next(status for status, standings in STANDINGS.items() if standing in standings)


def overall(state: str, *, being_written: int) -> SyncStatus:
    """How a workspace of *state* stands. What waits for a person is counted beside it, and stops nothing else."""
    match state:
        case Connection.CONNECTED:
            return SyncStatus.SYNCING if being_written else SyncStatus.COMPLETED
        case "paused":  # nobody looks whether all is in step
            return SyncStatus.PENDING
        case _:
            return SyncStatus.FAILED


def is_active(shown: Workspace) -> bool:
    """Whether it is synced now."""
    return shown.is_active and shown.connection is Connection.CONNECTED


def state_of(shown: Workspace) -> str:
    """Whether it is synced and, if not, why."""
    return "paused" if shown.connection is Connection.CONNECTED and not shown.is_active else shown.connection


def state_of_all(shown: Iterable[Workspace]) -> str:
    """What stops the most of what is synced in them: of several troubles the first, before any pause."""
    states = {state_of(each): None for each in shown}
    troubles = [state for state in states if state not in (Connection.CONNECTED, "paused")]
    return next(iter(troubles), "paused" if "paused" in states else Connection.CONNECTED)


def workspace(shown: Workspace, capabilities: Capabilities | None) -> Json:
    """A workspace; its tokens are not even here to be shown."""
    return {
        "id": shown.id,
        "workspace_id": shown.notion_workspace_id,
        "workspace_name": shown.name,
        "bot_user_id": shown.bot_id,
        "is_active": is_active(shown),
        "state": state_of(shown),
        "settings": settings(shown.settings),
        "capabilities": None if capabilities is None else _capabilities(capabilities),
        "erase_at": moment(shown.erase_at),
        "created_at": moment(shown.created_at),
        "updated_at": moment(shown.updated_at),
    }


def settings(shown: Settings) -> Json:
    """What people set for a workspace."""
    return {
        "scope": {
            "project_ids": [number(id) for id in shown.scope.project_ids],
            "project_types": list(shown.scope.project_types),
            "statuses": list(shown.scope.statuses),
        },
        "direction": shown.direction,
        "field_directions": dict(shown.field_directions),
        "policy": shown.policy,
        "field_policies": dict(shown.field_policies),
        "properties": dict(shown.properties),
        "requests_per_minute": shown.requests_per_minute,
        "parent_page_id": shown.parent_page_id,
        "page_templates": dict(shown.page_templates),
        "quiet_seconds": dict(shown.quiet_seconds),
    }


def _capabilities(shown: Capabilities) -> Json:
    """What the connection may do in Notion, and what stops because of what it may not."""
    return {
        "checked_at": moment(shown.checked_at),
        "missing": [{"capability": each, "stops": stops(each)} for each in shown.missing],
        "free_plan": shown.free_plan,
        "out_of_blocks_since": moment(shown.out_of_blocks_since),
    }


def connection(
    shown: Workspace,
    capabilities: Capabilities | None,
    failing: Sequence[Work] = (),
    sources: Iterable[DataSource] = (),
) -> list[Json]:
    """Everything about the connection as a whole that waits for a person, as `attention` lists it."""
    about = {
        "workspace_id": shown.id,
        "mapping_id": None,
        "entity_type": None,
        "entity_id": None,
        "notion_page_id": None,
        "title": shown.name,
        "kind": Kind.CONNECTION,
        "field": None,
    }
    troubles = troubles_of(shown, capabilities, failing, sources)
    return [about | {"group": t.code, "code": t.code, "cause": t.cause, "fix": t.fix} for t in troubles]


def mapping(shown: Mapping, *, database_id: str | None, direction: Direction) -> Json:
    """A mapping with its conflicts.

    `media_project_id` is set where the entity is a project, and nowhere else: the frontend was written for one mapping
    per project, and would take any that bears a project's id for it. Which one a child belongs to is in `belongs_to`.
    """
    is_project = shown.entity_type is EntityType.MEDIA_PROJECT and shown.entity_id is not None
    return {
        "id": shown.id,
        "workspace_id": shown.workspace_id,
        "media_project_id": int(shown.entity_id or 0) if is_project else None,
        "belongs_to": None if is_project else number(project_of(shown)),
        "entity_type": shown.entity_type,
        "entity_id": number(shown.entity_id),
        "title": shown.title,
        "notion_page_id": shown.page_id,
        "notion_database_id": database_id,
        "sync_direction": direction,
        "sync_status": sync_status(shown),
        "state": "conflict" if shown.conflicts and shown.state is State.LINKED else shown.state,
        "reason": reason(shown),
        "conflicts": [conflict(c) for c in shown.conflicts],
        "last_sync_at": moment(shown.last_sync_at),
        "last_change_at": moment(shown.last_change_at),
        "next_retry_at": moment(shown.next_retry_at),
        "created_at": moment(shown.created_at),
    }


def reason(shown: Mapping) -> str | None:
    """Why it is not simply in step, in one sentence; None when it is."""
    if shown.troubles:
        return shown.troubles[0].cause
    if shown.conflicts:
        return f"Edited on both sides: {', '.join(c.field for c in shown.conflicts)}."
    return None


def conflict(shown: Conflict) -> Json:
    """All three values of a conflict, cut where they are long."""
    return _three_values(shown, short)


def conflicts(shown: Mapping, *, whole: bool = True) -> Json:
    """What was edited on both sides of *shown*, with *whole* values: a person chooses between them."""
    as_json = value if whole else short
    return _about(shown) | {"conflicts": [_three_values(c, as_json) for c in shown.conflicts], "truncated": not whole}


def _three_values(shown: Conflict, as_json: Callable[[Value], Any]) -> Json:
    values = {"base": shown.base, "navimpact": shown.navimpact, "notion": shown.notion}
    return {"field": shown.field, "version": shown.version} | {name: as_json(each) for name, each in values.items()}


def approval(shown: Mapping, goes_along: Json | None = None) -> Json:
    """The deletion that *shown* waits with, and what goes along, as the function of that name shows it."""
    asked = question_of(shown)
    return _about(shown) | {
        "version": asked.version,
        "code": asked.code,
        "cause": asked.cause,
        "fix": asked.fix,
        "since": moment(asked.since),
        "goes_along": goes_along,
    }


def goes_along(shown: Sequence[Outline], *, total: int, total_is_exact: bool) -> Json:
    """What goes with a project that is deleted: the first of it by name, and how much there is."""
    items = [
        {"entity_type": each.entity_type, "entity_id": number(each.entity_id), "title": each.title} for each in shown
    ]
    return {"total": total, "total_is_exact": total_is_exact, "items": items}


def attention(shown: Mapping, goes_along: Json | None = None) -> list[Json]:
    """Everything about *shown* that waits for a person, each with its cause and its fix."""
    return [waiting(shown, each, goes_along) for each in attention_of(shown)]


def waiting(about: Mapping, shown: Waiting, goes_along: Json | None) -> Json:
    """One thing about a record that waits for a person."""
    trouble = shown.trouble
    said: Json = {
        "kind": shown.cause.kind,
        "code": trouble.code,
        "cause": trouble.cause,
        "fix": trouble.fix,
        "since": moment(trouble.since),
    }
    if shown.cause.kind is Kind.APPROVAL:
        said |= {"version": trouble.version, "goes_along": goes_along}
    clash = {} if shown.conflict is None else conflict(shown.conflict)
    return _about(about) | {"group": str(shown.cause), **said, "field": trouble.field} | clash


def group(cause: Cause, step: Step, *, count: int, items: Sequence[Json], cursor: str | None) -> Json:
    """What waits because of the same, and the step that ends it."""
    return {
        "group": str(cause),
        "kind": cause.kind,
        "code": cause.code,
        "entity_type": cause.entity_type,
        "field": cause.field,
        "cause": step.cause,
        "fix": step.fix,
        "call": step.call,
        "count": count,
        "items": items,
        "cursor": cursor,
    }


def _about(shown: Mapping) -> Json:
    return {"workspace_id": shown.workspace_id, **_paired(shown), "title": shown.title}


class OperationType(StrEnum):
    """The frontend's closed list of what a row of the sync log tells of."""

    CREATE_PAGE = "create_page"
    UPDATE_PAGE = "update_page"
    DELETE_PAGE = "delete_page"
    SYNC_PROJECT = "sync_project"
    SYNC_DISTRIBUTION = "sync_distribution"
    SYNC_PERFORMANCE = "sync_performance"
    SYNC_IMPACT_STORY = "sync_impact_story"


ENTITY_OF: MappingOf[OperationType | None, EntityType] = {
    OperationType.SYNC_PROJECT: EntityType.MEDIA_PROJECT,
    OperationType.SYNC_DISTRIBUTION: EntityType.DISTRIBUTION_LOG,
    OperationType.SYNC_PERFORMANCE: EntityType.PERFORMANCE_METRICS,
    OperationType.SYNC_IMPACT_STORY: EntityType.IMPACT_STORY,
}
_NAMED = {
    Operation.CREATE: OperationType.CREATE_PAGE,
    Operation.UPDATE: OperationType.UPDATE_PAGE,
    Operation.DELETE: OperationType.DELETE_PAGE,
}
_OTHERS = tuple(operation for operation in Operation if operation not in _NAMED)

OPERATIONS: MappingOf[OperationType, tuple[Operation, ...]] = {
    **{named: (operation,) for operation, named in _NAMED.items()},
    **dict.fromkeys((each for each in ENTITY_OF if each is not None), _OTHERS),
}
"""The frontend's word → the operations it stands for."""


def log(shown: SyncLog) -> Json:
    """A row of the sync log. `operation_type` and `status` are the frontend's closed lists; `operation` is exact."""
    return {
        "id": shown.id,
        "workspace_id": shown.workspace_id,
        "operation_type": _operation_type(shown),
        "operation": shown.operation,
        "entity_type": shown.entity_type or EntityType.MEDIA_PROJECT,
        "entity_id": number(shown.entity_id),
        "notion_page_id": shown.page_id,
        "title": shown.title,
        "side": shown.side,
        "status": {Outcome.SUCCESS: "success", Outcome.FAILED: "failed", Outcome.STARTED: "partial"}[shown.outcome],
        "error_message": shown.message if shown.outcome is Outcome.FAILED else None,
        "message": shown.message,
        "actor": shown.actor,
        "run_id": shown.run_id,
        "changes": [_logged(each, shown) for each in shown.changes],
        "sync_duration_ms": shown.duration_ms,
        "created_at": moment(shown.at),
    }


def _logged(shown: Change, row: SyncLog) -> Json:
    return change(shown) | {"actor": shown.actor or row.actor}


def can_revert(shown: SyncLog) -> bool:
    """Whether undoing *shown* can be asked for; that nobody has edited since is seen when it is tried."""
    is_known = shown.mapping_id is not None or shown.deleted_with is not None
    is_done = shown.outcome is Outcome.SUCCESS and shown.operation in UNDOABLE
    return is_done and is_known and bool(parts_of(shown))


def history(shown: SyncLog, *, undone_by: int | None, whole: bool = True) -> Json:
    """A row of the sync log with its values *whole*. *undone_by*: the id of the row that left nothing of it to undo."""
    as_json = value if whole else short
    changes = [_logged(each, shown) | {"old": as_json(each.old), "new": as_json(each.new)} for each in shown.changes]
    return log(shown) | {
        "changes": changes,
        "truncated": not whole,
        "mapping_id": shown.mapping_id,
        "reverts": shown.reverts,
        "can_revert": can_revert(shown) and undone_by is None,
        "undone_by": undone_by,
    }


def explanation(workspace_id: int, asked: Asked, about: Mapping | None, shown: Explanation) -> Json:
    """How a record stands in one workspace; one that no mapping pairs goes by what was *asked* about."""
    latest = made_again(asked, about)
    return {
        "workspace_id": workspace_id,
        **(_asked(asked) if about is None else _paired(about)),
        "made_again_as": None if latest is None else number(latest.id),
        "verdict": shown.verdict,
        "because": shown.because,
        "to_do": shown.to_do,
        "since": moment(shown.since),
        "last_sync_at": None if about is None else moment(about.last_sync_at),
        "last_change_at": None if about is None else moment(about.last_change_at),
        "error": shown.error,
    }


def _asked(shown: Asked) -> Json:
    if isinstance(shown, EntityRef):
        return {"mapping_id": None, "entity_type": shown.type, "entity_id": number(shown.id), "notion_page_id": None}
    return {"mapping_id": None, "entity_type": None, "entity_id": None, "notion_page_id": shown}


def _paired(shown: Mapping) -> Json:
    return {
        "mapping_id": shown.id,
        "entity_type": shown.entity_type,
        "entity_id": number(shown.entity_id),
        "notion_page_id": shown.page_id,
    }


def template(workspace_id: int, shown: Template) -> Json:
    """What pages of a workspace may start with."""
    return {
        "workspace_id": workspace_id,
        "name": shown.name,
        "entity_type": shown.entity_type,
        "title": shown.title,
        "body": shown.body,
        "built_in": shown == BUILT_IN.get(shown.name),
        "placeholders": list(offered(shown.entity_type)),
    }


def progress(*, done: int, total: int, per_minute: int, goes_on: bool) -> Json:
    """How far it has come, and how long the rest takes at this pace; nobody knows while it does not go on."""
    left = total - done
    seconds = round(60 * left / per_minute) if per_minute and goes_on else None
    return {"done": done, "total": total, "per_minute": per_minute, "seconds_left": seconds if left else 0}


def audit(shown: AuditRow) -> Json:
    """Who did what."""
    return {
        "id": shown.id,
        "at": moment(shown.at),
        "subject": shown.subject,
        "role": shown.role,
        "route": shown.route,
        "target": shown.target,
        "workspace_id": shown.workspace_id,
        "status": shown.status,
        "code": shown.code,
        "run_id": shown.run_id,
        "request_id": shown.request_id,
    }


def preview(shown: Preview, *, state: Progress, reason: str | None) -> Json:
    """How far a dry run has come, and how much it foresees of what."""
    counts = ((key.partition("/"), count) for key, count in shown.counts.items())
    return {
        "id": shown.id,
        "workspace_id": shown.workspace_id,
        "state": state,
        "reason": reason,
        "progress": {"done": shown.done, "total": max(shown.done, shown.total)},
        "settings": settings(shown.settings),
        "counts": [{"operation": name, "side": side or None, "count": count} for (name, _, side), count in counts],
        "actor": shown.actor,
        "asked_at": moment(shown.asked_at),
        "ended_at": moment(shown.ended_at),
    }


def foreseen(place: int, shown: Foreseen) -> Json:
    """Something that a sync would do, or why it would not."""
    return {
        "position": place,
        "operation": shown.effect,
        "mapping_id": shown.mapping_id,
        "entity_type": shown.entity_type,
        "entity_id": number(shown.entity_id),
        "notion_page_id": shown.page_id,
        "title": shown.title,
        "side": shown.side,
        "changes": [change(each) for each in shown.changes],
        "field": shown.field,
        "code": shown.code,
        "reason": shown.reason,
        "fix": shown.fix,
        "is_so_already": shown.is_so,
    }


def _operation_type(shown: SyncLog) -> OperationType:
    entity_type = shown.entity_type or EntityType.MEDIA_PROJECT
    of_entity = next(named for named, each in ENTITY_OF.items() if named is not None and each is entity_type)
    return _NAMED.get(shown.operation, of_entity)


def change(shown: Change) -> Json:
    """One replaced value, and why."""
    return {
        "field": shown.field,
        "side": shown.side,
        "old": short(shown.old),
        "new": short(shown.new),
        "rule": shown.rule,
    }


def short(shown: Value) -> Any:
    """*shown* as JSON, a long text cut with an ellipsis; a list stays a list of at most a hundred names."""
    return value(cut(shown))


def value(shown: Value) -> str | int | float | list[str] | None:
    """A canonical value as JSON: a number where a float holds it exactly, else its digits as text."""
    match shown:
        case Decimal():
            whole = shown == shown.to_integral_value()
            exact: int | float = int(shown) if whole else float(shown)
            return exact if Decimal(repr(exact)) == shown and abs(exact) < 2**53 else str(shown)
        case tuple():
            return list(shown)
        case _:
            return shown


def parts(shown: Value) -> list[str]:
    """*shown* as text, in parts that an answer holds; a list as JSON."""
    text = shown if isinstance(shown, str) else json.dumps(value(shown), ensure_ascii=False)
    return ["".join(some) for some in batched(text, LONGEST_PART, strict=False)] or [""]


LONGEST_PART = 300_000
"""Characters, each of which may take fourteen in an answer."""


def number(entity_id: str | None) -> int | None:
    """NavImpact's ids are whole numbers."""
    return None if entity_id is None else int(entity_id)


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
