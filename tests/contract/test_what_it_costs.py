"""How many requests does each operation cost Notion? Counted at the twin, from the whole core over the real adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from navsync import notion
from navsync.conductor import SLICE, Tools, conduct
from navsync.fields import SPECS
from navsync.model import EntityRef, EntityType, Lane, Present, Side, Values, Work, WorkKind, Workspace
from navsync.ports import Ledger
from tests.contract.memory import MemoryNavImpact
from tests.contract.memory_store import MemoryStore
from tests.contract.stages import LOG, PROJECT, NotionStage, Tokens, gateway

STORY = EntityType.IMPACT_STORY
RECORDS = 30


@dataclass
class Office:
    """One workspace: its Notion is the twin, over HTTP; NavImpact and the store are in memory."""

    stage: NotionStage
    offset: timedelta = timedelta()
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.ids = count(1)
        self.navimpact = MemoryNavImpact(self.clock)
        now = self.clock()
        self.store.add(Workspace(1, "n1", "Films", self.stage.bot_id or "", "org", now, now))
        self.desk = self.store.desk(1)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def wait(self, hours: int) -> None:
        """Let time pass, in the twin too."""
        self.offset += timedelta(hours=hours)
        self.stage.steer("clock", {"offset_s": self.offset.total_seconds(), "rate": 1})

    def _side(self, _workspace: Workspace, ledger: Ledger, check_time: Callable[[], None]) -> notion.NotionSide:
        to_notion = gateway(self.stage.url, Tokens(self.stage.token), clock=self.clock)
        self.stage.clients.append(to_notion.client.client)
        return notion.NotionSide(
            to_notion,
            notion.SetUp(to_notion, self.stage.bot_id or ""),
            page_of=lambda entity: getattr(ledger.of_entity(entity), "page_id", None),
            entity_of=lambda page: getattr(ledger.of_page(page), "entity", None),
            link_of=lambda ref: f"https://navimpact.example/{ref}",
            remember=self.desk.save_source,
        )

    def settle(self) -> None:
        """Work until nothing is left."""
        tools = Tools(
            desk=self.desk,
            ledger_of=self.store.ledger,
            notion_of=self._side,
            navimpact=self.navimpact,
            clock=self.clock,
            new_id=lambda: next(self.ids),
            jitter=lambda: 0.5,
        )
        for _ in range(50):
            again_at = conduct(tools, "worker", until=self.clock() + SLICE).again_at
            if again_at is None:
                return
            self.offset += max(again_at - self.clock(), timedelta())
        raise AssertionError(f"not settled: {self.store.of(1).work}")

    def put(self, kind: WorkKind, external_id: str = "", lane: Lane = Lane.LIVE) -> None:
        nonce = str(next(self.ids))
        self.desk.put(Work(lane, kind, external_id, nonce, self.clock(), nonce))

    def new(self, entity_type: EntityType, **values: object) -> str:
        """A record that somebody makes in NavImpact."""
        given: Values = values  # type: ignore[assignment]
        made = self.navimpact.create(entity_type, given, key=f"person {next(self.ids)}")
        self.put(WorkKind.ENTITY, f"{entity_type}/{made.id}")
        return made.id

    def edit(self, entity_type: EntityType, id: str, **values: object) -> None:
        """An edit in NavImpact, with its webhook."""
        seen = self.navimpact.read(entity_type, id)
        assert isinstance(seen, Present)
        self.navimpact.update(entity_type, id, values, seen=seen)  # type: ignore[arg-type]
        self.put(WorkKind.ENTITY, f"{entity_type}/{id}")

    def page_of(self, entity_type: EntityType, id: str) -> str:
        return str(self.store.of(1).mappings[self.store.of(1).pairs[EntityRef(entity_type, id)]].page_id)

    def retitle(self, page: str, title: str) -> None:
        """An edit in Notion, with its webhook."""
        self.stage.by_hand(
            "PATCH", f"pages/{page}", {"properties": {"title": {"title": [{"text": {"content": title}}]}}}
        )
        self.put(WorkKind.PAGE, f"{PROJECT}/{page}")

    def cost(self) -> list[str]:
        """The requests of all that is waiting to be done."""
        before = len(self.stage.requests())
        self.settle()
        return [f"{method} {path.removeprefix('/v1/')}" for method, path in self.stage.requests()[before:]]


@pytest.fixture
def office(notion: NotionStage) -> Iterator[Office]:
    office = Office(notion)
    office.put(WorkKind.SETUP)
    office.settle()
    yield office
    notion.steer("clock", {"offset_s": 0, "rate": 1})


@pytest.fixture
def project(office: Office) -> str:
    id = office.new(PROJECT, title="Reef")
    office.settle()
    return id


def test_a_new_record_costs_one_request(office: Office) -> None:
    office.new(PROJECT, title="Reef", description="Below the surface")

    assert len(office.cost()) == 1


def test_a_look_that_finds_nothing_new_in_notion_costs_one_request(office: Office, project: str) -> None:
    office.put(WorkKind.PAGE, f"{PROJECT}/{office.page_of(PROJECT, project)}")

    assert len(office.cost()) == 1


def test_news_of_navimpact_that_are_no_news_cost_nothing(office: Office, project: str) -> None:
    office.put(WorkKind.ENTITY, f"{PROJECT}/{project}")

    assert office.cost() == []


@pytest.mark.parametrize("side", Side)
def test_an_edit_on_one_side_costs_two_requests_at_most(office: Office, project: str, side: Side) -> None:
    if side is Side.NAVIMPACT:
        office.edit(PROJECT, project, title="Reefs")
    else:
        office.retitle(office.page_of(PROJECT, project), "Reefs")

    assert len(office.cost()) <= 2


def test_edits_of_different_fields_on_both_sides_cost_three_requests_at_most(office: Office, project: str) -> None:
    office.retitle(office.page_of(PROJECT, project), "Reefs")
    office.edit(PROJECT, project, description="Deeper")

    assert len(office.cost()) <= 3


def test_a_body_adds_one_read_and_one_write(office: Office, project: str) -> None:
    story = office.new(STORY, title="Fishers", description="One.\n\nTwo.", project=(project,))
    office.settle()
    office.edit(STORY, story, description="One.\n\nTwo, and more.")

    cost = office.cost()

    assert sorted(call.partition(" ")[0] for call in cost) == ["GET", "GET", "PATCH"]
    assert sum("markdown" in call for call in cost) == 2


def test_a_first_sync_costs_a_request_for_each_record_and_few_more(office: Office) -> None:
    for n in range(RECORDS):
        office.new(PROJECT, title=f"P{n}")
    office.store.of(1).work.clear()
    office.put(WorkKind.SETUP)

    assert len(office.cost()) <= RECORDS + RECORDS / 100 + 10


@pytest.mark.parametrize("records", [3, RECORDS])
def test_a_reconcile_that_finds_nothing_costs_one_request_for_each_database(office: Office, records: int) -> None:
    project = office.new(PROJECT, title="P")
    for n in range(records):
        office.new(LOG, channel="cinema", notes=f"{n}", project=(project,))
    office.new(STORY, title="Fishers", description="Words", project=(project,))
    office.settle()
    for _ in range(2):  # the first comes upon what is younger than Notion's minute, and both walk through old rows
        office.wait(hours=1)
        office.put(WorkKind.SWEEP, lane=Lane.SWEEP)
        office.settle()

    office.put(WorkKind.SWEEP, lane=Lane.SWEEP)

    assert len(office.cost()) == len(SPECS)
