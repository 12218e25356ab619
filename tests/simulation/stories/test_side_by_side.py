"""A first sync does several records at a time, each as if it were alone."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from navsync.conductor import SLICE, Tools, conduct
from navsync.conductor.station import threads_for
from navsync.errors import Blocked, NeedsReauth, Unclear
from navsync.model import EntityType, Lane, Pause, Present, Settings, Side, Values, Work, WorkKind
from tests.contract.memory_store import MemoryDesk
from tests.simulation.faults import fail_always
from tests.simulation.stories.scenes import titles
from tests.simulation.world import PROJECT, Fault, World

THREADS = 4


class Crowd:
    """Lets a call go on only when others are in it as well."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=5)
        self.together = 0

    def __call__(self, call: str, applied: bool) -> None:
        if call == "notion create" and not applied:
            self.barrier.wait()
            self.together += 1


def parallel(world: World) -> Tools:
    return replace(world.tools(), most_threads=THREADS)


def first_sync(world: World, records: int) -> None:
    for n in range(records):
        world.new_project(title=f"P{n}")
    world.store.of(1).work.clear()
    world.put(WorkKind.SETUP)


def drain(world: World, *, until: datetime | None = None, **changes: Any) -> None:
    """Work until nothing is left, or until nothing is left before *until*."""
    for _ in range(50):
        tools = replace(parallel(world), **changes)
        again_at = conduct(tools, "worker", until=world.clock() + SLICE).again_at
        if again_at is None or again_at == until:
            return
        world.clock.now = max(world.clock.now, again_at)
    raise AssertionError("not settled")


@pytest.fixture
def world() -> World:
    return World(settings=Settings(requests_per_minute=600))


def test_records_of_a_first_sync_are_made_side_by_side(world: World) -> None:
    first_sync(world, 2 * THREADS)
    world.notion.fault = crowd = Crowd(THREADS)

    drain(world)

    assert crowd.together == 2 * THREADS
    assert len(world.live_pages()) == 2 * THREADS


def test_a_limit_stops_all_of_them_and_nothing_is_made_twice(world: World) -> None:
    first_sync(world, 10)
    until, calls = world.clock() + timedelta(minutes=1), list[str]()

    def limited(call: str, applied: bool) -> None:
        if call == "notion create" and not applied and world.clock() < until:
            calls.append(call)
            if len(calls) > 2:
                raise Blocked("enough", until=until)

    world.notion.fault = limited
    drain(world, until=until)
    assert 2 < len(calls) <= 2 + THREADS

    drain(world)

    titles = sorted(str(page.values["title"]) for page in world.notion_side.pages.values())
    assert titles == sorted(f"P{n}" for n in range(10))


def test_after_a_worker_died_one_record_is_done_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first_sync(world, 4)
    inside, most = list[str](), list[int]()

    def counted(call: str, applied: bool) -> None:
        if call == "notion create":
            inside.remove(call) if applied else inside.append(call)
            most.append(len(inside))

    def dies(call: str, applied: bool) -> None:
        if call == "notion changed_since":
            raise KeyboardInterrupt

    world.notion.fault = dies
    with monkeypatch.context() as killed:
        killed.setattr(MemoryDesk, "release", lambda *_: None)  # a worker that is killed gives nothing back
        with pytest.raises(KeyboardInterrupt):
            drain(world)
    world.clock.now += timedelta(minutes=5)
    world.notion.fault = counted

    conduct(parallel(world), "successor", until=world.clock() + SLICE)

    assert max(most) == 1


@pytest.mark.parametrize(("budget", "threads"), [(1, 1), (60, 1), (180, 2), (600, 6), (10_000, 8)])
def test_there_are_as_many_threads_as_the_budget_asks_for(budget: int, threads: int) -> None:
    assert threads_for(budget, 8) == threads


def test_of_two_pauses_the_longer_one_is_kept(world: World) -> None:
    first_sync(world, THREADS)
    short, long = (world.clock() + timedelta(seconds=s) for s in (30, 600))
    untils, lock = [short, long], threading.Barrier(THREADS, timeout=5)

    def limited(call: str, applied: bool) -> None:
        if call == "notion create" and not applied and world.clock() < long:
            lock.wait()
            raise Blocked("enough", until=untils.pop() if untils else short)

    world.notion.fault = limited
    drain(world, until=long)

    assert world.desk.pause() is not None
    assert world.desk.pause().until == long  # type: ignore[union-attr]


def test_a_pause_that_one_thread_was_asked_for_is_kept_though_another_found_the_token_dead(world: World) -> None:
    first_sync(world, THREADS)
    until = world.clock() + timedelta(minutes=10)
    errors, lock = [NeedsReauth("revoked"), Blocked("enough", until=until)] * 2, threading.Barrier(THREADS, timeout=5)

    def limited(call: str, applied: bool) -> None:
        if call == "notion create" and not applied:
            lock.wait()
            raise errors.pop()

    world.notion.fault = limited
    drain(world)

    assert world.desk.pause() == Pause(until)


def test_a_limit_of_all_connections_that_one_thread_met_stops_the_sisters_too(world: World) -> None:
    first_sync(world, THREADS)
    until, of_all = world.clock() + timedelta(minutes=10), [False, True, False, False]
    stopped, lock = list[Pause](), threading.Barrier(THREADS, timeout=5)

    def limited(call: str, applied: bool) -> None:
        if call == "notion create" and not applied and world.clock() < until:
            lock.wait()
            raise Blocked("enough", until=until, whole_workspace=of_all.pop() if of_all else False)

    world.notion.fault = limited
    drain(world, until=until, pause_sisters=lambda _, pause: stopped.append(pause))

    assert [pause.until for pause in stopped] == [until]


def test_a_persons_edit_is_served_from_the_budget_kept_for_people(world: World) -> None:
    served = list[Work]()
    world.new_project(title="Reef")

    conduct(replace(world.tools(), serving=served.append), "worker", until=world.clock() + SLICE)

    assert [work.lane for work in served] == [Lane.LIVE]


# --- a creation whose answer was lost ---------------------------------------------------------------------------------


@pytest.fixture
def crowded() -> World:
    """A first sync that several threads do, with a NavImpact that knows no idempotency key."""
    world = World(settings=Settings(requests_per_minute=600))
    world.platform.idempotent = False
    world.put(WorkKind.SETUP)
    return world


def many_records(world: World) -> list[str]:
    others = [f"Other {n}" for n in range(18)]
    for title in others:
        world.platform.create(PROJECT, {"title": title, "description": title}, key=title)
    return others


def waiting_for_another() -> Fault:
    """A thread that creates waits for a second one, which should not come."""
    two = threading.Barrier(2, timeout=0.2)

    def fault(call: str, applied: bool) -> None:
        if call == "navimpact create" and not applied:
            with suppress(threading.BrokenBarrierError):
                two.wait()

    return fault


def test_several_threads_repeat_a_creation_once_that_one_of_them_lost(crowded: World) -> None:
    world = crowded
    world.person.add_row(PROJECT, {"title": "Whale song"})
    others = many_records(world)

    meeting = waiting_for_another()

    def well_once_a_page_is_made(call: str, applied: bool) -> None:
        if call == "notion create" and not applied:
            world.navimpact.fault = meeting
            world.clock.advance(timedelta(seconds=1))

    world.navimpact.fault = fail_always("navimpact create", Unclear("timeout"))
    world.notion.fault = well_once_a_page_is_made
    drain(world)

    assert titles(world) == sorted(["Whale song", *others])


def test_several_threads_repeat_a_creation_once_that_an_earlier_slice_lost(crowded: World) -> None:
    world = crowded
    world.settle()
    world.navimpact.fault = fail_always("navimpact create", Unclear("timeout"))
    world.new_row(title="Whale song")
    world.slice()
    world.store.of(1).work.clear()  # its own turn comes after the first records of the backfill
    others = many_records(world)

    world.navimpact.fault = waiting_for_another()
    world.clock.advance(timedelta(minutes=3))
    world.put(WorkKind.BACKFILL, f"{Side.NAVIMPACT}/{PROJECT}", lane=Lane.BACKFILL)
    drain(world)

    assert titles(world) == sorted(["Whale song", *others])


@pytest.mark.parametrize("landed", [False, True])
def test_a_record_made_at_the_same_time_is_not_taken_for_the_lost_one(crowded: World, *, landed: bool) -> None:
    world, b_is_made, a_is_lost = crowded, threading.Event(), threading.Event()
    alike: Values = {"status": "Draft", "project_type": "Documentary", "budget": Decimal(5), "description": "x"}
    rows = {title: world.person.add_row(PROJECT, {"title": title, **alike}).id for title in "AB"}
    create = world.platform.create

    def create_both_at_once(entity_type: EntityType, values: Values, *, key: str) -> Present:
        if values["title"] == "A" and not a_is_lost.is_set():
            b_is_made.wait(2)
            if landed:
                create(entity_type, values, key=key)
            a_is_lost.set()
            raise Unclear("timeout")
        made = create(entity_type, values, key=key)
        b_is_made.set()
        a_is_lost.wait(2)
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.platform, "create", create_both_at_once)
        drain(world)

    assert titles(world) == ["A", "B"]
    kept = world.store.of(1).mappings.values()
    assert {m.page_id: world.value(Side.NAVIMPACT, str(m.entity_id), "title") for m in kept} == {
        page: title for title, page in rows.items()
    }
