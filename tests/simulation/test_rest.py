"""When has a history come to rest, so that one more reconcile would only repeat the last?"""

from __future__ import annotations

import json
from datetime import timedelta
from unittest.mock import patch

import pytest

from navsync.engine import deletes, last_words
from navsync.engine.steps import Done, Run, Step
from navsync.engine.workbench import Workbench
from navsync.model import EntityType, Lane, Mapping, Observation, Present, Trashed, Work, WorkKind
from navsync.reconcile import PAIRS
from tests.contract.memory import PERSON
from tests.simulation.campaign import OPERATIONS
from tests.simulation.history import History
from tests.simulation.swarm import Act, Op, Swarm, calm, drawn
from tests.simulation.verdict import judge
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


STORY = EntityType.IMPACT_STORY


@pytest.fixture
def thrown_away_unheard() -> History:
    """Its only story is deleted, and somebody takes the page out of the trash, and throws it away, unheard of."""
    deleted = Op(Act.DELETE, 20.0, 0, 1, 0, 0, 0)
    history = History(Swarm(seed=1, types=(PROJECT, STORY), records=1, ops=(deleted,), trash_hides_bodies=True))
    history.run()
    (office,) = history.offices
    (page,) = (page for page in office.notion.pages.values() if page.entity_type is STORY)
    history.deaf = True
    office.notion.by(PERSON).restore(STORY, page.id)
    history.wait(60)
    history.people.trash(office, page)
    history.deaf = False
    history.settle(most=MOST)
    return history


def test_what_was_thrown_away_unheard_may_be_read_when_somebody_tells_of_it(thrown_away_unheard: History) -> None:
    before = thrown_away_unheard.calls["notion restore"]

    assert judge(thrown_away_unheard) == []
    assert thrown_away_unheard.calls["notion restore"] == before + 1


def test_a_row_that_was_thrown_away_while_it_was_not_shared_may_be_read_when_somebody_tells_of_it() -> None:
    history = History(Swarm(seed=1, types=(PROJECT, STORY), records=1, trash_hides_bodies=True))
    history.run()
    (office,) = history.offices
    row = office.notion.by(PERSON).add_row(STORY, {"description": "no title yet"})
    page = office.notion.pages[row.id]
    history.people.touched_page(office, page)
    history.wait(60)
    history.people.do(Op(Act.WITHDRAW, 0.0, 0, 0, 0, 0, 0))
    history.people.trash(office, page)
    history.wait(1000)
    history.settle(most=MOST)
    assert history.calls["notion restore"] == 0

    assert judge(history) == []
    assert history.calls["notion restore"] == 1


def test_what_is_read_whenever_somebody_tells_of_it_never_rests(thrown_away_unheard: History) -> None:
    def read_each_time(bench: Workbench, mapping: Mapping, _run: Run, page: Observation | None) -> Step:
        if isinstance(page, Trashed):
            last_words.read_now(bench, mapping, page)
        return Done()

    with patch.object(deletes, "_gone_before", read_each_time):
        assert any(wrong.startswith("I3") for wrong in judge(thrown_away_unheard))
