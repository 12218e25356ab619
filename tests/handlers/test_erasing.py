"""A workspace that was left can be connected again for thirty days; erased, nothing of it is left anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.errors import Unavailable
from navsync.model import Change, Connection, Operation, Outcome, Side, SyncLog, Workspace
from navsync.store import Erasures
from navsync.store.dynamo import Dynamo
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import BOT, LONG_PAST, PAGE, W, a_workspace, captured, request, something_to_decide, who
from tests.handlers.test_connecting import connect

ANA = who()
MONTH = timedelta(days=30)


@pytest.fixture
def left(cloud: Cloud, notion: str) -> int:
    """A workspace with tokens, a mapping, history with long values, work, templates, counters and audit rows."""
    id: int = connect(cloud["oauth_callback"]).json["id"]
    something_to_decide(cloud, id)
    long_history(cloud, id)
    templates(cloud, id)
    cloud["dashboard"].answer(request("change_workspace", ANA, id=id, body={"workspace_name": "Coral"}))
    return id


def long_history(cloud: Cloud, id: int) -> None:
    """A row of the sync log whose values are too long for an item."""
    desk = cloud.store.desk(id)
    lease = desk.acquire("somebody", now=LONG_PAST, until=LONG_PAST + timedelta(minutes=1))
    assert lease is not None
    long = Change("description", Side.NOTION, "reef " * 10_000, "coral", rule="changed on navimpact")
    row = SyncLog(7, id, datetime.now(UTC), "run-7", Operation.UPDATE, Outcome.SUCCESS, Side.NOTION, changes=(long,))
    cloud.store.ledger(lease).record(row)
    desk.release(lease)


def templates(cloud: Cloud, id: int) -> None:
    """A template of the workspace's own, and a page asked for with values too long for an item."""
    cloud["dashboard"].answer(request("change_template", ANA))
    record = {"title": "Reef", "description": "reef " * 10_000}
    body = {"template_name": "media_project", "parent_page_id": PAGE, "project_data": record, "workspace_id": id}
    assert cloud["dashboard"].answer(request("create_template", ANA, body=body)).status == 202


def disconnect(cloud: Cloud, id: int, **query: Any) -> Answer:
    return cloud["oauth_callback"].answer(request("disconnect", ANA, id=id, query=query))


def tick(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, at: datetime | None = None) -> None:
    module = cloud["scheduled_reconcile"].module
    if at is not None:
        monkeypatch.setattr(module, "runtime", _at(module.runtime, at))
    cloud["scheduled_reconcile"](captured("tick"))


def _at(runtime: Any, at: datetime) -> Any:
    changed = {name: getattr(runtime, name) for name in runtime.__slots__} | {"clock": lambda: at}
    return type(runtime)(**changed)


def now(cloud: Cloud) -> datetime:
    clock: datetime = cloud["scheduled_reconcile"].module.runtime.clock()
    return clock


def traces(cloud: Cloud, id: int) -> list[str]:
    """Where *id* is found: items in tables, but for how often somebody called, and secrets."""
    kept = [item for item in cloud.items() if not item["pk"]["S"].startswith("CALLS#")]
    named = [f"{item['pk']['S']} {item['sk']['S']}" for item in kept if str(id) in str(item)]
    return named + [each["Name"] for each in cloud.vault.list_secrets()["SecretList"] if str(id) in each["Name"]]


def only_who_erased_it(cloud: Cloud, id: int) -> bool:
    return all(trace.startswith("ORG#reef#AUDIT") for trace in traces(cloud, id))


def test_who_disconnects_is_told_until_when_nothing_is_lost(cloud: Cloud, left: int) -> None:
    answer = disconnect(cloud, left)

    erase_at = datetime.fromisoformat(answer.json["erase_at"])
    assert (answer.status, answer.json["erased"]) == (200, False)
    assert abs(erase_at - now(cloud) - MONTH) < timedelta(minutes=1)


def test_for_thirty_days_a_workspace_can_be_connected_again_as_if_nothing_had_been(
    cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    disconnect(cloud, left)
    tick(cloud, monkeypatch, now(cloud) + MONTH - timedelta(minutes=1))

    again = connect(cloud["oauth_callback"]).json

    assert (again["id"], again["erase_at"], again["state"]) == (left, None, Connection.CONNECTED)
    assert cloud["dashboard"].answer(request("sync_mappings", ANA, query={})).json["total"] == 1


def test_after_thirty_days_nothing_is_left(cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    disconnect(cloud, left)
    later = now(cloud) + MONTH + timedelta(minutes=1)

    tick(cloud, monkeypatch, later)
    tick(cloud, monkeypatch, later + timedelta(hours=1))

    assert traces(cloud, left) == []


def test_tokens_that_a_request_left_when_it_died_go_too(
    cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = cloud.store.desk(left).workspace()
    assert workspace is not None
    cloud.store.desk(left).save_workspace(replace(workspace, is_active=False, erase_at=LONG_PAST))

    tick(cloud, monkeypatch)
    tick(cloud, monkeypatch, now(cloud) + timedelta(hours=1))

    assert traces(cloud, left) == []


def test_who_connects_again_while_a_tick_erases_keeps_everything(
    cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    disconnect(cloud, left)
    begin = Erasures.begin

    def too_late(erasures: Erasures, workspace: Workspace, *, now: datetime) -> None:
        connect(cloud["oauth_callback"])
        begin(erasures, workspace, now=now)

    monkeypatch.setattr(Erasures, "begin", too_late)
    with pytest.raises(ExceptionGroup):
        tick(cloud, monkeypatch, now(cloud) + MONTH + timedelta(minutes=1))

    assert cloud.store.directory.active_workspaces() == [left]
    assert f"navsync/workspace/{left}" in traces(cloud, left)


def test_disconnecting_again_does_not_prolong_it(cloud: Cloud, left: int) -> None:
    first = disconnect(cloud, left).json["erase_at"]

    assert disconnect(cloud, left).json["erase_at"] == first


def test_what_is_erased_is_nowhere(cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = disconnect(cloud, left, erase="true")
    tick(cloud, monkeypatch, now(cloud) + timedelta(hours=1))

    assert (answer.status, answer.json["erased"]) == (200, True)
    assert only_who_erased_it(cloud, left)


def test_at_once_no_more_is_left_than_a_note_that_it_is_gone(cloud: Cloud, left: int) -> None:
    disconnect(cloud, left, erase="true")

    notes = [trace for trace in traces(cloud, left) if "#AUDIT" not in trace]
    assert notes == [f"DIRECTORY W#{left}"]


def test_who_erased_it_stays_on_record(cloud: Cloud, left: int) -> None:
    disconnect(cloud, left, erase="true")

    (row,) = [
        each for each in cloud["dashboard"].answer(request("audit", ANA)).json["items"] if "DELETE" in each["route"]
    ]
    assert (row["subject"], row["target"], row["status"]) == ("ana", f"/workspaces/{left}", 200)


def test_what_is_erased_does_not_exist_for_anybody(cloud: Cloud, left: int) -> None:
    disconnect(cloud, left, erase="true")

    assert cloud["dashboard"].answer(request("workspace", ANA, id=left)).status == 404
    assert cloud["dashboard"].answer(request("workspaces", ANA)).json["total"] == 0
    assert cloud.store.directory.active_workspaces() == []


def test_what_a_late_worker_writes_is_erased_too(cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    disconnect(cloud, left, erase="true")
    tick(cloud, monkeypatch)
    cloud.store.desk(left).raise_epoch()

    tick(cloud, monkeypatch, now(cloud) + timedelta(hours=1))

    assert only_who_erased_it(cloud, left)


def test_the_notion_workspace_of_one_that_was_erased_can_be_connected_anew(cloud: Cloud, left: int) -> None:
    disconnect(cloud, left, erase="true")

    again = connect(cloud["oauth_callback"])

    assert (again.status, again.json["id"] != left) == (200, True)


def test_others_lose_nothing(cloud: Cloud, left: int) -> None:
    a_workspace(cloud, W, bot_id=BOT)
    something_to_decide(cloud)
    before = traces(cloud, W)

    disconnect(cloud, left, erase="true")

    assert traces(cloud, W) == before


@pytest.mark.parametrize("after", [0, 1, 5, 12])
def test_an_erasure_that_was_killed_is_finished_by_the_ticks(
    cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with monkeypatch.context() as dying:
        _die_after(dying, after)
        assert disconnect(cloud, left, erase="true").status == 503

    later = now(cloud) + timedelta(hours=1)
    tick(cloud, monkeypatch, later)
    tick(cloud, monkeypatch, later + timedelta(hours=1))

    assert only_who_erased_it(cloud, left)


def _die_after(monkeypatch: pytest.MonkeyPatch, deletions: int) -> None:
    delete, left = Dynamo.delete, [deletions]

    def dying(self: Dynamo, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("killed")
        return delete(self, *arguments)

    monkeypatch.setattr(Dynamo, "delete", dying)


def test_a_large_workspace_is_erased_by_and_by(cloud: Cloud, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = cloud["oauth_callback"].module
    monkeypatch.setattr(module, "ERASE_FOR", timedelta(0))

    answer = disconnect(cloud, left, erase="true")
    tick(cloud, monkeypatch, now(cloud) + timedelta(hours=1))

    assert (answer.status, answer.json["erased"]) == (202, False)
    assert only_who_erased_it(cloud, left)


def test_a_tick_leaves_what_was_disconnected_lately(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    a_workspace(cloud, connection=Connection.DISCONNECTED, erase_at=LONG_PAST + MONTH)

    tick(cloud, monkeypatch, LONG_PAST)

    assert cloud.store.desk(W).workspace() is not None
