"""What would a sync do? Told of one record after its rehearsal, in the words of the sync log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingOf
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from navsync.errors import SyncError
from navsync.model import (
    Change,
    Conflict,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Settings,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
)


class Effect(StrEnum):
    """What a sync would do with a record, or what keeps it from doing anything."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    """The page goes to the trash; NavImpact's records only go when a person says so."""
    RESTORE = "restore"
    LINK = "link"
    """A page and a record that know of each other are paired: nothing is written for that."""
    UNLINK = "unlink"
    """Both sides are gone."""
    APPROVAL = "approval"
    """It would wait for a person's word, as a deletion in Notion does."""
    CONFLICT = "conflict"
    EXCLUDE = "exclude"
    """The settings would leave it alone, from then on or from the start."""
    HOLD = "hold"
    """A value, or a whole record, would not travel."""
    FAIL = "fail"
    """It could not be foreseen: the look itself failed."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One thing that a sync would do, or not do."""

    effect: Effect
    entity_type: EntityType
    mapping_id: int | None = None
    """None: no mapping pairs it yet."""
    entity_id: str | None = None
    page_id: str | None = None
    title: str | None = None
    side: Side | None = None
    """Where the write would go; None where both, or none would be made."""
    changes: tuple[Change, ...] = ()
    """Long values are cut."""
    field: str | None = None
    code: str | None = None
    reason: str | None = None
    fix: str | None = None
    is_so: bool = False
    """It stands like this already, and a sync would leave it so."""
    leaves: State = State.LINKED
    """How the pair would stand after it."""


class Progress(StrEnum):
    """How a preview stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Preview:
    """A dry run of everything that a sync of one workspace would do under *settings*."""

    id: int
    workspace_id: int
    asked_at: datetime
    settings: Settings
    actor: str | None = None
    state: Progress = Progress.RUNNING
    reason: str | None = None
    """Why it failed, or what it waits for."""
    done: int = 0
    """Records that were looked at."""
    total: int = 0
    """As many as were known when it was asked for; newcomers are on top."""
    foreseen: int = 0
    """How many things it foresees by now."""
    counts: MappingOf[str, int] = field(default_factory=dict)
    """`<effect>/<side>`, the side left out where there is none → how many."""
    removals: int = 0
    """Deletions it has rehearsed: in an hour only so many go through without a person."""
    place: str = ""
    """Where it goes on; no business of anybody else's."""
    ended_at: datetime | None = None
    version: int = 0

    def with_more(self, fresh: Iterable[Foreseen]) -> Preview:
        """The preview once it foresees *fresh*, too."""
        counts = Counter(f"{each.effect}/{each.side or ''}" for each in fresh)
        together = Counter(self.counts) + counts
        return replace(self, foreseen=self.foreseen + counts.total(), counts=dict(sorted(together.items())))


def foreseen(before: Mapping | None, after: Mapping, rows: Iterable[SyncLog]) -> Iterator[Foreseen]:
    """What the rehearsal of one record came to: it stood as *before*, and *rows* are what it wrote into the log."""
    told = [row for row in rows if row.outcome is Outcome.SUCCESS]
    for row in told:
        if (effect := _effect(row, after)) is not None:
            changes = tuple(map(_shortened, row.changes))
            yield _about(after, before, effect, side=row.side, changes=changes, reason=row.message)
    if _was_paired(before, after) and not any(row.operation is Operation.CREATE for row in told):
        yield _about(after, before, Effect.LINK)
    for conflict in after.conflicts:
        yield _conflict(before, after, conflict)
    for trouble in after.troubles:
        yield _trouble(before, after, trouble)


def failed(about: Mapping, error: SyncError) -> Foreseen:
    """That a look at a record failed; a mapping that is not stored stands for one that has none."""
    known = about if about.version else None
    return _about(about, known, Effect.FAIL, code=error.code, reason=str(error))


def _effect(row: SyncLog, after: Mapping) -> Effect | None:
    if row.operation is Operation.UNLINK:
        return Effect.UNLINK if after.state is State.DELETED else None
    return _EFFECTS.get(row.operation)


_EFFECTS = {
    Operation.CREATE: Effect.CREATE,
    Operation.UPDATE: Effect.UPDATE,
    Operation.DELETE: Effect.DELETE,
    Operation.RESTORE: Effect.RESTORE,
}
"""Operations that would write something; what else a log tells of is read from how the mapping stands."""


def _was_paired(before: Mapping | None, after: Mapping) -> bool:
    return after.state is State.LINKED and (before is None or before.state is not State.LINKED)


def _conflict(before: Mapping | None, after: Mapping, conflict: Conflict) -> Foreseen:
    shown = {Side.NAVIMPACT: conflict.navimpact, Side.NOTION: conflict.notion}
    changes = (Change(conflict.field, side, conflict.base, value, rule="conflict") for side, value in shown.items())
    return _about(
        after,
        before,
        Effect.CONFLICT,
        changes=tuple(map(_shortened, changes)),
        field=conflict.field,
        is_so=before is not None and conflict in before.conflicts,
    )


def _trouble(before: Mapping | None, after: Mapping, trouble: Trouble) -> Foreseen:
    return _about(
        after,
        before,
        _WAITING.get(after.state, Effect.HOLD),
        field=trouble.field,
        code=trouble.code,
        reason=trouble.cause,
        fix=trouble.fix,
        is_so=before is not None and any((t.code, t.field) == (trouble.code, trouble.field) for t in before.troubles),
    )


_WAITING = {State.AWAITING_APPROVAL: Effect.APPROVAL, State.EXCLUDED: Effect.EXCLUDE}


def _about(after: Mapping, before: Mapping | None, effect: Effect, **more: object) -> Foreseen:
    """Where a side has no record yet, the rehearsal's goes by the name of its other half."""
    return Foreseen(
        effect=effect,
        entity_type=after.entity_type,
        mapping_id=before.id if before else None,
        entity_id=after.entity_id if after.entity_id != after.page_id else None,
        page_id=after.page_id if after.page_id != str(after.entity) else None,
        title=after.title,
        **{"leaves": after.state, **more},  # type: ignore[arg-type]  # as keyword arguments are
    )


# --- long values ------------------------------------------------------------------------------------------------------

LONGEST = 1_000
"""Characters of a value in a list: a hundred rows of whole texts would not fit into one answer of a function (6 MB)."""

MOST = 100
"""Names of a list that are shown."""


def cut(value: Value) -> Value:
    """*value*, a long text cut with an ellipsis; a list stays a list of at most a hundred names."""
    match value:
        case str(text):
            return _cut_text(text)
        case tuple(names):
            more = (f"… and {len(names) - MOST} more",) if len(names) > MOST else ()
            return (*map(_cut_text, names[:MOST]), *more)
        case _:
            return value


def _cut_text(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _shortened(change: Change) -> Change:
    return replace(change, old=cut(change.old), new=cut(change.new), old_raw=None)
