"""The stack as a stranger meets it: `navsync up`, Ctrl-C, up again, `navsync down` and `reset`, `navsync demo`."""

# ruff: noqa: S603, S607 - it runs the programs that it names
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.navsync.both_sides import KINDS
from local.navsync.machine import this_machine
from tests.e2e.permissions import NEVER_NEEDED, Decided, exercise, granted
from tests.e2e.shown import Typed
from tests.local.conftest import ROOT, VENV, free_ports

pytestmark = pytest.mark.timeout(600)

PORTS = ("NAVSYNC_PORT", "NOTION_TWIN_PORT", "NAVIMPACT_TWIN_PORT", "NAVSYNC_AWS_PORT")
PERMISSIONS = "permissions.jsonl"
READY, READY_WITHIN_S = "Ctrl-C stops everything", 240.0


def command(*words: str) -> list[str | Path]:
    return [VENV / "bin/python", "-m", "local.navsync", *words]


def told(environ: dict[str, str], *words: str) -> str:
    """What a command prints that ends well."""
    done = subprocess.run(command(*words), cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Up:
    """A `navsync up` in the foreground."""

    process: "subprocess.Popen[str]"
    environ: dict[str, str]
    said: str = ""

    def read_until_ready(self) -> None:
        assert self.process.stdout
        give_up = threading.Timer(READY_WITHIN_S, self.process.terminate)
        give_up.start()
        for line in self.process.stdout:
            self.said += line
            if READY in line:
                break
        give_up.cancel()
        assert READY in self.said, self.said

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        self.said += said
        return self.process.returncode


def mapped(environ: dict[str, str]) -> list[tuple[int, str]]:
    """What NavSync says of every record and its page."""
    answer = httpx.get(
        f"http://localhost:{environ['NAVSYNC_PORT']}/api/v1/notion/sync-mappings",
        params={"limit": 1000},
        headers={"Authorization": f"Bearer {told(environ, 'token').strip()}"}, trust_env=False, timeout=30,
    )  # fmt: skip
    return sorted((one["id"], one["notion_page_id"]) for one in answer.json()["items"])


def records(environ: dict[str, str]) -> int:
    """How many records NavImpact holds, of all four kinds."""
    url, person = f"http://localhost:{environ['NAVIMPACT_TWIN_PORT']}", {"Twin-Actor": "person"}
    answers = [httpx.get(url + kind.path, params={"limit": 1}, headers=person, trust_env=False) for kind in KINDS]
    return sum(int(answer.headers["X-Total-Count"]) for answer in answers)


@contextmanager
def navsync_up(environ: dict[str, str]) -> Iterator[Up]:
    process = subprocess.Popen(
        command("up"), cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    up = Up(process, environ)
    try:
        up.read_until_ready()
        yield up
    finally:
        if process.poll() is None:
            up.interrupt()


def environ_of(home: Path) -> dict[str, str]:
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    return os.environ | ports | {"NAVSYNC_HOME": str(home), "IAM_LOG": str(home / PERMISSIONS)}


def processes_that_name(*words: str) -> list[str]:
    """The command lines, with their environments, of live processes that hold any of *words*."""
    said = subprocess.run(["ps", "eww", "-A", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    lines = [line for line in said.stdout.splitlines() if "defunct" not in line and "ps eww" not in line]
    return [line[:200] for line in lines if any(word in line for word in words) and "-m pytest" not in line]


@dataclass(frozen=True)
class Lived:
    """What was seen of a stack that was up, interrupted, up again in the background, taken down, and forgotten.

    *home* is what it kept, as it was before it was forgotten.
    """

    while_up: list[str]
    typed: Typed
    status: int
    left_behind: list[str]
    records: int
    mapped: list[tuple[int, str]]
    mapped_again: list[tuple[int, str]]
    said_again: str
    said_down: str
    left_by_down: list[str]
    left_by_reset: set[str]
    home: Path


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    home, kept = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("kept") / "home"
    environ = environ_of(home)
    with navsync_up(environ) as first:
        there, before, while_up = records(environ), mapped(environ), processes_that_name(str(home))
        typed = Typed.on(environ)
        exercise(this_machine(environ), told(environ, "token", "--role", "admin").strip())
        status = first.interrupt()
    left_behind = processes_that_name(str(home))
    try:
        said_again, again = told(environ, "up", "--background"), mapped(environ)
    finally:
        said_down = told(environ, "down")
    left_by_down = processes_that_name(str(home))
    shutil.copytree(home, kept)
    told(environ, "reset")
    left_by_reset = {path.name for path in home.iterdir()}
    return Lived(
        while_up, typed, status, left_behind, there, before, again, said_again, said_down, left_by_down, left_by_reset,
        kept,
    )  # fmt: skip


def test_every_sample_record_has_its_page_when_the_command_says_so(lived: Lived) -> None:
    assert len(lived.mapped) == lived.records


def test_the_sample_has_projects_and_what_belongs_to_them(lived: Lived) -> None:
    assert lived.records > 100


def test_an_edit_by_curl_as_the_readme_shows_it_arrives_in_notion(lived: Lived) -> None:
    assert lived.typed.title_in_notion == "Renamed by curl"
    assert lived.typed.budget_in_navimpact == 4321


def test_the_api_answers_as_the_readme_asks_it(lived: Lived) -> None:
    assert [one["state"] for one in lived.typed.dashboard["workspaces"]] == ["connected"]


def test_every_address_of_the_readme_opens(lived: Lived) -> None:
    assert list(lived.typed.pages.values()) == [200, 200, 200]


def test_the_status_names_every_server_with_its_process(lived: Lived) -> None:
    assert re.findall(r"(\S+) +runs as \d+", lived.typed.status) == ["emulator", "notion-twin", "navimpact-twin"]


def test_the_log_of_a_function_can_be_read(lived: Lived) -> None:
    assert '"message":"slice"' in lived.typed.worker_log


def test_who_arms_the_webhook_is_told_until_when(lived: Lived) -> None:
    assert re.search(r"accepted until \d\d:\d\d:\d\d UTC", lived.typed.armed)


def test_ctrl_c_is_how_a_stack_that_is_up_is_meant_to_end(lived: Lived) -> None:
    assert lived.status == 0


def test_ctrl_c_leaves_no_process_behind(lived: Lived) -> None:
    assert lived.left_behind == []


def test_what_is_looked_for_after_ctrl_c_is_there_before(lived: Lived) -> None:
    assert len(lived.while_up) >= 4


def test_a_second_start_finds_everything_as_it_was(lived: Lived) -> None:
    assert lived.mapped_again == lived.mapped


def test_a_second_start_builds_and_deploys_nothing(lived: Lived) -> None:
    assert "nothing changed" in lived.said_again


def test_down_says_what_it_stopped(lived: Lived) -> None:
    assert lived.said_down.strip() == "stopped navimpact-twin, notion-twin, emulator"


def test_down_leaves_no_process_behind(lived: Lived) -> None:
    assert lived.left_by_down == []


def test_reset_forgets_state_and_logs(lived: Lived) -> None:
    assert lived.left_by_reset & {"state", "log", "run"} == set()


def kept_secrets(home: Path) -> set[str]:
    """Every value that Secrets Manager held when the stack stopped."""
    stored = json.loads((home / "state/aws/now/secretsmanager.json").read_text())
    versions = [v for secret in stored["payload"]["secrets"]["data"].values() for v in secret["Versions"].values()]
    values = (value for version in versions for value in json.loads(version["SecretString"]).values())
    return {value for value in values if isinstance(value, str) and value}


def others_that_hold(secrets: set[str], home: Path) -> set[str]:
    """The files of a stack, but for its secret store, in which one of *secrets* is found."""
    places = [*home.glob("log/*.log"), *home.glob("state/aws/now/*.json")]
    assert {"dynamodb.json", "lambda.json", "sqs.json", "cloudwatch_logs.json"} <= {place.name for place in places}
    texts = {place.name: place.read_text(errors="replace") for place in places if place.name != "secretsmanager.json"}
    return {name for name, text in texts.items() if any(secret in text for secret in secrets)}


def test_no_secret_is_found_outside_the_secret_store(lived: Lived) -> None:
    secrets = kept_secrets(lived.home)

    assert len(secrets) >= 7  # client secret, three to sign with, the webhook's token, an access and a refresh token
    assert (lived.home / "log/sync-worker.log").exists()
    assert others_that_hold(secrets, lived.home) == set()


def test_no_bearer_token_is_logged(lived: Lived) -> None:
    logs = [
        log for log in lived.home.glob("log/*.log") if re.search(r"eyJ[\w-]+\.eyJ", log.read_text(errors="replace"))
    ]

    assert logs == []


@dataclass(frozen=True)
class Shown:
    """What came of the demo, and where it was."""

    home: Path
    status: int
    said: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    home = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        command("demo"), cwd=ROOT, env=environ_of(home), capture_output=True, text=True, timeout=580, check=False
    )
    return Shown(home, done.returncode, done.stdout + done.stderr)


def test_the_demo_holds(shown: Shown) -> None:
    assert shown.status == 0, shown.said


def test_the_demo_leaves_no_secret_outside_the_secret_store(shown: Shown) -> None:
    assert others_that_hold(kept_secrets(shown.home / "demo"), shown.home / "demo") == set()


@pytest.fixture(scope="module")
def decided(lived: Lived, shown: Shown) -> Decided:
    """What the functions asked for on both stacks, each under its role."""
    return Decided.by(lived.home / PERMISSIONS, shown.home / PERMISSIONS)


def test_no_function_asked_for_what_its_role_does_not_grant(decided: Decided) -> None:
    assert (decided.denied, decided.allowed - granted()) == (set(), set())


def test_what_is_granted_is_used_or_it_is_known_what_for(decided: Decided) -> None:
    assert granted() - decided.allowed - NEVER_NEEDED.keys() == set()


def test_what_is_said_of_permissions_is_about_permissions_that_there_are() -> None:
    assert NEVER_NEEDED.keys() - granted() == set()
