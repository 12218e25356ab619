"""What goes wrong while people work? Calls to both sides fail, webhooks stray, and workers die."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from local.navsync.http import checked, client
from local.navsync.machine import Machine, Port
from navsync.model import Lane, Work
from navsync.store import DynamoDesk, keys
from tests.chaos.backstage import Backstage
from tests.chaos.pace import PAUSE

type Json = dict[str, Any]

NOTION_TIMEOUT_S = 3
"""How long the worker waits for an answer in a drill; a call that is to time out takes longer."""


def _notion_error(status: int, code: str) -> Json:
    return {"status": status, "body": {"object": "error", "status": status, "code": code, "message": "a drill"}}


NOTION: Mapping[str, Json] = {
    "Notion: 429 with Retry-After": _notion_error(429, "rate_limited")
    | {"headers": {"Retry-After": f"{PAUSE.seconds}"}},
    "Notion: 500": _notion_error(500, "internal_server_error"),
    "Notion: 503": _notion_error(503, "service_unavailable"),
    "Notion: 529": _notion_error(529, "service_overload"),
    "Notion: 409": _notion_error(409, "conflict_error"),
    "Notion: a page of HTML": {"status": 502, "body": "<html>Bad gateway</html>"},
    "Notion: slow": {"delay_ms": 400},
    "Notion: timeout, applied": {"delay_ms": NOTION_TIMEOUT_S * 1000 + 500},
    "Notion: cut before": {"drop": "before"},
    "Notion: cut after": {"drop": "after"},
    "Notion: 502 after it was applied": {"drop": "after"} | _notion_error(502, "bad_gateway"),
}
NAVIMPACT: Mapping[str, Json] = {
    "NavImpact: 429 with Retry-After": {"status": 429, "headers": {"Retry-After": "1"}},
    "NavImpact: 500 with its SQL": {"status": 500, "body": {"error": "SELECT * FROM users"}},
    "NavImpact: 503": {"status": 503},
    "NavImpact: slow": {"delay_ms": 400},
    "NavImpact: timeout, applied": {"delay_ms": NOTION_TIMEOUT_S * 1000 + 500},
    "NavImpact: cut before": {"drop": "before"},
    "NavImpact: cut after": {"drop": "after"},
    "NavImpact: 502 after it was applied": {"drop": "after", "status": 502},
}


class Weather:
    """Faults of both sides, drawn anew for each run as swarm tests do, and how often each came."""

    def __init__(self, machine: Machine, chance: Random) -> None:
        self._sides = ((machine.notion, NOTION, "/v1/**"), (machine.navimpact, NAVIMPACT, "/api/v1/**"))
        self._chance = chance
        self._labels: dict[int, list[str]] = {}

    def worsen(self) -> None:
        """Let calls fail and webhooks stray."""
        for port, named, path in self._sides:
            faults = [self._fault(do, path) for do in named.values()]
            self._labels[port.number] = list(named)
            strays = {"drop": 0.15, "duplicate": 0.3, "reorder": 0.3, "delay_ms": 200}
            _order(port, "faults", faults)
            _order(port, "webhooks", {"enabled": True, **strays})

    def heal(self) -> None:
        """Let nothing fail any more."""
        for port, _, _ in self._sides:
            _order(port, "webhooks", {"enabled": True})
            with client(port.url) as twin:
                checked(twin.delete("/_twin/faults"))

    def fired(self) -> Counter[str]:
        """Count what happened, by kind; ask before healing."""
        count: Counter[str] = Counter()
        for port, _, _ in self._sides:
            with client(port.url) as twin:
                faults = checked(twin.get("/_twin/faults")).json()
                strays = checked(twin.get("/_twin/requests", params={"since": 10**9})).json()["webhooks"]
            count.update({name: one["fired"] for name, one in zip(self._labels[port.number], faults, strict=True)})
            count.update({f"webhook {what}": strays.get(what, 0) for what in ("dropped", "duplicated", "reordered")})
        return count

    def _fault(self, do: Json, path: str) -> Json:
        return {"match": {"path": path, "probability": round(self._chance.uniform(0.006, 0.02), 4)}, "do": do}


def _order(port: Port, what: str, order: object) -> None:
    with client(port.url) as twin:
        checked(twin.post(f"/_twin/{what}", json=order))


DEADLY = (
    {"call": "POST /v1/pages", "before": 0.07, "after": 0.13},
    {"call": "PATCH /v1/*", "before": 0.06, "after": 0.12},
    {"call": "P* /api/v1/*", "before": 0.06, "after": 0.12},
    {"call": "DELETE /api/v1/*", "before": 0.25, "after": 0.35},
    {"call": "GET /*", "before": 0.005, "after": 0.005},
    {"call": "DynamoDB_20120810.TransactWriteItems", "before": 0.02, "after": 0.03},
    {"call": "DynamoDB_20120810.*Item", "before": 0.002, "after": 0.002},
    {"call": "AmazonSQS.*", "before": 0.02, "after": 0.02},
)
"""The odds to die at a call: high where something is written."""


@dataclass(frozen=True)
class Death:
    """A worker's process ended itself at a call."""

    at: datetime
    call: str
    moment: str
    request_id: str | None


@dataclass
class Reaper:
    """Workers that die, and what time does for the living: nobody waits here for what only time would bring.

    A dead worker keeps its lease for three minutes and its message for as long; a record that was put off waits up to
    an hour. Here these waits are cut short in NavSync's own store, as if the time had passed.
    """

    plan: Path
    backstage: Backstage
    deaths: list[Death] = field(default_factory=list)

    def start(self) -> None:
        """Let workers be mortal."""
        self.plan.write_text(json.dumps(DEADLY))

    def stop(self) -> None:
        """Let workers live."""
        self.plan.unlink(missing_ok=True)

    def bury(self, workspaces: list[int]) -> int:
        """End the leases of those who died since the last time; return how many there were."""
        died = list(self._new())
        self.deaths += died
        for death in died:
            for workspace in workspaces:
                self._end_lease(workspace, death.request_id)
        return len(died)

    def hasten(self, workspaces: list[int]) -> set[str]:
        """Have what waits for its time done now, as for a person who asks for it, and name it.

        What two workers died at is left alone for hours, but for such a person.
        """
        now = datetime.now(UTC)
        found = [(desk, row) for desk, row in self._work(workspaces) if row.due > now]
        for desk, row in found:
            desk.put(replace(row, due=now, thorough=True))
        return {f"{desk.workspace_id}: {row.kind} {row.external_id}" for desk, row in found}

    def is_busy(self, workspaces: list[int]) -> bool:
        """Say whether anybody holds a lease or has work that is due."""
        now = datetime.now(UTC)
        due = any(row.due <= now for _, row in self._work(workspaces))
        return due or any(map(self._is_held, workspaces))

    def shorten_visibility(self, seconds: int) -> None:
        """Let the message of a dead worker come back soon."""
        queue, attributes = self.backstage.outputs["WakeQueueUrl"], {"VisibilityTimeout": str(seconds)}
        self.backstage.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=attributes)

    def _work(self, workspaces: list[int]) -> Iterator[tuple[DynamoDesk, Work]]:
        for desk in map(self.backstage.store.desk, workspaces):
            for lane in Lane:
                yield from ((desk, row) for row in desk.pending(lane, limit=1_000))

    def _new(self) -> Iterator[Death]:
        with_deaths = self.plan.with_suffix(".deaths")
        lines = with_deaths.read_text().splitlines() if with_deaths.exists() else []
        for line in lines[len(self.deaths) :]:
            told = json.loads(line)
            yield Death(datetime.fromtimestamp(told["at"], UTC), told["call"], told["moment"], told["request_id"])

    def _end_lease(self, workspace: int, owner: str | None) -> None:
        past = keys.moment(datetime.now(UTC) - timedelta(seconds=1))
        try:
            self.backstage.client("dynamodb").update_item(
                TableName=self.backstage.outputs["WorkspacesTable"],
                Key=_lease_of(workspace),
                UpdateExpression="SET #until = :past",
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#until": "until", "#owner": "owner"},
                ExpressionAttributeValues={":past": {"S": past}, ":owner": {"S": owner or "nobody"}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _is_held(self, workspace: int) -> bool:
        found = self.backstage.client("dynamodb").get_item(
            TableName=self.backstage.outputs["WorkspacesTable"], Key=_lease_of(workspace), ConsistentRead=True
        )
        return "owner" in found.get("Item", {})


def _lease_of(workspace: int) -> Json:
    return {name: {"S": str(value)} for name, value in keys.within(workspace, keys.LEASE).items()}
