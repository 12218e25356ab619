"""What becomes of a long story when the worker stops between two of the requests that its text takes?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import replace
from datetime import timedelta
from itertools import product

import pytest

from navsync.errors import MissingCapability, Refused, Unclear
from navsync.model import Direction, Lane, Operation, Outcome, Policy, Settings, Side, Work, WorkKind
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_once
from tests.simulation.stories.halves import (
    AFTER,
    FOOT,
    KILLED,
    LONG,
    NEW,
    OLD,
    STORY,
    a_world,
    come_to_rest,
    half_made,
    half_merged,
    half_rewritten,
    half_undone,
    interrupted,
    lines_on,
    rewrite,
    type_on_page,
    undo_latest,
)
from tests.simulation.stories.rules import set_to
from tests.simulation.world import World

UNHEARD = Unclear("429 in the middle")
STOPS = pytest.mark.parametrize("stop", [KILLED, UNHEARD], ids=["killed", "a limit"])
POLICIES = pytest.mark.parametrize("policy", Policy)


@pytest.fixture
def world() -> World:
    return a_world()


def both(world: World, id: str) -> tuple[list[str], list[str]]:
    return lines_on(world, Side.NAVIMPACT, id), lines_on(world, Side.NOTION, id)


# --- nobody edits anything --------------------------------------------------------------------------------------------


@STOPS
@AFTER
@POLICIES
def test_a_half_rewritten_page_gets_the_rest(policy: Policy, after: int, stop: BaseException) -> None:
    world = a_world(policy)
    id = half_rewritten(world, after, stop)

    come_to_rest(world)

    assert both(world, id) == (NEW, NEW)
    assert world.mapping_of(id, STORY).conflicts == ()


@STOPS
@AFTER
@POLICIES
def test_an_undo_that_stopped_half_way_is_carried_out_on_both_sides(
    policy: Policy, after: int, stop: BaseException
) -> None:
    world = a_world(policy)
    id = half_undone(world, after, stop)

    come_to_rest(world)

    assert both(world, id) == (OLD, OLD)
    assert world.mapping_of(id, STORY).conflicts == ()


@STOPS
@AFTER
@POLICIES
def test_a_page_that_was_made_with_a_part_of_its_text_gets_the_rest(
    policy: Policy, after: int, stop: BaseException
) -> None:
    world = a_world(policy)
    id = half_made(world, after, stop)

    come_to_rest(world)

    assert both(world, id) == (LONG, LONG)
    assert (world.mapping_of(id, STORY).conflicts, len(world.live_pages())) == ((), 2)


def test_what_stopped_twice_is_ended_the_third_time(world: World) -> None:
    id = half_rewritten(world, 1)
    world.touched(Side.NAVIMPACT, id, STORY)
    interrupted(world, 1, KILLED)

    come_to_rest(world)

    assert both(world, id) == (NEW, NEW)


def test_what_stopped_is_one_edit_in_the_history_and_undone_as_one(world: World) -> None:
    id = half_rewritten(world, 1)
    come_to_rest(world)
    (row,) = [row for row in world.logs(Operation.UPDATE) if row.entity_type is STORY]
    assert row.outcome is Outcome.SUCCESS

    undo_latest(world)
    come_to_rest(world)

    assert both(world, id) == (OLD, OLD)


def test_what_stopped_is_ended_though_its_row_of_the_history_is_gone(world: World) -> None:
    id = half_rewritten(world, 1)
    world.store.of(1).logs.clear()

    come_to_rest(world)

    assert both(world, id) == (NEW, NEW)


def test_a_half_that_is_looked_at_again_is_not_written_again(world: World) -> None:
    id = half_rewritten(world, 1)
    come_to_rest(world)
    before = world.writes()

    world.touched(Side.NOTION, world.page_of(id, STORY), STORY)
    come_to_rest(world)

    assert world.writes() == before


def test_a_rest_that_notion_refuses_is_told_and_the_half_reaches_nobody(world: World) -> None:
    id = half_rewritten(world, 1)

    def refuse(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            raise Refused("too many blocks", field="description")

    world.notion.fault = refuse
    come_to_rest(world)

    assert lines_on(world, Side.NAVIMPACT, id) == NEW
    assert [trouble.code for trouble in world.mapping_of(id, STORY).troubles] == ["refused"]
    assert world.mapping_of(id, STORY).conflicts == ()


# --- people edit the half ---------------------------------------------------------------------------------------------


@AFTER
@POLICIES
def test_an_edit_in_navimpact_of_a_half_rewritten_story_travels_after_it(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_rewritten(world, after)
    rewrite(world, id, [*NEW, "And more."])

    come_to_rest(world)

    assert both(world, id) == ([*NEW, "And more."], [*NEW, "And more."])


@AFTER
@POLICIES
def test_an_edit_in_navimpact_of_a_half_undone_story_is_merged_with_the_undo(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_undone(world, after)
    rewrite(world, id, [*NEW, "And more."])

    come_to_rest(world)

    assert both(world, id) == ([*OLD, "And more."], [*OLD, "And more."])


@AFTER
@POLICIES
def test_an_edit_in_navimpact_of_a_half_made_story_travels_after_it(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_made(world, after)
    rewrite(world, id, [*LONG, "And more."])

    come_to_rest(world)

    assert both(world, id) == ([*LONG, "And more."], [*LONG, "And more."])


@AFTER
@POLICIES
def test_what_a_person_types_on_a_half_rewritten_page_is_merged(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_rewritten(world, after)
    type_on_page(world, -1, " And theirs.")

    come_to_rest(world)

    merged = [*NEW[:-1], f"{FOOT} And theirs."]
    assert both(world, id) == (merged, merged)


@AFTER
@POLICIES
def test_what_a_person_types_on_a_half_made_page_is_merged(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_made(world, after)
    type_on_page(world, 0, " It begins.")

    come_to_rest(world)

    merged = [f"{LONG[0]} It begins.", *LONG[1:]]
    assert both(world, id) == (merged, merged)


@AFTER
@POLICIES
def test_who_empties_a_half_made_page_takes_nothing_away_that_it_never_showed(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_made(world, after)
    (page,) = (page for page in world.notion_side.pages.values() if page.entity_type is STORY)
    world.edit(Side.NOTION, page.id, STORY, description=None)

    come_to_rest(world)

    assert both(world, id) == (LONG, LONG)


@AFTER
@POLICIES
def test_what_was_typed_before_both_edits_were_merged_outlives_an_edit_of_the_half(policy: Policy, after: int) -> None:
    world = a_world(policy)
    id = half_merged(world, after)
    type_on_page(world, -1, " And theirs.")

    come_to_rest(world)

    merged = [*(f"Part {n} of the old story." for n in range(9)), f"{FOOT} And theirs."]
    merged[8] += " We were there."
    assert both(world, id) == (merged, merged)


# --- every combination ------------------------------------------------------------------------------------------------

BEGINNINGS: dict[str, Callable[[World, int], str]] = {
    "rewritten": half_rewritten,
    "undone": half_undone,
    "made": half_made,
}
WHERE = {"nothing": None, "the first line": 0, "the seam": 4, "the last line": -1}


def lines_kept(world: World, id: str) -> Iterator[str]:
    """Everything that the sides and the history say."""
    for lines in both(world, id):
        yield from lines
    for row in world.store.of(1).logs.values():
        for change in row.changes:
            yield from str(change.old or "").split("\n")
            yield from str(change.new or "").split("\n")


@pytest.mark.parametrize(
    ("beginning", "after", "policy", "on_page", "in_navimpact"),
    list(product(BEGINNINGS, [1, 2], Policy, WHERE, [False, True])),
)
def test_whatever_meets_a_half_page_both_sides_end_equal_or_ask_once_and_no_word_is_lost(
    beginning: str, after: int, policy: Policy, on_page: str, in_navimpact: bool
) -> None:
    world = a_world(policy)
    id = BEGINNINGS[beginning](world, after)
    said = {"rewritten": [*OLD, *NEW], "undone": [*OLD, *NEW], "made": LONG}[beginning]
    place = WHERE[on_page]
    typed = [] if place is None else type_on_page(world, place, " A person was here.")
    if in_navimpact:
        typed += [*(LONG if beginning == "made" else NEW), "And more."]
        rewrite(world, id, typed[-len(LONG if beginning == "made" else NEW) - 1 :])

    come_to_rest(world)

    conflicts = world.mapping_of(id, STORY).conflicts
    if conflicts:
        assert (place is not None, policy) == (True, Policy.ASK)
    else:
        assert both(world, id)[0] == both(world, id)[1]
    assert {*said, *typed} <= set(lines_kept(world, id))


# --- it may not be written any more -----------------------------------------------------------------------------------

BARRED = {
    "the workspace": Settings(direction=Direction.TO_NAVIMPACT),
    "the field": Settings(field_directions={"impact_story.description": Direction.TO_NAVIMPACT}),
}


def barred_by(rule: str, beginning: str) -> tuple[World, str]:
    """A story of which a part reached the page before a rule kept texts from it."""
    world = a_world()
    id = BEGINNINGS[beginning](world, 1)
    workspace = world.desk.workspace()
    assert workspace is not None
    world.desk.save_workspace(replace(workspace, settings=BARRED[rule]))
    return world, id


@pytest.mark.parametrize("rule", BARRED)
@pytest.mark.parametrize("beginning", ["rewritten", "made"])
def test_the_rest_is_not_written_where_a_rule_forbids_it_by_now(rule: str, beginning: str) -> None:
    world, id = barred_by(rule, beginning)
    before = lines_on(world, Side.NAVIMPACT, id)
    (page,) = (page for page in world.notion_side.pages.values() if page.entity_type is STORY)
    half = page.values["description"]

    come_to_rest(world)

    assert (lines_on(world, Side.NAVIMPACT, id), page.values["description"]) == (before, half)
    mapping = world.mapping_of(id, STORY)
    assert ([trouble.code for trouble in mapping.troubles], mapping.conflicts) == (["one_way"], ())


def test_the_history_says_that_the_rest_of_a_text_stays_away_and_why() -> None:
    world, _id = barred_by("the field", "rewritten")

    come_to_rest(world)

    (row,) = [row for row in world.logs(Operation.UPDATE) if row.entity_type is STORY]
    assert (row.outcome, row.message) == (
        Outcome.FAILED,
        "interrupted before all was written; Page body to notion is held by now, for it does not sync that way",
    )


@pytest.mark.parametrize("rule", BARRED)
@pytest.mark.parametrize("beginning", ["rewritten", "made"])
def test_the_rest_follows_when_the_rule_is_lifted(rule: str, beginning: str) -> None:
    world, id = barred_by(rule, beginning)
    text = lines_on(world, Side.NAVIMPACT, id)
    come_to_rest(world)

    set_to(world, Settings())
    come_to_rest(world)

    assert both(world, id) == (text, text)


def test_a_run_that_writes_only_in_navimpact_leaves_the_rest_for_the_next(world: World) -> None:
    id = half_rewritten(world, 1)
    half = lines_on(world, Side.NOTION, id)
    mapping = world.mapping_of(id, STORY)
    work = Work(
        Lane.LIVE, WorkKind.MAPPING, str(mapping.id), "1", world.clock(), "run", direction=Direction.TO_NAVIMPACT
    )
    world.store.of(1).work.clear()
    world.desk.put(work)
    world.settle()
    assert lines_on(world, Side.NOTION, id) == half

    world.touched(Side.NAVIMPACT, id, STORY)
    come_to_rest(world)

    assert both(world, id) == (NEW, NEW)


def test_a_rest_that_the_connection_may_not_write_is_told_and_tried_ever_more_seldom(world: World) -> None:
    id = half_rewritten(world, 1)

    def forbid(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            raise MissingCapability("the connection may not write")

    world.notion.fault = forbid
    for _ in range(60):
        world.slice()
        world.clock.advance(timedelta(minutes=2))
    assert world.notion.calls.count("notion read") < 40
    (trouble,) = world.mapping_of(id, STORY).troubles
    assert (trouble.code, "may not write" in trouble.cause) == ("failing", True)
    assert lines_on(world, Side.NAVIMPACT, id) == NEW

    world.notion.fault = None
    come_to_rest(world)

    assert both(world, id) == (NEW, NEW)


# --- it is thrown away ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_page_that_got_its_rest_and_was_then_thrown_away_does_not_come_back(beginning: str) -> None:
    world = a_world()
    BEGINNINGS[beginning](world, 1)
    world.notion.fault = fail_once("notion update", KILLED, applied=True)
    with suppress(Killed):
        world.settle()
    (page,) = (page for page in world.notion_side.pages.values() if page.entity_type is STORY)
    world.clock.advance(timedelta(minutes=20))

    world.person.remove(STORY, page.id)
    world.touched(Side.NOTION, page.id, STORY)
    come_to_rest(world)

    (page,) = (page for page in world.notion_side.pages.values() if page.entity_type is STORY)
    assert page.in_trash
    (trouble,) = world.store.of(1).mappings[world.store.of(1).pairs[page.id]].troubles
    assert trouble.code == "approve_delete"
