"""The way in: in which order is a request checked, and how is it answered?"""

import asyncio
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
    comments,
    custom_emojis,
    data_sources,
    databases,
    errors,
    file_uploads,
    ids,
    multipart,
    page_markdown,
    page_templates,
    pages,
    search,
    users,
    view_queries,
    views,
)
from local.twins.notion.budget import Budgets
from local.twins.notion.errors import ApiError, Edge, shown
from local.twins.notion.outages import Outages
from local.twins.notion.records import Bot, Capability, Person, Token, UserRef, Workspace
from local.twins.notion.requests import Ask, Operation
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, Changed, Version, World

VERSIONS: Final[tuple[Version, ...]] = get_args(Version.__value__)
NEWEST: Final[Version] = VERSIONS[-1]
LARGEST_BODY: Final = 500_000
A_MOMENT_S: Final = 0.01  # a timer may ring a little before the clock shows the time
_ID: Final = r"[^/]+"
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE: Final = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))


@dataclass(frozen=True)
class _Route:
    method: str
    path: str
    pattern: re.Pattern[str]
    operation: Operation
    needs: tuple[Capability, ...]


def _route(method: str, path: str, operation: Operation, *needs: Capability) -> _Route:
    pattern = re.sub(r"\{(\w+)\}", rf"(?P<\1>{_ID})", path)
    return _Route(method, path, re.compile(f"/v1/{pattern}/?"), operation, needs)


ROUTES: Final = (
    _route("GET", "users/me", users.me),
    _route("GET", "users/{user_id}", users.retrieve, "read_user_without_email"),
    _route("GET", "users", users.list_all, "read_user_without_email"),
    _route("POST", "search", search.search, "read_content"),
    _route("POST", "pages", pages.create, "insert_content"),
    _route("GET", "pages/{page_id}", pages.retrieve, "read_content"),
    _route("PATCH", "pages/{page_id}", pages.update, "update_content"),
    _route("POST", "pages/{page_id}/move", pages.move, "update_content"),
    _route("GET", "pages/{page_id}/properties/{property_id}", pages.retrieve_property, "read_content"),
    _route("GET", "pages/{page_id}/markdown", page_markdown.retrieve, "read_content"),
    _route("PATCH", "pages/{page_id}/markdown", page_markdown.update),
    _route("POST", "databases", databases.create, "insert_content"),
    _route("GET", "databases/{database_id}", databases.retrieve, "read_content"),
    _route("PATCH", "databases/{database_id}", databases.update, "update_content"),
    _route("POST", "data_sources", data_sources.create, "insert_content"),
    _route("GET", "data_sources/{data_source_id}", data_sources.retrieve, "read_content"),
    _route("PATCH", "data_sources/{data_source_id}", data_sources.update, "update_content"),
    _route("POST", "data_sources/{data_source_id}/query", data_sources.query, "read_content"),
    _route("GET", "data_sources/{data_source_id}/templates", page_templates.list_all, "read_content"),
    _route("GET", "blocks/{block_id}", blocks.retrieve, "read_content"),
    _route("PATCH", "blocks/{block_id}", blocks.update, "update_content"),
    _route("DELETE", "blocks/{block_id}", blocks.delete, "update_content"),
    _route("GET", "blocks/{block_id}/children", blocks.children, "read_content"),
    _route("PATCH", "blocks/{block_id}/children", blocks.append, "insert_content"),
    _route("POST", "comments", comments.create, "insert_comment"),
    _route("GET", "comments", comments.list_open, "read_comment"),
    _route("GET", "comments/{comment_id}", comments.retrieve, "read_comment"),
    _route("PATCH", "comments/{comment_id}", comments.update, "insert_comment"),
    _route("DELETE", "comments/{comment_id}", comments.delete, "insert_comment"),
    _route("GET", "views", views.list_all, "read_content"),
    _route("POST", "views", views.create, "insert_content"),
    _route("GET", "views/{view_id}", views.retrieve, "read_content"),
    _route("PATCH", "views/{view_id}", views.update, "update_content"),
    _route("DELETE", "views/{view_id}", views.delete, "update_content"),
    _route("POST", "views/{view_id}/queries", view_queries.create, "read_content"),
    _route("GET", "views/{view_id}/queries/{query_id}", view_queries.results, "read_content"),
    _route("DELETE", "views/{view_id}/queries/{query_id}", view_queries.delete, "read_content"),
    _route("POST", "file_uploads", file_uploads.create, "insert_content"),
    _route("GET", "file_uploads", file_uploads.list_own, "read_content"),
    _route("GET", "file_uploads/{file_upload_id}", file_uploads.retrieve, "read_content"),
    _route("POST", "file_uploads/{file_upload_id}/send", file_uploads.send, "insert_content"),
    _route("POST", "file_uploads/{file_upload_id}/complete", file_uploads.complete, "insert_content"),
    _route("GET", "custom_emojis", custom_emojis.list_all, "read_content"),
    _route("GET", "async_tasks/{task_id}", async_tasks.retrieve),
)
WITHOUT_UUID: Final = frozenset(("property_id", "task_id"))
FORMS: Final = frozenset({file_uploads.send})
WITHOUT_REQUEST_ID: Final = frozenset({page_templates.list_all})


@dataclass
class Gate:
    """Checks as Notion does: route and JSON, then token, budget, version, shape, and last what it is about."""

    world: World
    clock: Clock
    budgets: Budgets
    publish: Callable[[list[Changed]], None]
    outages: Outages

    async def __call__(self, request: Request) -> Response:
        """Answer one request to /v1."""
        request_id = str(uuid4())
        try:
            raw = await _read(request)
            route, path = _find(request)
            body = await multipart.read(request.headers, raw) if route.operation in FORMS else _parsed(raw)
            answer = self._serve(request, route, path, body)
        except ApiError as error:
            return _json(error.envelope(request_id), error.status, request_id, error.headers)
        except Edge as error:
            return _page_of_the_edge(error.status)
        if route.operation in WITHOUT_REQUEST_ID:
            return _json(answer, 200, request_id, {})
        self._catch_up_later()
        status = 202 if request.method != "GET" and answer["object"] == "async_task" else 200
        return _json(answer | {"request_id": request_id}, status, request_id, {})

    def _serve(self, request: Request, route: _Route, path: dict[str, str], body: Any) -> JsonObject:
        self.world.origin, self.world.now = str(request.base_url).rstrip("/"), self._now()
        self.catch_up()
        outage = self.outages.pick(request)
        if outage is None:
            return self._answer(request, route, path, body)
        answer = self._answer(request, route, path, body) if outage.after_the_write else {}
        raise outage.error(path.get("block_id"), answer)

    def catch_up(self) -> None:
        """Apply the templates whose moment has come."""
        if page_templates.waiting(self.world):
            self.world.changes.clear()
            with self.world.store.transaction():
                page_templates.apply_due(self.world, self._now())
            self.publish(list(self.world.changes))

    def _catch_up_later(self) -> None:
        if page_templates.waiting(self.world):
            wait = self.clock.real_seconds(self.world.switches.template_s) + A_MOMENT_S
            asyncio.get_running_loop().call_later(wait, self.catch_up)

    def _answer(self, request: Request, route: _Route, path: dict[str, str], body: Any) -> JsonObject:
        caller = self._caller(request, path, body)
        if not self._is_looked_up_first(caller, _named(path, body)):
            caller.require(*route.needs)
        ask = Ask(_dashed(path), _query(request), _object(body))
        self.world.changes.clear()
        with self.world.store.transaction(), self.world.within_free_plan(caller.workspace):
            answer = route.operation(caller, ask)
            caller.require(*route.needs)
        self.publish(list(self.world.changes))
        return _within_sight(caller, answer)

    def _is_looked_up_first(self, caller: Caller, named: list[str]) -> bool:
        """Whether a request ends with what it is about not being there, whatever the connection may do."""
        if self.world.switches.capabilities_checked == "first":
            return False
        found = [self.world.find(identifier) for identifier in named]
        return any(thing is None or not caller.sees(thing) for thing in found)

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
        version = self._version(request)
        return Caller(self.world, version, workspace, author, bot, self._now())

    def _person(self, request: Request, bot: Bot | None, named: list[str]) -> Caller:
        """A person needs no token: the workspace is the one that the request is about."""
        workspace = self._workspace(bot.workspace_id if bot else self._workspace_of(request, named))
        people = [person for person in self.world.store.all(Person) if person.workspace_id == workspace.id]
        wanted = request.headers.get("twin-person")
        author = next((person for person in people if person.id == wanted), people[0])
        version = self._version(request) if "notion-version" in request.headers else NEWEST
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
        if token is None or self._is_dead(token):
            raise errors.unauthorized()
        return token

    def _version(self, request: Request) -> Version:
        given = request.headers.get("notion-version")
        if given is None:
            raise errors.missing_version()
        known = next((version for version in VERSIONS if version == given), None)
        if known is None:
            switches = self.world.switches
            named = VERSIONS if switches.unknown_version_wording == "naming_the_known" else ()
            raise errors.unknown_version(given, named, switches.unknown_version_code)
        return known

    def _is_dead(self, token: Token) -> bool:
        life = self.world.switches.access_token_life_s
        ends = [token.issued_at + life] if life is not None else []
        return any(end <= self._now() for end in [*ends, *([token.dies_at] if token.dies_at is not None else [])])

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
    most = multipart.LARGEST_FORM if request.scope["path"].endswith("/send") else LARGEST_BODY
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise errors.too_large()
    return b"".join(chunks)


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


def _within_sight(caller: Caller, answer: JsonObject) -> JsonObject:
    """What a writer without *read content* is shown of what it wrote: that it is there, and its id."""
    if caller.bot is None or caller.bot.may("read_content"):
        return answer
    if answer.get("object") == "list":
        return answer | {"results": [_within_sight(caller, item) for item in answer["results"]]}
    partial = answer.get("object") in ("page", "block", "database", "data_source")
    return {"object": answer["object"], "id": answer["id"]} if partial else answer


def _named(path: dict[str, str], body: Any) -> list[str]:
    """Every id that tells which workspace a request is about."""
    parent = body.get("parent") if isinstance(body, dict) else None
    spelled = [*path.values(), *(parent.values() if isinstance(parent, dict) else ())]
    return [found for value in spelled if (found := ids.parse(value)) is not None]


def _query(request: Request) -> dict[str, list[str]]:
    return {key: request.query_params.getlist(key) for key in request.query_params}


def _page_of_the_edge(status: int) -> Response:
    page = f"<html><head><title>{status} Bad Gateway</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
    return Response(page, status, {"server": "cloudflare", "cf-ray": "9f3c1a2b4d5e6f70-FRA"}, media_type="text/html")


def _json(body: JsonObject, status: int, request_id: str, headers: dict[str, str]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status,
        {"x-notion-request-id": request_id, "vary": "Accept-Encoding"} | headers,
        media_type="application/json; charset=utf-8",
    )
