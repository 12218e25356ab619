"""Parts of lists: what a list answers, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dashboard.front import runtime
from navsync import api, views
from navsync.api import asks
from navsync.model import Mapping, SyncLog, Workspace
from navsync.store import LogFilter, MappingFilter, Page, keys

type View[Shown] = Callable[[Shown], views.Json]

LARGEST_ANSWER = 4_500_000
"""Characters: Lambda hands over 6 MB, and not every character is one byte."""


def page(items: Sequence[views.Json], total: int, asked: asks.Range) -> views.Json:
    """A part of a list."""
    page, pages = asked.skip // asked.limit + 1, -(-total // asked.limit)
    return {"items": items, "total": total, "page": page, "size": asked.limit, "pages": pages}


def cursor_page[Shown](part: Part[Shown], asked: asks.Range, view: View[Shown]) -> views.Json:
    """As many of *part* as fit into one answer, and where the list goes on."""
    items = fitting(map(view, part.items), LARGEST_ANSWER)
    cut = len(items) < len(part.items)
    cursor = part.place(part.items[len(items) - 1]) if cut else part.cursor
    more = {"total_is_exact": part.total_is_exact, "cursor": asks.opaque(cursor)}
    return page(items, part.total, asked) | more


def cut_to_fit[Shown](view: View[Shown], cut: View[Shown]) -> View[Shown]:
    """*view*, or where that alone is more than an answer holds, *cut*."""

    def shown(item: Shown) -> views.Json:
        whole = view(item)
        return whole if api.size_of(whole) <= LARGEST_ANSWER else cut(item)

    return shown


def fitting(items: Iterable[views.Json], most: int) -> list[views.Json]:
    """As many of *items* as fit into *most* characters, one at least."""
    shown: list[views.Json] = []
    size = 0
    for item in items:
        size += api.size_of(item)
        if size > most and shown:
            break
        shown.append(item)
    return shown


@dataclass(frozen=True, slots=True)
class Part[Shown]:
    """A part of a list, over several workspaces."""

    items: Sequence[Shown]
    total: int
    cursor: str | None
    place: Callable[[Shown], str]
    """Where the list goes on behind an item."""
    total_is_exact: bool = True


def mappings(
    mine: Iterable[Workspace], chosen: MappingFilter, asked: asks.MappingQuery | asks.ConflictQuery
) -> Part[Mapping]:
    """The part of the mappings of *mine* that is asked for, newest first."""
    read = runtime.store.lists.mappings
    return _part(read([w.id for w in mine], chosen, skip=asked.skip, limit=asked.limit, cursor=asked.cursor), place_of)


def place_of(mapping: Mapping) -> str:
    """Where a list of mappings goes on behind this one."""
    return f"{mapping.id:016d}"


def rows(chosen: Iterable[tuple[Workspace, LogFilter]], asked: asks.HistoryQuery | asks.LogQuery) -> Part[SyncLog]:
    """The part of the sync logs of *chosen* that is asked for, newest first."""
    of, read = {workspace.id: rows for workspace, rows in chosen}, runtime.store.lists.sync_logs
    return _part(read(of, now=runtime.clock(), skip=asked.skip, limit=asked.limit, cursor=asked.cursor), keys.at_id)


def _part[Shown](page: Page[Shown], place: Callable[[Shown], str]) -> Part[Shown]:
    return Part(page.items, page.total, page.cursor, place, page.total_is_exact)
