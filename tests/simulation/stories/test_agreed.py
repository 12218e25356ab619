"""Since when do both sides say the same?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.model import Side, WorkKind
from tests.simulation.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def world(world: World) -> World:
    world.new_project(title="Reef")
    world.settle()
    world.clock.advance(HOUR)
    return world


def test_a_record_that_was_made_is_in_step_since_then(world: World) -> None:
    mapping = world.mapping_of("1")

    assert mapping.agreed_at == mapping.last_change_at is not None


def test_an_edit_that_arrived_begins_it_anew(world: World) -> None:
    before = world.clock()

    world.edit(Side.NAVIMPACT, "1", title="Coral reef")
    world.settle()

    agreed = world.mapping_of("1").agreed_at
    assert agreed is not None
    assert agreed >= before


def test_the_same_edit_on_both_sides_begins_it_though_nothing_is_written(world: World) -> None:
    written = world.mapping_of("1").last_change_at
    for side, id in ((Side.NAVIMPACT, "1"), (Side.NOTION, world.page_of("1"))):
        world.edit(side, id, title="Coral reef")

    world.settle()

    mapping = world.mapping_of("1")
    assert mapping.agreed_at is not None
    assert written is not None
    assert (mapping.agreed_at > written, mapping.last_change_at) == (True, written)


def test_a_look_that_finds_nothing_new_does_not_begin_it(world: World) -> None:
    before = world.mapping_of("1").agreed_at

    world.put(WorkKind.MAPPING, str(world.mapping_of("1").id))
    world.settle()

    assert world.mapping_of("1").agreed_at == before
