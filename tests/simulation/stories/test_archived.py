"""What somebody archives in Notion is put away there, and is in step all the same."""

from __future__ import annotations

import pytest

from navsync.errors import Unclear
from navsync.model import EntityType, Side
from navsync.reconcile import PAIRS_EVERY
from tests.simulation.faults import fail_once
from tests.simulation.world import PROJECT, World

LOG = EntityType.DISTRIBUTION_LOG


@pytest.fixture
def world() -> World:
    world = World(entity_types=(PROJECT, LOG))
    world.connect()
    return world


def connect_again(world: World) -> World:
    """After all that was kept of the workspace was erased."""
    again = World(entity_types=world.entity_types, clock=world.clock)
    again.notion_side.pages.update(world.notion_side.pages)
    again.platform.records.update(world.platform.records)
    again.connect()
    return again


def rounds(world: World) -> None:
    """Ticks late enough for every round through what is known and what is there."""
    for _ in range(2):
        world.clock.advance(PAIRS_EVERY)
        world.reconcile()


def test_a_workspace_that_is_connected_again_takes_up_the_archived_page_of_a_record(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.person.archive(page)

    again = connect_again(world)

    assert (again.live_pages(), again.page_of(id)) == ([page], page)


def test_what_belongs_to_an_archived_project_lacks_none_when_the_workspace_is_connected_again(world: World) -> None:
    id = world.new_project()
    log = world.new_child(LOG, id)
    world.settle()
    world.person.archive(world.page_of(id))

    again = connect_again(world)

    assert again.mapping_of(log, LOG).troubles == ()
    assert again.value(Side.NOTION, again.page_of(log, LOG), "project", LOG) == (id,)


def test_a_page_that_is_fetched_back_from_the_archive_stays(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.person.archive(page)
    again = connect_again(world)

    again.person.archive(page, archived=False)
    again.touched(Side.NOTION, page)
    rounds(again)

    assert again.live_pages() == [page]


def test_a_page_that_was_archived_before_its_making_was_answered_is_not_made_again(world: World) -> None:
    world.notion.fault = fail_once("notion create", Unclear("the answer was lost"), applied=True)
    id = world.new_project()
    world.slice()
    (page,) = world.live_pages()
    world.person.archive(page)

    world.settle()

    assert (world.live_pages(), world.page_of(id)) == ([page], page)


def test_an_archived_page_that_is_in_step_is_looked_at_by_no_round(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.person.archive(world.page_of(id))
    rounds(world)
    before = world.notion.calls.count("notion read")

    rounds(world)

    assert world.notion.calls.count("notion read") == before


def test_an_edit_in_navimpact_reaches_an_archived_page(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)
    world.person.archive(page)

    world.edit(Side.NAVIMPACT, id, title="Reefs")
    world.settle()

    assert world.value(Side.NOTION, page, "title") == "Reefs"


def test_a_row_that_was_archived_before_anybody_told_of_it_becomes_a_record(world: World) -> None:
    row = world.person.add_row(PROJECT, {"title": "Typed, and put away"}).id
    world.person.archive(row)

    rounds(world)

    assert [record.values()["title"] for record in world.platform.records.values()] == ["Typed, and put away"]
