"""How does the stack get from this checkout into the emulator, and when is that already done?"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from local.navsync.aws import Aws
from local.navsync.credentials import Credentials
from local.navsync.machine import ROOT, Machine
from local.navsync.processes import run_tool
from local.navsync.servers import VENV

STACK = "navsync-local"
BUILT = ROOT / ".aws-sam/build"
CACHE = ROOT / ".aws-sam/cache"
# Settings of the stack that a developer may choose in the shell, by the template's parameter.
CHOICES = {
    "NotionRedirectUri": "NOTION_REDIRECT_URI",
    "AllowedOrigin": "ALLOWED_ORIGIN",
    "NotionSyncInterval": "NOTION_SYNC_INTERVAL",
    "NotionMaxRetries": "NOTION_MAX_RETRIES",
    "NotionTimeout": "NOTION_TIMEOUT",
    "LogLevel": "LOG_LEVEL",
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the template tells about the deployed stack, by the names of its outputs."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def architecture() -> str:
    """Return the Lambda architecture that runs on this machine."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def parameters(machine: Machine, credentials: Credentials, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the template's parameters for this machine."""
    chosen = {name: environ[variable] for name, variable in CHOICES.items() if variable in environ}
    usual = {
        "Architecture": architecture(),
        "NotionClientId": credentials.notion_client_id,
        "NotionRedirectUri": machine.redirect_uri,
        "NotionBaseUrl": machine.notion.quick_url,
        "NavImpactBaseUrl": machine.navimpact.quick_url,
        "AllowedOrigin": machine.api.url,
        "LogRetentionDays": "1",
        "Protect": "false",
        "NavImpactApi": environ.get("NAVIMPACT_API", "contract"),
    }
    return usual | chosen


def fingerprint(of: Mapping[str, str]) -> str:
    """Name the sources of the stack together with *of*, which is made from them."""
    digest = hashlib.sha256(json.dumps(of, sort_keys=True).encode())
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in ("template.yaml", "samconfig.toml", "requirements/layer.txt"))
    for folder in ("functions", "layers"):
        for path in (ROOT / folder).rglob("*"):
            caches = (part for part in path.parts if part == "__pycache__" or part.endswith("_cache"))
            if path.is_file() and not any(caches):
                yield path


class Deployment:
    """The stack of one machine's emulator."""

    def __init__(self, machine: Machine, values: Mapping[str, str]) -> None:
        self.machine = machine
        self.values = values
        self.fingerprint = fingerprint(values)
        self._stamp = machine.state / "deployed"

    def forget(self) -> None:
        """Take nothing for deployed: an emulator that was killed may run an earlier stack."""
        self._stamp.unlink(missing_ok=True)

    def is_current(self) -> bool:
        """Say whether the emulator runs exactly what is in this checkout."""
        stamped = self._stamp.exists() and self._stamp.read_text() == self.fingerprint
        return stamped and self.outputs() is not None

    @contextmanager
    def building(self) -> Iterator[None]:
        """Keep others of this checkout from building into the same folder meanwhile."""
        CACHE.parent.mkdir(exist_ok=True)
        with (CACHE.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def build(self) -> None:
        """Build functions and layer, unless the last build was of the same sources."""
        stamp, wanted = CACHE.parent / "built", fingerprint({"architecture": self.values["Architecture"]})
        if stamp.exists() and stamp.read_text() == wanted and BUILT.exists():
            return
        stamp.unlink(missing_ok=True)
        _forget_layers_of_another_lock(self.values["Architecture"])
        self._sam("build")
        stamp.write_text(wanted)

    def deploy(self) -> None:
        """Create the stack or bring it up to date."""
        self.forget()
        self._sam("deploy", "--stack-name", STACK, "--no-progressbar", "--on-failure", "DELETE")
        self._stamp.write_text(self.fingerprint)

    def outputs(self) -> Outputs | None:
        """Return the outputs of the stack, or None where there is none."""
        client = Aws.of(self.machine).cloudformation()
        try:
            stack = client.describe_stacks(StackName=STACK)["Stacks"][0]
        except ClientError:
            return None
        if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return None
        return Outputs({output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])})

    def _sam(self, what: str, *options: str) -> None:
        overrides = [f"{name}={value}" for name, value in self.values.items()]
        command: list[str | Path] = [VENV / "bin/sam", what, "--config-env", "local", *options]
        command += ["--parameter-overrides", *overrides]
        log = self.machine.log / f"sam-{what}.log"
        run_tool(command, cwd=ROOT, environ=self.environment(), log=log)

    def environment(self) -> dict[str, str]:
        """Return this shell's environment without any way to a real AWS account."""
        neutral = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        ours = {
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.1",
            "LAYER_ARCHITECTURE": self.values["Architecture"],
        }
        return neutral | Aws.of(self.machine).environment() | ours | _layer_platform()


def _layer_platform() -> dict[str, str]:
    """Return the platform for which the layer's compiled packages are fetched, where that is not Linux."""
    if platform.system() != "Darwin":
        return {}
    return {"LAYER_PLATFORM": "macos" if architecture() == "arm64" else "x86_64-apple-darwin"}


def _forget_layers_of_another_lock(architecture: str) -> None:
    """Drop sam's cache when the layer's lock or architecture changed; sam looks at neither."""
    lock = (ROOT / "requirements/layer.txt").read_text()
    wanted = hashlib.sha256(f"{architecture}\0{lock}".encode()).hexdigest()
    stamp = CACHE.parent / "layer-lock"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(CACHE, ignore_errors=True)
        stamp.write_text(wanted)
