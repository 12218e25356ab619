"""What the `navsync` command decides without anything running."""

import os
import socket
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local.navsync import cli, credentials, servers, shape, stack
from local.navsync.consent import press
from local.navsync.deployment import Deployment, parameters
from local.navsync.machine import Machine, free_machine, this_machine
from local.navsync.narration import Narrator
from local.navsync.stopped import Stopped
from navsync.store.dynamo import SCHEMA


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return this_machine({"NAVSYNC_HOME": str(tmp_path)})


def test_every_port_can_be_changed() -> None:
    changed = this_machine(
        {
            "NAVSYNC_PORT": "1",
            "NOTION_TWIN_PORT": "2",
            "NAVIMPACT_TWIN_PORT": "3",
            "NAVSYNC_AWS_PORT": "4",
        }
    )
    assert [port.number for port in changed.ports] == [1, 2, 3, 4]


@pytest.mark.parametrize("written", ["http", "0", "65536", "-1", "8787.0"])
def test_a_port_that_is_none_is_refused_by_name(written: str) -> None:
    with pytest.raises(Stopped, match="NAVSYNC_PORT"):
        this_machine({"NAVSYNC_PORT": written})


def test_a_taken_port_is_said_in_one_sentence_that_names_the_way_out(tmp_path: Path) -> None:
    wanted = free_machine(str(tmp_path))
    taken = next(port.number for port in wanted.ports if port.variable == "NOTION_TWIN_PORT")
    with socket.create_server(("127.0.0.1", taken)), pytest.raises(Stopped) as stopped:
        stack.check_ports(wanted)
    assert str(stopped.value) == (
        f"we stopped because port {taken}, which the Notion twin needs, is taken by another program: "
        "end that program, or set NOTION_TWIN_PORT to a free port"
    )


def test_a_demo_of_too_few_workspaces_is_refused_with_what_to_say() -> None:
    with pytest.raises(Stopped, match="say 1, or 3 and more"):
        cli.demo(workspaces=2)


def test_what_another_version_keeps_stops_the_start_and_is_left_as_it_is(tmp_path: Path) -> None:
    machine = free_machine(str(tmp_path))
    shape.check(machine)
    (machine.state / "aws").mkdir()
    (machine.state / "shape").write_text("1")

    with pytest.raises(Stopped, match=r"written by another version of NavSync.*`make reset`"):
        stack.bring_up(machine, Narrator())

    assert sorted(path.name for path in machine.state.iterdir()) == ["aws", "shape"]


def test_what_was_kept_before_shapes_were_told_is_of_another_version(machine: Machine) -> None:
    (machine.state / "aws").mkdir(parents=True)

    with pytest.raises(Stopped, match="another version"):
        shape.check(machine)


def test_what_this_version_keeps_is_gone_on_with(machine: Machine) -> None:
    shape.check(machine)
    (machine.state / "aws").mkdir()

    shape.check(machine)

    assert (machine.state / "shape").read_text() == str(SCHEMA)


def test_a_reset_forgets_what_the_demo_and_the_trials_kept_and_no_tools(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "this_machine", lambda: machine)
    tool = machine.home / "venv/bin/python"
    tool.parent.mkdir(parents=True)
    tool.touch()
    for home in (machine.home, machine.for_demo().home, *(machine.home / name for name in ("chaos", "webhooks"))):
        credentials.kept_in(home / "state/credentials.json")
        (home / "log").mkdir()

    cli.reset()

    assert [path.name for path in machine.home.iterdir()] == ["venv"]
    assert tool.exists()


def test_a_reset_leaves_what_a_person_put_beside_a_trials_state(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "this_machine", lambda: machine)
    credentials.kept_in(machine.home / "chaos/state/credentials.json")
    (machine.home / "chaos/report.txt").touch()

    cli.reset()

    assert [path.name for path in (machine.home / "chaos").iterdir()] == ["report.txt"]


def test_who_starts_navsync_is_told_where_the_api_is_described(machine: Machine) -> None:
    said = StringIO()

    cli.tell_addresses(machine, Narrator(Console(file=said)))

    assert "http://localhost:8787/api/v1/notion/docs" in said.getvalue()


def test_credentials_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    assert credentials.kept_in(path) == credentials.kept_in(path)


def test_nobody_else_may_read_the_credentials(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    credentials.kept_in(path)
    assert path.stat().st_mode & 0o077 == 0


def test_no_server_sees_the_shells_environment(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVELOPERS_TOKEN", "hunter2")
    held = credentials.kept_in(machine.state / "credentials.json")
    seen = [value for server in servers.all_servers(machine, held, os.environ) for value in server.environ.values()]
    assert "hunter2" not in seen


def test_sam_sees_no_way_to_a_real_account(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    seen = Deployment(machine, {"Architecture": "arm64"}).environment()
    aws = {name: value for name, value in seen.items() if name.startswith("AWS_")}
    assert (aws.get("AWS_PROFILE"), aws["AWS_CONFIG_FILE"], aws["AWS_ENDPOINT_URL"]) == (
        None,
        os.devnull,
        "http://127.0.0.1:4566",
    )


def test_another_parameter_is_another_deployment(machine: Machine) -> None:
    often, rarely = (
        Deployment(machine, {"Architecture": "arm64", "NotionSyncInterval": every}) for every in ("60", "300")
    )
    assert often.fingerprint != rarely.fingerprint


def test_a_page_of_the_platforms_own_may_take_the_code(machine: Machine) -> None:
    held = credentials.kept_in(machine.state / "credentials.json")
    environ = {"NOTION_REDIRECT_URI": "http://localhost:3000/notion", "ALLOWED_ORIGIN": "http://localhost:3000"}

    deployed = parameters(machine, held, environ)
    registered = servers.notion_twin(machine, held, environ).environ["NOTION_TWIN_REDIRECT_URIS"]

    assert (deployed["NotionRedirectUri"], deployed["AllowedOrigin"]) == tuple(environ.values())
    assert registered.split(",") == [machine.redirect_uri, environ["NOTION_REDIRECT_URI"]]


PAGE = """
<form action="/elsewhere"><button>Log out</button></form>
<form method="post" action="/v1/oauth/authorize">
  <input type="hidden" name="state" value="s&amp;1">
  <input type="radio" name="person" value="ada" checked><input type="radio" name="person" value="bob">
  <input type="checkbox" name="page" value="p1"><input type="checkbox" name="page" value="p2" checked>
  <button name="decision" value="cancel">Cancel</button>
  <button name="decision" value="allow"><b>Allow</b> access</button>
</form>
"""


def test_allowing_shares_every_page_and_leaves_choices_as_they_are() -> None:
    assert press(PAGE, "allow") == (
        "/v1/oauth/authorize",
        {"state": ["s&1"], "person": ["ada"], "page": ["p1", "p2"], "decision": ["allow"]},
    )


def test_a_consent_page_without_the_button_stops_with_a_sentence() -> None:
    with pytest.raises(Stopped, match="no button that says 'allow'"):
        press("<form><button>Cancel</button></form>", "allow")
