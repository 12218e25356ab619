"""Pages made from templates: what both Notions promise of loose pages, and the whole way on the twin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from navsync.errors import NotReachable
from navsync.model import EntityType, Values, WorkKind
from navsync.ports import LoosePages
from navsync.templates import BUILT_IN, Commission, Filled, PageStart
from tests.contract.memory_pages import MemoryPages
from tests.contract.office import Office
from tests.contract.stages import PROJECT, NotionStage

NOTES = Filled("Notes", "# Agenda\n- one")
NOWHERE = "00000000-0000-4000-8000-000000000000"


# --- loose pages ------------------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """Loose pages, and a page below which they may be made."""

    pages: LoosePages
    parent: str
    other: str


def in_memory() -> Shelf:
    return Shelf(MemoryPages(unshared={NOWHERE}), "parent", "other")


@pytest.fixture(params=["memory", "twin"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "memory":
        return in_memory()
    stage: NotionStage = request.getfixturevalue("notion")
    parent = stage.adapter.find_parent()
    pages = stage.adapter.loose_pages()
    return Shelf(pages, parent, pages.make(parent, Filled("Other", "")).id)


def test_a_page_that_was_made_is_below_its_parent(shelf: Shelf) -> None:
    before = shelf.pages.under(shelf.parent)

    made = shelf.pages.make(shelf.parent, NOTES)

    assert list(shelf.pages.under(shelf.parent)) == [*before, made.id]


def test_a_page_is_below_no_other(shelf: Shelf) -> None:
    shelf.pages.make(shelf.parent, NOTES)

    assert list(shelf.pages.under(shelf.other)) == []


def test_a_page_is_looked_at_as_it_was_made(shelf: Shelf) -> None:
    made = shelf.pages.make(shelf.parent, NOTES)

    assert shelf.pages.look(made.id) == made


def test_below_a_page_that_is_not_shared_nothing_can_be_made_or_seen(shelf: Shelf) -> None:
    with pytest.raises(NotReachable):
        shelf.pages.under(NOWHERE)
    with pytest.raises(NotReachable):
        shelf.pages.make(NOWHERE, NOTES)


def test_pages_of_people_are_not_ours(notion: NotionStage) -> None:
    pages, parent = notion.adapter.loose_pages(), notion.adapter.find_parent()
    title = {"title": {"title": [{"text": {"content": "A person's"}}]}}
    notion.by_hand("POST", "pages", {"parent": {"page_id": parent}, "properties": title})

    assert list(pages.under(parent)) == []


def test_a_page_in_the_trash_is_not_there(notion: NotionStage) -> None:
    pages, parent = notion.adapter.loose_pages(), notion.adapter.find_parent()
    made = pages.make(parent, NOTES)

    notion.by_hand("PATCH", f"pages/{made.id}", {"in_trash": True})

    assert list(pages.under(parent)) == []


# --- the whole way ----------------------------------------------------------------------------------------------------


REEF: Values = {"title": "The *Reef*", "description": "# Deep\n- down", "budget": Decimal("1234.5"),
                "team_members": ("Ana", "Smith, Jane"), "status": "active"}  # fmt: skip


@pytest.fixture
def bureau(notion: NotionStage) -> Iterator[Office]:
    yield Office(notion)
    notion.steer("clock", {"offset_s": 0, "rate": 1})


def ask(office: Office, parent: str | None = None, values: Values = REEF) -> Commission:
    id = next(office.ids)
    below = parent or office.stage.adapter.find_parent()
    asked = Commission(id, BUILT_IN["media_project"], below, office.clock(), values=values)
    office.desk.commissions().save(asked)
    office.put(WorkKind.TEMPLATE, str(id))
    return asked


def became(office: Office, asked: Commission) -> Commission:
    found = office.desk.commissions().get(asked.id)
    assert found is not None
    return found


def blocks(office: Office, page_id: str | None) -> list[tuple[str, str]]:
    """What people see on the page: each block's kind and words."""
    answer = office.stage.by_hand("GET", f"blocks/{page_id}/children?page_size=100")
    return [(block["type"], _words(block)) for block in answer["results"]]


def _words(block: dict[str, Any]) -> str:
    return "".join(run["plain_text"] for run in block[block["type"]].get("rich_text", ()))


def test_the_page_says_what_the_template_makes_of_the_record(bureau: Office) -> None:
    asked = ask(bureau)
    bureau.settle()

    shown = blocks(bureau, became(bureau, asked).page_id)
    assert shown[0] == ("paragraph", "# Deep\n- down")
    assert ("bulleted_list_item", "Budget: 1234.5") in shown
    assert ("bulleted_list_item", "Team: Ana, Smith, Jane") in shown
    assert ("to_do", "Premiere and partners") in shown


def test_the_page_has_the_title_of_the_record_to_the_letter(bureau: Office) -> None:
    asked = ask(bureau)
    bureau.settle()

    page = bureau.stage.by_hand("GET", f"pages/{became(bureau, asked).page_id}")
    (title,) = page["properties"]["title"]["title"]
    assert (title["plain_text"], title["annotations"]["italic"]) == ("The *Reef*", False)
    assert page["url"] == became(bureau, asked).url


def lost(drop: str) -> list[dict[str, Any]]:
    return [{"match": {"method": "POST", "path": "/v1/pages", "nth": 1}, "do": {"drop": drop}}]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_an_answer_that_is_lost_makes_one_page(bureau: Office, drop: str) -> None:
    parent, pages = bureau.stage.adapter.find_parent(), bureau.stage.adapter.loose_pages()
    bureau.stage.steer("faults", lost(drop))

    asked = ask(bureau)
    bureau.settle()

    assert list(pages.under(parent)) == [became(bureau, asked).page_id]


def test_a_page_that_costs_no_more_than_it_must(bureau: Office) -> None:
    parent = bureau.stage.adapter.find_parent()
    ask(bureau, parent)

    assert bureau.cost() == [f"GET blocks/{parent}/children", "POST pages"]


def test_a_page_that_is_not_shared_is_named_as_the_reason(bureau: Office) -> None:
    asked = ask(bureau, NOWHERE)
    bureau.settle()

    assert "share it first" in (became(bureau, asked).refused or "")


def test_a_place_where_notion_makes_no_page_is_named_as_the_reason(bureau: Office) -> None:
    database = bureau.stage.made_source(PROJECT).database_id
    trashed = bureau.stage.side.create(PROJECT, {"title": "Reef"}, key="media_project/1").id
    bureau.stage.by_hand("PATCH", f"pages/{trashed}", {"in_trash": True})

    asked = [ask(bureau, database), ask(bureau, trashed)]
    bureau.settle()

    assert all("name a page that is no database" in (became(bureau, each).refused or "") for each in asked)


# --- what new rows start with -----------------------------------------------------------------------------------------


def rows_start_with(stage: NotionStage, name: str) -> None:
    stage.adapter.starts_with = PageStart(dict.fromkeys(EntityType, name), BUILT_IN.get, lambda _: None)


def markdown(stage: NotionStage, page_id: str) -> str:
    return str(stage.by_hand("GET", f"pages/{page_id}/markdown")["markdown"])


def test_the_page_of_a_new_row_starts_with_the_chosen_template(notion: NotionStage) -> None:
    notion.adapter.use(notion.made_source(PROJECT))
    rows_start_with(notion, "media_project")

    made = notion.side.create(PROJECT, {"title": "Reef", "budget": Decimal(5)}, key="media_project/1")

    assert made.values["title"] == "Reef"
    assert "- **Budget:** 5\n" in markdown(notion, made.id)


def test_what_a_row_starts_with_costs_no_request(notion: NotionStage) -> None:
    notion.adapter.use(notion.made_source(PROJECT))
    rows_start_with(notion, "media_project")
    before = len(notion.requests())

    notion.side.create(PROJECT, {"title": "Reef"}, key="media_project/1")

    assert [method for method, _ in notion.requests()[before:]] == ["POST"]


def test_a_template_that_notion_refuses_holds_up_no_row(notion: NotionStage) -> None:
    notion.adapter.use(notion.made_source(PROJECT))
    notion.adapter.starts_with = lambda _type, _values: "x" * 600_000

    made = notion.side.create(PROJECT, {"title": "Reef"}, key="media_project/1")

    assert (made.values["title"], markdown(notion, made.id)) == ("Reef", "")


def test_a_template_for_another_kind_is_not_taken(notion: NotionStage) -> None:
    notion.adapter.use(notion.made_source(PROJECT))
    rows_start_with(notion, "distribution_log")

    made = notion.side.create(PROJECT, {"title": "Reef"}, key="media_project/1")

    assert markdown(notion, made.id) == ""


def test_a_story_starts_with_its_own_text(notion: NotionStage) -> None:
    notion.made_source(PROJECT)
    notion.made_source(EntityType.IMPACT_STORY)
    rows_start_with(notion, "impact_story")

    told = notion.side.create(EntityType.IMPACT_STORY, {"title": "T", "description": "Clean."}, key="impact_story/1")
    untold = notion.side.create(EntityType.IMPACT_STORY, {"title": "U"}, key="impact_story/2")

    assert (markdown(notion, told.id), markdown(notion, untold.id)) == ("Clean.", "")
