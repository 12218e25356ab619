"""Columns that people name: found or made under that name, and never at the cost of a column of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from navsync.errors import Refused
from navsync.model import DataSource
from navsync.notion import SetUp
from tests.contract.stages import PROJECT, NotionStage

COST = {"media_project.budget": "Cost (EUR)"}


def set_up(notion: NotionStage, names: dict[str, str]) -> SetUp:
    return SetUp(notion.adapter.gateway, notion.bot_id or "", names=names)


def columns(notion: NotionStage, source: DataSource) -> dict[str, Any]:
    answer: dict[str, Any] = notion.by_hand("GET", f"data_sources/{source.data_source_id}")["properties"]
    return answer


def changed(notion: NotionStage, properties: dict[str, Any]) -> DataSource:
    """The database of the projects, its columns changed by a person."""
    source = notion.adapter.find_source(PROJECT)
    assert source is not None
    notion.by_hand("PATCH", f"data_sources/{source.data_source_id}", {"properties": properties})
    return source


def test_a_new_database_has_its_columns_under_the_names_that_people_gave(notion: NotionStage) -> None:
    making = set_up(notion, COST)

    source = making.create_source(PROJECT, making.find_parent(), {})

    shown = columns(notion, source)
    assert shown["Cost (EUR)"]["id"] == source.properties["budget"].id
    assert "Budget" not in shown


def test_a_column_that_is_there_under_that_name_is_taken(notion: NotionStage) -> None:
    changed(notion, {"Budget": None, "Cost (EUR)": {"number": {"format": "euro"}}})

    source = set_up(notion, COST).find_source(PROJECT, {})

    assert source is not None
    assert source.properties["budget"].id == columns(notion, source)["Cost (EUR)"]["id"]
    assert "Budget" not in columns(notion, source)


def test_a_column_of_that_name_but_another_type_is_left_alone_and_said(notion: NotionStage) -> None:
    source = changed(notion, {"Budget": None, "Cost (EUR)": {"rich_text": {}}})

    with pytest.raises(Refused, match=r"Cost \(EUR\) is of the type rich_text and would have to be number"):
        set_up(notion, COST).find_source(PROJECT, {})

    assert columns(notion, source)["Cost (EUR)"]["type"] == "rich_text"
