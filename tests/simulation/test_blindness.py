"""Notion lets us overwrite what nobody has read. Whoever loses an edit so is told, or the measure of it fails."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from navsync.engine import watch
from tests.simulation.__main__ import measure_blindness
from tests.simulation.campaign import PROMISED, Blind

HISTORIES = 40


def test_who_is_overwritten_unseen_is_told() -> None:
    assert measure_blindness(1, HISTORIES) == 0


def test_that_nobody_is_told_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    with patch.object(watch, "overwritten", return_value=[]):
        assert measure_blindness(1, HISTORIES) == 1

    assert "too few" in capsys.readouterr().out


@pytest.mark.parametrize(("flagged", "is_kept"), [(85, True), (84, False)])
def test_the_promise_is_85_of_100(flagged: int, *, is_kept: bool) -> None:
    assert (Blind(notion=100, flagged=flagged).told >= PROMISED) is is_kept


def test_a_measure_without_a_single_such_edit_shows_nothing() -> None:
    assert Blind().told < PROMISED
