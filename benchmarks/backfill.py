"""How much of Notion's budget does a first sync use, and does it ever ask when it must not?

python -m benchmarks.backfill [--pages 2000] [--rate 3]

Pages are made in Notion's twin, a process of its own, over HTTP: by the worker as it is deployed, with the workspace's
plan and as many threads as that asks for, and by the gateway alone. The twin's clock and ours run *rate* times as fast;
latency is put on by the twin's faults, so that calls overlap as they would. After a while Notion is overloaded and asks
for a pause of 75 seconds. The twin's log of requests is the judge: it ends with 1 where the worker uses less than 95 %
of what is open to it, or where anybody is refused by a limit or asks before the pause is over, and says which.

What this machine computes is not sped up: with a high *rate*, or on a busy machine, it counts for more than it should.
"""
# ruff: noqa: T201  # a command prints

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from threading import Lock
from typing import Any

import httpx

from navsync import notion
from navsync.bootstrap.sync_worker import MOST_THREADS
from navsync.conductor import SLICE, Tools, conduct
from navsync.errors import Blocked
from navsync.model import EntityRef, EntityType, Lane, Observation, Settings, Work, WorkKind, Workspace
from navsync.ports import Ledger
from tests.contract import stages
from tests.contract.memory import MemoryNavImpact
from tests.contract.memory_store import MemoryStore

PROJECT = EntityType.MEDIA_PROJECT
PLANS = (180, 600)
PAUSE_S = 75
"""Longer than a minute, which a client that caps pauses would not wait for."""

ENOUGH = 0.95
"""The share of what is open to it that a first sync must use."""

LIMITED, OVERLOADED = 429, 529
ON_THE_WAY_S = 0.25
"""What had left when Notion's word came in may arrive so much later on a busy machine, in real seconds."""

_TRIES = 6
"""About sixteen seconds in all."""

OPEN_SHARE = 0.9
"""Of the budget; the rest is kept for people."""


@dataclass(frozen=True)
class Fast:
    """Time that runs *rate* times as fast, from *epoch* on; the twin's, as near as can be told."""

    rate: float
    epoch: datetime
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        """Now."""
        return self.epoch + timedelta(seconds=(time.monotonic() - self.began) * self.rate)

    def sleep(self, seconds: float) -> None:
        """Let that much of this time pass."""
        time.sleep(max(0.0, seconds) / self.rate)

    def sleep_until(self, at: datetime) -> None:
        """Let time pass until *at*."""
        self.sleep((at - self()).total_seconds())


class Listening(notion.Budget):
    """Notes when it first heard that Notion wants a pause: what was sent before could not know."""

    heard: datetime | None = None

    def block(self, until: datetime, *, too_fast: bool = False) -> None:
        """Note it, and keep it."""
        self.heard = self.heard or self._clock()
        super().block(until, too_fast=too_fast)


@dataclass(frozen=True)
class Run:
    """What is asked for."""

    pages: int
    plan: int
    latency_s: float
    threads: int
    """For the worker the most it may use."""
    rate: float
    beside_s: float = 0.0
    """What the worker does for each record beside asking Notion: NavImpact's and the store's latency."""
    pause_s: int = PAUSE_S


type Scene = Callable[[Run, notion.Gateway, Fast], None]


@dataclass(frozen=True)
class Verdict:
    """What the twin's log says of a run."""

    requests: int
    """In the second half: what may go out at once at the start and after the pause is spent by then."""
    minutes: float
    refused: int
    """Requests over the limit."""
    too_early: int
    """Requests sent before the pause ended."""
    plan: int

    @property
    def used(self) -> float:
        """The share of what is open to a backfill."""
        return self.requests / self.minutes / (OPEN_SHARE * self.plan)

    def __str__(self) -> str:
        return (
            f"{self.requests:>6} requests  {self.minutes:6.1f} min  {100 * self.used:5.1f} % of {OPEN_SHARE:.0%}"
            f"  429: {self.refused}  too early: {self.too_early}"
        )


@contextmanager
def twin() -> Iterator[str]:
    """Notion's twin in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = os.environ | {"NOTION_TWIN_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "local.twins.notion"], env=env)
    try:
        url = f"http://127.0.0.1:{port}"
        yield _answering(url)
    finally:
        process.terminate()
        process.wait()


def _answering(url: str) -> str:
    """*url*, once somebody listens there: the transport waits a little longer before each try."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=_TRIES)) as patient:
        try:
            patient.get(f"{url}/_twin/clock")
        except httpx.TransportError as error:
            said = "the measurement stopped because the Notion twin did not come up; its own words are above"
            raise SystemExit(said) from error
    return url


def measure(run: Run, url: str, work: Scene) -> Verdict:
    """Let *work* make the pages, and judge."""
    _steer(url, "reset", {})
    _steer(url, "switches", {"requests_per_window": run.plan})
    with closing(notion.connect(url, timeout=60)) as client:
        token = stages.connected(stages.oauth(client)).access_token
    _steer(url, "clock", {"offset_s": 0, "rate": run.rate})
    if run.latency_s:
        delay = round(run.latency_s / run.rate * 1000)
        _steer(url, "faults", [{"match": {"path": "/v1/**"}, "do": {"delay_ms": delay}}])
    overload = {"name": "service_overload", "retry_after": run.pause_s}
    after_a_while = {"method": "POST", "path": "/v1/pages", "nth": run.pages // 5}
    _steer(url, "outages", {"outages": [overload | {"match": after_a_while}]})
    before = httpx.get(f"{url}/_twin/requests").json()["next"]
    clock = Fast(run.rate, datetime.fromisoformat(httpx.get(f"{url}/_twin/clock").json()["now"]))
    budget = Listening(run.plan, clock=clock)
    work(run, _gateway(url, token, clock, budget), clock)
    rows = httpx.get(f"{url}/_twin/requests", params={"since": before}).json()["requests"]
    if budget.heard is None:
        raise SystemExit("the measurement stopped because Notion's pause was never heard of")
    return judge(rows, run, heard=budget.heard + timedelta(seconds=ON_THE_WAY_S * run.rate))


def judge(rows: Sequence[dict[str, Any]], run: Run, *, heard: datetime) -> Verdict:
    """Read the log."""
    sent = sorted(datetime.fromisoformat(row["time"]) for row in rows)
    ends = min(_answered(row) for row in rows if row["status"] == OVERLOADED) + timedelta(seconds=run.pause_s)
    steady = sent[len(sent) // 2 :]
    return Verdict(
        requests=len(steady) - 1,
        minutes=(steady[-1] - steady[0]) / timedelta(minutes=1),
        refused=sum(row["status"] == LIMITED for row in rows),
        too_early=sum(heard < at < ends for at in sent),
        plan=run.plan,
    )


def _answered(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["time"]) + timedelta(milliseconds=row["duration_ms"])


def _steer(url: str, path: str, body: Any) -> None:
    httpx.post(f"{url}/_twin/{path}", json=body).raise_for_status()


def _gateway(url: str, token: str, clock: Fast, budget: Listening) -> notion.Gateway:
    client = notion.connect(url, timeout=60)
    return notion.Gateway(client, stages.Tokens(token), budget, 3, clock, clock.sleep, random.random)


# --- the worker as it is ---------------------------------------------------------------------------------------------


@dataclass
class Distant(MemoryNavImpact):
    """NavImpact at the other end of a line."""

    pause: Callable[[], None] = lambda: None

    def read(self, entity_type: EntityType, id: str) -> Observation:
        """The record, after a while."""
        self.pause()
        return super().read(entity_type, id)


def by_the_worker(run: Run, gateway: notion.Gateway, clock: Fast) -> None:
    """The production conductor, slice after slice; only the store and NavImpact are in memory."""
    store, ids = MemoryStore(), count(1)
    navimpact = Distant(clock, pause=partial(clock.sleep, run.beside_s))
    for number in range(run.pages):
        navimpact.create(PROJECT, {"title": f"No. {number}", "status": "active"}, key=f"k{number}")
    bot = str(gateway.read("GET", "users/me")["id"])
    plan = Settings(requests_per_minute=run.plan)
    store.add(Workspace(1, "n", "Impact Films", bot, None, clock(), clock(), settings=plan))
    desk = store.desk(1)
    desk.put(Work(Lane.LIVE, WorkKind.SETUP, "", "n0", clock(), "r0", None))

    def side(_workspace: Workspace, ledger: Ledger, check_time: Callable[[], None]) -> notion.NotionSide:
        gateway.before_each = check_time
        return notion.NotionSide(
            gateway,
            notion.SetUp(gateway, bot),
            page_of=lambda entity: getattr(ledger.of_entity(entity), "page_id", None),
            entity_of=lambda page: getattr(ledger.of_page(page), "entity", None),
            link_of=lambda entity: f"https://navimpact.example/{entity}",
            remember=desk.save_source,
        )

    tools = Tools(
        desk,
        store.ledger,
        side,
        navimpact,
        clock,
        partial(next, ids),
        random.random,
        most_threads=run.threads,
        entity_types=(PROJECT,),
    )
    with closing(gateway.client):
        while (ended := conduct(tools, f"worker {next(ids)}", until=clock() + SLICE)).again_at is not None:
            clock.sleep_until(ended.again_at)
    linked = sum(mapping.page_id is not None for mapping in store.of(1).mappings.values())
    if linked != run.pages:
        raise SystemExit(f"the measurement stopped because {run.pages - linked} records got no page")


# --- the gateway with calls that overlap -----------------------------------------------------------------------------


def by_threads(run: Run, gateway: notion.Gateway, clock: Fast) -> None:
    """The gateway alone, shared by as many threads as wait for Notion at once."""
    side = notion.NotionSide(
        gateway,
        notion.SetUp(gateway, str(gateway.read("GET", "users/me")["id"])),
        page_of=lambda _: None,
        entity_of=lambda _: None,
        link_of=lambda entity: f"https://navimpact.example/{entity}",
        remember=lambda source: source,
    )
    side.use(side.create_source(PROJECT, side.find_parent()))
    left, lock = count(1), Lock()

    def make(_: int) -> None:
        while True:
            with lock:
                number = next(left)
            if number > run.pages:
                return
            _once(side, EntityRef(PROJECT, str(number)), clock)

    with closing(gateway.client), ThreadPoolExecutor(run.threads) as pool:
        list(pool.map(make, range(run.threads)))


def _once(side: notion.NotionSide, entity: EntityRef, clock: Fast) -> None:
    while True:
        try:
            side.create(entity.type, {"title": f"No. {entity.id}", "status": "active"}, key=str(entity))
        except Blocked as blocked:
            clock.sleep_until(blocked.until)
        else:
            return


def faults(verdict: Verdict, *, needed: float = 0.0) -> list[str]:
    """What is wrong with a run, in words."""
    wrong = {
        f"used {verdict.used:.1%} of what is open to it and not {needed:.0%}": verdict.used < needed,
        f"was refused {verdict.refused} requests by a limit that it could have known": verdict.refused,
        f"sent {verdict.too_early} requests before the pause was over": verdict.too_early,
    }
    return [said for said, is_so in wrong.items() if is_so]


def main() -> None:
    """Print one line for each run.

    Raises:
        SystemExit: a run is not as it must be.
    """
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pages", type=int, default=2_000)
    asked.add_argument("--rate", type=float, default=3.0, help="how much faster than real time")
    asked.add_argument("--latency", type=float, default=0.3, help="seconds that Notion takes to answer")
    asked.add_argument("--beside", type=float, default=0.15, help="seconds for each record beside Notion")
    given = asked.parse_args()
    wrong = []
    for plan in PLANS:
        for how, threads in (("worker", MOST_THREADS), *(("gateway", n) for n in (1, 5))):
            run = Run(given.pages, plan, given.latency, threads, given.rate, given.beside)
            with twin() as url:
                found = measure(run, url, by_the_worker if how == "worker" else by_threads)
            who = f"{plan}/min, {how}, {threads} threads at most"
            print(f"{who}: {found}", flush=True)
            wrong += [f"{who}: {said}" for said in faults(found, needed=ENOUGH if how == "worker" else 0.0)]
    if wrong:
        raise SystemExit("it is not as it must be:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
