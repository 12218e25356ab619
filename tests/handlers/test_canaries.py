"""No secret leaves Secrets Manager but to whom it is for: none in a table, a queue, a log or an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.handlers import emulated
from tests.handlers.deployed import FUNCTIONS, Cloud
from tests.handlers.known import captured, who
from tests.handlers.test_access import MAY, ask
from tests.handlers.test_working import PROJECTS, Stage, stage

__all__ = ["stage"]


def live(stage: Stage) -> str:
    """Connect, sync, have a token renewed, edit, tick, and ask everything that an admin may; all answers."""
    stage.new_project("Reef")
    stage.connect()
    dead = {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."}
    stage.fail({"match": {"path": "/v1/**", "nth": 1}, "do": {"status": 401, "body": dead}})
    stage.work()
    stage.navimpact.put(f"{PROJECTS}{stage.projects[0]}", json={"title": "Coral Reef"}).raise_for_status()
    stage.cloud["scheduled_reconcile"](captured("tick"))
    stage.work()
    return "".join(ask(stage.cloud, name, who()).text for name in MAY)


def secrets(cloud: Cloud) -> set[str]:
    """Every value that Secrets Manager holds."""
    values = (cloud.secret(each["ARN"]).values() for each in cloud.vault.list_secrets()["SecretList"])
    return {text for some in values for text in some if text}


def test_no_secret_is_in_a_table_a_queue_a_log_or_an_answer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[str, str] = {"dynamodb": "", "sqs": ""}
    called = emulated.called

    def noted(service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        if service in written:
            written[service] += json.dumps(arguments, default=bytes.hex)
        return called(service, operation, arguments)

    monkeypatch.setattr(emulated, "called", noted)
    logs = {function: stage.cloud[function].listen(monkeypatch) for function in FUNCTIONS}
    stage.connect()
    before = secrets(stage.cloud)
    answers = live(stage)

    places = written | {f"log of {function}": log.getvalue() for function, log in logs.items()} | {"answers": answers}
    hidden = before | secrets(stage.cloud)
    found = [(place, secret) for place, text in places.items() for secret in hidden if secret in text]
    assert len(hidden) >= 8, "client secret, three to sign with, Notion's, and the tokens before and after renewal"
    assert ["Coral Reef" in written["dynamodb"], "workspace_id" in written["sqs"], "items" in answers] == [True] * 3
    assert found == []
