"""How do calls of one function share the processes that run it?"""

import threading
import time
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


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> functions.Turns:
    """Turns of a function whose calls end soon, and of which one process more would be of no help."""
    monkeypatch.setattr(functions, "PATIENCE_S", 0.2)
    monkeypatch.setattr(functions, "ENOUGH", 1)
    return functions.Turns()


def test_calls_that_end_soon_wait_for_each_other_where_processes_are_enough(short_calls: functions.Turns) -> None:
    at_once, most = 0, 0

    def call(_: int) -> None:
        nonlocal at_once, most
        with short_calls.one():
            at_once += 1
            most = max(most, at_once)
            time.sleep(0.05)  # a call takes a while, and less than others wait for it
            at_once -= 1

    with ThreadPoolExecutor(20) as callers:
        list(callers.map(call, range(20)))

    assert most == 1
