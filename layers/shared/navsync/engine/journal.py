"""What do people read of what was done: the changes, the reasons, and what to do?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from copy import replace
from datetime import datetime, timedelta
from typing import Any

from navsync import merge
from navsync.engine.steps import Run
from navsync.engine.workbench import Workbench
from navsync.errors import Refused, SyncError
from navsync.fields import SPECS, EntitySpec, Field, same, unformatted_end
from navsync.model import (
    NEVER_SHOWN,
    Base,
    Bases,
    Change,
    Conflict,
    EntityRef,
    EntityType,
    FieldWrite,
    Mapping,
    Operation,
    Outcome,
    Present,
    ReadIntent,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
    Values,
    WriteIntent,
)
from navsync.ports import Ledger

HEALTHY: dict[str, Any] = {"attempts": 0, "next_retry_at": None}
"""What a mapping says after a look that ended well."""

_WORDS_TOLD = 5

OVERTAKEN = "not carried out: by then it was answered already, edited, restored or deleted; see what it waits for now"
"""What is said of a decision about what had changed before it was carried out."""

BY_ITSELF = "Nothing to do: it is tried again by itself."

TRASHED = Trouble(
    "approve_delete",
    "Its page was moved to the trash in Notion. NavImpact deletes for good.",
    "Approve the deletion, or restore the page in Notion. Where that is not in the trash any more, reject the deletion "
    "to have another page made.",
)
TRASHED_PROJECT = replace(
    TRASHED, cause="Its page was moved to the trash in Notion. NavImpact deletes for good, and everything below it too."
)
MASS_DELETION = Trouble(
    "mass_deletion",
    "Many records vanished from NavImpact within an hour, which looks more like a fault than like intent.",
    "Approve the deletion to move the page to the trash, or reject it to make its record again.",
)
NONE_LEFT = replace(
    MASS_DELETION,
    cause="NavImpact shows no other record of this workspace: nothing tells whether it was deleted, or all are gone.",
)
UNREAD = Trouble(
    "unread_deletion",
    "Its record was deleted in NavImpact, but its page may say what NavImpact never had.",
    "Approve the deletion to move the page to the trash, or reject it to make its record again.",
)
UNREACHABLE = Trouble(
    "unreachable",
    "Notion does not show its page to NavSync any more: it is no longer shared, or gone for good.",
    "Share the page with the connection again. Nothing was deleted in NavImpact.",
)
UNREACHABLE_ALONE = replace(
    UNREACHABLE,
    cause="Its record is gone from NavImpact, and Notion does not show its page any more: it is no longer shared, or "
    "gone for good, too.",
    fix="Share the page with the connection again, and it is looked at. If it is gone for good, nothing is left to do.",
)
MOST_NAMED = 5
"""So many records are named where people are told of more."""

UNCERTAIN = "needs_confirmation"
"""The code of what a person is asked about a row, of which NavImpact may have made a record."""

NOT_PUT_BACK = "not_put_back"
"""The code of what is said of a page that was thrown away, and that Notion does not take back."""

COPIED = Trouble(
    "copied",
    "It carries the id of another record.",
    "Clear “NavImpact ID” in Notion to make it a record of its own, or move it to the trash.",
)
UNDONE = Trouble(
    "undone",
    "Its record in NavImpact was removed by undoing what made it; the row in Notion stays.",
    "Edit the row, or reject, to have its record made again; approve, or move the row to the trash, to let it go.",
)


def in_the_trash(entity_type: EntityType) -> Trouble:
    """What is asked of a page in the trash. Nothing is below a record that is no project."""
    return TRASHED_PROJECT if entity_type is EntityType.MEDIA_PROJECT else TRASHED


def trashed(
    entity_type: EntityType,
    *,
    unread: Sequence[str],
    unsent: Sequence[str],
    unshown: Sequence[str],
    changed_below: Sequence[str],
) -> Trouble:
    """Of a page in the trash, with what who trashed it may not know of.

    That are the columns that cannot be read, say what NavImpact never had, or never showed what it says, and those
    records of a project that were edited or added since.
    """
    asked = in_the_trash(entity_type)
    cause = asked.cause
    if unread:
        cause += f" Perhaps its page was edited in {', '.join(unread)}, which cannot be read."
    if unsent:
        cause += f" Its page says what NavImpact never had, in {', '.join(unsent)}."
    if unshown:
        cause += f" NavImpact says what Notion never showed, in {', '.join(unshown)}."
    if changed_below:
        more = len(changed_below) - MOST_NAMED
        named = [*changed_below[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
        cause += f" Of what belongs to it was edited or added since, or shortly before: {', '.join(named)}."
    return replace(asked, cause=cause)


def unread(unread: Iterable[str], unsent: Iterable[str] = ()) -> Trouble:
    """Of a page that is not trashed unasked, with the columns that cannot be read or that NavImpact never had."""
    unknown, new = ", ".join(unread), ", ".join(unsent)
    causes = ["Its record was deleted in NavImpact."]
    if new:
        causes.append(f"Its page says what NavImpact never had, in {new}.")
    if unknown:
        causes.append(f"Perhaps its page was edited in {unknown}, which cannot be read.")
    return replace(UNREAD, cause=" ".join(causes))


def not_put_back(error: SyncError) -> Trouble:
    """Of a page that was taken out of the trash to be read, and that Notion does not put back."""
    return Trouble(
        NOT_PUT_BACK,
        "Its page was moved to the trash in Notion, and taken out to be read what it says, for the trash does not show "
        f"that. Notion does not put it back: {error}",
        "Move the page to the trash in Notion by hand, or edit it to keep it.",
    )


def uncertain(entity: EntityRef, title: str) -> Trouble:
    """Of a row whose record NavImpact may have made, and then it is perhaps *entity*."""
    return Trouble(
        UNCERTAIN,
        f"NavImpact did not say whether it made a record of this row; {entity.name}, “{title}”, may be that record.",
        f"Reject if it is {entity.name}, which is then paired with the row. Approve if it is not: then you are asked "
        "about the next that it may be, or another record is made.",
    )


def copied(key: str, entity: EntityRef | None, pair: Mapping | None) -> Trouble:
    """Of a row with the *key* of *entity*, which *pair* pairs: a copy of its page, so that no record is made of it."""
    if entity is None:
        return replace(COPIED, cause=f"It says “{key}” in “NavImpact ID”, where NavSync keeps the id of a record.")
    name = f"{entity.name}, “{pair.title}”" if pair is not None and pair.title else entity.name
    is_gone = pair is None or pair.state is State.DELETED
    return replace(COPIED, cause=f"It carries the id of {name}, {'which is gone' if is_gone else 'as a copy does'}.")


def creation(on: Side, values: Values) -> tuple[Change, ...]:
    """What a new record on *on* says."""
    return tuple(Change(f, on, None, v, rule="created") for f, v in values.items() if v not in (None, ()))


def removal(side: Side, seen: Present, rule: str) -> tuple[Change, ...]:
    """What is lost on *side* with the record."""
    values = ((f, v) for f, v in seen.values.items() if v not in (None, ()))
    return tuple(Change(f, side, v, None, seen.raw.get(f), rule) for f, v in values)


def removed(row: SyncLog, fields: Iterable[str]) -> Values:
    """What the record said of *fields* whose deletion *row* tells of, the pair of `removal`: nothing is not told."""
    said = {change.field: change.old for change in row.changes}
    return {name: said.get(name) for name in fields}


def last_words(mapping: Mapping, page: Present, rule: str) -> tuple[Change, ...]:
    """What *page* says in the trash; of what nobody has read there, what was agreed on."""
    agreed = {f: b.notion for f, b in mapping.bases.items() if f in page.unreadable and b.notion != NEVER_SHOWN}
    return removal(Side.NOTION, replace(page, values={**agreed, **page.values}), rule)


def unsent(mapping: Mapping, entity: Present, page: Present) -> Present:
    """*page* with only what it says that NavImpact, which shows *entity*, never had."""

    def is_new(field: Field) -> bool:
        said, base = page.values.get(field.name), mapping.bases.get(field.name)
        is_agreed = base is not None and said == base.notion
        return said not in (None, ()) and not is_agreed and not same(field, entity.values.get(field.name), said)

    new = [field.name for field in SPECS[mapping.entity_type].fields if is_new(field)]
    return replace(page, values={name: page.values[name] for name in new})


def change(write: merge.Write, seen: dict[Side, Present]) -> Change:
    """What *write* replaces."""
    raw = seen[write.to].raw.get(write.field)
    return Change(write.field, write.to, write.overwrites, write.value, raw, write.rule)


def plainer(changes: Iterable[Change], spec: EntitySpec) -> str | None:
    """What *changes* cost a page of its formatting, and that it is not a fault; None where they cost nothing."""
    lost = [told for change in changes if change.side is Side.NOTION for told in _plainer(change, spec)]
    return " ".join((*lost, "Notion takes 100 differently formatted parts of a text.")) if lost else None


def _plainer(change: Change, spec: EntitySpec) -> Iterator[str]:
    field = spec.field(change.field)
    if end := unformatted_end(field, change.new, change.old_raw):
        yield f"{field.property} lost its formatting in Notion from “{' '.join(end.split()[:_WORDS_TOLD])}” on."


def clashes(before: Mapping, after: Mapping) -> tuple[Change, ...]:
    """Both halves of every conflict that *after* has and *before* had not."""
    return tuple(half for c in after.conflicts if c not in before.conflicts for half in _halves(c))


def _halves(conflict: Conflict) -> Iterable[Change]:
    yield Change(conflict.field, Side.NAVIMPACT, conflict.base, conflict.navimpact, rule="conflict: ask")
    yield Change(conflict.field, Side.NOTION, conflict.base, conflict.notion, rule="conflict: ask")


def ended(
    before: Mapping, after: Mapping, seen: MappingOf[Side, Present], writes: Iterable[merge.Write]
) -> Iterator[tuple[Sequence[Change], str]]:
    """The edits that ended each conflict of *before*, and how: both sides say the same, or one of *writes* follows.

    One whose field is held has not ended. Of one that a rule has ended the write tells.
    """
    how = {name: "both sides say the same" for name, base in after.bases.items() if _is_shown(name, base, seen)}
    how |= {write.field: write.rule for write in writes}
    disputed = {conflict.field for conflict in after.conflicts}
    for name, edits in ((conflict.field, tuple(_edits_of(conflict, seen))) for conflict in before.conflicts):
        if edits and name in how.keys() - disputed:
            yield edits, f"{name}: no conflict any more, {how[name]}"


def _is_shown(name: str, base: Base, seen: MappingOf[Side, Present]) -> bool:
    return all(name in seen[side].values and seen[side].values[name] == base.on(side) for side in Side)


def _edits_of(conflict: Conflict, seen: MappingOf[Side, Present]) -> Iterator[Change]:
    """What was edited of *conflict* since it was listed."""
    for side in Side:
        was, now = conflict.on(side), seen[side].values.get(conflict.field)
        if now != was:
            yield Change(conflict.field, side, was, now, rule=f"edited on {side}")


def closed(
    bench: Workbench, before: Mapping, bases: Bases, seen: MappingOf[Side, Present] | None = None
) -> list[SyncLog]:
    """The log row of a write that was interrupted, told to the end: it must not stay "started" for ever.

    It keeps what has landed, as *bases* or *seen* show, so that this can be undone; the rest has a row of its own.
    """
    if not isinstance(before.intent, WriteIntent):
        return []
    row = bench.ledger.log(before.intent.log_id)
    if row is None:
        return []
    landed = {(w.field, w.to) for w in before.intent.writes if _has_landed(before.entity_type, w, bases, seen or {})}
    kept = tuple(change for change in row.changes if (change.field, change.side) in landed)
    lost = tuple(change for change in row.changes if (change.field, change.side) not in landed)
    done = replace(row, outcome=Outcome.SUCCESS, changes=kept, message="interrupted; found written by a later look")
    failed = replace(row, outcome=Outcome.FAILED, message=_what_follows(bench, before.entity_type, lost))
    if not kept:
        return [failed]
    return [done, replace(failed, id=bench.new_id(), changes=lost)] if lost else [done]


def _what_follows(bench: Workbench, entity_type: EntityType, lost: Iterable[Change]) -> str:
    """What becomes of changes that an interrupted write has not made, or not whole."""
    spec, settings = bench.spec(entity_type), bench.workspace.settings
    told = [(spec.field(change.field), change.side) for change in lost]
    held = [f"{f.property} to {side}" for f, side in told if not merge.may_travel(entity_type, f, settings, side)]
    if held:
        return f"interrupted before all was written; {', '.join(held)} is held by now, for it does not sync that way"
    return "interrupted before all was written; planned again"


def _has_landed(entity_type: EntityType, write: FieldWrite, bases: Bases, seen: MappingOf[Side, Present]) -> bool:
    """Whether *write* has taken effect; what was edited since counts where *bases* were kept of its answer.

    A relation that was to be named anew means what it should all the time: only the page tells.
    """
    shown = seen.get(write.to)
    if shown is not None and write.field in shown.outdated:
        return False
    is_shown = shown is not None and merge.has_landed(SPECS[entity_type], write, shown)
    return is_shown or merge.all_landed(bases, [write])


def abandoned(ledger: Ledger, mapping: Mapping) -> list[SyncLog]:
    """The log row of what has become pointless, told to the end."""
    if mapping.intent is None or isinstance(mapping.intent, ReadIntent):
        return []
    row = ledger.log(mapping.intent.log_id)
    return [replace(row, outcome=Outcome.FAILED, message="interrupted, and then no longer wanted")] if row else []


def tell_overtaken(bench: Workbench, mapping: Mapping, operation: Operation, run: Run) -> None:
    """Tell who decided, in *run*, that nothing came of it; not where that run has done it, and its worker died."""
    if all(row.mapping_id != mapping.id for row in bench.ledger.logs_of_run(run.id)):
        bench.ledger.record(bench.row(mapping, operation, run, outcome=Outcome.FAILED, message=OVERTAKEN))


def only_side(writes: Iterable[merge.Write]) -> Side | None:
    """Where all *writes* go, None where to both."""
    sides = {w.to for w in writes}
    return sides.pop() if len(sides) == 1 else None


def only_actor(changes: Iterable[Change]) -> str | None:
    """Whose all *changes* are, None where several people's."""
    actors = {change.actor for change in changes}
    return actors.pop() if len(actors) == 1 else None


def refusal(error: Refused, side: Side) -> Trouble:
    """What *side* did not take, and what to do."""
    fix = (
        "Change it on navimpact, or make the change in Notion by hand."
        if side is Side.NOTION
        else "Change it on notion."
    )
    return Trouble("refused", f"{side} refused the value: {error}", fix, error.field)


def pair(seen: MappingOf[Side, Present], name: str) -> tuple[Value, Value]:
    """What both sides show of one field."""
    return seen[Side.NAVIMPACT].values.get(name), seen[Side.NOTION].values.get(name)


def since(at: datetime, now: datetime) -> int:
    """Milliseconds from *at* to *now*."""
    return round((now - at) / timedelta(milliseconds=1))
