"""What the demo takes for "the same" and for "a write"."""

from typing import Any

import pytest

from local.navsync.both_sides import LOGS, PROJECTS, differences, words
from local.navsync.demo.checks import NotShown, eventually, expect
from local.navsync.demo.stage import Stage
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
    return {"properties": {name: {kind: shown[field]} for field, (name, kind) in PROJECTS.fields.items()}}


def test_a_page_that_shows_the_project_differs_in_nothing() -> None:
    assert differences(PROJECTS, PROJECT, page()) == []


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
    assert [found.field for found in differences(PROJECTS, PROJECT, page(**{field: shown}))] == [field]


LOG = {
    "media_project_id": 7, "activity_type": "screening", "channel": "Vimeo", "date": None, "reach": 12,
    "engagement": None, "conversions": None, "content_url": "https://example.org/1", "notes": None,
}  # fmt: skip


def log_page(related: list[str]) -> dict[str, Any]:
    """The page that shows LOG, related to some pages."""
    shown: dict[str, Any] = {
        "activity_type": {"name": "screening"}, "channel": {"name": "Vimeo"}, "date": None, "reach": 12,
        "engagement": None, "conversions": None, "content_url": "https://example.org/1", "notes": [],
        "media_project_id": [{"id": page} for page in related],
    }  # fmt: skip
    return {"properties": {name: {kind: shown[field]} for field, (name, kind) in LOGS.fields.items()}}


def test_a_child_belongs_to_the_project_that_its_related_page_shows() -> None:
    assert differences(LOGS, LOG, log_page(["page of 7"]), shown_by={"page of 7": 7}) == []


def test_a_child_that_is_related_to_another_project_differs() -> None:
    found = differences(LOGS, LOG, log_page(["page of 8"]), shown_by={"page of 7": 7, "page of 8": 8})
    assert [one.field for one in found] == ["media_project_id"]


def test_a_text_and_its_markdown_have_the_same_words() -> None:
    assert words("1. not a *number*\n\n_it?_") == words("1\\. not a \\*number\\*\n\\_it?\\_")


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


class TwoReconciles(Stage):
    """A stage on which the first reconcile asks Notion for more than the second."""

    def __init__(self) -> None:
        self.made = [Call(0, "POST", "/v1/pages")] * 10
        self.wanted = [66, 87]
        self.traffic: Any = self

    def notion(self) -> list[Call]:
        return self.made

    def mark(self) -> tuple[int, int]:
        return len(self.made), 0

    def reconcile(self) -> None:
        self.made = self.made + [Call(0, "GET", "/v1/pages/1")] * self.wanted.pop()


def test_the_calls_of_both_reconciles_are_told_as_their_step_in_the_table_counts_them_together() -> None:
    assert TwoReconciles().reconcile_twice() == ((97, 0), "66 calls of Notion, and 87 of the first reconcile")
