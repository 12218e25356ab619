"""What is configured may be more than Notion grants: the pace falls when Notion says so, and comes back slowly."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from navsync.errors import Blocked
from navsync.model import BudgetWindow
from navsync.notion import Budget
from tests.unit.test_notion_errors import Wire

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Notion:
    """Grants *limit* requests in each fixed window, whose edges nobody knows."""

    limit: int
    now: datetime = NOW
    phase: timedelta = timedelta(seconds=17)
    used: dict[int, int] = field(default_factory=dict)
    granted: list[datetime] = field(default_factory=list)
    refused: list[datetime] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def work(self, budget: Budget, *, until: datetime) -> None:
        """Ask without end, as a backfill does."""
        while self.now < until:
            try:
                self.now += timedelta(seconds=budget.take())
            except Blocked as blocked:
                self.now = blocked.until
            else:
                self.ask(budget)

    def ask(self, budget: Budget) -> None:
        place, into = divmod(self.now - NOW + self.phase, MINUTE)
        self.used[place] = self.used.get(place, 0) + 1
        if self.used[place] <= self.limit:
            self.granted.append(self.now)
            return
        self.refused.append(self.now)
        budget.block(self.now + (MINUTE - into), too_fast=True)


@pytest.mark.parametrize(("configured", "granted"), [(600, 180), (180, 90), (180, 160), (600, 450)])
def test_a_limit_lower_than_configured_is_found_and_nearly_used(configured: int, granted: int) -> None:
    notion = Notion(granted)
    budget = Budget(configured, clock=notion.clock)

    notion.work(budget, until=NOW + 60 * MINUTE)

    assert len(notion.granted) >= 0.8 * granted * 60
    assert len(notion.refused) <= 20


def test_a_limit_as_configured_is_never_met() -> None:
    notion = Notion(180)

    notion.work(Budget(180, clock=notion.clock), until=NOW + 60 * MINUTE)

    assert notion.refused == []


def test_a_pace_that_was_refused_once_is_whole_again_after_ten_minutes() -> None:
    notion = Notion(180)
    budget = Budget(180, clock=notion.clock)

    budget.block(NOW + MINUTE, too_fast=True)
    slowed = budget.window.percent
    notion.now += 10 * MINUTE
    budget.take()

    assert (slowed, budget.window.percent, budget.window.slowed_at) == (80, 100, None)


def test_requests_refused_together_are_one_refusal() -> None:
    budget = Budget(600, clock=Notion(600).clock)

    for _ in range(5):
        budget.block(NOW + MINUTE, too_fast=True)

    assert budget.window.percent == 80


def test_an_overload_leaves_the_pace_as_it_is() -> None:
    budget = Budget(600, clock=Notion(600).clock)

    budget.block(NOW + MINUTE)

    assert budget.window.percent == 100


def test_the_next_invocation_goes_on_as_slowly() -> None:
    notion = Notion(180)
    before = Budget(180, clock=notion.clock)
    before.block(NOW + timedelta(seconds=1), too_fast=True)
    notion.now += timedelta(seconds=2)

    after = Budget(180, clock=notion.clock, window=before.window)
    notion.work(after, until=notion.now + timedelta(seconds=28))

    assert len(notion.granted) <= 0.8 * (9 + 28 * 2.7) + 1


def test_a_pace_that_changes_makes_no_burst_and_no_gap() -> None:
    notion = Notion(180)
    long_since = NOW - 200 * MINUTE
    window = BudgetWindow(long_since, round(200 * 162 * 0.5) + 4, percent=50, slowed_at=NOW)
    budget = Budget(180, clock=notion.clock, window=window)

    notion.work(budget, until=NOW + 2 * MINUTE)
    gaps = [later - earlier for earlier, later in zip(notion.granted, notion.granted[1:], strict=False)]

    assert max(gaps) < timedelta(seconds=0.8)
    assert len(notion.granted) <= 2 * 162 * 0.53 + 5


def test_a_slower_pace_makes_nothing_owed_of_what_is_long_past() -> None:
    notion = Notion(180)
    window = BudgetWindow(NOW - 200 * MINUTE, 200 * 162 + 4)
    budget = Budget(180, clock=notion.clock, window=window)

    budget.block(NOW + timedelta(seconds=1), too_fast=True)
    notion.now += timedelta(seconds=1)

    assert budget.take() < 1


def test_a_pause_that_another_thread_hears_of_while_we_wait_is_kept() -> None:
    wire = Wire([httpx.Response(200, json={})])
    gateway = wire.gateway
    gateway.sleep = lambda _: gateway.budget.block(NOW + MINUTE)

    with pytest.raises(Blocked) as blocked:
        gateway.read("GET", "pages/1")

    assert (blocked.value.until, wire.sent) == (NOW + MINUTE, [])


def test_at_a_slow_pace_what_needs_several_requests_is_done_in_one_go() -> None:
    notion = Notion(1_000)
    budget = Budget(180, clock=notion.clock, window=BudgetWindow(NOW, percent=5, slowed_at=NOW))

    for _ in range(5):  # as in one look
        notion.now += timedelta(seconds=budget.take())

    assert notion.now - NOW <= 5 * timedelta(seconds=7.5)


def test_even_the_slowest_pace_gets_somewhere() -> None:
    notion = Notion(1)
    budget = Budget(20, clock=notion.clock)

    notion.work(budget, until=NOW + 60 * MINUTE)

    assert len(notion.granted) >= 30
