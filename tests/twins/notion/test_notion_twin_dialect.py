"""Notion's markdown: what comes back of what was written, and that it is stable from then on."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.twins.notion import kinds, richtext
from local.twins.notion.markdown import read, write
from local.twins.notion.nodes import Node
from local.twins.notion.seed import ROOT_PAGE_ID

PIECES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(
        [
            "*", "**", "***", "~~", "~", "`", "``", "```", "$", "$`", "`$", "[", "]", "](", "](http://x.y/z)", "<br>",
            "<span color=\"red\">", "<span underline=\"true\">", "</span>", "\\", "{color=\"blue\"}", "# ", "## ", "- ",
            "1. ", "12) ", "> ", "- [ ] ", "- [x] ", "---", "***", "\n", "\n\n", "\t", "\t\t", "  ", " ",
            "| a | b |\n|---|---|\n",
            "|", "<columns>", "</columns>", "<column>", "</column>", "<synced_block>", "</synced_block>",
            "<table_of_contents/>",
            "<details>", "</details>", "<summary>", "</summary>", "<callout icon=\"💡\">", "</callout>", "<table>",
            "<tr>", "<td>", "</td>", "</tr>", "</table>", "<empty-block/>", "$$", "a", "B c", "é", "![x](http://i.mg/a)",
            f'<mention-page url="https://app.notion.com/p/{ROOT_PAGE_ID.replace("-", "")}">', "</mention-page>",
            '<mention-date start="2026-01-31"/>', "_", "__", "+ ", "{toggle=\"true\"}", "\r\n", "\u00a0", "!", "^",
        ]
    ),
)  # fmt: skip
MARKDOWN = st.lists(PIECES, max_size=25).map("".join)


def shown(text: str) -> str:
    return write(read(text), ROOT_PAGE_ID)


@settings(max_examples=200, deadline=None)
@given(MARKDOWN)
def test_what_was_read_once_comes_back_as_it_was_written(text: str) -> None:
    seen = shown(text)

    assert shown(seen) == seen


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 20_000, id="brackets"),
        pytest.param('<span color="red">' * 2_000 + "x" + "</span>" * 2_000, id="spans"),
        pytest.param("<callout>\n" * 500, id="callouts"),
        pytest.param("<columns>\n<column>\n" * 300, id="columns"),
        pytest.param("\n".join("\t" * depth + "- x" for depth in range(500)), id="tabs"),
    ],
)
def test_text_nested_beyond_reason_is_read_all_the_same(text: str) -> None:
    seen = shown(text)

    assert shown(seen) == seen


ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(richtext.STYLES, st.booleans()) | {"color": st.sampled_from(("red", "blue_background"))},
)
CONTENT = st.lists(PIECES, max_size=4).map("".join)
RUNS = st.one_of(
    st.builds(richtext.styled, CONTENT, ANNOTATIONS, st.sampled_from((None, None, "https://example.org/(a) b"))),
    st.builds(richtext.formula, CONTENT.filter(str.strip), ANNOTATIONS),
)
TEXT = st.lists(RUNS, max_size=5)


def block(kind: str, children: st.SearchStrategy[Node] | None = None) -> st.SearchStrategy[Node]:
    content: dict[str, Any] = {"rich_text": TEXT}
    if kind == "to_do":
        content["checked"] = st.booleans()
    if kind == "code":
        content["language"] = st.sampled_from(("python", "plain text"))
    held = st.lists(children, max_size=3).map(tuple) if children is not None and kind in kinds.NESTING else st.just(())
    return st.builds(Node, st.just(kind), st.fixed_dictionaries(content), held)


ROW = st.builds(Node, st.just("table_row"), st.fixed_dictionaries({"cells": st.lists(TEXT, min_size=2, max_size=2)}))
TABLE = st.builds(
    Node,
    st.just("table"),
    st.fixed_dictionaries({"table_width": st.just(2), "has_column_header": st.booleans()}),
    st.lists(ROW, min_size=1, max_size=2).map(tuple),
)
TEXT_KINDS = (*sorted(kinds.NESTING), *kinds.HEADINGS, "code")
BLOCKS = st.recursive(
    st.one_of(TABLE, st.just(Node("divider", {})), *map(block, TEXT_KINDS)),
    lambda children: st.one_of(*(block(kind, children) for kind in TEXT_KINDS)),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCKS, max_size=4).map(tuple))
def test_blocks_survive_their_markdown_being_written_back(blocks: tuple[Node, ...]) -> None:
    seen = write(blocks, ROOT_PAGE_ID)

    assert shown(seen) == seen
