"""Which Notion do the suites speak with: a twin, or the real one that `navsync probe` was told of?"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from local.navsync.stopped import Stopped
from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import NEWEST, nobody

PACE_S: Final = 0.4
"""Between requests to the real Notion: below the least of its limits."""

TIMEOUT_S: Final = 65.0
"""Notion gives up after about 55 seconds; its own answer is worth waiting for."""

STEERS: Final = "it moves the clock, makes calls fail, or needs a person's consent or an index without delay"
"""Why some tests are for a twin alone."""

_ASKED: Final = {"url": "PROBED_URL", "token": "PROBED_TOKEN", "page": "PROBED_PAGE", "pace_s": "PROBED_PACE_S",
          "patience_s": "PROBED_PATIENCE_S"}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A Notion that the suites may work in."""

    url: str
    token: str = field(repr=False)
    page: str = ROOT_PAGE_ID
    """Everything is made below it."""
    pace_s: float = 0.0
    patience_s: float = 300.0
    """How long one request may wait for Notion's limits to end, and how long the whole suite in JavaScript may take."""

    @classmethod
    def told(cls, environment: Mapping[str, str]) -> "Place | None":
        """The one that the process was started for, if it was for one."""
        given = {name: environment[variable] for name, variable in _ASKED.items() if variable in environment}
        seconds = {name: float(text) for name, text in given.items() if name.endswith("_s")}
        return cls(**given | seconds) if given else None  # type: ignore[arg-type]  # texts

    def environment(self) -> dict[str, str]:
        """What tells a process of it."""
        return {variable: str(getattr(self, name)) for name, variable in _ASKED.items()}

    def headers(self, version: str = NEWEST) -> dict[str, str]:
        """Those of the connection."""
        return {"authorization": f"Bearer {self.token}", "notion-version": version}

    @contextmanager
    def http(
        self, hear: Callable[[httpx.Response], None] = nobody, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Client]:
        """A client with the connection's headers, or with other ones; *hear* is told of every answer."""
        hooks: dict[str, list[Callable[..., Any]]] = {"response": [hear]}
        with httpx.Client(
            base_url=self.url,
            headers=self.headers() if headers is None else headers,
            timeout=TIMEOUT_S,
            transport=Patient(httpx.HTTPTransport(), self.pace_s, self.patience_s),
            event_hooks=hooks,
        ) as http:
            yield http


@dataclass
class Patient(httpx.BaseTransport):
    """Asks no faster than Notion allows, and again after a pause that it asks for."""

    line: httpx.BaseTransport
    pace_s: float
    patience_s: float

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer once Notion gives one.

        Raises:
            Stopped: Notion blocked the connection, or was at its limit for minutes.
        """
        waited = 0.0
        while waited <= self.patience_s:
            time.sleep(self.pace_s)
            answer = self.line.handle_request(request)
            if answer.status_code not in (429, 529):
                return answer
            if b"public_api_request_blocked" in answer.read():
                raise Stopped("Notion has blocked the connection and says not to retry; ask Notion's support")
            pause = float(answer.headers.get("retry-after", "60"))
            waited += pause
            time.sleep(pause)
        raise Stopped("Notion was at its limit for minutes; probe again when nothing else uses the connection")

    def close(self) -> None:
        """End the connections."""
        self.line.close()


PROBED: Final = Place.told(os.environ)
"""The real Notion, while it is being probed."""

ROOM: Final = PROBED.page if PROBED else ROOT_PAGE_ID
"""The page below which suites make what they need."""
