"""What we wrote ourselves is nobody's edit: a record that goes before the worker is back is gone all the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from navsync.errors import Refused
from navsync.model import Direction, EntityType, Operation, Outcome, Settings, Side, State, Trashed, Value, WorkKind
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.halves import KILLED, NEW, a_world, half_rewritten, half_undone, lines_on, type_on_page
from tests.simulation.stories.rules import change, set_to
from tests.simulation.stories.scenes import brought_back_empty, column_goes
from tests.simulation.world import PROJECT, Fault, World

STORY = EntityType.IMPACT_STORY


@pytest.fixture
def world(world: World) -> World:
    world.new_project(title="Other")
    return world


def project(world: World) -> tuple[str, str]:
    id = world.new_project(title="Old", description="The reef.")
    world.settle()
    return id, world.page_of(id)


def dies(world: World, *, notion: Fault | None = None, navimpact: Fault | None = None) -> None:
    """The worker, at a call that one side gets all the same or not; it is missed only a while later."""
    world.notion.fault, world.navimpact.fault = notion or _nothing, navimpact or _nothing
    with suppress(Killed):
        world.settle()
        pytest.fail("it lived")
    world.notion.fault = world.navimpact.fault = _nothing


def _nothing(call: str, applied: bool) -> None: ...


def struck(call: str, *, applied: bool = True) -> Fault:
    return fail_once(call, KILLED, applied=applied)


def time_passes(world: World) -> None:
    for _ in range(3):
        world.clock.advance(timedelta(minutes=20))
        world.put(WorkKind.SWEEP)
        for _ in range(10):
            world.slice()
            world.clock.advance(timedelta(seconds=5))


def deleted(world: World, id: str, kind: EntityType = PROJECT) -> None:
    world.platform.remove(kind, id)
    world.touched(Side.NAVIMPACT, id, kind)
    time_passes(world)


def thrown_away(world: World, page: str) -> None:
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    time_passes(world)


def records(world: World, kind: EntityType = PROJECT) -> list[str]:
    return [id for entity_type, id in world.platform.records if entity_type is kind]


def told(world: World) -> list[tuple[Outcome, str | None]]:
    return [(log.outcome, log.message) for log in world.logs(Operation.UPDATE)]


LANDED = (Outcome.SUCCESS, "interrupted; found written by a later look")
NOT_WANTED = (Outcome.FAILED, "interrupted, and then no longer wanted")


def on_its_way(world: World, **said: Value) -> tuple[str, str]:
    """A record of which what is *said* now, else a new title, never reached its page, and the page."""
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, PROJECT, **(said or {"title": "New"}))
    dies(world, notion=struck("notion update", applied=False))
    return id, page


# --- the record is deleted in NavImpact -------------------------------------------------------------------------------


def test_a_title_that_we_wrote_on_the_page_does_not_make_a_deleted_record_again(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, title="New")
    dies(world, notion=struck("notion update"))

    deleted(world, id)

    assert records(world) == ["1"]
    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert told(world) == [LANDED]
    (row,) = world.logs(Operation.DELETE)
    assert [change.old for change in row.changes if change.field == "title"] == ["New"]


def test_a_title_that_never_reached_the_page_does_not_make_a_deleted_record_again(world: World) -> None:
    id, page = on_its_way(world)

    deleted(world, id)

    assert records(world) == ["1"]
    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert told(world) == [NOT_WANTED]


def test_what_a_person_typed_after_we_wrote_outlives_the_deletion(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, title="New")
    dies(world, notion=struck("notion update"))
    world.edit(Side.NOTION, page, title="New, and better")

    deleted(world, id)

    assert [world.value(Side.NAVIMPACT, id, "title") for id in records(world)] == ["Other", "New, and better"]


def test_a_value_on_its_way_to_the_record_that_is_gone_outlives_the_deletion(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NOTION, page, title="Typed in Notion")
    dies(world, navimpact=struck("navimpact update", applied=False))

    deleted(world, id)

    assert [world.value(Side.NAVIMPACT, id, "title") for id in records(world)] == ["Other", "Typed in Notion"]


def test_of_two_fields_the_one_that_was_on_its_way_to_the_record_outlives_the_deletion(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, title="New")
    world.edit(Side.NOTION, page, description="Typed in Notion.")
    dies(world, notion=struck("notion update"))

    deleted(world, id)

    _, again = records(world)
    assert world.value(Side.NAVIMPACT, again, "title") == "New"
    assert world.value(Side.NAVIMPACT, again, "description") == "Typed in Notion."


def test_a_text_merged_of_both_edits_outlives_the_deletion(world: World) -> None:
    id = world.new_project(title="Old", description="The reef is old. The sea is wide.")
    world.settle()
    page = world.page_of(id)
    world.edit(Side.NAVIMPACT, id, description="The reef is young. The sea is wide.")
    world.edit(Side.NOTION, page, description="The reef is old. The sea is deep.")
    dies(world, notion=struck("notion update"))

    deleted(world, id)

    _, again = records(world)
    assert world.value(Side.NAVIMPACT, again, "description") == "The reef is young. The sea is deep."


def test_an_undo_that_reached_the_page_does_not_make_a_deleted_record_again(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, title="New")
    world.settle()
    world.ask(WorkKind.REVERT, f"log/{world.logs(Operation.UPDATE)[-1].id}")
    dies(world, notion=struck("notion update"))
    assert world.value(Side.NOTION, page, "title") == "Old"

    deleted(world, id)

    assert records(world) == ["1"]
    assert isinstance(world.shown(Side.NOTION, page), Trashed)


# --- what was on its way to the page, and the record is made again ----------------------------------------------------


def both_say(world: World, page: str, field: str) -> tuple[Value, Value]:
    _, again = records(world)
    return world.value(Side.NAVIMPACT, again, field), world.value(Side.NOTION, page, field)


def test_a_title_that_never_reached_the_page_outlives_a_time_in_which_nothing_was_written_there(world: World) -> None:
    id, page = on_its_way(world)
    change(world, settings=Settings(direction=Direction.TO_NAVIMPACT))
    deleted(world, id)
    assert told(world) == [NOT_WANTED]

    world.edit(Side.NOTION, page, description="Typed.")
    world.settle()
    set_to(world, Settings())

    assert both_say(world, page, "title") == ("New", "New")
    assert both_say(world, page, "description") == ("Typed.", "Typed.")


def test_a_title_that_never_reached_the_page_outlives_with_what_was_typed_there(world: World) -> None:
    id, page = on_its_way(world)
    world.edit(Side.NOTION, page, description="Typed in Notion.")

    deleted(world, id)

    assert both_say(world, page, "title") == ("New", "New")
    assert both_say(world, page, "description") == ("Typed in Notion.", "Typed in Notion.")


def test_a_title_that_was_typed_since_is_not_replaced_by_one_that_never_reached_the_page(world: World) -> None:
    id, page = on_its_way(world)
    world.edit(Side.NOTION, page, title="Typed in Notion")

    deleted(world, id)

    assert both_say(world, page, "title") == ("Typed in Notion", "Typed in Notion")
    assert [change.new for row in world.logs(Operation.UPDATE) for change in row.changes] == ["New"]


def test_a_person_who_types_the_old_title_anew_is_not_overruled_by_one_that_never_reached_the_page(
    world: World,
) -> None:
    id, page = on_its_way(world)
    world.edit(Side.NOTION, page, description="Typed in Notion.")
    world.navimpact.fault = fail_always("navimpact create", Refused("no"))
    deleted(world, id)
    world.edit(Side.NOTION, page, title="Typed in Notion")
    time_passes(world)
    world.edit(Side.NOTION, page, title="Old")
    time_passes(world)

    world.navimpact.fault = _nothing
    world.edit(Side.NOTION, page, description="Typed once more.")
    time_passes(world)

    assert both_say(world, page, "title") == ("Old", "Old")
    assert both_say(world, page, "description") == ("Typed once more.", "Typed once more.")


def test_a_title_that_never_reached_the_page_is_kept_for_a_record_that_is_refused_at_first(world: World) -> None:
    id, page = on_its_way(world)
    world.edit(Side.NOTION, page, description="Typed in Notion.")
    world.navimpact.fault = fail_always("navimpact create", Refused("no"))
    deleted(world, id)

    world.navimpact.fault = _nothing
    world.edit(Side.NOTION, page, description="Typed once more.")
    time_passes(world)

    assert both_say(world, page, "title") == ("New", "New")


def test_a_text_that_never_reached_the_page_is_kept_though_its_column_comes_back_empty(world: World) -> None:
    id, page = on_its_way(world, description="The new reef.")
    column_goes(world, "description")
    deleted(world, id)
    world.navimpact.fault = fail_always("navimpact create", Refused("no"))
    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "reject")
    time_passes(world)
    brought_back_empty(world, page, "description")
    time_passes(world)

    world.navimpact.fault = _nothing
    world.edit(Side.NOTION, page, title="Typed in Notion")
    time_passes(world)

    assert both_say(world, page, "description") == ("The new reef.", "The new reef.")


def test_an_undo_that_reached_nothing_is_done_by_itself_once_the_record_is_made_again(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NOTION, page, title="New")
    world.settle()
    world.ask(WorkKind.REVERT, f"log/{world.logs(Operation.UPDATE)[-1].id}")
    dies(world, notion=struck("notion update", applied=False))
    world.edit(Side.NOTION, page, description="Typed in Notion.")

    deleted(world, id)

    made = world.logs(Operation.CREATE)[-1]
    assert [change.new for change in made.changes if change.field == "title"] == ["New"]
    assert [row.outcome for row in world.logs(Operation.REVERT)] == [Outcome.FAILED, Outcome.SUCCESS]
    assert both_say(world, page, "title") == ("Old", "Old")


def test_a_page_taken_out_of_the_trash_gets_the_title_that_never_reached_it(world: World) -> None:
    id, page = on_its_way(world)
    deleted(world, id)

    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    time_passes(world)

    assert both_say(world, page, "title") == ("New", "New")


def test_a_record_that_a_person_wants_back_has_the_title_that_never_reached_its_page(world: World) -> None:
    id, page = on_its_way(world)
    world.notion_side.break_property(PROJECT, "description", "retyped")
    deleted(world, id)
    assert world.mapping_of(id).state is State.AWAITING_APPROVAL

    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "reject")
    time_passes(world)

    assert both_say(world, page, "title") == ("New", "New")


def test_what_once_was_on_its_way_is_forgotten_when_the_record_is_there_again(world: World) -> None:
    id, page = on_its_way(world)
    hidden = world.platform.records.pop((PROJECT, id))
    world.touched(Side.NAVIMPACT, id)
    time_passes(world)
    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    world.platform.records[PROJECT, id] = hidden
    world.touched(Side.NAVIMPACT, id)
    time_passes(world)
    assert world.value(Side.NOTION, page, "title") == "New"
    world.edit(Side.NOTION, page, title="Old")
    time_passes(world)

    world.edit(Side.NOTION, page, description="Typed in Notion.")
    deleted(world, id)

    assert both_say(world, page, "title") == ("Old", "Old")


def test_half_a_page_is_made_whole_where_something_else_was_typed_there() -> None:
    world = a_world()
    id = half_rewritten(world, 1)
    page = world.page_of(id, STORY)
    world.edit(Side.NOTION, page, STORY, stakeholder_name="Ann")

    deleted(world, id, STORY)

    (again,) = records(world, STORY)
    assert world.value(Side.NAVIMPACT, again, "stakeholder_name", STORY) == "Ann"
    assert lines_on(world, Side.NAVIMPACT, again) == lines_on(world, Side.NOTION, again) == NEW


# --- the page is half written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("made_half", [half_rewritten, half_undone])
def test_half_a_page_does_not_make_a_deleted_story_again(made_half: Callable[[World, int], str], after: int) -> None:
    world = a_world()
    id = made_half(world, after)
    page = world.page_of(id, STORY)

    deleted(world, id, STORY)

    assert records(world, STORY) == []
    assert isinstance(world.shown(Side.NOTION, page, STORY), Trashed)


def test_half_a_page_goes_with_its_project() -> None:
    world = a_world()
    world.new_project(title="Other")
    id = half_rewritten(world, 1)
    page = world.page_of(id, STORY)

    deleted(world, "1")

    assert records(world, STORY) == []
    assert isinstance(world.shown(Side.NOTION, page, STORY), Trashed)
    assert [m.state for m in world.store.of(1).mappings.values() if m.entity_type is STORY] == [State.DELETED]


def test_what_a_person_typed_into_half_a_page_outlives_the_deletion() -> None:
    world = a_world()
    id = half_rewritten(world, 1)
    lines = type_on_page(world, 1, " And typed.")

    deleted(world, id, STORY)

    (again,) = records(world, STORY)
    assert lines_on(world, Side.NAVIMPACT, again) == [line for line in lines if line]


# --- a person throws the page away ------------------------------------------------------------------------------------


def test_a_title_that_we_wrote_to_navimpact_does_not_take_its_page_out_of_the_trash(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NOTION, page, title="New")
    dies(world, navimpact=struck("navimpact update"))

    thrown_away(world, page)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.mapping_of(id).state is State.AWAITING_APPROVAL
    assert told(world) == [LANDED]


def test_a_title_that_we_wrote_on_the_page_does_not_take_it_out_of_the_trash(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NAVIMPACT, id, title="New")
    dies(world, notion=struck("notion update"))

    thrown_away(world, page)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


def test_what_the_page_never_showed_takes_it_out_of_the_trash(world: World) -> None:
    id, page = on_its_way(world)

    thrown_away(world, page)

    assert world.value(Side.NOTION, page, "title") == "New"
    assert world.mapping_of(id).state is State.LINKED


def test_what_navimpact_edited_after_we_wrote_takes_the_page_out_of_the_trash(world: World) -> None:
    id, page = project(world)
    world.edit(Side.NOTION, page, title="New")
    dies(world, navimpact=struck("navimpact update"))
    world.edit(Side.NAVIMPACT, id, title="New, and better")

    thrown_away(world, page)

    assert page in world.live_pages()
    assert [conflict.navimpact for conflict in world.mapping_of(id).conflicts] == ["New, and better"]
