"""What is promised of dry runs, held against DynamoDB and against memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from navsync.errors import StaleMapping
from navsync.foresight import Effect, Foreseen, Preview, Progress
from navsync.model import Change, EntityType, Policy, Scope, Settings, Side, State
from navsync.ports import Previews
from navsync.store import Store, Tables
from tests.contract.memory_store import MemoryStore
from tests.stores.conftest import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

W = 17
PREVIEW = Preview(
    800, W, NOW, Settings(policy=Policy.NOTION, scope=Scope(statuses=("active",))), actor="ana", total=70,
)  # fmt: skip


@pytest.fixture
def previews(either_store: Store | MemoryStore) -> Previews:
    return either_store.desk(W).previews()


def thing(number: int, effect: Effect = Effect.UPDATE) -> Foreseen:
    changes = (
        Change("budget", Side.NOTION, Decimal("10.50"), None, rule="changed on navimpact"),
        Change("team_members", Side.NOTION, ("Ana",), (), rule="changed on navimpact"),
    )
    return Foreseen(
        effect, EntityType.MEDIA_PROJECT, number, str(number), "page", "Reef 🪸", Side.NOTION, changes,
        leaves=State.LINKED,
    )  # fmt: skip


def all_of(previews: Previews, preview: Preview) -> list[Foreseen]:
    return list(previews.foreseen(preview, skip=0, limit=1_000))


def test_a_preview_is_read_back_as_it_was(previews: Previews) -> None:
    kept = previews.save(PREVIEW)

    assert previews.get(800) == kept == replace(PREVIEW, version=1)


def test_an_unknown_preview_is_none(previews: Previews) -> None:
    assert previews.get(801) is None


def test_a_preview_of_another_workspace_is_none(either_store: Store | MemoryStore, previews: Previews) -> None:
    previews.save(PREVIEW)

    assert either_store.desk(18).previews().get(800) is None


def test_what_is_foreseen_comes_in_its_order(previews: Previews) -> None:
    kept = previews.save(previews.save(PREVIEW, thing(1), thing(2)), thing(3))

    assert all_of(previews, kept) == [thing(1), thing(2), thing(3)]


def test_a_part_of_it_is_read_by_its_place(previews: Previews) -> None:
    kept = previews.save(PREVIEW, *map(thing, range(130)))

    assert list(previews.foreseen(kept, skip=118, limit=5)) == [thing(number) for number in range(118, 123)]
    assert list(previews.foreseen(kept, skip=129, limit=5)) == [thing(129)]
    assert list(previews.foreseen(kept, skip=500, limit=5)) == []


def test_the_longest_values_in_any_script_fit(previews: Previews) -> None:
    text, names = "🪸🐠🐟🦀" * 250, tuple(f"🐙{n:02}" * 33 for n in range(100))
    changes = [Change(f"f{n}", Side.NOTION, text, text[::-1]) for n in range(9)]
    changes += [Change(f"l{n}", Side.NOTION, names, names[::-1]) for n in range(2)]
    long = replace(thing(1), changes=tuple(changes))

    assert all_of(previews, previews.save(PREVIEW, long)) == [long]


def test_things_are_counted_by_effect_and_side(previews: Previews) -> None:
    kept = previews.save(PREVIEW, thing(1), thing(2, Effect.CREATE))
    kept = previews.save(kept, thing(3), replace(thing(4, Effect.HOLD), side=None))

    assert kept.counts == {"create/notion": 1, "hold/": 1, "update/notion": 2}
    assert kept.foreseen == 4


def test_a_save_over_a_newer_version_is_refused(previews: Previews) -> None:
    first = previews.save(PREVIEW)
    previews.save(first)

    with pytest.raises(StaleMapping):
        previews.save(first)
    with pytest.raises(StaleMapping):
        previews.save(PREVIEW)


def test_what_a_refused_save_brought_is_not_listed(previews: Previews) -> None:
    first = previews.save(PREVIEW)
    second = previews.save(first, thing(1))
    with pytest.raises(StaleMapping):
        previews.save(first, thing(8), thing(9))

    assert previews.get(800) == second
    assert len(all_of(previews, second)) == 1


def test_an_ended_preview_says_how_it_ended(previews: Previews) -> None:
    kept = previews.save(replace(PREVIEW, state=Progress.FAILED, reason="no databases", ended_at=NOW))

    assert previews.get(800) == kept


def test_everything_of_a_preview_goes_after_a_day(store: Store, dynamodb: DynamoDBClient, tables: Tables) -> None:
    store.desk(W).previews().save(PREVIEW, thing(1))

    items = [item for name in (tables.workspaces, tables.mappings) for item in dynamodb.scan(TableName=name)["Items"]]
    tomorrow = str(int((NOW + timedelta(days=1)).timestamp()))
    assert [item["expires_at"] for item in items] == [{"N": tomorrow}] * 2
