"""The OpenAPI document of declared routes: what each takes and answers, with examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from navsync.api.answers import ProblemAnswer
from navsync.api.requests import LONGEST_ID
from navsync.api.routes import PREFIX, Nothing, Problems, Route
from navsync.model import EntityType

type Json = dict[str, Any]

REFS = "#/components/schemas/"

EVERYBODYS: Problems = {
    "internal": (500, "NavSync failed; its log has the reason."),
    "unavailable": (503, "NavSync could not do this now: try again."),
    "other_shape": (503, "What is kept was written by another version of NavSync: its operator has to start anew."),
}
CALLERS: Problems = {
    "unauthenticated": (401, "There is no bearer token, or it is not valid any more."),
    "forbidden": (403, "The caller's role is not enough."),
    "invalid": (422, "The path, query or body is not what this route takes; the detail says which field, and why."),
    "too_many_requests": (429, "The caller's calls of this minute are used up; `Retry-After` says for how long."),
    **EVERYBODYS,
}
"""What every route that is not open may answer."""

BODYS: Problems = {
    "malformed": (400, "The body cannot be decoded."),
    "too_large": (413, "The body is over 256 kB."),
}
PATHS: Problems = {"not_found": (404, "It does not exist, or is not the caller's to see.")}

TURNED_AWAY = {
    401: "As `application/json`: API Gateway found no `Authorization` header, and did not ask NavSync.",
    403: "As `application/json`: API Gateway turned the token away, which is not valid or has expired.",
}
"""What API Gateway answers before a function is asked; an HTTP API lets nobody change its words or its shape."""

TURNED_AWAY_AS = "GatewayAnswer"
GATEWAY_ANSWER: Json = {
    "type": "object",
    "description": "What API Gateway itself answers to who brings no valid token.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}


def problems_of(route: Route) -> Problems:
    """Every problem that *route* may answer."""
    if route.role is None:
        return {**EVERYBODYS, **route.problems}
    asked = route.query.model_fields.keys() | route.body.model_fields.keys()
    scoped = "{" in route.path or "workspace_id" in asked
    return {**CALLERS, **(PATHS if scoped else {}), **(BODYS if route.changes else {}), **route.problems}


def document(routes: Iterable[Route], *, version: str) -> Json:
    """OpenAPI 3.1."""
    ordered = sorted(routes, key=lambda route: (route.path, route.method))
    schemas = _schemas(ordered) | {TURNED_AWAY_AS: GATEWAY_ANSWER}
    paths: dict[str, Json] = {}
    for route in ordered:
        paths.setdefault(f"{PREFIX}{route.path}", {})[route.method.lower()] = _operation(route, schemas)
    used = _used(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NavSync",
            "version": version,
            "description": "Keeps NavImpact and Notion workspaces in two-way sync.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {name: schema for name, schema in schemas.items() if name in used},
        },
    }


def _used(node: Any, schemas: dict[str, Json]) -> set[str]:
    """Names of the schemas that *node* refers to, directly or not."""
    found: set[str] = set()
    fresh = _named(node)
    while fresh:
        found |= fresh
        fresh = {name for each in fresh for name in _named(schemas[each])} - found
    return found


def _named(node: Any) -> set[str]:
    return set(re.findall(rf'"{REFS}(\w+)"', json.dumps(node)))


def _schemas(routes: Iterable[Route]) -> dict[str, Json]:
    bodies = {route.body for route in routes if route.body is not Nothing}
    answered = {route.answers for route in routes if not isinstance(route.answers, str)}
    queries = {route.query for route in routes}
    taken: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in bodies | queries]
    given: list[tuple[type[BaseModel], Any]] = [(model, "serialization") for model in answered | {ProblemAnswer}]
    _, written = models_json_schema(sorted(taken + given, key=str), ref_template=f"{REFS}{{model}}")
    return {name: _plain(schema) for name, schema in sorted(written["$defs"].items())}


def _plain(node: Any) -> Any:
    """Without the titles that pydantic makes of names: they say nothing."""
    match node:
        case dict():
            return {name: _plain(each) for name, each in node.items() if name != "title" or not isinstance(each, str)}
        case list():
            return [_plain(each) for each in node]
        case _:
            return node


def _operation(route: Route, schemas: dict[str, Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": _first_sentence(route.summary),
        "description": route.summary + ("" if route.role is None else f"\n\nNeeds the role {route.role}."),
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas), *_headers(route)],
        "responses": {**_answers(route, schemas), **_problems(route)},
    }
    if route.role is None:
        operation["security"] = []
    if route.body is not Nothing:
        schema = {"$ref": f"{REFS}{_name_of(route.body)}"}
        needed = bool(schemas[_name_of(route.body)].get("required"))
        operation["requestBody"] = {"content": {"application/json": _with_example(schema, schemas)}, "required": needed}
    return operation


def _first_sentence(text: str) -> str:
    """In plain text: readers of a summary do not render CommonMark, as they do in descriptions."""
    return re.split(r"[.:;]\s", text, maxsplit=1)[0].rstrip(".").replace("`", "")


def _path_parameters(route: Route) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": _NAMES.get(name, _ID)}


_ID = {"type": "integer", "minimum": 0, "maximum": 10**LONGEST_ID - 1}
_NAMES: Json = {
    "entity_type": {"type": "string", "enum": [*EntityType, "page"]},
    "entity_id": {"type": "string", "maxLength": 100},
    "template": {"type": "string", "maxLength": 100},
}
"""What a path names otherwise than by a number of ours."""


def _query_parameters(route: Route, schemas: dict[str, Json]) -> Iterator[Json]:
    shape = schemas[_name_of(route.query)]
    for name, schema in shape.get("properties", {}).items():
        plain = {key: value for key, value in schema.items() if key != "description"}
        required = name in shape.get("required", ())
        shown = (
            {"example": EXAMPLES[name]} if name in EXAMPLES and name != "cursor" else {}
        )  # a cursor is nobody's to make
        yield {"name": name, "in": "query", "required": required, "schema": _not_null(plain)} | shown


def _not_null(schema: Json) -> Json:
    """A parameter that is left out is null; none can be written so."""
    options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    kept = {} if schema.get("default") is None else {"default": schema["default"]}
    chosen: Json = {} if not options else options[0] if len(options) == 1 else {"anyOf": options}
    return {**rest, **chosen, **kept}


def _headers(route: Route) -> Iterator[Json]:
    if len(route.statuses) > 1:
        yield {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "`wait=5`: answer when it is done, or after so many seconds, 8 at most (RFC 7240).",
            "schema": {"type": "string"},
        }


def _answers(route: Route, schemas: dict[str, Json]) -> Json:
    if isinstance(route.answers, str):
        content: Json = {route.answers: {"schema": {"type": "string" if "html" in route.answers else "object"}}}
    else:
        schema = {"$ref": f"{REFS}{_name_of(route.answers)}"}
        content = {"application/json": _with_example(schema, schemas)}
        if "format" in route.query.model_fields:
            content["text/csv"] = {"schema": {"type": "string"}}
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in route.statuses}


def _problems(route: Route) -> Json:
    by_status: dict[int, list[tuple[str, str]]] = {}
    for code, (status, meaning) in problems_of(route).items():
        by_status.setdefault(status, []).append((code, meaning))
    told = {status: _problem(status, codes) for status, codes in sorted(by_status.items())}
    return {
        str(status): answer if route.role is None else _or_turned_away(status, answer)
        for status, answer in told.items()
    }


def _or_turned_away(status: int, answer: Json) -> Json:
    """Add what API Gateway may answer before the function is asked."""
    if status not in TURNED_AWAY:
        return answer
    media = {"schema": {"$ref": f"{REFS}{TURNED_AWAY_AS}"}, "example": {"message": HTTPStatus(status).phrase}}
    return answer | {
        "description": f"{answer['description']} {TURNED_AWAY[status]}",
        "content": answer["content"] | {"application/json": media},
    }


def _problem(status: int, codes: Sequence[tuple[str, str]]) -> Json:
    schema: Json = {"$ref": f"{REFS}ProblemAnswer"}
    content: Json = {
        "application/problem+json": {"schema": schema, "examples": {c: _told(status, c, m) for c, m in codes}}
    }
    answer: Json = {"description": " ".join(f"`{code}`: {meaning}" for code, meaning in codes), "content": content}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return answer


def _told(status: int, code: str, meaning: str) -> Json:
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": meaning}
    return {"value": told | {"code": code, "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}}


def _name_of(model: type[BaseModel]) -> str:
    """What pydantic calls *model* in a document: `Page[X]` becomes `Page_X_`."""
    return re.sub(r"[^\w]", "_", model.__name__)


# --- examples ---------------------------------------------------------------------------------------------------------

EXAMPLES: Json = {
    "id": 890958881634543,
    "ids": 42,
    "workspace_name": "Impact Films",
    "media_project_id": 42,
    "start_date": "2026-11-01",
    "end_date": "2026-11-22",
    "group": "conflict/media_project/title",
    "workspace_id": 890958881634543,
    "mapping_id": 890958881634560,
    "run_id": "890958881634562",
    "entity_id": 42,
    "field": "title",
    "version": "ca30c6bc466d3609",
    "title": "Coral Reef",
    "requests_per_minute": 180,
    "day": "2026-11-22",
    "cursor": "ODkwOTU4ODgxNjM0NTQz",
    "notion_page_id": "393abc1e-edcd-81b2-9f61-396fde1491e6",
    "parent_page_id": "393abc1eedcd81b29f61396fde1491e6",
    "field_policies": {"media_project.title": "ask"},
    "field_directions": {"media_project.budget": "navimpact_to_notion"},
    "properties": {"media_project.budget": "Cost (EUR)"},
    "project_ids": 42,
    "project_types": "documentary",
    "statuses": "active",
    "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "subject": "ana",
    "message": "Sync requested",
    "scope": "record",
    "policy": "ask",
    "name": "media_project",
    "body": "**Budget:** {{budget}}",
    "placeholders": "budget",
    "page_templates": {"media_project": "media_project"},
    "template_name": "media_project",
    "project_data": {"project_id": 42},
    "template_id": "393abc1e-edcd-81b2-9f61-396fde1491e6",
}
"""By name, for what a type alone tells too little of."""

A_MOMENT = "2026-11-22T10:00:00Z"


def _with_example(schema: Json, schemas: dict[str, Json]) -> Json:
    return {"schema": schema, "example": example(schema, schemas)}


def example(schema: Json, schemas: dict[str, Json], name: str = "") -> Any:
    """A value of *schema*."""
    match schema:
        case {"$ref": str(ref)}:
            return example(schemas[ref.removeprefix(REFS)], schemas, name)
        case {"const": value} | {"enum": [value, *_]}:
            return EXAMPLES[name] if EXAMPLES.get(name) in schema.get("enum", ()) else value
        case {"anyOf": [*options]}:
            return example(_most_telling(options, name), schemas, name)
        case {"type": "object", "properties": dict(properties)}:
            return {
                each: example(inner, schemas, each) for each, inner in properties.items() if _is_shown(each, schema)
            }
        case {"type": "array", "items": dict(items)}:
            return [example(items, schemas, name)]
        case {"type": "object"}:
            return EXAMPLES.get(name, {})
    return _scalar(schema, name)


def _is_shown(name: str, schema: Json) -> bool:
    """What need not be given is shown where it goes with the rest."""
    return name in schema.get("required", ()) or name in _SHOWN


_SHOWN = (
    "sync_direction",
    "workspace_name",
    "ids",
    "project_data",
    "entity_type",
    "settings",
    "scope",
    "statuses",
    "direction",
)


def _most_telling(options: Sequence[Json], name: str) -> Json:
    kinds = {each.get("type"): each for each in options}
    named = EXAMPLES.get(name)
    wanted = {int: "integer", str: "string", dict: "object"}.get(type(named), "")
    return kinds.get(wanted) or next(each for each in options if each.get("type") != "null")


def _scalar(schema: Json, name: str) -> Any:
    kind = schema.get("type")
    named = EXAMPLES.get(name)
    if kind == "string":
        as_moment = A_MOMENT if name == "at" or name.endswith(("_at", "since")) else "text"
        return named if isinstance(named, str) else as_moment
    if kind in ("integer", "number"):
        return named if isinstance(named, int) else max(1, schema.get("minimum", 1))
    return {"boolean": True, "null": None}.get(kind or "", "text")
