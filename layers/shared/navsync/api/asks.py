"""What routes take: query strings and bodies, as pydantic checks them."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from navsync import views
from navsync.fields import SPECS
from navsync.model import Decision, Direction, EntityType, Policy, Side

type Id = Annotated[int, Field(ge=0, lt=2**53)]
"""Ours, as the frontend can hold them."""

type EntityId = Annotated[int, Field(ge=0, lt=10**16)]
"""NavImpact's."""

type RunId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]

type FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]


class Body(BaseModel):
    """A JSON body: what is not known is refused, not ignored, and 0 is not taken for false."""

    model_config = ConfigDict(extra="forbid", strict=True)


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


class Scope(BaseModel):
    """Of one workspace, or of all that the caller may see."""

    workspace_id: Id | None = None


class Range(BaseModel):
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
        raise ValueError("it is not a cursor that a list gave") from error


OPAQUE = WithJsonSchema({"type": "string", "maxLength": 100})
"""What documents say of a cursor: callers cannot make one."""

type IdCursor = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_place),
    StringConstraints(pattern=r"^\d{1,16}$"),
    OPAQUE,
]
"""Where a list that is ordered by id goes on."""

type TimeCursor = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_place),
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00#\d{16}$"),
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
    """Figures of which days, both included; by default of the last thirty."""

    start_date: Day | None = None
    end_date: Day | None = None
    format: FiguresFormat = FiguresFormat.JSON

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start_date is not None and self.end_date is not None and self.start_date > self.end_date:
            raise ValueError("start_date is after end_date")
        return self


class ConflictQuery(ScopedRange):
    """Which conflicts."""

    cursor: IdCursor | None = None
    entity_type: EntityType | None = None


class AuditQuery(ScopedRange):
    """Which audit rows."""

    cursor: IdCursor | None = None


# --- workspaces -------------------------------------------------------------------------------------------------------


class WorkspaceQuery(Range):
    """Which workspaces."""

    is_active: bool | None = None
    workspace_name: Annotated[str, StringConstraints(max_length=200)] | None = None


type QuietSeconds = Annotated[int, Field(ge=0, le=120)]


class ChangeSettings(Body):
    """Settings to change; what is left out stays."""

    policy: Policy | None = None
    field_policies: dict[str, Policy] | None = None
    requests_per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    parent_page_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{32,36}$")] | None = None
    quiet_seconds: dict[EntityType, QuietSeconds] | None = None
    """How long a record of which kind must be left alone before its edits travel, so that half-typed text does not."""

    @field_validator("field_policies")
    @classmethod
    def _known(cls, policies: dict[str, Policy] | None) -> dict[str, Policy] | None:
        known = {f"{spec.type}.{field.name}" for spec in SPECS.values() for field in spec.fields}
        if unknown := sorted(set(policies or ()) - known):
            raise ValueError(f"there is no field {unknown[0][:100]}; name it like media_project.title")
        return policies


class ChangeWorkspace(Body):
    """What an admin may set. A token is none of it."""

    workspace_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    is_active: bool | None = None
    """False pauses."""
    settings: ChangeSettings | None = None


class Disconnect(BaseModel):
    """Whether everything goes with the connection."""

    erase: bool = False
    """Remove mappings, history, settings and audit rows now, for good; the pages stay in Notion."""


class ConnectWorkspace(Body):
    """What the page that Notion redirected to hands over."""

    code: str
    state: str | None = None
    accept_fewer: bool = False
    """Connect although the new grant reaches fewer of the databases than the one it replaces."""


# --- mappings and the sync log ----------------------------------------------------------------------------------------


class MappingQuery(ScopedRange):
    """Which mappings."""

    cursor: IdCursor | None = None
    media_project_id: EntityId | None = None
    entity_type: EntityType | None = None
    sync_status: views.SyncStatus | None = None
    sync_direction: Direction = Direction.BOTH


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


class HistoryQuery(Scope):
    """Whose history: of one record (by *entity_type* and *entity_id*, or *mapping_id*), of one run, or of all."""

    skip: int = Field(0, ge=0, le=10_000)
    limit: int = Field(20, ge=1, le=100)
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


class Resolve(Body):
    """Who wins the conflict of one field."""

    field: FieldName
    winner: Side
    version: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The conflict's version, as listed: another one is refused, for its values are not those that were seen."""


class Decide(Body):
    """What to do with the deletion that waits."""

    decision: Decision


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
        if (self.field is not None) is not (self.scope is RevertScope.FIELD):
            raise ValueError("field is given with the scope field, and with no other")
        return self
