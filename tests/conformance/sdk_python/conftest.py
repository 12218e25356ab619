"""What the tests of the Python SDK start from: each runs with the blocking and with the asynchronous client."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.evidence import calls_of, write
from tests.conformance.sdk_python.settled import Kind, Sdk
from tests.conformance.transcript import recorded


@pytest.fixture(scope="module", params=["sync", "async"])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """One kind of the SDK and a twin of its own; what it asked is written down at the end."""
    kind: Kind = request.param
    with recorded() as (rig, transcript):
        rig.order("switches", {"requests_per_window": 100_000, "async_task_s": 0, "import_s": 0})
        sdk = Sdk(rig, transcript, kind)
        with sdk.loop:
            yield sdk
        name = f"sdk_python_{request.module.__name__.rpartition('.')[2].removeprefix('test_')}_{kind}"
        write(name, f"official Python SDK, {kind}", "python_sdk", calls_of(rig))
        write(f"{name}.types", f"official Python SDK, {kind}", "sdk_types", transcript.checked())


@pytest.fixture(scope="module")
def notion(sdk: Sdk) -> Iterator[Any]:
    """A connected client."""
    with sdk.client(sdk.rig.connect()["access_token"]) as client:
        yield client
