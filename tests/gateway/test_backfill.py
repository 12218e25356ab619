"""A first sync over HTTP, sped up: Notion refuses nothing that we could have known, and its pauses are kept.

How much of the budget it uses is measured by `benchmarks.backfill`: on a busy machine a test could not say.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.backfill import PLANS, Run, Scene, by_the_worker, by_threads, measure
from local.twins.notion import Config, create_app
from local.twins.serving import serving

FAST = 40.0


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> int:
    per_minute: int = request.param
    return per_minute


@pytest.fixture
def url(plan: int) -> Iterator[str]:
    with serving(create_app(Config(plan=PLANS[plan]))) as url:
        yield url


@pytest.mark.parametrize("work", [by_the_worker, by_threads])
def test_a_first_sync_is_refused_nothing_and_keeps_the_pause(url: str, plan: int, work: Scene) -> None:
    verdict = measure(Run(pages=60, plan=plan, latency_s=0.3, threads=4, rate=FAST), url, work)

    assert (verdict.refused, verdict.too_early, verdict.requests >= 60) == (0, 0, True)
