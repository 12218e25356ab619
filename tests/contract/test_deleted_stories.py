"""A story is deleted in NavImpact, and somebody types into its page on the twin at the last moment."""

from __future__ import annotations

from typing import Any

import pytest

from navsync.errors import Refused
from navsync.model import Edit, EntityType, Lane, Operation, Outcome, Present, State, Work, WorkKind
from navsync.notion import NotionSide
from tests.contract.office import Office

STORY = EntityType.IMPACT_STORY
TEXT, LONGER = "One and two.", "One and two, and three."


@pytest.fixture
def story(office: Office, project: str) -> str:
    id = office.new(STORY, title="Fishers", description=TEXT, project=(project,))
    office.settle()
    return id


def delete(office: Office, story: str) -> list[str]:
    """A person deletes it in NavImpact; the requests that follow."""
    office.navimpact.remove(STORY, story)
    office.put(WorkKind.ENTITY, f"{STORY}/{story}")
    return office.cost()


def type_into(office: Office, page: str) -> None:
    body = {"type": "replace_content", "replace_content": {"new_str": LONGER}}
    office.stage.by_hand("PATCH", f"pages/{page}/markdown", body)


def typing_first(office: Office, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person types into *page* after NavSync has read it for the last time."""
    remove = NotionSide.remove

    def typed_then_removed(side: NotionSide, kind: EntityType, id: str) -> None:
        type_into(office, page)
        monkeypatch.undo()
        remove(side, kind, id)

    monkeypatch.setattr(NotionSide, "remove", typed_then_removed)


def typing_once_it_was_read(office: Office, page: str, just_then: pytest.MonkeyPatch) -> None:
    """A person types into *page* after it was taken out of the trash and read."""
    restore = NotionSide.restore

    def restored_then_typed(side: NotionSide, kind: EntityType, id: str) -> Present:
        shown = restore(side, kind, id)
        type_into(office, page)
        return shown

    just_then.setattr(NotionSide, "restore", restored_then_typed)


def texts_told(office: Office) -> list[object]:
    rows = office.store.of(office.id).logs.values()
    gone = [row for row in rows if (row.operation, row.outcome) == (Operation.DELETE, Outcome.SUCCESS)]
    return [change.old for row in gone for change in row.changes if change.field == "description"]


def test_the_text_of_a_story_that_is_deleted_is_in_the_history(office: Office, story: str) -> None:
    delete(office, story)

    assert texts_told(office) == [TEXT]


def test_a_story_that_is_typed_into_at_the_last_moment_stays(
    office: Office, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = office.page_of(STORY, story)
    typing_first(office, page, monkeypatch)

    delete(office, story)

    assert office.stage.by_hand("GET", f"pages/{page}")["in_trash"] is False
    assert LONGER in [record.values().get("description") for record in office.navimpact.records.values()]


@pytest.fixture
def hidden(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notion does not show the text of a page in its trash."""
    read = NotionSide._read_body  # noqa: SLF001  # as if Notion refused it

    def refused_in_the_trash(side: NotionSide, kind: EntityType, id: str) -> Any:
        if office.stage.by_hand("GET", f"pages/{id}")["in_trash"]:
            raise Refused("Can't read block that is archived.")
        return read(side, kind, id)

    monkeypatch.setattr(NotionSide, "_read_body", refused_in_the_trash)


@pytest.mark.usefixtures("hidden")
def test_a_story_goes_though_notion_does_not_show_its_text_in_the_trash(office: Office, story: str) -> None:
    delete(office, story)

    assert (office.mapping_of(STORY, story).state, texts_told(office)) == (State.DELETED, [TEXT])


@pytest.mark.usefixtures("hidden")
def test_what_is_typed_after_the_last_look_brings_a_story_back_when_notion_tells_of_it(
    office: Office, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = office.page_of(STORY, story)
    with monkeypatch.context() as just_then:
        typing_once_it_was_read(office, page, just_then)
        delete(office, story)
    assert office.stage.by_hand("GET", f"pages/{page}")["in_trash"] is True

    told = Edit(office.clock(), ("description",))
    office.desk.put(Work(Lane.LIVE, WorkKind.PAGE, f"{STORY}/{page}", "told", office.clock(), "told", edits=(told,)))
    office.settle()

    assert office.stage.by_hand("GET", f"pages/{page}")["in_trash"] is False
    assert LONGER in [record.values().get("description") for record in office.navimpact.records.values()]


@pytest.mark.usefixtures("hidden")
def test_a_story_that_is_thrown_away_is_read_once_with_three_requests_more(office: Office, story: str) -> None:
    page = office.page_of(STORY, story)
    type_into(office, page)
    office.stage.by_hand("PATCH", f"pages/{page}", {"in_trash": True})
    office.put(WorkKind.PAGE, f"{STORY}/{page}")

    cost = [call for call in office.cost() if call != f"GET pages/{page}"]

    assert cost == [f"PATCH pages/{page}", f"GET pages/{page}/markdown", f"PATCH pages/{page}"]
    assert "never had, in Page body" in office.mapping_of(STORY, story).troubles[0].cause
    office.put(WorkKind.PAGE, f"{STORY}/{page}")
    assert not [call for call in office.cost() if call.startswith("PATCH")]
