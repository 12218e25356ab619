"""A field that lives in the page's body is read and written through calls of its own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from navsync.errors import Raced, Unclear
from navsync.fields import bodies
from navsync.fields.bodies import to_notion
from navsync.model import LINK_FIELD, DataSource, EntityType, Present, Property
from navsync.notion import Budget, Gateway, NotionSide, SetUp, connect
from tests.contract.stages import Tokens

STORY = EntityType.IMPACT_STORY
SOURCE = DataSource(
    STORY,
    "database",
    "source",
    {
        "title": Property("title", "title"),
        "stakeholder_name": Property("a%3Ab", "rich_text"),
        "navimpact_id": Property("key", "rich_text"),
        LINK_FIELD: Property("link", "url"),
    },
)


def run(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": {"content": text}, "plain_text": text, "annotations": {}}] if text else []


@dataclass
class Story:
    """Notion with one page, whose body it answers as it likes: blank lines collapse."""

    title: str = "After the screening"
    name: str = "Ana"
    body: str = "It worked."
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    fails: str = ""
    drops: str = ""
    """What Notion takes no notice of in what it is sent."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.sent.append((request.method, request.url.path, body))
        if request.method == "PATCH" and request.url.path.endswith(self.fails or "nothing"):
            return httpx.Response(403, json={"code": "restricted_resource", "message": "no"})
        if request.url.path.endswith("/markdown"):
            return self.markdown(body)
        self.write(body or {})
        return httpx.Response(200, json=self.page())

    def markdown(self, body: Any) -> httpx.Response:
        if body and body["type"] == "replace_content":
            self.body = body["replace_content"]["new_str"]
        for update in body["update_content"]["content_updates"] if body and "update_content" in body else ():
            if self.body.count(update["old_str"]) != 1:
                return httpx.Response(400, json={"code": "validation_error", "message": "no"})
            self.body = self.body.replace(update["old_str"], update["new_str"])
        if self.drops:
            self.body = self.body.replace(self.drops, "")
        shown = self.body.replace("\n\n", "\n")
        return httpx.Response(200, json={"object": "page_markdown", "markdown": shown, "truncated": False})

    def write(self, body: dict[str, Any]) -> None:
        self.body = body.get("markdown", self.body)
        for runs in (body.get("properties") or {}).get("title", {}).values():
            self.title = runs[0]["text"]["content"]

    def page(self) -> dict[str, Any]:
        return {
            "id": "page",
            "parent": {"type": "data_source_id", "data_source_id": "source"},
            "in_trash": False,
            "properties": {
                "Title": {"id": "title", "type": "title", "title": run(self.title)},
                "Who": {"id": "a%3Ab", "type": "rich_text", "rich_text": run(self.name)},
                "NavImpact ID": {"id": "key", "type": "rich_text", "rich_text": run("impact_story/1")},
                "Open in NavImpact": {"id": "link", "type": "url", "url": None},
            },
        }

    @property
    def side(self) -> NotionSide:
        client = connect("https://notion.example", timeout=1)
        client.client = httpx.Client(transport=httpx.MockTransport(self.answer))
        now = datetime(2026, 11, 22, tzinfo=UTC)
        to_notion = Gateway(
            client, Tokens("t"), Budget(600, clock=lambda: now), 0, lambda: now, lambda _: None, lambda: 0.0
        )
        side = NotionSide(
            to_notion,
            SetUp(to_notion, "bot"),
            page_of=lambda _: None,
            entity_of=lambda _: None,
            link_of=str,
            remember=lambda source: source,
        )
        side.use(SOURCE)
        return side

    def seen(self) -> Present:
        shown = self.side.read(STORY, "page")
        assert isinstance(shown, Present)
        self.sent.clear()
        return shown

    def calls(self) -> list[str]:
        return [f"{method} {path.removeprefix('/v1/')}" for method, path, _ in self.sent]


def test_a_body_is_read_with_its_page() -> None:
    assert Story().seen().values["description"] == "It worked."


def test_a_new_page_takes_its_body_along_and_shows_what_became_of_it() -> None:
    story = Story()
    made = story.side.create(STORY, {"title": "T", "description": "One.\n\nTwo."}, key="impact_story/1")
    assert (story.calls(), made.values["description"]) == (
        ["POST pages", "GET pages/page/markdown"],
        "One.\nTwo.",
    )


def test_a_new_page_without_a_body_costs_no_second_request() -> None:
    story = Story()
    made = story.side.create(STORY, {"title": "T"}, key="impact_story/1")
    assert (story.calls(), made.values["description"]) == (["POST pages"], None)


def test_a_body_alone_is_written_by_one_request() -> None:
    story = Story()
    after = story.side.update(STORY, "page", {"description": "New."}, seen=story.seen())
    assert (story.calls(), after.values["description"]) == (["PATCH pages/page/markdown"], "New.")


def test_a_body_and_properties_are_written_by_two_requests() -> None:
    story = Story()
    after = story.side.update(STORY, "page", {"title": "U", "description": "New."}, seen=story.seen())
    assert story.calls() == ["PATCH pages/page", "PATCH pages/page/markdown"]
    assert (after.values["title"], after.values["description"]) == ("U", "New.")


def test_an_update_of_properties_leaves_the_body_as_it_was_seen() -> None:
    story = Story()
    after = story.side.update(STORY, "page", {"title": "U"}, seen=story.seen())
    assert (story.calls(), after.values["description"]) == (["PATCH pages/page"], "It worked.")


def test_a_body_that_fails_after_the_properties_were_written_is_unclear() -> None:
    story = Story()
    seen = story.seen()
    story.fails = "/markdown"
    with pytest.raises(Unclear):
        story.side.update(STORY, "page", {"title": "U", "description": "New."}, seen=seen)


def test_a_cleared_body_is_written_as_empty() -> None:
    story = Story()
    story.side.update(STORY, "page", {"description": None}, seen=story.seen())
    assert story.body == ""


def test_only_the_lines_that_change_are_sent() -> None:
    story = Story(body="One.\nTwo.\nThree.")
    story.side.update(STORY, "page", {"description": "One.\n\nTwo, changed.\n\nThree."}, seen=story.seen())
    assert [body for _, _, body in story.sent] == [
        {
            "type": "update_content",
            "update_content": {"content_updates": [{"old_str": "Two.", "new_str": "Two, changed."}]},
        }
    ]


def test_a_body_that_was_edited_since_it_was_read_is_not_overwritten() -> None:
    story = Story(body="One.\nTwo.")
    seen = story.seen()
    story.body = "One.\nTwo, by a person."
    with pytest.raises(Raced):
        story.side.update(STORY, "page", {"description": "One.\nTwo, by NavImpact."}, seen=seen)
    assert story.body == "One.\nTwo, by a person."


DAYS = "\n".join(f"On day {day} it rained.\nOn day {day} schools came." for day in range(250))


def test_a_text_that_takes_several_requests_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    story, planned = Story(body=DAYS), list[str]()

    def plan(text: str, shown: str) -> str:
        planned.append(shown)
        return to_notion(text, shown)

    monkeypatch.setattr(bodies, "to_notion", plan)
    story.side.update(STORY, "page", {"description": DAYS.replace("schools", "classes")}, seen=story.seen())

    assert story.body == DAYS.replace("schools", "classes")
    assert (story.calls(), planned) == (["PATCH pages/page/markdown"] * 3, [DAYS])


def test_a_text_that_notion_spells_otherwise_in_each_of_several_requests_arrives_whole() -> None:
    story = Story(body=DAYS, drops="!")

    story.side.update(STORY, "page", {"description": DAYS.replace("schools", "classes!")}, seen=story.seen())

    assert story.body == DAYS.replace("schools", "classes")
    assert story.calls() == ["PATCH pages/page/markdown"] * 3
