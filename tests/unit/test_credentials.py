"""Tokens in use."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from navsync.credentials import Credentials, Tokens, put_in_place
from navsync.errors import NeedsReauth, Unavailable


@dataclass
class Vault:
    """A secret store and Notion's token endpoint, in memory; *trace* tells in which order they were used."""

    kept: Tokens = field(default_factory=lambda: Tokens("a1", "r1"))
    trace: list[str] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    taken: bool = False
    """Somebody else has the turn."""

    def take(self) -> bool:
        return not self.taken

    def leave(self) -> None:
        return None

    def is_dead(self, mark: str) -> bool:
        return mark in self.dead

    def bury(self, mark: str) -> None:
        self.dead.add(mark)

    def wait(self, _seconds: float) -> None:
        self.trace.append("wait")

    def store(self, tokens: Tokens) -> None:
        self.trace.append("store")
        self.kept = tokens

    def exchange(self, refresh_token: str) -> Tokens:
        self.trace.append(f"exchange {refresh_token}")
        return Tokens("a2", "r2")

    def credentials(self) -> Credentials:
        return Credentials(lambda: self.kept, self.store, self.exchange, self, self.wait)


def test_a_refused_token_is_exchanged_and_kept_before_it_is_used() -> None:
    vault = Vault()

    assert vault.credentials().refresh("a1") == "a2"
    assert vault.trace == ["exchange r1", "store"]
    assert vault.kept == Tokens("a2", "r2")


def test_a_token_that_somebody_renewed_meanwhile_is_used_and_not_renewed_again() -> None:
    vault = Vault()
    credentials = vault.credentials()
    credentials.token()
    vault.kept = Tokens("a9", "r9")

    assert credentials.refresh("a1") == "a9"
    assert vault.trace == []


def test_without_a_refresh_token_a_person_must_connect_again() -> None:
    with pytest.raises(NeedsReauth):
        Vault(Tokens("a1", None)).credentials().refresh("a1")


def test_a_pair_that_notion_will_not_renew_is_asked_for_once() -> None:
    vault = Vault()

    def refused(refresh_token: str) -> Tokens:
        vault.trace.append(f"exchange {refresh_token}")
        raise NeedsReauth("dead")

    for _ in range(3):
        with pytest.raises(NeedsReauth):
            Credentials(lambda: vault.kept, vault.store, refused, vault, vault.wait).refresh("a1")

    assert vault.trace == ["exchange r1"]


def test_nobody_waits_for_long_while_somebody_else_renews() -> None:
    vault = Vault(taken=True)

    with pytest.raises(Unavailable, match="somebody else"):
        vault.credentials().refresh("a1")

    assert set(vault.trace) == {"wait"}


def test_a_new_grant_waits_until_the_old_one_is_renewed() -> None:
    vault = Vault(taken=True)

    def over(_seconds: float) -> None:
        vault.trace.append("wait")
        vault.taken = False

    put_in_place(Tokens("a3", "r3"), vault.store, vault, over)

    assert (vault.trace, vault.kept) == (["wait", "store"], Tokens("a3", "r3"))


def test_the_mark_of_a_pair_tells_it_from_others_and_gives_nothing_away() -> None:
    marks = {Tokens("a1", "r1").mark, Tokens("a1", "r2").mark, Tokens("a1").mark}

    assert len(marks) == 3
    assert not [mark for mark in marks if "a1" in mark and "r1" in mark]


def test_tokens_are_not_shown() -> None:
    assert "a1" not in repr(Tokens("a1", "r1"))
    assert "r1" not in repr(Tokens("a1", "r1"))
