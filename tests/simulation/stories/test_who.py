"""Whose name is on a row of the history: the whole core, step by step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.model import (
    NAVIMPACT,
    Lane,
    Operation,
    Outcome,
    Present,
    Settings,
    Side,
    State,
    SyncLog,
    Value,
    Work,
    WorkKind,
)
from navsync.views import log
from tests.contract.memory import PERSON
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.scenes import in_conflict, newest, only_conflict
from tests.simulation.world import PROJECT, World

BOB = "00000000-0000-4000-8000-000000000b0b"


@pytest.fixture
def id(world: World) -> str:
    """A project that was in step for an hour."""
    id = world.new_project(title="Reef", description="Words")
    world.settle()
    world.clock.advance(timedelta(hours=1))
    return id


def typed(world: World, id: str, who: str = BOB, **values: Value) -> None:
    """*who* edits the page, and no event tells of it."""
    world.notion_side.by(who).edit(world.page_of(id), values)


def told(world: World, kind: WorkKind, external_id: str, actor: str) -> None:
    """An event that names *actor*, and the look that it leads to."""
    nonce = str(next(world.ids))
    world.desk.put(Work(Lane.LIVE, kind, f"{PROJECT}/{external_id}", nonce, world.clock(), nonce, actor=actor))
    world.settle()


def named(row: SyncLog) -> dict[tuple[str, str], str | None]:
    """Whom people who read the row take each change for."""
    return {(change["field"], change["side"]): change["actor"] for change in log(row)["changes"]}


def test_an_edit_on_a_page_is_of_whom_the_page_names(world: World, id: str) -> None:
    typed(world, id, title="Bob's")

    told(world, WorkKind.PAGE, world.page_of(id), actor="ann, who had a part in it too")

    assert newest(world, Operation.UPDATE).actor == BOB


def test_an_edit_on_a_page_that_a_reconcile_finds_is_of_whom_the_page_names(world: World, id: str) -> None:
    typed(world, id, title="Bob's")

    world.reconcile()

    assert newest(world, Operation.UPDATE).actor == BOB


def test_a_look_that_navimpact_asked_for_names_whoever_edited_the_page(world: World, id: str) -> None:
    typed(world, id, description="Bob's words")
    seen = world.platform.read(PROJECT, id)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, id, {"project_type": "film"}, seen=seen)

    told(world, WorkKind.ENTITY, id, actor=NAVIMPACT)

    row = newest(world, Operation.UPDATE)
    assert named(row) == {("description", "navimpact"): BOB, ("project_type", "notion"): NAVIMPACT}
    assert row.actor is None


def test_a_choice_is_of_whoever_made_it_though_somebody_is_typing() -> None:
    world = World(settings=Settings(quiet_seconds={PROJECT: 60}))
    world.connect()
    id = in_conflict(world)
    world.clock.advance(timedelta(hours=1))
    typed(world, id, budget=Decimal(5))

    world.ask(WorkKind.RESOLVE, only_conflict(world, id), "navimpact", by="ann")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Ours"
    assert named(newest(world, Operation.UPDATE))["title", "notion"] == "ann"


def test_an_edit_in_navimpact_is_not_said_to_be_of_whom_notion_names(world: World, id: str) -> None:
    world.edit(Side.NAVIMPACT, id, title="Of the platform")
    world.store.of(1).work.clear()

    told(world, WorkKind.PAGE, world.page_of(id), actor=PERSON)

    assert newest(world, Operation.UPDATE).actor == NAVIMPACT


def test_both_halves_of_a_conflict_name_who_edited(world: World, id: str) -> None:
    typed(world, id, title="Bob's")
    world.edit(Side.NAVIMPACT, id, title="Of the platform")
    world.settle()

    assert named(newest(world, Operation.CONFLICT)) == {("title", "navimpact"): NAVIMPACT, ("title", "notion"): BOB}


def test_who_chose_a_winner_is_named_and_of_other_edits_who_made_them(world: World, id: str) -> None:
    typed(world, id, title="Bob's")
    world.edit(Side.NAVIMPACT, id, title="Of the platform")
    world.settle()
    mapping = world.mapping_of(id)
    (conflict,) = mapping.conflicts
    typed(world, id, budget=Decimal(7))

    world.decide(WorkKind.RESOLVE, f"{mapping.id}/title/{conflict.version}", "notion")

    assert named(newest(world, Operation.UPDATE)) == {("title", "navimpact"): "ann", ("budget", "navimpact"): BOB}
    assert newest(world, Operation.RESOLVE).actor == "ann"


def test_who_asks_for_a_sync_is_not_said_to_have_edited(world: World, id: str) -> None:
    typed(world, id, title="Bob's")

    told(world, WorkKind.PAGE, world.page_of(id), actor="ann")

    assert newest(world, Operation.UPDATE).actor == BOB


def test_a_row_that_somebody_added_is_theirs_whoever_asked_for_the_look(world: World) -> None:
    row = world.notion_side.by(BOB).add_row(PROJECT, {"title": "Bob's"}).id

    told(world, WorkKind.PAGE, row, actor="ann")

    assert newest(world, Operation.CREATE).actor == BOB


def test_a_record_whose_making_was_cut_short_is_of_who_added_the_row(world: World) -> None:
    row = world.notion_side.by(BOB).add_row(PROJECT, {"title": "Bob's"}).id
    world.navimpact.fault = fail_once("navimpact create", KeyboardInterrupt(), applied=True)
    with pytest.raises(KeyboardInterrupt):
        told(world, WorkKind.PAGE, row, actor=BOB)
    world.clock.advance(timedelta(minutes=10))

    world.reconcile()

    made = newest(world, Operation.CREATE)
    assert (made.outcome, made.actor) == (Outcome.SUCCESS, BOB)


def test_who_moved_a_page_to_the_trash_is_named(world: World, id: str) -> None:
    world.notion_side.by(BOB).remove(PROJECT, world.page_of(id))

    told(world, WorkKind.ENTITY, id, actor=NAVIMPACT)
    world.put(WorkKind.MAPPING, str(world.mapping_of(id).id))
    world.settle()

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL
    assert newest(world, Operation.UNLINK).actor == BOB


def test_a_page_that_goes_since_its_record_went_is_not_of_whom_notion_names(world: World, id: str) -> None:
    page = world.page_of(id)
    world.another_project()
    world.platform.remove(PROJECT, id)

    told(world, WorkKind.PAGE, page, actor=PERSON)

    assert newest(world, Operation.DELETE).actor == NAVIMPACT


def test_who_approves_a_deletion_is_named(world: World, id: str) -> None:
    world.notion_side.by(BOB).remove(PROJECT, world.page_of(id))
    world.touched(Side.NOTION, world.page_of(id))
    world.settle()

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert newest(world, Operation.DELETE).actor == "ann"


def test_who_undoes_a_deletion_is_named_on_the_record_made_again_and_not_on_later_edits(world: World, id: str) -> None:
    page = world.page_of(id)
    world.notion_side.by(BOB).remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    def type_on() -> None:
        world.notion_side.by(BOB).edit(page, {"title": "Bob's"})

    world.notion.fault = once("notion stamp", type_on, applied=True)
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.DELETE).id}")

    assert newest(world, Operation.CREATE).actor == "ann"
    assert newest(world, Operation.UPDATE).actor == BOB
