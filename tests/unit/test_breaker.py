"""A side that keeps failing is left alone, longer each time, until it answers again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from navsync.conductor.breaker import ENOUGH, LONGEST, OPENS_AT, SHORTEST, WINDOW, Breaker
from navsync.model import NO_OUTAGES, Outages

NO_LUCK, LUCK = 0.999999, 0.0
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def count(breaker: Breaker, *, down: bool, chance: float = NO_LUCK, now: datetime = NOW) -> timedelta | None:
    return breaker.count(down=down, chance=chance, now=now)


def opened(times: int) -> Breaker:
    """One that has opened so often in a row."""
    return Breaker(Outages(trips=times))


def failing(breaker: Breaker, times: int, chance: float = NO_LUCK) -> list[timedelta | None]:
    return [count(breaker, down=True, chance=chance) for _ in range(times)]


def test_a_few_failures_open_nothing() -> None:
    assert failing(Breaker(), OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_the_fifth_failure_in_a_row_opens_it() -> None:
    pause = failing(Breaker(), OPENS_AT)[-1]

    assert pause is not None
    assert SHORTEST / 2 <= pause <= SHORTEST


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker()
    failing(breaker, OPENS_AT - 1)
    count(breaker, down=False)

    assert failing(breaker, OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_a_probe_that_fails_opens_it_at_once_and_for_longer() -> None:
    (pause,) = failing(opened(1), 1, LUCK)

    assert pause == SHORTEST


def test_two_probes_that_succeed_close_it() -> None:
    breaker = opened(3)
    for _ in range(2):
        count(breaker, down=False)

    assert failing(breaker, OPENS_AT - 1) == [None] * (OPENS_AT - 1)


def test_successes_of_two_invocations_close_it_too() -> None:
    """Each invocation goes on with what the one before it kept."""
    breaker = opened(3)
    for _ in range(2):
        breaker = Breaker(breaker.outages)
        count(breaker, down=False)

    assert breaker.outages == NO_OUTAGES


def test_failures_of_many_invocations_open_it_too() -> None:
    breaker = Breaker()
    for _ in range(OPENS_AT - 1):
        assert count(breaker, down=True) is None
        breaker = Breaker(breaker.outages)

    assert count(breaker, down=True) is not None


def test_a_failure_between_two_successes_keeps_it_open() -> None:
    breaker = opened(3)
    for down in (False, True, False):
        breaker = Breaker(breaker.outages)
        count(breaker, down=down)

    assert breaker.outages.trips == 4


def by_turns(breaker: Breaker, looks: int, *, bad_of_ten: int, apart: timedelta = timedelta()) -> list[bool]:
    """Whether it opened, look by look; of ten the good ones come after each few bad ones."""
    good = {4: (0, 1, 3, 5, 6, 8), 5: (0, 2, 4, 6, 8)}[bad_of_ten]
    return [count(breaker, down=n % 10 not in good, now=NOW + n * apart) is not None for n in range(looks)]


def test_a_side_that_fails_every_other_time_is_left_alone_though_never_five_times_in_a_row() -> None:
    assert by_turns(Breaker(), ENOUGH, bad_of_ten=5) == [False] * (ENOUGH - 1) + [True]


def test_it_is_left_alone_though_each_time_another_invocation_has_asked_it() -> None:
    breaker = Breaker()
    for n in range(ENOUGH - 1):
        assert count(breaker, down=n % 2 == 0) is None
        breaker = Breaker(breaker.outages)

    assert count(breaker, down=True) is not None


@pytest.mark.parametrize("bad", [False, True], ids=["nothing failed", "something failed a minute ago"])
def test_while_all_is_well_there_is_nothing_to_keep(bad: bool) -> None:
    breaker = Breaker()
    count(breaker, down=bad, now=NOW - WINDOW)
    count(breaker, down=False)

    assert breaker.outages == NO_OUTAGES


def test_no_more_looks_are_kept_than_tell_enough() -> None:
    breaker = Breaker()
    by_turns(breaker, 200, bad_of_ten=4)

    assert len(breaker.outages.latest) == ENOUGH


def test_a_side_that_answers_more_often_than_not_is_asked_on() -> None:
    assert not any(by_turns(Breaker(), 200, bad_of_ten=4))


def test_failures_that_lie_far_apart_are_no_outage() -> None:
    assert not any(by_turns(Breaker(), 200, bad_of_ten=5, apart=WINDOW / (ENOUGH - 1)))


@pytest.mark.parametrize("trips", [5, 50, 5_000])
def test_it_never_stays_open_longer_than_a_quarter_of_an_hour(trips: int) -> None:
    (pause,) = failing(opened(trips), 1)

    assert pause is not None
    assert LONGEST / 2 < pause <= LONGEST
