"""Two workspaces hold one record; it is deleted, and both of them want it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.model import Operation, Side, WorkKind
from tests.simulation.stories.scenes import column_is_back
from tests.simulation.world import PROJECT, Both, Watched, World

HOUR = timedelta(hours=1)
ANOTHER = "2"
"""The id of a record that stays."""


@pytest.fixture
def both() -> Both:
    """Workspaces of one NavImpact, each with its own Notion."""
    one = World()
    two = World(clock=one.clock)
    two.ids, two.platform, two.navimpact = one.ids, one.platform, Watched(one.platform)
    two.store.made_again = one.store.made_again  # as in the one table of a deployment
    for world in (one, two):
        world.connect()
    return one, two


def come_to_rest(both: Both) -> None:
    for _ in range(6):
        for world in both:
            world.settle()
        both[0].clock.advance(timedelta(minutes=5))
        for world in both:
            world.reconcile()


def deleted(both: Both) -> tuple[str, str]:
    """The pages of a record that the first workspace has deleted."""
    one, two = both
    id = one.new_project(title="Reef")
    one.new_project(title="Another")  # a NavImpact that shows nothing at all proves no deletion
    come_to_rest(both)
    pages = one.page_of(id), two.page_of(id)
    one.clock.advance(HOUR)
    one.person.remove(PROJECT, pages[0])
    one.touched(Side.NOTION, pages[0])
    come_to_rest(both)
    one.decide(WorkKind.DECIDE, str(one.mapping_of(id).id), "approve")
    two.touched(Side.NAVIMPACT, id)
    come_to_rest(both)
    assert (titles(one), live(one), live(two)) == ([], [], [])
    return pages


def titles(world: World) -> list[object]:
    return [record.fields["title"] for record in world.platform.records.values() if record.id != ANOTHER]


def live(world: World) -> list[str]:
    return [page for page in world.live_pages() if page != world.page_of(ANOTHER)]


def take_out(both: Both, world: World, page: str) -> None:
    """Somebody takes the page out of the trash."""
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    come_to_rest(both)


@pytest.mark.parametrize("first", [0, 1], ids=["first where it was deleted", "first in the other"])
def test_a_record_that_both_workspaces_bring_back_is_one_record(both: Both, first: int) -> None:
    pages = deleted(both)

    take_out(both, both[first], pages[first])
    take_out(both, both[1 - first], pages[1 - first])

    assert titles(both[0]) == ["Reef"]
    assert [live(world) for world in both] == [[page] for page in pages]
    assert [world.mapping_of("3").conflicts for world in both] == [(), ()]


def test_each_workspace_tells_that_its_deletion_is_undone_though_one_alone_makes_the_record(both: Both) -> None:
    deleted(both)

    for world in both:
        (row,) = world.logs(Operation.DELETE)
        world.decide(WorkKind.REVERT, f"log/{row.id}")
        come_to_rest(both)

    assert titles(both[0]) == ["Reef"]
    undone = [[row.operation for row in world.store.of(1).logs.values() if row.reverts] for world in both]
    assert undone == [[Operation.CREATE], [Operation.LINK]]


def test_what_a_page_says_otherwise_than_the_record_made_again_is_a_conflict(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    take_out(both, one, pages[0])
    one.edit(Side.NAVIMPACT, "3", title="Forest")
    come_to_rest(both)

    take_out(both, two, pages[1])

    assert [(c.navimpact, c.notion) for c in two.mapping_of("3").conflicts] == [("Forest", "Reef")]
    assert live(two) == [pages[1]]


def test_a_record_that_was_made_again_and_deleted_again_is_made_once_more(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    take_out(both, one, pages[0])
    one.platform.remove(PROJECT, "3")
    for world in both:
        world.touched(Side.NAVIMPACT, "3")
    come_to_rest(both)

    take_out(both, two, pages[1])
    take_out(both, one, pages[0])

    assert [id for _, id in one.platform.records if id != ANOTHER] == ["4"]
    assert [live(world) for world in both] == [[page] for page in pages]


def test_a_page_does_not_make_way_while_a_column_of_it_cannot_be_read(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    take_out(both, one, pages[0])
    second = two.page_of("3")
    two.person.edit(second, {"description": "We counted 312 fish."})
    two.notion_side.break_property(PROJECT, "description", "retyped")

    two.person.restore(PROJECT, pages[1])
    two.touched(Side.NOTION, pages[1])
    for _ in range(5):
        two.slice()
        two.clock.advance(timedelta(minutes=5))
    assert second in two.live_pages()

    column_is_back(two, "description")
    come_to_rest(both)
    two.clock.advance(HOUR)
    come_to_rest(both)
    told = [change.old for log in two.store.of(1).logs.values() for change in log.changes]
    shown = [two.value(Side.NOTION, page, "description") for page in live(two)]
    assert "We counted 312 fish." in [*told, *shown]
    assert live(two) == [pages[1]]


def test_a_page_that_made_way_and_is_taken_out_of_the_trash_is_called_by_its_new_record(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    take_out(both, one, pages[0])
    second = two.page_of("3")
    take_out(both, two, pages[1])
    assert second not in two.live_pages()

    two.person.restore(PROJECT, second)
    two.touched(Side.NOTION, second)
    two.settle()

    assert two.notion_side.pages[second].key == f"{PROJECT}/4"
