"""A local HTTP server that behaves as Notion does."""

from local.twins.notion.app import create_app
from local.twins.notion.config import Config

__all__ = ["Config", "create_app"]
