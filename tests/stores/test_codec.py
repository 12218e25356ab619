"""Whatever the model can hold comes back the same, to the letter and to the digit."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navsync.model import (
    Base,
    BudgetWindow,
    Change,
    Conflict,
    CreateIntent,
    DataSource,
    Direction,
    Edit,
    EntityType,
    FieldWrite,
    Lane,
    LastWords,
    Look,
    Mapping,
    Operation,
    Outages,
    Outcome,
    Pause,
    Property,
    ReadIntent,
    Refusal,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Trouble,
    Value,
    Work,
    WorkKind,
    Workspace,
    WriteIntent,
    Written,
)
from navsync.model import Settings as WorkspaceSettings
from navsync.store.blobs import LONG, fold, unfold
from navsync.store.codec import codec_of

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and NUL, too
LONG_TEXT = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 2000))
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), TEXT, LONG_TEXT, st.decimals(allow_nan=False), st.lists(TEXT, max_size=5).map(tuple)
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
MAYBE = st.none() | MOMENTS
HEARD = st.lists(MOMENTS, max_size=2).map(tuple)
IDS = st.integers(1, 2**53 - 1)
RAW = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
WRITES = st.lists(st.builds(FieldWrite, TEXT, st.sampled_from(Side), VALUES, VALUES), max_size=3).map(tuple)
INTENTS = st.one_of(
    st.builds(WriteIntent, WRITES, IDS),
    st.builds(CreateIntent, on=st.sampled_from(Side), values=st.dictionaries(TEXT, VALUES, max_size=4), key=TEXT,
              log_id=IDS, attempted_at=MAYBE, perhaps_made=st.none() | TEXT,
              ruled_out=st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(RemoveIntent, st.sampled_from(Side), IDS, st.sampled_from(State), st.lists(IDS).map(tuple)),
    st.builds(ReadIntent),
)  # fmt: skip
MAPPINGS = st.builds(
    Mapping,
    id=IDS,
    workspace_id=IDS,
    entity_type=st.sampled_from(EntityType),
    entity_id=st.none() | TEXT,
    page_id=st.none() | TEXT,
    created_at=MOMENTS,
    state=st.sampled_from(State),
    bases=st.dictionaries(TEXT, st.builds(Base, VALUES, VALUES), max_size=5),
    intent=st.none() | INTENTS,
    conflicts=st.lists(st.builds(Conflict, TEXT, VALUES, VALUES, VALUES), max_size=3).map(tuple),
    troubles=st.lists(st.builds(Trouble, TEXT, TEXT, TEXT, st.none() | TEXT, MAYBE, TEXT), max_size=3).map(tuple),
    stamped=st.booleans(),
    body_as_of=MAYBE,
    waiting_since=MAYBE,
    doubted=st.lists(TEXT, max_size=2).map(tuple),
    named=st.lists(TEXT, max_size=2).map(tuple),
    remakes=st.none() | TEXT,
    recalls=st.none() | IDS,
    unshown=WRITES,
    made_way_for=st.none() | TEXT,
    removed_by=st.none() | IDS,
    trashed_at=MAYBE,
    said_in_trash=st.none() | TEXT,
    last_words=st.none()
    | st.builds(LastWords, st.none() | TEXT, MAYBE, st.dictionaries(TEXT, VALUES), MAYBE, st.booleans()),
    refused=st.dictionaries(TEXT, st.builds(Refusal, TEXT, MOMENTS), max_size=2),
    written=st.lists(
        st.builds(Written, TEXT, st.sampled_from(Side), MOMENTS, MOMENTS, TEXT, st.booleans(), st.booleans(), HEARD),
        max_size=3,
    ).map(tuple),
    gone_since=MAYBE,
    title=st.none() | TEXT,
    attempts=st.integers(0, 99),
    next_retry_at=MAYBE,
    last_sync_at=MAYBE,
    last_change_at=MAYBE,
    agreed_at=MAYBE,
    version=st.integers(0, 99),
)
LOGS = st.builds(
    SyncLog,
    id=IDS,
    workspace_id=IDS,
    at=MOMENTS,
    run_id=TEXT,
    operation=st.sampled_from(Operation),
    outcome=st.sampled_from(Outcome),
    side=st.none() | st.sampled_from(Side),
    changes=st.lists(
        st.builds(Change, TEXT, st.sampled_from(Side), VALUES, VALUES, old_raw=RAW, rule=TEXT, actor=st.none() | TEXT),
        max_size=3,
    ).map(tuple),
    message=st.none() | TEXT,
    deleted_with=st.none() | IDS,
)


def there_and_back(value: Any) -> Any:
    """Through the codec, out of line where long, through JSON text, and back."""
    codec = codec_of(type(value))
    folded = fold(codec.encode(value))
    assert len(folded.text) < 200_000
    return codec.decode(unfold(folded.text, lambda _: folded.blobs))


@given(MAPPINGS)
@settings(max_examples=150, deadline=None)
def test_any_mapping_comes_back_the_same(mapping: Mapping) -> None:
    again = there_and_back(mapping)

    assert again == mapping
    assert [trouble.since for trouble in again.troubles] == [trouble.since for trouble in mapping.troubles]


@given(LOGS)
@settings(max_examples=100, deadline=None)
def test_any_log_row_comes_back_the_same(log: SyncLog) -> None:
    assert there_and_back(log) == log


def test_a_field_added_to_the_model_is_added_to_the_mappings_tried() -> None:
    tried = {
        "id", "workspace_id", "entity_type", "entity_id", "page_id", "created_at", "state", "bases", "intent",
        "conflicts", "troubles", "stamped", "gone_since", "title", "attempts", "next_retry_at", "last_sync_at",
        "last_change_at", "agreed_at", "version", "body_as_of", "waiting_since", "doubted", "refused", "written",
        "named", "remakes", "recalls", "unshown", "removed_by", "made_way_for",
        "trashed_at", "said_in_trash", "last_words",
    }  # fmt: skip
    assert {field.name for field in fields(Mapping)} == tried


@pytest.mark.parametrize("digits", ["10.50", "10.5", "0.00", "-0", "1E+400", "12345678901234567890.123456789"])
def test_digits_come_back_as_they_were(digits: str) -> None:
    base = there_and_back(Base(Decimal(digits), None))

    assert str(base.navimpact) == digits


@pytest.mark.parametrize("value", [None, "", (), ("",), "null", "[]", '{"decimal": "1"}'])
def test_values_that_look_alike_are_told_apart(value: Value) -> None:
    assert there_and_back(Base(value, None)) == Base(value, None)


@pytest.mark.parametrize(
    "value",
    [
        Workspace(
            1, "n", "Reef", "b", None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC),
            members={"ana": "admin"}, settings=WorkspaceSettings(parent_page_id="p"), notion_name="The reef",
        ),
        Work(Lane.SWEEP, WorkKind.PAGE, "p", "n", datetime(2026, 1, 1, tzinfo=UTC), "r", "ana", Direction.TO_NOTION),
        Work(Lane.LIVE, WorkKind.ENTITY, "e", "n", datetime(2026, 1, 1, tzinfo=UTC), "r", requested=True, apart="a"),
        Work(Lane.LIVE, WorkKind.ENTITY, "e", "n", datetime(2026, 1, 1, tzinfo=UTC), "r", requested=True, also=("q",)),
        Work(
            Lane.LIVE, WorkKind.PAGE, "p", "n", datetime(2026, 1, 1, tzinfo=UTC), "r",
            edits=(Edit(datetime(2026, 1, 1, tzinfo=UTC), ("title",), "ana"), Edit(datetime(2026, 1, 2, tzinfo=UTC))),
        ),
        DataSource(
            EntityType.IMPACT_STORY, "d", "s", {"t": Property("%3A", "title")}, {"s": ({"id": "x", "n": [1, None]},)}
        ),
        BudgetWindow(datetime(2026, 1, 1, tzinfo=UTC), 5, datetime(2026, 1, 2, tzinfo=UTC)),
        Pause(datetime(2026, 1, 1, tzinfo=UTC), Outages(2, 1, 3, (Look(datetime(2026, 1, 1, tzinfo=UTC), down=True),))),
    ],
)  # fmt: skip
def test_small_state_comes_back_the_same(value: Any) -> None:
    assert there_and_back(value) == value


def test_a_field_that_nobody_knows_any_more_is_left_out() -> None:
    codec = codec_of(Trouble)

    assert codec.decode({"code": "c", "cause": "a", "fix": "f", "colour": "red"}) == Trouble("c", "a", "f")


def test_what_is_at_its_default_is_not_stored() -> None:
    stored = codec_of(Mapping).encode(
        Mapping(1, 2, EntityType.MEDIA_PROJECT, "3", None, datetime(2026, 1, 1, tzinfo=UTC))
    )

    assert set(stored) == {"id", "workspace_id", "entity_type", "entity_id", "page_id", "created_at"}


def test_a_short_value_stays_in_the_item() -> None:
    assert fold({"title": "x" * (LONG - 2)}).blobs == {}


def test_a_long_value_leaves_the_item() -> None:
    folded = fold({"title": "x" * LONG, "status": "Active"})

    assert (len(folded.blobs), json.loads(folded.text)["status"]) == (1, "Active")


def test_many_values_that_are_nearly_long_still_fit_an_item() -> None:
    document = {"bases": {f"field-{n}": {"navimpact": str(n) * 2000, "notion": str(n) * 2000} for n in range(200)}}

    folded = fold(document)

    assert len(folded.text) < 1000
    assert unfold(folded.text, lambda _: folded.blobs) == document


def test_a_providers_json_cannot_pose_as_ours() -> None:
    change = Change("a", Side.NOTION, None, None, old_raw={"$blob": "0" * 64, "parts": 1, "is": "x", "decimal": "1"})

    assert there_and_back(change) == change


def test_a_type_without_a_codec_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="complex"):
        codec_of(complex)
