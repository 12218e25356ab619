"""A sync of what a filter chose: all of it, by one row of work, however many there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync import reconcile, walks
from navsync.errors import Refused, Unavailable
from navsync.model import Lane, Present, Side, Work, WorkKind
from navsync.standing import LISTED, Standing
from tests.simulation.faults import failing
from tests.simulation.world import PROJECT, World

RUN = "run-7"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Five projects, read two at a time."""
    monkeypatch.setattr(reconcile, "PAIRS_AT_ONCE", 2)
    world = World(entity_types=(PROJECT,))
    world.connect()
    for n in range(5):
        world.new_project(title=f"Reef {n}")
    world.settle()
    return world


def ask(world: World, *standings: Standing) -> None:
    """What POST /workspaces/{id}/sync does with a filter."""
    choice = walks.Choice(frozenset(standings or LISTED), PROJECT)
    world.desk.move_cursor(walks.cursor_of(RUN), str(walks.Walk()))
    world.desk.put(Work(walks.LANE, WorkKind.CHOSEN, str(choice), "n", world.clock(), RUN, thorough=True))


def unseen_edits(world: World) -> list[str]:
    """Each project is edited, and no webhook tells of it."""
    ids = [mapping.entity_id or "" for mapping in world.store.of(1).mappings.values()]
    for id in ids:
        seen = world.platform.read(PROJECT, id)
        assert isinstance(seen, Present)
        world.platform.update(PROJECT, id, {"title": f"New {id}"}, seen=seen)
    return ids


def arrived(world: World, ids: list[str]) -> list[str]:
    return [id for id in ids if world.value(Side.NOTION, world.page_of(id), "title") == f"New {id}"]


def test_all_that_a_filter_chose_are_looked_at(world: World) -> None:
    ids = unseen_edits(world)

    ask(world)
    world.settle()

    assert arrived(world, ids) == ids
    assert world.desk.cursor(walks.cursor_of(RUN)) is None


def test_what_a_filter_did_not_choose_is_left_alone(world: World) -> None:
    ids = unseen_edits(world)

    ask(world, Standing.FAILED)
    world.settle()

    assert arrived(world, ids) == []


def test_it_goes_on_where_a_slice_ended_and_tells_how_far_it_came(world: World) -> None:
    ids = unseen_edits(world)
    world.notion.fault = lambda _called, is_over: world.clock.advance(timedelta(seconds=9 if is_over else 0))

    ask(world)
    world.slice()
    some, walked = arrived(world, ids), walks.Walk.parse(world.desk.cursor(walks.cursor_of(RUN)) or "")
    world.settle()

    assert 0 < len(some) == walked.passed < len(ids)
    assert arrived(world, ids) == ids


def test_a_record_that_fails_does_not_stop_the_others_and_is_tried_again(world: World) -> None:
    ids = unseen_edits(world)
    failures = iter([True])

    def fail_once(called: str, is_over: bool) -> None:
        if called == "notion update" and not is_over and next(failures, False):
            raise Unavailable("it did not answer")

    world.notion.fault = fail_once

    ask(world)
    world.slice()
    at_first = len(arrived(world, ids))
    world.settle()

    assert (at_first, arrived(world, ids)) == (4, ids)


def test_what_failed_and_was_put_off_is_tried_before_its_time(world: World) -> None:
    id, *_ = unseen_edits(world)
    world.navimpact.fault = failing(9, lambda: Refused("422"))
    world.touched(Side.NAVIMPACT, id)
    while world.mapping_of(id).attempts < 9:
        world.clock.now = max(world.clock(), world.slice().again_at or world.clock())

    ask(world, Standing.FAILED)
    world.slice()

    assert arrived(world, [id]) == [id]


def test_a_persons_edit_overtakes_it(world: World) -> None:
    ids = unseen_edits(world)
    seen: list[str] = []

    def note(called: str, is_over: bool) -> None:
        if called == "notion update" and is_over:
            seen.append(world.value(Side.NOTION, world.page_of(ids[4]), "title") or "")  # type: ignore[arg-type]
            if len(seen) == 1:
                world.edit(Side.NAVIMPACT, ids[4], title="At once")

    world.notion.fault = note

    ask(world)
    world.settle()

    assert seen[1] == "At once"


def test_what_a_tick_finds_does_not_wait_until_it_has_walked_everything(world: World) -> None:
    untold = world.platform.create(PROJECT, {"title": "No webhook told of it"}, key="untold")
    places: list[str | None] = []

    def note(called: str, is_over: bool) -> None:
        if is_over and called == "notion create":
            places.append(world.desk.cursor(walks.cursor_of(RUN)))

    world.notion.fault = note

    ask(world)
    world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    world.settle()

    assert world.page_of(untold.id)
    assert places == [str(walks.Walk())]


def test_a_worker_that_died_behind_the_last_has_nothing_looked_at_again(world: World) -> None:
    ask(world)
    (row,) = world.desk.pending(walks.LANE, limit=1)
    world.settle()
    world.desk.put(row)  # as if it had died before it took its row away
    world.notion.calls.clear()

    world.settle()

    assert world.notion.calls == []
