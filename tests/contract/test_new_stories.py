"""A story is made in NavImpact of which Notion, on the twin, does not keep every word."""

from __future__ import annotations

import pytest

from navsync.model import EntityType, WorkKind
from tests.contract.office import Office

STORY = EntityType.IMPACT_STORY


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param('![net](https://x.org/i.png "Fishers of Kilifi")', id="the title of a picture"),
        pytest.param("<table>\n<tr><td>x</td></tr>\nstray words\n</table>", id="words beside the rows of a table"),
    ],
)
def test_words_that_notion_left_out_are_shown_and_no_edit_of_the_page_deletes_them(
    office: Office, project: str, lost: str
) -> None:
    text = f"First.\n\n{lost}\n\nLast."
    id = office.new(STORY, title="Fishers", description=text, project=(project,))
    office.settle()
    asked = [conflict.field for conflict in office.mapping_of(STORY, id).conflicts]

    page = office.page_of(STORY, id)
    updates = [{"old_str": "Last.", "new_str": "Last, edited."}]
    write = {"type": "update_content", "update_content": {"content_updates": updates}}
    office.stage.by_hand("PATCH", f"pages/{page}/markdown", write)
    office.put(WorkKind.PAGE, f"{STORY}/{page}")
    office.settle()

    assert asked == ["description"]
    assert office.navimpact.records[STORY, id].fields["description"] == text


def test_a_story_that_notion_keeps_in_its_own_spelling_asks_nobody(office: Office, project: str) -> None:
    id = office.new(STORY, title="Fishers", description="# Reef\n\n* 5 * 3 nets\n* a_b", project=(project,))
    office.settle()

    assert office.mapping_of(STORY, id).conflicts == ()
