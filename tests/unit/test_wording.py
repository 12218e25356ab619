"""What is refused is said in plain English: which field, and why. No word of the library that found it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel

from navsync import api
from navsync.api import asks

QUERIES = [asks.StatusQuery, asks.FiguresQuery, asks.ConflictQuery, asks.AttentionQuery, asks.AuditQuery,
           asks.WorkspaceQuery, asks.Disconnect, asks.MappingQuery, asks.LogQuery, asks.HistoryQuery, asks.ValueQuery,
           asks.PreviewQuery, asks.TemplateQuery]  # fmt: skip
BODIES = [each for _, each in inspect.getmembers(asks, inspect.isclass) if issubclass(each, asks.Body)]
NONSENSE: list[Any] = [None, True, -1, 1.5, 10**30, "", "x", "x" * 5_000, "2026-99-99", "2026-01-01T99:00", [], ["x"],
                       {}, {"x": 1}, {"media_project": "x"}, {"media_project.title": "x"}, [[]], [None], [-1], [""],
                       ["x"] * 2_000]  # fmt: skip


def refused(shape: type[BaseModel], *, body: Any = None, query: Any = None) -> dict[str, Any]:
    """What who sends it is told."""
    event = APIGatewayProxyEventV2({"body": body, "queryStringParameters": query, "isBase64Encoded": False})
    with pytest.raises(api.Problem) as told:
        api.query(shape, event) if body is None else api.parse(shape, event)
    return {"status": int(told.value.status), "detail": told.value.detail, **told.value.more}


def details(shape: type[BaseModel], body: Any) -> str:
    return str(refused(shape, body=json.dumps(body))["detail"])


PAGE = "393abc1eedcd81b29f61396fde1491e6"


@pytest.mark.parametrize(
    ("shape", "body", "said"),
    [(asks.Decide, {}, "decision: it is missing."),
     (asks.Decide, {"decision": "maybe"}, "decision: it must be 'approve' or 'reject'."),
     (asks.Decide, {"decision": "approve", "all": 1}, "all: there is no such field."),
     (asks.ChangeWorkspace, {"is_active": 0}, "is_active: it must be true or false."),
     (asks.ChangeWorkspace, {"settings": {"quiet_seconds": {"media_project": 121}}},
      "settings.quiet_seconds.media_project: it must be 120 or less."),
     (asks.ChangeWorkspace, {"settings": {"policy": "mine"}},
      "settings.policy: it must be 'ask', 'navimpact' or 'notion'."),
     (asks.ChangeWorkspace, {"settings": {"quiet_seconds": {"film": 1}}},
      "settings.quiet_seconds.film: it must be 'media_project', 'distribution_log', 'performance_metrics' or "
      "'impact_story'."),
     (asks.SyncWorkspace, {"ids": [1, "x"]}, "ids.1: it must be a whole number."),
     (asks.SyncWorkspace, {"ids": [1], "filter": {}}, "The body: give ids or a filter, not both."),
     (asks.SyncWorkspace, [], "The body: it must be an object."),
     (asks.Resolve, {"field": "Title!", "winner": "notion"},
      "field: it is not the name of a field, such as title or start_date.")],
    ids=str,
)  # fmt: skip
def test_a_body_that_is_refused_is_told_which_field_is_wrong_and_why(
    shape: type[BaseModel], body: Any, said: str
) -> None:
    assert details(shape, body) == said


def test_what_is_not_json_is_said_to_be_none() -> None:
    assert refused(asks.Decide, body="{")["detail"] == "The body: it is not JSON."


@pytest.mark.parametrize(
    ("query", "said"),
    [({"limit": "0"}, "limit: it must be 1 or more."), ({"limit": "many"}, "limit: it must be a whole number."),
     ({"skip": "10001"}, "skip: it must be 10000 or less."),
     ({"start_date": "2026-02-30"}, "start_date: there is no such day or time; write it like 2026-11-22 or "
      "2026-11-22T10:00:00Z."),
     ({"limit": "0", "skip": "-1"}, "skip: it must be 0 or more. limit: it must be 1 or more.")],
    ids=str,
)  # fmt: skip
def test_a_query_that_is_refused_is_told_which_parameter_is_wrong_and_why(query: dict[str, str], said: str) -> None:
    assert refused(asks.LogQuery, query=query)["detail"] == said


@pytest.mark.parametrize("page", [{}, {"parent_page_id": "home"}, {"parent_page_id": "-" * 33}], ids=str)
def test_who_does_not_know_where_a_page_is_to_be_made_is_told_where_to_look(page: dict[str, str]) -> None:
    said = details(asks.CreateTemplate, {"template_name": "media_project", **page})

    assert said.startswith("parent_page_id: it is ")
    assert "copy its link" in said


def test_many_wrong_fields_are_told_in_few_words() -> None:
    told = refused(asks.Decide, body=json.dumps({"decision": "approve", **dict.fromkeys("abcde", 1)}))

    assert told["detail"].endswith("c: there is no such field. And 2 more: errors names each.")
    assert [error["loc"] for error in told["errors"]] == [["a"], ["b"], ["c"], ["d"], ["e"]]


def nonsense(shape: type[BaseModel]) -> Iterator[dict[str, Any]]:
    yield from ({name: wrong} for name in shape.model_fields for wrong in NONSENSE)
    settings = ((name, wrong) for name in asks.ChangeSettings.model_fields for wrong in NONSENSE)
    if "settings" in shape.model_fields:
        yield from ({"settings": {name: wrong}} for name, wrong in settings)


def messages(shape: type[BaseModel], sent: dict[str, Any]) -> list[str]:
    event = {"body": json.dumps(sent), "queryStringParameters": sent, "isBase64Encoded": False}
    read = api.parse if issubclass(shape, asks.Body) else api.query
    try:
        read(shape, APIGatewayProxyEventV2(event))
    except api.Problem as problem:
        return [error["msg"] for error in problem.more["errors"]]
    return []


@pytest.mark.parametrize("shape", [*QUERIES, *BODIES], ids=lambda shape: shape.__name__)
def test_no_word_of_the_library_reaches_who_asks(shape: type[BaseModel]) -> None:
    said = {message for sent in nonsense(shape) for message in messages(shape, sent)}

    assert not [each for each in said if each.startswith(("Input", "Value", "Field", "String", "Extra", "List"))]
