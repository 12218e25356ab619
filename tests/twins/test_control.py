import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.twins.control import Clock, Control, ControlMiddleware, actor
from local.twins.serving import serve_forever, serving
from tests.twins.conftest import Receiver, until


@dataclass
class Watch:
    """Real time that stands still until a test moves it."""

    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Counter:
    """The smallest twin: a number that POST raises."""

    control: Control
    http: httpx.Client
    url: str = ""
    value: int = 0
    resets: list[tuple[int | None, int | None]] = field(default_factory=list)

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self.http.request(method, path, **kwargs)

    def order(self, what: str, body: Any) -> Any:
        answer = self.call("POST", f"/_twin/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def log(self, since: str | int = 0) -> Any:
        return self.call("GET", "/_twin/requests", params={"since": since}).json()

    async def raise_it(self, request: Request) -> Response:
        await request.body()
        self.value += 1
        request.state.budget_left = 10 - self.value
        return JSONResponse({"value": self.value, "actor": actor(request)})

    async def read_it(self, _request: Request) -> Response:
        return JSONResponse({"value": self.value})

    async def fail(self, _request: Request) -> Response:
        raise ArithmeticError("the twin itself is broken")


@pytest.fixture(scope="module")
def running(listening: Receiver) -> Iterator[Counter]:
    resets: list[tuple[int | None, int | None]] = []
    control = Control(
        on_reset=lambda seed, projects: resets.append((seed, projects)),
        state=lambda: {"value": counter.value},
        webhook_url=listening.url,
    )
    client = httpx.Client(timeout=30)
    counter = Counter(control, client, resets=resets)
    app = Starlette(
        routes=[
            Route("/v1/things/", counter.raise_it, methods=["POST"]),
            Route("/v1/things/{id}", counter.read_it),
            Route("/broken", counter.fail),
            *control.routes(),
        ],
        middleware=[Middleware(ControlMiddleware, control=control)],
        lifespan=control.lifespan,
    )
    with serving(app) as counter.url, client:
        client.base_url = httpx.URL(counter.url)
        yield counter


@pytest.fixture
def twin(running: Counter, receiver: Receiver) -> Counter:
    """A twin that was just reset; the server behind it is the module's."""
    running.control.webhooks.url = receiver.url
    running.order("reset", {})
    running.value = 0
    running.resets.clear()
    return running


# --- time


def test_a_clock_runs_with_real_time_by_default() -> None:
    watch = Watch()
    clock = Clock(watch, watch)
    began = clock.now()

    watch.at += 5

    assert (clock.now() - began).total_seconds() == 5
    assert clock.monotonic() == 5


def test_a_faster_clock_passes_more_seconds() -> None:
    watch = Watch()
    clock = Clock(watch, watch)
    began = clock.now()

    clock.set(0, rate=60)
    watch.at += 2

    assert (clock.now() - began).total_seconds() == 120
    assert clock.monotonic() == 120
    assert clock.offset_s == 118


def test_a_clock_set_forward_makes_delays_fall_due() -> None:
    watch = Watch()
    clock = Clock(watch, watch)

    clock.set(3600)

    assert clock.monotonic() == 3600


def test_a_clock_set_back_never_turns_its_monotonic_reading_back() -> None:
    watch = Watch()
    clock = Clock(watch, watch)
    clock.set(3600)

    clock.set(-3600)

    assert clock.now().timestamp() == watch.at - 3600
    assert clock.monotonic() == 3600


def test_a_clock_refuses_to_stand_still() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Clock().set(0, rate=0)


def test_the_clock_can_be_moved_over_http(twin: Counter) -> None:
    answer = twin.order("clock", {"offset_s": 86400, "rate": 2})

    assert answer["rate"] == 2
    assert answer["offset_s"] == pytest.approx(86400, abs=5)


def test_a_clock_order_without_an_offset_keeps_the_time(twin: Counter) -> None:
    twin.order("clock", {"offset_s": 86400})

    answer = twin.order("clock", {"rate": 5})

    assert answer["offset_s"] == pytest.approx(86400, abs=5)


# --- faults


def test_a_canned_answer_replaces_the_call_without_applying_it(twin: Counter) -> None:
    twin.order("faults", [{"do": {"status": 503, "body": {"busy": True}, "headers": {"Retry-After": "7"}}}])

    answer = twin.call("POST", "/v1/things/")

    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"busy": True}, "7")
    assert twin.value == 0


def test_a_canned_text_is_sent_as_it_is(twin: Counter) -> None:
    twin.order("faults", [{"do": {"status": 502, "body": "<html>Bad gateway</html>"}}])

    assert twin.call("POST", "/v1/things/").text == "<html>Bad gateway</html>"


def test_a_call_dropped_before_is_cut_and_not_applied(twin: Counter) -> None:
    twin.order("faults", [{"match": {"method": "POST"}, "do": {"drop": "before"}}])

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError), match=r"disconnected|reset by peer"):
        twin.call("POST", "/v1/things/", content=b"x" * 100_000)

    assert twin.value == 0


def test_a_call_dropped_after_is_applied_and_cut(twin: Counter) -> None:
    twin.order("faults", [{"match": {"method": "POST"}, "do": {"drop": "after"}}])

    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
        twin.call("POST", "/v1/things/")

    assert twin.value == 1
    assert [entry["status"] for entry in twin.log()["requests"]] == [None]


def test_a_cut_is_no_fault_of_the_twin(twin: Counter, caplog: pytest.LogCaptureFixture) -> None:
    server_log = logging.getLogger("uvicorn.error")
    server_log.addHandler(caplog.handler)
    twin.order("faults", [{"do": {"drop": "before"}}])

    with pytest.raises(httpx.TransportError):
        twin.call("GET", "/v1/things/1")

    until(lambda: len(twin.log()["requests"]) == 1)
    server_log.removeHandler(caplog.handler)
    assert caplog.messages == []


def test_a_call_can_be_applied_and_still_answer_an_error(twin: Counter) -> None:
    twin.order("faults", [{"do": {"status": 502, "drop": "after"}}])

    answer = twin.call("POST", "/v1/things/")

    assert (answer.status_code, twin.value) == (502, 1)


def test_a_delayed_call_outlasts_its_callers_patience_and_is_applied(twin: Counter) -> None:
    twin.order("faults", [{"do": {"delay_ms": 250}}])

    with pytest.raises(httpx.ReadTimeout):
        twin.call("POST", "/v1/things/", timeout=httpx.Timeout(30, read=0.1))

    until(lambda: twin.value == 1)


def test_only_the_nth_matching_call_fails(twin: Counter) -> None:
    twin.order("faults", [{"match": {"path": "/v1/things/", "nth": 2}, "do": {"status": 500}}])
    twin.call("GET", "/v1/things/1")

    statuses = [twin.call("POST", "/v1/things/").status_code for _ in range(3)]

    assert statuses == [200, 500, 200]


def test_chance_repeats_itself_for_a_seed(twin: Counter) -> None:
    def unlucky_calls() -> list[int]:
        twin.order("reset", {"seed": 4})
        twin.order("faults", [{"match": {"probability": 0.5}, "do": {"status": 500}}])
        return [twin.call("GET", "/v1/things/1").status_code for _ in range(20)]

    first, again = unlucky_calls(), unlucky_calls()

    assert first == again
    assert set(first) == {200, 500}


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        ("/v1/things/*", "/v1/things/1", True),
        ("/v1/things/*", "/v1/things/", False),
        ("/v1/*", "/v1/things/1", False),
        ("/v1/**", "/v1/things/1", True),
        ("/v1/things/1", "/v1/things/12", False),
    ],
)
def test_a_path_pattern_stays_within_its_segments(twin: Counter, pattern: str, path: str, hit: bool) -> None:
    twin.order("faults", [{"match": {"method": "GET", "path": pattern}, "do": {"status": 418}}])

    assert (twin.call("GET", path).status_code == 418) is hit


def test_a_person_is_spared_unless_the_fault_names_them(twin: Counter) -> None:
    twin.order("faults", [{"do": {"status": 500}}])
    person = {"Twin-Actor": "person"}
    spared = twin.call("POST", "/v1/things/", headers=person).status_code

    twin.order("faults", [{"match": {"actor": "person"}, "do": {"status": 500}}])

    assert (spared, twin.call("POST", "/v1/things/", headers=person).status_code) == (200, 500)


def test_deleting_the_faults_ends_them(twin: Counter) -> None:
    twin.order("faults", [{"do": {"status": 500}}])

    assert twin.call("DELETE", "/_twin/faults").json() == []
    assert twin.call("POST", "/v1/things/").status_code == 200


def test_faults_tell_how_often_they_fired(twin: Counter) -> None:
    twin.order("faults", [{"match": {"nth": 1}, "do": {"status": 500, "delay_ms": 1}}])
    twin.call("POST", "/v1/things/")
    twin.call("POST", "/v1/things/")

    assert [fault["fired"] for fault in twin.call("GET", "/_twin/faults").json()] == [1]
    assert twin.log()["faults"] == {"delay": 1, "status": 1}


@pytest.mark.parametrize(
    "fault",
    [
        {"do": {}},
        {"do": {"body": "x"}},
        {"do": {"status": 500, "drop": "before"}},
        {"do": {"status": 99}},
        {"do": {"explode": True}},
        {"match": {"nth": 0}, "do": {"status": 500}},
        {"match": {"probability": 2}, "do": {"status": 500}},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(twin: Counter, fault: Any) -> None:
    answer = twin.call("POST", "/_twin/faults", json=[fault])

    assert answer.status_code == 422
    assert twin.control.faults == []


# --- the log


def test_every_call_is_logged_with_its_caller_and_budget(twin: Counter) -> None:
    twin.call("POST", "/v1/things/?a=b")
    twin.call("GET", "/v1/things/1", headers={"Twin-Actor": "person"})
    twin.call("GET", "/nowhere")

    seen = [
        (e["index"], e["actor"], e["method"], e["path"], e["query"], e["status"], e["budget_left"])
        for e in twin.log()["requests"]
    ]

    assert seen == [
        (0, "api", "POST", "/v1/things/", "a=b", 200, 9),
        (1, "person", "GET", "/v1/things/1", "", 200, None),
        (2, "api", "GET", "/nowhere", "", 404, None),
    ]


def test_the_log_can_be_read_from_where_one_stopped(twin: Counter) -> None:
    twin.call("GET", "/v1/things/1")
    seen = twin.log()["next"]
    twin.call("GET", "/v1/things/2")

    assert [entry["path"] for entry in twin.log(since=seen)["requests"]] == ["/v1/things/2"]


def test_the_log_can_be_read_from_a_time(twin: Counter) -> None:
    twin.call("GET", "/v1/things/1")
    twin.order("clock", {"offset_s": 60})
    moment = twin.call("GET", "/_twin/clock").json()["now"]
    twin.call("GET", "/v1/things/2")

    assert [entry["path"] for entry in twin.log(since=moment)["requests"]] == ["/v1/things/2"]


def test_a_senseless_start_of_the_log_is_refused(twin: Counter) -> None:
    assert twin.call("GET", "/_twin/requests?since=yesterday").status_code == 422


def test_a_browser_is_a_person_in_the_log(twin: Counter) -> None:
    twin.call("GET", "/v1/things/1", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"})

    assert [entry["actor"] for entry in twin.log()["requests"]] == ["person"]


def test_a_twin_that_breaks_is_logged_as_500(twin: Counter) -> None:
    answer = twin.call("GET", "/broken", headers={"Connection": "close"})  # the server drops it after such an error

    assert answer.status_code == 500
    assert [entry["status"] for entry in twin.log()["requests"]] == [500]


# --- starting over


def test_a_reset_starts_everything_over(twin: Counter) -> None:
    twin.order("faults", [{"match": {"path": "/none"}, "do": {"status": 500}}])
    twin.order("webhooks", {"enabled": False, "drop": 1})
    twin.order("clock", {"offset_s": 500, "rate": 3})
    twin.call("GET", "/v1/things/1")

    twin.order("reset", {"seed": 7, "projects": 3})

    state = twin.call("GET", "/_twin/state").json()["twin"]
    assert twin.resets == [(7, 3)]
    assert twin.log()["requests"] == []
    assert (state["faults"], state["webhooks"]["enabled"], state["webhooks"]["drop"]) == ([], True, 0)
    assert (state["clock"]["rate"], state["clock"]["offset_s"]) == (1, pytest.approx(0, abs=5))


def test_a_reset_needs_no_body(twin: Counter) -> None:
    assert twin.call("POST", "/_twin/reset").status_code == 200
    assert twin.resets == [(None, None)]


def test_the_state_is_the_twins_own_and_how_it_is_disturbed(twin: Counter) -> None:
    twin.call("POST", "/v1/things/")

    state = twin.call("GET", "/_twin/state").json()

    assert state["value"] == 1
    assert set(state["twin"]) == {"clock", "faults", "webhooks"}


def test_an_order_that_is_no_json_is_refused(twin: Counter) -> None:
    assert twin.call("POST", "/_twin/clock", content=b"{").status_code == 422


def test_a_huge_order_is_refused(twin: Counter) -> None:
    assert twin.call("POST", "/_twin/faults", content=b" " * 1_000_001).status_code == 413


# --- web pages are kept out


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8787"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:8789"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/things/", "/_twin/reset"])
def test_another_website_cannot_write(twin: Counter, path: str, headers: dict[str, str]) -> None:
    answer = twin.call("POST", path, headers=headers)

    assert answer.status_code == 403
    assert (twin.value, twin.resets) == (0, [])


def test_another_website_cannot_read_the_state(twin: Counter) -> None:
    answer = twin.call("GET", "/_twin/state", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_the_twins_own_page_may_write(twin: Counter) -> None:
    headers = {"Origin": twin.url, "Sec-Fetch-Site": "same-origin"}

    assert twin.call("POST", "/v1/things/", headers=headers).status_code == 200


def test_a_link_from_another_website_may_be_followed(twin: Counter) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert twin.call("GET", "/v1/things/1", headers=headers).status_code == 200


# --- webhooks


def send(twin: Counter, name: str, *, retries: tuple[float, ...] = (), after: float = 0) -> None:
    twin.control.outbox.put(
        body_for=lambda _attempt: json.dumps(name).encode(),
        headers_for=lambda attempt: {"content-type": "application/json", "attempt": str(attempt)},
        not_before=after,
        retries=retries,
    )


def webhook_counts(twin: Counter) -> dict[str, int]:
    counts: dict[str, int] = twin.log()["webhooks"]
    return counts


def test_a_webhook_arrives(twin: Counter, receiver: Receiver) -> None:
    send(twin, "hello")

    assert [body for _, body in receiver.wait_for(1)] == [b'"hello"']


def test_a_webhook_waits_for_its_time(twin: Counter, receiver: Receiver) -> None:
    send(twin, "later", after=twin.control.clock.monotonic() + 3600)
    send(twin, "now")
    first = [body for _, body in receiver.wait_for(1)]

    twin.order("clock", {"offset_s": 3601})

    assert first == [b'"now"']
    assert [body for _, body in receiver.wait_for(2)] == [b'"now"', b'"later"']


def test_a_failed_webhook_is_tried_again_with_new_headers(twin: Counter, receiver: Receiver) -> None:
    receiver.answers[:] = [500, 302]
    send(twin, "again", retries=(0.01, 0.01))

    assert [headers["attempt"] for headers, _ in receiver.wait_for(3)] == ["0", "1", "2"]


def test_a_faster_clock_retries_sooner(twin: Counter, receiver: Receiver) -> None:
    receiver.answers[:] = [500]
    twin.order("clock", {"rate": 36_000})

    send(twin, "again", retries=(3600,))

    receiver.wait_for(2)


def test_a_webhook_is_given_up_when_its_retries_are_used_up(twin: Counter, receiver: Receiver) -> None:
    receiver.answers[:] = [500, 500]

    send(twin, "never", retries=(0.01,))

    until(lambda: webhook_counts(twin).get("given_up") == 1)
    assert len(receiver.got) == 2


def test_a_receiver_that_is_away_counts_as_a_failed_attempt(twin: Counter) -> None:
    twin.control.webhooks.url = "http://127.0.0.1:9/hook"

    send(twin, "anyone?")

    until(lambda: webhook_counts(twin).get("given_up") == 1)


def test_a_dropped_webhook_never_arrives_and_is_counted(twin: Counter, receiver: Receiver) -> None:
    twin.order("webhooks", {"enabled": True, "drop": 1})
    send(twin, "lost", retries=(0.01,))
    twin.order("webhooks", {"enabled": True})
    send(twin, "kept")

    assert [body for _, body in receiver.wait_for(1)] == [b'"kept"']
    assert webhook_counts(twin)["dropped"] == 1


def test_a_duplicated_webhook_arrives_twice_and_is_counted(twin: Counter, receiver: Receiver) -> None:
    twin.order("webhooks", {"enabled": True, "duplicate": 1})

    send(twin, "twice")

    assert [body for _, body in receiver.wait_for(2)] == [b'"twice"', b'"twice"']
    assert webhook_counts(twin)["duplicated"] == 1


def test_reordered_webhooks_overtake_each_other_and_all_arrive(twin: Counter, receiver: Receiver) -> None:
    twin.order("reset", {"seed": 1})
    twin.order("webhooks", {"enabled": True, "reorder": 1})
    names = [f'"{number}"'.encode() for number in range(8)]

    for number in range(8):
        send(twin, str(number))

    arrived = [body for _, body in receiver.wait_for(8)]
    assert arrived != names
    assert sorted(arrived) == names


def test_webhooks_are_lost_while_they_are_disabled(twin: Counter, receiver: Receiver) -> None:
    twin.order("webhooks", {"enabled": False})
    send(twin, "lost")
    twin.order("webhooks", {"enabled": True})
    send(twin, "kept")

    assert [body for _, body in receiver.wait_for(1)] == [b'"kept"']
    assert webhook_counts(twin)["disabled"] == 1


def test_a_delayed_webhook_waits_in_twin_time(twin: Counter, receiver: Receiver) -> None:
    twin.order("webhooks", {"enabled": True, "delay_ms": 3_600_000})
    send(twin, "late")
    waiting = webhook_counts(twin)["pending"]

    twin.order("clock", {"offset_s": 3601})

    receiver.wait_for(1)
    assert waiting == 1


def test_a_reset_forgets_webhooks_that_wait(twin: Counter, receiver: Receiver) -> None:
    send(twin, "old", after=twin.control.clock.monotonic() + 60)

    twin.order("reset", {})
    twin.order("clock", {"offset_s": 120})
    send(twin, "new")

    assert [body for _, body in receiver.wait_for(1)] == [b'"new"']


# --- ports


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit, match=f"twin X stopped because port {port} is taken"):
            serve_forever(Starlette(), port=port, name="twin X")
