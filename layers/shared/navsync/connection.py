"""What stops a whole workspace, and what can a person do about it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, assert_never

from navsync.fields import KEY, SPECS, broken
from navsync.model import (
    Capabilities,
    Capability,
    Connection,
    DataSource,
    EntityRef,
    EntityType,
    Lane,
    Side,
    Trouble,
    Work,
    WorkKind,
    Workspace,
)
from navsync.reconcile import Listing, lists_of

CURSOR = "connection"
"""The cursor that says when it was last looked at what the connection may do."""

_GRANT = "Allow it for the connection in Notion's settings of the integration, then connect the workspace again."

CALLS: Mapping[str, str | None] = {
    "needs_reauth": "GET /connect",
    "suspended": "GET /connect",
    **{f"missing_{each}": "GET /connect" for each in Capability},
    "not_set_up": "POST /workspaces/{id}/setup",
    "out_of_blocks": None,
    "unread_list": None,
    "unread_keys": None,
    "unread_record": "POST /workspaces/{id}/sync",
}
"""By the code of everything that may be said of a connection as a whole: the route that takes the step, None where it
is made in Notion or NavImpact."""

FAILURES_IN_A_ROW = 5
"""From then on a person is told: it has lasted for a minute or more."""

MOST_READ = 200
"""So many rows of a lane are read for records that fail: a person waits, and what fails is due again soon."""


class Waiting(Protocol):
    """Where work waits."""

    def which_wait(self, works: Sequence[Work]) -> Sequence[Work]:
        """The rows that are where *works* would be put."""
        ...

    def pending(self, lane: Lane, *, limit: int) -> Sequence[Work]:
        """Rows of *lane* in order of their `due`, those not due yet too."""
        ...


def stuck(desk: Waiting, now: datetime) -> list[Work]:
    """What has failed for some time: the set-up, lists that no sweep could read, and records that nothing pairs yet."""
    set_up = Work(Lane.LIVE, WorkKind.SETUP, "", "", now, run_id="")
    lists = [Work(Lane.SWEEP, WorkKind.SWEEP, str(listing), "", now, run_id="") for listing in lists_of(EntityType)]
    rows = desk.which_wait([set_up, *lists])
    failed = {(row.kind, row.external_id) for row in rows if row.attempts >= FAILURES_IN_A_ROW}
    return [*(work for work in (set_up, *lists) if (work.kind, work.external_id) in failed), *_new_records(desk)]


def _new_records(desk: Waiting) -> list[Work]:
    """Those at which looks keep failing; of what is paired, the mapping tells. Of many rows the first are read."""
    rows = (row for lane in Lane for row in desk.pending(lane, limit=MOST_READ))
    failed = (row for row in rows if row.kind in (WorkKind.ENTITY, WorkKind.PAGE))
    known = {row.external_id: row for row in failed if row.attempts >= FAILURES_IN_A_ROW}
    return list(known.values())


_STOPS = {
    Capability.READ: "NavSync may not read content in Notion: nothing is synced.",
    Capability.INSERT: "NavSync may not insert content in Notion: new records get no page, and stories no new text.",
    Capability.UPDATE: "NavSync may not update content in Notion: edits made in NavImpact do not arrive there.",
}


def stops(capability: Capability) -> str:
    """What does not work without it."""
    return _STOPS[capability]


def troubles_of(
    workspace: Workspace,
    capabilities: Capabilities | None,
    failing: Sequence[Work] = (),
    sources: Iterable[DataSource] = (),
) -> list[Trouble]:
    """Everything about the connection as a whole that waits for a person, the worst first; *failing* is `stuck`."""
    of_capabilities = _of_capabilities(capabilities) if capabilities else ()
    keyless = [_without_keys(source.entity_type) for source in sources if KEY.name in broken(source)]
    return [*_of_connection(workspace.connection), *of_capabilities, *keyless, *map(_of_work, failing)]


def _of_work(failing: Work) -> Trouble:
    match failing.kind:
        case WorkKind.SETUP:
            return _NOT_SET_UP
        case WorkKind.SWEEP:
            return _of_list(Listing.parse(failing.external_id))
        case _:
            return _of_new_record(failing)


def _of_new_record(failing: Work) -> Trouble:
    if failing.kind is WorkKind.PAGE:
        kind, _, id = failing.external_id.partition("/")  # an event that names no database names no kind
        name = f"The page {id}{f' of {SPECS[EntityType(kind)].database_title}' if kind else ''} in Notion"
    else:
        name = f"The {EntityRef.parse(failing.external_id).name} in NavImpact"
    return Trouble(
        "unread_record",
        f"{name} is new, and looking at it failed {failing.attempts} times in a row.",
        "Do what the history says of how it failed; it is tried again by itself, ever more rarely, or at once when you "
        "ask for a sync of the workspace.",
    )


def _without_keys(entity_type: EntityType) -> Trouble:
    listed = SPECS[entity_type].database_title
    return Trouble(
        "unread_keys",
        f"The property “{KEY.property}” of {listed} is missing in Notion, or is of another type: rows that are added "
        "there become no records.",
        f"Restore the property “{KEY.property}” in Notion with its old type.",
    )


_NOT_SET_UP = Trouble(
    "not_set_up",
    "The set-up cannot go on: the databases could not all be found or made in Notion.",
    "Do in Notion what the history names, such as share a page with the connection; it is tried again by itself, or at "
    "once when you ask for the set-up.",
)


def _of_list(unread: Listing) -> Trouble:
    cause = f"{unread.name} cannot be listed: what no webhook tells of there is not found."
    return Trouble("unread_list", cause, _LISTED_AGAIN[unread.side])


_LISTED_AGAIN = {
    Side.NOTION: (
        "Share the database with the connection again in Notion, or take it out of the trash; the history says how it "
        "failed, and it is tried again by itself. If it is gone for good, disconnect the workspace with `erase` and "
        "connect it again: it is made anew of what NavImpact has, without the history. If it held the projects, move "
        "the other databases to the trash before that."
    ),
    Side.NAVIMPACT: "It is tried again by itself; if it lasts, tell whoever runs NavImpact what the history says.",
}


def _of_connection(connection: Connection) -> Iterator[Trouble]:
    match connection:
        case Connection.NEEDS_REAUTH:
            yield Trouble(
                "needs_reauth",
                "Notion no longer accepts the connection's token: nothing is synced.",
                "Connect the workspace again; mappings and history are kept.",
            )
        case Connection.SUSPENDED:
            yield Trouble(
                "suspended",
                "Notion has blocked the connection and says not to try again: nothing is synced.",
                "Ask Notion's support, then connect the workspace again.",
            )
        case Connection.CONNECTED | Connection.DISCONNECTED:
            return
        case _:
            assert_never(connection)


def _of_capabilities(capabilities: Capabilities) -> Iterator[Trouble]:
    for capability in capabilities.missing:
        yield Trouble(f"missing_{capability}", stops(capability), _GRANT)
    if capabilities.out_of_blocks_since is not None:
        yield Trouble(
            "out_of_blocks",
            "The Notion workspace has used the blocks of its Free plan: no page can be made; edits still arrive.",
            "Upgrade the workspace's plan in Notion; what waits is made by itself then.",
        )
