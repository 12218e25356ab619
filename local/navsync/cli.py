"""What can be asked of NavSync on this machine?"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console
from rich.markup import escape

from local.navsync import servers, stack
from local.navsync.aws import Aws
from local.navsync.credentials import kept_in
from local.navsync.demo import prove, several_workspaces
from local.navsync.deployment import STACK, Deployment, parameters
from local.navsync.machine import Machine, this_machine
from local.navsync.narration import Narrator
from local.navsync.stopped import Stopped
from local.navsync.vault import Vault

app = typer.Typer(
    help="NavSync whole on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
webhook = typer.Typer(help="Notion's webhook.", no_args_is_help=True)
app.add_typer(webhook, name="webhook")


class Ended(BaseException):
    """A signal asked the command to end."""


def main() -> None:
    """Run the command; a stop is told in its sentence, without a traceback."""
    try:
        app(standalone_mode=True)
    except Stopped as stopped:
        Console(stderr=True, highlight=False).print(f"[red]✗[/] {escape(str(stopped))}", soft_wrap=True)
        sys.exit(1)


@app.command()
def up(
    background: Annotated[
        bool, typer.Option("--background", help="Return when all is up; `navsync down` stops it.")
    ] = False,
) -> None:
    """Bring everything up, connect the sample workspace, sync, and stay until Ctrl-C."""
    machine, narrator = this_machine(), Narrator()
    stack.check_ports(machine)
    with ending_cleanly(machine, narrator, keep=background):
        stack.bring_up(machine, narrator)
        tell_addresses(machine, narrator)
        narrator.say(f"\n  up after {narrator.elapsed():.0f} s · a token: `./navsync token --role admin`")
        if not background:
            stay(machine, narrator)


@app.command()
def demo(
    workspaces: Annotated[
        int, typer.Option(help="how many of Notion's workspaces share the platform: 1, or 3 and more")
    ] = 1,
) -> None:
    """Prove the sync: bring up a fresh stack, edit both sides, show every result; 0 only if all hold."""
    usual, narrator = this_machine(), Narrator()
    machine = usual.for_demo()
    if workspaces != 1 and workspaces < several_workspaces.FEWEST:
        raise Stopped(f"there is no demo of {workspaces} workspaces: say 1, or {several_workspaces.FEWEST} and more")
    stack.check_ports(usual)
    stack.wipe(machine)
    with ending_cleanly(machine, narrator, keep=False):
        all_held = prove(stack.bring_up(machine, narrator), workspaces, narrator)
        narrator.say(f"\n  {'all hold' if all_held else 'NOT all hold'}, after {narrator.elapsed():.0f} s")
    raise typer.Exit(0 if all_held else 1)


@app.command()
def down() -> None:
    """Stop everything; what it knew is kept."""
    machine = this_machine()
    stopped = stack.take_down(machine) + stack.take_down(machine.for_demo())
    Narrator().say(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


@app.command()
def reset() -> None:
    """Stop everything and forget what it, the demo and the benchmarks knew, so that the next start is a first one."""
    stack.wipe_with_its_trials(this_machine())
    Narrator().say("forgotten: the next `make run` starts from nothing")


@app.command()
def status() -> None:
    """Say what is running, and where."""
    machine, narrator = this_machine(), Narrator()
    running = servers.processes(machine)
    pids = {name: running.pid(name) for name in (servers.EMULATOR, servers.NOTION, servers.NAVIMPACT)}
    for name, pid in pids.items():
        narrator.say(f"  {name:<16}{f'runs as {pid}' if pid else 'does not run'}")
    if any(pids.values()):
        tell_addresses(machine, narrator)


@app.command()
def token(
    role: Annotated[str, typer.Option(help="viewer, analyst or admin")] = "viewer",
    sub: Annotated[str | None, typer.Option(help="whose token it is; by default local-<role>")] = None,
    org: Annotated[str, typer.Option(help="the organisation")] = "navimpact",
    hours: Annotated[float, typer.Option(help="until it expires")] = 12.0,
) -> None:
    """Print a bearer token for the API."""
    if role not in {"viewer", "analyst", "admin"}:
        raise Stopped(f"there is no role {role!r}: it is viewer, analyst or admin")
    minted = vault_of(this_machine()).token(
        role=role, subject=sub or f"local-{role}", organisation=org, valid_for=timedelta(hours=hours)
    )
    sys.stdout.write(minted + "\n")


@app.command()
def logs(
    function: Annotated[str, typer.Argument(help="such as sync-worker, sync-trigger or dashboard")],
    minutes: Annotated[float, typer.Option(help="how far back")] = 15.0,
) -> None:
    """Print what a function logged."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    try:
        for line in Aws.of(this_machine()).lines(f"/aws/lambda/{STACK}-{function.replace('_', '-')}", since):
            sys.stdout.write(line + "\n")
    except (ClientError, EndpointConnectionError) as error:
        raise Stopped(f"there is no log of {function!r}: {error}") from error


@app.command()
def probe(
    live: Annotated[bool, typer.Option("--live", help="Yes, ask the real Notion.")] = False,
    page: Annotated[str | None, typer.Option(help="the page to work under; by default a shared one")] = None,
    suite: Annotated[list[str] | None, typer.Option(help="only this one of the suites; may be said again")] = None,
) -> None:
    """Run the suites that hold the twin against Notion with the real one, and list each difference.

    The token is read from NOTION_TOKEN. It works on one page that it makes and puts into the trash. 0 only if there is
    no difference.
    """
    from local.navsync import probe as probing  # it brings the suites along, which no other command needs
    from tests.conformance.place import PACE_S, Place

    token = os.environ.get("NOTION_TOKEN", "").strip()
    if not live:
        raise Stopped("nothing was asked: say --live to have requests sent to the real Notion")
    if not token:
        raise Stopped("there is no token: set NOTION_TOKEN to the token of a connection with a page shared with it")
    if unknown := set(suite or ()) - set(probing.SUITES):
        raise Stopped(f"there is no suite {', '.join(sorted(unknown))}: it is {', '.join(probing.SUITES)}")
    there, narrator = (
        Place(os.environ.get("NOTION_BASE_URL", "https://api.notion.com"), token, pace_s=PACE_S),
        Narrator(),
    )
    agrees = probing.probe(there, page, lambda line: narrator.say(escape(line)), suite or ())
    raise typer.Exit(0 if agrees else 1)


@webhook.command()
def arm() -> None:
    """Accept Notion's next webhook handshake, for ten minutes."""
    until = vault_of(this_machine()).arm_webhook()
    Narrator().say(f"Notion's next handshake is accepted until {until:%H:%M:%S} UTC")


def vault_of(machine: Machine) -> Vault:
    """Open the secrets of the stack that runs here."""
    if servers.processes(machine).pid(servers.EMULATOR) is None:
        raise Stopped("NavSync does not run here: start it with `make run`")
    held = kept_in(machine.state / "credentials.json")
    outputs = Deployment(machine, parameters(machine, held, os.environ)).outputs()
    if outputs is None:
        raise Stopped("the stack is not deployed yet: wait until `make run` has come that far")
    return Vault(machine, outputs)


def tell_addresses(machine: Machine, narrator: Narrator) -> None:
    """Print where to look."""
    narrator.say()
    narrator.say(f"  [bold]NavSync[/]    {machine.api_url}/docs   the API, with every route")
    narrator.say(f"  [bold]Notion[/]     {machine.notion.url}   the twin: look, and edit as a person")
    narrator.say(f"  [bold]NavImpact[/]  {machine.navimpact.url}   the twin: look, and edit as a person")


def stay(machine: Machine, narrator: Narrator) -> None:
    """Stay until a signal comes, which is how a stack that is up is meant to end, or a server ends."""
    narrator.say("  Ctrl-C stops everything\n")
    running = servers.processes(machine)
    try:
        while names := running.names():
            for name in names:
                if running.pid(name) is None and name in running.names():
                    raise Stopped(ended(machine, name))
            time.sleep(1.0)
    except Ended:
        raise typer.Exit from None


def ended(machine: Machine, name: str) -> str:
    """Say that a server ended while the stack was up, what that may have cost, and how to go on."""
    missing_s = servers.may_be_missing_s(machine) if name == servers.EMULATOR else None
    cost = (
        f" (up to {missing_s} seconds of mappings, history, decisions and settings may be missing)" if missing_s else ""
    )
    log = servers.processes(machine).log_of(name)
    return f"the {name} ended; the end of its log is in {log}. Start everything again with `make run`{cost}"


@contextmanager
def ending_cleanly(machine: Machine, narrator: Narrator, *, keep: bool) -> Iterator[None]:
    """Stop every server when the command ends, by whatever way; with *keep*, only when it fails."""
    listen_for_signals(_end)
    failed = True
    try:
        yield
        failed = False
    except (Ended, KeyboardInterrupt):
        raise SystemExit(130) from None
    finally:
        listen_for_signals(signal.SIG_IGN)
        if failed:
            stack.keep_function_logs(machine)
        if failed or not keep:
            narrator.say("\n  stopping …")
            stack.take_down(machine)


def listen_for_signals(handler: "signal.Handlers | object") -> None:
    """Handle alike all the ways in which a terminal or a person ends a command."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)  # type: ignore[arg-type]


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Ended
