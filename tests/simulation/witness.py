"""Who watches every write as it is made, and notes which promise it breaks?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from navsync import merge, scope
from navsync.attention import question_of
from navsync.fields import SPECS, Kind
from navsync.model import (
    Change,
    CreateIntent,
    EntityRef,
    EntityType,
    Intent,
    Mapping,
    Present,
    ReadIntent,
    RemoveIntent,
    Settings,
    Side,
    State,
    SyncLog,
    Value,
    Values,
    WriteIntent,
)
from navsync.standing import asks_of_trash
from tests.contract.memory import BODIES, BOT, RELATIONS, Page, Record, ids_in
from tests.contract.memory_store import MemoryLedger
from tests.simulation.people import KINDS, WORDY, pieces, said
from tests.simulation.swarm import Fault
from tests.simulation.world import PROJECT

if TYPE_CHECKING:
    from tests.simulation.history import History, Office

EMPTY: tuple[Value, ...] = (None, ())
MOST_REMOVALS = 5
HEEDED = 5.0
"""Seconds after which nobody goes by rules that have been changed."""

KEEPING = {"save": 1, "save_removal": 1, "hand_over": 2, "record": 0}
"""Calls of the ledger that keep something → of how many mappings, before their rows."""


@dataclass
class Destroyed:
    """A value that a write of ours replaced without any record of it."""

    side: str
    field: str
    value: Value
    age: float
    """Seconds between our last look at it and the write."""
    by_people: bool
    """Whether a person wrote it there, rather than a sync."""
    office: int
    mapping_id: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a worker last saw of a record, and when."""

    values: Values
    at: float
    taken_out: bool = False
    """Of the trash, to be read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of all records of one type showed a worker, by their ids, and when."""

    values: dict[str, Values]
    at: float


type Lists = dict[object, Listed]
"""Entity type → its last list."""

type SeenBy = dict[tuple[str, str], Looked]
"""What one worker last saw: by side and id."""


class Witness:
    """Sees the values before and after each write, which no worker can."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.recorded: set[tuple[str, Value]] = set()
        """Values that could be found in the history once; whether they still can be, the verdict asks."""
        self.chosen: set[tuple[str, Value]] = set()
        """Those that went by a rule, a decision or a deletion, rather than by an edit being carried over."""
        self.recorded_relations: set[tuple[int | None, Value]] = set()
        self.blind: list[Destroyed] = []
        self.arrived: dict[tuple[str, str, Value], float] = {}
        """Side, field and value → when we first wrote it there."""
        self.cursors: dict[tuple[int, str], str] = {}
        self.carried_out: set[str] = set()
        """Runs of which a row of work was done, as it was put last."""
        self.creating: dict[tuple[int, int], str] = {}
        """Workspace and mapping → the idempotency key of the record that is being made of its row."""
        self.made: dict[str, set[str]] = {}
        """Idempotency key → the records it made: another one, where somebody deleted the first before we knew it."""
        self.asked: dict[tuple[int, str], set[tuple[str, Value]]] = {}
        """Workspace and page in the trash → what it said that could be read by who then asked a person about it."""
        self.apart: set[tuple[int, int]] = set()
        """Workspace and mapping of which one side was gone, or which a rule left out: nobody compares them then."""
        self.pages: dict[tuple[int, int], str] = {}
        """Workspace and mapping → the page that it had last."""
        self.writes = 0

    # --- what is kept -------------------------------------------------------------------------------------------------

    def kept(self, office: Office, name: str, method: Any, args: tuple[Any, ...], answer: Any, seen: SeenBy) -> None:
        """After each successful call of the ledger, given what the worker has *seen*."""
        if name not in KEEPING or not args:
            return
        if name == "save_removal" and answer is None:  # a deletion too many is not saved
            return
        ledger: MemoryLedger = method.__self__
        if ledger.lease.fence < office.highest_fence:
            self.history.problem("I7: a worker wrote after its successor had")
        office.highest_fence = ledger.lease.fence
        for mapping in args[: KEEPING[name]]:
            self._saved(office, mapping)
            self._paired(office, mapping)
            self._asked_about(office, mapping, seen)
        for log in args[KEEPING[name] :]:
            self._recorded_in(ledger.kept.logs[log.id])

    def _saved(self, office: Office, mapping: Mapping) -> None:
        if mapping.state not in (State.LINKED, State.CREATING):
            self.apart.add((office.id, mapping.id))
        self._let_go(office, mapping)
        self._taken_for_another(office, mapping)
        self.history.fired[Fault.HELD_FOR_QUIET] += mapping.waiting_since is not None
        self.history.fired[Fault.LEFT_OUT] += mapping.state is State.EXCLUDED
        self.history.fired[Fault.HELD_BY_RULE] += any(t.code == scope.ONE_WAY for t in mapping.troubles)
        self.history.note(f"    W{office.id} mapping {mapping.id}: {mapping.entity} {mapping.state}", _Told(mapping))

    def _asked_about(self, office: Office, mapping: Mapping, seen: SeenBy) -> None:
        """Who asks about a page in the trash has read it since it was thrown away: it may be gone before the answer.

        Not what somebody typed after they had read it, as it was out of the trash for that: the next look finds it.
        """
        page, looked = office.notion.pages.get(mapping.page_id or ""), seen.get(("notion", mapping.page_id or ""))
        is_asked = asks_of_trash(mapping) and not isinstance(mapping.intent, ReadIntent)
        if page is None or looked is None or not is_asked or not page.in_trash or page.with_database:
            return  # what is there with its database cannot be taken out to be read
        if looked.at > self.history.people.thrown.get((office.id, page.id), inf):
            later = (edit for edit in self.history.people.edits if edit.at > looked.at)
            unread = {(edit.field, edit.value) for edit in later if edit.id == page.id}
            self.asked[office.id, page.id] = said(office.notion.shown(page).values) - unread

    def _let_go(self, office: Office, mapping: Mapping) -> None:
        """No record gets another page while the one that it had can be taken out of the trash."""
        had = office.notion.pages.get(self.pages.get((office.id, mapping.id), ""))
        if mapping.page_id is not None:
            self.pages[office.id, mapping.id] = mapping.page_id
        elif had is not None and not had.purged and (office.id, had.id) not in self.history.people.withheld:
            self.history.problem(f"I4: {mapping.entity} is to get another page, but {had.id[-4:]} is there still")

    def _taken_for_another(self, office: Office, mapping: Mapping) -> None:
        """No page of a record becomes another record, but one that we have thrown away and people took out."""
        page = office.notion.pages.get(mapping.page_id or "")
        if page is None or mapping.entity is None or page.key in (None, str(mapping.entity)):
            return
        place, people = (office.id, page.id), self.history.people
        is_known = mapping.removed_by is not None or place in people.copies or place in people.taken_out
        if not is_known and any(f"{kind}/{id}" == page.key for kind, id in self.history.platform.records):
            self.history.problem(f"I4: {mapping.entity} is made of {page.id[-4:]}, which is a page of {page.key}")

    def _paired(self, office: Office, mapping: Mapping) -> None:
        """A row may get the record alone that was made of it, or that a person took for it."""
        place, intent = (office.id, mapping.id), mapping.intent
        if isinstance(intent, CreateIntent) and intent.on is Side.NAVIMPACT and mapping.remakes is None:
            self.creating[place] = intent.key
            return
        key = self.creating.pop(place, None)
        if key is None or mapping.entity_id is None or mapping.entity_id in self.made.get(key, ()):
            return
        if place not in self.history.people.recognised and not self.history.fired[Fault.OUTLIVED]:
            self.history.problem(f"I5: {mapping.entity} was taken for what a row had made")

    def _recorded_in(self, log: SyncLog) -> None:
        for change in log.changes:
            told = set(told_by(change))
            self.recorded |= told
            if not change.rule.startswith(("changed on", "merged")):
                self.chosen |= told
            if KINDS[change.field] is Kind.RELATION:
                self.recorded_relations.add((log.mapping_id, change.old))

    def moved(self, office: Office, name: str, value: str, *, moved: bool) -> None:
        """After each move of a cursor."""
        before = self.cursors.get((office.id, name), "")
        if moved and value < before:
            self.history.problem(f"I8: {name} went back")
        self.cursors[office.id, name] = max(before, value)

    def cleared(self, office: Office, name: str) -> None:
        """What was gone through begins anew the next time."""
        self.cursors.pop((office.id, name), None)

    # --- updates ------------------------------------------------------------------------------------------------------

    def updated(
        self, office: Office, to: str, args: tuple[Any, ...], before: Values, looked: Looked | None, seen: Present
    ) -> None:
        """Just after an update was applied to what was there *before*, given how the worker last saw it."""
        kind, id, changes = args
        after, mapping = self.values_of(office, to, kind, id), self._mapping(office, to, kind, id)
        if mapping is not None and mapping.state is State.EXCLUDED and not self.history.fired[Fault.OUTLIVED]:
            self.history.problem(f"{mapping.entity} was written on {to}, though it was left out")
        for name, value in changes.items():
            rule = _rule(self.history, office, mapping, name)
            if rule.startswith("policy"):
                self._ruled(office, f"{kind}.{name}", rule)
            if rule.startswith(("policy", "syncs only")) and mapping is not None and name not in mapping.bases:
                self.history.problem(
                    f"{name} of {mapping.entity} was decided by “{rule}”, though nothing was agreed on"
                )
            if rule == "undone" and mapping is not None:
                self._undone_edit(mapping, to, name, seen)
            if rule.startswith("changed on") and mapping is not None:
                self._chosen_otherwise(office, to, mapping, name, before.get(name), value)
            self.history.fired[Fault.REPLACED_BY_RULE] += rule.startswith("syncs only")
            if not any(rules.direction_of(kind, name).allows(Side(to)) for rules in self._in_force(office)):
                self.history.problem(f"{kind}.{name} was written to {to}, where it does not sync")
            if rule == "undone" or rule.startswith(("policy", "syncs only")):  # another workspace may carry it on
                self.history.people.wanted_again(name, value)
            if seen.values.get(name, _ABSENT) == value and name not in seen.outdated:
                self.history.problem(f"{to}: {name} was written although it had not changed")
            if KINDS[name] is Kind.RELATION:
                self._moved_away(to, mapping, before.get(name), value, looked)
                continue
            if value in EMPTY and before.get(name) not in EMPTY and rule != "undone":
                self._cleared(office, to, name, mapping)
            if value in EMPTY and rule == "undone":  # should it reach one side only, that one is carried to the other
                self.history.people.cleared.add((f"notion {office.id}", mapping.page_id or "" if mapping else "", name))
            if looked is not None and looked.values.get(name) == before.get(name) and rule.startswith("changed on"):
                self._undone(to, name, before.get(name), value)
            about_to_be = pieces(name, value)  # a text that takes several requests may lack in one what the next brings
            for piece in _lost(name, before, after):
                if (name, piece) not in self.recorded and piece not in about_to_be:
                    self._destroyed(office, to, id, name, piece, looked, mapping)

    def _undone_edit(self, mapping: Mapping, to: str, name: str, seen: Present) -> None:
        """Who undoes an edit does not mean the one that somebody has made since."""
        base = mapping.bases.get(name)
        is_half = KINDS[name] is Kind.BODY and self.history.swarm.largest_write is not None
        if not is_half and (base is None or base.on(Side(to)) != seen.values.get(name)):
            self.history.problem(f"{name} of {mapping.entity} was undone on {to}, though somebody has edited it since")

    def _chosen_otherwise(self, office: Office, to: str, mapping: Mapping, name: str, old: Value, new: Value) -> None:
        """Whom somebody let win must not be replaced by what lost."""
        halves = (old, new) if to == "navimpact" else (new, old)
        winners = self.history.people.chosen.get((office.id, mapping.entity, name, *halves))
        if winners == {Side(to)} and not self.history.fired[Fault.OUTLIVED]:
            self.history.problem(
                f"{name}={old} of {mapping.entity} lost on {to}, though somebody let it win over {new}"
            )

    def named(self, office: Office, id: str, looked: Looked | None) -> None:
        """Just after a write to a page, given how the worker last saw it."""
        name, at = self.history.people.names.get((office.id, id), (None, 0.0))
        if name is None or office.notion.pages[id].name == name:
            return
        del self.history.people.names[office.id, id]
        if looked is None or looked.at > at:
            self.history.problem(f"I1: the page that somebody called {name} is not called so any more")

    def _in_force(self, office: Office) -> Iterator[Settings]:
        """What an admin has set, or had a moment ago; of how long ago a worker knows that overslept, nobody can say."""
        overslept = self.history.fired[Fault.OUTLIVED]
        return (rules for until, rules in office.ruled if overslept or until >= self.history.now - HEEDED)

    def _ruled(self, office: Office, name: str, rule: str) -> None:
        by_field = self.history.swarm.field_policies
        self.history.fired[Fault.RULED_BY_FIELD] += name in by_field
        if rule != f"policy {by_field.get(name, self.history.swarm.policies[office.id - 1])}":
            self.history.problem(f"{name} was decided by “{rule}”, which is not its policy")

    def _moved_away(self, to: str, mapping: Mapping | None, old: Value, new: Value, looked: Looked | None) -> None:
        known = mapping is None or old in EMPTY or old == new or (mapping.id, old) in self.recorded_relations
        if not known and looked is not None and looked.values.get("project") == old:
            self.history.problem(f"I6: project={old} was overwritten on {to} before it was recorded")

    def _cleared(self, office: Office, to: str, name: str, mapping: Mapping | None) -> None:
        """A property that cannot be read must never look like one that somebody cleared."""
        if to == "notion" or mapping is None or mapping.page_id is None or self.history.fired[Fault.OUTLIVED]:
            return
        if (f"notion {office.id}", mapping.page_id, name) not in self.history.people.cleared:
            self.history.problem(f"I17: {name} of {mapping.entity} was cleared, which nobody did in Notion")

    def _undone(self, to: str, name: str, old: Value, new: Value) -> None:
        """What a person wrote knowingly over *new* must not be replaced by it as if that were the newer of the two."""
        unlike_any_other = KINDS[name] not in WORDY and old not in EMPTY and new not in EMPTY
        if not unlike_any_other or old not in self.history.people.replacements.get((name, new), ()):
            return
        if self.history.fired[Fault.OUTLIVED]:
            return  # what a late worker wrote looks like a person's edit, and is carried
        self.history.problem(f"I1: {name}={old} was undone on {to}: somebody had written it over {new}")

    def _destroyed(
        self,
        office: Office,
        to: str,
        id: str,
        name: str,
        piece: Value,
        looked: Looked | None,
        mapping: Mapping | None,
    ) -> None:
        if looked is None or name not in looked.values or piece in pieces(name, looked.values[name]):
            self.history.problem(f"I6: {name}={piece} was overwritten on {to} before it was recorded")
            return
        if to == "navimpact" and self.history.swarm.conditional:
            self.history.problem(f"I1: {name}={piece} was overwritten on NavImpact in spite of If-Match")
        self._unseen(to, name, piece, looked.at, office, mapping)

    def values_of(self, office: Office, to: str, kind: EntityType, id: str) -> dict[str, Value]:
        """What a record shows at this moment."""
        if to == "navimpact":
            record = self.history.platform.records.get((kind, id))
            return dict(record.values()) if record else {}
        page = office.notion.pages.get(id)
        if page is None:
            return {}
        related = RELATIONS.get(kind)
        whole = office.notion.shown(page).values if related else page.values
        return {**page.values, related: whole.get(related)} if related else dict(whole)

    def _mapping(self, office: Office, to: str, kind: EntityType, id: str) -> Mapping | None:
        kept = self.history.store.of(office.id)
        pair = kept.pairs.get(id if to == "notion" else EntityRef(kind, id))
        return None if pair is None else kept.mappings[pair]

    # --- other writes -------------------------------------------------------------------------------------------------

    def written(self, office: Office, to: str, name: str, args: tuple[Any, ...], key: str, answer: Any) -> None:
        """Just after a write of ours was applied."""
        self.writes += 1
        if (to, name) == ("notion", "create"):
            self._may(office, to, f"a page of {key} was made on")
        reading = self._mapping(office, to, args[0], args[1]) if (to, name) == ("notion", "restore") else None
        if reading is not None and isinstance(reading.intent, ReadIntent):
            self._may(office, to, f"the page of {reading.entity} was taken out, to be read, of the trash of")
        if to == "navimpact" and isinstance(answer, Present):
            if name == "create":
                self._created(args[0], key, answer.id, args[1])
                self._recalled(office, key, args[1])
            self.history.people.touched_record(args[0], answer.id)
        values = args[2] if name == "update" else args[1] if name == "create" else {}
        for field_name, value in values.items():
            for piece in pieces(field_name, value):
                self.arrived.setdefault((to, field_name, piece), self.history.now)

    def _may(self, office: Office, to: str, deed: str) -> None:
        if not any(rules.direction.allows(Side(to)) for rules in self._in_force(office)):
            self.history.problem(f"{deed} {to}, to which the workspace does not sync")

    def _created(self, kind: EntityType, key: str, id: str, sent: Values) -> None:
        """Nothing helps, where NavImpact knows no idempotency key, against a request that a late worker sends after all
        nor where people have rewritten what the first request made, or said that it was another."""
        earlier = self.made.setdefault(key, set()) - {id}
        self.made[key].add(id)
        if key in self.history.people.confirmed or self.history.fired[Fault.OUTLIVED]:
            return
        records = self.history.platform.records
        for record in (records[kind, other] for other in sorted(earlier) if (kind, other) in records):
            if merge.likeness(SPECS[kind], sent, record.seen(with_revision=False)) is not merge.Likeness.NONE:
                self.history.problem(f"I5: {id} was made of the same row as {record.id}")

    def _recalled(self, office: Office, key: str, sent: Values) -> None:
        """A record that is made again must not lack what a column lost, though nobody has emptied it."""
        mappings = self.history.store.of(office.id).mappings.values()
        made = next((m for m in mappings if isinstance(m.intent, CreateIntent) and m.intent.key == key), None)
        if made is None or made.page_id is None or office.is_limited or self.history.fired[Fault.OUTLIVED]:
            return
        held = {trouble.field for trouble in made.troubles}
        others = {(o.id, m.page_id) for o in self.history.offices for m in self._of_record(o, made)}
        agreed = {name for name, base in made.bases.items() if base.notion not in EMPTY and base.navimpact not in EMPTY}
        for name in sorted(agreed - held):
            places = {(f"notion {office.id}", made.page_id, name), ("navimpact", made.remakes, name)}
            places |= {(f"notion {other}", page or "", name) for other, page in others}
            emptied = not self.history.people.cleared.isdisjoint(places)
            if sent.get(name) in EMPTY and KINDS[name] is not Kind.RELATION and not emptied:
                self.history.problem(f"I17: {name} of {made.page_id[-4:]} was not made again, though nobody emptied it")

    def removing(self, office: Office, to: str, kind: EntityType, id: str, seen: SeenBy, listed: Lists) -> None:
        """Just before a record is removed by us, given what the worker has *seen* and *listed*."""
        if to == "navimpact":
            self._deleting(office, kind, id, seen, listed)
            return
        page = office.notion.pages[id]
        if page.in_trash or page.hidden:
            return
        looked, body, mapping = seen.get(("notion", id)), BODIES.get(kind), self._mapping(office, to, kind, id)
        is_read = mapping is not None and isinstance(mapping.intent, ReadIntent)
        is_put_back = is_read and (office.id, id) in self.history.people.thrown
        if looked is not None and (looked.taken_out or is_put_back) and body and office.notion.trash_hides_bodies:
            self._hiding(office, page, body, looked)  # who did not take it out to read it has no excuse
            return  # it goes back to where it was
        if (office.id, id) in self.history.people.copies:
            self.history.problem("I4: a copy that a person made was trashed")
        if mapping is None:
            return
        if mapping.entity is None and page.created_by == BOT and page.key is not None:
            self._removing_second(office, page)
        else:
            self._removing_first(office, mapping)

    def removing_late(self, office: Office, to: str, id: str, seen: SeenBy) -> None:
        """Just before a worker that has outlived its lease removes something: nobody can hold it back any more."""
        page = office.notion.pages.get(id) if to == "notion" else None
        looked = seen.get(("notion", id))
        if page is not None and looked is not None and not (page.in_trash or page.hidden):
            for name in page.values:
                self._hiding(office, page, name, looked)

    def _hiding(self, office: Office, page: Page, name: str, looked: Looked) -> None:
        """What was typed in a field since we *looked* goes to the trash unseen."""
        for piece in _lost(name, page.values, looked.values):
            if (name, piece) not in self.recorded:
                mapping = self._mapping(office, "notion", page.entity_type, page.id)
                self._unseen("notion", name, piece, looked.at, office, mapping)

    def _deleting(self, office: Office, kind: EntityType, id: str, seen: SeenBy, listed: Lists) -> None:
        """NavImpact deletes for good: a person must have agreed, and every value be in the history."""
        record = self.history.platform.records.get((kind, id))
        if record is None:
            return
        mapping = self._mapping(office, "navimpact", kind, id)
        if mapping is None or not self._agreed(office, mapping):
            self.history.problem(f"I12: {kind} {id} was deleted in NavImpact without approval")
        self._may(office, "navimpact", f"{kind} {id} was removed from")
        gone = self.history.people.all_that_goes(record)
        for each in gone:
            looked = seen.get(("navimpact", id)) if each is record else _listed(each, id, listed)
            for name, value in each.values().items():
                for piece in pieces(name, value):
                    if (name, piece) not in self.recorded:
                        self._deleted_unrecorded(name, piece, looked)
        self.history.after(0.0, lambda: self.history.people.touched_records(gone))

    def _row_of_removal(self, office: Office, mapping: Mapping) -> SyncLog | None:
        intent, logs = mapping.intent, self.history.store.of(office.id).logs
        return logs.get(intent.log_id) if isinstance(intent, RemoveIntent) else None

    def _approved(self, office: Office, mapping: Mapping) -> bool:
        people, logs = self.history.people, self.history.store.of(office.id).logs
        row = self._row_of_removal(office, mapping)
        undone = logs.get(row.reverts) if row is not None and row.reverts is not None else None
        by_run = undone is not None and (office.id, undone.run_id) in people.undone
        return by_run or (office.id, mapping.id) in people.approved

    def _agreed(self, office: Office, mapping: Mapping) -> bool:
        """Whether somebody has agreed to just what *mapping* asks, or asked for it by undoing what made the record."""
        row = self._row_of_removal(office, mapping)
        if row is not None and row.reverts is not None:
            return self._approved(office, mapping)
        return (office.id, mapping.id, question_of(mapping).version) in self.history.people.agreed

    def _deleted_unrecorded(self, name: str, piece: Value, looked: Looked | None) -> None:
        if looked is None or piece in pieces(name, looked.values.get(name)):
            self.history.problem(f"I6: {name}={piece} was deleted in NavImpact before it was recorded")
        else:
            self._unseen("navimpact", name, piece, looked.at)

    def _unseen(
        self,
        to: str,
        name: str,
        piece: Value,
        looked_at: float,
        office: Office | None = None,
        mapping: Mapping | None = None,
    ) -> None:
        """It was written after our last look, and before our own write."""
        place = f"notion {office.id}" if to == "notion" and office else to
        by_people = any((e.side, e.field, e.value) == (place, name, piece) for e in self.history.people.edits)
        age, mapping_id = self.history.now - looked_at, mapping.id if mapping else None
        self.blind.append(Destroyed(to, name, piece, age, by_people, office.id if office else 0, mapping_id))

    def _removing_second(self, office: Office, page: Page) -> None:
        """The page that stays has its record by then: one that nothing pairs, and that is there, would get a third."""
        self._may(office, "notion", f"a second page of {page.key} was removed from")
        kept, record = self.history.store.of(office.id), EntityRef.parse(page.key or "")
        first = kept.pairs.get(record)
        is_there = (record.type, record.id) in self.history.platform.records
        is_only = is_there if first is None else kept.mappings[first].page_id == page.id
        if is_only:
            self.history.problem("I4: a page was taken for a second one, but it is the only one")

    def _of_record(self, office: Office, made: Mapping) -> Iterator[Mapping]:
        """The pair in *office* of the record that *made* is to have again."""
        for mapping in self.history.store.of(office.id).mappings.values():
            if mapping.entity_type is made.entity_type and mapping.entity_id == made.remakes is not None:
                yield mapping

    def latest(self, record: EntityRef) -> str:
        """As which *record* was made again last."""
        again = self.history.store.made_again.get(record)
        return record.id if again is None else self.latest(EntityRef(record.type, again))

    def _removing_first(self, office: Office, mapping: Mapping) -> None:
        self._may(office, "notion", f"the page of {mapping.entity} was removed from")
        people = self.history.people
        root = people.deleted.get(mapping.entity) if mapping.entity else None
        belonged = mapping.bases.get("project")
        for id in ids_in(belonged.navimpact) if belonged else ():
            root = people.deleted.get(EntityRef(PROJECT, id), root)
        if self._approved(office, mapping) or self._goes_with_approved(office, root):
            return
        if root is None:
            self.history.problem(f"I12: the page of {mapping.entity} was trashed, which nobody deleted")
        elif root != mapping.entity and self._is_in_trash(office, root):
            return  # it counted when the page of its project went, or a person has thrown that away
        # what goes with its project counts as one; and one restored before its removal could be noted may go again
        office.removals[str(root)] = self.history.now
        if sum(at > self.history.now - 3600 for at in office.removals.values()) > MOST_REMOVALS:
            self.history.problem("I12: more pages were trashed within an hour than may be without approval")

    def _is_in_trash(self, office: Office, project: EntityRef) -> bool:
        kept = self.history.store.of(office.id)
        pair = kept.pairs.get(project)
        page = None if pair is None else office.notion.pages.get(kept.mappings[pair].page_id or "")
        return page is not None and page.in_trash

    def _goes_with_approved(self, office: Office, project: EntityRef | None) -> bool:
        pair = None if project is None else self.history.store.of(office.id).pairs.get(project)
        return pair is not None and (office.id, pair) in self.history.people.approved


def _listed(child: Record, project: str, listed: Lists) -> Looked | None:
    """How the last list of all showed *child*; as nothing at all where it did not belong to *project* yet."""
    known = listed.get(child.entity_type)
    if known is None:
        return None
    shown = known.values.get(child.id, {})
    return Looked(shown if shown.get(RELATIONS[child.entity_type]) == (project,) else {}, known.at)


def told_by(change: Change) -> Iterator[tuple[str, Value]]:
    """The values that can be found in a row of the log: what was replaced, and both halves of a conflict."""
    yield from ((change.field, piece) for piece in pieces(change.field, change.old))
    if change.rule.startswith("conflict"):
        yield from ((change.field, piece) for piece in pieces(change.field, change.new))


_ABSENT = object()


@dataclass(frozen=True, slots=True)
class _Told:
    """What of a mapping a person who reads a trace wants to know; spelled out only for them."""

    mapping: Mapping

    def __str__(self) -> str:
        waits = [f"{c.field}: {c.navimpact!r} or {c.notion!r}" for c in self.mapping.conflicts]
        waits += [f"{t.code} {t.field or ''}" for t in self.mapping.troubles]
        page = (self.mapping.page_id or "")[-4:]
        return f"page {page} {_told(self.mapping.intent)} {', '.join(waits)}"


def _told(intent: Intent | None) -> str:
    match intent:
        case WriteIntent(writes=writes):
            return " ".join(f"{w.field}={w.value!r}→{w.to}" for w in writes)
        case CreateIntent(on=on):
            return f"create on {on}"
        case RemoveIntent(on=on):
            return f"remove on {on}"
        case ReadIntent():
            return "read in the trash"
        case None:
            return ""


def _lost(name: str, before: Values, after: Values) -> Iterable[Value]:
    gone = set(pieces(name, before.get(name))) - set(pieces(name, after.get(name)))
    return sorted(gone, key=str) if len(gone) > 1 else gone


def _rule(history: History, office: Office, mapping: Mapping | None, name: str) -> str:
    intent = mapping.intent if mapping else None
    if not isinstance(intent, WriteIntent):
        return ""
    row = history.store.of(office.id).logs.get(intent.log_id)  # of the rest of a text it is the row of the creation
    return next((change.rule for change in row.changes if change.field == name), "") if row else ""
