"""Notion's markdown: `read` makes blocks of it, `write` shows blocks as it."""

from local.twins.notion.markdown.reading import read
from local.twins.notion.markdown.writing import write

__all__ = ["read", "write"]
