"""Told to Schemathesis, which loads this as its hooks: what it is to do otherwise.

Of its own accord it has Hypothesis climb towards cases that are accepted, which took half of the processor's time and
no case away: here cases are taken as they come. And what is valid is accepted, but where no document can say what is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

type Given = Mapping[str, Any]
"""The query, the body, and `settings` in it."""


def _unheeded(observation: float, *, label: str = "") -> float:
    return observation


hypothesis.target = _unheeded


def _has_a_point(given: Any) -> bool:
    inner = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    return isinstance(given, float) or any(map(_has_a_point, inner))


UNSAID: Mapping[str, Callable[[str, Given], bool]] = {
    "a cursor is one that a list gave": lambda _, given: "cursor" in given,
    "a group of what waits is one that there can be": lambda _, given: "group" in given,
    "the id of a record is a number": lambda route, _: "/explain/" in route,
    "days are of the calendar, in order, and so many at most": lambda _, given: (
        {"start_date", "end_date"} & given.keys() != set()
    ),
    "one record is asked for or one run": lambda route, given: (
        route.endswith("/history") and {"entity_id", "mapping_id", "run_id"} & given.keys() != set()
    ),
    "a state is given by GET /connect, and works once": lambda route, _: route.endswith("/connect-workspace"),
    "a template is one that there is": lambda _, given: given["settings"].get("page_templates") is not None,
    "columns of one database have names of their own": lambda _, given: given["settings"].get("properties") is not None,
    "a whole number is written without a point": lambda _, given: _has_a_point(given),
    "the fields of a record are the platform's": lambda route, _: route.endswith("/create-template"),
    "the body may repeat which project": lambda _, given: given.get("project_id") is not None,
    "a placeholder names a field of that kind of record": lambda route, _: (
        route.startswith(("POST", "PUT")) and "/templates" in route
    ),
    "a field is named where one is undone": lambda route, given: (
        route.endswith("/revert") and (given.get("scope") == "field") == (given.get("field") is None)
    ),
    "ids or a filter": lambda _, given: given.get("ids") is not None and given.get("filter") is not None,
}
"""What a schema cannot say of a request, and which requests it is about: these may be refused though they fit."""


@schemathesis.check
def what_is_valid_is_accepted(ctx: Any, response: Any, case: Any) -> bool | None:
    """`positive_data_acceptance`, but for what is `UNSAID`."""
    body = case.body if isinstance(case.body, dict) else {}
    settings = body.get("settings") if isinstance(body.get("settings"), dict) else {}
    given = {**(case.query or {}), **body, "settings": settings}
    if any(is_about(case.operation.label, given) for is_about in UNSAID.values()):
        return None
    accepted: bool | None = positive_data_acceptance(ctx, response, case)
    return accepted
