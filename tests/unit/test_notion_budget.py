"""No 60 seconds hold more requests than Notion's plan, and little of it is left unused."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navsync.errors import Blocked
from navsync.model import BudgetWindow, PausedBy
from navsync.notion import Budget

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def send(budget: Budget, clock: Clock, *, for_people: bool = False) -> datetime:
    """Wait as told, then send; when."""
    try:
        clock.pass_by(budget.take(for_people=for_people))
    except Blocked as blocked:
        clock.now = blocked.until
        return send(budget, clock, for_people=for_people)
    return clock.now


def exhaust(budget: Budget) -> None:
    while True:
        budget.take()


def fullest_minute(times: list[datetime]) -> int:
    return max(bisect_left(times, time + MINUTE) - index for index, time in enumerate(times))


@settings(deadline=None)  # a shared machine's pauses say nothing about the budget
@given(
    plan=st.sampled_from([180, 600]),
    steps=st.lists(st.tuples(st.floats(0, 90), st.integers(1, 120), st.booleans()), min_size=1, max_size=8),
)
def test_no_minute_holds_more_than_the_plan(plan: int, steps: list[tuple[float, int, bool]]) -> None:
    clock = Clock()
    budget = Budget(plan, clock=clock)
    times: list[datetime] = []
    for idle, requests, for_people in steps:
        clock.pass_by(idle)
        times += [send(budget, clock, for_people=for_people) for _ in range(requests)]
    assert fullest_minute(times) <= plan


@pytest.mark.parametrize("plan", [180, 600])
def test_a_backfill_uses_what_is_open_to_it(plan: int) -> None:
    clock = Clock()
    budget = Budget(plan, clock=clock)
    sent = [send(budget, clock) for _ in range(2_000)]
    minutes = (sent[-1] - sent[0]) / MINUTE
    assert len(sent) / minutes >= 0.95 * 0.9 * plan


def test_a_backfill_is_paced_evenly() -> None:
    clock = Clock()
    budget = Budget(180, clock=clock)
    sent = [send(budget, clock) for _ in range(400)][50:]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert max(gaps) < timedelta(seconds=0.5)


def test_a_few_requests_after_a_pause_go_out_at_once() -> None:
    budget = Budget(180, clock=Clock())
    assert [budget.take() for _ in range(9)] == [0.0] * 9


def test_people_do_not_wait_behind_a_backfill() -> None:
    clock = Clock()
    budget = Budget(180, clock=clock)
    for _ in range(200):
        send(budget, clock)
    assert [budget.take(for_people=True) for _ in range(8)] == [0.0] * 8


def test_a_long_wait_is_left_for_later_and_not_counted() -> None:
    budget = Budget(180, clock=Clock())
    with pytest.raises(Blocked) as full:
        exhaust(budget)
    assert timedelta() < full.value.until - NOW <= timedelta(seconds=3)
    assert full.value.by is PausedBy.BUDGET
    assert budget.window.used < 20


def test_what_was_used_is_remembered_by_the_next_invocation() -> None:
    clock = Clock()
    before = Budget(180, clock=clock)
    for _ in range(9):
        before.take()
    after = Budget(180, clock=clock, window=before.window)
    assert after.take() > 0


def test_nothing_goes_out_before_a_block_ends() -> None:
    clock = Clock()
    budget = Budget(180, clock=clock)
    budget.block(NOW + timedelta(seconds=600))
    clock.pass_by(590)
    with pytest.raises(Blocked) as blocked:
        budget.take(for_people=True)
    assert (blocked.value.until, blocked.value.by) == (NOW + timedelta(seconds=600), PausedBy.NOTION)


def test_a_shorter_block_does_not_end_a_longer_one() -> None:
    budget = Budget(180, clock=Clock())
    budget.block(NOW + timedelta(seconds=600))
    budget.block(NOW + timedelta(seconds=5))
    assert budget.window.blocked_until == NOW + timedelta(seconds=600)


def test_a_block_that_is_over_is_forgotten() -> None:
    clock = Clock()
    budget = Budget(180, clock=clock)
    budget.block(NOW + timedelta(seconds=5))
    clock.pass_by(6)
    assert (budget.take(), budget.window.blocked_until) == (0.0, None)


def test_another_machines_fast_clock_does_not_stop_us() -> None:
    ahead = BudgetWindow(started_at=NOW + timedelta(minutes=5), used=3)
    assert Budget(180, clock=Clock(), window=ahead).take() == 0.0


SLOWED = BudgetWindow(NOW, used=8, percent=5, slowed_at=NOW)
CONNECTING_TAKES = 8


def test_who_cannot_come_back_later_is_not_slowed_because_others_were_too_fast() -> None:
    budget = Budget(180, clock=Clock(), window=SLOWED, hurried=True)

    assert [budget.take(for_people=True) for _ in range(CONNECTING_TAKES)] == [0.0] * CONNECTING_TAKES


def test_what_is_owed_and_what_notion_asked_for_hold_for_who_cannot_come_back_later_too() -> None:
    owed = Budget(180, clock=Clock(), window=BudgetWindow(NOW, used=500, percent=5, slowed_at=NOW), hurried=True)
    asked = Budget(180, clock=Clock(), window=BudgetWindow(NOW, blocked_until=NOW + MINUTE), hurried=True)

    for budget in (owed, asked):
        with pytest.raises(Blocked):
            budget.take(for_people=True)
