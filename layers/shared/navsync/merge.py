"""What to write where, decided from the bases and both sides, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from navsync.fields import EntitySpec, Field, cannot_carry, same
from navsync.model import (
    Base,
    Bases,
    Conflict,
    Direction,
    FieldWrite,
    Policy,
    Present,
    Side,
    Trouble,
    Value,
)


@dataclass(frozen=True, slots=True)
class Write:
    """Carry one side's value to the other."""

    field: str
    to: Side
    value: Value
    overwrites: Value
    rule: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Both sides mean the same: agree on it, write nothing."""

    field: str
    base: Base


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed to different values and the policy is to ask: touch neither."""

    conflict: Conflict


@dataclass(frozen=True, slots=True)
class Hold:
    """The field cannot travel now; neither value is touched and a person is told why."""

    field: str
    trouble: Trouble


type Action = Write | Settle | Clash | Hold


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one look at both sides leads to, in the order of the entity's fields."""

    actions: tuple[Action, ...]

    @property
    def writes(self) -> tuple[Write, ...]:
        """Values to carry."""
        return tuple(a for a in self.actions if isinstance(a, Write))

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Fields that wait for a person's choice."""
        return tuple(a.conflict for a in self.actions if isinstance(a, Clash))

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Why fields are held."""
        return tuple(a.trouble for a in self.actions if isinstance(a, Hold))

    def agreed(self, bases: Bases) -> Bases:
        """*bases* with what this plan settles; what it writes is agreed only once written."""
        return {**bases, **{a.field: a.base for a in self.actions if isinstance(a, Settle)}}


def plan(
    spec: EntitySpec,
    bases: Bases,
    navimpact: Present,
    notion: Present,
    policy_of: Callable[[str], Policy],
    *,
    direction: Direction = Direction.BOTH,
) -> Plan:
    """Decide every field of *spec*. *direction* limits this run: what may not travel now is left for another."""
    decided = (_decide(f, bases.get(f.name), navimpact, notion, policy_of(f.name)) for f in spec.fields)
    return Plan(tuple(a for a in decided if a is not None and _allowed(a, direction)))


def _allowed(action: Action, direction: Direction) -> bool:
    return not isinstance(action, Write) or direction.allows(action.to)


def _decide(field: Field, base: Base | None, navimpact: Present, notion: Present, policy: Policy) -> Action | None:
    for side, seen in ((Side.NAVIMPACT, navimpact), (Side.NOTION, notion)):
        if field.name in seen.unreadable or field.name not in seen.values:
            return Hold(field.name, _unreadable(field, side, seen))
    shown = Base(navimpact.values[field.name], notion.values[field.name])
    if shown == base:
        return None
    if same(field, shown.navimpact, shown.notion):
        return Settle(field.name, shown)
    return _carry(field, base, shown, policy)


def _carry(field: Field, base: Base | None, shown: Base, policy: Policy) -> Action:
    match _moved(base, shown):
        case (moved,):
            return _write(field, shown, moved, f"changed on {moved}")
        case _ if policy is Policy.ASK:
            return Clash(Conflict(field.name, base.navimpact if base else None, shown.navimpact, shown.notion))
        case _:
            winner = Side(policy)
            return _write(field, shown, winner, f"policy {winner}")


def _moved(base: Base | None, shown: Base) -> tuple[Side, ...]:
    """The sides that changed. Where nothing was ever agreed on, filling an empty field loses nothing."""
    if base is None:
        filled = tuple(side for side in Side if not _is_empty(shown.on(side)))
        return filled if len(filled) == 1 else tuple(Side)
    return tuple(side for side in Side if shown.on(side) != base.on(side))


def _is_empty(value: Value) -> bool:
    return value is None or value == ()


def _write(field: Field, shown: Base, winner: Side, rule: str) -> Write | Hold:
    to, value = winner.other, shown.on(winner)
    if not field.direction.allows(to):
        return Hold(field.name, _one_way(field, winner))
    if reason := cannot_carry(field, value, to):
        return Hold(field.name, _uncarried(field, winner, reason))
    return Write(field.name, to, value, shown.on(to), rule)


def _unreadable(field: Field, side: Side, seen: Present) -> Trouble:
    reason = seen.unreadable.get(field.name, f"{side} does not show it")
    fix = f"Restore the property “{field.property}” in Notion with its old type, or run set-up again."
    return Trouble("quarantined", f"{field.property}: {reason}", fix, field.name)


def _one_way(field: Field, edited: Side) -> Trouble:
    cause = f"{field.property} was edited on {edited}, but syncs only towards it."
    return Trouble("one_way", cause, f"Edit it on {edited.other}, or let the field sync both ways.", field.name)


def _uncarried(field: Field, source: Side, reason: str) -> Trouble:
    cause = f"{field.property} cannot be carried to {source.other}: {reason}"
    return Trouble("cannot_carry", cause, f"Change the value on {source}.", field.name)


def remember(bases: Bases, writes: Iterable[Write | FieldWrite], shown: Present) -> Bases:
    """*bases* after *writes* to the side that now shows *shown*.

    Only written fields move, and their other half is the value that was carried: absorbing the whole answer would
    swallow an edit that somebody made meanwhile.
    """
    written = (w for w in writes if w.field in shown.values)
    return {**bases, **{w.field: _pair(w.to, w.value, shown.values[w.field]) for w in written}}


def landed(spec: EntitySpec, bases: Bases, writes: Iterable[FieldWrite], seen: dict[Side, Present]) -> Bases:
    """*bases* with those writes of an interrupted intent that did take effect. The others are simply planned again."""
    done = dict(bases)
    for write in writes:
        now = seen[write.to].values.get(write.field)
        if write.field in seen[write.to].values and _means(spec, write, now):
            done[write.field] = _pair(write.to, write.value, now)
    return done


def all_landed(bases: Bases, writes: Iterable[FieldWrite]) -> bool:
    """Whether *bases*, as `landed` gave them, hold every one of *writes*."""
    return all(w.field in bases and bases[w.field].on(w.to.other) == w.value for w in writes)


def _means(spec: EntitySpec, write: FieldWrite, now: Value) -> bool:
    pair = _pair(write.to, write.value, now)
    return same(next(f for f in spec.fields if f.name == write.field), pair.navimpact, pair.notion)


def _pair(to: Side, carried: Value, shown: Value) -> Base:
    match to:
        case Side.NOTION:
            return Base(navimpact=carried, notion=shown)
        case Side.NAVIMPACT:
            return Base(navimpact=shown, notion=carried)
        case _:
            assert_never(to)


def adopted(spec: EntitySpec, on: Side, intended: dict[str, Value], shown: Present) -> Bases:
    """Bases for a record found to have been created from *intended*.

    A field somebody has edited since has no base, so that a difference becomes a conflict and not a loss; one that is
    empty now was cleared by a person, for we sent it full.
    """
    bases: dict[str, Base] = {}
    for field in spec.fields:
        if field.name not in shown.values or field.name not in intended:
            continue
        pair = _pair(on, intended[field.name], shown.values[field.name])
        if same(field, pair.navimpact, pair.notion):
            bases[field.name] = pair
        elif _is_empty(shown.values[field.name]):
            bases[field.name] = Base(intended[field.name], intended[field.name])
    return bases


def edited(spec: EntitySpec, bases: Bases, side: Side, seen: Present) -> bool:
    """Whether *side* shows another value than the agreed one, in any field that was ever agreed on."""
    agreed = ((f.name, bases[f.name]) for f in spec.fields if f.name in bases and f.name in seen.values)
    return any(seen.values[name] != base.on(side) for name, base in agreed)
