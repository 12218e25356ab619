"""Both sides in memory: what the core is simulated against, held to the same suite as the real ones."""
# a fake keeps the signatures of the port

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any
from uuid import UUID

from navsync.errors import NotReachable, Raced, Refused, SchemaChanged, Unavailable, Unclear
from navsync.fields import (
    KEY,
    SPECS,
    UNPAIRED,
    Field,
    Kind,
    cannot_carry,
    field_of,
    parse_navimpact,
    parse_notion,
    render_navimpact,
    render_notion,
)
from navsync.fields.rewriting import applied, batch, edits
from navsync.model import (
    KEY_FIELD,
    DataSource,
    EntityRef,
    EntityType,
    Gone,
    MadeWay,
    Observation,
    Present,
    Property,
    Side,
    Trashed,
    Value,
    Values,
    is_empty,
)
from navsync.ports import ChangedPage

PAGE_SIZE = 100
BOT = "00000000-0000-4000-8000-000000000b07"
PERSON = "00000000-0000-4000-8000-00000000face"


def at_once() -> timedelta:
    """Notion's index on a good day."""
    return timedelta()


def _forget(source: DataSource) -> DataSource:
    """Nobody keeps schemas."""
    return source


def _go_on() -> None:
    """Nothing happens between two requests."""


def same_id(entity: EntityRef) -> str:
    """Where no mapping tells pages from entities, a page is called what its entity is."""
    return entity.id


def same_project(page_id: str) -> EntityRef:
    """The reverse of `same_id`."""
    return EntityRef(EntityType.MEDIA_PROJECT, page_id)


BODIES = {spec.type: f.name for spec in SPECS.values() for f in spec.fields if f.kind is Kind.BODY}
"""Entity type → the field that is a page's body."""

RELATIONS = {spec.type: f.name for spec in SPECS.values() for f in spec.fields if f.kind is Kind.RELATION}
"""Entity type → the field that names the project."""


def ids_in(relation: Value) -> tuple[str, ...]:
    """What the value of a relation names."""
    return relation if isinstance(relation, tuple) else ()


# --- Notion -----------------------------------------------------------------------------------------------------------


@dataclass
class Page:
    """A row as Notion keeps it."""

    id: str
    entity_type: EntityType
    values: dict[str, Value]
    """Of a relation the ids of pages."""
    created_by: str
    created_at: datetime
    """Floored to the minute."""
    edited_by: str
    edited_at: datetime
    """Floored to the minute."""
    indexed_at: datetime
    """Queries do not show its last change before."""
    first_indexed_at: datetime
    """Queries do not show it at all before."""
    key: str | None = None
    trashed: bool = False
    with_database: bool = False
    """Whether it is in the trash since its database is."""
    name: str | None = None
    """What it is called, where no field says it."""
    shared: bool = True
    archived: bool = False
    is_template: bool = False
    """What new rows may begin with: it is read like a row, and no query shows it."""
    purged: bool = False
    """Whether it has gone from the trash for good."""

    @property
    def in_trash(self) -> bool:
        """Whether it is in the trash, by itself or with its database."""
        return self.trashed or self.with_database

    @property
    def hidden(self) -> bool:
        """Whether a connection is told that there is no such page."""
        return self.purged or not self.shared


@dataclass
class MemoryNotion:
    """Notion without a wire. Calls are *author*'s: the bot's unless taken from `by`.

    *index_delay* is asked at each write for how long queries miss it. *page_of* and *entity_of* translate relations.
    """

    clock: Callable[[], datetime]
    index_delay: Callable[[], timedelta] = at_once
    author: str = BOT
    pages: dict[str, Page] = field(default_factory=dict)
    page_of: Callable[[EntityRef], str | None] = same_id
    entity_of: Callable[[str], EntityRef | MadeWay | None] = same_project
    binned: set[EntityType] = field(default_factory=set)
    """Whose database is in the trash."""
    broken: dict[EntityType, dict[str, str]] = field(default_factory=dict)
    """Properties that were deleted or retyped, with the reason that a reader is given."""
    known: dict[EntityType, set[str]] = field(default_factory=dict)
    """Fields whose property the connection has seen broken, and has not taken up again."""
    trash_hides_bodies: bool = False
    """Whether a page in the trash shows no body: that it does is promised nowhere."""
    unshared: set[EntityType] = field(default_factory=set)
    """Databases that are not shared with the connection, and so none of their rows."""
    page_size: int = PAGE_SIZE
    """How many rows a query shows at a time."""
    remember: Callable[[DataSource], DataSource] = _forget
    """Stores a data source whose schema turned out to have changed."""
    versions: dict[EntityType, int] = field(default_factory=dict)
    """Of what was stored so."""
    largest_write: int | None = None
    """Bytes of a body in one request; None: it takes any."""
    between_requests: Callable[[], None] = _go_on
    """Called between those that a body takes; raises what the next one would."""
    side: Side = field(default=Side.NOTION, init=False)
    knows_keys: bool = field(default=False, init=False)

    def by(self, author: str) -> MemoryNotion:
        """The same workspace in *author*'s hands."""
        return replace(self, author=author)

    # --- what it shows ----------------------------------------------------------------------------------------------

    def read(self, entity_type: EntityType, id: str) -> Observation:
        page = self.pages.get(id)
        if page is None or self._hides(page):
            return Gone(id)
        if page.in_trash:
            return Trashed(self.shown(page, whole=not self.trash_hides_bodies))
        return self.shown(page)

    def find(self, entity_type: EntityType, key: str) -> Sequence[Present]:
        return self.rows(entity_type, [key])

    def rows(self, entity_type: EntityType, keys: Sequence[str]) -> Sequence[Present]:
        wanted = frozenset(keys)
        return [self.shown(page, whole=False) for page in self._indexed(entity_type) if page.key in wanted]

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        now = self.clock()
        rows = self._indexed(entity_type)
        if since is not None:
            start = _floored(since)
            rows = [p for p in rows if p.edited_at >= start and p.indexed_at <= now and not p.archived]
        minute, _, after = cursor.partition("|") if cursor else ("", "", "")
        if cursor:  # in the order of their creation
            rows = [p for p in rows if p.created_at.isoformat() >= minute and p.id > after]
        page = rows[: self.page_size]
        if len(page) == len(rows):
            return ChangedPage([self.shown(row, whole=False) for row in page], None)
        last = page[-1].created_at.isoformat()
        place = f"{last}|" if last != minute else None
        return ChangedPage([self.shown(row, whole=False) for row in page], f"{minute}|{page[-1].id}", place)

    def is_template(self, entity_type: EntityType, page: Present) -> bool:
        return self.pages[page.id].is_template

    def answers(self, entity_type: EntityType) -> bool:
        return entity_type not in self.unshared | self.binned

    def shown(self, page: Page, *, whole: bool = True) -> Present:
        """What Notion answers: times floored to the minute; where not the *whole* page was read, no body."""
        values, unreadable = dict(page.values), dict[str, str]()
        outdated = frozenset[str]()
        if (related := RELATIONS.get(page.entity_type)) is not None:
            unreadable, outdated = self._translated(values, related)
        if not whole and (body := BODIES.get(page.entity_type)) is not None:
            del values[body]
            unreadable[body] = "a list of pages does not show their bodies"
        for name in self._unusable(page.entity_type):
            values.pop(name, None)
            unreadable[name] = "its property was deleted or retyped"
        return Present(
            page.id,
            values,
            unreadable,
            raw=values,
            key=None if KEY_FIELD in unreadable else page.key,
            edited_by=page.edited_by,
            created_by=page.created_by,
            edited_at=page.edited_at,
            created_at=page.created_at,
            name=page.name,
            lost=frozenset(self._unusable(page.entity_type)),
            outdated=outdated,
        )

    def _translated(self, values: dict[str, Value], related: str) -> tuple[dict[str, str], frozenset[str]]:
        """Put entities for pages; say why where that cannot be, and where only a page names one that has made way."""
        meant = [self.entity_of(page_id) for page_id in ids_in(values[related])]
        if None in meant:
            del values[related]
            return {related: UNPAIRED}, frozenset()
        mirrored = [entity for entity in meant if isinstance(entity, EntityRef)]
        outdated = [old.entity for old in meant if isinstance(old, MadeWay) and old.entity not in mirrored]
        values[related] = tuple(dict.fromkeys(entity.id for entity in (*mirrored, *outdated)))
        return {}, frozenset({related} if outdated else ())

    # --- what is written --------------------------------------------------------------------------------------------

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        self._check_shared(entity_type)
        filled = {name: value for name, value in values.items() if not is_empty(value)}
        title = SPECS[entity_type].title_of(filled) if SPECS[entity_type].title_is_generated else None
        kept = dict(self._kept(entity_type, filled))
        body = str(BODIES.get(entity_type))
        first, *more = [*self.half_written(entity_type, body, filled.get(body), None), filled.get(body)]
        kept |= {body: first} if body in kept else {}
        made = self.add_row(entity_type, kept, key=key, name=title)
        page, shown = self.pages[made.id], kept.get(body)
        for step in more:
            self.between_requests()
            now = _through_notion(entity_type, body, step)
            try:
                page.values[body], shown = _rewritten(page.values[body], shown, now), now
            except Raced as error:
                raise Unclear("a part of the text was written") from error
            self._touch(page)
        return replace(made, values={**made.values, body: page.values[body]}) if more else made

    def add_row(
        self, entity_type: EntityType, values: Values, *, key: str | None = None, name: str | None = None
    ) -> Present:
        """A new row; one that a person adds has no key. A relation is given as ids of pages."""
        if entity_type in self.binned:
            raise NotReachable("its database is in the trash")
        now = self.clock()
        minute, indexed_at = _floored(now), now + self.index_delay()
        id = str(UUID(int=(0x393ABC1E << 96) + len(self.pages) + 1))
        kept = {f.name: _empty(f) for f in SPECS[entity_type].fields} | _as_notion_keeps(entity_type, values)
        made = Page(id, entity_type, kept, self.author, minute, self.author, minute, indexed_at, indexed_at, key)
        made.name = name
        self.pages[id] = made
        return self.shown(made)

    def add_template(self, entity_type: EntityType, values: Values) -> Present:
        """A template, as a person makes one for the rows of a database."""
        made = self.add_row(entity_type, values)
        self.pages[made.id].is_template = True
        return made

    def archive(self, id: str, *, archived: bool = True) -> None:
        """A person puts a row away, or fetches it back. Nothing else of it changes."""
        self._reachable(id).archived = archived

    def update(self, entity_type: EntityType, id: str, changes: Values, *, seen: Present) -> Present:
        kept = _as_notion_keeps(entity_type, self._kept(entity_type, changes))
        page = self._editable(id)
        if (related := RELATIONS.get(entity_type, "")) in changes:
            kept[related] = (*ids_in(kept[related]), *filter(self._stays, ids_in(page.values[related])))
        self._retitle(page, changes, seen)
        body = BODIES.get(entity_type, "")
        wanted = kept.pop(body, None)
        page.values |= kept
        answer = self.shown(page)
        if body in changes:
            self._write_body(page, body, changes[body], seen.values.get(body))
        self._touch(page)
        if body in changes and page.values[body] != wanted:
            raise Raced("the page's body was edited while we wrote to it; it is read again")
        return self._answered(page, answer, changes, seen) if body else self.shown(page)

    def _answered(self, page: Page, answer: Present, changes: Values, seen: Present) -> Present:
        """Properties and body are written by calls of their own; the answer shows no news of what was not written."""
        body = BODIES[page.entity_type]
        if body in changes:
            first = answer if len(changes) > 1 else seen
            return replace(first, values={**first.values, body: page.values[body]})
        if body not in seen.values:
            return self.shown(page, whole=False)
        now = self.shown(page)
        return replace(now, values={**now.values, body: seen.values[body]})

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Sequence[Value]:
        if name != BODIES.get(entity_type) or self.largest_write is None:
            return ()
        wanted = str(_through_notion(entity_type, name, value) or "")
        shown = str(before or "")
        return [_through_notion(entity_type, name, step) for step in _begun(wanted, shown, self.largest_write)]

    def _write_body(self, page: Page, body: str, value: Value, shown: Value) -> None:
        """Make the body that was *shown* say *value*, in as many requests as that takes."""
        for step in self.half_written(page.entity_type, body, value, shown):
            page.values[body] = _rewritten(page.values[body], shown, step)
            self._touch(page)
            self.between_requests()
            shown = step
        page.values[body] = _rewritten(page.values[body], shown, _through_notion(page.entity_type, body, value))

    def _retitle(self, page: Page, changes: Values, seen: Present) -> None:
        """A generated title follows what we write of what it is made of, unless the page goes by another name."""
        spec = SPECS[page.entity_type]
        follows = spec.title_is_generated and not changes.keys().isdisjoint(spec.titled_by)
        if follows and self.author == BOT and seen.name in (None, spec.title_of(seen.values)):
            page.name = spec.title_of({**seen.values, **changes})

    def rename(self, id: str, name: str | None) -> None:
        """What a person types as the name of a page whose title no field holds."""
        page = self._editable(id)
        page.name = name
        self._touch(page)

    def edit(self, id: str, changes: Values) -> None:
        """What a person types; a relation is given as ids of pages."""
        page = self._editable(id)
        page.values |= _as_notion_keeps(page.entity_type, changes)
        self._touch(page)

    def clear_key(self, id: str) -> None:
        """A person empties “NavImpact ID”."""
        self.write_key(id, None)

    def write_key(self, id: str, key: str | None) -> None:
        """A person writes something of their own into “NavImpact ID”."""
        page = self._editable(id)
        page.key = key
        self._touch(page)

    def purge(self, id: str) -> None:
        """A person deletes a page from the trash, or its time there is over."""
        page = self._reachable(id)
        assert page.trashed
        page.purged = True

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        page = self._editable(id)
        page.key = key
        if title is not None and SPECS[entity_type].title_is_generated:
            page.name = title
        self._touch(page)

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:
        page = self._reachable(id)
        if page.with_database:
            return
        page.trashed = True
        self._touch(page)

    def restore(self, entity_type: EntityType, id: str) -> Present:
        page = self._reachable(id)
        if page.with_database:
            raise Refused("its database is in the trash")
        page.trashed = False
        self._touch(page)
        return self.shown(page)

    def trash_database(self, entity_type: EntityType) -> None:
        """A person throws a database away, and all pages with it."""
        self._move_database(entity_type, in_trash=True)

    def restore_database(self, entity_type: EntityType) -> None:
        """A person takes it out of the trash; a page that went by itself stays there."""
        self._move_database(entity_type, in_trash=False)

    def _move_database(self, entity_type: EntityType, *, in_trash: bool) -> None:
        (self.binned.add if in_trash else self.binned.discard)(entity_type)
        for page in self.pages.values():
            page.with_database = page.entity_type in self.binned

    # --- its schema -------------------------------------------------------------------------------------------------

    def break_property(self, entity_type: EntityType, name: str, reason: str) -> None:
        """A person deletes or retypes the property of a field."""
        self.broken.setdefault(entity_type, {})[name] = reason

    def mend_property(self, entity_type: EntityType, name: str) -> None:
        """The person undoes it, and its values are back."""
        self.broken.get(entity_type, {}).pop(name, None)

    def use(self, source: DataSource) -> None:
        self.versions[source.entity_type] = source.version

    def find_source(self, entity_type: EntityType) -> DataSource | None:
        return self._source(entity_type)

    def refresh(self, entity_type: EntityType) -> DataSource:
        self._check_shared(entity_type)
        self.known.setdefault(entity_type, set()).update(self.broken.get(entity_type, ()))
        return self._keep(entity_type)

    def to_read(
        self, page_of: Callable[[EntityRef], str | None], entity_of: Callable[[str], EntityRef | MadeWay | None]
    ) -> MemoryNotion:
        known = {kind: set(names) for kind, names in self.known.items()}
        return replace(self, page_of=page_of, entity_of=entity_of, remember=_forget, known=known)

    def check(self, entity_type: EntityType, values: Values) -> Values:
        held = {name: value for name, value in values.items() if name not in self._unusable(entity_type)}
        self._kept(entity_type, held)
        return held

    def readopt(self, entity_type: EntityType, field: str) -> DataSource:
        self.known.get(entity_type, set()).difference_update({field}.difference(self.broken.get(entity_type, ())))
        return self._keep(entity_type)

    def _keep(self, entity_type: EntityType) -> DataSource:
        kept = self.remember(replace(self._source(entity_type), version=self.versions.get(entity_type, 0)))
        self.versions[entity_type] = kept.version
        return kept

    def _source(self, entity_type: EntityType) -> DataSource:
        """As the connection knows it."""
        known, broken = self.known.get(entity_type, ()), self.broken.get(entity_type, ())
        fields = (KEY, *(f for f in SPECS[entity_type].fields if f.kind is not Kind.BODY))
        columns = {f.name: Property(f.name, f.kind) for f in fields}
        seen = {name: Property(name, "deleted") if name in known else column for name, column in columns.items()}
        returned = {name: columns[name] for name in sorted(known) if name not in broken}
        return DataSource(entity_type, "database", f"source of {entity_type}", seen, returned=returned)

    def _unusable(self, entity_type: EntityType) -> list[str]:
        broken, known = self.broken.get(entity_type), self.known.get(entity_type)
        return sorted({*(broken or ()), *(known or ())}) if broken or known else []

    def _kept(self, entity_type: EntityType, values: Values) -> Values:
        """*values* in Notion's own terms. Raises where it would not take them."""
        for name in self._unusable(entity_type):
            if name in values and name in self.known.get(entity_type, ()):
                raise Refused("the database has no such property any more", field=name)
            if name in values:
                self.refresh(entity_type)
                raise SchemaChanged("the database's properties were changed in Notion; they were read again")
        related = RELATIONS.get(entity_type)
        if related is None or related not in values:
            return values
        return {**values, related: tuple(self._page_id(id) for id in ids_in(values[related]))}

    def _stays(self, page_id: str) -> bool:
        """Whether a page stays named that is to make way. Raises `Refused` where it had gone and is back."""
        meant, page = self.entity_of(page_id), self.pages[page_id]
        if not isinstance(meant, MadeWay) or page.in_trash or self._hides(page):
            return False
        if meant.has_gone:
            raise Refused("it names a page that is there again", field="project")
        return True

    def _page_id(self, entity_id: str) -> str:
        page_id = self.page_of(same_project(entity_id))
        if page_id is None:
            raise Unavailable("the project it belongs to has no page yet")
        return page_id

    def _indexed(self, entity_type: EntityType) -> list[Page]:
        """The rows that queries show, archived ones too: those come by queries of their own."""
        self._check_shared(entity_type)
        now, rows = self.clock(), (page for page in self.pages.values() if page.entity_type is entity_type)
        return [
            row
            for row in rows
            if not row.in_trash and row.shared and not row.is_template and row.first_indexed_at <= now
        ]

    def _reachable(self, id: str) -> Page:
        page = self.pages.get(id)
        if page is None or self._hides(page):
            raise NotReachable("Notion does not show it")
        return page

    def _hides(self, page: Page) -> bool:
        return page.hidden or (self.author == BOT and page.entity_type in self.unshared)

    def _check_shared(self, entity_type: EntityType) -> None:
        if self.author == BOT and entity_type in self.unshared:
            raise NotReachable("Notion does not show the database")

    def _editable(self, id: str) -> Page:
        page = self._reachable(id)
        if page.in_trash:
            raise Raced("the page is in the trash")
        return page

    def _touch(self, page: Page) -> None:
        now = self.clock()
        page.edited_by, page.edited_at = self.author, _floored(now)
        page.indexed_at = now + self.index_delay()


def _rewritten(now: Value, seen: Value, wanted: Value) -> Value:
    """A body after those lines were replaced that differ from what was *seen*; people may have edited others since."""
    if now == seen or not seen:
        return wanted
    text, old, new = str(now or ""), str(seen).split("\n"), str(wanted or "").split("\n")
    for tag, low, high, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        before, after = max(low - 1, 0), high + 1
        named = "\n".join(old[before:after])
        if text.count(named) != 1:
            raise Raced("the page's body was edited since it was read")
        text = text.replace(named, "\n".join([*old[before:low], *new[start:stop], *old[high:after]]))
    return text or None


def _begun(wanted: str, shown: str, most: int) -> Iterator[str]:
    """What a body says until the last request that makes it say *wanted*, which takes what does not fit otherwise."""
    told = {shown}
    while made := edits(shown, wanted):
        sent = tuple(batch(made, shown, most))
        if not sent or sent == tuple(made):
            return
        shown = applied(shown, sent)
        if shown in told:
            return
        told.add(shown)
        yield shown


def _squeezed(markdown: str) -> str:
    """Without blank lines, which Notion drops."""
    return "\n".join(line for line in markdown.split("\n") if line.strip())


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
    parsed: tuple[int, Values] = (0, {})
    """Its values as of a version: reading is what the simulator does most."""
    answers: dict[tuple[int, bool], Present] = field(default_factory=dict)
    """What is answered as of a version, with that and without."""

    def seen(self, *, with_revision: bool) -> Present:
        """What NavImpact answers."""
        answer = self.answers.get((self.version, with_revision))
        if answer is None:
            answer = self.answers[self.version, with_revision] = Present(
                self.id,
                self.values(),
                raw=dict(self.fields),
                revision=f'"{self.version}"' if with_revision else None,
                edited_at=self.updated_at,
                created_at=self.created_at,
            )
        return answer

    def values(self) -> Values:
        """What it says."""
        if self.parsed[0] != self.version:
            shown = self.fields.items()
            self.parsed = (self.version, {n: parse_navimpact(field_of(self.entity_type, n), v) for n, v in shown})
        return self.parsed[1]


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
    page_size: int = PAGE_SIZE
    side: Side = field(default=Side.NAVIMPACT, init=False)

    @property
    def knows_keys(self) -> bool:
        return self.idempotent

    def read(self, entity_type: EntityType, id: str) -> Observation:
        record = self.records.get((entity_type, id))
        return Gone(id) if record is None else record.seen(with_revision=self.conditional)

    def create(self, entity_type: EntityType, values: Values, *, key: str) -> Present:
        asked = _as_navimpact_keeps(entity_type, values, {})
        self._check_project(entity_type, asked)
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
        kept = _as_navimpact_keeps(entity_type, changes, record.fields)
        self._check_project(entity_type, kept)
        record.fields |= kept
        record.version += 1
        record.updated_at = self.clock()
        return record.seen(with_revision=self.conditional)

    def half_written(self, entity_type: EntityType, name: str, value: Value, before: Any) -> Sequence[Value]:
        return ()

    def stamp(self, entity_type: EntityType, id: str, key: str, title: str | None) -> None:
        """Nothing to do."""

    def remove(self, entity_type: EntityType, id: str, *, seen: Present | None = None) -> None:
        record = self.records.get((entity_type, id))
        if record and self.conditional and seen and seen.revision not in (None, f'"{record.version}"'):
            raise Raced("the record was changed")
        self.records.pop((entity_type, id), None)
        if entity_type is EntityType.MEDIA_PROJECT:
            for child in self.children(id):
                del self.records[child.entity_type, child.id]

    def restore(self, entity_type: EntityType, id: str) -> Present:
        raise Refused("NavImpact has no trash")

    def changed_since(self, entity_type: EntityType, since: datetime | None, cursor: str | None) -> ChangedPage:
        rows = [r for r in self.records.values() if r.entity_type is entity_type]
        rows = sorted((r for r in rows if since is None or r.updated_at >= since), key=_place)
        start = bisect_right([_cursor(r) for r in rows], cursor) if cursor else 0
        page = rows[start : start + self.page_size]
        more = _cursor(page[-1]) if start + self.page_size < len(rows) else None
        return ChangedPage([record.seen(with_revision=False) for record in page], more, more)

    def answers(self, entity_type: EntityType) -> bool:
        return True

    def children(self, project: str) -> list[Record]:
        """All that goes with a project."""
        return [r for r in self.records.values() if str(r.fields.get("project")) == project]

    def _check_project(self, entity_type: EntityType, kept: Mapping[str, Any]) -> None:
        related = RELATIONS.get(entity_type)
        if (
            related is not None
            and related in kept
            and (EntityType.MEDIA_PROJECT, str(kept[related])) not in self.records
        ):
            raise Refused("NavImpact has no such project", field=related)

    def _insert(self, entity_type: EntityType, asked: Mapping[str, Any]) -> str:
        self.last_id[0] += 1
        id, now = str(self.last_id[0]), self.clock()
        empty: dict[str, Any] = {f.name: [] if f.kind is Kind.MULTI_SELECT else None for f in SPECS[entity_type].fields}
        self.records[entity_type, id] = Record(id, entity_type, empty | dict(asked), now, now)
        return id


# --- what either side makes of a value ----------------------------------------------------------------------------


def _as_notion_keeps(entity_type: EntityType, values: Values) -> dict[str, Value]:
    return {name: _through_notion(entity_type, name, value) for name, value in values.items()}


@lru_cache(maxsize=10_000)
def _through_notion(entity_type: EntityType, name: str, value: Value) -> Value:
    spec_field = field_of(entity_type, name)
    if spec_field.kind is Kind.RELATION:
        return value
    rendered = render_notion(spec_field, value, None, None)
    if spec_field.kind is Kind.BODY:
        rendered = {Kind.BODY.value: _squeezed(rendered[Kind.BODY])}
    return parse_notion(spec_field, rendered)


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
