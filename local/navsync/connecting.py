"""How does the sample workspace become connected, and when has its first sync arrived?"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from local.navsync.both_sides import KINDS
from local.navsync.consent import allow
from local.navsync.http import checked, client, wait_for
from local.navsync.machine import Machine
from local.navsync.vault import Vault

STALLED_AFTER_S = 90.0
STARTS_WITHIN_S = 60.0
# Notion's limits, which a person reads off the plan that they pay for.
REQUESTS_PER_MINUTE = {"free": 180, "plus": 180, "business": 600, "enterprise": 600}


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


def await_api(api: httpx.Client) -> None:
    """Wait until the functions behind the API have started: on a busy machine the first start outlasts a call."""
    for path in ("workspaces", "connect"):
        wait_for(
            partial(_answers, api, path),
            within_s=STARTS_WITHIN_S,
            otherwise=f"{api.base_url}{path} did not answer; `./navsync logs dashboard` and `oauth-callback` tell why",
        )


def connect(api: httpx.Client) -> bool:
    """Connect the twin's workspace through OAuth, as an admin would; False when one is connected already."""
    known = checked(api.get("workspaces")).json()["items"]
    if any(workspace["state"] != "disconnected" for workspace in known):
        return False
    connect_another(api)
    return True


def look_at_everything(api: httpx.Client) -> None:
    """Ask for a look at every record of every workspace that is connected, whether or not it changed."""
    for workspace in checked(api.get("workspaces")).json()["items"]:
        if workspace["state"] == "connected":
            checked(api.post(f"workspaces/{workspace['id']}/setup"))


def connect_another(
    api: httpx.Client, notion_workspace_id: str | None = None, *, settings: Mapping[str, object] | None = None
) -> None:
    """Connect a workspace through OAuth, as an admin would; by default the one that Notion's page offers first.

    *settings* are what it begins with; one that is connected again keeps its own.
    """
    authorize_url = checked(api.get("connect")).json()["authorize_url"]
    switched = f"&workspace_id={notion_workspace_id}" if notion_workspace_id else ""
    location, code, state = allow(authorize_url + switched)
    if location.startswith(str(api.base_url)):  # not a page of the platform's, which is in nobody's browser here
        checked(api.get(location))
    begins_with = {} if settings is None else {"settings": dict(settings)}
    checked(api.post("connect-workspace", json={"code": code, "state": state, **begins_with}))


def agree_on_pace(machine: Machine, api: httpx.Client) -> None:
    """Tell NavSync, as an admin does, how many requests each workspace's plan allows."""
    with client(machine.notion.url) as notion:
        plans = {one["id"]: one["plan"] for one in checked(notion.get("/_twin/workspaces")).json()}
    for workspace in checked(api.get("workspaces")).json()["items"]:
        pace = REQUESTS_PER_MINUTE[plans[workspace["workspace_id"]]]
        checked(api.put(f"workspaces/{workspace['id']}", json={"settings": {"requests_per_minute": pace}}))


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of NavImpact's records, of all kinds, have arrived."""

    settled: int
    expected: int
    waiting: int = 0
    """How many of those that have arrived wait for a person."""

    @property
    def is_done(self) -> bool:
        """Say whether every record has arrived, or waits for a person."""
        return self.settled >= self.expected


def progress(machine: Machine, api: httpx.Client, token: str) -> Progress:
    """Look how many of NavImpact's records have arrived."""
    status = checked(api.get("sync-status")).json()
    waiting = checked(api.get("attention", params={"limit": 1})).json()
    # What waits for a person is counted as pending or failed and stays; what is tried again by itself moves.
    tried_again = sum(group["count"] for group in waiting["groups"] if group["code"] == "failing")
    under_way = max(0, status["pending_mappings"] + status["failed_mappings"] - waiting["records"]) + tried_again
    settled = max(0, status["total_mappings"] - under_way)
    return Progress(settled, records_in_navimpact(machine, token), max(0, waiting["records"] - tried_again))


def records_in_navimpact(machine: Machine, token: str) -> int:
    """Count the records that NavImpact holds, projects and their children."""
    with client(machine.navimpact.url, token=token) as platform:
        answers = [checked(platform.get(kind.path, params={"limit": 1})) for kind in KINDS]
    return sum(int(answer.headers["X-Total-Count"]) for answer in answers)


def follow(look: Callable[[], Progress], show: Callable[[Progress], None]) -> Progress:
    """Show how the first sync goes on until it is done, or until nothing moves any more.

    Done is what two looks in a row say: NavSync counts one thing after another, while the last record is being made.
    """
    before, seen, moved = None, look(), time.monotonic()
    show(seen)
    while not (seen.is_done and seen == before) and time.monotonic() - moved < STALLED_AFTER_S:
        time.sleep(0.3)
        before, seen = seen, look()
        if seen != before:
            moved = time.monotonic()
            show(seen)
    return seen


def _answers(api: httpx.Client, path: str) -> bool | None:
    return api.get(path).is_success or None
