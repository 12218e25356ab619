"""What workers of one workspace, and of several, tell each other: held against DynamoDB and against memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from navsync.model import (
    Edit,
    EntityRef,
    EntityType,
    Lane,
    Lease,
    Operation,
    Outages,
    Outcome,
    Pause,
    SyncLog,
    Work,
    WorkKind,
)
from navsync.ports import Desk, Ledger
from navsync.store import Store, keys
from navsync.store.dynamo import Item, Key
from tests.contract.memory_store import MemoryStore
from tests.stores.conftest import MINUTE, NOW, counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type AnyStore = Store | MemoryStore

REEF = EntityRef(EntityType.MEDIA_PROJECT, "42")
W, OTHER = 17, 18


@pytest.fixture
def desk(either_store: AnyStore) -> Desk:
    return either_store.desk(W)


def ledger_of(store: AnyStore, workspace_id: int = W, owner: str = "worker") -> Ledger:
    return store.ledger(lease_of(store, workspace_id, owner))


def lease_of(store: AnyStore, workspace_id: int, owner: str) -> Lease:
    lease = store.desk(workspace_id).acquire(owner, now=NOW, until=NOW + 3 * MINUTE)
    assert lease is not None
    return lease


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_a_workspace_that_was_never_paused_has_no_pause(desk: Desk) -> None:
    assert desk.pause() is None


def test_a_pause_is_kept_with_how_often_it_came(desk: Desk) -> None:
    desk.keep_pause(Pause(NOW + MINUTE, Outages(trips=2)))

    assert desk.pause() == Pause(NOW + MINUTE, Outages(trips=2))


def test_a_shorter_pause_does_not_end_a_longer_one(desk: Desk) -> None:
    desk.keep_pause(Pause(NOW + 10 * MINUTE))
    desk.keep_pause(Pause(NOW + MINUTE))

    assert desk.pause() == Pause(NOW + 10 * MINUTE)


# --- runs that people ask for -----------------------------------------------------------------------------------------


def test_of_two_equal_runs_that_go_through_everything_the_first_is_kept(store: Store) -> None:
    first, second = (Work(Lane.BACKFILL, WorkKind.CHOSEN, "failed/", run, NOW, run) for run in ("a", "b"))
    desk = store.desk(W)

    begun = [desk.begin_walk(each, f"walk:{each.run_id}", "0", total=3, now=NOW) for each in (first, second)]

    assert begun == [True, False]
    assert desk.pending(Lane.BACKFILL, limit=2) == [first]
    assert (desk.run("a"), desk.run("b")) == ((3, NOW), None)
    assert (desk.cursor("walk:a"), desk.cursor("walk:b")) == ("0", None)


def test_of_two_decisions_the_run_of_the_one_that_is_taken_is_known(store: Store) -> None:
    first, second = (Work(Lane.LIVE, WorkKind.DECIDE, "1/v", by, NOW, run_id=by, actor=by) for by in ("bo", "ann"))
    desk = store.desk(W)

    assert [desk.put_decision(each, now=NOW) for each in (first, second)] == [None, first]
    assert (desk.asked_at("bo"), desk.asked_at("ann")) == (NOW, None)


def test_of_two_people_who_decide_in_the_same_moment_one_is_heard(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Work(Lane.LIVE, WorkKind.DECIDE, "1/v", by, NOW, run_id=by, actor=by) for by in ("bo", "ann"))
    desk, get_many = store.desk(W), store.desk(W).dynamo.get_many
    overtakes = iter([lambda: store.desk(W).put_decision(first, now=NOW)])

    def slowly(table: str, keys: Iterable[Key]) -> list[Item]:
        found = get_many(table, keys)
        next(overtakes, lambda: None)()
        return found

    monkeypatch.setattr(desk.dynamo, "get_many", slowly)

    assert desk.put_decision(second, now=NOW) == first
    assert desk.pending(Lane.LIVE, limit=2) == [first]


def test_of_two_events_in_the_same_moment_both_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = store.desk(W)
    edits = [Edit(NOW + n * MINUTE, ("title",)) for n in range(3)]
    told = [Work(Lane.LIVE, WorkKind.PAGE, "p", str(edit.at), NOW, "r", edits=(edit,)) for edit in edits]
    desk.put(told[0])
    in_place_of = Work.in_place_of
    overtakes = iter([lambda: store.desk(W).put(told[1])])

    def slowly(work: Work, other: Work) -> Work:
        next(overtakes, lambda: None)()
        return in_place_of(work, other)

    monkeypatch.setattr(Work, "in_place_of", slowly)
    desk.put(told[2])

    (row,) = desk.pending(Lane.LIVE, limit=2)
    assert row.edits == tuple(edits)


# --- records that several workspaces hold -----------------------------------------------------------------------------


def test_a_record_is_written_by_one_workspace_at_a_time(either_store: AnyStore) -> None:
    ours, theirs = ledger_of(either_store), ledger_of(either_store, OTHER)

    assert ours.hold(REEF, now=NOW, until=NOW + MINUTE)
    assert not theirs.hold(REEF, now=NOW, until=NOW + MINUTE)


def test_a_record_let_go_is_free(either_store: AnyStore) -> None:
    ours, theirs = ledger_of(either_store), ledger_of(either_store, OTHER)
    ours.hold(REEF, now=NOW, until=NOW + MINUTE)
    ours.let_go(REEF)

    assert theirs.hold(REEF, now=NOW, until=NOW + MINUTE)


def test_a_record_is_free_when_its_holder_has_died(either_store: AnyStore) -> None:
    ours, theirs = ledger_of(either_store), ledger_of(either_store, OTHER)
    ours.hold(REEF, now=NOW, until=NOW + MINUTE)

    assert theirs.hold(REEF, now=NOW + 2 * MINUTE, until=NOW + 3 * MINUTE)


def test_a_holder_that_comes_back_late_does_not_free_what_another_holds(either_store: AnyStore) -> None:
    ours, theirs, third = (ledger_of(either_store, id) for id in (W, OTHER, 19))
    ours.hold(REEF, now=NOW, until=NOW + MINUTE)
    theirs.hold(REEF, now=NOW + 2 * MINUTE, until=NOW + 9 * MINUTE)

    ours.let_go(REEF)

    assert not third.hold(REEF, now=NOW + 3 * MINUTE, until=NOW + 4 * MINUTE)


def test_what_a_mapping_holds_outlives_the_worker_that_looked_at_it(either_store: AnyStore) -> None:
    theirs, first = ledger_of(either_store, OTHER), lease_of(either_store, W, "first")
    assert either_store.ledger(first).hold(REEF, now=NOW, until=NOW + MINUTE, by=5)
    either_store.desk(W).release(first)
    second = ledger_of(either_store, W, "second")

    free = [each.hold(REEF, now=NOW, until=NOW + MINUTE, by=by) for each, by in ((theirs, 5), (second, 6), (second, 5))]
    second.let_go(REEF)

    assert free == [False, False, True]
    assert not theirs.hold(REEF, now=NOW, until=NOW + MINUTE)
    second.let_go(REEF, by=5)
    assert theirs.hold(REEF, now=NOW, until=NOW + MINUTE)


def test_what_was_made_again_of_a_record_is_known_to_every_workspace(either_store: AnyStore) -> None:
    ours, theirs = ledger_of(either_store), ledger_of(either_store, OTHER)
    assert theirs.remade(REEF) is None

    ours.note_remade(REEF, "77", now=NOW)

    assert theirs.remade(REEF) == "77"


# --- runs -------------------------------------------------------------------------------------------------------------


def test_the_rows_of_a_run_are_found_latest_first(either_store: AnyStore) -> None:
    ledger = ledger_of(either_store)
    rows = [SyncLog(id, W, NOW, run, Operation.UPDATE, Outcome.SUCCESS) for id, run in ((3, "a"), (1, "a"), (2, "b"))]
    ledger.record(*rows)

    assert [row.id for row in ledger.logs_of_run("a")] == [3, 1]


def test_the_rows_of_a_run_are_gone_on_with_behind_one_of_them(either_store: AnyStore) -> None:
    ledger = ledger_of(either_store)
    rows = [SyncLog(id, W, NOW + id * MINUTE, "a", Operation.UPDATE, Outcome.SUCCESS) for id in (1, 2, 3)]
    ledger.record(*rows)

    assert [row.id for row in ledger.logs_of_run("a", before=rows[2])] == [2, 1]


def test_the_rows_of_a_run_are_read_many_at_a_time(store: Store, dynamodb: DynamoDBClient) -> None:
    ledger = ledger_of(store)
    ledger.record(*(SyncLog(id, W, NOW, "a", Operation.UPDATE, Outcome.SUCCESS) for id in range(1, 41)))

    with counted(dynamodb) as calls:
        assert len(list(ledger.logs_of_run("a"))) == 40

    assert calls == {"Query": 1, "BatchGetItem": 2}


# --- wakes ------------------------------------------------------------------------------------------------------------


def test_one_delayed_wake_is_enough_for_one_time(either_store: AnyStore) -> None:
    desk, at = either_store.desk(W), NOW + 5 * MINUTE

    assert [desk.claim_later(at, NOW) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("second", "now"), [(NOW + MINUTE, NOW), (NOW + 20 * MINUTE, NOW + 6 * MINUTE)], ids=["sooner", "after the first"]
)
def test_a_wake_is_sent_when_none_comes_in_time(either_store: AnyStore, second: datetime, now: datetime) -> None:
    desk = either_store.desk(W)
    desk.claim_later(NOW + 5 * MINUTE, NOW)

    assert desk.claim_later(second, now)


def test_a_wake_that_was_due_a_moment_ago_does_not_hold_back_the_next(either_store: AnyStore) -> None:
    desk = either_store.desk(W)
    desk.claim_later(NOW, NOW - MINUTE)

    assert desk.claim_later(NOW + timedelta(seconds=1), NOW + timedelta(milliseconds=1))


def test_a_wake_that_was_not_sent_after_all_is_still_to_be_sent(either_store: AnyStore) -> None:
    desk, at = either_store.desk(W), NOW + 5 * MINUTE
    desk.claim_later(at, NOW)

    desk.disclaim_later()

    assert desk.claim_later(at, NOW)


# --- what workers died at ---------------------------------------------------------------------------------------------


def test_who_died_under_an_older_release_is_taken_to_have_begun_when_they_were_found(store: Store) -> None:
    desk = store.desk(W)
    assert desk.acquire("killed", now=NOW, until=NOW + 3 * MINUTE)
    died = {"42": {"times": 1, "last": keys.moment(NOW - MINUTE)}}
    lease_of = keys.within(W, keys.LEASE)
    desk.dynamo.update(
        desk.tables.workspaces, lease_of, "SET #died = :died, #working_on = :key", {"died": died, "key": "k"}
    )

    lease = desk.acquire("next", now=NOW + 4 * MINUTE, until=NOW + 7 * MINUTE)

    assert lease is not None
    assert {key: (each.times, each.begun) for key, each in lease.deaths.items()} == {
        "42": (1, NOW - MINUTE),
        "k": (1, NOW + 4 * MINUTE),
    }
