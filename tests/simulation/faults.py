"""How does a story disturb one call?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from navsync.errors import SyncError
from tests.simulation.world import Fault, Watched


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


def breaks(port: Watched, call: str, error: SyncError, broken: Callable[..., bool]) -> Callable[[], None]:
    """From now on *call* fails where *broken* says so of its arguments; returns what mends it."""
    real = getattr(port.port, call)

    def fail(*arguments: Any) -> Any:
        if broken(*arguments):
            raise error
        return real(*arguments)

    setattr(port.port, call, fail)
    return lambda: setattr(port.port, call, real)
