"""What the demo takes for "the same" and for "a write"."""

from typing import Any

import pytest

from local.navsync.both_sides import FIELDS, differences
from local.navsync.demo import NotShown, eventually, expect
from local.navsync.traffic import Call

PROJECT = {
    "title": "Reef", "description": "Line one\n\nline two", "project_type": "short film", "status": None,
    "start_date": "2026-01-02", "end_date": None, "budget": "1200.50", "target_audience": 5000,
    "team_members": ["Smith, Jane", "Zoë"], "distribution_channels": ["YouTube", "youtube"],
}  # fmt: skip


def page(**changed: Any) -> dict[str, Any]:
    """The page that shows PROJECT, but for what *changed*."""
    shown: dict[str, Any] = {
        "title": [{"plain_text": "Reef"}],
        "description": [{"plain_text": "Line one\n\n"}, {"plain_text": "line two"}],
        "project_type": {"name": "short film"},
        "status": {"name": "No status"},
        "start_date": {"start": "2026-01-02", "end": None},
        "end_date": None,
        "budget": 1200.5,
        "target_audience": 5000,
        "team_members": [{"name": "Smith\ufe50 Jane"}, {"name": "Zoë"}],
        "distribution_channels": [{"name": "YouTube"}],
    }
    shown |= changed
    return {"properties": {name: {kind: shown[field]} for field, (name, kind) in FIELDS.items()}}


def test_a_page_that_shows_the_project_differs_in_nothing() -> None:
    assert differences(PROJECT, page()) == []


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("title", [{"plain_text": "Reef "}]),
        ("description", [{"plain_text": "Line one\nline two"}]),
        ("project_type", None),
        ("status", {"name": "planning"}),
        ("start_date", {"start": "2026-01-03", "end": None}),
        ("end_date", {"start": "2026-01-03", "end": None}),
        ("budget", 1200.51),
        ("target_audience", None),
        ("team_members", [{"name": "Smith"}, {"name": "Jane"}, {"name": "Zoë"}]),
        ("distribution_channels", []),
    ],
)
def test_one_field_that_shows_something_else_is_told(field: str, shown: object) -> None:
    assert [found.field for found in differences(PROJECT, page(**{field: shown}))] == [field]


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", "/v1/pages/1", False),
        ("POST", "/v1/data_sources/1/query", False),
        ("POST", "/v1/search", False),
        ("POST", "/v1/oauth/token", False),
        ("POST", "/v1/pages", True),
        ("PATCH", "/v1/pages/1", True),
        ("PUT", "/api/v1/sge-media/media-projects/1", True),
        ("DELETE", "/api/v1/sge-media/media-projects/1", True),
    ],
)
def test_a_write_is_what_changes_something(method: str, path: str, writes: bool) -> None:
    assert Call(0, method, path).is_write is writes


def test_calls_are_counted_without_their_ids() -> None:
    call = Call(0, "PATCH", "/v1/data_sources/2c1f0e6a-4b1d-80aa-9f00-000000000001/query")
    assert call.kind == "PATCH /v1/data_sources/{id}/query"


def test_what_does_not_come_fails_its_check_with_what_was_awaited() -> None:
    with pytest.raises(NotShown, match="the page is still there within 0 s"):
        eventually(lambda: None, "the page is still there", within_s=0)


def test_what_does_not_hold_fails_its_check() -> None:
    with pytest.raises(NotShown, match="2 projects were made"):
        expect(False, "2 projects were made")
