"""The audit trail: each call that changes something, or is refused, leaves one row: who, what, where, how it ended."""

from __future__ import annotations

from typing import Any

import pytest

from navsync.errors import Unavailable
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import W, a_workspace, request, something_to_decide, who
from tests.handlers.test_access import ADMIN, ANALYST, FUNCTION_OF, MAY, STRANGER, VIEWER, ask

CHANGES = ["change_workspace", "disconnect", "sync_project", "sync_workspace", "preview_workspace",
           "set_up_workspace", "resolve", "decide", "revert", "connect", "connect_workspace", "add_template",
           "change_template", "delete_template", "create_template"]  # fmt: skip


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    a_workspace(cloud)
    something_to_decide(cloud)
    return cloud


def trail(cloud: Cloud, by: dict[str, Any] = ADMIN, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ask(cloud, "audit", by, query=query).json["items"]
    return items


def test_the_list_of_changes_is_that_of_the_routes(cloud: Cloud) -> None:
    functions = {cloud[function] for function in FUNCTION_OF.values()}
    changing = {str(route) for function in functions for route in function.module.routes.declared if route.changes}

    assert {request(name)["routeKey"].replace("/api/v1/notion", "") for name in CHANGES} == changing


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_leaves_one_row(reef: Cloud, name: str) -> None:
    answer = ask(reef, name, ADMIN)

    (row,) = trail(reef)
    assert (row["subject"], row["role"], row["status"]) == ("admin", "admin", answer.status)
    assert row["route"] == request(name)["routeKey"].replace("/api/v1/notion", "")
    assert row["target"] == request(name)["rawPath"].removeprefix("/api/v1/notion")
    assert row["workspace_id"] == (None if name in {"connect", "connect_workspace"} else W)


@pytest.mark.parametrize("name", ["sync_project", "sync_workspace", "preview_workspace", "resolve", "decide", "revert",
                                  "create_template"])  # fmt: skip
def test_a_row_names_the_run_that_was_caused(reef: Cloud, name: str) -> None:
    answer = ask(reef, name, ADMIN)

    assert trail(reef)[0]["run_id"] == answer.json["run_id"]


@pytest.mark.parametrize("name", [name for name, row in MAY.items() if row[0] == 403])
def test_a_call_above_ones_role_leaves_one_row(reef: Cloud, name: str) -> None:
    ask(reef, name, VIEWER)

    (row,) = trail(reef)
    assert (row["subject"], row["status"], row["code"], row["workspace_id"]) == ("viewer", 403, "forbidden", None)


@pytest.mark.parametrize("name", [name for name, row in MAY.items() if row[3] == 404 and name not in
                                  {"sync_status", "dashboard"}])  # fmt: skip
def test_a_strangers_call_leaves_its_row_with_the_strangers_own_organisation(reef: Cloud, name: str) -> None:
    ask(reef, name, STRANGER)

    (row,) = trail(reef, STRANGER)
    assert (row["subject"], row["status"], row["workspace_id"]) == ("eve", 404, None)
    assert trail(reef, ADMIN) == []


@pytest.mark.parametrize("name", [name for name, row in MAY.items() if row[0] == 200])
def test_looking_leaves_no_row(reef: Cloud, name: str) -> None:
    ask(reef, name, VIEWER)

    assert trail(reef) == []


@pytest.mark.parametrize(("name", "body"), [("change_workspace", {"colour": 1}), ("resolve", {}), ("decide", {}),
                                            ("revert", {}), ("connect_workspace", {"code": 1})])  # fmt: skip
def test_a_change_that_was_not_understood_leaves_one_row(reef: Cloud, name: str, body: Any) -> None:
    ask(reef, name, ADMIN, body=body)

    (row,) = trail(reef)
    assert (row["status"], row["code"]) == (422, "invalid")


def test_a_change_that_could_not_be_made_leaves_a_row_that_says_so(
    reef: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("the queue did not take it")

    monkeypatch.setattr(reef["dashboard"].module.runtime.inbox, "put", fail)

    assert ask(reef, "sync_project", ADMIN).status == 503
    assert [(row["status"], row["code"]) for row in trail(reef)] == [(503, "unavailable")]


def test_what_killed_its_function_is_found_begun(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(reef["dashboard"].module.runtime.inbox, "put", die)

    with pytest.raises(SystemExit):
        ask(reef, "sync_project", ADMIN)

    (row,) = trail(reef)
    assert (row["route"], row["status"]) == ("POST /sync-project/{project_id}", None)


def test_without_its_row_nothing_is_changed(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("the database is busy")

    monkeypatch.setattr(reef["dashboard"].module.runtime.guard.trail, "begin", fail)
    before = reef.kept()

    assert ask(reef, "change_workspace", ADMIN).status == 503
    assert reef.kept() == before


def test_a_row_holds_no_secret_and_no_value(reef: Cloud) -> None:
    ask(reef, "connect_workspace", ADMIN, body={"code": "canary-code", "state": "canary-state"})
    ask(reef, "change_workspace", ADMIN, body={"workspace_name": "canary-name"})

    assert "canary" not in str([item for item in reef.items() if item["pk"]["S"].endswith("#AUDIT")])


def test_a_row_cannot_be_ended_twice(reef: Cloud) -> None:
    ask(reef, "sync_workspace", ADMIN)
    module = reef["dashboard"].module
    page = reef.store.trail.rows([f"W#{W}#AUDIT"], now=module.runtime.clock())
    (row,) = page.items

    module.runtime.guard.trail.end(
        row.__class__(**{name: getattr(row, name) for name in row.__slots__} | {"status": 1})
    )

    assert trail(reef)[0]["status"] == 202


# --- who may read it --------------------------------------------------------------------------------------------------


def test_rows_are_newest_first_and_come_in_parts(reef: Cloud) -> None:
    for name in ("sync_workspace", "resolve", "connect"):
        ask(reef, name, ADMIN)

    first = ask(reef, "audit", ADMIN, query={"limit": 2})
    second = ask(reef, "audit", ADMIN, query={"limit": 2, "cursor": first.json["cursor"]})

    assert routes(first) == ["GET /connect", "POST /conflicts/{mapping_id}/resolve"]
    assert routes(second) == ["POST /workspaces/{id}/sync"]
    assert (first.json["total"], second.json["cursor"]) == (3, None)


def routes(answer: Answer) -> list[str]:
    return [row["route"] for row in answer.json["items"]]


def test_the_rows_of_one_workspace_can_be_asked_for(reef: Cloud) -> None:
    ask(reef, "connect", ADMIN)
    ask(reef, "sync_workspace", ADMIN)

    assert [row["route"] for row in trail(reef, workspace_id=W)] == ["POST /workspaces/{id}/sync"]


def test_who_is_no_admin_of_a_workspace_does_not_read_its_trail(cloud: Cloud) -> None:
    a_workspace(cloud, members={"admin": "viewer", "ben": "admin"})
    ask(cloud, "sync_workspace", who("ben"))

    assert len(trail(cloud, who("ben"))) == 1
    assert trail(cloud) == []
    assert ask(cloud, "audit", ADMIN, query={"workspace_id": W}).status == 403


def test_a_token_for_named_workspaces_reads_only_their_trails(reef: Cloud) -> None:
    a_workspace(reef, 2, bot_id="b2")
    ask(reef, "connect", ADMIN)
    ask(reef, "sync_workspace", ANALYST)
    ask(reef, "sync_workspace", ANALYST, id=2)

    assert [row["workspace_id"] for row in trail(reef, who("admin", workspaces="[2]"))] == [2]


def test_callers_of_no_organisation_share_no_trail(cloud: Cloud) -> None:
    ask(cloud, "connect", who("ana", org=""))

    assert len(trail(cloud, who("ana", org=""))) == 1
    assert trail(cloud, who("eve", org="")) == []
