"""Why a record stands as it does."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.event_handler import Response

from dashboard.front import routes, runtime, workspaces_of
from navsync import api, bootstrap, views
from navsync import explain as explaining
from navsync.api import Call, Nothing, answers, asks
from navsync.conductor import pauses
from navsync.model import EntityRef, EntityType, Lane, Mapping, Work, WorkKind, Workspace


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
    items = [_explanation(w, *read(w.id)) for w in workspaces_of(call, call.query.workspace_id)]
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
    told = explaining.explain(
        shown,
        mapping,
        queued=work is not None and desk.waits(work),
        blocked_until=pauses.until(desk, runtime.clock()),
    )
    return views.explanation(shown.id, mapping, told)
