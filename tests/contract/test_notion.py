"""What Notion as a side does beyond the promises of every side, on its twin."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from navsync import reconcile
from navsync.errors import (
    NeedsReauth,
    NotReachable,
    Refused,
    SchemaChanged,
    Unavailable,
    Unclear,
)
from navsync.model import EntityRef, EntityType, Gone, MadeWay, Observation, Present, Trashed
from navsync.notion import SetUp
from tests.contract.stages import EXAMPLE, LOG, PROJECT, NotionStage, Tokens, gateway, notion_side

KEY = "media_project/1"


def present(observation: Observation) -> Present:
    assert isinstance(observation, Present)
    return observation


def made(stage: NotionStage, number: int = 1) -> Present:
    return stage.side.create(PROJECT, EXAMPLE, key=stage.key(number))


def read(stage: NotionStage, record: Present) -> Present:
    return present(stage.side.read(PROJECT, record.id))


def column(stage: NotionStage, name: str) -> str:
    return stage.adapter.sources.read(PROJECT).properties[name].id


def change_schema(stage: NotionStage, properties: dict[str, Any]) -> None:
    stage.by_hand(
        "PATCH", f"data_sources/{stage.adapter.sources.read(PROJECT).data_source_id}", {"properties": properties}
    )


def calls_of(stage: NotionStage, act: Callable[[], object]) -> list[tuple[str, str]]:
    before = len(stage.requests())
    act()
    return [(method, path.removeprefix("/v1/").partition("/")[0]) for method, path in stage.requests()[before:]]


def test_rows_are_found_by_their_keys_many_at_a_time(notion: NotionStage) -> None:
    records = [made(notion, number) for number in (1, 2, 3)]
    found = notion.adapter.rows(PROJECT, [notion.key(1), notion.key(3), "media_project/4711"])
    assert {row.id for row in found} == {records[0].id, records[2].id}


# --- what it costs --------------------------------------------------------------------------------------------------


def test_a_look_is_one_request(notion: NotionStage) -> None:
    record = made(notion)
    assert calls_of(notion, lambda: read(notion, record)) == [("GET", "pages")]


def test_a_create_is_one_request(notion: NotionStage) -> None:
    assert calls_of(notion, lambda: made(notion)) == [("POST", "pages")]


def test_an_update_of_many_fields_is_one_request(notion: NotionStage) -> None:
    record = made(notion)
    changes = {name: value for name, value in EXAMPLE.items() if name != "status"}
    assert calls_of(notion, lambda: notion.side.update(PROJECT, record.id, changes, seen=record)) == [
        ("PATCH", "pages")
    ]


def test_an_idle_list_is_one_request(notion: NotionStage) -> None:
    soon = datetime.fromisoformat("2099-01-01T00:00:00+00:00")
    assert len(calls_of(notion, lambda: notion.side.changed_since(PROJECT, soon, None))) == 1


# --- keys and authors -----------------------------------------------------------------------------------------------


def test_a_page_carries_its_key_and_a_link_back(notion: NotionStage) -> None:
    record = made(notion)
    page = notion.by_hand("GET", f"pages/{record.id}")
    assert (record.key, page["properties"]["Open in NavImpact"]["url"]) == (
        KEY,
        "https://navimpact.example/media_project/1",
    )


def test_a_row_that_a_person_added_has_no_key(notion: NotionStage) -> None:
    source = notion.adapter.sources.read(PROJECT)
    page = notion.by_hand("POST", "pages", {"parent": {"data_source_id": source.data_source_id}, "properties": {}})
    seen = present(notion.side.read(PROJECT, page["id"]))
    assert (seen.key, seen.created_by) == (None, notion.person_id)


def test_a_stamp_gives_a_persons_row_its_key(notion: NotionStage) -> None:
    source = notion.adapter.sources.read(PROJECT)
    page = notion.by_hand("POST", "pages", {"parent": {"data_source_id": source.data_source_id}, "properties": {}})
    notion.side.stamp(PROJECT, page["id"], "media_project/9", "Reef")
    assert [found.id for found in notion.side.find(PROJECT, "media_project/9")] == [page["id"]]


def test_our_page_and_a_persons_copy_of_it_are_told_apart(notion: NotionStage) -> None:
    ours = made(notion)
    notion.person.create(PROJECT, EXAMPLE, key=KEY)
    assert {found.created_by for found in notion.side.find(PROJECT, KEY)} == {ours.created_by, notion.person_id}


def test_a_key_is_not_found_by_a_longer_one(notion: NotionStage) -> None:
    made(notion, 11)
    assert list(notion.side.find(PROJECT, KEY)) == []


def test_a_key_in_another_case_is_another_key(notion: NotionStage) -> None:
    record = made(notion)
    text = [{"text": {"content": KEY.upper()}}]
    notion.by_hand("PATCH", f"pages/{record.id}", {"properties": {"NavImpact ID": {"rich_text": text}}})
    assert list(notion.side.find(PROJECT, KEY)) == []


def test_the_last_editor_is_shown(notion: NotionStage) -> None:
    record = made(notion)
    notion.person.update(PROJECT, record.id, {"title": "by hand"}, seen=record)
    assert (record.edited_by, read(notion, record).edited_by) == (notion.bot_id, notion.person_id)


# --- formatting -----------------------------------------------------------------------------------------------------


def test_an_update_keeps_what_people_made_bold(notion: NotionStage) -> None:
    record = made(notion)
    runs = [{"text": {"content": "Two "}}, {"text": {"content": "years"}, "annotations": {"bold": True}}]
    notion.by_hand("PATCH", f"pages/{record.id}", {"properties": {"Description": {"rich_text": runs}}})
    seen = read(notion, record)
    notion.side.update(PROJECT, record.id, {"description": "Three years"}, seen=seen)
    shown = notion.by_hand("GET", f"pages/{record.id}")["properties"]["Description"]["rich_text"]
    assert [(run["plain_text"], run["annotations"]["bold"]) for run in shown] == [("Three ", False), ("years", True)]


# --- schema ---------------------------------------------------------------------------------------------------------


def test_a_renamed_property_stays_in_step(notion: NotionStage) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": {"name": "Money"}})
    after = notion.side.update(PROJECT, record.id, {"budget": Decimal(7)}, seen=record)
    assert after.values["budget"] == Decimal(7)


def test_a_deleted_property_is_unreadable_not_empty(notion: NotionStage) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": None})
    seen = read(notion, record)
    assert ("budget" in seen.values, set(seen.unreadable), set(seen.lost)) == (False, {"budget"}, {"budget"})


def test_a_retyped_property_is_unreadable_not_empty(notion: NotionStage) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": {"rich_text": {}}})
    seen = read(notion, record)
    assert (set(seen.unreadable), set(seen.lost)) == ({"budget"}, {"budget"})


def test_a_new_column_of_a_deleted_ones_name_is_not_taken_for_it(notion: NotionStage) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": None})
    change_schema(notion, {"Budget": {"number": {}}})
    notion.adapter.use(notion.adapter.sources.read(PROJECT))
    assert set(read(notion, record).unreadable) == {"budget"}


@pytest.mark.parametrize("change", [None, {"rich_text": {}}])
def test_a_write_against_a_changed_schema_says_so_and_remembers_the_new_one(
    notion: NotionStage, change: dict[str, Any] | None
) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": change})
    with pytest.raises(SchemaChanged):
        notion.side.update(PROJECT, record.id, {"budget": Decimal(7)}, seen=record)
    assert notion.remembered == [notion.adapter.sources.read(PROJECT)]


def test_a_find_without_the_key_property_says_that_the_schema_changed(notion: NotionStage) -> None:
    change_schema(notion, {"NavImpact ID": None})
    with pytest.raises(SchemaChanged):
        notion.side.find(PROJECT, KEY)


def test_an_unknown_status_is_added_and_the_others_stay(notion: NotionStage) -> None:
    record = made(notion)
    before = [option["id"] for option in notion.adapter.sources.read(PROJECT).options["status"]]
    after = notion.side.update(PROJECT, record.id, {"status": "on hold"}, seen=record)
    options = notion.adapter.sources.read(PROJECT).options["status"]
    assert after.values["status"] == "on hold"
    assert [option["id"] for option in options[: len(before)]] == before


def test_an_unknown_status_leaves_the_rows_as_they_are(notion: NotionStage) -> None:
    other = made(notion, 2)
    notion.side.create(PROJECT, {**EXAMPLE, "status": "on hold"}, key=KEY)
    assert read(notion, other).values["status"] == "active"


def test_a_status_that_a_person_added_meanwhile_is_used(notion: NotionStage) -> None:
    options = [{"id": o["id"]} for o in notion.adapter.sources.read(PROJECT).options["status"]]
    change_schema(notion, {"Status": {"status": {"options": [*options, {"name": "on hold"}]}}})
    notion.side.create(PROJECT, {**EXAMPLE, "status": "on hold"}, key=KEY)
    names = [option["name"] for option in notion.adapter.sources.read(PROJECT).options["status"]]
    assert names.count("on hold") == 1


def test_a_refused_value_names_its_field(notion: NotionStage) -> None:
    record = made(notion)
    budget = notion.adapter.sources.read(PROJECT).properties["budget"].id
    body = {
        "object": "error",
        "status": 400,
        "code": "validation_error",
        "message": f"body failed validation: body.properties.{budget}.number should be a number",
    }
    match = {"method": "PATCH", "path": f"/v1/pages/{record.id}"}
    notion.steer("faults", [{"match": match, "do": {"status": 400, "body": body}}])
    with pytest.raises(Refused) as refusal:
        notion.side.update(PROJECT, record.id, {"budget": Decimal(7)}, seen=record)
    assert refusal.value.field == "budget"


# --- out of reach ---------------------------------------------------------------------------------------------------


def test_a_page_that_is_no_longer_shared_is_gone(notion: NotionStage) -> None:
    record = made(notion)
    notion.steer("share", {"bot_id": notion.bot_id, "page_id": notion.adapter.find_parent(), "shared": False})
    assert notion.side.read(PROJECT, record.id) == Gone(record.id)


def test_a_database_that_is_no_longer_shared_does_not_answer(notion: NotionStage) -> None:
    notion.steer("share", {"bot_id": notion.bot_id, "page_id": notion.adapter.find_parent(), "shared": False})
    assert not notion.side.answers(PROJECT)


def test_a_page_out_of_reach_cannot_be_trashed(notion: NotionStage) -> None:
    with pytest.raises(NotReachable):
        notion.side.remove(PROJECT, "393abc1e-edcd-8001-8000-000000000000")


def test_an_entity_type_without_a_database_is_not_reachable(notion: NotionStage) -> None:
    with pytest.raises(NotReachable, match="set-up"):
        notion.side.changed_since(LOG, None, None)


def test_a_page_of_another_database_is_unreadable_not_empty(notion: NotionStage) -> None:
    notion.made_source(LOG)
    stray = notion.side.create(LOG, {"channel": "YouTube"}, key="distribution_log/1")
    seen = present(notion.side.read(PROJECT, stray.id))
    assert (dict(seen.values), set(seen.unreadable)) == ({}, set(EXAMPLE))


def test_a_trashed_page_shows_its_last_values(notion: NotionStage) -> None:
    record = made(notion)
    notion.person.remove(PROJECT, record.id)
    seen = notion.side.read(PROJECT, record.id)
    assert isinstance(seen, Trashed)
    assert seen.last.values == record.values


@pytest.mark.parametrize("answer", ["refused", "without_effect"])
def test_a_page_whose_database_is_in_the_trash_cannot_be_taken_out(notion: NotionStage, answer: str) -> None:
    record = made(notion)
    notion.steer("switches", {"restoring_below_trash": answer})
    notion.by_hand("PATCH", f"databases/{notion.adapter.sources.of(PROJECT).database_id}", {"in_trash": True})

    with pytest.raises(Refused, match="take that out first"):
        notion.side.restore(PROJECT, record.id)

    notion.side.remove(PROJECT, record.id)
    assert isinstance(notion.side.read(PROJECT, record.id), Trashed)


def test_a_page_of_a_database_in_the_trash_is_not_made_and_the_database_is_named(notion: NotionStage) -> None:
    notion.by_hand("PATCH", f"databases/{notion.adapter.sources.of(PROJECT).database_id}", {"in_trash": True})

    with pytest.raises(NotReachable, match="its database is in the trash"):
        made(notion)


def test_a_removed_connection_needs_a_person(notion: NotionStage) -> None:
    record = made(notion)
    notion.steer("disconnect", {"workspace_id": "231674b6-2cc1-46bc-b742-c5c9fe4b9c73"})
    with pytest.raises(NeedsReauth):
        notion.side.read(PROJECT, record.id)


# --- lists ----------------------------------------------------------------------------------------------------------


def test_changes_are_found_by_the_minute(notion: NotionStage) -> None:
    record = made(notion)
    assert record.edited_at is not None
    late_in_it = record.edited_at + timedelta(seconds=59)
    assert [seen.id for seen in notion.side.changed_since(PROJECT, late_in_it, None).records] == [record.id]


def listed(stage: NotionStage) -> set[str]:
    return {record.id for record in reconcile.records(stage.side, PROJECT, None)}


def test_rows_beyond_what_one_query_can_reach_are_listed_too(notion: NotionStage) -> None:
    notion.steer("switches", {"query_cap": 4})
    wanted = set()
    for number in range(1, 10):
        notion.steer("clock", {"offset_s": 60 * number})
        wanted.add(made(notion, number).id)
    notion.steer("clock", {"offset_s": 0})
    assert listed(notion) == wanted


def test_a_row_edited_between_two_pages_hides_no_other(notion: NotionStage) -> None:
    wanted = [notion.side.create(PROJECT, {"title": f"No. {n}"}, key=notion.key(n)) for n in range(1, 104)]
    page = notion.side.changed_since(PROJECT, None, None)
    notion.steer("clock", {"offset_s": 120})
    notion.person.update(PROJECT, wanted[0].id, {"title": "edited a minute later"}, seen=wanted[0])
    rest = notion.side.changed_since(PROJECT, None, page.cursor)
    assert {record.id for record in (*page.records, *rest.records)} == {record.id for record in wanted}


def test_rows_that_nobody_edited_since_are_not_among_the_changes(notion: NotionStage) -> None:
    old = made(notion, 1)
    notion.steer("clock", {"offset_s": 600})
    new = made(notion, 2)
    changed = notion.side.changed_since(PROJECT, new.edited_at, None)
    assert (old.id != new.id, [record.id for record in changed.records]) == (True, [new.id])


def test_more_rows_of_one_minute_than_a_query_can_reach_hide_no_later_ones(notion: NotionStage) -> None:
    notion.steer("clock", {"offset_s": 0, "rate": 0.0001})
    notion.steer("switches", {"query_cap": 4})
    of_one_minute = {made(notion, number).id for number in range(1, 7)}
    notion.steer("clock", {"offset_s": 180, "rate": 0.0001})
    later = made(notion, 7).id
    shown = listed(notion)
    assert (len(shown & of_one_minute), later in shown) == (4, True)


def test_more_rows_of_one_minute_than_a_page_shows_have_no_place_that_keeps(notion: NotionStage) -> None:
    notion.steer("clock", {"offset_s": 0, "rate": 0.0001})
    for number in range(1, 103):
        notion.side.create(PROJECT, {"title": f"No. {number}"}, key=notion.key(number))
    first = notion.side.changed_since(PROJECT, None, None)
    again = notion.side.changed_since(PROJECT, None, first.place)
    assert (again.records, again.place) == (first.records, None)
    assert again.cursor is not None


# --- relations ------------------------------------------------------------------------------------------------------


def paired(stage: NotionStage, count: int) -> list[str]:
    """Pages of projects that have entities."""
    stage.made_source(LOG)
    for number in range(1, count + 1):
        stage.pairs[EntityRef(PROJECT, str(number))] = stage.side.create(
            PROJECT, {"title": f"No. {number}"}, key=stage.key(number)
        ).id
    return list(stage.pairs.values())


def test_a_child_belongs_to_its_projects_entity(notion: NotionStage) -> None:
    paired(notion, 2)
    child = notion.side.create(LOG, {"channel": "YouTube", "project": ("2",)}, key="distribution_log/1")
    assert present(notion.side.read(LOG, child.id)).values["project"] == ("2",)


def test_a_child_whose_project_has_no_page_waits(notion: NotionStage) -> None:
    notion.made_source(LOG)
    with pytest.raises(Unavailable, match="no page yet"):
        notion.side.create(LOG, {"channel": "YouTube", "project": ("2",)}, key="distribution_log/1")


def test_a_relation_to_a_page_without_an_entity_is_unreadable_not_empty(notion: NotionStage) -> None:
    page_ids = paired(notion, 1)
    child = notion.side.create(LOG, {"channel": "YouTube", "project": ("1",)}, key="distribution_log/1")
    notion.pairs.clear()
    seen = present(notion.side.read(LOG, child.id))
    assert (page_ids != [], set(seen.unreadable)) == (True, {"project"})


def test_a_relation_longer_than_a_page_shows_is_read_whole(notion: NotionStage) -> None:
    page_ids = paired(notion, 30)
    child = notion.side.create(LOG, {"channel": "YouTube"}, key="distribution_log/1")
    related = {"Project": {"relation": [{"id": id} for id in page_ids]}}
    notion.by_hand("PATCH", f"pages/{child.id}", {"properties": related})
    project = present(notion.side.read(LOG, child.id)).values["project"]
    assert project is not None
    assert set(project) == {str(number) for number in range(1, 31)}  # type: ignore[arg-type]


def test_a_generated_title_follows_its_fields(notion: NotionStage) -> None:
    notion.made_source(LOG)
    child = notion.side.create(LOG, {"channel": "YouTube", "date": "2026-03-01"}, key="distribution_log/1")
    notion.side.update(LOG, child.id, {"channel": "Cinema"}, seen=child)
    page = notion.by_hand("GET", f"pages/{child.id}")
    assert page["properties"]["Name"]["title"][0]["plain_text"] == "Cinema, 2026-03-01"


# --- set-up ---------------------------------------------------------------------------------------------------------


def test_a_second_set_up_adopts_the_database_of_the_first(notion: NotionStage) -> None:
    assert notion.adapter.find_source(PROJECT) == notion.adapter.sources.read(PROJECT)


def test_a_persons_database_of_the_same_title_is_not_adopted(notion: NotionStage) -> None:
    stranger = notion_side(notion, gateway(notion.url, Tokens(notion.token)))
    stranger.set_up = SetUp(stranger.gateway, bot_id="another")
    assert stranger.find_source(PROJECT) is None


def test_an_adopted_database_gets_the_columns_it_lacks(notion: NotionStage) -> None:
    change_schema(notion, {"Budget": None})
    adopted = notion.adapter.find_source(PROJECT)
    assert adopted is not None
    assert adopted.properties["budget"].type == "number"


def test_a_database_whose_set_up_lost_its_answer_is_found_again(notion: NotionStage) -> None:
    notion.steer("faults", [{"match": {"method": "POST", "path": "/v1/databases"}, "do": {"drop": "after"}}])
    with pytest.raises(Unclear):
        notion.adapter.create_source(LOG, notion.adapter.find_parent())
    assert notion.adapter.find_source(LOG) is not None


def test_the_page_that_settings_name_is_the_parent(notion: NotionStage) -> None:
    assert SetUp(notion.adapter.gateway, "bot", parent_page_id="chosen").find_parent() == "chosen"


def test_a_row_is_never_taken_for_the_parent(notion: NotionStage) -> None:
    made(notion)
    assert notion.adapter.find_parent() == "393abc1e-edcd-80f3-813b-e205934558c6"


def test_without_any_shared_page_set_up_says_what_to_do(notion: NotionStage) -> None:
    notion.steer("share", {"bot_id": notion.bot_id, "page_id": notion.adapter.find_parent(), "shared": False})
    with pytest.raises(Refused, match="share one"):
        notion.adapter.find_parent()


# --- lost answers ---------------------------------------------------------------------------------------------------


def test_a_create_whose_answer_is_lost_is_unclear_and_can_be_found(notion: NotionStage) -> None:
    notion.steer("faults", [{"match": {"method": "POST", "path": "/v1/pages"}, "do": {"drop": "after"}}])
    with pytest.raises(Unclear):
        made(notion)
    assert len(notion.side.find(PROJECT, KEY)) == 1


def test_an_update_whose_answer_is_lost_is_unclear_and_was_made(notion: NotionStage) -> None:
    record = made(notion)
    notion.steer("faults", [{"match": {"method": "PATCH", "path": f"/v1/pages/{record.id}"}, "do": {"drop": "after"}}])
    with pytest.raises(Unclear):
        notion.side.update(PROJECT, record.id, {"title": "arrived"}, seen=record)
    assert read(notion, record).values["title"] == "arrived"


class SavedButSlow(httpx.HTTPTransport):
    """Notion's 503 after a change that it saved: the answer names what was saved instead of showing it."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "GET":
            return answer
        answer.read()
        answer.close()
        saved = {"committed_resource_id": answer.json()["id"]}
        return httpx.Response(503, json={"code": "service_unavailable", "message": "saved", "additional_data": saved})


def slow(stage: NotionStage) -> NotionStage:
    to_notion = gateway(stage.url, Tokens(stage.token))
    to_notion.client.client = httpx.Client(transport=SavedButSlow())
    side = notion_side(stage, to_notion)
    side.use(stage.adapter.sources.read(PROJECT))
    return replace(stage, side=side)


def test_a_create_that_was_saved_without_an_answer_is_read_instead_of_repeated(notion: NotionStage) -> None:
    record = made(slow(notion))
    assert [found.id for found in notion.side.find(PROJECT, KEY)] == [record.id]


def test_an_update_that_was_saved_without_an_answer_counts_as_made(notion: NotionStage) -> None:
    record = made(notion)
    after = slow(notion).side.update(PROJECT, record.id, {"title": "saved"}, seen=record)
    assert after.values["title"] == "saved"


def test_a_database_that_was_made_without_an_answer_is_used(notion: NotionStage) -> None:
    source = slow(notion).adapter.create_source(LOG, notion.adapter.find_parent())
    assert source.entity_type is EntityType.DISTRIBUTION_LOG


# --- columns that broke and came back ---------------------------------------------------------------------------------


def broken(stage: NotionStage, *changes: Any) -> None:
    """Break the column of the budget as a person does, one change after the other, each seen."""
    for change in changes:
        change_schema(stage, {"Budget": change})
        stage.adapter.refresh(PROJECT)


def test_a_schema_is_read_anew_in_one_request(notion: NotionStage) -> None:
    assert calls_of(notion, lambda: notion.adapter.refresh(PROJECT)) == [("GET", "data_sources")]


def test_a_column_that_came_back_stays_unreadable_until_it_is_taken_up(notion: NotionStage) -> None:
    record = made(notion)
    broken(notion, {"rich_text": {}}, {"number": {}})
    assert set(read(notion, record).unreadable) == {"budget"}


def test_a_column_that_came_back_is_told(notion: NotionStage) -> None:
    broken(notion, {"rich_text": {}}, {"number": {}})
    assert set(notion.adapter.refresh(PROJECT).returned) == {"budget"}


def test_a_new_column_of_a_deleted_ones_name_and_type_is_told(notion: NotionStage) -> None:
    broken(notion, None, {"number": {}})
    assert set(notion.adapter.refresh(PROJECT).returned) == {"budget"}


def test_a_new_column_of_another_type_is_not_told(notion: NotionStage) -> None:
    broken(notion, None, {"checkbox": {}})
    assert notion.adapter.refresh(PROJECT).returned == {}


def test_a_column_that_was_taken_up_is_read_and_written_again(notion: NotionStage) -> None:
    record = made(notion)
    broken(notion, None, {"number": {}})
    notion.adapter.readopt(PROJECT, "budget")
    seen = read(notion, record)
    after = notion.side.update(PROJECT, record.id, {"budget": Decimal(7)}, seen=seen)
    assert (seen.values["budget"], after.values["budget"]) == (None, Decimal(7))


def test_a_column_that_was_taken_up_is_remembered_so(notion: NotionStage) -> None:
    broken(notion, {"rich_text": {}}, {"number": {}})
    notion.adapter.readopt(PROJECT, "budget")
    assert (notion.remembered[-1].returned, notion.remembered[-1].properties["budget"].type) == ({}, "number")


def test_taking_up_a_column_twice_changes_nothing(notion: NotionStage) -> None:
    broken(notion, None, {"number": {}})
    assert notion.adapter.readopt(PROJECT, "budget") == notion.adapter.readopt(PROJECT, "budget")


def test_a_row_that_shows_a_broken_column_has_it_remembered(notion: NotionStage) -> None:
    record = made(notion)
    change_schema(notion, {"Budget": {"rich_text": {}}})
    read(notion, record)
    change_schema(notion, {"Budget": {"number": {}}})
    assert set(read(notion, record).unreadable) == {"budget"}


def test_a_record_is_made_without_the_field_whose_column_is_broken(notion: NotionStage) -> None:
    broken(notion, None)
    record = made(notion)
    assert (set(record.unreadable), record.values["title"]) == ({"budget"}, EXAMPLE["title"])


def test_a_record_is_made_without_the_link_whose_column_is_gone(notion: NotionStage) -> None:
    change_schema(notion, {"Open in NavImpact": None})
    notion.adapter.refresh(PROJECT)
    assert made(notion).key == KEY


# --- relations of people ----------------------------------------------------------------------------------------------


def related(stage: NotionStage, page: str) -> list[str]:
    return [found["id"] for found in stage.by_hand("GET", f"pages/{page}")["properties"]["Project"]["relation"]]


def log_of(stage: NotionStage, project: Present) -> Present:
    stage.pairs[EntityRef(PROJECT, "1")] = project.id
    stage.made_source(LOG)
    return stage.side.create(LOG, {"channel": "Radio", "project": ("1",)}, key="distribution_log/1")


def test_a_page_that_a_person_related_as_well_is_left_out(notion: NotionStage) -> None:
    project, own = made(notion), made(notion, 2)
    log = log_of(notion, project)
    both = [{"id": project.id}, {"id": own.id}]
    notion.by_hand("PATCH", f"pages/{log.id}", {"properties": {"Project": {"relation": both}}})
    assert present(notion.side.read(LOG, log.id)).values["project"] == ("1",)


def test_a_page_that_a_person_related_as_well_outlives_our_write(notion: NotionStage) -> None:
    project, own, next_one = made(notion), made(notion, 2), made(notion, 3)
    log = log_of(notion, project)
    both = [{"id": own.id}, {"id": project.id}]
    notion.by_hand("PATCH", f"pages/{log.id}", {"properties": {"Project": {"relation": both}}})
    notion.pairs[EntityRef(PROJECT, "3")] = next_one.id

    notion.side.update(LOG, log.id, {"project": ("3",)}, seen=present(notion.side.read(LOG, log.id)))

    assert set(related(notion, log.id)) == {next_one.id, own.id}


def test_a_page_that_is_not_synced_yet_is_waited_for(notion: NotionStage) -> None:
    project, draft = made(notion), made(notion, 2)
    log = log_of(notion, project)
    notion.by_hand("PATCH", f"pages/{log.id}", {"properties": {"Project": {"relation": [{"id": draft.id}]}}})
    assert set(present(notion.side.read(LOG, log.id)).unreadable) == {"project"}


def made_way(notion: NotionStage, old: Present, new: Present, *, has_gone: bool) -> None:
    """Both are pages of project 1, and the *new* one is to stay."""
    project = EntityRef(PROJECT, "1")
    meant: dict[str, EntityRef | MadeWay] = {old.id: MadeWay(project, has_gone), new.id: project}
    notion.adapter.entity_of = meant.get


def one_that_made_way(notion: NotionStage) -> tuple[Present, Present, Present]:
    """A log whose page names one that has made way, that page, and the one which its project has now."""
    project, next_one = made(notion), made(notion, 2)
    log = log_of(notion, project)
    notion.pairs[EntityRef(PROJECT, "1")] = next_one.id
    made_way(notion, project, next_one, has_gone=True)
    notion.side.remove(PROJECT, project.id)
    return log, project, next_one


def test_a_page_that_has_made_way_is_read_as_its_record_and_told_to_be_outdated(notion: NotionStage) -> None:
    log, _project, _next_one = one_that_made_way(notion)
    seen = present(notion.side.read(LOG, log.id))
    assert (seen.values["project"], set(seen.outdated)) == (("1",), {"project"})


def test_a_page_that_has_made_way_is_named_no_more_once_the_record_is_named_anew(notion: NotionStage) -> None:
    log, _project, next_one = one_that_made_way(notion)

    after = notion.side.update(LOG, log.id, {"project": ("1",)}, seen=present(notion.side.read(LOG, log.id)))

    assert related(notion, log.id) == [next_one.id]
    assert (after.values["project"], set(after.outdated)) == (("1",), set())


def test_a_page_that_has_made_way_and_is_out_of_the_trash_again_stays_named(notion: NotionStage) -> None:
    log, project, _next_one = one_that_made_way(notion)
    notion.side.restore(PROJECT, project.id)

    with pytest.raises(Refused, match="names a page that is there again") as refused:
        notion.side.update(LOG, log.id, {"project": ("1",)}, seen=present(notion.side.read(LOG, log.id)))

    assert refused.value.field == "project"
    assert related(notion, log.id) == [project.id]


def test_a_page_that_is_to_make_way_and_cannot_go_stays_named_beside_the_other(notion: NotionStage) -> None:
    log, project, next_one = one_that_made_way(notion)
    notion.side.restore(PROJECT, project.id)
    made_way(notion, project, next_one, has_gone=False)

    after = notion.side.update(LOG, log.id, {"project": ("1",)}, seen=present(notion.side.read(LOG, log.id)))

    assert set(related(notion, log.id)) == {project.id, next_one.id}
    assert (after.values["project"], set(after.outdated)) == (("1",), set())


# --- finding what an earlier set-up made ------------------------------------------------------------------------------


def test_a_database_that_search_does_not_show_yet_is_found_on_its_parent_page(notion: NotionStage) -> None:
    notion.made_source(LOG)
    knowing_the_page = replace(notion.adapter.set_up, parent_page_id=notion.adapter.find_parent())
    notion.steer("switches", {"index_lag_s": 600})
    assert knowing_the_page.find_source(LOG, {PROJECT: notion.adapter.sources.read(PROJECT)}) is not None
