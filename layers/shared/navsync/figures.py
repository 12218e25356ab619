"""What do a day's rows of the sync log add up to? Counters that are kept with them, and the figures made of those."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from navsync.model import EntityType, Operation, Outcome, Side, SyncLog

NOTHING = "-"
"""In the place of an entity type or a side that a row has none of."""

CALLS = f"calls|{NOTHING}"
"""The counter of requests to Notion, which are about whole workspaces."""

STEP = 1.2
"""Durations are counted in classes, each so many times as long as the one before: a percentile is as exact as that."""


def counters_of(log: SyncLog) -> dict[str, int]:
    """What one row adds to its day's counters."""
    if not is_sync(log):
        return {}
    entity_type = log.entity_type or NOTHING
    counted = {f"rows|{entity_type}|{log.operation}|{log.outcome}|{log.side or NOTHING}": 1}
    if log.duration_ms is not None and log.outcome is not Outcome.STARTED:
        counted |= _timed("", entity_type, log.duration_ms)
    if (arrival := arrival_ms(log)) is not None:
        counted |= _timed("arrival ", entity_type, arrival)
    return counted


def is_sync(log: SyncLog) -> bool:
    """Whether it tells of a sync, which goes well or fails.

    That there is no such record, or that an undo was refused, which wrote nothing, is neither.
    """
    was_refused = log.operation is Operation.REVERT and log.outcome is Outcome.FAILED and not log.changes
    return log.operation is not Operation.MISSING and not was_refused


def arrival_ms(log: SyncLog) -> int | None:
    """How long an edit was on its way: from when it was made, by the clock of its side, to the end of our write.

    None: the row carried none of which an event told when it was made.
    """
    travelled = log.operation in (Operation.CREATE, Operation.UPDATE) and log.outcome is Outcome.SUCCESS
    if not travelled or log.edited_at is None or log.duration_ms is None:
        return None
    return max(0, round((log.at - log.edited_at) / MILLISECOND) + log.duration_ms)


MILLISECOND = timedelta(milliseconds=1)


def _timed(what: str, entity_type: str, duration_ms: int) -> dict[str, int]:
    """Counters of one more duration of a kind."""
    return {f"{what}ms|{entity_type}": duration_ms, f"{what}class|{entity_type}|{class_of(duration_ms)}": 1}


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
    arrival_mean_ms: int | None
    """From an edit to the end of the write that carried it, as `arrival_ms` says."""
    arrival_p50_ms: int | None
    arrival_p95_ms: int | None
    notion_calls: int | None
    """Requests of the whole workspace, told where the rows are about no record."""

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
    took, arrival = _Durations(), _Durations()
    calls = 0
    for parts, number in named:
        match parts:
            case ["rows", _, operation, outcome, side]:
                outcomes[outcome] += number
                if outcome == Outcome.SUCCESS:
                    done[operation] += number
                    written[side] += number if operation == Operation.UPDATE else 0
            case ["ms", _]:
                took.ms += number
            case ["class", _, each]:
                took.classes[int(each)] += number
            case ["arrival ms", _]:
                arrival.ms += number
            case ["arrival class", _, each]:
                arrival.classes[int(each)] += number
            case ["calls", _]:
                calls += number
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
        mean_ms=took.mean,
        p95_ms=took.percentile(0.95),
        arrival_mean_ms=arrival.mean,
        arrival_p50_ms=arrival.percentile(0.5),
        arrival_p95_ms=arrival.percentile(0.95),
        notion_calls=calls if entity_type == NOTHING else None,
    )


@dataclass(slots=True)
class _Durations:
    """Durations as counters keep them: what they add up to, and how many there are of each class."""

    ms: int = 0
    classes: Counter[int] = field(default_factory=Counter)

    @property
    def mean(self) -> int | None:
        """Their mean; None: there are none."""
        return round(self.ms / self.classes.total()) if self.classes.total() else None

    def percentile(self, share: float) -> int | None:
        """So many of all took at most this long, to within one class."""
        wanted, seen = math.ceil(share * self.classes.total()), 0
        for number in sorted(self.classes):
            seen += self.classes[number]
            if seen >= wanted > 0:
                return longest_in(number)
        return None


COLUMNS = (
    "workspace_id", "day", "entity_type", "succeeded", "failed", "unfinished", "success_rate", "created", "updated",
    "deleted", "conflicts", "edits_in_navimpact", "edits_in_notion", "mean_ms", "p95_ms", "arrival_mean_ms",
    "arrival_p50_ms", "arrival_p95_ms", "notion_calls",
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
