"""What Notion, in memory and on its twin, tells of the templates that people make for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import pytest

from navsync.conductor import NotionWorkspace
from navsync.model import Present, WorkKind
from navsync.reconcile import records
from tests.contract import stages
from tests.contract.memory import MemoryNotion
from tests.contract.office import Office
from tests.contract.stages import PROJECT, NotionStage


@dataclass
class Table:
    """A database of Notion, and how a person makes a template for its rows."""

    side: NotionWorkspace | MemoryNotion
    add_template: Callable[[], str]

    def is_template(self, id: str) -> bool:
        seen = self.side.read(PROJECT, id)
        assert isinstance(seen, Present)
        return self.side.is_template(PROJECT, seen)

    def add_row(self) -> str:
        return self.side.create(PROJECT, {"title": "Reef"}, key=f"{PROJECT}/1").id


def by_hand(stage: NotionStage, source_id: str) -> str:
    """A template that a person makes."""
    order = {"data_source_id": source_id, "name": "New film", "markdown": "# Checklist"}
    return str(stage.steer("templates", order)["template_id"])


@pytest.fixture(params=["in memory", "on its twin"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "in memory":
        memory = stages.memory_notion().side
        assert isinstance(memory, MemoryNotion)
        yield Table(memory, lambda: memory.add_template(PROJECT, {"title": "New film"}).id)
        return
    with closing(stages.twin_notion(request.getfixturevalue("notion_url"))) as twin:
        source_id = twin.adapter.sources.of(PROJECT).data_source_id
        yield Table(twin.adapter, lambda: by_hand(twin, source_id))


def test_a_template_is_told_from_a_row(table: Table) -> None:
    template, row = table.add_template(), table.add_row()
    assert (table.is_template(template), table.is_template(row)) == (True, False)


def test_a_template_that_is_made_after_somebody_asked_is_known(table: Table) -> None:
    table.is_template(table.add_row())
    assert table.is_template(table.add_template())


def test_a_template_is_in_no_list(table: Table) -> None:
    table.add_template()
    assert list(records(table.side, PROJECT, None)) == []


# --- with the whole core, on the twin ---------------------------------------------------------------------------------


def source_of(office: Office) -> str:
    return office.desk.sources()[PROJECT].data_source_id


def add_row(office: Office, title: str) -> None:
    """A row that a person adds, with its webhook."""
    parent = {"type": "data_source_id", "data_source_id": source_of(office)}
    properties = {"title": {"title": [{"text": {"content": title}}]}}
    row = office.stage.by_hand("POST", "pages", {"parent": parent, "properties": properties})
    office.put(WorkKind.PAGE, f"{PROJECT}/{row['id']}")


def test_an_edit_of_a_template_makes_no_record(office: Office) -> None:
    office.retitle(by_hand(office.stage, source_of(office)), "New short film")
    office.settle()

    assert office.navimpact.records == {}


def test_the_templates_of_a_database_are_asked_for_once_for_many_rows(office: Office) -> None:
    for number in range(5):
        add_row(office, f"Film {number}")
    office.offset += timedelta(minutes=5)
    office.stage.steer("clock", {"offset_s": office.offset.total_seconds(), "rate": 1})

    assert sum(call.endswith("/templates") for call in office.cost()) == 1
