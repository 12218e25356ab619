"""How is a data source's schema read, matched with our fields, and made?"""

from collections.abc import Iterator, Mapping
from typing import Any

from navsync.fields import GENERATED_TITLE, SPECS, Field, Kind, Names, columns, is_usable, property_schema
from navsync.model import DataSource, EntityType, Property

type Json = dict[str, Any]

TITLE_ID = "title"
"""The id of every title property, whatever its name."""

DELETED = "deleted"
"""Stands where a property's type was, until somebody undoes its deletion."""


def source_of(entity_type: EntityType, answer: Json, known: DataSource | None, names: Names) -> DataSource:
    """The data source of *answer*, its properties matched by the ids that *known* holds.

    Only a property never matched before is matched by its name and type. One that was seen deleted or retyped stays so:
    its values are unreadable, not empty. When it is there again, or a new column of its name and type, that is told as
    `returned` and not taken for it by itself, since its emptiness would look like an edit of every row.
    """
    shown = {p["id"]: p for p in answer["properties"].values()}
    columns_of_ours = [f for f in columns(SPECS[entity_type], names) if f is not GENERATED_TITLE]
    properties = {
        f.name: found for f in columns_of_ours if (found := _match(f, answer["properties"], shown, known)) is not None
    }
    broken = [f for f in columns_of_ours if f.name in properties and not is_usable(f, properties[f.name])]
    return DataSource(
        entity_type=entity_type,
        database_id=answer["parent"]["database_id"],
        data_source_id=answer["id"],
        properties=properties,
        options=dict(_options(entity_type, properties, shown)),
        returned={f.name: usable for f in broken if (usable := _usable(f, properties, answer["properties"], shown))},
        version=known.version if known else 0,
    )


def _match(spec_field: Field, by_name: Json, shown: Mapping[str, Json], known: DataSource | None) -> Property | None:
    before = known.properties.get(spec_field.name) if known else None
    if before is None:
        return _unmatched(spec_field, by_name)
    now = shown[before.id]["type"] if before.id in shown else DELETED
    came_back = now == spec_field.kind and not is_usable(spec_field, before)
    return before if came_back else Property(before.id, now)


def _unmatched(spec_field: Field, by_name: Json) -> Property | None:
    if spec_field.kind is Kind.TITLE:
        return Property(TITLE_ID, Kind.TITLE.value)
    return _named(spec_field, by_name)


def _usable(
    spec_field: Field, properties: Mapping[str, Property], by_name: Json, shown: Mapping[str, Json]
) -> Property | None:
    """The column that would do for one that broke: itself with its type again, or a new one of our name and type."""
    same = shown.get(properties[spec_field.name].id)
    if same is not None and same["type"] == spec_field.kind:
        return Property(same["id"], same["type"])
    renewed = _named(spec_field, by_name)
    return None if renewed is None or renewed.id in {p.id for p in properties.values()} else renewed


def _named(spec_field: Field, by_name: Json) -> Property | None:
    named = by_name.get(spec_field.property)
    return Property(named["id"], named["type"]) if named and named["type"] == spec_field.kind else None


def _options(
    entity_type: EntityType, properties: Mapping[str, Property], shown: Mapping[str, Json]
) -> Iterator[tuple[str, tuple[Json, ...]]]:
    for spec_field in SPECS[entity_type].fields:
        column = shown.get(properties[spec_field.name].id) if spec_field.name in properties else None
        if spec_field.kind is Kind.STATUS and column and column["type"] == Kind.STATUS:
            yield spec_field.name, tuple(column[Kind.STATUS]["options"])


def new_properties(
    entity_type: EntityType, related: str | None, names: Names, *, present: Mapping[str, Property] | None = None
) -> Json:
    """The schema of the columns that *present* lacks, by name. *related* is the projects' data source."""
    had = present or {}
    missing = (f for f in columns(SPECS[entity_type], names) if f.name not in had)
    return {f.property: property_schema(f, related_to=related) for f in missing}


def plain_text(text: str) -> list[Json]:
    """One run of rich text without formatting."""
    return [{"type": "text", "text": {"content": text}}]
