"""Which parts of a sequence stay: the laws of both ways to find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navsync import alignment
from navsync.alignment import Stretch, matched, stretches

type Aligner = Callable[[Sequence[str], Sequence[str]], Iterator[Stretch]]

both = pytest.mark.parametrize("aligned", [stretches, matched])
parts = st.lists(st.sampled_from(["a", "b", "c", " ", ""]), max_size=12)


@both
@given(old=parts, new=parts)
def test_all_of_both_is_told_in_order(aligned: Aligner, old: list[str], new: list[str]) -> None:
    found = list(aligned(old, new))

    assert [part for stretch in found for part in old[stretch.old]] == old
    assert [part for stretch in found for part in new[stretch.new]] == new
    assert all(a.old.stop == b.old.start and a.new.stop == b.new.start for a, b in pairwise(found))


@both
@given(old=parts, new=parts)
def test_what_stays_is_the_same_in_both(aligned: Aligner, old: list[str], new: list[str]) -> None:
    assert all(old[stretch.old] == new[stretch.new] for stretch in aligned(old, new) if stretch.same)


@both
@given(old=parts, new=parts)
def test_what_can_not_all_be_compared_follows_the_same_laws(aligned: Aligner, old: list[str], new: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alignment, "_MOST_PAIRS", 3)
        found = list(aligned(old, new))

    assert [part for stretch in found for part in new[stretch.new]] == new
    assert all(old[stretch.old] == new[stretch.new] for stretch in found if stretch.same)


@both
@given(old=parts, new=parts)
def test_where_many_parts_stand_once_the_same_laws_hold(aligned: Aligner, old: list[str], new: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alignment, "_MANY", 1)
        found = list(aligned(old, new))

    assert [part for stretch in found for part in new[stretch.new]] == new
    assert all(old[stretch.old] == new[stretch.new] for stretch in found if stretch.same)


@given(
    old=st.lists(st.integers(), unique=True, min_size=1).map(lambda numbers: [f"w{n}" for n in numbers]), data=st.data()
)
def test_parts_that_stand_once_are_found_as_difflib_finds_them(old: list[str], data: st.DataObject) -> None:
    new = data.draw(st.permutations(old))
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alignment, "_MANY", 1)
        found = [part for stretch in matched(old, new) if stretch.same for part in old[stretch.old]]

    assert found == [part for block in blocks for part in old[block.a : block.a + block.size]]


def test_four_times_the_lines_take_no_more_than_about_four_times_as_long() -> None:
    """Every second line is another one: where each was looked for among all others, it would be sixteen times."""

    def seconds(count: int) -> float:
        old = [f"line {at}" for at in range(count)]
        new = [line + "!" if at % 2 else line for at, line in enumerate(old)]
        start = process_time()
        assert sum(stretch.same for stretch in matched(old, new)) == count // 2
        return process_time() - start

    assert min(seconds(12_000) for _ in range(3)) < 9 * max(seconds(3_000) for _ in range(3)) + 0.02


@both
def test_a_part_that_is_all_over_the_place_is_found_between_those_that_are_not(aligned: Aligner) -> None:
    old = [part for at in range(2_000) for part in (f"w{at}", "the")]
    new = ["x", *old[:2_000], "x", *old[2_000:], "x"]

    assert [new[stretch.new] for stretch in aligned(old, new) if not stretch.same] == [["x"]] * 3
