"""What the suites really asked the twin: written by each suite, read by the report."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from starlette.routing import Route

from local.twins.notion import Config, create_app
from local.twins.notion.gate import ROUTES
from tests.twins.notion.rig import Rig

FOLDER: Final = Path(__file__).parents[2] / ".local" / "conformance"

type Check = Literal["recording", "openapi", "error_text", "twin_tests", "js_sdk", "python_sdk", "sdk_types"]


@dataclass(frozen=True)
class Call:
    """One request and the status of its answer."""

    method: str
    path: str
    status: int


@dataclass(frozen=True)
class Evidence:
    """The calls of one suite, and what the suite checked in their answers."""

    suite: str
    check: Check
    calls: tuple[Call, ...]
    notes: tuple[str, ...] = ()


def write(name: str, suite: str, check: Check, calls: Iterable[Call], notes: Iterable[str] = ()) -> None:
    """Keep what a suite did, and sentences on it, in place of what it did before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {"suite": suite, "check": check, "calls": [asdict(call) for call in calls], "notes": [*notes]}
    (FOLDER / f"{name}.json").write_text(json.dumps(found))


def calls_of(rig: Rig) -> list[Call]:
    """What a client that is not ours asked the twin since its last reset, from the twin's own log."""
    logged = rig.look("requests")["requests"]
    answered = (entry for entry in logged if entry["path"].startswith("/v1/") and entry["status"] is not None)
    return [Call(entry["method"], entry["path"], entry["status"]) for entry in answered]


def read() -> list[Evidence]:
    """What all suites did since the folder was emptied."""
    return [_evidence(json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]


def _evidence(file: dict[str, Any]) -> Evidence:
    calls = tuple(Call(**call) for call in file["calls"])
    return Evidence(file["suite"], file["check"], calls, tuple(file.get("notes", ())))


def clear() -> None:
    """Forget what suites did."""
    for path in FOLDER.glob("*.json"):
        path.unlink()


@cache
def endpoints() -> tuple[tuple[str, str], ...]:
    """Every endpoint of the twin's API as method and path, `{name}` standing for an id."""
    app = create_app(Config())
    app.state.twin.world.store.close()
    oauth = [
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith("/v1/oauth/")
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    return (*((route.method, f"/v1/{route.path}") for route in ROUTES), *oauth)


def endpoint(call: Call) -> tuple[str, str] | None:
    """Which endpoint a call reached; None when there is none."""
    return next((one for one in endpoints() if one[0] == call.method and _pattern(one[1]).fullmatch(call.path)), None)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "/?")
