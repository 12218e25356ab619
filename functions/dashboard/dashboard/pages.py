"""Parts of lists: what a list answers, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain

from dashboard.front import runtime
from navsync import api, views
from navsync.api import asks
from navsync.model import Mapping, SyncLog, Workspace
from navsync.store import LogFilter, MappingFilter, keys

LARGEST_ANSWER = 4_500_000
"""Characters: Lambda hands over 6 MB, and not every character is one byte."""


def page(items: Sequence[views.Json], total: int, asked: asks.Range | asks.HistoryQuery) -> views.Json:
    """A part of a list."""
    page, pages = asked.skip // asked.limit + 1, -(-total // asked.limit)
    return {"items": items, "total": total, "page": page, "size": asked.limit, "pages": pages}


def cursor_page(
    items: Iterable[views.Json],
    total: int,
    asked: asks.Range | asks.HistoryQuery,
    place: Callable[[views.Json], str],
    found: int,
) -> views.Json:
    """As many of *items* as fit into one answer, and where the list goes on."""
    shown = list(_fitting(items))
    goes_on = shown and (len(shown) < found or found == asked.limit)
    return page(shown, total, asked) | {"cursor": asks.opaque(place(shown[-1])) if goes_on else None}


def _fitting(items: Iterable[views.Json]) -> Iterator[views.Json]:
    size = 0
    for item in items:
        size += api.size_of(item)
        if size > LARGEST_ANSWER and size > api.size_of(item):
            return
        yield item


def mappings(
    mine: Iterable[Workspace], chosen: MappingFilter, asked: asks.MappingQuery | asks.ConflictQuery
) -> tuple[list[Mapping], int]:
    """The part of the mappings of *mine* that is asked for, newest first, and how many there are."""
    most = asked.skip + asked.limit
    pages = [runtime.store.lists.mappings(w.id, chosen, limit=most, cursor=asked.cursor) for w in mine]
    found = sorted(chain.from_iterable(page.items for page in pages), key=lambda mapping: -mapping.id)
    return found[asked.skip : most], sum(page.total for page in pages)


def rows(
    chosen: Iterable[tuple[Workspace, LogFilter]], asked: asks.HistoryQuery | asks.LogQuery
) -> tuple[list[SyncLog], int]:
    """The part of the sync logs of *chosen* that is asked for, newest first, and how many rows there are."""
    now, most = runtime.clock(), asked.skip + asked.limit
    read = partial(runtime.store.lists.sync_logs, now=now, limit=most, cursor=asked.cursor)
    pages = [read(workspace.id, rows) for workspace, rows in chosen]
    rows = sorted(chain.from_iterable(page.items for page in pages), key=keys.at_id, reverse=True)
    return rows[asked.skip : most], sum(page.total for page in pages)
