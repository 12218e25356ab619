"""Where stories begin, unless they say otherwise."""

from __future__ import annotations

import pytest

from tests.simulation.world import Both, World, connected, two_workspaces


@pytest.fixture
def world() -> World:
    return connected()


@pytest.fixture
def both() -> Both:
    return two_workspaces()


@pytest.fixture
def project(world: World) -> str:
    """One called Reef, in step."""
    id = world.new_project(title="Reef")
    world.settle()
    return id
