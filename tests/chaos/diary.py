"""What did people do? Written down as they did it, for the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.chaos.seen import Pieces, pieces


@dataclass(frozen=True)
class Edit:
    """Something that a person wrote somewhere: *path* is what it was written to, *began* and *ended* when."""

    field: str
    piece: str
    path: str
    began: datetime
    ended: datetime

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.field} {self.piece!r}, written to {self.path} at {self.began:%H:%M:%S.%f}"


@dataclass(frozen=True)
class Glance:
    """Somebody looked at a page and then wrote one field of it; what came in between they never saw."""

    field: str
    path: str
    looked: datetime
    wrote: datetime


@dataclass(frozen=True)
class Loss:
    """From when until when a workspace's token was dead."""

    workspace: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Consent:
    """Somebody agreed that a record may go, or undid what had made it."""

    key: str
    at: datetime


@dataclass
class Diary:
    """Everything that people did, for the judge."""

    edits: list[Edit] = field(default_factory=list)
    glances: list[Glance] = field(default_factory=list)
    given_up: Pieces = field(default_factory=set)
    """Pieces that somebody saw and replaced or deleted."""
    rows: dict[str, str] = field(default_factory=dict)
    """Rows that people made in Notion, and which kind each is of."""
    unfilled: set[tuple[str, str]] = field(default_factory=set)
    """Rows that people made, and fields whose columns were gone before the row became a record."""
    deleted: set[str] = field(default_factory=set)
    """Keys of the records that somebody deleted."""
    trashed: set[str] = field(default_factory=set)
    """Ids of pages that somebody put into the trash, restored or not, or the making of which somebody undid."""
    consents: list[Consent] = field(default_factory=list)
    emptied: set[tuple[str, str]] = field(default_factory=set)
    """Keys of records, and fields that somebody let be empty, by an undo or a choice."""
    losses: list[Loss] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What people waited for in vain."""

    def wrote(self, path: str, before: Mapping[str, object], after: Mapping[str, object], began: datetime) -> None:
        """Note that somebody who saw *before* wrote *after* over it."""
        old, new, ended = set(pieces(before)), set(pieces(after)), datetime.now(UTC)
        self.given_up |= old - new
        self.edits += [Edit(name, piece, path, began, ended) for name, piece in sorted(new - old)]

    def gave_up(self, values: Mapping[str, object]) -> None:
        """Note that somebody saw *values* and threw them away."""
        self.given_up |= set(pieces(values))
