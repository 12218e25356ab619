"""Editing a page's body in place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync.fields import places, rewriting
from navsync.fields.rewriting import Edit, batch, edits

BODY = "# Reef\nFirst.\n- one\n- two\nLast."


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        (BODY, ()),
        (BODY.replace("First.", "First!"), (Edit("First.", "First!"),)),
        (BODY.replace("- two\n", ""), (Edit("- one\n- two", "- one"),)),
        (BODY + "\nMore.", (Edit("Last.", "Last.\nMore."),)),
        ("Top.\n" + BODY, (Edit("# Reef", "Top.\n# Reef"),)),
        (BODY.replace("one", "1").replace("Last", "End"), (Edit("- one", "- 1"), Edit("Last.", "End."))),
    ],
)
def test_only_the_lines_that_change_are_named(wanted: str, made: tuple[Edit, ...]) -> None:
    found = edits(BODY, wanted)

    assert len(found) == len(made)
    assert applied(BODY, found) == wanted
    assert all(len(edit.old) <= len(expected.old) + len("- one\n") for edit, expected in zip(found, made, strict=True))


def test_of_two_lines_that_are_alike_the_right_one_is_changed() -> None:
    found = edits("a\nsame\nb\nsame\nc", "a\nsame\nb\nother\nc")

    assert applied("a\nsame\nb\nsame\nc", found) == "a\nsame\nb\nother\nc"


def test_a_line_below_a_stretch_that_stands_there_twice_is_named_with_the_line_below() -> None:
    moving = "d\ne\nf\nb\nc\nd\ne\nf"

    assert edits(moving, "d\ne\nf\na\nb\nc\nd\ne\nf") == (Edit("f\nb", "f\na\nb"),)


def test_what_an_empty_body_shall_say_is_put_at_its_end() -> None:
    assert edits("", "new") == (Edit("", "new"),)


def applied(body: str, made: tuple[Edit, ...]) -> str:
    for edit in made:
        assert not edit.old or body.count(edit.old) == 1, "Notion takes an edit where its text stands exactly once"
        body = body.replace(edit.old, edit.new) if edit.old else "\n".join(filter(None, (body, edit.new)))
    return body


bodies = st.lists(st.sampled_from(["a", "b", "same", "", "# h"]), max_size=8).map("\n".join)


@given(current=bodies, wanted=bodies)
def test_edits_that_are_given_lead_to_what_was_wanted(current: str, wanted: str) -> None:
    found = edits(current, wanted)

    assert applied(current, found) == wanted == rewriting.applied(current, found)


# --- a file that Notion keeps, whose link is signed anew each time ----------------------------------------------------

REEF, BOAT = (f"![{name}](https://files.example/{name}.png?X-Amz-Signature=1)" for name in ("reef", "boat"))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (f"One.\n{REEF}\nTwo.", f"One.\n{REEF}\nNew.\nTwo."),
        (f"One.\n{REEF}\nTwo.", f"One.\nNew.\n{REEF}\nTwo."),
        (f"One.\n{REEF}\nGone.\nTwo.", f"One.\n{REEF}\nTwo."),
        (f"{REEF}\n{BOAT}", f"New.\n{REEF}\nNew.\n{BOAT}\nNew."),
        (f"{REEF}\nGone.\n{BOAT}", f"{REEF}\n{BOAT}"),
        (f"same\n{REEF}\nsame\nTwo.", f"same\n{REEF}\nother\nTwo."),
        (f"One.\n{REEF}", f"One.\n{REEF.replace('reef]', 'The reef]')}"),
        (f"One.\n{REEF}", f"One.\n{REEF}\nNew."),
        (f"One.\n{REEF}\nGone.", f"One.\n{REEF}"),
    ],
)
def test_a_link_that_is_another_one_the_next_time_is_not_named(body: str, wanted: str) -> None:
    found = edits(body, wanted)

    assert not any("X-Amz-" in edit.old for edit in found)
    assert applied(body, found).strip() == wanted


def test_a_link_that_shall_go_is_named_for_there_is_no_other_way() -> None:
    assert edits(f"One.\n{REEF}\nTwo.", "One.\nTwo.") == (Edit(f"One.\n{REEF}", "One."),)


def test_what_is_added_at_the_end_is_a_request_of_its_own() -> None:
    made = edits(f"One.\n{REEF}", f"1.\n{REEF}\nNew.")

    assert [*batch(made, f"One.\n{REEF}", 1_000)] == [Edit("One.", "1.")]


# --- what edits leave alone -------------------------------------------------------------------------------------------

BEFORE = f"One.\n- [ ] two\n{REEF}\nThree.\nFour."
MADE = (Edit("One.", "Eins."), Edit("Three.", "Drei.\nMore."))
AFTER = rewriting.applied(BEFORE, MADE)


@pytest.mark.parametrize(
    "shown",
    [
        AFTER,
        AFTER.replace("Signature=1", "Signature=2"),
        AFTER.replace("Eins.", "# Eins\n1"),
        AFTER.replace("- [", "\t- ["),
    ],
    ids=["as meant", "signed anew", "a line that was sent, in Notion's spelling", "nested otherwise by what is above"],
)
def test_lines_that_no_edit_names_are_as_they_were(shown: str) -> None:
    assert rewriting.spares(BEFORE, MADE, shown)


@pytest.mark.parametrize(
    ("typed", "over"),
    [("- [x] two", "- [ ] two"), ("two\n👏👏", "two"), ("Four!", "Four."), ("Four.\n👏", "Four."), ("", "- [ ] two\n")],
)
def test_a_line_that_no_edit_names_and_somebody_edited_is_noticed(typed: str, over: str) -> None:
    assert not rewriting.spares(BEFORE, MADE, AFTER.replace(over, typed))


def test_a_line_above_what_is_added_at_the_end_that_somebody_edited_is_noticed() -> None:
    made = (Edit("", "New."),)

    assert rewriting.spares("One.\nTwo.", made, "One.\nTwo.\nNew.")
    assert not rewriting.spares("One.\nTwo.", made, "One.\nTwo!\nNew.")


# --- long bodies ------------------------------------------------------------------------------------------------------


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a whole text was gone through for."""
    searched = list[str]()

    def gone_through(text: str, part: str) -> Iterator[int]:
        searched.append(part)
        return whole(text, part)

    whole = places.gone_through
    monkeypatch.setattr(places, "gone_through", gone_through)
    return searched


def test_of_thousands_of_edits_none_goes_through_the_whole_body(searches: list[str]) -> None:
    body = "\n".join(
        f"On day {day} the river was clean.\nSo {day % 7} schools came on day {day}." for day in range(3_000)
    )

    assert len(edits(body, body.replace("schools", "classes"))) == 3_000
    assert searches == []


@pytest.mark.parametrize("at", [0, 1_000, 2_500, 5_000])
def test_among_thousands_of_rows_that_say_the_same_an_edit_is_found_in_few_looks(searches: list[str], at: int) -> None:
    rows = ["<td>same</td>"] * 5_000

    edits("\n".join(rows), "\n".join([*rows[:at], "<td>new</td>", *rows[at:]]))

    assert len(searches) < 50
