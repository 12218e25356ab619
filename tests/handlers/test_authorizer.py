"""The authorizer says who is calling, or that nobody is; it never fails for what a caller sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.handlers.deployed import Cloud, Function
from tests.handlers.known import JWT_SECRET, SECRET_VALUES, W, a_workspace, captured, request

SOON = datetime.now(UTC) + timedelta(hours=1)
CLAIMS = {"sub": "ana", "role": "analyst", "org": "reef", "exp": SOON}


def token(secret: str = JWT_SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """What NavImpact gives a person; None leaves a claim out."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


def authorized(cloud: Cloud, authorization: str | None) -> dict[str, Any]:
    return asked(cloud["authorizer"], authorization)


def asked(function: Function, authorization: str | None) -> dict[str, Any]:
    event = captured("authorizer")
    event["headers"].pop("authorization")
    if authorization is not None:
        event["headers"]["authorization"] = authorization
    answer: dict[str, Any] = function(event)
    return answer


def test_a_good_token_says_who_is_calling(cloud: Cloud) -> None:
    assert authorized(cloud, f"Bearer {token()}") == {
        "isAuthorized": True,
        "context": {"subject": "ana", "role": "analyst", "org": "reef", "expires_at": int(SOON.timestamp())},
    }


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_may_be_written_as_one_likes(cloud: Cloud, scheme: str) -> None:
    assert authorized(cloud, f"{scheme} {token()}")["isAuthorized"]


def test_without_a_role_one_is_a_viewer_and_without_an_organisation_of_none(cloud: Cloud) -> None:
    context = authorized(cloud, f"Bearer {token(role=None, org=None)}")["context"]

    assert (context["role"], context["org"]) == ("viewer", "")


@pytest.mark.parametrize(("workspaces", "told"), [([W], f"[{W}]"), ([], "[]")])
def test_a_token_for_named_workspaces_says_so_in_a_way_that_api_gateway_passes_on(
    cloud: Cloud, workspaces: list[int], told: str
) -> None:
    assert authorized(cloud, f"Bearer {token(workspaces=workspaces)}")["context"]["workspaces"] == told


def test_the_context_holds_what_api_gateway_can_pass_on(cloud: Cloud) -> None:
    context = authorized(cloud, f"Bearer {token(workspaces=[W])}")["context"]

    assert {type(value) for value in context.values()} <= {str, int}


def test_what_the_authorizer_says_is_what_the_functions_read(cloud: Cloud) -> None:
    a_workspace(cloud)
    context = authorized(cloud, f"Bearer {token(workspaces=[W])}")["context"]

    assert cloud["dashboard"].answer(request("workspace", context)).status == 200


def test_while_the_secret_is_rotated_tokens_of_both_are_good(cloud: Cloud) -> None:
    new = "the-next-secret-of-more-than-thirty-two-bytes"
    cloud.fill("SigningSecret", **{**SECRET_VALUES["SigningSecret"], "jwt_secret": f"{new} {JWT_SECRET}"})
    cold = cloud.deployment.start("authorizer")

    answers = [asked(cold, f"Bearer {token(secret)}") for secret in (new, JWT_SECRET)]

    assert [answer["isAuthorized"] for answer in answers] == [True, True]


def test_where_the_platform_publishes_its_keys_the_shared_secret_opens_nothing(cloud: Cloud) -> None:
    cold = cloud.deployment.start("authorizer", JWKS_URL="http://127.0.0.1:9/jwks")

    assert asked(cold, f"Bearer {token()}") == {"isAuthorized": False}


def test_a_token_for_another_audience_opens_nothing(cloud: Cloud) -> None:
    cold = cloud.deployment.start("authorizer", JWT_AUDIENCE="navsync")

    answers = [asked(cold, f"Bearer {token(aud=audience)}") for audience in ("navsync", "another-app")]

    assert [answer["isAuthorized"] for answer in answers] == [True, False]


UNSIGNED = f"{'.'.join(token().split('.')[:2])}."
NONE_ALGORITHM = jwt.encode(CLAIMS, "", algorithm="none")

BAD = {
    "missing": None,
    "empty": "",
    "only the scheme": "Bearer",
    "another scheme": f"Basic {token()}",
    "no scheme": token(),
    "expired": f"Bearer {token(exp=datetime.now(UTC) - timedelta(seconds=1))}",
    "no expiry": f"Bearer {token(exp=None)}",
    "an expiry that is no time": f"Bearer {token(exp='soon')}",
    "an endless expiry": f"Bearer {token(exp=float('inf'))}",
    "not yet valid": f"Bearer {token(nbf=SOON)}",
    "another key": f"Bearer {token(secret='another-secret-of-more-than-thirty-two-bytes')}",
    "another algorithm": f"Bearer {token(secret=JWT_SECRET * 2, algorithm='HS512')}",
    "alg none": f"Bearer {NONE_ALGORITHM}",
    "signature cut off": f"Bearer {UNSIGNED}",
    "no subject": f"Bearer {token(sub=None)}",
    "an unknown role": f"Bearer {token(role='owner')}",
    "a role that is a list": f"Bearer {token(role=['admin'])}",
    "workspaces that are no list": f"Bearer {token(workspaces='17')}",
    "workspaces that are no numbers": f"Bearer {token(workspaces=['all'])}",
    "garbage": "Bearer é☃ \x00.\udc80.x",
    "two tokens": f"Bearer {token()}, Bearer {token()}",
    "huge": f"Bearer {'x' * 100_000}",
}


@pytest.mark.parametrize("authorization", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_good_is_nobodys(cloud: Cloud, authorization: str | None) -> None:
    assert authorized(cloud, authorization) == {"isAuthorized": False}


def test_a_request_without_headers_is_nobodys(cloud: Cloud) -> None:
    event = {key: value for key, value in captured("authorizer").items() if key != "headers"}

    assert cloud["authorizer"](event) == {"isAuthorized": False}


def test_a_refused_token_is_not_logged(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = token(secret="another-secret-of-more-than-thirty-two-bytes")
    log = cloud["authorizer"].listen(monkeypatch)

    authorized(cloud, f"Bearer {bad}")

    assert json.loads(log.getvalue())["message"] == "refused"
    assert bad not in log.getvalue()
