"""How does a story disturb one call?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from navsync.errors import Blocked, Down, SyncError, Unclear
from navsync.model import PausedBy
from tests.contract.memory_store import MemoryLedger
from tests.simulation.employee import Killed
from tests.simulation.witness import KEEPING
from tests.simulation.world import Clock, Fault, Watched, World

MINUTE = timedelta(minutes=1)

ANYWHERE = pytest.mark.parametrize(
    ("error", "applied"),
    [(Killed(), True), (Down("503"), False), (Unclear("no answer"), True)],
    ids=["killed", "503", "no answer"],
)
"""What may happen to a worker at any of its calls, once the call has taken effect or before."""


def once(call: str, do: Callable[[], None], *, applied: bool) -> Fault:
    """*do* happens at the first *call*: before it is applied, or after."""
    left = [do]

    def fault(called: str, was_applied: bool) -> None:
        if called == call and was_applied is applied and left:
            left.pop()()

    return fault


def fail_once(call: str, error: BaseException, *, applied: bool) -> Fault:
    """The first *call* fails with *error*, whether it was *applied* or not."""

    def fail() -> None:
        raise error

    return once(call, fail, applied=applied)


def fail_always(call: str, error: BaseException) -> Fault:
    """*call* never gets there."""

    def fault(called: str, applied: bool) -> None:
        if called == call and not applied:
            raise error

    return fault


def together(*faults: Fault) -> Fault:
    """Each of *faults* at its own call."""

    def fault(called: str, applied: bool) -> None:
        for each in faults:
            each(called, applied)

    return fault


def failing(times: int, error: Callable[[], Exception], call: str = "navimpact read") -> Fault:
    """The first calls fail before they are applied, so many *times*, each with an error of its own."""
    left = [times]

    def fault(called: str, applied: bool) -> None:
        if called == call and not applied and left[0]:
            left[0] -= 1
            raise error()

    return fault


def allowing(calls: int, clock: Clock, refused: list[datetime]) -> Fault:
    """NavImpact takes so many *calls* in any minute, and asks for a pause beyond; *refused* is when it did."""
    taken: list[datetime] = []

    def fault(called: str, applied: bool) -> None:
        now = clock()
        if applied or not called.startswith("navimpact"):
            return
        taken[:] = [each for each in taken if each > now - MINUTE]
        if len(taken) == calls:
            refused.append(now)
            raise Blocked("too many calls", until=now + MINUTE, everybody=True, by=PausedBy.NAVIMPACT)
        taken.append(now)

    return fault


def breaks(port: Watched, call: str, error: SyncError, broken: Callable[..., bool]) -> Callable[[], None]:
    """From now on *call* fails where *broken* says so of its arguments; returns what mends it."""
    real = getattr(port.port, call)

    def fail(*arguments: Any) -> Any:
        if broken(*arguments):
            raise error
        return real(*arguments)

    setattr(port.port, call, fail)
    return lambda: setattr(port.port, call, real)


def struck(world: World, call: int, error: BaseException, *, applied: bool) -> bool:
    """Whether a worker made so many calls to a side, or of those that keep something, and met *error* at the last."""
    made = 0

    def strike(_called: str, was_applied: bool) -> None:  # a fault's signature
        nonlocal made
        made += was_applied is applied
        if was_applied is applied and made == call:
            raise error

    def disturbed(keep: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*args: Any, **kwargs: Any) -> Any:
            strike("keep", False)
            answer = keep(*args, **kwargs)
            strike("keep", True)
            return answer

        return kept

    world.notion.fault = world.navimpact.fault = strike
    with ExitStack() as disturbances, suppress(Killed):
        for name in KEEPING:
            disturbances.enter_context(patch.object(MemoryLedger, name, disturbed(getattr(MemoryLedger, name))))
        world.slice()
    world.notion.fault = world.navimpact.fault = None
    return made >= call
