"""How do tests, demos and drills take hold of a twin?"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import takewhile
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.twins.clock import Clock
from local.twins.faults import Actor, Effect, Fault, Match, pick
from local.twins.outbox import Outbox, WebhookSettings
from local.twins.serving import CUT

__all__ = [
    "Actor",
    "Clock",
    "Control",
    "ControlMiddleware",
    "Effect",
    "Fault",
    "LoggedRequest",
    "Match",
    "Outbox",
    "RequestLog",
    "WebhookSettings",
    "actor",
]

OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
REMEMBERED_REQUESTS = 200_000
LARGEST_ORDER = 1_000_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def actor(request: HTTPConnection) -> Actor:
    """Whose call this is: a person's by `Twin-Actor: person`, or a browser's, which alone sends Sec-Fetch-Site."""
    said = request.headers.get("twin-actor")
    if said is None:
        return "person" if "sec-fetch-site" in request.headers else "api"
    return "person" if said.lower() == "person" else "api"


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One call; *status* is None when the connection was cut, *fault* names what disturbed it.

    *connection* is the one whose token the call bore, where the twin knows several.
    """

    index: int
    time: datetime
    actor: Actor
    connection: str | None
    method: str
    path: str
    query: str
    status: int | None
    budget_left: float | None
    fault: str | None
    duration_ms: float

    def as_json(self) -> dict[str, Any]:
        """The entry as `/_twin/requests` answers it."""
        return asdict(self) | {"time": _iso(self.time)}


class RequestLog:
    """Every call outside `/_twin`, numbered from 0 since the last reset, in the order the calls ended."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self._next = 0

    @property
    def next_index(self) -> int:
        """The number that the next call will have."""
        return self._next

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(tuple(self._entries))

    def add(self, **facts: Any) -> None:
        """Number and remember one call; *facts* are the fields of `LoggedRequest` but its index."""
        self._entries.append(LoggedRequest(index=self._next, **facts))
        self._next += 1

    def since(self, start: int | datetime) -> list[LoggedRequest]:
        """The calls numbered *start* and later, or those made at twin time *start* and later."""
        if isinstance(start, datetime):
            return [entry for entry in self if entry.time >= start]
        newest_first = takewhile(lambda entry: entry.index >= start, reversed(tuple(self._entries)))
        return list(newest_first)[::-1]

    def clear(self) -> None:
        """Forget all calls and number from 0 again."""
        self._entries.clear()
        self._next = 0


class _Reset(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seed: int | None = None
    projects: Annotated[int, Field(ge=0, le=100_000)] | None = None


class _Webhooks(BaseModel):
    model_config = ConfigDict(extra="forbid")
    enabled: bool
    drop: Annotated[float, Field(ge=0, le=1)] = 0.0
    duplicate: Annotated[float, Field(ge=0, le=1)] = 0.0
    reorder: Annotated[float, Field(ge=0, le=1)] = 0.0
    delay_ms: Annotated[int, Field(ge=0)] = 0


class _ClockOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")
    offset_s: float | None = None
    rate: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0


_FAULTS = TypeAdapter(list[Fault])
_SINCE: TypeAdapter[int | datetime] = TypeAdapter(int | Annotated[datetime, Field(strict=False)])


class Control:
    """A twin's clock, faults, webhooks and request log, and the routes that steer them.

    Args:
        on_reset: starts the twin's own data over; gets the caller's seed and number of projects.
        state: everything the twin holds, as JSON values.
        webhook_url: where deliveries go; None loses them.
        connection_of: names the connection that a call is made for, where the twin knows several.
        seed: of all chance (probabilities, disturbances) until a reset names another.
    """

    def __init__(
        self,
        *,
        on_reset: Callable[[int | None, int | None], None],
        state: Callable[[], dict[str, Any]],
        webhook_url: str | None = None,
        connection_of: Callable[[HTTPConnection], str | None] = lambda _: None,
        seed: int = 0,
    ) -> None:
        self.clock = Clock()
        self.faults: list[Fault] = []
        self.fault_counters: Counter[str] = Counter()
        self.webhooks = WebhookSettings(url=webhook_url)
        self.requests = RequestLog()
        self.chance = Random(seed)
        self.outbox = Outbox(self.clock, self.webhooks, self.chance)
        self.connection_of = connection_of
        self._seed = seed
        self._on_reset = on_reset
        self._state = state

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Deliver webhooks while the application runs."""
        await self.outbox.start()
        try:
            yield
        finally:
            await self.outbox.stop()

    def reset(self, seed: int | None = None, projects: int | None = None) -> None:
        """Start over: data, faults, disturbances, clock, pending webhooks, counters and log."""
        self.chance.seed(self._seed if seed is None else seed)
        self.faults.clear()
        self.fault_counters.clear()
        self.webhooks.calm()
        self.outbox.clear()
        self.clock.set(0.0)
        self.requests.clear()
        self._on_reset(seed, projects)

    def routes(self) -> list[Route]:
        """The control surface; put these beside the twin's own routes."""
        return [
            Route("/_twin/reset", self._post_reset, methods=["POST"]),
            Route("/_twin/state", self._get_state, methods=["GET"]),
            Route("/_twin/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/_twin/webhooks", self._webhooks, methods=["GET", "POST"]),
            Route("/_twin/clock", self._clock, methods=["GET", "POST"]),
            Route("/_twin/requests", self._get_requests, methods=["GET"]),
        ]

    async def _post_reset(self, request: Request) -> Response:
        return await _obey(request, TypeAdapter(_Reset), self._reset_as_told, empty=b"{}")

    def _reset_as_told(self, order: _Reset) -> dict[str, Any]:
        self.reset(order.seed, order.projects)
        return {"reset": True}

    async def _get_state(self, _request: Request) -> Response:
        about = {
            "clock": self._clock_as_json(),
            "faults": self._faults_as_json(),
            "webhooks": self._webhooks_as_json(),
        }
        return JSONResponse({"twin": about, **self._state()})

    async def _faults(self, request: Request) -> Response:
        """POST appends to the list, DELETE empties it; both answer what is then in force."""
        if request.method == "POST":
            return await _obey(request, _FAULTS, self._add_faults)
        if request.method == "DELETE":
            self.faults.clear()
        return JSONResponse(self._faults_as_json())

    def _add_faults(self, faults: list[Fault]) -> list[dict[str, Any]]:
        self.faults.extend(faults)
        return self._faults_as_json()

    async def _webhooks(self, request: Request) -> Response:
        """POST replaces all settings: what is not named is not disturbed."""
        if request.method == "POST":
            return await _obey(request, TypeAdapter(_Webhooks), self._disturb)
        return JSONResponse(self._webhooks_as_json())

    def _disturb(self, order: _Webhooks) -> dict[str, Any]:
        for name, value in order.model_dump().items():
            setattr(self.webhooks, name, value)
        return self._webhooks_as_json()

    async def _clock(self, request: Request) -> Response:
        """POST without `offset_s` keeps the time and changes its speed only."""
        if request.method == "POST":
            return await _obey(request, TypeAdapter(_ClockOrder), self._set_clock)
        return JSONResponse(self._clock_as_json())

    def _set_clock(self, order: _ClockOrder) -> dict[str, Any]:
        self.clock.set(self.clock.offset_s if order.offset_s is None else order.offset_s, order.rate)
        return self._clock_as_json()

    async def _get_requests(self, request: Request) -> Response:
        """`since` is the number of a call (as `next` told it) or an ISO time; default 0."""
        try:
            since = _SINCE.validate_strings(request.query_params.get("since", "0"))
        except ValidationError:
            return _refusal(422, "since must be a call's number or an ISO time, such as 2026-01-31T12:00:00Z")
        if isinstance(since, datetime) and since.tzinfo is None:
            since = since.replace(tzinfo=UTC)
        return JSONResponse(
            {
                "requests": [entry.as_json() for entry in self.requests.since(since)],
                "next": self.requests.next_index,
                "faults": dict(self.fault_counters),
                "webhooks": {**self.outbox.counters, "pending": self.outbox.pending},
            }
        )

    def _faults_as_json(self) -> list[dict[str, Any]]:
        return [fault.model_dump() | {"fired": fault.fired} for fault in self.faults]

    def _webhooks_as_json(self) -> dict[str, Any]:
        return asdict(self.webhooks) | {"pending": self.outbox.pending}

    def _clock_as_json(self) -> dict[str, Any]:
        return {
            "now": _iso(self.clock.now()),
            "offset_s": round(self.clock.offset_s, 6),
            "rate": self.clock.rate,
        }


class ControlMiddleware:
    """Guards the twin against web pages, disturbs calls by the faults in force, logs those outside `/_twin`.

    Refused with 403: a Host that is not this machine's name (DNS rebinding), and, for writes and the
    control surface, a browser's request from another origin.
    """

    def __init__(self, app: ASGIApp, control: Control) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (reason := _why_refused(scope)) is not None:
            await _refusal(403, reason)(scope, receive, send)
        elif scope["path"].startswith("/_twin/"):
            await self._app(scope, receive, send)
        else:
            await self._serve_logged(scope, receive, send)

    async def _serve_logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, clock = HTTPConnection(scope), self._control.clock
        caller, connection = actor(asked), self._control.connection_of(asked)
        began, began_s = clock.now(), clock.monotonic()
        effect = pick(
            self._control.faults,
            self._control.fault_counters,
            self._control.chance,
            actor=caller,
            method=scope["method"],
            path=scope["path"],
        )
        status: int | None = 500  # what uvicorn answers when the application raises
        try:
            status = await self._serve(effect, scope, receive, send)
        finally:
            self._control.requests.add(
                time=began,
                actor=caller,
                connection=connection,
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("latin-1"),
                status=status,
                budget_left=scope.get("state", {}).get("budget_left"),
                fault="+".join(effect.kinds) if effect else None,
                duration_ms=round((clock.monotonic() - began_s) * 1000, 3),
            )

    async def _serve(self, effect: Effect | None, scope: Scope, receive: Receive, send: Send) -> int | None:
        if effect is None:
            return await _apply(self._app, scope, receive, send)
        receive = await _whole(receive)
        await asyncio.sleep(effect.delay_ms / 1000)
        if effect.drop == "after":
            await _apply(self._app, scope, receive, _nowhere)
        if effect.status is not None:
            await _canned(effect.status, effect)(scope, receive, send)
            return effect.status
        if effect.drop is not None:
            await _cut(scope, receive)
            return None
        return await _apply(self._app, scope, receive, send)


async def _apply(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> int | None:
    status: int | None = None

    async def noting_status(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    await app(scope, receive, noting_status)
    return status


async def _whole(receive: Receive) -> Receive:
    """Read the request to its end, so that it can be applied even after its caller has gone."""
    messages: list[Message] = []
    more = True
    while more:
        message = await receive()
        messages.append(message)
        more = message["type"] == "http.request" and message.get("more_body", False)

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


async def _nowhere(_message: Message) -> None:
    """Swallow an answer that the caller shall not see."""


async def _cut(scope: Scope, receive: Receive) -> None:
    """Abort the TCP connection; returning before the server noticed would make it log a fault of ours."""
    cut = scope.get("extensions", {}).get(CUT)
    if cut is None:
        raise RuntimeError("a call cannot be cut because this server has no way to; use local.twins.serving")
    cut()
    while (await receive())["type"] != "http.disconnect":
        pass


def _canned(status: int, effect: Effect) -> Response:
    if isinstance(effect.body, str):
        return PlainTextResponse(effect.body, status, effect.headers)
    if effect.body is None:
        return Response(None, status, effect.headers)
    return JSONResponse(effect.body, status, effect.headers)


def _why_refused(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if host.rsplit(":", 1)[0] not in OWN_HOSTS and host not in OWN_HOSTS:
        return "this twin stopped the call because it only answers to localhost; use http://localhost"
    steers = scope["path"].startswith("/_twin/") or scope["method"] not in SAFE_METHODS
    if steers and not _same_origin(headers, host):
        return "this twin stopped the call because another website made it; use the twin's own page"
    return None


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether no browser is involved, or one that shows our own page; Sec-Fetch-Site is the surer witness."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or origin == f"http://{host}"


async def _obey[T](
    request: Request, shape: TypeAdapter[T], do: Callable[[T], object], *, empty: bytes = b""
) -> Response:
    body = await _body(request)
    if body is None:
        return _refusal(413, f"an order to the twin has at most {LARGEST_ORDER} bytes")
    try:
        order = shape.validate_json(body or empty)
    except ValidationError as error:
        return JSONResponse({"error": "the order was not understood", "details": _details(error)}, 422)
    return JSONResponse(do(order))


async def _body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_ORDER:
            return None
    return body


def _details(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _refusal(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
