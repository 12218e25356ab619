"""A database's columns changed: what is taken up again, and how without clearing anything?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from navsync import reconcile
from navsync.conductor.station import Station
from navsync.engine import Done, Result
from navsync.model import KEY_FIELD, LINK_FIELD, EntityType, Lane, Mapping, Work, WorkKind, is_empty


def look(station: Station, work: Work) -> Result:
    """Read the schema anew. A column that came back is taken up in two steps, each through all records.

    First the field is doubted in every record, for the column may be empty now, or hold what is left after two changes
    of its type; only then is it read again, and each record looked at. Of two changes within a minute Notion tells
    once, when the schema may be as it was: the rows of a column that was told of show whether they lost what they said.
    """
    kind, _, rest = work.external_id.partition("/")
    entity_type = EntityType(kind)
    if entity_type not in station.desk.sources():
        return Done(asked=False)
    field, _, step = rest.partition("/")
    match step:
        case "doubt":
            _each_of(station, work, entity_type, partial(_doubt, station, field=field))
            station.notion.readopt(entity_type, field)
            station.desk.put(station.work(work, WorkKind.SCHEMA, f"{entity_type}/{field}/look"))
        case "look":
            _each_of(station, work, entity_type, partial(_look_again, station, work))
        case "told":
            _doubt_emptied(station, work, entity_type, field)
        case _:
            for returned in station.notion.refresh(entity_type).returned:
                station.desk.put(station.work(work, WorkKind.SCHEMA, f"{entity_type}/{returned}/doubt"))
    return Done()


def _each_of(station: Station, work: Work, entity_type: EntityType, act: Callable[[Mapping], object]) -> None:
    def act_on_ours(mapping: Mapping) -> None:
        if mapping.entity_type is entity_type:
            act(mapping)

    station.each_mapping(f"mappings:{work.external_id}", act_on_ours)


def _doubt(station: Station, mapping: Mapping, *, field: str) -> None:
    if field in (KEY_FIELD, LINK_FIELD):
        if mapping.stamped:
            station.ledger.save(mapping.but(stamped=False))
    elif field not in mapping.doubted:
        station.ledger.save(mapping.but(doubted=(*mapping.doubted, field)))


def _doubt_emptied(station: Station, work: Work, entity_type: EntityType, field: str) -> None:
    """Doubt *field* wherever its cell is empty and was not: nobody knows whether a person or the column emptied it."""
    lists = reconcile.Round(station.desk, station.tools.clock, station.check_time)
    for part in lists.resumed(station.notion, entity_type, None, name=f"rows:{work.external_id}"):
        for row in part.records:
            if field in row.values and is_empty(row.values[field]):
                _doubt_if_agreed(station, work, row.id, field)
        station.check_time()


def _doubt_if_agreed(station: Station, work: Work, page_id: str, field: str) -> None:
    mapping = station.ledger.of_page(page_id)
    base = mapping.bases.get(field) if mapping else None
    if mapping and base and not is_empty(base.notion):
        _doubt(station, mapping, field=field)
        station.desk.put(station.work(work, WorkKind.MAPPING, str(mapping.id), lane=Lane.SWEEP))


def _look_again(station: Station, work: Work, mapping: Mapping) -> None:
    if mapping.refused:  # perhaps for want of the column
        mapping = station.ledger.save(mapping.but(refused={}))
    station.desk.put(station.work(work, WorkKind.MAPPING, str(mapping.id), lane=Lane.SWEEP))
