"""A story goes with its page: what it said does not go too, whether or not Notion shows a body in its trash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.errors import Down
from navsync.fields import SPECS
from navsync.model import EntityType, Gone, Operation, Outcome, Side, State, Value, WorkKind
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.scenes import delete, tells
from tests.simulation.world import World

STORY = EntityType.IMPACT_STORY
TEXT = "The long story of the reef."
LONGER = f"{TEXT} And words of mine."


@pytest.fixture(params=["shown in the trash", "hidden in the trash"])
def world(request: pytest.FixtureRequest) -> World:
    """Notion shows the body of a page in its trash, or it does not."""
    world = World(entity_types=tuple(SPECS))
    world.notion_side.trash_hides_bodies = request.param == "hidden in the trash"
    world.connect()
    return world


@pytest.fixture
def story(world: World) -> str:
    project = world.new_project(title="Reef")
    world.settle()
    id = world.new_child(STORY, project, title="One", description=TEXT)
    world.settle()
    world.clock.advance(timedelta(hours=1))
    return id


def throw_away(world: World, page: str) -> None:
    """A person moves it to the trash in Notion."""
    world.person.remove(STORY, page)
    world.touched(Side.NOTION, page, STORY)
    world.settle()


def meanwhile(world: World, do: Callable[[], None]) -> None:
    """*do* happens after NavSync has read the page for the last time, before it moves it to the trash."""
    world.notion.fault = once("notion remove", do, applied=False)


def types(world: World, page: str, text: str) -> None:
    world.person.edit(page, {"description": text})


def restored(world: World, page: str) -> None:
    world.person.restore(STORY, page)


def state_of(world: World, page: str) -> State:
    kept = world.store.of(1)
    return kept.mappings[kept.pairs[page]].state


def texts_told(world: World, operation: Operation) -> list[Value]:
    """What texts the history holds of records that went."""
    rows = [row for row in world.logs(operation) if row.outcome is Outcome.SUCCESS]
    return [change.old for row in rows for change in row.changes if change.field == "description"]


def test_the_text_of_a_story_that_is_deleted_is_in_the_history(world: World, story: str) -> None:
    delete(world, story, STORY)

    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_a_text_typed_just_before_its_page_goes_is_kept_on_both_sides(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    meanwhile(world, lambda: types(world, page, LONGER))

    delete(world, story, STORY)

    kept = [record.values()["description"] for record in world.platform.records.values()]
    assert (world.value(Side.NOTION, page, "description", STORY), LONGER in kept) == (LONGER, True)


def test_a_page_that_was_only_touched_just_before_it_goes_goes_all_the_same(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    meanwhile(world, lambda: types(world, page, TEXT))

    delete(world, story, STORY)

    assert page not in world.live_pages()
    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_a_page_whose_text_shows_in_the_trash_is_not_taken_out_to_be_read(world: World, story: str) -> None:
    world.notion.calls.clear()

    delete(world, story, STORY)

    assert world.notion.calls.count("notion restore") == world.notion_side.trash_hides_bodies


def test_a_page_in_the_trash_that_somebody_takes_out_at_once_gets_its_record_back(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    world.notion.fault = once("notion remove", lambda: restored(world, page), applied=True)

    delete(world, story, STORY)

    assert (page in world.live_pages(), state_of(world, page)) == (True, State.LINKED)


def test_the_text_of_a_story_whose_making_is_undone_is_in_the_history(world: World, story: str) -> None:
    (made,) = [row for row in world.logs(Operation.CREATE) if row.entity_type is STORY]

    world.decide(WorkKind.REVERT, f"log/{made.id}")

    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_the_text_of_a_story_that_went_on_both_sides_is_in_the_history(world: World, story: str) -> None:
    world.person.remove(STORY, world.page_of(story, STORY))

    delete(world, story, STORY)

    assert world.mapping_of(story, STORY).state is State.DELETED
    assert texts_told(world, Operation.UNLINK) == [TEXT]


def approve(world: World, story: str) -> None:
    world.decide(WorkKind.DECIDE, str(world.mapping_of(story, STORY).id), "approve")


def typed_and_thrown_away(world: World, story: str) -> str:
    """Ann types, and Bob throws the page away before NavSync has looked."""
    page = world.page_of(story, STORY)
    types(world, page, LONGER)
    throw_away(world, page)
    return page


def test_what_somebody_typed_in_a_story_that_another_throws_away_is_in_the_history_before_it_is_deleted(
    world: World, story: str
) -> None:
    page = typed_and_thrown_away(world, story)

    approve(world, story)

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert page not in world.live_pages()
    assert LONGER in texts_told(world, Operation.UNLINK)


def test_of_a_story_in_which_nobody_typed_only_the_record_is_told_of(world: World, story: str) -> None:
    throw_away(world, world.page_of(story, STORY))

    approve(world, story)

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert set(texts_told(world, Operation.DELETE) + texts_told(world, Operation.UNLINK)) == {TEXT}


def test_a_story_whose_text_is_in_conflict_can_be_thrown_away(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    world.edit(Side.NAVIMPACT, story, STORY, description="Another story of the reef.")
    world.edit(Side.NOTION, page, STORY, description="The short story of the reef.")
    world.settle()
    assert [conflict.field for conflict in world.mapping_of(story, STORY).conflicts] == ["description"]

    throw_away(world, page)

    assert (page in world.live_pages(), state_of(world, page)) == (False, State.AWAITING_APPROVAL)


# --- the moment between the last look and the trash, where that hides texts ------------------------------------------


@pytest.fixture
def hiding(world: World) -> World:
    """Its trash shows no text."""
    world.notion_side.trash_hides_bodies = True
    return world


def typed_at_last(world: World, page: str) -> None:
    """Somebody types on a page that was taken out of the trash to be read, just before it goes back."""
    world.notion.fault = once("notion restore", lambda: types(world, page, LONGER), applied=True)


def test_what_is_typed_at_the_very_last_brings_the_page_back_when_notion_tells_of_it(hiding: World, story: str) -> None:
    page = hiding.page_of(story, STORY)
    typed_at_last(hiding, page)
    delete(hiding, story, STORY)
    assert page not in hiding.live_pages()

    tells(hiding, page, hiding.clock())
    hiding.settle()

    kept = [record.values()["description"] for record in hiding.platform.records.values()]
    assert (hiding.value(Side.NOTION, page, "description", STORY), LONGER in kept) == (LONGER, True)
    assert state_of(hiding, page) is State.LINKED


def test_what_is_typed_at_the_very_last_brings_a_page_back_whose_making_was_undone(hiding: World, story: str) -> None:
    page = hiding.page_of(story, STORY)
    (made,) = [row for row in hiding.logs(Operation.CREATE) if row.entity_type is STORY]
    typed_at_last(hiding, page)
    hiding.decide(WorkKind.REVERT, f"log/{made.id}")

    tells(hiding, page, hiding.clock())
    hiding.settle()

    assert hiding.value(Side.NAVIMPACT, story, "description", STORY) == LONGER
    assert state_of(hiding, page) is State.LINKED


@pytest.mark.parametrize("applied", [False, True])
def test_no_word_is_lost_when_a_worker_dies_over_an_approved_deletion(
    hiding: World, story: str, *, applied: bool
) -> None:
    page = typed_and_thrown_away(hiding, story)
    hiding.navimpact.fault = fail_once("navimpact remove", KeyboardInterrupt(), applied=applied)

    with pytest.raises(KeyboardInterrupt):
        approve(hiding, story)
    hiding.clock.advance(timedelta(minutes=10))
    hiding.settle()

    assert isinstance(hiding.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert page not in hiding.live_pages()
    assert LONGER in texts_told(hiding, Operation.UNLINK)


def test_a_story_that_is_typed_in_as_it_is_deleted_comes_back_when_notion_tells_of_it(
    hiding: World, story: str
) -> None:
    page = hiding.page_of(story, STORY)
    typed_at_last(hiding, page)
    throw_away(hiding, page)
    approve(hiding, story)
    assert isinstance(hiding.shown(Side.NAVIMPACT, story, STORY), Gone)

    tells(hiding, page, hiding.clock())
    hiding.settle()

    kept = [record.values()["description"] for record in hiding.platform.records.values()]
    assert (page in hiding.live_pages(), LONGER in kept) == (True, True)


def test_what_is_typed_at_the_very_last_is_not_forgotten_over_another_event_of_the_page(
    hiding: World, story: str
) -> None:
    page = hiding.page_of(story, STORY)
    typed_at_last(hiding, page)
    delete(hiding, story, STORY)

    tells(hiding, page, hiding.clock())
    hiding.touched(Side.NOTION, page, STORY)
    hiding.settle()

    assert (page in hiding.live_pages(), state_of(hiding, page)) == (True, State.LINKED)


def test_what_is_typed_at_the_very_last_is_not_forgotten_over_a_look_that_fails(hiding: World, story: str) -> None:
    page = hiding.page_of(story, STORY)
    typed_at_last(hiding, page)
    delete(hiding, story, STORY)

    tells(hiding, page, hiding.clock())
    hiding.notion.fault = fail_once("notion read", Down("503"), applied=False)
    hiding.settle()

    assert (page in hiding.live_pages(), state_of(hiding, page)) == (True, State.LINKED)


def test_what_is_typed_at_the_very_last_is_heard_of_though_an_older_edit_was_not_looked_at_yet(
    hiding: World, story: str
) -> None:
    page, long_ago = hiding.page_of(story, STORY), hiding.clock() - timedelta(hours=1)
    typed_at_last(hiding, page)
    delete(hiding, story, STORY)

    tells(hiding, page, hiding.clock())
    tells(hiding, page, long_ago)
    hiding.settle()

    assert (page in hiding.live_pages(), state_of(hiding, page)) == (True, State.LINKED)


def test_a_page_that_was_read_whole_stays_in_the_trash_though_notion_tells_of_an_edit(
    hiding: World, story: str
) -> None:
    page = hiding.page_of(story, STORY)
    delete(hiding, story, STORY)

    tells(hiding, page, hiding.clock())
    hiding.settle()

    assert (page in hiding.live_pages(), state_of(hiding, page)) == (False, State.DELETED)
    assert set(texts_told(hiding, Operation.DELETE)) == {TEXT}


def test_an_edit_that_is_told_of_late_takes_no_page_out_of_the_trash(hiding: World, story: str) -> None:
    page, edited_at = hiding.page_of(story, STORY), hiding.clock()
    hiding.clock.advance(timedelta(hours=1))
    delete(hiding, story, STORY)
    hiding.notion.calls.clear()

    tells(hiding, page, edited_at)
    hiding.settle()

    assert "notion restore" not in hiding.notion.calls


def test_a_page_that_a_person_edits_and_trashes_is_left_where_it_is(hiding: World, story: str) -> None:
    page = hiding.page_of(story, STORY)
    hiding.edit(Side.NAVIMPACT, story, STORY, title="Two")
    hiding.settle()
    types(hiding, page, LONGER)
    hiding.person.remove(STORY, page)
    hiding.touched(Side.NOTION, page, STORY)
    hiding.settle()

    tells(hiding, page, hiding.clock())
    hiding.settle()

    assert (page in hiding.live_pages(), state_of(hiding, page)) == (False, State.AWAITING_APPROVAL)
