"""One mapping: observe both sides, plan, record the intent, act, remember."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from navsync import merge, reconcile
from navsync.errors import Blocked, Fatal, OutOfTime, Raced, Refused, StaleMapping, SyncError, Unavailable, Unclear
from navsync.fields import SPECS, EntitySpec, cannot_carry
from navsync.model import (
    Bases,
    Change,
    Conflict,
    CreateIntent,
    Direction,
    EntityRef,
    EntityType,
    FieldWrite,
    Gone,
    Mapping,
    Observation,
    Operation,
    Outcome,
    Policy,
    Present,
    RemoveIntent,
    Side,
    State,
    SyncLog,
    Trashed,
    Trouble,
    Value,
    Values,
    Workspace,
    WriteIntent,
)
from navsync.ports import Ledger, SidePort

SETTLE = timedelta(seconds=120)
"""How long a page created by a lost call may be missing from Notion's index before it may be created again."""

CONFIRM = timedelta(seconds=10)
"""NavImpact's 404 is believed when it is repeated after this."""

CLOCKS_APART = timedelta(minutes=10)
"""More than our clock and NavImpact's will ever differ by."""

DRAFT_QUIET = timedelta(seconds=30)
"""How long a new row may stay without its required fields before a person is told."""

DRAFT_PAUSE = timedelta(minutes=2)
"""Between looks at a row with a required field that cannot be read yet."""

UNREACHABLE_PAUSE = timedelta(hours=1)
"""Between looks at a page that Notion does not show us."""

LOOKS = 5
"""How often one sync starts over after a race or an unclear write before it is left for later."""


@dataclass(frozen=True, slots=True)
class Run:
    """What caused the looks: one trigger's id on every row it causes, and whose edit or request it was."""

    id: str
    actor: str | None = None
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Look at *mapping* again at *at*."""

    mapping: Mapping
    at: datetime


type Result = Done | Later


@dataclass(frozen=True, slots=True)
class Engine:
    """Keeps the mappings of one workspace in step. Single-threaded per mapping; time and ids arrive as arguments."""

    workspace: Workspace
    ledger: Ledger
    navimpact: SidePort
    notion: SidePort
    clock: Callable[[], datetime]
    new_id: Callable[[], int]

    def on(self, side: Side) -> SidePort:
        """The port of *side*."""
        return self.navimpact if side is Side.NAVIMPACT else self.notion

    # --- known pairs ------------------------------------------------------------------------------------------------

    def sync(self, mapping: Mapping, run: Run, *, edited: Side | None = None) -> Result:
        """Bring both sides of *mapping* in step.

        *edited* is the side an event came from: when that side shows what was agreed, the other is not asked.
        """
        for look in range(LOOKS):
            try:
                return self._recovered(mapping, self._look(mapping, run, edited if look == 0 else None))
            except (Raced, Unclear, StaleMapping) as error:
                if look == LOOKS - 1:
                    raise
                mapping = self._again(mapping, error)
        raise AssertionError("the last look returns or raises")

    def _again(self, mapping: Mapping, error: Exception) -> Mapping:
        stored = self.ledger.load(mapping.id)
        if stored is None:
            raise error
        return stored

    def _look(self, mapping: Mapping, run: Run, edited: Side | None) -> Result:
        match mapping.intent:
            case CreateIntent() as intent:
                return self._finish_create(mapping, intent, run)
            case RemoveIntent() as intent:
                return self._remove(mapping, intent, run)
            case WriteIntent() | None:
                return self._observe(mapping, run, edited)
            case _:
                assert_never(mapping.intent)

    def _observe(self, mapping: Mapping, run: Run, edited: Side | None) -> Result:
        if mapping.entity is None:
            return self._draft(mapping, self._read(Side.NOTION, mapping), run)
        if mapping.page_id is None:
            return self._page_for(mapping, self._read(Side.NAVIMPACT, mapping), run)
        entity = self._read(Side.NAVIMPACT, mapping)
        if edited is Side.NAVIMPACT and self._unmoved(mapping, entity):
            return Done()
        page = self._read(Side.NOTION, mapping)  # last: it is the side people edit, and it has no conditional write
        return self._decide(mapping, entity, page, run)

    def _decide(self, mapping: Mapping, entity: Observation, page: Observation, run: Run) -> Result:
        if isinstance(entity, Present) and mapping.gone_since is not None:
            mapping = self.ledger.save(mapping.but(gone_since=None))
        match entity, page:
            case Present(), Present():
                return self._merge(mapping, entity, page, run)
            case Present(), Trashed():
                return self._page_trashed(mapping, entity, page, run)
            case Present() | Gone(), Gone():
                return self._page_unreachable(mapping, run)
            case Gone(), Present():
                return self._entity_gone(mapping, page, run)
            case Gone(), Trashed():
                return self._unconfirmed(mapping) or self._both_gone(mapping, run)
            case _:
                raise AssertionError(f"NavImpact has no trash, yet showed {entity}")

    def _read(self, side: Side, mapping: Mapping) -> Observation:
        id = mapping.entity_id if side is Side.NAVIMPACT else mapping.page_id
        if id is None:
            raise AssertionError(f"mapping {mapping.id} has no record on {side}")
        return self.on(side).read(mapping.entity_type, id)

    def _unmoved(self, mapping: Mapping, entity: Observation) -> bool:
        settled = mapping.intent is None and mapping.state is State.LINKED and mapping.stamped
        quiet = not mapping.conflicts and not mapping.troubles and mapping.gone_since is None
        known = mapping.bases.keys() >= {f.name for f in SPECS[mapping.entity_type].fields}
        same = isinstance(entity, Present) and not self._edited(mapping, Side.NAVIMPACT, entity)
        return settled and quiet and known and same

    # --- both are there: merge --------------------------------------------------------------------------------------

    def _merge(self, mapping: Mapping, entity: Present, page: Present, run: Run) -> Result:
        spec = SPECS[mapping.entity_type]
        bases = mapping.bases
        if isinstance(mapping.intent, WriteIntent):
            seen = {Side.NAVIMPACT: entity, Side.NOTION: page}
            bases = merge.landed(spec, bases, mapping.intent.writes, seen)
        plan = merge.plan(spec, bases, entity, page, self._policy_of(mapping), direction=run.direction)
        after = mapping.but(
            bases=plan.agreed(bases),
            conflicts=plan.conflicts,
            troubles=plan.troubles,
            state=State.LINKED,
            gone_since=None,
            title=spec.title_of(entity.values),
        )
        if plan.writes:
            after = self._write(mapping, after, plan.writes, entity, page, run)
        elif (settled := after.but(intent=None, **_healthy)) != mapping:
            after = self._save_agreed(mapping, settled, run)
        rewritten = page.key not in (None, str(mapping.entity))  # by a person, or by a late call of ours
        self._stamp(after.but(stamped=after.stamped and not rewritten))
        return Done()

    def _policy_of(self, mapping: Mapping) -> Callable[[str], Policy]:
        return lambda field: self.workspace.settings.policy_of(mapping.entity_type, field)

    def _write(
        self,
        before: Mapping,
        mapping: Mapping,
        writes: tuple[merge.Write, ...],
        entity: Present,
        page: Present,
        run: Run,
    ) -> Mapping:
        started = self.clock()
        seen = {Side.NAVIMPACT: entity, Side.NOTION: page}
        log = self._log(
            mapping, Operation.UPDATE, run, side=_only_side(writes), changes=tuple(_change(w, seen) for w in writes)
        )
        conflict_logs = self._conflict_logs(before, mapping, run)
        intent = WriteIntent(tuple(FieldWrite(w.field, w.to, w.value, w.overwrites) for w in writes), log.id)
        mapping = self.ledger.save(
            mapping.but(intent=intent), log, *self._closed(before, mapping.bases), *conflict_logs
        )
        shown: dict[Side, Present] = {}
        refusals = list(mapping.troubles)
        for side in (
            Side.NOTION,
            Side.NAVIMPACT,
        ):  # Notion first: its read is the freshest, and it cannot refuse a stale one
            mine = [w for w in writes if w.to is side]
            if mine:
                try:
                    shown[side] = self._send(side, mapping, mine, seen[side])
                except Refused as error:
                    refusals.append(_refusal(error, side))
                except SyncError:
                    self._save_half(mapping, merge.remember(mapping.bases, writes, shown))
                    raise
        return self._save_written(mapping, merge.remember(mapping.bases, writes, shown), refusals, log, started)

    def _save_half(self, mapping: Mapping, bases: Bases) -> None:
        """Keep what one side has taken though the other failed: whoever edits it next has seen it."""
        if bases != mapping.bases:
            self.ledger.save(mapping.but(bases=bases))

    def _send(self, side: Side, mapping: Mapping, writes: list[merge.Write], seen: Present) -> Present:
        if side is Side.NAVIMPACT and seen.revision is None:
            seen = self._unchanged(mapping, writes, seen)
        changes = {w.field: w.value for w in writes}
        return self.on(side).update(mapping.entity_type, seen.id, changes, seen=seen)

    def _unchanged(self, mapping: Mapping, writes: list[merge.Write], seen: Present) -> Present:
        """Read once more where the platform gives no ETag: Notion was asked since, and the answer may be stale."""
        now = self._read(Side.NAVIMPACT, mapping)
        if not isinstance(now, Present) or any(now.values[w.field] != seen.values[w.field] for w in writes):
            raise Raced("the record was edited on NavImpact while we were deciding")
        return now

    def _save_written(
        self, mapping: Mapping, bases: Bases, refusals: list[Trouble], log: SyncLog, started: datetime
    ) -> Mapping:
        now = self.clock()
        failed = len(refusals) > len(mapping.troubles)
        done = replace(
            log,
            outcome=Outcome.FAILED if failed else Outcome.SUCCESS,
            message=refusals[-1].cause if failed else None,
            duration_ms=_milliseconds(now - started),
        )
        after = mapping.but(bases=bases, intent=None, troubles=tuple(refusals), last_sync_at=now, last_change_at=now)
        return self.ledger.save(after.but(**_healthy), done)

    def _save_agreed(self, before: Mapping, after: Mapping, run: Run) -> Mapping:
        logs = [*self._closed(before, after.bases), *self._conflict_logs(before, after, run)]
        if before.state is not after.state and before.state is not State.CREATING:
            logs.append(self._log(after, Operation.LINK, run, outcome=Outcome.SUCCESS))
        return self.ledger.save(after.but(last_sync_at=self.clock()), *logs)

    def _closed(self, before: Mapping, bases: Bases) -> list[SyncLog]:
        """The log row of a write that was interrupted, told to the end: it must not stay "started" for ever."""
        if not isinstance(before.intent, WriteIntent):
            return []
        row = self.ledger.log(before.intent.log_id)
        if row is None:
            return []
        if merge.all_landed(bases, before.intent.writes):
            return [replace(row, outcome=Outcome.SUCCESS, message="interrupted; found written by a later look")]
        return [replace(row, outcome=Outcome.FAILED, message="interrupted before all was written; planned again")]

    def _conflict_logs(self, before: Mapping, after: Mapping, run: Run) -> list[SyncLog]:
        new = [c for c in after.conflicts if c not in before.conflicts]
        if not new:
            return []
        changes = tuple(change for conflict in new for change in _conflict_changes(conflict))
        return [self._log(after, Operation.CONFLICT, run, outcome=Outcome.SUCCESS, changes=changes)]

    def _stamp(self, mapping: Mapping) -> None:
        if mapping.stamped or mapping.entity is None or mapping.page_id is None:
            return
        self.notion.stamp(mapping.entity_type, mapping.page_id, str(mapping.entity))
        self.ledger.save(mapping.but(stamped=True))

    # --- creates ----------------------------------------------------------------------------------------------------

    def welcome_record(self, entity_type: EntityType, seen: Present, run: Run) -> Result:
        """Give the entity just read as *seen* a page."""
        mapping = self._new(entity_type, entity_id=seen.id, state=State.CREATING)
        return self._page_for(mapping, seen, run)

    def welcome_page(self, entity_type: EntityType, page: Observation, run: Run) -> Result:
        """Look at a page that no mapping pairs: adopt it by its key, or make an entity of a row a person added."""
        match page:
            case Gone() | Trashed():
                return Done()
            case Present(key=None):
                return self._draft(self._new(entity_type, page_id=page.id, state=State.DRAFT), page, run)
            case Present(key=str(key)):
                return self._keyed_page(entity_type, key, page, run)
            case _:
                raise AssertionError(f"unexpected {page}")

    def _keyed_page(self, entity_type: EntityType, key: str, page: Present, run: Run) -> Result:
        try:
            entity = EntityRef.parse(key)
        except ValueError:
            return Done()  # a person wrote something of their own there: not ours to touch
        mapping = self.ledger.of_entity(entity)
        ours = page.created_by == self.workspace.bot_id
        if mapping is None and not ours and not self._has_entity(entity):
            return Done()  # a copy of a page whose record is gone: it was never agreed on, so nothing follows from it
        if mapping is None:
            adopted = self._new(entity_type, entity_id=entity.id, page_id=page.id, state=State.LINKED, stamped=True)
            return self.sync(self.ledger.save(adopted), run)
        if not ours:
            return Done()  # a person's copy carries our key along: left alone
        if isinstance(mapping.intent, CreateIntent):
            return self._adopt(mapping, mapping.intent, page, run)
        return self._heal(entity_type, page, run)

    def _heal(self, entity_type: EntityType, page: Present, run: Run) -> Result:
        """Trash a second page that a call of ours made which was thought lost; what it said stays in the log.

        It gets a mapping of its own, which keeps the intent; taken out of the trash by a person it becomes a record.
        """
        second = self._new(entity_type, page_id=page.id, state=State.CREATING)
        log = self._log(second, Operation.DELETE, run, side=Side.NOTION, changes=_removal(page), message=_SECOND_PAGE)
        intent = RemoveIntent(Side.NOTION, log.id)
        return self._remove(self.ledger.save(second.but(intent=intent), log), intent, run)

    def _has_entity(self, entity: EntityRef) -> bool:
        if isinstance(self.navimpact.read(entity.type, entity.id), Present):
            return True
        self._check_collection(entity.type)
        return False

    def _check_collection(self, entity_type: EntityType) -> None:
        if not self.navimpact.answers(entity_type):
            raise Unavailable("NavImpact does not show the collection, so a missing record proves nothing")

    def _new(self, entity_type: EntityType, **known: object) -> Mapping:
        blank = Mapping(
            id=self.new_id(),
            workspace_id=self.workspace.id,
            entity_type=entity_type,
            entity_id=None,
            page_id=None,
            created_at=self.clock(),
        )
        return blank.but(**known)

    def _page_for(self, mapping: Mapping, seen: Observation, run: Run) -> Result:
        if not isinstance(seen, Present):
            return self._unconfirmed(mapping) or self._both_gone(mapping, run)
        return self._create(mapping, Side.NOTION, seen, run)

    def _draft(self, mapping: Mapping, page: Observation, run: Run) -> Result:
        """A row without an entity: wait for its required fields, then make the entity."""
        if not isinstance(page, Present):
            return self._both_gone(mapping, run)
        missing = [f for f in SPECS[mapping.entity_type].fields if f.required and not page.values.get(f.name)]
        if not missing:
            return self._create(mapping, Side.NAVIMPACT, page, run)
        names = ", ".join(f.property for f in missing)
        trouble = Trouble("draft", f"The row lacks {names}.", f"Fill in {names} in Notion.", missing[0].name)
        if mapping.version == 0:
            mapping = self.ledger.save(mapping.but(state=State.DRAFT))
            return Later(mapping, self.clock() + DRAFT_QUIET)
        if mapping.troubles != (trouble,):
            mapping = self.ledger.save(mapping.but(state=State.DRAFT, troubles=(trouble,)))
        unread = any(f.name in page.unreadable for f in missing)  # such as a project that has no record yet
        return Later(mapping, self.clock() + DRAFT_PAUSE) if unread else Done()

    def _create(self, mapping: Mapping, on: Side, seen: Present, run: Run) -> Result:
        spec = SPECS[mapping.entity_type]
        values, troubles = _payload(spec, on, seen)
        mapping = mapping.but(state=State.CREATING, title=spec.title_of(seen.values), troubles=troubles)
        log = self._log(mapping, Operation.CREATE, run, side=on, changes=_creation(on, values))
        # On NavImpact a key of its own for each creation: an entity deleted there is not to be answered from memory.
        key = str(mapping.entity) if on is Side.NOTION else f"navsync-{log.id}"
        intent = CreateIntent(on=on, values=values, key=key, log_id=log.id, attempted_at=self.clock())
        return self._post(self.ledger.save(mapping.but(intent=intent), log), intent, run)

    def _finish_create(self, mapping: Mapping, intent: CreateIntent, run: Run) -> Result:
        """Go on with a create that was interrupted: adopt what it made, or send the same payload again."""
        now = self.clock()  # before the lookup: a worker paused behind it must not think the index had time enough
        if intent.attempted_at is None and not isinstance(self._read(intent.on.other, mapping), Present):
            return self._unconfirmed(mapping) or self._both_gone(mapping, run)  # never sent, and no longer wanted
        if intent.attempted_at is not None:
            found = self._made_by(mapping, intent, intent.attempted_at)
            if found is not None:
                return self._adopt(mapping, intent, found, run)
            if intent.on is Side.NOTION and now < intent.attempted_at + SETTLE:
                return Later(mapping, intent.attempted_at + SETTLE)
        earlier, intent = intent.attempted_at, replace(intent, attempted_at=now)
        return self._post(self.ledger.save(mapping.but(intent=intent)), intent, run, earlier=earlier)

    def _made_by(self, mapping: Mapping, intent: CreateIntent, attempted_at: datetime) -> Present | None:
        """What an interrupted create made, if it can be seen.

        A copy that a person made of our page carries its key too, and is not ours. NavImpact's records carry no key,
        and where it knows no idempotency key either, a second request would make a second record: there it is the
        unpaired newcomer that says most of what we sent, even when somebody has edited it since.
        """
        if intent.on is Side.NOTION:
            pages = self.notion.find(mapping.entity_type, intent.key)
            return next((page for page in pages if page.created_by == self.workspace.bot_id), None)
        spec, since = SPECS[mapping.entity_type], attempted_at - CLOCKS_APART
        for record in reconcile.records(self.navimpact, mapping.entity_type, since):
            is_new = record.created_at is None or record.created_at >= since
            is_free = self.ledger.of_entity(EntityRef(mapping.entity_type, record.id)) is None
            if is_new and is_free and merge.resembles(spec, intent.values, record):
                return record
        self._check_collection(mapping.entity_type)
        return None

    def _post(self, mapping: Mapping, intent: CreateIntent, run: Run, *, earlier: datetime | None = None) -> Result:
        """Send it. *earlier* is when it was last sent with an unknown outcome, if it was."""
        try:
            made = self.on(intent.on).create(mapping.entity_type, intent.values, key=intent.key)
        except (Blocked, OutOfTime, Unavailable):  # surely not done this time: no lookup is owed for it
            self.ledger.save(mapping.but(intent=replace(intent, attempted_at=earlier)))
            raise
        except Refused as error:
            return self._create_refused(mapping, intent, error, run)
        if earlier is not None:  # the answer may be what an earlier request made, and somebody has edited since
            return self._adopt(mapping, intent, made, run)
        writes = [merge.Write(f, intent.on, v, None, "created") for f, v in intent.values.items()]
        return self._created(mapping, intent, made, merge.remember({}, writes, {intent.on: made}), run)

    def _adopt(self, mapping: Mapping, intent: CreateIntent, found: Present, run: Run) -> Result:
        bases = merge.adopted(SPECS[mapping.entity_type], intent.on, dict(intent.values), found)
        self._created(mapping, intent, found, bases, run)
        linked = self.ledger.load(mapping.id)
        return self._observe(linked, run, None) if linked else Done()  # people may have edited it meanwhile

    def _created(self, mapping: Mapping, intent: CreateIntent, made: Present, bases: Bases, run: Run) -> Result:
        if intent.on is Side.NAVIMPACT:
            self._make_way(mapping, made.id, run)
        now = self.clock()
        ids = {"page_id": made.id, "stamped": True} if intent.on is Side.NOTION else {"entity_id": made.id}
        linked = mapping.but(
            bases=bases, intent=None, state=State.LINKED, last_sync_at=now, last_change_at=now, gone_since=None, **ids
        )
        log = self._log(
            linked, Operation.CREATE, run, side=intent.on, changes=_creation(intent.on, intent.values),
            outcome=Outcome.SUCCESS,
        )  # fmt: skip
        self._stamp(self.ledger.save(linked.but(**_healthy), replace(log, id=intent.log_id)))
        return Done()

    def _make_way(self, row: Mapping, entity_id: str, run: Run) -> None:
        """The record came of *row*, yet got a page of its own before that was known: the row stays, that page goes."""
        other = self.ledger.of_entity(EntityRef(row.entity_type, entity_id))
        if other is None or other.id == row.id:
            return
        page = None if other.page_id is None else self._read(Side.NOTION, other)
        freed = other.but(entity_id=None, bases={}, conflicts=(), intent=None)
        if not isinstance(page, Present):
            self.ledger.save(freed.but(state=State.DELETED, troubles=()), *self._abandoned(other))
        elif page.created_by == self.workspace.bot_id:
            log = self._log(
                other, Operation.DELETE, run, side=Side.NOTION, changes=_removal(page), message=_SECOND_PAGE
            )
            intent = RemoveIntent(Side.NOTION, log.id)
            self._remove(self.ledger.save(freed.but(intent=intent), log, *self._abandoned(other)), intent, run)

    def _create_refused(self, mapping: Mapping, intent: CreateIntent, error: Refused, run: Run) -> Result:
        """Leave the record where it is and say why; the next edit of it tries again with the new values."""
        state = State.DRAFT if intent.on is Side.NAVIMPACT else State.CREATING
        log = self._log(mapping, Operation.CREATE, run, side=intent.on, outcome=Outcome.FAILED, message=str(error))
        refused = mapping.but(intent=None, state=state, troubles=(*mapping.troubles, _refusal(error, intent.on)))
        self.ledger.save(refused, replace(log, id=intent.log_id))
        return Done()

    # --- deletes ----------------------------------------------------------------------------------------------------

    def _entity_gone(self, mapping: Mapping, page: Present, run: Run) -> Result:
        """NavImpact answered 404: believe it when repeated while the collection itself can be read."""
        if (later := self._unconfirmed(mapping)) is not None:
            return later
        now = self.clock()
        if mapping.state is State.DELETED or self._edited(mapping, Side.NOTION, page):
            return self._recreate_entity(mapping, page, run)
        if mapping.state is State.AWAITING_APPROVAL:
            return Done()
        parent = self._parent_gone_too(mapping, run)
        if parent is not None and parent.state is not State.DELETED:
            return Later(mapping, now + CONFIRM)
        if parent is None and not self.ledger.count_removal(now):
            return self._wait_for_approval(mapping, _MASS_DELETION, run)
        log = self._log(mapping, Operation.DELETE, run, side=Side.NOTION, changes=_removal(page))
        intent = RemoveIntent(Side.NOTION, log.id)
        return self._remove(self.ledger.save(mapping.but(intent=intent), log, *self._abandoned(mapping)), intent, run)

    def _unconfirmed(self, mapping: Mapping) -> Later | None:
        """When to ask again for a record that was not there; None once that is believed.

        Once is not enough: NavImpact may have got its permissions back between the record and the collection.
        """
        self._check_collection(mapping.entity_type)
        now = self.clock()
        if mapping.gone_since is None:
            mapping = self.ledger.save(mapping.but(gone_since=now))
        confirmed_at = (mapping.gone_since or now) + CONFIRM
        return Later(mapping, confirmed_at) if now < confirmed_at else None

    def _parent_gone_too(self, mapping: Mapping, run: Run) -> Mapping | None:
        """The mapping of its project where that is gone as well, looked at first.

        NavImpact deletes all that belongs to a project with it; that is one deletion to count, not many.
        """
        belongs_to = mapping.bases.get("project")
        ids = belongs_to.navimpact if belongs_to and isinstance(belongs_to.navimpact, tuple) else ()
        for id in ids:
            parent = self.ledger.of_entity(EntityRef(EntityType.MEDIA_PROJECT, id))
            if parent is not None and isinstance(self.navimpact.read(EntityType.MEDIA_PROJECT, id), Gone):
                self.sync(parent, run)
                return self.ledger.load(parent.id)
        return None

    def _remove(self, mapping: Mapping, intent: RemoveIntent, run: Run) -> Result:
        """Trash the page, then read it: in the trash nobody edits it, so what it says now is its last word."""
        if mapping.page_id is None:
            raise AssertionError(f"mapping {mapping.id} has no page to remove")
        self.notion.remove(mapping.entity_type, mapping.page_id)
        page = self._read(Side.NOTION, mapping)
        row = self.ledger.log(intent.log_id)
        done = [replace(row, outcome=Outcome.SUCCESS)] if row else []
        if isinstance(page, Trashed) and row is not None:
            done = [replace(done[0], changes=_removal(page.last))]
            if self._edited(mapping, Side.NOTION, page.last):
                restored = self.notion.restore(mapping.entity_type, page.last.id)
                self.ledger.record(replace(done[0], outcome=Outcome.FAILED, message="edited meanwhile, so it was kept"))
                return self._recreate_entity(mapping.but(intent=None), restored, run)
        now = self.clock()
        self.ledger.save(mapping.but(intent=None, state=State.DELETED, troubles=(), last_change_at=now), *done)
        return Done()

    def _edited(self, mapping: Mapping, side: Side, seen: Present) -> bool:
        return merge.edited(SPECS[mapping.entity_type], mapping.bases, side, seen)

    def _recreate_entity(self, mapping: Mapping, page: Present, run: Run) -> Result:
        """An edit outlives a deletion, and a page taken out of the trash wants its entity back."""
        self.ledger.record(*self._abandoned(mapping))
        fresh = mapping.but(entity_id=None, bases={}, stamped=False, gone_since=None, intent=None)
        return self._draft(fresh, page, run)

    def _page_trashed(self, mapping: Mapping, entity: Present, page: Trashed, run: Run) -> Result:
        if mapping.state is State.AWAITING_APPROVAL and not self._edited(mapping, Side.NAVIMPACT, entity):
            return Done()
        if self._edited(mapping, Side.NAVIMPACT, entity):
            restored = self.notion.restore(mapping.entity_type, page.last.id)
            self.ledger.record(self._log(mapping, Operation.RESTORE, run, side=Side.NOTION, outcome=Outcome.SUCCESS))
            return self._merge(mapping, entity, restored, run)
        return self._wait_for_approval(mapping, _TRASHED, run)

    def _wait_for_approval(self, mapping: Mapping, trouble: Trouble, run: Run) -> Result:
        waiting = mapping.but(state=State.AWAITING_APPROVAL, troubles=(trouble,), intent=None)
        log = self._log(waiting, Operation.UNLINK, run, outcome=Outcome.SUCCESS, message=trouble.cause)
        self.ledger.save(waiting, log, *self._abandoned(mapping))
        return Done()

    def _page_unreachable(self, mapping: Mapping, run: Run) -> Result:
        if mapping.state is not State.UNREACHABLE:
            log = self._log(mapping, Operation.FAIL, run, outcome=Outcome.FAILED, message=_UNREACHABLE.cause)
            mapping = self.ledger.save(mapping.but(state=State.UNREACHABLE, troubles=(_UNREACHABLE,)), log)
        return Later(mapping, self.clock() + UNREACHABLE_PAUSE)

    def _both_gone(self, mapping: Mapping, run: Run) -> Result:
        if mapping.version and mapping.state is not State.DELETED:
            log = self._log(mapping, Operation.UNLINK, run, outcome=Outcome.SUCCESS, message="gone on both sides")
            gone = mapping.but(state=State.DELETED, troubles=(), intent=None)
            self.ledger.save(gone, log, *self._abandoned(mapping))
        return Done()

    def _abandoned(self, mapping: Mapping) -> list[SyncLog]:
        """The log row of a write that has become pointless, told to the end."""
        row = self.ledger.log(mapping.intent.log_id) if mapping.intent is not None else None
        return [replace(row, outcome=Outcome.FAILED, message="interrupted, and then a side was gone")] if row else []

    # --- failures ---------------------------------------------------------------------------------------------------

    def _recovered(self, before: Mapping, result: Result) -> Result:
        """*result*; a look that ended well ends the count of failures, whatever it led to."""
        stored = self.ledger.load(before.id) if before.attempts else None
        if stored is not None and stored.attempts:
            self.ledger.save(stored.but(troubles=tuple(t for t in stored.troubles if t.code != "failing"), **_healthy))
        return result

    def note_failure(self, mapping: Mapping, error: SyncError, retry_at: datetime) -> Mapping:
        """Remember that a look at *mapping* failed and when the next one is, for the people who wonder."""
        stored = self.ledger.load(mapping.id) or mapping
        fix = "See the cause; it is looked at again later." if isinstance(error, Fatal) else _BY_ITSELF
        trouble = Trouble("failing", f"The last look failed: {error}", fix)
        others = tuple(t for t in stored.troubles if t.code != "failing")
        return self.ledger.save(
            stored.but(attempts=stored.attempts + 1, next_retry_at=retry_at, troubles=(*others, trouble))
        )

    # --- the log ----------------------------------------------------------------------------------------------------

    def _log(
        self,
        mapping: Mapping,
        operation: Operation,
        run: Run,
        *,
        outcome: Outcome = Outcome.STARTED,
        side: Side | None = None,
        changes: tuple[Change, ...] = (),
        message: str | None = None,
    ) -> SyncLog:
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
        )


_SECOND_PAGE = "A second page of a record that has one: a call that was thought lost had made it after all."

_BY_ITSELF = "Nothing to do: it is tried again by itself."

_healthy = {"attempts": 0, "next_retry_at": None}

_TRASHED = Trouble(
    "approve_delete",
    "Its page was moved to the trash in Notion. NavImpact deletes for good, and everything below it too.",
    "Delete the record in NavImpact, or restore the page in Notion.",
)
_MASS_DELETION = Trouble(
    "mass_deletion",
    "Many records vanished from NavImpact within an hour, which looks more like a fault than like intent.",
    "Move the pages to the trash in Notion, or edit one to make its record again.",
)
_UNREACHABLE = Trouble(
    "unreachable",
    "Notion does not show its page to NavSync any more: it is no longer shared, or gone for good.",
    "Share the page with the connection again. Nothing was deleted in NavImpact.",
)


def _payload(spec: EntitySpec, on: Side, seen: Present) -> tuple[dict[str, Value], tuple[Trouble, ...]]:
    """What of *seen* can be carried to a new record on *on*, and why the rest cannot."""
    values: dict[str, Value] = {}
    troubles: list[Trouble] = []
    for field in spec.fields:
        if field.name not in seen.values or not field.direction.allows(on):
            continue
        if reason := cannot_carry(field, seen.values[field.name], on):
            cause = f"{field.property} cannot be carried to {on}: {reason}"
            troubles.append(Trouble("cannot_carry", cause, f"Change the value on {on.other}.", field.name))
        else:
            values[field.name] = seen.values[field.name]
    return values, tuple(troubles)


def _creation(on: Side, values: Values) -> tuple[Change, ...]:
    return tuple(Change(f, on, None, v, rule="created") for f, v in values.items() if v not in (None, ()))


def _removal(page: Present) -> tuple[Change, ...]:
    values = page.values.items()
    return tuple(Change(f, Side.NOTION, v, None, page.raw.get(f), "deleted on navimpact") for f, v in values)


def _change(write: merge.Write, seen: dict[Side, Present]) -> Change:
    raw = seen[write.to].raw.get(write.field)
    return Change(write.field, write.to, write.overwrites, write.value, raw, write.rule)


def _conflict_changes(conflict: Conflict) -> Iterable[Change]:
    yield Change(conflict.field, Side.NAVIMPACT, conflict.base, conflict.navimpact, rule="conflict: ask")
    yield Change(conflict.field, Side.NOTION, conflict.base, conflict.notion, rule="conflict: ask")


def _only_side(writes: Iterable[merge.Write]) -> Side | None:
    sides = {w.to for w in writes}
    return sides.pop() if len(sides) == 1 else None


def _refusal(error: Refused, side: Side) -> Trouble:
    return Trouble("refused", f"{side} refused the value: {error}", f"Change the value on {side.other}.", error.field)


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))
