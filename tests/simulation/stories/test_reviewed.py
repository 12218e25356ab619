"""What a hostile reviewer found: each was broken once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from navsync.conductor import Waker, pass_on
from navsync.engine import SETTLE
from navsync.errors import Suspended, Unavailable, Unclear
from navsync.model import Connection, EntityType, Lane, Observation, Operation, Side, Work, WorkKind
from tests.simulation.world import PROJECT, World


def test_an_exception_that_nobody_foresaw_holds_up_no_other_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = world.new_project(title="bad"), world.new_project(title="good")
    world.settle()
    read, page = world.notion_side.read, world.page_of(bad)

    def misread(entity_type: EntityType, id: str) -> Observation:
        if id == page:
            raise KeyError("properties")
        return read(entity_type, id)

    with monkeypatch.context() as broken:
        broken.setattr(world.notion_side, "read", misread)
        world.edit(Side.NAVIMPACT, bad, title="bad, edited")
        world.edit(Side.NAVIMPACT, good, title="good, edited")

        ended = world.slice()

    assert ended.failed == 1
    assert world.value(Side.NOTION, world.page_of(good), "title") == "good, edited"
    assert "KeyError" in world.mapping_of(bad).troubles[0].cause
    world.settle()
    assert world.value(Side.NOTION, page, "title") == "bad, edited"


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


def test_a_create_that_keeps_failing_holds_up_no_other_new_record(world: World) -> None:
    def fail(called: str, applied: bool) -> None:
        if called == "navimpact create" and not applied:
            raise Unavailable("503, for ever")

    world.navimpact.fault = fail
    world.new_row(title="never taken")
    world.slice()

    newcomers = [world.new_project(title=f"new {n}") for n in range(5)]
    for _ in range(5):
        world.slice()
        world.clock.advance(timedelta(seconds=10))

    assert {world.value(Side.NOTION, world.page_of(id), "title") for id in newcomers} == {f"new {n}" for n in range(5)}


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


def test_a_database_whose_making_is_unclear_is_not_made_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    made: list[object] = []

    def create(*_: object) -> None:
        made.append(world.clock())
        raise Unclear("the answer was lost")

    monkeypatch.setattr(world.notion, "find_source", lambda _: None)
    monkeypatch.setattr(world.notion, "create_source", create)
    world.put(WorkKind.SETUP)
    for _ in range(8):
        world.slice()
        world.clock.advance(timedelta(seconds=10))
    assert len(made) == 1

    world.clock.advance(SETTLE)
    world.slice()
    assert len(made) == 2


def test_a_connection_that_was_cut_short_is_set_up_by_the_next_tick() -> None:
    world = World()
    id = world.platform.create(PROJECT, {"title": "Reef"}, key="k").id

    world.reconcile()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Reef"


def test_a_connection_that_notion_blocked_makes_no_further_call(world: World) -> None:
    id = world.new_project()
    world.settle()

    def refuse(called: str, applied: bool) -> None:
        if called.startswith("notion") and not applied:
            raise Suspended("do not retry")

    world.notion.fault = refuse
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    world.notion.fault = None
    calls = len(world.notion.calls)
    world.slice()

    workspace = world.desk.workspace()
    assert workspace is not None
    assert workspace.connection is Connection.SUSPENDED
    assert len(world.notion.calls) == calls


def test_one_time_from_the_far_future_does_not_blind_the_sweep(world: World) -> None:
    odd, usual = world.new_project(title="odd"), world.new_project(title="usual")
    world.settle()
    world.platform.records[PROJECT, odd].updated_at = world.clock() + timedelta(days=365)
    world.reconcile()
    world.clock.advance(timedelta(minutes=10))

    world.edit(Side.NAVIMPACT, usual, title="Edited")
    world.store.of(1).work.clear()
    world.reconcile()

    assert world.value(Side.NOTION, world.page_of(usual), "title") == "Edited"


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


def test_what_failed_is_in_the_log_for_people(world: World) -> None:
    def fail(called: str, _applied: bool) -> None:
        if called == "notion read":
            raise Unavailable("down")

    world.notion.fault = fail
    world.put(WorkKind.PAGE, f"{PROJECT}/393abc1e-0000-0000-0000-00000000ffff")
    world.slice()

    assert [log.message for log in world.logs(Operation.FAIL)] == ["down"]
