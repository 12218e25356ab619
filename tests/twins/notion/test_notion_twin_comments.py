"""Comments of the Notion twin: who may say what where, and who learns of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.twins.notion.seed import PERSON_ID, ROOT_PAGE_ID
from tests.twins.conftest import Receiver
from tests.twins.notion.rig import CONFIG, Api, Rig, running

NOWHERE = "00000000-0000-4000-8000-000000000000"


def text(content: str) -> list[Any]:
    return [{"text": {"content": content}}]


def say(api: Api, content: str = "Hello", page: str = ROOT_PAGE_ID, **more: Any) -> Any:
    return api.ok("POST", "/v1/comments", {"parent": {"page_id": page}, "rich_text": text(content)} | more)


def said(api: Api, block: str = ROOT_PAGE_ID) -> list[str]:
    found = api.ok("GET", "/v1/comments", params={"block_id": block})["results"]
    return ["".join(run["plain_text"] for run in comment["rich_text"]) for comment in found]


def without(rig: Rig, *capabilities: str) -> None:
    """Take capabilities away from the connection."""
    bot = rig.look("state")["bots"][0]
    left = [name for name in bot["capabilities"] if name not in capabilities]
    rig.order("capabilities", {"bot_id": bot["id"], "capabilities": left})


def test_comments_are_listed_oldest_first_and_in_pieces(api: Api) -> None:
    for word in ("one", "two", "three"):
        say(api, word)

    first = api.ok("GET", "/v1/comments", params={"block_id": ROOT_PAGE_ID, "page_size": 2})
    asked = {"block_id": ROOT_PAGE_ID, "start_cursor": first["next_cursor"]}
    rest = api.ok("GET", "/v1/comments", params=asked)

    assert said(api) == ["one", "two", "three"]
    assert (len(first["results"]), first["has_more"], len(rest["results"])) == (2, True, 1)


def test_a_comment_on_a_block_is_not_one_on_its_page(api: Api) -> None:
    children = {"children": [{"paragraph": {"rich_text": text("a line")}}]}
    block = api.ok("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", children)["results"][0]["id"]

    api.ok("POST", "/v1/comments", {"parent": {"block_id": block}, "rich_text": text("About the line")})

    assert (said(api), said(api, block)) == ([], ["About the line"])


def test_a_person_and_the_connection_talk_under_their_own_names(api: Api, person: Api) -> None:
    first = say(person, "Is this final?")

    answer = api.ok("POST", "/v1/comments", {"discussion_id": first["discussion_id"], "rich_text": text("Yes")})

    assert first["display_name"] == {"type": "user", "resolved_name": "Maya Okafor"}
    assert answer["display_name"] == {"type": "integration", "resolved_name": "NavSync"}
    assert answer["parent"] == {"type": "page_id", "page_id": ROOT_PAGE_ID}


def test_a_comment_of_the_connection_may_bear_the_name_of_who_connected_it(api: Api) -> None:
    named = say(api, display_name={"type": "user"})

    assert named["display_name"] == {"type": "user", "resolved_name": "Maya Okafor"}


def test_markdown_becomes_rich_text(api: Api) -> None:
    comment = api.ok("POST", "/v1/comments", {"parent": {"page_id": ROOT_PAGE_ID}, "markdown": "very **good**"})

    assert [(run["plain_text"], run["annotations"]["bold"]) for run in comment["rich_text"]] == [
        ("very ", False),
        ("good", True),
    ]


def test_a_resolved_discussion_is_not_listed_but_can_be_read(rig: Rig, api: Api) -> None:
    comment = say(api)

    rig.order("discussions", {"discussion_id": comment["discussion_id"], "resolved": True})

    assert said(api) == []
    assert api.ok("GET", f"/v1/comments/{comment['id']}")["id"] == comment["id"]


def test_only_who_wrote_a_comment_changes_or_deletes_it(api: Api, person: Api) -> None:
    theirs = f"/v1/comments/{say(person)['id']}"

    refusals = [api.refused("PATCH", theirs, {"rich_text": text("Mine now")}), api.refused("DELETE", theirs)]

    assert [refusal["code"] for refusal in refusals] == ["restricted_resource"] * 2
    assert said(api) == ["Hello"]


@pytest.mark.parametrize(
    ("capability", "method", "path", "body"),
    [
        ("read_comment", "GET", f"/v1/comments?block_id={ROOT_PAGE_ID}", None),
        ("insert_comment", "POST", "/v1/comments", {"parent": {"page_id": ROOT_PAGE_ID}, "markdown": "No"}),
    ],
)
def test_a_connection_needs_the_capability(
    rig: Rig, api: Api, capability: str, method: str, path: str, body: Any
) -> None:
    without(rig, capability)

    refusal = api.refused(method, path, body)

    assert (refusal["status"], refusal["message"]) == (403, "Insufficient permissions for this endpoint.")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"parent": {"page_id": ROOT_PAGE_ID}},
            "body failed validation: body.rich_text should be defined, instead was `undefined`.",
        ),
        (
            {"rich_text": []},
            "body failed validation: body.parent should be defined, instead was `undefined`.",
        ),
        (
            {"discussion_id": NOWHERE, "parent": {"page_id": ROOT_PAGE_ID}, "markdown": "x"},
            f'body failed validation: body.parent should be not present, instead was `{{"page_id":"{ROOT_PAGE_ID}"}}`.',
        ),
        (
            {"parent": {"page_id": ROOT_PAGE_ID}, "markdown": "x", "attachments": [{"file_upload_id": NOWHERE}] * 4},
            "body failed validation: body.attachments.length should be ≤ `3`, instead was `4`.",
        ),
    ],
)
def test_a_comment_of_a_wrong_shape_is_refused(api: Api, body: Any, sentence: str) -> None:
    assert api.refused("POST", "/v1/comments", body)["message"] == sentence


def test_a_list_needs_to_know_of_what(api: Api) -> None:
    refusal = api.refused("GET", "/v1/comments")

    assert refusal["message"] == "query failed validation: query.block_id should be defined, instead was `undefined`."


@pytest.mark.parametrize("body", [{"parent": {"page_id": NOWHERE}}, {"discussion_id": NOWHERE}])
def test_a_comment_on_what_is_not_there_is_refused(api: Api, body: Any) -> None:
    refusal = api.refused("POST", "/v1/comments", body | {"rich_text": text("Anybody?")})

    assert (refusal["status"], refusal["code"]) == (404, "object_not_found")


def test_a_page_in_the_trash_takes_no_comments(api: Api) -> None:
    page = api.row(api.table())["id"]
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    refusal = api.refused("POST", "/v1/comments", {"parent": {"page_id": page}, "rich_text": text("Late")})

    assert refusal["code"] == "validation_error"


def test_a_comment_is_hidden_with_its_page(rig: Rig, api: Api, person: Api) -> None:
    comment = say(person)
    bot = rig.look("state")["bots"][0]["id"]

    rig.order("share", {"bot_id": bot, "page_id": ROOT_PAGE_ID, "shared": False})

    assert api.refused("GET", f"/v1/comments/{comment['id']}")["code"] == "object_not_found"


def test_a_comment_is_told_at_once(rig: Rig, api: Api, person: Api, receiver: Receiver) -> None:
    rig.order("subscription", {"url": receiver.url})
    token = json.loads(receiver.wait_for(1)[0][1])["verification_token"]
    rig.order("subscription/verify", {"token": token})

    comment = say(person)

    event = json.loads(receiver.wait_for(2)[1][1])
    assert (event["type"], event["entity"]) == ("comment.created", {"id": comment["id"], "type": "comment"})
    assert event["data"] == {"parent": {"id": ROOT_PAGE_ID, "type": "page"}, "page_id": ROOT_PAGE_ID}
    assert event["authors"] == [{"id": PERSON_ID, "type": "person"}]


def test_a_comment_outlives_its_twin(tmp_path: Path) -> None:
    kept = replace(CONFIG, state=tmp_path / "twin.db")
    with running(kept) as rig, rig.api(rig.connect()["access_token"]) as api:
        say(api, "Remember me")
        token = api.http.headers["authorization"].removeprefix("Bearer ")

    with running(kept) as rig, rig.api(token) as api:
        assert said(api) == ["Remember me"]
