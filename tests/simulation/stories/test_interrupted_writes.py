"""A write is interrupted, or somebody edits what is being written: nothing is lost, and it is told to the end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from navsync.errors import Blocked, Down, Refused, Unavailable
from navsync.model import EntityType, Policy, Present, Settings, Side, Trashed, Values
from tests.simulation.faults import fail_once, once
from tests.simulation.stories.scenes import both, started
from tests.simulation.world import PROJECT, World

STORY = EntityType.IMPACT_STORY


def test_an_interrupted_write_is_told_to_the_end_when_its_record_is_gone_too(world: World) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)
    world.notion.fault = fail_once("notion update", Unavailable("503"), applied=False)
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert started(world) == []


def test_no_page_is_made_of_a_record_that_went_while_notion_blocked_us(world: World) -> None:
    until = world.clock() + timedelta(minutes=1)
    world.notion.fault = fail_once("notion create", Blocked("limit", until=until), applied=False)
    id = world.new_project()
    world.slice()

    world.platform.remove(PROJECT, id)
    world.settle()

    assert world.notion_side.pages == {}
    assert started(world) == []


def test_an_edit_between_two_writes_of_one_page_is_not_absorbed(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, update, sent = world.page_of(project), world.notion_side.update, list[str]()

    def one_field_at_a_time(entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        if len(changes) > 1:
            raise Refused("something in it")
        sent.extend(changes)
        if len(sent) == 2:
            world.person.edit(page, {sent[0]: "A person's"})
        return update(entity_type, id, changes, seen=seen)

    monkeypatch.setattr(world.notion_side, "update", one_field_at_a_time)
    world.edit(Side.NAVIMPACT, project, title="Reef 2", description="words")
    world.settle()
    world.touched(Side.NOTION, page)
    world.settle()

    assert both(world, project, sent[0]) == ("A person's", "A person's")


def test_what_was_yet_to_be_sent_when_notion_failed_arrives_later(world: World, project: str) -> None:
    answers = [Refused("something in it"), None, Down("503")]  # so each is sent by itself, and the second fails

    def fault(called: str, applied: bool) -> None:
        error = answers.pop(0) if called == "notion update" and not applied and answers else None
        if error is not None:
            raise error

    world.notion.fault = fault
    world.edit(Side.NAVIMPACT, project, title="Reef, the film", status="active", budget=Decimal(2))
    world.settle()

    said = [both(world, project, name)[1] for name in ("title", "status", "budget")]
    assert said == ["Reef, the film", "active", Decimal(2)]


def test_an_edit_of_what_was_just_written_is_no_conflict_though_the_other_side_failed() -> None:
    world = World(settings=Settings(policy=Policy.NAVIMPACT))
    world.connect()
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    def fail(called: str, applied: bool) -> None:
        if called == "navimpact update" and not applied:
            raise Unavailable("503")

    world.navimpact.fault = fail
    world.edit(Side.NOTION, page, budget=Decimal(7))
    world.store.of(1).work.clear()
    world.edit(Side.NAVIMPACT, id, title="Edited")
    world.slice()
    world.navimpact.fault = None

    world.edit(Side.NOTION, page, title="Edited, and again")
    world.settle()

    assert world.value(Side.NAVIMPACT, id, "title") == "Edited, and again"


def test_a_word_typed_into_the_very_line_that_we_write_is_not_taken_for_ours(world: World) -> None:
    story = world.new_child(STORY, world.new_project(), description="One.")
    world.settle()
    page = world.page_of(story, STORY)
    first = once("notion update", lambda: world.person.edit(page, {"description": "First: One."}), applied=False)

    world.notion.fault = first
    world.edit(Side.NAVIMPACT, story, STORY, description="Eins.")
    world.settle()

    (conflict,) = world.mapping_of(story, STORY).conflicts
    assert (conflict.navimpact, conflict.notion) == ("Eins.", "First: Eins.")
