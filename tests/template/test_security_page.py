"""SECURITY.md names tests: they are there."""

from __future__ import annotations

import re

import pytest

from tests.template.loading import TEMPLATE

ROOT = TEMPLATE.parent
NAMED = sorted(set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))))
WRITTEN = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_said_to_be_tested_is(name: str) -> None:
    assert f"def {name}(" in WRITTEN
