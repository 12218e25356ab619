"""Webhooks of both sides: what is taken puts one row of work and one wake; what is not changes nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from navsync.model import KEY_FIELD, EntityType, Lane, Property, WorkKind
from navsync.webhooks import LARGEST
from tests.handlers.deployed import Answer, Cloud, Function
from tests.handlers.known import (
    BOT,
    PAGE,
    VERIFICATION_TOKEN,
    WEBHOOK_SECRET,
    W,
    a_workspace,
    captured,
    request,
    who,
)

OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
type Event = dict[str, Any]


def by_navimpact(body: bytes | None = None, *, secret: str = WEBHOOK_SECRET, at: datetime | None = None) -> Event:
    """The captured delivery, signed now."""
    event = captured("webhook_navimpact")
    at, sent = at or datetime.now(UTC), event["body"].encode() if body is None else body
    stamp = str(int(at.timestamp()))
    # the library signs text only, and not every body here is some
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), b"msg_1." + stamp.encode() + b"." + sent, "sha256")
    signature = f"v1,{base64.b64encode(mac.digest()).decode()}"
    event["headers"] |= {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    return _carrying(event, sent)


def by_notion(body: bytes | None = None, *, token: str = VERIFICATION_TOKEN, **changes: Any) -> Event:
    """The captured delivery of a person's edit, of now, signed."""
    event = captured("webhook_notion")
    now = {"timestamp": datetime.now(UTC).isoformat()}
    sent = json.dumps(json.loads(event["body"]) | now | changes).encode() if body is None else body
    event["headers"]["x-notion-signature"] = f"sha256={hmac.new(token.encode(), sent, hashlib.sha256).hexdigest()}"
    return _carrying(event, sent)


def _carrying(event: Event, body: bytes) -> Event:
    """As API Gateway hands bytes over: text as it is, the rest as base64."""
    try:
        return event | {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def sent_to(cloud: Cloud, event: Event) -> Answer:
    return cloud["sync_trigger"].answer(event)


SENDERS: dict[str, Callable[[bytes], Event]] = {"navimpact": by_navimpact, "notion": by_notion}
EITHER = pytest.mark.parametrize("sender", SENDERS)


@pytest.fixture
def connected(cloud: Cloud) -> Cloud:
    """A stack with one connected workspace."""
    a_workspace(cloud)
    return cloud


@pytest.fixture
def unmoved(connected: Cloud) -> Callable[[], bool]:
    """Whether nothing has been written or sent since the workspace was connected."""
    before, secret = connected.items(), connected.secret("NotionWebhookSecret")

    def check() -> bool:
        unwritten = connected.items() == before and connected.secret("NotionWebhookSecret") == secret
        return unwritten and not connected.wakes() and not connected.delayed()

    return check


# --- taken -----------------------------------------------------------------------------------------------------------


def test_the_signer_here_signs_as_standard_webhooks_do() -> None:
    event = by_navimpact()

    Webhook(WEBHOOK_SECRET).verify(event["body"], event["headers"])


def test_a_changed_navimpact_record_is_to_be_looked_at(connected: Cloud) -> None:
    answer = sent_to(connected, by_navimpact())

    (work,) = connected.work(W)
    assert answer.status == 202
    assert (work.lane, work.kind, work.external_id) == (Lane.LIVE, WorkKind.ENTITY, "media_project/1")


def test_an_edited_page_is_to_be_looked_at(connected: Cloud) -> None:
    answer = sent_to(connected, by_notion())

    (work,) = connected.work(W)
    assert answer.status == 202
    assert (work.lane, work.kind, work.external_id) == (Lane.LIVE, WorkKind.PAGE, f"media_project/{PAGE}")


def test_work_names_the_person_whose_edit_it_was(connected: Cloud) -> None:
    sent_to(connected, by_notion())

    (work,) = connected.work(W)
    assert work.actor == json.loads(captured("webhook_notion")["body"])["authors"][0]["id"]


@pytest.mark.parametrize("event", [by_navimpact, by_notion])
def test_a_webhook_wakes_its_workspace_once(connected: Cloud, event: Callable[[], Event]) -> None:
    epoch = connected.store.desk(W).raise_epoch()

    sent_to(connected, event())

    (wake,) = connected.wakes()
    assert json.loads(wake["Body"]) == {"workspace_id": W}
    assert wake["Attributes"]["MessageGroupId"] == str(W)
    assert wake["Attributes"]["MessageDeduplicationId"] == f"{W}:{epoch}"


@pytest.mark.parametrize("event", [by_navimpact, by_notion])
def test_a_webhook_that_comes_twice_is_one_row_and_one_wake(connected: Cloud, event: Callable[[], Event]) -> None:
    sent_to(connected, event())
    sent_to(connected, event())

    assert (len(connected.work(W)), len(connected.wakes())) == (1, 1)


def test_what_two_webhooks_of_a_page_tell_is_both_looked_at(connected: Cloud) -> None:
    now = datetime.now(UTC)
    for at in (now, now - timedelta(minutes=1)):
        sent_to(connected, by_notion(timestamp=at.isoformat()))

    (work,) = connected.work(W)
    assert [edit.at for edit in work.edits] == [now - timedelta(minutes=1), now]
    assert [edit.by for edit in work.edits] == [work.actor, work.actor]


def test_work_carries_no_value_of_the_record(connected: Cloud) -> None:
    before = connected.items()

    sent_to(connected, by_notion(data={"updated_properties": ["title"], "title": "Voices of the Reef"} | _parent()))

    new = [item for item in connected.items() if item not in before]
    assert len(new) == 1
    assert "Voices of the Reef" not in json.dumps(new, default=str)


def _parent() -> dict[str, Any]:
    parent: dict[str, Any] = {"parent": json.loads(captured("webhook_notion")["body"])["data"]["parent"]}
    return parent


def test_a_body_that_comes_as_base64_is_checked_as_it_was_sent(connected: Cloud) -> None:
    event = by_navimpact()
    event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}

    assert sent_to(connected, event).status == 202
    assert len(connected.work(W)) == 1


def test_a_record_is_looked_at_in_every_workspace(connected: Cloud) -> None:
    a_workspace(connected, 2, bot_id="another-bot", org="bay")

    sent_to(connected, by_navimpact())

    assert [len(connected.work(id)) for id in (W, 2)] == [1, 1]


def test_a_page_is_looked_at_only_in_the_workspace_whose_bot_can_see_it(connected: Cloud) -> None:
    a_workspace(connected, 2, bot_id="another-bot", org="bay")

    sent_to(connected, by_notion())

    assert [len(connected.work(id)) for id in (W, 2)] == [1, 0]


def test_columns_that_were_changed_are_read_and_what_is_left_in_each_of_ours(connected: Cloud) -> None:
    source = connected.store.desk(W).sources()[EntityType.MEDIA_PROJECT]
    ours = {
        "budget": Property("a%40", "number"),
        "description": Property("b", "rich_text"),
        KEY_FIELD: Property("k", "rich_text"),
    }
    connected.store.desk(W).save_source(replace(source, properties=ours))
    entity = {"id": source.data_source_id, "type": "data_source"}
    told = [{"id": id, "name": None, "action": "updated"} for id in ("a%40", "k", "not ours")]

    sent_to(connected, by_notion(type="data_source.schema_updated", entity=entity, data={"updated_properties": told}))

    works = [(work.kind, work.external_id) for work in connected.work(W)]
    assert works == [(WorkKind.SCHEMA, "media_project"), (WorkKind.SCHEMA, "media_project/budget/told")]


# --- ignored ---------------------------------------------------------------------------------------------------------


def test_our_own_write_is_not_looked_at(connected: Cloud, unmoved: Callable[[], bool]) -> None:
    answer = sent_to(connected, by_notion(authors=[{"id": BOT, "type": "bot"}]))

    assert answer.status == 202
    assert unmoved()


def test_our_write_that_a_person_had_a_part_in_is_looked_at(connected: Cloud) -> None:
    sent_to(connected, by_notion(authors=[{"id": BOT, "type": "bot"}, {"id": "maya", "type": "person"}]))

    (work,) = connected.work(W)
    assert work.actor == "maya"


@pytest.mark.parametrize(
    "changes",
    [
        {"workspace_id": "00000000-0000-4000-8000-000000000000"},
        {"accessible_by": [{"id": "a-bot-of-somebody-else", "type": "bot"}]},
        {"data": {"parent": {"id": "d", "type": "database", "data_source_id": "not-one-of-ours"}}},
        {"data": {}},
        {"type": "page.locked"},
        {"type": "comment.created"},
        {"type": "something.new"},
        {"type": "data_source.schema_updated", "entity": {"id": "ds", "type": "data_source"}},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)
def test_a_notion_event_that_is_about_no_row_of_ours_is_ignored(
    connected: Cloud, unmoved: Callable[[], bool], changes: dict[str, Any]
) -> None:
    answer = sent_to(connected, by_notion(**changes))

    assert answer.status == 202
    assert unmoved()


@pytest.mark.parametrize("type_", ["client_access.updated", "media_project.viewed", "nonsense"])
def test_a_navimpact_event_that_is_not_synced_is_ignored(
    connected: Cloud, unmoved: Callable[[], bool], type_: str
) -> None:
    body = json.dumps(json.loads(captured("webhook_navimpact")["body"]) | {"type": type_}).encode()

    assert sent_to(connected, by_navimpact(body)).status == 202
    assert unmoved()


@pytest.mark.parametrize("event", [by_navimpact, by_notion])
def test_a_paused_workspace_is_left_alone(connected: Cloud, event: Callable[[], Event]) -> None:
    desk = connected.store.desk(W)
    workspace = desk.workspace()
    assert workspace is not None
    desk.save_workspace(replace(workspace, is_active=False))

    assert sent_to(connected, event()).status == 202
    assert connected.work(W) == []


def test_a_row_that_was_moved_away_is_looked_at(connected: Cloud) -> None:
    elsewhere = {"parent": {"id": "d", "type": "database", "data_source_id": "not-one-of-ours"}}

    sent_to(connected, by_notion(type="page.moved", data=elsewhere))

    assert len(connected.work(W)) == 1


# --- refused ---------------------------------------------------------------------------------------------------------


UNSIGNED: dict[str, Callable[[], Event]] = {
    "navimpact: as captured": lambda: captured("webhook_navimpact"),
    "navimpact: no headers": lambda: by_navimpact() | {"headers": {"host": "x"}},
    "navimpact: another secret": lambda: by_navimpact(secret=OTHER_SECRET),
    "navimpact: another body": lambda: by_navimpact() | {"body": by_navimpact()["body"].replace("1", "2", 1)},
    "navimpact: an hour old": lambda: by_navimpact(at=datetime.now(UTC) - timedelta(hours=1)),
    "navimpact: not text, as captured": lambda: captured("webhook_base64"),
    "notion: as captured": lambda: captured("webhook_notion"),
    "notion: no headers": lambda: by_notion() | {"headers": {"host": "x"}},
    "notion: another token": lambda: by_notion(token="secret_forged"),
    "notion: another body": lambda: by_notion() | {"body": by_notion()["body"].replace("1", "2", 1)},
    "notion: three days old": lambda: by_notion(timestamp=(datetime.now(UTC) - timedelta(days=3)).isoformat()),
    "notion: no body": lambda: {key: value for key, value in by_notion().items() if key != "body"},
}


@pytest.mark.parametrize("event", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_an_unsigned_webhook_is_refused(
    connected: Cloud, unmoved: Callable[[], bool], event: Callable[[], Event]
) -> None:
    answer = sent_to(connected, event())

    assert (answer.status, answer.is_problem) == (401, True)
    assert unmoved()


@pytest.mark.parametrize("signature", ["", "é", "v1,é", "sha256=é", "sha256=", "v1,", "\ud800", "a" * 9000])
@pytest.mark.parametrize("event", [by_navimpact, by_notion])
def test_no_signature_is_an_error_of_ours(connected: Cloud, event: Callable[[], Event], signature: str) -> None:
    asked = event()
    asked["headers"] |= {"webhook-signature": signature, "x-notion-signature": signature}

    assert sent_to(connected, asked).status == 401


MALFORMED: dict[str, bytes] = {
    "not JSON": b"{",
    "no object": b"[]",
    "half a surrogate": b'{"type":"\\ud800"}',
    "very deep": b"[" * 100_000,
    "deep within": b'{"type":"page.moved","data":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001,
    "NaN": b'{"type":NaN}',
    "a number of 5000 digits": b'{"type":"media_project.updated","data":{"entity_type":"m","entity_id":'
    + b"9" * 5000
    + b"}}",
    "other fields": b'{"type":"media_project.updated","data":{}}',
}


@EITHER
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_webhook_is_refused_however_well_it_is_signed(
    connected: Cloud, unmoved: Callable[[], bool], sender: str, body: bytes
) -> None:
    answer = sent_to(connected, SENDERS[sender](body))

    assert (answer.status, answer.is_problem) == (400, True)
    assert unmoved()


@EITHER
def test_bytes_that_are_no_text_are_refused(connected: Cloud, unmoved: Callable[[], bool], sender: str) -> None:
    answer = sent_to(connected, SENDERS[sender](b"\xff\xfe{}"))

    assert answer.status in {400, 401}  # the library of Standard Webhooks signs text only
    assert unmoved()


@EITHER
def test_base64_that_is_none_is_refused(connected: Cloud, unmoved: Callable[[], bool], sender: str) -> None:
    answer = sent_to(connected, SENDERS[sender](b"{}") | {"body": "not base64!", "isBase64Encoded": True})

    assert answer.status == 400
    assert unmoved()


@EITHER
def test_a_huge_webhook_is_refused(connected: Cloud, unmoved: Callable[[], bool], sender: str) -> None:
    answer = sent_to(connected, SENDERS[sender](b"x" * (LARGEST + 1)))

    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert unmoved()


HUGE = "9" * 3000
"""Longer than any key of a table may be."""


@pytest.mark.parametrize(
    "changes",
    [
        {"workspace_id": HUGE},
        {"workspace_id": ""},
        {"accessible_by": [{"id": HUGE, "type": "bot"}]},
        {"accessible_by": [{"id": "", "type": "bot"}]},
        {"entity": {"id": HUGE, "type": "page"}},
        {"entity": {"id": "", "type": "page"}},
        {"authors": [{"id": HUGE * 80, "type": "person"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_id_that_no_notion_has_is_never_an_error_of_ours(connected: Cloud, changes: dict[str, Any]) -> None:
    assert sent_to(connected, by_notion(**changes)).status < 500


def test_an_id_that_no_navimpact_has_is_refused(connected: Cloud, unmoved: Callable[[], bool]) -> None:
    body = json.loads(captured("webhook_navimpact")["body"])
    body["data"]["entity_id"] = int(HUGE)

    assert sent_to(connected, by_navimpact(json.dumps(body).encode())).status == 400
    assert unmoved()


# --- Notion's handshake ----------------------------------------------------------------------------------------------


def armed(cloud: Cloud, until: datetime, token: str | None = None) -> None:
    """What `navsync webhook arm` writes."""
    cloud.fill("NotionWebhookSecret", verification_token=token, armed_until=until.isoformat())


@pytest.fixture
def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=10)


FRESH_TOKEN = "secret_made-by-notion"


def shake(cloud: Cloud, token: str = FRESH_TOKEN, function: Function | None = None) -> Answer:
    """A handshake that is signed with what it carries, as anybody can."""
    body = json.dumps({"verification_token": token}).encode()
    event = captured("webhook_notion_handshake") | {"body": body.decode()}
    event["headers"]["x-notion-signature"] = f"sha256={hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}"
    return (function or cloud.deployment.start("sync_trigger")).answer(event)


def test_an_awaited_handshake_is_taken(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon)

    assert shake(connected).status == 202
    assert connected.secret("NotionWebhookSecret")["verification_token"] == FRESH_TOKEN


def test_what_notion_signs_after_the_handshake_is_taken(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon)
    shake(connected)

    answer = connected.deployment.start("sync_trigger").answer(by_notion(token=FRESH_TOKEN))

    assert answer.status == 202
    assert len(connected.work(W)) == 1


def test_a_second_handshake_is_refused(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon)
    shake(connected)

    assert shake(connected, "secret_forged").status == 401
    assert connected.secret("NotionWebhookSecret")["verification_token"] == FRESH_TOKEN


def test_a_handshake_that_nobody_awaits_is_refused(connected: Cloud) -> None:
    connected.fill("NotionWebhookSecret", verification_token=None, armed_until=None)

    assert shake(connected).status == 401
    assert connected.secret("NotionWebhookSecret")["verification_token"] is None


def test_a_handshake_that_comes_too_late_is_refused(connected: Cloud) -> None:
    armed(connected, datetime.now(UTC) - timedelta(seconds=1))

    assert shake(connected).status == 401
    assert connected.secret("NotionWebhookSecret")["verification_token"] is None


def test_a_token_in_force_is_not_replaced_even_while_a_handshake_is_awaited(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon, VERIFICATION_TOKEN)

    assert shake(connected, "secret_forged").status == 401
    assert connected.secret("NotionWebhookSecret")["verification_token"] == VERIFICATION_TOKEN


def test_a_handshake_is_no_work(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon)
    before = connected.kept()

    shake(connected)

    assert (connected.kept(), connected.wakes()) == (before, [])


def test_the_answer_to_a_handshake_does_not_tell_its_token(connected: Cloud, soon: datetime) -> None:
    armed(connected, soon)

    assert FRESH_TOKEN not in shake(connected).text


def handshakes(cloud: Cloud) -> list[tuple[str, int, str | None]]:
    """What an admin reads of them in the audit trail: from where, the answer and why."""
    rows = cloud["dashboard"].answer(request("audit", who(), query={})).json["items"]
    assert {(row["role"], row["route"], row["workspace_id"]) for row in rows} <= {
        ("nobody", "POST /webhooks/notion", None)
    }
    return [(row["subject"], row["status"], row["code"]) for row in rows]


def test_a_handshake_that_is_taken_is_in_the_audit_trail_and_the_log(
    connected: Cloud, soon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed(connected, soon)
    function = connected.deployment.start("sync_trigger")
    log = function.listen(monkeypatch)

    shake(connected, function=function)

    address = captured("webhook_notion_handshake")["requestContext"]["http"]["sourceIp"]
    assert handshakes(connected) == [(address, 202, None)]
    (line,) = [line for line in map(json.loads, log.getvalue().splitlines()) if line["message"] == "handshake"]
    assert (line["from"], line["taken"], FRESH_TOKEN in log.getvalue()) == (address, True, False)


def test_refused_handshakes_leave_one_row_in_a_minute(connected: Cloud) -> None:
    connected.fill("NotionWebhookSecret", verification_token=None, armed_until=None)

    for _ in range(3):
        shake(connected)

    assert [row[1:] for row in handshakes(connected)[:1]] == [(401, "bad_signature")]
    assert len(handshakes(connected)) in (1, 2)  # two where the minute turned meanwhile


# --- delayed wakes ---------------------------------------------------------------------------------------------------


def later(at: datetime) -> Event:
    event = captured("later")
    event["Records"][0]["body"] = json.dumps({"workspace_id": W, "at": at.isoformat()})
    return event


def test_a_delayed_wake_that_is_due_wakes_its_workspace(connected: Cloud) -> None:
    assert connected["sync_trigger"](captured("later")) is None

    (wake,) = connected.wakes()
    assert json.loads(wake["Body"]) == {"workspace_id": W}


def test_a_delayed_wake_that_is_not_due_is_delayed_again(connected: Cloud) -> None:
    connected["sync_trigger"](later(datetime.now(UTC) + timedelta(hours=1)))

    assert (connected.delayed(), connected.wakes()) == (1, [])


def test_a_queue_that_takes_no_wake_makes_the_sender_try_again(
    connected: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connected["sync_trigger"].module.runtime.inbox, "wake_queue_url", "https://nowhere.invalid/q")

    answer = sent_to(connected, by_notion())

    assert (answer.status, answer.is_problem) == (503, True)
    assert len(connected.work(W)) == 1
