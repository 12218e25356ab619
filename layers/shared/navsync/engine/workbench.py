"""What does every step of the engine work with?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from navsync import merge, pairing
from navsync.engine import watch
from navsync.engine.steps import Later, Run
from navsync.errors import Unavailable
from navsync.fields import SPECS, EntitySpec, spec_of
from navsync.model import (
    NAVIMPACT,
    NEVER_SHOWN,
    SCHEDULE,
    Change,
    EntityRef,
    EntityType,
    Gone,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Present,
    ReadIntent,
    Side,
    SyncLog,
    Trashed,
    Value,
    Workspace,
)
from navsync.ports import Ledger, SidePort
from navsync.standing import was_in_trash

CLOCKS_APART = timedelta(minutes=10)
"""More than any two of the clocks of NavImpact, of Notion and of ours will ever differ by."""


class Busy:
    """Which mappings are being looked at: of several threads one at a time looks at each."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._lock = Lock()

    def enter(self, mapping_id: int) -> bool:
        """Whether nobody was at it."""
        with self._lock:
            was_free = mapping_id not in self._ids
            self._ids.add(mapping_id)
        return was_free

    def leave(self, mapping_id: int) -> None:
        """Done with it."""
        with self._lock:
            self._ids.discard(mapping_id)


@dataclass(slots=True)
class Witnesses:
    """What was asked for of NavImpact's records, to know whether one that is missing proves anything."""

    latest: Mapping | None = None
    """That was there."""
    missing: set[int] = field(default_factory=set)
    """Ids of the mappings of those that were not, so that an empty NavImpact is not asked for them at every look."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """Both sides of one workspace, its memory, and time and ids. Single-threaded per mapping."""

    workspace: Workspace
    ledger: Ledger
    navimpact: SidePort
    notion: SidePort
    clock: Callable[[], datetime]
    new_id: Callable[[], int]
    busy: Busy = field(default_factory=Busy)
    crossed: Callable[[], None] = lambda: None
    """Told before a project enters or leaves the workspace's scope: what belongs to it has to follow."""
    given: Callable[[], None] = lambda: None
    """Told before a project gets the record that it has lacked for long: rows that name it can be read then."""
    changed_page: Callable[[str], None] = lambda _project_id: None
    """Told before the page of a project makes way for another: what belongs to it has to name that one."""
    witnesses: Witnesses = field(default_factory=Witnesses)

    def on(self, side: Side) -> SidePort:
        """The port of *side*."""
        return self.navimpact if side is Side.NAVIMPACT else self.notion

    def read(self, side: Side, mapping: Mapping) -> Observation:
        """What *side* shows of *mapping* now, and what was read of a page that the trash does not show of it.

        Notion's 404 over a page that was in the trash says that it is purged. Raises `Unavailable` where Notion does
        not show its database either: then the page may be in the trash still.
        """
        id = mapping.entity_id if side is Side.NAVIMPACT else mapping.page_id
        if id is None:
            raise AssertionError(f"mapping {mapping.id} has no record on {side}")
        seen = self.on(side).read(mapping.entity_type, id)
        if side is Side.NOTION and isinstance(seen, Gone) and was_in_trash(mapping):
            self.check_database(mapping.entity_type)
            seen = self.notion.read(mapping.entity_type, id)  # once more: it may have come into view in between
            if isinstance(seen, Gone):
                return _purged(mapping, seen)
        return replace(seen, last=self._recalled(mapping, seen.last)) if isinstance(seen, Trashed) else seen

    def _recalled(self, mapping: Mapping, page: Present) -> Present:
        """*page* as somebody threw it away, where we took it out to read it since, and have put it back."""
        words = mapping.last_words
        if words is None or isinstance(mapping.intent, ReadIntent) or not self.is_ours(page):
            return page
        hidden = {name: value for name, value in words.said.items() if name in page.unreadable}
        return replace(
            page,
            values={**page.values, **hidden},
            unreadable={name: why for name, why in page.unreadable.items() if name not in hidden},
            edited_by=words.by,
            edited_at=words.at,
        )

    def spec(self, entity_type: EntityType) -> EntitySpec:
        """The fields of such a record, with their columns called as people call them: so they are told of them."""
        return spec_of(entity_type, self.workspace.settings.properties)

    def is_ours(self, page: Present) -> bool:
        """Whether nobody is known to have touched *page* after us."""
        return page.edited_by in (None, self.workspace.bot_id)

    def may_write(self, side: Side) -> bool:
        """Whether people let records be made and deleted on *side*."""
        return self.workspace.settings.direction.allows(side)

    def was_edited(self, mapping: Mapping, side: Side, seen: Present) -> bool:
        """Whether *side* shows another value than the agreed one; another id of the project it names is none."""
        bases = mapping.bases
        if side is Side.NOTION and self.names_project_made_again(mapping, seen):
            bases = {name: base for name, base in bases.items() if name != "project"}
        return merge.edited(SPECS[mapping.entity_type], bases, side, seen)

    def names_project_made_again(self, mapping: Mapping, page: Present) -> bool:
        """Whether *page* names the project that was agreed on by the id that it has since it was made again."""
        base = mapping.bases.get("project")
        shown = page.values.get("project")
        return base is not None and shown not in (None, base.notion) and shown == self.by_latest_ids(base.notion)

    def by_latest_ids(self, projects: Value) -> Value:
        """The *projects* that a relation names, by the ids that they have now."""
        ids = projects if isinstance(projects, tuple) else ()
        return tuple(self.latest(EntityRef(EntityType.MEDIA_PROJECT, id)) for id in ids) if ids else projects

    def latest(self, entity: EntityRef) -> str:
        """The id under which any workspace has last made a record again that was *entity* once."""
        return pairing.latest_id(self.ledger, entity)

    def wants_page(self, mapping: Mapping, entity: Present, page: Present) -> bool:
        """Whether NavImpact shows an edit that would reach *page*, so that it must not stay in the trash.

        An edit that a rule holds, that Notion cannot show or has refused, or about which a person was asked already who
        wins, would be seen on the page no more than in the trash. It stays in NavImpact, and is recorded before the
        record goes.
        """
        spec, shown = SPECS[mapping.entity_type], _out_of_the_trash(mapping, page)
        plan = merge.plan(spec, mapping.bases, entity, shown, self.workspace.settings)
        reached = {write.field for write in plan.writes if write.to is Side.NOTION}
        reached |= {clash.field for clash in plan.conflicts if clash not in mapping.conflicts}
        pairs = {name: (entity.values.get(name), shown.values.get(name)) for name in reached}
        refused = {name for name, pair in pairs.items() if watch.was_refused(mapping.refused.get(name), pair)}
        reaching = {name: base for name, base in mapping.bases.items() if name in reached - refused}
        return merge.edited(spec, reaching, Side.NAVIMPACT, entity)

    def not_quiet(self, mapping: Mapping, seen: Iterable[Present], run: Run) -> Later | None:
        """When to look again at a record in which somebody may be typing; None: now, or they have typed for long."""
        quiet = timedelta(seconds=self.workspace.settings.quiet_seconds.get(mapping.entity_type, 0))
        if not quiet or run.hurried or run.decides is not None:
            return None
        now = self.clock()
        untils = (watch.quiet_until(each, quiet, now, self.workspace.bot_id) for each in seen)
        latest = max((until for until in untils if until), default=None)
        if latest is None or now - (mapping.waiting_since or now) >= watch.QUIETS * quiet:
            return None
        waiting = mapping if mapping.waiting_since else self.ledger.save(mapping.but(waiting_since=now))
        return Later(waiting, latest)

    def check_collection(self, entity_type: EntityType) -> None:
        """A record that is missing proves nothing while its collection cannot be read."""
        if not self.navimpact.answers(entity_type):
            raise Unavailable("NavImpact does not show the collection, so a missing record proves nothing")

    def check_database(self, entity_type: EntityType) -> None:
        """A page that is missing proves nothing while its database is not shown."""
        if not self.notion.answers(entity_type):
            raise Unavailable("Notion does not show the database, so a page that is missing may be there still")

    def new_mapping(self, entity_type: EntityType, **known: object) -> Mapping:
        """A mapping that is not stored yet."""
        blank = Mapping(
            id=self.new_id(),
            workspace_id=self.workspace.id,
            entity_type=entity_type,
            entity_id=None,
            page_id=None,
            created_at=self.clock(),
        )
        return blank.but(**known)

    def author(self, run: Run, side: Side, seen: Present | None, *, of: str | None = None) -> str | None:
        """Whose it is what *run* carries over from *side*: theirs who have decided *of* it, else whose edit it was.

        Notion names the last who edited a page. Where that was ourselves, an event of Notion may have told of somebody.
        """
        if of is not None and run.decides == of:
            return run.actor
        if side is Side.NAVIMPACT:
            return NAVIMPACT
        if seen is not None and not self.is_ours(seen):
            return seen.edited_by
        was_told = run.origin is not None and run.origin.side is Side.NOTION
        return run.actor if was_told or run.actor == SCHEDULE else None

    def row(
        self,
        mapping: Mapping,
        operation: Operation,
        run: Run,
        *,
        outcome: Outcome = Outcome.STARTED,
        side: Side | None = None,
        changes: tuple[Change, ...] = (),
        message: str | None = None,
        reverts: int | None = None,
    ) -> SyncLog:
        """A row for the sync log; storing it is the caller's."""
        return SyncLog(
            id=self.new_id(),
            workspace_id=self.workspace.id,
            at=self.clock(),
            run_id=run.id,
            operation=operation,
            outcome=outcome,
            side=side,
            entity_type=mapping.entity_type,
            entity_id=mapping.entity_id,
            page_id=mapping.page_id,
            mapping_id=mapping.id,
            title=mapping.title,
            actor=run.actor,
            changes=changes,
            message=message,
            reverts=reverts,
            edited_at=run.edited_at(side),
        )


def _purged(mapping: Mapping, page: Gone) -> Trashed:
    """The page of *mapping*, which Notion has no more, as it was agreed on and when it was last touched."""
    said = {name: base.notion for name, base in mapping.bases.items() if base.notion != NEVER_SHOWN}
    said |= {clash.field: clash.notion for clash in mapping.conflicts}
    said |= mapping.last_words.said if mapping.last_words is not None else {}
    touched_at = mapping.trashed_at or mapping.last_change_at  # where nobody has seen it there, we have trashed it
    return Trashed(Present(page.id, said, edited_at=touched_at), is_purged=True)


def _out_of_the_trash(mapping: Mapping, page: Present) -> Present:
    """*page* as it would be seen. A text that the trash does not show is taken for what it was."""
    hidden = SPECS[mapping.entity_type].bodies & page.unreadable.keys()
    known = {name: base.notion for name, base in mapping.bases.items()}
    known |= {clash.field: clash.notion for clash in mapping.conflicts}
    return replace(
        page,
        values={**page.values, **{name: known[name] for name in hidden & known.keys()}},
        unreadable={name: why for name, why in page.unreadable.items() if name not in hidden},
    )
