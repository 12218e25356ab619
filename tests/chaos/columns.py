"""What is each column called by those who knew it first, whatever it is called now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

type Json = dict[str, Any]


@dataclass
class Columns:
    """First names by data source and column id; who makes a column anew gives the new one the old name."""

    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, source: str, id: str, name: str) -> None:
        """Remember a column's first name."""
        self._names[source, unquote(id)] = name

    def name(self, source: str, id: str, now: str) -> str:
        """Return what a column was called first; *now* for one that nobody noted."""
        return self._names.get((source, unquote(id)), now)

    def id(self, source: str, name: str) -> str:
        """Return the id of the newest column with this first name."""
        return [id for (where, id), first in self._names.items() if (where, first) == (source, name)][-1]

    def as_first_named(self, page: Json) -> Json:
        """Return a row of Notion's API with its columns under their first names."""
        source = page["parent"]["data_source_id"]
        held = {self.name(source, one["id"], now): one for now, one in page["properties"].items()}
        return page | {"properties": held}

    def as_now_named(self, source: str, shown: Mapping[str, Any]) -> Json:
        """Return property values by the columns' ids, which outlive every name."""
        return {self.id(source, name): value for name, value in shown.items()}
