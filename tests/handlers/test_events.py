"""The captured events: one for each way in, of the shape that AWS sends, with nothing secret in them."""

from __future__ import annotations

import json
import re

import pytest

from tests.handlers.deployed import FUNCTIONS
from tests.handlers.known import EVENTS, captured

NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
REQUESTS = [name for name in NAMES if "requestContext" in captured(name) and name != "authorizer"]
DECLARED = {
    f"{event['Properties']['Method']} {event['Properties']['Path']}": event["Properties"]
    for function in FUNCTIONS.values()
    for event in function.get("Events", {}).values()
    if event["Type"] == "HttpApi"
}


def test_every_route_has_an_event() -> None:
    assert {captured(name)["routeKey"] for name in REQUESTS} == set(DECLARED)


def test_every_other_trigger_has_an_event() -> None:
    assert set(NAMES) - set(REQUESTS) == {"authorizer", "later", "tick", "wake"}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_one_of_an_http_api(name: str) -> None:
    event = captured(name)

    method, _, path = event["routeKey"].partition(" ")
    assert event["version"] == "2.0"
    assert event["requestContext"]["http"]["method"] == method
    assert re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", path), event["rawPath"])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_names_its_caller_unless_its_route_is_open(name: str) -> None:
    event = captured(name)

    is_open = DECLARED[event["routeKey"]].get("Auth") == {"Authorizer": "NONE"}
    assert ("authorizer" in event["requestContext"]) is not is_open


@pytest.mark.parametrize("name", NAMES)
def test_an_event_holds_nothing_secret_and_nothing_of_a_machine(name: str) -> None:
    text = json.dumps(captured(name))

    assert not re.findall(r"eyJ|ntn_|nrt_|whsec_|secret_[0-9a-f]{8}|localhost|127\.0\.0\.1", text)
