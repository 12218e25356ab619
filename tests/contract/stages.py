"""One side each, ready to be asked: in memory, or the real adapter on its twin."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from notion_client import Client

from local.twins.notion import Config
from local.twins.notion.seed import PERSON_ID
from navsync import navimpact, notion
from navsync.errors import NeedsReauth
from navsync.model import DataSource, EntityRef, EntityType, Side, Values
from navsync.ports import SidePort
from tests.contract.memory import BOT, PERSON, MemoryNavImpact, MemoryNotion

PROJECT = EntityType.MEDIA_PROJECT
LOG = EntityType.DISTRIBUTION_LOG
CONFIG = Config(plan="business")
SERVICE_TOKEN = "navimpact-service-token"
UNLIMITED = 1_000_000
BY_HAND = {"Twin-Actor": "person"}

EXAMPLE: Values = {
    "title": "Voices of the Reef",
    "description": "Two years below the surface.\n\nA portrait.",
    "project_type": "documentary",
    "status": "active",
    "start_date": "2026-03-01",
    "end_date": None,
    "budget": Decimal("1234.5"),
    "target_audience": Decimal(5000),
    "team_members": ("Ana", "Smith, Jane"),
    "distribution_channels": (),
}


@dataclass
class Stage:
    """A side, and the same side in a person's hands."""

    side: SidePort
    person: SidePort
    bot_id: str | None = None
    person_id: str | None = None
    wait: Callable[[timedelta], None] = lambda _: None
    """Lets time pass there."""
    clients: list[httpx.Client] = field(default_factory=list)

    def close(self) -> None:
        for client in self.clients:
            client.close()

    @property
    def is_notion(self) -> bool:
        return self.side.side is Side.NOTION

    def key(self, number: int = 1) -> str:
        return f"media_project/{number}" if self.is_notion else f"navsync-{number}"


@dataclass
class Ticking:
    """A clock that moves on by itself, so that no two events share their time."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.wait(timedelta(milliseconds=1))
        return self.now

    def wait(self, span: timedelta) -> None:
        self.now += span


@dataclass
class TwinClock:
    """The clock of the twin at *url*, put forward."""

    url: str
    ahead: timedelta = timedelta()

    def wait(self, span: timedelta) -> None:
        self.ahead += span
        clock = {"offset_s": self.ahead.total_seconds(), "rate": 1}
        httpx.post(f"{self.url}/_twin/clock", json=clock).raise_for_status()


def memory_notion() -> Stage:
    clock = Ticking()
    side = MemoryNotion(clock)
    return Stage(side, side.by(PERSON), BOT, PERSON, clock.wait)


def memory_navimpact() -> Stage:
    clock = Ticking()
    side = MemoryNavImpact(clock)
    return Stage(side, side, wait=clock.wait)


# --- NavImpact on its twin ------------------------------------------------------------------------------------------


def navimpact_side(client: httpx.Client) -> navimpact.NavImpactSide:
    return navimpact.NavImpactSide(
        client, token=lambda: SERVICE_TOKEN, max_retries=2, clock=_now, sleep=_refuse_to_sleep, chance=lambda: 0.5
    )


def twin_navimpact(url: str) -> Stage:
    httpx.post(f"{url}/_twin/reset", json={"seed": 1, "projects": 0}).raise_for_status()
    ours, theirs = navimpact.connect(url, timeout=10), navimpact.connect(url, timeout=10)
    theirs.headers.update(BY_HAND)
    return Stage(navimpact_side(ours), navimpact_side(theirs), wait=TwinClock(url).wait, clients=[ours, theirs])


# --- Notion on its twin ---------------------------------------------------------------------------------------------


@dataclass
class Tokens:
    """Credentials that are refreshed from a list."""

    current: str
    fresh: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.current

    def refresh(self, dead: str) -> str:
        if not self.fresh:
            raise NeedsReauth(f"nothing follows {dead[:4]}…")
        self.current = self.fresh.pop(0)
        return self.current


@dataclass
class NotionStage(Stage):
    """With what tests of Notion alone need: the twin's address, pairs of entities and pages, stored schemas."""

    url: str = ""
    token: str = ""
    pairs: dict[EntityRef, str] = field(default_factory=dict)
    remembered: list[DataSource] = field(default_factory=list)

    def remember(self, source: DataSource) -> DataSource:
        """Keep it as the desk does."""
        self.remembered.append(source)
        return source

    def steer(self, path: str, body: Any) -> Any:
        """Use the twin's control surface."""
        answer = httpx.post(f"{self.url}/_twin/{path}", json=body)
        return answer.raise_for_status().json() if answer.content else None

    @property
    def _as_a_person(self) -> dict[str, str]:
        """The headers of a person who knows Notion's API."""
        return {"Twin-Actor": "person", "Authorization": f"Bearer {self.token}", "Notion-Version": "2026-03-11"}

    def by_hand(self, method: str, path: str, body: Any = None) -> Any:
        """Do to Notion what a person does who knows its API."""
        answer = httpx.request(method, f"{self.url}/v1/{path}", json=body, headers=self._as_a_person)
        return answer.raise_for_status().json()

    def uploaded(self, name: str) -> str:
        """A file that a person gives to Notion to keep; its id."""
        id = str(self.by_hand("POST", "file_uploads", {"filename": name})["id"])
        sending, file = f"{self.url}/v1/file_uploads/{id}/send", {"file": (name, b"bytes", "image/png")}
        httpx.post(sending, files=file, headers=self._as_a_person).raise_for_status()
        return id

    def requests(self) -> list[tuple[str, str]]:
        """What the adapter has asked the twin, as method and path."""
        log = httpx.get(f"{self.url}/_twin/requests", params={"since": 0}).json()
        rows = log if isinstance(log, list) else log["requests"]
        return [(row["method"], row["path"]) for row in rows if row["actor"] == "api"]

    @property
    def adapter(self) -> notion.NotionSide:
        assert isinstance(self.side, notion.NotionSide)
        return self.side

    def made_source(self, entity_type: EntityType) -> DataSource:
        """Set up the database for *entity_type* and let the adapter use it."""
        source = self.adapter.create_source(entity_type, self.adapter.find_parent())
        self.adapter.use(source)
        return source


def gateway(
    url: str,
    credentials: notion.Credentials,
    *,
    clock: Callable[[], datetime] | None = None,
    sleep: Callable[[float], None] | None = None,
    max_retries: int = 2,
) -> notion.Gateway:
    client = notion.connect(url, timeout=10)
    clock = clock or _now
    return notion.Gateway(
        client,
        credentials,
        notion.Budget(UNLIMITED, clock=clock),
        max_retries=max_retries,
        clock=clock,
        sleep=sleep or _refuse_to_sleep,
        chance=lambda: 0.5,
    )


def oauth(client: Client, secret: str = CONFIG.client_secret) -> notion.OAuth:
    return notion.OAuth(client, CONFIG.client_id, secret, CONFIG.redirect_uris[0], clock=_now)


def allowed(client: notion.OAuth, state: str = "state") -> dict[str, str]:
    """What Notion hands to the redirect after a person pressed Allow and shared every page."""
    address, _, query = client.authorize_url(state).partition("?")
    answer = httpx.post(address, data=dict(parse_qsl(query)) | {"decision": "allow"})
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def connected(client: notion.OAuth) -> notion.Grant:
    return client.exchange(allowed(client)["code"])


def twin_notion(url: str) -> NotionStage:
    httpx.post(f"{url}/_twin/reset", json={"seed": 1}).raise_for_status()
    httpx.post(f"{url}/_twin/switches", json={"requests_per_window": UNLIMITED}).raise_for_status()
    clock = TwinClock(url)
    clock.wait(timedelta())
    with closing(notion.connect(url, timeout=10)) as client:
        made = connected(oauth(client))
    stage = NotionStage(_unset, _unset, made.bot_id, PERSON_ID, clock.wait, url=url, token=made.access_token)
    stage.side = notion_side(stage, gateway(url, Tokens(made.access_token)))
    by_hand = gateway(url, Tokens(made.access_token))
    by_hand.client.client.headers.update(BY_HAND)
    person = notion_side(stage, by_hand)
    person.use(stage.made_source(PROJECT))
    stage.person = person
    return stage


def notion_side(stage: NotionStage, to_notion: notion.Gateway) -> notion.NotionSide:
    stage.clients.append(to_notion.client.client)
    return notion.NotionSide(
        to_notion,
        notion.SetUp(to_notion, stage.bot_id or ""),
        page_of=stage.pairs.get,
        entity_of=lambda page: next((ref for ref, id in stage.pairs.items() if id == page), None),
        link_of=lambda ref: f"https://navimpact.example/{ref}",
        remember=stage.remember,
    )


_unset: SidePort = MemoryNotion(lambda: datetime.now(UTC))


def _now() -> datetime:
    return datetime.now(UTC)


def _refuse_to_sleep(seconds: float) -> None:
    assert seconds == 0, "nothing here should have to wait"
