"""How the functions behind the HTTP API answer: who is calling, what they may do, and errors as problem objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel, ValidationError

from navsync.errors import Retryable, SyncError
from navsync.model import Workspace

ROLES = ("viewer", "analyst", "admin")
"""From the least to the most."""

PREFIX = "/api/v1/notion"

LONGEST_ID = 16
"""Digits."""


class Problem(SyncError):
    """An answer of `application/problem+json`: *detail* for people, *code* for programs. Never a provider's text."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, more


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as the authorizer found."""

    subject: str
    role: str
    org: str | None = None
    workspaces: frozenset[int] | None = None
    """The only workspaces the token is for; None: it names none."""

    def role_in(self, workspace: Workspace) -> str | None:
        """The role in *workspace*; None: to this caller it does not exist.

        Another organisation is never let in, whoever its subject is called: subjects are unique within one. A
        member has the role given to them there, but never more than the token says.
        """
        if self.org != workspace.org or (self.workspaces is not None and workspace.id not in self.workspaces):
            return None
        if self.subject in workspace.members:
            return min(self.role, workspace.members[self.subject], key=ROLES.index)
        return self.role if self.org is not None else None

    def may(self, role: str, workspace: Workspace) -> bool:
        """Whether the caller has at least *role* in *workspace*."""
        mine = self.role_in(workspace)
        return mine is not None and ROLES.index(mine) >= ROLES.index(role)

    def must_be(self, role: str) -> None:
        """Refuse with 403 unless the token itself says at least *role*."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise forbidden(role)

    def must_be_in(self, role: str, workspace: Workspace | None) -> Workspace:
        """*workspace*, or 404 when it is not the caller's to see, or 403 when *role* is more than theirs."""
        if workspace is None or self.role_in(workspace) is None:
            raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such workspace.")
        if not self.may(role, workspace):
            raise forbidden(role)
        return workspace


def forbidden(role: str) -> Problem:
    """403: the caller's role is not enough."""
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", f"This needs the role {role}.")


def caller(event: APIGatewayProxyEventV2, *, now: datetime) -> Caller:
    """Who is calling. The authorizer has checked the token; its answer is cached, so the expiry is looked at again."""
    authorizer = event.request_context.authorizer
    found: Mapping[str, Any] = (authorizer.get_lambda if authorizer else None) or {}
    if "subject" not in found or float(found["expires_at"]) <= now.timestamp():
        raise Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "This needs a bearer token.")
    workspaces = json.loads(found["workspaces"]) if found.get("workspaces") else None
    return Caller(
        subject=found["subject"],
        role=found["role"],
        org=found.get("org") or None,
        workspaces=None if workspaces is None else frozenset(workspaces),
    )


def public_id(text: str) -> int | None:
    """The id in a path; None where it cannot be one: they are below 2^53, and a key of a table has an end."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else None


def raw_body(event: APIGatewayProxyEventV2) -> bytes:
    """The bytes that were sent: signatures are made over them, and API Gateway hands some bodies on as base64."""
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.is_base64_encoded else body.encode("utf-8")
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed", "The body cannot be decoded.") from error


def query[Query: BaseModel](shape: type[Query], event: APIGatewayProxyEventV2) -> Query:
    """The query string as *shape*, or 422 that names each wrong parameter."""
    try:
        return shape.model_validate(event.query_string_parameters)
    except ValidationError as error:
        raise _invalid("The query is not what this route takes.", error) from error


def parse[Body: BaseModel](shape: type[Body], event: APIGatewayProxyEventV2) -> Body:
    """The JSON body as *shape*, or 422 that names each wrong field."""
    try:
        return shape.model_validate_json(raw_body(event) or b"{}")
    except ValidationError as error:
        raise _invalid("The body is not what this route takes.", error) from error


def _invalid(detail: str, error: ValidationError) -> Problem:
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    named = [{"loc": list(map(str, each["loc"])), "msg": each["msg"]} for each in wrong]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=named)


def json_response(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    """An answer of JSON."""
    return Response(status.value, "application/json", json.dumps(content))


def resolver(logger: Logger) -> APIGatewayHttpResolver:
    """A router whose every failure is a problem object with the request's id; unexpected ones are logged, not told."""
    app = APIGatewayHttpResolver()

    def request_id() -> str:
        return str(app.current_event.request_context.request_id)

    @app.exception_handler(Problem)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def known(problem: Problem) -> Response[str]:
        return problem_response(problem, request_id())

    @app.exception_handler(Retryable)  # type: ignore[untyped-decorator]
    def passing(error: Retryable) -> Response[str]:
        logger.warning("passing failure", extra={"code": error.code, "reason": str(error)})
        again = Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, "NavSync could not do this now: try again.")
        return problem_response(again, request_id())

    @app.exception_handler(NotFoundError)  # type: ignore[untyped-decorator]
    def unknown_route(_: NotFoundError) -> Response[str]:
        return problem_response(Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such route."), request_id())

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def unexpected(error: Exception) -> Response[str]:
        logger.exception("unexpected", exc_info=error)
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "NavSync failed; the log has the reason.")
        return problem_response(problem, request_id())

    return app


def problem_response(problem: Problem, request_id: str) -> Response[str]:
    """*problem* as RFC 9457 asks."""
    content = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
        **problem.more,
    }
    return Response(int(problem.status), "application/problem+json", json.dumps(content))
