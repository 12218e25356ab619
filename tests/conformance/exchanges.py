"""What NavSync asks of Notion, and what it relies on being refused: carried out at one place, or at two at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.conformance.faces import Difference, Faces, differences

type Path = tuple[str | int, ...]

NOT_ASKED: Final = 0
"""In place of a status: an earlier answer did not teach what this step needs."""

NOBODY: Final = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Step:
    """One request. `{name}` in path and body stands for what an earlier answer taught under that name."""

    name: str
    method: str
    path: str
    body: Any = None
    learns: Mapping[str, Path] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent instead of *body*, as it is."""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Beside the usual ones; None leaves one out."""


def _text(content: str) -> list[Any]:
    return [{"text": {"content": content}}]


def _row(**properties: Any) -> dict[str, Any]:
    return {"parent": {"data_source_id": "{source}"}, "properties": properties}


_SCHEMA: Final = {
    "Name": {"title": {}},
    "Text": {"rich_text": {}},
    "Number": {"number": {"format": "dollar"}},
    "Kind": {"select": {"options": [{"name": "Film", "color": "blue"}]}},
    "Tags": {"multi_select": {"options": [{"name": "A"}, {"name": "B"}]}},
    "Status": {"status": {}},
    "When": {"date": {}},
    "Link": {"url": {}},
    "Done": {"checkbox": {}},
}
_VALUES: Final = {
    "Name": {"title": _text("First")},
    "Text": {"rich_text": [{"text": {"content": "bold"}, "annotations": {"bold": True}}, *_text(" and plain")]},
    "Number": {"number": 12.5},
    "Kind": {"select": {"name": "Film"}},
    "Tags": {"multi_select": [{"name": "A"}, {"name": "New"}]},
    "When": {"date": {"start": "2026-03-01"}},
    "Link": {"url": "https://example.org/a"},
    "Done": {"checkbox": True},
}
_CHANGES: Final = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2020-01-01T00:00:00.000Z"}}

STEPS: Final = (
    Step("who we are", "GET", "users/me"),
    Step("make a page", "POST", "pages", {
        "parent": {"page_id": "{room}"}, "properties": {"title": {"title": _text("A page")}}}, {"page": ("id",)}),
    Step("read the page", "GET", "pages/{page}"),
    # --- a database, its schema, its rows
    Step(
        "make a database",
        "POST",
        "databases",
        {
            "parent": {"type": "page_id", "page_id": "{page}"},
            "title": _text("Probe"),
            "initial_data_source": {"properties": _SCHEMA},
        },
        {"database": ("id",), "source": ("data_sources", 0, "id")},
    ),
    Step("read the database", "GET", "databases/{database}"),
    Step("read the schema", "GET", "data_sources/{source}", learns={"text": ("properties", "Text", "id")}),
    Step("make a row of every kind", "POST", "pages", _row(**_VALUES), {"row": ("id",)}),
    Step("read the row", "GET", "pages/{row}"),
    Step("read one property", "GET", "pages/{row}/properties/title"),
    Step("read a number", "GET", "pages/{row}/properties/{text}"),
    Step("write two properties", "PATCH", "pages/{row}", {"properties": {"Number": {"number": None}, "When": {
        "date": {"start": "2026-03-01T10:00:00+01:00"}}}}),
    Step("clear a status", "PATCH", "pages/{row}", {"properties": {"Status": {"status": None}}}),
    Step("query all", "POST", "data_sources/{source}/query", {}),
    Step("query the changes", "POST", "data_sources/{source}/query", {"filter": _CHANGES, "sorts": [
        {"timestamp": "last_edited_time", "direction": "ascending"}], "page_size": 1}),
    Step("query by a text", "POST", "data_sources/{source}/query", {"filter": {
        "property": "Text", "rich_text": {"equals": "bold and plain"}}}),
    Step("query what is in the trash", "POST", "data_sources/{source}/query", {"in_trash": True}),
    Step("rename a property", "PATCH", "data_sources/{source}", {"properties": {"Link": {"name": "Site"}}}),
    Step("list templates", "GET", "data_sources/{source}/templates"),
    # --- blocks and markdown
    Step("append blocks", "PATCH", "blocks/{page}/children", {"children": [
        {"paragraph": {"rich_text": _text("One")}}, {"heading_2": {"rich_text": _text("Two")}}]},
        {"block": ("results", 0, "id")}),
    Step("list blocks", "GET", "blocks/{page}/children"),
    Step("change a block", "PATCH", "blocks/{block}", {"paragraph": {"rich_text": _text("Uno")}}),
    Step("read markdown", "GET", "pages/{row}/markdown"),
    Step("write markdown", "PATCH", "pages/{row}/markdown", {
        "type": "replace_content", "replace_content": {"new_str": "## A\n\nB $5 [x] *y*\n\n- c\n\t- d"}}),
    Step("edit markdown", "PATCH", "pages/{row}/markdown", {
        "type": "update_content", "update_content": {"content_updates": [{"old_str": "B", "new_str": "C"}]}}),
    Step("edit what is not there", "PATCH", "pages/{row}/markdown", {
        "type": "update_content", "update_content": {"content_updates": [{"old_str": "absent", "new_str": "C"}]}}),
    Step("delete a block", "DELETE", "blocks/{block}"),
    # --- refusals, whose words and order we rely on
    Step("no such route", "GET", "nonsense"),
    Step("no JSON", "POST", "pages", raw=b"{"),
    Step("no id", "GET", "pages/not-an-id"),
    Step("nobody's id", "GET", f"pages/{NOBODY}"),
    Step("nobody's data source", "GET", f"data_sources/{NOBODY}"),
    Step("no version", "GET", "users/me", headers={"notion-version": None}),
    Step("an unknown version", "GET", "users/me", headers={"notion-version": "2020-01-01"}),
    Step("no token", "GET", "users/me", headers={"authorization": None}),
    Step("a wrong token", "GET", "users/me", headers={"authorization": "Bearer ntn_wrong"}),
    Step("a page too large", "POST", "data_sources/{source}/query", {"page_size": 101}),
    Step("a cursor that is none", "POST", "data_sources/{source}/query", {"start_cursor": "bogus"}),
    Step("a text too long", "PATCH", "pages/{row}", {"properties": {"Text": {"rich_text": _text("x" * 2_001)}}}),
    Step("a text just too long in UTF-16", "PATCH", "pages/{row}", {
        "properties": {"Text": {"rich_text": _text("😀" * 1_001)}}}),
    Step("no such property", "PATCH", "pages/{row}", {"properties": {"Absent": {"number": 1}}}),
    Step("another type", "PATCH", "pages/{row}", {"properties": {"Number": {"rich_text": _text("x")}}}),
    Step("no such status", "PATCH", "pages/{row}", {"properties": {"Status": {"status": {"name": "Nowhere"}}}}),
    Step("a comma in an option", "PATCH", "pages/{row}", {"properties": {"Kind": {"select": {"name": "A, b"}}}}),
    Step("no date", "PATCH", "pages/{row}", {"properties": {"When": {"date": {"start": "2022/01/02"}}}}),
    Step("something unknown", "PATCH", "pages/{row}", {"colour": "red"}),
    # --- the trash
    Step("trash the row", "PATCH", "pages/{row}", {"in_trash": True}),
    Step("read it in the trash", "GET", "pages/{row}"),
    Step("edit it in the trash", "PATCH", "pages/{row}", {"properties": {"Number": {"number": 2}}}),
    Step("trash it again", "DELETE", "blocks/{row}"),
    Step("query without it", "POST", "data_sources/{source}/query", {}),
    Step("restore it", "PATCH", "pages/{row}", {"in_trash": False}),
)  # fmt: skip


@dataclass
class Visit:
    """The steps at one place."""

    http: httpx.Client
    known: dict[str, str]

    def answers(self) -> Iterator[dict[str, Any]]:
        """Status and face of each step's answer."""
        faces = Faces(str(self.http.base_url).rstrip("/"))
        for step in STEPS:
            yield self._answer(step, faces)

    def _answer(self, step: Step, faces: Faces) -> dict[str, Any]:
        try:
            answer = self.http.send(self._request(step))
        except KeyError as unknown:
            return {"status": NOT_ASKED, "body": f"not asked, because no answer has told what {unknown} is"}
        body = _json(answer)
        if answer.is_success:
            for name, path in step.learns.items():
                self.known[name] = _at(body, path)
        return {"status": answer.status_code, "body": faces.of(body)}

    def _request(self, step: Step) -> httpx.Request:
        url, content, body = f"/v1/{self._filled(step.path)}", step.raw, self._filled(step.body)
        request = self.http.build_request(step.method, url, content=content, json=None if content else body)
        request.headers["content-type"] = "application/json"
        for name, value in step.headers.items():
            if value is None:
                del request.headers[name]
            else:
                request.headers[name] = value
        return request

    def _filled(self, value: Any) -> Any:
        match value:
            case str():
                return value.format_map(self.known) if "{" in value else value
            case dict():
                return {key: self._filled(one) for key, one in value.items()}
            case list():
                return [self._filled(one) for one in value]
            case _:
                return value


def compared(there: Visit, twin: Visit) -> dict[str, list[Difference]]:
    """How the answers to each step differ, by its name."""
    pairs = zip(STEPS, there.answers(), twin.answers(), strict=True)
    return {step.name: list(differences(step.name, theirs, twins)) for step, theirs, twins in pairs}


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {"no JSON": answer.text[:200]}


def _at(body: Any, path: Path) -> str:
    for part in path:
        body = body[part]
    return str(body)
