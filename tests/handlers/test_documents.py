"""The document that describes the API: made from the routes, valid, complete, and what the API answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.handlers.deployed import FUNCTIONS, Cloud
from tests.handlers.documents import FOLDER, made
from tests.handlers.known import request

ROUTES = {
    (event["Properties"]["Method"].lower(), event["Properties"]["Path"])
    for declared in FUNCTIONS.values()
    for event in declared.get("Events", {}).values()
    if event["Type"] == "HttpApi"
}


@cache
def document() -> dict[str, Any]:
    written: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))
    return written


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


OPERATIONS = dict(operations())
EACH = pytest.mark.parametrize(("name", "operation"), OPERATIONS.items(), ids=OPERATIONS.keys())


@pytest.mark.parametrize("name", ["openapi.json", "docs.html"])
def test_what_is_in_the_repository_is_what_the_routes_make(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")

    assert written == made()[name], "write it anew with: PYTHONPATH=layers/shared python -m tests.handlers.documents"


def test_it_is_valid() -> None:
    validate(document(), cls=OpenAPIV31SpecValidator)


def test_it_has_every_route_and_no_other() -> None:
    described = {(method, path) for path, methods in document()["paths"].items() for method in methods}

    assert described == ROUTES


def test_an_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in operations()]

    assert len(set(names)) == len(names)


@EACH
def test_a_summary_is_one_line_of_plain_text(name: str, operation: dict[str, Any]) -> None:
    assert not re.search(r"[`\n]", operation["summary"]), operation["summary"]


@EACH
def test_what_api_gateway_answers_itself_has_a_shape_of_its_own(name: str, operation: dict[str, Any]) -> None:
    ours = {"application/problem+json": "ProblemAnswer"}
    is_open = operation.get("security") == []
    for status in {"401", "403"} & operation["responses"].keys():
        content = operation["responses"][status]["content"]
        shapes = {kind: media["schema"]["$ref"].rpartition("/")[2] for kind, media in content.items()}

        assert shapes == (ours if is_open else ours | {"application/json": "GatewayAnswer"})


def test_only_what_is_open_needs_no_token() -> None:
    free = {name for name, operation in operations() if operation.get("security") == []}
    declared = {
        f"{event['Properties']['Method'].lower()} {event['Properties']['Path']}"
        for each in FUNCTIONS.values()
        for event in each.get("Events", {}).values()
        if event["Properties"].get("Auth") == {"Authorizer": "NONE"}
    }

    assert free == declared


@EACH
def test_an_example_is_what_it_is_an_example_of(name: str, operation: dict[str, Any]) -> None:
    media = [*operation.get("requestBody", {"content": {}})["content"].values()]
    media += [each for answer in operation["responses"].values() for each in answer["content"].values()]
    root = {"components": document()["components"]}

    for each in media:
        shown = [each["example"]] if "example" in each else [one["value"] for one in each.get("examples", {}).values()]
        for one in shown:
            jsonschema.validate(one, root | each["schema"])


@EACH
def test_every_answer_has_its_example_and_every_error_its_code(name: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        for kind, media in answer["content"].items():
            told = "example" in media or "examples" in media or kind in {"text/html", "text/csv", "application/json"}
            assert told, f"{name} answers {status} as {kind} without an example"


def test_it_is_served_as_it_is_in_the_repository(cloud: Cloud) -> None:
    answer = cloud["dashboard"].answer(request("openapi"))

    assert (answer.status, answer.json) == (200, document())


def test_the_page_describes_every_route(cloud: Cloud) -> None:
    page = cloud["dashboard"].answer(request("docs")).text

    assert set(re.findall(r"<code>(/api/v1/notion/[^<]+)</code>", page)) == {path for _, path in ROUTES}


@pytest.mark.parametrize(
    ("route", "field", "allowed"),
    [("decide", "decision", ["approve", "reject"]), ("resolve", "winner", ["navimpact", "notion"]),
     ("revert", "scope", ["field", "record", "run"]),
     ("sync_workspace", "filter.sync_status", ["pending", "syncing", "completed", "failed"]),
     ("change_workspace", "settings.policy", ["ask", "navimpact", "notion"]),
     ("sync_mappings", "sync_status", ["pending", "syncing", "completed", "failed"]),
     ("explain", "entity_type", ["media_project", "distribution_log", "performance_metrics", "impact_story", "page"])],
)  # fmt: skip
def test_the_page_tells_the_values_that_a_field_may_have(
    cloud: Cloud, route: str, field: str, allowed: list[str]
) -> None:
    page = cloud["dashboard"].answer(request("docs")).text
    told = page.partition(f'<details id="{route}">')[2].partition("</details>")[0]

    (row,) = re.findall(rf"<tr><td><code>{re.escape(field)}</code></td>.*?</tr>", told)
    assert re.findall(r"<code>([^<]+)</code>", row)[1:] == allowed


@EACH
def test_the_page_names_every_field_that_a_body_may_have(cloud: Cloud, name: str, operation: dict[str, Any]) -> None:
    page = cloud["dashboard"].answer(request("docs")).text
    told = page.partition(f'<details id="{operation["operationId"]}">')[2].partition("</details>")[0]

    for media in operation.get("requestBody", {}).get("content", {}).values():
        shape = document()["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
        assert [each for each in shape["properties"] if not re.search(rf"<td><code>{each}[.<]", told)] == []


def test_the_page_shows_no_raw_backticks(cloud: Cloud) -> None:
    assert "`" not in cloud["dashboard"].answer(request("docs")).text


def test_the_page_loads_nothing_and_runs_nothing(cloud: Cloud) -> None:
    answer = cloud["dashboard"].answer(request("docs"))

    assert not re.findall(r"<script|<link|<img|<iframe|\bon\w+=|https?://", answer.text)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
