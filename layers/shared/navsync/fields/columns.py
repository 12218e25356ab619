"""Which columns does a database have, what are they called, and does one still hold the values of its field?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import replace

from navsync.fields.entities import GENERATED_TITLE, KEY, LINK, SPECS, EntitySpec, Field, Kind
from navsync.model import DataSource, EntityType, Property

type Names = Mapping[str, str]
"""`media_project.budget` → the name that people give its column, where that is not ours."""


def spec_of(entity_type: EntityType, names: Names) -> EntitySpec:
    """The kind of record, with its columns called as people call them."""
    spec = SPECS[entity_type]
    return replace(spec, fields=tuple(_named(spec, field, names) for field in spec.fields)) if names else spec


def columns(spec: EntitySpec, names: Names) -> tuple[Field, ...]:
    """The columns that a data source of *spec* has: all fields but a body, our key, and the link back."""
    own = tuple(f for f in spec_of(spec.type, names).fields if f.kind is not Kind.BODY)
    generated = (GENERATED_TITLE,) if spec.title_is_generated else ()
    return (*generated, *own, KEY, LINK)


def _named(spec: EntitySpec, field: Field, names: Names) -> Field:
    name = names.get(f"{spec.type}.{field.name}")
    return field if name is None else replace(field, property=name)


def misnamed(names: Names) -> str | None:
    """Why columns cannot be called so: two of one database would have the same name, or what is named is no column."""
    for spec in SPECS.values():
        if body := next((f for f in spec.fields if f.kind is Kind.BODY and f"{spec.type}.{f.name}" in names), None):
            return f"{spec.type}.{body.name} is the text of the page and has no column"
        ((name, times),) = Counter(column.property for column in columns(spec, names)).most_common(1)
        if times > 1:
            return f"two columns of {spec.database_title} would be called {name}"
    return None


def field_of_column(entity_type: EntityType, name: str) -> Field:
    """The field that a stored column is of, our key and the link back among them."""
    return next((f for f in (*SPECS[entity_type].fields, KEY, LINK) if f.name == name), KEY)


def is_usable(field: Field, column: Property) -> bool:
    """Whether *column* holds values of *field*: it was seen neither deleted nor retyped."""
    return column.type == field.kind


def broken(source: DataSource) -> set[str]:
    """The fields whose column was seen deleted or retyped."""
    columns = source.properties.items()
    return {name for name, column in columns if not is_usable(field_of_column(source.entity_type, name), column)}
