"""How a function's process ends at a call that a plan chooses, and whose does."""

# ruff: noqa: S603 - it runs the programs that it names
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.emulator.functions import MORTAL, mortality_of
from local.twins.serving import serving
from tests.local.conftest import VENV

KILLED = 137
CALLER = """
import httpx, os
def handler(event, context):
    httpx.post(os.environ["TARGET"] + "/v1/pages", trust_env=False)
class Context:
    aws_request_id = "the request"
handler({}, Context())
"""


class Side:
    """A server that counts what arrives."""

    def __init__(self) -> None:
        self.arrived: list[str] = []

    async def take(self, request: Request) -> Response:
        self.arrived.append(f"{request.method} {request.url.path}")
        return PlainTextResponse("taken")


@pytest.fixture
def side() -> Side:
    return Side()


@pytest.fixture
def url(side: Side) -> Iterator[str]:
    app = Starlette(routes=[Route("/v1/pages", side.take, methods=["POST"])])
    with serving(app) as url:
        yield url


def call(url: str, plan: Path) -> int:
    """Make one call as a mortal function; return how the process ended."""
    environ = {"PYTHONPATH": str(MORTAL), "MORTAL_PLAN": str(plan), "TARGET": url, "PATH": os.environ["PATH"]}
    return subprocess.run([VENV / "bin/python", "-c", CALLER], env=environ, check=False, timeout=60).returncode


def planned(folder: Path, **odds: float) -> Path:
    plan = folder / "plan.json"
    plan.write_text(json.dumps([{"call": "POST /v1/*", "before": 0.0, "after": 0.0, **odds}]))
    return plan


def test_a_call_that_is_to_kill_before_never_leaves(url: str, side: Side, tmp_path: Path) -> None:
    status = call(url, planned(tmp_path, before=1.0))

    assert (status, side.arrived) == (KILLED, [])


def test_a_call_that_is_to_kill_after_has_arrived(url: str, side: Side, tmp_path: Path) -> None:
    status = call(url, planned(tmp_path, after=1.0))

    assert (status, side.arrived) == (KILLED, ["POST /v1/pages"])


def test_a_death_is_told_with_the_invocation_that_it_ended(url: str, tmp_path: Path) -> None:
    call(url, planned(tmp_path, after=1.0))

    told = json.loads((tmp_path / "plan.deaths").read_text())
    assert (told["call"], told["moment"], told["request_id"]) == ("POST /v1/pages", "after", "the request")


def test_without_a_plan_nobody_dies(url: str, side: Side, tmp_path: Path) -> None:
    status = call(url, tmp_path / "none.json")

    assert (status, side.arrived) == (0, ["POST /v1/pages"])


def test_only_the_functions_that_are_named_are_mortal() -> None:
    environ = {"MORTAL_FUNCTIONS": "sync-worker", "MORTAL_PLAN": "plan.json"}

    mortal = {name for name in ("navsync-local-sync-worker", "navsync-local-dashboard") if mortality_of(name, environ)}

    assert mortal == {"navsync-local-sync-worker"}


def test_by_default_no_function_is_mortal() -> None:
    assert mortality_of("navsync-local-sync-worker", {}) == {}
