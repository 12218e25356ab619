# ruff: noqa: S603, S607 - it runs the programs that it names
"""Which tools does this checkout need, and are they here? Makes them from any Python 3.11 and the locks.

Standard library only, since nothing is installed when it runs. It makes, under ``.local``:

* ``uv``: the installer, in an environment of its own;
* ``venv``: Python 3.13 with everything for development, the local stack and the tests;
* ``runtime``: Python 3.13 with what AWS Lambda's own runtime holds and nothing else, so that a dependency
  missing from the layer is missing here too;
* ``audit``, only when it is asked for (``bootstrap.py audit``): what judges the template and the code.

Each is left alone while its lock and its Python are the ones it was made from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PYTHON = "3.13"
ROOT = Path(__file__).resolve().parent.parent
STAMP = ".made-from"
MISLEADING = frozenset({"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"})

NO_PYTHON = (
    f"we stopped because no Python {PYTHON} was found and none could be downloaded: install one (your "
    f"system's packages, python.org, or `pyenv install {PYTHON}`) so that `python{PYTHON}` works, and run "
    "the command again"
)


class Stopped(Exception):
    """The tools cannot be made; the message says why and what the reader can do."""


def digest(*parts: str) -> str:
    """Name what an environment was made from."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_made(where: Path, made_from: str) -> bool:
    """Say whether *where* holds an environment made from exactly this, with a Python that still runs."""
    try:
        stamp = (where / STAMP).read_text()
    except OSError:
        return False
    return stamp == made_from and works(where / "bin/python")


def works(python: Path) -> bool:
    """Say whether *python* runs; an environment outlives the Python it was made from as a dead link."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def pyenv_choice(installed: str) -> str | None:
    """Pick the newest installed 3.13 from what ``pyenv versions --bare`` prints.

    Where pyenv is installed with another version as its global one, its ``python3.13`` shim exists and fails,
    and uv gives up on it instead of looking further. PYENV_VERSION makes the shim work.
    """
    numbers = [line.strip().split(".") for line in installed.splitlines()]
    ours = [n for n in numbers if n[:2] == PYTHON.split(".") and all(part.isdigit() for part in n)]
    return ".".join(max(ours, key=lambda n: [int(part) for part in n])) if ours else None


def environment() -> dict[str, str]:
    """Return the environment that uv runs in."""
    env = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    if shutil.which("pyenv"):
        listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
        if choice := pyenv_choice(listed.stdout):
            env["PYENV_VERSION"] = choice
    return env


def run(*command: str | Path) -> None:
    """Run *command* quietly, or stop with what it said."""
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise Stopped(f"we stopped because `{' '.join(map(str, command[:4]))} …` failed; it said:\n{said}")


def make_uv(where: Path, lock: Path) -> None:
    """Install uv, checked against its hashes, into an environment of its own."""
    try:
        run(sys.executable, "-m", "venv", "--clear", where)
    except Stopped as error:
        raise Stopped(f"{error}\n(on Debian and Ubuntu, `apt install python3-venv` helps)") from error
    run(where / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock)


def make_environment(uv: Path, where: Path, lock: Path) -> None:
    """Bring *where* to exactly what *lock* lists, on Python 3.13."""
    if not works(where / "bin/python"):
        try:
            run(uv, "venv", "--clear", "--python", PYTHON, where)
        except Stopped as error:
            raise Stopped(f"{NO_PYTHON}\n({error})") from error
    run(uv, "pip", "sync", "--require-hashes", "--python", where / "bin/python", lock)


@contextlib.contextmanager
def alone(local: Path) -> Iterator[None]:
    """Keep a second `make` from building the same environments at the same time."""
    local.mkdir(exist_ok=True)
    with (local / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(name: str, where: Path, lock: Path) -> None:
    """Make one environment unless it is there, and say how long that took."""
    made_from = digest(lock.read_text(), PYTHON)
    if is_made(where, made_from):
        return
    print(f"  installing {name} …", end="", flush=True)
    started = time.perf_counter()
    if name == "uv":
        make_uv(where, lock)
    else:
        make_environment(ROOT / ".local/uv/bin/uv", where, lock)
    (where / STAMP).write_text(made_from)
    print(f" {time.perf_counter() - started:.1f} s", flush=True)


def main() -> int:
    """Make what is missing; 0 when everything is there."""
    if sys.version_info < (3, 11):  # noqa: UP036 - any Python may run this file
        print(f"we stopped because this is Python {sys.version.split()[0]}: run it with Python 3.11 or newer")
        return 1
    local, locks = ROOT / ".local", ROOT / "requirements"
    try:
        with alone(local):
            ensure("uv", local / "uv", locks / "uv.txt")
            ensure("Python and tools", local / "venv", locks / "dev.txt")
            ensure("Lambda's runtime", local / "runtime", locks / "runtime.txt")
            if "audit" in sys.argv[1:]:
                ensure("auditors", local / "audit", locks / "audit.txt")
    except Stopped as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
