"""What do owners do to a workspace while people work in it? They change columns, unshare pages, cut the connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx

from local.navsync import connecting
from local.navsync.both_sides import KEY, KINDS, Kind, in_notion
from local.navsync.http import checked, client, wait_for
from local.navsync.stopped import Stopped
from tests.chaos.diary import Diary, Loss
from tests.chaos.offices import Gone, Office, Offices
from tests.chaos.seen import key_of

type Json = dict[str, Any]
type Act = Callable[[], bool]
"""Does something, or says that there is nothing of the kind to do now."""

MOST_GONE = 2
MOST_UNSHARED = 3
WHOLE_DATABASES = 0.3
"""How often that is what is unshared, and not one page."""
MENDABLE = frozenset({"rich_text", "url", "number", "date", "select", "multi_select"})
"""Types of columns that one makes anew by naming the type; a title cannot be deleted."""
TOLD_WITHIN_S = 90.0
"""So long NavSync has to say that a workspace must be connected again."""
CONNECTED_WITHIN_S = 60.0


class Owners:
    """Those who may change a workspace as a whole; they use Notion, and NavSync's API to connect it."""

    def __init__(
        self, offices: Offices, api: httpx.Client, diary: Diary, chance: Random, meanwhile: Callable[[], object]
    ) -> None:
        """*meanwhile* is done again and again while they wait."""
        self._offices, self._api, self._diary, self._chance = offices, api, diary, chance
        self._meanwhile = meanwhile
        self._notion = client(offices.machine.notion.url, person=True)
        self._number = 0
        self.acts: list[tuple[float, Act]] = [
            (2, self.rename_column), (1.5, self.delete_column), (1.5, self.bring_column_back),
            (2, self.unshare), (2, self.share_again), (0.8, self.lose_token), (1.5, self.connect_again),
        ]  # fmt: skip

    def mend(self) -> None:
        """Put everything right again, as owners do in the end."""
        for act in (self.bring_column_back, self.share_again, self.connect_again):
            while act():
                pass

    # --- columns ----------------------------------------------------------------------------------------------------

    def rename_column(self) -> bool:
        """Call a column otherwise, be it the one that carries the key."""
        source, kind = self._a_source()
        names = [name for name in (*(name for name, _ in kind.fields.values()), KEY) if self._offices.has(source, name)]
        name, self._number = self._chance.choice(names), self._number + 1
        self._design(source, {self._offices.columns.id(source, name): {"name": f"{name} ({self._number})"}})
        return True

    def delete_column(self) -> bool:
        """Delete a column, and with it what nobody has carried on yet."""
        source, kind = self._a_source()
        there = [Gone(source, *column) for column in kind.fields.values() if self._offices.has(source, column[0])]
        there = [one for one in there if one.type in MENDABLE]
        if len(self._offices.gone) >= MOST_GONE or not there:
            return False
        gone = self._chance.choice(there)
        [field] = [name for name, column in kind.fields.items() if column[0] == gone.name]
        for row in self._offices.rows(self._notion, source):
            self._diary.gave_up({field: in_notion(kind, row)[field]})
            if not key_of(row):  # it is no record yet, and will be one without this
                self._diary.unfilled.add((row["id"], field))
        self._design(source, {self._offices.columns.id(source, gone.name): None})
        self._offices.gone.append(gone)
        return True

    def bring_column_back(self) -> bool:
        """Make a deleted column anew; it is empty."""
        if not self._offices.gone:
            return False
        gone = self._offices.gone[0]
        designed = self._design(gone.source, {gone.name: {gone.type: {}}})
        self._offices.columns.note(gone.source, designed["properties"][gone.name]["id"], gone.name)
        self._offices.gone.remove(gone)
        return True

    def _a_source(self) -> tuple[str, Kind]:
        office, kind = self._chance.choice(self._offices.all), self._chance.choice(KINDS)
        return office.sources[kind], kind

    def _design(self, source: str, columns: Json) -> Json:
        path, body = f"/v1/data_sources/{source}", {"properties": columns}
        designed: Json = checked(self._notion.patch(path, json=body)).json()
        return designed

    # --- sharing ----------------------------------------------------------------------------------------------------

    def unshare(self) -> bool:
        """Take a page from the connection, or a whole database."""
        office, kind = self._chance.choice(self._offices.all), self._chance.choice(KINDS)
        rows = self._offices.rows(self._notion, office.sources[kind])
        if len(self._offices.unshared) >= MOST_UNSHARED or not rows:
            return False
        row = self._chance.choice(rows)
        what = row["parent"]["database_id"] if self._chance.random() < WHOLE_DATABASES else row["id"]
        self._share(office, what, shared=False)
        self._offices.unshared.append((office, what))
        return True

    def share_again(self) -> bool:
        """Give it back."""
        if not self._offices.unshared:
            return False
        office, what = self._offices.unshared.pop(0)
        self._share(office, what, shared=True)
        return True

    def _share(self, office: Office, what: str, *, shared: bool) -> None:
        self._order("share", {"bot_id": office.bot, "page_id": what, "shared": shared})

    # --- the connection ---------------------------------------------------------------------------------------------

    def lose_token(self) -> bool:
        """Remove the connection from a workspace: its tokens are dead."""
        if self._offices.lost:
            return False
        office = self._chance.choice(self._offices.all)
        self._since = datetime.now(UTC)
        self._order("disconnect", {"workspace_id": office.workspace})
        self._offices.lost.append(office)
        return True

    def connect_again(self) -> bool:
        """Read that a workspace must be connected again, and do so; all its pages are shared then."""
        if not self._offices.lost:
            return False
        office = self._offices.lost.pop()
        try:
            self._await_plea(office)
            wait_for(
                lambda: self._connect(office),
                within_s=CONNECTED_WITHIN_S,
                every_s=1.0,
                otherwise=f"the workspace {office.workspace} could not be connected again",
            )
        except Stopped as stopped:
            self._diary.complaints.append(str(stopped))
        self._diary.losses.append(Loss(office.workspace, self._since, datetime.now(UTC)))
        self._offices.unshared = [one for one in self._offices.unshared if one[0] is not office]
        return True

    def _await_plea(self, office: Office) -> None:
        """Whoever edits lets NavSync find it out; so does an admin who asks for a sync, unless it is known already."""
        self._api.post(f"workspaces/{self._workspace(office)['id']}/sync", json={})
        wait_for(
            lambda: self._workspace(office)["state"] == "needs_reauth" or None,
            within_s=TOLD_WITHIN_S,
            otherwise=f"nobody was told that the workspace {office.workspace} must be connected again",
        )

    def _connect(self, office: Office) -> bool | None:
        """Calls of OAuth fail, too; then the admin begins again."""
        try:
            connecting.connect_another(self._api, office.workspace)
        except Stopped:
            return None
        return True

    def _workspace(self, office: Office) -> Json:
        self._meanwhile()
        listed: list[Json] = checked(self._api.get("workspaces")).json()["items"]
        return next(one for one in listed if one["workspace_id"] == office.workspace)

    def _order(self, what: str, order: Json) -> None:
        checked(self._notion.post(f"/_twin/{what}", json=order))
