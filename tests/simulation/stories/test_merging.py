"""What becomes of a long text that people edit on both sides at once."""

from __future__ import annotations

import pytest

from navsync.engine.watch import SWINGS
from navsync.errors import Refused, Unavailable
from navsync.model import Base, EntityType, Operation, Outcome, Present, Side, Trashed, Value, WorkKind
from tests.simulation.faults import fail_always, fail_once
from tests.simulation.stories.scenes import both, choose
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY
PHOTO = f"![photo](data:image/png;base64,{'A' * 210_000})"
"""Longer than a block in Notion."""


@pytest.fixture
def world() -> World:
    world = World(entity_types=(PROJECT, STORY))
    world.connect()
    return world


def project(world: World, description: str) -> str:
    id = world.new_project(description=description)
    world.settle()
    return id


def story(world: World, description: str) -> str:
    id = world.new_child(STORY, project(world, "Of stories"), title="Fishers", description=description)
    world.settle()
    return id


def edit_both(world: World, id: str, kind: EntityType, navimpact: str, notion: str) -> None:
    """Before any sync has seen one of them. NavImpact keeps what is typed there as it was typed."""
    world.edit(Side.NAVIMPACT, id, kind, description=navimpact)
    world.platform.records[kind, id].fields["description"] = navimpact
    world.edit(Side.NOTION, world.page_of(id, kind), kind, description=notion)
    world.settle()


def texts(world: World, id: str, kind: EntityType) -> tuple[Value, Value]:
    return (
        world.value(Side.NAVIMPACT, id, "description", kind),
        world.value(Side.NOTION, world.page_of(id, kind), "description", kind),
    )


def look_again(world: World, id: str, kind: EntityType = PROJECT) -> None:
    world.touched(Side.NOTION, world.page_of(id, kind), kind)
    world.settle()
    world.reconcile()


# --- both halves, or none ---------------------------------------------------------------------------------------------


def test_words_that_notion_cannot_hold_are_not_lost_when_its_page_is_edited(world: World) -> None:
    id = story(world, "The river was grey.\n\nNow it is clean.")
    typed = f"The river was grey. We counted 312 fish.\n\n{PHOTO}\n\nNow it is clean."

    edit_both(world, id, STORY, typed, "The river was grey.\nNow it is clean. Children swim.")
    look_again(world, id, STORY)

    assert texts(world, id, STORY) == (typed, "The river was grey.\nNow it is clean. Children swim.")
    (told,) = world.mapping_of(id, STORY).troubles
    assert "both edits together cannot be carried to notion" in told.cause


def test_a_page_that_could_show_one_edit_and_not_both_together_can_be_thrown_away(world: World) -> None:
    text = "The reef is dying." + " Word." * 33_300
    id = project(world, text)
    page = world.page_of(id)
    edit_both(world, id, PROJECT, "Much. " * 10 + text, text + " More." * 25)
    (told,) = world.mapping_of(id).troubles
    assert "both edits together cannot be carried to notion" in told.cause

    world.person.remove(PROJECT, page)
    look_again(world, id)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_what_notion_could_not_hold_is_merged_once_it_is_shorter(world: World) -> None:
    id = story(world, "The river was grey.\n\nNow it is clean.")
    edit_both(
        world, id, STORY,
        f"The river was grey. We counted 312 fish.\n\n{PHOTO}\n\nNow it is clean.",
        "The river was grey.\nNow it is clean. Children swim.",
    )  # fmt: skip

    world.edit(Side.NAVIMPACT, id, STORY, description="The river was grey. We counted 312 fish.\n\nNow it is clean.")
    world.settle()

    assert texts(world, id, STORY) == (
        "The river was grey. We counted 312 fish.\n\nNow it is clean. Children swim.",
        "The river was grey. We counted 312 fish.\nNow it is clean. Children swim.",
    )
    assert world.mapping_of(id, STORY).troubles == ()


def test_a_merge_that_notion_refuses_is_not_written_to_navimpact_either(world: World) -> None:
    id = project(world, "one\n\ntwo")
    world.notion.fault = fail_always("notion update", Refused("not today", field="description"))

    edit_both(world, id, PROJECT, "ONE\n\ntwo", "one\n\nTWO")
    look_again(world, id)

    assert both(world, id, "description") == ("ONE\n\ntwo", "one\n\nTWO")
    assert [t.code for t in world.mapping_of(id).troubles] == ["refused"]
    told = [log for log in world.logs(Operation.UPDATE) if any(c.field == "description" for c in log.changes)]
    assert {log.outcome for log in told} == {Outcome.FAILED}


def test_a_merge_is_held_whole_though_an_automation_fights_over_one_side_of_it(world: World) -> None:
    id = project(world, "one\n\ntwo")
    page = world.page_of(id)
    for _ in range(SWINGS):
        for side, where, text in ((Side.NAVIMPACT, id, "ONE\n\nTWO"), (Side.NOTION, page, "one\n\ntwo")):
            world.edit(side, where, description=text)
            world.slice()
    world.edit(Side.NAVIMPACT, id, description="ONE\n\ntwo")
    world.edit(Side.NOTION, page, description="one\n\nTWO")

    for _ in range(2):
        world.slice()
        world.touched(Side.NOTION, page)

    assert both(world, id, "description") == ("ONE\n\ntwo", "one\n\nTWO")
    assert [t.code for t in world.mapping_of(id).troubles] == ["oscillating"]


def test_edits_of_different_paragraphs_merge_though_the_sides_spell_an_accent_in_two_ways(world: World) -> None:
    """macOS types "é" as two characters."""
    id = project(world, "Plan.")
    edit_both(world, id, PROJECT, "Caf\u00e9.\n\nTwo.\n\nThree.", "Cafe\u0301.\n\nTwo.\n\nThree.")
    assert both(world, id, "description") == ("Caf\u00e9.\n\nTwo.\n\nThree.", "Cafe\u0301.\n\nTwo.\n\nThree.")

    edit_both(world, id, PROJECT, "Caf\u00e9.\n\nTwo!\n\nThree.", "Cafe\u0301.\n\nTwo.\n\nThree?")

    assert both(world, id, "description") == ("Caf\u00e9.\n\nTwo!\n\nThree?",) * 2
    assert world.mapping_of(id).conflicts == ()


def test_a_text_that_a_merge_does_not_change_stays_spelled_as_it_was_typed(world: World) -> None:
    id = project(world, "Cafe.")

    edit_both(world, id, PROJECT, "Cafe\u0301. Two. Three.", "Caf\u00e9. Two.")
    edit_both(world, id, PROJECT, "Cafe\u0301. Two. Three.", "Caf\u00e9. Two. Three.")

    assert both(world, id, "description") == ("Cafe\u0301. Two. Three.", "Caf\u00e9. Two. Three.")


def test_a_word_that_one_side_removed_and_the_other_joined_to_its_neighbour_is_asked_about(world: World) -> None:
    id = project(world, "Our data base of films grows.")

    edit_both(world, id, PROJECT, "Our data of films grows.", "Our database of films grows.")

    assert both(world, id, "description") == ("Our data of films grows.", "Our database of films grows.")
    assert [c.field for c in world.mapping_of(id).conflicts] == ["description"]


# --- what no page would show ------------------------------------------------------------------------------------------

NOTES = "<meeting-notes>\n\tWe met.\n</meeting-notes>"


def type_in_navimpact(world: World, id: str, text: str) -> None:
    record = world.platform.records[STORY, id]
    record.fields["description"] = text
    record.version += 1
    world.touched(Side.NAVIMPACT, id, STORY)
    world.settle()


@pytest.mark.parametrize("text", [f"First.\n\n{NOTES}", f"First, then.\n\n{NOTES}", NOTES])
def test_a_text_in_a_block_that_no_page_would_show_waits_and_people_are_told(world: World, text: str) -> None:
    id = story(world, "First.")

    type_in_navimpact(world, id, text)
    look_again(world, id, STORY)

    assert texts(world, id, STORY) == (text, "First.")
    (told,) = world.mapping_of(id, STORY).troubles
    assert (told.code, "<meeting-notes>" in told.cause) == ("cannot_carry", True)


def test_a_text_in_such_a_block_travels_once_it_stands_outside(world: World) -> None:
    id = story(world, "First.")
    type_in_navimpact(world, id, f"First.\n\n{NOTES}")

    type_in_navimpact(world, id, "First.\n\nWe met.")

    assert texts(world, id, STORY)[1] == "First.\nWe met."
    assert world.mapping_of(id, STORY).troubles == ()


@pytest.mark.parametrize("text", [f"First.\n\n{NOTES}", NOTES])
def test_a_page_is_made_without_a_text_that_it_would_not_show_and_people_are_told(world: World, text: str) -> None:
    id = world.new_child(STORY, project(world, "Of stories"), title="Fishers")
    type_in_navimpact(world, id, text)
    look_again(world, id, STORY)

    assert world.value(Side.NOTION, world.page_of(id, STORY), "description", STORY) is None
    assert [t.code for t in world.mapping_of(id, STORY).troubles] == ["cannot_carry"]


def test_what_was_agreed_on_with_such_a_block_in_it_goes_on_syncing(world: World) -> None:
    id = story(world, "First.")
    mapping = world.mapping_of(id, STORY)
    world.platform.records[STORY, id].fields["description"] = f"First.\n\n{NOTES}"
    agreed = {**mapping.bases, "description": Base(f"First.\n\n{NOTES}", "First.")}
    world.store.of(1).mappings[mapping.id] = mapping.but(bases=agreed)

    world.edit(Side.NAVIMPACT, id, STORY, description=f"First, then.\n\n{NOTES}")
    world.settle()

    assert texts(world, id, STORY) == (f"First, then.\n\n{NOTES}", "First, then.")
    assert world.mapping_of(id, STORY).troubles == ()


# --- a merge that was interrupted -------------------------------------------------------------------------------------

REPORTS = [
    (
        "Reef report\n\nThe river is clean\n\nCome and see",
        "Reef report\n\nThe river is clean\n\nWe counted fish\nCome and see",
        "Reef report\nThe river is clean\nCome and see today",
    ),
    (
        "The river was grey.\n\nNow it is clean.",
        "The river was grey.\n\nWe counted fish.\nNow it is clean.",
        "A story.\nThe river was grey.\nNow it is clean.",
    ),
    (
        "Reef report\n\nThe river is clean\n\nCome and see",
        "Reef report\nWe counted fish\n\nThe river is clean\n\nCome and see",
        "Reef report\nCome and see",
    ),
]


def told(was: str, navimpact: str, notion: str, side: Side | None = None, *, applied: bool = False) -> object:
    """Both texts and the conflicts after an edit on both sides, where the first write to *side* fails."""
    world = World(entity_types=(PROJECT, STORY))
    world.connect()
    id = story(world, was)
    if side is not None:
        disturbed = world.notion if side is Side.NOTION else world.navimpact
        disturbed.fault = fail_once(f"{side} update", Unavailable("503"), applied=applied)

    edit_both(world, id, STORY, navimpact, notion)
    look_again(world, id, STORY)

    return texts(world, id, STORY), world.mapping_of(id, STORY).conflicts


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("report", REPORTS)
def test_a_merge_that_was_interrupted_ends_as_if_it_had_not_been(
    report: tuple[str, str, str], side: Side, *, applied: bool
) -> None:
    assert told(*report, side, applied=applied) == told(*report)


def test_a_story_that_was_edited_on_both_sides_keeps_the_empty_lines_that_people_typed() -> None:
    ours = "A story.\n\nThe river was grey.\n\nWe counted fish.\nNow it is clean."

    assert told(*REPORTS[1], Side.NAVIMPACT) == ((ours, ours.replace("\n\n", "\n")), ())


def test_what_is_typed_while_half_of_a_merge_is_written_is_merged_too(world: World) -> None:
    id = project(world, "One two.\n\nThree.")

    def typed_meanwhile(called: str, applied: bool) -> None:
        if called == "navimpact update" and not applied:
            world.navimpact.fault = None
            world.edit(Side.NAVIMPACT, id, description="One NAV.\n\nThree. Four.\n\nFive.")
            raise Unavailable("503")

    world.navimpact.fault = typed_meanwhile
    edit_both(world, id, PROJECT, "One NAV.\n\nThree. Four.", "Zero. One two.\n\nThree.")

    assert both(world, id, "description") == ("Zero. One NAV.\n\nThree. Four.\n\nFive.",) * 2


# --- after a choice ---------------------------------------------------------------------------------------------------


def chosen_while(world: World, typed: str, winner: Side) -> str:
    """Somebody chooses while the loser types on, in Notion."""
    id = project(world, "One two.\n\nThree.")
    edit_both(world, id, PROJECT, "One NAV.\n\nThree.", "One NOT.\n\nThree.")
    page = world.page_of(id)
    seen = world.person.read(PROJECT, page)
    assert isinstance(seen, Present)
    world.person.update(PROJECT, page, {"description": typed}, seen=seen)
    choose(world, id, winner)
    return id


def test_other_words_typed_by_the_loser_of_a_choice_are_merged_into_the_winner(world: World) -> None:
    id = chosen_while(world, "One NOT.\n\nThree. Four.", Side.NAVIMPACT)

    assert both(world, id, "description") == ("One NAV.\n\nThree. Four.",) * 2


def test_the_loser_of_a_choice_who_edits_the_same_words_is_asked_again_and_merged_later(world: World) -> None:
    id = chosen_while(world, "One NOT EVER.\n\nThree.", Side.NAVIMPACT)
    (conflict,) = world.mapping_of(id).conflicts
    assert conflict.base == "One NOT.\n\nThree."

    world.edit(Side.NOTION, world.page_of(id), description="One NOT.\n\nThree. Four.")
    world.settle()

    assert both(world, id, "description") == ("One NAV.\n\nThree. Four.",) * 2


@pytest.mark.parametrize("winner", Side)
def test_the_winner_of_a_choice_between_stories_is_on_both_sides(world: World, winner: Side) -> None:
    id = story(world, "The river was grey.\n\nThe end.")
    edit_both(world, id, STORY, "The river was blue.\n\nThe end.", "The river was green.\nThe end.")
    mapping = world.mapping_of(id, STORY)
    (conflict,) = mapping.conflicts

    world.decide(WorkKind.RESOLVE, f"{mapping.id}/description/{conflict.version}", winner)

    word = {Side.NAVIMPACT: "blue", Side.NOTION: "green"}[winner]
    assert texts(world, id, STORY) == (f"The river was {word}.\n\nThe end.", f"The river was {word}.\nThe end.")


# --- what the history tells -------------------------------------------------------------------------------------------


def test_the_history_tells_a_story_as_navimpact_spells_it_and_can_undo_that(world: World) -> None:
    id = story(world, "* The river was grey.\n\n* Now it is clean.")
    page = world.page_of(id, STORY)

    world.edit(Side.NOTION, page, STORY, description="- The river was grey.\n- Now it is clear.")
    world.settle()

    row = next(log for log in world.logs(Operation.UPDATE) if log.side is Side.NAVIMPACT)
    shown = world.value(Side.NAVIMPACT, id, "description", STORY)
    assert [change.new for change in row.changes] == [shown] == ["* The river was grey.\n\n* Now it is clear."]

    world.decide(WorkKind.REVERT, f"log/{row.id}")
    assert world.value(Side.NAVIMPACT, id, "description", STORY) == "* The river was grey.\n\n* Now it is clean."


def test_what_one_side_took_of_a_merge_is_told_as_written_though_the_other_refused(world: World) -> None:
    id = world.new_project(description="one\n\ntwo")
    world.settle()
    world.navimpact.fault = fail_always("navimpact update", Refused("too long", field="description"))

    world.edit(Side.NAVIMPACT, id, description="ONE\n\ntwo")
    world.edit(Side.NOTION, world.page_of(id), description="one\n\nTWO")
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "description") == "ONE\n\nTWO"
    done = [log for log in world.logs(Operation.UPDATE) if log.outcome is Outcome.SUCCESS]
    assert [(c.side, c.old) for log in done for c in log.changes] == [(Side.NOTION, "one\n\nTWO")]
