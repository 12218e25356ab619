"""People duplicate rows in Notion, which copies “NavImpact ID” along: a copy is theirs, and they are told of it."""

from __future__ import annotations

import pytest

from navsync.attention import waiting
from navsync.fields import SPECS
from navsync.model import KEY_FIELD, EntityType, Mapping, Present, Side, State, WorkKind
from tests.simulation.stories.scenes import time_passes, titles
from tests.simulation.world import PROJECT, World

LOG = EntityType.DISTRIBUTION_LOG


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


@pytest.fixture
def reef(world: World) -> str:
    reef = world.new_project(title="Reef")
    world.settle()
    return reef


@pytest.fixture
def copy(world: World, reef: str) -> str:
    """The page of a copy of “Reef” that somebody has given another title, and fills in."""
    return duplicate(world, f"media_project/{reef}")


def duplicate(world: World, key: str, kind: EntityType = PROJECT) -> str:
    copy = world.person.add_row(kind, {"title": "My second film"}, key=key)
    world.touched(Side.NOTION, copy.id, kind)
    time_passes(world, 1)
    return copy.id


def clear_id(world: World, page: str) -> None:
    world.person.clear_key(page)
    world.touched(Side.NOTION, page)
    world.settle()


def mapping_of_page(world: World, page: str) -> Mapping:
    kept = world.store.of(1)
    return kept.mappings[kept.pairs[page]]


def told(world: World, page: str) -> list[str]:
    """What somebody who waits for a record of *page* reads."""
    return [f"{each.trouble.cause} {each.trouble.fix}" for each in waiting(mapping_of_page(world, page))]


def test_whoever_copies_a_row_is_told_why_no_record_is_made_of_it(world: World, reef: str, copy: str) -> None:
    (said,) = told(world, copy)

    assert f"It carries the id of media project {reef}, “Reef”, as a copy does." in said
    assert "Clear “NavImpact ID” in Notion to make it a record of its own, or move it to the trash." in said
    assert titles(world) == ["Another", "Reef"]


def test_a_copy_is_left_as_it_is_and_so_is_what_it_was_copied_from(world: World, reef: str) -> None:
    before, writes = world.mapping_of(reef), world.writes()

    copy = duplicate(world, f"media_project/{reef}")

    assert (world.mapping_of(reef), world.writes()) == (before, writes)
    assert world.notion_side.pages[copy].key == f"media_project/{reef}"


def test_a_copy_whose_id_is_cleared_becomes_a_record_of_its_own(world: World, reef: str, copy: str) -> None:
    clear_id(world, copy)

    mapping = mapping_of_page(world, copy)
    assert (titles(world), mapping.state) == (["Another", "My second film", "Reef"], State.LINKED)
    assert world.notion_side.pages[copy].key == str(mapping.entity) != f"media_project/{reef}"


def test_who_clears_the_id_of_the_original_sees_it_written_again(world: World, reef: str, copy: str) -> None:
    original = world.page_of(reef)

    clear_id(world, original)
    time_passes(world, 1)

    assert world.notion_side.pages[original].key == f"media_project/{reef}"
    assert "as a copy does" in told(world, copy)[0]
    assert titles(world) == ["Another", "Reef"]


def test_an_id_that_was_cleared_while_no_webhook_came_is_written_again(world: World, reef: str) -> None:
    page = world.page_of(reef)

    world.person.clear_key(page)
    time_passes(world, 1)

    assert world.notion_side.pages[page].key == f"media_project/{reef}"


def test_what_belongs_to_a_copy_follows_when_it_becomes_a_record(world: World, copy: str) -> None:
    required = {field.name: "2026-01-01" for field in SPECS[LOG].fields if field.required}
    row = world.person.add_row(LOG, {**required, "project": (copy,)})
    world.touched(Side.NOTION, row.id, LOG)
    time_passes(world, 1)

    clear_id(world, copy)

    log = mapping_of_page(world, row.id).entity_id
    assert world.value(Side.NAVIMPACT, str(log), "project", LOG) == (mapping_of_page(world, copy).entity_id,)


def test_nothing_is_left_of_a_copy_that_is_thrown_away(world: World, copy: str) -> None:
    world.person.remove(PROJECT, copy)
    world.touched(Side.NOTION, copy)
    world.settle()

    assert told(world, copy) == []
    assert titles(world) == ["Another", "Reef"]


def test_a_copy_that_is_taken_out_of_the_trash_is_a_copy_still(world: World, copy: str) -> None:
    world.person.remove(PROJECT, copy)
    world.touched(Side.NOTION, copy)
    world.settle()

    world.person.restore(PROJECT, copy)
    world.touched(Side.NOTION, copy)
    time_passes(world, 1)

    assert len(told(world, copy)) == 1
    assert titles(world) == ["Another", "Reef"]


def test_a_copy_is_a_copy_while_nobody_can_read_the_ids(world: World, copy: str) -> None:
    world.notion_side.break_property(PROJECT, KEY_FIELD, "the column is gone")
    world.put(WorkKind.SCHEMA, str(PROJECT))
    world.touched(Side.NOTION, copy)
    time_passes(world, 1)
    assert titles(world) == ["Another", "Reef"]

    world.notion_side.mend_property(PROJECT, KEY_FIELD)
    time_passes(world, 3)

    assert ("as a copy does" in told(world, copy)[0], titles(world)) == (True, ["Another", "Reef"])


def test_a_copy_outlives_its_original_and_says_that_it_is_gone(world: World, reef: str, copy: str) -> None:
    page = world.page_of(reef)
    world.platform.remove(PROJECT, reef)
    world.touched(Side.NAVIMPACT, reef)
    time_passes(world, 2)

    assert (page in world.live_pages(), copy in world.live_pages()) == (False, True)
    assert f"It carries the id of media project {reef}, “Reef”, which is gone." in told(world, copy)[0]


def test_a_persons_copy_outlives_the_record_it_was_copied_from(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    copy = world.person.add_row(PROJECT, {"title": "A copy"}, key=f"media_project/{id}")
    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.settle()

    world.touched(Side.NOTION, copy.id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, copy.id), Present)


def test_a_copy_of_a_page_that_nobody_knows_any_more_says_so_too(world: World) -> None:
    copy = duplicate(world, "media_project/777")

    assert "It carries the id of media project 777, which is gone." in told(world, copy)[0]


def test_who_writes_words_of_their_own_in_place_of_the_id_is_told(world: World) -> None:
    row = duplicate(world, "second season")

    assert "It says “second season” in “NavImpact ID”" in told(world, row)[0]
    assert titles(world) == ["Another"]


def test_a_row_that_was_moved_here_from_another_database_is_a_copy_as_well(world: World, reef: str) -> None:
    row = duplicate(world, f"media_project/{reef}", EntityType.IMPACT_STORY)

    assert f"It carries the id of media project {reef}, “Reef”, as a copy does." in told(world, row)[0]


def test_a_row_whose_record_is_made_again_is_not_taken_for_a_copy(world: World) -> None:
    row = world.new_row(title="Kelp")
    world.settle()
    record = str(mapping_of_page(world, row).entity_id)
    world.platform.remove(PROJECT, record)
    world.edit(Side.NOTION, row, title="Kelp, still wanted")
    time_passes(world, 1)

    assert titles(world) == ["Another", "Kelp, still wanted"]
    assert isinstance(world.shown(Side.NOTION, row), Present)
