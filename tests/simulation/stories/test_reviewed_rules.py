"""What a hostile review of scope, direction, previews and templates tried, told as stories."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.errors import Unavailable, Unclear
from navsync.foresight import Effect
from navsync.model import Direction, EntityType, Operation, Policy, Present, Settings, Side, State, Trashed, WorkKind
from tests.simulation.faults import fail_once
from tests.simulation.stories.rules import (
    ACTIVE,
    both,
    delete,
    gone_from_scope,
    made_of_a_row,
    only_mapping,
    set_to,
    stopped_mass_deletion,
    tell_of,
    trash,
    world_of,
)
from tests.simulation.stories.test_previews import begin_preview, finish, foresee
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY


def test_a_record_made_again_tells_nobody_of_a_nul_that_nobody_typed() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef", budget=Decimal(1))
    world.edit(Side.NAVIMPACT, id, budget=Decimal(2))
    world.edit(Side.NOTION, page, budget=Decimal(3))
    world.settle()
    (conflict,) = world.mapping_of(id).conflicts
    world.notion_side.break_property(PROJECT, "budget", "deleted")
    world.decide(WorkKind.RESOLVE, f"{world.mapping_of(id).id}/budget/{conflict.version}", "navimpact")

    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert not [t.cause for t in only_mapping(world).troubles if "NUL" in t.cause]


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


def test_an_approved_deletion_that_was_held_up_is_not_done_once_nothing_syncs_to_navimpact() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    trash(world, page)
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("down"), applied=False)
    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    world.slice()
    world.navimpact.fault = None
    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)

    set_to(world, Settings(direction=Direction.TO_NOTION))

    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)


def test_a_stopped_mass_deletion_still_waits_when_a_rule_came_and_went() -> None:
    world = world_of(Settings())
    ids, waiting = stopped_mass_deletion(world)
    assert len(waiting) == 3

    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    for _ in range(3):
        world.clock.advance(timedelta(minutes=30))
        world.reconcile()
    tell_of(world, *ids)
    set_to(world, Settings())

    assert not [page for page in waiting if isinstance(world.shown(Side.NOTION, page), Trashed)]


def test_a_stopped_mass_deletion_still_waits_when_the_scope_was_narrowed_and_widened() -> None:
    world = world_of(Settings())
    ids, waiting = stopped_mass_deletion(world, status="paused")

    set_to(world, ACTIVE)
    tell_of(world, *ids)
    world.clock.advance(timedelta(minutes=90))
    set_to(world, Settings())
    tell_of(world, *ids)

    assert not [page for page in waiting if isinstance(world.shown(Side.NOTION, page), Trashed)]


def test_an_undo_writes_nothing_to_a_record_that_the_workspace_does_not_hold() -> None:
    world = world_of(ACTIVE)
    id, page = both(world, title="Reef", status="active")
    world.edit(Side.NOTION, page, title="Coral")
    world.settle()
    row = world.logs(Operation.UPDATE)[-1]
    world.edit(Side.NAVIMPACT, id, status="paused")
    world.settle()
    assert world.mapping_of(id).state is State.EXCLUDED

    world.decide(WorkKind.REVERT, f"log/{row.id}")

    assert world.value(Side.NAVIMPACT, id, "title") == "Coral"


def test_undoing_a_creation_deletes_no_record_that_the_workspace_does_not_hold() -> None:
    world = world_of(Settings())
    id, _ = made_of_a_row(world, status="paused")
    set_to(world, ACTIVE)
    assert world.mapping_of(id).state is State.EXCLUDED

    world.decide(WorkKind.REVERT, f"log/{world.logs(Operation.CREATE)[-1].id}")

    assert world.platform.records


def test_a_row_keeps_its_page_while_it_says_what_the_deleted_record_never_did() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NOTION}))
    id, row = made_of_a_row(world, budget=Decimal(7))

    delete(world, id)

    assert world.live_pages() == [row]


def test_an_edit_of_a_field_without_base_outlives_the_deletion_of_its_record() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    id, page = both(world, title="Reef", budget=Decimal(5))
    world.edit(Side.NOTION, page, budget=Decimal(9))
    world.settle()

    delete(world, id)

    assert world.live_pages() == [page]


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


def test_settings_that_come_and_go_many_times_lose_no_word() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef", status="paused")
    for n, settings in enumerate((ACTIVE, Settings(direction=Direction.TO_NOTION), ACTIVE,
                                  Settings(direction=Direction.TO_NAVIMPACT), ACTIVE)):  # fmt: skip
        set_to(world, settings)
        world.edit(Side.NAVIMPACT, id, description=f"theirs {n}")
        world.edit(Side.NOTION, page, title=f"mine {n}")
        world.settle()
    set_to(world, Settings())

    assert world.value(Side.NAVIMPACT, id, "title") == "mine 4"
    assert world.value(Side.NOTION, page, "description") == "theirs 4"


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


def test_a_page_can_be_thrown_away_though_a_held_edit_waits_in_navimpact() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    id, page = made_of_a_row(world, budget=Decimal(1))
    world.edit(Side.NAVIMPACT, id, budget=Decimal(2))
    world.settle()

    trash(world, page)

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


def test_a_preview_stops_as_many_deletions_as_the_sync_would() -> None:
    world = world_of(Settings())
    _stays, *pairs = (both(world, title=f"Reef {n}") for n in range(9))
    for id, _ in pairs:
        world.platform.remove(PROJECT, id)

    effects = Counter(each.effect for each in foresee(world))

    assert effects == {Effect.DELETE: 5, Effect.APPROVAL: 3}


def test_what_a_preview_supposes_is_not_applied_to_edits_that_pass_it() -> None:
    world = world_of(Settings())
    pairs = [both(world, title=f"Reef {n}") for n in range(3)]
    begin_preview(world, Settings(direction=Direction.TO_NOTION))

    world.edit(Side.NOTION, pairs[0][1], title="Mine")
    finish(world)

    assert world.value(Side.NAVIMPACT, pairs[0][0], "title") == "Mine"


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


@pytest.mark.parametrize("settings", [Settings(field_directions={"media_project.budget": Direction.TO_NOTION}),
                                      Settings(direction=Direction.TO_NOTION)], ids=["field", "workspace"])  # fmt: skip
def test_a_held_edit_in_notion_keeps_its_page_when_the_record_is_deleted(settings: Settings) -> None:
    world = world_of(settings)
    id, page = both(world, title="Reef", budget=Decimal(5))
    world.edit(Side.NOTION, page, budget=Decimal(9))
    world.settle()

    delete(world, id)

    assert world.live_pages() == [page]


def thrown_away(world: World) -> str:
    """A record with an edit that may not travel, whose page a person has thrown away."""
    id, page = made_of_a_row(world, budget=Decimal(1))
    world.edit(Side.NAVIMPACT, id, budget=Decimal(2))
    world.settle()
    trash(world, page)
    return id


def test_a_held_edit_does_not_keep_an_approved_deletion_from_being_done() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    id = thrown_away(world)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert not world.platform.records
    told = [(c.old, c.new) for log in world.logs(Operation.DELETE) for c in log.changes if c.field == "budget"]
    assert Decimal(2) in [value for pair in told for value in pair]


def test_what_is_written_in_a_record_while_its_deletion_is_held_up_is_not_lost() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    id = thrown_away(world)
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("down"), applied=False)
    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    world.slice()
    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)

    world.edit(Side.NAVIMPACT, id, budget=Decimal(33))
    world.settle()

    said = {value for log in world.logs(Operation.DELETE) for c in log.changes for value in (c.old, c.new)}
    assert world.platform.records or Decimal(33) in said
