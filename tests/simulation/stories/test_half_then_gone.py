"""A story of which a page shows only a part, for the worker stopped half way, is deleted: what comes back?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.errors import MissingCapability, Refused, SyncError, Unavailable, Unclear
from navsync.model import Direction, Lane, Operation, Outcome, Settings, Side, State, SyncLog, Work, WorkKind
from tests.simulation.faults import fail_always
from tests.simulation.stories.halves import (
    AFTER,
    KILLED,
    LONG,
    NEW,
    OLD,
    STORY,
    a_world,
    come_to_rest,
    half_made,
    half_rewritten,
    half_undone,
    interrupted,
    rewrite,
    story,
    type_on_page,
)
from tests.simulation.stories.rules import change
from tests.simulation.stories.scenes import delete
from tests.simulation.world import World


@pytest.fixture
def world() -> World:
    return a_world()


BEGINNINGS = pytest.mark.parametrize(
    ("begin", "whole"),
    [(half_rewritten, NEW), (half_undone, OLD), (half_made, LONG)],
    ids=["rewritten", "undone", "made"],
)


def pages(world: World) -> list[str]:
    return [page.id for page in world.notion_side.pages.values() if page.entity_type is STORY]


def lines_of(text: object) -> list[str]:
    return [line for line in str(text or "").split("\n") if line]


def said(world: World) -> tuple[list[list[str]], list[list[str]]]:
    """What the stories say in NavImpact, and on the pages that are not in the trash."""
    records = [record.fields for (kind, _), record in world.platform.records.items() if kind is STORY]
    live = [world.notion_side.pages[page] for page in pages(world) if page in world.live_pages()]
    return [lines_of(each["description"]) for each in records], [lines_of(page.values["description"]) for page in live]


def deleted(world: World, id: str) -> None:
    """Somebody deletes the record in NavImpact."""
    world.new_child(STORY, "1", title="Another")  # a NavImpact that shows nothing of ours proves no deletion
    delete(world, id, STORY)


def row_of_deletion(world: World) -> SyncLog:
    (row,) = (row for row in world.logs(Operation.DELETE) if row.entity_type is STORY)
    assert row.outcome is Outcome.SUCCESS
    return row


def undo(world: World) -> None:
    world.decide(WorkKind.REVERT, f"log/{row_of_deletion(world).id}")


def take_out(world: World) -> None:
    """Somebody takes the page out of the trash."""
    page = pages(world)[0]
    world.person.restore(STORY, page)
    world.touched(Side.NOTION, page, STORY)


@AFTER
@BEGINNINGS
@pytest.mark.parametrize("bring_back", [undo, take_out])
def test_a_half_written_story_that_was_deleted_comes_back_whole(
    world: World, begin: Callable[[World, int], str], whole: list[str], after: int, bring_back: Callable[[World], None]
) -> None:
    deleted(world, begin(world, after))
    assert said(world) == ([[]], [[]])

    bring_back(world)
    come_to_rest(world)

    assert said(world) == ([[], whole], [whole, []])


@AFTER
@BEGINNINGS
def test_a_half_written_story_whose_deletion_a_person_rejects_comes_back_whole(
    world: World, begin: Callable[[World, int], str], whole: list[str], after: int
) -> None:
    id = begin(world, after)
    world.notion_side.break_property(STORY, "stakeholder_name", "deleted")
    deleted(world, id)
    waiting = world.mapping_of(id, STORY)
    assert waiting.state is State.AWAITING_APPROVAL

    world.decide(WorkKind.DECIDE, str(waiting.id), "reject")
    come_to_rest(world)

    assert said(world) == ([[], whole], [whole, []])


@AFTER
@pytest.mark.parametrize("trash_hides_bodies", [False, True])
def test_the_history_tells_of_what_was_deleted_whole(world: World, after: int, trash_hides_bodies: bool) -> None:
    world.notion_side.trash_hides_bodies = trash_hides_bodies
    deleted(world, half_rewritten(world, after))

    (told,) = (change.old for change in row_of_deletion(world).changes if change.field == "description")

    assert lines_of(told) == NEW


@AFTER
@BEGINNINGS
@pytest.mark.parametrize("bring_back", [undo, take_out])
def test_a_story_whose_rest_notion_does_not_take_comes_back_whole_in_navimpact(
    world: World, begin: Callable[[World, int], str], whole: list[str], after: int, bring_back: Callable[[World], None]
) -> None:
    id = begin(world, after)

    def refuse(called: str, applied: bool) -> None:
        if called == "notion update" and not applied:
            raise Refused("too many blocks", field="description")

    world.notion.fault = refuse
    deleted(world, id)
    bring_back(world)
    come_to_rest(world)

    assert said(world)[0] == [[], whole]


@AFTER
@BEGINNINGS
@pytest.mark.parametrize("failure", [Unavailable, MissingCapability, Unclear])
def test_a_half_written_story_that_was_deleted_goes_though_notion_takes_nothing_for_it(
    world: World, begin: Callable[[World, int], str], whole: list[str], after: int, failure: type[SyncError]
) -> None:
    id = begin(world, after)
    world.notion.fault = fail_always("notion update", failure("not this body"))

    deleted(world, id)

    assert said(world) == ([[]], [[]])
    assert row_of_deletion(world).outcome is Outcome.SUCCESS


@AFTER
@BEGINNINGS
def test_nothing_is_written_on_a_half_page_that_is_thrown_away(
    world: World, begin: Callable[[World, int], str], whole: list[str], after: int
) -> None:
    id = begin(world, after)
    before = world.notion.calls.count("notion update")

    deleted(world, id)

    assert said(world) == ([[]], [[]])
    assert world.notion.calls.count("notion update") == before


def test_a_run_that_writes_only_in_navimpact_writes_nothing_on_a_half_page_of_a_deleted_story(world: World) -> None:
    id = half_rewritten(world, 1)
    page = world.notion_side.pages[world.page_of(id, STORY)]
    lines = str(page.values["description"]).split("\n")
    world.clock.advance(timedelta(minutes=1))
    world.person.edit(page.id, {"stakeholder_name": "Ann"})
    world.new_child(STORY, "1", title="Another")
    world.platform.remove(STORY, id)
    mapping = world.mapping_of(id, STORY)
    world.store.of(1).work.clear()

    for _ in range(3):
        nonce, now = str(next(world.ids)), world.clock()
        world.desk.put(
            Work(Lane.LIVE, WorkKind.MAPPING, str(mapping.id), nonce, now, "run", direction=Direction.TO_NAVIMPACT)
        )
        world.slice()
        world.clock.advance(timedelta(seconds=15))

    assert str(page.values["description"]).split("\n") == lines
    assert said(world)[0] == [[], NEW]


@AFTER
def test_a_half_page_is_left_alone_where_nothing_syncs_to_notion_any_more(world: World, after: int) -> None:
    id = half_rewritten(world, after)
    page = world.notion_side.pages[world.page_of(id, STORY)]
    half = page.values["description"]
    change(world, settings=Settings(direction=Direction.TO_NAVIMPACT))

    deleted(world, id)
    come_to_rest(world)

    assert (page.values["description"], page.in_trash) == (half, False)


@AFTER
def test_a_merged_text_of_which_the_page_shows_a_half_outlives_the_deletion_whole(world: World, after: int) -> None:
    id = story(world)
    rewrite(world, id, NEW)
    type_on_page(world, -1, " And theirs.")
    interrupted(world, after, KILLED)

    deleted(world, id)
    come_to_rest(world)

    merged = [*NEW[:-1], f"{NEW[-1]} And theirs."]
    assert said(world) == ([[], merged], [merged, []])


@AFTER
def test_a_merged_text_outlives_the_deletion_whole_in_navimpact_where_notion_does_not_take_the_rest(
    world: World, after: int
) -> None:
    id = story(world)
    rewrite(world, id, NEW)
    type_on_page(world, -1, " And theirs.")
    interrupted(world, after, KILLED)
    world.notion.fault = fail_always("notion update", Refused("too many blocks", field="description"))

    deleted(world, id)
    come_to_rest(world)

    assert said(world)[0] == [[], [*NEW[:-1], f"{NEW[-1]} And theirs."]]


def test_what_a_person_types_into_the_half_outlives_the_deletion(world: World) -> None:
    id = half_rewritten(world, 1)
    page = world.page_of(id, STORY)
    shown = str(world.notion_side.pages[page].values["description"]).split("\n")
    world.clock.advance(timedelta(minutes=1))
    world.person.edit(page, {"description": "\n".join([f"{shown[0]} A person was here.", *shown[1:]])})

    deleted(world, id)
    come_to_rest(world)

    records, live = said(world)
    assert records[1] == live[0]
    assert records[1][0] == f"{shown[0]} A person was here."
