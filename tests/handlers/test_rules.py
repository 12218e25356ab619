"""Which projects a workspace holds, which way it syncs, and how its columns are called: set, shown and put to work."""

from __future__ import annotations

from typing import Any

import pytest

from navsync.model import Direction, Lane, Scope, Settings, State, Trouble, WorkKind
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import W, request, who
from tests.handlers.test_connecting import ANA, allow, begin, connect, finish
from tests.handlers.test_people_lists import History, change, see

RULE = Trouble("out_of_scope", "The workspace holds only projects whose status is active.", "Widen the scope.")
SCOPE = {"project_ids": [4, 5], "project_types": ["film"], "statuses": ["active"]}


@pytest.fixture
def history(cloud: Cloud) -> History:
    return History(cloud)


def stored(cloud: Cloud, id: int = W) -> Settings:
    workspace = cloud.store.desk(id).workspace()
    assert workspace is not None
    return workspace.settings


def test_however_much_is_wrong_the_answer_stays_small(cloud: Cloud, history: History) -> None:
    answer = change(cloud, settings={"page_templates": {f"no such kind {n}": n for n in range(5_000)}})

    assert answer.status == 422
    assert 1 < len(answer.json["errors"]) <= 20


def test_a_scope_is_kept_and_shown(cloud: Cloud, history: History) -> None:
    answer = change(cloud, settings={"scope": SCOPE})

    assert answer.json["settings"]["scope"] == SCOPE
    assert stored(cloud).scope == Scope(("4", "5"), ("film",), ("active",))


def test_a_scope_is_set_as_a_whole_and_an_empty_one_holds_everything(cloud: Cloud, history: History) -> None:
    change(cloud, settings={"scope": SCOPE})
    narrowed = change(cloud, settings={"scope": {"statuses": ["paused"]}}).json["settings"]["scope"]
    lifted = change(cloud, settings={"scope": {}}).json["settings"]["scope"]

    assert narrowed == {"project_ids": [], "project_types": [], "statuses": ["paused"]}
    assert (any(lifted.values()), bool(stored(cloud).scope)) == (False, False)


def test_directions_and_names_of_columns_are_kept_and_shown(cloud: Cloud, history: History) -> None:
    wanted = {
        "direction": "navimpact_to_notion",
        "field_directions": {"media_project.budget": "bidirectional"},
        "properties": {"media_project.budget": "Cost (EUR)"},
    }

    shown = change(cloud, settings=wanted).json["settings"]

    assert {name: shown[name] for name in wanted} == wanted
    assert stored(cloud).direction is Direction.TO_NOTION


@pytest.mark.parametrize("settings", [{"scope": SCOPE}, {"direction": "bidirectional"}, {"policy": "notion"},
                                      {"field_directions": {}}, {"field_policies": {}}], ids=str)  # fmt: skip
def test_new_rules_are_work_for_the_worker(cloud: Cloud, history: History, settings: dict[str, Any]) -> None:
    change(cloud, settings=settings)

    (work,) = cloud.work(W)
    assert (work.lane, work.kind, work.actor) == (Lane.BACKFILL, WorkKind.RULES, "ana")
    assert len(cloud.wakes()) == 1


@pytest.mark.parametrize("body", [{"workspace_name": "Coral"}, {"settings": {"requests_per_minute": 60}},
                                  {"settings": {"properties": {"media_project.budget": "Cost"}}}], ids=str)  # fmt: skip
def test_what_changes_no_rule_is_no_work(cloud: Cloud, history: History, body: dict[str, Any]) -> None:
    change(cloud, **body)

    assert cloud.work(W) == []


def field_named(answer: Answer) -> list[str]:
    return [".".join(problem["loc"]) for problem in answer.json["errors"]]


@pytest.mark.parametrize(
    ("settings", "named", "words"),
    [
        ({"scope": {"colour": ["red"]}}, "settings.scope.colour", "no such field"),
        ({"scope": {"project_ids": ["four"]}}, "settings.scope.project_ids.0", "whole number"),
        ({"scope": {"statuses": [""]}}, "settings.scope.statuses.0", "1 or more"),
        ({"direction": "sideways"}, "settings.direction", "navimpact_to_notion"),
        ({"field_directions": {"media_project.colour": "bidirectional"}}, "settings.field_directions", "no field"),
        ({"properties": {"poem.title": "Name"}}, "settings.properties", "there is no field poem.title"),
        ({"properties": {"media_project.budget": "Title"}}, "settings.properties", "would be called Title"),
        ({"properties": {"media_project.budget": "NavImpact ID"}}, "settings.properties", "called NavImpact ID"),
        ({"properties": {"impact_story.description": "Text"}}, "settings.properties", "has no column"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_is_refused_by_its_name(
    cloud: Cloud, history: History, settings: dict[str, Any], named: str, words: str
) -> None:
    before = cloud.kept()

    answer = change(cloud, settings=settings)

    assert (answer.status, cloud.kept()) == (422, before)
    assert field_named(answer)[0].endswith(named)
    assert words in str(answer.json["errors"])


# --- what is seen -----------------------------------------------------------------------------------------------------


def test_a_mapping_tells_which_way_its_workspace_syncs(cloud: Cloud) -> None:
    History(cloud, settings=Settings(direction=Direction.TO_NOTION)).mapping(4)

    (shown,) = see(cloud, "sync_mappings").json["items"]

    assert shown["sync_direction"] == "navimpact_to_notion"


@pytest.mark.parametrize(("direction", "found"), [("bidirectional", [4]), ("navimpact_to_notion", [5])])
def test_mappings_can_be_chosen_by_the_way_they_sync(cloud: Cloud, direction: str, found: list[int]) -> None:
    History(cloud).mapping(4)
    History(cloud, 2, bot_id="b2", settings=Settings(direction=Direction.TO_NOTION)).mapping(5)

    chosen = see(cloud, "sync_mappings", sync_direction=direction)

    assert [item["id"] for item in chosen.json["items"]] == found


def test_what_a_rule_leaves_out_is_listed_with_the_rule_and_waits_for_nobody(cloud: Cloud, history: History) -> None:
    history.mapping(4, state=State.EXCLUDED, troubles=(RULE,))

    (shown,) = see(cloud, "sync_mappings").json["items"]

    assert (shown["state"], shown["sync_status"], shown["reason"]) == ("excluded", "completed", RULE.cause)
    assert see(cloud, "attention").json["total"] == 0


def test_what_a_rule_leaves_out_is_explained_by_the_rule(cloud: Cloud, history: History) -> None:
    history.mapping(4, state=State.EXCLUDED, troubles=(RULE,))
    event = request("explain", who("vera", "viewer"))
    event["pathParameters"] = {"entity_type": "media_project", "entity_id": "4"}

    (told,) = cloud["dashboard"].answer(event).json["items"]

    assert (told["verdict"], told["because"], told["to_do"]) == ("not_synced", RULE.cause, RULE.fix)


# --- from the start ---------------------------------------------------------------------------------------------------


def test_a_workspace_can_begin_with_its_rules(cloud: Cloud, notion: str) -> None:
    function = cloud["oauth_callback"]
    settings = {"scope": {"statuses": ["active"]}, "direction": "navimpact_to_notion"}

    answer = finish(function, allow(begin(function)) | {"settings": settings})  # type: ignore[arg-type]

    assert answer.json["settings"]["scope"]["statuses"] == ["active"]
    assert stored(cloud, answer.json["id"]) == Settings(
        scope=Scope(statuses=("active",)), direction=Direction.TO_NOTION
    )


def test_one_that_is_connected_again_keeps_its_rules(cloud: Cloud, notion: str) -> None:
    function = cloud["oauth_callback"]
    id = connect(function).json["id"]
    cloud["dashboard"].answer(request("change_workspace", ANA, id=id, body={"settings": {"scope": SCOPE}}))

    again = finish(function, allow(begin(function)) | {"settings": {"scope": {}}})  # type: ignore[arg-type]

    assert (again.json["id"], again.json["settings"]["scope"]) == (id, SCOPE)
