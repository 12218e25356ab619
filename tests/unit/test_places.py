"""Where a part of a long text stands is found without going through the text for each part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from navsync.fields.places import Whole

texts = st.text(alphabet="ab\n", max_size=120)


@given(text=texts, start=st.integers(0, 119), length=st.integers(1, 60))
def test_a_part_is_found_wherever_it_stands_even_overlapping_itself(text: str, start: int, length: int) -> None:
    part = text[start : start + length] or "b" * length

    places = sorted(Whole(text).places(part))

    assert places == [at for at in range(len(text)) if text.startswith(part, at)]


def test_a_part_stands_once_where_it_is_found_neither_twice_nor_nowhere() -> None:
    whole = Whole("The river was clean. The river was wide. ana ana ana")

    known = {part: whole.has_once(part) for part in ("The river was wide", "The river was", "The lake", "ana ana", "")}

    assert known == {
        "The river was wide": True, "The river was": False, "The lake": False, "ana ana": False, "": False
    }  # fmt: skip


def test_what_stands_in_too_many_places_is_found_all_the_same() -> None:
    rows = "<td>same</td>\n" * 5_000

    assert len([*Whole(rows).places("<td>same</td>\n<td>same</td>")]) == 4_999
