"""What a bearer token must be, and what is read from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync.tokens import BadToken, Claims, verify

SECRET = "a-secret-of-more-than-thirty-two-bytes"
SOON = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())


def token(**changes: Any) -> str:
    claims: dict[str, Any] = {"sub": "ana", "role": "admin", "org": "reef", "exp": SOON}
    return jwt.encode({name: value for name, value in (claims | changes).items() if value is not None}, SECRET)


def test_a_signed_token_tells_who_calls() -> None:
    assert verify(token(role="analyst"), SECRET) == Claims("ana", "analyst", "reef", None, SOON)


def test_an_organisation_is_not_needed() -> None:
    assert verify(token(org=None), SECRET).org is None


def test_who_has_no_role_is_a_viewer() -> None:
    assert verify(token(role=None), SECRET).role == "viewer"


@pytest.mark.parametrize(("named", "read"), [(None, None), ([], ()), ([17, 18], (17, 18))])
def test_no_workspaces_are_other_than_none_named(named: list[int] | None, read: tuple[int, ...] | None) -> None:
    assert verify(token(workspaces=named), SECRET).workspaces == read


@pytest.mark.parametrize("workspaces", ["17", 17, {"17": 1}, ["all"], [None]])
def test_workspaces_that_are_no_ids_are_not_guessed_at(workspaces: object) -> None:
    with pytest.raises(BadToken):
        verify(token(workspaces=workspaces), SECRET)


@pytest.mark.parametrize("claim", ["exp", "sub"])
def test_a_claim_that_is_needed_must_be_there(claim: str) -> None:
    with pytest.raises(BadToken):
        verify(token(**{claim: None}), SECRET)


def test_an_expired_token_is_not_good() -> None:
    with pytest.raises(BadToken):
        verify(token(exp=int(datetime.now(UTC).timestamp()) - 1), SECRET)


def test_a_role_that_nobody_knows_is_none() -> None:
    with pytest.raises(BadToken):
        verify(token(role="superuser"), SECRET)


def test_a_token_of_another_key_is_not_good() -> None:
    with pytest.raises(BadToken):
        verify(token(), "another-secret-of-more-than-thirty-two-bytes")


def test_the_refusal_does_not_say_what_was_wrong() -> None:
    refusals = set()
    for bad in (token(exp=1), token(role="x"), "garbage", ""):
        with pytest.raises(BadToken) as refusal:
            verify(bad, SECRET)
        refusals.add(str(refusal.value))

    assert len(refusals) == 1


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, SECRET)
