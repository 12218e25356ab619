"""Routes: each is declared once, and by that declaration checked, limited, audited and documented."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel

from navsync.api.callers import Caller, caller
from navsync.api.problems import Problem, problem_response
from navsync.api.requests import parse, public_id, query, wait_of
from navsync.audit import AuditRow
from navsync.errors import OtherShape, Retryable, SyncError
from navsync.model import Workspace

PREFIX = "/api/v1/notion"

LONGEST_TARGET = 200
"""Characters of a path that an audit row keeps."""

CHANGES_SHARE = 10
"""Of the calls that a caller has in a minute, one in so many may change something in one workspace."""


class Nothing(BaseModel):
    """No parameters, or no body."""


class Trail(Protocol):
    """Where audit rows are kept."""

    def begin(self, row: AuditRow) -> None:
        """Keep *row*; there is none of its id yet."""
        ...

    def end(self, row: AuditRow) -> None:
        """Say how the row that was begun ended. It is never changed again."""
        ...


class Windows(Protocol):
    """Counts calls in fixed minutes."""

    def count(self, whose: str, of: str, *, now: datetime) -> int:
        """Count one more call of *whose* in *now*'s minute; how many there were with it."""
        ...


class Limited(Problem):
    """429. *first*: the first refusal of its minute, which alone is worth a row: a flood must not fill the trail."""

    def __init__(self, seconds: int, *, first: bool) -> None:
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_requests",
            f"You have used up your calls of this minute: try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )
        self.first = first


@dataclass(frozen=True, slots=True)
class Guard:
    """What every call with a caller passes: our own limits, and the audit trail."""

    trail: Trail
    windows: Windows
    per_minute: int
    clock: Callable[[], datetime]
    new_id: Callable[[], int]

    def limit(self, who: Caller) -> None:
        """Count a call. Raises `Limited` when the caller's calls of this minute are used up."""
        self._limit(who, "all", self.per_minute)

    def limit_changes(self, who: Caller, workspace_id: int) -> None:
        """Count a change in a workspace: one caller's flood must not be everybody's work."""
        self._limit(who, str(workspace_id), max(1, self.per_minute // CHANGES_SHARE))

    def _limit(self, who: Caller, of: str, most: int) -> None:
        now = self.clock()
        number = self.windows.count(_key_of(who), of, now=now)
        if number > most:
            raise Limited(math.ceil(60 - now.timestamp() % 60), first=number == most + 1)


def _key_of(who: Caller) -> str:
    """Names a caller: of fixed length, and no two share it."""
    return hashlib.sha256(json.dumps([who.org, who.subject]).encode()).hexdigest()


type Problems = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Route:
    """What a route takes, for whom, and what it answers."""

    name: str
    """`change_workspace`: what programs call it by."""
    method: str
    path: str
    """Without the prefix: `/workspaces/{id}`"""
    summary: str
    role: str | None
    """The least that a caller must be; None: open to everybody."""
    query: type[BaseModel]
    body: type[BaseModel]
    answers: type[BaseModel] | str
    """The shape of the answer, or its media type."""
    statuses: Sequence[int]
    """What it answers when it does what was asked."""
    problems: Problems
    """Codes of problems that are its own → status and meaning."""
    changes: bool = False
    """Whether it changes something: then each call leaves an audit row."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Call[Query: BaseModel, Body: BaseModel]:
    """One request to a route."""

    event: APIGatewayProxyEventV2
    route: Route
    takes: type[Query]
    brings: type[Body]
    who: Caller
    path: Mapping[str, str]
    guard: Guard
    run_id: str | None = None
    """Of the run that it causes; the audit row names it."""
    begun: list[AuditRow] = field(default_factory=list)

    @property
    def query(self) -> Query:
        """The query string, checked."""
        return query(self.takes, self.event)

    @property
    def body(self) -> Body:
        """The JSON body, checked."""
        return parse(self.brings, self.event)

    @property
    def wait(self) -> int:
        """Seconds that the caller would rather wait than ask again."""
        return self.wait_or(0)

    def wait_or(self, seconds: int) -> int:
        """Seconds that the caller would rather wait than ask again; *seconds* of one who says nothing of it."""
        return wait_of(self.event) if "prefer" in self.event.headers else seconds

    def id(self, name: str = "id") -> int | None:
        """The id in the path; None where it cannot be one."""
        return public_id(self.path[name])

    def may_see(self, workspace: Workspace | None) -> Workspace:
        """*workspace*, or 404."""
        return self.who.must_be_in("viewer", workspace)

    def enter(self, workspace: Workspace | None) -> Workspace:
        """*workspace*, to change something in it: refused, or counted and written down before it happens."""
        found = self.who.must_be_in(self.route.role or "", workspace)
        self.guard.limit_changes(self.who, found.id)
        self.begin(found.id)
        return found

    def begin(self, workspace_id: int | None = None) -> None:
        """Write down that something is about to be changed."""
        row = self._row(workspace_id)
        self.guard.trail.begin(row)
        self.begun.append(row)

    def end(self, status: int, code: str | None, *, refused: bool) -> None:
        """Write down how it ended."""
        for row in self.begun:
            self.guard.trail.end(replace(row, status=status, code=code, run_id=self.run_id))
        if not self.begun and (refused or self.route.changes):
            self.guard.trail.begin(replace(self._row(None), status=status, code=code, run_id=self.run_id))

    def _row(self, workspace_id: int | None) -> AuditRow:
        return AuditRow(
            id=self.guard.new_id(),
            at=self.guard.clock(),
            subject=self.who.subject,
            role=self.who.role,
            org=self.who.org,
            route=str(self.route),
            target=self.event.path.removeprefix(PREFIX)[:LONGEST_TARGET],
            request_id=str(self.event.request_context.request_id),
            workspace_id=workspace_id,
        )


type Handler[Query: BaseModel, Body: BaseModel] = Callable[[Call[Query, Body]], Response[str]]


class Routes:
    """The routes of one function. One that has open routes only needs no *guard*."""

    def __init__(self, logger: Logger, guard: Guard | None = None) -> None:
        self.logger = logger
        self.guard = guard
        self.app = resolver(logger)
        self.declared: list[Route] = []

    def reads[Query: BaseModel](
        self,
        path: str,
        *,
        role: str,
        query: type[Query],
        answers: type[BaseModel] | str,
        problems: Problems | None = None,
    ) -> Callable[[Handler[Query, Nothing]], Handler[Query, Nothing]]:
        """A route that changes nothing."""

        def declare(handler: Handler[Query, Nothing]) -> Handler[Query, Nothing]:
            shape = _route(handler, "GET", path, role=role, query=query, answers=answers, problems=problems)
            self._add(shape, query, Nothing, handler)
            return handler

        return declare

    def changes[Query: BaseModel, Body: BaseModel](
        self,
        method: str,
        path: str,
        *,
        role: str,
        query: type[Query],
        body: type[Body],
        answers: type[BaseModel],
        statuses: Sequence[int] = (200,),
        problems: Problems | None = None,
    ) -> Callable[[Handler[Query, Body]], Handler[Query, Body]]:
        """A route that changes something: each call of it leaves an audit row."""

        def declare(handler: Handler[Query, Body]) -> Handler[Query, Body]:
            plain = _route(handler, method, path, role=role, query=query, answers=answers, problems=problems)
            shape = replace(plain, body=body, statuses=statuses, changes=True)
            self._add(shape, query, body, handler)
            return handler

        return declare

    def opens(
        self,
        method: str,
        path: str,
        *,
        answers: type[BaseModel] | str,
        status: int = 200,
        problems: Problems | None = None,
    ) -> Callable[[Callable[[], Response[str]]], Callable[[], Response[str]]]:
        """A route that is open to everybody."""

        def declare(handler: Callable[[], Response[str]]) -> Callable[[], Response[str]]:
            plain = _route(handler, method, path, role=None, query=Nothing, answers=answers, problems=problems)
            shape = replace(plain, statuses=[status])
            self.declared.append(shape)
            self.app.route(f"{PREFIX}{path}", method=method)(handler)
            return handler

        return declare

    def _add[Query: BaseModel, Body: BaseModel](
        self, route: Route, takes: type[Query], brings: type[Body], handler: Handler[Query, Body]
    ) -> None:
        def answered(**path: str) -> Response[str]:
            event, guard = self.app.current_event, self._guarded()
            who = caller(event, now=guard.clock())
            return self._answer(Call(event, route, takes, brings, who, path, guard), handler)

        self._guarded()
        self.declared.append(route)
        pattern = route.path.replace("{", "<").replace("}", ">")
        self.app.route(f"{PREFIX}{pattern}", method=route.method)(answered)

    def _guarded(self) -> Guard:
        if self.guard is None:
            raise TypeError("a route that is not open needs a guard: give one to the function's Routes")
        return self.guard

    def _answer[Query: BaseModel, Body: BaseModel](
        self, call: Call[Query, Body], handler: Handler[Query, Body]
    ) -> Response[str]:
        try:
            call.guard.limit(call.who)
            call.who.must_be(call.route.role or "")
            answer = handler(call)
        except Exception as error:
            self._end(call, error)
            raise
        self._end(call, None, answer.status_code)
        answer.headers |= {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return answer

    def _end(self, call: Call[Any, Any], error: Exception | None, status: int = 0) -> None:
        """Close the trail. What cannot be written there any more is in the log: the answer is not held back for it."""
        status, code = (status, None) if error is None else _as_answered(error)
        if isinstance(error, Limited) and not error.first and not call.begun:
            return
        refused = status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS) or code == "not_found"
        try:
            call.end(status, code, refused=refused)
        except SyncError:
            about = {"route": str(call.route), "subject": call.who.subject, "status": status}
            self.logger.exception("the audit trail could not be written", extra=about)


def _as_answered(error: Exception) -> tuple[int, str]:
    match error:
        case Problem():
            return int(error.status), error.code
        case Retryable() | OtherShape():
            return int(HTTPStatus.SERVICE_UNAVAILABLE), error.code
        case _:
            return int(HTTPStatus.INTERNAL_SERVER_ERROR), "internal"


def _route(
    handler: Callable[..., Any],
    method: str,
    path: str,
    *,
    role: str | None,
    query: type[BaseModel],
    answers: type[BaseModel] | str,
    problems: Problems | None,
) -> Route:
    """What *handler*'s own name and docstring tell, and the rest."""
    name = handler.__name__
    summary = (handler.__doc__ or "").strip()
    return Route(name, method, path, summary, role, query, Nothing, answers, [200], problems or {})


def resolver(logger: Logger) -> APIGatewayHttpResolver:
    """A router whose every failure is a problem object with the request's id; unexpected ones are logged, not told."""
    app = APIGatewayHttpResolver()

    def request_id() -> str:
        return str(app.current_event.request_context.request_id)

    @app.exception_handler(Problem)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def known(problem: Problem) -> Response[str]:
        return problem_response(problem, request_id())

    @app.exception_handler(Retryable)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def passing(error: Retryable) -> Response[str]:
        logger.warning("passing failure", extra={"code": error.code, "reason": str(error)})
        again = Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, "NavSync could not do this now: try again.")
        return problem_response(again, request_id())

    @app.exception_handler(OtherShape)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def outgrown(error: OtherShape) -> Response[str]:
        logger.error("other shape", extra={"reason": str(error)})
        stopped = Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, f"We stopped because {error}.")
        return problem_response(stopped, request_id())

    @app.exception_handler(NotFoundError)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def unknown_route(_: NotFoundError) -> Response[str]:
        return problem_response(Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such route."), request_id())

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def unexpected(error: Exception) -> Response[str]:
        logger.exception("unexpected", exc_info=error)
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "NavSync failed; the log has the reason.")
        return problem_response(problem, request_id())

    return app
