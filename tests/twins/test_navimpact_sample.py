import random
import unicodedata
from collections import Counter
from typing import Any

import pytest

from local.twins.navimpact.records import CHILDREN, LARGEST_COUNT, MEDIA_PROJECT, Entity, Record
from local.twins.navimpact.sample import make

SAMPLE = make(seed=0, projects=25)


def of(entity: Entity) -> list[Record]:
    return [record for record in SAMPLE if record.entity is entity]


def project_values(name: str) -> list[Any]:
    return [project.fields[name] for project in of(MEDIA_PROJECT)]


def test_the_same_seed_makes_the_same_records() -> None:
    assert make(seed=0, projects=25) == SAMPLE


def test_another_seed_makes_other_records() -> None:
    assert make(seed=1, projects=25) != SAMPLE


def test_the_sample_leaves_global_chance_alone() -> None:
    before = random.getstate()

    make(seed=3, projects=2)

    assert random.getstate() == before


@pytest.mark.parametrize("count", [0, 1, 5, 60])
def test_there_are_as_many_projects_as_asked_for(count: int) -> None:
    made = make(seed=2, projects=count)

    assert [record.id for record in made if record.entity is MEDIA_PROJECT] == list(range(1, count + 1))


@pytest.mark.parametrize("seed", range(5))
def test_every_value_is_legal_and_written_as_the_api_writes_it(seed: int) -> None:
    for record in make(seed=seed, projects=30):
        assert record.entity.clean(record.fields) == record.fields


def test_every_child_belongs_to_a_project() -> None:
    projects = {project.id for project in of(MEDIA_PROJECT)}

    assert {child.media_project_id for entity in CHILDREN for child in of(entity)} <= projects


@pytest.mark.parametrize(("entity", "most"), list(zip(CHILDREN, (6, 6, 3), strict=True)))
def test_projects_differ_in_their_number_of_children(entity: Entity, most: int) -> None:
    counts = Counter(child.media_project_id for child in of(entity))

    assert max(counts.values()) == most
    assert len(counts) < 25


@pytest.mark.parametrize("entity", [MEDIA_PROJECT, *CHILDREN])
def test_every_nullable_field_is_null_somewhere(entity: Entity) -> None:
    fields = entity.shape.model_fields
    nullable = {name for name, info in fields.items() if not info.is_required() and info.default is None}
    empty = {name for record in of(entity) for name, value in record.fields.items() if value is None}

    assert empty == nullable


def test_everything_happened_before_anybody_edits() -> None:
    many = make(seed=0, projects=500)

    assert all("2024" <= record.created_at <= record.updated_at < "2026" for record in many)


def test_descriptions_sit_around_the_limit_of_2000_characters() -> None:
    lengths = {len(text or "") for text in project_values("description")}

    assert {0, 2_000, 2_001, 12_345} <= lengths


def test_a_joined_emoji_lies_across_the_2000th_character() -> None:
    texts = [text for text in project_values("description") if text and len(text) > 2_000]

    assert any("‍" in text[1_996:2_004] for text in texts)


def test_titles_try_to_break_pages_and_spreadsheets() -> None:
    titles = project_values("title")

    assert any("<script>" in title for title in titles)
    assert any(title.startswith("=") for title in titles)
    assert max(map(len, titles)) == 255


def test_two_projects_share_a_title() -> None:
    assert Counter(project_values("title")).most_common(1)[0][1] == 2


def test_composed_and_decomposed_spellings_meet() -> None:
    forms = [
        names
        for names in project_values("team_members")
        if len({unicodedata.normalize("NFC", name) for name in names}) < len(set(names))
    ]

    assert forms


def test_one_project_has_sixty_channels_with_commas_and_case_clashes() -> None:
    channels = max(project_values("distribution_channels"), key=len)

    assert len(channels) == len(set(channels)) == 60
    assert len({channel.casefold() for channel in channels}) < 60
    assert any("," in channel for channel in channels)


def test_counts_and_money_reach_their_limits() -> None:
    assert {0, LARGEST_COUNT} <= set(project_values("target_audience"))
    assert {"0.00", "0.01", "999999999999.99"} <= set(project_values("budget"))
