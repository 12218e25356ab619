"""`navsync probe` finds each difference between a Notion and the twin, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from local.navsync.cli import app
from local.navsync.probe import SUITES, probe
from local.navsync.stopped import Stopped
from local.twins.notion.seed import ROOT_PAGE_ID
from tests.conformance.place import Place
from tests.twins.notion.rig import Rig, running


@pytest.fixture(scope="module")
def there() -> Iterator[Rig]:
    """What stands for the real Notion: another twin, whose behaviour can be made to differ."""
    with running() as rig:
        yield rig


@dataclass(frozen=True)
class Found:
    """How a probe ended."""

    agrees: bool
    said: list[str]
    left: list[str]

    def tells_of(self, name: str) -> bool:
        """Whether there is a difference in the test that is called so."""
        return any(line.startswith("≠") and name in line for line in self.said)


def probed(there: Rig, *suites: str) -> Found:
    place, said = Place(there.url, there.connect()["access_token"]), list[str]()
    return Found(probe(place, None, said.append, suites), said, left(there))


def left(there: Rig) -> list[str]:
    """Scratch pages that are not in the trash."""
    pages = there.look("state")["pages"]
    return [p["id"] for p in pages if p["parent"]["id"] == ROOT_PAGE_ID and not p["in_trash"]]


def begin(there: Rig, **switches: Any) -> None:
    there.order("reset", {})
    there.order("switches", {"requests_per_window": 100_000} | switches)


# --- a Notion that is as its twin -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alike(there: Rig) -> Found:
    """Everything is asked; once Notion is at its limit."""
    begin(there)
    limited = {"name": "connection_limited", "retry_after": 1, "match": {"path": "/v1/databases"}}
    there.order("outages", {"outages": [limited]})
    return probed(there)


def test_between_two_twins_there_is_no_difference(alike: Found) -> None:
    assert (alike.agrees, [line for line in alike.said if line.startswith("≠")]) == (True, [])


@pytest.mark.parametrize("suite", ["test_exchanges", "recordings", "error_texts", "sdk_python content", "sdk_js"])
def test_every_suite_is_run(alike: Found, suite: str) -> None:
    assert [line for line in alike.said if line.startswith(f"= {suite.removeprefix('test_')}")]


def test_what_is_not_run_is_said_with_the_reason(alike: Found) -> None:
    reasons = [line for line in alike.said if "not run live, because" in line]

    assert any("shows what an account holds" in line for line in reasons)
    assert any("makes calls fail" in line for line in reasons)


def test_what_is_made_goes_to_the_trash(alike: Found) -> None:
    assert alike.left == []


# --- a Notion that is not ---------------------------------------------------------------------------------------------

LIMITED = {
    "status": 429,
    "headers": {"retry-after": "0"},
    "body": {"object": "error", "status": 429, "code": "rate_limited", "message": "Later."},
}

UNLIKE: dict[str, tuple[Any, str]] = {
    "not_found_wording": ("connection", "a refusal says what notion says [not shared]"),
    "archived_key_in_2026": (False, "an exchange ends as with a twin [read the row]"),
    "trash_twice": ("refused", "a recorded exchange gets the same answer [pages_delete]"),
    "cursor_wording": ("older", "a refusal says what notion says [a strange cursor]"),
    "query_in_trash": ("ignored", "an exchange ends as with a twin [query what is in the trash]"),
    "length_unit": ("code_points", "an exchange ends as with a twin [a text just too long in UTF-16]"),
}
"""Switch → another setting, and a test that shows it."""


@pytest.fixture(scope="module")
def unlike(there: Rig) -> Found:
    """Every switch is set otherwise, and one answer is of another shape."""
    begin(there, **{switch: setting for switch, (setting, _) in UNLIKE.items()})
    there.order("faults", [{"match": {"path": "/v1/users/me", "nth": 1}, "do": {"status": 200, "body": {"id": 7}}}])
    return probed(there, "exchanges", "texts", "recordings")


@pytest.mark.parametrize("switch", UNLIKE)
def test_a_behaviour_that_differs_is_named(unlike: Found, switch: str) -> None:
    assert unlike.tells_of(UNLIKE[switch][1])


def test_a_difference_is_told_in_notions_words_and_the_twins(unlike: Found) -> None:
    (told,) = [line for line in unlike.said if "nobody's id: body.message: Notion " in line]

    theirs, _, twins = told.partition(", the twin ")
    assert ("your connection" in theirs, "your integration" in twins) == (True, True)


def test_a_refusal_in_other_words_is_told_in_both(unlike: Found) -> None:
    (told,) = [line for line in unlike.said if line.startswith("  error_texts: ") and "[not shared]: " in line]

    assert ("your connection" in told, "your integration" in told) == (True, True)


def test_an_answer_that_is_not_as_described_is_named(unlike: Found) -> None:
    assert unlike.tells_of("every answer is as notion describes it")


def test_a_probe_that_found_something_did_not_agree_and_leaves_nothing_behind_either(unlike: Found) -> None:
    assert (unlike.agrees, unlike.left) == (False, [])


def test_a_notion_that_blocks_the_connection_is_asked_no_more(there: Rig) -> None:
    begin(there)
    there.order("outages", {"outages": [{"name": "request_blocked", "match": {"path": "/v1/databases"}}]})
    said: list[str] = []

    with pytest.raises(Stopped, match="is said above"):
        probe(Place(there.url, there.connect()["access_token"]), None, said.append, ["exchanges"])

    assert [line for line in said if "ask Notion's support" in line]
    assert left(there) == []


CUT = {"faults": [{"match": {"path": "/v1/databases"}, "do": {"drop": "before"}}]}
UNHEARD: dict[str, tuple[str, dict[str, Any], str]] = {
    "is too slow": ("javascript", {}, "took more than 0.5 s"),
    "cuts the line": ("exchanges", CUT, "did not answer"),
    "cuts the line of the JavaScript SDK": ("javascript", CUT, "did not answer the JavaScript SDK"),
    "keeps an SDK at its limit": ("python", {"faults": [{"match": {"path": "/v1/databases"}, "do": LIMITED}]}, "limit"),
}
"""What Notion does → the suite that meets it, how a twin is made to do it, and what is said."""


@pytest.mark.parametrize("what", UNHEARD)
def test_a_notion_that_does_not_answer_to_the_end_is_no_different_one(there: Rig, what: str) -> None:
    suite, disturbances, told = UNHEARD[what]
    begin(there)
    for order, body in disturbances.items():
        there.order(order, body)
    said: list[str] = []
    patience_s = 0.5 if what == "is too slow" else 300.0

    with pytest.raises(Stopped, match="is said above"):
        probe(Place(there.url, there.connect()["access_token"], patience_s=patience_s), None, said.append, [suite])

    differences = [line for line in said if line.startswith("≠")]
    assert ([line for line in said if told in line] != [], differences) == (True, [])


# --- the command ------------------------------------------------------------------------------------------------------


def command(said: str, **environment: str) -> Exception:
    """What stops it."""
    none: dict[str, str | None] = {"NOTION_TOKEN": None, "NOTION_BASE_URL": None}
    ended = CliRunner().invoke(app, ["probe", *said.split()], env=none | environment)
    assert isinstance(ended.exception, Exception)
    return ended.exception


def test_without_a_token_nothing_is_asked() -> None:
    assert "NOTION_TOKEN" in str(command("--live"))


def test_without_saying_so_the_real_notion_is_not_asked(there: Rig) -> None:
    begin(there)

    stopped = command("", NOTION_TOKEN="ntn_any", NOTION_BASE_URL=there.url)

    assert "--live" in str(stopped)
    assert there.look("requests")["requests"] == []


def test_a_token_that_is_refused_is_said_and_not_shown(there: Rig) -> None:
    stopped = command("--live", NOTION_TOKEN="ntn_made_up", NOTION_BASE_URL=there.url)

    assert ("refused the token" in str(stopped), "ntn_made_up" in str(stopped)) == (True, False)


def test_a_suite_that_is_none_is_named_with_those_there_are() -> None:
    stopped = command("--live --suite typos", NOTION_TOKEN="ntn_any")

    assert str(stopped).endswith(f"there is no suite typos: it is {', '.join(SUITES)}")
