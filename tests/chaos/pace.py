"""Did NavSync keep to Notion's limits? Invariants I10 and I11, by Notion's own log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tests.chaos.calls import Call

WINDOW = timedelta(seconds=60)
PAUSE = timedelta(seconds=3)
"""What Notion asks for in a drill when it says that there were too many requests."""
UNDER_WAY = timedelta(seconds=0.3)
"""So long after its answer a call may still come in that was sent before anybody could have read the answer."""
DIES_WITHIN = timedelta(seconds=1)


def overspent(calls: Sequence[Call], paces: Mapping[str, int]) -> Iterator[str]:
    """Tell of connections that made more requests in some minute than their plan allows (I10)."""
    for bot, most in busiest(calls).items():
        if most > paces[bot]:
            yield f"I10: {bot} made {most} requests within a minute, and its plan allows {paces[bot]}"
    refused = [call for call in calls if call.status == 429 and call.fault is None]
    if refused:
        yield f"I10: Notion refused {len(refused)} requests as too many, first at {refused[0].at:%H:%M:%S}"


def busiest(calls: Sequence[Call]) -> dict[str, int]:
    """Return how many requests each connection made in its busiest minute."""
    return {bot: max(_in_a_window(own)) for bot, own in _by_connection(calls).items()}


def impatient(calls: Sequence[Call], deaths: Sequence[datetime]) -> Iterator[str]:
    """Tell of requests that came before a pause had ended which Notion had asked for (I11).

    A worker that died with the answer in its hands could tell nobody of it.
    """
    for bot, own in _by_connection(calls).items():
        for asked in own:
            if asked.status != 429 or any(asked.ended <= died <= asked.ended + DIES_WITHIN for died in deaths):
                continue
            over = asked.ended + PAUSE
            early = [call for call in own if asked.ended + UNDER_WAY < call.at < over]
            if early:
                left = (over - early[0].at).total_seconds()
                yield f"I11: {bot} asked {early[0].method} {early[0].path} {left:.1f} s before Notion's pause was over"


def pauses(calls: Sequence[Call]) -> int:
    """Count how often Notion asked for one."""
    return sum(call.status == 429 for call in calls)


def _by_connection(calls: Sequence[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.connection is not None:
            found[call.connection].append(call)
    return found


def _in_a_window(calls: Sequence[Call]) -> Iterator[int]:
    """How many requests lie in the minute that ends with each of them."""
    first = 0
    for last, call in enumerate(calls):
        while calls[first].at <= call.at - WINDOW:
            first += 1
        yield last - first + 1
