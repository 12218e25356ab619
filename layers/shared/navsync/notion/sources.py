"""Which data sources hold our rows, and are their columns as we believe?"""

from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from navsync.errors import NotReachable, Raced, Refused, SchemaChanged, SyncError
from navsync.fields import SPECS, Field, Kind, Names, columns, field_of_column, is_usable, missing_option
from navsync.model import KEY_FIELD, DataSource, EntityType, Value, Values
from navsync.notion.failures import InvalidRequest
from navsync.notion.gateway import Gateway
from navsync.notion.rows import Row, is_row_of
from navsync.notion.schema import DELETED, source_of

type Json = dict[str, Any]


@dataclass(slots=True)
class Sources:
    """The data sources of one workspace.

    *remember* stores one whose schema turned out to have changed, and returns it as stored; it raises where another
    worker has stored one since.
    """

    gateway: Gateway
    remember: Callable[[DataSource], DataSource]
    names: Names = field(default_factory=dict)
    known: dict[EntityType, DataSource] = field(default_factory=dict)
    _changing: RLock = field(default_factory=RLock)
    """One at a time reads a schema and remembers it, or adds an option to it: these are replaced as a whole."""

    def use(self, source: DataSource) -> None:
        """Work with *source* from now on."""
        self.known[source.entity_type] = source

    def refresh(self, entity_type: EntityType) -> DataSource:
        """Read the schema anew and remember it."""
        with self._changing:
            self._keep(self.read(entity_type))
            return self.of(entity_type)

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        """Take up the column of a *field* that came back, and remember that.

        Only when what was agreed on about the field is forgotten: the column may be empty now.
        """
        with self._changing:
            source = self.of(entity_type)
            if column := source.returned.get(field):
                self.use(replace(source, properties={**source.properties, field: column}))
            return self.refresh(entity_type)

    def read(self, entity_type: EntityType) -> DataSource:
        """The data source with its schema as it is now, its properties matched by the ids we know."""
        known = self.of(entity_type)
        answer = self.gateway.read("GET", f"data_sources/{known.data_source_id}")
        return source_of(entity_type, answer, known, self.names)

    def of(self, entity_type: EntityType) -> DataSource:
        """The data source as last read. Raises `NotReachable` where set-up has made none."""
        try:
            return self.known[entity_type]
        except KeyError:
            raise NotReachable(f"the workspace has no database for {entity_type} yet; run its set-up") from None

    def for_page(self, entity_type: EntityType, page: Json) -> DataSource:
        """The data source, read anew where *page* shows that a column was deleted or retyped.

        That must be remembered: when the column is back, its values are not those that were agreed on.
        """
        source = self.of(entity_type)
        return self.refresh(entity_type) if is_row_of(source, page) and _has_drifted(source, page) else source

    def explained(self, error: InvalidRequest, entity_type: EntityType, page_id: str | None = None) -> SyncError:
        """Why Notion found a request invalid. Its texts may change, so we look instead of reading them."""
        if page_id is not None and Row(self.gateway.read("GET", f"pages/{page_id}")).in_trash:
            return Raced("the page was moved to the trash between our read and our write; it is read again")
        if page_id is None and self._is_in_trash(entity_type):
            return NotReachable("its database is in the trash in Notion, or a page above that; take that out first")
        with self._changing:
            fresh = self.read(entity_type)
            if fresh != self.of(entity_type):
                self._keep(fresh)
                return SchemaChanged("the database's properties were changed in Notion; they were read again")
        return Refused(str(error), field=_named(error.text, fresh, self.names))

    def _is_in_trash(self, entity_type: EntityType) -> bool:
        return Row(self.gateway.read("GET", f"data_sources/{self.of(entity_type).data_source_id}")).in_trash

    def _keep(self, source: DataSource) -> None:
        self.use(self.remember(source))

    def offering(self, entity_type: EntityType, values: Values) -> DataSource:
        """The data source, with every status of *values* among its options: a page write cannot make one."""
        for spec_field in SPECS[entity_type].fields:
            if spec_field.kind is Kind.STATUS and spec_field.name in values:
                with self._changing:
                    self._offer(self.of(entity_type), spec_field, values[spec_field.name])
        return self.of(entity_type)

    def _offer(self, source: DataSource, spec_field: Field, value: Value) -> None:
        if missing_option(spec_field, value, source) is None:
            return
        fresh = self.read(source.entity_type)  # the list is replaced whole, and rows lose what is left out
        option = missing_option(spec_field, value, fresh)
        self._keep(fresh if option is None else self._added(fresh, spec_field, option))

    def _added(self, source: DataSource, spec_field: Field, option: Json) -> DataSource:
        options = [*map(_kept, source.options.get(spec_field.name, ())), option]
        body = {"properties": {column_id(source, spec_field): {"status": {"options": options}}}}
        try:
            answer = self.gateway.write("PATCH", f"data_sources/{source.data_source_id}", body=body)
        except InvalidRequest as error:
            reason = f"Notion does not let us add the status {option['name']!r}; add it to the database in Notion"
            raise Refused(reason, field=spec_field.name) from error
        return source_of(source.entity_type, answer, source, self.names)


def column_id(source: DataSource, spec_field: Field) -> str:
    """The id of the column of *spec_field*. Raises `Refused` where it is gone or of another type."""
    known = source.properties.get(spec_field.name)
    if known is None:
        raise Refused(f"the database has no property {spec_field.property}; add it in Notion", field=spec_field.name)
    if not is_usable(spec_field, known):
        raise Refused(
            f"the property {spec_field.property} was deleted or retyped in Notion; undo that", field=spec_field.name
        )
    return known.id


def _has_drifted(source: DataSource, page: Json) -> bool:
    """Whether a column of *page* is not as the schema says it is."""
    types = {prop["id"]: prop["type"] for prop in page["properties"].values()}
    known = ((field_of_column(source.entity_type, name), column) for name, column in source.properties.items())
    return any(types.get(column.id, DELETED) != column.type for f, column in known if is_usable(f, column))


def _kept(option: Mapping[str, Any]) -> Json:
    return {key: option[key] for key in ("id", "name", "color", "group") if option.get(key) is not None}


def _named(text: str, source: DataSource, titles: Names) -> str | None:
    """The field whose property a message of Notion points at, as far as it does."""
    ids = {known.id: name for name, known in source.properties.items() if name != KEY_FIELD}
    names = {f.property: f.name for f in columns(SPECS[source.entity_type], titles)}
    return next((name for id, name in ids.items() if f"properties.{id}." in text), None) or next(
        (name for title, name in names.items() if text.startswith(f"{title} is ")), None
    )
