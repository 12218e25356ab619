"""What a page is called whose title is generated: it tells what the page says, unless a person has named it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.errors import Unclear
from navsync.model import Direction, EntityType, Settings, Side, Value, WorkKind
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.rules import set_to
from tests.simulation.stories.scenes import column_goes, column_is_back
from tests.simulation.world import World

LOG = EntityType.DISTRIBUTION_LOG
WORDS = "Premiere at the town hall, ask Ana for photos"


@pytest.fixture
def log(world: World, project: str) -> str:
    """Made in NavImpact: it was shown in cinemas on the first of May."""
    id = world.new_child(LOG, project, channel="Cinema", date="2026-05-01")
    world.settle()
    return id


def add_row(world: World, project: str, name: str | None, **values: Value) -> str:
    """A person adds a row in Notion."""
    row = world.person.add_row(LOG, {"project": (world.page_of(project),), **values}, name=name)
    world.touched(Side.NOTION, row.id, LOG)
    return row.id


def name(world: World, page: str) -> str | None:
    return world.notion_side.pages[page].name


def rename(world: World, page: str, words: str | None) -> None:
    """A person types the name of a page."""
    world.person.rename(page, words)
    world.touched(Side.NOTION, page, LOG)


def edit_page(world: World, page: str, **values: Value) -> None:
    world.person.edit(page, values)
    world.touched(Side.NOTION, page, LOG)


# --- what nobody has named -------------------------------------------------------------------------------------------


def test_a_page_is_named_after_its_record(world: World, log: str) -> None:
    assert name(world, world.page_of(log, LOG)) == "Cinema, 2026-05-01"


def test_a_row_without_a_name_is_named_after_what_it_says(world: World, project: str) -> None:
    row = add_row(world, project, None, channel="Cinema", date="2026-05-01")
    world.settle()

    assert name(world, row) == "Cinema, 2026-05-01"


@pytest.mark.parametrize("side", Side)
def test_a_name_follows_what_is_edited_on_either_side(world: World, log: str, side: Side) -> None:
    page = world.page_of(log, LOG)
    world.edit(side, log if side is Side.NAVIMPACT else page, LOG, channel="TV")
    world.settle()

    assert name(world, page) == "TV, 2026-05-01"


def test_a_name_follows_what_is_edited_on_both_sides_at_once(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    world.edit(Side.NAVIMPACT, log, LOG, date="2026-06-01")
    edit_page(world, page, channel="TV")
    world.settle()

    assert name(world, page) == "TV, 2026-06-01"


def test_a_name_that_was_cleared_is_given_again(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    rename(world, page, None)
    world.settle()

    assert name(world, page) == "Cinema, 2026-05-01"


def test_a_name_that_was_cleared_is_given_again_though_nothing_told_of_it(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    world.clock.advance(timedelta(hours=1))
    world.person.rename(page, None)
    world.reconcile()

    assert name(world, page) == "Cinema, 2026-05-01"


@pytest.mark.parametrize("winner", Side)
def test_a_name_follows_whoever_wins_a_conflict(world: World, log: str, winner: Side) -> None:
    page = world.page_of(log, LOG)
    world.edit(Side.NAVIMPACT, log, LOG, channel="Radio")
    edit_page(world, page, channel="TV")
    world.settle()
    mapping = world.mapping_of(log, LOG)
    world.decide(WorkKind.RESOLVE, f"{mapping.id}/channel/{mapping.conflicts[0].version}", winner)

    assert name(world, page) == ("Radio, 2026-05-01" if winner is Side.NAVIMPACT else "TV, 2026-05-01")


@pytest.mark.parametrize("applied", [False, True], ids=["before it was written", "after it was written"])
@pytest.mark.parametrize("call", ["stamp", "update"])
def test_a_name_follows_though_a_worker_died(world: World, log: str, call: str, *, applied: bool) -> None:
    page = world.page_of(log, LOG)
    if call == "stamp":
        edit_page(world, page, channel="TV")
    else:
        world.edit(Side.NAVIMPACT, log, LOG, channel="TV")
    world.notion.fault = fail_once(f"notion {call}", Unclear("the answer was lost"), applied=applied)
    world.settle()
    edit_page(world, page, date="2026-06-01")
    world.settle()

    assert name(world, page) == "TV, 2026-06-01"


def test_a_name_does_not_lose_what_a_lost_column_said(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    column_goes(world, "channel", LOG)
    world.settle()
    world.edit(Side.NAVIMPACT, log, LOG, date="2026-06-01")
    world.settle()
    while_it_was_lost = name(world, page)
    column_is_back(world, "channel", LOG)
    world.settle()

    assert (while_it_was_lost, name(world, page)) == ("Cinema, 2026-05-01", "Cinema, 2026-06-01")


def test_a_page_is_named_as_soon_as_it_says_something(world: World, project: str) -> None:
    set_to(world, Settings(field_directions={f"{LOG}.channel": Direction.TO_NAVIMPACT}))
    log = world.new_child(LOG, project, channel="Cinema")
    world.settle()
    page = world.page_of(log, LOG)
    before = name(world, page)
    edit_page(world, page, channel="TV")
    world.settle()

    assert (before, name(world, page)) == ("Untitled", "TV")


def test_the_name_that_we_gave_a_second_page_follows_once_a_person_makes_a_record_of_it(
    world: World, project: str, log: str
) -> None:
    said: dict[str, Value] = {"channel": "Cinema", "date": "2026-05-01", "project": (project,)}
    second = world.notion_side.create(LOG, said, key=f"{LOG}/{log}").id  # by a late call
    edit_page(world, second, channel="TV")
    world.settle()
    assert second not in world.live_pages()

    world.person.restore(LOG, second)
    world.touched(Side.NOTION, second, LOG)
    world.settle()

    assert name(world, second) == "TV, 2026-05-01"


# --- what a person has named ------------------------------------------------------------------------------------------


def test_the_name_that_a_person_gave_a_new_row_stays(world: World, project: str) -> None:
    row = add_row(world, project, WORDS, channel="Cinema")
    world.settle()

    assert (name(world, row), world.notion_side.pages[row].key is None) == (WORDS, False)


def test_a_row_that_is_named_while_its_record_is_made_keeps_its_name(world: World, project: str) -> None:
    row = add_row(world, project, None, channel="Cinema")
    world.navimpact.fault = once("navimpact create", lambda: world.person.rename(row, WORDS), applied=True)
    world.settle()

    assert name(world, row) == WORDS


@pytest.mark.parametrize("applied", [False, True], ids=["before it was made", "after it was made"])
def test_a_row_whose_creation_got_no_answer_keeps_its_name(world: World, project: str, *, applied: bool) -> None:
    row = add_row(world, project, WORDS, channel="Cinema")
    world.navimpact.fault = fail_once("navimpact create", Unclear("the answer was lost"), applied=applied)
    world.settle()

    assert name(world, row) == WORDS


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
def test_a_persons_name_stays_whatever_changes(world: World, log: str, side: Side, *, at_once: bool) -> None:
    page = world.page_of(log, LOG)
    rename(world, page, WORDS)
    if not at_once:
        world.settle()
    world.edit(side, log if side is Side.NAVIMPACT else page, LOG, channel="TV")
    world.settle()

    assert (name(world, page), world.value(Side.NOTION, page, "channel", LOG)) == (WORDS, "TV")


def test_a_persons_name_stays_when_our_id_is_written_anew(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    rename(world, page, WORDS)
    world.person.stamp(LOG, page, "distribution_log/4711", None)
    world.settle()

    assert (name(world, page), world.notion_side.pages[page].key) == (WORDS, f"{LOG}/{log}")


def test_a_persons_name_stays_when_its_deleted_record_is_made_again(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    rename(world, page, WORDS)
    world.settle()
    edit_page(world, page, notes="still wanted")
    world.platform.remove(LOG, log)
    world.touched(Side.NAVIMPACT, log, LOG)
    world.settle()

    assert (name(world, page), [r.fields["notes"] for r in world.platform.children("1")]) == (WORDS, ["still wanted"])


def test_a_persons_name_costs_nothing_at_rest(world: World, log: str) -> None:
    page = world.page_of(log, LOG)
    rename(world, page, WORDS)
    world.settle()
    before = world.writes()
    rename(world, page, WORDS)
    world.settle()
    world.reconcile()

    assert world.writes() == before


def test_a_name_that_a_worker_gave_before_it_died_is_ours_though_the_page_was_edited_since(
    world: World, log: str
) -> None:
    page = world.page_of(log, LOG)
    world.edit(Side.NAVIMPACT, log, LOG, channel="Radio")
    world.notion.fault = fail_once("notion update", Killed(), applied=True)
    with pytest.raises(Killed):
        world.settle()
    edit_page(world, page, channel="Television")
    world.clock.advance(timedelta(minutes=10))
    world.settle()
    assert name(world, page) == "Television, 2026-05-01"


def test_a_name_that_an_older_release_gave_is_ours(world: World, log: str) -> None:
    page, kept = world.page_of(log, LOG), world.store.of(1)
    mapping = world.mapping_of(log, LOG)
    kept.mappings[mapping.id] = mapping.but(named=())
    edit_page(world, page, channel="Television")
    world.settle()
    assert name(world, page) == "Television, 2026-05-01"
