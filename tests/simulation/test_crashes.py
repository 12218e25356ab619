"""A worker may die at any call of any scenario, and nothing is lost, doubled or left open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import cycle

import pytest

from tests.simulation import crashes
from tests.simulation.crashes import SCENARIOS, points, wrong
from tests.simulation.mutants import MUTANTS


@pytest.fixture(autouse=True)
def whole_histories() -> Iterator[None]:
    """Each is thrown away as a whole, so looking for cycles in between is a waste."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "capable"), list(zip(SCENARIOS, cycle([True, False]), strict=False)))
def test_a_worker_may_die_at_any_call(name: str, capable: bool) -> None:
    """Half of the scenarios with a platform that knows ETags and idempotency keys; `make soak` takes each both ways."""
    places = points(name, conditional=capable, idempotent=capable)
    broken = {
        place: found for place in places if (found := wrong(name, place, conditional=capable, idempotent=capable))
    }

    assert not broken
    assert len(places) > 100


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 12


def test_no_second_page_is_made_that_a_healer_would_have_to_hide() -> None:
    name = "create_edit_conflict_delete"
    with MUTANTS["second pages are left"]():
        broken = {place: found for place in points(name)[::2] if (found := wrong(name, place))}

    assert not broken


def test_a_deletion_counts_once_wherever_a_worker_dies() -> None:
    """Else a person is asked about fewer deletions than they are promised to be."""
    name = "a_record_is_deleted"
    histories = (crashes.played(name, frozenset({place})) for place in points(name))

    assert {history.store.of(1).removals.total() for history in histories} == {1}


def test_it_really_dies() -> None:
    name = "winners_by_policy"
    undisturbed = crashes.played(name, frozenset())
    disturbed = crashes.played(name, frozenset({(10, "before")}))

    assert disturbed.trace != undisturbed.trace
