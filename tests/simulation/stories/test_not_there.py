"""A person asks for a record that NavImpact does not have: nothing is done, and they learn it."""

from __future__ import annotations

from navsync.model import Lane, Operation, Outcome, Side, State, SyncLog, Work, WorkKind
from tests.simulation.stories.scenes import in_trash
from tests.simulation.world import PROJECT, World

NOBODYS = f"{PROJECT}/9999"


def ask(world: World, record: str) -> list[SyncLog]:
    """A person asks for a sync of *record*; what the run told of it."""
    run_id = f"run {next(world.ids)}"
    world.desk.put(Work(Lane.LIVE, WorkKind.ENTITY, record, run_id, world.clock(), run_id, actor="ann", thorough=True))
    world.settle()
    return [log for log in world.store.of(1).logs.values() if log.run_id == run_id]


def test_who_asks_for_a_record_that_is_not_there_is_told_so(world: World) -> None:
    (told,) = ask(world, NOBODYS)

    assert (told.operation, told.outcome, told.actor) == (Operation.MISSING, Outcome.FAILED, "ann")
    assert (told.entity_type, told.entity_id, told.mapping_id) == (PROJECT, "9999", None)
    assert str(told.message).startswith("NavImpact has no media project 9999:")


def test_a_webhook_of_a_record_that_is_not_there_is_told_to_nobody(world: World) -> None:
    before = dict(world.store.of(1).logs)

    world.touched(Side.NAVIMPACT, "9999")
    world.settle()

    assert world.store.of(1).logs == before


def test_who_asks_for_a_record_that_was_deleted_is_told_so(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    in_trash(world, id)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    assert world.mapping_of(id).state is State.DELETED

    (told,) = ask(world, f"{PROJECT}/{id}")

    assert (told.outcome, told.entity_id) == (Outcome.FAILED, id)


def test_what_notions_trash_has_lost_too_stays_deleted_however_often_people_ask(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, id)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    del world.notion_side.pages[page]

    told = [ask(world, f"{PROJECT}/{id}") for _ in range(2)]

    assert [[log.operation for log in logs] for logs in told] == [[Operation.MISSING], [Operation.MISSING]]
    assert world.mapping_of(id).state is State.DELETED


def test_who_asks_for_a_deleted_record_that_came_back_is_not_told_that_it_is_gone(world: World) -> None:
    id = world.new_project(title="Reef")
    world.another_project()
    page = world.page_of(id)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    assert world.mapping_of(id).state is State.DELETED
    world.person.restore(PROJECT, page)

    told = ask(world, f"{PROJECT}/{id}")

    assert {log.outcome for log in told} == {Outcome.SUCCESS}
    assert [record.fields["title"] for record in world.platform.records.values()] == ["Another", "Reef"]


def test_a_deletion_that_who_asks_brings_to_light_goes_on_as_ever(world: World) -> None:
    id = world.new_project(title="Reef")
    world.another_project()
    world.platform.remove(PROJECT, id)

    told = ask(world, f"{PROJECT}/{id}")

    assert world.mapping_of(id).state is State.DELETED
    assert [(log.operation, log.outcome) for log in told] == [(Operation.DELETE, Outcome.SUCCESS)]


def test_a_record_that_is_there_is_synced_and_nothing_else_is_told(world: World) -> None:
    made = world.platform.create(PROJECT, {"title": "No webhook told of it"}, key="untold")

    told = ask(world, f"{PROJECT}/{made.id}")

    assert {log.outcome for log in told} == {Outcome.SUCCESS}
    assert world.page_of(made.id)
