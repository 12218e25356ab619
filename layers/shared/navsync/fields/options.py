"""How names are spelled as Notion's options, which take no comma and ignore case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from navsync.fields.scalars import newlines

COMMA = "\ufe50"
"""Stands for "," in an option's name. The small comma looks alike and nobody types it, unlike the fullwidth one."""
LONGEST_NAME = 100
MOST_NAMES = 100


def encode(name: str) -> str:
    """Spell *name* as Notion takes it."""
    return name.replace(",", COMMA)


def decode(name: str) -> str:
    """Read back what `encode` spelled; spaces around a name mean nothing."""
    return newlines(name).replace(COMMA, ",").strip()


def meaning(name: str) -> str:
    """Equal for names that Notion takes for the same option."""
    return normalize("NFC", normalize("NFD", decode(name)).casefold())


def one_each(wanted: Iterable[str]) -> tuple[str, ...]:
    """The first of all *wanted* names that mean the same, in order."""
    first: dict[str, str] = {}
    for name in wanted:
        first.setdefault(meaning(name), name)
    return tuple(first.values())


def meanings(names: Iterable[str]) -> tuple[str, ...]:
    """Equal for lists that Notion takes for the same, order included."""
    return tuple(dict.fromkeys(filter(None, map(meaning, names))))


def means(one: str, other: str) -> bool:
    """Whether Notion takes both names for the same option."""
    return meaning(one) == meaning(other)


def spell(name: str, known: Iterable[str]) -> str | None:
    """The spelling among *known* that means *name*."""
    wanted = meaning(name)
    return next((spelling for spelling in known if meaning(spelling) == wanted), None)


def restore(wanted: Sequence[str], current: Sequence[str]) -> list[str]:
    """*wanted*, each name spelled as *current* spells it.

    Where *current* has several spellings of one name ("YouTube" and "youtube", of which Notion holds one), all of them
    stay while the name stays. A name that *wanted* itself has in several spellings is taken as it is.
    """
    clear = Counter(map(meaning, wanted))
    if meanings(wanted) == meanings(current) and max(clear.values(), default=1) == 1:
        return list(current)
    kept = [spelling for spelling in current if clear[meaning(spelling)] == 1]
    return [spelling for name in wanted for spelling in _spellings(name, kept)]


def _spellings(name: str, known: Sequence[str]) -> list[str]:
    return [spelling for spelling in known if means(spelling, name)] or [name]
