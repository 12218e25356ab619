"""The way in: in which order is a request checked, and how is it answered?"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from local.twins.control import Clock, actor
from local.twins.notion import (
    async_tasks,
    blocks,
    data_sources,
    databases,
    errors,
    ids,
    page_markdown,
    pages,
    search,
    users,
)
from local.twins.notion.budget import Budgets
from local.twins.notion.errors import ApiError, shown
from local.twins.notion.records import Bot, Person, Token, UserRef, Workspace
from local.twins.notion.requests import Ask, Operation
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, Changed, Version, World

VERSIONS: Final[tuple[Version, ...]] = get_args(Version.__value__)
NEWEST: Final[Version] = VERSIONS[-1]
LARGEST_BODY: Final = 500_000
_ID: Final = r"[^/]+"
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE: Final = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    operation: Operation


def _route(method: str, path: str, operation: Operation) -> _Route:
    pattern = re.sub(r"\{(\w+)\}", rf"(?P<\1>{_ID})", path)
    return _Route(method, re.compile(f"/v1/{pattern}/?"), operation)


ROUTES: Final = (
    _route("GET", "users/me", users.me),
    _route("GET", "users/{user_id}", users.retrieve),
    _route("GET", "users", users.list_all),
    _route("POST", "search", search.search),
    _route("POST", "pages", pages.create),
    _route("GET", "pages/{page_id}", pages.retrieve),
    _route("PATCH", "pages/{page_id}", pages.update),
    _route("POST", "pages/{page_id}/move", pages.move),
    _route("GET", "pages/{page_id}/properties/{property_id}", pages.retrieve_property),
    _route("GET", "pages/{page_id}/markdown", page_markdown.retrieve),
    _route("PATCH", "pages/{page_id}/markdown", page_markdown.update),
    _route("POST", "databases", databases.create),
    _route("GET", "databases/{database_id}", databases.retrieve),
    _route("PATCH", "databases/{database_id}", databases.update),
    _route("POST", "data_sources", data_sources.create),
    _route("GET", "data_sources/{data_source_id}", data_sources.retrieve),
    _route("PATCH", "data_sources/{data_source_id}", data_sources.update),
    _route("POST", "data_sources/{data_source_id}/query", data_sources.query),
    _route("GET", "data_sources/{data_source_id}/templates", data_sources.templates),
    _route("GET", "blocks/{block_id}", blocks.retrieve),
    _route("PATCH", "blocks/{block_id}", blocks.update),
    _route("DELETE", "blocks/{block_id}", blocks.delete),
    _route("GET", "blocks/{block_id}/children", blocks.children),
    _route("PATCH", "blocks/{block_id}/children", blocks.append),
    _route("GET", "async_tasks/{task_id}", async_tasks.retrieve),
)
WITHOUT_UUID: Final = frozenset(("property_id", "task_id"))
WITHOUT_REQUEST_ID: Final = frozenset({data_sources.templates})


@dataclass
class Gate:
    """Checks as Notion does: route and JSON, then token, budget, version, shape, and last what it is about."""

    world: World
    clock: Clock
    budgets: Budgets
    publish: Callable[[list[Changed]], None]

    async def __call__(self, request: Request) -> Response:
        """Answer one request to /v1."""
        request_id = str(uuid4())
        try:
            raw = await _read(request)
            answer, route = self._serve(request, raw)
        except ApiError as error:
            return _json(error.envelope(request_id), error.status, request_id, error.headers)
        if route.operation in WITHOUT_REQUEST_ID:
            return _json(answer, 200, request_id, {})
        status = 202 if request.method != "GET" and answer["object"] == "async_task" else 200
        return _json(answer | {"request_id": request_id}, status, request_id, {})

    def _serve(self, request: Request, raw: bytes) -> tuple[JsonObject, _Route]:
        route, path = _find(request)
        body = _parsed(raw)
        caller = self._caller(request, path, body)
        ask = Ask(_dashed(path), _query(request), _object(body))
        self.world.changes.clear()
        with self.world.store.transaction():
            answer = route.operation(caller, ask)
        self.publish(list(self.world.changes))
        return answer, route

    def _caller(self, request: Request, path: dict[str, str], body: Any) -> Caller:
        token = self._token(request)
        bot = self.world.store.get(Bot, token.bot_id) if token else None
        if _is_person(request):
            return self._person(request, bot, _named(path, body))
        if bot is None:
            raise errors.unauthorized()
        workspace = self._workspace(bot.workspace_id)
        request.scope.setdefault("state", {})["budget_left"] = 0
        left = self.budgets.spend(bot, workspace, self.world.switches)
        request.scope["state"]["budget_left"] = left
        author = UserRef(bot.id, "bot")
        return Caller(self.world, _version(request), workspace, author, bot, self._now())

    def _person(self, request: Request, bot: Bot | None, named: list[str]) -> Caller:
        """A person needs no token: the workspace is the one that the request is about."""
        workspace = self._workspace(bot.workspace_id if bot else self._workspace_of(request, named))
        people = [person for person in self.world.store.all(Person) if person.workspace_id == workspace.id]
        wanted = request.headers.get("twin-person")
        author = next((person for person in people if person.id == wanted), people[0])
        version = _version(request) if "notion-version" in request.headers else NEWEST
        return Caller(self.world, version, workspace, UserRef(author.id, "person"), None, self._now())

    def _workspace_of(self, request: Request, named: list[str]) -> str:
        if (chosen := ids.parse(request.headers.get("twin-workspace"))) is not None:
            return chosen
        found = (self.world.find(identifier) for identifier in named)
        return next((thing.workspace_id for thing in found if thing), self.world.store.all(Workspace)[0].id)

    def _workspace(self, identifier: str) -> Workspace:
        found = self.world.store.get(Workspace, identifier)
        if found is None:
            raise errors.validation(f"There is no workspace {identifier}; GET /_twin/workspaces lists them.")
        return found

    def _token(self, request: Request) -> Token | None:
        header = request.headers.get("authorization")
        if header is None and _is_person(request):
            return None
        scheme, _, secret = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise errors.missing_authorization()
        token = self.world.store.get(Token, secret)
        if token is None:
            raise errors.unauthorized()
        return token

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _is_person(request: Request) -> bool:
    """A token without the header is a connection's call, even from runtimes that send browsers' headers."""
    if "twin-actor" not in request.headers and "authorization" in request.headers:
        return False
    return actor(request) == "person"


def _find(request: Request) -> tuple[_Route, dict[str, str]]:
    for route in ROUTES:
        found = route.pattern.fullmatch(request.scope["path"])
        if found and route.method == request.method:
            return route, found.groupdict()
    raise errors.invalid_request_url()


async def _read(request: Request) -> bytes:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise errors.too_large()
    return raw


def _parsed(raw: bytes) -> Any:
    if not raw.strip():
        return {}
    try:
        # Half a surrogate pair is legal JSON but no text; Notion's own storage would not keep it either.
        return json.loads(_LONE_SURROGATE.sub(rb"\\ufffd", raw), parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise errors.invalid_json() from error


def _no_json(constant: str) -> None:
    """NaN and Infinity are Python's own additions to JSON."""
    raise ValueError(constant)


def _object(body: Any) -> JsonObject:
    if not isinstance(body, dict):
        raise errors.failed("body", [f"body should be an object, instead was {shown(body)}."])
    return body


def _dashed(path: dict[str, str]) -> dict[str, str]:
    found = {key: value if key in WITHOUT_UUID else ids.parse(value) for key, value in path.items()}
    wrong = [key for key, value in found.items() if value is None]
    if wrong:
        sentences = [f"path.{key} should be a valid uuid, instead was {shown(path[key])}." for key in wrong]
        raise errors.failed("path", sentences)
    return {key: value for key, value in found.items() if value is not None}


def _named(path: dict[str, str], body: Any) -> list[str]:
    """Every id that tells which workspace a request is about."""
    parent = body.get("parent") if isinstance(body, dict) else None
    spelled = [*path.values(), *(parent.values() if isinstance(parent, dict) else ())]
    return [found for value in spelled if (found := ids.parse(value)) is not None]


def _query(request: Request) -> dict[str, list[str]]:
    return {key: request.query_params.getlist(key) for key in request.query_params}


def _version(request: Request) -> Version:
    given = request.headers.get("notion-version")
    if given is None:
        raise errors.missing_version()
    known = next((version for version in VERSIONS if version == given), None)
    if known is None:
        raise errors.unknown_version(given, VERSIONS)
    return known


def _json(body: JsonObject, status: int, request_id: str, headers: dict[str, str]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status,
        {"x-notion-request-id": request_id, "vary": "Accept-Encoding"} | headers,
        media_type="application/json; charset=utf-8",
    )
