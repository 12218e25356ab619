"""Notion's twin on a port, and a gateway to it."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from local.twins.notion import create_app
from local.twins.serving import serving
from tests.contract import stages


@pytest.fixture(scope="session")
def notion_url() -> Iterator[str]:
    with serving(create_app(stages.CONFIG)) as url:
        yield url


@pytest.fixture
def notion(notion_url: str) -> Iterator[stages.NotionStage]:
    """A connected workspace with the database of projects."""
    with closing(stages.twin_notion(notion_url)) as stage:
        yield stage
