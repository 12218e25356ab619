"""A body takes several requests, and a write of it stopped between two: what does the page show, and how does it end?

Half a page is nobody's edit. It is recognised by what the side says of its own requests; and what they replace is in
the history whole, since before the first of them.
"""

from __future__ import annotations

from typing import Any

from navsync import merge
from navsync.engine.workbench import Workbench
from navsync.errors import Refused
from navsync.fields import SPECS, Field, Kind, same
from navsync.model import (
    Bases,
    Change,
    CreateIntent,
    Direction,
    EntityType,
    FieldWrite,
    Mapping,
    Present,
    Side,
    Value,
    WriteIntent,
)


def ended(
    bench: Workbench, mapping: Mapping, intent: WriteIntent, page: Present, *, direction: Direction
) -> tuple[Present, Bases]:
    """*page* once the bodies that *intent* has begun to write are written to their end; then those that could not be.

    Of those a part is agreed on: the half that is ours. What people typed into it counts as theirs, and what is missing
    travels as any edit. Where a rule keeps it from the page by now it is held as any edit, and where this run's
    *direction* does, it is left for another.
    """
    halves: Bases = {}
    for field, write in _missed(mapping, intent, page):
        before = _as_it_was(bench, intent, write)
        page, half = _finished(bench, mapping, field, write, before, page, direction)
        halves = {**halves, **half}
    return page, halves


def begun(bench: Workbench, mapping: Mapping, intent: WriteIntent, page: Present) -> Bases:
    """The halves that `ended` would write to their end, agreed on as they are: nothing is written there now."""
    halves: Bases = {}
    for field, write in _missed(mapping, intent, page):
        steps = _steps(bench, mapping, field, write, _as_it_was(bench, intent, write), page)
        halves = {**halves, **merge.half(field, write, steps, page)}
    return halves


def as_made(
    bench: Workbench, mapping: Mapping, intent: CreateIntent, found: Present
) -> tuple[Present, WriteIntent | None]:
    """The page *found*, which *intent* has made, with the text that it shows; and what of that is still to be written.

    It is read where its text takes more than the request that makes a page: lists show no text. The rest is written
    once it is kept which page it is: should somebody throw it away meanwhile, that is known.
    """
    rest = list[FieldWrite]()
    for field in _body_fields(mapping) if intent.on is Side.NOTION else ():
        write = FieldWrite(field.name, Side.NOTION, intent.values.get(field.name), None)
        if not any(True for _ in bench.notion.half_written(mapping.entity_type, field.name, write.value, None)):
            continue
        page = bench.notion.read(mapping.entity_type, found.id)
        if isinstance(page, Present) and field.name in page.values:
            found = page
            rest += [] if merge.has_landed(SPECS[mapping.entity_type], write, page) else [write]
    return found, WriteIntent(tuple(rest), bench.new_id()) if rest else None  # the row of the creation tells of it


def takes_several(bench: Workbench, entity_type: EntityType, change: Change) -> bool:
    """Whether the page will show halves of *change* between the requests that make it."""
    before = change.old if change.old_raw is None else change.old_raw
    return any(True for _ in bench.notion.half_written(entity_type, change.field, change.new, before))


def _body_fields(mapping: Mapping) -> list[Field]:
    return [field for field in SPECS[mapping.entity_type].fields if field.kind is Kind.BODY]


def _missed(mapping: Mapping, intent: WriteIntent, page: Present) -> list[tuple[Field, FieldWrite]]:
    """Bodies that *intent* writes, and of which *page* shows neither what is written nor what was there."""
    return [
        (field, write)
        for field in _body_fields(mapping)
        for write in intent.writes
        if (write.field, write.to) == (field.name, Side.NOTION)
        and page.values.get(field.name, write.overwrites) != write.overwrites
        and not merge.has_landed(SPECS[mapping.entity_type], write, page)
    ]


def _as_it_was(bench: Workbench, intent: WriteIntent, write: FieldWrite) -> Any:
    """What *write* replaces, as Notion spelled it: the history keeps that."""
    row = bench.ledger.log(intent.log_id)
    told = (change for change in row.changes if (change.field, change.side) == (write.field, write.to)) if row else ()
    return next((change.old_raw for change in told if change.old_raw is not None), write.overwrites)


def _steps(
    bench: Workbench, mapping: Mapping, field: Field, write: FieldWrite, before: Any, page: Present
) -> list[Value]:
    """What the page says between the requests of *write*, up to what it shows: to plan a long text takes its time."""
    steps: list[Value] = []
    for step in bench.notion.half_written(mapping.entity_type, field.name, write.value, before):
        steps.append(step)
        if same(field, step, page.values[field.name]):
            break
    return steps


def _finished(
    bench: Workbench,
    mapping: Mapping,
    field: Field,
    write: FieldWrite,
    before: Any,
    page: Present,
    direction: Direction,
) -> tuple[Present, Bases]:
    """*page* with all that *write* says, where nobody has edited the half and Notion takes the rest; else that half."""
    steps = _steps(bench, mapping, field, write, before, page)
    may_travel = merge.may_travel(mapping.entity_type, field, bench.workspace.settings, Side.NOTION)
    is_allowed = may_travel and direction.allows(Side.NOTION)
    if is_allowed and steps and same(field, steps[-1], page.values[field.name]):
        try:
            return bench.notion.update(mapping.entity_type, page.id, {field.name: write.value}, seen=page), {}
        except Refused:  # said again, and to people, when it is planned
            pass
    return page, merge.half(field, write, steps, page)
