"""A function can do what its role grants and nothing else; every other test here runs under that, too."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.handlers import emulated
from tests.handlers.deployed import Cloud
from tests.handlers.roles import Role, role_of


def denied(function: str, service: str, call: str, **arguments: Any) -> bool:
    """Whether it is; as a role of its own, so that nothing counts as used."""
    known = role_of(function)
    client = emulated.client(service, judge=Role(known.name, known.grants).judge)
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDeniedException"
    return False


def row(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "x"}}


def test_people_can_add_audit_rows_and_write_no_other_row_of_the_sync_log(cloud: Cloud) -> None:
    assert not denied("dashboard", "dynamodb", "put_item", TableName="SyncLogsTable", Item=row("W#1#AUDIT"))
    assert denied("dashboard", "dynamodb", "put_item", TableName="SyncLogsTable", Item=row("W#1"))


def test_a_transaction_needs_what_each_of_its_steps_needs(cloud: Cloud) -> None:
    steps = [{"Put": {"TableName": "MappingsTable", "Item": row("W#1")}}]
    removal = {"Delete": {"TableName": "MappingsTable", "Key": row("W#1")}}

    assert not denied("dashboard", "dynamodb", "transact_write_items", TransactItems=steps)
    assert denied("dashboard", "dynamodb", "transact_write_items", TransactItems=[*steps, removal])


@pytest.mark.parametrize("function", ["dashboard", "scheduled_reconcile"])
def test_who_needs_no_secret_reads_none(cloud: Cloud, function: str) -> None:
    secret = cloud.deployment.resources["SigningSecret"]

    assert denied(function, "secretsmanager", "get_secret_value", SecretId=secret)


@pytest.mark.parametrize("function", ["dashboard", "oauth_callback", "sync_trigger", "sync_worker"])
def test_nobody_lists_or_scans(cloud: Cloud, function: str) -> None:
    assert denied(function, "dynamodb", "scan", TableName="WorkspacesTable")
    assert denied(function, "secretsmanager", "list_secrets", SecretId="any")
