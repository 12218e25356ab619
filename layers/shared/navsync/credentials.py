"""A connection's tokens in use: refreshed when Notion refuses them, by one at a time, kept before they are used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from navsync.errors import NeedsReauth, Unavailable, Unclear

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0)
"""Seconds between looks while somebody else renews; a renewal is one request."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens a Notion workspace. Not shown by `repr`."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def mark(self) -> str:
        """Tells this pair from others and gives nothing of it away."""
        secret = f"{self.access_token} {self.refresh_token}".encode()
        return hashlib.blake2b(secret, digest_size=12).hexdigest()


class Turn(Protocol):
    """Who may replace a workspace's tokens: one at a time, wherever they run.

    Secrets Manager has no conditional write, and Notion kills the old pair when it gives a new one.
    """

    def take(self) -> bool:
        """Whether it is ours now, or still; it ends by itself if we die."""
        ...

    def leave(self) -> None:
        """Done with it."""
        ...

    def is_dead(self, mark: str) -> bool:
        """Whether Notion has refused to renew the pair of this mark."""
        ...

    def bury(self, mark: str) -> None:
        """Remember that it has, so that nobody asks again."""
        ...


@dataclass(slots=True)
class Credentials:
    """One workspace's tokens for one worker. Shared by its threads."""

    load: Callable[[], Tokens | None]
    store: Callable[[Tokens], None]
    exchange: Callable[[str], Tokens]
    """A refresh token → the new pair. Raises NeedsReauth when Notion does not take it."""
    turn: Turn
    sleep: Callable[[float], None]
    _held: Tokens | None = field(default=None, init=False)
    _among_threads: Lock = field(default_factory=Lock, init=False, repr=False)

    def token(self) -> str:
        """The access token as last stored. Raises NeedsReauth where none is."""
        held = self._held = self._held or self._stored()
        return held.access_token

    def refresh(self, dead: str) -> str:
        """A token newer than *dead*, stored before it is returned: Notion kills the old pair at once.

        Raises:
            NeedsReauth: there is none to be had; a person must connect again.
            Unclear: Notion's answer got lost; the next call finds out whether the old pair still works.
            Unavailable: somebody else has been renewing it for too long.
        """
        with self._among_threads:
            return self._newer(dead) or self._in_turn(dead)

    def _in_turn(self, dead: str) -> str:
        for pause in PAUSES:
            if self.turn.take():
                with _leaving(self.turn):
                    return self._newer(dead) or self._renewed()
            self.sleep(pause)
            if (newer := self._newer(dead)) is not None:  # else all who wait would take the turn to find this out
                return newer
        raise _busy()

    def _newer(self, dead: str) -> str | None:
        """What somebody stored meanwhile, if anything. Raises NeedsReauth when all know that nothing will come."""
        stored = self._stored()
        if stored.access_token == dead:
            if self.turn.is_dead(stored.mark):
                raise _over()
            return None
        self._held = stored
        return stored.access_token

    def _stored(self) -> Tokens:
        stored = self.load()
        if stored is None:
            raise NeedsReauth("there is no token for this workspace: connect it again")
        return stored

    def _renewed(self) -> str:
        stored = self._stored()
        if stored.refresh_token is None:
            raise _over()
        try:
            renewed = self.exchange(stored.refresh_token)
        except NeedsReauth:
            self.turn.bury(stored.mark)
            raise
        self.store(renewed)
        self._held = renewed
        return renewed.access_token


def put_in_place(tokens: Tokens, store: Callable[[Tokens], None], turn: Turn, sleep: Callable[[float], None]) -> None:
    """Keep the tokens of a new grant, but not while somebody renews the old: they would be overwritten.

    Raises:
        Unavailable: somebody has been renewing for too long.
    """
    for pause in PAUSES:
        if turn.take():
            with _leaving(turn):
                return store(tokens)
        sleep(pause)
    raise _busy()


@contextmanager
def _leaving(turn: Turn) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(Unavailable, Unclear):  # it ends by itself
            turn.leave()


def _over() -> NeedsReauth:
    return NeedsReauth("Notion does not accept the token any more and it cannot be renewed: connect again")


def _busy() -> Unavailable:
    return Unavailable("somebody else is renewing the workspace's token; try again in a moment")
