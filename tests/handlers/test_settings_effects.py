"""Each setting changes what it says it changes, and a function that lacks one stops at start and names it."""

from __future__ import annotations

import base64
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from navsync.errors import ConfigError
from tests.handlers.deployed import FUNCTIONS, Cloud, Function, variables
from tests.handlers.known import NOTION, W, a_workspace, captured, request, who
from tests.template.loading import of_type, template

OPTIONAL = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}
"""Powertools' own; without them it logs at INFO under no name."""
MAY_BE_EMPTY = {"JWKS_URL", "JWT_AUDIENCE", "JWT_ISSUER"}
"""What a platform that signs with a secret has none of. That they are absent is no choice but a mistake."""

NEEDED = [(f, name) for f in sorted(FUNCTIONS) for name in sorted(variables(f).keys() - OPTIONAL)]
MISSING = [
    (f, name, value) for f, name in NEEDED for value in (None, "", "  ") if value is None or name not in MAY_BE_EMPTY
]


@pytest.mark.parametrize(("function", "name", "value"), MISSING)
def test_a_missing_setting_stops_a_function_at_start(cloud: Cloud, function: str, name: str, value: str | None) -> None:
    with pytest.raises(ConfigError, match=rf"\b{name} is missing: set it in template\.yaml"):
        cloud.deployment.start(function, **{name: value})


NUMBERS = [(f, name) for f, name in NEEDED if name in {"NOTION_TIMEOUT", "NOTION_MAX_RETRIES", "NOTION_SYNC_INTERVAL"}]


@pytest.mark.parametrize(("function", "name"), NUMBERS)
def test_a_number_that_is_none_stops_a_function_at_start(cloud: Cloud, function: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be a whole number, and is 'soon'"):
        cloud.deployment.start(function, **{name: "soon"})


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_with_what_the_template_gives_it_a_function_starts(cloud: Cloud, function: str) -> None:
    assert callable(cloud.deployment.start(function).module.handler)


# --- connecting -------------------------------------------------------------------------------------------------------


def authorize_query(function: Function) -> dict[str, str]:
    url = function.answer(request("connect", who())).json["authorize_url"]
    return dict(parse_qsl(urlsplit(url).query))


def test_notion_client_id_is_who_asks_for_access(cloud: Cloud) -> None:
    function = cloud.deployment.start("oauth_callback", NOTION_CLIENT_ID="another-client")

    assert authorize_query(function)["client_id"] == "another-client"


def test_notion_redirect_uri_is_where_the_person_comes_back(cloud: Cloud) -> None:
    uri = "https://app.navimpact.example/notion"
    function = cloud.deployment.start("oauth_callback", NOTION_REDIRECT_URI=uri)

    assert authorize_query(function)["redirect_uri"] == uri


def token_request(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, **settings: str) -> httpx.Request:
    """What connecting sends to Notion's token endpoint."""
    sent: list[httpx.Request] = []

    def take(asked: httpx.Request) -> httpx.Response:
        sent.append(asked)
        return httpx.Response(400, json={"error": "invalid_grant"})

    function = cloud.deployment.start("oauth_callback", **settings)
    with httpx.Client(transport=httpx.MockTransport(take), base_url="https://notion.example/v1/") as wire:
        client = function.module.runtime.oauth().client
        client.client.close()
        monkeypatch.setattr(client, "client", wire)
        handed = {"code": "c", "state": authorize_query(function)["state"]}
        function.answer(request("connect_workspace", who(), body=handed))
    (only,) = sent
    return only


def test_id_and_secret_are_sent_to_notion_and_nowhere_else(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.fill("NotionOAuthSecret", client_secret="another-secret")

    sent = token_request(cloud, monkeypatch, NOTION_CLIENT_ID="another-client")

    scheme, _, pair = sent.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"another-client:another-secret")
    assert b"another-secret" not in sent.content


def test_the_redirect_is_named_again_when_the_code_is_exchanged(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = token_request(cloud, monkeypatch, NOTION_REDIRECT_URI="https://app.navimpact.example/notion")

    assert b'"https://app.navimpact.example/notion"' in sent.content


def test_a_secret_that_nobody_has_filled_connects_nothing(cloud: Cloud) -> None:
    cloud.fill("NotionOAuthSecret", client_secret="")
    function = cloud.deployment.start("oauth_callback")

    answer = function.answer(request("connect", who()))

    assert (answer.status, answer.is_problem) == (500, True)


# --- time and patience ------------------------------------------------------------------------------------------------


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_call_that_hangs_is_cut_after_notion_timeout(cloud: Cloud) -> None:
    with silent() as url:
        function = cloud.deployment.start("oauth_callback", NOTION_TIMEOUT="1", NOTION_BASE_URL=url)
        handed = {"code": "c", "state": authorize_query(function)["state"]}
        began = time.monotonic()

        answer = function.answer(request("connect_workspace", who(), body=handed))

    assert (answer.status, answer.json["code"]) == (502, "notion_unavailable")
    assert 1 <= time.monotonic() - began < 10


def test_a_worker_does_not_hang_longer_either(cloud: Cloud, notion: str) -> None:
    connected(cloud, notion)
    with silent() as url:
        worker = cloud.deployment.start("sync_worker", NOTION_TIMEOUT="1", NOTION_MAX_RETRIES="0", NOTION_BASE_URL=url)
        began = time.monotonic()

        worker(captured("wake"))

    assert 1 <= time.monotonic() - began < 10


def connected(cloud: Cloud, notion: str) -> None:
    """A workspace with a token that opens Notion, and set-up to do."""
    a_workspace(cloud)
    token = httpx.post(f"{notion}/_twin/tokens", json={"workspace_id": _seeded(notion)}).json()["token"]
    secret = '{"access_token": "%s", "refresh_token": null}' % token  # noqa: UP031 - braces are JSON's here
    cloud.vault.create_secret(Name=f"navsync/workspace/{W}", SecretString=secret)
    cloud["scheduled_reconcile"](captured("tick"))


def _seeded(notion: str) -> str:
    workspaces: list[dict[str, Any]] = httpx.get(f"{notion}/_twin/workspaces").json()
    return str(workspaces[0]["id"])


def tries(notion: str) -> set[int]:
    """How often the API was called for the same, until now."""
    log = httpx.get(f"{notion}/_twin/requests", params={"since": 0}).json()
    rows = log if isinstance(log, list) else log["requests"]
    return {*Counter((row["method"], row["path"]) for row in rows if row["actor"] == "api").values()}


@pytest.mark.usefixtures("navimpact")  # two records of another test would be two calls for the same
@pytest.mark.parametrize(("retries", "expected"), [("0", 1), ("1", 2), ("2", 3)])
def test_notion_max_retries_are_tries_after_the_first(cloud: Cloud, notion: str, retries: str, expected: int) -> None:
    connected(cloud, notion)
    httpx.post(f"{notion}/_twin/faults", json=[{"match": {"path": "/v1/**"}, "do": {"status": 503}}]).raise_for_status()
    function = cloud.deployment.start("sync_worker", NOTION_MAX_RETRIES=retries)

    function(captured("wake"))

    assert tries(notion) == {expected}


# --- the schedule -----------------------------------------------------------------------------------------------------


def test_notion_sync_interval_is_how_often_the_tick_comes() -> None:
    (tick,) = of_type("AWS::Scheduler::Schedule").values()
    find, parameter = tick["ScheduleExpression"]["Fn::FindInMap"], template()["Parameters"]["NotionSyncInterval"]

    def rate(seconds: int) -> str:
        return str(template()["Mappings"][find[0]][str(seconds)][find[2]])

    assert find[1] == {"Ref": "NotionSyncInterval"}
    assert (rate(parameter["Default"]), rate(60), rate(3600)) == ("rate(5 minutes)", "rate(1 minute)", "rate(1 hour)")


def test_the_twins_registration_is_what_the_tests_connect_with() -> None:
    assert NOTION.redirect_uris[0].endswith("/api/v1/notion/callback")
