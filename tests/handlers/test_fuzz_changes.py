"""Whatever is sent to the routes that change something, the answer is as declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.deployed import Cloud
from tests.handlers.fuzzing import ask_everything, two_organisations
from tests.handlers.gateway import routes

# One after the other: what a route has deleted, Schemathesis would not ask the others for any more.
METHODS = sorted({route.method for route in routes()} - {"GET"})


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("method", METHODS)
def test_whatever_is_sent_the_answer_is_as_declared(cloud: Cloud, tmp_path: Path, method: str) -> None:
    with two_organisations(cloud) as served:
        ask_everything(served, tmp_path, method)
