"""What would a look lead to? The engine itself is asked, with sides that only show and a ledger that forgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from navsync import foresight
from navsync.conductor import looks
from navsync.conductor.stand_ins import RehearsedLedger, RehearsedSide
from navsync.conductor.station import Station
from navsync.engine import Engine, Later, Result, Run
from navsync.errors import STOP_EVERYTHING, Down, Fatal, OutOfTime, Retryable
from navsync.foresight import Effect, Foreseen
from navsync.model import (
    EntityRef,
    EntityType,
    Mapping,
    Settings,
    Side,
    WorkKind,
)

HORIZON = timedelta(minutes=15)
"""How far a rehearsal looks ahead: longer than a deletion takes to be believed, or somebody who types to be done."""

LOOKS = 4
"""How often it looks again at a record that waits."""


class Rehearsal:
    """Looks at one record after another as a sync would under *settings*, and tells what would be done."""

    def __init__(self, station: Station, settings: Settings, run: Run, *, removals: int) -> None:
        clock = station.tools.clock
        self.run = run
        self.time = _Time(clock)
        self.ledger = RehearsedLedger(station.ledger, station.ledger.removals_left(clock()), removals)
        self.notion = station.notion.to_read(self.ledger.page_of, self.ledger.entity_of)
        self.sides = (
            RehearsedSide(station.tools.navimpact, self.ledger.name_of),
            RehearsedSide(self.notion, self.ledger.name_of, self.notion.check),
        )
        workspace = replace(station.engine.workspace, settings=settings)
        engine = Engine(workspace, self.ledger, *self.sides, self.time, station.tools.new_id)
        self.station = replace(station, ledger=self.ledger, engine=engine, note=_nothing, threads=1)

    def recall(self, before: Iterable[Foreseen]) -> None:
        """Go on from what was foreseen *before*: records that would be made are there by now, others are gone."""
        for each in before:
            if not each.is_so and each.effect is not Effect.FAIL:
                self.ledger.recall(each, self.station.engine.new_mapping(each.entity_type))

    def newcomer(self, side: Side, entity_type: EntityType, id: str) -> list[Foreseen]:
        """What becomes of a record that nothing pairs."""
        if side is Side.NAVIMPACT:
            about = self.station.engine.new_mapping(entity_type, entity_id=id)
            look = partial(looks.entity, self.station, EntityRef(entity_type, id), self.run, thorough=True)
        else:
            about = self.station.engine.new_mapping(entity_type, page_id=id)
            look = partial(looks.page, self.station, f"{entity_type}/{id}", self.run)
        return list(self._rehearse(look, about))

    def pair(self, mapping: Mapping) -> list[Foreseen]:
        """What becomes of a pair that is known."""
        return list(self._rehearse(partial(looks.pair, self.station, mapping.id, self.run), mapping))

    def _rehearse(self, look: Callable[[], Result], about: Mapping) -> Iterator[Foreseen]:
        """What *look* comes to. Raises `Down` where a side is down; where it is only the record, that is foreseen."""
        self.ledger.begin_look()
        error = self._failure(look)
        if isinstance(error, Down):
            if not self._both_answer(about.entity_type):
                raise error
            error = self._failure(look)
        if error is None:
            yield from self.ledger.came_of(about)
        else:
            yield foresight.failed(about, error)

    def _failure(self, look: Callable[[], Result]) -> Retryable | Fatal | None:
        try:
            self._look(look)
        except STOP_EVERYTHING:
            raise
        except (Retryable, Fatal) as error:
            return error
        return None

    def _both_answer(self, entity_type: EntityType) -> bool:
        """Whether both sides show the collection, as they do where NavImpact answers a refusal with a 503."""
        try:
            return all(side.answers(entity_type) for side in self.sides)
        except OutOfTime:  # to a record that hangs each slice would be lost
            return False

    def _look(self, look: Callable[[], Result]) -> None:
        """Look, and where the engine would wait a little, look again as if that time had passed."""
        self.time.reset()
        for _ in range(LOOKS):
            match look():
                case Later(mapping=mapping, at=at) if self.time.reach(at):
                    look = partial(looks.pair, self.station, mapping.id, self.run)
                case _:
                    return


def _nothing(kind: WorkKind, external_id: str) -> None:
    """Who dies at a rehearsal dies at the preview."""


@dataclass(slots=True)
class _Time:
    """The clock of a rehearsal, which can be put forward a little."""

    clock: Callable[[], datetime]
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.clock() + self.ahead

    def reset(self) -> None:
        """It is now."""
        self.ahead = timedelta()

    def reach(self, at: datetime) -> bool:
        """Make it *at*, where that is near."""
        ahead = max(self.ahead, at - self.clock())
        if ahead > HORIZON:
            return False
        self.ahead = ahead
        return True
