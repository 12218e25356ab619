"""What a Notion twin is started with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args

from local.twins.notion.records import Plan

_PLANS: Final[tuple[str, ...]] = get_args(Plan.__value__)


@dataclass(frozen=True)
class Config:
    """The connection's registration and the first workspace's plan; without *state* nothing outlives the process."""

    port: int = 8788
    state: Path | None = None
    client_id: str = "2b1d872b-594c-8112-a0d3-0037e6f2b1aa"
    client_secret: str = "secret_local_twin_only"  # noqa: S105  # this twin's own, worth nothing elsewhere
    redirect_uris: tuple[str, ...] = ("http://localhost:8787/api/v1/notion/callback",)
    webhook_url: str | None = None
    plan: Plan = "free"
    connection_name: str = "NavSync"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Config":
        """Read the NOTION_TWIN_* variables; what is not set keeps its default.

        Raises:
            ValueError: NOTION_TWIN_PLAN names no plan.
        """
        default = cls()
        redirects = env.get("NOTION_TWIN_REDIRECT_URIS", "")
        return cls(
            port=int(env.get("NOTION_TWIN_PORT", default.port)),
            state=Path(env["NOTION_TWIN_STATE"]) if env.get("NOTION_TWIN_STATE") else None,
            client_id=env.get("NOTION_TWIN_CLIENT_ID") or default.client_id,
            client_secret=env.get("NOTION_TWIN_CLIENT_SECRET") or default.client_secret,
            redirect_uris=tuple(filter(None, map(str.strip, redirects.split(",")))) or default.redirect_uris,
            webhook_url=env.get("NOTION_TWIN_WEBHOOK_URL") or None,
            plan=_plan(env.get("NOTION_TWIN_PLAN") or default.plan),
        )


def _plan(name: str) -> Plan:
    if name not in _PLANS:
        raise ValueError(f"NOTION_TWIN_PLAN is {name!r}, which is no plan; use one of {', '.join(_PLANS)}")
    return cast("Plan", name)
