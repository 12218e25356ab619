"""A bot has one workspace, a state is taken once, and only active workspaces are synced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from navsync.errors import Refused, StaleMapping
from navsync.model import Connection, Policy, Settings
from navsync.store import OAuthState, Store
from tests.stores.conftest import MINUTE, NOW, workspace


def test_a_new_workspace_is_found_by_its_bot_and_by_its_notion_workspace(store: Store) -> None:
    store.directory.create_workspace(workspace(17, notion_workspace_id="n-1", bot_id="b-1"))

    assert store.directory.workspace_of_bot("b-1") == 17
    assert store.directory.workspaces_of_notion("n-1") == [17]


def test_an_unknown_bot_has_no_workspace(store: Store) -> None:
    assert store.directory.workspace_of_bot("b-9") is None
    assert store.directory.workspaces_of_notion("n-9") == []


def test_one_notion_workspace_may_be_connected_by_two_bots(store: Store) -> None:
    store.directory.create_workspace(workspace(17, notion_workspace_id="n-1", bot_id="b-1"))
    store.directory.create_workspace(workspace(18, notion_workspace_id="n-1", bot_id="b-2", org="coral"))

    assert store.directory.workspaces_of_notion("n-1") == [17, 18]


def test_a_bot_that_connects_again_keeps_its_workspace_and_its_settings(store: Store) -> None:
    first = store.directory.create_workspace(workspace(17, bot_id="b-1", settings=Settings(policy=Policy.NOTION)))
    store.desk(17).save_workspace(replace(first, is_active=False, connection=Connection.NEEDS_REAUTH))

    again = store.directory.create_workspace(workspace(99, bot_id="b-1", name="Renamed", members={"bo": "admin"}))

    assert (again.id, again.name, again.settings.policy) == (17, "Renamed", Policy.NOTION)
    assert (again.is_active, again.connection) == (True, Connection.CONNECTED)
    assert again.members == {"ana": "admin", "bo": "admin"}
    assert store.desk(99).workspace() is None


def test_a_bot_that_connects_again_brings_no_other_name_for_a_workspace_that_a_person_has_named(store: Store) -> None:
    first = store.directory.create_workspace(workspace(17, bot_id="b-1", name="Films"))
    store.desk(17).save_workspace(replace(first, name="Our films"))

    for called in ("Films", "Renamed", "Renamed"):
        again = store.directory.create_workspace(workspace(99, bot_id="b-1", name=called))
        assert again.name == "Our films"


def test_connecting_again_outdates_what_a_late_worker_says_of_the_old_token(store: Store) -> None:
    first = store.directory.create_workspace(workspace(17, bot_id="b-1"))
    store.directory.create_workspace(workspace(99, bot_id="b-1"))

    with pytest.raises(StaleMapping):
        store.desk(17).save_workspace(replace(first, connection=Connection.NEEDS_REAUTH))


def test_a_bot_cannot_be_taken_over_by_another_organisation(store: Store) -> None:
    before = store.directory.create_workspace(workspace(17, bot_id="b-1", org="reef"))

    with pytest.raises(Refused, match="another organisation"):
        store.directory.create_workspace(workspace(99, bot_id="b-1", org="thieves"))

    assert store.desk(17).workspace() == before


def test_a_member_who_connects_again_does_not_change_the_others_roles(store: Store) -> None:
    first = store.directory.create_workspace(workspace(17, bot_id="b-1", members={"ana": "admin"}))
    store.desk(17).save_workspace(replace(first, members={"ana": "viewer"}))

    again = store.directory.create_workspace(workspace(99, bot_id="b-1", members={"ana": "admin"}))

    assert again.members == {"ana": "viewer"}


def test_paused_and_disconnected_workspaces_are_not_active(store: Store) -> None:
    saved = [store.directory.create_workspace(workspace(id)) for id in (1, 2, 3)]
    store.desk(2).save_workspace(replace(saved[1], is_active=False))
    store.desk(3).save_workspace(replace(saved[2], connection=Connection.DISCONNECTED))

    assert store.directory.active_workspaces() == [1]


def test_an_organisations_workspaces_are_listed_oldest_first(store: Store) -> None:
    saved = [store.directory.create_workspace(workspace(id)) for id in (200, 3, 10)]

    assert store.directory.workspaces("reef", "anybody") == sorted(saved, key=lambda each: each.id)


def test_another_organisations_workspaces_are_not_read(store: Store) -> None:
    store.directory.create_workspace(workspace(1))

    assert store.directory.workspaces("kelp", "ana") == store.directory.workspaces(None, "ana") == []


def test_a_workspace_without_an_organisation_is_its_members(store: Store) -> None:
    theirs = store.directory.create_workspace(workspace(1, org=None, members={"ana": "admin"}))
    store.directory.create_workspace(workspace(2, org=None, members={"ben": "admin"}))

    assert store.directory.workspaces(None, "ana") == [theirs]


def test_who_connects_a_workspace_again_has_it_listed(store: Store) -> None:
    store.directory.create_workspace(workspace(1, org=None, members={"ana": "admin"}))

    again = store.directory.create_workspace(workspace(1, org=None, members={"ben": "admin"}))

    assert store.directory.workspaces(None, "ben") == [again]


def test_a_state_is_taken_once(store: Store) -> None:
    store.directory.put_oauth_state("h1", subject="ana", org="reef", expires=NOW + 10 * MINUTE)

    taken = [store.directory.take_oauth_state("h1", now=NOW) for _ in range(2)]

    assert taken == [OAuthState("ana", "reef"), None]


def test_a_state_without_an_organisation_is_taken_too(store: Store) -> None:
    store.directory.put_oauth_state("h1", subject="ana", org=None, expires=NOW + 10 * MINUTE)

    assert store.directory.take_oauth_state("h1", now=NOW) == OAuthState("ana", None)


def test_an_expired_state_is_refused_though_the_table_still_has_it(store: Store) -> None:
    store.directory.put_oauth_state("h1", subject="ana", org=None, expires=NOW)

    assert store.directory.take_oauth_state("h1", now=NOW) is None


def test_an_unknown_state_is_refused(store: Store) -> None:
    assert store.directory.take_oauth_state("h9", now=NOW) is None
