# ruff: noqa: S603 - it runs the programs that it names
"""One emulator with the sample stack, for all tests of this folder."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parent / "sample"
VENV = ROOT / ".local/venv"
NEUTRAL = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@dataclass(frozen=True)
class Emulator:
    aws_port: int
    api_port: int
    iam_log: Path

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def session(self) -> boto3.Session:
        return boto3.Session("000000000000", "local", region_name="us-east-1")

    def outputs(self) -> dict[str, str]:
        client = self.session.client("cloudformation", endpoint_url=self.aws_url)
        stack = client.describe_stacks(StackName="sample")["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator as the launcher starts it, empty."""
    home = tmp_path_factory.mktemp("emulator")
    aws_port, api_port = free_ports(2)
    running = Emulator(aws_port, api_port, home / "iam.jsonl")
    environ = NEUTRAL | {
        "PATH": f"{VENV / 'bin'}:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home),
        "NAVSYNC_AWS_PORT": str(aws_port), "NAVSYNC_PORT": str(api_port), "AUTH": "true",
        "RUNTIME_PYTHON": str(ROOT / ".local/runtime/bin/python"), "IAM_LOG": str(running.iam_log),
        "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "DEVELOPERS_TOKEN": "hunter2",
    }  # fmt: skip
    with (home / "log").open("wb") as log:
        command: list[str | Path] = [VENV / "bin/python", "-m", "local.emulator"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        _wait_for(f"{running.aws_url}/_ministack/ready", process)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def deployed(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    """The emulator with the sample stack, put there by a real `sam deploy`."""
    environ = os.environ | NEUTRAL | {
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": emulator.aws_url,
        "AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.1",
    }  # fmt: skip
    command: list[str | Path] = [
        VENV / "bin/sam", "deploy", "--stack-name", "sample", "--resolve-s3", "--region", "us-east-1",
        "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=SAMPLE, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return emulator


@pytest.fixture
def api(deployed: Emulator) -> Iterator[httpx.Client]:
    """A client of the deployed API at its own origin."""
    with httpx.Client(base_url=f"http://localhost:{deployed.api_port}", trust_env=False, timeout=30) as client:
        yield client


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the emulator did not start")
