"""The functions as template.yaml deploys them, on the emulator's services, called as Lambda calls them."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from navsync import navimpact, notion
from navsync.api import PREFIX, Route, openapi
from navsync.errors import Retryable
from navsync.model import Lane, Work
from navsync.store import Store, Tables
from tests.handlers import emulated
from tests.handlers.roles import role_of
from tests.template.loading import TEMPLATE, of_type, template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

STACK = "navsync"
REGION = "us-east-1"
"""The emulator's."""

FUNCTIONS = {each["CodeUri"].removeprefix("functions/"): each for each in of_type("AWS::Serverless::Function").values()}
TABLES = of_type("AWS::DynamoDB::Table")
QUEUES = of_type("AWS::SQS::Queue")
SECRETS = of_type("AWS::SecretsManager::Secret")

_loaded = count()


def variables(function: str) -> dict[str, Any]:
    """What template.yaml says that the function's environment is, values unresolved."""
    everybodys = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[function]["Environment"]["Variables"]
    return dict(everybodys) | dict(own)


@dataclass(frozen=True)
class Answer:
    """What API Gateway is given for the caller."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def is_problem(self) -> bool:
        """Whether it is an error as every error should be."""
        wanted = {"type", "title", "status", "detail", "code", "request_id"}
        return self.headers["Content-Type"] == "application/problem+json" and wanted <= self.json.keys()


def problems(route: Route) -> set[tuple[str, int]]:
    """Codes and statuses that *route* declares. What passes with time has codes for every reason, and one status."""
    declared = {(code, status) for code, (status, _) in openapi.problems_of(route).items()}
    passing: list[type[Retryable]] = [Retryable, *Retryable.__subclasses__()]
    return declared | {(kind.code, 503) for kind in passing}


@dataclass(frozen=True)
class Function:
    """One function, started."""

    module: ModuleType

    def __call__(self, event: Mapping[str, Any]) -> Any:
        """Invoke it. The event goes through JSON, as everything that Lambda hands over does."""
        return self.module.handler(json.loads(json.dumps(event)), cast("LambdaContext", _Context()))

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """Invoke it with an HTTP request."""
        given = self(event)
        headers = {name: values[0] for name, values in given.get("multiValueHeaders", {}).items()} | given["headers"]
        answer = Answer(given["statusCode"], headers, given["body"])
        self._hold_to_its_declaration(event["routeKey"], answer)
        return answer

    def _hold_to_its_declaration(self, route_key: str, answer: Answer) -> None:
        """Whatever a test asks for, the answer must be of the shape, and of a status, that its route declares."""
        declared = {f"{r.method} {PREFIX}{r.path}": r for r in self.module.routes.declared}
        route = declared.get(route_key)
        if route is None:
            return
        if answer.status >= 400:
            assert (answer.json["code"], answer.status) in problems(route), (
                f"{route_key} does not declare {answer.json}"
            )
            return
        assert answer.status in route.statuses, f"{route_key} does not declare {answer.status}"
        if not isinstance(route.answers, str) and answer.headers["Content-Type"] == "application/json":
            route.answers.model_validate_json(answer.text)

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
        """What it logs from now on."""
        log = io.StringIO()
        monkeypatch.setattr(self.module.logger.registered_handler, "stream", log)
        return log


@dataclass(frozen=True)
class _Context:
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    function_name: str = "navsync-under-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:navsync-under-test"


@dataclass(frozen=True)
class Deployment:
    """A deployed stack: its resources by logical id, and its parameters."""

    resources: Mapping[str, str]
    parameters: Mapping[str, str]
    opened: ExitStack = field(default_factory=ExitStack)
    """Closes what functions leave open for as long as they stay warm."""

    def environment(self, function: str) -> dict[str, str]:
        """The function's variables as CloudFormation resolves them."""
        return {name: self._resolved(value) for name, value in variables(function).items()}

    def start(self, function: str, **changes: str | None) -> Function:
        """Start the function as a cold one; *changes* replace variables, None leaves one out."""
        changed = self.environment(function) | changes
        environ = {name: value for name, value in changed.items() if value is not None}
        with mock.patch.dict(os.environ, environ | {"AWS_DEFAULT_REGION": REGION}):
            for absent in changed.keys() - environ.keys():
                os.environ.pop(absent, None)
            allowed = partial(emulated.client, judge=role_of(function).judge)
            with self._noting(notion), self._noting(navimpact), mock.patch.object(boto3, "client", allowed):
                return Function(_import(function))

    def _noting(self, vendor: ModuleType) -> AbstractContextManager[Any]:
        connect = vendor.connect

        def noted(*arguments: Any, **named: Any) -> Any:
            client = connect(*arguments, **named)
            self.opened.callback(client.close)
            return client

        return mock.patch.object(vendor, "connect", noted)

    def _resolved(self, value: Any) -> str:
        match value:
            case {"Ref": name} if name in self.resources:
                return self.resources[name]
            case {"Ref": name}:
                return self._parameter(name)
            case {"Fn::GetAtt": [name, "Id" | "Arn"]}:
                return self.resources[name]
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{AWS::StackName\}", STACK, text)
            case str():
                return value
        raise NotImplementedError(f"tests do not know how CloudFormation resolves {value!r}")

    def _parameter(self, name: str) -> str:
        declared = template()["Parameters"][name]
        return self.parameters[name] if name in self.parameters else str(declared["Default"])


def _import(function: str) -> ModuleType:
    folder = TEMPLATE.parent / FUNCTIONS[function]["CodeUri"]
    spec = importlib.util.spec_from_file_location(f"function_{function}_{next(_loaded)}", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # as in Lambda: pydantic looks there for what annotations name
    with _alone(folder):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """As in Lambda, where a function's folder is on the path: what lies in it is imported anew, for this start only."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name, loaded in sys.modules.items() if _lies_in(folder, loaded)]:
            del sys.modules[name]


def _lies_in(folder: Path, loaded: ModuleType) -> bool:
    found = getattr(loaded, "__spec__", None)
    origin = None if found is None else found.origin
    return origin is not None and folder in Path(origin).parents and Path(origin).parent != folder


@dataclass(frozen=True)
class Cloud:
    """The stack's functions, tables, queues and secrets, to be used and looked into."""

    deployment: Deployment
    started: dict[str, Function] = field(default_factory=dict)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", emulated.client("dynamodb"))

    @cached_property
    def sqs(self) -> SQSClient:
        return cast("SQSClient", emulated.client("sqs"))

    @cached_property
    def vault(self) -> SecretsManagerClient:
        return cast("SecretsManagerClient", emulated.client("secretsmanager"))

    @property
    def store(self) -> Store:
        return Store(self.dynamodb, Tables("WorkspacesTable", "MappingsTable", "SyncLogsTable"))

    def __getitem__(self, function: str) -> Function:
        """A warm function: started once for all tests."""
        if function not in self.started:
            self.started[function] = self.deployment.start(function)
        return self.started[function]

    def forget_wakes(self) -> None:
        """Let warm functions forget which wakes they have sent: in empty tables epochs begin anew."""
        for function in self.started.values():
            runtime: Any = getattr(function.module, "runtime", None)
            if hasattr(runtime, "inbox"):
                runtime.inbox.sent.clear()

    def items(self) -> list[dict[str, Any]]:
        """Everything in all tables."""
        scans = [self.dynamodb.scan(TableName=name)["Items"] for name in sorted(TABLES)]
        return [dict(item) for items in scans for item in items]

    def kept(self) -> list[dict[str, Any]]:
        """Everything in all tables but what is noted of every call: how often somebody calls, and the audit trail."""
        noted = ("#AUDIT", "CALLS#")
        return [item for item in self.items() if not any(mark in item["pk"]["S"] for mark in noted)]

    def work(self, workspace_id: int) -> list[Work]:
        """What the workspace has to look at."""
        pending = self.store.desk(workspace_id).pending
        return [work for lane in Lane for work in pending(lane, limit=100)]

    def wakes(self) -> list[dict[str, Any]]:
        """Messages in the wake queue, taken out of it."""
        return self._taken("WakeQueue")

    def delayed(self) -> int:
        """How many messages wait in the delay queue."""
        url = self.deployment.resources["LaterQueue"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessagesDelayed"]) + int(attributes["ApproximateNumberOfMessages"])

    def secret(self, name: str) -> dict[str, Any]:
        """The secret's value."""
        value: dict[str, Any] = json.loads(self.vault.get_secret_value(SecretId=name)["SecretString"])
        return value

    def fill(self, logical_id: str, **values: str | None) -> None:
        """Put the secret's value, as the operator does."""
        self.vault.put_secret_value(SecretId=self.deployment.resources[logical_id], SecretString=json.dumps(values))

    def _taken(self, logical_id: str) -> list[dict[str, Any]]:
        url = self.deployment.resources[logical_id]
        got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
        for message in got.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [dict(message) for message in got.get("Messages", [])]
