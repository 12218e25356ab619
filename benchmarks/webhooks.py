"""How soon are webhooks answered when many come at once? Exits with 1 if one takes a second, or is not accepted.

python -m benchmarks.webhooks [--per-second 50] [--seconds 20]

A stack of its own is brought up on free ports. Signed deliveries of both sides, about records that are there, come over
HTTP through the local API at a fixed pace, whether or not the last one was answered; what an answer took is reckoned
from when its delivery was due. Meanwhile the worker looks at what they tell of, on the same machine. The first seconds
are shown but not judged: processes are started in them, as on AWS when traffic begins.
"""
# ruff: noqa: T201  # a command prints

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from local.navsync import stack
from local.navsync.both_sides import Notion
from local.navsync.cli import ending_cleanly
from local.navsync.http import checked
from local.navsync.machine import free_machine
from local.navsync.narration import Narrator
from local.navsync.stack import Running
from local.twins.notion.webhooks import signature

type Json = dict[str, Any]

LONGEST_S = 1.0
PROJECTS = "5"


@dataclass(frozen=True)
class Delivery:
    """What a side sends."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Taken:
    """One answer."""

    seconds: float
    status: int
    workspaces: int
    """Those that look at what it told of."""


@dataclass(frozen=True)
class Senders:
    """Both sides, as far as they send webhooks; each delivery is about the next of *mappings*."""

    running: Running
    notion_workspace: str
    mappings: Sequence[Json]
    pages: Mapping[str, Json]
    """Each mapping's page, by its id."""

    @classmethod
    def of(cls, running: Running) -> Senders:
        """Of what is connected."""
        with running.api() as api:
            (workspace,) = checked(api.get("workspaces")).json()["items"]
            mappings = checked(api.get("sync-mappings", params={"limit": 100})).json()["items"]
        with closing(Notion(running.machine)) as notion:
            pages = {mapping["notion_page_id"]: notion.page(mapping["notion_page_id"]) for mapping in mappings}
        return cls(running, workspace["workspace_id"], mappings, pages)

    def navimpact(self) -> Callable[[Json], Delivery]:
        """NavImpact's: of an edit of a record."""
        webhook = Webhook(self.running.credentials.navimpact_webhook_secret)

        def told(mapping: Json) -> Delivery:
            at, id, kind = datetime.now(UTC), f"msg_{uuid4().hex}", mapping["entity_type"]
            about = {
                "entity_type": kind,
                "entity_id": mapping["entity_id"],
                "media_project_id": mapping["media_project_id"],
            }
            body = json.dumps({"type": f"{kind}.updated", "timestamp": at.isoformat(), "data": about})
            stamp, signed = str(int(at.timestamp())), webhook.sign(id, at, body)
            headers = {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signed}
            return Delivery("webhooks/navimpact", body.encode(), headers)

        return told

    def notion(self) -> Callable[[Json], Delivery]:
        """Notion's: of a person's edit of a page."""
        token = self.running.vault.webhook_token() or ""  # agreed on when the stack came up

        def told(mapping: Json) -> Delivery:
            page = self.pages[mapping["notion_page_id"]]
            event = {
                "id": str(uuid4()),
                "timestamp": datetime.now(UTC).isoformat(),
                "workspace_id": self.notion_workspace,
                "type": "page.properties_updated",
                "authors": [{"id": str(uuid4()), "type": "person"}],
                "accessible_by": [{"id": page["created_by"]["id"], "type": "bot"}],
                "entity": {"id": page["id"], "type": "page"},
                "data": {"parent": page["parent"], "updated_properties": ["title"]},
            }
            body = json.dumps(event).encode()
            return Delivery("webhooks/notion", body, {"x-notion-signature": signature(token, body)})

        return told


async def send(url: str, deliveries: Iterator[Delivery], per_second: int, seconds: float) -> list[Taken]:
    """Send deliveries at their times, and wait for the last answer."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=per_second)
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, limits=limits) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def deliver(due: float) -> Taken:
            await asyncio.sleep(due - loop.time())  # until its turn
            one = next(deliveries)
            headers = one.headers | {"content-type": "application/json"}
            answer = await client.post(one.path, content=one.body, headers=headers)
            seconds, is_taken = loop.time() - due, answer.status_code == httpx.codes.ACCEPTED
            return Taken(seconds, answer.status_code, answer.json()["workspaces"] if is_taken else 0)

        dues = [began + number / per_second for number in range(round(per_second * seconds))]
        return await asyncio.gather(*map(deliver, dues))


def told(who: str, taken: Sequence[Taken]) -> bool:
    """Print one line; whether all were accepted in time."""
    lasted = sorted(one.seconds for one in taken)
    refused = [one.status for one in taken if one.workspaces != 1]
    p50, p99 = (lasted[int(len(lasted) * share)] for share in (0.5, 0.99))
    print(
        f"{who:<10} {len(taken):>5} webhooks  p50 {p50 * 1000:4.0f} ms  p99 {p99 * 1000:4.0f} ms"
        f"  longest {lasted[-1] * 1000:4.0f} ms  not accepted: {len(refused)} {sorted(set(refused)) or ''}",
        flush=True,
    )
    return lasted[-1] < LONGEST_S and not refused


def measure(running: Running, per_second: int, seconds: float) -> bool:
    """Measure each side alone, then both by turns; whether all is as it should be."""
    senders = Senders.of(running)
    navimpact, notion = senders.navimpact(), senders.notion()
    passed = []
    both = [navimpact, notion]
    for who, tellers in {"at first": both, "navimpact": [navimpact], "notion": [notion], "both": both}.items():
        deliveries = (teller(mapping) for teller, mapping in zip(cycle(tellers), cycle(senders.mappings), strict=False))
        passed.append(told(who, asyncio.run(send(running.machine.api_url, deliveries, per_second, seconds))))
    return all(passed[1:])


def main() -> int:
    """0 when every webhook was accepted within a second."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--per-second", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=20.0, help="of each of the four measurements")
    given = asked.parse_args()
    machine, narrator = free_machine("webhooks"), Narrator()
    stack.wipe(machine)
    with ending_cleanly(machine, narrator, keep=False):
        running = stack.bring_up(machine, narrator, os.environ | {"NAVIMPACT_TWIN_PROJECTS": PROJECTS})
        passed = measure(running, given.per_second, given.seconds)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
