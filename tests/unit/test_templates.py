"""What does a template make of a record, and what may it not say?"""

from __future__ import annotations

import re
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.twins.notion.markdown import inline, reading
from navsync.errors import Refused
from navsync.fields import Unreadable
from navsync.model import EntityRef, EntityType, Values
from navsync.templates import BUILT_IN, PageStart, Template, fault_of, filled, offered, values_of

PROJECT = EntityType.MEDIA_PROJECT


def body_of(body: str, **values: Any) -> str:
    return filled(Template("t", "{{title}}", body, PROJECT), values).markdown


def blocks_of(markdown: str) -> list[tuple[str, str]]:
    """What Notion makes of it: each block's kind and plain words, with its looks."""
    return [
        (node.type, "".join(item["plain_text"] for item in node.content.get("rich_text", ())))
        for node in reading.read(markdown)
    ]


def test_placeholders_stand_for_what_the_record_says() -> None:
    made = filled(
        Template("t", "Plan: {{ title }}", "{{budget}} for {{team_members}}", PROJECT),
        {"title": "Reef", "budget": Decimal("1234.50"), "team_members": ("Ana", "Ben")},
    )

    assert (made.title, made.markdown) == ("Plan: Reef", "1234.50 for Ana, Ben")


def test_what_the_record_does_not_say_is_left_empty() -> None:
    assert body_of("Budget: {{budget}}.") == "Budget: ."


def test_a_page_is_never_without_a_title() -> None:
    assert filled(Template("t", "{{description}}", "", PROJECT), {}).title == "Untitled"


def test_a_title_is_one_line_and_says_what_was_typed() -> None:
    assert filled(Template("t", "{{title}}", "", PROJECT), {"title": "*Reef*\n2026"}).title == "*Reef* 2026"


def test_a_record_without_a_title_of_its_own_has_the_one_of_its_list() -> None:
    template = Template("t", "{{title}}", "", EntityType.DISTRIBUTION_LOG)

    assert filled(template, {"channel": "cinema", "date": "2026-03-01"}).title == "cinema, 2026-03-01"


@pytest.mark.parametrize(
    "value",
    ["**bold** and `code`", "# Heading", "- item", "1. first", "---", "___", "> quote", "[link](https://x.example)",
     "<callout>in</callout>", "$x$", "~~gone~~", "- [ ] to do", "+ item", "| a | b |", "```", "<br>", "{{budget}}",
     "\\*", "two\nlines", "two\r\n# lines", "\ttabbed", "<page url=\"https://x.example\">P</page>"],
)  # fmt: skip
def test_a_value_never_becomes_formatting(value: str) -> None:
    ((kind, text),) = blocks_of(body_of("{{description}}", description=value))

    assert (kind, text.replace("\n", " ")) == ("paragraph", re.sub(r"\s+", " ", value).strip())


@given(st.text(st.sampled_from("ab1.)#-+*_~`$<>[](){}|^\\! \n\t/=\"'&"), max_size=40))
def test_whatever_a_value_says_it_stays_in_its_block_and_plain(value: str) -> None:
    markdown = body_of("- x{{description}}\n- y", description=value)

    first, second = reading.read(markdown)
    assert {first.type, second.type} == {"bulleted_list_item"}
    assert all(not any(v is True for v in item["annotations"].values()) for item in first.content["rich_text"])
    assert all(item["href"] is None for item in inline.parse(markdown.split("\n")[0]))


def test_a_value_that_looks_like_a_placeholder_is_none() -> None:
    made = filled(Template("t", "{{title}}", "{{description}}", PROJECT), {"title": "{{budget}}", "budget": Decimal(5)})

    assert made.title == "{{budget}}"


@pytest.mark.parametrize(
    ("text", "named"),
    [("{{colour}}", "{{colour}}"), ("{{project}}", "{{project}}"), ("a {{ x", "'{{ x'"), ("{{}}", "'{{}}'"),
     ("{{Title}}", "{{Title}}"), ("{{title.format}}", "'{{title.format}}'"), ("{{{title}}}", "'{{{title}}}'")],
)  # fmt: skip
def test_a_placeholder_that_stands_for_nothing_is_named(text: str, named: str) -> None:
    assert named in (fault_of(text, PROJECT) or "")


@pytest.mark.parametrize("text", ['<callout color="{{title}}">', '<callout\ncolor="{{title}}">', "\\{{title}}"])
def test_a_placeholder_where_a_value_would_become_formatting_is_refused(text: str) -> None:
    assert "formatting" in (fault_of(text, PROJECT) or "")


def test_a_page_that_would_not_fit_into_memory_is_refused_before_it_is_filled() -> None:
    template = Template("t", "{{title}}" * 2_000, "{{title}}" * 2_000, PROJECT)
    tracemalloc.start()

    with pytest.raises(Refused):
        filled(template, {"title": "😀" * 60_000})

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_title_is_as_long_as_notion_counts_it() -> None:
    with pytest.raises(Refused, match="title would be longer"):
        filled(Template("t", "{{title}}", "", PROJECT), {"title": "😀" * 1_500})


@pytest.mark.parametrize("template", BUILT_IN.values(), ids=lambda each: each.name)
def test_a_built_in_template_has_no_fault(template: Template) -> None:
    faults = [fault_of(text, template.entity_type) for text in (template.title, template.body)]

    assert faults == [None, None]


def test_there_is_a_built_in_template_for_each_kind_of_record() -> None:
    assert {template.entity_type for template in BUILT_IN.values()} == set(EntityType)


def test_a_page_about_no_record_has_a_title_only() -> None:
    assert offered(None) == ("title",)
    assert filled(Template("t", "{{title}}", "{{title}}"), values_of(None, {"title": "Notes"})).markdown == "Notes"


def test_a_record_is_read_as_navimpact_spells_it() -> None:
    values = values_of(PROJECT, {"id": 4, "title": "Reef", "budget": "10.50", "team_members": ["Ana"]})

    assert (values["title"], values["budget"], values["team_members"]) == ("Reef", Decimal("10.50"), ("Ana",))


@pytest.mark.parametrize(
    ("entity_type", "record"),
    [(PROJECT, {"budget": "much"}), (PROJECT, {"start_date": "soon"}), (PROJECT, {"team_members": "Ana"}),
     (PROJECT, {"title": ["x"]}), (None, {"title": 5})],
)  # fmt: skip
def test_a_record_that_says_nonsense_is_refused_by_the_fields_name(entity_type: Any, record: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=next(iter(record))):
        values_of(entity_type, record)


@pytest.mark.parametrize(("title", "body"), [("{{title}}" * 3, ""), ("", "{{title}}" * 500)])
def test_a_page_larger_than_notion_takes_is_not_asked_for(title: str, body: str) -> None:
    with pytest.raises(Refused, match="Notion takes"):
        filled(Template("t", title, body, PROJECT), {"title": "x" * 1_000})


# --- what a row starts with -------------------------------------------------------------------------------------------


LOG = EntityType.DISTRIBUTION_LOG


def start(template: Template, values: Values) -> str | None:
    titles = {EntityRef(PROJECT, "4"): "Reef"}
    return PageStart({"distribution_log": "t"}, {"t": template}.get, titles.get)(LOG, values)


@pytest.mark.parametrize(("project", "shown"), [("4", "Reef"), ("5", "5")])
def test_a_project_goes_by_its_title_where_that_is_known(project: str, shown: str) -> None:
    assert start(Template("t", "{{title}}", "of {{project}}", LOG), {"project": (project,)}) == f"of {shown}"


def test_a_row_is_not_held_up_by_a_template_that_is_too_large_for_it() -> None:
    assert start(Template("t", "{{title}}", "{{notes}}" * 500, LOG), {"notes": "x" * 1_000}) is None


def test_a_row_starts_empty_where_the_template_is_gone() -> None:
    assert PageStart({"distribution_log": "gone"}, lambda _: None, lambda _: None)(LOG, {}) is None
