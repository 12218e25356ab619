"""Who does what next? People and owners take turns by chance; who comes too late has done nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from random import Random

import httpx

from tests.chaos.owners import Act


class Day:
    """A working day with one act in every *pause_s* seconds, and what was done so far."""

    def __init__(self, acts: Sequence[tuple[float, Act]], chance: Random, pause_s: float) -> None:
        self._weights, self._acts = zip(*acts, strict=True)
        self._chance, self._pause_s = chance, pause_s
        self.done: Counter[str] = Counter()

    def go_on(self) -> None:
        """Let somebody do something, then wait out the rest of the pause."""
        began = time.monotonic()
        [act] = self._chance.choices(self._acts, self._weights)
        name = _name(act)
        try:
            self.done[name] += act()
        except httpx.HTTPStatusError as error:  # somebody was quicker: the record, page or column is not there any more
            self.done[f"{name}: {error.response.status_code}"] += 1
        time.sleep(max(0.0, self._pause_s - (time.monotonic() - began)))

    def undone(self) -> list[str]:
        """Name what nobody has done yet."""
        return [name for name in map(_name, self._acts) if not self.done[name]]


def _name(act: Act) -> str:
    return act.__name__.replace("_", " ")
