"""Work that looks at the records which a person's filter chose: a place in their order, however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from math import ceil
from typing import Self

from navsync import reconcile
from navsync.conductor.rounds import let_edits_pass
from navsync.conductor.station import Station
from navsync.engine import Done, Result
from navsync.model import EntityType, Lane, Mapping, Work, WorkKind
from navsync.standing import Standing, standing_of


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records, by how they stand when their turn comes."""

    standings: frozenset[Standing]
    entity_type: EntityType | None = None
    """None: of any kind."""

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.standings))}/{self.entity_type or ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back."""
        standings, _, kind = text.partition("/")
        return cls(frozenset(map(Standing, standings.split("+"))), EntityType(kind) if kind else None)

    def of(self, mappings: Sequence[Mapping]) -> list[Mapping]:
        """Those of *mappings* that are chosen."""
        alike = [each for each in mappings if self.entity_type in (None, each.entity_type)]
        return [each for each in alike if standing_of(each) in self.standings]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the work has come: behind which mapping, and how many were passed, chosen or not."""

    place: int = 0
    passed: int = 0

    def __str__(self) -> str:
        return f"{self.place:016d}/{self.passed:09d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back."""
        place, _, passed = text.partition("/")
        return cls(int(place), int(passed))

    def left(self, total: int, every: int) -> int:
        """About how many of the *total* that were chosen among *every* are still ahead.

        What was chosen is not counted on the way: it may stand otherwise by its turn, and would never be counted.
        """
        return ceil(total * max(0, every - self.passed) / every) if every else 0


LANE = Lane.BACKFILL
"""Its row stays first in its lane until all were looked at: in the sweep's, nothing would be reconciled meanwhile."""


def cursor_of(run_id: str) -> str:
    """The cursor that holds the walk of a run, from before its work is put until all were looked at."""
    return f"chosen:{run_id}"


def look(station: Station, work: Work) -> Result:
    """Look at each, some at a time; what fails is tried again as a row of its own, of the same run."""
    choice, name = Choice.parse(work.external_id), cursor_of(work.run_id)
    begun = station.desk.cursor(name)
    if begun is None:  # an earlier worker died behind the last, or nobody remembers the run any more
        return Done()
    walk = Walk.parse(begun)
    while mappings := station.ledger.mappings_after(walk.place, reconcile.PAIRS_AT_ONCE):
        for some in batched(choice.of(mappings), station.threads, strict=False):
            let_edits_pass(station)
            station.take_each([station.work(work, WorkKind.MAPPING, str(mapping.id)) for mapping in some])
            passed = sum(each.id <= some[-1].id for each in mappings)
            station.desk.move_cursor(name, str(Walk(some[-1].id, walk.passed + passed)))
            station.check_time()
        walk = Walk(mappings[-1].id, walk.passed + len(mappings))
        station.desk.move_cursor(name, str(walk))
        station.check_time()
    station.desk.clear_cursor(name)
    return Done()
