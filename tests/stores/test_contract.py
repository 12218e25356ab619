"""What a ledger and a desk promise, held against DynamoDB and against memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from navsync.errors import LostLease, StaleMapping
from navsync.model import (
    MOST_EDITS,
    Base,
    BudgetWindow,
    Change,
    CreateIntent,
    DataSource,
    Deaths,
    Direction,
    Edit,
    EntityRef,
    EntityType,
    FieldWrite,
    Lane,
    Lease,
    Mapping,
    Operation,
    Outcome,
    Property,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Work,
    WorkKind,
    WriteIntent,
)
from navsync.ports import Desk, Ledger
from navsync.store import Store
from navsync.templates import BUILT_IN, Commission
from tests.contract.memory_store import MemoryStore
from tests.stores.conftest import MINUTE, NOW, workspace

type AnyStore = Store | MemoryStore

PROJECT = EntityType.MEDIA_PROJECT
W = 17


@pytest.fixture
def desk(either_store: AnyStore) -> Desk:
    return either_store.desk(W)


@pytest.fixture
def lease(desk: Desk) -> Lease:
    return take(desk)


@pytest.fixture
def ledger(either_store: AnyStore, lease: Lease) -> Ledger:
    return either_store.ledger(lease)


def take(desk: Desk, owner: str = "worker-1", at: int = 0) -> Lease:
    lease = desk.acquire(owner, now=NOW + at * MINUTE, until=NOW + (at + 3) * MINUTE)
    assert lease is not None
    return lease


def a_mapping(id: int = 1, **changes: Any) -> Mapping:
    plain = Mapping(id, W, PROJECT, entity_id=str(40 + id), page_id=f"page-{id}", created_at=NOW)
    return replace(plain, **changes)


def a_log(id: int = 900, **changes: Any) -> SyncLog:
    return replace(SyncLog(id, W, NOW, "run-1", Operation.UPDATE, Outcome.SUCCESS), **changes)


def some_work(external_id: str = "media_project/42", **changes: Any) -> Work:
    return replace(Work(Lane.LIVE, WorkKind.ENTITY, external_id, nonce="n1", due=NOW, run_id="run-1"), **changes)


def creating(**changes: Any) -> CreateIntent:
    return CreateIntent(on=Side.NOTION, values={"title": "Reef"}, key="media_project/41", log_id=900, **changes)


# --- mappings -------------------------------------------------------------------------------------------------------


def test_a_saved_mapping_is_read_back_as_it_was(ledger: Ledger) -> None:
    saved = ledger.save(
        a_mapping(
            bases={
                "title": Base("Reef", "Reef"),
                "budget": Base(Decimal("10.50"), Decimal("10.5")),
                "end": Base(None, None),
            },
            intent=WriteIntent((FieldWrite("title", Side.NOTION, "Reef II", "Reef"),), log_id=900),
            title="Reef",
        )
    )

    assert ledger.load(1) == saved


def test_a_save_raises_the_version(ledger: Ledger) -> None:
    assert [ledger.save(a_mapping()).version, ledger.save(a_mapping(version=1)).version] == [1, 2]


def test_an_unknown_mapping_is_none(ledger: Ledger) -> None:
    assert (ledger.load(5), ledger.of_page("p"), ledger.of_entity(EntityRef(PROJECT, "5"))) == (None, None, None)


def test_a_mapping_is_found_by_its_entity_and_by_its_page(ledger: Ledger) -> None:
    saved = ledger.save(a_mapping())

    assert ledger.of_entity(EntityRef(PROJECT, "41")) == saved
    assert ledger.of_page("page-1") == saved


def test_an_entity_of_another_type_with_the_same_id_is_another(ledger: Ledger) -> None:
    ledger.save(a_mapping())

    assert ledger.of_entity(EntityRef(EntityType.IMPACT_STORY, "41")) is None


def test_a_save_over_a_newer_version_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    first = ledger.save(a_mapping(title="first"))
    second = ledger.save(first.but(title="second"))

    with pytest.raises(StaleMapping):
        ledger.save(first.but(title="late"), a_log())

    assert (ledger.load(1), ledger.log(900)) == (second, None)


def test_a_save_over_a_version_that_another_ledger_made_is_refused(either_store: AnyStore, lease: Lease) -> None:
    ours, theirs = either_store.ledger(lease), either_store.ledger(lease)
    seen = ours.save(a_mapping())
    theirs.save(seen.but(title="theirs"))

    with pytest.raises(StaleMapping):
        ours.save(seen.but(title="ours"))


def test_a_mapping_is_stored_for_the_first_time_only_once(ledger: Ledger) -> None:
    ledger.save(a_mapping())

    with pytest.raises(StaleMapping):
        ledger.save(a_mapping())


def test_a_mapping_that_was_never_stored_cannot_be_at_a_version(ledger: Ledger) -> None:
    with pytest.raises(StaleMapping):
        ledger.save(a_mapping(version=3))


def test_an_entity_is_paired_once(ledger: Ledger) -> None:
    ledger.save(a_mapping(1))

    with pytest.raises(StaleMapping):
        ledger.save(a_mapping(2, entity_id="41"))

    assert (ledger.load(2), ledger.of_page("page-2")) == (None, None)


def test_a_page_is_paired_once(ledger: Ledger) -> None:
    ledger.save(a_mapping(1))

    with pytest.raises(StaleMapping):
        ledger.save(a_mapping(2, page_id="page-1"))


def test_a_page_that_is_let_go_can_be_paired_anew(ledger: Ledger) -> None:
    first = ledger.save(a_mapping(1))
    ledger.save(first.but(page_id=None))

    second = ledger.save(a_mapping(2, page_id="page-1"))

    assert ledger.of_page("page-1") == second


def test_a_mapping_that_gets_its_page_later_is_found_by_it(ledger: Ledger) -> None:
    ledger.save(ledger.save(a_mapping(page_id=None)).but(page_id="page-9"))

    found = ledger.of_page("page-9")

    assert found is not None
    assert found.id == 1


def test_a_mapping_that_changes_its_page_is_no_longer_found_by_the_old_one(
    either_store: AnyStore, lease: Lease
) -> None:
    either_store.ledger(lease).save(a_mapping())
    ledger = either_store.ledger(lease)

    ledger.save(a_mapping(version=1, page_id="page-9"))

    assert ledger.of_page("page-1") is None


def test_mappings_are_gone_through_in_order_of_their_ids(ledger: Ledger) -> None:
    kept = [ledger.save(a_mapping(n, page_id=f"page-{n}")) for n in (30, 4, 100)]

    assert ledger.mappings_after(0, 2) == [kept[1], kept[0]]
    assert ledger.mappings_after(30, 2) == [kept[2]]


def test_open_creates_come_oldest_first_and_go_when_done(ledger: Ledger) -> None:
    later = ledger.save(a_mapping(8, page_id=None, intent=creating()))
    earlier = ledger.save(a_mapping(2, page_id=None, intent=creating(attempted_at=NOW)))
    done = ledger.save(a_mapping(5, page_id=None, intent=creating()))
    ledger.save(done.but(intent=None, page_id="page-5"))
    ledger.save(a_mapping(6))

    assert ledger.open_creates() == [earlier, later]


def test_a_text_of_a_megabyte_is_kept_to_the_letter(either_store: AnyStore, lease: Lease) -> None:
    text = "".join(chr(33 + (n * n) % 90) for n in range(1_000_000))
    saved = either_store.ledger(lease).save(a_mapping(bases={"description": Base(text, text + "!")}))

    assert either_store.ledger(lease).load(1) == saved


def test_a_long_text_that_was_replaced_does_not_come_back(either_store: AnyStore, lease: Lease) -> None:
    ledger = either_store.ledger(lease)
    saved = ledger.save(a_mapping(bases={"a": Base("x" * 9000, "y" * 9000), "b": Base("z" * 9000, None)}))
    ledger.save(saved.but(bases={"a": Base("x" * 9000, "short")}))

    read = either_store.ledger(lease).load(1)

    assert read is not None
    assert read.bases == {"a": Base("x" * 9000, "short")}


# --- handing over ---------------------------------------------------------------------------------------------------


def a_successor(**changes: Any) -> Mapping:
    """A mapping that nobody has stored yet, for what another lets go."""
    return a_mapping(2, **{"entity_id": None, "page_id": None} | changes)


def without_page(mapping: Mapping) -> Mapping:
    return mapping.but(page_id=None, state=State.CREATING)


def test_a_page_that_is_handed_over_is_found_with_its_next_mapping(ledger: Ledger) -> None:
    first = ledger.save(a_mapping())

    giver, taker = ledger.hand_over(without_page(first), a_successor(page_id="page-1"), a_log())

    assert (giver.version, taker.version) == (2, 1)
    assert (ledger.of_page("page-1"), ledger.of_entity(EntityRef(PROJECT, "41"))) == (taker, giver)
    assert (ledger.load(1), ledger.load(2), ledger.log(900)) == (giver, taker, a_log())


def test_a_record_that_is_handed_over_to_a_row_leaves_each_its_page(ledger: Ledger) -> None:
    first, row = ledger.save(a_mapping()), ledger.save(a_successor(page_id="page-2"))

    giver, taker = ledger.hand_over(first.but(entity_id=None), row.but(entity_id="41"))

    assert ledger.of_entity(EntityRef(PROJECT, "41")) == taker
    assert (ledger.of_page("page-1"), ledger.of_page("page-2")) == (giver, taker)


def test_what_was_handed_over_can_be_let_go_and_paired_anew(either_store: AnyStore, lease: Lease) -> None:
    ledger = either_store.ledger(lease)
    giver, taker = ledger.hand_over(without_page(ledger.save(a_mapping())), a_successor(page_id="page-1"))
    ledger.save(taker.but(page_id=None))

    assert either_store.ledger(lease).of_page("page-1") is None
    assert either_store.ledger(lease).save(giver.but(page_id="page-1")).page_id == "page-1"


@pytest.mark.parametrize("newer", [1, 2], ids=["the giver", "the taker"])
def test_nothing_is_handed_over_where_somebody_has_saved_one_of_them_since(
    either_store: AnyStore, lease: Lease, newer: int
) -> None:
    ledger = either_store.ledger(lease)
    seen = {mapping.id: ledger.save(mapping) for mapping in (a_mapping(), a_successor(page_id="page-2"))}
    theirs = {**seen, newer: either_store.ledger(lease).save(seen[newer].but(title="theirs"))}

    with pytest.raises(StaleMapping):
        ledger.hand_over(seen[1].but(entity_id=None), seen[2].but(entity_id="41"), a_log())

    assert {id: ledger.load(id) for id in seen} == theirs
    assert (ledger.of_entity(EntityRef(PROJECT, "41")), ledger.log(900)) == (theirs[1], None)


def test_what_is_handed_over_twice_is_handed_over_once(either_store: AnyStore, lease: Lease) -> None:
    ledger, first = either_store.ledger(lease), either_store.ledger(lease).save(a_mapping())
    giver, taker = ledger.hand_over(without_page(first), a_successor(page_id="page-1"))

    for again in (ledger, either_store.ledger(lease)):  # the answer was lost, or a worker knows of nothing
        with pytest.raises(StaleMapping):
            again.hand_over(without_page(first), a_successor(page_id="page-1"))

    assert (ledger.load(1), ledger.load(2), ledger.of_page("page-1")) == (giver, taker, taker)


def test_what_a_third_mapping_pairs_is_not_taken(ledger: Ledger) -> None:
    first, third = ledger.save(a_mapping(1)), ledger.save(a_mapping(3))

    with pytest.raises(StaleMapping):
        ledger.hand_over(without_page(first), a_successor(page_id="page-3"))

    assert (ledger.load(1), ledger.load(2), ledger.of_page("page-3")) == (first, None, third)


def test_what_the_giver_still_pairs_is_not_taken(ledger: Ledger) -> None:
    first = ledger.save(a_mapping())

    with pytest.raises(StaleMapping):
        ledger.hand_over(first, a_successor(page_id="page-1"))

    assert (ledger.load(2), ledger.of_page("page-1")) == (None, first)


def test_nothing_is_handed_over_under_an_old_fence(either_store: AnyStore, desk: Desk, ledger: Ledger) -> None:
    first = ledger.save(a_mapping())
    successor = either_store.ledger(take(desk, "worker-2", at=3))

    with pytest.raises(LostLease):
        ledger.hand_over(without_page(first), a_successor(page_id="page-1"), a_log())

    assert (successor.of_page("page-1"), successor.load(2), successor.log(900)) == (first, None, None)


def test_another_workspace_keeps_its_own_mapping_of_a_page_that_is_handed_over(
    either_store: AnyStore, ledger: Ledger
) -> None:
    theirs = either_store.ledger(take(either_store.desk(18)))
    kept = theirs.save(a_mapping(workspace_id=18))

    ledger.hand_over(without_page(ledger.save(a_mapping())), a_successor(page_id="page-1"))

    assert (theirs.of_page("page-1"), theirs.of_entity(EntityRef(PROJECT, "41")), theirs.load(2)) == (kept, kept, None)


def test_a_create_that_ends_as_its_record_is_handed_over_is_open_no_more(ledger: Ledger) -> None:
    first = ledger.save(a_mapping(intent=creating()))
    row = ledger.save(a_successor(page_id="page-2", intent=creating(attempted_at=NOW)))

    ledger.hand_over(first.but(entity_id=None, intent=None), row.but(entity_id="41", intent=None))

    assert ledger.open_creates() == []


# --- the lease and the fence ----------------------------------------------------------------------------------------


def test_a_lease_is_held_by_one(desk: Desk, lease: Lease) -> None:
    assert desk.acquire("worker-2", now=NOW + MINUTE, until=NOW + 5 * MINUTE) is None


def test_the_fence_rises_with_each_holder(desk: Desk, lease: Lease) -> None:
    desk.release(lease)

    assert take(desk, "worker-2").fence > lease.fence


def test_a_lease_that_has_run_out_can_be_taken(desk: Desk, lease: Lease) -> None:
    assert take(desk, "worker-2", at=3).owner == "worker-2"


def test_a_holder_can_take_its_own_lease_again(desk: Desk, lease: Lease) -> None:
    assert take(desk, "worker-1", at=1).fence == lease.fence + 1


def test_releasing_a_lost_lease_does_nothing(desk: Desk, lease: Lease) -> None:
    successor = take(desk, "worker-2", at=3)

    desk.release(lease)

    assert desk.acquire("worker-3", now=NOW + 4 * MINUTE, until=NOW + 9 * MINUTE) is None
    desk.begin(successor, "k", now=NOW + 4 * MINUTE)


def test_a_save_under_an_old_fence_fails_and_changes_nothing(
    either_store: AnyStore, desk: Desk, ledger: Ledger
) -> None:
    saved = ledger.save(a_mapping())
    successor = take(desk, "worker-2", at=3)

    with pytest.raises(LostLease):
        ledger.save(saved.but(title="zombie"), a_log())

    assert either_store.ledger(successor).load(1) == saved
    assert either_store.ledger(successor).log(900) is None


def test_a_record_under_an_old_fence_fails(desk: Desk, ledger: Ledger) -> None:
    take(desk, "worker-2", at=3)

    with pytest.raises(LostLease):
        ledger.record(a_log())


def test_a_save_after_release_fails(desk: Desk, lease: Lease, ledger: Ledger) -> None:
    desk.release(lease)

    with pytest.raises(LostLease):
        ledger.save(a_mapping())


def test_beginning_under_a_lost_lease_fails(desk: Desk, lease: Lease) -> None:
    take(desk, "worker-2", at=3)

    with pytest.raises(LostLease):
        desk.begin(lease, "k", now=NOW)


def die(store: AnyStore, key: str, *, at: int) -> None:
    """A worker that is killed at *key*, and gives nothing back."""
    holder = store.desk(W)
    holder.begin(take(holder, f"worker at {at}", at=at), key, now=NOW + at * MINUTE)


def test_a_lease_of_which_nobody_died_tells_of_no_deaths(lease: Lease) -> None:
    assert (lease.inherited, lease.deaths) == (None, {})


def test_a_holder_that_dies_at_a_key_is_counted_against_it(either_store: AnyStore) -> None:
    for n in range(2):
        die(either_store, "entity/media_project/42", at=4 * n)

    lease = take(either_store.desk(W), at=8)

    assert lease.inherited == "entity/media_project/42"
    assert lease.deaths == {"entity/media_project/42": Deaths(2, last=NOW + 8 * MINUTE, begun=NOW + 4 * MINUTE)}


def test_deaths_are_remembered_from_holder_to_holder(either_store: AnyStore) -> None:
    die(either_store, "poison", at=0)
    desk = either_store.desk(W)
    lease = take(desk, at=4)
    desk.begin(lease, "something else", now=NOW + 4 * MINUTE)
    desk.release(lease)

    later = take(desk, at=5)

    assert later.inherited is None
    assert later.deaths == {"poison": Deaths(1, last=NOW + 4 * MINUTE, begun=NOW)}


def test_a_key_that_was_survived_has_its_deaths_forgotten(either_store: AnyStore) -> None:
    for n, key in enumerate(["a", "b", "c"]):
        die(either_store, key, at=4 * n)
    desk = either_store.desk(W)
    lease = take(desk, at=12)

    desk.survive(lease, ["a", "b"])
    desk.release(lease)

    assert set(take(desk, at=13).deaths) == {"c"}


def test_surviving_under_a_lost_lease_fails(either_store: AnyStore) -> None:
    die(either_store, "poison", at=0)
    desk = either_store.desk(W)
    lost = take(desk, "slow", at=4)
    take(desk, "quick", at=8)

    with pytest.raises(LostLease):
        desk.survive(lost, ["poison"])


def test_a_holder_that_released_did_not_die(either_store: AnyStore) -> None:
    holder = either_store.desk(W)
    lease = take(holder)
    holder.begin(lease, "k", now=NOW)
    holder.release(lease)

    assert take(either_store.desk(W), "worker-2", at=9).deaths == {}


def test_the_epoch_rises_by_one(desk: Desk) -> None:
    first = desk.raise_epoch()

    assert desk.raise_epoch() == first + 1


# --- the sync log ---------------------------------------------------------------------------------------------------


def test_a_log_saved_with_a_mapping_is_read_back(ledger: Ledger) -> None:
    log = a_log(
        entity_type=PROJECT, changes=(Change("title", Side.NOTION, "Reef", "Reef II", {"rich": [1, None]}, "changed"),)
    )

    ledger.save(a_mapping(), log)

    assert ledger.log(900) == log


def test_a_log_with_the_id_of_a_stored_one_replaces_it(ledger: Ledger) -> None:
    ledger.record(a_log(outcome=Outcome.STARTED))

    ledger.record(done := a_log(outcome=Outcome.SUCCESS, duration_ms=12))

    assert ledger.log(900) == done


def test_more_logs_than_a_transaction_takes_are_recorded_at_once(ledger: Ledger) -> None:
    logs = [a_log(id) for id in range(1_000, 1_120)]

    ledger.record(*logs)

    assert list(ledger.logs_of_run("run-1")) == logs[::-1]


def test_a_long_overwritten_value_is_kept_whole(ledger: Ledger) -> None:
    runs = [{"text": "word " * 100, "bold": bool(n % 2), "n": n} for n in range(2000)]
    log = a_log(changes=(Change("description", Side.NOTION, "o" * 1_000_000, None, runs),))

    ledger.record(log)

    assert ledger.log(900) == log


# --- refusing the implausible ---------------------------------------------------------------------------------------


def remove(ledger: Ledger, many: int = 1, now: datetime = NOW) -> bool:
    """Begin to remove the page of another mapping, as one of *many* deletions; whether that may be."""
    another = a_mapping(100 + len(ledger.mappings_after(0, 1_000)), intent=RemoveIntent(Side.NOTION, 900))
    return ledger.save_removal(another, now=now, many=many) is not None


def test_five_removals_an_hour_are_counted_in_a_small_workspace(ledger: Ledger) -> None:
    assert [remove(ledger) for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_tenth_of_a_large_workspace_may_go_in_an_hour(ledger: Ledger) -> None:
    for id in range(1, 71):
        ledger.save(a_mapping(id))
    ledger.save(a_mapping(71, state=State.DELETED))

    assert [remove(ledger) for _ in range(8)] == [True] * 7 + [False]


def test_many_removals_are_counted_together_or_not_at_all(ledger: Ledger) -> None:
    assert [remove(ledger, many) for many in (6, 3, 3, 2)] == [False, True, False, True]


def test_how_many_more_may_go_is_told_without_counting(ledger: Ledger) -> None:
    assert (ledger.removals_left(NOW), ledger.removals_left(NOW)) == (5, 5)

    remove(ledger)

    assert ledger.removals_left(NOW) == 4


def test_an_hour_later_removals_are_counted_anew(ledger: Ledger) -> None:
    remove(ledger, 5)

    assert ledger.removals_left(NOW + timedelta(minutes=70)) == 5
    assert remove(ledger, 5, NOW + timedelta(minutes=70))


def test_the_hour_of_removals_ends_at_no_stroke_of_the_clock(ledger: Ledger) -> None:
    before_one = NOW.replace(hour=12, minute=59, second=30)
    remove(ledger, 5, before_one)

    for later in (timedelta(minutes=1), timedelta(minutes=30), timedelta(minutes=59)):
        assert not remove(ledger, 1, before_one + later)
        assert ledger.removals_left(before_one + later) == 0


def test_a_removal_is_kept_with_its_row_and_counted(ledger: Ledger) -> None:
    begun = ledger.save_removal(a_mapping(), log := a_log(), now=NOW, many=2)

    assert (ledger.load(1), ledger.log(900)) == (begun, log)
    assert ledger.removals_left(NOW) == 3


def test_a_removal_too_many_is_neither_kept_nor_counted(ledger: Ledger) -> None:
    known = ledger.save(a_mapping())

    remove(ledger, 5)

    assert ledger.save_removal(known.but(title="gone"), a_log(), now=NOW, many=1) is None

    assert (ledger.load(1), ledger.log(900)) == (known, None)
    assert ledger.save(known).version == known.version + 1
    assert ledger.removals_left(NOW) == 0


def test_a_removal_of_what_somebody_has_saved_since_is_not_counted(ledger: Ledger) -> None:
    seen = ledger.save(a_mapping())
    ledger.save(seen)

    with pytest.raises(StaleMapping):
        ledger.save_removal(seen, now=NOW, many=1)

    assert ledger.removals_left(NOW) == 5


def test_a_worker_that_has_lost_its_lease_counts_no_removal(either_store: AnyStore, ledger: Ledger, desk: Desk) -> None:
    successor = either_store.ledger(take(desk, "worker-2", at=3))

    with pytest.raises(LostLease):
        ledger.save_removal(a_mapping(), now=NOW, many=1)

    assert successor.removals_left(NOW) == 5


# --- work -----------------------------------------------------------------------------------------------------------


def test_work_comes_in_order_of_its_due(desk: Desk) -> None:
    desk.put(second := some_work("media_project/1", due=NOW - MINUTE))
    desk.put(first := some_work("media_project/2", due=NOW - 2 * MINUTE))
    desk.put(third := some_work("media_project/3", due=NOW + MINUTE))

    assert desk.pending(Lane.LIVE, limit=10) == [first, second, third]


def test_no_more_work_is_given_than_asked_for(desk: Desk) -> None:
    for n in range(5):
        desk.put(some_work(f"media_project/{n}", due=NOW - n * MINUTE))

    assert [row.external_id for row in desk.pending(Lane.LIVE, limit=2)] == [
        "media_project/4",
        "media_project/3",
    ]


def test_lanes_are_apart(desk: Desk) -> None:
    desk.put(some_work(lane=Lane.SWEEP))

    assert (len(desk.pending(Lane.LIVE, limit=9)), len(desk.pending(Lane.SWEEP, limit=9))) == (0, 1)


def test_work_on_the_same_thing_replaces_what_was_there(desk: Desk) -> None:
    desk.put(some_work(nonce="n1"))
    desk.put(again := some_work(nonce="n2", due=NOW - MINUTE))

    assert desk.pending(Lane.LIVE, limit=9) == [again]


def test_work_that_a_person_waits_for_is_replaced_by_no_other(desk: Desk) -> None:
    desk.put(asked := some_work(nonce="n1", due=NOW - MINUTE, thorough=True, requested=True))
    desk.put(told := some_work(nonce="n2"))

    assert desk.pending(Lane.LIVE, limit=9) == [asked, told]


def test_work_that_a_person_waits_for_is_done_by_itself(desk: Desk) -> None:
    desk.put(asked := some_work(nonce="n1", requested=True))
    desk.put(told := some_work(nonce="n2"))

    assert desk.done(told)
    assert desk.which_wait([asked, told]) == [asked]
    assert desk.done(asked)
    assert desk.pending(Lane.LIVE, limit=9) == []


def test_work_that_two_people_ask_for_is_done_for_both_when_it_is_done(desk: Desk) -> None:
    for run in ("ann", "bo", "ann again"):
        desk.put(last := some_work(nonce=run, run_id=run, requested=True))

    assert desk.pending(Lane.LIVE, limit=9) == [replace(last, also=("ann", "bo"))]


def test_work_that_was_put_off_is_still_that_of_all_who_asked_for_it(desk: Desk) -> None:
    desk.put(some_work(nonce="n1", run_id="ann", requested=True))
    desk.put(some_work(nonce="n2", run_id="bo", requested=True))
    (row,) = desk.pending(Lane.LIVE, limit=9)

    desk.put_again(again := replace(row, nonce="n3", due=NOW + MINUTE), seen=row)
    desk.put(some_work(nonce="n4", run_id="cy", requested=True))

    assert again.also == ("ann",)
    assert [each.also for each in desk.pending(Lane.LIVE, limit=9)] == [("ann", "bo")]


def test_work_that_looks_one_way_alone_replaces_none_that_looks_both_ways(desk: Desk) -> None:
    desk.put(both := some_work(nonce="n1", due=NOW - MINUTE))
    desk.put(one := some_work(nonce="n2", direction=Direction.TO_NOTION, apart="navimpact_to_notion"))

    assert desk.pending(Lane.LIVE, limit=9) == [both, one]
    assert desk.done(one)
    assert desk.pending(Lane.LIVE, limit=9) == [both]


def test_what_events_told_is_kept_when_another_comes_before_anybody_looks(desk: Desk) -> None:
    first, second = Edit(NOW - MINUTE, ("title",), "ann"), Edit(NOW, ("budget",), "bo")
    desk.put(some_work(nonce="n1", edits=(first,)))
    desk.put(some_work(nonce="n2", edits=(second,)))
    desk.put(last := some_work(nonce="n3"))

    assert desk.pending(Lane.LIVE, limit=9) == [replace(last, edits=(first, second))]


def test_what_an_event_told_twice_is_kept_once(desk: Desk) -> None:
    told = some_work(edits=(Edit(NOW, ("title",)),))
    desk.put(told)
    desk.put(told)

    assert desk.pending(Lane.LIVE, limit=9) == [told]


def test_of_very_many_events_the_latest_are_kept(desk: Desk) -> None:
    edits = [Edit(NOW + n * MINUTE) for n in range(MOST_EDITS + 3)]
    for edit in reversed(edits):
        desk.put(some_work(edits=(edit,)))

    assert desk.pending(Lane.LIVE, limit=9) == [some_work(edits=tuple(edits[3:]))]


def test_work_that_was_put_off_is_there_in_its_place(desk: Desk) -> None:
    desk.put(failed := some_work(nonce="n1"))
    again = some_work(nonce="n2", due=NOW + MINUTE, attempts=1)

    assert desk.put_again(again, seen=failed)
    assert desk.pending(Lane.LIVE, limit=9) == [again]


def test_work_that_was_never_put_can_be_put_off(desk: Desk) -> None:
    assert desk.put_again(again := some_work(nonce="n2"), seen=some_work(nonce="n1"))
    assert desk.pending(Lane.LIVE, limit=9) == [again]


def test_what_is_put_off_does_not_replace_what_was_put_meanwhile(desk: Desk) -> None:
    desk.put(failed := some_work(nonce="n1"))
    desk.put(anew := some_work(nonce="n2"))

    assert not desk.put_again(some_work(nonce="n3", due=NOW + MINUTE), seen=failed)
    assert desk.pending(Lane.LIVE, limit=9) == [anew]


def a_decision(by: str, choice: str, **changes: Any) -> Work:
    about = Work(Lane.LIVE, WorkKind.DECIDE, "1/version", nonce=f"{by} {choice}", due=NOW, run_id=f"{by} {choice}")
    return replace(about, actor=by, choice=choice, **changes)


def test_while_somebodys_decision_waits_nobody_else_decides_the_same(either_store: AnyStore) -> None:
    desk = either_store.desk(W)
    assert desk.put_decision(first := a_decision("bo", "reject"), now=NOW) is None

    assert desk.put_decision(a_decision("ann", "approve"), now=NOW) == first
    assert desk.pending(Lane.LIVE, limit=9) == [first]


def test_who_decided_may_decide_otherwise_while_it_waits(either_store: AnyStore) -> None:
    desk = either_store.desk(W)
    desk.put_decision(a_decision("ann", "approve"), now=NOW)

    assert desk.put_decision(second := a_decision("ann", "reject"), now=NOW) is None
    assert desk.pending(Lane.LIVE, limit=9) == [second]


def test_what_was_decided_and_carried_out_is_in_nobodys_way(either_store: AnyStore) -> None:
    desk = either_store.desk(W)
    desk.put_decision(first := a_decision("bo", "reject"), now=NOW)
    desk.done(first)

    assert desk.put_decision(a_decision("ann", "approve"), now=NOW) is None


def test_decisions_of_other_things_are_in_nobodys_way(either_store: AnyStore) -> None:
    desk = either_store.desk(W)
    desk.put_decision(a_decision("bo", "reject"), now=NOW)

    assert desk.put_decision(a_decision("ann", "approve", external_id="2/version"), now=NOW) is None


def test_of_several_pieces_of_work_those_are_found_that_wait(desk: Desk) -> None:
    desk.put(failed := some_work("media_project/1", attempts=3))
    desk.put(some_work("media_project/2", lane=Lane.SWEEP))

    assert desk.which_wait([some_work(f"media_project/{n}", nonce="of nobody") for n in (1, 2, 3)]) == [failed]


def test_done_work_is_gone(desk: Desk) -> None:
    desk.put(some_work())

    assert desk.done(some_work())
    assert desk.pending(Lane.LIVE, limit=9) == []


def test_work_that_was_put_again_meanwhile_stays(desk: Desk) -> None:
    desk.put(some_work(nonce="n1"))
    desk.put(again := some_work(nonce="n2"))

    assert not desk.done(some_work(nonce="n1"))
    assert desk.pending(Lane.LIVE, limit=9) == [again]


def test_done_is_done_however_often(desk: Desk) -> None:
    assert desk.done(some_work())


def test_workspaces_share_no_work(either_store: AnyStore) -> None:
    either_store.desk(1).put(some_work())

    assert either_store.desk(2).pending(Lane.LIVE, limit=9) == []
    assert either_store.desk(11).pending(Lane.LIVE, limit=9) == []


# --- small state ----------------------------------------------------------------------------------------------------


def add(store: AnyStore) -> None:
    store.add(workspace(W)) if isinstance(store, MemoryStore) else store.directory.create_workspace(workspace(W))


def test_a_workspace_that_is_unknown_is_none(desk: Desk) -> None:
    assert desk.workspace() is None


def test_a_workspace_is_saved_and_read_back(either_store: AnyStore) -> None:
    add(either_store)
    desk = either_store.desk(W)
    known = desk.workspace()
    assert known is not None

    saved = desk.save_workspace(replace(known, name="Coral"))

    assert desk.workspace() == saved
    assert (saved.name, saved.version) == ("Coral", known.version + 1)


def test_a_workspace_that_was_changed_meanwhile_is_not_overwritten(either_store: AnyStore) -> None:
    add(either_store)
    desk = either_store.desk(W)
    known = desk.workspace()
    assert known is not None
    saved = desk.save_workspace(replace(known, name="Coral"))

    with pytest.raises(StaleMapping):
        desk.save_workspace(replace(known, name="Late"))

    assert desk.workspace() == saved


def test_a_data_source_is_remembered_by_entity_type(desk: Desk) -> None:
    source = DataSource(
        PROJECT, "db", "ds", {"title": Property("title", "title")}, {"status": ({"id": "1", "name": "Act,ive"},)}
    )
    first = desk.save_source(replace(source, database_id="old"))
    desk.save_source(replace(source, version=first.version))

    assert desk.sources() == {PROJECT: source}


def test_what_was_read_of_a_data_source_before_another_worker_did_is_not_remembered(desk: Desk) -> None:
    source = DataSource(PROJECT, "db", "ds", {"budget": Property("b", "number")})
    first = desk.save_source(source)
    seen_broken = desk.save_source(replace(first, properties={"budget": Property("b", "deleted")}))

    for late in (source, first):
        with pytest.raises(StaleMapping):
            desk.save_source(late)
    assert desk.sources() == {PROJECT: seen_broken}
    assert desk.sources()[PROJECT].version == seen_broken.version


def test_a_cursor_moves_forward_only(desk: Desk) -> None:
    moved = [desk.move_cursor("sweep", value) for value in ("2026-11-22T10", "2026-11-22T09", "2026-11-22T10")]

    assert (moved, desk.cursor("sweep")) == ([True, False, True], "2026-11-22T10")


def test_a_cleared_cursor_is_forgotten(desk: Desk) -> None:
    desk.move_cursor("backfill", "c9")
    desk.clear_cursor("backfill")

    assert (desk.cursor("backfill"), desk.move_cursor("backfill", "a1")) == (None, True)


def test_the_budget_window_is_kept(desk: Desk, lease: Lease) -> None:
    window = BudgetWindow(started_at=NOW, used=7, blocked_until=NOW + MINUTE)
    desk.save_budget(window, lease)

    assert desk.budget() == window


def test_a_late_worker_does_not_replace_the_budget_window_of_its_successor(desk: Desk, lease: Lease) -> None:
    blocked = BudgetWindow(started_at=NOW, blocked_until=NOW + MINUTE)
    desk.save_budget(blocked, replace(lease, fence=lease.fence + 1))
    desk.save_budget(BudgetWindow(started_at=NOW), lease)

    assert desk.budget() == blocked


def test_what_was_asked_without_the_lease_waits_to_be_reckoned_with(desk: Desk, lease: Lease) -> None:
    desk.spend_beside(3, NOW - MINUTE)
    desk.spend_beside(4, NOW)
    unkept = desk.budget()
    desk.save_budget(BudgetWindow(started_at=NOW, used=2), lease)

    assert unkept == BudgetWindow(started_at=NOW, beside=7, beside_at=NOW)
    assert desk.budget() == BudgetWindow(started_at=NOW, used=2, beside=7, beside_at=NOW)


def test_what_was_reckoned_with_is_so_once_and_what_came_meanwhile_is_not_lost(desk: Desk, lease: Lease) -> None:
    desk.spend_beside(3, NOW - MINUTE)
    taken_up = desk.budget()
    assert taken_up is not None

    desk.spend_beside(4, NOW)
    desk.save_budget(replace(taken_up, used=3), lease)

    assert desk.budget() == BudgetWindow(started_at=NOW - MINUTE, used=3, beside=4, beside_at=NOW)


def test_who_comes_too_late_to_keep_a_budget_window_has_reckoned_with_nothing(desk: Desk, lease: Lease) -> None:
    desk.save_budget(BudgetWindow(started_at=NOW), replace(lease, fence=lease.fence + 1))
    desk.spend_beside(3, NOW)
    desk.save_budget(BudgetWindow(started_at=NOW, used=3, beside=3, beside_at=NOW), lease)

    assert desk.budget() == BudgetWindow(started_at=NOW, beside=3, beside_at=NOW)


def test_a_desk_without_a_budget_window_has_none(desk: Desk) -> None:
    assert desk.budget() is None


def test_a_commission_is_kept_with_all_that_is_known_of_it(desk: Desk) -> None:
    values = {"description": "x" * 50_000, "budget": None}
    asked = Commission(7, BUILT_IN["media_project"], "parent", NOW, values=values)
    desk.commissions().save(asked)
    begun = replace(asked, entity=EntityRef(PROJECT, "4"), known=("p1", "p2"), attempted_at=NOW + MINUTE)

    desk.commissions().save(begun)

    assert desk.commissions().get(7) == begun


def test_a_commission_that_nobody_gave_is_none(desk: Desk) -> None:
    assert desk.commissions().get(8) is None
