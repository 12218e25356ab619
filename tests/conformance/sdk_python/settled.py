"""Both clients of the official Python SDK as one: what the asynchronous one promises is waited for."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
from notion_client import AsyncClient, Client
from notion_client.client import RetryOptions
from notion_client.helpers import (
    async_collect_data_source_templates,
    async_collect_paginated_api,
    async_iterate_paginated_api,
    collect_data_source_templates,
    collect_paginated_api,
    iterate_paginated_api,
)

from tests.conformance.place import ROOM, STEERS, Place
from tests.conformance.transcript import Transcript
from tests.twins.notion.rig import NEWEST, Rig

type Kind = Literal["sync", "async"]


def text(content: str) -> list[Any]:
    return [{"text": {"content": content}}]


def plain(items: list[Any]) -> str:
    return "".join(item["plain_text"] for item in items)


@dataclass(frozen=True)
class Settled:
    """A client, an endpoint of it or a method; called, it gives the answer itself."""

    what: Any
    loop: asyncio.Runner

    def __getattr__(self, name: str) -> "Settled":
        return Settled(getattr(self.what, name), self.loop)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        answer = self.what(*args, **kwargs)
        return self.loop.run(_awaited(answer)) if inspect.isawaitable(answer) else answer


@dataclass
class Sdk:
    """The SDK in one of its kinds, and what tests of it start from."""

    place: Place
    transcript: Transcript
    kind: Kind
    twin: Rig | None
    loop: asyncio.Runner = field(default_factory=asyncio.Runner)

    @property
    def rig(self) -> Rig:
        """The twin; where there is none, who steers it is skipped."""
        if self.twin is None:
            pytest.skip(STEERS)
        return self.twin

    @contextmanager
    def client(self, token: str | None = None, **options: Any) -> Iterator[Any]:
        """A client of this kind; typed as Any, since every answer is."""
        retry = False if self.twin else RetryOptions(max_retries=5)
        options = {"auth": token, "base_url": self.place.url, "notion_version": NEWEST, "retry": retry} | options
        settled = Settled(self._client(options), self.loop)
        try:
            yield settled
        finally:
            (settled.close if self.kind == "sync" else settled.aclose)()

    def _client(self, options: dict[str, Any]) -> Client | AsyncClient:
        """Where no transcript is taken at the server, one is taken here."""
        if self.twin:
            return Client(options) if self.kind == "sync" else AsyncClient(options)
        if self.kind == "sync":
            return Client(options, client=httpx.Client(event_hooks={"response": [self.transcript.hear]}))
        return AsyncClient(options, client=httpx.AsyncClient(event_hooks={"response": [self.transcript.listen]}))

    def collect(self, method: Settled, **asked: Any) -> list[Any]:
        """All items of a paginated endpoint, by the SDK's own helper."""
        helper = collect_paginated_api if self.kind == "sync" else async_collect_paginated_api
        return Settled(helper, self.loop)(method.what, **asked)  # type: ignore[no-any-return]

    def iterate(self, method: Settled, **asked: Any) -> list[Any]:
        """The same, by the SDK's iterator."""
        if self.kind == "sync":
            return list(iterate_paginated_api(method.what, **asked))
        return self.loop.run(_listed(async_iterate_paginated_api(method.what, **asked)))

    def templates(self, method: Settled, source: str) -> list[Any]:
        helper = collect_data_source_templates if self.kind == "sync" else async_collect_data_source_templates
        return Settled(helper, self.loop)(method.what, data_source_id=source)  # type: ignore[no-any-return]


def database(notion: Any, **properties: Any) -> Any:
    """A database with a few columns."""
    return notion.databases.create(
        parent={"type": "page_id", "page_id": ROOM},
        title=text("Films"),
        initial_data_source={"properties": {"Name": {"title": {}}, "Budget": {"number": {}}} | properties},
    )


def table(notion: Any, **properties: Any) -> str:
    """The id of a new data source."""
    return str(database(notion, **properties)["data_sources"][0]["id"])


def row(notion: Any, source: str, name: str = "A film", **properties: Any) -> Any:
    given = {"Name": {"title": text(name)}} | properties
    return notion.pages.create(parent={"data_source_id": source}, properties=given)


def page(notion: Any, name: str = "A page", **more: Any) -> str:
    parent = {"page_id": ROOM}
    return str(notion.pages.create(parent=parent, properties={"title": {"title": text(name)}}, **more)["id"])


def names(rows: list[Any]) -> list[str]:
    return [plain(found["properties"]["Name"]["title"]) for found in rows]


async def _awaited(answer: Any) -> Any:
    return await answer


async def _listed(items: Any) -> list[Any]:
    return [item async for item in items]
