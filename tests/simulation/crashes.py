"""Does every scenario end well wherever a worker dies in it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import combinations

from navsync.model import (
    Decision,
    Direction,
    EntityRef,
    EntityType,
    Mapping,
    Operation,
    Policy,
    Scope,
    Settings,
    Side,
    Value,
    WorkKind,
)
from tests.contract.memory import PERSON
from tests.simulation.employee import SIDES
from tests.simulation.history import TICK, History, Office
from tests.simulation.people import ANN
from tests.simulation.swarm import Fault, Swarm
from tests.simulation.verdict import judge
from tests.simulation.witness import KEEPING
from tests.simulation.world import PROJECT

type Kill = tuple[int, str]
"""The number of a call, and whether the worker dies before or after it."""
type Scenario = Callable[[History], None]

LOG, METRICS, STORY = EntityType.DISTRIBUTION_LOG, EntityType.PERFORMANCE_METRICS, EntityType.IMPACT_STORY
EVERYTHING = Scope()
QUIET = 400.0
"""Seconds after each step: longer than a dead worker's message stays invisible."""


def create_edit_conflict_delete(history: History) -> None:
    """A record and a row are made, edited on one side and on both, and deleted."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made", description="one two")
    row = scene.add_row(title="row")
    scene.settle()
    scene.edit_record(made, title="made again")
    scene.edit_row(row, budget=None, description="three four")
    scene.settle()
    scene.edit_record(made, title="left", status="active")
    scene.edit_page_of(made, title="right")
    scene.settle()
    scene.delete(made)
    scene.settle()


def trash_and_restore(history: History) -> None:
    """A page is trashed while its record is edited; another record is deleted while its page is edited."""
    scene = _Scene(history)
    scene.connect()
    one, other = scene.create(title="one"), scene.create(title="other")
    scene.settle()
    scene.trash_page_of(one)
    scene.edit_record(one, title="one, still wanted")
    scene.settle()
    scene.edit_page_of(other, title="other, still wanted")
    scene.delete(other)
    scene.settle()


def winners_by_policy(history: History) -> None:
    """Both sides write the same field, and a rule decides; long text is merged."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made", description="one \n\n two")
    scene.settle()
    scene.edit_record(made, title="left", description="one! \n\n two")
    scene.edit_page_of(made, title="right", description="one \n\n two?")
    scene.settle()


def drafts_and_restored_deletions(history: History) -> None:
    """A row gets its title late; a deleted record comes back with its page."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made")
    row = scene.add_row(description="no title yet")
    scene.settle()
    scene.edit_row(row, title="titled")
    scene.delete(made)
    scene.settle()
    scene.restore_first_page()
    scene.settle()


def children_on_both_sides(history: History) -> None:
    """Records of a project are made on either side, one of them before its row names a project."""
    scene = _Scene(history)
    scene.connect()
    project = scene.create(title="project")
    log = scene.create(LOG, channel="cinema", project=(project,))
    scene.settle()
    row = scene.add_row(METRICS, metric_date="2026-01-01")
    scene.edit_record(log, LOG, channel="festival", notes="one")
    scene.settle()
    scene.edit_row(row, project=(scene.page_of(project),))
    scene.edit_page_of(log, LOG, notes="two")
    scene.settle()


def a_project_goes_with_its_children(history: History) -> None:
    """NavImpact deletes what belongs to a project with it; somebody is writing on one of their pages."""
    scene = _Scene(history)
    scene.connect()
    project, _ = scene.create(title="project"), scene.create(title="another, so that NavImpact shows one")
    log = scene.create(LOG, channel="cinema", project=(project,))
    story = scene.create(STORY, title="story", project=(project,))
    scene.settle()
    scene.edit_page_of(story, STORY, stakeholder_name="still wanted")
    scene.delete(project)
    scene.settle()
    scene.restore_page(scene.trashed_page_of(log, LOG))
    scene.settle()


def moved_on_both_sides(history: History) -> None:
    """A record moves to one project in NavImpact and, later and at once, to others in Notion."""
    scene = _Scene(history)
    scene.connect()
    one, two, three = (scene.create(title=name) for name in ("one", "two", "three"))
    log = scene.create(LOG, channel="cinema", project=(one,))
    scene.settle()
    scene.edit_record(log, LOG, project=(two,))
    scene.settle()
    scene.edit_page_of(log, LOG, project=(scene.page_of(one),))
    scene.settle()
    scene.edit_record(log, LOG, project=(two,))
    scene.edit_page_of(log, LOG, project=(scene.page_of(three),), notes="words")
    scene.settle()


def a_story_is_written_by_two(history: History) -> None:
    """The body of a page: edited on one side, on both in different paragraphs, and on both in the same words."""
    scene = _Scene(history)
    scene.connect()
    project = scene.create(title="project")
    story = scene.create(STORY, title="story", project=(project,), description="first \n\n second")
    scene.settle()
    scene.edit_page_of(story, STORY, description="first \n second \n third")
    scene.settle()
    scene.edit_record(story, STORY, description="first! \n\n second \n\n third")
    scene.edit_page_of(story, STORY, description="first \n second \n third?", title="our story")
    scene.settle()
    scene.edit_record(story, STORY, description="left \n\n second \n\n third")
    scene.edit_page_of(story, STORY, description="right \n second \n third?")
    scene.settle()


def a_conflict_is_resolved(history: History) -> None:
    """A person says who wins."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made", status="planning")
    scene.settle()
    scene.edit_record(made, title="left", status="active")
    scene.edit_page_of(made, title="right", status="paused")
    scene.settle()
    scene.resolve(made, "title", Side.NOTION)
    scene.resolve(made, "status", Side.NAVIMPACT)
    scene.settle()


def deletions_are_decided(history: History) -> None:
    """Two pages go to the trash: one record is deleted for good with all that belongs to it, the other page returns."""
    scene = _Scene(history)
    scene.connect()
    gone, kept = scene.create(title="gone"), scene.create(title="kept")
    scene.create(LOG, channel="cinema", notes="goes too", project=(gone,))
    scene.settle()
    scene.trash_page_of(gone)
    scene.trash_page_of(kept)
    scene.settle()
    scene.decide(gone, Decision.APPROVE)
    scene.decide(kept, Decision.REJECT)
    scene.settle()


def stories_are_thrown_away(history: History) -> None:
    """Two go right after somebody has typed there: one goes for good before a person approves, the other comes back."""
    scene = _Scene(history)
    scene.office.notion.trash_hides_bodies = True
    scene.connect()
    project = scene.create(title="project")
    gone, kept = (scene.create(STORY, title=name, description=name, project=(project,)) for name in ("gone", "kept"))
    scene.settle()
    for story in (gone, kept):
        scene.edit_page_of(story, STORY, description=f"{story} words")
        scene.trash_page_of(story, STORY)
    scene.settle()
    scene.purge(scene.trashed_page_of(gone, STORY))
    scene.settle()
    scene.decide(gone, Decision.APPROVE, STORY)
    scene.decide(kept, Decision.REJECT, STORY)
    scene.settle()


def things_are_undone(history: History) -> None:
    """An edit is undone, and so are the making of a page and the making of a record."""
    scene = _Scene(history)
    scene.connect()
    made, other = scene.create(title="made"), scene.create(title="other")
    row = scene.add_row(title="row")
    scene.settle()
    scene.edit_record(made, title="made again", description="words")
    scene.settle()
    scene.undo(Operation.UPDATE, scene.page_of(made))
    scene.undo(Operation.CREATE, row)
    scene.undo(Operation.CREATE, scene.page_of(other))
    scene.settle()


def a_column_is_lost_and_found(history: History) -> None:
    """A property is deleted, edits go on, and it comes back."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made", budget=Decimal(1))
    scene.settle()
    scene.break_column("budget")
    scene.edit_record(made, budget=Decimal(2), title="made again")
    scene.settle()
    scene.mend_columns()
    scene.settle()


def rules_come_and_go(history: History) -> None:
    """A project leaves the scope and comes back with what belongs to it; rows sync one way; all limits are lifted."""
    scene = _Scene(history)
    scene.connect()
    made = scene.create(title="made", status="active")
    log = scene.create(LOG, channel="cinema", project=(made,))
    scene.settle()
    scene.set_rules(scope=Scope(statuses=("active",)))
    scene.edit_record(made, status="paused", title="paused")
    scene.settle()
    scene.edit_record(made, description="left")
    scene.edit_page_of(made, budget=Decimal(2))
    scene.edit_page_of(log, LOG, notes="right")
    scene.set_rules(scope=Scope(project_ids=(made,)), direction=Direction.TO_NOTION)
    row = scene.add_row(title="row")
    scene.settle()
    scene.set_rules()
    scene.edit_row(row, budget=Decimal(3))
    scene.settle()


def a_record_is_deleted(history: History) -> None:
    """One of two, in NavImpact."""
    scene = _Scene(history)
    scene.connect()
    gone, _ = scene.create(title="gone"), scene.create(title="another, so that NavImpact shows one")
    scene.settle()
    scene.delete(gone)
    scene.settle()


def a_page_is_gone_for_good(history: History) -> None:
    """Notion empties its trash while a person is asked about a project, who then wants to keep the record."""
    scene = _Scene(history)
    scene.connect()
    project = scene.create(title="project")
    scene.create(LOG, channel="cinema", project=(project,))
    scene.settle()
    page = scene.page_of(project)
    scene.trash_page_of(project)
    scene.settle()
    scene.purge(page)
    scene.settle()
    scene.decide(project, Decision.REJECT)
    scene.settle()


SCENARIOS: dict[str, tuple[Scenario, Policy, tuple[EntityType, ...]]] = {
    "create_edit_conflict_delete": (create_edit_conflict_delete, Policy.ASK, (PROJECT,)),
    "trash_and_restore": (trash_and_restore, Policy.ASK, (PROJECT,)),
    "winners_by_policy": (winners_by_policy, Policy.NOTION, (PROJECT,)),
    "drafts_and_restored_deletions": (drafts_and_restored_deletions, Policy.ASK, (PROJECT,)),
    "children_on_both_sides": (children_on_both_sides, Policy.ASK, (PROJECT, LOG, METRICS)),
    "a_project_goes_with_its_children": (a_project_goes_with_its_children, Policy.ASK, (PROJECT, LOG, STORY)),
    "moved_on_both_sides": (moved_on_both_sides, Policy.NAVIMPACT, (PROJECT, LOG)),
    "a_story_is_written_by_two": (a_story_is_written_by_two, Policy.ASK, (PROJECT, STORY)),
    "a_conflict_is_resolved": (a_conflict_is_resolved, Policy.ASK, (PROJECT,)),
    "deletions_are_decided": (deletions_are_decided, Policy.ASK, (PROJECT, LOG)),
    "stories_are_thrown_away": (stories_are_thrown_away, Policy.ASK, (PROJECT, STORY)),
    "things_are_undone": (things_are_undone, Policy.ASK, (PROJECT,)),
    "a_column_is_lost_and_found": (a_column_is_lost_and_found, Policy.ASK, (PROJECT,)),
    "rules_come_and_go": (rules_come_and_go, Policy.ASK, (PROJECT, LOG)),
    "a_record_is_deleted": (a_record_is_deleted, Policy.ASK, (PROJECT,)),
    "a_page_is_gone_for_good": (a_page_is_gone_for_good, Policy.ASK, (PROJECT, LOG)),
}
"""Name → what happens, who wins conflicts, and which kinds of records there are."""

PAIRED = tuple(SCENARIOS)[:4]
"""Those in which workers are killed at every two places."""


def played(name: str, kills: frozenset[Kill], *, conditional: bool = True, idempotent: bool = True) -> History:
    """The scenario with workers dying at *kills*."""
    scenario, policy, types = SCENARIOS[name]
    swarm = Swarm(1, policies=(policy,), conditional=conditional, idempotent=idempotent, types=types)
    history = History(swarm)
    history.kill_at, history.called = kills, []
    scenario(history)
    history.last_step = history.steps
    history.kill_at = frozenset()
    history.recover()
    for _ in range(2):
        history.reconcile()
    return history


def wrong(name: str, *kills: Kill, conditional: bool = True, idempotent: bool = True) -> list[str]:
    """What is wrong at the end of the scenario with *kills*."""
    return judge(played(name, frozenset(kills), conditional=conditional, idempotent=idempotent))


def points(name: str, *, conditional: bool = True, idempotent: bool = True) -> list[Kill]:
    """Every place at which a worker can die. Before a call is after the one before it, or before it did anything."""
    undisturbed = played(name, frozenset(), conditional=conditional, idempotent=idempotent)
    return [(n, "after") for n in range(1, undisturbed.last_step + 1)]


def pairs(name: str) -> Iterator[tuple[Kill, Kill]]:
    """Every two places, right after a call to a side or after something was kept that is not about the lease."""
    undisturbed = played(name, frozenset())
    weighty = [n for n, call in enumerate(undisturbed.called or (), start=1) if _weighs(call)]
    return combinations([(n, "after") for n in weighty if n <= undisturbed.last_step], 2)


def _weighs(call: str) -> bool:
    to, _, name = call.partition(" ")
    return to in SIDES or name in ("put", "done") or name in KEEPING


class _Scene:
    """People who follow a script."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.office: Office = history.offices[0]
        self.people = history.people

    def connect(self) -> None:
        self.history.put(self.office, WorkKind.SETUP, "")
        self.settle()

    def settle(self) -> None:
        """Ten minutes with their ticks, and some more where people must ask for what many workers have died at."""
        for _ in range(2):
            self.history.play(self.history.now + QUIET)
            self.history.reconcile(TICK)
        if self.history.ask_for_parked(self.office):
            self.history.play(self.history.now + QUIET)
            self.history.reconcile(TICK)

    def create(self, kind: EntityType = PROJECT, **values: Value) -> str:
        self.people.wrote("navimpact", {}, values)
        id = self.history.platform.create(kind, values, key=f"person {values}").id
        self.people.touched_record(kind, id)
        return id

    def add_row(self, kind: EntityType = PROJECT, **values: Value) -> str:
        self.people.wrote("notion 1", {}, values)
        id = self.office.notion.by(PERSON).add_row(kind, values).id
        self.people.touched_page(self.office, self.office.notion.pages[id])
        return id

    def edit_record(self, id: str, kind: EntityType = PROJECT, **values: Value) -> None:
        record = self.history.platform.records.get((kind, id))
        if record is not None:
            self.people.write_record(record, values, record.seen(with_revision=True))

    def edit_row(self, id: str, **values: Value) -> None:
        page = self.office.notion.pages[id]
        if not page.in_trash:
            self.people.write_page(self.office, page, values)

    def page_of(self, id: str, kind: EntityType = PROJECT) -> str:
        return next(p.id for p in self.office.notion.pages.values() if p.key == f"{kind}/{id}" and not p.in_trash)

    def trashed_page_of(self, id: str, kind: EntityType = PROJECT) -> str:
        return next(p.id for p in self.office.notion.pages.values() if p.key == f"{kind}/{id}" and p.in_trash)

    def edit_page_of(self, id: str, kind: EntityType = PROJECT, **values: Value) -> None:
        self.edit_row(self.page_of(id, kind), **values)

    def trash_page_of(self, id: str, kind: EntityType = PROJECT) -> None:
        self.people.trash(self.office, self.office.notion.pages[self.page_of(id, kind)])

    def purge(self, page_id: str) -> None:
        self.people.purge(self.office, self.office.notion.pages[page_id])

    def delete(self, id: str) -> None:
        self.people.delete(self.history.platform.records[PROJECT, id])

    def restore_first_page(self) -> None:
        page = next(iter(self.office.notion.pages.values()))
        if page.in_trash:
            self.restore_page(page.id)

    def restore_page(self, id: str) -> None:
        page = self.office.notion.pages[id]
        self.office.notion.by(PERSON).restore(page.entity_type, id)
        self.people.touched_page(self.office, page)

    # --- what people decide -----------------------------------------------------------------------------------------

    def _mapping_of(self, name: EntityRef | str) -> Mapping:
        kept = self.history.store.of(self.office.id)
        return kept.mappings[kept.pairs[name]]

    def resolve(self, id: str, field: str, winner: Side) -> None:
        mapping = self._mapping_of(EntityRef(PROJECT, id))
        conflict = next(each for each in mapping.conflicts if each.field == field)
        self.people.give_up_half(conflict, winner)
        self.history.decide(self.office, WorkKind.RESOLVE, f"{mapping.id}/{field}/{conflict.version}", winner, by=ANN)

    def decide(self, id: str, decision: Decision, kind: EntityType = PROJECT) -> None:
        mapping = self._mapping_of(EntityRef(kind, id))
        if decision is Decision.APPROVE:
            self.people.approved.add((self.office.id, mapping.id))
        self.people.answer(self.office, mapping, decision, by=ANN)

    def undo(self, operation: Operation, page_id: str) -> None:
        """Undo the last *operation* with the record of this page."""
        mapping, rows = self._mapping_of(page_id), self.history.store.of(self.office.id).logs.values()
        row = [row for row in rows if row.mapping_id == mapping.id and row.operation is operation][-1]
        self.people.approved.add((self.office.id, mapping.id))
        self.people.empties(self.office, row)
        self.history.decide(self.office, WorkKind.REVERT, f"log/{row.id}", None, by=ANN)

    def set_rules(self, scope: Scope = EVERYTHING, direction: Direction = Direction.BOTH) -> None:
        """What an admin sets."""
        self.history.set_rules(self.office, Settings(scope=scope, direction=direction))

    # --- the schema -------------------------------------------------------------------------------------------------

    def break_column(self, name: str) -> None:
        self.office.notion.break_property(PROJECT, name, Fault.PROPERTY_DELETED)
        self.history.hook(self.office, WorkKind.SCHEMA, PROJECT)

    def mend_columns(self) -> None:
        self.people.mend_properties(self.office)
