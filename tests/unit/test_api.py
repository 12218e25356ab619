"""How the functions behind the HTTP API answer."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from navsync import api
from navsync.api import Caller, Problem
from navsync.errors import Blocked, Fatal, StaleMapping
from navsync.model import Workspace

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
REEF = Workspace(17, "n-1", "Reef", "bot", "reef", NOW, NOW, members={"ana": "admin", "vic": "viewer"})


def event(**changes: Any) -> APIGatewayProxyEventV2:
    context = {"http": {"method": "GET", "path": "/"}, "requestId": "r-1", "stage": "$default"}
    return APIGatewayProxyEventV2({"version": "2.0", "headers": {}, "requestContext": context} | changes)


def event_by(**said: Any) -> APIGatewayProxyEventV2:
    """A request whose caller the authorizer told of."""
    return event(requestContext={"requestId": "r-1", "authorizer": {"lambda": said}})


def soon() -> int:
    return int(NOW.timestamp()) + 1


# --- who is calling ---------------------------------------------------------------------------------------------------


def test_the_caller_is_who_the_authorizer_says() -> None:
    found = api.caller(event_by(subject="ana", role="admin", org="reef", expires_at=soon()), now=NOW)

    assert found == Caller("ana", "admin", "reef", None)


def test_an_empty_organisation_is_none() -> None:
    assert api.caller(event_by(subject="ana", role="admin", org="", expires_at=soon()), now=NOW).org is None


@pytest.mark.parametrize(("named", "read"), [("[17, 18]", {17, 18}), ("[]", set())])
def test_workspaces_that_a_token_names_are_all_it_is_for(named: str, read: set[int]) -> None:
    found = api.caller(event_by(subject="a", role="admin", org="reef", expires_at=soon(), workspaces=named), now=NOW)

    assert found.workspaces == frozenset(read)


@pytest.mark.parametrize(
    "asked",
    [event(), event_by(), event_by(subject="ana", role="admin", org="", expires_at=int(NOW.timestamp()))],
    ids=["no authorizer", "nothing said", "ended since"],
)
def test_who_is_nobody_is_refused(asked: APIGatewayProxyEventV2) -> None:
    with pytest.raises(Problem) as refusal:
        api.caller(asked, now=NOW)

    assert refusal.value.status is HTTPStatus.UNAUTHORIZED


# --- what they may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (Caller("ana", "viewer", "reef"), "viewer"),
        (Caller("ana", "admin", "reef"), "admin"),
        (Caller("vic", "admin", "reef"), "viewer"),
        (Caller("ben", "analyst", "reef"), "analyst"),
        (Caller("ana", "admin", "bay"), None),
        (Caller("eve", "admin", "bay"), None),
        (Caller("eve", "admin", None), None),
        (Caller("ana", "admin", "reef", frozenset({18})), None),
        (Caller("ana", "admin", "reef", frozenset()), None),
        (Caller("ben", "analyst", "reef", frozenset({17})), "analyst"),
    ],
)
def test_the_lesser_of_both_roles_counts_and_a_stranger_has_none(who: Caller, role: str | None) -> None:
    assert who.role_in(REEF) == role


def test_without_organisations_nobody_is_a_colleague() -> None:
    nobodys = Workspace(17, "n-1", "Reef", "bot", None, NOW, NOW)

    assert Caller("eve", "admin", None).role_in(nobodys) is None


@pytest.mark.parametrize("mine", range(3))
@pytest.mark.parametrize("wanted", range(3))
def test_a_role_includes_those_below_it(mine: int, wanted: int) -> None:
    assert Caller("ben", api.ROLES[mine], "reef").may(api.ROLES[wanted], REEF) is (mine >= wanted)


@pytest.mark.parametrize(
    ("who", "found", "status"),
    [
        (Caller("eve", "admin", "bay"), REEF, HTTPStatus.NOT_FOUND),
        (Caller("ana", "admin", "reef"), None, HTTPStatus.NOT_FOUND),
        (Caller("vic", "admin", "reef"), REEF, HTTPStatus.FORBIDDEN),
    ],
)
def test_what_is_not_theirs_is_not_there(who: Caller, found: Workspace | None, status: HTTPStatus) -> None:
    with pytest.raises(Problem) as refusal:
        who.must_be_in("admin", found)

    assert refusal.value.status is status


@pytest.mark.parametrize(
    ("text", "id"),
    [("17", 17), ("007", 7), (str(2**53), 2**53), ("", None), ("-1", None), ("1.0", None), ("1e3", None), ("²", None),
     ("١٧", None), ("9" * 17, None), ("9" * 5000, None), (" 17", None)],
)  # fmt: skip
def test_an_id_is_a_number_of_a_length_that_ids_have(text: str, id: int | None) -> None:
    assert api.public_id(text) == id


# --- what they sent ---------------------------------------------------------------------------------------------------


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int = Field(0, ge=0)


@given(st.binary())
def test_a_body_is_the_bytes_that_were_sent(sent: bytes) -> None:
    asked = event(body=base64.b64encode(sent).decode(), isBase64Encoded=True)

    assert api.raw_body(asked) == sent


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_body_of_text_is_its_utf_8(sent: str) -> None:
    assert api.raw_body(event(body=sent, isBase64Encoded=False)) == sent.encode()


@pytest.mark.parametrize("body", [{"body": "%%%", "isBase64Encoded": True}, {"body": "\ud800"}])
def test_a_body_that_cannot_be_decoded_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refusal:
        api.raw_body(event(**body))

    assert refusal.value.status is HTTPStatus.BAD_REQUEST


def test_no_body_is_an_empty_one() -> None:
    assert api.raw_body(event()) == b""
    assert api.parse(Wanted, event()) == Wanted(number=0)


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"number":-1}', '{"number":"x"}', '{"more":1}', "[" * 99_999])
def test_a_body_of_another_shape_is_refused(body: str) -> None:
    with pytest.raises(Problem) as refusal:
        api.parse(Wanted, event(body=body))

    assert refusal.value.status is HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_refusal_names_the_field_and_not_what_was_in_it() -> None:
    with pytest.raises(Problem) as refusal:
        api.parse(Wanted, event(body='{"number":"ntn_canary"}'))

    assert refusal.value.more["errors"][0]["loc"] == ["number"]
    assert "canary" not in str(refusal.value.more)


@pytest.mark.parametrize("parameters", [{"number": "x"}, {"number": "-1"}, {"other": "1"}])
def test_a_query_of_another_shape_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(Problem) as refusal:
        api.query(Wanted, event(queryStringParameters=parameters))

    assert refusal.value.status is HTTPStatus.UNPROCESSABLE_ENTITY


def test_no_query_is_an_empty_one() -> None:
    assert api.query(Wanted, event()) == Wanted(number=0)


# --- errors -----------------------------------------------------------------------------------------------------------


def answered(error: Exception) -> dict[str, Any]:
    """What a route that raises *error* answers."""
    app = api.resolver(Logger("test_api"))

    @app.get("/fails")
    def fails() -> Response[str]:
        raise error

    context = {"http": {"method": "GET", "path": "/fails"}, "requestId": "r-1", "stage": "$default"}
    asked = {"version": "2.0", "rawPath": "/fails", "headers": {}, "requestContext": context}
    return app.resolve(asked, LambdaContext())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem(HTTPStatus.CONFLICT, "taken", "It is taken."), 409, "taken"),
        (StaleMapping("provider words"), 503, "stale"),
        (Blocked("provider words", until=NOW), 503, "blocked"),
        (Fatal("provider words"), 500, "internal"),
        (KeyError("provider words"), 500, "internal"),
    ],
)
def test_every_failure_is_a_problem_that_repeats_nobodys_words(error: Exception, status: int, code: str) -> None:
    answer = answered(error)

    said = json.loads(answer["body"])
    assert (answer["statusCode"], said["status"], said["code"], said["request_id"]) == (status, status, code, "r-1")
    assert answer["multiValueHeaders" if "multiValueHeaders" in answer else "headers"]["Content-Type"] in (
        "application/problem+json", ["application/problem+json"],
    )  # fmt: skip
    assert "provider" not in answer["body"]


def test_a_problem_says_in_words_what_its_status_is() -> None:
    said = json.loads(answered(Problem(HTTPStatus.CONFLICT, "taken", "It is taken.", by="ana"))["body"])

    assert said == {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "It is taken.",
                    "code": "taken", "request_id": "r-1", "by": "ana"}  # fmt: skip
