"""What Notion, in memory and on its twin, shows of rows that people have archived, and what it costs to know them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import pytest

from navsync.conductor import NotionWorkspace
from navsync.model import Lane, Present, WorkKind
from navsync.reconcile import records
from tests.contract import stages
from tests.contract.memory import MemoryNotion
from tests.contract.office import Office
from tests.contract.stages import PROJECT, NotionStage


@dataclass
class Archive:
    """Notion, and how a person puts a page away there, or fetches it back."""

    side: NotionWorkspace | MemoryNotion
    put: Callable[[str, bool], object]

    def made(self, number: int = 1) -> Present:
        return self.side.create(PROJECT, {"title": "Reef"}, key=f"{PROJECT}/{number}")

    def put_away(self, number: int = 1) -> str:
        id = self.made(number).id
        self.put(id, True)
        return id

    def listed(self) -> list[str]:
        return ids(list(records(self.side, PROJECT, None)))


def ids(pages: Sequence[Present]) -> list[str]:
    return [page.id for page in pages]


def by_hand(stage: NotionStage, page: str, *, archived: bool) -> None:
    stage.by_hand("PATCH", f"pages/{page}", {"is_archived": archived})


@pytest.fixture(params=["in memory", "on its twin"])
def archive(request: pytest.FixtureRequest) -> Iterator[Archive]:
    if request.param == "in memory":
        memory = stages.memory_notion().side
        assert isinstance(memory, MemoryNotion)
        yield Archive(memory, lambda id, archived: memory.archive(id, archived=archived))
        return
    with closing(stages.twin_notion(request.getfixturevalue("notion_url"))) as twin:
        yield Archive(twin.adapter, lambda id, archived: by_hand(twin, id, archived=archived))


def test_an_archived_page_is_there(archive: Archive) -> None:
    id = archive.put_away()
    assert isinstance(archive.side.read(PROJECT, id), Present)


def test_an_archived_page_is_found_by_its_key(archive: Archive) -> None:
    id = archive.put_away()
    assert ids(archive.side.find(PROJECT, f"{PROJECT}/1")) == [id]


def test_an_archived_page_is_found_beside_a_copy_that_is_not(archive: Archive) -> None:
    away, copy = archive.put_away(), archive.made()
    assert set(ids(archive.side.find(PROJECT, f"{PROJECT}/1"))) == {away, copy.id}


def test_archived_pages_are_among_many_that_are_asked_for(archive: Archive) -> None:
    away, there = archive.put_away(1), archive.made(2)
    assert set(ids(archive.side.rows(PROJECT, [f"{PROJECT}/1", f"{PROJECT}/2"]))) == {away, there.id}


def test_archived_pages_are_in_the_list_of_all(archive: Archive) -> None:
    away, there = archive.put_away(1), archive.made(2)
    assert sorted(archive.listed()) == sorted([away, there.id])


def test_a_page_that_was_fetched_back_is_listed_once(archive: Archive) -> None:
    id = archive.put_away()
    archive.put(id, False)
    assert archive.listed() == [id]


def test_what_has_changed_is_asked_for_without_what_is_archived(archive: Archive) -> None:
    id = archive.put_away()
    seen = archive.side.read(PROJECT, id)
    assert isinstance(seen, Present)
    assert archive.side.changed_since(PROJECT, seen.edited_at, None).records == []


# --- on the twin alone ------------------------------------------------------------------------------------------------


def test_archived_rows_beyond_what_one_query_can_reach_are_listed_too(notion: NotionStage) -> None:
    notion.steer("switches", {"query_cap": 2})
    wanted = set()
    for number in range(5):
        made = notion.side.create(PROJECT, {"title": "Reef"}, key=notion.key(number))
        by_hand(notion, made.id, archived=number > 0)
        wanted.add(made.id)
        notion.wait(timedelta(minutes=1))
    assert {record.id for record in records(notion.side, PROJECT, None)} == wanted


def test_a_round_through_pairs_asks_once_more_where_one_is_archived(office: Office, project: str) -> None:
    def look() -> int:
        office.wait(hours=1)
        office.put(WorkKind.SWEEP, "pairs", lane=Lane.SWEEP)
        return len([call for call in office.cost() if call.endswith("/query")])

    office.settle()
    asked = look()
    by_hand(office.stage, office.page_of(PROJECT, project), archived=True)
    office.settle()

    assert look() == asked + 1


def test_a_row_that_was_archived_before_anybody_told_of_it_becomes_a_record(office: Office) -> None:
    parent = {"type": "data_source_id", "data_source_id": office.desk.sources()[PROJECT].data_source_id}
    properties = {"title": {"title": [{"text": {"content": "Typed, and put away"}}]}}
    row = office.stage.by_hand("POST", "pages", {"parent": parent, "properties": properties})
    by_hand(office.stage, row["id"], archived=True)

    office.wait(hours=1)
    office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
    office.settle()

    assert [record.values()["title"] for record in office.navimpact.records.values()] == ["Typed, and put away"]


def test_a_workspace_that_is_connected_again_takes_up_archived_pages(office: Office, project: str) -> None:
    page = office.page_of(PROJECT, project)
    by_hand(office.stage, page, archived=True)

    again = Office(office.stage)
    again.navimpact = office.navimpact
    again.put(WorkKind.SETUP)
    again.settle()

    assert again.page_of(PROJECT, project) == page
