"""How many requests does each operation cost Notion? Counted at the twin, from the whole core over the real adapter."""

from __future__ import annotations

import pytest

from navsync.fields import SPECS
from navsync.model import EntityType, Lane, Side, WorkKind
from tests.contract.office import Office
from tests.contract.stages import LOG, PROJECT

STORY = EntityType.IMPACT_STORY
RECORDS = 30


def test_a_new_record_costs_one_request(office: Office) -> None:
    office.new(PROJECT, title="Reef", description="Below the surface")

    assert len(office.cost()) == 1


def test_a_look_that_finds_nothing_new_in_notion_costs_one_request(office: Office, project: str) -> None:
    office.put(WorkKind.PAGE, f"{PROJECT}/{office.page_of(PROJECT, project)}")

    assert len(office.cost()) == 1


def test_news_of_navimpact_that_are_no_news_cost_nothing(office: Office, project: str) -> None:
    office.put(WorkKind.ENTITY, f"{PROJECT}/{project}")

    assert office.cost() == []


@pytest.mark.parametrize("side", Side)
def test_an_edit_on_one_side_costs_two_requests_at_most(office: Office, project: str, side: Side) -> None:
    if side is Side.NAVIMPACT:
        office.edit(PROJECT, project, title="Reefs")
    else:
        office.retitle(office.page_of(PROJECT, project), "Reefs")

    assert len(office.cost()) <= 2


def test_edits_of_different_fields_on_both_sides_cost_three_requests_at_most(office: Office, project: str) -> None:
    office.retitle(office.page_of(PROJECT, project), "Reefs")
    office.edit(PROJECT, project, description="Deeper")

    assert len(office.cost()) <= 3


def test_a_body_adds_one_read_and_one_write(office: Office, project: str) -> None:
    story = office.new(STORY, title="Fishers", description="One.\n\nTwo.", project=(project,))
    office.settle()
    office.edit(STORY, story, description="One.\n\nTwo, and more.")

    cost = office.cost()

    assert sorted(call.partition(" ")[0] for call in cost) == ["GET", "GET", "PATCH"]
    assert sum("markdown" in call for call in cost) == 2


def test_a_first_sync_costs_a_request_for_each_record_and_few_more(office: Office) -> None:
    for n in range(RECORDS):
        office.new(PROJECT, title=f"P{n}")
    office.store.of(1).work.clear()
    office.put(WorkKind.SETUP)

    assert len(office.cost()) <= RECORDS + RECORDS / 100 + 10


@pytest.mark.parametrize("records", [3, RECORDS])
def test_a_reconcile_that_finds_nothing_costs_one_request_for_each_database(office: Office, records: int) -> None:
    project = office.new(PROJECT, title="P")
    for n in range(records):
        office.new(LOG, channel="cinema", notes=f"{n}", project=(project,))
    office.new(STORY, title="Fishers", description="Words", project=(project,))
    office.settle()
    for _ in range(2):  # the first comes upon what is younger than Notion's minute, and both walk through old rows
        office.wait(hours=1)
        office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        office.settle()

    office.put(WorkKind.SWEEP, lane=Lane.SWEEP)

    assert len(office.cost()) == len(SPECS)


def test_a_deletion_costs_a_look_a_removal_and_a_last_look(office: Office, project: str) -> None:
    office.new(PROJECT, title="Another")
    office.settle()
    office.navimpact.remove(PROJECT, project)
    office.put(WorkKind.ENTITY, f"{PROJECT}/{project}")

    assert [call.partition(" ")[0] for call in office.cost()] == ["GET", "PATCH", "GET"]


def test_the_text_of_a_story_that_is_deleted_adds_one_request_to_each_look(office: Office, project: str) -> None:
    story = office.new(STORY, title="Fishers", description="Words", project=(project,))
    office.settle()
    office.navimpact.remove(STORY, story)
    office.put(WorkKind.ENTITY, f"{STORY}/{story}")

    cost = office.cost()

    assert (len(cost), sum("markdown" in call for call in cost)) == (5, 2)
