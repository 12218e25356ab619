"""What the sides in memory can be made to do, for simulations."""

from datetime import UTC, datetime, timedelta

from navsync.model import Present, Value
from tests.contract.memory import BOT, PERSON, MemoryNavImpact, MemoryNotion
from tests.contract.stages import EXAMPLE, PROJECT

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
KEY = "media_project/1"


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
