"""The stack that template.yaml declares, on the emulator's services, between Notion's and NavImpact's twins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.twins.navimpact.app import Config as NavImpactConfig
from local.twins.navimpact.app import create_app as navimpact_app
from local.twins.notion import create_app as notion_app
from local.twins.serving import serving
from tests.handlers import emulated
from tests.handlers.deployed import QUEUES, SECRETS, TABLES, Cloud, Deployment
from tests.handlers.known import NOTION, SECRET_VALUES, SERVICE_TOKEN


@pytest.fixture(scope="session")
def notion_url() -> Iterator[str]:
    with serving(notion_app(NOTION)) as url:
        yield url


@pytest.fixture(scope="session")
def navimpact_url() -> Iterator[str]:
    with serving(navimpact_app(NavImpactConfig(token=SERVICE_TOKEN, projects=0))) as url:
        yield url


@pytest.fixture(scope="session")
def deployment(notion_url: str, navimpact_url: str) -> Deployment:
    emulated.quiet()
    key = emulated.client("kms").create_key()["KeyMetadata"]["Arn"]
    return Deployment(
        resources={**_tables(), **_queues(), **_secrets(), "Key": key},
        parameters={
            "NotionClientId": NOTION.client_id,
            "NotionRedirectUri": NOTION.redirect_uris[0],
            "NotionBaseUrl": notion_url,
            "NavImpactBaseUrl": navimpact_url,
        },
    )


@pytest.fixture(scope="session")
def kept(deployment: Deployment) -> Iterator[Cloud]:
    with deployment.opened:
        yield Cloud(deployment)


@pytest.fixture
def cloud(kept: Cloud) -> Cloud:
    """The stack as deployed and filled by the operator; nobody has connected anything."""
    return emptied(kept)


def emptied(kept: Cloud) -> Cloud:
    """*kept* as it was deployed."""
    for table in TABLES:
        for item in kept.dynamodb.scan(TableName=table, ProjectionExpression="pk, sk")["Items"]:
            kept.dynamodb.delete_item(TableName=table, Key=item)
    for name in QUEUES:  # made anew: SQS remembers which wakes it has seen, as functions do
        kept.sqs.delete_queue(QueueUrl=kept.deployment.resources[name])
    _queues()
    kept.forget_wakes()
    _forget_secrets_of_workspaces(kept)
    for logical_id, value in SECRET_VALUES.items():
        kept.fill(logical_id, **value)
    return kept


@pytest.fixture
def notion(notion_url: str) -> str:
    """The address of a Notion in which nothing has happened."""
    httpx.post(f"{notion_url}/_twin/reset", json={"seed": 1}).raise_for_status()
    return notion_url


@pytest.fixture
def navimpact(navimpact_url: str) -> str:
    """The address of a NavImpact without projects."""
    httpx.post(f"{navimpact_url}/_twin/reset", json={"seed": 1, "projects": 0}).raise_for_status()
    return navimpact_url


def _tables() -> dict[str, str]:
    client = emulated.client("dynamodb")
    taken = "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode"
    for name, declared in TABLES.items():
        client.create_table(TableName=name, **{each: declared[each] for each in taken if each in declared})
    return {name: name for name in TABLES}


def _queues() -> dict[str, str]:
    client = emulated.client("sqs")
    return {name: client.create_queue(**_queue(name, declared))["QueueUrl"] for name, declared in QUEUES.items()}


def _queue(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    taken = "FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "VisibilityTimeout"
    attributes = {each: str(declared[each]) for each in taken if each in declared}
    if "FifoQueue" not in attributes:
        return {"QueueName": name, "Attributes": attributes}
    return {"QueueName": f"{name}.fifo", "Attributes": attributes | {"FifoQueue": "true"}}


def _secrets() -> dict[str, str]:
    client = emulated.client("secretsmanager")
    return {name: client.create_secret(Name=name, SecretString="{}")["ARN"] for name in SECRETS}


def _forget_secrets_of_workspaces(cloud: Cloud) -> None:
    for secret in cloud.vault.list_secrets()["SecretList"]:
        if secret["Name"] not in SECRETS:
            cloud.vault.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
