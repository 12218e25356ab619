import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.twins.navimpact.app import Config, create_app
from local.twins.serving import serving
from tests.twins.conftest import Receiver, until

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + "c2VjcmV0LW51bWJlci1vbmUh"
PROJECTS = "/api/v1/sge-media/media-projects"
PERSON = {"Twin-Actor": "person"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def program(**env: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The twin as `navsync` starts it; killed at the end if it still runs."""
    port = free_port()
    settings = {"NAVIMPACT_TWIN_PORT": str(port), "NAVIMPACT_TWIN_TOKEN": "t", "NAVIMPACT_TWIN_PROJECTS": "2"}
    command = [sys.executable, "-m", "local.twins.navimpact"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("NAVIMPACT_TWIN_")}
    with subprocess.Popen(  # noqa: S603  # our own module
        command, cwd=ROOT, env=own | settings | env, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_twin/clock").status_code == 200
    except httpx.TransportError:
        return False


def titles(url: str) -> list[Any]:
    return [project["title"] for project in httpx.get(f"{url}{PROJECTS}/", headers=PERSON).json()]


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    state = str(tmp_path / "navimpact.db")
    with program(NAVIMPACT_TWIN_STATE=state) as (url, process):
        until(lambda: answers(url), 30)
        httpx.put(f"{url}{PROJECTS}/1", json={"title": "Kept"}, headers=PERSON).raise_for_status()
        process.send_signal(signal.SIGKILL)

    with program(NAVIMPACT_TWIN_STATE=state) as (url, _):
        until(lambda: answers(url), 30)
        assert titles(url)[-1] == "Kept"
        assert len(titles(url)) == 2


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_program_ends_quietly_when_asked(ending: signal.Signals) -> None:
    with program() as (url, process):
        until(lambda: answers(url), 30)

        process.send_signal(ending)

        assert process.wait(10) in (0, -ending)
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"NAVIMPACT_TWIN_TOKEN": ""}, "NAVIMPACT_TWIN_TOKEN is empty"),
        ({"NAVIMPACT_TWIN_WEBHOOK_URL": "http://localhost:1/"}, "no NAVIMPACT_TWIN_WEBHOOK_SECRET"),
        ({"NAVIMPACT_TWIN_PROJECTS": "many"}, "NAVIMPACT_TWIN_PROJECTS is 'many'"),
    ],
)
def test_a_wrong_setting_stops_the_program_with_a_sentence_naming_it(env: dict[str, str], said: str) -> None:
    with program(**env) as (_, process):
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert said in errors
    assert "Traceback" not in errors


def test_an_event_that_was_not_delivered_is_delivered_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    state = tmp_path / "navimpact.db"
    nobody = f"http://127.0.0.1:{free_port()}/hook"
    with serving(create_app(_config(state, nobody))) as url:
        httpx.put(f"{url}{PROJECTS}/1", json={"title": "Told later"}, headers=PERSON).raise_for_status()

    with serving(create_app(_config(state, receiver.url))) as url:
        headers, body = receiver.wait_for(1)[0]
        until(lambda: bool(httpx.get(f"{url}/_twin/state").json()["undelivered_events"] == 0))

    assert b"media_project.updated" in body
    assert headers["webhook-id"].startswith("msg_")


def test_a_store_that_was_emptied_stays_empty_after_a_restart(tmp_path: Path) -> None:
    config = Config(token="t", state=tmp_path / "navimpact.db", projects=1)
    with serving(create_app(config)) as url:
        httpx.delete(f"{url}{PROJECTS}/1", headers=PERSON).raise_for_status()

    with serving(create_app(config)) as url:
        assert titles(url) == []


def _config(state: Path, url: str) -> Config:
    return Config(token="t", state=state, projects=1, webhook_url=url, webhook_secrets=(SECRET,))
