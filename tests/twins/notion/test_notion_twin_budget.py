import pytest

from local.twins.notion.seed import WORKSPACE_ID
from tests.twins.notion.rig import Api, Rig


@pytest.fixture
def limited(rig: Rig, api: Api) -> Api:
    """A connection with three requests per window, just after a window began."""
    rig.order("switches", {"requests_per_window": 3})
    begin_window(rig, api)
    return api


def begin_window(rig: Rig, api: Api) -> None:
    """Move to just after the end of the current window."""
    while (answer := api.call("GET", "/v1/users/me")).status_code == 200:
        pass
    wait(rig, int(answer.headers["retry-after"]))


def wait(rig: Rig, seconds: float) -> None:
    rig.order("clock", {"offset_s": rig.look("clock")["offset_s"] + seconds})


def test_the_whole_budget_may_go_at_once_and_then_nothing(limited: Api) -> None:
    statuses = [limited.call("GET", "/v1/users/me").status_code for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]


def test_a_429_says_why_and_how_long_in_header_and_body(limited: Api) -> None:
    for _ in range(3):
        limited.ok("GET", "/v1/users/me")

    answer = limited.call("GET", "/v1/users/me")

    told = answer.json()
    assert (told["code"], told["message"]) == ("rate_limited", "You have been rate limited. Please try again later.")
    assert told["additional_data"] == {
        "rate_limit_reason": "public_api_request_rate_limit",
        "retry_after": answer.headers["retry-after"],
    }
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_the_budget_is_whole_again_when_retry_after_has_passed(rig: Rig, limited: Api) -> None:
    for _ in range(3):
        limited.ok("GET", "/v1/users/me")
    refusal = limited.call("GET", "/v1/users/me")

    wait(rig, int(refusal.headers["retry-after"]))

    assert [limited.call("GET", "/v1/users/me").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_failed_requests_count(limited: Api) -> None:
    for _ in range(3):
        limited.refused("GET", "/v1/pages/not-an-id")

    assert limited.call("GET", "/v1/users/me").status_code == 429


def test_refreshing_the_token_does_not_refill_the_budget(rig: Rig, limited: Api) -> None:
    for _ in range(3):
        limited.ok("GET", "/v1/users/me")

    with rig.api(rig.connect()["access_token"]) as again:
        assert again.call("GET", "/v1/users/me").status_code == 429


def test_a_person_has_no_budget(limited: Api, person: Api) -> None:
    assert {person.call("GET", "/v1/users/me").status_code for _ in range(10)} == {200}


def test_the_log_tells_what_is_left(rig: Rig, limited: Api) -> None:
    since = rig.look("requests")["next"]
    for _ in range(4):
        limited.call("GET", "/v1/users/me")

    logged = rig.http.get("/_twin/requests", params={"since": since}).json()["requests"]

    assert [(entry["status"], entry["budget_left"]) for entry in logged] == [(200, 2), (200, 1), (200, 0), (429, 0)]


def test_the_log_names_the_connection_of_a_call_that_never_reached_the_api(rig: Rig, api: Api) -> None:
    bot = api.ok("GET", "/v1/users/me")["id"]
    rig.http.post("/_twin/faults", json=[{"match": {"path": "/v1/**"}, "do": {"status": 429}}])
    api.call("GET", "/v1/users/me")

    assert rig.look("requests")["requests"][-1]["connection"] == bot


@pytest.mark.parametrize(("plan", "size"), [("free", 180), ("plus", 180), ("business", 600), ("enterprise", 600)])
def test_the_plan_decides_the_size(rig: Rig, plan: str, size: int) -> None:
    rig.order("plan", {"workspace_id": WORKSPACE_ID, "plan": plan})
    with rig.api(rig.connect()["access_token"]) as api:
        api.ok("GET", "/v1/users/me")

    assert rig.look("requests")["requests"][-1]["budget_left"] == size - 1


def test_connections_of_a_workspace_can_share_a_second_budget(rig: Rig, api: Api) -> None:
    rig.order("switches", {"workspace_requests_per_window": 2, "workspace_window_s": 300})
    internal = rig.order("tokens", {"workspace_id": WORKSPACE_ID})["token"]

    with rig.api(internal) as other:
        answers = [client.call("GET", "/v1/users/me") for client in (api, other, api, other)]

    refusal = next(answer for answer in answers if answer.status_code == 429).json()["additional_data"]
    assert refusal["rate_limit_reason"] == "public_api_space_request_rate_limit"
