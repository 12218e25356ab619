"""How is one request to Notion sent: paced, authorised, repeated where that is safe, its failure translated?"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from notion_client import Client

from navsync.errors import Blocked, NeedsReauth, Raced, SyncError, Unavailable
from navsync.notion.budget import PATIENCE, Budget
from navsync.notion.failures import VENDOR_ERRORS, failure_of, lost, pause_asked

NOTION_VERSION = "2026-03-11"
"""Pinned: every shape in this package is of this version."""

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0

type Json = dict[str, Any]


class Credentials(Protocol):
    """The connection's token, kept by whoever may store it."""

    def token(self) -> str:
        """The access token as last stored."""
        ...

    def refresh(self, dead: str) -> str:
        """A token newer than *dead*, stored before it is returned.

        Raises:
            NeedsReauth: there is none; a person must connect again.
        """
        ...


def connect(base_url: str, *, timeout: float) -> Client:
    """The SDK's client: version pinned, its own retries and its log off. *timeout* is in seconds, for each call.

    The SDK logs Notion's messages, which quote values of records; ours is the only log.
    """
    silent = logging.Logger("notion_client", level=logging.CRITICAL)
    return Client(
        base_url=base_url.rstrip("/"),
        notion_version=NOTION_VERSION,
        timeout_ms=round(timeout * 1000),
        retry=False,
        logger=silent,
        log_level=logging.CRITICAL,
    )


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    writing: bool
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


def _nothing() -> None:
    return None


@dataclass(slots=True)
class Gateway:
    """One connection's way to Notion. Shared by the threads of a worker; connections are reused."""

    client: Client
    credentials: Credentials
    budget: Budget
    max_retries: int
    """Repetitions after the first try, where repeating is safe."""
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    """A number in [0, 1), to spread repetitions."""
    for_people: Callable[[], bool] = lambda: False
    """Whether a person waits for the answer; then the part of the budget kept for people is open too."""
    before_each: Callable[[], None] = _nothing
    """Called before each request; may raise to stop, for example when the slice has ended."""

    def read(self, method: str, path: str, *, query: Json | None = None, body: Json | None = None) -> Json:
        """Send a request that changes nothing, again after a passing failure."""
        return self._patiently(_Call(method, path, writing=False, query=query or {}, body=body))

    def write(self, method: str, path: str, *, body: Json) -> Json:
        """Send a change, repeated only when it surely was not applied.

        Raises:
            Unclear: it may have been applied. `Committed` when Notion says that it was.
        """
        return self._patiently(_Call(method, path, writing=True, body=body))

    def _patiently(self, call: _Call) -> Json:
        for attempt in range(self.max_retries):
            try:
                return self._authorised(call)
            except Blocked as error:
                if error.until - self.clock() > PATIENCE:
                    raise
            except Raced:
                if call.writing:
                    raise
                self._pause(attempt)
            except Unavailable:
                self._pause(attempt)
        return self._authorised(call)

    def _pause(self, attempt: int) -> None:
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        self.sleep(ceiling * (1 + self.chance()) / 2)

    def _authorised(self, call: _Call) -> Json:
        token = self.credentials.token()
        try:
            return self._send(call, token)
        except NeedsReauth:
            return self._send(call, self.credentials.refresh(token))

    def _send(self, call: _Call, token: str) -> Json:
        self.before_each()
        self.sleep(self.budget.take(for_people=self.for_people()))
        self.budget.check()
        try:
            answer = self.client.request(
                call.path, call.method, query=dict(call.query), body=_or_none(call.body), auth=token
            )
        except VENDOR_ERRORS as error:
            raise self._failure(error, call) from error
        if not isinstance(answer, dict):
            raise lost(writing=call.writing)
        return answer

    def _failure(self, error: Exception, call: _Call) -> SyncError:
        now = self.clock()
        failure = failure_of(error, now=now, writing=call.writing)
        if isinstance(failure, Blocked):
            self.budget.block(failure.until, too_fast=failure.too_fast)
        elif (until := pause_asked(error, now=now)) is not None:
            self.budget.block(until)
        return failure


def _or_none(body: Mapping[str, Any] | None) -> Json | None:
    return None if body is None else dict(body)
