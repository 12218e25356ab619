"""How many are there? Counters are kept in the transactions that change what they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from navsync.attention import Cause, causes_of
from navsync.figures import CALLS, NOTHING, Figures, counters_of, figures
from navsync.model import EntityType, Operation, Outcome, State, SyncLog
from navsync.model import Mapping as Pairing
from navsync.standing import LISTED, Standing, standing_of
from navsync.store import keys
from navsync.store.dynamo import Dynamo, Item, Step, add, when

KEEP_DAYS = 90
KEEP_OVERWRITTEN_DAYS = 400
"""Rows that hold an overwritten value are kept longer: it can be restored from them."""


@dataclass(frozen=True, slots=True)
class MappingKind:
    """What mappings are counted by."""

    entity_type: EntityType
    state: State
    standing: Standing

    @classmethod
    def of(cls, mapping: Pairing) -> MappingKind:
        """The kind of *mapping*."""
        return cls(mapping.entity_type, mapping.state, standing_of(mapping))

    def __str__(self) -> str:
        return f"{self.entity_type}.{self.state}.{self.standing}"

    @classmethod
    def parse(cls, text: str) -> MappingKind:
        """Read a counter's name back."""
        entity_type, state, standing = text.split(".")
        return cls(EntityType(entity_type), State(state), Standing(standing))


@dataclass(frozen=True, slots=True)
class LogKind:
    """What rows of the sync log are counted by: a day's, with how long they are kept and what they add up to."""

    day: str
    keep_days: int
    outcome: Outcome
    operation: Operation
    entity_type: EntityType | None
    figures: tuple[tuple[str, int], ...] = ()
    """What the row adds to the day's figures."""

    @classmethod
    def of(cls, log: SyncLog) -> LogKind:
        """The kind of *log*."""
        overwritten = any(change.old is not None for change in log.changes)
        days = KEEP_OVERWRITTEN_DAYS if overwritten else KEEP_DAYS
        added = tuple(counters_of(log).items())
        return cls(keys.moment(log.at)[:10], days, log.outcome, log.operation, log.entity_type, added)

    def counters(self) -> dict[str, int]:
        """What one row of this kind adds to its day's item."""
        return {f"{self.keep_days}.{self.outcome}.{self.operation}.{self.entity_type or NOTHING}": 1} | dict(
            self.figures
        )

    @classmethod
    def parse(cls, day: str, text: str) -> LogKind:
        """Read a counter's name back."""
        keep_days, outcome, operation, kind = text.split(".")
        entity_type = None if kind == NOTHING else EntityType(kind)
        return cls(day, int(keep_days), Outcome(outcome), Operation(operation), entity_type)

    def expires_at(self, at: datetime) -> int:
        """When a row of *at* may go, in seconds since 1970."""
        return int((at + timedelta(days=self.keep_days)).timestamp())


@dataclass(frozen=True, slots=True)
class Counts:
    """How many mappings a workspace has of each kind."""

    by_kind: Mapping[MappingKind, int]
    by_cause: Mapping[Cause, int]
    """How many wait for a person because of what; one may wait because of several things."""

    def of(
        self, standings: Iterable[Standing] = LISTED, entity_type: EntityType | None = None, state: State | None = None
    ) -> int:
        """How many there are of these."""
        wanted = set(standings)
        return sum(
            number
            for kind, number in self.by_kind.items()
            if kind.standing in wanted and entity_type in (None, kind.entity_type) and state in (None, kind.state)
        )

    @property
    def total(self) -> int:
        """All but deleted ones."""
        return self.of()

    @property
    def pending(self) -> int:
        """Those about to be written, or waiting for time."""
        return self.of([Standing.PENDING])

    @property
    def failed(self) -> int:
        """Those that wait for a person because something failed."""
        return self.of([Standing.FAILED, Standing.UNREACHABLE])

    @property
    def conflict(self) -> int:
        """Those with a conflict."""
        return self.of([Standing.CONFLICT])

    @property
    def linked(self) -> int:
        """Those that pair a live record with a live page."""
        return self.of(Standing, state=State.LINKED)


def counters_of_mapping(mapping: Pairing) -> frozenset[str]:
    """The counters that *mapping* is counted in."""
    return frozenset({str(MappingKind.of(mapping)), *map(keys.waits, causes_of(mapping))})


def move_mappings(table: str, workspace_id: int, before: Iterable[str], after: Iterable[str]) -> list[Step]:
    """Count mappings in the counters *after* and no longer in those *before*, each as often as it is named."""
    deltas = _deltas([*((name, -1) for name in before), *((name, 1) for name in after)])
    key = keys.within(workspace_id, keys.MAPPING_COUNTS)
    return [Step(add(table, key, deltas))] if deltas else []


def move_logs(
    table: str, workspace_id: int, before: Iterable[LogKind], after: Iterable[LogKind], now: datetime
) -> list[Step]:
    """Count rows as *after* and no longer as *before*."""
    deltas = _deltas([*((kind, -1) for kind in before), *((kind, 1) for kind in after)])
    last = int((now + timedelta(days=KEEP_OVERWRITTEN_DAYS + 1)).timestamp())
    steps = []
    for day in sorted({kind.day for kind in deltas}):
        named = _deltas(
            (name, n * each) for kind, n in deltas.items() if kind.day == day for name, each in kind.counters().items()
        )
        if named:
            steps.append(Step(add(table, keys.within(workspace_id, keys.log_counts(day)), named, expires_at=last)))
    return steps


def add_calls(table: str, workspace_id: int, calls: int, now: datetime) -> Step:
    """Count requests to Notion."""
    last = int((now + timedelta(days=KEEP_OVERWRITTEN_DAYS + 1)).timestamp())
    return Step(add(table, keys.within(workspace_id, keys.log_counts(_day(now))), {CALLS: calls}, expires_at=last))


def figures_of_days(dynamo: Dynamo, table: str, workspace_id: int, first: str, last: str) -> Iterator[Figures]:
    """Figures of the days from *first* to *last*, oldest first."""
    days = dynamo.query(
        table,
        when("#pk = :pk AND #sk BETWEEN :first AND :last", pk=keys.partition(workspace_id),
             first=keys.log_counts(first), last=keys.log_counts(last)),
    )  # fmt: skip
    for item in days:
        counters = {name: number for name, number in item.items() if "|" in name and number}
        yield from figures(workspace_id, item["sk"].removeprefix(keys.LOG_COUNTS), counters)


def _deltas[T](moves: Iterable[tuple[T | None, int]]) -> dict[T, int]:
    totals: Counter[T] = Counter()
    for kind, number in moves:
        if kind is not None:
            totals[kind] += number
    return {kind: number for kind, number in totals.items() if number}


def mapping_counts(dynamo: Dynamo, table: str, workspace_id: int) -> Counts:
    """How many mappings there are."""
    item = dynamo.get(table, keys.within(workspace_id, keys.MAPPING_COUNTS)) or {}
    waiting = {name.removeprefix(keys.WAITS): n for name, n in item.items() if name.startswith(keys.WAITS) and n > 0}
    return Counts(_known(_numbers(item), MappingKind.parse), _known(waiting, Cause.parse))


def log_count(dynamo: Dynamo, table: str, workspace_id: int, wanted: Callable[[LogKind], bool], now: datetime) -> int:
    """How many rows of the sync log of the kinds that are *wanted* are still kept, to the day."""
    oldest = _day(now - timedelta(days=KEEP_OVERWRITTEN_DAYS))
    days = dynamo.query(
        table,
        when("#pk = :pk AND #sk BETWEEN :oldest AND :newest", pk=keys.partition(workspace_id),
             oldest=keys.log_counts(oldest), newest=keys.log_counts("9")),
    )  # fmt: skip
    kinds = ((kind, n) for item in days for kind, n in _log_kinds(item).items())
    return sum(n for kind, n in kinds if wanted(kind) and kind.day >= _day(now - timedelta(kind.keep_days)))


def _log_kinds(item: Item) -> dict[LogKind, int]:
    day = item["sk"].removeprefix(keys.LOG_COUNTS)
    return _known(_numbers(item), partial(LogKind.parse, day))


def _known[T](counters: Mapping[str, int], parse: Callable[[str], T]) -> dict[T, int]:
    """*counters* by what their names say. Another release may have counted by more: what it alone knows is left out."""
    known = {}
    for name, number in counters.items():
        with suppress(ValueError):
            known[parse(name)] = number
    return known


def _numbers(item: Item) -> dict[str, int]:
    """The counters of an item: the attributes whose names have a dot."""
    return {name: number for name, number in item.items() if "." in name}


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()
