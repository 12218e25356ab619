"""OAuth, errors, limits and timeouts through the official Python SDK."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from notion_client import APIErrorCode, APIResponseError, UnknownHTTPResponseError
from notion_client.client import RetryOptions
from notion_client.errors import InvalidPathParameterError, RequestTimeoutError

from tests.conformance.sdk_python.settled import Sdk
from tests.twins.notion.rig import BASIC, REDIRECT

NOWHERE = "00000000-0000-4000-8000-000000000000"


def grant(sdk: Sdk, notion: Any) -> Any:
    code = sdk.rig.consent()["code"]
    return notion.oauth.token(*BASIC, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)


@contextmanager
def disturbed(sdk: Sdk, **what: Any) -> Iterator[None]:
    """Disturb the next call to users/me, and nothing afterwards."""
    sdk.rig.order("faults", [{"match": {"path": "/v1/users/me", "nth": 1}, "do": what}])
    try:
        yield
    finally:
        sdk.rig.http.delete("/_twin/faults")


def test_a_code_is_exchanged_for_a_token_that_works(sdk: Sdk, notion: Any) -> None:
    pair = grant(sdk, notion)

    with sdk.client(pair["access_token"]) as fresh:
        assert fresh.users.me()["id"] == pair["bot_id"]


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(sdk: Sdk, notion: Any) -> None:
    pair = grant(sdk, notion)

    fresh = notion.oauth.token(*BASIC, grant_type="refresh_token", refresh_token=pair["refresh_token"])

    with sdk.client(fresh["access_token"]) as client:
        assert client.users.me()["id"] == pair["bot_id"]
    with sdk.client(pair["access_token"]) as client, pytest.raises(APIResponseError) as caught:
        client.users.me()
    assert caught.value.code == APIErrorCode.Unauthorized


def test_a_code_is_good_for_one_exchange(sdk: Sdk, notion: Any) -> None:
    code = sdk.rig.consent()["code"]
    exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    notion.oauth.token(*BASIC, **exchange)

    with pytest.raises(UnknownHTTPResponseError) as caught:
        notion.oauth.token(*BASIC, **exchange)

    assert (caught.value.status, json.loads(caught.value.body)["error"]) == (400, "invalid_grant")


def test_a_revoked_token_is_known_to_be_dead(sdk: Sdk, notion: Any) -> None:
    token = grant(sdk, notion)["access_token"]

    before = notion.oauth.introspect(*BASIC, token=token)["active"]
    notion.oauth.revoke(*BASIC, token=token)
    after = notion.oauth.introspect(*BASIC, token=token)["active"]

    assert (before, after) == (True, False)


def test_what_is_not_there_is_refused_with_its_own_code(notion: Any) -> None:
    with pytest.raises(APIResponseError) as caught:
        notion.pages.retrieve(NOWHERE)

    assert (caught.value.code, caught.value.status) == (APIErrorCode.ObjectNotFound, 404)
    assert caught.value.request_id == caught.value.headers["x-notion-request-id"]


def test_a_path_that_climbs_is_refused_before_it_is_sent(notion: Any) -> None:
    with pytest.raises(InvalidPathParameterError):
        notion.pages.retrieve("../users")


def test_html_from_the_edge_is_an_error_of_its_own_kind(sdk: Sdk, notion: Any) -> None:
    html = {"status": 502, "body": "<html>Bad gateway</html>", "headers": {"content-type": "text/html"}}

    with disturbed(sdk, **html), pytest.raises(UnknownHTTPResponseError) as caught:
        notion.users.me()

    assert caught.value.status == 502


def test_an_overload_is_an_error_that_this_sdk_does_not_know(sdk: Sdk, notion: Any) -> None:
    body = {"object": "error", "status": 529, "code": "service_overload", "message": "Later."}

    with disturbed(sdk, status=529, body=body), pytest.raises(UnknownHTTPResponseError) as caught:
        notion.users.me()

    assert json.loads(caught.value.body)["code"] == "service_overload"


def test_a_call_that_takes_too_long_is_given_up(sdk: Sdk, notion: Any) -> None:
    token = grant(sdk, notion)["access_token"]

    with disturbed(sdk, delay_ms=400), sdk.client(token, timeout_ms=100) as hasty, pytest.raises(RequestTimeoutError):
        hasty.users.me()


def test_a_spent_budget_is_told_with_its_pause(sdk: Sdk, notion: Any) -> None:
    sdk.rig.order("switches", {"requests_per_window": 1})
    try:
        with pytest.raises(APIResponseError) as caught:
            [notion.users.me() for _ in range(2)]
    finally:
        sdk.rig.order("switches", {"requests_per_window": 100_000})

    assert (caught.value.code, caught.value.status) == (APIErrorCode.RateLimited, 429)
    assert (caught.value.additional_data or {})["retry_after"] == caught.value.headers["retry-after"]


def test_its_own_retry_gets_over_a_spent_budget(sdk: Sdk, notion: Any) -> None:
    token = grant(sdk, notion)["access_token"]
    body = {"object": "error", "status": 429, "code": "rate_limited", "message": "Later."}
    once = RetryOptions(max_retries=1, initial_retry_delay_ms=1)

    with disturbed(sdk, status=429, body=body, headers={"retry-after": "0"}), sdk.client(token, retry=once) as client:
        assert client.users.me()["type"] == "bot"


def test_every_answer_so_far_is_of_the_type_that_the_javascript_sdk_declares(sdk: Sdk) -> None:
    assert sdk.transcript.findings() == []
