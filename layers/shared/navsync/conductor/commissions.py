"""A page that a person asked for from a template: how is it made once, though answers get lost and workers die?"""

from __future__ import annotations

from copy import replace
from datetime import datetime
from functools import partial

from navsync.conductor.station import Station
from navsync.engine import SETTLE, Done, Result
from navsync.errors import Blocked, Forbidden, MissingCapability, NotReachable, OutOfTime, Refused, Unavailable
from navsync.fields import SPECS
from navsync.model import EntityRef, Operation, Outcome, Present, Side, SyncLog, Values, Work
from navsync.templates import Commission, Filled, filled, named

PAGES_ARE_UNSHARED = "the page under which it should be made is not shared with the connection, or gone; share it first"


def carry_out(station: Station, work: Work) -> Result:
    """Make the page, or take what a lost call has made for it; what cannot be made is said in the sync log."""
    asked = station.desk.commissions().get(int(work.external_id))
    if asked is None:
        return Done(asked=False)
    if asked.page_id is None and asked.refused is None:
        asked = _settled(station, asked)
    _end_turn(station, asked)
    station.ledger.record(_row(station, work, asked))
    return Done()


def _settled(station: Station, asked: Commission) -> Commission:
    try:
        return _adopted(station, asked) or _made(station, asked)
    except (Refused, NotReachable, MissingCapability) as error:
        if isinstance(error, Forbidden):
            station.tools.was_forbidden(error)
        why = PAGES_ARE_UNSHARED if isinstance(error, NotReachable) else str(error)
        return _kept(station, replace(asked, refused=why))


def _adopted(station: Station, asked: Commission) -> Commission | None:
    """What an earlier call has made, if it can be seen; None: it may be asked for again."""
    if asked.attempted_at is None:
        return None
    now = station.tools.clock()  # before the lookup: a worker paused behind it must not think Notion had time enough
    pages = station.notion.loose_pages()
    fresh = [page_id for page_id in pages.under(asked.parent_page_id) if page_id not in asked.known]
    if fresh:
        made = pages.look(fresh[0])
        return _kept(station, replace(asked, page_id=made.id, url=made.url))
    if now < asked.attempted_at + SETTLE:
        raise Unavailable("the page may have been made already; it is looked for again in a moment")
    return None


def _made(station: Station, asked: Commission) -> Commission:
    _take_turn(station, asked)
    page = filled(asked.template, _values(station, asked))
    pages, parent, earlier = station.notion.loose_pages(), asked.parent_page_id, asked.attempted_at
    known = tuple(pages.under(parent)) if earlier is None else asked.known
    begun = replace(asked, title=page.title, known=known, attempted_at=station.tools.clock())
    return _sent(station, _kept(station, begun), page, earlier)


def _sent(station: Station, asked: Commission, page: Filled, earlier: datetime | None) -> Commission:
    try:
        made = station.notion.loose_pages().make(asked.parent_page_id, page)
    except (Blocked, OutOfTime, Unavailable):  # surely not made this time: nothing is to be looked for because of it
        _kept(station, replace(asked, attempted_at=earlier))
        raise
    return _kept(station, replace(asked, page_id=made.id, url=made.url))


def _take_turn(station: Station, asked: Commission) -> None:
    """Below one page one is made after the other: while it is not known what became of one, a new child may be that."""
    name = _turn(asked)
    before = station.desk.commissions().get(int(station.desk.cursor(name) or 0))
    if before is not None and before.id != asked.id and before.is_unclear:
        raise Unavailable("another page below the same one may have been made already; that one is settled first")
    station.desk.clear_cursor(name)
    station.desk.move_cursor(name, f"{asked.id:016d}")


def _end_turn(station: Station, asked: Commission) -> None:
    if int(station.desk.cursor(_turn(asked)) or 0) == asked.id:
        station.desk.clear_cursor(_turn(asked))


def _turn(asked: Commission) -> str:
    return f"page below {asked.parent_page_id}"


def _values(station: Station, asked: Commission) -> Values:
    """What fills it."""
    return named(asked.values if asked.entity is None else _read(station, asked.entity), partial(_title, station))


def _title(station: Station, project: EntityRef) -> str | None:
    seen = station.tools.navimpact.read(project.type, project.id)
    return SPECS[project.type].title_of(seen.values) if isinstance(seen, Present) else None


def _read(station: Station, entity: EntityRef) -> Values:
    seen = station.tools.navimpact.read(entity.type, entity.id)
    if not isinstance(seen, Present):
        raise Refused(f"NavImpact has no {entity.type.replace('_', ' ')} {entity.id}; name one that is there")
    return seen.values


def _kept(station: Station, asked: Commission) -> Commission:
    return station.desk.commissions().save(asked)


def _row(station: Station, work: Work, asked: Commission) -> SyncLog:
    """One row for each page asked for, whose id it bears: told twice it is the same row."""
    now = station.tools.clock()
    return SyncLog(
        id=asked.id,
        workspace_id=station.engine.workspace.id,
        at=now,
        run_id=work.run_id,
        operation=Operation.CREATE,
        outcome=Outcome.SUCCESS if asked.refused is None else Outcome.FAILED,
        side=Side.NOTION,
        page_id=asked.page_id,
        title=asked.title,
        actor=work.actor,
        message=asked.refused or f"made from the template {asked.template.name}",
        duration_ms=round((now - asked.asked_at).total_seconds() * 1000),
    )
