"""What the probe says to the person who started it."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from local.navsync.probe.run import PACE_S, a_twin, compared, probed
from tests.conformance import description
from tests.conformance.evidence import Call


def report(base_url: str, token: str, page: str | None, say: Callable[[str], None], *, pace_s: float = PACE_S) -> int:
    """Carry out the scenario there and at a fresh twin; say each step, then each difference. How many there are."""
    described: list[str] = []
    looking = _held_against_the_description(described)
    with probed(base_url, token, looking, pace_s=pace_s, sleep=time.sleep) as there, a_twin() as twin:
        found = compared(there, twin, page, say)
    _list(f"{len(found)} differences from the twin", [str(difference) for difference in found], say)
    _list(f"{len(described)} differences from Notion's own description", described, say)
    return len(found) + len(described)


def _list(title: str, lines: list[str], say: Callable[[str], None]) -> None:
    say(f"\n{title}{':' if lines else ''}")
    for line in lines:
        say(f"  {line}")


def _held_against_the_description(findings: list[str]) -> Callable[[httpx.Response], None]:
    def look(answer: httpx.Response) -> None:
        answer.read()
        call = Call(answer.request.method, answer.request.url.path, answer.status_code)
        if description.described(call) and answer.headers.get("content-type", "").startswith("application/json"):
            findings.extend(description.findings(call, answer.json()))

    return look
