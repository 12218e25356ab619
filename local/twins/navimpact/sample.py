"""Which records does a fresh NavImpact hold, so that whatever hurts a sync is among them?"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, get_args

from faker import Faker

from local.twins.navimpact.records import (
    DISTRIBUTION_LOG,
    IMPACT_STORY,
    LARGEST_COUNT,
    MEDIA_PROJECT,
    PERFORMANCE_METRICS,
    Entity,
    Record,
    Status,
    iso,
)

BEGINNING = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
"""Everything was made and last changed in the 500 days from here: always before the first edit by hand."""
STATUSES = get_args(Status)
PROJECT_TYPES = ("documentary", "series", "podcast", "short film", "campaign", "feature film", "web series")
CHANNELS = ("YouTube", "SBS On Demand", "Cinema, regional", "Vimeo", "Instagram", "Classroom screening", "TikTok")
TEAM_HABITS = ("Smith, Jane", "O'Neill, Aoife", "李小龍", "Łukasz Żółć", "Zoë Krüger-Ibáñez")
ACTIVITIES = ("screening", "broadcast", "social post", "press", "festival, in competition", "newsletter")
STORY_TYPES = ("testimonial", "policy_change", "funding_unlocked", "community_action")

FAMILY = "\U0001f468\U0001f3fd‍\U0001f469\U0001f3fb‍\U0001f467‍\U0001f466"
RAINBOW_FLAG = "\U0001f3f3️‍\U0001f308"
COMBINING = "Z̷͎̈a̵͚͒l̴̰̆g̶̱̈o̶̗̊ and Việt with Việt"
RIGHT_TO_LEFT = "\u202bشعاب مرجانية\u202c and שלום עולם (left again) 123"
DECOMPOSED, COMPOSED = "Cafe\u0301 Zu\u0308rich", "Caf\u00e9 Z\u00fcrich"
MARKDOWN = (
    "# Not a heading\n\n* not a bullet\n1. not a number\n> not a quote\n\n"
    "**bold?** _italic?_ `code?` [link](https://example.org/a_(b)) ![x](y) ~~gone~~ $$x^2$$ <u>u</u>\n"
    "\n---\n| a | b |\n|---|---|\n\ttabbed \\ backslash \\* escaped &amp; &lt;b&gt;\n"
)
CLASHING_CHANNELS = ("YouTube", "youtube", "YOUTUBE", "Café", "cafe", "Cafe\u0301 Sundays")


@dataclass
class _Writer:
    """Numbers and dates records, and draws every chance from seeded sources."""

    fake: Faker
    chance: Random
    paragraphs: list[str]
    ids: Counter[str] = field(default_factory=Counter)

    def record(self, entity: Entity, fields: Mapping[str, Any]) -> Record:
        self.ids[entity.name] += 1
        id_ = self.ids[entity.name]
        created = BEGINNING + timedelta(minutes=self.number(0, 99 * 1_440), microseconds=self.number(0, 999_999))
        updated = created + timedelta(days=self.number(0, 300), microseconds=self.number(0, 999_999))
        # Every fifth record ends at one instant, as after a bulk import: time alone does not order them.
        updated = BEGINNING + timedelta(days=400) if id_ % 5 == 0 else updated
        return Record(entity, id_, entity.clean(fields), iso(created), iso(updated))

    def number(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)

    def one_of[T](self, values: tuple[T, ...]) -> T:
        return self.chance.choice(values)

    def some_of(self, values: tuple[str, ...], most: int) -> list[str]:
        return self.chance.sample(values, self.number(0, min(most, len(values))))

    def perhaps[T](self, value: T) -> T | None:
        """The value, or null one time in six."""
        return None if self.number(1, 6) == 1 else value

    def day(self) -> str:
        return (date(2023, 7, 1) + timedelta(days=self.number(0, 900))).isoformat()

    def text(self, most: int) -> str:
        """Paragraphs of up to *most* characters in all."""
        return _exactly(self.number(most // 4, most), self.chance.sample(self.paragraphs, 20)).rstrip()

    def people(self) -> list[str]:
        named = [self.fake.name() for _ in range(self.number(0, 4))]
        return list(dict.fromkeys(named + self.some_of(TEAM_HABITS, 2)))


def make(*, seed: int, projects: int) -> list[Record]:
    """The same records for the same arguments: *projects* media projects, the hard ones first, and their children.

    Fewer projects than there are hard cases leave the last cases out; more are ordinary ones.
    """
    fake = Faker(["en_AU", "de_DE", "ja_JP", "pl_PL"])
    fake.seed_instance(seed)
    writer = _Writer(fake, Random(seed), fake.paragraphs(80))
    overrides = itertools.chain(_hard_projects(writer), itertools.repeat({}))
    found = [writer.record(MEDIA_PROJECT, _project(writer) | next(overrides)) for _ in range(projects)]
    return found + [child for project in found for child in _children(writer, project.id)]


def _exactly(length: int, paragraphs: list[str]) -> str:
    """Text of exactly *length* characters, paragraphs apart."""
    text = "\n\n".join(paragraphs)
    return (text * (length // len(text) + 1))[:length]


def _project(writer: _Writer) -> dict[str, Any]:
    fake = writer.fake
    start, end = sorted((writer.day(), writer.day()))
    return {
        "title": f"{fake['en_AU'].catch_phrase()}: {fake['en_AU'].city()}",
        "description": writer.perhaps(writer.text(900)),
        "project_type": writer.perhaps(writer.one_of(PROJECT_TYPES)),
        "status": writer.perhaps(writer.one_of(STATUSES)),
        "start_date": writer.perhaps(start),
        "end_date": writer.perhaps(end),
        "budget": writer.perhaps(f"{writer.number(1, 900_000)}.{writer.number(0, 99):02}"),
        "target_audience": writer.perhaps(writer.number(100, 2_000_000)),
        "team_members": writer.people(),
        "distribution_channels": writer.some_of(CHANNELS, 4),
    }


def _hard_projects(writer: _Writer) -> Iterator[dict[str, Any]]:
    """What to put over an ordinary project; the first stays ordinary, for whoever looks at the list."""
    lorem = writer.fake["en_AU"].paragraphs(60)
    yield {"title": "Voices of the Reef", "status": "active", "project_type": "documentary"}
    yield {"title": "<script>alert('title')</script> & \"Sons\"", "description": MARKDOWN}
    yield {"title": "=cmd|' /C calc'!A0", "description": _exactly(2_000, lorem)}
    yield {"title": "One character too many", "description": _exactly(2_001, lorem)}
    nothing = dict.fromkeys(MEDIA_PROJECT.shape.model_fields)
    yield nothing | {"title": "Only a title"}
    yield {"title": f"{FAMILY} Women in orbit {RAINBOW_FLAG}", "description": _straddling(2_000, FAMILY)}
    yield {"title": RIGHT_TO_LEFT, "description": f"{RIGHT_TO_LEFT}\n{COMBINING}"}
    yield {"title": DECOMPOSED, "description": COMPOSED, "team_members": [DECOMPOSED, COMPOSED]}
    yield {"title": COMPOSED, "team_members": ["Smith, Jane", "Smith", "Jane", "Smith; Jane", ", ,"]}
    sixty = [*CLASHING_CHANNELS, *(f"Festival {number}, {writer.fake.city()}" for number in range(1, 55))]
    yield {"title": "Sixty ways to be seen", "distribution_channels": sixty}
    yield {"title": "As big as it gets", "budget": "999999999999.99", "target_audience": LARGEST_COUNT}
    yield {"title": "Nothing at all, exactly", "budget": "0.00", "target_audience": 0, "description": ""}
    yield {"title": "A long read", "description": _exactly(12_345, lorem)}
    yield {"title": "Lines and spaces", "description": "\n  first line is empty\n\n\n  three apart  \n\tend\t "}
    yield {"title": _exactly(255, ["No shorter title would do"]), "budget": "0.01"}
    yield {"title": "Voices of the Reef", "status": "paused", "description": "Another one of the same name."}
    yield {"title": "Leap day", "start_date": "2024-02-29", "end_date": "1969-12-31", "budget": "1234.50"}


def _straddling(position: int, cluster: str) -> str:
    """Text in which *cluster* lies across *position*, so that a cut there would tear it apart."""
    before = "x" * (position - len(cluster) // 2)
    return f"{before}{cluster} and after"


def _children(writer: _Writer, project_id: int) -> Iterator[Record]:
    """Mostly few, so that a first sync is watched and not waited for."""
    parent = {"media_project_id": project_id}
    for _ in range(writer.one_of((0, 0, 1, 1, 1, 2, 6))):
        yield writer.record(DISTRIBUTION_LOG, parent | _log(writer))
    for _ in range(writer.one_of((0, 0, 1, 1, 1, 2, 6))):
        yield writer.record(PERFORMANCE_METRICS, parent | _metrics(writer))
    for _ in range(writer.one_of((0, 0, 0, 1, 1, 2, 3))):
        yield writer.record(IMPACT_STORY, parent | _story(writer))


def _log(writer: _Writer) -> dict[str, Any]:
    return {
        "activity_type": writer.perhaps(writer.one_of(ACTIVITIES)),
        "channel": writer.one_of(CHANNELS),
        "date": writer.perhaps(writer.day()),
        "reach": writer.perhaps(writer.number(0, 5_000_000)),
        "engagement": writer.perhaps(writer.number(0, 90_000)),
        "conversions": writer.perhaps(writer.one_of((0, 1, 17, 2_048, LARGEST_COUNT))),
        "content_url": writer.perhaps(f"https://example.org/watch?v={writer.number(1, 10**9)}&t=1,5#ünï"),
        "notes": writer.perhaps(writer.one_of((MARKDOWN, COMBINING, writer.text(300), writer.text(4_500)))),
    }


def _metrics(writer: _Writer) -> dict[str, Any]:
    views = writer.number(0, 3_000_000)
    return {
        "metric_date": writer.day(),
        "views": writer.perhaps(views),
        "unique_viewers": writer.perhaps(views // 2),
        "watch_time_minutes": writer.perhaps(views * writer.number(1, 50)),
        "engagement_rate": writer.perhaps(writer.one_of(("0.00", "4.25", "33.33", "0.01", "999.99"))),
        "shares": writer.perhaps(writer.number(0, 10_000)),
        "comments": writer.perhaps(writer.number(0, 2_000)),
    }


def _story(writer: _Writer) -> dict[str, Any]:
    fake = writer.fake
    titles = (fake["en_AU"].sentence(6), "<script>alert('story')</script>", f"{FAMILY} together", "=1+1")
    return {
        "title": writer.one_of(titles),
        "story_type": writer.perhaps(writer.one_of(STORY_TYPES)),
        "description": writer.perhaps(writer.one_of((MARKDOWN, RIGHT_TO_LEFT, writer.text(6_000)))),
        "stakeholder_name": writer.perhaps(fake.name()),
        "stakeholder_organisation": writer.perhaps(fake.company()),
        "impact_date": writer.perhaps(writer.day()),
        "quantifiable_outcome": writer.perhaps(f"{writer.number(2, 90)} % more — “{fake['en_AU'].bs()}”"),
    }
