import re
from collections.abc import Iterator

import httpx
import pytest

from local.twins.navimpact.app import Config, create_app
from local.twins.serving import serving


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    typed_address = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    app = create_app(Config(token="t", projects=25))
    with serving(app) as url, httpx.Client(base_url=url, headers=typed_address) as client:
        yield client


def test_the_page_lists_every_project(browser: httpx.Client) -> None:
    page = browser.get("/")

    assert page.status_code == 200
    assert len(re.findall(r'href="/projects/\d+"', page.text)) == 25


@pytest.mark.parametrize("path", ["/", "/projects/2"])
def test_a_hostile_title_is_only_text(browser: httpx.Client, path: str) -> None:
    text = browser.get(path).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(&#39;title&#39;)&lt;/script&gt; &amp; &#34;Sons&#34;" in text


@pytest.mark.parametrize("path", ["/", "/projects/1", "/page.js", "/page.css"])
def test_the_page_runs_only_its_own_script(browser: httpx.Client, path: str) -> None:
    policy = browser.get(path).headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_every_project_opens_and_shows_each_field(browser: httpx.Client) -> None:
    for id_ in range(1, 26):
        page = browser.get(f"/projects/{id_}")
        assert page.status_code == 200
        for name in ("title", "description", "budget", "distribution_channels"):
            assert f'name="{name}"' in page.text


def test_a_text_keeps_its_first_empty_line(browser: httpx.Client) -> None:
    # HTML drops the newline right after <textarea>, so the page writes one of its own before the text's.
    assert 'dir="auto">\n\n  first line is empty\n' in browser.get("/projects/14").text


def test_a_project_shows_its_children(browser: httpx.Client) -> None:
    stories = browser.get("/api/v1/sge-media/impact-stories/", headers={"Twin-Actor": "person"}).json()
    story = stories[0]

    page = browser.get(f"/projects/{story['media_project_id']}").text

    assert f'id="impact_story-{story["id"]}"' in page


@pytest.mark.parametrize("id_", ["99", str(10**30)])
def test_a_project_that_is_gone_is_said(browser: httpx.Client, id_: str) -> None:
    page = browser.get(f"/projects/{id_}")

    assert page.status_code == 404
    assert "There is no such project" in page.text


def test_the_number_a_page_watches_grows_with_every_change(browser: httpx.Client) -> None:
    before = browser.get("/_twin/version").json()["version"]

    browser.put("/api/v1/sge-media/media-projects/1", json={"budget": 1}, headers={"Twin-Actor": "person"})

    assert browser.get("/_twin/version").json()["version"] > before


def test_an_empty_platform_has_a_page_too() -> None:
    with serving(create_app(Config(token="t", projects=0))) as url:
        assert "There are no projects" in httpx.get(f"{url}/").text
