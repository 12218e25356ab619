"""Why a record stands as it does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from aws_lambda_powertools.event_handler import Response

from dashboard.front import routes, runtime, workspaces_of
from navsync import api, pauses, views
from navsync import explain as explaining
from navsync.api import Call, Nothing, answers, asks
from navsync.explain import Asked
from navsync.model import EntityRef, EntityType, Mapping, Work, WorkKind, Workspace


@routes.reads(
    "/explain/{entity_type}/{entity_id}",
    role="viewer",
    query=asks.Scope,
    answers=answers.Explanations,
)
def explain(call: Call[asks.Scope, Nothing]) -> Response[str]:
    """Why a record stands as it does, in plain words. A page of Notion is asked for as `page/<its id>`.

    The id of a record that was deleted and made again leads to the one that there is now.
    """
    asked = _asked(call.path["entity_type"], call.path["entity_id"])
    items = [_explanation(w, asked) for w in workspaces_of(call, call.query.workspace_id)]
    return api.json_response({"items": items})


def _asked(kind: str, id: str) -> Asked:
    """What the path names."""
    if kind == PAGE:
        if len(id) > LONGEST_PAGE_ID or not id.isascii():
            raise api.invalid(["entity_id"], "it is not the id of a page in Notion")
        return id
    if kind not in {each.value for each in EntityType}:
        raise api.invalid(["entity_type"], f"it must be one of {', '.join([*EntityType, PAGE])}")
    number = api.public_id(id)
    if number is None:
        raise api.invalid(["entity_id"], "it must be a number, as NavImpact gives it")
    return EntityRef(EntityType(kind), str(number))


PAGE = "page"

LONGEST_PAGE_ID = 100


def _explanation(shown: Workspace, asked: Asked) -> views.Json:
    desk, mapping = runtime.store.desk(shown.id), _mapping(shown.id, asked)
    told = explaining.explain(
        shown,
        asked,
        mapping,
        queued=desk.which_wait([*_would_be_queued(asked, mapping)]),
        paused=pauses.present(desk, runtime.clock()),
    )
    return views.explanation(shown.id, asked, mapping, told)


def _mapping(workspace_id: int, asked: Asked) -> Mapping | None:
    lists = runtime.store.lists
    if isinstance(asked, EntityRef):
        return lists.mapping_of_entity(workspace_id, asked)
    return lists.mapping_of_page(workspace_id, asked)


def _would_be_queued(asked: Asked, mapping: Mapping | None) -> Iterator[Work]:
    """Whatever may tell of it: webhooks of both sides, a sweep, a person, an earlier look that was put off."""
    now = runtime.clock()
    return chain.from_iterable(Work.wherever(kind, id, now) for kind, id in _names(asked, mapping))


def _names(asked: Asked, mapping: Mapping | None) -> Iterator[tuple[WorkKind, str]]:
    """By what work may name it. Which list a page is a row of is known by its mapping alone."""
    if mapping is None and isinstance(asked, EntityRef):
        yield WorkKind.ENTITY, str(asked)
    elif mapping is None:
        yield from ((WorkKind.PAGE, f"{entity_type}/{asked}") for entity_type in EntityType)
    else:
        yield WorkKind.MAPPING, str(mapping.id)
        if mapping.entity is not None:
            yield WorkKind.ENTITY, str(mapping.entity)
        if mapping.page_id is not None:
            yield WorkKind.PAGE, f"{mapping.entity_type}/{mapping.page_id}"
