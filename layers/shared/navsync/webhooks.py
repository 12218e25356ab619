"""Signed request → what to look at."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from navsync.errors import SyncError
from navsync.fields import SPECS, Kind
from navsync.model import DataSource, Edit, EntityRef, EntityType

LARGEST = 256 * 1024
"""Bytes of a body that is looked at; Standard Webhooks asks for less than 20 kB, Notion sends about 1 kB."""


OLDEST = timedelta(hours=48)
SKEW = timedelta(minutes=5)


class Rejected(SyncError):
    """The request is not taken. *status* is its HTTP answer."""

    status = 400
    code = "malformed"


class TooLarge(Rejected):
    """The body is larger than any real one; it is not even hashed."""

    status = 413
    code = "too_large"


class Unsigned(Rejected):
    """Missing, wrong or stale signature."""

    status = 401
    code = "bad_signature"


@dataclass(frozen=True, slots=True)
class NotionEvent:
    """Something in a Notion workspace that may have changed."""

    type: str
    notion_workspace_id: str
    bots: tuple[str, ...]
    """Bots of this connection that can see it: the routing key. Empty for an internal connection."""
    authors: tuple[str, ...]
    page_id: str | None
    data_source_id: str | None
    at: datetime
    people: tuple[str, ...] = ()
    """Those of *authors* who are people, not bots."""
    properties: tuple[str, ...] = ()
    """Ids of the properties that were edited, or of the columns that were changed, encoded as the API gives them."""

    def is_echo_of(self, bot_id: str) -> bool:
        """Whether nobody but *bot_id* had a part in it."""
        return bool(self.authors) and all(author == bot_id for author in self.authors)


@dataclass(frozen=True, slots=True)
class NavImpactEvent:
    """A record in NavImpact that may have changed, and when."""

    entity: EntityRef
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """Notion's first request to a new subscription: the token that later signatures are made with."""

    token: str


def navimpact_event(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> NavImpactEvent | None:
    """The record that may have changed, by a Standard Webhooks request signed with one of *secrets*.

    None: a type that is not synced.
    """
    _check_size(body)
    _check_standard_signature(body, headers, secrets)
    event = _parse(_NavImpactBody, body)
    kind, _, verb = event.type.rpartition(".")
    if verb not in {"created", "updated", "deleted"} or kind not in set(EntityType):
        return None
    return NavImpactEvent(EntityRef(EntityType(kind), str(event.data.entity_id)), _moment(event.timestamp))


def notion_event(body: bytes, signature: str, token: str | None, *, now: datetime) -> NotionEvent | Handshake:
    """Check a Notion request and read it.

    A handshake is signed with the very token it carries, so it proves nothing: whether to believe it is the caller's
    decision (only while the operator has armed it). Everything else must be signed with *token*.
    """
    _check_size(body)
    offered = _handshake(body)
    if offered is not None:
        return offered
    if token is None or not _signed(body, signature, token):
        raise Unsigned("the signature does not match the verification token")
    content = _parse(_NotionBody, body)
    if not now - OLDEST <= content.timestamp <= now + SKEW:
        raise Unsigned("the event is from another day: Notion repeats a delivery for about 24 hours")
    return _notion_event(content)


def is_page_event(event: NotionEvent) -> bool:
    """Whether the page it names is worth a look: locks and comments change no field."""
    return event.page_id is not None and event.type.startswith("page.") and event.type not in _NOTHING_TO_READ


def edit_of(event: NotionEvent, source: DataSource, *, by: str | None) -> Edit | None:
    """The person's edit that *event* tells of, as fields of ours; None where no person had a part in it."""
    if not event.people:
        return None
    if event.type == "page.content_updated":
        return Edit(event.at, tuple(f.name for f in SPECS[source.entity_type].fields if f.kind is Kind.BODY), by)
    return Edit(event.at, tuple(name for name, known in source.properties.items() if known.id in event.properties), by)


def columns_of(event: NotionEvent, source: DataSource) -> list[str]:
    """Our fields whose columns the event of a schema names, in whatever way they were changed."""
    fields = (f.name for f in SPECS[source.entity_type].fields if f.name in source.properties)
    return [name for name in fields if source.properties[name].id in event.properties]


_NOTHING_TO_READ = {"page.locked", "page.unlocked"}


def _check_size(body: bytes) -> None:
    if len(body) > LARGEST:
        raise TooLarge(f"the body is larger than {LARGEST} bytes")


def _check_standard_signature(body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> None:
    wanted = {name.lower(): value for name, value in headers.items()}
    for secret in secrets:
        try:
            Webhook(secret).verify(body, wanted, json_parse=False)
        except (WebhookVerificationError, EmptyWebhookSecretError, ValueError, OverflowError, OSError):
            continue  # the last three: a body or a header that no honest sender makes
        return
    raise Unsigned("no signature matches, or its time is more than 5 minutes off")


def _signed(body: bytes, signature: str, token: str) -> bool:
    expected = b"sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, signature.encode("utf-8", "surrogatepass"))  # bytes: str may hold non-ASCII


def _handshake(body: bytes) -> Handshake | None:
    if len(body) > 1024 or b"verification_token" not in body:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    match content:
        case {"verification_token": str(token), **rest} if token and not rest:
            return Handshake(token)
        case _:
            return None


def _notion_event(body: _NotionBody) -> NotionEvent:
    return NotionEvent(
        type=body.type,
        notion_workspace_id=body.workspace_id,
        bots=tuple(seer.id for seer in body.accessible_by if seer.type == "bot"),
        authors=tuple(author.id for author in body.authors),
        page_id=body.entity.id if body.entity.type == "page" else None,
        data_source_id=body.entity.id if body.entity.type == "data_source" else _parent(body.data),
        at=body.timestamp,
        people=tuple(author.id for author in body.authors if author.type == "person"),
        properties=tuple(_property_ids(body.data.get("updated_properties"))),
    )


def _moment(written: Any) -> datetime | None:
    """A time that only figures are made of: one that cannot be read is none, and the event is taken all the same."""
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def _property_ids(found: Any) -> Iterable[str]:
    """An event of a page lists bare ids; one of a schema lists columns, each with its id and what was done to it."""
    listed = found if isinstance(found, list) else ()
    ids = (each.get("id") if isinstance(each, dict) else each for each in listed)
    return (id for id in ids if isinstance(id, str))


def _parent(data: Mapping[str, Any]) -> str | None:
    parent = data.get("parent")
    found = parent.get("data_source_id") if isinstance(parent, Mapping) else None
    return found if isinstance(found, str) else None


def _parse[Body: BaseModel](shape: type[Body], body: bytes) -> Body:
    try:
        return shape.model_validate_json(body)
    except (ValidationError, ValueError, RecursionError) as error:
        raise Rejected("the body is not a webhook of the expected shape") from error


class _NavImpactData(BaseModel):
    entity_type: str
    entity_id: int


class _NavImpactBody(BaseModel):
    type: str
    timestamp: Any = None
    data: _NavImpactData


class _Who(BaseModel):
    id: str
    type: str = ""


class _NotionBody(BaseModel):
    type: str
    timestamp: AwareDatetime
    workspace_id: str
    authors: list[_Who] = Field(default_factory=list)
    accessible_by: list[_Who] = Field(default_factory=list)
    entity: _Who
    data: dict[str, Any] = Field(default_factory=dict)
