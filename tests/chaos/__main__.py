"""`python -m tests.chaos`: people edit both sides of a real stack while calls fail, webhooks stray and workers die."""

# ruff: noqa: T201  # a command prints

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "shared"))  # `python -m` does not read pyproject.toml

from local.navsync import connecting, credentials, servers, stack
from local.navsync.both_sides import KINDS
from local.navsync.cli import ending_cleanly
from local.navsync.deployment import Deployment, Outputs, parameters
from local.navsync.http import checked, client
from local.navsync.machine import Machine, free_machine
from local.navsync.narration import Narrator
from local.navsync.stack import Running
from local.navsync.vault import Vault
from tests.chaos import pace, told
from tests.chaos.analysts import Analysts
from tests.chaos.backstage import Backstage
from tests.chaos.calls import Call, calls_of, end_of
from tests.chaos.day import Day
from tests.chaos.diary import Diary
from tests.chaos.offices import Offices
from tests.chaos.owners import Owners
from tests.chaos.people import People
from tests.chaos.seen import look
from tests.chaos.verdict import Case
from tests.chaos.weather import NOTION_TIMEOUT_S, Reaper, Weather

type Json = dict[str, Any]

POLICIES = ("ask", "navimpact", "notion")
PLANS = ("business", "plus", "business")
"""What Notion's workspaces pay for: 600 requests a minute, or 180."""
QUIET_FOR_S = 3.0
SETTLES_WITHIN_S = 420.0
# So long a create whose answer was lost is looked up before it is made again; nothing hastens Notion's index.
INDEX_LATE_S = 130.0
MOST_SHOWN = 25


@dataclass(frozen=True)
class Drill:
    """How hard one run is."""

    seed: int
    kills: int
    longest_s: float
    pause_s: float
    whole: bool
    """Each kind of fault and each act has to come at least once."""
    projects: int = 5


def main() -> int:
    """0 when every promise was kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of what people do and how often what fails")
    parser.add_argument("--quick", action="store_true", help="a minute of it, with a tenth of the kills")
    asked = parser.parse_args()
    seed = int(time.time()) % 1_000_000 if asked.seed is None else asked.seed
    drill = Drill(seed, 12, 150, 0.5, whole=False) if asked.quick else Drill(seed, 100, 900, 0.7, whole=True)
    machine, narrator = free_machine("chaos"), Narrator()
    stack.wipe(machine)
    with ending_cleanly(machine, narrator, keep=False):
        wrong = Run(machine, drill, narrator).run()
    again = f"python -m tests.chaos --seed {seed}{' --quick' if asked.quick else ''}"
    shown = [*wrong[:MOST_SHOWN], *([f"… and {len(wrong) - MOST_SHOWN} more"] if len(wrong) > MOST_SHOWN else [])]
    print("", *shown, f"{len(wrong)} violations after {narrator.elapsed():.0f} s; once more: {again}", sep="\n  ")
    return 1 if wrong else 0


class Run:
    """One drill from an empty machine to the verdict."""

    def __init__(self, machine: Machine, drill: Drill, narrator: Narrator) -> None:
        self.machine, self.drill, self.narrator = machine, drill, narrator
        self.chance = Random(drill.seed)  # noqa: S311  # a seeded drill is no cryptography
        self.diary, self.offices = Diary(), Offices(machine)
        self.people = People(machine, self.offices, self.diary, self.chance)
        self.weather = Weather(machine, self.chance)
        self.plan = machine.state / "mortal.json"

    def run(self) -> list[str]:
        """Return what is wrong in the end."""
        running, outputs = self._come_up()
        self.backstage = Backstage(self.machine, outputs)
        self.reaper = Reaper(self.plan, self.backstage)
        self.reaper.shorten_visibility(3)
        with running.api() as self.api:
            self._connect()
            self._storm()
            with self.narrator.step("until all is quiet"):
                self.is_calm = self._calm()
            wrong = [*self.missing, *self._judge(), *self._stirred()]
        if wrong:
            stack.keep_function_logs(self.machine)
        return wrong

    # --- up ---------------------------------------------------------------------------------------------------------

    def _come_up(self) -> tuple[Running, Outputs]:
        environ = os.environ | {
            "NAVIMPACT_TWIN_PROJECTS": "0",
            "NOTION_TIMEOUT": str(NOTION_TIMEOUT_S),
            "MORTAL_FUNCTIONS": "sync-worker",
            "MORTAL_PLAN": str(self.plan),
        }
        held = credentials.kept_in(self.machine.state / "credentials.json")
        stack.start_servers(self.machine, self.narrator, servers.all_servers(self.machine, held, environ))
        outputs = stack.deploy(Deployment(self.machine, parameters(self.machine, held, environ)), self.narrator)
        vault = Vault(self.machine, outputs)
        vault.fill(held)
        connecting.agree_on_webhooks(self.machine, vault)
        return Running(self.machine, vault, held), outputs

    def _connect(self) -> None:
        """Fill NavImpact, then connect one workspace for each policy; all show the same records."""
        self.people.found(self.drill.projects)
        _steer(self.machine, "switches", {"merge_scale": 0.05, "index_lag_s": 2})
        for number, plan in enumerate(PLANS[1:], start=1):
            _steer(self.machine, "workspaces", {"name": f"Office {number}", "plan": plan})
        with self.narrator.step("connect three workspaces, first sync"):
            connecting.await_api(self.api)
            for workspace in _notion_workspaces(self.machine):
                connecting.connect_another(self.api, workspace["id"])
            connecting.agree_on_pace(self.machine, self.api)
            for id, policy in zip(self._workspaces(), POLICIES, strict=True):
                checked(self.api.put(f"workspaces/{id}", json={"settings": {"policy": policy}}))
            self.workspaces = self._workspaces()
            self._quiet()
        self.offices.move_in()

    # --- the storm --------------------------------------------------------------------------------------------------

    def _storm(self) -> None:
        self.weather.worsen()
        self.reaper.start()
        owners = Owners(self.offices, self.api, self.diary, self.chance, lambda: self.reaper.bury(self.workspaces))
        analysts = Analysts(self.api, self.diary, self.chance)
        self.day = Day((*self.people.acts, *owners.acts, *analysts.acts), self.chance, self.drill.pause_s)
        began = time.monotonic()
        with self.narrator.step("people work, machines fail"):
            while time.monotonic() - began < self.drill.longest_s and self._too_little():
                self.day.go_on()
                self.reaper.bury(self.workspaces)
        self.reaper.stop()
        self.fired, self.missing = self.weather.fired(), self._too_little()
        self.weather.heal()
        with self.narrator.step("owners put right what they did"):
            owners.mend()
        self._tell()

    def _too_little(self) -> list[str]:
        """Say what has to happen yet, so that the run shows anything."""
        killed = len(self.reaper.deaths)
        if killed < self.drill.kills:
            return [f"only {killed} of {self.drill.kills} workers were killed"]
        if not self.drill.whole:
            return []
        never = [name for name, count in self.weather.fired().items() if not count]
        return [f"there was no {name}" for name in never] + [f"nobody did {name}" for name in self.day.undone()]

    def _tell(self) -> None:
        for name, count in sorted(self.day.done.items()):
            self.narrator.say(f"      {count:4} × {name}")
        for death in self.reaper.deaths:
            self.fired[f"worker killed {death.moment} {_kind_of(death.call)}"] += 1
        for name, count in sorted(self.fired.items()):
            self.narrator.say(f"      {count:4} × {name}")
        self.narrator.say(f"      {len(self.reaper.deaths):4} workers killed in all")

    # --- calm -------------------------------------------------------------------------------------------------------

    def _calm(self) -> bool:
        """Let NavSync finish: reconcile, and let the time pass that records wait for; say whether it came to rest."""
        self._quiet()
        self.given_up = self.backstage.dead_letters()
        self.backstage.purge_dead_letters()
        give_up, rounds, written = time.monotonic() + SETTLES_WITHIN_S, 0, time.monotonic()
        while time.monotonic() < give_up and rounds < 2:
            waiting = self.reaper.hasten(self.workspaces)
            before = end_of(self.machine)
            rests = self._reconcile()
            if self._written_since(before) or not rests:
                rounds, written = 0, time.monotonic()
            elif not waiting or time.monotonic() - written > INDEX_LATE_S:
                rounds += 1
        return rounds >= 2

    def _reconcile(self) -> bool:
        for id in self._workspaces():
            checked(self.api.post(f"workspaces/{id}/sync", json={}))
        return self._quiet()

    def _quiet(self) -> bool:
        """Wait until no work is due, nobody holds a lease, and neither side has been called for a while, or give up."""
        give_up, seen, since = time.monotonic() + SETTLES_WITHIN_S, (-1, -1), time.monotonic()
        while time.monotonic() - since < QUIET_FOR_S and time.monotonic() < give_up:
            time.sleep(0.5)
            self.reaper.bury(self.workspaces)
            if (now := end_of(self.machine)) != seen or self.reaper.is_busy(self.workspaces):
                seen, since = now, time.monotonic()
        return time.monotonic() - since >= QUIET_FOR_S

    def _written_since(self, before: tuple[int, int]) -> list[Call]:
        sides = (self.machine.notion, self.machine.navimpact)
        since = zip(sides, before, strict=True)
        return [call for port, start in since for call in calls_of(port, start) if call.writes]

    # --- the verdict ------------------------------------------------------------------------------------------------

    def _judge(self) -> list[str]:
        case = Case(
            self.diary,
            look(self.machine, self.offices.columns),
            told.listen(self.api),
            calls_of(self.machine.notion),
            calls_of(self.machine.navimpact),
            paces=self._paces(),
            deaths=[death.at for death in self.reaper.deaths],
            kept=self.backstage.kept(self.workspaces),
            given_up=self.given_up,
            is_calm=self.is_calm,
        )
        wrong = case.judge()
        self.narrator.say(f"      {len(case.diary.edits)} edits in {self.day.done.total()} acts on both sides")
        self.narrator.say(f"      {self.given_up} wakes were given up while workers died")
        self.narrator.say(f"      {pace.pauses(case.notion_calls)} times Notion asked for a pause")
        for bot, most in pace.busiest(case.notion_calls).items():
            self.narrator.say(f"      {most} of {case.paces[bot]} requests in the busiest minute of {bot}")
        for why, count in case.excused.items():
            self.narrator.say(f"      {count:4} × {why}")
        return wrong

    def _paces(self) -> dict[str, int]:
        plans = {one["bots"][0]["id"]: one["plan"] for one in _notion_workspaces(self.machine)}
        return {bot: connecting.REQUESTS_PER_MINUTE[plan] for bot, plan in plans.items()}

    def _stirred(self) -> list[str]:
        """I3: rest is rest. Three more reconciles, and a look at every project, write nothing."""
        before = end_of(self.machine)
        for _ in range(3):
            self._reconcile()
        for record in look(self.machine, self.offices.columns).records.values():
            if record.kind is KINDS[0]:
                self.api.post(f"sync-project/{record.id}", json={})
        self._quiet()
        made = self._written_since(before)
        return [f"I3: {call.method} {call.path} was written at rest, at {call.at:%H:%M:%S}" for call in made]

    def _workspaces(self) -> list[int]:
        listed = checked(self.api.get("workspaces")).json()["items"]
        return [int(one["id"]) for one in listed]


def _kind_of(call: str) -> str:
    method, _, path = call.partition(" ")
    return f"{method} {'Notion' if path.startswith('/v1') else 'NavImpact'}" if path else method.partition(".")[2]


def _steer(machine: Machine, what: str, order: Json) -> None:
    with client(machine.notion.url) as twin:
        checked(twin.post(f"/_twin/{what}", json=order))


def _notion_workspaces(machine: Machine) -> list[Json]:
    with client(machine.notion.url) as twin:
        found: list[Json] = checked(twin.get("/_twin/workspaces")).json()
    return found


if __name__ == "__main__":
    sys.exit(main())
