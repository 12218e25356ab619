"""Moto's AWS with the tables that template.yaml declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from navsync.model import Workspace
from navsync.store import Store, Tables
from tests.contract.memory_store import MemoryStore
from tests.template.loading import of_type

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="session")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            yield


@pytest.fixture(scope="session")
def dynamodb(aws: None) -> DynamoDBClient:
    return boto3.client("dynamodb")


@pytest.fixture(scope="session")
def made(dynamodb: DynamoDBClient) -> Tables:
    return Tables(**{name: _create(dynamodb, name, properties) for name, properties in _declared().items()})


@pytest.fixture
def tables(dynamodb: DynamoDBClient, made: Tables) -> Tables:
    """Empty tables. Making them takes moto longer than emptying them."""
    for table in (made.workspaces, made.mappings, made.sync_logs):
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk, sk")
        for item in [item for page in pages for item in page["Items"]]:
            dynamodb.delete_item(TableName=table, Key=item)
    return made


def _declared() -> dict[str, dict[str, Any]]:
    declared = of_type("AWS::DynamoDB::Table")
    names = {"workspaces": "WorkspacesTable", "mappings": "MappingsTable", "sync_logs": "SyncLogsTable"}
    return {name: declared[logical_id] for name, logical_id in names.items()}


def _create(client: DynamoDBClient, name: str, properties: dict[str, Any]) -> str:
    taken = "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode"
    arguments = {key: properties[key] for key in taken if key in properties}
    return client.create_table(TableName=name, **arguments)["TableDescription"]["TableName"]


@pytest.fixture
def store(dynamodb: DynamoDBClient, tables: Tables) -> Store:
    return Store(dynamodb, tables, sleep=lambda _: None)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["dynamodb", "memory"])
def either_store(request: pytest.FixtureRequest) -> Store | MemoryStore:
    """Each implementation in turn."""
    return request.getfixturevalue("store") if request.param == "dynamodb" else MemoryStore()


def workspace(id: int = 17, **changes: Any) -> Workspace:
    fields: dict[str, Any] = {
        "notion_workspace_id": "n-1",
        "name": "Reef Films",
        "bot_id": f"bot-{id}",
        "org": "reef",
        "created_at": NOW,
        "updated_at": NOW,
        "members": {"ana": "admin"},
    }
    return Workspace(id=id, **fields | changes)


@contextmanager
def counted(client: DynamoDBClient) -> Iterator[Counter[str]]:
    """The calls of DynamoDB, by name."""
    calls: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    client.meta.events.register("before-call.dynamodb", note)
    try:
        yield calls
    finally:
        client.meta.events.unregister("before-call.dynamodb", note)
