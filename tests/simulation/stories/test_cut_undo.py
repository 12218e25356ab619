"""A write to both sides that was cut between the two: what landed can be undone, and an undo that is done says so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.errors import Raced, Unavailable, Unclear
from navsync.model import EntityType, Gone, Operation, Outcome, Side, SyncLog, Value, WorkKind
from navsync.views import can_revert
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.scenes import started
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY
NOTION, NAVIMPACT = Side.NOTION, Side.NAVIMPACT
A_WHILE = timedelta(minutes=30)
DIED = KeyboardInterrupt()
CUTS = [Unavailable("503"), Raced("412"), Unclear("no answer"), DIED]


@pytest.fixture
def world(world: World) -> World:
    world.new_project(title="Another")  # a NavImpact that shows nothing at all proves no deletion
    world.settle()
    return world


def rows(world: World) -> list[SyncLog]:
    return list(world.store.of(1).logs.values())


def project(world: World, **values: Value) -> tuple[str, str]:
    """A project and its page, agreed on for a while."""
    id = world.new_project(**values)
    world.settle()
    world.clock.advance(A_WHILE)
    return id, world.page_of(id)


def settle(world: World) -> None:
    """Catch up, with another worker where one dies."""
    try:
        world.settle()
    except KeyboardInterrupt:
        world.clock.advance(timedelta(minutes=5))
    world.settle()
    world.clock.advance(A_WHILE)
    world.reconcile()


def undo(world: World, row: SyncLog, *, run: bool = False) -> list[SyncLog]:
    """Undo *row*, or all of its *run*; the rows that tell of it."""
    before = len(rows(world))
    world.clock.advance(A_WHILE)
    world.ask(WorkKind.REVERT, f"run/{row.run_id}" if run else f"record/{row.id}")
    settle(world)
    return rows(world)[before:]


def not_undone(told: list[SyncLog]) -> list[str]:
    """What people are told that could not be undone."""
    return [row.message or "" for row in told if row.operation is Operation.REVERT and not row.changes]


# --- what landed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_what_notion_took_before_the_other_side_failed_can_be_undone(world: World, cut: BaseException) -> None:
    id, page = project(world, title="Old title", budget=Decimal(1))
    world.navimpact.fault = fail_once("navimpact update", cut, applied=False)
    world.edit(NAVIMPACT, id, title="New title")
    world.edit(NOTION, page, budget=Decimal(2))
    settle(world)

    (row,) = [row for row in world.logs(Operation.UPDATE) if can_revert(row) and row.changes[0].field == "title"]
    told = undo(world, row)

    assert (world.value(NOTION, page, "title"), world.value(NAVIMPACT, id, "title")) == ("Old title", "Old title")
    assert (world.value(NOTION, page, "budget"), world.value(NAVIMPACT, id, "budget")) == (Decimal(2), Decimal(2))
    assert not not_undone(told)


def test_what_did_not_land_is_told_as_failed_before_it_is_written_after_all(world: World) -> None:
    id, page = project(world, title="Old title", budget=Decimal(1))
    world.navimpact.fault = fail_once("navimpact update", Unavailable("503"), applied=False)
    world.edit(NAVIMPACT, id, title="New title")
    world.edit(NOTION, page, budget=Decimal(2))
    settle(world)

    told = [row for row in rows(world) if any(change.field == "budget" for change in row.changes)][1:]
    assert [row.outcome for row in sorted(told, key=lambda row: row.id)] == [Outcome.FAILED, Outcome.SUCCESS]
    assert all([change.field for change in row.changes] == ["budget"] for row in told)


def test_the_text_that_a_merge_took_from_notion_comes_back_after_the_platform_said_412(world: World) -> None:
    id, page = project(world, title="T", description="one two three")
    world.navimpact.fault = fail_once("navimpact update", Raced("412"), applied=False)
    world.edit(NAVIMPACT, id, description="ONE two three")
    world.edit(NOTION, page, description="one two THREE")
    settle(world)
    assert world.value(NAVIMPACT, id, "description") == "ONE two THREE"

    undoable = [row for row in world.logs(Operation.UPDATE) if can_revert(row)]
    (row,) = [row for row in undoable if any(change.old == "one two THREE" for change in row.changes)]
    undo(world, row)

    assert world.value(NAVIMPACT, id, "description") == world.value(NOTION, page, "description") == "one two THREE"


# --- an undo that is cut ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_applied", [False, True], ids=["not applied", "applied"])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_an_undo_cut_between_its_sides_is_done_and_told_so(
    world: World, cut: BaseException, side: Side, is_applied: bool
) -> None:
    id, page = project(world, title="Old title")
    world.edit(NAVIMPACT, id, title="New title")
    settle(world)
    (row,) = world.logs(Operation.UPDATE)

    world.navimpact.fault = world.notion.fault = fail_once(f"{side} update", cut, applied=is_applied)
    told = undo(world, row)

    assert (world.value(NOTION, page, "title"), world.value(NAVIMPACT, id, "title")) == ("Old title", "Old title")
    assert not not_undone(told)
    written = [r for r in told if r.outcome is Outcome.SUCCESS and r.changes]
    assert {(r.operation, r.actor, r.reverts) for r in written} == {(Operation.REVERT, "ann", row.id)}
    assert {change.side for r in written for change in r.changes} == set(Side)


@pytest.mark.parametrize("run", [False, True], ids=["one half", "the run"])
def test_a_cut_undo_is_undone_whole_by_either_half_and_by_its_run(world: World, run: bool) -> None:
    id, page = project(world, title="Old title")
    world.edit(NAVIMPACT, id, title="New title")
    settle(world)
    (row,) = world.logs(Operation.UPDATE)
    world.navimpact.fault = fail_once("navimpact update", Unavailable("503"), applied=False)
    halves = [r for r in undo(world, row) if can_revert(r)]

    told = undo(world, halves[0], run=run)

    assert len(halves) == len(Side)
    assert (world.value(NOTION, page, "title"), world.value(NAVIMPACT, id, "title")) == ("New title", "New title")
    assert not not_undone(told)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_an_edit_that_is_made_as_an_undo_is_cut_is_told_by_itself_and_the_undo_as_done(
    world: World, cut: BaseException, side: Side
) -> None:
    id, page = project(world, title="Old title", budget=Decimal(1))
    world.edit(NAVIMPACT, id, title="New title")
    settle(world)
    (row,) = world.logs(Operation.UPDATE)

    def strike() -> None:
        world.edit(side, id if side is NAVIMPACT else page, budget=Decimal(7))
        raise cut

    world.navimpact.fault = once("navimpact update", strike, applied=False)
    told = undo(world, row)

    for at, where in ((NOTION, page), (NAVIMPACT, id)):
        assert (world.value(at, where, "title"), world.value(at, where, "budget")) == ("Old title", Decimal(7))
    done = [(r.operation, r.reverts, c.field, c.side) for r in told if r.outcome is Outcome.SUCCESS for c in r.changes]
    assert sorted(done) == [
        (Operation.REVERT, row.id, "title", NAVIMPACT),
        (Operation.REVERT, row.id, "title", NOTION),
        (Operation.UPDATE, None, "budget", side.other),
    ]
    assert {r.actor for r in told if r.operation is Operation.REVERT} == {"ann"}
    assert not not_undone(told)


def test_an_undo_during_which_somebody_types_in_the_text_brings_the_title_back_on_both_sides(world: World) -> None:
    project(world)
    id = world.new_child(STORY, "1", title="Old title", description="old words")
    world.settle()
    page = world.page_of(id, STORY)
    world.edit(NAVIMPACT, id, STORY, title="New title", description="new words")
    settle(world)
    (row,) = world.logs(Operation.UPDATE)

    def type_more() -> None:
        world.edit(NOTION, page, STORY, description="new words\nand more")

    world.notion.fault = once("notion update", type_more, applied=False)
    undo(world, row)

    for side, where in ((NOTION, page), (NAVIMPACT, id)):
        assert world.value(side, where, "title", STORY) == "Old title"
        assert str(world.value(side, where, "description", STORY)).split() == ["old", "words", "and", "more"]


# --- an undo of an undo -----------------------------------------------------------------------------------------------


def deleted(world: World, id: str) -> SyncLog:
    """The row of a deletion that was approved."""
    page = world.page_of(id)
    world.person.remove(PROJECT, page)
    world.touched(NOTION, page)
    world.settle()
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    return world.logs(Operation.DELETE)[-1]


def made_again(world: World, id: str) -> SyncLog:
    """The row of what made a deleted record again."""
    undo(world, deleted(world, id))
    return world.logs(Operation.CREATE)[-1]


def with_a_type_that_notion_cannot_hold(world: World) -> str:
    id, _ = project(world, title="P")
    world.edit(NAVIMPACT, id, project_type="x" * 101)
    settle(world)
    return id


def test_a_record_with_a_value_that_notion_cannot_hold_is_deleted_again(world: World) -> None:
    row = made_again(world, with_a_type_that_notion_cannot_hold(world))

    told = undo(world, row)

    assert not not_undone(told)
    assert isinstance(world.shown(NAVIMPACT, row.entity_id or ""), Gone)


@pytest.mark.parametrize("edit", [{"project_type": "y" * 101}, {"project_type": None}, {"budget": Decimal(3)}])
def test_it_stays_where_somebody_has_edited_it(world: World, edit: dict[str, Value]) -> None:
    row = made_again(world, with_a_type_that_notion_cannot_hold(world))
    world.edit(NAVIMPACT, row.entity_id or "", PROJECT, **edit)

    (message,) = not_undone(undo(world, row))

    assert "edited since it was made" in message


# --- a move that is undone --------------------------------------------------------------------------------------------


def moved(world: World, by: Side) -> tuple[str, str, str]:
    """A story that was moved, the project it came from, and the one it went to."""
    one, two = world.new_project(title="One"), world.new_project(title="Two")
    world.settle()
    story = world.new_child(STORY, one, title="S")
    world.settle()
    world.clock.advance(A_WHILE)
    world.edit(by, story if by is NAVIMPACT else world.page_of(story, STORY), STORY, project=(two,))
    settle(world)
    return story, one, two


@pytest.mark.parametrize("by", list(Side))
def test_a_move_away_from_a_deleted_project_is_not_undone_by_half(world: World, by: Side) -> None:
    story, one, two = moved(world, by)
    (row,) = world.logs(Operation.UPDATE)
    page = world.page_of(story, STORY)
    deleted(world, one)

    (message,) = not_undone(undo(world, row))

    assert "the project is not there any more" in message
    assert world.value(NAVIMPACT, story, "project", STORY) == (two,)
    assert world.value(NOTION, page, "project", STORY) == (two,)
    assert not world.mapping_of(story, STORY).troubles


def test_a_move_away_from_a_project_that_waits_to_be_deleted_is_not_undone_by_half(world: World) -> None:
    story, one, two = moved(world, NAVIMPACT)
    (row,) = world.logs(Operation.UPDATE)
    world.person.remove(PROJECT, world.page_of(one))
    world.touched(NOTION, world.page_of(one))
    world.settle()

    (message,) = not_undone(undo(world, row))

    assert "see what it waits for" in message
    assert world.value(NOTION, world.page_of(story, STORY), "project", STORY) == (two,)


@pytest.mark.parametrize("by", list(Side))
def test_a_move_away_from_a_project_that_was_made_again_is_undone(world: World, by: Side) -> None:
    story, one, _ = moved(world, by)
    (row,) = world.logs(Operation.UPDATE)
    again = made_again(world, one).entity_id

    told = undo(world, row)

    assert not not_undone(told)
    assert world.value(NAVIMPACT, story, "project", STORY) == (again,)
    assert world.value(NOTION, world.page_of(story, STORY), "project", STORY) == (again,)


def test_a_move_is_not_undone_to_a_project_that_is_no_more(world: World) -> None:
    first, second = world.new_project(title="first"), world.new_project(title="second")
    log = world.new_child(LOG, first)
    world.settle()
    page = world.page_of(first)
    world.edit(Side.NAVIMPACT, log, LOG, project=(second,))
    world.settle()
    (row,) = world.logs(Operation.UPDATE)
    world.platform.remove(PROJECT, first)
    world.touched(Side.NAVIMPACT, first)
    world.settle()
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    world.put(WorkKind.REVERT, f"log/{row.id}")
    world.settle()

    assert started(world) == []
