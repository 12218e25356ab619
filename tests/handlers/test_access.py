"""Who may do what, where: every route for every role, in one's own workspace and in a stranger's."""

from __future__ import annotations

from typing import Any

import pytest

from navsync.store.dynamo import SCHEMA
from tests.handlers.deployed import FUNCTIONS, Answer, Cloud
from tests.handlers.known import W, a_workspace, by_nobody, captured, request, something_to_decide, who

VIEWER, ANALYST, ADMIN = (who(role, role) for role in ("viewer", "analyst", "admin"))
STRANGER = who("eve", "admin", "bay")
EXPIRED = who() | {"expires_at": 1_700_000_000}

PREFIX = "/api/v1/notion"
FUNCTION_OF = {
    (event["Properties"]["Method"], event["Properties"]["Path"]): function
    for function, declared in FUNCTIONS.items()
    for event in declared.get("Events", {}).values()
    if event["Type"] == "HttpApi"
}

MAY: dict[str, tuple[int, int, int, int]] = {
    # route              viewer analyst admin stranger
    "workspaces":          (200, 200, 200, 200),
    "workspace":           (200, 200, 200, 404),
    "change_workspace":    (403, 403, 200, 404),
    "disconnect":          (403, 403, 200, 404),
    "sync_status":         (200, 200, 200, 404),
    "sync_mappings":       (200, 200, 200, 200),
    "sync_logs":           (200, 200, 200, 200),
    "dashboard":           (200, 200, 200, 404),
    "attention":           (200, 200, 200, 200),
    "sync_project":        (403, 202, 202, 400),
    "sync_workspace":      (403, 202, 202, 404),
    "set_up_workspace":    (403, 403, 202, 404),
    "preview_workspace":   (403, 202, 202, 404),
    "preview":             (200, 200, 200, 404),
    "conflicts":           (200, 200, 200, 200),
    "resolve":             (403, 202, 202, 404),
    "approvals":           (200, 200, 200, 200),
    "decide":              (403, 202, 202, 404),
    "history":             (200, 200, 200, 200),
    "whole_value":         (200, 200, 200, 404),
    "revert":              (403, 202, 202, 404),
    "audit":               (403, 403, 200, 200),
    "explain":             (200, 200, 200, 200),
    "analytics":           (200, 200, 200, 200),
    "templates":           (200, 200, 200, 200),
    "add_template":        (403, 201, 201, 400),
    "change_template":     (403, 200, 200, 400),
    "delete_template":     (403, 409, 409, 400),
    "create_template":     (403, 202, 202, 400),
    "connect":             (403, 403, 200, 200),
    "connect_workspace":   (403, 403, 400, 400),
}  # fmt: skip
"""The stranger is an admin of another organisation; 400 is a state that nobody was given, or nothing to
sync or to make pages in; 409 a template that is built in."""

OPEN = {"callback", "health", "openapi", "docs"}


def ask(cloud: Cloud, name: str, by: dict[str, Any] | None = None, **how: Any) -> Answer:
    """Send the captured request to the function that the template gives its route to."""
    event = request(name, by, **how)
    method, _, path = event["routeKey"].partition(" ")
    return cloud[FUNCTION_OF[method, path]].answer(event)


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    """One workspace, of the organisation reef, whose only member is its admin ana, with something to decide in it."""
    a_workspace(cloud)
    something_to_decide(cloud)
    return cloud


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize(("by", "column"), [(VIEWER, 0), (ANALYST, 1), (ADMIN, 2), (STRANGER, 3)],
                         ids=["viewer", "analyst", "admin", "stranger"])  # fmt: skip
def test_a_route_is_for_those_it_is_for(reef: Cloud, name: str, by: dict[str, Any], column: int) -> None:
    assert ask(reef, name, by).status == MAY[name][column]


@pytest.mark.parametrize("name", MAY)
def test_without_a_caller_there_is_no_answer(reef: Cloud, name: str) -> None:
    event = by_nobody(captured(name))
    method, _, path = event["routeKey"].partition(" ")

    answer = reef[FUNCTION_OF[method, path]].answer(event)

    assert (answer.status, answer.is_problem) == (401, True)


@pytest.mark.parametrize("name", MAY)
def test_a_token_that_ended_since_it_was_checked_opens_nothing(reef: Cloud, name: str) -> None:
    assert ask(reef, name, EXPIRED).status == 401


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_needs_no_caller(cloud: Cloud, name: str) -> None:
    assert ask(cloud, name).status == 200


def test_every_route_of_the_template_is_in_the_table() -> None:
    asked = {captured(name)["routeKey"] for name in {*MAY, *OPEN}}

    webhooks = {f"POST {PREFIX}/webhooks/{side}" for side in ("navimpact", "notion")}
    assert asked | webhooks == {f"{method} {path}" for method, path in FUNCTION_OF}


@pytest.mark.parametrize("name", [name for name, row in MAY.items() if row[0] == 403])
def test_who_may_not_changes_nothing(reef: Cloud, name: str) -> None:
    before = reef.kept()

    ask(reef, name, VIEWER)
    ask(reef, name, EXPIRED)

    assert (reef.kept(), reef.wakes()) == (before, [])


@pytest.mark.parametrize("name", [name for name, row in MAY.items() if row[3] in (400, 404)])
def test_a_stranger_changes_nothing(reef: Cloud, name: str) -> None:
    before = reef.kept()

    ask(reef, name, STRANGER)

    assert (reef.kept(), reef.wakes()) == (before, [])


# --- whose ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", [W + 1, 0, "x", "-1", "1.5", "9" * 16, "9" * 3000, "9" * 5000, "٣", "²", "W#1", "%00"])
@pytest.mark.parametrize("name", ["workspace", "change_workspace", "disconnect", "sync_workspace", "set_up_workspace",
                                  "preview_workspace", "preview"])  # fmt: skip
def test_an_id_that_is_nobodys_is_not_found(reef: Cloud, name: str, id: object) -> None:
    answer = ask(reef, name, ADMIN, id=id)

    assert (answer.status, answer.is_problem) == (404, True)


@pytest.mark.parametrize("id", [W, 0, "x", "-1", "9" * 16, "9" * 3000, "٣"])
@pytest.mark.parametrize(
    ("name", "parameter"), [("resolve", "mapping_id"), ("decide", "mapping_id"), ("revert", "log_id")]
)
def test_what_is_nobodys_cannot_be_decided(reef: Cloud, name: str, parameter: str, id: object) -> None:
    answer = ask(reef, name, ADMIN, **{parameter: id})

    assert (answer.status, answer.is_problem) == (404, True)


def test_a_strangers_workspace_looks_like_none(reef: Cloud) -> None:
    theirs, none = ask(reef, "workspace", STRANGER), ask(reef, "workspace", STRANGER, id=W + 1)

    assert theirs.json | {"request_id": ""} == none.json | {"request_id": ""}


LISTS = [
    "sync_mappings", "sync_logs", "attention", "conflicts", "approvals", "history", "audit", "sync_status", "dashboard",
    "explain", "analytics", "templates",
]  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_a_strangers_workspace_is_not_found(reef: Cloud, name: str) -> None:
    assert ask(reef, name, STRANGER, query={"workspace_id": W}).status == 404
    assert ask(reef, name, STRANGER, query={"workspace_id": W + 1}).status == 404


@pytest.mark.parametrize("name", ["workspaces", "sync_mappings", "sync_logs", "conflicts", "approvals", "history",
                                  "audit", "explain", "analytics", "templates"])  # fmt: skip
def test_a_stranger_sees_empty_lists(reef: Cloud, name: str) -> None:
    assert ask(reef, name, STRANGER).json["items"] == []


def test_nothing_waits_for_a_stranger(reef: Cloud) -> None:
    assert ask(reef, "attention", STRANGER).json == {"groups": [], "total": 0, "records": 0}


def test_only_ones_own_workspaces_are_listed(reef: Cloud) -> None:
    a_workspace(reef, 2, bot_id="b2", org="bay", members={"eve": "admin"})

    listed = [item["id"] for item in ask(reef, "workspaces", STRANGER, query={}).json["items"]]

    assert listed == [2]


def test_two_callers_of_no_organisation_are_strangers(cloud: Cloud) -> None:
    a_workspace(cloud, org=None)

    assert ask(cloud, "workspace", who("eve", org="")).status == 404


def test_a_member_has_no_more_than_both_the_workspace_and_the_token_say(cloud: Cloud) -> None:
    a_workspace(cloud, members={"ana": "viewer", "ben": "admin"})

    assert ask(cloud, "change_workspace", who("ana", "admin")).status == 403
    assert ask(cloud, "change_workspace", who("ben", "viewer")).status == 403
    assert ask(cloud, "change_workspace", who("ben", "admin")).status == 200


def test_a_members_namesake_in_another_organisation_is_a_stranger(cloud: Cloud) -> None:
    a_workspace(cloud, members={"ana": "admin"})

    assert ask(cloud, "workspace", who("ana", "admin", org="elsewhere")).status == 404


@pytest.mark.parametrize(("named", "status"), [(f"[{W}]", 200), (f"[{W + 1}]", 404), ("[]", 404)])
def test_a_token_for_named_workspaces_opens_no_other(reef: Cloud, named: str, status: int) -> None:
    assert ask(reef, "workspace", who(workspaces=named)).status == status


# --- sync-project -----------------------------------------------------------------------------------------------------


def test_a_project_is_looked_at_in_each_workspace_of_the_caller_only(reef: Cloud) -> None:
    a_workspace(reef, 2, bot_id="b2")
    a_workspace(reef, 3, bot_id="b3", org="bay", members={})

    answer = ask(reef, "sync_project", ANALYST)

    assert answer.json["workspaces"] == 2
    assert [len(reef.work(id)) for id in (W, 2, 3)] == [1, 1, 0]


def test_a_requested_sync_names_who_asked_and_which_way(reef: Cloud) -> None:
    ask(reef, "sync_project", ANALYST, body={"sync_direction": "navimpact_to_notion"})

    (work,) = reef.work(W)
    assert (work.actor, work.external_id, work.direction) == ("analyst", "media_project/1", "navimpact_to_notion")


def test_the_answer_names_the_run(reef: Cloud) -> None:
    answer = ask(reef, "sync_project", ANALYST)

    (work,) = reef.work(W)
    assert answer.json["run_id"] == work.run_id


@pytest.mark.parametrize("id", ["x", "-1", "1.5", "9" * 3000, "9" * 5000, "²"])
def test_what_is_no_projects_id_is_refused(reef: Cloud, id: str) -> None:
    assert ask(reef, "sync_project", ANALYST, project_id=id).status == 422


@pytest.mark.parametrize("body", [{"project_id": 2}, {"sync_direction": "sideways"}, {"more": 1}, [], "x"])
def test_a_request_that_contradicts_itself_is_refused(reef: Cloud, body: Any) -> None:
    answer = ask(reef, "sync_project", ANALYST, body=body)

    assert (answer.status, answer.is_problem, reef.work(W)) == (422, True, [])


def test_a_body_is_not_needed(reef: Cloud) -> None:
    event = request("sync_project", ANALYST)
    del event["body"]

    assert reef["dashboard"].answer(event).status == 202


@pytest.mark.parametrize("by", [ANALYST, ADMIN], ids=["analyst", "admin"])
def test_while_everything_is_paused_there_is_nothing_to_sync(cloud: Cloud, by: dict[str, Any]) -> None:
    a_workspace(cloud, is_active=False)

    answer = ask(cloud, "sync_project", by)

    assert (answer.status, answer.json["detail"]) == (400, "No active Notion workspace found")


@pytest.mark.parametrize("name", ["sync_workspace", "set_up_workspace", "preview_workspace"])
@pytest.mark.parametrize("changes", [{"is_active": False}, {"connection": "needs_reauth"}])
def test_a_workspace_that_is_not_synced_is_not_said_to_be(cloud: Cloud, changes: dict[str, Any], name: str) -> None:
    a_workspace(cloud, **changes)

    answer = ask(cloud, name, ADMIN)

    assert (answer.status, answer.json["code"], cloud.work(W)) == (409, "not_active", [])


# --- errors -----------------------------------------------------------------------------------------------------------


def test_every_problem_has_the_id_of_its_request(reef: Cloud) -> None:
    answer = ask(reef, "workspace", STRANGER)

    assert answer.json["request_id"] == captured("workspace")["requestContext"]["requestId"]


@pytest.mark.parametrize("function", sorted({*FUNCTION_OF.values()}))
def test_an_unknown_route_is_a_problem(cloud: Cloud, function: str) -> None:
    event = request("workspace", ADMIN, id="1/nothing-here")

    answer = cloud[function].answer(event)

    assert (answer.status, answer.is_problem) == (404, True)


def test_an_unexpected_failure_says_nothing_of_its_cause(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("arn:aws:dynamodb:us-east-1:123456789012:table/secret-name")

    monkeypatch.setattr(reef["dashboard"].module.runtime.store.directory, "workspaces", fail)

    answer = ask(reef, "workspaces", ADMIN)

    assert (answer.status, answer.json["code"], answer.is_problem) == (500, "internal", True)
    assert "arn" not in answer.text


def test_what_another_version_keeps_is_told_in_a_sentence(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    a_workspace(cloud)
    monkeypatch.setattr("navsync.store.dynamo.SCHEMA", SCHEMA + 1)

    answer = ask(cloud, "workspaces", ADMIN)

    assert (answer.status, answer.json["code"], answer.is_problem) == (503, "other_shape", True)
    assert "written by another version of NavSync" in answer.json["detail"]


@pytest.mark.parametrize("name", ["workspaces", "sync_mappings", "sync_logs", "history", "conflicts", "sync_status"])
def test_what_an_earlier_version_keeps_is_told_though_it_listed_workspaces_elsewhere(cloud: Cloud, name: str) -> None:
    """Shape 1 knew no list of an organisation's workspaces."""
    a_workspace(cloud)
    for item in cloud.dynamodb.scan(TableName="WorkspacesTable")["Items"]:
        if item["pk"]["S"].startswith("ORG#"):
            cloud.dynamodb.delete_item(TableName="WorkspacesTable", Key={key: item[key] for key in ("pk", "sk")})
        else:
            cloud.dynamodb.put_item(TableName="WorkspacesTable", Item=item | {"schema": {"N": str(SCHEMA - 1)}})

    answer = ask(cloud, name, ADMIN)

    assert (answer.status, answer.json["code"], answer.is_problem) == (503, "other_shape", True)


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["change_workspace", "resolve", "sync_project", "connect_workspace"])
def test_a_body_larger_than_any_that_is_needed_is_refused(reef: Cloud, name: str) -> None:
    answer = ask(reef, name, ADMIN, body={"workspace_name": "x" * 300_000})

    assert (answer.status, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"field":' * 20_000, '{"winner": NaN}', '{"field": "\\ud800"}', "\x00"],
    ids=["deep list", "deep object", "not a number", "half a character", "zero"],
)
def test_hostile_json_is_refused(reef: Cloud, body: str) -> None:
    answer = reef["dashboard"].answer(request("resolve", ADMIN) | {"body": body})

    assert (answer.status, answer.is_problem) == (422, True)


def test_what_a_caller_is_told_is_kept_by_no_cache(reef: Cloud) -> None:
    headers = ask(reef, "workspace", VIEWER).headers

    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
