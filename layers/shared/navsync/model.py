"""The nouns of NavSync: what every other module speaks about."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping as MappingOf
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import product
from typing import Any, Self

type Value = str | Decimal | tuple[str, ...] | None
"""A canonical value: text, option, date (ISO 8601) and link as `str`, numbers as `Decimal`, lists as tuples.

Nothing is `None`, for text too: neither an empty string nor an empty list of runs exists here. An empty list is `()`.
"""

type Values = MappingOf[str, Value]
"""Canonical field name → value."""

type Raw = MappingOf[str, Any]
"""Canonical field name → the provider's own JSON of it, kept so that formatting can be spared and restored."""


def digest(value: object) -> str:
    """To know a value again without keeping it."""
    return hashlib.sha256(repr(value).encode(errors="surrogatepass")).hexdigest()[:16]


def is_empty(value: Value) -> bool:
    """Whether a field that says *value* says nothing."""
    return value in (None, ())


class Side(StrEnum):
    """The two places a record lives. Neither is the source: both are both."""

    NAVIMPACT = "navimpact"
    NOTION = "notion"

    @property
    def other(self) -> Side:
        """The side across."""
        return Side.NOTION if self is Side.NAVIMPACT else Side.NAVIMPACT


class EntityType(StrEnum):
    """The kinds of NavImpact record that are synced."""

    MEDIA_PROJECT = "media_project"
    DISTRIBUTION_LOG = "distribution_log"
    PERFORMANCE_METRICS = "performance_metrics"
    IMPACT_STORY = "impact_story"


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """Names one NavImpact record. Its text form, `media_project/42`, is what a page carries as `NavImpact ID`."""

    type: EntityType
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"

    @property
    def name(self) -> str:
        """As people call it: `media project 42`."""
        return f"{self.type.replace('_', ' ')} {self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back. Raises ValueError when *text* is not one."""
        kind, slash, number = text.partition("/")
        if not slash or not number:
            raise ValueError(f"{text!r} is not an entity reference like media_project/42")
        return cls(EntityType(kind), number)


@dataclass(frozen=True, slots=True)
class MadeWay:
    """What a page means that mirrored *entity* until it made way for another page of the same."""

    entity: EntityRef
    has_gone: bool
    """Whether it went to the trash; else it is still to go."""


# --- what a side shows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Present:
    """A record as one side shows it now."""

    id: str
    values: Values
    unreadable: MappingOf[str, str] = field(default_factory=dict)
    """Fields that exist but cannot be read (property missing, retyped), with the reason. Never "cleared"."""
    raw: Raw = field(default_factory=dict)
    revision: str | None = None
    """The platform's ETag, where it gives one."""
    key: str | None = None
    """On a page: the text of its `NavImpact ID` property."""
    edited_by: str | None = None
    created_by: str | None = None
    edited_at: datetime | None = None
    created_at: datetime | None = None
    url: str | None = None
    name: str | None = None
    """What a page with a generated title is called; None where that is nothing, or a field says it."""
    lost: frozenset[str] = frozenset()
    """Those of the unreadable whose column was deleted or retyped."""
    outdated: frozenset[str] = frozenset()
    """Relations in which a record is named only by a page that has made way: they mean it, and people do not see it."""


@dataclass(frozen=True, slots=True)
class Trashed:
    """A page read from Notion's trash: positive proof of a deletion, with its last values. Restorable."""

    last: Present
    is_purged: bool = False
    """Whether Notion has emptied its trash since: *last* is what is remembered of it, and nothing can be restored."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The side answered 404. From NavImpact a hint of a deletion; from Notion no more than "not reachable"."""

    id: str


type Observation = Present | Trashed | Gone


# --- agreement ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Base:
    """A field's value as both sides last agreed, as each side shows it.

    Two values, because neither side stores exactly what it is given: NavImpact turns 10.999 into "11.00", Notion
    normalises text. With one, the difference would look like an edit for ever.
    """

    navimpact: Value
    notion: Value

    def on(self, side: Side) -> Value:
        """The value as *side* shows it."""
        return self.navimpact if side is Side.NAVIMPACT else self.notion


NEVER_SHOWN = "\0"
"""In a base: what no side will ever show, for neither keeps a NUL. So the side it stands for counts as edited."""

type Bases = MappingOf[str, Base]
"""Field → its base. A field that is absent has never been agreed on."""


class Policy(StrEnum):
    """Who wins when both sides changed one field to different values."""

    ASK = "ask"
    NAVIMPACT = "navimpact"
    NOTION = "notion"


class Direction(StrEnum):
    """Which way a field, or one run, may travel. The platform's frontend knows these names."""

    BOTH = "bidirectional"
    TO_NOTION = "navimpact_to_notion"
    TO_NAVIMPACT = "notion_to_navimpact"

    def allows(self, to: Side) -> bool:
        """Whether values may be written to side *to*."""
        return self is Direction.BOTH or (self is Direction.TO_NOTION) == (to is Side.NOTION)

    @property
    def alone(self) -> str:
        """Its name where it is one way alone; nothing where it is both."""
        return "" if self is Direction.BOTH else self.value


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field changed on both sides to different values. Derived from the bases; never an error."""

    field: str
    base: Value
    navimpact: Value
    notion: Value

    def on(self, side: Side) -> Value:
        """The half that *side* shows."""
        return self.navimpact if side is Side.NAVIMPACT else self.notion

    @property
    def version(self) -> str:
        """Changes with what a person sees of it."""
        return digest((self.navimpact, self.notion))


# --- the mapping ----------------------------------------------------------------------------------------------------


class State(StrEnum):
    """Where a mapping stands."""

    LINKED = "linked"
    DRAFT = "draft"
    """A row a person made in Notion that lacks a required field."""
    CREATING = "creating"
    AWAITING_APPROVAL = "awaiting_approval"
    """Its page is in the trash (or a mass deletion was stopped) and a person must say what to do."""
    UNREACHABLE = "unreachable"
    """Notion answers 404: no longer shared, or gone. Nothing is deleted for it."""
    EXCLUDED = "excluded"
    """Left alone on both sides by a rule of the workspace's settings, which its trouble names. Its bases are kept."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a mapping waits for a person or for time: its cause and its fix, in words a person reads."""

    code: str
    cause: str
    fix: str
    field: str | None = None
    since: datetime | None = dataclasses.field(default=None, compare=False)
    """Since when a person is waited for, where that is kept: of deletions, and what is looked at ever more rarely."""
    about: str = ""
    """Digest of all that a person is asked about, of which the cause names a part."""

    @property
    def version(self) -> str:
        """Changes with what a person is asked, and each time that they are asked."""
        return digest((self.code, self.cause, self.since, self.about))


# --- intents: writes about to be made -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """One field about to be written to *to*: *value* as the other side shows it, over *overwrites*."""

    field: str
    to: Side
    value: Value
    overwrites: Value


@dataclass(frozen=True, slots=True)
class WriteIntent:
    """Changed fields about to be written, to one side or both."""

    writes: tuple[FieldWrite, ...]
    log_id: int


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """A record about to be created on *on*. *values* never change once stored: a retry repeats them or adopts."""

    on: Side
    values: Values
    key: str
    log_id: int
    attempted_at: datetime | None = None
    """When it was last sent; None while it surely was not, so that no lookup is owed."""
    left_out: Values = field(default_factory=dict)
    """What was refused, so that the rest could be made."""
    perhaps_made: str | None = None
    """Id of the record that a person is asked about: it may be what this has made."""
    ruled_out: tuple[str, ...] = ()
    """Ids of the records that a person has said are others."""


@dataclass(frozen=True, slots=True)
class RemoveIntent:
    """A page about to be trashed or an entity about to be deleted, its last values already in the sync log."""

    on: Side
    log_id: int
    leaves: State = State.DELETED
    """The mapping's state once that is done."""
    also: tuple[int, ...] = ()
    """Ids of the rows that hold what NavImpact deletes along with it."""


@dataclass(frozen=True, slots=True)
class ReadIntent:
    """A page that somebody threw away about to be taken out of the trash, read whole and put back.

    Whose it is, and what was read of it by now, is among the mapping's `last_words`.
    """


type Intent = WriteIntent | CreateIntent | RemoveIntent | ReadIntent


# --- the pair -------------------------------------------------------------------------------------------------------


EVERYTHING = "*"
"""Stands for a whole new record where a field's name is asked for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a side refused, to know it again, and when."""

    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """One field that we wrote to *side* between the read *since* and the answer *until*."""

    field: str
    side: Side
    since: datetime
    until: datetime
    digest: str
    """Of the value, to know it again."""
    put_back: bool = False
    """Whether that side has shown something else since, which we had not written."""
    awaits: bool = False
    """Whether it went over an edit that we had seen, of which no event has told yet."""
    heard: tuple[datetime, ...] = ()
    """When edits were made in its moment of which events have told, each once."""


@dataclass(frozen=True, slots=True)
class LastWords:
    """What the trash does not show of a page that somebody threw away, and what is not seen since we put it back."""

    by: str | None
    """Who threw it away."""
    at: datetime | None
    """The page's time of edit then."""
    said: Values = field(default_factory=dict)
    """Its hidden fields as they were read; empty while they were not, or where Notion does not let us."""
    read_at: datetime | None = None
    stays_out: bool = False
    """Whether Notion has refused to put it back, so that it is outside the trash and nobody wants it there."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pairs one entity with one page and holds their bases."""

    id: int
    """Public, time-ordered, below 2^53."""
    workspace_id: int
    entity_type: EntityType
    entity_id: str | None
    page_id: str | None
    created_at: datetime
    state: State = State.LINKED
    bases: Bases = field(default_factory=dict)
    intent: Intent | None = None
    conflicts: tuple[Conflict, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    stamped: bool = False
    """Whether the page carries its `NavImpact ID`."""
    doubted: tuple[str, ...] = ()
    """Fields whose column was lost and came back: what the page shows may be what is left, and no edit of a person."""
    body_as_of: datetime | None = None
    """The page's time of edit when its body was last read, where no later edit can hide in the same minute."""
    gone_since: datetime | None = None
    """When NavImpact first answered 404 for it; a deletion is believed when confirmed."""
    title: str | None = None
    """For lists that people read; never compared."""
    named: tuple[str, ...] = ()
    """What we called its page last and what we are about to, where titles are generated; other names are people's."""
    waiting_since: datetime | None = None
    """Since when an edit waits for quiet."""
    refused: MappingOf[str, Refusal] = field(default_factory=dict)
    """Field, or `EVERYTHING`, → what a side did not take: not sent again until a value changes or time has passed."""
    written: tuple[Written, ...] = ()
    """Our latest writes, oldest first: what the breaker and the detector of overwritten edits look at."""
    attempts: int = 0
    """Failures in a row; 0 after any success."""
    next_retry_at: datetime | None = None
    last_sync_at: datetime | None = None
    """The last look that agreed."""
    last_change_at: datetime | None = None
    """The last write."""
    agreed_at: datetime | None = None
    """Since when both sides say what they say now; None while they never did."""
    remakes: str | None = None
    """Id of the deleted record that is to be made again, until it is."""
    recalls: int | None = None
    """The id of the row of its deletion, while that is being undone: the record is made again as told there, or as its
    page says where that alone is told of."""
    unshown: tuple[FieldWrite, ...] = ()
    """What was on its way to the page when the record went: if that is made again, it says so, unless the page does not
    say any more what this was to replace."""
    removed_by: int | None = None
    """The id of the row that tells how it went last; None where it is not proved that its record has."""
    made_way_for: str | None = None
    """Id of the record that has another page, for which this one, in the trash or not shown, has made way; others may
    name it."""
    trashed_at: datetime | None = None
    """The page's time of edit when a look found it in the trash, until one finds it linked again."""
    said_in_trash: str | None = None
    """A digest of what the page said there then; None where an older release found it."""
    last_words: LastWords | None = None
    """What a page in the trash says that is not shown there, until a look finds it outside."""
    version: int = 0
    """Of the stored item; 0 is not stored yet. The store raises it on each save."""

    @property
    def entity(self) -> EntityRef | None:
        """The entity it pairs, once there is one."""
        return None if self.entity_id is None else EntityRef(self.entity_type, self.entity_id)

    @property
    def former(self) -> EntityRef | None:
        """The deleted entity that is to be made again."""
        return None if self.remakes is None else EntityRef(self.entity_type, self.remakes)

    def but(self, **changes: Any) -> Mapping:
        """A copy with *changes*."""
        return replace(self, **changes)

    def is_put_off(self, now: datetime) -> bool:
        """Whether it failed, and is to be looked at again later than *now*."""
        return self.next_retry_at is not None and self.next_retry_at > now


# --- the workspace --------------------------------------------------------------------------------------------------


class Connection(StrEnum):
    """Whether a workspace's Notion connection works."""

    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth"
    SUSPENDED = "suspended"
    """Notion has blocked the connection and says not to try again."""
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which projects a workspace holds: those that meet each condition given. What belongs to a project follows it."""

    project_ids: tuple[str, ...] = ()
    project_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    def excludes(self, id: str | None, values: Values) -> str | None:
        """Which condition the project of *values* does not meet, in words; None: it is held.

        *id* is None for a row that NavImpact does not know yet, which is none of those that were chosen by their ids.
        """
        if self.project_ids and id not in self.project_ids:
            return f"only the projects {_listed(self.project_ids)}"
        for name, wanted in (("project_type", self.project_types), ("status", self.statuses)):
            if wanted and _folded(values.get(name)) not in map(_folded, wanted):
                return f"only projects whose {name.replace('_', ' ')} is {_listed(wanted)}"
        return None

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.project_ids or self.project_types or self.statuses)


def _folded(name: Value) -> str:
    return str(name or "").strip().casefold()


def _listed(names: tuple[str, ...]) -> str:
    shown = [*names[:_MOST_LISTED], *(["others"] if len(names) > _MOST_LISTED else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What people set for one workspace. Fields are named like `media_project.title`."""

    policy: Policy = Policy.ASK
    field_policies: MappingOf[str, Policy] = field(default_factory=dict)
    """Of fields that do not follow *policy*."""
    direction: Direction = Direction.BOTH
    """Which way records are made and deleted, and their fields travel."""
    field_directions: MappingOf[str, Direction] = field(default_factory=dict)
    """Of fields that travel otherwise than *direction* says."""
    scope: Scope = field(default_factory=Scope)
    properties: MappingOf[str, str] = field(default_factory=dict)
    """Field → the name of its column in Notion, where that is not ours. Asked when a column is first found or made."""
    page_templates: MappingOf[str, str] = field(default_factory=dict)
    """Entity type → the template that the pages of new rows start with; of other kinds they are empty."""
    quiet_seconds: MappingOf[str, int] = field(default_factory=dict)
    """Entity type → how long a record must be left alone before its edits travel, so that half-typed text does not."""
    requests_per_minute: int = 180
    """Notion's budget for the connection: 180, or 600 on Business and Enterprise (API facts of 2026-09-09)."""
    parent_page_id: str | None = None
    """Where NavSync's databases are made; None: the first shared page at the top of the workspace."""

    def policy_of(self, entity_type: EntityType, field_name: str) -> Policy:
        """The policy for one field."""
        return self.field_policies.get(f"{entity_type}.{field_name}", self.policy)

    def direction_of(self, entity_type: EntityType, field_name: str) -> Direction:
        """Which way one field may travel, as far as people say; the field itself may be limited further."""
        return self.field_directions.get(f"{entity_type}.{field_name}", self.direction)


@dataclass(frozen=True, slots=True)
class Workspace:
    """One connected Notion workspace (one bot id); also the tenant boundary."""

    id: int
    notion_workspace_id: str
    name: str
    bot_id: str
    org: str | None
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    """False while a person has paused it."""
    connection: Connection = Connection.CONNECTED
    settings: Settings = field(default_factory=Settings)
    members: MappingOf[str, str] = field(default_factory=dict)
    """Subject of a token → role; the connecting admin is the first."""
    erase_at: datetime | None = None
    """When everything that is kept of it is removed, since it was disconnected; None while it is not to be."""
    notion_name: str | None = None
    """What Notion called it when it was connected last. None: an older release did not keep that."""
    version: int = 0


class Capability(StrEnum):
    """What a connection may do in Notion, as far as NavSync needs it; Notion's own names."""

    READ = "read_content"
    INSERT = "insert_content"
    UPDATE = "update_content"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the connection may do, as found out when it was made and every day since."""

    checked_at: datetime
    missing: tuple[Capability, ...] = ()
    free_plan: bool = False
    """The workspace takes uploads of 5 MiB at most, as only Free ones do."""
    out_of_blocks_since: datetime | None = None
    """When Notion refused to make a page because the plan's blocks are used up."""


@dataclass(frozen=True, slots=True)
class Property:
    """A Notion property as addressed: *id* verbatim (URL-encoded as Notion gives it), so renames change nothing."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class DataSource:
    """The Notion data source whose rows are the pages of one entity type, with its schema as last read."""

    entity_type: EntityType
    database_id: str
    data_source_id: str
    properties: MappingOf[str, Property]
    """Canonical field, or `KEY_FIELD`/`LINK_FIELD`, → property."""
    options: MappingOf[str, tuple[MappingOf[str, Any], ...]] = field(default_factory=dict)
    """Field → the status options as Notion gave them (id, name, group …)."""
    returned: MappingOf[str, Property] = field(default_factory=dict)
    """Fields whose column was seen deleted or retyped, and the column that would do again: not taken up by itself."""
    version: int = field(default=0, compare=False)
    """How often it was remembered. Two that are read alike are equal."""


KEY_FIELD = "navimpact_id"
LINK_FIELD = "navimpact_link"


# --- work -----------------------------------------------------------------------------------------------------------


class Lane(StrEnum):
    """Priority: a person's edit overtakes the rest. Sorts in the order in which lanes are looked at."""

    LIVE = "1-live"
    SWEEP = "2-sweep"
    BACKFILL = "3-backfill"


class Decision(StrEnum):
    """What a person may say of a deletion, or of a second record of a row, that waits."""

    APPROVE = "approve"
    REJECT = "reject"


class WorkKind(StrEnum):
    """What a work row says to look at."""

    ENTITY = "entity"
    """external id: `media_project/42`"""
    PAGE = "page"
    """external id: a page id, with dashes"""
    MAPPING = "mapping"
    """external id: a mapping's id; a retry or a second look"""
    SETUP = "setup"
    SWEEP = "sweep"
    BACKFILL = "backfill"
    RESOLVE = "resolve"
    """external id: `<mapping id>/<field>/<version of the conflict that was seen>`; choice: the side that wins"""
    DECIDE = "decide"
    """external id: `<mapping id>/<version of the question that was seen>`, or the id alone for whatever is asked;
    choice: `approve` or `reject` what it waits with"""
    SCHEMA = "schema"
    """external id: an entity type, or `<entity type>/<field>/<step>` while a column that came back is taken up again"""
    RULES = "rules"
    """What the settings exclude or admit is looked at, since they changed or a project entered or left the scope.
    External id: "", or the part that is gone through: an entity type, or `waiting`"""
    PREVIEW = "preview"
    """One at a time in a workspace; the run's id is the preview's"""
    REVERT = "revert"
    """external id: `log/<log id>`, `log/<log id>/<field>`, `record/<log id>` (of a project with what went with it) or
    `run/<run id>`"""
    TEMPLATE = "template"
    """external id: of the commission that says which page is to be made"""
    CHOSEN = "chosen"
    """external id: `<run id>/<how they stand, with + between>/<entity type, or nothing>`; the records of a filter"""


@dataclass(frozen=True, slots=True)
class Edit:
    """That a person edited something, as an event tells it: when and which fields, never a value."""

    at: datetime
    fields: tuple[str, ...] = ()
    by: str | None = None
    """Who did, where the event names one alone."""


MOST_EDITS = 50
"""So many a row of work tells of, the latest: a page that somebody types in for hours has an event each minute."""

MOST_ALSO = 20
"""So many who asked for the same wait for one row of work, the latest of them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when something was edited, by the clock of that side."""

    side: Side
    at: datetime


NAVIMPACT = "navimpact"
"""The actor of edits in NavImpact, which does not say who made them."""

SCHEDULE = "schedule"
"""The actor of rounds that nobody asked for; what they carry over is said to be of whoever edited it, where known."""


@dataclass(frozen=True, slots=True)
class Work:
    """A row that says "look at this". Never carries a value of a record."""

    lane: Lane
    kind: WorkKind
    external_id: str
    nonce: str
    """Fresh on each put; a row is deleted only while its nonce is the one seen."""
    due: datetime
    """Not to be looked at before."""
    run_id: str
    """Of the trigger that caused it; each sync log row it causes carries it."""
    actor: str | None = None
    """Whose edit or request it was, where known."""
    direction: Direction = Direction.BOTH
    thorough: bool = False
    """Ask both sides even where the side it came from shows nothing new: a person wants it looked at."""
    choice: str | None = None
    """What a person decided, for the kinds that carry out a decision."""
    edits: tuple[Edit, ...] = ()
    """What events told of people's edits, until a look has ended that knew of it."""
    origin: Origin | None = None
    """Of the edit that is on its way, however often it was put off; for figures alone."""
    attempts: int = 0
    """Failures in a row, where no mapping counts them."""
    requested: bool = False
    """A person waits for this very row, which is one by itself: no event and no round puts another in its place."""
    apart: str = ""
    """Which way it looks, where that is one alone: what looks both ways about the same is another row."""
    also: tuple[str, ...] = ()
    """Runs of people who have asked for the same before: what is done for *run_id* is done for them, too."""

    def in_place_of(self, other: Work) -> Work:
        """This row, which tells besides of the edits that *other* tells of, and is waited for by who waits for that."""
        known = sorted({*self.edits, *other.edits}, key=lambda edit: (edit.at, edit.fields))
        waited_for = [run for run in (*other.also, other.run_id) if other.requested and run != self.run_id]
        return replace(self, edits=tuple(known[-MOST_EDITS:]), also=tuple(waited_for[-MOST_ALSO:]))

    @classmethod
    def wherever(cls, kind: WorkKind, external_id: str, now: datetime) -> list[Self]:
        """One for each place in which work of *kind* may wait that names *external_id*."""
        places = product(Lane, Direction, (False, True))
        return [
            cls(lane, kind, external_id, "", now, run_id="", direction=way, requested=asked, apart=way.alone)
            for lane, way, asked in places
        ]


@dataclass(frozen=True, slots=True)
class Deaths:
    """Holders of the lease that died at one thing, one after the other, since a look at it was survived."""

    times: int
    last: datetime
    """When the last was found dead."""
    begun: datetime
    """When that one had begun with it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one workspace. *fence* rises with each holder; a save under an old fence fails."""

    workspace_id: int
    owner: str
    fence: int
    until: datetime
    inherited: str | None = None
    """What the holder was at from whose dead hands it came. With threads it may have been another thing: until that is
    known, one thing is done at a time."""
    deaths: MappingOf[str, Deaths] = field(default_factory=dict)
    """What earlier holders died at."""


class PausedBy(StrEnum):
    """Because of whom, or what, nobody is called for a while."""

    NOTION = "notion"
    NAVIMPACT = "navimpact"
    BUDGET = "budget"
    """Our own share of what Notion allows in a minute is used up."""
    BREAKER = "breaker"
    """A side failed so often that it is left alone."""


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a look met an outage, and when."""

    at: datetime
    down: bool


@dataclass(frozen=True, slots=True)
class Outages:
    """What the circuit breaker has counted; kept across invocations, for an edit often has one to itself."""

    trips: int = 0
    """How often in a row it opened; each time it stays open longer."""
    successes: int = 0
    """Good looks in a row since it opened."""
    failures: int = 0
    """Looks in a row that met an outage."""
    latest: tuple[Look, ...] = ()
    """The last looks of the last minute, where one of them met an outage."""


NO_OUTAGES = Outages()


@dataclass(frozen=True, slots=True)
class Pause:
    """The workspace calls nobody before *until*."""

    until: datetime
    outages: Outages = NO_OUTAGES
    by: PausedBy = PausedBy.NOTION


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """Notion requests counted since *started_at*, and how fast we may ask; kept across invocations."""

    started_at: datetime
    used: int = 0
    blocked_until: datetime | None = None
    """No request before: a Retry-After that has not ended."""
    percent: int = 100
    """Of the configured pace. Less after Notion found it too fast, as of *slowed_at*."""
    slowed_at: datetime | None = None
    calls: int = 0
    """Requests since it was taken up, for the figures of the day."""
    beside: int = 0
    """Requests, not in *used*, of whoever held no lease; the last of them at *beside_at*."""
    beside_at: datetime | None = None


# --- the sync log ---------------------------------------------------------------------------------------------------


class Operation(StrEnum):
    """What a sync log row tells of."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    LINK = "link"
    UNLINK = "unlink"
    CONFLICT = "conflict"
    RESOLVE = "resolve"
    REVERT = "revert"
    OVERWRITE = "overwrite"
    """A person's edit may have been overwritten: it was made while we were writing the same field."""
    SETUP = "setup"
    FAIL = "fail"
    MISSING = "missing"
    """A person asked for a record that NavImpact does not have."""


UNDOABLE = frozenset({Operation.UPDATE, Operation.CREATE, Operation.DELETE, Operation.REVERT})
"""What writes something that can be written back."""


class Outcome(StrEnum):
    """How it ended. STARTED rows were recorded before the write and not finished yet."""

    STARTED = "started"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that was, or is about to be, replaced on *side*."""

    field: str
    side: Side
    old: Value
    new: Value
    old_raw: Any = None
    """The provider's JSON of the old value, where formatting matters."""
    rule: str = ""
    """Why: `changed on navimpact`, `policy notion` …"""
    actor: str | None = None
    """Whose it is, where a row holds what several have edited; None: of the row's actor."""


@dataclass(frozen=True, slots=True)
class SyncLog:
    """What happened, for people: written before a value is overwritten, finished after."""

    id: int
    workspace_id: int
    at: datetime
    run_id: str
    operation: Operation
    outcome: Outcome
    side: Side | None = None
    """Where the write went; None where both or neither."""
    entity_type: EntityType | None = None
    entity_id: str | None = None
    page_id: str | None = None
    mapping_id: int | None = None
    title: str | None = None
    actor: str | None = None
    """Whose edit or decision it was, where that is known and one's alone."""
    changes: tuple[Change, ...] = ()
    message: str | None = None
    duration_ms: int | None = None
    reverts: int | None = None
    """The id of the row that this one undoes."""
    deleted_with: int | None = None
    """The id of the mapping of the project that NavImpact deleted it with."""
    edited_at: datetime | None = None
    """When that was edited on the other side which is written here, where an event told."""
