"""How does a person connect a Notion workspace, and how is the connection kept and ended?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from notion_client import Client

from navsync.errors import ConfigError, NeedsReauth, Refused, Unclear
from navsync.notion.failures import VENDOR_ERRORS, failure_of


@dataclass(frozen=True, slots=True)
class Grant:
    """What Notion gives for a code or a refresh token. Each new grant ends the pair before it."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    bot_id: str
    """Names the connection: a workspace that is connected again keeps it."""
    workspace_id: str
    workspace_name: str
    owner_id: str | None
    """The Notion user who connected; None where a workspace owns the connection."""


@dataclass(frozen=True, slots=True)
class OAuth:
    """The public connection's OAuth calls. None of them is repeated: each may use up what it was given."""

    client: Client
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    clock: Callable[[], datetime]

    def authorize_url(self, state: str) -> str:
        """Where to send the person's browser; Notion hands *state* back with the code."""
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "owner": "user",
            "state": state,
        }
        return f"{self.client.options.base_url}/v1/oauth/authorize?{urlencode(query)}"

    def exchange(self, code: str) -> Grant:
        """Turn the code of a redirect into a grant.

        Raises:
            Refused: the code is used, expired or not for us; the person must connect again.
        """
        try:
            return self._grant({"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri})
        except NeedsReauth as error:
            raise Refused("Notion does not accept the code: it is used or expired; connect again") from error

    def refresh(self, refresh_token: str) -> Grant:
        """A new pair; the old one is dead from now on, so store the new one before it is used.

        Raises:
            NeedsReauth: the refresh token is dead; a person must connect again.
            Unclear: the answer got lost, and the old pair may be dead already.
        """
        return self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, token: str) -> None:
        """End the connection at Notion. A token that is dead already is fine."""
        try:
            self._post("oauth/revoke", {"token": token})
        except (NeedsReauth, Refused):
            return

    def _grant(self, body: dict[str, Any]) -> Grant:
        answer = self._post("oauth/token", body)
        try:
            return _grant_of(answer)
        except (KeyError, TypeError) as error:
            raise Unclear("Notion's grant lacks a part that we need; connect the workspace again") from error

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        if not self.client_id or not self.client_secret:
            raise ConfigError("the Notion connection is not configured; set NOTION_CLIENT_ID and its secret")
        auth = {"client_id": self.client_id, "client_secret": self.client_secret}
        try:
            return self.client.request(path, "POST", body=body, auth=auth)
        except VENDOR_ERRORS as error:
            raise failure_of(error, now=self.clock(), writing=True) from error


def _grant_of(answer: Any) -> Grant:
    owner = answer.get("owner") or {}
    return Grant(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token"),
        bot_id=answer["bot_id"],
        workspace_id=answer["workspace_id"],
        workspace_name=answer.get("workspace_name") or "Notion",
        owner_id=(owner.get("user") or {}).get("id"),
    )
