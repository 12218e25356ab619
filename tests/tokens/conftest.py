"""A workspace whose access token Notion refuses, its tokens in Secrets Manager, and many who need them at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws
from notion_client import Client

from local.twins.notion import create_app
from local.twins.serving import serving
from navsync.credentials import Credentials, Tokens
from navsync.errors import SyncError
from navsync.notion import Budget, Gateway, connect
from navsync.secrets import WorkspaceSecrets
from navsync.store import Store, Tables
from tests.contract import stages
from tests.template.loading import of_type

WORKSPACE = 17
REGION = "eu-west-1"
"""Another than other suites use, so that nobody finds what is somebody else's."""


class _OneAtATime:
    """A client whose calls are atomic, as AWS's are and moto's, in one process, are not."""

    _lock = Lock()

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def atomic(**arguments: Any) -> Any:
            with self._lock:
                return call(**arguments)

        return atomic


@dataclass
class Office:
    """What everybody shares: the store, the secrets, Notion."""

    url: str
    store: Store
    secrets: WorkspaceSecrets
    line: Client
    """Shared: it is the tokens that are each worker's own."""
    ahead: timedelta = timedelta()
    kept: list[Tokens] = field(default_factory=list)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def connect(self) -> Tokens:
        """A person connects; the tokens of the grant, not kept yet."""
        grant = stages.connected(stages.oauth(self.line))
        return Tokens(grant.access_token, grant.refresh_token)

    def keep(self, tokens: Tokens) -> None:
        self.kept.append(tokens)
        self.secrets.put(WORKSPACE, tokens)

    def credentials(self) -> Credentials:
        """As one worker has them."""
        return Credentials(
            load=lambda: self.secrets.get(WORKSPACE),
            store=self.keep,
            exchange=self._exchange,
            turn=self.store.turn(WORKSPACE, self.clock),
            sleep=time.sleep,
        )

    def _exchange(self, refresh_token: str) -> Tokens:
        grant = stages.oauth(self.line).refresh(refresh_token)
        return Tokens(grant.access_token, grant.refresh_token)

    def worker(self) -> Gateway:
        """Somebody with a way of their own to Notion."""
        budget = Budget(stages.UNLIMITED, clock=self.clock)
        return Gateway(self.line, self.credentials(), budget, 0, self.clock, time.sleep, lambda: 0.5)

    def at_once(self, callers: int) -> list[str]:
        """Who *callers* workers find they are, or how they fail, all asking in the same moment."""
        together = Barrier(callers)
        workers = [self.worker() for _ in range(callers)]

        def ask(worker: Gateway) -> str:
            together.wait()
            return how_it_goes(lambda: worker.read("GET", "users/me"))

        with ThreadPoolExecutor(callers) as pool:
            return list(pool.map(ask, workers))

    def fails(self, path: str, **effect: Any) -> None:
        match = {"path": path, "nth": 1}
        httpx.post(f"{self.url}/_twin/faults", json=[{"match": match, "do": effect}]).raise_for_status()

    def steer(self, path: str, body: Any) -> None:
        httpx.post(f"{self.url}/_twin/{path}", json=body).raise_for_status()

    def calls(self, path: str) -> list[int | None]:
        """How Notion answered each call of *path*, since the tokens were kept."""
        log = httpx.get(f"{self.url}/_twin/requests", params={"since": 0}).json()["requests"]
        return [row["status"] for row in log if row["path"] == path]

    def token_calls(self) -> list[int | None]:
        """How Notion answered each request for tokens but the first, which connected."""
        return self.calls("/v1/oauth/token")[1:]


def how_it_goes(ask: Callable[[], dict[str, Any]]) -> str:
    """The id that Notion answers with, or the code of the failure."""
    try:
        return str(ask()["id"])
    except SyncError as error:
        return error.code


@pytest.fixture(scope="session")
def notion_url() -> Iterator[str]:
    with serving(create_app(stages.CONFIG)) as url:
        yield url


@pytest.fixture(scope="session")
def aws() -> Iterator[tuple[Any, Any, str]]:
    """DynamoDB with the table of workspaces, Secrets Manager, and a key."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            dynamodb = boto3.client("dynamodb", region_name=REGION)
            declared = of_type("AWS::DynamoDB::Table")["WorkspacesTable"]
            taken = "AttributeDefinitions", "KeySchema", "BillingMode"
            dynamodb.create_table(TableName="workspaces", **{name: declared[name] for name in taken})
            key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
            yield _OneAtATime(dynamodb), _OneAtATime(boto3.client("secretsmanager", region_name=REGION)), key


@pytest.fixture
def office(aws: tuple[Any, Any, str], notion_url: str) -> Iterator[Office]:
    """Connected; the access token that is kept has died since, the refresh token lives."""
    httpx.post(f"{notion_url}/_twin/reset", json={"seed": 1}).raise_for_status()
    dynamodb, vault, key = aws
    for item in dynamodb.scan(TableName="workspaces")["Items"]:
        dynamodb.delete_item(TableName="workspaces", Key={"pk": item["pk"], "sk": item["sk"]})
    store = Store(dynamodb, Tables("workspaces", "none", "none"))
    secrets = WorkspaceSecrets(vault, prefix="navsync/workspace/", kms_key_arn=key)
    with closing(connect(notion_url, timeout=30)) as line:
        made = Office(notion_url, store, secrets, line)
        made.steer("switches", {"requests_per_window": 100_000})
        made.keep(Tokens("ntn_died_meanwhile", made.connect().refresh_token))
        yield made
