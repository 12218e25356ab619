"""The stack that template.yaml declares, on moto, between Notion's and NavImpact's twins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from local.twins.navimpact.app import Config as NavImpactConfig
from local.twins.navimpact.app import create_app as navimpact_app
from local.twins.notion import create_app as notion_app
from local.twins.serving import serving
from tests.handlers.deployed import QUEUES, REGION, SECRETS, TABLES, Cloud, Deployment
from tests.handlers.known import NOTION, SECRET_VALUES, SERVICE_TOKEN

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="session")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        environment.setattr(BotocoreStubber, "process_request", _one_at_a_time(BotocoreStubber.process_request))
        with mock_aws():
            yield


def _one_at_a_time[**Given, Answer](answer: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Moto copies its tables while it writes to them, unlike DynamoDB, and a worker has several threads."""
    lock = RLock()

    def alone(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        with lock:
            return answer(*args, **kwargs)

    return alone


@pytest.fixture(scope="session")
def notion_url() -> Iterator[str]:
    with serving(notion_app(NOTION)) as url:
        yield url


@pytest.fixture(scope="session")
def navimpact_url() -> Iterator[str]:
    with serving(navimpact_app(NavImpactConfig(token=SERVICE_TOKEN, projects=0))) as url:
        yield url


@pytest.fixture(scope="session")
def deployment(aws: None, notion_url: str, navimpact_url: str) -> Deployment:
    key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
    return Deployment(
        resources={**_tables(), **_queues(boto3.client("sqs", region_name=REGION)), **_secrets(), "Key": key},
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
    for table in TABLES:
        for item in kept.dynamodb.scan(TableName=table, ProjectionExpression="pk, sk")["Items"]:
            kept.dynamodb.delete_item(TableName=table, Key=item)
    for name in QUEUES:  # made anew: SQS remembers which wakes it has seen
        kept.sqs.delete_queue(QueueUrl=kept.deployment.resources[name])
    _queues(kept.sqs)
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
    client = boto3.client("dynamodb", region_name=REGION)
    taken = "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode"
    for name, declared in TABLES.items():
        client.create_table(TableName=name, **{each: declared[each] for each in taken if each in declared})
    return {name: name for name in TABLES}


def _queues(client: SQSClient) -> dict[str, str]:
    return {name: client.create_queue(**_queue(name, declared))["QueueUrl"] for name, declared in QUEUES.items()}


def _queue(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    taken = "FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "VisibilityTimeout"
    attributes = {each: str(declared[each]) for each in taken if each in declared}
    if "FifoQueue" not in attributes:
        return {"QueueName": name, "Attributes": attributes}
    return {"QueueName": f"{name}.fifo", "Attributes": attributes | {"FifoQueue": "true"}}


def _secrets() -> dict[str, str]:
    client = boto3.client("secretsmanager", region_name=REGION)
    return {name: client.create_secret(Name=name, SecretString="{}")["ARN"] for name in SECRETS}


def _forget_secrets_of_workspaces(cloud: Cloud) -> None:
    for secret in cloud.vault.list_secrets()["SecretList"]:
        if secret["Name"] not in SECRETS:
            cloud.vault.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
