"""What a rehearsal remembers, and that it writes nowhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from navsync.conductor.stand_ins import RehearsedLedger, RehearsedSide
from navsync.errors import StaleMapping
from navsync.model import EntityRef, EntityType, Gone, Lease, Mapping, Present, Trashed
from tests.contract.memory import MemoryNavImpact, MemoryNotion
from tests.contract.memory_store import MemoryStore

PROJECT = EntityType.MEDIA_PROJECT
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
REEF = Mapping(1, 17, PROJECT, "42", "page-1", NOW)


def clock() -> datetime:
    return NOW


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    lease = store.desk(17).acquire("worker", now=NOW, until=NOW)
    assert lease is not None
    store.ledger(lease).save(REEF)
    return store


@pytest.fixture
def ledger(store: MemoryStore) -> RehearsedLedger:
    return RehearsedLedger(store.ledger(Lease(17, "nobody", 0, NOW)), removals_left=2, removals=0)


def reef(ledger: RehearsedLedger) -> Mapping:
    found = ledger.load(REEF.id)
    assert found is not None
    return found


def test_what_is_saved_is_known_and_not_kept(ledger: RehearsedLedger, store: MemoryStore) -> None:
    ledger.save(reef(ledger).but(title="Reefs"))

    assert reef(ledger).title == "Reefs"
    assert store.of(17).mappings[REEF.id].title is None


def test_a_record_that_was_let_go_is_paired_no_more(ledger: RehearsedLedger) -> None:
    ledger.save(reef(ledger).but(entity_id=None))

    assert ledger.of_entity(EntityRef(PROJECT, "42")) is None
    assert ledger.of_page("page-1") == reef(ledger)


def test_what_nobody_has_touched_is_as_it_is_kept(ledger: RehearsedLedger) -> None:
    assert ledger.of_entity(EntityRef(PROJECT, "42")) == ledger.of_page("page-1") == reef(ledger)


def test_a_save_over_a_newer_version_is_refused(ledger: RehearsedLedger) -> None:
    seen = reef(ledger)
    ledger.save(seen)

    with pytest.raises(StaleMapping):
        ledger.save(seen)


def test_a_page_is_paired_once(ledger: RehearsedLedger) -> None:
    with pytest.raises(StaleMapping):
        ledger.save(Mapping(2, 17, PROJECT, "43", "page-1", NOW))


def test_a_page_that_is_handed_over_is_paired_by_the_other(ledger: RehearsedLedger, store: MemoryStore) -> None:
    giver, taker = ledger.hand_over(reef(ledger).but(page_id=None), Mapping(2, 17, PROJECT, None, "page-1", NOW))

    assert (ledger.of_page("page-1"), ledger.of_entity(EntityRef(PROJECT, "42"))) == (taker, giver)
    assert store.of(17).mappings == {REEF.id: REEF.but(version=1)}


def test_as_many_deletions_go_through_as_would(ledger: RehearsedLedger, store: MemoryStore) -> None:
    removals = [ledger.save_removal(reef(ledger), now=NOW, many=1) for _ in range(3)]

    assert [saved is not None for saved in removals] == [True, True, False]
    assert not store.of(17).removals


def test_what_would_be_removed_from_notion_is_shown_in_the_trash() -> None:
    notion = MemoryNotion(clock)
    page = notion.create(PROJECT, {"title": "Reef"}, key=f"{PROJECT}/42")
    side = RehearsedSide(notion, name_of=str)

    side.remove(PROJECT, page.id)

    assert isinstance(side.read(PROJECT, page.id), Trashed)
    assert isinstance(notion.read(PROJECT, page.id), Present)


def test_what_would_be_removed_from_navimpact_is_gone() -> None:
    navimpact = MemoryNavImpact(clock)
    record = navimpact.create(PROJECT, {"title": "Reef"}, key="k")
    side = RehearsedSide(navimpact, name_of=str)

    side.remove(PROJECT, record.id)

    assert isinstance(side.read(PROJECT, record.id), Gone)
    assert isinstance(navimpact.read(PROJECT, record.id), Present)
