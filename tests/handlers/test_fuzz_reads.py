"""Whatever is asked of the routes that change nothing, the answer is as declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.deployed import Cloud
from tests.handlers.fuzzing import ask_everything, two_organisations


@pytest.mark.timeout(3_600)
def test_whatever_is_asked_the_answer_is_as_declared(cloud: Cloud, tmp_path: Path) -> None:
    with two_organisations(cloud) as served:
        ask_everything(served, tmp_path, "GET")
