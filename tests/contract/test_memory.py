"""What the sides in memory can be made to do, for simulations."""

from datetime import UTC, datetime, timedelta

import pytest

from navsync.errors import Raced, Refused, SchemaChanged
from navsync.model import EntityType, Present, Trashed, Value
from tests.contract.memory import BOT, PERSON, MemoryNavImpact, MemoryNotion
from tests.contract.stages import EXAMPLE, PROJECT

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
KEY = "media_project/1"
STORY = EntityType.IMPACT_STORY


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def late() -> timedelta:
    return timedelta(seconds=60)


def titles(side: MemoryNotion, since: datetime | None = None) -> list[Value]:
    return [record.values["title"] for record in side.changed_since(PROJECT, since, None).records]


def test_a_new_page_is_missing_from_queries_while_the_index_is_late() -> None:
    clock = Clock()
    notion = MemoryNotion(clock, index_delay=late)
    notion.create(PROJECT, EXAMPLE, key=KEY)
    before = (list(notion.find(PROJECT, KEY)), titles(notion))
    clock.now += late()
    assert (before, len(notion.find(PROJECT, KEY)), len(titles(notion))) == (([], []), 1, 1)


def test_a_new_page_can_be_read_while_the_index_is_late() -> None:
    notion = MemoryNotion(Clock(), index_delay=late)
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    assert isinstance(notion.read(PROJECT, made.id), Present)


def test_an_edit_is_missing_from_changes_while_the_index_is_late() -> None:
    clock = Clock()
    notion = MemoryNotion(clock, index_delay=late)
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    clock.now += timedelta(minutes=5)
    notion.update(PROJECT, made.id, {"title": "edited"}, seen=made)
    before = titles(notion, clock.now)
    clock.now += late()
    assert (before, titles(notion, clock.now - late())) == ([], ["edited"])


def test_times_are_floored_to_the_minute() -> None:
    made = MemoryNotion(Clock()).create(PROJECT, EXAMPLE, key=KEY)
    assert made.edited_at == NOW.replace(second=0)


def test_authors_are_told_apart() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    edited = notion.by(PERSON).update(PROJECT, made.id, {"title": "by hand"}, seen=made)
    assert (edited.created_by, edited.edited_by) == (BOT, PERSON)


def test_a_platform_without_conditions_takes_a_stale_write() -> None:
    navimpact = MemoryNavImpact(Clock(), conditional=False)
    made = navimpact.create(PROJECT, EXAMPLE, key="a")
    navimpact.update(PROJECT, made.id, {"title": "newer"}, seen=made)
    assert navimpact.update(PROJECT, made.id, {"title": "older"}, seen=made).values["title"] == "older"


def test_a_platform_without_idempotency_makes_a_second_record() -> None:
    navimpact = MemoryNavImpact(Clock(), idempotent=False)
    ids = {navimpact.create(PROJECT, EXAMPLE, key="a").id for _ in range(2)}
    assert len(ids) == 2


# --- what a page shows -----------------------------------------------------------------------------------------------


def test_a_list_does_not_show_the_body_of_a_page() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(STORY, {"title": "Story", "description": "words"}, key=KEY)
    (listed,) = notion.changed_since(STORY, None, None).records
    assert (made.values["description"], "description" in listed.values) == ("words", False)


def test_a_body_loses_its_blank_lines() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(STORY, {"title": "Story", "description": "one\n\ntwo"}, key=KEY)
    assert made.values["description"] == "one\ntwo"


def test_another_persons_paragraph_survives_our_edit_of_a_body() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(STORY, {"title": "Story", "description": "one\ntwo\nthree\nfour"}, key=KEY)
    notion.by(PERSON).edit(made.id, {"description": "one\ntwo\nthree\nfour!"})
    with pytest.raises(Raced):  # what it shows now is not what was written: it is to be read again
        notion.update(STORY, made.id, {"description": "one!\ntwo\nthree\nfour"}, seen=made)
    after = notion.read(STORY, made.id)
    assert isinstance(after, Present)
    assert after.values["description"] == "one!\ntwo\nthree\nfour!"


def test_a_relation_to_a_page_that_is_not_synced_cannot_be_read() -> None:
    notion = MemoryNotion(Clock(), entity_of=lambda _: None)
    row = notion.by(PERSON).add_row(STORY, {"title": "Story", "project": ("a page",)})
    assert "project" in row.unreadable


def test_a_broken_property_cannot_be_read_and_is_not_empty() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    notion.break_property(PROJECT, "budget", "deleted")
    seen = notion.read(PROJECT, made.id)
    assert isinstance(seen, Present)
    assert ("budget" in seen.values, "budget" in seen.unreadable, set(seen.lost)) == (False, True, {"budget"})


def test_a_write_to_a_broken_property_tells_first_that_the_schema_changed() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    notion.break_property(PROJECT, "budget", "deleted")
    with pytest.raises(SchemaChanged):
        notion.update(PROJECT, made.id, {"budget": None}, seen=made)
    with pytest.raises(Refused):
        notion.update(PROJECT, made.id, {"budget": None}, seen=made)


def test_a_property_that_came_back_is_read_once_it_was_taken_up() -> None:
    notion = MemoryNotion(Clock())
    made = notion.create(PROJECT, EXAMPLE, key=KEY)
    notion.break_property(PROJECT, "budget", "deleted")
    notion.refresh(PROJECT)
    notion.mend_property(PROJECT, "budget")
    before = notion.refresh(PROJECT).returned
    notion.readopt(PROJECT, "budget")
    seen = notion.read(PROJECT, made.id)
    assert isinstance(seen, Present)
    assert (list(before), seen.values["budget"]) == (["budget"], EXAMPLE["budget"])


def test_a_record_cannot_belong_to_a_project_that_is_not_there() -> None:
    with pytest.raises(Refused):
        MemoryNavImpact(Clock()).create(STORY, {"title": "Story", "project": ("4711",)}, key="a")


def test_who_moves_a_page_to_the_trash_is_its_last_editor() -> None:
    notion = MemoryNotion(Clock())
    made = notion.by(PERSON).create(PROJECT, EXAMPLE, key=KEY)
    notion.remove(PROJECT, made.id)
    seen = notion.read(PROJECT, made.id)
    assert isinstance(seen, Trashed)
    assert seen.last.edited_by == BOT
