"""Scenes that stories of several subjects share: what people do, what befalls them, and what they then see."""

from __future__ import annotations

from datetime import datetime, timedelta

from navsync.model import Edit, EntityType, Lane, Mapping, Operation, Outcome, Side, State, SyncLog, Work, WorkKind
from tests.simulation.world import PROJECT, Both, World

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY


def with_a_log(world: World) -> tuple[str, str]:
    """A project called Reef and a log that belongs to it, in step; their ids."""
    reef = world.new_project(title="Reef")
    world.settle()
    log = world.new_child(LOG, reef, channel="cinema")
    world.settle()
    return reef, log


def in_trash(world: World, id: str) -> str:
    """A person throws the page of a project away, and is asked about the record; the page."""
    page = world.page_of(id)
    world.person.remove(PROJECT, page)
    world.touched(Side.NOTION, page)
    world.settle()
    assert world.mapping_of(id).state is State.AWAITING_APPROVAL
    return page


def delete(world: World, id: str, kind: EntityType = PROJECT) -> None:
    """A person deletes a record in NavImpact."""
    world.platform.remove(kind, id)
    world.touched(Side.NAVIMPACT, id, kind)
    world.settle()


def in_conflict(world: World) -> str:
    """A project whose title is "Ours" in NavImpact and "Theirs" in Notion, about which a person is asked."""
    id = world.new_project(title="Reef")
    world.settle()
    world.edit(Side.NAVIMPACT, id, title="Ours")
    world.edit(Side.NOTION, world.page_of(id), title="Theirs")
    world.settle()
    return id


def only_conflict(world: World, id: str) -> str:
    """What a choice names, by what a person sees who looks at the list of conflicts."""
    mapping = world.mapping_of(id)
    (conflict,) = mapping.conflicts
    return f"{mapping.id}/{conflict.field}/{conflict.version}"


def choose(world: World, id: str, winner: str) -> str:
    """What such a person says of the only one."""
    return world.decide(WorkKind.RESOLVE, only_conflict(world, id), winner)


def stopped_mass_deletion(world: World) -> list[str]:
    """Records whose pages wait, because too many others were deleted within the hour."""
    _stays, *ids = (world.new_project(title=f"P{n}") for n in range(9))
    world.settle()
    for id in ids:
        world.platform.remove(PROJECT, id)
        world.touched(Side.NAVIMPACT, id)
    world.settle()
    waiting = [id for id in ids if world.mapping_of(id).state is State.AWAITING_APPROVAL]
    assert len(waiting) == 3
    return waiting


def column_goes(world: World, name: str, kind: EntityType = PROJECT, how: str = "deleted") -> None:
    """A person deletes or retypes a column, and Notion tells of it."""
    world.notion_side.break_property(kind, name, how)
    world.put(WorkKind.SCHEMA, kind)


def column_is_back(world: World, name: str, kind: EntityType = PROJECT) -> None:
    world.notion_side.mend_property(kind, name)
    world.put(WorkKind.SCHEMA, kind)


def brought_back_empty(world: World, page: str, name: str) -> None:
    """A person makes a column anew that was deleted."""
    world.notion_side.pages[page].values[name] = None
    column_is_back(world, name)
    world.slice()


def retyped_and_put_back(world: World, name: str) -> None:
    """Somebody changes the type of a column, sees its cells go empty, and changes it back before Notion tells of it."""
    for page in world.notion_side.pages.values():
        page.values[name] = None
    world.put(WorkKind.SCHEMA, PROJECT)
    world.put(WorkKind.SCHEMA, f"{PROJECT}/{name}/told")


def tells(world: World, page: str, at: datetime) -> None:
    """Notion tells, a moment later, that somebody edited the text of *page*."""
    edit = Edit(at, ("description",))
    world.desk.put(
        Work(Lane.LIVE, WorkKind.PAGE, f"{STORY}/{page}", f"n{next(world.ids)}", at, run_id="told", edits=(edit,))
    )


def told_of_an_edit(world: World, page: str, **about: object) -> None:
    """Notion tells that a person has edited *page* just now, or what else is said *about* it."""
    nonce = str(next(world.ids))
    edit = Edit(**{"at": world.clock(), "by": "ann", **about})  # type: ignore[arg-type]
    world.desk.put(
        Work(Lane.LIVE, WorkKind.PAGE, f"{PROJECT}/{page}", nonce, world.clock(), nonce, actor=edit.by, edits=(edit,))
    )


def rounds(world: World, times: int) -> None:
    """Of the schedule, twenty minutes apart."""
    for _ in range(times):
        world.clock.advance(timedelta(minutes=20))
        world.reconcile()


def time_passes(world: World, hours: int) -> None:
    """With the ticks of the schedule, and workers that try again and again what fails."""
    for _ in range(hours * 3):
        world.clock.advance(timedelta(minutes=20))
        world.put(WorkKind.SWEEP)
        for _ in range(10):
            world.slice()
            world.clock.advance(timedelta(seconds=5))


def both(world: World, id: str, name: str = "title") -> tuple[object, object]:
    """What NavImpact and Notion say."""
    return world.value(Side.NAVIMPACT, id, name), world.value(Side.NOTION, world.page_of(id), name)


def newest(world: World, operation: Operation) -> SyncLog:
    return max(world.logs(operation), key=lambda log: log.id)


def causes(world: World, project: str) -> str:
    return " ".join(trouble.cause for trouble in world.mapping_of(project).troubles)


def started(world: World) -> list[Operation]:
    """What the history says was begun, and of which nobody has told how it ended."""
    return [log.operation for log in world.store.of(1).logs.values() if log.outcome is Outcome.STARTED]


def pair_of(world: World, page: str) -> Mapping:
    (pair,) = (pair for pair in world.store.of(1).mappings.values() if pair.page_id == page)
    return pair


def titles(world: World) -> list[str]:
    return sorted(record.fields["title"] for record in world.platform.records.values())


# --- two workspaces ---------------------------------------------------------------------------------------------------


def come_to_rest(*worlds: World) -> None:
    """With the ticks of the schedule, in each of them."""
    for _ in range(4):
        worlds[0].clock.advance(timedelta(minutes=20))
        for world in worlds:
            world.reconcile()


def rows_of(world: World) -> list[SyncLog]:
    return list(world.store.of(world.workspace.id).logs.values())


def deletion_in(world: World, kind: EntityType = PROJECT) -> SyncLog:
    return next(row for row in rows_of(world) if (row.operation, row.entity_type) == (Operation.DELETE, kind))


def titles_of(world: World, kind: EntityType) -> list[object]:
    return [record.fields["title"] for (of, _), record in world.platform.records.items() if of is kind]


def deleted(both: Both) -> tuple[str, str]:
    """The pages of a record of both that the first workspace has deleted."""
    one, two = both
    id = one.new_project(title="Reef", description="Old words")
    for world in both:
        world.settle()
    come_to_rest(*both)
    pages = one.page_of(id), two.page_of(id)
    one.person.remove(PROJECT, pages[0])
    one.touched(Side.NOTION, pages[0])
    one.settle()
    one.decide(WorkKind.DECIDE, str(one.mapping_of(id).id), "approve")
    come_to_rest(*both)
    assert "Reef" not in titles_of(one, PROJECT)
    assert not {*pages} & {*one.live_pages(), *two.live_pages()}
    return pages


def undo(world: World, row: SyncLog, *others: World) -> None:
    world.decide(WorkKind.REVERT, f"record/{row.id}")
    come_to_rest(world, *others)


def made_again_with_a_second_page(both: Both) -> tuple[str, str, str]:
    """Its record made again by the first: its id, the page that the second made of it, and the one it had before."""
    one, two = both
    _, before = deleted(both)
    undo(one, deletion_in(one), two)
    id = next(id for (kind, id), made in one.platform.records.items() if made.fields["title"] == "Reef")
    second = two.page_of(id)
    assert second != before
    return id, second, before
