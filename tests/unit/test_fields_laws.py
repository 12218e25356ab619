"""The laws that every codec keeps, with seeds looking for counter-examples (the examples are in test_fields)."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from navsync.errors import Refused
from navsync.fields import (
    Field,
    Kind,
    Unreadable,
    cannot_carry,
    parse_navimpact,
    parse_notion,
    render_navimpact,
    render_notion,
    same,
)
from navsync.model import Side, Value

FIELDS = {kind: Field("field", kind, "Field", places=2 if kind is Kind.NUMBER else None) for kind in Kind}
every_kind = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
laws = settings(deadline=None, max_examples=int(os.environ.get("LAW_EXAMPLES", "40")))
"""`LAW_EXAMPLES=20000` looks harder."""

NASTY = ["", " ", "a", "A", ",", "，", "﹐", "é", "e\u0301", "ß", "SS", "İ", "👩‍👩‍👧", "\u200d", "𝄞", "\n", "\r\n",
         "No status", "=cmd()", "שלום", "a" * 101, "x" * 2_001, "active", "Active", "*", "\\*", "\0"]  # fmt: skip
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=4).map("".join)
short = st.sampled_from(["a", "A", "b", "a, b", "é", "e\u0301", " a ", "No status", "active", "Active", "﹐"]) | texts
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=2)
days = st.dates().map(lambda day: day.isoformat())
moments = days | st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "+01:00")
page_ids = st.uuids(version=4).map(str)


def rich(content: str, bold: bool) -> dict[str, Any]:
    look = {"annotations": {"bold": bold}, "plain_text": content}
    return {"type": "text", "text": {"content": content, "link": None}, **look}


rich_texts = st.lists(st.builds(rich, texts.filter(bool), st.booleans()), max_size=4)
names = short.map(lambda name: name.replace(",", ""))
an_option = st.builds(lambda name: {"id": f"id of {name}", "name": name, "color": "blue"}, names)

floats = st.floats(allow_nan=False, allow_infinity=False)
ranges = st.builds(lambda start, end: {"start": start, "end": end, "time_zone": None}, moments, st.none() | moments)

FROM_NAVIMPACT: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TITLE: st.none() | texts,
    Kind.TEXT: st.none() | texts,
    Kind.URL: st.none() | texts,
    Kind.BODY: st.none() | texts,
    Kind.SELECT: st.none() | short,
    Kind.STATUS: st.none() | short,
    Kind.MULTI_SELECT: st.lists(short, max_size=6),
    Kind.NUMBER: st.none() | decimals.map(str) | st.integers(-(2**60), 2**60) | floats,
    Kind.DATE: st.none() | days,
    Kind.RELATION: st.none() | st.integers(1, 2**53),
}
FROM_NOTION: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TITLE: rich_texts,
    Kind.TEXT: rich_texts,
    Kind.URL: st.none() | texts.filter(bool),
    Kind.BODY: texts,
    Kind.SELECT: st.none() | an_option,
    Kind.STATUS: st.none() | an_option,
    Kind.MULTI_SELECT: st.lists(an_option, max_size=6, unique_by=lambda option: str(option["name"]).casefold()),
    Kind.NUMBER: st.none() | floats | st.integers(-(2**53), 2**53),
    Kind.DATE: st.none() | ranges,
    Kind.RELATION: st.lists(st.builds(lambda id: {"id": id}, page_ids), max_size=3, unique_by=lambda page: page["id"]),
}


def read_navimpact(field: Field, data: st.DataObject, label: str) -> tuple[object, Value]:
    spelled = data.draw(FROM_NAVIMPACT[field.kind], label)
    return spelled, parse_navimpact(field, spelled)


def read_notion(field: Field, data: st.DataObject, label: str) -> tuple[dict[str, Any], Value]:
    prop = {"type": field.kind.value, field.kind.value: data.draw(FROM_NOTION[field.kind], label)}
    return prop, parse_notion(field, prop)


def any_value(field: Field, data: st.DataObject) -> Value:
    from_notion = data.draw(st.booleans(), "from Notion")
    return (read_notion if from_notion else read_navimpact)(field, data, "value")[1]


def carried(field: Field, value: Value, to: Side) -> None:
    assume(cannot_carry(field, value, to) is None)


# --- what was written is what is read ---------------------------------------------------------------------------------


@every_kind
@laws
@given(data=st.data())
def test_what_is_put_into_notion_means_the_same_there(field: Field, data: st.DataObject) -> None:
    value = any_value(field, data)
    current = data.draw(st.none() | st.builds(lambda: read_notion(field, data, "current")[0]))
    carried(field, value, Side.NOTION)

    shown = parse_notion(field, render_notion(field, value, current, None))

    assert same(field, value, shown)


@every_kind
@laws
@given(data=st.data())
def test_what_is_put_into_navimpact_means_the_same_there(field: Field, data: st.DataObject) -> None:
    value = any_value(field, data)
    current = data.draw(st.none() | st.builds(lambda: read_navimpact(field, data, "current")[0]))
    carried(field, value, Side.NAVIMPACT)

    shown = parse_navimpact(field, render_navimpact(field, value, current))

    assert same(field, shown, value)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.MULTI_SELECT, Kind.SELECT, Kind.STATUS}))
@laws
@given(data=st.data())
def test_what_needs_no_other_spelling_is_read_exactly_as_put(kind: Kind, data: st.DataObject) -> None:
    field = FIELDS[kind]
    value = any_value(field, data)
    carried(field, value, Side.NOTION)

    assert parse_notion(field, render_notion(field, value, None, None)) == value


# --- a way there and back loses nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.RELATION}))  # its ids differ on both sides
@laws
@given(data=st.data())
def test_a_value_comes_back_from_notion_as_navimpact_spelled_it(kind: Kind, data: st.DataObject) -> None:
    field = FIELDS[kind]
    spelled, value = read_navimpact(field, data, "value")
    carried(field, value, Side.NOTION)
    carried(field, shown := parse_notion(field, render_notion(field, value, None, None)), Side.NAVIMPACT)

    assert _reading(field, render_navimpact(field, shown, spelled)) == _reading(field, spelled)


def _reading(field: Field, spelled: object) -> object:
    return None if spelled == "" else spelled


# --- writing what was read is a no-op ---------------------------------------------------------------------------------


@every_kind
@laws
@given(data=st.data())
def test_putting_back_what_notion_shows_changes_nothing(field: Field, data: st.DataObject) -> None:
    prop, value = read_notion(field, data, "current")
    carried(field, value, Side.NOTION)

    sent = render_notion(field, value, prop, None)

    assert parse_notion(field, sent) == value


@every_kind
@laws
@given(data=st.data())
def test_putting_back_what_navimpact_shows_changes_nothing(field: Field, data: st.DataObject) -> None:
    spelled, value = read_navimpact(field, data, "current")
    carried(field, value, Side.NAVIMPACT)

    assert _reading(field, render_navimpact(field, value, spelled)) == _reading(field, spelled)


@every_kind
@laws
@given(data=st.data())
def test_reading_twice_changes_nothing(field: Field, data: st.DataObject) -> None:
    value = any_value(field, data)
    carried(field, value, Side.NAVIMPACT)

    assert same(field, parse_navimpact(field, render_navimpact(field, value, None)), value)
    assert parse_navimpact(field, once := render_navimpact(field, value, None)) == parse_navimpact(
        field, render_navimpact(field, parse_navimpact(field, once), None)
    )


# --- sameness ---------------------------------------------------------------------------------------------------------


@every_kind
@laws
@given(data=st.data())
def test_sameness_is_symmetric_and_holds_for_a_value_itself(field: Field, data: st.DataObject) -> None:
    one, other = any_value(field, data), any_value(field, data)

    assert same(field, one, one)
    assert same(field, one, other) is same(field, other, one)


# --- nothing crashes --------------------------------------------------------------------------------------------------

KEYS = ["id", "name", "start", "end", "time_zone", "type", "text", "content", "plain_text", "mention", "annotations"]
any_text = st.text(st.characters(codec=None), max_size=20)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | any_text | st.just("1e999999"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@every_kind
@laws
@given(shown=anything)
def test_whatever_notion_answers_is_read_or_unreadable(field: Field, shown: object) -> None:
    with suppress(Unreadable):
        _write_or_refuse(field, parse_notion(field, {field.kind.value: shown}))


@every_kind
@laws
@given(shown=anything)
def test_whatever_navimpact_answers_is_read_or_unreadable(field: Field, shown: object) -> None:
    with suppress(Unreadable):
        _write_or_refuse(field, parse_navimpact(field, shown))


def _write_or_refuse(field: Field, value: Value) -> None:
    for to in Side:
        with pytest.raises(Refused) if cannot_carry(field, value, to) else nullcontext():
            _ = render_notion(field, value, None, None) if to is Side.NOTION else render_navimpact(field, value, None)


@laws
@given(any_text)
def test_a_text_is_written_or_refused_whatever_it_holds(value: str) -> None:
    _write_or_refuse(FIELDS[Kind.TEXT], value)


@laws
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_or_refused_however_large(value: Decimal) -> None:
    assume(abs(value.adjusted()) <= 400)

    _write_or_refuse(FIELDS[Kind.NUMBER], value)
