"""Which workspaces are there, and whose is a bot, a Notion workspace or a started connection?"""

from __future__ import annotations

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime

from navsync.errors import Refused, StaleMapping
from navsync.model import Connection, Workspace
from navsync.store import keys, records
from navsync.store.desk import DynamoDesk, directory_items, profile_item
from navsync.store.dynamo import ConditionFailedError, Dynamo, Step, put, when
from navsync.store.keys import Tables, within


@dataclass(frozen=True, slots=True)
class OAuthState:
    """Who started a connection: only they may finish it."""

    subject: str
    org: str | None


class Directory:
    """The few items that are found before a workspace is known."""

    def __init__(self, dynamo: Dynamo, tables: Tables) -> None:
        self.dynamo = dynamo
        self.table = tables.workspaces
        self.tables = tables

    def active_workspaces(self) -> Sequence[int]:
        """Ids of the workspaces that are connected and not paused."""
        return [row["workspace_id"] for row in self._rows(keys.DIRECTORY) if row["synced"]]

    def workspaces(self, org: str | None, subject: str) -> Sequence[Workspace]:
        """Those of *org*, or, for a caller of none, those that they are a member of; oldest first."""
        rows = self._rows(next(keys.callers(org, [subject])))
        if not rows:
            self._must_be_of_this_shape()
        profiles = [within(row["workspace_id"], keys.PROFILE) for row in rows]
        found = [records.read_short(Workspace, item["body"]) for item in self.dynamo.get_many(self.table, profiles)]
        return sorted(found, key=lambda workspace: workspace.id)

    def workspace_of_bot(self, bot_id: str) -> int | None:
        """The workspace that a Notion bot belongs to."""
        item = self.dynamo.get(self.table, keys.bot_route(bot_id))
        return None if item is None else item["workspace_id"]

    def workspaces_of_notion(self, notion_workspace_id: str) -> Sequence[int]:
        """The workspaces that a webhook of this Notion workspace may be for."""
        partition = keys.notion_partition(notion_workspace_id)
        return [row["workspace_id"] for row in self.dynamo.query(self.table, when("#pk = :pk", pk=partition))]

    def create_workspace(self, workspace: Workspace) -> Workspace:
        """Add the workspace. A bot that is known is connected again: its workspace keeps id, settings and mappings.

        Raises `Refused` when the bot belongs to another organisation.
        """
        known = self.workspace_of_bot(workspace.bot_id)
        if known is not None:
            return self._reconnect(known, workspace)
        after = replace(workspace, notion_name=workspace.name, version=1)
        free = when("attribute_not_exists(#pk)")
        raced = StaleMapping("the workspace is being connected by somebody else at this moment; try again")
        route = {"workspace_id": workspace.id}
        notion = {"pk": keys.notion_partition(workspace.notion_workspace_id), "sk": keys.partition(workspace.id)}
        self.dynamo.transact(
            [
                Step(put(self.table, keys.bot_route(workspace.bot_id) | route, free), raced),
                Step(put(self.table, profile_item(after), free), raced),
                Step(put(self.table, notion | route)),
                *(Step(put(self.table, item)) for item in directory_items(after)),
            ]
        )
        return after

    def _reconnect(self, workspace_id: int, fresh: Workspace) -> Workspace:
        desk = DynamoDesk(self.dynamo, self.tables, workspace_id)
        stored = desk.workspace()
        if stored is None:
            raise StaleMapping("the workspace is being removed at this moment; try again")
        if stored.org != fresh.org:
            raise Refused("this Notion workspace is connected for another organisation; ask its operator")
        was_named = stored.notion_name not in (None, stored.name)  # by a person, who knows it by that
        again = replace(
            stored,
            name=stored.name if was_named else fresh.name,
            notion_name=fresh.name,
            is_active=True,
            connection=Connection.CONNECTED,
            members={**fresh.members, **stored.members},
            updated_at=fresh.updated_at,
            erase_at=None,
        )
        return desk.save_workspace(again)

    def put_oauth_state(self, state_hash: str, *, subject: str, org: str | None, expires: datetime) -> None:
        """Remember who started a connection, until *expires*."""
        item = keys.oauth_state(state_hash) | {
            "subject": subject,
            "org": org,
            "expires": keys.moment(expires),
            "expires_at": int(expires.timestamp()),
        }
        self.dynamo.put(self.table, item)

    def take_oauth_state(self, state_hash: str, *, now: datetime) -> OAuthState | None:
        """Who started it; None when there is none, it has expired, or somebody took it: each is taken once."""
        # The table's own expiry comes hours late, so the moment is compared here.
        alive = when("attribute_exists(#pk) AND #expires > :now", now=keys.moment(now))
        try:
            item = self.dynamo.delete(self.table, keys.oauth_state(state_hash), alive)
        except ConditionFailedError:
            return None
        return None if item is None else OAuthState(item["subject"], item["org"])

    def _must_be_of_this_shape(self) -> None:
        """Raise `OtherShape` where another version has listed workspaces: it may have listed a caller's elsewhere."""
        next(iter(self.dynamo.query(self.table, when("#pk = :pk", pk=keys.DIRECTORY), Limit=1)), None)

    def _rows(self, partition: str) -> Sequence[dict[str, int]]:
        return list(self.dynamo.query(self.table, when("#pk = :pk", pk=partition)))
