"""Connecting a Notion workspace by OAuth: only who began it can finish it, and tokens are kept in one place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.twins.notion.seed import BOT_ID, WORKSPACE_ID
from navsync.model import Connection, Lane, WorkKind
from tests.handlers.deployed import Answer, Cloud, Function
from tests.handlers.known import NOTION, a_workspace, captured, request, who

ANA = who()


@pytest.fixture
def connecting(cloud: Cloud, notion: str) -> Function:
    """The function, with a Notion in which nobody has connected anything."""
    return cloud["oauth_callback"]


def begin(function: Function, by: dict[str, Any] = ANA) -> str:
    """Ask where to connect."""
    url: str = function.answer(request("connect", by)).json["authorize_url"]
    return url


def allow(authorize_url: str) -> dict[str, str]:
    """Press Allow on Notion's page; what it hands to the redirect."""
    address, _, query = authorize_url.partition("?")
    answer = httpx.post(address, data=dict(parse_qsl(query)) | {"decision": "allow"})
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def finish(function: Function, handed: dict[str, str], by: dict[str, Any] = ANA) -> Answer:
    return function.answer(request("connect_workspace", by, body=handed))


def connect(function: Function, by: dict[str, Any] = ANA) -> Answer:
    return finish(function, allow(begin(function, by)), by)


def token_calls(notion: str) -> int:
    log = httpx.get(f"{notion}/_twin/requests", params={"since": 0}).json()
    rows = log if isinstance(log, list) else log["requests"]
    return sum(row["path"] == "/v1/oauth/token" for row in rows)


def tokens_of(cloud: Cloud, workspace_id: int) -> dict[str, Any]:
    return cloud.secret(f"navsync/workspace/{workspace_id}")


# --- where to begin ---------------------------------------------------------------------------------------------------


def test_connecting_begins_at_notion_with_what_is_registered_there(connecting: Function, notion: str) -> None:
    address, _, query = begin(connecting).partition("?")

    asked = dict(parse_qsl(query))
    assert address == f"{notion}/v1/oauth/authorize"
    assert (asked["client_id"], asked["redirect_uri"]) == (NOTION.client_id, NOTION.redirect_uris[0])
    assert (asked["response_type"], asked["owner"]) == ("code", "user")


def test_each_state_is_another_and_too_long_to_guess(connecting: Function) -> None:
    states = {dict(parse_qsl(urlsplit(begin(connecting)).query))["state"] for _ in range(3)}

    assert len(states) == 3
    assert all(len(state) >= 43 for state in states)


def test_a_state_is_kept_only_as_a_hash(connecting: Function, cloud: Cloud) -> None:
    state = dict(parse_qsl(urlsplit(begin(connecting)).query))["state"]

    assert state not in json.dumps(cloud.items(), default=str)


# --- the good way -----------------------------------------------------------------------------------------------------


def test_a_connected_workspace_is_shown_without_its_token(connecting: Function, cloud: Cloud) -> None:
    answer = connect(connecting)

    shown = answer.json
    assert answer.status == 200
    assert (shown["workspace_id"], shown["workspace_name"]) == (WORKSPACE_ID, "Impact Films")
    assert (shown["bot_user_id"], shown["is_active"]) == (BOT_ID, True)
    assert tokens_of(cloud, shown["id"])["access_token"] not in answer.text


def test_who_connects_is_its_admin(connecting: Function, cloud: Cloud) -> None:
    id = connect(connecting).json["id"]

    stored = cloud.store.desk(id).workspace()
    assert stored is not None
    assert (stored.org, stored.members) == ("reef", {"ana": "admin"})


def test_tokens_are_encrypted_with_our_key(connecting: Function, cloud: Cloud) -> None:
    id = connect(connecting).json["id"]

    described = cloud.vault.describe_secret(SecretId=f"navsync/workspace/{id}")
    assert described["KmsKeyId"] == cloud.deployment.resources["Key"]


def test_kept_tokens_open_the_workspace(connecting: Function, cloud: Cloud, notion: str) -> None:
    token = tokens_of(cloud, connect(connecting).json["id"])["access_token"]

    headers = {"Authorization": f"Bearer {token}", "Notion-Version": "2026-03-11"}
    assert httpx.get(f"{notion}/v1/users/me", headers=headers).json()["id"] == BOT_ID


def test_no_token_is_in_a_table_a_message_or_the_log(
    connecting: Function, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = connecting.listen(monkeypatch)

    tokens = tokens_of(cloud, connect(connecting).json["id"])

    said = json.dumps([cloud.items(), cloud.wakes()], default=str) + log.getvalue()
    assert "connected" in log.getvalue()
    assert not [token for token in tokens.values() if token in said]


def test_neither_code_nor_state_is_in_the_log(connecting: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    log = connecting.listen(monkeypatch)

    handed = allow(begin(connecting))
    finish(connecting, handed)
    finish(connecting, handed)

    assert not [word for word in handed.values() if word in log.getvalue()]


def test_a_connected_workspace_is_set_up_at_once(connecting: Function, cloud: Cloud) -> None:
    id = connect(connecting).json["id"]

    (work,) = cloud.work(id)
    (wake,) = cloud.wakes()
    assert (work.lane, work.kind, work.actor) == (Lane.LIVE, WorkKind.SETUP, "ana")
    assert json.loads(wake["Body"]) == {"workspace_id": id}


# --- states that are not the caller's ---------------------------------------------------------------------------------


def refused_without_asking_notion(answer: Answer, cloud: Cloud, notion: str) -> bool:
    said = (answer.status, answer.is_problem, answer.json["code"]) == (400, True, "bad_state")
    nothing = not cloud.wakes() and not cloud.store.directory.active_workspaces()
    return said and nothing and token_calls(notion) == 0


def test_without_a_state_nothing_is_connected(connecting: Function, cloud: Cloud, notion: str) -> None:
    code = allow(begin(connecting))["code"]

    assert refused_without_asking_notion(finish(connecting, {"code": code}), cloud, notion)


@pytest.mark.parametrize("state", ["", "made-up", "é", "x" * 10_000])
def test_with_a_state_that_nobody_was_given_nothing_is_connected(
    connecting: Function, cloud: Cloud, notion: str, state: str
) -> None:
    code = allow(begin(connecting))["code"]

    assert refused_without_asking_notion(finish(connecting, {"code": code, "state": state}), cloud, notion)


def test_a_state_works_once(connecting: Function, notion: str) -> None:
    handed = allow(begin(connecting))
    finish(connecting, handed)
    before = token_calls(notion)

    answer = finish(connecting, handed)

    assert (answer.status, answer.json["code"], token_calls(notion)) == (400, "bad_state", before)


def test_a_state_ends_after_ten_minutes(
    connecting: Function, cloud: Cloud, notion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = allow(begin(connecting))
    in_ten_minutes = datetime.now(UTC) + timedelta(minutes=10, seconds=1)
    later = replace(connecting.module.runtime, clock=lambda: in_ten_minutes)
    monkeypatch.setattr(connecting.module, "runtime", later)

    assert refused_without_asking_notion(finish(connecting, handed), cloud, notion)


@pytest.mark.parametrize("other", [who("ben"), who(org="bay"), who(org="")], ids=["caller", "org", "no org"])
def test_only_who_began_can_finish(connecting: Function, cloud: Cloud, notion: str, other: dict[str, Any]) -> None:
    handed = allow(begin(connecting))

    assert refused_without_asking_notion(finish(connecting, handed, by=other), cloud, notion)


def test_a_state_that_somebody_else_tried_is_spent(connecting: Function) -> None:
    handed = allow(begin(connecting))
    finish(connecting, handed, by=who("ben"))

    assert finish(connecting, handed).status == 400


def test_only_an_admin_connects(connecting: Function) -> None:
    analyst = who(role="analyst")

    assert connecting.answer(request("connect", analyst)).status == 403
    assert finish(connecting, {"code": "c", "state": "s"}, by=analyst).status == 403


# --- Notion says no ---------------------------------------------------------------------------------------------------


def test_a_code_that_notion_refuses_is_the_callers_to_begin_again(connecting: Function, cloud: Cloud) -> None:
    state = allow(begin(connecting))["state"]

    answer = finish(connecting, {"code": "no-such-code", "state": state})

    assert (answer.status, answer.json["code"]) == (400, "bad_code")
    assert cloud.store.directory.active_workspaces() == []


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"drop": "after"}, {"status": 200, "body": {}}])
def test_a_notion_that_does_not_answer_is_not_our_error(
    connecting: Function, cloud: Cloud, notion: str, fault: dict[str, Any]
) -> None:
    handed = allow(begin(connecting))
    faults = [{"match": {"path": "/v1/oauth/token"}, "do": fault}]
    httpx.post(f"{notion}/_twin/faults", json=faults).raise_for_status()

    answer = finish(connecting, handed)

    assert (answer.status, answer.json["code"]) == (502, "notion_unavailable")
    assert (cloud.store.directory.active_workspaces(), cloud.wakes()) == ([], [])


def test_a_notion_that_has_blocked_us_is_told_as_that(connecting: Function, cloud: Cloud, notion: str) -> None:
    handed = allow(begin(connecting))
    limit = {"object": "error", "status": 429, "code": "rate_limited", "message": "Blocked."}
    blocked = limit | {"additional_data": {"rate_limit_reason": "public_api_request_blocked"}}
    faults = [{"match": {"path": "/v1/oauth/token"}, "do": {"status": 429, "body": blocked}}]
    httpx.post(f"{notion}/_twin/faults", json=faults).raise_for_status()

    answer = finish(connecting, handed)

    assert (answer.status, answer.json["code"]) == (502, "notion_blocked")
    assert cloud.store.directory.active_workspaces() == []


def test_what_notion_says_is_not_told(connecting: Function, notion: str) -> None:
    handed = allow(begin(connecting))
    told = {"error": "invalid_grant", "error_description": "the words of the provider"}
    faults = [{"match": {"path": "/v1/oauth/token"}, "do": {"status": 400, "body": told}}]
    httpx.post(f"{notion}/_twin/faults", json=faults).raise_for_status()

    answer = finish(connecting, handed)

    assert answer.is_problem
    assert "provider" not in answer.text


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"state":"s"}', '{"code":1,"state":"s"}', '{"code":"c","state":"s","access_token":"t"}']
)
def test_a_body_of_another_shape_is_refused(connecting: Function, notion: str, body: str) -> None:
    answer = connecting.answer(request("connect_workspace", ANA) | {"body": body})

    assert (answer.status, answer.is_problem, token_calls(notion)) == (422, True, 0)


# --- connecting again -------------------------------------------------------------------------------------------------


def test_a_workspace_that_is_connected_again_keeps_its_id(connecting: Function, cloud: Cloud) -> None:
    first = connect(connecting).json["id"]
    old = tokens_of(cloud, first)["access_token"]

    again = connect(connecting).json["id"]

    assert again == first
    assert tokens_of(cloud, first)["access_token"] != old
    assert len(cloud.store.directory.active_workspaces()) == 1


def test_a_colleague_may_connect_it_again(connecting: Function) -> None:
    first = connect(connecting).json["id"]

    assert connect(connecting, who("ben")).json["id"] == first


def test_a_member_with_a_lesser_role_there_does_not_connect_it_again(connecting: Function, cloud: Cloud) -> None:
    id = connect(connecting).json["id"]
    desk = cloud.store.desk(id)
    workspace = desk.workspace()
    assert workspace is not None
    desk.save_workspace(replace(workspace, members={**workspace.members, "ben": "viewer"}))
    before = tokens_of(cloud, id)

    answer = connect(connecting, who("ben", "admin"))

    assert (answer.status, answer.json["code"], tokens_of(cloud, id)) == (403, "forbidden", before)


def test_a_disconnected_workspace_can_be_connected_again(connecting: Function) -> None:
    first = connect(connecting).json["id"]
    connecting.answer(request("disconnect", ANA, id=first))

    again = connect(connecting).json

    assert (again["id"], again["is_active"], again["state"]) == (first, True, "connected")


def test_another_organisation_cannot_take_a_workspace(connecting: Function, cloud: Cloud) -> None:
    first = connect(connecting).json["id"]
    tokens = tokens_of(cloud, first)

    answer = connect(connecting, who("eve", org="bay"))

    assert (answer.status, answer.is_problem) == (409, True)
    assert tokens_of(cloud, first) == tokens


def test_somebody_of_no_organisation_cannot_take_the_workspace_of_another(connecting: Function, cloud: Cloud) -> None:
    first = connect(connecting, who(org="")).json["id"]

    answer = connect(connecting, who("eve", org=""))

    stored = cloud.store.desk(first).workspace()
    assert stored is not None
    assert (answer.status, stored.members) == (409, {"ana": "admin"})


# --- disconnecting ----------------------------------------------------------------------------------------------------


def test_a_disconnected_workspace_is_stopped_and_its_tokens_are_gone(connecting: Function, cloud: Cloud) -> None:
    id = connect(connecting).json["id"]

    answer = connecting.answer(request("disconnect", ANA, id=id))

    stored = cloud.store.desk(id).workspace()
    assert answer.status == 200
    assert stored is not None
    assert (stored.connection, stored.is_active) == (Connection.DISCONNECTED, False)
    assert f"navsync/workspace/{id}" not in {s["Name"] for s in cloud.vault.list_secrets()["SecretList"]}


def test_the_grant_of_a_disconnected_workspace_opens_nothing(connecting: Function, cloud: Cloud, notion: str) -> None:
    id = connect(connecting).json["id"]
    token = tokens_of(cloud, id)["access_token"]

    connecting.answer(request("disconnect", ANA, id=id))

    headers = {"Authorization": f"Bearer {token}", "Notion-Version": "2026-03-11"}
    assert httpx.get(f"{notion}/v1/users/me", headers=headers).status_code == 401


def test_a_workspace_is_disconnected_even_if_notion_does_not_answer(
    connecting: Function, cloud: Cloud, notion: str
) -> None:
    id = connect(connecting).json["id"]
    faults = [{"match": {"path": "/v1/oauth/revoke"}, "do": {"status": 503}}]
    httpx.post(f"{notion}/_twin/faults", json=faults).raise_for_status()

    assert connecting.answer(request("disconnect", ANA, id=id)).status == 200
    assert f"navsync/workspace/{id}" not in {s["Name"] for s in cloud.vault.list_secrets()["SecretList"]}


def test_disconnecting_twice_is_disconnecting(connecting: Function, cloud: Cloud) -> None:
    a_workspace(cloud)

    answers = [connecting.answer(request("disconnect", ANA)).status for _ in range(2)]

    assert answers == [200, 200]


# --- the page that Notion redirects to --------------------------------------------------------------------------------


@pytest.fixture
def page(cloud: Cloud) -> Answer:
    return cloud["oauth_callback"].answer(captured("callback"))


def test_the_redirect_leads_to_a_page(page: Answer) -> None:
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_the_page_repeats_nothing_of_its_address(page: Answer) -> None:
    assert not [word for word in captured("callback")["queryStringParameters"].values() if word in page.text]


def test_a_script_in_the_address_does_not_reach_the_page(cloud: Cloud) -> None:
    answer = cloud["oauth_callback"].answer(request("callback", query={"error": "<script>alert(1)</script>"}))

    assert "alert(1)" not in answer.text


def test_the_page_is_not_kept_and_tells_nobody_where_it_was(page: Answer) -> None:
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_only_the_pages_own_script_and_style_run(page: Answer) -> None:
    policy = page.headers["Content-Security-Policy"]

    inline = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page.text, re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline}
    assert set(re.findall(r"'sha256-(.*?)'", policy)) == hashes
    assert len(hashes) == 2
    assert "unsafe" not in policy


@pytest.mark.parametrize("rule", ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"])
def test_the_page_reaches_nobody_but_navsync(page: Answer, rule: str) -> None:
    assert rule in page.headers["Content-Security-Policy"].split("; ")


def test_the_page_loads_nothing_from_elsewhere(page: Answer) -> None:
    assert not re.findall(r"(?:src|href)=|https?://|style=", page.text)
