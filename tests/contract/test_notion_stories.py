"""Impact stories on the twin: their text is the page's body, in Notion's own markdown."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from navsync.model import EntityType, Observation, Present
from tests.contract import stages
from tests.contract.stages import NotionStage

STORY = EntityType.IMPACT_STORY
KEY = "impact_story/1"


@pytest.fixture
def notion(notion_url: str) -> Iterator[NotionStage]:
    with closing(stages.twin_notion(notion_url)) as stage:
        stage.made_source(STORY)
        yield stage


def present(seen: Observation) -> Present:
    assert isinstance(seen, Present)
    return seen


def told(stage: NotionStage, text: str) -> Present:
    return stage.side.create(STORY, {"title": "After the screening", "description": text}, key=KEY)


def body(seen: Present) -> object:
    return seen.values["description"]


def typed(stage: NotionStage, page: str, text: str) -> None:
    """A person writes the body anew."""
    write = {"type": "replace_content", "replace_content": {"new_str": text}}
    stage.by_hand("PATCH", f"pages/{page}/markdown", write)


def test_a_story_is_made_with_its_text(notion: NotionStage) -> None:
    made = told(notion, "The river was clean again.")

    assert body(present(notion.side.read(STORY, made.id))) == "The river was clean again."


def test_a_new_story_shows_its_text_as_notion_says_it(notion: NotionStage) -> None:
    made = told(notion, "## What changed\n\n5 * 3 schools")

    assert body(made) == body(present(notion.side.read(STORY, made.id)))


def test_what_a_person_types_into_the_body_is_read(notion: NotionStage) -> None:
    made = told(notion, "Before.")

    typed(notion, made.id, "After.\nAnd more.")

    assert body(present(notion.side.read(STORY, made.id))) == "After.\nAnd more."


def test_a_written_text_is_what_a_later_read_shows(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.")

    after = notion.side.update(STORY, made.id, {"description": "One.\n\n- [x] Three\n\n| A |\n|---|\n| 4 |"}, seen=made)

    assert body(after) == body(present(notion.side.read(STORY, made.id)))


def test_a_text_written_as_it_was_read_changes_nothing(notion: NotionStage) -> None:
    made = told(notion, "# Head\n\n*One* [x] $5\n\n1) a\n2) b\n\n```js\ncode\n```")

    after = notion.side.update(STORY, made.id, {"description": body(made)}, seen=made)  # type: ignore[dict-item]

    assert body(after) == body(made)


def test_a_cleared_text_empties_the_page(notion: NotionStage) -> None:
    made = told(notion, "Gone soon.")

    after = notion.side.update(STORY, made.id, {"description": None}, seen=made)

    assert body(after) is None
    assert notion.by_hand("GET", f"blocks/{made.id}/children")["results"] == []


def test_a_story_too_long_to_be_shown_whole_is_unreadable_not_cut(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    notion.steer("switches", {"markdown_block_cap": 2})

    seen = present(notion.side.read(STORY, made.id))

    assert "description" in seen.unreadable


def test_an_edited_line_leaves_the_other_blocks_as_they_are(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    before = [block["id"] for block in notion.by_hand("GET", f"blocks/{made.id}/children")["results"]]

    notion.side.update(STORY, made.id, {"description": "One.\nZwei.\nThree."}, seen=made)

    after = [block["id"] for block in notion.by_hand("GET", f"blocks/{made.id}/children")["results"]]
    assert after == before
