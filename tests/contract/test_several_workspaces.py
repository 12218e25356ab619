"""One project in two workspaces that hold it each in its own way, each on a Notion twin of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from local.twins.notion import create_app
from local.twins.serving import serving
from navsync.model import Direction, Lane, Present, Scope, Settings, State, WorkKind
from tests.contract import stages
from tests.contract.office import Office
from tests.contract.stages import PROJECT


@pytest.fixture(scope="module")
def other_notion_url() -> Iterator[str]:
    with serving(create_app(stages.CONFIG)) as url:
        yield url


@pytest.fixture
def films(notion: stages.NotionStage) -> Office:
    """Syncs every project, both ways."""
    return set_up(Office(notion, entity_types=(PROJECT,)))


def set_up(office: Office) -> Office:
    office.put(WorkKind.SETUP)
    office.settle()
    return office


@pytest.fixture
def wall(films: Office, other_notion_url: str) -> Iterator[Office]:
    """Shows active projects only, and takes no edits."""
    with closing(stages.twin_notion(other_notion_url)) as stage:
        settings = Settings(direction=Direction.TO_NOTION, scope=Scope(statuses=("active",)))
        yield set_up(Office(stage, settings=settings, entity_types=(PROJECT,), sister=films))


@pytest.fixture
def reef(films: Office, wall: Office) -> str:
    """A project that both hold."""
    id = films.new(PROJECT, title="Reef", status="active")
    told(id, films, wall)
    return id


def told(id: str, *offices: Office) -> None:
    """NavImpact's webhook, as sync_trigger passes it to every workspace, and all that follows."""
    for office in offices:
        office.put(WorkKind.ENTITY, f"{PROJECT}/{id}")
        office.settle()


def title(office: Office, id: str) -> object:
    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, id)}")
    return page["properties"]["Title"]["title"][0]["plain_text"]


def in_navimpact(office: Office, id: str) -> object:
    seen = office.navimpact.read(PROJECT, id)
    assert isinstance(seen, Present)
    return seen.values["title"]


def test_an_edit_in_one_reaches_navimpact_and_the_other(films: Office, wall: Office, reef: str) -> None:
    films.retitle(films.page_of(PROJECT, reef), "Coral reef")
    films.settle()
    told(reef, films, wall)

    assert (in_navimpact(films, reef), title(wall, reef)) == ("Coral reef", "Coral reef")


def test_an_edit_in_one_that_takes_none_is_held_and_told_there_and_nowhere_else(
    films: Office, wall: Office, reef: str
) -> None:
    wall.retitle(wall.page_of(PROJECT, reef), "Scribbled")
    wall.settle()
    told(reef, films, wall)

    assert (in_navimpact(films, reef), title(films, reef), title(wall, reef)) == ("Reef", "Reef", "Scribbled")
    assert [t.code for t in wall.mapping_of(PROJECT, reef).troubles] == ["one_way"]
    assert films.mapping_of(PROJECT, reef).troubles == ()


def test_a_project_may_leave_one_and_stay_in_the_other(films: Office, wall: Office, reef: str) -> None:
    films.edit(PROJECT, reef, status="completed")
    told(reef, films, wall)
    films.edit(PROJECT, reef, title="Coral reef")
    told(reef, films, wall)

    assert (title(films, reef), title(wall, reef)) == ("Coral reef", "Reef")
    assert wall.mapping_of(PROJECT, reef).state is State.EXCLUDED


def test_a_project_that_only_one_holds_has_one_page(films: Office, wall: Office) -> None:
    id = films.new(PROJECT, title="Idea", status="planning")

    told(id, films, wall)

    assert films.mapping_of(PROJECT, id).page_id is not None
    assert wall.mapping_of(PROJECT, id).page_id is None


def test_what_one_held_back_arrives_everywhere_when_its_limits_are_lifted(
    films: Office, wall: Office, reef: str
) -> None:
    wall.retitle(wall.page_of(PROJECT, reef), "Coral reef")
    wall.settle()
    workspace = wall.desk.workspace()
    assert workspace is not None
    wall.desk.save_workspace(replace(workspace, settings=Settings()))
    wall.put(WorkKind.RULES, lane=Lane.BACKFILL)
    wall.settle()
    told(reef, films)

    assert (in_navimpact(films, reef), title(films, reef)) == ("Coral reef", "Coral reef")
