"""Our own limits: so many calls a minute for each caller, and of these few that change something in one workspace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import a_workspace, request, who

ANA, BEN = who("ana"), who("ben")
HALF_PAST = datetime.now(UTC).replace(second=30, microsecond=0)
"""Half a minute before the window ends."""


@pytest.fixture
def limited(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Ten calls a minute, of which one may change something in a workspace; and the clock stands still."""
    a_workspace(cloud)
    set_clock(cloud, monkeypatch, HALF_PAST)
    return cloud


def set_clock(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    routes = cloud["dashboard"].module.routes
    monkeypatch.setattr(routes, "guard", replace(routes.guard, per_minute=10, clock=lambda: now))


def ask(cloud: Cloud, by: dict[str, Any], name: str = "workspaces", **how: Any) -> Answer:
    return cloud["dashboard"].answer(request(name, by, **how))


def flood(cloud: Cloud, by: dict[str, Any], calls: int = 10) -> Answer:
    return [ask(cloud, by) for _ in range(calls)][-1]


def test_one_call_too_many_is_told_when_to_try_again(limited: Cloud) -> None:
    assert flood(limited, ANA).status == 200

    answer = ask(limited, ANA)

    assert (answer.status, answer.is_problem, answer.headers["Retry-After"]) == (429, True, "30")
    assert answer.json["code"] == "too_many_requests"


def test_in_the_next_minute_one_may_call_again(limited: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    flood(limited, ANA, 11)
    set_clock(limited, monkeypatch, HALF_PAST + timedelta(seconds=30))

    assert ask(limited, ANA).status == 200


@pytest.mark.parametrize(("subject", "org"), [("ben", "reef"), ("ana", "bay"), ("a", "reef#ana"), ("na", "reefa")])
def test_one_callers_flood_is_nobody_elses(limited: Cloud, subject: str, org: str) -> None:
    flood(limited, ANA, 12)

    assert ask(limited, who(subject, org=org)).status == 200


def test_changes_of_a_workspace_end_before_calls_do(limited: Cloud) -> None:
    assert ask(limited, ANA, "sync_workspace").status == 202

    assert ask(limited, ANA, "sync_workspace").status == 429
    assert ask(limited, ANA, "workspace").status == 200
    assert ask(limited, BEN, "sync_workspace").status == 202


def test_changes_of_one_workspace_leave_another_ones_alone(limited: Cloud) -> None:
    a_workspace(limited, 2, bot_id="b2")
    ask(limited, ANA, "sync_workspace")

    assert ask(limited, ANA, "sync_workspace", id=2).status == 202


def test_a_strangers_flood_uses_up_nothing_of_a_workspace(limited: Cloud) -> None:
    for _ in range(3):
        ask(limited, who("eve", org="bay"), "sync_workspace")

    assert ask(limited, ANA, "sync_workspace").status == 202


def test_what_is_over_the_limit_changes_nothing(limited: Cloud) -> None:
    flood(limited, ANA)
    before = limited.kept()

    ask(limited, ANA, "change_workspace", body={"workspace_name": "Flooded"})

    assert limited.kept() == before


def test_a_flood_leaves_one_row_in_the_trail(limited: Cloud) -> None:
    flood(limited, ANA, 15)

    rows = limited.store.trail.rows(["ORG#reef#AUDIT"], now=HALF_PAST).items
    assert [(row.status, row.code) for row in rows] == [(429, "too_many_requests")]


def test_counters_are_forgotten(limited: Cloud) -> None:
    ask(limited, ANA)

    (counter,) = [item for item in limited.items() if item["pk"]["S"].startswith("CALLS#")]
    assert HALF_PAST.timestamp() < int(counter["expires_at"]["N"]) < HALF_PAST.timestamp() + 180
