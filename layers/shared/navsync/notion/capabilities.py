"""What may the connection do in Notion?"""

from collections.abc import Callable
from datetime import datetime

from navsync.errors import Forbidden, NotReachable, Refused
from navsync.model import Capabilities, Capability
from navsync.notion.gateway import Gateway, Json

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The id of no page: what is asked of it changes nothing, and Notion checks the capability first."""

FREE_UPLOAD_BYTES = 5 * 1024 * 1024


def capabilities_of(gateway: Gateway, *, now: datetime) -> Capabilities:
    """Ask Notion, which has no list of them: a request of each kind that can do nothing, in four requests.

    Notion documents no order of its checks. Where it looks for the page before the capability, one that is missing
    shows itself only when it is needed, by the same refusal.
    """
    bot = gateway.read("GET", "users/me").get("bot") or {}
    missing = tuple(kind for kind, ask in _PROBES.items() if _is_forbidden(ask, gateway))
    limit = (bot.get("workspace_limits") or {}).get("max_file_upload_size_in_bytes")
    return Capabilities(now, missing, free_plan=limit == FREE_UPLOAD_BYTES)


def _is_forbidden(ask: Callable[[Gateway], object], gateway: Gateway) -> bool:
    try:
        ask(gateway)
    except Forbidden:
        return True
    except (NotReachable, Refused):
        return False
    return False


def _read(gateway: Gateway) -> Json:
    return gateway.read("POST", "search", body={"page_size": 1})


def _insert(gateway: Gateway) -> Json:
    return gateway.read("POST", "pages", body={"parent": {"page_id": NOBODY}, "properties": {}})


def _update(gateway: Gateway) -> Json:
    return gateway.read("PATCH", f"pages/{NOBODY}", body={"properties": {}})


_PROBES = {Capability.READ: _read, Capability.INSERT: _insert, Capability.UPDATE: _update}
