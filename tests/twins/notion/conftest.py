"""What the tests of the Notion twin start from."""

from collections.abc import Iterator

import pytest

from tests.conformance.witness import Witness
from tests.twins.notion.rig import Api, Rig, running


@pytest.fixture(scope="module")
def notion(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One twin for all tests of a module, whose answers all agree with Notion's description."""
    witness = Witness()
    with running(witness=witness) as rig:
        yield rig
    witness.testify(request.module.__name__.rpartition(".")[2], "twin_tests", witness.calls)
    assert witness.findings == []


@pytest.fixture
def rig(notion: Rig) -> Rig:
    """The twin as it is on its first day."""
    notion.order("reset", {})
    notion.order("webhooks", {"enabled": True})
    return notion


@pytest.fixture
def api(rig: Rig) -> Iterator[Api]:
    """A freshly connected connection with budget enough for any test."""
    rig.order("switches", {"requests_per_window": 100_000})
    with rig.api(rig.connect()["access_token"]) as api:
        yield api


@pytest.fixture
def person(rig: Rig) -> Iterator[Api]:
    """Somebody in front of Notion."""
    with rig.person() as api:
        yield api
