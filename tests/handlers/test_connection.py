"""What a connection may do in Notion is found out, shown with what stops, and checked before it replaces another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.twins.notion.seed import BOT_ID, ROOT_PAGE_ID, WORKSPACE_ID
from navsync import connection
from navsync.model import BudgetWindow, Capabilities, Connection, DataSource, EntityType, Pause, PausedBy, Settings
from tests.handlers.deployed import Answer
from tests.handlers.known import a_workspace, captured, request, who
from tests.handlers.test_connecting import begin, connect, finish
from tests.handlers.test_working import Stage, stage, synced
from tests.template.loading import of_type

__all__ = ["stage", "synced"]

ALL = ["read_content", "insert_content", "update_content", "read_user_without_email"]


def steer(stage: Stage, path: str, body: Any) -> None:
    stage.notion.post(f"/_twin/{path}", json=body).raise_for_status()


def without(stage: Stage, *capabilities: str) -> None:
    left = [name for name in ALL if name not in capabilities]
    steer(stage, "capabilities", {"bot_id": BOT_ID, "capabilities": left})


def of_connection(stage: Stage) -> list[dict[str, Any]]:
    groups = stage.see("attention")["groups"]
    return [item for group in groups if group["kind"] == "connection" for item in group["items"]]


def tick(stage: Stage) -> None:
    stage.cloud["scheduled_reconcile"](captured("tick"))
    stage.work()


def ask_for_set_up(stage: Stage) -> None:
    """Nobody waits for the pause after one that failed."""
    stage.cloud["dashboard"].answer(request("set_up_workspace", who(), id=stage.id))
    stage.work()


def requests(stage: Stage, path: str) -> int:
    """How often Notion was asked for *path*."""
    rows = stage.notion.get("/_twin/requests", params={"since": 0}).json()["requests"]
    return sum(row["path"] == path for row in rows)


@pytest.fixture
def connected(stage: Stage) -> Stage:
    """Connected; nobody has worked yet."""
    stage.connect()
    return stage


# --- what the connection may do ---------------------------------------------------------------------------------------


def test_what_the_connection_may_do_is_told_when_it_is_made(stage: Stage) -> None:
    told = connect(stage.cloud["oauth_callback"]).json["capabilities"]

    assert (told["missing"], told["free_plan"], told["out_of_blocks_since"]) == ([], False, None)


def test_a_missing_capability_is_named_with_what_stops(connected: Stage) -> None:
    without(connected, "update_content")

    connected.connect()

    alone = connected.cloud["dashboard"].answer(request("workspace", who(), id=connected.id)).json
    (listed,) = connected.see("workspaces")["items"]
    (missing,) = alone["capabilities"]["missing"]
    assert (missing["capability"], "do not arrive" in missing["stops"]) == ("update_content", True)
    assert listed == alone


def test_a_missing_capability_waits_for_a_person_until_it_is_given_back(connected: Stage) -> None:
    without(connected, "update_content")
    connected.connect()
    waiting, total = of_connection(connected), connected.see("attention")["total"]

    without(connected)
    connected.connect()

    assert ([item["code"] for item in waiting], total) == (["missing_update_content"], 1)
    assert of_connection(connected) == []


def test_what_the_connection_may_do_is_asked_once_a_day(connected: Stage) -> None:
    connected.work()
    tick(connected)
    the_same_day = requests(connected, "/v1/users/me")

    connected.cloud.store.desk(connected.id).clear_cursor(connection.CURSOR)
    tick(connected)

    assert (the_same_day, requests(connected, "/v1/users/me")) == (1, 2)


def test_a_refusal_has_the_connection_looked_at_before_the_day_is_over(connected: Stage) -> None:
    connected.work()
    desk = connected.cloud.store.desk(connected.id)
    desk.keep_capabilities(Capabilities(datetime.now(UTC) - timedelta(hours=2)))
    without(connected, "insert_content")

    connected.new_project("Lagoon")
    tick(connected)
    tick(connected)

    assert [item["code"] for item in of_connection(connected)] == ["missing_insert_content"]


def test_a_notion_that_does_not_say_is_no_reason_not_to_connect(stage: Stage) -> None:
    stage.fail({"match": {"path": "/v1/users/me"}, "do": {"status": 503}})

    answer = connect(stage.cloud["oauth_callback"])

    assert (answer.status, answer.json["capabilities"]) == (200, None)


def test_a_workspace_without_blocks_is_told_to_upgrade(connected: Stage) -> None:
    connected.work()
    steer(connected, "plan", {"workspace_id": WORKSPACE_ID, "plan": "free"})
    steer(connected, "people", {"workspace_id": WORKSPACE_ID, "name": "Second member"})
    steer(connected, "switches", {"free_block_limit": 1})

    connected.new_project("Lagoon")
    tick(connected)
    steer(connected, "switches", {"free_block_limit": 1_000})

    assert [item["code"] for item in of_connection(connected)] == ["out_of_blocks"]


# --- a connection that ends -------------------------------------------------------------------------------------------


def test_a_connection_that_was_removed_is_shown_once_and_asked_no_more(connected: Stage) -> None:
    steer(connected, "disconnect", {"workspace_id": WORKSPACE_ID})
    tick(connected)
    calls = connected.calls()

    for _ in range(3):
        tick(connected)

    assert [item["code"] for item in of_connection(connected)] == ["needs_reauth"]
    assert connected.calls() == calls


def test_a_connection_that_notion_blocked_is_shown_with_what_to_do(connected: Stage) -> None:
    steer(connected, "outages", {"outages": [{"name": "request_blocked", "times": None}]})
    tick(connected)
    calls = connected.calls()

    tick(connected)
    connected.notion.delete("/_twin/outages").raise_for_status()

    assert [item["code"] for item in of_connection(connected)] == ["suspended"]
    assert connected.calls() == calls


def test_a_connection_that_notion_blocked_rings_the_alarm(
    connected: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = of_type("AWS::CloudWatch::Alarm")["NotionBlockedUsAlarm"]
    deployed = of_type("AWS::Serverless::Function")["SyncWorkerFunction"]["Environment"]["Variables"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", deployed["POWERTOOLS_SERVICE_NAME"])
    steer(connected, "outages", {"outages": [{"name": "request_blocked", "times": None}]})

    for _ in range(3):
        tick(connected)
    connected.notion.delete("/_twin/outages").raise_for_status()

    (told,) = [metric for line in capsys.readouterr().out.splitlines() if "_aws" in (metric := json.loads(line))]
    (about,) = told["_aws"]["CloudWatchMetrics"]
    assert (about["Namespace"], [m["Name"] for m in about["Metrics"]]) == (alarm["Namespace"], [alarm["MetricName"]])
    assert about["Dimensions"] == [[each["Name"] for each in alarm["Dimensions"]]]
    assert told["service"] == alarm["Dimensions"][1]["Value"]
    assert told[alarm["MetricName"]] == [alarm["Threshold"]]


def test_a_renewal_whose_answer_is_lost_ends_with_a_person_and_without_a_storm(connected: Stage) -> None:
    dead = {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."}
    connected.fail(
        {"match": {"path": "/v1/oauth/token", "nth": 1}, "do": {"drop": "after"}},
        {"match": {"path": "/v1/search"}, "do": {"status": 401, "body": dead}},
    )

    for _ in range(4):
        ask_for_set_up(connected)

    assert [item["code"] for item in of_connection(connected)] == ["needs_reauth"]
    assert requests(connected, "/v1/oauth/token") == 3  # one that connected, one that was lost, one that found out


# --- connecting again -------------------------------------------------------------------------------------------------


def test_connecting_again_keeps_every_mapping(synced: Stage) -> None:
    before = synced.see("sync_mappings")["items"]
    steer(synced, "disconnect", {"workspace_id": WORKSPACE_ID})
    tick(synced)

    synced.connect()
    synced.work()

    pairs = [(item["id"], item["notion_page_id"], item["entity_id"]) for item in before]
    assert [(i["id"], i["notion_page_id"], i["entity_id"]) for i in synced.see("sync_mappings")["items"]] == pairs
    assert (synced.titles(), of_connection(synced)) == (["Bay", "Reef"], [])


@pytest.fixture
def set_up(connected: Stage) -> Stage:
    """With a database under the page that was shared, and another page beside that."""
    parent = {"type": "page_id", "page_id": ROOT_PAGE_ID}
    made = connected.notion.post("/v1/databases", json={"parent": parent}).raise_for_status().json()
    source = DataSource(EntityType.MEDIA_PROJECT, made["id"], made["data_sources"][0]["id"], {})
    connected.cloud.store.desk(connected.id).save_source(source)
    body = {"parent": {"workspace": True}, "properties": {"title": {"title": [{"text": {"content": "Elsewhere"}}]}}}
    connected.notion.post("/v1/pages", json=body).raise_for_status()
    return connected


def connect_again(stage: Stage, *, page: str, **more: Any) -> Answer:
    """A person connects again and shares *page*."""
    address, _, query = begin(stage.cloud["oauth_callback"]).partition("?")
    answer = httpx.post(address, data=dict(parse_qsl(query)) | {"decision": "allow", "pages": page})
    handed = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    return finish(stage.cloud["oauth_callback"], handed | more)


def elsewhere(stage: Stage) -> str:
    pages = stage.notion.get("/_twin/state").json()["pages"]
    found: str = next(p["id"] for p in pages if p["parent"]["kind"] == "workspace" and p["id"] != ROOT_PAGE_ID)
    return found


def test_a_grant_that_reaches_fewer_databases_does_not_replace_the_old_one(set_up: Stage) -> None:
    old = set_up.tokens()

    answer = connect_again(set_up, page=elsewhere(set_up))

    assert (answer.status, answer.json["code"], answer.json["out_of_reach"]) == (
        409,
        "reaches_fewer",
        ["media_project"],
    )
    assert set_up.tokens() == old


def test_who_accepts_fewer_databases_is_connected(set_up: Stage) -> None:
    old = set_up.tokens()

    answer = connect_again(set_up, page=elsewhere(set_up), accept_fewer=True)

    assert (answer.status, answer.json["state"]) == (200, "connected")
    assert set_up.tokens() != old


def test_a_grant_that_reaches_them_all_replaces_the_old_one(set_up: Stage) -> None:
    old = set_up.tokens()

    assert connect_again(set_up, page=ROOT_PAGE_ID).status == 200
    assert set_up.tokens() != old


def test_a_reach_that_cannot_be_found_out_changes_nothing(set_up: Stage) -> None:
    old = set_up.tokens()
    set_up.fail({"match": {"path": "/v1/data_sources/**"}, "do": {"status": 503}})

    answer = connect_again(set_up, page=ROOT_PAGE_ID)

    assert (answer.status, answer.json["code"]) == (502, "notion_unavailable")
    assert set_up.tokens() == old


def paused_for(stage: Stage, seconds: float, by: PausedBy = PausedBy.NOTION) -> None:
    stage.cloud.store.desk(stage.id).keep_pause(Pause(datetime.now(UTC) + timedelta(seconds=seconds), by=by))


def test_while_notion_is_to_be_left_alone_who_connects_again_is_told_until_when(set_up: Stage) -> None:
    paused_for(set_up, 90)
    before = requests(set_up, "/v1/users/me")

    answer = connect_again(set_up, page=ROOT_PAGE_ID)

    assert (answer.status, "left alone until" in answer.json["detail"]) == (502, True)
    assert requests(set_up, "/v1/users/me") == before


@pytest.mark.parametrize(("by", "asked"), [(PausedBy.NOTION, "Notion asked"), (PausedBy.NAVIMPACT, "NavImpact asked")])
def test_who_connects_again_is_told_which_side_asked_for_a_pause(set_up: Stage, by: PausedBy, asked: str) -> None:
    paused_for(set_up, 90, by)

    answer = connect_again(set_up, page=ROOT_PAGE_ID)

    assert answer.json["detail"].startswith(f"{asked} for a pause")


def test_a_pause_that_notion_asks_for_while_somebody_connects_holds_for_the_worker(set_up: Stage) -> None:
    steer(set_up, "outages", {"outages": [{"name": "connection_limited", "retry_after": 90}]})

    connect_again(set_up, page=ROOT_PAGE_ID)

    assert set_up.cloud.store.desk(set_up.id).pause() is not None


CONSENT_AND_CODE = 2
"""Calls of which neither is the connection's: it has no token yet."""


def test_what_connecting_asks_of_notion_is_part_of_the_budget(set_up: Stage) -> None:
    desk = set_up.cloud.store.desk(set_up.id)
    before, asked = desk.budget(), set_up.calls()
    assert before is not None

    connect_again(set_up, page=ROOT_PAGE_ID)

    after = desk.budget()
    assert after is not None
    assert after.beside - before.beside == set_up.calls() - asked - CONSENT_AND_CODE


def test_who_connects_again_while_the_budget_is_spent_is_told_until_when(set_up: Stage) -> None:
    set_up.cloud.store.desk(set_up.id).spend_beside(5_000, datetime.now(UTC))
    asked = set_up.calls()

    answer = connect_again(set_up, page=ROOT_PAGE_ID)

    assert (answer.status, "left alone until" in answer.json["detail"]) == (502, True)
    assert set_up.calls() - asked == CONSENT_AND_CODE


def test_who_connects_again_does_not_wait_because_the_worker_was_found_too_fast(
    set_up: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, now = set_up.cloud.store.desk(set_up.id), datetime.now(UTC)
    workspace = desk.workspace()
    assert workspace is not None
    desk.save_workspace(replace(workspace, settings=Settings()))
    lease = desk.acquire("slowed", now=now, until=now + timedelta(minutes=1))
    assert lease is not None
    desk.save_budget(BudgetWindow(now, used=1, percent=5, slowed_at=now), lease)
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)

    answer = connect_again(set_up, page=ROOT_PAGE_ID)

    assert (answer.status, sum(slept)) == (200, 0)


# --- a limit that all connections share -------------------------------------------------------------------------------


def test_a_limit_of_the_whole_notion_workspace_stops_its_other_connections_too(connected: Stage) -> None:
    sister = a_workspace(connected.cloud, notion_workspace_id=WORKSPACE_ID, bot_id="another-bot")
    limited = {"name": "workspace_limited", "retry_after": 90}
    steer(connected, "outages", {"outages": [limited]})
    connected.work()
    calls = connected.calls()

    tick(connected)

    stored = connected.cloud.store.desk(sister.id).workspace()
    assert stored is not None
    assert stored.connection is Connection.CONNECTED  # without the pause it would have found out that it has no token
    assert connected.calls() == calls


def test_a_limit_that_somebody_meets_who_connects_stops_the_other_connections_too(set_up: Stage) -> None:
    sister = a_workspace(set_up.cloud, notion_workspace_id=WORKSPACE_ID, bot_id="another-bot")
    steer(set_up, "outages", {"outages": [{"name": "workspace_limited", "retry_after": 90}]})

    connect_again(set_up, page=ROOT_PAGE_ID)

    assert set_up.cloud.store.desk(sister.id).pause() == set_up.cloud.store.desk(set_up.id).pause() is not None


def test_a_pause_that_navimpact_asks_for_holds_for_every_workspace(synced: Stage) -> None:
    other = a_workspace(synced.cloud, notion_workspace_id="another", bot_id="another-bot")
    limit = {"match": {"path": "/api/**"}, "do": {"status": 429, "headers": {"Retry-After": "90"}}}
    synced.navimpact.post("/_twin/faults", json=[limit]).raise_for_status()

    synced.cloud["dashboard"](request("sync_project", who(), project_id=synced.projects[0], body={}))
    synced.work()

    paused = synced.cloud.store.desk(other.id).pause()
    assert paused is not None
    assert paused.until > datetime.now(UTC) + timedelta(seconds=60)
    assert paused.by is PausedBy.NAVIMPACT


def test_a_limit_of_one_connection_leaves_the_others_alone(connected: Stage) -> None:
    sister = a_workspace(connected.cloud, notion_workspace_id=WORKSPACE_ID, bot_id="another-bot")
    steer(connected, "outages", {"outages": [{"name": "connection_limited", "retry_after": 90}]})

    connected.work()

    assert connected.cloud.store.desk(connected.id).pause() is not None
    assert connected.cloud.store.desk(sister.id).pause() is None
