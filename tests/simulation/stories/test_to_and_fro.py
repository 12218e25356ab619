"""Two automations put a field to and fro: it is left alone and shown, and no person is taken for one of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.engine.watch import ENDLESS, SWINGS
from navsync.model import Operation, Policy, Present, Settings, Side, Value
from tests.simulation.stories.scenes import both, told_of_an_edit
from tests.simulation.world import PROJECT, World

HOUR = timedelta(hours=1)


def put_back(world: World, id: str, value: str) -> None:
    """An automation in Notion writes its own value over ours, found by a sweep."""
    page = world.page_of(id)
    seen = world.person.read(PROJECT, page)
    assert isinstance(seen, Present)
    world.person.update(PROJECT, page, {"title": value}, seen=seen)
    world.touched(Side.NOTION, page)
    world.slice()


def swinging(world: World) -> str:
    """A title that something in Notion and something in NavImpact keep putting back."""
    id = world.new_project(title="A")
    world.settle()
    for _ in range(SWINGS + 1):
        put_back(world, id, "B")
        world.edit(Side.NAVIMPACT, id, title="A")
        world.slice()
    return id


def test_a_field_that_goes_to_and_fro_is_left_alone_and_shown(world: World) -> None:
    id = swinging(world)

    assert [t.code for t in world.mapping_of(id).troubles] == ["oscillating"]
    written = [c for log in world.logs(Operation.UPDATE) for c in log.changes if c.side is Side.NAVIMPACT]
    assert len(written) <= SWINGS


def test_a_row_of_which_every_field_goes_to_and_fro_is_left_alone_and_shown(world: World) -> None:
    said: list[dict[str, Value]] = [
        {"title": text, "description": text, "budget": number, "target_audience": number, "status": status}
        for text, number, status in (("A", Decimal(1), "active"), ("B", Decimal(2), "paused"))
    ]
    first, second = said
    id = world.new_project(**first)
    world.settle()
    page = world.page_of(id)

    for _ in range(4 * SWINGS):
        for side, where, says in ((Side.NAVIMPACT, id, second), (Side.NOTION, page, first)):
            world.edit(side, where, PROJECT, **says)
            world.slice()
        world.clock.advance(timedelta(seconds=30))

    assert {t.field for t in world.mapping_of(id).troubles if t.code == "oscillating"} == first.keys()
    assert len(world.logs(Operation.UPDATE)) <= 2 * SWINGS + 1


def test_a_persons_edit_travels_even_when_the_field_was_going_to_and_fro(world: World) -> None:
    id = swinging(world)
    page = world.page_of(id)
    seen = world.person.read(PROJECT, page)
    assert isinstance(seen, Present)
    world.person.update(PROJECT, page, {"title": "C"}, seen=seen)
    world.edit(Side.NAVIMPACT, id, title=str(seen.values["title"]))

    told_of_an_edit(world, page, fields=("title",))
    world.slice()

    assert not [t for t in world.mapping_of(id).troubles if t.code == "oscillating"]


def test_a_field_that_went_to_and_fro_is_synced_again_when_that_is_over(world: World) -> None:
    id = swinging(world)

    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == world.value(Side.NOTION, world.page_of(id), "title")


@pytest.mark.parametrize("side", list(Side))
def test_a_person_who_tries_values_that_nothing_puts_back_is_not_stopped(world: World, side: Side) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    places = {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}

    for tried in ["Active", "On Hold"] * 4:
        world.clock.advance(timedelta(minutes=1))
        world.edit(side, places[side], description=tried)
        world.slice()

        assert world.value(side.other, places[side.other], "description") == tried
    assert world.mapping_of(id).troubles == ()


def test_one_answer_of_the_other_side_does_not_stop_a_person_who_tries_values(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    for side, where, tried in [
        *[(Side.NAVIMPACT, id, "Active"), (Side.NAVIMPACT, id, "On Hold")] * 2,
        (Side.NOTION, page, "Planned"),
        *[(Side.NAVIMPACT, id, "Active"), (Side.NAVIMPACT, id, "On Hold")] * 2,
    ]:
        world.clock.advance(timedelta(seconds=30))
        world.edit(side, where, description=tried)
        world.slice()

    assert world.value(Side.NOTION, page, "description") == "On Hold"
    assert world.mapping_of(id).troubles == ()


def test_a_field_that_is_only_ever_written_to_the_side_that_puts_it_back_is_left_alone() -> None:
    world = World(settings=Settings(policy=Policy.NAVIMPACT))
    world.connect()
    id = world.new_project(budget=Decimal(1))
    world.settle()

    for tried in [Decimal(2), Decimal(3)] * 2:
        world.clock.advance(timedelta(seconds=30))
        world.edit(Side.NOTION, world.page_of(id), budget=Decimal(1))
        world.edit(Side.NAVIMPACT, id, budget=tried)
        world.slice()

    assert {c.side for log in world.logs(Operation.UPDATE) for c in log.changes} == {Side.NOTION}
    assert len(world.logs(Operation.UPDATE)) == SWINGS
    assert [t.code for t in world.mapping_of(id).troubles] == ["oscillating"]


def test_a_field_that_two_automations_fight_over_is_written_rarely(world: World) -> None:
    id = world.new_project(title="Reef", budget=Decimal(1))
    world.settle()
    page, ends = world.page_of(id), world.clock() + 2 * HOUR

    while world.clock() < ends:
        for side, where, wanted in ((Side.NAVIMPACT, id, Decimal(2)), (Side.NOTION, page, Decimal(1))):
            if world.value(side, where, "budget") != wanted:
                world.edit(side, where, budget=wanted)
                world.slice()
        world.clock.advance(timedelta(seconds=30))
        world.slice()

    assert len(world.logs(Operation.UPDATE)) < 20


def test_automations_that_add_to_what_the_other_has_added_are_stopped(world: World) -> None:
    id = world.new_project(title="Reef", description="begin")
    world.settle()
    places = {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}

    def add(side: Side) -> None:
        world.clock.advance(timedelta(seconds=5))
        said = world.value(side, places[side], "description")
        world.edit(side, places[side], description=f"{said} {next(world.ids)}")

    def whenever_written(call: str, applied: bool) -> None:
        if applied and call.endswith("update"):
            add(Side(call.split()[0]))

    world.notion.fault = world.navimpact.fault = whenever_written
    add(Side.NAVIMPACT)
    for _ in range(4 * ENDLESS):
        world.slice()

    assert [t.code for t in world.mapping_of(id).troubles] == ["oscillating"]
    assert len(world.logs(Operation.UPDATE)) == 2 * ENDLESS


def test_people_who_add_to_one_text_by_turns_are_not_stopped(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    places = {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}

    for number in range(2 * ENDLESS):
        for side, where in places.items():
            world.clock.advance(timedelta(minutes=1))
            world.edit(side, where, description=f"{world.value(side, where, 'description')} {number}")
            world.slice()

    assert world.mapping_of(id).troubles == ()
    assert len(world.logs(Operation.UPDATE)) == 4 * ENDLESS


def test_a_field_that_went_to_and_fro_is_left_alone_for_an_hour(world: World) -> None:
    id = swinging(world)

    def apart_after(wait: timedelta) -> bool:
        world.clock.advance(wait)
        world.touched(Side.NAVIMPACT, id)
        world.slice()
        here, there = both(world, id)
        return here != there

    assert apart_after(HOUR - timedelta(minutes=5))
    assert not apart_after(timedelta(minutes=5))
    assert world.mapping_of(id).troubles == ()
