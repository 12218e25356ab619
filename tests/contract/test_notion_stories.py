"""Impact stories on the twin: their text is the page's body, in Notion's own markdown."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta

import pytest

from local.twins.navimpact import sample
from navsync.errors import Raced, Refused, Unclear
from navsync.fields import field_of, same
from navsync.model import EntityType, Observation, Present, Trashed
from navsync.notion import bodies
from tests.contract import stages
from tests.contract.stages import NotionStage

STORY = EntityType.IMPACT_STORY
KEY = "impact_story/1"


@pytest.fixture
def notion(notion_url: str) -> Iterator[NotionStage]:
    with closing(stages.twin_notion(notion_url)) as stage:
        stage.made_source(STORY)
        yield stage


def present(seen: Observation) -> Present:
    assert isinstance(seen, Present)
    return seen


def in_trash(stage: NotionStage, page: str) -> Present:
    seen = stage.side.read(STORY, page)
    assert isinstance(seen, Trashed)
    return seen.last


def told(stage: NotionStage, text: str) -> Present:
    return stage.side.create(STORY, {"title": "After the screening", "description": text}, key=KEY)


def body(seen: Present) -> object:
    return seen.values["description"]


def typed(stage: NotionStage, page: str, text: str) -> None:
    """A person writes the body anew."""
    write = {"type": "replace_content", "replace_content": {"new_str": text}}
    stage.by_hand("PATCH", f"pages/{page}/markdown", write)


def test_a_story_is_made_with_its_text(notion: NotionStage) -> None:
    made = told(notion, "The river was clean again.")

    assert body(present(notion.side.read(STORY, made.id))) == "The river was clean again."


def test_a_new_story_shows_its_text_as_notion_says_it(notion: NotionStage) -> None:
    made = told(notion, "## What changed\n\n5 * 3 schools")

    assert body(made) == body(present(notion.side.read(STORY, made.id)))


def test_what_a_person_types_into_the_body_is_read(notion: NotionStage) -> None:
    made = told(notion, "Before.")

    typed(notion, made.id, "After.\nAnd more.")

    assert body(present(notion.side.read(STORY, made.id))) == "After.\nAnd more."


def test_a_written_text_is_what_a_later_read_shows(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.")

    after = notion.side.update(STORY, made.id, {"description": "One.\n\n- [x] Three\n\n| A |\n|---|\n| 4 |"}, seen=made)

    assert body(after) == body(present(notion.side.read(STORY, made.id)))


def test_a_text_written_as_it_was_read_changes_nothing(notion: NotionStage) -> None:
    made = told(notion, "# Head\n\n*One* [x] $5\n\n1) a\n2) b\n\n```js\ncode\n```")

    after = notion.side.update(STORY, made.id, {"description": body(made)}, seen=made)  # type: ignore[dict-item]

    assert body(after) == body(made)


def test_a_cleared_text_empties_the_page(notion: NotionStage) -> None:
    made = told(notion, "Gone soon.")

    after = notion.side.update(STORY, made.id, {"description": None}, seen=made)

    assert body(after) is None
    assert notion.by_hand("GET", f"blocks/{made.id}/children")["results"] == []


def test_a_story_too_long_to_be_shown_whole_is_unreadable_not_cut(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    notion.steer("switches", {"markdown_block_cap": 2})

    seen = present(notion.side.read(STORY, made.id))

    assert ("description" in seen.unreadable, "description" in seen.lost) == (True, False)


def test_an_edited_line_leaves_the_other_blocks_as_they_are(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    before = [block["id"] for block in notion.by_hand("GET", f"blocks/{made.id}/children")["results"]]

    notion.side.update(STORY, made.id, {"description": "One.\nZwei.\nThree."}, seen=made)

    after = [block["id"] for block in notion.by_hand("GET", f"blocks/{made.id}/children")["results"]]
    assert after == before


# --- what stays when NavImpact's text is written ----------------------------------------------------------------------


def blocks(stage: NotionStage, page: str) -> dict[str, str]:
    """What each block says, by its id."""
    listed = stage.by_hand("GET", f"blocks/{page}/children")["results"]
    return {b["id"]: "".join(r["plain_text"] for r in b[b["type"]].get("rich_text", ())) for b in listed}


def append(stage: NotionStage, page: str, *children: Mapping[str, object]) -> None:
    stage.by_hand("PATCH", f"blocks/{page}/children", {"children": list(children)})


def written(stage: NotionStage, seen: Present, text: str | None) -> Present:
    return stage.side.update(STORY, seen.id, {"description": text}, seen=seen)


def now(stage: NotionStage, page: str) -> Present:
    return present(stage.side.read(STORY, page))


def said(text: str) -> dict[str, object]:
    """What a paragraph is changed to."""
    return {"paragraph": {"rich_text": [{"text": {"content": text}}]}}


BOOKMARK = {"type": "bookmark", "bookmark": {"url": "https://example.org"}}


def subpage(stage: NotionStage, page: str) -> str:
    title = {"title": {"title": [{"text": {"content": "Notes"}}]}}
    return str(stage.by_hand("POST", "pages", {"parent": {"page_id": page}, "properties": title})["id"])


def test_a_page_below_a_story_is_no_text_of_it(notion: NotionStage) -> None:
    made = told(notion, "One.")

    subpage(notion, made.id)

    assert body(now(notion, made.id)) == "One."


@pytest.mark.parametrize("text", [None, "Something else.", "One.\n\nTwo."])
def test_a_page_below_a_story_outlives_every_text(notion: NotionStage, text: str | None) -> None:
    made = told(notion, "One.")
    below = subpage(notion, made.id)

    written(notion, now(notion, made.id), text)

    assert notion.by_hand("GET", f"pages/{below}")["in_trash"] is False


@pytest.mark.parametrize("text", [None, "Something else.", "One.\n\nTwo."])
def test_a_block_that_markdown_cannot_show_outlives_every_text(notion: NotionStage, text: str | None) -> None:
    made = told(notion, "One.")
    append(notion, made.id, BOOKMARK)

    written(notion, now(notion, made.id), text)

    kinds = [block["type"] for block in notion.by_hand("GET", f"blocks/{made.id}/children")["results"]]
    assert "bookmark" in kinds


def test_a_block_that_markdown_cannot_show_leaves_the_text_readable(notion: NotionStage) -> None:
    notion.steer("switches", {"unknown_lists_unsupported": True})
    made = told(notion, "One.")
    append(notion, made.id, BOOKMARK)

    assert body(now(notion, made.id)) == "One."


def test_edits_in_several_places_leave_the_blocks_between_them(notion: NotionStage) -> None:
    made = told(notion, "\n\n".join(f"Paragraph {n}." for n in range(9)))
    before = blocks(notion, made.id)

    written(notion, made, str(body(made)).replace("0.", "zero.").replace("4.", "four.") + "\n\nMore.")

    after = blocks(notion, made.id)
    assert list(after)[:9] == list(before)
    assert list(after.values())[-1] == "More."


def with_pictures(stage: NotionStage, text: str, pictures: int = 1) -> Present:
    """A story to which a person has added a picture, or several, below the text; and time goes by."""
    made = told(stage, text)
    for number in range(pictures):
        file = {"type": "file_upload", "file_upload": {"id": stage.uploaded(f"reef-{number}.png")}}
        append(stage, made.id, {"type": "image", "image": file})
    return looked_at(stage, made.id)


def looked_at(stage: NotionStage, page: str) -> Present:
    """The page as it is; a second later Notion signs the links to its files otherwise."""
    seen = now(stage, page)
    stage.wait(timedelta(seconds=1))
    return seen


def kept_in_notion(stage: NotionStage, page: str) -> list[str]:
    """The pictures on a page, as blocks that no other address can show."""
    listed = stage.by_hand("GET", f"blocks/{page}/children")["results"]
    return [block["id"] for block in listed if block["type"] == "image" and block["image"]["type"] == "file"]


def test_text_arrives_above_between_and_below_pictures_that_notion_keeps(notion: NotionStage) -> None:
    seen = with_pictures(notion, "One.\n\nTwo.", pictures=2)
    pictures, (*text, first, second) = kept_in_notion(notion, seen.id), str(body(seen)).split("\n")

    for wanted in (
        [*text, first, second, "Below."],
        [*text, first, "Between.", second, "Below."],
        [*text, "Above.", first, "Between.", second, "Below."],
        [*text, first, second],
        [first, second],
        [first, "Only.", second],
    ):
        after = written(notion, looked_at(notion, seen.id), "\n\n".join(wanted))
        assert str(body(after)).split("\n") == wanted

    assert kept_in_notion(notion, seen.id) == pictures != []


def test_a_picture_that_notion_keeps_outlives_a_change_that_names_it(notion: NotionStage) -> None:
    seen = with_pictures(notion, "One.", pictures=2)
    pictures, (_, first, second) = kept_in_notion(notion, seen.id), str(body(seen)).split("\n")

    with pytest.raises(Refused, match="only Notion can show"):
        written(notion, seen, f"{second}\n\n{first}")

    assert kept_in_notion(notion, seen.id) == pictures


def test_what_a_person_typed_just_before_on_a_page_with_a_picture_is_looked_at_again(notion: NotionStage) -> None:
    seen = with_pictures(notion, "One.\n\nTwo.")
    notion.by_hand("PATCH", f"blocks/{next(iter(blocks(notion, seen.id)))}", said("One, by hand."))

    with pytest.raises(Raced):
        written(notion, seen, str(body(seen)).replace("One.", "Eins."))


MANY = "\n\n".join(f"School {n} opened.\n\nIt was day {n}." for n in range(120))


def test_edits_in_more_places_than_one_request_takes_leave_the_blocks(notion: NotionStage) -> None:
    made = told(notion, MANY)
    before = blocks(notion, made.id)

    after = written(notion, made, MANY.replace("School", "Academy"))

    assert list(blocks(notion, made.id)) == list(before)
    assert same(field_of(STORY, "description"), MANY.replace("School", "Academy"), after.values["description"])


def test_edits_in_more_places_than_one_request_takes_arrive_beside_what_only_notion_can_show(
    notion: NotionStage,
) -> None:
    made = told(notion, MANY)
    below = subpage(notion, made.id)

    after = written(notion, now(notion, made.id), MANY.replace("School", "Academy"))

    assert same(field_of(STORY, "description"), MANY.replace("School", "Academy"), after.values["description"])
    assert notion.by_hand("GET", f"pages/{below}")["in_trash"] is False


def test_an_edit_that_notion_skips_because_a_person_was_first_is_looked_at_again(notion: NotionStage) -> None:
    notion.steer("switches", {"unmatched_updates": "skipped"})
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    typed(notion, made.id, "One.\nTwo.\nThree, by hand.")

    with pytest.raises(Raced):
        written(notion, made, "Eins.\n\nTwo.\n\nThree, by NavImpact.")

    assert "Three, by hand." in str(body(now(notion, made.id)))


def test_what_a_person_typed_into_the_very_line_just_before_is_looked_at_again(notion: NotionStage) -> None:
    made = told(notion, "One.")
    typed(notion, made.id, "First: One.")

    with pytest.raises(Raced):
        written(notion, made, "Eins.")

    assert body(now(notion, made.id)) == "First: Eins."


@pytest.mark.parametrize(
    ("over", "typed_there"),
    [("- [ ] Call Ana.", "- [x] Call Ana."), ("\\$5", "€5"), ("- [ ] Call Ana.", "👏👏👏\n- [ ] Call Ana.")],
    ids=["a tick", "a sign", "a line of signs"],
)
def test_what_a_person_typed_into_another_line_just_before_is_looked_at_again_though_it_has_no_letter(
    notion: NotionStage, over: str, typed_there: str
) -> None:
    made = told(notion, "It cost $5.\n\n- [ ] Call Ana.\n\nThe end.")
    typed(notion, made.id, str(body(made)).replace(over, typed_there))

    with pytest.raises(Raced):
        written(notion, made, "It cost $5.\n\n- [ ] Call Ana.\n\nThe very end.")

    assert typed_there in str(body(now(notion, made.id)))


def test_a_story_in_the_trash_is_looked_at_again(notion: NotionStage) -> None:
    made = told(notion, "One.")
    notion.person.remove(STORY, made.id)

    with pytest.raises(Raced):
        written(notion, made, "Two.")


def test_a_story_in_the_trash_shows_its_text(notion: NotionStage) -> None:
    made = told(notion, "One.")
    notion.side.remove(STORY, made.id)

    assert body(in_trash(notion, made.id)) == "One."


def test_who_moves_a_story_to_the_trash_is_its_last_editor(notion: NotionStage) -> None:
    made = told(notion, "One.")
    typed(notion, made.id, "Two.")
    notion.side.remove(STORY, made.id)

    assert in_trash(notion, made.id).edited_by == made.edited_by


# --- long stories -----------------------------------------------------------------------------------------------------

PARAGRAPH = "The river was clean again, and 5 * 3 schools came to see it. " * 8


def long(lines: int) -> str:
    return "\n\n".join(f"{number}. day: {PARAGRAPH}".strip() for number in range(lines))


def test_a_story_of_a_megabyte_is_made_whole_and_edited_in_place(notion: NotionStage) -> None:
    text = long(2_000)
    made = told(notion, text)
    before = len(notion.requests())

    after = written(notion, made, text.replace("1000. day:", "1000. and best day:"))

    assert len(text) > 950_000
    assert len(notion.requests()) == before + 1
    assert "and best day" in str(body(after))
    assert same(field_of(STORY, "description"), text, made.values["description"])


@pytest.fixture
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Notion took 20 kB at a time: what follows from a limit does not need a megabyte."""
    monkeypatch.setattr(bodies, "LARGEST_WRITE", 20_000)


@pytest.mark.usefixtures("small_requests")
def test_a_story_larger_than_a_request_is_made_whole(notion: NotionStage) -> None:
    made = told(notion, long(90))

    assert same(field_of(STORY, "description"), long(90), made.values["description"])


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize("text", [long(90).upper(), "Short.", long(30), "Another.\n\n" + long(90)])
def test_a_story_larger_than_a_request_becomes_any_other(notion: NotionStage, text: str) -> None:
    made = told(notion, long(90))

    after = written(notion, made, text)

    assert same(field_of(STORY, "description"), text, after.values["description"])


@pytest.mark.usefixtures("small_requests")
def test_a_change_that_fails_half_way_is_unclear(notion: NotionStage) -> None:
    made = told(notion, long(20))
    match = {"method": "PATCH", "path": f"/v1/pages/{made.id}/markdown", "nth": 2}
    error = {"object": "error", "status": 403, "code": "restricted_resource", "message": "no"}
    notion.steer("faults", [{"match": match, "do": {"status": 403, "body": error}}])

    with pytest.raises(Unclear):
        written(notion, made, long(90))


DAYS = [f"Day {number}: {PARAGRAPH}".strip() for number in range(90)]
SHOUTED = [day.upper() for day in DAYS]
HALF_WAY = {"rewritten": SHOUTED, "moved": DAYS[45:] + DAYS[:45], "less": [d for n, d in enumerate(SHOUTED) if n % 3]}


WIDE = {
    "code": "\n".join(["```", *DAYS[:30], "```"]),
    "a table": "\n".join(["| Day |", "|---|", *(f"| {day} |" for day in DAYS[:30])]),
}


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize("wide", WIDE)
def test_what_stands_below_code_or_a_table_that_is_written_in_parts_outlives_it(notion: NotionStage, wide: str) -> None:
    first, then = "\n\n".join(SHOUTED[:60]), "\n\n".join([*DAYS[60:75], WIDE[wide]])
    made = told(notion, first)
    append(notion, made.id, BOOKMARK)
    below = subpage(notion, made.id)

    for text in (then, first):
        after = written(notion, now(notion, made.id), text)

        assert same(field_of(STORY, "description"), text, after.values["description"])
        assert notion.by_hand("GET", f"pages/{below}")["in_trash"] is False
        assert "<unknown" in notion.by_hand("GET", f"pages/{made.id}/markdown")["markdown"]


def fail(notion: NotionStage, page: str, nth: int) -> None:
    match = {"method": "PATCH", "path": f"/v1/pages/{page}/markdown", "nth": nth}
    error = {"object": "error", "status": 403, "code": "restricted_resource", "message": "no"}
    notion.steer("faults", [{"match": match, "do": {"status": 403, "body": error}}])


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize("requests", [1, 2])
@pytest.mark.parametrize("change", HALF_WAY)
def test_what_a_page_shows_half_way_is_told_beforehand_and_can_be_ended(
    notion: NotionStage, change: str, requests: int
) -> None:
    text, made = "\n\n".join(HALF_WAY[change]), told(notion, "\n\n".join(DAYS))
    before = notion.by_hand("GET", f"pages/{made.id}/markdown")
    fail(notion, made.id, requests + 1)
    with pytest.raises(Unclear):
        written(notion, now(notion, made.id), text)
    notion.steer("faults", [])

    steps = list(notion.side.half_written(STORY, "description", text, before))

    description = field_of(STORY, "description")
    assert same(description, steps[requests - 1], now(notion, made.id).values["description"])
    after = written(notion, now(notion, made.id), text)
    assert same(description, text, after.values["description"])


@pytest.mark.usefixtures("small_requests")
def test_the_beginning_that_a_new_page_shows_is_told_beforehand(notion: NotionStage) -> None:
    beginning, *_ = notion.side.half_written(STORY, "description", "\n\n".join(DAYS), None)

    started = told(notion, bodies.start_of("\n\n".join(DAYS)))

    assert same(field_of(STORY, "description"), beginning, started.values["description"])


LONGEST = {
    "paragraph": ("200,000", "x" * 200_000),
    "code": ("200,000", f"```\n{'x\n' * 100_000}```"),
    "formula": ("1,000", f"$$\n{'x' * 1_000}\n$$"),
}


@pytest.mark.parametrize(("most", "text"), LONGEST.values(), ids=LONGEST)
def test_what_no_block_holds_is_refused_with_the_reason(notion: NotionStage, most: str, text: str) -> None:
    assert same(field_of(STORY, "description"), text, told(notion, text).values["description"])
    with pytest.raises(Refused, match=f"holds {most}"):
        told(notion, text.replace("x", "xx"))


def test_a_story_of_more_blocks_than_notion_shows_is_refused_with_the_reason(notion: NotionStage) -> None:
    with pytest.raises(Refused, match="20,000"):
        told(notion, "\n\n".join(map(str, range(20_001))))


def test_a_page_that_notion_shows_in_part_is_not_overwritten(notion: NotionStage) -> None:
    made = told(notion, "One.\n\nTwo.\n\nThree.")
    notion.steer("switches", {"markdown_block_cap": 2})

    with pytest.raises(Refused, match="part"):
        written(notion, now(notion, made.id), "Other.")


AWKWARD = (
    "# Not a heading\n\n* not a bullet\n\n**bold?** [link](https://example.org/a_(b)) $$x^2$$ <u>u</u>\n"
    "\n---\n| a | b |\n|---|---|\n\ttabbed \\ backslash \\* escaped &amp; &lt;b&gt;\n\nThe last paragraph."
)


@pytest.mark.parametrize("text", [AWKWARD, sample.MARKDOWN], ids=["awkward", "sample"])
def test_a_text_that_notion_spells_in_its_own_way_makes_a_story_all_the_same(notion: NotionStage, text: str) -> None:
    made = told(notion, text)

    assert body(made) == body(present(notion.side.read(STORY, made.id)))
    assert same(field_of(STORY, "description"), text, made.values["description"])


def test_another_paragraph_of_such_a_text_can_still_be_edited(notion: NotionStage) -> None:
    made = told(notion, AWKWARD)

    after = notion.side.update(STORY, made.id, {"description": AWKWARD.replace("last", "very last")}, seen=made)

    assert "The very last paragraph." in str(body(after))
    assert body(after) == body(present(notion.side.read(STORY, made.id)))
