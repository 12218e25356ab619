"""Why a record stands as it does, in words that a person understands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.explain import Verdict, explain
from navsync.model import (
    Conflict,
    Connection,
    Direction,
    EntityRef,
    EntityType,
    Lane,
    Mapping,
    Pause,
    PausedBy,
    Scope,
    Settings,
    State,
    Trouble,
    Work,
    WorkKind,
    Workspace,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
REEF = Workspace(17, "n-1", "Reef", "bot", "reef", NOW, NOW)
LINKED = Mapping(1, 17, EntityType.MEDIA_PROJECT, "4", "p", NOW, last_sync_at=NOW)
HELD = Trouble("one_way", "Title was edited on notion, but does not sync from there.", "Edit it on navimpact.", "title")
REFUSED = Trouble("refused", "Notion refused the value.", "Shorten it.")
PROJECT = EntityRef(EntityType.MEDIA_PROJECT, "4")


def told(mapping: Mapping | None = LINKED, workspace: Workspace = REEF, **how: Any) -> tuple[Verdict, str, str | None]:
    said = explain(workspace, how.pop("asked", PROJECT), mapping, **{"queued": (), "paused": None} | how)
    return said.verdict, said.because, said.to_do


def test_what_is_in_step_is_told_since_when_and_not_since_the_last_look() -> None:
    agreed = NOW - timedelta(hours=1)
    verdict, because, to_do = told(LINKED.but(agreed_at=agreed, last_change_at=agreed - timedelta(hours=1)))

    assert (verdict, to_do) == (Verdict.IN_STEP, None)
    assert because == (
        "Both sides say the same since 2026-11-22 09:00:00 UTC. It was last written 2026-11-22 08:00:00 UTC."
    )


def test_a_deletion_waits_since_it_was_met_and_not_since_the_last_look() -> None:
    met = NOW + timedelta(days=3)
    waits = replace(REFUSED, code="approve_delete", since=met)
    mapping = LINKED.but(state=State.AWAITING_APPROVAL, troubles=(waits,))

    assert explain(REEF, PROJECT, mapping, queued=(), paused=None).since == met


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"last_sync_at": None}, Verdict.WAITING, "looked at in a moment"),
        ({"state": State.CREATING, "last_sync_at": None}, Verdict.WAITING, "counterpart is being made"),
        ({"conflicts": (Conflict("title", "a", "b", "c"),)}, Verdict.WAITING_FOR_A_PERSON, "both sides: title"),
        ({"state": State.AWAITING_APPROVAL}, Verdict.WAITING_FOR_A_PERSON, "deleted on one side"),
        ({"state": State.DRAFT}, Verdict.WAITING_FOR_A_PERSON, "lacks a required field"),
        ({"state": State.UNREACHABLE}, Verdict.WAITING_FOR_A_PERSON, "does not show its page"),
        ({"state": State.DELETED}, Verdict.NOT_SYNCED, "was deleted"),
        ({"troubles": (REFUSED,)}, Verdict.FAILING, "refused the value"),
        ({"troubles": (HELD,)}, Verdict.WAITING_FOR_A_PERSON, "does not sync from there"),
        (
            {"attempts": 3, "next_retry_at": NOW + timedelta(minutes=5)},
            Verdict.FAILING,
            "3 times in a row. It is tried",
        ),
    ],
    ids=str,
)
def test_each_standing_has_its_words(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    said = told(LINKED.but(**changes))

    assert said[0] is verdict
    assert words in said[1]


@pytest.mark.parametrize("state", [State.AWAITING_APPROVAL, State.DRAFT, State.UNREACHABLE, State.DELETED])
def test_what_waits_for_a_person_says_what_to_do(state: State) -> None:
    assert told(LINKED.but(state=state))[2]


def test_a_trouble_is_told_with_its_fix() -> None:
    assert told(LINKED.but(troubles=(REFUSED,))) == (Verdict.FAILING, REFUSED.cause, REFUSED.fix)


@pytest.mark.parametrize("connection", [each for each in Connection if each is not Connection.CONNECTED])
def test_what_stops_the_workspace_goes_before_everything(connection: Connection) -> None:
    stopped = Workspace(17, "n-1", "Reef", "bot", "reef", NOW, NOW, connection=connection)

    assert told(LINKED, stopped)[0] is told(None, stopped)[0] is Verdict.NOT_SYNCED


def test_a_paused_workspace_is_said_to_be_paused() -> None:
    paused = Workspace(17, "n-1", "Reef", "bot", "reef", NOW, NOW, is_active=False)

    assert told(LINKED, paused)[1] == "The workspace is paused."


def test_of_a_record_that_navimpact_does_not_show_it_is_said_that_it_is_asked_once_more() -> None:
    verdict, because, _ = told(LINKED.but(gone_since=NOW))

    assert verdict is Verdict.WAITING
    assert because == (
        "NavImpact does not show its record. It is asked once more, ten minutes later at most, before that is believed."
    )


LOOK = Work(Lane.LIVE, WorkKind.ENTITY, str(PROJECT), "nonce", NOW, "run")


@pytest.mark.parametrize(("queued", "verdict"), [([LOOK], Verdict.WAITING), ([], Verdict.UNKNOWN)])
def test_what_nobody_has_paired_is_unknown_or_on_its_way(queued: list[Work], verdict: Verdict) -> None:
    assert told(None, queued=queued)[0] is verdict


@pytest.mark.parametrize(("attempts", "times"), [(1, "once"), (30, "30 times in a row")])
def test_what_is_new_and_cannot_be_looked_at_is_told_to_fail(attempts: int, times: str) -> None:
    later = replace(LOOK, due=NOW + timedelta(minutes=11), attempts=attempts)

    verdict, because, _ = told(None, queued=[later])

    assert verdict is Verdict.FAILING
    assert because == (
        f"It is new, and looking at it failed {times}; the history says how. It is tried again 2026-11-22 10:11:00 UTC."
    )


def test_what_failed_and_was_told_of_again_is_looked_at_in_a_moment() -> None:
    failed = replace(LOOK, lane=Lane.SWEEP, due=NOW + timedelta(minutes=11), attempts=30)

    assert told(None, queued=[failed, LOOK])[:2] == (
        Verdict.WAITING,
        "It was told of and is looked at in a moment.",
    )


@pytest.mark.parametrize(
    ("asked", "named", "call"),
    [
        (PROJECT, "the media project 4:", "POST /sync-project/4"),
        (EntityRef(EntityType.IMPACT_STORY, "7"), "the impact story 7:", "POST /workspaces/{id}/sync"),
        ("p-9", "the page p-9:", "POST /workspaces/{id}/sync"),
    ],
    ids=str,
)
def test_what_navsync_does_not_know_is_named_with_the_call_that_looks_for_it(
    asked: EntityRef | str, named: str, call: str
) -> None:
    verdict, because, to_do = told(None, asked=asked)

    assert verdict is Verdict.UNKNOWN
    assert because.startswith(f"NavSync does not know {named}")
    assert call in str(to_do)


RULE = Trouble("out_of_scope", "The workspace holds only the projects 1 or 2.", "Widen the scope.")


def test_what_a_rule_leaves_out_is_told_with_the_rule() -> None:
    left_out = LINKED.but(state=State.EXCLUDED, troubles=(RULE,))

    assert told(left_out) == (Verdict.NOT_SYNCED, RULE.cause, RULE.fix)


@pytest.mark.parametrize("settings", [Settings(scope=Scope(statuses=("active",))),
                                      Settings(direction=Direction.TO_NAVIMPACT)], ids=str)  # fmt: skip
def test_what_was_never_paired_may_be_left_out_with_its_project(settings: Settings) -> None:
    verdict, because, _ = told(None, replace(REEF, settings=settings))

    assert verdict is Verdict.NOT_SYNCED
    assert "settings leave it out" in because


def test_what_is_in_step_and_was_told_of_again_waits() -> None:
    assert told(queued=[LOOK])[0] is Verdict.WAITING


WAITED_FOR = {
    PausedBy.NOTION: "Notion asked for a pause",
    PausedBy.NAVIMPACT: "NavImpact asked for a pause",
    PausedBy.BUDGET: "What Notion allows in a minute is used up",
    PausedBy.BREAKER: "A side failed several times in a row and is left alone",
}


@pytest.mark.parametrize("by", PausedBy)
def test_a_pause_is_told_with_who_asked_for_it(by: PausedBy) -> None:
    said = told(LINKED.but(last_sync_at=None), paused=Pause(NOW + timedelta(minutes=1), by=by))

    assert said[:2] == (Verdict.WAITING, f"{WAITED_FOR[by]}; it goes on 2026-11-22 10:01:00 UTC.")


def test_what_was_told_of_in_a_pause_is_not_said_to_be_looked_at_in_a_moment() -> None:
    verdict, because, _ = told(None, queued=[LOOK], paused=Pause(NOW + timedelta(minutes=1), by=PausedBy.NAVIMPACT))

    assert verdict is Verdict.WAITING
    assert because == ("It was told of and waits. NavImpact asked for a pause; it goes on 2026-11-22 10:01:00 UTC.")
