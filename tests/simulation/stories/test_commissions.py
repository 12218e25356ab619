"""Pages that people ask for from templates: each is made once, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from navsync.engine import SETTLE
from navsync.errors import Blocked, OutOfTime, Unavailable, Unclear
from navsync.model import EntityRef, EntityType, Operation, Outcome, SyncLog, WorkKind
from navsync.templates import BUILT_IN, Commission, Template
from tests.simulation.employee import Killed
from tests.simulation.world import PROJECT, World

PLAN = Template("plan", "Plan: {{title}}", "Budget: {{budget}}", PROJECT)
BRIEF = Commission(7, PLAN, "parent", World().clock(), values={"title": "Reef"})


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, asked: Commission = BRIEF) -> None:
    world.desk.commissions().save(asked)
    world.put(WorkKind.TEMPLATE, str(asked.id))


def titles(world: World) -> list[str]:
    return [page.title for _, page in world.notion.loose.made.values()]


def told(world: World) -> list[tuple[Outcome, str | None]]:
    return [(row.outcome, row.page_id) for row in world.logs(Operation.CREATE)]


def failing(world: World, call: str, error: BaseException, *, applied: bool, times: int = 1) -> None:
    """Break the next *times* of *call*, before or after it was applied."""
    left = times

    def fault(called: str, was_applied: bool) -> None:
        nonlocal left
        if called == f"notion {call}" and was_applied is applied and left:
            left -= 1
            raise error

    world.notion.fault = fault


def test_a_page_is_made_below_the_page_that_was_named(world: World) -> None:
    ask(world)
    world.settle()

    assert [(parent, page.title) for parent, page in world.notion.loose.made.values()] == [("parent", "Plan: Reef")]


def test_what_became_of_it_is_kept_and_logged(world: World) -> None:
    ask(world)
    world.settle()

    kept = world.desk.commissions().get(7)
    assert kept is not None
    assert (kept.page_id, kept.url) == ("loose-1", "https://notion.example/loose-1")
    assert told(world) == [(Outcome.SUCCESS, "loose-1")]


def test_a_record_of_navimpact_fills_it(world: World) -> None:
    made = world.platform.create(PROJECT, {"title": "Coral"}, key="person")
    ask(world, replace(BRIEF, values={}, entity=EntityRef(PROJECT, made.id)))
    world.settle()

    assert titles(world) == ["Plan: Coral"]


def test_a_records_project_goes_by_its_title(world: World) -> None:
    project = world.platform.create(PROJECT, {"title": "Coral"}, key="person")
    log = BUILT_IN["distribution_log"]
    ask(world, replace(BRIEF, template=log, values={"channel": "cinema", "project": (project.id,)}))
    world.settle()

    ((_, page),) = world.notion.loose.made.values()
    assert "**Project:** Coral\n" in page.markdown


def test_a_lost_answer_makes_one_page(world: World) -> None:
    failing(world, "make", Unclear("the answer was lost"), applied=True)

    ask(world)
    world.settle()

    kept = world.desk.commissions().get(7)
    assert kept is not None
    assert (titles(world), kept.page_id) == (["Plan: Reef"], "loose-1")
    assert (Outcome.SUCCESS, "loose-1") in told(world)


def test_a_request_that_never_arrived_is_sent_again_once_notion_had_time_to_show_it(world: World) -> None:
    failing(world, "make", Unclear("no answer"), applied=False)

    ask(world)
    begun = world.clock()
    world.settle()

    assert titles(world) == ["Plan: Reef"]
    assert world.clock() - begun >= SETTLE


@pytest.mark.parametrize("error", [Blocked("slow down", until=World().clock() + timedelta(seconds=9)),
                                   OutOfTime("the slice has ended"), Unavailable("down")])  # fmt: skip
def test_what_was_surely_not_sent_is_not_looked_for(world: World, error: Exception) -> None:
    failing(world, "make", error, applied=False)

    ask(world)
    begun = world.clock()
    world.settle()

    assert titles(world) == ["Plan: Reef"]
    assert world.clock() - begun < SETTLE


@pytest.mark.parametrize("call", ["under", "make"])
@pytest.mark.parametrize("applied", [False, True])
def test_a_worker_may_die_at_any_call(world: World, call: str, applied: bool) -> None:
    failing(world, call, Killed(), applied=applied)
    ask(world)
    with pytest.raises(Killed):
        world.slice()

    world.clock.advance(timedelta(minutes=5))
    world.settle()

    assert titles(world) == ["Plan: Reef"]
    assert told(world) == [(Outcome.SUCCESS, "loose-1")]


def test_a_worker_that_dies_before_it_told_tells_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told_twice: list[SyncLog] = []
    done = type(world.desk).done

    def die_once(desk: object, work: object) -> bool:
        monkeypatch.setattr(type(world.desk), "done", done)
        told_twice.extend(world.logs(Operation.CREATE))
        raise Killed

    monkeypatch.setattr(type(world.desk), "done", die_once)
    ask(world)
    with pytest.raises(Killed):
        world.slice()
    world.clock.advance(timedelta(minutes=5))
    world.settle()

    assert len(told_twice) == 1
    assert told(world) == [(Outcome.SUCCESS, "loose-1")]


def test_an_older_page_of_ours_is_not_taken_for_what_a_lost_call_has_made(world: World) -> None:
    ask(world, replace(BRIEF, id=6))
    world.settle()
    failing(world, "make", Unclear("no answer"), applied=False)

    ask(world)
    world.settle()

    assert titles(world) == ["Plan: Reef", "Plan: Reef"]


def test_the_same_page_asked_for_twice_is_made_twice(world: World) -> None:
    ask(world)
    ask(world, replace(BRIEF, id=8))
    world.settle()

    assert titles(world) == ["Plan: Reef", "Plan: Reef"]


@pytest.mark.parametrize("applied", [False, True])
def test_while_one_is_unclear_another_below_the_same_page_waits(world: World, applied: bool) -> None:
    failing(world, "make", Unclear("the answer was lost"), applied=applied)
    ask(world)
    ask(world, replace(BRIEF, id=8, values={"title": "Kelp"}))
    world.settle()

    pages = {id: page.title for id, (_, page) in world.notion.loose.made.items()}
    kept = [world.desk.commissions().get(id) for id in (7, 8)]
    assert [pages[str(each and each.page_id)] for each in kept] == ["Plan: Reef", "Plan: Kelp"]


def test_a_page_that_is_not_shared_is_said_so_and_not_asked_again(world: World) -> None:
    world.notion.loose.unshared.add("parent")
    ask(world)
    world.settle()

    kept = world.desk.commissions().get(7)
    assert kept is not None
    assert "is not shared with the connection" in (kept.refused or "")
    assert told(world) == [(Outcome.FAILED, None)]


def test_a_record_that_is_not_there_is_said_so(world: World) -> None:
    ask(world, replace(BRIEF, values={}, entity=EntityRef(EntityType.MEDIA_PROJECT, "404")))
    world.settle()

    kept = world.desk.commissions().get(7)
    assert kept is not None
    assert (kept.refused, titles(world)) == ("NavImpact has no media project 404; name one that is there", [])
