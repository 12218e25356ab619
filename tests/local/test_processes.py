# ruff: noqa: S603, S607 - it runs the programs that it names
"""Starting servers and leaving nothing behind."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.navsync.processes import Processes, Server, run_tool
from local.navsync.stopped import Stopped

# Starts a child of its own that ignores being asked to end, says who they are, and waits.
PARENT = """
import os, pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
pathlib.Path(os.environ["TOLD"]).write_text(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    (tmp_path / "parent.py").write_text(PARENT)
    made = Processes(python=Path(sys.executable), root=tmp_path, run=tmp_path / "run", log=tmp_path / "log")
    yield made
    made.stop("parent")


@pytest.fixture
def family(processes: Processes, tmp_path: Path) -> list[int]:
    """The process ids of a started server and of the child it started."""
    told = tmp_path / "told"
    processes.start(Server("parent", "parent", {"PATH": os.defpath, "TOLD": str(told)}, ready_url=""))
    give_up = time.monotonic() + 20
    while not (told.exists() and len(told.read_text().split()) == 2):
        assert time.monotonic() < give_up, processes.log_of("parent").read_text()
        time.sleep(0.02)
    return [int(pid) for pid in told.read_text().split()]


def is_alive(pid: int) -> bool:
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(said.stdout.strip()) and not said.stdout.startswith("Z")


def test_a_running_server_is_found_by_its_pid_file(processes: Processes, family: list[int]) -> None:
    assert processes.pid("parent") == family[0]


def test_stopping_a_server_ends_what_it_started(processes: Processes, family: list[int]) -> None:
    processes.stop("parent")
    assert [is_alive(pid) for pid in family] == [False, False]


def test_a_stopped_server_is_forgotten(processes: Processes, family: list[int]) -> None:
    processes.stop("parent")
    assert processes.names() == []


def test_a_pid_file_that_outlived_its_server_names_nobody_elses(processes: Processes) -> None:
    processes.run.mkdir()
    (processes.run / "parent.pid").write_text(f"{os.getppid()} some.module.of.ours")
    assert processes.pid("parent") is None


def test_a_failing_tool_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]
    with pytest.raises(Stopped, match="the disk is full"):
        run_tool(command, cwd=tmp_path, environ={}, log=tmp_path / "log")
