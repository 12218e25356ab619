"""A first sync over HTTP, sped up: it uses what is open to it, is refused nothing, and keeps Notion's pauses.

The twin's log of requests is the judge. `benchmarks.backfill` makes 2,000 pages the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks import backfill
from benchmarks.backfill import ENOUGH, LIMITED, OVERLOADED, Run, Scene, Verdict, by_the_worker, by_threads, judge
from navsync.bootstrap.sync_worker import MOST_THREADS

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with backfill.twin() as url:
        yield url


def measured(url: str, run: Run, work: Scene) -> Verdict:
    """The verdict; on a machine too busy for the speed, on slower runs: what it computes is not sped up.

    Nobody is ever refused, whatever the speed.
    """
    for slower in (1, 3):
        verdict = backfill.measure(replace(run, rate=run.rate / slower), url, work)
        if verdict.used >= ENOUGH or verdict.refused or verdict.too_early:
            break
    return verdict


AS_DEPLOYED = {
    180: Run(pages=90, plan=180, latency_s=0.3, threads=MOST_THREADS, rate=12, beside_s=0.15, pause_s=12),
    600: Run(pages=240, plan=600, latency_s=0.3, threads=MOST_THREADS, rate=5, beside_s=0.15, pause_s=12),
}
"""With as many threads as the worker takes for the plan: fewer would not get through their share."""


@pytest.mark.parametrize("plan", AS_DEPLOYED)
def test_a_first_sync_uses_what_is_open_to_it(url: str, plan: int) -> None:
    verdict = measured(url, AS_DEPLOYED[plan], by_the_worker)

    assert backfill.faults(verdict, needed=ENOUGH) == []


SEVERAL_WINDOWS = Run(pages=80, plan=30, latency_s=0.3, threads=4, rate=40)
"""So many pages that without a pace some window of Notion's would hold more than it may."""


@pytest.mark.parametrize("work", [by_the_worker, by_threads])
def test_a_first_sync_of_several_windows_is_refused_nothing_and_keeps_a_long_pause(url: str, work: Scene) -> None:
    verdict = measured(url, SEVERAL_WINDOWS, work)

    assert backfill.faults(verdict, needed=ENOUGH) == []


# --- the judge --------------------------------------------------------------------------------------------------------


def judged(*, every_s: float, at: dict[float, int] | None = None) -> Verdict:
    """Of requests that went well each *every_s* seconds, after one that was paused, and those *at* so many seconds."""
    run = Run(pages=40, plan=60, latency_s=0, threads=1, rate=1, pause_s=10)
    evenly = {10 + number * every_s: 200 for number in range(40)}
    rows = [row(second, status) for second, status in ({0.0: OVERLOADED} | evenly | (at or {})).items()]
    return judge(rows, run, heard=NOW)


def row(second: float, status: int) -> dict[str, Any]:
    return {"time": (NOW + timedelta(seconds=second)).isoformat(), "status": status, "duration_ms": 0}


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (judged(every_s=60 / 54), ""),
        (judged(every_s=60 / 50), "used 92.6%"),
        (judged(every_s=60 / 54, at={30.5: LIMITED}), "refused 1 requests"),
        (judged(every_s=60 / 54, at={9.0: 200}), "sent 1 requests before the pause"),
    ],
)
def test_a_run_that_is_not_as_it_must_be_is_told_with_what_is_wrong(verdict: Verdict, said: str) -> None:
    faults = backfill.faults(verdict, needed=ENOUGH)

    assert [said in fault for fault in faults] == ([True] if said else [])


def test_the_benchmark_fails_where_a_run_is_not_as_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["backfill", "--pages", "5"])
    monkeypatch.setattr(backfill, "twin", lambda: nullcontext(""))
    monkeypatch.setattr(backfill, "measure", lambda *_: judged(every_s=2))

    with pytest.raises(SystemExit, match=r"180/min, worker, 6 threads at most: used \d\d\.\d%"):
        backfill.main()
