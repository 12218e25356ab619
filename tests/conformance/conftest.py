"""What the conformance suites share: a twin, and a witness of all it answers."""

from collections.abc import Iterator

import pytest

from tests.conformance.witness import Witness
from tests.twins.notion.rig import Rig, running


@pytest.fixture(scope="module")
def witness() -> Witness:
    """Whoever sees the answers of a module's tests."""
    return Witness()


@pytest.fixture(scope="module")
def rig(witness: Witness) -> Iterator[Rig]:
    """One twin for all tests of a module."""
    with running(witness=witness) as rig:
        yield rig
