"""What a person asks for is done as they asked, whatever comes of itself meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from navsync.bootstrap import fresh
from navsync.errors import Down, SyncError, Unclear
from navsync.model import Direction, Lane, Present, Side, Work, WorkKind
from tests.simulation.faults import failing
from tests.simulation.world import PROJECT, World


@pytest.fixture
def id(world: World) -> str:
    """A project whose page somebody has just edited; its webhook was lost."""
    id = world.new_project()
    world.settle()
    world.person.edit(world.page_of(id), {"title": "Its webhook was lost"})
    return id


def ask(
    world: World,
    kind: WorkKind,
    about: str = "",
    lane: Lane = Lane.LIVE,
    *,
    thorough: bool = False,
    direction: Direction = Direction.BOTH,
) -> str:
    """A person's "sync now", as the API puts it; the id of its run."""
    work = fresh.work(lane, kind, about, actor="ann", direction=direction, thorough=thorough, requested=True)
    world.desk.put(replace(work, due=world.clock()))
    return work.run_id


def waits(world: World, run: str) -> bool:
    """Whether who asked for *run* is told that it is not done."""
    return any(run in (work.run_id, *work.also) for lane in Lane for work in world.desk.pending(lane, limit=100))


def test_a_webhook_takes_nothing_from_a_look_that_a_person_asked_for(world: World, id: str) -> None:
    run = ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", thorough=True)

    world.touched(Side.NAVIMPACT, id)
    assert waits(world, run)

    world.slice()
    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"
    assert not waits(world, run)


def test_a_look_that_a_person_asked_for_takes_nothing_from_a_webhook(world: World, id: str) -> None:
    world.edit(Side.NAVIMPACT, id, description="Told of")

    ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", thorough=True)
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "description") == "Told of"
    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"


def test_a_sync_in_one_direction_takes_nothing_from_a_look_that_waits(world: World) -> None:
    world.another_project()
    gone = world.new_project()
    world.settle()
    page = world.page_of(gone)
    world.platform.remove(PROJECT, gone)
    world.touched(Side.NAVIMPACT, gone)
    world.slice()
    assert page in world.live_pages()  # NavImpact is asked once more before that is believed

    ask(world, WorkKind.ENTITY, f"{PROJECT}/{gone}", direction=Direction.TO_NAVIMPACT)
    world.settle()

    assert page not in world.live_pages()


def test_of_two_people_who_ask_for_two_directions_each_gets_theirs(world: World, id: str) -> None:
    seen = world.shown(Side.NAVIMPACT, id)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, id, {"description": "Its webhook was lost, too"}, seen=seen)

    for direction in (Direction.TO_NOTION, Direction.TO_NAVIMPACT):
        ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", thorough=True, direction=direction)
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"
    assert world.value(Side.NOTION, world.page_of(id), "description") == "Its webhook was lost, too"


def test_a_reconcile_takes_nothing_from_projects_that_a_person_chose(world: World, id: str) -> None:
    run = ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", Lane.SWEEP, thorough=True)

    world.put(WorkKind.ENTITY, f"{PROJECT}/{id}", Lane.SWEEP)  # as a list of NavImpact shows it
    assert waits(world, run)

    world.slice()
    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"


def test_of_two_people_who_ask_for_the_same_the_first_is_not_told_that_it_is_done_before_anybody_has_looked(
    world: World, id: str
) -> None:
    first, second = (ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", thorough=True) for _ in range(2))

    assert (waits(world, first), waits(world, second)) == (True, True)
    world.slice()
    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"
    assert (waits(world, first), waits(world, second)) == (False, False)


@pytest.mark.parametrize("error", [Down("503"), Unclear("no answer")], ids=str)
def test_nor_is_either_of_them_while_it_is_to_be_tried_again(world: World, id: str, error: SyncError) -> None:
    first, second = (ask(world, WorkKind.ENTITY, f"{PROJECT}/{id}", thorough=True) for _ in range(2))
    world.navimpact.fault = failing(2, lambda: error, "navimpact update")

    world.slice()
    assert (waits(world, first), waits(world, second)) == (True, True)

    world.clock.advance(timedelta(hours=1))
    world.settle()
    assert (waits(world, first), waits(world, second)) == (False, False)


def test_the_schedule_takes_nothing_from_a_sync_of_the_workspace_that_a_person_asked_for(world: World) -> None:
    run = ask(world, WorkKind.SWEEP, lane=Lane.SWEEP)

    world.put(WorkKind.SWEEP, lane=Lane.SWEEP)

    assert waits(world, run)
    world.settle()
    assert not waits(world, run)


def test_a_person_who_asks_for_a_look_gets_one_on_both_sides(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.edit(Side.NOTION, page, title="Its webhook was lost")
    world.store.of(1).work.clear()

    world.desk.put(
        Work(Lane.LIVE, WorkKind.ENTITY, f"{PROJECT}/{id}", "n", world.clock(), "run", actor="ana", thorough=True)
    )
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == "Its webhook was lost"
