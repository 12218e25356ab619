"""Schemathesis asks everything that the document allows, and much that it does not, for two organisations.

The routes are those of the document, whichever these are. `NAVSYNC_FUZZ_CASES` says how many cases each gets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from navsync import api
from navsync.api import requests
from navsync.store import Erasures
from tests.handlers.deployed import FUNCTIONS, Cloud, Function
from tests.handlers.documents import FOLDER
from tests.handlers.gateway import Served, serving
from tests.handlers.known import JWT_SECRET, W, a_workspace, something_to_decide
from tests.template.loading import TEMPLATE

CASES = int(os.environ.get("NAVSYNC_FUZZ_CASES", "200"))
ENDLESS = "1000000000"
HOOKED = os.environ | {"SCHEMATHESIS_HOOKS": "tests.handlers.hooks", "PYTHONPATH": str(TEMPLATE.parent)}

NOT_CHECKED = {
    "unsupported_method": "API Gateway answers a method that a path has not with 404",
    "allow_header_conformance": "so it names no methods either",
    "use_after_free": "a workspace that was disconnected is still listed, so that it can be connected again",
    "positive_data_acceptance": "`hooks.py` has it, with what the document cannot say",
}


@contextmanager
def two_organisations(cloud: Cloud) -> Iterator[Served]:
    """A workspace of each, with something to decide in the first, behind HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (requests, api):  # nobody works here, so who waits would wait in vain
            patch.setattr(module, "LONGEST_WAIT_S", 0)
        patch.setattr(Erasures, "begin", lambda *_, **__: None)  # what is erased could be asked nothing any more
        patch.setattr(Erasures, "go_on", lambda *_, **__: True)
        a_workspace(cloud)
        something_to_decide(cloud)
        a_workspace(cloud, W + 1, bot_id="b2", org="bay", members={"eve": "admin"})
        with serving(_limitless(cloud)) as served:
            yield served


def ask_everything(served: Served, folder: Path, method: str) -> None:
    """Ask each route of *method* often enough; one that Schemathesis tires of is asked once more alone."""
    fuzz(served, folder, "--phases", "examples,coverage,fuzzing", "--include-method", method)
    for route in too_rarely_asked(served, method):
        fuzz(served, folder, "--phases", "fuzzing", "--include-name", route)
    assert too_rarely_asked(served, method) == {}


def fuzz(served: Served, folder: Path, *how: str, unchecked: Iterable[str] = NOT_CHECKED) -> None:
    """Ask as one organisation's admin, with another's looking for what is not theirs; *how*: which phases and routes.

    Fails with what Schemathesis says, when it found something.
    """
    users = folder / "users.json"
    users.write_text(json.dumps({"auth": [_user("ana", "reef"), _user("eve", "bay")]}), encoding="utf-8")
    command: list[str | Path] = [
        sys.executable, "-m", "schemathesis.cli", "run", FOLDER / "openapi.json", "--url", served.url,
        "--auth-wfc", users, "--max-examples", str(CASES), "--checks", "all",
        "--exclude-checks", ",".join(unchecked), "--seed", "1", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off", *how,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=folder, env=HOOKED, capture_output=True, text=True, check=False)  # noqa: S603  # no shell, and every word is ours
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr


def too_rarely_asked(served: Served, method: str) -> dict[str, int]:
    """Routes of *method* that did not get their cases, and how many they got; one that takes nothing needs one."""
    paths = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))["paths"]
    operations = {f"{method} {path}": taken[method.lower()] for path, taken in paths.items() if method.lower() in taken}
    return {
        route: served.calls[route]
        for route, operation in operations.items()
        if served.calls[route] < (CASES if operation["parameters"] or "requestBody" in operation else 1)
    }


def _limitless(cloud: Cloud) -> dict[str, Function]:
    """The functions by the names of their resources, without limits: a flood is what this is."""
    named = {declared["CodeUri"].removeprefix("functions/"): name for name, declared in FUNCTIONS.items()}
    limitless = {"CALLS_PER_MINUTE": ENDLESS}
    started = {
        "dashboard": cloud.deployment.start("dashboard", **limitless),
        "oauth_callback": cloud.deployment.start("oauth_callback", **limitless),
        "sync_trigger": cloud["sync_trigger"],
    }
    return {named[name]: function for name, function in started.items()} | {
        "authorizer": cloud["authorizer"],
    }


def _user(subject: str, org: str) -> dict[str, Any]:
    """A caller as the Web Fuzzing Commons write one."""
    claims = {"sub": subject, "role": "admin", "org": org, "exp": datetime.now(UTC) + timedelta(hours=2)}
    token = jwt.encode(claims, JWT_SECRET)
    return {"name": subject, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
