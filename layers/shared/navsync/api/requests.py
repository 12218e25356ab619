"""What a request asks for, as checked values."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel, ValidationError

from navsync.api import wording
from navsync.api.problems import Problem, all_invalid

LONGEST_ID = 16
"""Digits."""

MOST_NAMED = 20
"""Wrong fields that an answer names: it must stay small, whatever was sent."""

LONGEST_NAME = 100
"""Characters of a field's name in an answer."""

LONGEST_WAIT_S = 8
"""The platform's frontend gives up after 10 seconds."""

LARGEST_BODY = 256 * 1024
"""Bytes; the largest body that any route has a use for is a webhook's."""


def public_id(text: str) -> int | None:
    """The id in a path; None where it cannot be one: they are below 2^53, and a key of a table has an end."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else None


def raw_body(event: APIGatewayProxyEventV2) -> bytes:
    """The bytes that were sent: signatures are made over them, and API Gateway hands some bodies on as base64."""
    body = event.get("body") or ""
    try:
        sent = base64.b64decode(body, validate=True) if event.is_base64_encoded else body.encode("utf-8")
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed", "The body cannot be decoded.") from error
    if len(sent) > LARGEST_BODY:
        raise Problem(
            HTTPStatus.CONTENT_TOO_LARGE, "too_large", f"The body is over {LARGEST_BODY // 1024} kB: send less at once."
        )
    return sent


def query[Query: BaseModel](shape: type[Query], event: APIGatewayProxyEventV2) -> Query:
    """The query string as *shape*, or 422 that names each wrong parameter."""
    try:
        return shape.model_validate(event.query_string_parameters)
    except ValidationError as error:
        raise _invalid("The query", error, partial(_why_not_asked, shape=shape)) from error


def parse[Body: BaseModel](shape: type[Body], event: APIGatewayProxyEventV2) -> Body:
    """The JSON body as *shape*, or 422 that names each wrong field."""
    try:
        return shape.model_validate_json(raw_body(event) or b"{}")
    except ValidationError as error:
        raise _invalid("The body", error, partial(wording.reason, shape=shape)) from error


def wait_of(event: APIGatewayProxyEventV2) -> int:
    """Seconds that the caller would rather wait than ask again (`Prefer: wait=5`, RFC 7240); 0: none."""
    preferred = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})\b", event.headers.get("prefer") or "", re.IGNORECASE)
    return min(int(preferred[1]), LONGEST_WAIT_S) if preferred else 0


def _invalid(whole: str, error: ValidationError, reason: Callable[[Mapping[str, Any]], str]) -> Problem:
    wrong = error.errors(include_url=False, include_input=False)[:MOST_NAMED]
    return all_invalid([(_named(each["loc"]), reason(each)) for each in wrong], whole=whole)


def _why_not_asked(wrong: Mapping[str, Any], shape: type[BaseModel]) -> str:
    return wording.unknown_parameter(shape) if wrong["type"] == "extra_forbidden" else wording.reason(wrong, shape)


def _named(place: Iterable[int | str]) -> list[str]:
    """*place* without what pydantic adds where the name of an entry, not its value, is wrong."""
    return [str(part)[:LONGEST_NAME] for part in place if part != "[key]"]
