"""What is on a page, read as a tree and changed into another one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from local.twins.notion import decor, hosting, ids, kinds, markdown, objects, richtext
from local.twins.notion.nodes import Node, walk
from local.twins.notion.records import Block, Database, Page, ParentRef
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, Child, Container, World


def tree(world: World, container: Container) -> tuple[Node, ...]:
    """Everything on a page or below a block that is not in the trash."""
    return tuple(node(world, child) for child in world.inside(container) if not child.in_trash)


def markdown_of(world: World, page: Page) -> str:
    """A page's whole content as markdown."""
    return markdown.write(tree(world, page), page.id)


def node(world: World, child: Child) -> Node:
    """One block with everything below it; of a child page or database only its title and link."""
    match child:
        case Block():
            return Node(child.type, hosting.linked(world, child.content), tree(world, child), child.id)
        case Page():
            title = objects.title(world, child)
            return Node("child_page", {"title": title, "url": ids.link(child.id, title)}, (), child.id)
        case Database():
            title = richtext.plain(child.title)
            return Node("child_database", {"title": title, "url": ids.link(child.id)}, (), child.id)


def plant(caller: Caller, page: Page, nodes: tuple[Node, ...]) -> Page:
    """Give a new page its content, which nobody need be told apart from the page itself."""
    after = _Rewriting(caller, set()).arranged(page, nodes)
    caller.world.store.put(after)
    return after


def rewrite(caller: Caller, page: Page, nodes: tuple[Node, ...]) -> Page:
    """Make a page's content exactly *nodes*: known ids stay, others are new, what is missing goes into the trash."""
    rewriting = _Rewriting(caller, {node.id for node in walk(nodes) if node.id})
    after = rewriting.arranged(page, nodes)
    return touch(caller, after, rewriting.changed)


def insert(caller: Caller, container: Container, nodes: Iterable[Node], at: int | None) -> list[Child]:
    """Put new blocks among those of a container, at the end without a position; what was put there."""
    rewriting = _Rewriting(caller, set())
    here = [child.id for child in caller.world.inside(container)]
    at = len(here) if at is None else at
    fresh = [rewriting.planted(container, node) for node in nodes]
    _store(caller, replace(container, children=(*here[:at], *fresh, *here[at:])), fresh)
    return [found for identifier in fresh if (found := caller.world.child(identifier))]


def place(caller: Caller, container: Container, child_id: str, at: int) -> None:
    """Give a child that is in a container already the place *at* among the others."""
    others = [child.id for child in caller.world.inside(container) if child.id != child_id]
    caller.world.store.put(replace(container, children=(*others[:at], child_id, *others[at:])))


def change(caller: Caller, block: Block, **changes: object) -> Block:
    """Change one block; a restored one that lost its place comes back at the end."""
    after = replace(block, edited_at=caller.now, edited_by=caller.author, **changes)  # type: ignore[arg-type]  # a block's own fields
    caller.world.store.put(after)
    container = caller.world.container(after)
    if isinstance(container, Page | Block):
        lost = () if after.id in container.children else (after.id,)
        _store(caller, replace(container, children=(*container.children, *lost)), [after.id])
    return after


def attach(caller: Caller, before: JsonObject, after: JsonObject) -> None:
    """Refer to the upload that a block's new content names, if it is another one than before."""
    upload = after.get("file_upload")
    if upload and upload != before.get("file_upload"):
        caller.attach(upload["id"])
    if after.get("icon") != before.get("icon"):
        decor.admit(caller, after)


def touch(caller: Caller, page: Page, changed: Iterable[str]) -> Page:
    """Note that content of a page changed: its time of editing moves, and a webhook follows."""
    if caller.bot is None or caller.world.switches.block_edits_touch_page:
        page = replace(page, edited_at=caller.now, edited_by=caller.author)
    caller.world.store.put(page)
    if blocks := tuple(dict.fromkeys(changed)):
        caller.tell("page.content_updated", page, blocks=blocks)
    return page


def _store(caller: Caller, container: Container, changed: Iterable[str]) -> None:
    """Keep a container whose children changed, and note it on its page."""
    if isinstance(container, Block):
        caller.world.store.put(container)
    page = container if isinstance(container, Page) else caller.world.home(container)
    if page is not None:
        touch(caller, page, changed)


@dataclass
class _Rewriting:
    """One change of a page's content; *kept* are the ids that have a place in the new one."""

    caller: Caller
    kept: set[str]
    changed: list[str] = field(default_factory=list)

    def arranged[C: (Page, Block)](self, container: C, nodes: Iterable[Node]) -> C:
        """The container with *nodes* as its children, not yet stored itself."""
        before = [child for child in self.caller.world.inside(container) if not child.in_trash]
        order = tuple(self.planted(container, node) for node in nodes)
        for child in before:
            if child.id not in self.kept:
                self._trash(child)
        same = order == tuple(child.id for child in before)
        return container if same else replace(container, children=order)

    def planted(self, container: Container, node: Node) -> str:
        """The id of a node's block, which is made, moved or changed to be as the node says."""
        known = self.caller.world.child(node.id) if node.id else None
        parent = ParentRef("page" if isinstance(container, Page) else "block", container.id)
        if isinstance(known, Page | Database):
            self._move(known, parent)
            return known.id
        before = known or self._new(parent, node)
        content = kinds.filled(before.type, node.content, before.content)
        attach(self.caller, before.content, content)
        after = self.arranged(replace(before, parent=parent, content=content), node.children)
        if after != known:
            self.changed.append(after.id)
            after = replace(after, edited_at=self.caller.now, edited_by=self.caller.author)
            self.caller.world.store.put(after)
        return after.id

    def _new(self, parent: ParentRef, node: Node) -> Block:
        caller = self.caller
        return Block(
            id=caller.world.minter.page(caller.workspace.prefix),
            workspace_id=caller.workspace.id,
            parent=parent,
            type=node.type,
            content={},
            created_at=caller.now,
            edited_at=caller.now,
            created_by=caller.author,
            edited_by=caller.author,
        )

    def _move(self, child: Page | Database, parent: ParentRef) -> None:
        if child.parent != parent:
            self.changed.append(child.id)
            self.caller.world.store.put(replace(child, parent=parent))

    def _trash(self, child: Child) -> None:
        self.changed.append(child.id)
        after = replace(child, in_trash=True, edited_at=self.caller.now, edited_by=self.caller.author)
        self.caller.world.store.put(after)
        if isinstance(after, Page | Database):
            self.caller.tell("page.deleted" if isinstance(after, Page) else "database.deleted", after)
