"""What does NavSync keep, and where? Three DynamoDB tables behind `navsync.ports.Ledger` and `navsync.ports.Desk`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from navsync.model import Lease
from navsync.standing import ATTENTION, LISTED, Standing, standing_of
from navsync.store.counts import Counts, LogKind, MappingKind
from navsync.store.desk import DynamoDesk
from navsync.store.directory import Directory, OAuthState
from navsync.store.dynamo import Dynamo
from navsync.store.erasing import Erasures
from navsync.store.hearers import Hearers
from navsync.store.keys import Tables
from navsync.store.ledger import DynamoLedger
from navsync.store.lists import Lists, LogFilter, MappingFilter, Page, merged
from navsync.store.templates import Templates
from navsync.store.trail import AuditTrail
from navsync.store.turns import TokenTurn
from navsync.store.windows import CallWindows, WaitingRoom

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = [
    "ATTENTION",
    "LISTED",
    "AuditTrail",
    "CallWindows",
    "Counts",
    "Directory",
    "DynamoDesk",
    "DynamoLedger",
    "Erasures",
    "Lists",
    "LogFilter",
    "LogKind",
    "MappingFilter",
    "MappingKind",
    "OAuthState",
    "Page",
    "Standing",
    "Store",
    "Tables",
    "Templates",
    "TokenTurn",
    "WaitingRoom",
    "merged",
    "standing_of",
]


class Store:
    """The whole of it. *directory* is asked before a workspace is known, *lists* by people."""

    def __init__(self, client: DynamoDBClient, tables: Tables, sleep: Callable[[float], None] = time.sleep) -> None:
        dynamo = Dynamo(client, sleep)
        self._dynamo = dynamo
        self._tables = tables
        self.directory = Directory(dynamo, tables)
        self.hearers = Hearers(self.directory, self.desk)
        self.lists = Lists(dynamo, tables)
        self.trail = AuditTrail(dynamo, tables)
        self.erasures = Erasures(dynamo, tables)
        self.windows = CallWindows(dynamo, tables)

    def ledger(self, lease: Lease) -> DynamoLedger:
        """Mappings and history of the leased workspace."""
        return DynamoLedger(self._dynamo, self._tables, lease)

    def desk(self, workspace_id: int) -> DynamoDesk:
        """Work, lease and small state of one workspace."""
        return DynamoDesk(self._dynamo, self._tables, workspace_id)

    def templates(self, workspace_id: int) -> Templates:
        """What pages of the workspace may start with."""
        return Templates(self._dynamo, self._tables, workspace_id)

    def turn(self, workspace_id: int, clock: Callable[[], datetime]) -> TokenTurn:
        """The turn to replace the workspace's tokens."""
        return TokenTurn(self._dynamo, self._tables, workspace_id, clock)

    def waiting_room(self, workspace_id: int) -> WaitingRoom:
        """Places for calls that wait for the workspace's work."""
        return WaitingRoom(self._dynamo, self._tables, workspace_id)
