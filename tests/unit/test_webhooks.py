"""What a webhook must be to be taken, and what is read from it."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from navsync import webhooks
from navsync.model import EntityRef, EntityType
from navsync.webhooks import Handshake, NotionEvent, Rejected, TooLarge, Unsigned

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TOKEN = "secret_notion"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def standard_headers(body: bytes, *, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body.decode("utf-8", "replace"))
    return {"Webhook-Id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def navimpact_body(**changes: Any) -> bytes:
    event = {
        "type": "media_project.updated",
        "timestamp": "2026-11-22T10:00:12.345678Z",
        "data": {"entity_type": "media_project", "entity_id": 42, "media_project_id": 42},
    }
    return json.dumps(event | changes).encode()


def notion_body(**changes: Any) -> bytes:
    event = {
        "id": "e1", "timestamp": "2026-11-22T09:59:12.345Z", "workspace_id": "w1", "type": "page.properties_updated",
        "authors": [{"id": "person-1", "type": "person"}], "accessible_by": [{"id": "bot-1", "type": "bot"}],
        "attempt_number": 1, "api_version": "2026-03-11", "entity": {"id": "page-1", "type": "page"},
        "data": {"parent": {"id": "db-1", "type": "database", "data_source_id": "ds-1"}},
    }  # fmt: skip
    return json.dumps(event | changes).encode()


def notion_signature(body: bytes, token: str = TOKEN) -> str:
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def read_notion(body: bytes, signature: str | None = None, token: str | None = TOKEN) -> NotionEvent | Handshake:
    return webhooks.notion_event(body, notion_signature(body) if signature is None else signature, token, now=NOW)


def test_a_signed_navimpact_event_names_the_record_to_look_at() -> None:
    body = navimpact_body()

    event = webhooks.navimpact_event(body, standard_headers(body), [SECRET])

    assert event is not None
    assert event.entity == EntityRef(EntityType.MEDIA_PROJECT, "42")


def test_a_navimpact_event_tells_when_it_was() -> None:
    body = navimpact_body()

    event = webhooks.navimpact_event(body, standard_headers(body), [SECRET])

    assert event is not None
    assert event.at == datetime(2026, 11, 22, 10, 0, 12, 345_678, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-11-22T10:00:12", "soon", 5, None])
def test_a_navimpact_event_whose_time_cannot_be_read_is_taken_all_the_same(written: object) -> None:
    body = json.dumps(json.loads(navimpact_body()) | {"timestamp": written}).encode()

    event = webhooks.navimpact_event(body, standard_headers(body), [SECRET])

    assert event is not None
    assert event.at is None


def test_while_a_secret_is_rotated_both_are_good() -> None:
    body = navimpact_body()

    assert webhooks.navimpact_event(body, standard_headers(body, secret=OTHER_SECRET), [SECRET, OTHER_SECRET])


@pytest.mark.parametrize("drift", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_an_old_or_future_navimpact_signature_is_refused(drift: timedelta) -> None:
    body = navimpact_body()

    with pytest.raises(Unsigned):
        webhooks.navimpact_event(body, standard_headers(body, at=datetime.now(UTC) + drift), [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], [OTHER_SECRET], ["whsec_not base64 at all"]])
def test_without_the_right_secret_nothing_is_taken(secrets: list[str]) -> None:
    body = navimpact_body()

    with pytest.raises(Unsigned):
        webhooks.navimpact_event(body, standard_headers(body), secrets)


@pytest.mark.parametrize("header", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "x", "v1,é", "v1,###", "9" * 400, "-1", "v1", "nan"])
def test_a_mangled_header_is_refused_and_never_an_error(header: str, value: str) -> None:
    body = navimpact_body()

    with pytest.raises(Unsigned):
        webhooks.navimpact_event(body, standard_headers(body) | {header: value}, [SECRET])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"type": 1}', b"NaN", b"[" * 100_000, b'{"type":"x.created","data":{}}',
     b'{"type":"media_project.updated","data":{"entity_type":"media_project","entity_id":"\\ud800"}}'],
)  # fmt: skip
def test_a_signed_body_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        webhooks.navimpact_event(body, standard_headers(body), [SECRET])

    assert refusal.value.status == 400


@pytest.mark.parametrize("kind", ["client_access.updated", "media_project.viewed", "nonsense", ""])
def test_a_type_that_is_not_synced_is_ignored(kind: str) -> None:
    body = navimpact_body(type=kind)

    assert webhooks.navimpact_event(body, standard_headers(body), [SECRET]) is None


def test_a_huge_body_is_refused_before_it_is_hashed() -> None:
    with pytest.raises(TooLarge):
        webhooks.navimpact_event(b"x" * (webhooks.LARGEST + 1), {}, [SECRET])
    with pytest.raises(TooLarge):
        read_notion(b"x" * (webhooks.LARGEST + 1))


def test_a_notion_event_names_page_data_source_and_who_can_see_it() -> None:
    event = read_notion(notion_body())

    assert isinstance(event, NotionEvent)
    assert (event.page_id, event.data_source_id, event.bots) == ("page-1", "ds-1", ("bot-1",))
    assert webhooks.is_page_event(event)


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=00", "sha1=ab", "é", "\udcff", notion_signature(b"other")]
)
def test_a_wrong_notion_signature_is_refused_and_never_an_error(signature: str) -> None:
    with pytest.raises(Unsigned):
        read_notion(notion_body(), signature)


def test_before_the_handshake_every_event_is_refused() -> None:
    with pytest.raises(Unsigned):
        read_notion(notion_body(), token=None)


@pytest.mark.parametrize("age", [timedelta(hours=49), timedelta(minutes=-6)])
def test_an_event_from_another_day_is_refused(age: timedelta) -> None:
    with pytest.raises(Unsigned):
        read_notion(notion_body(timestamp=(NOW - age).isoformat()))


def test_a_delivery_repeated_after_a_day_is_taken() -> None:
    assert isinstance(read_notion(notion_body(timestamp=(NOW - timedelta(hours=25)).isoformat())), NotionEvent)


def test_only_our_own_writes_are_echoes() -> None:
    ours, both = [{"id": "bot-1", "type": "bot"}], [{"id": "bot-1", "type": "bot"}, {"id": "p", "type": "person"}]

    alone, mixed, nobody = (read_notion(notion_body(authors=a)) for a in (ours, both, []))

    assert [e.is_echo_of("bot-1") for e in (alone, mixed, nobody) if isinstance(e, NotionEvent)] == [True, False, False]


def test_a_lock_is_nothing_to_look_at() -> None:
    event = read_notion(notion_body(type="page.locked"))

    assert isinstance(event, NotionEvent)
    assert not webhooks.is_page_event(event)


def test_a_handshake_is_told_apart_whoever_signed_it() -> None:
    assert read_notion(b'{"verification_token":"secret_x"}', "") == Handshake("secret_x")


@pytest.mark.parametrize(
    "body", [b'{"verification_token":"x","more":1}', b'{"verification_token":1}', b'["verification_token"]']
)
def test_what_only_looks_like_a_handshake_needs_a_signature(body: bytes) -> None:
    with pytest.raises(Unsigned):
        read_notion(body, "")


@given(body=st.binary(max_size=200), signature=st.text(max_size=80))
def test_no_bytes_are_an_error(body: bytes, signature: str) -> None:
    with pytest.raises(Rejected):
        webhooks.navimpact_event(
            body, {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": signature}, [SECRET]
        )
    with pytest.raises(Rejected):
        read_notion(body, signature)
