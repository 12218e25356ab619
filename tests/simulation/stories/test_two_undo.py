"""Two workspaces hold one record that was deleted, and undo it: it is one record again, and no words are lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from navsync.engine.journal import UNCERTAIN
from navsync.errors import Down, Fatal, MissingCapability, NotReachable, Refused, Unavailable, Unclear
from navsync.model import EntityType, Lane, Operation, Outcome, Present, Side, State, Trashed, Work, WorkKind
from tests.contract.memory_store import MemoryLedger
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_always, fail_once, once
from tests.simulation.stories.scenes import (
    come_to_rest,
    deleted,
    deletion_in,
    made_again_with_a_second_page,
    rows_of,
    titles_of,
    undo,
)
from tests.simulation.world import PROJECT, Both, Fault, World, two_workspaces

STORY = EntityType.IMPACT_STORY


# --- words on the page that makes way ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["undone", "taken out of the trash"])
def test_what_was_just_typed_on_a_page_that_makes_way_reaches_the_record(both: Both, how: str) -> None:
    _one, two = both
    id, second, before = made_again_with_a_second_page(both)

    two.person.edit(second, {"description": "Brand new words"})  # its webhook is on its way
    if how == "undone":
        two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
    else:
        two.person.restore(PROJECT, before)
        two.touched(Side.NOTION, before)
    two.settle()
    two.touched(Side.NOTION, second)
    come_to_rest(*both)

    assert two.value(Side.NAVIMPACT, id, "description") == "Brand new words"
    assert (two.page_of(id), isinstance(two.shown(Side.NOTION, second), Trashed)) == (before, True)
    assert [(c.navimpact, c.notion) for c in two.mapping_of(id).conflicts] == [("Brand new words", "Old words")]


def test_the_history_says_why_a_page_made_way(both: Both) -> None:
    _one, two = both
    _id, second, before = made_again_with_a_second_page(both)

    two.person.restore(PROJECT, before)
    two.touched(Side.NOTION, before)
    two.settle()

    gone = next(row for row in rows_of(two) if (row.operation, row.page_id) == (Operation.DELETE, second))
    assert gone.message is not None
    assert "was made again" in gone.message
    assert "lost" not in gone.message


def test_a_page_does_not_make_way_while_its_words_are_disputed(both: Both) -> None:
    one, two = both
    id, second, before = made_again_with_a_second_page(both)
    two.person.edit(second, {"description": "Typed in Notion"})
    one.edit(Side.NAVIMPACT, id, description="Typed in NavImpact")

    two.person.restore(PROJECT, before)
    two.touched(Side.NOTION, before)
    two.slice()

    assert two.value(Side.NOTION, second, "description") == "Typed in Notion"
    waiting = two.mapping_of(id)
    (conflict,) = waiting.conflicts
    two.ask(WorkKind.RESOLVE, f"{waiting.id}/description/{conflict.version}", "notion")
    come_to_rest(*both)

    assert two.value(Side.NAVIMPACT, id, "description") == "Typed in Notion"
    assert two.page_of(id) == before


# --- one record -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1], ids=["who had not paired it", "who had paired it"])
def test_a_story_that_one_of_them_had_not_paired_yet_is_one_story_again(both: Both, first: int) -> None:
    one, two = both
    project = one.new_project(title="Reef")
    for world in both:
        world.settle()
    come_to_rest(*both)
    page = one.page_of(project)
    one.person.remove(PROJECT, page)
    one.touched(Side.NOTION, page)
    one.settle()
    story = one.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (project,)}, key="c").id
    two.touched(Side.NAVIMPACT, story, STORY)
    two.settle()
    assert two.page_of(story, STORY)
    one.decide(WorkKind.DECIDE, str(one.mapping_of(project).id), "approve")
    if isinstance(one.shown(Side.NAVIMPACT, project), Present):  # a person is told of the story first
        one.decide(WorkKind.DECIDE, str(one.mapping_of(project).id), "approve")
    come_to_rest(two)
    assert titles_of(one, STORY) == []

    rows = [(world, deletion_in(world)) for world in both]
    for world, row in (rows[first], rows[1 - first]):
        undo(world, row, *both)
        come_to_rest(*both)

    assert (titles_of(one, STORY), titles_of(one, PROJECT).count("Reef")) == (["Fresh"], 1)
    for world in both:
        assert [world.value(Side.NOTION, page, "title", STORY) for page in pages_of(world, STORY)] == ["Fresh"]


def pages_of(world: World, kind: EntityType) -> list[str]:
    live = world.live_pages()
    pairs = world.store.of(world.workspace.id).mappings.values()
    return [pair.page_id for pair in pairs if pair.entity_type is kind and pair.page_id in live]


def test_a_record_that_both_undo_at_the_same_time_is_one_record(both: Both) -> None:
    one, two = both
    pages = deleted(both)

    def undo_there_too() -> None:
        two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
        two.slice()

    one.navimpact.fault = once("navimpact create", undo_there_too, applied=False)
    one.decide(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    two.settle()
    come_to_rest(*both)

    assert titles_of(one, PROJECT).count("Reef") == 1
    assert [page in world.live_pages() for world, page in zip(both, pages, strict=True)] == [True, True]
    assert [len(world.live_pages()) for world in both] == [3, 3]


def test_a_record_that_the_other_made_again_while_navimpact_was_down_is_not_made_once_more(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    one.navimpact.fault = fail_once("navimpact create", Unavailable("503"), applied=False)
    one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    one.slice()
    two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
    two.slice()
    for world in both:
        world.settle()
    come_to_rest(*both)

    assert titles_of(one, PROJECT).count("Reef") == 1
    assert [page in world.live_pages() for world, page in zip(both, pages, strict=True)] == [True, True]
    assert [row.outcome for world in both for row in rows_of(world) if row.outcome is Outcome.STARTED] == []


@pytest.mark.parametrize("error", [Killed(), Unclear("no answer")], ids=["killed", "no answer"])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("knows_keys", [False, True])
@pytest.mark.parametrize("later", [timedelta(), timedelta(minutes=5)], ids=["at once", "in five minutes"])
def test_a_record_of_which_one_of_them_does_not_know_whether_it_made_it_is_not_made_by_the_other(
    both: Both, error: BaseException, later: timedelta, *, applied: bool, knows_keys: bool
) -> None:
    one, two = both
    one.platform.idempotent = knows_keys
    pages = deleted(both)
    one.navimpact.fault = lost_and_then_away(error, applied=applied)
    one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    with suppress(Killed):
        one.slice()
    assert titles_of(one, PROJECT).count("Reef") == applied

    one.clock.advance(later)
    two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
    two.slice()
    assert titles_of(one, PROJECT).count("Reef") == applied
    one.navimpact.fault = None
    come_to_rest(*both)

    assert titles_of(one, PROJECT).count("Reef") == 1
    assert [page in world.live_pages() for world, page in zip(both, pages, strict=True)] == [True, True]
    assert [len(world.live_pages()) for world in both] == [3, 3]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("knows_keys", [False, True])
def test_wherever_a_worker_dies_in_its_undo_the_other_makes_no_second_record(
    first: int, *, applied: bool, knows_keys: bool
) -> None:
    for calls in count(1):
        both = two_workspaces()
        dying, other = both[first], both[1 - first]
        dying.platform.idempotent = knows_keys
        deleted(both)
        dying.ask(WorkKind.REVERT, f"record/{deletion_in(dying).id}")
        has_died = dies_at(dying, calls, applied=applied)

        other.ask(WorkKind.REVERT, f"record/{deletion_in(other).id}")
        other.slice()
        come_to_rest(dying, other)

        assert titles_of(dying, PROJECT).count("Reef") == 1
        assert [len(world.live_pages()) for world in both] == [3, 3]
        assert [row.outcome for world in both for row in rows_of(world) if row.outcome is Outcome.STARTED] == []
        if not has_died:
            return


def dies_at(world: World, call: int, *, applied: bool) -> bool:
    """Whether the worker made so many calls, and so died at the last of them."""
    made = count(1)

    def fault(_called: str, was_applied: bool) -> None:
        if was_applied is applied and next(made) == call:
            raise Killed

    world.navimpact.fault = world.notion.fault = fault
    try:
        world.slice()
    except Killed:
        return True
    finally:
        world.navimpact.fault = world.notion.fault = None
    return False


def lost_and_then_away(error: BaseException, *, applied: bool) -> Fault:
    """The answer to the first request that makes a record is lost, and further ones do not get there."""
    lost = list[str]()

    def fault(called: str, was_applied: bool) -> None:
        if called == "navimpact create" and lost and not was_applied:
            raise Down("503")
        if called == "navimpact create" and was_applied is applied:
            lost.append(called)
            raise error

    return fault


def test_a_record_that_navimpact_refused_one_of_them_can_be_made_again_by_the_other_at_once(both: Both) -> None:
    one, two = both
    deleted(both)
    one.navimpact.fault = fail_once("navimpact create", Refused("not now"), applied=False)
    one.decide(WorkKind.REVERT, f"record/{deletion_in(one).id}")

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


def test_a_record_that_one_of_them_does_not_want_any_more_can_be_made_again_by_the_other(both: Both) -> None:
    one, two = both
    pages = deleted(both)
    one.navimpact.fault = fail_once("navimpact create", Killed(), applied=False)
    one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    with pytest.raises(Killed):
        one.slice()
    one.person.remove(PROJECT, pages[0])
    one.touched(Side.NOTION, pages[0])
    come_to_rest(one)

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


def test_a_record_that_one_of_them_has_left_half_made_for_days_can_be_made_again_by_the_other(both: Both) -> None:
    one, two = both
    deleted(both)
    one.navimpact.fault = fail_once("navimpact create", Killed(), applied=False)
    one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    with pytest.raises(Killed):
        one.slice()
    one.clock.advance(timedelta(days=2))

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


@pytest.mark.parametrize("error", [MissingCapability("403"), NotReachable("404")], ids=["403", "404"])
def test_a_record_that_navimpact_does_not_let_one_of_them_make_can_be_made_again_by_the_other(
    both: Both, error: Fatal
) -> None:
    one, two = both
    deleted(both)
    one.navimpact.fault = fail_always("navimpact create", error)
    one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    one.slice()

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


def test_a_question_that_nobody_answers_keeps_the_other_from_making_the_record_again_for_a_day_at_most(
    both: Both,
) -> None:
    one, two = both
    deleted(both)
    asks_whose_it_is(one)

    two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
    hours_pass(20, *both)
    assert titles_of(one, PROJECT).count("Reef") == 1  # a colleague's, of which one asks whether it is that
    hours_pass(6, *both)
    assert titles_of(one, PROJECT).count("Reef") == 2

    for _ in range(3):  # it is not the colleague's, nor any other that is there
        for waiting in [pair for pair in one.store.of(1).mappings.values() if pair.state is State.AWAITING_APPROVAL]:
            one.decide(WorkKind.DECIDE, str(waiting.id), "approve")
    come_to_rest(*both)

    assert titles_of(one, PROJECT).count("Reef") == 2
    assert [len(world.live_pages()) for world in both] == [4, 4]


def test_who_says_which_record_it_is_lets_the_other_workspace_go_on(both: Both) -> None:
    one, two = both
    deleted(both)
    asks_whose_it_is(one)
    two.ask(WorkKind.REVERT, f"record/{deletion_in(two).id}")
    hours_pass(1, *both)

    (asked,) = [pair for pair in one.store.of(1).mappings.values() if pair.state is State.AWAITING_APPROVAL]
    one.decide(WorkKind.DECIDE, str(asked.id), "reject")
    hours_pass(2, *both)

    assert titles_of(one, PROJECT).count("Reef") == 1
    assert not [pair for pair in two.store.of(2).mappings.values() if pair.intent or pair.troubles]


def asks_whose_it_is(world: World) -> None:
    """A person is asked whether a colleague's record is what came of the undo, whose answer was lost just now."""
    world.platform.idempotent = False
    world.navimpact.fault = fail_once("navimpact create", Killed(), applied=False)
    world.ask(WorkKind.REVERT, f"record/{deletion_in(world).id}")
    with pytest.raises(Killed):
        world.slice()
    world.platform.create(PROJECT, {"title": "Reef", "description": "Other words"}, key="colleague")
    hours_pass(1, world)
    assert [pair.troubles[0].code for pair in world.store.of(1).mappings.values() if pair.troubles] == [UNCERTAIN]


def hours_pass(hours: int, *worlds: World) -> None:
    """In which all is looked at again and again."""
    for _ in range(hours * 4):
        worlds[0].clock.advance(timedelta(minutes=15))
        for world in worlds:
            world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
            for _ in range(6):
                world.slice()


def test_a_worker_that_dies_before_it_asks_navimpact_keeps_nobody_waiting_once_its_page_is_thrown_away(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = both
    page, _ = deleted(both)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryLedger, "hold", dying_after(MemoryLedger.hold))
        one.person.restore(PROJECT, page)
        one.touched(Side.NOTION, page)
        with pytest.raises(Killed):
            hours_pass(1, one)
    one.person.remove(PROJECT, page)
    one.touched(Side.NOTION, page)
    hours_pass(1, one)

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


def test_a_worker_that_dies_as_navimpact_refuses_keeps_nobody_waiting_once_its_row_is_looked_at(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_args: object, **_kwargs: object) -> None:
        if any(pair.refused for pair in one.store.of(1).mappings.values()):
            raise Killed

    one, two = both
    page, _ = deleted(both)
    one.navimpact.fault = fail_always("navimpact create", Refused("422"))
    with monkeypatch.context() as patch:
        patch.setattr(MemoryLedger, "let_go", dying)
        one.person.restore(PROJECT, page)
        one.touched(Side.NOTION, page)
        with pytest.raises(Killed):
            hours_pass(1, one)
    hours_pass(1, one)

    two.decide(WorkKind.REVERT, f"record/{deletion_in(two).id}")

    assert titles_of(one, PROJECT).count("Reef") == 1


def dying_after(call: Callable[..., bool]) -> Callable[..., bool]:
    """*call*, and then the worker is gone."""

    def dying(*args: object, **kwargs: object) -> bool:
        call(*args, **kwargs)
        raise Killed

    return dying


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("applied", [False, True])
def test_a_record_made_again_is_of_the_undo_that_began_it_whoever_finishes_it(both: Both, *, applied: bool) -> None:
    one, _two = both
    pages = deleted(both)
    one.navimpact.fault = fail_once("navimpact create", Killed(), applied=applied)
    run = one.ask(WorkKind.REVERT, f"record/{deletion_in(one).id}")
    with pytest.raises(Killed):
        one.slice()

    one.clock.advance(timedelta(minutes=5))
    before = one.clock() - timedelta(hours=1)
    one.desk.put(Work(Lane.LIVE, WorkKind.PAGE, f"{PROJECT}/{pages[0]}", "0001", before, "the webhook's run"))
    one.settle()

    made = [row for row in rows_of(one) if row.operation is Operation.CREATE and row.side is Side.NAVIMPACT]
    assert [(row.run_id, row.actor, row.outcome) for row in made] == [(run, "ann", Outcome.SUCCESS)]
