"""What nobody outside Notion knows for sure is a switch: each in its positions."""

from typing import Any

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID
from local.twins.notion.switches import Switches
from tests.twins.conftest import Receiver, until
from tests.twins.notion.rig import Api, Rig

KNOWN_UNKNOWNS = {
    "archived_key_in_2026", "not_found_wording", "query_in_trash", "block_edits_touch_page", "webhook_retries_s",
    "workspace_requests_per_window", "access_token_life_s", "old_token_outlives_refresh_s", "length_unit",
    "unknown_version_code", "sign_handshake", "locked_pages_refuse_edits", "trash_twice", "own_writes_are_told",
    "cursor_wording", "webhook_answer_within_s", "most_subscriptions", "unknown_version_wording",
    "capabilities_checked", "template_blocks_can_be_made", "restoring_below_trash",
    "status_options_can_be_edited",
}  # fmt: skip


def test_every_open_question_has_its_switch() -> None:
    assert set(Switches.model_fields) >= KNOWN_UNKNOWNS


def test_a_reset_puts_every_switch_back(rig: Rig) -> None:
    rig.order("switches", {"trash_days": 1, "access_token_life_s": 5})

    rig.order("reset", {})

    assert Switches(**rig.look("switches")) == Switches()


def test_an_access_token_dies_by_itself_where_it_has_a_life(rig: Rig) -> None:
    rig.order("switches", {"access_token_life_s": 3600})
    with rig.api(rig.connect()["access_token"]) as api:
        alive = api.call("GET", "/v1/users/me").status_code
        rig.order("clock", {"offset_s": 3700})

        assert (alive, api.call("GET", "/v1/users/me").status_code) == (200, 401)


def test_the_token_before_a_refresh_can_live_on_for_a_while(rig: Rig) -> None:
    rig.order("switches", {"old_token_outlives_refresh_s": 60})
    granted = rig.connect()
    rig.exchange(grant_type="refresh_token", refresh_token=granted["refresh_token"])
    with rig.api(granted["access_token"]) as api:
        at_once = api.call("GET", "/v1/users/me").status_code
        rig.order("clock", {"offset_s": 70})

        assert (at_once, api.call("GET", "/v1/users/me").status_code) == (200, 401)


@pytest.mark.parametrize("code", ["validation_error", "missing_version"])
def test_the_code_for_a_version_that_does_not_exist_is_a_switch(rig: Rig, code: str) -> None:
    rig.order("switches", {"unknown_version_code": code})

    with rig.api(rig.connect()["access_token"], "2031-01-01") as api:
        assert api.refused("GET", "/v1/users/me")["code"] == code


@pytest.mark.parametrize(("wording", "names"), [("naming_the_known", True), ("naming_none", False)])
def test_whether_the_versions_that_exist_are_named_is_a_switch(rig: Rig, wording: str, names: bool) -> None:
    rig.order("switches", {"unknown_version_wording": wording})

    with rig.api(rig.connect()["access_token"], "2031-01-01") as api:
        assert ("2026-03-11" in api.refused("GET", "/v1/users/me")["message"]) is names


NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(("checked", "of_nobody"), [("first", 403), ("after_lookup", 404)])
def test_when_a_missing_capability_is_told_is_a_switch(rig: Rig, api: Api, checked: str, of_nobody: int) -> None:
    page = api.row(api.table())["id"]
    (bot,) = rig.look("state")["bots"]
    rig.order("capabilities", {"bot_id": bot["id"], "capabilities": ["read_content"]})
    rig.order("switches", {"capabilities_checked": checked})

    asked = [api.call("PATCH", f"/v1/pages/{identifier}", {"in_trash": True}) for identifier in (NOBODY, page)]

    assert [answer.status_code for answer in asked] == [of_nobody, 403]


@pytest.mark.parametrize(("refuse", "status"), [(False, 200), (True, 400)])
def test_what_a_lock_does_to_edits_is_a_switch(rig: Rig, api: Api, refuse: bool, status: int) -> None:
    rig.order("switches", {"locked_pages_refuse_edits": refuse})
    page = api.row(api.table())["id"]
    api.ok("PATCH", f"/v1/pages/{page}", {"is_locked": True})

    answer = api.call("PATCH", f"/v1/pages/{page}", {"properties": {"Budget": {"number": 1}}})

    assert answer.status_code == status


@pytest.mark.parametrize(("can", "status"), [(False, 400), (True, 200)])
def test_whether_a_connection_makes_template_buttons_is_a_switch(rig: Rig, api: Api, can: bool, status: int) -> None:
    rig.order("switches", {"template_blocks_can_be_made": can})

    button = {"template": {"rich_text": [{"text": {"content": "New scene"}}]}}
    answer = api.call("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [button]})

    assert answer.status_code == status


@pytest.fixture
def told(rig: Rig, receiver: Receiver) -> Receiver:
    """A verified subscription's receiver."""
    rig.order("subscription", {"url": receiver.url})
    token = receiver.wait_for(1)[0][1]
    rig.order("subscription/verify", {"token": token.split(b'"')[3].decode()})
    receiver.got.clear()
    return receiver


def test_whether_a_connections_own_writes_are_told_is_a_switch(rig: Rig, api: Api, person: Api, told: Receiver) -> None:
    rig.order("switches", {"own_writes_are_told": False})
    title: dict[str, Any] = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}}

    api.ok("POST", "/v1/pages", title)
    made = person.ok("POST", "/v1/pages", title)["id"]

    events = told.wait_for(1)
    assert made.encode() in events[0][1]


def test_the_pauses_between_deliveries_are_a_switch(rig: Rig, api: Api, told: Receiver) -> None:
    rig.order("switches", {"webhook_retries_s": [0.01, 0.01]})
    told.answers += [500, 500, 200]

    api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})

    until(lambda: len(told.got) >= 3)


def test_how_long_a_receiver_may_take_is_a_switch(rig: Rig, api: Api, told: Receiver) -> None:
    rig.order("switches", {"webhook_answer_within_s": 0.05, "webhook_retries_s": []})

    with told.arrived:  # the receiver cannot answer meanwhile
        api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})

        until(lambda: rig.look("requests")["webhooks"].get("given_up") == 1)


@pytest.mark.parametrize(("can", "status"), [(False, 400), (True, 200)])
def test_whether_a_status_can_be_renamed_is_a_switch(rig: Rig, api: Api, can: bool, status: int) -> None:
    rig.order("switches", {"status_options_can_be_edited": can})
    columns: dict[str, Any] = {"initial_data_source": {"properties": {"Stage": {"status": {}}}}}
    made = api.ok("POST", "/v1/databases", {"parent": {"type": "page_id", "page_id": ROOT_PAGE_ID}} | columns)
    source = f"/v1/data_sources/{made['data_sources'][0]['id']}"
    first, *others = api.ok("GET", source)["properties"]["Stage"]["status"]["options"]

    renamed = {"id": first["id"], "name": "Not yet begun", "color": "red"}
    kept = [{"id": option["id"]} for option in others]
    answer = api.call("PATCH", source, {"properties": {"Stage": {"status": {"options": [renamed, *kept]}}}})

    shown = api.ok("GET", source)["properties"]["Stage"]["status"]["options"][0]
    assert (answer.status_code, shown["name"]) == (status, "Not yet begun" if can else first["name"])


@pytest.mark.parametrize(("most", "active"), [(1, 1), (2, 2)])
def test_how_many_subscriptions_there_may_be_is_a_switch(
    rig: Rig, api: Api, told: Receiver, most: int, active: int
) -> None:
    rig.order("switches", {"most_subscriptions": most})
    rig.order("subscription", {"url": told.url})
    token = told.wait_for(1)[0][1]
    rig.order("subscription/verify", {"token": token.split(b'"')[3].decode()})
    told.got.clear()

    api.ok("POST", "/v1/pages", {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {}})

    until(lambda: rig.look("requests")["webhooks"].get("delivered") == active)
    assert len(told.got) == active
