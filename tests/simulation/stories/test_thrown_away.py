"""Somebody throws a story away, and the trash hides its text: its last words are kept before the trash is emptied."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from navsync.attention import STEPS, question_of, waiting
from navsync.errors import MissingCapability, Refused, SyncError, Unavailable
from navsync.model import Direction, Gone, Operation, Outcome, Settings, Side, State, SyncLog, WorkKind
from tests.contract.memory import PERSON
from tests.simulation.employee import Killed
from tests.simulation.faults import ANYWHERE, fail_always, fail_once, once, struck, together
from tests.simulation.stories.rules import change, set_to
from tests.simulation.stories.scenes import STORY, delete, pair_of, tells, time_passes
from tests.simulation.world import World, connected

TEXT = "The long story of the reef."
LONGER = f"{TEXT} And words of mine."
STILL_LONGER = f"{LONGER} And more of them."
NAMED = "Its page says what NavImpact never had, in Page body."


@pytest.fixture
def world(world: World) -> World:
    """Its trash shows no text."""
    world.notion_side.trash_hides_bodies = True
    return world


@pytest.fixture
def story(world: World) -> str:
    return told(world)


@pytest.fixture
def page(world: World, story: str) -> str:
    return world.page_of(story, STORY)


@pytest.fixture
def thrown_away(world: World, page: str) -> str:
    """Ann types, and Bob throws the page away before NavSync has looked."""
    types(world, page, LONGER)
    throw_away(world, page)
    return page


def told(world: World) -> str:
    """A story that both sides tell alike."""
    id = world.new_child(STORY, world.new_project(title="Reef"), title="One", description=TEXT)
    world.settle()
    world.clock.advance(timedelta(hours=1))
    return id


def types(world: World, page: str, text: str) -> None:
    world.person.edit(page, {"description": text})


def goes(world: World, page: str) -> None:
    """A person moves it to the trash in Notion, and nobody has looked yet."""
    world.person.remove(STORY, page)
    world.touched(Side.NOTION, page, STORY)


def throw_away(world: World, page: str) -> None:
    goes(world, page)
    world.settle()


def empty_trash(world: World, page: str) -> None:
    world.notion_side.purge(page)
    looked_at(world, page)


def approve(world: World, story: str) -> None:
    world.decide(WorkKind.DECIDE, str(world.mapping_of(story, STORY).id), "approve")


def asked(world: World, page: str) -> str:
    return question_of(pair_of(world, page)).cause


def recorded(world: World) -> list[object]:
    return [change.old for row in world.store.of(1).logs.values() for change in row.changes]


def questions(world: World) -> list[SyncLog]:
    return [row for row in world.logs(Operation.UNLINK) if row.outcome is Outcome.SUCCESS]


def records(world: World) -> list[object]:
    return [record.values()["description"] for (kind, _), record in world.platform.records.items() if kind is STORY]


def looked_at(world: World, page: str) -> None:
    world.touched(Side.NOTION, page, STORY)
    world.settle()


def later(world: World) -> None:
    """Whatever was left undone is done."""
    world.notion.fault = None
    world.clock.advance(timedelta(minutes=10))
    world.settle()


# --- the question -----------------------------------------------------------------------------------------------------


def test_the_last_words_on_a_story_outlive_the_trash(world: World, story: str, thrown_away: str) -> None:
    empty_trash(world, thrown_away)

    approve(world, story)

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert LONGER in recorded(world)


def test_the_question_names_the_text(world: World, thrown_away: str) -> None:
    assert NAMED in asked(world, thrown_away)
    assert thrown_away not in world.live_pages()


def test_the_question_names_the_text_though_the_trash_was_emptied(world: World, thrown_away: str) -> None:
    empty_trash(world, thrown_away)

    assert NAMED in asked(world, thrown_away)


def test_the_history_tells_who_threw_the_page_away(world: World, thrown_away: str) -> None:
    (row,) = questions(world)

    assert (row.actor, [change.old for change in row.changes]) == (PERSON, [LONGER])


def test_a_text_that_nobody_has_touched_is_not_named(world: World, page: str) -> None:
    throw_away(world, page)

    assert "what NavImpact never had" not in asked(world, page)
    assert [row.changes for row in questions(world)] == [()]


def test_a_page_is_taken_out_to_be_read_once(world: World, thrown_away: str) -> None:
    question = question_of(pair_of(world, thrown_away)).version
    world.clock.advance(timedelta(hours=1))

    for _ in range(3):
        looked_at(world, thrown_away)
        world.reconcile()

    assert world.notion.calls.count("notion restore") == 1
    assert question_of(pair_of(world, thrown_away)).version == question


def test_an_approved_deletion_takes_nothing_out_that_was_read(world: World, story: str, thrown_away: str) -> None:
    world.notion.calls.clear()

    approve(world, story)

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)
    assert world.notion.calls == ["notion read"]


def test_a_page_that_is_wanted_in_navimpact_is_not_put_back(world: World, story: str, page: str) -> None:
    world.edit(Side.NAVIMPACT, story, STORY, title="Two")
    throw_away(world, page)

    assert (page in world.live_pages(), world.notion.calls.count("notion remove")) == (True, 0)


def test_who_rejects_gets_the_page_with_the_words_on_both_sides(world: World, story: str, thrown_away: str) -> None:
    world.decide(WorkKind.DECIDE, str(pair_of(world, thrown_away).id), "reject")

    assert (world.value(Side.NOTION, thrown_away, "description", STORY), records(world)) == (LONGER, [LONGER])
    assert pair_of(world, thrown_away).last_words is None


def test_a_page_that_is_thrown_away_again_is_read_again(world: World, story: str, thrown_away: str) -> None:
    world.person.restore(STORY, thrown_away)
    types(world, thrown_away, STILL_LONGER)
    throw_away(world, thrown_away)
    empty_trash(world, thrown_away)

    assert STILL_LONGER in recorded(world)


def test_what_was_read_is_forgotten_once_the_page_is_back(world: World, story: str, thrown_away: str) -> None:
    world.person.restore(STORY, thrown_away)
    looked_at(world, thrown_away)

    delete(world, story, STORY)

    assert (thrown_away in world.live_pages(), pair_of(world, thrown_away).state) == (False, State.DELETED)
    assert pair_of(world, thrown_away).last_words is None


# --- when nobody is asked ---------------------------------------------------------------------------------------------


def test_what_is_typed_on_the_page_of_a_record_that_is_gone_outlives_the_trash(
    world: World, story: str, thrown_away: str
) -> None:
    approve(world, story)
    world.settle()
    world.clock.advance(timedelta(hours=1))
    world.person.restore(STORY, thrown_away)
    types(world, thrown_away, STILL_LONGER)
    throw_away(world, thrown_away)
    empty_trash(world, thrown_away)

    assert records(world) == []
    assert recorded(world).count(STILL_LONGER) == 1


def test_a_page_that_came_back_with_its_database_is_read_once_when_it_is_thrown_away(
    world: World, story: str, page: str
) -> None:
    world.person.trash_database(STORY)
    delete(world, story, STORY)
    world.person.restore_database(STORY)
    types(world, page, LONGER)
    world.person.remove(STORY, page)  # between two rounds, and no event tells of it

    for _ in range(3):
        world.clock.advance(timedelta(hours=1))
        world.reconcile()
        looked_at(world, page)

    assert recorded(world).count(LONGER) == 1
    assert (page in world.live_pages(), world.notion.calls.count("notion remove")) == (False, 1)


def test_the_last_words_are_kept_though_the_record_is_gone_as_well(world: World, story: str, page: str) -> None:
    types(world, page, LONGER)
    world.person.remove(STORY, page)

    delete(world, story, STORY)

    assert (pair_of(world, page).state, page in world.live_pages()) == (State.DELETED, False)
    assert LONGER in recorded(world)


def test_the_last_words_are_kept_though_a_rule_keeps_them_from_navimpact(world: World, story: str, page: str) -> None:
    set_to(world, Settings(direction=Direction.TO_NOTION))
    types(world, page, LONGER)

    throw_away(world, page)
    empty_trash(world, page)

    assert pair_of(world, page).state is State.EXCLUDED
    assert LONGER in recorded(world)


@pytest.fixture
def one_way(world: World, page: str) -> str:
    """A page that somebody types on and throws away where nothing is written in Notion."""
    set_to(world, Settings(direction=Direction.TO_NAVIMPACT))
    types(world, page, LONGER)
    world.notion.calls.clear()
    throw_away(world, page)
    return page


def test_a_page_is_not_taken_out_where_nothing_is_written_in_notion(world: World, one_way: str) -> None:
    assert world.writes().count("notion restore") == 0
    assert "Perhaps its page was edited in Page body, which cannot be read." in asked(world, one_way)


def test_who_is_told_that_a_text_cannot_be_read_can_approve_all_the_same(
    world: World, story: str, one_way: str
) -> None:
    approve(world, story)

    assert (records(world), world.writes().count("notion restore")) == ([], 0)


def test_a_text_is_read_once_notion_may_be_written(world: World, one_way: str) -> None:
    set_to(world, Settings())
    looked_at(world, one_way)

    assert NAMED in asked(world, one_way)
    assert LONGER in recorded(world)


def test_a_page_that_was_out_as_writing_in_notion_ended_goes_back(world: World, page: str) -> None:
    types(world, page, LONGER)
    world.notion.fault = fail_once("notion remove", Killed(), applied=False)
    with suppress(Killed):
        throw_away(world, page)
    change(world, settings=Settings(direction=Direction.TO_NAVIMPACT))

    later(world)

    assert is_asked_and_kept(world, page)


@pytest.mark.parametrize("error", [Refused("its database is in the trash"), MissingCapability("it may not edit")])
def test_a_page_that_notion_does_not_let_us_read_is_asked_about_all_the_same(
    world: World, story: str, page: str, error: SyncError
) -> None:
    world.notion.fault = fail_always("notion restore", error)
    types(world, page, LONGER)
    throw_away(world, page)
    world.notion.calls.clear()

    looked_at(world, page)

    assert (pair_of(world, page).state, world.notion.calls) == (State.AWAITING_APPROVAL, ["notion read"])
    world.ask(WorkKind.DECIDE, str(pair_of(world, page).id), "approve")
    world.slice()
    assert records(world) == [TEXT]  # a record whose page may say more is not deleted


def test_the_question_names_a_text_that_cannot_be_read_outside_the_trash_either(world: World, page: str) -> None:
    world.notion_side.break_property(STORY, "description", "Notion shows only a part")
    types(world, page, LONGER)

    throw_away(world, page)

    assert "Page body" in asked(world, page)


def test_a_page_that_could_not_be_read_is_read_when_somebody_approves(world: World, story: str, page: str) -> None:
    world.notion.fault = fail_once("notion restore", Refused("its database is in the trash"), applied=False)
    types(world, page, LONGER)
    throw_away(world, page)
    assert NAMED not in asked(world, page)

    approve(world, story)

    assert (NAMED in asked(world, page), records(world)) == (True, [TEXT])
    approve(world, story)
    assert (records(world), LONGER in recorded(world)) == ([], True)


def test_who_knew_what_goes_is_not_asked_anew_because_a_worker_died_over_reading_the_page(
    world: World, story: str, page: str
) -> None:
    world.edit(Side.NAVIMPACT, story, STORY, story_type="longer than an option may be" * 4)
    world.settle()
    world.notion.fault = fail_once("notion restore", Refused("its database is in the trash"), applied=False)
    throw_away(world, page)
    assert "what Notion never showed, in Story type" in asked(world, page)
    world.notion.fault = fail_once("notion restore", Killed(), applied=True)

    with suppress(Killed):
        approve(world, story)
    later(world)

    assert isinstance(world.shown(Side.NAVIMPACT, story, STORY), Gone)


# --- a page that Notion does not put back -----------------------------------------------------------------------------

NOT_PUT_BACK = Refused("the page above is archived")


@pytest.fixture
def left_out(world: World, page: str) -> str:
    """The page, which Notion lets us take out of the trash, but not put back."""
    world.notion.fault = fail_always("notion remove", NOT_PUT_BACK)
    types(world, page, LONGER)
    goes(world, page)
    world.slice()
    return page


def waits_with(world: World, page: str) -> list[str]:
    return [each.trouble.code for each in waiting(pair_of(world, page))]


def test_a_person_is_told_of_a_page_that_notion_does_not_put_back(world: World, left_out: str) -> None:
    (told,) = waiting(pair_of(world, left_out))

    assert left_out in world.live_pages()
    assert told.trouble.cause.endswith("Notion does not put it back: the page above is archived")
    assert told.trouble.fix == "Move the page to the trash in Notion by hand, or edit it to keep it."
    assert told.cause.code in STEPS


def test_a_page_that_notion_does_not_put_back_is_not_taken_for_one_that_somebody_took_out(
    world: World, left_out: str
) -> None:
    time_passes(world, 3)

    assert (waits_with(world, left_out), records(world)) == (["not_put_back"], [TEXT])
    assert world.notion.calls.count("notion restore") == 1


def test_a_page_goes_back_hours_later_should_notion_let_it_then(world: World, left_out: str) -> None:
    world.notion.fault = None

    time_passes(world, 7)

    assert is_asked_and_kept(world, left_out)
    assert waits_with(world, left_out) == ["approve_delete"]


def test_who_moves_the_page_to_the_trash_by_hand_is_asked_with_the_words_that_were_read(
    world: World, story: str, left_out: str
) -> None:
    throw_away(world, left_out)

    assert (left_out in world.live_pages(), waits_with(world, left_out)) == (False, ["approve_delete"])
    assert NAMED in asked(world, left_out)
    assert "Perhaps its page was edited in Page body, which cannot be read." in asked(world, left_out)
    approve(world, story)
    assert (records(world), LONGER in recorded(world)) == ([], True)


@pytest.mark.parametrize("record_is_gone", [False, True])
def test_who_edits_a_page_that_notion_does_not_put_back_keeps_it(
    world: World, story: str, left_out: str, *, record_is_gone: bool
) -> None:
    if record_is_gone:
        world.platform.remove(STORY, story)
        time_passes(world, 1)

    types(world, left_out, STILL_LONGER)
    looked_at(world, left_out)

    assert (waits_with(world, left_out), records(world)) == ([], [STILL_LONGER])


def test_an_edit_of_the_record_keeps_a_page_that_notion_does_not_put_back(
    world: World, story: str, left_out: str
) -> None:
    world.edit(Side.NAVIMPACT, story, STORY, title="Two")
    world.settle()

    assert (waits_with(world, left_out), records(world)) == ([], [LONGER])
    assert world.value(Side.NOTION, left_out, "title", STORY) == "Two"


@pytest.fixture
def without_record(world: World, story: str, page: str) -> str:
    """The same, of a story whose record is gone, too."""
    world.notion.fault = fail_always("notion remove", NOT_PUT_BACK)
    types(world, page, LONGER)
    world.person.remove(STORY, page)
    world.platform.remove(STORY, story)
    world.touched(Side.NAVIMPACT, story, STORY)
    time_passes(world, 1)
    return page


def test_a_page_of_a_record_that_is_gone_is_told_of_too_when_notion_does_not_put_it_back(
    world: World, without_record: str
) -> None:
    assert (waits_with(world, without_record), records(world)) == (["not_put_back"], [])
    throw_away(world, without_record)
    assert (waits_with(world, without_record), LONGER in recorded(world)) == ([], True)


@pytest.fixture
def asked_before(world: World, page: str) -> str:
    """The page of a story about which a person was asked before Notion let us take it out, and did not put it back."""
    refused = fail_once("notion restore", Refused("its database is in the trash"), applied=False)
    world.notion.fault = together(refused, fail_always("notion remove", NOT_PUT_BACK))
    types(world, page, LONGER)
    throw_away(world, page)
    assert waits_with(world, page) == ["approve_delete"]
    world.ask(WorkKind.DECIDE, str(pair_of(world, page).id), "approve")
    time_passes(world, 1)
    return page


def test_who_is_asked_is_asked_still_when_notion_does_not_put_the_page_back(world: World, asked_before: str) -> None:
    assert waits_with(world, asked_before) == ["approve_delete", "not_put_back"]
    assert records(world) == [TEXT]

    world.notion.fault = None
    throw_away(world, asked_before)

    assert waits_with(world, asked_before) == ["approve_delete"]


def test_who_rejects_keeps_a_page_that_notion_does_not_put_back(world: World, asked_before: str) -> None:
    world.decide(WorkKind.DECIDE, str(pair_of(world, asked_before).id), "reject")

    assert (waits_with(world, asked_before), records(world)) == ([], [LONGER])


# --- what comes in between --------------------------------------------------------------------------------------------


def is_asked_and_kept(world: World, page: str) -> bool:
    (row,) = questions(world)
    told = (row.actor, [change.old for change in row.changes]) == (PERSON, [LONGER])
    return told and NAMED in asked(world, page) and page not in world.live_pages()


@ANYWHERE
def test_whatever_happens_as_the_page_is_read_a_person_is_asked_and_its_words_are_kept(
    error: BaseException, *, applied: bool
) -> None:
    for call in count(1):
        world = connected()
        world.notion_side.trash_hides_bodies = True
        page = world.page_of(told(world), STORY)
        types(world, page, LONGER)
        goes(world, page)
        was_struck = struck(world, call, error, applied=applied)

        later(world)

        assert is_asked_and_kept(world, page)
        if not was_struck:
            return


@pytest.mark.parametrize("call", ["notion restore", "notion remove"])
def test_the_words_outlive_a_trash_that_is_emptied_where_a_worker_died(world: World, page: str, call: str) -> None:
    types(world, page, LONGER)
    world.notion.fault = fail_once(call, Killed(), applied=call == "notion remove")
    with suppress(Killed):
        throw_away(world, page)

    world.notion_side.purge(page)
    later(world)

    assert pair_of(world, page).state is State.AWAITING_APPROVAL
    assert (LONGER in recorded(world)) is (call == "notion remove")  # else nobody has ever read them


def test_what_the_trash_shows_outlives_it_though_notion_fails_as_the_text_is_read(world: World, page: str) -> None:
    world.person.edit(page, {"title": "Two"})
    goes(world, page)
    world.notion.fault = fail_once("notion restore", Unavailable("503"), applied=False)
    world.slice()

    world.notion_side.purge(page)
    time_passes(world, 1)

    assert "Two" in recorded(world)


def restored(world: World, page: str) -> None:
    world.person.restore(STORY, page)


def edited(world: World, page: str) -> None:
    types(world, page, STILL_LONGER)


@pytest.mark.parametrize("do", [restored, edited])
def test_a_page_that_a_person_has_in_hands_where_a_worker_died_is_theirs(
    world: World, page: str, do: Callable[[World, str], None]
) -> None:
    types(world, page, LONGER)
    world.notion.fault = fail_once("notion restore", Killed(), applied=do is edited)
    with suppress(Killed):
        throw_away(world, page)

    do(world, page)
    later(world)

    assert (page in world.live_pages(), pair_of(world, page).state) == (True, State.LINKED)
    assert records(world) == [world.value(Side.NOTION, page, "description", STORY)]


def test_what_is_typed_as_the_page_is_put_back_brings_it_back_when_notion_tells_of_it(world: World, page: str) -> None:
    types(world, page, LONGER)
    world.notion.fault = once("notion restore", lambda: edited(world, page), applied=True)
    throw_away(world, page)
    assert page not in world.live_pages()

    tells(world, page, world.clock())
    world.settle()

    assert (page in world.live_pages(), records(world)) == (True, [STILL_LONGER])


def approved(world: World, page: str) -> None:
    approve(world, str(pair_of(world, page).entity_id))


@pytest.mark.parametrize("look", [looked_at, approved])
def test_what_is_typed_beside_the_text_as_the_page_is_put_back_is_kept_by_the_next_look(
    world: World, page: str, look: Callable[[World, str], None]
) -> None:
    world.notion.fault = once("notion restore", lambda: world.person.edit(page, {"title": "Two"}), applied=True)
    throw_away(world, page)

    look(world, page)

    assert "Its page says what NavImpact never had, in Title." in asked(world, page)
    assert "Two" in recorded(world)


def test_a_page_stays_in_the_trash_where_notion_tells_late_of_what_was_read(world: World, thrown_away: str) -> None:
    question = question_of(pair_of(world, thrown_away)).version

    tells(world, thrown_away, world.clock())
    world.settle()

    assert (thrown_away in world.live_pages(), len(questions(world))) == (False, 1)
    assert question_of(pair_of(world, thrown_away)).version == question


def test_a_page_that_is_to_be_put_back_once_more_is_nobodys_though_that_fails(world: World, left_out: str) -> None:
    world.notion.fault = fail_once("notion remove", Unavailable("503"), applied=False)

    time_passes(world, 8)

    assert (bool(waits_with(world, left_out)), records(world)) == (True, [TEXT])


def test_a_question_stays_though_the_page_cannot_be_put_back_once_more(world: World, asked_before: str) -> None:
    world.notion.fault = fail_once("notion remove", Unavailable("503"), applied=False)

    time_passes(world, 8)

    assert waits_with(world, asked_before)


@pytest.mark.usefixtures("without_record")
def test_a_record_that_is_gone_is_not_made_again_as_its_page_cannot_be_put_back_once_more(world: World) -> None:
    world.notion.fault = fail_once("notion remove", Unavailable("503"), applied=False)
    time_passes(world, 8)

    assert records(world) == []
