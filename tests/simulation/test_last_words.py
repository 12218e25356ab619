"""A story goes with its page: what it said does not go too, whether or not Notion shows a body in its trash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.fields import SPECS
from navsync.model import Operation, Outcome, Side, State, Value, WorkKind
from tests.simulation.faults import once
from tests.simulation.test_decisions import STORY
from tests.simulation.world import World

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


def delete(world: World, story: str) -> None:
    """A person deletes it in NavImpact."""
    world.platform.remove(STORY, story)
    world.touched(Side.NAVIMPACT, story, STORY)
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
    delete(world, story)

    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_a_text_typed_just_before_its_page_goes_is_kept_on_both_sides(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    meanwhile(world, lambda: types(world, page, LONGER))

    delete(world, story)

    kept = [record.values()["description"] for record in world.platform.records.values()]
    assert (world.value(Side.NOTION, page, "description", STORY), LONGER in kept) == (LONGER, True)


def test_a_page_that_was_only_touched_just_before_it_goes_goes_all_the_same(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    meanwhile(world, lambda: types(world, page, TEXT))

    delete(world, story)

    assert page not in world.live_pages()
    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_a_page_whose_text_shows_in_the_trash_is_not_taken_out_to_be_read(world: World, story: str) -> None:
    world.notion.calls.clear()

    delete(world, story)

    assert world.notion.calls.count("notion restore") == world.notion_side.trash_hides_bodies


def test_a_page_in_the_trash_that_somebody_takes_out_at_once_gets_its_record_back(world: World, story: str) -> None:
    page = world.page_of(story, STORY)
    world.notion.fault = once("notion remove", lambda: restored(world, page), applied=True)

    delete(world, story)

    assert (page in world.live_pages(), state_of(world, page)) == (True, State.LINKED)


def test_the_text_of_a_story_whose_making_is_undone_is_in_the_history(world: World, story: str) -> None:
    (made,) = [row for row in world.logs(Operation.CREATE) if row.entity_type is STORY]

    world.decide(WorkKind.REVERT, f"log/{made.id}")

    assert texts_told(world, Operation.DELETE) == [TEXT]


def test_the_text_of_a_story_that_went_on_both_sides_is_in_the_history(world: World, story: str) -> None:
    world.person.remove(STORY, world.page_of(story, STORY))

    delete(world, story)

    assert world.mapping_of(story, STORY).state is State.DELETED
    assert texts_told(world, Operation.UNLINK) == [TEXT]
