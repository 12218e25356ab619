"""Many histories: which of them break a promise, and what is the shortest that does?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

from tests.simulation.history import History
from tests.simulation.swarm import Fault, Swarm, drawn
from tests.simulation.verdict import judge

OPERATIONS = 50
BATCH = 50


@dataclass
class Tally:
    """What many histories came to."""

    histories: int = 0
    broken: dict[int, list[str]] = field(default_factory=dict)
    """Seed → what was wrong."""
    fired: Counter[Fault] = field(default_factory=Counter)
    edits: int = 0
    blind: int = 0
    blind_of_the_undead: int = 0
    """Blind edits overwritten by a worker that had outlived its lease."""
    calls: int = 0

    def add(self, other: Tally) -> None:
        """Count *other*'s in."""
        self.histories += other.histories
        self.broken |= other.broken
        self.fired += other.fired
        self.edits += other.edits
        self.blind += other.blind
        self.blind_of_the_undead += other.blind_of_the_undead
        self.calls += other.calls

    @property
    def never_fired(self) -> list[Fault]:
        """Faults that did not strike once: what was not tried was not tested."""
        return [fault for fault in Fault if not self.fired[fault]]

    def report(self) -> Iterator[str]:
        """For people."""
        yield f"{self.histories} histories, {self.calls} calls, {self.edits} edits, {len(self.broken)} broken"
        share = self.blind / max(self.edits, 1)
        yield f"{self.blind} edits overwritten blind ({share:.2%}), {self.blind_of_the_undead} of them by late workers"
        for fault in Fault:
            yield f"{self.fired[fault]:>9} × {fault}"
        for seed in sorted(self.broken)[:20]:
            yield f"seed {seed}: {self.broken[seed][0]}"
            yield f"    again: python -m tests.simulation --replay {seed}"


def played(swarm: Swarm, *, tell: Callable[[str], None] | None = None) -> tuple[History, list[str]]:
    """One history and what is wrong with it."""
    history = History(swarm, tell=tell)
    history.run()
    return history, judge(history)


def one_seed(seed: int) -> Tally:
    """The tally of one history."""
    history, wrong = played(drawn(seed, OPERATIONS))
    lost = [gone for gone in history.witness.blind if gone.by_people]
    return Tally(
        1,
        {seed: wrong} if wrong else {},
        history.fired,
        len(history.people.edits),
        len(lost),
        sum(gone.age > 100 for gone in lost),
        history.steps,
    )


def batch(seeds: Iterable[int]) -> Tally:
    """The tally of some."""
    tally = Tally()
    for seed in seeds:
        tally.add(one_seed(seed))
    return tally


def campaign(first: int, histories: int, processes: int = 1) -> Iterator[Tally]:
    """Tallies of *histories* seeds from *first*, batch by batch."""
    batches = [range(n, min(n + BATCH, first + histories)) for n in range(first, first + histories, BATCH)]
    if processes == 1:
        yield from map(batch, batches)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(batch, batches)


def shrunk(swarm: Swarm) -> Swarm:
    """*swarm* with as few operations as still break the first of its promises: halves first, then one by one."""
    kind = _kind(played(swarm)[1])
    size = max(len(swarm.ops) // 2, 1)
    while True:
        smaller = _without_some(swarm, size, kind)
        if smaller is not None:
            swarm = smaller
        elif size == 1:
            return swarm
        else:
            size //= 2


def _without_some(swarm: Swarm, size: int, kind: str) -> Swarm | None:
    for start in range(0, len(swarm.ops), size):
        fewer = replace(swarm, ops=swarm.ops[:start] + swarm.ops[start + size :])
        if _kind(played(fewer)[1]) == kind:
            return fewer
    return None


def _kind(wrong: list[str]) -> str:
    return re.sub(r"[0-9a-f]{4}\b|\d+", "#", wrong[0])[:50] if wrong else ""
