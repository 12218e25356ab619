"""Blocks: looked at, added, changed, trashed and restored; pages and databases too, under the name of blocks."""

from local.twins.notion import bodies, contents, databases, errors, ids, kinds, objects, pages, places
from local.twins.notion.errors import validation
from local.twins.notion.records import Block, Database, Page
from local.twins.notion.requests import Ask, page_size_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Caller, Child, Container


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/blocks/{block_id}."""
    return objects.block(caller, caller.block(ask.path["block_id"]))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/blocks/{block_id}: named parts of its content are replaced; its type and place never change."""
    findings = caller.findings()
    block = caller.block(ask.path["block_id"])
    wanted_trash = pages.trash_flag(caller, ask, findings, ("type", "in_trash", *kinds.CHANGEABLE))
    content = _new_content(block, ask, findings)
    findings.check()
    if caller.world.trashed(block) and wanted_trash is None:
        raise errors.in_trash()
    if wanted_trash is not None:
        block = _in_trash(caller, block, wanted_trash)
    if content is not None and isinstance(block, Block):
        contents.attach(caller, block.content, content)
        block = contents.change(caller, block, content=content)
    return objects.block(caller, block)


def delete(caller: Caller, ask: Ask) -> JsonObject:
    """DELETE /v1/blocks/{block_id}: into the trash, from where it can be restored."""
    return objects.block(caller, _in_trash(caller, caller.block(ask.path["block_id"]), True))


def children(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/blocks/{block_id}/children: one level, what is in the trash left out."""
    container = _original(caller, _container(caller, ask))
    findings = caller.findings("query")
    size = page_size_of_query(ask, findings)
    findings.check()
    rest = _from(caller, container, ask.parameter("start_cursor"))
    live = [child for child in rest if not child.in_trash]
    following = live[size].id if len(live) > size else None
    return _list(caller, live[:size], following)


def append(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/blocks/{block_id}/children: new blocks at a place; the answer has the first level only."""
    findings = caller.findings()
    where = "after" if caller.version == "2025-09-03" else "position"
    findings.only(ask.body, ("children", where), "body")
    nodes = bodies.children(ask.get("children"), findings, kinds.made_by(caller))
    findings.check()
    container = _container(caller, ask)
    if caller.world.trashed(container):
        raise errors.in_trash()
    if misplaced := [node.type for node in nodes if not _takes(container, node.type)]:
        raise validation(f"Blocks of type {', '.join(dict.fromkeys(misplaced))} are not supported as children here.")
    at = places.index(caller, container, ask.body.get(where), f"body.{where}")
    return _list(caller, contents.insert(caller, container, nodes, at), None)


def _container(caller: Caller, ask: Ask) -> Container:
    found = caller.block(ask.path["block_id"])
    if isinstance(found, Database):
        raise validation("Databases have no children; query their data sources.")
    return found


def _original(caller: Caller, container: Container) -> Container:
    """A synced block shows what its original holds; nothing, where that is not shared."""
    content = container.content if isinstance(container, Block) and container.type == "synced_block" else {}
    if not content.get("synced_from"):
        return container
    found = caller.world.store.get(Block, content["synced_from"]["block_id"])
    return found if found is not None and caller.sees(found) else container


def _takes(container: Container, kind: str) -> bool:
    if isinstance(container, Page):
        return kind not in ("table_row", "column")
    return kinds.may_hold(container.type, container.content, kind)


def _new_content(block: Child, ask: Ask, findings: Findings) -> JsonObject | None:
    named = [kind for kind in kinds.CHANGEABLE if kind in ask.body]
    if not named:
        return None
    if not isinstance(block, Block):
        raise validation("Only the trash state of a page or database can be changed here; use its own endpoint.")
    if named != [block.type]:
        raise validation(f"The type of a block cannot be changed: it is {block.type}.")
    raw = findings.mapping(ask.body[block.type], f"body.{block.type}")
    said = kinds.read(block.type, raw, f"body.{block.type}", findings, all_of_it=False)
    return kinds.filled(block.type, said, block.content)


def _in_trash(caller: Caller, found: Child, wanted: bool) -> Child:
    match found:
        case Page():
            return pages.trash(caller, found) if wanted else pages.restore(caller, found)
        case Database():
            return databases.trash(caller, found) if wanted else databases.restore(caller, found)
        case Block() if wanted and caller.world.trashed(found) and caller.world.switches.trash_twice == "refused":
            raise errors.in_trash()
        case Block():
            return contents.change(caller, found, in_trash=wanted)


def _from(caller: Caller, container: Container, cursor: str | None) -> list[Child]:
    """What follows a cursor, which is the id of the first block that has not been shown."""
    children = caller.world.inside(container)
    if cursor is None:
        return children
    wanted = ids.parse(cursor)
    at = next((index for index, child in enumerate(children) if child.id == wanted), None)
    if at is None:
        raise errors.bad_cursor("query", cursor, caller.world.switches.cursor_wording)
    return children[at:]


def _list(caller: Caller, shown: list[Child], following: str | None) -> JsonObject:
    results: JsonArray = [objects.block(caller, child) for child in shown]
    return {
        "object": "list",
        "results": results,
        "next_cursor": following,
        "has_more": following is not None,
        "type": "block",
        "block": {},
    }
