"""How do NavImpact's records survive, and what is still to be told about them?"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.twins.navimpact.records import CHILDREN, ENTITIES, MEDIA_PROJECT, Entity, Record

SCHEMA = """
create table if not exists records (
    entity_type text not null, id integer not null, media_project_id integer not null,
    created_at text not null, updated_at text not null, fields text not null,
    primary key (entity_type, id)
) without rowid;
create index if not exists by_time on records (entity_type, updated_at, id);
create index if not exists by_project on records (entity_type, media_project_id);
create table if not exists ids (entity_type text primary key, last integer not null) without rowid;
create table if not exists answers (
    key text primary key, request text not null, entity_type text not null, id integer not null,
    created_at text not null, updated_at text not null, fields text not null
) without rowid;
create table if not exists events (number integer primary key, id text not null unique, body blob not null);
create table if not exists facts (name text primary key, value integer not null) without rowid;
"""
COLUMNS = "entity_type, id, created_at, updated_at, fields"
TYPES = {entity.name: entity for entity in ENTITIES}


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook that is recorded with the change it tells of, and forgotten once delivered."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """Which records of a collection are asked for."""

    skip: int = 0
    limit: int = 100
    updated_since: str | None = None
    media_project_id: int | None = None


class Store:
    """Records in SQLite: a file, or memory when *path* is None. Ids are never used twice.

    What a `writing()` block did is on disk when the block ends, or none of it is.
    """

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, autocommit=True)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")  # survives kill -9; only a power cut may lose a commit
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    @property
    def is_new(self) -> bool:
        """Whether nobody has ever filled it; an emptied store is not new."""
        return self.changes == 0

    @property
    def changes(self) -> int:
        """A number that grows with every change."""
        row = self._db.execute("select value from facts where name = 'changes'").fetchone()
        return int(row[0]) if row else 0

    def clear(self) -> None:
        """Forget everything but that there was something."""
        for table in ("records", "ids", "answers", "events"):
            self._db.execute(f"delete from {table}")  # noqa: S608  # our own names
        self._count_change()

    def get(self, entity: Entity, id_: int) -> Record | None:
        """The record, or None."""
        sql = f"select {COLUMNS} from records where entity_type = ? and id = ?"  # noqa: S608  # a constant
        row = self._db.execute(sql, (entity.name, id_)).fetchone()
        return None if row is None else _record(row)

    def find(self, entity: Entity, query: Query) -> tuple[list[Record], int]:
        """One page ordered by (updated_at, id), and how many there are in all."""
        where, values = _where(entity, query)
        total = self._db.execute(f"select count(*) from records where {where}", values).fetchone()[0]  # noqa: S608
        rows = self._db.execute(
            f"select {COLUMNS} from records where {where} order by updated_at, id limit ? offset ?",  # noqa: S608
            (*values, query.limit, query.skip),
        )
        return [_record(row) for row in rows], total

    def all(self, entity: Entity) -> list[Record]:
        """Every record of one kind by id."""
        sql = f"select {COLUMNS} from records where entity_type = ? order by id"  # noqa: S608  # a constant
        return [_record(row) for row in self._db.execute(sql, (entity.name,))]

    def children(self, project_id: int) -> list[Record]:
        """Every record that belongs to a project."""
        sql = (
            f"select {COLUMNS} from records where media_project_id = ? and entity_type != ? "  # noqa: S608
            "order by entity_type, id"
        )
        return [_record(row) for row in self._db.execute(sql, (project_id, MEDIA_PROJECT.name))]

    def child_counts(self) -> dict[int, dict[str, int]]:
        """How many records of each kind each project has."""
        counts: dict[int, dict[str, int]] = {}
        sql = "select media_project_id, entity_type, count(*) from records group by 1, 2"
        for project_id, entity_type, count in self._db.execute(sql):
            counts.setdefault(project_id, {})[entity_type] = count
        return {id_: {child.name: kinds.get(child.name, 0) for child in CHILDREN} for id_, kinds in counts.items()}

    def next_id(self, entity: Entity) -> int:
        """An id that no record of this kind ever had."""
        sql = "insert into ids values (?, 1) on conflict (entity_type) do update set last = last + 1 returning last"
        return int(self._db.execute(sql, (entity.name,)).fetchone()[0])

    def put(self, record: Record) -> None:
        """Insert or replace a record."""
        row = (record.entity.name, record.id, record.media_project_id, *_times_and_fields(record))
        self._db.execute("insert or replace into records values (?, ?, ?, ?, ?, ?)", row)
        self._count_change()

    def remove(self, record: Record) -> None:
        """Delete one record."""
        key = (record.entity.name, record.id)
        self._db.execute("delete from records where entity_type = ? and id = ?", key)
        self._count_change()

    def answer(self, key: str) -> tuple[str, Record] | None:
        """What was asked and answered under an Idempotency-Key, or None."""
        sql = f"select request, {COLUMNS} from answers where key = ?"  # noqa: S608  # a constant
        row = self._db.execute(sql, (key,)).fetchone()
        return None if row is None else (row[0], _record(row[1:]))

    def remember_answer(self, key: str, request: str, record: Record) -> None:
        """Answer the same again when *key* comes with the same *request*."""
        row = (key, request, record.entity.name, record.id, *_times_and_fields(record))
        self._db.execute("insert into answers values (?, ?, ?, ?, ?, ?, ?)", row)

    def add_events(self, events: Iterable[Event]) -> None:
        """Record what is to be told."""
        rows = [(event.id, event.body) for event in events]
        self._db.executemany("insert into events (id, body) values (?, ?)", rows)

    def events(self) -> list[Event]:
        """What is still to be told, oldest first."""
        return [Event(*row) for row in self._db.execute("select id, body from events order by number")]

    def forget_event(self, id_: str) -> None:
        """It was told, or never will be."""
        self._db.execute("delete from events where id = ?", (id_,))

    def _count_change(self) -> None:
        self._db.execute("insert into facts values ('changes', 1) on conflict (name) do update set value = value + 1")


def _where(entity: Entity, query: Query) -> tuple[str, tuple[str | int, ...]]:
    terms: list[tuple[str, str | int]] = [("entity_type = ?", entity.name)]
    if query.updated_since is not None:
        terms.append(("updated_at >= ?", query.updated_since))
    if query.media_project_id is not None and entity.is_child:
        terms.append(("media_project_id = ?", query.media_project_id))
    return " and ".join(sql for sql, _ in terms), tuple(value for _, value in terms)


def _record(row: tuple[str, int, str, str, str]) -> Record:
    entity_type, id_, created_at, updated_at, fields = row
    return Record(TYPES[entity_type], id_, json.loads(fields), created_at, updated_at)


def _times_and_fields(record: Record) -> tuple[str, str, str]:
    return record.created_at, record.updated_at, json.dumps(record.fields)
