"""The simulator notices bad designs. Those that take it long are for `make soak`."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, killed_after

QUICKLY_SEEN = [
    "the last writer wins",
    "the base is the whole answer",
    "values are recorded after the write",
    "whole records are written",
    "one 404 is a deletion",
    "copies are taken for ours",
    "done ignores the nonce",
    "who answers last is heard",
    "what is trashed is deleted",
    "there is no lease",
    "the cursor has no overlap",
    "vanished records are not looked for",
    "a pause is ignored",
    "fields have no policy of their own",
    "an edit against the direction counts as agreed",
    "records come and go against the direction",
    "templates are taken for rows",
]


@pytest.mark.parametrize("name", QUICKLY_SEEN)
def test_a_bad_design_is_noticed(name: str) -> None:
    assert killed_after(name, histories=100) is not None


def test_there_are_bad_designs_enough() -> None:
    assert len(MUTANTS) >= 12
