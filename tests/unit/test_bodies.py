"""Editing a page's body in place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync.fields.rewriting import Edit, edits

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

    assert found is not None
    assert len(found) == len(made)
    assert applied(BODY, found) == wanted
    assert all(len(edit.old) <= len(expected.old) + len("- one\n") for edit, expected in zip(found, made, strict=True))


def test_of_two_lines_that_are_alike_the_right_one_is_changed() -> None:
    found = edits("a\nsame\nb\nsame\nc", "a\nsame\nb\nother\nc")

    assert found is not None
    assert applied("a\nsame\nb\nsame\nc", found) == "a\nsame\nb\nother\nc"


def test_a_line_below_a_stretch_that_stands_there_twice_is_named_with_the_line_below() -> None:
    moving = "d\ne\nf\nb\nc\nd\ne\nf"

    assert edits(moving, "d\ne\nf\na\nb\nc\nd\ne\nf") == (Edit("f\nb", "f\na\nb"),)


def test_an_empty_body_is_replaced_whole() -> None:
    assert edits("", "new") is None


def applied(body: str, made: tuple[Edit, ...]) -> str:
    for edit in made:
        assert body.count(edit.old) == 1, "Notion takes an edit only where its text stands exactly once"
        body = body.replace(edit.old, edit.new)
    return body


bodies = st.lists(st.sampled_from(["a", "b", "same", "", "# h"]), max_size=8).map("\n".join)


@given(current=bodies, wanted=bodies)
def test_edits_that_are_given_lead_to_what_was_wanted(current: str, wanted: str) -> None:
    found = edits(current, wanted)

    assert found is None or applied(current, found) == wanted
