"""A description is edited in NavImpact, and its page on the twin keeps the looks that people gave it."""

from __future__ import annotations

from typing import Any

import pytest

from local.twins.notion.seed import PERSON_ID
from navsync.model import Operation, WorkKind
from tests.contract.office import Office
from tests.contract.stages import PROJECT

type Looks = list[tuple[str, str]]
EQUATION = {"type": "equation", "equation": {"expression": "x"}}


def text(content: str, **look: bool) -> dict[str, Any]:
    return {"type": "text", "text": {"content": content}, "annotations": look}


def person() -> dict[str, Any]:
    return {"type": "mention", "mention": {"type": "user", "user": {"id": PERSON_ID}}}


def day(date: str) -> dict[str, Any]:
    return {"type": "mention", "mention": {"type": "date", "date": {"start": date}}}


def described(office: Office, project: str, items: list[dict[str, Any]]) -> str:
    """A person describes the project so in Notion; what NavImpact says then."""
    page = office.page_of(PROJECT, project)
    office.stage.by_hand("PATCH", f"pages/{page}", {"properties": {"Description": {"rich_text": items}}})
    office.put(WorkKind.PAGE, f"{PROJECT}/{page}")
    office.settle()
    return str(office.navimpact.records[PROJECT, project].fields["description"])


def edited(office: Office, project: str, description: str) -> list[dict[str, Any]]:
    """It is edited in NavImpact; what the page shows then."""
    office.edit(PROJECT, project, description=description)
    office.settle()
    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    return list(page["properties"]["Description"]["rich_text"])


def message(office: Office) -> str | None:
    """What the last row of the sync log tells."""
    rows = [row for row in office.store.of(office.id).logs.values() if row.operation is Operation.UPDATE]
    return rows[-1].message


@pytest.mark.parametrize(
    ("items", "gone"),
    [
        pytest.param([text("Ask "), person(), text(" and "), person(), text(" today.")], slice(1, 3), id="people"),
        pytest.param([text("From "), day("2026-01-02"), text(" till "), day("2026-01-05")], slice(1, 3), id="days"),
        pytest.param([text("clear ", italic=True), text("clean", bold=True), text(" water")], slice(0, 1), id="words"),
    ],
)
def test_what_stays_looks_as_before_though_what_is_like_it_goes(
    office: Office, project: str, items: list[dict[str, Any]], gone: slice
) -> None:
    described(office, project, items)
    page = office.stage.by_hand("GET", f"pages/{office.page_of(PROJECT, project)}")
    before = page["properties"]["Description"]["rich_text"]
    left = [*before[: gone.start], *before[gone.stop :]]

    after = edited(office, project, "".join(item["plain_text"] for item in left))

    assert after == left


def test_one_word_more_costs_a_page_of_100_looks_none_of_them(office: Office, project: str) -> None:
    said = described(office, project, [text(f"w{at} ", bold=at % 2 == 0, italic=at % 2 == 1) for at in range(100)])

    after = edited(office, project, said.replace("w31 ", "w31 new "))

    assert [item["annotations"]["bold"] for item in after] == [at % 2 == 0 for at in range(100)]
    assert message(office) is None


def test_people_are_told_where_a_page_had_to_become_plainer(office: Office, project: str) -> None:
    looks = [text(f"w{at} ", bold=at % 2 == 0, italic=at % 2 == 1) for at in range(99)]
    said = described(office, project, [EQUATION, *looks])

    after = edited(office, project, f"Say {said}")

    assert [item["plain_text"] for item in after if item["annotations"]["bold"]] == [
        f"w{at} " for at in range(0, 97, 2)
    ]
    assert message(office) == (
        "Description lost its formatting in Notion from “w97 w98” on. "
        "Notion takes 100 differently formatted parts of a text."
    )
