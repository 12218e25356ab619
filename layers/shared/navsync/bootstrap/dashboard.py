"""For the function that people ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from navsync.api import Guard
from navsync.bootstrap.fresh import clock, new_id
from navsync.bootstrap.kept import inbox_of, store_of
from navsync.config import DashboardSettings
from navsync.inbox import Inbox
from navsync.store import Store


@dataclass(frozen=True, slots=True)
class Viewer:
    """What people see, set and decide."""

    store: Store
    inbox: Inbox
    guard: Guard
    clock: Callable[[], datetime] = clock
    sleep: Callable[[float], None] = time.sleep


def start(settings: DashboardSettings) -> Viewer:
    """Tables, the queue, and the guard of every call."""
    store = store_of(settings)
    inbox = inbox_of(settings, store)
    return Viewer(store, inbox, Guard(store.trail, store.windows, settings.calls_per_minute, clock, new_id))
