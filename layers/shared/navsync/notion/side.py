"""Notion as a side: the rows of one workspace's databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from navsync.errors import (
    MissingCapability,
    NotReachable,
    Raced,
    Refused,
    SyncError,
    Unavailable,
    Unclear,
)
from navsync.fields import (
    GENERATED_TITLE,
    KEY,
    LINK,
    SPECS,
    Field,
    Kind,
    broken,
    field_of,
    field_of_column,
    incomplete,
    parse_notion,
    render_notion,
    spec_of,
)
from navsync.model import (
    BudgetWindow,
    DataSource,
    EntityRef,
    EntityType,
    Gone,
    MadeWay,
    Observation,
    Present,
    Side,
    Trashed,
    Value,
    Values,
    is_empty,
)
from navsync.notion.bodies import PageBody, begun, begun_anew, start_of
from navsync.notion.changes import ARCHIVED, Place, changes, minute, next_places
from navsync.notion.failures import Committed, InvalidRequest
from navsync.notion.gateway import Gateway
from navsync.notion.loose_pages import NotionPages
from navsync.notion.row_templates import RowTemplates
from navsync.notion.rows import Reader, Row, parent_ref
from navsync.notion.schema import TITLE_ID
from navsync.notion.setup import SetUp
from navsync.notion.sources import Sources, column_id
from navsync.ports import ChangedPage

PAGE_SIZE = 100

type Json = dict[str, Any]


@dataclass(slots=True)
class NotionSide:
    """`SidePort` for one Notion workspace. Tell it the data sources with `use` before their rows are asked for.

    Values are read as fields define them; a relation's value is the id of the project's entity, so *page_of* and
    *entity_of* translate between entities and their pages.
    """

    gateway: Gateway
    set_up: SetUp
    page_of: Callable[[EntityRef], str | None]
    entity_of: Callable[[str], EntityRef | MadeWay | None]
    link_of: Callable[[EntityRef], str]
    """Where a person opens the entity in NavImpact."""
    remember: Callable[[DataSource], DataSource]
    """Stores a data source whose schema turned out to have changed."""
    starts_with: Callable[[EntityType, Values], str | None] = lambda _type, _values: None
    """What the page of a new row starts with, where its body is not synced."""
    side: Side = field(default=Side.NOTION, init=False)
    knows_keys: bool = field(default=False, init=False)
    sources: Sources = field(init=False)
    templates: RowTemplates = field(init=False)

    def __post_init__(self) -> None:
        self.sources = Sources(self.gateway, self.remember, self.set_up.names)
        self.templates = RowTemplates(self.gateway)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def use(self, source: DataSource) -> None:
        """Work with *source* from now on."""
        self.sources.use(source)

    def find_parent(self) -> str:
        """The page under which databases are made. Raises `Refused` when none is shared with us."""
        return self.set_up.find_parent()

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        """A data source that an earlier set-up made."""
        return self.set_up.find_source(entity_type, self.sources.known)

    def create_source(self, entity_type: EntityType, parent_page_id: str) -> DataSource:
        """Make the database for *entity_type*. A lost answer raises `Unclear`; then look with `find_source` first."""
        return self.set_up.create_source(entity_type, parent_page_id, self.sources.known)

    def refresh(self, entity_type: EntityType) -> DataSource:
        """Read the schema anew and remember it."""
        return self.sources.refresh(entity_type)

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        """Take up the column of a *field* that came back, and remember that."""
        return self.sources.readopt(entity_type, field)

    def to_read(
        self, page_of: Callable[[EntityRef], str | None], entity_of: Callable[[str], EntityRef | MadeWay | None]
    ) -> NotionSide:
        """The same Notion, told by others which page is whose, that keeps nothing of what it finds out."""
        alike = replace(self, page_of=page_of, entity_of=entity_of, remember=_forget)
        for source in self.sources.known.values():
            alike.use(source)
        return alike

    def loose_pages(self) -> NotionPages:
        """Pages that are no rows."""
        return NotionPages(self.gateway, self.set_up.bot_id)

    def window(self) -> BudgetWindow:
        """Requests counted so far, to be kept for the next invocation."""
        return self.gateway.budget.window

    # --- reading ----------------------------------------------------------------------------------------------------

    def read(self, entity_type: EntityType, id: str) -> Observation:
        """The page as it is now; a page that Notion does not show is `Gone`, which proves no deletion."""
        try:
            return self._observed(entity_type, self.gateway.read("GET", f"pages/{id}"))
        except NotReachable:
            return Gone(id)

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        """Pages that carry *key*, copies made by people included: `created_by` tells them apart.

        Oldest first, archived ones behind the others.
        """
        return [*self._carrying(entity_type, [key]), *self._carrying(entity_type, [key], archived=True)]

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        """Pages that carry one of *keys* (100 at most); one made in the last seconds may be missing.

        Archived ones are asked for by those keys alone that no other page carries.
        """
        shown = self._carrying(entity_type, keys)
        known = {page.key for page in shown}
        missing = [key for key in keys if key not in known]
        return [*shown, *self._carrying(entity_type, missing, archived=True)] if missing else shown

    def _carrying(self, entity_type: EntityType, keys: Sequence[str], *, archived: bool = False) -> list[Present]:
        source = self.sources.of(entity_type)
        wanted = [{"property": column_id(source, KEY), "rich_text": {"equals": key}} for key in keys]
        oldest_first = [{"timestamp": "created_time", "direction": "ascending"}]
        query: Json = {"filter": {"or": wanted}, "sorts": oldest_first}
        answers = self._query(source, query | (ARCHIVED if archived else {}))
        found = [self._listed(entity_type, page) for answer in answers for page in answer["results"]]
        return [page for page in found if page.key in keys]  # Notion compares text without regard to case

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        """Rows edited in or after the minute of *since*: Notion's times are that coarse.

        They come in the order of their creation. In the order of their edits a row that is edited between two pages
        would move to the end and hide its neighbour. Where all rows are asked for, archived ones come last; nobody
        edits those in Notion, so a list of changes does not show them.
        """
        source, here = self.sources.of(entity_type), Place.parse(cursor or "")
        answer = next(self._query(source, changes(minute(since), here), here.after or None))
        records = [self._listed(entity_type, page) for page in answer["results"]]
        on, keeps = next_places(here, answer, records)
        if on is None and since is None and not here.is_archived:
            on = Place(is_archived=True)
        return ChangedPage(records, str(on) if on else None, str(keeps) if keeps else None)

    def is_template(self, entity_type: EntityType, page: Present) -> bool:
        """Whether *page* is what the database lets new rows begin with, and no row itself."""
        return self.templates.include(self.sources.of(entity_type), page)

    def answers(self, entity_type: EntityType) -> bool:
        """Whether the data source itself can be read and is not in the trash."""
        try:
            answer = self.gateway.read("GET", f"data_sources/{self.sources.of(entity_type).data_source_id}")
        except (NotReachable, MissingCapability):
            return False
        return not answer.get("in_trash", answer.get("archived", False))

    def check(self, entity_type: EntityType, values: Values) -> Values:
        """What a page would hold of *values*. Raises what writing them would, as far as that is known without it."""
        source = self.sources.of(entity_type)
        self._properties(source, _filled(source, values), None)
        return {name: value for name, value in values.items() if name not in broken(source)}

    # --- writing ----------------------------------------------------------------------------------------------------

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        """Make a page of *values*. There is no idempotency key: look *key* up with `find` before a second try.

        A field whose column is broken stays out, and is shown as unreadable.
        """
        source = self.sources.offering(entity_type, values)
        filled = _filled(source, values)
        parent = {"type": "data_source_id", "data_source_id": source.data_source_id}
        body: Json = {
            "parent": parent,
            "properties": self._properties(source, filled, None) | self._stamps(source, key),
        }
        text = self._text(entity_type, filled)
        if text:
            body["markdown"] = start_of(text)
        page = self._begun(entity_type, values, body) or self._write(entity_type, "POST", "pages", body)
        with _already_written():
            return self._reader(source).present(self._completed(source, page, self._body_made(source, page, text)))

    def _begun(self, entity_type: EntityType, values: Values, body: Json) -> Json | None:
        """The page, made with the text that people want new ones to start with; None where they want none.

        What Notion refuses of a template holds up no record: then too, it is made without.
        """
        start = None if "markdown" in body else self.starts_with(entity_type, values)
        if not start:
            return None
        try:
            return self._write(entity_type, "POST", "pages", {**body, "markdown": start})
        except Refused:
            return None

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        """Write *changes* in one request (a body takes one of its own); other properties stay as people have them."""
        source = self.sources.offering(entity_type, changes)
        properties = self._properties(source, changes, seen)
        text = self._text(entity_type, changes)
        if not properties:
            return seen if text is None else self._with_body(entity_type, id, text, seen)
        page = self._write(entity_type, "PATCH", f"pages/{id}", {"properties": properties}, page_id=id)
        with _already_written():
            body = _body_of(entity_type, seen)
            if text is not None:
                body = self._body(entity_type, id).rewrite(text, body or {})
            return self._reader(source).present(self._completed(source, page, body))

    def _with_body(self, entity_type: EntityType, id: str, text: str, seen: Present) -> Present:
        body = self._body(entity_type, id).rewrite(text, _body_of(entity_type, seen) or {})
        spec_field = field_of(entity_type, str(_body_name(entity_type)))
        values = {**seen.values, spec_field.name: parse_notion(spec_field, body)}
        return replace(seen, values=values, raw={**seen.raw, spec_field.name: body})

    def _body(self, entity_type: EntityType, page_id: str) -> PageBody:
        return PageBody(self.gateway, page_id, str(_body_name(entity_type)))

    def _body_made(self, source: DataSource, page: Json, text: str | None) -> Json:
        return self._body(source.entity_type, page["id"]).finish(text) if text else _NO_BODY

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Iterator[Value]:
        """What a page's body says between the requests that make it say *value*, if Notion takes them as they are."""
        if name != _body_name(entity_type):
            return
        text = str(value or "")
        shown = before.get(Kind.BODY) if isinstance(before, dict) else before
        steps = begun_anew(text) if before is None else begun(text, str(shown or ""))
        spec_field = field_of(entity_type, name)
        yield from (parse_notion(spec_field, {Kind.BODY: markdown}) for markdown in steps)

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        """Write *key*, the link back and, where there is one, the generated *title* on the page."""
        source = self.sources.of(entity_type)
        properties = self._stamps(source, key)
        if title is not None and SPECS[entity_type].title_is_generated:
            properties[TITLE_ID] = render_notion(GENERATED_TITLE, title, None, source)
        self._write(entity_type, "PATCH", f"pages/{id}", {"properties": properties}, page_id=id)

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:  # noqa: ARG002  # the port's signature
        """Move the page to the trash. Raises `NotReachable` where Notion does not show it."""
        try:
            self._write(entity_type, "PATCH", f"pages/{id}", {"in_trash": True}, page_id=id)
        except Raced:
            if not Row(self.gateway.read("GET", f"pages/{id}")).in_trash:
                raise

    def restore(self, entity_type: EntityType, id: str) -> Present:
        """Take the page out of the trash, with everything that was on it. Raises `Refused` where it stays there."""
        try:
            page = self._sent("PATCH", f"pages/{id}", {"in_trash": False})
        except InvalidRequest as error:
            raise Refused(_WENT_WITH_ANOTHER) from error
        if Row(page).in_trash:
            raise Refused(_WENT_WITH_ANOTHER)
        with _already_written():
            return self._row(self.sources.of(entity_type), page, with_body=True)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _observed(self, entity_type: EntityType, page: Json) -> Present | Trashed:
        source = self.sources.for_page(entity_type, page)
        row = self._completed(source, page, None)
        body = self._last_body(entity_type, row.id) if row.in_trash else self._read_body(entity_type, row.id)
        return self._reader(source).observe(replace(row, body=body))

    def _row(self, source: DataSource, page: Json, *, with_body: bool) -> Present:
        body = self._read_body(source.entity_type, page["id"]) if with_body else _NO_BODY
        return self._reader(source).present(self._completed(source, page, body))

    def _listed(self, entity_type: EntityType, page: Json) -> Present:
        source = self.sources.for_page(entity_type, page)
        return self._reader(source).present(self._completed(source, page, None))

    def _reader(self, source: DataSource) -> Reader:
        return Reader(source, spec_of(source.entity_type, self.set_up.names), self.entity_of)

    def _completed(self, source: DataSource, page: Json, body: Json | None) -> Row:
        fields = {known.id: field_of_column(source.entity_type, name) for name, known in source.properties.items()}
        shown = {prop["id"]: prop for prop in page["properties"].values()}
        whole = {
            id: self._whole(page["id"], prop) if id in fields and incomplete(fields[id], prop) else prop
            for id, prop in shown.items()
        }
        return Row(page, whole, body)

    def _whole(self, page_id: str, prop: Json) -> Json:
        """A value that a page's answer cuts short (25 relations, 25 mentions), from its own endpoint."""
        kind, items, cursor = prop["type"], [], None
        while True:
            query = {"page_size": PAGE_SIZE} | ({"start_cursor": cursor} if cursor else {})
            answer = self.gateway.read("GET", f"pages/{page_id}/properties/{prop['id']}", query=query)
            items += [item[kind] for item in answer["results"]]
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return {"id": prop["id"], "type": kind, kind: items, "has_more": False}

    def _read_body(self, entity_type: EntityType, page_id: str) -> Json | None:
        return self.gateway.read("GET", f"pages/{page_id}/markdown") if _body_name(entity_type) else None

    def _last_body(self, entity_type: EntityType, page_id: str) -> Json | None:
        """The body of a page in the trash; None where Notion does not show it there, which it nowhere promises."""
        try:
            return self._read_body(entity_type, page_id)
        except (Raced, Refused, NotReachable):
            return None

    def _query(self, source: DataSource, body: Json, cursor: str | None = None) -> Iterator[Json]:
        path = f"data_sources/{source.data_source_id}/query"
        while True:
            page = {"page_size": PAGE_SIZE} | ({"start_cursor": cursor} if cursor else {})
            try:
                answer = self.gateway.read("POST", path, body=body | page)
            except InvalidRequest as error:
                raise self.sources.explained(error, source.entity_type) from error
            yield answer
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return

    # --- payloads ---------------------------------------------------------------------------------------------------

    def _properties(self, source: DataSource, values: Values, seen: Present | None) -> Json:
        rendered = {
            column_id(source, spec_field): self._render(spec_field, values[spec_field.name], source, seen)
            for spec_field in SPECS[source.entity_type].fields
            if spec_field.name in values and spec_field.kind is not Kind.BODY
        }
        return rendered | self._generated_title(source, values, seen)

    def _render(self, spec_field: Field, value: Value, source: DataSource, seen: Present | None) -> Json:
        shown = seen.raw.get(spec_field.name) if seen else None
        if spec_field.kind is Kind.RELATION and isinstance(value, tuple):
            value = (*map(self._page_id, value), *self._strangers(spec_field.name, shown))
        return render_notion(spec_field, value, shown, source)

    def _strangers(self, name: str, shown: Json | None) -> Iterator[str]:
        """Related pages that are not synced stay: a person related them, or they are to make way and have not gone."""
        related = (page["id"] for page in (shown or {}).get("relation", ()))
        return (page_id for page_id in related if self._stays(name, page_id))

    def _stays(self, name: str, page_id: str) -> bool:
        """Whether a page that the field *name* relates is named further.

        Raises `Refused` where it had made way and is there again: it is to be the page of a record.
        """
        meant = self.entity_of(page_id)
        if not isinstance(meant, MadeWay):
            return meant is None
        is_there = self._is_there(page_id)
        if is_there and meant.has_gone:
            raise Refused("it names a page that is there again; what becomes of that comes first", field=name)
        return is_there

    def _is_there(self, page_id: str) -> bool:
        try:
            return not Row(self.gateway.read("GET", f"pages/{page_id}")).in_trash
        except NotReachable:  # Notion has emptied its trash
            return False

    def _page_id(self, entity_id: str) -> str:
        page_id = self.page_of(parent_ref(entity_id))
        if page_id is None:
            raise Unavailable("the project it belongs to has no page yet; it follows when that page is made")
        return page_id

    def _generated_title(self, source: DataSource, values: Values, seen: Present | None) -> Json:
        """The title made of *values*, unless the page goes by another name: that is a person's, or follows later."""
        spec = SPECS[source.entity_type]
        if not spec.title_is_generated or not any(name in values for name in spec.titled_by):
            return {}
        if seen is not None and seen.name not in (None, spec.title_of(seen.values)):
            return {}
        title = spec.title_of({**(seen.values if seen else {}), **values})
        return {TITLE_ID: render_notion(GENERATED_TITLE, title, None, source)}

    def _stamps(self, source: DataSource, key: str) -> Json:
        link = self.link_of(EntityRef.parse(key))
        stamps = {column_id(source, KEY): render_notion(KEY, key, None, source)}
        if LINK.name not in broken(source):
            stamps[column_id(source, LINK)] = render_notion(LINK, link, None, source)
        return stamps

    def _text(self, entity_type: EntityType, values: Values) -> str | None:
        """What the page's body is to say; None where that is not to change."""
        name = _body_name(entity_type)
        if name is None or name not in values:
            return None
        rendered = render_notion(field_of(entity_type, name), values[name], None, None)
        return str(rendered[Kind.BODY])

    def _write(
        self, entity_type: EntityType, method: str, path: str, body: Json, *, page_id: str | None = None
    ) -> Json:
        try:
            return self._sent(method, path, body)
        except InvalidRequest as error:
            raise self.sources.explained(error, entity_type, page_id) from error

    def _sent(self, method: str, path: str, body: Json) -> Json:
        try:
            return self.gateway.write(method, path, body=body)
        except Committed as committed:
            with _already_written():
                return self.gateway.read("GET", _committed(path, committed))


_WENT_WITH_ANOTHER = "its database, or a page above it, is in the trash in Notion; take that out first"
"""Why a page stays in the trash: it is nothing else that Notion finds invalid in a request to take it out."""

_NO_BODY: Json = {"markdown": ""}
"""The body of a page that was just made without one."""


@contextmanager
def _already_written() -> Iterator[None]:
    """Whatever fails from here on fails after a write, so to the caller the outcome is unclear."""
    try:
        yield
    except SyncError as error:
        raise Unclear("the change was written, but what Notion shows now could not be read") from error


def _committed(path: str, committed: Committed) -> str:
    return path if path != "pages" else f"pages/{committed.resource_id}"


def _forget(source: DataSource) -> DataSource:
    """Whoever only reads keeps no schema."""
    return source


def _filled(source: DataSource, values: Values) -> Values:
    """What of *values* a new page is sent: a column that is broken stays out, and so does nothing where it is one."""
    return {
        name: value
        for name, value in values.items()
        if name not in broken(source) and (not is_empty(value) or _has_default(source, name))
    }


def _body_name(entity_type: EntityType) -> str | None:
    return next((f.name for f in SPECS[entity_type].fields if f.kind is Kind.BODY), None)


def _body_of(entity_type: EntityType, seen: Present) -> Json | None:
    name = _body_name(entity_type)
    return None if name is None else seen.raw.get(name)


def _has_default(source: DataSource, name: str) -> bool:
    return field_of(source.entity_type, name).kind is Kind.STATUS
