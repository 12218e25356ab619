"""NavImpact was asked for a record of a row, and nobody knows what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from navsync.errors import Unavailable, Unclear
from navsync.fields import SPECS
from navsync.model import (
    Direction,
    EntityType,
    Lane,
    Mapping,
    Operation,
    Outcome,
    Present,
    Settings,
    Side,
    State,
    Value,
    Work,
    WorkKind,
)
from tests.simulation.faults import ANYWHERE, fail_always, fail_once, once, struck, together
from tests.simulation.stories.scenes import rounds
from tests.simulation.world import PROJECT, START, World

LOG = EntityType.DISTRIBUTION_LOG
LOST = pytest.mark.parametrize("landed", [True, False], ids=["the record was made", "it was not"])


@pytest.fixture
def world() -> World:
    return a_world()


def a_world() -> World:
    """With a NavImpact that knows no idempotency key."""
    world = World(entity_types=tuple(SPECS))
    world.platform.idempotent = False
    world.connect()
    world.clock.advance(timedelta(hours=1))
    return world


def lose_answer(world: World, *, landed: bool) -> None:
    world.navimpact.fault = fail_once("navimpact create", Unclear("no answer"), applied=landed)


def colleague(world: World, kind: EntityType = PROJECT, **values: Value) -> str:
    """A record that a colleague makes in NavImpact at the same time; its webhook is late."""
    return world.platform.create(kind, values, key=f"colleague {next(world.ids)}").id


def come_to_rest(world: World, *late: str) -> None:
    for id in late:
        world.touched(Side.NAVIMPACT, id)
    world.settle()
    rounds(world, 3)


def pairs(world: World, kind: EntityType = PROJECT) -> list[tuple[str, str]]:
    """Each record that has a page, and what the page is called."""
    found = (m for m in world.store.of(1).mappings.values() if m.entity_type is kind)
    name = SPECS[kind].titled_by[0]
    return sorted(
        (m.entity_id, str(world.notion_side.pages[m.page_id].values[name])) for m in found if m.entity_id and m.page_id
    )


@LOST
@pytest.mark.parametrize("idempotent", [True, False], ids=["with keys", "without"])
def test_a_row_is_not_paired_with_a_colleagues_project(world: World, *, landed: bool, idempotent: bool) -> None:
    world.platform.idempotent = idempotent
    forest = colleague(world, title="Forest", status="planning")
    lose_answer(world, landed=landed)

    world.new_row(title="Reef", status="planning")
    come_to_rest(world, forest)

    assert pairs(world) == [(forest, "Forest"), ("2", "Reef")]
    assert [r.fields["title"] for r in world.platform.records.values()] == ["Forest", "Reef"]


@LOST
def test_a_row_is_not_paired_with_another_log_of_its_project(world: World, *, landed: bool) -> None:
    project = world.new_project()
    world.settle()
    other = colleague(world, LOG, channel="Web", project=(project,), reach=Decimal(10))
    lose_answer(world, landed=landed)

    row = world.person.add_row(LOG, {"channel": "TV", "project": (world.page_of(project),)}).id
    world.touched(Side.NOTION, row, LOG)
    come_to_rest(world)

    assert pairs(world, LOG) == [(other, "Web"), ("3", "TV")]


def test_a_lost_creation_is_not_repeated_where_navimpact_knows_no_idempotency_key(world: World) -> None:
    world.navimpact.fault = fail_once("navimpact create", Unclear("reset"), applied=True)

    world.new_row(title="Row", description="words")
    world.settle()

    assert len(world.platform.records) == 1
    assert len(world.live_pages()) == 1


def test_a_record_is_not_made_twice_though_navimpact_hides_its_records_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = dict(world.platform.records)

    def show() -> None:
        world.platform.records.update(hidden)
        monkeypatch.undo()

    def hide_and_fail() -> None:
        hidden.update(world.platform.records)
        world.platform.records.clear()
        monkeypatch.setattr(world.platform, "answers", lambda _: False)
        world.navimpact.fault = once("navimpact changed_since", show, applied=True)
        raise Unclear("the answer was lost")

    world.navimpact.fault = once("navimpact create", hide_and_fail, applied=True)
    world.new_row(title="Reef")
    world.slice()
    world.clock.advance(timedelta(minutes=1))
    world.slice()

    show()
    world.settle()

    assert [record.fields["title"] for record in world.platform.records.values()] == ["Reef"]


def test_where_navimpact_knows_keys_nobody_searches_for_what_it_made(world: World) -> None:
    world.platform.idempotent = True
    lose_answer(world, landed=True)
    world.navimpact.calls.clear()

    world.new_row(title="Reef")
    world.settle()

    assert "navimpact changed_since" not in world.navimpact.calls
    assert pairs(world) == [("1", "Reef")]


def test_a_row_that_was_thrown_away_before_it_was_known_what_became_of_it_gets_no_second_page(world: World) -> None:
    world.platform.idempotent = True
    row = world.person.add_row(PROJECT, {"title": "Reef"}).id

    def throw_away() -> None:
        world.person.remove(PROJECT, row)
        raise Unclear("no answer")

    world.navimpact.fault = once("navimpact create", throw_away, applied=True)
    world.touched(Side.NOTION, row)
    come_to_rest(world, "1")

    assert world.live_pages() == []
    assert world.mapping_of("1").state is State.AWAITING_APPROVAL


def test_what_somebody_has_added_to_the_new_record_does_not_hide_whose_it_is(world: World) -> None:
    def add() -> None:
        world.clock.advance(timedelta(seconds=5))
        world.edit(Side.NAVIMPACT, "1", description="added at once")
        raise Unclear("no answer")

    world.navimpact.fault = once("navimpact create", add, applied=True)
    row = world.new_row(title="Reef", status="planning")
    come_to_rest(world)

    assert pairs(world) == [("1", "Reef")]
    assert world.value(Side.NOTION, row, "description") == "added at once"


# --- a person is asked ------------------------------------------------------------------------------------------------


def rewritten(world: World, title: str = "Rewritten") -> Callable[[], None]:
    """Somebody gives the record that was just made another title, and the answer is lost."""

    def rewrite() -> None:
        world.clock.advance(timedelta(seconds=5))
        world.edit(Side.NAVIMPACT, "1", title=title)
        raise Unclear("no answer")

    return rewrite


@pytest.fixture
def asked(world: World) -> str:
    """The row of a record that may be what was made of it, or another one."""
    world.navimpact.fault = once("navimpact create", rewritten(world), applied=True)
    row = world.new_row(title="Reef", description="words")
    come_to_rest(world, "1")
    return row


def test_a_person_is_asked_where_nobody_can_tell(world: World, asked: str) -> None:
    (mapping,) = world.store.of(1).mappings.values()
    (trouble,) = mapping.troubles

    assert (mapping.page_id, mapping.state) == (asked, State.AWAITING_APPROVAL)
    assert "media project 1, “Rewritten”, may be that record" in trouble.cause
    assert "Reject if it is media project 1" in trouble.fix
    assert len(world.platform.records) == 1


def test_while_a_person_is_asked_no_page_is_made_of_that_record(world: World, asked: str) -> None:
    assert world.live_pages() == [asked]


def waiting(world: World) -> Mapping:
    """What a person is asked about."""
    (mapping,) = (m for m in world.store.of(1).mappings.values() if m.state is State.AWAITING_APPROVAL)
    return mapping


def answer(world: World, decision: str) -> None:
    world.answer(waiting(world), decision)
    come_to_rest(world)


def test_the_record_that_a_person_names_is_paired_and_what_differs_is_a_conflict(world: World, asked: str) -> None:
    answer(world, "reject")

    assert (world.page_of("1"), len(world.platform.records)) == (asked, 1)
    assert [conflict.field for conflict in world.mapping_of("1").conflicts] == ["title"]
    assert world.mapping_of("1").troubles == ()
    assert world.logs(Operation.CREATE)[0].outcome is Outcome.SUCCESS


def test_another_record_is_made_where_a_person_says_so(world: World, asked: str) -> None:
    answer(world, "approve")

    assert world.page_of("2") == asked
    assert pairs(world) == [("1", "Rewritten"), ("2", "Reef")]


@LOST
def test_the_other_record_is_made_once_though_that_answer_is_lost_too(
    world: World, asked: str, *, landed: bool
) -> None:
    lose_answer(world, landed=landed)

    answer(world, "approve")

    assert world.page_of("2") == asked
    assert pairs(world) == [("1", "Rewritten"), ("2", "Reef")]


def test_of_two_records_that_say_the_same_a_person_says_which_it_is(world: World) -> None:
    colleague(world, title="Reef", status="planning")
    lose_answer(world, landed=True)
    row = world.new_row(title="Reef", status="planning")
    come_to_rest(world)
    assert len(world.platform.records) == 2

    answer(world, "reject")

    assert world.page_of("1") == row
    assert pairs(world) == [("1", "Reef"), ("2", "Reef")]


def test_a_question_ends_with_its_row(world: World, asked: str) -> None:
    world.person.remove(PROJECT, asked)
    world.touched(Side.NOTION, asked)
    come_to_rest(world)

    assert pairs(world) == [("1", "Rewritten")]
    assert all(log.outcome is not Outcome.STARTED for log in world.store.of(1).logs.values())


# --- several records may be it ----------------------------------------------------------------------------------------


def logs_of(world: World) -> list[Value]:
    """The channels of all logs of NavImpact, in the order in which they were made."""
    return [r.fields["channel"] for (kind, _), r in world.platform.records.items() if kind is LOG]


@pytest.fixture
def two_alike(world: World) -> str:
    return row_of_one_of_two(world)


def row_of_one_of_two(world: World) -> str:
    """The row of log 3, whose channel somebody corrected at once; a colleague's log 2 has its date too."""
    project = world.new_project(title="Film")
    world.settle()
    colleague(world, LOG, channel="Web", date="2026-05-01", project=(project,))

    def correct() -> None:
        world.clock.advance(timedelta(seconds=5))
        seen = world.platform.read(LOG, "3")
        assert isinstance(seen, Present)
        world.platform.update(LOG, "3", {"channel": "TV, evening"}, seen=seen)
        raise Unclear("no answer")

    world.navimpact.fault = once("navimpact create", correct, applied=True)
    row = world.person.add_row(LOG, {"channel": "TV", "date": "2026-05-01", "project": (world.page_of(project),)}).id
    world.touched(Side.NOTION, row, LOG)
    world.settle()
    return row


def question(world: World) -> str:
    return waiting(world).troubles[0].cause


MEANWHILE = pytest.mark.parametrize("meanwhile", [True, False], ids=["the other got a page meanwhile", "at once"])


@MEANWHILE
def test_who_says_that_it_is_another_one_is_asked_about_the_next(
    world: World, two_alike: str, *, meanwhile: bool
) -> None:
    if meanwhile:
        come_to_rest(world)
    assert "“Web, 2026-05-01”" in question(world)
    assert pairs(world, LOG) == ([("3", "TV, evening")] if meanwhile else [])

    answer(world, "approve")

    assert "“TV, evening, 2026-05-01”" in question(world)
    assert logs_of(world) == ["Web", "TV, evening"]


@pytest.mark.parametrize("call", ["changed_since", "answers"])
def test_an_answer_rules_out_one_record_though_a_call_fails_after_it(world: World, two_alike: str, call: str) -> None:
    world.navimpact.fault = fail_once(f"navimpact {call}", Unavailable("503"), applied=False)

    answer(world, "approve")

    assert "“TV, evening, 2026-05-01”" in question(world)
    assert logs_of(world) == ["Web", "TV, evening"]


def test_two_people_who_answer_the_same_question_rule_out_one_record(world: World, two_alike: str) -> None:
    seen = waiting(world)
    answer(world, "approve")

    world.answer(seen, "approve")
    come_to_rest(world)

    assert "“TV, evening, 2026-05-01”" in question(world)
    assert logs_of(world) == ["Web", "TV, evening"]


@MEANWHILE
def test_the_second_record_that_a_person_is_asked_about_is_paired(
    world: World, two_alike: str, *, meanwhile: bool
) -> None:
    if meanwhile:
        come_to_rest(world)
    answer(world, "approve")

    answer(world, "reject")

    assert [id for id, _ in pairs(world, LOG)] == ["2", "3"]
    assert world.mapping_of("3", LOG).page_id == two_alike
    assert len(world.live_pages()) == 3
    assert logs_of(world) == ["Web", "TV, evening"]


@ANYWHERE
def test_whatever_happens_as_a_row_is_paired_the_page_that_its_record_has_got_makes_way(
    error: BaseException, *, applied: bool
) -> None:
    for call in count(1):
        world = a_world()
        row = row_of_one_of_two(world)
        come_to_rest(world)
        answer(world, "approve")
        pages, second = set(world.notion_side.pages), world.page_of("3", LOG)
        world.answer(waiting(world), "reject")
        was_struck = struck(world, call, error, applied=applied)

        world.clock.advance(timedelta(minutes=20))
        shown_first = Work(Lane.LIVE, WorkKind.ENTITY, f"{LOG}/3", "0001", START, "a list that shows the record first")
        world.desk.put(shown_first)
        come_to_rest(world)

        assert set(world.notion_side.pages) == pages
        assert (world.page_of("3", LOG), second in world.live_pages()) == (row, False)
        assert logs_of(world) == ["Web", "TV, evening"]
        assert all(log.outcome is not Outcome.STARTED for log in world.store.of(1).logs.values())
        if not was_struck:
            return


def test_another_record_is_made_once_every_one_that_may_be_it_is_ruled_out(world: World, two_alike: str) -> None:
    answer(world, "approve")
    answer(world, "approve")

    assert logs_of(world) == ["Web", "TV, evening", "TV"]
    assert pairs(world, LOG) == [("2", "Web"), ("3", "TV, evening"), ("4", "TV")]
    assert world.mapping_of("4", LOG).page_id == two_alike


def test_of_two_records_that_say_the_same_neither_may_be_it(world: World) -> None:
    for _ in range(2):
        colleague(world, title="Reef", status="planning")
    lose_answer(world, landed=False)
    row = world.new_row(title="Reef", status="planning")
    world.settle()

    answer(world, "approve")
    assert len(world.platform.records) == 2
    answer(world, "approve")

    assert world.page_of("3") == row
    assert [id for id, _ in pairs(world)] == ["1", "2", "3"]


def test_while_a_person_is_asked_every_other_record_gets_its_page(world: World, two_alike: str) -> None:
    project = world.mapping_of("1").entity_id or ""

    later = [world.new_child(LOG, project, channel="Kiosk", date="2026-05-01") for _ in range(3)]
    come_to_rest(world)

    assert "“Web, 2026-05-01”" in question(world)
    assert {id for id, channel in pairs(world, LOG) if channel == "Kiosk"} == set(later)


def test_while_a_person_is_asked_a_new_record_costs_no_search(world: World, two_alike: str) -> None:
    world.navimpact.calls.clear()

    world.new_child(LOG, "1", channel="Kiosk", date="2026-06-02")
    world.settle()

    assert "navimpact changed_since" not in world.navimpact.calls
    assert "Kiosk" in [channel for _, channel in pairs(world, LOG)]


def test_a_record_that_was_there_long_before_does_not_wait_for_a_create_that_was_put_off(world: World) -> None:
    project = world.new_project(title="Film")
    world.settle()
    old = colleague(world, LOG, channel="Web", date="2026-05-01", project=(project,))
    world.clock.advance(timedelta(hours=1))
    world.navimpact.fault = fail_always("navimpact create", Unclear("no answer"))
    row = world.person.add_row(LOG, {"channel": "TV", "date": "2026-05-01", "project": (world.page_of(project),)}).id
    world.touched(Side.NOTION, row, LOG)
    world.slice()

    world.touched(Side.NAVIMPACT, old, LOG)
    world.slice()

    assert pairs(world, LOG) == [(old, "Web")]


# --- what becomes of the new record meanwhile -------------------------------------------------------------------------


def test_an_edit_of_a_record_whose_creation_was_not_answered_is_carried(world: World) -> None:
    world.platform.idempotent = True
    row = world.new_row(title="Row", budget=Decimal(1))

    def edit_at_once() -> None:
        world.edit(Side.NAVIMPACT, "1", budget=Decimal(2))
        raise Unclear("reset")

    world.navimpact.fault = once("navimpact create", edit_at_once, applied=True)
    world.settle()

    assert world.value(Side.NAVIMPACT, "1", "budget") == Decimal(2)
    shown = world.value(Side.NOTION, row, "budget")
    listed = [conflict.navimpact for conflict in world.mapping_of("1").conflicts]
    assert shown == Decimal(2) or listed == [Decimal(2)]


def test_a_row_keeps_its_record_though_that_got_a_page_before_it_was_known_whose_it_is(world: World) -> None:
    world.platform.idempotent = True

    def rewrite() -> None:
        world.edit(Side.NAVIMPACT, "1", title="Rewritten at once")
        raise Unclear("reset")

    row = world.new_row(title="Row")
    world.navimpact.fault = once("navimpact create", rewrite, applied=True)
    world.navimpact.fault = together(world.navimpact.fault, fail_always("navimpact changed_since", Unavailable("503")))
    world.slice()
    world.navimpact.fault = None
    world.slice()
    world.settle()

    assert world.live_pages() == [row]
    assert world.notion_side.pages[row].key == "media_project/1"
    assert len(world.platform.records) == 1


def test_nobody_looks_for_what_was_remembered_of_a_record_before_it_was_known_whose_it_is() -> None:
    world = World(settings=Settings(direction=Direction.TO_NAVIMPACT))
    world.connect()

    def rewrite() -> None:
        world.edit(Side.NAVIMPACT, "1", title="Rewritten at once")
        raise Unclear("reset")

    world.new_row(title="Row")
    world.navimpact.fault = once("navimpact create", rewrite, applied=True)
    world.navimpact.fault = together(world.navimpact.fault, fail_always("navimpact changed_since", Unavailable("503")))
    world.slice()
    world.navimpact.fault = None
    world.settle()

    world.put(WorkKind.RULES, lane=Lane.BACKFILL)
    world.settle()

    assert world.logs(Operation.FAIL) == []
    assert [mapping.attempts for mapping in world.store.of(1).mappings.values()] == [0, 0]
