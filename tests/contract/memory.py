"""Both sides in memory: what the core is simulated against, held to the same suite as the real ones."""
# a fake keeps the signatures of the port

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from navsync.errors import NotReachable, Raced, Refused
from navsync.fields import (
    SPECS,
    Field,
    Kind,
    cannot_carry,
    field_of,
    parse_navimpact,
    parse_notion,
    render_navimpact,
    render_notion,
)
from navsync.model import EntityType, Gone, Observation, Present, Side, Trashed, Value, Values
from navsync.ports import ChangedPage

PAGE_SIZE = 100
BOT = "00000000-0000-4000-8000-000000000b07"
PERSON = "00000000-0000-4000-8000-00000000face"


def at_once() -> timedelta:
    """Notion's index on a good day."""
    return timedelta()


# --- Notion -----------------------------------------------------------------------------------------------------------


@dataclass
class Page:
    """A row as Notion keeps it."""

    id: str
    entity_type: EntityType
    values: dict[str, Value]
    created_by: str
    created_at: datetime
    edited_by: str
    edited_at: datetime
    indexed_at: datetime
    """Queries do not show its last change before."""
    first_indexed_at: datetime
    """Queries do not show it at all before."""
    key: str | None = None
    in_trash: bool = False
    shared: bool = True

    def seen(self) -> Present:
        """What Notion answers: times floored to the minute."""
        return Present(
            self.id,
            dict(self.values),
            raw=dict(self.values),
            key=self.key,
            edited_by=self.edited_by,
            created_by=self.created_by,
            edited_at=_floored(self.edited_at),
            created_at=_floored(self.created_at),
        )


@dataclass
class MemoryNotion:
    """Notion without a wire. Calls are *author*'s: the bot's unless taken from `by`.

    *index_delay* is asked at each write for how long queries miss it.
    """

    clock: Callable[[], datetime]
    index_delay: Callable[[], timedelta] = at_once
    author: str = BOT
    pages: dict[str, Page] = field(default_factory=dict)
    side: Side = field(default=Side.NOTION, init=False)

    def by(self, author: str) -> MemoryNotion:
        """The same workspace in *author*'s hands."""
        return replace(self, author=author)

    def read(self, entity_type: EntityType, id: str) -> Observation:
        page = self.pages.get(id)
        if page is None or not page.shared:
            return Gone(id)
        return Trashed(page.seen()) if page.in_trash else page.seen()

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        return self.add_row(entity_type, values, key=key)

    def add_row(self, entity_type: EntityType, values: Values, *, key: str | None = None) -> Present:
        """A new row; one that a person adds has no key."""
        now, indexed_at = self.clock(), self.clock() + self.index_delay()
        id = str(UUID(int=(0x393ABC1E << 96) + len(self.pages) + 1))
        shown = {f.name: _empty(f) for f in SPECS[entity_type].fields} | _as_notion_shows(entity_type, values)
        made = Page(id, entity_type, shown, self.author, now, self.author, now, indexed_at, indexed_at, key)
        self.pages[id] = made
        return made.seen()

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        return [page.seen() for page in self._listed(entity_type) if page.key == key]

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        return [page.seen() for page in self._listed(entity_type) if page.key in keys]

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        shown = _as_notion_shows(entity_type, changes)
        page = self._editable(id)
        page.values |= shown
        self._touch(page)
        return page.seen()

    def stamp(self, entity_type: EntityType, id: str, key: str) -> None:
        page = self._editable(id)
        page.key = key
        self._touch(page)

    def remove(self, entity_type: EntityType, id: str) -> None:
        self._reachable(id).in_trash = True

    def restore(self, entity_type: EntityType, id: str) -> Present:
        page = self._reachable(id)
        page.in_trash = False
        self._touch(page)
        return page.seen()

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        now = self.clock()
        rows = [p for p in self._listed(entity_type) if since is None or p.edited_at >= _floored(since)]
        rows = [p for p in rows if since is None or p.indexed_at <= now]
        rows.sort(key=lambda page: _floored(page.edited_at))
        start = int(cursor or 0)
        more = str(start + PAGE_SIZE) if start + PAGE_SIZE < len(rows) else None
        return ChangedPage([page.seen() for page in rows[start : start + PAGE_SIZE]], more)

    def answers(self, entity_type: EntityType) -> bool:
        return True

    def _listed(self, entity_type: EntityType) -> list[Page]:
        now = self.clock()
        return [
            page
            for page in self.pages.values()
            if page.entity_type is entity_type and not page.in_trash and page.shared and page.first_indexed_at <= now
        ]

    def _reachable(self, id: str) -> Page:
        page = self.pages.get(id)
        if page is None or not page.shared:
            raise NotReachable("Notion does not show it")
        return page

    def _editable(self, id: str) -> Page:
        page = self._reachable(id)
        if page.in_trash:
            raise Raced("the page is in the trash")
        return page

    def _touch(self, page: Page) -> None:
        page.edited_by, page.edited_at = self.author, self.clock()
        page.indexed_at = page.edited_at + self.index_delay()


# --- NavImpact --------------------------------------------------------------------------------------------------------


@dataclass
class Record:
    """A record as NavImpact keeps it: JSON of its own making."""

    id: str
    entity_type: EntityType
    fields: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int = 1
    parsed: tuple[int, dict[str, Value]] = (0, {})  # replaced, never changed
    """Its values as of a version: reading is what the simulator does most."""

    def seen(self, *, with_revision: bool) -> Present:
        """What NavImpact answers."""
        return Present(
            self.id,
            self._values(),
            raw=dict(self.fields),
            revision=f'"{self.version}"' if with_revision else None,
            edited_at=self.updated_at,
            created_at=self.created_at,
        )

    def _values(self) -> dict[str, Value]:
        if self.parsed[0] != self.version:
            shown = self.fields.items()
            self.parsed = (self.version, {n: parse_navimpact(field_of(self.entity_type, n), v) for n, v in shown})
        return dict(self.parsed[1])


@dataclass
class MemoryNavImpact:
    """NavImpact without a wire. *conditional* and *idempotent*: whether it knows `If-Match` and `Idempotency-Key`."""

    clock: Callable[[], datetime]
    conditional: bool = True
    idempotent: bool = True
    records: dict[tuple[EntityType, str], Record] = field(default_factory=dict)
    made: dict[str, tuple[dict[str, Any], Present]] = field(default_factory=dict)
    """Idempotency key → what was asked for and what was first answered."""
    last_id: list[int] = field(default_factory=lambda: [0])
    side: Side = field(default=Side.NAVIMPACT, init=False)

    def read(self, entity_type: EntityType, id: str) -> Observation:
        record = self.records.get((entity_type, id))
        return Gone(id) if record is None else record.seen(with_revision=self.conditional)

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        asked = _as_navimpact_keeps(entity_type, values, {})
        before = self.made.get(key) if self.idempotent else None
        if before is not None and before[0] != asked:
            raise Refused("the key was used for another record")
        if before is None:
            made = self.records[entity_type, self._insert(entity_type, asked)]
            before = self.made[key] = (asked, made.seen(with_revision=self.conditional))
        return before[1]

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        return ()

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        record = self.records.get((entity_type, id))
        if record is None:
            raise Raced("the record was deleted")
        if self.conditional and seen.revision is not None and seen.revision != f'"{record.version}"':
            raise Raced("the record was changed")
        record.fields |= _as_navimpact_keeps(entity_type, changes, record.fields)
        record.version += 1
        record.updated_at = self.clock()
        return record.seen(with_revision=self.conditional)

    def stamp(self, entity_type: EntityType, id: str, key: str) -> None:
        """Nothing to do."""

    def remove(self, entity_type: EntityType, id: str) -> None:
        self.records.pop((entity_type, id), None)
        if entity_type is EntityType.MEDIA_PROJECT:
            for child in [k for k, r in self.records.items() if str(r.fields.get("project")) == id]:
                del self.records[child]

    def restore(self, entity_type: EntityType, id: str) -> Present:
        raise Refused("NavImpact has no trash")

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        rows = [r for r in self.records.values() if r.entity_type is entity_type]
        rows = sorted((r for r in rows if since is None or r.updated_at >= since), key=_place)
        start = bisect_right([_cursor(r) for r in rows], cursor) if cursor else 0
        page = rows[start : start + PAGE_SIZE]
        more = _cursor(page[-1]) if start + PAGE_SIZE < len(rows) else None
        return ChangedPage([record.seen(with_revision=False) for record in page], more)

    def answers(self, entity_type: EntityType) -> bool:
        return True

    def _insert(self, entity_type: EntityType, asked: Mapping[str, Any]) -> str:
        self.last_id[0] += 1
        id, now = str(self.last_id[0]), self.clock()
        empty: dict[str, Any] = {f.name: [] if f.kind is Kind.MULTI_SELECT else None for f in SPECS[entity_type].fields}
        self.records[entity_type, id] = Record(id, entity_type, empty | dict(asked), now, now)
        return id


# --- what either side makes of a value ----------------------------------------------------------------------------


def _as_notion_shows(entity_type: EntityType, values: Values) -> dict[str, Value]:
    return {name: _through_notion(field_of(entity_type, name), value) for name, value in values.items()}


def _through_notion(spec_field: Field, value: Value) -> Value:
    if spec_field.kind is Kind.RELATION:
        return value
    return parse_notion(spec_field, render_notion(spec_field, value, None, None))


def _as_navimpact_keeps(entity_type: EntityType, values: Values, raw: Mapping[str, Any]) -> dict[str, Any]:
    spec_fields = {name: field_of(entity_type, name) for name in values}
    for name, spec_field in spec_fields.items():
        if reason := cannot_carry(spec_field, values[name], Side.NAVIMPACT):
            raise Refused(reason, field=name)
    return {name: render_navimpact(f, values[name], raw.get(name)) for name, f in spec_fields.items()}


def _empty(spec_field: Field) -> Value:
    return () if spec_field.kind in (Kind.MULTI_SELECT, Kind.RELATION) else None


def _floored(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)


def _place(record: Record) -> tuple[datetime, int]:
    return record.updated_at, int(record.id)


def _cursor(record: Record) -> str:
    return f"{record.updated_at.isoformat(timespec='microseconds')}/{int(record.id):020}"
