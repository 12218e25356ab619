import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local.twins.notion import Config
from local.twins.notion.records import Workspace
from local.twins.notion.seed import ROOT_PAGE_ID
from local.twins.notion.state import Store
from tests.twins.notion.rig import Api, running

ROOT = Path(__file__).parents[3]
PERSON = {"twin-actor": "person"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def started(state: Path, port: int) -> subprocess.Popen[bytes]:
    env = os.environ | {"NOTION_TWIN_PORT": str(port), "NOTION_TWIN_STATE": str(state)}
    process = subprocess.Popen([sys.executable, "-m", "local.twins.notion"], cwd=ROOT, env=env)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/_twin/clock")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError("the twin did not start")


def test_what_was_acknowledged_survives_a_killed_process(tmp_path: Path) -> None:
    state, port = tmp_path / "notion.db", free_port()
    first = started(state, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PERSON) as http:
        source = Api(http).table()
        page = Api(http).row(source, "Kept", Budget={"number": 5})
    first.send_signal(signal.SIGKILL)
    first.wait()

    second = started(state, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PERSON) as http:
        again = Api(http).ok("GET", f"/v1/pages/{page['id']}")
        titles = Api(http).titles(source)
    second.terminate()

    assert again | {"request_id": ""} == page | {"request_id": ""}
    assert titles == ["Kept"]
    assert second.wait() in (0, -signal.SIGTERM)


def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    config = Config(state=tmp_path / "notion.db", redirect_uris=("http://localhost:8787/callback",))
    with running(config) as rig:
        token = rig.connect()["access_token"]

    with running(config) as rig, rig.api(token) as api:
        assert api.ok("GET", f"/v1/pages/{ROOT_PAGE_ID}")["id"] == ROOT_PAGE_ID


def test_rows_keep_their_order_over_a_restart(tmp_path: Path) -> None:
    config = Config(state=tmp_path / "notion.db")
    with running(config) as rig, rig.person() as person:
        source = person.table()
        for title in "ABCDE":
            person.row(source, title)

    with running(config) as rig, rig.person() as person:
        assert person.titles(source) == list("EDCBA")


def test_a_transaction_that_fails_leaves_no_trace() -> None:
    store = Store(None)
    known = Workspace("w", "Before", "free", "aaaaaaaa-bbbb")
    with store.transaction():
        store.put(known)

    with pytest.raises(RuntimeError):
        _fail_after_writing(store)

    assert store.all(Workspace) == [known]
    store.close()


def _fail_after_writing(store: Store) -> None:
    with store.transaction():
        store.put(Workspace("w", "After", "free", "aaaaaaaa-bbbb"))
        store.put(Workspace("x", "New", "free", "aaaaaaaa-bbbb"))
        raise RuntimeError


def test_the_same_seed_gives_the_same_ids() -> None:
    with running() as rig, rig.person() as person:
        rig.order("reset", {"seed": 7})
        first = person.table()
        rig.order("reset", {"seed": 7})

        assert person.table() == first


def test_an_unknown_plan_is_said_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="NOTION_TWIN_PLAN is 'gold', which is no plan"):
        Config.from_env({"NOTION_TWIN_PLAN": "gold"})


def test_the_environment_names_the_connection(tmp_path: Path) -> None:
    env = {
        "NOTION_TWIN_PORT": "9000",
        "NOTION_TWIN_STATE": str(tmp_path / "x.db"),
        "NOTION_TWIN_CLIENT_ID": "id",
        "NOTION_TWIN_CLIENT_SECRET": "secret",
        "NOTION_TWIN_REDIRECT_URIS": "http://a/, http://b/",
        "NOTION_TWIN_WEBHOOK_URL": "http://c/",
        "NOTION_TWIN_PLAN": "business",
    }

    read = Config.from_env(env)

    assert read == Config(9000, tmp_path / "x.db", "id", "secret", ("http://a/", "http://b/"), "http://c/", "business")
