"""Work that looks at the records which a person's filter chose: a place in their order, however many they are."""

from __future__ import annotations

from itertools import batched

from navsync import reconcile
from navsync.conductor.rounds import let_edits_pass
from navsync.conductor.station import Station
from navsync.engine import Done, Result
from navsync.model import Work, WorkKind
from navsync.walks import Choice, Walk, cursor_of


def look(station: Station, work: Work) -> Result:
    """Look at each, some at a time; what fails is tried again as a row of its own, of the same run."""
    choice, name = Choice.parse(work.external_id), cursor_of(work.run_id)
    begun = station.desk.cursor(name)
    if begun is None:  # an earlier worker died behind the last, or nobody remembers the run any more
        return Done(asked=False)
    walk = Walk.parse(begun)
    while mappings := station.ledger.mappings_after(walk.place, reconcile.PAIRS_AT_ONCE):
        for some in batched(choice.of(mappings), station.threads, strict=False):
            let_edits_pass(station)
            station.take_each([station.work(work, WorkKind.MAPPING, str(mapping.id)) for mapping in some])
            passed = sum(each.id <= some[-1].id for each in mappings)
            station.desk.move_cursor(name, str(Walk(some[-1].id, walk.passed + passed)))
            station.check_time()
        walk = Walk(mappings[-1].id, walk.passed + len(mappings))
        station.desk.move_cursor(name, str(walk))
        station.check_time()
    station.desk.clear_cursor(name)
    return Done(asked=False)
