"""A first sync does several records at a time, each as if it were alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from navsync.conductor import SLICE, Tools, conduct
from navsync.conductor.station import threads_for
from navsync.errors import Blocked, NeedsReauth
from navsync.model import Lane, Pause, Settings, Work, WorkKind
from tests.contract.memory_store import MemoryDesk
from tests.simulation.world import World

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
