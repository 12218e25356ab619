"""Where on this machine is what NavSync runs from, and where does it keep its state?"""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from local.navsync.stopped import Stopped

ROOT = Path(__file__).resolve().parent.parent.parent
API_PREFIX = "/api/v1/notion"


@dataclass(frozen=True, slots=True)
class Port:
    """One port, its use, and the variable that changes it."""

    number: int
    variable: str
    use: str

    @property
    def url(self) -> str:
        """The address as browsers, curl and Python resolve it."""
        return f"http://localhost:{self.number}"

    @property
    def quick_url(self) -> str:
        """The same address for functions, which would try IPv6 in vain before each new connection."""
        return f"http://127.0.0.1:{self.number}"


@dataclass(frozen=True, slots=True)
class Machine:
    """The places and ports of one local NavSync; two with different ports and homes run side by side."""

    home: Path
    api: Port
    notion: Port
    navimpact: Port
    aws: Port

    @property
    def ports(self) -> tuple[Port, ...]:
        """Every port that this NavSync listens on."""
        return (self.api, self.notion, self.navimpact, self.aws)

    @property
    def state(self) -> Path:
        """What survives `down` and is wiped by `reset`: the emulator's and the twins' state, credentials."""
        return self.home / "state"

    @property
    def run(self) -> Path:
        """One pid file per running server."""
        return self.home / "run"

    @property
    def log(self) -> Path:
        """One log per server and per tool."""
        return self.home / "log"

    @property
    def scratch(self) -> Path:
        """What servers unpack while they run; wiped at every start."""
        return self.home / "tmp"

    @property
    def api_url(self) -> str:
        """NavSync's own API."""
        return self.api.url + API_PREFIX

    @property
    def redirect_uri(self) -> str:
        """Where the Notion twin sends a person back to."""
        return f"{self.api_url}/callback"

    def for_demo(self) -> "Machine":
        """Return the same ports with a state of their own: a demo never touches what `up` keeps."""
        return replace(self, home=self.home / "demo")

    def trials(self) -> list["Machine"]:
        """Return those whose state is kept below this one's: the demo's, the chaos run's, the benchmarks'.

        They are found by the credentials that each keeps: who adds one need not list it anywhere.
        """
        return [replace(self, home=kept.parents[1]) for kept in sorted(self.home.glob("*/state/credentials.json"))]


def this_machine(environ: Mapping[str, str] = os.environ) -> Machine:
    """Read ports and the home folder from the environment."""
    return Machine(
        home=Path(environ.get("NAVSYNC_HOME") or ROOT / ".local").resolve(),
        api=_port(environ, "NAVSYNC_PORT", 8787, "the API with its dashboard"),
        notion=_port(environ, "NOTION_TWIN_PORT", 8788, "the Notion twin"),
        navimpact=_port(environ, "NAVIMPACT_TWIN_PORT", 8789, "the NavImpact twin"),
        aws=_port(environ, "NAVSYNC_AWS_PORT", 4566, "the AWS emulator"),
    )


def free_machine(name: str) -> Machine:
    """Return a machine on ports that nobody uses now, with a state of its own beside the usual one."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        numbers = [str(probe.getsockname()[1]) for probe in probes]
    usual = this_machine()
    variables = (port.variable for port in usual.ports)
    return replace(this_machine(dict(zip(variables, numbers, strict=True))), home=usual.home / name)


def _port(environ: Mapping[str, str], variable: str, default: int, use: str) -> Port:
    written = environ.get(variable) or str(default)
    if not written.isdecimal() or not 0 < int(written) < 65536:
        raise Stopped(f"{variable} is {written!r}: set it to a port number, or leave it out for {default}")
    return Port(int(written), variable, use)
