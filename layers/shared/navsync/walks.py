"""A walk through the records that a person's filter chose: which they are, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self

from navsync.model import EntityType, Lane, Mapping
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
