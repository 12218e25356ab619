"""How does the sample workspace become connected, and when has its first sync arrived?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from local.navsync.consent import allow
from local.navsync.http import checked, client, wait_for
from local.navsync.machine import Machine
from local.navsync.stopped import Stopped
from local.navsync.vault import Vault

STALLED_AFTER_S = 90.0


def agree_on_webhooks(machine: Machine, vault: Vault) -> None:
    """Do what an operator does once in Notion's portal: register the address, bring back the token."""
    with client(machine.notion.url) as portal:
        subscription = checked(portal.get("/_twin/subscription")).json()
        if subscription and subscription["state"] == "active" and vault.webhook_token():
            return
        vault.arm_webhook()
        address = f"{machine.api_url}/webhooks/notion"
        made = checked(portal.post("/_twin/subscription", json={"url": address})).json()
        token = wait_for(
            vault.webhook_token,
            within_s=10,
            otherwise=f"{address} answered Notion's handshake with {made['handshake_status']} and kept no token: "
            f"{machine.log}/sync-trigger.log shows why",
        )
        checked(portal.post("/_twin/subscription/verify", json={"token": token}))


def connect(api: httpx.Client) -> bool:
    """Connect the twin's workspace through OAuth, as an admin would; False when one is connected."""
    if checked(api.get("workspaces")).json()["items"]:
        return False
    authorize_url = checked(api.get("connect")).json()["authorize_url"]
    location, code, state = allow(authorize_url)
    checked(api.get(location))
    checked(api.post("connect-workspace", json={"code": code, "state": state}))
    return True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the sync of a workspace is."""

    synced: int
    failed: int
    pending: int
    expected: int
    status: str

    @property
    def is_done(self) -> bool:
        """Say whether all that exists has arrived."""
        return self.synced >= self.expected and self.pending == 0 and self.status != "syncing"


def progress(machine: Machine, api: httpx.Client, token: str) -> Progress:
    """Look how many of NavImpact's media projects have arrived."""
    status: dict[str, Any] = checked(api.get("sync-status")).json()
    failed, pending = status["failed_mappings"], status["pending_mappings"]
    return Progress(
        synced=max(0, status["total_mappings"] - failed - pending),
        failed=failed,
        pending=pending,
        expected=projects_in_navimpact(machine, token),
        status=status["sync_status"],
    )


def projects_in_navimpact(machine: Machine, token: str) -> int:
    """Count the media projects that NavImpact holds."""
    with client(machine.navimpact.url, token=token) as platform:
        answer = checked(platform.get("/api/v1/sge-media/media-projects/", params={"limit": 1}))
    return int(answer.headers["X-Total-Count"])


def follow(look: Callable[[], Progress], show: Callable[[Progress], None]) -> Progress:
    """Show how the first sync goes on until it is done; stop when nothing moves any more."""
    seen, moved = look(), time.monotonic()
    while not seen.is_done:
        show(seen)
        time.sleep(0.3)
        before, seen = seen, look()
        if seen != before:
            moved = time.monotonic()
        elif time.monotonic() - moved > STALLED_AFTER_S:
            raise Stopped(
                f"the first sync stands at {seen.synced} of {seen.expected} projects ({seen.failed} failed): "
                "the log of sync-worker shows why"
            )
    show(seen)
    return seen
