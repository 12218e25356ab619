"""Lists read what they answer: as much of the tables whether there are two hundred records or three times as many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.model import Conflict, EntityType, Operation, Outcome, State, SyncLog
from navsync.model import Mapping as Pairing
from tests.handlers import emulated
from tests.handlers.deployed import Cloud
from tests.handlers.known import W, a_workspace
from tests.handlers.test_access import ADMIN, ask

FEW, MANY = 220, 660
"""Few are more than any list shows; then nothing may depend on how many there are, be it a hundred thousand."""
NOW = datetime.now(UTC)

LISTS: list[tuple[str, dict[str, Any]]] = [
    ("sync_mappings", {"limit": 20}),
    ("sync_mappings", {"limit": 20, "sync_status": "failed"}),
    ("sync_logs", {"limit": 20}),
    ("sync_logs", {"limit": 20, "status": "failed"}),
    ("history", {"limit": 20}),
    ("conflicts", {"limit": 20}),
    ("approvals", {"limit": 20}),
    ("attention", {"limit": 20}),
    ("audit", {"limit": 20}),
    ("analytics", {}),
    ("sync_status", {}),
    ("dashboard", {}),
    ("workspaces", {}),
]
"""A total by another filter than status is counted in an index, which reads the index of the whole workspace."""


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    a_workspace(cloud)
    return cloud


def fill(cloud: Cloud, first: int, last: int) -> None:
    """A third of the records each in conflict, awaiting approval and in step; rows of the log that end both ways."""
    desk = cloud.store.desk(W)
    lease = desk.acquire("somebody", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    ledger = cloud.store.ledger(lease)
    for id in range(first, last):
        outcome = Outcome.FAILED if id % 2 else Outcome.SUCCESS
        row = SyncLog(id, W, NOW - timedelta(minutes=2), f"run-{id}", Operation.UPDATE, outcome, mapping_id=id)
        ledger.save(_standing(Pairing(id, W, EntityType.MEDIA_PROJECT, str(id), f"page-{id}", NOW), id), row)
    desk.release(lease)


def _standing(plain: Pairing, id: int) -> Pairing:
    match id % 3:
        case 0:
            return plain.but(conflicts=(Conflict("title", "Reef", "Reef Film", "The Reef"),))
        case 1:
            return plain.but(state=State.AWAITING_APPROVAL)
        case _:
            return plain


def measured(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, int]]:
    """Of each list: its calls of tables, and the items that these read."""
    return {f"{name} {query}": _read_by(cloud, monkeypatch, name, query) for name, query in LISTS}


def _read_by(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, name: str, query: dict[str, Any]) -> dict[str, int]:
    reads: Counter[str] = Counter()
    called = emulated.called

    def counted(service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        answer = called(service, operation, arguments)
        whole = (item for items in answer.get("Responses", {}).values() for item in items)
        reads.update(calls=1, items=answer.get("ScannedCount", 0) + sum(1 for _ in whole) + ("Item" in answer))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(emulated, "called", counted)
        assert ask(cloud, name, ADMIN, query=query).status == 200
    return dict(reads)


def test_a_list_reads_as_much_of_a_large_workspace_as_of_a_small_one(
    reef: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(reef, 1, FEW)
    ask(reef, "sync_workspace", ADMIN)
    few = measured(reef, monkeypatch)

    fill(reef, FEW, MANY)

    assert measured(reef, monkeypatch) == few
