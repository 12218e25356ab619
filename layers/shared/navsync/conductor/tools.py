"""What is one workspace's work done with?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from navsync.errors import Forbidden
from navsync.fields import SPECS
from navsync.model import (
    BudgetWindow,
    DataSource,
    EntityRef,
    EntityType,
    Lease,
    MadeWay,
    Present,
    Values,
    Work,
    Workspace,
)
from navsync.pauses import Sisters
from navsync.ports import Desk, Ledger, LoosePages, ReadableSide, SidePort


class NotionToRead(ReadableSide, Protocol):
    """Notion as a rehearsal knows it: nothing here writes."""

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Rows that carry one of *keys* (100 at most), as the index has them; one that is missing may be there."""
        ...

    def check(self, entity_type: EntityType, values: Values) -> Values:
        """What a page would hold of *values*. Raises what writing them would, as far as that is known without it."""
        ...


class NotionWorkspace(SidePort, Protocol):
    """Notion as a side, and the databases that set-up makes in it."""

    def find_parent(self) -> str:
        """The page under which databases are made. Raises `Refused` when none is shared with us."""
        ...

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        """A data source that an earlier set-up made."""
        ...

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        """Make the database for *entity_type*."""
        ...

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Rows that carry one of *keys* (100 at most), as the index has them; one that is missing may be there."""
        ...

    def is_template(self, entity_type: EntityType, page: Present) -> bool:
        """Whether *page* is what Notion lets new rows begin with, and no row itself. No list shows such."""
        ...

    def to_read(
        self, page_of: Callable[[EntityRef], str | None], entity_of: Callable[[str], EntityRef | MadeWay | None]
    ) -> NotionToRead:
        """The same Notion, told by others which page is whose, that keeps nothing of what it finds out."""
        ...

    def use(self, source: DataSource) -> None:
        """Work with *source* from now on."""
        ...

    def refresh(self, entity_type: EntityType) -> DataSource:
        """Read the schema anew and remember it."""
        ...

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        """Take up the column of a field that came back, and remember that."""
        ...

    def loose_pages(self) -> LoosePages:
        """Pages that are no rows."""
        ...

    def window(self) -> BudgetWindow:
        """Requests counted so far, to be kept for the next invocation."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What one workspace's work is done with; the composition root fills it in."""

    desk: Desk
    ledger_of: Callable[[Lease], Ledger]
    notion_of: Callable[[Workspace, Ledger, Callable[[], None]], NotionWorkspace]
    """From the workspace, its mappings, and a check that raises when the time is up, made before each request."""
    navimpact: SidePort
    clock: Callable[[], datetime]
    new_id: Callable[[], int]
    jitter: Callable[[], float]
    """Uniform in [0, 1)."""
    pause_sisters: Sisters = lambda _workspace, _blocked: None
    look_at_connection: Callable[[NotionWorkspace], None] = lambda _notion: None
    """Finds out what the connection may do in Notion and keeps it; every day."""
    was_forbidden: Callable[[Forbidden], None] = lambda _error: None
    """Told when Notion said that the connection may not."""
    serving: Callable[[Work], None] = lambda _work: None
    """Told what is done next: for a person's edit the part of the budget kept for people is open."""
    most_threads: int = 1
    """How many records of a first sync are done at a time, at most."""
    entity_types: tuple[EntityType, ...] = tuple(SPECS)
    """What is synced, parents before children."""
