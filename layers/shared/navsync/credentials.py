"""A connection's tokens in use: refreshed when Notion refuses them, kept before they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from navsync.errors import NeedsReauth


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens a Notion workspace. Not shown by `repr`."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Credentials:
    """One workspace's tokens for one worker. The workspace's lease is held, so nobody else refreshes meanwhile."""

    load: Callable[[], Tokens | None]
    store: Callable[[Tokens], None]
    exchange: Callable[[str], Tokens]
    """A refresh token → the new pair. Raises NeedsReauth when Notion does not take it."""
    _held: Tokens | None = field(default=None, init=False)

    def token(self) -> str:
        """The access token as last stored. Raises NeedsReauth where none is."""
        self._held = self._held or self._stored()
        return self._held.access_token

    def refresh(self, dead: str) -> str:
        """A token newer than *dead*, stored before it is returned: Notion kills the old pair at once."""
        stored = self._stored()
        if stored.access_token == dead:
            stored = self._renewed(stored)
            self.store(stored)
        self._held = stored
        return stored.access_token

    def _stored(self) -> Tokens:
        stored = self.load()
        if stored is None:
            raise NeedsReauth("there is no token for this workspace: connect it again")
        return stored

    def _renewed(self, stored: Tokens) -> Tokens:
        if stored.refresh_token is None:
            raise NeedsReauth("Notion does not accept the token any more and there is none to refresh it with")
        return self.exchange(stored.refresh_token)
