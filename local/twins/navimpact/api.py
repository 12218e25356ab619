"""How does NavImpact's integration API read a request and write its answer?"""

import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.twins.control import actor
from local.twins.navimpact.platform import Platform, Problem
from local.twins.navimpact.records import ENTITIES, LARGEST_COUNT, Entity, Record, iso
from local.twins.navimpact.store import Query

PREFIX = "/api/v1/sge-media"
LARGEST_BODY = 1_000_000
LONGEST_KEY = 255


def _utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("datetime_range", "Time should be within the years 1 to 9999") from error


class _ListQuery(BaseModel):
    """The parameters of a list; others are ignored, as most servers do. A time without zone is UTC."""

    skip: Annotated[int, Field(ge=0, le=LARGEST_COUNT)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    updated_since: Annotated[datetime, AfterValidator(_utc)] | None = None
    media_project_id: Annotated[int, Field(ge=1, le=LARGEST_COUNT)] | None = None


class Api:
    """Contract routes over a platform; a person (`Twin-Actor: person`, or the page) needs no token."""

    def __init__(self, platform: Platform, *, token: str) -> None:
        self._platform = platform
        self._token = token

    def routes(self) -> list[Route]:
        """Every route of the contract; a missing slash is a 307, as on the platform."""
        return [route for entity in ENTITIES for route in self._routes_of(entity)]

    def _routes_of(self, entity: Entity) -> list[Route]:
        many, one = f"{PREFIX}/{entity.collection}/", f"{PREFIX}/{entity.collection}/{{id:int}}"

        async def collection(request: Request) -> Response:
            self._authorise(request)
            return await (self._create if request.method == "POST" else self._list)(entity, request)

        async def single(request: Request) -> Response:
            self._authorise(request)
            # Wait for the body first: what holds once it is here decides, not what held when the call began.
            body = await _json_object(request) if request.method == "PUT" else {}
            return self._serve_one(self._platform.read(entity, request.path_params["id"]), request, body)

        return [
            Route(many, collection, methods=["GET", "POST"]),
            Route(one, single, methods=["GET", "PUT", "DELETE"]),
        ]

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self._token.encode())
        if not known and actor(request) != "person":
            raise Problem(401, "not authenticated: send the service token", "unauthorized", ("header", "Authorization"))

    async def _list(self, entity: Entity, request: Request) -> Response:
        asked = _query(request)
        since = None if asked.updated_since is None else iso(asked.updated_since)
        query = Query(asked.skip, asked.limit, since, asked.media_project_id)
        records, total = self._platform.store.find(entity, query)
        return JSONResponse([record.as_json() for record in records], headers={"X-Total-Count": str(total)})

    async def _create(self, entity: Entity, request: Request) -> Response:
        body, key = await _json_object(request), _idempotency_key(request)
        try:
            record, repeated = self._platform.create(entity, body, key)
        except ValidationError as error:
            _refuse_body(error)
        kept = {} if key is None else {"Idempotency-Key": key}
        return _shown(record, 201, kept | ({"Idempotent-Replayed": "true"} if repeated else {}))

    def _serve_one(self, record: Record, request: Request, body: dict[str, Any]) -> Response:
        if request.method in ("GET", "HEAD"):
            return _shown(record)
        _check_if_match(record, request)
        if request.method == "PUT":
            return self._update(record, body)
        self._platform.delete(record)
        return Response(status_code=204)

    def _update(self, record: Record, body: dict[str, Any]) -> Response:
        try:
            return _shown(self._platform.update(record, body))
        except ValidationError as error:
            _refuse_body(error)


class Invalid(Exception):  # an answer for the caller, not a failure of the twin
    """A request that breaks the schema; *details* say where."""

    def __init__(self, details: Sequence[dict[str, Any]]) -> None:
        super().__init__("the request is not valid; see details")
        self.details = list(details)


def answer_problem(_request: Request, problem: Exception) -> Response:
    """Any refusal in the contract's one shape: `{"error", "status_code", "details"}`."""
    match problem:
        case Problem():
            detail = {"loc": list(problem.loc), "msg": problem.error, "type": problem.type}
            return _error(problem.status, problem.error, [detail])
        case Invalid():
            return _error(422, str(problem), problem.details)
        case HTTPException():
            return _error(problem.status_code, problem.detail, [], problem.headers)
        case _:
            return _error(500, "the platform stopped because of a fault of its own; try again later", [])


EXCEPTION_HANDLERS: dict[Any, Callable[[Request, Exception], Response]] = {
    Problem: answer_problem,
    Invalid: answer_problem,
    HTTPException: answer_problem,
    Exception: answer_problem,
}


def _error(status: int, error: str, details: list[dict[str, Any]], headers: Any = None) -> Response:
    extra = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = {"error": error, "status_code": status, "details": details}
    return JSONResponse(body, status, {**extra, **(headers or {})})


def _shown(record: Record, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(record.as_json(), status, {"ETag": record.etag, **(headers or {})})


def _query(request: Request) -> _ListQuery:
    try:
        return _ListQuery.model_validate_strings(dict(request.query_params))
    except ValidationError as error:
        raise Invalid(_details("query", error)) from error


def _refuse_body(error: ValidationError) -> NoReturn:
    raise Invalid(_details("body", error)) from error


def _details(part: str, error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"loc": [part, *found["loc"]], "msg": found["msg"], "type": found["type"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        error = f"an Idempotency-Key has 1 to {LONGEST_KEY} characters"
        raise Problem(422, error, "idempotency_key_length", ("header", "Idempotency-Key"))
    return key


def _check_if_match(record: Record, request: Request) -> None:
    wanted = request.headers.get("if-match")
    if wanted is None:
        return
    tags = {tag.strip() for tag in wanted.split(",")}
    if tags.isdisjoint({"*", record.etag}):
        error = "the record has changed since you read it; read it again"
        raise Problem(412, error, "precondition_failed", ("header", "If-Match"))


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await _body(request), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = {"loc": ["body"], "msg": f"JSON decode error: {error}", "type": "json_invalid"}
        raise Invalid([detail]) from error
    if not isinstance(body, dict):
        detail = {"loc": ["body"], "msg": "Input should be an object", "type": "dict_type"}
        raise Invalid([detail])
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Problem(413, f"a request has at most {LARGEST_BODY} bytes", "too_large", ("body",))
    return bytes(body)
