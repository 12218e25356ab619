"""Mappings and the sync log, as the platform's frontend lists them."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf

from aws_lambda_powertools.event_handler import Response

from dashboard import pages
from dashboard.front import routes, runtime, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.model import DataSource, Direction, EntityType, Mapping, Outcome, Workspace
from navsync.standing import LISTED
from navsync.store import LogFilter, MappingFilter


@routes.reads(
    "/sync-mappings", role="viewer", query=asks.MappingQuery, answers=answers.CursorPage[answers.MappingAnswer]
)
def sync_mappings(call: Call[asks.MappingQuery, Nothing]) -> Response[str]:
    """Mappings, newest first."""
    asked = call.query
    mine = {w.id: w for w in workspaces_of(call, asked.workspace_id) if _syncs(w, asked.sync_direction)}
    standings = LISTED if asked.sync_status is None else views.STANDINGS[asked.sync_status]
    project = None if asked.media_project_id is None else str(asked.media_project_id)
    part = pages.mappings([*mine.values()], MappingFilter(standings, asked.entity_type, project), asked)
    sources = {id: runtime.store.desk(id).sources() for id in {mapping.workspace_id for mapping in part.items}}

    def shown(mapping: Mapping) -> views.Json:
        return _mapping(mapping, mine[mapping.workspace_id], sources[mapping.workspace_id])

    return api.json_response(pages.cursor_page(part, asked, shown))


def _syncs(workspace: Workspace, direction: Direction | None) -> bool:
    return direction in (None, workspace.settings.direction)


def _mapping(shown: Mapping, workspace: Workspace, sources: MappingOf[EntityType, DataSource]) -> views.Json:
    source = sources.get(shown.entity_type)
    database_id = source.database_id if source else None
    return views.mapping(shown, database_id=database_id, direction=workspace.settings.direction)


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
    part = pages.rows([(w, chosen) for w in workspaces_of(call, asked.workspace_id)], asked)
    return api.json_response(pages.cursor_page(part, asked, views.log))
