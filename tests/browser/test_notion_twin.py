"""The Notion twin's tables, as the person before the screen sees them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.twins.notion.rig import Api, Rig, running

SIXTY = [f"Festival {number} of {number} towns" for number in range(60)]
LONG_TEXT = "One more word of a long story. " * 60
A_FEW_LINES_PX = 100


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A twin with one row that says much in every way that a column allows."""
    with running() as rig, rig.person() as person:
        row = person.row(
            person.table(),
            "A title without an end " * 40,
            Team={"multi_select": [{"name": name} for name in SIXTY]},
            Description={"rich_text": [{"text": {"content": LONG_TEXT}}]},
            Link={"url": f"https://example.org/{'long' * 200}"},
        )
        assert row["id"]
        yield rig


def test_a_row_that_says_much_is_a_few_lines_tall(rig: Rig, page: Page) -> None:
    page.goto(rig.url)

    box = page.locator("#rows tr").bounding_box()

    assert box is not None
    assert box["height"] < A_FEW_LINES_PX


def test_all_that_a_row_says_is_on_the_page_that_it_opens(rig: Rig, page: Page) -> None:
    page.goto(rig.url)
    page.get_by_role("link", name="Open").click()

    expect(page.get_by_text(LONG_TEXT.strip())).to_be_visible()
    for name in (SIXTY[0], SIXTY[-1]):
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_a_cell_that_is_cut_short_opens_whole_to_be_edited(rig: Rig, page: Page) -> None:
    page.goto(rig.url)

    page.locator("td.is-rich_text").click()

    expect(page.locator("td.is-rich_text textarea")).to_have_value(LONG_TEXT)


# --- what is done with a row as a whole -------------------------------------------------------------------------------


@dataclass
class Table:
    """A table with a row about a reef, which has a text of its own."""

    url: str
    person: Api
    source: str

    def contents(self) -> list[str]:
        rows = self.person.query(self.source)["results"]
        return sorted(self.person.ok("GET", f"/v1/pages/{row['id']}/markdown")["markdown"] for row in rows)


@pytest.fixture
def table() -> Iterator[Table]:
    with running() as rig, rig.person() as person:
        source = person.table()
        bold = {"rich_text": [{"text": {"content": "Below"}, "annotations": {"bold": True}}]}
        reef = person.row(source, "Reef", Budget={"number": 7}, Status={"status": None}, Description=bold)
        body = {"type": "replace_content", "replace_content": {"new_str": "The whole story"}}
        person.ok("PATCH", f"/v1/pages/{reef['id']}/markdown", body)
        rig.order("switches", {"template_s": 0})
        yield Table(rig.url, person, source)


def tool(page: Page, name: str) -> Locator:
    return page.locator("#rows tr").first.get_by_label(name, exact=True)


def test_the_tools_of_a_row_are_in_sight_in_a_narrow_window(table: Table, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 700})
    page.goto(table.url)

    for name in ("Open", "Duplicate", "Archive", "Trash"):
        expect(tool(page, name)).to_be_in_viewport(ratio=1)


def test_a_duplicated_row_says_all_that_the_first_says(table: Table, page: Page) -> None:
    page.goto(table.url)

    tool(page, "Duplicate").click()

    expect(page.locator("#rows tr").filter(has_text="Reef")).to_have_count(2)
    expect(page.locator("#rows .bold")).to_have_text(["Below", "Below"])
    assert table.person.titles(table.source) == ["Reef", "Reef"]
    assert table.contents() == ["The whole story", "The whole story"]


def test_an_archived_row_is_out_of_the_table_until_it_is_taken_out(table: Table, page: Page) -> None:
    page.goto(table.url)

    tool(page, "Archive").click()
    expect(page.locator("#rows tr")).to_have_count(0)
    archived = table.person.titles(table.source, is_archived=True)
    page.get_by_text("Archive (1)").click()
    page.get_by_role("button", name="Take out").click()

    expect(page.locator("#rows tr")).to_have_count(1)
    assert archived == ["Reef"]


def test_a_template_is_no_row_and_a_row_can_be_made_with_it(table: Table, page: Page) -> None:
    page.goto(table.url)
    page.on("dialog", lambda dialog: dialog.accept("Premiere"))

    page.get_by_role("button", name="New template").click()
    page.get_by_text("Templates (1)").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Use").click()

    expect(page.locator("#rows tr").filter(has_text="Premiere")).to_have_count(1)
