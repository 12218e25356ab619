"""A workspace with rules of its own, and what happens to it in stories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from navsync.model import EntityType, Lane, Mapping, Scope, Settings, Side, State, Value, WorkKind
from tests.simulation.world import PROJECT, World

ACTIVE: Final = Settings(scope=Scope(statuses=("active",)))


def world_of(settings: Settings, *kinds: EntityType) -> World:
    world = World(settings=settings, entity_types=(PROJECT, *kinds))
    world.connect()
    return world


def change(world: World, **changes: Any) -> None:
    """What an admin sets, before anything comes of it."""
    workspace = world.desk.workspace()
    assert workspace is not None
    world.desk.save_workspace(replace(workspace, **changes))


def set_to(world: World, settings: Settings) -> None:
    """What PUT /workspaces/{id} does."""
    change(world, settings=settings)
    world.put(WorkKind.RULES, lane=Lane.BACKFILL)
    world.settle()


def both(world: World, **values: Value) -> tuple[str, str]:
    """A project and its page."""
    id = world.new_project(**values)
    world.settle()
    return id, world.page_of(id)


def with_held_edit(settings: Settings) -> tuple[World, str, str]:
    """A project that is called Reef, and its page that somebody called Mine, which *settings* hold there."""
    world = world_of(settings)
    id, page = both(world, title="Reef")
    world.edit(Side.NOTION, page, title="Mine")
    world.settle()
    return world, id, page


def made_of_a_row(world: World, **values: Value) -> tuple[str, str]:
    """A record that a row of Notion made, and the row."""
    page = world.new_row(title="Mine", **values)
    world.settle()
    ((_, id),) = world.platform.records
    return id, page


def gone_from_scope(world: World) -> tuple[str, str]:
    """A project that is active until somebody pauses it."""
    id, page = both(world, title="Reef", status="active")
    world.edit(Side.NAVIMPACT, id, status="paused")
    world.settle()
    return id, page


def trash(world: World, page: str) -> None:
    """A person throws the page away."""
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()


def delete(world: World, *ids: str) -> None:
    """People delete projects in NavImpact."""
    for id in ids:
        world.platform.remove(PROJECT, id)
    tell_of(world, *ids)


def tell_of(world: World, *ids: str) -> None:
    """Webhooks of NavImpact."""
    for id in ids:
        world.touched(Side.NAVIMPACT, id)
    world.settle()


def stopped_mass_deletion(world: World, **values: Value) -> tuple[list[str], list[str]]:
    """Eight projects that are gone at once, when a ninth is left, and the pages that wait for a person."""
    both(world, title="Reef that stays", **values)
    pairs = [both(world, title=f"Reef {n}", **values) for n in range(8)]
    ids = [id for id, _ in pairs]
    delete(world, *ids)
    return ids, [page for id, page in pairs if world.mapping_of(id).state is State.AWAITING_APPROVAL]


def only_mapping(world: World) -> Mapping:
    (mapping,) = world.store.of(1).mappings.values()
    return mapping


def troubles(world: World, id: str, kind: EntityType = PROJECT) -> list[tuple[str, str | None]]:
    return [(t.code, t.field) for t in world.mapping_of(id, kind).troubles]
