"""Which permissions did the functions of a stack need? As the emulator's IAM decided, call by call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.navsync.aws import Aws
from local.navsync.deployment import STACK
from local.navsync.http import checked, client
from local.navsync.machine import Machine
from tests.handlers.roles import TAKEN_BY_AWS
from tests.template.test_template import FUNCTIONS, listed, resource_name, statements

type Need = tuple[str, str, str]
"""A role, an action, and what it is done to, as the template names them."""

FUNCTION = re.compile(rf":assumed-role/{STACK}-(\w+Role)-\w+/")

ERASING = "erasing what is kept of a workspace: handlers/test_erasing.py"
LEAVING = "disconnecting it: handlers/test_connecting.py"
WAITING = "work that is put off: handlers/test_working.py, chaos"
SHARING = "a record that several workspaces hold: make demo WORKSPACES=3"
RENEWING = "renewing a token: handlers/test_working.py, tokens"
LONG = "texts over 4 kB, which rows of the log have where one was overwritten: stores"
NEVER_NEEDED: Mapping[Need, str] = {
    ("DashboardRole", "dynamodb:GetItem", "SyncLogsTable"): "undoing one row: handlers/test_deciding.py",
    ("DashboardRole", "dynamodb:BatchGetItem", "MappingsTable"): LONG,
    ("DashboardRole", "dynamodb:BatchWriteItem", "MappingsTable"): "syncing a chosen set: handlers/test_deciding.py",
    ("OAuthCallbackRole", "dynamodb:DeleteItem", "MappingsTable"): ERASING,
    ("OAuthCallbackRole", "dynamodb:DeleteItem", "SyncLogsTable"): ERASING,
    ("OAuthCallbackRole", "dynamodb:Query", "MappingsTable"): ERASING,
    ("OAuthCallbackRole", "dynamodb:Query", "SyncLogsTable"): ERASING,
    ("OAuthCallbackRole", "dynamodb:Query", "WorkspacesTable"): ERASING,
    ("OAuthCallbackRole", "secretsmanager:DeleteSecret", "secret:<stack>/workspace/*"): LEAVING,
    ("ScheduledReconcileRole", "dynamodb:DeleteItem", "MappingsTable"): ERASING,
    ("ScheduledReconcileRole", "dynamodb:DeleteItem", "SyncLogsTable"): ERASING,
    ("ScheduledReconcileRole", "dynamodb:DeleteItem", "WorkspacesTable"): ERASING,
    ("ScheduledReconcileRole", "dynamodb:PutItem", "WorkspacesTable"): ERASING,
    ("ScheduledReconcileRole", "dynamodb:Query", "MappingsTable"): ERASING,
    ("ScheduledReconcileRole", "dynamodb:Query", "SyncLogsTable"): ERASING,
    ("ScheduledReconcileRole", "secretsmanager:DeleteSecret", "secret:<stack>/workspace/*"): ERASING,
    ("SyncTriggerRole", "dynamodb:UpdateItem", "WorkspacesTable"): WAITING,
    ("SyncTriggerRole", "sqs:SendMessage", "LaterQueue"): WAITING,
    ("SyncWorkerRole", "sqs:SendMessage", "WakeQueue"): WAITING,
    ("SyncWorkerRole", "dynamodb:BatchGetItem", "SyncLogsTable"): LONG,
    ("SyncWorkerRole", "dynamodb:Query", "SyncLogsTable/index/by_run"): "undoing a run: simulation",
    (
        "SyncWorkerRole",
        "dynamodb:DeleteItem",
        "WorkspacesTable",
    ): "a record that several workspaces hold: make demo WORKSPACES=3",
    ("SyncWorkerRole", "secretsmanager:GetSecretValue", "NotionOAuthSecret"): RENEWING,
    ("SyncWorkerRole", "secretsmanager:PutSecretValue", "secret:<stack>/workspace/*"): RENEWING,
}
"""What may go unused while a stack comes up, is asked everything, and shows the demo; and what needs it."""


@dataclass(frozen=True)
class Decided:
    """What functions asked for, by the answer."""

    allowed: set[Need]
    denied: set[Need]

    @classmethod
    def by(cls, *logs: Path) -> Self:
        """Of stacks that wrote these logs. Several policies are asked for one call; one that allows it is enough."""
        said = [line for log in logs for line in map(json.loads, log.read_text(encoding="utf-8").splitlines())]
        allowed = set(_needs(line for line in said if line["decision"] == "Allow"))
        return cls(allowed, set(_needs(said)) - allowed)


def exercise(machine: Machine, token: str) -> None:
    """Ask for what the demo does not: every list, a template that goes again, and the scheduled look."""
    with client(machine.api_url, token=token) as api:
        mapping = checked(api.get("sync-mappings")).json()["items"][0]
        row = checked(api.get("history")).json()["items"][0]
        lists = (
            "sync-mappings?sync_status=completed", "sync-mappings?media_project_id=1", "sync-logs", "conflicts",
            "audit", "approvals", "attention", "analytics", "dashboard", "templates",
            f"history?mapping_id={mapping['id']}", f"history?run_id={row['run_id']}",
            f"explain/{mapping['entity_type']}/{mapping['entity_id']}",
        )  # fmt: skip
        for path in lists:
            checked(api.get(path))
        made = {"name": "once", "entity_type": "media_project", "title": "{{title}}", "body": ""}
        checked(api.post("templates", json=made))
        checked(api.delete("templates/once"))
    Aws.of(machine).invoke(f"{STACK}-scheduled-reconcile")


def granted() -> set[Need]:
    """What the template grants to functions for calls of our own."""
    return {
        (role, action, resource_name(resource))
        for role in {function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()}
        for statement in statements(role)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if action not in TAKEN_BY_AWS
    }


def _needs(said: Iterable[Mapping[str, str]]) -> Iterator[Need]:
    for line in said:
        if role := FUNCTION.search(line["principal"]):
            yield role[1], line["action"], _named(line["resource"].split(":", 5)[-1])


def _named(resource: str) -> str:
    """`MappingsTable/index/by_time` for what CloudFormation has named."""
    if resource.startswith(f"secret:{STACK}/workspace/"):
        return "secret:<stack>/workspace/*"
    name, slash, index = resource.removeprefix("table/").removeprefix("secret:").partition("/")
    return re.sub(rf"^{STACK}-(\w+?)-.*", r"\1", name) + slash + index
