"""Where do checks play?"""

from typing import Any

import httpx

from local.navsync.aws import Aws
from local.navsync.both_sides import NavImpact
from local.navsync.demo.checks import eventually
from local.navsync.http import checked
from local.navsync.stack import Running
from local.navsync.traffic import Traffic

type Json = dict[str, Any]

# A deletion is confirmed twice, and a row that a person just made is left alone for half a minute.
SETTLES_WITHIN_S = 180.0


class Stage:
    """NavSync's API, the platform, and what NavSync asks of both sides."""

    def __init__(self, running: Running, api: httpx.Client) -> None:
        self.machine, self.aws = running.machine, Aws.of(running.machine)
        self.api = api
        self.answers: list[tuple[str, str]] = []
        """What was asked of the API and what it said, oldest first."""
        api.event_hooks["response"].append(self._note)
        self.navimpact = NavImpact(running.machine)
        self.traffic = Traffic(running.machine)

    def _note(self, answer: httpx.Response) -> None:
        self.answers.append((f"{answer.request.method} {answer.request.url.path}", answer.read().decode()))

    def attention(self, kind: str) -> list[Json]:
        """Return what waits for a person, of one kind."""
        return [item for group in self.everything_that_waits() if group["kind"] == kind for item in group["items"]]

    def everything_that_waits(self) -> list[Json]:
        """Return what waits for a person, in groups of one cause each."""
        groups: list[Json] = checked(self.api.get("attention", params={"limit": 100})).json()["groups"]
        return groups

    def reconcile(self) -> None:
        """Ask for the pass that the scheduler asks for every few minutes, and wait until nothing moves."""
        self.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)
        mark = self.traffic.mark()[0]
        for workspace in checked(self.api.get("workspaces")).json()["items"]:
            if workspace["is_active"]:
                checked(self.api.post(f"workspaces/{workspace['id']}/sync", json={}))
        eventually(lambda: self.traffic.notion(mark), "the reconcile did not ask Notion")
        self.traffic.wait_until_quiet(within_s=SETTLES_WITHIN_S)

    def reconcile_twice(self) -> tuple[tuple[int, int], str]:
        """Reconcile, and once more; return where the second began, and what each asked of Notion, in words."""
        begin = len(self.traffic.notion())
        self.reconcile()
        mark, between = self.traffic.mark(), len(self.traffic.notion())
        self.reconcile()
        end = len(self.traffic.notion())
        return mark, f"{end - between} calls of Notion, and {between - begin} of the first reconcile"
