"""People are at work in NavImpact in the very moment in which we delete there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import EntityRef, EntityType, Operation, Present, Side, SyncLog, WorkKind
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY

WORDS = "an hour of words"


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


def just_before(world: World, awaited: str, act: Callable[[], None]) -> None:
    """Somebody acts once, right before a call of ours arrives."""
    left = [act]

    def fault(call: str, applied: bool) -> None:
        if call == awaited and not applied and left:
            left.pop()()

    world.navimpact.fault = fault


def throw_away(world: World, kind: EntityType, id: str) -> None:
    page = world.page_of(id, kind)
    world.person.remove(kind, page)
    world.touched(Side.NOTION, page, kind)
    world.settle()


def approve(world: World, kind: EntityType, id: str) -> None:
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id, kind).id), "approve")


def deleted_in_navimpact(world: World, kind: EntityType) -> list[SyncLog]:
    return [log for log in world.logs(Operation.DELETE) if (log.entity_type, log.side) == (kind, Side.NAVIMPACT)]


def is_recorded(world: World, words: str) -> bool:
    return any(words in str(change.old) for log in world.store.of(1).logs.values() for change in log.changes)


# --- an edit and our deletion -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PROJECT, STORY])
def test_an_edit_right_before_an_approved_deletion_outlives_it(world: World, kind: EntityType) -> None:
    project = world.new_project(description="old")
    world.settle()
    id = project if kind is PROJECT else world.new_child(STORY, project, description="old")
    world.settle()
    throw_away(world, kind, id)

    just_before(world, "navimpact remove", lambda: world.edit(Side.NAVIMPACT, id, kind, description=WORDS))
    approve(world, kind, id)

    assert world.value(Side.NAVIMPACT, id, "description", kind) == WORDS
    assert isinstance(world.shown(Side.NOTION, world.page_of(id, kind), kind), Present)
    assert world.value(Side.NOTION, world.page_of(id, kind), "description", kind) == WORDS


def test_an_edit_right_before_an_undo_outlives_it(world: World) -> None:
    row = world.new_row(title="Reef")
    world.settle()
    (made,) = [log for log in world.logs(Operation.CREATE) if log.side is Side.NAVIMPACT]
    id = str(made.entity_id)

    just_before(world, "navimpact remove", lambda: world.edit(Side.NAVIMPACT, id, description=WORDS))
    world.decide(WorkKind.REVERT, f"record/{made.id}")

    assert world.value(Side.NAVIMPACT, id, "description") == WORDS
    assert world.value(Side.NOTION, row, "description") == WORDS


def test_a_record_that_nobody_edits_goes_at_the_first_try(world: World) -> None:
    project = world.new_project()
    world.settle()
    throw_away(world, PROJECT, project)

    approve(world, PROJECT, project)

    assert world.navimpact.calls.count("navimpact remove") == 1
    assert (PROJECT, project) not in world.platform.records


def test_without_an_etag_an_edit_while_children_are_listed_outlives_the_deletion(world: World) -> None:
    world.platform.conditional = False
    project = world.new_project(description="old")
    world.settle()
    throw_away(world, PROJECT, project)
    mapping = world.mapping_of(project)

    listed: list[str] = []

    def edit_after_the_last_listing(call: str, applied: bool) -> None:
        is_told = any(log.mapping_id == mapping.id for log in deleted_in_navimpact(world, PROJECT))
        if call == "navimpact changed_since" and applied and is_told:
            listed.append(call)
            if len(listed) == len(SPECS) - 1:
                world.edit(Side.NAVIMPACT, project, description=WORDS)

    world.navimpact.fault = edit_after_the_last_listing
    approve(world, PROJECT, project)

    assert world.value(Side.NAVIMPACT, project, "description") == WORDS


def test_without_an_etag_nothing_is_deleted_while_another_workspace_writes_it(world: World) -> None:
    world.platform.conditional = False
    project = world.new_project()
    world.settle()
    throw_away(world, PROJECT, project)
    written_until = world.clock() + timedelta(seconds=30)
    world.store.held[EntityRef(PROJECT, project)] = ("another workspace", written_until)

    world.ask(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    world.slice()
    assert (PROJECT, project) in world.platform.records

    world.clock.now = max(world.clock.now, written_until)
    world.settle()
    assert (PROJECT, project) not in world.platform.records


def test_a_story_that_was_edited_while_the_project_was_read_is_recorded_as_it_went(world: World) -> None:
    project = world.new_project()
    world.settle()
    story = world.new_child(STORY, project, description="old")
    world.settle()
    throw_away(world, PROJECT, project)

    def edit_at_the_last_read(call: str, applied: bool) -> None:
        if call == "navimpact read" and applied and deleted_in_navimpact(world, PROJECT):
            world.navimpact.fault = None
            world.edit(Side.NAVIMPACT, story, STORY, description=WORDS)

    world.navimpact.fault = edit_at_the_last_read
    approve(world, PROJECT, project)

    assert (STORY, story) not in world.platform.records
    assert is_recorded(world, WORDS)


# --- an undo and what others add --------------------------------------------------------------------------------------


def made_of_a_row(world: World) -> SyncLog:
    world.new_row(title="Reef")
    world.settle()
    (made,) = [log for log in world.logs(Operation.CREATE) if log.side is Side.NAVIMPACT]
    return made


def add_story(world: World, made: SyncLog) -> None:
    world.new_child(STORY, str(made.entity_id), title="A colleague's", description=WORDS)


def test_an_undo_that_goes_on_later_leaves_what_a_colleague_has_added(world: World) -> None:
    made = made_of_a_row(world)

    def add_and_fail() -> None:
        add_story(world, made)
        raise Unavailable("no answer")

    just_before(world, "navimpact remove", add_and_fail)
    world.decide(WorkKind.REVERT, f"record/{made.id}")

    assert (PROJECT, made.entity_id) in world.platform.records
    assert [r.values()["description"] for r in world.platform.records.values() if r.entity_type is STORY] == [WORDS]


def test_an_undo_after_a_crash_leaves_what_a_colleague_has_added(world: World) -> None:
    made = made_of_a_row(world)

    def die() -> None:
        raise KeyboardInterrupt

    just_before(world, "navimpact remove", die)
    with pytest.raises(KeyboardInterrupt):
        world.decide(WorkKind.REVERT, f"record/{made.id}")
    world.clock.advance(timedelta(minutes=5))
    add_story(world, made)
    world.settle()

    assert (PROJECT, made.entity_id) in world.platform.records
    assert [r.values()["description"] for r in world.platform.records.values() if r.entity_type is STORY] == [WORDS]


def test_an_undo_sees_what_is_added_after_it_was_asked_for(world: World) -> None:
    made = made_of_a_row(world)

    def add_once_it_began(call: str, applied: bool) -> None:
        if call == "navimpact read" and applied and deleted_in_navimpact(world, PROJECT):
            world.navimpact.fault = None
            add_story(world, made)

    world.navimpact.fault = add_once_it_began
    world.decide(WorkKind.REVERT, f"record/{made.id}")

    assert (PROJECT, made.entity_id) in world.platform.records
    (undo,) = deleted_in_navimpact(world, PROJECT)
    assert "other records belong to it by now" in str(undo.message)
