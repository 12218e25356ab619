"""Keys sort as what they name does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from navsync.store import keys

ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES)


@given(MOMENTS, MOMENTS)
def test_moments_sort_as_text_as_they_do_in_time(one: datetime, other: datetime) -> None:
    assert (keys.moment(one) < keys.moment(other)) == (one < other)


def test_a_whole_second_sorts_before_its_fractions() -> None:
    whole = datetime(2026, 11, 22, 10, tzinfo=UTC)

    assert keys.moment(whole) < keys.moment(whole.replace(microsecond=1))


@given(st.integers(1, 2**53), st.integers(1, 2**53))
def test_mappings_sort_by_id(one: int, other: int) -> None:
    assert (keys.mapping(one) < keys.mapping(other)) == (one < other)
