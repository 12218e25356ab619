"""What of a row is meant when somebody undoes it?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from navsync.errors import Refused
from navsync.fields import field_of, same
from navsync.model import EVERYTHING, Change, EntityType, Operation, Side, SyncLog


class SideNeeded(Refused):
    """Two texts were merged into one, and each side had its own: a person has to say whose comes back."""


def parts_of(row: SyncLog) -> frozenset[str]:
    """What of *row* is undone each by itself: the fields that it changed. A record is made or deleted as a whole.

    Of a project that was only named by another page nothing is: it is the same as before.
    """
    if row.operation in (Operation.UPDATE, Operation.REVERT):
        return frozenset(change.field for change in row.changes if change.old != change.new)
    return frozenset({EVERYTHING})


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a row is to be undone: all of it, or these."""

    field: str | None = None
    side: Side | None = None
    """Whose text comes back where two were merged into one; what only one side was told is undone in any case."""

    def of(self, row: SyncLog) -> Sequence[Change]:
        """The changes of *row* to be undone, one for each field. Raises `SideNeeded`."""
        meant = defaultdict[str, list[Change]](list)
        for change in row.changes:
            if self.field in (None, change.field):
                meant[change.field].append(change)
        return [_single(row.entity_type, self._of_side(changes)) for changes in meant.values()]

    def _of_side(self, changes: Sequence[Change]) -> Sequence[Change]:
        return [change for change in changes if change.side is self.side] or changes


def _single(entity_type: EntityType | None, changes: Sequence[Change]) -> Change:
    """The one to undo. What was written on both sides, as an undo is, may have taken the same from both."""
    if len(changes) == 1:
        return changes[0]
    name, old = changes[0].field, {change.side: change.old for change in changes}
    if entity_type and same(field_of(entity_type, name), old.get(Side.NAVIMPACT), old.get(Side.NOTION)):
        return changes[0]
    raise SideNeeded(f"two edits of {name} were merged; say which side's text is to come back")
