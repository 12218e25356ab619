"""How do calls of one function share the processes that run it?"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator import functions


class Flood:
    """Five calls at once, none of which ends before all may."""

    def __init__(self) -> None:
        self.turns, self.begun, self.may_end = functions.Turns(), threading.Semaphore(0), threading.Event()
        self.may_start = threading.Event()

    def call(self) -> None:
        with self.turns.one() as started:
            self.begun.release()
            self.may_start.wait()
            started()
            self.may_end.wait()

    def have_begun(self, calls: int) -> bool:
        return all(self.begun.acquire(timeout=0.5) for _ in range(calls))


@pytest.fixture
def flood(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flood]:
    monkeypatch.setattr(functions, "PATIENCE_S", 0.01)
    flood = Flood()
    with ThreadPoolExecutor(5) as callers:
        calls = [callers.submit(flood.call) for _ in range(5)]
        yield flood
        flood.may_start.set()
        flood.may_end.set()
        for each in calls:
            each.result(timeout=5)


def test_a_flood_of_calls_has_one_process_started_at_a_time(flood: Flood) -> None:
    assert (flood.have_begun(2), flood.have_begun(1)) == (True, False)


def test_a_call_that_takes_long_does_not_keep_others_from_a_process(flood: Flood) -> None:
    flood.may_start.set()

    assert flood.have_begun(5)
