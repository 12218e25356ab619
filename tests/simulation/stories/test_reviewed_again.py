"""What a second hostile reviewer found: each was broken once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.engine.watch import QUIETS
from navsync.errors import Down, Refused, SyncError, Unclear
from navsync.model import (
    EntityType,
    Lane,
    Operation,
    Outcome,
    Present,
    Settings,
    Side,
    State,
    SyncLog,
    Values,
    WorkKind,
)
from tests.simulation.faults import fail_always
from tests.simulation.stories.scenes import both, in_trash, newest, reconcile
from tests.simulation.stories.test_patience import swinging
from tests.simulation.stories.test_side_by_side import drain
from tests.simulation.world import PROJECT, Fault, World

STORY = EntityType.IMPACT_STORY
TICK, HOUR = timedelta(minutes=20), timedelta(hours=1)


def messages(world: World, operation: Operation) -> list[str]:
    """Why something failed, as the log tells it."""
    return [str(log.message) for log in world.logs(operation) if log.outcome is Outcome.FAILED]


# --- deletions that NavImpact did not take ----------------------------------------------------------------------------


def approved(world: World, id: str, error: SyncError) -> None:
    """A person approves the deletion, and NavImpact answers with *error*."""
    world.navimpact.fault = fail_always("navimpact remove", error)
    world.ask(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    for _ in range(3):
        world.slice()
        world.clock.advance(timedelta(seconds=10))


@pytest.fixture
def project(world: World) -> str:
    id = world.new_project(title="Reef")
    world.settle()
    return id


@pytest.fixture
def story(world: World, project: str) -> str:
    id = world.new_child(STORY, project, title="Tale", description="Old words")
    world.settle()
    return id


def test_a_page_taken_out_of_the_trash_keeps_its_record_though_the_deletion_had_begun(
    world: World, project: str
) -> None:
    page = in_trash(world, project)
    approved(world, project, Down("navimpact is down"))

    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, title="I want it after all")
    world.navimpact.fault = None
    world.clock.advance(TICK)
    world.settle()

    assert both(world, project) == ("I want it after all", "I want it after all")


def test_a_deletion_that_had_begun_can_still_be_rejected(world: World, project: str) -> None:
    page = in_trash(world, project)
    approved(world, project, Down("navimpact is down"))

    world.navimpact.fault = None
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "reject")

    assert both(world, project) == ("Reef", "Reef")
    assert world.page_of(project) == page


def test_a_deletion_that_navimpact_refuses_waits_and_says_why(world: World, project: str) -> None:
    in_trash(world, project)

    approved(world, project, Refused("it is locked"))

    mapping = world.mapping_of(project)
    assert (mapping.state, mapping.intent) == (State.AWAITING_APPROVAL, None)
    assert ["it is locked" in t.cause for t in mapping.troubles if t.code == "refused"] == [True]


def test_a_deletion_that_navimpact_refused_can_be_rejected(world: World, project: str) -> None:
    in_trash(world, project)
    approved(world, project, Refused("it is locked"))

    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "reject")

    mapping = world.mapping_of(project)
    assert both(world, project) == ("Reef", "Reef")
    assert (mapping.state, mapping.troubles) == (State.LINKED, ())


def test_what_would_have_gone_along_is_not_called_deleted_when_nothing_was(
    world: World, project: str, story: str
) -> None:
    in_trash(world, project)

    approved(world, project, Refused("it is locked"))

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Present)
    told = [log for log in world.logs(Operation.DELETE) if log.entity_type is STORY]
    assert Outcome.SUCCESS not in {log.outcome for log in told}


def test_what_goes_along_is_in_the_log_as_it_was_when_it_went(world: World, project: str, story: str) -> None:
    in_trash(world, project)
    approved(world, project, Down("navimpact is down"))
    seen = world.platform.read(STORY, story)
    assert isinstance(seen, Present)
    world.platform.update(STORY, story, {"description": "New words"}, seen=seen)

    world.navimpact.fault = None
    world.clock.advance(TICK)
    world.settle()

    assert STORY not in {kind for kind, _ in world.platform.records}
    deleted = [log for log in world.logs(Operation.DELETE) if log.outcome is Outcome.SUCCESS]
    assert "New words" in {change.old for log in deleted for change in log.changes}


# --- undo -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(world: World) -> SyncLog:
    """The log's row of a project that was made of a row in Notion."""
    world.new_row(title="By mistake", budget=Decimal(3))
    world.settle()
    return newest(world, Operation.CREATE)


def test_the_making_of_a_project_is_not_undone_while_other_records_belong_to_it(world: World, made: SyncLog) -> None:
    story = world.new_child(STORY, str(made.entity_id), title="Somebody's", description="All of it")
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{made.id}")
    reconcile(world, 3)

    assert isinstance(world.shown(Side.NAVIMPACT, str(made.entity_id)), Present)
    assert isinstance(world.shown(Side.NOTION, world.page_of(story, STORY), STORY), Present)
    assert messages(world, Operation.REVERT) == ["other records belong to it by now; remove those first"]


def test_the_making_of_a_project_is_undone_once_nothing_belongs_to_it_any_more(world: World, made: SyncLog) -> None:
    story = world.new_child(STORY, str(made.entity_id), title="Somebody's", description="All of it")
    world.settle()
    world.decide(WorkKind.REVERT, f"log/{made.id}")
    world.platform.remove(STORY, story)
    world.touched(Side.NAVIMPACT, story, STORY)
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{made.id}")

    assert not world.platform.records


def test_undoing_the_undo_of_a_creation_makes_the_record_again(world: World, made: SyncLog) -> None:
    world.decide(WorkKind.REVERT, f"log/{made.id}")
    assert not world.platform.records

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.DELETE).id}")

    assert [r.fields["title"] for r in world.platform.records.values()] == ["By mistake"]
    assert [m.state for m in world.store.of(1).mappings.values()] == [State.LINKED]


def test_undoing_a_creation_leaves_the_record_that_was_made_after_it(world: World, made: SyncLog) -> None:
    first, page = str(made.entity_id), str(world.page_of(str(made.entity_id)))
    world.another_project()
    world.platform.remove(PROJECT, first)
    world.touched(Side.NAVIMPACT, first)
    world.settle()
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{made.id}")

    assert [r.fields["title"] for r in world.platform.records.values()] == ["Another", "By mistake"]
    assert "made anew" in messages(world, Operation.REVERT)[0]


def test_an_undo_whose_answer_was_lost_is_not_called_failed(world: World, project: str) -> None:
    world.edit(Side.NOTION, world.page_of(project), title="Oops")
    world.settle()
    lost: list[str] = []

    def lose_one(call: str, applied: bool) -> None:
        if call == "navimpact update" and applied and not lost:
            lost.append(call)
            raise Unclear("timeout")

    world.navimpact.fault = lose_one
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.UPDATE).id}")

    assert lost
    assert both(world, project) == ("Reef", "Reef")
    assert messages(world, Operation.REVERT) == []


def test_an_undo_that_needs_a_column_which_is_gone_is_refused_and_not_tried_for_ever(
    world: World, made: SyncLog
) -> None:
    id = str(made.entity_id)
    world.edit(Side.NOTION, world.page_of(id), budget=None)
    world.settle()
    cleared = newest(world, Operation.UPDATE)
    world.notion_side.break_property(PROJECT, "budget", "deleted")

    world.ask(WorkKind.REVERT, f"log/{cleared.id}")
    for _ in range(3):
        world.slice()
        world.clock.advance(TICK)

    assert WorkKind.REVERT not in {work.kind for work in world.store.of(1).work.values()}
    assert "cannot be read on both sides now" in messages(world, Operation.REVERT)[0]


def test_a_persons_edit_overtakes_the_undo_of_a_run(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(20)]
    world.settle()
    for id in ids:
        world.edit(Side.NOTION, world.page_of(id), budget=Decimal(9))
    world.store.of(1).work.clear()
    reconcile(world, 1)
    (run,) = {log.run_id for log in world.logs(Operation.UPDATE)}

    world.ask(WorkKind.REVERT, f"run/{run}")
    world.clock.advance(timedelta(seconds=1))
    world.edit(Side.NOTION, world.page_of(ids[0]), title="Typed while it runs")
    world.settle()

    undone = world.logs(Operation.REVERT)
    assert len(undone) == len(ids)
    assert len([row for row in undone if row.id < newest(world, Operation.UPDATE).id]) < 5


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_row_that_is_refused_for_one_field_and_then_another_is_told_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(entity_type: EntityType, values: Values, *, key: str) -> Present:
        guilty = "title" if values.get("budget") is None else "budget"
        raise Refused(f"no {guilty}", field=guilty)

    monkeypatch.setattr(world.platform, "create", refuse)
    world.new_row(title="Row", budget=Decimal(3))
    world.settle()
    told = len(world.logs(Operation.CREATE))

    reconcile(world, 6)

    assert told
    assert len(world.logs(Operation.CREATE)) == told


def test_what_one_side_took_of_a_merge_is_told_as_written_though_the_other_refused(world: World) -> None:
    id = world.new_project(description="one\n\ntwo")
    world.settle()
    world.navimpact.fault = fail_always("navimpact update", Refused("too long", field="description"))

    world.edit(Side.NAVIMPACT, id, description="ONE\n\ntwo")
    world.edit(Side.NOTION, world.page_of(id), description="one\n\nTWO")
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "description") == "ONE\n\nTWO"
    done = [log for log in world.logs(Operation.UPDATE) if log.outcome is Outcome.SUCCESS]
    assert [(c.side, c.old) for log in done for c in log.changes] == [(Side.NOTION, "one\n\nTWO")]


def test_an_edit_between_two_writes_of_one_page_is_not_absorbed(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, update, sent = world.page_of(project), world.notion_side.update, list[str]()

    def one_field_at_a_time(entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        if len(changes) > 1:
            raise Refused("something in it")
        sent.extend(changes)
        if len(sent) == 2:
            world.person.edit(page, {sent[0]: "A person's"})
        return update(entity_type, id, changes, seen=seen)

    monkeypatch.setattr(world.notion_side, "update", one_field_at_a_time)
    world.edit(Side.NAVIMPACT, project, title="Reef 2", description="words")
    world.settle()
    world.touched(Side.NOTION, page)
    world.settle()

    assert both(world, project, sent[0]) == ("A person's", "A person's")


# --- patience ---------------------------------------------------------------------------------------------------------


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


QUIET = timedelta(minutes=2)


@pytest.fixture
def quiet() -> World:
    world = World(settings=Settings(quiet_seconds={PROJECT: QUIET.seconds}))
    world.connect()
    return world


def never_leave_alone(world: World, page: str, has_arrived: Callable[[], bool]) -> timedelta:
    """Somebody edits the page again and again; how long the sync waited for them to stop."""
    begun = world.clock()
    for n in range(3 * QUIETS):
        world.person.edit(page, {"team_members": (f"a{n}",)})
        world.touched(Side.NOTION, page)
        world.slice()
        if has_arrived():
            break
        world.clock.advance(QUIET)
    return world.clock() - begun


@pytest.mark.parametrize("edits", [("Mine",), ("First", "Second")], ids=["the first edit", "and each after it"])
def test_an_edit_waits_ten_quiet_periods_at_most_however_busy_somebody_is(quiet: World, edits: tuple[str, ...]) -> None:
    id = quiet.new_project(title="Reef")
    quiet.settle()

    def arrived() -> bool:
        return len(set(both(quiet, id))) == 1

    for title in edits:
        reconcile(quiet, 1)
        quiet.edit(Side.NOTION, quiet.page_of(id), title=title)

        assert never_leave_alone(quiet, quiet.page_of(id), arrived) == QUIETS * QUIET


def test_a_new_row_waits_ten_quiet_periods_at_most_however_busy_somebody_is(quiet: World) -> None:
    page = quiet.new_row(title="Mine")

    waited = never_leave_alone(quiet, page, lambda: bool(quiet.platform.records))

    assert waited == QUIETS * QUIET


# --- several at a time ------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded() -> World:
    """A first sync that several threads do, with a NavImpact that knows no idempotency key."""
    world = World(settings=Settings(requests_per_minute=600))
    world.platform.idempotent = False
    world.put(WorkKind.SETUP)
    return world


def titles(world: World) -> list[str]:
    return sorted(str(r.fields["title"]) for r in world.platform.records.values())


def many_records(world: World) -> list[str]:
    others = [f"Other {n}" for n in range(18)]
    for title in others:
        world.platform.create(PROJECT, {"title": title, "description": title}, key=title)
    return others


def waiting_for_another() -> Fault:
    """A thread that creates waits for a second one, which should not come."""
    two = threading.Barrier(2, timeout=0.2)

    def fault(call: str, applied: bool) -> None:
        if call == "navimpact create" and not applied:
            with suppress(threading.BrokenBarrierError):
                two.wait()

    return fault


def test_several_threads_repeat_a_creation_once_that_one_of_them_lost(crowded: World) -> None:
    world = crowded
    world.person.add_row(PROJECT, {"title": "Whale song"})
    others = many_records(world)

    meeting = waiting_for_another()

    def well_once_a_page_is_made(call: str, applied: bool) -> None:
        if call == "notion create" and not applied:
            world.navimpact.fault = meeting
            world.clock.advance(timedelta(seconds=1))

    world.navimpact.fault = fail_always("navimpact create", Unclear("timeout"))
    world.notion.fault = well_once_a_page_is_made
    drain(world)

    assert titles(world) == sorted(["Whale song", *others])


def test_several_threads_repeat_a_creation_once_that_an_earlier_slice_lost(crowded: World) -> None:
    world = crowded
    world.settle()
    world.navimpact.fault = fail_always("navimpact create", Unclear("timeout"))
    world.new_row(title="Whale song")
    world.slice()
    world.store.of(1).work.clear()  # its own turn comes after the first records of the backfill
    others = many_records(world)

    world.navimpact.fault = waiting_for_another()
    world.clock.advance(timedelta(minutes=3))
    world.put(WorkKind.BACKFILL, f"{Side.NAVIMPACT}/{PROJECT}", lane=Lane.BACKFILL)
    drain(world)

    assert titles(world) == sorted(["Whale song", *others])


@pytest.mark.parametrize("landed", [False, True])
def test_a_record_made_at_the_same_time_is_not_taken_for_the_lost_one(crowded: World, *, landed: bool) -> None:
    world, b_is_made, a_is_lost = crowded, threading.Event(), threading.Event()
    alike: Values = {"status": "Draft", "project_type": "Documentary", "budget": Decimal(5), "description": "x"}
    rows = {title: world.person.add_row(PROJECT, {"title": title, **alike}).id for title in "AB"}
    create = world.platform.create

    def create_both_at_once(entity_type: EntityType, values: Values, *, key: str) -> Present:
        if values["title"] == "A" and not a_is_lost.is_set():
            b_is_made.wait(2)
            if landed:
                create(entity_type, values, key=key)
            a_is_lost.set()
            raise Unclear("timeout")
        made = create(entity_type, values, key=key)
        b_is_made.set()
        a_is_lost.wait(2)
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.platform, "create", create_both_at_once)
        drain(world)

    assert titles(world) == ["A", "B"]
    kept = world.store.of(1).mappings.values()
    assert {m.page_id: world.value(Side.NAVIMPACT, str(m.entity_id), "title") for m in kept} == {
        page: title for title, page in rows.items()
    }
