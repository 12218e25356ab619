"""A preview as people ask for it and read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from navsync.foresight import Effect, Foreseen, Preview
from navsync.model import Change, EntityType, Lane, Settings, Side, Work, WorkKind
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import LONG_PAST, PREVIEW, W, a_workspace, request, who
from tests.handlers.test_access import ADMIN, ANALYST, VIEWER, ask
from tests.handlers.test_working import PROJECTS, Stage, stage, synced  # noqa: F401  # fixtures


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    a_workspace(cloud)
    return cloud


def kept(cloud: Cloud, *found: Foreseen) -> None:
    """A preview that runs, and foresees *found* by now."""
    desk = cloud.store.desk(W)
    desk.previews().save(Preview(PREVIEW, W, LONG_PAST, Settings(), total=7), *found)
    desk.put(Work(Lane.BACKFILL, WorkKind.PREVIEW, "", str(PREVIEW), LONG_PAST, run_id=str(PREVIEW)))


def an_update(number: int, side: Side = Side.NOTION) -> Foreseen:
    change = Change("title", side, "Reef", f"Reef {number}", rule=f"changed on {side.other}")
    return Foreseen(Effect.UPDATE, EntityType.MEDIA_PROJECT, number, str(number), f"page {number}", side=side,
                    changes=(change,))  # fmt: skip


def read(cloud: Cloud, **query: Any) -> Answer:
    return ask(cloud, "preview", VIEWER, query=query)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_asking_puts_work_and_says_where_to_look(reef: Cloud) -> None:
    asked = ask(reef, "preview_workspace", ANALYST)

    shown = ask(reef, "preview", VIEWER, preview_id=asked.json["preview_id"])
    assert (asked.status, shown.status) == (202, 200)
    assert (shown.json["state"], shown.json["actor"], shown.json["items"]) == ("running", "analyst", [])


def test_the_settings_to_try_are_over_those_that_are_set(reef: Cloud) -> None:
    ask(reef, "change_workspace", ADMIN, body={"settings": {"quiet_seconds": {"media_project": 9}}})
    tried = {"settings": {"policy": "notion", "direction": "navimpact_to_notion"}}

    asked = ask(reef, "preview_workspace", ANALYST, body=tried)

    shown = ask(reef, "preview", VIEWER, preview_id=asked.json["preview_id"]).json["settings"]
    assert (shown["policy"], shown["direction"]) == ("notion", "navimpact_to_notion")
    assert shown["quiet_seconds"] == {"media_project": 9}


def test_settings_that_are_tried_are_not_set(reef: Cloud) -> None:
    before = ask(reef, "workspace", VIEWER).json

    ask(reef, "preview_workspace", ANALYST, body={"settings": {"policy": "notion"}})

    assert ask(reef, "workspace", VIEWER).json == before


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"settings": {"policy": "mine"}}, ["settings", "policy"]),
        ({"settings": {"field_policies": {"media_project.tite": "ask"}}}, ["settings", "field_policies"]),
        ({"settings": {"access_token": "x"}}, ["settings", "access_token"]),
        ({"dry_run": True}, ["dry_run"]),
        ({"settings": []}, ["settings"]),
    ],
)
def test_bad_settings_are_refused_by_name_and_nothing_is_asked(
    reef: Cloud, body: dict[str, Any], named: list[str]
) -> None:
    answer = ask(reef, "preview_workspace", ANALYST, body=body)

    assert (answer.status, [error["loc"] for error in answer.json["errors"]]) == (422, [named])
    assert reef.work(W) == []


def test_a_second_preview_has_to_wait_for_the_first(reef: Cloud) -> None:
    first = ask(reef, "preview_workspace", ANALYST).json["preview_id"]

    second = ask(reef, "preview_workspace", ANALYST)

    assert (second.status, second.json["code"]) == (409, "preview_runs")
    assert str(first) in second.json["detail"]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_what_is_foreseen_is_shown_with_its_values(reef: Cloud) -> None:
    kept(reef, an_update(4))

    (item,) = read(reef).json["items"]
    assert (item["operation"], item["entity_id"], item["notion_page_id"], item["side"]) == (
        "update", 4, "page 4", "notion",
    )  # fmt: skip
    (change,) = item["changes"]
    assert (change["field"], change["old"], change["new"], change["rule"]) == (
        "title", "Reef", "Reef 4", "changed on navimpact",
    )  # fmt: skip


def test_what_is_foreseen_is_counted_by_operation_and_side(reef: Cloud) -> None:
    kept(reef, an_update(1), an_update(2), an_update(3, Side.NAVIMPACT))

    assert read(reef).json["counts"] == [
        {"operation": "update", "side": "navimpact", "count": 1},
        {"operation": "update", "side": "notion", "count": 2},
    ]


def test_the_list_goes_on_where_its_cursor_says(reef: Cloud) -> None:
    kept(reef, *(an_update(number) for number in range(5)))

    first = read(reef, limit=2).json
    second = read(reef, limit=2, cursor=first["cursor"]).json
    third = read(reef, limit=2, cursor=second["cursor"]).json

    assert [i["entity_id"] for part in (first, second, third) for i in part["items"]] == [0, 1, 2, 3, 4]
    assert (first["total"], third["cursor"]) == (5, None)


def test_a_preview_that_nobody_goes_on_with_has_failed(reef: Cloud) -> None:
    reef.store.desk(W).previews().save(Preview(PREVIEW, W, LONG_PAST, Settings()))

    shown = read(reef).json

    assert shown["state"] == "failed"
    assert "ask for another one" in shown["reason"]


@pytest.mark.parametrize("id", [W, 0, "x", "-1", "9" * 16, "9" * 3000, "٣"])
def test_an_unknown_preview_is_not_found(reef: Cloud, id: object) -> None:
    answer = ask(reef, "preview", ADMIN, preview_id=id)

    assert (answer.status, answer.is_problem) == (404, True)


def test_a_preview_of_another_workspace_is_not_found(reef: Cloud) -> None:
    kept(reef)
    a_workspace(reef, 2, bot_id="b2")

    assert ask(reef, "preview", ADMIN, id=2).status == 404


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_a_preview_tells_what_the_next_sync_does(synced: Stage) -> None:  # noqa: F811  # the fixture
    reef, bay = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    page = {"properties": {"title": {"title": [{"text": {"content": "The Bay"}}]}}}
    synced.notion.patch(f"/v1/pages/{synced.page_of(bay)}", json=page).raise_for_status()

    shown = previewed(synced)

    assert shown["state"] == "done"
    assert {(i["operation"], i["side"], c["old"], c["new"]) for i in shown["items"] for c in i["changes"]} == {
        ("update", "notion", "Reef", "Coral Reef"),
        ("update", "navimpact", "Bay", "The Bay"),
    }


def test_a_preview_writes_to_neither_side_and_leaves_no_row_in_the_sync_log(synced: Stage) -> None:  # noqa: F811
    reef, _ = synced.projects
    synced.navimpact.put(f"{PROJECTS}{reef}", json={"title": "Coral Reef"}).raise_for_status()
    logs, before = synced.see("sync_logs"), ours(synced)

    previewed(synced)

    asked = ours(synced) - before
    assert asked
    assert [call for call in asked if not is_reading(*call)] == []
    assert synced.see("sync_logs") == logs


def ours(on: Stage) -> Counter[tuple[str, str]]:
    """What NavSync has called on both sides, and how often."""
    logs = [side.get("/_twin/requests", params={"since": 0}).json() for side in (on.notion, on.navimpact)]
    rows = [row for log in logs for row in (log if isinstance(log, list) else log["requests"])]
    return Counter((row["method"], row["path"]) for row in rows if row["actor"] == "api")


def is_reading(method: str, path: str) -> bool:
    return method == "GET" or path.endswith("/query")


def previewed(on: Stage) -> dict[str, Any]:
    """What a preview shows once the worker is done with it."""
    asked = on.cloud["dashboard"].answer(request("preview_workspace", who(), id=on.id)).json
    on.work()
    event = request("preview", who(), id=on.id, preview_id=asked["preview_id"])
    shown: dict[str, Any] = on.cloud["dashboard"].answer(event).json
    return shown
