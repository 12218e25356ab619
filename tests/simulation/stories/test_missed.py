"""What no webhook told is found by the schedule, however long the lists are that it goes through."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from navsync import reconcile
from navsync.errors import Blocked, Refused
from navsync.model import EntityType, Lane, Side, State, WorkKind
from navsync.ports import ChangedPage
from tests.simulation.faults import allowing
from tests.simulation.world import PROJECT, World

TICK, HOUR = timedelta(minutes=5), timedelta(hours=1)
PAGE_SIZE = 3


@pytest.fixture
def world() -> World:
    """Lists of three records at a time: what takes hundreds elsewhere shows with a few here."""
    world = World()
    world.notion_side.page_size = world.platform.page_size = PAGE_SIZE
    world.connect()
    return world


@pytest.fixture
def only_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes round all records has come by just now, and takes its time."""
    monkeypatch.setattr(reconcile, "PAIRS_EVERY", timedelta(days=365))


def projects(world: World, count: int, *, apart: timedelta = timedelta(minutes=1)) -> list[str]:
    ids = []
    for number in range(count):
        ids.append(world.new_project(title=f"P{number}"))
        world.settle()
        world.clock.advance(apart)
    return ids


def hidden_row(world: World) -> str:
    """A row that somebody adds below a page that is not shared with us."""
    row = world.person.add_row(PROJECT, {"title": "Hidden"}).id
    world.notion_side.pages[row].shared = False
    return row


def arrives(world: World, *, within: timedelta, meanwhile: Callable[[int], None] = lambda _: None) -> bool:
    """Whether the hidden row comes to NavImpact. To share it does not move its time of change."""
    for tick in range(within // TICK):
        world.clock.advance(TICK)
        meanwhile(tick)
        world.reconcile()
    return "Hidden" in {record.fields["title"] for record in world.platform.records.values()}


# --- going round all rows ---------------------------------------------------------------------------------------------


def test_a_row_that_was_shared_again_is_found_though_somebody_keeps_an_old_one_up_to_date(world: World) -> None:
    first, *_ = projects(world, 10)
    row = hidden_row(world)
    world.clock.advance(timedelta(hours=1))
    projects(world, 1)
    world.reconcile()

    def edit_the_first(tick: int) -> None:
        world.edit(Side.NOTION, world.page_of(first), title=f"First {tick}")
        world.settle()

    assert not arrives(world, within=timedelta(hours=3), meanwhile=edit_the_first)
    world.notion_side.pages[row].shared = True
    assert arrives(world, within=timedelta(hours=3), meanwhile=edit_the_first)


def made_in_one_minute(world: World) -> str:
    """More rows than a page shows, later ones, and then one that is shared later."""
    projects(world, 3 * PAGE_SIZE, apart=timedelta())
    world.clock.advance(timedelta(minutes=1))
    projects(world, 2 * PAGE_SIZE)
    row = hidden_row(world)
    world.clock.advance(timedelta(hours=1))
    projects(world, 2)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    return row


def test_a_row_that_was_shared_again_is_found_behind_many_of_one_minute(world: World) -> None:
    row = made_in_one_minute(world)
    world.notion_side.pages[row].shared = True
    assert arrives(world, within=timedelta(hours=3))


def test_it_is_found_though_notion_forgets_a_list_that_nobody_goes_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, begun = world.notion_side.changed_since, dict[str | None, datetime]()

    def changed_since(entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        if cursor is not None and not cursor.endswith("|") and world.clock() > begun[cursor] + timedelta(minutes=1):
            raise Refused("The start_cursor provided is invalid")
        page = listed(entity_type, since, cursor)
        begun[page.cursor] = world.clock()
        return page

    row = made_in_one_minute(world)
    monkeypatch.setattr(world.notion_side, "changed_since", changed_since)
    world.notion_side.pages[row].shared = True
    assert arrives(world, within=timedelta(hours=3))


def test_a_look_at_many_rows_of_one_minute_that_a_slice_cannot_end_is_gone_on_with(world: World) -> None:
    row = made_in_one_minute(world)
    shown = list[str]()

    def pause(called: str, applied: bool) -> None:
        if called == "notion changed_since" and not applied:
            shown.append(called)
            if len(shown) % 3 == 0:  # the sweep asks once, the look gets through one page
                raise Blocked("429", until=world.clock() + timedelta(seconds=30))

    world.notion.fault = pause
    world.notion_side.pages[row].shared = True
    assert arrives(world, within=timedelta(hours=3))


def test_going_round_all_rows_takes_one_call_in_a_quarter_of_an_hour(world: World) -> None:
    projects(world, 4 * PAGE_SIZE)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    before = len(world.notion.calls)

    for _ in range(6):
        world.clock.advance(TICK)
        world.reconcile()

    listed = world.notion.calls[before:].count("notion changed_since")
    assert listed == 6 + 2  # a sweep each time, and the look


# --- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("only_sweeps")
def test_one_record_from_the_future_hides_no_edit_that_no_webhook_told(world: World) -> None:
    odd, other = projects(world, 2)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    record = world.platform.records[PROJECT, odd]
    record.updated_at, record.version = world.clock() + timedelta(days=365), record.version + 1
    world.reconcile()

    world.clock.advance(timedelta(minutes=1))
    world.edit(Side.NAVIMPACT, other, title="Edited")
    world.store.of(1).work.clear()
    world.clock.advance(TICK)
    world.reconcile()

    assert world.value(Side.NOTION, world.page_of(other), "title") == "Edited"


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


def once_at(call: int, error: Callable[[], Exception]) -> Any:
    """Notion fails at one of its lists' pages."""
    seen = list[str]()

    def fault(called: str, applied: bool) -> None:
        if called == "notion changed_since" and not applied:
            seen.append(called)
            if len(seen) == call:
                raise error()

    return fault


@pytest.mark.usefixtures("only_sweeps")
def test_an_edit_made_while_a_sweep_pauses_between_two_pages_is_found_by_the_next(world: World) -> None:
    ids = projects(world, 2 * PAGE_SIZE)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    for id in ids:  # a list of two pages
        world.edit(Side.NOTION, world.page_of(id), description="edited")
    world.settle()

    world.notion.fault = once_at(2, lambda: Blocked("429", until=world.clock() + timedelta(minutes=10)))
    world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    world.slice()
    world.clock.advance(timedelta(minutes=2))
    world.edit(Side.NOTION, world.page_of(ids[0]), title="Edited behind the list's back")
    world.clock.advance(timedelta(minutes=6))
    world.edit(Side.NOTION, world.page_of(ids[-1]), title="Edited before it")
    for work in [work for work in world.store.of(1).work.values() if work.kind is WorkKind.PAGE]:
        world.desk.done(work)
    world.clock.advance(timedelta(minutes=2))
    for _ in range(2):
        world.reconcile()
        world.clock.advance(TICK)

    assert world.value(Side.NAVIMPACT, ids[0], "title") == "Edited behind the list's back"
    assert world.value(Side.NAVIMPACT, ids[-1], "title") == "Edited before it"


@pytest.mark.usefixtures("only_sweeps")
def test_a_place_that_an_older_release_kept_stops_no_sweep(world: World) -> None:
    id, *_ = projects(world, 2 * PAGE_SIZE)
    world.desk.move_cursor(f"part of sweep:notion:{PROJECT}", json.dumps([None, "a cursor of those days"]))

    world.edit(Side.NOTION, world.page_of(id), title="Edited")
    world.store.of(1).work.clear()
    world.clock.advance(TICK)
    world.reconcile()

    assert world.value(Side.NAVIMPACT, id, "title") == "Edited"


# --- going round all pairs --------------------------------------------------------------------------------------------


def go_round(world: World) -> None:
    """A tick late enough for a round through all pairs, without any webhook before it."""
    world.store.of(1).work.clear()
    world.clock.advance(reconcile.PAIRS_EVERY)
    world.reconcile()


@pytest.mark.parametrize("side", Side)
def test_a_reconcile_finds_a_deletion_that_no_webhook_told(world: World, side: Side) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)

    if side is Side.NAVIMPACT:
        world.platform.remove(PROJECT, id)
    else:
        world.person.remove(PROJECT, page)
    go_round(world)

    expected = State.DELETED if side is Side.NAVIMPACT else State.AWAITING_APPROVAL
    assert world.mapping_of(id).state is expected


def test_a_navimpact_that_allows_few_calls_has_all_pairs_looked_at_and_is_left_alone_in_between(world: World) -> None:
    ids = projects(world, 40)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    refused: list[datetime] = []
    world.navimpact.fault = allowing(12, world.clock, refused)
    last = max(ids, key=lambda id: world.mapping_of(id).id)

    world.person.remove(PROJECT, world.page_of(last))
    for _ in range(4 * HOUR // TICK):
        world.clock.advance(TICK)
        world.reconcile()

    assert world.mapping_of(last).state is State.AWAITING_APPROVAL
    assert all(after - before >= reconcile.PAIRS_EVERY for before, after in pairwise(refused))


def test_a_reconcile_finds_that_one_half_of_a_conflict_was_edited_again(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    mapping = world.mapping_of(id)
    bases = {name: base for name, base in mapping.bases.items() if name != "title"}
    world.store.of(1).mappings[mapping.id] = mapping.but(bases=bases)
    world.edit(Side.NOTION, page, title="Mine")
    world.settle()
    assert [c.notion for c in world.mapping_of(id).conflicts] == ["Mine"]

    world.edit(Side.NOTION, page, title="Mine, better")
    go_round(world)

    assert [c.notion for c in world.mapping_of(id).conflicts] == ["Mine, better"]


def test_a_reconcile_finds_that_a_value_which_could_not_travel_was_mended(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.edit(Side.NOTION, page, budget=Decimal("1.001"))
    world.settle()
    assert [t.code for t in world.mapping_of(id).troubles] == ["cannot_carry"]

    world.edit(Side.NOTION, page, budget=Decimal("1.5"))
    go_round(world)

    assert world.value(Side.NAVIMPACT, id, "budget") == Decimal("1.5")


def test_a_reconcile_finds_a_row_that_was_shared_again(world: World) -> None:
    row = world.new_row(title="Hidden")
    world.notion_side.pages[row].shared = False
    world.store.of(1).work.clear()
    world.clock.advance(timedelta(hours=1))
    world.new_row(title="Later")
    world.settle()
    world.reconcile()

    world.notion_side.pages[row].shared = True
    go_round(world)

    assert {record.fields["title"] for record in world.platform.records.values()} == {"Hidden", "Later"}


def test_a_page_that_carries_the_key_of_another_record_is_stamped_anew(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.person.stamp(PROJECT, page, "media_project/4711", "Reef")

    go_round(world)

    assert world.notion_side.pages[page].key == f"media_project/{id}"
