"""A token is renewed when Notion refuses it: once, however many need it; and when it cannot be, nobody asks on."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Thread

import pytest

from local.twins.notion.seed import BOT_ID, WORKSPACE_ID
from navsync.credentials import Tokens, put_in_place
from navsync.errors import Unavailable
from tests.contract import stages
from tests.tokens.conftest import WORKSPACE, Office, how_it_goes

CROWDS = pytest.mark.parametrize("callers", [8, 50])


@CROWDS
def test_a_crowd_whose_token_died_renews_it_once(office: Office, callers: int) -> None:
    found = office.at_once(callers)

    assert found == [BOT_ID] * callers
    assert office.token_calls() == [200]


@CROWDS
def test_a_crowd_whose_connection_was_removed_asks_once(office: Office, callers: int) -> None:
    office.steer("disconnect", {"workspace_id": WORKSPACE_ID})

    found = office.at_once(callers) + office.at_once(callers)

    assert set(found) == {"needs_reauth"}
    assert office.token_calls() == [400]


def test_a_crowd_whose_token_was_revoked_asks_once(office: Office) -> None:
    office.keep(office.connect())
    stages.oauth(office.line).revoke(office.kept[-1].access_token)

    found = office.at_once(8) + office.at_once(8)

    assert set(found) == {"needs_reauth"}
    assert office.token_calls() == [200, 400]  # the second connection, and the one question


REFUSALS = [(400, "validation_error"), (403, "restricted_resource"), (404, "object_not_found"), (429, "rate_limited"),
            (503, "service_unavailable"), (529, "service_overload")]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_no_refusal_but_a_401_has_a_token_renewed(office: Office, status: int, code: str) -> None:
    office.keep(office.connect())
    office.fails("/v1/users/me", status=status, body={"object": "error", "status": status, "code": code})

    assert BOT_ID not in office.at_once(1)
    assert office.token_calls() == [200]  # the second connection


@CROWDS
def test_a_crowd_that_lost_the_answer_asks_once_more_and_never_again(office: Office, callers: int) -> None:
    office.fails("/v1/oauth/token", drop="after")

    first, then = office.at_once(callers), office.at_once(callers)

    assert (set(first), set(then)) == ({"unclear", "needs_reauth"}, {"needs_reauth"})
    assert office.token_calls() == [None, 400]


def test_a_request_for_tokens_that_never_arrived_is_made_again(office: Office) -> None:
    office.fails("/v1/oauth/token", drop="before")
    worker = office.worker()

    found = [how_it_goes(lambda: worker.read("GET", "users/me")) for _ in range(2)]

    assert found == ["unclear", BOT_ID]


def test_a_token_that_works_is_not_renewed(office: Office) -> None:
    office.at_once(1)

    assert office.at_once(8) == [BOT_ID] * 8
    assert office.token_calls() == [200]


def test_what_is_used_is_what_is_kept(office: Office) -> None:
    worker = office.worker()
    worker.read("GET", "users/me")

    kept = office.secrets.get(WORKSPACE)
    assert kept is not None
    assert (kept, worker.credentials.token()) == (office.kept[-1], kept.access_token)


def test_a_pair_that_could_not_be_kept_is_not_used(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise Unavailable("Secrets Manager did not answer")

    monkeypatch.setattr(office.secrets, "put", broken)

    assert office.at_once(1) == ["unavailable"]
    assert office.calls("/v1/users/me") == [401]


def test_the_turn_of_one_who_died_is_free_after_a_while(office: Office) -> None:
    assert office.store.turn(WORKSPACE, office.clock).take()

    office.ahead = timedelta(seconds=91)

    assert office.at_once(2) == [BOT_ID] * 2


def test_a_turn_belongs_to_one(office: Office) -> None:
    turns = [office.store.turn(WORKSPACE, office.clock) for _ in range(3)]

    assert [turn.take() for turn in turns] == [True, False, False]


def test_who_had_no_turn_ends_nobodys(office: Office) -> None:
    mine, yours, another = (office.store.turn(WORKSPACE, office.clock) for _ in range(3))
    mine.take()

    yours.leave()

    assert not another.take()


def test_a_connection_that_is_made_again_is_not_overwritten_by_a_renewal(office: Office) -> None:
    renewing = office.store.turn(WORKSPACE, office.clock)
    renewing.take()
    again = Tokens("ntn_again", "nrt_again")
    waiting = Thread(
        target=put_in_place,
        args=(again, office.keep, office.store.turn(WORKSPACE, office.clock), lambda _: renewing.leave()),
    )

    waiting.start()
    waiting.join()

    assert office.secrets.get(WORKSPACE) == again


def test_after_connecting_again_a_dead_pair_is_forgotten(office: Office) -> None:
    office.steer("disconnect", {"workspace_id": WORKSPACE_ID})
    office.at_once(1)

    office.keep(office.connect())

    assert office.at_once(2) == [BOT_ID] * 2


def test_no_token_is_in_the_table(office: Office) -> None:
    office.at_once(4)
    office.steer("disconnect", {"workspace_id": WORKSPACE_ID})
    office.at_once(4)

    table = json.dumps(office.store._dynamo.client.scan(TableName="workspaces")["Items"])  # noqa: SLF001

    assert '"dead"' in table
    assert not [t for pair in office.kept for t in (pair.access_token, pair.refresh_token) if t and t in table]
