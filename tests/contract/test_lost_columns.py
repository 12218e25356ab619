"""A column that people delete or rename: what then happens to the rows, on the real adapter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from navsync.model import Lane, Present, Settings, State, WorkKind
from tests.contract.office import Office
from tests.contract.stages import PROJECT, NotionStage


def change(office: Office, properties: dict[str, Any]) -> None:
    source = office.desk.sources()[PROJECT]
    office.stage.by_hand("PATCH", f"data_sources/{source.data_source_id}", {"properties": properties})
    office.put(WorkKind.SCHEMA, PROJECT)
    office.settle()


def budget(office: Office, page: str) -> Any:
    properties = office.stage.by_hand("GET", f"pages/{page}")["properties"]
    return properties["Budget"]["number"] if "Budget" in properties else "no column"


def shown(office: Office, id: str, name: str) -> object:
    record = office.navimpact.read(PROJECT, id)
    assert isinstance(record, Present)
    return record.values[name]


def test_a_renamed_column_keeps_syncing(office: Office, project: str) -> None:
    change(office, {"Budget": {"name": "Money"}})

    office.edit(PROJECT, project, budget=Decimal(7))
    office.settle()

    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    assert page["properties"]["Money"]["number"] == 7


def test_a_deleted_column_clears_nothing_and_is_listed(office: Office, project: str) -> None:
    office.edit(PROJECT, project, budget=Decimal(7))
    office.settle()

    change(office, {"Budget": None})
    office.put(WorkKind.PAGE, f"{PROJECT}/{office.page_of(PROJECT, project)}")
    office.settle()

    assert shown(office, project, "budget") == 7
    (mapping,) = office.store.of(1).mappings.values()
    assert [(t.code, t.field) for t in mapping.troubles] == [("quarantined", "budget")]


@pytest.mark.parametrize("between", ["number", "date", "url"])
@pytest.mark.parametrize(("column", "kind"), [("Description", "rich_text"), ("Project type", "select")])
def test_a_column_retyped_and_put_back_before_it_is_told_of_clears_nothing(
    office: Office, project: str, column: str, kind: str, between: str
) -> None:
    field = column.lower().replace(" ", "_")
    office.edit(PROJECT, project, **{field: "documentary"})
    office.settle()
    source = office.desk.sources()[PROJECT]
    for type_ in (between, kind):
        office.stage.by_hand("PATCH", f"data_sources/{source.data_source_id}", {"properties": {column: {type_: {}}}})

    for told in (PROJECT, f"{PROJECT}/{field}/told"):
        office.put(WorkKind.SCHEMA, told)
    office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    office.settle()

    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    assert shown(office, project, field) == "documentary"
    assert "documentary" in str(page["properties"][column][kind])


def test_a_column_made_anew_is_filled_and_takes_edits_made_meanwhile(office: Office, project: str) -> None:
    office.edit(PROJECT, project, budget=Decimal(7))
    office.settle()
    change(office, {"Budget": None})
    office.edit(PROJECT, project, budget=Decimal(8))
    office.settle()

    change(office, {"Budget": {"number": {}}})
    office.settle()

    assert budget(office, office.page_of(PROJECT, project)) == 8
    assert shown(office, project, "budget") == 8


def test_a_column_that_people_named_is_called_so_where_it_is_lost_and_made_anew_as_they_are_told(
    notion: NotionStage,
) -> None:
    office = Office(notion, settings=Settings(properties={f"{PROJECT}.budget": "Cost (EUR)"}))
    office.put(WorkKind.SETUP)
    office.settle()
    project = office.new(PROJECT, title="Reef", budget=Decimal(7))
    office.settle()
    change(office, {"Cost (EUR)": None})
    office.put(WorkKind.PAGE, f"{PROJECT}/{office.page_of(PROJECT, project)}")
    office.settle()

    (told,) = office.mapping_of(PROJECT, project).troubles
    assert told.cause.count("Cost (EUR)") == 2
    assert told.fix == "Restore the property “Cost (EUR)” in Notion with its old type."

    change(office, {"Cost (EUR)": {"number": {}}})
    office.settle()
    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    assert page["properties"]["Cost (EUR)"]["number"] == 7


def test_while_no_page_says_whose_it_is_no_page_is_taken_for_a_new_row(office: Office, project: str) -> None:
    change(office, {"NavImpact ID": None})
    source = office.desk.sources()[PROJECT]
    parent = {"type": "data_source_id", "data_source_id": source.data_source_id}
    title = {"title": {"title": [{"text": {"content": "Reef (copy)"}}]}}
    copy = office.stage.by_hand("POST", "pages", {"parent": parent, "properties": title})

    office.put(WorkKind.PAGE, f"{PROJECT}/{copy['id']}")
    office.slice()

    assert len(office.navimpact.records) == 1


def test_our_key_comes_back_with_its_column(office: Office, project: str) -> None:
    change(office, {"NavImpact ID": None})
    change(office, {"NavImpact ID": {"rich_text": {}}})
    office.offset += timedelta(minutes=20)
    office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    office.settle()

    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    (run,) = page["properties"]["NavImpact ID"]["rich_text"]
    assert run["plain_text"] == f"media_project/{project}"
    assert {m.state for m in office.store.of(1).mappings.values()} == {State.LINKED}
