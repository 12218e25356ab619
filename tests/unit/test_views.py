"""What people are shown of the nouns: the frontend's words, exact numbers, and nothing that JSON cannot hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync import views
from navsync.model import (
    Change,
    Conflict,
    Connection,
    Direction,
    EntityType,
    Mapping,
    Operation,
    Outcome,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
    Workspace,
)
from navsync.standing import Standing
from navsync.views import OperationType, SyncStatus

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PROJECT = EntityType.MEDIA_PROJECT
CLASH = Conflict("budget", Decimal(1), Decimal(2), None)
REFUSED = Trouble("refused", "Notion refused the value.", "Shorten it.", field="title")


def a_mapping(**changes: Any) -> Mapping:
    fields: dict[str, Any] = {
        "id": 1, "workspace_id": 17, "entity_type": PROJECT, "entity_id": "42", "page_id": "p-1", "created_at": NOW,
        "last_sync_at": NOW,
    }  # fmt: skip
    return Mapping(**fields | changes)


def a_log(**changes: Any) -> SyncLog:
    fields: dict[str, Any] = {
        "id": 1, "workspace_id": 17, "at": NOW, "run_id": "r", "operation": Operation.UPDATE,
        "outcome": Outcome.SUCCESS, "entity_type": PROJECT, "entity_id": "42",
    }  # fmt: skip
    return SyncLog(**fields | changes)


def a_workspace(**changes: Any) -> Workspace:
    fields: dict[str, Any] = {
        "id": 17, "notion_workspace_id": "n-1", "name": "Reef", "bot_id": "b", "org": "reef", "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    return Workspace(**fields | changes)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None), ("text", "text"), ((), []), (("a", "b, c"), ["a", "b, c"]),
        (Decimal(0), 0), (Decimal("1234.50"), 1234.5), (Decimal("-0.1"), -0.1), (Decimal("1E+3"), 1000),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"), (Decimal(2**53), str(2**53)),
        (Decimal(2**53 - 1), 2**53 - 1), (Decimal("9" * 20), "9" * 20),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_what_it_is(value: Value, shown: object) -> None:
    assert views.value(value) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=2))
def test_a_number_loses_nothing_on_its_way_through_json(number: Decimal) -> None:
    shown = json.loads(json.dumps(views.value(number)))

    assert Decimal(str(shown)) == number


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
        min_value=datetime(1900, 1, 1),
        max_value=datetime(2200, 1, 1),
    )
)
def test_a_moment_is_shown_in_utc(at: datetime) -> None:
    shown = views.moment(at)

    assert shown is not None
    assert shown.endswith("Z")
    assert datetime.fromisoformat(shown) == at


# --- the frontend's words ---------------------------------------------------------------------------------------------


def test_every_standing_has_one_of_the_frontends_words() -> None:
    named = list(chain.from_iterable(views.STANDINGS.values()))

    assert sorted(named) == sorted(Standing)
    assert views.STANDINGS.keys() == set(SyncStatus)


def test_every_operation_has_one_of_the_frontends_words_and_can_be_found_by_it() -> None:
    for operation in Operation:
        for entity_type in EntityType:
            shown = views.log(a_log(operation=operation, entity_type=entity_type))["operation_type"]

            assert operation in views.OPERATIONS[shown]
            assert views.ENTITY_OF.get(shown, entity_type) is entity_type


def test_the_frontends_words_are_the_frontends() -> None:
    assert set(SyncStatus) == {"pending", "syncing", "completed", "failed"}
    assert set(OperationType) == {
        "create_page", "update_page", "delete_page", "sync_project", "sync_distribution", "sync_performance",
        "sync_impact_story",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome.SUCCESS, "success"), (Outcome.FAILED, "failed"), (Outcome.STARTED, "partial")]
)
def test_an_outcome_is_one_of_the_frontends_words(outcome: Outcome, status: str) -> None:
    assert views.log(a_log(outcome=outcome))["status"] == status


@pytest.mark.parametrize(
    ("changes", "status", "state"),
    [
        ({}, "completed", "linked"), ({"last_sync_at": None}, "pending", "linked"),
        ({"conflicts": (CLASH,)}, "pending", "conflict"), ({"troubles": (REFUSED,)}, "failed", "linked"),
        ({"state": State.UNREACHABLE}, "failed", "unreachable"), ({"state": State.DRAFT}, "pending", "draft"),
        ({"state": State.AWAITING_APPROVAL}, "pending", "awaiting_approval"),
        ({"state": State.DELETED}, "completed", "deleted"), ({"attempts": 1}, "pending", "linked"),
        ({"state": State.DELETED, "attempts": 1}, "completed", "deleted"),
        ({"state": State.DELETED, "attempts": 1, "troubles": (REFUSED,)}, "failed", "deleted"),
    ],
    ids=str,
)  # fmt: skip
def test_a_finer_state_is_told_beside_the_frontends_word(changes: dict[str, Any], status: str, state: str) -> None:
    shown = views.mapping(a_mapping(**changes), database_id=None, direction=Direction.BOTH)

    assert (shown["sync_status"], shown["state"]) == (status, state)


@pytest.mark.parametrize(
    ("state", "being_written", "status"),
    [("connected", 0, "completed"), ("connected", 1, "syncing"), ("paused", 0, "pending"), ("paused", 1, "pending"),
     ("needs_reauth", 0, "failed"), ("suspended", 1, "failed")],
)  # fmt: skip
def test_a_workspace_fails_only_when_it_is_not_connected(state: str, being_written: int, status: str) -> None:
    assert views.overall(state, being_written=being_written) == status


@pytest.mark.parametrize(
    ("connection", "wanted", "active", "state"),
    [
        (Connection.CONNECTED, True, True, "connected"), (Connection.CONNECTED, False, False, "paused"),
        (Connection.NEEDS_REAUTH, True, False, "needs_reauth"), (Connection.DISCONNECTED, False, False, "disconnected"),
    ],
)  # fmt: skip
def test_a_workspace_is_active_while_it_is_synced(
    connection: Connection, wanted: bool, active: bool, state: str
) -> None:
    shown = views.workspace(a_workspace(connection=connection, is_active=wanted), None)

    assert (shown["is_active"], shown["state"]) == (active, state)


# --- ids --------------------------------------------------------------------------------------------------------------


def test_ids_that_the_frontend_types_as_numbers_are_numbers() -> None:
    shown = views.mapping(a_mapping(), database_id="d", direction=Direction.BOTH)

    assert (shown["id"], shown["media_project_id"], shown["entity_id"]) == (1, 42, 42)


def test_only_a_project_is_a_media_project() -> None:
    shown = views.mapping(a_mapping(entity_type=EntityType.IMPACT_STORY), database_id="d", direction=Direction.BOTH)

    assert (shown["media_project_id"], shown["entity_id"]) == (None, 42)


def test_a_row_that_has_no_record_yet_is_shown_without_one() -> None:
    shown = views.mapping(a_mapping(entity_id=None, state=State.DRAFT), database_id=None, direction=Direction.BOTH)

    assert (shown["media_project_id"], shown["entity_id"], shown["notion_database_id"]) == (None, None, None)


# --- what waits for a person ------------------------------------------------------------------------------------------


def test_a_conflict_waits_with_all_three_values_and_what_to_do() -> None:
    (item,) = views.attention(a_mapping(conflicts=(CLASH,)))

    assert (item["kind"], item["field"], item["base"], item["navimpact"], item["notion"]) == (
        "conflict", "budget", 1, 2, None,
    )  # fmt: skip
    assert item["fix"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("approve_delete", "approval"),
        ("mass_deletion", "approval"),
        ("unread_deletion", "approval"),
        ("needs_confirmation", "approval"),
        ("draft", "draft"),
        ("refused", "error"),
    ],
)
def test_what_waits_says_what_kind_it_is(code: str, kind: str) -> None:
    (item,) = views.attention(a_mapping(troubles=(Trouble(code, "cause", "fix"),)))

    assert (item["kind"], item["cause"], item["fix"]) == (kind, "cause", "fix")


def test_each_thing_that_waits_is_an_item() -> None:
    assert len(views.attention(a_mapping(conflicts=(CLASH, CLASH), troubles=(REFUSED,)))) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None), ({"troubles": (REFUSED,)}, "Notion refused the value."),
        ({"conflicts": (CLASH,)}, "Edited on both sides: budget."),
        ({"conflicts": (CLASH,), "troubles": (REFUSED,)}, "Notion refused the value."),
    ],
    ids=str,
)  # fmt: skip
def test_a_mapping_says_in_a_sentence_why_it_is_not_in_step(changes: dict[str, Any], reason: str | None) -> None:
    assert views.mapping(a_mapping(**changes), database_id=None, direction=Direction.BOTH)["reason"] == reason


def test_a_conflict_too_long_for_an_answer_is_cut_and_says_so() -> None:
    clash = Conflict("description", "a", "w" * 5_000_000, "c")

    shown = views.conflicts(a_mapping(conflicts=(clash,)), whole=False)

    assert (shown["truncated"], len(shown["conflicts"][0]["navimpact"]) < 5_000) == (True, True)
    assert shown["conflicts"][0]["version"] == clash.version


def test_the_longest_names_of_a_list_are_cut_too() -> None:
    assert len(views.short(("w" * 5_000_000,))[0]) < 5_000


# --- the sync log -----------------------------------------------------------------------------------------------------


def test_a_change_is_shown_with_old_and_new_value_and_why() -> None:
    change = Change("budget", Side.NOTION, Decimal("1.5"), None, old_raw={"number": 1.5}, rule="changed on navimpact")

    assert views.change(change) == {
        "field": "budget", "side": "notion", "old": 1.5, "new": None, "rule": "changed on navimpact",
    }  # fmt: skip


def test_only_a_failure_has_an_error_message() -> None:
    shown = [views.log(a_log(outcome=outcome, message="why"))["error_message"] for outcome in Outcome]

    assert dict(zip(Outcome, shown, strict=True)) == {
        Outcome.FAILED: "why", Outcome.SUCCESS: None, Outcome.STARTED: None,
    }  # fmt: skip


def test_everything_that_is_shown_is_json() -> None:
    everything = [
        views.workspace(a_workspace(), None),
        views.mapping(
            a_mapping(conflicts=(CLASH,), troubles=(REFUSED,), next_retry_at=NOW),
            database_id="d",
            direction=Direction.BOTH,
        ),
        views.attention(a_mapping(conflicts=(CLASH,), troubles=(REFUSED,))),
        views.log(a_log(entity_type=None, entity_id=None, changes=(Change("title", Side.NAVIMPACT, ("a",), None),))),
    ]

    assert json.loads(json.dumps(everything)) == everything


def test_a_hundred_rows_of_the_longest_texts_fit_into_one_answer() -> None:
    longest = "\U0001f3ac" * 200_000
    row = a_log(changes=(Change("description", Side.NOTION, longest, longest, rule="changed on navimpact"),))

    assert len(json.dumps([views.log(row)] * 100)) < 6_000_000
    assert views.log(row)["changes"][0]["old"].endswith("…")
