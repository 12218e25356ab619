"""Merging long texts three ways."""

from __future__ import annotations

import re

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
        (BASE + " They like it.", BASE.replace("Schools", "Many schools"),
         BASE.replace("Schools", "Many schools") + " They like it."),
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


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        pytest.param("Reached 10.5 million.", "Reached 11.5 million.", "Reached 10.7 million.", id="a number"),
        pytest.param("It cost $1,200.", "It cost $2,200.", "It cost $1,500.", id="a price"),
        pytest.param("It cost 1 200 000.", "It cost 1 300 000.", "It cost 1 200 500.", id="a number in groups"),
        pytest.param("On 2026-01-05 we", "On 2026-02-05 we", "On 2026-01-06 we", id="a date"),
        pytest.param("On 5 January 2026 we", "On 6 January 2026 we", "On 5 January 2027 we", id="a date in words"),
        pytest.param("On May 5, 2026, we", "On May 6, 2026, we", "On May 5, 2027, we", id="an American date"),
        pytest.param("在2026年1月5日庆祝", "在2027年1月5日庆祝", "在2026年1月6日庆祝", id="a Chinese date"),
        pytest.param("有三百五十人", "有四百五十人", "有三百六十人", id="a Chinese number"),
        pytest.param("At 10:30 in", "At 11:30 in", "At 10:45 in", id="a time"),
        pytest.param("Down 12 km from", "Down 14 km from", "Down 12 miles from", id="a figure and its unit"),
        pytest.param("At -5 degrees", "At 5 degrees", "At -7 degrees", id="a sign"),
        pytest.param(
            "See https://a.org/x/1 now", "See https://b.org/x/1 now", "See https://a.org/x/2 now", id="a link"
        ),
        pytest.param("Mail ann@reef.org now", "Mail bob@reef.org now", "Mail ann@sea.org now", id="an address"),
        pytest.param("It isn't clean", "It wasn't clean", "It isn’t clean", id="a word with a sign in it"),
        pytest.param("हिन्दी भाषा", "हिन्दा भाषा", "मन्दी भाषा", id="a word with marks in it"),
        pytest.param("We two saw it", "We **two saw** it", "We two **saw it**", id="marks that belong together"),
    ],
)
def test_what_people_read_as_one_is_never_put_together_of_two_edits(base: str, ours: str, theirs: str) -> None:
    assert merge(base, ours, theirs) is None


@pytest.mark.parametrize(
    ("base", "removed", "joined"),
    [
        pytest.param("Our data base of films.", "Our data of films.", "Our database of films.", id="the second word"),
        pytest.param("Our data base of films.", "Our base of films.", "Our database of films.", id="the first word"),
        pytest.param("Our data base of films.", "Our data of films.", "Our data-base of films.", id="with a hyphen"),
        pytest.param("Our data base of films.", "Our data of films.", "Our databases of films.", id="in the plural"),
        pytest.param("Our Data Base of films.", "Our Data of films.", "Our Database of films.", id="in small letters"),
        pytest.param("Data base ", "Data ", "Database ", id="alone"),
        pytest.param("Call Ann , Bob , Cy", "Call Ann , Cy", "Call Ann,Bob , Cy", id="with a comma"),
        pytest.param("On May 10, June 12 ", "On May 10, ", "On May 10 June 12 ", id="without one"),
        pytest.param("a data base and", "a data and", "one database and", id="beside another edit"),
        pytest.param("Sea. Old film show", "Sea. show", "Seafilm show", id="over another word"),
        pytest.param("Ann! Bob\nCy", "Ann! Cy", "Bob! Cy", id="that takes its place"),
    ],
)
def test_a_word_removed_here_and_joined_to_its_neighbour_there_is_for_a_person(
    base: str, removed: str, joined: str
) -> None:
    assert merge(base, removed, joined) is None
    assert merge(base, joined, removed) is None


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("clean river", "clear river", "clean stream", "clear stream", id="two changed words"),
        pytest.param("Big data base", "Huge data base", "Big database", "Huge database",
                     id="a changed word and two joined ones"),
        pytest.param("the reef is clean", "reef is clean", "the reef and sea is clean", "reef and sea is clean",
                     id="a removed word and an added one"),
    ],
)  # fmt: skip
def test_changes_to_neighbouring_words_merge_without_a_person(base: str, ours: str, theirs: str, merged: str) -> None:
    assert merge(base, ours, theirs) == merged
    assert merge(base, theirs, ours) == merged


def test_different_words_of_a_very_long_paragraph_merge() -> None:
    base = " ".join(f"word{number} and" for number in range(10_000))

    ours = f"First {base.replace('word5 ', 'our ').replace('word9990 ', 'our ')}"
    theirs = f"{base.replace('word7 ', 'their ').replace('word9992 ', 'their ')} last"

    merged = f"First {theirs}".replace("word5 ", "our ").replace("word9990 ", "our ")
    assert merge(base, ours, theirs) == merged


def test_different_characters_of_a_script_without_spaces_merge() -> None:
    base = "我们清洁了河流然后庆祝"

    assert merge(base, base.replace("我们", "他们"), base.replace("庆祝", "跳舞")) == "他们清洁了河流然后跳舞"


def test_what_is_added_behind_a_sentence_merges_with_an_edit_of_its_last_word() -> None:
    assert merge("It is dying.", "It is recovering.", "It is dying. We saw.") == "It is recovering. We saw."


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


_GAPS = st.sampled_from([" "] * 4 + ["\n", "\n\n", ", ", ". ", " - ", "\u3000", "\t", "! "])
_JOINTS = st.sampled_from(["", "", "", "-", "'", "/", ","])


@st.composite
def edited_by_two(draw: st.DrawFn) -> tuple[list[str], str, str, str]:
    """Words of which each is unlike all others, their text, and what each of two people has made of it."""
    old = [f"w{at}q" for at in range(draw(st.integers(1, 7)))]
    gaps = [draw(_GAPS) for _ in old]

    def edited(who: str) -> str:
        parts = []
        for at, (word, gap) in enumerate(zip(old, gaps, strict=True)):
            match draw(st.sampled_from(["keep"] * 5 + ["remove", "replace", "add", "respace", "join"])):
                case "keep":
                    parts.append(word + gap)
                case "replace":
                    parts.append(f"{who}{at}q{gap}")
                case "add":
                    parts.append(f"{word}{gap}{who}{at}q{draw(_GAPS)}")
                case "respace":
                    parts.append(word + draw(_GAPS))
                case "join":
                    parts.append(word + draw(_JOINTS))
        return "".join(parts)

    base = "".join(word + gap for word, gap in zip(old, gaps, strict=True))
    return old, base, edited("O"), edited("T")


@given(edited_by_two())
def test_a_merge_has_every_word_once_that_was_added_or_that_nobody_removed(
    edits: tuple[list[str], str, str, str],
) -> None:
    old, base, ours, theirs = edits
    merged = merge(base, ours, theirs)

    if merged is not None:
        assert {word: merged.count(word) for word in old} == {
            word: min(ours.count(word), theirs.count(word)) for word in old
        }
        assert re.findall(r"O\dq", merged) == re.findall(r"O\dq", ours)
        assert re.findall(r"T\dq", merged) == re.findall(r"T\dq", theirs)


def test_edits_far_apart_in_a_very_long_text_are_merged() -> None:
    lines = [f"{day}. day: the river was clean." for day in range(20_000)]
    base = "\n\n".join(lines)

    merged = merge(base, base.replace("\n5. day", "\n5. and best"), base.replace("19990. day", "19990. and last"))

    assert merged is not None
    assert ("5. and best" in merged, "19990. and last" in merged) == (True, True)
