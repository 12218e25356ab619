"""When the sync waits, stops, or tells a person, step by step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from navsync import pauses
from navsync.conductor.breaker import OPENS_AT
from navsync.engine import SETTLE
from navsync.engine.watch import QUIETS
from navsync.errors import Blocked, Down, Suspended, Unavailable, Unclear
from navsync.model import (
    Connection,
    Lane,
    Operation,
    Pause,
    PausedBy,
    Present,
    Scope,
    Settings,
    Side,
    State,
    Work,
    WorkKind,
)
from tests.simulation.employee import Killed
from tests.simulation.faults import breaks, fail_once, failing, once, together
from tests.simulation.stories.rules import set_to
from tests.simulation.stories.scenes import both, delete, in_trash, rounds, told_of_an_edit
from tests.simulation.world import PROJECT, Fault, World

# --- nothing to do yet ------------------------------------------------------------------------------------------------


def test_with_nothing_due_the_next_slice_is_when_something_is_in_any_lane(world: World) -> None:
    now = world.clock()
    for lane, minutes in {Lane.LIVE: 3, Lane.SWEEP: 1, Lane.BACKFILL: 2}.items():
        world.desk.put(Work(lane, WorkKind.SWEEP, "", "nonce", now + timedelta(minutes=minutes), run_id="run"))

    ended = world.slice()

    assert (ended.looked_at, ended.again_at) == (0, now + timedelta(minutes=1))


# --- quiet ------------------------------------------------------------------------------------------------------------


def test_with_a_quiet_period_half_typed_text_does_not_travel() -> None:
    world = World(settings=Settings(quiet_seconds={"media_project": 60}))
    world.connect()
    id = world.new_project(title="Reef")
    world.clock.now += timedelta(minutes=5)
    world.settle()

    world.edit(Side.NOTION, world.page_of(id), title="Ree")
    world.slice()
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"

    world.clock.now += timedelta(seconds=30)
    world.edit(Side.NOTION, world.page_of(id), title="Reefs of the world")
    world.slice()
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"

    world.settle()
    assert world.value(Side.NAVIMPACT, id, "title") == "Reefs of the world"
    assert len(world.logs(Operation.UPDATE)) == 1


def test_a_row_that_somebody_is_typing_becomes_a_record_once_they_pause() -> None:
    world = World(settings=Settings(quiet_seconds={"media_project": 60}))
    world.connect()
    page = world.new_row(title="R")
    world.slice()
    assert not world.platform.records

    world.clock.now += timedelta(seconds=20)
    world.edit(Side.NOTION, page, title="Reef")
    world.settle()

    assert [r.fields["title"] for r in world.platform.records.values()] == ["Reef"]
    assert not world.logs(Operation.UPDATE)


def test_with_a_quiet_period_no_page_shows_a_half_typed_record() -> None:
    world = World(settings=Settings(quiet_seconds={"media_project": 60}))
    world.connect()

    id = world.new_project(title="Ree")
    world.slice()
    assert world.live_pages() == []
    world.clock.advance(timedelta(seconds=30))
    world.edit(Side.NAVIMPACT, id, title="Reef")
    world.slice()
    assert world.live_pages() == []

    world.clock.advance(timedelta(seconds=60))
    world.slice()
    assert [page.values["title"] for page in world.notion_side.pages.values()] == ["Reef"]
    assert world.mapping_of(id).waiting_since is None


def test_a_person_who_asks_for_a_sync_does_not_wait_for_the_quiet() -> None:
    world = World(settings=Settings(quiet_seconds={"media_project": 60}))
    world.connect()
    id = world.new_project(title="Reef")
    world.clock.now += timedelta(minutes=5)
    world.settle()
    world.edit(Side.NOTION, world.page_of(id), title="Now")

    now = world.clock()
    world.desk.put(Work(Lane.LIVE, WorkKind.ENTITY, f"{PROJECT}/{id}", "n", now, "r", thorough=True))
    world.slice()

    assert world.value(Side.NAVIMPACT, id, "title") == "Now"


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
        rounds(quiet, 1)
        quiet.edit(Side.NOTION, quiet.page_of(id), title=title)

        assert never_leave_alone(quiet, quiet.page_of(id), arrived) == QUIETS * QUIET


def test_a_new_row_waits_ten_quiet_periods_at_most_however_busy_somebody_is(quiet: World) -> None:
    page = quiet.new_row(title="Mine")

    waited = never_leave_alone(quiet, page, lambda: bool(quiet.platform.records))

    assert waited == QUIETS * QUIET


# --- overwritten unseen -----------------------------------------------------------------------------------------------


def overwritten_edit(world: World) -> tuple[str, str]:
    """A person edits the title in Notion between our read and our write of it."""
    id = world.new_project(title="Reef")
    world.settle()
    world.clock.now += timedelta(hours=1)
    page = world.page_of(id)
    world.notion.fault = slipping_in(world, page)
    world.edit(Side.NAVIMPACT, id, title="Ours")
    world.settle()
    return id, page


def slipping_in(world: World, page: str) -> Fault:
    """A person edits the title of *page* just before we write there."""
    return once("notion update", lambda: world.person.edit(page, {"title": "Theirs"}), applied=False)


def a_worker_dies(world: World, *befalls: Fault) -> None:
    """Once Notion has taken what it writes, which something *befalls*; it is some minutes until the next."""
    world.notion.fault = together(*befalls, fail_once("notion update", Killed(), applied=True))
    with pytest.raises(Killed):
        world.settle()
    world.clock.advance(timedelta(minutes=10))


def test_an_edit_overwritten_unseen_is_told_when_notion_tells_of_it(world: World) -> None:
    id, page = overwritten_edit(world)

    told_of_an_edit(world, page, fields=("title",))
    world.settle()

    (row,) = world.logs(Operation.OVERWRITE)
    assert (row.entity_id, row.actor, [c.field for c in row.changes]) == (id, "ann", ["title"])


def test_an_edit_overwritten_unseen_is_told_though_another_event_follows_before_anybody_looks(world: World) -> None:
    id, page = overwritten_edit(world)

    told_of_an_edit(world, page, fields=("title",))
    told_of_an_edit(world, page, fields=("budget",), by="bo")
    world.settle()

    (row,) = world.logs(Operation.OVERWRITE)
    assert (row.entity_id, row.actor, [c.field for c in row.changes]) == (id, "ann", ["title"])


@pytest.mark.parametrize("call", ["notion read", "navimpact update"])
def test_an_edit_overwritten_unseen_is_told_once_though_looks_fail(world: World, call: str) -> None:
    _, page = overwritten_edit(world)
    world.person.edit(page, {"budget": Decimal(5)})
    world.clock.advance(timedelta(seconds=1))

    told_of_an_edit(world, page, fields=("title", "budget"))
    world.notion.fault = world.navimpact.fault = fail_once(call, Down("503"), applied=False)
    world.settle()

    assert [c.field for row in world.logs(Operation.OVERWRITE) for c in row.changes] == ["title"]


@pytest.mark.parametrize("error", [Unclear("no answer"), Killed()])
def test_an_edit_overwritten_unseen_is_told_though_nobody_heard_what_became_of_the_write(
    world: World, error: BaseException
) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)
    world.clock.advance(timedelta(hours=1))
    typed = once("notion update", lambda: world.person.edit(page, {"title": "Theirs"}), applied=False)
    world.notion.fault = together(typed, fail_once("notion update", error, applied=True))
    world.edit(Side.NAVIMPACT, id, title="Ours")
    told_of_an_edit(world, page, fields=("budget",))
    with suppress(Killed):
        world.slice()

    told_of_an_edit(world, page, fields=("title",))
    world.clock.advance(timedelta(minutes=3))
    world.settle()

    assert both(world, id) == ("Ours", "Ours")
    assert [c.field for row in world.logs(Operation.OVERWRITE) for c in row.changes] == ["title"]


def test_an_edit_overwritten_unseen_is_told_when_the_page_is_left_alone_where_that_is_waited_for() -> None:
    world = World(settings=Settings(quiet_seconds={"media_project": 60}))
    world.connect()
    _, page = overwritten_edit(world)
    world.person.edit(page, {"budget": Decimal(5)})

    told_of_an_edit(world, page, fields=("title",))
    world.slice()
    assert world.logs(Operation.OVERWRITE) == []

    world.settle()
    assert [c.field for row in world.logs(Operation.OVERWRITE) for c in row.changes] == ["title"]


def thrown_away(world: World, id: str) -> None:
    in_trash(world, id)


def left_out(world: World, _id: str) -> None:
    set_to(world, Settings(scope=Scope(statuses=("active",))))


@pytest.mark.parametrize("goes", [thrown_away, delete, left_out])
def test_an_edit_overwritten_unseen_is_told_though_page_or_record_went_before_notion_told_of_it(
    world: World, goes: Callable[[World, str], None]
) -> None:
    world.another_project()
    id, page = overwritten_edit(world)
    at = world.clock()
    goes(world, id)

    for _ in range(2):
        told_of_an_edit(world, page, fields=("title",), at=at)
        world.settle()

    (row,) = world.logs(Operation.OVERWRITE)
    assert (row.page_id, row.actor, [c.field for c in row.changes]) == (page, "ann", ["title"])


def test_an_event_that_comes_twice_tells_once(world: World) -> None:
    _, page = overwritten_edit(world)
    at = world.clock()

    for _ in range(2):
        told_of_an_edit(world, page, fields=("title",), at=at)
        world.settle()

    assert len(world.logs(Operation.OVERWRITE)) == 1


def test_who_has_edited_the_field_anew_since_is_not_told_that_it_was_overwritten(world: World) -> None:
    id, page = overwritten_edit(world)

    world.person.edit(page, {"title": "Anew"})
    told_of_an_edit(world, page, fields=("title",))
    world.settle()

    assert both(world, id) == ("Anew", "Anew")
    assert world.logs(Operation.OVERWRITE) == []


def test_more_edits_overwritten_unseen_than_one_save_takes_are_told_each_once(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.clock.now += timedelta(hours=1)
    world.edit(Side.NAVIMPACT, id, title="Ours", description="Our words", budget=Decimal(5))
    world.settle()

    for _ in range(40):
        world.clock.advance(timedelta(seconds=1))
        told_of_an_edit(world, world.page_of(id), fields=("title", "description", "budget"))
    world.settle()

    rows = world.logs(Operation.OVERWRITE)
    assert (len(rows), len({row.message for row in rows})) == (120, 120)


def test_an_edit_that_was_merged_before_its_event_came_is_not_told_as_overwritten(world: World) -> None:
    id = world.new_project(description="the committee meets at noon")
    world.settle()
    world.clock.now += timedelta(hours=1)
    page = world.page_of(id)
    seen = world.person.read(PROJECT, page)
    assert isinstance(seen, Present)
    world.person.update(PROJECT, page, {"description": "the committee meets at the lake"}, seen=seen)
    world.edit(Side.NAVIMPACT, id, description="the whole committee meets at noon")
    world.settle()
    assert world.value(Side.NOTION, page, "description") == "the whole committee meets at the lake"

    told_of_an_edit(world, page, fields=("description",))
    world.settle()
    assert world.logs(Operation.OVERWRITE) == []

    world.clock.advance(timedelta(seconds=1))
    told_of_an_edit(world, page, fields=("description",))  # of another edit in that moment, which nobody has seen
    world.settle()
    assert len(world.logs(Operation.OVERWRITE)) == 1


def test_an_edit_overwritten_by_a_worker_that_died_is_told_when_notion_tells_of_it_later(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page, edited_at = world.page_of(id), world.clock()
    world.edit(Side.NAVIMPACT, id, title="Ours")
    a_worker_dies(world, slipping_in(world, page))
    world.settle()
    assert both(world, id) == ("Ours", "Ours")

    told_of_an_edit(world, page, fields=("title",), at=edited_at)
    world.settle()

    (row,) = world.logs(Operation.OVERWRITE)
    assert (row.entity_id, [c.field for c in row.changes]) == (id, ["title"])


def test_what_a_worker_wrote_before_it_died_is_not_taken_for_the_edit_that_notion_tells_of(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.edit(Side.NAVIMPACT, id, title="Ours")
    a_worker_dies(world)
    page = world.page_of(id)

    world.edit(Side.NAVIMPACT, id, title="Ours too")
    world.notion.fault = slipping_in(world, page)
    world.settle()
    told_of_an_edit(world, page, fields=("title",))
    world.settle()

    assert [c.field for row in world.logs(Operation.OVERWRITE) for c in row.changes] == ["title"]


def test_an_edit_that_was_merged_by_a_worker_that_died_is_not_told_as_overwritten(world: World) -> None:
    id = world.new_project(description="the committee meets at noon")
    world.settle()
    page, edited_at = world.page_of(id), world.clock()
    world.person.edit(page, {"description": "the committee meets at the lake"})
    world.edit(Side.NAVIMPACT, id, description="the whole committee meets at noon")
    a_worker_dies(world)

    told_of_an_edit(world, page, fields=("description",), at=edited_at)
    world.settle()

    assert both(world, id, "description") == ("the whole committee meets at the lake",) * 2
    assert world.logs(Operation.OVERWRITE) == []


def test_an_event_of_a_column_that_is_gone_by_now_does_not_fail_the_look(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    id = world.new_project(title="Reef", budget=Decimal(5))
    world.settle()
    world.edit(Side.NAVIMPACT, id, budget=None)
    world.settle()
    world.notion_side.break_property(PROJECT, "budget", "it was deleted")

    told_of_an_edit(world, world.page_of(id), fields=("budget",))
    world.settle()

    assert caplog.records == []
    assert [trouble.code for trouble in world.mapping_of(id).troubles] == ["quarantined"]
    assert world.logs(Operation.OVERWRITE) == []


@pytest.mark.parametrize(
    "about",
    [{"fields": ("budget",)}, {"fields": ("title",), "at": "earlier"}],
    ids=["another field", "another time"],
)
def test_an_edit_elsewhere_is_not_taken_for_an_overwritten_one(world: World, about: dict[str, object]) -> None:
    _, page = overwritten_edit(world)
    if about.get("at") == "earlier":
        about = {**about, "at": world.clock() - timedelta(minutes=10)}

    told_of_an_edit(world, page, **about)
    world.settle()

    assert not world.logs(Operation.OVERWRITE)


# --- sides that fail --------------------------------------------------------------------------------------------------


def test_a_side_that_is_down_is_left_alone_after_five_failures(world: World) -> None:
    for n in range(20):
        world.new_project(title=f"P{n}")
    world.navimpact.fault = failing(100, lambda: Down("no answer"))

    ended = world.slice()

    assert ended.failed == 5
    assert ended.again_at is not None
    assert timedelta(seconds=15) <= ended.again_at - world.clock() <= timedelta(seconds=30)


def test_it_is_left_alone_though_each_edit_has_a_slice_to_itself(world: World) -> None:
    ids = calm(world, OPENS_AT)
    world.navimpact.fault = failing(100, lambda: Down("no answer"))

    for id in ids:
        world.edit(Side.NOTION, world.page_of(id), title="Edited")
        ended = world.slice()
        world.clock.advance(timedelta(seconds=2))

    paused = pauses.present(world.desk, world.clock())
    assert paused is not None
    assert (paused.until, paused.by) == (ended.again_at, PausedBy.BREAKER)


def test_everything_arrives_once_the_side_is_back(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(20)]
    world.navimpact.fault = failing(9, lambda: Down("no answer"))

    world.settle()

    assert {world.value(Side.NOTION, world.page_of(id), "title") for id in ids} == {f"P{n}" for n in range(20)}


def test_nobody_is_called_before_a_retry_after_ends_whoever_wakes_the_worker(world: World) -> None:
    id = world.new_project(title="Reef")
    until = world.clock() + timedelta(minutes=10)
    world.navimpact.fault = failing(1, lambda: Blocked("wait", until=until))
    world.slice()
    before = len(world.navimpact.calls) + len(world.notion.calls)

    world.clock.now += timedelta(minutes=5)
    world.edit(Side.NAVIMPACT, id, title="Still early")
    ended = world.slice()

    assert len(world.navimpact.calls) + len(world.notion.calls) == before
    assert ended.again_at == until


def test_a_connection_that_notion_blocked_makes_no_further_call(world: World) -> None:
    id = world.new_project()
    world.settle()

    def refuse(called: str, applied: bool) -> None:
        if called.startswith("notion") and not applied:
            raise Suspended("do not retry")

    world.notion.fault = refuse
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    world.notion.fault = None
    calls = len(world.notion.calls)
    world.slice()

    workspace = world.desk.workspace()
    assert workspace is not None
    assert workspace.connection is Connection.SUSPENDED
    assert len(world.notion.calls) == calls


# --- sisters ----------------------------------------------------------------------------------------------------------


def test_a_limit_that_another_connection_met_is_heeded_in_the_middle_of_a_slice(world: World) -> None:
    until = world.clock() + timedelta(minutes=10)
    for n in range(5):
        world.new_project(title=f"P{n}")

    def met(call: str, applied: bool) -> None:
        if call == "notion create" and applied:
            world.desk.keep_pause(Pause(until))
            world.clock.now += timedelta(seconds=2)

    world.notion.fault = met
    ended = world.slice(), world.slice()

    assert len(world.live_pages()) == 1
    assert ended[-1].again_at == until


# --- what fails -------------------------------------------------------------------------------------------------------


def looks_at(world: World, call: str, error: Exception) -> list[datetime]:
    """When *call* was made, which always fails from now on."""
    made = list[datetime]()

    def fail(called: str, applied: bool) -> None:
        if called == call and not applied:
            made.append(world.clock())
            raise error

    world.notion.fault = world.navimpact.fault = fail
    return made


def work(world: World, span: timedelta) -> None:
    """For so long, with a reconcile every five minutes."""
    end, tick = world.clock() + span, world.clock()
    while world.clock() < end:
        if world.clock() >= tick:
            tick += timedelta(minutes=5)
            world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        world.slice()
        world.clock.advance(timedelta(seconds=10))


def calm(world: World, records: int) -> list[str]:
    """Records that are in step, long since."""
    ids = [world.new_project(title=f"P{n}") for n in range(records)]
    world.settle(most=200)
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    return ids


def test_no_reconcile_hurries_a_record_that_keeps_failing(world: World) -> None:
    (id,) = calm(world, 1)
    made = looks_at(world, "notion update", Unavailable("always"))
    world.edit(Side.NAVIMPACT, id, title="Edited")
    work(world, timedelta(hours=1))

    began = world.clock()
    work(world, timedelta(hours=2))

    assert 8 <= sum(at >= began for at in made) <= 16  # a quarter of an hour apart, at most and half of that at least


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
def test_a_record_for_which_navimpact_names_a_pause_is_left_alone_so_long_and_keeps_no_other_back(
    world: World, is_new: bool
) -> None:
    (good,) = calm(world, 1)
    bad, asked = world.new_project(title="Bad"), list[datetime]()
    if not is_new:
        world.settle()

    def is_bad(_: object, id: str) -> bool:
        asked.extend([world.clock()] if id == bad else [])
        return id == bad

    breaks(world.navimpact, "read", Down("503", until=world.clock() + timedelta(hours=1)), is_bad)
    world.touched(Side.NAVIMPACT, bad)
    world.edit(Side.NAVIMPACT, good, title="Edited")
    work(world, timedelta(minutes=50))

    assert len(asked) == 1
    assert world.value(Side.NOTION, world.page_of(good), "title") == "Edited"


def test_an_edit_of_a_record_that_keeps_failing_is_tried_at_the_next_reconcile(world: World) -> None:
    (id,) = calm(world, 1)
    made = looks_at(world, "notion update", Unavailable("always"))
    world.edit(Side.NAVIMPACT, id, title="Edited")
    work(world, timedelta(hours=2))
    put_off = world.mapping_of(id).next_retry_at
    assert put_off is not None
    world.clock.now = put_off - timedelta(minutes=1)
    made.clear()

    seen = world.platform.read(PROJECT, id)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, id, {"title": "Edited once more"}, seen=seen)  # no webhook tells of it
    world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    world.slice()

    assert made == [world.clock()]


def test_a_write_without_an_answer_is_made_once_more_in_one_look_and_no_third_time(world: World) -> None:
    (id,) = calm(world, 1)
    made = looks_at(world, "navimpact update", Unclear("503"))

    world.edit(Side.NOTION, world.page_of(id), title="Edited")
    world.slice()

    assert len(made) == 2


@pytest.mark.parametrize("edited", [Side.NOTION, Side.NAVIMPACT])
def test_a_side_that_answers_no_write_is_left_alone(world: World, edited: Side) -> None:
    ids = calm(world, 50)
    made = looks_at(world, f"{edited.other} update", Unclear("503"))
    for id in ids:
        world.edit(edited, id if edited is Side.NAVIMPACT else world.page_of(id), title=f"Edited {id}")

    work(world, timedelta(hours=1))
    assert len(made) <= 40

    world.notion.fault = world.navimpact.fault = None
    world.settle(most=200)
    assert {world.value(edited.other, id if edited is Side.NOTION else world.page_of(id), "title") for id in ids} == {
        f"Edited {id}" for id in ids
    }


def test_a_side_that_answers_no_creation_is_left_alone_though_each_look_only_waits(world: World) -> None:
    for n in range(OPENS_AT):
        world.new_project(title=f"P{n}")
    made = looks_at(world, "notion create", Unclear("503"))
    world.slice()  # each was sent, and nobody knows what became of it
    world.desk.keep_pause(Pause(world.clock()))
    world.clock.advance(SETTLE + timedelta(minutes=1))
    made.clear()

    world.slice()

    assert made
    assert pauses.until(world.desk, world.clock()) is not None


def test_records_that_alone_are_answered_with_failures_do_not_stop_the_others_for_long(world: World) -> None:
    """NavImpact answers some refusals with a 503, as if it were down."""
    *bad, good = calm(world, 2 * OPENS_AT + 1)

    def fail(called: str, applied: bool) -> None:
        if called == "navimpact update" and not applied:
            raise Unclear("503")

    world.navimpact.fault = fail
    for id in bad:
        world.edit(Side.NOTION, world.page_of(id), budget=Decimal(10) ** 9)
    work(world, timedelta(hours=3))

    arrived = list[timedelta]()
    for n in range(20):
        edited = world.clock()
        world.edit(Side.NAVIMPACT, good, title=f"Edited {n}")
        while world.value(Side.NOTION, world.page_of(good), "title") != f"Edited {n}":
            world.slice()
            world.clock.advance(timedelta(seconds=10))
        arrived.append(world.clock() - edited)
        work(world, timedelta(minutes=7))

    assert max(arrived) <= timedelta(minutes=1)


def test_a_record_that_keeps_failing_is_tried_ever_more_rarely(world: World) -> None:
    id = world.new_project()
    world.settle()

    def fail(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            raise Unavailable("503")

    world.notion.fault = fail
    world.edit(Side.NAVIMPACT, id, title="Edited")
    pauses = []
    for _ in range(6):
        again_at = world.slice().again_at
        assert again_at is not None
        pauses.append(again_at - world.clock())
        world.clock.now = again_at

    assert pauses == sorted(pauses)
    assert pauses[-1] > 8 * pauses[0]


def test_failures_are_forgotten_when_a_look_ends_well_whatever_it_saw(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.navimpact.fault = fail_once("navimpact read", Unavailable("503"), applied=False)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    assert world.mapping_of(id).attempts == 1

    world.notion_side.pages[world.page_of(id)].shared = False
    world.clock.advance(timedelta(minutes=1))
    world.slice()

    mapping = world.mapping_of(id)
    assert (mapping.state, mapping.attempts) == (State.UNREACHABLE, 0)
