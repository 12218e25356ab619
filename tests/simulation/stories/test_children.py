"""Records that belong to a project."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync import views
from navsync.errors import Unavailable, Unclear
from navsync.model import (
    Direction,
    EntityRef,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    Trashed,
    Value,
    WorkKind,
)
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.scenes import started
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY


def add_child(world: World, entity_type: EntityType, project: str, **values: Value) -> str:
    required: dict[str, Value] = {"channel": "cinema"} if entity_type is LOG else {"title": "Story"}
    made = world.platform.create(entity_type, {**required, **values, "project": (project,)}, key=str(next(world.ids)))
    world.put(WorkKind.ENTITY, f"{entity_type}/{made.id}")
    return made.id


def mapping_of(world: World, entity_type: EntityType, id: str) -> Mapping:
    pairs = world.store.of(1).pairs
    return world.store.of(1).mappings[pairs[EntityRef(entity_type, id)]]


def page_of(world: World, entity_type: EntityType, id: str) -> str:
    page_id = mapping_of(world, entity_type, id).page_id
    assert page_id is not None
    return page_id


def test_a_child_that_had_to_wait_for_its_projects_page_is_not_listed_as_failing(world: World) -> None:
    project = world.platform.create(PROJECT, {"title": "Reef"}, key="reef").id
    child = add_child(world, LOG, project)
    world.slice()

    world.touched(Side.NAVIMPACT, project)
    world.settle()

    assert mapping_of(world, LOG, child).troubles == ()


@pytest.mark.parametrize("entity_type", [LOG, STORY])
def test_a_child_gets_a_page_that_belongs_to_its_project(world: World, entity_type: EntityType) -> None:
    project = world.new_project()
    child = add_child(world, entity_type, project)
    world.settle()

    page = world.person.read(entity_type, page_of(world, entity_type, child))
    assert isinstance(page, Present)
    assert page.values["project"] == (project,)


def test_an_edit_of_a_child_in_notion_reaches_navimpact(world: World) -> None:
    child = add_child(world, LOG, world.new_project(), notes="before")
    world.settle()
    page = page_of(world, LOG, child)

    seen = world.person.read(LOG, page)
    assert isinstance(seen, Present)
    world.person.update(LOG, page, {"notes": "after"}, seen=seen)
    world.put(WorkKind.PAGE, f"{LOG}/{page}")
    world.settle()

    assert world.platform.records[LOG, child].fields["notes"] == "after"


def deleted_with_children(world: World, many: int) -> tuple[str, list[str]]:
    """A project of so many logs is deleted, of which webhooks tell; and the pages of all."""
    project = world.new_project()
    children = [add_child(world, LOG, project, channel=f"c{n}") for n in range(many)]
    world.another_project()
    pages = [page_of(world, LOG, child) for child in children] + [world.page_of(project)]
    world.platform.remove(PROJECT, project)
    for child in children:
        world.put(WorkKind.ENTITY, f"{LOG}/{child}")
    for _ in range(100):
        world.slice()
        world.clock.advance(timedelta(minutes=1))
    return project, pages


def test_children_go_with_their_project_and_are_counted(world: World) -> None:
    _, pages = deleted_with_children(world, 4)

    assert all(world.notion_side.pages[page].in_trash for page in pages)
    assert sum(world.store.of(1).removals.values()) == 5


def test_a_project_that_would_take_more_along_than_may_go_in_an_hour_is_one_question_about_all(world: World) -> None:
    project, pages = deleted_with_children(world, 12)
    assert not any(world.notion_side.pages[page].in_trash for page in pages)
    waiting = [pair for pair in world.store.of(1).mappings.values() if pair.state is State.AWAITING_APPROVAL]
    assert [pair.entity_id for pair in waiting] == [project]

    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    for _ in range(8):
        world.clock.advance(timedelta(minutes=20))
        world.reconcile()

    assert all(world.notion_side.pages[page].in_trash for page in pages)


def test_children_rest_while_the_deletion_of_their_project_waits_for_a_person(world: World) -> None:
    project, pages = deleted_with_children(world, 12)
    world.navimpact.calls.clear()

    for _ in range(4 * 3):
        world.clock.advance(timedelta(minutes=20))
        world.put(WorkKind.SWEEP)
        for _ in range(4):
            world.slice()
            world.clock.advance(timedelta(seconds=10))

    assert world.navimpact.calls.count("navimpact read") <= 5 * 3 * len(pages)
    assert world.mapping_of(project).state is State.AWAITING_APPROVAL
    assert not any(world.notion_side.pages[page].in_trash for page in pages)


def test_children_follow_at_once_when_the_deletion_of_their_project_is_approved(world: World) -> None:
    project, pages = deleted_with_children(world, 12)
    for _ in range(12):
        world.slice()
        world.clock.advance(timedelta(seconds=20))

    world.ask(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    for _ in range(12):
        world.slice()
        world.clock.advance(timedelta(seconds=20))

    assert all(world.notion_side.pages[page].in_trash for page in pages)


def test_a_child_deleted_alone_leaves_its_project(world: World) -> None:
    project = world.new_project()
    child = add_child(world, LOG, project)
    world.settle()

    world.platform.remove(LOG, child)
    world.put(WorkKind.ENTITY, f"{LOG}/{child}")
    world.settle()

    assert isinstance(world.person.read(LOG, page_of(world, LOG, child)), Trashed)
    assert isinstance(world.shown(Side.NOTION, world.page_of(project)), Present)


def test_a_row_whose_project_is_not_there_yet_follows_when_it_is(world: World) -> None:
    project = world.new_row(title="Made in Notion")
    row = world.person.add_row(STORY, {"title": "Child", "project": (project,)})
    world.store.of(1).work.clear()
    world.touched(Side.NOTION, row.id, STORY)
    world.slice()
    assert [m.state for m in world.store.of(1).mappings.values()] == [State.DRAFT]

    world.touched(Side.NOTION, project)
    world.settle()

    assert [r.fields["title"] for (kind, _), r in world.platform.records.items() if kind is STORY] == ["Child"]


def test_a_generated_title_follows_what_people_change_in_notion(world: World) -> None:
    child = add_child(world, LOG, world.new_project())
    world.settle()
    page = page_of(world, LOG, child)
    seen = world.person.read(LOG, page)
    assert isinstance(seen, Present)
    world.person.update(LOG, page, {"channel": "streaming"}, seen=seen)
    world.put(WorkKind.PAGE, f"{LOG}/{page}")
    world.settle()

    assert world.notion_side.pages[page].name == "streaming"


def test_the_project_that_was_chosen_is_told_once_notion_has_taken_it(world: World) -> None:
    first, second, third = (world.new_project(title=title) for title in ("A", "B", "C"))
    world.settle()
    log = world.new_child(LOG, first)
    world.settle()
    page = world.page_of(log, LOG)
    world.edit(Side.NAVIMPACT, log, LOG, project=(second,))
    world.notion_side.edit(page, {"project": (world.page_of(third),)})
    world.touched(Side.NOTION, page, LOG)
    world.settle()
    (conflict,) = world.mapping_of(log, LOG).conflicts

    def does_not_answer(call: str, applied: bool) -> None:
        if call == "notion update" and not applied:
            raise Unavailable("503")

    world.notion.fault = does_not_answer
    world.ask(WorkKind.RESOLVE, f"{world.mapping_of(log, LOG).id}/project/{conflict.version}", "navimpact")
    world.slice()
    assert belongs_to(world, log) is None

    world.notion.fault = None
    world.settle()
    assert belongs_to(world, log) == int(second)


def belongs_to(world: World, log: str) -> object:
    shown = views.mapping(world.mapping_of(log, LOG), database_id=None, direction=Direction.BOTH)
    return shown["belongs_to"]


# --- a project that is no more ----------------------------------------------------------------------------------------


def test_no_page_is_owed_to_a_record_that_went_with_its_project(world: World) -> None:
    project = world.new_project()
    world.store.of(1).work.clear()
    log = world.new_child(LOG, project)
    world.notion.fault = fail_once("notion create", Unclear("reset"), applied=False)
    world.slice()

    world.platform.remove(PROJECT, project)
    world.touched(Side.NAVIMPACT, log, LOG)
    world.settle()

    assert started(world) == []


def test_children_of_a_deleted_project_whose_page_is_hidden_are_not_looked_at_without_end(world: World) -> None:
    project = world.new_project()
    log = world.new_child(LOG, project)
    world.settle()
    world.notion_side.pages[world.page_of(project)].shared = False

    world.platform.remove(PROJECT, project)
    world.touched(Side.NAVIMPACT, log, LOG)
    looks = 0
    ends = world.clock() + timedelta(minutes=30)
    while looks < 30 and (again_at := world.slice().again_at) is not None and again_at < ends:
        world.clock.now = max(world.clock.now, again_at)
        looks += 1

    assert looks < 10


def test_a_row_that_nobody_would_take_is_a_draft_again_when_it_is_restored(world: World) -> None:
    project = world.new_project()
    world.settle()
    page = world.page_of(project)
    world.platform.remove(PROJECT, project)
    row = world.person.add_row(LOG, {"channel": "cinema", "project": (page,)})
    world.touched(Side.NOTION, row.id, LOG)
    world.slice()
    world.person.remove(LOG, row.id)
    world.touched(Side.NOTION, row.id, LOG)
    world.settle()

    world.person.restore(LOG, row.id)
    world.touched(Side.NOTION, row.id, LOG)
    world.settle()

    (mapping,) = [m for m in world.store.of(1).mappings.values() if m.page_id == row.id]
    assert mapping.state is State.DRAFT
    assert mapping.troubles


# --- what goes with a project -----------------------------------------------------------------------------------------


@pytest.fixture
def project(world: World) -> str:
    """A project with a log, whose page somebody has moved to the trash."""
    project = world.new_project(title="Reef")
    world.new_child(LOG, project, notes="first")
    world.settle()
    world.person.remove(PROJECT, world.page_of(project))
    world.touched(Side.NOTION, world.page_of(project))
    world.settle()
    return project


def approve(world: World, project: str) -> None:
    """A person agrees that it goes, and all that belongs to it."""
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")


def notes_told(world: World) -> set[Value]:
    """Notes of logs that went, as the history has them."""
    rows = [row for row in world.logs(Operation.DELETE) if row.outcome is Outcome.SUCCESS]
    return {change.old for row in rows for change in row.changes if change.field == "notes"}


def test_a_log_that_is_added_while_its_project_is_being_deleted_is_in_the_history(world: World, project: str) -> None:
    def add() -> None:
        world.new_child(LOG, project, notes="second")

    world.navimpact.fault = once("navimpact changed_since", add, applied=True)

    approve(world, project)

    assert world.platform.records == {}
    assert notes_told(world) == {"first", "second"}


def test_what_is_typed_while_a_project_is_being_deleted_is_in_the_history(world: World, project: str) -> None:
    ((_, log),) = [entity for entity in world.platform.records if entity[0] is LOG]

    def type_on() -> None:
        world.edit(Side.NAVIMPACT, log, LOG, notes="first, and more")

    world.navimpact.fault = once("navimpact changed_since", type_on, applied=True)

    approve(world, project)

    assert "first, and more" in notes_told(world)


def test_a_log_that_is_saved_from_a_deletion_by_a_move_is_not_told_as_deleted(world: World, project: str) -> None:
    ((_, log),) = [entity for entity in world.platform.records if entity[0] is LOG]
    other = world.new_project(title="Other")
    world.settle()

    def move() -> None:
        world.edit(Side.NAVIMPACT, log, LOG, project=(other,))

    world.navimpact.fault = once("navimpact changed_since", move, applied=True)

    approve(world, project)

    assert set(world.platform.records) == {(PROJECT, other), (LOG, log)}
    assert (notes_told(world), started(world)) == (set(), [])


def test_a_project_to_which_people_keep_adding_as_it_goes_is_asked_about_anew_when_they_stop(
    world: World, project: str
) -> None:
    adding = True

    def add(called: str, applied: bool) -> None:
        if adding and world.logs(Operation.DELETE) and called == "navimpact changed_since" and not applied:
            world.new_child(LOG, project, notes=f"{len(world.platform.records)}")

    world.navimpact.fault = add
    world.answer(world.mapping_of(project), "approve")
    world.slice()
    assert (PROJECT, project) in world.platform.records

    adding = False
    notes = {record.values().get("notes") for record in world.platform.records.values()} - {None}
    world.settle()
    assert (PROJECT, project) in world.platform.records
    assert (notes_told(world), started(world)) == (set(), [])

    approve(world, project)
    assert (world.platform.records, notes_told(world), started(world)) == ({}, notes, [])


def test_what_belongs_to_a_project_is_listed_for_the_question_and_once_to_be_recorded(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    world.person.remove(PROJECT, world.page_of(project))
    world.touched(Side.NOTION, world.page_of(project))
    world.settle()
    world.navimpact.calls.clear()

    approve(world, project)

    assert world.navimpact.calls.count("navimpact changed_since") == 2 * (len(EntityType) - 1)
