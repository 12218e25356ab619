"""What is gone, and what only seems to be gone; and what somebody writes while it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from navsync.attention import waiting
from navsync.engine import CONFIRM, proof
from navsync.errors import Unavailable
from navsync.model import EntityType, Gone, Operation, Outcome, Present, Side, State, Trashed, WorkKind
from navsync.standing import Standing, standing_of
from tests.simulation.faults import fail_always, once, together
from tests.simulation.stories.scenes import causes, in_trash, started, time_passes
from tests.simulation.world import PROJECT, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY


def kept(world: World, word: str) -> list[str]:
    """Where *word* is to be found in the end."""
    places = {
        "NavImpact": [record.fields for record in world.platform.records.values()],
        "Notion": [page.values for page in world.notion_side.pages.values()],
        "history": [change.old for log in world.store.of(1).logs.values() for change in log.changes],
    }
    return [place for place, said in places.items() if word in str(said)]


# --- an empty NavImpact -----------------------------------------------------------------------------------------------


def emptied(world: World) -> Callable[[], None]:
    """NavImpact answers with empty lists and knows no id, as another database would; how all comes back."""
    records = dict(world.platform.records)
    world.platform.records.clear()
    return lambda: world.platform.records.update(records)


def projects_with_children(world: World) -> None:
    for n in range(3):
        project = world.new_project(title=f"P{n}")
        for m in range(6):
            world.new_child(LOG if m % 2 else STORY, project)
    world.settle(most=200)


def test_an_emptied_navimpact_takes_no_page_along(world: World) -> None:
    projects_with_children(world)

    back = emptied(world)
    time_passes(world, 3)

    assert len(world.live_pages()) == 3 * 7
    told = [each.trouble.cause for pair in world.store.of(1).mappings.values() for each in waiting(pair)]
    assert any("NavImpact shows none of the records that it is known to have" in cause for cause in told)
    back()
    time_passes(world, 12)
    assert {pair.state for pair in world.store.of(1).mappings.values()} == {State.LINKED}
    assert not [each for pair in world.store.of(1).mappings.values() for each in waiting(pair)]


def test_a_project_whose_page_is_thrown_away_while_navimpact_is_emptied_takes_no_other_page_along(world: World) -> None:
    project = world.new_project(title="Reef")
    for kind in (LOG, STORY):
        world.new_child(kind, project)
    world.settle()

    back = emptied(world)
    page = world.page_of(project)
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    time_passes(world, 3)

    assert len(world.live_pages()) == 2
    back()
    time_passes(world, 12)
    assert len(world.live_pages()) == 2
    assert world.mapping_of(project).state is State.AWAITING_APPROVAL


def test_whatever_belongs_to_a_project_that_people_deleted_on_both_sides_goes_with_it(world: World) -> None:
    for n in range(3):
        world.new_project(title=f"Other {n}")
    project = world.new_project(title="Reef")
    for _ in range(12):
        world.new_child(LOG, project)
    world.settle(most=200)

    page = world.page_of(project)
    world.person.remove(PROJECT, page)
    world.platform.remove(PROJECT, project)
    world.touched(Side.NAVIMPACT, project)
    time_passes(world, 3)

    assert len(world.live_pages()) == 3
    assert len({log.run_id for log in world.logs(Operation.DELETE)}) == 1
    assert not [each for pair in world.store.of(1).mappings.values() for each in waiting(pair)]


def test_an_edit_while_navimpact_is_emptied_makes_no_second_record(world: World) -> None:
    projects_with_children(world)
    back = emptied(world)
    page = world.live_pages()[0]

    world.person.edit(page, {"description": "typed meanwhile"})
    world.touched(Side.NOTION, page)
    time_passes(world, 1)
    back()
    time_passes(world, 12)

    assert len(world.platform.records) == 3 * 7
    assert kept(world, "typed meanwhile") == ["NavImpact", "Notion"]


def typed_where_nothing_is_left(world: World, project: str) -> Callable[[], None]:
    """Somebody types on the page of the only record there was while NavImpact is emptied; how that comes back."""
    back = emptied(world)
    world.edit(Side.NOTION, world.page_of(project), description="typed meanwhile")
    world.slice()
    return back


def test_an_edit_of_the_only_record_makes_no_second_one_while_navimpact_is_emptied(world: World, project: str) -> None:
    back = typed_where_nothing_is_left(world, project)

    world.clock.advance(timedelta(minutes=9))
    world.slice()
    back()
    time_passes(world, 1)

    assert list(world.platform.records) == [(PROJECT, project)]
    assert kept(world, "typed meanwhile") == ["NavImpact", "Notion"]


def test_an_edit_of_the_only_record_waits_until_it_is_certain_that_it_was_deleted(world: World, project: str) -> None:
    typed_where_nothing_is_left(world, project)
    assert standing_of(world.mapping_of(project)) is Standing.PENDING

    world.clock.advance(timedelta(minutes=10))
    world.settle()

    assert kept(world, "typed meanwhile") == ["NavImpact", "Notion"]


def test_lists_alone_are_no_proof_that_records_are_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    projects_with_children(world)

    monkeypatch.setattr(type(world.platform), "read", lambda _, _kind, id: Gone(id))
    time_passes(world, 3)

    assert len(world.live_pages()) == 3 * 7
    assert {pair.state for pair in world.store.of(1).mappings.values()} == {State.LINKED}


def test_nothing_is_called_deleted_while_navimpact_shows_no_records_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    world.settle()
    page = world.page_of(id)
    record = world.platform.records.pop((PROJECT, id))
    monkeypatch.setattr(type(world.platform), "answers", lambda *_: False)
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.slice()

    monkeypatch.undo()
    world.platform.records[PROJECT, id] = record
    world.settle()

    assert world.mapping_of(id).state is State.AWAITING_APPROVAL


def test_a_new_record_is_not_forgotten_because_navimpact_showed_none_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = world.new_project()
    record = world.platform.records.pop((PROJECT, id))
    monkeypatch.setattr(type(world.platform), "answers", lambda *_: False)
    world.slice()

    monkeypatch.undo()
    world.platform.records[PROJECT, id] = record
    world.settle()

    assert world.page_of(id) in world.live_pages()


def reads(world: World) -> int:
    return world.navimpact.calls.count("navimpact read")


def test_an_emptied_navimpact_is_not_asked_for_the_same_records_at_every_look(world: World) -> None:
    projects_with_children(world)
    world.navimpact.calls.clear()

    emptied(world)
    time_passes(world, 3)

    looks = world.navimpact.calls.count("navimpact answers")
    assert looks >= 3 * 7
    assert reads(world) < 4 * looks


def test_a_block_that_vanishes_is_one_hours_deletion_however_many_vanish_around_each(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MOST_WITNESSES", 2)  # so that 50 are many more than are searched
    ids = [world.new_project(title=f"P{n}") for n in range(60)]
    world.settle(most=200)
    gone, left = ids[:50], ids[50:]

    for id in gone:
        world.platform.remove(PROJECT, id)
        world.touched(Side.NAVIMPACT, id)
    time_passes(world, 3)

    states = [world.mapping_of(id).state for id in gone]
    assert (states.count(State.DELETED), states.count(State.AWAITING_APPROVAL)) == (5, 45)
    assert {world.mapping_of(id).state for id in left} == {State.LINKED}


def test_a_block_that_vanishes_costs_a_few_reads_for_each(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(60)]
    world.settle(most=200)
    world.navimpact.calls.clear()

    for id in ids[:50]:
        world.platform.remove(PROJECT, id)
        world.touched(Side.NAVIMPACT, id)
    world.settle(most=200)

    assert reads(world) <= 5 * 50


def test_nobody_is_asked_about_a_page_that_they_threw_away_though_no_webhook_told(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(9)]
    world.settle()
    for id in ids[:7]:
        world.platform.remove(PROJECT, id)
        world.touched(Side.NAVIMPACT, id)
    time_passes(world, 1)
    asked = [id for id in ids if world.mapping_of(id).state is State.AWAITING_APPROVAL]
    thrown_away, unshared = asked

    world.person.remove(PROJECT, world.page_of(thrown_away))
    world.notion_side.pages[world.page_of(unshared)].shared = False
    time_passes(world, 1)

    assert world.mapping_of(thrown_away).state is State.DELETED
    assert world.mapping_of(unshared).state is State.UNREACHABLE


def test_a_pair_whose_record_another_row_has_is_no_witness(world: World) -> None:
    gone, freed = world.new_project(title="Gone"), world.new_project(title="Freed")
    world.settle()
    page, pair = world.page_of(gone), world.mapping_of(freed)
    world.store.of(1).mappings[pair.id] = pair.but(entity_id=None)  # as while its page, a second one, makes way

    world.platform.remove(PROJECT, gone)
    world.touched(Side.NAVIMPACT, gone)
    world.settle()

    assert world.mapping_of(gone).state is State.AWAITING_APPROVAL  # none is left, rather than one that vanished
    assert isinstance(world.shown(Side.NOTION, page), Present)


def test_who_deleted_all_there_was_says_so_by_trashing_the_pages_too(world: World) -> None:
    ids = [world.new_project(title=f"P{n}") for n in range(2)]
    world.settle()
    pages = [world.page_of(id) for id in ids]
    emptied(world)
    time_passes(world, 1)
    assert len(world.live_pages()) == 2

    for page in pages:
        world.person.remove(PROJECT, page)
        world.touched(Side.NOTION, page)
    time_passes(world, 1)

    assert {pair.state for pair in world.store.of(1).mappings.values()} == {State.DELETED}


def test_whether_the_only_project_of_a_workspace_was_deleted_is_for_a_person_to_say(world: World) -> None:
    project = world.new_project()
    world.settle()
    log = world.new_child(LOG, project)
    world.settle()

    world.platform.remove(PROJECT, project)  # with its log
    world.touched(Side.NAVIMPACT, project)
    world.touched(Side.NAVIMPACT, log, LOG)
    time_passes(world, 3)
    assert len(world.live_pages()) == 2
    assert "NavImpact shows no other record" in causes(world, project)

    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    time_passes(world, 1)
    assert world.live_pages() == []


def test_a_record_of_the_only_project_can_be_deleted(world: World) -> None:
    project = world.new_project()
    world.settle()
    log = world.new_child(LOG, project)
    world.settle()

    world.platform.remove(LOG, log)
    world.touched(Side.NAVIMPACT, log, LOG)
    assert world.slice().again_at == world.clock() + CONFIRM  # its project is there, so it was deleted alone
    world.settle()

    assert world.live_pages() == [world.page_of(project)]


def test_a_page_that_went_with_its_record_comes_back_with_it(world: World) -> None:
    project = world.new_project(title="Reef", description="words")
    world.settle()
    page, back = world.page_of(project), emptied(world)
    world.touched(Side.NAVIMPACT, project)
    world.settle()
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    assert isinstance(world.shown(Side.NOTION, page), Trashed)

    back()
    time_passes(world, 3)

    assert world.value(Side.NOTION, page, "description") == "words"
    assert world.mapping_of(project).state is State.LINKED


def test_a_page_that_a_person_threw_away_is_asked_about_when_its_record_comes_back(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    page = in_trash(world, project)
    back = emptied(world)
    time_passes(world, 1)
    assert world.mapping_of(project).state is State.DELETED

    back()
    time_passes(world, 3)

    assert isinstance(world.shown(Side.NOTION, page), Trashed)
    assert world.mapping_of(project).state is State.AWAITING_APPROVAL


# --- somebody writes while it goes ------------------------------------------------------------------------------------


def describe(world: World, project: str) -> None:
    """Somebody, or another workspace, writes in NavImpact; no webhook tells of it."""
    seen = world.shown(Side.NAVIMPACT, project)
    assert isinstance(seen, Present)
    world.platform.update(PROJECT, project, {"description": "precious"}, seen=seen)


@pytest.mark.parametrize("listing", range(4))
def test_an_edit_while_the_children_are_listed_outlives_the_approved_deletion(world: World, listing: int) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    log = world.new_child(LOG, project, notes="old")
    world.settle()
    page, lists = in_trash(world, project), []

    def edits(call: str, applied: bool) -> None:
        if call == "navimpact changed_since" and applied:
            lists.append(call)
            if len(lists) == 3 + 3 + listing:  # the question was about three lists, the first look takes three more
                describe(world, project)

    world.navimpact.fault = edits
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    assert len(lists) >= 3 + 3 + listing

    assert world.value(Side.NAVIMPACT, project, "description") == "precious"
    assert world.value(Side.NOTION, page, "description") == "precious"
    assert isinstance(world.shown(Side.NAVIMPACT, log, LOG), Present)
    assert Outcome.STARTED not in {row.outcome for row in world.logs(Operation.DELETE)}


def test_an_edit_in_another_workspace_outlives_the_approved_deletion(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    in_trash(world, project)

    world.navimpact.fault = once("navimpact changed_since", lambda: describe(world, project), applied=True)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")

    assert world.value(Side.NAVIMPACT, project, "description") == "precious"


def test_an_edit_while_the_making_of_a_record_is_undone_keeps_it(world: World) -> None:
    page = world.new_row(title="Reef")
    world.settle()
    (row,) = world.logs(Operation.CREATE)
    lists = []

    def edits(call: str, applied: bool) -> None:
        if call == "navimpact changed_since" and applied:
            lists.append(call)
            if len(lists) == 4:
                describe(world, str(row.entity_id))

    world.navimpact.fault = edits
    world.decide(WorkKind.REVERT, f"log/{row.id}")

    assert world.value(Side.NOTION, page, "description") == "precious"
    assert world.value(Side.NAVIMPACT, str(row.entity_id), "description") == "precious"


def test_nothing_is_saved_for_a_look_that_shows_nothing_new(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    in_trash(world, project)
    before = world.mapping_of(project).version

    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")

    assert world.mapping_of(project).version == before + 3  # the intent, that the lease is still ours, and the end


def test_an_edit_at_the_last_moment_outlives_a_deletion(world: World) -> None:
    id = world.new_project()
    world.another_project()
    page = world.page_of(id)
    last_moment = once("notion remove", lambda: world.edit(Side.NOTION, page, title="Still wanted"), applied=False)
    world.notion.fault = last_moment

    world.platform.remove(PROJECT, id)
    world.touched(Side.NAVIMPACT, id)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert [r.fields["title"] for r in world.platform.records.values()] == ["Another", "Still wanted"]


def test_the_last_words_on_a_page_are_recorded_though_it_was_hidden_as_it_went_to_the_trash(world: World) -> None:
    id = world.new_project(title="Reef")
    world.settle()
    page = world.page_of(id)

    def type_on() -> None:
        world.person.edit(page, {"title": "Last words"})

    def hide() -> None:
        world.notion_side.pages[page].shared = False

    world.notion.fault = together(
        once("notion remove", type_on, applied=False), once("notion remove", hide, applied=True)
    )
    world.put(WorkKind.REVERT, f"log/{world.logs(Operation.CREATE)[0].id}")
    world.slice()
    assert world.mapping_of(id).state is State.UNREACHABLE

    world.notion_side.pages[page].shared = True
    world.touched(Side.NOTION, page)
    world.settle()

    assert isinstance(world.shown(Side.NOTION, page), Present)
    assert world.value(Side.NAVIMPACT, id, "title") == "Last words"
    assert started(world) == []


# --- what who approves does not know ----------------------------------------------------------------------------------


def test_who_approves_is_asked_anew_where_a_child_was_edited_since(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    log = world.new_child(LOG, project, channel="cinema", notes="old")
    world.settle()
    world.clock.advance(timedelta(hours=1))
    in_trash(world, project)
    assert "cinema" not in causes(world, project)
    world.clock.advance(timedelta(hours=1))
    world.edit(Side.NAVIMPACT, log, LOG, notes="precious")
    world.settle()
    pair = str(world.mapping_of(project).id)

    world.decide(WorkKind.DECIDE, pair, "approve")
    assert isinstance(world.shown(Side.NAVIMPACT, project), Present)
    assert "was edited or added since, or shortly before: cinema" in causes(world, project)
    assert "was edited or added since, or shortly before: cinema" in str(world.logs(Operation.UNLINK)[-1].message)
    assert world.logs(Operation.UNLINK)[-1].outcome is Outcome.FAILED  # so whoever waits for the answer is told

    world.decide(WorkKind.DECIDE, pair, "approve")
    assert isinstance(world.shown(Side.NAVIMPACT, project), Gone)
    assert "history" in kept(world, "precious")


def test_the_question_names_a_story_that_was_added_since(world: World) -> None:
    project = world.new_project(title="Reef")
    world.settle()
    world.clock.advance(timedelta(hours=1))
    in_trash(world, project)
    world.clock.advance(timedelta(hours=1))

    world.new_child(STORY, project, title="Fresh")
    time_passes(world, 1)

    assert "was edited or added since, or shortly before: Fresh" in causes(world, project)
    world.decide(WorkKind.DECIDE, str(world.mapping_of(project).id), "approve")
    assert isinstance(world.shown(Side.NAVIMPACT, project), Gone)


def test_a_record_that_went_before_it_had_a_page_is_done_with_though_nothing_else_is_there(world: World) -> None:
    for title in ("Reef", "Delta"):
        world.new_project(title=title)
    world.settle()
    world.notion.fault = fail_always("notion create", Unavailable("503"))
    late = world.new_project(title="Forest")
    world.slice()
    mapping = world.mapping_of(late)
    world.platform.records.clear()
    world.notion.fault = None

    time_passes(world, 2)

    after = world.store.of(1).mappings[mapping.id]
    assert (after.page_id, after.intent, after.state) == (None, None, State.DELETED)
