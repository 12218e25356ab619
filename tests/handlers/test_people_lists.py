"""What people see: lists, status and dashboard, in the shape that the platform's frontend was written for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.api.asks import opaque
from navsync.attention import UNSAID
from navsync.model import (
    Base,
    Capabilities,
    Capability,
    Conflict,
    Connection,
    EntityType,
    Lease,
    Mapping,
    Operation,
    Outcome,
    State,
    SyncLog,
    Trouble,
)
from navsync.standing import Standing
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import NOTION_WORKSPACE, W, a_workspace, request, who

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)
PROJECT, STORY = EntityType.MEDIA_PROJECT, EntityType.IMPACT_STORY
VIEWER = who("vera", "viewer")

WORKSPACE = {"id", "workspace_id", "workspace_name", "bot_user_id", "is_active", "created_at", "updated_at"}
GONE = UNSAID[Standing.UNREACHABLE][0].cause

MAPPING = {"id", "media_project_id", "notion_page_id", "notion_database_id", "sync_direction", "sync_status",
           "last_sync_at", "created_at"}  # fmt: skip
LOG = {"id", "workspace_id", "operation_type", "entity_type", "entity_id", "status", "error_message",
       "sync_duration_ms", "created_at"}  # fmt: skip
STATUS = {"workspace_id", "workspace_name", "is_connected", "last_sync_at", "sync_status", "total_mappings",
          "pending_mappings", "failed_mappings", "recent_errors"}  # fmt: skip
ANALYTICS = {"total_syncs", "successful_syncs", "failed_syncs", "success_rate", "average_sync_duration_ms"}
DASHBOARD = {"workspaces", "sync_status", "recent_logs", "sync_analytics"}
OURS = {
    "workspace": {"state", "settings", "capabilities", "erase_at"},
    "status": {"conflicts", "progress", "state"},
    "dashboard": {"attention"},
}
"""What we tell beyond it; none of its own fields is missing, renamed or of another type."""


class History:
    """One workspace and what has happened in it."""

    def __init__(self, cloud: Cloud, id: int = W, **changes: Any) -> None:
        a_workspace(cloud, id, **changes)
        lease = cloud.store.desk(id).acquire("worker", now=NOW, until=NOW + 9 * MINUTE)
        assert isinstance(lease, Lease)
        self.id, self.ledger = id, cloud.store.ledger(lease)

    def mapping(self, id: int, **changes: Any) -> Mapping:
        plain = Mapping(id, self.id, PROJECT, str(id), f"p-{self.id}-{id}", NOW, stamped=True, last_sync_at=NOW)
        return self.ledger.save(replace(plain, **changes))

    def log(self, id: int, **changes: Any) -> None:
        at = NOW - timedelta(hours=1) + id * MINUTE
        plain = SyncLog(id, self.id, at, "run", Operation.UPDATE, Outcome.SUCCESS, entity_type=PROJECT, entity_id="4")
        self.ledger.record(replace(plain, **changes))


@pytest.fixture
def history(cloud: Cloud) -> History:
    return History(cloud)


def see(cloud: Cloud, name: str, **query: Any) -> Answer:
    return cloud["dashboard"].answer(request(name, VIEWER, query=query))


def ids(answer: Answer) -> list[int]:
    return [item["id"] for item in answer.json["items"]]


LISTS = pytest.mark.parametrize("name", ["workspaces", "sync_mappings", "sync_logs", "conflicts", "approvals"])


# --- lists ------------------------------------------------------------------------------------------------------------


@LISTS
def test_a_list_says_where_one_is_in_it(cloud: Cloud, history: History, name: str) -> None:
    told = see(cloud, name, skip=20, limit=10).json

    assert {key: told[key] for key in ("total", "page", "size", "pages")} == {
        "total": 1 if name == "workspaces" else 0, "page": 3, "size": 10, "pages": 1 if name == "workspaces" else 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [{"start_date": "2027-01-01", "end_date": "2026-01-01"}, {"start_date": "9999-01-01"}, {"status": "success",
     "start_date": "2027-01-01", "end_date": "2026-01-01"}],
)  # fmt: skip
def test_a_time_in_which_nothing_was_logged_has_no_rows(cloud: Cloud, history: History, query: dict[str, str]) -> None:
    history.log(1)

    answer = see(cloud, "sync_logs", **query)

    assert (answer.status, answer.json["items"]) == (200, [])


@pytest.mark.parametrize("name", ["sync_mappings", "conflicts", "approvals", "audit"])
def test_a_cursor_before_everything_leads_to_nothing(cloud: Cloud, history: History, name: str) -> None:
    answer = cloud["dashboard"].answer(request(name, who("ana", "admin"), query={"cursor": opaque("0")}))

    assert (answer.status, answer.json["items"]) == (200, [])


@pytest.mark.parametrize("name", ["workspaces", "sync_mappings", "sync_logs", "conflicts", "approvals", "history"])
def test_a_list_holds_a_hundred_unless_asked_for_more(cloud: Cloud, history: History, name: str) -> None:
    assert see(cloud, name).json["size"] == 100


@LISTS
@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": -1}, {"limit": "many"}, {"skip": -1}, {"skip": 10_001}, {"limit": ""},
     {"skip": "9" * 5000}],
    ids=str,
)  # fmt: skip
def test_a_part_that_cannot_be_is_refused(cloud: Cloud, history: History, name: str, query: dict[str, Any]) -> None:
    answer = see(cloud, name, **query)

    assert (answer.status, answer.is_problem) == (422, True)
    assert answer.json["errors"][0]["loc"] == list(query)


@LISTS
def test_the_largest_part_can_be_asked_for(cloud: Cloud, history: History, name: str) -> None:
    assert see(cloud, name, skip=10_000, limit=100 if name == "approvals" else 1000).status == 200


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs"])
def test_a_list_goes_on_where_its_last_part_ended(cloud: Cloud, history: History, name: str) -> None:
    for id in range(1, 6):
        history.mapping(id)
        history.log(id)

    first, second = see(cloud, name, limit=2), see(cloud, name, skip=2, limit=2)

    assert (ids(first), ids(second)) == ([5, 4], [3, 2])
    assert (second.json["total"], second.json["page"], second.json["pages"]) == (5, 2, 3)


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs"])
def test_a_list_can_be_followed_to_its_end_by_its_cursor(cloud: Cloud, history: History, name: str) -> None:
    other = History(cloud, 2, bot_id="b2")
    for each, id in ((history, 1), (other, 2), (history, 3), (other, 4), (history, 5)):
        each.mapping(id)
        each.log(id)

    parts = [see(cloud, name, limit=2)]
    while cursor := parts[-1].json["cursor"]:
        parts.append(see(cloud, name, limit=2, cursor=cursor))

    assert [ids(part) for part in parts] == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs"])
@pytest.mark.parametrize("cursor", ["x", "MQ" * 60, "é", "LTE", "W10"])
def test_what_is_no_cursor_is_refused(cloud: Cloud, history: History, name: str, cursor: str) -> None:
    assert see(cloud, name, cursor=cursor).status == 422


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs"])
def test_lists_of_several_workspaces_are_one(cloud: Cloud, history: History, name: str) -> None:
    other = History(cloud, 2, bot_id="b2")
    for each, id in ((history, 1), (other, 2), (history, 3)):
        each.mapping(id)
        each.log(id)

    answer = see(cloud, name)

    assert (ids(answer), answer.json["total"]) == ([3, 2, 1], 3)
    assert ids(see(cloud, name, workspace_id=2)) == [2]


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs"])
@pytest.mark.parametrize("workspace_id", ["x", "-1", 2**53, "9" * 3000])
def test_what_is_no_workspaces_id_is_refused(cloud: Cloud, name: str, workspace_id: Any) -> None:
    assert see(cloud, name, workspace_id=workspace_id).status == 422


@pytest.mark.parametrize("name", ["workspaces", "sync_mappings", "sync_logs", "history", "conflicts", "attention"])
def test_a_filter_that_there_is_not_is_refused_and_those_that_there_are_are_named(cloud: Cloud, name: str) -> None:
    answer = see(cloud, name, foo="1")

    (error,) = answer.json["errors"]
    assert (answer.status, error["loc"]) == (422, ["foo"])
    assert error["msg"].startswith("there is no such parameter here; there are ")
    assert "cursor" in error["msg"]


# --- workspaces -------------------------------------------------------------------------------------------------------


def test_a_workspace_has_what_the_frontend_reads(cloud: Cloud, history: History) -> None:
    (shown,) = see(cloud, "workspaces").json["items"]

    assert shown.keys() == WORKSPACE | OURS["workspace"]
    assert (type(shown["id"]), shown["workspace_id"], shown["is_active"]) == (int, NOTION_WORKSPACE, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [({"is_active": "true"}, [1]), ({"is_active": "false"}, [2, 3]), ({"workspace_name": "REEF"}, [1, 3]),
     ({"workspace_name": "reef", "is_active": "false"}, [3]), ({"workspace_name": "nobody's"}, [])],
    ids=str,
)  # fmt: skip
def test_workspaces_are_found_by_name_and_state(cloud: Cloud, query: dict[str, str], found: list[int]) -> None:
    a_workspace(cloud, 1, bot_id="1", name="Reef Films")
    a_workspace(cloud, 2, bot_id="2", name="Bay", is_active=False)
    a_workspace(cloud, 3, bot_id="3", name="The Reef", connection=Connection.NEEDS_REAUTH)

    assert ids(see(cloud, "workspaces", **query)) == found


def test_what_a_connection_may_do_is_told_wherever_its_workspace_is(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).keep_capabilities(Capabilities(NOW, (Capability.INSERT,)))

    shown = [
        see(cloud, "workspace").json,
        see(cloud, "workspaces").json["items"][0],
        see(cloud, "dashboard").json["workspaces"][0],
        change(cloud, workspace_name="Reef").json,
    ]

    told = [[each["capability"] for each in one["capabilities"]["missing"]] for one in shown]
    assert told == [["insert_content"]] * 4


def test_workspaces_are_listed_in_parts(cloud: Cloud) -> None:
    for id in (1, 2, 3):
        a_workspace(cloud, id, bot_id=str(id))

    answer = see(cloud, "workspaces", skip=1, limit=1)

    assert (ids(answer), answer.json["total"], answer.json["pages"]) == ([2], 3, 3)


def change(cloud: Cloud, **body: Any) -> Answer:
    return cloud["dashboard"].answer(request("change_workspace", who(), body=body))


def test_workspaces_can_be_followed_to_their_end_by_the_cursor(cloud: Cloud) -> None:
    for id in (1, 2, 3):
        a_workspace(cloud, id, bot_id=f"b{id}")

    first = see(cloud, "workspaces", limit=2)
    second = see(cloud, "workspaces", limit=2, cursor=first.json["cursor"])

    assert (ids(first), ids(second), second.json["cursor"]) == ([1, 2], [3], None)


def test_a_workspace_can_be_renamed(cloud: Cloud, history: History) -> None:
    answer = change(cloud, workspace_name="Coral")

    assert (answer.status, answer.json["workspace_name"]) == (200, "Coral")
    assert see(cloud, "workspaces").json["items"][0]["workspace_name"] == "Coral"


def test_a_workspace_can_be_paused_and_goes_on(cloud: Cloud, history: History) -> None:
    paused = change(cloud, is_active=False).json
    active = list(cloud.store.directory.active_workspaces())
    resumed = change(cloud, is_active=True).json

    assert (paused["is_active"], paused["state"], active) == (False, "paused", [])
    assert (resumed["is_active"], resumed["state"]) == (True, "connected")
    assert cloud.store.directory.active_workspaces() == [W]


def test_a_workspace_that_goes_on_catches_up(cloud: Cloud, history: History) -> None:
    change(cloud, is_active=False)
    change(cloud, is_active=True)

    assert "sweep" in {work.kind for work in cloud.work(W)}


def test_what_is_not_named_stays(cloud: Cloud, history: History) -> None:
    change(cloud, is_active=False)

    assert change(cloud, workspace_name="Coral").json["is_active"] is False


@pytest.mark.parametrize("body", [{"access_token": "ntn_x"}, {"bot_user_id": "b"}, {"workspace_name": ""},
                                  {"workspace_name": "x" * 201}, {"is_active": "perhaps"}], ids=str)  # fmt: skip
def test_nothing_else_can_be_set(cloud: Cloud, history: History, body: dict[str, Any]) -> None:
    before = cloud.kept()

    answer = change(cloud, **body)

    assert (answer.status, answer.is_problem, cloud.kept()) == (422, True, before)
    assert "ntn_x" not in answer.text


def test_settings_can_be_changed_one_by_one(cloud: Cloud, history: History) -> None:
    change(cloud, settings={"policy": "notion"})
    answer = change(cloud, settings={"field_policies": {"media_project.title": "navimpact"}})

    shown = answer.json["settings"]
    assert (shown["policy"], shown["field_policies"]) == ("notion", {"media_project.title": "navimpact"})


def test_half_typed_text_can_be_made_to_wait(cloud: Cloud, history: History) -> None:
    answer = change(cloud, settings={"quiet_seconds": {"media_project": 60}})

    stored = cloud.store.desk(W).workspace()
    assert answer.json["settings"]["quiet_seconds"] == {"media_project": 60}
    assert stored is not None
    assert stored.settings.quiet_seconds == {"media_project": 60}


@pytest.mark.parametrize("settings", [{"policy": "mine"}, {"field_policies": {"media_project.colour": "ask"}},
                                      {"requests_per_minute": 29}, {"requests_per_minute": 601},
                                      {"parent_page_id": "x"}, {"token": "t"},
                                      {"quiet_seconds": {"media_project": 121}},
                                      {"quiet_seconds": {"poem": 1}}], ids=str)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(cloud: Cloud, history: History, settings: dict[str, Any]) -> None:
    before = cloud.kept()

    answer = change(cloud, settings=settings)

    assert (answer.status, answer.is_problem, cloud.kept()) == (422, True, before)


def test_more_requests_than_notion_grants_are_refused_with_what_it_grants(cloud: Cloud, history: History) -> None:
    (wrong,) = change(cloud, settings={"requests_per_minute": 601}).json["errors"]

    assert (wrong["loc"][-1], "600 requests a minute at most" in wrong["msg"]) == ("requests_per_minute", True)


@pytest.mark.parametrize("connection", [Connection.DISCONNECTED, Connection.NEEDS_REAUTH])
def test_a_workspace_that_is_not_connected_cannot_be_resumed(cloud: Cloud, connection: Connection) -> None:
    a_workspace(cloud, connection=connection, is_active=False)

    assert change(cloud, is_active=True).status == 409


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_a_mapping_has_what_the_frontend_reads(cloud: Cloud, history: History) -> None:
    history.mapping(4)

    (shown,) = see(cloud, "sync_mappings").json["items"]

    assert shown.keys() >= MAPPING
    assert {key: shown[key] for key in MAPPING - {"last_sync_at", "created_at"}} == {
        "id": 4, "media_project_id": 4, "notion_page_id": f"p-{W}-4", "notion_database_id": "db-1",
        "sync_direction": "bidirectional", "sync_status": "completed",
    }  # fmt: skip


def test_what_belongs_to_a_project_says_to_which_and_does_not_bear_its_id(cloud: Cloud, history: History) -> None:
    history.mapping(4)
    history.mapping(6, entity_type=STORY, bases={"project": Base(("4",), ("4",))})
    history.mapping(7, entity_type=STORY)

    told = {item["id"]: item for item in see(cloud, "sync_mappings").json["items"]}

    assert [(told[id]["media_project_id"], told[id]["belongs_to"]) for id in (4, 6, 7)] == [
        (4, None), (None, 4), (None, None),
    ]  # fmt: skip


@pytest.fixture
def varied(history: History) -> History:
    """One mapping of each kind that a filter tells apart."""
    history.mapping(1)
    history.mapping(2, last_sync_at=None)
    history.mapping(3, conflicts=(Conflict("title", "a", "b", "c"),))
    history.mapping(4, troubles=(Trouble("refused", "Notion refused the value.", "Shorten it."),))
    history.mapping(5, state=State.UNREACHABLE)
    history.mapping(6, entity_type=STORY)
    return history


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, [6, 5, 4, 3, 2, 1]), ({"sync_status": "completed"}, [6, 1]), ({"sync_status": "pending"}, [3, 2]),
     ({"sync_status": "failed"}, [5, 4]), ({"sync_status": "syncing"}, []), ({"media_project_id": 2}, [2]),
     ({"entity_type": "impact_story"}, [6]), ({"sync_direction": "bidirectional"}, [6, 5, 4, 3, 2, 1]),
     ({"sync_direction": "notion_to_navimpact"}, []), ({"sync_status": "failed", "media_project_id": 5}, [5])],
    ids=str,
)  # fmt: skip
def test_mappings_are_found_and_counted(cloud: Cloud, varied: History, query: dict[str, Any], found: list[int]) -> None:
    answer = see(cloud, "sync_mappings", **query)

    assert (ids(answer), answer.json["total"]) == (found, len(found))


@pytest.mark.parametrize("query", [{"sync_status": "done"}, {"sync_direction": "up"}, {"entity_type": "x"},
                                   {"media_project_id": "x"}], ids=str)  # fmt: skip
def test_a_filter_that_nobody_knows_is_refused(cloud: Cloud, history: History, query: dict[str, Any]) -> None:
    assert see(cloud, "sync_mappings", **query).status == 422


def test_a_conflict_is_shown_with_all_three_values(cloud: Cloud, varied: History) -> None:
    shown = next(item for item in see(cloud, "sync_mappings").json["items"] if item["id"] == 3)

    assert (shown["state"], shown["sync_status"]) == ("conflict", "pending")
    version = Conflict("title", "a", "b", "c").version
    assert shown["conflicts"] == [{"field": "title", "version": version, "base": "a", "navimpact": "b", "notion": "c"}]


# --- the sync log -----------------------------------------------------------------------------------------------------


def test_a_log_row_has_what_the_frontend_reads(cloud: Cloud, history: History) -> None:
    history.log(7, duration_ms=120, outcome=Outcome.FAILED, message="Notion refused it.")

    (shown,) = see(cloud, "sync_logs").json["items"]

    assert shown.keys() >= LOG
    assert {key: shown[key] for key in LOG - {"created_at"}} == {
        "id": 7, "workspace_id": W, "operation_type": "update_page", "entity_type": "media_project", "entity_id": 4,
        "status": "failed", "error_message": "Notion refused it.", "sync_duration_ms": 120,
    }  # fmt: skip


@pytest.fixture
def logged(history: History) -> History:
    """One row of each kind that a filter tells apart, a minute apart."""
    history.log(1)
    history.log(2, operation=Operation.CREATE)
    history.log(3, operation=Operation.DELETE, outcome=Outcome.FAILED, message="no")
    history.log(4, operation=Operation.CONFLICT)
    history.log(5, operation=Operation.LINK, entity_type=STORY)
    history.log(6, outcome=Outcome.STARTED)
    return history


HOUR_AGO = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, [6, 5, 4, 3, 2, 1]), ({"operation_type": "create_page"}, [2]), ({"operation_type": "update_page"}, [6, 1]),
     ({"operation_type": "delete_page"}, [3]), ({"operation_type": "sync_project"}, [4]),
     ({"operation_type": "sync_impact_story"}, [5]), ({"status": "failed"}, [3]), ({"status": "partial"}, [6]),
     ({"status": "success", "operation_type": "create_page"}, [2]), ({"entity_type": "impact_story"}, [5]),
     ({"start_date": (HOUR_AGO + 4.5 * MINUTE).isoformat()}, [6, 5]),
     ({"end_date": (HOUR_AGO + 2.5 * MINUTE).replace(tzinfo=None).isoformat()}, [2, 1]),
     ({"start_date": "2020-01-01", "end_date": "2020-01-02"}, [])],
    ids=lambda one: " ".join(one) if isinstance(one, dict) else str(one),  # no times: workers must agree on names
)  # fmt: skip
def test_log_rows_are_found_and_counted(cloud: Cloud, logged: History, query: dict[str, Any], found: list[int]) -> None:
    answer = see(cloud, "sync_logs", **query)

    assert (ids(answer), answer.json["total"]) == (found, len(found))


@pytest.mark.parametrize("query", [{"status": "done"}, {"operation_type": "x"}, {"start_date": "yesterday"},
                                   {"end_date": "9" * 400}, {"start_date": "0001-01-01T00:00:00+05:00"},
                                   {"end_date": "9999-12-31T23:59:59-05:00"}], ids=str)  # fmt: skip
def test_a_log_filter_that_cannot_be_is_refused(cloud: Cloud, history: History, query: dict[str, Any]) -> None:
    answer = see(cloud, "sync_logs", **query)

    assert (answer.status, answer.is_problem) == (422, True)


# --- status and dashboard ---------------------------------------------------------------------------------------------


def test_the_status_has_what_the_frontend_reads(cloud: Cloud, varied: History) -> None:
    varied.log(1, outcome=Outcome.FAILED, message="Notion refused it.")

    shown = see(cloud, "sync_status").json

    assert shown.keys() == STATUS | OURS["status"]
    assert {key: shown[key] for key in STATUS - {"last_sync_at"}} == {
        "workspace_id": W, "workspace_name": "Impact Films", "is_connected": True, "sync_status": "syncing",
        "total_mappings": 6, "pending_mappings": 2, "failed_mappings": 2,
        "recent_errors": [GONE, "Notion refused the value.", "Notion refused it."],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, "completed"), ({"last_sync_at": None}, "syncing"), ({"state": State.UNREACHABLE}, "completed")],
    ids=str,
)
def test_the_status_is_one_of_the_frontends_words(
    cloud: Cloud, history: History, changes: dict[str, Any], status: str
) -> None:
    history.mapping(1, **changes)

    assert see(cloud, "sync_status").json["sync_status"] == status


def test_a_workspace_that_is_paused_is_not_said_to_be_completed(cloud: Cloud) -> None:
    History(cloud, is_active=False).mapping(1)

    shown = see(cloud, "sync_status").json

    assert (shown["is_connected"], shown["state"], shown["sync_status"]) == (True, "paused", "pending")
    assert see(cloud, "dashboard").json["sync_status"]["state"] == "paused"


@pytest.mark.parametrize(
    ("others", "state", "status"),
    [([{}], "connected", "completed"), ([{"is_active": False}], "paused", "pending"),
     ([{"is_active": False}, {"connection": Connection.SUSPENDED}], "suspended", "failed"),
     ([{"is_active": False, "connection": Connection.NEEDS_REAUTH}], "needs_reauth", "failed")],
    ids=str,
)  # fmt: skip
def test_of_several_workspaces_the_one_that_is_stopped_is_told(
    cloud: Cloud, history: History, others: list[dict[str, Any]], state: str, status: str
) -> None:
    for id, changes in enumerate(others, 1):
        History(cloud, id, bot_id=f"b{id}", **changes)

    shown = see(cloud, "sync_status").json

    assert (shown["state"], shown["sync_status"]) == (state, status)


def test_a_workspace_whose_token_is_dead_is_not_connected(cloud: Cloud) -> None:
    a_workspace(cloud, connection=Connection.NEEDS_REAUTH)

    shown = see(cloud, "sync_status").json

    assert (shown["is_connected"], shown["sync_status"]) == (False, "failed")


def test_the_status_of_several_workspaces_is_their_sum(cloud: Cloud, history: History) -> None:
    other = History(cloud, W + 1, bot_id="b2", connection=Connection.NEEDS_REAUTH)
    history.mapping(1)
    other.mapping(2, state=State.UNREACHABLE)

    shown = see(cloud, "sync_status").json

    assert (shown["workspace_id"], shown["is_connected"]) == (W, False)
    assert (shown["total_mappings"], shown["failed_mappings"]) == (2, 1)


@pytest.mark.parametrize("name", ["sync_status", "dashboard"])
def test_before_anything_is_connected_there_is_no_status(cloud: Cloud, name: str) -> None:
    answer = see(cloud, name)

    assert (answer.status, answer.json["detail"]) == (404, "No active Notion workspace found")


def test_the_dashboard_has_what_the_frontend_reads(cloud: Cloud, varied: History) -> None:
    shown = see(cloud, "dashboard").json

    assert shown.keys() == DASHBOARD | OURS["dashboard"]
    assert shown["sync_status"].keys() == STATUS | OURS["status"]
    assert shown["sync_analytics"].keys() == ANALYTICS
    assert [workspace["id"] for workspace in shown["workspaces"]] == [W]


def test_the_dashboard_shows_the_last_ten_rows(cloud: Cloud, history: History) -> None:
    for id in range(1, 13):
        history.log(id)

    assert [row["id"] for row in see(cloud, "dashboard").json["recent_logs"]] == list(range(12, 2, -1))


def test_the_dashboard_shows_rows_by_when_they_were_written(cloud: Cloud, history: History) -> None:
    """Several records are done side by side, so the ids of their rows are no order in time."""
    other = History(cloud, 2, bot_id="b2")
    history.log(1, at=NOW)
    history.log(3, at=NOW - 2 * MINUTE, outcome=Outcome.FAILED, message="earlier")
    other.log(2, at=NOW - MINUTE, outcome=Outcome.FAILED, message="later")

    shown = see(cloud, "dashboard").json

    assert [row["id"] for row in shown["recent_logs"]] == [1, 2, 3]
    assert shown["sync_status"]["recent_errors"] == ["later", "earlier"]


def test_the_dashboard_counts_what_went_well(cloud: Cloud, history: History) -> None:
    for id, duration in ((1, 100), (2, 200), (3, None)):
        history.log(id, duration_ms=duration)
    history.log(4, outcome=Outcome.FAILED)

    assert see(cloud, "dashboard").json["sync_analytics"] == {
        "total_syncs": 4, "successful_syncs": 3, "failed_syncs": 1, "success_rate": 75.0,
        "average_sync_duration_ms": 150,
    }  # fmt: skip


def test_health_tells_nothing_else(cloud: Cloud) -> None:
    assert see(cloud, "health").json == {"status": "ok"}


def test_nothing_that_people_see_holds_a_token(cloud: Cloud, varied: History) -> None:
    cloud.vault.create_secret(Name=f"navsync/workspace/{W}", SecretString='{"access_token": "ntn_canary"}')

    seen = [see(cloud, name).text for name in ("workspaces", "sync_mappings", "sync_logs", "dashboard", "sync_status")]

    assert not [text for text in seen if "ntn_canary" in text]
