"""`navsync probe` finds each difference between a Notion and the twin, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.navsync.probe import connected, report
from local.navsync.stopped import Stopped
from local.twins.notion import Config
from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import Rig, running

ROOT = Path(__file__).parents[2]


@pytest.fixture
def there() -> Iterator[Rig]:
    """What stands for the real Notion: another twin, whose behaviour can be made to differ."""
    with running(Config(plan="business")) as rig:
        rig.order("switches", {"requests_per_window": 100_000})
        yield rig


def probe(there: Rig) -> tuple[int, list[str]]:
    """How many differences are found, and what is said."""
    said: list[str] = []
    return report(there.url, connected(there.url), None, said.append, pace_s=0), said


def test_between_two_twins_there_is_no_difference(there: Rig) -> None:
    found, said = probe(there)

    assert (found, [line for line in said if line.startswith("≠")]) == (0, [])


UNLIKE: dict[str, tuple[Any, str]] = {
    "not_found_wording": ("connection", "nobody's id"),
    "archived_key_in_2026": (False, "read the row"),
    "trash_twice": ("refused", "trash it again"),
    "cursor_wording": ("older", "a cursor that is none"),
    "query_in_trash": ("ignored", "query what is in the trash"),
    "length_unit": ("code_points", "a text just too long in UTF-16"),
}
"""Switch → another setting, and the step that shows it."""


def test_each_behaviour_that_differs_is_named(there: Rig) -> None:
    there.order("switches", {switch: setting for switch, (setting, _) in UNLIKE.items()})

    _, said = probe(there)

    assert not [step for _, step in UNLIKE.values() if not any(line.startswith(f"  {step}: ") for line in said)]


def test_an_answer_that_is_not_as_described_is_named(there: Rig) -> None:
    there.order("faults", [{"match": {"path": "/v1/users/me", "nth": 1}, "do": {"status": 200, "body": {"id": 7}}}])

    _, said = probe(there)

    assert [line for line in said if line.startswith("  GET /v1/users/me 200: ")]


def test_a_limit_is_waited_for_and_nothing_is_left_behind(there: Rig) -> None:
    limited = {"name": "connection_limited", "retry_after": 1, "match": {"path": "/v1/databases"}}
    there.order("outages", {"outages": [limited]})

    found, _ = probe(there)

    assert (found, left(there)) == (0, [])


def test_what_failed_in_the_middle_leaves_nothing_behind_either(there: Rig) -> None:
    there.order("outages", {"outages": [{"name": "request_blocked", "match": {"path": "/v1/databases"}}]})

    with pytest.raises(Stopped, match="blocked"):
        probe(there)

    assert left(there) == []


def left(there: Rig) -> list[str]:
    """Scratch pages that are not in the trash."""
    pages = there.look("state")["pages"]
    return [p["id"] for p in pages if p["parent"]["id"] == ROOT_PAGE_ID and not p["in_trash"]]


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person types it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NOTION_")}
    command = [sys.executable, "-m", "local.navsync", "probe", *environment.pop("say", "").split()]
    return subprocess.run(  # noqa: S603  # our own command
        command, env=clean | environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_without_a_token_nothing_is_asked() -> None:
    ended = run(say="--live")

    assert (ended.returncode, "NOTION_TOKEN" in ended.stderr) == (1, True)


def test_without_saying_so_the_real_notion_is_not_asked(there: Rig) -> None:
    ended = run(NOTION_TOKEN="ntn_any", NOTION_BASE_URL=there.url)

    assert (ended.returncode, "--live" in ended.stderr) == (1, True)
    assert there.look("requests")["requests"] == []


def test_a_token_that_is_refused_is_said_and_not_shown(there: Rig) -> None:
    ended = run(say="--live", NOTION_TOKEN="ntn_made_up", NOTION_BASE_URL=there.url)

    assert (ended.returncode, "refused the token" in ended.stderr) == (1, True)
    assert "ntn_made_up" not in ended.stdout + ended.stderr
