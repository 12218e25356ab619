"""Settings → what a function works with: the only place that builds clients."""

from __future__ import annotations

import random
import secrets as entropy
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from navsync.config import (
    AuthorizerSettings,
    DashboardSettings,
    OAuthSettings,
    ReconcileSettings,
    TriggerSettings,
    WorkerSettings,
)
from navsync.model import Direction, Lane, Work, WorkKind

if TYPE_CHECKING:
    from navsync.tokens import Claims

QUICK = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
"""AWS answers in milliseconds; an API request must not hang for botocore's minute."""


def clock() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


EPOCH_MS = 1_577_836_800_000
"""2020-01-01: milliseconds since then take 41 bits until 2089."""

_sequence = count(entropy.randbelow(1 << 12))


def new_id() -> int:
    """A time-ordered id below 2^53: milliseconds, then 12 bits of a counter that starts anywhere."""
    return (time.time_ns() // 1_000_000 - EPOCH_MS) << 12 | next(_sequence) % (1 << 12)


def work(
    lane: Lane, kind: WorkKind, external_id: str, *, actor: str | None, direction: Direction = Direction.BOTH
) -> Work:
    """A fresh work row, due now; its id is the run's, too."""
    nonce = str(new_id())
    return Work(lane, kind, external_id, nonce, clock(), run_id=nonce, actor=actor, direction=direction)
