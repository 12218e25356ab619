"""What do a day's rows of the sync log add up to? Counters that are kept with them, and the figures made of those."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from navsync.model import EntityType, Operation, Outcome, Side, SyncLog

NOTHING = "-"
"""In the place of an entity type or a side that a row has none of."""

STEP = 1.2
"""Durations are counted in classes, each so many times as long as the one before: a percentile is as exact as that."""


def counters_of(log: SyncLog) -> dict[str, int]:
    """What one row adds to its day's counters."""
    entity_type = log.entity_type or NOTHING
    counted = {f"rows|{entity_type}|{log.operation}|{log.outcome}|{log.side or NOTHING}": 1}
    if log.duration_ms is None or log.outcome is Outcome.STARTED:
        return counted
    return counted | {
        f"timed|{entity_type}": 1,
        f"ms|{entity_type}": log.duration_ms,
        f"class|{entity_type}|{class_of(log.duration_ms)}": 1,
    }


def class_of(duration_ms: int) -> int:
    """The class of a duration."""
    return 0 if duration_ms <= 1 else math.ceil(round(math.log(duration_ms, STEP), 9))


def longest_in(number: int) -> int:
    """The longest duration of a class, in milliseconds."""
    return math.floor(STEP**number + 1e-6)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one day came to, for one kind of record in one workspace."""

    workspace_id: int
    day: str
    entity_type: EntityType | None
    """None: rows about no record, such as a set-up."""
    succeeded: int
    failed: int
    unfinished: int
    created: int
    updated: int
    deleted: int
    conflicts: int
    edits_in_navimpact: int
    """Writes to Notion, each for an edit in NavImpact."""
    edits_in_notion: int
    mean_ms: int | None
    p95_ms: int | None

    @property
    def success_rate(self) -> float | None:
        """Per cent of what ended; None: nothing did."""
        ended = self.succeeded + self.failed
        return round(100 * self.succeeded / ended, 1) if ended else None


def figures(workspace_id: int, day: str, counters: Mapping[str, int]) -> Iterator[Figures]:
    """A day's figures for each kind of record that anything happened to."""
    named = [(name.split("|"), number) for name, number in counters.items()]
    for entity_type in sorted({parts[1] for parts, _ in named}):
        of_type = [(parts, number) for parts, number in named if parts[1] == entity_type]
        yield _figures(workspace_id, day, entity_type, of_type)


def _figures(workspace_id: int, day: str, entity_type: str, named: Iterable[tuple[list[str], int]]) -> Figures:
    outcomes: Counter[str] = Counter()
    done: Counter[str] = Counter()
    written: Counter[str] = Counter()
    classes: Counter[int] = Counter()
    timed = spent = 0
    for parts, number in named:
        match parts:
            case ["rows", _, operation, outcome, side]:
                outcomes[outcome] += number
                if outcome == Outcome.SUCCESS:
                    done[operation] += number
                    written[side] += number if operation == Operation.UPDATE else 0
            case ["timed", _]:
                timed += number
            case ["ms", _]:
                spent += number
            case ["class", _, each]:
                classes[int(each)] += number
    return Figures(
        workspace_id=workspace_id,
        day=day,
        entity_type=None if entity_type == NOTHING else EntityType(entity_type),
        succeeded=outcomes[Outcome.SUCCESS],
        failed=outcomes[Outcome.FAILED],
        unfinished=outcomes[Outcome.STARTED],
        created=done[Operation.CREATE],
        updated=done[Operation.UPDATE],
        deleted=done[Operation.DELETE],
        conflicts=done[Operation.CONFLICT],
        edits_in_navimpact=written[Side.NOTION] + written[NOTHING],
        edits_in_notion=written[Side.NAVIMPACT] + written[NOTHING],
        mean_ms=round(spent / timed) if timed else None,
        p95_ms=_percentile(classes, 0.95),
    )


def _percentile(classes: Mapping[int, int], share: float) -> int | None:
    """So many of all took at most this long, to within one class."""
    wanted, seen = math.ceil(share * sum(classes.values())), 0
    for number in sorted(classes):
        seen += classes[number]
        if seen >= wanted > 0:
            return longest_in(number)
    return None


COLUMNS = (
    "workspace_id", "day", "entity_type", "succeeded", "failed", "unfinished", "success_rate", "created", "updated",
    "deleted", "conflicts", "edits_in_navimpact", "edits_in_notion", "mean_ms", "p95_ms",
)  # fmt: skip


def as_row(shown: Figures) -> dict[str, int | float | str | None]:
    """One line of a table. Only numbers, days and names of our own: nothing that a spreadsheet could take for more."""
    return {name: getattr(shown, name) for name in COLUMNS}


def as_csv(rows: Iterable[Figures]) -> str:
    """A table for spreadsheets."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(as_row(row) for row in rows)
    return text.getvalue()
