"""Every exchange that NavSync relies on, value by value: the Notion that is probed answers as a twin does."""

from collections.abc import Iterator

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.conformance.exchanges import STEPS, Visit, compared
from tests.conformance.faces import Difference
from tests.conformance.place import Place
from tests.conformance.witness import Witness
from tests.twins.notion.rig import running


@pytest.fixture(scope="module")
def found(place: Place, witness: Witness) -> Iterator[dict[str, list[Difference]]]:
    """What differs, by the name of the step."""
    with running() as rig, place.http(witness) as there:
        rig.order("switches", {"requests_per_window": 100_000})
        with rig.api(rig.connect()["access_token"]) as api:
            yield compared(Visit(there, {"room": place.page}), Visit(api.http, {"room": ROOT_PAGE_ID}))


@pytest.mark.parametrize("name", [step.name for step in STEPS])
def test_an_exchange_ends_as_with_a_twin(found: dict[str, list[Difference]], name: str) -> None:
    assert not found[name], "\n".join(map(str, found[name]))


def test_every_answer_is_as_notion_describes_it(found: dict[str, list[Difference]], witness: Witness) -> None:
    assert not witness.findings, "\n".join(witness.findings)
