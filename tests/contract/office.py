"""The whole core between the Notion twin, over HTTP, and everything else in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from navsync import notion, pairing
from navsync.conductor import SLICE, Slice, Tools, conduct
from navsync.fields import SPECS
from navsync.model import EntityRef, EntityType, Lane, Mapping, Present, Settings, Values, Work, WorkKind, Workspace
from navsync.ports import Ledger
from tests.contract.memory import MemoryNavImpact
from tests.contract.memory_store import MemoryStore
from tests.contract.stages import PROJECT, NotionStage, Tokens, gateway


@dataclass
class Office:
    """One workspace: its Notion is the twin, over HTTP; NavImpact and the store are in memory."""

    stage: NotionStage
    offset: timedelta = timedelta()
    store: MemoryStore = field(default_factory=MemoryStore)
    settings: Settings = field(default_factory=Settings)
    entity_types: tuple[EntityType, ...] = tuple(SPECS)
    sister: Office | None = None
    """Another workspace of the same deployment, which holds records of the same NavImpact."""

    def __post_init__(self) -> None:
        self.ids, self.id, self.navimpact = count(1), 1, MemoryNavImpact(self.clock)
        if self.sister is not None:
            self.id, self.navimpact, self.store = self.sister.id + 1, self.sister.navimpact, self.sister.store
        now = self.clock()
        bot = self.stage.bot_id or ""
        self.store.add(Workspace(self.id, "n1", "Films", bot, "org", now, now, settings=self.settings))
        self.desk = self.store.desk(self.id)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def wait(self, hours: int) -> None:
        """Let time pass, in the twin too."""
        self.offset += timedelta(hours=hours)
        self.stage.steer("clock", {"offset_s": self.offset.total_seconds(), "rate": 1})

    def _side(self, workspace: Workspace, ledger: Ledger, check_time: Callable[[], None]) -> notion.NotionSide:
        to_notion = gateway(self.stage.url, Tokens(self.stage.token), clock=self.clock)
        self.stage.clients.append(to_notion.client.client)
        return notion.NotionSide(
            to_notion,
            notion.SetUp(to_notion, self.stage.bot_id or "", names=workspace.settings.properties),
            page_of=lambda entity: getattr(ledger.of_entity(entity), "page_id", None),
            entity_of=partial(pairing.entity_of, ledger),
            link_of=lambda ref: f"https://navimpact.example/{ref}",
            remember=self.desk.save_source,
        )

    def slice(self) -> Slice:
        """One invocation of the worker."""
        tools = Tools(
            desk=self.desk,
            ledger_of=self.store.ledger,
            notion_of=self._side,
            navimpact=self.navimpact,
            clock=self.clock,
            new_id=lambda: next(self.ids),
            jitter=lambda: 0.5,
            entity_types=self.entity_types,
        )
        return conduct(tools, "worker", until=self.clock() + SLICE)

    def settle(self) -> None:
        """Work until nothing is left."""
        for _ in range(50):
            again_at = self.slice().again_at
            if again_at is None:
                return
            self.offset += max(again_at - self.clock(), timedelta())
        raise AssertionError(f"not settled: {self.store.of(self.id).work}")

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
        return str(self.mapping_of(entity_type, id).page_id)

    def mapping_of(self, entity_type: EntityType, id: str) -> Mapping:
        kept = self.store.of(self.id)
        return kept.mappings[kept.pairs[EntityRef(entity_type, id)]]

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
