"""What people see: newest first, filtered, counted, and only what is theirs and still kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from navsync.attention import Cause
from navsync.errors import OtherShape, StaleMapping
from navsync.model import (
    Base,
    Change,
    Conflict,
    CreateIntent,
    EntityType,
    Lease,
    Mapping,
    Operation,
    Outcome,
    Side,
    State,
    SyncLog,
    Trouble,
)
from navsync.standing import ATTENTION, LISTED, Standing
from navsync.store import LogFilter, MappingFilter, Store, Tables
from navsync.store.dynamo import SCHEMA, Item, Key, plains
from tests.stores.conftest import MINUTE, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

W = 17
DAY = timedelta(days=1)
PROJECT, STORY = EntityType.MEDIA_PROJECT, EntityType.IMPACT_STORY
CLASH = Conflict("title", "a", "b", "c")
TROUBLE = Trouble("refused", "Notion refused the value", "shorten it")


class History:
    """One workspace's ledger, and everything saved through it."""

    def __init__(self, store: Store, workspace_id: int = W) -> None:
        lease = store.desk(workspace_id).acquire("worker", now=NOW, until=NOW + DAY)
        assert isinstance(lease, Lease)
        self.workspace_id = workspace_id
        self.ledger = store.ledger(lease)

    def mapping(self, id: int, **changes: Any) -> Mapping:
        plain = Mapping(
            id, self.workspace_id, PROJECT, entity_id=str(id), page_id=f"p-{id}", created_at=NOW, last_sync_at=NOW
        )
        return self.ledger.save(replace(plain, **changes))

    def log(self, id: int, **changes: Any) -> SyncLog:
        plain = SyncLog(
            id, self.workspace_id, NOW + id * MINUTE, "run", Operation.UPDATE, Outcome.SUCCESS, entity_type=PROJECT
        )
        self.ledger.record(log := replace(plain, **changes))
        return log


@pytest.fixture
def history(store: Store) -> History:
    return History(store)


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_mappings_are_listed_newest_first_and_counted(store: Store, history: History) -> None:
    saved = [history.mapping(id) for id in (1, 2, 30)]

    page = store.lists.mappings([W])

    assert (page.items, page.total, page.cursor) == (saved[::-1], 3, None)


def test_mappings_are_skipped_and_limited(store: Store, history: History) -> None:
    for id in range(1, 8):
        history.mapping(id)

    page = store.lists.mappings([W], skip=2, limit=3)

    assert ([each.id for each in page.items], page.total) == ([5, 4, 3], 7)


def test_a_cursor_goes_on_where_the_page_ended(store: Store, history: History) -> None:
    for id in range(1, 6):
        history.mapping(id, conflicts=(CLASH,) if id % 2 else ())
    chosen = MappingFilter([Standing.COMPLETED, Standing.CONFLICT])

    seen, cursor = [], None
    for _ in range(3):
        page = store.lists.mappings([W], chosen, limit=2, cursor=cursor)
        seen += [each.id for each in page.items]
        cursor = page.cursor

    assert (seen, cursor) == ([5, 4, 3, 2, 1], None)


@pytest.mark.parametrize(
    ("standing", "changes"),
    [
        (Standing.COMPLETED, {}),
        (Standing.PENDING, {"last_sync_at": None}),
        (Standing.FAILED, {"troubles": (TROUBLE,)}),
        (Standing.CONFLICT, {"conflicts": (CLASH,)}),
        (Standing.APPROVAL, {"state": State.AWAITING_APPROVAL}),
        (Standing.UNREACHABLE, {"state": State.UNREACHABLE}),
        (Standing.DELETED, {"state": State.DELETED}),
    ],
)
def test_mappings_are_listed_by_how_they_stand(
    store: Store, history: History, standing: Standing, changes: dict[str, Any]
) -> None:
    wanted = history.mapping(1, **changes)
    history.mapping(2, **({"conflicts": (CLASH,)} if standing is Standing.COMPLETED else {}))

    page = store.lists.mappings([W], MappingFilter([standing]))

    assert (page.items, page.total) == ([wanted], 1)


def test_a_deleted_mapping_is_neither_listed_nor_counted(store: Store, history: History) -> None:
    saved = history.mapping(1)
    history.ledger.save(saved.but(state=State.DELETED))

    page = store.lists.mappings([W])

    assert (page.items, page.total, store.lists.counts(W).total) == ([], 0, 0)


def test_a_mapping_moves_from_list_to_list(store: Store, history: History) -> None:
    saved = history.mapping(1, conflicts=(CLASH,))
    history.ledger.save(saved.but(conflicts=()))

    assert store.lists.mappings([W], MappingFilter([Standing.CONFLICT])).items == []
    assert store.lists.mappings([W], MappingFilter([Standing.COMPLETED])).total == 1


def test_mappings_are_listed_by_entity_type(store: Store, history: History) -> None:
    history.mapping(1)
    story = history.mapping(2, entity_type=STORY)

    page = store.lists.mappings([W], MappingFilter(entity_type=STORY))

    assert (page.items, page.total) == ([story], 1)


def test_a_projects_mappings_are_itself_and_its_children(store: Store, history: History) -> None:
    project = history.mapping(1, entity_id="42")
    child = history.mapping(2, entity_type=STORY, entity_id="7", bases={"project": Base("42", "page")})
    history.mapping(3, entity_id="43")

    page = store.lists.mappings([W], MappingFilter(media_project_id="42"))

    assert (page.items, page.total) == ([child, project], 2)


def test_another_workspaces_mappings_are_not_seen(store: Store, history: History) -> None:
    other = History(store, 1)
    other.mapping(5)
    history.mapping(6)

    assert [each.id for each in store.lists.mappings([1]).items] == [5]


def test_what_waits_for_a_person_is_listed_together(store: Store, history: History) -> None:
    waiting = [
        history.mapping(1, conflicts=(CLASH,)),
        history.mapping(3, state=State.AWAITING_APPROVAL),
        history.mapping(4, troubles=(TROUBLE,)),
        history.mapping(5, state=State.UNREACHABLE),
    ]
    history.mapping(2)

    assert store.lists.attention(W) == waiting[::-1]


# --- what waits, by cause ---------------------------------------------------------------------------------------------

TITLE = Cause("conflict", PROJECT, "title")


def test_what_waits_because_of_the_same_is_counted_and_found(store: Store, history: History) -> None:
    for id in (1, 2, 3):
        history.mapping(id, conflicts=(CLASH,))
    history.mapping(4, entity_type=STORY, conflicts=(CLASH,))

    assert store.lists.counts(W).by_cause == {TITLE: 3, Cause("conflict", STORY, "title"): 1}
    assert store.lists.waiting(W, TITLE, limit=5) == ([3, 2, 1], None)


def test_the_rest_of_what_waits_starts_at_the_cursor(store: Store, history: History) -> None:
    for id in (1, 2, 3):
        history.mapping(id, conflicts=(CLASH,))

    first, cursor = store.lists.waiting(W, TITLE, limit=2)

    assert (first, store.lists.waiting(W, TITLE, limit=2, cursor=cursor)) == ([3, 2], ([1], None))


def test_what_waits_for_several_things_is_found_under_each(store: Store, history: History) -> None:
    history.mapping(1, conflicts=(CLASH,), troubles=(TROUBLE,))

    assert store.lists.counts(W).by_cause == {TITLE: 1, Cause("refused", PROJECT): 1}


def test_what_was_settled_waits_no_more(store: Store, history: History) -> None:
    waiting = history.mapping(1, conflicts=(CLASH,), troubles=(TROUBLE,))

    history.ledger.save(waiting.but(conflicts=()))

    assert store.lists.counts(W).by_cause == {Cause("refused", PROJECT): 1}
    assert store.lists.waiting(W, TITLE, limit=5) == ([], None)


def test_what_is_left_out_by_a_rule_waits_for_nobody(store: Store, history: History) -> None:
    history.mapping(1, state=State.EXCLUDED, troubles=(Trouble("out_of_scope", "The scope", "Widen it"),))

    assert store.lists.counts(W).by_cause == {}


def test_a_mapping_is_shown_with_its_long_texts(store: Store, history: History) -> None:
    saved = history.mapping(1, bases={"description": Base("long " * 5000, None)})

    assert store.lists.mappings([W]).items == [saved]


# --- how much is read -------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows are as much as one part of a list reads."""
    monkeypatch.setattr("navsync.store.lists.MOST_READ", 3)


def test_a_filter_that_hardly_anything_meets_ends_a_part_early(store: Store, history: History, hasty: None) -> None:
    wanted = history.log(1, operation=Operation.CREATE)
    for id in range(2, 8):
        history.log(id)
    chosen, cursor, seen = LogFilter(operations=[Operation.CREATE]), None, []

    for _ in range(3):
        page = store.lists.sync_logs({W: chosen}, now=NOW, limit=2, cursor=cursor)
        seen.append([each.id for each in page.items])
        cursor = page.cursor

    assert (seen, cursor) == ([[], [], [wanted.id]], None)


def test_lists_that_were_read_to_different_ends_leave_nothing_out(store: Store, history: History, hasty: None) -> None:
    for id in range(1, 11):
        wanted = Operation.CREATE if id in (3, 5) else Operation.UPDATE
        history.log(id, outcome=Outcome.FAILED if id < 4 else Outcome.STARTED, operation=wanted)
    chosen = LogFilter(outcomes=[Outcome.FAILED, Outcome.STARTED], operations=[Operation.CREATE])
    cursor, seen = None, []

    while True:
        page = store.lists.sync_logs({W: chosen}, now=NOW, limit=1, cursor=cursor)
        seen += [each.id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == [5, 3]


def test_what_no_counter_knows_is_counted_up_to_a_number_and_said_so(
    store: Store, history: History, hasty: None
) -> None:
    for id in range(1, 6):
        history.log(id)

    some, all_of_them = (store.lists.sync_logs({W: LogFilter(since=each)}, now=NOW, limit=1) for each in (NOW, None))

    assert (some.total, some.total_is_exact) == (3, False)
    assert (all_of_them.total, all_of_them.total_is_exact) == (5, True)


def test_what_is_skipped_is_not_read_whole(store: Store, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    for id in range(1, 8):
        history.mapping(id)
    read, whole = list[int](), store.lists.dynamo.get_many

    def counted(table: str, keys: Collection[Key]) -> list[Item]:
        read.append(len(keys))
        return whole(table, keys)

    monkeypatch.setattr(store.lists.dynamo, "get_many", counted)

    store.lists.mappings([W], skip=4, limit=2)

    assert read == [2]


def test_however_much_is_skipped_what_is_behind_it_is_shown(store: Store, history: History, hasty: None) -> None:
    for id in range(1, 8):
        history.mapping(id)

    page = store.lists.mappings([W], skip=4, limit=2)

    assert [each.id for each in page.items] == [3, 2]


def test_what_is_looked_for_in_several_places_is_not_looked_for_longer(
    store: Store, history: History, hasty: None
) -> None:
    others = [History(store, id) for id in (18, 19)]
    for each in (history, *others):
        for id in range(1, 6):
            each.log(id)

    page = store.lists.sync_logs({id: LogFilter(since=NOW) for id in (W, 18, 19)}, now=NOW, limit=1)

    assert (page.total, page.total_is_exact) == (3, False)


def test_mappings_of_several_workspaces_are_one_list(store: Store, history: History) -> None:
    other = History(store, 18)
    saved = [history.mapping(1), other.mapping(2), history.mapping(3)]

    page = store.lists.mappings([W, 18], skip=1, limit=2)

    assert (page.items, page.total) == (saved[1::-1], 3)


# --- releases that count otherwise ------------------------------------------------------------------------------------


def test_what_an_earlier_release_counted_by_is_counted_down_by_that(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navsync.store.counts.causes_of", lambda _: {Cause("once", PROJECT)})
    mapping = history.mapping(1)
    monkeypatch.undo()

    other = History(store)  # a worker of the next release
    other.ledger.load(1)
    other.ledger.save(mapping.but(conflicts=(CLASH,)))
    other.ledger.save(mapping.but(version=2))

    assert (store.lists.counts(W).by_cause, store.lists.counts(W).total) == ({}, 1)
    assert [item for item in everything(dynamodb, tables) if str(item["sk"]).startswith("WAITS#")] == []


def changing(*names: str) -> dict[str, Any]:
    return {"changes": tuple(Change(name, Side.NOTION, "a", "b") for name in names)}


def test_a_row_is_undone_once_each_of_its_fields_is(store: Store, history: History) -> None:
    edit = history.log(1, **changing("title", "status"))
    undo = {"operation": Operation.REVERT, "reverts": 1}

    history.log(2, **undo | changing("title"))
    half = store.lists.undone([edit])
    history.log(3, **undo | changing("status"))

    assert (half, store.lists.undone([edit])) == ({}, {1: 3})


def test_an_undo_that_was_undone_or_never_ended_leaves_something_to_undo(store: Store, history: History) -> None:
    edits = [history.log(id, **changing("title")) for id in (1, 2, 3)]
    undo = {"operation": Operation.REVERT} | changing("title")
    undone = history.log(4, **undo, reverts=1)
    history.log(5, **undo, reverts=4)
    history.log(6, **undo, reverts=2, outcome=Outcome.STARTED)
    history.log(7, **undo, reverts=3, outcome=Outcome.FAILED)

    assert store.lists.undone([*edits, undone]) == {4: 5}


def test_a_record_is_brought_back_as_a_whole(store: Store, history: History) -> None:
    deletion = history.log(1, operation=Operation.DELETE, **changing("title", "status"))

    history.log(2, operation=Operation.CREATE, reverts=1, **changing("title"))

    assert store.lists.undone([deletion]) == {1: 2}


def test_counters_that_only_another_release_knows_are_left_out(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    history.mapping(1)
    history.log(1)
    for sort_key in ("MAPPINGS", "LOGS#2026-11-22"):
        dynamodb.update_item(
            TableName=tables.workspaces,
            Key={"pk": {"S": "W#17"}, "sk": {"S": sort_key}},
            UpdateExpression="SET #a = :one, #b = :one, #c = :one",
            ExpressionAttributeNames={"#a": "90.success", "#b": "film.linked.completed", "#c": "WAITS#odd/film"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    assert (store.lists.counts(W).total, store.lists.counts(W).by_cause) == (1, {})
    assert store.lists.log_count(W, LogFilter(), now=NOW) == 1


def test_what_another_version_has_written_is_not_read(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    history.mapping(1)
    for item in dynamodb.scan(TableName=tables.mappings)["Items"]:
        dynamodb.put_item(TableName=tables.mappings, Item=item | {"schema": {"N": "1"}})

    with pytest.raises(OtherShape, match="make reset"):
        store.lists.mapping(W, 1)
    with pytest.raises(OtherShape):
        store.lists.mappings([W])


# --- counts -----------------------------------------------------------------------------------------------------------


def test_counts_follow_every_save(store: Store, history: History) -> None:
    first = history.mapping(1, last_sync_at=None)
    history.mapping(2, troubles=(TROUBLE,))
    history.mapping(3, conflicts=(CLASH,), entity_type=STORY)
    history.ledger.save(first.but(last_sync_at=NOW))

    counts = store.lists.counts(W)

    assert (counts.total, counts.pending, counts.failed, counts.conflict) == (3, 0, 1, 1)
    assert counts.of(LISTED, STORY) == 1
    assert counts.of(ATTENTION) == 2


def test_a_save_that_failed_is_not_counted(store: Store, history: History) -> None:
    history.mapping(1)

    with pytest.raises(StaleMapping):
        history.mapping(2, entity_id="1")

    assert store.lists.counts(W).total == 1


def test_a_save_of_what_another_worker_stored_is_counted_once(store: Store, history: History) -> None:
    saved = history.mapping(1, last_sync_at=None)

    store.ledger(history.ledger.lease).save(saved.but(last_sync_at=NOW))

    assert (store.lists.counts(W).total, store.lists.counts(W).pending) == (1, 0)


def test_what_is_handed_over_is_counted_on_both_ends(store: Store, history: History) -> None:
    first, row = history.mapping(1, troubles=(TROUBLE,)), history.mapping(2, entity_id=None, state=State.DRAFT)

    gone = first.but(entity_id=None, state=State.DELETED, troubles=())
    history.ledger.hand_over(gone, row.but(entity_id="1", state=State.LINKED, conflicts=(CLASH,)))

    counts = store.lists.counts(W)
    assert (counts.total, counts.linked, counts.failed, counts.conflict) == (1, 1, 0, 1)
    assert counts.by_cause == {Cause("conflict", PROJECT, "title"): 1}


def test_what_is_handed_over_with_long_texts_leaves_none_that_nothing_refers_to(
    history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    first = history.mapping(1, bases={"description": Base("a" * 9000, None)})
    fresh = replace(first, id=2, version=0, entity_id=None, bases={"description": Base("b" * 9000, None)})

    history.ledger.hand_over(first.but(page_id=None, bases={}), fresh)

    blobs = [item["sk"] for item in everything(dynamodb, tables) if item["sk"].startswith("BLOB#")]
    assert [key.split("#")[1] for key in blobs] == ["m2"]


def test_a_workspace_that_nobody_synced_counts_nothing(store: Store) -> None:
    assert (store.lists.counts(9).total, store.lists.log_count(9, LogFilter(), now=NOW)) == (0, 0)


# --- the sync log -----------------------------------------------------------------------------------------------------


def test_the_sync_log_is_listed_newest_first_and_counted(store: Store, history: History) -> None:
    logs = [history.log(id) for id in (1, 2, 30)]

    page = store.lists.sync_logs({W: LogFilter()}, now=NOW)

    assert (page.items, page.total, page.cursor) == (logs[::-1], 3, None)


def test_a_row_that_is_finished_is_one_row(store: Store, history: History) -> None:
    history.log(1, outcome=Outcome.STARTED)
    done = history.log(1, outcome=Outcome.SUCCESS)

    page = store.lists.sync_logs({W: LogFilter()}, now=NOW)

    assert (page.items, page.total) == ([done], 1)
    assert store.lists.log_count(W, LogFilter(outcomes=[Outcome.STARTED]), now=NOW) == 0


def test_a_row_that_another_worker_finishes_is_counted_once(store: Store, history: History) -> None:
    log = history.log(1, outcome=Outcome.STARTED)

    store.ledger(history.ledger.lease).record(replace(log, outcome=Outcome.FAILED))

    assert store.lists.log_count(W, LogFilter(), now=NOW) == 1


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        (LogFilter(outcomes=[Outcome.FAILED]), [2]),
        (LogFilter(outcomes=[Outcome.FAILED, Outcome.STARTED]), [3, 2]),
        (LogFilter(operations=[Operation.CREATE, Operation.DELETE]), [4]),
        (LogFilter(entity_type=STORY), [5]),
        (LogFilter(since=NOW + 4 * MINUTE), [5, 4]),
        (LogFilter(until=NOW + 2 * MINUTE), [2, 1]),
        (LogFilter(since=NOW + 2 * MINUTE, until=NOW + 3 * MINUTE, outcomes=[Outcome.STARTED]), [3]),
    ],
)
def test_the_sync_log_is_filtered(store: Store, history: History, chosen: LogFilter, ids: list[int]) -> None:
    history.log(1)
    history.log(2, outcome=Outcome.FAILED)
    history.log(3, outcome=Outcome.STARTED)
    history.log(4, operation=Operation.CREATE)
    history.log(5, entity_type=STORY)

    page = store.lists.sync_logs({W: chosen}, now=NOW)

    assert ([each.id for each in page.items], page.total) == (ids, len(ids))


def test_a_cursor_goes_on_in_the_sync_log(store: Store, history: History) -> None:
    for id in range(1, 6):
        history.log(id, at=NOW)  # all in one moment

    seen, cursor = [], None
    for _ in range(3):
        page = store.lists.sync_logs({W: LogFilter()}, now=NOW, limit=2, cursor=cursor)
        seen += [each.id for each in page.items]
        cursor = page.cursor

    assert (seen, cursor) == ([5, 4, 3, 2, 1], None)


@pytest.mark.parametrize(("old", "days"), [(None, 90), ("Reef", 400), ((), 400)])
def test_a_row_is_kept_for_90_days_and_an_overwritten_value_for_400(
    store: Store, history: History, old: Any, days: int
) -> None:
    history.log(1, at=NOW, changes=(Change("title", Side.NOTION, old, "Reef II"),))

    seen = [len(store.lists.sync_logs({W: LogFilter()}, now=NOW + n * DAY).items) for n in (days - 1, days + 1)]
    counted = [store.lists.log_count(W, LogFilter(), now=NOW + n * DAY) for n in (days - 1, days + 1)]

    assert (seen, counted) == ([1, 0], [1, 0])


def test_a_row_and_its_long_values_expire_together(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    history.log(1, changes=(Change("title", Side.NOTION, "x" * 9000, None),))

    items = [plains(item) for item in dynamodb.scan(TableName=tables.sync_logs)["Items"]]

    assert len(items) == 2
    assert len({item["expires_at"] for item in items}) == 1


# --- what the items look like -----------------------------------------------------------------------------------------


def everything(dynamodb: DynamoDBClient, tables: Tables) -> list[dict[str, Any]]:
    names = (tables.workspaces, tables.mappings, tables.sync_logs)
    return [plains(item) for name in names for item in dynamodb.scan(TableName=name)["Items"]]


def test_long_texts_stay_far_below_an_items_end(history: History, dynamodb: DynamoDBClient, tables: Tables) -> None:
    noise = "".join(chr(33 + (n * n * 7919) % 90) for n in range(1_500_000))
    history.mapping(1, bases={"description": Base(noise, noise[::-1])}, conflicts=(Conflict("d", noise, "", None),))
    history.log(1, changes=(Change("description", Side.NOTION, noise, None, [noise]),))

    sizes = [sum(len(str(value)) for value in item.values()) for item in everything(dynamodb, tables)]

    assert max(len(item.get("part", b"")) for item in everything(dynamodb, tables)) <= 350_000
    assert len(sizes) > 5


def test_a_create_that_is_done_leaves_no_marker(history: History, dynamodb: DynamoDBClient, tables: Tables) -> None:
    saved = history.mapping(1, intent=CreateIntent(Side.NOTION, {}, "media_project/1", log_id=1))
    history.ledger.save(saved.but(intent=None))

    assert [item for item in everything(dynamodb, tables) if item["sk"].startswith("OPEN#")] == []


def test_long_texts_that_nothing_refers_to_are_removed(
    history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    saved = history.mapping(1, bases={"description": Base("a" * 9000, "b" * 9000)})
    history.ledger.save(saved.but(bases={"description": Base("a" * 9000, "c" * 9000)}))

    blobs = [item for item in everything(dynamodb, tables) if item["sk"].startswith("BLOB#")]

    assert len(blobs) == 2


def test_a_long_text_that_did_not_change_is_not_written_again(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = history.mapping(1, bases={"description": Base("a" * 9000, None)})
    written: list[Any] = []
    monkeypatch.setattr(history.ledger.dynamo, "put_many", lambda _, items: written.extend(items))

    history.ledger.save(saved.but(title="Reef"))

    assert written == []


def test_requests_to_notion_are_told_among_the_figures_of_their_day(store: Store) -> None:
    for calls in (3, 4):
        store.desk(W).count_calls(calls, NOW)

    (day,) = store.lists.figures(W, "2026-11-22", "2026-11-22")
    assert (day.day, day.entity_type, day.notion_calls) == ("2026-11-22", None, 7)


def test_every_key_but_the_few_that_route_starts_with_the_workspace(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    history.mapping(1)
    history.log(1)
    store.desk(W).raise_epoch()

    assert {item["pk"] for item in everything(dynamodb, tables)} == {"W#17"}


def test_every_item_carries_the_schema_number(
    store: Store, history: History, dynamodb: DynamoDBClient, tables: Tables
) -> None:
    known = history.mapping(1, bases={"d": Base("x" * 9000, None)})
    history.log(1)
    history.ledger.save_removal(known, now=NOW, many=1)
    store.desk(W).move_cursor("sweep", "1")
    store.desk(W).raise_epoch()

    assert {item["schema"] for item in everything(dynamodb, tables)} == {SCHEMA}
