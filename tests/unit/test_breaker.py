"""A side that keeps failing is left alone, longer each time, until it answers again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from navsync.conductor.breaker import LONGEST, OPENS_AT, SHORTEST, Breaker

NO_LUCK, LUCK = 0.999999, 0.0


def failing(breaker: Breaker, times: int, chance: float = NO_LUCK) -> list[timedelta | None]:
    return [breaker.count(down=True, chance=chance) for _ in range(times)]


def test_a_few_failures_open_nothing() -> None:
    assert failing(Breaker(), OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_the_fifth_failure_in_a_row_opens_it() -> None:
    pause = failing(Breaker(), OPENS_AT)[-1]

    assert pause is not None
    assert SHORTEST / 2 <= pause <= SHORTEST


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker()
    failing(breaker, OPENS_AT - 1)
    breaker.count(down=False, chance=0)

    assert failing(breaker, OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_a_probe_that_fails_opens_it_at_once_and_for_longer() -> None:
    (pause,) = failing(Breaker(trips=1), 1, LUCK)

    assert pause == SHORTEST


def test_two_probes_that_succeed_close_it() -> None:
    breaker = Breaker(trips=3)
    for _ in range(2):
        breaker.count(down=False, chance=0)

    assert failing(breaker, OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_successes_of_two_invocations_close_it_too() -> None:
    """Each invocation goes on with what the one before it kept."""
    breaker = Breaker(trips=3)
    for _ in range(2):
        breaker = Breaker(breaker.trips, breaker.successes)
        breaker.count(down=False, chance=0)

    assert breaker.trips == 0


def test_a_failure_between_two_successes_keeps_it_open() -> None:
    breaker = Breaker(trips=3)
    for down in (False, True, False):
        breaker = Breaker(breaker.trips, breaker.successes)
        breaker.count(down=down, chance=0)

    assert breaker.trips == 4


@pytest.mark.parametrize("trips", [5, 50, 5_000])
def test_it_never_stays_open_longer_than_a_quarter_of_an_hour(trips: int) -> None:
    (pause,) = failing(Breaker(trips), 1)

    assert pause is not None
    assert LONGEST / 2 < pause <= LONGEST
