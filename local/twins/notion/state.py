"""Where the twin's records are kept: in memory to be read, in SQLite so that nothing acknowledged is lost."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from local.twins.notion.records import KINDS, Database, Page, Record
from local.twins.notion.wire import JsonObject

_REMEMBERED_VERSIONS = 8  # enough for an index that lags while a page is edited again and again
_CREATE = "CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, body BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID"
_UPSERT = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"
_DELETE = "DELETE FROM records WHERE kind = ? AND id = ?"


@dataclass(frozen=True)
class _Change:
    kind: type[Record]
    id: str
    before: Record | None


class Store:
    """All records by kind and id. Writes belong into a `transaction`; without a path it forgets when it is closed."""

    def __init__(self, path: Path | None) -> None:
        self._adapters: dict[type[Record], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in KINDS}
        self._records: dict[type[Any], dict[str, Any]] = {kind: {} for kind in KINDS}
        self._children: dict[str, dict[str, None]] = {}
        self._changes: list[_Change] = []
        self._versions: dict[str, deque[Page]] = {}
        self._depth = 0
        self._last_number = 0
        self.generation = 0
        """Rises with every write, so that what was computed from records can tell that it is old."""
        self._database = _open(path)
        self._load()

    def get[R: Record](self, kind: type[R], identifier: str) -> R | None:
        """The record, if it exists."""
        found: R | None = self._records[kind].get(identifier)
        return found

    def all[R: Record](self, kind: type[R]) -> list[R]:
        """Every record of a kind, oldest first."""
        return list(self._records[kind].values())

    def as_json(self, kind: type[Record]) -> list[JsonObject]:
        """Every record of a kind, as JSON values."""
        adapter = self._adapters[kind]
        return [adapter.dump_python(record, mode="json") for record in self.all(kind)]

    def pages_in(self, parent_id: str) -> list[Page]:
        """Pages directly below a page, data source or workspace, oldest first."""
        pages = self._records[Page]
        return [pages[identifier] for identifier in self._children.get(parent_id, ())]

    def databases_in(self, page_id: str) -> list[Database]:
        """Databases directly on a page, oldest first."""
        return [database for database in self.all(Database) if database.parent.id == page_id]

    def version_at(self, page: Page, moment: float) -> Page | None:
        """A page as it was at *moment*, as far back as earlier versions are remembered; None before it existed."""
        if page.edited_at <= moment:
            return page
        earlier = (old for old in reversed(self._versions.get(page.id, ())) if old.edited_at <= moment)
        return next(earlier, None)

    def next_number(self) -> int:
        """The number of the next page."""
        self._last_number += 1
        return self._last_number

    def put(self, record: Record) -> None:
        """Write a record, in place of the one with its id."""
        kind = type(record)
        before = self._records[kind].get(record.id)
        self._changes.append(_Change(kind, record.id, before))
        if isinstance(before, Page):
            self._versions.setdefault(before.id, deque(maxlen=_REMEMBERED_VERSIONS)).append(before)
        self._remember(record)

    def drop(self, record: Record) -> None:
        """Forget a record."""
        kind = type(record)
        self._changes.append(_Change(kind, record.id, record))
        self._forget(kind, record.id)

    def clear(self) -> None:
        """Forget everything."""
        for kind in KINDS:
            for record in self.all(kind):
                self.drop(record)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are on disk when it ends; none happened when it raises. May be nested."""
        self._depth += 1
        try:
            yield
        except BaseException:
            self._undo()
            raise
        else:
            if self._depth == 1:
                self._commit()
        finally:
            self._depth -= 1

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _load(self) -> None:
        names = {kind.__name__: kind for kind in KINDS}
        rows = self._database.execute("SELECT kind, body FROM records").fetchall()
        loaded = [self._adapters[names[name]].validate_json(body) for name, body in rows]
        for record in sorted(loaded, key=_age):
            self._remember(record)
            self._last_number = max(self._last_number, getattr(record, "number", 0))

    def _remember(self, record: Any) -> None:
        self.generation += 1
        if isinstance(record, Page):
            self._move(record)
        self._records[type(record)][record.id] = record

    def _move(self, page: Page) -> None:
        before: Page | None = self._records[Page].get(page.id)
        if before is not None and before.parent != page.parent:
            self._children[before.parent.id].pop(page.id, None)
        self._children.setdefault(page.parent.id, {})[page.id] = None

    def _forget(self, kind: type[Record], identifier: str) -> None:
        self.generation += 1
        record = self._records[kind].pop(identifier, None)
        if isinstance(record, Page):
            self._children[record.parent.id].pop(identifier, None)

    def _undo(self) -> None:
        for change in reversed(self._changes):
            if change.before is None:
                self._forget(change.kind, change.id)
            else:
                self._remember(change.before)
        self._changes.clear()

    def _commit(self) -> None:
        touched = {(change.kind, change.id) for change in self._changes}
        self._changes.clear()
        if touched:
            with self._database:
                for kind, identifier in touched:
                    self._persist(kind, identifier)

    def _persist(self, kind: type[Record], identifier: str) -> None:
        record = self._records[kind].get(identifier)
        if record is None:
            self._database.execute(_DELETE, (kind.__name__, identifier))
        else:
            self._database.execute(_UPSERT, (kind.__name__, identifier, self._adapters[kind].dump_json(record)))


def _age(record: Record) -> tuple[float, int]:
    return getattr(record, "created_at", 0.0), getattr(record, "number", 0)


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Requests are handled one at a time, but not always on the thread that made the store.
    database = sqlite3.connect(path or ":memory:", check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")  # survives a killed process; only a power cut could undo a commit
    database.execute(_CREATE)
    database.commit()
    return database
