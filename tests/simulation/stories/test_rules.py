"""Which way a workspace syncs, and what becomes of what is held on one side, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from navsync import scope
from navsync.errors import Refused, Unavailable
from navsync.model import (
    Direction,
    EntityRef,
    EntityType,
    Lane,
    Operation,
    Policy,
    Present,
    Settings,
    Side,
    State,
    Trashed,
    Work,
    WorkKind,
)
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.rules import (
    ACTIVE,
    both,
    change,
    delete,
    made_of_a_row,
    only_mapping,
    set_to,
    stopped_mass_deletion,
    tell_of,
    trash,
    troubles,
    with_held_edit,
    world_of,
)
from tests.simulation.stories.scenes import pair_of, rows_of, time_passes, titles
from tests.simulation.world import PROJECT, World

STORY, LOG = EntityType.IMPACT_STORY, EntityType.DISTRIBUTION_LOG
TO_NOTION = Settings(direction=Direction.TO_NOTION)
TO_NAVIMPACT = Settings(direction=Direction.TO_NAVIMPACT)


def pairs(world: World) -> list[EntityRef | str]:
    return list(world.store.of(1).pairs)


def told(world: World, run: str) -> list[str | None]:
    """What the history says came of what a person decided."""
    return [row.message for row in rows_of(world) if row.run_id == run]


# --- direction --------------------------------------------------------------------------------------------------------


def test_a_workspace_to_notion_shows_what_navimpact_says() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world, title="Reef")

    world.edit(Side.NAVIMPACT, id, title="Coral reef")
    world.settle()

    assert world.value(Side.NOTION, page, "title") == "Coral reef"


def test_an_edit_on_the_wrong_side_stays_there_and_is_told() -> None:
    world, id, page = with_held_edit(TO_NOTION)

    assert (world.value(Side.NAVIMPACT, id, "title"), world.value(Side.NOTION, page, "title")) == ("Reef", "Mine")
    assert troubles(world, id) == [("one_way", "title")]


@pytest.mark.parametrize("policy", Policy)
def test_the_next_edit_of_the_source_replaces_it_and_keeps_it_in_the_history(policy: Policy) -> None:
    world, id, page = with_held_edit(replace(TO_NOTION, policy=policy))

    world.edit(Side.NAVIMPACT, id, title="Theirs")
    world.settle()

    assert world.value(Side.NOTION, page, "title") == "Theirs"
    (change,) = world.logs(Operation.UPDATE)[-1].changes
    assert (change.old, change.new, change.rule) == ("Mine", "Theirs", "syncs only to notion")
    assert troubles(world, id) == []


def test_what_was_held_travels_when_the_limit_is_lifted() -> None:
    world, id, _ = with_held_edit(TO_NOTION)

    set_to(world, Settings())

    assert world.value(Side.NAVIMPACT, id, "title") == "Mine"
    assert troubles(world, id) == []


def test_one_field_may_travel_otherwise_than_the_workspace() -> None:
    world = world_of(replace(TO_NOTION, field_directions={"media_project.budget": Direction.BOTH}))
    id, page = both(world, title="Reef")

    world.edit(Side.NOTION, page, budget=Decimal(7), title="Mine")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "budget") == Decimal(7)
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"


def test_what_the_source_replaced_is_put_back_by_hand_for_it_cannot_travel() -> None:
    world, id, _ = with_held_edit(TO_NOTION)
    world.edit(Side.NAVIMPACT, id, title="Theirs")
    world.settle()

    world.put(WorkKind.REVERT, f"log/{world.logs(Operation.UPDATE)[-1].id}")
    world.settle()

    (refused,) = world.logs(Operation.REVERT)
    assert "Title cannot be put back: it does not sync to navimpact" in str(refused.message)
    assert world.value(Side.NAVIMPACT, id, "title") == "Theirs"


@pytest.mark.parametrize("kind", [WorkKind.ENTITY, WorkKind.PAGE])
def test_a_run_in_one_direction_makes_nothing_on_the_other_side(kind: WorkKind) -> None:
    world = world_of(Settings())
    made = world.platform.create(PROJECT, {"title": "Reef"}, key="1") if kind is WorkKind.ENTITY else None
    id = made.id if made else world.person.add_row(PROJECT, {"title": "Reef"}).id
    direction = Direction.TO_NAVIMPACT if made else Direction.TO_NOTION
    world.desk.put(Work(Lane.LIVE, kind, f"{PROJECT}/{id}", "n", world.clock(), "r", direction=direction))

    world.settle()

    assert len(world.live_pages()) + len(world.platform.records) == 1


def asked_in_one_direction(world: World, kind: WorkKind, id: str, direction: Direction) -> None:
    """A person asks for a sync that writes on one side alone, and nothing else is looked at."""
    world.store.of(1).work.clear()
    world.desk.put(Work(Lane.LIVE, kind, f"{PROJECT}/{id}", "n", world.clock(), "r", direction=direction))
    world.settle()


def test_a_run_to_navimpact_leaves_a_page_in_the_trash_that_an_edit_wants_back() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    world.edit(Side.NAVIMPACT, id, title="Atoll")
    world.person.remove(PROJECT, page)

    asked_in_one_direction(world, WorkKind.PAGE, page, Direction.TO_NAVIMPACT)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_a_run_to_navimpact_leaves_the_page_of_a_record_that_is_gone() -> None:
    world = world_of(Settings())
    world.another_project()
    id, page = both(world)
    world.platform.remove(PROJECT, id)

    asked_in_one_direction(world, WorkKind.ENTITY, id, Direction.TO_NAVIMPACT)

    assert isinstance(world.shown(Side.NOTION, page), Present)


def test_a_run_to_notion_does_not_make_a_record_again_that_an_edit_wants_back() -> None:
    world = world_of(Settings())
    world.another_project()
    id, page = both(world)
    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Atoll")

    asked_in_one_direction(world, WorkKind.ENTITY, id, Direction.TO_NOTION)

    assert (len(world.platform.records), world.mapping_of(id).state) == (1, State.LINKED)


def test_a_row_that_a_person_adds_makes_no_record_where_nothing_syncs_to_navimpact() -> None:
    world = world_of(TO_NOTION)

    row = world.new_row(title="Mine")
    world.settle()

    waiting = only_mapping(world)
    assert (waiting.page_id, waiting.state, waiting.troubles[0].code) == (row, State.DRAFT, "draft")
    assert "syncs only to Notion" in waiting.troubles[0].cause
    assert not world.platform.records


def test_such_a_row_becomes_a_record_when_the_limit_is_lifted() -> None:
    world = world_of(TO_NOTION)
    world.new_row(title="Mine")
    world.settle()

    set_to(world, Settings())

    assert [r.values()["title"] for r in world.platform.records.values()] == ["Mine"]


def test_a_record_that_was_not_made_in_time_is_not_made_when_nothing_syncs_to_navimpact_any_more() -> None:
    world = world_of(Settings())

    def busy(call: str, _applied: bool) -> None:
        if call == "navimpact create":
            raise Unavailable("it is busy")

    world.navimpact.fault = busy
    world.new_row(title="Mine")
    world.slice()
    world.navimpact.fault = None

    set_to(world, TO_NOTION)

    assert not world.platform.records
    waiting = only_mapping(world)
    assert (waiting.state, waiting.intent) == (State.DRAFT, None)


def test_a_page_trashed_where_nothing_syncs_to_navimpact_asks_for_no_deletion() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world)

    trash(world, page)

    assert world.mapping_of(id).state is State.EXCLUDED
    assert "in the trash" in world.mapping_of(id).troubles[0].cause
    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)


def test_such_a_page_is_linked_again_when_it_is_restored() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world, title="Reef")
    trash(world, page)

    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    assert world.mapping_of(id).state is State.LINKED


def test_such_a_page_is_asked_about_when_the_limit_is_lifted() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world)
    trash(world, page)

    set_to(world, Settings())

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


def test_undoing_the_making_of_a_page_where_nothing_syncs_to_navimpact_asks_for_no_deletion() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world)
    (made,) = world.logs(Operation.CREATE)

    world.decide(WorkKind.REVERT, f"record/{made.id}")

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.mapping_of(id).state is State.EXCLUDED
    assert "in the trash" in world.mapping_of(id).troubles[0].cause


def test_who_undoes_that_has_the_page_back() -> None:
    world = world_of(TO_NOTION)
    id, page = both(world)
    (made,) = world.logs(Operation.CREATE)
    run = world.decide(WorkKind.REVERT, f"record/{made.id}")

    world.decide(WorkKind.REVERT, f"run/{run}")

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert world.mapping_of(id).state is State.LINKED


def test_who_takes_a_page_out_of_the_trash_may_undo_at_once_what_was_edited_before() -> None:
    world = world_of(replace(TO_NOTION, field_directions={"media_project.title": Direction.BOTH}))
    id, page = both(world, title="Reef")
    world.edit(Side.NAVIMPACT, id, title="Oops")
    world.settle()
    trash(world, page)
    world.person.restore(PROJECT, page)  # its webhook was lost

    world.decide(WorkKind.REVERT, f"record/{world.logs(Operation.UPDATE)[-1].id}")

    assert (world.value(Side.NAVIMPACT, id, "title"), world.value(Side.NOTION, page, "title")) == ("Reef", "Reef")
    assert (world.mapping_of(id).state, troubles(world, id)) == (State.LINKED, [])


def test_an_approval_that_waits_ends_when_nothing_syncs_to_navimpact_any_more() -> None:
    world = world_of(Settings())
    id, page = both(world)
    trash(world, page)

    set_to(world, TO_NOTION)

    assert world.mapping_of(id).state is State.EXCLUDED


def test_a_record_of_a_workspace_to_navimpact_gets_no_page() -> None:
    world = world_of(TO_NAVIMPACT)

    id = world.new_project()
    world.settle()

    assert not world.live_pages()
    assert world.mapping_of(id).troubles[0].code == "one_way"


def moved_to_a_project_without_page() -> tuple[World, str]:
    """A log that syncs both ways, in a workspace that makes no pages, and that is moved to a project of NavImpact."""
    both_ways = dict.fromkeys(("distribution_log.project", "distribution_log.notes"), Direction.BOTH)
    world = world_of(replace(TO_NAVIMPACT, field_directions=both_ways), LOG)
    _, project = made_of_a_row(world)
    row = world.person.add_row(LOG, {"channel": "cinema", "project": (project,)}).id
    world.touched(Side.NOTION, row, LOG)
    world.settle()
    (log,) = [id for kind, id in world.platform.records if kind is LOG]
    world.edit(Side.NAVIMPACT, log, LOG, project=(world.new_project(title="Other"),), notes="seen")
    world.settle()
    return world, log


def test_a_project_that_gets_no_page_is_held_where_it_is_named_and_keeps_nothing_else_back() -> None:
    world, log = moved_to_a_project_without_page()

    assert world.value(Side.NOTION, world.page_of(log, LOG), "notes", LOG) == "seen"
    assert troubles(world, log, LOG) == [("one_way", "project")]


def test_it_is_named_when_it_gets_a_page() -> None:
    world, log = moved_to_a_project_without_page()

    set_to(world, Settings())

    page = world.notion_side.pages[world.page_of(log, LOG)]
    (other,) = [each.id for each in world.notion_side.pages.values() if each.values.get("title") == "Other"]
    assert page.values["project"] == (other,)


def test_it_gets_one_when_the_limit_is_lifted() -> None:
    world = world_of(TO_NAVIMPACT, STORY)
    id = world.new_project(title="Reef")
    world.new_child(STORY, id)
    world.settle()

    set_to(world, Settings())

    assert len(world.live_pages()) == 2


def test_a_row_of_a_workspace_to_navimpact_becomes_a_record_and_later_edits_follow() -> None:
    world = world_of(TO_NAVIMPACT)
    row = world.new_row(title="Mine")
    world.settle()

    world.edit(Side.NOTION, row, title="Mine, better")
    world.settle()

    (record,) = world.platform.records.values()
    assert record.values()["title"] == "Mine, better"


def test_a_record_deleted_where_nothing_syncs_to_notion_leaves_its_page() -> None:
    world = world_of(TO_NAVIMPACT)
    id, page = made_of_a_row(world)

    delete(world, id)

    assert world.live_pages() == [page]
    assert world.mapping_of(id).state is State.EXCLUDED


def test_that_page_goes_to_the_trash_when_the_limit_is_lifted() -> None:
    world = world_of(TO_NAVIMPACT)
    id, page = made_of_a_row(world)
    world.another_project()
    delete(world, id)

    set_to(world, Settings())

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_who_lets_a_row_go_where_nothing_syncs_to_notion_is_asked_no_more_and_keeps_its_page() -> None:
    world = world_of(TO_NAVIMPACT)
    id, page = made_of_a_row(world)
    world.decide(WorkKind.REVERT, f"log/{world.logs(Operation.CREATE)[-1].id}")

    run = world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert (world.live_pages(), world.mapping_of(id).state) == ([page], State.EXCLUDED)
    assert told(world, run)[-1] == scope.GONE.cause


def test_a_field_that_may_not_be_set_is_left_out_of_a_new_record_and_told() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NOTION}))

    id, row = made_of_a_row(world, budget=Decimal(7))

    assert world.value(Side.NAVIMPACT, id, "budget") is None
    assert (world.value(Side.NOTION, row, "budget"), troubles(world, id)) == (Decimal(7), [("one_way", "budget")])


def test_a_page_that_is_refused_once_a_field_may_be_set_tells_of_the_refusal_alone() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    world.notion.fault = fail_once("notion create", Unavailable("503"), applied=False)
    id = world.new_project(budget=Decimal(7))
    world.slice()
    assert ("one_way", "budget") in troubles(world, id)

    world.notion.fault = fail_always("notion create", Refused("a rule of that database"))
    set_to(world, Settings())
    time_passes(world, 1)

    assert troubles(world, id) == [("refused", None)]


def test_a_row_waits_where_its_title_may_not_reach_navimpact() -> None:
    world = world_of(Settings(field_directions={"media_project.title": Direction.TO_NOTION}))

    world.new_row(title="Mine")
    world.settle()

    assert not world.platform.records
    waiting = only_mapping(world)
    assert "NavImpact keeps no record without Title" in waiting.troubles[0].cause


# --- held edits and deletions -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("settings", [Settings(field_directions={"media_project.budget": Direction.TO_NOTION}),
                                      Settings(direction=Direction.TO_NOTION)], ids=["field", "workspace"])  # fmt: skip
def test_a_held_edit_in_notion_keeps_its_page_when_the_record_is_deleted(settings: Settings) -> None:
    world = world_of(settings)
    id, page = both(world, title="Reef", budget=Decimal(5))
    world.edit(Side.NOTION, page, budget=Decimal(9))
    world.settle()

    delete(world, id)

    assert world.live_pages() == [page]


def test_a_page_can_be_thrown_away_though_a_held_edit_waits_in_navimpact() -> None:
    world = world_of(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    id, page = made_of_a_row(world, budget=Decimal(1))
    world.edit(Side.NAVIMPACT, id, budget=Decimal(2))
    world.settle()

    trash(world, page)

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


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


# --- rules that come and go -------------------------------------------------------------------------------------------


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


def test_who_lets_a_page_go_that_a_rule_keeps_by_then_is_told_so_and_asked_no_more() -> None:
    world = world_of(Settings())
    _, (page, *_) = stopped_mass_deletion(world)
    set_to(world, TO_NAVIMPACT)

    run = world.answer(pair_of(world, page), "approve")
    world.settle()

    assert told(world, run) == [scope.GONE.cause]
    assert (page in world.live_pages(), pair_of(world, page).state) == (True, State.EXCLUDED)


def test_who_lets_a_record_go_that_a_rule_keeps_by_then_is_told_so_and_asked_no_more() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    trash(world, page)
    change(world, settings=TO_NOTION)

    run = world.answer(world.mapping_of(id), "approve")
    world.settle()

    assert told(world, run) == [scope.TRASHED.cause]
    assert (titles(world), world.mapping_of(id).state) == (["Reef"], State.EXCLUDED)


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


def test_a_policy_that_is_set_later_settles_what_waits() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    world.edit(Side.NAVIMPACT, id, title="Theirs")
    world.edit(Side.NOTION, page, title="Mine")
    world.settle()
    assert world.mapping_of(id).conflicts

    set_to(world, Settings(policy=Policy.NOTION))

    assert world.value(Side.NAVIMPACT, id, "title") == "Mine"


# --- pause ------------------------------------------------------------------------------------------------------------


def test_what_both_sides_edit_during_a_pause_arrives_after_it() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    change(world, is_active=False)

    world.edit(Side.NAVIMPACT, id, title="Coral")
    world.edit(Side.NOTION, page, budget=Decimal(7))
    row = world.new_row(title="Mine")
    world.settle()
    assert (world.value(Side.NOTION, page, "title"), len(world.platform.records)) == ("Reef", 1)

    change(world, is_active=True)
    world.settle()
    assert (world.value(Side.NOTION, page, "title"), world.value(Side.NAVIMPACT, id, "budget")) == ("Coral", Decimal(7))
    assert row in pairs(world)
    assert len(world.platform.records) == 2


def test_a_pause_during_which_every_webhook_was_lost_loses_nothing_either() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef")
    change(world, is_active=False)
    world.edit(Side.NAVIMPACT, id, title="Coral")
    world.edit(Side.NOTION, page, budget=Decimal(7))
    world.store.of(1).work.clear()

    change(world, is_active=True)
    world.reconcile()

    assert (world.value(Side.NOTION, page, "title"), world.value(Side.NAVIMPACT, id, "budget")) == ("Coral", Decimal(7))


@pytest.mark.parametrize("changes", [{"is_active": False}, {"settings": ACTIVE}], ids=str)
def test_a_first_sync_that_is_under_way_heeds_what_a_person_sets(changes: dict[str, Any]) -> None:
    world = World()
    for n in range(9):
        world.platform.create(PROJECT, {"title": "Reef", "status": "paused"}, key=f"project {n}")

    def change_mind(call: str, applied: bool) -> None:
        if call == "notion create" and applied:
            change(world, **changes)
            world.clock.advance(timedelta(seconds=2))

    world.notion.fault = change_mind
    world.connect()

    assert len(world.live_pages()) == 1
