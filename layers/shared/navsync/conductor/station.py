"""What is at hand while the lease of one workspace is held?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from navsync.conductor.tools import NotionWorkspace, Tools
from navsync.engine import Engine
from navsync.model import EntityType, Work, WorkKind
from navsync.ports import Desk, Ledger

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Station:
    """The tools, bound to one workspace and one lease."""

    tools: Tools
    desk: Desk
    ledger: Ledger
    notion: NotionWorkspace
    engine: Engine
    check_time: Callable[[], None]
    """Raises when the slice has ended."""
    take: Callable[[Work], None]
    """Does one piece of work, whether it is stored or not."""

    def work(self, cause: Work, kind: WorkKind, external_id: str, **changes: object) -> Work:
        """Work that *cause* leads to; what an event told is told once."""
        fresh = {"nonce": str(self.tools.new_id()), "edit": None, "attempts": 0, **changes}
        return replace(cause, kind=kind, external_id=external_id, **fresh)  # type: ignore[arg-type]

    def pause(self, attempts: int) -> timedelta:
        """How long to leave alone what has failed *attempts* times before."""
        longest = min(FIRST_PAUSE * (1 << min(attempts, 10)), LONGEST_PAUSE)
        return longest / 2 + longest / 2 * self.tools.jitter()

    def connected_types(self) -> list[EntityType]:
        """What is synced and has a database, parents before children."""
        sources = self.desk.sources()
        return [t for t in self.tools.entity_types if t in sources]
