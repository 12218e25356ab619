"""Pages that are no rows of ours: made below a page that a person named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from navsync.errors import Refused, SyncError, Unclear
from navsync.notion.failures import Committed, InvalidRequest
from navsync.notion.gateway import Gateway
from navsync.notion.schema import plain_text
from navsync.templates import Filled, MadePage

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NotionPages:
    """A `navsync.ports.LoosePages`."""

    gateway: Gateway
    bot_id: str

    def under(self, parent_page_id: str) -> Sequence[str]:
        """Ids of the pages that we have made below a page and that are not in the trash, oldest first."""
        with _no_other_place():
            ours = [block for block in self._children(parent_page_id) if self._is_ours(block)]
        return [str(block["id"]) for block in sorted(ours, key=lambda block: str(block["created_time"]))]

    def make(self, parent_page_id: str, page: Filled) -> MadePage:
        """Make a page below another. Raises `Unclear` where it may have been made."""
        body: Json = {
            "parent": {"type": "page_id", "page_id": parent_page_id},
            "properties": {"title": {"title": plain_text(page.title)}},
        }
        text = {"markdown": page.markdown} if page.markdown.strip() else {}
        try:
            with _no_other_place():
                return _shown(self.gateway.write("POST", "pages", body=body | text))
        except Committed as committed:
            return self._made(committed.resource_id)

    def look(self, page_id: str) -> MadePage:
        """A page that was made."""
        return _shown(self.gateway.read("GET", f"pages/{page_id}"))

    def _made(self, page_id: str) -> MadePage:
        try:
            return self.look(page_id)
        except SyncError as error:
            raise Unclear("the page was made, but could not be read yet; it is looked up again") from error

    def _children(self, page_id: str) -> Iterator[Json]:
        cursor = None
        while True:
            query = {"page_size": 100} | ({"start_cursor": cursor} if cursor else {})
            answer = self.gateway.read("GET", f"blocks/{page_id}/children", query=query)
            yield from answer["results"]
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return

    def _is_ours(self, block: Json) -> bool:
        made_by_us = (block.get("created_by") or {}).get("id") == self.bot_id
        return block["type"] == "child_page" and made_by_us and not block.get("in_trash")


@contextmanager
def _no_other_place() -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        why = "Notion makes no such page there; name a page that is no database and not in the trash, or say less"
        raise Refused(why) from error


def _shown(page: Json) -> MadePage:
    return MadePage(str(page["id"]), str(page["url"]))
