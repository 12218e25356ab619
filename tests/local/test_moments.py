# ruff: noqa: S603 - it runs the programs that it names
"""What an emulator that was killed still knows."""

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from local.emulator import moments
from local.emulator.moments import changed_by
from local.emulator.vendor import cloudformation
from local.navsync import cli, connecting, servers, stack
from local.navsync.deployment import Deployment
from local.navsync.machine import Machine, this_machine
from local.navsync.narration import Narrator
from local.navsync.stopped import Stopped
from tests.local.conftest import NEUTRAL, ROOT, VENV, Emulator, _wait_for, free_ports

KEPT_WITHIN_S = 30.0


class Mortal:
    """An emulator with a state, which may be killed and started again."""

    def __init__(self, home: Path) -> None:
        aws_port, api_port = free_ports(2)
        self.running = Emulator(aws_port, api_port, home / "iam.jsonl")
        self.home, self.state = home, home / "state/aws"
        self._environ = NEUTRAL | {
            "PATH": f"{VENV / 'bin'}:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home),
            "NAVSYNC_AWS_PORT": str(aws_port), "NAVSYNC_PORT": str(api_port),
            "RUNTIME_PYTHON": str(ROOT / ".local/runtime/bin/python"),
            "PERSIST_STATE": "1", "STATE_DIR": str(self.state), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        command: list[str | Path] = [VENV / "bin/python", "-m", "local.emulator"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=self._keep_log, args=(self._process,), daemon=True).start()
        _wait_for(f"{self.running.aws_url}/_ministack/ready", self._process)

    def _keep_log(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout, (self.home / "log").open("ab", buffering=0) as log:
            for line in process.stdout:
                log.write(line)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)

    def limit_files_to(self, bytes_each: int) -> None:
        """Let it write no file beyond so many bytes, as a full disk does; its log goes through a pipe."""
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (bytes_each, resource.RLIM_INFINITY))

    def await_in_log(self, words: str) -> None:
        give_up = time.monotonic() + KEPT_WITHIN_S
        while words not in (self.home / "log").read_text():
            assert time.monotonic() < give_up, (self.home / "log").read_text()[-3000:]
            time.sleep(0.05)

    def client(self, service: Any) -> Any:
        return self.running.session.client(service, endpoint_url=self.running.aws_url)

    def now(self) -> str | None:
        """Name the moment that counts."""
        link = self.state / moments.NOW
        return str(link.readlink()) if link.is_symlink() else None

    def await_a_moment(self, after: str | None = None) -> str:
        give_up = time.monotonic() + KEPT_WITHIN_S
        while (now := self.now()) == after or now is None:
            assert time.monotonic() < give_up, (self.home / "log").read_text()[-3000:]
            time.sleep(0.05)
        return now


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    emulator = Mortal(tmp_path)
    yield emulator
    emulator.kill()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return this_machine({"NAVSYNC_HOME": str(tmp_path)})


def make_table(mortal: Mortal) -> None:
    mortal.client("dynamodb").create_table(
        TableName="words", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip


def put(mortal: Mortal, word: str) -> None:
    mortal.client("dynamodb").put_item(TableName="words", Item={"id": {"S": word}})


def words(mortal: Mortal) -> set[str]:
    return {item["id"]["S"] for item in mortal.client("dynamodb").scan(TableName="words")["Items"]}


def test_what_was_written_some_seconds_before_a_kill_is_there_afterwards(mortal: Mortal) -> None:
    make_table(mortal)
    first = mortal.await_a_moment()
    put(mortal, "kept")
    mortal.await_a_moment(after=first)

    mortal.kill()
    mortal.start()

    assert words(mortal) == {"kept"}


def test_after_a_kill_all_services_are_of_one_moment(mortal: Mortal) -> None:
    make_table(mortal)
    queue = mortal.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    sqs, before = mortal.client("sqs"), mortal.await_a_moment()
    number = 0
    while mortal.now() == before:
        number += 1
        put(mortal, str(number))
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))

    mortal.kill()
    mortal.start()

    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    # a word is put before it is told, so the kept moment lies between two words or within one
    assert len(words(mortal)) - int(told["Attributes"]["ApproximateNumberOfMessages"]) in {0, 1}


def test_a_moment_that_a_kill_cut_short_does_not_count(mortal: Mortal) -> None:
    make_table(mortal)
    put(mortal, "kept")
    mortal.end()
    half = mortal.state / f"{moments.PREFIX}half"
    half.mkdir()
    (half / "dynamodb.json").write_text('{"__ministack_format__": 2, "payl')

    mortal.start()

    assert (words(mortal), half.exists()) == ({"kept"}, False)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot limit the files of another process")
def test_what_the_disk_did_not_take_is_kept_once_there_is_room(mortal: Mortal) -> None:
    make_table(mortal)
    before = mortal.await_a_moment()
    put(mortal, "x" * 1_000)
    before = mortal.await_a_moment(after=before)
    mortal.limit_files_to(1_000)
    put(mortal, "kept")
    mortal.await_in_log("the state was not saved")
    meanwhile = mortal.now()
    mortal.limit_files_to(resource.RLIM_INFINITY)
    mortal.await_a_moment(after=before)

    mortal.kill()
    mortal.start()

    assert (meanwhile, words(mortal)) == (before, {"x" * 1_000, "kept"})


def test_what_ministack_alone_had_written_is_taken_over(mortal: Mortal) -> None:
    make_table(mortal)
    put(mortal, "kept")
    mortal.end()
    for file in (mortal.state / moments.NOW).glob("*.json"):
        file.rename(mortal.state / file.name)
    (mortal.state / moments.NOW).unlink()

    mortal.start()

    assert (words(mortal), list(mortal.state.glob("*.json"))) == ({"kept"}, [])


def test_only_an_emulator_that_was_killed_may_miss_something(mortal: Mortal) -> None:
    machine = this_machine({"NAVSYNC_HOME": str(mortal.home)})
    make_table(mortal)
    mortal.end()
    after_its_end = servers.may_be_missing_s(machine)
    mortal.start()
    mortal.kill()

    assert (after_its_end, servers.may_be_missing_s(machine)) == (None, moments.EVERY_S)


@pytest.mark.parametrize(
    ("method", "target", "changed"),
    [
        ("POST", b"DynamoDB_20120810.PutItem", "dynamodb"),
        ("POST", b"DynamoDB_20120810.TransactWriteItems", "dynamodb"),
        ("POST", b"DynamoDB_20120810.TransactGetItems", None),
        ("POST", b"DynamoDB_20120810.Query", None),
        ("POST", b"AmazonSQS.SendMessage", "sqs"),
        ("POST", b"secretsmanager.PutSecretValue", "secretsmanager"),
        ("POST", b"TrentService.CreateKey", moments.ANY),
        ("POST", b"secretsmanager.GetSecretValue", None),
        ("GET", b"", None),
        ("PUT", b"", moments.ANY),
    ],
)
def test_only_what_may_change_something_is_a_reason_to_save(method: str, target: bytes, changed: str | None) -> None:
    assert changed_by(method, {b"x-amz-target": target.decode()}) == changed


@pytest.mark.parametrize(("status", "waits"), [("UPDATE_IN_PROGRESS", True), ("UPDATE_COMPLETE", False)])
def test_no_moment_is_kept_in_which_a_stack_is_under_way(
    monkeypatch: pytest.MonkeyPatch, status: str, *, waits: bool
) -> None:
    monkeypatch.setattr(cloudformation._stacks, "_data", {("1", "here", "navsync"): {"StackStatus": status}})  # noqa: SLF001

    assert moments.is_deploying() is waits


def test_who_starts_after_a_kill_reads_what_may_be_missing_and_what_is_done(machine: Machine) -> None:
    said = StringIO()
    (machine.state / "aws").mkdir(parents=True)
    (machine.state / "aws/running").write_text("7")

    Narrator(Console(file=said)).warn(stack.unclean(servers.may_be_missing_s(machine) or 0))

    assert "up to 7 seconds of mappings, history, decisions and settings" in said.getvalue()
    assert "NavSync looks at all records again" in said.getvalue()


def test_after_a_kill_each_connected_workspace_is_looked_at_as_a_whole() -> None:
    asked: list[str] = []
    listed = {"items": [{"id": name, "state": name} for name in ("connected", "paused", "disconnected")]}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json=listed)

    with httpx.Client(base_url="http://navsync.test/", transport=httpx.MockTransport(answer)) as api:
        connecting.look_at_everything(api)

    assert asked == ["GET /workspaces", "POST /workspaces/connected/setup"]


def test_after_a_kill_nothing_counts_as_deployed(machine: Machine) -> None:
    deployment = Deployment(machine, {"Architecture": "arm64"})
    machine.state.mkdir(parents=True)
    (machine.state / "deployed").write_text(deployment.fingerprint)

    deployment.forget()

    assert deployment.is_current() is False


def test_who_sees_the_emulator_end_is_told_how_to_go_on(machine: Machine) -> None:
    (machine.state / "aws").mkdir(parents=True)
    (machine.state / "aws/running").write_text("7")

    assert cli.ended(machine, servers.EMULATOR) == (
        f"the emulator ended; the end of its log is in {machine.log}{os.sep}emulator.log. Start everything again with "
        "`make run` (up to 7 seconds of mappings, history, decisions and settings may be missing)"
    )


def test_a_twin_that_ended_has_lost_nothing(machine: Machine) -> None:
    assert cli.ended(machine, servers.NOTION).endswith("Start everything again with `make run`")


def test_who_starts_while_only_the_twins_go_on_is_told_to_stop_them_first(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.run.mkdir(parents=True)
    for name in (servers.EMULATOR, servers.NOTION):
        (machine.run / f"{name}.pid").touch()
    monkeypatch.setattr(servers.processes(machine), "pid", {servers.NOTION: 1}.get)

    with pytest.raises(Stopped, match=r"the emulator ended while the rest.*`make down`.*`make run`"):
        stack.check_ports(machine)
