"""When has a history come to rest, so that one more reconcile would only repeat the last?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from navsync.model import Lane, Present, Work, WorkKind
from navsync.reconcile import PAIRS
from tests.simulation.campaign import OPERATIONS
from tests.simulation.history import History
from tests.simulation.swarm import calm, drawn
from tests.simulation.world import PROJECT

MOST = 3


@pytest.fixture
def history() -> History:
    """One that has been played to its end, in which nothing went wrong."""
    played = History(calm(drawn(2, OPERATIONS)))
    played.run()
    return played


def reconciles(history: History) -> int:
    """How many it takes until *history* has settled."""
    before = history.now
    history.settle(most=MOST)
    return round((history.now - before) / 4000)


def test_a_history_at_rest_is_reconciled_once_more(history: History) -> None:
    assert reconciles(history) == 1


def test_what_a_reconcile_finds_is_followed_by_one_that_finds_nothing(history: History) -> None:
    id = next(id for kind, id in history.platform.records if kind is PROJECT)
    seen = history.platform.read(PROJECT, id)
    assert isinstance(seen, Present)
    history.platform.update(PROJECT, id, {"title": "typed unheard"}, seen=seen)

    assert reconciles(history) == 2
    assert "typed unheard" in [page.values["title"] for page in history.offices[0].notion.pages.values()]


def test_while_work_is_left_nothing_is_at_rest(history: History) -> None:
    due = history.clock() + timedelta(days=1)
    history.store.desk(1).put(Work(Lane.LIVE, WorkKind.ENTITY, f"{PROJECT}/1", "nonce", due, run_id="run"))

    assert history.rest() is None
    assert reconciles(history) == MOST


@pytest.mark.parametrize("name", [PAIRS, f"walk:notion:{PROJECT}"])
def test_the_end_of_a_round_is_followed_by_a_whole_one(history: History, name: str) -> None:
    history.store.of(1).cursors[name] += "5"

    assert reconciles(history) == 2


@pytest.mark.parametrize("name", [PAIRS, f"walk:notion:{PROJECT}"])
def test_a_round_that_is_not_due_yet_is_waited_for(history: History, name: str) -> None:
    history.store.of(1).cursors[name] = f"{history.clock().isoformat(timespec='microseconds')} "

    assert reconciles(history) == 2


def test_the_end_of_a_list_is_followed_by_a_whole_one(history: History) -> None:
    begun = json.dumps([None, "|", history.clock().isoformat()])
    history.store.of(1).cursors[f"part of sweep:notion:{PROJECT}"] = begun

    assert reconciles(history) == 2
