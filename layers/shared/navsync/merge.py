"""What to write where, decided from the bases and both sides, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from navsync import text
from navsync.fields import EntitySpec, Field, Kind, bodies, cannot_carry, same
from navsync.model import (
    NEVER_SHOWN,
    Base,
    Bases,
    Conflict,
    Direction,
    EntityType,
    FieldWrite,
    Policy,
    Present,
    Settings,
    Side,
    Trouble,
    Value,
    Values,
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
    settings: Settings,
    *,
    direction: Direction = Direction.BOTH,
) -> Plan:
    """Decide every field of *spec*. *direction* limits this run: what may not travel now is left for another."""
    rule_of = partial(_rule, spec.type, settings)
    decided = (_decide(f, bases.get(f.name), navimpact, notion, rule_of) for f in spec.fields)
    return Plan(tuple(action for actions in decided if _allowed(actions, direction) for action in actions))


@dataclass(frozen=True, slots=True)
class _Rule:
    """What people and the platform say of one field."""

    policy: Policy
    towards: tuple[Side, ...]
    """The sides that it may be written to."""


def _rule(entity_type: EntityType, settings: Settings, field: Field) -> _Rule:
    towards = tuple(side for side in Side if may_travel(entity_type, field, settings, side))
    return _Rule(settings.policy_of(entity_type, field.name), towards)


def may_travel(entity_type: EntityType, field: Field, settings: Settings, to: Side) -> bool:
    """Whether *field* may be written to *to*: where it is limited itself, a setting cannot widen it."""
    return field.direction.allows(to) and settings.direction_of(entity_type, field.name).allows(to)


def _allowed(actions: tuple[Action, ...], direction: Direction) -> bool:
    return direction is Direction.BOTH or all(direction.allows(a.to) for a in actions if isinstance(a, Write))


def _decide(
    field: Field, base: Base | None, navimpact: Present, notion: Present, rule_of: Callable[[Field], _Rule]
) -> tuple[Action, ...]:
    """What to do about one field.

    A field that syncs one way is taken from its source. An edit on its other side is held: it stays as it is, and a
    person is told. An edit of the source replaces it, whatever the policy says, and what it replaces is recorded. Where
    nothing was ever agreed on neither value is known to be an edit, so a difference is a conflict as in any field.
    """
    for side, seen in ((Side.NAVIMPACT, navimpact), (Side.NOTION, notion)):
        if field.name in seen.unreadable or field.name not in seen.values:
            return (Hold(field.name, _unreadable(field, side, seen)),)
    shown = Base(navimpact.values[field.name], notion.values[field.name])
    if shown == base:
        return ()
    if same(field, shown.navimpact, shown.notion):
        return (Settle(field.name, shown),)
    rule = rule_of(field)
    match _moved(base, shown), rule.towards:
        case (moved,), _:
            return (_write(field, shown, rule, moved.other, shown.on(moved), f"changed on {moved}"),)
        case _, ():
            return (Hold(field.name, one_way(field, Side.NOTION)),)
        case _, (to,) if base is not None:
            return (_write(field, shown, rule, to, shown.on(to.other), f"syncs only to {to}"),)
        case _:
            return _merged(field, base, shown, rule) or (_ruled(field, base, shown, rule),)


def _merged(field: Field, base: Base | None, shown: Base, rule: _Rule) -> tuple[Action, ...]:
    """Long text that both sides changed in different places, put together; () where it cannot be."""
    both = _together(field, base, shown)
    if both is None:
        return ()
    fresh = {Side.NAVIMPACT: shown.navimpact == both, Side.NOTION: same(field, both, shown.notion)}
    return tuple(_write(field, shown, rule, to, both, "merged") for to in Side if not fresh[to])


def _together(field: Field, base: Base | None, shown: Base) -> str | None:
    match field.kind, base, shown:
        case Kind.TEXT, Base(str(old), str(agreed)), Base(str(mine), str(other)) if old == agreed:
            return text.merge(old, mine, other)
        case Kind.BODY, Base(str(old), str()), Base(str(mine), str(other)):
            return bodies.merged(old, mine, other)
        case _:
            return None


def _ruled(field: Field, base: Base | None, shown: Base, rule: _Rule) -> Action:
    if rule.policy is Policy.ASK or base is None:  # never agreed on: a policy is for edits, and these may be none
        agreed = base.navimpact if base and base.navimpact != NEVER_SHOWN else None
        return Clash(Conflict(field.name, agreed, shown.navimpact, shown.notion))
    winner = Side(rule.policy)
    return _write(field, shown, rule, winner.other, shown.on(winner), f"policy {winner}")


def _moved(base: Base | None, shown: Base) -> tuple[Side, ...]:
    """The sides that changed. Where nothing was ever agreed on, filling an empty field loses nothing."""
    if base is None:
        filled = tuple(side for side in Side if not _is_empty(shown.on(side)))
        return filled if len(filled) == 1 else tuple(Side)
    return tuple(side for side in Side if shown.on(side) != base.on(side))


def _is_empty(value: Value) -> bool:
    return value is None or value == ()


def _write(field: Field, shown: Base, rule: _Rule, to: Side, value: Value, why: str) -> Write | Hold:
    if to not in rule.towards:
        return Hold(field.name, one_way(field, to.other))
    if reason := cannot_carry(field, value, to):
        return Hold(field.name, uncarried(field, to.other, reason))
    return Write(field.name, to, value, shown.on(to), why)


def _unreadable(field: Field, side: Side, seen: Present) -> Trouble:
    reason = seen.unreadable.get(field.name, f"{side} does not show it")
    fix = f"Restore the property “{field.property}” in Notion with its old type, or run set-up again."
    return Trouble("quarantined", f"{field.property}: {reason}", fix, field.name)


def one_way(field: Field, edited: Side) -> Trouble:
    """What people are told of an edit that may not travel."""
    cause = f"{field.property} was edited on {edited}, but does not sync from there."
    fix = f"Edit it on {edited.other}, which replaces it here, or let the field sync both ways, which carries it over."
    return Trouble("one_way", cause, fix, field.name)


def uncarried(field: Field, source: Side, reason: str) -> Trouble:
    """What people are told of a value that would lose something on its way."""
    cause = f"{field.property} cannot be carried to {source.other}: {reason}"
    return Trouble("cannot_carry", cause, f"Change the value on {source}.", field.name)


def remember(bases: Bases, writes: Sequence[Write | FieldWrite], shown: MappingOf[Side, Present]) -> Bases:
    """*bases* after *writes*, given what the answers of each side's write *shown*.

    Only written fields move: absorbing a whole answer would swallow an edit that somebody made meanwhile. The half that
    was not written is the value that was carried. A merged text is written to both sides and agreed on only when both
    have it; until then the old base stays, and merging again gives the same text.
    """
    moved = dict(bases)
    for name in dict.fromkeys(write.field for write in writes):
        mine = {w.to: w for w in writes if w.field == name}
        if all(name in shown[to].values for to in mine if to in shown) and mine.keys() <= shown.keys():
            moved[name] = _agreed(mine, {to: shown[to].values[name] for to in mine})
    return moved


def _agreed(writes: MappingOf[Side, Write | FieldWrite], shown: MappingOf[Side, Value]) -> Base:
    carried = next(iter(writes.values())).value
    return Base(shown.get(Side.NAVIMPACT, carried), shown.get(Side.NOTION, carried))


def landed(spec: EntitySpec, bases: Bases, writes: Sequence[FieldWrite], seen: MappingOf[Side, Present]) -> Bases:
    """*bases* with those fields of an interrupted intent that did take effect. The others are simply planned again."""
    missed = {w.field for w in writes if not has_landed(spec, w, seen[w.to])}
    return remember(bases, [w for w in writes if w.field not in missed], seen)


def all_landed(bases: Bases, writes: Iterable[FieldWrite]) -> bool:
    """Whether *bases*, as `landed` gave them, hold every one of *writes*."""
    return all(w.field in bases and bases[w.field].on(w.to.other) == w.value for w in writes)


def has_landed(spec: EntitySpec, write: FieldWrite, now: Present) -> bool:
    """Whether the side that *write* goes to shows what was written."""
    if write.field not in now.values:
        return False
    pair = _pair(write.to, write.value, now.values[write.field])
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


def resembles(spec: EntitySpec, sent: Values, record: Present) -> bool:
    """Whether NavImpact's *record* says at least half of what was *sent*."""
    said = [f for f in spec.fields if not _is_empty(sent.get(f.name))]
    alike = [f for f in said if f.name in record.values and same(f, record.values[f.name], sent[f.name])]
    return 2 * len(alike) >= len(said)


def edited(spec: EntitySpec, bases: Bases, side: Side, seen: Present) -> bool:
    """Whether *side* shows another value than the agreed one, in any field that was ever agreed on."""
    agreed = {name: base.on(side) for name, base in bases.items() if name in spec.names}
    return any(seen.values.get(name, value) != value for name, value in agreed.items())
