"""The official JavaScript SDK at work on the twin: each test of sdk_js is one here."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.conformance import javascript
from tests.conformance.evidence import calls_of, write
from tests.conformance.transcript import Transcript, recorded
from tests.twins.notion.rig import CONFIG, REDIRECT, Rig

NAMES = javascript.declared()


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Rig, Transcript]]:
    """A twin, and what it answers."""
    with recorded() as recording:
        yield recording


@pytest.fixture(scope="module")
def outcomes(recording: tuple[Rig, Transcript]) -> dict[str, javascript.Outcome]:
    """Every test by name, all run once against one twin."""
    rig, transcript = recording
    found = javascript.run(
        {
            "TWIN_URL": rig.url,
            "TWIN_CLIENT_ID": CONFIG.client_id,
            "TWIN_CLIENT_SECRET": CONFIG.client_secret,
            "TWIN_REDIRECT_URI": REDIRECT,
            "TWIN_ROOT_PAGE": ROOT_PAGE_ID,
        }
    )
    write("sdk_js", "official JavaScript SDK", "js_sdk", calls_of(rig))
    write("sdk_js.types", "official JavaScript SDK", "sdk_types", transcript.checked())
    return {outcome.name: outcome for outcome in found}


@pytest.mark.parametrize("name", NAMES)
def test_the_javascript_sdk_finds_in_the_twin_that(outcomes: dict[str, javascript.Outcome], name: str) -> None:
    outcome = outcomes[name]

    assert outcome.passed, outcome.said


def test_every_javascript_test_that_ran_is_reported_here(outcomes: dict[str, javascript.Outcome]) -> None:
    assert Counter(NAMES) == Counter(outcomes.keys())


def test_every_answer_is_of_the_type_that_the_sdk_declares(
    outcomes: dict[str, javascript.Outcome], recording: tuple[Rig, Transcript]
) -> None:
    _, transcript = recording

    assert transcript.findings() == []
    assert {call.status for call in transcript.checked()} == {200, 202}
    assert len(transcript.checked()) > 2 * len(outcomes)


def test_an_installation_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def offline(command: list[str], *_rest: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "npm error network")

    monkeypatch.setattr(javascript, "CACHE", tmp_path)
    monkeypatch.setattr(javascript, "_call", offline)

    with pytest.raises(javascript.Stopped, match=r"fetched once .* connect to the package registry .*\n.*network"):
        javascript.packages()
    assert list(tmp_path.iterdir()) == [tmp_path / "install.lock"]
