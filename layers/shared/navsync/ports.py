"""What the core asks of the world: each has an in-memory and a real implementation, held to one contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from navsync.foresight import Foreseen, Preview
from navsync.model import (
    BudgetWindow,
    DataSource,
    EntityRef,
    EntityType,
    Lane,
    Lease,
    Mapping,
    Observation,
    Pause,
    Present,
    Side,
    SyncLog,
    Value,
    Values,
    Work,
    Workspace,
)
from navsync.standing import Outline
from navsync.templates import Commission, Filled, MadePage


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """One page of a list, in an order in which an edit hides no other record. *cursor* None: there are no more."""

    records: Sequence[Present]
    cursor: str | None
    """Where the list goes on. Good for the while that it takes to go through it."""
    place: str | None = None
    """A cursor that is good for days, behind where this page began; it may show some of these records again. None where
    there are no more, or only *cursor* leads on."""


class ReadableSide(Protocol):
    """One side of one workspace, to be looked at. Ids are the side's own, as text.

    Every call may raise a `navsync.errors.Retryable` or `Fatal`.
    """

    @property
    def side(self) -> Side:
        """Which one."""
        ...

    def read(self, entity_type: EntityType, id: str) -> Observation:
        """The record as it is now; a 404 is `Gone`, never an error."""
        ...

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        """Records carrying *key*, oldest first as far as the side tells; those of the last seconds may be missing."""
        ...

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        """Records changed at or after *since* (None: all), by the side's own clock and its precision."""
        ...

    def answers(self, entity_type: EntityType) -> bool:
        """Whether the collection itself can be read now: without this a 404 proves nothing."""
        ...

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Iterable[Value]:
        """What a field may say between the requests that make it say *value*; nothing where it takes only one.

        *before* is what it said: as the side spelled it where that is known, None where the record is made.
        """
        ...


class SidePort(ReadableSide, Protocol):
    """One side of one workspace, to be read and written. A write that raises `Unclear` may have happened."""

    @property
    def knows_keys(self) -> bool:
        """Whether `create`, sent again with the same key and values, is known to answer with what it made before."""
        ...

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        """Make a record of *values* that carries *key* and return it as the side shows it.

        Not idempotent unless the side `knows_keys`: look for what it may have made before a second try.
        """
        ...

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        """Write only *changes*, given that the record was last *seen* so, and return it as the side shows it now."""
        ...

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        """Write *key* on the page (`NavImpact ID`), and *title* where there is one. Nothing on NavImpact."""
        ...

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:
        """Trash the page, or delete the entity for good, given that it was last *seen* so. Done already is done."""
        ...

    def restore(self, entity_type: EntityType, id: str) -> Present:
        """Take a page out of the trash. Raises `Refused` where it stays there; NavImpact has none, and always does."""
        ...


class ReadableLedger(Protocol):
    """One workspace's mappings and history, to be looked at."""

    def load(self, mapping_id: int) -> Mapping | None:
        """The mapping, read consistently."""
        ...

    def of_entity(self, entity: EntityRef) -> Mapping | None:
        """The mapping that pairs *entity*."""
        ...

    def of_page(self, page_id: str) -> Mapping | None:
        """The mapping that pairs the page."""
        ...

    def mappings_after(self, mapping_id: int, limit: int) -> Sequence[Mapping]:
        """The next *limit* mappings in order of their ids; 0 is before the first."""
        ...

    def outlines_after(self, mapping_id: int, limit: int) -> Sequence[Outline]:
        """The next *limit* mappings in order of their ids, each without what its sides say."""
        ...

    def outlines_of(self, project_id: str, mapping_id: int, limit: int) -> Sequence[Outline]:
        """The next *limit* of a project, its own among them, however many others there are.

        Those that came to it in the last moment may be missing, and one that left it then may be among them.
        """
        ...

    def open_creates(self) -> Sequence[Mapping]:
        """Mappings with an open `CreateIntent`, oldest first."""
        ...

    def log(self, log_id: int) -> SyncLog | None:
        """The log row, read consistently."""
        ...

    def logs_of_run(self, run_id: str, *, before: SyncLog | None = None) -> Iterable[SyncLog]:
        """The rows that one trigger caused, or those *before* one of them, latest first, some read at a time.

        Those of the last second may be missing.
        """
        ...

    def remade(self, entity: EntityRef) -> str | None:
        """Id of the record that a workspace, this or another, has made again of *entity*, which was deleted."""
        ...

    def removals_left(self, now: datetime) -> int:
        """How many more deletions may be counted in the hour until *now*."""
        ...


class Ledger(ReadableLedger, Protocol):
    """One workspace's mappings and history, written under one lease."""

    def save(self, mapping: Mapping, *logs: SyncLog) -> Mapping:
        """Write *mapping* and *logs* in one transaction if nobody has saved it since we read it.

        Returns it with its new version. Raises `StaleMapping` when the version moved on or another mapping pairs the
        entity or the page already, `LostLease` when the fence is old. A log with the id of a stored one replaces it.
        """
        ...

    def hand_over(self, giver: Mapping, taker: Mapping, *logs: SyncLog) -> tuple[Mapping, Mapping]:
        """As `save`, both in one transaction: what *giver* pairs no more, *taker* may pair from the same moment on.

        Nobody ever finds the entity or the page paired by neither, whoever dies.
        """
        ...

    def record(self, *logs: SyncLog) -> None:
        """Write *logs* that belong to no mapping's change, under the lease."""
        ...

    def hold(self, entity: EntityRef, *, now: datetime, until: datetime, by: int | None = None) -> bool:
        """Be the only workspace that writes *entity* in NavImpact; False while another one does.

        It is held by this worker, or by the mapping *by*, whichever worker looks at that.
        """
        ...

    def let_go(self, entity: EntityRef, *, by: int | None = None) -> None:
        """Done with it; nothing happens when it is no longer ours."""
        ...

    def note_remade(self, entity: EntityRef, id: str, *, now: datetime) -> None:
        """Tell every workspace that holds *entity*, which was deleted, that it was made again as *id*."""
        ...

    def save_removal(self, mapping: Mapping, *logs: SyncLog, now: datetime, many: int) -> Mapping | None:
        """As `save`, and count *many* deletions in the same transaction: each is counted once, whoever dies.

        None, and nothing saved or counted, where the hour until *now* would have too many: more than max(5, 10 % of the
        linked mappings). The hour may be up to ten minutes longer.
        """
        ...


class Previews(Protocol):
    """Dry runs of one workspace and what they foresee, kept for a day."""

    def get(self, preview_id: int) -> Preview | None:
        """The preview, read consistently."""
        ...

    def save(self, preview: Preview, *fresh: Foreseen) -> Preview:
        """Keep how far it has come, and behind what was foreseen before, what is *fresh*.

        Returns it with its new version. Raises `StaleMapping` when somebody has saved it since we read it.
        """
        ...

    def foreseen(self, preview: Preview, *, skip: int, limit: int) -> Sequence[Foreseen]:
        """What it foresees, in the order in which a sync would do it."""
        ...


class Commissions(Protocol):
    """Pages that people asked for from templates, kept for a week."""

    def get(self, commission_id: int) -> Commission | None:
        """The commission, read consistently."""
        ...

    def save(self, commission: Commission) -> Commission:
        """Keep how far it has come, and return it."""
        ...


class LoosePages(Protocol):
    """Pages of Notion that are no rows of ours. Every call may raise a `navsync.errors.Retryable` or `Fatal`."""

    def under(self, parent_page_id: str) -> Sequence[str]:
        """Ids of the pages that we have made below a page and that are not in the trash, oldest first."""
        ...

    def make(self, parent_page_id: str, page: Filled) -> MadePage:
        """Make a page below another. Not idempotent: look `under` the parent before a second try."""
        ...

    def look(self, page_id: str) -> MadePage:
        """A page that was made."""
        ...


class Desk(Protocol):
    """One workspace's work, lease and small state."""

    def workspace(self) -> Workspace | None:
        """Profile and settings."""
        ...

    def save_workspace(self, workspace: Workspace) -> Workspace:
        """Write it if nobody has since we read it, else raise `StaleMapping`."""
        ...

    def acquire(self, owner: str, *, now: datetime, until: datetime) -> Lease | None:
        """Take the lease when free, expired or ours; None while another holds it. The fence rises each time."""
        ...

    def release(self, lease: Lease) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        ...

    def begin(self, lease: Lease, key: str, *, now: datetime) -> None:
        """Note in the lease that *key* is being worked on: who dies now dies at it. Raises `LostLease`."""
        ...

    def survive(self, lease: Lease, keys: Sequence[str]) -> None:
        """Forget who died at *keys*. Raises `LostLease`."""
        ...

    def raise_epoch(self) -> int:
        """So that wakes sent from now on are not taken for repeats of earlier ones. Called before work is read."""
        ...

    def put(self, work: Work) -> None:
        """Add the row, or replace the one in its place: of the same lane, kind, external id and way, requested or not.

        What events told that one, *work* tells besides, and who waits for that one, waits for *work*.
        """
        ...

    def put_again(self, work: Work, *, seen: Work) -> bool:
        """Put *work* in the place of the row *seen* while its nonce is the one seen; False when it was put anew."""
        ...

    def pending(self, lane: Lane, *, limit: int) -> Sequence[Work]:
        """Rows of *lane* in order of their `due`, those not due yet too, read consistently."""
        ...

    def which_wait(self, works: Sequence[Work]) -> Sequence[Work]:
        """The rows that are where *works* would be put, read consistently."""
        ...

    def done(self, work: Work) -> bool:
        """Remove the row while its nonce is the one seen; False when it was put again meanwhile."""
        ...

    def sources(self) -> MappingOf[EntityType, DataSource]:
        """Data sources by entity type, as last read."""
        ...

    def save_source(self, source: DataSource) -> DataSource:
        """Remember a data source and its schema if nobody has since it was read, else raise `StaleMapping`."""
        ...

    def cursor(self, name: str) -> str | None:
        """A named cursor's value."""
        ...

    def move_cursor(self, name: str, value: str) -> bool:
        """Set it if that moves it forward (text order; ISO times in UTC); False when it would go back."""
        ...

    def clear_cursor(self, name: str) -> None:
        """Forget it."""
        ...

    def pause(self) -> Pause | None:
        """Until when nobody is to be called, as last kept."""
        ...

    def keep_pause(self, pause: Pause) -> None:
        """Keep *pause*; an earlier one that ends later is left to end."""
        ...

    def budget(self) -> BudgetWindow | None:
        """The budget window as last saved."""
        ...

    def previews(self) -> Previews:
        """Its dry runs."""
        ...

    def commissions(self) -> Commissions:
        """Pages to be made from templates."""
        ...

    def save_budget(self, window: BudgetWindow, lease: Lease) -> None:
        """Keep it for the next invocation; nothing happens when a later holder of the lease has kept its own."""
        ...

    def spend_beside(self, requests: int, now: datetime) -> None:
        """Count requests that were made without the lease; who takes up the budget window next reckons with them."""
        ...

    def count_calls(self, calls: int, now: datetime) -> None:
        """Count requests to Notion among the figures of *now*'s day."""
        ...
