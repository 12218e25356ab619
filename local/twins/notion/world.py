"""What may this caller see and change, and what follows from a change?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from local.twins.notion import errors
from local.twins.notion.config import Config
from local.twins.notion.ids import Minter
from local.twins.notion.properties import Reading, Writing
from local.twins.notion.records import (
    Block,
    Bot,
    Capability,
    Comment,
    Database,
    DataSource,
    FileUpload,
    Page,
    ParentRef,
    Person,
    Property,
    UserRef,
    View,
    Workspace,
)
from local.twins.notion.state import Store
from local.twins.notion.switches import Switches
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject

DAY_S: Final = 86_400

type Entity = Page | Database | DataSource
type Thing = Entity | Block
type Told = Entity | Comment | View
type Container = Page | Block
type Child = Page | Database | Block
type Version = Literal["2025-09-03", "2026-03-11"]


@dataclass(frozen=True)
class Changed:
    """Something that a webhook may tell about; *properties* and *columns* only where the type carries them."""

    type: str
    entity: Told
    author: UserRef
    at: float
    properties: tuple[str, ...] = ()
    columns: tuple[JsonObject, ...] = ()
    blocks: tuple[str, ...] = ()


@dataclass
class World:
    """The records with the rules around them; *changes* of the running request become webhooks when it succeeds."""

    store: Store
    switches: Switches
    config: Config
    minter: Minter
    changes: list[Changed] = field(default_factory=list)
    query_cache: dict[tuple[str, int, str], list[Page]] = field(default_factory=dict)
    origin: str = "https://api.notion.com"
    """Where the running request found the API, for the addresses in its answer."""
    now: float = 0.0
    """The moment of the running request, for the links in its answer that are good for an hour."""

    def rows_as_of(self, source_id: str, moment: float | None) -> list[Page]:
        """The rows, oldest first: as they are, or as they were at a moment of the recent past."""
        rows = [page for page in self.store.pages_in(source_id) if not page.is_template]
        if moment is None:
            return rows
        return [seen for row in rows if (seen := self.store.version_at(row, moment)) is not None]

    def lineage(self, thing: Thing) -> Iterator[Thing]:
        """The thing itself, then what contains it, up to the top of the workspace."""
        current: Thing | None = thing
        while current is not None:
            yield current
            current = self.container(current)

    def container(self, thing: Thing | Comment | View) -> Thing | None:
        """What directly contains a thing; None at the top."""
        if isinstance(thing, DataSource | View):
            return self.store.get(Database, thing.database_id)
        return self._parent(thing.parent)

    def home(self, block: Child) -> Page | None:
        """The page that something is on; a page is on another one, or on none."""
        above = self.lineage(block)
        next(above)
        return next((thing for thing in above if isinstance(thing, Page)), None)

    def inside(self, container: Container) -> list[Child]:
        """What is directly on a page or below a block, in order, what is in the trash included."""
        named = [self.child(identifier) for identifier in container.children]
        here = [child for child in named if child is not None and child.parent.id == container.id]
        others: list[Child] = [*self.store.pages_in(container.id), *self.store.databases_in(container.id)]
        return here + [other for other in others if other.id not in container.children]

    def child(self, identifier: str) -> Child | None:
        """The block, page or database with this id."""
        block = self.store.get(Block, identifier)
        return block or self.store.get(Page, identifier) or self.store.get(Database, identifier)

    def _parent(self, parent: ParentRef) -> Thing | None:
        match parent.kind:
            case "workspace":
                return None
            case "page":
                return self.store.get(Page, parent.id)
            case "data_source":
                return self.store.get(DataSource, parent.id)
            case "block":
                return self.store.get(Block, parent.id)

    def trashed(self, thing: Thing) -> bool:
        """Whether a thing, or anything that contains it, is in the trash."""
        return any(part.in_trash for part in self.lineage(thing))

    def sees(self, bot: Bot, thing: Thing) -> bool:
        """Whether a connection was given this thing or something that contains it; the nearest word on it counts."""
        if bot.workspace_id != thing.workspace_id:
            return False
        said = (part.id in bot.shared for part in self.lineage(thing) if part.id in (*bot.shared, *bot.withheld))
        return next(said, bot.internal)

    def gone(self, thing: Thing, now: float) -> bool:
        """Whether a thing, or anything that contains it, was in the trash for so long that it is there no more."""
        latest = now - self.switches.trash_days * DAY_S
        return any(part.in_trash and part.edited_at <= latest for part in self.lineage(thing))

    @contextmanager
    def within_free_plan(self, workspace: Workspace) -> Iterator[None]:
        """Refuse what would make more blocks than several people have without a paid plan.

        Raises:
            ApiError: 403.
        """
        if not self._counts_blocks(workspace):
            yield
            return
        before = self._blocks_made(workspace)
        yield
        if before < (made := self._blocks_made(workspace)) and made > self.switches.free_block_limit:
            raise errors.free_blocks_used_up()

    def _counts_blocks(self, workspace: Workspace) -> bool:
        members = sum(person.workspace_id == workspace.id for person in self.store.all(Person))
        return workspace.plan == "free" and members > 1

    def _blocks_made(self, workspace: Workspace) -> int:
        made: list[Block | Page] = [*self.store.all(Block), *self.store.all(Page)]
        return sum(one.workspace_id == workspace.id for one in made)

    def find(self, identifier: str) -> Thing | None:
        """The page, block, database or data source with this id."""
        return self.child(identifier) or self.store.get(DataSource, identifier)

    def title_column(self, page: Page) -> Property:
        """Where the page's title is."""
        return next(column for column in self.columns(page) if column.type == "title")

    def columns(self, page: Page) -> tuple[Property, ...]:
        """The properties that a page has: its data source's columns, or only a title."""
        source = self.store.get(DataSource, page.parent.id) if page.parent.kind == "data_source" else None
        return source.schema if source else (TITLE_ONLY,)


TITLE_ONLY = Property("title", "title", "title")


@dataclass(frozen=True)
class Caller:
    """Who makes a request, in which version and at what twin time (seconds since 1970).

    *bot* is the connection whose limits and sight apply; None for a person, who sees the whole workspace.
    """

    world: World
    version: Version
    workspace: Workspace
    author: UserRef
    bot: Bot | None
    now: float

    def page(self, identifier: str) -> Page:
        """The page, or Notion's 404."""
        return self._seen(self.world.store.get(Page, identifier), "page", identifier)

    def database(self, identifier: str) -> Database:
        """The database, or Notion's 404."""
        return self._seen(self.world.store.get(Database, identifier), "database", identifier)

    def data_source(self, identifier: str) -> DataSource:
        """The data source, or Notion's 404."""
        return self._seen(self.world.store.get(DataSource, identifier), "data source", identifier)

    def block(self, identifier: str) -> Child:
        """The block, page or database behind a block id, or Notion's 404."""
        found = self.world.child(identifier)
        if found is None or not self.sees(found):
            raise self.not_found("block", identifier)
        return found

    def user(self, identifier: str) -> Person | Bot:
        """The user, or Notion's 404."""
        store = self.world.store
        found = store.get(Person, identifier) or store.get(Bot, identifier)
        if found is None or found.workspace_id != self.workspace.id:
            raise self.not_found("user", identifier)
        return found

    def upload(self, identifier: str) -> FileUpload:
        """An upload that this caller made, or Notion's 404."""
        found = self.world.store.get(FileUpload, identifier)
        if found is None or found.created_by.id != self.author.id:
            raise self.not_found("file upload", identifier)
        return found

    def attach(self, identifier: str) -> FileUpload:
        """Refer to an upload from a page, block or comment, which keeps it for good.

        Raises:
            ApiError: it is unknown, or nothing was sent.
        """
        upload = self.upload(identifier)
        if (stage := upload.status(self.now)) != "uploaded":
            raise errors.validation(
                f"File upload {upload.id} cannot be attached: its status is {stage}, it should be uploaded."
            )
        after = replace(upload, attached=True)
        self.world.store.put(after)
        return after

    def sees(self, thing: Thing) -> bool:
        """Whether the caller may know of a thing."""
        if self.world.gone(thing, self.now):
            return False
        if self.bot is None:
            return thing.workspace_id == self.workspace.id
        return self.world.sees(self.bot, thing)

    def require(self, *capabilities: Capability) -> None:
        """Refuse, as Notion does, what the connection was not given; a person may do everything.

        Raises:
            ApiError: 403.
        """
        if self.bot is not None and not all(map(self.bot.may, capabilities)):
            raise errors.insufficient()

    def not_found(self, kind: str, identifier: str) -> errors.ApiError:
        """Notion's 404 for this caller."""
        return errors.not_found(
            kind,
            identifier,
            wording=self.world.switches.not_found_wording,
            connection=self.world.config.connection_name,
            bot_id=self.bot.id if self.bot else None,
        )

    def findings(self, where: str = "body") -> Findings:
        """A collector for what is wrong with a part of the request."""
        return Findings(where, self.world.switches.length_unit)

    def writing(self, columns: tuple[Property, ...], findings: Findings) -> Writing:
        """What reading page values needs."""
        return Writing(
            columns={column.id: column for column in columns},
            findings=findings,
            minter=self.world.minter,
            require_page=lambda page_id: _ignored(self.page(page_id)),
            require_user=lambda user_id: _ignored(self.user(user_id)),
            attach=lambda upload_id: self.attach(upload_id).filename or "Untitled",
        )

    def tell(
        self,
        kind: str,
        entity: Told,
        *,
        properties: tuple[str, ...] = (),
        columns: tuple[JsonObject, ...] = (),
        blocks: tuple[str, ...] = (),
    ) -> None:
        """Note what a webhook may tell about once the request has succeeded."""
        changed = Changed(kind, entity, self.author, self.now, properties, columns, blocks)
        self.world.changes.append(changed)

    def _seen[E: Entity](self, found: E | None, kind: str, identifier: str) -> E:
        if found is None or not self.sees(found):
            raise self.not_found(kind, identifier)
        return found


def _ignored(_value: object) -> None:
    """Turn a look-up that raises into a demand."""


def reading(world: World, viewer: Bot | None = None) -> Reading:
    """What showing page values to a connection needs; a person sees everything."""
    return Reading(
        user=lambda user_id: shown_user_by_id(world, user_id, viewer),
        related=lambda page_id: viewer is None or _shows(world, viewer, page_id),
    )


def _shows(world: World, viewer: Bot, page_id: str) -> bool:
    page = world.store.get(Page, page_id)
    return page is None or world.sees(viewer, page)


def shown_user_by_id(world: World, identifier: str, viewer: Bot | None = None) -> JsonObject:
    """A user in full, or only the id when it is unknown or the viewer may not know users."""
    found = world.store.get(Person, identifier) or world.store.get(Bot, identifier)
    hidden = viewer is not None and not viewer.may("read_user_without_email")
    return {"object": "user", "id": identifier} if found is None or hidden else shown_user(world, found, viewer)


def shown_user(world: World, user: Person | Bot, viewer: Bot | None = None) -> JsonObject:
    """A user as answers show it; addresses only to a viewer that may know them."""
    picture = user.avatar_url if isinstance(user, Person) else None
    head = {"object": "user", "id": user.id, "name": user.name, "avatar_url": picture}
    if isinstance(user, Bot):
        return head | {"type": "bot", "bot": _bot(world, user)}
    if viewer is not None and not viewer.may("read_user_with_email"):
        return head | {"type": "person", "person": {}}
    return head | {"type": "person", "person": {"email": user.email, "email_verified": True}}


def _bot(world: World, bot: Bot) -> JsonObject:
    workspace = world.store.get(Workspace, bot.workspace_id)
    assert workspace is not None  # noqa: S101  # a bot is always made for a workspace
    return {
        "owner": owner(world, bot),
        "workspace_name": workspace.name,
        "workspace_id": workspace.id,
        "workspace_limits": {"max_file_upload_size_in_bytes": workspace.largest_file},
    }


def owner(world: World, bot: Bot) -> JsonObject:
    """Who authorized a connection."""
    person = world.store.get(Person, bot.owner_id) if bot.owner_id else None
    if person is None:
        return {"type": "workspace", "workspace": True}
    return {"type": "user", "user": shown_user(world, person)}
