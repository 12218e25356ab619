"""What every side promises, whichever it is and wherever it lives."""

from datetime import timedelta
from decimal import Decimal
from itertools import count, islice

import pytest

from navsync.errors import Raced, Refused
from navsync.fields import cannot_carry, field_of, same
from navsync.model import Gone, Observation, Present, Side, Trashed, Value, Values
from navsync.ports import ChangedPage
from tests.contract.stages import EXAMPLE, PROJECT, Stage

ABSENT = {Side.NOTION: "393abc1e-edcd-8001-8000-000000000000", Side.NAVIMPACT: "987654321"}


def present(observation: Observation) -> Present:
    assert isinstance(observation, Present)
    return observation


def made(stage: Stage, number: int = 1, values: Values | None = None) -> Present:
    return stage.side.create(PROJECT, {**EXAMPLE, **(values or {})}, key=stage.key(number))


def listed(stage: Stage) -> list[Present]:
    page = stage.side.changed_since(PROJECT, None, None)
    records = list(page.records)
    while page.cursor is not None:
        page = stage.side.changed_since(PROJECT, None, page.cursor)
        records += page.records
    return records


def means(stage: Stage, name: str, shown: Value, wanted: Value) -> bool:
    return same(field_of(PROJECT, name), *((wanted, shown) if stage.is_notion else (shown, wanted)))


# --- create and read ------------------------------------------------------------------------------------------------


def test_what_was_created_is_read_back(stage: Stage) -> None:
    record = made(stage)
    shown = present(stage.side.read(PROJECT, record.id)).values
    assert {name: shown[name] for name in EXAMPLE} == EXAMPLE


def test_a_create_answers_what_a_read_shows(stage: Stage) -> None:
    record = made(stage)
    assert record.values == present(stage.side.read(PROJECT, record.id)).values


def test_every_field_of_a_record_is_readable(stage: Stage) -> None:
    assert made(stage).unreadable == {}


def test_an_unknown_id_is_gone(stage: Stage) -> None:
    absent = ABSENT[stage.side.side]
    assert stage.side.read(PROJECT, absent) == Gone(absent)


def test_a_minimal_record_can_be_created(stage: Stage) -> None:
    record = stage.side.create(PROJECT, {"title": "Only a title"}, key=stage.key())
    assert (record.values["title"], record.values["budget"], record.values["team_members"]) == (
        "Only a title",
        None,
        (),
    )


def test_a_second_create_with_the_same_key_is_recognised(stage: Stage) -> None:
    first = made(stage)
    again = stage.side.find(PROJECT, stage.key()) if stage.is_notion else [made(stage)]
    assert [record.id for record in again] == [first.id]


def test_a_key_nobody_used_finds_nothing(stage: Stage) -> None:
    made(stage)
    assert list(stage.side.find(PROJECT, "media_project/4711")) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "=cmd()|' /C calc'!A0"),
        ("title", "שלום 👩‍👩‍👧‍👦 e\u0301"),
        ("description", "x" * 2_000),
        ("description", "x" * 1_999 + "👩‍👩‍👧‍👦" + "y" * 4_000),
        ("description", "  kept \t spaces\n\n\nand lines "),
        ("project_type", "series, short"),
        ("status", None),
        ("budget", Decimal("0.01")),
        ("budget", Decimal("-0")),
        ("target_audience", Decimal(2**53 - 1)),
        ("start_date", "2026-03-29"),
        ("team_members", ("Doe, John", "Ünal", "zoë", "Ana")),
        ("team_members", tuple(f"Member {number}" for number in range(100))),
    ],
)
def test_awkward_values_arrive(stage: Stage, name: str, value: Value) -> None:
    record = made(stage, values={name: value})
    assert means(stage, name, present(stage.side.read(PROJECT, record.id)).values[name], value)


# --- update ---------------------------------------------------------------------------------------------------------


def test_only_named_fields_change(stage: Stage) -> None:
    record = made(stage)
    stage.side.update(PROJECT, record.id, {"budget": Decimal("99.9")}, seen=record)
    after = present(stage.side.read(PROJECT, record.id)).values
    assert after == {**record.values, "budget": Decimal("99.9")}


def test_an_update_answers_what_a_read_shows(stage: Stage) -> None:
    record = made(stage)
    after = stage.side.update(PROJECT, record.id, {"title": "Another", "team_members": ("Zoë",)}, seen=record)
    assert after.values == present(stage.side.read(PROJECT, record.id)).values


@pytest.mark.parametrize("name", [name for name in EXAMPLE if name != "title"])
def test_a_field_can_be_cleared(stage: Stage, name: str) -> None:
    record = made(stage)
    nothing: Value = () if isinstance(EXAMPLE[name], tuple) else None
    after = stage.side.update(PROJECT, record.id, {name: nothing}, seen=record)
    assert after.values[name] == nothing


def test_writing_what_was_read_changes_nothing(stage: Stage) -> None:
    record = made(stage)
    after = stage.side.update(PROJECT, record.id, record.values, seen=record)
    assert after.values == record.values


def test_another_persons_edit_of_another_field_survives_our_update(stage: Stage) -> None:
    record = made(stage)
    stage.person.update(PROJECT, record.id, {"description": "by hand"}, seen=record)
    seen = present(stage.side.read(PROJECT, record.id))
    after = stage.side.update(PROJECT, record.id, {"title": "by sync"}, seen=seen)
    assert (after.values["title"], after.values["description"]) == ("by sync", "by hand")


def test_an_update_of_a_removed_record_asks_for_a_fresh_look(stage: Stage) -> None:
    record = made(stage)
    stage.person.remove(PROJECT, record.id)
    with pytest.raises(Raced):
        stage.side.update(PROJECT, record.id, {"title": "too late"}, seen=record)


def test_an_update_over_a_newer_revision_is_refused_where_there_are_revisions(stage: Stage) -> None:
    record = present(stage.side.read(PROJECT, made(stage).id))
    if record.revision is None:
        return
    stage.person.update(PROJECT, record.id, {"title": "newer"}, seen=record)
    with pytest.raises(Raced):
        stage.side.update(PROJECT, record.id, {"title": "older"}, seen=record)


def test_a_value_that_would_lose_something_is_refused_by_name(stage: Stage) -> None:
    record = made(stage)
    lossy: dict[str, Value] = {"description": "x" * 200_001} if stage.is_notion else {"start_date": "2026-01-01T10:00"}
    assert all(cannot_carry(field_of(PROJECT, name), value, stage.side.side) for name, value in lossy.items())
    with pytest.raises(Refused) as refusal:
        stage.side.update(PROJECT, record.id, lossy, seen=record)
    assert refusal.value.field in lossy


def test_a_refused_update_changes_nothing(stage: Stage) -> None:
    record = made(stage)
    lossy: dict[str, Value] = {"description": "x" * 200_001} if stage.is_notion else {"start_date": "2026-01-01T10:00"}
    with pytest.raises(Refused):
        stage.side.update(PROJECT, record.id, {"title": "half", **lossy}, seen=record)
    assert present(stage.side.read(PROJECT, record.id)).values == record.values


def test_a_stamp_leaves_the_values_alone(stage: Stage) -> None:
    record = made(stage)
    stage.side.stamp(PROJECT, record.id, "media_project/77", "Reef")
    assert present(stage.side.read(PROJECT, record.id)).values == record.values


# --- remove and restore ---------------------------------------------------------------------------------------------


def test_a_removed_record_is_trashed_in_notion_and_gone_from_navimpact(stage: Stage) -> None:
    record = made(stage)
    stage.side.remove(PROJECT, record.id)
    assert isinstance(stage.side.read(PROJECT, record.id), Trashed if stage.is_notion else Gone)


def test_removing_twice_is_fine(stage: Stage) -> None:
    record = made(stage)
    stage.side.remove(PROJECT, record.id)
    stage.side.remove(PROJECT, record.id)
    assert not isinstance(stage.side.read(PROJECT, record.id), Present)


def test_a_restored_page_has_its_values_back_and_navimpact_refuses(stage: Stage) -> None:
    record = made(stage)
    stage.side.remove(PROJECT, record.id)
    if not stage.is_notion:
        with pytest.raises(Refused):
            stage.side.restore(PROJECT, record.id)
        return
    assert stage.side.restore(PROJECT, record.id).values == record.values


def test_a_removed_record_is_not_listed(stage: Stage) -> None:
    record, other = made(stage, 1), made(stage, 2)
    stage.side.remove(PROJECT, record.id)
    assert [shown.id for shown in listed(stage)] == [other.id]


# --- lists ----------------------------------------------------------------------------------------------------------


def test_a_list_shows_what_a_read_shows(stage: Stage) -> None:
    record = made(stage)
    assert listed(stage)[0].values == present(stage.side.read(PROJECT, record.id)).values


def test_an_edit_is_among_the_changes_since_it_was_made(stage: Stage) -> None:
    record = made(stage)
    stage.person.update(PROJECT, record.id, {"title": "edited"}, seen=record)
    edited_at = present(stage.side.read(PROJECT, record.id)).edited_at
    changes = stage.side.changed_since(PROJECT, edited_at, None).records
    assert [shown.values["title"] for shown in changes] == ["edited"]


def test_nothing_is_listed_as_changed_after_the_last_edit(stage: Stage) -> None:
    record = present(stage.side.read(PROJECT, made(stage).id))
    assert record.edited_at is not None
    changes = stage.side.changed_since(PROJECT, record.edited_at + timedelta(minutes=2), None)
    assert changes == ChangedPage([], None)


def test_an_empty_collection_lists_nothing(stage: Stage) -> None:
    assert listed(stage) == []


def test_more_records_than_a_page_holds_are_all_listed(stage: Stage) -> None:
    wanted = {stage.side.create(PROJECT, {"title": f"No. {n}"}, key=stage.key(n)).id for n in range(1, 104)}
    assert {record.id for record in listed(stage)} == wanted


def test_a_record_edited_between_two_pages_hides_no_other(stage: Stage) -> None:
    wanted = [stage.side.create(PROJECT, {"title": f"No. {n}"}, key=stage.key(n)) for n in range(1, 104)]
    page = stage.side.changed_since(PROJECT, None, None)
    stage.person.update(PROJECT, wanted[0].id, {"title": "moved to the end"}, seen=wanted[0])
    shown = {record.id for record in page.records}
    while page.cursor is not None:
        page = stage.side.changed_since(PROJECT, None, page.cursor)
        shown |= {record.id for record in page.records}
    assert shown == {record.id for record in wanted}


def minute_by_minute(stage: Stage, *counts: int) -> list[Present]:
    """So many records in each minute."""
    numbers, records = count(1), list[Present]()
    for many in counts:
        for number in islice(numbers, many):
            records.append(stage.side.create(PROJECT, {"title": f"No. {number}"}, key=stage.key(number)))
        stage.wait(timedelta(minutes=1))
    return records


def test_notion_lists_in_the_order_of_creation_and_navimpact_in_that_of_changes(stage: Stage) -> None:
    first, second, third = minute_by_minute(stage, 1, 1, 1)
    stage.person.update(PROJECT, first.id, {"title": "edited last"}, seen=first)
    order = [first, second, third] if stage.is_notion else [second, third, first]
    assert [record.id for record in listed(stage)] == [record.id for record in order]


def test_a_page_of_a_list_holds_a_hundred_records(stage: Stage) -> None:
    minute_by_minute(stage, 101)
    first = stage.side.changed_since(PROJECT, None, None)
    last = stage.side.changed_since(PROJECT, None, first.cursor)
    rest = {record.id for record in last.records} - {record.id for record in first.records}  # the edge may come twice
    assert ([len(first.records), len(rest)], last.place) == ([100, 1], None)
    assert len({record.id for record in listed(stage)}) == 101


def test_a_place_in_a_list_leads_to_the_records_behind_it_whatever_was_edited(stage: Stage) -> None:
    records = minute_by_minute(stage, 98, 4, 1)
    place = stage.side.changed_since(PROJECT, None, None).place
    assert place is not None
    stage.person.update(PROJECT, records[3].id, {"title": "edited today"}, seen=records[3])
    stage.person.update(PROJECT, records[101].id, {"title": "edited too"}, seen=records[101])
    behind = {record.id for record in stage.side.changed_since(PROJECT, None, place).records}
    assert {record.id for record in records[100:]} <= behind
    assert len(behind) < 10


def test_the_pages_of_a_list_of_changes_show_changes_only(stage: Stage) -> None:
    records = minute_by_minute(stage, 3, 101)
    since = records[3].edited_at
    page = stage.side.changed_since(PROJECT, since, None)
    rest = stage.side.changed_since(PROJECT, since, page.cursor)
    shown = [record.id for record in (*page.records, *rest.records)]
    assert set(shown) == {record.id for record in records[3:]}


def test_a_collection_that_is_there_answers(stage: Stage) -> None:
    assert stage.side.answers(PROJECT)
