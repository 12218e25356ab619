"""What the simulator found: each story is a history that once ended badly."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.engine import CONFIRM
from navsync.errors import Blocked, Unavailable, Unclear
from navsync.model import (
    Direction,
    EntityType,
    Lane,
    Operation,
    Outcome,
    Policy,
    Present,
    Settings,
    Side,
    State,
    Trashed,
    Value,
    WorkKind,
)
from navsync.reconcile import PAIRS_EVERY
from tests.simulation.campaign import OPERATIONS, played
from tests.simulation.faults import fail_always, fail_once, once, together
from tests.simulation.swarm import drawn
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY


def reconcile(world: World) -> None:
    """A tick late enough for a round through all pairs, without any webhook before it."""
    world.store.of(1).work.clear()
    world.clock.advance(PAIRS_EVERY)
    world.reconcile()


def started(world: World) -> list[Operation]:
    return [log.operation for log in world.store.of(1).logs.values() if log.outcome is Outcome.STARTED]


# --- writes that were interrupted ------------------------------------------------------------------------------------


def test_an_interrupted_write_is_told_to_the_end_when_its_record_is_gone_too(world: World) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)
    world.notion.fault = fail_once("notion update", Unavailable("503"), applied=False)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert started(world) == []


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


def test_an_edit_of_what_was_just_written_is_no_conflict_though_the_other_side_failed() -> None:
    world = World(settings=Settings(policy=Policy.NAVIMPACT))
    world.connect()
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    def fail(called: str, applied: bool) -> None:
        if called == "navimpact update" and not applied:
            raise Unavailable("503")

    world.navimpact.fault = fail
    world.edit(Side.NOTION, page, budget=Decimal(7))
    world.store.of(1).work.clear()
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    world.navimpact.fault = None

    world.edit(Side.NOTION, page, title="Edited, and again")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == "Edited, and again"


def test_a_word_typed_into_the_very_line_that_we_write_is_not_taken_for_ours(whole: World) -> None:
    story = whole.new_child(STORY, whole.new_project(), description="One.")
    whole.settle()
    page = whole.page_of(story, STORY)
    first = once("notion update", lambda: whole.person.edit(page, {"description": "First: One."}), applied=False)

    whole.notion.fault = first
    whole.edit(Side.NAVIMPACT, story, STORY, description="Eins.")
    whole.settle()

    (conflict,) = whole.mapping_of(story, STORY).conflicts
    assert (conflict.navimpact, conflict.notion) == ("Eins.", "First: Eins.")


# --- creating --------------------------------------------------------------------------------------------------------


def test_an_edit_of_a_record_whose_creation_was_not_answered_is_carried(world: World) -> None:
    row = world.new_row(title="Row", budget=Decimal(1))

    def edit_at_once() -> None:
        world.edit(Side.NAVIMPACT, "1", budget=Decimal(2))
        raise Unclear("reset")

    world.navimpact.fault = once("navimpact create", edit_at_once, applied=True)
    world.settle()

    assert world.value(Side.NAVIMPACT, "1", "budget") == Decimal(2)
    shown = world.value(Side.NOTION, row, "budget")
    listed = [conflict.navimpact for conflict in world.mapping_of("1").conflicts]
    assert shown == Decimal(2) or listed == [Decimal(2)]


def test_a_row_keeps_its_record_though_that_got_a_page_before_it_was_known_whose_it_is(world: World) -> None:
    def rewrite() -> None:
        world.edit(Side.NAVIMPACT, "1", title="Rewritten at once")
        raise Unclear("reset")

    row = world.new_row(title="Row")
    world.navimpact.fault = once("navimpact create", rewrite, applied=True)
    world.navimpact.fault = together(world.navimpact.fault, fail_always("navimpact changed_since", Unavailable("503")))
    world.slice()
    world.navimpact.fault = None
    world.slice()
    world.settle()

    assert world.live_pages() == [row]
    assert world.notion_side.pages[row].key == "media_project/1"
    assert len(world.platform.records) == 1


def test_nobody_looks_for_what_was_remembered_of_a_record_before_it_was_known_whose_it_is() -> None:
    world = World(settings=Settings(direction=Direction.TO_NAVIMPACT))
    world.connect()

    def rewrite() -> None:
        world.edit(Side.NAVIMPACT, "1", title="Rewritten at once")
        raise Unclear("reset")

    world.new_row(title="Row")
    world.navimpact.fault = once("navimpact create", rewrite, applied=True)
    world.navimpact.fault = together(world.navimpact.fault, fail_always("navimpact changed_since", Unavailable("503")))
    world.slice()
    world.navimpact.fault = None
    world.settle()

    world.put(WorkKind.RULES, lane=Lane.BACKFILL)
    world.settle()

    assert world.logs(Operation.FAIL) == []
    assert [mapping.attempts for mapping in world.store.of(1).mappings.values()] == [0, 0]


def test_a_lost_creation_is_not_repeated_where_navimpact_knows_no_idempotency_key(world: World) -> None:
    world.platform.idempotent = False
    world.navimpact.fault = fail_once("navimpact create", Unclear("reset"), applied=True)

    world.new_row(title="Row", description="words")
    world.settle()

    assert len(world.platform.records) == 1
    assert len(world.live_pages()) == 1


def test_no_page_is_made_of_a_record_that_went_while_notion_blocked_us(world: World) -> None:
    until = world.clock() + timedelta(minutes=1)
    world.notion.fault = fail_once("notion create", Blocked("limit", until=until), applied=False)
    id = world.new_project()
    world.slice()

    world.platform.remove(PROJECT, id)
    world.settle()

    assert world.notion_side.pages == {}
    assert started(world) == []


def test_a_second_page_by_a_late_call_is_removed_and_its_words_are_kept(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    second = world.notion_side.create(PROJECT, {"title": "Reef"}, key=f"media_project/{id}")
    world.person.update(PROJECT, second.id, {"description": "written on the wrong page"}, seen=second)

    world.reconcile()

    assert world.live_pages() == [world.page_of(id)]
    kept = [change.old for log in world.logs(Operation.DELETE) for change in log.changes]
    assert "written on the wrong page" in kept


def test_words_written_on_a_second_page_while_it_is_removed_are_kept_too(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    second = world.notion_side.create(PROJECT, {"title": "Reef"}, key=f"media_project/{id}")
    late = once(
        "notion remove", lambda: world.edit(Side.NOTION, second.id, description="at the last moment"), applied=False
    )
    world.notion.fault = late

    world.reconcile()

    kept = [change.old for log in world.logs(Operation.DELETE) for change in log.changes]
    assert "at the last moment" in kept


def test_a_second_page_of_a_record_that_has_got_another_id_is_removed(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.settle()

    late = world.notion_side.create(PROJECT, {"title": "Reef"}, key=f"media_project/{id}")
    world.reconcile()
    world.clock.advance(CONFIRM)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, late.id), Trashed)


def test_a_persons_copy_outlives_the_record_it_was_copied_from(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    copy = world.person.add_row(PROJECT, {"title": "A copy"}, key=f"media_project/{id}")
    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.settle()

    world.touched(Side.NOTION, copy.id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, copy.id), Present)


# --- deleting --------------------------------------------------------------------------------------------------------


def test_an_edit_at_the_last_moment_outlives_a_deletion(world: World) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)
    last_moment = once("notion remove", lambda: world.edit(Side.NOTION, page, title="Still wanted"), applied=False)
    world.notion.fault = last_moment

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [r.fields["title"] for r in world.platform.records.values()] == ["Another", "Still wanted"]


def test_nothing_is_called_deleted_while_navimpact_shows_no_records_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    record = world.platform.records.pop((PROJECT, id))
    monkeypatch.setattr(type(world.platform), "answers", lambda *_: False)
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.slice()

    monkeypatch.undo()
    world.platform.records[PROJECT, id] = record
    world.settle()

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


@pytest.mark.parametrize("side", Side)
def test_a_reconcile_finds_a_deletion_that_no_webhook_told(world: World, side: Side) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)

    if side is Side.NAVIMPACT:
        world.platform.remove(PROJECT, id)
    else:
        world.person.remove(PROJECT, page)
    reconcile(world)

    expected = State.DELETED if side is Side.NAVIMPACT else State.AWAITING_APPROVAL
    assert world.mapping_of(id).state is expected


def test_a_new_record_is_not_forgotten_because_navimpact_showed_none_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    record = world.platform.records.pop((PROJECT, id))
    monkeypatch.setattr(type(world.platform), "answers", lambda *_: False)
    world.slice()

    monkeypatch.undo()
    world.platform.records[PROJECT, id] = record
    world.settle()

    assert world.page_of(id) in world.live_pages()


# --- what no webhook told --------------------------------------------------------------------------------------------


def test_a_reconcile_finds_that_one_half_of_a_conflict_was_edited_again(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    mapping = world.mapping_of(id)
    bases = {name: base for name, base in mapping.bases.items() if name != "title"}
    world.store.of(1).mappings[mapping.id] = mapping.but(bases=bases)
    world.edit(Side.NOTION, page, title="Mine")
    world.settle()
    assert [c.notion for c in world.mapping_of(id).conflicts] == ["Mine"]

    world.edit(Side.NOTION, page, title="Mine, better")
    reconcile(world)

    assert [c.notion for c in world.mapping_of(id).conflicts] == ["Mine, better"]


def test_a_reconcile_finds_that_a_value_which_could_not_travel_was_mended(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.edit(Side.NOTION, page, budget=Decimal("1.001"))
    world.settle()
    assert [t.code for t in world.mapping_of(id).troubles] == ["cannot_carry"]

    world.edit(Side.NOTION, page, budget=Decimal("1.5"))
    reconcile(world)

    assert world.value(Side.NAVIMPACT, id, "budget") == Decimal("1.5")


def test_a_reconcile_finds_a_row_that_was_shared_again(world: World) -> None:
    row = world.new_row(title="Hidden")
    world.notion_side.pages[row].shared = False
    world.store.of(1).work.clear()
    world.clock.advance(timedelta(hours=1))
    world.new_row(title="Later")
    world.settle()
    world.reconcile()

    world.notion_side.pages[row].shared = True
    reconcile(world)

    assert {record.fields["title"] for record in world.platform.records.values()} == {"Hidden", "Later"}


def test_a_page_that_carries_the_key_of_another_record_is_stamped_anew(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.person.stamp(PROJECT, page, "media_project/4711", "Reef")

    reconcile(world)

    assert world.notion_side.pages[page].key == f"media_project/{id}"


def test_the_last_words_on_a_page_are_recorded_though_it_was_hidden_as_it_went_to_the_trash(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    def type_on() -> None:
        world.person.edit(page, {"title": "Last words"})

    def hide() -> None:
        world.notion_side.pages[page].shared = False

    world.notion.fault = together(
        once("notion remove", type_on, applied=False), once("notion remove", hide, applied=True)
    )
    world.put(WorkKind.REVERT, f"log/{world.logs(Operation.CREATE)[0].id}")
    world.slice()
    assert world.mapping_of(id).state is State.UNREACHABLE

    world.notion_side.pages[page].shared = True
    world.touched(Side.NOTION, page)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert world.value(Side.NAVIMPACT, id, "title") == "Last words"
    assert started(world) == []


def test_a_record_is_not_made_twice_though_navimpact_hides_its_records_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.platform.idempotent = False
    hidden = dict(world.platform.records)

    def show() -> None:
        world.platform.records.update(hidden)
        monkeypatch.undo()

    def hide_and_fail() -> None:
        hidden.update(world.platform.records)
        world.platform.records.clear()
        monkeypatch.setattr(world.platform, "answers", lambda _: False)
        world.navimpact.fault = once("navimpact changed_since", show, applied=True)
        raise Unclear("the answer was lost")

    world.navimpact.fault = once("navimpact create", hide_and_fail, applied=True)
    world.new_row(title="Reef")
    world.slice()
    world.clock.advance(timedelta(minutes=1))
    world.slice()

    show()
    world.settle()

    assert [record.fields["title"] for record in world.platform.records.values()] == ["Reef"]


# --- late workers ----------------------------------------------------------------------------------------------------


# --- what belongs to a project ---------------------------------------------------------------------------------------


def test_no_page_is_owed_to_a_record_that_went_with_its_project(whole: World) -> None:
    project = whole.new_project()
    whole.store.of(1).work.clear()
    log = whole.new_child(LOG, project)
    whole.notion.fault = fail_once("notion create", Unclear("reset"), applied=False)
    whole.slice()

    whole.platform.remove(PROJECT, project)
    whole.touched(Side.NAVIMPACT, log, LOG)
    whole.settle()

    assert started(whole) == []


def test_children_of_a_deleted_project_whose_page_is_hidden_are_not_looked_at_without_end(whole: World) -> None:
    project = whole.new_project()
    log = whole.new_child(LOG, project)
    whole.settle()
    whole.notion_side.pages[whole.page_of(project)].shared = False

    whole.platform.remove(PROJECT, project)
    whole.touched(Side.NAVIMPACT, log, LOG)
    looks = 0
    ends = whole.clock() + timedelta(minutes=30)
    while looks < 30 and (again_at := whole.slice().again_at) is not None and again_at < ends:
        whole.clock.now = max(whole.clock.now, again_at)
        looks += 1

    assert looks < 10


def test_a_row_that_nobody_would_take_is_a_draft_again_when_it_is_restored(whole: World) -> None:
    project = whole.new_project()
    whole.settle()
    page = whole.page_of(project)
    whole.platform.remove(PROJECT, project)
    row = whole.person.add_row(LOG, {"channel": "cinema", "project": (page,)})
    whole.touched(Side.NOTION, row.id, LOG)
    whole.slice()
    whole.person.remove(LOG, row.id)
    whole.touched(Side.NOTION, row.id, LOG)
    whole.settle()

    whole.person.restore(LOG, row.id)
    whole.touched(Side.NOTION, row.id, LOG)
    whole.settle()

    (mapping,) = [m for m in whole.store.of(1).mappings.values() if m.page_id == row.id]
    assert mapping.state is State.DRAFT
    assert mapping.troubles


# --- what goes with a project ----------------------------------------------------------------------------------------


@pytest.fixture
def project(whole: World) -> str:
    """A project with a log, whose page somebody has moved to the trash."""
    project = whole.new_project(title="Reef")
    whole.new_child(LOG, project, notes="first")
    whole.settle()
    whole.person.remove(PROJECT, whole.page_of(project))
    whole.touched(Side.NOTION, whole.page_of(project))
    whole.settle()
    return project


def approve(world: World, project: str) -> None:
    """A person agrees that it goes, and all that belongs to it."""
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")


def notes_told(world: World) -> set[Value]:
    """Notes of logs that went, as the history has them."""
    rows = [row for row in world.logs(Operation.DELETE) if row.outcome is Outcome.SUCCESS]
    return {change.old for row in rows for change in row.changes if change.field == "notes"}


def test_a_log_that_is_added_while_its_project_is_being_deleted_is_in_the_history(whole: World, project: str) -> None:
    def add() -> None:
        whole.new_child(LOG, project, notes="second")

    whole.navimpact.fault = once("navimpact changed_since", add, applied=True)

    approve(whole, project)

    assert whole.platform.records == {}
    assert notes_told(whole) == {"first", "second"}


def test_what_is_typed_while_a_project_is_being_deleted_is_in_the_history(whole: World, project: str) -> None:
    ((_, log),) = [entity for entity in whole.platform.records if entity[0] is LOG]

    def type_on() -> None:
        whole.edit(Side.NAVIMPACT, log, LOG, notes="first, and more")

    whole.navimpact.fault = once("navimpact changed_since", type_on, applied=True)

    approve(whole, project)

    assert "first, and more" in notes_told(whole)


def test_a_log_that_is_saved_from_a_deletion_by_a_move_is_not_told_as_deleted(whole: World, project: str) -> None:
    ((_, log),) = [entity for entity in whole.platform.records if entity[0] is LOG]
    other = whole.new_project(title="Other")
    whole.settle()

    def move() -> None:
        whole.edit(Side.NAVIMPACT, log, LOG, project=(other,))

    whole.navimpact.fault = once("navimpact changed_since", move, applied=True)

    approve(whole, project)

    assert set(whole.platform.records) == {(PROJECT, other), (LOG, log)}
    assert (notes_told(whole), started(whole)) == (set(), [])


def test_a_project_to_which_people_keep_adding_is_deleted_when_they_stop(whole: World, project: str) -> None:
    adding = True

    def add(called: str, applied: bool) -> None:
        if adding and called == "navimpact changed_since" and not applied:
            whole.new_child(LOG, project, notes=f"{len(whole.platform.records)}")

    whole.navimpact.fault = add
    whole.ask(WorkKind.DECIDE, str(whole.mapping_of(project).id), "approve")
    whole.slice()
    assert (PROJECT, project) in whole.platform.records

    adding = False
    notes = {record.values().get("notes") for record in whole.platform.records.values()} - {None}
    whole.settle()

    assert (whole.platform.records, notes_told(whole), started(whole)) == ({}, notes, [])


def test_what_belongs_to_a_project_is_listed_for_the_question_and_once_to_be_recorded(whole: World) -> None:
    project = whole.new_project(title="Reef")
    whole.settle()
    whole.person.remove(PROJECT, whole.page_of(project))
    whole.touched(Side.NOTION, whole.page_of(project))
    whole.settle()
    whole.navimpact.calls.clear()

    approve(whole, project)

    assert whole.navimpact.calls.count("navimpact changed_since") == 2 * (len(EntityType) - 1)


# --- the schema -------------------------------------------------------------------------------------------------------


# --- undoing ----------------------------------------------------------------------------------------------------------


def test_a_move_is_not_undone_to_a_project_that_is_no_more(whole: World) -> None:
    first, second = whole.new_project(title="first"), whole.new_project(title="second")
    log = whole.new_child(LOG, first)
    whole.settle()
    page = whole.page_of(first)
    whole.edit(Side.NAVIMPACT, log, LOG, project=(second,))
    whole.settle()
    (row,) = whole.logs(Operation.UPDATE)
    whole.platform.remove(PROJECT, first)
    whole.touched(Side.NAVIMPACT, first)
    whole.settle()
    whole.person.restore(PROJECT, page)
    whole.touched(Side.NOTION, page)
    whole.settle()

    whole.put(WorkKind.REVERT, f"log/{row.id}")
    whole.settle()

    assert started(whole) == []


# --- seeds -----------------------------------------------------------------------------------------------------------


SEEDS = [
    *(2100951, 2116203, 2117606, 2129744, 1041, 25447, 29899, 45772, 102671, 202449, 204214, 205344, 210023),
    *(
        222981,
        243676,
        244506,
        300761,
        301013,
        301324,
        317656,
        317681,
        430149,
        430749,
        801838,
        1011218,
        1012066,
        1201746,
        1305208,
        1512814,
        20158,
        1719042,
        1730174,
        1803268,
    ),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_that_once_ended_badly_ends_well(seed: int) -> None:
    assert played(drawn(seed, OPERATIONS))[1] == []
