"""How long was an edit on its way? Rows of the sync log tell when what they carry was edited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.errors import Unavailable
from navsync.figures import arrival_ms
from navsync.model import Lane, Operation, Origin, Outcome, Present, Side, Work, WorkKind
from navsync.ports import SidePort
from tests.simulation.world import PROJECT, World


def told(world: World, side: Side, id: str) -> None:
    """The webhook of *side* about an edit made just now; it takes three seconds."""
    kind = WorkKind.ENTITY if side is Side.NAVIMPACT else WorkKind.PAGE
    made = world.clock()
    world.clock.advance(timedelta(seconds=3))
    nonce = str(next(world.ids))
    work = Work(Lane.LIVE, kind, f"{PROJECT}/{id}", nonce, world.clock(), nonce, origin=Origin(side, made))
    world.desk.put(work)


def edited(world: World, side: Side, id: str, **values: str) -> None:
    port: SidePort = world.platform if side is Side.NAVIMPACT else world.person
    seen = world.shown(side, id)
    assert isinstance(seen, Present)
    port.update(PROJECT, id, values, seen=seen)


def arrivals(world: World) -> list[int | None]:
    return [arrival_ms(row) for row in world.logs(Operation.UPDATE) if row.outcome is Outcome.SUCCESS]


@pytest.fixture
def reef(world: World) -> dict[Side, str]:
    id = world.new_project()
    world.settle()
    return {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}


@pytest.mark.parametrize("side", Side)
def test_an_edit_is_timed_from_when_it_was_made(world: World, reef: dict[Side, str], side: Side) -> None:
    edited(world, side, reef[side], title="Coral")
    told(world, side, reef[side])
    world.settle()

    assert arrivals(world) == [3_000]


def test_an_edit_that_was_put_off_is_timed_to_its_arrival(world: World, reef: dict[Side, str]) -> None:
    left = 2

    def fault(called: str, was_applied: bool) -> None:
        nonlocal left
        if called == "notion update" and not was_applied and left:
            left -= 1
            raise Unavailable("busy")

    world.notion.fault = fault
    edited(world, Side.NAVIMPACT, reef[Side.NAVIMPACT], title="Coral")
    told(world, Side.NAVIMPACT, reef[Side.NAVIMPACT])
    begun = world.clock()
    world.settle()

    waited = round((world.clock() - begun).total_seconds() * 1000)
    assert waited > 5_000
    assert arrivals(world) == [3_000 + waited]


def test_what_goes_to_the_side_that_was_edited_carries_no_edit_that_was_told_of(
    world: World, reef: dict[Side, str]
) -> None:
    edited(world, Side.NAVIMPACT, reef[Side.NAVIMPACT], title="Coral")
    told(world, Side.NOTION, reef[Side.NOTION])
    world.settle()

    assert arrivals(world) == [None]


def test_a_new_record_is_timed_too(world: World) -> None:
    made = world.platform.create(PROJECT, {"title": "Reef"}, key="person")
    told(world, Side.NAVIMPACT, made.id)
    world.settle()

    assert [arrival_ms(row) for row in world.logs(Operation.CREATE)] == [3_000]


def test_what_a_sweep_finds_is_not_timed(world: World, reef: dict[Side, str]) -> None:
    edited(world, Side.NAVIMPACT, reef[Side.NAVIMPACT], title="Coral")
    world.reconcile()

    assert arrivals(world) == [None]
