"""What people decide of conflicts and deletions: the whole core, step by step."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from navsync import views
from navsync.engine import journal
from navsync.errors import Refused
from navsync.model import (
    Direction,
    EntityRef,
    EntityType,
    Gone,
    Observation,
    Operation,
    Present,
    Settings,
    Side,
    State,
    Trashed,
    Value,
    Values,
    WorkKind,
)
from tests.contract.memory import PERSON
from tests.simulation.stories.scenes import both, choose, in_conflict, in_trash, newest, stopped_mass_deletion
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY


# --- conflicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("winner", "value"), [(Side.NAVIMPACT, "Ours"), (Side.NOTION, "Theirs")])
def test_a_conflict_ends_with_the_value_of_the_side_that_a_person_chose(world: World, winner: Side, value: str) -> None:
    id = in_conflict(world)

    choose(world, id, winner)

    assert both(world, id) == (value, value)
    assert world.mapping_of(id).conflicts == ()


def test_the_value_that_lost_is_in_the_log_with_who_chose(world: World) -> None:
    id = in_conflict(world)

    run = choose(world, id, "notion")

    (change,) = newest(world, Operation.UPDATE).changes
    assert (change.side, change.old, change.new) == (Side.NAVIMPACT, "Ours", "Theirs")
    chosen = newest(world, Operation.RESOLVE)
    assert (chosen.actor, chosen.run_id) == ("ann", run)


def test_a_winner_that_is_put_back_before_it_travels_is_carried_over_too(world: World) -> None:
    id = in_conflict(world)
    page, before = world.page_of(id), world.mapping_of(id).conflicts[0].base
    reads = iter([True])

    def put_back(called: str, applied: bool) -> None:
        if called == "navimpact read" and applied and next(reads, False):
            world.edit(Side.NOTION, page, title=before)

    world.navimpact.fault = put_back
    choose(world, id, "notion")

    assert both(world, id) == (before, before)


def test_an_edit_made_after_the_choice_is_a_conflict_again(world: World) -> None:
    id = in_conflict(world)
    page = world.page_of(id)
    seen = world.person.read(PROJECT, page)
    assert isinstance(seen, Present)
    world.person.update(PROJECT, page, {"title": "Theirs, again"}, seen=seen)

    choose(world, id, "navimpact")

    assert both(world, id) == ("Ours", "Theirs, again")
    assert [c.field for c in world.mapping_of(id).conflicts] == ["title"]


@pytest.mark.parametrize(
    ("side", "value", "who", "how"),
    [(Side.NAVIMPACT, "Theirs", "navimpact", "both sides say the same"),
     (Side.NOTION, "Ours", PERSON, "both sides say the same"),
     (Side.NOTION, "Reef", PERSON, "changed on navimpact")],
)  # fmt: skip
def test_a_conflict_that_an_edit_has_ended_is_told_with_how_and_by_whom(
    world: World, side: Side, value: str, who: str, how: str
) -> None:
    id = in_conflict(world)
    record, said = (id, "Ours") if side is Side.NAVIMPACT else (world.page_of(id), "Theirs")

    world.edit(side, record, title=value)
    world.settle()

    (row,) = world.logs(Operation.RESOLVE)
    (edit,) = row.changes
    assert (row.actor, row.message) == (who, f"title: no conflict any more, {how}")
    assert (edit.side, edit.old, edit.new) == (side, said, value)
    assert world.mapping_of(id).conflicts == ()


def test_a_conflict_whose_column_is_lost_is_not_told_as_ended(world: World) -> None:
    id = in_conflict(world)

    world.notion_side.break_property(PROJECT, "title", "it was deleted")
    world.edit(Side.NAVIMPACT, id, budget=Decimal(7))
    world.settle()

    assert (world.mapping_of(id).conflicts, world.logs(Operation.RESOLVE)) == ((), [])


def test_a_choice_between_values_that_are_not_listed_any_more_changes_nothing(world: World) -> None:
    id = in_conflict(world)
    (seen,) = world.mapping_of(id).conflicts
    world.edit(Side.NAVIMPACT, id, title="Newer")
    world.settle()

    world.decide(WorkKind.RESOLVE, f"{world.mapping_of(id).id}/title/{seen.version}", "navimpact")

    assert both(world, id) == ("Newer", "Theirs")


def test_clearing_a_field_can_win(world: World) -> None:
    id = world.new_project(budget=Decimal(5))
    world.settle()
    world.edit(Side.NAVIMPACT, id, budget=None)
    world.edit(Side.NOTION, world.page_of(id), budget=Decimal(7))
    world.settle()

    choose(world, id, "navimpact")

    assert both(world, id, "budget") == (None, None)


# --- deletions --------------------------------------------------------------------------------------------------------


def test_a_rejected_deletion_makes_no_second_record_while_navimpact_hides_the_first(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.person.restore(PROJECT, in_trash(world, id))
    hidden = dict(world.platform.records)
    world.platform.records.clear()
    reads = iter([True])

    def show(called: str, applied: bool) -> None:
        if called == "navimpact read" and applied and next(reads, False):
            world.platform.records.update(hidden)

    world.navimpact.fault = show
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "reject")

    assert list(world.platform.records) == [(PROJECT, id)]
    assert world.mapping_of(id).state is State.LINKED


def test_an_approved_deletion_deletes_the_record_in_navimpact(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    in_trash(world, id)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert isinstance(world.shown(Side.NAVIMPACT, id), Gone)
    assert world.mapping_of(id).state is State.DELETED


def test_what_an_approved_deletion_destroys_is_in_the_log_before_it_happens(world: World) -> None:
    id = world.new_project(title="Reef")
    story = world.platform.create(STORY, {"title": "Fishers", "description": "All of it", "project": (id,)}, key="k")
    world.put(WorkKind.ENTITY, f"{STORY}/{story.id}")
    world.settle()
    in_trash(world, id)
    known: list[dict[str, object]] = []

    def at_the_delete(call: str, applied: bool) -> None:
        if call == "navimpact remove" and not applied:
            known.extend({c.field: c.old for c in log.changes} for log in world.logs(Operation.DELETE))

    world.navimpact.fault = at_the_delete
    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert {(k.get("title"), k.get("description")) for k in known} == {("Reef", None), ("Fishers", "All of it")}


def test_a_record_edited_after_the_page_was_trashed_is_not_deleted_even_when_approved(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, id)
    seen = world.platform.read(PROJECT, id)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, id, {"title": "Still wanted"}, seen=seen)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert world.value(Side.NOTION, page, "title") == "Still wanted"


def too_long(world: World, id: str) -> None:
    world.edit(Side.NAVIMPACT, id, project_type="x" * 101)


def refused(world: World, id: str) -> None:
    def refuse(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            raise Refused("a rule of that database", field="budget")

    world.notion.fault = refuse
    world.edit(Side.NAVIMPACT, id, budget=Decimal(7))


def without_column(world: World, id: str) -> None:
    world.notion_side.break_property(PROJECT, "budget", "it was deleted")
    world.edit(Side.NAVIMPACT, id, budget=Decimal(7))


@pytest.fixture(params=[too_long, refused, without_column])
def out_of_reach(world: World, request: pytest.FixtureRequest) -> tuple[str, str]:
    """A record with an edit that cannot reach its page, and the page, in the trash."""
    id = world.new_project(title="Reef")
    world.settle()
    request.param(world, id)
    world.settle()
    return id, in_trash(world, id)


def test_an_edit_that_cannot_reach_a_page_does_not_bring_it_back(world: World, out_of_reach: tuple[str, str]) -> None:
    id, page = out_of_reach

    for _ in range(3):
        world.clock.advance(timedelta(hours=7))
        world.touched(Side.NAVIMPACT, id)
        world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_who_is_asked_about_a_deletion_is_told_of_what_notion_never_showed(
    world: World, out_of_reach: tuple[str, str]
) -> None:
    (trouble,) = world.mapping_of(out_of_reach[0]).troubles

    assert trouble.code == "approve_delete"
    assert trouble.cause.split("NavImpact says what Notion never showed, in ")[-1] in ("Project type.", "Budget.")


def test_who_is_asked_is_told_of_what_was_never_to_be_seen_in_notion_at_all() -> None:
    world = World(Settings(field_directions={"media_project.budget": Direction.TO_NAVIMPACT}))
    world.connect()
    id = world.new_project(budget=Decimal(7))
    world.settle()

    in_trash(world, id)

    (trouble,) = world.mapping_of(id).troubles
    assert trouble.cause.endswith("NavImpact says what Notion never showed, in Budget.")


def told_of_pages(world: World) -> list[Value]:
    """What the history holds of what pages said as they went to the trash."""
    rows = world.logs(Operation.UNLINK)
    return [change.old for row in rows for change in row.changes if change.side is Side.NOTION]


def test_what_was_just_typed_on_a_page_is_in_the_history_and_named_when_another_throws_it_away(world: World) -> None:
    id = world.new_project(title="Reef", description="Old")
    world.settle()
    world.person.edit(world.page_of(id), {"description": "Old, and Ann's words"})

    in_trash(world, id)

    (trouble,) = world.mapping_of(id).troubles
    assert trouble.cause.endswith("Its page says what NavImpact never had, in Description.")
    assert told_of_pages(world) == ["Old, and Ann's words"]


def test_a_held_edit_of_a_page_is_in_the_history_and_named_when_it_is_thrown_away() -> None:
    world = World(Settings(field_directions={"media_project.budget": Direction.TO_NOTION}))
    world.connect()
    id = world.new_project(budget=Decimal(1))
    world.settle()
    world.edit(Side.NOTION, world.page_of(id), budget=Decimal(7))
    world.settle()

    in_trash(world, id)

    (trouble,) = world.mapping_of(id).troubles
    assert trouble.cause.endswith("Its page says what NavImpact never had, in Budget.")
    assert told_of_pages(world) == [Decimal(7)]


def test_what_was_typed_between_two_times_in_the_trash_is_in_the_history_before_the_record_goes(world: World) -> None:
    id = world.new_project(title="Reef", description="Old")
    world.settle()
    page = in_trash(world, id)
    world.person.restore(PROJECT, page)
    world.person.edit(page, {"description": "Old, and Ann's words"})
    world.person.remove(PROJECT, page)

    for _ in range(2):  # who did not know of it is asked anew
        world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert isinstance(world.shown(Side.NAVIMPACT, id), Gone)
    assert "Old, and Ann's words" in told_of_pages(world)


def test_of_a_record_that_notion_showed_whole_nothing_more_is_told(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    in_trash(world, id)

    assert [trouble.cause for trouble in world.mapping_of(id).troubles] == [journal.TRASHED_PROJECT.cause]
    assert told_of_pages(world) == []


def since(world: World, id: str) -> datetime | None:
    """Since when people are told that a deletion waits."""
    mapping = world.mapping_of(id)
    (item,) = views.attention(mapping)
    assert item["since"] == views.approval(mapping)["since"]
    return datetime.fromisoformat(item["since"])


def test_a_deletion_waits_since_it_was_met_and_not_since_the_record_was_in_step(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.clock.advance(timedelta(days=3))
    met = world.clock()

    in_trash(world, id)
    first = since(world, id)
    world.clock.advance(timedelta(days=2))
    too_long(world, id)
    world.settle()

    assert (first, since(world, id)) == (met, met)


def test_a_deletion_that_waits_again_waits_since_then(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    world.person.restore(PROJECT, in_trash(world, id))
    world.touched(Side.NOTION, world.page_of(id))
    world.settle()
    assert not any(trouble.since for trouble in world.mapping_of(id).troubles)
    world.clock.advance(timedelta(days=3))
    met = world.clock()

    in_trash(world, id)

    assert since(world, id) == met


def test_many_deletions_that_wait_say_since_when(world: World) -> None:
    world.clock.advance(timedelta(days=3))

    id, *_ = stopped_mass_deletion(world)

    told = since(world, id)
    assert told is not None
    assert world.clock() - told < timedelta(minutes=5)


def test_an_edit_that_cannot_be_shown_is_told_of_though_the_deletion_waits_already(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    in_trash(world, id)
    asked = len(world.logs(Operation.UNLINK))

    too_long(world, id)
    world.settle()

    (trouble,) = world.mapping_of(id).troubles
    assert (world.mapping_of(id).state, "never showed" in trouble.cause) == (State.AWAITING_APPROVAL, True)
    assert len(world.logs(Operation.UNLINK)) == asked


def test_what_never_reached_the_page_is_in_the_log_when_the_record_goes(
    world: World, out_of_reach: tuple[str, str]
) -> None:
    id, _ = out_of_reach

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert isinstance(world.shown(Side.NAVIMPACT, id), Gone)
    assert {"x" * 101, Decimal(7)} & {change.old for change in newest(world, Operation.DELETE).changes}


def test_an_edit_that_can_be_shown_again_brings_the_page_back(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    too_long(world, id)
    world.settle()
    page = in_trash(world, id)

    world.edit(Side.NAVIMPACT, id, project_type="film")
    world.settle()

    assert world.value(Side.NOTION, page, "project_type") == "film"


def test_a_page_in_conflict_can_be_thrown_away_and_the_question_names_what_it_does_not_show(world: World) -> None:
    id = in_conflict(world)

    page = in_trash(world, id)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    (trouble,) = world.mapping_of(id).troubles
    assert trouble.cause.endswith("NavImpact says what Notion never showed, in Title.")


def test_an_edit_after_the_conflict_was_listed_brings_the_page_back(world: World) -> None:
    id = in_conflict(world)
    page = in_trash(world, id)

    world.edit(Side.NAVIMPACT, id, title="Newer")
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [(c.navimpact, c.notion) for c in world.mapping_of(id).conflicts] == [("Newer", "Theirs")]


@pytest.mark.parametrize(("winner", "shown"), [(Side.NAVIMPACT, Present), (Side.NOTION, Trashed)])
def test_of_a_page_thrown_away_in_conflict_it_can_still_be_chosen_who_wins(
    world: World, winner: Side, shown: type[Observation]
) -> None:
    id = in_conflict(world)
    page = in_trash(world, id)

    choose(world, id, winner)

    assert isinstance(world.shown(Side.NOTION, page), shown)


def test_a_rejected_deletion_takes_the_page_out_of_the_trash(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, id)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "reject")

    assert world.value(Side.NOTION, page, "title") == "Reef"
    assert world.mapping_of(id).state is State.LINKED


def test_an_approved_mass_deletion_trashes_the_page(world: World) -> None:
    id, *_ = stopped_mass_deletion(world)
    page = world.page_of(id)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_a_rejected_mass_deletion_makes_the_record_again(world: World) -> None:
    id, *_ = stopped_mass_deletion(world)
    page, mapping = world.page_of(id), world.mapping_of(id)

    world.decide(WorkKind.DECIDE, str(mapping.id), "reject")

    again = world.store.of(1).mappings[mapping.id]
    assert again.entity_id not in (None, id)
    assert world.value(Side.NAVIMPACT, str(again.entity_id), "title") == world.value(Side.NOTION, page, "title")


def test_a_page_that_cannot_be_read_whole_is_not_trashed_unasked(world: World) -> None:
    id = world.new_project(title="Reef", description="agreed")
    world.settle()
    page = world.page_of(id)
    world.person.edit(page, {"description": "typed before the column went"})
    world.notion_side.break_property(PROJECT, "description", "deleted")
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [t.code for t in world.mapping_of(id).troubles] == ["unread_deletion"]


def test_a_decision_on_what_waits_no_more_changes_nothing(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")

    assert both(world, id) == ("Reef", "Reef")


def test_a_row_whose_column_was_lost_before_anybody_read_it_is_not_trashed_unasked(world: World) -> None:
    page = world.new_row(title="Reef", budget=Decimal(5))
    world.notion_side.break_property(PROJECT, "budget", "deleted")
    world.settle()
    ((kind, id),) = world.platform.records
    assert world.value(Side.NAVIMPACT, id, "budget") is None

    world.platform.remove(kind, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [t.code for t in world.mapping_of(id).troubles] == ["unread_deletion"]


# --- very long texts --------------------------------------------------------------------------------------------------

MEGABYTE = "\n\n".join(f"Paragraph {n}: {'words of a very long story ' * 20}" for n in range(1_900))


def story_in_conflict(world: World) -> tuple[str, str]:
    project = world.new_project()
    told: Values = {"title": "Fishers", "description": MEGABYTE, "project": (project,)}
    story = world.platform.create(STORY, told, key="k")
    world.put(WorkKind.ENTITY, f"{STORY}/{story.id}")
    world.settle()
    page = str(world.store.of(1).mappings[world.store.of(1).pairs[EntityRef(STORY, story.id)]].page_id)
    for side, port, id in ((Side.NAVIMPACT, world.platform, story.id), (Side.NOTION, world.person, page)):
        seen = port.read(STORY, id)
        assert isinstance(seen, Present)
        port.update(STORY, id, {"description": f"{side} {seen.values['description']}"}, seen=seen)
    world.put(WorkKind.ENTITY, f"{STORY}/{story.id}")
    world.settle()
    return story.id, page


def description(world: World, id: str) -> str:
    shown = world.platform.read(STORY, id)
    assert isinstance(shown, Present)
    return str(shown.values["description"])


def test_a_story_of_a_megabyte_conflicts_is_resolved_and_is_put_back(world: World) -> None:
    id, _ = story_in_conflict(world)
    mapping = world.store.of(1).mappings[world.store.of(1).pairs[EntityRef(STORY, id)]]
    (conflict,) = mapping.conflicts
    assert len(str(conflict.navimpact)) > 1_000_000

    world.decide(WorkKind.RESOLVE, f"{mapping.id}/description/{conflict.version}", "notion")
    assert description(world, id).startswith("notion Paragraph 0")

    world.decide(WorkKind.REVERT, f"log/{newest(world, Operation.UPDATE).id}")
    assert description(world, id).startswith("navimpact Paragraph 0")
