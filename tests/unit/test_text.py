"""Merging long texts three ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync.text import merge

BASE = "The reef is dying.\n\nWe filmed it for two years.\n\nSchools show the film."


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        (BASE.replace("dying", "recovering"), BASE.replace("two", "three"),
         "The reef is recovering.\n\nWe filmed it for three years.\n\nSchools show the film."),
        (BASE.replace("The reef", "The coral reef"), BASE.replace("is dying", "was dying"),
         BASE.replace("The reef is", "The coral reef was")),
        (BASE + "\n\nA new end.", "A new start.\n\n" + BASE, "A new start.\n\n" + BASE + "\n\nA new end."),
        (BASE.replace("\n\nSchools show the film.", ""), BASE.replace("two", "three"),
         "The reef is dying.\n\nWe filmed it for three years."),
        (BASE.upper(), BASE, BASE.upper()),
        ("same", "same", "same"),
    ],
)  # fmt: skip
def test_changes_to_different_words_merge_without_a_person(ours: str, theirs: str, merged: str) -> None:
    assert merge(BASE, ours, theirs) == merged


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BASE.replace("dying", "recovering"), BASE.replace("dying", "dead")),
        (BASE.replace("We filmed it for two years.\n\n", ""), BASE.replace("two", "three")),
        ("", BASE.replace("two", "three")),
    ],
)
def test_changes_to_the_same_words_are_for_a_person(ours: str, theirs: str) -> None:
    assert merge(BASE, ours, theirs) is None


texts = st.text(alphabet="ab \n.é", max_size=12)


@given(base=texts, ours=texts, theirs=texts)
def test_merging_the_result_again_changes_nothing(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs)

    if merged is not None:
        assert merge(base, merged, theirs) == merged
        assert merge(base, ours, merged) == merged


@given(base=texts, ours=texts)
def test_one_sided_changes_are_taken_whole(base: str, ours: str) -> None:
    assert merge(base, ours, base) == ours
    assert merge(base, base, ours) == ours


@given(base=texts, ours=texts, theirs=texts)
def test_neither_side_is_preferred(base: str, ours: str, theirs: str) -> None:
    assert merge(base, ours, theirs) == merge(base, theirs, ours)


@given(base=texts, ours=texts, theirs=texts)
def test_no_word_is_lost_that_one_side_added_and_the_other_never_saw(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours + "\nADDED", theirs)

    assert merged is None or "ADDED" in merged


def test_edits_far_apart_in_a_very_long_text_are_merged() -> None:
    lines = [f"{day}. day: the river was clean." for day in range(20_000)]
    base = "\n\n".join(lines)

    merged = merge(base, base.replace("\n5. day", "\n5. and best"), base.replace("19990. day", "19990. and last"))

    assert merged is not None
    assert ("5. and best" in merged, "19990. and last" in merged) == (True, True)
