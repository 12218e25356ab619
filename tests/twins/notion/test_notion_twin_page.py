import re
from typing import Any

import pytest

from local.twins.notion.seed import PERSON_ID, ROOT_PAGE_ID
from tests.twins.notion.rig import Api, Rig

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def source(person: Api) -> str:
    return person.table()


def home(rig: Rig, **params: Any) -> str:
    answer = rig.http.get("/", params=params)
    assert answer.status_code == 200
    return answer.text


def test_an_empty_workspace_says_so(rig: Rig) -> None:
    assert "Nothing here yet" in home(rig)


def test_a_database_shows_as_a_table_with_its_rows(rig: Rig, person: Api, source: str) -> None:
    person.row(source, "The River Keepers", Budget={"number": 12000}, Type={"select": {"name": "Film"}})

    page = home(rig)

    assert all(words in page for words in ("Projects", "The River Keepers", "12,000", "Film", "Budget"))


def test_text_from_outside_is_never_markup(rig: Rig, person: Api, source: str) -> None:
    person.row(source, SCRIPT, Description={"rich_text": [{"text": {"content": SCRIPT}}]}, Team=option(SCRIPT))
    person.ok("PATCH", f"/v1/data_sources/{source}", {"properties": {SCRIPT: {"number": {}}}})
    person.ok("PATCH", f"/v1/data_sources/{source}", {"title": [{"text": {"content": SCRIPT}}]})

    page = home(rig)

    assert "alert(" in page
    assert re.findall(r"<script(?![^>]*(src=|application/json))[^>]*>", page) == []
    assert "default-src 'self'" in rig.http.get("/").headers["content-security-policy"]


def option(name: str) -> dict[str, Any]:
    return {"multi_select": [{"name": name}]}


def test_a_quote_cannot_end_an_attribute(rig: Rig, person: Api, source: str) -> None:
    person.row(source, "it's' onmouseover='alert(1)")

    assert "' onmouseover='" not in home(rig)


def test_only_web_addresses_become_links(rig: Rig, person: Api, source: str) -> None:
    person.row(source, Link={"url": "javascript:alert(1)"})
    person.row(source, Link={"url": "https://example.org/good"})

    links = re.findall(r'<a href="([^"]*)"', home(rig))

    assert "https://example.org/good" in links
    assert not [link for link in links if link.startswith("javascript")]


def test_a_write_from_another_website_is_refused(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source)["id"]
    headers = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}

    answer = person.call("PATCH", f"/v1/pages/{page}", {"in_trash": True}, headers=headers)

    assert answer.status_code == 403
    assert person.ok("GET", f"/v1/pages/{page}")["in_trash"] is False


def test_an_edit_from_the_page_is_the_persons(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source)["id"]
    headers = {"origin": rig.url, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "twin-actor": "person"}

    answer = rig.http.patch(f"/v1/pages/{page}", json={"properties": {"Budget": {"number": 2}}}, headers=headers)

    assert answer.json()["last_edited_by"]["id"] == PERSON_ID


def test_a_token_is_a_connections_call_even_with_a_browsers_headers(rig: Rig) -> None:
    grant = rig.connect()
    headers = {"authorization": f"Bearer {grant['access_token']}", "sec-fetch-mode": "cors"}

    answer = rig.http.get("/v1/users/me", headers=headers | {"notion-version": "2026-03-11"})

    assert answer.json()["id"] == grant["bot_id"]


def test_trashed_rows_can_be_restored_from_the_page(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source, "Gone for now")["id"]
    person.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    shown = home(rig)

    assert "Trash (1)" in shown
    assert "Gone for now" in shown.split("Trash (1)")[1]
    assert f'id="row-{page}"' not in shown


def test_rows_beyond_the_first_fifty_are_a_click_away(rig: Rig, person: Api, source: str) -> None:
    for number in range(51):
        person.row(source, f"Film {number}")

    assert f"/?source={source}&amp;from=50" in home(rig)
    assert "Film 0" in home(rig, source=source, **{"from": 50})


def test_a_pages_link_leads_to_its_row(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source, "Linked")

    answer = rig.http.get(page["url"].removeprefix("https://app.notion.com"))

    assert answer.headers["location"] == f"/?source={source}#row-{page['id']}"


def test_the_link_of_a_plain_page_leads_home(rig: Rig) -> None:
    assert rig.http.get(f"/p/{ROOT_PAGE_ID.replace('-', '')}").headers["location"] == "/"


def test_a_persons_call_needs_no_token_and_finds_its_workspace_by_id(rig: Rig, person: Api) -> None:
    other = rig.order("workspaces", {"name": "River Trust"})
    there = {"parent": {"page_id": other["pages"][0]}, "properties": {}}

    made = person.ok("POST", "/v1/pages", there)

    assert made["created_by"]["id"] == other["people"][0]["id"]


def test_a_pages_body_can_be_read_by_a_person(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source, "The River")["id"]
    write = {"type": "replace_content", "replace_content": {"new_str": f"First line\n{SCRIPT}"}}
    person.ok("PATCH", f"/v1/pages/{page}/markdown", write)

    shown = rig.http.get(f"/page/{page}").text

    assert f'href="/page/{page}"' in home(rig)
    assert "First line" in shown
    assert "<script>alert" not in shown


def test_a_page_shows_what_its_row_says(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source, "The River", Budget={"number": 12000}, Team=option("Ana"), Public={"checkbox": True})

    shown = rig.http.get(f"/page/{page['id']}").text
    said = dict(re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", shown, re.DOTALL))

    assert ("Name" in said, said["Budget"], "Ana" in said["Team"], "box on" in said["Public"]) == (
        False,
        "12,000",
        True,
        True,
    )


def test_what_a_page_says_is_never_markup(rig: Rig, person: Api, source: str) -> None:
    person.ok("PATCH", f"/v1/data_sources/{source}", {"properties": {SCRIPT: {"number": {}}}})
    page = person.row(source, Description={"rich_text": [{"text": {"content": SCRIPT}}]}, Team=option(SCRIPT))

    shown = rig.http.get(f"/page/{page['id']}").text

    assert "alert(" in shown
    assert re.findall(r"<script(?![^>]*src=)[^>]*>", shown) == []


def test_a_page_in_no_table_shows_its_content_alone(rig: Rig) -> None:
    assert "<dt>" not in rig.http.get(f"/page/{ROOT_PAGE_ID}").text


def test_a_body_saved_from_the_page_is_the_persons_edit(rig: Rig, person: Api, source: str) -> None:
    page = person.row(source)["id"]
    headers = {"origin": rig.url, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "twin-actor": "person"}
    write = {"type": "replace_content", "replace_content": {"new_str": "typed by hand"}}

    answer = rig.http.patch(f"/v1/pages/{page}/markdown", json=write, headers=headers)

    block = person.ok("GET", f"/v1/blocks/{page}/children")["results"][0]
    assert answer.json()["markdown"] == "typed by hand"
    assert block["created_by"]["id"] == PERSON_ID


def test_a_page_that_is_not_there_leads_home(rig: Rig) -> None:
    assert rig.http.get("/page/none").headers["location"] == "/"
