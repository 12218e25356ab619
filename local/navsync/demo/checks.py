"""What is a check? A promise, as its docstring says it, that is seen to hold or not."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from local.navsync.narration import Narrator
from local.navsync.stopped import Stopped

type Check[S] = Callable[[S], str]
"""Plays on a stage, and returns what was seen there."""

ARRIVES_WITHIN_S = 60.0


class NotShown(Exception):
    """What a check hoped to see did not come."""


def perform[S](check: Check[S], stage: S, narrator: Narrator) -> bool:
    """Run one check and print its line."""
    started = time.monotonic()
    try:
        found = check(stage)
    except (NotShown, Stopped, httpx.HTTPError) as failed:
        narrator.failed(says(check), str(failed))
        return False
    narrator.held(says(check), f"{found} ({time.monotonic() - started:.1f} s)")
    return True


def says[S](check: Check[S]) -> str:
    """Return the promise that a check is about."""
    return (check.__doc__ or check.__name__).rstrip(".")


def at_once(*edits: Callable[[], None]) -> float:
    """Make edits side by side; return the seconds they took together."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(edits)) as pool:
        for done in [pool.submit(edit) for edit in edits]:
            done.result()
    return time.monotonic() - started


def eventually[T](look: Callable[[], T | None], otherwise: str, *, within_s: float = ARRIVES_WITHIN_S) -> T:
    """Look until there is something to see; else say what did not come."""
    give_up = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > give_up:
            raise NotShown(f"{otherwise} within {within_s:.0f} s")
        time.sleep(0.2)
    return seen


def expect(holds: bool, otherwise: str) -> None:
    """Fail the check unless it holds."""
    if not holds:
        raise NotShown(otherwise)


def must[T](found: T | None) -> T:
    """Return what every synced record has."""
    if found is None:
        raise NotShown("a record has no mapping, or none of its pages is to be seen")
    return found
