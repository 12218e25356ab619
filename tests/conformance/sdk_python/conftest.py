"""What the tests of the Python SDK start from: each runs with the blocking and with the asynchronous client."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.evidence import calls_of, write
from tests.conformance.place import PROBED, Place
from tests.conformance.sdk_python.settled import Kind, Sdk
from tests.conformance.transcript import Transcript, recorded
from tests.twins.notion.rig import Rig


@pytest.fixture(scope="module", params=["sync", "async"])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """One kind of the SDK and a place of its own; what it asked a twin is written down at the end."""
    kind: Kind = request.param
    if PROBED is not None:
        sdk = Sdk(PROBED, Transcript(), kind, None)
        with sdk.loop:
            yield sdk
        return
    with recorded() as (rig, transcript):
        rig.order("switches", {"requests_per_window": 100_000, "async_task_s": 0, "import_s": 0})
        sdk = Sdk(Place(rig.url, rig.connect()["access_token"]), transcript, kind, rig)
        with sdk.loop:
            yield sdk
        name = f"sdk_python_{request.module.__name__.rpartition('.')[2].removeprefix('test_')}_{kind}"
        write(name, f"official Python SDK, {kind}", "python_sdk", calls_of(rig))
        write(f"{name}.types", f"official Python SDK, {kind}", "sdk_types", transcript.checked())


@pytest.fixture(scope="module")
def notion(sdk: Sdk) -> Iterator[Any]:
    """A connected client."""
    with sdk.client(sdk.place.token) as client:
        yield client


@pytest.fixture
def twin(sdk: Sdk) -> Rig:
    """For what only a twin does: at once, or when told to."""
    return sdk.rig
