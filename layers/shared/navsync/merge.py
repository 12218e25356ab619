"""What to write where, decided from the bases and both sides, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import assert_never
from unicodedata import normalize

from navsync import text
from navsync.fields import ASTRAY, MOVED, EntitySpec, Field, Kind, bodies, cannot_carry, same
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
    is_empty,
)

MADE_WAY = "named by a page that made way for another"
"""The rule by which a relation is written anew that means what it should."""

MERGED = frozenset({Kind.TEXT, Kind.BODY})
"""Long text: edits of both sides in different words of it are put together."""


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

    def holding(self, held: MappingOf[str, Trouble]) -> Plan:
        """This plan without writes of fields in *held*, whose troubles it tells: of a merge neither half is left."""

        def told(action: Action) -> Action:
            match action:
                case Write(field=name) if name in held:
                    return Hold(name, held[name])
                case _:
                    return action

        return Plan(tuple(dict.fromkeys(told(action) for action in self.actions)))

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
    if field.name in notion.outdated and (anew := _named_anew(field, shown, rule_of(field))) is not None:
        return (anew,)
    if shown == base:
        return ()
    if same(field, shown.navimpact, shown.notion):
        return (_left_out(field, base, shown) or Settle(field.name, shown),)
    rule = rule_of(field)
    match _moved(base, shown), rule.towards:
        case (moved,), _:
            return (_write(field, base, shown, rule, moved.other, f"changed on {moved}"),)
        case _, ():
            return (Hold(field.name, one_way(field, Side.NOTION)),)
        case _, (to,) if base is not None:
            return (_write(field, base, shown, rule, to, f"syncs only to {to}"),)
        case _:
            return _merged(field, base, shown) or (_ruled(field, base, shown, rule),)


def _named_anew(field: Field, shown: Base, rule: _Rule) -> Write | None:
    """Have the page name what it means by the page that there is now; None where both sides mean different things."""
    if Side.NOTION not in rule.towards or not same(field, shown.navimpact, shown.notion):
        return None
    return Write(field.name, Side.NOTION, shown.navimpact, shown.notion, MADE_WAY)


def _left_out(field: Field, base: Base | None, shown: Base) -> Hold | None:
    """Why a body says more than its page, though both mean the same: NavImpact added what no page would show."""
    first = shown.navimpact if shown.notion else None  # never agreed on: a page that says the same may have it
    reason = cannot_carry(field, shown.navimpact, Side.NOTION, base.navimpact if base else first)
    return Hold(field.name, uncarried(field, Side.NAVIMPACT, reason)) if reason and field.kind is Kind.BODY else None


def _merged(field: Field, base: Base | None, shown: Base) -> tuple[Action, ...]:
    """Long text that both sides changed in different places, put together; () where it cannot be.

    Where one side cannot hold all of it, neither gets it: what only one has would look like an edit of the other.
    """
    both = _together(field, base, shown)
    if both is None:
        return ()
    behind = [to for to in Side if not same(field, both, shown.on(to))]
    for to in behind:
        if reason := cannot_carry(field, both, to, base.navimpact if base else None):
            return (Hold(field.name, _uncarried_whole(field, to, reason)),)
    return tuple(Write(field.name, to, both, shown.on(to), "merged") for to in behind)


def _together(field: Field, base: Base | None, shown: Base) -> str | None:
    match field.kind, base, shown:
        case Kind.TEXT, Base(str(old), str(agreed)), Base(str(mine), str(other)) if same(field, old, agreed):
            return text.merge(*(normalize("NFC", version) for version in (old, mine, other)))
        case Kind.BODY, Base(str(old), str()), Base(str(mine), str(other)):
            return bodies.merged(old, mine, other)
        case _:
            return None


def _ruled(field: Field, base: Base | None, shown: Base, rule: _Rule) -> Action:
    if rule.policy is Policy.ASK or base is None:  # never agreed on: a policy is for edits, and these may be none
        agreed = base.navimpact if base and base.navimpact != NEVER_SHOWN else None
        return Clash(Conflict(field.name, agreed, shown.navimpact, shown.notion))
    winner = Side(rule.policy)
    return _write(field, base, shown, rule, winner.other, f"policy {winner}")


def _moved(base: Base | None, shown: Base) -> tuple[Side, ...]:
    """The sides that changed. Where nothing was ever agreed on, filling an empty field loses nothing."""
    if base is None:
        filled = tuple(side for side in Side if not is_empty(shown.on(side)))
        return filled if len(filled) == 1 else tuple(Side)
    return tuple(side for side in Side if shown.on(side) != base.on(side))


def _write(field: Field, base: Base | None, shown: Base, rule: _Rule, to: Side, why: str) -> Write | Hold:
    value = shown.on(to.other)
    if to not in rule.towards:
        return Hold(field.name, one_way(field, to.other))
    if reason := cannot_carry(field, value, to, base.navimpact if base else None):
        return Hold(field.name, uncarried(field, to.other, reason))
    return Write(field.name, to, value, shown.on(to), why)


def _unreadable(field: Field, side: Side, seen: Present) -> Trouble:
    reason = seen.unreadable.get(field.name, f"{side} does not show it")
    if reason in ASTRAY:
        fix = "Point the row at the project's page, or restore that page in Notion and give it what it lacks."
        return Trouble("unpaired", f"{field.property}: {reason}.", fix, field.name)
    if reason == MOVED:
        return Trouble("moved", f"{field.property}: {reason}.", "Move the page back into its database.", field.name)
    if field.name in seen.lost:
        fix = f"Restore the property “{field.property}” in Notion with its old type."
        return Trouble("quarantined", f"{field.property}: {reason}", fix, field.name)
    where = "in Notion, as the cause says" if side is Side.NOTION else "in NavImpact, or tell whoever runs that"
    fix = f"Correct it {where}; the field is held until then."
    return Trouble("unreadable", f"{field.property} cannot be read on {side}: {reason}.", fix, field.name)


def one_way(field: Field, edited: Side) -> Trouble:
    """What people are told of an edit that may not travel."""
    cause = f"{field.property} was edited on {edited}, but does not sync from there."
    fix = f"Edit it on {edited.other}, which replaces it here, or let the field sync both ways, which carries it over."
    return Trouble("one_way", cause, fix, field.name)


def uncarried(field: Field, source: Side, reason: str) -> Trouble:
    """What people are told of a value that would lose something on its way."""
    cause = f"{field.property} cannot be carried to {source.other}: {reason}"
    return Trouble("cannot_carry", cause, f"Change the value on {source}.", field.name)


def _uncarried_whole(field: Field, to: Side, reason: str) -> Trouble:
    cause = f"{field.property} was edited on both sides, and both edits together cannot be carried to {to}: {reason}"
    return Trouble("cannot_carry", cause, "Change the value on either side.", field.name)


def remember(bases: Bases, writes: Sequence[Write | FieldWrite], shown: MappingOf[Side, Present]) -> Bases:
    """*bases* after *writes*, given what the answers of each side's write *shown*.

    Only written fields move: absorbing a whole answer would swallow an edit that somebody made meanwhile. The half that
    was not written is the value that was carried. A merged text is written to both sides and agreed on only when both
    have it; until then the old base stays.
    """
    moved = dict(bases)
    for name in dict.fromkeys(write.field for write in writes):
        mine = {w.to: w for w in writes if w.field == name}
        if all(name in shown[to].values for to in mine if to in shown) and mine.keys() <= shown.keys():
            moved[name] = _agreed(mine, {to: shown[to].values[name] for to in mine})
    return moved


def kept(spec: EntitySpec, intended: Values, made: Present) -> tuple[str, ...]:
    """Which fields of a record that was just made show what was *intended*.

    Of a body Notion may have left words out, or somebody edited it already. Agreeing on that would have those words
    deleted in NavImpact by the next edit of the page; without a base they are a conflict.
    """
    lost = {f.name for f in spec.fields if f.kind is Kind.BODY and not _has_words(intended, made, f.name)}
    return tuple(name for name in intended if name not in lost)


def _has_words(intended: Values, made: Present, name: str) -> bool:
    match intended.get(name), made.values.get(name):
        case str(meant), str(shown):
            return bodies.words(meant) == bodies.words(shown)
        case _:
            return True


def _agreed(writes: MappingOf[Side, Write | FieldWrite], shown: MappingOf[Side, Value]) -> Base:
    carried = next(iter(writes.values())).value
    return Base(shown.get(Side.NAVIMPACT, carried), shown.get(Side.NOTION, carried))


def landed(spec: EntitySpec, bases: Bases, writes: Sequence[FieldWrite], seen: MappingOf[Side, Present]) -> Bases:
    """*bases* with those fields of an interrupted intent that did take effect. The others are simply planned again.

    Of what was to go to both sides and has reached one, the base is what it was to overwrite on the other. So the side
    that has it counts as edited: it is carried over as it is, or merged with what was typed there meanwhile. To merge
    both edits once more could double words, for one side may spell them otherwise by now.
    """
    missed = [w for w in writes if not has_landed(spec, w, seen[w.to])]
    arrived = [w for w in writes if w not in missed]
    begun = {w.field for w in arrived}
    halves = {w.field: Base(w.overwrites, w.overwrites) for w in missed if w.field in begun}
    return {**remember(bases, [w for w in arrived if w.field not in halves], seen), **halves}


def all_landed(bases: Bases, writes: Iterable[FieldWrite]) -> bool:
    """Whether *bases*, as `landed` gave them, hold every one of *writes*."""
    return all(w.field in bases and bases[w.field].on(w.to.other) == w.value for w in writes)


def has_landed(spec: EntitySpec, write: FieldWrite, now: Present) -> bool:
    """Whether the side that *write* goes to shows what was written."""
    if write.field not in now.values:
        return False
    pair = _pair(write.to, write.value, now.values[write.field])
    return same(next(f for f in spec.fields if f.name == write.field), pair.navimpact, pair.notion)


def half(field: Field, write: FieldWrite, steps: Sequence[Value], page: Present) -> Bases:
    """The base of a body of which *page* shows one of the *steps* of an interrupted *write*, edited since or not.

    An edited text is taken for what it is most like. In NavImpact the half never stood, so what it says counts as
    edited: it is carried over the half, or merged with what was typed into it.
    """
    shown = page.values[field.name]
    if any(same(field, step, shown) for step in steps):
        return {field.name: Base(shown, shown)}
    nearest = min((write.overwrites, write.value, *steps), key=lambda text: _apart(text, shown))
    return {} if nearest in (write.overwrites, write.value) else {field.name: Base(nearest, nearest)}


def _apart(one: Value, other: Value) -> int:
    """How many lines of one text the other has not."""
    lines, others = (Counter((bodies.says(str(text or "")) or "").split("\n")) for text in (one, other))
    return (lines - others).total() + (others - lines).total()


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
        elif is_empty(shown.values[field.name]):
            bases[field.name] = Base(intended[field.name], intended[field.name])
    return bases


class Likeness(StrEnum):
    """Whether a record of NavImpact is what was made of what was sent."""

    SURE = "sure"
    POSSIBLE = "possible"
    NONE = "none"


_SAID_BY_MANY = {Kind.RELATION, Kind.SELECT, Kind.STATUS, Kind.MULTI_SELECT}

_AT_ONCE = timedelta(seconds=1)
"""A platform may take the time of making a record and that of its last change one after the other."""


def likeness(spec: EntitySpec, sent: Values, record: Present) -> Likeness:
    """Whether NavImpact's *record* was made of what was *sent*.

    One that nobody has edited says just that. One that somebody has edited still says all of it, and more than its
    project and chosen options, which many records have alike. What says a part of it may have been edited so.
    """
    full = {field.name for field in spec.fields if not is_empty(sent.get(field.name))}
    telling = {field.name for field in spec.fields if field.name in full and field.kind not in _SAID_BY_MANY}
    alike = {
        f.name
        for f in spec.fields
        if f.name in sent and f.name in record.values and same(f, record.values[f.name], sent[f.name])
    }
    if alike >= (full if _was_edited(record) and telling else sent.keys()):
        return Likeness.SURE
    return Likeness.POSSIBLE if alike >= full or alike & telling else Likeness.NONE


def _was_edited(record: Present) -> bool:
    if record.created_at is None or record.edited_at is None:
        return True
    return record.edited_at - record.created_at > _AT_ONCE


def edited(spec: EntitySpec, bases: Bases, side: Side, seen: Present) -> bool:
    """Whether *side* shows another value than the agreed one, in any field that was ever agreed on."""
    agreed = {name: base.on(side) for name, base in bases.items() if name in spec.names}
    return any(seen.values.get(name, value) != value for name, value in agreed.items())
