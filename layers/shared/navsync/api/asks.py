"""What routes take: query strings and bodies, as pydantic checks them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from navsync import attention, templates, views
from navsync.api.problems import invalid
from navsync.fields import SPECS, misnamed
from navsync.model import Decision, Direction, EntityType, Policy, Settings, Side
from navsync.model import Scope as ScopeKept

type Id = Annotated[int, Field(ge=0, lt=2**53)]
"""Ours, as the frontend can hold them."""

type EntityId = Annotated[int, Field(ge=0, lt=10**16)]
"""NavImpact's."""


@dataclass(frozen=True, slots=True)
class Written:
    """Text of a *pattern*, which few people can read: *reason* tells them why another text is refused."""

    pattern: str
    reason: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return AfterValidator(self._checked).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(self.reason)
        return text


type RunId = Annotated[
    str, Written(r"^[0-9A-Za-z-]{1,64}$", "it is not the id of a run, as the answer to a call names it")
]

type FieldName = Annotated[
    str, Written(r"^[a-z_]{1,64}$", "it is not the name of a field, such as title or start_date")
]


class Body(BaseModel):
    """A JSON body: what is not known is refused, not ignored, and 0 is not taken for false."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: a filter that is mistyped is refused, for all that there is would look like its result."""

    model_config = ConfigDict(extra="forbid")


# --- days and moments -------------------------------------------------------------------------------------------------

DAY_FIRST = r"^\d{4}-\d\d-\d\d"


def _written_out(given: object) -> object:
    """Pydantic would take a number for seconds since 1970: what a caller surely did not mean."""
    if isinstance(given, str) and re.match(DAY_FIRST, given) is None:
        raise ValueError("write it as 2026-11-22 or 2026-11-22T10:00:00Z")
    return given


ISO = BeforeValidator(_written_out)
AS_TEXT = WithJsonSchema({"type": "string", "pattern": DAY_FIRST})

type Day = Annotated[date, ISO, AS_TEXT]


# --- which part of a list ---------------------------------------------------------------------------------------------


class Scope(Query):
    """Of one workspace, or of all that the caller may see."""

    workspace_id: Id | None = None


class Range(Query):
    """Which part of a list."""

    skip: int = Field(0, ge=0, le=10_000)
    limit: int = Field(100, ge=1, le=1_000)


def opaque(place: str | None) -> str | None:
    """*place* as a cursor, which callers hand back and do not read."""
    return None if place is None else base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise ValueError(NO_CURSOR) from error


NO_CURSOR = "it is not a cursor that this list gave"


OPAQUE = WithJsonSchema({"type": "string", "maxLength": 100})
"""What documents say of a cursor: callers cannot make one."""

type IdCursor = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_place),
    Written(r"^\d{1,16}$", NO_CURSOR),
    OPAQUE,
]
"""Where a list that is ordered by id goes on."""

type TimeCursor = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_place),
    Written(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00#\d{16}$", NO_CURSOR),
    OPAQUE,
]
"""Where a list that is ordered by time goes on."""


class ScopedRange(Scope, Range):
    """Which part of a list, of which workspaces."""


class StatusQuery(Scope):
    """Of which workspaces, and how far which run has come."""

    run_id: RunId | None = None


class FiguresFormat(StrEnum):
    """How figures are given."""

    JSON = "json"
    CSV = "csv"


class FiguresQuery(Scope):
    """Figures of which days, both included, 92 at most; by default of the last thirty."""

    start_date: Day | None = None
    end_date: Day | None = None
    format: FiguresFormat = FiguresFormat.JSON


class ConflictQuery(ScopedRange):
    """Which conflicts."""

    cursor: IdCursor | None = None
    entity_type: EntityType | None = None


class ApprovalQuery(ConflictQuery):
    """Which of what waits to be approved."""

    limit: int = Field(100, ge=1, le=100)
    """Not so many as of others, for what goes along is looked up for each."""


NO_GROUP = "there is no such group; without it, all that there are is listed, each with its name"


def _group(text: str) -> str:
    if not attention.is_known(text):
        raise ValueError(NO_GROUP)
    return text


type GroupName = Annotated[str, Written(r"^[a-z_]{1,64}(/[a-z_]{1,64}){0,2}$", NO_GROUP), AfterValidator(_group)]
"""`conflict/media_project/title`: as a group of what waits is called."""


class AttentionQuery(Scope):
    """What waits: the first of each group, or the rest of one."""

    limit: int = Field(10, ge=1, le=100)
    """Of each group; fewer where there are many groups, until one is named."""
    group: GroupName | None = None
    cursor: IdCursor | None = None
    """Of the group that is named."""

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if self.cursor is not None and self.group is None:
            raise ValueError("a cursor goes on in one group: name it")
        return self


class AuditQuery(ScopedRange):
    """Which audit rows."""

    cursor: IdCursor | None = None


# --- workspaces -------------------------------------------------------------------------------------------------------


class WorkspaceQuery(Range):
    """Which workspaces."""

    cursor: IdCursor | None = None
    is_active: bool | None = None
    workspace_name: Annotated[str, StringConstraints(max_length=200)] | None = None


type QuietSeconds = Annotated[int, Field(ge=0, le=120)]


type Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]

type Names = Annotated[list[Name], Field(max_length=100)]


class ScopeOfProjects(Body):
    """Which projects the workspace holds: those that meet each condition given; all, where none is."""

    project_ids: Annotated[list[EntityId], Field(max_length=1_000)] = Field(default_factory=list)
    project_types: Names = Field(default_factory=list)
    statuses: Names = Field(default_factory=list)

    def kept(self) -> ScopeKept:
        """As the workspace keeps it."""
        return ScopeKept(tuple(map(str, self.project_ids)), tuple(self.project_types), tuple(self.statuses))


TEMPLATE_NAME = r"^[a-z][a-z0-9_-]{0,63}$"

NO_TEMPLATE_NAME = "it must be small letters, digits, _ and -, a letter first, and 64 characters at most"

type TemplateName = Annotated[str, Written(TEMPLATE_NAME, NO_TEMPLATE_NAME)]


PAGE_ID, NO_PAGE_ID = r"^[0-9a-fA-F-]{32,36}$", "it is not the id of a page in Notion"

NOTION_ALLOWS = 600
"""Requests of one connection in a minute, on Business and Enterprise; on other plans it is 180."""

FEWEST_REQUESTS = 30
"""With fewer in a minute, those that one record takes would outlast a slice of the worker."""


FIELDS = [f"{spec.type}.{field.name}" for spec in SPECS.values() for field in spec.fields]


type FieldOfKind = Annotated[str, WithJsonSchema({"type": "string", "enum": FIELDS})]
"""A field by its kind of record: `media_project.title`."""


class ChangeSettings(Body):
    """Settings to change; what is left out stays. Fields are named like `media_project.title`."""

    scope: ScopeOfProjects | None = None
    direction: Direction | None = None
    field_directions: dict[FieldOfKind, Direction] | None = None
    """Of fields that travel otherwise than *direction* says."""
    policy: Policy | None = None
    field_policies: dict[FieldOfKind, Policy] | None = None
    properties: dict[FieldOfKind, Name] | None = None
    """The name of a field's column in Notion, for columns that are not found or made yet."""
    requests_per_minute: (
        Annotated[int, Field(json_schema_extra={"minimum": FEWEST_REQUESTS, "maximum": NOTION_ALLOWS})] | None
    ) = None
    """What the workspace's plan of Notion allows: 180, or 600 on Business and Enterprise."""
    parent_page_id: Annotated[str, Written(PAGE_ID, NO_PAGE_ID)] | None = None
    page_templates: dict[EntityType, TemplateName] | None = None
    """What the pages of new rows start with; those of impact stories are the stories' own text."""
    quiet_seconds: dict[EntityType, QuietSeconds] | None = None
    """How long a record of which kind must be left alone before its edits travel, so that half-typed text does not."""

    @field_validator("field_directions", "field_policies", "properties")
    @classmethod
    def _known[Of](cls, by_field: dict[str, Of] | None) -> dict[str, Of] | None:
        if unknown := next((each for each in by_field or () if each not in FIELDS), None):
            raise ValueError(f"there is no field {unknown[:100]}; name it like media_project.title")
        return by_field

    @field_validator("requests_per_minute")
    @classmethod
    def _granted(cls, requests: int | None) -> int | None:
        if requests is not None and not FEWEST_REQUESTS <= requests <= NOTION_ALLOWS:
            raise ValueError(
                f"Notion grants a connection {NOTION_ALLOWS} requests a minute at most, and a sync needs "
                f"{FEWEST_REQUESTS}; name a number between them"
            )
        return requests

    @field_validator("properties")
    @classmethod
    def _apart(cls, properties: dict[str, str] | None) -> dict[str, str] | None:
        if reason := misnamed(properties or {}):
            raise ValueError(reason)
        return properties

    @field_validator("page_templates")
    @classmethod
    def _without_text_of_its_own(cls, chosen: dict[EntityType, str] | None) -> dict[EntityType, str] | None:
        if own := next((kind for kind in chosen or () if SPECS[kind].has_body), None):
            raise ValueError(f"the page of an {own.replace('_', ' ')} is the record's own text; leave it out")
        return chosen

    def applied_to(self, settings: Settings) -> Settings:
        """*settings* with what is asked for."""
        scope = settings.scope if self.scope is None else self.scope.kept()
        return replace(settings, scope=scope, **self.model_dump(exclude_none=True, exclude={"scope"}))

    def must_find_templates(self, get: Callable[[str], templates.Template | None]) -> None:
        """Raises `Problem` where a template that is named is not there, or is for another kind of record."""
        for kind, name in (self.page_templates or {}).items():
            found = get(name)
            if found is None or found.entity_type is not kind:
                reason = f"there is no template {name} for a {kind.replace('_', ' ')}"
                raise invalid(["settings", "page_templates", kind], reason)

    @property
    def changes_rules(self) -> bool:
        """Whether records that nobody touches may be treated otherwise from now on."""
        return not self.model_fields_set.isdisjoint(_RULES)


_RULES = {"scope", "direction", "field_directions", "policy", "field_policies"}


class ChangeWorkspace(Body):
    """What an admin may set. A token is none of it."""

    workspace_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    is_active: bool | None = None
    """False pauses."""
    settings: ChangeSettings | None = None


class Disconnect(Query):
    """Whether everything goes with the connection."""

    erase: bool = False
    """Remove mappings, history, settings and audit rows now, for good; the pages stay in Notion."""


class ConnectWorkspace(Body):
    """What the page that Notion redirected to hands over."""

    code: str
    state: str | None = None
    accept_fewer: bool = False
    """Connect although the new grant reaches fewer of the databases than the one it replaces."""
    settings: ChangeSettings | None = None
    """What it begins with, so that its first sync keeps to it; one that is connected again keeps what it has.

    Of templates there are the built-in ones only.
    """


# --- mappings and the sync log ----------------------------------------------------------------------------------------


class MappingQuery(ScopedRange):
    """Which mappings."""

    cursor: IdCursor | None = None
    media_project_id: EntityId | None = None
    entity_type: EntityType | None = None
    sync_status: views.SyncStatus | None = None
    sync_direction: Direction | None = None
    """Of workspaces that sync in this direction."""


class LogStatus(StrEnum):
    """The frontend's words for how a row of the sync log ended."""

    SUCCESS = "success"
    FAILED = "failed"
    PARTIAL = "partial"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is before the first or after the last day there is") from error


type Moment = Annotated[datetime, ISO, AfterValidator(_in_utc), AS_TEXT]
"""Without a zone it is taken as UTC."""


class LogQuery(ScopedRange):
    """Which rows of the sync log."""

    cursor: TimeCursor | None = None
    operation_type: views.OperationType | None = None
    entity_type: EntityType | None = None
    status: LogStatus | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None


class HistoryQuery(ScopedRange):
    """Whose history: of one record (by *entity_type* and *entity_id*, or *mapping_id*), of one run, or of all."""

    limit: int = Field(100, ge=1, le=100)
    """Of whole values, which may be long, not so many as of others."""
    cursor: TimeCursor | None = None
    entity_type: EntityType | None = None
    entity_id: EntityId | None = None
    mapping_id: Id | None = None
    run_id: RunId | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.entity_id is not None and self.entity_type is None:
            raise ValueError("entity_id needs entity_type beside it")
        if sum(each is not None for each in (self.entity_id, self.mapping_id, self.run_id)) > 1:
            raise ValueError("ask for one record or one run at a time")
        return self


class Which(StrEnum):
    """Of a change."""

    OLD = "old"
    """What was replaced."""
    NEW = "new"


class ValueQuery(Query):
    """Which value of a row, and which part of it."""

    field: FieldName
    side: Side
    which: Which
    part: int = Field(1, ge=1, le=1_000)


# --- what people ask to be done ---------------------------------------------------------------------------------------


class SyncProject(Body):
    """What the platform's frontend sends."""

    project_id: int | None = None
    force_sync: bool = False
    sync_direction: Direction = Direction.BOTH


class SyncFilter(Body):
    """Which records, by what NavSync knows of them."""

    entity_type: EntityType | None = None
    sync_status: views.SyncStatus | None = None


class SyncWorkspace(Body):
    """Which records to look at now: media projects by *ids*, records by *filter*; with neither, what has changed."""

    ids: Annotated[list[EntityId], Field(min_length=1, max_length=1_000)] | None = None
    filter: SyncFilter | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.ids is not None and self.filter is not None:
            raise ValueError("give ids or a filter, not both")
        return self


class PreviewWorkspace(Body):
    """Settings to try, over those that are set; without any, what a sync would do as things are."""

    settings: ChangeSettings | None = None


class PreviewQuery(Range):
    """Which part of what is foreseen."""

    cursor: IdCursor | None = None


class Resolve(Body):
    """Who wins the conflict of one field."""

    field: FieldName
    winner: Side
    version: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The conflict's version, as listed: another one is refused, for its values are not those that were seen."""


class Decide(Body):
    """What to do with what waits."""

    decision: Decision
    version: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The question's version, as listed: another one is refused, for what is asked is not what was seen."""


class RevertScope(StrEnum):
    """How much to undo."""

    FIELD = "field"
    RECORD = "record"
    RUN = "run"


class Revert(Body):
    """What to undo. *side*: whose text comes back where two edits were merged into one."""

    scope: RevertScope
    field: FieldName | None = None
    side: Side | None = None

    @model_validator(mode="after")
    def _field_for_field(self) -> Self:
        if self.scope is RevertScope.FIELD and self.field is None:
            raise ValueError('say which field to undo: with "scope": "field" goes "field": "title", for example')
        if self.scope is not RevertScope.FIELD and self.field is not None:
            raise ValueError(
                f'with "scope": "{self.scope}" all is undone, not one field: leave out "field", or say "scope": "field"'
            )
        return self


# --- templates --------------------------------------------------------------------------------------------------------


class TemplateQuery(ScopedRange):
    """Which part of the templates: few at once, since they come whole."""

    limit: int = Field(20, ge=1, le=20)


class ChangeTemplate(Body):
    """What pages start with. `{{title}}` and the names of the record's fields stand for what the record says."""

    entity_type: EntityType | None = None
    """The kind of record that it is for; without one the page is about no record, and only its title is known."""
    title: Annotated[str, Field(min_length=1, max_length=200)] = "{{title}}"
    body: Annotated[str, Field(max_length=20_000)]
    """Markdown, as Notion reads it."""

    @field_validator("title", "body")
    @classmethod
    def _without_fault(cls, text: str, info: ValidationInfo) -> str:
        fault = templates.fault_of(text, info.data["entity_type"]) if "entity_type" in info.data else None
        if fault is not None:
            raise ValueError(fault)
        return text


class NewTemplate(ChangeTemplate):
    """A template that there is not yet."""

    name: TemplateName
    workspace_id: Id | None = None
    """Needed by those who have several."""


def _page_id(given: str) -> str:
    """As Notion writes it: what is one page must not look like two."""
    try:
        return str(UUID(given))
    except ValueError as error:
        raise ValueError(NO_PAGE_ID) from error


WHERE_PAGES_ARE = (
    "open the page in Notion under which it should be made and copy its link: the 32 letters and digits at the end are "
    "its id, and the page must be shared with the connection"
)


class CreateTemplate(Body):
    """What the platform's frontend sends to have a page made.

    *project_data* is a record as NavImpact shows it, or `{"project_id": 42}` (for other kinds `{"entity_id": 42}`) to
    have it read there.
    """

    template_name: TemplateName
    parent_page_id: Annotated[
        str, Written(PAGE_ID, NO_PAGE_ID), AfterValidator(_page_id), Field(description=WHERE_PAGES_ARE)
    ]
    project_data: dict[str, JsonValue] | None = None
    workspace_id: Id | None = None
    """Needed by those who have several."""
