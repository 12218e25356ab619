"""Templates of a data source: what new rows can start from, some time after they were made."""

from dataclasses import replace
from typing import Final

from local.twins.notion import contents, markdown, objects, richtext
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.nodes import Node
from local.twins.notion.records import Bot, DataSource, Page, ParentRef, PendingTemplate, Person, UserRef, Workspace
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, World

_KINDS: Final = ("none", "default", "template_id")
_KEYS: Final = ("type", "template_id", "timezone")
_CONTENT: Final = ("children", "markdown")


def list_all(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/data_sources/{data_source_id}/templates: those whose name contains `name`."""
    source = caller.data_source(ask.path["data_source_id"])
    wanted = (ask.parameter("name") or "").casefold()
    names = ((page, objects.title(caller.world, page)) for page in _of(caller.world, source))
    found = [(page, name) for page, name in names if wanted in name.casefold()]
    list_id = f"templates:{source.id}:{wanted}"
    window = window_of_query(caller, ask, list_id)
    answer = window.of(found, "template", lambda pair: _shown(source, *pair), list_id=list_id)
    return {"templates": answer["results"], "has_more": answer["has_more"], "next_cursor": answer["next_cursor"]}


def checked(ask: Ask, findings: Findings) -> None:
    """Note what is wrong with the template that a request names."""
    if "template" not in ask.body:
        return
    given = findings.mapping(ask.body["template"], "body.template")
    findings.only(given, _KEYS, "body.template")
    kind = findings.one_of(given.get("type", UNDEFINED), _KINDS, "body.template.type")
    if kind == "template_id":
        findings.uuid(given.get("template_id", UNDEFINED), "body.template.template_id")
    if kind != "none":
        for key in (key for key in _CONTENT if key in ask.body):
            findings.add(f"body.{key}", "not present", ask.body[key])


def start(caller: Caller, ask: Ask, page: Page) -> None:
    """Apply the template that a request names to a page, later."""
    given = ask.body.get("template", {"type": "none"})
    if given["type"] == "none":
        return
    chosen = given["template_id"] if given["type"] == "template_id" else _default(caller, page)
    ready_at = caller.now + caller.world.switches.template_s
    caller.world.store.put(PendingTemplate(page.id, caller.page(chosen).id, caller.author, ready_at))


def waiting(world: World) -> bool:
    """Whether a template is still to be applied."""
    return bool(world.store.all(PendingTemplate))


def apply_due(world: World, now: float) -> None:
    """Apply every template whose moment has come; a page or template that is gone by then is left alone."""
    for pending in world.store.all(PendingTemplate):
        if pending.ready_at <= now:
            world.store.drop(pending)
            page, template = world.store.get(Page, pending.id), world.store.get(Page, pending.template_id)
            if page and template and not world.trashed(page):
                _apply(_in_the_name_of(world, pending, page, now), page, template)


def made(world: World, source: DataSource, name: str, text: str, now: float) -> Page:
    """A new template, as a person makes it."""
    person = next(person for person in world.store.all(Person) if person.workspace_id == source.workspace_id)
    maker = UserRef(person.id, "person")
    workspace = world.store.get(Workspace, source.workspace_id)
    assert workspace is not None  # noqa: S101  # a data source is always made in a workspace
    page = Page(
        id=world.minter.page(workspace.prefix),
        workspace_id=workspace.id,
        parent=ParentRef("data_source", source.id),
        number=world.store.next_number(),
        created_at=now,
        edited_at=now,
        created_by=maker,
        edited_by=maker,
        values={"title": richtext.text(name)},
        is_template=True,
    )
    world.store.put(page)
    return contents.plant(Caller(world, "2026-03-11", workspace, maker, None, now), page, markdown.read(text))


def _default(caller: Caller, page: Page) -> str:
    source = caller.world.store.get(DataSource, page.parent.id)
    if source is None or source.default_template is None:
        raise validation("The data source has no default template.")
    return source.default_template


def _of(world: World, source: DataSource) -> list[Page]:
    return [page for page in world.store.pages_in(source.id) if page.is_template and not page.in_trash]


def _shown(source: DataSource, page: Page, name: str) -> JsonObject:
    return {"id": page.id, "name": name, "is_default": page.id == source.default_template}


def _in_the_name_of(world: World, pending: PendingTemplate, page: Page, now: float) -> Caller:
    workspace = world.store.get(Workspace, page.workspace_id)
    assert workspace is not None  # noqa: S101  # a page is always made in a workspace
    bot = world.store.get(Bot, pending.author.id)
    return Caller(world, "2026-03-11", workspace, pending.author, bot, now)


def _apply(caller: Caller, page: Page, template: Page) -> None:
    """The content of the template comes last on the page; values that the page lacks are the template's."""
    missing = {key: value for key, value in template.values.items() if key not in page.values}
    if missing:
        page = replace(page, values=page.values | missing, edited_at=caller.now, edited_by=caller.author)
        caller.world.store.put(page)
        encoded = tuple(column.encoded_id for column in caller.world.columns(page) if column.id in missing)
        caller.tell("page.properties_updated", page, properties=encoded)
    nodes = (_copied(node) for node in contents.tree(caller.world, template))
    contents.insert(caller, page, nodes, None)


def _copied(node: Node) -> Node:
    return replace(node, id=None, children=tuple(_copied(child) for child in node.children))
