"""The sides under contract."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from local.twins.navimpact.app import Config as NavImpactConfig
from local.twins.navimpact.app import create_app as navimpact_app
from local.twins.notion import create_app as notion_app
from local.twins.serving import serving
from navsync.model import WorkKind
from tests.contract import stages
from tests.contract.office import Office


@pytest.fixture(scope="session")
def notion_url() -> Iterator[str]:
    with serving(notion_app(stages.CONFIG)) as url:
        yield url


@pytest.fixture(scope="session")
def navimpact_url() -> Iterator[str]:
    with serving(navimpact_app(NavImpactConfig(token=stages.SERVICE_TOKEN, projects=0))) as url:
        yield url


@pytest.fixture
def notion(notion_url: str) -> Iterator[stages.NotionStage]:
    with closing(stages.twin_notion(notion_url)) as stage:
        yield stage


@pytest.fixture
def navimpact(navimpact_url: str) -> Iterator[stages.Stage]:
    with closing(stages.twin_navimpact(navimpact_url)) as stage:
        yield stage


@pytest.fixture(params=["memory notion", "memory navimpact", "notion on its twin", "navimpact on its twin"])
def stage(request: pytest.FixtureRequest) -> Iterator[stages.Stage]:
    with closing(_stage(request)) as stage:
        yield stage


def _stage(request: pytest.FixtureRequest) -> stages.Stage:
    match request.param:
        case "memory notion":
            return stages.memory_notion()
        case "memory navimpact":
            return stages.memory_navimpact()
        case "notion on its twin":
            return stages.twin_notion(request.getfixturevalue("notion_url"))
        case _:
            return stages.twin_navimpact(request.getfixturevalue("navimpact_url"))


@pytest.fixture
def office(notion: stages.NotionStage) -> Iterator[Office]:
    office = Office(notion)
    office.put(WorkKind.SETUP)
    office.settle()
    yield office
    notion.steer("clock", {"offset_s": 0, "rate": 1})


@pytest.fixture
def project(office: Office) -> str:
    id = office.new(stages.PROJECT, title="Reef")
    office.settle()
    return id
