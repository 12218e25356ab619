"""Does every scenario end well wherever a worker dies in it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from navsync.model import Policy, Present, Value, WorkKind
from tests.contract.memory import PERSON
from tests.simulation.employee import SIDES
from tests.simulation.history import TICK, History, Office
from tests.simulation.swarm import Swarm
from tests.simulation.verdict import judge
from tests.simulation.world import PROJECT

type Kill = tuple[int, str]
"""The number of a call, and whether the worker dies before or after it."""
type Scenario = Callable[[History], None]

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


SCENARIOS: dict[str, tuple[Scenario, Policy]] = {
    "create_edit_conflict_delete": (create_edit_conflict_delete, Policy.ASK),
    "trash_and_restore": (trash_and_restore, Policy.ASK),
    "winners_by_policy": (winners_by_policy, Policy.NOTION),
    "drafts_and_restored_deletions": (drafts_and_restored_deletions, Policy.ASK),
}


def played(name: str, kills: frozenset[Kill], *, conditional: bool = True, idempotent: bool = True) -> History:
    """The scenario with workers dying at *kills*."""
    scenario, policy = SCENARIOS[name]
    history = History(Swarm(1, policies=(policy,), conditional=conditional, idempotent=idempotent))
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
    return to in SIDES or name in ("save", "record", "put", "done")


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
        """Ten minutes with their ticks."""
        for _ in range(2):
            self.history.play(self.history.now + QUIET)
            self.history.reconcile(TICK)

    def create(self, **values: Value) -> str:
        self.people.wrote("navimpact", {}, values)
        id = self.history.platform.create(PROJECT, values, key=f"person {values}").id
        self.people.touched_record(PROJECT, id)
        return id

    def add_row(self, **values: Value) -> str:
        self.people.wrote("notion 1", {}, values)
        id = self.office.notion.by(PERSON).add_row(PROJECT, values).id
        self.people.touched_page(self.office, self.office.notion.pages[id])
        return id

    def edit_record(self, id: str, **values: Value) -> None:
        seen = self.history.platform.read(PROJECT, id)
        if isinstance(seen, Present):
            self.people.wrote("navimpact", seen.values, values)
            self.history.platform.update(PROJECT, id, values, seen=seen)
            self.people.touched_record(PROJECT, id)

    def edit_row(self, id: str, **values: Value) -> None:
        seen = self.office.notion.read(PROJECT, id)
        if isinstance(seen, Present):
            self.people.wrote("notion 1", seen.values, values)
            self.office.notion.by(PERSON).update(PROJECT, id, values, seen=seen)
            self.people.touched_page(self.office, self.office.notion.pages[id])

    def _page_of(self, id: str) -> str:
        key = f"{PROJECT}/{id}"
        return next(p.id for p in self.office.notion.pages.values() if p.key == key and not p.in_trash)

    def edit_page_of(self, id: str, **values: Value) -> None:
        self.edit_row(self._page_of(id), **values)

    def trash_page_of(self, id: str) -> None:
        self.people.trash(self.office, self.office.notion.pages[self._page_of(id)])

    def delete(self, id: str) -> None:
        self.people.delete(self.history.platform.records[PROJECT, id])

    def restore_first_page(self) -> None:
        page = next(iter(self.office.notion.pages.values()))
        if page.in_trash:
            self.office.notion.by(PERSON).restore(PROJECT, page.id)
            self.people.touched_page(self.office, page)
