"""Somebody throws a whole database away: its pages cannot be taken out one by one, and nobody else waits for it."""

from __future__ import annotations

import pytest

from navsync.errors import Unclear
from navsync.model import EntityType, Gone, Operation, Present, Side, State
from tests.simulation.faults import fail_once
from tests.simulation.stories.scenes import both, causes, newest, time_passes
from tests.simulation.world import PROJECT, World

STORY, LOG = EntityType.IMPACT_STORY, EntityType.DISTRIBUTION_LOG


def throws_away(world: World, kind: EntityType, id: str) -> str:
    """A person throws the database of *kind* away, and is asked about the record *id*; the page of that."""
    page = world.page_of(id, kind)
    world.person.trash_database(kind)
    world.touched(Side.NOTION, page, kind)
    world.settle()
    assert world.mapping_of(id, kind).state is State.AWAITING_APPROVAL
    return page


def takes_out(world: World, kind: EntityType) -> None:
    world.person.restore_database(kind)
    time_passes(world, 2)


def test_an_edit_of_a_record_whose_database_is_in_the_trash_stops_nobody_else(world: World, project: str) -> None:
    log = world.new_child(LOG, project)
    world.settle()
    throws_away(world, PROJECT, project)
    before = len(world.notion.calls)

    world.edit(Side.NAVIMPACT, project, title="Edited meanwhile")
    world.edit(Side.NAVIMPACT, log, LOG, notes="Another record")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(log, LOG), "notes", LOG) == "Another record"
    assert world.notion.calls[before:].count("notion restore") == 1


def test_it_is_told_why_the_edit_does_not_arrive_and_tried_ever_more_rarely(world: World, project: str) -> None:
    throws_away(world, PROJECT, project)
    before = len(world.notion.calls)

    world.edit(Side.NAVIMPACT, project, title="Edited meanwhile")
    time_passes(world, 6)

    assert "its database is in the trash" in causes(world, project)
    assert world.notion.calls[before:].count("notion restore") < 40
    assert world.logs(Operation.RESTORE) == []


def test_the_edit_arrives_once_the_database_is_out_of_the_trash(world: World, project: str) -> None:
    throws_away(world, PROJECT, project)
    world.edit(Side.NAVIMPACT, project, title="Edited meanwhile")
    time_passes(world, 1)

    takes_out(world, PROJECT)

    assert both(world, project) == ("Edited meanwhile", "Edited meanwhile")
    assert (world.mapping_of(project).state, world.mapping_of(project).troubles) == (State.LINKED, ())


def test_who_rejects_the_deletion_meanwhile_is_told_that_the_page_cannot_come_back(world: World, project: str) -> None:
    throws_away(world, PROJECT, project)

    world.answer(world.mapping_of(project), "reject")
    time_passes(world, 2)

    assert "its database is in the trash" in str(newest(world, Operation.FAIL).message)
    assert world.mapping_of(project).state is State.AWAITING_APPROVAL


def test_a_story_whose_text_cannot_be_read_in_the_trash_is_not_deleted_when_its_database_is_back(
    world: World, project: str
) -> None:
    story = world.new_child(STORY, project, title="Tale", description="Old words")
    world.settle()
    world.notion_side.trash_hides_bodies = True
    page = throws_away(world, STORY, story)
    world.answer(world.mapping_of(story, STORY), "approve")
    time_passes(world, 1)

    takes_out(world, STORY)

    assert not isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert isinstance(world.shown(Side.NOTION, page, STORY), Present)


def test_what_each_look_leaves_as_it_was_is_looked_at_a_few_times_and_then_put_off(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, other = world.page_of(project), world.new_project(title="Other")
    world.settle()
    world.person.remove(PROJECT, page)
    monkeypatch.setattr(
        world.notion_side, "restore", lambda _, id: world.notion_side.shown(world.notion_side.pages[id])
    )
    before = len(world.notion.calls)

    world.edit(Side.NAVIMPACT, project, title="Edited meanwhile")
    world.edit(Side.NAVIMPACT, other, title="Arrives")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(other), "title") == "Arrives"
    assert world.notion.calls[before:].count("notion restore") <= 6
    assert "each look asked for another" in causes(world, project)


def test_a_record_that_is_made_meanwhile_gets_its_page_once_the_database_is_out_of_the_trash(world: World) -> None:
    world.person.trash_database(PROJECT)
    id = world.new_project(title="Kelp")
    time_passes(world, 2)
    assert "its database is in the trash" in causes(world, id)

    takes_out(world, PROJECT)

    assert both(world, id) == ("Kelp", "Kelp")


def test_a_page_that_was_made_unheard_before_its_database_was_thrown_away_clears_nothing(world: World) -> None:
    world.notion.fault = fail_once("notion create", Unclear("no answer"), applied=True)
    id = world.new_project(title="Kelp")
    world.slice()
    world.person.trash_database(PROJECT)
    world.edit(Side.NAVIMPACT, id, description="Written later")
    time_passes(world, 1)

    takes_out(world, PROJECT)

    assert both(world, id, "description") == ("Written later", "Written later")
    assert len(world.live_pages()) == 1
