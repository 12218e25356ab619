"""What the connection may do is found out by requests that can do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from local.twins.notion.seed import WORKSPACE_ID
from navsync.connection import troubles_of
from navsync.errors import Down
from navsync.model import Capabilities, Capability, Connection, Workspace
from navsync.notion import capabilities_of
from tests.contract.stages import NotionStage

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
EVERYTHING = [*Capability, "read_comment", "insert_comment", "read_user_without_email", "read_user_with_email"]


@pytest.fixture
def asked(notion: NotionStage) -> Iterator[NotionStage]:
    yield notion
    notion.steer("plan", {"workspace_id": WORKSPACE_ID, "plan": "business"})
    httpx.delete(f"{notion.url}/_twin/faults")


def allow(stage: NotionStage, *names: str) -> Capabilities:
    """What is found out when the connection may do *names*."""
    stage.steer("capabilities", {"bot_id": stage.bot_id, "capabilities": names})
    return capabilities_of(stage.adapter.gateway, now=NOW)


def test_a_connection_that_may_do_everything_misses_nothing(asked: NotionStage) -> None:
    assert allow(asked, *EVERYTHING) == Capabilities(NOW)


@pytest.mark.parametrize("checked", ["first", "after_lookup"])
@pytest.mark.parametrize("capability", Capability)
def test_each_missing_capability_is_found_out_whenever_notion_looks_for_it(
    asked: NotionStage, capability: Capability, checked: str
) -> None:
    asked.steer("switches", {"capabilities_checked": checked})

    assert allow(asked, *(name for name in EVERYTHING if name != capability)).missing == (capability,)


def test_where_nothing_is_shared_a_missing_capability_is_found_out_all_the_same(asked: NotionStage) -> None:
    asked.steer("share", {"page_id": asked.adapter.find_parent(), "bot_id": asked.bot_id, "shared": False})

    assert allow(asked, Capability.READ).missing == (Capability.INSERT, Capability.UPDATE)


def test_a_plan_whose_blocks_are_used_up_is_no_missing_capability(asked: NotionStage) -> None:
    full = {"status": 403, "code": "restricted_resource", "additional_data": {"block_limit": "block_creation"}}
    asked.steer("faults", [{"match": {"method": "POST", "path": "/v1/pages"}, "do": {"status": 403, "body": full}}])

    assert allow(asked, *EVERYTHING) == Capabilities(NOW, out_of_blocks_since=NOW)


def test_what_navsync_does_not_need_is_not_missed(asked: NotionStage) -> None:
    assert allow(asked, *Capability).missing == ()


def test_a_free_workspace_is_known_by_what_may_be_uploaded(asked: NotionStage) -> None:
    asked.steer("plan", {"workspace_id": WORKSPACE_ID, "plan": "free"})

    assert allow(asked, *EVERYTHING).free_plan


def test_asking_changes_nothing(asked: NotionStage) -> None:
    before = httpx.get(f"{asked.url}/_twin/state").json()

    allow(asked, *EVERYTHING)

    after = httpx.get(f"{asked.url}/_twin/state").json()
    kinds = "pages", "databases", "data_sources", "blocks"
    assert [after[kind] for kind in kinds] == [before[kind] for kind in kinds]


def test_a_notion_that_does_not_answer_has_not_said_what_is_missing(asked: NotionStage) -> None:
    asked.steer("faults", [{"match": {"method": "PATCH", "path": "/v1/pages/**"}, "do": {"status": 500, "body": ""}}])
    asked.adapter.gateway.sleep = lambda _: None

    with pytest.raises(Down):
        allow(asked, *EVERYTHING)


# --- in words ---------------------------------------------------------------------------------------------------------


def workspace(connection: Connection) -> Workspace:
    return Workspace(1, "n", "Impact Films", "bot", "reef", NOW, NOW, connection=connection)


def codes(connection: Connection, capabilities: Capabilities | None) -> list[str]:
    return [trouble.code for trouble in troubles_of(workspace(connection), capabilities)]


@pytest.mark.parametrize("connection", Connection)
def test_a_connection_waits_for_a_person_when_only_a_person_can_help(connection: Connection) -> None:
    helpless = {Connection.NEEDS_REAUTH: ["needs_reauth"], Connection.SUSPENDED: ["suspended"]}

    assert codes(connection, None) == helpless.get(connection, [])


@pytest.mark.parametrize("capability", Capability)
def test_each_capability_that_is_missing_is_a_trouble_of_its_own(capability: Capability) -> None:
    assert codes(Connection.CONNECTED, Capabilities(NOW, (capability,))) == [f"missing_{capability}"]


def test_a_plan_without_blocks_is_a_trouble_and_a_free_plan_is_none() -> None:
    found = Capabilities(NOW, free_plan=True)

    assert codes(Connection.CONNECTED, found) == []
    assert codes(Connection.CONNECTED, Capabilities(NOW, out_of_blocks_since=NOW)) == ["out_of_blocks"]
