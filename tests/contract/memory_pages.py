"""Notion's pages that are no rows, without a wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from navsync.errors import NotReachable
from navsync.templates import Filled, MadePage


@dataclass
class MemoryPages:
    """A `navsync.ports.LoosePages`. *unshared* are parents that Notion does not show."""

    made: dict[str, tuple[str, Filled]] = field(default_factory=dict)
    """Id → below which page, and what it says."""
    unshared: set[str] = field(default_factory=set)

    def under(self, parent_page_id: str) -> Sequence[str]:
        self._check(parent_page_id)
        return [id for id, (parent, _) in self.made.items() if parent == parent_page_id]

    def make(self, parent_page_id: str, page: Filled) -> MadePage:
        self._check(parent_page_id)
        id = f"loose-{len(self.made) + 1}"
        self.made[id] = (parent_page_id, page)
        return self.look(id)

    def look(self, page_id: str) -> MadePage:
        return MadePage(page_id, f"https://notion.example/{page_id}")

    def _check(self, parent_page_id: str) -> None:
        if parent_page_id in self.unshared:
            raise NotReachable("Notion does not show the page")
