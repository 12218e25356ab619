"""Templates over the API: what people keep, what they are refused, and the page that is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from navsync.api import PREFIX
from navsync.model import EntityRef, EntityType, WorkKind
from navsync.store.templates import MOST_TEMPLATES
from navsync.templates import BUILT_IN, Commission
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import PAGE, W, a_workspace, request
from tests.handlers.test_access import ADMIN, ANALYST, STRANGER, VIEWER, ask

PROJECT = EntityType.MEDIA_PROJECT


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    a_workspace(cloud)
    return cloud


def listed(cloud: Cloud, **query: Any) -> dict[str, dict[str, Any]]:
    items = ask(cloud, "templates", VIEWER, query=query).json["items"]
    return {item["name"]: item for item in items}


def named(cloud: Cloud, event: str, name: str, **how: Any) -> Answer:
    return ask(cloud, event, ANALYST, template=name, **how)


# --- the library ------------------------------------------------------------------------------------------------------


def test_every_workspace_has_a_template_for_each_kind_of_record(reef: Cloud) -> None:
    shown = listed(reef)

    assert {name: (each["entity_type"], each["built_in"]) for name, each in shown.items()} == {
        kind.value: (kind.value, True) for kind in EntityType
    }


def test_a_template_says_what_may_stand_in_it(reef: Cloud) -> None:
    assert {"title", "budget"} <= set(listed(reef)["media_project"]["placeholders"])


def test_a_template_that_is_added_is_listed(reef: Cloud) -> None:
    ask(reef, "add_template", ANALYST)

    added = listed(reef)["press_kit"]
    assert (added["title"], added["built_in"], added["workspace_id"]) == ("Press kit: {{title}}", False, W)


def test_a_template_is_one_workspaces_own(reef: Cloud) -> None:
    a_workspace(reef, 2, bot_id="b2")

    ask(reef, "add_template", ANALYST, body={"name": "brief", "body": "", "workspace_id": 2})

    assert ("brief" in listed(reef, workspace_id=2), "brief" in listed(reef, workspace_id=W)) == (True, False)


@pytest.mark.parametrize("name", ["media_project", "press_kit"])
def test_a_name_is_given_once(reef: Cloud, name: str) -> None:
    ask(reef, "add_template", ANALYST)

    answer = ask(reef, "add_template", ANALYST, body={"name": name, "body": "other"})

    assert (answer.status, answer.json["code"]) == (409, "exists")


def test_a_built_in_template_that_is_changed_comes_back_when_that_is_deleted(reef: Cloud) -> None:
    ask(reef, "change_template", ANALYST)
    changed = listed(reef)["media_project"]

    ask(reef, "delete_template", ANALYST)

    assert (changed["built_in"], "## Team" in changed["body"]) == (False, True)
    assert listed(reef)["media_project"]["body"] == BUILT_IN["media_project"].body


def test_a_template_that_is_deleted_is_gone(reef: Cloud) -> None:
    ask(reef, "add_template", ANALYST)

    answer = named(reef, "delete_template", "press_kit")

    assert (answer.status, "press_kit" in listed(reef)) == (200, False)


@pytest.mark.parametrize("event", ["change_template", "delete_template"])
@pytest.mark.parametrize("name", ["nobodys", "No%20Name", "x" * 3000, "-", "٣"])
def test_a_template_that_there_is_not_is_not_found(reef: Cloud, event: str, name: str) -> None:
    answer = named(reef, event, name)

    assert (answer.status, answer.is_problem) == (404, True)


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [({"body": "{{colour}}"}, "body", "{{colour}}"), ({"body": "{{ "}, "body", "{{"),
     ({"title": "{{budget}}", "entity_type": None}, "title", "{{budget}}"),
     ({"body": "x" * 20_001}, "body", "20000"), ({"name": "No Name"}, "name", "small letters"),
     ({"entity_type": "film"}, "entity_type", "media_project"), ({"title": ""}, "title", "1 or more"),
     ({"html": "x"}, "html", "no such field")],
)  # fmt: skip
def test_what_a_template_may_not_say_is_named(reef: Cloud, wrong: dict[str, Any], field: str, told: str) -> None:
    right = {"name": "brief", "entity_type": "media_project", "title": "{{title}}", "body": "{{title}}"}

    answer = ask(reef, "add_template", ANALYST, body=right | wrong)

    (error,) = answer.json["errors"]
    assert (answer.status, error["loc"]) == (422, [field])
    assert told in error["msg"]
    assert "brief" not in listed(reef)


def test_there_is_an_end_to_templates(reef: Cloud) -> None:
    kept = reef.store.templates(W)
    for number in range(MOST_TEMPLATES):
        kept.put(replace(BUILT_IN["media_project"], name=f"t{number}"))

    answer = ask(reef, "add_template", ANALYST)

    assert (answer.status, answer.json["code"]) == (409, "too_many")


@pytest.mark.parametrize("event", ["change_template", "delete_template"])
def test_a_strangers_workspace_cannot_be_named(reef: Cloud, event: str) -> None:
    assert ask(reef, event, STRANGER, query={"workspace_id": W}).status == 404


@pytest.mark.parametrize("event", ["add_template", "change_template", "delete_template", "create_template"])
def test_of_several_workspaces_one_must_be_named(reef: Cloud, event: str) -> None:
    a_workspace(reef, 2, bot_id="b2")

    answer = ask(reef, event, ANALYST)

    assert (answer.status, answer.json["code"]) == (400, "several_workspaces")
    assert [each["id"] for each in answer.json["workspaces"]] == [2, W]


def test_a_workspace_that_is_not_synced_need_not_be_told_apart(reef: Cloud) -> None:
    a_workspace(reef, 2, bot_id="b2", is_active=False)

    assert ask(reef, "add_template", ANALYST).json["workspace_id"] == W


# --- pages ------------------------------------------------------------------------------------------------------------


def wanted(cloud: Cloud, **body: Any) -> Answer:
    asked = {"template_name": "media_project", "parent_page_id": PAGE} | body
    return ask(cloud, "create_template", ANALYST, body=asked)


def commissioned(cloud: Cloud, answer: Answer) -> Commission:
    found = cloud.store.desk(W).commissions().get(int(answer.json["run_id"]))
    assert found is not None
    return found


def test_who_does_not_wait_is_told_where_to_look(reef: Cloud) -> None:
    answer = wanted(reef)

    assert (answer.status, answer.json["template_id"], answer.json["done"]) == (202, None, False)
    assert answer.headers["Location"] == f"{PREFIX}/history?run_id={answer.json['run_id']}"


def test_a_page_is_work_for_the_worker(reef: Cloud) -> None:
    answer = wanted(reef)

    (work,) = reef.work(W)
    assert (work.kind, work.external_id, work.actor) == (WorkKind.TEMPLATE, answer.json["run_id"], "analyst")


def test_a_record_that_is_named_is_read_by_the_worker(reef: Cloud) -> None:
    answer = wanted(reef, project_data={"project_id": 4})

    assert commissioned(reef, answer).entity == EntityRef(PROJECT, "4")


def test_a_record_that_is_sent_along_is_used_as_it_is(reef: Cloud) -> None:
    answer = wanted(reef, project_data={"id": 4, "title": "Reef", "description": "x" * 100_000})

    kept = commissioned(reef, answer)
    assert (kept.entity, kept.values["title"], kept.values["description"]) == (None, "Reef", "x" * 100_000)


def test_a_name_that_is_no_field_is_told(reef: Cloud) -> None:
    record = {"id": 4, "title": "Reef", "budjet": 5, "created_at": "2026-01-01T00:00:00Z", "thumbnail_url": "x"}

    assert wanted(reef, project_data=record).json["ignored"] == ["budjet", "thumbnail_url"]


@pytest.mark.parametrize("data", [None, {}, {"project_id": 4}, {"title": "Reef"}], ids=str)
def test_where_everything_is_used_nothing_is_told_to_be_ignored(reef: Cloud, data: Any) -> None:
    assert wanted(reef, project_data=data).json["ignored"] == []


@pytest.mark.parametrize(
    ("template", "data", "told"),
    [("media_project", {"titel": "Reef"}, "give some of title,"),
     ("media_project", {"id": 4}, 'only {"project_id": 42}'),
     ("media_project", {"project_id": 4, "force": True}, "names no field of the record"),
     ("distribution_log", {"project_id": 4}, 'only {"entity_id": 42}'), ("blank", {"name": "x"}, "give a title")],
    ids=str,
)  # fmt: skip
def test_a_record_that_says_nothing_of_its_kind_is_refused(
    reef: Cloud, template: str, data: dict[str, Any], told: str
) -> None:
    ask(reef, "add_template", ANALYST, body={"name": "blank", "body": ""})

    answer = wanted(reef, template_name=template, project_data=data)

    assert (answer.status, answer.json["errors"][0]["loc"], reef.work(W)) == (422, ["project_data"], [])
    assert told in answer.json["detail"]


def test_a_page_is_named_as_notion_names_it(reef: Cloud) -> None:
    answer = wanted(reef, parent_page_id=PAGE.replace("-", "").upper())

    assert commissioned(reef, answer).parent_page_id == PAGE


def test_a_template_that_there_is_not_makes_no_page(reef: Cloud) -> None:
    answer = wanted(reef, template_name="nobodys")

    assert (answer.status, reef.work(W)) == (404, [])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"parent_page_id": "-" * 33}, "parent_page_id"), ({"parent_page_id": "home"}, "parent_page_id"),
     ({"project_data": {"budget": "much"}}, "project_data"), ({"project_data": {"project_id": "x"}}, "project_data"),
     ({"project_data": {"project_id": True}}, "project_data"), ({"project_data": []}, "project_data"),
     ({"template_name": 5}, "template_name"), ({"colour": 1}, "colour")],
)  # fmt: skip
def test_what_makes_no_sense_is_named(reef: Cloud, wrong: dict[str, Any], field: str) -> None:
    answer = wanted(reef, **wrong)

    assert (answer.status, answer.json["errors"][0]["loc"], reef.work(W)) == (422, [field], [])


def test_where_nothing_is_synced_no_page_is_asked_for(cloud: Cloud) -> None:
    a_workspace(cloud, is_active=False)

    assert wanted(cloud).json["code"] == "not_active"


def test_without_a_workspace_the_platform_is_told_in_its_words(cloud: Cloud) -> None:
    answer = wanted(cloud)

    assert (answer.status, answer.json["detail"]) == (400, "No active Notion workspace found")


def waiting(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, act: Callable[[Commission], Commission]) -> Answer:
    """Ask as the platform does, which says nothing of waiting; *act* is what the worker makes of it meanwhile."""
    event = request("create_template", ANALYST)
    del event["headers"]["prefer"]

    def sleep(_: float) -> None:
        (work,) = cloud.work(W)
        desk = cloud.store.desk(W)
        asked = desk.commissions().get(int(work.external_id))
        assert asked is not None
        desk.commissions().save(act(asked))
        desk.done(work)

    asking = cloud["dashboard"].module.templating.asking
    monkeypatch.setattr(asking, "runtime", replace(asking.runtime, sleep=sleep))
    return cloud["dashboard"].answer(event)


def test_who_says_nothing_of_waiting_is_given_the_page(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://www.notion.so/p"

    answer = waiting(reef, monkeypatch, lambda asked: replace(asked, page_id="p", url=url))

    assert (answer.status, answer.json["template_id"], answer.json["template_url"]) == (200, "p", url)


def test_who_waits_is_told_why_there_is_no_page(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = waiting(reef, monkeypatch, lambda asked: replace(asked, refused="it is not shared; share it"))

    assert (answer.status, answer.json["code"]) == (409, "not_made")
    assert "share it" in answer.json["detail"]


# --- what new rows start with -----------------------------------------------------------------------------------------


def choose(cloud: Cloud, chosen: Any) -> Answer:
    return ask(cloud, "change_workspace", ADMIN, body={"settings": {"page_templates": chosen}})


def test_what_new_rows_start_with_is_kept(reef: Cloud) -> None:
    chosen = {"media_project": "media_project"}

    assert choose(reef, chosen).json["settings"]["page_templates"] == chosen


OWN = {"name": "own", "entity_type": "media_project", "title": "{{title}}", "body": "Ours"}


@pytest.fixture
def chosen(reef: Cloud) -> Cloud:
    """New projects start with a template of the workspace's own."""
    ask(reef, "add_template", ANALYST, body=OWN)
    choose(reef, {"media_project": "own"})
    return reef


def test_a_template_that_new_rows_start_with_is_not_deleted(chosen: Cloud) -> None:
    answer = named(chosen, "delete_template", "own")

    assert (answer.status, answer.json["code"]) == (409, "in_use")
    assert "page_templates.media_project" in answer.json["detail"]
    assert "own" in listed(chosen)


def test_a_template_that_new_rows_start_with_stays_for_their_kind(chosen: Cloud) -> None:
    as_story = OWN | {"entity_type": "distribution_log", "title": "x"}
    del as_story["name"]

    assert named(chosen, "change_template", "own", body=as_story).json["code"] == "in_use"
    assert named(chosen, "change_template", "own", body=as_story | {"entity_type": "media_project"}).status == 200


def test_a_template_is_deleted_once_no_row_starts_with_it(chosen: Cloud) -> None:
    choose(chosen, {})

    assert named(chosen, "delete_template", "own").status == 200


def test_a_built_in_template_takes_the_place_of_ones_own_that_is_deleted(reef: Cloud) -> None:
    named(reef, "change_template", "media_project", body={"entity_type": "media_project", "body": "Ours"})
    choose(reef, {"media_project": "media_project"})

    assert named(reef, "delete_template", "media_project").status == 200


@pytest.mark.parametrize("name", ["nobodys", "impact_story"])
def test_a_preview_of_a_template_that_is_not_there_is_refused(reef: Cloud, name: str) -> None:
    tried = {"settings": {"page_templates": {"media_project": name}}}

    answer = ask(reef, "preview_workspace", ANALYST, body=tried)

    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["settings", "page_templates", "media_project"])
    assert reef.work(W) == []


def test_a_workspace_does_not_begin_with_a_template_that_is_not_there(cloud: Cloud) -> None:
    begins = {"code": "c", "state": "s", "settings": {"page_templates": {"media_project": "nobodys"}}}

    answer = ask(cloud, "connect_workspace", ADMIN, body=begins)

    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["settings", "page_templates", "media_project"])


def test_new_rows_can_start_empty_again(reef: Cloud) -> None:
    choose(reef, {"media_project": "media_project"})

    assert choose(reef, {}).json["settings"]["page_templates"] == {}


@pytest.mark.parametrize(
    ("chosen", "told"),
    [({"media_project": "nobodys"}, "no template nobodys"),
     ({"media_project": "impact_story"}, "no template impact_story"),
     ({"impact_story": "impact_story"}, "own text"), ({"film": "media_project"}, "media_project"),
     ({"media_project": "No Name"}, "small letters")],
)  # fmt: skip
def test_what_rows_cannot_start_with_is_named(reef: Cloud, chosen: Any, told: str) -> None:
    answer = choose(reef, chosen)

    (error,) = answer.json["errors"]
    assert (answer.status, error["loc"][:2]) == (422, ["settings", "page_templates"])
    assert told in error["msg"]
