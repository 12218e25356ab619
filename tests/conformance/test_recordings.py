"""The recorded exchanges with the real API: the twin gives the same answers, and so does the real one still."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest

from tests.conformance.place import PROBED, Place
from tests.conformance.replay import IGNORED, OF_A_TWIN, RECORDINGS, Outcome, replayed, replayed_elsewhere
from tests.conformance.witness import Witness
from tests.twins.notion.rig import Rig


@pytest.fixture(scope="module")
def replay(request: pytest.FixtureRequest, witness: Witness) -> Callable[[str], Outcome]:
    """What came of a recording."""
    if PROBED is not None:
        return partial(_elsewhere, PROBED, witness)
    rig: Rig = request.getfixturevalue("rig")
    return cache(partial(replayed, rig))


def _elsewhere(place: Place, witness: Witness, name: str) -> Outcome:
    if name in OF_A_TWIN:
        pytest.skip(OF_A_TWIN[name])
    return replayed_elsewhere(place, name, witness)


@pytest.fixture(scope="module")
def outcomes(rig: Rig, replay: Callable[[str], Outcome], witness: Witness) -> Iterator[list[Outcome]]:
    """What came of each recording at a twin."""
    found = [replay(name) for name in RECORDINGS]
    yield found
    values = sum((outcome.values for outcome in found), Counter[str]())
    witness.testify(
        "recordings",
        "recording",
        [call for outcome in found for call in outcome.calls],
        f"{len(found)} recordings: {values['compared']:,} of {values.total():,} values compared, "
        f"{values['met']} ids met for the first time, {values['different']} different.",
        *(f"Not compared: {name}, {reason}." for name, reason in IGNORED.items()),
    )


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_exchange_gets_the_same_answer(replay: Callable[[str], Outcome], name: str) -> None:
    differences = replay(name).differences

    assert not differences, "\n".join(differences)


def test_at_least_nine_of_ten_recorded_values_are_compared(outcomes: list[Outcome]) -> None:
    values = sum((outcome.values for outcome in outcomes), Counter[str]())

    assert values["compared"] / values.total() >= 0.9, values


def test_no_more_than_twelve_names_are_ignored() -> None:
    assert len(IGNORED) <= 12


def test_every_recorded_answer_agrees_with_the_description(outcomes: list[Outcome], witness: Witness) -> None:
    assert len(witness.described) > 100
    assert witness.findings == []
