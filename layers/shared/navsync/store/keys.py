"""Where does each item live?

Every partition key starts with the workspace, so that crossing tenants needs another key, not a forgotten filter:
`W#17`. The exceptions, all in the workspaces table and the first five needed before a workspace is known:

| partition | sort key | says |
|---|---|---|
| `BOT#<bot id>` | `ROUTE` | which workspace a Notion bot belongs to; unique |
| `NOTION#<notion workspace id>` | `W#<id>` | which workspaces a webhook may be for |
| `DIRECTORY` | `W#<id>` | every workspace, whether it is synced, and whether it is to be or being erased |
| `ORG#<org>`, or `SUBJECT#<sub>` where there is none | `W#<id>` | which workspaces a caller may be in |
| `OAUTH#<hash of the state>` | `STATE` | who started a connection; expires |
| `RECORD#<type>#<id>` | `LEASE` | which workspace is writing a NavImpact record that several may hold; expires |
| `RECORD#<type>#<id>` | `REMADE` | as which record a workspace has made it again, since it was deleted; expires |
| `CALLS#<hash of the caller>` | `<workspace or all>#<minute>` | how often somebody called; expires |

and in the sync_logs table, with a suffix so that a role can be kept to them:

| partition | sort key | says |
|---|---|---|
| `W#17#AUDIT`, `ORG#<org>#AUDIT`, `SUBJECT#<sub>#AUDIT` | `ROW#<id>` `DAY#<day>` (counters) | who did what |
| `DEPLOYMENT#AUDIT` | the same | handshakes of Notion's webhook, which is for all workspaces |

In a workspace's partition:

| table | sort key | item |
|---|---|---|
| workspaces | `PROFILE` `LEASE` `EPOCH` `BUDGET` `PAUSE` `LATER` `MAPPINGS` (counters) | one of each, each by itself |
| workspaces | `WAITING#<n>` `RUN#<run id>` | a call waits for work to be done; how much a run began with; expire |
| workspaces | `PREVIEW#<id>` | how far a dry run has come; expires |
| workspaces | `SOURCE#<entity type>` `CURSOR#<name>` `REMOVALS#<ten minutes>` `LOGS#<day>` (counters) | |
| workspaces | `TEMPLATE#<name>` | a template of its own |
| mappings | `MAPPING#<id>` | a mapping |
| mappings | `ENTITY#<type>#<id>` `PAGE#<id>` | which mapping pairs it: unique |
| mappings | `OPEN#<id>` | the mapping has an open create intent |
| mappings | `WAITS#<cause>#<id>` | the mapping waits for a person because of that, and is counted so |
| mappings | `WORK#<lane>#<kind>#<external id>` | work |
| mappings | `WORK#…#REQUESTED`, `WORK#…#<direction>` | work that a person waits for; that looks one way alone |
| mappings | `COMMISSION#<id>` | a page that somebody asked for from a template; expires |
| mappings | `PREVIEW#<id>#<n>` | something that a dry run foresees; expires |
| mappings, sync_logs | `BLOB#<owner>#<sha256>#<n>` | a part of a long value |
| sync_logs | `LOG#<id>` | a row of the sync log |
| sync_logs | `UNDONE#<id>#<field or *>` | which row of the sync log undid that of another last; expires |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from navsync.attention import Cause
from navsync.model import EntityRef, EntityType, Lane, SyncLog, Work
from navsync.standing import Standing
from navsync.store.dynamo import Item, Key


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables' names, from the deployment."""

    workspaces: str
    mappings: str
    sync_logs: str


PROFILE = "PROFILE"
LEASE = "LEASE"
EPOCH = "EPOCH"
BUDGET = "BUDGET"
PAUSE = "PAUSE"
LATER = "LATER"
TOKENS = "TOKENS"
CAPABILITIES = "CAPABILITIES"
MAPPING_COUNTS = "MAPPINGS"
SOURCES = "SOURCE#"
OPEN_CREATES = "OPEN#"
WAITS = "WAITS#"
TEMPLATES = "TEMPLATE#"
LOG_COUNTS = "LOGS#"
AUDIT_COUNTS = "DAY#"


def partition(workspace_id: int) -> str:
    """The partition of everything that belongs to one workspace."""
    return f"W#{workspace_id}"


def workspace_of(item: Item) -> int:
    """Whose an item of one workspace's partition is."""
    return int(item["pk"].partition("#")[2])


def within(workspace_id: int, sort_key: str) -> Key:
    """The key of an item of one workspace."""
    return {"pk": partition(workspace_id), "sk": sort_key}


def source(entity_type: EntityType) -> str:
    """Sort key of a data source."""
    return f"{SOURCES}{entity_type}"


def cursor(name: str) -> str:
    """Sort key of a named cursor."""
    return f"CURSOR#{name}"


def removals(now: datetime) -> str:
    """Sort key of the deletions counted in *now*'s ten minutes; sorts by time."""
    return f"REMOVALS#{moment(now)[: len('2026-11-22T10:0')]}"


def log_counts(day: str) -> str:
    """Sort key of the counters of one day's sync log."""
    return f"{LOG_COUNTS}{day}"


def mapping(mapping_id: int) -> str:
    """Sort key of a mapping; sorts by time, as ids do."""
    return f"MAPPING#{mapping_id:016d}"


def open_create(mapping_id: int) -> str:
    """Sort key of the marker of an open create intent."""
    return f"{OPEN_CREATES}{mapping_id:016d}"


def listed(workspace_id: int, standing: Standing, entity_type: EntityType) -> str:
    """Key of the index of mappings by how they stand, and by kind of record."""
    return f"{partition(workspace_id)}#{standing}#{entity_type}"


def of_project(workspace_id: int, project_id: str) -> str:
    """Key of the index of mappings by the media project that they belong to."""
    return f"{partition(workspace_id)}#{project_id}"


def waits(cause: Cause) -> str:
    """The counter of the mappings that wait because of *cause*."""
    return f"{WAITS}{cause}"


def marker(counter: str, mapping_id: int) -> str:
    """Sort key of the marker that a mapping is counted in *counter*; of one counter they sort by time."""
    return f"{counter}#{mapping_id:016d}"


def entity(ref: EntityRef) -> str:
    """Sort key of the pointer from an entity to its mapping."""
    return f"ENTITY#{ref.type}#{ref.id}"


def page(page_id: str) -> str:
    """Sort key of the pointer from a page to its mapping."""
    return f"PAGE#{page_id}"


def log(log_id: int) -> str:
    """Sort key of a row of the sync log."""
    return f"LOG#{log_id:016d}"


def undone(log_id: int, part: str) -> str:
    """Sort key of what undid a part of a row of the sync log."""
    return f"UNDONE#{log_id:016d}#{part}"


def at_id(log: SyncLog) -> str:
    """Range key of the indexes of the sync log: by time, then by id."""
    return f"{moment(log.at)}#{log.id:016d}"


def record_of(log: SyncLog) -> str | None:
    """What the row is about, as the index of one record's history names it: its mapping, or what it had before one."""
    if log.mapping_id is not None:
        return mapping(log.mapping_id)
    return (
        None if log.entity_type is None or log.entity_id is None else entity(EntityRef(log.entity_type, log.entity_id))
    )


def audit_row(row_id: int) -> str:
    """Sort key of an audit row; sorts by time, as ids do."""
    return f"ROW#{row_id:016d}"


def audit_counts(now: datetime) -> str:
    """Sort key of the number of audit rows of *now*'s day."""
    return f"{AUDIT_COUNTS}{moment(now)[:10]}"


def calls(whose: str, of: str, window: int) -> Key:
    """The key of the number of calls in one window."""
    return {"pk": f"CALLS#{whose}", "sk": f"{of}#{window}"}


def run(run_id: str) -> str:
    """Sort key of what is known of a run that a person asked for."""
    return f"RUN#{run_id}"


def preview(preview_id: int) -> str:
    """Sort key of how far a dry run has come."""
    return f"PREVIEW#{preview_id:016d}"


def foreseen(preview_id: int, place: int) -> str:
    """Sort key of something that a dry run foresees."""
    return f"{preview(preview_id)}#{place:09d}"


def waiting(place: int) -> str:
    """Sort key of a place for a call that waits."""
    return f"WAITING#{place}"


def template(name: str) -> str:
    """Sort key of a workspace's own template."""
    return f"{TEMPLATES}{name}"


def commission(commission_id: int) -> str:
    """Sort key of a page that is to be made from a template."""
    return f"COMMISSION#{commission_id:016d}"


def work(row: Work) -> str:
    """Sort key of a work row: what it looks at, in which lane, whether a person waits for it, and one way alone."""
    place = f"WORK#{row.lane}#{row.kind}#{row.external_id}{'#REQUESTED' if row.requested else ''}"
    return f"{place}#{row.apart}" if row.apart else place


def lane_due(lane: Lane, due: datetime) -> str:
    """Range key of the index that orders a lane by what is due first."""
    return f"{lane}#{moment(due)}"


def bot_route(bot_id: str) -> Key:
    """The key of a bot's route."""
    return {"pk": f"BOT#{bot_id}", "sk": "ROUTE"}


def record_lease(ref: EntityRef) -> Key:
    """The key of the lease on a record that several workspaces may write."""
    return {"pk": f"RECORD#{ref.type}#{ref.id}", "sk": "LEASE"}


def remade(ref: EntityRef) -> Key:
    """The key of what was made again of a record that several workspaces held."""
    return {"pk": f"RECORD#{ref.type}#{ref.id}", "sk": "REMADE"}


def notion_partition(notion_workspace_id: str) -> str:
    """The partition that lists the workspaces of one Notion workspace."""
    return f"NOTION#{notion_workspace_id}"


def callers(org: str | None, members: Iterable[str]) -> Iterator[str]:
    """The partitions that list a workspace of *org*; one that belongs to none is listed with each of its *members*."""
    if org is not None:
        yield f"ORG#{org}"
        return
    for subject in members:
        yield f"SUBJECT#{subject}"


def oauth_state(state_hash: str) -> Key:
    """The key of a started connection."""
    return {"pk": f"OAUTH#{state_hash}", "sk": "STATE"}


DIRECTORY = "DIRECTORY"


def moment(at: datetime) -> str:
    """A moment as text of fixed width in UTC, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
