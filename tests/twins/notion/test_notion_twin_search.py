"""Search of the Notion twin: titles only, in pieces, as late as the index."""

from typing import Any

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import Api, Rig


def page(api: Api, title: str) -> str:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {"title": [{"text": {"content": title}}]}}
    return str(api.ok("POST", "/v1/pages", body)["id"])


def titles(answer: Any) -> list[str]:
    runs = [hit.get("title") or hit["properties"]["title"]["title"] for hit in answer["results"]]
    return ["".join(run["plain_text"] for run in title) for title in runs]


def test_hits_come_in_pieces_newest_first(rig: Rig, api: Api) -> None:
    for number in range(3):
        page(api, f"Reef {number}")
        rig.order("clock", {"offset_s": number + 1})

    first = api.ok("POST", "/v1/search", {"query": "REEF", "page_size": 2})
    rest = api.ok("POST", "/v1/search", {"query": "REEF", "page_size": 2, "start_cursor": first["next_cursor"]})

    assert (titles(first), titles(rest), rest["has_more"]) == (["Reef 2", "Reef 1"], ["Reef 0"], False)


def test_the_best_title_comes_first_by_relevance(api: Api) -> None:
    for title in ("Reef", "The reef", "Reef life"):
        page(api, title)

    found = api.ok("POST", "/v1/search", {"query": "reef", "sort": {"property": "relevance"}})

    assert titles(found) == ["Reef", "Reef life", "The reef"]


def test_a_data_source_is_found_by_its_title(api: Api) -> None:
    source = api.table(title="Reef films")
    page(api, "Reef")

    only = {"property": "object", "value": "data_source"}

    assert [hit["id"] for hit in api.ok("POST", "/v1/search", {"query": "reef", "filter": only})["results"]] == [source]


def test_the_trash_is_searched_only_when_asked(api: Api) -> None:
    gone = page(api, "Reef")
    api.ok("PATCH", f"/v1/pages/{gone}", {"in_trash": True})

    everyday = api.ok("POST", "/v1/search", {"query": "reef"})
    trash = api.ok("POST", "/v1/search", {"query": "reef", "filter": {"in_trash": True}})

    assert (titles(everyday), titles(trash)) == ([], ["Reef"])


def test_a_fresh_page_is_found_when_the_index_has_caught_up(rig: Rig, api: Api) -> None:
    rig.order("switches", {"index_lag_s": 30})
    page(api, "Reef")

    at_once = api.ok("POST", "/v1/search", {"query": "reef"})
    rig.order("clock", {"offset_s": 31})
    later = api.ok("POST", "/v1/search", {"query": "reef"})

    assert (titles(at_once), titles(later)) == ([], ["Reef"])


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"filter": {"property": "object", "value": "database"}}, 'body.filter.value should be `"page"`'),
        ({"filter": {"property": "title", "value": "page"}}, 'body.filter.property should be `"object"`'),
        ({"sort": {"direction": "ascending"}}, 'body.sort.timestamp should be `"last_edited_time"`'),
        ({"sort": {"property": "title"}}, 'body.sort.property should be `"relevance"`'),
        ({"page_size": 101}, "body.page_size should be ≤ `100`"),
        ({"start_cursor": "bogus"}, "The start_cursor provided is invalid: bogus"),
    ],
)
def test_a_search_of_a_wrong_shape_is_refused(api: Api, body: Any, sentence: str) -> None:
    assert sentence in api.refused("POST", "/v1/search", body)["message"]
