"""A story's text between NavImpact, which keeps it as typed, and Notion, which spells it its own way."""

from __future__ import annotations

import os
import re
from hashlib import shake_128
from time import process_time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from local.twins.notion import markdown as notion
from navsync.fields import bodies
from navsync.fields.rewriting import applied, edits

PAGE = "393abc1eedcd80018000000000000001"
laws = settings(deadline=None, max_examples=int(os.environ.get("LAW_EXAMPLES", "60")))
"""`LAW_EXAMPLES=20000` looks harder."""

LINES = [
    "One.", "Two words here.", "same", "same", "", "", "* star", "- dash", "+ plus", "1) first", "2. second",
    "  - nested", "    - deep", "# Head", "## Sub *x*", "5 * 3 = 15, $5 and $6", "a_b **bold** ~~x~~ `code \\* x`",
    "> quote", "---", "***", "- [x] done", "- [ ] to do", "| A | B |\n|---|---|\n| 4 | a\\|b |", "```\nplain\n```",
    "```js\ncode  *x*\n\n  more\n```", "[sic] {x} <y> ^z |p|", "https://x.org/a_b?c=1", "[link](https://x.org)",
    "cafe\u0301 ü 👩‍👩‍👧", "trailing  ", "back\\slash \\* esc", "#nohash", "1.5 litres", "a<br>b", "&amp; entity",
    "-minus", "$$\nx^2\n$$", "$$x$$", "$$\n\nx\n\ny\n$$", "```js\n```", "~~~\nx\n~~~", "```jsx a\nx\n```",
    "  ```\n  a\n b\n  ```", "````\n```\n````", "```\na", "***both***", "text with | pipe", "\\- escaped",
    "<b>html</b>", "Title\n===", "| `a|b` | B |\n|---|---|\n| $`|c|`$ | \\`d |",
]  # fmt: skip
PARAGRAPHS = ["The river *was* clean.", "It cost $5 [sic].", "A_b \\* c.", "# Head", "5 * 3 schools", "Same.", "Same."]
OWN = [
    f'<page url="https://app.notion.com/p/{PAGE}">Notes</page>',
    f'<database url="https://app.notion.com/p/{PAGE}">Tasks</database>',
    f'<unknown url="https://app.notion.com/p/{PAGE}#{PAGE}" alt="bookmark"/>',
    "<table_of_contents/>",
    '<synced_block url="x">\n\tWritten elsewhere.\n</synced_block>',
]
typed = st.lists(st.sampled_from(LINES), max_size=9).map("\n".join)
spaced = st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=6).map("\n\n".join)


def _paragraph(at: int) -> str:
    """25 words that are in no other."""
    return " ".join(re.findall(".{5}", shake_128(str(at).encode()).hexdigest(63)))


def shown(text: str) -> str:
    """What Notion makes of a text."""
    return notion.write(notion.read(text), PAGE)


# --- NavImpact keeps its spelling -------------------------------------------------------------------------------------


@laws
@given(text=typed)
def test_notion_says_what_navimpact_says(text: str) -> None:
    assert bodies.says(bodies.seen(shown(text))) == bodies.says(text)


@laws
@given(text=typed)
def test_a_text_comes_back_from_notion_as_it_was_typed(text: str) -> None:
    assert bodies.to_navimpact(bodies.seen(shown(text)), text) == text


@laws
@given(text=spaced, at=st.integers(0, 5), data=st.data())
def test_an_edit_of_one_paragraph_in_notion_leaves_the_others_as_they_were_typed(
    text: str, at: int, data: st.DataObject
) -> None:
    page = shown(text).split("\n")
    page[at % len(page)] = data.draw(st.sampled_from(["By hand.", "It cost \\$7 and more."]))

    after = bodies.to_navimpact(bodies.seen("\n".join(page)), text).split("\n\n")

    typed_before = text.split("\n\n")
    assert [*after[: at % len(page)], *after[at % len(page) + 1 :]] == [
        *typed_before[: at % len(page)],
        *typed_before[at % len(page) + 1 :],
    ]


def test_a_paragraph_added_in_notion_stands_apart_from_the_others() -> None:
    assert bodies.to_navimpact("One.\nNew.\nTwo.", "One.\n\nTwo.") == "One.\n\nNew.\n\nTwo."


def test_a_text_typed_without_empty_lines_gets_none() -> None:
    assert bodies.to_navimpact("One.\nNew.\nTwo.", "One.\nTwo.") == "One.\nNew.\nTwo."


def test_an_item_added_to_a_list_joins_it() -> None:
    assert bodies.to_navimpact("Text.\n- a\n- b\n- c", "Text.\n\n* a\n* b") == "Text.\n\n* a\n* b\n- c"


def test_an_item_added_to_a_nested_list_leaves_the_others_as_they_are_nested() -> None:
    text = "* a\n  * b\n  * c\n* d\n  * e"
    page = shown(text).replace("\t- b", "\t- b\n\t- new")
    assert bodies.to_navimpact(page, text) == text.replace("* b", "* b\n  - new")


def test_a_paragraph_removed_in_notion_is_removed_with_its_empty_line() -> None:
    assert bodies.to_navimpact("One.\nThree.", "One.\n\nTwo.\n\nThree.") == "One.\n\nThree."


def test_a_word_edited_in_notion_leaves_the_rest_of_its_line_as_typed() -> None:
    assert bodies.to_navimpact("It cost \\$6 \\[sic\\].", "It cost $5 [sic].") == "It cost $6 [sic]."


def test_a_new_text_from_notion_has_no_escapes_that_nobody_needs() -> None:
    assert bodies.to_navimpact("It cost \\$5 \\[sic\\], a \\* b.", "") == "It cost $5 [sic], a * b."


@pytest.mark.parametrize("line", ["\\# no head", "\\*no emphasis\\*", "1\\. no item", "\\`no code\\`"])
def test_an_escape_that_keeps_the_meaning_stays(line: str) -> None:
    assert bodies.to_navimpact(line, "") == line


def test_a_table_comes_as_people_draw_it() -> None:
    assert bodies.to_navimpact(shown("| A | B |\n|---|---|\n| 1 | 2 |"), "") == "| A | B |\n| --- | --- |\n| 1 | 2 |"


TABLE = "Intro *a*.\n\nSecond (5 * 3).\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\nThe end."


@pytest.mark.parametrize(
    ("cell", "drawn"),
    [
        ("`x|y`", "`x|y`"),
        ("``x`|y``", "``x`|y``"),
        ("x|y", "x\\|y"),
        ("\\\\|", "\\\\\\|"),
        ("$`|x|`$", "$\\|x\\|$"),
        (f'<mention-page url="https://app.notion.com/p/{PAGE}">X \\| Y</mention-page>', "X \\| Y"),
    ],
)
def test_a_pipe_that_a_cell_says_ends_none_where_it_is_drawn(cell: str, drawn: str) -> None:
    page = shown(TABLE).replace("<td>2</td>", f"<td>{cell}</td>")
    assert bodies.to_navimpact(page, TABLE) == TABLE.replace("2 |", f"{drawn} |")
    table = "\n".join(page.split("\n")[2:-1])
    assert bodies.to_navimpact(table, "") == f"| A | B |\n| --- | --- |\n| 1 | {drawn} |"


def test_an_edit_elsewhere_leaves_a_table_with_a_pipe_in_code_and_the_rest_as_typed() -> None:
    text = TABLE.replace("2 |", "`x|y` |")
    assert bodies.to_navimpact(shown(text).replace("The end", "An end"), text) == text.replace("The end", "An end")


def test_a_table_with_a_pipe_in_code_is_merged_with_as_many_columns_as_it_has() -> None:
    text = "Intro.\n\nThe end."
    page = shown(f"{text}\n\n| A | `x|y` |\n|---|---|")
    merged = "Intro.\n\nAn end.\n\n| A | `x|y` |\n| --- | --- |"
    assert bodies.merged(text, text.replace("The end", "An end"), page) == merged


def test_cells_that_pipes_cannot_draw_stand_in_tags_and_leave_the_rest_as_typed() -> None:
    page = shown(TABLE).replace("<td>1</td>\n<td>2</td>", "<td>\\$`1`</td>\n<td>`2`\\$</td>")
    head, cells = "<tr>\n<td>A</td>\n<td>B</td>\n</tr>", "<tr>\n<td>$`1`</td>\n<td>`2`$</td>\n</tr>"
    assert bodies.to_navimpact(page, TABLE) == TABLE.replace(
        "| A | B |\n|---|---|\n| 1 | 2 |", f'<table header-row="true">\n{head}\n{cells}\n</table>'
    )


def test_cells_that_tags_cannot_hold_are_drawn_and_leave_the_looks_of_the_rest() -> None:
    page = 'Intro. {color="red"}\nThe end.'
    assert bodies.to_notion("Intro.\n\n| A |\n| --- |\n| </td> |\n\nThe end.", page) == (
        'Intro. {color="red"}\n| A |\n| --- |\n| </td> |\nThe end.'
    )


def test_two_cells_do_not_say_what_one_with_a_pipe_says() -> None:
    one, two = "| Name\\|Age |\n|---|\n| Ana\\|40 |", "| Name | Age |\n|---|---|\n| Ana | 40 |"
    assert bodies.says(one) != bodies.says(two)


# --- what is Notion's own ---------------------------------------------------------------------------------------------


@laws
@given(text=typed, own=st.sampled_from(OWN), at=st.integers(0, 9))
def test_what_only_notion_can_show_is_never_carried(text: str, own: str, at: int) -> None:
    lines = _top_level(shown(text))
    page = "\n".join([*lines[: at % (len(lines) + 1)], own, *lines[at % (len(lines) + 1) :]])

    assert bodies.says(bodies.seen(page)) == bodies.says("\n".join(lines))


@laws
@given(before=typed, after=typed, own=st.sampled_from(OWN), at=st.integers(0, 9))
def test_what_only_notion_can_show_outlives_every_edit(before: str, after: str, own: str, at: int) -> None:
    lines = _top_level(shown(before))
    page = "\n".join([*lines[: at % (len(lines) + 1)], own, *lines[at % (len(lines) + 1) :]])

    assert own in bodies.to_notion(after, page)


def _top_level(page: str) -> list[str]:
    """The blocks of a page, code and tables whole."""
    code, others = r"(?m:^\t*(`{3,}).*?^\t*\1$)", r"\$\$\n[^$]*\$\$|<table.*?</table>|[^\n]+"
    return [block[0] for block in re.finditer(f"{code}|{others}", page, re.DOTALL)]


def test_looks_and_mentions_come_as_their_words() -> None:
    line = 'Ask <mention-user url="user://1">Ana</mention-user> by <mention-date start="2026-11-22"/> {color="red"}'
    assert bodies.to_navimpact(line, "") == "Ask Ana by 2026-11-22"


def test_looks_and_mentions_outlive_an_edit_of_their_line() -> None:
    line = 'Ask <mention-user url="user://1">Ana</mention-user> <span color="red">today</span>. {color="blue"}'
    assert bodies.to_notion("Ask Ana soon, today.", line) == (
        'Ask <mention-user url="user://1">Ana</mention-user> soon, <span color="red">today</span>. {color="blue"}'
    )


def test_text_inside_a_callout_is_carried_without_the_callout() -> None:
    assert bodies.seen('One.\n<callout icon="💡">\n\tInside.\n</callout>') == "One.\nInside."


def test_an_edit_of_text_inside_a_callout_stays_inside() -> None:
    page = 'One.\n<callout icon="💡">\n\tInside.\n</callout>'
    assert bodies.to_notion("One.\n\nInside!", page) == page.replace("Inside.", "Inside!")


def test_a_link_to_a_file_says_the_same_each_time_it_is_signed() -> None:
    file = "![map](https://files.example/map.png?X-Amz-Date={}&X-Amz-Signature=s)"
    assert bodies.seen(file.format(1)) == bodies.seen(file.format(2)) == "![map](https://files.example/map.png)"


def test_an_edit_of_code_in_a_list_leaves_it_where_it_is_nested() -> None:
    text = "- a\n  - b\n    ```python\n    one = 1\n    two = 2\n    ```\n  - c"
    assert bodies.to_navimpact(shown(text).replace("two = 2", "two = 22"), text) == text.replace("two = 2", "two = 22")


def test_edits_of_different_lines_of_code_in_a_list_are_merged() -> None:
    text = "- a\n  ```python\n  one = 1\n  two = 2\n  three = 3\n  ```\n- c"
    mine, page = text.replace("one = 1", "one = 11"), shown(text).replace("three = 3", "three = 33")
    assert bodies.merged(text, mine, page) == mine.replace("three = 3", "three = 33")


def test_an_edit_of_code_inside_a_callout_sends_one_line() -> None:
    page = '<callout icon="💡">\n\tBox.\n\t```python\n\tone = 1\n\ttwo = 2\n\t```\n</callout>\nEnd.'
    text = bodies.to_navimpact(bodies.seen(page), "").replace("two = 2", "two = 22")
    assert edits(page, bodies.to_notion(text, page)) == (("\ttwo = 2", "\ttwo = 22"),)


@pytest.mark.parametrize("sentence", ["The team went north to see three schools. ", "河水又清澈了，学生们都来看。"])
def test_the_looks_of_a_long_paragraph_outlive_an_edit_beside_a_new_one(sentence: str) -> None:
    mention = '<mention-user url="user://1">Ana</mention-user>'
    page = f"Top.\n{mention} {sentence * 60}End."
    text = bodies.to_navimpact(page, "").replace("End.", "The end.").replace("Top.", "Top.\n\nNew.")
    assert mention in bodies.to_notion(text, page)


def test_the_looks_of_a_paragraph_outlive_an_edit_among_many_new_ones() -> None:
    page = "\n".join([*map(_paragraph, range(29)), 'The end of it. {color="red"}'])
    text = "\n\n".join([*map(_paragraph, range(30, 630)), "The very end of it."])
    assert bodies.to_notion(text, page).endswith('\nThe very end of it. {color="red"}')


def test_a_line_that_is_nested_under_one_above_a_callout_leaves_that_and_leaves_the_other_blocks_alone() -> None:
    others = f'{OWN[2]}\n<callout icon="🔥">\n\tNotes.\n</callout>\nEnd.'
    page = f'- Budget\n<callout icon="💡">\n\t- Travel\n</callout>\n{others}'
    text = bodies.to_navimpact(bodies.seen(page), "").replace("- Travel", "  - Travel")
    assert bodies.to_notion(text, page) == f'- Budget\n\t- Travel\n<callout icon="💡">\n</callout>\n{others}'


@pytest.mark.parametrize("space", ["\u3000\u3000", "\xa0"])
def test_a_space_that_is_no_indent_nests_nothing_and_stays(space: str) -> None:
    text = f"- 一\n- 二\n\n{space}段落。\n\nEnd."
    page = shown(text)
    assert bodies.to_notion(text.replace("End", "The end"), page) == page.replace("End", "The end")
    assert bodies.to_navimpact(page.replace("End", "An end"), text) == text.replace("End", "An end")
    assert bodies.merged(text.replace(f"{space}段落。\n\n", ""), text, page) == text


def test_a_space_at_the_start_of_a_line_of_indented_code_is_part_of_it() -> None:
    text = "  ```\n\xa0a\n  ```"
    assert bodies.says(shown(text)) == bodies.says(text)


def test_a_line_of_code_that_is_not_closed_gets_no_line_below_it_when_other_words_are_merged() -> None:
    text = "Intro words.\n\nMiddle.\n\n```\na\nb"
    mine, page = text.replace("Intro", "My intro"), shown(text).replace("Middle", "The middle")
    assert bodies.merged(text, mine, page) == mine.replace("Middle", "The middle")


def test_dollar_signs_alone_are_an_empty_formula_on_both_sides() -> None:
    assert bodies.says(shown("One.\n\n$$$$$$\n\nTwo.")) == bodies.says("One.\n\n$$$$$$\n\nTwo.")


# --- what is written to Notion ----------------------------------------------------------------------------------------


@laws
@given(before=typed, after=typed)
def test_what_is_put_on_a_page_is_what_navimpact_says(before: str, after: str) -> None:
    assert bodies.says(bodies.to_notion(after, shown(before))) == bodies.says(after)


@laws
@given(before=typed, after=typed)
def test_what_is_put_into_navimpact_is_what_the_page_says(before: str, after: str) -> None:
    page = bodies.seen(shown(after))
    assert bodies.says(bodies.to_navimpact(page, before)) == bodies.says(page)


@laws
@given(text=typed)
def test_putting_back_what_the_page_says_changes_nothing(text: str) -> None:
    page = shown(text)
    assert bodies.to_notion(bodies.seen(page), page) == page


@laws
@given(before=typed, after=typed)
def test_every_page_can_be_edited_in_place(before: str, after: str) -> None:
    page = shown(before)
    assume(page)
    wanted = bodies.to_notion(after, page)
    assert applied(page, edits(page, wanted)) == wanted


def test_a_changed_cell_leaves_the_other_rows_of_a_table() -> None:
    page = shown("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |")
    made = edits(page, bodies.to_notion("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 5 |", page))
    assert made == (("<td>4</td>", "<td>5</td>"),)


# --- both sides edit --------------------------------------------------------------------------------------------------


def test_edits_of_different_paragraphs_are_merged_in_navimpacts_spelling() -> None:
    base = "The river *was* clean.\n\nIt cost $5.\n\nThe end."
    page = bodies.seen(shown(base)).replace("The end.", "The end\\!")
    assert bodies.merged(base, base.replace("$5", "$6"), page) == "The river *was* clean.\n\nIt cost $6.\n\nThe end!"


def test_edits_of_one_word_are_left_to_a_person() -> None:
    assert bodies.merged("The river was clean.", "The river was dirty.", "The river was dry.") is None


NEW = ["{}.", "{}, 5 * 3.", "", "- {}", "> {} [sic] $5 and $6", "# {}, *too*", "```\n{} * y\n```", "same"]


@st.composite
def edited(draw: st.DrawFn, text: str, who: str) -> str:
    """*text* after somebody put lines in, took lines out and typed behind some, among them their name."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at, new = draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from(NEW)).format(who)
        lines[at : at + 1] = draw(st.sampled_from([[lines[at], new], [new, lines[at]], [new], [f"{lines[at]} {new}"]]))
    return "\n".join(lines)


@st.composite
def merges(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """A text, what somebody made of it in NavImpact, and somebody else of its page; and the merge of the two."""
    base = draw(st.one_of(typed, spaced))
    mine, page = draw(edited(base, "Ann")), shown(draw(edited(shown(base), "Ben")))
    merged = bodies.merged(base, mine, bodies.seen(page))
    assume(merged is not None)
    return base, mine, page, merged or ""


@laws
@given(texts=merges())
def test_a_merge_repeated_after_either_side_has_it_says_nothing_else(texts: tuple[str, str, str, str]) -> None:
    base, mine, page, merged = texts

    assert bodies.merged(base, merged, bodies.seen(page)) == merged
    again = bodies.merged(base, mine, bodies.seen(shown(bodies.to_notion(merged, page))))
    # Of a thousand, one or two are for a person: Notion spells a table or an escape as nobody here foresees.
    assert again is None or bodies.says(again) == bodies.says(merged)


def test_a_merge_of_code_that_was_closed_and_begun_anew_repeats_nothing() -> None:
    base = "```js\ncode  *x*\n\n  more\n```"
    mine, page = base.replace("js", "js\n```\nAnn * y\n```"), shown("Ben.\n" + base)

    merged = bodies.merged(base, mine, bodies.seen(page))

    assert merged == f"Ben.\n{mine}"
    assert bodies.merged(base, mine, bodies.seen(shown(bodies.to_notion(merged, page)))) == merged


@laws
@given(texts=merges())
def test_what_either_side_added_is_in_a_merge_once(texts: tuple[str, str, str, str]) -> None:
    # A heading of code that Notion knows no language for says nothing, and stays in NavImpact.
    mine, page, merged = (bodies.says(text) or "" for text in texts[1:])

    assert (merged.count("Ann"), merged.count("Ben")) == (mine.count("Ann"), page.count("Ben"))


@pytest.mark.parametrize(
    ("base", "mine", "page", "merged"),
    [
        ("A.\n\nB.", "A.\n\n\n\nB.", "A.\nB. C.", "A.\n\n\n\nB. C."),
        ("A.\nB.", "A. x\nB.", "A.\nB.\nC.", "A. x\nB.\nC."),
        ("- a\n- b\n\nText.", "- a\n- b\n\nText. More.", "- a\n- b\n- c\nText.", "- a\n- b\n- c\n\nText. More."),
    ],
)
def test_a_merge_keeps_the_empty_lines_of_navimpact(base: str, mine: str, page: str, merged: str) -> None:
    assert bodies.merged(base, mine, page) == merged


# --- whatever comes ---------------------------------------------------------------------------------------------------

anything = st.text(alphabet=st.sampled_from('ab \t\n#*-`$<>[](){}|\\_~1.é👍/"='), max_size=60)


@laws
@given(text=anything, page=anything)
def test_any_text_can_be_put_on_any_page_and_says_what_it_said(text: str, page: str) -> None:
    assert bodies.says(bodies.to_notion(text, page)) == bodies.says(text)


@laws
@given(text=anything, page=anything)
def test_any_page_can_be_put_into_any_text_and_says_what_it_said(text: str, page: str) -> None:
    assert bodies.says(bodies.to_navimpact(bodies.seen(page), text)) == bodies.says(bodies.seen(page))


@laws
@given(text=anything)
def test_any_text_that_is_put_back_is_left_as_it_is(text: str) -> None:
    assert bodies.to_navimpact(text, text) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", [" ", "`", "` ", "?", "<", "$`", "<table>\n", "<tr>", "<colgroup>", "|-", '{color="a" ', "```a\n", "<page "]
)
def test_a_text_of_one_mark_repeated_is_read_in_no_time(part: str) -> None:
    text = "<table>\n" + part * 8_000 + "`\n</table>"

    assert bodies.says(bodies.to_notion(text, "")) == bodies.says(text)


BEGINNINGS = [
    "$`a ", "`", "` ``", "~", "<mention-user ", "<mention-user>a ", '<mention-date start="', '<mention-date start="a" ',
    '{color="{color="', "?X-Amz-", "<span ", "<br ", "<page ", "\\$", "\\] ",
]  # fmt: skip


@pytest.mark.parametrize("part", [*BEGINNINGS, "backticks, one more each time"])
def test_four_times_the_text_takes_no_more_than_about_four_times_as_long(part: str) -> None:
    """A line of nothing but beginnings: where each looked for its end, it would be sixteen times."""
    short, long = (_repeated(part, length) for length in (20_000, 80_000))

    taken = min(_seconds(long) for _ in range(3))

    assert taken < 9 * max(_seconds(short) for _ in range(3)) + 0.02


def _repeated(part: str, length: int) -> str:
    if part in BEGINNINGS:
        return part * (length // len(part)) + "`"
    return " ".join("`" * count for count in range(1, round((2 * length) ** 0.5)))


def _seconds(line: str) -> float:
    start = process_time()
    _ = bodies.says(line), bodies.plain(line)
    return process_time() - start


def test_a_long_text_written_over_a_few_paragraphs_takes_no_time() -> None:
    few, many = "\n".join(map(_paragraph, range(30))), "\n\n".join(map(_paragraph, range(30, 630)))

    start = process_time()
    _ = bodies.to_notion(many, few)

    assert process_time() - start < 2


def test_labels_within_labels_are_read_however_many() -> None:
    kinds = [f"mention-a{at}" for at in range(900)]
    nested = "".join(f"<{kind}>" for kind in kinds) + "Ann" + "".join(f"</{kind}>" for kind in reversed(kinds))

    assert "Ann" in (bodies.says(nested) or "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a $`x + y`$ b", "a $x + y$ b"),
        ("a `b` c ``d`e`` f", "a `b` c ``d`e`` f"),
        ("``a `b\\* c`", "``a `b\\* c`"),
        ("``a\\* b", "``a* b"),
        ('At <mention-date start="2026-01-05"/> with <mention-user>Ann</mention-user>', "At 2026-01-05 with Ann"),
        ("<mention-user>Ann <mention-page>B</mention-page>", "<mention-user>Ann B"),
    ],
)
def test_code_formulas_and_mentions_end_where_they_are_closed(line: str, said: str) -> None:
    assert bodies.says(line) == f"0 {said}"


# --- what no page would show ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Notes.\n\n<meeting-notes>\nour words\n</meeting-notes>", "<meeting-notes>"),
        ("<meeting-notes>\nnever closed", "<meeting-notes>"),
        ('<synced_block url="x">\n\tinside\n</synced_block>\nafter', "<synced_block>"),
        ('See:\n\n<page url="https://www.notion.so/abc">The plan</page>', "<page>"),
        ('- a\n  <file src="x"/>', "<file>"),
    ],
)
def test_a_block_that_no_page_would_show_is_named(text: str, tag: str) -> None:
    assert bodies.left_out(text, "") == tag
    assert bodies.left_out(text, "Other.") == tag
    assert bodies.left_out(text + "\n\nMore.", text) is None or "never closed" in text


@pytest.mark.parametrize(
    "text",
    [
        "Write `<meeting-notes>` above it.", "```\n<meeting-notes>\nour words\n</meeting-notes>\n```",
        "We met <page one> and left.", "\\<page url=\"x\">The plan\\</page>", "<callout>\n\tInside.\n</callout>",
        "<columns>\n<column>\nLeft.\n</column>\n</columns>", "<meeting-notes>\n</meeting-notes>",
        "<table_of_contents/>", "if a<b: c>d",
    ],
)  # fmt: skip
def test_of_what_pages_show_or_only_mention_nothing_is_left_out(text: str) -> None:
    assert bodies.left_out(text, "") is None
