"""The scheduled pass that finds what webhooks missed, at the cost of what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

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
    if mapping.gone_since is not None or mapping.attempts:
        return False
    listed = {c.field: c.navimpact if side is Side.NAVIMPACT else c.notion for c in mapping.conflicts}
    held = {t.field for t in mapping.troubles}
    spec = SPECS[mapping.entity_type]
    fresh = {f: v for f, v in record.values.items() if f not in held and (f not in listed or listed[f] != v)}
    known = all(f.name in mapping.bases or f.name in held or f.name in listed for f in spec.fields)
    return known and not merge.edited(spec, mapping.bases, side, _showing(record, fresh))


def _showing(record: Present, values: dict[str, Value]) -> Present:
    return Present(record.id, values)
