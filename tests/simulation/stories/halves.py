"""A long story of which the worker has written a half, and stopped between two of the requests that it takes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from navsync.model import EntityType, Operation, Policy, Settings, Side, WorkKind
from tests.simulation.employee import Killed
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY
FOOT = "The reef is ours."
OLD = [*(f"Paragraph {n} of the old story." for n in range(9)), FOOT]
NEW = [*(f"What the new one tells, part {n}." for n in range(9)), FOOT]
LONG = [*(f"Paragraph {n} of a long story." for n in range(18)), FOOT]
THREE_REQUESTS = 260
"""Bytes in one: so many of them make one of the first two texts the other, or a page that says the third."""

KILLED = Killed()
AFTER = pytest.mark.parametrize("after", [1, 2], ids=["after one request", "after two requests"])


def a_world(policy: Policy = Policy.ASK) -> World:
    world = World(entity_types=(PROJECT, STORY), settings=Settings(policy=policy))
    world.connect()
    world.notion_side.largest_write = THREE_REQUESTS
    world.new_project()
    world.settle()
    return world


def told(lines: list[str]) -> str:
    return "\n\n".join(lines)


def interrupted(world: World, requests: int, stop: BaseException) -> None:
    """The next slice ends in the middle, after so many of the requests that the text takes, and a while passes."""
    made = list[int]()

    def strike() -> None:
        made.append(1)
        if len(made) == requests:
            raise stop

    world.notion_side.between_requests = strike
    with suppress(Killed):
        world.slice()
    assert len(made) >= requests
    world.notion_side.between_requests = lambda: None
    world.clock.advance(timedelta(minutes=20))


def story(world: World, lines: list[str] = OLD) -> str:
    id = world.new_child(STORY, "1", title="Fishers", description=told(lines))
    world.settle()
    return id


def rewrite(world: World, id: str, lines: list[str]) -> None:
    world.edit(Side.NAVIMPACT, id, STORY, description=told(lines))


def lines_on(world: World, side: Side, id: str) -> list[str]:
    where = id if side is Side.NAVIMPACT else world.page_of(id, STORY)
    text = str(world.value(side, where, "description", STORY) or "")
    return [line for line in text.split("\n") if line]


def type_on_page(world: World, place: int, typed: str) -> list[str]:
    """A person types at the end of one line of what the page shows now; what it shows then."""
    (page,) = (page for page in world.notion_side.pages.values() if page.entity_type is STORY)
    lines = str(page.values["description"]).split("\n")
    lines[place] += typed
    world.edit(Side.NOTION, page.id, STORY, description="\n".join(lines))
    return lines


def come_to_rest(world: World) -> None:
    world.settle()
    world.reconcile()
    world.clock.advance(timedelta(hours=7))
    world.reconcile()


def undo_latest(world: World) -> None:
    row = world.logs(Operation.UPDATE)[-1]
    assert any(change.field == "description" for change in row.changes)
    world.ask(WorkKind.REVERT, f"log/{row.id}")


def half_undone(world: World, after: int, stop: BaseException = KILLED) -> str:
    id = story(world)
    rewrite(world, id, NEW)
    world.settle()
    undo_latest(world)
    interrupted(world, after, stop)
    return id


def half_rewritten(world: World, after: int, stop: BaseException = KILLED) -> str:
    id = story(world)
    rewrite(world, id, NEW)
    interrupted(world, after, stop)
    return id


def half_made(world: World, after: int, stop: BaseException = KILLED) -> str:
    id = world.new_child(STORY, "1", title="Fishers", description=told(LONG))
    interrupted(world, after, stop)
    return id


def half_merged(world: World, after: int, stop: BaseException = KILLED) -> str:
    """Both sides were edited, in different words of the same lines."""
    id = story(world)
    rewrite(world, id, [line.replace("Paragraph", "Part") for line in OLD])
    type_on_page(world, -2, " We were there.")
    interrupted(world, after, stop)
    return id
