"""A record had two pages, and one of them made way: what named it names the one that stays."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from navsync.engine import CONFIRM
from navsync.errors import Down, Refused
from navsync.model import (
    Direction,
    EntityType,
    Lane,
    Operation,
    Outcome,
    Present,
    RemoveIntent,
    Settings,
    Side,
    State,
    Trashed,
    Work,
    WorkKind,
)
from tests.simulation.employee import Killed
from tests.simulation.faults import ANYWHERE, fail_always, fail_once, once, struck
from tests.simulation.stories.rules import change, set_to
from tests.simulation.stories.scenes import (
    come_to_rest,
    made_again_with_a_second_page,
    pair_of,
    rows_of,
    time_passes,
    titles_of,
)
from tests.simulation.world import PROJECT, START, Both, World, two_workspaces

LOG = EntityType.DISTRIBUTION_LOG
OTHER = "1"
"""A project that nobody touches."""


def with_a_child(both: Both) -> tuple[str, str, str]:
    """A log whose page names the second page of its project; that page, and the one that is to stay."""
    id, second, before = made_again_with_a_second_page(both)
    log = both[0].new_child(LOG, id)
    both[1].touched(Side.NAVIMPACT, log, LOG)
    come_to_rest(*both)
    assert named_on(both[1], both[1].page_of(log, LOG)) == (second,)
    return log, second, before


def with_a_log_of_another(both: Both) -> tuple[str, str]:
    """A log of a project that nobody touches, and its page."""
    one, two = both
    id = one.new_child(LOG, OTHER)
    two.touched(Side.NAVIMPACT, id, LOG)
    come_to_rest(*both)
    return id, two.page_of(id, LOG)


def named_on(world: World, page: str) -> tuple[str, ...]:
    """Which pages a person sees as the project of a log: Notion hides what is in the trash."""
    related = world.notion_side.pages[page].values["project"]
    assert isinstance(related, tuple)
    return tuple(page for page in related if not world.notion_side.pages[page].in_trash)


def take_out(world: World, page: str) -> None:
    world.person.restore(PROJECT, page)
    world.touched(Side.NOTION, page)


def leave_named(world: World) -> None:
    """An admin lets nothing be named anew in Notion."""
    change(world, settings=Settings(field_directions={"distribution_log.project": Direction.TO_NAVIMPACT}))


def choose(world: World, page: str, project_page: str) -> None:
    """A person chooses the project of a log in Notion."""
    world.person.edit(page, {"project": (project_page,)})
    world.touched(Side.NOTION, page, LOG)


def test_what_belongs_to_a_project_names_the_page_that_stays(both: Both) -> None:
    _one, two = both
    log, second, before = with_a_child(both)

    take_out(two, before)
    two.settle()

    assert second not in two.live_pages()
    assert named_on(two, two.page_of(log, LOG)) == (before,)
    assert two.mapping_of(log, LOG).troubles == ()


def test_the_history_says_why_the_project_was_named_anew_and_who_undoes_that_hears_why_not(both: Both) -> None:
    _one, two = both
    log, _second, before = with_a_child(both)
    take_out(two, before)
    two.settle()
    page = two.page_of(log, LOG)
    row = next(row for row in rows_of(two) if (row.page_id, row.operation) == (page, Operation.UPDATE))
    assert [change.rule for change in row.changes] == ["named by a page that made way for another"]

    two.decide(WorkKind.REVERT, f"record/{row.id}")
    come_to_rest(*both)

    assert named_on(two, page) == (before,)
    assert two.value(Side.NAVIMPACT, log, "project", LOG) == two.value(Side.NOTION, page, "project", LOG)
    (told,) = (each for each in rows_of(two) if each.reverts == row.id)
    assert (told.outcome, told.message) == (
        Outcome.FAILED, "what it says now it said before, too, so there is nothing to undo",
    )  # fmt: skip


@pytest.mark.parametrize("call", ["notion read", "notion remove"])
@pytest.mark.parametrize("applied", [False, True])
def test_a_worker_that_dies_as_a_page_makes_way_leaves_nothing_that_names_it(
    both: Both, call: str, *, applied: bool
) -> None:
    _one, two = both
    log, second, before = with_a_child(both)
    take_out(two, before)
    two.notion.fault = fail_once(call, Killed(), applied=applied)
    with suppress(Killed):
        two.settle()

    come_to_rest(*both)

    assert second not in two.live_pages()
    assert named_on(two, two.page_of(log, LOG)) == (before,)
    assert two.mapping_of(log, LOG).troubles == ()


@ANYWHERE
def test_whatever_happens_as_a_page_makes_way_the_record_gets_no_third(error: BaseException, *, applied: bool) -> None:
    for call in count(1):
        both = two_workspaces()
        _one, two = both
        log, second, before = with_a_child(both)
        record, pages = two.notion_side.pages[second].key, set(two.notion_side.pages)
        take_out(two, before)
        was_struck = struck(two, call, error, applied=applied)

        two.clock.advance(timedelta(minutes=5))
        two.desk.put(Work(Lane.LIVE, WorkKind.ENTITY, str(record), "0001", START, "a list that shows the record first"))
        come_to_rest(*both)

        assert set(two.notion_side.pages) == pages
        assert second not in two.live_pages()
        assert named_on(two, two.page_of(log, LOG)) == (before,)
        assert not [pair for pair in two.store.of(2).mappings.values() if pair.troubles or pair.intent]
        assert not [row for row in rows_of(two) if row.outcome is Outcome.STARTED]
        if not was_struck:
            return


def test_a_page_that_nobody_was_sent_to_look_at_is_found_by_the_round_through_the_pairs(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    _one, two = both
    log, _second, before = with_a_child(both)
    put = two.desk.put

    def lost(work: Work) -> None:
        if work.kind is not WorkKind.RULES:
            put(work)

    monkeypatch.setattr(two.desk, "put", lost)
    take_out(two, before)
    two.settle()
    assert named_on(two, two.page_of(log, LOG)) == ()

    come_to_rest(*both)

    assert named_on(two, two.page_of(log, LOG)) == (before,)


def test_a_log_that_a_person_gave_to_the_project_as_its_page_made_way_belongs_to_it(both: Both) -> None:
    _one, two = both
    _log, second, before = with_a_child(both)
    id, page = with_a_log_of_another(both)

    take_out(two, before)
    two.person.edit(page, {"project": (second,)})  # its webhook is on its way
    two.settle()
    two.touched(Side.NOTION, page, LOG)
    two.settle()
    come_to_rest(*both)

    project = two.store.of(2).mappings[two.store.of(2).pairs[before]].entity_id
    assert two.value(Side.NAVIMPACT, id, "project", LOG) == (project,)
    assert named_on(two, page) == (before,)


def test_a_row_that_names_a_page_that_has_made_way_becomes_a_record_of_the_same_project(both: Both) -> None:
    _one, two = both
    _log, second, before = with_a_child(both)
    take_out(two, before)
    two.settle()

    row = two.person.add_row(LOG, {"channel": "cinema", "project": (second,)})
    two.touched(Side.NOTION, row.id, LOG)
    two.settle()
    come_to_rest(*both)

    made = two.store.of(2).mappings[two.store.of(2).pairs[row.id]]
    project = two.store.of(2).mappings[two.store.of(2).pairs[before]].entity_id
    assert two.value(Side.NAVIMPACT, made.entity_id or "", "project", LOG) == (project,)
    assert named_on(two, row.id) == (before,)


def test_a_page_that_is_taken_out_of_the_trash_again_is_named_as_the_record_that_it_becomes(both: Both) -> None:
    _one, two = both
    log, second, before = with_a_child(both)
    take_out(two, before)
    come_to_rest(*both)
    page = two.page_of(log, LOG)

    take_out(two, second)
    choose(two, page, second)
    two.settle()
    come_to_rest(*both)

    mine = two.store.of(2).mappings[two.store.of(2).pairs[second]].entity_id
    assert mine is not None
    assert two.value(Side.NAVIMPACT, log, "project", LOG) == (mine,)
    assert named_on(two, page) == (second,)


def test_a_page_that_is_taken_out_of_the_trash_and_lacks_something_is_no_page_of_the_record_any_more(
    both: Both,
) -> None:
    _one, two = both
    log, second, before = with_a_child(both)
    take_out(two, before)
    come_to_rest(*both)
    page = two.page_of(log, LOG)

    two.person.restore(PROJECT, second)
    two.person.edit(second, {"title": None})
    two.touched(Side.NOTION, second)
    two.settle()
    choose(two, page, second)
    two.settle()

    assert [trouble.code for trouble in two.mapping_of(log, LOG).troubles] == ["unpaired"]
    assert named_on(two, page) == (second,)


def test_a_workspace_that_writes_no_projects_in_notion_leaves_the_name_and_tells_nobody_of_trouble(both: Both) -> None:
    _one, two = both
    log, second, before = with_a_child(both)
    leave_named(two)

    take_out(two, before)
    two.settle()
    come_to_rest(*both)

    assert two.notion_side.pages[two.page_of(log, LOG)].values["project"] == (second,)
    assert two.mapping_of(log, LOG).troubles == ()


def test_a_page_that_is_not_named_anew_costs_no_look_in_a_round(both: Both) -> None:
    _one, two = both
    _log, _second, before = with_a_child(both)
    leave_named(two)
    take_out(two, before)
    two.settle()
    come_to_rest(*both)

    assert looks_in_rounds(both) == 0


def looks_in_rounds(both: Both) -> int:
    """So many pages of the second workspace are read in the rounds of an hour and twenty minutes."""
    calls = both[1].notion.calls
    before = calls.count("notion read")
    come_to_rest(*both)
    return calls.count("notion read") - before


def test_what_waits_for_a_choice_of_its_project_costs_no_look_in_a_round(both: Both) -> None:
    _one, two = both
    _log, second, before = with_a_child(both)
    id, page = with_a_log_of_another(both)

    take_out(two, before)
    two.person.edit(page, {"project": (second,)})
    two.edit(Side.NAVIMPACT, id, LOG, project=("2",))
    two.settle()
    two.touched(Side.NOTION, page, LOG)
    come_to_rest(*both)
    assert [conflict.field for conflict in two.mapping_of(id, LOG).conflicts] == ["project"]

    assert looks_in_rounds(both) == 0


def test_the_history_tells_of_no_name_that_was_never_written(both: Both) -> None:
    _one, two = both
    log, _second, before = with_a_child(both)
    page = two.page_of(log, LOG)
    left = [2]

    def fail_twice(call: str, applied: bool) -> None:  # a fault's signature
        if call == "notion update" and not applied and left[0]:
            left[0] -= 1
            raise Down("503")

    two.notion.fault = fail_twice
    take_out(two, before)
    two.settle()
    come_to_rest(*both)

    assert named_on(two, page) == (before,)
    told = [row.outcome for row in rows_of(two) if (row.page_id, row.operation) == (page, Operation.UPDATE)]
    assert told == [Outcome.FAILED, Outcome.FAILED, Outcome.SUCCESS]


def test_the_history_tells_of_no_name_that_was_never_written_to_a_log_that_went_since(both: Both) -> None:
    one, two = both
    log, second, before = with_a_child(both)
    page = two.page_of(log, LOG)
    two.notion.fault = fail_always("notion update", Down("503"))
    take_out(two, before)
    for _ in range(5):
        two.slice()

    two.notion.fault = lambda _call, _applied: None
    one.platform.remove(LOG, log)
    for world in both:
        world.touched(Side.NAVIMPACT, log, LOG)
    come_to_rest(*both)

    assert two.notion_side.pages[page].in_trash
    assert two.notion_side.pages[page].values["project"] == (second,)
    told = [row.outcome for row in rows_of(two) if (row.page_id, row.operation) == (page, Operation.UPDATE)]
    assert set(told) == {Outcome.FAILED}


def kept_by_notion(both: Both) -> tuple[str, str, str]:
    """As `with_a_child`, and Notion does not let the second page go."""
    _one, two = both
    log, second, before = with_a_child(both)
    two.notion.fault = fail_always("notion remove", Refused("Notion keeps it"))
    take_out(two, before)
    two.settle()
    return log, second, before


def test_edits_travel_both_ways_while_a_page_that_is_to_make_way_cannot_go(both: Both) -> None:
    _one, two = both
    log, second, before = kept_by_notion(both)
    page = two.page_of(log, LOG)

    two.edit(Side.NAVIMPACT, log, LOG, channel="cinema")
    two.settle()
    two.edit(Side.NOTION, page, LOG, content_url="https://example.org/typed")
    two.settle()

    assert two.value(Side.NOTION, page, "channel", LOG) == "cinema"
    assert two.value(Side.NAVIMPACT, log, "content_url", LOG) == "https://example.org/typed"
    assert two.mapping_of(log, LOG).troubles == ()
    assert set(named_on(two, page)) == {before, second}


def test_what_names_a_page_that_cannot_go_is_not_written_again_and_again(both: Both) -> None:
    _one, two = both
    log, _second, _before = kept_by_notion(both)
    written = two.notion.calls.count("notion update")

    for _ in range(3):
        two.touched(Side.NOTION, two.page_of(log, LOG), LOG)
        two.settle()

    assert two.notion.calls.count("notion update") == written


def test_a_page_that_went_at_last_is_not_seen_as_a_project_any_more(both: Both) -> None:
    _one, two = both
    log, second, before = kept_by_notion(both)

    two.person.remove(PROJECT, second)  # by hand, as the person was told
    two.touched(Side.NOTION, second)
    come_to_rest(*both)

    assert named_on(two, two.page_of(log, LOG)) == (before,)
    assert two.mapping_of(log, LOG).troubles == ()


def test_a_page_that_cannot_go_becomes_no_record_by_itself(both: Both) -> None:
    _one, two = both
    kept_by_notion(both)
    records = set(two.platform.records)

    come_to_rest(*both)

    assert set(two.platform.records) == records


def answer(world: World, page: str, said: str) -> None:
    """A person answers whether *page* may go, which Notion does not keep any more."""
    world.notion.fault = lambda _call, _applied: None
    (asked,) = [pair for pair in world.store.of(world.workspace.id).mappings.values() if pair.page_id == page]
    world.ask(WorkKind.DECIDE, str(asked.id), said)


def test_a_page_that_could_not_go_goes_once_a_person_says_so(both: Both) -> None:
    _one, two = both
    log, second, before = kept_by_notion(both)
    records = set(two.platform.records)

    answer(two, second, "approve")
    come_to_rest(*both)

    assert two.notion_side.pages[second].in_trash
    told = [row.message for row in rows_of(two) if (row.page_id, row.operation) == (second, Operation.DELETE)]
    assert told[-1] == "A second page of a record that has one: a person agreed that it goes."
    assert named_on(two, two.page_of(log, LOG)) == (before,)
    assert set(two.platform.records) == records


def test_a_page_that_is_not_to_go_becomes_a_record_of_its_own(both: Both) -> None:
    _one, two = both
    _log, second, _before = kept_by_notion(both)
    records = set(two.platform.records)

    answer(two, second, "reject")
    come_to_rest(*both)

    assert not two.notion_side.pages[second].in_trash
    assert len(set(two.platform.records) - records) == 1


def test_a_log_comes_back_to_a_project_that_was_made_again_though_it_names_an_old_page(both: Both) -> None:
    one, two = both
    log, _second, before = with_a_child(both)
    leave_named(two)
    take_out(two, before)
    come_to_rest(*both)
    page = two.page_of(log, LOG)
    project = two.store.of(2).mappings[two.store.of(2).pairs[before]].entity_id or ""

    one.platform.remove(PROJECT, project)
    for world in both:
        world.touched(Side.NAVIMPACT, project)
    come_to_rest(*both)
    gone = next(row for row in rows_of(two) if (row.operation, row.entity_id) == (Operation.DELETE, project))
    two.decide(WorkKind.REVERT, f"run/{gone.run_id}")
    come_to_rest(*both)

    made = two.store.of(2).mappings[two.store.of(2).pairs[page]]
    again = two.store.of(2).mappings[two.store.of(2).pairs[before]].entity_id
    assert again not in (None, project)
    assert two.value(Side.NAVIMPACT, made.entity_id or "", "project", LOG) == (again,)
    assert made.troubles == ()


# --- a second page that a late call made ------------------------------------------------------------------------------


def made_twice(world: World) -> tuple[str, Present]:
    """A project, and a second page of it."""
    id = world.new_project(title="Reef")
    world.settle()
    return id, world.notion_side.create(PROJECT, {"title": "Reef"}, key=f"media_project/{id}")


def test_a_second_page_by_a_late_call_is_removed_and_its_words_are_kept(world: World) -> None:
    id, second = made_twice(world)
    world.person.update(PROJECT, second.id, {"description": "written on the wrong page"}, seen=second)

    world.reconcile()

    assert world.live_pages() == [world.page_of(id)]
    kept = [change.old for log in world.logs(Operation.DELETE) for change in log.changes]
    assert "written on the wrong page" in kept


def test_words_written_on_a_second_page_while_it_is_removed_are_kept_too(world: World) -> None:
    _, second = made_twice(world)
    late = once(
        "notion remove", lambda: world.edit(Side.NOTION, second.id, description="at the last moment"), applied=False
    )
    world.notion.fault = late

    world.reconcile()

    kept = [change.old for log in world.logs(Operation.DELETE) for change in log.changes]
    assert "at the last moment" in kept


def test_words_written_on_a_second_page_whose_removal_failed_make_no_second_record_of_it(world: World) -> None:
    id, second = made_twice(world)
    world.notion.fault = fail_once("notion remove", Down("503"), applied=False)
    world.touched(Side.NOTION, second.id)
    world.slice()

    world.edit(Side.NOTION, second.id, description="written on the wrong page")
    time_passes(world, 1)

    assert (titles_of(world, PROJECT), world.live_pages()) == (["Reef"], [world.page_of(id)])
    kept = [change.old for log in world.logs(Operation.DELETE) for change in log.changes]
    assert "written on the wrong page" in kept


def test_a_second_page_that_is_taken_out_of_the_trash_becomes_a_record_of_its_own(world: World) -> None:
    id, second = made_twice(world)
    world.reconcile()

    take_out(world, second.id)
    time_passes(world, 1)

    assert titles_of(world, PROJECT) == ["Reef", "Reef"]
    assert set(world.live_pages()) == {world.page_of(id), second.id}


# --- where nothing is changed in Notion -------------------------------------------------------------------------------


def second_page(world: World) -> tuple[str, str]:
    """The page of a project, and another that a call made which was thought lost."""
    id = world.new_project(title="Reef")
    world.settle()
    return world.page_of(id), world.notion_side.create(PROJECT, {"title": "Reef"}, key=f"media_project/{id}").id


def test_a_second_page_stays_while_nothing_is_changed_in_notion(world: World) -> None:
    first, second = second_page(world)
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    world.notion.calls.clear()

    time_passes(world, 6)

    assert (set(world.live_pages()), titles_of(world, PROJECT)) == ({first, second}, ["Reef"])
    assert "notion remove" not in world.notion.calls
    told = [row.message for row in world.logs(Operation.FAIL)]
    assert len(told) == 1
    assert "move that page to the trash by hand, or let the workspace sync both ways" in str(told[0])


def test_it_goes_once_the_workspace_syncs_both_ways(world: World) -> None:
    first, _second = second_page(world)
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    time_passes(world, 6)

    set_to(world, Settings())
    time_passes(world, 24)

    assert (world.live_pages(), titles_of(world, PROJECT)) == ([first], ["Reef"])


def test_a_second_page_that_was_about_to_go_stays_while_nothing_is_changed_in_notion(world: World) -> None:
    first, second = second_page(world)
    world.notion.fault = fail_once("notion remove", Killed(), applied=False)
    with suppress(Killed):
        world.reconcile()
    assert isinstance(pair_of(world, second).intent, RemoveIntent)

    change(world, settings=Settings(direction=Direction.TO_NAVIMPACT))
    time_passes(world, 6)
    assert set(world.live_pages()) == {first, second}

    change(world, settings=Settings())
    time_passes(world, 24)
    assert (world.live_pages(), titles_of(world, PROJECT)) == ([first], ["Reef"])


def test_a_second_page_that_was_about_to_go_and_is_thrown_away_by_hand_is_done_with(world: World) -> None:
    first, second = second_page(world)
    world.notion.fault = fail_once("notion remove", Killed(), applied=False)
    with suppress(Killed):
        world.reconcile()
    change(world, settings=Settings(direction=Direction.TO_NAVIMPACT))
    time_passes(world, 6)

    world.person.remove(PROJECT, second)
    time_passes(world, 24)

    assert world.live_pages() == [first]
    assert (pair_of(world, second).state, pair_of(world, second).intent) == (State.DELETED, None)


def test_a_person_who_agrees_that_a_page_goes_waits_while_nothing_is_changed_in_notion(both: Both) -> None:
    _one, two = both
    _log, second, _before = kept_by_notion(both)
    change(two, settings=Settings(direction=Direction.TO_NAVIMPACT))

    answer(two, second, "approve")
    time_passes(two, 6)
    assert not two.notion_side.pages[second].in_trash

    change(two, settings=Settings())
    time_passes(two, 24)
    assert two.notion_side.pages[second].in_trash


# --- a record that has got another id ---------------------------------------------------------------------------------


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
