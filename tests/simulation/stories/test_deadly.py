"""What kills its worker is parked, under whatever name it is found, and the rest of the workspace goes on."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from navsync.conductor import Slice
from navsync.conductor.shift import DEADLY, PARKED
from navsync.model import Lane, Operation, Present, Side, State, Work, WorkKind
from tests.contract.memory_store import MemoryDesk
from tests.simulation.employee import Killed
from tests.simulation.world import PROJECT, World

TICK, HOUR = timedelta(minutes=5), timedelta(hours=1)

INVISIBLE = timedelta(minutes=3)
"""After a worker died its message comes back, and the lease has run out."""


class Workers:
    """One after the other; a call may kill them."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.died, self.is_dead, self.are_mortal = world, 0, False, True
        for name in ("release", "survive"):  # a process that is gone runs no `finally`
            monkeypatch.setattr(MemoryDesk, name, self._of_the_living(getattr(MemoryDesk, name)))

    def _of_the_living(self, method: Any) -> Any:
        def call(*args: Any) -> None:
            if not self.is_dead:
                method(*args)

        return call

    def die(self) -> None:
        self.died, self.is_dead = self.died + 1, True
        raise Killed

    def slice(self) -> Slice | None:
        self.is_dead = False
        with suppress(Killed):
            return self.world.slice()
        self.world.clock.advance(INVISIBLE)
        return None

    def work(self, span: timedelta, *, ticks: bool = True) -> None:
        """For so long, with a reconcile every five minutes."""
        clock = self.world.clock
        end, tick = clock() + span, clock()
        while clock() < end:
            if ticks and clock() >= tick:
                tick = clock() + TICK
                self.world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
            if self.slice() is not None:
                clock.advance(timedelta(seconds=20))


@pytest.fixture
def workers(world: World, monkeypatch: pytest.MonkeyPatch) -> Workers:
    return Workers(world, monkeypatch)


@pytest.fixture
def bad(world: World, workers: Workers) -> str:
    """A record whose description kills whoever writes it on its page."""
    id = world.new_project(title="Bad")
    world.settle()
    world.clock.advance(HOUR)
    world.reconcile()
    deadly_on_pages(workers, "BOOM")
    world.edit(Side.NAVIMPACT, id, description="BOOM")
    return id


def deadly_on_pages(workers: Workers, description: str) -> None:
    update = workers.world.notion_side.update

    def deadly(kind: Any, id: str, changes: Any, *, seen: Present) -> Present:
        if workers.are_mortal and changes.get("description") == description:
            workers.die()
        return update(kind, id, changes, seen=seen)

    workers.world.notion_side.update = deadly  # type: ignore[method-assign, assignment]  # one call of a fake kills


def ask_for(world: World, id: str) -> None:
    """A person's "sync now"."""
    nonce = str(next(world.ids))
    now = world.clock()
    ref = f"{PROJECT}/{id}"
    world.desk.put(Work(Lane.LIVE, WorkKind.ENTITY, ref, nonce, now, nonce, actor="ana", thorough=True, requested=True))


def test_it_costs_two_workers_and_then_one_after_ever_longer_pauses(workers: Workers, bad: str) -> None:
    workers.work(PARKED)
    assert workers.died == DEADLY

    workers.work(timedelta(hours=6))
    assert workers.died == DEADLY + 2  # after one hour and after two more; the next is due four hours later


def test_its_neighbours_are_synced_while_it_is_parked(world: World, workers: Workers, bad: str) -> None:
    good = world.new_project(title="Good")
    workers.work(timedelta(minutes=10))

    world.edit(Side.NAVIMPACT, good, title="Better")
    workers.slice()

    assert world.value(Side.NOTION, world.page_of(good), "title") == "Better"


def test_it_says_what_happened_and_when_it_is_looked_at_again(world: World, workers: Workers, bad: str) -> None:
    workers.work(timedelta(minutes=10))

    mapping = world.mapping_of(bad)
    assert mapping.next_retry_at is not None
    assert mapping.next_retry_at > world.clock() + PARKED / 2
    said = f"2 workers died at it, one after the other; it is left alone until {mapping.next_retry_at:%H:%M} UTC"
    assert [(t.code, t.cause) for t in mapping.troubles] == [("failing", f"The last look failed: {said}")]
    assert [(log.title, log.message) for log in world.logs(Operation.FAIL)] == [("Bad", said)]


def test_whoever_tells_of_it_by_another_name_sends_nobody_to_die(world: World, workers: Workers, bad: str) -> None:
    workers.work(timedelta(minutes=10))

    world.touched(Side.NAVIMPACT, bad)
    world.touched(Side.NOTION, world.page_of(bad))
    world.put(WorkKind.MAPPING, str(world.mapping_of(bad).id), lane=Lane.BACKFILL)
    workers.work(timedelta(minutes=10))

    assert workers.died == DEADLY


def test_a_person_who_asks_is_heeded_at_the_price_of_one_worker(world: World, workers: Workers, bad: str) -> None:
    workers.work(timedelta(minutes=10))

    ask_for(world, bad)
    workers.work(timedelta(minutes=30))

    assert workers.died == DEADLY + 1


def test_a_person_who_asks_once_it_kills_no_more_gets_it_synced(world: World, workers: Workers, bad: str) -> None:
    workers.work(timedelta(minutes=10))
    workers.are_mortal = False

    ask_for(world, bad)
    workers.slice()

    mapping = world.mapping_of(bad)
    assert world.value(Side.NOTION, world.page_of(bad), "description") == "BOOM"
    assert (mapping.troubles, mapping.attempts, mapping.next_retry_at) == ((), 0, None)


def test_a_person_who_asks_before_a_worker_is_found_dead_is_heeded(world: World, workers: Workers, bad: str) -> None:
    workers.slice()
    workers.slice()
    workers.are_mortal = False

    ask_for(world, bad)
    world.clock.advance(timedelta(minutes=1))  # in which nobody looks
    workers.slice()

    assert world.value(Side.NOTION, world.page_of(bad), "description") == "BOOM"


def test_what_was_parked_with_it_waits_no_longer_than_an_hour_once_a_person_has_asked(
    world: World, workers: Workers, bad: str
) -> None:
    workers.work(timedelta(hours=4))
    world.touched(Side.NAVIMPACT, bad)
    workers.slice()
    workers.are_mortal = False

    ask_for(world, bad)
    workers.work(PARKED + TICK)

    assert not world.store.of(1).work


def test_once_it_kills_no_more_it_is_synced_when_its_time_comes_and_all_is_forgotten(
    world: World, workers: Workers, bad: str
) -> None:
    workers.work(timedelta(minutes=10))
    workers.are_mortal = False

    workers.work(PARKED)

    assert world.value(Side.NOTION, world.page_of(bad), "description") == "BOOM"
    assert world.mapping_of(bad).troubles == ()
    assert world.store.of(1).lease.deaths == {}
    world.settle()
    assert not world.store.of(1).work


def test_a_worker_that_died_by_chance_is_forgotten_once_another_lived(world: World, workers: Workers, bad: str) -> None:
    workers.slice()
    workers.are_mortal = False

    workers.slice()

    assert workers.died == 1
    assert world.value(Side.NOTION, world.page_of(bad), "description") == "BOOM"
    assert world.store.of(1).lease.deaths == {}


def dies_of_creating(workers: Workers, title: str) -> None:
    """NavImpact's answer to a new record of that title kills."""
    world, create = workers.world, workers.world.platform.create

    def deadly(kind: Any, values: Any, *, key: str) -> Present:
        if values.get("title") == title:
            workers.die()
        return create(kind, values, key=key)

    world.platform.create = deadly  # type: ignore[method-assign, assignment]  # one call of a fake kills


def test_a_row_that_kills_who_makes_its_record_keeps_no_other_record_from_its_page(
    world: World, workers: Workers
) -> None:
    dies_of_creating(workers, "Bad")
    page = world.new_row(title="Bad")
    workers.work(timedelta(minutes=5))
    for n in range(3):
        world.new_project(title=f"Good {n}")

    workers.work(timedelta(minutes=15))

    titles = {str(page.values["title"]) for page in world.notion_side.pages.values()}
    assert titles == {"Bad", "Good 0", "Good 1", "Good 2"}
    assert workers.died <= DEADLY + 1  # the row was begun under its page's name, and gone on with under its mapping's
    (row,) = [mapping for mapping in world.store.of(1).mappings.values() if mapping.page_id == page]
    assert row.state is State.CREATING
    assert row.is_put_off(world.clock())


def test_new_records_that_meet_a_deadly_create_first_are_not_blamed_for_it(world: World, workers: Workers) -> None:
    dies_of_creating(workers, "Bad")
    world.new_row(title="Bad")
    workers.slice()  # dies, and leaves a create that every new record has finished first
    world.store.of(1).work.clear()
    good = world.new_project(title="Good")

    workers.work(timedelta(minutes=15), ticks=False)

    assert world.page_of(good)
    assert workers.died == DEADLY


def test_a_round_that_kills_is_parked_too_though_every_tick_asks_for_it(world: World, workers: Workers) -> None:
    id = world.new_project(title="Reef")
    world.settle()

    def dies(call: str, applied: bool) -> None:
        if call == "notion changed_since":
            workers.die()

    world.notion.fault = dies
    workers.work(PARKED)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    workers.slice()

    assert workers.died == DEADLY * len(world.entity_types)  # each database is looked through by work of its own
    assert world.value(Side.NOTION, world.page_of(id), "title") == "Edited"
