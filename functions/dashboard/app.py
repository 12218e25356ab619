"""What people see and set: workspaces, status, mappings, the sync log, and what waits for them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from navsync import api, bootstrap, views
from navsync.config import DashboardSettings
from navsync.fields import SPECS
from navsync.model import Connection, Direction, EntityType, Mapping, Outcome, Policy, SyncLog, Workspace
from navsync.standing import LISTED, Standing
from navsync.store import LogFilter, MappingFilter

logger = Logger()
runtime = bootstrap.dashboard(DashboardSettings.from_env(os.environ))
app = api.resolver(logger)

RECENT = 10


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP request."""
    return app.resolve(event, context)


@app.get(f"{api.PREFIX}/health")
def health() -> Response[str]:
    """Whether this deployment answers. Open to everybody, so it says nothing else."""
    return api.json_response({"status": "ok"})


# --- workspaces -------------------------------------------------------------------------------------------------------


type Id = Annotated[int, Field(ge=0, lt=2**53)]
"""Ours, as the frontend can hold them."""


class Scope(BaseModel):
    """Of one workspace, or of all that the caller may see."""

    workspace_id: Id | None = None


class Range(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="ignore")

    skip: int = Field(0, ge=0, le=10_000)
    limit: int = Field(100, ge=1, le=1_000)


class ScopedRange(Scope, Range):
    """Which part of a list, of which workspaces."""


class WorkspaceQuery(Range):
    """Which workspaces."""

    is_active: bool | None = None
    workspace_name: str | None = None

    def takes(self, shown: Workspace) -> bool:
        """Whether *shown* is asked for."""
        named = self.workspace_name is None or self.workspace_name.casefold() in shown.name.casefold()
        return named and (self.is_active is None or self.is_active is views.is_active(shown))


@app.get(f"{api.PREFIX}/workspaces")
def workspaces() -> Response[str]:
    """The caller's workspaces, oldest first."""
    asked = api.query(WorkspaceQuery, app.current_event)
    found = [w for w in _mine() if asked.takes(w)]
    return _page([views.workspace(w) for w in found[asked.skip : asked.skip + asked.limit]], len(found), asked)


@app.get(f"{api.PREFIX}/workspaces/<workspace_id>")
def workspace(workspace_id: str) -> Response[str]:
    """One workspace."""
    return api.json_response(views.workspace(_workspace(workspace_id, "viewer")))


class ChangeSettings(BaseModel):
    """Settings to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    policy: Policy | None = None
    field_policies: dict[str, Policy] | None = None
    requests_per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    parent_page_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{32,36}$")] | None = None

    @field_validator("field_policies")
    @classmethod
    def _known(cls, policies: dict[str, Policy] | None) -> dict[str, Policy] | None:
        known = {f"{spec.type}.{field.name}" for spec in SPECS.values() for field in spec.fields}
        if unknown := sorted(set(policies or ()) - known):
            raise ValueError(f"there is no field {unknown[0]}; name it like media_project.title")
        return policies


class ChangeWorkspace(BaseModel):
    """What an admin may set. A token is none of it: anything else in the body is refused."""

    model_config = ConfigDict(extra="forbid")

    workspace_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    is_active: bool | None = None
    """False pauses."""
    settings: ChangeSettings | None = None


@app.put(f"{api.PREFIX}/workspaces/<workspace_id>")
def change_workspace(workspace_id: str) -> Response[str]:
    """Rename or pause a workspace, or change its settings."""
    before = _workspace(workspace_id, "admin")
    asked = api.parse(ChangeWorkspace, app.current_event)
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


@app.get(f"{api.PREFIX}/sync-status")
def sync_status() -> Response[str]:
    """How the caller's workspace stands; of several, the first one and the sums of all."""
    return api.json_response(_status(_connected_or_404(api.query(Scope, app.current_event))))


@app.get(f"{api.PREFIX}/dashboard")
def dashboard() -> Response[str]:
    """Everything that the platform's dashboard shows, in one answer."""
    mine = _connected_or_404(api.query(Scope, app.current_event))
    recent = sorted(chain.from_iterable(_logs(w, LogFilter(), RECENT)[0] for w in mine), key=_newest_first)
    return api.json_response(
        {
            "workspaces": [views.workspace(w) for w in mine],
            "sync_status": _status(mine),
            "recent_logs": [views.log(row) for row in recent[:RECENT]],
            "sync_analytics": _analytics(mine),
            "attention": _attention(mine, RECENT),
        }
    )


@app.get(f"{api.PREFIX}/attention")
def attention() -> Response[str]:
    """Everything that waits for a person, with its cause and its fix."""
    asked = api.query(ScopedRange, app.current_event)
    mine = _mine(asked.workspace_id)
    items = _attention(mine, asked.skip + asked.limit)
    return _page(items[asked.skip :], sum(_count(w, views.ATTENTION) for w in mine), asked)


def _status(mine: Sequence[Workspace]) -> views.Json:
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
        "recent_errors": _errors(mine),
    }


def _errors(mine: Sequence[Workspace]) -> list[str]:
    """Why records fail now, then what failed before, newest first."""
    now = [item["cause"] for item in _attention(mine, RECENT) if item["kind"] == "error"]
    rows = chain.from_iterable(_logs(w, LogFilter(outcomes=[Outcome.FAILED]), RECENT)[0] for w in mine)
    before = [row.message for row in sorted(rows, key=_newest_first) if row.message]
    return list(dict.fromkeys([*now, *before]))[:RECENT]


def _analytics(mine: Sequence[Workspace]) -> views.Json:
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


def _attention(mine: Iterable[Workspace], limit: int) -> list[views.Json]:
    waiting = chain.from_iterable(runtime.store.lists.attention(w.id, limit=limit) for w in mine)
    ordered = sorted(waiting, key=lambda mapping: -mapping.id)
    return list(chain.from_iterable(map(views.attention, ordered)))[:limit]


def _count(shown: Workspace, standings: Iterable[Standing]) -> int:
    return runtime.store.lists.counts(shown.id).of(tuple(standings), None)


# --- lists ------------------------------------------------------------------------------------------------------------


class MappingQuery(ScopedRange):
    """Which mappings."""

    media_project_id: Id | None = None
    entity_type: EntityType | None = None
    sync_status: views.SyncStatus | None = None
    sync_direction: Direction = Direction.BOTH

    def chosen(self) -> MappingFilter:
        """The same as the store asks it."""
        standings = LISTED if self.sync_status is None else views.STANDINGS[self.sync_status]
        project = None if self.media_project_id is None else str(self.media_project_id)
        return MappingFilter(standings, self.entity_type, project)


@app.get(f"{api.PREFIX}/sync-mappings")
def sync_mappings() -> Response[str]:
    """Mappings, newest first."""
    asked = api.query(MappingQuery, app.current_event)
    if asked.sync_direction is not Direction.BOTH:
        return _page([], 0, asked)  # every mapping syncs both ways; single fields may not
    found: list[tuple[Mapping, Workspace]] = []
    total = 0
    for each in _mine(asked.workspace_id):
        page = runtime.store.lists.mappings(each.id, asked.chosen(), limit=asked.skip + asked.limit)
        found += [(mapping, each) for mapping in page.items]
        total += page.total
    found.sort(key=lambda pair: -pair[0].id)
    shown = found[asked.skip : asked.skip + asked.limit]
    sources = {workspace_id: runtime.store.desk(workspace_id).sources() for workspace_id in {w.id for _, w in shown}}
    return _page([_mapping(mapping, sources[w.id]) for mapping, w in shown], total, asked)


def _mapping(shown: Mapping, sources: Any) -> views.Json:
    source = sources.get(shown.entity_type)
    return views.mapping(shown, database_id=source.database_id if source else None)


class LogStatus(StrEnum):
    """The frontend's words for how a row of the sync log ended."""

    SUCCESS = "success"
    FAILED = "failed"
    PARTIAL = "partial"


_OUTCOMES = {
    LogStatus.SUCCESS: Outcome.SUCCESS,
    LogStatus.FAILED: Outcome.FAILED,
    LogStatus.PARTIAL: Outcome.STARTED,
}


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is before the first or after the last day there is") from error


type Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""Without a zone it is taken as UTC."""


class LogQuery(ScopedRange):
    """Which rows of the sync log."""

    operation_type: views.OperationType | None = None
    entity_type: EntityType | None = None
    status: LogStatus | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None

    def chosen(self) -> LogFilter:
        """The same as the store asks it."""
        return LogFilter(
            outcomes=[_OUTCOMES[self.status]] if self.status else None,
            operations=views.OPERATIONS[self.operation_type] if self.operation_type else None,
            entity_type=self.entity_type or views.ENTITY_OF.get(self.operation_type),
            since=self.start_date,
            until=self.end_date,
        )


@app.get(f"{api.PREFIX}/sync-logs")
def sync_logs() -> Response[str]:
    """The sync log, newest first."""
    asked = api.query(LogQuery, app.current_event)
    parts = [_logs(w, asked.chosen(), asked.skip + asked.limit) for w in _mine(asked.workspace_id)]
    rows = sorted(chain.from_iterable(rows for rows, _ in parts), key=_newest_first)
    shown = [views.log(row) for row in rows[asked.skip : asked.skip + asked.limit]]
    return _page(shown, sum(total for _, total in parts), asked)


def _logs(shown: Workspace, chosen: LogFilter, limit: int) -> tuple[Sequence[SyncLog], int]:
    page = runtime.store.lists.sync_logs(shown.id, chosen, now=runtime.clock(), limit=limit)
    return page.items, page.total


def _newest_first(row: SyncLog) -> int:
    return -row.id


# --- whose ------------------------------------------------------------------------------------------------------------


def _mine(workspace_id: int | None = None) -> list[Workspace]:
    who = api.caller(app.current_event, now=runtime.clock())
    if workspace_id is not None:
        return [who.must_be_in("viewer", runtime.store.desk(workspace_id).workspace())]
    return [w for w in runtime.store.directory.workspaces() if who.role_in(w) is not None]


def _connected_or_404(asked: Scope) -> list[Workspace]:
    mine = [w for w in _mine(asked.workspace_id) if w.connection is not Connection.DISCONNECTED]
    if not mine:
        raise api.Problem(HTTPStatus.NOT_FOUND, "no_workspace", "No active Notion workspace found")
    return mine


def _workspace(workspace_id: str, role: str) -> Workspace:
    who = api.caller(app.current_event, now=runtime.clock())
    id = api.public_id(workspace_id)
    return who.must_be_in(role, None if id is None else runtime.store.desk(id).workspace())


def _page(items: Sequence[views.Json], total: int, asked: Range) -> Response[str]:
    page, pages = asked.skip // asked.limit + 1, -(-total // asked.limit)
    return api.json_response({"items": items, "total": total, "page": page, "size": asked.limit, "pages": pages})
