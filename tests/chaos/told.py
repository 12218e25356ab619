"""What does NavSync say of its work? Conflicts, what waits for people, and what it overwrote, from its API alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.navsync.http import checked
from tests.chaos.seen import Pieces, pieces

type Json = dict[str, Any]

PAGE = 500


@dataclass(frozen=True)
class Told:
    """Everything that the API lists."""

    mappings: list[Json]
    attention: list[Json]
    logs: list[Json]

    def recorded(self) -> Pieces:
        """Every piece that was written down before it was overwritten, or that stands in a listed conflict."""
        values = [(c["field"], c["old"]) for log in self.logs for c in log["changes"]]
        for mapping in self.mappings:
            values += [(c["field"], c[side]) for c in mapping["conflicts"] for side in ("base", "navimpact", "notion")]
        return {piece for field, value in values for piece in pieces({field: _plain(value)})}

    def held(self, mapping_id: int) -> set[str]:
        """Return the fields of a mapping that wait for a person, by NavImpact's names."""
        waiting = [item["field"] for item in self.attention if item["mapping_id"] == mapping_id and item.get("field")]
        return {"media_project_id" if name == "project" else name for name in waiting}

    def by_page(self) -> Mapping[str, Json]:
        """Return mappings by their pages."""
        return {one["notion_page_id"]: one for one in self.mappings if one["notion_page_id"]}


def listen(api: httpx.Client) -> Told:
    """Ask for all of it."""
    return Told(list(_all(api, "sync-mappings")), list(_waiting(api)), list(_all(api, "sync-logs")))


def _waiting(api: httpx.Client) -> Iterator[Json]:
    for group in checked(api.get("attention", params={"limit": 1})).json()["groups"]:
        asked: Json = {"group": group["group"], "limit": 100}
        while asked:
            parts = checked(api.get("attention", params=asked)).json()["groups"]
            for part in parts:
                yield from part["items"]
            cursor = parts[0]["cursor"] if parts else None
            asked = asked | {"cursor": cursor} if cursor else {}


def _all(api: httpx.Client, what: str) -> Iterator[Json]:
    skip, total = 0, 1
    while skip < total:
        answer = checked(api.get(what, params={"skip": skip, "limit": PAGE})).json()
        yield from answer["items"]
        skip, total = skip + PAGE, answer["total"]


def _plain(value: Any) -> Any:
    """A number as the twins' pieces have it."""
    return value if isinstance(value, list) or value is None else str(value)
