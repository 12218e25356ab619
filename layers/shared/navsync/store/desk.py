"""One workspace's work, lease and small state in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import suppress
from copy import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from navsync.errors import LostLease, StaleMapping
from navsync.model import (
    BudgetWindow,
    Capabilities,
    DataSource,
    Deaths,
    EntityType,
    Lane,
    Lease,
    Pause,
    Work,
    Workspace,
    digest,
)
from navsync.store import counts, keys, records
from navsync.store.dynamo import (
    MOST_READ,
    ConditionFailedError,
    Dynamo,
    Expression,
    Item,
    Key,
    Step,
    put,
    unchanged,
    when,
)
from navsync.store.keys import Tables, within
from navsync.store.previews import DynamoPreviews
from navsync.store.templates import DynamoCommissions

RUNS_ARE_KEPT = timedelta(days=7)
"""How long one can ask how far a run has come."""

_FREE = "(attribute_not_exists(#owner) OR #until <= :now OR #owner = :owner)"
_TAKE = "SET #owner = :owner, #until = :until"
_AS_SEEN = "attribute_not_exists(#pk) OR #nonce = :nonce"


class DynamoDesk:
    """A `navsync.ports.Desk`."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int) -> None:
        self.dynamo = dynamo
        self.tables = tables
        self.workspace_id = workspace_id

    # --- the workspace ------------------------------------------------------------------------------------------

    def workspace(self) -> Workspace | None:
        """Profile and settings."""
        item = self._get(keys.PROFILE)
        return None if item is None else records.read_short(Workspace, item["body"])

    def save_workspace(self, workspace: Workspace) -> Workspace:
        """Write it if nobody has since we read it, else raise `StaleMapping`."""
        after = replace(workspace, version=workspace.version + 1)
        same = when("#version = :version", version=workspace.version)
        moved_on = StaleMapping("the workspace has been changed by somebody else since; read it again")
        self.dynamo.transact(
            [
                Step(put(self.tables.workspaces, profile_item(after), same), moved_on),
                *(Step(put(self.tables.workspaces, item)) for item in directory_items(after)),
            ]
        )
        return after

    # --- the lease ----------------------------------------------------------------------------------------------

    def acquire(self, owner: str, *, now: datetime, until: datetime) -> Lease | None:
        """Take the lease when free, expired or ours; None while another holds it. The fence rises each time."""
        taking = {"owner": owner, "now": keys.moment(now), "until": keys.moment(until), "one": 1}
        try:
            item = self._update(
                keys.LEASE,
                f"{_TAKE} ADD #fence :one",
                taking,
                condition=f"{_FREE} AND attribute_not_exists(#working_on)",
            )
        except ConditionFailedError as failed:
            return self._inherit(failed.found, taking, until)
        return Lease(self.workspace_id, owner, item["fence"], until, deaths=_deaths(item))

    def _inherit(self, found: Item | None, taking: dict[str, Any], until: datetime) -> Lease | None:
        """Take the lease from a holder who died at something, and count that against it."""
        if found is None:
            return None
        owner, dead = taking["owner"], found["until"] <= taking["now"]
        if found["owner"] != owner and not dead:
            return None
        key, died = found["working_on"], found.get("died", {})
        if dead:
            times, begun = died.get(key, {"times": 0})["times"] + 1, found.get("begun_at", taking["now"])
            died = {**died, key: {"times": times, "last": taking["now"], "begun": begun}}
        try:
            item = self._update(
                keys.LEASE,
                f"{_TAKE}, #died = :died REMOVE #working_on, #begun_at ADD #fence :one",
                taking | {"fence": found["fence"], "died": died},
                condition=f"{_FREE} AND #fence = :fence",
            )
        except ConditionFailedError:
            return None
        return Lease(self.workspace_id, owner, item["fence"], until, key if dead else None, _deaths(item))

    def release(self, lease: Lease) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        with suppress(LostLease):
            self._hold(lease, "REMOVE #owner, #until, #working_on, #begun_at")

    def begin(self, lease: Lease, key: str, *, now: datetime) -> None:
        """Note in the lease that *key* is being worked on: who dies now dies at it."""
        self._hold(lease, "SET #working_on = :key, #begun_at = :begun", key=key, begun=keys.moment(now))

    def survive(self, lease: Lease, keys: Sequence[str]) -> None:
        """Forget who died at *keys*."""
        names = {f"key{place}": key for place, key in enumerate(keys)}
        self._hold(lease, f"REMOVE {', '.join(f'#died.#{name}' for name in names)}", names)

    def _hold(self, lease: Lease, text: str, names: MappingOf[str, str] | None = None, **values: str) -> None:
        """Update the lease while it is ours."""
        try:
            self._update(
                keys.LEASE,
                text,
                {"owner": lease.owner, "fence": lease.fence, **values},
                condition="#owner = :owner AND #fence = :fence",
                names=names or {},
            )
        except ConditionFailedError as failed:
            raise LostLease("another worker has taken the workspace; it goes on with what is left") from failed

    def raise_epoch(self) -> int:
        """So that wakes sent from now on are not taken for repeats of earlier ones."""
        epoch: int = self._update(keys.EPOCH, "ADD #epoch :one", {"one": 1})["epoch"]
        return epoch

    def epoch(self) -> int:
        """The epoch, read consistently; a wake carries it in its deduplication id."""
        epoch: int = (self._get(keys.EPOCH) or {"epoch": 0})["epoch"]
        return epoch

    # --- work ---------------------------------------------------------------------------------------------------

    def put(self, work: Work) -> None:
        """Add the row, or replace the one in its place: of the same lane, kind, external id and way, requested or not.

        What events told that one, *work* tells besides, and who waits for it, waits for *work*. It seldom tells or is
        waited for, so that mostly one write will do.
        """
        other = self._put_if(when("attribute_not_exists(#tells)"), work)
        while other is not None:
            other = self._put_if(when(_AS_SEEN, nonce=other.nonce), work.in_place_of(other))

    def put_again(self, work: Work, *, seen: Work) -> bool:
        """Put *work* in the place of the row *seen* while its nonce is the one seen; False when it was put anew."""
        return self._put_if(when(_AS_SEEN, nonce=seen.nonce), work) is None

    def _put_if(self, condition: Expression, work: Work) -> Work | None:
        """Add the row where *condition* holds for its place; else the one that is there, and nothing is done."""
        try:
            self.dynamo.put(self.tables.mappings, self._work_item(work), condition)
        except ConditionFailedError as failed:
            if failed.found is None:
                raise
            return _work(failed.found)
        return None

    def put_decision(self, work: Work, *, now: datetime) -> Work | None:
        """Add the row of what a person decided, and remember its run, as `put_run` does.

        Nothing where another person's about the same waits: then that one.

        Until it is carried out, who decided may change their mind.
        """
        run = self._run_item(work, now)
        while True:
            waiting = self._rows_at([work])
            theirs = (row for row in map(_work, waiting) if row.actor != work.actor)
            if (other := next(theirs, None)) is not None:
                return other
            if self._begin_run(work, run, waiting):
                return None

    def put_run(self, works: Sequence[Work], *, now: datetime) -> str | None:
        """Add the rows of one run that a person asked for, each about another record, and remember how many they are.

        Nothing where a row of a run about the very same still waits for its turn: then that run's id. Rows of others,
        and what failed and was put off, are replaced.
        """
        first, *rest = sorted(works, key=lambda work: work.external_id)
        about = digest([work.external_id for work in (first, *rest)])
        run = self._run_item(first, now) | {"total": len(works), "about": about}
        while True:
            waiting = self._rows_at(works)
            same = self._run_about(about, waiting, now)
            if same is not None:
                return same
            if self._begin_run(first, run, waiting):
                self.dynamo.put_many(self.tables.mappings, map(self._work_item, rest))
                return None

    def _begin_run(self, first: Work, run: Item, waiting: Iterable[Item]) -> bool:
        """Add the *first* row of *run*; nothing and False where another was put since the rows *waiting* were read.

        Equal runs have the same first row: of two that begin at once one does not find it as it was.
        """
        nonce = next((row["nonce"] for row in waiting if row["sk"] == keys.work(first)), "")
        row = Step(put(self.tables.mappings, self._work_item(first), when(_AS_SEEN, nonce=nonce)))
        try:
            self.dynamo.transact([row, Step(put(self.tables.workspaces, run))])
        except ConditionFailedError:
            return False
        return True

    def _rows_at(self, works: Sequence[Work]) -> list[Item]:
        """The rows that wait where *works* would be."""
        return self.dynamo.get_many(self.tables.mappings, [self._key(keys.work(work)) for work in works])

    def _run_about(self, about: str, waiting: Iterable[Item], now: datetime) -> str | None:
        """The run to which one of the rows that are *waiting* and due belongs, where it is about the same records."""
        runs = {work.run_id for work in map(_work, waiting) if work.due <= now}
        return next((id for id in runs if (self._get(keys.run(id)) or {}).get("about") == about), None)

    def note_run(self, work: Work, *, now: datetime) -> None:
        """Remember that a person asked for the run that begins with *work*: it may end without a trace."""
        self.dynamo.put(self.tables.workspaces, self._run_item(work, now))

    def begin_walk(self, work: Work, name: str, place: str, *, total: int, now: datetime) -> bool:
        """Add the only row of a run and the cursor *name* that says how far it is; nothing and False where one waits.

        The cursor is forgotten with the run.
        """
        run = self._run_item(work, now) | {"total": total}
        cursor = self._key(keys.cursor(name)) | {"value": place, "expires_at": run["expires_at"]}
        nobody = when("attribute_not_exists(#pk)")
        try:
            self.dynamo.transact(
                [
                    Step(put(self.tables.mappings, self._work_item(work), nobody)),
                    Step(put(self.tables.workspaces, run)),
                    Step(put(self.tables.workspaces, cursor)),
                ]
            )
        except ConditionFailedError:
            return False
        return True

    def _run_item(self, first: Work, now: datetime) -> Item:
        ends, began = int((now + RUNS_ARE_KEPT).timestamp()), keys.moment(first.due)
        return self._key(keys.run(first.run_id)) | {"began": began, "expires_at": ends}

    def run(self, run_id: str) -> tuple[int, datetime] | None:
        """How many records a run of chosen records is about, and when it began."""
        item = self._get(keys.run(run_id))
        if item is None or "total" not in item:
            return None
        return item["total"], datetime.fromisoformat(item["began"])

    def asked_at(self, run_id: str) -> datetime | None:
        """When a person asked for it; None where nobody did within the last days."""
        item = self._get(keys.run(run_id))
        return None if item is None else datetime.fromisoformat(item["began"])

    def queued(self, run_id: str | None = None, *, since: datetime | None = None) -> int:
        """How many rows wait to be done, of one run or all: at least so many, where thousands do.

        What was due before *since*, when the run began, is passed over: its own rows come first then, in each lane.
        """
        of_run = None if run_id is None else when("contains(#run, :run)", run=run_id)
        return sum(self._queued(lane, of_run, "" if since is None else keys.moment(since)) for lane in Lane)

    def _queued(self, lane: Lane, of_run: Expression | None, since: str) -> int:
        first, last = f"{lane}#{since}", f"{lane}#~"  # "~" sorts after every digit
        of_lane = when("#pk = :pk AND #lane_due BETWEEN :first AND :last", pk=keys.partition(self.workspace_id),
                       first=first, last=last)  # fmt: skip
        counted, _ = self.dynamo.count(self.tables.mappings, of_lane, index="by_due", room=MOST_READ, where=of_run)
        return counted

    def _work_item(self, work: Work) -> Item:
        item = {
            **self._key(keys.work(work)),
            "nonce": work.nonce,
            "lane_due": keys.lane_due(work.lane, work.due),
            "run": " ".join((work.run_id, *work.also)),
            "body": records.write_short(work),
        }
        return item | {"tells": True} if work.edits or work.requested else item

    def pending(self, lane: Lane, *, limit: int) -> Sequence[Work]:
        """Rows of *lane* in order of their `due`, those not due yet too, read consistently."""
        of_lane = when("#pk = :pk AND begins_with(#lane_due, :lane)", pk=keys.partition(self.workspace_id),
                       lane=f"{lane}#")  # fmt: skip
        rows = self.dynamo.query(self.tables.mappings, of_lane, index="by_due", Limit=limit)
        return [_work(row) for row in islice(rows, limit)]

    def done(self, work: Work) -> bool:
        """Remove the row while its nonce is the one seen; False when it was put again meanwhile."""
        try:
            self.dynamo.delete(self.tables.mappings, self._key(keys.work(work)), when(_AS_SEEN, nonce=work.nonce))
        except ConditionFailedError:
            return False
        return True

    def waiting(self, work: Work) -> Work | None:
        """The row that waits to be done where *work* is, or would be."""
        item = self.dynamo.get(self.tables.mappings, self._key(keys.work(work)))
        return None if item is None else _work(item)

    def which_wait(self, works: Sequence[Work]) -> Sequence[Work]:
        """The rows that are where *works* would be put."""
        return list(map(_work, self._rows_at(works)))

    # --- small state --------------------------------------------------------------------------------------------

    def sources(self) -> MappingOf[EntityType, DataSource]:
        """Data sources by entity type, as last read."""
        all_of_them = when("#pk = :pk AND begins_with(#sk, :sources)", pk=keys.partition(self.workspace_id),
                           sources=keys.SOURCES)  # fmt: skip
        rows = self.dynamo.query(self.tables.workspaces, all_of_them)
        found = [records.read_short(DataSource, row["body"]) for row in rows]
        return {source.entity_type: source for source in found}

    def save_source(self, source: DataSource) -> DataSource:
        """Remember a data source and its schema if nobody has since it was read, else raise `StaleMapping`.

        What a worker that outlived its lease had read must not undo that a column was seen broken since.
        """
        after = replace(source, version=source.version + 1)
        item = self._key(keys.source(source.entity_type)) | {
            "version": after.version,
            "body": records.write_short(after),
        }
        # One that an earlier checkout has stored is there without a version.
        same = unchanged(source.version) if source.version else when("attribute_not_exists(#version)")
        moved_on = StaleMapping("the schema was read by somebody else since; it is looked at anew")
        self.dynamo.transact([Step(put(self.tables.workspaces, item, same), moved_on)])
        return after

    def cursor(self, name: str) -> str | None:
        """A named cursor's value."""
        item = self._get(keys.cursor(name))
        return None if item is None else item["value"]

    def move_cursor(self, name: str, value: str) -> bool:
        """Set it if that moves it forward (text order); False when it would go back."""
        try:
            self._update(
                keys.cursor(name),
                "SET #value = :value",
                {"value": value},
                condition="attribute_not_exists(#value) OR #value <= :value",
            )
        except ConditionFailedError:
            return False
        return True

    def clear_cursor(self, name: str) -> None:
        """Forget it."""
        self.dynamo.delete(self.tables.workspaces, self._key(keys.cursor(name)))

    def pause(self) -> Pause | None:
        """Until when nobody is to be called, as last kept."""
        item = self._get(keys.PAUSE)
        return None if item is None else records.read_short(Pause, item["body"])

    def keep_pause(self, pause: Pause) -> None:
        """Keep *pause*; an earlier one that ends later is left to end."""
        with suppress(ConditionFailedError):
            self._update(
                keys.PAUSE,
                "SET #body = :body, #until = :until",
                {"body": records.write_short(pause), "until": keys.moment(pause.until)},
                condition="attribute_not_exists(#until) OR #until <= :until",
            )

    def claim_later(self, at: datetime, now: datetime) -> bool:
        """Whether a wake at *at* is still to be sent: none is under way that arrives between *now* and then."""
        try:
            self._update(
                keys.LATER,
                "SET #at = :at",
                {"at": keys.moment(at), "now": keys.moment(now)},
                condition="attribute_not_exists(#at) OR #at < :now OR #at > :at",
            )
        except ConditionFailedError:
            return False
        return True

    def disclaim_later(self) -> None:
        """The wake that was claimed last was not sent after all."""
        self.dynamo.delete(self.tables.workspaces, self._key(keys.LATER))

    def commissions(self) -> DynamoCommissions:
        """Pages to be made from templates."""
        return DynamoCommissions(self.dynamo, self.tables, self.workspace_id)

    def previews(self) -> DynamoPreviews:
        """Its dry runs."""
        return DynamoPreviews(self.dynamo, self.tables, self.workspace_id)

    def budget(self) -> BudgetWindow | None:
        """The budget window as last saved."""
        item = self._get(keys.BUDGET)
        return None if item is None else _window(item)

    def save_budget(self, window: BudgetWindow, lease: Lease) -> None:
        """Keep it for the next invocation; nothing happens when a later holder of the lease has kept its own."""
        with suppress(ConditionFailedError):
            self._update(
                keys.BUDGET,
                "SET #body = :body, #fence = :fence ADD #beside :taken",
                {
                    "body": records.write_short(replace(window, beside=0, beside_at=None)),
                    "fence": lease.fence,
                    "taken": -window.beside,
                },
                condition="attribute_not_exists(#fence) OR #fence <= :fence",
            )

    def spend_beside(self, requests: int, now: datetime) -> None:
        """Count requests that were made without the lease; who takes up the budget window next reckons with them."""
        self._update(
            keys.BUDGET, "SET #beside_at = :now ADD #beside :requests", {"now": keys.moment(now), "requests": requests}
        )

    def count_calls(self, calls: int, now: datetime) -> None:
        """Count requests to Notion among the figures of *now*'s day."""
        self.dynamo.transact([counts.add_calls(self.tables.workspaces, self.workspace_id, calls, now)])

    def capabilities(self) -> Capabilities | None:
        """What the connection may do in Notion, as last found out."""
        item = self._get(keys.CAPABILITIES)
        return None if item is None else records.read_short(Capabilities, item["body"])

    def keep_capabilities(self, capabilities: Capabilities) -> None:
        """Keep what was found out."""
        self._put(keys.CAPABILITIES, body=records.write_short(capabilities))

    # --- items --------------------------------------------------------------------------------------------------

    def _key(self, sort_key: str) -> Key:
        return within(self.workspace_id, sort_key)

    def _get(self, sort_key: str) -> Item | None:
        return self.dynamo.get(self.tables.workspaces, self._key(sort_key))

    def _update(self, sort_key: str, text: str, values: MappingOf[str, Any], **how: Any) -> Item:
        return self.dynamo.update(self.tables.workspaces, self._key(sort_key), text, values, **how)

    def _put(self, sort_key: str, **attributes: str) -> None:
        self.dynamo.put(self.tables.workspaces, self._key(sort_key) | attributes)


def _work(item: Item) -> Work:
    return records.read_short(Work, item["body"])


def _deaths(item: Item) -> dict[str, Deaths]:
    return {key: _deaths_at(each) for key, each in item.get("died", {}).items()}


def _deaths_at(died: MappingOf[str, Any]) -> Deaths:
    last = datetime.fromisoformat(died["last"])
    begun = datetime.fromisoformat(died["begun"]) if "begun" in died else last  # an older release did not say
    return Deaths(died["times"], last, begun)


def _window(item: Item) -> BudgetWindow:
    """As the last holder of the lease has kept it, with what others have asked for since."""
    if not item.get("beside"):
        return records.read_short(BudgetWindow, item["body"])
    at = datetime.fromisoformat(item["beside_at"])
    window = records.read_short(BudgetWindow, item["body"]) if "body" in item else BudgetWindow(at)
    return replace(window, beside=item["beside"], beside_at=at)


def profile_item(workspace: Workspace) -> Item:
    """The item of a workspace's profile and settings."""
    body = records.write_short(workspace)
    return within(workspace.id, keys.PROFILE) | {"version": workspace.version, "body": body}


def directory_items(workspace: Workspace) -> list[Item]:
    """The workspace's row in the list of all, and in those of the callers who may be in it."""
    row = {"sk": keys.partition(workspace.id), "workspace_id": workspace.id}
    return [_directory_item(workspace), *({"pk": of} | row for of in keys.callers(workspace.org, workspace.members))]


def _directory_item(workspace: Workspace) -> Item:
    synced = workspace.is_active and workspace.connection == "connected"
    row: Item = {"pk": keys.DIRECTORY, "sk": keys.partition(workspace.id), "workspace_id": workspace.id}
    ends = {} if workspace.erase_at is None else {"erase_at": keys.moment(workspace.erase_at)}
    return row | {"synced": synced} | ends
