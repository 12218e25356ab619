"""What the conformance suites share: a place, a twin that can be steered, and a witness of all they answer."""

from collections.abc import Iterator

import pytest

from tests.conformance.place import PROBED, STEERS, Place
from tests.conformance.witness import Witness
from tests.twins.notion.rig import Rig, running


@pytest.fixture(scope="module")
def witness() -> Witness:
    """Whoever sees the answers of a module's tests."""
    return Witness()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """The Notion that is held against what is known: the real one while it is probed, else a twin."""
    if PROBED is not None:
        yield PROBED
        return
    with running() as twin:
        twin.order("switches", {"requests_per_window": 100_000})
        yield Place(twin.url, twin.connect()["access_token"])


@pytest.fixture(scope="module")
def rig(witness: Witness) -> Iterator[Rig]:
    """One twin for all tests of a module that steer it."""
    if PROBED is not None:
        pytest.skip(STEERS)
    with running(witness=witness) as rig:
        yield rig
