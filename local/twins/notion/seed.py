"""What is in the twin when nobody has done anything yet?"""

from typing import Final

from local.twins.notion import richtext
from local.twins.notion.ids import Minter
from local.twins.notion.records import Bot, Page, ParentRef, Person, Plan, UserRef, Workspace
from local.twins.notion.state import Store

WORKSPACE_ID: Final = "231674b6-2cc1-46bc-b742-c5c9fe4b9c73"
ROOT_PAGE_ID: Final = "393abc1e-edcd-80f3-813b-e205934558c6"
BOT_ID: Final = "7775f3a3-893f-43fa-b625-460c61094c78"
PERSON_ID: Final = "1f0d872b-594c-4c3e-9d7e-0002a6d1e5b7"
_PREFIX: Final = "393abc1e-edcd"


def plant(store: Store, plan: Plan, now: float) -> None:
    """The first workspace: one person, one page to connect."""
    store.put(Workspace(WORKSPACE_ID, "Impact Films", plan, _PREFIX))
    store.put(Person(PERSON_ID, WORKSPACE_ID, "Maya Okafor", "maya@impactfilms.example"))
    _root_page(store, WORKSPACE_ID, PERSON_ID, ROOT_PAGE_ID, "NavSync home", now)


def another(store: Store, minter: Minter, name: str, plan: Plan, now: float) -> Workspace:
    """One more workspace with a person and a page of its own."""
    workspace = Workspace(minter.plain(), name, plan, minter.prefix())
    person = Person(minter.plain(), workspace.id, f"{name} editor", "editor@workspace.example")
    store.put(workspace)
    store.put(person)
    _root_page(store, workspace.id, person.id, minter.page(workspace.prefix), f"{name} home", now)
    return workspace


def bot_of(store: Store, minter: Minter, workspace_id: str, name: str, owner_id: str | None) -> Bot:
    """The connection's bot in a workspace, made when it is needed first; an internal one has no owner."""
    internal = owner_id is None
    known = (bot for bot in store.all(Bot) if bot.workspace_id == workspace_id and bot.internal == internal)
    found = next(known, None)
    if found is not None:
        return found
    fixed = workspace_id == WORKSPACE_ID and store.get(Bot, BOT_ID) is None
    return Bot(BOT_ID if fixed else minter.plain(), workspace_id, name, owner_id)


def _root_page(store: Store, workspace_id: str, person_id: str, page_id: str, title: str, now: float) -> None:
    maker = UserRef(person_id, "person")
    page = Page(
        id=page_id,
        workspace_id=workspace_id,
        parent=ParentRef("workspace", workspace_id),
        number=store.next_number(),
        created_at=now,
        edited_at=now,
        created_by=maker,
        edited_by=maker,
        values={"title": richtext.text(title)},
    )
    store.put(page)
