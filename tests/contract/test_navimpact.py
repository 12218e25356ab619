"""What NavImpact as a side does beyond the promises of every side, on its twin."""

from decimal import Decimal

import pytest

from navsync.errors import ConfigError, Raced, Refused, Unclear
from navsync.model import EntityType, Gone, Observation, Present
from navsync.navimpact import NavImpactSide
from tests.contract.stages import EXAMPLE, LOG, PROJECT, Stage

METRICS = EntityType.PERFORMANCE_METRICS
STORY = EntityType.IMPACT_STORY


def present(observation: Observation) -> Present:
    assert isinstance(observation, Present)
    return observation


def made(stage: Stage) -> Present:
    return stage.side.create(PROJECT, EXAMPLE, key="navsync-1")


def lose_answers(stage: Stage, method: str, path: str) -> None:
    lost = [{"match": {"method": method, "path": path}, "do": {"drop": "after"}}]
    stage.clients[0].post("/_twin/faults", json=lost).raise_for_status()


def test_money_is_shown_with_the_cents_that_navimpact_keeps(navimpact: Stage) -> None:
    record = made(navimpact)
    assert record.raw["budget"] == "1234.50"


def test_a_record_has_a_revision_that_moves_with_each_edit(navimpact: Stage) -> None:
    record = made(navimpact)
    after = navimpact.side.update(PROJECT, record.id, {"budget": Decimal(1)}, seen=record)
    assert None not in (record.revision, after.revision)
    assert record.revision != after.revision


def test_the_answer_of_an_update_is_enough_for_the_next_one(navimpact: Stage) -> None:
    record = made(navimpact)
    after = navimpact.side.update(PROJECT, record.id, {"budget": Decimal(1)}, seen=record)
    again = navimpact.side.update(PROJECT, record.id, {"budget": Decimal(2)}, seen=after)
    assert again.values["budget"] == Decimal(2)


def test_a_stale_update_changes_nothing(navimpact: Stage) -> None:
    record = made(navimpact)
    navimpact.person.update(PROJECT, record.id, {"title": "newer"}, seen=record)
    with pytest.raises(Raced):
        navimpact.side.update(PROJECT, record.id, {"title": "older"}, seen=record)
    assert present(navimpact.side.read(PROJECT, record.id)).values["title"] == "newer"


def test_a_create_whose_answer_was_lost_can_be_repeated(navimpact: Stage) -> None:
    lose_answers(navimpact, "POST", "/api/v1/sge-media/media-projects/")
    with pytest.raises(Unclear):
        made(navimpact)
    navimpact.clients[0].delete("/_twin/faults").raise_for_status()
    made(navimpact)
    assert len(navimpact.side.changed_since(PROJECT, None, None).records) == 1


def test_a_platform_that_answers_with_the_key_is_known_to_keep_it(navimpact: Stage) -> None:
    assert not navimpact.side.knows_keys
    made(navimpact)
    assert navimpact.side.knows_keys


def test_one_key_for_two_records_is_refused(navimpact: Stage) -> None:
    made(navimpact)
    with pytest.raises(Refused):
        navimpact.side.create(PROJECT, {"title": "Another"}, key="navsync-1")


def test_a_value_that_the_platform_refuses_is_named(navimpact: Stage) -> None:
    record = made(navimpact)
    with pytest.raises(Refused) as refusal:
        navimpact.side.update(PROJECT, record.id, {"target_audience": Decimal(-1)}, seen=record)
    assert refusal.value.field == "target_audience"


def test_a_spelling_that_means_the_same_is_left_alone(navimpact: Stage) -> None:
    record = made(navimpact)
    after = navimpact.side.update(PROJECT, record.id, {"team_members": ("ana", "Bo")}, seen=record)
    assert after.values["team_members"] == ("Ana", "Bo")


@pytest.mark.parametrize(
    ("entity_type", "values"),
    [
        (LOG, {"channel": "YouTube", "date": "2026-03-01", "reach": Decimal(3), "content_url": "https://x.example"}),
        (METRICS, {"metric_date": "2026-03-01", "engagement_rate": Decimal("4.25"), "views": Decimal(7)}),
        (STORY, {"title": "After the screening", "description": "# Heard\n\nIt worked.", "impact_date": "2026-03-01"}),
    ],
)
def test_children_are_read_back_with_their_project(
    navimpact: Stage, entity_type: EntityType, values: dict[str, str | Decimal]
) -> None:
    project = made(navimpact)
    child = navimpact.side.create(entity_type, {**values, "project": (project.id,)}, key="navsync-2")
    shown = present(navimpact.side.read(entity_type, child.id)).values
    assert {name: shown[name] for name in values} | {"project": shown["project"]} == {
        **values,
        "project": (project.id,),
    }


def test_a_projects_children_go_with_it(navimpact: Stage) -> None:
    project = made(navimpact)
    child = navimpact.side.create(STORY, {"title": "After", "project": (project.id,)}, key="navsync-2")
    navimpact.side.remove(PROJECT, project.id)
    assert navimpact.side.read(STORY, child.id) == Gone(child.id)


def test_a_record_that_was_edited_since_it_was_seen_is_not_deleted(navimpact: Stage) -> None:
    seen = present(navimpact.side.read(PROJECT, made(navimpact).id))
    navimpact.side.update(PROJECT, seen.id, {"title": "Kelp"}, seen=seen)

    with pytest.raises(Raced):
        navimpact.side.remove(PROJECT, seen.id, seen=seen)

    now = present(navimpact.side.read(PROJECT, seen.id))
    assert now.values["title"] == "Kelp"
    navimpact.side.remove(PROJECT, seen.id, seen=now)
    assert navimpact.side.read(PROJECT, seen.id) == Gone(seen.id)


def test_a_wrong_service_token_is_a_matter_of_configuration(navimpact: Stage) -> None:
    assert isinstance(navimpact.side, NavImpactSide)
    navimpact.side.token = lambda: "wrong"
    with pytest.raises(ConfigError):
        navimpact.side.read(PROJECT, "1")
