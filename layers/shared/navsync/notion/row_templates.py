"""Which pages of a database are templates, and no rows?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from navsync.model import DataSource, Present
from navsync.notion.gateway import Gateway

type Json = dict[str, Any]

LATELY = timedelta(minutes=2)
"""What bears a time so shortly before the answer may have been made after it: Notion floors times to the minute, and
clocks differ."""


@dataclass(frozen=True, slots=True)
class _Answer:
    at: datetime
    ids: frozenset[str]


@dataclass(slots=True)
class RowTemplates:
    """Notion's own templates: pages that read like rows, though no query shows them.

    Those of a database are asked for once, and again for a page that may have been made since.
    """

    gateway: Gateway
    _known: dict[str, _Answer] = field(default_factory=dict)
    """By the id of the data source."""

    def include(self, source: DataSource, page: Present) -> bool:
        """Whether *page* is one of those of *source*."""
        answer = self._known.get(source.data_source_id)
        if answer is None or page.created_at is None or page.created_at > answer.at - LATELY:
            answer = self._known[source.data_source_id] = _Answer(self.gateway.clock(), frozenset(self._ids(source)))
        return page.id in answer.ids

    def _ids(self, source: DataSource) -> Iterator[str]:
        cursor = None
        while True:
            query = {"page_size": 100} | ({"start_cursor": cursor} if cursor else {})
            answer: Json = self.gateway.read("GET", f"data_sources/{source.data_source_id}/templates", query=query)
            yield from (str(template["id"]) for template in answer["templates"])
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return
