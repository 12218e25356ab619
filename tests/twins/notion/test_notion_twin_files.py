"""Files of the Notion twin: announced, sent, attached, fetched, and forgotten when nobody wants them."""

from typing import Any

import pytest

from local.twins.notion.seed import ROOT_PAGE_ID, WORKSPACE_ID
from tests.twins.notion.rig import Api, Rig


def announce(api: Api, **body: Any) -> Any:
    return api.ok("POST", "/v1/file_uploads", {"filename": "note.txt"} | body)


def send(api: Api, upload: str, data: bytes = b"hello", part_number: str | None = None) -> Any:
    fields = {} if part_number is None else {"part_number": part_number}
    return api.http.post(f"/v1/file_uploads/{upload}/send", files={"file": ("note.txt", data)}, data=fields)


def sent(api: Api, data: bytes = b"hello", **body: Any) -> str:
    upload = announce(api, **body)["id"]
    assert send(api, upload, data).status_code == 200
    return str(upload)


def poster(upload: str) -> Any:
    return {"files": [{"name": "poster.txt", "type": "file_upload", "file_upload": {"id": upload}}]}


def later(rig: Rig, seconds: float) -> None:
    rig.order("clock", {"offset_s": seconds})


def test_a_file_goes_where_its_upload_url_says(api: Api) -> None:
    upload = announce(api)

    answer = api.http.post(upload["upload_url"], files={"file": ("note.txt", b"hello")}).json()

    assert (answer["status"], answer["content_length"], "upload_url" in answer) == ("uploaded", 5, False)


def test_a_file_without_an_announced_name_takes_the_sent_one(api: Api) -> None:
    upload = api.ok("POST", "/v1/file_uploads", {})["id"]

    assert send(api, upload).json()["filename"] == "note.txt"


def test_a_sent_file_awaits_no_other(api: Api) -> None:
    refusal = send(api, sent(api)).json()

    assert (refusal["status"], refusal["code"]) == (400, "validation_error")


def test_what_is_not_sent_as_a_form_is_refused(api: Api) -> None:
    refusal = api.refused("POST", f"/v1/file_uploads/{announce(api)['id']}/send", {"file": "hello"})

    assert refusal["message"] == "Content-Type should be `multipart/form-data`."


def test_a_form_without_a_file_is_refused(api: Api) -> None:
    url = f"/v1/file_uploads/{announce(api)['id']}/send"

    refusal = api.http.post(url, files={"other": ("note.txt", b"hello")}).json()

    assert refusal["message"] == "body failed validation: body.file should be defined, instead was `undefined`."


def test_parts_are_put_together_in_their_order(rig: Rig, api: Api) -> None:
    upload = announce(api, mode="multi_part", number_of_parts=2)["id"]
    for number, data in (("2", b" world"), ("1", b"hello")):
        send(api, upload, data, part_number=number)

    whole = api.ok("POST", f"/v1/file_uploads/{upload}/complete")

    row = api.row(api.table({"Name": {"title": {}}, "Poster": {"files": {}}}), Poster=poster(upload))
    assert (whole["status"], whole["number_of_parts"]) == ("uploaded", {"total": 2, "sent": 2})
    assert rig.http.get(row["properties"]["Poster"]["files"][0]["file"]["url"]).text == "hello world"


def test_an_upload_with_a_part_missing_is_not_complete(api: Api) -> None:
    upload = announce(api, mode="multi_part", number_of_parts=2)["id"]
    send(api, upload, part_number="1")

    refusal = api.refused("POST", f"/v1/file_uploads/{upload}/complete")

    assert refusal["message"] == "File upload cannot be completed: 1 of 2 parts were sent."


@pytest.mark.parametrize("part", [None, "0", "3", "one"])
def test_a_part_has_a_number_within_what_was_announced(api: Api, part: str | None) -> None:
    upload = announce(api, mode="multi_part", number_of_parts=2)["id"]

    refusal = send(api, upload, part_number=part).json()

    assert "body.part_number should be a number between `1` and `2`" in refusal["message"]


def test_a_free_workspace_takes_files_of_five_megabytes(api: Api) -> None:
    fits, exceeds = announce(api)["id"], announce(api)["id"]

    statuses = [send(api, fits, b"x" * 5_242_880).status_code, send(api, exceeds, b"x" * 5_242_881).status_code]

    assert statuses == [200, 400]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"mode": "fax"}, 'body.mode should be `"single_part"` or `"multi_part"` or `"external_url"`'),
        ({"mode": "multi_part"}, "body.number_of_parts should be a number between `1` and `10000`"),
        ({"mode": "external_url"}, "body.external_url should be defined"),
        ({"mode": "external_url", "external_url": "http://a.example/b"}, "body.external_url should be an HTTPS URL"),
        ({"number_of_parts": 2}, "body.number_of_parts should be not present"),
        ({"filename": "x" * 901}, "body.filename.length should be ≤ `900`"),
    ],
)
def test_an_announcement_of_a_wrong_shape_is_refused(api: Api, body: Any, sentence: str) -> None:
    assert sentence in api.refused("POST", "/v1/file_uploads", {"filename": "a"} | body)["message"]


@pytest.mark.parametrize(
    ("host", "status", "result"), [("files.example", "uploaded", "success"), ("nowhere.invalid", "failed", "error")]
)
def test_an_import_ends_as_its_source_is(rig: Rig, api: Api, host: str, status: str, result: str) -> None:
    upload = announce(api, mode="external_url", external_url=f"https://{host}/a.pdf")

    later(rig, 2)

    read = api.ok("GET", f"/v1/file_uploads/{upload['id']}")
    assert upload["status"] == "pending"
    assert (read["status"], read["file_import_result"]["type"]) == (status, result)


def test_what_nobody_attaches_expires_at_the_first_sweep_after_an_hour(rig: Rig, api: Api) -> None:
    upload = sent(api)

    later(rig, 2 * 3600)

    read = api.ok("GET", f"/v1/file_uploads/{upload}")
    assert (read["status"], read["expiry_time"]) == ("expired", None)
    assert read["last_edited_time"].endswith(":05:00.000Z")


def test_what_is_attached_stays(rig: Rig, api: Api) -> None:
    upload = sent(api)
    api.row(api.table({"Name": {"title": {}}, "Poster": {"files": {}}}), Poster=poster(upload))

    later(rig, 2 * 3600)

    read = api.ok("GET", f"/v1/file_uploads/{upload}")
    assert (read["status"], read["expiry_time"]) == ("uploaded", None)


def test_a_link_to_a_file_is_good_for_an_hour_and_new_with_each_look(rig: Rig, api: Api) -> None:
    page = api.row(api.table({"Name": {"title": {}}, "Poster": {"files": {}}}), Poster=poster(sent(api)))
    before = page["properties"]["Poster"]["files"][0]["file"]["url"]

    later(rig, 3601)
    after = api.ok("GET", f"/v1/pages/{page['id']}")["properties"]["Poster"]["files"][0]["file"]["url"]

    assert [rig.http.get(url).status_code for url in (before, after)] == [403, 200]
    assert before.partition("?")[0] == after.partition("?")[0]


def test_files_sent_back_as_they_were_shown_stay(rig: Rig, api: Api) -> None:
    page = api.row(api.table({"Name": {"title": {}}, "Poster": {"files": {}}}), Poster=poster(sent(api)))
    shown = page["properties"]["Poster"]["files"]
    more = {"name": "more", "external": {"url": "https://files.example/more.png"}}

    after = api.write(page["id"], Poster={"files": [*shown, more]})["properties"]["Poster"]["files"]

    assert [(file["type"], file["name"]) for file in after] == [("file", "poster.txt"), ("external", "more")]
    assert rig.http.get(after[0]["file"]["url"]).text == "hello"


def test_a_foreign_address_is_no_hosted_file(api: Api) -> None:
    page = api.row(api.table({"Name": {"title": {}}, "Poster": {"files": {}}}))["id"]
    foreign = {"name": "x", "type": "file", "file": {"url": "https://files.example/x.png"}}

    refusal = api.refused("PATCH", f"/v1/pages/{page}", {"properties": {"Poster": {"files": [foreign]}}})

    assert "should be the URL of a file hosted by Notion" in refusal["message"]


@pytest.mark.parametrize("kind", ["image", "video", "audio", "pdf", "file"])
def test_a_block_shows_an_uploaded_file(rig: Rig, api: Api, kind: str) -> None:
    content = {"type": "file_upload", "file_upload": {"id": sent(api)}}

    body = {"children": [{"type": kind, kind: content}]}
    block = api.ok("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", body)["results"][0]

    assert (block[kind]["type"], "file_upload" in block[kind]) == ("file", False)
    assert rig.http.get(block[kind]["file"]["url"]).text == "hello"


def test_a_file_that_was_not_sent_cannot_be_attached(api: Api) -> None:
    content = {"type": "file_upload", "file_upload": {"id": announce(api)["id"]}}

    refusal = api.refused("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [{"image": content}]})

    assert "its status is pending, it should be uploaded" in refusal["message"]


def test_an_image_keeps_its_file_when_the_text_around_it_is_edited(rig: Rig, api: Api) -> None:
    content = {"type": "file_upload", "file_upload": {"id": sent(api)}}
    line = {"paragraph": {"rich_text": [{"text": {"content": "before"}}]}}
    api.ok("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [line, {"image": content}]})
    edit = {"content_updates": [{"old_str": "before", "new_str": "after"}]}

    api.ok("PATCH", f"/v1/pages/{ROOT_PAGE_ID}/markdown", {"type": "update_content", "update_content": edit})

    text, image = api.ok("GET", f"/v1/blocks/{ROOT_PAGE_ID}/children")["results"]
    assert (text["paragraph"]["rich_text"][0]["plain_text"], image["image"]["type"]) == ("after", "file")


def test_markdown_has_the_link_of_an_uploaded_image(rig: Rig, api: Api) -> None:
    content = {"type": "file_upload", "file_upload": {"id": sent(api)}}
    api.ok("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [{"image": content}]})

    markdown = api.ok("GET", f"/v1/pages/{ROOT_PAGE_ID}/markdown")["markdown"]

    assert rig.http.get(markdown.removeprefix("![](").removesuffix(")")).text == "hello"


def test_uploads_of_others_are_not_there(api: Api, person: Api) -> None:
    upload = announce(person)["id"]

    assert api.refused("GET", f"/v1/file_uploads/{upload}")["code"] == "object_not_found"
    assert api.ok("GET", "/v1/file_uploads")["results"] == []


def test_a_status_that_no_upload_has_is_refused(api: Api) -> None:
    assert "query.status should be" in api.refused("GET", "/v1/file_uploads?status=lost")["message"]


def test_custom_emojis_are_listed_in_pieces(rig: Rig, api: Api) -> None:
    for name in ("reel", "clapper", "slate"):
        rig.order("emojis", {"workspace_id": WORKSPACE_ID, "name": name, "url": f"https://files.example/{name}.png"})

    first = api.ok("GET", "/v1/custom_emojis?page_size=2")
    rest = api.ok("GET", f"/v1/custom_emojis?start_cursor={first['next_cursor']}")

    assert [emoji["name"] for emoji in first["results"] + rest["results"]] == ["clapper", "reel", "slate"]


def test_an_uploaded_image_becomes_icon_and_cover(rig: Rig, api: Api) -> None:
    image = {"type": "file_upload", "file_upload": {"id": sent(api)}}

    page = api.ok("PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"icon": image, "cover": image})

    assert [page[key]["type"] for key in ("icon", "cover")] == ["file", "file"]
    assert rig.http.get(page["cover"]["file"]["url"]).text == "hello"


def test_a_custom_emoji_becomes_an_icon(rig: Rig, api: Api) -> None:
    url = "https://files.example/reel.png"
    emoji = rig.order("emojis", {"workspace_id": WORKSPACE_ID, "name": "reel", "url": url})["id"]

    page = api.ok("PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"icon": {"custom_emoji": {"id": emoji}}})

    assert page["icon"] == {"type": "custom_emoji", "custom_emoji": {"id": emoji, "name": "reel", "url": url}}


def test_one_of_notions_own_icons_has_a_name_and_a_color(api: Api) -> None:
    page = api.ok("PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"icon": {"icon": {"name": "movie", "color": "blue"}}})

    assert page["icon"] == {"type": "icon", "icon": {"name": "movie", "color": "blue"}}


def test_a_callout_shows_an_uploaded_icon(api: Api) -> None:
    icon = {"type": "file_upload", "file_upload": {"id": sent(api)}}
    callout = {"rich_text": [], "icon": icon}

    block = api.ok("PATCH", f"/v1/blocks/{ROOT_PAGE_ID}/children", {"children": [{"callout": callout}]})["results"][0]

    assert block["callout"]["icon"]["type"] == "file"


@pytest.mark.parametrize("kind", ["custom_emoji", "file_upload"])
def test_an_icon_made_of_what_is_not_there_is_refused(api: Api, kind: str) -> None:
    icon = {"type": kind, kind: {"id": "00000000-0000-4000-8000-000000000000"}}

    assert api.refused("PATCH", f"/v1/pages/{ROOT_PAGE_ID}", {"icon": icon})["status"] in (400, 404)


@pytest.mark.parametrize("kind", ["video", "audio", "pdf", "file"])
def test_media_come_and_go_as_tags_of_markdown(api: Api, kind: str) -> None:
    line = f'<{kind} src="https://files.example/a.bin?b=1&c=2">The **caption**</{kind}>'
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {"title": []}, "markdown": f"before\n\n{line}"}
    page = api.ok("POST", "/v1/pages", body)["id"]

    block = api.ok("GET", f"/v1/blocks/{page}/children")["results"][1]

    assert (block["type"], block[kind]["external"]["url"]) == (kind, "https://files.example/a.bin?b=1&c=2")
    assert api.ok("GET", f"/v1/pages/{page}/markdown")["markdown"] == f"before\n{line}"
