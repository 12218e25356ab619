"""What does NavImpact do when a record is created, changed or deleted?"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from standardwebhooks import Webhook

from local.twins.control import Clock, Outbox
from local.twins.navimpact.records import MEDIA_PROJECT, Entity, Record, iso
from local.twins.navimpact.store import Event, Store

RETRY_AFTER_S = (5, 30, 120, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Twin seconds between the attempts of a webhook: about three days in all."""

Verb = Literal["created", "updated", "deleted"]


@dataclass(eq=False)
class Problem(Exception):  # an answer for the caller, not a failure of the twin
    """The platform refuses a call; *loc* names the part of the request that is at fault."""

    status: int
    error: str
    type: str
    loc: tuple[str | int, ...] = ()


class Platform:
    """NavImpact's rules over its store; every change is told to the receiver of webhooks.

    A change and the events it causes are committed together before the call is answered, so neither a crash
    nor a restart loses one without the other.
    """

    def __init__(self, *, store: Store, clock: Clock, outbox: Outbox, secrets: Iterable[str]) -> None:
        self.store = store
        self._clock = clock
        self._outbox = outbox
        self._signers = [Webhook(secret) for secret in secrets]

    def fill(self, records: Iterable[Record]) -> None:
        """Replace everything with *records*, whose ids count from 1 for each entity.

        Nobody is told: they were there before anybody listened.
        """
        with self.store.writing():
            self.store.clear()
            for record in records:
                self.store.next_id(record.entity)
                self.store.put(record)

    def tell_what_is_left(self) -> None:
        """Deliver the events that an earlier run recorded and did not get delivered."""
        for event in self.store.events():
            self._deliver(event)

    def read(self, entity: Entity, id_: int) -> Record:
        """The record.

        Raises:
            Problem: 404.
        """
        record = self.store.get(entity, id_) if id_ < 2**63 else None
        if record is None:
            raise Problem(404, f"{entity.name} {id_} not found", "not_found", ("path", "id"))
        return record

    def create(self, entity: Entity, body: Mapping[str, Any], key: str | None) -> tuple[Record, bool]:
        """Make a record, or repeat what *key* made, and say whether it was repeated.

        Raises:
            ValidationError: a field is missing, unknown or illegal.
            Problem: 422, because the key was used for another request or the project does not exist.
        """
        request = _fingerprint(entity, body)
        if key is not None and (earlier := self.store.answer(key)) is not None:
            return _same_answer(earlier, request), True
        fields = self._clean(entity, body)
        now = iso(self._clock.now())
        with self.store.writing():
            record = Record(entity, self.store.next_id(entity), fields, now, now)
            self.store.put(record)
            if key is not None:
                self.store.remember_answer(key, request, record)
            events = self._record_events("created", [record])
        self._deliver_all(events)
        return record, False

    def update(self, record: Record, changes: Mapping[str, Any]) -> Record:
        """Change only the named fields; what changes nothing moves no time and tells nobody.

        Raises:
            ValidationError: a field is unknown or illegal, or a required one is cleared.
            Problem: 422, because the project does not exist.
        """
        fields = self._clean(record.entity, {**record.fields, **changes})
        if fields == record.fields:
            return record
        changed = Record(record.entity, record.id, fields, record.created_at, self._later_than(record.updated_at))
        with self.store.writing():
            self.store.put(changed)
            events = self._record_events("updated", [changed])
        self._deliver_all(events)
        return changed

    def delete(self, record: Record) -> None:
        """Remove a record; a project's children go with it, and each is told of."""
        children = self.store.children(record.id) if record.entity is MEDIA_PROJECT else []
        gone = [*children, record]
        with self.store.writing():
            for one in gone:
                self.store.remove(one)
            events = self._record_events("deleted", gone)
        self._deliver_all(events)

    def _clean(self, entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = entity.clean(values)
        parent = fields.get("media_project_id")
        if parent is not None and self.store.get(MEDIA_PROJECT, parent) is None:
            raise Problem(422, f"media_project {parent} not found", "foreign_key", ("body", "media_project_id"))
        return fields

    def _later_than(self, moment: str) -> str:
        """Now, or just after *moment* when the twin's clock was turned back: updated_at only grows."""
        after = datetime.fromisoformat(moment) + timedelta(microseconds=1)
        return iso(max(self._clock.now(), after))

    def _record_events(self, verb: Verb, records: Iterable[Record]) -> list[Event]:
        events = [_event(verb, record, self._clock.now()) for record in records]
        self.store.add_events(events)
        return events

    def _deliver_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        self._outbox.put(
            body_for=lambda _attempt: event.body,
            headers_for=lambda _attempt: self._headers(event),
            not_before=0,
            retries=RETRY_AFTER_S,
            on_done=lambda _delivered: self.store.forget_event(event.id),
        )

    def _headers(self, event: Event) -> dict[str, str]:
        """Signed with real time, which the receiver's tolerance is about, however the twin's clock was moved."""
        seconds = int(time.time())
        moment, text = datetime.fromtimestamp(seconds, UTC), event.body.decode()
        return {
            "content-type": "application/json",
            "user-agent": "NavImpact-Webhooks/1.0",
            "webhook-id": event.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(signer.sign(event.id, moment, text) for signer in self._signers),
        }


def _same_answer(earlier: tuple[str, Record], request: str) -> Record:
    asked, record = earlier
    if asked != request:
        error = "this Idempotency-Key was used for another request; use a new key for each new record"
        raise Problem(422, error, "idempotency_key_reused", ("header", "Idempotency-Key"))
    return record


def _fingerprint(entity: Entity, body: Mapping[str, Any]) -> str:
    shown = json.dumps([entity.name, body], sort_keys=True, default=str).encode()
    return hashlib.sha256(shown).hexdigest()


def _event(verb: Verb, record: Record, moment: datetime) -> Event:
    about = {
        "entity_type": record.entity.name,
        "entity_id": record.id,
        "media_project_id": record.media_project_id,
    }
    body = {"type": f"{record.entity.name}.{verb}", "timestamp": iso(moment), "data": about}
    return Event(f"msg_{uuid4().hex}", json.dumps(body, separators=(",", ":")).encode())
