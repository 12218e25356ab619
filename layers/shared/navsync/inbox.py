"""How does a workspace learn that it has work? The row first, then a message that only wakes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from cachetools import TTLCache

from navsync.errors import ConfigError, Unavailable
from navsync.model import Work

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY_S = 900
"""SQS delays a message by no more; a wake that is due later is delayed again when it arrives."""

REPEATS_ARE_DROPPED_S = 60
"""For how long a wake that this process has sent is not sent again: SQS, too, drops repeats, for 300 s of the first."""

MOST = 1_000
"""Workspaces of which that is remembered."""


class WorkDesk(Protocol):
    """Where work is put and the epoch is read."""

    def put(self, work: Work) -> None:
        """Add or replace the row."""
        ...

    def epoch(self) -> int:
        """The epoch, read consistently."""
        ...

    def claim_later(self, at: datetime, now: datetime) -> bool:
        """Whether a wake at *at* is still to be sent."""
        ...

    def disclaim_later(self) -> None:
        """It was not sent after all."""
        ...


class Inbox:
    """Puts work and wakes. A wake that is lost delays the work until the next tick and loses nothing."""

    def __init__(
        self,
        desk_of: Callable[[int], WorkDesk],
        sqs: SQSClient,
        *,
        wake_queue_url: str,
        later_queue_url: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.desk_of = desk_of
        self.sqs = sqs
        self.wake_queue_url = wake_queue_url
        self.later_queue_url = later_queue_url
        self.sent = TTLCache[int, int](MOST, REPEATS_ARE_DROPPED_S, now_s)
        """Workspace → the epoch of the last wake."""

    def put(self, workspace_id: int, *works: Work) -> None:
        """Put *works* and wake the workspace."""
        desk = self.desk_of(workspace_id)
        for work in works:
            desk.put(work)
        self._wake(workspace_id, desk)

    def wake(self, workspace_id: int) -> None:
        """Wake the workspace for work that was put already."""
        self._wake(workspace_id, self.desk_of(workspace_id))

    def later(self, workspace_id: int, at: datetime, now: datetime) -> None:
        """Wake the workspace at *at*, not before, unless a wake that comes sooner is under way."""
        desk = self.desk_of(workspace_id)
        if not desk.claim_later(at, now):
            return
        try:
            self.delay(workspace_id, at, now)
        except Unavailable:
            desk.disclaim_later()
            raise

    def delay(self, workspace_id: int, at: datetime, now: datetime) -> None:
        """Send a wake that arrives at *at*, or that is delayed again. Raises `ConfigError` without a delay queue."""
        if self.later_queue_url is None:
            raise ConfigError("LATER_QUEUE_URL is not set, so nothing can be delayed; set it for this function")
        delay = min(max(math.ceil((at - now).total_seconds()), 0), LONGEST_DELAY_S)
        body = json.dumps({"workspace_id": workspace_id, "at": at.isoformat()})
        self._send(QueueUrl=self.later_queue_url, MessageBody=body, DelaySeconds=delay)

    def _wake(self, workspace_id: int, desk: WorkDesk) -> None:
        # The epoch is read after the row is written, and a worker raises it before it reads rows: either the worker
        # sees the row, or this wake bears an epoch that SQS has not seen and so is not dropped as a repeat.
        epoch = desk.epoch()
        if self.sent.get(workspace_id) == epoch:
            return
        self._send(
            QueueUrl=self.wake_queue_url,
            MessageBody=json.dumps({"workspace_id": workspace_id}),
            MessageGroupId=str(workspace_id),
            MessageDeduplicationId=f"{workspace_id}:{epoch}",
        )
        self.sent[workspace_id] = epoch

    def _send(self, **message: Any) -> None:
        try:
            self.sqs.send_message(**message)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("the queue did not take the wake; send the request again") from error
