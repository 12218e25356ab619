"""In which order does the stack come up on this machine, and how does it go away?"""

import contextlib
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.navsync import connecting, credentials, servers, shape
from local.navsync.aws import Aws
from local.navsync.deployment import STACK, Deployment, Outputs, parameters
from local.navsync.http import answers, client, wait_for
from local.navsync.machine import Machine, Port
from local.navsync.narration import Narrator
from local.navsync.processes import Processes, Server, tail
from local.navsync.stopped import Stopped
from local.navsync.vault import Vault

READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that is up."""

    machine: Machine
    vault: Vault
    credentials: credentials.Credentials

    def token(self, role: str = "admin") -> str:
        """Mint a token for this command's own calls."""
        return self.vault.token(
            role=role, subject=f"local-{role}", organisation="navimpact", valid_for=timedelta(hours=12)
        )

    def api(self, role: str = "admin") -> httpx.Client:
        """Return a client of NavSync's API."""
        return client(self.machine.api_url, token=self.token(role))


def bring_up(machine: Machine, narrator: Narrator, environ: Mapping[str, str] = os.environ) -> Running:
    """Start, deploy, connect and sync; whatever fails says so in a sentence."""
    check_ports(machine)
    shape.check(machine)
    held = credentials.kept_in(machine.state / "credentials.json")
    deployment = Deployment(machine, parameters(machine, held, environ))
    missing_s = servers.may_be_missing_s(machine)
    if missing_s is not None:
        narrator.warn(unclean(missing_s))
        deployment.forget()
    start_servers(machine, narrator, servers.all_servers(machine, held, environ))
    outputs = deploy(deployment, narrator)
    vault = Vault(machine, outputs)
    with narrator.step("give the stack its secrets"):
        vault.fill(held)
    running = Running(machine, vault, held)
    connect(running, narrator, look_at_everything=missing_s is not None)
    return running


def unclean(missing_s: int) -> str:
    """Say what an emulator that was killed may have forgotten; the twins forget nothing."""
    return (
        f"the AWS emulator was killed when it last ran: up to {missing_s} seconds of mappings, history, decisions and "
        "settings from just before that may be missing, so NavSync looks at all records again; decide or set anew what "
        "you miss"
    )


def check_ports(machine: Machine) -> None:
    """Stop if another program listens where we want to, naming the port and what changes it."""
    mine = servers.processes(machine)
    running = [name for name in mine.names() if mine.pid(name)]
    if ended := [name for name in mine.names() if running and name not in running]:
        raise Stopped(
            f"the {', the '.join(ended)} ended while the rest of NavSync goes on: stop that with `make down`, and "
            "start everything again with `make run`"
        )
    if running:
        raise Stopped(f"NavSync already runs here, at {machine.api.url}: use it, or stop it with `make down` first")
    for port in machine.ports:
        if is_taken(port):
            raise Stopped(
                f"port {port.number}, which {port.use} needs, is taken by another program: "
                f"end that program, or set {port.variable} to a free port"
            )


def is_taken(port: Port) -> bool:
    """Say whether something listens on *port* of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port.number))
        except OSError:
            return True
    # macOS lets one bind an address of a port that another program holds on all of them
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port.number)) == 0


def start_servers(machine: Machine, narrator: Narrator, wanted: list[Server]) -> None:
    """Start every server and wait until each answers."""
    running = servers.processes(machine)
    with narrator.step("start emulator and twins"):
        for server in wanted:
            running.start(server)
        for server in wanted:
            await_ready(running, server)


def await_ready(running: Processes, server: Server) -> None:
    """Wait until *server* answers; stop with the end of its log if it ends or stays silent."""
    log = running.log_of(server.name)

    def look() -> bool | None:
        if running.pid(server.name) is None:
            raise Stopped(f"the {server.name} ended as it started; the end of {log} says:\n{tail(log)}")
        return answers(server.ready_url) or None

    silent = f"the {server.name} did not answer within {READY_WITHIN_S:.0f} s; its log is {log}"
    wait_for(look, within_s=READY_WITHIN_S, otherwise=silent)


def deploy(deployment: Deployment, narrator: Narrator) -> Outputs:
    """Build and deploy what changed, and return the stack's outputs."""
    if deployment.is_current():
        narrator.skip("sam build, sam deploy", "nothing changed")
    else:
        with deployment.building():
            with narrator.step("sam build"):
                deployment.build()
            with narrator.step("sam deploy"):
                deployment.deploy()
    outputs = deployment.outputs()
    if outputs is None:
        raise Stopped("the stack has no outputs after its deployment: `make reset` starts over")
    return outputs


def connect(running: Running, narrator: Narrator, *, look_at_everything: bool = False) -> None:
    """Agree on webhooks, connect the sample workspace and follow its first sync."""
    machine = running.machine
    with narrator.step("agree with Notion on webhooks"):
        connecting.agree_on_webhooks(machine, running.vault)
    with running.api() as api:
        with narrator.step("connect the sample workspace"):
            connecting.await_api(api)
            if connecting.connect(api):
                connecting.agree_on_pace(machine, api)
            elif look_at_everything:
                connecting.look_at_everything(api)
        follow_first_sync(running, api, narrator)


def follow_first_sync(running: Running, api: httpx.Client, narrator: Narrator) -> None:
    """Show how many have arrived until every record has; say so if it stands still, for a person to look."""
    token = running.credentials.navimpact_token
    with narrator.step("first sync"), narrator.counting("projects and what belongs to them") as show:
        seen = connecting.follow(
            lambda: connecting.progress(running.machine, api, token), lambda seen: show(seen.settled, seen.expected)
        )
    if not seen.is_done:
        narrator.warn(
            f"{seen.expected - seen.settled} of {seen.expected} records have not arrived and nothing moves: "
            "`./navsync logs sync-worker` tells why"
        )
    if seen.waiting:
        narrator.warn(f"{seen.waiting} records wait for a person: GET /attention says for what")


def keep_function_logs(machine: Machine) -> None:
    """Write what functions logged beside the servers' logs, since the emulator's own go with it."""
    aws = Aws.of(machine)
    with contextlib.suppress(ClientError, BotoCoreError):
        for group in aws.log_groups(f"/aws/lambda/{STACK}-"):
            name = group.removeprefix(f"/aws/lambda/{STACK}-")
            (machine.log / f"{name}.log").write_text("\n".join(aws.lines(group)) + "\n")


def take_down(machine: Machine) -> list[str]:
    """Stop every server of *machine* and name them; the emulator last, since the twins call it."""
    running = servers.processes(machine)
    order = [servers.NAVIMPACT, servers.NOTION, servers.EMULATOR]
    stopped = [name for name in order if running.stop(name)]
    shutil.rmtree(machine.scratch, ignore_errors=True)
    return stopped


def wipe(machine: Machine) -> None:
    """Forget everything that this machine's NavSync knew; its tools stay."""
    take_down(machine)
    for folder in (machine.state, machine.log, machine.run):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


def wipe_with_its_trials(machine: Machine) -> None:
    """Forget also what the demo, the chaos run and the benchmarks kept beside it."""
    for trial in machine.trials():
        wipe(trial)
        with contextlib.suppress(OSError):  # a person may have put something there
            trial.home.rmdir()
    wipe(machine)
