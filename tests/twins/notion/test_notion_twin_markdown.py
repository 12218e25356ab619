"""A page's body as markdown: how it is shown, edited, protected and told about."""

from typing import Any

import pytest
from notion_client import Client

from local.twins.notion.seed import ROOT_PAGE_ID
from tests.twins.notion.rig import NEWEST, Api, Rig


def story(api: Api, markdown: str, **more: Any) -> str:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {"title": []}, "markdown": markdown} | more
    return str(api.ok("POST", "/v1/pages", body)["id"])


def shown(api: Api, page: str) -> str:
    return str(api.ok("GET", f"/v1/pages/{page}/markdown")["markdown"])


def edit(api: Api, page: str, kind: str, **given: Any) -> str:
    return str(api.ok("PATCH", f"/v1/pages/{page}/markdown", {"type": kind, kind: given})["markdown"])


def refused(api: Api, page: str, kind: str, **given: Any) -> Any:
    return api.refused("PATCH", f"/v1/pages/{page}/markdown", {"type": kind, kind: given})


def update(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"content_updates": [{"old_str": old, "new_str": new} | more]}


def block_ids(api: Api, container: str) -> dict[str, str]:
    """The ids of the blocks by their text."""
    blocks = api.ok("GET", f"/v1/blocks/{container}/children")["results"]
    return {"".join(run["plain_text"] for run in block[block["type"]]["rich_text"]): block["id"] for block in blocks}


@pytest.mark.parametrize("kind", ["page", "database"])
def test_a_new_page_makes_no_other_of_what_its_markdown_names(api: Api, kind: str) -> None:
    page = story(api, f'before\n<{kind} url="https://www.notion.so/elsewhere">Elsewhere</{kind}>\nafter')

    blocks = api.ok("GET", f"/v1/blocks/{page}/children")["results"]
    assert [block["type"] for block in blocks] == ["paragraph"] * 3


NORMALISED: list[tuple[str, str]] = [
    ("## A\n\nB", "## A\nB"),
    ("one\ntwo", "one\ntwo"),
    ("2 * 3 < 4 [x] $5 {a} ~ ^ | \\", "2 \\* 3 \\< 4 \\[x\\] \\$5 \\{a\\} \\~ \\^ \\| \\\\"),
    ("* a\n  * b\n    * c", "- a\n\t- b\n\t\t- c"),
    ("1) a\n1) b\n\n   text\n3) c", "1. a\n2. b\n\ttext\n3. c"),
    ("- [ ] a\n- [X] b", "- [ ] a\n- [x] b"),
    ("##### deep", "#### deep"),
    ("> a\n> b", "> a\n> b"),
    ("a<br/>b", "a<br>b"),
    ("<empty-block/>\na", "<empty-block/>\na"),
    ("***\na", "---\na"),
    ("~~~js\nlet a = *b*;\n\n~~~", "```javascript\nlet a = *b*;\n\n```"),
    ("```nonsense\na\n```", "```plain text\na\n```"),
    ("**bold *both* end**", "**bold** ***both*** **end**"),
    ("**a*b*c**", "**a*b*c**"),
    ("_not italic_", "_not italic_"),
    ("unclosed **bold", "unclosed \\*\\*bold"),
    ('[text](https://x.y "title")', "[text](https://x.y)"),
    (
        "| A | B |\n|---|---|\n| 1 | a\\|b |",
        '<table header-row="true">\n<tr>\n<td>A</td>\n<td>B</td>\n</tr>\n'
        "<tr>\n<td>1</td>\n<td>a\\|b</td>\n</tr>\n</table>",
    ),
    (
        "<details><summary>More</summary>\ninside\n</details>",
        "<details>\n<summary>More</summary>\n\tinside\n</details>",
    ),
    ('<callout icon="🎯">\nAim\n- high\n</callout>', '<callout icon="🎯">\n\tAim\n\t- high\n</callout>'),
    ('red {color="red"}', 'red {color="red"}'),
    (
        '<span color="blue_bg">x</span> <span underline="true">y</span>',
        '<span color="blue_bg">x</span> <span underline="true">y</span>',
    ),
    ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
    ("a\r\nb\r\n", "a\nb"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "seen"), NORMALISED)
def test_markdown_comes_back_as_notion_writes_it(api: Api, written: str, seen: str) -> None:
    page = story(api, written)

    assert shown(api, page) == seen
    assert edit(api, page, "replace_content", new_str=seen) == seen


def test_an_answer_has_notions_keys(api: Api) -> None:
    answer = api.ok("GET", f"/v1/pages/{story(api, 'x')}/markdown")

    assert list(answer) == ["object", "id", "markdown", "truncated", "unknown_block_ids", "request_id"]


def test_markdown_becomes_real_blocks(api: Api) -> None:
    page = story(api, "## Head\n\n- **bold** item\n\t- nested")

    heading, item = api.ok("GET", f"/v1/blocks/{page}/children")["results"]

    assert (heading["type"], item["type"], item["has_children"]) == ("heading_2", "bulleted_list_item", True)
    assert item["bulleted_list_item"]["rich_text"][0]["annotations"]["bold"] is True


def test_the_first_heading_is_the_title_where_none_is_given(api: Api) -> None:
    page = story(api, "# The River\nText", properties={})

    title = api.ok("GET", f"/v1/pages/{page}")["properties"]["title"]["title"][0]["plain_text"]

    assert (title, shown(api, page)) == ("The River", "Text")


def test_children_and_markdown_exclude_each_other(api: Api) -> None:
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "children": [], "markdown": ""}

    assert api.refused("POST", "/v1/pages", body)["code"] == "validation_error"


def test_an_update_leaves_the_ids_of_untouched_blocks(api: Api) -> None:
    page = story(api, "one\ntwo\nthree")
    before = block_ids(api, page)

    edit(api, page, "update_content", **update("two", "deux"))

    after = block_ids(api, page)
    assert (after["one"], after["three"]) == (before["one"], before["three"])


def test_an_updated_block_keeps_its_id_and_what_is_below_it(api: Api) -> None:
    page = story(api, "- parent\n\t- child")
    parent = block_ids(api, page)["parent"]
    child = block_ids(api, parent)["child"]

    edit(api, page, "update_content", **update("parent", "elder"))

    assert block_ids(api, page) == {"elder": parent}
    assert block_ids(api, parent) == {"child": child}


def test_an_inserted_line_moves_no_other_blocks_id(api: Api) -> None:
    page = story(api, "one\ntwo\nthree")
    before = block_ids(api, page)

    edit(api, page, "update_content", **update("two", "one and a half\ntwo"))

    after = block_ids(api, page)
    assert list(after) == ["one", "one and a half", "two", "three"]
    assert before.items() <= after.items()


def test_an_update_leaves_formatting_that_markdown_cannot_say(api: Api) -> None:
    page = story(api, "edited")
    code = {"code": {"rich_text": [], "language": "go", "caption": [{"text": {"content": "kept"}}]}}
    api.ok("PATCH", f"/v1/blocks/{page}/children", {"children": [code]})

    edit(api, page, "update_content", **update("edited", "changed"))

    assert api.ok("GET", f"/v1/blocks/{page}/children")["results"][1]["code"]["caption"][0]["plain_text"] == "kept"


def test_a_block_trashed_before_an_edit_comes_back_to_its_place(api: Api) -> None:
    page = story(api, "- list\n\t- one\n\t- two\nend")
    one = block_ids(api, block_ids(api, page)["list"])["one"]
    api.ok("DELETE", f"/v1/blocks/{one}")
    edit(api, page, "update_content", **update("end", "the end"))

    api.ok("PATCH", f"/v1/blocks/{one}", {"in_trash": False})

    assert shown(api, page) == "- list\n\t- one\n\t- two\nthe end"


def test_a_replacement_makes_new_blocks(api: Api) -> None:
    page = story(api, "same")
    before = block_ids(api, page)

    edit(api, page, "replace_content", new_str="same")

    assert block_ids(api, page)["same"] != before["same"]
    assert api.ok("GET", f"/v1/blocks/{before['same']}")["in_trash"] is True


def test_a_person_edits_in_place(api: Api, person: Api) -> None:
    page = story(api, "same\nother")
    before = block_ids(api, page)

    edit(person, page, "replace_content", new_str="same\nchanged")

    after = block_ids(api, page)
    assert (after["same"], after["changed"]) == (before["same"], before["other"])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("update_content", update("", "x"), "body.update_content.content_updates[0].old_str.length should be ≥ `1`"),
    ("update_content", update("absent", "x"), "String not found: <pattern>absent</pattern>"),
    ("update_content", update("TWICE", "x"), "String not found"),
    ("update_content", update("twice", "x"), "Multiple matches found"),
    ("update_content", {"content_updates": [{"old_str": "a"}]}, "new_str should be defined"),
    ("replace_content", {}, "body.replace_content.new_str should be defined, instead was `undefined`"),
    ("replace_content", {"new_str": "x", "force": True}, "body.replace_content.force should be not present"),
    ("insert_content", {"content": "x", "after": "a", "position": {"type": "end"}}, "Only one of after and position"),
    ("insert_content", {"content": "x", "after": "nowhere"}, "String not found"),
    ("replace_content_range", {"content": "x", "content_range": "twice...never"}, "String not found"),
    ("erase", {}, "body.type should be"),
]


@pytest.mark.parametrize(("kind", "given", "told"), REFUSED)
def test_an_edit_that_cannot_be_made_is_refused_whole(api: Api, kind: str, given: Any, told: str) -> None:
    page = story(api, "twice twice")

    refusal = refused(api, page, kind, **given)

    assert told in refusal["message"]
    assert (refusal["status"], refusal["code"], shown(api, page)) == (400, "validation_error", "twice twice")


LONG = [
    ("a" * 200_001, "paragraph.rich_text.length should be ≤ `200000`, instead was `200001`"),
    (f"```\n{'a\n' * 100_001}```", "code.rich_text.length should be ≤ `200000`, instead was `200001`"),
    (f"$$\n{'a' * 1_001}\n$$", "equation.expression.length should be ≤ `1000`, instead was `1001`"),
]


@pytest.mark.parametrize(("written", "told"), LONG)
def test_what_is_longer_than_a_block_holds_is_refused_whole(api: Api, written: str, told: str) -> None:
    page = story(api, "one")

    error = refused(api, page, "insert_content", content=written)

    assert (error["code"], told in error["message"], shown(api, page)) == ("validation_error", True, "one")
    body = {"parent": {"page_id": ROOT_PAGE_ID}, "properties": {"title": []}, "markdown": written}
    assert told in api.refused("POST", "/v1/pages", body)["message"]


def test_a_long_formula_that_a_person_wrote_stays_where_other_lines_are_edited(api: Api, person: Api) -> None:
    formula = f"$$\n{'a' * 1_001}\n$$"
    page = story(api, "one")
    edit(person, page, "insert_content", content=formula)

    assert edit(api, page, "update_content", **update("one", "two")) == f"two\n{formula}"


def test_all_matches_are_replaced_where_asked(api: Api) -> None:
    page = story(api, "a b a")

    assert edit(api, page, "update_content", **update("a", "c", replace_all_matches=True)) == "c b c"


def test_updates_are_applied_one_after_the_other(api: Api) -> None:
    page = story(api, "a")
    updates = [{"old_str": "a", "new_str": "b"}, {"old_str": "b", "new_str": "c"}]

    assert edit(api, page, "update_content", content_updates=updates) == "c"


def test_whether_a_missing_string_beside_others_is_skipped_is_a_switch(rig: Rig, api: Api) -> None:
    page = story(api, "a")
    updates = [{"old_str": "a", "new_str": "b"}, {"old_str": "absent", "new_str": "c"}]
    rig.order("switches", {"unmatched_updates": "skipped"})

    assert edit(api, page, "update_content", content_updates=updates) == "b"
    assert "String not found" in refused(api, page, "update_content", **update("absent", "x"))["message"]


def test_content_is_inserted_first_last_and_after_a_selection(api: Api) -> None:
    page = story(api, "start of it, end of it\nlast")

    edit(api, page, "insert_content", content="# First", position={"type": "start"})
    edit(api, page, "insert_content", content="very last")
    text = edit(api, page, "insert_content", content="between", after="start...end")

    assert text == "# First\nstart of it, end of it\nbetween\nlast\nvery last"


def test_a_range_is_replaced(api: Api) -> None:
    page = story(api, "keep\nfrom here\nto there\nkeep too")

    text = edit(api, page, "replace_content_range", content="new", content_range="from...there")

    assert text == "keep\nnew\nkeep too"


def child_of(api: Api, page: str, title: str = "Child") -> str:
    properties = {"title": {"title": [{"text": {"content": title}}]}}
    return str(api.ok("POST", "/v1/pages", {"parent": {"page_id": page}, "properties": properties})["id"])


def test_child_pages_show_and_stay_where_their_line_is(api: Api) -> None:
    page = story(api, "text")
    child = child_of(api, page)
    line = f'<page url="https://app.notion.com/p/Child-{child.replace("-", "")}">Child</page>'

    assert shown(api, page) == f"text\n{line}"
    assert edit(api, page, "replace_content", new_str=f"{line}\nnew text") == f"{line}\nnew text"
    assert api.ok("GET", f"/v1/pages/{child}")["in_trash"] is False


def test_an_edit_that_would_delete_a_child_page_is_refused_and_names_it(api: Api) -> None:
    page = story(api, "text")
    child = child_of(api, page, "Annex")

    refusal = refused(api, page, "replace_content", new_str="only text")

    assert refusal["code"] == "validation_error"
    assert f"Annex ({child})" in refusal["message"]
    assert api.ok("GET", f"/v1/pages/{child}")["in_trash"] is False


def test_a_child_page_is_trashed_where_deleting_is_allowed(api: Api) -> None:
    page = story(api, "text")
    child = child_of(api, page)

    edit(api, page, "replace_content", new_str="only text", allow_deleting_content=True)

    assert api.ok("GET", f"/v1/pages/{child}")["in_trash"] is True


def test_a_child_page_can_be_moved_into_a_toggle(api: Api) -> None:
    page = story(api, "text")
    child = child_of(api, page)
    line = shown(api, page).splitlines()[1]

    edit(api, page, "replace_content", new_str=f"<details>\n<summary>T</summary>\n\t{line}\n</details>")

    parent = api.ok("GET", f"/v1/pages/{child}")["parent"]
    assert parent == {"type": "block_id", "block_id": block_ids(api, page)["T"]}


def test_a_bookmark_is_unknown_to_markdown_and_survives_its_being_written_back(api: Api) -> None:
    page = story(api, "text")
    added = {"children": [{"bookmark": {"url": "https://example.org"}}]}
    bookmark = api.ok("PATCH", f"/v1/blocks/{page}/children", added)["results"][0]["id"]
    compact = bookmark.replace("-", ""), page.replace("-", "")
    seen = shown(api, page)

    edit(api, page, "replace_content", new_str=f"{seen}\nmore")

    assert seen == f'text\n<unknown url="https://app.notion.com/p/{compact[1]}#{compact[0]}" alt="bookmark"/>'
    assert api.ok("GET", f"/v1/blocks/{bookmark}")["in_trash"] is False


def test_what_is_beyond_the_cap_is_unknown_and_can_be_read_by_its_id(rig: Rig, api: Api) -> None:
    rig.order("switches", {"markdown_block_cap": 2})
    page = story(api, "one\ntwo\n- three\n\t- four")

    answer = api.ok("GET", f"/v1/pages/{page}/markdown")
    rig.order("switches", {"markdown_block_cap": 100})

    assert answer["truncated"] is True
    assert answer["markdown"].startswith("one\ntwo\n<unknown ")
    assert [shown(api, identifier) for identifier in answer["unknown_block_ids"]] == ["- three\n\t- four"]


def test_an_edit_of_a_truncated_page_loses_nothing(rig: Rig, api: Api) -> None:
    page = story(api, "one\ntwo\n- three\n\t- four")
    rig.order("switches", {"markdown_block_cap": 2})

    edit(api, page, "update_content", **update("one", "uno"))
    rig.order("switches", {"markdown_block_cap": 100})

    assert shown(api, page) == "uno\ntwo\n- three\n\t- four"


def test_only_pages_can_be_updated_as_markdown(api: Api) -> None:
    page = story(api, "one")

    refusal = refused(api, block_ids(api, page)["one"], "replace_content", new_str="x")

    assert refusal["code"] == "validation_error"


def test_a_trashed_page_shows_its_markdown_but_cannot_be_edited(api: Api) -> None:
    page = story(api, "one")
    api.ok("PATCH", f"/v1/pages/{page}", {"in_trash": True})

    refusal = refused(api, page, "replace_content", new_str="x")

    assert shown(api, page) == "one"
    assert refusal["message"].startswith("Can't edit block that is archived")


def test_a_pages_content_can_be_erased(api: Api) -> None:
    page = story(api, "one\ntwo")

    api.ok("PATCH", f"/v1/pages/{page}", {"erase_content": True})

    assert shown(api, page) == ""


def test_an_asynchronous_write_runs_and_then_succeeds(rig: Rig, api: Api) -> None:
    page = story(api, "one")
    body = {"type": "replace_content", "replace_content": {"new_str": "two"}, "allow_async": True}

    started = api.call("PATCH", f"/v1/pages/{page}/markdown", body)
    running = api.ok("GET", f"/v1/async_tasks/{started.json()['id']}")
    rig.order("clock", {"offset_s": 2})
    done = api.ok("GET", f"/v1/async_tasks/{started.json()['id']}")

    assert (started.status_code, started.json()["status"], started.json()["poll_after_seconds"]) == (202, "queued", 2)
    assert (running["status"], done["status"], done["result"]["markdown"]) == ("running", "succeeded", "two")


def test_an_asynchronous_write_that_cannot_be_made_fails_and_changes_nothing(rig: Rig, api: Api) -> None:
    page = story(api, "one")
    rig.order("switches", {"async_task_s": 0})
    body = {"type": "update_content", "update_content": update("absent", "x"), "allow_async": True}

    task = api.call("PATCH", f"/v1/pages/{page}/markdown", body).json()["id"]
    done = api.ok("GET", f"/v1/async_tasks/{task}")

    assert (done["status"], done["error"]["code"], shown(api, page)) == ("failed", "validation_error", "one")


def test_the_sdk_reads_and_updates_markdown(rig: Rig) -> None:
    token = rig.connect()["access_token"]
    with Client(auth=token, base_url=rig.url, notion_version=NEWEST, retry=False) as client:
        sdk: Any = client
        page = sdk.pages.create(parent={"page_id": ROOT_PAGE_ID}, properties={"title": []}, markdown="# A\n\nB")["id"]
        sdk.pages.update_markdown(page, type="update_content", update_content=update("B", "C"))
        read = sdk.pages.retrieve_markdown(page)

    assert (read["object"], read["markdown"]) == ("page_markdown", "# A\nC")


@pytest.mark.parametrize(
    ("kind", "content", "alt"),
    [
        ("unsupported", {"block_type": "form"}, "form"),
        ("link_preview", {"url": "https://example.org"}, "link_preview"),
        ("template", {"rich_text": []}, "template"),
        ("link_to_page", {"page_id": ROOT_PAGE_ID}, "link_to_page"),
    ],
)
def test_a_kind_that_markdown_cannot_show_survives_its_being_written_back(
    api: Api, person: Api, kind: str, content: Any, alt: str
) -> None:
    page = story(api, "text")
    (made,) = person.ok("PATCH", f"/v1/blocks/{page}/children", {"children": [{kind: content}]})["results"]
    seen = shown(api, page)

    edit(api, page, "replace_content", new_str=f"{seen}\nmore")

    assert f'alt="{alt}"' in seen
    assert api.ok("GET", f"/v1/blocks/{made['id']}")["in_trash"] is False


def test_meeting_notes_are_a_title_and_notes(api: Api, person: Api) -> None:
    page = story(api, "")
    notes = {"title": [{"text": {"content": "Weekly"}}], "children": [{"divider": {}}]}
    person.ok("PATCH", f"/v1/blocks/{page}/children", {"children": [{"meeting_notes": notes}]})
    seen = shown(api, page)

    edit(api, page, "replace_content", new_str=seen)

    assert seen == "<meeting-notes>\n\tWeekly\n\t<notes>\n\t\t---\n\t</notes>\n</meeting-notes>"
    assert shown(api, page) == seen
