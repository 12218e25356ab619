"""Tokens in use."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from navsync.credentials import Credentials, Tokens
from navsync.errors import NeedsReauth


@dataclass
class Vault:
    """A secret store and Notion's token endpoint, in memory; *trace* tells in which order they were used."""

    kept: Tokens = field(default_factory=lambda: Tokens("a1", "r1"))
    trace: list[str] = field(default_factory=list)

    def store(self, tokens: Tokens) -> None:
        self.trace.append("store")
        self.kept = tokens

    def exchange(self, refresh_token: str) -> Tokens:
        self.trace.append(f"exchange {refresh_token}")
        return Tokens("a2", "r2")

    def credentials(self) -> Credentials:
        return Credentials(lambda: self.kept, self.store, self.exchange)


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


def test_tokens_are_not_shown() -> None:
    assert "a1" not in repr(Tokens("a1", "r1"))
    assert "r1" not in repr(Tokens("a1", "r1"))
