"""A page's body as markdown: read, and edited by commands."""

from local.twins.notion import async_tasks, bodies, contents, errors, kinds, markdown, rewriting
from local.twins.notion.errors import validation
from local.twins.notion.markdown import editing
from local.twins.notion.nodes import Node, capped, walk
from local.twins.notion.records import Database, Page
from local.twins.notion.requests import Ask
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, Container

OPERATION = "PATCH /v1/pages/:page_id/markdown"
_PROTECTED = ("child_page", "child_database")

type Nodes = tuple[Node, ...]


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/pages/{page_id}/markdown, of a page or of one block with what is below it."""
    found = _readable(caller, ask.path["page_id"])
    if isinstance(found, Page):
        return _shown(caller, found.id, found.id, contents.tree(caller.world, found))
    home = caller.world.home(found)
    return _shown(caller, found.id, home.id if home else "", (contents.node(caller.world, found),))


def update(caller: Caller, ask: Ask) -> JsonObject:
    """PATCH /v1/pages/{page_id}/markdown; answers the whole page as it is then."""
    findings = caller.findings()
    given = editing.command(ask.body, findings)
    wants_task = findings.boolean(ask.body.get("allow_async", False), "body.allow_async")
    findings.check()
    caller.require("insert_content" if ask.body["type"] == "insert_content" else "update_content")
    page = _writable(caller, ask.path["page_id"])
    if wants_task:
        return async_tasks.start(caller, OPERATION, lambda: _edit(caller, page, ask.body["type"], given))
    return _edit(caller, page, ask.body["type"], given)


def _edit(caller: Caller, page: Page, kind: str, given: JsonObject) -> JsonObject:
    before = contents.tree(caller.world, page)
    seen = markdown.write(_capped(caller, before)[0], page.id)
    text = editing.edited(seen, kind, given, caller.world.switches.unmatched_updates)
    wanted = rewriting.known(markdown.read(text), before)
    if not given.get("allow_deleting_content"):
        _refuse_losing(before, wanted)
    if kind != "replace_content" or caller.bot is None:  # a person edits in place, whatever the page's form sends
        wanted = rewriting.keeping(wanted, before, page.id)
    if caller.bot is not None:
        _refuse_long(caller, before, wanted)
    after = contents.rewrite(caller, page, wanted)
    return _shown(caller, page.id, page.id, contents.tree(caller.world, after))


def _refuse_long(caller: Caller, before: Nodes, wanted: Nodes) -> None:
    findings = caller.findings()
    bodies.fitting(wanted, findings, before)
    findings.check()


def _refuse_losing(before: Nodes, wanted: Nodes) -> None:
    kept = {node.id for node in walk(wanted)}
    lost = [node for node in walk(before) if node.type in _PROTECTED and node.id not in kept]
    if lost:
        names = ", ".join(f"{node.content['title'] or 'Untitled'} ({node.id})" for node in lost)
        raise validation(
            f"This operation would delete child pages or databases: {names}. "
            "Set allow_deleting_content to true to proceed."
        )


def _readable(caller: Caller, identifier: str) -> Container:
    found = caller.world.child(identifier)
    if found is None or not caller.sees(found):
        raise caller.not_found("page", identifier)
    if isinstance(found, Database):
        raise validation("The provided ID is a database, which has no markdown; query its data sources.")
    return found


def _writable(caller: Caller, identifier: str) -> Page:
    found = _readable(caller, identifier)
    if not isinstance(found, Page):
        raise validation("The provided ID is a block; only pages can be updated as markdown.")
    if caller.world.trashed(found):
        raise errors.in_trash()
    return found


def _shown(caller: Caller, identifier: str, page_id: str, nodes: Nodes) -> JsonObject:
    loaded, missing = _capped(caller, nodes)
    unsupported = [node.id for node in walk(loaded) if node.type in kinds.NOT_IN_MARKDOWN]
    told = unsupported if caller.world.switches.unknown_lists_unsupported else []
    return {
        "object": "page_markdown",
        "id": identifier,
        "markdown": markdown.write(loaded, page_id),
        "truncated": bool(missing),
        "unknown_block_ids": [*told, *missing],
    }


def _capped(caller: Caller, nodes: Nodes) -> tuple[Nodes, list[str]]:
    return capped(nodes, caller.world.switches.markdown_block_cap)
