"""What do people decide while machines fail? They answer what NavSync asks, undo what it did, and ask for more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx

from local.navsync.both_sides import PROJECTS
from local.navsync.http import checked
from tests.chaos.diary import Consent, Diary
from tests.chaos.owners import Act

type Json = dict[str, Any]

DIRECTIONS = ("navimpact_to_notion", "notion_to_navimpact")
LATEST = 50
MOST_OF_A_RUN = 3
"""Rows of a run that somebody undoes: a first sync would take a workspace with it."""
MOST_UNMADE = 3
"""Undone rows of more than an edit: what they made goes to the trash, or from NavImpact for good."""
NOTHING: Sequence[object] = (None, "", [])


class Analysts:
    """Those who use NavSync's API as its dashboard does: they read what is asked, and name the version they saw."""

    def __init__(self, api: httpx.Client, diary: Diary, chance: Random) -> None:
        self._api, self._diary, self._chance = api, diary, chance
        self._unmade = 0
        self.acts: list[tuple[float, Act]] = [
            (4, self.resolve), (4, self.approve), (2, self.reject), (2, self.undo_row), (1, self.undo_run),
            (1.5, self.sync_one_way),
        ]  # fmt: skip

    def resolve(self) -> bool:
        """Let one side win a conflict."""
        if (shown := self._one_of("conflicts")) is None:
            return False
        conflict, winner = self._chance.choice(shown["conflicts"]), self._chance.choice(("navimpact", "notion"))
        answer = {"field": conflict["field"], "winner": winner, "version": conflict["version"]}
        self._ask(f"conflicts/{shown['mapping_id']}/resolve", answer)
        if conflict[winner] in NOTHING:
            self._diary.emptied.add((_key(shown), _field(conflict)))
        return True

    def approve(self) -> bool:
        """Agree to a deletion, or to a second record of a row."""
        return self._decide("approve")

    def reject(self) -> bool:
        """Agree to neither."""
        return self._decide("reject")

    def _decide(self, decision: str) -> bool:
        if (shown := self._one_of("approvals")) is None:
            return False
        asked_at = datetime.now(UTC)
        self._ask(f"approvals/{shown['mapping_id']}", {"decision": decision, "version": shown["version"]})
        if decision == "approve":
            self._diary.consents.append(Consent(_key(shown), asked_at))
        return True

    def undo_row(self) -> bool:
        """Undo what one row of the history tells of."""
        rows = [row for row in self._history() if row["can_revert"]]
        return bool(rows) and self._undo(self._chance.choice(rows), "record")

    def undo_run(self) -> bool:
        """Undo everything that came of one event, round or request."""
        rows = [row for row in self._history() if row["can_revert"]]
        return bool(rows) and self._undo(self._chance.choice(rows), "run")

    def _undo(self, row: Json, scope: str) -> bool:
        also = self._history(run_id=row["run_id"]) if scope == "run" else [row]
        makes = [one for one in also if one["operation"] != "update"]
        if len(also) > MOST_OF_A_RUN or self._unmade + len(makes) > MOST_UNMADE:
            return False
        asked_at = datetime.now(UTC)
        self._ask(f"history/{row['id']}/revert", {"scope": scope})
        self._unmade += len(makes)
        self._diary.consents += [Consent(_key(one), asked_at) for one in makes]
        self._diary.trashed |= {one["notion_page_id"] for one in makes if one["notion_page_id"]}
        self._diary.emptied |= {(_key(one), _field(c)) for one in also for c in one["changes"] if c["old"] in NOTHING}
        return True

    def sync_one_way(self) -> bool:
        """Have a project looked at, and carried in one direction alone."""
        projects = checked(self._api.get("sync-mappings", params={"entity_type": PROJECTS.name})).json()["items"]
        ids = [one["entity_id"] for one in projects if one["entity_id"] is not None]
        if not ids:
            return False
        self._ask(f"sync-project/{self._chance.choice(ids)}", {"sync_direction": self._chance.choice(DIRECTIONS)})
        return True

    def _one_of(self, what: str) -> Json | None:
        listed: list[Json] = checked(self._api.get(what)).json()["items"]
        return self._chance.choice(listed) if listed else None

    def _history(self, **of: str) -> list[Json]:
        listed: list[Json] = checked(self._api.get("history", params={"limit": f"{LATEST}"} | of)).json()["items"]
        return listed

    def _ask(self, path: str, body: Json) -> None:
        self._api.post(path, json=body).raise_for_status()


def _key(shown: Json) -> str:
    return f"{shown['entity_type']}/{shown['entity_id']}"


def _field(shown: Json) -> str:
    return "media_project_id" if shown["field"] == "project" else str(shown["field"])
