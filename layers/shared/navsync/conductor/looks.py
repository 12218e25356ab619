"""Work that names one record: which mapping is it about, or is it new?"""

from __future__ import annotations

from collections.abc import Iterator
from copy import replace

from navsync.conductor.station import Station
from navsync.engine import Done, Result, Run, lost_answers
from navsync.errors import STOP_EVERYTHING, Fatal, Retryable, Unavailable
from navsync.model import (
    CreateIntent,
    EntityRef,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Present,
    Side,
    State,
    WorkKind,
)


def entity(station: Station, ref: EntityRef, run: Run, *, thorough: bool) -> Result:
    """A record of NavImpact. *thorough*: ask Notion too, even where it shows nothing new.

    A person who asked for it is told where there is no record.
    """
    mapping = station.ledger.of_entity(ref)
    if mapping is not None:
        result = station.engine.sync(mapping, run, edited=None if thorough else Side.NAVIMPACT)
        if run.hurried and mapping.state is State.DELETED and _is_deleted(station, ref):
            _tell_missing(station, ref, run)
        return result
    _finish_creates(station, ref, run)
    if (mapping := station.ledger.of_entity(ref)) is not None:
        return station.engine.sync(mapping, run)
    return _welcome(station, ref, run)


def _is_deleted(station: Station, ref: EntityRef) -> bool:
    mapping = station.ledger.of_entity(ref)
    return mapping is not None and mapping.state is State.DELETED


def _tell_missing(station: Station, ref: EntityRef, run: Run) -> None:
    """Say in the log, and so to the person who waits, that there is nothing to sync. Nothing is deleted for it."""
    said = f"NavImpact has no {ref.name}: check the id, or undo the deletion in the history where it was deleted."
    known = station.ledger.of_entity(ref)
    about = known or station.engine.new_mapping(ref.type, entity_id=ref.id)
    row = station.engine.row(about, Operation.MISSING, run, outcome=Outcome.FAILED, message=said)
    station.ledger.record(replace(row, mapping_id=known.id if known else None))


def page(station: Station, external_id: str, run: Run) -> Result:
    """A page of Notion, which may be no row of ours."""
    kind, _, page_id = external_id.partition("/")
    mapping = station.ledger.of_page(page_id)
    if mapping is not None:
        return station.engine.sync(mapping, run)
    if not kind:
        return Done(asked=False)  # not a row of ours
    entity_type = EntityType(kind)
    seen = station.engine.notion.read(entity_type, page_id)
    if isinstance(seen, Present) and station.notion.is_template(entity_type, seen):
        return Done()
    return station.engine.welcome_page(entity_type, seen, run)


def _finish_creates(station: Station, unknown: EntityRef, run: Run) -> None:
    """An unknown record may be the one that an interrupted create of ours made: finish those first."""
    now = station.engine.clock()
    for mapping, intent in _open_creates(station, unknown.type):
        if mapping.is_put_off(now) or mapping.state is State.AWAITING_APPROVAL:
            continue  # only time, or a person, can tell
        if station.threads > 1 and intent.attempted_at is not None and intent.attempted_at >= station.since:
            continue  # of this very slice: another thread may be waiting for its answer
        station.note(WorkKind.MAPPING, str(mapping.id))
        try:
            station.engine.sync(mapping, run)
        except STOP_EVERYTHING:
            raise
        except (Retryable, Fatal) as error:  # it waits for its own time and holds up nobody that is not like it
            station.engine.note_failure(mapping, error, now + station.pause(mapping.attempts))
        station.note(WorkKind.ENTITY, str(unknown))


def _open_creates(station: Station, entity_type: EntityType) -> Iterator[tuple[Mapping, CreateIntent]]:
    """Records of *entity_type* about to be made in NavImpact."""
    for mapping in station.ledger.open_creates():
        match mapping.intent:
            case CreateIntent(on=Side.NAVIMPACT) as intent if mapping.entity_type is entity_type:
                yield mapping, intent


def _welcome(station: Station, entity: EntityRef, run: Run) -> Result:
    """Give an unknown entity a page, unless it may be what a create of ours made whose answer was lost."""
    seen = station.engine.navimpact.read(entity.type, entity.id)
    if not isinstance(seen, Present):
        if not station.engine.navimpact.answers(entity.type):
            raise Unavailable("NavImpact does not show the collection, so a missing record proves nothing")
        if run.hurried:
            _tell_missing(station, entity, run)
        return Done()
    creating = list(_open_creates(station, entity.type))
    asked = [intent for mapping, intent in creating if mapping.state is State.AWAITING_APPROVAL]
    unasked = [intent for mapping, intent in creating if mapping.state is not State.AWAITING_APPROVAL]
    if any(lost_answers.may_have_made(intent, entity.type, seen) for intent in unasked):
        raise Unavailable("it may be the record that an interrupted create made; that one is settled first")
    if any(intent.perhaps_made == entity.id for intent in asked):
        return Done()  # it is looked at when a person has said whose it is
    return station.engine.welcome_record(entity.type, seen, run)


def pair(station: Station, mapping_id: int, run: Run) -> Result:
    """A pair that is known."""
    mapping = station.ledger.load(mapping_id)
    return Done(asked=False) if mapping is None else station.engine.sync(mapping, run)
