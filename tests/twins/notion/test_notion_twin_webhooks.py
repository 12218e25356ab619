import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.twins.notion.seed import BOT_ID, PERSON_ID, ROOT_PAGE_ID, WORKSPACE_ID
from tests.twins.conftest import Receiver, until
from tests.twins.notion.rig import CONFIG, EVERY_TYPE, Api, Rig, running


@dataclass
class Inbox:
    """What arrived after the handshake."""

    rig: Rig
    receiver: Receiver
    token: str

    def events(self, count: int) -> list[Any]:
        return [json.loads(body) for _, body in self.receiver.wait_for(count)]

    def types(self, count: int) -> list[str]:
        return [event["type"] for event in self.events(count)]

    def pass_time(self, seconds: float) -> None:
        self.rig.order("clock", {"offset_s": self.rig.look("clock")["offset_s"] + seconds})

    def settled(self) -> list[Any]:
        """Everything that was to come, once nothing is held or under way."""
        self.pass_time(61)
        until(lambda: self.rig.look("state")["held_webhooks"] == 0 and self.rig.look("webhooks")["pending"] == 0)
        return [json.loads(body) for _, body in self.receiver.got]


@pytest.fixture
def inbox(rig: Rig, api: Api, receiver: Receiver) -> Inbox:
    """An active subscription, and nothing in it yet."""
    rig.order("subscription", {"url": receiver.url})
    token = json.loads(receiver.wait_for(1)[0][1])["verification_token"]
    rig.order("subscription/verify", {"token": token})
    receiver.got.clear()
    return Inbox(rig, receiver, token)


@pytest.fixture
def page(api: Api, inbox: Inbox) -> str:
    """A row that everybody has been told about."""
    made = api.row(api.table())["id"]
    inbox.settled()
    inbox.receiver.got.clear()
    return str(made)


def sign(token: str, body: bytes) -> str:
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def test_the_handshake_brings_a_token_signed_with_itself(rig: Rig, receiver: Receiver) -> None:
    told = rig.order("subscription", {"url": receiver.url})

    headers, body = receiver.wait_for(1)[0]
    token = json.loads(body)["verification_token"]
    assert list(json.loads(body)) == ["verification_token"]
    assert token.startswith("secret_")
    assert headers["x-notion-signature"] == sign(token, body)
    assert (told["state"], told["handshake_status"]) == ("pending", 200)


def test_the_handshake_goes_to_the_address_that_the_twin_was_started_with(receiver: Receiver) -> None:
    with running(replace(CONFIG, webhook_url=receiver.url)) as rig:
        rig.order("subscription", {})

    assert len(receiver.got) == 1


def test_a_restart_keeps_the_subscription_active(receiver: Receiver, tmp_path: Path) -> None:
    config = replace(CONFIG, webhook_url=receiver.url, state=tmp_path / "notion.db")
    with running(config) as rig:
        rig.connect()
        rig.order("subscription", {})
        token = json.loads(receiver.wait_for(1)[0][1])["verification_token"]
        rig.order("subscription/verify", {"token": token})

    with running(config) as rig, rig.person() as person:
        page = person.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})
        told = json.loads(receiver.wait_for(2)[1][1])

    assert (told["type"], told["entity"]["id"]) == ("page.created", page["id"])


def test_whether_the_handshake_is_signed_is_a_switch(rig: Rig, receiver: Receiver) -> None:
    rig.order("switches", {"sign_handshake": False})

    rig.order("subscription", {"url": receiver.url})

    assert "x-notion-signature" not in receiver.wait_for(1)[0][0]


def test_no_event_flows_before_the_token_is_verified(rig: Rig, api: Api, receiver: Receiver) -> None:
    rig.order("subscription", {"url": receiver.url})
    receiver.wait_for(1)

    api.row(api.table())

    assert rig.look("state")["held_webhooks"] == 0
    assert len(receiver.got) == 1


def test_a_wrong_token_activates_nothing(rig: Rig, receiver: Receiver) -> None:
    rig.order("subscription", {"url": receiver.url})

    answer = rig.http.post("/_twin/subscription/verify", json={"token": "secret_wrong"})

    assert answer.status_code == 400
    assert rig.look("subscription")["state"] == "pending"


def test_an_event_has_notions_keys_in_notions_order_and_is_signed(api: Api, inbox: Inbox, page: str) -> None:
    api.write(page, Budget={"number": 1})

    headers, body = inbox.receiver.wait_for(1)[0]
    event = json.loads(body)
    assert headers["x-notion-signature"] == sign(inbox.token, body)
    assert list(event) == [
        "id", "timestamp", "workspace_id", "workspace_name", "subscription_id", "integration_id", "type", "authors",
        "accessible_by", "attempt_number", "api_version", "entity", "data",
    ]  # fmt: skip
    assert event["workspace_id"] == WORKSPACE_ID
    assert event["entity"] == {"id": page, "type": "page"}


def test_an_event_names_what_changed_by_encoded_id_and_never_the_value(api: Api, inbox: Inbox, page: str) -> None:
    row = api.write(page, Budget={"number": 987654})

    event = inbox.events(1)[0]

    assert event["data"]["updated_properties"] == [row["properties"]["Budget"]["id"]]
    assert "987654" not in json.dumps(event)
    assert event["data"]["parent"] == {
        "id": row["parent"]["database_id"],
        "type": "database",
        "data_source_id": row["parent"]["data_source_id"],
    }


def test_our_own_write_has_the_bot_as_its_author(api: Api, inbox: Inbox, page: str) -> None:
    api.write(page, Budget={"number": 1})

    event = inbox.events(1)[0]

    assert event["authors"] == [{"id": BOT_ID, "type": "bot"}]
    assert event["accessible_by"] == [{"id": PERSON_ID, "type": "person"}, {"id": BOT_ID, "type": "bot"}]


def test_a_persons_edit_has_the_person_as_its_author(person: Api, inbox: Inbox, page: str) -> None:
    person.write(page, Budget={"number": 1})

    assert inbox.events(1)[0]["authors"] == [{"id": PERSON_ID, "type": "person"}]


def test_a_new_page_is_told_at_once(api: Api, inbox: Inbox) -> None:
    source = api.table()

    page = api.row(source)["id"]

    assert [(event["type"], event["entity"]["id"]) for event in inbox.events(1)] == [("page.created", page)]


def test_the_first_edit_is_told_at_once_and_those_of_the_next_minute_in_one(
    api: Api, person: Api, inbox: Inbox, page: str
) -> None:
    api.write(page, Budget={"number": 1})
    inbox.events(1)
    api.write(page, Budget={"number": 2})
    person.write(page, Public={"checkbox": True})

    first, merged = inbox.settled()

    assert len(first["data"]["updated_properties"]) == 1
    assert len(merged["data"]["updated_properties"]) == 2
    assert [author["type"] for author in merged["authors"]] == ["bot", "person"]


def test_after_a_quiet_minute_an_edit_is_told_at_once_again(api: Api, inbox: Inbox, page: str) -> None:
    api.write(page, Budget={"number": 1})
    inbox.events(1)
    inbox.pass_time(61)

    api.write(page, Budget={"number": 2})

    assert inbox.types(2) == ["page.properties_updated"] * 2


def test_the_minute_can_be_scaled(rig: Rig, api: Api, inbox: Inbox, page: str) -> None:
    rig.order("switches", {"merge_scale": 0})

    for number in range(3):
        api.write(page, Budget={"number": number})

    assert inbox.types(3) == ["page.properties_updated"] * 3


def test_a_write_that_changes_nothing_is_not_told(api: Api, inbox: Inbox, page: str) -> None:
    api.write(page, Name={"title": [{"text": {"content": "A film"}}]})

    assert inbox.settled() == []


def test_trash_and_restore_are_told_after_the_minute(api: Api, inbox: Inbox, page: str) -> None:
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})
    trashed = inbox.settled()
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": False})
    both = inbox.settled()

    assert sorted(event["type"] for event in trashed) == ["data_source.content_updated", "page.deleted"]
    assert "page.undeleted" in [event["type"] for event in both]


def test_trash_and_restore_within_the_minute_tell_nothing_of_the_page(api: Api, inbox: Inbox, page: str) -> None:
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": False})

    assert [event["type"] for event in inbox.settled()] == ["data_source.content_updated"]


@pytest.mark.parametrize("trashes", ["person", "connection"])
def test_of_what_two_authors_undo_of_each_other_within_the_minute_the_later_is_told(
    api: Api, person: Api, inbox: Inbox, page: str, trashes: str
) -> None:
    first, second = (person, api) if trashes == "connection" else (api, person)
    first.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})
    inbox.settled()
    inbox.receiver.got.clear()

    first.ok("PATCH", f"/v1/pages/{page}", {"in_trash": False})
    second.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    of_the_page = [event for event in inbox.settled() if event["entity"]["type"] == "page"]
    told = [(event["type"], [author["type"] for author in event["authors"]]) for event in of_the_page]
    assert told == [("page.deleted", ["person" if trashes == "person" else "bot"])]


def test_a_page_that_was_gone_before_it_was_told_is_never_told(rig: Rig, api: Api, inbox: Inbox) -> None:
    source = api.table()
    inbox.settled()
    inbox.receiver.got.clear()
    rig.order("switches", {"event_latency_s": 5})

    page = api.row(source)["id"]
    api.ok("DELETE", f"/v1/blocks/{page}")

    assert {event["entity"]["type"] for event in inbox.settled()} == {"data_source"}


def test_a_change_of_columns_says_which_and_how(api: Api, inbox: Inbox, page: str) -> None:
    row = api.ok("GET", f"/v1/pages/{page}")
    source = row["parent"]["data_source_id"]
    body: dict[str, Any] = {"properties": {"Budget": {"name": "Cost"}, "Link": None, "New": {"number": {}}}}
    api.ok("PATCH", f"/v1/data_sources/{source}", body)

    event = next(event for event in inbox.settled() if event["type"] == "data_source.schema_updated")

    told = [(column["name"], column["action"]) for column in event["data"]["updated_properties"]]
    assert told == [("Cost", "updated"), (None, "deleted"), ("New", "created")]


def test_a_new_database_is_told(api: Api, inbox: Inbox) -> None:
    api.table(EVERY_TYPE)

    types = {event["type"] for event in inbox.settled()}

    assert types == {"database.created", "data_source.created", "page.content_updated"}


def test_a_change_that_the_connection_cannot_see_is_not_told(rig: Rig, person: Api, inbox: Inbox) -> None:
    rig.order("share", {"bot_id": BOT_ID, "page_id": ROOT_PAGE_ID, "shared": False})

    person.ok("PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"properties": {"title": [{"text": {"content": "X"}}]}})

    assert inbox.settled() == []


def test_a_failed_delivery_is_repeated_with_a_rising_number_and_a_fresh_signature(
    api: Api, inbox: Inbox, page: str
) -> None:
    inbox.receiver.answers.extend([500, 500])

    api.write(page, Budget={"number": 1})
    inbox.events(1)
    until(lambda: inbox.rig.look("webhooks")["pending"] == 1)
    inbox.pass_time(60)
    inbox.events(2)
    until(lambda: inbox.rig.look("webhooks")["pending"] == 1)
    inbox.pass_time(300)
    attempts = inbox.receiver.wait_for(3)

    events = [json.loads(body) for _, body in attempts]
    assert [event["attempt_number"] for event in events] == [1, 2, 3]
    assert len({event["id"] for event in events}) == 1
    assert all(headers["x-notion-signature"] == sign(inbox.token, body) for headers, body in attempts)


def test_after_eight_attempts_over_a_day_an_event_is_lost(api: Api, inbox: Inbox, page: str) -> None:
    inbox.receiver.answers.extend([500] * 20)
    api.write(page, Budget={"number": 1})

    def is_given_up() -> bool:
        inbox.pass_time(60_000)  # again and again: the last answer may not have been noted when time passes
        return not inbox.rig.look("webhooks")["pending"]

    until(is_given_up)

    assert len(inbox.receiver.got) == 8
    assert inbox.rig.look("webhooks")["pending"] == 0


def test_while_webhooks_are_disabled_events_are_lost(rig: Rig, api: Api, inbox: Inbox, page: str) -> None:
    rig.order("webhooks", {"enabled": False})
    api.write(page, Budget={"number": 1})
    rig.order("webhooks", {"enabled": True})

    assert inbox.settled() == []


def test_a_reset_keeps_the_subscription_and_forgets_what_was_held(rig: Rig, api: Api, inbox: Inbox) -> None:
    api.table()

    rig.order("reset", {})

    assert rig.look("subscription")["state"] == "active"
    assert rig.look("state")["held_webhooks"] == 0


def edit_body(api: Api, page: str, text: str) -> None:
    write = {"type": "replace_content", "replace_content": {"new_str": text}}
    api.ok("PATCH", f"/v1/pages/{page}/markdown", write)


def test_edits_of_a_body_are_told_in_one_event_after_the_minute(api: Api, person: Api, inbox: Inbox, page: str) -> None:
    edit_body(api, page, "one")
    edit_body(person, page, "one\ntwo")

    assert inbox.receiver.got == []
    (event,) = inbox.settled()
    assert (event["type"], event["entity"]) == ("page.content_updated", {"id": page, "type": "page"})
    assert [author["type"] for author in event["authors"]] == ["bot", "person"]


def test_the_event_of_a_body_names_the_changed_blocks_and_never_their_text(api: Api, inbox: Inbox, page: str) -> None:
    edit_body(api, page, "a secret sentence")
    block = api.ok("GET", f"/v1/blocks/{page}/children")["results"][0]["id"]

    (event,) = inbox.settled()

    assert event["data"]["updated_blocks"] == [{"id": block, "type": "block"}]
    assert "secret sentence" not in json.dumps(event)


def test_a_body_that_stays_the_same_is_not_told(api: Api, person: Api, inbox: Inbox, page: str) -> None:
    edit_body(api, page, "one")
    inbox.settled()
    inbox.receiver.got.clear()

    edit_body(person, page, "one")

    assert inbox.settled() == []
