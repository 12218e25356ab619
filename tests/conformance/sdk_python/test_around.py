"""Comments, users, views, files and custom emojis through the official Python SDK."""

import io
from typing import Any

import httpx
import pytest
from notion_client import APIErrorCode, APIResponseError, helpers

from local.twins.notion.seed import WORKSPACE_ID
from tests.conformance.sdk_python.settled import Sdk, database, page, plain, row, table, text
from tests.twins.notion.rig import Rig


def uploaded(notion: Any, content: bytes, filename: str = "note.txt", content_type: str = "text/plain") -> str:
    """The id of an upload that is there already."""
    upload = notion.file_uploads.create(mode="single_part", filename=filename, content_type=content_type)
    file = (filename, io.BytesIO(content), content_type)
    return str(notion.file_uploads.send(upload["id"], file=file)["id"])


def gone(call: Any, identifier: str) -> bool:
    with pytest.raises(APIResponseError) as caught:
        call(identifier)
    return bool(caught.value.code == APIErrorCode.ObjectNotFound)


def test_a_comment_begins_a_discussion_that_others_join(sdk: Sdk, notion: Any) -> None:
    home = page(notion)

    first = notion.comments.create(parent={"page_id": home}, rich_text=text("A question"))
    notion.comments.create(discussion_id=first["discussion_id"], markdown="An **answer**")

    found = sdk.collect(notion.comments.list, block_id=home, page_size=1)
    assert [plain(comment["rich_text"]) for comment in found] == ["A question", "An answer"]


def test_a_comment_is_corrected_and_taken_back(notion: Any) -> None:
    made = notion.comments.create(parent={"page_id": page(notion)}, rich_text=text("Wrng"))["id"]

    notion.comments.update(made, rich_text=text("Wrong"))
    corrected = notion.comments.retrieve(made)
    notion.comments.delete(made)

    assert plain(corrected["rich_text"]) == "Wrong"
    assert gone(notion.comments.retrieve, made)


def test_a_comment_carries_a_file(notion: Any) -> None:
    file = uploaded(notion, b"GIF89a", "dot.gif", "image/gif")

    comment = notion.comments.create(
        parent={"page_id": page(notion)}, rich_text=text("Look"), attachments=[{"file_upload_id": file}]
    )

    assert comment["attachments"][0]["category"] == "image"


def test_the_connection_knows_itself_and_the_members(sdk: Sdk, notion: Any) -> None:
    me = notion.users.me()
    everybody = sdk.collect(notion.users.list, page_size=1)
    person = notion.users.retrieve(next(user["id"] for user in everybody if user["type"] == "person"))

    assert helpers.is_full_user(me)
    assert me["id"] in {user["id"] for user in everybody}
    assert "@" in person["person"]["email"]


def test_a_database_has_a_view_from_the_start_and_gets_more(sdk: Sdk, notion: Any) -> None:
    made = database(notion)
    source = made["data_sources"][0]["id"]

    view = notion.views.create(data_source_id=source, database_id=made["id"], name="Cards", type="gallery")

    listed = sdk.collect(notion.views.list, database_id=made["id"], page_size=1)
    assert helpers.is_full_view(view)
    assert [listed[1]["id"], len(listed)] == [view["id"], 2]


def test_a_view_is_renamed_and_deleted(notion: Any) -> None:
    made = database(notion)
    source = made["data_sources"][0]["id"]
    view = notion.views.create(data_source_id=source, database_id=made["id"], name="A", type="table")["id"]

    notion.views.update(view, name="B")
    read = notion.views.retrieve(view)
    notion.views.delete(view)

    assert read["name"] == "B"
    assert gone(notion.views.retrieve, view)


def test_the_rows_of_a_view_are_read_piece_by_piece(notion: Any) -> None:
    made = database(notion)
    source = made["data_sources"][0]["id"]
    for number in (1, 2, 3):
        row(notion, source, f"film {number}", Budget={"number": number})
    dear = {"property": "Budget", "number": {"greater_than": 1}}
    view = notion.views.create(data_source_id=source, database_id=made["id"], name="Dear", type="table", filter=dear)[
        "id"
    ]

    query = notion.views.queries.create(view, page_size=1)
    rest = notion.views.queries.results(view, query["id"], start_cursor=query["next_cursor"])
    done = notion.views.queries.delete(view, query["id"])

    assert (query["total_count"], len(query["results"]), len(rest["results"]), done["deleted"]) == (2, 1, 1, True)


def test_a_file_is_sent_attached_to_a_row_and_fetched_from_there(notion: Any) -> None:
    source = table(notion, Poster={"files": {}})
    file = {"type": "file_upload", "name": "poster.txt", "file_upload": {"id": uploaded(notion, b"the poster")}}

    made = row(notion, source, Poster={"files": [file]})

    shown = made["properties"]["Poster"]["files"][0]
    assert (shown["type"], shown["name"]) == ("file", "poster.txt")
    assert httpx.get(shown["file"]["url"]).content == b"the poster"


def test_a_large_file_is_sent_in_parts_and_completed(notion: Any) -> None:
    upload = notion.file_uploads.create(mode="multi_part", filename="two.txt", number_of_parts=2)["id"]
    for number in ("2", "1"):
        part = ("two.txt", io.BytesIO(f"part {number}".encode()), "text/plain")
        notion.file_uploads.send(upload, file=part, part_number=number)

    whole = notion.file_uploads.complete(upload)

    assert (whole["status"], whole["content_length"]) == ("uploaded", 12)


def test_a_file_is_imported_from_elsewhere(twin: Rig, notion: Any) -> None:
    upload = notion.file_uploads.create(
        mode="external_url", filename="a.pdf", external_url="https://files.example/a.pdf"
    )["id"]

    assert notion.file_uploads.retrieve(upload)["file_import_result"]["type"] == "success"


def test_uploads_are_listed_by_status(sdk: Sdk, notion: Any) -> None:
    waiting = notion.file_uploads.create(mode="single_part", filename="waiting.txt")["id"]

    pending = sdk.collect(notion.file_uploads.list, status="pending", page_size=1)

    assert waiting in {upload["id"] for upload in pending}
    assert {upload["status"] for upload in pending} == {"pending"}


def test_custom_emojis_are_found_by_name(twin: Rig, notion: Any) -> None:
    for name in ("reel", "clapper"):
        url = f"https://files.example/{name}.png"
        twin.order("emojis", {"workspace_id": WORKSPACE_ID, "name": name, "url": url})

    named = notion.custom_emojis.list(name="reel")["results"]

    assert [emoji["url"] for emoji in named] == ["https://files.example/reel.png"]


def test_every_answer_so_far_is_of_the_type_that_the_javascript_sdk_declares(sdk: Sdk) -> None:
    assert sdk.transcript.findings() == []
