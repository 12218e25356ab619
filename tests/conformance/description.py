"""Notion's OpenAPI description: does an answer, or a request that was taken, agree with it?"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.conformance.evidence import Call, endpoint

DESCRIBED: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "openapi" / "notion-openapi.json").read_text())
_BASE: Final = "urn:notion"
_REGISTRY: Final[Registry[Any]] = Registry().with_resource(
    _BASE, Resource.from_contents(DESCRIBED, default_specification=DRAFT202012)
)


def described(call: Call) -> bool:
    """Whether the description says what this answer looks like."""
    return _schema(call) is not None


def findings(call: Call, answer: Any) -> list[str]:
    """Where an answer is not as described."""
    place = _schema(call)
    if place is None:
        return []
    errors = _validator(*place).iter_errors(answer)
    return [f"{call.method} {call.path} {call.status}: {error.message}" for error in errors]


def in_detail(call: Call) -> bool:
    """Whether the description says what is in an answer, beyond that it is an object."""
    place = _schema(call)
    schema: Any = DESCRIBED
    for part in place or ():
        schema = schema[part]
    return bool(place and schema.get("properties"))


def operations() -> set[tuple[str, str]]:
    """Every endpoint of the description, as method and path."""
    paths = DESCRIBED["paths"].items()
    return {(method.upper(), path) for path, found in paths for method in found if method != "parameters"}


def _schema(call: Call) -> tuple[str, ...] | None:
    """Where the schema of an answer is; a refusal that is not described must look like the one of status 400."""
    found, method = endpoint(call), call.method.lower()
    path = found[1] if found else ""
    answers = DESCRIBED["paths"].get(path, {}).get(method, {}).get("responses", {})
    status = str(call.status) if str(call.status) in answers or call.status < 400 else "400"
    content = answers.get(status, {}).get("content", {}).get("application/json", {})
    place = ("paths", path, method, "responses", status, "content", "application/json", "schema")
    return place if "schema" in content else None


@cache
def _validator(*place: str) -> Validator:
    pointer = "/".join(quote(part.replace("~", "~0").replace("/", "~1")) for part in place)
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator({"$ref": f"{_BASE}#/{pointer}"}, registry=_REGISTRY, format_checker=checker)
