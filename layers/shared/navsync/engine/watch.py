"""What about our latest writes should make us stop, wait, or tell a person?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import replace
from datetime import datetime, timedelta

from navsync.merge import Write
from navsync.model import Bases, Edit, FieldWrite, Present, Refusal, Side, Trouble, Written, digest

BELIEVED_AHEAD = timedelta(minutes=5)
"""How far ahead of ours a side's clock is believed: nobody is waited for until a time in the far future."""

SWING = timedelta(minutes=10)
SWINGS = 3
"""So many writes of one field within `SWING`, each put back, the same value among them: automations fight over it."""

ENDLESS = 10
"""So many are enough whatever they say: automations answer each other, each time with something new."""

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


def note(
    written: Iterable[Written],
    taken: Iterable[Write | FieldWrite],
    awaited: Collection[str],
    since: datetime,
    now: datetime,
) -> tuple[Written, ...]:
    """*written* and the writes of *taken*, made between *since* and *now*, without what is too old to matter.

    Of *awaited* fields an edit in Notion was seen before an event told of it.
    """
    new = (
        Written(w.field, w.to, since, now, digest(w.value), awaits=w.to is Side.NOTION and w.field in awaited)
        for w in taken
    )
    return tuple(_latest([w for w in (*written, *new) if now - w.until < KEPT]))


def _latest(written: Sequence[Written]) -> Iterator[Written]:
    """The last `MOST_KEPT`, and of each field on each side as many as tell that it goes to and fro."""
    later = Counter((w.field, w.side) for w in written)
    for place, w in enumerate(written, start=MOST_KEPT - len(written)):
        later[w.field, w.side] -= 1
        if place >= 0 or later[w.field, w.side] < ENDLESS:
            yield w


def put_back(written: Iterable[Written], bases: Bases, seen: Mapping[Side, Present]) -> tuple[Written, ...]:
    """*written*, with the latest write of a field marked where its side shows something else by now.

    Who only tries one value after the other changes what the other side shows, not the side that we wrote.
    """
    written = tuple(written)
    latest = {(w.field, w.side): place for place, w in enumerate(written)}
    lost = {place for (name, side), place in latest.items() if _has_moved(bases, name, side, seen[side])}
    return tuple(replace(w, put_back=w.put_back or place in lost) for place, w in enumerate(written))


def _has_moved(bases: Bases, name: str, side: Side, seen: Present) -> bool:
    return name in bases and name in seen.values and seen.values[name] != bases[name].on(side)


def swings(written: Iterable[Written], write: Write, now: datetime) -> bool:
    """Whether *write* is one more turn of a field that goes to and fro: what was not put back was no turn."""
    turns = (w for w in written if w.put_back and now - w.until < FROZEN)
    same = [w for w in turns if (w.field, w.side) == (write.field, write.to)]
    is_old_news = digest(write.value) in {w.digest for w in same}
    return _are_quick(same, SWINGS if is_old_news else ENDLESS)


def _are_quick(turns: Sequence[Written], number: int) -> bool:
    """Whether *number* of *turns* were taken within `SWING`."""
    return any(last.until - first.until < SWING for first, last in zip(turns, turns[number - 1 :], strict=False))


def swinging(property_name: str) -> Trouble:
    """What is said of it."""
    cause = f"{property_name} was written several times within ten minutes, and each time changed by something else."
    return Trouble("oscillating", cause, "Stop the automation that changes it, or let one side win by a policy.")


def overwritten(written: Iterable[Written], edit: Edit, unmoved: Iterable[str]) -> tuple[Written, ...]:
    """Our writes that may have hit *edit*: it named the field, fell into the write's window, and does not show.

    Notion has no conditional writes, so an edit between our read and our write of a field is overwritten unseen. One
    for each field; where one of them had seen an edit and still awaits its event, this is it. None that was heard of.
    """
    written = tuple(written)
    heard = {w.field for w in written if edit.at in w.heard}
    hidden = set(unmoved).intersection(edit.fields) - heard
    near = [w for w in written if _is_near(w, edit) and w.field in hidden]
    return tuple({w.field: w for w in sorted(near, key=lambda w: w.awaits)}.values())


def _is_near(write: Written, edit: Edit) -> bool:
    return write.side is Side.NOTION and write.since - BLIND <= edit.at <= write.until + BLIND


def is_told_near(edits: Iterable[Edit], moment: datetime, fields: Collection[str]) -> bool:
    """Whether events tell of an edit of one of *fields* that was made around *moment*."""
    return any(abs(edit.at - moment) <= BLIND and not set(edit.fields).isdisjoint(fields) for edit in edits)


def told_of(written: Iterable[Written], hits: Collection[Written], edit: Edit) -> tuple[Written, ...]:
    """*written*, of which those among *hits* have heard of *edit*, and await no event any more."""
    return tuple(replace(w, awaits=False, heard=(*w.heard, edit.at)) if w in hits else w for w in written)


def refusals(shown: Mapping[str, object], now: datetime) -> dict[str, Refusal]:
    """To remember that the fields of *shown* were not taken as they are shown."""
    return {name: Refusal(digest(pair), now) for name, pair in shown.items()}


def is_refused(refusal: Refusal | None, shown: object, now: datetime) -> bool:
    """Whether just *shown* was refused lately: sending it again would only say so again."""
    return refusal is not None and now - refusal.at < ASK_AGAIN and was_refused(refusal, shown)


def was_refused(refusal: Refusal | None, shown: object) -> bool:
    """Whether just *shown* was refused, however long ago."""
    return refusal is not None and refusal.digest == digest(shown)


def patience(since: datetime, now: datetime, *, least: timedelta, most: timedelta) -> timedelta:
    """How long to leave alone what has waited since *since*: as long again, so that each pause doubles the wait."""
    return min(max(now - since, least), most)


def quiet_until(seen: Present, quiet: timedelta, now: datetime, ours: str) -> datetime | None:
    """When *seen*, edited by anybody but *ours*, will have been left alone for long enough; None: it is now."""
    if not quiet or seen.edited_at is None or seen.edited_by == ours or seen.edited_at > now + BELIEVED_AHEAD:
        return None
    until = seen.edited_at + quiet + (MINUTE if seen.edited_by else timedelta())
    return until if until > now else None
