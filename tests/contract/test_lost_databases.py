"""A database that is gone for good: what people are told to do then, on the real adapter."""

from __future__ import annotations

import pytest

from navsync.fields import SPECS
from navsync.model import EntityType, WorkKind
from tests.contract.office import Office
from tests.contract.stages import PROJECT

LOG = EntityType.DISTRIBUTION_LOG


@pytest.mark.parametrize("lost", [(LOG,), tuple(SPECS)], ids=["logs", "all, with the projects"])
def test_connecting_anew_makes_databases_that_are_gone_and_fills_them(
    office: Office, project: str, lost: tuple[EntityType, ...]
) -> None:
    log = office.new(LOG, channel="TV", date="2026-11-01", project=(project,))
    office.settle()
    gone = {office.desk.sources()[kind].database_id for kind in lost}
    for database in gone:
        office.stage.by_hand("PATCH", f"databases/{database}", {"in_trash": True})

    anew = Office(office.stage)
    anew.navimpact = office.navimpact
    anew.put(WorkKind.SETUP)
    anew.settle()

    assert not gone & {source.database_id for source in anew.desk.sources().values()}
    shown = anew.stage.by_hand("GET", f"pages/{anew.page_of(LOG, log)}")["properties"]
    assert shown["Project"]["relation"] == [{"id": anew.page_of(PROJECT, project)}]
    assert [mapping.troubles for mapping in anew.store.of(1).mappings.values()] == [(), ()]
