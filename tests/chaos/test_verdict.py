"""Would the drill notice? Each broken promise, as the judge is shown it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.navsync.both_sides import KEY, PROJECTS, properties
from navsync.model import CreateIntent, EntityType, Mapping, Operation, Outcome, Side, State, SyncLog
from tests.chaos.backstage import Kept
from tests.chaos.calls import Call
from tests.chaos.diary import Consent, Diary, Edit, Glance, Loss
from tests.chaos.seen import Page, Record, Seen
from tests.chaos.told import Told
from tests.chaos.verdict import Case

T = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Told([], [], [])
FILLED: dict[str, Any] = {
    "description": "words", "project_type": "film", "start_date": "2026-01-01", "end_date": "2026-01-02", "budget": 1,
    "target_audience": 2, "team_members": ["Ada"], "distribution_channels": ["web"],
}  # fmt: skip


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def record(title: str, id: int = 1, **fields: Any) -> Record:
    return Record(PROJECTS, id, FILLED | {"id": id, "status": None, "title": title} | fields)


def page(title: str, id: str = "p1", key: str = "media_project/1", **changes: Any) -> Page:
    shown = properties(PROJECTS, FILLED | {"title": title}) | {"Status": {"status": None}}
    for value in shown.values():
        for run in (*value.get("title", ()), *value.get("rich_text", ())):
            run["plain_text"] = run["text"]["content"]
    raw = {"properties": shown | {KEY: {"rich_text": [{"plain_text": key}]}}}
    plain = Page(PROJECTS, id, "office", "source", False, True, False, key, raw, "", {id: key})
    return replace(plain, **changes)


def case(
    records: list[Record], pages: list[Page], diary: Diary | None = None, told: Told = NOTHING, **calls: Any
) -> Case:
    seen = Seen({one.key: one for one in records}, {one.id: one for one in pages})
    return Case(diary or Diary(), seen, told, calls.get("notion", []), calls.get("navimpact", []), {"bot": 180})


def mapped(page_id: str = "p1", **changes: Any) -> dict[str, Any]:
    return {"id": 7, "notion_page_id": page_id, "state": "linked", "conflicts": []} | changes


def left(kept: Kept, *attention: dict[str, Any]) -> Case:
    """What NavSync keeps, and what it tells of that."""
    return replace(case([], [], told=Told([], list(attention), [])), kept=kept)


def pair(**changes: Any) -> Mapping:
    return Mapping(7, 1, EntityType.MEDIA_PROJECT, "1", "p1", T).but(**changes)


def begun(id: int = 9) -> SyncLog:
    return SyncLog(id, 1, T, "run", Operation.CREATE, Outcome.STARTED)


def asks(code: str) -> dict[str, Any]:
    return {"mapping_id": 7, "code": code, "cause": "because"}


CREATE = CreateIntent(Side.NAVIMPACT, {}, "key", log_id=9)


def wrote(piece: str, path: str = "/v1/pages/p1", began: float = 1) -> Diary:
    return Diary(edits=[Edit("title", piece, path, at(began), at(began + 0.1))])


def call(method: str, seconds: float, path: str = "/v1/pages/p1") -> Call:
    return Call(at(seconds), timedelta(), "bot", method, path, 200, None)


def rules(case: Case) -> list[str]:
    return [wrong.partition(":")[0] for wrong in case.judge()]


def test_two_sides_that_agree_are_right() -> None:
    told = Told([mapped()], [], [])
    assert rules(case([record("new")], [page("new")], wrote("new"), told)) == []


def test_an_edit_that_is_nowhere_is_lost() -> None:
    assert rules(case([record("old")], [page("old")], wrote("new"))) == ["I1"]


def test_an_edit_that_was_written_down_before_it_was_overwritten_is_not_lost() -> None:
    told = Told([], [], [{"changes": [{"field": "title", "old": "new"}]}])
    assert rules(case([record("old")], [page("old")], wrote("new"), told)) == []


def test_an_edit_that_somebody_replaced_is_not_lost() -> None:
    diary = wrote("new")
    diary.given_up.add(("title", "new"))
    assert rules(case([record("old")], [page("old")], diary)) == []


def test_an_edit_between_our_read_and_our_write_is_counted_and_not_blamed() -> None:
    calls = [call("GET", 0.5), call("PATCH", 2)]
    judged = case([record("old")], [page("old")], wrote("new"), notion=calls)
    assert (rules(judged), judged.excused.total()) == ([], 1)


def test_an_edit_that_we_had_read_before_we_wrote_is_lost() -> None:
    calls = [call("GET", 1.5), call("PATCH", 2)]
    assert rules(case([record("old")], [page("old")], wrote("new"), notion=calls)) == ["I1"]


def test_what_we_wrote_between_a_persons_look_and_their_write_is_not_blamed() -> None:
    diary = wrote("new", path="/api/v1/sge-media/media-projects/1")
    diary.glances.append(Glance("title", "/v1/pages/p1", at(2), at(3)))
    assert rules(case([record("old")], [page("old")], diary, notion=[call("PATCH", 2.5)])) == []


def test_sides_that_differ_are_wrong() -> None:
    assert rules(case([record("one")], [page("other")], told=Told([mapped()], [], []))) == ["I2"]


def test_sides_that_differ_in_a_listed_conflict_are_right() -> None:
    listed = [{"field": "title", "base": None, "navimpact": "one", "notion": "other"}]
    assert rules(case([record("one")], [page("other")], told=Told([mapped(conflicts=listed)], [], []))) == []


def test_a_record_without_a_page_is_wrong() -> None:
    assert rules(case([record("a"), record("b", 2)], [page("a")])) == ["I4"]


def test_a_record_with_two_pages_is_wrong() -> None:
    assert rules(case([record("a")], [page("a"), page("a", "p2")])) == ["I4"]


def test_a_page_that_a_person_trashed_is_not_missed() -> None:
    assert rules(case([record("a")], [page("a", in_trash=True)], Diary(trashed={"p1"}))) == []


def perhaps_made(*attention: dict[str, Any], record_id: str = "2") -> Case:
    """A row whose record may be the second one, for the answer to its making was lost."""
    told = Told([mapped("p2", state="awaiting_approval")], list(attention), [])
    judged = case([record("a"), record("b", 2)], [page("a"), page("b", "p2", "")], told=told)
    row = pair(page_id="p2", entity_id=None, intent=replace(CREATE, perhaps_made=record_id))
    return replace(judged, kept=Kept(pairs=[row]))


def test_a_record_is_not_missed_while_a_person_is_asked_whether_a_row_is_its_page() -> None:
    assert rules(perhaps_made(asks("needs_confirmation"))) == []


def test_a_record_is_missed_where_nobody_is_asked_whether_a_row_is_its_page() -> None:
    assert "I4" in rules(perhaps_made())


def test_a_record_is_missed_while_a_person_is_asked_about_another() -> None:
    assert rules(perhaps_made(asks("needs_confirmation"), record_id="3")) == ["I4"]


def test_a_row_that_became_two_records_is_wrong() -> None:
    diary = Diary(rows={"p1": "media_project"})
    diary.edits = [Edit(name, piece, "/v1/pages/p1", T, T) for name, piece in (("title", "a"), ("budget", "5"))]
    twice = [record("a", budget="5.00"), record("a", 2, budget="5.00")]
    assert "I5" in rules(case(twice, [page("a"), page("a", "p2", "media_project/2")], diary))


def test_a_deletion_in_navimpact_that_nobody_approved_is_wrong() -> None:
    calls = [call("DELETE", 1, "/api/v1/sge-media/media-projects/9")]
    assert rules(case([], [], navimpact=calls)) == ["I12"]


def test_a_deletion_in_navimpact_that_somebody_approved_is_right() -> None:
    calls = [call("DELETE", 2, "/api/v1/sge-media/media-projects/9")]
    assert rules(case([], [], Diary(consents=[Consent("media_project/9", at(1))]), navimpact=calls)) == []


def test_a_deletion_before_its_approval_is_wrong() -> None:
    calls = [call("DELETE", 1, "/api/v1/sge-media/media-projects/9")]
    assert rules(case([], [], Diary(consents=[Consent("media_project/9", at(2))]), navimpact=calls)) == ["I12"]


def test_an_approval_is_for_one_record() -> None:
    calls = [call("DELETE", 2, "/api/v1/sge-media/distribution-logs/9")]
    assert rules(case([], [], Diary(consents=[Consent("media_project/9", at(1))]), navimpact=calls)) == ["I12"]


def test_a_page_whose_record_was_to_go_and_did_not_is_not_to_be_trashed() -> None:
    gone = page("a", in_trash=True, trashed_by_us=True)
    assert "I12" in rules(case([record("a")], [gone], Diary(consents=[Consent("media_project/1", T)])))


def test_a_page_that_followed_its_approved_record_is_right() -> None:
    gone = page("a", in_trash=True, trashed_by_us=True)
    assert rules(case([], [gone], Diary(consents=[Consent("media_project/1", T)]))) == []


def test_a_page_that_a_person_trashed_may_be_put_back_there_by_us() -> None:
    gone = page("a", in_trash=True, trashed_by_us=True)
    assert rules(case([record("a")], [gone], Diary(trashed={"p1"}))) == []


def test_a_page_that_we_trashed_though_its_record_is_there_is_wrong() -> None:
    gone = page("a", in_trash=True, trashed_by_us=True)
    assert "I12" in rules(case([record("a")], [gone]))


def test_a_page_that_followed_its_deleted_record_is_right() -> None:
    gone = page("a", in_trash=True, trashed_by_us=True)
    assert rules(case([], [gone], Diary(deleted={"media_project/1"}))) == []


def test_a_field_that_nobody_emptied_is_not_to_be_empty() -> None:
    assert rules(case([record("")], [page("")])) == ["I17"]


def test_a_field_that_somebody_let_be_empty_may_be_empty() -> None:
    assert rules(case([record("")], [page("")], Diary(emptied={("media_project/1", "title")}))) == []


def test_a_field_whose_column_was_gone_when_its_row_was_made_may_be_empty() -> None:
    assert rules(case([record("")], [page("")], Diary(unfilled={("p1", "title")}))) == []


def test_a_token_that_is_dead_may_be_tried_a_few_times() -> None:
    refused = [replace(call("GET", 2), status=401)] * 3
    assert rules(case([], [], Diary(losses=[Loss("office", at(1), at(9))]), notion=refused)) == []


def test_a_storm_of_calls_with_a_dead_token_is_wrong() -> None:
    refused = [replace(call("GET", 2), status=401)] * 30
    assert rules(case([], [], Diary(losses=[Loss("office", at(1), at(9))]), notion=refused)) == ["I16"]


def test_what_an_admin_waited_for_in_vain_is_wrong() -> None:
    assert rules(case([], [], Diary(complaints=["nobody was told"]))) == ["I16"]


def test_what_never_comes_to_rest_is_wrong() -> None:
    assert rules(replace(case([], []), is_calm=False)) == ["I16"]


def test_what_is_open_for_ever_is_wrong() -> None:
    assert rules(left(Kept([pair(state=State.CREATING, intent=CREATE)]))) == ["I16"]


def test_a_row_of_the_history_that_nobody_ends_is_wrong() -> None:
    assert rules(left(Kept(started=[begun()]))) == ["I16"]


def test_a_second_record_that_a_person_is_asked_about_is_open_rightly() -> None:
    waits = pair(state=State.AWAITING_APPROVAL, intent=CREATE)
    assert rules(left(Kept([waits], [begun()]), asks("needs_confirmation"))) == []


def test_another_row_than_that_of_the_question_is_to_be_ended() -> None:
    waits = pair(state=State.AWAITING_APPROVAL, intent=CREATE)
    assert rules(left(Kept([waits], [begun(), begun(10)]), asks("needs_confirmation"))) == ["I16"]


def test_what_fails_though_nothing_else_does_is_wrong() -> None:
    assert rules(left(Kept([pair(attempts=3)]), asks("failing"))) == ["I16"]


def test_what_fails_and_nobody_is_told_of_is_wrong() -> None:
    assert rules(left(Kept([pair(attempts=3)]))) == ["I16"]


def test_a_wake_that_was_given_up_though_nobody_dies_is_wrong() -> None:
    assert rules(left(Kept(dead_letters=1))) == ["I15"]


def test_a_wake_that_five_workers_died_of_is_given_up_rightly() -> None:
    assert rules(replace(case([], []), given_up=1, deaths=[T] * 5)) == []


def test_a_wake_that_is_given_up_without_five_deaths_is_wrong() -> None:
    assert rules(replace(case([], []), given_up=1, deaths=[T] * 4)) == ["I15"]
