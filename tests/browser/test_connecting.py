"""Connecting a Notion workspace, as the person before the screen meets it."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Stack

pytestmark = pytest.mark.timeout(300)

FETCH = "api => fetch(api + '/health').then(() => 'answered', error => error.message)"


def connected(api: httpx.Client) -> list[str]:
    return [one["state"] for one in api.get("workspaces").json()["items"] if one["is_active"]]


class TestOnOurOwnPage:
    """NOTION_REDIRECT_URI is NavSync's callback."""

    @pytest.fixture(autouse=True)
    def consent(self, deployed: Stack, api: httpx.Client, page: Page) -> None:
        """Notion asks whether NavSync may come in."""
        deployed.settle({})
        page.goto(api.get("connect").json()["authorize_url"])

    def test_notion_says_who_wants_access_to_what(self, page: Page) -> None:
        expect(page.get_by_role("heading")).to_have_text("NavSync wants to access Impact Films")

    def test_who_allows_access_and_brings_a_token_is_connected(
        self, page: Page, deployed: Stack, api: httpx.Client
    ) -> None:
        page.get_by_role("button", name="Allow access").click()
        page.get_by_label("Your NavImpact token").fill(deployed.running.token())
        page.get_by_role("button", name="Connect").click()

        expect(page.get_by_role("status")).to_have_text("Connected: Impact Films. The first sync has begun.")
        assert connected(api) == ["connected"]

    def test_who_cancels_reads_that_access_was_refused(self, page: Page, api: httpx.Client) -> None:
        page.get_by_role("button", name="Cancel").click()

        expect(page.get_by_text("Notion was not connected: access was refused.")).to_be_visible()
        assert connected(api) == []

    def test_the_code_is_out_of_the_address_before_anybody_can_see_it(self, page: Page, deployed: Stack) -> None:
        page.get_by_role("button", name="Allow access").click()

        expect(page.get_by_text("Notion agreed.")).to_be_visible()
        assert page.url == deployed.machine.redirect_uri

    def test_a_token_of_somebody_who_did_not_begin_is_refused_in_words(
        self, page: Page, deployed: Stack, api: httpx.Client
    ) -> None:
        page.get_by_role("button", name="Allow access").click()
        page.get_by_label("Your NavImpact token").fill(deployed.token_of("somebody-else"))
        page.get_by_role("button", name="Connect").click()

        expect(page.get_by_role("status")).to_contain_text("The connection was not begun by you")
        assert connected(api) == []


def test_a_page_of_another_origin_cannot_call_navsync(deployed: Stack, browser: Browser) -> None:
    deployed.settle({})
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(deployed.frontend)
        said = page.evaluate(FETCH, deployed.machine.api_url)

    assert said == "Failed to fetch"


class TestOnThePlatformsPage:
    """NOTION_REDIRECT_URI is a page of NavImpact's frontend, on an origin of its own."""

    @pytest.fixture(autouse=True)
    def integrations(self, deployed: Stack, api: httpx.Client, page: Page) -> None:
        """Somebody who is signed in has the page open."""
        origin = deployed.frontend.removesuffix("/integrations")
        deployed.settle({"NOTION_REDIRECT_URI": deployed.frontend, "ALLOWED_ORIGIN": origin})
        page.goto(deployed.frontend)

    def test_who_allows_access_is_connected(self, page: Page, api: httpx.Client) -> None:
        page.get_by_role("button", name="Connect Notion").click()
        page.get_by_role("button", name="Allow access").click()

        expect(page.get_by_role("status")).to_have_text("Connected: Impact Films")
        assert connected(api) == ["connected"]

    def test_who_cancels_reads_that_access_was_refused(self, page: Page, api: httpx.Client) -> None:
        page.get_by_role("button", name="Connect Notion").click()
        page.get_by_role("button", name="Cancel").click()

        expect(page.get_by_role("status")).to_have_text("Notion was not connected: access was refused.")
        assert connected(api) == []

    def test_a_code_is_taken_once(self, page: Page, api: httpx.Client) -> None:
        page.get_by_role("button", name="Connect Notion").click()
        page.get_by_role("button", name="Allow access").click()
        expect(page.get_by_role("status")).to_contain_text("Connected")
        page.reload()

        expect(page.get_by_role("status")).to_contain_text("begin again")
