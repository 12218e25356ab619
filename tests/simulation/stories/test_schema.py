"""A column is lost, or comes back: no word in it is lost, and no record waits for it that does not have to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from navsync.engine.watch import SWINGS
from navsync.errors import Unavailable
from navsync.model import Direction, EntityType, Operation, Present, Settings, Side, Trashed, WorkKind
from tests.simulation.faults import fail_always
from tests.simulation.stories.rules import both, only_mapping, world_of
from tests.simulation.stories.scenes import (
    brought_back_empty,
    causes,
    column_goes,
    column_is_back,
    in_trash,
    newest,
    pair_of,
    retyped_and_put_back,
    stopped_mass_deletion,
    undo,
)
from tests.simulation.world import PROJECT, World

LOG = EntityType.DISTRIBUTION_LOG


def test_a_deleted_property_keeps_no_record_from_getting_a_page(world: World) -> None:
    column_goes(world, "budget")

    id = world.new_project(title="Reef", budget=Decimal(7))
    world.settle()

    assert world.value(Side.NOTION, world.page_of(id), "title") == "Reef"


def test_a_column_that_was_lost_during_a_create_clears_nothing(world: World) -> None:
    row = world.new_row(title="Reef", description="words")
    world.navimpact.fault = fail_always("navimpact create", Unavailable("503"))
    world.slice()

    column_goes(world, "description", how="retyped")
    world.slice()
    world.notion_side.pages[row].values["description"] = None
    column_is_back(world, "description")
    world.navimpact.fault = None
    world.settle()

    assert [record.fields["description"] for record in world.platform.records.values()] == ["words"]


def test_a_column_that_was_retyped_and_put_back_within_a_minute_clears_nothing(world: World) -> None:
    id = world.new_project(title="Reef", description="words")
    world.settle()
    page = world.page_of(id)

    retyped_and_put_back(world, "description")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "description") == "words"
    assert world.value(Side.NOTION, page, "description") == "words"


def test_a_column_that_people_give_a_new_name_or_option_costs_no_look_at_a_row_that_lost_nothing(world: World) -> None:
    filled, empty = world.new_project(title="Reef", project_type="film"), world.new_project(title="Bay")
    world.settle()
    before = [world.mapping_of(id) for id in (filled, empty)]

    world.put(WorkKind.SCHEMA, f"{PROJECT}/project_type/told")

    assert world.slice().looked_at == 1
    assert [world.mapping_of(id) for id in (filled, empty)] == before


def test_a_new_option_that_somebody_chooses_travels_though_its_column_is_told_of(world: World) -> None:
    id = world.new_project(title="Reef", project_type="film")
    world.settle()

    world.person.edit(world.page_of(id), {"project_type": "series"})
    world.put(WorkKind.SCHEMA, f"{PROJECT}/project_type/told")
    world.touched(Side.NOTION, world.page_of(id))
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "project_type") == "series"


@pytest.mark.parametrize("name", ["project", "channel", "notes"])
def test_a_record_made_while_a_column_was_gone_gets_its_page_when_it_is_back(world: World, name: str) -> None:
    project = world.new_project()
    world.settle()
    column_goes(world, name, LOG)
    log = world.new_child(LOG, project, notes="words")
    world.settle()

    column_is_back(world, name, LOG)
    world.settle()

    page = world.shown(Side.NOTION, world.page_of(log, LOG), LOG)
    assert isinstance(page, Present)
    assert (page.values["project"], page.values["channel"], page.values["notes"]) == ((project,), "x", "words")


def test_a_record_made_again_keeps_what_a_column_said_that_came_back_empty(world: World) -> None:
    id = world.new_project(title="Reef", description="words")
    world.settle()
    page = world.page_of(id)
    column_goes(world, "description")
    world.settle()
    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    brought_back_empty(world, page, "description")
    world.edit(Side.NOTION, page, title="Still wanted")
    world.settle()

    (record,) = world.platform.records.values()
    assert (record.fields["title"], record.fields["description"]) == ("Still wanted", "words")
    assert world.value(Side.NOTION, page, "description") == "words"


def test_a_column_that_came_back_empty_is_filled_however_often_people_have_edited_it(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    for number in range(SWINGS):
        world.edit(Side.NAVIMPACT, id, description=f"words {number}")
        world.settle()
    page = world.page_of(id)
    column_goes(world, "description")
    world.settle()

    brought_back_empty(world, page, "description")

    assert world.value(Side.NOTION, page, "description") == f"words {SWINGS - 1}"
    assert world.mapping_of(id).troubles == ()


def test_a_record_made_again_has_the_value_of_a_column_that_is_gone() -> None:
    world = World()
    world.connect()
    id = world.new_project(title="Reef", budget=Decimal(7))
    world.settle()
    page = world.page_of(id)
    world.notion_side.break_property(PROJECT, "budget", "deleted")

    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    (record,) = world.platform.records.values()
    assert (record.values()["title"], record.values()["budget"]) == ("Still wanted", Decimal(7))


def test_a_record_made_again_tells_nobody_of_a_nul_that_nobody_typed() -> None:
    world = world_of(Settings())
    id, page = both(world, title="Reef", budget=Decimal(1))
    world.edit(Side.NAVIMPACT, id, budget=Decimal(2))
    world.edit(Side.NOTION, page, budget=Decimal(3))
    world.settle()
    (conflict,) = world.mapping_of(id).conflicts
    world.notion_side.break_property(PROJECT, "budget", "deleted")
    world.decide(WorkKind.RESOLVE, f"{world.mapping_of(id).id}/budget/{conflict.version}", "navimpact")

    world.platform.remove(PROJECT, id)
    world.edit(Side.NOTION, page, title="Still wanted")
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert not [t.cause for t in only_mapping(world).troubles if "NUL" in t.cause]


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.fixture
def unread() -> tuple[World, str, str]:
    """A description that syncs from Notion alone: somebody typed it, no webhook told, and then its column went."""
    one_way = {"media_project.description": Direction.TO_NAVIMPACT}
    world = World(settings=Settings(field_directions=one_way))
    world.connect()
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)
    world.person.edit(page, {"description": "words"})
    column_goes(world, "description")
    return world, id, page


def test_a_creation_is_not_undone_while_its_page_cannot_be_read_whole(unread: tuple[World, str, str]) -> None:
    world, _, page = unread
    (row,) = world.logs(Operation.CREATE)

    world.decide(WorkKind.REVERT, f"log/{row.id}")

    (refused,) = world.logs(Operation.REVERT)
    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert refused.message is not None
    assert refused.message.startswith("Description cannot be read on its page")


def test_what_an_undo_was_refused_for_arrives_when_its_column_is_back(unread: tuple[World, str, str]) -> None:
    world, id, page = unread
    (row,) = world.logs(Operation.CREATE)
    world.decide(WorkKind.REVERT, f"log/{row.id}")

    column_is_back(world, "description")
    world.settle()
    assert world.value(Side.NAVIMPACT, id, "description") == "words"

    world.edit(Side.NOTION, page, description=None)
    world.settle()
    world.decide(WorkKind.REVERT, f"log/{row.id}")
    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_a_page_on_which_somebody_may_have_typed_what_was_never_agreed_on_is_not_trashed_unasked(
    unread: tuple[World, str, str],
) -> None:
    world, id, page = unread

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    (trouble,) = world.mapping_of(id).troubles
    assert (trouble.code, "edited in Description, which cannot be read" in trouble.cause) == ("unread_deletion", True)


def thrown_away_unread(world: World, project: str) -> None:
    """Somebody types on the page of a project, its column is retyped, and then the page goes to the trash."""
    world.another_project()
    world.person.edit(world.page_of(project), {"description": "words"})
    column_goes(world, "description", how="retyped")
    in_trash(world, project)


def test_who_is_asked_about_a_page_is_told_of_a_column_that_cannot_be_read(world: World, project: str) -> None:
    thrown_away_unread(world, project)

    assert "Perhaps its page was edited in Description, which cannot be read." in causes(world, project)


CALLED_OTHERWISE = Settings(properties={f"{PROJECT}.description": "Story so far", f"{PROJECT}.title": "Film"})


def test_who_is_asked_about_a_page_is_told_of_columns_as_people_call_them() -> None:
    world = world_of(CALLED_OTHERWISE)
    id, _ = both(world, title="Reef")

    thrown_away_unread(world, id)

    assert "Perhaps its page was edited in Story so far, which cannot be read." in causes(world, id)


def test_who_adds_a_row_is_told_what_it_lacks_as_people_call_it() -> None:
    world = world_of(CALLED_OTHERWISE)
    page = world.new_row(description="words")
    world.settle()

    assert [trouble.cause for trouble in pair_of(world, page).troubles] == ["The row lacks Film."]


def test_an_undo_that_is_refused_names_the_column_as_people_call_it() -> None:
    world = world_of(CALLED_OTHERWISE)
    id, _ = both(world, title="Reef", description="words")
    world.edit(Side.NAVIMPACT, id, description="more words")
    world.settle()
    row = newest(world, Operation.UPDATE)
    world.edit(Side.NAVIMPACT, id, description="others")
    world.settle()

    undo(world, row)

    assert "Story so far was edited since" in (newest(world, Operation.REVERT).message or "")


def test_what_a_lost_column_said_is_recorded_when_it_is_back_before_the_record_goes(world: World, project: str) -> None:
    thrown_away_unread(world, project)
    column_is_back(world, "description")
    world.settle()
    assert "Its page says what NavImpact never had, in Description." in causes(world, project)

    world.answer(world.mapping_of(project), "approve")
    world.settle()
    assert "words" in [change.old for row in world.store.of(1).logs.values() for change in row.changes]


def test_who_approved_a_deletion_before_a_column_was_lost_is_asked_again(world: World) -> None:
    id, *_ = stopped_mass_deletion(world)
    page = world.page_of(id)
    world.person.edit(page, {"description": "words"})
    world.notion_side.break_property(PROJECT, "description", "deleted")

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [trouble.code for trouble in world.mapping_of(id).troubles] == ["unread_deletion"]

    world.decide(WorkKind.DECIDE, str(world.mapping_of(id).id), "approve")
    assert isinstance(world.shown(Side.NOTION, page), Trashed)
