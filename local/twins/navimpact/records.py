"""Which records does NavImpact keep, and which values are legal in them?"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

LARGEST_COUNT = 2**53 - 1
LONGEST_TEXT = 100_000
MOST_LIST_VALUES = 1_000
CENT = Decimal("0.01")

Status = Literal["planning", "active", "completed", "paused", "cancelled"]
Kind = Literal["line", "text", "choice", "date", "count", "decimal", "list", "parent"]


@dataclass(frozen=True, slots=True)
class Shown:
    """How a page lets a person edit a field."""

    kind: Kind


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("string_nul", "String should not contain the NUL character")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("string_blank", "String should not be blank")
    return text


def _iso_date(value: object) -> object:
    if value is None or type(value) is date:
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise PydanticCustomError("date_format", "Date should be written YYYY-MM-DD")
    return value


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("number_type", "Input should be a number, not true or false")
    return value


def _two_places(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _null_clears(value: object) -> object:
    return [] if value is None else value


Name = Annotated[str, Field(max_length=255), AfterValidator(_no_nul), AfterValidator(_not_blank)]
Choice = Annotated[str, Field(max_length=100), AfterValidator(_no_nul), AfterValidator(_not_blank)]
Id = Annotated[int, BeforeValidator(_no_truth_value), Field(ge=1, le=LARGEST_COUNT), Shown("parent")]

Title = Annotated[Name, Shown("line")]
Line = Annotated[Annotated[str, Field(max_length=255), AfterValidator(_no_nul)] | None, Shown("line")]
Text = Annotated[Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_no_nul)] | None, Shown("text")]
Url = Annotated[Annotated[str, Field(max_length=2_000), AfterValidator(_no_nul)] | None, Shown("line")]
Pick = Annotated[Choice | None, Shown("line")]
Day = Annotated[date | None, BeforeValidator(_iso_date), Shown("date")]
Count = Annotated[
    Annotated[int, Field(ge=0, le=LARGEST_COUNT)] | None, BeforeValidator(_no_truth_value), Shown("count")
]
Money = Annotated[
    Annotated[Decimal, AfterValidator(_two_places), Field(ge=0, lt=Decimal(10) ** 12)] | None,
    BeforeValidator(_no_truth_value),
    Shown("decimal"),
]
Rate = Annotated[
    Annotated[Decimal, AfterValidator(_two_places), Field(ge=0, lt=1_000)] | None,
    BeforeValidator(_no_truth_value),
    Shown("decimal"),
]
Names = Annotated[
    Annotated[list[Name], Field(max_length=MOST_LIST_VALUES)], BeforeValidator(_null_clears), Shown("list")
]


class Fields(BaseModel):
    """What a caller may name; anything else is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaProject(Fields):
    """A project. Only its title is required; lists are never null: null empties them."""

    title: Title
    description: Text = None
    project_type: Pick = None
    status: Annotated[Status | None, Shown("choice")] = None
    start_date: Day = None
    end_date: Day = None
    budget: Money = None
    target_audience: Count = None
    team_members: Names = []
    distribution_channels: Names = []


class DistributionLog(Fields):
    """One activity on one channel; the channel is required."""

    media_project_id: Id
    activity_type: Pick = None
    channel: Annotated[Choice, Shown("line")]
    date: Day = None
    reach: Count = None
    engagement: Count = None
    conversions: Count = None
    content_url: Url = None
    notes: Text = None


class PerformanceMetrics(Fields):
    """The figures of one day; the day is required."""

    media_project_id: Id
    metric_date: Annotated[date, BeforeValidator(_iso_date), Shown("date")]
    views: Count = None
    unique_viewers: Count = None
    watch_time_minutes: Count = None
    engagement_rate: Rate = None
    shares: Count = None
    comments: Count = None


class ImpactStory(Fields):
    """What a project changed for somebody; the title is required."""

    media_project_id: Id
    title: Title
    story_type: Pick = None
    description: Text = None
    stakeholder_name: Line = None
    stakeholder_organisation: Line = None
    impact_date: Day = None
    quantifiable_outcome: Text = None


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record: its name (`entity_type` in webhooks), its collection in the URL, its fields."""

    name: str
    collection: str
    shape: type[Fields]

    @property
    def is_child(self) -> bool:
        """Whether its records belong to a media project."""
        return "media_project_id" in self.shape.model_fields

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Its fields in order, and how a page shows each."""
        return {
            name: next(mark.kind for mark in info.metadata if isinstance(mark, Shown))
            for name, info in self.shape.model_fields.items()
        }

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All fields as they are stored and answered.

        Raises:
            ValidationError: a field is missing, unknown or illegal.
        """
        return self.shape.model_validate(dict(values)).model_dump(mode="json")


MEDIA_PROJECT = Entity("media_project", "media-projects", MediaProject)
DISTRIBUTION_LOG = Entity("distribution_log", "distribution-logs", DistributionLog)
PERFORMANCE_METRICS = Entity("performance_metrics", "performance-metrics", PerformanceMetrics)
IMPACT_STORY = Entity("impact_story", "impact-stories", ImpactStory)
CHILDREN = (DISTRIBUTION_LOG, PERFORMANCE_METRICS, IMPACT_STORY)
ENTITIES = (MEDIA_PROJECT, *CHILDREN)


@dataclass(frozen=True, slots=True)
class Record:
    """One stored record; times are as answered: UTC, microseconds, `Z`."""

    entity: Entity
    id: int
    fields: Mapping[str, Any]
    created_at: str
    updated_at: str

    @property
    def media_project_id(self) -> int:
        """The project it belongs to; a project belongs to itself."""
        parent: int = self.fields.get("media_project_id", self.id)
        return parent

    @property
    def etag(self) -> str:
        """Changes with every change of the record, even one that is taken back."""
        shown = json.dumps(self.as_json(), sort_keys=True).encode()
        return f'"{hashlib.sha256(shown).hexdigest()[:20]}"'

    def as_json(self) -> dict[str, Any]:
        """The record as the API answers it."""
        times = {"created_at": self.created_at, "updated_at": self.updated_at}
        return {"id": self.id, **self.fields, **times}


def iso(moment: datetime) -> str:
    """UTC with microseconds and `Z`: sorts as text as it does as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
