"""Of a webhook's bot and database only what is true now is believed, however much was remembered."""

from __future__ import annotations

from copy import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from navsync.model import DataSource, EntityType, Property, Workspace
from navsync.store import Store
from navsync.store.hearers import SOURCES_S, Hearers
from tests.stores.conftest import NOW, Clock, workspace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOTION, BOTS = "n-1", ["bot-17"]
SOURCE = DataSource(EntityType.MEDIA_PROJECT, "database-1", "source-1", {"title": Property("title", "title")})


def erase(store: Store, ours: Workspace) -> None:
    store.erasures.begin(ours, now=NOW)
    while not store.erasures.go_on(ours.id, now=NOW + timedelta(hours=1), has_time=lambda: True):
        pass


@pytest.fixture
def hearers(store: Store, clock: Clock) -> Hearers:
    """Having heard of the bot and of the database of one workspace already."""
    ours = store.directory.create_workspace(workspace(17))
    store.desk(17).save_source(SOURCE)
    hearers = Hearers(store.directory, store.desk, clock)
    assert hearers.of(NOTION, BOTS) == [ours]
    assert hearers.source(ours, "source-1") == SOURCE
    return hearers


def test_a_bot_whose_workspace_was_erased_and_connected_anew_is_found_there(hearers: Hearers, store: Store) -> None:
    (ours,) = hearers.of(NOTION, BOTS)
    erase(store, ours)
    anew = store.directory.create_workspace(workspace(18, bot_id="bot-17"))

    assert hearers.of(NOTION, BOTS) == [anew]


def test_nothing_is_heard_by_a_workspace_that_was_erased(hearers: Hearers, store: Store) -> None:
    (ours,) = hearers.of(NOTION, BOTS)
    erase(store, ours)

    assert hearers.of(NOTION, BOTS) == []


def test_nothing_is_heard_by_a_workspace_that_was_paused_since(hearers: Hearers, store: Store) -> None:
    (ours,) = hearers.of(NOTION, BOTS)
    store.desk(17).save_workspace(replace(ours, is_active=False))

    assert hearers.of(NOTION, BOTS) == []


def test_an_event_of_another_notion_workspace_is_not_for_ours_though_it_names_our_bot(hearers: Hearers) -> None:
    assert hearers.of("n-2", BOTS) == []


def test_an_event_that_names_no_bot_is_for_all_of_its_notion_workspace(hearers: Hearers, store: Store) -> None:
    store.directory.create_workspace(workspace(18))

    assert [each.id for each in hearers.of(NOTION, [])] == [17, 18]


def test_a_database_that_is_new_is_found_at_once(hearers: Hearers, store: Store) -> None:
    (ours,) = hearers.of(NOTION, BOTS)
    fresh = replace(SOURCE, entity_type=EntityType.IMPACT_STORY, data_source_id="source-2")
    store.desk(17).save_source(fresh)

    assert hearers.source(ours, "source-2") == fresh


def test_what_changed_in_a_database_is_known_after_a_minute(hearers: Hearers, store: Store, clock: Clock) -> None:
    (ours,) = hearers.of(NOTION, BOTS)
    changed = replace(SOURCE, properties={"title": Property("other", "title")}, version=1)
    store.desk(17).save_source(changed)
    clock.seconds = SOURCES_S + 1

    assert hearers.source(ours, "source-1") == changed


def test_a_strangers_database_is_none_of_ours(hearers: Hearers) -> None:
    (ours,) = hearers.of(NOTION, BOTS)

    assert hearers.source(ours, "source-9") is None


def test_one_read_is_enough_for_a_bot_and_a_database_that_are_known(hearers: Hearers, dynamodb: DynamoDBClient) -> None:
    calls: list[str] = []

    def noted(model: Any, **_: Any) -> None:
        calls.append(model.name)

    dynamodb.meta.events.register("before-call.dynamodb", noted)
    try:
        (ours,) = hearers.of(NOTION, BOTS)
        hearers.source(ours, "source-1")
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb", noted)

    assert calls == ["GetItem"]
