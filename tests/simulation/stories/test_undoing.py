"""What people undo is as it was before, unless somebody has gone on from there: the whole core, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.attention import question_of
from navsync.conductor import SLICE, choices
from navsync.errors import Down, MissingCapability, Refused, SyncError, Unavailable, Unclear
from navsync.model import EntityRef, EntityType, Operation, Outcome, Present, Side, State, SyncLog, Trashed, WorkKind
from tests.contract.memory_store import MemoryLedger
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.scenes import both, in_trash, newest, rounds, time_passes
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY
TICK = timedelta(minutes=20)


def messages(world: World, operation: Operation) -> list[str]:
    """Why something failed, as the log tells it."""
    return [str(log.message) for log in world.logs(operation) if log.outcome is Outcome.FAILED]


def retitled(world: World, title: str) -> str:
    """A project called Reef until somebody calls it *title* in Notion."""
    id = world.new_project(title="Reef")
    world.settle()
    world.edit(Side.NOTION, world.page_of(id), title=title)
    world.settle()
    return id


def test_undoing_an_update_puts_the_old_value_on_both_sides(world: World) -> None:
    id = retitled(world, "Oops")

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.UPDATE).id}")

    assert both(world, id) == ("Reef", "Reef")


def test_an_undo_is_in_the_history_and_names_what_it_undid_and_who(world: World) -> None:
    retitled(world, "Oops")
    undone = newest(world, Operation.UPDATE)

    world.decide(WorkKind.REVERT, f"log/{undone.id}")

    row = newest(world, Operation.REVERT)
    assert (row.reverts, row.actor, row.outcome) == (undone.id, "ann", Outcome.SUCCESS)
    assert {(c.side, c.old, c.new) for c in row.changes} == {
        (Side.NAVIMPACT, "Oops", "Reef"),
        (Side.NOTION, "Oops", "Reef"),
    }


@pytest.mark.parametrize(("what", "side"), [("/title", "notion"), ("", None)], ids=["its field", "the whole row"])
def test_an_undo_can_be_undone(world: World, what: str, side: str | None) -> None:
    id = retitled(world, "Wanted")
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.UPDATE).id}")

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.REVERT).id}{what}", side)

    assert both(world, id) == ("Wanted", "Wanted")


def test_an_undo_refuses_where_somebody_has_edited_since(world: World) -> None:
    id = retitled(world, "Second")
    second = newest(world, Operation.UPDATE)
    world.edit(Side.NAVIMPACT, id, title="Third")
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{second.id}")

    assert both(world, id) == ("Third", "Third")
    refused = newest(world, Operation.REVERT)
    assert refused.outcome is Outcome.FAILED
    assert "edited since" in str(refused.message)


def test_one_field_of_a_row_is_undone_alone(world: World) -> None:
    id = world.new_project(title="Reef", budget=Decimal(1))
    world.settle()
    world.edit(Side.NOTION, world.page_of(id), title="Oops", budget=Decimal(2))
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.UPDATE).id}/title")

    assert both(world, id) == ("Reef", "Reef")
    assert both(world, id, "budget") == (Decimal(2), Decimal(2))


def test_undoing_one_field_of_a_creation_takes_no_page_away(world: World) -> None:
    id = world.new_project(title="Reef", description="words")
    world.settle()
    (row,) = world.logs(Operation.CREATE)

    world.put(WorkKind.REVERT, f"log/{row.id}/description")
    world.settle()

    assert isinstance(world.shown(Side.NOTION, world.page_of(id)), Present)


def test_of_a_merged_text_the_text_of_one_side_comes_back(world: World) -> None:
    id = world.new_project(description="one\n\ntwo")
    world.settle()
    world.edit(Side.NAVIMPACT, id, description="ONE\n\ntwo")
    world.edit(Side.NOTION, world.page_of(id), description="one\n\nTWO")
    world.settle()
    merged = newest(world, Operation.UPDATE)

    world.decide(WorkKind.REVERT, f"log/{merged.id}")
    assert "two edits of description were merged" in str(newest(world, Operation.REVERT).message)

    world.decide(WorkKind.REVERT, f"log/{merged.id}/description", "notion")
    assert both(world, id, "description") == ("one\n\nTWO", "one\n\nTWO")


@pytest.mark.parametrize("scope", ["record", "run"])
def test_whose_text_comes_back_is_chosen_and_all_else_is_undone_too(world: World, scope: str) -> None:
    id = world.new_project(title="Reef", description="one\n\ntwo")
    world.settle()
    world.edit(Side.NAVIMPACT, id, description="ONE\n\ntwo")
    world.edit(Side.NOTION, world.page_of(id), description="one\n\nTWO", title="Oops")
    world.settle()
    merged = newest(world, Operation.UPDATE)

    world.decide(WorkKind.REVERT, f"{scope}/{merged.run_id if scope == 'run' else merged.id}", "notion")

    assert both(world, id, "description") == ("one\n\nTWO", "one\n\nTWO")
    assert both(world, id) == ("Reef", "Reef")


def test_undoing_the_making_of_a_record_deletes_it_and_leaves_the_row(world: World) -> None:
    page = world.new_row(title="By mistake")
    world.settle()
    (record,) = [key for key in world.platform.records if key[0] is PROJECT]

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.CREATE).id}")
    for _ in range(3):
        world.clock.now += timedelta(minutes=20)
        world.reconcile()

    assert record not in world.platform.records
    assert world.value(Side.NOTION, page, "title") == "By mistake"
    (waiting,) = world.store.of(1).mappings.values()
    assert (waiting.state, question_of(waiting)) == (State.AWAITING_APPROVAL, waiting.troubles[0])
    assert waiting.troubles[0].code == "undone"


@pytest.mark.parametrize(("said", "records"), [("reject", 1), ("approve", 0)])
def test_who_is_told_that_a_record_was_undone_may_answer_what_becomes_of_its_row(
    world: World, said: str, records: int
) -> None:
    page = world.new_row(title="By mistake")
    world.settle()
    others = len(world.platform.records) - 1
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.CREATE).id}")

    (waiting,) = world.store.of(1).mappings.values()
    world.ask(WorkKind.DECIDE, str(waiting.id), said)
    for _ in range(3):
        world.clock.now += timedelta(minutes=20)
        world.reconcile()

    assert len(world.platform.records) - others == records
    assert world.notion_side.pages[page].in_trash is (said == "approve")


def test_who_undoes_the_undo_of_a_deletion_is_not_told_that_our_page_is_a_persons(world: World, project: str) -> None:
    in_trash(world, project)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    run = world.decide(WorkKind.REVERT, f"record/{newest(world, Operation.DELETE).id}")

    world.decide(WorkKind.REVERT, f"run/{run}")

    (waiting,) = world.store.of(1).mappings.values()
    assert question_of(waiting).cause.endswith("by undoing what made it; the row in Notion stays.")


def test_undoing_the_making_of_a_page_trashes_it_and_asks_about_the_record(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.CREATE).id}")

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.mapping_of(id).state is State.AWAITING_APPROVAL
    assert world.value(Side.NAVIMPACT, id, "title") == "Reef"


def test_a_record_that_was_edited_is_not_unmade(world: World) -> None:
    world.new_row(title="Row")
    world.settle()
    made = newest(world, Operation.CREATE)
    world.edit(Side.NAVIMPACT, str(made.entity_id), title="Edited")
    world.settle()

    world.decide(WorkKind.REVERT, f"log/{made.id}")

    assert world.value(Side.NAVIMPACT, str(made.entity_id), "title") == "Edited"
    assert newest(world, Operation.REVERT).outcome is Outcome.FAILED


def test_undoing_a_deletion_brings_page_and_record_back(world: World) -> None:
    id = world.new_project(title="Reef", budget=Decimal(3))
    world.another_project()
    mapping = world.mapping_of(id)
    page = world.page_of(id)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    assert isinstance(world.shown(Side.NOTION, page), Trashed)

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.DELETE).id}")

    again = world.store.of(1).mappings[mapping.id]
    assert world.value(Side.NOTION, page, "title") == "Reef"
    assert world.value(Side.NAVIMPACT, str(again.entity_id), "budget") == Decimal(3)


def deleted_by_people(world: World) -> None:
    """The record, in NavImpact."""
    id = world.new_project(title="Reef", budget=Decimal(3))
    world.settle()
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()


def deleted_by_approval(world: World) -> None:
    """The page, in Notion, and then the record."""
    id = world.new_project(title="Reef", budget=Decimal(3))
    world.settle()
    in_trash(world, id)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")


@pytest.mark.parametrize("delete", [deleted_by_people, deleted_by_approval])
def test_a_deletion_is_told_as_undone_once_navimpact_has_the_record_again(
    world: World, delete: Callable[[World], None]
) -> None:
    world.another_project()
    delete(world)
    row = newest(world, Operation.DELETE)
    world.navimpact.fault = fail_always("navimpact create", Down("503"))
    world.ask(WorkKind.REVERT, f"log/{row.id}")
    world.slice()
    assert (len(world.live_pages()), undone_by(world, row)) == (2, [])

    world.navimpact.fault = None
    time_passes(world, 1)

    assert undone_by(world, row) == [Operation.CREATE]
    assert {"Another", "Reef"} == {str(record.values()["title"]) for record in world.platform.records.values()}


@pytest.mark.parametrize("error", [Refused("its database is in the trash"), MissingCapability("403")], ids=str)
@pytest.mark.parametrize("delete", [deleted_by_people, deleted_by_approval])
def test_who_takes_a_page_out_that_an_undo_could_not_take_out_has_not_undone_anything(
    world: World, delete: Callable[[World], None], error: SyncError
) -> None:
    world.another_project()
    delete(world)
    row = newest(world, Operation.DELETE)
    world.notion.fault = fail_once("notion restore", error, applied=False)
    world.decide(WorkKind.REVERT, f"log/{row.id}")
    assert messages(world, Operation.REVERT) == [str(error)]

    page = str(row.page_id)
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()

    assert {"Another", "Reef"} == {str(record.values()["title"]) for record in world.platform.records.values()}
    assert undone_by(world, row) == []


def test_a_record_that_came_back_by_itself_and_is_made_again_later_undoes_nothing(world: World) -> None:
    world.another_project()
    id = world.new_project(title="Reef")
    world.settle()
    page, record = world.page_of(id), world.platform.records[PROJECT, id]
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    row = newest(world, Operation.DELETE)
    world.notion.fault = fail_always("notion restore", Down("503"))
    world.ask(WorkKind.REVERT, f"log/{row.id}")
    world.slice()

    world.notion.fault = None
    world.platform.records[PROJECT, id] = record
    time_passes(world, 1)
    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    time_passes(world, 1)

    assert newest(world, Operation.CREATE).reverts is None
    assert undone_by(world, row) == [Operation.RESTORE]


def undone_by(world: World, row: SyncLog) -> list[Operation]:
    said = world.store.of(1).logs.values()
    return [each.operation for each in said if each.reverts == row.id and each.outcome is Outcome.SUCCESS]


def test_the_removal_of_a_page_is_told_as_undone_once_that_is_back(world: World, project: str) -> None:
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.CREATE).id}")
    row = newest(world, Operation.DELETE)

    world.decide(WorkKind.REVERT, f"log/{row.id}")

    assert (len(world.live_pages()), undone_by(world, row)) == (1, [Operation.RESTORE])


def edited_in_one_run(world: World, count: int) -> tuple[list[str], str]:
    """Projects that people gave a budget in Notion, which one sweep found."""
    ids = [world.new_project(title=f"P{n}") for n in range(count)]
    world.settle()
    for id in ids:
        page = world.page_of(id)
        seen = world.person.read(PROJECT, page)
        assert isinstance(seen, Present)
        world.person.update(PROJECT, page, {"budget": Decimal(9)}, seen=seen)
    world.clock.now += timedelta(minutes=5)
    world.reconcile()
    (run,) = {log.run_id for log in world.logs(Operation.UPDATE)}
    return ids, run


def test_undoing_a_whole_run_undoes_every_row_of_it(world: World) -> None:
    ids, run = edited_in_one_run(world, 3)

    world.decide(WorkKind.REVERT, f"run/{run}")

    assert [both(world, id, "budget") for id in ids] == [(None, None)] * 3


def test_undoing_a_run_of_more_rows_than_a_slice_can_read_goes_on_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, run = edited_in_one_run(world, 5)
    read = MemoryLedger.logs_of_run

    def slowly(ledger: MemoryLedger, run_id: str, *, before: SyncLog | None = None) -> Iterator[SyncLog]:
        for row in read(ledger, run_id, before=before):
            world.clock.now += SLICE / 2
            yield row

    monkeypatch.setattr(MemoryLedger, "logs_of_run", slowly)
    monkeypatch.setattr(choices, "AT_ONCE", 1)

    world.decide(WorkKind.REVERT, f"run/{run}")

    assert [both(world, id, "budget") for id in ids] == [(None, None)] * 5


def test_a_persons_edit_overtakes_the_undo_of_a_run(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(20)]
    world.settle()
    for id in ids:
        world.edit(Side.NOTION, world.page_of(id), budget=Decimal(9))
    world.store.of(1).work.clear()
    rounds(world, 1)
    (run,) = {log.run_id for log in world.logs(Operation.UPDATE)}

    world.ask(WorkKind.REVERT, f"run/{run}")
    world.clock.advance(timedelta(seconds=1))
    world.edit(Side.NOTION, world.page_of(ids[0]), title="Typed while it runs")
    world.settle()

    undone = world.logs(Operation.REVERT)
    assert len(undone) == len(ids)
    assert len([row for row in undone if row.id < newest(world, Operation.UPDATE).id]) < 5


def test_undoing_the_deletion_of_a_project_brings_its_children_back_too(world: World) -> None:
    id = world.new_project(title="Reef")
    story = world.platform.create(STORY, {"title": "Fishers", "description": "All", "project": (id,)}, key="k")
    world.put(WorkKind.ENTITY, f"{STORY}/{story.id}")
    world.settle()
    parent, child = world.mapping_of(id), world.store.of(1).pairs[EntityRef(STORY, story.id)]
    in_trash(world, id)
    run = world.decide(WorkKind.DECIDE, str(parent.id), "approve")
    world.put(WorkKind.ENTITY, f"{STORY}/{story.id}")
    world.settle()
    assert not world.platform.records

    world.decide(WorkKind.REVERT, f"run/{run}")
    for _ in range(3):
        world.clock.now += timedelta(minutes=20)
        world.reconcile()

    project, tale = (world.store.of(1).mappings[m] for m in (parent.id, child))
    again = world.platform.read(STORY, str(tale.entity_id))
    assert isinstance(again, Present)
    assert (again.values["title"], again.values["description"]) == ("Fishers", "All")
    assert again.values["project"] == (project.entity_id,)


@pytest.mark.parametrize("call", ["notion update", "navimpact update"])
@pytest.mark.parametrize("applied", [False, True])
def test_an_undo_cut_short_is_finished(world: World, call: str, *, applied: bool) -> None:
    id = retitled(world, "Oops")
    undone = newest(world, Operation.UPDATE)
    struck: list[str] = []

    def die(called: str, was_applied: bool) -> None:
        if called == call and was_applied is applied and not struck:
            struck.append(called)
            raise KeyboardInterrupt

    world.notion.fault = world.navimpact.fault = die
    with pytest.raises(KeyboardInterrupt):
        world.decide(WorkKind.REVERT, f"log/{undone.id}")
    world.clock.now += timedelta(minutes=5)
    world.settle()

    assert both(world, id) == ("Reef", "Reef")


# --- what went on meanwhile -------------------------------------------------------------------------------------------


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
    rounds(world, 3)

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


# --- an undo that fails -----------------------------------------------------------------------------------------------


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


def test_who_undoes_a_deletion_that_was_undone_is_told_so_though_the_record_is_gone_once_more(world: World) -> None:
    world.another_project()
    id = world.new_project(title="Reef")
    world.settle()
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    deleted = newest(world, Operation.DELETE)
    world.decide(WorkKind.REVERT, f"log/{deleted.id}")
    again = world.store.of(1).mappings[deleted.mapping_id or 0]
    world.platform.remove(PROJECT, str(again.entity_id))

    world.decide(WorkKind.REVERT, f"log/{deleted.id}")

    assert messages(world, Operation.REVERT) == ["it was undone already, or came back by itself"]


def test_an_undo_that_cannot_be_carried_out_yet_is_tried_ever_more_rarely(world: World) -> None:
    id = world.new_project()
    world.settle()
    world.notion.fault = fail_once("notion update", Unavailable("503"), applied=False)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    world.notion_side.pages[world.page_of(id)].shared = False
    (row,) = world.logs(Operation.CREATE)

    world.put(WorkKind.REVERT, f"log/{row.id}")
    ends = world.clock() + timedelta(minutes=10)
    while (again_at := world.slice().again_at) is not None and again_at < ends:
        world.clock.now = max(world.clock.now, again_at)

    assert len(world.logs(Operation.FAIL)) < 10
