"""Lists read what they answer: as much of a hundred thousand records as of a thousand."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.api import asks
from navsync.audit import AuditRow
from navsync.connection import MOST_READ as MOST_READ_OF_WORK
from navsync.model import Base, Conflict, EntityType, Lane, Operation, Outcome, State, SyncLog, Trouble, Work, WorkKind
from navsync.model import Mapping as Pairing
from navsync.store.dynamo import MOST_READ
from tests.handlers import emulated
from tests.handlers.conftest import emptied
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import W, a_workspace
from tests.handlers.test_access import ADMIN, ask
from tests.handlers.vast import FIRST, ID, STRIDE, Vast

type Ask = tuple[str, dict[str, Any]]

ORIGINALS, FEW, MANY = 100, 10, 1_000
"""Records that are written, and how often they are repeated: a thousand are more than any list shows."""
NOW = datetime.now(UTC)
STORY = EntityType.IMPACT_STORY
LIMIT = 20
PROJECT = 42

BOUNDED: list[Ask] = [
    ("sync_mappings", {}),
    ("sync_mappings", {"skip": 60}),
    ("sync_mappings", {"sync_status": "failed"}),
    ("sync_mappings", {"entity_type": STORY}),
    ("sync_mappings", {"sync_status": "completed", "entity_type": STORY}),
    ("sync_logs", {}),
    ("sync_logs", {"status": "failed"}),
    ("history", {}),
    ("history", {"skip": 60}),
    ("conflicts", {}),
    ("conflicts", {"entity_type": STORY}),
    ("approvals", {}),
    ("attention", {}),
    ("audit", {}),
    ("templates", {}),
    ("analytics", {}),
    ("workspaces", {}),
    ("workspace", {}),
]
"""What counters and indexes know: so much is read, however much there is."""

CAPPED: list[Ask] = [
    ("sync_mappings", {"media_project_id": PROJECT}),
    ("sync_mappings", {"skip": MOST_READ}),
    ("sync_logs", {"entity_type": STORY}),
    ("sync_logs", {"status": "failed", "operation_type": "sync_performance"}),
    ("sync_logs", {"start_date": (NOW - timedelta(days=1)).date()}),
    ("history", {"run_id": "run-1"}),
    ("sync_status", {}),
    ("dashboard", {}),
]
"""What is looked for or counted row by row, until so many were read; of a status that is the work that waits."""

WHOLE = {"templates", "analytics", "workspaces", "workspace", "sync_status", "dashboard"}
"""What is no list, or a short one."""


@pytest.fixture(scope="module")
def reef(kept: Cloud) -> Cloud:
    """Of four records one is in conflict, one waits for an approval, one has failed; all wait to be looked at again."""
    cloud = emptied(kept)
    a_workspace(cloud)
    desk = cloud.store.desk(W)
    lease = desk.acquire("somebody", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    ledger = cloud.store.ledger(lease)
    for id in range(FIRST, FIRST + ORIGINALS):
        ledger.save(_record(id), _row(id))
        cloud.store.trail.begin(_change(id))
        desk.put(Work(Lane.LIVE, WorkKind.ENTITY, f"impact_story/{id}", "n", NOW, "run-2", None))
    desk.release(lease)
    return cloud


@pytest.fixture(scope="module")
def vast(reef: Cloud) -> Vast:
    """A hundred thousand records, as many rows of the log, of the audit trail, and of work."""
    return Vast(reef, MANY)


def _record(id: int) -> Pairing:
    kind = STORY if id % 2 else EntityType.PERFORMANCE_METRICS
    plain = Pairing(
        id, W, kind, str(id), f"page-{id}", NOW, last_sync_at=NOW, bases={"project": Base(str(PROJECT), "p")}
    )
    match id % 4:
        case 0:
            return plain.but(conflicts=(Conflict("title", "Reef", "Reef Film", "The Reef"),))
        case 1:
            return plain.but(state=State.AWAITING_APPROVAL)
        case 2:
            return plain.but(troubles=(Trouble("refused", "Notion refused the value", "shorten it"),))
        case _:
            return plain


def _row(id: int) -> SyncLog:
    outcome, kind = (Outcome.FAILED, STORY) if id % 2 else (Outcome.SUCCESS, EntityType.MEDIA_PROJECT)
    at = NOW - timedelta(minutes=2)
    return SyncLog(id, W, at, "run-1", Operation.UPDATE, outcome, entity_type=kind, mapping_id=id)


def _change(id: int) -> AuditRow:
    return AuditRow(id, NOW, "ana", "admin", "reef", "PUT /workspaces/{id}", f"/workspaces/{W}", "r-1", W)


def answered(by: Vast, name: str, query: Mapping[str, Any]) -> tuple[Answer, dict[str, int]]:
    """The answer of a list, and what it took: calls of tables, and the items that these read."""
    reads: Counter[str] = Counter()

    def counted(service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        answer = by.answer(service, operation, arguments)
        whole = (item for items in answer.get("Responses", {}).values() for item in items)
        reads.update(calls=1, items=answer.get("ScannedCount", 0) + sum(1 for _ in whole) + ("Item" in answer))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emulated, "called", counted)
        answer = ask(by.cloud, name, ADMIN, query=_shortened(name, query))
    assert answer.status == 200, answer.text
    return answer, dict(reads)


def _shortened(name: str, query: Mapping[str, Any]) -> dict[str, Any]:
    return {**({} if name in WHOLE else {"limit": LIMIT}), **query}


def taken(by: Vast, asked: Iterable[Ask]) -> dict[str, dict[str, int]]:
    """What each took."""
    return {f"{name} {query}": answered(by, name, query)[1] for name, query in asked}


def deep(cursor: str) -> str:
    """*cursor*, moved to the middle of the list."""
    place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    moved = asks.opaque(ID.sub(lambda id: str(int(id[0]) - MANY // 2 * STRIDE), place))
    assert moved
    return moved


def test_a_list_reads_as_much_of_a_hundred_thousand_records_as_of_a_thousand(reef: Cloud, vast: Vast) -> None:
    assert taken(vast, BOUNDED) == taken(Vast(reef, FEW), BOUNDED)


def test_a_list_reads_what_it_shows_and_little_else(vast: Vast) -> None:
    took = taken(vast, BOUNDED)
    at_work = took.pop("attention {}")  # which looks through the first of the work that waits, too

    assert {name: reads for name, reads in took.items() if reads["items"] > 7 * LIMIT or reads["calls"] > 12} == {}
    assert at_work["items"] <= 7 * LIMIT + MOST_READ_OF_WORK
    assert at_work["calls"] <= 16


def test_what_is_looked_for_row_by_row_ends_after_so_many(vast: Vast) -> None:
    took = taken(vast, CAPPED)

    assert {
        name: reads for name, reads in took.items() if reads["items"] > MOST_READ + MOST_READ_OF_WORK + 20 * LIMIT
    } == {}
    assert {name: reads for name, reads in took.items() if reads["calls"] > 50} == {}


@pytest.mark.parametrize("name", ["sync_mappings", "sync_logs", "history", "conflicts", "approvals", "audit"])
def test_in_the_middle_of_a_list_as_much_is_read_as_at_its_beginning(vast: Vast, name: str) -> None:
    beginning, at_the_beginning = answered(vast, name, {})

    middle, in_the_middle = answered(vast, name, {"cursor": deep(beginning.json["cursor"])})

    assert len(middle.json["items"]) == LIMIT
    assert in_the_middle == at_the_beginning


def test_what_is_behind_all_that_can_be_skipped_is_shown(vast: Vast) -> None:
    shown = answered(vast, "sync_mappings", {"skip": MOST_READ})[0].json

    assert len(shown["items"]) == LIMIT


def test_a_hundred_thousand_records_are_counted(vast: Vast) -> None:
    totals = {name: answered(vast, name, {})[0].json["total"] for name in ("sync_mappings", "sync_logs", "audit")}

    assert totals == dict.fromkeys(totals, ORIGINALS * MANY)


def test_what_stands_in_for_a_large_table_answers_as_the_emulator_does(reef: Cloud) -> None:
    for name, query in BOUNDED + CAPPED:
        shown, _ = answered(Vast(reef, 1), name, query)

        assert shown.text == ask(reef, name, ADMIN, query=_shortened(name, query)).text
