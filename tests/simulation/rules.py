"""A workspace with rules of its own, and what happens to it in stories."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from navsync.model import EntityType, Lane, Scope, Settings, Value, WorkKind
from tests.simulation.world import PROJECT, World

ACTIVE: Final = Settings(scope=Scope(statuses=("active",)))


def world_of(settings: Settings, *kinds: EntityType) -> World:
    world = World(settings=settings, entity_types=(PROJECT, *kinds))
    world.connect()
    return world


def set_to(world: World, settings: Settings) -> None:
    """What PUT /workspaces/{id} does."""
    workspace = world.desk.workspace()
    assert workspace is not None
    world.desk.save_workspace(replace(workspace, settings=settings))
    world.put(WorkKind.RULES, lane=Lane.BACKFILL)
    world.settle()


def both(world: World, **values: Value) -> tuple[str, str]:
    """A project and its page."""
    id = world.new_project(**values)
    world.settle()
    return id, world.page_of(id)
