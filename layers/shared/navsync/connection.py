"""What stops a whole workspace, and what can a person do about it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from navsync.model import Capabilities, Capability, Connection, Side, Trouble, Workspace
from navsync.reconcile import Listing

CURSOR = "connection"
"""The cursor that says when it was last looked at what the connection may do."""

_GRANT = "Allow it for the connection in Notion's settings of the integration, then connect the workspace again."

CODES = frozenset(
    {"needs_reauth", "suspended", "out_of_blocks", "unread_list", *(f"missing_{each}" for each in Capability)}
)
"""Of everything that may be said of a connection as a whole."""

_STOPS = {
    Capability.READ: "NavSync may not read content in Notion: nothing is synced.",
    Capability.INSERT: "NavSync may not insert content in Notion: new records get no page, and stories no new text.",
    Capability.UPDATE: "NavSync may not update content in Notion: edits made in NavImpact do not arrive there.",
}


def stops(capability: Capability) -> str:
    """What does not work without it."""
    return _STOPS[capability]


def troubles_of(
    workspace: Workspace, capabilities: Capabilities | None, unread: Sequence[Listing] = ()
) -> list[Trouble]:
    """Everything about the connection as a whole that waits for a person, the worst first.

    *unread*: the lists that no sweep could read for some time.
    """
    of_capabilities = _of_capabilities(capabilities) if capabilities else ()
    return [*_of_connection(workspace.connection), *of_capabilities, *map(_of_list, unread)]


def _of_list(unread: Listing) -> Trouble:
    cause = f"{unread.name} cannot be listed: what no webhook tells of there is not found."
    return Trouble("unread_list", cause, _LISTED_AGAIN[unread.side])


_LISTED_AGAIN = {
    Side.NOTION: (
        "Share the database with the connection again in Notion, or take it out of the trash; the history says how it "
        "failed, and it is tried again by itself."
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
