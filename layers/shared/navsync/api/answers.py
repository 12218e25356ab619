"""What routes answer, for the document that describes them; the suites hold every answer to it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from navsync.api.asks import LogStatus
from navsync.attention import Kind
from navsync.explain import Verdict
from navsync.foresight import Effect, Progress
from navsync.model import Capability, Connection, Direction, EntityType, Operation, Policy, Side
from navsync.views import OperationType, SyncStatus

type Shown = str | int | float | list[str] | None
"""A value as JSON."""


class Answer(BaseModel):
    """Nothing is answered that is not written here."""

    model_config = ConfigDict(extra="forbid")


class Page[Item: BaseModel](Answer):
    """A part of a list, newest first unless said otherwise."""

    items: list[Item]
    total: int
    page: int
    size: int
    pages: int


class CursorPage[Item: BaseModel](Page[Item]):
    """A part of a list that goes on at *cursor*; null: that was the last. Others may be short of `size`, too."""

    total_is_exact: bool
    """False: there are at least `total`. Where no counter is kept, 10,000 rows are counted at most."""
    cursor: str | None


class FieldProblem(BaseModel):
    """What is wrong with one field or parameter."""

    loc: list[str]
    msg: str


class ProblemAnswer(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []
    conflict: ConflictAnswer | None = None
    """What both sides say now, where a choice was made between values that were edited since."""


class Health(Answer):
    """Whether this deployment answers."""

    status: Literal["ok"]


class Disconnected(Answer):
    """What was done, and when the rest is."""

    message: str
    erase_at: str
    """From when nothing is kept of it: mappings and history stay until then for those who connect it again."""
    erased: bool
    """Whether nothing is left already; of a large workspace what is left is removed in the minutes after."""


class AuthorizeUrl(Answer):
    """Where to send the browser."""

    authorize_url: str


class Taken(Answer):
    """A webhook was taken: how many workspaces look at it, or why none does."""

    workspaces: int | None = None
    ignored: str | None = None
    handshake: str | None = None


class Accepted(Answer):
    """Work was put; its run id is what the sync log and the history call it."""

    message: str
    run_id: str
    workspaces: int
    done: bool
    """Whether it was done before the answer, which only a call that waits can see."""
    failures: list[str]
    """Why some of it was refused or failed, once it is done: five reasons at most, GET /history?run_id= has all."""
    project_id: int | None = None
    preview_id: int | None = None


class ScopeAnswer(Answer):
    """Which projects a workspace holds: those that meet each condition given; all, where none is."""

    project_ids: list[int]
    project_types: list[str]
    statuses: list[str]


class SettingsAnswer(Answer):
    """A workspace's settings."""

    scope: ScopeAnswer
    direction: Direction
    field_directions: dict[str, Direction]
    policy: Policy
    field_policies: dict[str, Policy]
    properties: dict[str, str]
    requests_per_minute: int
    parent_page_id: str | None
    page_templates: dict[EntityType, str]
    quiet_seconds: dict[EntityType, int]


class MissingCapabilityAnswer(Answer):
    """Something that the connection may not do."""

    capability: Capability
    stops: str


class CapabilitiesAnswer(Answer):
    """What the connection may do in Notion, as last found out; daily."""

    checked_at: str
    missing: list[MissingCapabilityAnswer]
    free_plan: bool
    out_of_blocks_since: str | None


class WorkspaceAnswer(Answer):
    """A workspace, without its tokens."""

    id: int
    workspace_id: str
    workspace_name: str
    bot_user_id: str
    is_active: bool
    state: Connection | Literal["paused"]
    settings: SettingsAnswer
    capabilities: CapabilitiesAnswer | None = None
    """null where Notion has not said yet."""
    erase_at: str | None
    """When what is kept of it is removed, unless it is connected again before."""
    created_at: str
    updated_at: str


class ConflictAnswer(Answer):
    """All three values of a conflict."""

    field: str
    version: str
    """Changes with the values; a choice may name it, so that it is made between the values that were seen."""
    base: Shown
    navimpact: Shown
    notion: Shown


class About(Answer):
    """Which record it is about."""

    workspace_id: int
    mapping_id: int
    entity_type: EntityType
    entity_id: int | None
    notion_page_id: str | None
    title: str | None


class ConflictsAnswer(About):
    """A record whose fields were edited on both sides."""

    conflicts: list[ConflictAnswer]
    truncated: bool
    """Its values are longer than an answer can be, and cut: the whole ones are in NavImpact and on the page."""


class NamedAnswer(Answer):
    """A record by its name."""

    entity_type: EntityType
    entity_id: int | None
    title: str | None


class GoesAlongAnswer(Answer):
    """The pairs that belong to a project and go with it: the first twenty by name."""

    total: int
    total_is_exact: bool
    """False: there are at least so many."""
    items: list[NamedAnswer]


class ApprovalAnswer(About):
    """A deletion, or a second record of a row, that waits for a person."""

    version: str
    """Changes with what is asked; a decision may name it, so that it is an answer to the question that was seen."""
    code: str
    cause: str
    fix: str
    since: str | None
    """When it began to wait."""
    goes_along: GoesAlongAnswer | None
    """Of the deletion of a project, what goes with it; null: nothing is below such a record, or no record goes."""


class WaitingAnswer(Answer):
    """Something that waits for a person: about one record, or (`connection`) about the workspace as a whole."""

    group: str
    workspace_id: int
    mapping_id: int | None
    entity_type: EntityType | None
    entity_id: int | None
    notion_page_id: str | None
    title: str | None
    kind: Kind
    code: str
    cause: str
    fix: str
    since: str | None = None
    """When a deletion began to wait; of what else waits that is not kept."""
    goes_along: GoesAlongAnswer | None = None
    """Of the deletion of a project, what goes with it."""
    field: str | None = None
    version: str | None = None
    base: Shown = None
    navimpact: Shown = None
    notion: Shown = None


class GroupAnswer(Answer):
    """What waits because of the same, newest first, and the one step that ends it, for all or for each."""

    group: str
    """Names it, as the parameter `group` takes it."""
    kind: Kind
    code: str
    entity_type: EntityType | None
    field: str | None
    cause: str
    fix: str
    call: str | None
    """The route that takes the step; null: it is made in Notion or NavImpact."""
    count: int
    """How many there are, in all workspaces asked for."""
    items: list[WaitingAnswer]
    cursor: str | None
    """Where the rest starts; null: these are all."""


class AttentionAnswer(Answer):
    """Everything that waits for a person, by cause."""

    groups: list[GroupAnswer]
    total: int
    """How many things wait in the groups that are told: a record may wait for several."""
    records: int
    """How many records wait, whatever for."""


class MappingAnswer(Answer):
    """A mapping."""

    id: int
    workspace_id: int
    media_project_id: int | None
    """Of a project only, so that a project has one mapping that bears its id."""
    belongs_to: int | None
    """The project of a record that is none itself; null: it has none, or it is not known yet."""
    entity_type: EntityType
    entity_id: int | None
    title: str | None
    notion_page_id: str | None
    notion_database_id: str | None
    sync_direction: Direction
    sync_status: SyncStatus
    state: str
    reason: str | None
    conflicts: list[ConflictAnswer]
    last_sync_at: str | None
    last_change_at: str | None
    next_retry_at: str | None
    created_at: str


class ChangeAnswer(Answer):
    """One replaced value, and why."""

    field: str
    side: Side
    old: Shown
    new: Shown
    rule: str


class LoggedChangeAnswer(ChangeAnswer):
    """One value that was replaced, and whose it was that replaced it."""

    actor: str | None


class LogAnswer(Answer):
    """A row of the sync log; long values are cut."""

    id: int
    workspace_id: int
    operation_type: OperationType
    operation: Operation
    entity_type: EntityType
    entity_id: int | None
    notion_page_id: str | None
    title: str | None
    side: Side | None
    status: LogStatus
    error_message: str | None
    message: str | None
    actor: str | None
    """Whose edit or decision it was: a person in Notion by their id, `navimpact`, which does not say who, or a caller.

    Null: nobody says whose it was, or it was several people's and each of `changes` names its own. `schedule`: a round
    found it, and nobody says whose it was.
    """
    run_id: str
    changes: list[LoggedChangeAnswer]
    sync_duration_ms: int | None
    created_at: str


class HistoryAnswer(LogAnswer):
    """A row of the sync log with its values whole."""

    truncated: bool
    """They are longer than an answer can be, and cut here alone: `/history/{log_id}/value` has the whole ones."""
    mapping_id: int | None
    reverts: int | None
    """The row that this one undid."""
    can_revert: bool
    """Whether undoing it can be asked for; whether somebody has edited since is seen when it is tried."""
    undone_by: int | None
    """The row that undid all of it, so that nothing is left to undo; where that is undone, too, it can be again."""


class ValueAnswer(Answer):
    """A part of a value."""

    part: int
    parts: int
    text: str
    """What is no text is told as JSON."""


class ProgressAnswer(Answer):
    """How far it has come."""

    done: int
    total: int
    per_minute: int
    """Of a run of chosen records, how many were done in a minute since it began; else those written in the last."""
    seconds_left: int | None
    """null: nothing was done yet, or nothing goes on now, such as in a pause, so nobody knows."""


class StatusAnswer(Answer):
    """How a workspace stands; of several, the first one and the sums of all."""

    workspace_id: int
    workspace_name: str
    is_connected: bool
    state: Connection | Literal["paused"]
    """Of several the first that is not connected; else "paused" where one is. Then nothing of it is synced."""
    last_sync_at: str | None
    sync_status: SyncStatus
    total_mappings: int
    pending_mappings: int
    failed_mappings: int
    conflicts: int
    progress: ProgressAnswer | None
    """null: nothing waits to be done."""
    recent_errors: list[str]


class SumsAnswer(Answer):
    """What went well."""

    total_syncs: int
    successful_syncs: int
    failed_syncs: int
    success_rate: float
    average_sync_duration_ms: int


class DashboardAnswer(Answer):
    """Everything that the platform's dashboard shows."""

    workspaces: list[WorkspaceAnswer]
    sync_status: StatusAnswer
    recent_logs: list[LogAnswer]
    sync_analytics: SumsAnswer
    attention: list[WaitingAnswer]


class AuditAnswer(Answer):
    """Who did what."""

    id: int
    at: str
    subject: str
    role: str
    route: str
    target: str
    workspace_id: int | None
    status: int | None
    """null: begun, and its function died before the answer."""
    code: str | None
    run_id: str | None
    request_id: str


class ForeseenAnswer(Answer):
    """Something that a sync would do with a record, or why it would not; long values are cut."""

    position: int
    operation: Effect
    mapping_id: int | None
    entity_type: EntityType
    entity_id: int | None
    notion_page_id: str | None
    title: str | None
    side: Side | None
    """Where it would be written."""
    changes: list[ChangeAnswer]
    """Of a conflict both sides' values, neither of which would be written."""
    field: str | None
    code: str | None
    reason: str | None
    fix: str | None
    is_so_already: bool
    """It is listed under attention by now, and a sync would leave it so."""


class HowFar(Answer):
    """Records that were looked at, of those that are known; newcomers are on top."""

    done: int
    total: int


class Count(Answer):
    """How many of a kind."""

    operation: Effect
    side: Side | None
    count: int


class PreviewAnswer(CursorPage[ForeseenAnswer]):
    """What a sync would do, in its order; kept for a day."""

    id: int
    workspace_id: int
    state: Progress
    reason: str | None
    """Why it failed, or what it waits for."""
    progress: HowFar
    settings: SettingsAnswer
    counts: list[Count]
    actor: str | None
    asked_at: str
    ended_at: str | None


class ExplanationAnswer(Answer):
    """How a record stands in one workspace, in plain words."""

    workspace_id: int
    mapping_id: int | None
    entity_type: EntityType | None
    entity_id: int | None
    notion_page_id: str | None
    made_again_as: int | None
    """The id that the record has now, where that which was asked about was deleted and made again."""
    verdict: Verdict
    because: str
    to_do: str | None
    since: str | None
    """In step: since when both sides say the same. A deletion that waits: since when. Deleted: `last_change_at`.

    Else: `last_sync_at`.
    """
    last_sync_at: str | None
    """The last look that agreed on something. One that finds nothing new leaves no trace."""
    last_change_at: str | None
    """The last write."""
    error: str | None


class Explanations(Answer):
    """How a record stands in each workspace of the caller."""

    items: list[ExplanationAnswer]


class FiguresAnswer(Answer):
    """What one day came to, for one kind of record in one workspace."""

    workspace_id: int
    day: str
    entity_type: EntityType | None
    succeeded: int
    failed: int
    unfinished: int
    success_rate: float | None
    created: int
    updated: int
    deleted: int
    conflicts: int
    edits_in_navimpact: int
    edits_in_notion: int
    mean_ms: int | None
    p95_ms: int | None
    """To within a fifth, as all percentiles here."""
    arrival_mean_ms: int | None
    """From a person's edit, by the clock of its side, to the end of the write that carried it over."""
    arrival_p50_ms: int | None
    arrival_p95_ms: int | None
    notion_calls: int | None
    """Requests of the whole workspace: told where `entity_type` is null."""


class AnalyticsAnswer(Answer):
    """Figures of days, oldest first."""

    items: list[FiguresAnswer]


class TemplateAnswer(Answer):
    """What pages of a workspace may start with."""

    workspace_id: int
    name: str
    entity_type: EntityType | None
    title: str
    body: str
    built_in: bool
    """Every workspace has it; changed, it is the workspace's own until that is deleted."""
    placeholders: list[str]
    """Names that may stand in it."""


class TemplateDeleted(Answer):
    """What was done."""

    message: str


class PageFromTemplate(Answer):
    """A page that was made, or is to be: then `run_id` leads to it, in the history."""

    message: str
    template_id: str | None
    """The page's id; null: it is not made yet."""
    template_url: str | None
    run_id: str
    done: bool
    ignored: list[str]
    """Names in `project_data` that are no field of the record, perhaps mistyped: the page shows nothing of them."""
