"""A preview tells what the next sync does, record by record, and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from navsync.conductor import SLICE, Tools, conduct
from navsync.conductor.previews import TRIES
from navsync.errors import ConfigError, Down, MissingCapability, Refused, SyncError, Unavailable
from navsync.foresight import Effect, Foreseen, Preview, Progress
from navsync.model import (
    Change,
    Direction,
    EntityType,
    Lane,
    Observation,
    Operation,
    Outcome,
    Policy,
    Present,
    Scope,
    Settings,
    Side,
    SyncLog,
    Work,
    WorkKind,
    Workspace,
)
from navsync.ports import Ledger
from tests.contract.memory import MemoryNotion, ids_in
from tests.simulation.campaign import OPERATIONS as OPERATIONS_OF_A_HISTORY
from tests.simulation.campaign import played
from tests.simulation.employee import Killed
from tests.simulation.faults import breaks
from tests.simulation.history import History, Office
from tests.simulation.stories.rules import both, change, world_of
from tests.simulation.swarm import drawn
from tests.simulation.world import PROJECT, Watched, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY
BOTH = (PROJECT, LOG)


def foresee(world: World, settings: Settings | None = None) -> list[Foreseen]:
    """What a preview tells."""
    kept = begin_preview(world, settings)
    finish(world)
    return told(world, kept.id)


def finish(world: World) -> None:
    """Work until the preview is done."""
    for _ in range(200):
        if not any(work.kind is WorkKind.PREVIEW for work in world.store.of(1).work.values()):
            return
        again_at = world.slice().again_at
        world.clock.now = max(world.clock.now, again_at or world.clock.now)
    raise AssertionError("the preview does not end")


def begin_preview(world: World, settings: Settings | None = None) -> Preview:
    id = next(world.ids)
    preview = Preview(id, 1, world.clock(), settings or world.settings, actor="ana")
    world.desk.put(Work(Lane.BACKFILL, WorkKind.PREVIEW, "", str(id), world.clock(), run_id=str(id)))
    return world.desk.previews().save(preview)


def told(world: World, preview_id: int) -> list[Foreseen]:
    kept = shown(world, preview_id)
    assert (kept.state, kept.reason) == (Progress.DONE, None)
    return list(world.desk.previews().foreseen(kept, skip=0, limit=10_000))


def shown(world: World, preview_id: int) -> Preview:
    """The preview as it stands."""
    kept = world.desk.previews().get(preview_id)
    assert kept is not None
    return kept


type Deed = tuple[str, EntityType | None, str | None, Side | None, frozenset[tuple[str, Side, object, object]]]


def deed(world: World, operation: str, each: SyncLog | Foreseen) -> Deed:
    """What was, or would be, written: where, about what, and which values. A record made of a row is called as that."""
    made_on = each.side if operation == Operation.CREATE else None
    name = each.page_id if made_on is Side.NAVIMPACT or each.entity_id is None else each.entity_id
    rows = {page.values.get("title"): id for id, page in world.notion_side.pages.items()}
    made = {record.id: rows.get(record.fields.get("title")) for record in world.platform.records.values()}

    def values(change: Change) -> tuple[str, Side, object, object]:
        is_made = change.field == "project" and change.side is Side.NAVIMPACT
        new = tuple(made.get(id, id) for id in ids_in(change.new)) if is_made else change.new
        return change.field, change.side, change.old, new

    return operation, each.entity_type, name, each.side, frozenset(map(values, each.changes))


WRITTEN = (Effect.CREATE, Effect.UPDATE, Effect.DELETE, Effect.RESTORE)
OPERATIONS = (Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.RESTORE)


def foretold(world: World, items: list[Foreseen]) -> set[Deed]:
    return {deed(world, each.effect, each) for each in items if each.effect in WRITTEN}


def done_by_a_sync(world: World) -> set[Deed]:
    """What the sync log says after everything was synced."""
    before = dict(world.store.of(1).logs)
    sync(world)
    rows = [row for id, row in world.store.of(1).logs.items() if row != before.get(id)]
    return {
        deed(world, row.operation, row)
        for row in rows
        if row.operation in OPERATIONS and row.outcome is Outcome.SUCCESS
    }


def at_rest(settings: Settings | None = None) -> World:
    """Three projects and a distribution log of the first, in step, with nothing left to do."""
    world = World(settings or Settings(), entity_types=BOTH)
    world.connect()
    for title in ("Reef", "Kelp", "Tide"):
        world.platform.create(PROJECT, {"title": title, "status": "active"}, key=title)
    sync(world)
    world.platform.create(LOG, {"channel": "TV", "project": (REEF,)}, key="log")
    sync(world)
    return world


def sync(world: World) -> None:
    """Sync everything, until nothing more comes of it."""
    for _ in range(2):
        world.clock.advance(timedelta(minutes=20))
        world.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        work_for(world, timedelta(minutes=10))


def work_for(world: World, span: timedelta) -> None:
    """Work until nothing is left that is due within *span*."""
    until = world.clock() + span
    while (again_at := world.slice().again_at) is not None and again_at <= until:
        world.clock.now = max(world.clock.now, again_at)


REEF, KELP, LOG_OF_REEF = "1", "2", "4"


# --- what people did meanwhile, and no webhook told -------------------------------------------------------------------


def edit(world: World, id: str, kind: EntityType = PROJECT, **values: object) -> None:
    seen = world.platform.read(kind, id)
    assert isinstance(seen, Present)
    world.platform.update(kind, id, values, seen=seen)  # type: ignore[arg-type]


def edit_page(world: World, id: str, kind: EntityType = PROJECT, **values: object) -> None:
    world.person.edit(world.page_of(id, kind), values)  # type: ignore[arg-type]


def nothing(world: World) -> None:
    """Nobody did anything."""


def edits_in_navimpact(world: World) -> None:
    edit(world, REEF, title="Reefs", budget=Decimal(7))


def edits_in_notion(world: World) -> None:
    edit_page(world, REEF, title="Reefs", team_members=("Ana",))
    edit_page(world, LOG_OF_REEF, LOG, notes="seen")


def different_fields_on_both_sides(world: World) -> None:
    edit(world, REEF, title="Reefs")
    edit_page(world, REEF, budget=Decimal(7))


def texts_in_different_words_on_both_sides(world: World) -> None:
    edit(world, KELP, description="One here. Two. Three.")
    edit_page(world, KELP, description="One. Two. Three there.")


def the_same_field_on_both_sides(world: World) -> None:
    edit(world, REEF, title="Reefs")
    edit_page(world, REEF, title="The Reef")


def a_new_record_with_a_child(world: World) -> None:
    made = world.platform.create(PROJECT, {"title": "Fjord", "status": "planning"}, key="fjord")
    world.platform.create(LOG, {"channel": "Cinema", "project": (made.id,)}, key="child")


def a_new_row_with_a_child(world: World) -> None:
    row = world.person.add_row(PROJECT, {"title": "Fjord", "status": "planning"})
    world.person.add_row(LOG, {"channel": "Cinema", "project": (row.id,)})


def a_row_that_lacks_what_it_needs(world: World) -> None:
    world.person.add_row(LOG, {"notes": "which project?"})


def a_deletion_in_navimpact(world: World) -> None:
    world.platform.remove(PROJECT, KELP)


def a_deletion_with_a_child(world: World) -> None:
    world.platform.remove(PROJECT, REEF)


def many_deletions_in_navimpact(world: World) -> None:
    for number in range(8):
        world.platform.create(PROJECT, {"title": f"No. {number}", "status": "active"}, key=f"n{number}")
    sync(world)
    for number in range(8):
        world.platform.remove(PROJECT, str(5 + number))


def a_page_in_the_trash(world: World) -> None:
    world.person.remove(PROJECT, world.page_of(KELP))


def a_page_in_the_trash_whose_record_was_edited(world: World) -> None:
    a_page_in_the_trash(world)
    edit(world, KELP, title="Kelp forest")


def a_deleted_record_whose_page_was_edited(world: World) -> None:
    world.platform.remove(PROJECT, KELP)
    edit_page(world, KELP, title="Kelp forest")


def a_page_that_is_shared_no_more(world: World) -> None:
    world.notion_side.pages[world.page_of(KELP)].shared = False


def a_value_that_navimpact_cannot_hold(world: World) -> None:
    edit_page(world, REEF, start_date="2026-01-01/2026-02-01", title="Reefs")


def a_lost_column(world: World) -> None:
    world.person.break_property(PROJECT, "budget", "it was deleted")
    edit(world, REEF, budget=Decimal(7), title="Reefs")


def a_child_that_moves_to_a_new_row(world: World) -> None:
    row = world.person.add_row(PROJECT, {"title": "Fjord", "status": "planning"})
    edit_page(world, LOG_OF_REEF, LOG, project=(row.id,))


MEANWHILE = (
    nothing,
    edits_in_navimpact,
    edits_in_notion,
    different_fields_on_both_sides,
    texts_in_different_words_on_both_sides,
    the_same_field_on_both_sides,
    a_new_record_with_a_child,
    a_new_row_with_a_child,
    a_row_that_lacks_what_it_needs,
    a_deletion_in_navimpact,
    a_deletion_with_a_child,
    many_deletions_in_navimpact,
    a_page_in_the_trash,
    a_page_in_the_trash_whose_record_was_edited,
    a_deleted_record_whose_page_was_edited,
    a_page_that_is_shared_no_more,
    a_value_that_navimpact_cannot_hold,
    a_lost_column,
    a_child_that_moves_to_a_new_row,
)
after_each = pytest.mark.parametrize("meanwhile", MEANWHILE)

type Meanwhile = Callable[[World], None]


@after_each
def test_what_a_preview_foresees_is_what_a_sync_then_writes(meanwhile: Meanwhile) -> None:
    world = at_rest()
    meanwhile(world)

    expected = foretold(world, foresee(world))

    assert done_by_a_sync(world) == expected


@after_each
def test_what_a_preview_says_will_wait_is_what_then_waits(meanwhile: Meanwhile) -> None:
    world = at_rest()
    meanwhile(world)

    before, expected = waiting(world), news(foresee(world))

    sync(world)
    assert waiting(world) - before == expected


@after_each
def test_a_preview_writes_nothing(meanwhile: Meanwhile) -> None:
    world = at_rest()
    meanwhile(world)
    kept, writes = world.store.of(1), len(world.writes())
    before = deepcopy((kept.mappings, kept.pairs, kept.logs, kept.cursors, kept.removals, kept.sources))

    foresee(world)

    assert len(world.writes()) == writes
    assert (kept.mappings, kept.pairs, kept.logs, kept.cursors, kept.removals, kept.sources) == before


@after_each
def test_once_all_is_synced_a_preview_lists_only_what_waits_for_a_person(meanwhile: Meanwhile) -> None:
    world = at_rest()
    meanwhile(world)
    sync(world)

    assert [each for each in foresee(world) if not each.is_so] == []


def news(items: list[Foreseen]) -> set[tuple[str, str | None, str | None, str | None]]:
    """What would wait that does not wait by now."""
    return {_wait(each) for each in items if each.effect not in (*WRITTEN, Effect.LINK) and not each.is_so}


def _wait(each: Foreseen) -> tuple[str, str | None, str | None, str | None]:
    return each.code or each.effect, each.field, each.entity_id, each.page_id


def waiting(world: World) -> set[tuple[str, str | None, str | None, str | None]]:
    """What people are told of records that are not simply in step."""
    return {
        (code, name, each.entity_id, each.page_id)
        for each in world.store.of(1).mappings.values()
        for code, name in [
            *(("conflict", c.field) for c in each.conflicts),
            *((t.code, t.field) for t in each.troubles),
        ]
    }


def test_a_record_that_cannot_be_foreseen_is_told_and_keeps_no_other_back() -> None:
    world = World(entity_types=(LOG,))  # projects have no database there, and so no pages
    world.connect()
    project = world.platform.create(PROJECT, {"title": "Reef"}, key="reef")
    for channel in ("TV", "Cinema"):
        world.platform.create(LOG, {"channel": channel, "project": (project.id,)}, key=channel)
    slow(world, 13)

    items = foresee(world)

    assert [(each.effect, each.reason) for each in items] == [
        (Effect.FAIL, "the project it belongs to has no page yet")
    ] * 2


FAILURES = (
    Refused("422"),
    MissingCapability("403"),
    Down("503"),
    Unavailable("200 without a record"),
    ConfigError("301"),
)
"""NavImpact answers some refusals with a 503."""

each_failure = pytest.mark.parametrize("error", FAILURES, ids=str)


@each_failure
def test_a_pair_whose_record_cannot_be_read_is_told_and_keeps_no_other_back(error: SyncError) -> None:
    world = at_rest()
    edit(world, KELP, title="Kelp forest")
    breaks(world.navimpact, "read", error, lambda _, id: id == REEF)

    items = foresee(world)

    assert {(each.entity_type, each.entity_id): (each.effect, each.reason) for each in items} == {
        (PROJECT, REEF): (Effect.FAIL, str(error)),
        (PROJECT, KELP): (Effect.UPDATE, None),
    }


@each_failure
def test_a_new_record_that_cannot_be_read_is_told_and_keeps_no_other_back(error: SyncError) -> None:
    world = at_rest()
    fjord, delta = (world.platform.create(PROJECT, {"title": title}, key=title).id for title in ("Fjord", "Delta"))
    breaks(world.navimpact, "read", error, lambda _, id: id == fjord)

    items = foresee(world)

    assert [(each.entity_id, each.effect, each.reason) for each in items] == [
        (fjord, Effect.FAIL, str(error)),
        (delta, Effect.CREATE, None),
    ]


@each_failure
def test_a_new_row_that_cannot_be_read_is_told_and_keeps_no_other_back(
    error: SyncError, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = at_rest()
    fjord, delta = (world.person.add_row(PROJECT, {"title": title}).id for title in ("Fjord", "Delta"))
    read = MemoryNotion.read

    def failing(notion: MemoryNotion, kind: EntityType, id: str) -> Observation:
        if id == fjord:
            raise error
        return read(notion, kind, id)

    monkeypatch.setattr(MemoryNotion, "read", failing)

    items = foresee(world)

    assert {each.page_id: (each.effect, each.reason) for each in items} == {
        fjord: (Effect.FAIL, str(error)),
        delta: (Effect.CREATE, None),
    }


def test_a_record_that_could_not_be_read_for_a_moment_is_foreseen() -> None:
    world = at_rest()
    edit(world, REEF, title="Reefs")
    mend = breaks(world.navimpact, "read", Down("503"), lambda _, id: id == REEF)

    def mend_once_asked(called: str, is_over: bool) -> None:
        if (called, is_over) == ("navimpact answers", True):
            mend()

    world.navimpact.fault = mend_once_asked

    assert [each.effect for each in foresee(world)] == [Effect.UPDATE]


def test_a_page_that_is_in_the_trash_with_its_database_is_foreseen_to_stay_there() -> None:
    world = at_rest()
    world.person.trash_database(PROJECT)
    edit(world, KELP, title="Kelp forest")

    expected = foresee(world)

    assert foretold(world, expected) == done_by_a_sync(world) == set()
    (failure,) = [each for each in expected if each.entity_id == KELP]
    assert failure.effect is Effect.FAIL
    assert "its database is in the trash" in (failure.reason or "")
    assert "its database is in the trash" in str(world.mapping_of(KELP).troubles)


def test_a_page_whose_text_the_trash_hides_is_not_taken_out_for_a_preview() -> None:
    world = world_of(Settings(), STORY)
    world.notion_side.trash_hides_bodies = True
    id = world.new_child(STORY, world.new_project(), title="One", description="Words")
    world.settle()
    page = world.page_of(id, STORY)
    world.person.remove(STORY, page)
    world.notion.calls.clear()

    assert [each.effect for each in foresee(world) if each.page_id == page] == [Effect.APPROVAL]
    assert not world.writes()


def test_a_preview_stops_as_many_deletions_as_the_sync_would() -> None:
    world = world_of(Settings())
    _stays, *pairs = (both(world, title=f"Reef {n}") for n in range(9))
    for id, _ in pairs:
        world.platform.remove(PROJECT, id)

    effects = Counter(each.effect for each in foresee(world))

    assert effects == {Effect.DELETE: 5, Effect.APPROVAL: 3}


# --- what was begun and not ended -------------------------------------------------------------------------------------


def die_at(world: World, call: str, *, is_over: bool) -> None:
    """The worker dies before or after the next *call*, and nobody goes on with its work."""

    def strike(called: str, now_over: bool) -> None:
        if (called, now_over) == (call, is_over):
            raise Killed

    world.notion.fault = world.navimpact.fault = strike
    with suppress(Killed):
        world.slice()
    world.notion.fault = world.navimpact.fault = None
    for work in list(world.store.of(1).work.values()):
        world.desk.done(work)
    world.clock.advance(timedelta(minutes=5))


def a_create_in_notion(world: World) -> None:
    world.new_project(title="Fjord")


def a_create_in_navimpact(world: World) -> None:
    world.new_row(title="Fjord", status="planning")


def an_update_of_notion(world: World) -> None:
    world.edit(Side.NAVIMPACT, REEF, title="Reefs")


def an_update_of_navimpact(world: World) -> None:
    world.edit(Side.NOTION, world.page_of(REEF), title="Reefs")


def a_deletion_with_its_webhook(world: World) -> None:
    world.platform.remove(PROJECT, KELP)
    world.touched(Side.NAVIMPACT, KELP)
    world.slice()
    world.clock.advance(timedelta(seconds=11))


INTERRUPTED = (
    (a_create_in_notion, "notion create"),
    (a_create_in_navimpact, "navimpact create"),
    (an_update_of_notion, "notion update"),
    (an_update_of_navimpact, "navimpact update"),
    (a_deletion_with_its_webhook, "notion remove"),
)


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize(("begin", "call"), INTERRUPTED)
def test_what_was_interrupted_is_foreseen_as_it_is_then_finished(begin: Meanwhile, call: str, is_over: bool) -> None:
    world = at_rest()
    begin(world)
    die_at(world, call, is_over=is_over)
    world.platform.create(PROJECT, {"title": "Delta", "status": "active"}, key="delta")  # creates are finished first

    expected = foretold(world, foresee(world))

    done = done_by_a_sync(world)
    assert done - ({each for each in done if each[0] == Operation.UPDATE} if is_over else set()) == expected


@pytest.mark.parametrize(("begin", "call"), INTERRUPTED)
def test_what_was_interrupted_is_told_once_in_slices_too(begin: Meanwhile, call: str) -> None:
    hasty, patient = at_rest(), at_rest()
    for world in (hasty, patient):
        begin(world)
        die_at(world, call, is_over=False)
        world.platform.create(PROJECT, {"title": "Delta", "status": "active"}, key="delta")
    slow(patient, 13)

    assert [shape(each) for each in foresee(patient)] == [shape(each) for each in foresee(hasty)]


def test_what_waits_already_is_said_to() -> None:
    world = at_rest()
    the_same_field_on_both_sides(world)
    sync(world)

    (item,) = foresee(world)

    assert (item.effect, item.field, item.is_so) == (Effect.CONFLICT, "title", True)


# --- settings that nobody has set -------------------------------------------------------------------------------------


def set_settings(world: World, settings: Settings) -> None:
    """What an admin sets, and then has everything looked at."""
    change(world, settings=settings)
    world.put(WorkKind.RULES, lane=Lane.SWEEP)
    for id in world.store.of(1).mappings:
        world.put(WorkKind.MAPPING, str(id), lane=Lane.SWEEP)


def edits_of_one_way_fields(world: World) -> None:
    edit(world, REEF, title="Reefs", budget=Decimal(7))
    edit_page(world, KELP, title="Kelp forest")


ONLY_ACTIVE = Scope(statuses=("active",))
CHANGED = (
    (Settings(), Settings(policy=Policy.NOTION), the_same_field_on_both_sides),
    (Settings(), Settings(field_policies={"media_project.title": Policy.NAVIMPACT}), the_same_field_on_both_sides),
    (Settings(), Settings(direction=Direction.TO_NOTION), edits_of_one_way_fields),
    (Settings(direction=Direction.TO_NOTION), Settings(), edits_of_one_way_fields),
    (Settings(direction=Direction.TO_NOTION), Settings(), a_new_row_with_a_child),
    (Settings(), Settings(field_directions={"media_project.title": Direction.TO_NAVIMPACT}), edits_of_one_way_fields),
    (Settings(), Settings(scope=Scope(project_ids=(REEF,))), edits_in_navimpact),
    (Settings(), Settings(scope=Scope(project_ids=(KELP,))), edits_in_navimpact),
    (Settings(scope=Scope(project_ids=(REEF,))), Settings(scope=Scope(project_ids=(KELP,))), nothing),
    (Settings(scope=ONLY_ACTIVE), Settings(), a_new_record_with_a_child),
    (Settings(), Settings(scope=ONLY_ACTIVE), a_new_record_with_a_child),
    (Settings(), Settings(direction=Direction.TO_NAVIMPACT), edits_of_one_way_fields),
)
by_settings = pytest.mark.parametrize(("now", "then", "meanwhile"), CHANGED)


def meanwhile_under(now: Settings, meanwhile: Meanwhile) -> World:
    """*meanwhile* was done, and synced under the settings as they are *now*."""
    world = at_rest(now)
    meanwhile(world)
    sync(world)
    return world


@by_settings
def test_what_other_settings_would_write_is_what_they_then_write(
    now: Settings, then: Settings, meanwhile: Meanwhile
) -> None:
    world = meanwhile_under(now, meanwhile)

    expected = foretold(world, foresee(world, then))

    set_settings(world, then)
    assert done_by_a_sync(world) == expected


@by_settings
def test_what_other_settings_would_hold_is_what_they_then_hold(
    now: Settings, then: Settings, meanwhile: Meanwhile
) -> None:
    world = meanwhile_under(now, meanwhile)

    before, expected = waiting(world), news(foresee(world, then))

    set_settings(world, then)
    sync(world)
    assert waiting(world) - before == expected


def test_newcomers_that_other_settings_would_leave_out_are_told_with_the_rule() -> None:
    world = at_rest()
    a_new_record_with_a_child(world)
    slow(world, 25)

    (item,) = foresee(world, Settings(scope=ONLY_ACTIVE))

    assert (item.effect, item.entity_type, item.code) == (Effect.EXCLUDE, PROJECT, "out_of_scope")


def test_settings_that_were_only_tried_are_not_the_workspaces() -> None:
    world = at_rest()
    before = world.desk.workspace()

    foresee(world, Settings(policy=Policy.NOTION))

    assert world.desk.workspace() == before


def test_what_a_preview_supposes_is_not_applied_to_edits_that_pass_it() -> None:
    world = world_of(Settings())
    pairs = [both(world, title=f"Reef {n}") for n in range(3)]
    begin_preview(world, Settings(direction=Direction.TO_NOTION))

    world.edit(Side.NOTION, pairs[0][1], title="Mine")
    finish(world)

    assert world.value(Side.NAVIMPACT, pairs[0][0], "title") == "Mine"


# --- in slices --------------------------------------------------------------------------------------------------------


def slow(world: World, seconds: int) -> None:
    """Each call to a side takes so long."""

    def wait(_called: str, is_over: bool) -> None:
        world.clock.advance(timedelta(seconds=seconds if is_over else 0))

    world.notion.fault = world.navimpact.fault = wait


@by_settings
def test_other_settings_in_many_slices_lead_to_the_same_as_in_one(
    now: Settings, then: Settings, meanwhile: Meanwhile
) -> None:
    hasty, patient = meanwhile_under(now, meanwhile), meanwhile_under(now, meanwhile)
    slow(patient, 13)

    assert [shape(each) for each in foresee(patient, then)] == [shape(each) for each in foresee(hasty, then)]


@after_each
def test_a_preview_in_many_slices_tells_the_same_as_in_one(meanwhile: Meanwhile) -> None:
    hasty, patient = at_rest(), at_rest()
    meanwhile(hasty)
    meanwhile(patient)
    slow(patient, 13)

    assert [shape(each) for each in foresee(patient)] == [shape(each) for each in foresee(hasty)]


def shape(each: Foreseen) -> Foreseen:
    return replace(each, mapping_id=None)


def strike_at(world: World, number: int, error: BaseException, *, times: int = 1) -> None:
    """Raise *error* at calls of either side, from *number* on."""
    calls = count()

    def strike(_called: str, is_over: bool) -> None:
        if not is_over and number <= next(calls) < number + times:
            raise error

    world.notion.fault = world.navimpact.fault = strike


def everything_at_once(world: World) -> None:
    edits_in_navimpact(world)
    a_new_row_with_a_child(world)
    a_page_in_the_trash(world)
    a_row_that_lacks_what_it_needs(world)


def test_wherever_a_worker_dies_nothing_is_left_out_and_nothing_told_twice() -> None:
    whole = at_rest()
    everything_at_once(whole)
    expected = [shape(each) for each in foresee(whole)]

    for number in range(30):
        world = at_rest()
        everything_at_once(world)
        kept = begin_preview(world)
        strike_at(world, number, Killed())
        with suppress(Killed):
            world.slice()
        world.clock.advance(timedelta(minutes=5))
        finish(world)
        assert [shape(each) for each in told(world, kept.id)] == expected


def test_while_a_side_is_down_a_preview_says_what_it_waits_for() -> None:
    world = at_rest()
    kept = begin_preview(world)
    strike_at(world, 2, Down("NavImpact does not answer"), times=1_000)

    world.slice()

    told_by_it = shown(world, kept.id)
    assert (told_by_it.state, told_by_it.reason) == (Progress.RUNNING, "NavImpact does not answer")


@pytest.mark.parametrize("number", range(16))
def test_a_preview_goes_on_when_the_side_is_back(number: int) -> None:
    world = at_rest()
    edits_in_navimpact(world)
    kept = begin_preview(world)
    strike_at(world, number, Down("NavImpact does not answer"), times=4)

    finish(world)

    assert [each.effect for each in told(world, kept.id)] == [Effect.UPDATE]


def test_a_preview_that_comes_further_each_time_is_not_given_up() -> None:
    world = at_rest()
    for number in range(2 * TRIES):
        world.platform.create(PROJECT, {"title": f"Film {number}"}, key=str(number))
    kept, outages = begin_preview(world), 0

    while shown(world, kept.id).state is Progress.RUNNING:
        strike_at(world, 3, Down("NavImpact does not answer"), times=1_000)
        again_at = world.slice().again_at
        world.clock.now = max(world.clock.now, again_at or world.clock.now)
        outages += 1

    assert outages > TRIES
    assert [each.effect for each in told(world, kept.id)] == [Effect.CREATE] * 2 * TRIES


def test_a_record_that_hangs_is_not_asked_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    world = at_rest()
    tools, kept = world.tools, begin_preview(world)

    def hangs(_kind: EntityType, id: str) -> bool:
        world.clock.advance(timedelta(seconds=30 if id == REEF else 0))
        return id == REEF

    def asked_in_time(_workspace: Workspace, _ledger: Ledger, check_time: Callable[[], None]) -> Watched:
        world.notion.fault = lambda _called, is_over: None if is_over else check_time()
        return world.notion

    breaks(world.navimpact, "read", Down("NavImpact did not give a whole answer"), hangs)
    monkeypatch.setattr(world, "tools", lambda: replace(tools(), notion_of=asked_in_time))

    finish(world)

    told_by_it = shown(world, kept.id)
    assert (told_by_it.state, told_by_it.reason) == (Progress.FAILED, "NavImpact did not give a whole answer")


def test_a_preview_is_given_up_after_failing_again_and_again() -> None:
    world = at_rest()
    kept = begin_preview(world)
    strike_at(world, 0, Unavailable("NavImpact does not show the collection"), times=1_000)

    finish(world)

    told_by_it = shown(world, kept.id)
    assert (told_by_it.state, told_by_it.reason) == (Progress.FAILED, "NavImpact does not show the collection")


def test_a_preview_that_fails_leaves_no_row_in_the_sync_log() -> None:
    world = at_rest()
    before = dict(world.store.of(1).logs)
    begin_preview(world)
    strike_at(world, 0, Unavailable("NavImpact does not show the collection"), times=1_000)

    finish(world)

    assert world.store.of(1).logs == before


def test_a_persons_edit_overtakes_a_preview() -> None:
    world = at_rest()
    edits_in_navimpact(world)
    kept = begin_preview(world)
    calls, seen = count(), list[Progress]()

    def watch(called: str, _is_over: bool) -> None:
        if next(calls) == 2:
            world.edit(Side.NAVIMPACT, KELP, title="Kelp forest")
        if called == "notion update":
            seen.append(shown(world, kept.id).state)

    world.notion.fault = world.navimpact.fault = watch
    world.slice()

    assert seen[0] is Progress.RUNNING
    assert world.value(Side.NOTION, world.page_of(KELP), "title") == "Kelp forest"


def test_after_an_edit_has_passed_a_preview_is_served_as_one_again() -> None:
    world = at_rest()
    edits_in_navimpact(world)
    begin_preview(world)
    served = list[str]()

    def watch(_called: str, _is_over: bool) -> None:
        if len(served) == 2:
            world.edit(Side.NAVIMPACT, KELP, title="Kelp forest")
        served.append(str(world.store.of(1).lease.working_on))

    world.notion.fault = world.navimpact.fault = watch
    world.slice()

    assert list(dict.fromkeys(served)) == ["preview/", f"entity/{PROJECT}/{KELP}"]
    assert served[-1] == "preview/"


def test_rows_of_which_nothing_comes_are_looked_at_once_however_short_the_slices() -> None:
    world = at_rest()
    for _ in range(5):
        world.notion_side.add_row(PROJECT, {"title": "Once a log of ours"}, key=f"{LOG}/7")
    slow(world, 25)

    assert foresee(world) == []


def test_rows_that_people_copied_are_told_of_once_however_short_the_slices() -> None:
    world = at_rest()
    for _ in range(5):
        world.person.add_row(PROJECT, {"title": "A copy"}, key=f"{PROJECT}/{REEF}")
    slow(world, 25)

    assert [each.effect for each in foresee(world)] == [Effect.HOLD] * 5


def test_without_databases_a_preview_says_that_set_up_comes_first() -> None:
    world = World(entity_types=BOTH)
    kept = begin_preview(world)

    finish(world)

    told_by_it = shown(world, kept.id)
    assert told_by_it.state is Progress.FAILED
    assert "run its set-up" in (told_by_it.reason or "")


def test_what_belongs_to_a_deleted_project_is_told_once_in_slices_too() -> None:
    world = at_rest()
    a_deletion_with_a_child(world)
    slow(world, 25)

    assert [each.effect for each in foresee(world)] == [Effect.DELETE, Effect.DELETE]


# --- after histories of all kinds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(700, 715))
def test_a_preview_of_a_history_at_rest_lists_only_what_waits_for_a_person(seed: int) -> None:
    history, _ = played(drawn(seed, OPERATIONS_OF_A_HISTORY))

    for office in history.offices:
        assert [each for each in foreseen_in(history, office) if not each.is_so] == []


def foreseen_in(history: History, office: Office) -> Sequence[Foreseen]:
    """What a worker whom nobody disturbs foresees in *office*."""
    desk, ids = history.store.desk(office.id), count(10**9)
    workspace, id, now = desk.workspace(), next(ids), history.clock()
    assert workspace is not None
    history.store.of(office.id).work.clear()
    desk.put(Work(Lane.BACKFILL, WorkKind.PREVIEW, "", str(id), now, run_id=str(id)))
    desk.previews().save(Preview(id, office.id, now, workspace.settings))
    notion = Watched(office.notion)
    tools = Tools(
        desk=desk,
        ledger_of=history.store.ledger,
        notion_of=lambda _workspace, _ledger, _check: notion,
        navimpact=history.platform,
        clock=history.clock,
        new_id=lambda: next(ids),
        jitter=lambda: 0.5,
        entity_types=history.swarm.types,
    )
    conduct(tools, "undisturbed", until=now + SLICE)
    kept = desk.previews().get(id)
    assert kept is not None
    assert (kept.state, kept.reason) == (Progress.DONE, None)
    return desk.previews().foreseen(kept, skip=0, limit=1_000)
