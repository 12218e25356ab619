"""What a view shows, kept for a quarter of an hour to be read in pieces."""

from typing import Final

from local.twins.notion import data_sources, ids, views
from local.twins.notion.records import View, ViewQuery
from local.twins.notion.requests import Ask, Window, window_of_body, window_of_query
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller

KEPT_S: Final = 15 * 60


def create(caller: Caller, ask: Ask) -> JsonObject:
    """POST /v1/views/{view_id}/queries: finds the rows; the answer has the first of them, by id only."""
    findings = caller.findings()
    findings.only(ask.body, ("page_size",), "body")
    findings.check()
    view = views.found(caller, ask.path["view_id"])
    cap = caller.world.switches.query_cap
    rows = _rows(caller, view)
    query = ViewQuery(
        id=caller.world.minter.plain(),
        workspace_id=caller.workspace.id,
        view_id=view.id,
        created_at=caller.now,
        expires_at=caller.now + KEPT_S,
        page_ids=tuple(rows[:cap]),
        cut=len(rows) > cap,
    )
    caller.world.store.put(query)
    part = _part(query, window_of_body(caller, ask, query.id))
    return {
        "object": "view_query",
        "id": query.id,
        "view_id": view.id,
        "expires_at": ids.millisecond(query.expires_at),
        "total_count": len(query.page_ids),
        **{key: value for key, value in part.items() if key not in ("object", "type", "page")},
    }


def results(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/views/{view_id}/queries/{query_id}: more of the same rows, whatever has happened to them since."""
    query = _found(caller, ask)
    return _part(query, window_of_query(caller, ask, query.id))


def delete(caller: Caller, ask: Ask) -> JsonObject:
    """DELETE /v1/views/{view_id}/queries/{query_id}."""
    query = _found(caller, ask)
    caller.world.store.drop(query)
    return {"object": "view_query", "id": query.id, "deleted": True}


def _rows(caller: Caller, view: View) -> list[str]:
    """The ids of the rows that the view's filter keeps, by its sorts."""
    source = caller.data_source(view.data_source_id)
    asked = {key: view.settings[key] for key in ("filter", "sorts") if view.settings.get(key)}
    return [row.id for row in data_sources.found(caller, source, Ask({}, {}, asked), f"view:{view.id}:{view.settings}")]


def _part(query: ViewQuery, window: Window) -> JsonObject:
    refs = [{"object": "page", "id": page_id} for page_id in query.page_ids]
    answer = window.of(refs, "page", lambda ref: ref, list_id=query.id)
    if query.cut and not answer["has_more"]:
        answer["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return answer


def _found(caller: Caller, ask: Ask) -> ViewQuery:
    view = views.found(caller, ask.path["view_id"])
    query = caller.world.store.get(ViewQuery, ask.path["query_id"])
    if query is None or query.view_id != view.id or caller.now >= query.expires_at:
        raise caller.not_found("view query", ask.path["query_id"])
    return query
