"""What is new each time: moments, ids, work."""

from __future__ import annotations

import secrets as entropy
import time
from datetime import UTC, datetime
from itertools import count

from navsync.model import Direction, Edit, Lane, Origin, Work, WorkKind


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
    lane: Lane,
    kind: WorkKind,
    external_id: str,
    *,
    actor: str | None,
    direction: Direction = Direction.BOTH,
    thorough: bool = False,
    requested: bool = False,
    edits: tuple[Edit, ...] = (),
    origin: Origin | None = None,
    choice: str | None = None,
) -> Work:
    """A fresh work row, due now; its id is the run's, too."""
    nonce = str(new_id())
    return Work(
        lane, kind, external_id, nonce, clock(), nonce, actor, direction, thorough, choice, edits, origin,
        requested=requested, apart=direction.alone,
    )  # fmt: skip
