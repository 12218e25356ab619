import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from local.twins.navimpact.app import Config, create_app
from local.twins.serving import serving
from tests.twins.conftest import Receiver, until

PREFIX = "/api/v1/sge-media"
TOKEN = "service-token"
SECRET, OLD_SECRET = "whsec_" + "c2VjcmV0LW51bWJlci1vbmUh", "whsec_" + "c2VjcmV0LW51bWJlci10d28h"
PERSON = {"Twin-Actor": "person", "Authorization": ""}
LARGEST_COUNT = 2**53 - 1


@dataclass
class Twin:
    """A NavImpact twin as its callers see it."""

    http: httpx.Client
    receiver: Receiver

    def found(self, collection: str = "media-projects", **params: Any) -> list[dict[str, Any]]:
        answer = self.http.get(f"{PREFIX}/{collection}/", params=params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def ids(self, **params: Any) -> list[int]:
        return [found["id"] for found in self.found(**params)]

    def get(self, id_: int, collection: str = "media-projects") -> httpx.Response:
        return self.http.get(f"{PREFIX}/{collection}/{id_}")

    def post(self, body: Any, collection: str = "media-projects", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(f"{PREFIX}/{collection}/", json=body, headers=named)

    def put(self, id_: int, body: Any, collection: str = "media-projects", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.put(f"{PREFIX}/{collection}/{id_}", json=body, headers=named)

    def delete(self, id_: int, collection: str = "media-projects", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.delete(f"{PREFIX}/{collection}/{id_}", headers=named)

    def made(self, body: Any, collection: str = "media-projects") -> dict[str, Any]:
        answer = self.post(body, collection)
        assert answer.status_code == 201, answer.text
        record: dict[str, Any] = answer.json()
        return record

    def order(self, what: str, body: Any) -> Any:
        answer = self.http.post(f"/_twin/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, count: int) -> list[dict[str, Any]]:
        """The first *count* events, in the order they happened: deliveries may overtake each other."""
        told = [json.loads(body) for _, body in self.receiver.wait_for(count)]
        return sorted(told, key=lambda event: str(event["timestamp"]))


@pytest.fixture(scope="module")
def running(listening: Receiver) -> Iterator[Twin]:
    config = Config(token=TOKEN, webhook_url=listening.url, webhook_secrets=(SECRET, OLD_SECRET), projects=0)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with serving(create_app(config)) as url, httpx.Client(base_url=url, headers=bearer, timeout=30) as http:
        yield Twin(http, listening)


@pytest.fixture
def twin(running: Twin, receiver: Receiver) -> Twin:
    """An empty twin that was just reset; the server behind it is the module's."""
    running.order("reset", {})
    receiver.got.clear()
    return running


def problem(answer: httpx.Response) -> tuple[int, list[Any], str]:
    """The status, and where and what is wrong, of an answer in the contract's error shape."""
    body = answer.json()
    assert set(body) == {"error", "status_code", "details"}
    assert body["status_code"] == answer.status_code
    assert all(set(detail) == {"loc", "msg", "type"} for detail in body["details"])
    first: dict[str, Any] = body["details"][0] if body["details"] else {"loc": [], "type": ""}
    return answer.status_code, first["loc"], first["type"]


# --- who may call


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_a_call_without_the_service_token_is_refused(twin: Twin, header: str) -> None:
    answer = twin.http.get(f"{PREFIX}/media-projects/", headers={"Authorization": header})

    assert problem(answer)[0] == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_person_needs_no_token(twin: Twin) -> None:
    answer = twin.http.post(f"{PREFIX}/media-projects/", json={"title": "By hand"}, headers=PERSON)

    assert answer.status_code == 201


def test_a_website_cannot_pass_for_a_person(twin: Twin) -> None:
    headers = PERSON | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    assert twin.http.post(f"{PREFIX}/media-projects/", json={"title": "x"}, headers=headers).status_code == 403
    assert twin.found() == []


# --- creating


def test_a_created_project_shows_every_field(twin: Twin) -> None:
    record = twin.made({"title": "Reef"})

    times = {name: record.pop(name) for name in ("created_at", "updated_at")}
    assert record == {
        "id": 1,
        "title": "Reef",
        "description": None,
        "project_type": None,
        "status": None,
        "start_date": None,
        "end_date": None,
        "budget": None,
        "target_audience": None,
        "team_members": [],
        "distribution_channels": [],
    }
    assert times["created_at"] == times["updated_at"]


def test_times_are_utc_with_microseconds(twin: Twin) -> None:
    moment = twin.made({"title": "Reef"})["created_at"]

    assert (len(moment), moment[-1], moment[-8]) == (len("2026-11-22T10:00:12.345678Z"), "Z", ".")


def test_a_log_shows_every_field(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    log = {
        "media_project_id": project,
        "activity_type": "screening",
        "channel": "Cinema, regional",
        "date": "2026-02-28",
        "reach": LARGEST_COUNT,
        "engagement": 0,
        "conversions": None,
        "content_url": "https://example.org/a?b=c",
        "notes": "One\n\ntwo",
    }

    assert twin.made(log, "distribution-logs").items() >= log.items()


def test_metrics_show_every_field(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    metrics = {
        "media_project_id": project,
        "metric_date": "2026-02-28",
        "views": 1,
        "unique_viewers": 2,
        "watch_time_minutes": 3,
        "engagement_rate": "4.25",
        "shares": 5,
        "comments": None,
    }

    assert twin.made(metrics, "performance-metrics").items() >= metrics.items()


def test_a_story_shows_every_field(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    story = {
        "media_project_id": project,
        "title": "A new law",
        "story_type": "policy_change",
        "description": "# How\n\nit came",
        "stakeholder_name": "Aoife O'Neill",
        "stakeholder_organisation": "Reef Trust",
        "impact_date": "2026-02-28",
        "quantifiable_outcome": "12 % more",
    }

    assert twin.made(story, "impact-stories").items() >= story.items()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (10.995, "11.00"),
        (10.994, "10.99"),
        (1.005, "1.01"),
        ("2.675", "2.68"),
        (5, "5.00"),
        ("1234.5", "1234.50"),
        (0, "0.00"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_money_is_rounded_half_up_to_two_places(twin: Twin, given: Any, shown: str) -> None:
    assert twin.made({"title": "Reef", "budget": given})["budget"] == shown


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "title"),
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"title": " \n"}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"title": 5}, "title"),
        ({"title": "nul \0"}, "title"),
        ({"title": "x", "colour": "red"}, "colour"),
        ({"title": "x", "id": 7}, "id"),
        ({"title": "x", "updated_at": "2026-01-01T00:00:00Z"}, "updated_at"),
        ({"title": "x", "description": "y" * 100_001}, "description"),
        ({"title": "x", "status": "Active"}, "status"),
        ({"title": "x", "project_type": " "}, "project_type"),
        ({"title": "x", "start_date": "2026-02-30"}, "start_date"),
        ({"title": "x", "start_date": "20260228"}, "start_date"),
        ({"title": "x", "start_date": "2026-02-28T00:00:00"}, "start_date"),
        ({"title": "x", "start_date": 1_800_000_000}, "start_date"),
        ({"title": "x", "budget": -1}, "budget"),
        ({"title": "x", "budget": "a lot"}, "budget"),
        ({"title": "x", "budget": True}, "budget"),
        ({"title": "x", "budget": "1000000000000"}, "budget"),
        ({"title": "x", "budget": "999999999999.995"}, "budget"),
        ({"title": "x", "target_audience": 1.5}, "target_audience"),
        ({"title": "x", "target_audience": -1}, "target_audience"),
        ({"title": "x", "target_audience": True}, "target_audience"),
        ({"title": "x", "target_audience": LARGEST_COUNT + 1}, "target_audience"),
        ({"title": "x", "team_members": "Jane"}, "team_members"),
        ({"title": "x", "team_members": [""]}, "team_members"),
        ({"title": "x", "team_members": [None]}, "team_members"),
    ],
)
def test_an_illegal_project_is_refused_by_field(twin: Twin, fields: Any, where: str) -> None:
    status, loc, _ = problem(twin.post(fields))

    assert (status, loc[:2]) == (422, ["body", where])
    assert twin.found() == []


@pytest.mark.parametrize(
    ("collection", "required"),
    [
        ("distribution-logs", {"media_project_id", "channel"}),
        ("performance-metrics", {"media_project_id", "metric_date"}),
        ("impact-stories", {"media_project_id", "title"}),
    ],
)
def test_a_child_says_what_it_lacks(twin: Twin, collection: str, required: set[str]) -> None:
    details = twin.post({}, collection).json()["details"]

    assert {detail["loc"][1] for detail in details} == required


def test_a_child_of_no_project_is_refused(twin: Twin) -> None:
    answer = twin.post({"media_project_id": 99, "title": "Orphan"}, "impact-stories")

    assert problem(answer) == (422, ["body", "media_project_id"], "foreign_key")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"title": "x", "budget": NaN}', b"[" * 100_000, b"1" * 5_000]
)
def test_a_body_that_is_no_json_object_is_refused(twin: Twin, body: bytes) -> None:
    answer = twin.http.post(f"{PREFIX}/media-projects/", content=body)

    assert problem(answer)[0] == 422


def test_half_a_character_is_refused(twin: Twin) -> None:
    answer = twin.http.post(f"{PREFIX}/media-projects/", content=rb'{"title": "\ud800"}')

    assert problem(answer)[:2] == (422, ["body", "title"])


def test_a_huge_body_is_refused(twin: Twin) -> None:
    answer = twin.http.post(f"{PREFIX}/media-projects/", content=b" " * 1_000_001)

    assert problem(answer)[0] == 413


def test_every_character_survives(twin: Twin) -> None:
    text = "e\u0301 é \U0001f468‍\U0001f469 ‫rtl‬ \t \r\n  \x01 \u2028 end "

    record = twin.made({"title": text, "team_members": ["é", "e\u0301", "a, b"]})

    assert twin.get(record["id"]).json()["title"] == text
    assert record["team_members"] == ["é", "e\u0301", "a, b"]


# --- creating once


def test_the_same_key_and_body_make_one_record(twin: Twin) -> None:
    first = twin.post({"title": "Once"}, Idempotency_Key="k1")
    again = twin.post({"title": "Once"}, Idempotency_Key="k1")

    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert (first.headers["idempotency-key"], again.headers["idempotency-key"]) == ("k1", "k1")
    assert len(twin.found()) == 1


def test_a_repeated_create_gets_the_first_answer_even_after_a_change(twin: Twin) -> None:
    first = twin.post({"title": "Once"}, Idempotency_Key="k1").json()
    twin.put(first["id"], {"title": "Changed"})

    assert twin.post({"title": "Once"}, Idempotency_Key="k1").json() == first


@pytest.mark.parametrize(("title", "collection"), [("Twice", "media-projects"), ("Once", "impact-stories")])
def test_a_key_cannot_be_used_for_another_request(twin: Twin, title: str, collection: str) -> None:
    twin.post({"title": "Once"}, Idempotency_Key="k1")

    answer = twin.post({"title": title}, collection, Idempotency_Key="k1")

    assert problem(answer) == (422, ["header", "Idempotency-Key"], "idempotency_key_reused")


def test_a_refused_create_leaves_its_key_free(twin: Twin) -> None:
    twin.post({"title": ""}, Idempotency_Key="k1")

    assert twin.post({"title": "Right"}, Idempotency_Key="k1").status_code == 201


def test_without_a_key_the_same_body_makes_two_records(twin: Twin) -> None:
    assert twin.made({"title": "Same"})["id"] != twin.made({"title": "Same"})["id"]


def test_a_create_whose_answer_was_lost_can_be_repeated(twin: Twin) -> None:
    twin.order("faults", [{"match": {"method": "POST", "nth": 1}, "do": {"drop": "after"}}])
    with pytest.raises(httpx.RemoteProtocolError):
        twin.post({"title": "Once"}, Idempotency_Key="k1")

    answer = twin.post({"title": "Once"}, Idempotency_Key="k1")

    assert answer.json()["id"] == 1
    assert twin.ids() == [1]


# --- reading


def test_an_unknown_record_is_404(twin: Twin) -> None:
    assert problem(twin.get(99)) == (404, ["path", "id"], "not_found")


@pytest.mark.parametrize("path", ["/media-projects/abc", f"/media-projects/{10**30}", "/client-access/", "/x"])
def test_an_unknown_path_is_404_in_the_same_shape(twin: Twin, path: str) -> None:
    assert problem(twin.http.get(PREFIX + path))[0] == 404


def test_patch_does_not_exist(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]

    assert problem(twin.http.patch(f"{PREFIX}/media-projects/{project}", json={}))[0] == 405


def test_a_collection_without_its_slash_is_redirected(twin: Twin) -> None:
    answer = twin.http.get(f"{PREFIX}/media-projects?limit=1")

    assert (answer.status_code, answer.headers["location"][-17:]) == (307, "projects/?limit=1")


def test_lists_are_ordered_by_change_then_id(twin: Twin) -> None:
    for title in "abc":
        twin.made({"title": title})
    twin.put(1, {"title": "changed last"})

    assert twin.ids() == [2, 3, 1]


def test_records_changed_at_one_instant_are_ordered_by_id(twin: Twin) -> None:
    twin.order("reset", {"projects": 25})

    times = [(found["updated_at"], found["id"]) for found in twin.found()]

    assert times == sorted(times)
    assert len({time for time, _ in times}) < 25


def test_a_list_is_read_in_pages_and_tells_its_total(twin: Twin) -> None:
    twin.order("reset", {"projects": 7})

    pages = [twin.http.get(f"{PREFIX}/media-projects/", params={"skip": s, "limit": 3}) for s in (0, 3, 6, 9)]

    assert [len(page.json()) for page in pages] == [3, 3, 1, 0]
    assert {page.headers["x-total-count"] for page in pages} == {"7"}
    assert len({found["id"] for page in pages for found in page.json()}) == 7


def test_a_list_shows_100_by_default_and_1000_at_most(twin: Twin) -> None:
    twin.order("reset", {"projects": 101})

    assert (len(twin.found()), len(twin.found(limit=1000))) == (100, 101)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "x"),
        ("skip", "-1"),
        ("skip", str(2**64)),
        ("updated_since", "yesterday"),
        ("updated_since", "0001-01-01T00:00:00+14:00"),
        ("media_project_id", "0"),
    ],
)
def test_a_senseless_list_is_refused(twin: Twin, name: str, value: str) -> None:
    answer = twin.http.get(f"{PREFIX}/impact-stories/", params={name: value})

    assert problem(answer)[:2] == (422, ["query", name])


def test_updated_since_finds_what_changed_from_that_instant(twin: Twin) -> None:
    for title in "abc":
        twin.made({"title": title})
    moment = twin.get(2).json()["updated_at"]

    assert twin.ids(updated_since=moment) == [2, 3]


@pytest.mark.parametrize("zone", ["Z", "+00:00", "", "+10:00"])
def test_updated_since_understands_zones(twin: Twin, zone: str) -> None:
    twin.made({"title": "a"})

    assert twin.ids(updated_since=f"2024-01-01T00:00:00{zone}") == [1]


def test_the_total_counts_what_the_filter_finds(twin: Twin) -> None:
    twin.made({"title": "a"})
    moment = twin.made({"title": "b"})["updated_at"]

    answer = twin.http.get(f"{PREFIX}/media-projects/", params={"updated_since": moment})

    assert answer.headers["x-total-count"] == "1"


def test_children_are_filtered_by_their_project(twin: Twin) -> None:
    one, two = twin.made({"title": "a"})["id"], twin.made({"title": "b"})["id"]
    for project in (one, two, two):
        twin.made({"media_project_id": project, "title": "story"}, "impact-stories")

    assert len(twin.found("impact-stories", media_project_id=two)) == 2


def test_a_parameter_nobody_knows_is_ignored(twin: Twin) -> None:
    twin.made({"title": "a"})

    assert twin.ids(colour="red", media_project_id=99) == [1]


# --- changing


def test_an_update_changes_only_the_named_fields(twin: Twin) -> None:
    before = twin.made({"title": "Reef", "budget": "5", "team_members": ["Jane"]})

    after = twin.put(before["id"], {"budget": "7.5"}).json()

    assert after == before | {"budget": "7.50", "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


def test_null_clears(twin: Twin) -> None:
    full = {"title": "Reef", "description": "x", "status": "active", "budget": 1, "team_members": ["Jane"]}
    project = twin.made(full)["id"]

    after = twin.put(project, dict.fromkeys(full, None) | {"title": "Reef"}).json()

    assert [after[name] for name in full] == ["Reef", None, None, None, []]


def test_an_empty_text_is_not_null(twin: Twin) -> None:
    assert twin.made({"title": "Reef", "description": ""})["description"] == ""


def test_a_required_field_cannot_be_cleared(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]

    assert problem(twin.put(project, {"title": None}))[:2] == (422, ["body", "title"])
    assert twin.get(project).json()["title"] == "Reef"


def test_an_update_that_changes_nothing_moves_no_time_and_tells_nobody(twin: Twin) -> None:
    before = twin.made({"title": "Reef", "budget": "5.00"})

    after = twin.put(before["id"], {"budget": 5, "title": "Reef"}).json()
    twin.put(before["id"], {"title": "Now it changed"})

    assert after == before
    assert [event["type"] for event in twin.events(2)] == ["media_project.created", "media_project.updated"]


def test_a_refused_update_changes_nothing(twin: Twin) -> None:
    before = twin.made({"title": "Reef"})

    twin.put(before["id"], {"title": "New", "budget": "a lot"})

    assert twin.get(before["id"]).json() == before


def test_a_child_can_move_to_another_project(twin: Twin) -> None:
    one, two = twin.made({"title": "a"})["id"], twin.made({"title": "b"})["id"]
    story = twin.made({"media_project_id": one, "title": "story"}, "impact-stories")["id"]

    twin.put(story, {"media_project_id": two}, "impact-stories")

    assert [found["id"] for found in twin.found("impact-stories", media_project_id=two)] == [story]


def test_a_child_cannot_move_to_no_project(twin: Twin) -> None:
    one = twin.made({"title": "a"})["id"]
    story = twin.made({"media_project_id": one, "title": "story"}, "impact-stories")["id"]

    assert problem(twin.put(story, {"media_project_id": 99}, "impact-stories"))[0] == 422


def test_an_update_of_what_is_not_there_is_404(twin: Twin) -> None:
    assert problem(twin.put(99, {"title": "x"}))[0] == 404


def test_an_update_holds_while_the_etag_does(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    etag = twin.get(project).headers["etag"]

    answer = twin.put(project, {"title": "New"}, If_Match=etag)

    assert answer.status_code == 200
    assert answer.headers["etag"] == twin.get(project).headers["etag"] != etag


def test_a_stale_etag_is_412_and_changes_nothing(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    etag = twin.get(project).headers["etag"]
    twin.put(project, {"title": "By somebody else"})

    answer = twin.put(project, {"title": "Mine"}, If_Match=etag)

    assert problem(answer) == (412, ["header", "If-Match"], "precondition_failed")
    assert twin.get(project).json()["title"] == "By somebody else"


def test_an_edit_taken_back_still_changes_the_etag(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    etag = twin.get(project).headers["etag"]

    twin.put(project, {"title": "Other"})
    twin.put(project, {"title": "Reef"})

    assert twin.get(project).headers["etag"] != etag


@pytest.mark.parametrize("header", ["*", '"other", {etag}'])
def test_if_match_takes_a_list_or_anything(twin: Twin, header: str) -> None:
    project = twin.made({"title": "Reef"})["id"]
    etag = twin.get(project).headers["etag"]

    assert twin.put(project, {"title": "x"}, If_Match=header.format(etag=etag)).status_code == 200


def test_times_of_change_follow_the_twins_clock(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    twin.order("clock", {"offset_s": 10 * 365 * 86400})

    assert twin.put(project, {"title": "Later"}).json()["updated_at"] > "2034"


def test_time_of_change_grows_even_when_the_clock_is_turned_back(twin: Twin) -> None:
    before = twin.made({"title": "Reef"})
    twin.order("clock", {"offset_s": -86400})

    after = twin.put(before["id"], {"title": "Earlier?"}).json()

    assert after["updated_at"] > before["updated_at"]


# --- deleting


def test_a_deleted_record_is_gone(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]

    assert (twin.delete(project).status_code, twin.get(project).status_code) == (204, 404)
    assert twin.delete(project).status_code == 404


def test_the_children_of_a_deleted_project_go_with_it(twin: Twin) -> None:
    twin.order("reset", {"projects": 12})
    kept = {story["id"] for story in twin.found("impact-stories") if story["media_project_id"] != 3}

    twin.delete(3)

    assert {story["id"] for story in twin.found("impact-stories")} == kept
    for collection in ("distribution-logs", "performance-metrics"):
        assert twin.found(collection, media_project_id=3) == []


def test_a_child_with_the_number_of_a_deleted_project_stays(twin: Twin) -> None:
    one, two = twin.made({"title": "a"})["id"], twin.made({"title": "b"})["id"]
    story = twin.made({"media_project_id": two, "title": "story"}, "impact-stories")["id"]
    assert story == one

    twin.delete(one)

    assert twin.get(story, "impact-stories").status_code == 200


def test_a_deleted_child_takes_nobody_with_it(twin: Twin) -> None:
    one, two = twin.made({"title": "a"})["id"], twin.made({"title": "b"})["id"]
    story = twin.made({"media_project_id": two, "title": "story"}, "impact-stories")["id"]
    kept = twin.made({"media_project_id": one, "title": "kept"}, "impact-stories")["id"]
    assert story == one

    twin.delete(story, "impact-stories")

    assert twin.get(kept, "impact-stories").status_code == 200


def test_a_deletion_respects_if_match(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]

    assert twin.delete(project, If_Match='"stale"').status_code == 412
    assert twin.get(project).status_code == 200


def test_an_id_is_never_used_twice(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})["id"]
    twin.delete(project)

    assert twin.made({"title": "Reef"})["id"] == project + 1


# --- webhooks


def test_every_change_is_told_of(twin: Twin) -> None:
    project = twin.made({"title": "Reef"})
    updated = twin.put(project["id"], {"title": "Great reef"}).json()
    twin.delete(project["id"])

    told = twin.events(3)

    about = {"entity_type": "media_project", "entity_id": 1, "media_project_id": 1}
    assert [event["type"].split(".")[1] for event in told] == ["created", "updated", "deleted"]
    assert [event["data"] for event in told] == [about] * 3
    assert told[1]["timestamp"] >= updated["updated_at"]


def test_a_person_is_told_of_as_well(twin: Twin) -> None:
    twin.http.post(f"{PREFIX}/media-projects/", json={"title": "By hand"}, headers=PERSON)

    assert twin.events(1)[0]["type"] == "media_project.created"


def test_a_childs_event_names_its_project(twin: Twin) -> None:
    twin.made({"title": "a"})
    project = twin.made({"title": "b"})["id"]
    twin.made({"media_project_id": project, "title": "story"}, "impact-stories")

    told = {event["type"]: event["data"] for event in twin.events(3)}

    assert told["impact_story.created"] == {
        "entity_type": "impact_story",
        "entity_id": 1,
        "media_project_id": project,
    }


def test_each_child_of_a_deleted_project_is_told_of(twin: Twin) -> None:
    project = twin.made({"title": "a"})["id"]
    for _ in range(2):
        twin.made({"media_project_id": project, "title": "story"}, "impact-stories")
    twin.events(3)

    twin.delete(project)

    told = [event["type"] for event in twin.events(6)[3:]]
    assert sorted(told) == ["impact_story.deleted", "impact_story.deleted", "media_project.deleted"]


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_a_webhook_is_signed_with_each_secret(twin: Twin, secret: str) -> None:
    twin.made({"title": "Reef"})

    headers, body = twin.receiver.wait_for(1)[0]

    Webhook(secret).verify(body, headers)


def test_a_webhook_is_signed_with_real_time_however_the_twins_clock_was_moved(twin: Twin) -> None:
    twin.order("clock", {"offset_s": 86400})
    twin.made({"title": "Reef"})

    headers, body = twin.receiver.wait_for(1)[0]

    Webhook(SECRET).verify(body, headers)


def test_a_retried_webhook_keeps_its_id(twin: Twin) -> None:
    twin.order("clock", {"rate": 1000})
    twin.receiver.answers[:] = [500, 503]
    twin.made({"title": "Reef"})

    got = twin.receiver.wait_for(3)

    assert len({headers["webhook-id"] for headers, _ in got}) == 1
    assert len({body for _, body in got}) == 1


def test_a_webhook_is_retried_for_days(twin: Twin) -> None:
    twin.order("clock", {"rate": 100_000})
    twin.receiver.answers[:] = [500] * 11
    twin.made({"title": "Reef"})

    twin.receiver.wait_for(12)

    until(lambda: bool(twin.http.get("/_twin/state").json()["undelivered_events"] == 0))
    assert twin.http.get("/_twin/requests").json()["webhooks"]["delivered"] == 1


def test_the_sample_is_not_told_of(twin: Twin) -> None:
    twin.order("reset", {"projects": 3})
    twin.put(1, {"title": "First edit"})

    assert [event["type"] for event in twin.events(1)] == ["media_project.updated"]


# --- its callers are seen


def test_calls_are_logged_with_their_actor(twin: Twin) -> None:
    twin.made({"title": "Reef"})
    twin.http.put(f"{PREFIX}/media-projects/1", json={"title": "x"}, headers=PERSON)

    log = twin.http.get("/_twin/requests").json()["requests"]

    assert [(call["actor"], call["method"], call["status"]) for call in log] == [
        ("api", "POST", 201),
        ("person", "PUT", 200),
    ]


def test_a_canned_429_keeps_its_retry_after(twin: Twin) -> None:
    twin.order("faults", [{"do": {"status": 429, "headers": {"Retry-After": "3"}, "body": {"error": "slow"}}}])

    assert twin.get(1).headers["retry-after"] == "3"
