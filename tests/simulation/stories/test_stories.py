"""What people do on both sides, and what they must then see: the whole core, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.engine import CONFIRM, SETTLE
from navsync.errors import Blocked, NeedsReauth, Unavailable, Unclear
from navsync.fields import SPECS
from navsync.model import (
    Connection,
    Lane,
    Operation,
    Outcome,
    Policy,
    Present,
    Settings,
    Side,
    State,
    Trashed,
    WorkKind,
)
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_once
from tests.simulation.world import PROJECT, World

# --- arriving ---------------------------------------------------------------------------------------------------------


def test_connecting_gives_every_project_one_page_with_every_field() -> None:
    world = World()
    ids = [world.new_project(title=f"P{n}", budget=Decimal(n), team_members=("Ann", "Bo, Jr")) for n in range(25)]

    world.connect()

    assert len(world.live_pages()) == 25
    for n, id in enumerate(ids):
        page = world.shown(Side.NOTION, world.page_of(id))
        assert isinstance(page, Present)
        assert (page.values["title"], page.values["budget"], page.key) == (f"P{n}", Decimal(n), f"media_project/{id}")


def test_a_first_sync_costs_one_notion_call_per_project_and_a_few_more() -> None:
    world = World()
    for _ in range(25):
        world.new_project()
    world.store.of(1).work.clear()

    world.connect()

    assert len(world.notion.calls) <= 25 + 1 + 10


def test_a_second_connection_finds_the_pages_of_the_first() -> None:
    world = World()
    id = world.new_project(title="Reef")
    world.connect()
    kept = world.store.of(1)
    kept.mappings.clear()
    kept.pairs.clear()

    world.connect()

    assert len(world.live_pages()) == 1
    assert world.mapping_of(id).conflicts == ()


def test_a_new_project_gets_one_page(world: World) -> None:
    id = world.new_project(title="New")
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "New"
    assert len(world.live_pages()) == 1


def test_a_new_row_makes_one_project_and_is_stamped_with_its_id(world: World) -> None:
    page = world.new_row(title="Row", budget=Decimal("12.50"))
    world.settle()
    world.touched(Side.NOTION, page)
    world.reconcile()

    (record,) = world.platform.records.values()
    assert (record.fields["title"], record.fields["budget"]) == ("Row", "12.50")
    assert world.notion_side.pages[page].key == f"media_project/{record.id}"


def test_a_row_without_a_title_waits_and_is_shown_until_it_has_one(world: World) -> None:
    page = world.new_row(budget=Decimal(1))
    world.settle()
    waiting = world.store.of(1).mappings.values()
    assert [(m.state, m.troubles[0].code) for m in waiting] == [(State.DRAFT, "draft")]
    assert not world.platform.records

    world.edit(Side.NOTION, page, title="Now")
    world.settle()

    assert [r.fields["title"] for r in world.platform.records.values()] == ["Now"]


def test_a_copy_that_a_person_made_of_a_page_is_left_alone(world: World) -> None:
    id = world.new_project()
    world.settle()

    copy = world.person.add_row(PROJECT, {"title": "Reef (1)"}, key=f"media_project/{id}")
    world.touched(Side.NOTION, copy.id)
    world.settle()

    assert len(world.live_pages()) == 2
    assert len(world.platform.records) == 1
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"


# --- editing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_an_edit_arrives_on_the_other_side(world: World, side: Side) -> None:
    id = world.new_project()
    world.settle()
    place = {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}

    world.edit(side, place[side], title="Edited")
    world.settle()

    assert world.value(side.other, place[side.other], "title") == "Edited"


def test_an_edit_in_notion_costs_two_notion_calls_at_most_and_its_echo_none_that_writes(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion.calls.clear()

    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.settle()

    assert world.notion.calls == ["notion read", "notion update"]


def test_a_navimpact_event_without_a_change_costs_no_notion_call(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion.calls.clear()

    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert world.notion.calls == []


def test_two_fields_edited_on_two_sides_at_once_both_survive(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.notion.calls.clear()

    world.edit(Side.NAVIMPACT, id, title="From NavImpact")
    world.edit(Side.NOTION, page, budget=Decimal(7))
    world.settle()

    for side, place in ((Side.NAVIMPACT, id), (Side.NOTION, page)):
        assert world.value(side, place, "title") == "From NavImpact"
        assert world.value(side, place, "budget") == Decimal(7)
    assert len([c for c in world.notion.calls if c != "notion read"]) == 1


def test_one_field_edited_on_both_sides_is_listed_once_and_both_values_stay(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)

    world.edit(Side.NAVIMPACT, id, title="A")
    world.edit(Side.NOTION, page, title="B")
    world.settle()
    world.reconcile()

    assert (world.value(Side.NAVIMPACT, id, "title"), world.value(Side.NOTION, page, "title")) == ("A", "B")
    assert [(c.field, c.base, c.navimpact, c.notion) for c in world.mapping_of(id).conflicts] == [
        ("title", "Reef", "A", "B")
    ]
    assert len(world.logs(Operation.CONFLICT)) == 1


def test_a_conflict_ends_when_people_make_both_sides_say_the_same(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.edit(Side.NAVIMPACT, id, title="A")
    world.edit(Side.NOTION, page, title="B")
    world.settle()

    world.edit(Side.NAVIMPACT, id, title="B")
    world.settle()

    assert world.mapping_of(id).conflicts == ()


def test_a_policy_settles_a_clash_and_the_loser_is_in_the_log() -> None:
    world = World(settings=Settings(policy=Policy.NAVIMPACT))
    world.connect()
    id = world.new_project()
    world.settle()
    page = world.page_of(id)

    world.edit(Side.NAVIMPACT, id, title="A")
    world.edit(Side.NOTION, page, title="B")
    world.settle()

    assert world.value(Side.NOTION, page, "title") == "A"
    (change,) = world.logs(Operation.UPDATE)[-1].changes
    assert (change.old, change.new, change.rule) == ("B", "A", "policy navimpact")


def test_long_text_edited_in_two_places_is_merged_on_both_sides(world: World) -> None:
    id = world.new_project(description="One.\n\nTwo.")
    world.settle()
    page = world.page_of(id)

    world.edit(Side.NAVIMPACT, id, description="One!\n\nTwo.")
    world.edit(Side.NOTION, page, description="One.\n\nTwo?")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "description") == "One!\n\nTwo?"
    assert world.value(Side.NOTION, page, "description") == "One!\n\nTwo?"


def test_the_overwritten_value_is_recorded_before_it_is_overwritten(world: World) -> None:
    id = world.new_project()
    world.settle()
    recorded: list[tuple[object, Outcome]] = []

    def look(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            recorded.extend((c.old, log.outcome) for log in world.logs(Operation.UPDATE) for c in log.changes)

    world.notion.fault = look
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.settle()

    assert recorded == [("Reef", Outcome.STARTED)]
    assert [log.outcome for log in world.logs(Operation.UPDATE)] == [Outcome.SUCCESS]


def test_once_in_step_reconciling_writes_nothing_and_saves_nothing(world: World) -> None:
    for n in range(5):
        world.new_project(title=f"P{n}")
    world.new_row(title="Row")
    world.settle()
    writes, saved = world.writes(), dict(world.store.of(1).mappings)

    for _ in range(3):
        world.clock.advance(timedelta(minutes=5))
        world.reconcile()

    assert world.writes() == writes
    assert world.store.of(1).mappings == saved


@pytest.mark.parametrize("side", Side)
def test_a_reconcile_finds_what_a_lost_webhook_did_not_tell(world: World, side: Side) -> None:
    id = world.new_project()
    world.settle()
    place = {Side.NAVIMPACT: id, Side.NOTION: world.page_of(id)}
    world.reconcile()
    world.clock.advance(timedelta(minutes=5))

    world.edit(side, place[side], title="Edited")
    world.store.of(1).work.clear()
    world.reconcile()

    assert world.value(side.other, place[side.other], "title") == "Edited"


def test_an_idle_reconcile_costs_one_notion_call_for_each_database(world: World) -> None:
    for n in range(5):
        world.new_project(title=f"P{n}")
    world.settle()
    world.reconcile()
    world.notion.calls.clear()
    world.clock.advance(timedelta(minutes=5))

    world.reconcile()

    assert world.notion.calls == ["notion changed_since"] * len(SPECS)


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_record_deleted_in_navimpact_trashes_its_page_once_confirmed(world: World) -> None:
    id = world.new_project(description="kept in the log")
    world.another_project()
    page, mapping = world.page_of(id), world.mapping_of(id)

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    assert world.slice().again_at == world.clock() + CONFIRM
    assert isinstance(world.shown(Side.NOTION, page), Present)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.store.of(1).mappings[mapping.id].state is State.DELETED
    (log,) = world.logs(Operation.DELETE)
    assert "kept in the log" in [change.old for change in log.changes]
    assert log.outcome is Outcome.SUCCESS


def test_a_404_while_the_whole_collection_is_dark_deletes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    monkeypatch.setattr(type(world.platform), "answers", lambda *_: False)

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    for _ in range(5):
        world.slice()
        world.clock.advance(timedelta(minutes=20))

    assert isinstance(world.shown(Side.NOTION, page), Present)


def test_a_page_trashed_in_notion_deletes_nothing_and_waits_for_approval(world: World) -> None:
    id = world.new_project()
    world.settle()

    world.person.remove(PROJECT, world.page_of(id))
    world.touched(Side.NOTION, world.page_of(id))
    world.settle()
    world.reconcile()

    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)
    mapping = world.mapping_of(id)
    assert (mapping.state, mapping.troubles[0].code) == (State.AWAITING_APPROVAL, "approve_delete")


def test_a_page_taken_out_of_the_trash_is_linked_again(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, title="Back")
    world.settle()

    assert world.mapping_of(id).state is State.LINKED
    assert world.value(Side.NAVIMPACT, id, "title") == "Back"


def test_an_edit_outlives_a_deletion_in_notion(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)

    world.person.remove(PROJECT, page)
    world.edit(Side.NAVIMPACT, id, title="Still wanted")
    world.settle()

    assert world.value(Side.NOTION, page, "title") == "Still wanted"


def test_an_edit_outlives_a_deletion_in_navimpact(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)

    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.settle()

    ((_, again),) = world.platform.records
    assert again != id
    assert world.value(Side.NAVIMPACT, again, "title") == "Still wanted"
    assert world.notion_side.pages[page].key == f"media_project/{again}"


def test_a_restored_page_brings_its_deleted_record_back(world: World) -> None:
    id = world.new_project(description="words")
    world.another_project()
    page = world.page_of(id)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    assert [r.fields["description"] for r in world.platform.records.values()] == [None, "words"]


def test_a_page_that_is_no_longer_shared_deletes_nothing(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion_side.pages[world.page_of(id)].shared = False

    world.touched(Side.NOTION, world.page_of(id))
    world.slice()

    assert isinstance(world.shown(Side.NAVIMPACT, id), Present)
    assert world.mapping_of(id).state is State.UNREACHABLE


def test_many_deletions_at_once_wait_for_a_person(world: World) -> None:
    _stays, *ids = (world.new_project(title=f"P{n}") for n in range(21))
    world.settle()

    for id in ids:
        world.platform.remove(PROJECT, id)
        world.touched(Side.NAVIMPACT, id)
    world.settle(most=200)

    assert len(world.live_pages()) == 1 + 15
    assert len([m for m in world.store.of(1).mappings.values() if m.state is State.AWAITING_APPROVAL]) == 15


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_create_whose_answer_was_lost_is_found_and_not_repeated(world: World) -> None:
    world.notion.fault = fail_once("notion create", Unclear("reset"), applied=True)

    id = world.new_project()
    world.settle()

    assert len(world.live_pages()) == 1
    assert world.page_of(id) in world.live_pages()


def test_a_create_that_never_arrived_is_repeated_after_the_index_had_time(world: World) -> None:
    world.notion.fault = fail_once("notion create", Unclear("reset"), applied=False)
    began = world.clock()

    world.new_project()
    world.settle()

    assert len(world.live_pages()) == 1
    assert world.clock() - began >= SETTLE


def test_a_create_refused_by_a_limit_is_repeated_without_a_lookup(world: World) -> None:
    until = world.clock() + timedelta(seconds=49)
    world.notion.fault = fail_once("notion create", Blocked("limit", until=until), applied=False)

    world.new_project()
    world.settle()

    assert len(world.live_pages()) == 1
    assert "notion find" not in world.notion.calls
    assert world.clock() == until


def test_a_project_made_by_a_lost_call_gets_no_second_page(world: World) -> None:
    world.navimpact.fault = fail_once("navimpact create", Unclear("reset"), applied=True)

    world.new_row(title="Row")
    world.touched(Side.NAVIMPACT, "1")
    world.settle()

    assert len(world.platform.records) == 1
    assert len(world.live_pages()) == 1


def test_an_update_whose_answer_was_lost_is_looked_at_and_not_repeated(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion.calls.clear()
    world.notion.fault = fail_once("notion update", Unclear("timeout"), applied=True)

    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.settle()

    assert world.notion.calls.count("notion update") == 1
    assert world.value(Side.NOTION, world.page_of(id), "title") == "Edited"
    assert {log.outcome for log in world.logs(Operation.UPDATE)} == {Outcome.SUCCESS}


def test_an_edit_between_read_and_write_in_navimpact_is_not_overwritten(world: World) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)

    def edit_meanwhile(called: str, applied: bool) -> None:
        if called == "navimpact update" and not applied:
            world.navimpact.fault = None
            world.edit(Side.NAVIMPACT, id, title="NavImpact meanwhile")

    world.navimpact.fault = edit_meanwhile
    world.edit(Side.NOTION, page, title="Notion")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == "NavImpact meanwhile"
    assert [c.notion for c in world.mapping_of(id).conflicts] == ["Notion"]


def test_one_record_that_always_fails_does_not_hold_up_the_others(world: World) -> None:
    bad = world.new_project(title="bad")
    good = world.new_project(title="good")
    world.settle()

    def fail(called: str, applied: bool) -> None:
        if called == "notion update" and not applied and world.platform.records[PROJECT, bad].fields["budget"]:
            raise Unavailable("503")

    world.notion.fault = fail
    world.edit(Side.NAVIMPACT, bad, budget=Decimal(1))
    world.slice()
    world.notion.fault = None
    world.edit(Side.NAVIMPACT, good, title="Edited")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(good), "title") == "Edited"
    assert world.mapping_of(bad).next_retry_at is not None
    world.settle()
    assert world.value(Side.NOTION, world.page_of(bad), "budget") == Decimal(1)
    assert world.mapping_of(bad).attempts == 0


def test_a_worker_that_died_leaves_nothing_behind(world: World) -> None:
    id = world.new_project()
    world.settle()

    world.notion.fault = fail_once("notion update", Killed(), applied=True)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    held = world.store.of(1).lease
    with pytest.raises(Killed):
        world.slice()
    held.owner = "dead"  # a killed process releases nothing
    world.clock.advance(timedelta(minutes=4))
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Edited"
    assert world.mapping_of(id).intent is None


def test_a_dead_token_stops_the_workspace_once_and_keeps_its_work(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion.fault = fail_once("notion read", NeedsReauth("revoked"), applied=False)

    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    calls = len(world.notion.calls)
    world.slice()

    workspace = world.desk.workspace()
    assert workspace is not None
    assert workspace.connection is Connection.NEEDS_REAUTH
    assert len(world.notion.calls) == calls
    world.desk.save_workspace(replace(workspace, connection=Connection.CONNECTED))
    world.settle()
    assert world.value(Side.NOTION, world.page_of(id), "title") == "Edited"


def test_a_persons_edit_overtakes_a_backfill() -> None:
    world = World()
    world.connect()
    id = world.new_project(title="early")
    world.settle()
    for n in range(30):
        world.platform.create(PROJECT, {"title": f"P{n}"}, key=str(n))
    world.put(WorkKind.BACKFILL, lane=Lane.BACKFILL)
    pages_when_it_arrived: list[int] = []

    def edit_soon(called: str, applied: bool) -> None:
        if called == "notion create" and applied and len(world.live_pages()) == 6:
            world.edit(Side.NAVIMPACT, id, title="urgent")
        if called == "notion update" and applied:
            pages_when_it_arrived.append(len(world.live_pages()))

    world.notion.fault = edit_soon
    world.settle()

    assert pages_when_it_arrived == [6]
    assert len(world.live_pages()) == 31
