"""What does NavSync keep where nobody looks? Its own store and queues: what is open there, and what was given up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

from local.navsync.aws import ACCESS_KEY, REGION, SECRET_KEY, Aws
from local.navsync.deployment import Outputs
from local.navsync.machine import Machine
from navsync.model import Lease, Mapping, Outcome, SyncLog
from navsync.store import LogFilter, Store, Tables

QUEUES = ("WakeQueueUrl", "LaterQueueUrl")
MOST = 10_000


@dataclass(frozen=True)
class Kept:
    """All of it at one moment."""

    pairs: Sequence[Mapping] = ()
    started: Sequence[SyncLog] = ()
    """Rows of the history that nobody has ended."""
    dead_letters: int = 0


@dataclass
class Backstage:
    """The way there."""

    machine: Machine
    outputs: Outputs
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        tables = Tables(self.outputs["WorkspacesTable"], self.outputs["MappingsTable"], self.outputs["SyncLogsTable"])
        self.store = Store(self.client("dynamodb"), tables)

    def client(self, service: Any) -> Any:
        """Return a client of the emulator."""
        session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
        return session.client(service, endpoint_url=Aws.of(self.machine).endpoint_url)

    def kept(self, workspaces: Iterable[int]) -> Kept:
        """Read everything that is kept of *workspaces*."""
        now, all_of_them = datetime.now(UTC), list(workspaces)
        # Nobody holds such a lease: what is read under it could not be saved.
        ledgers = [self.store.ledger(Lease(id, "a reader", fence=0, until=now)) for id in all_of_them]
        pairs = [pair for ledger in ledgers for pair in ledger.mappings_after(0, MOST)]
        begun = dict.fromkeys(all_of_them, LogFilter(outcomes=[Outcome.STARTED]))
        rows = self.store.lists.sync_logs(begun, now=now, limit=MOST)
        return Kept(pairs, rows.items, self.dead_letters())

    def dead_letters(self) -> int:
        """Count the messages that were given up: five workers in a row have died of each."""
        counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs, count = self.client("sqs"), 0
        for url in self._dead_letter_queues():
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counted)["Attributes"]
            count += sum(int(found[name]) for name in counted)
        return count

    def purge_dead_letters(self) -> None:
        """Empty their queues, as the alarm says that an operator should."""
        for url in self._dead_letter_queues():
            self.client("sqs").purge_queue(QueueUrl=url)

    def _dead_letter_queues(self) -> Iterator[str]:
        sqs = self.client("sqs")
        for queue in QUEUES:
            told = sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=["RedrivePolicy"])
            target = json.loads(told["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
            yield sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
