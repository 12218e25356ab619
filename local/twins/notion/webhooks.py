"""Which webhooks follow from a change, when, and how are they signed?"""

import asyncio
import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from local.twins.control import Clock, Outbox, WebhookSettings
from local.twins.notion import ids
from local.twins.notion.records import (
    Block,
    Bot,
    Comment,
    Database,
    DataSource,
    Page,
    Subscription,
    Token,
    UserRef,
    View,
    Workspace,
)
from local.twins.notion.wire import JsonArray, JsonObject
from local.twins.notion.world import Changed, Told, World

HOLD_S: Final = 60.0
"""How long events are held to be merged, before the switch scales it."""
IMMEDIATE: Final = frozenset({
    "page.created", "page.locked", "page.unlocked", "comment.created", "comment.updated", "comment.deleted",
    "view.created", "view.updated", "view.deleted",
})  # fmt: skip
OPPOSITE: Final = {
    "page.deleted": "page.undeleted", "page.undeleted": "page.deleted",
    "database.deleted": "database.undeleted", "database.undeleted": "database.deleted",
    "data_source.deleted": "data_source.undeleted", "data_source.undeleted": "data_source.deleted",
}  # fmt: skip
_LONGEST_NAP_S: Final = 30.0


def signature(token: str, body: bytes) -> str:
    """The value of X-Notion-Signature."""
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class _Held:
    """Changes of one type to one thing, waiting to go out as one event at *due* (twin time)."""

    change: Changed
    authors: tuple[UserRef, ...]
    due: float

    @property
    def key(self) -> tuple[str, str]:
        return self.change.type, self.change.entity.id

    def merged(self, later: "_Held") -> "_Held":
        """Both as one, told as of the later one."""
        change = replace(
            later.change,
            properties=tuple(dict.fromkeys((*self.change.properties, *later.change.properties))),
            blocks=tuple(dict.fromkeys((*self.change.blocks, *later.change.blocks))),
            columns=(*self.change.columns, *later.change.columns),
        )
        return _Held(change, tuple(dict.fromkeys((*self.authors, *later.authors))), self.due)


@dataclass
class Webhooks:
    """Turns changes into deliveries; what is held is forgotten with the process, as Notion may lose events too."""

    world: World
    clock: Clock
    outbox: Outbox
    settings: WebhookSettings
    _held: dict[tuple[str, str], _Held] = field(default_factory=dict)
    _quiet_until: dict[str, float] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def held(self) -> int:
        """How many merged events wait for their moment."""
        return len(self._held)

    def publish(self, changes: list[Changed]) -> None:
        """Take note of what a successful request changed."""
        if not self._subscriptions():
            return
        echoes = self.world.switches.own_writes_are_told
        for change in (change for change in changes if echoes or change.author.kind == "person"):
            self._take(change)
        self.send_due()
        self._wake.set()

    def send_due(self) -> None:
        """Hand over everything whose moment has come."""
        now = self.clock.monotonic()
        for held in [held for held in self._held.values() if held.due <= now]:
            del self._held[held.key]
            self._send(held)

    def clear(self) -> None:
        """Forget what is held."""
        self._held.clear()
        self._quiet_until.clear()

    async def run(self) -> None:
        """Send what falls due, until cancelled."""
        self.clock.on_change(self._wake.set)
        while True:
            self._wake.clear()
            self.send_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._nap())

    def _nap(self) -> float:
        if not self._held:
            return _LONGEST_NAP_S
        wait = min(held.due for held in self._held.values()) - self.clock.monotonic()
        return min(_LONGEST_NAP_S, max(0.0, self.clock.real_seconds(wait)))

    def _take(self, change: Changed) -> None:
        if self._cancelled(change):
            return
        held = _Held(change, (change.author,), self._due(change))
        before = self._held.get(held.key)
        self._held[held.key] = before.merged(held) if before else held

    def _cancelled(self, change: Changed) -> bool:
        """Whether this undoes something that nobody has been told yet, so that nobody need be told."""
        entity_id = change.entity.id
        untold = ("page.created", entity_id)
        if change.type == "page.deleted" and untold in self._held:
            del self._held[untold]
            self._held.pop(("page.properties_updated", entity_id), None)
            return True
        undone = self._held.pop((OPPOSITE.get(change.type, ""), entity_id), None)
        # Notion does not say what becomes of two authors' undoing of each other; the later may not know of the earlier
        return undone is not None and undone.authors == (change.author,)

    def _due(self, change: Changed) -> float:
        now, hold = self.clock.monotonic(), HOLD_S * self.world.switches.merge_scale
        soon = now + self.world.switches.event_latency_s
        if change.type in IMMEDIATE:
            return soon
        if change.type != "page.properties_updated":
            return now + hold
        quiet_until = self._quiet_until.get(change.entity.id, now)
        if now < quiet_until:
            return quiet_until
        self._quiet_until[change.entity.id] = now + hold
        return soon

    def _send(self, held: _Held) -> None:
        if seers := self._accessible_by(held.change.entity):
            for subscription in self._subscriptions():
                self._deliver(self._payload(held, subscription, seers), subscription)

    def _deliver(self, event: JsonObject, to: Subscription) -> None:
        def body(attempt: int) -> bytes:
            numbered = event | {"attempt_number": attempt + 1}
            return json.dumps(numbered, ensure_ascii=False, separators=(",", ":")).encode()

        def headers(attempt: int) -> dict[str, str]:
            return {"content-type": "application/json", "x-notion-signature": signature(to.token, body(attempt))}

        self.outbox.put(
            body_for=body,
            headers_for=headers,
            not_before=0,
            retries=self.world.switches.webhook_retries_s,
            url=to.url,
            answer_within_s=self.world.switches.webhook_answer_within_s,
        )

    def _payload(self, held: _Held, subscription: Subscription, seers: JsonArray) -> JsonObject:
        change = held.change
        workspace = self.world.store.get(Workspace, change.entity.workspace_id)
        return {
            "id": str(uuid4()),
            "timestamp": ids.event_time(change.at),
            "workspace_id": change.entity.workspace_id,
            "workspace_name": workspace.name if workspace else "",
            "subscription_id": subscription.id,
            "integration_id": integration_id(self.world.config.client_id),
            "type": change.type,
            "authors": [{"id": author.id, "type": author.kind} for author in held.authors],
            "accessible_by": seers,
            "attempt_number": 1,
            "api_version": subscription.api_version,
            "entity": {"id": change.entity.id, "type": _entity_type(change.entity)},
            "data": {"parent": self._parent(change.entity)} | self._details(change),
        }

    def _parent(self, entity: Told) -> JsonObject:
        match self.world.container(entity):
            case None:
                return {"id": entity.workspace_id, "type": "space"}
            case Page() as page:
                return {"id": page.id, "type": "page"}
            case Block() as block:
                return {"id": block.id, "type": "block"}
            case Database() as database:
                return {"id": database.id, "type": "database"}
            case DataSource() as source:
                return {"id": source.database_id, "type": "database", "data_source_id": source.id}

    def _details(self, change: Changed) -> JsonObject:
        if change.type == "page.properties_updated":
            return {"updated_properties": list(change.properties)}
        if change.type == "data_source.schema_updated":
            return {"updated_properties": list(change.columns)}
        if change.type.endswith(".content_updated"):
            return {"updated_blocks": [{"id": block, "type": self._block_type(block)} for block in change.blocks]}
        if isinstance(change.entity, Comment):
            return {"page_id": self._page_of(change.entity)}
        if change.type == "view.updated":
            return {"updated_fields": list(change.properties)}
        if isinstance(change.entity, View) and change.type == "view.created":
            return {"view_type": change.entity.type}
        return {}

    def _block_type(self, identifier: str) -> str:
        match self.world.child(identifier):
            case Page():
                return "page"
            case Database():
                return "database"
            case _:
                return "block"

    def _accessible_by(self, entity: Told) -> JsonArray:
        """Who of the connection can see the thing: its bots with a living token, and those who authorized them."""
        store = self.world.store
        living = {token.bot_id for token in store.all(Token)}
        bots = [bot for bot in store.all(Bot) if bot.id in living and self._may_know(bot, entity)]
        people = dict.fromkeys(bot.owner_id for bot in bots if bot.owner_id)
        persons = [{"id": person_id, "type": "person"} for person_id in people]
        return persons + [{"id": bot.id, "type": "bot"} for bot in bots]

    def _may_know(self, bot: Bot, entity: Told) -> bool:
        if not isinstance(entity, Comment | View):
            return self.world.sees(bot, entity)
        place = self.world.container(entity)
        may = isinstance(entity, View) or bot.may("read_comment")
        return may and place is not None and self.world.sees(bot, place)

    def _page_of(self, comment: Comment) -> str | None:
        place = self.world.container(comment)
        page = self.world.home(place) if isinstance(place, Block) else place
        return page.id if page else None

    def _subscriptions(self) -> list[Subscription]:
        return [one for one in self.world.store.all(Subscription) if one.state == "active"]


def integration_id(client_id: str) -> str:
    """The connection's id in payloads: its client id, which Notion makes a UUID."""
    return ids.parse(client_id) or str(uuid5(NAMESPACE_URL, client_id))


def _entity_type(entity: Told) -> str:
    match entity:
        case Page():
            return "page"
        case Database():
            return "database"
        case DataSource():
            return "data_source"
        case Comment():
            return "comment"
        case View():
            return "view"
