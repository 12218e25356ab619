"""The Notion twin's tables, as the person before the screen sees them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.twins.notion.rig import Rig, running

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
    page.locator("#rows tr").hover()
    page.get_by_role("link", name="Open").click()

    expect(page.get_by_text(LONG_TEXT.strip())).to_be_visible()
    for name in (SIXTY[0], SIXTY[-1]):
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_a_cell_that_is_cut_short_opens_whole_to_be_edited(rig: Rig, page: Page) -> None:
    page.goto(rig.url)

    page.locator("td.is-rich_text").click()

    expect(page.locator("td.is-rich_text textarea")).to_have_value(LONG_TEXT)
