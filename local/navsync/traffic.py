"""Which calls did NavSync make? As the twins counted them."""

import time
from collections import Counter
from dataclasses import dataclass

from local.navsync.http import checked, client
from local.navsync.machine import Machine, Port
from local.navsync.stopped import Stopped

READS = frozenset({"GET", "HEAD"})
QUIET_FOR_S = 3.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of NavSync's own; those of people are left out."""

    index: int
    method: str
    path: str

    @property
    def is_write(self) -> bool:
        """Say whether it changes something; Notion's queries and searches are asked by POST."""
        asks = self.path.endswith("/query") or self.path == "/v1/search" or "/oauth/" in self.path
        return self.method not in READS and not asks

    @property
    def kind(self) -> str:
        """Name the call without the ids in its path."""
        steps = [
            step if step.replace("_", "").isalpha() or step == "v1" else "{id}" for step in self.path.split("/")[1:]
        ]
        return f"{self.method} /{'/'.join(steps)}"


class Traffic:
    """The calls to both twins since some moment."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def notion(self, since: int = 0) -> list[Call]:
        """Return NavSync's calls to Notion."""
        return _calls(self._machine.notion, since)

    def navimpact(self, since: int = 0) -> list[Call]:
        """Return NavSync's calls to NavImpact."""
        return _calls(self._machine.navimpact, since)

    def mark(self) -> tuple[int, int]:
        """Return where both logs end now."""
        return (_end(self.notion()), _end(self.navimpact()))

    def writes(self, mark: tuple[int, int]) -> list[Call]:
        """Return what NavSync changed on either side since *mark*."""
        both = [*self.notion(mark[0]), *self.navimpact(mark[1])]
        return [call for call in both if call.is_write]

    def wait_until_quiet(self, *, within_s: float) -> None:
        """Wait until NavSync has called neither side for a few seconds."""
        give_up, mark, since = time.monotonic() + within_s, self.mark(), time.monotonic()
        while time.monotonic() - since < QUIET_FOR_S:
            if time.monotonic() > give_up:
                raise Stopped(f"NavSync was still calling after {within_s:.0f} s, though nobody edits")
            time.sleep(0.25)
            if (now := self.mark()) != mark:
                mark, since = now, time.monotonic()


def by_kind(calls: list[Call]) -> Counter[str]:
    """Count calls of the same kind."""
    return Counter(call.kind for call in calls)


def _calls(port: Port, since: int) -> list[Call]:
    with client(port.url) as twin:
        listed = checked(twin.get("/_twin/requests", params={"since": since})).json()
    entries = listed["requests"] if isinstance(listed, dict) else listed
    return [Call(one["index"], one["method"], one["path"]) for one in entries if one["actor"] == "api"]


def _end(calls: list[Call]) -> int:
    return calls[-1].index + 1 if calls else 0
