"""Notion as a side: its requests, its budget, its errors, its schema, its OAuth. The only importer of the SDK."""

from navsync.notion.budget import Budget
from navsync.notion.capabilities import capabilities_of
from navsync.notion.gateway import NOTION_VERSION, Credentials, Gateway, connect
from navsync.notion.oauth import Grant, OAuth
from navsync.notion.setup import SetUp
from navsync.notion.side import NotionSide

__all__ = [
    "NOTION_VERSION",
    "Budget",
    "Credentials",
    "Gateway",
    "Grant",
    "NotionSide",
    "OAuth",
    "SetUp",
    "capabilities_of",
    "connect",
]
