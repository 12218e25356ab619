"""Which projects a workspace holds, and what becomes of those that leave the scope and come back, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.errors import Refused, Unavailable, Unclear
from navsync.model import (
    Direction,
    EntityType,
    Lane,
    Operation,
    Policy,
    Scope,
    Settings,
    Side,
    State,
    SyncLog,
    Trashed,
    WorkKind,
)
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.rules import (
    ACTIVE,
    both,
    change,
    delete,
    gone_from_scope,
    made_of_a_row,
    only_mapping,
    set_to,
    stopped_mass_deletion,
    tell_of,
    trash,
    troubles,
    world_of,
)
from tests.simulation.world import PROJECT, World

STORY, LOG = EntityType.IMPACT_STORY, EntityType.DISTRIBUTION_LOG


def test_only_projects_in_scope_get_a_page() -> None:
    world = world_of(ACTIVE)

    world.new_project(title="In", status="Active")
    out = world.new_project(title="Out", status="planning")
    world.settle()

    assert len(world.live_pages()) == 1
    assert (world.mapping_of(out).state, world.mapping_of(out).page_id) == (State.EXCLUDED, None)
    assert "only projects whose status is active" in world.mapping_of(out).troubles[0].cause


def test_the_first_sync_keeps_to_the_scope_children_included() -> None:
    world = World(settings=ACTIVE, entity_types=(PROJECT, STORY))
    inside = world.platform.create(PROJECT, {"title": "In", "status": "active"}, key="1").id
    outside = world.platform.create(PROJECT, {"title": "Out", "status": "paused"}, key="2").id
    for project in (inside, outside):
        world.platform.create(STORY, {"title": "After", "project": (project,)}, key=f"story {project}")

    world.connect()
    world.reconcile()

    titles = [page.values["title"] for page in world.notion_side.pages.values()]
    assert sorted(map(str, titles)) == ["After", "In"]


@pytest.mark.parametrize("scope", [Scope(project_ids=("2",)), Scope(project_types=("film",)),
                                   Scope(project_types=("film", "series"), statuses=("active",))], ids=str)  # fmt: skip
def test_each_condition_of_a_scope_must_be_met(scope: Scope) -> None:
    world = World(settings=Settings(scope=scope))
    world.platform.create(PROJECT, {"title": "No", "status": "active", "project_type": "talk"}, key="1")
    world.platform.create(PROJECT, {"title": "Yes", "status": "active", "project_type": "film"}, key="2")

    world.connect()

    assert [page.values["title"] for page in world.notion_side.pages.values()] == ["Yes"]


@pytest.mark.parametrize("side", Side)
def test_the_edit_that_takes_a_project_out_of_scope_still_arrives(side: Side) -> None:
    world = world_of(ACTIVE)
    id, page = both(world, title="Reef", status="active")

    world.edit(side, id if side is Side.NAVIMPACT else page, status="completed", title="Reef, done")
    world.settle()

    assert [world.value(s, i, "status") for s, i in ((Side.NAVIMPACT, id), (Side.NOTION, page))] == ["completed"] * 2
    assert world.value(side.other, page if side is Side.NAVIMPACT else id, "title") == "Reef, done"
    assert world.mapping_of(id).state is State.EXCLUDED


def test_what_left_the_scope_keeps_its_page_and_is_synced_no_more() -> None:
    world = world_of(ACTIVE)
    id, page = gone_from_scope(world)

    world.edit(Side.NAVIMPACT, id, title="Coral")
    world.edit(Side.NOTION, page, budget=Decimal(7))
    world.settle()

    assert world.live_pages() == [page]
    assert (world.value(Side.NOTION, page, "title"), world.value(Side.NAVIMPACT, id, "budget")) == ("Reef", None)


def test_edits_made_meanwhile_on_both_sides_are_merged_when_it_comes_back() -> None:
    world = world_of(ACTIVE)
    id, page = gone_from_scope(world)
    world.edit(Side.NAVIMPACT, id, title="Coral", description="NavImpact's")
    world.edit(Side.NOTION, page, budget=Decimal(7), description="Notion's")
    world.settle()

    world.edit(Side.NAVIMPACT, id, status="active")
    world.settle()

    assert (world.value(Side.NOTION, page, "title"), world.value(Side.NAVIMPACT, id, "budget")) == ("Coral", Decimal(7))
    assert [c.field for c in world.mapping_of(id).conflicts] == ["description"]


def test_what_comes_back_by_a_value_that_notion_refuses_is_synced_and_not_left_out_again() -> None:
    world = world_of(ACTIVE)
    id, _ = gone_from_scope(world)
    world.notion.fault = fail_always("notion update", Refused("not this option", field="status"))

    world.edit(Side.NAVIMPACT, id, status="active")
    world.settle()

    mapping = world.mapping_of(id)
    assert (mapping.state, [trouble.code for trouble in mapping.troubles]) == (State.LINKED, ["refused"])
    assert world.notion.calls.count("notion update") < 5


def test_what_belongs_to_a_project_leaves_and_comes_back_with_it() -> None:
    world = world_of(ACTIVE, STORY)
    id, _ = both(world, title="Reef", status="active")
    story = world.new_child(STORY, id, title="After")
    world.settle()
    page = world.page_of(story, STORY)

    world.edit(Side.NAVIMPACT, id, status="paused")
    world.settle()
    assert world.mapping_of(story, STORY).state is State.EXCLUDED
    world.edit(Side.NOTION, page, STORY, title="After, edited")
    world.settle()
    assert world.value(Side.NAVIMPACT, story, "title", STORY) == "After"

    world.edit(Side.NAVIMPACT, id, status="active")
    world.settle()
    assert world.value(Side.NAVIMPACT, story, "title", STORY) == "After, edited"


def test_what_a_project_got_while_it_was_out_comes_with_it() -> None:
    world = world_of(ACTIVE, STORY)
    id = world.new_project(title="Reef", status="paused")
    world.new_child(STORY, id, title="After")
    world.settle()
    assert not world.live_pages()

    world.edit(Side.NAVIMPACT, id, status="active")
    world.settle()

    assert len(world.live_pages()) == 2


def test_widening_the_scope_makes_pages() -> None:
    world = world_of(ACTIVE, STORY)
    id = world.new_project(title="Reef", status="paused")
    world.new_child(STORY, id, title="After")
    world.settle()

    set_to(world, Settings(scope=Scope(statuses=("active", "paused"))))

    assert len(world.live_pages()) == 2


def test_narrowing_the_scope_stops_projects_and_what_belongs_to_them_and_deletes_nothing() -> None:
    world = world_of(Settings(), STORY)
    id, page = both(world, title="Reef", status="paused")
    story = world.new_child(STORY, id, title="After")
    world.settle()

    set_to(world, ACTIVE)
    world.edit(Side.NAVIMPACT, id, title="Coral")
    world.edit(Side.NAVIMPACT, story, STORY, title="Later")
    world.settle()

    assert len(world.live_pages()) == 2
    assert world.value(Side.NOTION, page, "title") == "Reef"
    assert world.value(Side.NOTION, world.page_of(story, STORY), "title", STORY) == "After"
    assert troubles(world, id) == troubles(world, story, STORY) == [("out_of_scope", None)]


def test_a_row_out_of_scope_makes_no_record_and_says_which_rule() -> None:
    world = world_of(ACTIVE)

    row = world.new_row(title="Mine", status="paused")
    world.settle()
    assert not world.platform.records
    waiting = only_mapping(world)
    assert "only projects whose status is active" in waiting.troubles[0].cause

    world.edit(Side.NOTION, row, status="active")
    world.settle()
    assert len(world.platform.records) == 1


def test_a_page_that_an_earlier_connection_made_stays_though_its_project_is_out_of_scope() -> None:
    world = world_of(ACTIVE)
    id = world.new_project(title="Reef", status="paused")
    world.settle()

    page = world.notion_side.create(PROJECT, {"title": "Reef of old"}, key=f"media_project/{id}").id
    world.touched(Side.NOTION, page)
    world.settle()

    assert world.live_pages() == [page]
    assert (world.page_of(id), world.mapping_of(id).state) == (page, State.EXCLUDED)


def test_a_record_deleted_while_out_of_scope_leaves_its_page() -> None:
    world = world_of(ACTIVE)
    id, page = gone_from_scope(world)

    delete(world, id)

    assert world.live_pages() == [page]


def test_a_page_trashed_while_out_of_scope_asks_nothing() -> None:
    world = world_of(ACTIVE)
    id, page = gone_from_scope(world)

    trash(world, page)

    assert world.mapping_of(id).state is State.EXCLUDED


def test_what_is_left_out_costs_no_call_at_rest() -> None:
    world = World(settings=ACTIVE, entity_types=(PROJECT, LOG))
    for n, status in enumerate(("active", "paused", "paused")):
        project = world.platform.create(PROJECT, {"title": "Reef", "status": status}, key=f"project {n}").id
        world.platform.create(LOG, {"channel": "cinema", "project": (project,)}, key=f"log {n}")
    world.connect()
    assert world.navimpact.calls.count("navimpact read") == 4  # three projects, and what belongs to one of them
    world.reconcile()
    world.notion.calls.clear()
    world.navimpact.calls.clear()

    world.reconcile()

    assert world.notion.calls + world.navimpact.calls == ["notion changed_since"] * 2 + ["navimpact changed_since"] * 2


def test_settings_that_change_while_a_worker_works_are_not_applied_as_they_were() -> None:
    world = world_of(Settings())
    id, _ = both(world, status="paused")
    world.put(WorkKind.RULES, lane=Lane.BACKFILL)
    read = world.store.desk(1).workspace
    workspace = read()
    assert workspace is not None
    world.desk.save_workspace(replace(workspace, settings=ACTIVE))
    known = iter([workspace])
    world.desk.workspace = lambda: next(known, None) or read()  # type: ignore[method-assign]

    assert world.slice().note == "slice ended"
    world.settle()

    assert world.mapping_of(id).state is State.EXCLUDED


# --- what comes back into the scope -----------------------------------------------------------------------------------


def test_our_own_interrupted_write_does_not_win_over_a_later_edit_when_a_child_comes_back() -> None:
    world = world_of(replace(ACTIVE, policy=Policy.NOTION), STORY)
    project, _ = both(world, title="Reef", status="active")
    story = world.new_child(STORY, project, title="One")
    world.settle()
    page = world.page_of(story, STORY)

    world.notion.fault = fail_once("notion update", Unavailable("answer lost"), applied=True)
    world.edit(Side.NAVIMPACT, story, STORY, title="Two")
    world.slice()  # written in Notion; the worker never heard of it
    world.notion.fault = None
    assert world.value(Side.NOTION, page, "title", STORY) == "Two"
    assert world.mapping_of(story, STORY).intent is not None
    world.edit(Side.NAVIMPACT, project, status="paused")
    world.settle()
    assert world.mapping_of(story, STORY).state is State.EXCLUDED
    world.edit(Side.NAVIMPACT, story, STORY, title="Three")
    world.settle()

    world.edit(Side.NAVIMPACT, project, status="active")
    world.settle()

    assert world.value(Side.NAVIMPACT, story, "title", STORY) == "Three"


def test_a_conflict_set_aside_waits_for_its_choice_again_when_the_record_comes_back() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef", status="paused")
    world.edit(Side.NAVIMPACT, id, title="Theirs")
    world.edit(Side.NOTION, page, title="Mine")
    world.settle()
    (conflict,) = world.mapping_of(id).conflicts
    set_to(world, ACTIVE)
    world.decide(WorkKind.RESOLVE, f"{world.mapping_of(id).id}/title/{conflict.version}", "notion")

    set_to(world, Settings())

    assert world.mapping_of(id).conflicts == (conflict,)


def test_a_lost_page_made_for_what_is_now_left_out_is_not_made_twice() -> None:
    world = world_of(Settings())
    world.notion.fault = fail_once("notion create", Unclear("answer lost"), applied=True)
    id = world.new_project(title="Reef", status="paused")
    world.slice()
    world.notion.fault = None

    set_to(world, ACTIVE)
    set_to(world, Settings())

    assert len(world.live_pages()) == 1
    assert world.mapping_of(id).state is State.LINKED


def test_a_word_on_the_page_of_a_record_deleted_out_of_scope_becomes_a_record_when_the_scope_is_lifted() -> None:
    world = world_of(ACTIVE)
    id, page = gone_from_scope(world)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.edit(Side.NOTION, page, title="Word")
    world.settle()

    set_to(world, Settings())
    for _ in range(3):
        world.clock.advance(timedelta(minutes=16))
        world.reconcile()

    assert [record.values()["title"] for record in world.platform.records.values()] == ["Word"]


def test_a_stopped_mass_deletion_still_waits_when_the_scope_was_narrowed_and_widened() -> None:
    world = world_of(Settings())
    ids, waiting = stopped_mass_deletion(world, status="paused")

    set_to(world, ACTIVE)
    tell_of(world, *ids)
    world.clock.advance(timedelta(minutes=90))
    set_to(world, Settings())
    tell_of(world, *ids)

    assert not [page for page in waiting if isinstance(world.shown(Side.NOTION, page), Trashed)]


def test_what_a_side_has_refused_is_tried_anew_when_the_scope_holds_it_again() -> None:
    world = world_of(Settings())
    world.notion.fault = fail_once("notion create", Refused("something in it"), applied=False)
    id = world.new_project(title="Reef", status="paused")
    world.settle()
    assert troubles(world, id) == [("refused", None)]
    set_to(world, ACTIVE)

    set_to(world, Settings())

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Reef"


# --- what belongs to a project ----------------------------------------------------------------------------------------


def test_a_child_moved_to_a_project_in_scope_comes_along() -> None:
    world = world_of(ACTIVE, STORY)
    inside, _ = both(world, title="In", status="active")
    outside = world.new_project(title="Out", status="paused")
    world.settle()
    story = world.new_child(STORY, outside, title="After")
    world.settle()

    world.edit(Side.NAVIMPACT, story, STORY, project=(inside,))
    world.settle()

    assert len(world.live_pages()) == 2


def test_what_belongs_to_a_project_that_nobody_has_looked_at_gets_no_page_before_it_is_known_to_be_held() -> None:
    world = world_of(replace(ACTIVE, field_directions={"impact_story.project": Direction.TO_NAVIMPACT}), STORY)
    project = world.platform.create(PROJECT, {"title": "Out", "status": "paused"}, key="out").id
    world.new_child(STORY, project)
    world.touched(Side.NAVIMPACT, project)

    world.settle()

    assert not world.notion_side.pages


def test_a_child_of_what_was_just_left_out_is_not_written() -> None:
    world = world_of(Settings(), STORY)
    id, _ = both(world, title="Reef", status="paused")
    story = world.new_child(STORY, id, title="After")
    world.settle()
    workspace = world.desk.workspace()
    assert workspace is not None

    world.desk.save_workspace(replace(workspace, settings=ACTIVE))
    world.edit(Side.NAVIMPACT, story, STORY, title="After, edited")
    world.settle()

    assert world.value(Side.NOTION, world.page_of(story, STORY), "title", STORY) == "After"


# --- an undo ----------------------------------------------------------------------------------------------------------


def edited_and_left_out() -> tuple[World, str, str, SyncLog]:
    """A record and its page, edited in Notion, which the workspace does not hold any more; and the row of that edit."""
    world = world_of(ACTIVE)
    id, page = both(world, title="Reef", status="active")
    world.edit(Side.NOTION, page, title="Coral")
    world.settle()
    row = world.logs(Operation.UPDATE)[-1]
    world.edit(Side.NAVIMPACT, id, status="paused")
    world.settle()
    return world, id, page, row


def test_an_undo_writes_nothing_to_a_record_that_the_workspace_does_not_hold() -> None:
    world, id, _, row = edited_and_left_out()
    assert world.mapping_of(id).state is State.EXCLUDED

    world.decide(WorkKind.REVERT, f"log/{row.id}")

    assert world.value(Side.NAVIMPACT, id, "title") == "Coral"


def test_who_widens_the_scope_may_undo_at_once_what_was_edited_before() -> None:
    world, id, page, row = edited_and_left_out()

    change(world, settings=Settings())
    world.decide(WorkKind.REVERT, f"log/{row.id}")

    assert (world.value(Side.NAVIMPACT, id, "title"), world.value(Side.NOTION, page, "title")) == ("Reef", "Reef")


def test_undoing_a_creation_deletes_no_record_that_the_workspace_does_not_hold() -> None:
    world = world_of(Settings())
    id, _ = made_of_a_row(world, status="paused")
    set_to(world, ACTIVE)
    assert world.mapping_of(id).state is State.EXCLUDED

    world.decide(WorkKind.REVERT, f"log/{world.logs(Operation.CREATE)[-1].id}")

    assert world.platform.records
