"""What cannot be done, about a record, a list or all of a workspace, keeps nothing else back, and is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from navsync import connection, pauses, reconcile
from navsync.conductor import Tools
from navsync.engine import SETTLE
from navsync.errors import Down, MissingCapability, NotReachable, Refused, SyncError, Unavailable, Unclear
from navsync.fields import SPECS
from navsync.model import (
    KEY_FIELD,
    EntityType,
    Lane,
    Operation,
    Outages,
    Outcome,
    Pause,
    Present,
    Side,
    State,
    Values,
    WorkKind,
)
from tests.simulation.faults import breaks
from tests.simulation.stories.scenes import column_goes, rounds
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY
TICK = timedelta(minutes=5)
DAY = timedelta(days=1)

FAILURES = (Down("500"), Refused("422"), MissingCapability("403"), NotReachable("404"))
each_failure = pytest.mark.parametrize("error", FAILURES, ids=str)


def tick(world: World, times: int = 1) -> None:
    """The schedule, every five minutes, and what is due in between."""
    for _ in range(times):
        world.clock.advance(TICK)
        world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        until = world.clock() + TICK
        while (again_at := world.slice().again_at) is not None and again_at < until:
            world.clock.now = max(world.clock.now, again_at)


def failures(world: World) -> list[tuple[str | None, str | None]]:
    return [(row.title, row.message) for row in world.logs(Operation.FAIL)]


def missed_edit(world: World, project: str, title: str) -> None:
    """An edit in NavImpact that no webhook tells of."""
    seen = world.platform.read(PROJECT, project)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, project, {"title": title}, seen=seen)


# --- a record that cannot be read -------------------------------------------------------------------------------------


@each_failure
def test_a_record_that_cannot_be_read_hides_no_page_that_was_thrown_away(world: World, error: SyncError) -> None:
    bad, *_, other = [world.new_project(title=f"P{number}") for number in range(6)]
    world.settle()
    tick(world, 4)
    breaks(world.navimpact, "read", error, lambda _, id: id == bad)

    world.person.remove(PROJECT, world.page_of(other))
    tick(world, 6)

    assert world.mapping_of(other).state is State.AWAITING_APPROVAL
    assert failures(world) == []


@each_failure
def test_its_failure_is_kept_with_it_and_it_is_put_off(world: World, error: SyncError) -> None:
    bad = world.new_project()
    world.settle()
    tick(world, 4)
    breaks(world.navimpact, "read", error, lambda _, id: id == bad)

    tick(world, 6)

    assert world.mapping_of(bad).attempts > 0
    assert [trouble.code for trouble in world.mapping_of(bad).troubles] == ["failing"]


@each_failure
def test_records_that_none_can_be_read_of_hide_none_behind_them(world: World, error: SyncError) -> None:
    ids = [world.new_project(title=f"P{number}") for number in range(10)]
    world.settle()
    tick(world, 4)
    breaks(world.navimpact, "read", error, lambda _, id: id in ids[:8])

    world.person.remove(PROJECT, world.page_of(ids[-1]))
    tick(world, 12)

    assert world.mapping_of(ids[-1]).state is State.AWAITING_APPROVAL


def test_a_side_that_shows_no_record_is_asked_for_few(world: World) -> None:
    for number in range(30):
        world.new_project(title=f"P{number}")
    world.settle(most=200)
    tick(world, 4)
    breaks(world.navimpact, "read", Down("503"), lambda *_: True)

    world.clock.advance(reconcile.PAIRS_EVERY)
    before = len(world.navimpact.calls)
    world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    world.slice()

    looked_at = [pair for pair in world.store.of(1).mappings.values() if pair.attempts]
    assert len(looked_at) == reconcile.MOST_UNREAD
    assert world.navimpact.calls[before:].count("navimpact read") == 2 * reconcile.MOST_UNREAD


# --- a new record that cannot be read ---------------------------------------------------------------------------------


def stuck(world: World) -> list[str]:
    """What a person is told of the workspace as a whole."""
    failing = connection.stuck(world.desk, world.clock())
    return [t.cause for t in connection.troubles_of(world.workspace, None, failing, world.desk.sources().values())]


@each_failure
def test_a_new_record_that_cannot_be_read_is_told_once_and_asked_for_ever_more_rarely(
    world: World, error: SyncError
) -> None:
    world.another_project()
    bad, asked = world.new_project(), list[datetime]()
    breaks(world.navimpact, "read", error, lambda _, id: id == bad)
    world.navimpact.fault = lambda call, _: asked.append(world.clock()) if call == "navimpact read" else None

    tick(world, DAY // TICK)

    assert len(failures(world)) == 1
    assert max(later - earlier for earlier, later in pairwise(asked)) > 2 * TICK
    (told,) = stuck(world)
    assert told.startswith(f"The media project {bad} in NavImpact is new, and looking at it failed")


def test_new_records_that_cannot_be_read_keep_no_edit_waiting(world: World) -> None:
    good, *bad = (world.new_project(title=f"P{number}") for number in range(7))
    breaks(world.navimpact, "read", Down("503"), lambda _, id: id in bad)
    tick(world, 12)

    for number in range(12):
        tick(world)
        world.edit(Side.NAVIMPACT, good, title=f"Edit {number}")
        world.slice()

        assert world.value(Side.NOTION, world.page_of(good), "title") == f"Edit {number}"


def test_a_new_record_that_can_be_read_again_gets_its_page_within_a_quarter_of_an_hour(world: World) -> None:
    bad = world.new_project()
    mend = breaks(world.navimpact, "read", Down("503"), lambda _, id: id == bad)
    tick(world, 24)

    mend()
    tick(world, 3)

    assert world.value(Side.NOTION, world.page_of(bad), "title") == "Reef"
    assert stuck(world) == []


def test_a_row_that_is_added_while_the_column_of_ids_is_gone_is_told_with_the_column(world: World) -> None:
    world.notion_side.break_property(PROJECT, KEY_FIELD, "deleted")
    world.notion_side.refresh(PROJECT)
    row = world.new_row(title="Kelp")

    tick(world, DAY // TICK)

    column, page = stuck(world)
    assert column.startswith("The property “NavImpact ID” of Media projects is missing in Notion")
    assert page.startswith(f"The page {row} of Media projects in Notion is new, and looking at it failed")
    assert len(failures(world)) == 1


# --- a list that cannot be listed -------------------------------------------------------------------------------------


@each_failure
@pytest.mark.parametrize("call", ["changed_since", "rows"])
def test_a_database_that_cannot_be_queried_keeps_no_other_from_being_reconciled(
    world: World, call: str, error: SyncError
) -> None:
    project, trashed = world.new_project(), world.new_project(title="Trashed")
    world.settle()
    story = world.new_child(STORY, project, title="Tale", description="words")
    world.new_child(LOG, project)
    world.settle()
    tick(world, 4)
    breaks(world.notion, call, error, lambda kind, *_: kind is LOG)

    seen = world.platform.read(STORY, story)
    world.platform.update(STORY, story, {"title": "Tale by NavImpact"}, seen=seen)  # type: ignore[arg-type]
    world.person.edit(world.page_of(story, STORY), {"stakeholder_name": "Ann"})
    world.person.edit(world.page_of(project), {"title": "Reef by Notion"})
    world.person.remove(PROJECT, world.page_of(trashed))
    tick(world, 8)

    assert world.value(Side.NOTION, world.page_of(story, STORY), "title", STORY) == "Tale by NavImpact"
    assert world.value(Side.NAVIMPACT, story, "stakeholder_name", STORY) == "Ann"
    assert world.value(Side.NAVIMPACT, project, "title") == "Reef by Notion"
    assert world.mapping_of(trashed).state is State.AWAITING_APPROVAL


@each_failure
def test_it_is_told_once_by_its_name(world: World, error: SyncError) -> None:
    breaks(world.notion, "changed_since", error, lambda kind, *_: kind is LOG)

    tick(world, DAY // TICK)

    assert failures(world) == [("Distribution logs in Notion", str(error))]


def test_a_database_of_which_no_single_rows_can_be_asked_for_is_told_once_by_its_name(world: World) -> None:
    world.new_child(LOG, world.new_project())
    world.settle()
    breaks(world.notion, "rows", Refused("it has no property NavImpact ID"), lambda kind, *_: kind is LOG)

    tick(world, DAY // TICK)

    ((title, message),) = failures(world)
    assert title == "Records and their pages"
    assert "Distribution logs in Notion: it has no property NavImpact ID" in str(message)


def test_pairs_of_which_some_cannot_be_asked_for_are_looked_at_as_often_as_all_others(world: World) -> None:
    world.new_child(LOG, world.new_project())
    world.settle()
    tick(world, 4)
    breaks(world.notion, "rows", Refused("it has no property NavImpact ID"), lambda kind, *_: kind is LOG)
    before = world.notion.calls.count("notion rows")

    tick(world, DAY // TICK)

    (waiting,) = (row for row in world.store.of(1).work.values() if row.kind is WorkKind.SWEEP)
    asked = (world.notion.calls.count("notion rows") - before) // 2  # of projects, and of logs
    assert asked in range(DAY // reconcile.PAIRS_EVERY - 1, DAY // reconcile.PAIRS_EVERY + 2)
    assert waiting.attempts == asked


def test_it_is_asked_for_ever_more_rarely_and_found_when_it_is_there_again(world: World) -> None:
    project = world.new_project()
    world.settle()
    log = world.new_child(LOG, project)
    world.settle()
    tick(world, 4)
    mend = breaks(world.notion, "changed_since", NotReachable("not shared"), lambda kind, *_: kind is LOG)
    asked, real = list[EntityType](), world.notion.port.changed_since

    def counted(kind: EntityType, *rest: Any) -> Any:
        asked.append(kind)
        return real(kind, *rest)

    world.notion.port.changed_since = counted  # type: ignore[assignment]
    tick(world, DAY // TICK)
    assert asked.count(LOG) < asked.count(PROJECT) / 2

    mend()
    world.person.edit(world.page_of(log, LOG), {"notes": "shared again"})
    tick(world, 4)
    assert world.value(Side.NAVIMPACT, log, "notes", LOG) == "shared again"


def test_a_record_that_a_list_of_navimpact_cannot_show_stops_that_list_alone(world: World) -> None:
    project = world.new_project()
    world.settle()
    tick(world, 4)
    breaks(world.navimpact, "changed_since", Down("500"), lambda kind, *_: kind is LOG)

    missed_edit(world, project, "Edited")
    tick(world, 2)

    assert world.value(Side.NOTION, world.page_of(project), "title") == "Edited"
    assert [title for title, _ in failures(world)] == ["Distribution logs in NavImpact"]


def test_one_list_that_stays_down_stops_nobody_else_however_often_it_is_tried(world: World) -> None:
    breaks(world.navimpact, "changed_since", Down("500"), lambda kind, *_: kind is LOG)

    for _ in range(12):
        tick(world)
        pause = world.desk.pause()
        assert pause is None or not pause.outages.trips


def test_a_side_whose_lists_stay_down_is_left_alone_ever_longer(world: World) -> None:
    """The lists that failed are the probe when the pause ends."""
    world.desk.keep_pause(Pause(world.clock(), Outages(trips=1)))
    breaks(world.navimpact, "changed_since", Down("503"), lambda *_: True)

    tick(world, timedelta(hours=2) // TICK)

    pause = world.desk.pause()
    assert pause is not None
    assert pause.outages.trips > 5


def test_a_sweep_all_lists_of_which_are_left_to_their_time_tells_nothing_of_a_side(world: World) -> None:
    world.new_project()
    world.settle()
    for port in (world.notion, world.navimpact):
        breaks(port, "changed_since", Unavailable("not now"), lambda *_: True)
    breaks(world.notion, "rows", Unavailable("not now"), lambda *_: True)
    tick(world, 4)
    world.desk.keep_pause(left_alone := Pause(world.clock(), Outages(trips=3)))

    tick(world, DAY // TICK)

    assert world.desk.pause() == left_alone


def test_records_that_are_down_by_themselves_do_not_pause_a_side_that_refuses_others_between_them(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(10)]
    world.settle()
    breaks(world.navimpact, "read", Down("500"), lambda _, id: id in ids[::2])
    breaks(world.navimpact, "read", MissingCapability("403"), lambda _, id: id in ids[1::2])

    for id in ids:
        world.clock.advance(timedelta(milliseconds=10))
        world.touched(Side.NAVIMPACT, id)
    world.slice()

    assert pauses.until(world.desk, world.clock()) is None


@pytest.mark.parametrize(
    ("kind", "about"), [(WorkKind.PAGE, "/no row of ours"), (WorkKind.MAPPING, "1"), (WorkKind.RULES, "drafts")]
)
def test_work_for_which_nobody_is_asked_tells_nothing_of_a_side(world: World, kind: WorkKind, about: str) -> None:
    world.desk.keep_pause(left_alone := Pause(world.clock(), Outages(trips=3)))

    for _ in range(3):
        world.put(kind, about)
        world.slice()

    assert world.desk.pause() == left_alone


# --- a look at what the connection may do -----------------------------------------------------------------------------


class Probed(World):
    """A world in which it can be said how the daily look at the connection ends."""

    probes: int = 0
    refusal: SyncError | None = None

    def tools(self) -> Tools:
        return replace(super().tools(), look_at_connection=self._look)

    def _look(self, _notion: object) -> None:
        self.probes += 1
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
def probed() -> Probed:
    world = Probed(entity_types=tuple(SPECS))
    world.connect()
    return world


@each_failure
def test_a_connection_that_cannot_be_looked_at_keeps_no_list_from_being_reconciled(
    probed: Probed, error: SyncError
) -> None:
    project = probed.new_project()
    probed.settle()
    tick(probed, 2)
    probed.refusal = error

    probed.clock.advance(DAY)
    missed_edit(probed, project, "Edited")
    tick(probed, 2)

    assert probed.value(Side.NOTION, probed.page_of(project), "title") == "Edited"


def test_it_is_told_once_and_looked_at_ever_more_rarely_until_it_can_be(probed: Probed) -> None:
    probed.refusal = Down("Notion's search answers 500")

    tick(probed, DAY // TICK)

    assert failures(probed) == [("What the connection may do in Notion", "Notion's search answers 500")]
    assert probed.probes < DAY // TICK

    probed.refusal = None
    tick(probed, 4)
    probed.probes = 0
    tick(probed, DAY // TICK - 8)
    assert probed.probes == 0


def test_a_look_at_the_connection_that_fails_again_and_again_leaves_no_side_alone(probed: Probed) -> None:
    probed.refusal = Down("Notion's search answers 500")

    for _ in range(12):
        tick(probed)
        pause = probed.desk.pause()
        assert pause is None or not pause.outages.trips


def test_of_a_side_that_is_left_alone_a_look_at_the_connection_is_no_probe(probed: Probed) -> None:
    probed.refusal = Down("Notion's search answers 500")
    probed.desk.keep_pause(Pause(probed.clock(), Outages(trips=1)))

    tick(probed, 4)

    pause = probed.desk.pause()
    assert pause is not None
    assert not pause.outages.trips


# --- a set-up that cannot go on ---------------------------------------------------------------------------------------


@pytest.fixture
def unshared(monkeypatch: pytest.MonkeyPatch) -> World:
    """A connection with which nobody has shared a page."""
    world = World(entity_types=tuple(SPECS))

    def find_parent() -> str:
        raise Refused("no page is shared with the connection")

    monkeypatch.setattr(world.notion, "find_source", lambda _: None)
    monkeypatch.setattr(world.notion, "find_parent", find_parent)
    world.put(WorkKind.SETUP)
    return world


def test_a_set_up_that_cannot_go_on_is_told_once_and_waits_for_a_person(unshared: World) -> None:
    tick(unshared, DAY // TICK)

    assert [row.message for row in unshared.logs(Operation.SETUP)] == ["no page is shared with the connection"]
    assert [work.kind for work in connection.stuck(unshared.desk, unshared.clock())] == [WorkKind.SETUP]


def test_a_set_up_that_failed_a_moment_ago_waits_for_nobody(unshared: World) -> None:
    unshared.slice()

    assert connection.stuck(unshared.desk, unshared.clock()) == []


def test_a_set_up_is_tried_ever_more_rarely_and_goes_on_when_it_can(
    unshared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, tried = unshared.new_project(), list[datetime]()

    def find_source(entity_type: EntityType) -> None:
        tried.append(unshared.clock())

    monkeypatch.setattr(unshared.notion, "find_source", find_source)
    tick(unshared, DAY // TICK)
    assert max(later - earlier for earlier, later in pairwise(tried)) > 2 * TICK

    monkeypatch.undo()
    tick(unshared, 4)
    assert unshared.value(Side.NOTION, unshared.page_of(project), "title") == "Reef"
    assert connection.stuck(unshared.desk, unshared.clock()) == []


def test_a_database_whose_making_is_unclear_is_not_made_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    made: list[object] = []

    def create(*_: object) -> None:
        made.append(world.clock())
        raise Unclear("the answer was lost")

    monkeypatch.setattr(world.notion, "find_source", lambda _: None)
    monkeypatch.setattr(world.notion, "create_source", create)
    world.put(WorkKind.SETUP)
    for _ in range(8):
        world.slice()
        world.clock.advance(timedelta(seconds=10))
    assert len(made) == 1

    world.clock.advance(SETTLE)
    world.slice()
    assert len(made) == 2


def test_a_connection_that_was_cut_short_is_set_up_by_the_next_tick() -> None:
    world = World()
    id = world.platform.create(PROJECT, {"title": "Reef"}, key="k").id

    world.reconcile()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Reef"


def test_columns_that_cannot_be_read_anew_are_told_of_once(world: World) -> None:
    column_goes(world, "notes", LOG)
    world.slice()
    breaks(world.notion, "refresh", NotReachable("not shared"), lambda kind: kind is LOG)

    tick(world, DAY // TICK)

    assert failures(world) == [("schema distribution_log", "not shared")]


# --- what cannot be written -------------------------------------------------------------------------------------------


def test_a_create_that_keeps_failing_holds_up_no_other_new_record(world: World) -> None:
    def fail(called: str, applied: bool) -> None:
        if called == "navimpact create" and not applied:
            raise Unavailable("503, for ever")

    world.navimpact.fault = fail
    world.new_row(title="never taken")
    world.slice()

    newcomers = [world.new_project(title=f"new {n}") for n in range(5)]
    for _ in range(5):
        world.slice()
        world.clock.advance(timedelta(seconds=10))

    assert {world.value(Side.NOTION, world.page_of(id), "title") for id in newcomers} == {f"new {n}" for n in range(5)}


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

    rounds(world, 6)

    assert told
    assert len(world.logs(Operation.CREATE)) == told


def test_a_field_that_is_refused_keeps_no_other_back(world: World) -> None:
    first, second = world.new_project(title="first"), world.new_project(title="second")
    log = world.new_child(LOG, first, channel="cinema")
    world.settle()
    page, elsewhere = world.page_of(log, LOG), world.page_of(second)
    world.platform.remove(PROJECT, second)

    world.person.edit(page, {"project": (elsewhere,), "channel": "festival"})
    world.touched(Side.NOTION, page, LOG)
    world.settle()

    assert world.value(Side.NAVIMPACT, log, "channel", LOG) == "festival"


def test_a_field_that_is_refused_is_told_once(world: World) -> None:
    first, second = world.new_project(title="first"), world.new_project(title="second")
    log = world.new_child(LOG, first)
    world.settle()
    page, elsewhere = world.page_of(log, LOG), world.page_of(second)
    world.platform.remove(PROJECT, second)

    world.person.edit(page, {"project": (elsewhere,)})
    for _ in range(3):
        world.touched(Side.NOTION, page, LOG)
        world.settle()

    assert len([row for row in world.logs(Operation.UPDATE) if row.outcome is Outcome.FAILED]) == 1
