"""What was on its way to a page when its record went: if that is made again, it says so."""

from __future__ import annotations

from collections.abc import Iterable
from copy import replace

from navsync import merge
from navsync.engine.workbench import Workbench
from navsync.fields import SPECS, Kind
from navsync.model import Change, FieldWrite, Mapping, Present, Side, SyncLog, Values, WriteIntent, is_empty


def left_over(bench: Workbench, mapping: Mapping) -> tuple[FieldWrite, ...]:
    """What of an interrupted write, or of one given up before, never reached the page of *mapping*.

    A relation is what the page says: its project may have gone, too, and have another id by now. Of an undo only that
    counts of which the page shows a half: the undo is work of its own, which is done again.
    """
    if not isinstance(mapping.intent, WriteIntent):
        return mapping.unshown
    relations = {field.name for field in SPECS[mapping.entity_type].fields if field.kind is Kind.RELATION}
    to_page = [write for write in mapping.intent.writes if write.to is Side.NOTION and write.field not in relations]
    missing = tuple(write for write in to_page if not merge.all_landed(mapping.bases, [write]))
    row = bench.ledger.log(mapping.intent.log_id) if missing else None
    if row is None or row.reverts is None:
        return missing
    return _halves(mapping, missing)


def without_what_was_typed_since(bench: Workbench, mapping: Mapping, page: Present) -> Mapping:
    """*mapping* that carries nothing over any more where *page* says else than that was to replace.

    It is kept at once: who types there what was to be replaced, after that, means it.
    """

    def is_as_it_was(write: FieldWrite) -> bool:
        base, shown = mapping.bases.get(write.field), page.values.get(write.field, write.overwrites)
        is_lost = write.field in mapping.doubted and is_empty(shown)
        return is_lost or shown == write.overwrites or (base is not None and shown == base.notion)

    left = tuple(write for write in mapping.unshown if is_as_it_was(write))
    return mapping if left == mapping.unshown else bench.ledger.save(mapping.but(unshown=left))


def said(mapping: Mapping) -> Values:
    """What NavImpact said last that its page never showed."""
    return {write.field: write.value for write in mapping.unshown}


def with_whole_texts(mapping: Mapping, row: SyncLog) -> SyncLog:
    """*row* with the whole of a text of which the page that went showed a half: that is what is lost."""
    halves = _halves(mapping, mapping.unshown) if row.side is Side.NOTION else ()
    whole = {write.field: write.value for write in halves}

    def told(change: Change) -> Change:
        base = mapping.bases.get(change.field)
        shows_half = change.field in whole and base is not None and change.old == base.notion
        return replace(change, old=whole[change.field], old_raw=None) if shows_half else change

    return replace(row, changes=tuple(told(change) for change in row.changes))


def _halves(mapping: Mapping, writes: Iterable[FieldWrite]) -> tuple[FieldWrite, ...]:
    """Those of *writes* of which the page shows a part: neither they nor what they replace is agreed on there."""
    agreed = {name: base.notion for name, base in mapping.bases.items()}
    return tuple(write for write in writes if agreed.get(write.field) != write.overwrites)
