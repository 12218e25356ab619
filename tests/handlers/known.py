"""What the operator of the stack under test knows, and who calls it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from local.twins.notion import Config
from navsync.foresight import Preview
from navsync.model import (
    Change,
    Conflict,
    Connection,
    DataSource,
    EntityType,
    Operation,
    Outcome,
    Settings,
    Side,
    State,
    SyncLog,
    Workspace,
)
from navsync.model import Mapping as Pairing
from tests.handlers.deployed import Cloud
from tests.template.loading import TEMPLATE

NOTION = Config(plan="business")
SERVICE_TOKEN = "navimpact-service-token"
JWT_SECRET = "a-secret-of-more-than-thirty-two-bytes"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VERIFICATION_TOKEN = "secret_notion-signs-with-this"

SECRET_VALUES: Mapping[str, Mapping[str, str | None]] = {
    "NotionOAuthSecret": {"client_secret": NOTION.client_secret},
    "SigningSecret": {
        "jwt_secret": JWT_SECRET,
        "navimpact_webhook_secret": WEBHOOK_SECRET,
        "navimpact_token": SERVICE_TOKEN,
    },
    "NotionWebhookSecret": {"verification_token": VERIFICATION_TOKEN, "armed_until": None},
}

EVENTS = TEMPLATE.parent / "events"
LONG_PAST = datetime(2026, 1, 1, tzinfo=UTC)
IN_A_YEAR = datetime.now(UTC) + timedelta(days=365)

W = 890958881634543
"""The workspace of the captured events."""
BOT = "7775f3a3-893f-43fa-b625-460c61094c78"
NOTION_WORKSPACE = "231674b6-2cc1-46bc-b742-c5c9fe4b9c73"
DATA_SOURCE = "6de65785-6a00-4fd3-aa32-667b742e1c45"
MAPPING = 890958881634560
LOG = 890958881634561
PREVIEW = 890958881634700
PAGE = "393abc1e-edcd-81b2-9f61-396fde1491e6"


def captured(name: str) -> dict[str, Any]:
    """An event as it came, from events/."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def who(subject: str = "ana", role: str = "admin", org: str = "reef", **more: Any) -> dict[str, Any]:
    """What the authorizer says of a caller."""
    return {"subject": subject, "role": role, "org": org, "expires_at": int(IN_A_YEAR.timestamp())} | more


def request(
    name: str,
    by: Mapping[str, Any] | None = None,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    **path: object,
) -> dict[str, Any]:
    """The captured request *name*, with another caller, query, JSON body or path parameter."""
    event = captured(name)
    if by is not None and "authorizer" in event["requestContext"]:
        event["requestContext"]["authorizer"] = {"lambda": dict(by)}
    if query is not None:
        texts = {key: str(value) for key, value in query.items()}
        event |= {"rawQueryString": urlencode(texts), "queryStringParameters": texts}
    for parameter, value in path.items():
        _at(event, event["pathParameters"][parameter], str(value))
        event["pathParameters"][parameter] = str(value)
    return event if body is None else event | {"body": json.dumps(body)}


def _at(event: dict[str, Any], old: str, new: str) -> None:
    path = event["rawPath"].replace(f"/{old}", f"/{new}")
    event["rawPath"] = event["requestContext"]["http"]["path"] = path


def by_nobody(event: dict[str, Any]) -> dict[str, Any]:
    """*event* as it would come if the route had been left open by mistake."""
    event["requestContext"].pop("authorizer", None)
    return event


def a_workspace(cloud: Cloud, id: int = W, **changes: Any) -> Workspace:
    """Connect a workspace without Notion's part in it."""
    fields: dict[str, Any] = {
        "notion_workspace_id": NOTION_WORKSPACE,
        "name": "Impact Films",
        "bot_id": BOT,
        "org": "reef",
        "created_at": LONG_PAST,
        "updated_at": LONG_PAST,
        "members": {"ana": "admin"},
    }
    connection = changes.pop("connection", Connection.CONNECTED)
    made = cloud.store.directory.create_workspace(Workspace(id=id, **fields | changes, connection=connection))
    properties: dict[str, Any] = {}
    cloud.store.desk(id).save_source(DataSource(EntityType.MEDIA_PROJECT, "db-1", DATA_SOURCE, properties))
    return made


def something_to_decide(cloud: Cloud, id: int = W) -> None:
    """A record in conflict whose deletion waits, a row that can be undone, a preview: what captured calls are about."""
    lease = cloud.store.desk(id).acquire("somebody", now=LONG_PAST, until=LONG_PAST + timedelta(minutes=1))
    assert lease is not None
    plain = Pairing(MAPPING, id, EntityType.MEDIA_PROJECT, "4", PAGE, LONG_PAST, last_sync_at=LONG_PAST)
    clash = Conflict("title", "Reef", "Reef Film", "The Reef")
    change = Change("title", Side.NOTION, "Reef", "The Reef", rule="changed on navimpact")
    row = SyncLog(
        LOG, id, datetime.now(UTC), "run-1", Operation.UPDATE, Outcome.SUCCESS, Side.NOTION, EntityType.MEDIA_PROJECT,
        "4", PAGE, MAPPING, changes=(change,),
    )  # fmt: skip
    waiting = plain.but(state=State.AWAITING_APPROVAL, conflicts=(clash,))
    cloud.store.ledger(lease).save(waiting, row)
    cloud.store.desk(id).previews().save(Preview(PREVIEW, id, LONG_PAST, Settings()))
    cloud.store.desk(id).release(lease)
