"""Many histories: which of them break a promise, and what is the shortest that does?"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

from tests.simulation.history import History
from tests.simulation.swarm import Fault, Swarm, drawn
from tests.simulation.verdict import flags, judge

OPERATIONS = 50
BATCH = 50
LATE = 100
"""Seconds between a look and the write that no worker in time ever needs."""
PROMISED = 0.85
"""The share of blind overwrites in Notion that the sync log tells of at least, while 2 % of its webhooks are lost."""


@dataclass
class Blind:
    """Edits of people that a write of ours replaced unseen: made after our last read of the field, before our write."""

    notion: int = 0
    flagged: int = 0
    """Of those in Notion, how many the sync log tells of."""
    navimpact: int = 0
    late: int = 0
    """By a worker that had outlived its lease, on either side."""

    def add(self, other: Blind) -> None:
        """Count *other*'s in."""
        self.notion += other.notion
        self.flagged += other.flagged
        self.navimpact += other.navimpact
        self.late += other.late

    @property
    def told(self) -> float:
        """The share of those in Notion that the sync log tells of; 0 where there were none, which shows nothing."""
        return self.flagged / max(self.notion, 1)

    def report(self, edits: int) -> Iterator[str]:
        """For people."""
        total = self.notion + self.navimpact
        share = total / max(edits, 1)
        yield f"{total} of {edits} edits were overwritten blind ({share:.3%}), {self.late} by late workers"
        yield f"  {self.notion} in Notion, of which {self.flagged} were flagged ({self.told:.0%})"
        yield f"  {self.navimpact} in NavImpact"


@dataclass
class Tally:
    """What many histories came to."""

    histories: int = 0
    broken: dict[int, list[str]] = field(default_factory=dict)
    """Seed → what was wrong."""
    fired: Counter[Fault] = field(default_factory=Counter)
    edits: int = 0
    blind: Blind = field(default_factory=Blind)
    calls: int = 0

    def add(self, other: Tally) -> None:
        """Count *other*'s in."""
        self.histories += other.histories
        self.broken |= other.broken
        self.fired += other.fired
        self.edits += other.edits
        self.blind.add(other.blind)
        self.calls += other.calls

    @property
    def never_fired(self) -> list[Fault]:
        """Faults that did not strike once: what was not tried was not tested."""
        return [fault for fault in Fault if not self.fired[fault]]

    def report(self) -> Iterator[str]:
        """For people."""
        yield f"{self.histories} histories, {self.calls} calls, {self.edits} edits, {len(self.broken)} broken"
        yield from self.blind.report(self.edits)
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
    return tally_of(history, wrong)


def tally_of(history: History, wrong: list[str]) -> Tally:
    """What one history came to."""
    edits, seed = len(history.people.edits), history.swarm.seed
    return Tally(1, {seed: wrong} if wrong else {}, history.fired, edits, _blind(history), history.steps)


def _blind(history: History) -> Blind:
    lost = [gone for gone in history.witness.blind if gone.by_people]
    flagged_places = {place for office in history.offices for place in flags(history, office)}
    in_notion = [gone for gone in lost if gone.side == "notion"]
    flagged = sum((gone.office, gone.mapping_id, gone.field) in flagged_places for gone in in_notion)
    late = sum(gone.age > LATE for gone in lost)
    return Blind(len(in_notion), flagged, len(lost) - len(in_notion), late)


def batch(seeds: Iterable[int]) -> Tally:
    """The tally of some."""
    tally = Tally()
    gc.disable()  # a history is thrown away as a whole; looking for cycles in the middle of it costs a fifth
    for seed in seeds:
        tally.add(one_seed(seed))
        gc.collect(0)
    gc.enable()
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
