"""What Notion lets new rows begin with looks like a row, and is none."""

from __future__ import annotations

import pytest

from navsync.model import Present, Side
from navsync.reconcile import PAIRS_EVERY
from tests.simulation.world import PROJECT, World


@pytest.fixture
def template(world: World) -> str:
    """One that somebody makes, of which a webhook tells."""
    made = world.person.add_template(PROJECT, {"title": "New film"})
    world.touched(Side.NOTION, made.id)
    world.settle()
    return made.id


def wait_and_reconcile(world: World) -> None:
    for _ in range(2):
        world.clock.advance(PAIRS_EVERY)
        world.reconcile()


def test_a_template_that_somebody_edits_in_notion_becomes_no_record(world: World, template: str) -> None:
    world.edit(Side.NOTION, template, title="New short film")
    world.settle()
    wait_and_reconcile(world)

    assert world.platform.records == {}


def test_a_template_gets_no_id_that_rows_made_from_it_would_carry(world: World, template: str) -> None:
    world.edit(Side.NOTION, template, title="New short film")
    world.settle()

    seen = world.shown(Side.NOTION, template)
    assert isinstance(seen, Present)
    assert (seen.key, seen.edited_by) == (None, world.person.author)


def test_nobody_is_asked_to_fill_in_what_a_template_lacks(world: World) -> None:
    made = world.person.add_template(PROJECT, {})
    world.touched(Side.NOTION, made.id)
    world.settle()
    wait_and_reconcile(world)

    assert world.store.of(1).mappings == {}


def test_a_row_that_is_made_from_a_template_becomes_a_record(world: World, template: str) -> None:
    world.new_row(title="New film")
    world.settle()

    assert [record.values()["title"] for record in world.platform.records.values()] == ["New film"]


def test_a_template_that_carries_the_id_of_a_record_is_not_taken_for_its_page(world: World) -> None:
    id = world.platform.create(PROJECT, {"title": "Reef"}, key="somebody").id
    made = world.person.add_template(PROJECT, {"title": "New film"})
    world.person.stamp(PROJECT, made.id, f"{PROJECT}/{id}", None)
    world.touched(Side.NOTION, made.id)
    world.settle()
    wait_and_reconcile(world)

    assert world.page_of(id) != made.id
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"
