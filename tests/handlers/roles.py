"""What do the roles of template.yaml let a function do? Its calls are judged as IAM would, and noted.

`make privileges` runs the tests of this folder and lists what is granted and none of them needed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.template.test_template import FUNCTIONS, listed, resource_name, statements

type Use = tuple[str, str]
"""An action, and what it is done to, as the template names it."""

STEPS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
"""What a transaction's steps need: there is no permission for transactions themselves."""

TAKEN_BY_AWS = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage",
                "sqs:GetQueueAttributes", "kms:Decrypt", "kms:GenerateDataKey"}  # fmt: skip
"""What Lambda, its event source mappings, and the services that encrypt do in the role's name."""

LONG_VALUES = "values over 4 kB are kept in items of their own; tests/stores has them"
KNOWN: Mapping[tuple[str, str, str], str] = {
    ("SyncWorkerRole", "dynamodb:BatchGetItem", "MappingsTable"): LONG_VALUES,
    ("SyncWorkerRole", "dynamodb:BatchGetItem", "SyncLogsTable"): LONG_VALUES,
    ("SyncWorkerRole", "dynamodb:BatchWriteItem", "SyncLogsTable"): LONG_VALUES,
    (
        "SyncWorkerRole",
        "dynamodb:Query",
        "SyncLogsTable/index/by_run",
    ): "undoing a run reads its rows",
    (
        "SyncWorkerRole",
        "dynamodb:Query",
        "MappingsTable/index/by_project",
    ): "a deleted project is counted with what belongs to it; tests/stores, and make demo",
}
"""What is granted and no test of this folder needs, and why it is granted all the same."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement. *leading*: patterns of partition keys; None: any."""

    actions: Sequence[str]
    resources: Sequence[str]
    leading: Sequence[str] | None

    def covers(self, use: Use, partitions: Sequence[str]) -> bool:
        """Whether it lets *use* happen to items of *partitions*."""
        action, resource = use
        if action not in self.actions or resource not in self.resources:
            return False
        return self.leading is None or all(any(fnmatchcase(pk, each) for each in self.leading) for pk in partitions)


@dataclass(frozen=True, slots=True)
class Role:
    """Of one function. *used*: what it has done."""

    name: str
    grants: Sequence[Grant]
    used: set[Use] = field(default_factory=set)

    def judge(self, service: str, operation: str, arguments: Mapping[str, Any]) -> None:
        """Note a call. Raises what boto3 raises when IAM denies it."""
        for use, partitions in _uses(service, operation, arguments):
            if not any(grant.covers(use, partitions) for grant in self.grants):
                message = f"{self.name} is not authorized to perform {use[0]} on {use[1]}"
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)
            self.used.add(use)

    def never_used(self) -> set[Use]:
        """What is granted for calls of our own, and no call has needed yet."""
        ours = {(action, on) for each in self.grants for action in each.actions for on in each.resources}
        return {use for use in ours - self.used if use[0] not in TAKEN_BY_AWS}


def role_of(function: str) -> Role:
    """The role of a function, by the name of its folder."""
    named = {declared["CodeUri"].removeprefix("functions/"): declared for declared in FUNCTIONS.values()}
    name = named[function]["Role"]["Fn::GetAtt"][0]
    return ROLES.setdefault(name, Role(name, [_grant(each) for each in statements(name)]))


ROLES: dict[str, Role] = {}
"""Those of the functions that were started."""


def _grant(statement: Mapping[str, Any]) -> Grant:
    condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    resources = [resource_name(each) for each in listed(statement["Resource"])]
    return Grant(listed(statement["Action"]), resources, condition.get("dynamodb:LeadingKeys"))


def _uses(service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[tuple[Use, Sequence[str]]]:
    match service:
        case "dynamodb":
            yield from _on_tables(operation, arguments)
        case "sqs":
            name = arguments["QueueUrl"].rpartition("/")[2].removesuffix(".fifo")
            yield (f"sqs:{operation}", name), []
        case "secretsmanager":
            yield (f"secretsmanager:{operation}", _secret(arguments.get("SecretId") or arguments["Name"])), []
        case _:
            raise NotImplementedError(f"no function uses {service} yet; say here what its calls need")


def _on_tables(operation: str, arguments: Mapping[str, Any]) -> Iterator[tuple[Use, Sequence[str]]]:
    match arguments:
        case {"TransactItems": steps}:
            for kind, step in (each for item in steps for each in item.items()):
                yield (STEPS[kind], step["TableName"]), _partitions(step)
        case {"RequestItems": tables}:
            for table in tables:
                yield (f"dynamodb:{operation}", table), []
        case {"TableName": table, "IndexName": index}:
            yield (f"dynamodb:{operation}", f"{table}/index/{index}"), []
        case {"TableName": table}:
            yield (f"dynamodb:{operation}", table), _partitions(arguments)


def _partitions(call: Mapping[str, Any]) -> Sequence[str]:
    item = call.get("Item") or call.get("Key")
    return [item["pk"]["S"]] if item else []


def _secret(id: str) -> str:
    name = re.sub(r"-\w{6}$", "", id.rpartition(":")[2])
    return re.sub(r"^(\w+)/workspace/\d+$", r"secret:<stack>/workspace/*", name)


def main() -> int:
    """Run the tests and list what none of them needed; 0 when that is what is known."""
    failed = pytest.main(["tests/handlers", "-q", "-p", "no:xdist", "--ignore-glob=*test_fuzz*"])
    unused = {(role.name, *use) for role in ROLES.values() for use in role.never_used()}
    for each in sorted(unused | KNOWN.keys()):
        why = KNOWN.get(each, "nobody knows why: remove it") if each in unused else "is used by now: take it off KNOWN"
        print(f"{' '.join(each)}: {why}")  # noqa: T201 - a command prints
    return failed or unused != KNOWN.keys()


if __name__ == "__main__":
    from tests.handlers import roles

    sys.exit(roles.main())  # the module that the tests import, not this one, called __main__
