"""Canonical fields: which each entity has, and how each is read from and written to either side."""

from navsync.fields.codecs import (
    cannot_carry,
    incomplete,
    parse_navimpact,
    parse_notion,
    render_navimpact,
    render_notion,
    same,
)
from navsync.fields.columns import Names, broken, columns, field_of_column, is_usable, misnamed
from navsync.fields.entities import (
    GENERATED_TITLE,
    KEY,
    KEY_PROPERTY,
    LINK,
    LINK_PROPERTY,
    NO_STATUS,
    SPECS,
    EntitySpec,
    Field,
    Kind,
    field_of,
    missing_option,
    property_schema,
)
from navsync.fields.scalars import Unreadable

__all__ = [
    "GENERATED_TITLE",
    "KEY",
    "KEY_PROPERTY",
    "LINK",
    "LINK_PROPERTY",
    "NO_STATUS",
    "SPECS",
    "EntitySpec",
    "Field",
    "Kind",
    "Names",
    "Unreadable",
    "broken",
    "cannot_carry",
    "columns",
    "field_of",
    "field_of_column",
    "incomplete",
    "is_usable",
    "misnamed",
    "missing_option",
    "parse_navimpact",
    "parse_notion",
    "property_schema",
    "render_navimpact",
    "render_notion",
    "same",
]
