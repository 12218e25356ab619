"""What waits for a person: by cause, with how many there are and the step that ends it."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from navsync import attention, connection
from navsync.fields import KEY
from navsync.model import (
    Capabilities,
    Capability,
    Conflict,
    Connection,
    DataSource,
    EntityType,
    Lane,
    Property,
    State,
    Trouble,
    Work,
    WorkKind,
    Workspace,
)
from navsync.walks import Choice
from tests.handlers.deployed import Cloud
from tests.handlers.known import W
from tests.handlers.test_access import FUNCTION_OF
from tests.handlers.test_people_lists import NOW, History, see
from tests.handlers.test_telling import sync

CLASH = Conflict("title", "a", "b", "c")
LOST = Trouble("quarantined", "Budget: the property is missing.", "Restore it.", "budget")
FAILING = Trouble("failing", "The last look failed: 503.", "See the cause.")
STORY = EntityType.IMPACT_STORY
WITHOUT_IDS = DataSource(EntityType.MEDIA_PROJECT, "d", "s", {KEY.name: Property("k", "deleted")})


@pytest.fixture
def history(cloud: Cloud) -> History:
    return History(cloud)


def groups(cloud: Cloud, **query: Any) -> dict[str, dict[str, Any]]:
    return {group["group"]: group for group in see(cloud, "attention", **query).json["groups"]}


def records(group: dict[str, Any]) -> list[int]:
    return [item["mapping_id"] for item in group["items"]]


def test_what_waits_because_of_the_same_is_one_group_with_one_step(cloud: Cloud, history: History) -> None:
    for id in (1, 2):
        history.mapping(id, conflicts=(CLASH,))
    history.mapping(3, troubles=(LOST,))

    found = groups(cloud)

    assert {name: (group["kind"], group["count"], records(group)) for name, group in found.items()} == {
        "conflict/media_project/title": ("conflict", 2, [2, 1]),
        "quarantined/media_project/budget": ("error", 1, [3]),
    }
    assert [group["call"] for group in found.values()] == ["POST /conflicts/{mapping_id}/resolve", None]


def test_a_record_that_waits_for_two_things_is_in_two_groups(cloud: Cloud, history: History) -> None:
    history.mapping(1, conflicts=(CLASH,), troubles=(LOST,))

    answer = see(cloud, "attention").json

    assert (len(answer["groups"]), answer["total"], answer["records"]) == (2, 2, 1)


def test_each_says_its_own_cause_and_fix(cloud: Cloud, history: History) -> None:
    history.mapping(1, troubles=(LOST,))

    (item,) = groups(cloud)["quarantined/media_project/budget"]["items"]

    assert (item["cause"], item["fix"], item["field"]) == (LOST.cause, LOST.fix, "budget")


def test_a_conflict_waits_with_its_values(cloud: Cloud, history: History) -> None:
    history.mapping(1, conflicts=(CLASH,))

    (item,) = groups(cloud)["conflict/media_project/title"]["items"]

    assert (item["base"], item["navimpact"], item["notion"], item["version"]) == ("a", "b", "c", CLASH.version)


def test_a_page_that_is_gone_waits_though_nobody_said_why(cloud: Cloud, history: History) -> None:
    history.mapping(1, state=State.UNREACHABLE)

    assert groups(cloud)["unreachable/media_project"]["count"] == 1


def test_the_rest_of_a_group_is_found_by_its_cursor(cloud: Cloud, history: History) -> None:
    for id in range(1, 6):
        history.mapping(id, conflicts=(CLASH,), troubles=(LOST,))
    name, seen, cursor = "conflict/media_project/title", [], None

    while True:
        query = {"group": name, "limit": 2} | ({} if cursor is None else {"cursor": cursor})
        ((only, group),) = groups(cloud, **query).items()
        seen.append(records(group))
        cursor = group["cursor"]
        if cursor is None:
            break

    assert (only, seen, group["count"]) == (name, [[5, 4], [3, 2], [1]], 5)


def test_many_groups_share_what_one_answer_shows(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud["dashboard"].module.attention, "MOST_SHOWN", 4)
    for id in (1, 2, 3):
        history.mapping(id, conflicts=(CLASH, replace(CLASH, field="status")))
    title = "conflict/media_project/title"

    together, alone = groups(cloud, limit=3), groups(cloud, limit=3, group=title)

    assert [records(group) for group in together.values()] == [[3, 2], [3, 2]]
    assert records(alone[title]) == [3, 2, 1]


def test_what_begins_to_wait_meanwhile_moves_nothing(cloud: Cloud, history: History) -> None:
    for id in (1, 2, 3):
        history.mapping(id, conflicts=(CLASH,))
    name = "conflict/media_project/title"
    first = groups(cloud, group=name, limit=2)[name]

    history.mapping(4, conflicts=(CLASH,))

    assert records(groups(cloud, group=name, limit=2, cursor=first["cursor"])[name]) == [1]


def test_several_workspaces_wait_together(cloud: Cloud, history: History) -> None:
    other = History(cloud, 2, bot_id="b2")
    for each, id in ((history, 1), (other, 2), (history, 3), (other, 4)):
        each.mapping(id, conflicts=(CLASH,))
    name = "conflict/media_project/title"

    first = groups(cloud, limit=3)[name]
    rest = groups(cloud, limit=3, group=name, cursor=first["cursor"])[name]

    assert (records(first), records(rest), first["count"]) == ([4, 3, 2], [1], 4)
    assert records(groups(cloud, workspace_id=W)[name]) == [3, 1]


def test_a_dead_token_is_a_group_and_comes_first(cloud: Cloud) -> None:
    for id, bot in ((W, "b1"), (2, "b2")):
        History(cloud, id, bot_id=bot, connection=Connection.NEEDS_REAUTH).mapping(id, conflicts=(CLASH,))

    first = see(cloud, "attention").json["groups"][0]

    assert (first["group"], first["kind"], first["count"], first["call"]) == (
        "needs_reauth", "connection", 2, "GET /connect",
    )  # fmt: skip


def test_the_step_that_ends_a_lack_of_blocks_is_made_in_notion(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).keep_capabilities(Capabilities(NOW, out_of_blocks_since=NOW))

    group = groups(cloud)["out_of_blocks"]

    assert group["fix"].startswith("Upgrade the workspace's plan in Notion")
    assert group["call"] is None


def fails(kind: WorkKind, name: str) -> Work:
    """Work of a whole workspace that has failed for some time."""
    lane = Lane.LIVE if kind is WorkKind.SETUP else Lane.SWEEP
    return Work(lane, kind, name, "n", NOW, "tick", attempts=connection.FAILURES_IN_A_ROW)


def list_fails(cloud: Cloud, name: str, attempts: int) -> None:
    cloud.store.desk(W).put(replace(fails(WorkKind.SWEEP, name), attempts=attempts))


def test_a_database_that_no_sweep_can_list_is_a_group_that_names_it(cloud: Cloud, history: History) -> None:
    list_fails(cloud, "notion/distribution_log", attempts=connection.FAILURES_IN_A_ROW)
    list_fails(cloud, "navimpact/impact_story", attempts=40)

    group = groups(cloud)["unread_list"]

    assert (group["kind"], group["count"], group["call"]) == ("connection", 2, None)
    told = {item["cause"]: item["fix"] for item in group["items"]}
    (of_logs,) = (
        fix for cause, fix in told.items() if cause.startswith("Distribution logs in Notion cannot be listed")
    )
    assert of_logs.startswith("Share the database with the connection again")
    assert "If it is gone for good, disconnect the workspace with `erase` and connect it again" in of_logs
    assert any(cause.startswith("Impact stories in NavImpact cannot be listed") for cause in told)


def test_a_page_of_which_no_database_is_known_is_named_all_the_same(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).put(fails(WorkKind.PAGE, "/p-9"))

    (item,) = groups(cloud)["unread_record"]["items"]

    assert item["cause"] == "The page p-9 in Notion is new, and looking at it failed 5 times in a row."


def test_a_new_record_at_which_looks_keep_failing_is_a_group_that_names_it(cloud: Cloud, history: History) -> None:
    for kind, name in ((WorkKind.ENTITY, "impact_story/7"), (WorkKind.PAGE, "media_project/p-9")):
        cloud.store.desk(W).put(fails(kind, name))
        cloud.store.desk(W).put(replace(fails(kind, f"{name}0"), attempts=1))

    group = groups(cloud)["unread_record"]

    assert (group["kind"], group["count"], group["call"]) == ("connection", 2, "POST /workspaces/{id}/sync")
    assert {item["cause"] for item in group["items"]} == {
        "The impact story 7 in NavImpact is new, and looking at it failed 5 times in a row.",
        "The page p-9 of Media projects in Notion is new, and looking at it failed 5 times in a row.",
    }


def test_a_database_without_its_column_of_ids_is_a_group_that_names_it(cloud: Cloud, history: History) -> None:
    desk = cloud.store.desk(W)
    kept = desk.sources()[EntityType.MEDIA_PROJECT]
    desk.save_source(replace(kept, properties=WITHOUT_IDS.properties))

    group = groups(cloud)["unread_keys"]

    assert group["cause"].startswith("The property “NavImpact ID” of Media projects is missing in Notion")


def test_a_set_up_that_cannot_go_on_is_a_group_with_the_call_that_tries_it_again(
    cloud: Cloud, history: History
) -> None:
    cloud.store.desk(W).put(fails(WorkKind.SETUP, ""))

    group = groups(cloud)["not_set_up"]

    assert (group["kind"], group["count"], group["call"]) == ("connection", 1, "POST /workspaces/{id}/setup")
    assert group["fix"].startswith("Do in Notion what the history names")


def test_a_list_that_failed_a_moment_ago_waits_for_nobody(cloud: Cloud, history: History) -> None:
    list_fails(cloud, "notion/distribution_log", attempts=1)

    assert groups(cloud) == {}


def test_a_list_waits_for_nobody_while_the_workspace_is_paused(cloud: Cloud) -> None:
    History(cloud, is_active=False)
    list_fails(cloud, "notion/distribution_log", attempts=40)

    assert groups(cloud) == {}


def test_what_was_settled_is_no_longer_counted(cloud: Cloud, history: History) -> None:
    waiting = history.mapping(1, conflicts=(CLASH,))

    history.ledger.save(waiting.but(conflicts=()))

    assert see(cloud, "attention").json == {"groups": [], "total": 0, "records": 0}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "MQ"}, {"group": "x#y"}, {"group": ""}])
def test_a_part_that_cannot_be_is_refused(cloud: Cloud, history: History, query: dict[str, Any]) -> None:
    assert see(cloud, "attention", **query).status == 422


@pytest.mark.parametrize(
    "group",
    ["foo/bar", "foo", "conflict", "conflict/film/title", "conflict/media_project/colour", "conflict/media_project/",
     "foo/media_project", "needs_reauth/media_project"],
)  # fmt: skip
def test_a_group_that_there_cannot_be_is_refused(cloud: Cloud, history: History, group: str) -> None:
    answer = see(cloud, "attention", group=group)

    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["group"])
    assert answer.json["detail"].startswith("group: there is no such group;")


@pytest.mark.parametrize("cause", [*attention.STEPS, *sorted(connection.CALLS)])
def test_a_group_that_there_can_be_is_taken_though_it_is_empty(cloud: Cloud, history: History, cause: str) -> None:
    name = cause if cause in connection.CALLS else f"{cause}/media_project"

    assert see(cloud, "attention", group=name).json["groups"] == []


def test_a_group_that_nothing_is_in_is_none(cloud: Cloud, history: History) -> None:
    history.mapping(1, conflicts=(CLASH,))

    assert groups(cloud, group="conflict/media_project/budget") == {}


# --- the steps --------------------------------------------------------------------------------------------------------


def test_a_step_that_is_a_call_is_a_route(cloud: Cloud) -> None:
    functions = {cloud[function] for function in FUNCTION_OF.values()}
    routes = {str(route) for function in functions for route in function.module.routes.declared}

    calls = {step.call for step in attention.STEPS.values()} | set(connection.CALLS.values())
    assert calls - {None} <= routes


def test_the_step_of_what_fails_looks_at_it_though_it_was_put_off(cloud: Cloud, history: History) -> None:
    failing = history.mapping(1, attempts=9, next_retry_at=NOW + timedelta(minutes=9), troubles=(FAILING,))
    group = groups(cloud)["failing/media_project"]
    _, opening, shown = group["fix"].removesuffix(".").partition("{")

    answer = sync(cloud, json.loads(opening + shown))

    (work,) = cloud.work(W)
    assert (answer.status, group["call"]) == (202, "POST /workspaces/{id}/sync")
    assert Choice.parse(work.external_id).of([failing]) == [failing]


def test_everything_that_a_record_may_wait_for_has_its_step() -> None:
    assert {code for path in PACKAGE.rglob("*.py") for code in codes(path)} <= attention.STEPS.keys()


PACKAGE = Path(attention.__file__).parent
OF_CONNECTIONS = "connection.py"


def test_everything_that_a_connection_may_wait_for_is_a_group() -> None:
    everything = Capabilities(NOW, missing=tuple(Capability), out_of_blocks_since=NOW)
    failing = [fails(WorkKind.SETUP, ""), fails(WorkKind.SWEEP, "notion/media_project")]
    failing.append(fails(WorkKind.ENTITY, "media_project/4"))
    told = [t for how in Connection for t in connection.troubles_of(connected(how), everything, failing, [WITHOUT_IDS])]

    assert {trouble.code for trouble in told} == connection.CALLS.keys()


def connected(how: Connection) -> Workspace:
    return Workspace(1, "n", "Reef", "b", "reef", NOW, NOW, connection=how)


def codes(path: Path) -> set[str]:
    """Codes of records' troubles that a module tells of, as far as they are written out in it."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    named = (call.args[0] for call in calls if ast.unparse(call.func) == "Trouble" and call.args)
    return {str(arg.value) for arg in named if isinstance(arg, ast.Constant) and path.name != OF_CONNECTIONS}
