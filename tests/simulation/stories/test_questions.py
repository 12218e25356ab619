"""What a person answers belongs to the question that they saw: no other one is taken for answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from navsync import views
from navsync.conductor import SLICE
from navsync.engine.journal import OVERTAKEN
from navsync.errors import Unavailable
from navsync.model import EntityType, Operation, Outcome, Present, Side, State, Trashed, Work, WorkKind
from navsync.standing import Outline
from tests.contract.memory_store import MemoryLedger
from tests.simulation.employee import Killed
from tests.simulation.faults import fail_always, fail_once, once
from tests.simulation.stories.rules import stopped_mass_deletion
from tests.simulation.stories.scenes import both, in_conflict, in_trash, newest, only_conflict
from tests.simulation.world import PROJECT, AnsweredAlready, World

STORY = EntityType.IMPACT_STORY
LOG = EntityType.DISTRIBUTION_LOG
HOUR = timedelta(hours=1)
TOO_LONG = "x" * 101
"""For an option of Notion."""


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


@pytest.fixture
def project(world: World) -> str:
    """Made an hour ago: what is edited from now on is new to who throws its page away."""
    id = world.new_project(title="Reef")
    world.settle()
    world.clock.advance(HOUR)
    return id


def hours_pass(world: World, hours: int) -> None:
    """With the rounds of the schedule, and nobody who answers anything."""
    for _ in range(hours):
        world.clock.advance(HOUR)
        world.reconcile()


def asked(world: World, id: str) -> str:
    """What a person is asked about a record."""
    mapping = world.mapping_of(id)
    assert mapping.state is State.AWAITING_APPROVAL
    return str(views.approval(mapping)["cause"])


def is_there(world: World, id: str) -> bool:
    return isinstance(world.shown(Side.NAVIMPACT, id), Present)


def taken_out(world: World, page: str) -> None:
    """A person restores a page."""
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)


def thrown_away(world: World, page: str) -> None:
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)


# --- a record that vanished, and came back ----------------------------------------------------------------------------


@dataclass
class Vanished:
    """A record that is gone, so that a person is asked whether its page may go, and how it comes back."""

    id: str
    page: str
    comes_back: Callable[[], None]


def nothing_more(world: World, page: str) -> None:
    """NavImpact shows no record at all any more."""
    world.platform.records.clear()


def its_column(world: World, page: str) -> None:
    """A column of its page cannot be read any more."""
    world.notion_side.break_property(PROJECT, "description", "deleted")


@pytest.fixture(params=[nothing_more, its_column])
def vanished(request: pytest.FixtureRequest) -> tuple[World, Vanished]:
    world = World()
    world.connect()
    if request.param is its_column:
        world.another_project()
    id = world.new_project(title="Reef", description="agreed")
    world.settle()
    page, backup = world.page_of(id), dict(world.platform.records)
    request.param(world, page)
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()
    assert "trash" not in asked(world, id)

    def come_back() -> None:
        world.platform.records.update(backup)
        world.touched(Side.NAVIMPACT, id)

    return world, Vanished(id, page, come_back)


def test_who_agreed_that_a_page_goes_agreed_to_no_deletion_of_its_record(vanished: tuple[World, Vanished]) -> None:
    world, record = vanished
    seen = world.mapping_of(record.id)
    record.comes_back()
    world.person.remove(PROJECT, record.page)

    world.answer(seen, "approve")
    world.settle()

    assert is_there(world, record.id)
    assert "moved to the trash in Notion" in asked(world, record.id)


def test_who_wanted_a_record_made_again_did_not_say_that_its_page_is_to_be_restored(
    vanished: tuple[World, Vanished],
) -> None:
    world, record = vanished
    seen = world.mapping_of(record.id)
    record.comes_back()
    world.person.remove(PROJECT, record.page)

    world.answer(seen, "reject")
    world.settle()

    assert isinstance(world.shown(Side.NOTION, record.page), Trashed)
    assert "moved to the trash in Notion" in asked(world, record.id)


def test_a_question_is_asked_anew_when_its_record_is_back_and_its_page_thrown_away(
    vanished: tuple[World, Vanished],
) -> None:
    world, record = vanished
    record.comes_back()
    thrown_away(world, record.page)

    world.settle()

    assert "moved to the trash in Notion" in asked(world, record.id)


def test_an_answer_that_was_put_off_is_not_given_to_a_later_question(vanished: tuple[World, Vanished]) -> None:
    world, record = vanished
    world.navimpact.fault = fail_always("navimpact read", Unavailable("503"))
    world.answer(world.mapping_of(record.id), "approve")
    world.slice()
    world.navimpact.fault = None
    record.comes_back()
    world.slice()
    assert world.mapping_of(record.id).state is State.LINKED

    thrown_away(world, record.page)
    hours_pass(world, 3)

    assert is_there(world, record.id)
    assert "moved to the trash in Notion" in asked(world, record.id)


# --- a page that was thrown away --------------------------------------------------------------------------------------


def test_an_answer_that_was_put_off_is_not_given_when_the_same_is_asked_again(world: World, project: str) -> None:
    page = in_trash(world, project)
    world.navimpact.fault = fail_always("navimpact read", Unavailable("503"))
    world.answer(world.mapping_of(project), "approve")
    world.slice()
    world.navimpact.fault = None
    taken_out(world, page)
    world.slice()
    assert world.mapping_of(project).state is State.LINKED

    thrown_away(world, page)
    hours_pass(world, 3)

    assert is_there(world, project)


def test_who_answers_after_the_question_has_changed_is_asked_anew(world: World, project: str) -> None:
    in_trash(world, project)
    seen = world.mapping_of(project)
    world.clock.advance(HOUR)
    world.new_child(STORY, project, title="Fishers")
    hours_pass(world, 2)

    world.answer(seen, "approve")
    world.settle()

    assert is_there(world, project)
    assert "edited or added since, or shortly before: Fishers" in asked(world, project)


def test_who_is_asked_anew_is_waited_for_though_the_worker_dies(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_trash(world, project)
    world.clock.advance(HOUR)
    world.new_child(STORY, project, title="Fishers")
    world.answer(world.mapping_of(project), "approve")
    done, deaths = world.desk.done, [Killed()]

    def die(work: Work) -> None:
        if work.kind is WorkKind.DECIDE and deaths:
            raise deaths.pop()
        done(work)

    monkeypatch.setattr(world.desk, "done", die)
    with pytest.raises(Killed):
        world.slice()
    assert "edited or added since, or shortly before: Fishers" in asked(world, project)

    hours_pass(world, 1)

    assert is_there(world, project)


def test_who_is_asked_anew_is_waited_for_though_the_time_runs_out(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_trash(world, project)
    world.clock.advance(HOUR)
    world.new_child(STORY, project, title="Fishers")
    listed = MemoryLedger.outlines_of

    def slowly(ledger: MemoryLedger, project_id: str, after: int, limit: int) -> Sequence[Outline]:
        world.clock.advance(SLICE)
        return listed(ledger, project_id, after, limit)

    monkeypatch.setattr(MemoryLedger, "outlines_of", slowly)
    world.answer(world.mapping_of(project), "approve")
    world.settle()

    assert is_there(world, project)
    assert "edited or added since, or shortly before: Fishers" in asked(world, project)


def test_what_is_added_while_navimpact_is_down_is_asked_about_before_it_goes(world: World, project: str) -> None:
    in_trash(world, project)
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("503"), applied=False)
    world.answer(world.mapping_of(project), "approve")
    world.slice()

    world.new_child(STORY, project, title="Fishers")
    hours_pass(world, 1)

    assert is_there(world, project)
    assert "edited or added since, or shortly before: Fishers" in asked(world, project)


def test_a_deletion_that_was_put_off_is_carried_out_where_nothing_was_added(world: World, project: str) -> None:
    in_trash(world, project)
    world.navimpact.fault = fail_once("navimpact remove", Unavailable("503"), applied=False)
    world.answer(world.mapping_of(project), "approve")

    hours_pass(world, 1)

    assert not is_there(world, project)


def test_who_was_told_of_one_log_is_asked_anew_where_another_of_the_same_title_is_added(
    world: World, project: str
) -> None:
    in_trash(world, project)
    world.new_child(LOG, project, channel="cinema")
    hours_pass(world, 1)
    seen = world.mapping_of(project)
    assert asked(world, project).endswith("before: cinema.")

    world.new_child(LOG, project, channel="cinema")
    world.answer(seen, "approve")
    world.settle()

    assert is_there(world, project)
    assert asked(world, project).endswith("before: cinema, cinema.")


def test_who_was_told_of_a_story_is_asked_anew_where_it_is_edited_again(world: World, project: str) -> None:
    in_trash(world, project)
    story = world.new_child(STORY, project, title="Fishers", description="one")
    hours_pass(world, 1)
    seen = world.mapping_of(project)
    assert "shortly before: Fishers" in asked(world, project)

    world.edit(Side.NAVIMPACT, story, STORY, description="a whole chapter")
    run = world.answer(seen, "approve")
    world.settle()
    assert is_there(world, project)
    assert [(row.run_id, row.outcome) for row in world.logs(Operation.UNLINK)][-1] == (run, Outcome.FAILED)

    world.answer(world.mapping_of(project), "approve")
    world.settle()
    assert not is_there(world, project)


def test_who_was_told_of_what_never_reached_the_page_is_asked_anew_where_it_says_something_else(
    world: World, project: str
) -> None:
    world.edit(Side.NAVIMPACT, project, project_type=TOO_LONG)
    world.settle()
    in_trash(world, project)
    seen = world.mapping_of(project)
    assert "NavImpact says what Notion never showed, in Project type." in asked(world, project)

    world.edit(Side.NAVIMPACT, project, project_type="y" + TOO_LONG)
    world.answer(seen, "approve")
    world.settle()

    assert is_there(world, project)


def test_what_was_added_since_is_named_though_navimpacts_clock_is_behind(world: World) -> None:
    world.platform.clock = lambda: world.clock.now - timedelta(minutes=3)
    project = world.new_project(title="Reef")
    world.settle()
    world.clock.advance(HOUR)
    in_trash(world, project)
    seen = world.mapping_of(project)
    world.clock.advance(timedelta(minutes=2))

    world.new_child(STORY, project, title="Fishers")
    world.answer(seen, "approve")
    world.settle()

    assert is_there(world, project)
    assert "shortly before: Fishers" in asked(world, project)


@pytest.fixture
def kept_page(world: World, project: str) -> str:
    """Thrown away, and restored just before its record is deleted in NavImpact; nobody looks in between."""
    page = in_trash(world, project)
    world.person.restore(PROJECT, page)
    world.platform.remove(PROJECT, project)
    return page


def test_a_page_that_was_restored_has_its_record_made_again(world: World, project: str, kept_page: str) -> None:
    world.touched(Side.NAVIMPACT, project)
    hours_pass(world, 2)

    assert world.live_pages().count(kept_page) == 1
    ((_, again),) = (key for key, record in world.platform.records.items() if record.fields["title"] == "Reef")
    assert (world.page_of(again), world.mapping_of(again).state) == (kept_page, State.LINKED)


def test_who_agreed_that_a_record_goes_did_not_agree_that_its_page_does(
    world: World, project: str, kept_page: str
) -> None:
    world.answer(world.mapping_of(project), "approve")
    hours_pass(world, 2)

    assert kept_page in world.live_pages()


# --- two people who answer the same -----------------------------------------------------------------------------------


def test_who_rejects_first_is_not_overruled_by_who_approves_before_it_is_carried_out(
    world: World, project: str
) -> None:
    page = in_trash(world, project)
    seen = world.mapping_of(project)

    world.answer(seen, "reject", by="bo")
    with pytest.raises(AnsweredAlready):
        world.answer(seen, "approve", by="ann")
    world.settle()

    assert is_there(world, project)
    assert page in world.live_pages()


def test_who_answers_may_change_their_mind_until_it_is_carried_out(world: World, project: str) -> None:
    in_trash(world, project)
    seen = world.mapping_of(project)

    world.answer(seen, "approve")
    world.answer(seen, "reject")
    world.settle()

    assert is_there(world, project)


def test_an_answer_that_is_being_tried_and_fails_does_not_come_back_over_a_later_one(
    world: World, project: str
) -> None:
    in_trash(world, project)
    seen = world.mapping_of(project)
    world.answer(seen, "approve")

    def have_second_thoughts() -> None:
        world.answer(seen, "reject")
        raise Unavailable("503")

    world.navimpact.fault = once("navimpact read", have_second_thoughts, applied=False)
    hours_pass(world, 1)

    assert is_there(world, project)


def test_while_an_answer_is_tried_again_nobody_else_is_heard(world: World, project: str) -> None:
    in_trash(world, project)
    seen = world.mapping_of(project)
    world.navimpact.fault = fail_once("navimpact read", Unavailable("503"), applied=False)
    world.answer(seen, "reject", by="bo")
    world.slice()

    with pytest.raises(AnsweredAlready):
        world.answer(seen, "approve", by="ann")


def test_of_two_people_who_settle_a_conflict_the_first_is_heard(world: World) -> None:
    id = in_conflict(world)
    clash = only_conflict(world, id)

    world.ask(WorkKind.RESOLVE, clash, Side.NAVIMPACT, by="ann")
    with pytest.raises(AnsweredAlready):
        world.ask(WorkKind.RESOLVE, clash, Side.NOTION, by="bo")
    world.settle()

    assert both(world, id) == ("Ours", "Ours")


def test_of_two_people_who_undo_the_same_the_first_is_heard(world: World) -> None:
    id = world.new_project(description="the committee meets at noon")
    world.settle()
    page = world.page_of(id)
    world.person.edit(page, {"description": "the committee meets at the lake"})
    world.edit(Side.NAVIMPACT, id, description="the whole committee meets at noon")
    world.settle()
    merged = newest(world, Operation.UPDATE)

    world.ask(WorkKind.REVERT, f"log/{merged.id}/description", Side.NOTION, by="ann")
    with pytest.raises(AnsweredAlready):
        world.ask(WorkKind.REVERT, f"log/{merged.id}/description", Side.NAVIMPACT, by="bo")
    world.settle()

    assert both(world, id, "description") == ("the committee meets at the lake",) * 2


# --- what nothing came of ---------------------------------------------------------------------------------------------


def told(world: World, run: str) -> list[str]:
    """What whoever waits for an answer to be carried out is told of what was not."""
    rows = world.store.of(1).logs.values()
    return [str(row.message) for row in rows if row.run_id == run and row.outcome is Outcome.FAILED]


def edited(world: World, project: str, _page: str) -> None:
    seen = world.platform.read(PROJECT, project)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, project, {"title": "Still wanted"}, seen=seen)


def restored(world: World, _project: str, page: str) -> None:
    world.person.restore(PROJECT, page)


def deleted(world: World, project: str, _page: str) -> None:
    world.platform.remove(PROJECT, project)


@pytest.mark.parametrize(
    ("answer", "meanwhile", "what_is_told"),
    [
        ("approve", edited, [OVERTAKEN]),
        ("approve", restored, [OVERTAKEN]),
        ("reject", deleted, [OVERTAKEN]),
        ("approve", deleted, []),
        ("reject", restored, []),
    ],
)
def test_who_answers_is_told_where_nothing_comes_of_it_unless_it_has_come_so_by_itself(
    world: World, project: str, answer: str, meanwhile: Callable[[World, str, str], None], what_is_told: list[str]
) -> None:
    meanwhile(world, project, in_trash(world, project))

    run = world.answer(world.mapping_of(project), answer)
    world.settle()

    assert told(world, run) == what_is_told


def test_who_answers_as_another_has_answered_already_is_told_so(world: World, project: str) -> None:
    in_trash(world, project)
    seen = world.mapping_of(project)
    world.answer(seen, "reject")
    world.settle()

    run = world.answer(seen, "approve")
    world.settle()

    assert told(world, run) == [OVERTAKEN]
    assert is_there(world, project)


def test_who_approves_is_told_that_they_are_asked_anew_about_a_column_that_was_lost(world: World) -> None:
    _, pages = stopped_mass_deletion(world, description="words")
    mapping = next(each for each in world.store.of(1).mappings.values() if each.page_id in pages)
    world.notion_side.break_property(PROJECT, "description", "deleted")

    run = world.answer(mapping, "approve")
    world.settle()

    assert "Description, which cannot be read" in told(world, run)[0]


def test_who_chooses_between_values_that_are_there_no_more_is_told_so(world: World, project: str) -> None:
    world.edit(Side.NAVIMPACT, project, title="Ours")
    world.edit(Side.NOTION, world.page_of(project), title="Theirs")
    world.settle()
    seen = world.mapping_of(project)
    world.edit(Side.NAVIMPACT, project, title="Ours, better")
    world.settle()

    run = world.decide(WorkKind.RESOLVE, f"{seen.id}/title/{seen.conflicts[0].version}", "navimpact")

    assert told(world, run) == [OVERTAKEN]


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_who_answers_is_told_of_no_failure_where_the_worker_died_behind_it(
    world: World, project: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_trash(world, project)
    run = world.answer(world.mapping_of(project), answer)
    with monkeypatch.context() as patched:
        patched.setattr(world.desk, "done", die)
        with pytest.raises(Killed):
            world.slice()

    hours_pass(world, 1)

    assert (is_there(world, project), told(world, run)) == (answer == "reject", [])


def die(_work: Work) -> None:
    raise Killed
