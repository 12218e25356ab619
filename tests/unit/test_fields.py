"""What each kind of field looks like on either side, by example."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from navsync.errors import Refused
from navsync.fields import (
    KEY,
    LINK,
    SPECS,
    Field,
    Kind,
    Unreadable,
    cannot_carry,
    field_of,
    incomplete,
    missing_option,
    parse_navimpact,
    parse_notion,
    property_schema,
    render_navimpact,
    render_notion,
    same,
)
from navsync.model import DataSource, EntityType, Side, Value

PROJECT, LOG, METRICS, STORY = EntityType

TITLE = field_of(PROJECT, "title")
DESCRIPTION = field_of(PROJECT, "description")
PROJECT_TYPE = field_of(PROJECT, "project_type")
STATUS = field_of(PROJECT, "status")
START = field_of(PROJECT, "start_date")
BUDGET = field_of(PROJECT, "budget")
AUDIENCE = field_of(PROJECT, "target_audience")
CHANNELS = field_of(PROJECT, "distribution_channels")
URL = field_of(LOG, "content_url")
PARENT = field_of(LOG, "project")
BODY = field_of(STORY, "description")


def named(*names: str) -> list[dict[str, str]]:
    return [{"id": f"id-{name}", "name": name, "color": "blue"} for name in names]


def source(**options: list[dict[str, str]]) -> DataSource:
    known = {name: tuple(listed) for name, listed in options.items()}
    return DataSource(PROJECT, "database", "source", properties={}, options=known)


def rich(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": {"content": text}}] if text else []


# --- one value, three spellings ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    field: Field
    navimpact: object
    value: Value
    notion: Any


EXAMPLES = {
    "a title": Example(TITLE, "Rivers", "Rivers", rich("Rivers")),
    "a text": Example(DESCRIPTION, "Two\nlines", "Two\nlines", rich("Two\nlines")),
    "no text": Example(DESCRIPTION, None, None, []),
    "a formula is only text": Example(DESCRIPTION, "=cmd()", "=cmd()", rich("=cmd()")),
    "right to left": Example(DESCRIPTION, "שלום, עולם", "שלום, עולם", rich("שלום, עולם")),
    "an option": Example(PROJECT_TYPE, "short film", "short film", {"name": "short film"}),
    "no option": Example(PROJECT_TYPE, None, None, None),
    "a comma in an option": Example(PROJECT_TYPE, "film, short", "film, short", {"name": "film﹐ short"}),
    "a Chinese comma stays": Example(PROJECT_TYPE, "电影，电视", "电影，电视", {"name": "电影，电视"}),
    "a status": Example(STATUS, "active", "active", {"name": "active"}),
    "no status": Example(STATUS, None, None, {"name": "No status"}),
    "a list": Example(CHANNELS, ["TV", "Radio, FM"], ("TV", "Radio, FM"), [{"name": "TV"}, {"name": "Radio﹐ FM"}]),
    "an empty list": Example(CHANNELS, [], (), []),
    "money": Example(BUDGET, "1234.50", Decimal("1234.5"), 1234.5),
    "whole money": Example(BUDGET, "100.00", Decimal(100), 100),
    "no money": Example(BUDGET, None, None, None),
    "nothing left": Example(BUDGET, "0.00", Decimal(0), 0),
    "a debt": Example(BUDGET, "-0.01", Decimal("-0.01"), -0.01),
    "a count": Example(AUDIENCE, 25_000, Decimal(25_000), 25_000),
    "the largest exact count": Example(AUDIENCE, 2**53 - 1, Decimal(2**53 - 1), 2**53 - 1),
    "a date": Example(START, "2026-11-22", "2026-11-22", {"start": "2026-11-22"}),
    "a leap day": Example(START, "2028-02-29", "2028-02-29", {"start": "2028-02-29"}),
    "no date": Example(START, None, None, None),
    "a link": Example(URL, "https://example.com/a?b=ü", "https://example.com/a?b=ü", "https://example.com/a?b=ü"),
    "no link": Example(URL, None, None, None),
    "a body": Example(BODY, "# Why\n\nBecause.", "# Why\n\nBecause.", "# Why\n\nBecause."),
    "no body": Example(BODY, None, None, ""),
}
examples = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


@examples
def test_navimpact_is_read(example: Example) -> None:
    assert parse_navimpact(example.field, example.navimpact) == example.value


@examples
def test_notion_is_read(example: Example) -> None:
    assert parse_notion(example.field, {example.field.kind: example.notion}) == example.value


@examples
def test_notion_is_written(example: Example) -> None:
    assert render_notion(example.field, example.value, None, None) == {example.field.kind: example.notion}


@examples
def test_navimpact_is_written(example: Example) -> None:
    assert render_navimpact(example.field, example.value, None) == example.navimpact


def test_a_relation_is_the_ids_of_pages_on_notion() -> None:
    prop = {"type": "relation", "relation": [{"id": "p2"}, {"id": "p1"}], "has_more": False}

    assert parse_notion(PARENT, prop) == ("p1", "p2")
    assert render_notion(PARENT, ("p1",), None, None) == {"relation": [{"id": "p1"}]}


def test_a_relation_is_the_id_of_the_project_on_navimpact() -> None:
    assert parse_navimpact(PARENT, 42) == ("42",)
    assert render_navimpact(PARENT, ("42",), None) == 42


def test_the_key_and_the_link_of_a_page_are_fields_too() -> None:
    assert render_notion(KEY, "media_project/42", None, None) == {"rich_text": rich("media_project/42")}
    assert render_notion(LINK, "https://example.com/42", None, None) == {"url": "https://example.com/42"}


@pytest.mark.parametrize(
    ("spelled", "value"),
    [("1.50", Decimal("1.5")), (1.5, Decimal("1.5")), (-0.0, Decimal(0)), ("-0.00", Decimal(0)), ("1e3", Decimal(1000)),
     (0.1, Decimal("0.1")), ("", None)],
)  # fmt: skip
def test_equal_numbers_are_equal_however_they_are_spelled(spelled: object, value: Value) -> None:
    assert str(parse_navimpact(BUDGET, spelled)) == str(value)


@pytest.mark.parametrize("spelled", ["a\r\nb\r\n", "a\rb\r", "a\nb\n"])
def test_the_ends_of_lines_mean_nothing(spelled: str) -> None:
    assert parse_navimpact(DESCRIPTION, spelled) == "a\nb\n"


# --- what stays as it is spelled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "current"),
    [
        pytest.param(BUDGET, Decimal("1.5"), "1.5", id="a number with fewer zeros"),
        pytest.param(BUDGET, Decimal("1.5"), 1.5, id="a number that is no text"),
        pytest.param(DESCRIPTION, "a\nb", "a\r\nb", id="ends of lines"),
        pytest.param(DESCRIPTION, "caf\u00e9", "cafe\u0301", id="composed accents"),
        pytest.param(DESCRIPTION, None, "", id="an empty text"),
        pytest.param(PROJECT_TYPE, "Film", "film", id="case"),
        pytest.param(STATUS, None, "No status", id="a status that says there is none"),
        pytest.param(PROJECT_TYPE, "a, b", "a﹐ b", id="a small comma"),
        pytest.param(BODY, "## A\nB\\*", "## A\n\nB*\n", id="a body as Notion gives it back"),
        pytest.param(CHANNELS, ("YouTube", "TV"), ["youtube", "TV"], id="case in a list"),
        pytest.param(CHANNELS, ("YouTube", "TV"), ["YouTube", "TV", "youtube"], id="one name spelled twice"),
        pytest.param(CHANNELS, ("TV",), [" TV ", ""], id="spaces and empty names"),
        pytest.param(CHANNELS, ("A", "b\nc"), ["A", "a", "b\r\nc"], id="ends of lines in a list"),
    ],
)
def test_navimpact_keeps_what_means_the_same(field: Field, value: Value, current: object) -> None:
    assert render_navimpact(field, value, current) == current


@pytest.mark.parametrize(
    ("value", "current", "sent"),
    [
        pytest.param(("YouTube", "TV"), ["youtube"], ["youtube", "TV"], id="one more"),
        pytest.param(("YouTube", "TV"), ["YouTube", "youtube"], ["YouTube", "youtube", "TV"], id="one name twice"),
        pytest.param(("TV",), ["YouTube", "TV", "youtube"], ["TV"], id="one name less takes all its spellings"),
        pytest.param(("TV", "a, b"), ["a﹐ b", "TV"], ["TV", "a﹐ b"], id="another order"),
        pytest.param(("YouTube", "youtube"), ["YOUTUBE"], ["YouTube", "youtube"], id="undo brings both spellings back"),
        pytest.param(("YouTube", "youtube"), ["YouTube"], ["YouTube", "youtube"], id="undo brings one spelling back"),
    ],
)
def test_a_list_changes_only_where_it_means_something_else(value: Value, current: list[str], sent: list[str]) -> None:
    assert render_navimpact(CHANNELS, value, current) == sent


def test_a_known_status_is_spelled_as_navimpact_spells_it() -> None:
    assert render_navimpact(STATUS, "Active", "planning") == "active"


def test_notion_shows_two_spellings_of_one_name_as_one_option() -> None:
    sent = render_notion(CHANNELS, ("YouTube", "TV", "youtube"), None, None)

    assert sent == {"multi_select": [{"name": "YouTube"}, {"name": "TV"}]}


def test_an_option_on_the_page_keeps_its_spelling() -> None:
    current = {"multi_select": named("youtube")}

    sent = render_notion(CHANNELS, ("TV", "YouTube"), current, None)

    assert sent == {"multi_select": [{"name": "TV"}, {"name": "youtube"}]}


def test_an_option_of_the_database_keeps_its_spelling() -> None:
    assert render_notion(STATUS, "active", None, source(status=named("Active"))) == {"status": {"name": "Active"}}


# --- what means the same ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "navimpact", "notion", "means_the_same"),
    [
        (DESCRIPTION, "caf\u00e9", "cafe\u0301", True),
        (DESCRIPTION, "a", "a ", False),
        (DESCRIPTION, None, "a", False),
        (PROJECT_TYPE, "film", "Film", True),
        (PROJECT_TYPE, "film", None, False),
        (CHANNELS, ("YouTube", "youtube", "TV"), ("TV", "YouTube"), True),
        (CHANNELS, ("YouTube",), ("YouTube", "TV"), False),
        (BUDGET, Decimal("1.50"), Decimal("1.5"), True),
        (BUDGET, Decimal("1.5"), Decimal("1.51"), False),
        (BUDGET, None, Decimal(0), False),
        (START, "2026-11-22", "2026-11-22", True),
        (START, "2026-11-22", "2026-11-22T00:00:00.000+00:00", False),
        (PARENT, ("42",), ("42",), True),
        (PARENT, ("42",), (), False),
        (BODY, "## A\n\nB_c", "## A\nB\\_c", True),
        (BODY, "A", "B", False),
        (BODY, None, "<empty-block/>", True),
    ],
)
def test_values_mean_the_same(field: Field, navimpact: Value, notion: Value, means_the_same: bool) -> None:
    assert same(field, navimpact, notion) is means_the_same


# --- what cannot be carried -------------------------------------------------------------------------------------------

A_TIME = "2026-01-02T10:00:00.000+01:00"
REFUSALS = [
    pytest.param(BUDGET, Decimal("10.999"), Side.NAVIMPACT, "has 3 decimals and NavImpact keeps 2", id="decimals"),
    pytest.param(AUDIENCE, Decimal("1.5"), Side.NAVIMPACT, "1 decimals and NavImpact keeps 0", id="half a person"),
    pytest.param(AUDIENCE, Decimal(2**53 + 1), Side.NOTION, "more digits than a number in Notion", id="2^53+1"),
    pytest.param(BUDGET, Decimal("1e400"), Side.NOTION, "more digits than a number in Notion", id="1e400"),
    pytest.param(START, A_TIME, Side.NAVIMPACT, "has a time or an end", id="a time"),
    pytest.param(START, "2026-01-02/2026-01-09", Side.NAVIMPACT, "has a time or an end", id="a range"),
    pytest.param(START, "soon", Side.NOTION, "no date that Notion knows", id="no date"),
    pytest.param(TITLE, None, Side.NAVIMPACT, "keeps no record without it", id="no title"),
    pytest.param(PARENT, (), Side.NAVIMPACT, "keeps no record without it", id="no project"),
    pytest.param(PARENT, ("1", "2"), Side.NAVIMPACT, "names 2 projects", id="two projects"),
    pytest.param(PARENT, tuple(map(str, range(101))), Side.NOTION, "names 101 records", id="101 relations"),
    pytest.param(DESCRIPTION, "a" * 200_001, Side.NOTION, "200,001 characters long", id="too long"),
    pytest.param(BODY, "Text.\n\n" + "a" * 200_001, Side.NOTION, "a line of it is 200,001", id="a long line"),
    pytest.param(BODY, f"```\n{'a\n' * 100_001}```", Side.NOTION, "a piece of code of it is 200,001", id="long code"),
    pytest.param(BODY, f"$$\n{'a\n' * 501}$$", Side.NOTION, "a formula of it is 1,001", id="a long formula"),
    pytest.param(BODY, f"$${'a' * 1_001}$$", Side.NOTION, "a formula of it is 1,001", id="a long line of formula"),
    pytest.param(URL, "https://" + "a" * 2_000, Side.NOTION, "2,008 characters long", id="a long link"),
    pytest.param(CHANNELS, tuple(map(str, range(101))), Side.NOTION, "lists 101 names", id="101 options"),
    pytest.param(CHANNELS, ("a" * 101,), Side.NOTION, "101 characters long", id="a long option"),
    pytest.param(PROJECT_TYPE, "𝄞" * 51, Side.NOTION, "102 characters long", id="a long option that counts twice"),
    pytest.param(DESCRIPTION, "a\0b", Side.NOTION, "NUL", id="NUL to Notion"),
    pytest.param(DESCRIPTION, "a\0b", Side.NAVIMPACT, "NUL", id="NUL to NavImpact"),
    pytest.param(CHANNELS, ("a\ud800",), Side.NOTION, "half of a character", id="a lone surrogate"),
]


@pytest.mark.parametrize(("field", "value", "to", "reason"), REFUSALS)
def test_a_value_that_would_lose_something_is_refused_with_the_reason(
    field: Field, value: Value, to: Side, reason: str
) -> None:
    assert reason in (cannot_carry(field, value, to) or "nothing")


@pytest.mark.parametrize(("field", "value", "to", "reason"), REFUSALS)
def test_a_refused_value_is_never_written(field: Field, value: Value, to: Side, reason: str) -> None:
    with pytest.raises(Refused, match=f"{field.property} cannot be carried") as refused:
        _ = render_notion(field, value, None, None) if to is Side.NOTION else render_navimpact(field, value, None)

    assert reason in str(refused.value)
    assert refused.value.field == field.name


@pytest.mark.parametrize(
    ("field", "value", "to"),
    [
        pytest.param(CHANNELS, tuple(map(str, range(100))), Side.NOTION, id="100 options"),
        pytest.param(CHANNELS, ("a", "A") * 60, Side.NOTION, id="120 spellings of one option"),
        pytest.param(CHANNELS, ("a" * 100,), Side.NOTION, id="100 characters in an option"),
        pytest.param(START, A_TIME, Side.NOTION, id="a time back to Notion"),
        pytest.param(BUDGET, Decimal("0.1"), Side.NOTION, id="a tenth"),
        pytest.param(AUDIENCE, Decimal("1e20"), Side.NOTION, id="a large round number"),
        pytest.param(STATUS, None, Side.NOTION, id="no status"),
        pytest.param(DESCRIPTION, "a" * 200_000, Side.NOTION, id="200,000 characters"),
        pytest.param(BODY, f"{'a' * 200_000}\n" * 2, Side.NOTION, id="twice 200,000 characters"),
        pytest.param(BODY, f"```\n{'a\n' * 100_000}```", Side.NOTION, id="200,000 characters of code"),
        pytest.param(BODY, f"$$\n{'a' * 1_000}\n$$\n" * 2, Side.NOTION, id="two formulas of 1,000 characters"),
    ],
)
def test_what_fits_is_carried(field: Field, value: Value, to: Side) -> None:
    assert cannot_carry(field, value, to) is None


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "prop", "reason"),
    [
        pytest.param(BUDGET, {"type": "rich_text", "rich_text": []}, "now of type rich_text", id="another type"),
        pytest.param(PARENT, {"relation": [{"id": "p"}], "has_more": True}, "only a part", id="more than 25 relations"),
        pytest.param(BODY, {"markdown": "a", "truncated": True, "unknown_block_ids": []}, "only a part", id="cut body"),
        pytest.param(BODY, {"markdown": "a", "truncated": False, "unknown_block_ids": ["b"]}, "only a part", id="part"),
        pytest.param(BUDGET, {"type": "number"}, "shape that is not known", id="no content"),
        pytest.param(CHANNELS, {"multi_select": None}, "shape that is not known", id="a null list"),
        pytest.param(BUDGET, {"number": float("nan")}, "where a number is expected", id="not a number"),
        pytest.param(DESCRIPTION, {"rich_text": rich("\ud800")}, "half of a character", id="a lone surrogate"),
    ],
)
def test_what_notion_shows_wrongly_is_never_taken_for_cleared(field: Field, prop: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_notion(field, prop)


@pytest.mark.parametrize(
    ("field", "json_value", "reason"),
    [
        (BUDGET, "many", "where a number is expected"),
        (BUDGET, True, "where a number is expected"),
        (BUDGET, float("inf"), "where a number is expected"),
        (BUDGET, "1e999", "larger or smaller"),
        (BUDGET, "1" * 401, "more digits"),
        (BUDGET, "١٢", "where a number is expected"),
        (START, "2026-11-22T10:00:00Z", "where a date like"),
        (START, "2026-02-30", "where a date like"),
        (START, 20261122, "where a date like"),
        (TITLE, 7, "where a text is expected"),
        (TITLE, "\udfff", "half of a character"),
        (CHANNELS, "TV, Radio", "where a list is expected"),
        (CHANNELS, [{"name": "TV"}], "where a text is expected"),
    ],
)
def test_what_navimpact_shows_wrongly_is_never_taken_for_cleared(field: Field, json_value: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_navimpact(field, json_value)


def test_a_relation_is_whole_once_it_was_read_to_its_end() -> None:
    assert incomplete(PARENT, {"relation": [{"id": "p"}], "has_more": True})
    assert not incomplete(PARENT, {"relation": [{"id": "p"}] * 30, "has_more": False})


def test_a_text_with_25_mentions_is_whole_once_it_was_read_to_its_end() -> None:
    mentions = [{"type": "mention", "mention": {"type": "user", "user": {"id": "u"}}, "plain_text": "@Ann"}] * 25

    assert incomplete(DESCRIPTION, {"rich_text": mentions})
    assert parse_notion(DESCRIPTION, {"rich_text": mentions, "has_more": False}) == "@Ann" * 25


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ({"start": A_TIME, "end": None, "time_zone": None}, A_TIME),
        ({"start": "2026-01-02", "end": "2026-01-09", "time_zone": None}, "2026-01-02/2026-01-09"),
        ({"start": "2026-01-02T10:00:00", "time_zone": "Europe/Berlin"}, "2026-01-02T10:00:00[Europe/Berlin]"),
    ],
)
def test_a_time_or_a_range_is_never_cut_to_a_day(shown: dict[str, Any], value: str) -> None:
    assert parse_notion(START, {"date": shown}) == value


@pytest.mark.parametrize(
    "shown",
    [
        {"start": A_TIME},
        {"start": "2026-01-02", "end": "2026-01-09"},
        {"start": "2026-01-02T10:00:00", "end": "2026-03-29T02:30:00", "time_zone": "Europe/Berlin"},
    ],
)
def test_undo_brings_a_time_or_a_range_back(shown: dict[str, Any]) -> None:
    assert render_notion(START, parse_notion(START, {"date": shown}), None, None) == {"date": shown}


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_entity_has_its_fields() -> None:
    fields = {spec.type.value: [field.name for field in spec.fields] for spec in SPECS.values()}

    assert fields == {
        "media_project": ["title", "description", "project_type", "status", "start_date", "end_date", "budget",
                          "target_audience", "team_members", "distribution_channels"],
        "distribution_log": ["activity_type", "channel", "date", "reach", "engagement", "conversions", "content_url",
                             "notes", "project"],
        "performance_metrics": ["metric_date", "views", "unique_viewers", "watch_time_minutes", "engagement_rate",
                                "shares", "comments", "project"],
        "impact_story": ["title", "story_type", "description", "stakeholder_name", "stakeholder_organisation",
                         "impact_date", "quantifiable_outcome", "project"],
    }  # fmt: skip


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.type)
def test_no_two_properties_of_a_database_share_a_name(spec: Any) -> None:
    names = [field.property for field in (*spec.fields, KEY, LINK)]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("entity_type", "values", "title"),
    [
        (PROJECT, {"title": "Rivers"}, "Rivers"),
        (PROJECT, {"title": None}, "Untitled"),
        (LOG, {"channel": "YouTube", "date": "2026-11-22"}, "YouTube, 2026-11-22"),
        (LOG, {"channel": "YouTube", "date": None}, "YouTube"),
        (METRICS, {"metric_date": "2026-11-22"}, "2026-11-22"),
        (STORY, {}, "Untitled"),
    ],
)
def test_a_record_has_a_title_for_people(entity_type: EntityType, values: dict[str, Value], title: str) -> None:
    assert SPECS[entity_type].title_of(values) == title


def test_only_logs_and_metrics_have_a_generated_title() -> None:
    assert [spec.type for spec in SPECS.values() if spec.title_is_generated] == [LOG, METRICS]


def test_navimpact_calls_the_relation_by_its_own_name() -> None:
    assert [field.navimpact_name() for field in (PARENT, BODY)] == ["media_project_id", "description"]


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        field_of(PROJECT, "impact_score")


# --- the schema -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        (TITLE, {"title": {}}),
        (CHANNELS, {"multi_select": {}}),
        (BUDGET, {"number": {"format": "number_with_commas"}}),
        (START, {"date": {}}),
    ],
)
def test_a_property_is_created_by_its_kind(field: Field, schema: dict[str, Any]) -> None:
    assert property_schema(field) == schema


def test_a_new_row_has_no_status() -> None:
    options = property_schema(STATUS)["status"]["options"]

    assert options[0] == {"name": "No status", "group": "To-do"}


def test_the_known_statuses_stand_in_their_groups() -> None:
    options = property_schema(STATUS)["status"]["options"]

    assert {option["name"]: option["group"] for option in options[1:]} == {
        "planning": "To-do", "active": "In progress", "paused": "In progress", "completed": "Complete",
        "cancelled": "Complete",
    }  # fmt: skip


def test_a_relation_leads_to_the_projects() -> None:
    relation = property_schema(PARENT, "projects-source")["relation"]

    assert relation["data_source_id"] == "projects-source"


def test_a_body_is_no_property() -> None:
    with pytest.raises(ValueError, match="has no property"):
        property_schema(BODY)


@pytest.mark.parametrize(
    ("field", "value", "known", "missing"),
    [
        pytest.param(STATUS, "active", ["Active"], None, id="there, in another case"),
        pytest.param(STATUS, "completed", ["Active"], {"name": "completed", "group": "Complete"}, id="a known one"),
        pytest.param(STATUS, "on ice, cold", [], {"name": "on ice﹐ cold", "group": "To-do"}, id="an unknown one"),
        pytest.param(STATUS, None, ["Active"], {"name": "No status", "group": "To-do"}, id="none"),
        pytest.param(PROJECT_TYPE, "film", [], None, id="a select makes its own"),
    ],
)
def test_a_status_that_is_missing_is_added_to_the_schema_first(
    field: Field, value: Value, known: list[str], missing: dict[str, str] | None
) -> None:
    assert missing_option(field, value, source(status=named(*known))) == missing


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_used(kind: Kind) -> None:
    assert any(field.kind is kind for spec in SPECS.values() for field in spec.fields)
