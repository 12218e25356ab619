"""A wake does the work of its workspace, between both twins: what people see on each side afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from navsync.model import Connection, EntityType, Pause
from navsync.store import DynamoDesk
from tests.handlers.deployed import Cloud
from tests.handlers.known import SERVICE_TOKEN, W, captured, request, who
from tests.handlers.test_connecting import connect
from tests.handlers.test_webhook_routes import by_navimpact, by_notion

PROJECTS = "/api/v1/sge-media/media-projects/"
LOGS = "/api/v1/sge-media/distribution-logs/"
PERSON = {"Twin-Actor": "person"}


@dataclass
class Stage:
    """A connected stack, and people on both sides."""

    cloud: Cloud
    notion: httpx.Client
    navimpact: httpx.Client
    id: int = 0
    projects: list[int] = field(default_factory=list)

    def connect(self) -> None:
        self.id = connect(self.cloud["oauth_callback"]).json["id"]
        self.notion.headers["Authorization"] = f"Bearer {self.tokens()['access_token']}"
        self._hurry()

    def _hurry(self) -> None:
        """More than Notion grants: pace has tests of its own, and here it only costs time."""
        desk = self.cloud.store.desk(self.id)
        workspace = desk.workspace()
        assert workspace is not None
        desk.save_workspace(replace(workspace, settings=replace(workspace.settings, requests_per_minute=10_000)))

    def tokens(self) -> dict[str, Any]:
        return self.cloud.secret(f"navsync/workspace/{self.id}")

    def work(self) -> None:
        """Hand every wake to the worker, as SQS does, until there is none."""
        while wakes := self.cloud.wakes():
            for wake in wakes:
                self.cloud["sync_worker"](waking(wake["Body"]))

    def new_project(self, title: str) -> int:
        made = self.navimpact.post(PROJECTS, json={"title": title, "status": "active"}).raise_for_status()
        self.projects.append(made.json()["id"])
        return self.projects[-1]

    def project(self, id: int) -> dict[str, Any]:
        read: dict[str, Any] = self.navimpact.get(f"{PROJECTS}{id}").raise_for_status().json()
        return read

    def page_of(self, project: int) -> str:
        query = {"media_project_id": project, "entity_type": "media_project"}
        (mapping,) = self.see("sync_mappings", **query)["items"]
        return str(mapping["notion_page_id"])

    def titles(self) -> list[str]:
        """What stands in Notion's title column, of the rows of projects."""
        source = self.cloud.store.desk(self.id).sources()[EntityType.MEDIA_PROJECT]
        answer = self.notion.post(f"/v1/data_sources/{source.data_source_id}/query", json={}).raise_for_status()
        return sorted(_title(row) for row in answer.json()["results"])

    def title(self, page: str) -> str:
        return _title(self.notion.get(f"/v1/pages/{page}").raise_for_status().json())

    def sweep(self) -> None:
        """A tick of the schedule, and what follows from it."""
        self.cloud["scheduled_reconcile"](captured("tick"))
        self.work()

    def see(self, name: str, **query: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.cloud["dashboard"].answer(request(name, who(), query=query)).json
        return shown

    def fail(self, *faults: dict[str, Any]) -> None:
        """Make calls of Notion's API fail."""
        self.notion.post("/_twin/faults", json=list(faults)).raise_for_status()

    def calls(self) -> int:
        """Calls of Notion's API that were ours."""
        log = self.notion.get("/_twin/requests", params={"since": 0}).json()
        rows = log if isinstance(log, list) else log["requests"]
        return sum(row["actor"] == "api" for row in rows)


def waking(body: str) -> dict[str, Any]:
    event = captured("wake")
    event["Records"][0]["body"] = body
    return event


def _title(page: dict[str, Any]) -> str:
    (title,) = [value["title"] for value in page["properties"].values() if value["type"] == "title"]
    return "".join(run["plain_text"] for run in title)


@pytest.fixture
def stage(cloud: Cloud, notion: str, navimpact: str) -> Iterator[Stage]:
    token = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
    version = {"Notion-Version": "2026-03-11"}
    with (
        httpx.Client(base_url=notion, headers=PERSON | version) as in_notion,
        httpx.Client(base_url=navimpact, headers=PERSON | token) as in_navimpact,
    ):
        yield Stage(cloud, in_notion, in_navimpact)


@pytest.fixture
def synced(stage: Stage) -> Stage:
    """Two projects, synced."""
    stage.new_project("Reef")
    stage.new_project("Bay")
    stage.connect()
    stage.work()
    return stage


# --- what people see --------------------------------------------------------------------------------------------------


def test_connecting_brings_every_project_to_notion(synced: Stage) -> None:
    assert synced.titles() == ["Bay", "Reef"]


@pytest.mark.parametrize("is_edited", [False, True], ids=["as made", "titled anew"])
def test_the_link_of_a_row_leads_to_its_project(synced: Stage, *, is_edited: bool) -> None:
    _, bay = synced.projects
    log = {"media_project_id": bay, "channel": "Radio", "date": "2026-01-01"}
    made = synced.navimpact.post(LOGS, json=log).raise_for_status().json()
    synced.sweep()
    if is_edited:
        synced.navimpact.put(f"{LOGS}{made['id']}", json={"channel": "Television"}).raise_for_status()
        synced.sweep()

    query = {"media_project_id": bay, "entity_type": "distribution_log"}
    (mapping,) = synced.see("sync_mappings", **query)["items"]
    page = synced.notion.get(f"/v1/pages/{mapping['notion_page_id']}").raise_for_status().json()

    assert page["properties"]["Open in NavImpact"]["url"].endswith(f"/projects/{bay}")


def test_the_status_says_that_all_is_in_step(synced: Stage) -> None:
    status = synced.see("sync_status")

    assert (status["sync_status"], status["total_mappings"], status["recent_errors"]) == ("completed", 2, [])


def test_an_edit_in_navimpact_is_seen_in_notion(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()

    body = json.loads(captured("webhook_navimpact")["body"])
    body["data"] |= {"entity_id": reef, "media_project_id": reef}
    synced.cloud["sync_trigger"](by_navimpact(json.dumps(body).encode()))
    synced.work()

    assert synced.title(synced.page_of(reef)) == "Coral Reef"


def test_an_edit_in_notion_is_seen_in_navimpact(synced: Stage) -> None:
    reef, _ = synced.projects
    page = synced.page_of(reef)
    edited = {"properties": {"title": {"title": [{"text": {"content": "Great Reef"}}]}}}
    synced.notion.patch(f"/v1/pages/{page}", json=edited).raise_for_status()

    source = synced.cloud.store.desk(synced.id).sources()[EntityType.MEDIA_PROJECT]
    parent = {"id": source.database_id, "type": "database", "data_source_id": source.data_source_id}
    synced.cloud["sync_trigger"](by_notion(entity={"id": page, "type": "page"}, data={"parent": parent}))
    synced.work()

    assert synced.project(reef)["title"] == "Great Reef"


def test_an_edit_that_no_webhook_told_of_is_found_by_the_tick(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()

    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()

    assert synced.title(synced.page_of(reef)) == "Coral Reef"


def test_a_person_who_asks_for_a_sync_gets_it(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()

    synced.cloud["dashboard"](request("sync_project", who(), project_id=reef, body={}))
    synced.work()

    assert synced.title(synced.page_of(reef)) == "Coral Reef"
    assert synced.see("sync_logs")["items"][0]["title"] == "Coral Reef"


def _nothing(_: Stage) -> None:
    """Nobody works."""


def _work(stage: Stage) -> None:
    stage.work()


def _paused(stage: Stage) -> None:
    desk = stage.cloud.store.desk(stage.id)
    desk.keep_pause(Pause(datetime.now(UTC) + timedelta(minutes=10)))
    stage.work()


def _limited(stage: Stage) -> None:
    limit = {"object": "error", "status": 429, "code": "rate_limited", "message": "slow down"}
    stage.fail({"match": {"path": "/v1/**"}, "do": {"status": 429, "body": limit, "headers": {"Retry-After": "600"}}})
    stage.work()


@pytest.mark.parametrize(
    ("meanwhile", "status"), [(_work, 200), (_nothing, 202), (_paused, 202), (_limited, 202)],
    ids=["all is well", "the worker is dead", "the workspace is paused by a limit", "Retry-After is ten minutes"],
)  # fmt: skip
def test_who_asks_for_a_sync_is_answered_before_the_platform_gives_up(
    synced: Stage, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Stage], None], status: int
) -> None:
    asking, time = synced.cloud["dashboard"].module.syncing.asking, [datetime.now(UTC)]

    def sleep(seconds: float) -> None:
        time[0] += timedelta(seconds=seconds)
        meanwhile(synced)

    monkeypatch.setattr(asking, "runtime", replace(asking.runtime, sleep=sleep, clock=lambda: time[0]))
    begun = time[0]
    event = request("sync_project", who(), project_id=synced.projects[0], body={})
    event["headers"]["prefer"] = "wait=60"

    answer = synced.cloud["dashboard"].answer(event)

    assert answer.status == status
    assert time[0] - begun < timedelta(seconds=10)


NOT_THERE = "NavImpact has no media project 9999"


@pytest.mark.parametrize(
    ("name", "body"), [("sync_workspace", {"ids": [9999]}), ("sync_project", {})], ids=["chosen", "one project"]
)
def test_who_asks_for_a_record_that_navimpact_does_not_have_is_told(
    synced: Stage, monkeypatch: pytest.MonkeyPatch, name: str, body: Any
) -> None:
    asking = synced.cloud["dashboard"].module.syncing.asking
    monkeypatch.setattr(asking, "runtime", replace(asking.runtime, sleep=lambda _: synced.work()))
    named: dict[str, Any] = {"id": synced.id} if name == "sync_workspace" else {"project_id": 9999}
    event = request(name, who(), body=body, **named)
    event["headers"]["prefer"] = "wait=8"

    answer = synced.cloud["dashboard"].answer(event).json

    (row,) = synced.see("history", run_id=answer["run_id"])["items"]
    assert (answer["done"], [said.partition(":")[0] for said in answer["failures"]]) == (True, [NOT_THERE])
    assert (row["entity_type"], row["entity_id"], row["status"]) == ("media_project", 9999, "failed")
    assert row["error_message"] == answer["failures"][0]


@pytest.mark.parametrize(
    ("name", "body"), [("sync_workspace", {"ids": [9999]}), ("sync_project", {})], ids=["chosen", "one project"]
)
def test_a_mistyped_id_is_no_sync_that_failed(synced: Stage, name: str, body: Any) -> None:
    named: dict[str, Any] = {"id": synced.id} if name == "sync_workspace" else {"project_id": 9999}
    before, sums = synced.see("analytics")["items"], synced.see("dashboard")["sync_analytics"]

    synced.cloud["dashboard"].answer(request(name, who(), body=body, **named))
    synced.work()

    assert synced.see("history", limit=1)["items"][0]["entity_id"] == 9999
    assert [item["failed"] for item in synced.see("analytics")["items"]] == [item["failed"] for item in before]
    assert (synced.see("dashboard")["sync_analytics"], synced.see("sync_status")["recent_errors"]) == (sums, [])


def undo(stage: Stage, row: dict[str, Any], **of: str) -> Any:
    """A person undoes *row*, and the worker does it."""
    body = of or {"scope": "record"}
    answer = stage.cloud["dashboard"].answer(request("revert", who(), body=body, log_id=row["id"]))
    stage.work()
    return answer.json


def told(stage: Stage, operation: str) -> dict[str, Any]:
    """The newest row of the history that tells of *operation*."""
    return next(row for row in stage.see("history")["items"] if row["operation"] == operation)


def test_who_undoes_an_edit_twice_is_told_that_it_may_be_undone_already(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()
    edit = told(synced, "update")

    undo(synced, edit)
    undo(synced, edit)
    refused = told(synced, "revert")
    undo(synced, next(row for row in synced.see("history")["items"] if row["can_revert"]))
    again = synced.project(reef)["title"]
    undo(synced, edit)

    assert (refused["status"], "undone already" in refused["message"]) == ("failed", True)
    assert (again, synced.project(reef)["title"]) == ("Coral Reef", "Reef")


def test_what_was_undone_says_by_which_row_until_that_is_undone_too(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()
    edit = told(synced, "update")

    undo(synced, edit)
    undone, by = told(synced, "update"), told(synced, "revert")
    undo(synced, by)
    again = told(synced, "update")

    assert (edit["can_revert"], edit["undone_by"]) == (True, None)
    assert (undone["can_revert"], undone["undone_by"], by["can_revert"]) == (False, by["id"], True)
    assert (again["can_revert"], again["undone_by"]) == (True, None)


def test_an_undo_that_was_refused_is_no_sync_that_failed(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()
    edit = told(synced, "update")
    undo(synced, edit)
    sums = synced.see("dashboard")["sync_analytics"]

    undo(synced, edit)

    assert told(synced, "revert")["status"] == "failed"
    assert not any(item["failed"] for item in synced.see("analytics")["items"])
    assert (synced.see("dashboard")["sync_analytics"], synced.see("sync_status")["recent_errors"]) == (sums, [])


# --- slices -----------------------------------------------------------------------------------------------------------


def test_a_slice_that_ends_early_wakes_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.new_project("Reef")
    stage.connect()
    (wake,) = stage.cloud.wakes()

    _time_runs_out_in_the_second_look(stage, monkeypatch)
    stage.cloud["sync_worker"](waking(wake["Body"]))
    monkeypatch.undo()

    assert stage.cloud.delayed() == 0
    stage.work()
    assert stage.titles() == ["Reef"]


def _time_runs_out_in_the_second_look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, begun, ahead = DynamoDesk.begin, count(1), [timedelta()]

    def hurried(*arguments: Any, now: datetime) -> None:
        if next(begun) == 2:
            ahead[0] = timedelta(minutes=1)
        begin(*arguments, now=now)

    def clock() -> datetime:
        return datetime.now(UTC) + ahead[0]

    monkeypatch.setattr(DynamoDesk, "begin", hurried)
    module = stage.cloud["sync_worker"].module
    real = module.runtime
    hasty = replace(real, clock=clock, tools=lambda id: replace(real.tools(id), clock=clock))
    monkeypatch.setattr(module, "runtime", hasty)


def test_a_limit_of_notion_is_waited_for_in_the_delay_queue(stage: Stage) -> None:
    stage.connect()
    limit = {"object": "error", "status": 429, "code": "rate_limited", "message": "slow down"}
    stage.fail({"match": {"path": "/v1/**"}, "do": {"status": 429, "body": limit, "headers": {"Retry-After": "60"}}})

    stage.work()

    assert (stage.cloud.delayed(), len(stage.cloud.work(stage.id))) == (1, 1)


def test_before_a_limit_ends_nothing_is_sent(stage: Stage) -> None:
    stage.connect()
    limit = {"object": "error", "status": 429, "code": "rate_limited", "message": "slow down"}
    stage.fail({"match": {"path": "/v1/**"}, "do": {"status": 429, "body": limit, "headers": {"Retry-After": "60"}}})
    stage.work()
    before = stage.calls()

    stage.cloud["scheduled_reconcile"](captured("tick"))
    stage.work()

    assert stage.calls() == before


def test_a_paused_workspace_is_not_worked_on(synced: Stage) -> None:
    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.cloud["dashboard"](request("change_workspace", who(), id=synced.id, body={"is_active": False}))
    before = synced.calls()

    synced.work()

    assert (synced.calls(), synced.cloud.delayed()) == (before, 0)


def _pause(stage: Stage, *, is_active: bool) -> None:
    stage.cloud["dashboard"](request("change_workspace", who(), id=stage.id, body={"is_active": is_active}))


@pytest.mark.parametrize("finds", ["who resumes", "the schedule"])
def test_edits_of_a_pause_are_theirs_who_made_them(synced: Stage, finds: str) -> None:
    reef, bay = synced.projects
    page = synced.page_of(bay)
    _pause(synced, is_active=False)
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    synced.notion.patch(f"/v1/pages/{page}", json=TITLED_BY_A_PERSON).raise_for_status()
    added = synced.new_project("Lagoon")
    editor = synced.notion.get(f"/v1/pages/{page}").raise_for_status().json()["last_edited_by"]["id"]
    _pause(synced, is_active=True)
    if finds == "the schedule":
        synced.cloud["scheduled_reconcile"](captured("tick"))

    synced.work()

    rows = synced.see("history", limit=3)["items"]
    assert {(row["entity_id"], row["side"]): row["actor"] for row in rows} == {
        (reef, "notion"): "navimpact", (bay, "navimpact"): editor, (added, "notion"): "navimpact",
    }  # fmt: skip
    assert editor not in (None, "ana")


TITLED_BY_A_PERSON = {"properties": {"title": {"title": [{"text": {"content": "Great Bay"}}]}}}


def test_who_asks_for_a_sync_is_not_said_to_have_edited_what_it_carries(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()

    synced.cloud["dashboard"](request("sync_workspace", who(), id=synced.id, body={}))
    synced.work()

    (row,) = synced.see("history", limit=1)["items"]
    assert (row["actor"], [change["actor"] for change in row["changes"]]) == ("navimpact", ["navimpact"])


# --- failures ---------------------------------------------------------------------------------------------------------


def test_one_record_that_fails_does_not_stop_its_neighbours(stage: Stage) -> None:
    stage.new_project("Reef")
    stage.new_project("Bay")
    stage.connect()
    refusal = {"object": "error", "status": 400, "code": "validation_error", "message": "words of the provider"}
    stage.fail({"match": {"method": "POST", "path": "/v1/pages", "nth": 1}, "do": {"status": 400, "body": refusal}})

    stage.work()

    assert len(stage.titles()) == 1
    assert stage.see("sync_status")["failed_mappings"] == 1
    assert "words of the provider" not in json.dumps([stage.see("dashboard"), stage.see("sync_mappings")])


def test_a_token_that_notion_refuses_is_renewed_and_kept(stage: Stage) -> None:
    stage.new_project("Reef")
    stage.connect()
    old = stage.tokens()
    dead = {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."}
    stage.fail({"match": {"path": "/v1/**", "nth": 1}, "do": {"status": 401, "body": dead}})

    stage.work()

    assert stage.tokens()["access_token"] != old["access_token"]
    assert stage.tokens()["refresh_token"] != old["refresh_token"]
    stage.notion.headers["Authorization"] = f"Bearer {stage.tokens()['access_token']}"
    assert stage.titles() == ["Reef"]


def test_a_connection_that_somebody_removed_in_notion_waits_for_a_person(synced: Stage) -> None:
    workspace = synced.cloud.store.desk(synced.id).workspace()
    assert workspace is not None
    removed = {"workspace_id": workspace.notion_workspace_id}
    synced.notion.post("/_twin/disconnect", json=removed).raise_for_status()

    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()

    stored = synced.cloud.store.desk(synced.id).workspace()
    assert stored is not None
    assert (stored.connection, synced.see("sync_status")["is_connected"]) == (Connection.NEEDS_REAUTH, False)
    assert (synced.cloud.wakes(), synced.cloud.delayed()) == ([], 0)


def test_a_wake_for_a_workspace_that_is_gone_is_done(cloud: Cloud) -> None:
    assert cloud["sync_worker"](captured("wake")) is None
    assert (cloud.wakes(), cloud.delayed()) == ([], 0)


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"workspace_id": "x"}'])
def test_a_message_that_is_no_wake_comes_back_until_it_is_a_dead_letter(cloud: Cloud, body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        cloud["sync_worker"](waking(body))


def test_broken_machinery_brings_the_message_back(cloud: Cloud) -> None:
    worker = cloud.deployment.start("sync_worker", WORKSPACES_TABLE="no-such-table")

    with pytest.raises(ClientError):
        worker(captured("wake"))


def test_the_log_of_a_slice_holds_no_value_and_no_token(synced: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    log = synced.cloud["sync_worker"].listen(monkeypatch)
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Canary Reef"}).raise_for_status()

    synced.cloud["scheduled_reconcile"](captured("tick"))
    synced.work()

    assert f'"workspace_id":{synced.id}' in log.getvalue()
    assert "Canary" not in log.getvalue()
    assert synced.tokens()["access_token"] not in log.getvalue()


def test_the_captured_wake_is_for_the_workspace_of_the_other_events() -> None:
    assert json.loads(captured("wake")["Records"][0]["body"]) == {"workspace_id": W}


# --- figures ----------------------------------------------------------------------------------------------------------


def figures(stage: Stage) -> dict[str | None, dict[str, Any]]:
    """What today came to, by kind of record."""
    return {item["entity_type"]: item for item in stage.see("analytics")["items"]}


def test_every_request_to_notion_is_counted(synced: Stage) -> None:
    calls, counted = synced.calls(), figures(synced)[None]["notion_calls"]

    synced.cloud["dashboard"].answer(request("sync_workspace", who(), id=synced.id, body={}))
    synced.work()

    assert synced.calls() > calls
    assert figures(synced)[None]["notion_calls"] - counted == synced.calls() - calls


def test_an_edit_is_timed_from_its_event_to_its_arrival(synced: Stage) -> None:
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    body = json.loads(captured("webhook_navimpact")["body"])
    body["data"] |= {"entity_id": reef, "media_project_id": reef}
    body["timestamp"] = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    synced.cloud["sync_trigger"](by_navimpact(json.dumps(body).encode()))
    synced.work()

    shown = figures(synced)["media_project"]
    assert 30_000 <= shown["arrival_mean_ms"] <= 60_000
    assert shown["arrival_mean_ms"] <= shown["arrival_p50_ms"] == shown["arrival_p95_ms"]


# --- templates --------------------------------------------------------------------------------------------------------


def test_the_worker_makes_the_page_in_notion(stage: Stage) -> None:
    reef = stage.new_project("Reef")
    stage.connect()
    stage.work()
    parent = _first_page(stage)
    body = {"template_name": "media_project", "parent_page_id": parent, "project_data": {"project_id": reef}}
    stage.cloud["dashboard"].answer(request("create_template", who(), body=body))

    stage.work()

    (row,) = [row for row in stage.see("history")["items"] if "template" in (row["message"] or "")]
    assert (row["operation"], row["status"], row["title"]) == ("create", "success", "Reef")
    assert stage.title(row["notion_page_id"]) == "Reef"


def test_the_page_of_a_new_row_starts_as_the_workspace_says(stage: Stage) -> None:
    stage.connect()
    stage.work()
    chosen = {"settings": {"page_templates": {"media_project": "media_project"}}}
    stage.cloud["dashboard"].answer(request("change_workspace", who(), id=stage.id, body=chosen))

    reef = stage.new_project("Reef")
    stage.cloud["scheduled_reconcile"](captured("tick"))
    stage.work()

    page = stage.notion.get(f"/v1/pages/{stage.page_of(reef)}/markdown").raise_for_status().json()
    assert "- **Status:** active" in page["markdown"]


def _first_page(stage: Stage) -> str:
    source = stage.cloud.store.desk(stage.id).sources()[EntityType.MEDIA_PROJECT]
    database = stage.notion.get(f"/v1/databases/{source.database_id}").raise_for_status().json()
    return str(database["parent"]["page_id"])
