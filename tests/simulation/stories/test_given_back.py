"""What a deletion took is given back by undoing it: the whole core, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.errors import Refused, Unavailable, Unclear
from navsync.fields import SPECS
from navsync.model import (
    Direction,
    EntityType,
    Gone,
    Operation,
    Outcome,
    Present,
    Settings,
    Side,
    State,
    SyncLog,
    Value,
    Values,
    WorkKind,
)
from navsync.views import can_revert
from tests.simulation.faults import fail_once
from tests.simulation.stories.scenes import rounds
from tests.simulation.world import PROJECT, World

STORY, LOG = EntityType.IMPACT_STORY, EntityType.DISTRIBUTION_LOG
LONG = "x" * 101
"""Of a project's type: a character more than Notion takes."""


def connected(settings: Settings | None = None) -> World:
    world = World(settings or Settings(), entity_types=tuple(SPECS))
    world.connect()
    return world


def trashed(world: World, id: str, kind: EntityType = PROJECT) -> None:
    """Somebody moves the page to the trash."""
    page = world.page_of(id, kind)
    world.person.remove(kind, page)
    world.touched(Side.NOTION, page, kind)
    world.settle()


def deleted(world: World, id: str) -> str:
    """Somebody moves the page to the trash, and a person approves; the run of the deletion."""
    trashed(world, id)
    return approved(world, id)


def approved(world: World, id: str) -> str:
    pair = str(world.mapping_of(id).id)
    run = world.decide(WorkKind.DECIDE, pair, "approve")
    if isinstance(world.shown(Side.NAVIMPACT, id), Present):  # they were asked anew, for something was added since
        run = world.decide(WorkKind.DECIDE, pair, "approve")
    assert isinstance(world.shown(Side.NAVIMPACT, id), Gone)
    return run


def undone(world: World, run: str) -> list[SyncLog]:
    """Somebody undoes the whole run, and time passes; what the history says of it."""
    undo = world.decide(WorkKind.REVERT, f"run/{run}")
    rounds(world, 3)
    return [row for row in world.store.of(1).logs.values() if row.run_id == undo]


def records(world: World, kind: EntityType = PROJECT) -> list[Mapping[str, Value]]:
    """What NavImpact says."""
    return [record.values() for (each, _), record in world.platform.records.items() if each is kind]


def ids(world: World, kind: EntityType) -> list[str]:
    """What NavImpact calls its records."""
    return [id for each, id in world.platform.records if each is kind]


def test_what_notion_could_not_hold_comes_back(world: World) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()
    world.edit(Side.NAVIMPACT, id, project_type=LONG)
    world.settle()

    undone(world, deleted(world, id))

    (again,) = records(world)
    assert (again["title"], again["project_type"]) == ("Reef", LONG)
    (page,) = world.live_pages()
    assert world.value(Side.NOTION, page, "project_type") == "film"


def test_what_was_emptied_and_could_not_travel_comes_back_empty() -> None:
    world = connected(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    page = world.new_row(title="Reef", budget=Decimal(5))
    world.settle()
    (row,) = world.logs(Operation.CREATE)
    world.edit(Side.NAVIMPACT, str(row.entity_id), budget=None)
    world.settle()

    undone(world, deleted(world, str(row.entity_id)))

    (again,) = records(world)
    assert again.get("budget") is None
    assert world.value(Side.NOTION, page, "budget") == Decimal(5)


def test_what_syncs_only_to_notion_comes_back_too() -> None:
    world = connected(Settings(field_directions={"media_project.budget": Direction.TO_NOTION}))
    id = world.new_project(title="Reef", budget=Decimal(5))
    world.settle()

    undone(world, deleted(world, id))

    (again,) = records(world)
    assert again["budget"] == Decimal(5)


@pytest.mark.parametrize("call", ["notion restore", "navimpact create", "notion stamp", "notion read"])
@pytest.mark.parametrize("applied", [False, True])
def test_an_undo_that_is_cut_short_gives_back_as_much(world: World, call: str, *, applied: bool) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()
    world.edit(Side.NAVIMPACT, id, project_type=LONG)
    world.settle()
    run = deleted(world, id)

    world.notion.fault = world.navimpact.fault = fail_once(call, KeyboardInterrupt(), applied=applied)
    with pytest.raises(KeyboardInterrupt):
        undone(world, run)
    world.clock.advance(timedelta(minutes=5))
    world.settle()

    (again,) = records(world)
    assert (again["title"], again["project_type"]) == ("Reef", LONG)
    assert len(world.live_pages()) == 1


def test_a_conflict_that_was_open_is_open_again(world: World) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()
    world.edit(Side.NAVIMPACT, id, project_type=LONG)
    world.edit(Side.NOTION, world.page_of(id), project_type="series")
    world.settle()
    was = world.mapping_of(id)
    assert was.conflicts

    undone(world, deleted(world, id))

    assert world.store.of(1).mappings[was.id].conflicts == was.conflicts


def test_what_is_typed_on_the_page_before_the_deletion_is_undone_arrives(world: World) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()
    world.edit(Side.NAVIMPACT, id, project_type=LONG)
    world.settle()
    page = world.page_of(id)
    run = deleted(world, id)
    world.person.restore(PROJECT, page)
    world.person.edit(page, {"title": "Typed since"})

    undone(world, run)

    (again,) = records(world)
    assert (again["title"], again["project_type"]) == ("Typed since", LONG)


def test_a_story_that_never_had_a_page_comes_back_and_gets_one(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    trashed(world, id)
    told: Values = {"title": "Fresh", "description": "Words of a colleague", "project": (id,)}
    world.platform.create(STORY, told, key="a colleague, whose webhook is on its way")
    run = approved(world, id)
    (row,) = [row for row in world.logs(Operation.DELETE) if row.entity_type is STORY]
    assert can_revert(row)

    said = undone(world, run)

    (project,), (story,) = ids(world, PROJECT), records(world, STORY)
    assert (story["title"], story["description"]) == ("Fresh", "Words of a colleague")
    assert story["project"] == (project,)
    assert (row.id, Operation.CREATE, Outcome.SUCCESS, "ann") in {
        (each.reverts, each.operation, each.outcome, each.actor) for each in said
    }
    assert len(world.live_pages()) == 2


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("error", [Unclear("no answer"), KeyboardInterrupt()], ids=["lost", "killed"])
def test_a_story_that_never_had_a_page_comes_back_once(world: World, error: BaseException, *, applied: bool) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    trashed(world, id)
    world.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (id,)}, key="c")
    run = approved(world, id)
    world.decide(WorkKind.REVERT, f"log/{row_of(world, PROJECT).id}")

    world.navimpact.fault = fail_once("navimpact create", error, applied=applied)
    try:
        undone(world, run)
    except KeyboardInterrupt:
        world.clock.advance(timedelta(minutes=5))
        world.settle()
    for _ in range(3):
        world.clock.advance(timedelta(minutes=20))
        world.reconcile()

    assert [story["title"] for story in records(world, STORY)] == ["Fresh"]
    assert len(world.live_pages()) == 2


def row_of(world: World, kind: EntityType) -> SyncLog:
    (row,) = [row for row in world.logs(Operation.DELETE) if row.entity_type is kind and row.side is Side.NAVIMPACT]
    return row


def test_a_story_is_not_made_again_twice(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    trashed(world, id)
    world.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (id,)}, key="c")
    run = approved(world, id)

    undone(world, run)
    undone(world, run)

    assert len(records(world, STORY)) == len(records(world)) == 1


def test_a_story_without_a_page_is_not_made_again_before_its_project(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    trashed(world, id)
    world.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (id,)}, key="c")
    approved(world, id)

    world.decide(WorkKind.REVERT, f"log/{row_of(world, STORY).id}")

    (refused,) = world.logs(Operation.REVERT)
    assert "project" in str(refused.message)
    assert records(world, STORY) == []


def test_a_story_that_navimpact_does_not_take_again_is_told_of_and_can_be_tried_again(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    trashed(world, id)
    world.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (id,)}, key="c")
    approved(world, id)
    world.decide(WorkKind.REVERT, f"log/{row_of(world, PROJECT).id}")
    story = row_of(world, STORY)
    world.navimpact.fault = fail_once("navimpact create", Refused("a rule of its own"), applied=False)

    world.decide(WorkKind.REVERT, f"log/{story.id}")
    refused = [row for row in world.logs(Operation.CREATE) if row.outcome is Outcome.FAILED]
    assert [(row.message, row.reverts) for row in refused] == [("a rule of its own", story.id)]
    world.decide(WorkKind.REVERT, f"log/{story.id}")

    assert [each["title"] for each in records(world, STORY)] == ["Fresh"]


def test_children_come_back_though_making_their_project_again_fails_at_first(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.new_child(STORY, id, title="Paired")
    world.settle()
    trashed(world, id)
    world.platform.create(STORY, {"title": "Fresh", "description": "Words", "project": (id,)}, key="c")
    run = approved(world, id)
    world.navimpact.fault = fail_once("navimpact create", Unavailable("no answer"), applied=False)

    said = undone(world, run)

    (project,) = ids(world, PROJECT)
    assert {(each["title"], each["project"]) for each in records(world, STORY)} == {
        ("Paired", (project,)), ("Fresh", (project,)),
    }  # fmt: skip
    failed = [row.operation for row in said if row.outcome is Outcome.FAILED]
    assert failed == [Operation.FAIL]  # the call that failed


def test_a_child_whose_page_nobody_has_looked_at_since_comes_back(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    story = world.new_child(STORY, id, title="Paired")
    world.settle()
    page = world.page_of(story, STORY)

    said = undone(world, deleted(world, id))

    (again,) = records(world, STORY)
    assert (again["title"], again["project"]) == ("Paired", tuple(ids(world, PROJECT)))
    assert world.value(Side.NOTION, page, "title", STORY) == "Paired"
    assert not [row for row in said if row.outcome is Outcome.FAILED]


def test_undoing_a_deletion_after_which_the_record_was_made_anew_and_deleted_again_is_refused(world: World) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()
    undone(world, deleted(world, id))
    (again,) = ids(world, PROJECT)
    world.edit(Side.NAVIMPACT, again, project_type=LONG)
    world.settle()
    deleted(world, again)
    first = min(world.logs(Operation.DELETE), key=lambda row: row.id)

    world.decide(WorkKind.REVERT, f"log/{first.id}")

    (refused,) = world.logs(Operation.REVERT)
    assert "latest deletion" in str(refused.message)


# --- dependents of one undo ------------------------------------------------------------------------------------------


def made_by_one_run(world: World) -> str:
    """A project and a log that people added in Notion before it was connected; the run that made their records."""
    project = world.person.add_row(PROJECT, {"title": "Reef"}).id
    world.person.add_row(LOG, {"channel": "TV", "date": "2026-01-01", "project": (project,)})
    world.connect()
    (run,) = {row.run_id for row in world.logs(Operation.CREATE)}
    world.clock.advance(timedelta(minutes=30))
    return run


def test_one_call_that_fails_does_not_end_the_undo_of_a_run() -> None:
    world = World(entity_types=tuple(SPECS))
    run = made_by_one_run(world)
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("no answer"), applied=False)

    said = undone(world, run)

    assert world.platform.records == {}
    assert not [row for row in said if row.operation is Operation.REVERT]


def test_a_project_to_which_somebody_else_has_added_stays_when_the_run_that_made_it_is_undone() -> None:
    world = World(entity_types=tuple(SPECS))
    run = made_by_one_run(world)
    (project,) = ids(world, PROJECT)
    world.new_child(LOG, project, notes="of a colleague")
    world.settle()
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("no answer"), applied=False)

    said = undone(world, run)

    assert [each["notes"] for each in records(world, LOG)] == ["of a colleague"]
    (refused,) = [row for row in said if row.operation is Operation.REVERT]
    assert "other records belong to it" in str(refused.message)
    assert world.mapping_of(project).state is State.LINKED


# --- a project with all that went with it ----------------------------------------------------------------------------


def said_of(world: World, undo: str) -> list[SyncLog]:
    """What the history says of a run."""
    return [row for row in world.store.of(1).logs.values() if row.run_id == undo]


def with_a_story(world: World) -> str:
    """A project to which a story belongs whose text Notion spells in another way."""
    id = world.new_project(title="Reef")
    world.settle()
    world.new_child(STORY, id, title="Paired", description="* a point\n\n__strong__")
    world.settle()
    return id


def gone_from_navimpact(world: World) -> tuple[str, SyncLog]:
    """Somebody deletes a project in NavImpact, which tells of each record by itself; the row of the project."""
    id = with_a_story(world)
    (story,), log = ids(world, STORY), world.new_child(LOG, id, notes="Aired")
    world.new_project(title="Another")  # without it, nothing would be there to prove that it is gone
    world.settle()
    world.platform.remove(PROJECT, id)
    for kind, each in [(STORY, story), (LOG, log), (PROJECT, id)]:
        world.put(WorkKind.ENTITY, f"{kind}/{each}")
        world.settle()
        world.clock.advance(timedelta(minutes=1))
        world.settle()
    (row,) = [row for row in world.logs(Operation.DELETE) if row.entity_type is PROJECT]
    return id, row


@pytest.mark.parametrize("scope", ["record", "run"])
def test_a_deletion_that_was_undone_already_is_not_undone_again_and_it_says_so(world: World, scope: str) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    deleted(world, id)
    (row,) = world.logs(Operation.DELETE)
    what = f"record/{row.id}" if scope == "record" else f"run/{row.run_id}"
    assert not [each for each in said_of(world, world.decide(WorkKind.REVERT, what)) if each.outcome is Outcome.FAILED]

    again = said_of(world, world.decide(WorkKind.REVERT, what))

    assert [(each.operation, each.outcome, each.reverts) for each in again] == [
        (Operation.REVERT, Outcome.FAILED, row.id)
    ]
    assert "undone already" in str(again[0].message)
    assert len(records(world)) == 1


def test_undoing_the_deletion_of_a_project_gives_back_what_went_with_it_as_it_was(world: World) -> None:
    id = with_a_story(world)
    world.new_project(title="Another")
    world.settle()
    deleted(world, id)

    undo = world.decide(WorkKind.REVERT, f"record/{row_of(world, PROJECT).id}")
    world.settle()

    (again,) = records(world, STORY)
    by_title = {world.platform.records[PROJECT, each].fields["title"]: each for each in ids(world, PROJECT)}
    assert (again["title"], again["description"], again["project"]) == (
        "Paired", "* a point\n\n__strong__", (by_title["Reef"],),
    )  # fmt: skip
    said = said_of(world, undo)
    assert row_of(world, STORY).id in {row.reverts for row in said if row.outcome is Outcome.SUCCESS}
    assert not [row for row in said if row.outcome is Outcome.FAILED]


def test_what_was_trashed_because_its_project_was_deleted_is_of_the_same_run(world: World) -> None:
    _, project = gone_from_navimpact(world)

    rows = world.logs(Operation.DELETE)

    assert {row.run_id for row in rows} == {project.run_id}
    assert {row.entity_type: row.deleted_with for row in rows} == {
        PROJECT: None, STORY: project.mapping_id, LOG: project.mapping_id,
    }  # fmt: skip


@pytest.mark.parametrize("scope", ["record", "run"])
def test_one_undo_brings_back_all_that_went_with_a_project_deleted_in_navimpact(world: World, scope: str) -> None:
    _, row = gone_from_navimpact(world)

    undo = world.decide(WorkKind.REVERT, f"record/{row.id}" if scope == "record" else f"run/{row.run_id}")
    world.settle()

    assert {str(each["title"]) for each in records(world)} == {"Reef", "Another"}
    assert [each["title"] for each in records(world, STORY)] == ["Paired"]
    assert [each["notes"] for each in records(world, LOG)] == ["Aired"]
    assert len(world.live_pages()) == 4
    assert not [each for each in said_of(world, undo) if each.outcome is Outcome.FAILED]


@pytest.mark.parametrize("scope", ["record", "run"])
def test_a_child_whose_page_was_trashed_after_its_record_comes_back_as_its_record_was(world: World, scope: str) -> None:
    id = with_a_story(world)
    world.new_project(title="Another")
    world.settle()
    deleted(world, id)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=20))
        world.reconcile()
    row = row_of(world, PROJECT)
    assert len(world.live_pages()) == 1

    undo = world.decide(WorkKind.REVERT, f"record/{row.id}" if scope == "record" else f"run/{row.run_id}")
    world.settle()

    assert [each["description"] for each in records(world, STORY)] == ["* a point\n\n__strong__"]
    assert len(world.live_pages()) == 3
    assert not [each for each in said_of(world, undo) if each.outcome is Outcome.FAILED]


def test_its_stories_come_back_with_an_undo_though_somebody_brought_the_project_back_before(world: World) -> None:
    _, row = gone_from_navimpact(world)
    page = str(row.page_id)
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)
    rounds(world, 3)
    assert ids(world, STORY) == []

    world.decide(WorkKind.REVERT, f"record/{row.id}")
    rounds(world, 3)

    assert len(ids(world, STORY)) == 1


def test_the_older_of_two_deletions_of_a_project_can_be_undone_with_its_stories(world: World) -> None:
    _, older = gone_from_navimpact(world)
    world.decide(WorkKind.REVERT, f"record/{older.id}")
    rounds(world, 3)
    world.clock.advance(timedelta(hours=2))
    (again,) = [str(pair.entity_id) for pair in world.store.of(1).mappings.values() if pair.page_id == older.page_id]
    deleted(world, again)
    rounds(world, 3)
    assert ids(world, STORY) == []

    world.decide(WorkKind.REVERT, f"record/{older.id}")
    rounds(world, 3)

    assert len(ids(world, STORY)) == 1
