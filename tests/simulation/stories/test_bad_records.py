"""A record that cannot be read, or is not what it says, harms no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.errors import Down, OtherShape, Refused, SyncError
from navsync.fields import SPECS
from navsync.model import EntityType, Mapping, Observation, Present, Side, State, Trashed, Value, WorkKind
from tests.contract.memory_store import MemoryLedger
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY


def ticks(world: World, count: int) -> None:
    """Rounds of the schedule, whatever they leave for later."""
    for _ in range(count):
        world.clock.advance(timedelta(minutes=15))
        world.put(WorkKind.SWEEP)
        world.slice()


# --- a read that fails ------------------------------------------------------------------------------------------------


def cannot_be_read(world: World, monkeypatch: pytest.MonkeyPatch, broken: str, error: SyncError) -> None:
    read: Callable[[EntityType, str], Observation] = world.platform.read

    def fails(entity_type: EntityType, id: str) -> Observation:
        if id == broken:
            raise error
        return read(entity_type, id)

    monkeypatch.setattr(world.platform, "read", fails)


@pytest.mark.parametrize("error", [Down("500"), Refused("422")])
def test_a_deletion_is_believed_though_the_first_other_record_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch, error: SyncError
) -> None:
    broken, gone, _ = (world.new_project(title=title) for title in ("Broken", "Gone", "There"))
    world.settle()
    page = world.page_of(gone)

    cannot_be_read(world, monkeypatch, broken, error)
    world.platform.remove(PROJECT, gone)
    world.touched(Side.NAVIMPACT, gone)
    ticks(world, 2)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)


def test_where_none_of_the_others_can_be_read_a_missing_record_proves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(6)]
    world.settle()
    gone, *others = ids
    page = world.page_of(gone)

    world.platform.remove(PROJECT, gone)
    for id in others:
        cannot_be_read(world, monkeypatch, id, Refused("422"))
    world.touched(Side.NAVIMPACT, gone)
    ticks(world, 4)

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [trouble.code for trouble in world.mapping_of(gone).troubles] == ["failing"]


def test_an_exception_that_nobody_foresaw_holds_up_no_other_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = world.new_project(title="bad"), world.new_project(title="good")
    world.settle()
    read, page = world.notion_side.read, world.page_of(bad)

    def misread(entity_type: EntityType, id: str) -> Observation:
        if id == page:
            raise KeyError("properties")
        return read(entity_type, id)

    with monkeypatch.context() as broken:
        broken.setattr(world.notion_side, "read", misread)
        world.edit(Side.NAVIMPACT, bad, title="bad, edited")
        world.edit(Side.NAVIMPACT, good, title="good, edited")

        ended = world.slice()

    assert ended.failed == 1
    assert world.value(Side.NOTION, world.page_of(good), "title") == "good, edited"
    assert "KeyError" in world.mapping_of(bad).troubles[0].cause
    world.settle()
    assert world.value(Side.NOTION, page, "title") == "bad, edited"


# --- a mapping of another release -------------------------------------------------------------------------------------


def test_a_mapping_that_a_later_release_wrote_holds_nobody_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    newer, other = world.new_project(title="Newer"), world.new_project(title="Other")
    world.settle()
    outgrown, of_entity = world.mapping_of(newer).id, MemoryLedger.of_entity

    def readable(ledger: MemoryLedger, entity: object) -> Mapping | None:
        mapping = of_entity(ledger, entity)  # type: ignore[arg-type]
        if mapping is not None and mapping.id == outgrown:
            raise OtherShape("written by another version")
        return mapping

    monkeypatch.setattr(MemoryLedger, "of_entity", readable)
    world.touched(Side.NAVIMPACT, newer)
    world.clock.advance(timedelta(seconds=1))
    world.edit(Side.NAVIMPACT, other, title="Edited")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(other), "title") == "Edited"


def test_work_about_a_kind_of_record_that_only_a_later_release_knows_holds_nobody_up(world: World) -> None:
    other = world.new_project(title="Other")
    world.settle()

    world.put(WorkKind.ENTITY, "press_review/7")
    world.clock.advance(timedelta(seconds=1))
    world.edit(Side.NAVIMPACT, other, title="Edited")
    world.slice()

    assert world.value(Side.NOTION, world.page_of(other), "title") == "Edited"


# --- a row that came from another database ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_ours", [False, True])
def test_a_story_moved_among_the_logs_is_not_taken_for_the_log_of_that_number(is_ours: bool) -> None:
    world = World(entity_types=tuple(SPECS))
    project = world.platform.create(PROJECT, {"title": "Reef"}, key="p").id
    story = world.platform.create(STORY, {"title": "Tale", "project": (project,)}, key="s").id
    world.platform.last_id[0] -= 1  # NavImpact counts each collection for itself
    required: dict[str, Value] = {"activity_type": "Ad", "channel": "TV", "date": "2026-01-01", "project": (project,)}
    log = world.platform.create(LOG, required, key="l").id
    assert log == story
    adder = world.notion_side if is_ours else world.person
    row = adder.add_row(LOG, {"notes": "typed by a person"}, key=f"{STORY}/{story}").id

    world.connect()  # again, after it was erased: nothing is paired
    ticks(world, 4)

    seen = world.shown(Side.NOTION, row, LOG)
    assert isinstance(seen, Present)
    assert seen.values["notes"] == "typed by a person"
    assert world.value(Side.NAVIMPACT, log, "notes", LOG) is None
    assert world.mapping_of(log, LOG).state is State.LINKED
    assert world.page_of(log, LOG) != row
