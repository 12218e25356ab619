"""The tick puts one sweep per workspace that is synced, and wakes it."""

from __future__ import annotations

import json

import pytest

from navsync.errors import Unavailable
from navsync.inbox import Inbox
from navsync.model import Connection, Lane, Work, WorkKind
from tests.handlers.deployed import Cloud
from tests.handlers.known import W, a_workspace, captured


def tick(cloud: Cloud) -> None:
    cloud["scheduled_reconcile"](captured("tick"))


def test_every_workspace_is_to_be_swept_and_woken(cloud: Cloud) -> None:
    a_workspace(cloud)
    a_workspace(cloud, 2, bot_id="b2")

    tick(cloud)

    assert [[(w.lane, w.kind) for w in cloud.work(id)] for id in (W, 2)] == [[(Lane.SWEEP, WorkKind.SWEEP)]] * 2
    assert {json.loads(wake["Body"])["workspace_id"] for wake in cloud.wakes()} == {W, 2}


def test_two_ticks_are_one_sweep(cloud: Cloud) -> None:
    a_workspace(cloud)

    tick(cloud)
    tick(cloud)

    assert (len(cloud.work(W)), len(cloud.wakes())) == (1, 1)


@pytest.mark.parametrize("changes", [{"is_active": False}, {"connection": Connection.NEEDS_REAUTH},
                                     {"connection": Connection.DISCONNECTED}], ids=str)  # fmt: skip
def test_a_workspace_that_is_not_synced_is_left_alone(cloud: Cloud, changes: dict[str, bool]) -> None:
    a_workspace(cloud, **changes)

    tick(cloud)

    assert (cloud.work(W), cloud.wakes()) == ([], [])


def test_without_workspaces_there_is_nothing_to_do(cloud: Cloud) -> None:
    tick(cloud)

    assert cloud.wakes() == []


def test_a_workspace_that_cannot_be_woken_does_not_keep_the_others_asleep(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_workspace(cloud)
    a_workspace(cloud, 2, bot_id="b2")
    put = Inbox.put

    def stumble(inbox: Inbox, workspace_id: int, *works: Work) -> None:
        if workspace_id == W:
            raise Unavailable("throttled")
        put(inbox, workspace_id, *works)

    monkeypatch.setattr(Inbox, "put", stumble)
    with pytest.raises(ExceptionGroup):
        tick(cloud)

    assert [json.loads(wake["Body"])["workspace_id"] for wake in cloud.wakes()] == [2]
