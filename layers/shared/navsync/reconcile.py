"""The scheduled pass that finds what webhooks missed, at the cost of what changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, Self

from navsync import merge, pairing, scope, titles
from navsync.errors import STOP_EVERYTHING, Blocked, Fatal, OutOfTime, Retryable, SyncError, Unavailable
from navsync.fields import SPECS, field_of
from navsync.model import (
    EntityRef,
    EntityType,
    Mapping,
    Present,
    Settings,
    Side,
    State,
    Work,
    WriteIntent,
)
from navsync.ports import Desk, Ledger, ReadableLedger, ReadableSide, SidePort
from navsync.standing import asks_of_trash

OVERLAP = timedelta(seconds=120)
"""How far behind its cursor a sweep looks again: longer than a side's clock is coarse and its index late."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a first sweep asks for changes: a list of all would show archived rows, too, at one more request."""

PAIRS_AT_ONCE = 100
"""As many rows as one call to Notion shows."""

PAIRS_EVERY = timedelta(minutes=15)
"""Between two looks at so many pairs: 9,600 a day, at 96 calls."""

MOST_UNREAD = 3
"""So many pairs that cannot be read end a look at them: the side may be down, and each is looked at once more."""

PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Listing:
    """All records of one type that one side shows. Its text form, `notion/media_project`, names its part of a sweep."""

    side: Side
    entity_type: EntityType

    def __str__(self) -> str:
        return f"{self.side}/{self.entity_type}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back. Raises ValueError when *text* is none."""
        side, _, entity_type = text.partition("/")
        return cls(Side(side), EntityType(entity_type))

    @property
    def name(self) -> str:
        """As people call it: `Media projects in Notion`."""
        place = "Notion" if self.side is Side.NOTION else "NavImpact"
        return f"{SPECS[self.entity_type].database_title} in {place}"


def lists_of(entity_types: Iterable[EntityType]) -> list[Listing]:
    """What both sides show of *entity_types*, in their order."""
    return [Listing(side, kind) for kind in entity_types for side in (Side.NOTION, Side.NAVIMPACT)]


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list that may take more than one slice."""

    records: Sequence[Present]
    began: datetime
    """When the list was begun, maybe by an earlier slice."""
    place: str | None
    """Where it can be gone on with even in days; None where it ends, or only the next page leads on."""


class Rows(Protocol):
    """Notion's rows, many at a time."""

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Rows that carry one of *keys*, as the index has them; one that is missing may be there."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """One pass through a workspace: where it keeps how far it came, and how it learns that its time is up."""

    desk: Desk
    clock: Callable[[], datetime]
    check_time: Callable[[], None]

    def sweep(
        self,
        port: SidePort,
        entity_type: EntityType,
        *,
        is_settled: Callable[[Present], bool],
        work_for: Callable[[str], Work],
    ) -> int:
        """Put work for every record of *entity_type* that *port* shows changed since the cursor; how many there were.

        All work is put before the cursor moves, so that a crash in between repeats and never skips. The cursor is the
        side's own latest time of change, but never later than the list was begun: what is edited behind our back while
        we go through its pages is not on them, and one time from the future must not blind the sweeps until then.
        """
        name = f"sweep:{port.side}:{entity_type}"
        cursor = self.desk.cursor(name)
        reached = datetime.fromisoformat(cursor) if cursor else None
        since = reached - OVERLAP if reached else EVER
        latest, put = reached, 0
        for part in self.resumed(port, entity_type, since, name=f"part of {name}"):
            for record in part.records:
                self.check_time()
                if not is_settled(record):
                    self.desk.put(work_for(f"{entity_type}/{record.id}"))
                    put += 1
                if record.edited_at is not None:
                    surely = min(record.edited_at, part.began)
                    latest = max(latest or surely, surely)
        if latest and latest != reached:
            self.desk.move_cursor(name, latest.isoformat(timespec="microseconds"))
        return put

    def resumed(
        self, port: SidePort, entity_type: EntityType, since: datetime | None, *, name: str, place: str | None = None
    ) -> Iterator[Part]:
        """Records changed since *since*, page by page, going on behind the last page that an earlier slice got through.

        *name* is under which that is kept. Where there was none, the list begins at *place*.
        """
        start, cursor, began = since.isoformat() if since else None, place, self.clock().isoformat()
        if begun := self.desk.cursor(name):
            with suppress(ValueError):  # a release that kept something else
                start, cursor, began = json.loads(begun)
        while True:
            try:
                page = port.changed_since(entity_type, datetime.fromisoformat(start) if start else None, cursor)
            except Fatal:
                self.desk.clear_cursor(name)  # a place in a list does not keep for ever: begin anew
                raise
            yield Part(page.records, datetime.fromisoformat(began), page.place)
            if cursor is not None:
                self.desk.clear_cursor(name)
            cursor = page.cursor
            if cursor is None:
                return
            self.desk.move_cursor(name, json.dumps([start, cursor, began]))

    def check_pairs(
        self,
        notion: Rows,
        navimpact: SidePort,
        entity_types: Iterable[EntityType],
        *,
        ledger: Ledger,
        settings: Settings,
        work_for: Callable[[str], Work],
    ) -> bool:
        """Every now and then put work for those of the next hundred pairs that are not in step; whether it was time.

        Finds what neither a webhook nor a query for changes tells: what vanished, and edits that the index had late.
        Nothing is concluded from a row or a record that is missing here: the work's look asks for it by its id. So does
        that of a pair whose record cannot be read. Pairs of a database whose rows cannot be asked for wait for the next
        time, and keep no others waiting: it raises `Unavailable` for them once all is done.
        """
        due, place = self._stands(PAIRS)
        if due is not None:
            return False
        now, pairs = self.clock(), ledger.mappings_after(int(place or 0), PAIRS_AT_ONCE)
        rows = {kind: _asked_for(notion, kind, pairs) for kind in entity_types}
        unread = 0
        for pair in pairs:
            shown = rows.get(pair.entity_type, {})
            try:
                self.check_time()
                answer = (
                    isinstance(shown, SyncError)
                    or pair.is_put_off(now)
                    or known_in_step(pair, shown, navimpact, ledger, settings)
                )
            except (Blocked, OutOfTime):  # a limit is met anew each time by who begins anew
                self._next(PAIRS, now, place)
                raise
            place = str(pair.id)
            if not answer:
                self.desk.put(work_for(place))
            unread += answer is None
            if unread == MOST_UNREAD:
                break
        is_end = unread < MOST_UNREAD and len(pairs) < PAIRS_AT_ONCE
        self._next(PAIRS, now, "" if is_end else place)
        _tell_unasked(rows)
        return True

    def walk_rows(
        self,
        port: SidePort,
        entity_type: EntityType,
        *,
        is_settled: Callable[[Present], bool],
        work_for: Callable[[str], Work],
    ) -> None:
        """Now and then put work for those of the next hundred records that are not in step.

        Finds what no mapping pairs and no query for changes shows: shared again, indexed late, or looked at when
        NavImpact showed nothing. Until the next look only a place that keeps is good, so where more than a hundred rows
        were made in one minute, a look goes on to the end of it.
        """
        name, now = f"walk:{port.side}:{entity_type}", self.clock()
        (due, place), unfinished = self._stands(name), f"part of {name}"
        if due is not None:
            return
        reached = None
        for part in self.resumed(port, entity_type, None, name=unfinished, place=place or None):
            for row in part.records:
                if not is_settled(row):
                    self.desk.put(work_for(f"{entity_type}/{row.id}"))
            reached = part.place
            if reached is not None:
                self.desk.clear_cursor(unfinished)
                break
        self._next(name, now, reached or "")

    def pairs_due(self) -> datetime | None:
        """When it is time for the next pairs; None: now."""
        return self._stands(PAIRS)[0]

    def _stands(self, name: str) -> tuple[datetime | None, str]:
        """When a round through many rows goes on, None where it is time, and from which place ("" at its start)."""
        last, _, place = (self.desk.cursor(name) or "").partition(" ")
        due = datetime.fromisoformat(last) + PAIRS_EVERY if last else None
        return (due if due is not None and self.clock() < due else None), place

    def _next(self, name: str, now: datetime, place: str) -> None:
        """Cursors only move forward, so this one begins with the time."""
        self.desk.move_cursor(name, f"{now.isoformat(timespec='microseconds')} {place}")


def _asked_for(
    notion: Rows, entity_type: EntityType, pairs: Sequence[Mapping]
) -> MappingOf[str, Present] | Retryable | Fatal:
    """The rows of *pairs* by their ids, or why they cannot be asked for."""
    try:
        return {row.id: row for row in rows_of(notion, entity_type, pairs)}
    except STOP_EVERYTHING:
        raise
    except (Retryable, Fatal) as error:
        return error


def _tell_unasked(rows: MappingOf[EntityType, object]) -> None:
    unasked = [f"{Listing(Side.NOTION, kind).name}: {why}" for kind, why in rows.items() if isinstance(why, SyncError)]
    if unasked:
        raise Unavailable(f"not all pages could be asked for. {'. '.join(unasked)}")


def known_in_step(
    pair: Mapping,
    rows: MappingOf[str, Present],
    navimpact: ReadableSide,
    ledger: ReadableLedger,
    settings: Settings,
) -> bool | None:
    """As `are_in_step`; None where its record cannot be read."""
    try:
        return are_in_step(pair, rows, navimpact, ledger, settings)
    except STOP_EVERYTHING:
        raise
    except (Retryable, Fatal):
        return None


def rows_of(notion: Rows, entity_type: EntityType, pairs: Sequence[Mapping]) -> Sequence[Present]:
    """The rows of those *pairs* that are of *entity_type*, a hundred pairs at most."""
    shown = (pair for pair in pairs if pair.state is State.LINKED or _is_asked_about_its_page(pair))
    keys = [str(pair.entity) for pair in shown if pair.entity_type is entity_type]
    return notion.rows(entity_type, keys) if keys else ()


def _is_asked_about_its_page(pair: Mapping) -> bool:
    """Whether a person is asked what is to become of a page that has no record any more."""
    both = pair.page_id is not None and pair.entity_id is not None  # else it is a second page, which cannot make way
    return pair.state is State.AWAITING_APPROVAL and both and not asks_of_trash(pair)


def are_in_step(
    pair: Mapping,
    rows: MappingOf[str, Present],
    navimpact: ReadableSide,
    ledger: ReadableLedger,
    settings: Settings,
) -> bool:
    """Whether *pair* needs no look, given its type's *rows* by id."""
    shows_as_agreed = partial(_shows_as_agreed, navimpact, ledger=ledger, settings=settings)
    match pair.state:
        case State.LINKED:
            row = rows.get(pair.page_id or "")
            return row is not None and _is_row_in_step(row, pair, settings) and shows_as_agreed(pair)
        case State.AWAITING_APPROVAL if asks_of_trash(pair):
            return shows_as_agreed(pair.but(state=State.LINKED))
        case State.AWAITING_APPROVAL if _is_asked_about_its_page(pair):
            return pair.page_id in rows  # else it was thrown away or is not shared any more: nobody needs to be asked
        case State.EXCLUDED if pair.troubles == (scope.TRASHED,):
            return shows_as_agreed(pair.but(state=State.LINKED, troubles=()))
        case State.EXCLUDED:
            return shows_as_agreed(pair)
        case State.CREATING | State.DRAFT:
            return False
        case _:
            return (
                True  # deleted, unreachable or waiting for a person: looked at when something happens, or by the hour
            )


def _shows_as_agreed(navimpact: ReadableSide, pair: Mapping, *, ledger: ReadableLedger, settings: Settings) -> bool:
    seen = navimpact.read(pair.entity_type, pair.entity_id or "")
    return isinstance(seen, Present) and _is_settled(seen, pair.entity_type, pair, ledger, settings)


def records(port: SidePort, entity_type: EntityType, since: datetime | None) -> Iterator[Present]:
    """All records changed since *since*, page by page."""
    cursor = None
    while True:
        page = port.changed_since(entity_type, since, cursor)
        yield from page.records
        cursor = page.cursor
        if cursor is None:
            return


def mapping_of(ledger: ReadableLedger, entity_type: EntityType, side: Side, record: Present) -> Mapping | None:
    """The mapping that pairs *record* of *side*."""
    if side is Side.NAVIMPACT:
        return ledger.of_entity(EntityRef(entity_type, record.id))
    return ledger.of_page(record.id)


def is_settled(
    record: Present,
    side: Side,
    entity_type: EntityType,
    mapping: Mapping | None,
    *,
    ledger: ReadableLedger,
    settings: Settings,
) -> bool:
    """Whether a look at *record*, which *mapping* pairs if one does, would change nothing.

    It shows nothing new, or the workspace's rules leave it out.
    """
    if side is Side.NAVIMPACT:
        return _is_settled(record, entity_type, mapping, ledger, settings)
    return mapping is not None and (_is_row_in_step(record, mapping, settings) or scope.is_out(mapping))


def _is_settled(
    record: Present, entity_type: EntityType, mapping: Mapping | None, ledger: ReadableLedger, settings: Settings
) -> bool:
    why_not = scope.without_page if mapping is None or mapping.page_id is None else scope.excluded
    why = why_not(settings, ledger, entity_type, record.id, record.values)
    if mapping is None:
        return why is not None and not scope.is_remembered(entity_type)
    if why is None and mapping.state is State.UNREACHABLE:  # what NavImpact shows is no news of its page
        return in_step(record, Side.NAVIMPACT, mapping.but(state=State.LINKED, troubles=()))
    if why is None:
        return in_step(record, Side.NAVIMPACT, mapping)
    return mapping.state is State.EXCLUDED and mapping.troubles == (why,)


def in_step(record: Present, side: Side, mapping: Mapping | None) -> bool:
    """Whether *record* shows nothing new: a sweep's overlap mostly finds what we wrote ourselves.

    A conflict that is listed already shows nothing new as long as this side still shows its half of it.
    """
    if mapping is None or mapping.intent is not None or mapping.state is not State.LINKED or not mapping.stamped:
        return False
    if mapping.gone_since is not None or mapping.attempts or any(trouble.field for trouble in mapping.troubles):
        return False  # of a field that is held it is not kept what it said, so only a look can tell
    if side is Side.NOTION and (not pairing.carries_id(record, mapping.entity) or titles.is_stale(mapping, record)):
        return False
    spec = SPECS[mapping.entity_type]
    if spec.has_body and side is Side.NOTION and record.edited_at != mapping.body_as_of:
        return False  # a list does not show the text of a page
    said = {name: base.on(side) for name, base in mapping.bases.items()}
    said |= {conflict.field: conflict.on(side) for conflict in mapping.conflicts}
    return spec.names <= said.keys() and all(record.values.get(name, value) == value for name, value in said.items())


def _is_row_in_step(row: Present, mapping: Mapping, settings: Settings) -> bool:
    """Whether *row* shows nothing new, and names none that has made way where it is to name another by now."""
    if not in_step(row, Side.NOTION, mapping):
        return False
    outdated = (field_of(mapping.entity_type, name) for name in row.outdated - {c.field for c in mapping.conflicts})
    return not any(merge.may_travel(mapping.entity_type, field, settings, Side.NOTION) for field in outdated)


def shows_news(record: Present, side: Side, mapping: Mapping) -> bool:
    """Whether *record* shows what the look that failed did not know: neither agreed on nor about to be written.

    Where it failed before it came to that, no value was to blame. An edit of a field that is held travels no more now.
    """
    if mapping.state is State.DRAFT and not mapping.attempts:  # it names what could not be read, such as a project
        return not any(f.required and f.name in record.unreadable for f in SPECS[mapping.entity_type].fields)
    if not isinstance(mapping.intent, WriteIntent):
        return False
    writes = mapping.intent.writes
    known = {(name, base.on(side)) for name, base in mapping.bases.items()}
    known |= {(write.field, write.value) for write in writes}
    known |= {(write.field, write.overwrites) for write in writes if write.to is side}
    known |= {(conflict.field, conflict.on(side)) for conflict in mapping.conflicts}
    held = {trouble.field for trouble in mapping.troubles}
    shown = ((name, value) for name, value in record.values.items() if name in mapping.bases and name not in held)
    return any(each not in known for each in shown)
