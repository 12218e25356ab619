"""The official JavaScript SDK at work: each test of sdk_js is one here."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.navsync.stopped import Stopped
from navsync.notion.failures import RECOVERIES
from tests import npm
from tests.conformance import javascript
from tests.conformance.evidence import calls_of, write
from tests.conformance.place import PROBED, ROOM, STEERS
from tests.conformance.transcript import Transcript, recorded
from tests.twins.notion.rig import CONFIG, REDIRECT, Rig

NAMES = javascript.declared()
UNHEARD = {"rate_limited", "service_overload", "notionhq_client_request_timeout", "ECONNREFUSED", "ECONNRESET",
           "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_SOCKET"}  # fmt: skip
"""Codes of the SDK and of Node.js, once the SDK has asked five times more."""


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Rig, Transcript]]:
    """A twin, and what it answers."""
    if PROBED is not None:
        pytest.skip(STEERS)
    with recorded() as recording:
        yield recording


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> dict[str, javascript.Outcome]:
    """Every test by name, all run once."""
    if PROBED is not None:
        there = {"NOTION_URL": PROBED.url, "NOTION_TOKEN": PROBED.token, "NOTION_ROOM": PROBED.page}
        return _by_name(_heard_out(javascript.run(there, within_s=PROBED.patience_s)))
    rig, transcript = request.getfixturevalue("recording")
    found = javascript.run(
        {
            "NOTION_URL": rig.url,
            "NOTION_ROOM": ROOM,
            "TWIN_CLIENT_ID": CONFIG.client_id,
            "TWIN_CLIENT_SECRET": CONFIG.client_secret,
            "TWIN_REDIRECT_URI": REDIRECT,
        }
    )
    write("sdk_js", "official JavaScript SDK", "js_sdk", calls_of(rig))
    write("sdk_js.types", "official JavaScript SDK", "sdk_types", transcript.checked())
    return _by_name(found)


def _heard_out(found: list[javascript.Outcome]) -> list[javascript.Outcome]:
    """*found*, unless Notion did not answer to the end: that is no difference."""
    if cut := next((outcome for outcome in found if outcome.code in UNHEARD), None):
        raise Stopped(f"Notion did not answer the JavaScript SDK ({cut.code}); probe again later")
    return found


def _by_name(found: list[javascript.Outcome]) -> dict[str, javascript.Outcome]:
    return {outcome.name: outcome for outcome in found}


@pytest.mark.parametrize("name", NAMES)
def test_the_javascript_sdk_finds_that(outcomes: dict[str, javascript.Outcome], name: str) -> None:
    outcome = outcomes[name]
    if outcome.skipped:
        pytest.skip(STEERS)

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


def test_every_error_code_that_the_sdk_knows_has_a_recovery() -> None:
    errors = (npm.packages(javascript.SUITE) / "@notionhq" / "client" / "build" / "src" / "errors.js").read_text()
    codes = set(re.findall(r'APIErrorCode\["\w+"\] = "(\w+)"', errors))

    assert codes
    assert codes <= RECOVERIES.keys()


def test_an_installation_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def offline(command: list[str], *_rest: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "npm error network")

    monkeypatch.setattr(npm, "CACHE", tmp_path)
    monkeypatch.setattr(npm, "call", offline)

    with pytest.raises(Stopped, match=r"fetched once .* connect to the package registry .*\n.*network"):
        npm.packages(javascript.SUITE)
    assert list(tmp_path.iterdir()) == [tmp_path / "install.lock"]
