"""What does a page's JSON say, in canonical values?"""

from collections.abc import Callable, Iterator, Mapping
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from navsync.fields import (
    GENERATED_TITLE,
    KEY,
    MOVED,
    NO_PROJECT,
    UNPAIRED,
    EntitySpec,
    Field,
    Kind,
    Lost,
    Unreadable,
    broken,
    is_usable,
    parse_notion,
)
from navsync.model import DataSource, EntityRef, EntityType, MadeWay, Present, Trashed, Value
from navsync.notion.schema import DELETED, TITLE_ID

KEY_IS_GONE = f"the column {KEY.property} is gone, and with it whose a page is; undo its deletion in Notion"
NOT_LISTED = "a list of pages does not show their bodies; read the page itself"

_PARENT = EntityType.MEDIA_PROJECT
"""What a relation of ours points at: every child belongs to a media project."""

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A page as Notion gave it, its properties complete, with its body where that was read too."""

    page: Json
    properties: Mapping[str, Json] = field(default_factory=dict)
    """Property id → property."""
    body: Json | None = None

    @property
    def id(self) -> str:
        """The page's id, with dashes."""
        return str(self.page["id"])

    @property
    def in_trash(self) -> bool:
        """Whether a person, or we, moved it to the trash. Older answers call it archived."""
        return bool(self.page.get("in_trash", self.page.get("archived", False)))


def is_row_of(source: DataSource, page: Json) -> bool:
    """Whether *page* still is a row of *source*."""
    parent = page.get("parent") or {}
    return undashed(parent.get("data_source_id")) == undashed(source.data_source_id)


def undashed(id: object) -> str:
    """An id in the form that is equal however Notion spelled it."""
    return str(id).replace("-", "")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of *source*.

    *entity_of* tells which entity a related page mirrors, or did until it made way for another page; None where it is
    not known.
    """

    source: DataSource
    spec: EntitySpec
    """The fields that a row has."""
    entity_of: Callable[[str], EntityRef | MadeWay | None]

    def observe(self, row: Row) -> Present | Trashed:
        """The row as it is now."""
        return Trashed(self.present(row)) if row.in_trash else self.present(row)

    def present(self, row: Row) -> Present:
        """The row's values; what cannot be read is named with its reason, never left out and never empty."""
        values: dict[str, Value] = {}
        unreadable = {KEY.name: KEY_IS_GONE} if KEY.name in broken(self.source) else {}
        raw: dict[str, Any] = {}
        lost, outdated = set[str](), set[str]()
        for spec_field, content in self._contents(row):
            try:
                values[spec_field.name], is_outdated = self._value(spec_field, content)
                raw[spec_field.name] = content
                outdated |= {spec_field.name} if is_outdated else set()
            except Unreadable as error:
                unreadable[spec_field.name] = error.reason
                lost |= {spec_field.name} if isinstance(error, Lost) else set()
        shown = self._present(row, values, unreadable, raw)
        return replace(shown, lost=frozenset(lost), outdated=frozenset(outdated))

    def _present(self, row: Row, values: dict[str, Value], unreadable: dict[str, str], raw: dict[str, Any]) -> Present:
        page = row.page
        return Present(
            id=row.id,
            values=values,
            unreadable=unreadable,
            raw=raw,
            key=self._key(row),
            edited_by=_user(page.get("last_edited_by")),
            created_by=_user(page.get("created_by")),
            edited_at=_time(page.get("last_edited_time")),
            created_at=_time(page.get("created_time")),
            url=page.get("url"),
            name=self._name(row),
        )

    def _contents(self, row: Row) -> Iterator[tuple[Field, Json | Unreadable]]:
        for spec_field in self.spec.fields:
            yield spec_field, self._content(spec_field, row)

    def _content(self, spec_field: Field, row: Row) -> Json | Unreadable:
        if not is_row_of(self.source, row.page):
            return Unreadable(MOVED)
        if spec_field.kind is Kind.BODY:
            return Unreadable(NOT_LISTED) if row.body is None else row.body
        return _property(self.source, spec_field, row) or Lost(self._why_not(spec_field))

    def _why_not(self, spec_field: Field) -> str:
        """Why no property can be read for *spec_field*."""
        known = self.source.properties.get(spec_field.name)
        if spec_field.name in self.source.returned:
            return f"the property {spec_field.property} was deleted or retyped, and is back; it is taken up again soon"
        if known is None or known.type in (DELETED, spec_field.kind):
            return f"the database has no property for {spec_field.property} any more; undo its deletion in Notion"
        return f"the property is now of type {known.type}; make it {spec_field.kind} again in Notion"

    def _value(self, spec_field: Field, content: Json | Unreadable) -> tuple[Value, bool]:
        """What it says, and whether it says so only by a page that has made way."""
        if isinstance(content, Unreadable):
            raise content
        value = parse_notion(spec_field, content)
        if spec_field.kind is Kind.RELATION and isinstance(value, tuple):
            return self._entity_ids(value)
        return value, False

    def _entity_ids(self, page_ids: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        """The entities of the pages that are synced, and whether one is named only by a page that has made way.

        Others, such as a person's own copies, are the person's affair.
        """
        meant = [self.entity_of(page_id) for page_id in page_ids]
        mirrored = {entity for entity in meant if isinstance(entity, EntityRef)}
        outdated = {old.entity for old in meant if isinstance(old, MadeWay)}
        if page_ids and not mirrored | outdated:
            raise Unreadable(UNPAIRED)
        return tuple(sorted(map(self._id_of, mirrored | outdated))), not outdated <= mirrored

    def _id_of(self, entity: EntityRef) -> str:
        if entity.type is not _PARENT:
            raise Unreadable(NO_PROJECT)
        return entity.id

    def _name(self, row: Row) -> str | None:
        title = row.properties.get(TITLE_ID) if self.spec.title_is_generated else None
        name = parse_notion(GENERATED_TITLE, title) if title else None
        return name if isinstance(name, str) else None

    def _key(self, row: Row) -> str | None:
        prop = _property(self.source, KEY, row) if is_row_of(self.source, row.page) else None
        try:
            key = parse_notion(KEY, prop) if prop else None
        except Unreadable:
            return None
        return key if isinstance(key, str) else None


def parent_ref(entity_id: str) -> EntityRef:
    """The entity that a relation's value names."""
    return EntityRef(_PARENT, entity_id)


def _property(source: DataSource, spec_field: Field, row: Row) -> Json | None:
    known = source.properties.get(spec_field.name)
    return row.properties.get(known.id) if known and is_usable(spec_field, known) else None


def _user(user: Any) -> str | None:
    return user.get("id") if isinstance(user, dict) else None


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
