"""What a day came to: counted while rows are written, and the same as counting the rows again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync import figures
from navsync.model import Change, EntityType, Operation, Outcome, Side, SyncLog

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

ROWS = st.lists(
    st.builds(
        SyncLog,
        id=st.just(1),
        workspace_id=st.just(17),
        at=st.just(NOW),
        run_id=st.just("r"),
        operation=st.sampled_from(Operation),
        outcome=st.sampled_from(Outcome),
        side=st.sampled_from([None, *Side]),
        entity_type=st.sampled_from([None, *EntityType]),
        duration_ms=st.none() | st.integers(0, 200_000),
        edited_at=st.none() | st.timedeltas(timedelta(hours=-1), timedelta(days=2)).map(lambda age: NOW - age),
    ),
    max_size=30,
)


def counted(rows: list[SyncLog]) -> Counter[str]:
    return sum((Counter(figures.counters_of(row)) for row in rows), Counter())


@given(ROWS)
def test_figures_are_what_counting_the_rows_gives(rows: list[SyncLog]) -> None:
    shown = {each.entity_type: each for each in figures.figures(17, "2026-11-22", counted(rows))}
    syncs = [row for row in rows if figures.is_sync(row)]

    assert shown.keys() == {row.entity_type for row in syncs}
    for entity_type, each in shown.items():
        mine = [row for row in syncs if row.entity_type is entity_type]
        well = [row for row in mine if row.outcome is Outcome.SUCCESS]
        failed = [row for row in mine if row.outcome is Outcome.FAILED]
        times = [row.duration_ms for row in well + failed if row.duration_ms is not None]
        assert (each.succeeded, each.failed, each.unfinished) == (
            len(well),
            len(failed),
            len(mine) - len(well + failed),
        )
        assert each.conflicts == sum(row.operation is Operation.CONFLICT for row in well)
        assert each.mean_ms == (round(sum(times) / len(times)) if times else None)
        assert each.p95_ms is None or nearly(each.p95_ms, sorted(times)[-(-95 * len(times) // 100) - 1])
        arrivals = sorted(ms for row in mine if (ms := figures.arrival_ms(row)) is not None)
        assert each.arrival_mean_ms == (round(sum(arrivals) / len(arrivals)) if arrivals else None)
        assert each.arrival_p50_ms is None or nearly(each.arrival_p50_ms, arrivals[-(-len(arrivals) // 2) - 1])


def nearly(shown: int, exact: int) -> bool:
    """Within a class: never less, and at most a fifth more."""
    return exact <= shown <= max(1, exact * figures.STEP)


ARRIVED = SyncLog(1, 17, NOW, "r", Operation.UPDATE, Outcome.SUCCESS, Side.NOTION, duration_ms=300)


def test_an_undo_that_was_refused_is_no_sync_that_failed() -> None:
    refused = replace(ARRIVED, operation=Operation.REVERT, outcome=Outcome.FAILED)
    cut = replace(refused, changes=(Change("title", Side.NOTION, "Reef", "Coral Reef"),))

    assert (counted([refused]), figures.is_sync(cut)) == (Counter(), True)


def test_an_edit_is_on_its_way_until_the_write_has_ended() -> None:
    assert figures.arrival_ms(replace(ARRIVED, edited_at=NOW - timedelta(milliseconds=1_200))) == 1_500


def test_clocks_that_differ_make_no_time_go_backwards() -> None:
    assert figures.arrival_ms(replace(ARRIVED, edited_at=NOW + timedelta(seconds=5))) == 0


@pytest.mark.parametrize(
    "changes",
    [{"edited_at": None}, {"outcome": Outcome.FAILED}, {"operation": Operation.REVERT}, {"duration_ms": None}],
)
def test_what_carried_no_edit_that_was_told_of_is_not_timed(changes: dict[str, Any]) -> None:
    assert figures.arrival_ms(replace(ARRIVED, **{"edited_at": NOW} | changes)) is None


def test_calls_are_told_of_the_workspace_as_a_whole() -> None:
    counters = counted([replace(ARRIVED, entity_type=EntityType.IMPACT_STORY)]) | {figures.CALLS: 7}

    shown = figures.figures(17, "2026-11-22", counters)

    assert {each.entity_type: each.notion_calls for each in shown} == {None: 7, EntityType.IMPACT_STORY: None}


@given(st.integers(0, 10_000_000))
def test_a_duration_is_in_the_class_that_ends_after_it(duration: int) -> None:
    number = figures.class_of(duration)

    assert duration <= figures.longest_in(number)
    assert number == 0 or duration > figures.longest_in(number - 1)


@pytest.mark.parametrize(
    ("rows", "rate"), [([Outcome.SUCCESS] * 3 + [Outcome.FAILED], 75.0), ([Outcome.STARTED], None)]
)
def test_the_success_rate_is_of_what_ended(rows: list[Outcome], rate: float | None) -> None:
    logs = [SyncLog(1, 17, NOW, "r", Operation.UPDATE, outcome) for outcome in rows]

    (shown,) = figures.figures(17, "2026-11-22", counted(logs))
    assert shown.success_rate == rate


def test_an_edit_is_counted_on_the_side_where_it_was_made() -> None:
    written = [Side.NOTION, Side.NOTION, Side.NAVIMPACT]
    logs = [SyncLog(1, 17, NOW, "r", Operation.UPDATE, Outcome.SUCCESS, side) for side in written]

    (shown,) = figures.figures(17, "2026-11-22", counted(logs))
    assert (shown.edits_in_navimpact, shown.edits_in_notion) == (2, 1)


def test_a_table_for_spreadsheets_says_the_same() -> None:
    logs = [SyncLog(1, 17, NOW, "r", Operation.CREATE, Outcome.SUCCESS, entity_type=EntityType.IMPACT_STORY)]
    rows = list(figures.figures(17, "2026-11-22", counted(logs)))

    (read,) = csv.DictReader(io.StringIO(figures.as_csv(rows)))
    assert read == {name: "" if value is None else str(value) for name, value in figures.as_row(rows[0]).items()}
