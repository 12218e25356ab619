"""What can a look at one mapping lead to?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from navsync.model import Direction, Edit, Mapping, Origin, Side


@dataclass(frozen=True, slots=True)
class Run:
    """What caused the looks: one trigger's id on every row it causes, and whose edit or request it was."""

    id: str
    actor: str | None = None
    direction: Direction = Direction.BOTH
    edits: tuple[Edit, ...] = ()
    """What events told of people's edits."""
    origin: Origin | None = None
    """Of the edit that is on its way."""
    hurried: bool = False
    """A person waits for it: nothing is put off to let them finish typing."""
    decides: str | None = None
    """What *actor* has decided, so that it is theirs whoever edited it, and waits for nobody who is typing: a field, or
    `EVERYTHING` of the record."""

    def edited_at(self, written: Side | None) -> datetime | None:
        """When that was edited which goes to *written* (None: to both); None: no event told."""
        return self.origin.at if self.origin is not None and self.origin.side is not written else None


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do now."""

    asked: bool = True
    """Whether a side was asked for something, and so has answered."""


@dataclass(frozen=True, slots=True)
class Later:
    """Look at *mapping* again at *at*."""

    mapping: Mapping
    at: datetime
    unclear: bool = False
    """Nobody said what became of a write: its side may be down, though nothing failed."""
    asked: bool = True
    """Whether a side was asked for something, and so has answered."""


@dataclass(frozen=True, slots=True)
class Again:
    """Look at *mapping* at once, for it has changed.

    *edited* is the side an event came from: when that side shows what was agreed, the other is not asked.
    """

    mapping: Mapping
    edited: Side | None = None


@dataclass(frozen=True, slots=True)
class First:
    """Look at *parent* before *mapping*: what becomes of the one decides about the other."""

    parent: Mapping
    mapping: Mapping


type Result = Done | Later
"""How a sync ended."""

type Step = Result | Again | First
"""What one look led to."""
