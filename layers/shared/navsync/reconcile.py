"""The scheduled pass that finds what webhooks missed, at the cost of what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from navsync import merge
from navsync.fields import SPECS
from navsync.model import EntityRef, EntityType, Mapping, Present, Side, State, Value, Work
from navsync.ports import Desk, Ledger, SidePort

OVERLAP = timedelta(seconds=120)
"""How far behind its cursor a sweep looks again: longer than a side's clock is coarse and its index late."""


def sweep(
    port: SidePort, entity_type: EntityType, *, desk: Desk, ledger: Ledger, work_for: Callable[[str], Work]
) -> int:
    """Put work for every record of *entity_type* that *port* shows changed since the cursor; how many there were.

    All work is put before the cursor moves, so that a crash in between repeats and never skips. The cursor is the
    side's own latest time of change: two clocks are never compared.
    """
    name = f"sweep:{port.side}:{entity_type}"
    cursor = desk.cursor(name)
    since = datetime.fromisoformat(cursor) - OVERLAP if cursor else None
    latest, put = cursor, 0
    for record in records(port, entity_type, since):
        if not in_step(record, port.side, mapping_of(ledger, entity_type, port.side, record)):
            desk.put(work_for(f"{entity_type}/{record.id}"))
            put += 1
        if record.edited_at is not None:
            latest = max(latest or "", record.edited_at.isoformat(timespec="microseconds"))
    if latest and latest != cursor:
        desk.move_cursor(name, latest)
    return put


PAIRS_AT_ONCE = 100
"""As many rows as one call to Notion shows."""

PAIRS_EVERY = timedelta(minutes=15)
"""Between two looks at so many pairs: 9,600 a day, at 96 calls."""

_PAIRS = "pairs"


class Rows(Protocol):
    """Notion's rows, many at a time."""

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Rows that carry one of *keys*, as the index has them; one that is missing may be there."""
        ...


def check_pairs(
    notion: Rows,
    navimpact: SidePort,
    entity_types: Iterable[EntityType],
    *,
    desk: Desk,
    ledger: Ledger,
    work_for: Callable[[str], Work],
    clock: Callable[[], datetime],
    check_time: Callable[[], None],
) -> None:
    """Every now and then put work for those of the next hundred pairs that are not in step.

    Finds what neither a webhook nor a query for changes tells: what vanished, and edits that the index had late.
    Nothing is concluded from a row or a record that is missing here: the work's look asks for it by its id.
    """
    now = clock()
    place = _due(desk, _PAIRS, now)
    if place is None:
        return
    pairs = ledger.mappings_after(int(place or 0), PAIRS_AT_ONCE)
    for entity_type in entity_types:
        mine = [pair for pair in pairs if pair.entity_type is entity_type]
        for pair in _out_of_step(mine, notion, navimpact, check_time):
            desk.put(work_for(str(pair.id)))
    _next_round(desk, _PAIRS, now, str(pairs[-1].id) if len(pairs) == PAIRS_AT_ONCE else "")


def walk_rows(
    notion: SidePort,
    entity_type: EntityType,
    *,
    desk: Desk,
    ledger: Ledger,
    work_for: Callable[[str], Work],
    now: datetime,
) -> None:
    """Every now and then put work for those of the next hundred rows that are not in step, the longest unedited first.

    Finds rows that no mapping pairs and that no query for changes shows: shared again, or indexed late.
    """
    name = f"rows:{entity_type}"
    place = _due(desk, name, now)
    if place is None:
        return
    since = datetime.fromisoformat(place) if place else None
    page = notion.changed_since(entity_type, since, None)
    for row in page.records:
        if not in_step(row, Side.NOTION, mapping_of(ledger, entity_type, Side.NOTION, row)):
            desk.put(work_for(f"{entity_type}/{row.id}"))
    last = max((row.edited_at for row in page.records if row.edited_at), default=None) if page.cursor else None
    _next_round(desk, name, now, last.isoformat() if last and last != since else "")


def _due(desk: Desk, name: str, now: datetime) -> str | None:
    """Where a round through many rows stands ("" at its start), or None while it is not time to go on."""
    last, _, place = (desk.cursor(name) or "").partition(" ")
    return None if last and now < datetime.fromisoformat(last) + PAIRS_EVERY else place


def _next_round(desk: Desk, name: str, now: datetime, place: str) -> None:
    """Cursors only move forward, so this one begins with the time."""
    desk.move_cursor(name, f"{now.isoformat(timespec='microseconds')} {place}")


def _out_of_step(
    pairs: Sequence[Mapping], notion: Rows, navimpact: SidePort, check_time: Callable[[], None]
) -> Iterator[Mapping]:
    keys = [str(pair.entity) for pair in pairs if pair.state is State.LINKED]
    rows = {row.id: row for row in notion.rows(pairs[0].entity_type, keys)} if keys else {}
    for pair in pairs:
        check_time()
        match pair.state:
            case State.LINKED:
                row = rows.get(pair.page_id or "")
                if row is None or not in_step(row, Side.NOTION, pair) or not _still_there(navimpact, pair):
                    yield pair
            case State.AWAITING_APPROVAL if any(trouble.code == "approve_delete" for trouble in pair.troubles):
                if not _still_there(navimpact, pair.but(state=State.LINKED)):
                    yield pair
            case State.CREATING | State.DRAFT:
                yield pair
            case _:
                pass  # deleted, unreachable or waiting for a person: looked at when something happens, or by the hour


def _still_there(navimpact: SidePort, pair: Mapping) -> bool:
    """Whether NavImpact shows what was agreed on."""
    seen = navimpact.read(pair.entity_type, pair.entity_id or "")
    return isinstance(seen, Present) and in_step(seen, Side.NAVIMPACT, pair)


def records(port: SidePort, entity_type: EntityType, since: datetime | None) -> Iterator[Present]:
    """All records changed since *since*, page by page."""
    cursor = None
    while True:
        page = port.changed_since(entity_type, since, cursor)
        yield from page.records
        cursor = page.cursor
        if cursor is None:
            return


def mapping_of(ledger: Ledger, entity_type: EntityType, side: Side, record: Present) -> Mapping | None:
    """The mapping that pairs *record* of *side*."""
    if side is Side.NAVIMPACT:
        return ledger.of_entity(EntityRef(entity_type, record.id))
    return ledger.of_page(record.id)


def in_step(record: Present, side: Side, mapping: Mapping | None) -> bool:
    """Whether *record* shows nothing new: a sweep's overlap mostly finds what we wrote ourselves.

    A conflict that is listed already shows nothing new as long as this side still shows its half of it.
    """
    if mapping is None or mapping.intent is not None or mapping.state is not State.LINKED or not mapping.stamped:
        return False
    if mapping.gone_since is not None or mapping.attempts or any(trouble.field for trouble in mapping.troubles):
        return False  # of a field that is held it is not kept what it said, so only a look can tell
    listed = {c.field: c.navimpact if side is Side.NAVIMPACT else c.notion for c in mapping.conflicts}
    if any(record.values.get(name, half) != half for name, half in listed.items()):
        return False
    spec = SPECS[mapping.entity_type]
    fresh = {f: v for f, v in record.values.items() if f not in listed}
    known = all(f.name in mapping.bases or f.name in listed for f in spec.fields)
    return known and not merge.edited(spec, mapping.bases, side, _showing(record, fresh))


def _showing(record: Present, values: dict[str, Value]) -> Present:
    return Present(record.id, values)
