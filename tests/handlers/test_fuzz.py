"""Schemathesis asks everything that the document allows, and much that it does not, for two organisations.

`NAVSYNC_FUZZ_CASES` says how many cases each operation gets; `make fuzz` asks for more than `make test` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from navsync.api import requests
from navsync.store import Erasures
from tests.handlers.deployed import FUNCTIONS, Cloud, Function
from tests.handlers.documents import FOLDER
from tests.handlers.gateway import serving
from tests.handlers.known import JWT_SECRET, W, a_workspace, something_to_decide

CASES = os.environ.get("NAVSYNC_FUZZ_CASES", "5")
ENDLESS = "1000000000"

NOT_CHECKED = {
    "unsupported_method": "API Gateway answers a method that a path has not with 404",
    "allow_header_conformance": "so it names no methods either",
    "use_after_free": "a workspace that was disconnected is still listed, so that it can be connected again",
    "positive_data_acceptance": "a state that nobody was given fits its type, as do filters that exclude each other",
}


@pytest.mark.timeout(3_600)
def test_whatever_is_asked_the_answer_is_as_declared(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "LONGEST_WAIT_S", 0)  # nobody works here, so who waits would wait in vain
    monkeypatch.setattr(Erasures, "begin", lambda *_, **__: None)  # what is erased could be asked nothing any more
    monkeypatch.setattr(Erasures, "go_on", lambda *_, **__: True)
    a_workspace(cloud)
    something_to_decide(cloud)
    a_workspace(cloud, W + 1, bot_id="b2", org="bay", members={"eve": "admin"})

    with serving(functions(cloud)) as url:
        run = schemathesis(url, tmp_path)

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr


def functions(cloud: Cloud) -> dict[str, Function]:
    """Each by the name of its resource, without limits: a flood is what this is."""
    named = {declared["CodeUri"].removeprefix("functions/"): name for name, declared in FUNCTIONS.items()}
    limitless = {"CALLS_PER_MINUTE": ENDLESS}
    started = {
        "dashboard": cloud.deployment.start("dashboard", **limitless),
        "oauth_callback": cloud.deployment.start("oauth_callback", **limitless),
        "sync_trigger": cloud["sync_trigger"],
    }
    return {named[name]: function for name, function in started.items()} | {"authorizer": cloud["authorizer"]}


def schemathesis(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """All phases, as one organisation's admin, with another's looking for what is not theirs."""
    users = folder / "users.json"
    users.write_text(json.dumps({"auth": [user("ana", "reef"), user("eve", "bay")]}), encoding="utf-8")
    command: list[str | Path] = [
        sys.executable, "-m", "schemathesis.cli", "run", FOLDER / "openapi.json", "--url", url,
        "--auth-wfc", users, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", CASES,
        "--checks", "all", "--exclude-checks", ",".join(NOT_CHECKED), "--seed", "1", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off",
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def user(subject: str, org: str) -> dict[str, Any]:
    """A caller as the Web Fuzzing Commons write one."""
    claims = {"sub": subject, "role": "admin", "org": org, "exp": datetime.now(UTC) + timedelta(hours=2)}
    token = jwt.encode(claims, JWT_SECRET)
    return {"name": subject, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
