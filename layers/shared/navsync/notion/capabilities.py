"""What may the connection do in Notion?"""

from collections.abc import Iterator
from datetime import datetime

from navsync.errors import Forbidden, NotReachable, OutOfBlocks, Refused, SyncError
from navsync.model import Capabilities, Capability
from navsync.notion.gateway import Gateway, Json

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The id of no page: asked about where none is shared."""

NOTHING = {"NavSync asks what it may do": {"number": 1}}
"""A property that no page has: Notion refuses the whole request, so it changes nothing and is in no page's history."""

FREE_UPLOAD_BYTES = 5 * 1024 * 1024


def capabilities_of(gateway: Gateway, *, now: datetime) -> Capabilities:
    """Ask Notion, which has no list of them: a request of each kind that can do nothing, in four requests.

    Notion documents no order of its checks. Each request names a page that is shared, so that a missing capability is
    found out whether Notion looks for it before the page or after; only where it checked the values first would one
    show itself no earlier than it is needed, by the same refusal.
    """
    bot = gateway.read("GET", "users/me").get("bot") or {}
    limit = (bot.get("workspace_limits") or {}).get("max_file_upload_size_in_bytes")
    refusals = dict(_refusals(gateway))
    is_full = any(isinstance(refusal, OutOfBlocks) for refusal in refusals.values())
    return Capabilities(
        checked_at=now,
        missing=tuple(kind for kind, refusal in refusals.items() if _is_missing(refusal)),
        free_plan=limit == FREE_UPLOAD_BYTES,
        out_of_blocks_since=now if is_full else None,
    )


def _is_missing(refusal: SyncError | None) -> bool:
    return isinstance(refusal, Forbidden) and not isinstance(refusal, OutOfBlocks)


def _refusals(gateway: Gateway) -> Iterator[tuple[Capability, SyncError | None]]:
    page, unreadable = NOBODY, None
    try:
        page = _shared_page(gateway)
    except Forbidden as error:
        unreadable = error
    yield Capability.READ, unreadable
    yield Capability.INSERT, _refusal(gateway, "POST", "pages", parent={"page_id": page})
    yield Capability.UPDATE, _refusal(gateway, "PATCH", f"pages/{page}")


def _shared_page(gateway: Gateway) -> str:
    pages = {"property": "object", "value": "page"}
    found = gateway.read("POST", "search", body={"filter": pages, "page_size": 1})["results"]
    return str(found[0]["id"]) if found else NOBODY


def _refusal(gateway: Gateway, method: str, path: str, **body: Json) -> SyncError | None:
    try:
        gateway.read(method, path, body={**body, "properties": NOTHING})
    except (Forbidden, NotReachable, Refused) as error:
        return error
    return None
