"""Notion empties its trash: what was in it is gone for good, and whoever was asked about it can still answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest

from navsync.attention import waiting
from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import Direction, EntityType, Gone, Operation, Outcome, Scope, Settings, Side, State, WorkKind
from tests.simulation.employee import Killed
from tests.simulation.faults import ANYWHERE, fail_once, once, struck
from tests.simulation.stories.rules import change, set_to, trash
from tests.simulation.stories.scenes import (
    LOG,
    STORY,
    causes,
    delete,
    in_trash,
    newest,
    tells,
    time_passes,
    titles,
    titles_of,
    with_a_log,
)
from tests.simulation.world import PROJECT, World, connected


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


@pytest.fixture
def reef(world: World) -> str:
    """A project that a person is asked about, for its page was in the trash, and is gone from there."""
    reef = world.new_project(title="Reef", description="Corals")
    world.settle()
    empty_trash(world, in_trash(world, reef))
    time_passes(world, 2)
    return reef


def empty_trash(world: World, page: str, kind: EntityType = PROJECT) -> None:
    world.notion_side.purge(page)
    world.touched(Side.NOTION, page, kind)
    world.settle()


def decide(world: World, project: str, decision: str) -> str:
    return world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), decision)


def gone_for_good(world: World, project: str) -> str:
    """A person approves that a project goes, and then its trash is emptied; the run of the deletion."""
    page = in_trash(world, project)
    time_passes(world, 1)
    run = decide(world, project, "approve")
    time_passes(world, 1)
    empty_trash(world, page)
    return run


def is_deleted(world: World, project: str) -> bool:
    return isinstance(world.shown(Side.NAVIMPACT, project), Gone)


def page_titles(world: World) -> list[str]:
    return sorted(str(world.value(Side.NOTION, page, "title")) for page in world.live_pages())


def recorded(world: World) -> list[object]:
    return [change.old for row in world.store.of(1).logs.values() for change in row.changes]


# --- a question -------------------------------------------------------------------------------------------------------


def test_a_question_outlives_the_page_that_it_is_about(world: World, reef: str) -> None:
    asked = [each.trouble.code for each in waiting(world.mapping_of(reef))]

    assert (asked, is_deleted(world, reef)) == (["approve_delete"], False)


def test_an_undone_creation_whose_page_is_gone_for_good_is_asked_about_when_the_scope_holds_it_again(
    world: World,
) -> None:
    reef = world.new_project(title="Reef", status="active")
    world.settle()
    (made,) = (row for row in world.logs(Operation.CREATE) if row.entity_id == reef)
    world.decide(WorkKind.REVERT, f"record/{made.id}")
    set_to(world, Settings(scope=Scope(statuses=("paused",))))
    empty_trash(world, world.page_of(reef))

    set_to(world, Settings())
    time_passes(world, 2)

    assert [each.trouble.code for each in waiting(world.mapping_of(reef))] == ["approve_delete"]


@pytest.mark.parametrize(("decision", "titles"), [("approve", ["Another"]), ("reject", ["Another", "Reef"])])
def test_who_could_not_undo_the_removal_of_a_page_that_is_gone_for_good_can_still_answer(
    world: World, decision: str, titles: list[str]
) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)
    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.CREATE).id}")
    empty_trash(world, page)

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.DELETE).id}")
    decide(world, id, decision)

    assert newest(world, Operation.REVERT).message == (
        "its page is gone from Notion's trash; its values are in the history of the record"
    )
    assert (page_titles(world), titles_of(world, PROJECT)) == (titles, titles)


def test_who_approves_has_the_record_deleted(world: World, reef: str) -> None:
    decide(world, reef, "approve")

    told = [row.outcome for row in world.logs(Operation.DELETE)]
    assert (is_deleted(world, reef), told) == (True, [Outcome.SUCCESS])
    assert not [*waiting(world.mapping_of(reef))]


def test_who_rejects_gets_another_page_of_the_record(world: World, reef: str) -> None:
    decide(world, reef, "reject")

    assert page_titles(world) == ["Another", "Reef"]
    assert world.value(Side.NOTION, world.page_of(reef), "description") == "Corals"
    assert world.mapping_of(reef).state is State.LINKED


def test_an_edit_of_the_record_makes_another_page(world: World, reef: str) -> None:
    world.edit(Side.NAVIMPACT, reef, title="Reef II")
    time_passes(world, 1)

    assert page_titles(world) == ["Another", "Reef II"]


def test_nobody_is_asked_any_more_when_the_record_is_gone_as_well(world: World, reef: str) -> None:
    delete(world, reef)
    time_passes(world, 1)

    assert not [*waiting(world.mapping_of(reef))]
    assert world.mapping_of(reef).state is State.DELETED


def test_who_approves_is_asked_anew_where_a_child_was_edited_since(world: World, reef: str) -> None:
    log = world.new_child(LOG, reef, channel="cinema")
    world.settle()
    assert is_deleted(world, reef) is False

    decide(world, reef, "approve")

    assert "was edited or added since, or shortly before: cinema" in causes(world, reef)
    time_passes(world, 1)
    assert "was edited or added since, or shortly before: cinema" in causes(world, reef)
    decide(world, reef, "approve")
    assert isinstance(world.shown(Side.NAVIMPACT, log, LOG), Gone)


def test_a_page_that_was_left_in_the_trash_by_a_rule_is_asked_about_when_the_rule_is_lifted() -> None:
    world = World(settings=Settings(direction=Direction.TO_NOTION))
    world.connect()
    reef = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(reef)
    trash(world, page)
    empty_trash(world, page)

    set_to(world, Settings())
    time_passes(world, 1)

    assert [each.trouble.code for each in waiting(world.mapping_of(reef))] == ["approve_delete"]


def test_a_question_that_the_scope_hides_for_a_while_outlives_the_page_too(world: World) -> None:
    reef = world.new_project(title="Reef", status="active")
    world.settle()
    page = in_trash(world, reef)
    set_to(world, Settings(scope=Scope(statuses=("paused",))))
    empty_trash(world, page)

    set_to(world, Settings())
    time_passes(world, 1)

    assert [each.trouble.code for each in waiting(world.mapping_of(reef))] == ["approve_delete"]


# --- what comes back --------------------------------------------------------------------------------------------------


def test_a_record_that_comes_back_gets_another_page(world: World) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    page, record = world.page_of(reef), world.platform.records[PROJECT, reef]
    delete(world, reef)
    empty_trash(world, page)

    world.platform.records[PROJECT, reef] = record
    time_passes(world, 2)

    assert page_titles(world) == ["Another", "Reef"]


def test_undoing_an_approved_deletion_makes_record_and_page_anew(world: World, reef: str) -> None:
    world.new_child(STORY, reef, title="Fishers", description="All")
    world.settle()
    pages = set(world.live_pages())
    decide(world, reef, "approve")
    run = decide(world, reef, "approve")
    time_passes(world, 1)
    for page in pages - set(world.live_pages()):
        empty_trash(world, page, STORY)

    world.decide(WorkKind.REVERT, f"run/{run}")
    time_passes(world, 2)

    said = {tuple(map(record.values().get, ("title", "description"))) for record in world.platform.records.values()}
    assert said == {("Another", None), ("Reef", "Corals"), ("Fishers", "All")}
    assert page_titles(world) == ["Another", "Fishers", "Reef"]


def test_undoing_the_approved_deletion_of_a_log_makes_it_anew_for_its_project(world: World) -> None:
    reef, log = with_a_log(world)
    pair = world.mapping_of(log, LOG)
    assert pair.page_id is not None
    world.person.remove(LOG, pair.page_id)
    world.touched(Side.NOTION, pair.page_id, LOG)
    world.settle()
    run = world.decide(WorkKind.DECIDE, str(pair.id), "approve")
    empty_trash(world, pair.page_id, LOG)

    world.decide(WorkKind.REVERT, f"run/{run}")

    again = world.store.of(1).mappings[pair.id]
    assert world.value(Side.NAVIMPACT, str(again.entity_id), "project", LOG) == (reef,)
    assert world.value(Side.NOTION, str(again.page_id), "channel", LOG) == "cinema"


# --- what is not known ------------------------------------------------------------------------------------------------


def test_who_lacks_both_sides_is_not_told_that_nothing_was_deleted(world: World) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    page = world.notion_side.pages[world.page_of(reef)]
    page.shared = False
    world.touched(Side.NOTION, page.id)
    time_passes(world, 1)
    assert "Nothing was deleted" in str(world.mapping_of(reef).troubles)

    world.platform.remove(PROJECT, reef)
    world.touched(Side.NAVIMPACT, reef)
    time_passes(world, 3)

    assert "Its record is gone from NavImpact" in causes(world, reef)
    assert "Nothing was deleted" not in str(world.mapping_of(reef).troubles)
    page.shared = True
    world.touched(Side.NOTION, page.id)
    time_passes(world, 1)
    assert page.in_trash


def test_a_page_that_was_shown_again_is_not_taken_for_gone_for_good_when_it_is_not_shared(world: World) -> None:
    change(world, settings=Settings(quiet_seconds={PROJECT: 30}))
    reef = world.new_project(title="Reef")
    world.clock.advance(timedelta(minutes=10))
    world.settle()
    page = in_trash(world, reef)
    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, title="Edited")
    world.edit(Side.NAVIMPACT, reef, status="active")
    world.slice()  # waits for both to be left alone

    world.notion_side.pages[page].shared = False
    time_passes(world, 1)
    world.notion_side.pages[page].shared = True
    time_passes(world, 3)

    assert page_titles(world) == titles(world) == ["Another", "Edited"]


def test_a_last_look_that_was_interrupted_ends_though_the_page_is_gone(world: World) -> None:
    world.notion_side.trash_hides_bodies = True
    story = world.new_child(STORY, world.new_project(title="Reef"), title="One", description="Text")
    world.settle()
    page = world.page_of(story, STORY)
    delete(world, story, STORY)

    def die() -> None:
        world.notion_side.purge(page)
        raise Killed

    world.notion.fault = once("notion remove", die, applied=True)
    tells(world, page, world.clock())
    with pytest.raises(Killed):
        world.slice()
    world.clock.advance(timedelta(minutes=10))
    time_passes(world, 1)

    assert world.mapping_of(story, STORY).state is State.DELETED
    assert not [row for row in world.store.of(1).logs.values() if row.outcome is Outcome.STARTED]


# --- access that is lost for an hour ----------------------------------------------------------------------------------


@contextmanager
def without_access(world: World) -> Iterator[None]:
    """An admin takes the databases away from the connection, and gives them back after an hour."""
    world.notion_side.unshared.update(SPECS)
    yield
    time_passes(world, 1)
    world.notion_side.unshared.clear()
    time_passes(world, 3)


def edits(world: World, reef: str) -> None:
    world.edit(Side.NAVIMPACT, reef, description="Still wanted")


def rejects(world: World, reef: str) -> None:
    world.answer(world.mapping_of(reef), "reject")


@pytest.mark.parametrize("keep", [edits, rejects])
def test_who_keeps_a_record_while_access_is_lost_gets_its_page_back(
    world: World, project: str, keep: Callable[[World, str], None]
) -> None:
    page = in_trash(world, project)

    with without_access(world):
        keep(world, project)

    assert (world.page_of(project), page_titles(world)) == (page, ["Another", "Reef"])


def test_who_undoes_a_deletion_while_access_is_lost_gets_the_page_back(world: World, project: str) -> None:
    page = in_trash(world, project)
    run = decide(world, project, "approve")

    with without_access(world):
        world.ask(WorkKind.REVERT, f"run/{run}")

    assert (page in world.live_pages(), page_titles(world)) == (True, ["Another", "Reef"])


def test_a_question_is_asked_still_while_access_is_lost(world: World, project: str) -> None:
    in_trash(world, project)

    with without_access(world):
        world.put(WorkKind.MAPPING, str(world.mapping_of(project).id))
        time_passes(world, 1)
        assert "moved to the trash" in causes(world, project)

    assert [each.trouble.code for each in waiting(world.mapping_of(project))] == ["approve_delete"]


def test_who_approves_while_access_is_lost_is_asked_anew_about_what_was_typed_on_the_page(
    world: World, project: str
) -> None:
    page = in_trash(world, project)
    world.person.restore(PROJECT, page)
    world.person.edit(page, {"description": "precious"})
    world.person.remove(PROJECT, page)

    with without_access(world):
        world.answer(world.mapping_of(project), "approve")

    assert "Its page says what NavImpact never had, in Description." in causes(world, project)
    assert not is_deleted(world, project)


# --- what goes with a page that is gone for good ----------------------------------------------------------------------


def test_what_belongs_to_a_project_names_the_page_that_it_gets_instead(world: World) -> None:
    reef, log = with_a_log(world)
    empty_trash(world, in_trash(world, reef))

    decide(world, reef, "reject")
    time_passes(world, 24)

    assert world.notion_side.pages[world.page_of(log, LOG)].values["project"] == (world.page_of(reef),)


@ANYWHERE
def test_whatever_happens_as_a_project_gets_another_page_what_belongs_to_it_names_that_one(
    error: BaseException, *, applied: bool
) -> None:
    for call in count(1):
        world = connected()
        world.another_project()
        reef, log = with_a_log(world)
        empty_trash(world, in_trash(world, reef))
        world.ask(WorkKind.DECIDE, str(world.mapping_of(reef).id), "reject")
        was_struck = struck(world, call, error, applied=applied)

        time_passes(world, 2)

        assert len(world.live_pages()) == 3
        assert world.notion_side.pages[world.page_of(log, LOG)].values["project"] == (world.page_of(reef),)
        if not was_struck:
            return


def test_a_page_that_is_taken_out_of_the_trash_but_not_shared_keeps_nothing_from_naming_the_next(world: World) -> None:
    reef, log = with_a_log(world)
    page = in_trash(world, reef)
    world.person.restore(PROJECT, page)
    world.notion_side.pages[page].shared = False
    world.touched(Side.NOTION, page)
    world.settle()

    decide(world, reef, "reject")
    time_passes(world, 2)

    assert world.notion_side.pages[world.page_of(log, LOG)].values["project"] == (world.page_of(reef),)
    assert world.mapping_of(log, LOG).troubles == ()


def test_an_undo_makes_anew_what_belonged_to_a_project_whose_page_is_gone_for_good(world: World) -> None:
    reef, _ = with_a_log(world)
    run = gone_for_good(world, reef)

    world.ask(WorkKind.REVERT, f"run/{run}")
    time_passes(world, 72)

    assert [record.fields["channel"] for (kind, _), record in world.platform.records.items() if kind is LOG] == [
        "cinema"
    ]


@ANYWHERE
def test_whatever_happens_as_a_project_is_made_anew_what_belonged_to_it_comes_back(
    error: BaseException, *, applied: bool
) -> None:
    for call in count(1):
        world = connected()
        world.another_project()
        reef, _ = with_a_log(world)
        run = gone_for_good(world, reef)
        world.ask(WorkKind.REVERT, f"run/{run}")
        world.slice()  # which finds what the run has done
        world.clock.advance(timedelta(seconds=1))
        was_struck = struck(world, call, error, applied=applied)

        time_passes(world, 4)

        (log,) = (id for kind, id in world.platform.records if kind is LOG)
        again = next(id for kind, id in reversed(world.platform.records) if kind is PROJECT)
        assert world.value(Side.NAVIMPACT, log, "project", LOG) == (again,)
        assert world.notion_side.pages[world.page_of(log, LOG)].values["project"] == (world.page_of(again),)
        assert len(world.live_pages()) == 3
        if not was_struck:
            return


def test_a_conflict_is_not_decided_by_the_emptying_of_the_trash(world: World) -> None:
    reef = world.new_project(title="Reef", description="one")
    world.settle()
    page = world.page_of(reef)
    world.edit(Side.NAVIMPACT, reef, description="in NavImpact")
    world.edit(Side.NOTION, page, description="in Notion")
    world.settle()

    trash(world, page)
    empty_trash(world, page)
    time_passes(world, 2)

    assert page_titles(world) == ["Another"]
    assert [each.trouble.code for each in waiting(world.mapping_of(reef))] == ["conflict", "approve_delete"]


def typed_while_asked(world: World) -> tuple[str, str]:
    """A project whose page somebody took out, typed on and threw away again while a person was asked about it."""
    reef = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, reef)
    world.clock.advance(timedelta(hours=1))
    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, description="precious")
    trash(world, page)
    return reef, page


def test_what_was_typed_while_a_person_was_asked_outlives_the_page(world: World) -> None:
    reef, page = typed_while_asked(world)
    world.settle()
    empty_trash(world, page)
    time_passes(world, 1)

    decide(world, reef, "approve")

    assert is_deleted(world, reef)
    assert "precious" in recorded(world)


def test_what_was_typed_the_second_time_outlives_the_page_though_the_question_is_the_same(world: World) -> None:
    _, page = typed_while_asked(world)
    world.settle()
    world.clock.advance(timedelta(hours=1))
    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, description="more precious")

    trash(world, page)
    empty_trash(world, page)

    assert {"precious", "more precious"} <= set(recorded(world))


@pytest.mark.parametrize("is_asked", [False, True])
def test_what_was_typed_outlives_the_page_though_navimpact_does_not_list_what_belongs_to_its_project(
    world: World, *, is_asked: bool
) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, reef) if is_asked else world.page_of(reef)
    world.clock.advance(timedelta(hours=1))
    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, description="precious")
    world.person.remove(PROJECT, page)
    world.navimpact.fault = fail_once("navimpact changed_since", Unavailable("503"), applied=False)
    world.slice()

    world.notion_side.purge(page)
    time_passes(world, 1)

    assert "precious" in recorded(world)


def test_what_was_typed_on_a_page_that_a_rule_keeps_from_navimpact_outlives_the_page() -> None:
    world = World(settings=Settings(direction=Direction.TO_NOTION))
    world.connect()
    world.another_project()
    reef = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(reef)
    world.edit(Side.NOTION, page, description="precious")
    trash(world, page)
    empty_trash(world, page)

    set_to(world, Settings())
    time_passes(world, 1)
    decide(world, reef, "approve")

    assert is_deleted(world, reef)
    assert "precious" in recorded(world)


def thrown_away_anew(world: World, page: str) -> None:
    """Somebody takes the page of a record that is gone out of the trash, types there, and throws it away once more."""
    world.person.restore(PROJECT, page)
    world.edit(Side.NOTION, page, description="precious")
    trash(world, page)


def test_what_was_typed_in_the_minute_in_which_the_record_went_outlives_the_page(world: World) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, reef)
    decide(world, reef, "approve")
    assert is_deleted(world, reef)

    thrown_away_anew(world, page)
    empty_trash(world, page)

    assert recorded(world).count("precious") == 1


def test_what_a_lost_column_hid_as_the_page_was_thrown_away_outlives_it_once_the_column_is_there(world: World) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, reef)
    decide(world, reef, "approve")
    time_passes(world, 1)
    world.person.restore(PROJECT, page)
    world.person.edit(page, {"description": "precious"})
    world.notion_side.break_property(PROJECT, "description", "it was deleted")
    trash(world, page)
    assert "precious" not in recorded(world)

    world.notion_side.mend_property(PROJECT, "description")
    for _ in range(3):
        world.touched(Side.NOTION, page)
        world.settle()
    empty_trash(world, page)

    assert recorded(world).count("precious") == 1


def test_a_page_that_nobody_has_touched_since_its_record_went_is_told_of_once(world: World) -> None:
    reef = world.new_project(title="Reef")
    world.settle()
    world.edit(Side.NOTION, world.page_of(reef), description="precious")
    page = in_trash(world, reef)
    decide(world, reef, "approve")
    told = len(world.store.of(1).logs)

    world.touched(Side.NOTION, page)
    world.settle()

    assert len(world.store.of(1).logs) == told


def test_nobody_is_asked_for_ever_about_a_row_that_is_gone_for_good_and_whose_record_was_undone(world: World) -> None:
    world.new_row(title="Mine")
    world.settle()
    made = world.logs(Operation.CREATE)[-1]
    page = world.page_of(str(made.entity_id))
    trash(world, page)
    empty_trash(world, page)

    world.decide(WorkKind.REVERT, f"record/{made.id}")
    time_passes(world, 48)

    assert list(waiting(world.mapping_of(str(made.entity_id)))) == []
