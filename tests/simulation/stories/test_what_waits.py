"""How often is looked at what waits for a person, and how soon does it follow once they have helped?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.model import EntityType, Lane, Mapping, Present, Side, State, Values, WorkKind
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta(minutes=5)

PUT_OFF = timedelta(hours=4, minutes=15)
"""Then a row that names a project without a record is next looked at in 45 minutes, if nothing happens."""


def work(world: World, span: timedelta) -> None:
    """For so long, with a reconcile every five minutes."""
    end = world.clock() + span
    while world.clock() < end:
        world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        tick = min(end, world.clock() + TICK)
        while (again := world.slice().again_at) is not None and again < tick:
            world.clock.now = max(world.clock.now, again)
        world.clock.now = tick
    world.slice()


def reads(world: World, span: timedelta) -> int:
    """How many pages of Notion are read in so long."""
    world.notion.calls.clear()
    work(world, span)
    return world.notion.calls.count("notion read")


# --- rows that name a project which has no record ---------------------------------------------------------------------


def untitled(world: World) -> str:
    """A project that somebody has begun in Notion, and that lacks its title."""
    return world.new_row()


def stories(world: World, project_page: str, number: int) -> list[str]:
    """Rows that somebody adds in Notion, all of one project."""
    values: Values = {"title": "Child", "project": (project_page,)}
    rows = [world.person.add_row(STORY, values).id for _ in range(number)]
    for row in rows:
        world.touched(Side.NOTION, row, STORY)
    return rows


def of_page(world: World, page: str) -> Mapping:
    (found,) = (mapping for mapping in world.store.of(1).mappings.values() if mapping.page_id == page)
    return found


def records(world: World) -> int:
    return sum(kind is STORY for kind, _ in world.platform.records)


def test_rows_of_a_project_without_a_record_are_read_ever_more_rarely(world: World) -> None:
    world.new_project()
    stories(world, untitled(world), 30)
    work(world, 2 * HOUR)

    of_the_project = 4 * (12 + 4)  # it may be edited any time: each sweep looks at it, and each walk
    assert reads(world, 4 * HOUR) <= 4 * 30 + of_the_project


def test_a_row_of_a_project_without_a_record_says_that_it_is_filled_in(world: World) -> None:
    (row,) = stories(world, untitled(world), 1)
    work(world, HOUR)

    (told,) = of_page(world, row).troubles
    assert (told.code, told.field) == ("draft", "project")
    assert "row lacks" not in told.cause
    assert "points to a page that has no record in NavImpact yet" in told.cause
    assert "give that project what it lacks" in told.cause


def test_what_is_empty_and_what_cannot_be_read_are_told_apart(world: World) -> None:
    (row,) = stories(world, untitled(world), 1)
    world.person.edit(row, {"title": None})
    work(world, HOUR)

    (told,) = of_page(world, row).troubles
    assert told.cause.startswith("The row lacks Title. ")
    assert "points to a page that has no record in NavImpact yet" in told.cause
    assert told.fix.startswith("Fill in Title in Notion")


@pytest.mark.parametrize("waited", [timedelta(minutes=10), 5 * HOUR, 3 * DAY])
def test_rows_follow_at_once_when_their_project_gets_its_title(world: World, waited: timedelta) -> None:
    project = untitled(world)
    stories(world, project, 3)
    work(world, waited)
    assert records(world) == 0

    world.edit(Side.NOTION, project, title="Now")
    for _ in range(3):
        world.slice()
        world.clock.advance(timedelta(seconds=10))

    assert records(world) == 3


def test_rows_follow_at_the_next_round_when_a_page_gets_a_record_that_was_not_shared(world: World) -> None:
    project = world.person.add_row(PROJECT, {"title": "Shared late"}).id
    world.notion_side.pages[project].shared = False
    stories(world, project, 3)
    work(world, PUT_OFF)
    assert records(world) == 0

    world.notion_side.pages[project].shared = True
    work(world, timedelta(minutes=35))  # a quarter of an hour for the project, and one for its rows

    assert records(world) == 3


def test_a_row_follows_at_once_when_it_is_pointed_at_another_project(world: World) -> None:
    known = world.new_project()
    (row,) = stories(world, untitled(world), 1)
    work(world, PUT_OFF)

    world.person.edit(row, {"project": (world.page_of(known),)})
    world.touched(Side.NOTION, row, STORY)
    world.slice()

    assert records(world) == 1
    assert of_page(world, row).next_retry_at is None


def test_a_row_is_not_put_off_any_more_while_its_record_is_made(world: World) -> None:
    known = world.new_project()
    (row,) = stories(world, untitled(world), 1)
    work(world, PUT_OFF)
    put_off = list[object]()

    def watch(call: str, applied: bool) -> None:
        if call == "navimpact create":
            put_off.append(of_page(world, row).next_retry_at)

    world.navimpact.fault = watch
    world.person.edit(row, {"project": (world.page_of(known),)})
    world.touched(Side.NOTION, row, STORY)
    world.slice()

    assert put_off == [None, None]


def test_a_row_that_nobody_told_of_follows_at_the_next_round_when_it_is_pointed_at_another_project(
    world: World,
) -> None:
    known = world.new_project()
    (row,) = stories(world, untitled(world), 1)
    work(world, PUT_OFF)

    world.person.edit(row, {"project": (world.page_of(known),)})
    work(world, TICK)

    assert records(world) == 1


def test_a_row_that_is_pointed_at_a_project_just_made_follows_in_minutes(world: World) -> None:
    (row,) = stories(world, untitled(world), 1)
    work(world, PUT_OFF)

    new = world.person.add_row(PROJECT, {"title": "New"}).id
    world.person.edit(row, {"project": (new,)})
    world.touched(Side.NOTION, row, STORY)
    world.slice()
    world.touched(Side.NOTION, new)
    world.slice()
    world.clock.advance(timedelta(minutes=3))
    world.slice()

    assert records(world) == 1


# --- pages that are not shared any more -------------------------------------------------------------------------------


def unshared(world: World, number: int) -> list[str]:
    """Pages that Notion does not show any more."""
    ids = [world.new_project(title=f"P{n}") for n in range(number)]
    world.new_project(title="Still shared")
    world.settle(most=200)
    pages = [world.page_of(id) for id in ids]
    for page in pages:
        world.notion_side.pages[page].shared = False
        world.touched(Side.NOTION, page)
    world.slice()
    assert {of_page(world, page).state for page in pages} == {State.UNREACHABLE}
    return pages


def test_a_page_that_is_not_shared_any_more_is_read_ever_more_rarely(world: World) -> None:
    unshared(world, 10)

    in_the_first_hours = reads(world, 9 * HOUR)
    work(world, 2 * DAY)

    assert in_the_first_hours <= 10 * 4
    assert reads(world, 2 * DAY) <= 10 * 2


@pytest.mark.parametrize("waited", [2 * HOUR, 10 * DAY])
def test_a_page_that_is_shared_again_is_found_by_the_next_walk(world: World, waited: timedelta) -> None:
    (page,) = unshared(world, 1)
    work(world, waited)

    world.notion_side.pages[page].shared = True
    work(world, timedelta(minutes=20))

    assert of_page(world, page).state is State.LINKED
    assert of_page(world, page).troubles == ()


def test_a_page_that_is_shared_again_follows_at_once_when_notion_tells(world: World) -> None:
    (page,) = unshared(world, 1)
    work(world, 10 * DAY)

    world.notion_side.pages[page].shared = True
    world.touched(Side.NOTION, page)
    world.slice()

    assert of_page(world, page).state is State.LINKED


def test_an_edit_in_navimpact_reaches_a_page_that_was_shared_again_without_word_of_it(world: World) -> None:
    (page,) = unshared(world, 1)
    work(world, 3 * DAY)
    id = of_page(world, page).entity_id
    assert id is not None

    world.notion_side.pages[page].shared = True
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()

    seen = world.shown(Side.NOTION, page)
    assert isinstance(seen, Present)
    assert seen.values["title"] == "Edited"
