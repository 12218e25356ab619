"""Where stories begin, unless they say otherwise."""

from __future__ import annotations

import pytest

from navsync.fields import SPECS
from tests.simulation.world import Both, World, two_workspaces


@pytest.fixture
def world() -> World:
    """A connected workspace with all four kinds of record, and nothing in it yet."""
    world = World(entity_types=tuple(SPECS))
    world.connect()
    return world


@pytest.fixture
def both() -> Both:
    return two_workspaces()


@pytest.fixture
def project(world: World) -> str:
    """One called Reef, in step."""
    id = world.new_project(title="Reef")
    world.settle()
    return id
