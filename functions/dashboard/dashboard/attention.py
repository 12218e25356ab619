"""What waits for a person, by the step that ends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any

from aws_lambda_powertools.event_handler import Response

from dashboard import pages
from dashboard.front import routes, runtime, workspaces_of
from navsync import api, connection, views
from navsync import attention as waits
from navsync.api import Call, Nothing, answers, asks
from navsync.attention import Cause, Step
from navsync.model import Mapping as Pairing
from navsync.model import Workspace
from navsync.standing import ATTENTION
from navsync.store import Counts, merged


@routes.reads("/attention", role="viewer", query=asks.AttentionQuery, answers=answers.AttentionAnswer)
def attention(call: Call[asks.AttentionQuery, Nothing]) -> Response[str]:
    """Everything that waits for a person, by cause: how many there are of each, the step that ends it, and the first.

    With `group` and the group's `cursor` the rest of one.
    """
    asked = call.query
    mine = workspaces_of(call, asked.workspace_id)
    kept = {w.id: runtime.store.lists.counts(w.id) for w in mine}
    stopped = [*_stopped(mine, asked.group)]
    found = sorted({each for counts in kept.values() for each in counts.by_cause}, key=str)
    chosen = [each for each in found if asked.group in (None, str(each))]
    among = max(1, len(chosen))
    most, limit = pages.LARGEST_ANSWER // among, min(asked.limit, max(1, MOST_SHOWN // among))
    groups = [*stopped, *(_group(each, kept, limit, asked.cursor, most) for each in chosen)]
    return api.json_response(
        {
            "groups": groups,
            "total": sum(group["count"] for group in groups),
            "records": sum(counts.of(ATTENTION) for counts in kept.values()),
        }
    )


MOST_SHOWN = 500
"""Records of all groups together: each is read whole, and a person waits."""


def _group(cause: Cause, kept: Mapping[int, Counts], limit: int, behind: str | None, most: int) -> views.Json:
    """What waits because of *cause* in any of the workspaces, newest first."""
    holding = [id for id, counts in kept.items() if cause in counts.by_cause]
    lists = runtime.store.lists
    marked = {id: lists.waiting(id, cause, limit=limit, cursor=behind) for id in holding}
    places = [([(f"{n:016d}", id) for n in found], end) for id, (found, end) in marked.items()]
    wanted, cursor = merged(places, _place, skip=0, limit=limit)
    items = pages.fitting(_items(cause, wanted), most)
    if len(items) < len(wanted) and items:
        cursor = f"{items[-1]['mapping_id']:016d}"
    count = sum(kept[id].by_cause[cause] for id in holding)
    return views.group(cause, cause.step, count=count, items=items, cursor=asks.opaque(cursor))


def _place(marked: tuple[str, int]) -> str:
    return marked[0]


def _items(cause: Cause, wanted: Sequence[tuple[str, int]]) -> Iterator[views.Json]:
    """What is shown of the records that are *wanted*, in their order; one that waits no more is left out."""
    read = runtime.store.lists.mappings_of
    ids = {id for _, id in wanted}
    found = chain.from_iterable(read(id, [int(n) for n, of in wanted if of == id]) for id in ids)
    for mapping in sorted(found, key=pages.place_of, reverse=True):
        along = goes_along(mapping) if cause.code in waits.DELETIONS else None
        yield from (views.waiting(mapping, each, along) for each in waits.waiting(mapping) if each.cause == cause)


def goes_along(shown: Pairing) -> views.Json | None:
    """What goes with *shown*, should the deletion that it waits with be approved; None: nothing can."""
    if not waits.takes_along(shown):
        return None
    below = runtime.store.lists.below(shown, most=MOST_NAMED)
    return views.goes_along(below.items, total=below.total, total_is_exact=below.total_is_exact)


MOST_NAMED = 20
"""Records that go along that are told by their names; of more the number is told."""


def _stopped(mine: Sequence[Workspace], group: str | None) -> Iterator[views.Json]:
    """What stops whole workspaces; it comes before what waits in them."""

    def code(item: views.Json) -> Any:
        return item["code"]

    chosen = [item for item in of_connections(mine) if group in (None, item["group"])]
    for name, alike in groupby(sorted(chosen, key=code), key=code):
        items = [*alike]
        step = Step(items[0]["cause"], items[0]["fix"], connection.CALLS[name])
        yield views.group(Cause(name), step, count=len(items), items=items, cursor=None)


def of_connections(mine: Sequence[Workspace]) -> list[views.Json]:
    """What stops whole workspaces, one by one."""
    return [item for w in mine for item in _of_connection(w)]


def _of_connection(workspace: Workspace) -> list[views.Json]:
    desk = runtime.store.desk(workspace.id)
    if not views.is_active(workspace):
        return views.connection(workspace, desk.capabilities())
    failing = connection.stuck(desk, runtime.clock())
    return views.connection(workspace, desk.capabilities(), failing, desk.sources().values())


def of_records(mine: Sequence[Workspace], most: int) -> list[Pairing]:
    """The newest of the records that wait, *most* of each workspace."""
    waiting = chain.from_iterable(runtime.store.lists.attention(w.id, limit=most) for w in mine)
    return sorted(waiting, key=pages.place_of, reverse=True)


def shown_one_by_one(records: Sequence[Pairing]) -> Iterator[views.Json]:
    """Everything that *records* wait for."""
    return chain.from_iterable(views.attention(each, goes_along(each)) for each in records)
