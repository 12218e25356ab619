# ruff: noqa: S603 - it runs the programs that it is given
"""How is a server started so that it outlives the command, and stopped so that nothing of it remains?"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.navsync.stopped import Stopped

POLL_S = 0.05
KILLED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """A program that runs in the background, in a process group of its own."""

    name: str
    module: str
    environ: Mapping[str, str]
    ready_url: str


class Processes:
    """The servers of one home folder, remembered in pid files.

    Args:
        python: what servers run on.
        root: the folder that their modules are found from.
        run: where pid files are.
        log: where logs are.
    """

    def __init__(self, *, python: Path, root: Path, run: Path, log: Path) -> None:
        self.python = python
        self.root = root
        self.run = run
        self.log = log
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, server: Server) -> None:
        """Start *server* detached from this terminal, so that Ctrl-C reaches it only through us."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(parents=True, exist_ok=True)
        with self.log_of(server.name).open("wb") as log:
            child = subprocess.Popen(
                [self.python, "-m", server.module],
                cwd=self.root, env=dict(server.environ), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._children[server.name] = child
        self._pid_file(server.name).write_text(f"{child.pid} {server.module}")

    def stop(self, name: str, *, patience_s: float = 30.0) -> bool:
        """End a server and whatever it started; False when it was not running.

        It is asked first and given time, since the emulator writes its state on the way out.
        """
        running = self.pid(name)
        if running is not None:
            _signal(running, signal.SIGTERM)
            self._wait_until_gone(name, patience_s)
            _kill_group(running)
        if child := self._children.pop(name, None):
            child.wait()
        self._pid_file(name).unlink(missing_ok=True)
        return running is not None

    def pid(self, name: str) -> int | None:
        """Return the process id of a running server; a stale pid file is as good as none."""
        try:
            number, module = self._pid_file(name).read_text().split()
        except (OSError, ValueError):
            return None
        return int(number) if module in _command_of(int(number)) else None

    def names(self) -> list[str]:
        """Name the servers that have pid files."""
        return sorted(path.stem for path in self.run.glob("*.pid"))

    def log_of(self, name: str) -> Path:
        """Return the path of a server's log."""
        return self.log / f"{name}.log"

    def _wait_until_gone(self, name: str, patience_s: float) -> None:
        give_up = time.monotonic() + patience_s
        while self.pid(name) is not None and time.monotonic() < give_up:
            time.sleep(POLL_S)

    def _pid_file(self, name: str) -> Path:
        return self.run / f"{name}.pid"


def run_tool(command: Sequence[str | Path], *, cwd: Path, environ: Mapping[str, str], log: Path) -> None:
    """Run *command* to its end, its words in *log*; when we are interrupted, nothing of it remains."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(environ), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        status = process.wait()
    except BaseException:
        _kill_group(process.pid)
        process.wait()
        raise
    if status:
        words = " ".join(map(str, command[:2]))
        raise Stopped(f"`{words}` failed; the end of {log} says:\n{tail(log)}")


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log."""
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return "(nothing)"


def _command_of(pid: int) -> str:
    """Return the command line of a live process, or nothing; a zombie is not alive."""
    asked = ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return "" if said.startswith("Z") else said


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill_group(group: int) -> None:
    """Kill what remains of a process group, and return when nothing of it lives."""
    give_up = time.monotonic() + KILLED_WITHIN_S
    while _lives(group) and time.monotonic() < give_up:
        # macOS answers EPERM for a group whose only member is a zombie
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        time.sleep(POLL_S)


def _lives(group: int) -> bool:
    asked = ["ps", "-A", "-o", "pgid=,stat="]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    members = (line.split() for line in said.splitlines())
    return any(pgid == str(group) and not state.startswith("Z") for pgid, state in members)
