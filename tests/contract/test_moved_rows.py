"""A row that people move to another database, on the real adapter."""

from __future__ import annotations

from decimal import Decimal

from navsync.attention import STEPS
from navsync.fields import SPECS
from navsync.model import EntityType, WorkKind
from tests.contract.office import Office
from tests.contract.stages import PROJECT

STEP = "Move the page back into its database."


def move(office: Office, page: str, kind: EntityType) -> None:
    """Somebody drags the page into the database of another kind of record."""
    parent = {"type": "data_source_id", "data_source_id": office.desk.sources()[kind].data_source_id}
    office.stage.by_hand("POST", f"pages/{page}/move", {"parent": parent})
    office.put(WorkKind.PAGE, f"{PROJECT}/{page}")
    office.settle()


def test_who_moved_a_row_is_told_to_move_it_back_and_not_to_restore_a_column(office: Office, project: str) -> None:
    move(office, office.page_of(PROJECT, project), EntityType.IMPACT_STORY)

    troubles = office.mapping_of(PROJECT, project).troubles
    assert {trouble.field for trouble in troubles} == SPECS[PROJECT].names
    assert {(t.code, t.fix, STEPS[t.code].fix) for t in troubles} == {("moved", STEP, STEP)}


def test_nothing_is_written_on_a_row_where_it_was_moved(office: Office, project: str) -> None:
    page = office.page_of(PROJECT, project)
    move(office, page, EntityType.IMPACT_STORY)

    office.put(WorkKind.PAGE, f"{PROJECT}/{page}")

    assert [call for call in office.cost() if not call.startswith("GET ")] == []


def test_a_row_that_was_moved_back_gets_what_was_edited_meanwhile(office: Office, project: str) -> None:
    page = office.page_of(PROJECT, project)
    move(office, page, EntityType.IMPACT_STORY)
    office.edit(PROJECT, project, budget=Decimal(7))
    office.settle()

    move(office, page, PROJECT)

    assert office.stage.by_hand("GET", f"pages/{page}")["properties"]["Budget"]["number"] == 7
    assert office.mapping_of(PROJECT, project).troubles == ()
