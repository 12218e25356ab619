"""What the twin remembers: the things of a Notion workspace as frozen values."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from local.twins.notion import ids
from local.twins.notion.wire import JsonArray, JsonObject

type Plan = Literal["free", "plus", "business", "enterprise"]
type ParentKind = Literal["workspace", "page", "data_source", "block"]
type UserKind = Literal["person", "bot"]


@dataclass(frozen=True)
class Workspace:
    """One Notion workspace; *prefix* starts the ids of its pages."""

    id: str
    name: str
    plan: Plan
    prefix: str
    icon: str | None = None


@dataclass(frozen=True)
class Person:
    """A member of a workspace."""

    id: str
    workspace_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Bot:
    """The connection in one workspace; sees *shared* pages and all below them.

    *owner_id* is the person who authorized it last; None for an internal connection, which sees everything.
    """

    id: str
    workspace_id: str
    name: str
    owner_id: str | None
    shared: tuple[str, ...] = ()

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
class AsyncTask:
    """A write that was answered before it was said to be done; *outcome* is its `result` or its `error`."""

    id: str
    workspace_id: str
    created_at: float
    ready_at: float
    operation: str
    outcome: JsonObject


type Record = Workspace | Person | Bot | Token | Code | Page | Block | Database | DataSource | Subscription | AsyncTask

KINDS: Final[tuple[type[Record], ...]] = (
    Workspace, Person, Bot, Token, Code, Page, Block, Database, DataSource, Subscription, AsyncTask,
)  # fmt: skip
