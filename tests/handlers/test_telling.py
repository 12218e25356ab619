"""What people ask to be told: why a record stands as it does, what days came to, and how far a sync has come."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from navsync import walks
from navsync.model import (
    BudgetWindow,
    Conflict,
    EntityRef,
    EntityType,
    Lane,
    Operation,
    Outcome,
    Pause,
    PausedBy,
    Side,
    State,
    SyncLog,
    Work,
    WorkKind,
)
from navsync.store import DynamoDesk, LogFilter
from navsync.store.dynamo import Dynamo, plains
from tests.handlers.deployed import Answer, Cloud
from tests.handlers.known import W, a_workspace, request, who
from tests.handlers.test_people_lists import History

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.date()
VIEWER, ANALYST = who("vera", "viewer"), who("ann", "analyst")


@pytest.fixture
def history(cloud: Cloud) -> History:
    return History(cloud)


def see(cloud: Cloud, name: str, by: dict[str, Any] = VIEWER, **how: Any) -> Answer:
    return cloud["dashboard"].answer(request(name, by, **how))


# --- explaining -------------------------------------------------------------------------------------------------------


def explained(cloud: Cloud, kind: str = "media_project", id: object = 4) -> list[tuple[str, str | None]]:
    return [(item["verdict"], item["to_do"]) for item in explanations(cloud, kind, id)]


def explanations(cloud: Cloud, kind: str, id: object) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ask_why(cloud, kind, id).json["items"]
    return items


def ask_why(cloud: Cloud, kind: str, id: object) -> Answer:
    event = request("explain", VIEWER)
    event["pathParameters"] = {"entity_type": kind, "entity_id": str(id)}
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/api/v1/notion/explain/{kind}/{id}"
    return cloud["dashboard"].answer(event)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, "in_step"), ({"last_sync_at": None}, "waiting"), ({"state": State.UNREACHABLE}, "waiting_for_a_person"),
     ({"conflicts": (Conflict("title", "a", "b", "c"),)}, "waiting_for_a_person"), ({"attempts": 2}, "failing")],
    ids=["in step", "new", "unreachable", "conflict", "failing"],
)  # fmt: skip
def test_a_record_is_explained(cloud: Cloud, history: History, changes: dict[str, Any], verdict: str) -> None:
    history.mapping(4, **changes)

    assert [told for told, _ in explained(cloud)] == [verdict]


def test_a_page_is_explained_by_its_id(cloud: Cloud, history: History) -> None:
    history.mapping(4)

    assert explained(cloud, "page", f"p-{W}-4") == [("in_step", None)]


def test_a_record_is_explained_for_each_workspace_of_the_caller(cloud: Cloud, history: History) -> None:
    a_workspace(cloud, 2, bot_id="b2", is_active=False)
    a_workspace(cloud, 3, bot_id="b3", org="bay")
    history.mapping(4)

    assert [told for told, _ in explained(cloud)] == ["not_synced", "in_step"]


def test_what_was_told_of_and_not_looked_at_yet_is_on_its_way(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).put(Work(Lane.LIVE, WorkKind.ENTITY, "media_project/4", "1", NOW, "r"))

    assert [told for told, _ in explained(cloud)] == ["waiting"]


@pytest.mark.parametrize("about", [("media_project", 4), ("page", f"p-{W}-4")], ids=["record", "page"])
@pytest.mark.parametrize(
    "waiting",
    [
        Work(Lane.LIVE, WorkKind.ENTITY, "media_project/4", "1", NOW, "navimpact told of it"),
        Work(Lane.LIVE, WorkKind.ENTITY, "media_project/4", "1", NOW, "a person asked", requested=True),
        Work(Lane.LIVE, WorkKind.PAGE, f"media_project/p-{W}-4", "1", NOW, "notion told of it"),
        Work(Lane.SWEEP, WorkKind.PAGE, f"media_project/p-{W}-4", "1", NOW, "a sweep found it"),
        Work(Lane.LIVE, WorkKind.MAPPING, "4", "1", NOW, "it waits for quiet"),
    ],
    ids=lambda work: work.run_id,
)
def test_a_record_that_waits_to_be_looked_at_is_not_said_to_be_in_step(
    cloud: Cloud, history: History, waiting: Work, about: tuple[str, object]
) -> None:
    history.mapping(4)

    cloud.store.desk(W).put(waiting)

    assert [told for told, _ in explained(cloud, *about)] == ["waiting"]


def test_a_new_row_that_waits_to_be_looked_at_is_not_said_to_be_unknown(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).put(Work(Lane.LIVE, WorkKind.PAGE, "impact_story/a-new-row", "1", NOW, "r"))

    assert [told for told, _ in explained(cloud, "page", "a-new-row")] == ["waiting"]


def test_a_new_record_at_which_looks_fail_is_told_with_the_next(cloud: Cloud, history: History) -> None:
    later = NOW + timedelta(minutes=11)
    cloud.store.desk(W).put(Work(Lane.SWEEP, WorkKind.ENTITY, "media_project/4", "1", later, "r", attempts=30))

    (told,) = explanations(cloud, "media_project", 4)

    assert (told["verdict"], told["error"]) == ("failing", "failing")
    assert (
        f"failed 30 times in a row; the history says how. It is tried again {later:%Y-%m-%d %H:%M:%S} UTC."
        in (told["because"])
    )


@pytest.mark.parametrize(
    ("kind", "id", "told"),
    [("film", 4, "entity_type: it must be one of media_project, distribution_log, performance_metrics, impact_story, "
      "page."),
     ("media_project", "x", "entity_id: it must be a number, as NavImpact gives it."),
     ("page", "x" * 200, "entity_id: it is not the id of a page in Notion."),
     ("impact_story", "٣", "entity_id: it must be a number, as NavImpact gives it.")],
)  # fmt: skip
def test_who_asks_for_what_is_no_record_is_told_what_there_is(
    cloud: Cloud, history: History, kind: str, id: object, told: str
) -> None:
    answer = ask_why(cloud, kind, id)

    assert (answer.status, answer.json["detail"]) == (422, told)


def test_a_record_that_navsync_does_not_know_is_named_and_said_to_be_unknown(cloud: Cloud, history: History) -> None:
    (told,) = explanations(cloud, "media_project", 9999)

    assert (told["verdict"], told["entity_type"], told["entity_id"]) == ("unknown", "media_project", 9999)
    assert told["because"].startswith("NavSync does not know the media project 9999")
    assert "POST /sync-project/9999" in told["to_do"]


def test_a_page_that_navsync_does_not_know_is_named_and_said_to_be_unknown(cloud: Cloud, history: History) -> None:
    (told,) = explanations(cloud, "page", "p-unknown")

    assert (told["verdict"], told["notion_page_id"], told["entity_type"]) == ("unknown", "p-unknown", None)
    assert told["because"].startswith("NavSync does not know the page p-unknown")


def test_the_id_of_a_record_that_was_made_again_leads_to_the_one_that_there_is_now(
    cloud: Cloud, history: History
) -> None:
    history.mapping(4, entity_id="31")
    log(history, 1, operation=Operation.DELETE, entity_id="4", mapping_id=4)
    log(history, 2, operation=Operation.CREATE, entity_id="31", mapping_id=4)
    for old, new in (("4", "17"), ("17", "31")):
        history.ledger.note_remade(EntityRef(EntityType.MEDIA_PROJECT, old), new, now=NOW)

    (told,), (latest,) = explanations(cloud, "media_project", 4), explanations(cloud, "media_project", 31)
    happened = [see(cloud, "history", query={"entity_type": "media_project", "entity_id": id}) for id in (4, 31)]

    assert (told["verdict"], told["entity_id"], told["made_again_as"]) == ("in_step", 31, 31)
    assert told["because"].startswith("It was deleted, and made again as media project 31.")
    assert (latest["made_again_as"], latest["because"].startswith("Both sides")) == (None, True)
    assert [[row["id"] for row in answer.json["items"]] for answer in happened] == [[2, 1], [2, 1]]


def test_a_record_that_only_another_workspace_has_made_again_leads_nowhere_here(cloud: Cloud, history: History) -> None:
    history.ledger.note_remade(EntityRef(EntityType.MEDIA_PROJECT, "4"), "31", now=NOW)

    (told,) = explanations(cloud, "media_project", 4)

    assert (told["verdict"], told["made_again_as"]) == ("unknown", None)


def test_what_nothing_had_paired_before_it_was_made_again_has_its_deletion_in_its_history(
    cloud: Cloud, history: History
) -> None:
    log(history, 1, operation=Operation.DELETE, entity_id="4")
    history.mapping(1, entity_id="31")
    log(history, 2, operation=Operation.CREATE, entity_id="31", mapping_id=1)
    history.ledger.note_remade(EntityRef(EntityType.MEDIA_PROJECT, "4"), "31", now=NOW)

    answer = see(cloud, "history", query={"entity_type": "media_project", "entity_id": 4}).json

    assert [row["id"] for row in answer["items"]] == [2, 1]


# --- counting ---------------------------------------------------------------------------------------------------------


def log(history: History, id: int, **changes: Any) -> SyncLog:
    plain = SyncLog(id, history.id, NOW, "run", Operation.UPDATE, Outcome.SUCCESS, entity_type=EntityType.MEDIA_PROJECT)
    row = replace(plain, **changes)
    history.ledger.record(row)
    return row


STORY = EntityType.IMPACT_STORY
VARIED: list[dict[str, Any]] = [
    {"side": Side.NOTION, "duration_ms": 100}, {"side": Side.NAVIMPACT, "duration_ms": 300},
    {"operation": Operation.CREATE, "duration_ms": 50}, {"outcome": Outcome.FAILED, "duration_ms": 9_000},
    {"operation": Operation.CONFLICT}, {"outcome": Outcome.STARTED}, {"entity_type": STORY, "duration_ms": 5},
    {"entity_type": STORY, "operation": Operation.DELETE}, {"entity_type": None, "operation": Operation.SETUP},
    {"at": NOW - timedelta(days=3)},
]  # fmt: skip


def test_the_figures_are_what_counting_the_sync_log_again_gives(cloud: Cloud, history: History) -> None:
    for id, changes in enumerate(VARIED, start=1):
        log(history, id, **changes)
    log(history, 6, side=Side.NOTION, duration_ms=400)  # what was begun is finished

    shown = see(cloud, "analytics").json["items"]

    rows = cloud.store.lists.sync_logs({W: LogFilter()}, now=NOW).items
    again = Counter((str(row.at.date()), row.entity_type, row.outcome) for row in rows)
    told = {
        (item["day"], item["entity_type"], outcome): item[name]
        for item in shown
        for name, outcome in (("succeeded", "success"), ("failed", "failed"), ("unfinished", "started"))
    }
    assert {key: number for key, number in told.items() if number} == again


def test_a_day_says_what_was_edited_where_and_how_long_it_took(cloud: Cloud, history: History) -> None:
    for id, changes in enumerate(VARIED[:5], start=1):
        log(history, id, **changes)

    (day,) = see(cloud, "analytics").json["items"]

    assert (day["edits_in_navimpact"], day["edits_in_notion"], day["created"], day["conflicts"]) == (1, 1, 1, 1)
    assert (day["mean_ms"], day["success_rate"]) == (2362, 80.0)
    assert 9_000 <= day["p95_ms"] <= 10_800


@pytest.mark.parametrize(("first", "last", "days"), [(-3, 0, 2), (-3, -3, 1), (-2, -1, 0), (0, 0, 1)])
def test_days_can_be_chosen(cloud: Cloud, history: History, first: int, last: int, days: int) -> None:
    log(history, 1)
    log(history, 2, at=NOW - timedelta(days=3))
    chosen = {"start_date": TODAY + timedelta(days=first), "end_date": TODAY + timedelta(days=last)}

    assert len(see(cloud, "analytics", query=chosen).json["items"]) == days


@pytest.mark.parametrize(
    ("query", "named"),
    [({"start_date": "2026-02-30"}, "start_date"), ({"format": "xls"}, "format"),
     ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "start_date"),
     ({"start_date": "9999-01-01"}, "start_date"),
     ({"start_date": "2026-01-01", "end_date": "2026-04-03"}, "start_date"),
     ({"start_date": "2026-01-01", "end_date": "2026-04-03", "format": "csv"}, "start_date")],
)  # fmt: skip
def test_days_that_cannot_be_are_refused(cloud: Cloud, history: History, query: dict[str, str], named: str) -> None:
    answer = see(cloud, "analytics", query=query)

    assert (answer.status, [error["loc"] for error in answer.json["errors"]]) == (422, [[named]])


def test_a_quarter_of_a_year_can_be_asked_for(cloud: Cloud, history: History) -> None:
    query = {"start_date": "2026-01-01", "end_date": "2026-04-02"}

    assert see(cloud, "analytics", query=query).status == 200


@pytest.mark.parametrize("form", ["json", "csv"])
def test_figures_that_would_not_fit_into_an_answer_are_refused(
    cloud: Cloud, history: History, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(history, 1)
    monkeypatch.setattr("navsync.figures.as_csv", lambda _: "," * 4_500_001)
    monkeypatch.setattr("navsync.figures.as_row", lambda _: {"day": "9" * 4_500_001})

    answer = see(cloud, "analytics", query={"format": form})

    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["workspace_id"])


@pytest.mark.parametrize("query", [{"end_date": "0001-01-01"}, {"start_date": "9999-12-31", "end_date": "9999-12-31"}])
def test_the_first_and_the_last_day_there_is_can_be_asked_for(
    cloud: Cloud, history: History, query: dict[str, str]
) -> None:
    assert see(cloud, "analytics", query=query).json["items"] == []


def test_figures_come_as_a_table_too(cloud: Cloud, history: History) -> None:
    log(history, 1)

    answer = see(cloud, "analytics", query={"format": "csv"})

    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (row["day"], row["entity_type"], row["succeeded"]) == (str(TODAY), "media_project", "1")


# --- syncing chosen records -------------------------------------------------------------------------------------------


def sync(cloud: Cloud, body: Any) -> Answer:
    return see(cloud, "sync_workspace", ANALYST, body=body)


def test_setting_up_is_work_for_the_worker(cloud: Cloud, history: History) -> None:
    answer = see(cloud, "set_up_workspace", who())

    (work,) = cloud.work(W)
    assert (work.lane, work.kind, work.run_id) == (Lane.LIVE, WorkKind.SETUP, answer.json["run_id"])


def test_chosen_projects_become_one_run(cloud: Cloud, history: History) -> None:
    answer = sync(cloud, {"ids": [4, 5, 4]})

    works = cloud.work(W)
    assert sorted(work.external_id for work in works) == ["media_project/4", "media_project/5"]
    assert {work.run_id for work in works} == {answer.json["run_id"]}
    assert {(work.kind, work.thorough, work.actor) for work in works} == {(WorkKind.ENTITY, True, "ann")}
    assert len(cloud.wakes()) == 1


def test_who_waits_for_chosen_projects_is_told_when_all_are_done_and_what_was_not(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worker(_: float) -> None:
        work, *_others = cloud.work(W)
        cloud.store.desk(W).done(work)
        refused = {"run_id": work.run_id, "outcome": Outcome.FAILED, "message": f"{work.external_id} is refused"}
        log(history, int(work.external_id.partition("/")[2]), at=datetime.now(UTC), **refused)

    asking = cloud["dashboard"].module.syncing.asking
    monkeypatch.setattr(asking, "runtime", replace(asking.runtime, sleep=worker))
    event = request("sync_workspace", ANALYST, body={"ids": [4, 5]})
    event["headers"]["prefer"] = "wait=8"

    answer = cloud["dashboard"].answer(event)

    assert (answer.status, answer.json["done"], cloud.work(W)) == (200, True, [])
    assert sorted(answer.json["failures"]) == ["media_project/4 is refused", "media_project/5 is refused"]


def test_records_can_be_chosen_by_how_they_stand(cloud: Cloud, history: History) -> None:
    history.mapping(1)
    history.mapping(2, state=State.UNREACHABLE)
    history.mapping(3, state=State.UNREACHABLE, entity_type=STORY)

    sync(cloud, {"filter": {"sync_status": "failed", "entity_type": "media_project"}})

    (work,) = cloud.work(W)
    assert (work.kind, work.external_id) == (WorkKind.CHOSEN, "failed+unreachable/media_project")
    assert work.lane is Lane.BACKFILL


def test_what_a_filter_chose_is_synced_once_at_a_time(cloud: Cloud, history: History) -> None:
    history.mapping(1, state=State.UNREACHABLE)
    first = sync(cloud, {"filter": {"sync_status": "failed"}})

    again = sync(cloud, {"filter": {"sync_status": "failed"}})

    assert (again.status, again.json["code"]) == (409, "sync_runs")
    assert [work.run_id for work in cloud.work(W)] == [first.json["run_id"]]


def test_of_two_equal_syncs_of_a_filter_at_the_very_same_moment_one_is_refused(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked whether one runs, and seen none, before either is put."""
    history.mapping(1, state=State.UNREACHABLE)
    first = sync(cloud, {"filter": {"sync_status": "failed"}})
    waiting, seen_too_early = DynamoDesk.waiting, [None]
    monkeypatch.setattr(
        DynamoDesk, "waiting", lambda desk, work: seen_too_early.pop() if seen_too_early else waiting(desk, work)
    )

    second = sync(cloud, {"filter": {"sync_status": "failed"}})

    assert (first.status, second.status, second.json["code"]) == (202, 409, "sync_runs")
    assert [work.run_id for work in cloud.work(W)] == [first.json["run_id"]]


def test_the_same_records_are_synced_once_at_a_time(cloud: Cloud, history: History) -> None:
    first = sync(cloud, {"ids": [4, 5]})

    again = sync(cloud, {"ids": [5, 4, 5]})

    assert (again.status, again.json["code"], first.json["run_id"] in again.json["detail"]) == (409, "sync_runs", True)
    assert {work.run_id for work in cloud.work(W)} == {first.json["run_id"]}


@pytest.mark.parametrize("done", [1, 2])
def test_the_same_records_can_be_synced_again_once_all_were_looked_at(
    cloud: Cloud, history: History, done: int
) -> None:
    sync(cloud, {"ids": [4, 5]})
    for work in cloud.work(W)[:done]:
        cloud.store.desk(W).done(work)

    again = sync(cloud, {"ids": [4, 5]})

    assert again.status == (202 if done == 2 else 409)


def test_a_record_that_is_tried_again_keeps_nobody_from_asking_for_it(cloud: Cloud, history: History) -> None:
    run_id = sync(cloud, {"ids": [4]}).json["run_id"]
    desk, (looked_at,) = cloud.store.desk(W), cloud.work(W)
    desk.put(replace(looked_at, kind=WorkKind.MAPPING, external_id="1", due=NOW + timedelta(minutes=9)))
    desk.done(looked_at)

    assert sync(cloud, {"ids": [4]}).status == 202
    assert progress(cloud, run_id=run_id)["done"] == 0


def test_what_was_put_off_is_tried_at_once_for_who_asks_again(cloud: Cloud, history: History) -> None:
    sync(cloud, {"ids": [4]})
    (failed,) = cloud.work(W)
    cloud.store.desk(W).put(replace(failed, due=datetime.now(UTC) + timedelta(minutes=9), nonce="2", attempts=1))

    again = sync(cloud, {"ids": [4]})

    (work,) = cloud.work(W)
    assert (again.status, work.run_id, work.attempts) == (202, again.json["run_id"], 0)


@pytest.mark.parametrize("ids", [[4], [4, 5, 6], [5, 6]], ids=str)
def test_other_records_are_not_the_same(cloud: Cloud, history: History, ids: list[int]) -> None:
    sync(cloud, {"ids": [4, 5]})

    assert sync(cloud, {"ids": ids}).status == 202


def test_what_a_sweep_has_found_is_no_run_that_somebody_asked_for(cloud: Cloud, history: History) -> None:
    cloud.store.desk(W).put(Work(Lane.SWEEP, WorkKind.ENTITY, "media_project/4", "1", NOW, "sweep"))

    answer = sync(cloud, {"ids": [4]})

    found, asked = sorted(cloud.work(W), key=lambda work: work.requested)
    assert (answer.status, found.run_id) == (202, "sweep")
    assert (asked.run_id, asked.thorough) == (answer.json["run_id"], True)


@pytest.mark.parametrize(
    ("name", "body"), [("sync_project", {}), ("sync_workspace", {}), ("sync_workspace", {"ids": [1]})],
    ids=["one project", "everything", "chosen"],
)  # fmt: skip
def test_nothing_that_comes_of_itself_takes_the_place_of_what_a_person_waits_for(
    cloud: Cloud, history: History, name: str, body: Any
) -> None:
    run_id = see(cloud, name, ANALYST, body=body).json["run_id"]
    (asked,) = cloud.work(W)

    cloud.store.desk(W).put(Work(asked.lane, asked.kind, asked.external_id, "1", NOW, "of itself"))

    assert cloud.store.desk(W).queued(run_id) == 1


@pytest.mark.parametrize("name", ["sync_project", "sync_workspace"])
def test_of_two_people_who_ask_for_the_same_neither_is_told_that_it_is_done_while_it_waits(
    cloud: Cloud, history: History, name: str
) -> None:
    runs = [see(cloud, name, ANALYST, body={}).json["run_id"] for _ in range(2)]
    desk, (work,) = cloud.store.desk(W), cloud.work(W)
    assert [desk.queued(run) for run in runs] == [1, 1]

    desk.done(work)

    assert [desk.queued(run) for run in runs] == [0, 0]


def test_of_two_equal_syncs_of_records_at_the_very_same_moment_one_is_refused(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked whether one runs, and seen none, before either is put."""
    first = sync(cloud, {"ids": [4, 5]})
    get_many, seen_too_early = Dynamo.get_many, [list[Any]()]
    monkeypatch.setattr(Dynamo, "get_many", lambda *asked: seen_too_early.pop() if seen_too_early else get_many(*asked))

    second = sync(cloud, {"ids": [4, 5]})

    assert (first.status, second.status, second.json["code"]) == (202, 409, "sync_runs")
    assert {work.run_id for work in cloud.work(W)} == {first.json["run_id"]}


def test_how_far_a_run_has_come_is_forgotten_with_the_run(cloud: Cloud, history: History) -> None:
    history.mapping(1)
    sync(cloud, {"filter": {}})

    items = [plains(item) for item in cloud.dynamodb.scan(TableName="WorkspacesTable")["Items"]]
    run, walk = (next(i for i in items if i["sk"].startswith(kind)) for kind in ("RUN#", "CURSOR#chosen:"))
    assert walk["expires_at"] == run["expires_at"]


def test_a_filter_that_chooses_nothing_says_so(cloud: Cloud, history: History) -> None:
    answer = sync(cloud, {"filter": {"sync_status": "failed"}})

    assert (answer.status, answer.json["code"], cloud.work(W)) == (409, "nothing_chosen", [])


@pytest.mark.parametrize("body", [{"ids": []}, {"ids": ["x"]}, {"ids": [-1]}, {"ids": [1], "filter": {}}, {"all": True},
                                  {"filter": {"colour": "red"}}, {"ids": list(range(1_001))}],
                         ids=["none", "text", "negative", "both", "unknown", "unknown filter", "many"])  # fmt: skip
def test_a_choice_of_records_that_cannot_be_is_refused(cloud: Cloud, history: History, body: Any) -> None:
    answer = sync(cloud, body)

    assert (answer.status, answer.is_problem, cloud.work(W)) == (422, True, [])


def test_how_far_a_run_has_come_can_be_asked_for(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = sync(cloud, {"ids": [1, 2, 3, 4]}).json["run_id"]
    desk = cloud.store.desk(W)
    desk.put(Work(Lane.LIVE, WorkKind.ENTITY, "media_project/9", "9", NOW, "another run"))
    begun, (_, began) = progress(cloud, run_id=run_id), desk.run(run_id) or (0, NOW)
    for work in cloud.work(W)[1:4]:
        desk.done(work)
    status = cloud["dashboard"].module.status
    monkeypatch.setattr(status, "runtime", replace(status.runtime, clock=lambda: began + timedelta(minutes=1)))

    assert (begun["done"], begun["total"], begun["seconds_left"]) == (0, 4, None)
    assert progress(cloud, run_id=run_id) == {"done": 3, "total": 4, "per_minute": 3, "seconds_left": 20}


def test_how_far_a_run_has_come_is_told_though_much_waits_before_it(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navsync.store.desk.MOST_READ", 5)
    desk = cloud.store.desk(W)
    for n in range(7):
        desk.put(Work(Lane.LIVE, WorkKind.PAGE, f"media_project/p{n}", "n", datetime.now(UTC), "edits"))
        desk.put(Work(Lane.SWEEP, WorkKind.ENTITY, f"media_project/9{n}", "n", datetime.now(UTC), "earlier"))

    run_id = sync(cloud, {"ids": [1, 2, 3]}).json["run_id"]

    assert [progress(cloud, run_id=run_id)[name] for name in ("done", "total")] == [0, 3]


def test_how_far_a_filter_has_come_is_told_though_records_stand_otherwise_by_then(
    cloud: Cloud, history: History
) -> None:
    waiting = [history.mapping(id, last_sync_at=None) for id in (1, 2, 3, 4)]
    run_id = sync(cloud, {"filter": {"sync_status": "pending"}}).json["run_id"]

    for mapping in waiting[:2]:
        history.ledger.save(mapping.but(last_sync_at=NOW))
    cloud.store.desk(W).move_cursor(walks.cursor_of(run_id), str(walks.Walk(place=3, passed=3)))

    assert [progress(cloud, run_id=run_id)[name] for name in ("done", "total")] == [3, 4]


def test_nobody_knows_how_long_a_pause_will_take(
    cloud: Cloud, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = sync(cloud, {"ids": [1, 2]}).json["run_id"]
    desk = cloud.store.desk(W)
    desk.done(cloud.work(W)[0])
    log(history, 1, at=datetime.now(UTC))

    goes_on = [progress(cloud)["seconds_left"], progress(cloud, run_id=run_id)["seconds_left"]]
    see(cloud, "change_workspace", who(), body={"is_active": False})
    paused = [progress(cloud)["seconds_left"], progress(cloud, run_id=run_id)["seconds_left"]]
    see(cloud, "change_workspace", who(), body={"is_active": True})
    desk.keep_pause(Pause(datetime.now(UTC) + timedelta(minutes=5), by=PausedBy.BREAKER))
    left_alone = [progress(cloud)["seconds_left"], progress(cloud, run_id=run_id)["seconds_left"]]

    assert None not in goes_on
    assert (paused, left_alone) == ([None, None], [None, None])


def test_a_run_that_is_done_is_told_so(cloud: Cloud, history: History) -> None:
    run_id = sync(cloud, {"ids": [1]}).json["run_id"]
    cloud.store.desk(W).done(cloud.work(W)[0])

    shown = progress(cloud, run_id=run_id)
    assert (shown["done"], shown["total"], shown["seconds_left"]) == (1, 1, 0)


def test_without_a_run_everything_that_waits_counts(cloud: Cloud, history: History) -> None:
    history.mapping(1)
    history.mapping(2)
    assert progress(cloud) is None
    sync(cloud, {"ids": [3, 4]})

    shown = progress(cloud)
    assert (shown["done"], shown["total"]) == (2, 4)


def test_a_run_that_nobody_asked_for_is_not_found(cloud: Cloud, history: History) -> None:
    answer = see(cloud, "sync_status", query={"run_id": "nobodys"})

    assert (answer.status, answer.json["code"], answer.json["detail"]) == (404, "not_found", "There is no such run.")


def test_a_run_that_ended_without_a_trace_is_known(cloud: Cloud, history: History) -> None:
    run_id = see(cloud, "sync_project", ANALYST).json["run_id"]
    (work,) = cloud.work(W)
    cloud.store.desk(W).done(work)

    assert progress(cloud, run_id=run_id) is None


def test_a_run_that_only_the_log_tells_of_is_known(cloud: Cloud, history: History) -> None:
    log(history, 1, run_id="by-a-webhook")

    assert progress(cloud, run_id="by-a-webhook") is None


def test_a_run_of_another_workspace_is_not_found(cloud: Cloud, history: History) -> None:
    History(cloud, 2, bot_id="b2")
    run_id = sync(cloud, {"ids": [1]}).json["run_id"]

    assert see(cloud, "sync_status", query={"run_id": run_id}).status == 200
    assert see(cloud, "sync_status", query={"run_id": run_id, "workspace_id": 2}).status == 404


def test_how_far_the_records_of_a_filter_have_come_can_be_asked_for(cloud: Cloud, history: History) -> None:
    for id in (1, 2, 3):
        history.mapping(id, state=State.UNREACHABLE)
    run_id = sync(cloud, {"filter": {"sync_status": "failed"}}).json["run_id"]
    desk, begun = cloud.store.desk(W), progress(cloud, run_id=run_id)
    (walking,) = cloud.work(W)

    desk.move_cursor(walks.cursor_of(run_id), str(walks.Walk(place=2, passed=2)))
    desk.put(Work(Lane.SWEEP, WorkKind.MAPPING, "1", "9", datetime.now(UTC), run_id))
    walked = progress(cloud, run_id=run_id)
    desk.clear_cursor(walks.cursor_of(run_id))
    desk.done(walking)

    shown = [(each["done"], each["total"]) for each in (begun, walked, progress(cloud, run_id=run_id))]
    assert shown == [(0, 3), (1, 3), (2, 3)]  # one failed, and is tried again


def progress(cloud: Cloud, **query: str) -> Any:
    return see(cloud, "sync_status", query=query).json["progress"]


def test_a_pause_that_has_ended_is_not_told(cloud: Cloud, history: History) -> None:
    history.mapping(4, last_sync_at=None)
    lease = cloud.store.desk(W).acquire("worker", now=NOW, until=NOW + timedelta(minutes=9))
    assert lease is not None
    cloud.store.desk(W).save_budget(BudgetWindow(NOW, 3), lease)

    assert explained(cloud) == [("waiting", None)]
