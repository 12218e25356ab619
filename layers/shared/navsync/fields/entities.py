"""Which fields does each entity have, and which Notion properties show them?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from navsync.fields import options
from navsync.model import KEY_FIELD, LINK_FIELD, DataSource, Direction, EntityType, Value, Values

KEY_PROPERTY = "NavImpact ID"
LINK_PROPERTY = "Open in NavImpact"
NO_STATUS = "No status"
"""The option that shows an empty status: Notion replaces an empty one by its default option."""


class Kind(StrEnum):
    """How a field's values look and travel. The Notion property type follows from it."""

    TITLE = "title"
    TEXT = "rich_text"
    SELECT = "select"
    STATUS = "status"
    MULTI_SELECT = "multi_select"
    NUMBER = "number"
    DATE = "date"
    URL = "url"
    RELATION = "relation"
    BODY = "markdown"
    """The page's body. It is no property and is read and written through calls of its own."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option that exists from the start. *group* is one of Notion's three groups, for a status."""

    name: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field. *name* is NavImpact's own, except for `project`, which is its `media_project_id`."""

    name: str
    kind: Kind
    property: str
    """The Notion property's name at creation; later it is addressed by id."""
    required: bool = False
    """NavImpact keeps no record without it."""
    places: int | None = None
    """Decimals NavImpact keeps: 2 for money and rates, 0 for counts."""
    direction: Direction = Direction.BOTH
    options: tuple[Option, ...] = ()

    def navimpact_name(self) -> str:
        """The key in NavImpact's JSON."""
        return "media_project_id" if self.kind is Kind.RELATION else self.name


@dataclass(frozen=True)
class EntitySpec:
    """One entity type: its collection on NavImpact, its database in Notion, its fields."""

    type: EntityType
    collection: str
    database_title: str
    fields: tuple[Field, ...]
    titled_by: tuple[str, ...]
    """The fields that make up the page's title. Where none of them is a title itself, the title is generated."""

    @cached_property
    def title_is_generated(self) -> bool:
        """Whether the page's title is made from other fields. It is no field, and carried nowhere."""
        return all(field.kind is not Kind.TITLE for field in self.fields)

    @cached_property
    def has_body(self) -> bool:
        """Whether one of its fields is the text of the page itself, which lists of pages do not show."""
        return bool(self.bodies)

    @cached_property
    def bodies(self) -> frozenset[str]:
        """Those of its fields that are the text of the page itself."""
        return frozenset(field.name for field in self.fields if field.kind is Kind.BODY)

    @cached_property
    def names(self) -> frozenset[str]:
        """Of its fields."""
        return frozenset(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field called *name*. Raises KeyError where it has none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def title_of(self, values: Values) -> str:
        """What to call a record of *values* in a list that people read."""
        return ", ".join(str(values[name]) for name in self.titled_by if values.get(name)) or "Untitled"


# --- the table ------------------------------------------------------------------------------------------------------

_STATUSES = (
    Option("planning", "To-do"),
    Option("active", "In progress"),
    Option("paused", "In progress"),
    Option("completed", "Complete"),
    Option("cancelled", "Complete"),
)
_PROJECT = Field("project", Kind.RELATION, "Project", required=True)

_ENTITIES = (
    EntitySpec(
        EntityType.MEDIA_PROJECT,
        collection="media-projects",
        database_title="Media projects",
        titled_by=("title",),
        fields=(
            Field("title", Kind.TITLE, "Title", required=True),
            Field("description", Kind.TEXT, "Description"),
            Field("project_type", Kind.SELECT, "Project type"),
            Field("status", Kind.STATUS, "Status", options=_STATUSES),
            Field("start_date", Kind.DATE, "Start date"),
            Field("end_date", Kind.DATE, "End date"),
            Field("budget", Kind.NUMBER, "Budget", places=2),
            Field("target_audience", Kind.NUMBER, "Target audience", places=0),
            Field("team_members", Kind.MULTI_SELECT, "Team members"),
            Field("distribution_channels", Kind.MULTI_SELECT, "Distribution channels"),
        ),
    ),
    EntitySpec(
        EntityType.DISTRIBUTION_LOG,
        collection="distribution-logs",
        database_title="Distribution logs",
        titled_by=("channel", "date"),
        fields=(
            Field("activity_type", Kind.SELECT, "Activity type"),
            Field("channel", Kind.SELECT, "Channel", required=True),
            Field("date", Kind.DATE, "Date"),
            Field("reach", Kind.NUMBER, "Reach", places=0),
            Field("engagement", Kind.NUMBER, "Engagement", places=0),
            Field("conversions", Kind.NUMBER, "Conversions", places=0),
            Field("content_url", Kind.URL, "Content URL"),
            Field("notes", Kind.TEXT, "Notes"),
            _PROJECT,
        ),
    ),
    EntitySpec(
        EntityType.PERFORMANCE_METRICS,
        collection="performance-metrics",
        database_title="Performance metrics",
        titled_by=("metric_date",),
        fields=(
            Field("metric_date", Kind.DATE, "Metric date", required=True),
            Field("views", Kind.NUMBER, "Views", places=0),
            Field("unique_viewers", Kind.NUMBER, "Unique viewers", places=0),
            Field("watch_time_minutes", Kind.NUMBER, "Watch time (minutes)", places=0),
            Field("engagement_rate", Kind.NUMBER, "Engagement rate", places=2),
            Field("shares", Kind.NUMBER, "Shares", places=0),
            Field("comments", Kind.NUMBER, "Comments", places=0),
            _PROJECT,
        ),
    ),
    EntitySpec(
        EntityType.IMPACT_STORY,
        collection="impact-stories",
        database_title="Impact stories",
        titled_by=("title",),
        fields=(
            Field("title", Kind.TITLE, "Title", required=True),
            Field("story_type", Kind.SELECT, "Story type"),
            Field("description", Kind.BODY, "Page body"),
            Field("stakeholder_name", Kind.TEXT, "Stakeholder name"),
            Field("stakeholder_organisation", Kind.TEXT, "Stakeholder organisation"),
            Field("impact_date", Kind.DATE, "Impact date"),
            Field("quantifiable_outcome", Kind.TEXT, "Quantifiable outcome"),
            _PROJECT,
        ),
    ),
)
SPECS: Mapping[EntityType, EntitySpec] = {spec.type: spec for spec in _ENTITIES}
KEY = Field(KEY_FIELD, Kind.TEXT, KEY_PROPERTY)
LINK = Field(LINK_FIELD, Kind.URL, LINK_PROPERTY, direction=Direction.TO_NOTION)
GENERATED_TITLE = Field("title", Kind.TITLE, "Name", direction=Direction.TO_NOTION)
"""The title property of pages whose title is generated. Its property id is `title`, as every title's."""


def field_of(entity_type: EntityType, name: str) -> Field:
    """The field called *name*. Raises KeyError where *entity_type* has none."""
    return SPECS[entity_type].field(name)


# --- Notion's schema ------------------------------------------------------------------------------------------------


def property_schema(field: Field, related_to: str | None = None) -> dict[str, Any]:
    """The property to create for *field*; *related_to* is the data source id that a relation leads to."""
    match field.kind:
        case Kind.STATUS:
            return {"status": {"options": [_schema_of(option) for option in (_NO_STATUS_OPTION, *field.options)]}}
        case Kind.NUMBER:
            return {"number": {"format": "number_with_commas"}}
        case Kind.RELATION:
            return {"relation": {"data_source_id": related_to, "type": "single_property", "single_property": {}}}
        case Kind.BODY:
            raise ValueError(f"{field.name} is the body of the page and has no property")
        case _:
            return {field.kind.value: {}}


def missing_option(field: Field, value: Value, source: DataSource) -> dict[str, Any] | None:
    """The status option to add to the schema before *value* can be written; None when it is there.

    A page write creates options of a select, but never of a status.
    """
    if field.kind is not Kind.STATUS:
        return None
    name = str(value or NO_STATUS)
    if options.spell(name, (known["name"] for known in source.options.get(field.name, ()))):
        return None
    initial = next((option for option in field.options if options.means(option.name, name)), Option(name, "To-do"))
    return _schema_of(initial)


_NO_STATUS_OPTION = Option(NO_STATUS, "To-do")
"""First, so that it is what a new row has."""


def _schema_of(option: Option) -> dict[str, Any]:
    return {"name": options.encode(option.name)} | ({"group": option.group} if option.group else {})
