"""Work that goes through many records: set-up, the sweep, the first sync."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

from navsync import connection, reconcile, scope
from navsync.conductor.station import Station
from navsync.engine import SETTLE, Done, Result
from navsync.errors import OutOfTime, Unavailable
from navsync.fields import broken
from navsync.model import DataSource, EntityType, Lane, Mapping, Present, Side, State, Work, WorkKind
from navsync.ports import SidePort
from navsync.standing import Outline

CONNECTION_EVERY = timedelta(days=1)
"""People change rarely what a connection may do; a refusal that tells of it has it looked at earlier."""


def set_up(station: Station, work: Work) -> Result:
    """Find or make the databases, then sync everything."""
    known = station.desk.sources()
    for entity_type in station.tools.entity_types:
        source = known.get(entity_type) or station.desk.save_source(_source(station, entity_type))
        station.notion.use(source)
    station.desk.put(station.work(work, WorkKind.BACKFILL, "", lane=Lane.BACKFILL))
    return Done(asked=any(entity_type not in known for entity_type in station.tools.entity_types))


def _source(station: Station, entity_type: EntityType) -> DataSource:
    """Adopt the database that an interrupted set-up made, or make it; Notion's search shows it late."""
    now, name = station.tools.clock(), f"setup:{entity_type}"
    tried = station.desk.cursor(name)
    found = station.notion.find_source(entity_type)
    if found is None and tried and now < datetime.fromisoformat(tried) + SETTLE:
        raise Unavailable("the database may have been made already; it is looked for again in a moment")
    if found is None:
        parent = station.notion.find_parent()
        station.desk.move_cursor(name, now.isoformat(timespec="microseconds"))
        found = station.notion.create_source(entity_type, parent)
    return found


def sweep(station: Station, work: Work) -> Result:
    """Find what webhooks have missed.

    Each list is work of its own, and so are the pairs, and a look at what the connection may do: one that fails is put
    off alone, and left to its time then.
    """
    if is_part_of_sweep(work):
        _sweep_part(station, work)
        return Done()
    sources = station.connected()
    mends = [station.work(work, WorkKind.SCHEMA, source.entity_type) for source in filter(broken, sources)]
    if not sources:  # the connection was cut short between its tokens and its set-up
        mends.append(station.work(work, WorkKind.SETUP, "", lane=Lane.LIVE))
    for mend in _not_waiting(station, mends):
        station.desk.put(mend)
    names = [*map(str, reconcile.lists_of(source.entity_type for source in sources)), reconcile.PAIRS]
    if _is_time_for_connection(station):
        names.insert(0, CONNECTION)
    parts = _not_waiting(station, [station.work(work, WorkKind.SWEEP, name, lane=Lane.SWEEP) for name in names])
    for part in parts:
        station.take(part)
    return Done(asked=any(map(is_of_a_list, parts)))


def _not_waiting(station: Station, works: Sequence[Work]) -> list[Work]:
    """Those of *works* that do not wait: what failed does, and is left to its time."""
    waiting = {(row.kind, row.external_id) for row in station.desk.which_wait(works)}
    return [work for work in works if (work.kind, work.external_id) not in waiting]


CONNECTION = "connection"
"""The part of a sweep that looks at what the connection may do."""

_TITLES = {CONNECTION: "What the connection may do in Notion", reconcile.PAIRS: "Records and their pages"}
"""Of the parts of a sweep that are about no one list."""


def is_part_of_sweep(work: Work) -> bool:
    """Whether it is about one list, the pairs, or the connection alone."""
    return work.kind is WorkKind.SWEEP and work.external_id != ""


def is_of_a_list(work: Work) -> bool:
    """Whether it is about one list alone."""
    return is_part_of_sweep(work) and work.external_id not in _TITLES


def title_of(work: Work) -> str:
    """What a row of the log that tells of *work* is about, where it is about no one record."""
    if is_of_a_list(work):
        return reconcile.Listing.parse(work.external_id).name
    if work.kind is WorkKind.DECIDE:
        return f"{work.kind} {work.external_id.partition('/')[0]}"  # without the version of the question
    return _TITLES[work.external_id] if is_part_of_sweep(work) else f"{work.kind} {work.external_id}".strip()


def tried_again_at(station: Station, work: Work) -> datetime:
    """When *work*, which failed, is tried again, where no mapping counts its failures.

    The pairs when it is time for the next: until then a look at them would ask nobody.
    """
    due = _round(station).pairs_due() if is_part_of_sweep(work) and work.external_id == reconcile.PAIRS else None
    return due or station.tools.clock() + station.pause(work.attempts)


def _sweep_part(station: Station, work: Work) -> None:
    if is_of_a_list(work):
        _sweep_list(station, work, reconcile.Listing.parse(work.external_id))
    elif work.external_id == CONNECTION:
        _look_at_connection(station)
    else:
        _check_pairs(station, work)


def _sweep_list(station: Station, work: Work, listing: reconcile.Listing) -> None:
    port, entity_type = station.engine.on(listing.side), listing.entity_type
    is_settled = partial(_needs_no_round, station, listing.side, entity_type)
    work_for = partial(station.work, work, _KIND[listing.side], lane=Lane.SWEEP)
    passing = _round(station)
    passing.sweep(port, entity_type, is_settled=is_settled, work_for=work_for)
    passing.walk_rows(port, entity_type, is_settled=is_settled, work_for=work_for)


def _check_pairs(station: Station, work: Work) -> None:
    was_time = _round(station).check_pairs(
        station.notion,
        station.tools.navimpact,
        [source.entity_type for source in station.connected()],
        ledger=station.ledger,
        settings=station.engine.workspace.settings,
        work_for=partial(station.work, work, WorkKind.MAPPING, lane=Lane.SWEEP),
    )
    if work.attempts and not was_time:
        raise Unavailable("it is tried again when it is time for the next pairs")


def _round(station: Station) -> reconcile.Round:
    return reconcile.Round(station.desk, station.tools.clock, station.check_time)


def _is_settled(station: Station, side: Side, entity_type: EntityType, record: Present) -> bool:
    mapping = reconcile.mapping_of(station.ledger, entity_type, side, record)
    return _would_change_nothing(station, side, entity_type, record, mapping)


def _needs_no_round(station: Station, side: Side, entity_type: EntityType, record: Present) -> bool:
    """Whether *record* is settled, or its look failed and has its time: but for an edit since, which may end that.

    What nothing pairs yet has no values that could be to blame.
    """
    mapping = reconcile.mapping_of(station.ledger, entity_type, side, record)
    if _would_change_nothing(station, side, entity_type, record, mapping):
        return True
    now = station.tools.clock()
    if mapping is None:
        looks = Work.wherever(_KIND[side], f"{entity_type}/{record.id}", now)
        return any(row.attempts for row in station.desk.which_wait(looks))
    return mapping.is_put_off(now) and not reconcile.shows_news(record, side, mapping)


def _would_change_nothing(
    station: Station, side: Side, entity_type: EntityType, record: Present, mapping: Mapping | None
) -> bool:
    settings = station.engine.workspace.settings
    return reconcile.is_settled(record, side, entity_type, mapping, ledger=station.ledger, settings=settings)


def _is_time_for_connection(station: Station) -> bool:
    seen = station.desk.cursor(connection.CURSOR)
    return seen is None or station.tools.clock() - datetime.fromisoformat(seen) >= CONNECTION_EVERY


def _look_at_connection(station: Station) -> None:
    now = station.tools.clock()
    station.tools.look_at_connection(station.notion)
    station.desk.move_cursor(connection.CURSOR, now.isoformat(timespec="microseconds"))


def backfill(station: Station, work: Work) -> Result:
    """Everything both sides have: rows first, so that pages made by an earlier connection are adopted.

    One row of work for each list. What has a mapping already is skipped.
    """
    if not work.external_id:
        lists = [(side, source.entity_type) for source in station.connected() for side in (Side.NOTION, Side.NAVIMPACT)]
        for place, (side, kind) in enumerate(lists):  # in this order: parents before children
            due = work.due + timedelta(milliseconds=place)
            station.desk.put(station.work(work, WorkKind.BACKFILL, f"{side}/{kind}", due=due))
        return Done(asked=False)
    side_name, _, kind_name = work.external_id.partition("/")
    side, entity_type = Side(side_name), EntityType(kind_name)
    for page in _all_of(station, station.engine.on(side), entity_type, f"backfill:{work.external_id}"):
        _take(station, work, side, entity_type, [r for r in page.records if _is_new(station, entity_type, side, r)])
    return Done()


def apply_rules(station: Station, work: Work) -> Result:
    """Look at what the workspace's rules treat otherwise than they did, for they changed or a project did.

    NavImpact's lists show what may be held or left out now, and what of it was held back. They do not show rows without
    a record, nor that a policy may settle a conflict.
    """
    entity_types = [source.entity_type for source in station.connected()]
    progress = f"rules:{work.run_id}:{work.external_id}"  # newer rules begin anew, whatever an older worker still does
    if not work.external_id:
        _check_settings(station)
        for place, part in enumerate([*entity_types, WAITING]):  # in this order: parents before children
            due = work.due + timedelta(milliseconds=place)
            station.desk.put(station.work(work, WorkKind.RULES, part, due=due))
    elif work.external_id == DRAFTS:
        station.each_outline(progress, partial(_look_at_draft, station, work))
    elif work.external_id.startswith(BELOW):
        project_id = work.external_id.removeprefix(BELOW)
        station.each_of_project(project_id, progress, partial(_look_at_pair, station, work))
    elif work.external_id == WAITING:
        station.each_mapping(progress, partial(_look_at_waiting, station, work))
    else:
        entity_type = EntityType(work.external_id)
        settled = partial(_is_settled, station, Side.NAVIMPACT, entity_type)
        for page in _all_of(station, station.tools.navimpact, entity_type, progress):
            _take(station, work, Side.NAVIMPACT, entity_type, [r for r in page.records if not settled(r)])
    return Done(asked=work.external_id in EntityType)


WAITING = "waiting"
"""The part of that which looks at what waits for a person, or for a rule."""

DRAFTS = "drafts"
"""A part by itself: rows that have no record, such as since their project had none."""

BELOW = "below/"
"""Before the id of a project, a part by itself: what belongs to that."""


def _all_of(station: Station, port: SidePort, entity_type: EntityType, name: str) -> Iterator[reconcile.Part]:
    """All records of a side, in as many slices as it takes; *name* keeps how far that came."""
    return _round(station).resumed(port, entity_type, None, name=name)


def _check_settings(station: Station) -> None:
    """Whoever changed the settings put the work after it: a slice that began before must not do it by the old ones."""
    now = station.desk.workspace()
    if now is not None and now.settings != station.engine.workspace.settings:
        raise OutOfTime("the settings were changed; a new slice works by them")


def _look_at_waiting(station: Station, work: Work, mapping: Mapping) -> None:
    if mapping.entity_id is None:
        _look_at_row(station, work, Outline.of(mapping))
    elif mapping.conflicts or mapping.troubles == (scope.GONE,):
        station.desk.put(station.work(work, WorkKind.MAPPING, str(mapping.id), lane=Lane.SWEEP))


def _look_at_pair(station: Station, work: Work, pair: Outline) -> None:
    station.desk.put(station.work(work, WorkKind.MAPPING, str(pair.id), lane=Lane.SWEEP))


def _look_at_draft(station: Station, work: Work, pair: Outline) -> None:
    if pair.state is State.DRAFT and pair.entity_type is not EntityType.MEDIA_PROJECT:
        _look_at_row(station, work, pair)


def _look_at_row(station: Station, work: Work, row: Outline) -> None:
    """Look at it by its page: the work that it was put off by is by its mapping, and stays."""
    if row.page_id is not None:
        station.desk.put(station.work(work, WorkKind.PAGE, f"{row.entity_type}/{row.page_id}", lane=Lane.SWEEP))


def _take(station: Station, work: Work, side: Side, entity_type: EntityType, records: Sequence[Present]) -> None:
    """Look at *records*, a few at a time."""
    for some in batched(records, station.threads, strict=False):
        let_edits_pass(station)
        station.take_each([station.work(work, _KIND[side], f"{entity_type}/{record.id}") for record in some])
    station.check_time()


def _is_new(station: Station, entity_type: EntityType, side: Side, record: Present) -> bool:
    """Whether nothing pairs it, or what was begun with it when a slice ended is left undone: nobody else goes on."""
    known = reconcile.mapping_of(station.ledger, entity_type, side, record)
    if known is None:
        return not _would_change_nothing(station, side, entity_type, record, None)
    return known.intent is not None


def let_edits_pass(station: Station) -> bool:
    """A person's edit overtakes what goes through many records; whether there was one."""
    station.check_time()
    now = station.tools.clock()
    edits = [work for work in station.desk.pending(Lane.LIVE, limit=1) if work.due <= now]
    for edit in edits:
        station.take(edit)
    return bool(edits)


_KIND = {Side.NAVIMPACT: WorkKind.ENTITY, Side.NOTION: WorkKind.PAGE}
