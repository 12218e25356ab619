"""A page that was taken for gone for good is there again: its record, which has another since, stays the only one."""

from __future__ import annotations

from itertools import count

import pytest

from navsync.model import Direction, EntityType, Operation, Outcome, Settings, Side, State, WorkKind
from navsync.standing import Standing, standing_of
from tests.simulation.faults import ANYWHERE, struck
from tests.simulation.stories.rules import set_to
from tests.simulation.stories.scenes import (
    LOG,
    STORY,
    causes,
    choose,
    in_trash,
    pair_of,
    rounds,
    time_passes,
    titles_of,
    with_a_log,
)
from tests.simulation.world import PROJECT, World, connected


@pytest.fixture
def world(world: World) -> World:
    world.another_project()
    return world


def hidden(world: World, page: str, kind: EntityType = PROJECT) -> None:
    """Somebody moves a page into a part of Notion that we are not shown."""
    world.notion_side.pages[page].shared = False
    world.touched(Side.NOTION, page, kind)
    world.slice()


def shared(world: World, page: str, kind: EntityType = PROJECT) -> None:
    world.notion_side.pages[page].shared = True
    world.touched(Side.NOTION, page, kind)
    time_passes(world, 2)


def replaced(world: World, id: str) -> tuple[str, str]:
    """The page that a project had, thrown away, taken out of the trash and hidden; and the one that it has instead."""
    before = in_trash(world, id)
    world.person.restore(PROJECT, before)
    hidden(world, before)
    world.answer(world.mapping_of(id), "reject")
    time_passes(world, 1)
    assert world.page_of(id) != before
    return before, world.page_of(id)


def replaced_and_disputed(world: World, id: str) -> tuple[str, str]:
    """The same, where a person is asked about the title that the second page shows."""
    before, second = replaced(world, id)
    world.edit(Side.NAVIMPACT, id, title="Ours")
    world.edit(Side.NOTION, second, title="Theirs")
    world.settle()
    return before, second


def project_on(world: World, log: str) -> list[str]:
    """What a person sees as the project of a log: Notion hides what is in the trash."""
    related = world.notion_side.pages[world.page_of(log, LOG)].values["project"]
    assert isinstance(related, tuple)
    return [page for page in related if page in world.live_pages()]


@pytest.fixture
def reef(world: World) -> str:
    reef = world.new_project(title="Reef", description="Corals")
    world.settle()
    return reef


def test_a_page_that_is_there_again_is_the_page_of_its_record_and_the_other_goes(world: World, reef: str) -> None:
    before, second = replaced(world, reef)

    shared(world, before)

    assert titles_of(world, PROJECT) == ["Another", "Reef"]
    assert (world.page_of(reef), world.mapping_of(reef).state) == (before, State.LINKED)
    assert set(world.live_pages()) == {before, world.page_of("1")}
    told = [row.message for row in world.logs(Operation.DELETE) if row.page_id == second]
    assert told == [
        "A second page of a record: another page that it had before, which was not shown any more, is there again."
    ]


def test_it_is_found_though_notion_tells_nobody(world: World, reef: str) -> None:
    before, _ = replaced(world, reef)

    world.notion_side.pages[before].shared = True
    time_passes(world, 48)

    assert (titles_of(world, PROJECT), world.page_of(reef)) == (["Another", "Reef"], before)


def test_a_row_of_a_person_that_is_there_again_is_the_row_of_its_record(world: World) -> None:
    world.new_row(title="Mine")
    world.settle()
    mine = str(world.logs(Operation.CREATE)[-1].entity_id)
    before, _ = replaced(world, mine)

    shared(world, before)

    assert (titles_of(world, PROJECT), world.page_of(mine)) == (["Another", "Mine"], before)


@pytest.mark.parametrize(("kind", "name"), [(LOG, "channel"), (STORY, "title")])
def test_the_page_of_what_belongs_to_a_project_is_the_page_of_its_record_again(
    world: World, reef: str, kind: EntityType, name: str
) -> None:
    id = world.new_child(kind, reef, **{name: "Cinema"})
    world.settle()
    before = world.page_of(id, kind)
    world.person.remove(kind, before)
    world.touched(Side.NOTION, before, kind)
    world.settle()
    world.person.restore(kind, before)
    world.person.edit(before, {name: "Typed"})
    hidden(world, before, kind)
    world.answer(world.mapping_of(id, kind), "reject")
    time_passes(world, 1)
    assert world.page_of(id, kind) != before

    shared(world, before, kind)

    assert world.page_of(id, kind) == before
    assert [clash.notion for clash in world.mapping_of(id, kind).conflicts] == ["Typed"]
    assert len([each for each, _ in world.platform.records if each is kind]) == 1


def test_what_was_typed_on_it_waits_for_a_choice(world: World, reef: str) -> None:
    before, _ = replaced(world, reef)
    page = world.notion_side.pages[before]
    page.shared = True
    world.person.edit(before, {"title": "Typed"})
    page.shared = False
    world.edit(Side.NAVIMPACT, reef, status="active")
    time_passes(world, 1)

    shared(world, before)

    clashes = {clash.field: (clash.navimpact, clash.notion) for clash in world.mapping_of(reef).conflicts}
    assert clashes["title"] == ("Reef", "Typed")
    assert world.value(Side.NOTION, before, "status") == "active"


def test_what_was_typed_on_the_other_is_in_navimpact_before_that_goes(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    world.person.edit(second, {"description": "Precious"})

    shared(world, before)

    assert world.value(Side.NAVIMPACT, reef, "description") == "Precious"
    assert second not in world.live_pages()


def test_while_the_other_waits_for_a_choice_both_stay_and_people_are_told(world: World, reef: str) -> None:
    before, second = replaced_and_disputed(world, reef)

    shared(world, before)

    assert (world.page_of(reef), set(world.live_pages())) == (second, {before, second, world.page_of("1")})
    assert standing_of(pair_of(world, before)) is Standing.FAILED
    (told,) = pair_of(world, before).troubles
    assert "somebody has edited Title there" in told.cause


def test_once_that_choice_is_made_the_other_goes(world: World, reef: str) -> None:
    before, second = replaced_and_disputed(world, reef)
    shared(world, before)

    choose(world, reef, "notion")
    time_passes(world, 1)

    assert (titles_of(world, PROJECT), world.page_of(reef)) == (["Another", "Theirs"], before)
    assert second not in world.live_pages()


def test_both_stay_and_people_are_told_while_nothing_is_changed_in_notion(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    world.notion.calls.clear()

    shared(world, before)

    assert set(world.live_pages()) >= {before, second}
    assert "notion remove" not in world.notion.calls
    assert standing_of(pair_of(world, before)) is Standing.FAILED
    (told,) = pair_of(world, before).troubles
    assert "move that page to the trash by hand, or let the workspace sync both ways" in told.cause


def test_the_other_goes_once_the_workspace_syncs_both_ways(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    shared(world, before)

    set_to(world, Settings())
    time_passes(world, 24)

    assert (world.page_of(reef), second in world.live_pages()) == (before, False)


def test_a_page_that_is_there_again_has_its_record_once_the_other_is_thrown_away_by_hand(
    world: World, reef: str
) -> None:
    before, second = replaced(world, reef)
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    shared(world, before)

    world.person.remove(PROJECT, second)
    time_passes(world, 24)

    assert (world.page_of(reef), world.mapping_of(reef).state) == (before, State.LINKED)


def test_what_belongs_to_a_project_names_the_page_that_is_there_again(world: World, reef: str) -> None:
    log = world.new_child(LOG, reef, channel="cinema")
    world.settle()
    before, second = replaced(world, reef)
    assert project_on(world, log) == [second]

    shared(world, before)

    assert project_on(world, log) == [before]
    assert world.mapping_of(log, LOG).troubles == ()


def test_a_row_that_names_it_goes_on_syncing_while_the_other_waits_for_a_choice(world: World, reef: str) -> None:
    log = world.new_child(LOG, reef, channel="cinema")
    world.settle()
    before, _ = replaced_and_disputed(world, reef)
    shared(world, before)
    row = world.page_of(log, LOG)

    world.person.edit(row, {"project": (before,), "notes": "typed"})
    world.touched(Side.NOTION, row, LOG)
    world.slice()
    assert world.value(Side.NAVIMPACT, log, "notes", LOG) == "typed"
    assert project_on(world, log) == [before]
    (told,) = world.mapping_of(log, LOG).troubles
    assert "it names a page that is there again" in told.cause

    choose(world, reef, "notion")
    time_passes(world, 1)
    assert project_on(world, log) == [before]
    assert world.mapping_of(log, LOG).troubles == ()


def test_a_page_that_was_shared_in_the_trash_and_taken_out_later_is_the_page_of_its_record(
    world: World, reef: str
) -> None:
    before = in_trash(world, reef)
    hidden(world, before)
    world.answer(world.mapping_of(reef), "reject")
    time_passes(world, 1)
    shared(world, before)
    assert world.page_of(reef) != before

    world.person.restore(PROJECT, before)
    world.touched(Side.NOTION, before)
    time_passes(world, 1)

    assert (titles_of(world, PROJECT), world.page_of(reef)) == (["Another", "Reef"], before)


def test_two_pages_that_are_hidden_in_turn_make_no_second_record(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    hidden(world, second)
    shared(world, before)
    assert world.page_of(reef) == before

    shared(world, second)

    assert titles_of(world, PROJECT) == ["Another", "Reef"]
    assert (world.page_of(reef), world.live_pages()) == (second, [world.page_of("1"), second])


def test_of_a_row_of_a_person_and_a_page_of_ours_the_row_stays(world: World) -> None:
    world.new_row(title="Mine")
    world.settle()
    mine = str(world.logs(Operation.CREATE)[-1].entity_id)
    before, second = replaced(world, mine)
    hidden(world, second)
    shared(world, before)

    shared(world, second)

    assert titles_of(world, PROJECT) == ["Another", "Mine"]
    assert (world.page_of(mine), world.live_pages()) == (before, [world.page_of("1"), before])


def test_a_copy_that_a_person_made_of_it_is_still_a_copy(world: World, reef: str) -> None:
    before, _ = replaced(world, reef)
    shared(world, before)

    copy = world.person.add_row(PROJECT, {"title": "Reef"}, key=world.notion_side.pages[before].key)
    world.touched(Side.NOTION, copy.id)
    time_passes(world, 1)

    (told,) = [pair for pair in world.store.of(1).mappings.values() if pair.page_id == copy.id]
    assert [trouble.code for trouble in told.troubles] == ["copied"]
    assert titles_of(world, PROJECT) == ["Another", "Reef"]


def test_a_page_whose_id_a_person_has_cleared_becomes_a_record_of_its_own(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    world.notion_side.pages[before].key = None

    shared(world, before)

    assert titles_of(world, PROJECT) == ["Another", "Reef", "Reef"]
    assert world.page_of(reef) == second


def test_a_page_whose_record_was_deleted_since_becomes_a_record_again(world: World, reef: str) -> None:
    before, second = replaced(world, reef)
    world.person.remove(PROJECT, second)
    world.touched(Side.NOTION, second)
    world.settle()
    world.decide(WorkKind.DECIDE, str(world.mapping_of(reef).id), "approve")
    assert titles_of(world, PROJECT) == ["Another"]

    shared(world, before)

    assert titles_of(world, PROJECT) == ["Another", "Reef"]


def test_a_record_that_navimpact_does_not_show_for_a_moment_is_made_no_second_time(world: World, reef: str) -> None:
    before, _ = replaced(world, reef)
    record = world.platform.records.pop((PROJECT, reef))
    world.notion_side.pages[before].shared = True
    world.touched(Side.NOTION, before)
    world.slice()

    world.platform.records[PROJECT, reef] = record
    rounds(world, 6)

    assert titles_of(world, PROJECT) == ["Another", "Reef"]
    assert (world.page_of(reef), causes(world, reef)) == (before, "")


@ANYWHERE
def test_whatever_happens_as_it_comes_back_the_record_stays_the_only_one(
    error: BaseException, *, applied: bool
) -> None:
    for call in count(1):
        world = connected()
        world.another_project()
        reef, log = with_a_log(world)
        before, _ = replaced(world, reef)
        world.notion_side.pages[before].shared = True
        world.touched(Side.NOTION, before)
        was_struck = struck(world, call, error, applied=applied)

        time_passes(world, 2)

        assert titles_of(world, PROJECT) == ["Another", "Reef"]
        assert (world.page_of(reef), len(world.live_pages())) == (before, 3)
        assert project_on(world, log) == [before]
        assert not [row for row in world.store.of(1).logs.values() if row.outcome is Outcome.STARTED]
        if not was_struck:
            return
