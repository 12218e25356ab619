"""What about our latest writes should make us stop, wait, or tell a person?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from navsync.merge import Write
from navsync.model import Edit, Present, Refusal, Side, Trouble, Written, digest

CLOCKS_APART = timedelta(minutes=5)
"""How far ahead of ours a side's clock is believed: nobody is waited for until a time in the far future."""

SWING = timedelta(minutes=10)
SWINGS = 3
"""So many writes of one field within `SWING`, the same value among them: somebody's automation writes it back."""

FROZEN = timedelta(hours=1)
"""How long it is left alone then, unless a person edits it or asks."""

KEPT = timedelta(hours=48)
MOST_KEPT = 20
BLIND = timedelta(seconds=60)
"""Around a write: an event's time is Notion's, and the window ours."""

QUIETS = 10
"""So many quiet periods are waited at most, however busy somebody is."""

ASK_AGAIN = timedelta(hours=6)
"""After so long what was refused is sent once more: perhaps it was the other side's set-up that was wrong."""

MINUTE = timedelta(minutes=1)
"""As coarse as Notion's times are."""


def note(written: Iterable[Written], taken: Iterable[Write], since: datetime, now: datetime) -> tuple[Written, ...]:
    """*written* and the writes of *taken*, made between *since* and *now*, without what is too old to matter."""
    new = (Written(w.field, w.to, since, now, digest(w.value)) for w in taken)
    return tuple(w for w in (*written, *new) if now - w.until < KEPT)[-MOST_KEPT:]


def swings(written: Iterable[Written], write: Write, now: datetime) -> bool:
    """Whether *write* is one more turn of a field that goes to and fro."""
    same = [w for w in written if (w.field, w.side) == (write.field, write.to) and now - w.until < FROZEN]
    quick = any(last.until - first.until < SWING for first, last in zip(same, same[SWINGS - 1 :], strict=False))
    return quick and digest(write.value) in {w.digest for w in same}


def swinging(property_name: str) -> Trouble:
    """What is said of it."""
    cause = f"{property_name} was written {SWINGS} times within ten minutes, and each time put back by something else."
    return Trouble("oscillating", cause, "Stop the automation that resets it, or let one side win by a policy.")


def overwritten(written: Iterable[Written], edit: Edit, unmoved: Iterable[str]) -> tuple[Written, ...]:
    """Our writes that may have hit *edit*: it named the field, fell into the write's window, and does not show.

    Notion has no conditional writes, so an edit between our read and our write of a field is overwritten unseen.
    """
    hidden = set(unmoved).intersection(edit.fields)
    return tuple(
        w
        for w in written
        if w.side is Side.NOTION and w.field in hidden and w.since - BLIND <= edit.at <= w.until + BLIND
    )


def refusals(shown: Mapping[str, object], now: datetime) -> dict[str, Refusal]:
    """To remember that the fields of *shown* were not taken as they are shown."""
    return {name: Refusal(digest(pair), now) for name, pair in shown.items()}


def is_refused(refusal: Refusal | None, shown: object, now: datetime) -> bool:
    """Whether just *shown* was refused lately: sending it again would only say so again."""
    return refusal is not None and now - refusal.at < ASK_AGAIN and was_refused(refusal, shown)


def was_refused(refusal: Refusal | None, shown: object) -> bool:
    """Whether just *shown* was refused, however long ago."""
    return refusal is not None and refusal.digest == digest(shown)


def quiet_until(seen: Present, quiet: timedelta, now: datetime, ours: str) -> datetime | None:
    """When *seen*, edited by anybody but *ours*, will have been left alone for long enough; None: it is now."""
    if not quiet or seen.edited_at is None or seen.edited_by == ours or seen.edited_at > now + CLOCKS_APART:
        return None
    until = seen.edited_at + quiet + (MINUTE if seen.edited_by else timedelta())
    return until if until > now else None
