"""What Notion, in memory and on its twin, says of the names of pages whose title is generated, and makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from navsync.model import Present, WorkKind
from navsync.ports import SidePort
from tests.contract import stages
from tests.contract.memory import MemoryNotion
from tests.contract.office import Office
from tests.contract.stages import LOG

KEY = f"{LOG}/1"
WORDS = "Premiere at the town hall"


@dataclass
class Named:
    """Notion, and how a person gives a page a name there."""

    side: SidePort
    rename: Callable[[str, str], None]

    def made(self) -> Present:
        return self.side.create(LOG, {"channel": "YouTube", "date": "2026-03-01"}, key=KEY)

    def name(self, id: str) -> str | None:
        seen = self.side.read(LOG, id)
        assert isinstance(seen, Present)
        return seen.name

    def renamed(self, words: str) -> Present:
        """A page of ours that a person called *words*, as it is shown now."""
        id = self.made().id
        self.rename(id, words)
        (seen,) = self.side.find(LOG, KEY)
        return seen


def _by_hand(stage: stages.NotionStage) -> Callable[[str, str], None]:
    def rename(id: str, words: str) -> None:
        title = {"title": {"title": [{"text": {"content": words}}] if words else []}}
        stage.by_hand("PATCH", f"pages/{id}", {"properties": title})

    return rename


@pytest.fixture(params=["in memory", "on its twin"])
def named(request: pytest.FixtureRequest) -> Iterator[Named]:
    if request.param == "in memory":
        memory = stages.memory_notion()
        assert isinstance(memory.person, MemoryNotion)
        person = memory.person
        yield Named(memory.side, lambda id, words: person.rename(id, words or None))
        return
    with closing(stages.twin_notion(request.getfixturevalue("notion_url"))) as twin:
        twin.made_source(LOG)
        yield Named(twin.side, _by_hand(twin))


def test_a_new_page_is_called_after_what_it_says(named: Named) -> None:
    made = named.made()
    assert (made.name, named.name(made.id)) == ("YouTube, 2026-03-01",) * 2


def test_a_list_tells_the_name_that_a_person_gave(named: Named) -> None:
    assert named.renamed(WORDS).name == WORDS


def test_a_name_of_ours_follows_what_it_is_made_of(named: Named) -> None:
    made = named.made()
    assert named.side.update(LOG, made.id, {"channel": "Cinema"}, seen=made).name == "Cinema, 2026-03-01"


def test_a_persons_name_follows_nothing(named: Named) -> None:
    seen = named.renamed(WORDS)
    assert named.side.update(LOG, seen.id, {"channel": "Cinema"}, seen=seen).name == WORDS


def test_a_name_that_was_cleared_is_none_until_the_next_edit(named: Named) -> None:
    seen = named.renamed("")
    assert (seen.name, named.side.update(LOG, seen.id, {"channel": "Cinema"}, seen=seen).name) == (
        None,
        "Cinema, 2026-03-01",
    )


@pytest.mark.parametrize(("title", "name"), [(None, WORDS), ("Cinema", "Cinema")])
def test_a_stamp_names_a_page_only_where_it_is_told_to(named: Named, title: str | None, name: str) -> None:
    seen = named.renamed(WORDS)
    named.side.stamp(LOG, seen.id, KEY, title)
    assert named.name(seen.id) == name


def test_where_a_field_says_the_title_there_is_no_other_name(named: Named) -> None:
    assert named.side.create(stages.PROJECT, {"title": "Reef"}, key=f"{stages.PROJECT}/1").name is None


# --- with the whole core ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "name"), [(WORDS, WORDS), ("", "Cinema")])
def test_a_row_that_a_person_adds_is_looked_at_once_more_for_its_name(
    office: Office, project: str, words: str, name: str
) -> None:
    source = office.desk.sources()[LOG]
    ids = {field: known.id for field, known in source.properties.items()}
    row = office.stage.by_hand("POST", "pages", {
        "parent": {"type": "data_source_id", "data_source_id": source.data_source_id},
        "properties": {
            "title": {"title": [{"text": {"content": words}}]},
            ids["channel"]: {"select": {"name": "Cinema"}},
            ids["project"]: {"relation": [{"id": office.page_of(stages.PROJECT, project)}]},
        },
    })  # fmt: skip
    office.put(WorkKind.PAGE, f"{LOG}/{row['id']}")

    cost = [call.partition(" ")[0] for call in office.cost() if not call.endswith("/templates")]
    page = office.stage.by_hand("GET", f"pages/{row['id']}")

    assert cost == ["GET", "GET", "PATCH"]
    assert [text["plain_text"] for text in page["properties"]["Name"]["title"]] == [name]
