"""What each function is told by its environment, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, get_type_hints

from navsync.errors import ConfigError


class _Settings:
    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read each field from the variable of its name in capitals; one that may be None may be left empty.

        Raises ConfigError naming the variable that is missing or is not what it should be, so that a function that
        was deployed without it stops at start and says why.
        """
        hints = get_type_hints(cls)
        return cls(**{f.name: _read(env, f.name.upper(), hints[f.name]) for f in fields(cls)})  # type: ignore[arg-type]


def _read(env: Mapping[str, str], name: str, kind: Any) -> str | int | None:
    raw = env.get(name, "").strip()
    if not raw and kind == str | None and name in env:
        return None
    if not raw:
        raise ConfigError(f"the setting {name} is missing: set it in template.yaml for this function and deploy again")
    if kind is not int:
        return raw
    try:
        return int(raw)
    except ValueError as error:
        raise ConfigError(f"the setting {name} must be a whole number, and is {raw!r}") from error


@dataclass(frozen=True, slots=True)
class AuthorizerSettings(_Settings):
    """Who is calling: what tokens are checked with."""

    signing_secret_arn: str
    jwks_url: str | None
    """Where the platform publishes its keys; None: it signs with the shared secret."""
    jwt_audience: str | None
    jwt_issuer: str | None


@dataclass(frozen=True, slots=True)
class OAuthSettings(_Settings):
    """Connecting and disconnecting workspaces."""

    workspaces_table: str
    mappings_table: str
    wake_queue_url: str
    notion_client_id: str
    notion_client_secret_arn: str
    notion_redirect_uri: str
    notion_base_url: str
    notion_timeout: int
    """Seconds that one call may take."""
    workspace_secret_prefix: str
    kms_key_arn: str
    sync_logs_table: str
    calls_per_minute: int
    """Of one caller."""


@dataclass(frozen=True, slots=True)
class TriggerSettings(_Settings):
    """Putting work and waking."""

    workspaces_table: str
    mappings_table: str
    sync_logs_table: str
    wake_queue_url: str
    later_queue_url: str
    signing_secret_arn: str
    notion_webhook_secret_arn: str


@dataclass(frozen=True, slots=True)
class WorkerSettings(_Settings):
    """Doing the work."""

    workspaces_table: str
    mappings_table: str
    sync_logs_table: str
    wake_queue_url: str
    later_queue_url: str
    notion_client_id: str
    notion_client_secret_arn: str
    notion_base_url: str
    notion_max_retries: int
    """Retries after the first try of a call that is safe to repeat."""
    notion_timeout: int
    """Seconds that one call may take."""
    navimpact_base_url: str
    navimpact_api: str
    signing_secret_arn: str
    workspace_secret_prefix: str
    kms_key_arn: str


@dataclass(frozen=True, slots=True)
class ReconcileSettings(_Settings):
    """The tick."""

    workspaces_table: str
    mappings_table: str
    sync_logs_table: str
    wake_queue_url: str
    workspace_secret_prefix: str
    kms_key_arn: str


@dataclass(frozen=True, slots=True)
class DashboardSettings(_Settings):
    """What people see, set and decide."""

    workspaces_table: str
    mappings_table: str
    sync_logs_table: str
    wake_queue_url: str
    calls_per_minute: int
    """Of one caller."""
