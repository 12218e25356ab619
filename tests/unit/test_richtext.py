"""Writing plain text into rich text changes only the runs that changed."""

from __future__ import annotations

import os
from itertools import accumulate, pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navsync.fields import richtext
from navsync.fields.graphemes import is_boundary, pieces, units
from navsync.words import words

FAMILY = "👩‍👩‍👧"
PLAIN = {
    "bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default",
}  # fmt: skip


def text(content: str, link: str | None = None, **look: Any) -> dict[str, Any]:
    """A run as Notion answers it."""
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": link} if link else None},
        "annotations": PLAIN | look,
        "plain_text": content,
        "href": link,
    }


def mention(label: str, kind: str = "user", content: dict[str, Any] | None = None, **look: Any) -> dict[str, Any]:
    """A mention as Notion answers it."""
    shown = {"type": kind, kind: content or {"object": "user", "id": f"id-of-{label}"}}
    return {"type": "mention", "mention": shown, "annotations": PLAIN | look, "plain_text": label, "href": None}


def equation(expression: str) -> dict[str, Any]:
    """An equation as Notion answers it."""
    shown = {"expression": expression}
    return {"type": "equation", "equation": shown, "annotations": PLAIN, "plain_text": expression, "href": None}


def answered(sent: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What Notion shows after *sent* was written over *before*: it knows what its mentions are called."""
    labels = {_identity(item): item["plain_text"] for item in before if "mention" in item}
    return [_answered(item, labels) for item in sent]


def _answered(item: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    match item:
        case {"text": {"content": str(content)} as inner}:
            return text(content, (inner.get("link") or {}).get("url"), **item.get("annotations", {}))
        case {"equation": {"expression": str(expression)}}:
            return equation(expression) | {"annotations": PLAIN | item.get("annotations", {})}
        case _:
            annotations = PLAIN | item.get("annotations", {})
            return {**item, "annotations": annotations, "plain_text": labels[_identity(item)], "href": None}


def _identity(item: dict[str, Any]) -> str:
    content = item["mention"]
    return repr(content[content["type"]].get("id") or content[content["type"]].get("start"))


def looks(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Runs as a person sees them: the text, and how it looks in one word."""
    return [(_words(item), _look(item)) for item in items]


def _words(item: dict[str, Any]) -> str:
    return str(item["text"]["content"]) if "text" in item else f"<{item['type']}>"


def _look(item: dict[str, Any]) -> str:
    marks = [key if value is True else str(value) for key, value in item.get("annotations", {}).items()]
    return " ".join([*marks, *(["link"] if item.get("text", {}).get("link") else [])])


# --- what stays ---------------------------------------------------------------------------------------------------

SENTENCE = [
    text("We "),
    text("never", bold=True),
    text(" lose a word, says "),
    mention("@Ann"),
    text(". See "),
    text("the guide", "https://example.com/guide"),
    text("."),
]


@pytest.mark.parametrize(
    ("becomes", "shows"),
    [
        pytest.param(
            "We never lose one word, says @Ann. See the guide.",
            [("We ", ""), ("never", "bold"), (" lose one word, says ", ""), ("<mention>", ""), (". See ", ""),
             ("the guide", "link"), (".", "")],
            id="a word elsewhere",
        ),
        pytest.param(
            "We hardly ever lose a word, says @Ann. See the guide.",
            [("We ", ""), ("hardly ever", "bold"), (" lose a word, says ", ""), ("<mention>", ""), (". See ", ""),
             ("the guide", "link"), (".", "")],
            id="a bold word by other words",
        ),
        pytest.param(
            "We never lose a word, says @Ann. See the old guide.",
            [("We ", ""), ("never", "bold"), (" lose a word, says ", ""), ("<mention>", ""), (". See ", ""),
             ("the old guide", "link"), (".", "")],
            id="a word more in a link",
        ),
        pytest.param(
            "We never lose a word, says @Ann. See nothing.",
            [("We ", ""), ("never", "bold"), (" lose a word, says ", ""), ("<mention>", ""), (". See nothing.", "")],
            id="a link's words all replaced",
        ),
        pytest.param(
            "We never lose a word, says Bob. See the guide.",
            [("We ", ""), ("never", "bold"), (" lose a word, says Bob. See ", ""), ("the guide", "link"), (".", "")],
            id="a mention replaced",
        ),
        pytest.param(
            "Indeed: We never lose a word, says @Ann. See the guide. Twice!",
            [("Indeed: We ", ""), ("never", "bold"), (" lose a word, says ", ""), ("<mention>", ""), (". See ", ""),
             ("the guide", "link"), (". Twice!", "")],
            id="words before and after",
        ),
        pytest.param("", [], id="nothing"),
    ],
)  # fmt: skip
def test_only_what_changed_changes(becomes: str, shows: list[tuple[str, str]]) -> None:
    assert looks(richtext.put(becomes, SENTENCE)) == shows


def test_two_edits_far_apart_in_a_long_text_leave_what_is_between_as_it_was() -> None:
    middle = [text(f"Sentence {number} is here. ", bold=True, code=number % 2 == 0) for number in range(90)]
    current = [text("Start. "), *middle, text("End.")]

    sent = richtext.put("Begin. " + richtext.plain(middle) + "Stop.", current)

    assert answered(sent, current) == [text("Begin. "), *middle, text("Stop.")]


def test_writing_what_was_read_sends_the_same_runs() -> None:
    current = [*SENTENCE, equation("E=mc^2"), text("in red", color="red")]

    sent = richtext.put(richtext.plain(current), current)

    assert answered(sent, current) == [_sent_form(item) for item in current]


def _sent_form(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] != "mention":
        return item
    return {**item, "mention": {"type": "user", "user": {"id": item["mention"]["user"]["id"]}}}


@pytest.mark.parametrize(
    ("kind", "shown", "sent"),
    [
        ("user", {"object": "user", "id": "u", "name": "Ann", "avatar_url": None}, {"id": "u"}),
        ("page", {"id": "p"}, {"id": "p"}),
        ("database", {"id": "d"}, {"id": "d"}),
        ("date", {"start": "2026-01-02", "end": None, "time_zone": None}, {"start": "2026-01-02"}),
        ("custom_emoji", {"id": "e", "name": "party", "url": "https://example.com/e.png"}, {"id": "e"}),
    ],
)
def test_a_mention_is_sent_as_a_request_takes_it(kind: str, shown: dict[str, Any], sent: dict[str, Any]) -> None:
    items = richtext.put("It! ok", [text("It"), mention("!", kind, shown, bold=True)])

    assert items[1] == {
        "type": "mention", "mention": {"type": kind, kind: sent}, "annotations": {"bold": True},
    }  # fmt: skip


def test_a_mention_that_cannot_be_written_becomes_a_link_of_the_same_text() -> None:
    preview = mention("PR 7", "link_preview", {"url": "https://example.com/7"}) | {"href": "https://example.com/7"}

    (sent,) = richtext.put("PR 7", [preview])

    assert sent == {"type": "text", "text": {"content": "PR 7", "link": {"url": "https://example.com/7"}}}


def test_a_link_between_pages_gets_its_host_back() -> None:
    (sent,) = richtext.put("see", [text("see", "/393abc1eedcd80f3813be205934558c6")])

    assert sent["text"]["link"] == {"url": "https://www.notion.so/393abc1eedcd80f3813be205934558c6"}


def test_an_item_of_a_kind_not_known_here_still_shows_its_text() -> None:
    assert richtext.plain([{"type": "hologram", "hologram": {}, "plain_text": "shiny"}]) == "shiny"


DATES = [text("From "), mention("2026-01-02", "date", {"start": "2026-01-02"}), text(" till "),
         mention("2026-01-05", "date", {"start": "2026-01-05"})]  # fmt: skip
PEOPLE = [text("Ask "), mention("@Ann Lee"), text(" and "), mention("@Ann Poe"), text(" today")]


@pytest.mark.parametrize(
    ("current", "becomes", "kept"),
    [
        pytest.param(DATES, "From 2026-01-05", [3], id="the second of two dates"),
        pytest.param(DATES, "From 2026-01-02", [1], id="the first of two dates"),
        pytest.param(PEOPLE, "Ask @Ann Poe today", [3], id="the second of two people"),
        pytest.param(PEOPLE, "Please ask @Ann Poe again", [3], id="the second of two people, words around it changed"),
        pytest.param(PEOPLE, "Ask @Ann Lee, Jo and @Ann Poe today", [1, 3], id="both"),
    ],
)
def test_a_mention_that_stays_survives_the_one_before_it(
    current: list[dict[str, Any]], becomes: str, kept: list[int]
) -> None:
    shown = answered(richtext.put(becomes, current), current)

    assert richtext.plain(shown) == becomes
    assert [_identity(item) for item in shown if "mention" in item] == [_identity(current[at]) for at in kept]


def test_a_bold_word_survives_one_before_it_that_begins_alike() -> None:
    current = [text("clear ", italic=True), text("clean", bold=True), text(" water")]

    assert looks(richtext.put("clean water", current)) == [("clean", "bold"), (" water", "")]


def test_a_bold_word_survives_between_commas_without_spaces() -> None:
    current = [text("one,"), text("two", bold=True), text(",three")]

    assert looks(richtext.put("first,two,third", current)) == [("first,", ""), ("two", "bold"), (",third", "")]


def test_6000_words_without_a_full_stop_keep_their_looks_between_two_edits() -> None:
    current = [text("w0 " * 3_000), text("bold ", bold=True), mention("@Ann"), text(" w1" * 3_000)]

    sent = richtext.put(f"new {richtext.plain(current)} new", current)

    assert [look for look in looks(sent) if look[1] or look[0] == "<mention>"] == [("bold ", "bold"), ("<mention>", "")]


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "lengths"),
    [
        pytest.param("a" * 2_000, [2_000], id="2,000 characters"),
        pytest.param("a" * 2_001, [2_000, 1], id="2,001 characters"),
        pytest.param("𝄞" * 1_000, [2_000], id="1,000 that count twice"),
        pytest.param("a" + "𝄞" * 1_000, [1_999, 2], id="one that counts twice across the border"),
        pytest.param("a" * 1_996 + FAMILY + "b", [1_996, 9], id="a family across the border"),
        pytest.param("a" * 1_999 + "e\u0301" + "b", [1_999, 3], id="an accent across the border"),
        pytest.param("a" * 1_998 + "🇩🇪" * 2, [1_998, 8], id="a flag across the border"),
        pytest.param("a" * 1_999 + "\r\n", [1_999, 2], id="a line's end across the border"),
        pytest.param("a" * 1_999 + "\u1112\u1161\u11ab", [1_999, 3], id="a Hangul syllable across the border"),
        pytest.param("a" + "\u0301" * 3_000, [2_000, 1_001], id="a pile of accents that fits no item"),
    ],
)
def test_long_text_is_cut_where_no_visible_character_falls_apart(content: str, lengths: list[int]) -> None:
    sent = richtext.put(content, [])

    assert [units(item["text"]["content"]) for item in sent] == lengths
    assert "".join(item["text"]["content"] for item in sent) == content


@pytest.mark.parametrize(("content", "fits"), [("a" * 200_000, True), ("a" * 200_001, False), ("𝄞" * 100_001, False)])
def test_a_property_holds_200_000_characters(content: str, fits: bool) -> None:
    assert richtext.fits(content) is fits


def alternating(count: int) -> list[dict[str, Any]]:
    """Words in bold and italic in turn: as many runs."""
    return [text(f"w{at} ", bold=at % 2 == 0, italic=at % 2 == 1) for at in range(count)]


def test_where_notion_takes_no_more_runs_new_words_look_like_those_before_them() -> None:
    current = alternating(100)

    sent = richtext.put(richtext.plain(current).replace("w31 ", "w31 new "), current)

    assert answered(sent, current) == [
        text("w31 new ", italic=True) if item["plain_text"] == "w31 " else item for item in current
    ]


def test_only_the_last_of_too_many_runs_become_plain() -> None:
    current = [text("new "), *alternating(100)]

    sent = richtext.put("Very " + richtext.plain(current), current)

    assert answered(sent, current)[1:] == [*alternating(98), text("w98 w99 ")]
    assert richtext.plainer("Very " + richtext.plain(current), current) == "w98 w99 "


def test_too_many_runs_lose_bold_before_they_lose_links() -> None:
    current = [text("a ", bold=True), text("b ")] * 60 + [text("link", "https://example.com")]

    sent = richtext.put("c " + richtext.plain(current), current)

    assert looks(sent)[-1] == ("link", "link")
    assert looks(sent)[:2] == [("c a ", "bold"), ("b ", "")]


def test_too_many_links_lose_the_last_links_but_no_text() -> None:
    current = [text("a ", "https://example.com"), text("b ")] * 60

    sent = richtext.put("c " + richtext.plain(current), current)

    assert looks(sent) == [
        ("c a ", "link"),
        ("b ", ""),
        *[("a ", "link"), ("b ", "")] * 48,
        ("a ", "link"),
        ("b " + "a b " * 10, ""),
    ]


def test_what_fits_loses_nothing() -> None:
    assert richtext.plainer("It fits.", SENTENCE) == ""


@pytest.mark.parametrize(("mentions", "incomplete"), [(24, False), (25, True)])
def test_a_page_answer_with_25_mentions_may_lack_some(mentions: int, incomplete: bool) -> None:
    assert richtext.incomplete([mention("@Ann")] * mentions) is incomplete


def test_200_000_characters_without_anything_in_common_take_no_time() -> None:
    before, after = "ab cd. " * 28_000, "xy zz! " * 28_000

    assert richtext.plain(richtext.put(after, [text(piece) for piece in pieces(before, 2_000)])) == after


# --- laws ---------------------------------------------------------------------------------------------------------

ATOMS = ["a", "word ", ". ", "\n", "é", "e\u0301", FAMILY, "🇩🇪", "\u200d", "漢字", ",", "𝄞", "Ünïcödé ", "\u1112\u1161"]
texts = st.lists(st.sampled_from(ATOMS) | st.text(max_size=3), max_size=25).map("".join)
some = texts.filter(bool)
plain_run = st.builds(text, some, st.sampled_from([None, "https://example.com"]), bold=st.booleans())
plain_runs = st.lists(plain_run, max_size=8)
runs = st.lists(
    plain_run | st.builds(mention, some) | st.builds(equation, some),
    max_size=8,
)
laws = settings(deadline=None, max_examples=int(os.environ.get("LAW_EXAMPLES", "100")))
"""`LAW_EXAMPLES=20000` looks harder."""


@st.composite
def edits(draw: st.DrawFn, runs: st.SearchStrategy[list[dict[str, Any]]] = runs) -> tuple[str, list[dict[str, Any]]]:
    """Rich text and a text that shares something with it."""
    current = draw(runs)
    old = richtext.plain(current)
    start = draw(st.integers(0, len(old)))
    end = draw(st.integers(start, len(old)))
    return old[:start] + draw(texts) + old[end:], current


@laws
@given(edits())
def test_what_was_put_is_what_is_read(edit: tuple[str, list[dict[str, Any]]]) -> None:
    becomes, current = edit

    assert richtext.plain(answered(richtext.put(becomes, current), current)) == becomes


@laws
@given(edits())
def test_putting_twice_changes_nothing_more(edit: tuple[str, list[dict[str, Any]]]) -> None:
    becomes, current = edit

    once = richtext.put(becomes, current)

    assert richtext.put(becomes, answered(once, current)) == once


@laws
@given(edits(plain_runs))
def test_words_before_and_behind_an_edit_look_as_before(edit: tuple[str, list[dict[str, Any]]]) -> None:
    becomes, current = edit

    before, after = _styles(current), _styles(answered(richtext.put(becomes, current), current))

    head, tail = _shared_ends(_cut(richtext.plain(current)), _cut(becomes))
    assert after[:head] == before[:head]
    assert after[len(after) - tail :] == before[len(before) - tail :]


def _styles(items: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(item["annotations"], item["href"]) for item in items for _ in item["plain_text"]]


def _cut(whole: str) -> list[str]:
    ends = [end for end in accumulate(map(len, words(whole)), initial=0) if is_boundary(whole, end)]
    return [whole[start:end] for start, end in pairwise(ends)]


def _shared_ends(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many characters long the words are that both begin and end with."""
    head = _shared(old, new)
    return len("".join(old[:head])), len("".join(old[len(old) - _shared(old[head:][::-1], new[head:][::-1]) :]))


def _shared(old: list[str], new: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


@laws
@given(texts, st.integers(1, 12))
def test_pieces_are_the_text_and_none_is_too_long(content: str, longest: int) -> None:
    cut = list(pieces(content, longest))

    assert "".join(cut) == content
    assert all(0 < units(piece) <= max(longest, 2) for piece in cut)


@laws
@given(texts)
def test_a_piece_ends_inside_a_visible_character_only_if_that_is_too_long_itself(content: str) -> None:
    borders = [at for at in range(len(content) + 1) if is_boundary(content, at)]
    longest = max((units(content[start:end]) for start, end in pairwise(borders)), default=1)

    ends = _ends(list(pieces(content, longest)))

    assert set(ends) <= set(borders)


def _ends(cut: list[str]) -> list[int]:
    return [sum(map(len, cut[: count + 1])) for count in range(len(cut))]
