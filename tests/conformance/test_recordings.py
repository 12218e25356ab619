"""The recorded exchanges with the real API: the twin gives the same answers."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.conformance.replay import IGNORED, RECORDINGS, Outcome, replayed
from tests.conformance.witness import Witness
from tests.twins.notion.rig import Rig


@pytest.fixture(scope="module")
def outcomes(rig: Rig, witness: Witness) -> Iterator[dict[str, Outcome]]:
    """What came of each recording."""
    found = {name: replayed(rig, name) for name in RECORDINGS}
    yield found
    values = sum((outcome.values for outcome in found.values()), Counter[str]())
    witness.testify(
        "recordings",
        "recording",
        [call for outcome in found.values() for call in outcome.calls],
        f"{len(found)} recordings: {values['compared']:,} of {values.total():,} values compared, "
        f"{values['met']} ids met for the first time, {values['different']} different.",
        *(f"Not compared: {name}, {reason}." for name, reason in IGNORED.items()),
    )


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_exchange_gets_the_same_answer(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].differences == []


def test_at_least_nine_of_ten_recorded_values_are_compared(outcomes: dict[str, Outcome]) -> None:
    values = sum((outcome.values for outcome in outcomes.values()), Counter[str]())

    assert values["compared"] / values.total() >= 0.9, values


def test_no_more_than_twelve_names_are_ignored() -> None:
    assert len(IGNORED) <= 12


def test_every_recorded_answer_agrees_with_the_description(outcomes: dict[str, Outcome], witness: Witness) -> None:
    assert len(witness.described) > 100
    assert witness.findings == []
