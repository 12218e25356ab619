"""Would the drill notice a worker that asks too much, or too early?"""

from datetime import UTC, datetime, timedelta

from tests.chaos.calls import Call
from tests.chaos.pace import impatient, overspent

T = datetime(2026, 1, 1, tzinfo=UTC)


def call(seconds: float, status: int = 200, *, bot: str = "bot", fault: str | None = None) -> Call:
    return Call(T + timedelta(seconds=seconds), timedelta(seconds=0.1), bot, "GET", "/v1/pages/p", status, fault)


def steady(count: int, *, each_s: float) -> list[Call]:
    return [call(number * each_s) for number in range(count)]


def test_as_many_requests_as_the_plan_allows_are_right() -> None:
    assert list(overspent(steady(180, each_s=0.3), {"bot": 180})) == []


def test_one_request_more_within_a_minute_is_wrong() -> None:
    assert len(list(overspent(steady(181, each_s=0.3), {"bot": 180}))) == 1


def test_requests_of_two_minutes_are_not_added_up() -> None:
    assert list(overspent(steady(300, each_s=0.5), {"bot": 180})) == []


def test_two_connections_do_not_share_a_budget() -> None:
    both = [call(0.3 * number, bot=f"bot {number % 2}") for number in range(200)]
    assert list(overspent(both, {"bot 0": 180, "bot 1": 180})) == []


def test_a_request_that_notion_refused_as_too_many_is_wrong() -> None:
    assert len(list(overspent([call(0, 429)], {"bot": 180}))) == 1


def test_a_refusal_that_the_drill_made_is_not_blamed() -> None:
    assert list(overspent([call(0, 429, fault="status")], {"bot": 180})) == []


def test_a_request_before_the_pause_is_over_is_wrong() -> None:
    assert len(list(impatient([call(0, 429), call(2)], []))) == 1


def test_a_request_after_the_pause_is_right() -> None:
    assert list(impatient([call(0, 429), call(3.2)], [])) == []


def test_a_request_that_was_under_way_is_not_blamed() -> None:
    assert list(impatient([call(0, 429), call(0.2)], [])) == []


def test_a_request_of_another_connection_is_right() -> None:
    assert list(impatient([call(0, 429), call(1, bot="other")], [])) == []


def test_a_worker_that_died_with_the_answer_is_not_blamed() -> None:
    assert list(impatient([call(0, 429), call(2)], [T + timedelta(seconds=0.2)])) == []
