"""Somebody writes at any moment of a deletion: it is kept, or in the history, or counted as blind; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from unittest.mock import patch

import pytest

from navsync.engine import below, removals
from navsync.engine.workbench import Workbench
from navsync.model import EntityRef, EntityType, Mapping, Observation, Present, Side, SyncLog
from tests.simulation.campaign import played
from tests.simulation.history import History
from tests.simulation.mutants import MUTANTS
from tests.simulation.swarm import Act, Op, Swarm
from tests.simulation.world import PROJECT

LOG, STORY = EntityType.DISTRIBUTION_LOG, EntityType.IMPACT_STORY
STEP = 0.05
"""Seconds between two moments: less than any call takes."""
APPEND = 3
"""How a person adds a paragraph."""
APPROVE = 0
TYPED = 4
"""How a page is thrown away right after another has typed there, and goes for good a little later."""


def op(act: Act, gap: float = 20.0, *, kind: int = 1, field: int = 0, how: int = 0) -> Op:
    """What people do with the first record of its kind."""
    return Op(act, gap, 0, kind, 0, field, how)


DESCRIPTION = 2
"""Where the text of a story is among what people edit."""


@dataclass(frozen=True)
class Deletion:
    """People who delete something, and one who writes just then."""

    child: EntityType
    ops: tuple[Op, ...]
    last: Op
    on: str
    """Where it is removed."""

    def played(self, gap: float | None = None, tell: Callable[[str], None] | None = None) -> tuple[History, list[str]]:
        """What comes of it, where somebody does the *last* thing *gap* seconds after the others, or never."""
        late = () if gap is None else (self.last._replace(gap=gap),)
        swarm = Swarm(seed=1, types=(PROJECT, self.child), records=1, ops=self.ops + late, trash_hides_bodies=True)
        return played(swarm, tell=tell)

    def moments(self) -> Iterator[float]:
        """From a second before it is removed first until a second after it was removed last."""
        told: list[str] = []
        self.played(tell=told.append)
        began = 5.0 + sum(each.gap for each in self.ops)
        removed = [float(line.split()[0]) - began for line in told if f"{self.on} remove" in line]
        steps = round((removed[-1] - removed[0] + 2) / STEP)
        return (removed[0] - 1 + n * STEP for n in range(steps))


STORY_GOES = Deletion(
    STORY,
    (op(Act.EDIT_NOTION, field=DESCRIPTION, how=APPEND), op(Act.DELETE)),
    op(Act.EDIT_NOTION, field=DESCRIPTION, how=APPEND),
    "notion",
)
"""Its record is deleted, and somebody types on its page, whose text the trash does not show."""

STORY_IS_THROWN_AWAY = Deletion(
    STORY,
    (op(Act.TRASH, how=TYPED),),
    op(Act.EDIT_NOTION, field=DESCRIPTION, how=APPEND),
    "notion",
)
"""Its page goes to the trash, which does not show the text and is emptied, and somebody types as it is read there."""

PROJECT_GOES = Deletion(
    LOG,
    (op(Act.TRASH, kind=0), op(Act.DECIDE, how=APPROVE)),
    op(Act.CREATE, how=APPEND << 3),
    "navimpact",
)
"""Its page was trashed and its deletion approved, and somebody adds a log to it in NavImpact."""


@pytest.mark.parametrize("deletion", [STORY_GOES, STORY_IS_THROWN_AWAY, PROJECT_GOES])
def test_whatever_is_written_while_something_is_deleted_is_kept_or_told_or_counted(deletion: Deletion) -> None:
    ended = [deletion.played(gap) for gap in deletion.moments()]

    assert [wrong for _, wrong in ended if wrong] == []
    blind = [bool(history.witness.blind) for history, _ in ended]
    assert 0 < sum(blind) * STEP < 1  # the moment is there, and short


@pytest.mark.parametrize("deletion", [STORY_GOES, STORY_IS_THROWN_AWAY])
def test_what_is_typed_in_the_blind_moment_is_kept_all_the_same_when_notion_tells_of_it(deletion: Deletion) -> None:
    ended = [deletion.played(gap)[0] for gap in deletion.moments()]

    typed = [(history, gone.value) for history in ended for gone in history.witness.blind]
    assert typed
    assert all(word in words_of_stories(history) for history, word in typed)


def words_of_stories(history: History) -> list[str]:
    """What NavImpact's stories say in the end."""
    texts = [record.values()["description"] for (kind, _), record in history.platform.records.items() if kind is STORY]
    return " ".join(text for text in texts if isinstance(text, str)).split()


def unread() -> AbstractContextManager[object]:
    """A design that does not take a page out of the trash to read what that hides."""

    def last_look(bench: Workbench, mapping: Mapping, _row: SyncLog) -> Observation:
        return bench.read(Side.NOTION, mapping)

    return patch.object(removals, "_last_look", last_look)


def read_on_approval() -> AbstractContextManager[object]:
    """A design that takes a page out to read what the trash hides only when somebody approves its deletion."""
    return MUTANTS["what the trash hides is read when somebody approves"]()


def unlisted() -> AbstractContextManager[object]:
    """A design to which those records belong to a project that it has a page of."""
    listed = below.those_below

    def children(
        bench: Workbench, mapping: Mapping, since: datetime | None = None
    ) -> Iterator[tuple[EntityType, Present]]:
        for kind, child in listed(bench, mapping, since):
            if bench.ledger.of_entity(EntityRef(kind, child.id)) is not None:
                yield kind, child

    return patch.object(below, "those_below", children)


@pytest.mark.parametrize(
    ("deletion", "design"),
    [(STORY_GOES, unread), (STORY_IS_THROWN_AWAY, read_on_approval), (PROJECT_GOES, unlisted)],
)
def test_who_does_not_look_before_is_not_excused_as_blind(
    deletion: Deletion, design: Callable[[], AbstractContextManager[object]]
) -> None:
    moments = list(deletion.moments())

    with design():
        wrong = [deletion.played(gap)[1] for gap in moments]

    assert any(wrong)
