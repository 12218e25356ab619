"""A person approved a deletion, and NavImpact did not take it: it can be called off, and says why it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.errors import Down, Refused, SyncError
from navsync.model import EntityType, Operation, Outcome, Present, Side, State, WorkKind
from tests.simulation.faults import fail_always
from tests.simulation.stories.scenes import both, in_trash
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY
TICK = timedelta(minutes=20)


def approved(world: World, id: str, error: SyncError) -> None:
    """A person approves the deletion, and NavImpact answers with *error*."""
    world.navimpact.fault = fail_always("navimpact remove", error)
    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    for _ in range(3):
        world.slice()
        world.clock.advance(timedelta(seconds=10))


@pytest.fixture
def story(world: World, project: str) -> str:
    id = world.new_child(STORY, project, title="Tale", description="Old words")
    world.settle()
    return id


def test_a_page_taken_out_of_the_trash_keeps_its_record_though_the_deletion_had_begun(
    world: World, project: str
) -> None:
    page = in_trash(world, project)
    approved(world, project, Down("navimpact is down"))

    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, title="I want it after all")
    world.navimpact.fault = None
    world.clock.advance(TICK)
    world.settle()

    assert both(world, project) == ("I want it after all", "I want it after all")


def test_a_deletion_that_had_begun_can_still_be_rejected(world: World, project: str) -> None:
    page = in_trash(world, project)
    approved(world, project, Down("navimpact is down"))

    world.navimpact.fault = None
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "reject")

    assert both(world, project) == ("Reef", "Reef")
    assert world.page_of(project) == page


def test_a_deletion_that_navimpact_refuses_waits_and_says_why(world: World, project: str) -> None:
    in_trash(world, project)

    approved(world, project, Refused("it is locked"))

    mapping = world.mapping_of(project)
    assert (mapping.state, mapping.intent) == (State.AWAITING_APPROVAL, None)
    assert ["it is locked" in t.cause for t in mapping.troubles if t.code == "refused"] == [True]


def test_a_deletion_that_navimpact_refused_can_be_rejected(world: World, project: str) -> None:
    in_trash(world, project)
    approved(world, project, Refused("it is locked"))

    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "reject")

    mapping = world.mapping_of(project)
    assert both(world, project) == ("Reef", "Reef")
    assert (mapping.state, mapping.troubles) == (State.LINKED, ())


def test_what_would_have_gone_along_is_not_called_deleted_when_nothing_was(
    world: World, project: str, story: str
) -> None:
    in_trash(world, project)

    approved(world, project, Refused("it is locked"))

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Present)
    told = [log for log in world.logs(Operation.DELETE) if log.entity_type is STORY]
    assert Outcome.SUCCESS not in {log.outcome for log in told}


def test_what_goes_along_is_in_the_log_as_it_was_when_it_went(world: World, project: str, story: str) -> None:
    in_trash(world, project)
    approved(world, project, Down("navimpact is down"))
    seen = world.platform.read(STORY, story)
    assert isinstance(seen, Present)
    world.platform.update(STORY, story, {"description": "New words"}, seen=seen)

    world.navimpact.fault = None
    world.clock.advance(TICK)
    world.settle()

    assert STORY not in {kind for kind, _ in world.platform.records}
    deleted = [log for log in world.logs(Operation.DELETE) if log.outcome is Outcome.SUCCESS]
    assert "New words" in {change.old for log in deleted for change in log.changes}
