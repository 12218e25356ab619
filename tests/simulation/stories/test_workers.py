"""A worker comes too late, finds the workspace closed, or does not get to the end: the next one goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from navsync.conductor import LEASE, Waker, pass_on
from navsync.errors import NeedsReauth
from navsync.model import BudgetWindow, Connection, Pause, Side, WorkKind
from tests.simulation.faults import once
from tests.simulation.world import PROJECT, World

# --- slices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hindrance", ["paused", "held by another"])
def test_a_wake_that_finds_the_workspace_closed_makes_room_for_the_next(world: World, hindrance: str) -> None:
    if hindrance == "paused":
        workspace = world.desk.workspace()
        assert workspace is not None
        world.desk.save_workspace(replace(workspace, is_active=False))
    else:
        world.desk.acquire("another", now=world.clock(), until=world.clock() + timedelta(minutes=1))
    epoch = world.desk.epoch()

    world.slice()

    assert world.desk.epoch() > epoch


def test_a_backfill_longer_than_many_slices_comes_to_its_end() -> None:
    world = World()
    ids = [world.platform.create(PROJECT, {"title": f"P{n}"}, key=str(n)).id for n in range(250)]
    world.put(WorkKind.SETUP)

    def take_time(called: str, applied: bool) -> None:
        if called == "notion create" and applied:
            world.clock.advance(timedelta(seconds=4))

    world.notion.fault = take_time
    world.settle(most=60)
    listed = [call for call in world.navimpact.calls if call == "navimpact changed_since"]

    assert len(world.live_pages()) == len(ids)
    assert len(listed) < 40  # a slice goes on at the page where the one before it ended


def test_a_slice_that_got_nowhere_does_not_wake_at_once() -> None:
    world = World()
    waker = _Waker()

    world.put(WorkKind.SETUP)
    ended = replace(world.slice(), looked_at=0, again_at=world.clock())
    pass_on(ended, 1, waker, now=world.clock())

    assert waker.said == ["later"]


class _Waker(Waker):
    def __init__(self) -> None:
        self.said: list[str] = []

    def wake(self, workspace_id: int) -> None:
        self.said.append("wake")

    def later(self, workspace_id: int, at: object, now: object) -> None:
        self.said.append("later")


# --- late workers -----------------------------------------------------------------------------------------------------


def test_a_late_worker_does_not_unblock_the_workspace(world: World) -> None:
    desk = world.desk
    late = desk.acquire("late", now=world.clock(), until=world.clock() + LEASE)
    world.clock.advance(2 * LEASE)
    current = desk.acquire("current", now=world.clock(), until=world.clock() + LEASE)
    assert late is not None
    assert current is not None
    blocked = BudgetWindow(world.clock(), blocked_until=world.clock() + timedelta(minutes=10))

    desk.save_budget(blocked, current)
    desk.save_budget(BudgetWindow(world.clock()), late)

    assert desk.budget() == blocked


def test_a_block_is_known_to_a_worker_that_had_to_wait_for_the_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    world.settle()
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.notion.calls.clear()
    acquire = type(world.desk).acquire

    def blocked_meanwhile(*args: object, **kwargs: object) -> object:
        world.store.of(1).pause = Pause(world.clock() + timedelta(minutes=10))
        return acquire(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.desk), "acquire", blocked_meanwhile)
    world.slice()

    assert world.notion.calls == []


def test_a_token_found_dead_by_a_late_worker_does_not_undo_a_new_connection(world: World) -> None:
    id = world.new_project()
    world.settle()

    def reconnected() -> None:
        workspace = world.desk.workspace()
        assert workspace is not None
        world.desk.save_workspace(replace(workspace, name="connected again"))
        raise NeedsReauth("revoked")

    world.notion.fault = once("notion read", reconnected, applied=False)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.settle()

    workspace = world.desk.workspace()
    assert workspace is not None
    assert workspace.connection is Connection.CONNECTED
    assert world.value(Side.NOTION, world.page_of(id), "title") == "Edited"
