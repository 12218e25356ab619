"""Work that foresees what a sync would do: each record is rehearsed, in slices, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from copy import replace
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product

from navsync import reconcile
from navsync.conductor.rehearsal import Rehearsal
from navsync.conductor.rounds import let_edits_pass
from navsync.conductor.station import Station
from navsync.engine import Done, Result, Run
from navsync.errors import Fatal, LostLease, NeedsReauth, OutOfTime, Retryable, StaleMapping, Suspended
from navsync.foresight import Foreseen, Preview, Progress
from navsync.model import EntityType, Mapping, Present, Side, State, Work

SAVED_EVERY = 25
"""Records between two saves: a person watches, and a worker that dies has so much to do again at most."""

RECALLED_AT_ONCE = 500

TRIES = 5
"""Failures at one place after which a preview is given up."""

NOT_SET_UP = "The workspace has no databases in Notion yet: run its set-up, which makes everything anew."

UNFORESEEN = "It failed again and again; the worker's log has the reason."


def preview(station: Station, work: Work) -> Result:
    """Foresee what a sync under the preview's settings would do, going on where an earlier slice stopped."""
    kept = station.desk.previews().get(int(work.run_id))
    if kept is None or kept.state is not Progress.RUNNING:
        return Done(asked=False)
    if not station.connected():
        _end(station, kept, Progress.FAILED, NOT_SET_UP)
    elif work.attempts - _Place.read(kept.place).failed >= TRIES:
        _end(station, kept, Progress.FAILED, kept.reason or UNFORESEEN)
    else:
        _Round(station, work, kept).go()
    return Done()


def _end(station: Station, kept: Preview, state: Progress, reason: str | None, *fresh: Foreseen) -> None:
    ended = replace(kept, state=state, reason=reason, total=kept.done, place="", ended_at=station.tools.clock())
    station.desk.previews().save(ended, *fresh)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a preview is."""

    step: int = 0
    """Of each kind of record, parents before children, both sides' lists and then the pairs that are known."""
    cursor: str | None = None
    seen: tuple[str, ...] = ()
    """Of the part of the list behind *cursor*, as records move within it."""
    failed: int = 0
    """How often the preview had failed before it came here."""

    @classmethod
    def read(cls, text: str) -> _Place:
        """The reverse of `str`."""
        kept = json.loads(text) if text else {}
        return cls(**{**kept, "seen": tuple(kept.get("seen", ()))})

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class _Round:
    """One slice of a preview."""

    def __init__(self, station: Station, work: Work, kept: Preview) -> None:
        self.station, self.work, self.kept, self.place = station, work, kept, _Place.read(kept.place)
        self.began = self.place
        self.previews = station.desk.previews()
        self.types = [source.entity_type for source in station.connected()]
        self.rehearsal = Rehearsal(station, kept.settings, Run(work.run_id, work.actor), removals=kept.removals)
        self.fresh: list[Foreseen] = []
        self.unsaved = 0

    def go(self) -> None:
        """Go through everything. Whatever stops it, what was foreseen until then is kept."""
        for place in range(0, self.kept.foreseen, RECALLED_AT_ONCE):
            self.rehearsal.recall(self.previews.foreseen(self.kept, skip=place, limit=RECALLED_AT_ONCE))
        try:
            self._everything()
        except (LostLease, StaleMapping):
            raise
        except OutOfTime:
            self._save()
            raise
        except (NeedsReauth, Suspended, Retryable) as error:
            self._save(str(error))
            raise
        except Fatal as error:
            _end(self.station, self._so_far(), Progress.FAILED, str(error), *self.fresh)
        else:
            _end(self.station, self._so_far(), Progress.DONE, None, *self.fresh)

    def _everything(self) -> None:
        steps = list(product(self.types, (Side.NOTION, Side.NAVIMPACT, None)))
        for number in range(self.place.step, len(steps)):
            entity_type, side = steps[number]
            self._pairs(entity_type) if side is None else self._newcomers(entity_type, side)
            self.place = _Place(number + 1)

    def _newcomers(self, entity_type: EntityType, side: Side) -> None:
        """Whoever is in one side's list and nowhere else."""
        port = self.rehearsal.notion if side is Side.NOTION else self.station.tools.navimpact
        while True:
            self.station.check_time()
            part = port.changed_since(entity_type, None, self.place.cursor)
            for record in part.records:
                if record.id not in self.place.seen:
                    self._look_at(entity_type, side, record)
            if part.cursor is None:
                return
            self.place = replace(self.place, cursor=part.cursor, seen=())

    def _look_at(self, entity_type: EntityType, side: Side, record: Present) -> None:
        behind = replace(self.place, seen=(*self.place.seen, record.id))
        if self._is_new(entity_type, side, record):
            self._step(partial(self.rehearsal.newcomer, side, entity_type, record.id), behind)
        else:
            self.place = behind

    def _is_new(self, entity_type: EntityType, side: Side, record: Present) -> bool:
        """Whether nothing pairs it, or nothing did any more; but for what the settings leave out anyway."""
        ledger, settings = self.rehearsal.ledger, self.kept.settings
        known = reconcile.mapping_of(ledger, entity_type, side, record)
        if known is None:
            return not reconcile.is_settled(record, side, entity_type, known, ledger=ledger, settings=settings)
        return known.state is State.DELETED and not ledger.has(known.id)

    def _pairs(self, entity_type: EntityType) -> None:
        """Whoever is known: edited, gone from a side, or waiting for something."""
        while pairs := self.station.ledger.mappings_after(int(self.place.cursor or 0), reconcile.PAIRS_AT_ONCE):
            rows = {row.id: row for row in reconcile.rows_of(self.rehearsal.notion, entity_type, pairs)}
            for pair in pairs:
                behind = replace(self.place, cursor=str(pair.id))
                if pair.entity_type is entity_type and not self.rehearsal.ledger.has(pair.id):
                    self._step(partial(self._pair, pair, rows), behind)
                self.place = behind

    def _pair(self, pair: Mapping, rows: MappingOf[str, Present]) -> list[Foreseen]:
        ledger, settings = self.rehearsal.ledger, self.kept.settings
        waits = pair.state is not State.EXCLUDED and (pair.conflicts or pair.troubles)
        navimpact = self.station.tools.navimpact
        if not waits and reconcile.known_in_step(pair, rows, navimpact, ledger, settings):
            return []
        return self.rehearsal.pair(pair)  # of what cannot be read it says how that fails, and the others are foreseen

    def _step(self, rehearse: Callable[[], list[Foreseen]], behind: _Place) -> None:
        """Rehearse one record, once whatever is more urgent is done, and be *behind* it then."""
        if let_edits_pass(self.station):
            self.station.turn_to(self.work)
        self.fresh += rehearse()
        self.place = behind
        self.kept = replace(self.kept, done=self.kept.done + 1)
        self.unsaved += 1
        if self.unsaved >= SAVED_EVERY:
            self._save()

    def _so_far(self) -> Preview:
        is_stuck = self.place == self.began
        place = self.place if is_stuck else replace(self.place, failed=self.work.attempts)
        return replace(self.kept, removals=self.rehearsal.ledger.removals, place=str(place))

    def _save(self, reason: str | None = None) -> None:
        self.kept = self.previews.save(replace(self._so_far(), reason=reason), *self.fresh)
        self.fresh, self.unsaved = [], 0
