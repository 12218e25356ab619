"""People are told what happened, and one step that ends it."""

from __future__ import annotations

from itertools import cycle

import pytest

from navsync.attention import STEPS
from navsync.engine import journal
from navsync.errors import Refused, Unavailable
from navsync.model import EntityType, Operation, Side, Trouble, WorkKind
from tests.simulation.stories.scenes import pair_of, time_passes
from tests.simulation.world import PROJECT, World

LOG = EntityType.DISTRIBUTION_LOG


def told(world: World, page: str) -> Trouble:
    (trouble,) = pair_of(world, page).troubles
    return trouble


def test_who_is_asked_about_a_page_is_told_which_column_says_what_navimpact_never_had(world: World) -> None:
    id = world.new_project(title="Reef")
    world.another_project()
    log = world.new_child(LOG, id)
    world.settle()
    page = world.page_of(log, LOG)
    never_had(world, page)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    world.touched(Side.NAVIMPACT, log, LOG)
    world.settle()

    trouble = told(world, page)
    assert trouble.code == "unread_deletion"
    assert "says what NavImpact never had, in Notes." in trouble.cause
    assert "cannot be read" not in trouble.cause


def never_had(world: World, page: str) -> None:
    """NavImpact refuses what somebody types in a column of which nothing was agreed on yet."""
    pair = pair_of(world, page)
    bases = {name: base for name, base in pair.bases.items() if name != "notes"}
    world.store.of(1).mappings[pair.id] = pair.but(bases=bases)
    world.person.edit(page, {"notes": "Typed"})


def test_a_row_that_points_to_a_page_nobody_knows_is_told_to_point_elsewhere(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    log = world.new_child(LOG, id)
    world.settle()
    page = world.page_of(log, LOG)
    unknown = world.person.add_row(PROJECT, {}).id
    world.person.edit(page, {"project": (unknown,)})
    world.touched(Side.NOTION, page, LOG)
    world.settle()

    trouble = told(world, page)
    assert (trouble.code, trouble.field) == ("unpaired", "project")
    assert "points to a page that has no record in NavImpact" in trouble.cause
    assert "Restore the property" not in trouble.fix + STEPS[trouble.code].fix
    assert "Point the row at the project's page, or restore that page" in STEPS[trouble.code].fix


@pytest.mark.parametrize(("side", "step"), [
    (Side.NOTION, "Change it on navimpact, or make the change in Notion by hand."),
    (Side.NAVIMPACT, "Change it on notion."),
])  # fmt: skip
def test_what_a_side_refuses_comes_with_one_step(side: Side, step: str) -> None:
    assert journal.refusal(Refused("it shows the text as before"), side).fix == step


def test_a_refusal_is_told_once_however_often_the_rest_fails(world: World) -> None:
    answers = cycle([Refused("too bold", field="notes"), Unavailable("the rest fails, too")])

    def fault(called: str, applied: bool) -> None:
        if called == "notion create" and not applied:
            raise next(answers)

    reef = world.new_project(title="Reef")
    world.settle()
    world.notion.fault = fault
    log = world.new_child(LOG, reef, notes="Bold")
    time_passes(world, 3)

    assert [trouble.code for trouble in world.mapping_of(log, LOG).troubles].count("refused") == 1


def test_what_failed_is_in_the_log_for_people(world: World) -> None:
    def fail(called: str, _applied: bool) -> None:
        if called == "notion read":
            raise Unavailable("down")

    world.notion.fault = fail
    world.put(WorkKind.PAGE, f"{PROJECT}/393abc1e-0000-0000-0000-00000000ffff")
    world.slice()

    assert [log.message for log in world.logs(Operation.FAIL)] == ["down"]
