"""Deciding, field by field, what goes where."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync import merge
from navsync.fields import SPECS, EntitySpec, Kind
from navsync.model import (
    Base,
    Bases,
    Conflict,
    Direction,
    EntityType,
    FieldWrite,
    Policy,
    Present,
    Settings,
    Side,
    Trouble,
    Value,
)

PROJECT = SPECS[EntityType.MEDIA_PROJECT]
BLANK: dict[str, Value] = {
    "title": "Reef", "description": None, "project_type": None, "status": None, "start_date": None, "end_date": None,
    "budget": None, "target_audience": None, "team_members": (), "distribution_channels": (),
}  # fmt: skip
AGREED = {name: Base(value, value) for name, value in BLANK.items()}


MADE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LOG = SPECS[EntityType.DISTRIBUTION_LOG]
NO_LOG: dict[str, Value] = {field.name: () if field.kind is Kind.RELATION else None for field in LOG.fields}


def shown(**values: Value) -> Present:
    return Present("1", {**BLANK, **values})


def decide(
    navimpact: Present, notion: Present, bases: Bases = AGREED, policy: Policy = Policy.ASK, **options: Direction
) -> merge.Plan:
    return merge.plan(PROJECT, bases, navimpact, notion, Settings(policy=policy), **options)


def test_nothing_is_done_where_nothing_changed() -> None:
    assert decide(shown(), shown()).actions == ()


@pytest.mark.parametrize("side", Side)
def test_a_change_on_one_side_is_carried_to_the_other(side: Side) -> None:
    seen = {Side.NAVIMPACT: shown(), Side.NOTION: shown(), side: shown(description="now")}

    plan = decide(seen[Side.NAVIMPACT], seen[Side.NOTION])

    assert plan.writes == (merge.Write("description", side.other, "now", None, f"changed on {side}"),)


def test_edits_of_two_fields_on_both_sides_both_survive() -> None:
    plan = decide(shown(description="from NavImpact"), shown(budget=Decimal(7)))

    assert [(w.field, w.to) for w in plan.writes] == [("description", Side.NOTION), ("budget", Side.NAVIMPACT)]


def test_a_clash_touches_neither_value_and_shows_all_three() -> None:
    plan = decide(shown(description="a"), shown(description="b"))

    assert plan.writes == ()
    assert plan.conflicts == (Conflict("description", None, "a", "b"),)


def test_the_same_edit_on_both_sides_is_no_conflict() -> None:
    plan = decide(shown(description="same"), shown(description="same"))

    assert plan.actions == (merge.Settle("description", Base("same", "same")),)


@pytest.mark.parametrize(("policy", "to"), [(Policy.NAVIMPACT, Side.NOTION), (Policy.NOTION, Side.NAVIMPACT)])
def test_a_policy_decides_a_clash_for_its_side(policy: Policy, to: Side) -> None:
    plan = decide(shown(description="a"), shown(description="b"), policy=policy)

    assert [(w.to, w.rule) for w in plan.writes] == [(to, f"policy {policy}")]


def test_clearing_a_field_is_a_change_like_any_other() -> None:
    bases = {**AGREED, "description": Base("old", "old")}

    plan = decide(shown(description="old"), shown(description=None), bases)

    assert plan.writes == (merge.Write("description", Side.NAVIMPACT, None, "old", "changed on notion"),)


def test_what_one_side_rounds_is_not_an_edit() -> None:
    bases = {**AGREED, "budget": Base(Decimal("11.00"), Decimal("10.999"))}

    assert decide(shown(budget=Decimal("11.00")), shown(budget=Decimal("10.999")), bases).actions == ()


LONG = {**AGREED, "description": Base("The reef is dying.", "The reef is dying.")}


def test_edits_of_different_words_of_a_long_text_are_merged_into_both() -> None:
    plan = decide(shown(description="The coral reef is dying."), shown(description="The reef was dying."), LONG)

    assert {w.to: w.value for w in plan.writes} == dict.fromkeys(Side, "The coral reef was dying.")


def test_a_merge_that_reached_one_side_only_is_finished_on_the_other() -> None:
    navimpact, merged = shown(description="The coral reef is dying."), "The coral reef was dying."
    writes = decide(navimpact, shown(description="The reef was dying."), LONG).writes
    intent = [FieldWrite(w.field, w.to, w.value, w.overwrites) for w in writes]
    seen = {Side.NAVIMPACT: navimpact, Side.NOTION: shown(description=merged)}

    again = decide(navimpact, seen[Side.NOTION], merge.landed(PROJECT, LONG, intent, seen))

    assert [(w.to, w.value) for w in again.writes] == [(Side.NAVIMPACT, merged)]


def test_what_is_typed_beside_half_of_a_merge_is_merged_with_what_the_other_side_has() -> None:
    navimpact, merged = shown(description="The coral reef is dying."), "The coral reef was dying."
    writes = decide(navimpact, shown(description="The reef was dying."), LONG).writes
    intent = [FieldWrite(w.field, w.to, w.value, w.overwrites) for w in writes]
    now = {Side.NAVIMPACT: shown(description="The reef is dying, they say."), Side.NOTION: shown(description=merged)}

    again = decide(now[Side.NAVIMPACT], now[Side.NOTION], merge.landed(PROJECT, LONG, intent, now))

    assert {w.to: w.value for w in again.writes} == dict.fromkeys(Side, "The reef was dying, they say.")


def test_of_an_intent_that_reached_neither_side_nothing_is_agreed_on() -> None:
    seen = {
        Side.NAVIMPACT: shown(description="The coral reef is dying."),
        Side.NOTION: shown(description="The reef was dying."),
    }
    intent = [FieldWrite("description", side, "The coral reef was dying.", None) for side in Side]

    assert merge.landed(PROJECT, LONG, intent, seen) == LONG


@pytest.mark.parametrize("longer", Side)
def test_a_merge_that_notion_cannot_hold_is_written_to_neither_side(longer: Side) -> None:
    text = "The reef is dying." + " Word." * 33_300
    bases = {**LONG, "description": Base(text, text)}
    more = {side: "Much. " * (25 if side is longer else 10) for side in Side}

    plan = decide(
        shown(description=more[Side.NAVIMPACT] + text), shown(description=f"{text} {more[Side.NOTION]}"), bases
    )

    assert plan.writes == ()
    assert [(t.code, t.field) for t in plan.troubles] == [("cannot_carry", "description")]


def test_of_a_merge_that_is_held_neither_half_is_left() -> None:
    plan = decide(
        shown(description="The coral reef is dying.", budget=Decimal(7)), shown(description="The reef was dying."), LONG
    )
    why = Trouble("refused", "Notion refused it.", "Change it.", "description")

    held = plan.holding({"description": why})

    assert [w.field for w in held.writes] == ["budget"]
    assert held.troubles == (why,)


def test_edits_of_the_same_words_of_a_long_text_are_a_conflict_with_all_three_texts() -> None:
    plan = decide(shown(description="The reef is dead."), shown(description="The reef is alive."), LONG)

    assert plan.conflicts == (Conflict("description", "The reef is dying.", "The reef is dead.", "The reef is alive."),)


def test_values_that_were_never_agreed_on_and_differ_are_a_conflict() -> None:
    plan = decide(shown(description="a"), shown(description="b"), bases={})

    assert plan.conflicts == (Conflict("description", None, "a", "b"),)


def test_an_empty_field_that_was_never_agreed_on_is_filled() -> None:
    bases = {name: base for name, base in AGREED.items() if name != "description"}

    plan = decide(shown(description="kept"), shown(), bases)

    assert [(w.to, w.value) for w in plan.writes] == [(Side.NOTION, "kept")]


def test_a_property_that_vanished_is_quarantined_and_never_read_as_cleared() -> None:
    bases = {**AGREED, "description": Base("old", "old")}
    values = {name: value for name, value in BLANK.items() if name != "description"}
    notion = Present("1", values, unreadable={"description": "it is gone"}, lost=frozenset({"description"}))

    plan = decide(shown(description="old"), notion, bases)

    assert plan.writes == ()
    assert [(t.code, t.field) for t in plan.troubles] == [("quarantined", "description")]


@pytest.mark.parametrize(
    ("side", "unreadable", "fix"),
    [
        (Side.NAVIMPACT, {}, "Correct it in NavImpact, or tell whoever runs that; the field is held until then."),
        (
            Side.NAVIMPACT,
            {"budget": "it holds “a lot” where a number is expected"},
            "Correct it in NavImpact, or tell whoever runs that; the field is held until then.",
        ),
        (
            Side.NOTION,
            {"budget": "Notion shows only a part of it"},
            "Correct it in Notion, as the cause says; the field is held until then.",
        ),
    ],
)
def test_a_value_that_cannot_be_read_is_told_of_the_side_that_shows_it(
    side: Side, unreadable: dict[str, str], fix: str
) -> None:
    values = {name: value for name, value in BLANK.items() if name != "budget"}
    seen = {Side.NAVIMPACT: shown(), Side.NOTION: shown(), side: Present("1", values, unreadable=unreadable)}

    plan = decide(seen[Side.NAVIMPACT], seen[Side.NOTION])

    assert plan.writes == ()
    (told,) = plan.troubles
    assert (told.code, told.field, told.fix) == ("unreadable", "budget", fix)
    assert told.cause.startswith(f"Budget cannot be read on {side}: ")


def test_a_value_that_would_lose_something_on_the_way_is_held_and_named() -> None:
    plan = decide(shown(), shown(start_date="2026-01-02T10:00:00.000+01:00"))

    assert plan.writes == ()
    assert [(t.code, t.field) for t in plan.troubles] == [("cannot_carry", "start_date")]


def test_a_run_in_one_direction_leaves_the_other_for_later() -> None:
    plan = decide(shown(description="a"), shown(budget=Decimal(7)), direction=Direction.TO_NOTION)

    assert [w.field for w in plan.writes] == ["description"]
    assert "budget" not in {a.field for a in plan.actions if isinstance(a, merge.Settle)}


NAMES_AN_OLD_PAGE = Present("1", {**NO_LOG, "project": ("4",)}, outdated=frozenset({"project"}))
"""A log in Notion that means a project by a page which has made way for another."""


def of_log(project: str, agreed: str, settings: Settings = Settings()) -> merge.Plan:  # noqa: B008  # a value
    bases = {name: Base(value, value) for name, value in {**NO_LOG, "project": (agreed,)}.items()}
    navimpact = Present("1", {**NO_LOG, "project": (project,)})
    return merge.plan(LOG, bases, navimpact, NAMES_AN_OLD_PAGE, settings)


def test_a_project_that_is_named_by_a_page_that_made_way_is_named_anew() -> None:
    (write,) = of_log("4", agreed="4").writes
    assert (write.to, write.value, write.rule) == (Side.NOTION, ("4",), "named by a page that made way for another")


def test_a_project_that_somebody_chose_by_a_page_that_made_way_is_chosen_first() -> None:
    (write,) = of_log("3", agreed="3").writes
    assert (write.to, write.value, write.rule) == (Side.NAVIMPACT, ("4",), "changed on notion")


def test_a_project_that_does_not_sync_to_notion_is_not_named_anew() -> None:
    one_way = Settings(field_directions={"distribution_log.project": Direction.TO_NAVIMPACT})
    assert of_log("4", agreed="4", settings=one_way).actions == ()


def test_only_written_fields_move_their_base() -> None:
    write = merge.Write("budget", Side.NAVIMPACT, Decimal("10.999"), None, "")
    answer = shown(budget=Decimal("11.00"), description="edited meanwhile")

    bases = merge.remember(AGREED, [write], {Side.NAVIMPACT: answer})

    assert bases["budget"] == Base(navimpact=Decimal("11.00"), notion=Decimal("10.999"))
    assert bases["description"] == AGREED["description"]


def test_an_interrupted_write_that_landed_is_agreed_and_one_that_did_not_is_planned_again() -> None:
    intent = [
        FieldWrite("description", Side.NOTION, "new", None),
        FieldWrite("budget", Side.NAVIMPACT, Decimal(7), None),
    ]
    seen = {Side.NAVIMPACT: shown(description="new"), Side.NOTION: shown(description="new", budget=Decimal(7))}

    bases = merge.landed(PROJECT, AGREED, intent, seen)
    plan = decide(seen[Side.NAVIMPACT], seen[Side.NOTION], bases)

    assert bases["description"] == Base("new", "new")
    assert [(w.field, w.to) for w in plan.writes] == [("budget", Side.NAVIMPACT)]


def test_a_page_found_as_it_was_made_is_agreed_on() -> None:
    bases = merge.adopted(PROJECT, Side.NOTION, {**BLANK, "description": "sent"}, shown(description="sent"))

    assert bases["description"] == Base("sent", "sent")


def test_a_field_edited_before_its_page_was_found_becomes_a_conflict_not_a_loss() -> None:
    page = shown(description="edited by a person")

    bases = merge.adopted(PROJECT, Side.NOTION, {**BLANK, "description": "sent"}, page)

    assert decide(shown(description="sent"), page, bases).conflicts == (
        Conflict("description", None, "sent", "edited by a person"),
    )


def test_a_field_cleared_before_its_page_was_found_is_cleared() -> None:
    bases = merge.adopted(PROJECT, Side.NOTION, {**BLANK, "description": "sent"}, shown())

    assert [(w.to, w.value) for w in decide(shown(description="sent"), shown(), bases).writes] == [
        (Side.NAVIMPACT, None)
    ]


VERSIONS: tuple[Value, ...] = (None, "one", "two")


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("base", "navimpact", "notion"), list(itertools.product((*VERSIONS, "never agreed"), VERSIONS, VERSIONS))
)
def test_every_combination_loses_nothing_that_only_one_side_holds(
    base: Value, navimpact: Value, notion: Value, policy: Policy
) -> None:
    """The truth table: a value is overwritten only when its side did not change it, or a policy said so."""
    bases = {n: b for n, b in AGREED.items() if n != "description"}
    if base != "never agreed":
        bases["description"] = Base(base, base)

    plan = decide(shown(description=navimpact), shown(description=notion), bases, policy)

    for write in plan.writes:
        unchanged = write.overwrites == base or (base == "never agreed" and write.overwrites is None)
        assert unchanged or write.rule == f"policy {policy}"
    differ = navimpact != notion
    assert bool(plan.writes or plan.conflicts) is differ
    assert not (plan.writes and plan.conflicts)


# --- one way ----------------------------------------------------------------------------------------------------------


def one_way(
    direction: Direction, navimpact: Present, notion: Present, bases: Bases = AGREED, policy: Policy = Policy.ASK
) -> merge.Plan:
    settings = Settings(field_directions={"media_project.description": direction}, policy=policy)
    return merge.plan(PROJECT, bases, navimpact, notion, settings)


ONE_WAYS = [(Direction.TO_NOTION, Side.NOTION), (Direction.TO_NAVIMPACT, Side.NAVIMPACT)]


@pytest.mark.parametrize(("direction", "to"), ONE_WAYS)
@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(("base", "navimpact", "notion"), list(itertools.product(VERSIONS, VERSIONS, VERSIONS)))
def test_a_field_that_syncs_one_way_is_only_ever_written_there_and_only_where_its_source_was_edited(
    base: Value, navimpact: Value, notion: Value, policy: Policy, direction: Direction, to: Side
) -> None:
    bases, seen = {**AGREED, "description": Base(base, base)}, Base(navimpact, notion)

    plan = one_way(direction, shown(description=navimpact), shown(description=notion), bases, policy=policy)

    was_edited = seen.on(to.other) != base and navimpact != notion
    assert [(w.to, w.value, w.overwrites) for w in plan.writes] == [(to, seen.on(to.other), seen.on(to))] * was_edited
    assert plan.conflicts == ()
    assert bool(plan.troubles) is (navimpact != notion and not was_edited)


@pytest.mark.parametrize(("direction", "to"), ONE_WAYS)
def test_words_of_a_long_text_that_syncs_one_way_are_not_mixed(direction: Direction, to: Side) -> None:
    seen = Base("The coral reef is dying.", "The reef was dying.")

    plan = one_way(direction, shown(description=seen.navimpact), shown(description=seen.notion), LONG)

    assert [(w.to, w.value) for w in plan.writes] == [(to, seen.on(to.other))]


@pytest.mark.parametrize(("direction", "to"), ONE_WAYS)
def test_what_was_never_agreed_on_is_a_conflict_in_a_field_that_syncs_one_way_too(
    direction: Direction, to: Side
) -> None:
    plan = one_way(direction, shown(description="a"), shown(description="b"), {}, policy=Policy(to.other))

    assert [c.field for c in plan.conflicts] == ["description"]


def test_an_empty_field_that_was_never_agreed_on_is_not_filled_the_wrong_way() -> None:
    plan = one_way(Direction.TO_NOTION, shown(), shown(description="b"), {})

    assert [(t.code, t.field) for t in plan.troubles] == [("one_way", "description")]


def test_a_setting_does_not_widen_what_a_field_is_limited_to() -> None:
    limited = replace(PROJECT.fields[1], direction=Direction.TO_NOTION)
    settings = Settings(field_directions={"media_project.description": Direction.TO_NAVIMPACT})

    travels = [side for side in Side if merge.may_travel(PROJECT.type, limited, settings, side)]

    assert travels == []


texts = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))


@given(base=texts, navimpact=texts, notion=texts, policy=st.sampled_from([Policy.NAVIMPACT, Policy.NOTION]))
def test_carrying_out_a_plan_leaves_nothing_to_plan(
    base: str | None, navimpact: str | None, notion: str | None, policy: Policy
) -> None:
    bases: Bases = {**AGREED, "description": Base(base, base)}
    seen = {Side.NAVIMPACT: shown(description=navimpact), Side.NOTION: shown(description=notion)}

    plan = decide(seen[Side.NAVIMPACT], seen[Side.NOTION], bases, policy)
    bases = plan.agreed(bases)
    for write in plan.writes:
        seen[write.to] = shown(**{write.field: write.value})
    bases = merge.remember(bases, plan.writes, seen)

    assert decide(seen[Side.NAVIMPACT], seen[Side.NOTION], bases, policy).actions == ()


# --- whose record is it? ----------------------------------------------------------------------------------------------

REEF = BLANK | {"status": "planning"}
WORDS = REEF | {"description": "words"}
TV = NO_LOG | {"channel": "TV", "project": ("1",)}
DATED = TV | {"date": "2026-01-01"}


@pytest.mark.parametrize(
    ("spec", "sent", "says", "is_edited", "likeness"),
    [
        (PROJECT, REEF, {}, False, merge.Likeness.SURE),
        (PROJECT, REEF, {}, True, merge.Likeness.SURE),
        (PROJECT, REEF, {"description": "more"}, True, merge.Likeness.SURE),
        (PROJECT, REEF, {"description": "more"}, False, merge.Likeness.POSSIBLE),
        (PROJECT, REEF, {"status": "active"}, False, merge.Likeness.POSSIBLE),
        (PROJECT, REEF, {"title": "Forest"}, False, merge.Likeness.NONE),
        (PROJECT, REEF, {"title": "Forest"}, True, merge.Likeness.NONE),
        (PROJECT, WORDS, {"title": "Forest"}, True, merge.Likeness.POSSIBLE),
        (LOG, TV, {}, False, merge.Likeness.SURE),
        (LOG, TV, {"notes": "more"}, False, merge.Likeness.POSSIBLE),
        (LOG, TV, {"notes": "more"}, True, merge.Likeness.POSSIBLE),
        (LOG, TV, {"channel": "Web"}, True, merge.Likeness.NONE),
        (LOG, DATED, {"notes": "more"}, True, merge.Likeness.SURE),
        (LOG, DATED, {"channel": "Web"}, False, merge.Likeness.POSSIBLE),
        (LOG, DATED, {"date": "2026-01-02"}, False, merge.Likeness.NONE),
    ],
)
def test_a_record_is_known_by_what_it_says_but_not_by_what_many_say_alike(
    spec: EntitySpec, sent: dict[str, Value], says: dict[str, Value], *, is_edited: bool, likeness: merge.Likeness
) -> None:
    edited_at = MADE + timedelta(minutes=is_edited)
    record = Present("7", {**sent, **says}, created_at=MADE, edited_at=edited_at)

    assert merge.likeness(spec, sent, record) is likeness


def test_a_record_of_which_no_times_are_known_may_have_been_edited() -> None:
    assert merge.likeness(PROJECT, REEF, Present("7", WORDS)) is merge.Likeness.SURE
