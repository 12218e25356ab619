"""Connecting, refreshing and ending a connection, against Notion's twin."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from notion_client import Client

from local.twins.notion.seed import BOT_ID, PERSON_ID, WORKSPACE_ID
from navsync.errors import ConfigError, NeedsReauth, Refused, Unclear
from navsync.notion import connect
from tests.contract.stages import allowed, connected, oauth


@pytest.fixture
def client(notion_url: str) -> Iterator[Client]:
    httpx.post(f"{notion_url}/_twin/reset", json={"seed": 1}).raise_for_status()
    with closing(connect(notion_url, timeout=10)) as client:
        yield client


def test_a_person_who_allows_gives_a_grant(client: Client) -> None:
    grant = connected(oauth(client))
    assert (grant.bot_id, grant.workspace_id, grant.workspace_name, grant.owner_id) == (
        BOT_ID,
        WORKSPACE_ID,
        "Impact Films",
        PERSON_ID,
    )


def test_the_state_comes_back_with_the_code(client: Client) -> None:
    assert allowed(oauth(client), state="s t&te")["state"] == "s t&te"


def test_a_grant_opens_the_workspace(client: Client) -> None:
    grant = connected(oauth(client))
    me = client.request("users/me", "GET", auth=grant.access_token)
    assert me["id"] == grant.bot_id


def test_a_code_works_once(client: Client) -> None:
    code = allowed(oauth(client))["code"]
    oauth(client).exchange(code)
    with pytest.raises(Refused, match="connect again"):
        oauth(client).exchange(code)


def test_a_refresh_gives_a_new_pair(client: Client) -> None:
    old = connected(oauth(client))
    new = oauth(client).refresh(old.refresh_token or "")
    assert {new.access_token, new.refresh_token}.isdisjoint({old.access_token, old.refresh_token})


def test_a_used_refresh_token_needs_a_person(client: Client) -> None:
    old = connected(oauth(client))
    oauth(client).refresh(old.refresh_token or "")
    with pytest.raises(NeedsReauth):
        oauth(client).refresh(old.refresh_token or "")


def test_a_refresh_whose_answer_is_lost_is_unclear(client: Client, notion_url: str) -> None:
    grant = connected(oauth(client))
    lost = [{"match": {"method": "POST", "path": "/v1/oauth/token"}, "do": {"drop": "after"}}]
    httpx.post(f"{notion_url}/_twin/faults", json=lost).raise_for_status()
    with pytest.raises(Unclear):
        oauth(client).refresh(grant.refresh_token or "")


def test_a_revoked_token_opens_nothing(client: Client) -> None:
    grant = connected(oauth(client))
    oauth(client).revoke(grant.access_token)
    with pytest.raises(NeedsReauth):
        oauth(client).refresh(grant.refresh_token or "")


def test_revoking_what_is_dead_is_fine(client: Client) -> None:
    oauth(client).revoke("ntn_never_issued")


def test_a_wrong_client_secret_names_the_setting(client: Client) -> None:
    with pytest.raises(ConfigError, match="NOTION_CLIENT_ID"):
        oauth(client, secret="wrong").refresh("nrt_any")


def test_a_missing_client_secret_names_the_setting(client: Client) -> None:
    with pytest.raises(ConfigError, match="NOTION_CLIENT_ID"):
        oauth(client, secret="").refresh("nrt_any")


def test_neither_tokens_nor_the_secret_are_shown(client: Client) -> None:
    grant = connected(oauth(client))
    shown = repr(grant) + repr(oauth(client, secret="hush"))
    assert [secret for secret in (grant.access_token, grant.refresh_token, "hush") if str(secret) in shown] == []
