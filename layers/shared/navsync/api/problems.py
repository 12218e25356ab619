"""Answers: JSON, and errors as problem objects."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from navsync.errors import SyncError


class Problem(SyncError):
    """An answer of `application/problem+json`: *detail* for people, *code* for programs. Never a provider's text."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, more
        self.headers = dict(headers or {})


def forbidden(role: str) -> Problem:
    """403: the caller's role is not enough."""
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", f"This needs the role {role}.")


def not_found(what: str) -> Problem:
    """404: it does not exist, or is not the caller's to see; which of the two is not said."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no such {what}.")


def invalid(field: Sequence[str], reason: str) -> Problem:
    """422: *field* is not what the route takes, though it has the shape."""
    return all_invalid([(field, reason)])


def all_invalid(wrong: Sequence[tuple[Sequence[str], str]], *, whole: str = "It") -> Problem:
    """422: fields that are not what the route takes, each with the reason. *whole* is called what has no name."""
    told = (f"{'.'.join(field) or whole}: {reason}." for field, reason in wrong[:MOST_TOLD])
    more = [f"And {len(wrong) - MOST_TOLD} more: errors names each."] if len(wrong) > MOST_TOLD else []
    errors = [{"loc": list(field), "msg": reason} for field, reason in wrong]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", " ".join([*told, *more]), errors=errors)


MOST_TOLD = 3
"""Wrong fields that the detail tells of."""


def hash_of_style(page: str) -> str:
    """How a Content-Security-Policy names the page's own inline style, so that no other is taken."""
    inline = page.partition("<style>")[2].partition("</style>")[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def size_of(content: Any) -> int:
    """Characters of *content* as an answer, which a function hands over as text within JSON: quotes count twice."""
    return len(json.dumps(json.dumps(content)))


def json_response(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    """An answer of JSON."""
    return Response(status.value, "application/json", json.dumps(content))


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
    headers: dict[str, str | list[str]] = {**problem.headers}
    return Response(int(problem.status), "application/problem+json", json.dumps(content), headers=headers)
