"""The whole stack, a browser, and a page that stands for the platform's frontend."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from string import Template

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from local.navsync import connecting, credentials, servers, stack
from local.navsync.aws import Aws
from local.navsync.deployment import STACK, Deployment, parameters
from local.navsync.machine import Machine, free_machine
from local.navsync.narration import Narrator
from local.navsync.stack import Running
from local.navsync.vault import Vault
from local.twins.serving import serving
from tests.browser import chromium

FRONTEND = Template(Path(__file__).with_name("platform.html").read_text(encoding="utf-8"))
LOOKED_AT = Path(os.environ["NAVSYNC_SCREENSHOTS"]) if "NAVSYNC_SCREENSHOTS" in os.environ else None
"""Where each test leaves a picture of its last page, for a person who wants to see them."""
LOUD, REFUSED = ("error", "warning"), "Failed to load resource"
"""A browser says the latter of each refusal, which the pages tell in words."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        found = chromium.found()
    except chromium.NoBrowser as none:
        pytest.skip(str(none))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found.executable, args=list(chromium.QUIET), env={**os.environ, **found.environment}
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of somebody who has never been here; what it complains of, such as a script that is not allowed, fails."""
    tab = browser.new_page()
    said: list[ConsoleMessage] = []
    errors: list[Error] = []
    tab.on("console", lambda one: said.append(one))
    tab.on("pageerror", lambda one: errors.append(one))
    yield tab
    if LOOKED_AT:
        tab.screenshot(path=LOOKED_AT / f"{request.node.nodeid.rpartition('/')[2]}.png")
    tab.context.close()
    assert errors == []
    assert [one.text for one in said if one.type in LOUD and REFUSED not in one.text] == []


@dataclass
class Stack:
    """A stack with an empty platform, and where the platform's frontend is."""

    machine: Machine
    vault: Vault
    held: credentials.Credentials
    frontend: str

    @property
    def running(self) -> Running:
        return Running(self.machine, self.vault, self.held)

    def token_of(self, subject: str) -> str:
        """The token of another admin of the same organisation."""
        return self.vault.token(
            role="admin", subject=subject, organisation="navimpact", valid_for=timedelta(minutes=10)
        )

    def settle(self, environ: Mapping[str, str]) -> None:
        """Give the stack's parameters the values that *environ* asks for, as an operator does, unless it has them."""
        wanted = parameters(self.machine, self.held, environ)
        cloud = Aws.of(self.machine).cloudformation()
        held = cloud.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
        if any(wanted.get(one["ParameterKey"], one["ParameterValue"]) != one["ParameterValue"] for one in held):
            cloud.update_stack(
                StackName=STACK,
                UsePreviousTemplate=True,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items()],
            )
            cloud.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        with self.running.api() as api:
            connecting.await_api(api)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    machine = replace(free_machine("browser"), home=tmp_path_factory.mktemp("browser"))
    held = credentials.kept_in(machine.state / "credentials.json")
    shown: dict[str, str] = {"api": machine.api_url}
    with serving(_frontend(shown)) as address:
        frontend = address.replace("127.0.0.1", "localhost") + "/integrations"
        environ = {"NOTION_REDIRECT_URI": frontend, "NAVIMPACT_TWIN_PROJECTS": "0"}
        try:
            stack.start_servers(machine, Narrator(), servers.all_servers(machine, held, environ))
            outputs = stack.deploy(Deployment(machine, parameters(machine, held, {})), Narrator())
            made = Stack(machine, Vault(machine, outputs), held, frontend)
            made.vault.fill(held)
            shown["token"] = made.running.token()
            yield made
        finally:
            stack.take_down(machine)


@pytest.fixture
def api(deployed: Stack) -> Iterator[httpx.Client]:
    """An admin who has connected nothing yet."""
    with deployed.running.api() as client:
        for workspace in client.get("workspaces").json()["items"]:
            client.delete(f"workspaces/{workspace['id']}", params={"erase": "true"})
        yield client


def _frontend(shown: Mapping[str, str]) -> Starlette:
    async def integrations(_request: Request) -> HTMLResponse:
        return HTMLResponse(FRONTEND.substitute(shown))

    return Starlette(routes=[Route("/integrations", integrations)])
