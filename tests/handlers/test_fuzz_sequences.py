"""Whatever is called after whatever, with what was answered before, the answer is as declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.deployed import Cloud
from tests.handlers.fuzzing import NOT_CHECKED, fuzz, two_organisations

DECIDED_BY_WHAT_CAME_BEFORE = ["what_is_valid_is_accepted"]


@pytest.mark.timeout(3_600)
def test_whatever_came_before_the_answer_is_as_declared(cloud: Cloud, tmp_path: Path) -> None:
    with two_organisations(cloud) as served:
        fuzz(served, tmp_path, "--phases", "stateful", unchecked=[*NOT_CHECKED, *DECIDED_BY_WHAT_CAME_BEFORE])
