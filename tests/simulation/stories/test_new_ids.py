"""A project is made again and has another id: what of that is an edit of the records that belong to it?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.errors import Unavailable
from navsync.model import EntityType, Operation, Outcome, RemoveIntent, Side, State, SyncLog, Trashed, WorkKind
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.scenes import column_is_back, pair_of, rounds
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


def latest(world: World, operation: Operation, kind: EntityType) -> SyncLog:
    return max((row for row in world.logs(operation) if row.entity_type is kind), key=lambda row: row.id)


def titles(world: World, kind: EntityType) -> list[object]:
    return [record.fields["title"] for (each, _), record in world.platform.records.items() if each is kind]


def id_called(world: World, title: str) -> str:
    (id,) = (
        id for (kind, id), made in world.platform.records.items() if (kind, made.fields["title"]) == (PROJECT, title)
    )
    return id


def add_story(world: World, project: str) -> str:
    """Somebody adds a row that names the page of *project*."""
    page = world.person.add_row(STORY, {"title": "By mistake", "project": (world.page_of(project),)}).id
    world.touched(Side.NOTION, page, STORY)
    world.settle()
    assert titles(world, STORY) == ["By mistake"]
    return page


def deleted_and_made_again(world: World, project: str) -> str:
    """The project is deleted in NavImpact, and that is undone: its new id."""
    world.platform.remove(PROJECT, project)
    world.touched(Side.NAVIMPACT, project)
    world.settle()
    rounds(world, 3)
    world.decide(WorkKind.REVERT, f"log/{latest(world, Operation.DELETE, PROJECT).id}")
    rounds(world, 3)
    again = id_called(world, "Reef")
    assert again != project
    return again


def test_the_history_names_the_record_that_was_made_again(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()

    again = deleted_and_made_again(world, project)

    made = latest(world, Operation.CREATE, PROJECT)
    assert (made.entity_id, made.message) == (again, f"media project {project} is made again")


# --- what waits for a person ------------------------------------------------------------------------------------------


def with_an_undone_story(world: World) -> tuple[str, str]:
    """The page of a story whose making was undone, and then its project was made again; and the project's new id."""
    project = world.new_project(title="Reef")
    world.settle()
    page = add_story(world, project)
    world.decide(WorkKind.REVERT, f"log/{latest(world, Operation.CREATE, STORY).id}")
    assert titles(world, STORY) == []
    again = deleted_and_made_again(world, project)
    world.touched(Side.NOTION, page, STORY)
    rounds(world, 3)
    return page, again


def test_a_record_whose_making_was_undone_stays_undone_when_its_project_is_made_again(world: World) -> None:
    page, again = with_an_undone_story(world)

    assert titles(world, STORY) == []
    assert (pair_of(world, page).state, pair_of(world, page).troubles[0].code) == (State.AWAITING_APPROVAL, "undone")
    assert world.value(Side.NOTION, page, "project", STORY) == (again,)


@pytest.mark.parametrize("edited", ["its title", "its project"])
def test_an_edit_of_a_row_whose_making_was_undone_makes_its_record_again(world: World, edited: str) -> None:
    page, again = with_an_undone_story(world)

    another = world.page_of(id_called(world, "Another"))
    world.person.edit(page, {"title": "Meant"} if edited == "its title" else {"project": (another,)})
    world.touched(Side.NOTION, page, STORY)
    rounds(world, 3)

    (made,) = (record.fields for (kind, _), record in world.platform.records.items() if kind is STORY)
    meant = ("Meant", again) if edited == "its title" else ("By mistake", id_called(world, "Another"))
    assert (made["title"], str(made["project"])) == meant


def test_an_undo_of_that_undo_makes_the_record_again_below_its_project(world: World) -> None:
    page, again = with_an_undone_story(world)

    world.decide(WorkKind.REVERT, f"log/{latest(world, Operation.DELETE, STORY).id}")
    rounds(world, 3)

    (made,) = (record.fields for (kind, _), record in world.platform.records.items() if kind is STORY)
    assert (made["title"], str(made["project"])) == ("By mistake", again)
    assert pair_of(world, page).state is State.LINKED


def asked_about_a_story_whose_project_is_made_again(world: World) -> str:
    """The page of a story that was deleted, while a column could not be read; and then its project was made again."""
    project = world.new_project(title="Reef")
    world.settle()
    story = world.new_child(STORY, project, title="Read me")
    world.settle()
    page = world.page_of(story, STORY)
    world.notion_side.break_property(STORY, "stakeholder_name", "deleted")
    world.platform.remove(STORY, story)
    world.touched(Side.NAVIMPACT, story, STORY)
    world.settle()
    assert pair_of(world, page).state is State.AWAITING_APPROVAL
    column_is_back(world, "stakeholder_name", STORY)
    deleted_and_made_again(world, project)
    world.touched(Side.NOTION, page, STORY)
    rounds(world, 3)
    return page


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize("is_cut", [False, True])
def test_what_a_person_says_of_a_deletion_is_done_though_the_project_was_made_again(
    world: World, decision: str, *, is_cut: bool
) -> None:
    page = asked_about_a_story_whose_project_is_made_again(world)

    if is_cut:
        world.notion.fault = fail_once("notion remove", Unavailable("503"), applied=False)
    world.decide(WorkKind.DECIDE, str(pair_of(world, page).id), decision)
    rounds(world, 3)

    is_gone = isinstance(world.shown(Side.NOTION, page, STORY), Trashed)
    assert (titles(world, STORY), is_gone) == (([], True) if decision == "approve" else (["Read me"], False))


# --- what comes back with its project ---------------------------------------------------------------------------------


def test_a_story_comes_back_with_its_project_when_its_page_brings_that_back_first(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    page = add_story(world, project)
    world.platform.remove(PROJECT, project)
    world.edit(Side.NOTION, world.page_of(project), title="Reef", description="It is still going on.")
    world.settle()
    assert id_called(world, "Reef") != project

    world.touched(Side.NOTION, page, STORY)
    rounds(world, 3)

    assert titles(world, STORY) == ["By mistake"]
    assert world.value(Side.NOTION, page, "project", STORY) == (id_called(world, "Reef"),)


def test_a_page_that_was_about_to_go_with_its_project_stays_when_the_project_comes_back_first(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    page = add_story(world, project)
    project_page = world.page_of(project)
    world.platform.remove(PROJECT, project)
    world.touched(Side.NAVIMPACT, project)
    world.settle()
    story = str(pair_of(world, page).entity_id)
    world.notion.fault = fail_always("notion remove", Unavailable("503"))
    world.touched(Side.NAVIMPACT, story, STORY)
    while pair_of(world, page).intent is None:
        world.clock.advance(timedelta(seconds=10))
        world.slice()
    assert isinstance(pair_of(world, page).intent, RemoveIntent)
    world.notion.fault = None
    world.person.restore(PROJECT, project_page)
    world.touched(Side.NOTION, project_page)
    world.slice()
    assert id_called(world, "Reef") != project
    rounds(world, 3)

    assert titles(world, STORY) == ["By mistake"]
    assert page in world.live_pages()


# --- what is an edit all the same -------------------------------------------------------------------------------------


def with_a_story_that_stayed(world: World) -> tuple[str, str]:
    """The page of a story below a project that NavImpact hid for so long that it was made again, and its new id."""
    project = world.new_project(title="Reef")
    world.settle()
    page = add_story(world, project)
    hidden = world.platform.records.pop((PROJECT, project))
    world.edit(Side.NOTION, world.page_of(project), description="It is still going on.")
    world.settle()
    again = id_called(world, "Reef")
    world.platform.records[PROJECT, project] = hidden
    world.touched(Side.NOTION, page, STORY)
    rounds(world, 3)
    return page, again


def test_a_story_that_stayed_though_its_project_was_made_again_follows_it(world: World) -> None:
    page, again = with_a_story_that_stayed(world)

    story = world.platform.records[STORY, str(pair_of(world, page).entity_id)]
    assert str(story.fields["project"]) == again
    assert pair_of(world, page).conflicts == ()
    assert [row.outcome for row in world.logs(Operation.UPDATE) if row.entity_type is STORY] == [Outcome.SUCCESS]


def test_the_making_of_a_story_that_followed_its_project_can_be_undone(world: World) -> None:
    page, _again = with_a_story_that_stayed(world)

    world.decide(WorkKind.REVERT, f"log/{latest(world, Operation.CREATE, STORY).id}")
    rounds(world, 3)

    assert titles(world, STORY) == []
    assert page in world.live_pages()
