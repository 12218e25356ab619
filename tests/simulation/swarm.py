"""What is one history like: how hard it is disturbed, and what people do in it?"""

from __future__ import annotations

from copy import replace
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import NamedTuple

from navsync.fields import SPECS
from navsync.model import Direction, EntityType, Policy, Scope, Settings


class Fault(StrEnum):
    """Everything that can go wrong. Each must strike in every run of the simulator."""

    KILLED_BEFORE = "worker killed before a call"
    KILLED_AFTER = "worker killed after a call"
    OUTLIVED = "worker outlives its lease"
    REPLY_LOST = "reply of a write lost"
    REQUEST_LOST = "request of a write lost"
    CUT_SHORT = "body half written"
    BLOCKED = "429 of Notion"
    NAVIMPACT_BLOCKED = "429 of NavImpact"
    UNAVAILABLE = "5xx"
    RACED = "409"
    TOKEN_LOST = "token revoked"  # no secret
    HOOK_DROPPED = "webhook dropped"
    HOOK_DOUBLED = "webhook doubled"
    HOOK_LATE = "webhook late"
    HOOK_OVERTAKEN = "webhook overtaken by a later one"
    REDELIVERED = "message delivered again"
    DELAYED_WAKE_LOST = "delayed wake lost"
    TICK_MISSED = "tick missed"
    TICK_DOUBLED = "tick doubled"
    INDEX_LATE = "query index late"
    DARK = "NavImpact shows no records"
    EMPTIED = "NavImpact shows an empty list"
    UNSHARED = "page no longer shared"
    WITHDRAWN = "databases not shared for a while"
    PURGED = "page gone from Notion's trash for good"
    POISONED = "a record fails always"
    UNREADABLE = "a new record cannot be read"
    LIMITED = "more calls in a minute than NavImpact allows"
    DATABASE_TRASHED = "database in the trash"
    REFUSED = "value refused by a side"
    PROPERTY_DELETED = "property deleted"
    PROPERTY_RETYPED = "property retyped"
    MASS_DELETED = "many records deleted at once"
    CASCADED = "records deleted with their project"
    CROWDED = "two records in one worker's hands"
    PAUSED = "workspace paused"
    ANSWERED_TWICE = "two people answer the same"
    HELD_FOR_QUIET = "edit held until its record is left alone"
    RULED_BY_FIELD = "conflict decided by the policy of its field"
    RULES_CHANGED = "rules of a workspace changed"
    HELD_BY_RULE = "edit held by a rule"
    REPLACED_BY_RULE = "held edit replaced by its field's source"
    LEFT_OUT = "record left out by a rule"


LIKELY = {
    Fault.KILLED_BEFORE: 0.01,
    Fault.KILLED_AFTER: 0.01,
    Fault.OUTLIVED: 0.01,
    Fault.TOKEN_LOST: 0.005,
    Fault.HOOK_DROPPED: 0.9,
    Fault.HOOK_DOUBLED: 0.5,
    Fault.HOOK_LATE: 0.5,
    Fault.DELAYED_WAKE_LOST: 0.5,
    Fault.TICK_MISSED: 0.5,
    Fault.TICK_DOUBLED: 0.5,
    Fault.POISONED: 1.0,
}
"""The highest rate per occasion; 0.06 where none is given."""

APART = frozenset({Fault.CUT_SHORT})
"""They have a rate where texts take several requests."""

TRIGGERED = frozenset(
    {Fault.HOOK_OVERTAKEN, Fault.REDELIVERED, Fault.UNSHARED, Fault.WITHDRAWN, Fault.PURGED, Fault.INDEX_LATE}
    | {Fault.DARK, Fault.EMPTIED, Fault.UNREADABLE, Fault.LIMITED, Fault.DATABASE_TRASHED, Fault.REFUSED}
    | {Fault.PROPERTY_DELETED, Fault.PROPERTY_RETYPED, Fault.MASS_DELETED, Fault.CASCADED, Fault.CROWDED, Fault.PAUSED}
    | {Fault.ANSWERED_TWICE, Fault.HELD_FOR_QUIET, Fault.RULED_BY_FIELD}
    | {Fault.RULES_CHANGED, Fault.HELD_BY_RULE, Fault.REPLACED_BY_RULE, Fault.LEFT_OUT}
)
"""Consequences of others, or of what people do: they have no rate of their own."""


class Act(StrEnum):
    """What people do."""

    EDIT_NAVIMPACT = "edit in NavImpact"
    EDIT_NOTION = "edit in Notion"
    EDIT_BOTH = "write in the same text on both sides"
    AGREE = "settle a difference"
    CREATE = "create in NavImpact"
    ADD_ROW = "add a row"
    DELETE = "delete in NavImpact"
    TRASH = "trash a page"
    RESTORE = "restore a page"
    PURGE = "delete a page from the trash for good"
    COPY = "copy a page"
    OWN_COPY = "make a copy a row of its own"
    UNSHARE = "stop sharing a page"
    SHARE = "share a page again"
    WITHDRAW = "take all databases away from the connection for a while"
    GO_DARK = "NavImpact loses its permissions for a while"
    MOVE = "move to another project in NavImpact"
    MOVE_ROW = "move a row to another project"
    BREAK_PROPERTY = "delete or retype a property"
    MEND_PROPERTY = "undo that"
    DELETE_MANY = "delete many records in NavImpact"
    RESOLVE = "choose the winner of a conflict"
    DECIDE = "approve or reject a deletion"
    REVERT = "undo a row of the history"
    PAUSE = "pause a workspace"
    RESUME = "go on with a workspace"
    SET_RULES = "set what a workspace holds and which way it syncs"
    ARCHIVE = "archive a page, or fetch it back"
    WRITE_TEMPLATE = "write in a template of a database"
    TRASH_DATABASE = "trash a database, or restore it"
    ASK_FOR_SYNC = "ask for a sync, perhaps in one direction"
    WRITE_KEY = "write in the id of a page"
    NAME_OTHERS = "name no project on a row, or two"


LIKES = {
    Act.EDIT_NAVIMPACT: 30,
    Act.EDIT_NOTION: 40,
    Act.EDIT_BOTH: 5,
    Act.AGREE: 5,
    Act.CREATE: 4,
    Act.ADD_ROW: 5,
    Act.DELETE: 3,
    Act.TRASH: 3,
    Act.RESTORE: 3,
    Act.PURGE: 1,
    Act.COPY: 1,
    Act.OWN_COPY: 1,
    Act.UNSHARE: 1,
    Act.SHARE: 1,
    Act.GO_DARK: 1,
    Act.MOVE: 2,
    Act.MOVE_ROW: 3,
    Act.BREAK_PROPERTY: 1,
    Act.MEND_PROPERTY: 1,
    Act.DELETE_MANY: 0.3,
    Act.RESOLVE: 4,
    Act.DECIDE: 3,
    Act.REVERT: 3,
    Act.PAUSE: 0.5,
    Act.RESUME: 2,
}


class Op(NamedTuple):
    """One thing that somebody does, *gap* seconds after the one before. The numbers choose what it is done to."""

    act: Act
    gap: float
    workspace: int
    kind: int
    target: int
    field: int
    how: int


@dataclass(frozen=True, slots=True)
class Swarm:
    """The settings of one history: few are ever alike, so that combinations meet that nobody thought of."""

    seed: int
    workspaces: int = 1
    policies: tuple[Policy, ...] = (Policy.ASK,)
    field_policies: dict[str, Policy] = field(default_factory=dict)
    """`media_project.title` → who wins its conflicts, in every workspace."""
    quiet: int = 0
    """Seconds for which a record must be left alone before its edits travel."""
    conditional: bool = True
    """NavImpact knows `If-Match`."""
    idempotent: bool = True
    """NavImpact knows `Idempotency-Key`."""
    index_delay: float = 0.0
    """Seconds, at most, until Notion's queries show a change."""
    rates: dict[Fault, float] = field(default_factory=dict)
    fields: int = 10
    """Few make people meet in the same field."""
    types: tuple[EntityType, ...] = (EntityType.MEDIA_PROJECT,)
    """Parents before children."""
    records: int = 2
    """How many projects there are from before."""
    ops: tuple[Op, ...] = ()
    threads: int = 1
    """How many records of a first sync a worker may have in hand."""
    rules: tuple[Settings, ...] = ()
    """What each workspace holds, and which way it syncs, when it is connected; where none are given, all and both."""
    trash_hides_bodies: bool = False
    """Notion shows no body of a page that is in its trash."""
    calls_a_minute: int | None = None
    """So many NavImpact allows, of all workspaces; None: any number."""
    unreadable: bool = False
    """NavImpact lists its first record, which is new to every workspace, and fails to show it."""
    largest_write: int | None = None
    """Bytes of a body in one request; None: it takes any."""
    refuses: int | None = None
    """One value in so many is refused by a side, whoever sends it there; None: none is."""


def drawn(seed: int, operations: int) -> Swarm:
    """The settings of history *seed*."""
    chance = Random(seed)  # noqa: S311  # it must be the same again
    workspaces = 2 if chance.random() < 0.25 else 1
    types = _types(chance)
    swarm = Swarm(
        seed=seed,
        workspaces=workspaces,
        policies=tuple(chance.choice((Policy.ASK, *Policy)) for _ in range(workspaces)),
        conditional=chance.random() < 0.5,
        idempotent=chance.random() < 0.5,
        index_delay=chance.choice((0.0, 0.0, 20.0, 60.0)),
        rates={fault: _rate(chance, fault) for fault in Fault if fault not in TRIGGERED | APART},
        fields=chance.choice((2, 4, 10)),
        types=types,
        records=chance.choice((2, 2, 2, 8)),
        ops=_ops(chance, workspaces, operations),
        threads=chance.choice((1, 3)),
        field_policies=_some_fields(chance, types, tuple(Policy)),
        quiet=chance.choice((0, 0, 0, 5, 30)),
        trash_hides_bodies=chance.random() < 0.25,
    )
    swarm = _ruled(swarm, Random(seed ^ RULED))  # noqa: S311  # of its own, so that all else stays what it was
    swarm = _tidied(swarm, Random(seed ^ TIDIED))  # noqa: S311  # likewise
    swarm = _hampered(swarm, Random(seed ^ HAMPERED))  # noqa: S311  # likewise
    swarm = _withdrawn(swarm, Random(seed ^ WITHDRAWN))  # noqa: S311  # likewise
    swarm = _in_pieces(swarm, Random(seed ^ PIECES))  # noqa: S311  # likewise
    return _at_odds(swarm, Random(seed ^ ODD))  # noqa: S311  # likewise


PACE = 3.0
"""Seconds between two things that people do, on an extraordinarily busy day."""


def ordinary(seed: int, operations: int) -> Swarm:
    """The people of history *seed*, all of whom edit two fields of a few records, where little goes wrong."""
    swarm = drawn(seed, operations)
    edits = [op for op in swarm.ops if op.act in (Act.EDIT_NAVIMPACT, Act.EDIT_NOTION)]
    ops = tuple(op._replace(gap=Random(seed + n).expovariate(1 / PACE)) for n, op in enumerate(edits))  # noqa: S311
    rates = {Fault.HOOK_DROPPED: 0.02}
    return replace(calm(swarm), rates=rates, fields=2, records=2, ops=ops, quiet=0, rules=())


def calm(swarm: Swarm) -> Swarm:
    """The same people in a world in which nothing goes wrong."""
    return replace(swarm, index_delay=0.0, rates={}, fields=10, calls_a_minute=None, unreadable=False)


def _types(chance: Random) -> tuple[EntityType, ...]:
    """Projects alone, or some of their children too, in the order of all."""
    children = [kind for kind in EntityType if kind is not EntityType.MEDIA_PROJECT]
    some = chance.sample(children, chance.choice((0, 1, 1, 2, 3)))
    return (EntityType.MEDIA_PROJECT, *(kind for kind in children if kind in some))


def _some_fields[Rule](chance: Random, types: tuple[EntityType, ...], rules: tuple[Rule, ...]) -> dict[str, Rule]:
    """One of *rules* for no field, some fields, or all: `media_project.title` → the rule."""
    share = chance.choice((0, 0, 0.3, 1))
    names = [f"{kind}.{each.name}" for kind in types for each in SPECS[kind].fields]
    return {name: chance.choice(rules) for name in names if chance.random() < share}


def _rate(chance: Random, fault: Fault) -> float:
    strikes, share = chance.random() < 0.5, chance.random()
    return share**2 * LIKELY.get(fault, 0.06) if strikes else 0.0


def _ops(chance: Random, workspaces: int, operations: int) -> tuple[Op, ...]:
    pace = chance.choice((0.3, 3.0, 30.0))
    acts = chance.choices(list(LIKES), [like * chance.choice((0.3, 1, 3)) for like in LIKES.values()], k=operations)
    return tuple(
        Op(
            act,
            round(chance.expovariate(1 / pace), 3),
            chance.randrange(workspaces),
            chance.randrange(1 << 16),
            chance.randrange(1 << 16),
            chance.randrange(1 << 16),
            chance.randrange(1 << 16),
        )
        for act in acts
    )


# --- what takes several requests --------------------------------------------------------------------------------------

PIECES = 9 << 32
"""Of a seed, to draw apart from all else how much of a text one request takes."""


def _in_pieces(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, one time in four with people who write stories at length, which Notion takes in several requests."""
    if chance.random() >= SHARE:
        return swarm
    types = EntityType.MEDIA_PROJECT, EntityType.IMPACT_STORY
    rates = swarm.rates | {Fault.CUT_SHORT: chance.choice((0.0, 0.2, 0.5))}
    policies = _known(swarm.field_policies, types)
    size = chance.choice((12, 25, 50))
    return replace(swarm, largest_write=size, types=types, fields=2, rates=rates, field_policies=policies)


def _known[Rule](rules: dict[str, Rule], types: tuple[EntityType, ...]) -> dict[str, Rule]:
    return {name: rule for name, rule in rules.items() if name.partition(".")[0] in types}


# --- what is asked for, and what is refused ---------------------------------------------------------------------------

ODD = 13 << 32
"""Of a seed, to draw apart from all else who asks for a sync or writes what nobody expects, and what sides refuse."""

ODD_ACTS = (Act.ASK_FOR_SYNC, Act.ASK_FOR_SYNC, Act.WRITE_KEY, Act.NAME_OTHERS)


def _at_odds(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, one time in four with people who do so, and one time in four with sides that refuse some values."""
    if chance.random() < SHARE:
        ops = list(swarm.ops)
        for _ in range(chance.choice((1, 3, 8))):
            numbers = [chance.randrange(1 << 16) for _ in range(4)]
            odd = Op(chance.choice(ODD_ACTS), 0.0, chance.randrange(swarm.workspaces), *numbers)
            ops.insert(chance.randrange(len(ops) + 1), odd)
        swarm = replace(swarm, ops=tuple(ops))
    return replace(swarm, refuses=chance.choice((10, 40))) if chance.random() < SHARE else swarm


# --- what is beside the rows ------------------------------------------------------------------------------------------

TIDIED = 7 << 32
"""Of a seed, to draw apart from all else what people archive, and what they write in templates."""


def _tidied(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, one time in four with people who archive pages, and who make templates for new rows."""
    if chance.random() >= SHARE:
        return swarm
    ops = list(swarm.ops)
    for _ in range(chance.choice((1, 2, 5))):
        act = chance.choice((Act.ARCHIVE, Act.ARCHIVE, Act.WRITE_TEMPLATE))
        numbers = [chance.randrange(1 << 16) for _ in range(4)]
        ops.insert(chance.randrange(len(ops) + 1), Op(act, 0.0, chance.randrange(swarm.workspaces), *numbers))
    return replace(swarm, ops=tuple(ops))


# --- what is out of reach for a while ---------------------------------------------------------------------------------

HAMPERED = 11 << 32
"""Of a seed, to draw apart from all else how little NavImpact shows, and which databases are in the trash."""

LIMITS = (None, 60, 10)
"""Of calls in a minute: none, the platform's own, and what that leaves where others call with our address."""


def _hampered(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, one time in four with one of these, or with several."""
    if chance.random() >= SHARE:
        return swarm
    ops = list(swarm.ops)
    for _ in range(chance.choice((0, 2, 5))):
        numbers = [chance.randrange(1 << 16) for _ in range(4)]
        act = Op(Act.TRASH_DATABASE, 0.0, chance.randrange(swarm.workspaces), *numbers)
        ops.insert(chance.randrange(len(ops) + 1), act)
    return replace(swarm, ops=tuple(ops), calls_a_minute=chance.choice(LIMITS), unreadable=chance.random() < 0.5)


WITHDRAWN = 3 << 32
"""Of a seed, to draw apart from all else when an admin takes the databases away from the connection."""


def _withdrawn(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, one time in four with an admin who does so."""
    if chance.random() >= SHARE:
        return swarm
    ops, withdraw = list(swarm.ops), Op(Act.WITHDRAW, 0.0, chance.randrange(swarm.workspaces), 0, 0, 0, 0)
    ops.insert(chance.randrange(len(ops) + 1), withdraw)
    return replace(swarm, ops=tuple(ops))


# --- rules ------------------------------------------------------------------------------------------------------------

RULED = 5 << 32
"""Of a seed, to draw its rules apart from all else."""

SHARE = 0.25
"""Of histories with what is drawn apart from all else."""

MOST_NUMBERS = 200
"""People number what they write, and NavImpact its records; few histories get as far."""


def _ruled(swarm: Swarm, chance: Random) -> Swarm:
    """*swarm*, perhaps with rules from its beginning, and with an admin who changes them while the others go on."""
    if chance.random() >= SHARE:
        return swarm
    rules = tuple(rules_of(chance, swarm.types) for _ in swarm.policies)
    ops = list(swarm.ops)
    for _ in range(chance.choice((0, 1, 2, 5))):
        change = Op(Act.SET_RULES, 0.0, chance.randrange(swarm.workspaces), 0, 0, 0, chance.randrange(1 << 16))
        ops.insert(chance.randrange(len(ops) + 1), change)
    return replace(swarm, rules=rules, ops=tuple(ops))


def rules_of(chance: Random, types: tuple[EntityType, ...]) -> Settings:
    """What an admin may want; one time in four, nothing in particular."""
    if chance.random() < 0.25:
        return Settings()
    return Settings(
        direction=chance.choice((Direction.BOTH, *Direction)),
        field_directions=_some_fields(chance, types, tuple(Direction)),
        scope=chance.choice((Scope(), _scope(chance))),
    )


def _scope(chance: Random) -> Scope:
    """One condition or two, each of which about half of all projects meet."""
    numbers = [n for n in range(1, MOST_NUMBERS) if chance.random() < 0.5]
    ids, values = tuple(map(str, numbers)), tuple(f"v{n}" for n in numbers)
    return chance.choice((Scope(ids), Scope(project_types=values), Scope(statuses=values), Scope(ids, values)))
