"""What the twin remembers: the things of a Notion workspace as frozen values."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from local.twins.notion import ids
from local.twins.notion.wire import JsonArray, JsonObject

type Plan = Literal["free", "plus", "business", "enterprise"]
type ParentKind = Literal["workspace", "page", "data_source", "block"]
type UserKind = Literal["person", "bot"]
type Capability = Literal[
    "read_content",
    "insert_content",
    "update_content",
    "read_comment",
    "insert_comment",
    "read_user_with_email",
    "read_user_without_email",
]
"""What a connection may do, in the names that introspection answers."""
EVERY_CAPABILITY: Final[tuple[Capability, ...]] = get_args(Capability.__value__)
type UploadMode = Literal["single_part", "multi_part", "external_url"]
type UploadStatus = Literal["pending", "uploaded", "expired", "failed"]

UPLOAD_GOOD_FOR_S: Final = 3600
_SWEPT_AT_S: Final = 300


@dataclass(frozen=True)
class Workspace:
    """One Notion workspace; *prefix* starts the ids of its pages."""

    id: str
    name: str
    plan: Plan
    prefix: str
    icon: str | None = None

    @property
    def largest_file(self) -> int:
        """How many bytes an uploaded file may have."""
        return 5_242_880 if self.plan == "free" else 5_368_709_120


@dataclass(frozen=True)
class Person:
    """A member of a workspace."""

    id: str
    workspace_id: str
    name: str
    email: str
    avatar_url: str | None = None


@dataclass(frozen=True)
class Bot:
    """The connection in one workspace; sees *shared* pages and all below them but *withheld* ones.

    *owner_id* is the person who authorized it last; None for an internal connection, which sees everything.
    """

    id: str
    workspace_id: str
    name: str
    owner_id: str | None
    shared: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = EVERY_CAPABILITY

    def may(self, capability: Capability) -> bool:
        """Whether the connection was given a capability; users with their addresses include users without."""
        implied = capability == "read_user_without_email" and "read_user_with_email" in self.capabilities
        return implied or capability in self.capabilities

    @property
    def internal(self) -> bool:
        """Whether the workspace made this connection for itself, without OAuth."""
        return self.owner_id is None


@dataclass(frozen=True)
class Token:
    """A pair of tokens; *id* is the access token."""

    id: str
    refresh: str | None
    bot_id: str
    issued_at: float
    dies_at: float | None = None


@dataclass(frozen=True)
class Code:
    """An authorization code, good for one exchange."""

    id: str
    workspace_id: str
    person_id: str
    pages: tuple[str, ...]
    redirect_uri: str | None
    expires_at: float


@dataclass(frozen=True)
class UserRef:
    """Who did something."""

    id: str
    kind: UserKind


@dataclass(frozen=True)
class ParentRef:
    """Where a page or database lives; *id* is the workspace's own id at the top."""

    kind: ParentKind
    id: str


@dataclass(frozen=True)
class Property:
    """A column; *id* in its plain form, *config* as answers show it under the type's key."""

    id: str
    name: str
    type: str
    config: JsonObject = field(default_factory=dict)

    @property
    def encoded_id(self) -> str:
        """The id as answers show it."""
        return ids.encoded(self.id)


@dataclass(frozen=True)
class Page:
    """A page or row; *values* by plain property id, absent where never set.

    Options are remembered by id, people and relations as ids, everything else as answers show it. *number* orders
    pages by creation. *children* are the ids of what is on the page, in order; child pages and databases that it does
    not name come last.
    """

    id: str
    workspace_id: str
    parent: ParentRef
    number: int
    created_at: float
    edited_at: float
    created_by: UserRef
    edited_by: UserRef
    values: dict[str, Any]
    icon: JsonObject | None = None
    cover: JsonObject | None = None
    in_trash: bool = False
    is_archived: bool = False
    is_locked: bool = False
    children: tuple[str, ...] = ()
    is_template: bool = False


@dataclass(frozen=True)
class Block:
    """A piece of a page's content; *content* as answers show it under the type's key, *children* as of a page."""

    id: str
    workspace_id: str
    parent: ParentRef
    type: str
    content: JsonObject
    created_at: float
    edited_at: float
    created_by: UserRef
    edited_by: UserRef
    children: tuple[str, ...] = ()
    in_trash: bool = False


@dataclass(frozen=True)
class Database:
    """A container of data sources."""

    id: str
    workspace_id: str
    parent: ParentRef
    created_at: float
    edited_at: float
    created_by: UserRef
    edited_by: UserRef
    title: JsonArray
    data_source_ids: tuple[str, ...]
    description: JsonArray = field(default_factory=list)
    is_inline: bool = False
    in_trash: bool = False
    is_locked: bool = False
    icon: JsonObject | None = None
    cover: JsonObject | None = None


@dataclass(frozen=True)
class DataSource:
    """A table: its columns; the rows are pages."""

    id: str
    workspace_id: str
    database_id: str
    created_at: float
    edited_at: float
    created_by: UserRef
    edited_by: UserRef
    title: JsonArray
    schema: tuple[Property, ...]
    description: JsonArray = field(default_factory=list)
    icon: JsonObject | None = None
    cover: JsonObject | None = None
    in_trash: bool = False
    default_template: str | None = None

    def property(self, key: str) -> Property | None:
        """The column with this name or id, in either spelling of the id."""
        return next((column for column in self.schema if key in (column.name, column.id, column.encoded_id)), None)


@dataclass(frozen=True)
class Subscription:
    """The connection's webhook subscription, as the developer portal keeps it."""

    id: str
    url: str
    token: str
    state: Literal["pending", "active", "paused"]
    api_version: str = "2026-03-11"


@dataclass(frozen=True)
class PendingTemplate:
    """A page that a template is still to be applied to, in the name of who asked for it; *id* is the page's."""

    id: str
    template_id: str
    author: UserRef
    ready_at: float


@dataclass(frozen=True)
class AsyncTask:
    """A write that was answered before it was said to be done; *outcome* is its `result` or its `error`."""

    id: str
    workspace_id: str
    created_at: float
    ready_at: float
    operation: str
    outcome: JsonObject


@dataclass(frozen=True)
class Comment:
    """One comment of a discussion on a page or block; *number* orders those of a minute.

    *attachments* are the ids of uploads, *display_name* as answers show it.
    """

    id: str
    workspace_id: str
    parent: ParentRef
    discussion_id: str
    number: int
    created_at: float
    edited_at: float
    created_by: UserRef
    rich_text: JsonArray
    display_name: JsonObject
    attachments: tuple[str, ...] = ()
    resolved: bool = False


@dataclass(frozen=True)
class View:
    """One way to look at a data source; *settings* are filter, sorts, quick filters and configuration, as given.

    *position* orders the tabs of a database; *dashboard_id* is the view that this one is a widget of.
    """

    id: str
    workspace_id: str
    database_id: str
    data_source_id: str
    name: str
    type: str
    created_at: float
    edited_at: float
    created_by: UserRef
    edited_by: UserRef
    settings: JsonObject
    position: float
    dashboard_id: str | None = None


@dataclass(frozen=True)
class ViewQuery:
    """The rows that a view showed when it was queried, kept for a quarter of an hour."""

    id: str
    workspace_id: str
    view_id: str
    created_at: float
    expires_at: float
    page_ids: tuple[str, ...]
    cut: bool = False


@dataclass(frozen=True)
class FileUpload:
    """A file on its way into the workspace; *ready_at* is when the import of an external one ends.

    *parts* is how many parts were announced, 1 but for multi-part uploads; *length* is known once it is whole.
    """

    id: str
    workspace_id: str
    number: int
    mode: UploadMode
    created_at: float
    edited_at: float
    created_by: UserRef
    filename: str | None
    content_type: str | None
    parts: int = 1
    length: int | None = None
    external_url: str | None = None
    ready_at: float | None = None
    attached: bool = False

    @property
    def unreachable(self) -> bool:
        """Whether the import of an external file fails; the twin fetches nothing and goes by the reserved domain."""
        host = (self.external_url or "").removeprefix("https://").partition("/")[0]
        return host.endswith(".invalid")

    @property
    def swept_at(self) -> float:
        """When it expires if nothing refers to it: at five past, once its hour is over."""
        over = self.created_at + UPLOAD_GOOD_FOR_S
        return over + (_SWEPT_AT_S - over) % 3600

    def arrival(self, now: float) -> UploadStatus:
        """Whether the file is there, expired or not."""
        if self.ready_at is not None and now >= self.ready_at:
            return "failed" if self.unreachable else "uploaded"
        return "pending" if self.length is None else "uploaded"

    def status(self, now: float) -> UploadStatus:
        """How far it is."""
        return "expired" if now >= self.swept_at and not self.attached else self.arrival(now)


@dataclass(frozen=True)
class FilePart:
    """The bytes of one part of an upload, in Base64; *id* is the upload's, a colon and the part's number."""

    id: str
    upload_id: str
    number: int
    data: str


@dataclass(frozen=True)
class CustomEmoji:
    """An emoji that the people of a workspace made."""

    id: str
    workspace_id: str
    name: str
    url: str


type Record = (
    Workspace | Person | Bot | Token | Code | Page | Block | Database | DataSource | Subscription | AsyncTask
    | PendingTemplate | Comment | View | ViewQuery | FileUpload | FilePart | CustomEmoji
)  # fmt: skip

KINDS: Final[tuple[type[Record], ...]] = (
    Workspace, Person, Bot, Token, Code, Page, Block, Database, DataSource, Subscription, AsyncTask,
    PendingTemplate, Comment, View, ViewQuery, FileUpload, FilePart, CustomEmoji,
)  # fmt: skip
