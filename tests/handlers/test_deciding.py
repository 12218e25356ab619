"""What people decide: who wins a conflict, whether a deletion goes through, what is undone, and waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync.engine import journal
from navsync.model import Base, Change, EntityType, Operation, Outcome, Side, SyncLog, Trouble, Work, WorkKind
from navsync.model import Mapping as Pairing
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import LOG, MAPPING, PAGE, W, a_workspace, request, something_to_decide, who

NOW = datetime.now(UTC).replace(microsecond=0)
ANALYST = who("ann", "analyst")


@pytest.fixture
def reef(cloud: Cloud) -> Cloud:
    """A record in conflict whose deletion waits, and a row that can be undone."""
    a_workspace(cloud)
    something_to_decide(cloud)
    return cloud


def ask(cloud: Cloud, name: str, **how: Any) -> Answer:
    return cloud["dashboard"].answer(request(name, ANALYST, **how))


def only_work(cloud: Cloud, workspace_id: int = W) -> Work:
    (work,) = cloud.work(workspace_id)
    return work


def keep(cloud: Cloud, *rows: SyncLog, workspace_id: int = W) -> None:
    lease = cloud.store.desk(workspace_id).acquire("test", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    cloud.store.ledger(lease).record(*rows)
    cloud.store.desk(workspace_id).release(lease)


def row(id: int, *changes: Change, **more: Any) -> SyncLog:
    at = NOW - timedelta(hours=1) + timedelta(seconds=id % 1000)
    plain = SyncLog(id, W, at, f"run-{id}", Operation.UPDATE, Outcome.SUCCESS, mapping_id=MAPPING, changes=changes)
    return replace(plain, entity_type=EntityType.MEDIA_PROJECT, entity_id="4", **more)


# --- conflicts --------------------------------------------------------------------------------------------------------


def test_a_conflict_is_listed_with_whole_values(reef: Cloud) -> None:
    long = "word " * 2_000
    with_conflict(reef, long)

    (shown,) = ask(reef, "conflicts").json["items"]

    values = {"base": "Reef", "navimpact": long, "notion": "The Reef"}
    assert shown["conflicts"] == [{"field": "title", "version": shown["conflicts"][0]["version"], **values}]


def with_conflict(cloud: Cloud, navimpact: str) -> None:
    lease = cloud.store.desk(W).acquire("test", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    ledger = cloud.store.ledger(lease)
    mapping = ledger.load(MAPPING)
    assert mapping is not None
    (clash,) = mapping.conflicts
    ledger.save(mapping.but(state="linked", conflicts=(replace(clash, navimpact=navimpact),)))
    cloud.store.desk(W).release(lease)


@pytest.mark.parametrize("winner", ["navimpact", "notion"])
def test_a_choice_becomes_work_that_names_who_wins_and_who_chose(reef: Cloud, winner: str) -> None:
    answer = ask(reef, "resolve", body={"field": "title", "winner": winner})

    work = only_work(reef)
    assert (work.kind, work.choice) == (WorkKind.RESOLVE, winner)
    assert work.external_id.startswith(f"{MAPPING}/title/")
    assert (work.actor, answer.json["run_id"], answer.json["done"]) == ("ann", work.run_id, False)
    assert len(reef.wakes()) == 1


def test_a_choice_between_values_that_have_changed_since_is_refused(reef: Cloud) -> None:
    with_conflict(reef, "Reef Film")
    seen = ask(reef, "conflicts").json["items"][0]["conflicts"][0]["version"]
    choice = {"field": "title", "winner": "notion", "version": seen}
    taken = ask(reef, "resolve", body=choice)
    with_conflict(reef, "Reef Film, second cut")

    refused = ask(reef, "resolve", body=choice)

    assert (taken.status, refused.status, refused.json["code"]) == (202, 409, "edited_anew")
    assert refused.json["detail"].startswith("title was edited since you looked")
    assert refused.json["conflict"] == ask(reef, "conflicts").json["items"][0]["conflicts"][0]


def test_a_field_that_is_not_in_conflict_has_no_winner(reef: Cloud) -> None:
    answer = ask(reef, "resolve", body={"field": "status", "winner": "notion"})

    assert (answer.status, answer.json["code"], reef.work(W)) == (409, "no_conflict", [])


@pytest.mark.parametrize("body", [{}, {"field": "title"}, {"field": "title", "winner": "both"}, {"winner": "notion"},
                                  {"field": "title/../x", "winner": "notion"}, {"field": "title", "winner": "notion",
                                  "value": "mine"}, [], "title"], ids=str)  # fmt: skip
def test_a_choice_that_cannot_be_is_refused(reef: Cloud, body: Any) -> None:
    answer = ask(reef, "resolve", body=body)

    assert (answer.status, answer.is_problem, reef.work(W)) == (422, True, [])


# --- approvals --------------------------------------------------------------------------------------------------------


def test_a_deletion_that_waits_is_listed(reef: Cloud) -> None:
    answer = ask(reef, "approvals").json

    assert [(item["mapping_id"], item["code"]) for item in answer["items"]] == [(MAPPING, "approve_delete")]
    assert answer["total"] == 1


def with_stories(cloud: Cloud, count: int, **changes: Any) -> None:
    """Stories that belong to the project whose deletion waits."""
    lease = cloud.store.desk(W).acquire("test", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    bases = {"project": Base(("4",), ("4",))}
    for id in range(1, count + 1):
        story = Pairing(id, W, EntityType.IMPACT_STORY, str(id), f"p-{id}", NOW, title=f"Story {id}", bases=bases)
        cloud.store.ledger(lease).save(replace(story, **changes))
    cloud.store.desk(W).release(lease)


def test_the_deletion_of_a_project_says_how_much_goes_along_and_names_the_first_twenty(reef: Cloud) -> None:
    with_stories(reef, 22)

    (listed,) = ask(reef, "approvals").json["items"]
    (waiting,) = ask(reef, "attention").json["groups"][0]["items"]
    (shown,) = [item for item in ask(reef, "dashboard").json["attention"] if item["kind"] == "approval"]

    told = listed["goes_along"]
    assert (told["total"], told["total_is_exact"]) == (22, True)
    assert [item["title"] for item in told["items"]] == [f"Story {id}" for id in range(1, 21)]
    assert told["items"][0] == {"entity_type": "impact_story", "entity_id": 1, "title": "Story 1"}
    assert waiting["goes_along"] == shown["goes_along"] == told


def test_what_was_deleted_before_does_not_go_along(reef: Cloud) -> None:
    with_stories(reef, 2, state="deleted")

    assert ask(reef, "approvals").json["items"][0]["goes_along"] == {"total": 0, "total_is_exact": True, "items": []}


def test_how_much_goes_along_is_no_other_question(reef: Cloud) -> None:
    version = ask(reef, "approvals").json["items"][0]["version"]

    with_stories(reef, 2)

    assert ask(reef, "approvals").json["items"][0]["version"] == version


def test_nothing_is_said_to_go_with_a_story(reef: Cloud) -> None:
    waits = replace(journal.in_the_trash(EntityType.IMPACT_STORY), since=NOW)
    with_stories(reef, 1, state="awaiting_approval", troubles=(waits,))

    told = [item for item in ask(reef, "approvals").json["items"] if item["entity_type"] == "impact_story"]

    assert [(item["goes_along"], "below" in item["cause"]) for item in told] == [(None, False)]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_becomes_work(reef: Cloud, decision: str) -> None:
    (question,) = ask(reef, "approvals").json["items"]

    ask(reef, "decide", body={"decision": decision})

    work = only_work(reef)
    about = f"{MAPPING}/{question['version']}"
    assert (work.kind, work.external_id, work.choice) == (WorkKind.DECIDE, about, decision)


def with_question(cloud: Cloud, asked: Trouble) -> None:
    lease = cloud.store.desk(W).acquire("test", now=NOW, until=NOW + timedelta(minutes=1))
    assert lease is not None
    ledger = cloud.store.ledger(lease)
    mapping = ledger.load(MAPPING)
    assert mapping is not None
    ledger.save(mapping.but(troubles=(asked,)))
    cloud.store.desk(W).release(lease)


def test_an_answer_to_what_is_asked_otherwise_by_now_is_refused(reef: Cloud) -> None:
    with_question(reef, journal.MASS_DELETION)
    answer = {"decision": "approve", "version": ask(reef, "approvals").json["items"][0]["version"]}
    taken = ask(reef, "decide", body=answer)
    with_question(reef, journal.TRASHED)

    refused = ask(reef, "decide", body=answer)

    assert (taken.status, refused.status, refused.json["code"]) == (202, 409, "asked_anew")
    assert "look again" in refused.json["detail"]


def test_what_is_asked_again_is_another_question(reef: Cloud) -> None:
    with_question(reef, replace(journal.TRASHED, since=NOW))
    answer = {"decision": "approve", "version": ask(reef, "approvals").json["items"][0]["version"]}
    with_question(reef, replace(journal.TRASHED, since=NOW + timedelta(days=1)))

    assert ask(reef, "decide", body=answer).status == 409


def test_a_question_goes_by_the_same_version_wherever_it_is_listed(reef: Cloud) -> None:
    with_question(reef, replace(journal.TRASHED, since=NOW))

    (listed,) = ask(reef, "approvals").json["items"]
    waits = [item for group in ask(reef, "attention").json["groups"] for item in group["items"]]

    assert listed["version"] in {item["version"] for item in waits if item["kind"] == "approval"}


def test_what_does_not_wait_cannot_be_decided(reef: Cloud) -> None:
    with_conflict(reef, "x")

    answer = ask(reef, "decide", body={"decision": "approve"})

    assert (answer.status, answer.json["code"], reef.work(W)) == (409, "nothing_waits", [])


@pytest.mark.parametrize("body", [{}, {"decision": "maybe"}, {"decision": "approve", "all": True}, None,
                                  {"decision": "approve", "version": "v" * 65}], ids=str)  # fmt: skip
def test_a_decision_that_cannot_be_is_refused(reef: Cloud, body: Any) -> None:
    assert ask(reef, "decide", body=body or {}).status == 422


# --- history ----------------------------------------------------------------------------------------------------------


def history(cloud: Cloud, **query: Any) -> list[int]:
    return [item["id"] for item in ask(cloud, "history", query=query).json["items"]]


def test_values_that_no_answer_can_hold_are_cut_and_said_to_be(reef: Cloud) -> None:
    keep(reef, row(7, Change("description", Side.NOTION, "w" * 5_000_000, "short")), row(8))

    small, large = ask(reef, "history", query={"mapping_id": MAPPING}).json["items"][1:]

    assert (small["truncated"], large["truncated"]) == (False, True)
    assert (len(large["changes"][0]["old"]) < 5_000, large["changes"][0]["new"]) == (True, "short")


def whole(cloud: Cloud, **query: Any) -> Answer:
    asked = {"field": "description", "side": "notion", "which": "old"} | query
    return ask(cloud, "whole_value", log_id=7, query=asked)


def test_a_value_is_read_whole_in_parts(reef: Cloud) -> None:
    keep(reef, row(7, Change("description", Side.NOTION, "\U0001f3ac" * 700_000, ("a", "b"))))

    parts = [whole(reef, part=part).json for part in (1, 2, 3)]

    assert "".join(part["text"] for part in parts) == "\U0001f3ac" * 700_000
    assert {part["parts"] for part in parts} == {3}
    assert whole(reef, which="new").json["text"] == '["a", "b"]'


@pytest.mark.parametrize("query", [{"part": 2}, {"side": "navimpact"}, {"field": "title"}], ids=str)
def test_a_value_that_a_row_does_not_have_is_not_found(reef: Cloud, query: dict[str, Any]) -> None:
    keep(reef, row(7, Change("description", Side.NOTION, "old", "new")))

    assert whole(reef, **query).status == 404


@pytest.mark.parametrize("query", [{"part": 0}, {"which": "both"}, {"field": ""}], ids=str)
def test_a_value_that_cannot_be_is_refused(reef: Cloud, query: dict[str, Any]) -> None:
    assert whole(reef, **query).status == 422


def test_values_over_four_thousand_bytes_are_shown_whole(reef: Cloud) -> None:
    long = "wort für wort " * 20_000
    keep(reef, row(7, Change("description", Side.NOTION, long, f"{long}!")))

    shown = ask(reef, "history", query={"run_id": "run-7"}).json["items"][0]["changes"][0]

    assert (shown["old"], shown["new"]) == (long, f"{long}!")


@pytest.mark.parametrize(
    ("query", "found"),
    [({"run_id": "run-7"}, [7]), ({"run_id": "nobodys"}, []), ({"mapping_id": MAPPING}, [LOG, 8, 7]),
     ({"mapping_id": 1}, []), ({"entity_type": "media_project", "entity_id": 4}, [LOG, 8, 7]),
     ({"entity_type": "media_project", "entity_id": 5}, [9]), ({"entity_type": "impact_story"}, []),
     ({"entity_type": "impact_story", "mapping_id": MAPPING}, []), ({}, [LOG, 9, 8, 7])],
    ids=str,
)  # fmt: skip
def test_the_history_of_one_record_and_of_one_run_can_be_asked_for(
    reef: Cloud, query: dict[str, Any], found: list[int]
) -> None:
    keep(reef, row(7), row(8), row(9, mapping_id=None))
    keep(reef, replace(row(9, mapping_id=None), entity_id="5"))

    assert history(reef, **query) == found
    assert ask(reef, "history", query=query).json["total"] == len(found)


@pytest.mark.parametrize("query", [{"entity_id": 4}, {"mapping_id": 4, "run_id": "x"}, {"run_id": "#"}, {"run_id": ""},
                                   {"limit": 101}, {"mapping_id": 1, "entity_type": "media_project", "entity_id": 1}],
                         ids=str)  # fmt: skip
def test_a_history_that_cannot_be_is_refused(reef: Cloud, query: dict[str, Any]) -> None:
    assert ask(reef, "history", query=query).status == 422


def test_a_history_too_large_for_one_answer_goes_on_at_its_cursor(reef: Cloud) -> None:
    long = "w" * 1_000_000
    keep(reef, *(row(id, Change("description", Side.NOTION, f"{id}{long}", None)) for id in range(1, 8)))

    first = ask(reef, "history", query={"mapping_id": MAPPING}).json
    second = ask(reef, "history", query={"mapping_id": MAPPING, "cursor": first["cursor"]}).json

    assert [item["id"] for item in first["items"] + second["items"]] == [LOG, 7, 6, 5, 4, 3, 2, 1]
    assert (len(second["items"]) > 0, second["cursor"]) == (True, None)


def test_history_reads_only_what_it_answers(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for start in range(1, 300, 20):
        keep(reef, *(row(id) for id in range(start, start + 20)))
    reads = counted(reef, monkeypatch)

    ask(reef, "history", query={"mapping_id": MAPPING, "limit": 5})

    assert reads["rows"] <= 10


def counted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many whole rows of the sync log are fetched from now on."""
    dynamo, reads = cloud["dashboard"].module.runtime.store.lists.dynamo, {"rows": 0}
    get_many: Callable[..., Any] = dynamo.get_many

    def counting(table: str, keys: Any) -> Any:
        wanted = list(keys)
        reads["rows"] += len(wanted)
        return get_many(table, wanted)

    monkeypatch.setattr(dynamo, "get_many", counting)
    return reads


# --- undo -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "external_id", "choice"),
    [({"scope": "record"}, f"record/{LOG}", None), ({"scope": "run"}, "run/run-1", None),
     ({"scope": "field", "field": "title"}, f"log/{LOG}/title", None),
     ({"scope": "field", "field": "title", "side": "notion"}, f"log/{LOG}/title", "notion")],
    ids=str,
)  # fmt: skip
def test_an_undo_becomes_work(reef: Cloud, body: dict[str, Any], external_id: str, choice: str | None) -> None:
    ask(reef, "revert", body=body)

    work = only_work(reef)
    assert (work.kind, work.external_id, work.choice, work.actor) == (WorkKind.REVERT, external_id, choice, "ann")


@pytest.mark.parametrize(
    "body", [{}, {"scope": "all"}, {"scope": "field"}, {"scope": "record", "field": "title"},
             {"scope": "run", "field": "title"}, {"scope": "field", "field": "#"}], ids=str)  # fmt: skip
def test_an_undo_that_cannot_be_is_refused(reef: Cloud, body: dict[str, Any]) -> None:
    assert ask(reef, "revert", body=body).status == 422


@pytest.mark.parametrize(
    ("body", "told"),
    [({"scope": "field"}, "say which field to undo"),
     ({"scope": "record", "field": "title"}, 'leave out "field", or say "scope": "field"')],
    ids=str,
)  # fmt: skip
def test_who_says_too_little_or_too_much_of_a_field_is_told_what_to_say(
    reef: Cloud, body: dict[str, Any], told: str
) -> None:
    assert told in ask(reef, "revert", body=body).json["detail"]


def test_what_left_a_record_as_it_was_cannot_be_undone(reef: Cloud) -> None:
    keep(reef, row(7, Change("project", Side.NOTION, ("1",), ("1",))))

    assert ask(reef, "revert", log_id=7).json["code"] == "not_revertible"
    assert not ask(reef, "history", query={"run_id": "run-7"}).json["items"][0]["can_revert"]


@pytest.mark.parametrize(
    "changes", [{"outcome": Outcome.FAILED}, {"outcome": Outcome.STARTED}, {"operation": Operation.CONFLICT},
                {"operation": Operation.SETUP}, {"mapping_id": None}], ids=str)  # fmt: skip
def test_what_wrote_nothing_cannot_be_undone(reef: Cloud, changes: dict[str, Any]) -> None:
    keep(reef, row(7, **changes))

    answer = ask(reef, "revert", log_id=7)

    assert (answer.status, answer.json["code"], reef.work(W)) == (409, "not_revertible", [])
    assert not ask(reef, "history", query={"run_id": "run-7"}).json["items"][0]["can_revert"]


def test_a_field_that_was_not_changed_cannot_be_undone(reef: Cloud) -> None:
    answer = ask(reef, "revert", body={"scope": "field", "field": "status"})

    assert (answer.status, answer.json["code"]) == (409, "no_such_field")


def test_a_merged_text_is_undone_for_one_side_at_a_time(reef: Cloud) -> None:
    keep(reef, row(7, *(Change("description", side, f"old on {side}", "new") for side in Side)))

    refused = ask(reef, "revert", log_id=7)
    taken = ask(reef, "revert", log_id=7, body={"scope": "field", "field": "description", "side": "notion"})

    assert (refused.status, refused.json["code"], taken.status) == (409, "side_needed", 202)


def test_what_an_undo_wrote_on_both_sides_is_undone_without_choosing_one(reef: Cloud) -> None:
    keep(reef, row(7, *(Change("description", side, "old", "new") for side in Side)))

    assert ask(reef, "revert", log_id=7).status == 202


def test_what_the_log_has_forgotten_cannot_be_undone(reef: Cloud) -> None:
    keep(reef, replace(row(7), at=NOW - timedelta(days=500)))

    assert ask(reef, "revert", log_id=7).status == 404


# --- two people -------------------------------------------------------------------------------------------------------


def by(cloud: Cloud, who_asks: str, name: str, body: dict[str, Any] | None = None) -> Answer:
    return cloud["dashboard"].answer(
        request(name, who(who_asks, "analyst"), **({} if body is None else {"body": body}))
    )


def test_who_answers_second_is_told_who_answered_what_and_when(reef: Cloud) -> None:
    first = by(reef, "bo", "decide", {"decision": "reject"})

    second = by(reef, "ann", "decide", {"decision": "approve"})

    began = reef.store.desk(W).asked_at(first.json["run_id"])
    assert began is not None
    assert (first.status, second.status, second.json["code"]) == (202, 409, "answered_already")
    assert f"bo said “reject” at {began:%H:%M:%S} UTC" in second.json["detail"]
    assert (only_work(reef).actor, only_work(reef).choice) == ("bo", "reject")
    assert len(reef.wakes()) == 1


def test_who_answered_may_answer_otherwise(reef: Cloud) -> None:
    by(reef, "bo", "decide", {"decision": "approve"})

    assert by(reef, "bo", "decide", {"decision": "reject"}).status == 202
    assert only_work(reef).choice == "reject"


@pytest.mark.parametrize("name", ["resolve", "decide", "revert"])
def test_what_somebody_has_decided_nobody_else_decides_before_it_is_carried_out(reef: Cloud, name: str) -> None:
    by(reef, "bo", name)

    assert by(reef, "ann", name).json["code"] == "answered_already"
    reef.store.desk(W).done(only_work(reef))
    assert by(reef, "ann", name).status == 202


def test_a_refused_answer_is_no_run(reef: Cloud) -> None:
    by(reef, "bo", "decide")
    refused = by(reef, "ann", "decide")

    assert "run_id" not in refused.json
    assert [work.actor for work in reef.work(W)] == ["bo"]


# --- all of them ------------------------------------------------------------------------------------------------------

DECISIONS = pytest.mark.parametrize("name", ["resolve", "decide", "revert"])


@DECISIONS
@pytest.mark.parametrize("changes", [{"is_active": False}, {"connection": "needs_reauth"}], ids=str)
def test_while_nothing_would_be_done_nothing_is_promised(cloud: Cloud, name: str, changes: dict[str, Any]) -> None:
    a_workspace(cloud, **changes)
    something_to_decide(cloud)

    answer = ask(cloud, name)

    assert (answer.status, answer.json["code"], cloud.work(W)) == (409, "not_active", [])


@DECISIONS
def test_a_decision_is_found_in_whichever_workspace_it_is(cloud: Cloud, name: str) -> None:
    a_workspace(cloud, 1, bot_id="b1")
    a_workspace(cloud)
    something_to_decide(cloud)

    assert ask(cloud, name).status == 202
    assert [len(cloud.work(id)) for id in (1, W)] == [0, 1]


@DECISIONS
def test_a_viewer_of_the_workspace_decides_nothing_there(cloud: Cloud, name: str) -> None:
    a_workspace(cloud, members={"ann": "viewer"})
    something_to_decide(cloud)

    assert (ask(cloud, name).status, cloud.work(W)) == (403, [])


# --- waiting ----------------------------------------------------------------------------------------------------------


def waiting(cloud: Cloud, prefer: str, monkeypatch: pytest.MonkeyPatch, *, worker: Callable[[], None]) -> Answer:
    """Ask and wait; *worker* runs while the call sleeps."""
    asking = cloud["dashboard"].module.deciding.asking
    monkeypatch.setattr(asking, "runtime", replace(asking.runtime, sleep=lambda _: worker()))
    event = request("resolve", ANALYST)
    event["headers"]["prefer"] = prefer
    return cloud["dashboard"].answer(event)


def test_who_waits_is_told_that_it_is_done(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        reef.store.desk(W).done(only_work(reef))

    answer = waiting(reef, "wait=8", monkeypatch, worker=work)

    assert (answer.status, answer.json["done"], answer.headers["Preference-Applied"]) == (200, True, "wait=8")
    assert "WAITING" not in str(reef.kept())


def test_who_waits_in_vain_is_told_that_it_was_taken(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = waiting(reef, "respond-async, wait=1", monkeypatch, worker=lambda: None)

    assert (answer.status, answer.json["done"], answer.headers["Preference-Applied"]) == (202, False, "wait=1")


@pytest.mark.parametrize("prefer", ["wait=0", "wait=-1", "wait=x", "waiting=5", "return=minimal", "", "wait"])
def test_who_does_not_want_to_wait_is_answered_at_once(
    reef: Cloud, monkeypatch: pytest.MonkeyPatch, prefer: str
) -> None:
    answer = waiting(reef, prefer, monkeypatch, worker=lambda: pytest.fail("it waited"))

    assert (answer.status, "Preference-Applied" in answer.headers) == (202, False)


def test_nobody_waits_longer_than_the_platform_does(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        reef.store.desk(W).done(only_work(reef))

    assert waiting(reef, "wait=9999", monkeypatch, worker=work).headers["Preference-Applied"] == "wait=8"


def test_few_wait_at_once(reef: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    room, now = reef.store.waiting_room(W), datetime.now(UTC)
    for _ in range(3):
        room.sit(now=now, until=now + timedelta(seconds=8))

    answer = waiting(reef, "wait=8", monkeypatch, worker=lambda: pytest.fail("it waited"))

    assert (answer.status, "Preference-Applied" in answer.headers) == (202, False)


def test_a_place_whose_holder_died_is_free_again(reef: Cloud) -> None:
    room = reef.store.waiting_room(W)
    for _ in range(3):
        room.sit(now=NOW, until=NOW + timedelta(seconds=8))

    assert room.sit(now=NOW, until=NOW + timedelta(seconds=8)) is None
    assert room.sit(now=NOW + timedelta(seconds=8), until=NOW + timedelta(seconds=16)) == 0


def test_the_page_of_a_record_is_told_beside_it(reef: Cloud) -> None:
    assert ask(reef, "conflicts").json["items"] == []  # a deletion that waits goes before a conflict
    assert ask(reef, "approvals").json["items"][0]["notion_page_id"] == PAGE
