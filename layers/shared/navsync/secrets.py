"""Where are tokens and keys kept? In Secrets Manager and nowhere else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from cachetools import TTLCache

from navsync.credentials import Tokens
from navsync.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHED_S = 300
"""How long a running function goes on with what it read; a secret that was put anew is known after that."""

MOST = 10
"""Secrets of one deployment that are remembered at once; it has fewer."""

_ABSENT = "ResourceNotFoundException"
_PASSING = frozenset(
    {"DecryptionFailure", "InternalServiceError", "InternalServiceErrorException", "ThrottlingException"}
)


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """What requests are checked with, and the token that NavImpact is called with. Not shown by `repr`."""

    jwt_secret: str = field(repr=False)
    """Two, separated by a space, while one takes over from the other; so may be the next."""
    navimpact_webhook_secret: str = field(repr=False)
    """Two, separated by a space, while one takes over from the other."""
    navimpact_token: str = field(repr=False)


class DeploymentSecrets:
    """The secrets that the template makes and the operator fills. Raises `ConfigError` for one that is not filled."""

    def __init__(self, client: SecretsManagerClient, clock: Callable[[], float] = time.time) -> None:
        self.client = client
        self._cache = TTLCache[str, dict[str, Any]](MOST, CACHED_S, clock)
        self._lock = Lock()
        """The worker's threads share what is remembered."""

    def oauth_client_secret(self, arn: str) -> str:
        """The Notion integration's client secret."""
        return self._filled(arn, "client_secret")

    def jwt_secret(self, arn: str) -> str:
        """What callers' tokens are signed with. Two, separated by a space, while one takes over from the other."""
        return self._filled(arn, "jwt_secret")

    def signing(self, arn: str) -> SigningSecrets:
        """All of the signing secret."""
        return SigningSecrets(**{each.name: self._filled(arn, each.name) for each in fields(SigningSecrets)})

    def _filled(self, arn: str, name: str) -> str:
        value = self._cached(arn).get(name)
        if not isinstance(value, str) or not value:
            # It is looked for again at the next request: the operator may be about to fill it.
            with self._lock:
                self._cache.pop(arn, None)
            raise ConfigError(f"{name} is empty in the secret {arn}; put its value there")
        return value

    def _cached(self, arn: str) -> dict[str, Any]:
        with self._lock:
            known = self._cache.get(arn)
        if known is not None:
            return known
        value = _read(self.client, arn) or {}  # not under the lock: threads would wait for an answer one after another
        with self._lock:
            self._cache[arn] = value
        return value


class NotionWebhookToken:
    """The token that Notion signs webhooks with.

    A handshake is signed with the token that it brings, so anybody can send one. It is taken only while the operator
    awaits it; the first one ends the waiting, and a token in force is never replaced: the operator removes it first.
    """

    def __init__(self, client: SecretsManagerClient, arn: str, clock: Callable[[], float] = time.time) -> None:
        self.client = client
        self.arn = arn
        self._known = TTLCache[str, str](1, CACHED_S, clock)

    def live(self) -> str | None:
        """The token in force; None before the handshake."""
        known = self._known.get(self.arn)
        if known is not None:
            return known
        token: str | None = self._stored().get("verification_token")
        if token is not None:
            self._known[self.arn] = token
        return token

    def is_awaited(self, *, now: datetime) -> bool:
        """Whether the operator awaits a handshake, and no token is in force."""
        stored = self._stored()
        armed = stored.get("armed_until")
        return stored.get("verification_token") is None and armed is not None and datetime.fromisoformat(armed) > now

    def capture(self, token: str, *, now: datetime) -> bool:
        """Take the token that a handshake brought; False unless one is awaited."""
        if not self.is_awaited(now=now):
            return False
        return _replace(self.client, self.arn, {"verification_token": token, "armed_until": None})

    def _stored(self) -> dict[str, Any]:
        return _read(self.client, self.arn) or {}


class WorkspaceSecrets:
    """One secret for each workspace, made at run time with our key."""

    def __init__(self, client: SecretsManagerClient, *, prefix: str, kms_key_arn: str) -> None:
        self.client = client
        self.prefix = prefix
        self.kms_key_arn = kms_key_arn

    def get(self, workspace_id: int) -> Tokens | None:
        """The tokens as they are now, never from a cache: another worker may have refreshed them."""
        stored = _read(self.client, self._name(workspace_id))
        return None if stored is None else Tokens(stored["access_token"], stored["refresh_token"])

    def put(self, workspace_id: int, tokens: Tokens) -> None:
        """Keep the tokens of a workspace, connected for the first time, connected again, or refreshed."""
        name = self._name(workspace_id)
        document = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
        if not _replace(self.client, name, document):
            _call(self.client.create_secret, Name=name, KmsKeyId=self.kms_key_arn, SecretString=json.dumps(document))

    def delete(self, workspace_id: int) -> None:
        """Remove the tokens at once and for good. Removed already is removed."""
        _call(self.client.delete_secret, SecretId=self._name(workspace_id), ForceDeleteWithoutRecovery=True)

    def _name(self, workspace_id: int) -> str:
        return f"{self.prefix}{workspace_id}"


def _read(client: SecretsManagerClient, secret_id: str) -> dict[str, Any] | None:
    answer = _call(client.get_secret_value, SecretId=secret_id)
    if answer is None:
        return None
    stored: dict[str, Any] = json.loads(answer["SecretString"])
    return stored


def _replace(client: SecretsManagerClient, secret_id: str, document: dict[str, Any]) -> bool:
    """Put *document* in place of what is there; False when there is no such secret."""
    return _call(client.put_secret_value, SecretId=secret_id, SecretString=json.dumps(document)) is not None


def _call(call: Callable[..., Any], **arguments: Any) -> Any | None:
    """What Secrets Manager answers; None when there is no such secret."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == _ABSENT:
            return None
        if error.response["Error"]["Code"] not in _PASSING:
            raise
        raise _unanswered() from error
    except BotoCoreError as error:
        raise _unanswered() from error


def _unanswered() -> Unavailable:
    return Unavailable("Secrets Manager did not answer; try again in a moment")
