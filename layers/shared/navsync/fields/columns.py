"""Which field is a stored column of, and does the column still hold its values?"""

from __future__ import annotations

from navsync.fields.entities import KEY, LINK, SPECS, Field
from navsync.model import DataSource, EntityType, Property


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
