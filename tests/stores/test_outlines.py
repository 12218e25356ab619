"""Walks through many mappings read no long texts, and those through a project nothing else."""

from __future__ import annotations

from copy import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from navsync.engine import Done, Engine, Run, proof
from navsync.errors import Unavailable
from navsync.fields import SPECS
from navsync.model import Base, CreateIntent, EntityType, Lease, Mapping, Side, State, Trashed
from navsync.ports import Ledger
from navsync.standing import Outline
from navsync.store import Store
from tests.contract.memory_store import MemoryStore
from tests.simulation.world import PROJECT, START, World
from tests.stores.conftest import MINUTE, NOW, counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type AnyStore = Store | MemoryStore

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY
LONG = "".join(chr(33 + (n * n) % 90) for n in range(20_000))
W = 17
OTHERS = 290
"""Stories of another project."""


def ledger_of(store: AnyStore, workspace_id: int = W) -> Ledger:
    lease = store.desk(workspace_id).acquire("worker", now=NOW, until=NOW + 3 * MINUTE)
    assert isinstance(lease, Lease)
    return store.ledger(lease)


@pytest.fixture
def ledger(either_store: AnyStore) -> Ledger:
    return ledger_of(either_store)


def a_story(id: int, project: str | None, **changes: Any) -> Mapping:
    bases = {} if project is None else {"project": Base((project,), (project,))}
    return replace(Mapping(id, W, STORY, str(id), f"page-{id}", created_at=NOW, bases=bases), **changes)


def a_project(id: int) -> Mapping:
    return Mapping(id, W, PROJECT, str(id), f"page-{id}", created_at=NOW)


def creating(project: str) -> CreateIntent:
    return CreateIntent(on=Side.NOTION, values={"project": (project,), "description": LONG}, key="k", log_id=900)


# --- what an outline says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mapping",
    [
        a_project(1),
        a_story(1, None, entity_id=None, state=State.DRAFT),
        a_story(1, "7", state=State.AWAITING_APPROVAL, next_retry_at=NOW + MINUTE),
        a_story(1, "7", bases={"project": Base(("7",), ("7",)), "description": Base(LONG, LONG + "!")}),
        a_story(1, "7", bases={f"{n}": Base("x" * 2_000, None) for n in range(60)} | {"project": Base("7", "7")}),
        a_story(1, None, page_id=None, state=State.CREATING, intent=creating("7")),
    ],
    ids=["a project", "a draft", "waiting", "a long text", "long as a whole", "about to be made"],
)
def test_an_outline_says_what_its_mapping_says(ledger: Ledger, mapping: Mapping) -> None:
    ledger.save(mapping)

    assert ledger.outlines_after(0, 5) == [Outline.of(mapping)]


def test_outlines_are_gone_through_in_order_of_their_ids(ledger: Ledger) -> None:
    for id in (30, 4, 100):
        ledger.save(a_story(id, "7"))

    assert [each.id for each in ledger.outlines_after(0, 2)] == [4, 30]
    assert [each.id for each in ledger.outlines_after(30, 2)] == [100]


# --- of one project ---------------------------------------------------------------------------------------------------


def ids_of(ledger: Ledger, project: str, mapping_id: int = 0, limit: int = 100) -> list[int]:
    return [each.id for each in ledger.outlines_of(project, mapping_id, limit)]


def test_a_projects_own_are_listed_with_it_in_order_of_their_ids(ledger: Ledger) -> None:
    for mapping in (a_story(30, "7"), a_project(7), a_story(4, "7"), a_story(5, "8"), a_project(8), a_story(6, None)):
        ledger.save(mapping)

    assert ids_of(ledger, "7") == [4, 7, 30]
    assert ids_of(ledger, "7", 4, limit=1) == [7]
    assert ids_of(ledger, "77") == []


def test_a_record_that_moves_to_another_project_is_listed_there(ledger: Ledger) -> None:
    moved = ledger.save(a_story(4, "7"))
    ledger.save(moved.but(bases={"project": Base(("8",), ("8",))}))

    assert (ids_of(ledger, "7"), ids_of(ledger, "8")) == ([], [4])


def test_what_another_workspace_has_of_a_project_is_not_listed(either_store: AnyStore) -> None:
    ledger_of(either_store, W).save(a_story(4, "7"))

    assert ids_of(ledger_of(either_store, W + 1), "7") == []


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    """A project of three records, and another with a long story."""
    world = World(entity_types=tuple(SPECS))
    world.connect()
    for title in ("Reef", "Kelp"):
        world.new_project(title=title)
    for _ in range(3):
        world.new_child(LOG, "1")
    world.settle()
    world.new_child(STORY, "2", description=LONG)
    world.settle()
    return world


def moved_to_dynamodb(world: World, store: Store, client: DynamoDBClient, *, others: int) -> Engine:
    """An engine on the mappings of *world*, the long story *others* times more."""
    ledger = ledger_of(store, world.workspace.id)
    for mapping in world.store.of(1).mappings.values():
        ledger.save(mapping.but(version=0))
    (story,) = (mapping for mapping in world.store.of(1).mappings.values() if mapping.entity_type is STORY)
    repeat(client, store, story, others)
    fresh = ledger_of(store, world.workspace.id)
    return Engine(world.workspace, fresh, world.platform, world.notion_side, world.clock, count(10**12).__next__)


def repeat(client: DynamoDBClient, store: Store, story: Mapping, times: int) -> None:
    """Put what is stored of *story* under other ids, which is quicker than to save it so often."""
    table = store.lists.tables.mappings
    found = client.scan(TableName=table)["Items"]
    rows = [row for row in found if f"{story.id:016d}" in row["sk"]["S"] or f"#m{story.id}#" in row["sk"]["S"]]
    assert len(rows) > 1, "a long text is in rows of its own"
    for n in range(10**6, 10**6 + times):
        for row in rows:
            key = row["sk"]["S"].replace(f"{story.id:016d}", f"{n:016d}").replace(f"#m{story.id}#", f"#m{n}#")
            other = row | {"sk": {"S": key}}
            if "body" in row:
                text = row["body"]["S"].replace(f'"id":{story.id},', f'"id":{n},')
                text = text.replace(f'"entity_id":"{story.entity_id}"', f'"entity_id":"story {n}"')
                other |= {"id": {"N": str(n)}, "body": {"S": text}}
            client.put_item(TableName=table, Item=other)


def believed_gone(world: World, engine: Engine) -> Mapping:
    """The mapping of the first project, after NavImpact's first 404."""
    world.platform.remove(PROJECT, "1")
    gone = engine.ledger.save(world.mapping_of("1").but(version=1, gone_since=START - timedelta(minutes=1)))
    assert len(engine.ledger.outlines_after(0, 1_000)) >= 6
    return gone


@pytest.mark.parametrize("others", [0, OTHERS])
def test_what_the_deletion_of_a_project_costs_depends_on_what_belongs_to_it(
    world: World, store: Store, dynamodb: DynamoDBClient, others: int
) -> None:
    engine = moved_to_dynamodb(world, store, dynamodb, others=others)
    gone, page = believed_gone(world, engine), world.page_of("1")

    with counted(dynamodb) as calls:
        assert engine.sync(gone, Run("run-1")) == Done()

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert engine.ledger.removals_left(world.clock()) == 5 - (1 + 3)
    assert (calls["Query"], calls["BatchGetItem"]) == (3, 1)
    assert calls.total() < 20


def test_who_is_asked_when_navimpact_shows_nothing_is_found_without_reading_all_texts(
    world: World, store: Store, dynamodb: DynamoDBClient
) -> None:
    engine = moved_to_dynamodb(world, store, dynamodb, others=OTHERS)
    gone = believed_gone(world, engine)
    world.platform.records.clear()

    with counted(dynamodb) as calls, pytest.raises(Unavailable, match="shows none of the records"):
        engine.sync(gone, Run("run-1"))

    assert calls["BatchGetItem"] <= proof.MOST_WITNESSES
    assert calls.total() < 3 * proof.MOST_WITNESSES
