"""The official Python SDK at work on the twin."""

from collections.abc import Iterator
from typing import Any

import pytest
from notion_client import APIResponseError, Client
from notion_client.helpers import collect_paginated_api

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import NEWEST, Rig


@pytest.fixture
def notion_client(rig: Rig) -> Iterator[Any]:
    """Typed as Any: the SDK says that each call may be awaitable."""
    token = rig.connect()["access_token"]
    with Client(auth=token, base_url=rig.url, notion_version=NEWEST, retry=False) as client:
        yield client


def test_the_sdk_makes_a_database_fills_it_and_reads_it_back(notion_client: Any) -> None:
    database = notion_client.databases.create(
        parent={"type": "page_id", "page_id": ROOT_PAGE_ID},
        title=[{"text": {"content": "Films"}}],
        initial_data_source={"properties": {"Name": {"title": {}}, "Budget": {"number": {}}}},
    )
    source = database["data_sources"][0]["id"]
    for number in range(3):
        properties = {"Name": {"title": [{"text": {"content": str(number)}}]}, "Budget": {"number": number}}
        notion_client.pages.create(parent={"data_source_id": source}, properties=properties)

    rows = collect_paginated_api(notion_client.data_sources.query, data_source_id=source, page_size=1)

    assert sorted(row["properties"]["Budget"]["number"] for row in rows) == [0, 1, 2]


def test_the_sdk_uses_property_ids_verbatim(notion_client: Any) -> None:
    names: dict[str, Any] = {f"C{number}": {"number": {}} for number in range(30)}
    database = notion_client.databases.create(
        parent={"type": "page_id", "page_id": ROOT_PAGE_ID},
        initial_data_source={"properties": {"Name": {"title": {}}} | names},
    )
    source = database["data_sources"][0]["id"]
    schema = notion_client.data_sources.retrieve(source)["properties"]
    page = notion_client.pages.create(parent={"data_source_id": source}, properties={})["id"]

    notion_client.pages.update(page, properties={schema[name]["id"]: {"number": 1} for name in names})
    read = [
        notion_client.pages.properties.retrieve(page_id=page, property_id=schema[name]["id"])["number"]
        for name in names
    ]

    assert read == [1] * 30


def test_the_sdk_raises_what_the_twin_refuses(notion_client: Any) -> None:
    with pytest.raises(APIResponseError) as caught:
        notion_client.pages.retrieve("00000000-0000-4000-8000-000000000000")

    assert (caught.value.code, caught.value.status) == ("object_not_found", 404)


def test_the_sdk_trashes_restores_and_searches(notion_client: Any) -> None:
    parent = {"page_id": ROOT_PAGE_ID}
    title = {"title": [{"text": {"content": "Findable"}}]}
    page = notion_client.pages.create(parent=parent, properties=title)["id"]

    notion_client.blocks.delete(page)
    hidden = notion_client.search(query="findable")["results"]
    notion_client.pages.update(page, in_trash=False)
    found = notion_client.search(query="findable")["results"]

    assert (hidden, [hit["id"] for hit in found]) == ([], [page])


def test_the_sdk_exchanges_a_code(rig: Rig, notion_client: Any) -> None:
    config = rig.twin.world.config

    grant = notion_client.oauth.token(
        config.client_id,
        config.client_secret,
        grant_type="authorization_code",
        code=rig.consent()["code"],
        redirect_uri=config.redirect_uris[0],
    )

    assert grant["token_type"] == "bearer"
