"""A write is interrupted, or somebody edits what is being written: nothing is lost, and it is told to the end."""

from __future__ import annotations

import pytest

from navsync.errors import Refused
from navsync.model import EntityType, Present, Side, Values
from tests.simulation.stories.scenes import both
from tests.simulation.world import World


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
