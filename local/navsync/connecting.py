"""How does the sample workspace become connected, and when has its first sync arrived?"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from local.navsync.consent import allow
from local.navsync.http import checked, client, wait_for
from local.navsync.machine import Machine
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
    """How many of NavImpact's media projects have arrived; their children follow them."""

    settled: int
    expected: int

    @property
    def is_done(self) -> bool:
        """Say whether every project has arrived, or waits for a person."""
        return self.settled >= self.expected


def progress(machine: Machine, api: httpx.Client, token: str) -> Progress:
    """Look how many of NavImpact's media projects have arrived."""

    def mapped(**status: str) -> int:
        asked = {"entity_type": "media_project", "limit": "1", **status}
        return int(checked(api.get("sync-mappings", params=asked)).json()["total"])

    under_way = mapped(sync_status="pending") + mapped(sync_status="syncing")
    return Progress(max(0, mapped() - under_way), projects_in_navimpact(machine, token))


def projects_in_navimpact(machine: Machine, token: str) -> int:
    """Count the media projects that NavImpact holds."""
    with client(machine.navimpact.url, token=token) as platform:
        answer = checked(platform.get("/api/v1/sge-media/media-projects/", params={"limit": 1}))
    return int(answer.headers["X-Total-Count"])


def follow(look: Callable[[], Progress], show: Callable[[Progress], None]) -> Progress:
    """Show how the first sync goes on until it is done, or until nothing moves any more."""
    seen, moved = look(), time.monotonic()
    show(seen)
    while not seen.is_done and time.monotonic() - moved < STALLED_AFTER_S:
        time.sleep(0.3)
        before, seen = seen, look()
        if seen != before:
            moved = time.monotonic()
            show(seen)
    return seen
