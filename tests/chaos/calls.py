"""Which calls did NavSync make? As the twins logged them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from local.navsync.http import checked, client
from local.navsync.machine import Machine, Port


@dataclass(frozen=True)
class Call:
    """One call; *at* is when it came in, *connection* the bot of Notion whose token it bore."""

    at: datetime
    took: timedelta
    connection: str | None
    method: str
    path: str
    status: int | None
    fault: str | None

    @property
    def ended(self) -> datetime:
        """When it was answered."""
        return self.at + self.took

    @property
    def writes(self) -> bool:
        """Say whether it changes something; Notion's queries and searches are asked by POST."""
        asks = self.path.endswith("/query") or self.path == "/v1/search" or "/oauth/" in self.path
        return self.method not in ("GET", "HEAD") and not asks


def calls_of(port: Port, since: int = 0) -> list[Call]:
    """Return what NavSync asked of one side, in the order in which it was asked."""
    with client(port.url) as twin:
        listed = checked(twin.get("/_twin/requests", params={"since": since})).json()["requests"]
    calls = [
        Call(
            datetime.fromisoformat(one["time"]),
            timedelta(milliseconds=one["duration_ms"]),
            one["connection"],
            one["method"],
            one["path"],
            one["status"],
            one["fault"],
        )
        for one in listed
        if one["actor"] == "api"
    ]
    return sorted(calls, key=lambda call: call.at)


def end_of(machine: Machine) -> tuple[int, int]:
    """Return the numbers that the next calls to Notion and NavImpact will have."""
    ends = []
    for port in (machine.notion, machine.navimpact):
        with client(port.url) as twin:
            ends.append(int(checked(twin.get("/_twin/requests", params={"since": 10**9})).json()["next"]))
    return ends[0], ends[1]
